//! Delimited text to a table.

use super::layout::{self, Head};
use super::rows::{self, is_blank};
use super::scan::{Dialect, Record, Scanner};
use super::sniff;
use super::{ReadOptions, check_not_empty};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, RawColumn, RawTable, ReadNote, Source};
use arrow_array::LargeStringArray;

/// Reads delimited text; `source` holds the encoding and the name, `notes` what was met so far.
pub(super) fn read(
    text: &str,
    what: &str,
    source: Source,
    notes: Vec<ReadNote>,
    options: &ReadOptions,
) -> Result<RawTable> {
    let Start { head, dialect, names, mut source, mut notes } = start(text, what, source, notes, options)?;
    let mut rows = rows::read(text, &head, dialect, what, options)?;
    let n_rows = if options.keep_totals {
        rows.lines.len()
    } else {
        let leading = rows.leading();
        rows.lines.len() - rows.trim_end(leading, &mut source, &mut notes)
    };
    check_not_empty(names.len(), n_rows, what)?;
    rows.odd.tell(n_rows, names.len(), &mut notes);
    rows.lines.truncate(n_rows);
    let columns = raw_columns(&names, rows.columns, n_rows);
    layout::finish(columns, rows.lines, source, notes, what, options)
}

/// What stands before the rows.
pub(super) struct Start {
    pub head: Head,
    pub dialect: Dialect,
    /// The names of the columns, each of them once.
    pub names: Vec<String>,
    pub source: Source,
    pub notes: Vec<ReadNote>,
}

/// How the text is written, and what stands before the rows.
pub(super) fn start(
    text: &str,
    what: &str,
    source: Source,
    notes: Vec<ReadNote>,
    options: &ReadOptions,
) -> Result<Start> {
    let (start, line, declared) = separator_line(text);
    let dialect = sniff::dialect(text, start, options.delimiter.or(declared), options.quote, options.escape);
    let mut notes = notes;
    let mut head = match options.header_line {
        None => Head::recognised(&sniff::sample(text, start, line, dialect), (start, line), &mut notes),
        Some(0) => Head::nameless(&sniff::sample(text, start, line, dialect), (start, line)),
        Some(wanted) => given_head(text, wanted, dialect, what, options)?,
    };
    head.check_width(what, options)?;
    head.widen(&sniff::sample(text, head.rows.0, head.rows.1, dialect), options.max_columns, &mut notes);
    let names = head.unique_names(&mut notes);
    let source = Source {
        format: "csv".into(),
        delimiter: Some(dialect.delimiter),
        quote: Some(char::from(dialect.quote)),
        escape: Some(if dialect.backslash { '\\' } else { char::from(dialect.quote) }),
        header_line: head.line,
        title_lines: head.titles.clone(),
        ..source
    };
    Ok(Start { head, dialect, names, source, notes })
}

/// The first rows of these columns under their names.
pub(super) fn raw_columns(names: &[String], columns: Vec<LargeStringArray>, n_rows: usize) -> Vec<RawColumn> {
    let named = names.iter().zip(columns);
    named.map(|(name, a)| RawColumn { name: name.clone(), data: ColumnData::Text(a.slice(0, n_rows)) }).collect()
}

/// Excel's first line `sep=;`: byte and line after it, and the delimiter.
fn separator_line(text: &str) -> (usize, u64, Option<char>) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let first = text[..end].trim_matches('"');
    let declared = first.get(..4).filter(|s| s.eq_ignore_ascii_case("sep=")).and_then(|_| {
        let mut rest = first[4..].chars();
        rest.next().filter(|_| rest.next().is_none())
    });
    match declared {
        Some(delimiter) => (end, 1, Some(delimiter)),
        None => (0, 1, None),
    }
}

/// The header in the line that the caller names.
fn given_head(text: &str, wanted: u64, dialect: Dialect, what: &str, options: &ReadOptions) -> Result<Head> {
    let bytes = text.as_bytes();
    let (mut position, mut line) = (0, 1);
    let mut titles = Vec::new();
    while line < wanted && position < bytes.len() {
        let end =
            bytes[position..].iter().position(|&b| b == b'\n' || b == b'\r').map_or(bytes.len(), |n| position + n);
        if titles.len() < 50 && !is_blank(&text[position..end]) {
            titles.push(line);
        }
        position = (end + 1 + usize::from(bytes[end..].starts_with(b"\r\n"))).min(bytes.len());
        line += 1;
    }
    let mut scanner = Scanner::new(text, position, line, dialect, options.max_cell_bytes);
    let mut record = Record::default();
    if line < wanted || !scanner.next(&mut record)? || record.line != wanted {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("{what} has no header in line {wanted}"))
            .with("argument", "header_line")
            .with("line", wanted)
            .hint("lines count from 1, blank ones included; leave header_line out to have it recognised"));
    }
    let names = record.iter(text).map(|c| c.trim().to_owned()).collect();
    Ok(Head { names, line: Some(wanted), titles, rows: scanner.position() })
}
