//! The label of a training table.

use super::codes::Code;
use super::findings::{About, Findings};
use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::read::cells;
use crate::schema::FieldType;
use crate::table::{ColumnData, RawTable};
use std::collections::BTreeMap;

/// The label column and its values.
pub(super) fn read(
    raw: &RawTable,
    mapping: &Mapping,
    wanted: Option<&str>,
    findings: &mut Findings,
) -> Result<(String, Vec<Option<bool>>)> {
    let name = match wanted {
        Some(name) => raw
            .column(name)
            .map(|c| c.name.as_str())
            .or_else(|| mapping.source_of(name))
            .ok_or_else(|| no_label(raw, format!("there is no column '{name}' to take the label from")))?,
        None => mapping
            .source_of("churned")
            .ok_or_else(|| no_label(raw, "no column was recognised as the label (churned or not)".to_owned()))?,
    };
    let column = raw.column(name).ok_or_else(|| Error::internal("a mapped column is not in the table"))?;
    let parsed = cells::read_as(&column.data, FieldType::Boolean);
    let values: Vec<Option<bool>> = match (&parsed.values, parsed.unreadable.is_empty()) {
        (ColumnData::Boolean(a), true) => a.iter().collect(),
        _ => two_valued(name, &column.data, findings)?,
    };
    let missing: Vec<u64> = (0..values.len()).filter(|&r| values[r].is_none()).map(|r| raw.row_number(r)).collect();
    if !missing.is_empty() {
        let about = About::new(Code::MissingLabel).of(Some("churned"), name);
        findings.add(
            about,
            &missing,
            match missing.len() {
                1 => "1 row has no label and is left out of training".to_owned(),
                n => format!("{n} rows have no label and are left out of training"),
            },
            format!("fill '{name}'"),
        );
    }
    let positive = values.iter().flatten().filter(|&&y| y).count();
    let negative = values.iter().flatten().count() - positive;
    if positive == 0 || negative == 0 {
        let about = About::new(Code::SingleClass).of(Some("churned"), name);
        findings.add_whole(
            about,
            format!("'{name}' has one value only: there is nothing to learn"),
            "give customers who left and customers who stayed",
        );
        findings.block();
    }
    Ok((name.to_owned(), values))
}

/// A column of exactly two values that are not yes and no: the rarer one is positive.
fn two_valued(name: &str, data: &ColumnData, findings: &mut Findings) -> Result<Vec<Option<bool>>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in 0..data.len() {
        if let Some(cell) = data.cell(row) {
            *counts.entry(cell.into_owned()).or_default() += 1;
            if counts.len() > 2 {
                break;
            }
        }
    }
    let values: Vec<(String, usize)> = counts.into_iter().collect();
    let [(a, na), (b, nb)] = values.as_slice() else {
        return Err(Error::new(
            ErrorKind::WrongType,
            format!("the label '{name}' does not hold two values such as yes and no"),
        )
        .with("column", name)
        .hint("give a column with exactly two values"));
    };
    let positive = if na < nb { a } else { b };
    let about = About::new(Code::LabelValueAssumed).of(Some("churned"), name);
    findings.add_count(
        about,
        0,
        Vec::new(),
        format!("the rarer of the two values of '{name}' was taken for 'left'"),
        format!("write yes and no in '{name}' to be sure"),
    );
    Ok((0..data.len()).map(|r| data.cell(r).map(|c| *c == *positive)).collect())
}

fn no_label(raw: &RawTable, message: String) -> Error {
    let names: Vec<_> = raw.columns().iter().take(12).map(|c| format!("'{}'", c.name)).collect();
    Error::new(ErrorKind::FieldUnmapped, message)
        .with("fields", "churned")
        .hint(format!("name the label column; the table has {}", names.join(", ")))
}
