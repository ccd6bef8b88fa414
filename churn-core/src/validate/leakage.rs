//! Columns that would tell the model the answer.

use crate::error::{Error, ErrorKind, Result};
use crate::schema;
use crate::table::{Column, ColumnData, Table};
use std::collections::HashMap;

/// A column that alone ranks the label this well is taken for a leak.
const AUC_LIMIT: f64 = 0.98;

/// Fails where a column that may become a feature leaks the label.
///
/// # Errors
/// `leakage`, naming every such column and the evidence, unless it is in `allow` (source header or name).
pub fn check_leaks(table: &Table, labels: &[bool], allow: &[String]) -> Result<()> {
    let mut leaks: Vec<(String, String)> = Vec::new();
    for column in table.columns() {
        let usable = !column.canonical || schema::field(&column.name).is_some_and(schema::FieldSpec::usable_as_feature);
        if !usable || allow.contains(&column.source) || allow.contains(&column.name) {
            continue;
        }
        if let Some(evidence) = evidence(column, labels) {
            leaks.push((column.source.clone(), evidence));
        }
    }
    if leaks.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = leaks.iter().map(|(c, e)| format!("'{c}' {e}")).collect();
    Err(Error::new(ErrorKind::Leakage, format!("training would cheat: {}", list.join("; ")))
        .with("columns", leaks.iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>().join(","))
        .hint("leave the column out; if it is truly known before the customer leaves, list it in `allow`"))
}

fn evidence(column: &Column, labels: &[bool]) -> Option<String> {
    let missing: Vec<f64> = (0..labels.len()).map(|r| f64::from(u8::from(column.data.is_missing(r)))).collect();
    let auc_missing = crate::metrics::auc(labels, &missing);
    let auc_missing = auc_missing.max(1.0 - auc_missing);
    if auc_missing >= AUC_LIMIT {
        return Some(format!("is missing or set exactly when the label is (AUC {auc_missing:.3})"));
    }
    let auc = match &column.data {
        // A level's share of positives has a direction of its own: more is more.
        ColumnData::Text(_) => crate::metrics::auc(labels, &level_shares(column, labels)),
        _ => {
            let auc = crate::metrics::auc(labels, &numbers(column)?);
            auc.max(1.0 - auc)
        }
    };
    (auc >= AUC_LIMIT).then(|| format!("alone ranks the label almost perfectly (AUC {auc:.3})"))
}

/// The column's numbers or days; missing stands in the middle.
fn numbers(column: &Column) -> Option<Vec<f64>> {
    let n = column.data.len();
    let value = |r: usize| column.data.number(r).or_else(|| column.data.days(r).map(f64::from));
    let mut known: Vec<f64> = (0..n).filter_map(value).collect();
    known.sort_by(f64::total_cmp);
    let middle = *known.get(known.len() / 2)?;
    Some((0..n).map(|r| value(r).unwrap_or(middle)).collect())
}

/// For each row the share of positives among the rows of its level in the other folds: a row's own label must not
/// speak for it, or every id would be a leak. The folds hold equally many positives, so that they do not speak
/// against it either.
fn level_shares(column: &Column, labels: &[bool]) -> Vec<f64> {
    const FOLDS: usize = 5;
    let key = |r: usize| column.data.cell(r).map_or(String::new(), |c| schema::level_key(&c));
    let mut of_class = [0usize; 2];
    let folds: Vec<usize> = labels
        .iter()
        .map(|&y| {
            let seen = &mut of_class[usize::from(y)];
            *seen += 1;
            *seen % FOLDS
        })
        .collect();
    // Per level: rows and positives of each fold.
    let mut counts: HashMap<String, [(f64, f64); FOLDS]> = HashMap::new();
    for (r, &y) in labels.iter().enumerate() {
        let (rows, hits) = &mut counts.entry(key(r)).or_default()[folds[r]];
        *rows += 1.0;
        *hits += f64::from(u8::from(y));
    }
    let base = labels.iter().filter(|&&y| y).count() as f64 / labels.len() as f64;
    let share = |r: usize| {
        let others = counts[&key(r)].iter().enumerate().filter(|(f, _)| *f != folds[r]);
        let (rows, hits) = others.fold((0.0, 0.0), |(n, k), (_, (rows, hits))| (n + rows, k + hits));
        (hits + base) / (rows + 1.0)
    };
    (0..labels.len()).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Places;

    fn table(name: &str, data: ColumnData) -> Table {
        let n = data.len();
        let column = Column { name: name.into(), canonical: false, source: name.into(), data };
        Table::new(vec![column], n, Places::Items)
    }

    #[test]
    fn leaks_are_named_and_clean_columns_pass() {
        let labels: Vec<bool> = (0..200).map(|i| i % 4 == 0).collect();
        let leak = |r: usize| if labels[r] { "gone" } else { "here" };
        let cases = [
            ("copy", ColumnData::text((0..200).map(|r| Some(leak(r)))), true),
            (
                "days_after",
                ColumnData::numbers((0..200).map(|r| Some(if labels[r] { 900.0 + r as f64 } else { r as f64 }))),
                true,
            ),
            ("set_when_left", ColumnData::numbers((0..200).map(|r| labels[r].then_some(1.0 + (r % 7) as f64))), true),
            ("plan", ColumnData::text((0..200).map(|r| Some(["Basic", "Pro", "Team"][r % 3]))), false),
            ("same_in_all", ColumnData::text((0..200).map(|_| Some("x"))), false),
            ("id_like", ColumnData::text((0..200).map(|r| Some(format!("x{r}")))), false),
            ("noise", ColumnData::numbers((0..200).map(|r| Some((r * 37 % 101) as f64))), false),
            (
                "helpful",
                ColumnData::numbers((0..200).map(|r| Some(f64::from(u8::from(labels[r])) + (r % 5) as f64))),
                false,
            ),
        ];
        for (name, data, is_leak) in cases {
            let table = table(name, data);
            let result = check_leaks(&table, &labels, &[]);
            assert_eq!(result.is_err(), is_leak, "{name}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.code(), "leakage");
                assert!(error.message().contains(name));
                check_leaks(&table, &labels, &[name.to_owned()]).expect("allowed");
            }
        }
    }
}
