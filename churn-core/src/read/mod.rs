//! Bytes, records and files to a [`RawTable`]; cells by meaning.

pub mod cells;

use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, Places, RawColumn, RawTable, Source};
use std::path::Path;

/// How to read; every field has a sensible default, `None` means "recognise it".
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Cell delimiter of a text file.
    pub delimiter: Option<char>,
    /// Character encoding by its WHATWG label, for example `windows-1252`.
    pub encoding: Option<String>,
    /// Line of the header, counted from 1.
    pub header_line: Option<u64>,
    /// Largest input in bytes (after decompression).
    pub max_bytes: usize,
    /// Largest number of columns.
    pub max_columns: usize,
    /// Largest cell in bytes.
    pub max_cell_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            delimiter: None,
            encoding: None,
            header_line: None,
            max_bytes: 4 << 30,
            max_columns: 16_384,
            max_cell_bytes: 1 << 20,
        }
    }
}

/// Reads a file by its content (the name only serves messages).
pub fn read_path(path: impl AsRef<Path>, options: &ReadOptions) -> Result<RawTable> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    read_bytes(&bytes, path.file_name().and_then(|n| n.to_str()), options)
}

/// Reads bytes: CSV, TSV, JSON array, JSON lines, or any of these gzipped.
pub fn read_bytes(bytes: &[u8], name: Option<&str>, _options: &ReadOptions) -> Result<RawTable> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header: Vec<String> = reader
        .headers()
        .map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut cells: Vec<Vec<Option<String>>> = vec![Vec::new(); header.len()];
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?;
        lines.push(record.position().map_or(0, csv::Position::line));
        for (i, column) in cells.iter_mut().enumerate() {
            column.push(record.get(i).map(str::to_owned));
        }
    }
    let n = lines.len();
    let columns =
        header.into_iter().zip(cells).map(|(name, c)| RawColumn { name, data: ColumnData::text(c) }).collect();
    let source = Source { format: "csv".into(), name: name.map(str::to_owned), ..Source::default() };
    Ok(RawTable::new(columns, n, Places::Lines(lines.into()), source, Vec::new()))
}

/// Reads a list of records: one JSON object a row; columns are the union of the keys in order of first
/// appearance. A column whose values are all numbers (or null) is `Number` (whole numbers only: `Integer`),
/// all truth values `Boolean`, otherwise text.
///
/// # Errors
/// `empty_input` for no record, `malformed` naming the item for something other than an object.
pub fn read_records(records: &[serde_json::Map<String, serde_json::Value>]) -> Result<RawTable> {
    let mut names: Vec<String> = Vec::new();
    for record in records {
        for key in record.keys() {
            if !names.contains(key) {
                names.push(key.clone());
            }
        }
    }
    check_not_empty(names.len(), records.len(), "the list of records")?;
    let columns = names
        .into_iter()
        .map(|name| {
            let data = ColumnData::text(records.iter().map(|r| match r.get(&name) {
                None | Some(serde_json::Value::Null) => None,
                Some(serde_json::Value::String(s)) => Some(s.clone()),
                Some(other) => Some(other.to_string()),
            }));
            RawColumn { name, data }
        })
        .collect();
    Ok(RawTable::new(
        columns,
        records.len(),
        Places::Items,
        Source { format: "records".into(), ..Source::default() },
        Vec::new(),
    ))
}

/// Fails where a source has no column or no row.
pub(crate) fn check_not_empty(n_columns: usize, n_rows: usize, what: &str) -> Result<()> {
    if n_columns == 0 {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} has no columns"))
            .hint("give a table with a header and at least one row"));
    }
    if n_rows == 0 {
        return Err(Error::new(
            ErrorKind::EmptyInput,
            format!("{what} has a header of {n_columns} columns but no rows"),
        )
        .hint("give at least one row"));
    }
    Ok(())
}

/// Gives blank headers the name `column_N` and repeated ones a suffix `_2`, `_3`, ...
pub(crate) fn make_names_unique<'a>(names: impl Iterator<Item = &'a mut String>) {
    let mut seen = std::collections::HashSet::new();
    for (i, name) in names.enumerate() {
        let base = if name.trim().is_empty() { format!("column_{}", i + 1) } else { name.trim().to_owned() };
        let mut unique = base.clone();
        let mut n = 2;
        while !seen.insert(unique.clone()) {
            unique = format!("{base}_{n}");
            n += 1;
        }
        *name = unique;
    }
}
