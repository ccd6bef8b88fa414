//! Workbooks (`.xlsx`, `.xlsb`): one sheet as a table, cells by their own types.
//!
//! Only cells with content are held, so a stray cell at the far end of a sheet costs nothing. What stands around the
//! rows (titles, header, totals) is recognised as in a text file. `.xls` and `.ods` are not read: their readers lay out
//! the whole rectangle between the first and the last cell, which a small file can make larger than any memory.

use super::layout::{self, Head, Odd};
use super::sniff::{SAMPLE_RECORDS, SampleRecord};
use super::{ReadOptions, check_not_empty, note};
use crate::error::{Error, ErrorKind, Result, guard};
use crate::table::{ColumnData, RawColumn, RawTable, ReadNote, Source, format_date, format_number, format_timestamp};
use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsb, Xlsx};
use std::borrow::Cow;
use std::io::{Cursor, Read};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The value of a cell with content.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
    /// Microseconds since 1970-01-01T00:00:00; whether it has a time of day.
    Instant(i64, bool),
    /// `#N/A`, `#REF!` and the like.
    Error,
}

/// One cell with content; row and column count from 0.
struct Cell {
    row: u32,
    column: u32,
    value: Value,
}

/// Whether the bytes are a zip archive that holds a workbook, and which: `xlsx` or `xlsb`.
pub(super) fn format(bytes: &[u8]) -> Option<&'static str> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let names: Vec<String> = archive.file_names().flatten().map(|n| n.to_ascii_lowercase()).collect();
    if names.iter().any(|n| n == "xl/workbook.bin") {
        Some("xlsb")
    } else if names.iter().any(|n| n.starts_with("xl/workbook") && n.ends_with(".xml")) {
        Some("xlsx")
    } else {
        None
    }
}

/// Reads one sheet.
///
/// # Errors
/// `malformed` for a damaged workbook, `invalid_argument` for a sheet that is not there, `empty_input` for sheets
/// without rows, `too_large` over a limit of the options.
pub(super) fn read(
    bytes: &[u8],
    format: &'static str,
    what: &str,
    source: Source,
    options: &ReadOptions,
) -> Result<RawTable> {
    check_unpacked_size(bytes, what, options)?;
    let book = || match format {
        "xlsb" => Book::Binary(open(bytes, what)?).read(what, options),
        _ => Book::Xml(open(bytes, what)?).read(what, options),
    };
    let (sheet, cells) = parse(book, || damaged(what, None))?;
    let source = Source { format: format.into(), sheet: Some(sheet), ..source };
    Sheet::new(cells).table(what, source, options)
}

/// Runs a library that may panic on a damaged file; then the file is what is at fault.
pub(super) fn parse<T>(read: impl FnOnce() -> Result<T>, damaged: impl FnOnce() -> Error) -> Result<T> {
    guard(read).map_err(|e| if e.kind() == ErrorKind::Internal { damaged() } else { e })
}

fn damaged(what: &str, cause: Option<String>) -> Error {
    let error = Error::new(ErrorKind::Malformed, format!("{what} is a damaged workbook"))
        .with("format", "workbook")
        .hint("open and save it again in a spreadsheet program, or save the sheet as CSV");
    match cause {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}

/// Unpacks everything once without keeping it: sizes that an archive states of itself can lie.
fn check_unpacked_size(bytes: &[u8], what: &str, options: &ReadOptions) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(what, Some(e.to_string())))?;
    let mut left = options.max_bytes as u64;
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(|e| damaged(what, Some(e.to_string())))?;
        let n = std::io::copy(&mut entry.take(left.saturating_add(1)), &mut std::io::sink())
            .map_err(|e| damaged(what, Some(e.to_string())))?;
        left = left
            .checked_sub(n)
            .ok_or_else(|| super::container::too_large_input(what, "unpacks to more than", options))?;
    }
    Ok(())
}

