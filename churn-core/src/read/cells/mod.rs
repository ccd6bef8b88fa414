//! Cells by meaning: a whole column read as numbers, truth values, dates or instants.
//!
//! Every decision (decimal separator, order of day and month) is taken for the whole column from all of its
//! cells, so it depends neither on the order of rows nor on how the file was cut into chunks.

mod boolean;
mod calendar;
mod date;
mod infer;
mod minor;
mod number;

pub(crate) use infer::read_own_alone;
pub use infer::{infer, read_own};
pub use minor::{from_minor_units, is_minor_unit};

use crate::schema::FieldType;
use crate::table::{CellFormat, ColumnData, Recent};
use arrow_array::LargeStringArray;
use arrow_array::builder::LargeStringBuilder;

/// A column read as one type.
#[derive(Debug, Clone)]
pub struct ParsedColumn {
    /// The values; what is missing or unreadable is null.
    pub values: ColumnData,
    /// Rows (from 0) with a cell that could not be read.
    pub unreadable: Vec<usize>,
    /// How the cells were written, in words: `number, decimal comma, thousands '.', sign '€'`, `date, day first`.
    pub format: String,
    /// What a careful reader would check, for example that every date could also be month first.
    pub warnings: Vec<String>,
}

impl ParsedColumn {
    /// A column that was read without a doubt.
    fn clean(values: ColumnData, format: &str) -> Self {
        ParsedColumn { values, unreadable: Vec::new(), format: format.to_owned(), warnings: Vec::new() }
    }
}

/// Reads a column as a field of this type: numbers become `Number`, ids, text and categories `Text` (trimmed;
/// words that mean missing become null for categories), and so on. A typed column is converted where that
/// loses nothing.
///
/// ```
/// use churn_core::read::cells::read_as;
/// use churn_core::schema::FieldType;
/// use churn_core::table::ColumnData;
///
/// let column = ColumnData::text([Some("1.234,50 €"), Some("999,00 €"), Some("n/a"), Some("soon")]);
/// let parsed = read_as(&column, FieldType::Number);
/// assert_eq!(parsed.values.number(0), Some(1234.5));
/// assert!(parsed.values.is_missing(2));
/// assert_eq!(parsed.unreadable, [3]);
/// ```
pub fn read_as(column: &ColumnData, field_type: FieldType) -> ParsedColumn {
    read_with(column, field_type, &CellFormat::default())
}

/// As [`read_as`], where the caller says how cells are written: the separators of numbers and the order of day and
/// month are then not judged, and a cell written otherwise is unreadable.
pub fn read_with(column: &ColumnData, field_type: FieldType, format: &CellFormat) -> ParsedColumn {
    if let ColumnData::Category(_) | ColumnData::Paged(_) = column {
        return read_with(&column.clone().spelled(), field_type, format);
    }
    match field_type {
        FieldType::Id => ids(column),
        FieldType::Text => ParsedColumn::clean(texts(column), "text"),
        FieldType::Category => categories(column),
        FieldType::Boolean => boolean::read(column),
        FieldType::Number => number::read(column, format),
        FieldType::Date => date::read_dates(column, format),
        FieldType::Timestamp => date::read_timestamps(column, format),
    }
}

/// As [`read_with`], of cells that each can be read alone, whatever the others are: words for truth values, digits with
/// a point, days written `2024-03-01`. Then a column needs its spellings read only once. `None` where one cannot.
pub(crate) fn read_alone(
    spellings: &LargeStringArray,
    field_type: FieldType,
    format: &CellFormat,
) -> Option<ParsedColumn> {
    let parsed = match field_type {
        FieldType::Boolean => boolean::read(&ColumnData::Text(spellings.clone())),
        FieldType::Number => number::read_plain(spellings, format)?,
        FieldType::Date => date::read_iso_days(spellings)?,
        _ => return None,
    };
    (parsed.unreadable.is_empty() && parsed.warnings.is_empty()).then_some(parsed)
}

/// All cells as text, as `keep` says of each (trimmed) cell; `None` is missing. Where that is how they stand, the
/// column shares their memory.
fn texts_by(column: &ColumnData, keep: impl Fn(&str) -> Option<&str>) -> ColumnData {
    if let ColumnData::Text(array) = column {
        let stands = |cell: &str| {
            let ends = cell.as_bytes();
            let trimmed = match (ends.first(), ends.last()) {
                (Some(a), Some(b)) => (a.is_ascii_graphic() && b.is_ascii_graphic()) || cell.trim().len() == cell.len(),
                _ => false,
            };
            trimmed && keep(cell).is_some_and(|kept| kept.len() == cell.len())
        };
        let mut recent = Recent::new();
        if array.iter().flatten().all(|cell| recent.of(cell, stands)) {
            return column.clone();
        }
    }
    let n_bytes = if let ColumnData::Text(array) = column { array.value_data().len() } else { 0 };
    let mut builder = LargeStringBuilder::with_capacity(column.len(), n_bytes);
    for row in 0..column.len() {
        builder.append_option(column.cell(row).as_deref().and_then(&keep));
    }
    ColumnData::Text(builder.finish())
}

/// All cells as trimmed text.
fn texts(column: &ColumnData) -> ColumnData {
    texts_by(column, |cell| Some(cell))
}

