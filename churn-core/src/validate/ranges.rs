//! Hard limits (a value outside is lost) and plausible ranges (worth a look).

use super::findings::{About, Findings};
use super::{Layer, Severity};
use crate::schema::{self, Profile};
use crate::table::{ColumnData, Table};

pub(super) fn check(table: &mut Table, profile: &Profile, findings: &mut Findings) {
    let mut columns = table.columns().to_vec();
    for column in columns.iter_mut().filter(|c| c.canonical) {
        let Some(field) = schema::field(&column.name) else { continue };
        if !matches!(column.data, ColumnData::Number(_) | ColumnData::Integer(_)) {
            continue;
        }
        let beyond = |low: Option<f64>, high: Option<f64>| -> Vec<usize> {
            let outside = |v: f64| low.is_some_and(|l| v < l) || high.is_some_and(|h| v > h);
            (0..column.data.len()).filter(|&r| column.data.number(r).is_some_and(outside)).collect()
        };
        let number = |rows: &[usize]| rows.iter().map(|&r| table.row_number(r)).collect::<Vec<u64>>();
        let lost = beyond(field.min, field.max);
        if !lost.is_empty() {
            let about =
                About::new("out_of_range", Layer::Ranges, Severity::Error).of(Some(&field.name), &column.source);
            let message = format!(
                "{} value(s) of '{}' cannot be true ({}) and count as missing",
                lost.len(),
                column.source,
                span(field.min, field.max, field.unit.as_deref())
            );
            findings.add(about, &number(&lost), message, "correct them at the source");
        }
        if let Some(range) = profile.ranges.iter().find(|r| r.field == field.name) {
            let odd: Vec<usize> = beyond(range.min, range.max).into_iter().filter(|r| !lost.contains(r)).collect();
            if !odd.is_empty() {
                let about = About::new("implausible_value", Layer::Ranges, Severity::Warning)
                    .of(Some(&field.name), &column.source);
                let message = format!(
                    "{} value(s) of '{}' are outside what is usual ({})",
                    odd.len(),
                    column.source,
                    span(range.min, range.max, field.unit.as_deref())
                );
                findings.add(about, &number(&odd), message, "check the unit (months or days, whole money or cents)");
            }
        }
        if !lost.is_empty() {
            let keep = |r: usize| if lost.binary_search(&r).is_ok() { None } else { column.data.number(r) };
            column.data = ColumnData::numbers((0..column.data.len()).map(keep).collect::<Vec<_>>());
        }
    }
    *table = Table::new(columns, table.n_rows(), table.places().clone());
}

fn span(low: Option<f64>, high: Option<f64>, unit: Option<&str>) -> String {
    let unit = unit.map_or(String::new(), |u| format!(" {u}"));
    match (low, high) {
        (Some(l), Some(h)) => format!("{l} to {h}{unit}"),
        (Some(l), None) => format!("at least {l}{unit}"),
        (None, Some(h)) => format!("at most {h}{unit}"),
        (None, None) => "any".to_owned(),
    }
}
