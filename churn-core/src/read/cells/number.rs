//! Numbers as people write them.

use super::{ParsedColumn, cells_of, is_missing_word, unprotected};
use crate::table::{CellFormat, ColumnData};
use arrow_array::{Array, Float64Array, LargeStringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use std::collections::HashMap;

/// Currency signs and codes, before or after the number; the longer of two that begin alike comes first.
const CURRENCIES: &[&str] = &[
    "R$", "US$", "A$", "C$", "CA$", "AU$", "NZ$", "HK$", "S$", "$", "€", "£", "¥", "₹", "₽", "₺", "₩", "₪", "₫", "₴",
    "₦", "₱", "฿", "zł", "Kč", "Ft", "kr.", "kr", "Fr.", "CHF", "USD", "EUR", "GBP", "JPY", "CNY", "INR", "BRL", "PLN",
    "CZK", "HUF", "SEK", "NOK", "DKK", "CAD", "AUD", "NZD", "MXN", "ZAR", "TRY", "RUB", "SGD", "HKD", "KRW", "ILS",
    "AED", "ARS", "CLP", "COP", "RON", "BGN", "Rs.", "Rs", "euros", "euro", "dollars",
];

const MONTH_UNITS: &[&str] = &[
    "month", "months", "mo", "mos", "mth", "mths", "monat", "monate", "monaten", "mois", "mes", "meses", "mês", "mese",
    "mesi",
];
const YEAR_UNITS: &[&str] = &[
    "year", "years", "yr", "yrs", "y", "jahr", "jahre", "jahren", "an", "ans", "année", "années", "año", "años", "ano",
    "anos", "anno", "anni",
];

/// What stands after the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit<'a> {
    None,
    Percent,
    /// `k`: thousands.
    Kilo,
    /// Any other word.
    Word(&'a str),
}

/// A cell taken apart; separators are not judged yet.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    negative: bool,
    /// Digits and separators.
    body: &'a str,
    exponent: Option<&'a str>,
    currency: Option<&'static str>,
    unit: Unit<'a>,
}

/// What the separators of all cells say.
#[derive(Debug, Default)]
struct Evidence {
    /// Cells in which a comma or a point can only be the decimal separator.
    decimal: [usize; 2],
    /// Cells in which it can only group thousands.
    thousands: [usize; 2],
    /// Cells in which it can be either ("1,234").
    either: [usize; 2],
    other_groups: Option<char>,
    money: usize,
}

impl Evidence {
    /// Whether there is a point in any cell.
    fn any_point(&self) -> bool {
        self.decimal[POINT] + self.thousands[POINT] + self.either[POINT] > 0
    }
}

const COMMA: usize = 0;
const POINT: usize = 1;

/// The decision for the column.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Separators {
    decimal: char,
    thousands: char,
}

/// Reads a column of numbers.
pub(super) fn read(column: &ColumnData, format: &CellFormat) -> ParsedColumn {
    match column {
        ColumnData::Number(a) => {
            let finite = (0..a.len()).map(|r| (!a.is_null(r)).then(|| a.value(r)).filter(|v| v.is_finite()));
            let unreadable = (0..a.len()).filter(|&r| !a.is_null(r) && a.value(r).is_infinite()).collect();
            ParsedColumn { unreadable, ..ParsedColumn::clean(ColumnData::numbers(finite), "number") }
        }
        ColumnData::Integer(_) | ColumnData::Boolean(_) => {
            ParsedColumn::clean(ColumnData::numbers((0..column.len()).map(|r| column.number(r))), "number")
        }
        // Every cell may be unreadable, so there is always an answer.
        ColumnData::Text(array) => read_text(array, format, usize::MAX)
            .unwrap_or_else(|| ParsedColumn::clean(ColumnData::numbers((0..array.len()).map(|_| None)), "number")),
        ColumnData::Category(_) | ColumnData::Paged(_) => read(&column.clone().spelled(), format),
        ColumnData::Date(_) | ColumnData::Timestamp(_) => ParsedColumn {
            unreadable: (0..column.len()).filter(|&r| !column.is_missing(r)).collect(),
            ..ParsedColumn::clean(ColumnData::numbers((0..column.len()).map(|_| None)), "number")
        },
    }
}

