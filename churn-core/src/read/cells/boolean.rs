//! Truth values in six languages.

use super::{ParsedColumn, is_missing_word};
use crate::table::ColumnData;
use arrow_array::{Array, BooleanArray, LargeStringArray};
use arrow_buffer::BooleanBufferBuilder;

/// Words that are truth values wherever they stand (en, de, fr, es, pt, it).
const WORDS: &[(&str, bool)] = &[
    ("yes", true),
    ("no", false),
    ("y", true),
    ("n", false),
    ("true", true),
    ("false", false),
    ("t", true),
    ("f", false),
    ("on", true),
    ("off", false),
    ("1", true),
    ("0", false),
    ("1.0", true),
    ("0.0", false),
    ("ja", true),
    ("nein", false),
    ("j", true),
    ("wahr", true),
    ("falsch", false),
    ("oui", true),
    ("non", false),
    ("o", true),
    ("vrai", true),
    ("faux", false),
    ("v", true),
    ("si", true),
    ("sí", true),
    ("sì", true),
    ("s", true),
    ("sim", true),
    ("não", false),
    ("nao", false),
    ("verdadero", true),
    ("verdadeiro", true),
    ("falso", false),
    ("vero", true),
];

/// Words for a customer who left, or did not, where the field is a truth value: they answer "has churned?".
const LEFT: &[&str] = &[
    "churned",
    "churn",
    "left",
    "lost",
    "canceled",
    "cancelled",
    "attrited",
    "attrited customer",
    "exited",
    "gekündigt",
    "abgewandert",
    "verloren",
    "résilié",
    "resilié",
    "perdu",
    "parti",
    "cancelado",
    "baja",
    "perdido",
    "cancellato",
    "disdetto",
    "perso",
];
const STAYED: &[&str] = &[
    "retained",
    "stayed",
    "not churned",
    "no churn",
    "not_churned",
    "non-churned",
    "existing customer",
    "geblieben",
    "resté",
    "conservé",
    "retenido",
    "retido",
    "rimasto",
];
/// Words that say "did not leave" only beside a word that says "left": alone they might answer another question.
const ACTIVE: &[&str] = &["active", "current", "existing", "joined", "aktiv", "actif", "activo", "ativo", "attivo"];

/// What a word says.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Missing,
    Plain(bool),
    Left,
    Stayed,
    Active,
    Other,
}

/// The truth value of a trimmed cell, where it is a plain word for one.
pub(super) fn plain(cell: &str) -> Option<bool> {
    // The longest word has ten letters; texts need not be lowered.
    if cell.len() > 12 {
        return None;
    }
    if cell.is_ascii() {
        let word = cell.strip_suffix('.').unwrap_or(cell);
        return WORDS.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, value)| *value);
    }
    let lower = cell.to_lowercase();
    let word = lower.strip_suffix('.').unwrap_or(&lower);
    WORDS.iter().find(|(w, _)| *w == word).map(|(_, value)| *value)
}

fn word(cell: &str) -> Word {
    if let Some(value) = plain(cell) {
        return Word::Plain(value);
    }
    if is_missing_word(cell) {
        return Word::Missing;
    }
    if cell.len() > 24 {
        return Word::Other;
    }
    let lower = cell.to_lowercase();
    match lower.as_str() {
        w if LEFT.contains(&w) => Word::Left,
        w if STAYED.contains(&w) => Word::Stayed,
        w if ACTIVE.contains(&w) => Word::Active,
        _ => Word::Other,
    }
}

/// Reads a column of nothing but plain words for truth values, not only digits, in one pass; `None` where a cell is
/// anything else.
pub(super) fn read_plain(array: &LargeStringArray) -> Option<ParsedColumn> {
    let mut worded = false;
    let mut values = BooleanBufferBuilder::new(array.len());
    for row in 0..array.len() {
        if array.is_null(row) {
            values.append(false);
            continue;
        }
        let cell = array.value(row).trim();
        values.append(plain(cell)?);
        worded |= !cell.as_bytes()[0].is_ascii_digit();
    }
    let values = BooleanArray::new(values.finish(), array.nulls().cloned());
    worded.then(|| ParsedColumn::clean(ColumnData::Boolean(values), "boolean, words"))
}

