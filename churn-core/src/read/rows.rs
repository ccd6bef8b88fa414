//! The rows of delimited text, read in pieces by all threads; the result is that of one piece.
//!
//! The text is cut at line ends near fixed places, and each piece is read as if a record began there. Whether one
//! does is known when the piece before it has been read: where that one stops elsewhere (a quoted cell runs over the
//! cut), the piece is read again from the true place. So the cuts change nothing but the time.

use super::ReadOptions;
use super::easy::{Cells, Easy};
use super::layout::{self, Head, Odd};
use super::scan::{Dialect, MAX_UNCLOSED, Record, Scanner};
use crate::error::{Error, Result};
use crate::table::{ReadNote, Source, columns_at_once};
use arrow_array::{Array, LargeStringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use rayon::prelude::*;
use std::borrow::Cow;

/// Bytes of a piece: with what becomes of them they stay in the cache of a core.
const PIECE: usize = 1 << 18;
/// Pieces of a wave, for each thread. After a wave its cells move on to the columns, and its memory is used again.
const WAVE: usize = 8;

/// The rows.
pub(super) struct Rows {
    /// One array a column; blank cells are null.
    pub columns: Vec<LargeStringArray>,
    /// The line of each row.
    pub lines: Vec<u64>,
    /// What was mended or left out.
    pub odd: Odd,
    /// The line after the last.
    pub next_line: u64,
    /// Quotes that were never closed.
    pub unclosed: u32,
}

impl Rows {
    fn cell(&self, column: usize, row: usize) -> Option<Cow<'_, str>> {
        let array = &self.columns[column];
        array.is_valid(row).then(|| Cow::Borrowed(array.value(row)))
    }

    /// The first column with content.
    pub fn leading(&self) -> usize {
        layout::leading(self.lines.len(), self.columns.len(), |c, r| self.cell(c, r))
    }

    /// How many rows at the end are totals or footers; their lines go to `source`.
    pub fn trim_end(&self, leading: usize, source: &mut Source, notes: &mut Vec<ReadNote>) -> usize {
        layout::trim_end(&self.lines, self.columns.len(), leading, |c, r| self.cell(c, r), source, notes)
    }
}

/// A piece that was read; lines count from the start of the piece, rows too.
#[derive(Default)]
struct Piece {
    columns: Vec<Cells>,
    odd: Odd,
    lines: Vec<u64>,
    /// Where the next record starts: byte, and lines since the start.
    end: (usize, u64),
    /// Quotes in it that were never closed.
    unclosed: u32,
}

/// Reads all rows.
///
/// # Errors
/// `too_large` for a cell or a number of rows over the limit.
pub(super) fn read(text: &str, head: &Head, dialect: Dialect, what: &str, options: &ReadOptions) -> Result<Rows> {
    read_in_pieces(text, head, dialect, what, options, PIECE)
}

