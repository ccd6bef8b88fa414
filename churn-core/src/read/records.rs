//! Records (JSON objects) to typed columns.

use super::{ReadOptions, check_not_empty, layout, make_names_unique, note};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, Places, RawColumn, RawTable, ReadNote, Source};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The table of these records: the union of their keys, in order of first appearance.
pub(super) fn table(
    records: &[Map<String, Value>],
    places: Places,
    what: &str,
    source: Source,
    mut notes: Vec<ReadNote>,
    options: &ReadOptions,
) -> Result<RawTable> {
    layout::check_rows(records.len(), what, options)?;
    let max_columns = options.max_columns;
    let n_given = records.iter().map(Map::len).sum();
    let max_cells = layout::max_cells(n_given, options);
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut cells: Vec<(&str, Vec<Option<&Value>>)> = Vec::new();
    for (row, record) in records.iter().enumerate() {
        for (key, value) in record {
            let i = *index.entry(key).or_insert_with(|| {
                cells.push((key, vec![None; records.len()]));
                cells.len() - 1
            });
            cells[i].1[row] = Some(value).filter(|v| !v.is_null());
        }
        if cells.len() > max_columns {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("{what} has more than {max_columns} different keys, the limit of columns"),
            )
            .with("limit", max_columns)
            .hint("raise max_columns, or leave keys out"));
        }
        if cells.len().saturating_mul(records.len()) > max_cells {
            return Err(layout::too_many_cells(cells.len(), max_cells, what));
        }
    }
    check_not_empty(cells.len(), records.len(), what)?;
    let blank = cells.iter().filter(|(name, _)| name.trim().is_empty()).count();
    if blank > 0 {
        let message = format!("{blank} keys are blank; their columns are named column_N by their place");
        notes.push(note("blank_header", message, 0, Vec::new()));
    }
    let mut columns: Vec<RawColumn> =
        cells.into_iter().map(|(name, values)| RawColumn { name: name.to_owned(), data: column(&values) }).collect();
    make_names_unique(columns.iter_mut().map(|c| &mut c.name));
    let source = Source { cells: options.cells(), ..source };
    Ok(RawTable::new(columns, records.len(), places, source, notes))
}

/// The narrowest type that holds all values.
pub(super) fn column(values: &[Option<&Value>]) -> ColumnData {
    let present = || values.iter().flatten();
    if present().next().is_none() {
        return ColumnData::text(values.iter().map(|_| None::<&str>));
    }
    if present().all(|v| v.is_boolean()) {
        return ColumnData::Boolean(values.iter().map(|v| v.and_then(Value::as_bool)).collect());
    }
    if present().all(|v| v.as_i64().is_some()) {
        return ColumnData::Integer(values.iter().map(|v| v.and_then(Value::as_i64)).collect());
    }
    if present().all(|v| v.is_number()) {
        return ColumnData::numbers(values.iter().map(|v| v.and_then(Value::as_f64)));
    }
    ColumnData::text(values.iter().map(|v| {
        v.map(|v| match v {
            Value::String(s) => s.clone(),
            other => other.to_string(),
        })
    }))
}
