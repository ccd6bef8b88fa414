//! One cell as a date or an instant: hand-written parsers, without a judgement on the order of day and month.

use crate::table::ColumnData;

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// A time of day, if one was written.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Clock {
    /// Whether a time was written at all.
    pub written: bool,
    /// Microseconds since midnight.
    pub micros: i64,
    /// Microseconds east of UTC, where a zone was written.
    pub offset: Option<i64>,
}

/// How a date was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    /// Year, month, day.
    Iso,
    /// With the name of the month.
    Named,
    /// Name of the month and year, or `2024-03`: no day.
    MonthOnly,
}

/// A cell that is a date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Moment {
    /// Days since 1970-01-01, without a doubt.
    Day(i32, Clock, Style),
    /// Two numbers that are day and month in an order that only the column tells, and the year; the
    /// character between them.
    Parts(u8, u8, i32, u8, Clock),
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, where there is such a date.
pub(super) fn days(year: i32, month: u8, day: u8) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap),
        _ => return None,
    };
    if day == 0 || day > length || !(1..=9999).contains(&year) {
        return None;
    }
    // Years from March, so that the leap day is the last of its year (Hinnant, "chrono-compatible low-level
    // date algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (i32::from(month) + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + i32::from(day) - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// A year of two digits: 69 to 99 are of the last century, as in POSIX.
fn full_year(year: i32, digits: usize) -> Option<i32> {
    match digits {
        4 => Some(year),
        2 => Some(if year < 69 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

/// Reads a trimmed cell as a date or an instant.
pub(super) fn parse(cell: &str) -> Option<Moment> {
    let bytes = cell.as_bytes();
    if bytes.len() < 6 || bytes.len() > 48 {
        return None;
    }
    if bytes[0].is_ascii_digit()
        && let Some(moment) = numeric(cell)
    {
        return Some(moment);
    }
    named(cell)
}

/// Digits at the start: their value, their number, the rest.
fn digits(text: &str) -> Option<(i32, usize, &str)> {
    let n = text.bytes().take_while(u8::is_ascii_digit).count();
    if n == 0 || n > 6 {
        return None;
    }
    let value = text.as_bytes()[..n].iter().fold(0i32, |v, b| v * 10 + i32::from(b - b'0'));
    Some((value, n, &text[n..]))
}

/// Three numbers with one of `-/. ` between them, and perhaps a time.
fn numeric(cell: &str) -> Option<Moment> {
    let (a, a_digits, rest) = digits(cell)?;
    let separator = *rest.as_bytes().first()?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    // "1. 3. 2024" is written with blanks.
    let next = |text: &'_ str| -> Option<usize> {
        (text.as_bytes().first() == Some(&separator))
            .then(|| 1 + text[1..].bytes().take_while(|&b| b == b' ' && separator == b'.').count())
    };
    let rest = &rest[next(rest)?..];
    let (b, b_digits, rest) = digits(rest)?;
    if a_digits == 4 && rest.is_empty() && separator != b'.' {
        // "2024-03"
        return (b_digits == 2)
            .then(|| days(a, u8::try_from(b).ok()?, 1))
            .flatten()
            .map(|d| Moment::Day(d, Clock::default(), Style::MonthOnly));
    }
    let rest = &rest[next(rest)?..];
    let (c, c_digits, rest) = digits(rest)?;
    let clock = clock(rest)?;
    let small = |v: i32, n: usize| u8::try_from(v).ok().filter(|_| n <= 2);
    if a_digits == 4 {
        return Some(Moment::Day(days(a, small(b, b_digits)?, small(c, c_digits)?)?, clock, Style::Iso));
    }
    let year = full_year(c, c_digits)?;
    Some(Moment::Parts(small(a, a_digits)?, small(b, b_digits)?, year, separator, clock))
}

/// A time after a date: nothing, `T10:20`, ` 10:20:30.5 PM`, a zone.
fn clock(text: &str) -> Option<Clock> {
    if text.is_empty() {
        return Some(Clock::default());
    }
    // Exports write "05.03.2024, 10:20" as well as "2024-03-05T10:20".
    let rest = text.strip_prefix(['T', 't', ' ', ',']).or_else(|| text.starts_with(['Z', '+']).then_some(text))?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(Clock::default());
    }
    if !rest.as_bytes()[0].is_ascii_digit() {
        // A day with a zone says nothing of a time.
        return zone(rest).map(|_| Clock::default());
    }
    let (hour, n, rest) = digits(rest)?;
    let rest = rest.strip_prefix(':')?;
    let (minute, m, mut rest) = digits(rest)?;
    if n > 2 || m != 2 {
        return None;
    }
    let (mut second, mut fraction) = (0, 0i64);
    if let Some(after) = rest.strip_prefix(':') {
        let (value, s, after) = digits(after)?;
        if s != 2 {
            return None;
        }
        (second, rest) = (value, after);
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let count = after.bytes().take_while(u8::is_ascii_digit).count();
            if count == 0 {
                return None;
            }
            for i in 0..6 {
                let digit = if i < count { after.as_bytes()[i] - b'0' } else { 0 };
                fraction = fraction * 10 + i64::from(digit);
            }
            rest = &after[count..];
        }
    }
    let rest = rest.trim_start();
    let (half, rest) = half_of_day(rest);
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    let is_midnight = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    if (hour > 23 && !is_midnight) || minute > 59 || second > 60 {
        return None;
    }
    let rest = rest.trim();
    let offset = if rest.is_empty() { None } else { Some(zone(rest)?) };
    let micros = i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
    Some(Clock { written: true, micros, offset })
}

