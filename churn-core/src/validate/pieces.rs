//! A table that comes in pieces, and is judged as if it had come in one.
//!
//! What a column means is decided by all of its cells, so a piece cannot be judged alone. But it need not stay as it came
//! either: columns of frames are shared, texts that come again and again become numbers. What does not fit into the memory
//! that is meant for it lies in a file, where there may be one. At the end the columns are typed one by one, and what was
//! kept of a column goes with it.

use super::findings::{EXAMPLES, Findings};
use super::pile::Pile;
use super::types::{Meaning, Spelled, Typed};
use super::{Purpose, ValidateOptions, Validated};
use crate::error::{Error, ErrorKind, Result};
use crate::map::{ColumnInput, Mapping};
use crate::read::End;
use crate::schema::Profile;
use crate::table::{CellFormat, Lines, PagedBuilder, Places, RawColumn, RawTable, ReadNote, Source, Storage};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The pieces of a table so far.
///
/// ```
/// use churn_core::read::{ReadOptions, read_bytes};
/// use churn_core::validate::Pieces;
/// let mut pieces = Pieces::default();
/// for csv in ["customer_id,fee\nA,1\n", "customer_id,fee\nB,2\nC,3\n"] {
///     pieces.push(&read_bytes(csv.as_bytes(), None, &ReadOptions::default())?)?;
/// }
/// assert_eq!(pieces.n_rows(), 3);
/// # Ok::<(), churn_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Pieces {
    /// The first piece, as long as it is the only one.
    first: Option<RawTable>,
    columns: Vec<(String, Pile)>,
    n_rows: usize,
    /// Runs of line numbers (first row, its line), where the pieces have them.
    lines: Option<Vec<(usize, u64)>>,
    source: Source,
    notes: Vec<ReadNote>,
    stated: BTreeMap<String, Option<String>>,
    storage: Arc<Storage>,
}

impl From<RawTable> for Pieces {
    /// A table in one piece.
    fn from(table: RawTable) -> Pieces {
        Pieces { n_rows: table.n_rows(), first: Some(table), ..Pieces::default() }
    }
}

impl Pieces {
    /// Pieces of a table that may be larger than memory: what is too much goes into a file beside this one.
    pub(crate) fn beside(target: &Path) -> Pieces {
        Pieces { storage: Storage::beside(target), ..Pieces::default() }
    }

    #[cfg(test)]
    pub(crate) fn with_room(target: &Path, room: usize) -> Pieces {
        Pieces { storage: Storage::with_room(target, room), ..Pieces::default() }
    }

    /// Where columns that are too large for memory lie.
    pub(crate) fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Adds the next piece. Its rows count on from those before; where pieces have line numbers, they keep them.
    ///
    /// # Errors
    /// `wrong_type` where its headers are not those of the first piece, in their order.
    pub fn push(&mut self, piece: &RawTable) -> Result<()> {
        match self.first.take() {
            None if self.columns.is_empty() => {
                *self = Pieces { storage: self.storage.clone(), ..piece.clone().into() };
                Ok(())
            }
            Some(first) => {
                self.n_rows = 0;
                self.add(&first)?;
                self.add(piece)
            }
            None => self.add(piece),
        }
    }

    fn add(&mut self, piece: &RawTable) -> Result<()> {
        if self.columns.is_empty() {
            self.columns = piece.columns().iter().map(|c| (c.name.clone(), Pile::Blank(0))).collect();
            self.source = piece.source().clone();
            self.stated = piece.stated().clone();
        }
        if !self.columns.iter().map(|(name, _)| name).eq(piece.columns().iter().map(|c| &c.name)) {
            return Err(Error::new(
                ErrorKind::WrongType,
                "a piece of the table has other columns than the first piece",
            )
            .with("row", self.n_rows + 1)
            .hint("give every piece the same headers in the same order"));
        }
        let before = self.n_rows;
        match (piece.places(), &mut self.lines) {
            (Places::Items, None) => {}
            (Places::Items, Some(lines)) => lines.push((before, before as u64 + 1)),
            (Places::Lines(new), lines) => {
                let first = if before > 0 { vec![(0, 1)] } else { Vec::new() };
                let lines = lines.get_or_insert(first);
                lines.extend(new.runs().iter().map(|(row, line)| (before + row, *line)));
            }
        }
        let columns = self.columns.par_iter_mut().zip(piece.columns());
        columns.try_for_each(|((_, pile), column)| pile.push(&column.data, &self.storage))?;
        self.n_rows += piece.n_rows();
        for note in piece.notes() {
            match self.notes.iter_mut().find(|n| n.code == note.code && n.message == note.message) {
                Some(known) => {
                    known.rows_affected += note.rows_affected;
                    let more = EXAMPLES.saturating_sub(known.example_rows.len());
                    known.example_rows.extend(note.example_rows.iter().take(more));
                }
                None => self.notes.push(note.clone()),
            }
        }
        Ok(())
    }