/// Reads a column of nothing but digits with at most a sign and a point: nearly all columns of numbers, in one pass.
/// `None` where a cell is anything else, also where it might be a code: zeros in front, over 15 digits, all of one
/// length from eight on.
pub(super) fn read_plain(array: &LargeStringArray, format: &CellFormat) -> Option<ParsedColumn> {
    let mut values = vec![f64::NAN; array.len()];
    let mut evidence = Evidence::default();
    let (mut shortest, mut longest) = (usize::MAX, 0);
    for (row, value) in values.iter_mut().enumerate() {
        if array.is_null(row) {
            continue;
        }
        let cell = trim(array.value(row));
        let (number, places) = plain(cell)?;
        *value = number;
        shortest = shortest.min(cell.len());
        longest = longest.max(cell.len());
        match places {
            Some(places) => weigh_point(cell.len() - places - 1, cell, places, &mut evidence),
            None if cell.len() > 1 && cell.as_bytes()[0] == b'0' => return None,
            None => {}
        }
    }
    if longest == 0 || longest > 15 || (shortest == longest && longest >= 8) {
        return None;
    }
    let mut warnings = Vec::new();
    let separators = given(format).unwrap_or_else(|| decide(&evidence, &mut warnings));
    if separators.decimal != '.' {
        return None;
    }
    let format = describe(&evidence, separators, &Units::default(), &[]);
    Some(ParsedColumn { values: ColumnData::Number(array_of(values)), unreadable: Vec::new(), format, warnings })
}

/// Reads text cells as numbers; `None` where more than `max_unreadable` cells are none. Stops at the first that is
/// too many, which spares columns of words and dates the full reading; the answer is that of all cells.
pub(super) fn read_text(array: &LargeStringArray, format: &CellFormat, max_unreadable: usize) -> Option<ParsedColumn> {
    let n = array.len();
    // Missing is NaN until the end; no cell reads as NaN.
    let mut values = vec![f64::NAN; n];
    let mut unreadable = Vec::new();
    let mut evidence = Evidence::default();
    // Cells that are more than digits with a point; judged once all are known.
    let mut later: Vec<(usize, Parts)> = Vec::new();
    for (row, value) in values.iter_mut().enumerate() {
        if array.is_null(row) {
            continue;
        }
        let cell = trim(array.value(row));
        if let Some((number, places)) = plain(cell) {
            *value = number;
            if let Some(places) = places {
                weigh_point(cell.len() - places - 1, cell, places, &mut evidence);
            }
        } else if !is_missing_word(cell) {
            match take_apart(cell) {
                Some(parts) => {
                    weigh(parts.body, &mut evidence);
                    evidence.money += usize::from(parts.currency.is_some());
                    later.push((row, parts));
                }
                None => {
                    unreadable.push(row);
                    if unreadable.len() > max_unreadable {
                        return None;
                    }
                }
            }
        }
    }
    let mut warnings = Vec::new();
    let separators = given(format).unwrap_or_else(|| decide(&evidence, &mut warnings));
    let units = Units::decide(&later, &mut warnings);
    if separators.decimal != '.' && evidence.any_point() {
        for (row, value) in values.iter_mut().enumerate().filter(|(_, v)| !v.is_nan()) {
            let cell = trim(array.value(row));
            let (negative, body) = cell.strip_prefix('-').map_or((false, cell), |rest| (true, rest));
            match evaluate(body, separators, None) {
                Some(v) => *value = if negative { -v } else { v },
                None => {
                    *value = f64::NAN;
                    unreadable.push(row);
                }
            }
        }
    }
    for (row, parts) in &later {
        let value = evaluate(parts.body, separators, parts.exponent).and_then(|v| units.apply(v, parts.unit));
        match value.map(|v| if parts.negative { -v } else { v }).filter(|v| v.is_finite()) {
            Some(value) => values[*row] = value,
            None => unreadable.push(*row),
        }
    }
    if unreadable.len() > max_unreadable {
        return None;
    }
    unreadable.sort_unstable();
    let format = describe(&evidence, separators, &units, &later);
    Some(ParsedColumn { values: ColumnData::Number(array_of(values)), unreadable, format, warnings })
}

/// NaN to null.
fn array_of(mut values: Vec<f64>) -> Float64Array {
    if !values.iter().any(|v| v.is_nan()) {
        return Float64Array::from(values);
    }
    let nulls = NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |i| !values[i].is_nan()));
    for value in values.iter_mut().filter(|v| v.is_nan()) {
        *value = 0.0;
    }
    Float64Array::new(values.into(), Some(nulls))
}