fn read_in_pieces(
    text: &str,
    head: &Head,
    dialect: Dialect,
    what: &str,
    options: &ReadOptions,
    piece_bytes: usize,
) -> Result<Rows> {
    let job = Job { text, head, dialect, max_cell_bytes: options.max_cell_bytes };
    let width = head.names.len();
    let max_cells = layout::max_cells(text.len(), options);
    let starts = starts(text, head.rows.0, piece_bytes);
    let ends = starts[1..].iter().copied().chain([text.len()]);
    let spans: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let (mut at, mut unclosed, mut n_rows) = (head.rows, 0, 0);
    let mut whole = Whole::new(width);
    let mut pieces: Vec<Piece> = Vec::new();
    for wave in spans.chunks(WAVE * rayon::current_num_threads()) {
        pieces.resize_with(wave.len(), Piece::default);
        let guess = |(piece, &(start, end)): (&mut Piece, &(usize, usize))| {
            matches!(job.read(piece, (start, 0), end, 0, end - start), Ok(true))
        };
        let guessed: Vec<bool> = pieces.par_iter_mut().zip(wave).map(guess).collect();
        for ((piece, &(start, end)), guessed) in pieces.iter_mut().zip(wave).zip(guessed) {
            if at.0 >= end && end < text.len() {
                piece.clear(width);
                continue;
            }
            // The count of quotes that were never closed only matters once it reaches its limit.
            let fits = start == at.0 && (unclosed == 0 || (piece.unclosed == 0 && unclosed < MAX_UNCLOSED));
            // An error of a guess is worth nothing; this one has the true line.
            if !(guessed && fits) {
                let left = max_cells.saturating_sub(n_rows * width);
                let again = job.read(piece, (at.0, 0), end, unclosed, left);
                if !again.or_else(|_| job.read(piece, at, end, unclosed, left))? {
                    return Err(layout::too_many_cells(width, max_cells, what));
                }
            }
            n_rows += piece.lines.len();
            layout::check_rows(n_rows, what, options)?;
            let lines_before = at.1;
            at = (piece.end.0, at.1 + piece.end.1);
            unclosed += piece.unclosed;
            piece.place(lines_before, n_rows);
        }
        let read = wave.last().map_or(text.len(), |&(_, end)| end) - head.rows.0;
        let share = (text.len() - head.rows.0) as f64 / read.max(1) as f64;
        whole.append(&mut pieces, share);
    }
    whole.finish(at.1, unclosed)
}

/// Where the pieces start: at the first line with content at or after each cut.
fn starts(text: &str, first: usize, piece_bytes: usize) -> Vec<usize> {
    let bytes = text.as_bytes();
    let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let mut starts = vec![first];
    let mut cut = first.saturating_add(piece_bytes);
    while let Some(rest) = bytes.get(cut..) {
        let Some(end) = rest.iter().position(is_end) else { break };
        let Some(content) = rest[end..].iter().position(|b| !is_end(b)) else { break };
        let start = cut + end + content;
        starts.push(start);
        cut = start.saturating_add(piece_bytes);
    }
    starts
}

/// What all pieces share.
struct Job<'a> {
    text: &'a str,
    head: &'a Head,
    dialect: Dialect,
    max_cell_bytes: usize,
}

impl Job<'_> {
    /// Reads the records that start between `from` (byte and line) and `end` into the piece; `false` over so many cells.
    fn read(&self, piece: &mut Piece, from: (usize, u64), end: usize, unclosed: u32, max_cells: usize) -> Result<bool> {
        let (text, header) = (self.text, self.head.names.as_slice());
        let width = header.len();
        piece.clear(width);
        let mut scanner = Scanner::new(text, from.0, from.1, self.dialect, self.max_cell_bytes);
        scanner.unclosed = unclosed;
        let mut record = Record::default();
        scanner.skip_line_ends();
        let first = header.first().filter(|_| self.head.line.is_some()).map(String::as_str);
        // Without a column there is no cell to move on by.
        let mut easy = Easy::new(text, self.dialect, self.max_cell_bytes, first).filter(|_| width > 0);
        loop {
            let (position, line) = scanner.position();
            if position >= end {
                break;
            }
            if let Some(next) = easy.as_mut().and_then(|easy| easy.read(position, &mut piece.columns)) {
                piece.lines.push(line);
                scanner.jump(next);
            } else if scanner.next(&mut record)? {
                self.add(&record, header, piece)?;
            } else {
                break;
            }
            if piece.lines.len().saturating_mul(width) > max_cells.saturating_add(2 * width) {
                return Ok(false);
            }
            scanner.skip_line_ends();
        }
        let (position, line) = scanner.position();
        piece.end = (position, line - from.1);
        for line in &mut piece.lines {
            *line -= from.1;
        }
        piece.unclosed = scanner.unclosed - unclosed;
        Ok(true)
    }

    #[inline]
    fn add(&self, record: &Record, header: &[String], piece: &mut Piece) -> Result<()> {
        let (text, width) = (self.text, header.len());
        let first = record.get(text, 0);
        if is_blank(first) && record.is_blank(text) {
            piece.odd.blank.push(record.line);
            return Ok(());
        }
        if self.head.line.is_some()
            && record.len() == width
            && width > 1
            && first.trim() == header[0]
            && record.iter(text).zip(header).all(|(c, h)| c.trim() == h)
        {
            piece.odd.repeated.push(record.line);
            return Ok(());
        }
        let row = piece.lines.len();
        piece.lines.push(record.line);
        if record.len() < width {
            piece.odd.short.push((row, record.line));
        } else if record.len() > width && (width..record.len()).any(|i| !is_blank(record.get(text, i))) {
            piece.odd.long.push((row, record.line));
        }
        if record.stray_quote {
            piece.odd.stray.push((row, record.line));
        }
        for (i, cells) in piece.columns.iter_mut().enumerate() {
            let cell = record.get(text, i);
            let cell = if is_blank(cell) { "" } else { cell };
            if !cells.push(cell.as_bytes(), 0, cell.len()) {
                return Err(Error::internal("a piece over four gigabytes"));
            }
        }
        Ok(())
    }
}

