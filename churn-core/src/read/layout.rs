//! What stands around the rows of a table, in a text file and in a sheet alike: title rows, the header, repeated
//! headers, totals, footers, empty columns.

use super::sniff::{self, Header, SampleRecord};
use super::{ReadOptions, make_names_unique, note};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{Places, RawColumn, RawTable, ReadNote, Source};
use std::borrow::Cow;

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
pub(super) struct Head {
    /// The header, trimmed; blank for nameless columns.
    pub names: Vec<String>,
    /// Its line, where there is one.
    pub line: Option<u64>,
    /// Lines above it that were taken as a title.
    pub titles: Vec<u64>,
    /// Position and line at which the rows start.
    pub rows: (usize, u64),
}

impl Head {
    /// The header that the records seem to have; the first of them starts at `start`.
    pub fn recognised(records: &[SampleRecord], start: (usize, u64), notes: &mut Vec<ReadNote>) -> Head {
        match sniff::header(records) {
            Header::Record(i) => {
                let titles: Vec<u64> = records[..i].iter().map(|r| r.line).collect();
                if i > 0 {
                    let (row, was) = if i == 1 { ("row", "was") } else { ("rows", "were") };
                    let message = format!("{i} {row} above the header {was} taken as a title and left out");
                    notes.push(note("title_rows", message, i, titles.clone()));
                }
                let record = &records[i];
                Head { names: record.cells.clone(), line: Some(record.line), titles, rows: record.next }
            }
            Header::None => {
                let message = "the first record looks like a row, so the columns are named column_1, column_2, ...";
                let example = records.first().map(|r| r.line).into_iter().collect();
                notes.push(note("no_header", message.to_owned(), 0, example));
                Head::nameless(records, start)
            }
        }
    }

    /// No header: as many nameless columns as most records have cells.
    pub fn nameless(records: &[SampleRecord], start: (usize, u64)) -> Head {
        let width = sniff::modal_width(records);
        Head { names: vec![String::new(); width], line: None, titles: Vec::new(), rows: start }
    }

    /// Fails for more columns than the options allow.
    pub fn check_width(&self, what: &str, options: &ReadOptions) -> Result<()> {
        let (n, limit) = (self.names.len(), options.max_columns);
        if n <= limit {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, format!("{what} has {n} columns, over the limit of {limit}"))
            .with("columns", n)
            .with("limit", limit)
            .hint("check the delimiter, or raise max_columns"))
    }

    /// Where most rows (a prefix of them is given) have more cells with content than the header, the header
    /// lacks names: the cells stay.
    pub fn widen(&mut self, records: &[SampleRecord], max_columns: usize, notes: &mut Vec<ReadNote>) {
        let filled = |cells: &[String]| cells.iter().rposition(|c| !c.is_empty()).map_or(0, |i| i + 1);
        let longer = records.iter().filter(|r| filled(&r.cells) > self.names.len()).count();
        let width = sniff::modal_width(records);
        if longer * 2 > records.len() && width > self.names.len() && width <= max_columns {
            let missing = width - self.names.len();
            let message =
                format!("the header has {missing} names fewer than most rows have cells; they are named column_N");
            notes.push(note("short_header", message, 0, self.line.into_iter().collect()));
            self.names.resize(width, String::new());
        }
    }

    /// Names for blank and repeated headers, with notes.
    pub fn unique_names(&self, notes: &mut Vec<ReadNote>) -> Vec<String> {
        let mut names = self.names.clone();
        make_names_unique(names.iter_mut());
        if self.line.is_none() {
            return names;
        }
        let blank = self.names.iter().filter(|h| h.is_empty()).count();
        let example: Vec<u64> = self.line.into_iter().collect();
        if blank > 0 {
            let message = format!("{} a blank header; named column_N by place", columns_have(blank));
            notes.push(note("blank_header", message, 0, example.clone()));
        }
        let changed = self.names.iter().zip(&names).filter(|(h, n)| !h.is_empty() && h != n).count();
        if changed > 0 {
            let message = format!("{} the header of an earlier one; named with _2, _3, ...", columns_have(changed));
            notes.push(note("duplicate_header", message, 0, example));
        }
        names
    }
}