/// Without blanks around; most cells have none, which their first and last byte tell.
#[inline]
fn trim(cell: &str) -> &str {
    match cell.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => cell,
        _ => cell.trim(),
    }
}

/// The separators that the caller gives.
fn given(format: &CellFormat) -> Option<Separators> {
    let (decimal, thousands) = match (format.decimal, format.thousands) {
        (None, None) => return None,
        (Some(decimal), Some(thousands)) => (decimal, thousands),
        (Some(decimal), None) => (decimal, if decimal == ',' { '.' } else { ',' }),
        (None, Some(thousands)) => (if thousands == '.' { ',' } else { '.' }, thousands),
    };
    Some(Separators { decimal, thousands })
}

/// A number of digits with at most a sign and one point between digits, and how many digits stand behind the point:
/// nearly all cells of most files.
#[inline]
fn plain(cell: &str) -> Option<(f64, Option<usize>)> {
    let bytes = cell.as_bytes();
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let (mut mantissa, mut point) = (0u64, None);
    for (i, &b) in digits.iter().enumerate() {
        let digit = b.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if b == b'.' && point.is_none() && i > 0 && i + 1 < digits.len() {
            point = Some(i);
        } else {
            return None;
        }
    }
    if digits.is_empty() {
        return None;
    }
    let places = point.map(|i| digits.len() - i - 1);
    // Up to 2^53 and 22 places both are exact, so one division is rounded once.
    const POWERS: [f64; 20] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];
    let value = if digits.len() <= 19 && mantissa <= 1 << 53 {
        let value = mantissa as f64 / POWERS[places.unwrap_or(0)];
        if digits.len() < bytes.len() { -value } else { value }
    } else {
        cell.parse().ok().filter(|v: &f64| v.is_finite())?
    };
    Some((value, places))
}

/// Takes a cell apart; `None` if it is no number.
fn take_apart(cell: &str) -> Option<Parts<'_>> {
    let mut rest = unprotected(cell).unwrap_or(cell).trim_matches(['"', '\'']).trim();
    let mut negative = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        negative = true;
        rest = inner.trim();
    }
    let mut currency = None;
    let mut signed = false;
    loop {
        if !signed && let Some(after) = rest.strip_prefix(['+', '-', '−', '–']) {
            signed = true;
            negative ^= !rest.starts_with('+');
            rest = after.trim_start();
        } else if currency.is_none()
            && let Some((found, after)) = strip_currency(rest, true)
        {
            currency = Some(found);
            rest = after.trim_start();
        } else {
            break;
        }
    }
    if currency.is_some()
        && let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')'))
    {
        negative = true;
        rest = inner.trim();
    }
    let (body, after) = split_body(rest)?;
    let (exponent, after) = split_exponent(after);
    let mut after = after.trim();
    if !signed && let Some(before) = after.strip_suffix(['-', '−']) {
        negative = true;
        after = before.trim_end();
    }
    let mut unit = Unit::None;
    if let Some(end) = after.strip_prefix('%') {
        unit = Unit::Percent;
        after = end.trim_start();
    } else if after == "k"
        || after == "K"
        || ((after.starts_with(['k', 'K'])) && strip_currency(after[1..].trim_start(), false).is_some())
    {
        unit = Unit::Kilo;
        after = after[1..].trim_start();
    }
    if currency.is_none()
        && let Some((found, end)) = strip_currency(after, false)
    {
        currency = Some(found);
        after = end.trim_start();
    }
    if !after.is_empty() {
        if unit != Unit::None || !is_unit(after) {
            return None;
        }
        unit = Unit::Word(after);
    }
    Some(Parts { negative, body, exponent, currency, unit })
}

/// A currency at the start; a code must not run on into a word.
fn strip_currency(text: &str, before_number: bool) -> Option<(&'static str, &str)> {
    if text.is_empty() || text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    CURRENCIES.iter().find_map(|currency| {
        let head = text.get(..currency.len())?;
        let rest = &text[currency.len()..];
        let ends_in_letter = currency.ends_with(char::is_alphabetic);
        let same = head == *currency || (currency.len() >= 3 && head.eq_ignore_ascii_case(currency));
        let runs_on = ends_in_letter && rest.starts_with(char::is_alphabetic);
        (same && !runs_on && (!before_number || !rest.is_empty())).then_some((*currency, rest))
    })
}

