//! How delimited text is laid out: delimiter, quotes and header, recognised from a fixed prefix.
//!
//! The prefix is the first mebibyte, cut at a line end, and of it the first thousand records; it depends on
//! nothing but the text.

use super::scan::{Dialect, Record, Scanner};
use std::collections::{HashMap, HashSet};

/// Delimiters that are recognised, the likeliest first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
const SAMPLE_BYTES: usize = 1 << 20;
pub(super) const SAMPLE_RECORDS: usize = 1000;
/// A header stands in one of the first records or nowhere.
const HEADER_RECORDS: usize = 50;

/// One record of the prefix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SampleRecord {
    /// Line on which it starts.
    pub line: u64,
    /// Byte and line at which the next record starts.
    pub next: (usize, u64),
    /// Its cells, trimmed.
    pub cells: Vec<String>,
}

impl SampleRecord {
    fn n_filled(&self) -> usize {
        self.cells.iter().filter(|c| !c.is_empty()).count()
    }
}

/// Where the header is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Header {
    /// At this record of the sample.
    Record(usize),
    /// Nowhere: the first record is a row.
    None,
}

/// The prefix of the text from `start`, in this dialect; records that are wholly blank are left out.
pub(super) fn sample(text: &str, start: usize, line: u64, dialect: Dialect) -> Vec<SampleRecord> {
    let prefix = prefix(text, start);
    let mut scanner = Scanner::new(prefix, start, line, dialect, SAMPLE_BYTES);
    let mut record = Record::default();
    let mut records = Vec::new();
    while records.len() < SAMPLE_RECORDS {
        // A cell over the limit is reported when the whole file is read.
        let Ok(true) = scanner.next(&mut record) else { break };
        if !record.is_blank(prefix) {
            records.push(SampleRecord {
                line: record.line,
                next: scanner.position(),
                cells: record.iter(prefix).map(|c| c.trim().to_owned()).collect(),
            });
        }
    }
    records
}

/// The text up to the last line end of the prefix, or all of it where it is short or has no line end.
fn prefix(text: &str, start: usize) -> &str {
    let end = start.saturating_add(SAMPLE_BYTES);
    if text.len() <= end {
        return text;
    }
    match text.as_bytes()[start..end].iter().rposition(|&b| b == b'\n' || b == b'\r') {
        Some(n) => text.get(..start + n).unwrap_or(text),
        None => text,
    }
}

/// Whether the prefix from `start` is that of every text that begins with this one.
pub(super) fn sees_alike(text: &str, start: usize) -> bool {
    let prefix = text.as_bytes().get(start..start.saturating_add(SAMPLE_BYTES));
    text.len() > start + SAMPLE_BYTES && prefix.is_some_and(|p| p.iter().any(|&b| b == b'\n' || b == b'\r'))
}

/// Delimiter, quote and escape of the text; what is given is not judged.
pub(super) fn dialect(
    text: &str,
    start: usize,
    forced: Option<char>,
    quote: Option<char>,
    escape: Option<char>,
) -> Dialect {
    let given_quote = quote.and_then(|q| u8::try_from(q).ok());
    let plain = |delimiter| Dialect { delimiter, quote: given_quote.unwrap_or(b'"'), backslash: false };
    let delimiter = forced.unwrap_or_else(|| {
        let mut best = (0.0, 0, ',');
        for candidate in DELIMITERS {
            let (score, width) = rate(&sample(text, start, 1, plain(candidate)), candidate);
            if score > best.0 + 1e-9 || (score > best.0 - 1e-9 && width > best.1) {
                best = (score, width, candidate);
            }
        }
        if best.0 == 0.0 && is_blank_delimited(&sample(text, start, 1, plain(' '))) { ' ' } else { best.2 }
    });
    let quote = given_quote.unwrap_or_else(|| {
        if !text.contains('"') && is_single_quoted(prefix(text, start), delimiter) { b'\'' } else { b'"' }
    });
    let backslash = escape.map_or_else(|| has_backslash_escapes(text, delimiter, quote), |e| e == '\\');
    Dialect { delimiter, quote, backslash }
}

