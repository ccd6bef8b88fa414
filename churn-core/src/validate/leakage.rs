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
    let scores = scores(column, labels)?;
    let auc = crate::metrics::auc(labels, &scores);
    let auc = auc.max(1.0 - auc);
    (auc >= AUC_LIMIT).then(|| format!("alone ranks the label almost perfectly (AUC {auc:.3})"))
}

/// One number a row: the value itself, or the level's leave-one-out share of positives; missing stands in the
/// middle.
fn scores(column: &Column, labels: &[bool]) -> Option<Vec<f64>> {
    let n = labels.len();
    match &column.data {
        ColumnData::Text(_) => {
            let mut counts: HashMap<String, (f64, f64)> = HashMap::new();
            let key = |r: usize| column.data.cell(r).map_or(String::new(), |c| schema::level_key(&c));
            for (r, &y) in labels.iter().enumerate() {
                let entry = counts.entry(key(r)).or_default();
                entry.0 += 1.0;
                entry.1 += f64::from(u8::from(y));
            }
            let base = labels.iter().filter(|&&y| y).count() as f64 / n as f64;
            let share = |r: usize| {
                let (rows, hits) = counts[&key(r)];
                // The row's own label must not speak for it, and a small level says little.
                (hits - f64::from(u8::from(labels[r])) + base) / rows
            };
            Some((0..n).map(share).collect())
        }
        _ => {
            let value = |r: usize| column.data.number(r).or_else(|| column.data.days(r).map(f64::from));
            let mut known: Vec<f64> = (0..n).filter_map(value).collect();
            known.sort_by(f64::total_cmp);
            let middle = *known.get(known.len() / 2)?;
            Some((0..n).map(|r| value(r).unwrap_or(middle)).collect())
        }
    }
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