/// Ids: text as it stands. Only Excel's `="00123"`, which is there to keep the zeros, is taken off.
fn ids(column: &ColumnData) -> ParsedColumn {
    fn id(cell: &str) -> Option<&str> {
        unprotected(cell).map_or(Some(cell), |inner| Some(inner).filter(|s| !s.is_empty()))
    }
    ParsedColumn::clean(texts_by(column, id), "id")
}

/// Categories: trimmed text without the words that mean missing. "no", "none" and "unknown" are answers.
fn categories(column: &ColumnData) -> ParsedColumn {
    ParsedColumn::clean(texts_by(column, |c| Some(c).filter(|c| !is_missing_category(c))), "category")
}

/// An id as [`read_as`] reads it, of a trimmed cell.
pub(crate) fn plain_id(cell: &str) -> &str {
    unprotected(cell).unwrap_or(cell)
}

/// The text inside Excel's `="..."`.
fn unprotected(cell: &str) -> Option<&str> {
    cell.strip_prefix("=\"")?.strip_suffix('"').map(str::trim)
}

/// The words of a header in lower case: split at signs, at camelCase and between letters and digits.
fn words_of(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in header.chars() {
        let starts = (before.is_lowercase() && c.is_uppercase()) || before.is_numeric() != c.is_numeric();
        if starts || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && c.is_alphanumeric()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Words for "no value", in lower case, other than the blank cell.
const MISSING: &[&str] = &[
    "n/a",
    "#n/a",
    "na",
    "#na",
    "n.a.",
    "n.a",
    "nan",
    "#nan",
    "null",
    "#null!",
    "(null)",
    "<null>",
    "nil",
    "none",
    "<na>",
    "nat",
    "missing",
    "(blank)",
    "unknown",
    "undefined",
    "-",
    "--",
    "---",
    "–",
    "—",
    "?",
    "??",
    ".",
    "\\n",
    "#div/0!",
    "#value!",
    "#ref!",
    "#name?",
    "#num!",
    "k.a.",
    "k. a.",
    "s.o.",
    "s/d",
    "n/d",
    "n.d.",
    "unbekannt",
    "inconnu",
    "desconocido",
    "desconhecido",
    "sconosciuto",
];

/// Those of them that may be a level of a category.
const ANSWERS: &[&str] =
    &["none", "unknown", "undefined", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto", "missing"];

/// Whether a trimmed cell means "no value" in a column of numbers, truth values or dates.
fn is_missing_word(cell: &str) -> bool {
    // Nearly all cells are told by their first byte or their length.
    let Some(&first) = cell.as_bytes().first() else { return true };
    if first.is_ascii_digit() || cell.len() > 14 {
        return false;
    }
    if first.is_ascii_alphabetic() && !b"ndmukis".contains(&first.to_ascii_lowercase()) {
        return false;
    }
    MISSING.iter().any(|word| {
        word.len() == cell.len() && word.as_bytes()[0] == first.to_ascii_lowercase() && word.eq_ignore_ascii_case(cell)
    })
}

/// Whether a trimmed cell means "no value" in a column of categories.
pub(crate) fn is_missing_category(cell: &str) -> bool {
    is_missing_word(cell) && !ANSWERS.contains(&cell.to_lowercase().as_str())
}

/// "1 cell", "2 cells".
fn cells_of(n: usize) -> String {
    if n == 1 { "1 cell".to_owned() } else { format!("{n} cells") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn cells(data: &ColumnData) -> Vec<Option<String>> {
        (0..data.len()).map(|r| data.cell(r).map(Cow::into_owned)).collect()
    }

    fn check(field_type: FieldType, given: &[&str], expected: &[&str]) {
        let parsed = read_as(&ColumnData::text(given.iter().map(|c| Some(*c))), field_type);
        let expected: Vec<_> = expected.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect();
        assert_eq!(cells(&parsed.values), expected, "{given:?}");
        assert!(parsed.unreadable.is_empty(), "{given:?}");
    }

    #[test]
    fn every_missing_word_is_found() {
        for word in MISSING {
            assert!(is_missing_word(word) && is_missing_word(&word.to_ascii_uppercase()), "{word}");
        }
        assert!(!is_missing_word("basic") && !is_missing_word("0") && !is_missing_word("night"));
    }

    #[test]
    fn ids_text_and_categories() {
        check(
            FieldType::Id,
            &[" 00123 ", "=\"0042\"", "+49 171 1", "NA", ""],
            &["00123", "0042", "+49 171 1", "NA", ""],
        );
        check(FieldType::Text, &[" hello ", "n/a", " "], &["hello", "n/a", ""]);
        check(
            FieldType::Category,
            &["No", "none", "None", "n/a", "#N/A", "NaN", "null", "-", "?", "Basic ", "unknown"],
            &["No", "none", "None", "", "", "", "", "", "", "Basic", "unknown"],
        );
    }

    #[test]
    fn typed_columns_become_text() {
        let ids = read_as(&ColumnData::numbers([Some(7.0), None]), FieldType::Id);
        assert_eq!(cells(&ids.values), [Some("7".to_owned()), None]);
        let flags = ColumnData::Boolean([Some(true), None].into_iter().collect());
        assert_eq!(cells(&read_as(&flags, FieldType::Category).values), [Some("true".to_owned()), None]);
    }
}
