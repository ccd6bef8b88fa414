//! What was read, as JSON: the preview that every binding gives to its users.

use crate::read::TypedColumn;
use crate::table::{ColumnData, RawTable, ReadNote, Source};
use serde_json::{Map, Value, json};

/// A table that was read: `rows` (their number), `columns` (name, type by content, how it is written, how many cells
/// are missing or unreadable, up to five lines of unreadable ones, warnings), `source` (every guess) and `notes` (what
/// was met and what was done about it).
pub fn read_json(raw: &RawTable, columns: &[TypedColumn]) -> Value {
    json!({
        "rows": raw.n_rows(),
        "columns": columns.iter().map(|c| column_json(raw, c)).collect::<Vec<_>>(),
        "source": source_json(raw.source()),
        "notes": raw.notes().iter().map(note_json).collect::<Vec<_>>(),
    })
}

fn column_json(raw: &RawTable, column: &TypedColumn) -> Value {
    let values = &column.parsed.values;
    let unreadable = &column.parsed.unreadable;
    let n_missing = (0..values.len()).filter(|&r| values.is_missing(r)).count() - unreadable.len();
    let examples: Vec<u64> = unreadable.iter().take(5).map(|&r| raw.row_number(r)).collect();
    json!({
        "name": column.name,
        "type": column.field_type,
        "format": column.parsed.format,
        "missing": n_missing,
        "unreadable": unreadable.len(),
        "unreadable_rows": examples,
        "warnings": column.parsed.warnings,
    })
}

/// How a table was read. What does not apply to its format is null.
pub fn source_json(source: &Source) -> Value {
    json!({
        "format": source.format,
        "name": source.name,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "quote": source.quote,
        "escape": source.escape,
        "sheet": source.sheet,
        "header_line": source.header_line,
        "title_lines": source.title_lines,
        "dropped_lines": source.dropped_lines,
        "empty_columns": source.empty_columns,
        "decimal": source.cells.decimal,
        "thousands": source.cells.thousands,
        "date_order": source.cells.date_order.map(|o| o.name()),
    })
}

fn note_json(note: &ReadNote) -> Value {
    json!({
        "code": note.code,
        "message": note.message,
        "rows_affected": note.rows_affected,
        "example_rows": note.example_rows,
    })
}

/// The rows as objects, by the columns' own types: numbers, truth values, texts, dates in ISO 8601; missing is null.
pub fn rows_json(columns: &[TypedColumn]) -> Vec<Value> {
    let cell = |data: &ColumnData, row: usize| match data {
        ColumnData::Boolean(_) => data.number(row).map_or(Value::Null, |b| json!(b != 0.0)),
        _ => match data.number(row) {
            Some(number) => json!(number),
            None => data.cell(row).map_or(Value::Null, |text| json!(text)),
        },
    };
    let n_rows = columns.first().map_or(0, |c| c.parsed.values.len());
    (0..n_rows)
        .map(|row| {
            Value::Object(columns.iter().map(|c| (c.name.clone(), cell(&c.parsed.values, row))).collect::<Map<_, _>>())
        })
        .collect()
}
