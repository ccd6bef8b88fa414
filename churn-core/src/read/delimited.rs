//! Delimited text to a table.

use super::scan::{Dialect, Record, Scanner};
use super::sniff::{self, Header};
use super::{ReadOptions, check_not_empty, make_names_unique, note};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, Places, RawColumn, RawTable, ReadNote, Source};
use arrow_array::builder::LargeStringBuilder;
use arrow_array::{Array, LargeStringArray};

/// First words of a row that sums up the others, in the six languages.
const TOTAL_WORDS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sub-total",
    "sum",
    "overall",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "zwischensumme",
    "somme",
    "total général",
    "total general",
    "sous-total",
    "suma",
    "suma total",
    "soma",
    "total geral",
    "somma",
    "totale",
    "totale generale",
    "totali",
    "totales",
    "totaux",
    "totais",
];
/// So many rows at the end are looked at for totals and footers.
const MAX_FOOTER_ROWS: usize = 10;

/// What stands above the rows.
struct Head {
    names: Vec<String>,
    line: Option<u64>,
    /// Byte and line at which the rows start.
    rows: (usize, u64),
}

/// Reads delimited text; `source` holds the encoding and the name, `notes` what was met so far.
pub(super) fn read(
    text: &str,
    what: &str,
    source: Source,
    notes: Vec<ReadNote>,
    options: &ReadOptions,
) -> Result<RawTable> {
    let (start, line, declared) = separator_line(text);
    let dialect = sniff::dialect(text, start, options.delimiter.or(declared));
    let mut notes = notes;
    let mut head = match options.header_line {
        None => recognised_head(text, start, line, dialect, &mut notes),
        Some(0) => nameless_head(text, start, line, dialect),
        Some(wanted) => given_head(text, wanted, dialect, what, options)?,
    };
    if head.names.len() > options.max_columns {
        let (n, limit) = (head.names.len(), options.max_columns);
        return Err(Error::new(ErrorKind::TooLarge, format!("{what} has {n} columns, over the limit of {limit}"))
            .with("columns", n)
            .with("limit", limit)
            .hint("check the delimiter, or raise max_columns"));
    }
    widen(&mut head, text, dialect, options.max_columns, &mut notes);
    let header = std::mem::take(&mut head.names);
    let names = unique_names(&header, head.line, &mut notes);
    let mut rows = Rows::read(text, &header, &head, dialect, options)?;
    let n_rows = rows.lines.len() - rows.trim_end(&mut notes);
    check_not_empty(names.len(), n_rows, what)?;
    rows.tell(n_rows, names.len(), &mut notes);

    let mut columns = Vec::with_capacity(names.len());
    let mut empty = 0usize;
    for (name, array) in names.into_iter().zip(&rows.columns) {
        let array = array.slice(0, n_rows);
        if array.null_count() == n_rows {
            empty += 1;
        } else {
            columns.push(RawColumn { name, data: ColumnData::Text(array) });
        }
    }
    if empty > 0 {
        notes.push(note(
            "empty_column",
            format!("{empty} columns hold no value at all and were left out"),
            0,
            Vec::new(),
        ));
    }
    rows.lines.truncate(n_rows);
    let source = Source { format: "csv".into(), delimiter: Some(dialect.delimiter), header_line: head.line, ..source };
    Ok(RawTable::new(columns, n_rows, Places::Lines(rows.lines.into()), source, notes))
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

/// The header that the text seems to have.
fn recognised_head(text: &str, start: usize, line: u64, dialect: Dialect, notes: &mut Vec<ReadNote>) -> Head {
    let records = sniff::sample(text, start, line, dialect);
    match sniff::header(&records) {
        Header::Record(i) => {
            if i > 0 {
                let message = format!("{i} rows above the header were taken as a title and left out");
                notes.push(note("title_rows", message, i, records[..i].iter().map(|r| r.line).collect()));
            }
            let record = &records[i];
            Head { names: record.cells.clone(), line: Some(record.line), rows: record.next }
        }
        Header::None => {
            let message = "the first record looks like a row, so the columns are named column_1, column_2, ...";
            notes.push(note("no_header", message.to_owned(), 0, records.first().map(|r| r.line).into_iter().collect()));
            nameless_head(text, start, line, dialect)
        }
    }
}

/// No header: as many nameless columns as most records have cells.
fn nameless_head(text: &str, start: usize, line: u64, dialect: Dialect) -> Head {
    let width = sniff::modal_width(&sniff::sample(text, start, line, dialect));
    Head { names: vec![String::new(); width], line: None, rows: (start, line) }
}

/// The header in the line that the caller names.
fn given_head(text: &str, wanted: u64, dialect: Dialect, what: &str, options: &ReadOptions) -> Result<Head> {
    let bytes = text.as_bytes();
    let (mut position, mut line) = (0, 1);
    while line < wanted && position < bytes.len() {
        let end =
            bytes[position..].iter().position(|&b| b == b'\n' || b == b'\r').map_or(bytes.len(), |n| position + n);
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
    Ok(Head { names, line: Some(wanted), rows: scanner.position() })
}

/// Where most rows have more cells with content than the header, the header lacks names: the cells stay.
fn widen(head: &mut Head, text: &str, dialect: Dialect, max_columns: usize, notes: &mut Vec<ReadNote>) {
    let records = sniff::sample(text, head.rows.0, head.rows.1, dialect);
    let filled = |cells: &[String]| cells.iter().rposition(|c| !c.is_empty()).map_or(0, |i| i + 1);
    let longer = records.iter().filter(|r| filled(&r.cells) > head.names.len()).count();
    let width = sniff::modal_width(&records);
    if longer * 2 > records.len() && width > head.names.len() && width <= max_columns {
        let missing = width - head.names.len();
        let message =
            format!("the header has {missing} names fewer than most rows have cells; they are named column_N");
        notes.push(note("short_header", message, 0, head.line.into_iter().collect()));
        head.names.resize(width, String::new());
    }
}

/// Names for blank and repeated headers, with notes.
fn unique_names(header: &[String], line: Option<u64>, notes: &mut Vec<ReadNote>) -> Vec<String> {
    let mut names = header.to_vec();
    make_names_unique(names.iter_mut());
    if line.is_none() {
        return names;
    }
    let blank = header.iter().filter(|h| h.is_empty()).count();
    let example: Vec<u64> = line.into_iter().collect();
    if blank > 0 {
        let message = format!("{blank} columns have a blank header; they are named column_N by their place");
        notes.push(note("blank_header", message, 0, example.clone()));
    }
    let changed = header.iter().zip(&names).filter(|(h, n)| !h.is_empty() && h != n).count();
    if changed > 0 {
        let message = format!("{changed} columns have the header of an earlier one; they are named with _2, _3, ...");
        notes.push(note("duplicate_header", message, 0, example));
    }
    names
}

/// The rows while and after they are read.
struct Rows {
    columns: Vec<LargeStringArray>,
    lines: Vec<u64>,
    /// Rows with too few or too many cells.
    short: Vec<usize>,
    long: Vec<usize>,
    stray: Vec<usize>,
    /// Lines of rows that were left out.
    blank: Vec<u64>,
    repeated: Vec<u64>,
}

impl Rows {
    fn read(text: &str, header: &[String], head: &Head, dialect: Dialect, options: &ReadOptions) -> Result<Rows> {
        let width = header.len();
        let mut builders: Vec<LargeStringBuilder> = (0..width).map(|_| LargeStringBuilder::new()).collect();
        let mut rows = Rows {
            columns: Vec::new(),
            lines: Vec::new(),
            short: Vec::new(),
            long: Vec::new(),
            stray: Vec::new(),
            blank: Vec::new(),
            repeated: Vec::new(),
        };
        let mut scanner = Scanner::new(text, head.rows.0, head.rows.1, dialect, options.max_cell_bytes);
        let mut record = Record::default();
        while scanner.next(&mut record)? {
            let first = record.get(text, 0);
            if is_blank(first) && record.is_blank(text) {
                rows.blank.push(record.line);
                continue;
            }
            if head.line.is_some()
                && record.len() == width
                && width > 1
                && first.trim() == header[0]
                && is_header(&record, text, header)
            {
                rows.repeated.push(record.line);
                continue;
            }
            let row = rows.lines.len();
            rows.lines.push(record.line);
            if record.len() < width {
                rows.short.push(row);
            } else if record.len() > width && (width..record.len()).any(|i| !is_blank(record.get(text, i))) {
                rows.long.push(row);
            }
            if record.stray_quote {
                rows.stray.push(row);
            }
            for (i, builder) in builders.iter_mut().enumerate() {
                let cell = record.get(text, i);
                if is_blank(cell) { builder.append_null() } else { builder.append_value(cell) }
            }
        }
        rows.columns = builders.iter_mut().map(LargeStringBuilder::finish).collect();
        Ok(rows)
    }

    /// How many rows at the end are totals or footers, not customers.
    fn trim_end(&self, notes: &mut Vec<ReadNote>) -> usize {
        let (mut totals, mut footers) = (Vec::new(), Vec::new());
        let mut n = self.lines.len();
        while n > 1 && self.lines.len() - n < MAX_FOOTER_ROWS {
            let row = n - 1;
            let mut filled = self.columns.iter().enumerate().filter(|(_, c)| c.is_valid(row));
            let Some((column, array)) = filled.next() else { break };
            let is_only = filled.next().is_none();
            let cell = array.value(row).trim();
            let after_gap = self.lines[row] > self.lines[row - 1] + 1;
            if is_total(cell) {
                totals.push(self.lines[row]);
            } else if self.columns.len() > 2 && column == 0 && is_only && (cell.contains(' ') || after_gap) {
                footers.push(self.lines[row]);
            } else {
                break;
            }
            n -= 1;
        }
        if !totals.is_empty() {
            let message = "the last rows sum up the others (their first cell says so) and were left out".to_owned();
            notes.push(note("total_row", message, totals.len(), totals));
        }
        if !footers.is_empty() {
            let message = "the last rows are a footer (one cell of text) and were left out".to_owned();
            notes.push(note("footer_rows", message, footers.len(), footers));
        }
        self.lines.len() - n
    }

    /// Notes on rows that were mended or left out; only the first `n_rows` rows stay.
    fn tell(&self, n_rows: usize, width: usize, notes: &mut Vec<ReadNote>) {
        let within =
            |rows: &[usize]| -> Vec<u64> { rows.iter().filter(|&&r| r < n_rows).map(|&r| self.lines[r]).collect() };
        let (short, long, stray) = (within(&self.short), within(&self.long), within(&self.stray));
        if !short.is_empty() || !long.is_empty() {
            let message = format!(
                "{} rows have fewer than the {width} cells of the header (the rest counts as missing), {} have more \
                 (the rest was dropped)",
                short.len(),
                long.len()
            );
            let mut lines = [short, long].concat();
            lines.sort_unstable();
            notes.push(note("ragged_row", message, lines.len(), lines));
        }
        if !stray.is_empty() {
            let message = "quotes that do not stand around a whole cell were taken as plain characters".to_owned();
            notes.push(note("stray_quote", message, stray.len(), stray));
        }
        if !self.blank.is_empty() {
            let message = "rows of nothing but delimiters were left out".to_owned();
            notes.push(note("blank_rows", message, self.blank.len(), self.blank.clone()));
        }
        if !self.repeated.is_empty() {
            let message = "rows that repeat the header were left out".to_owned();
            notes.push(note("repeated_header", message, self.repeated.len(), self.repeated.clone()));
        }
    }
}

/// Whether a cell says nothing; most cells are told by their first byte.
#[inline]
fn is_blank(cell: &str) -> bool {
    match cell.as_bytes().first() {
        None => true,
        Some(b'!'..=b'~') => false,
        Some(_) => cell.trim().is_empty(),
    }
}

fn is_header(record: &Record, text: &str, header: &[String]) -> bool {
    record.iter(text).zip(header).all(|(c, h)| c.trim() == h)
}

fn is_total(cell: &str) -> bool {
    let word = cell.trim_end_matches([':', '.', ' ', '=']).to_lowercase();
    TOTAL_WORDS.contains(&word.as_str())
}
