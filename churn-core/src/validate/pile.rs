//! The cells of one column of a table that comes in pieces.

use crate::error::{Error, Result};
use crate::table::{ColumnData, PAGE, Pages, RecentCodes, Storage, column_from_arrow};
use arrow_array::builder::LargeStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt16Type;
use arrow_array::{Array, ArrayRef, LargeStringArray, UInt16Array};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A column of text keeps its spellings apart while it has fewer than this many, or fewer than half as many as rows.
const FEW_SPELLINGS: usize = 4_096;

/// The cells of one column so far.
#[derive(Debug)]
pub(super) enum Pile {
    /// Nothing but so many missing cells.
    Blank(usize),
    /// Columns of frames, all of one type.
    Typed(Vec<ColumnData>),
    /// Text of few spellings.
    Few(Few),
    /// Text of many.
    Many(Many),
}

impl Pile {
    /// Adds the cells of the next piece.
    ///
    /// # Errors
    /// `io` where they are to be put into the storage's file, and cannot be.
    pub fn push(&mut self, data: &ColumnData, storage: &Arc<Storage>) -> Result<()> {
        let blank = matches!(data, ColumnData::Text(a) if a.null_count() == a.len());
        match self {
            Pile::Blank(n) if blank => *n += data.len(),
            Pile::Blank(n) => {
                let n = *n;
                *self = match data {
                    ColumnData::Text(_) => {
                        let mut few = Few::new(storage);
                        (0..n).try_for_each(|_| few.push_code(0))?;
                        Pile::Few(few)
                    }
                    _ if n == 0 => Pile::Typed(Vec::new()),
                    _ => Pile::Typed(vec![nulls(data, n)]),
                };
                return self.push(data, storage);
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
                    let parts = std::mem::replace(self, Pile::Few(Few::new(storage)));
                    if let Pile::Typed(parts) = parts {
                        // As text, whatever it was.
                        parts.iter().try_for_each(|part| self.add(part, storage))?;
                    }
                    return self.push(data, storage);
                }
            },
            Pile::Few(_) | Pile::Many(_) => self.add(data, storage)?,
        }
        Ok(())
    }

    /// Adds cells as text.
    fn add(&mut self, data: &ColumnData, storage: &Arc<Storage>) -> Result<()> {
        let each = |cell: Option<&str>| match self {
            Pile::Few(few) => {
                if few.push(cell)? {
                    return Ok(());
                }
                let mut many = few.spelled(storage)?;
                many.push(cell)?;
                *self = Pile::Many(many);
                Ok(())
            }
            Pile::Many(many) => many.push(cell),
            _ => Ok(()),
        };
        match data {
            ColumnData::Text(array) => array.iter().try_for_each(each)?,
            other => {
                let mut each = each;
                (0..other.len()).try_for_each(|r| each(other.cell(r).as_deref()))?;
            }
        }
        if let Pile::Few(few) = self
            && few.is_crowded()
        {
            *self = Pile::Many(few.spelled(storage)?);
        }
        Ok(())
    }

    /// The trimmed cell of a row, `None` where it is missing.
    pub fn cell(&self, row: usize) -> Option<Cow<'_, str>> {
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
            Pile::Few(few) => few.spelling(few.code(row)?).and_then(text),
            Pile::Many(many) => many.with(row, |cell| cell.and_then(text)),
        }
    }

    /// The column in one piece.
    ///
    /// # Errors
    /// `io` where what was put into a file cannot be read back.
    pub fn finish(self, name: &str) -> Result<ColumnData> {
        Ok(match self {
            Pile::Blank(n) => ColumnData::text((0..n).map(|_| None::<&str>)),
            Pile::Typed(parts) => {
                let parts: Vec<ArrayRef> = parts.iter().map(ColumnData::to_array).collect();
                column_from_arrow(name, &parts)?
            }
            Pile::Few(few) => {
                let Few { spellings, codes, .. } = few;
                let spelling = |code: u16| spellings.get(usize::from(code).checked_sub(1)?).map(AsRef::as_ref);
                let mut whole = LargeStringBuilder::new();
                for page in codes.drain() {
                    page?.values().iter().for_each(|&code| whole.append_option(spelling(code)));
                }
                ColumnData::Text(whole.finish())
            }
            Pile::Many(many) => ColumnData::Text(many.finish()?),
        })
    }
}

