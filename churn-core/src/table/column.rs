//! The values of one column: an Arrow array of one of seven types, or pages of them.

use super::Paged;
use crate::error::Result;
use arrow_array::builder::LargeStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt16Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, LargeStringArray,
    TimestampMicrosecondArray, UInt16Array,
};
use std::borrow::Cow;
use std::sync::Arc;

/// The values of one column; null means missing.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// Text exactly as read, or a category.
    Text(LargeStringArray),
    /// A category of a large table: its levels once, as `LargeUtf8` without blanks, and a number a row.
    Category(DictionaryArray<UInt16Type>),
    /// Whole numbers of a typed frame.
    Integer(Int64Array),
    /// Numbers in float64; NaN counts as missing.
    Number(Float64Array),
    /// True or false.
    Boolean(BooleanArray),
    /// Days since 1970-01-01.
    Date(Date32Array),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(TimestampMicrosecondArray),
    /// Any of these in pages, which need not all be in memory: a column of a very large file.
    Paged(Paged),
}

impl ColumnData {
    /// Text cells; `None` is missing.
    pub fn text<S: AsRef<str>>(cells: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut builder = LargeStringBuilder::new();
        for cell in cells {
            builder.append_option(cell.as_ref().map(|s| s.as_ref()));
        }
        ColumnData::Text(builder.finish())
    }

    /// A category of these levels, of which each row has the one of its code; null is missing. `None` where there are
    /// too many levels, or a code has none.
    pub(crate) fn category(levels: LargeStringArray, codes: UInt16Array) -> Option<Self> {
        DictionaryArray::try_new(codes, Arc::new(levels)).ok().map(ColumnData::Category)
    }

    /// Numbers; `None` is missing.
    pub fn numbers(cells: impl IntoIterator<Item = Option<f64>>) -> Self {
        ColumnData::Number(cells.into_iter().collect())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            ColumnData::Text(a) => a.len(),
            ColumnData::Category(a) => a.len(),
            ColumnData::Integer(a) => a.len(),
            ColumnData::Number(a) => a.len(),
            ColumnData::Boolean(a) => a.len(),
            ColumnData::Date(a) => a.len(),
            ColumnData::Timestamp(a) => a.len(),
            ColumnData::Paged(a) => a.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cells that are null; blank text and NaN are missing as well, but not null.
    pub fn null_count(&self) -> usize {
        match self {
            ColumnData::Text(a) => a.null_count(),
            ColumnData::Category(a) => a.null_count(),
            ColumnData::Integer(a) => a.null_count(),
            ColumnData::Number(a) => a.null_count(),
            ColumnData::Boolean(a) => a.null_count(),
            ColumnData::Date(a) => a.null_count(),
            ColumnData::Timestamp(a) => a.null_count(),
            ColumnData::Paged(a) => a.null_count(),
        }
    }

    /// The Arrow array underneath, shared; the pages of a column in pages are put together.
    pub fn to_array(&self) -> ArrayRef {
        match self {
            ColumnData::Text(a) => Arc::new(a.clone()),
            ColumnData::Category(a) => Arc::new(a.clone()),
            ColumnData::Integer(a) => Arc::new(a.clone()),
            ColumnData::Number(a) => Arc::new(a.clone()),
            ColumnData::Boolean(a) => Arc::new(a.clone()),
            ColumnData::Date(a) => Arc::new(a.clone()),
            ColumnData::Timestamp(a) => Arc::new(a.clone()),
            ColumnData::Paged(a) => a.slice(0..a.len()).to_array(),
        }
    }

    /// A column of its type, which is in one piece: itself, or one without rows for a column in pages.
    pub(crate) fn like(&self) -> &ColumnData {
        match self {
            ColumnData::Paged(a) => a.like(),
            other => other,
        }
    }

    /// The column in parts that are in one piece each, with their first rows: itself, or its pages.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, Cow<'_, ColumnData>)> {
        let (whole, pages) = match self {
            ColumnData::Paged(a) => (None, Some(a.parts())),
            other => (Some((0, Cow::Borrowed(other))), None),
        };
        whole.into_iter().chain(pages.into_iter().flatten())
    }

