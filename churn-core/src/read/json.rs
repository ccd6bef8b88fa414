//! JSON: an array of objects, or one object a line.

use super::{ReadOptions, records};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{Places, RawTable, ReadNote, Source};
use serde_json::{Map, Value};

/// Whether the text is JSON rather than delimited text: it begins like an object or an array of objects. A
/// header such as `[id],[name]` is not.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let second = |open: char| text.strip_prefix(open).map(|rest| rest.trim_start().chars().next());
    match (second('{'), second('[')) {
        (Some(next), _) => matches!(next, Some('"' | '}') | None),
        (_, Some(Some('{' | ']') | None)) => true,
        (_, Some(Some(_))) => text.trim_end().ends_with(']') && !text.contains("],["),
        _ => false,
    }
}

/// Reads JSON text.
pub(super) fn read(
    text: &str,
    what: &str,
    source: Source,
    notes: Vec<ReadNote>,
    options: &ReadOptions,
) -> Result<RawTable> {
    let source = Source { format: "json".into(), ..source };
    let (rows, places) =
        if text.trim_start().starts_with('[') { (array(text, what)?, Places::Items) } else { lines(text, what)? };
    if rows.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} is a JSON list without items"))
            .hint("give at least one object"));
    }
    check_cells(&rows, &places, what, options)?;
    records::table(&rows, places, what, source, notes, options)
}

/// The objects of an array.
fn array(text: &str, what: &str) -> Result<Vec<Map<String, Value>>> {
    let items: Vec<Value> = serde_json::from_str(text).map_err(|e| syntax(what, text, 0, 0, &e))?;
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| object(item, what, &format!("item {}", i + 1), "item", i as u64 + 1))
        .collect()
}

/// The objects of the lines; a single object over several lines is one row, or holds the list of rows.
fn lines(text: &str, what: &str) -> Result<(Vec<Map<String, Value>>, Places)> {
    let mut rows = Vec::new();
    let mut numbers: Vec<u64> = Vec::new();
    let mut offset = 0;
    for (i, line) in text.split_inclusive('\n').enumerate() {
        if !line.trim().is_empty() {
            match serde_json::from_str::<Value>(line) {
                Ok(value) => rows.push(object(value, what, &format!("line {}", i + 1), "line", i as u64 + 1)?),
                Err(e) => {
                    // The first line ends inside the object: perhaps one object over all lines.
                    if rows.is_empty() && e.is_eof() {
                        return whole(text, what);
                    }
                    return Err(syntax(what, text, i, offset, &e));
                }
            }
            numbers.push(i as u64 + 1);
        }
        offset += line.len();
    }
    if rows.len() == 1
        && let Some(inner) = wrapped(&rows[0])
    {
        return Ok((inner, Places::Items));
    }
    Ok((rows, Places::Lines(numbers.into())))
}

/// One value over several lines.
fn whole(text: &str, what: &str) -> Result<(Vec<Map<String, Value>>, Places)> {
    let value: Value = serde_json::from_str(text).map_err(|e| syntax(what, text, 0, 0, &e))?;
    let row = object(value, what, "the value", "item", 1)?;
    Ok((wrapped(&row).unwrap_or_else(|| vec![row]), Places::Items))
}

/// The rows of an answer such as `{"count": 2, "data": [{...}, {...}]}`: its only list of objects.
fn wrapped(row: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let mut lists = row.values().filter_map(|v| {
        let items = v.as_array()?;
        let rows: Option<Vec<_>> = items.iter().map(|item| item.as_object().cloned()).collect();
        rows.filter(|r| !r.is_empty())
    });
    let list = lists.next()?;
    if lists.next().is_some() { None } else { Some(list) }
}

fn object(value: Value, what: &str, place: &str, key: &'static str, number: u64) -> Result<Map<String, Value>> {
    let kind = match value {
        Value::Object(map) => return Ok(map),
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
    };
    Err(Error::new(ErrorKind::Malformed, format!("{place} of {what} is {kind}, not an object"))
        .with(key, number)
        .hint("give one JSON object a row, with the column names as keys"))
}

/// The error of broken JSON. serde_json's own message may quote the text, so only its place is passed on.
fn syntax(what: &str, text: &str, line: usize, offset: usize, error: &serde_json::Error) -> Error {
    let at_line = line + error.line().max(1);
    // Line and column of the parser to a byte of the text.
    let before: usize = text[offset..].split_inclusive('\n').take(error.line().max(1) - 1).map(str::len).sum();
    let at = (offset + before + error.column().saturating_sub(1)).min(text.len());
    let reason = if error.is_eof() { "it ends too early" } else { "it is not valid JSON there" };
    Error::new(
        ErrorKind::Malformed,
        format!("{what} begins like JSON, but breaks in line {at_line}, byte offset {at}: {reason}"),
    )
    .with("line", at_line)
    .with("offset", at)
    .hint("give a JSON list of objects, or one object a line")
}

/// Fails for a value over the limit.
fn check_cells(rows: &[Map<String, Value>], places: &Places, what: &str, options: &ReadOptions) -> Result<()> {
    for (i, row) in rows.iter().enumerate() {
        for (column, value) in row.values().enumerate() {
            if value.as_str().is_some_and(|s| s.len() > options.max_cell_bytes) {
                let (place, limit) = (places.row_number(i), options.max_cell_bytes);
                let key = if matches!(places, Places::Items) { "item" } else { "line" };
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    format!("value {} of {key} {place} of {what} is over the limit of {limit} bytes", column + 1),
                )
                .with(key, place)
                .with("limit", limit)
                .hint("raise max_cell_bytes"));
            }
        }
    }
    Ok(())
}