fn open<'a, R: Reader<Cursor<&'a [u8]>>>(bytes: &'a [u8], what: &str) -> Result<R>
where
    R::Error: std::fmt::Display,
{
    R::new(Cursor::new(bytes)).map_err(|e| {
        let cause = e.to_string();
        if cause.to_lowercase().contains("password") {
            return Error::new(ErrorKind::Unsupported, format!("{what} is protected by a password"))
                .hint("save it without one");
        }
        damaged(what, Some(cause))
    })
}

enum Book<'a> {
    Xml(Xlsx<Cursor<&'a [u8]>>),
    Binary(Xlsb<Cursor<&'a [u8]>>),
}

impl Book<'_> {
    /// The name and the cells of the sheet that the options name, else of the first visible one with content.
    fn read(mut self, what: &str, options: &ReadOptions) -> Result<(String, Vec<Cell>)> {
        let sheets = match &self {
            Book::Xml(book) => book.sheets_metadata().to_vec(),
            Book::Binary(book) => book.sheets_metadata().to_vec(),
        };
        let tables: Vec<_> = sheets.iter().filter(|s| s.typ == SheetType::WorkSheet).collect();
        if let Some(wanted) = &options.sheet {
            let by_number = || wanted.parse::<usize>().ok().and_then(|n| tables.get(n.checked_sub(1)?));
            let same = |s: &&&calamine::Sheet| s.name.trim().eq_ignore_ascii_case(wanted.trim());
            let found = tables.iter().find(|s| s.name == *wanted).or_else(|| tables.iter().find(same));
            let sheet = found.or_else(by_number).ok_or_else(|| {
                Error::new(ErrorKind::InvalidArgument, format!("{what} has no such sheet"))
                    .with("argument", "sheet")
                    .with("sheets", tables.len())
                    .hint(format!(
                        "use one of {}, or a number from 1 to {}",
                        tables.iter().take(20).map(|s| format!("'{}'", s.name)).collect::<Vec<_>>().join(", "),
                        tables.len()
                    ))
            })?;
            let cells = self.cells(&sheet.name, what, options)?;
            return Ok((sheet.name.clone(), cells));
        }
        let (visible, hidden): (Vec<_>, Vec<_>) = tables.into_iter().partition(|s| s.visible == SheetVisible::Visible);
        for sheet in visible.into_iter().chain(hidden) {
            let cells = self.cells(&sheet.name, what, options)?;
            if !cells.is_empty() {
                return Ok((sheet.name.clone(), cells));
            }
        }
        Err(Error::new(ErrorKind::EmptyInput, format!("{what} is a workbook without any content"))
            .with("sheets", sheets.len())
            .hint("give a sheet with a header and at least one row"))
    }

    fn cells(&mut self, name: &str, what: &str, options: &ReadOptions) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        // Both readers have the same methods, but no common trait.
        macro_rules! collect {
            ($book:expr) => {{
                let mut reader = $book.worksheet_cells_reader(name).map_err(|e| damaged(what, Some(e.to_string())))?;
                while let Some(cell) = reader.next_cell().map_err(|e| damaged(what, Some(e.to_string())))? {
                    let (row, column) = cell.get_position();
                    push(&mut cells, row, column, cell.get_value(), what, options)?;
                }
            }};
        }
        match self {
            Book::Xml(book) => collect!(book),
            Book::Binary(book) => collect!(book),
        }
        Ok(cells)
    }
}

fn push(
    cells: &mut Vec<Cell>,
    row: u32,
    column: u32,
    value: &DataRef<'_>,
    what: &str,
    options: &ReadOptions,
) -> Result<()> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| Value::Text(text.replace('\0', "")));
    let value = match value {
        DataRef::Empty => None,
        DataRef::Int(i) => Some(Value::Number(*i as f64)),
        DataRef::Float(f) => Some(if f.is_finite() { Value::Number(*f) } else { Value::Error }),
        DataRef::String(s) => text(s),
        DataRef::SharedString(s) => text(s),
        DataRef::Bool(b) => Some(Value::Truth(*b)),
        DataRef::DateTime(serial) => Some(instant(serial)),
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => text(s),
        DataRef::Error(_) => Some(Value::Error),
    };
    let Some(value) = value else { return Ok(()) };
    if let Value::Text(text) = &value
        && text.len() > options.max_cell_bytes
    {
        let (line, column, limit) = (row + 1, column + 1, options.max_cell_bytes);
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the cell in row {line}, column {column} of {what} is over the limit of {limit} bytes"),
        )
        .with("line", line)
        .with("column", column)
        .with("limit", limit)
        .hint("raise max_cell_bytes"));
    }
    cells.push(Cell { row, column, value });
    Ok(())
}

/// A date, a date with time, or a duration, which is a number of days.
fn instant(serial: &calamine::ExcelDateTime) -> Value {
    let days = serial.as_f64();
    // Below the first day it is a time of day without a date.
    if serial.is_duration() || !(1.0..2_958_466.0).contains(&days) {
        return Value::Number(days);
    }
    let (year, month, day, hour, minute, second, milli) = serial.to_ymd_hms_milli();
    let date = jiff::civil::Date::new(
        i16::try_from(year).unwrap_or(9999),
        i8::try_from(month).unwrap_or(1),
        i8::try_from(day).unwrap_or(1),
    );
    let Ok(date) = date else { return Value::Number(days) };
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let micros = (seconds * 1000 + i64::from(milli)) * 1000;
    Value::Instant(i64::from(crate::table::days_from_date(date)) * DAY + micros, micros != 0)
}

