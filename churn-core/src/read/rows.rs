//! The rows of delimited text, read in pieces by all threads; the result is that of one piece.
//!
//! The text is cut at line ends near fixed places, and each piece is read as if a record began there. Whether one
//! does is known when the piece before it has been read: where that one stops elsewhere (a quoted cell runs over the
//! cut), the piece is read again from the true place. So the cuts change nothing but the time.

use super::ReadOptions;
use super::layout::{self, Head, Odd};
use super::scan::{Dialect, MAX_UNCLOSED, Record, Scanner};
use crate::error::{Error, Result};
use crate::table::columns_at_once;
use arrow_array::LargeStringArray;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use rayon::prelude::*;

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

/// The rows.
pub(super) struct Rows {
    /// One array a column; blank cells are null.
    pub columns: Vec<LargeStringArray>,
    /// The line of each row.
    pub lines: Vec<u64>,
    /// What was mended or left out.
    pub odd: Odd,
}

/// The cells of one column of a piece, end to end; a blank cell has no bytes, and no other has none.
#[derive(Default, Clone)]
struct Cells {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// A piece that was read; lines count from the start of the piece, rows too.
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
    let max_cells = layout::max_cells(text.len(), options);
    let starts = starts(text, head.rows.0, piece_bytes);
    let ends = starts[1..].iter().copied().chain([text.len()]);
    let spans: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let guesses: Vec<Option<Piece>> =
        spans.par_iter().map(|&(start, end)| job.read((start, 0), end, 0, end - start).ok().flatten()).collect();
    let (mut at, mut unclosed, mut n_rows) = (head.rows, 0, 0);
    let mut pieces: Vec<Piece> = Vec::with_capacity(spans.len());
    for ((start, end), guess) in spans.into_iter().zip(guesses) {
        if at.0 >= end && end < text.len() {
            continue;
        }
        // The count of quotes that were never closed only matters once it reaches its limit.
        let fits = |p: &Piece| start == at.0 && (unclosed == 0 || (p.unclosed == 0 && unclosed < MAX_UNCLOSED));
        let piece = match guess.filter(fits) {
            Some(piece) => piece,
            // An error of a guess is worth nothing; this one has the true line.
            None => {
                let left = max_cells.saturating_sub(n_rows * head.names.len());
                let piece = job.read((at.0, 0), end, unclosed, left).or_else(|_| job.read(at, end, unclosed, left))?;
                piece.ok_or_else(|| layout::too_many_cells(head.names.len(), max_cells, what))?
            }
        };
        n_rows += piece.lines.len();
        layout::check_rows(n_rows, what, options)?;
        let lines_before = at.1;
        at = (piece.end.0, at.1 + piece.end.1);
        unclosed += piece.unclosed;
        pieces.push(piece.placed(lines_before, n_rows));
    }
    join(pieces, head.names.len(), n_rows)
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
    /// Reads the records that start between `from` (byte and line) and `end`; `None` over so many cells.
    fn read(&self, from: (usize, u64), end: usize, unclosed: u32, max_cells: usize) -> Result<Option<Piece>> {
        let (text, header) = (self.text, self.head.names.as_slice());
        let width = header.len();
        let share = end.saturating_sub(from.0) / width.max(1);
        let mut piece = Piece {
            columns: vec![Cells::default(); width],
            odd: Odd::default(),
            lines: Vec::new(),
            end: from,
            unclosed: 0,
        };
        for cells in &mut piece.columns {
            cells.bytes.reserve(share);
        }
        let mut scanner = Scanner::new(text, from.0, from.1, self.dialect, self.max_cell_bytes);
        scanner.unclosed = unclosed;
        let mut record = Record::default();
        scanner.skip_line_ends();
        // Without a column there is no cell to move on by.
        let easy = Easy::new(self.dialect).filter(|_| width > 0);
        loop {
            let (position, line) = scanner.position();
            if position >= end {
                break;
            }
            if let Some(next) = easy.as_ref().and_then(|easy| easy.read(self, position, &mut piece)) {
                piece.lines.push(line);
                scanner.jump(next);
            } else if scanner.next(&mut record)? {
                self.add(&record, header, &mut piece)?;
            } else {
                break;
            }
            if piece.lines.len().saturating_mul(width) > max_cells.saturating_add(2 * width) {
                return Ok(None);
            }
            scanner.skip_line_ends();
        }
        let (position, line) = scanner.position();
        piece.end = (position, line - from.1);
        for line in &mut piece.lines {
            *line -= from.1;
        }
        piece.unclosed = scanner.unclosed - unclosed;
        Ok(Some(piece))
    }

    /// Whether a row that begins with this cell may repeat the header.
    fn may_be_header(&self, cell: &[u8]) -> bool {
        self.head.line.is_some()
            && self.head.names.first().is_some_and(|n| cell.len() >= n.len() && cell.trim_ascii() == n.as_bytes())
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
            if !is_blank(cell) {
                cells.bytes.extend_from_slice(cell.as_bytes());
            }
            let end = u32::try_from(cells.bytes.len()).map_err(|_| Error::internal("a piece over four gigabytes"))?;
            cells.ends.push(end);
        }
        Ok(())
    }
}