/// The longest run of digits and separators, and what follows it.
fn split_body(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let (mut end, mut has_digit) = (0, false);
    for (i, c) in text.char_indices() {
        if c.is_ascii_digit() {
            has_digit = true;
            end = i + 1;
        } else if is_separator(c) {
            let after = i + c.len_utf8();
            let next_is_digit = bytes.get(after).is_some_and(u8::is_ascii_digit);
            // A blank belongs to the number only before a group of three digits.
            let group = || {
                (0..3).all(|k| bytes.get(after + k).is_some_and(u8::is_ascii_digit))
                    && !bytes.get(after + 3).is_some_and(u8::is_ascii_digit)
            };
            let trailing_point = !next_is_digit && has_digit && c == '.' && bytes.get(after).is_none_or(|b| *b == b' ');
            if trailing_point {
                return Some((&text[..end], &text[after..]));
            }
            if !next_is_digit || (is_blank(c) && !(has_digit && group())) {
                break;
            }
        } else {
            break;
        }
    }
    has_digit.then(|| text.split_at(end))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

fn is_separator(c: char) -> bool {
    is_blank(c) || matches!(c, ',' | '.' | '\'' | '’')
}

/// `e5` or `E-05` right after the digits.
fn split_exponent(text: &str) -> (Option<&str>, &str) {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return (None, text) };
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let n = digits.bytes().take_while(u8::is_ascii_digit).count();
    if n == 0 || n > 4 {
        return (None, text);
    }
    let end = rest.len() - digits.len() + n;
    (Some(&rest[..end]), &rest[end..])
}

/// Whether text after a number may be a unit: at most three short words without digits.
fn is_unit(text: &str) -> bool {
    text.len() <= 24
        && text.split_whitespace().count() <= 3
        && text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '/' | '.' | '°' | '²' | '³' | 'µ'))
        && text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '°' | 'µ'))
}

/// Adds what the one point of a plain number says; `before` counts the characters in front of it.
#[inline]
fn weigh_point(before: usize, cell: &str, places: usize, evidence: &mut Evidence) {
    let bytes = cell.as_bytes();
    let (before, first) = if bytes[0] == b'-' { (before - 1, bytes[1]) } else { (before, bytes[0]) };
    let groups = places == 3 && (1..=3).contains(&before) && first != b'0';
    let place = if groups { &mut evidence.either } else { &mut evidence.decimal };
    place[POINT] += 1;
}

/// Adds what the separators of one body say.
fn weigh(body: &str, evidence: &mut Evidence) {
    let mut marks = body.char_indices().filter(|(_, c)| !c.is_ascii_digit());
    let Some((first_at, first)) = marks.next() else { return };
    let index = |c: char| if c == ',' { COMMA } else { POINT };
    let rest: Vec<(usize, char)> = marks.collect();
    if is_blank(first) || first == '\'' || first == '’' {
        evidence.other_groups = Some(evidence.other_groups.map_or(first, |c| c.max(first)));
        if let Some(&(_, last)) = rest.last().filter(|(_, c)| matches!(c, ',' | '.')) {
            evidence.decimal[index(last)] += 1;
        }
        return;
    }
    match rest.last() {
        Some(&(_, last)) if last != first => {
            evidence.thousands[index(first)] += 1;
            if matches!(last, ',' | '.') {
                evidence.decimal[index(last)] += 1;
            }
        }
        Some(_) => evidence.thousands[index(first)] += 1,
        None => {
            let after = body.len() - first_at - 1;
            let before = &body[..first_at];
            let groups = after == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
            let place = if groups { &mut evidence.either } else { &mut evidence.decimal };
            place[index(first)] += 1;
        }
    }
}