impl Value {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Number(number) => Cow::Owned(format_number(*number)),
            Value::Truth(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            Value::Instant(micros, true) => Cow::Owned(format_timestamp(*micros)),
            Value::Instant(micros, false) => {
                Cow::Owned(format_date(i32::try_from(micros.div_euclid(DAY)).unwrap_or(i32::MAX)))
            }
            Value::Error => return None,
        })
    }
}

/// The cells of a sheet, row by row.
struct Sheet {
    cells: Vec<Cell>,
    /// First and last cell of each row with content.
    rows: Vec<(usize, usize)>,
    /// Column of the sheet at which the table begins.
    left: u32,
    /// Columns up to the last one that more than a hundredth of the rows fill.
    width: usize,
}

impl Sheet {
    fn new(mut cells: Vec<Cell>) -> Sheet {
        cells.sort_by_key(|c| (c.row, c.column));
        cells.dedup_by_key(|c| (c.row, c.column));
        let mut rows: Vec<(usize, usize)> = Vec::new();
        for (i, cell) in cells.iter().enumerate() {
            match rows.last_mut() {
                Some((first, end)) if cells[*first].row == cell.row => *end = i + 1,
                _ => rows.push((i, i + 1)),
            }
        }
        let left = cells.iter().map(|c| c.column).min().unwrap_or(0);
        let mut counts = vec![0usize; cells.iter().map(|c| (c.column - left) as usize + 1).max().unwrap_or(0)];
        for cell in &cells {
            counts[(cell.column - left) as usize] += 1;
        }
        let width = counts.iter().rposition(|&n| n * 100 > rows.len()).map_or(counts.len(), |i| i + 1);
        Sheet { cells, rows, left, width }
    }

    fn row(&self, row: usize) -> &[Cell] {
        let (first, end) = self.rows[row];
        &self.cells[first..end]
    }

    fn line(&self, row: usize) -> u64 {
        u64::from(self.cells[self.rows[row].0].row) + 1
    }

    /// A row as texts, as wide as the sheet.
    fn texts(&self, row: usize) -> Vec<String> {
        let mut texts = vec![String::new(); self.width];
        for cell in self.row(row) {
            if let (Some(text), Some(place)) = (cell.value.text(), texts.get_mut((cell.column - self.left) as usize)) {
                *place = text.trim().to_owned();
            }
        }
        texts
    }

    /// Rows from this one on, as the recognition of the header wants them.
    fn sample(&self, from: usize) -> Vec<SampleRecord> {
        let rows = from..self.rows.len().min(from + SAMPLE_RECORDS);
        rows.map(|row| SampleRecord { line: self.line(row), next: (row + 1, 0), cells: self.texts(row) }).collect()
    }

    fn table(self, what: &str, mut source: Source, options: &ReadOptions) -> Result<RawTable> {
        let mut notes = Vec::new();
        let head = match options.header_line {
            None => Head::recognised(&self.sample(0), (0, 1), &mut notes),
            Some(0) => Head::nameless(&self.sample(0), (0, 1)),
            Some(wanted) => self.given_head(wanted, what)?,
        };
        head.check_width(what, options)?;
        let names = head.unique_names(&mut notes);
        let mut odd = Odd::default();
        let mut rows = Vec::new();
        for row in head.rows.0..self.rows.len() {
            let line = self.line(row);
            if head.line.is_some() && names.len() > 1 && self.texts_equal(row, &head.names) {
                odd.repeated.push(line);
                continue;
            }
            if self.row(row).iter().any(|c| (c.column - self.left) as usize >= names.len()) {
                odd.long.push((rows.len(), line));
            }
            rows.push(row);
        }
        layout::check_rows(rows.len(), what, options)?;
        let limit = layout::max_cells(self.cells.len(), options);
        if rows.len().saturating_mul(names.len()) > limit {
            return Err(layout::too_many_cells(names.len(), limit, what));
        }
        let mut lines: Vec<u64> = rows.iter().map(|&r| self.line(r)).collect();
        let n_errors = self.cells.iter().filter(|c| c.value == Value::Error).count();
        if !options.keep_totals {
            let cell = |column: usize, row: usize| self.value(rows[row], column).and_then(Value::text);
            let leading = layout::leading(lines.len(), names.len(), cell);
            let n = layout::trim_end(&lines, names.len(), leading, cell, &mut source, &mut notes);
            lines.truncate(lines.len() - n);
            rows.truncate(lines.len());
        }
        check_not_empty(names.len(), rows.len(), what)?;
        odd.tell(rows.len(), names.len(), &mut notes);
        self.tell_errors(n_errors, &mut notes);
        let mut columns: Vec<Vec<Option<&Value>>> = vec![vec![None; rows.len()]; names.len()];
        for (i, &row) in rows.iter().enumerate() {
            for cell in self.row(row) {
                if let Some(column) = columns.get_mut((cell.column - self.left) as usize) {
                    column[i] = Some(&cell.value).filter(|v| **v != Value::Error);
                }
            }
        }
        let columns = names.into_iter().zip(columns).map(|(name, cells)| RawColumn { name, data: column(&cells) });
        source.header_line = head.line;
        source.title_lines = head.titles;
        layout::finish(columns.collect(), lines, source, notes, what, options)
    }