    /// Whether the cell is missing: null, NaN, or text that is blank. Words such as "n/a" are for the
    /// parsers to judge, because whether they mean missing depends on the column.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            ColumnData::Text(a) => a.is_null(row) || a.value(row).trim().is_empty(),
            ColumnData::Category(a) => a.is_null(row),
            ColumnData::Integer(a) => a.is_null(row),
            ColumnData::Number(a) => a.is_null(row) || a.value(row).is_nan(),
            ColumnData::Boolean(a) => a.is_null(row),
            ColumnData::Date(a) => a.is_null(row),
            ColumnData::Timestamp(a) => a.is_null(row),
            ColumnData::Paged(a) => {
                let (page, row) = a.at(row);
                page.is_missing(row)
            }
        }
    }

    /// The cell as text, `None` where it is missing. Whole numbers have no decimal point, dates are ISO
    /// 8601, booleans are `true` and `false`.
    pub fn cell(&self, row: usize) -> Option<Cow<'_, str>> {
        if let ColumnData::Paged(a) = self {
            let (page, row) = a.at(row);
            return page.cell(row).map(|cell| Cow::Owned(cell.into_owned()));
        }
        if self.is_missing(row) {
            return None;
        }
        Some(match self {
            ColumnData::Text(a) => Cow::Borrowed(a.value(row).trim()),
            ColumnData::Category(a) => Cow::Borrowed(levels(a).value(usize::from(a.keys().value(row))).trim()),
            ColumnData::Integer(a) => Cow::Owned(a.value(row).to_string()),
            ColumnData::Number(a) => Cow::Owned(format_number(a.value(row))),
            ColumnData::Boolean(a) => Cow::Borrowed(if a.value(row) { "true" } else { "false" }),
            ColumnData::Date(a) => Cow::Owned(format_date(a.value(row))),
            ColumnData::Timestamp(a) => Cow::Owned(format_timestamp(a.value(row))),
            ColumnData::Paged(_) => return None,
        })
    }

    /// The cell as a number, where the column is one of numbers or truth values.
    pub fn number(&self, row: usize) -> Option<f64> {
        if let ColumnData::Paged(a) = self {
            let (page, row) = a.at(row);
            return page.number(row);
        }
        if self.is_missing(row) {
            return None;
        }
        match self {
            ColumnData::Integer(a) => Some(a.value(row) as f64),
            ColumnData::Number(a) => Some(a.value(row)),
            ColumnData::Boolean(a) => Some(f64::from(u8::from(a.value(row)))),
            _ => None,
        }
    }

    /// The cell as days since 1970-01-01, where the column is one of dates or instants.
    pub fn days(&self, row: usize) -> Option<i32> {
        if let ColumnData::Paged(a) = self {
            let (page, row) = a.at(row);
            return page.days(row);
        }
        if self.is_missing(row) {
            return None;
        }
        match self {
            ColumnData::Date(a) => Some(a.value(row)),
            ColumnData::Timestamp(a) => i32::try_from(a.value(row).div_euclid(86_400_000_000)).ok(),
            _ => None,
        }
    }

    /// The column that `make` makes of its parts, each given with its first row.
    ///
    /// # Errors
    /// `io` where a page cannot be put away.
    pub(crate) fn map_parts(&self, mut make: impl FnMut(usize, &ColumnData) -> ColumnData) -> Result<ColumnData> {
        match self {
            ColumnData::Paged(a) => a.map(make),
            other => Ok(make(0, other)),
        }
    }

    /// A range of rows, without copying (of a column in pages: where it lies on one page).
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> ColumnData {
        let (start, n) = (rows.start, rows.len());
        match self {
            ColumnData::Text(a) => ColumnData::Text(a.slice(start, n)),
            ColumnData::Category(a) => ColumnData::Category(a.slice(start, n)),
            ColumnData::Integer(a) => ColumnData::Integer(a.slice(start, n)),
            ColumnData::Number(a) => ColumnData::Number(a.slice(start, n)),
            ColumnData::Boolean(a) => ColumnData::Boolean(a.slice(start, n)),
            ColumnData::Date(a) => ColumnData::Date(a.slice(start, n)),
            ColumnData::Timestamp(a) => ColumnData::Timestamp(a.slice(start, n)),
            ColumnData::Paged(a) => a.slice(rows),
        }
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> ColumnData {
        match self {
            ColumnData::Text(a) => ColumnData::text(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r)))),
            ColumnData::Category(a) => {
                let codes = a.keys();
                let taken = rows.iter().map(|&r| (!codes.is_null(r)).then(|| codes.value(r))).collect();
                // The codes are those of the levels.
                ColumnData::category(levels(a).clone(), taken).unwrap_or_else(|| self.clone())
            }
            ColumnData::Integer(a) => {
                ColumnData::Integer(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r))).collect())
            }
            ColumnData::Number(a) => {
                ColumnData::Number(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r))).collect())
            }
            ColumnData::Boolean(a) => {
                ColumnData::Boolean(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r))).collect())
            }
            ColumnData::Date(a) => {
                ColumnData::Date(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r))).collect())
            }
            ColumnData::Timestamp(a) => {
                ColumnData::Timestamp(rows.iter().map(|&r| (!a.is_null(r)).then(|| a.value(r))).collect())
            }
            ColumnData::Paged(a) => a.slice(0..a.len()).take(rows),
        }
    }
}