fn columns_have(n: usize) -> String {
    if n == 1 { "1 column has".to_owned() } else { format!("{n} columns have") }
}

/// Rows that are mended or left out, told once all are known.
#[derive(Default)]
pub(super) struct Odd {
    /// Rows with too few cells, and lines of them.
    pub short: Vec<(usize, u64)>,
    /// Rows with too many.
    pub long: Vec<(usize, u64)>,
    /// Rows with quotes that are plain characters.
    pub stray: Vec<(usize, u64)>,
    /// Lines of blank rows.
    pub blank: Vec<u64>,
    /// Lines of rows that repeat the header.
    pub repeated: Vec<u64>,
}

impl Odd {
    /// Adds those of the rows that follow; so many rows are not counted in theirs.
    pub fn append(&mut self, next: &mut Odd, rows_before: usize) {
        let counted = |rows: &mut Vec<(usize, u64)>, more: &mut Vec<(usize, u64)>| {
            rows.extend(more.drain(..).map(|(row, line)| (row + rows_before, line)));
        };
        counted(&mut self.short, &mut next.short);
        counted(&mut self.long, &mut next.long);
        counted(&mut self.stray, &mut next.stray);
        self.blank.append(&mut next.blank);
        self.repeated.append(&mut next.repeated);
    }

    /// Notes; only the first `n_rows` rows stay.
    pub fn tell(&self, n_rows: usize, width: usize, notes: &mut Vec<ReadNote>) {
        let within = |rows: &[(usize, u64)]| -> Vec<u64> {
            rows.iter().filter(|&&(row, _)| row < n_rows).map(|&(_, line)| line).collect()
        };
        let (short, long, stray) = (within(&self.short), within(&self.long), within(&self.stray));
        if !short.is_empty() || !long.is_empty() {
            let message = ragged(short.len(), long.len(), width);
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

/// "2 rows have fewer cells than the header has names (3); the missing ones count as blank".
fn ragged(short: usize, long: usize, width: usize) -> String {
    let rows = |n: usize| if n == 1 { "1 row has".to_owned() } else { format!("{n} rows have") };
    let fewer = "fewer cells than the header has names; the missing cells count as blank";
    let more = "more cells; the further ones were dropped";
    match (short, long) {
        (n, 0) => format!("{} {fewer} ({width} columns)", rows(n)),
        (0, m) => {
            format!("{} more cells than the header has names; the further ones were dropped ({width} columns)", rows(m))
        }
        (n, m) => format!("{} {fewer}, and {} {more} ({width} columns)", rows(n), rows(m)),
    }
}

/// The first column with content: where a table is set in, its footer stands there.
pub(super) fn leading<'a>(
    n_rows: usize,
    n_columns: usize,
    cell: impl Fn(usize, usize) -> Option<Cow<'a, str>>,
) -> usize {
    (0..n_columns).find(|&c| (0..n_rows.min(20)).any(|r| cell(c, r).is_some())).unwrap_or(0)
}

/// How many rows at the end are totals or footers, not customers; their lines go to `source`.
pub(super) fn trim_end<'a>(
    lines: &[u64],
    n_columns: usize,
    leading: usize,
    cell: impl Fn(usize, usize) -> Option<Cow<'a, str>>,
    source: &mut Source,
    notes: &mut Vec<ReadNote>,
) -> usize {
    let (mut totals, mut footers) = (Vec::new(), Vec::new());
    let mut n = lines.len();
    while n > 1 && lines.len() - n < MAX_FOOTER_ROWS {
        let row = n - 1;
        let mut filled = (0..n_columns).filter_map(|c| cell(c, row).map(|cell| (c, cell)));
        let Some((column, first)) = filled.next() else { break };
        let is_only = filled.next().is_none();
        let first = first.trim();
        let after_gap = lines[row] > lines[row - 1] + 1;
        if is_total(first) {
            totals.push(lines[row]);
        } else if n_columns > 2 && column <= leading && is_only && (first.contains(' ') || after_gap) {
            footers.push(lines[row]);
        } else {
            break;
        }
        n -= 1;
    }
    source.dropped_lines = totals.iter().chain(&footers).copied().collect();
    source.dropped_lines.sort_unstable();
    if !totals.is_empty() {
        let message = "the last rows sum up the others (their first cell says so) and were left out".to_owned();
        notes.push(note("total_row", message, totals.len(), totals));
    }
    if !footers.is_empty() {
        let message = "the last rows are a footer (one cell of text) and were left out".to_owned();
        notes.push(note("footer_rows", message, footers.len(), footers));
    }
    lines.len() - n
}

fn is_total(cell: &str) -> bool {
    if cell.len() > 40 {
        return false;
    }
    let word = cell.trim_end_matches([':', '.', ' ', '=']).to_lowercase();
    TOTAL_WORDS.contains(&word.as_str())
}

/// Fails for more rows than the options allow.
pub(super) fn check_rows(n_rows: usize, what: &str, options: &ReadOptions) -> Result<()> {
    let limit = options.max_rows;
    if n_rows <= limit {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TooLarge, format!("{what} has more than {limit} rows, the limit"))
        .with("limit", limit)
        .hint("raise max_rows, or split the input"))
}

