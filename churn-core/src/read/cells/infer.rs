//! The type of a column that maps to no field.

use super::{ParsedColumn, boolean, date, is_missing_word, number, read_with, words_of};
use crate::schema::FieldType;
use crate::table::{CellFormat, ColumnData};
use arrow_array::LargeStringArray;
use std::hash::{DefaultHasher, Hasher};

/// A category has at most this many values, or this share of the rows, but never more than the limit.
const FEW_VALUES: usize = 20;
const FEW_SHARE: usize = 20;
const MAX_VALUES: usize = 1000;

/// Words in a header that say: these digits name something, they count nothing.
const CODE_WORDS: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "guid",
    "zip",
    "zipcode",
    "postcode",
    "postal",
    "postale",
    "plz",
    "postleitzahl",
    "cep",
    "iban",
    "bic",
    "sku",
    "ean",
    "isbn",
    "imei",
    "iccid",
    "imsi",
    "msisdn",
    "vat",
    "ssn",
];
/// Words for telephone numbers, which must then be long; "phone" is also a service, and a count of lines.
const PHONE_WORDS: &[&str] = &[
    "phone",
    "telephone",
    "telefon",
    "telefono",
    "telefone",
    "téléphone",
    "teléfono",
    "tel",
    "mobile",
    "mobil",
    "handy",
    "portable",
    "movil",
    "móvil",
    "celular",
    "cellulare",
    "fax",
    "whatsapp",
];

/// The type of a column that maps to no field: number, boolean, date, timestamp or category where (nearly) all
/// of its cells read as such; `Id` for text that is (nearly) unique, else `Text`.
pub fn infer(column: &ColumnData) -> FieldType {
    read_own(column, "", &CellFormat::default()).0
}

/// The type of a column that maps to no field, as [`infer`] says it, and the column read as it. The header can say
/// that digits are no amounts: numbers of an id, a postcode or a telephone stay text, with or without zeros in front.
pub fn read_own(column: &ColumnData, header: &str, format: &CellFormat) -> (FieldType, ParsedColumn) {
    let read = |field_type| (field_type, read_with(column, field_type, format));
    let array = match column {
        ColumnData::Integer(_) | ColumnData::Number(_) => {
            return read(code_of_numbers(column, header).unwrap_or(FieldType::Number));
        }
        ColumnData::Boolean(_) => return read(FieldType::Boolean),
        ColumnData::Date(_) => return read(FieldType::Date),
        ColumnData::Timestamp(_) => return read(FieldType::Timestamp),
        ColumnData::Text(array) => array,
        ColumnData::Category(_) | ColumnData::Paged(_) => return read_own(&column.clone().spelled(), header, format),
    };
    // Nearly all columns are of one plain kind, which one pass tells and reads.
    if let Some(plain) = plain(array, header, format) {
        return plain;
    }
    let cells: Vec<&str> = array.iter().flatten().map(str::trim).filter(|c| !is_missing_word(c)).collect();
    if cells.is_empty() {
        return read(FieldType::Text);
    }
    if is_boolean(&cells) {
        return read(FieldType::Boolean);
    }
    // Counted once, and only for columns where it matters.
    let distinct = std::cell::OnceCell::new();
    let n_distinct = || *distinct.get_or_init(|| count_distinct(&cells));
    let nearly_unique = || cells.len() > 1 && n_distinct() * 100 >= cells.len() * 99;
    if !is_code(&cells, nearly_unique) && !is_code_by_name(header, &cells) {
        if let Some(parsed) = number::read_text(array, format, cells.len() / 100) {
            return (FieldType::Number, parsed);
        }
        if let Some(found) = date_or_timestamp(&cells) {
            return read(found);
        }
    }
    let few = few(cells.len());
    let is_one_word_with_digits = |c: &&str| c.bytes().any(|b| b.is_ascii_digit()) && !c.contains(' ');
    if n_distinct() <= few && !(nearly_unique() && cells.iter().all(is_one_word_with_digits)) {
        return read(FieldType::Category);
    }
    let words = || cells.iter().map(|c| c.split_whitespace().count()).sum::<usize>();
    // Comments are unique as well, but no one looks a customer up by them.
    read(if nearly_unique() && words() <= cells.len() * 4 { FieldType::Id } else { FieldType::Text })
}

/// A column of one plain kind: words for truth values, digits with a point, days written `2024-03-01`.
fn plain(array: &LargeStringArray, header: &str, format: &CellFormat) -> Option<(FieldType, ParsedColumn)> {
    if let Some(parsed) = boolean::read_plain(array) {
        return Some((FieldType::Boolean, parsed));
    }
    if words_of(header).iter().any(|w| CODE_WORDS.contains(&w.as_str()) || PHONE_WORDS.contains(&w.as_str())) {
        return None;
    }
    if let Some(parsed) = number::read_plain(array, format) {
        return Some((FieldType::Number, parsed));
    }
    date::read_iso_days(array).map(|parsed| (FieldType::Date, parsed))
}

/// As [`read_own`], of cells that each can be read alone, as [`read_alone`](super::read_alone) says.
pub(crate) fn read_own_alone(
    spellings: &LargeStringArray,
    header: &str,
    format: &CellFormat,
) -> Option<(FieldType, ParsedColumn)> {
    plain(spellings, header, format).filter(|(_, parsed)| parsed.unreadable.is_empty() && parsed.warnings.is_empty())
}

