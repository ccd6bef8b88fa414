//! The values of one column: an Arrow array of one of seven types.

use super::Recent;
use arrow_array::builder::LargeStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt16Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, LargeStringArray,
    TimestampMicrosecondArray, UInt16Array,
};
use std::borrow::Cow;
use std::collections::HashMap;
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

    /// For each code the value in that place, counted from 1; 0 is missing. Text becomes a category; `None` where it has
    /// too many levels.
    pub(crate) fn looked_up(&self, codes: impl Iterator<Item = u32>) -> Option<Self> {
        let at = |code: u32| (code as usize).checked_sub(1);
        Some(match self {
            ColumnData::Text(_) => {
                let mut levels = LargeStringBuilder::new();
                let mut known: HashMap<Cow<'_, str>, u16> = HashMap::new();
                let mut places = Vec::with_capacity(self.len());
                for row in 0..self.len() {
                    let Some(cell) = self.cell(row) else {
                        places.push(None);
                        continue;
                    };
                    let next = u16::try_from(known.len());
                    places.push(Some(match known.get(&cell) {
                        Some(&place) => place,
                        None => {
                            levels.append_value(&cell);
                            let next = next.ok()?;
                            known.insert(cell, next);
                            next
                        }
                    }));
                }
                let codes = codes.map(|code| at(code).and_then(|i| places.get(i).copied().flatten())).collect();
                ColumnData::category(levels.finish(), codes)?
            }
            ColumnData::Number(a) => {
                let values: Vec<Option<f64>> = a.iter().collect();
                ColumnData::Number(codes.map(|code| values.get(at(code)?).copied().flatten()).collect())
            }
            ColumnData::Boolean(a) => {
                let values: Vec<Option<bool>> = a.iter().collect();
                ColumnData::Boolean(codes.map(|code| values.get(at(code)?).copied().flatten()).collect())
            }
            ColumnData::Date(a) => {
                let values: Vec<Option<i32>> = a.iter().collect();
                ColumnData::Date(codes.map(|code| values.get(at(code)?).copied().flatten()).collect())
            }
            _ => return None,
        })
    }

    /// Text of few spellings as a category; anything else as it is.
    pub(crate) fn packed(self) -> Self {
        let ColumnData::Text(array) = &self else { return self };
        let mut levels = LargeStringBuilder::new();
        let mut known: HashMap<&str, Option<u16>> = HashMap::new();
        let mut recent = Recent::new();
        let mut code = |text| {
            recent.of(text, |text| {
                let next = u16::try_from(known.len()).ok();
                *known.entry(text).or_insert_with(|| {
                    levels.append_value(text);
                    next
                })
            })
        };
        let present = array.iter().map(|cell| cell.filter(|c| !c.trim().is_empty()));
        let codes: Option<UInt16Array> = present
            .map(|cell| cell.map_or(Some(None), |cell| code(cell).map(Some)))
            .collect::<Option<Vec<_>>>()
            .map(Into::into);
        codes.and_then(|codes| ColumnData::category(levels.finish(), codes)).unwrap_or(self)
    }

    /// A category as text; anything else as it is.
    pub(crate) fn spelled(self) -> Self {
        match self {
            ColumnData::Category(_) => ColumnData::text((0..self.len()).map(|row| self.cell(row))),
            other => other,
        }
    }

    /// Numbers; `None` is missing.
    pub fn numbers(cells: impl IntoIterator<Item = Option<f64>>) -> Self {
        ColumnData::Number(cells.into_iter().collect())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.as_array().len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The Arrow array underneath.
    pub fn as_array(&self) -> &dyn Array {
        match self {
            ColumnData::Text(a) => a,
            ColumnData::Category(a) => a,
            ColumnData::Integer(a) => a,
            ColumnData::Number(a) => a,
            ColumnData::Boolean(a) => a,
            ColumnData::Date(a) => a,
            ColumnData::Timestamp(a) => a,
        }
    }

    /// The Arrow array underneath, shared.
    pub fn to_array(&self) -> ArrayRef {
        match self {
            ColumnData::Text(a) => Arc::new(a.clone()),
            ColumnData::Category(a) => Arc::new(a.clone()),
            ColumnData::Integer(a) => Arc::new(a.clone()),
            ColumnData::Number(a) => Arc::new(a.clone()),
            ColumnData::Boolean(a) => Arc::new(a.clone()),
            ColumnData::Date(a) => Arc::new(a.clone()),
            ColumnData::Timestamp(a) => Arc::new(a.clone()),
        }
    }

    /// Whether the cell is missing: null, NaN, or text that is blank. Words such as "n/a" are for the
    /// parsers to judge, because whether they mean missing depends on the column.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            ColumnData::Text(a) => a.is_null(row) || a.value(row).trim().is_empty(),
            ColumnData::Number(a) => a.is_null(row) || a.value(row).is_nan(),
            other => other.as_array().is_null(row),
        }
    }

    /// The cell as text, `None` where it is missing. Whole numbers have no decimal point, dates are ISO
    /// 8601, booleans are `true` and `false`.
    pub fn cell(&self, row: usize) -> Option<Cow<'_, str>> {
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
        })
    }

    /// The cell as a number, where the column is one of numbers or truth values.
    pub fn number(&self, row: usize) -> Option<f64> {
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
        if self.is_missing(row) {
            return None;
        }
        match self {
            ColumnData::Date(a) => Some(a.value(row)),
            ColumnData::Timestamp(a) => i32::try_from(a.value(row).div_euclid(86_400_000_000)).ok(),
            _ => None,
        }
    }

    /// A range of rows, without copying.
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