impl Piece {
    /// Without rows, as wide as the header; the memory stays.
    fn clear(&mut self, width: usize) {
        self.columns.resize_with(width, Cells::default);
        self.columns.iter_mut().for_each(Cells::clear);
        self.odd = Odd::default();
        self.lines.clear();
        (self.end, self.unclosed) = ((0, 0), 0);
    }

    /// With lines and rows counted from the start of the file; `n_rows` counts the rows up to its end.
    fn place(&mut self, lines_before: u64, n_rows: usize) {
        let rows_before = n_rows - self.lines.len();
        let odd = &mut self.odd;
        for (row, line) in odd.short.iter_mut().chain(&mut odd.long).chain(&mut odd.stray) {
            *row += rows_before;
            *line += lines_before;
        }
        for line in self.lines.iter_mut().chain(&mut odd.blank).chain(&mut odd.repeated) {
            *line += lines_before;
        }
    }
}

/// The pieces as one.
struct Whole {
    columns: Vec<Column>,
    lines: Vec<u64>,
    odd: Odd,
}

#[derive(Clone)]
struct Column {
    bytes: Vec<u8>,
    offsets: Vec<i64>,
    any_blank: bool,
}

impl Whole {
    fn new(width: usize) -> Self {
        let column = Column { bytes: Vec::new(), offsets: vec![0], any_blank: false };
        Whole { columns: vec![column; width], lines: Vec::new(), odd: Odd::default() }
    }

    /// Adds the next pieces; the whole is so many times as long as what was read up to their end.
    fn append(&mut self, pieces: &mut [Piece], share: f64) {
        for piece in pieces.iter_mut() {
            self.lines.append(&mut piece.lines);
            self.odd.append(&mut piece.odd, 0);
        }
        let (pieces, at_once) = (&*pieces, columns_at_once(self.lines.len()));
        self.columns.par_iter_mut().enumerate().with_min_len(at_once).for_each(|(i, column)| {
            for piece in pieces {
                column.append(&piece.columns[i]);
            }
            column.expect(share);
        });
    }

    fn finish(self, next_line: u64, unclosed: u32) -> Result<Rows> {
        let columns = self.columns.into_par_iter().with_min_len(columns_at_once(self.lines.len()));
        let columns = columns.map(Column::finish).collect::<Result<_>>()?;
        Ok(Rows { columns, lines: self.lines, odd: self.odd, next_line, unclosed })
    }
}

impl Column {
    fn append(&mut self, cells: &Cells) {
        let base = self.bytes.len() as i64;
        self.bytes.extend_from_slice(cells.bytes());
        let ends = cells.ends();
        self.offsets.extend(ends.iter().map(|&end| base + i64::from(end)));
        let blank = ends.windows(2).fold(ends.first() == Some(&0), |any, w| any | (w[0] == w[1]));
        self.any_blank |= blank;
    }