/// So many missing cells of this type.
pub(super) fn nulls(like: &ColumnData, n: usize) -> ColumnData {
    match like {
        ColumnData::Text(_) | ColumnData::Category(_) => ColumnData::text((0..n).map(|_| None::<&str>)),
        ColumnData::Integer(_) => ColumnData::Integer((0..n).map(|_| None).collect()),
        ColumnData::Number(_) => ColumnData::numbers((0..n).map(|_| None)),
        ColumnData::Boolean(_) => ColumnData::Boolean((0..n).map(|_| None).collect()),
        ColumnData::Date(_) => ColumnData::Date((0..n).map(|_| None).collect()),
        ColumnData::Timestamp(_) => ColumnData::Timestamp((0..n).map(|_| None).collect()),
        ColumnData::Paged(_) => nulls(like.like(), n),
    }
}

/// A number a row, in pages.
#[derive(Debug)]
pub(super) struct Codes {
    pages: Pages,
    open: Vec<u16>,
}

impl Codes {
    fn new(storage: &Arc<Storage>) -> Codes {
        Codes { pages: Pages::new(storage), open: Vec::new() }
    }

    #[inline]
    fn push(&mut self, code: u16) -> Result<()> {
        self.open.push(code);
        if self.open.len() < PAGE {
            return Ok(());
        }
        self.pages.push(Arc::new(UInt16Array::from(std::mem::take(&mut self.open))))
    }

    fn len(&self) -> usize {
        self.pages.len() * PAGE + self.open.len()
    }

    fn get(&self, row: usize) -> Option<u16> {
        if row / PAGE == self.pages.len() {
            return self.open.get(row % PAGE).copied();
        }
        let page = self.pages.page(row / PAGE)?;
        page.as_primitive_opt::<UInt16Type>()?.values().get(row % PAGE).copied()
    }

    /// The pages one after another.
    pub fn drain(self) -> impl Iterator<Item = Result<UInt16Array>> {
        let codes = |page: ArrayRef| page.as_primitive::<UInt16Type>().clone();
        let last = (!self.open.is_empty()).then(|| Ok(UInt16Array::from(self.open)));
        self.pages.drain().map(move |page| page.map(codes)).chain(last)
    }
}

/// Text of few spellings: one number a row, 0 for a missing cell.
#[derive(Debug)]
pub(super) struct Few {
    pub codes: Codes,
    spellings: Vec<Box<str>>,
    known: HashMap<Box<str>, u16>,
    recent: RecentCodes,
}

impl Few {
    fn new(storage: &Arc<Storage>) -> Few {
        Few { codes: Codes::new(storage), spellings: Vec::new(), known: HashMap::new(), recent: RecentCodes::default() }
    }

    /// Adds a cell; false where it has one spelling too many.
    fn push(&mut self, cell: Option<&str>) -> Result<bool> {
        let Some(cell) = cell else { return self.push_code(0).map(|()| true) };
        let recent = self.recent.of(cell);
        let kept = usize::from(*recent).checked_sub(1).and_then(|at| self.spellings.get(at));
        if kept.is_none_or(|spelling| **spelling != *cell) {
            *recent = match self.known.get(cell) {
                Some(&code) => code,
                None => {
                    let Ok(code) = u16::try_from(self.spellings.len() + 1) else { return Ok(false) };
                    self.spellings.push(cell.into());
                    self.known.insert(cell.into(), code);
                    code
                }
            };
        }
        let code = *recent;
        self.push_code(code).map(|()| true)
    }

    fn push_code(&mut self, code: u16) -> Result<()> {
        self.codes.push(code)
    }

    fn code(&self, row: usize) -> Option<u16> {
        self.codes.get(row)
    }

    /// Every spelling once, in the order of the codes, which begin with 1.
    pub fn levels(&self) -> LargeStringArray {
        LargeStringArray::from_iter_values(&self.spellings)
    }

    fn spelling(&self, code: u16) -> Option<&str> {
        self.spellings.get(usize::from(code).checked_sub(1)?).map(AsRef::as_ref)
    }

    fn is_crowded(&self) -> bool {
        self.spellings.len() > FEW_SPELLINGS && self.spellings.len() * 2 > self.codes.len()
    }

    /// The cells as they stand; these are gone.
    fn spelled(&mut self, storage: &Arc<Storage>) -> Result<Many> {
        let mut many = Many::new(storage);
        let codes = std::mem::replace(&mut self.codes, Codes::new(storage));
        for page in codes.drain() {
            page?.values().iter().try_for_each(|&code| many.push(self.spelling(code)))?;
        }
        Ok(many)
    }
}

/// Text of many spellings, in pages.
#[derive(Debug)]
pub(super) struct Many {
    pages: Pages,
    open: LargeStringBuilder,
    n_bytes: usize,
    n_rows: usize,
}