/// How well a delimiter explains the sample, and the width it gives: the share of records that have the most
/// frequent width, times the share of cells that do not look as if another delimiter were inside.
fn rate(records: &[SampleRecord], delimiter: char) -> (f64, usize) {
    let width = modal_width(records);
    if width < 2 {
        return (0.0, width);
    }
    let fitting: Vec<_> = records.iter().filter(|r| r.cells.len() == width).collect();
    let consistency = fitting.len() as f64 / records.len() as f64;
    let mut clean = 0usize;
    for cell in fitting.iter().flat_map(|r| &r.cells) {
        let foreign = |c: char| c != delimiter && cell.contains(c);
        let is_foreign = foreign(';') || foreign('\t') || foreign('|') || (delimiter != ',' && has_bare_comma(cell));
        clean += usize::from(!is_foreign);
    }
    (consistency * clean as f64 / (fitting.len() * width) as f64, width)
}

/// Whether blanks stand between cells where no other delimiter does: records of one width, of three cells and more,
/// with a column of numbers or dates under a header of words. Sentences are not like that.
fn is_blank_delimited(records: &[SampleRecord]) -> bool {
    let width = modal_width(records);
    width >= 3
        && records.len() >= 4
        && records.iter().all(|r| r.cells.len() == width && r.n_filled() == width)
        && records[0].cells.iter().all(|c| !is_value(c))
        && records[0].cells.iter().collect::<HashSet<_>>().len() == width
        && !value_columns(&records[1..], width).is_empty()
}

/// A comma that neither ends a clause ("a, b") nor stands in a number.
fn has_bare_comma(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    bytes.iter().enumerate().any(|(i, &b)| {
        let after = bytes.get(i + 1).copied().unwrap_or(b' ');
        let before = if i == 0 { b' ' } else { bytes[i - 1] };
        b == b',' && after != b' ' && !(after.is_ascii_digit() && (before.is_ascii_digit() || i == 0 || before == b'-'))
    })
}

/// The most frequent number of cells, the larger of equals.
pub(super) fn modal_width(records: &[SampleRecord]) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for record in records {
        *counts.entry(record.cells.len()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(width, count)| (count, width)).map_or(0, |(width, _)| width)
}

/// Whether cells stand in single quotes: opening and closing ones at the ends of cells, at least one a line.
fn is_single_quoted(text: &str, delimiter: char) -> bool {
    let (mut open, mut close, mut lines, mut all) = (0usize, 0usize, 0usize, 0usize);
    let mut before = '\n';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        lines += usize::from(c == '\n');
        if c == '\'' {
            all += 1;
            let after = chars.peek().copied().unwrap_or('\n');
            open += usize::from(before == delimiter || before == '\n');
            close += usize::from(after == delimiter || after == '\n' || after == '\r');
        }
        before = c;
    }
    open > 0 && open.abs_diff(close) * 20 <= open && open >= lines && (open + close) * 10 >= all * 8
}