    /// Makes room for so many times what is there, and a little more: growing means copying.
    fn expect(&mut self, share: f64) {
        let more = |n: usize| (n as f64 * (1.03 * share - 1.0)).max(0.0) as usize;
        if self.bytes.capacity() - self.bytes.len() < more(self.bytes.len()) / 2 {
            self.bytes.reserve(more(self.bytes.len()));
        }
        if self.offsets.capacity() - self.offsets.len() < more(self.offsets.len()) / 2 {
            self.offsets.reserve(more(self.offsets.len()));
        }
    }

    fn finish(self) -> Result<LargeStringArray> {
        let Column { bytes, offsets, any_blank } = self;
        let is_filled = |i: usize| offsets[i] != offsets[i + 1];
        let nulls = any_blank.then(|| NullBuffer::new(BooleanBuffer::collect_bool(offsets.len() - 1, is_filled)));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        LargeStringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)
            .map_err(|e| Error::internal("cells that are no text").caused_by(e))
    }
}

/// Whether a cell says nothing; most cells are told by their first byte.
#[inline]
pub(super) fn is_blank(cell: &str) -> bool {
    match cell.as_bytes().first() {
        None => true,
        Some(b'!'..=b'~') => false,
        Some(_) => cell.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, dialect: Dialect, piece_bytes: usize) -> Result<Rows> {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let head = Head { names, line: Some(1), titles: Vec::new(), rows: (0, 1) };
        let options = ReadOptions { max_cell_bytes: 40, ..ReadOptions::default() };
        read_in_pieces(text, &head, dialect, "the input", &options, piece_bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_change_nothing(
            parts in proptest::collection::vec(prop::sample::select(vec![
                "a", "b,", "\n", "\r\n", "\r", "\"", "\"\"", "\"x\ny\"", "\"x,\n\n\",", ",", " ", "é", "\\\"", "a,b\n", "1,2\n", "\n\n",
            ]), 0..60),
            piece_bytes in 1usize..40,
            backslash in any::<bool>(),
        ) {
            let text = parts.concat();
            let dialect = Dialect { delimiter: ',', quote: b'"', backslash };
            match (rows(&text, dialect, usize::MAX), rows(&text, dialect, piece_bytes)) {
                (Ok(whole), Ok(cut)) => {
                    prop_assert_eq!(&whole.lines, &cut.lines);
                    prop_assert_eq!(&whole.columns, &cut.columns);
                    prop_assert_eq!(&whole.odd.short, &cut.odd.short);
                    prop_assert_eq!(&whole.odd.long, &cut.odd.long);
                    prop_assert_eq!(&whole.odd.stray, &cut.odd.stray);
                    prop_assert_eq!(&whole.odd.blank, &cut.odd.blank);
                    prop_assert_eq!(&whole.odd.repeated, &cut.odd.repeated);
                }
                (Err(whole), Err(cut)) => prop_assert_eq!(whole.context(), cut.context()),
                (whole, cut) => prop_assert!(false, "{} but {}", whole.is_ok(), cut.is_ok()),
            }
        }
    }

    #[test]
    fn blank_cells_are_null_in_every_piece() {
        let text = "x,\n\"l1\nl2\",2\n ,3\n";
        for piece_bytes in [1, 3, 5, 8, 100] {
            let rows =
                rows(text, Dialect { delimiter: ',', quote: b'"', backslash: false }, piece_bytes).expect("rows");
            assert_eq!(rows.lines, [1, 2, 4], "{piece_bytes}");
            assert_eq!(rows.columns[0].iter().collect::<Vec<_>>(), [Some("x"), Some("l1\nl2"), None]);
            assert_eq!(rows.columns[1].null_count(), 1);
        }
    }
}
