//! Records of delimited text: one pass over the bytes, cells as slices of the text.

use crate::error::{Error, ErrorKind, Result};

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dialect {
    /// Between cells.
    pub delimiter: char,
    /// Around cells.
    pub quote: u8,
    /// Whether `\"` stands for a quote inside quotes.
    pub backslash: bool,
}

/// One cell: a slice of the text, or of the record's scratch text where quotes had to be taken out.
#[derive(Debug, Clone, Copy)]
struct Cell {
    start: usize,
    end: usize,
    scratch: bool,
}

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    cells: Vec<Cell>,
    scratch: String,
    /// Line on which it starts, counted from 1.
    pub line: u64,
    /// Byte at which it starts.
    pub offset: usize,
    /// Whether a quote had to be taken as a plain character.
    pub stray_quote: bool,
}

impl Record {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell, blank where the record is too short.
    pub fn get<'a>(&'a self, text: &'a str, i: usize) -> &'a str {
        let Some(cell) = self.cells.get(i) else { return "" };
        let from = if cell.scratch { self.scratch.as_str() } else { text };
        from.get(cell.start..cell.end).unwrap_or("")
    }

    /// The cells.
    pub fn iter<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        (0..self.cells.len()).map(move |i| self.get(text, i))
    }

    /// Whether no cell says anything.
    pub fn is_blank(&self, text: &str) -> bool {
        self.iter(text).all(|c| c.trim().is_empty())
    }
}

/// Reads records one after the other.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    line: u64,
    dialect: Dialect,
    delimiter: ([u8; 4], usize),
    /// Ends of unquoted cells: delimiter, line feed, carriage return.
    stops: [bool; 256],
    /// What may stand around quotes; a byte that no text has where blanks are the delimiter.
    blank: u8,
    max_cell_bytes: usize,
    /// How many opening quotes were never closed; after some of them quotes count as plain characters.
    pub unclosed: u32,
}

/// After so many quotes that are never closed, quotes are plain characters: bounds the work on hostile input.
pub(super) const MAX_UNCLOSED: u32 = 8;

impl<'a> Scanner<'a> {
    /// A scanner from this byte, which stands on this line.
    pub fn new(text: &'a str, position: usize, line: u64, dialect: Dialect, max_cell_bytes: usize) -> Self {
        let mut buffer = [0; 4];
        let length = dialect.delimiter.encode_utf8(&mut buffer).len();
        let mut stops = [false; 256];
        for stop in [buffer[0], b'\n', b'\r'] {
            stops[usize::from(stop)] = true;
        }
        let blank = if dialect.delimiter == ' ' { 0xff } else { b' ' };
        let delimiter = (buffer, length);
        Scanner { text, position, line, dialect, delimiter, stops, blank, max_cell_bytes, unclosed: 0 }
    }

    /// Where the next record starts.
    pub fn position(&self) -> (usize, u64) {
        (self.position, self.line)
    }

