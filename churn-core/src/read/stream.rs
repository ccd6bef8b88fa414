//! A large delimited file read block by block, so that its text is never held as a whole.
//!
//! Only what reads alike in blocks and in one piece is read here: UTF-8 without control characters, whose quotes are all
//! closed. What else there may be (other encodings, archives, a file over a limit, an error) is for the reader of whole
//! files, which has the words for it.

use super::delimited::{self, Start};
use super::layout::{self, Odd};
use super::rows::{self, Rows};
use super::{ReadOptions, arrow_ipc, container, json, sniff, what};
use crate::error::{Error, Result};
use crate::table::{Places, RawTable, ReadNote, Source};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a block.
const BLOCK: usize = 1 << 22;
/// So many blocks are read as one where a cell runs over the end of one.
const MAX_JOINED: usize = 4;
/// Rows that the first block must have, and the last: what stands around a table is told by them.
const MIN_ROWS: usize = 20;

/// What is known once all blocks are read; the columns without a value are named in `source`.
pub(crate) struct End {
    pub source: Source,
    pub notes: Vec<ReadNote>,
}

/// Reads a file block by block, all with the same columns, and hands each block over. `None` where it has to be read as
/// a whole; what was handed over is then void.
///
/// # Errors
/// `io`, and what `take` gives.
pub(crate) fn blocks(
    path: &Path,
    options: &ReadOptions,
    take: impl FnMut(RawTable) -> Result<()>,
) -> Result<Option<End>> {
    blocks_of(path, options, BLOCK, take)
}

fn blocks_of(
    path: &Path,
    options: &ReadOptions,
    block: usize,
    mut take: impl FnMut(RawTable) -> Result<()>,
) -> Result<Option<End>> {
    let failed = |e| Error::io("read", path, e);
    options.check()?;
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?;
    let n_bytes = usize::try_from(size.len()).unwrap_or(usize::MAX);
    let is_small = n_bytes <= 2 * block || n_bytes > options.max_bytes;
    if !size.is_file() || is_small || options.encoding.as_deref().is_some_and(|e| !e.eq_ignore_ascii_case("utf-8")) {
        return Ok(None);
    }
    let name = path.file_name().and_then(|n| n.to_str());
    let mut table = Blocks { what: what(name), options, n_bytes, begun: None };
    let (mut buffer, mut left, mut joined) = (Vec::new(), n_bytes, 0);
    loop {
        // The last block is never a small rest.
        let n = if left <= 2 * block { left } else { block };
        let more = file.by_ref().take(n as u64).read_to_end(&mut buffer).map_err(failed)?;
        left -= n;
        let is_last = left == 0;
        let end = if is_last { Some(buffer.len()) } else { buffer.iter().rposition(|&b| b == b'\n').map(|at| at + 1) };
        let text = end.and_then(|end| std::str::from_utf8(&buffer[..end]).ok()).filter(|_| more == n);
        let Some(text) = text else { return Ok(None) };
        match table.read(text, name, is_last)? {
            Outcome::Block(raw) => take(*raw)?,
            Outcome::Open if joined < MAX_JOINED && !is_last => {
                joined += 1;
                continue;
            }
            Outcome::Open | Outcome::Odd => return Ok(None),
        }
        if is_last {
            return Ok(table.end());
        }
        joined = 0;
        buffer.drain(..end.unwrap_or(0));
    }
}

/// What became of a block.
enum Outcome {
    Block(Box<RawTable>),
    /// A quote is not closed in it.
    Open,
    /// It has to be read with all the others.
    Odd,
}

/// The blocks so far.
struct Blocks<'a> {
    what: String,
    options: &'a ReadOptions,
    n_bytes: usize,
    begun: Option<Begun>,
}

struct Begun {
    start: Start,
    odd: Odd,
    n_rows: usize,
    /// The first column with content.
    leading: usize,
    /// Which columns have a value.
    filled: Vec<bool>,
}

