//! A table that comes in pieces, and is judged as if it had come in one.
//!
//! What a column means is decided by all of its cells, so a piece cannot be judged alone. But it need not stay as it came
//! either: columns of frames are shared, texts that come again and again become numbers, other texts move into one
//! buffer. At the end the columns are typed one by one, and what was kept of a column goes with it.

use super::findings::{EXAMPLES, Findings};
use super::types::{Meaning, Typed};
use super::{Purpose, ValidateOptions, Validated};
use crate::error::{Error, ErrorKind, Result};
use crate::map::{ColumnInput, Mapping};
use crate::read::End;
use crate::schema::Profile;
use crate::table::{ColumnData, Lines, Places, RawColumn, RawTable, ReadNote, RecentCodes, Source, column_from_arrow};
use arrow_array::builder::LargeStringBuilder;
use arrow_array::{Array, ArrayRef, LargeStringArray};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A column of text keeps its spellings apart while it has fewer than this many, or fewer than half as many as rows.
const FEW_SPELLINGS: usize = 4_096;

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
}

impl From<RawTable> for Pieces {
    /// A table in one piece.
    fn from(table: RawTable) -> Pieces {
        Pieces { n_rows: table.n_rows(), first: Some(table), ..Pieces::default() }
    }
}

impl Pieces {
    /// Adds the next piece. Its rows count on from those before; where pieces have line numbers, they keep them.
    ///
    /// # Errors
    /// `wrong_type` where its headers are not those of the first piece, in their order.
    pub fn push(&mut self, piece: &RawTable) -> Result<()> {
        match self.first.take() {
            None if self.columns.is_empty() => {
                *self = piece.clone().into();
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
        self.columns.par_iter_mut().zip(piece.columns()).try_for_each(|((_, pile), column)| pile.push(&column.data))?;
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
        let read = self.columns.into_par_iter().map(|(name, pile)| {
            let Some(meaning) = Meaning::of(&name, mapping, None) else { return Ok(None) };
            let spelled = match &pile {
                Pile::Few(few) => meaning.read_spellings(&few.levels(), few.codes.iter(), format),
                _ => None,
            };
            if let Some(typed) = spelled {
                return Ok(Some(typed));
            }
            let packed = matches!(pile, Pile::Few(_));
            let typed = meaning.read(&pile.finish(&name)?, format);
            Ok(Some(if packed { typed.packed() } else { typed }))
        });
        let read: Vec<Option<Typed>> = read.collect::<Result<_>>()?;
        let read = read.into_iter().flatten().collect();
        let table = super::judge(read, self.n_rows, &places, profile, options, &mut findings);
        Ok(Validated { table, report: findings.report(n_columns), labels: None, label_column: None, leaks: Vec::new() })
    }
}

fn places(lines: Option<Vec<(usize, u64)>>) -> Places {
    lines.map_or(Places::Items, |lines| Places::Lines(Lines::of_runs(lines)))
}

/// The cells of one column so far.
#[derive(Debug)]
enum Pile {
    /// Nothing but so many missing cells.
    Blank(usize),
    /// Columns of frames, all of one type.
    Typed(Vec<ColumnData>),
    /// Text of few spellings.
    Few(Few),
    /// Text of many, in one buffer.
    Many(LargeStringBuilder),
}

impl Pile {
    fn push(&mut self, data: &ColumnData) -> Result<()> {
        let blank = matches!(data, ColumnData::Text(a) if a.null_count() == a.len());
        match self {
            Pile::Blank(n) if blank => *n += data.len(),
            Pile::Blank(n) => {
                let n = *n;
                *self = match data {
                    ColumnData::Text(_) => Pile::Few(Few { codes: Codes::missing(n), ..Few::default() }),
                    _ if n == 0 => Pile::Typed(Vec::new()),
                    _ => Pile::Typed(vec![nulls(data, n)]),
                };
                return self.push(data);
            }
            Pile::Typed(parts) => match parts.first() {
                Some(first) if blank => parts.push(nulls(first, data.len())),
                Some(first) if std::mem::discriminant(first) == std::mem::discriminant(data) => {
                    parts.push(data.clone())
                }
                None => parts.push(data.clone()),
                Some(_) => {
                    let is_number = |d: &ColumnData| matches!(d, ColumnData::Integer(_) | ColumnData::Number(_));
                    if is_number(data) && parts.iter().all(is_number) {
                        parts.push(data.clone());
                        for part in parts.iter_mut().filter(|p| matches!(p, ColumnData::Integer(_))) {
                            *part = ColumnData::numbers((0..part.len()).map(|r| part.number(r)));
                        }
                        return Ok(());
                    }
                    let mut few = Few::default();
                    for part in parts {
                        (0..part.len()).for_each(|r| few.push(part.cell(r).as_deref()));
                    }
                    *self = Pile::Few(few);
                    return self.push(data);
                }
            },
            Pile::Few(few) => {
                each(data, |cell| few.push(cell));
                if few.is_crowded() {
                    let mut many = LargeStringBuilder::new();
                    few.codes.iter().for_each(|code| many.append_option(few.spelling(code)));
                    *self = Pile::Many(many);
                }
            }
            Pile::Many(many) => each(data, |cell| many.append_option(cell)),
        }
        Ok(())
    }

    /// The trimmed cell of a row, `None` where it is missing.
    fn cell(&self, row: usize) -> Option<Cow<'_, str>> {
        let text = |cell: &str| Some(cell.trim()).filter(|c| !c.is_empty()).map(|c| Cow::Owned(c.to_owned()));
        match self {
            Pile::Blank(_) => None,
            Pile::Typed(parts) => {
                let mut row = row;
                for part in parts {
                    match row.checked_sub(part.len()) {
                        Some(rest) => row = rest,
                        None => return part.cell(row),
                    }
                }
                None
            }
            Pile::Few(few) => few.spelling(few.codes.get(row)?).and_then(text),
            Pile::Many(many) => {
                let ends = many.offsets_slice();
                if many.validity_slice().is_some_and(|bits| bits[row / 8] >> (row % 8) & 1 == 0) {
                    return None;
                }
                let bytes = many.values_slice().get(*ends.get(row)? as usize..*ends.get(row + 1)? as usize)?;
                text(std::str::from_utf8(bytes).ok()?)
            }
        }
    }

    /// The column in one piece.
    fn finish(self, name: &str) -> Result<ColumnData> {
        Ok(match self {
            Pile::Blank(n) => ColumnData::text((0..n).map(|_| None::<&str>)),
            Pile::Typed(parts) => {
                let parts: Vec<ArrayRef> = parts.iter().map(ColumnData::to_array).collect();
                column_from_arrow(name, &parts)?
            }
            Pile::Few(few) => {
                let length = |code: u32| few.spelling(code).map_or(0, str::len);
                let bytes = few.codes.iter().map(length).sum();
                let mut whole = LargeStringBuilder::with_capacity(few.codes.len(), bytes);
                few.codes.iter().for_each(|code| whole.append_option(few.spelling(code)));
                ColumnData::Text(whole.finish())
            }
            Pile::Many(mut many) => ColumnData::Text(many.finish()),
        })
    }
}

/// Every cell as it stands, `None` where it is null.
fn each(data: &ColumnData, mut take: impl FnMut(Option<&str>)) {
    match data {
        ColumnData::Text(array) => array.iter().for_each(take),
        other => (0..other.len()).for_each(|r| take(other.cell(r).as_deref())),
    }
}

/// So many missing cells of this type.
fn nulls(like: &ColumnData, n: usize) -> ColumnData {
    match like {
        ColumnData::Text(_) | ColumnData::Category(_) => ColumnData::text((0..n).map(|_| None::<&str>)),
        ColumnData::Integer(_) => ColumnData::Integer((0..n).map(|_| None).collect()),
        ColumnData::Number(_) => ColumnData::numbers((0..n).map(|_| None)),
        ColumnData::Boolean(_) => ColumnData::Boolean((0..n).map(|_| None).collect()),
        ColumnData::Date(_) => ColumnData::Date((0..n).map(|_| None).collect()),
        ColumnData::Timestamp(_) => ColumnData::Timestamp((0..n).map(|_| None).collect()),
    }
}

/// A number a row, in two bytes as long as that is enough.
#[derive(Debug)]
enum Codes {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Codes::Narrow(Vec::new())
    }
}