/// Whether `\"` escapes a quote: at least one is followed by something that does not end a cell.
fn has_backslash_escapes(text: &str, delimiter: char, quote: u8) -> bool {
    if !text.contains('\\') {
        return false;
    }
    let pattern = ['\\', char::from(quote)].iter().collect::<String>();
    text.match_indices(&pattern).any(|(i, _)| {
        let after = text.get(i + 2..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
        after != delimiter && after != '\n' && after != '\r' && after != char::from(quote)
    })
}

/// Where the header is: the first record that fills at least half of the columns. Where it fills fewer than
/// all and a full record of words follows at once, above rows with numbers, that one.
pub(super) fn header(records: &[SampleRecord]) -> Header {
    let width = modal_width(records);
    let need = if width < 2 { 1 } else { 2.max(width.div_ceil(2)) };
    let head = &records[..records.len().min(HEADER_RECORDS)];
    let Some(first) = head.iter().position(|r| r.n_filled() >= need) else {
        return if records.is_empty() { Header::None } else { Header::Record(0) };
    };
    if records[first].n_filled() < width
        && let Some(next) = records.get(first + 1)
        && next.n_filled() == width
        && next.cells.len() == width
        && next.cells.iter().all(|c| !is_value(c))
        && next.cells.iter().collect::<HashSet<_>>().len() == width
        && !value_columns(&records[first + 2..], width).is_empty()
    {
        return Header::Record(first + 1);
    }
    if is_row(records, first, width) { Header::None } else { Header::Record(first) }
}

/// Whether the record at `first` is itself a row: every column of numbers or dates has one there, too, and
/// these are not names such as years or running numbers.
fn is_row(records: &[SampleRecord], first: usize, width: usize) -> bool {
    let rest = &records[first + 1..];
    let columns = value_columns(rest, width);
    if first > 0 || rest.len() < 3 || columns.is_empty() {
        return false;
    }
    let cells: Vec<&str> = columns
        .iter()
        .filter_map(|&j| records[first].cells.get(j))
        .map(String::as_str)
        .filter(|c| !c.is_empty())
        .collect();
    if cells.is_empty() || !cells.iter().all(|c| is_value(c)) {
        return false;
    }
    let is_period = |c: &str| (4..=7).contains(&c.len()) && (c.starts_with("19") || c.starts_with("20"));
    let numbers: Vec<i64> = cells.iter().filter_map(|c| c.parse().ok()).collect();
    let is_running = numbers.len() == cells.len() && numbers.windows(2).all(|w| w[1] == w[0] + 1) && numbers[0] <= 1;
    !(cells.iter().all(|c| is_period(c)) || is_running)
}

/// Columns with at least three cells of which nine of ten are numbers, dates or the like.
fn value_columns(records: &[SampleRecord], width: usize) -> Vec<usize> {
    (0..width)
        .filter(|&j| {
            let filled = records.iter().filter_map(|r| r.cells.get(j)).filter(|c| !c.is_empty());
            let (n, values) = filled.fold((0usize, 0usize), |(n, v), c| (n + 1, v + usize::from(is_value(c))));
            n >= 3 && values * 10 >= n * 9
        })
        .collect()
}

/// Whether a cell looks like a number, a date or a time rather than a word.
fn is_value(cell: &str) -> bool {
    cell.bytes().any(|b| b.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || ".,-+:/%€$£¥() \u{a0}TZ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        let cases = [
            ("a,b\n1,2\n", ','),
            ("a;b\n1,5;2,5\n3,5;4,5\n", ';'),
            ("a;b;c\n1,5;2,5;3,5\n", ';'),
            ("a\tb\nx, y\tz\n", '\t'),
            ("a|b\n1|2\n", '|'),
            ("id,tags\n1,a|b|c\n2,d|e\n", ','),
            ("id;text\n1;Hello, world\n2;Hi, there\n", ';'),
            ("id,text\n1,\"a;b;c\"\n2,\"d;e;f\"\n", ','),
            ("Report\n\nid;n\n1;2\n3;4\n", ';'),
            ("only\n1\n2\n", ','),
            ("a;b;c\n1;2;3\n4,5,6\n7;8;9\n", ';'),
            ("id name fee\na x 1\nb y 2\nc z 3\n", ' '),
            ("note\nup 2 days\ndown 3 days\nlost 4 days\n", ','),
            ("name of person\nAda B Miller\nBen C Smith\nEve D Jones\n", ','),
        ];
        for (text, expected) in cases {
            assert_eq!(dialect(text, 0, None, None, None).delimiter, expected, "{text:?}");
        }
    }

    #[test]
    fn headers() {
        let cases = [
            ("id,n\nx,1\n", Header::Record(0)),
            ("Report of 2024,,\nid,n,m\nx,1,2\ny,2,3\n", Header::Record(1)),
            ("Report\nBy,Finance\nid,n,m\nx,1,2\ny,2,3\nz,3,4\n", Header::Record(2)),
            ("x,1,2024-01-01\ny,2,2024-01-02\nz,3,2024-01-03\nw,4,2024-01-04\n", Header::None),
            ("id,2021,2022\nx,1,2\ny,2,3\nz,3,4\n", Header::Record(0)),
            ("0,1,2\n5,1,7\n9,2,3\n8,3,4\n", Header::Record(0)),
            ("a,b,c\nx,y,z\nu,v,w\n", Header::Record(0)),
        ];
        for (text, expected) in cases {
            let records = sample(text, 0, 1, dialect(text, 0, None, None, None));
            assert_eq!(header(&records), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(dialect("'a','b'\n'1','2'\n", 0, None, None, None).quote, b'\'');
        assert_eq!(dialect("a,b\nit's,d'or\n", 0, None, None, None).quote, b'"');
        assert!(dialect("a,b\n\"say \\\"hi\\\"\",2\n", 0, None, None, None).backslash);
        assert!(!dialect("a,b\n\"C:\\dir\\\",2\n", 0, None, None, None).backslash);
    }
}