/// The separators of the column.
fn decide(evidence: &Evidence, warnings: &mut Vec<String>) -> Separators {
    let point = Separators { decimal: '.', thousands: ',' };
    let comma = Separators { decimal: ',', thousands: '.' };
    let for_point = evidence.decimal[POINT] + evidence.thousands[COMMA];
    let for_comma = evidence.decimal[COMMA] + evidence.thousands[POINT];
    if for_point > 0 || for_comma > 0 {
        // A column that groups with a point everywhere ("1.234.567") has no decimals at all.
        return if for_comma > for_point { comma } else { point };
    }
    match (evidence.either[COMMA], evidence.either[POINT]) {
        (0, 0) => point,
        (n, 0) => {
            warnings.push(format!(
                "the comma was taken to group thousands: in {} it stands before exactly three digits, and nothing else tells",
                cells_of(n)
            ));
            point
        }
        // Amounts of money with three decimals everywhere are not to be expected.
        (0, n) if evidence.money > 0 => {
            warnings.push(format!(
                "the point was taken to group thousands: in {} of money it stands before exactly three digits",
                cells_of(n)
            ));
            comma
        }
        (0, n) => {
            warnings.push(format!(
                "the point was taken as decimal: in {} it stands before exactly three digits, and nothing else tells",
                cells_of(n)
            ));
            point
        }
        (n, m) => {
            warnings.push(format!(
                "{} could have a decimal comma or a decimal point; the point was taken as decimal",
                cells_of(n + m)
            ));
            point
        }
    }
}