/// The levels of a category.
pub(crate) fn levels(category: &DictionaryArray<UInt16Type>) -> &LargeStringArray {
    category.values().as_string()
}

/// A number in the shortest form that reads back to the same bits, without an exponent or a needless ".0".
pub(crate) fn format_number(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value}") }
}

/// Days since 1970-01-01 as ISO 8601; outside jiff's range the number itself.
pub(crate) fn format_date(days: i32) -> String {
    date_from_days(days).map_or_else(|| days.to_string(), |d| d.to_string())
}

/// Microseconds since 1970-01-01T00:00:00Z as ISO 8601 in UTC.
pub(crate) fn format_timestamp(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |t| t.to_string())
}

/// The civil date that lies this many days after 1970-01-01.
pub(crate) fn date_from_days(days: i32) -> Option<jiff::civil::Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Days from 1970-01-01 to this date.
pub(crate) fn days_from_date(date: jiff::civil::Date) -> i32 {
    let span = jiff::civil::date(1970, 1, 1).until(date);
    span.map_or(0, |s| s.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for days in [-25_567, -1, 0, 1, 19_782, 40_000] {
            let date = date_from_days(days).expect("in range");
            assert_eq!(days_from_date(date), days);
        }
        assert_eq!(format_date(19_782), "2024-02-29");
        assert_eq!(format_timestamp(1_709_288_400_000_000), "2024-03-01T10:20:00Z");
    }

    #[test]
    fn cells_as_text() {
        let numbers = ColumnData::numbers([Some(12.0), Some(0.1), Some(f64::NAN), None, Some(-0.0)]);
        let cells: Vec<_> = (0..5).map(|r| numbers.cell(r).map(Cow::into_owned)).collect();
        assert_eq!(cells, [Some("12".into()), Some("0.1".into()), None, None, Some("0".to_owned())]);
        let text = ColumnData::text([Some(" a "), Some("  "), None]);
        assert_eq!(text.cell(0).as_deref(), Some("a"));
        assert!(text.is_missing(1) && text.is_missing(2));
        assert_eq!(text.take(&[0, 2]).len(), 2);
    }
}