impl Codes {
    /// So many missing cells.
    fn missing(n: usize) -> Codes {
        Codes::Narrow(vec![0; n])
    }

    fn push(&mut self, code: u32) {
        match self {
            Codes::Narrow(codes) => match u16::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => {
                    let mut wide: Vec<u32> = codes.iter().copied().map(u32::from).collect();
                    wide.push(code);
                    *self = Codes::Wide(wide);
                }
            },
            Codes::Wide(codes) => codes.push(code),
        }
    }

    fn len(&self) -> usize {
        match self {
            Codes::Narrow(codes) => codes.len(),
            Codes::Wide(codes) => codes.len(),
        }
    }

    fn get(&self, row: usize) -> Option<u32> {
        match self {
            Codes::Narrow(codes) => codes.get(row).copied().map(u32::from),
            Codes::Wide(codes) => codes.get(row).copied(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = u32> + Clone {
        let (narrow, wide): (&[u16], &[u32]) = match self {
            Codes::Narrow(codes) => (codes, &[]),
            Codes::Wide(codes) => (&[], codes),
        };
        narrow.iter().copied().map(u32::from).chain(wide.iter().copied())
    }
}

/// Text of few spellings: one number a row, 0 for a missing cell.
#[derive(Debug, Default)]
struct Few {
    codes: Codes,
    spellings: Vec<Box<str>>,
    known: HashMap<Box<str>, u32>,
    recent: RecentCodes,
}

impl Few {
    fn push(&mut self, cell: Option<&str>) {
        let code = match cell {
            None => 0,
            Some(cell) => {
                let recent = self.recent.of(cell);
                let kept = (*recent as usize).checked_sub(1).and_then(|at| self.spellings.get(at));
                if kept.is_none_or(|spelling| **spelling != *cell) {
                    *recent = self.known.get(cell).copied().unwrap_or_else(|| {
                        self.spellings.push(cell.into());
                        let code = self.spellings.len() as u32;
                        self.known.insert(cell.into(), code);
                        code
                    });
                }
                *recent
            }
        };
        self.codes.push(code);
    }

    /// Every spelling once, in the order of the codes, which begin with 1.
    fn levels(&self) -> LargeStringArray {
        LargeStringArray::from_iter_values(&self.spellings)
    }

    fn spelling(&self, code: u32) -> Option<&str> {
        self.spellings.get((code as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    fn is_crowded(&self) -> bool {
        self.spellings.len() > FEW_SPELLINGS && self.spellings.len() * 2 > self.codes.len()
    }
}