/// How many cells a table may have whose source has `n_given`: rows that are far shorter than the header must not
/// make a small input a table larger than the memory.
pub(super) fn max_cells(n_given: usize, options: &ReadOptions) -> usize {
    n_given.saturating_mul(2).max(options.max_bytes / 8)
}

/// The error of more cells than that.
pub(super) fn too_many_cells(n_columns: usize, limit: usize, what: &str) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("{what} would be a table of {n_columns} columns and over {limit} cells, nearly all of them blank"),
    )
    .with("columns", n_columns)
    .with("limit", limit)
    .hint("check the delimiter and the header, or raise max_bytes")
}

/// The table of these columns, the empty ones left out.
///
/// # Errors
/// `empty_input` where no column holds a value.
pub(super) fn finish(
    columns: Vec<RawColumn>,
    lines: Vec<u64>,
    mut source: Source,
    mut notes: Vec<ReadNote>,
    what: &str,
    options: &ReadOptions,
) -> Result<RawTable> {
    let n_rows = lines.len();
    let is_empty = |c: &RawColumn| c.data.null_count() == n_rows;
    let (empty, kept): (Vec<_>, Vec<_>) = columns.into_iter().partition(|c| !options.keep_empty_columns && is_empty(c));
    if kept.is_empty() {
        let message =
            format!("{what} has {} columns and {n_rows} rows, and no cell under a header holds a value", empty.len());
        return Err(Error::new(ErrorKind::EmptyInput, message)
            .hint("check the delimiter and the line of the header, or set keep_empty_columns"));
    }
    leave_out(empty.into_iter().map(|c| c.name).collect(), &mut source, &mut notes);
    source.cells = options.cells();
    Ok(RawTable::new(kept, n_rows, Places::Lines(lines.into()), source, notes))
}

/// Tells that these columns hold no value.
pub(super) fn leave_out(empty: Vec<String>, source: &mut Source, notes: &mut Vec<ReadNote>) {
    if empty.is_empty() {
        return;
    }
    let (hold, were) = if empty.len() == 1 { ("column holds", "was") } else { ("columns hold", "were") };
    let message = format!("{} {hold} no value at all and {were} left out", empty.len());
    notes.push(note("empty_column", message, 0, Vec::new()));
    source.empty_columns = empty;
}
