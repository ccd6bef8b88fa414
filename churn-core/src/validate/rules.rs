//! Rules between fields, repairs that follow from them, and ids.

use super::findings::{About, Findings};
use super::{Layer, Severity};
use crate::schema::{Profile, Rule};
use crate::table::{Column, ColumnData, Table};
use std::collections::HashMap;

/// The value of a column as a number; dates count in days.
fn number(column: &Column, row: usize) -> Option<f64> {
    column.data.number(row).or_else(|| column.data.days(row).map(f64::from))
}

/// Both sides of a rule in a row, where everything is known.
fn sides(left: &Column, right: &[&Column], rule: &Rule, row: usize) -> Option<(f64, f64)> {
    let product = right.iter().try_fold(rule.factor, |p, c| Some(p * number(c, row)?))?;
    Some((number(left, row)?, product))
}

fn columns_of<'a>(table: &'a Table, rule: &Rule) -> Option<(&'a Column, Vec<&'a Column>)> {
    let right: Vec<&Column> = rule.right.iter().filter_map(|n| table.column(n)).collect();
    (right.len() == rule.right.len()).then_some((table.column(&rule.left)?, right))
}

/// Fills what an "about equal" rule determines: a blank total at tenure 0 is 0, not unknown. Listed as findings.
pub(super) fn repair(table: Table, profile: &Profile, findings: &mut Findings) -> Table {
    let mut columns = table.columns().to_vec();
    for rule in profile.rules.iter().filter(|r| r.op == "~") {
        let Some((left, right)) = columns_of(&table, rule) else { continue };
        let filled: Vec<(usize, f64)> = (0..table.n_rows())
            .filter(|&r| left.data.is_missing(r))
            .filter_map(|r| Some((r, right.iter().try_fold(rule.factor, |p, c| Some(p * number(c, r)?))?)))
            .collect();
        if filled.is_empty() {
            continue;
        }
        let rows: Vec<u64> = filled.iter().map(|&(r, _)| table.row_number(r)).collect();
        let about =
            About::new("repaired_from_rule", Layer::BusinessRules, Severity::Info).of(Some(&rule.left), &left.source);
        let sources: Vec<_> = right.iter().map(|c| format!("'{}'", c.source)).collect();
        let message =
            format!("{} missing value(s) of '{}' were filled from {}", filled.len(), left.source, sources.join(" x "));
        findings.add(about, &rows, message, "nothing to do; fill the column at the source to be sure");
        let filled: HashMap<usize, f64> = filled.into_iter().collect();
        let values = (0..table.n_rows()).map(|r| left.data.number(r).or_else(|| filled.get(&r).copied()));
        let data = ColumnData::numbers(values.collect::<Vec<_>>());
        if let Some(column) = columns.iter_mut().find(|c| c.name == rule.left) {
            column.data = data;
        }
    }
    Table::new(columns, table.n_rows(), table.places().clone())
}

pub(super) fn check(table: &Table, profile: &Profile, findings: &mut Findings) {
    for rule in &profile.rules {
        let Some((left, right)) = columns_of(table, rule) else { continue };
        let broken = |row: usize| {
            sides(left, &right, rule, row).is_some_and(|(l, r)| match rule.op.as_str() {
                "<=" => l > r,
                ">=" => l < r,
                _ => (l - r).abs() > rule.tolerance * l.abs().max(r.abs()),
            })
        };
        let rows: Vec<u64> = (0..table.n_rows()).filter(|&r| broken(r)).map(|r| table.row_number(r)).collect();
        if !rows.is_empty() {
            let about =
                About::new(&rule.code, Layer::BusinessRules, Severity::Warning).of(Some(&rule.left), &left.source);
            findings.add(about, &rows, format!("in {} row(s) {}", rows.len(), rule.message), rule.suggestion.clone());
        }
    }
}

/// Missing and repeated customer ids.
pub(super) fn check_ids(table: &Table, findings: &mut Findings) {
    let Some(ids) = table.column("customer_id") else { return };
    let mut seen: HashMap<(String, Option<i32>), usize> = HashMap::new();
    let (mut missing, mut repeated) = (Vec::new(), Vec::new());
    let snapshot = table.column("snapshot_date");
    for row in 0..table.n_rows() {
        match ids.data.cell(row) {
            None => missing.push(table.row_number(row)),
            Some(id) => {
                let key = (id.into_owned(), snapshot.and_then(|s| s.data.days(row)));
                let count = seen.entry(key).or_default();
                *count += 1;
                if *count > 1 {
                    repeated.push(table.row_number(row));
                }
            }
        }
    }
    if !missing.is_empty() {
        let about =
            About::new("missing_customer_id", Layer::Schema, Severity::Warning).of(Some("customer_id"), &ids.source);
        findings.add(
            about,
            &missing,
            format!("{} row(s) have no '{}'", missing.len(), ids.source),
            "fill it, or the scores cannot be joined back",
        );
    }
    if !repeated.is_empty() {
        let about =
            About::new("duplicate_customer_id", Layer::Schema, Severity::Warning).of(Some("customer_id"), &ids.source);
        let message = format!("{} row(s) repeat a '{}' of a row before them", repeated.len(), ids.source);
        findings.add(about, &repeated, message, "keep one row a customer and snapshot day");
    }
}