impl Many {
    fn new(storage: &Arc<Storage>) -> Many {
        Many { pages: Pages::new(storage), open: LargeStringBuilder::new(), n_bytes: 0, n_rows: 0 }
    }

    #[inline]
    fn push(&mut self, cell: Option<&str>) -> Result<()> {
        self.open.append_option(cell);
        self.n_bytes += cell.map_or(0, str::len);
        self.n_rows += 1;
        if self.n_rows.is_multiple_of(PAGE) { self.pages.push(Arc::new(self.open.finish())) } else { Ok(()) }
    }

    /// What is made of a cell.
    fn with<T>(&self, row: usize, make: impl FnOnce(Option<&str>) -> T) -> T {
        if row / PAGE < self.pages.len() {
            let page = self.pages.page(row / PAGE);
            let page = page.as_ref().and_then(|page| page.as_string_opt::<i64>());
            return make(page.filter(|p| p.is_valid(row % PAGE)).map(|p| p.value(row % PAGE)));
        }
        let row = row % PAGE;
        let ends = self.open.offsets_slice();
        let is_null = self.open.validity_slice().is_some_and(|bits| bits[row / 8] >> (row % 8) & 1 == 0);
        let bytes = match (ends.get(row), ends.get(row + 1)) {
            (Some(&start), Some(&end)) if !is_null => self.open.values_slice().get(start as usize..end as usize),
            _ => None,
        };
        make(bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()))
    }

    /// The pages one after another.
    pub fn pages(&self) -> impl Iterator<Item = Result<LargeStringArray>> {
        let text = |page: ArrayRef| page.as_string::<i64>().clone();
        let last = (!self.n_rows.is_multiple_of(PAGE)).then(|| Ok(self.open.finish_cloned()));
        self.pages.iter().map(move |page| page.map(text)).chain(last)
    }

    fn finish(mut self) -> Result<LargeStringArray> {
        if self.pages.len() == 0 {
            return Ok(self.open.finish());
        }
        let mut whole = LargeStringBuilder::with_capacity(self.n_rows, self.n_bytes);
        for page in self.pages.drain().chain([Ok(Arc::new(self.open.finish()) as ArrayRef)]) {
            whole.append_array(page?.as_string()).map_err(|e| Error::internal("a column of text").caused_by(e))?;
        }
        Ok(whole.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(parts: &[ColumnData]) -> Pile {
        let storage = Arc::new(Storage::default());
        let mut pile = Pile::Blank(0);
        parts.iter().for_each(|part| pile.push(part, &storage).expect("in memory"));
        pile
    }

    /// Every cell of the pile, and of the column that it becomes, is that of the parts.
    fn check(parts: &[ColumnData]) -> Pile {
        let (pile, again) = (pushed(parts), pushed(parts));
        let whole = again.finish("x").expect("a column");
        let mut row = 0;
        for part in parts {
            for r in 0..part.len() {
                assert_eq!((pile.cell(row), whole.cell(row)), (part.cell(r), part.cell(r)), "row {row}");
                row += 1;
            }
        }
        assert_eq!((whole.len(), pile.cell(row)), (row, None));
        pile
    }

    #[test]
    fn text_of_few_and_of_many_spellings_comes_back() {
        let blank = ColumnData::text(vec![None::<&str>; 9]);
        let of = |rows: std::ops::Range<usize>, n: usize| {
            ColumnData::text(rows.map(|r| (r % 13 > 0).then(|| format!(" v{} ", r % n))))
        };
        assert!(matches!(check(&[blank.clone(), blank.clone()]), Pile::Blank(18)));
        assert!(matches!(check(&[blank.clone(), of(0..200_000, 60_000), of(0..5, 9)]), Pile::Few(_)));
        // More than half of the rows, and more spellings than two bytes count, in the middle of a part.
        assert!(matches!(check(&[of(0..9_000, 9_000), of(0..9, 3)]), Pile::Many(_)));
        assert!(matches!(check(&[blank, of(0..140_000, 3), of(0..200_000, 70_000)]), Pile::Many(_)));
    }

    #[test]
    fn typed_parts_stay_typed_while_they_agree() {
        let (whole, halves) =
            (ColumnData::Integer([Some(1), None].into_iter().collect()), ColumnData::numbers([Some(0.5)]));
        let text = ColumnData::text([Some("x"), None]);
        assert!(matches!(check(&[whole.clone(), halves.clone()]), Pile::Typed(_)));
        assert!(matches!(check(&[whole, halves, text]), Pile::Few(_)));
    }
}
