//! Columns of few values: each value once, and a number a row.

use super::{ColumnData, Recent};
use arrow_array::builder::LargeStringBuilder;
use arrow_array::{BooleanArray, Date32Array, Float64Array, LargeStringArray};
use std::collections::HashMap;

/// The levels of a category, each once, in the order in which they were met.
#[derive(Default)]
struct Levels {
    built: LargeStringBuilder,
    known: HashMap<String, u16>,
}

impl Levels {
    /// The place of a level; `None` where there are too many.
    fn place(&mut self, level: &str) -> Option<u16> {
        if let Some(&place) = self.known.get(level) {
            return Some(place);
        }
        let place = u16::try_from(self.known.len()).ok()?;
        self.built.append_value(level);
        self.known.insert(level.to_owned(), place);
        Some(place)
    }
}

/// What the numbers of a column's rows stand for: they count the values from 1, 0 is missing.
pub(crate) enum Lookup {
    Category(LargeStringArray, Vec<Option<u16>>),
    Number(Float64Array),
    Boolean(BooleanArray),
    Date(Date32Array),
}

impl Lookup {
    /// `None` for values of another type, and for text of too many levels.
    pub fn of(values: &ColumnData) -> Option<Lookup> {
        Some(match values {
            ColumnData::Text(_) => {
                let mut levels = Levels::default();
                let place = |row| match values.cell(row) {
                    Some(cell) => levels.place(&cell).map(Some),
                    None => Some(None),
                };
                let places = (0..values.len()).map(place).collect::<Option<_>>()?;
                Lookup::Category(levels.built.finish(), places)
            }
            ColumnData::Number(a) => Lookup::Number(a.clone()),
            ColumnData::Boolean(a) => Lookup::Boolean(a.clone()),
            ColumnData::Date(a) => Lookup::Date(a.clone()),
            _ => return None,
        })
    }

    /// The column of these rows.
    pub fn column(&self, codes: impl Iterator<Item = u16>) -> ColumnData {
        /// Each row's value, without a branch on where it comes from.
        fn each<T: Copy, B: FromIterator<Option<T>>>(
            values: impl Iterator<Item = Option<T>>,
            codes: impl Iterator<Item = u16>,
        ) -> B {
            let values: Vec<Option<T>> = std::iter::once(None).chain(values).collect();
            codes.map(|code| values.get(usize::from(code)).copied().flatten()).collect()
        }
        match self {
            Lookup::Category(levels, places) => {
                let codes = each(places.iter().copied(), codes);
                // Every place is one of a level.
                ColumnData::category(levels.clone(), codes).unwrap_or_else(|| ColumnData::text([None::<&str>; 0]))
            }
            Lookup::Number(values) => ColumnData::Number(each(values.iter(), codes)),
            Lookup::Boolean(values) => ColumnData::Boolean(each(values.iter(), codes)),
            Lookup::Date(values) => ColumnData::Date(each(values.iter(), codes)),
        }
    }
}

impl ColumnData {
    /// Text of few spellings as a category; anything else as it is.
    pub(crate) fn packed(self) -> Self {
        let ColumnData::Text(array) = &self else { return self };
        let (mut levels, mut recent) = (Levels::default(), Recent::new());
        let present = array.iter().map(|cell| cell.filter(|c| !c.trim().is_empty()));
        let codes: Option<Vec<Option<u16>>> =
            present.map(|cell| cell.map_or(Some(None), |c| recent.of(c, |c| levels.place(c)).map(Some))).collect();
        let category = codes.and_then(|codes| ColumnData::category(levels.built.finish(), codes.into()));
        category.unwrap_or(self)
    }

    /// The column in one piece, a category as text.
    pub(crate) fn spelled(self) -> Self {
        match self {
            ColumnData::Category(_) => ColumnData::text((0..self.len()).map(|row| self.cell(row))),
            ColumnData::Paged(pages) => pages.slice(0..pages.len()).spelled(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn cells(data: &ColumnData) -> Vec<Option<String>> {
        (0..data.len()).map(|r| data.cell(r).map(Cow::into_owned)).collect()
    }

    #[test]
    fn numbers_of_values_become_the_values() {
        let codes = [0u16, 2, 1, 3, 2];
        for (values, wanted) in [
            (ColumnData::text([Some("a"), Some(" b "), None]), [None, Some("b"), Some("a"), None, Some("b")]),
            (ColumnData::numbers([Some(1.5), Some(2.0), None]), [None, Some("2"), Some("1.5"), None, Some("2")]),
            (
                ColumnData::Boolean([Some(true), Some(false), None].into_iter().collect()),
                [None, Some("false"), Some("true"), None, Some("false")],
            ),
            (
                ColumnData::Date([Some(0), Some(1), None].into_iter().collect()),
                [None, Some("1970-01-02"), Some("1970-01-01"), None, Some("1970-01-02")],
            ),
        ] {
            let column = Lookup::of(&values).expect("few values").column(codes.into_iter());
            assert_eq!(cells(&column), wanted.map(|c| c.map(str::to_owned)), "{values:?}");
            assert_eq!(column.null_count(), 2);
        }
        assert!(Lookup::of(&ColumnData::Integer([Some(1)].into_iter().collect())).is_none());
    }

    #[test]
    fn text_of_too_many_spellings_stays_text() {
        let few = ColumnData::text((0..200_000).map(|r| Some(format!("{}", r % 65_536))));
        let many = ColumnData::text((0..200_000).map(|r| Some(format!("{}", r % 65_537))));
        let packed = few.clone().packed();
        assert!(matches!(packed, ColumnData::Category(_)) && cells(&packed) == cells(&few));
        assert_eq!(many.clone().packed(), many);
        assert!(Lookup::of(&many).is_none());
        assert_eq!(packed.spelled(), few);
    }
}