/// The value of digits and separators; `None` where the groups are not groups.
fn evaluate(body: &str, separators: Separators, exponent: Option<&str>) -> Option<f64> {
    let mut digits = String::with_capacity(body.len() + 8);
    let (whole, fraction) = match body.split_once(separators.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (body, None),
    };
    let is_group = |c: char| c == separators.thousands || is_blank(c) || matches!(c, '\'' | '’');
    let mut groups = whole.split(is_group);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    if !rest.is_empty() {
        // Groups of three; in India all but the last of two.
        let (last, middle) = rest.split_last()?;
        let width = middle.first().map_or(3, |g| g.len());
        let fits = last.len() == 3 && (width == 2 || width == 3) && middle.iter().all(|g| g.len() == width);
        if !fits || first.is_empty() || first.len() > width.max(3) {
            return None;
        }
    }
    for group in std::iter::once(first).chain(rest) {
        digits.push_str(group);
    }
    if let Some(fraction) = fraction {
        digits.push('.');
        digits.push_str(fraction);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    if let Some(exponent) = exponent {
        digits.push('e');
        digits.push_str(exponent);
    }
    digits.parse().ok().filter(|v: &f64| v.is_finite())
}

/// The units of the column.
#[derive(Debug, Default)]
struct Units {
    /// The unit word of the column in lower case, where there is one.
    word: Option<String>,
    /// Months and years both occur: years are converted.
    years_to_months: bool,
}

impl Units {
    fn decide(cells: &[(usize, Parts)], warnings: &mut Vec<String>) -> Units {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (_, parts) in cells {
            if let Unit::Word(word) = parts.unit {
                *counts.entry(normal(word)).or_default() += 1;
            }
        }
        let months: usize = counts.iter().filter(|(w, _)| MONTH_UNITS.contains(&w.as_str())).map(|(_, n)| n).sum();
        let years: usize = counts.iter().filter(|(w, _)| YEAR_UNITS.contains(&w.as_str())).map(|(_, n)| n).sum();
        let total: usize = counts.values().sum();
        // Equal counts are settled by the word, not by the order of rows.
        let word = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        if months > 0 && years > 0 && (months + years) * 2 > total {
            warnings
                .push(format!("months and years both occur; {} of years were converted to months", cells_of(years)));
            return Units { word: Some("months".to_owned()), years_to_months: true };
        }
        let Some((word, n)) = word else { return Units::default() };
        let same = if MONTH_UNITS.contains(&word.as_str()) {
            months
        } else if YEAR_UNITS.contains(&word.as_str()) {
            years
        } else {
            n
        };
        if same < total {
            warnings.push(format!("{} have another unit than the others and were not read", cells_of(total - same)));
        }
        Units { word: Some(word), years_to_months: false }
    }

    /// The value in the unit of the column; `None` for another unit.
    fn apply(&self, value: f64, unit: Unit) -> Option<f64> {
        match unit {
            Unit::None | Unit::Percent => Some(value),
            Unit::Kilo => Some(value * 1000.0),
            Unit::Word(word) => {
                let word = normal(word);
                let column = self.word.as_deref()?;
                let family = |units: &[&str]| units.contains(&word.as_str()) && units.contains(&column);
                if self.years_to_months && YEAR_UNITS.contains(&word.as_str()) {
                    return Some(value * 12.0);
                }
                (word == column || family(MONTH_UNITS) || family(YEAR_UNITS)).then_some(value)
            }
        }
    }
}

/// A unit word in lower case, without the final point of an abbreviation.
fn normal(word: &str) -> String {
    word.trim_end_matches('.').to_lowercase()
}

/// The format in words.
fn describe(evidence: &Evidence, separators: Separators, units: &Units, cells: &[(usize, Parts)]) -> String {
    let mut format = "number".to_owned();
    let index = |c: char| if c == ',' { COMMA } else { POINT };
    if separators.decimal == ',' {
        format.push_str(", decimal comma");
    }
    if let Some(c) = evidence.other_groups {
        format.push_str(if is_blank(c) { ", thousands ' '" } else { ", thousands '''" });
    } else {
        let i = index(separators.thousands);
        if evidence.thousands[i] + evidence.either[i] > 0 {
            format.push_str(&format!(", thousands '{}'", separators.thousands));
        }
    }
    let mut currencies: Vec<&str> = cells.iter().filter_map(|(_, p)| p.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    for currency in currencies {
        format.push_str(&format!(", sign '{currency}'"));
    }
    if cells.iter().any(|(_, p)| p.unit == Unit::Percent) {
        format.push_str(", percent");
    }
    if cells.iter().any(|(_, p)| p.unit == Unit::Kilo) {
        format.push_str(", k for thousands");
    }
    if units.years_to_months {
        format.push_str(", months and years in months");
    } else if let Some(word) = units.word.as_deref().filter(|w| is_known_unit(w)) {
        format.push_str(&format!(", unit '{word}'"));
    } else if units.word.is_some() {
        format.push_str(", with a unit");
    }
    format
}

/// Units that may be named; any other word after a number might be content.
fn is_known_unit(word: &str) -> bool {
    const KNOWN: &[&str] = &[
        "kb", "mb", "gb", "tb", "day", "days", "tage", "jours", "min", "minutes", "h", "hours", "s", "sec", "km", "kg",
    ];
    MONTH_UNITS.contains(&word) || YEAR_UNITS.contains(&word) || KNOWN.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(column: &ColumnData) -> ParsedColumn {
        super::read(column, &CellFormat::default())
    }

    const X: f64 = f64::INFINITY;
    const NONE: f64 = f64::NEG_INFINITY;

    /// `X` stands for unreadable, `NONE` for missing.
    fn check(cells: &[&str], expected: &[f64], warnings: usize) {
        for reversed in [false, true] {
            let mut pairs: Vec<_> = cells.iter().zip(expected).collect();
            if reversed {
                pairs.reverse();
            }
            let parsed = read(&ColumnData::text(pairs.iter().map(|(c, _)| Some(**c))));
            for (row, (cell, expected)) in pairs.iter().enumerate() {
                let got = match parsed.values.number(row) {
                    Some(v) => v,
                    None if parsed.unreadable.contains(&row) => X,
                    None => NONE,
                };
                assert_eq!(got, **expected, "{cell:?} of {cells:?}: {}", parsed.format);
            }
            assert_eq!(parsed.warnings.len(), warnings, "{cells:?}: {:?}", parsed.warnings);
        }
    }

    #[test]
    fn numbers() {
        let cases: &[(&[&str], &[f64], usize)] = &[
            (
                &["1", "-2.5", " 3 ", "", "n/a", "+4", "1e3", "2.5E-1"],
                &[1.0, -2.5, 3.0, NONE, NONE, 4.0, 1000.0, 0.25],
                0,
            ),
            (&["1.234,50 €", "999,00 €"], &[1234.5, 999.0], 0),
            (
                &["$1,234.50", "$ 12", "-$3", "$-4", "USD 5", "6 USD", "7usd"],
                &[1234.5, 12.0, -3.0, -4.0, 5.0, 6.0, 7.0],
                0,
            ),
            (&["R$ 1.234,56", "R$ 10"], &[1234.56, 10.0], 0),
            (&["1,234", "12,345"], &[1234.0, 12345.0], 1),
            (&["1,234", "0,5"], &[1.234, 0.5], 0),
            (&["1,234", "1,5"], &[1.234, 1.5], 0),
            (&["1,234", "2.5"], &[1234.0, 2.5], 0),
            (&["1.234", "2.345"], &[1.234, 2.345], 1),
            (&["1.234 €", "2.345 €"], &[1234.0, 2345.0], 1),
            (&["1.234", "0.345"], &[1.234, 0.345], 0),
            (&["1.234.567", "12"], &[1_234_567.0, 12.0], 0),
            (&["1.234", "5,5"], &[1234.0, 5.5], 0),
            (&["1 234,5", "1\u{a0}234\u{a0}567", "1\u{202f}000"], &[1234.5, 1_234_567.0, 1000.0], 0),
            (&["1'234.50", "12’345"], &[1234.5, 12345.0], 0),
            (&["12,34,567.5"], &[1_234_567.5], 0),
            (&["12 %", "7,5%", "3"], &[12.0, 7.5, 3.0], 0),
            (&["(12.50)", "12.50-", "($3.10)", "−4.25"], &[-12.5, -12.5, -3.1, -4.25], 0),
            (&["=\"8445\"", "\"12\""], &[8445.0, 12.0], 0),
            (&["12 months", "36 mo", "1 month", "5"], &[12.0, 36.0, 1.0, 5.0], 0),
            (&["12 months", "2 years", "1 yr"], &[12.0, 24.0, 12.0], 1),
            (&["3 yrs", "1 year"], &[3.0, 1.0], 0),
            (&["5 GB", "6 GB", "7 MB"], &[5.0, 6.0, X], 1),
            (&["10k", "1.5 k", "500"], &[10000.0, 1500.0, 500.0], 0),
            (
                &["inf", "nan", "Infinity", "1e999", "abc", "12-34", "10:30", "1.2.3", "2024-01-05"],
                &[X, NONE, X, X, X, X, X, X, X],
                0,
            ),
            (&["5.", ".5", "00123"], &[5.0, 0.5, 123.0], 0),
            (&["unknown", "none", "-", "--", "?", "#N/A", "#NULL!", "NULL"], &[NONE; 8], 0),
            (&["1,5", "2,5", "3.5"], &[1.5, 2.5, X], 0),
            (&["12 kr", "zł 5", "₹7", "£8", "¥9", "CHF 10"], &[12.0, 5.0, 7.0, 8.0, 9.0, 10.0], 0),
            (&["12345678901234567890", "0.1"], &[12345678901234567890.0, 0.1], 0),
        ];
        for (cells, expected, warnings) in cases {
            check(cells, expected, *warnings);
        }
    }

    #[test]
    fn formats_are_described() {
        let format = |cells: &[&str]| read(&ColumnData::text(cells.iter().map(|c| Some(*c)))).format;
        assert_eq!(format(&["1.234,50 €", "999,00 €"]), "number, decimal comma, thousands '.', sign '€'");
        assert_eq!(format(&["12 %"]), "number, percent");
        assert_eq!(format(&["1", "2.5"]), "number");
        assert_eq!(format(&["12 months"]), "number, unit 'months'");
    }

    #[test]
    fn plain_numbers_are_read_exactly() {
        for text in [
            "0.1",
            "19.99",
            "-0.3",
            "123456789.123",
            "99999999999999.9",
            "1234567890123456.7",
            "7",
            "9007199254740992",
            "9007199254740993",
            "0.9007199254740993",
            "0.0000000000000000001",
            "0.00000000000000000001",
            "123456789012345678901234567890.5",
        ] {
            assert_eq!(plain(text).map(|(v, _)| v), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn given_separators_are_not_judged() {
        let read = |decimal: Option<char>, thousands: Option<char>, cells: &[&str]| {
            let format = CellFormat { decimal, thousands, date_order: None };
            let parsed = super::read(&ColumnData::text(cells.iter().map(|c| Some(*c))), &format);
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            (0..cells.len()).map(|r| parsed.values.number(r)).collect::<Vec<_>>()
        };
        assert_eq!(read(Some(','), None, &["1,234", "1.234", "2.5"]), [Some(1.234), Some(1234.0), None]);
        assert_eq!(read(Some('.'), None, &["1,234", "1.234", "2,5"]), [Some(1234.0), Some(1.234), None]);
        assert_eq!(read(None, Some('.'), &["1.234", "5"]), [Some(1234.0), Some(5.0)]);
        assert_eq!(read(Some(','), Some(' '), &["1 234,5"]), [Some(1234.5)]);
    }

    #[test]
    fn typed_columns() {
        let integers = ColumnData::Integer([Some(3), None].into_iter().collect());
        assert_eq!(read(&integers).values, ColumnData::numbers([Some(3.0), None]));
        assert_eq!(read(&ColumnData::numbers([Some(f64::INFINITY), Some(1.0)])).unreadable, [0]);
        assert_eq!(read(&ColumnData::Date([Some(1)].into_iter().collect())).unreadable, [0]);
    }
}