    /// Reads the next record, jumping over lines with nothing at all; `false` at the end.
    ///
    /// # Errors
    /// `too_large` for a cell over the limit.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        self.skip_line_ends();
        record.cells.clear();
        record.scratch.clear();
        record.stray_quote = false;
        (record.line, record.offset) = (self.line, self.position);
        if self.position >= self.text.len() {
            return Ok(false);
        }
        while self.next_cell(record)? {}
        Ok(true)
    }

    /// Goes to the start of another record of the same line or the next.
    pub fn jump(&mut self, position: usize) {
        self.position = position;
        self.line += 1;
    }

    /// Goes over lines with nothing at all.
    pub fn skip_line_ends(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&b) = bytes.get(self.position) {
            match b {
                b'\n' => self.line += 1,
                b'\r' => self.line += u64::from(bytes.get(self.position + 1) != Some(&b'\n')),
                _ => break,
            }
            self.position += 1;
        }
    }

    /// Reads one cell; `true` if another follows in the record.
    #[inline]
    fn next_cell(&mut self, record: &mut Record) -> Result<bool> {
        let bytes = self.text.as_bytes();
        let start = self.position;
        // Blanks between the delimiter and a quote are layout, not content.
        let mut at = start;
        while bytes.get(at) == Some(&self.blank) {
            at += 1;
        }
        if bytes.get(at) == Some(&self.dialect.quote) && self.unclosed < MAX_UNCLOSED {
            if let Some(more) = self.quoted(record, at)? {
                return Ok(more);
            }
            record.stray_quote = true;
        }
        let end = self.stop(at);
        self.push(record, Cell { start, end, scratch: false })?;
        Ok(self.step(end))
    }

    /// The next byte from `at` that ends an unquoted cell.
    #[inline]
    fn stop(&self, mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        loop {
            match bytes[at..].iter().position(|&b| self.stops[usize::from(b)]) {
                None => return bytes.len(),
                Some(n) => at += n,
            }
            if bytes[at] == b'\n' || bytes[at] == b'\r' || self.is_delimiter(at) {
                return at;
            }
            at += 1;
        }
    }

    #[inline]
    fn is_delimiter(&self, at: usize) -> bool {
        let (delimiter, length) = &self.delimiter;
        if *length == 1 {
            return self.text.as_bytes().get(at) == Some(&delimiter[0]);
        }
        self.text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(&delimiter[..*length]))
    }

    /// Goes over what ended a cell; `true` if that was a delimiter.
    #[inline]
    fn step(&mut self, end: usize) -> bool {
        let bytes = self.text.as_bytes();
        match bytes.get(end) {
            None => {
                self.position = bytes.len();
                false
            }
            Some(b'\n') if self.dialect.delimiter != '\n' => {
                self.position = end + 1;
                self.line += 1;
                false
            }
            Some(b'\r') => {
                self.position = end + 1 + usize::from(bytes.get(end + 1) == Some(&b'\n'));
                self.line += 1;
                false
            }
            Some(_) => {
                self.position = end + self.delimiter.1;
                true
            }
        }
    }

    #[inline]
    fn push(&self, record: &mut Record, cell: Cell) -> Result<()> {
        if cell.end - cell.start > self.max_cell_bytes {
            return Err(self.too_large(record, self.line, self.position));
        }
        record.cells.push(cell);
        Ok(())
    }

    #[cold]
    fn too_large(&self, record: &Record, line: u64, offset: usize) -> Error {
        let (column, limit) = (record.cells.len() + 1, self.max_cell_bytes);
        Error::new(
            ErrorKind::TooLarge,
            format!(
                "the cell in line {line}, column {column} (byte offset {offset}) is over the limit of {limit} bytes"
            ),
        )
        .with("line", line)
        .with("column", column)
        .with("offset", offset)
        .with("limit", limit)
        .hint("look for a quote that is never closed, or raise max_cell_bytes")
    }

    /// Reads a quoted cell whose quote is at `open`. `None` if the quote is a plain character: never closed,
    /// or closed lines later in the middle of a word.
    fn quoted(&mut self, record: &mut Record, open: usize) -> Result<Option<bool>> {
        let bytes = self.text.as_bytes();
        let quote = self.dialect.quote;
        let (mut at, mut lines, scratch_start) = (open + 1, 0u64, record.scratch.len());
        // The part that is not yet copied starts here; nothing is copied before the first escaped quote.
        let mut from = at;
        let mut copied = false;
        let close = loop {
            if at - open > self.max_cell_bytes.saturating_add(2).saturating_mul(2) {
                return Err(self.too_large(record, self.line, open));
            }
            let Some(&b) = bytes.get(at) else {
                self.unclosed += 1;
                record.scratch.truncate(scratch_start);
                return Ok(None);
            };
            if b == quote {
                if bytes.get(at + 1) != Some(&quote) {
                    break at;
                }
                record.scratch.push_str(self.text.get(from..at + 1).unwrap_or(""));
                copied = true;
                at += 2;
                from = at;
            } else if b == b'\\'
                && self.dialect.backslash
                && matches!(bytes.get(at + 1), Some(&n) if n == quote || n == b'\\')
            {
                record.scratch.push_str(self.text.get(from..at).unwrap_or(""));
                copied = true;
                from = at + 1;
                at += 2;
            } else {
                lines += u64::from(b == b'\n' || (b == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
                at += 1;
            }
        };
        let mut end = close + 1;
        while bytes.get(end) == Some(&self.blank) {
            end += 1;
        }
        let closed_well = matches!(bytes.get(end), None | Some(b'\n' | b'\r')) || self.is_delimiter(end);
        if closed_well && !copied {
            self.line += lines;
            self.push(record, Cell { start: open + 1, end: close, scratch: false })?;
            return Ok(Some(self.step(end)));
        }
        if !closed_well {
            if lines > 0 {
                record.scratch.truncate(scratch_start);
                return Ok(None);
            }
            // Text after the closing quote belongs to the cell, quotes and all.
            record.stray_quote = true;
            end = self.stop(close + 1);
        }
        record.scratch.push_str(self.text.get(from..close).unwrap_or(""));
        if !closed_well {
            record.scratch.push_str(self.text.get(close + 1..end).unwrap_or(""));
        }
        self.line += lines;
        self.push(record, Cell { start: scratch_start, end: record.scratch.len(), scratch: true })?;
        Ok(Some(self.step(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let dialect = Dialect { delimiter: ',', quote: b'"', backslash: text.contains("\\\"") };
        let mut scanner = Scanner::new(text, 0, 1, dialect, 1000);
        let mut record = Record::default();
        let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
        while scanner.next(&mut record).expect("small cells") {
            rows.push((record.line, record.iter(text).map(str::to_owned).collect()));
        }
        let expected: Vec<(u64, Vec<String>)> =
            expected.iter().map(|(l, cells)| (*l, cells.iter().map(|&c| c.to_owned()).collect())).collect();
        assert_eq!(rows, expected, "{text:?}");
    }

    #[test]
    fn records() {
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,b\r\n\r\n1,", &[(1, &["a", "b"]), (3, &["1", ""])]);
        check("a\rb\r", &[(1, &["a"]), (2, &["b"])]);
        check("\"x,\"\"y\"\"\",\"l1\nl2\"\nz,w", &[(1, &["x,\"y\"", "l1\nl2"]), (3, &["z", "w"])]);
        check("a, \"b, c\" ,d", &[(1, &["a", "b, c", "d"])]);
        check("5\" pipe,x\n", &[(1, &["5\" pipe", "x"])]);
        check("\"a\"b,c\n", &[(1, &["ab", "c"])]);
        // Never closed, or closed lines later inside a word: a plain character.
        check("\"a,b\n1,2\n", &[(1, &["\"a", "b"]), (2, &["1", "2"])]);
        check("\"a,b\n\"1,2\n", &[(1, &["\"a", "b"]), (2, &["\"1", "2"])]);
        check("\"say \\\"hi\\\"\",2\n", &[(1, &["say \"hi\"", "2"])]);
        check("ä,\"ö\"\n", &[(1, &["ä", "ö"])]);
    }

    #[test]
    fn a_long_cell_is_an_error_with_its_place() {
        for text in [format!("a,b\n1,{}\n", "x".repeat(2000)), format!("a,b\n1,\"{}\"\n", "x".repeat(9000))] {
            let mut scanner =
                Scanner::new(&text, 0, 1, Dialect { delimiter: ',', quote: b'"', backslash: false }, 1000);
            let mut record = Record::default();
            assert!(scanner.next(&mut record).expect("header"));
            let error = scanner.next(&mut record).expect_err("too large");
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert!(error.context().contains(&("line", "2".to_owned())), "{error:?}");
            assert!(error.context().contains(&("offset", "6".to_owned())), "{error:?}");
        }
    }
}