/// `AM` or `PM`: whether it is the afternoon.
fn half_of_day(text: &str) -> (Option<bool>, &str) {
    for (word, afternoon) in [("am", false), ("pm", true), ("a.m.", false), ("p.m.", true)] {
        if let Some(head) = text.get(..word.len())
            && head.eq_ignore_ascii_case(word)
        {
            return (Some(afternoon), &text[word.len()..]);
        }
    }
    (None, text)
}

/// Microseconds east of UTC. Names other than UTC differ from country to country and are not read.
fn zone(text: &str) -> Option<i64> {
    if ["Z", "UTC", "GMT"].iter().any(|z| text.eq_ignore_ascii_case(z)) {
        return Some(0);
    }
    let text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (value, n, rest) = digits(rest)?;
    let (hours, minutes) = match (n, rest.strip_prefix(':')) {
        (1 | 2, Some(after)) => {
            let (minutes, m, end) = digits(after)?;
            if m != 2 || !end.is_empty() {
                return None;
            }
            (value, minutes)
        }
        (1 | 2, None) if rest.is_empty() => (value, 0),
        (4, None) if rest.is_empty() => (value / 100, value % 100),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then(|| i64::from(sign * (hours * 60 + minutes)) * 60_000_000)
}

/// Beginnings of the names of months (en, de, fr, es, pt, it) that no other month shares, with the longer
/// names that begin like it; a token is a month if it is one of these or one of these is its beginning.
const MONTHS: &[(u8, &[&str])] = &[
    (1, &["jan", "jän", "ene", "gen", "january", "januar", "jänner", "janvier", "janv", "enero", "janeiro", "gennaio"]),
    (
        2,
        &[
            "feb",
            "fév",
            "fev",
            "févr",
            "fevr",
            "february",
            "februar",
            "février",
            "fevrier",
            "febrero",
            "fevereiro",
            "febbraio",
            "febr",
        ],
    ),
    (3, &["mar", "mär", "mrz", "mars", "march", "märz", "maerz", "marzo", "março", "marco"]),
    (4, &["apr", "avr", "abr", "april", "avril", "abril", "aprile"]),
    (5, &["may", "mai", "mayo", "maio", "mag", "maggio"]),
    (6, &["jun", "juni", "june", "juin", "junio", "junho", "giu", "giugno"]),
    (7, &["jul", "juli", "july", "juil", "juillet", "julio", "julho", "lug", "luglio"]),
    (8, &["aug", "août", "aout", "ago", "august", "agosto"]),
    (9, &["sep", "sept", "set", "september", "septembre", "septiembre", "setiembre", "setembro", "sett", "settembre"]),
    (10, &["oct", "okt", "out", "ott", "october", "oktober", "octobre", "octubre", "outubro", "ottobre"]),
    (11, &["nov", "november", "novembre", "noviembre", "novembro"]),
    (
        12,
        &[
            "dec",
            "dez",
            "déc",
            "dic",
            "december",
            "dezember",
            "décembre",
            "decembre",
            "diciembre",
            "dezembro",
            "dicembre",
        ],
    ),
];

/// Words that stand in a date and say nothing.
const FILLERS: &[&str] = &[
    "de",
    "del",
    "of",
    "the",
    "le",
    "den",
    "am",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonnabend",
    "sonntag",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
    "segunda",
    "terça",
    "quarta",
    "quinta",
    "sexta",
    "feira",
    "lunedì",
    "martedì",
    "mercoledì",
    "giovedì",
    "venerdì",
    "sabato",
    "domenica",
];

/// The month of a word in lower case.
fn month(word: &str) -> Option<u8> {
    MONTHS.iter().find(|(_, names)| names.contains(&word)).map(|(number, _)| *number)
}

/// A date with the name of a month, and perhaps a time.
fn named(cell: &str) -> Option<Moment> {
    if !cell.chars().any(char::is_alphabetic) || !cell.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    // The time begins with the token before the first colon.
    let (date, time) = match cell.find(':') {
        None => (cell, ""),
        Some(colon) => {
            let start = cell[..colon].rfind([' ', 'T'])?;
            (&cell[..start], &cell[start..])
        }
    };
    let clock = clock(time)?;
    let (mut found, mut numbers) = (None, Vec::with_capacity(2));
    for token in date.split([' ', ',', '.', '-', '/', '\u{a0}']).filter(|t| !t.is_empty()) {
        if let Some((value, n, rest)) = digits(token) {
            let ordinal = ["", "st", "nd", "rd", "th", "er", "º", "ª", "°"].contains(&rest);
            if !ordinal || numbers.len() == 2 {
                return None;
            }
            numbers.push((value, n));
            continue;
        }
        let word = token.to_lowercase();
        match month(&word) {
            Some(number) if found.is_none() => found = Some(number),
            _ if FILLERS.contains(&word.as_str()) => {}
            _ => return None,
        }
    }
    let month = found?;
    match numbers[..] {
        [(year, 4)] => Some(Moment::Day(days(year, month, 1)?, clock, Style::MonthOnly)),
        [(year, 4), (day, 1 | 2)] => {
            Some(Moment::Day(days(year, month, u8::try_from(day).ok()?)?, clock, Style::Named))
        }
        [(day, 1 | 2), (year, n)] => {
            let year = full_year(year, n)?;
            Some(Moment::Day(days(year, month, u8::try_from(day).ok()?)?, clock, Style::Named))
        }
        _ => None,
    }
}

/// Microseconds since 1970-01-01T00:00:00Z; what has no zone is taken as UTC.
pub(super) fn instant(days: i32, clock: Clock) -> i64 {
    i64::from(days) * DAY + clock.micros - clock.offset.unwrap_or(0)
}

/// Days of each row from instants: the day in UTC.
pub(super) fn days_of(instants: &[Option<i64>]) -> ColumnData {
    ColumnData::Date(instants.iter().map(|i| i.and_then(|i| i32::try_from(i.div_euclid(DAY)).ok())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_fit_the_calendar() {
        for (date, expected) in
            [((1970, 1, 1), 0), ((2024, 2, 29), 19_782), ((1969, 12, 31), -1), ((1900, 1, 1), -25_567)]
        {
            assert_eq!(days(date.0, date.1, date.2), Some(expected), "{date:?}");
        }
        for date in [(2023, 2, 29), (2024, 13, 1), (2024, 0, 1), (2024, 4, 31), (0, 1, 1), (2024, 1, 0)] {
            assert_eq!(days(date.0, date.1, date.2), None, "{date:?}");
        }
        let jiff = (-25_567..40_000).step_by(97).all(|d| {
            let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(d);
            days(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs()) == Some(d)
        });
        assert!(jiff);
    }

    #[test]
    fn no_month_name_means_two_months() {
        let mut names: Vec<&str> = MONTHS.iter().flat_map(|(_, n)| n.iter().copied()).collect();
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
    }
}