/// Reads the rows that most files have nothing but: as many cells as the header, none of them quoted, none that begins
/// with a blank or a letter beyond ASCII, up to a line feed. Everything else is the scanner's.
struct Easy {
    delimiter: u8,
    quote: u8,
    /// Delimiter, line feed, carriage return.
    stops: [bool; 256],
}

impl Easy {
    fn new(dialect: Dialect) -> Option<Easy> {
        let delimiter = u8::try_from(dialect.delimiter).ok().filter(u8::is_ascii)?;
        let mut stops = [false; 256];
        for stop in [delimiter, b'\n', b'\r'] {
            stops[usize::from(stop)] = true;
        }
        Some(Easy { delimiter, quote: dialect.quote, stops })
    }

    /// Appends the row that starts at `start` and gives the start of the next; `None`, and nothing appended, for a row
    /// that is not easy.
    fn read(&self, job: &Job<'_>, start: usize, piece: &mut Piece) -> Option<usize> {
        let bytes = job.text.as_bytes();
        let width = piece.columns.len();
        let mut at = start;
        for column in 0..width {
            let from = at;
            while at < bytes.len() && !self.stops[usize::from(bytes[at])] {
                at += 1;
            }
            let cell = &bytes[from..at];
            let is_last = column + 1 == width;
            let plain = match cell.first() {
                // A row that begins with a blank cell may be blank altogether.
                None => column > 0,
                Some(&first) => {
                    first.is_ascii_graphic()
                        && first != self.quote
                        && cell.len() <= job.max_cell_bytes
                        && (column > 0 || !job.may_be_header(cell))
                }
            };
            let ends_well = match bytes.get(at) {
                Some(&b) if b == self.delimiter => !is_last,
                Some(b'\n') => is_last,
                Some(_) => is_last && bytes.get(at + 1) == Some(&b'\n'),
                None => false,
            };
            let cells = &mut piece.columns[column];
            let end = if plain && ends_well { u32::try_from(cells.bytes.len() + cell.len()).ok() } else { None };
            let Some(end) = end else {
                for cells in &mut piece.columns[..column] {
                    cells.ends.pop();
                    cells.bytes.truncate(cells.ends.last().map_or(0, |&e| e as usize));
                }
                return None;
            };
            cells.bytes.extend_from_slice(cell);
            cells.ends.push(end);
            at += 1;
        }
        // Behind the line feed, or between carriage return and line feed.
        Some(if bytes.get(at - 1) == Some(&b'\r') { at + 1 } else { at })
    }
}

impl Piece {
    /// With lines and rows counted from the start of the file; `n_rows` counts the rows up to its end.
    fn placed(mut self, lines_before: u64, n_rows: usize) -> Piece {
        let rows_before = n_rows - self.lines.len();
        let odd = &mut self.odd;
        for (row, line) in odd.short.iter_mut().chain(&mut odd.long).chain(&mut odd.stray) {
            *row += rows_before;
            *line += lines_before;
        }
        for line in self.lines.iter_mut().chain(&mut odd.blank).chain(&mut odd.repeated) {
            *line += lines_before;
        }
        self
    }
}

/// The pieces as one.
fn join(mut pieces: Vec<Piece>, width: usize, n_rows: usize) -> Result<Rows> {
    let mut rows = Rows { columns: Vec::new(), lines: Vec::with_capacity(n_rows), odd: Odd::default() };
    let mut columns: Vec<Vec<Cells>> = (0..width).map(|_| Vec::with_capacity(pieces.len())).collect();
    for piece in &mut pieces {
        rows.lines.append(&mut piece.lines);
        rows.odd.short.append(&mut piece.odd.short);
        rows.odd.long.append(&mut piece.odd.long);
        rows.odd.stray.append(&mut piece.odd.stray);
        rows.odd.blank.append(&mut piece.odd.blank);
        rows.odd.repeated.append(&mut piece.odd.repeated);
        for (column, cells) in columns.iter_mut().zip(std::mem::take(&mut piece.columns)) {
            column.push(cells);
        }
    }
    rows.columns = columns
        .into_par_iter()
        .with_min_len(columns_at_once(n_rows))
        .map(|pieces| array(pieces, n_rows))
        .collect::<Result<_>>()?;
    Ok(rows)
}

fn array(mut pieces: Vec<Cells>, n_rows: usize) -> Result<LargeStringArray> {
    let n_bytes = pieces.iter().map(|p| p.bytes.len()).sum();
    let mut bytes = if pieces.len() == 1 { std::mem::take(&mut pieces[0].bytes) } else { Vec::with_capacity(n_bytes) };
    let mut offsets: Vec<i64> = Vec::with_capacity(n_rows + 1);
    offsets.push(0);
    let mut base = 0i64;
    for piece in pieces {
        offsets.extend(piece.ends.iter().map(|&end| base + i64::from(end)));
        base += piece.ends.last().map_or(0, |&end| i64::from(end));
        bytes.extend_from_slice(&piece.bytes);
    }
    let any_blank = offsets.windows(2).any(|w| w[0] == w[1]);
    let nulls =
        any_blank.then(|| NullBuffer::new(BooleanBuffer::collect_bool(n_rows, |i| offsets[i] != offsets[i + 1])));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    LargeStringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)
        .map_err(|e| Error::internal("cells that are no text").caused_by(e))
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
    use arrow_array::Array;
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