    fn given_head(&self, wanted: u64, what: &str) -> Result<Head> {
        let Some(row) = (0..self.rows.len()).find(|&row| self.line(row) == wanted) else {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("{what} has no header in row {wanted}"))
                .with("argument", "header_line")
                .with("line", wanted)
                .hint("rows count from 1, as the sheet shows them; leave header_line out to have it recognised"));
        };
        let titles = (0..row.min(50)).map(|row| self.line(row)).collect();
        Ok(Head { names: self.texts(row), line: Some(wanted), titles, rows: (row + 1, 0) })
    }

    fn value(&self, row: usize, column: usize) -> Option<&Value> {
        let cells = self.row(row);
        let at = cells.binary_search_by_key(&column, |c| (c.column - self.left) as usize).ok()?;
        Some(&cells[at].value)
    }

    /// Whether a row repeats these names.
    fn texts_equal(&self, row: usize, names: &[String]) -> bool {
        let first = self.row(row).first();
        // Most rows are told by their first cell.
        first.is_some_and(|c| matches!(&c.value, Value::Text(t) if names.iter().any(|n| n == t.trim())))
            && self.texts(row) == *names
    }

    fn tell_errors(&self, n: usize, notes: &mut Vec<ReadNote>) {
        if n > 0 {
            let cells = self.cells.iter().filter(|c| c.value == Value::Error);
            let mut lines: Vec<u64> = cells.map(|c| u64::from(c.row) + 1).collect();
            lines.dedup();
            let what = if n == 1 { "1 cell holds an error value" } else { "cells hold error values" };
            let message = if n == 1 { what.to_owned() } else { format!("{n} {what}") };
            notes.push(note(
                "error_cells",
                format!("{message} such as #N/A; they count as missing"),
                lines.len(),
                lines,
            ));
        }
    }
}

/// The narrowest type that holds all cells.
fn column(cells: &[Option<&Value>]) -> ColumnData {
    let all = |is: fn(&Value) -> bool| cells.iter().flatten().all(|v| is(v));
    if cells.iter().flatten().next().is_none() {
        return ColumnData::text(cells.iter().map(|_| None::<&str>));
    }
    if all(|v| matches!(v, Value::Number(n) if n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0)) {
        let whole = |v: &&Value| if let Value::Number(n) = v { Some(*n as i64) } else { None };
        return ColumnData::Integer(cells.iter().map(|c| c.as_ref().and_then(whole)).collect());
    }
    if all(|v| matches!(v, Value::Number(_))) {
        let number = |v: &&Value| if let Value::Number(n) = v { Some(*n) } else { None };
        return ColumnData::numbers(cells.iter().map(|c| c.as_ref().and_then(number)));
    }
    if all(|v| matches!(v, Value::Truth(_))) {
        let truth = |v: &&Value| if let Value::Truth(b) = v { Some(*b) } else { None };
        return ColumnData::Boolean(cells.iter().map(|c| c.as_ref().and_then(truth)).collect());
    }
    let micros = |v: &&Value| if let Value::Instant(micros, _) = v { Some(*micros) } else { None };
    if all(|v| matches!(v, Value::Instant(_, false))) {
        let days = |micros: i64| i32::try_from(micros.div_euclid(DAY)).ok();
        return ColumnData::Date(cells.iter().map(|c| c.as_ref().and_then(micros).and_then(days)).collect());
    }
    if all(|v| matches!(v, Value::Instant(..))) {
        return ColumnData::Timestamp(cells.iter().map(|c| c.as_ref().and_then(micros)).collect());
    }
    ColumnData::text(cells.iter().map(|c| c.and_then(Value::text)))
}