/// A category of so many cells has at most this many values.
fn few(n_cells: usize) -> usize {
    FEW_VALUES.max(n_cells / FEW_SHARE).min(MAX_VALUES)
}

/// How many different cells there are, by 64-bit hashes: a chance of one in a billion to be off by one in millions.
fn count_distinct(cells: &[&str]) -> usize {
    let hash = |cell: &&str| {
        let mut hasher = DefaultHasher::new();
        hasher.write(cell.as_bytes());
        hasher.finish()
    };
    let mut hashes: Vec<u64> = cells.iter().map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.len()
}

/// Whether the header says that the digits of the cells name something.
fn is_code_by_name(header: &str, cells: &[&str]) -> bool {
    let words = words_of(header);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    let digits = |c: &str| c.bytes().filter(u8::is_ascii_digit).count();
    let plain = |c: &&str| c.bytes().all(|b| b.is_ascii_digit() || b" +-()/.".contains(&b));
    (has(CODE_WORDS) && cells.iter().all(|c| !c.contains([',', '%', '$', '€'])) && date_or_timestamp(cells).is_none())
        || (has(PHONE_WORDS) && cells.iter().all(plain) && cells.iter().all(|c| digits(c) >= 6))
}

/// The type of whole numbers of a typed source whose header says that they name something.
fn code_of_numbers(column: &ColumnData, header: &str) -> Option<FieldType> {
    let words = words_of(header);
    if !words.iter().any(|w| CODE_WORDS.contains(&w.as_str())) {
        return None;
    }
    let numbers: Vec<f64> = (0..column.len()).filter_map(|r| column.number(r)).collect();
    if numbers.is_empty() || numbers.iter().any(|n| n.fract() != 0.0) {
        return None;
    }
    let mut bits: Vec<u64> = numbers.iter().map(|n| n.to_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    let nearly_unique = numbers.len() > 1 && bits.len() * 100 >= numbers.len() * 99;
    Some(if bits.len() <= few(numbers.len()) && !nearly_unique { FieldType::Category } else { FieldType::Id })
}

/// Only words for truth values, and not only the digits 0 and 1, which are numbers first.
fn is_boolean(cells: &[&str]) -> bool {
    cells.iter().all(|c| boolean::plain(c).is_some())
        && cells.iter().any(|c| !c.starts_with(|first: char| first.is_ascii_digit()))
}

/// Digits that are a code, not an amount: leading zeros, international phone numbers, more digits than a
/// float64 holds, or long digit strings of one length that are nearly unique.
fn is_code(cells: &[&str], nearly_unique: impl Fn() -> bool) -> bool {
    let digits = |c: &str| c.bytes().all(|b| b.is_ascii_digit());
    let is_coded = |c: &&str| {
        let bytes = c.as_bytes();
        let leading_zero = bytes[0] == b'0' && bytes.len() > 1 && digits(c);
        let may_dial = bytes[0] == b'+' || c.starts_with("00");
        let n_digits = || bytes.iter().filter(|b| b.is_ascii_digit()).count();
        let phone = may_dial && !c.contains(['.', ',', 'e', 'E']) && n_digits() >= 8;
        leading_zero || phone || (bytes.len() > 15 && digits(c))
    };
    if cells.iter().any(is_coded) {
        return true;
    }
    let length = cells[0].len();
    length >= 8 && cells.len() > FEW_VALUES && cells.iter().all(|c| c.len() == length && digits(c)) && nearly_unique()
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
    fn the_header_says_what_digits_are() {
        let own = |header: &str, cells: &[&str]| {
            read_own(&ColumnData::text(cells.iter().map(Some)), header, &CellFormat::default()).0
        };
        let cases: &[(&str, &[&str], FieldType)] = &[
            ("zip_code", &["80331", "10115", "80331"], FieldType::Category),
            ("PLZ", &["80331", "10115", "20095"], FieldType::Id),
            ("Postal Code", &["75001", "13002"], FieldType::Id),
            ("planId", &["1", "2", "1"], FieldType::Category),
            ("account id", &["101", "102", "103"], FieldType::Id),
            ("Phone", &["5550123456", "5550123457"], FieldType::Id),
            ("Phone lines", &["1", "2", "2"], FieldType::Number),
            ("paid", &["1", "2", "3"], FieldType::Number),
            ("unzipped", &["80331", "10115"], FieldType::Number),
            ("zip fee", &["1,50", "2,50"], FieldType::Number),
            ("id date", &["2024-01-02", "2024-02-03"], FieldType::Date),
        ];
        for (header, cells, expected) in cases {
            assert_eq!(own(header, cells), *expected, "{header} {cells:?}");
        }
        let numbers = ColumnData::Integer([Some(80331), Some(10115), None].into_iter().collect());
        let (field_type, parsed) = read_own(&numbers, "zip", &CellFormat::default());
        assert_eq!((field_type, parsed.values.cell(0).as_deref()), (FieldType::Id, Some("80331")));
        assert_eq!(read_own(&numbers, "visits", &CellFormat::default()).0, FieldType::Number);
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
