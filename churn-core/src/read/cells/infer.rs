//! The type of a column that maps to no field.

use super::{boolean, date, is_missing_word, number};
use crate::schema::FieldType;
use crate::table::ColumnData;
use std::collections::HashSet;

/// A category has at most this many values, or this share of the rows, but never more than the limit.
const FEW_VALUES: usize = 20;
const FEW_SHARE: usize = 20;
const MAX_VALUES: usize = 1000;

/// The type of a column that maps to no field: number, boolean, date, timestamp or category where (nearly) all
/// of its cells read as such; `Id` for text that is (nearly) unique, else `Text`.
pub fn infer(column: &ColumnData) -> FieldType {
    let array = match column {
        ColumnData::Integer(_) | ColumnData::Number(_) => return FieldType::Number,
        ColumnData::Boolean(_) => return FieldType::Boolean,
        ColumnData::Date(_) => return FieldType::Date,
        ColumnData::Timestamp(_) => return FieldType::Timestamp,
        ColumnData::Text(array) => array,
    };
    let cells: Vec<&str> = array.iter().flatten().map(str::trim).filter(|c| !is_missing_word(c)).collect();
    if cells.is_empty() {
        return FieldType::Text;
    }
    if is_boolean(&cells) {
        return FieldType::Boolean;
    }
    let distinct = cells.iter().collect::<HashSet<_>>();
    let nearly_unique = cells.len() > 1 && distinct.len() * 100 >= cells.len() * 99;
    if !is_code(&cells, nearly_unique) && is_number(column, &cells) {
        return FieldType::Number;
    }
    if let Some(found) = date_or_timestamp(&cells) {
        return found;
    }
    let few = FEW_VALUES.max(cells.len() / FEW_SHARE).min(MAX_VALUES);
    let is_one_word_with_digits = |c: &&str| c.bytes().any(|b| b.is_ascii_digit()) && !c.contains(' ');
    if distinct.len() <= few && !(nearly_unique && cells.iter().all(is_one_word_with_digits)) {
        return FieldType::Category;
    }
    let words: usize = cells.iter().map(|c| c.split_whitespace().count()).sum();
    // Comments are unique as well, but no one looks a customer up by them.
    if nearly_unique && words <= cells.len() * 4 { FieldType::Id } else { FieldType::Text }
}

/// Only words for truth values, and not only the digits 0 and 1, which are numbers first.
fn is_boolean(cells: &[&str]) -> bool {
    cells.iter().all(|c| boolean::plain(c).is_some())
        && cells.iter().any(|c| !c.starts_with(|first: char| first.is_ascii_digit()))
}

/// Digits that are a code, not an amount: leading zeros, international phone numbers, more digits than a
/// float64 holds, or long digit strings of one length that are nearly unique.
fn is_code(cells: &[&str], nearly_unique: bool) -> bool {
    let digits = |c: &str| c.bytes().all(|b| b.is_ascii_digit());
    let is_coded = |c: &&str| {
        let bytes = c.as_bytes();
        let n_digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
        let leading_zero = bytes[0] == b'0' && bytes.len() > 1 && digits(c);
        let phone = (bytes[0] == b'+' || c.starts_with("00")) && n_digits >= 8 && !c.contains(['.', ',', 'e', 'E']);
        leading_zero || phone || (digits(c) && bytes.len() > 15)
    };
    if cells.iter().any(is_coded) {
        return true;
    }
    let length = cells[0].len();
    nearly_unique && length >= 8 && cells.len() > FEW_VALUES && cells.iter().all(|c| c.len() == length && digits(c))
}

/// Nearly all cells read as numbers.
fn is_number(column: &ColumnData, cells: &[&str]) -> bool {
    number::may_be_numbers(cells) && number::read(column).unreadable.len() * 100 <= cells.len()
}

/// Nearly all cells are written as dates; with a time of day in any of them, they are instants.
fn date_or_timestamp(cells: &[&str]) -> Option<FieldType> {
    let (mut unreadable, mut has_time) = (0usize, false);
    for cell in cells {
        match date::looks_like_date(cell) {
            Some(time) => has_time |= time,
            None => unreadable += 1,
        }
        if unreadable * 100 > cells.len() {
            return None;
        }
    }
    Some(if has_time { FieldType::Timestamp } else { FieldType::Date })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[String], expected: FieldType) {
        let mut cells = cells.to_vec();
        for _ in 0..2 {
            assert_eq!(
                infer(&ColumnData::text(cells.iter().map(Some))),
                expected,
                "{:?}",
                &cells[..cells.len().min(5)]
            );
            cells.reverse();
        }
    }

    #[test]
    fn few_cells() {
        let cases: &[(&[&str], FieldType)] = &[
            (&["1", "2.5", "n/a"], FieldType::Number),
            (&["0", "1", "1", "0"], FieldType::Number),
            (&["yes", "no", ""], FieldType::Boolean),
            (&["True", "False"], FieldType::Boolean),
            (&["Ja", "Nein", "n/a"], FieldType::Boolean),
            (&["Yes", "No", "No internet service"], FieldType::Category),
            (&["churned", "active"], FieldType::Category),
            (&["$1,200", "$3"], FieldType::Number),
            (&["12 %", "3 %"], FieldType::Number),
            (&["2024-01-02", "2024-02-03"], FieldType::Date),
            (&["2024-01-02 10:00", "2024-02-03"], FieldType::Timestamp),
            (&["01.02.2024", "13.02.2024"], FieldType::Date),
            (&["20240102", "20240203"], FieldType::Number),
            (&["45356", "45357"], FieldType::Number),
            (&["00123", "04567", "00123"], FieldType::Category),
            (&["+49 171 1234567", "+49 172 7654321"], FieldType::Category),
            (&["C001", "C002", "C003"], FieldType::Id),
            (&["Basic", "Pro", "Basic"], FieldType::Category),
            (&["12 Main St", "14 Oak Ave", "16 Elm Rd"], FieldType::Category),
            (&["10.0.0.1", "10.0.0.2"], FieldType::Id),
            (&["", "n/a"], FieldType::Text),
            (&[], FieldType::Text),
        ];
        for (cells, expected) in cases {
            check(&cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), *expected);
        }
    }

    #[test]
    fn many_cells() {
        let make = |f: &dyn Fn(usize) -> String| (0..500).map(f).collect::<Vec<_>>();
        check(&make(&|i| format!("customer {i}")), FieldType::Id);
        check(&make(&|i| format!("0{}", 1000 + i)), FieldType::Id);
        check(&make(&|i| format!("55512{i:05}")), FieldType::Id);
        check(&make(&|i| format!("{}", i % 7)), FieldType::Number);
        check(&make(&|i| format!("level {}", i % 25)), FieldType::Category);
        check(&make(&|i| format!("level {}", i % 26)), FieldType::Text);
        check(&make(&|i| format!("the line was down again {i} times")), FieldType::Text);
        // One odd cell of a hundred does not change the type, two do.
        check(&make(&|i| if i % 100 == 7 { "soon".into() } else { i.to_string() }), FieldType::Number);
        check(&make(&|i| if i % 50 == 7 { "soon".into() } else { (i % 20).to_string() }), FieldType::Category);
    }
}
