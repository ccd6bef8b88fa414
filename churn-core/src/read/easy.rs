//! The rows that most files have nothing but: as many cells as the header, none of them quoted, none that begins with a
//! blank or a letter beyond ASCII, up to a line feed. They are read without a branch for every byte; everything else is
//! the scanner's.

use super::scan::Dialect;

/// Bytes that a short cell is copied as.
const BLOCK: usize = 16;
/// Bytes that are searched at once: one bit each.
const WORD: usize = 64;

/// The cells of one column of a piece, end to end; a blank cell has no bytes, and no other has none.
#[derive(Debug, Default, Clone)]
pub(super) struct Cells {
    /// Written memory, so that a short cell can be copied as one block; the first `used` bytes count.
    memory: Vec<u8>,
    used: usize,
    ends: Vec<u32>,
}

impl Cells {
    /// The cells, end to end.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[..self.used]
    }

    /// Where each cell ends in them.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Without cells; the memory stays.
    pub fn clear(&mut self) {
        self.used = 0;
        self.ends.clear();
    }

    /// Adds the cell that is `text[from..to]`; `false`, and nothing added, where the column would get too long.
    #[inline]
    pub fn push(&mut self, text: &[u8], from: usize, to: usize) -> bool {
        let used = self.used + (to - from);
        let Ok(end) = u32::try_from(used) else { return false };
        // What is copied behind the cell is written over by the next one.
        match (text.get(from..from + BLOCK), self.memory.get_mut(self.used..self.used + BLOCK)) {
            (Some(block), Some(room)) if to - from <= BLOCK => room.copy_from_slice(block),
            _ => self.push_long(&text[from..to]),
        }
        self.used = used;
        self.ends.push(end);
        true
    }

    #[cold]
    fn push_long(&mut self, cell: &[u8]) {
        let end = self.used + cell.len();
        if self.memory.len() < end + BLOCK {
            self.memory.resize((2 * self.memory.len()).max(end + BLOCK).max(4096), 0);
        }
        self.memory[self.used..end].copy_from_slice(cell);
    }

    fn pop(&mut self) {
        self.ends.pop();
        self.used = self.ends.last().map_or(0, |&end| end as usize);
    }
}

/// Where cells end: delimiters, line feeds, carriage returns, found 64 bytes at a time.
struct Stops<'a> {
    bytes: &'a [u8],
    wanted: [u8; 3],
    /// The bytes that `mask` is of start here.
    base: usize,
    /// One bit for each stop at or after `from`.
    mask: u64,
    from: usize,
}

impl<'a> Stops<'a> {
    fn new(bytes: &'a [u8], wanted: [u8; 3]) -> Self {
        let mut stops = Stops { bytes, wanted, base: 0, mask: 0, from: 0 };
        stops.turn_to(0);
        stops
    }

    /// Goes to this place.
    #[inline]
    fn seek(&mut self, at: usize) {
        if at < self.from.max(self.base) || at >= self.base + WORD {
            self.turn_to(at);
        } else {
            self.mask &= u64::MAX << (at - self.base);
            self.from = at;
        }
    }

    fn turn_to(&mut self, at: usize) {
        (self.base, self.from) = (at, at);
        self.mask = self.bits();
    }

    /// The next stop; `None` at the end of the text.
    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.base += WORD;
            if self.base >= self.bytes.len() {
                return None;
            }
            self.mask = self.bits();
        }
        let at = self.base + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        self.from = at + 1;
        (at < self.bytes.len()).then_some(at)
    }

    /// One bit for each stop of the word at `base`.
    #[inline]
    fn bits(&self) -> u64 {
        let rest = self.bytes.get(self.base..).unwrap_or_default();
        match rest.first_chunk::<WORD>() {
            Some(word) => bits(word, self.wanted),
            None => {
                let mut word = [0; WORD];
                word[..rest.len()].copy_from_slice(rest);
                bits(&word, self.wanted)
            }
        }
    }
}

/// One bit for each byte that is one of those wanted. The comparisons are done many at a time, and eight of their
/// results, each 0 or 1, are gathered by one multiplication: the highest byte of the product has one bit of each.
#[inline]
fn bits(word: &[u8; WORD], [a, b, c]: [u8; 3]) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let hits = word.map(|byte| u8::from(byte == a) | u8::from(byte == b) | u8::from(byte == c));
    let (eights, _) = hits.as_chunks::<8>();
    let gathered = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56);
    gathered.enumerate().fold(0, |mask, (i, bits)| mask | bits << (8 * i))
}