    /// The pieces of a file that was read block by block, with what was known only at its end.
    ///
    /// # Errors
    /// `internal` only.
    pub(crate) fn ended(mut self, end: End) -> Result<Pieces> {
        if let Some(first) = self.first.take() {
            self.n_rows = 0;
            self.add(&first)?;
        }
        self.columns.retain(|(name, _)| !end.source.empty_columns.contains(name));
        (self.source, self.notes) = (end.source, end.notes);
        Ok(self)
    }

    /// Rows so far.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The mapper's view of the pieces: that of the table in one piece.
    pub fn inputs(&self) -> Vec<ColumnInput> {
        if let Some(first) = &self.first {
            return crate::map::inputs(first);
        }
        crate::map::spread(self.n_rows, self.columns.iter().map(|(name, pile)| (name.as_str(), |row| pile.cell(row))))
    }

    /// What whoever made the table says of its columns.
    pub(crate) fn stated(&self) -> &BTreeMap<String, Option<String>> {
        self.first.as_ref().map_or(&self.stated, RawTable::stated)
    }

    /// The table in one piece.
    ///
    /// # Errors
    /// `internal` only.
    pub fn into_table(self) -> Result<RawTable> {
        if let Some(first) = self.first {
            return Ok(first);
        }
        let places = places(self.lines);
        let columns = self.columns.into_par_iter().map(|(name, pile)| {
            let data = pile.finish(&name)?;
            Ok(RawColumn { name, data })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(RawTable::new(columns, self.n_rows, places, self.source, self.notes).with_stated(self.stated))
    }

    /// Judges the pieces: the same bytes as [`validate`](super::validate) says of the table in one piece. To be scored,
    /// the table is never held as text and typed at once, but for one column a thread.
    ///
    /// # Errors
    /// As [`validate`](super::validate).
    pub fn validate(self, mapping: &Mapping, profile: &Profile, options: &ValidateOptions) -> Result<Validated> {
        // The label and leaks are judged on the table as it came; so is a single piece.
        if options.purpose != Purpose::Score || self.first.is_some() {
            return super::validate(&self.into_table()?, mapping, profile, options);
        }
        let (places, format, n_columns) = (places(self.lines), &self.source.cells, self.columns.len());
        let mut findings = Findings::new(self.n_rows);
        super::tell_reading(&self.notes, mapping, &mut findings);
        let storage = &self.storage;
        let read = self.columns.into_par_iter().map(|(name, pile)| match Meaning::of(&name, mapping, None) {
            Some(meaning) => typed(&meaning, pile, format, storage).map(Some),
            None => Ok(None),
        });
        let read: Vec<Option<Typed>> = read.collect::<Result<_>>()?;
        let read = read.into_iter().flatten().collect();
        let table = super::judge(read, self.n_rows, &places, profile, options, &mut findings)?;
        storage.check()?;
        Ok(Validated { table, report: findings.report(n_columns), labels: None, label_column: None, leaks: Vec::new() })
    }
}

fn places(lines: Option<Vec<(usize, u64)>>) -> Places {
    lines.map_or(Places::Items, |lines| Places::Lines(Lines::of_runs(lines)))
}

/// A column, read by its meaning: in pages where not everything fits into memory.
fn typed(meaning: &Meaning<'_>, pile: Pile, format: &CellFormat, storage: &Arc<Storage>) -> Result<Typed> {
    let is_paged = storage.overflows();
    let is_few = matches!(pile, Pile::Few(_));
    match &pile {
        Pile::Few(few) => {
            if let Some(read) = meaning.read_spellings(&few.levels(), format) {
                return spelled(read, pile, is_paged, storage);
            }
        }
        Pile::Many(many) if is_paged => {
            if let Some(typed) = meaning.read_pages(many.pages(), format, storage)? {
                return Ok(typed);
            }
        }
        _ => {}
    }
    let typed = meaning.read(&pile.finish(meaning.header())?, format);
    let typed = if is_few { typed.packed() } else { typed };
    if is_paged { typed.paged(storage) } else { Ok(typed) }
}

/// A column of few spellings, which were read.
fn spelled(read: Spelled, pile: Pile, is_paged: bool, storage: &Arc<Storage>) -> Result<Typed> {
    let Pile::Few(few) = pile else { return Err(Error::internal("a column of few spellings that is none")) };
    if is_paged {
        let mut pages = PagedBuilder::new(storage);
        for codes in few.codes.drain() {
            pages.push(read.column(codes?.values().iter().copied()))?;
        }
        let values = pages.finish().unwrap_or_else(|| read.column(std::iter::empty()));
        return Ok(read.typed(values));
    }
    let pages = few.codes.drain().collect::<Result<Vec<_>>>()?;
    let values = read.column(pages.iter().flat_map(|codes| codes.values().iter().copied()));
    Ok(read.typed(values))
}
