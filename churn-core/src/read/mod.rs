//! Bytes, records and files to a [`RawTable`]; cells by meaning.

mod arrow_ipc;
pub mod cells;
mod columns;
mod container;
mod delimited;
mod easy;
mod encoding;
mod frame;
mod json;
mod layout;
mod options;
mod parquet;
#[cfg(feature = "polars")]
mod polars;
mod records;
mod rows;
mod scan;
mod sniff;
mod stream;
mod typed;
mod workbook;

pub use options::ReadOptions;
pub(crate) use stream::{End, blocks};
pub use typed::{TypedColumn, record_batch, typed};

use crate::error::{Error, ErrorKind, Result};
use crate::table::{Places, RawTable, ReadNote, Source};
use std::io::Read;
use std::path::Path;

/// Reads a file by its content (the name only serves messages).
///
/// # Errors
/// `io` where the file cannot be read, otherwise as [`read_bytes`].
pub fn read_path(path: impl AsRef<Path>, options: &ReadOptions) -> Result<RawTable> {
    let path = path.as_ref();
    let name = path.file_name().and_then(|n| n.to_str());
    let size = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
    if size.is_file() {
        // Before reading, so that a file over the limit takes no memory.
        let n_bytes = usize::try_from(size.len()).unwrap_or(usize::MAX);
        container::check_size(n_bytes, &what(name), options).map_err(|e| e.with("path", path.display()))?;
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    read_bytes(&bytes, name, options).map_err(|e| e.with("path", path.display()))
}

/// Reads everything a reader gives, as [`read_bytes`] does.
///
/// # Errors
/// `io` where the reader fails, otherwise as [`read_bytes`].
pub fn read_reader(reader: impl Read, name: Option<&str>, options: &ReadOptions) -> Result<RawTable> {
    let mut bytes = Vec::new();
    let limit = (options.max_bytes as u64).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes).map_err(|e| {
        Error::new(ErrorKind::Io, format!("cannot read {}: {e}", what(name)))
            .hint("check where the bytes come from")
            .caused_by(e)
    })?;
    read_bytes(&bytes, name, options)
}

/// Reads bytes: CSV, TSV, JSON array, JSON lines, a workbook (`.xlsx`, `.xlsb`), Parquet (feature `parquet`), any of
/// these gzipped, or Arrow IPC (file or stream). The format is recognised by the content; a given delimiter means
/// delimited text.
///
/// # Errors
/// `empty_input` for nothing to read, `malformed` for binary data, broken JSON and damaged files, `encoding` for
/// bytes that fit no or not the given encoding, `too_large` over a limit of the options, `unsupported` for Parquet
/// in a build without it, `invalid_argument` for a header line or a sheet that is not there.
pub fn read_bytes(bytes: &[u8], name: Option<&str>, options: &ReadOptions) -> Result<RawTable> {
    let what = what(name);
    options.check()?;
    if arrow_ipc::is_arrow(bytes) {
        container::check_size(bytes.len(), &what, options)?;
        return arrow_ipc::read(bytes, &what);
    }
    let bytes = container::unpack(bytes, &what, options)?;
    let source = Source { name: name.map(str::to_owned), ..Source::default() };
    if let Some(format) = workbook::format(&bytes) {
        return workbook::read(&bytes, format, &what, source, options);
    }
    if parquet::is_parquet(&bytes) {
        return parquet::read(bytes.into_owned(), &what, source, options);
    }
    container::check_magic(&bytes, &what)?;
    let decoded = encoding::decode(&bytes, options.encoding.as_deref(), &what)?;
    let text = decoded.text.as_ref();
    if text.trim().is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} holds nothing but blanks"))
            .with("bytes", bytes.len())
            .hint("give a table with a header and at least one row"));
    }
    let source = Source { encoding: Some(decoded.encoding.to_owned()), ..source };
    if options.delimiter.is_none() && json::is_json(text) {
        return json::read(text, &what, source, decoded.notes, options);
    }
    delimited::read(text, &what, source, decoded.notes, options)
}

/// What messages call the input.
fn what(name: Option<&str>) -> String {
    name.map_or_else(|| "the input".to_owned(), |n| format!("'{n}'"))
}

/// A note with at most five examples.
fn note(code: &'static str, message: String, rows_affected: usize, mut example_rows: Vec<u64>) -> ReadNote {
    example_rows.truncate(5);
    ReadNote { code, message, rows_affected, example_rows }
}

/// Reads a list of records: one JSON object a row; columns are the union of the keys in order of first
/// appearance. A column whose values are all numbers (or null) is `Number` (whole numbers only: `Integer`),
/// all truth values `Boolean`, otherwise text.
///
/// # Errors
/// As [`read_records_with`].
pub fn read_records(records: &[serde_json::Map<String, serde_json::Value>]) -> Result<RawTable> {
    read_records_with(records, &ReadOptions::default())
}

/// As [`read_records`]; of the options, those of cells and the limits of rows and columns count.
///
/// # Errors
/// `empty_input` for no record, `too_large` over a limit.
pub fn read_records_with(
    records: &[serde_json::Map<String, serde_json::Value>],
    options: &ReadOptions,
) -> Result<RawTable> {
    options.check()?;
    let source = Source { format: "records".into(), ..Source::default() };
    let what = "the list of records";
    if records.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} is empty")).hint("give at least one record"));
    }
    records::table(records, Places::Items, what, source, Vec::new(), options)
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
        .with("columns", n_columns)
        .hint("give at least one row"));
    }
    Ok(())
}

/// Whether reading failed because a table has a header and no rows.
pub(crate) fn is_header_alone(error: &Error) -> bool {
    error.kind() == ErrorKind::EmptyInput && error.context().iter().any(|(key, _)| *key == "columns")
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