impl Blocks<'_> {
    fn read(&mut self, text: &str, name: Option<&str>, is_last: bool) -> Result<Outcome> {
        let text = if self.begun.is_none() { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        if container::has_control(text.as_bytes()) || text.contains('\u{feff}') {
            return Ok(Outcome::Odd);
        }
        let is_first = self.begun.is_none();
        let mut begun = match self.begun.take() {
            Some(begun) => begun,
            None => match self.begin(text, name) {
                Some(begun) => begun,
                None => return Ok(Outcome::Odd),
            },
        };
        let start = &mut begun.start;
        // Whether a backslash escapes a quote is told by the whole text.
        let escaped = ['\\', char::from(start.dialect.quote)].iter().collect::<String>();
        if !start.dialect.backslash && text.contains(&escaped) {
            return Ok(Outcome::Odd);
        }
        let Ok(mut rows) = rows::read(text, &start.head, start.dialect, &self.what, self.options) else {
            return Ok(Outcome::Odd);
        };
        if rows.unclosed > 0 {
            // The start is told again by more of the text.
            self.begun = Some(begun).filter(|_| !is_first);
            return Ok(Outcome::Open);
        }
        let (n_before, mut n) = (begun.n_rows, rows.lines.len());
        let n_cells = (n_before + n).saturating_mul(start.names.len());
        let is_over = n_before + n > self.options.max_rows || n_cells > layout::max_cells(self.n_bytes, self.options);
        if is_over || ((is_first || is_last) && n < MIN_ROWS) {
            return Ok(Outcome::Odd);
        }
        if is_first {
            begun.leading = rows.leading();
        }
        if is_last && !self.options.keep_totals {
            n -= rows.trim_end(begun.leading, &mut start.source, &mut start.notes);
        }
        start.head.rows = (0, rows.next_line);
        begun.odd.append(&mut rows.odd, n_before);
        begun.n_rows += n;
        let Rows { columns, mut lines, .. } = rows;
        lines.truncate(n);
        let columns = delimited::raw_columns(&start.names, columns, n);
        for (filled, column) in begun.filled.iter_mut().zip(&columns) {
            *filled |= column.data.null_count() < n;
        }
        let raw = RawTable::new(columns, n, Places::Lines(lines.into()), start.source.clone(), Vec::new());
        self.begun = Some(begun);
        Ok(Outcome::Block(Box::new(raw)))
    }

    /// What stands before the rows, where it is told by the first block as it would be by the whole file.
    fn begin(&self, text: &str, name: Option<&str>) -> Option<Begun> {
        let (bytes, options) = (text.as_bytes(), self.options);
        let is_binary = arrow_ipc::is_arrow(bytes) || bytes.starts_with(b"PK") || bytes.starts_with(b"PAR1");
        if is_binary || container::check_magic(bytes, &self.what).is_err() || text.trim().is_empty() {
            return None;
        }
        if options.delimiter.is_none() && json::is_json(text) {
            return None;
        }
        let source = Source { name: name.map(str::to_owned), encoding: Some("UTF-8".to_owned()), ..Source::default() };
        let mut start = delimited::start(text, &self.what, source, Vec::new(), options).ok()?;
        start.source.cells = options.cells();
        // Single quotes are only told where the whole text has no others.
        let quoted = options.quote.is_none() && start.dialect.quote != b'"';
        if quoted || !sniff::sees_alike(text, 0) || !sniff::sees_alike(text, start.head.rows.0) {
            return None;
        }
        let filled = vec![false; start.names.len()];
        Some(Begun { start, odd: Odd::default(), n_rows: 0, leading: 0, filled })
    }

    fn end(self) -> Option<End> {
        let Begun { start: Start { names, mut source, mut notes, .. }, odd, n_rows, filled, .. } = self.begun?;
        if !filled.contains(&true) {
            return None;
        }
        odd.tell(n_rows, names.len(), &mut notes);
        if !self.options.keep_empty_columns {
            let empty = names.into_iter().zip(filled).filter(|(_, filled)| !filled).map(|(name, _)| name);
            layout::leave_out(empty.collect(), &mut source, &mut notes);
        }
        Some(End { source, notes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_path;
    use std::fmt::Write;

    /// A file of a few mebibytes with what exports have; `odd` is one more line far from its start.
    fn text(odd: &str, mark: &str) -> String {
        let mut text = format!("{mark}Report of May\nid;note;fee;nothing;seen\n");
        for row in 0..180_000 {
            let note = match row % 7 {
                0 => "\"two\nlines; and \"\"quotes\"\"\"",
                1 => "",
                2 => "caf\u{e9}",
                _ => "plain",
            };
            let fee = if row < 70_000 { String::new() } else { format!("{},50", row % 1000) };
            match row % 10_007 {
                5 => text.push_str(";;;;\n"),
                6 => text.push_str("id;note;fee;nothing;seen\n"),
                7 => text.push_str("short;row\n\n"),
                _ => writeln!(text, "C{row};{note};{fee};;2024-01-{:02}", 1 + row % 28).expect("memory"),
            }
            if row == 135_000 {
                text.push_str(odd);
            }
        }
        text + "Total;;900,00;;\n"
    }

    fn in_blocks(path: &Path, options: &ReadOptions, block: usize) -> Option<(Vec<RawTable>, End)> {
        let mut blocks = Vec::new();
        let end = blocks_of(path, options, block, |raw| {
            blocks.push(raw);
            Ok(())
        });
        end.expect("readable").map(|end| (blocks, end))
    }

    fn with_file(name: &str, bytes: &[u8], test: impl FnOnce(&Path)) {
        let path = std::env::temp_dir().join(format!("churn-stream-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, bytes).expect("a file");
        test(&path);
        std::fs::remove_file(&path).expect("its end");
    }

    #[test]
    fn blocks_are_the_table_in_one_piece() {
        let options = ReadOptions::default();
        with_file("same", text("", "\u{feff}").as_bytes(), |path| {
            let whole = read_path(path, &options).expect("a table");
            for block in [1_100_003, 1_200_000] {
                let (blocks, end) = in_blocks(path, &options, block).expect("blocks");
                assert!(blocks.len() > 1);
                assert_eq!((&end.source, end.notes.as_slice()), (whole.source(), whole.notes()));
                assert_eq!(end.source.empty_columns, ["nothing"]);
                assert_eq!(blocks.iter().map(RawTable::n_rows).sum::<usize>(), whole.n_rows());
                let mut row = 0;
                for raw in &blocks {
                    for r in 0..raw.n_rows() {
                        assert_eq!(raw.row_number(r), whole.row_number(row));
                        for column in whole.columns() {
                            let cells = &raw.column(&column.name).expect("the same columns").data;
                            assert_eq!(cells.cell(r), column.data.cell(row));
                        }
                        row += 1;
                    }
                }
            }
        });
    }

    #[test]
    fn what_only_the_whole_tells_is_left_to_it() {
        let options = ReadOptions::default();
        let odd: [&[u8]; 3] = [b"a\0;b\n", b"\xff;b\n", b"\"a \\\" b\";c\n"];
        for (i, odd) in odd.into_iter().enumerate() {
            let text = text("@@@", "");
            let (before, after) = text.split_once("@@@").expect("a middle");
            let bytes = [before.as_bytes(), odd, after.as_bytes()].concat();
            with_file(&format!("odd{i}"), &bytes, |path| {
                assert!(in_blocks(path, &options, 1_100_003).is_none(), "{i}")
            });
        }
        // The same of single quotes, where the caller says that they are the quotes.
        let quoted = ReadOptions { quote: Some('\''), ..options.clone() };
        for (odd, is_read) in [("", true), ("'a \\' b';c\n", false)] {
            let single = text(odd, "").replace('"', "'");
            with_file("single", single.as_bytes(), |path| {
                assert_eq!(in_blocks(path, &quoted, 1_100_003).is_some(), is_read);
            });
        }
        let text = text("", "");
        let open = format!("{text}\"never closed;b\n");
        with_file("open", open.as_bytes(), |path| assert!(in_blocks(path, &options, 1_100_003).is_none()));
        with_file("limits", text.as_bytes(), |path| {
            assert!(in_blocks(path, &ReadOptions { max_rows: 150_000, ..options.clone() }, 1_100_003).is_none());
            // A small file is read at once.
            assert!(in_blocks(path, &options, text.len()).is_none());
        });
    }
}