/// Reads easy rows.
pub(super) struct Easy<'a> {
    bytes: &'a [u8],
    stops: Stops<'a>,
    delimiter: u8,
    quote: u8,
    max_cell_bytes: usize,
    /// The first header in bytes, where a row may repeat the header.
    header: Option<&'a [u8]>,
}

impl<'a> Easy<'a> {
    /// A reader of this text; `None` for a delimiter beyond ASCII.
    pub fn new(text: &'a str, dialect: Dialect, max_cell_bytes: usize, header: Option<&'a str>) -> Option<Self> {
        let delimiter = u8::try_from(dialect.delimiter).ok().filter(u8::is_ascii)?;
        let (bytes, header) = (text.as_bytes(), header.map(str::as_bytes));
        let stops = Stops::new(bytes, [delimiter, b'\n', b'\r']);
        Some(Easy { bytes, stops, delimiter, quote: dialect.quote, max_cell_bytes, header })
    }

    /// Whether a row that begins with this cell may repeat the header.
    fn may_be_header(&self, cell: &[u8]) -> bool {
        self.header.is_some_and(|name| cell.len() >= name.len() && cell.trim_ascii() == name)
    }

    /// Appends the row that starts at `start` and gives the start of the next; `None`, and nothing appended, for a row
    /// that is not easy.
    #[inline]
    pub fn read(&mut self, start: usize, columns: &mut [Cells]) -> Option<usize> {
        self.stops.seek(start);
        let (last, mut from) = (columns.len() - 1, start);
        for column in 0..=last {
            let at = self.stops.next();
            let pushed = at.is_some_and(|at| {
                self.is_plain(from, at, column)
                    && self.ends_well(at, column == last)
                    && columns[column].push(self.bytes, from, at)
            });
            let Some(at) = at.filter(|_| pushed) else {
                columns[..column].iter_mut().for_each(Cells::pop);
                return None;
            };
            from = at + 1;
        }
        // Behind the line feed, or between carriage return and line feed.
        Some(if self.bytes[from - 1] == b'\r' { from + 1 } else { from })
    }

    #[inline]
    fn is_plain(&self, from: usize, to: usize, column: usize) -> bool {
        if from == to {
            // A row that begins with a blank cell may be blank altogether.
            return column > 0;
        }
        let first = self.bytes[from];
        first.is_ascii_graphic()
            && first != self.quote
            && to - from <= self.max_cell_bytes
            && (column > 0 || !self.may_be_header(&self.bytes[from..to]))
    }

    #[inline]
    fn ends_well(&self, at: usize, is_last: bool) -> bool {
        match self.bytes[at] {
            b if b == self.delimiter => !is_last,
            b'\n' => is_last,
            _ => is_last && self.bytes.get(at + 1) == Some(&b'\n'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn stops_are_those_of_a_plain_search(text in "[a,;\n\r\u{e9}]{0,300}", starts in proptest::collection::vec(0usize..300, 1..5)) {
            let bytes = text.as_bytes();
            let mut stops = Stops::new(bytes, [b',', b'\n', b'\r']);
            // Backwards too: a row that is not easy may be read again.
            for start in starts {
                stops.seek(start);
                let found: Vec<usize> = std::iter::from_fn(|| stops.next()).collect();
                let expected: Vec<usize> =
                    (start..bytes.len()).filter(|&i| matches!(bytes[i], b',' | b'\n' | b'\r')).collect();
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn cells_stand_end_to_end(cells in proptest::collection::vec("[a-z]{0,40}", 0..50)) {
            let text = cells.concat();
            let (mut column, mut at) = (Cells::default(), 0);
            for cell in &cells {
                // A cell that is taken back leaves nothing.
                prop_assert!(column.push(text.as_bytes(), 0, text.len().min(20)));
                column.pop();
                prop_assert!(column.push(text.as_bytes(), at, at + cell.len()));
                at += cell.len();
            }
            prop_assert_eq!(column.bytes(), text.as_bytes());
            prop_assert_eq!(column.ends().len(), cells.len());
        }
    }
}