/// Reads a column of truth values; numbers other than 0 and 1 and words for anything else are unreadable.
pub(super) fn read(column: &ColumnData) -> ParsedColumn {
    if let ColumnData::Boolean(_) = column {
        return ParsedColumn::clean(column.clone(), "boolean");
    }
    let is_number = matches!(column, ColumnData::Integer(_) | ColumnData::Number(_));
    let words: Vec<Word> = (0..column.len())
        .map(|row| match column.number(row) {
            Some(0.0) => Word::Plain(false),
            Some(1.0) => Word::Plain(true),
            Some(_) => Word::Other,
            None => column.cell(row).map_or(Word::Missing, |c| word(&c)),
        })
        .collect();
    let someone_left = words.contains(&Word::Left);
    let labels = someone_left || words.contains(&Word::Stayed);
    let mut unreadable = Vec::new();
    let values = words.iter().enumerate().map(|(row, word)| match word {
        Word::Missing => None,
        Word::Plain(value) => Some(*value),
        Word::Left => Some(true),
        Word::Stayed => Some(false),
        Word::Active if someone_left => Some(false),
        Word::Active | Word::Other => {
            unreadable.push(row);
            None
        }
    });
    let values = ColumnData::Boolean(values.collect());
    let format = match (is_number, labels) {
        (true, _) => "boolean, 0 and 1",
        (_, true) => "boolean, words for customers who left or stayed",
        _ => "boolean, words",
    };
    ParsedColumn { values, unreadable, format: format.to_owned(), warnings: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: &str) {
        let parsed = read(&ColumnData::text(cells.iter().map(|c| Some(*c))));
        let ColumnData::Boolean(values) = &parsed.values else { panic!("{:?}", parsed.values) };
        let got: String = (0..cells.len())
            .map(|r| match values.iter().nth(r).flatten() {
                Some(true) => '1',
                Some(false) => '0',
                None if parsed.unreadable.contains(&r) => 'x',
                None => '_',
            })
            .collect();
        assert_eq!(got, expected, "{cells:?}");
    }

    #[test]
    fn words_of_six_languages() {
        let cases: &[(&[&str], &str)] = &[
            (&["Yes", "no", "Y", "n", " TRUE ", "False", "t", "F", "on", "off", "True."], "10101010101"),
            (&["1", "0", "1.0", "0.0", "2", ""], "1010x_"),
            (&["Ja", "Nein", "wahr", "falsch", "J"], "10101"),
            (&["oui", "non", "vrai", "faux", "o"], "10101"),
            (&["sí", "si", "no", "verdadero", "falso"], "11010"),
            (&["Sim", "Não", "NÃO", "verdadeiro"], "1001"),
            (&["sì", "vero", "FALSO"], "110"),
            (&["n/a", "unknown", "-", "none", "maybe"], "____x"),
            (&["Churned", "Retained", "stayed", "left"], "1001"),
            (&["lost", "active"], "10"),
            (&["Canceled", "cancelled", "Active"], "110"),
            (&["Attrited Customer", "Existing Customer"], "10"),
            (&["active", "inactive"], "xx"),
            (&["active", "active"], "xx"),
            (&["male", "female"], "xx"),
        ];
        for (cells, expected) in cases {
            check(cells, expected);
        }
    }

    #[test]
    fn numbers_convert_where_they_are_truth_values() {
        let parsed = read(&ColumnData::numbers([Some(1.0), Some(0.0), None, Some(0.5)]));
        assert_eq!(parsed.unreadable, [3]);
        assert_eq!(parsed.values.number(0), Some(1.0));
        let dates = read(&ColumnData::Date([Some(1)].into_iter().collect()));
        assert_eq!(dates.unreadable, [0]);
    }
}
