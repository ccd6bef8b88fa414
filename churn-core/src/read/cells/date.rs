//! Dates and instants: the order of day and month and the meaning of bare numbers, for the whole column.

use super::calendar::{self, DAY, Moment, Style, days_of, instant};
use super::{ParsedColumn, cells_of, is_missing_word, unprotected};
use crate::table::{CellFormat, ColumnData, DateOrder as Order};
use arrow_array::{Array, Date32Array, LargeStringArray, TimestampMicrosecondArray};

/// What bare numbers are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Count {
    /// Days of Excel.
    Serial,
    /// `20240305`.
    Compact,
    UnixSeconds,
    UnixMillis,
    /// No date at all.
    Nothing,
}

impl Count {
    /// The kinds that are told apart, by ranges that do not overlap.
    fn of(value: f64) -> Count {
        match value {
            v if (20_000.0..=60_000.0).contains(&v) => Count::Serial,
            v if (19_000_101.0..=21_001_231.0).contains(&v) && compact(v).is_some() => Count::Compact,
            v if (FIRST_SECOND..LAST_SECOND).contains(&v) => Count::UnixSeconds,
            v if (FIRST_SECOND * 1e3..LAST_SECOND * 1e3).contains(&v) => Count::UnixMillis,
            _ => Count::Nothing,
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    fn instant(self, value: f64) -> Option<i64> {
        if Count::of(value) != self {
            return None;
        }
        match self {
            // Day 25569 of Excel is 1970-01-01; after February 1900 its false leap day does no harm. Times
            // are kept to the millisecond, which is what a float64 of days holds.
            Count::Serial => Some(((value - 25_569.0) * 86_400_000.0).round() as i64 * 1000),
            Count::Compact => compact(value).map(|d| i64::from(d) * DAY),
            Count::UnixSeconds => Some((value * 1e6).round() as i64),
            Count::UnixMillis => Some((value * 1e3).round() as i64),
            Count::Nothing => None,
        }
    }
}

/// 1990-01-01 and 2100-01-01 in seconds.
const FIRST_SECOND: f64 = 631_152_000.0;
const LAST_SECOND: f64 = 4_102_444_800.0;

/// The days of `20240305`.
fn compact(value: f64) -> Option<i32> {
    if value.fract() != 0.0 {
        return None;
    }
    let number = value as i32;
    calendar::days(number / 10_000, u8::try_from(number / 100 % 100).ok()?, u8::try_from(number % 100).ok()?)
}

/// One cell before the column is judged.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Missing,
    Unreadable,
    Moment(Moment),
    Number(f64),
}

/// A column of instants, and how it was written.
struct Instants {
    values: Vec<Option<i64>>,
    unreadable: Vec<usize>,
    format: String,
    warnings: Vec<String>,
    /// Whether any cell has a time of day.
    has_time: bool,
}

/// Reads a column of calendar days; an instant becomes its day in UTC.
pub(super) fn read_dates(column: &ColumnData, format: &CellFormat) -> ParsedColumn {
    match column {
        ColumnData::Date(_) => ParsedColumn::clean(column.clone(), "date"),
        ColumnData::Timestamp(_) => {
            let days = (0..column.len()).map(|r| column.days(r)).collect();
            ParsedColumn::clean(ColumnData::Date(days), "date, the day in UTC of each instant")
        }
        _ => {
            if let ColumnData::Text(array) = column
                && let Some(parsed) = read_iso_days(array)
            {
                return parsed;
            }
            let read = read_instants(column, format);
            let format =
                format!("date, {}{}", read.format, if read.has_time { ", the day in UTC of each instant" } else { "" });
            ParsedColumn { values: days_of(&read.values), unreadable: read.unreadable, format, warnings: read.warnings }
        }
    }
}

/// Reads a column of instants; a day is its first moment in UTC.
pub(super) fn read_timestamps(column: &ColumnData, format: &CellFormat) -> ParsedColumn {
    match column {
        ColumnData::Timestamp(_) => ParsedColumn::clean(column.clone(), "timestamp"),
        ColumnData::Date(_) => {
            let instants = (0..column.len()).map(|r| column.days(r).map(|d| i64::from(d) * DAY)).collect();
            ParsedColumn::clean(ColumnData::Timestamp(instants), "timestamp, midnight in UTC of each day")
        }
        _ => {
            let read = read_instants(column, format);
            ParsedColumn {
                values: ColumnData::Timestamp(read.values.into_iter().collect::<TimestampMicrosecondArray>()),
                unreadable: read.unreadable,
                format: format!("timestamp, {}", read.format),
                warnings: read.warnings,
            }
        }
    }
}

/// A column of nothing but `2024-03-01`: nearly all columns of dates, in one pass and without memory for more than the
/// answer. `None` where a cell is anything else, or where there is none.
pub(super) fn read_iso_days(array: &LargeStringArray) -> Option<ParsedColumn> {
    let mut days = Vec::new();
    for row in 0..array.len() {
        days.push(if array.is_null(row) { 0 } else { iso_day(array.value(row))? });
    }
    (array.null_count() < array.len()).then(|| {
        let days = Date32Array::new(days.into(), array.nulls().cloned());
        ParsedColumn::clean(ColumnData::Date(days), "date, year first")
    })
}

/// The day of a cell such as `2024-03-01`.
pub(super) fn iso_day(cell: &str) -> Option<i32> {
    let &[a, b, c, d, b'-', m, n, b'-', x, y] = cell.as_bytes() else { return None };
    let digits = [a, b, c, d, m, n, x, y];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let [a, b, c, d, m, n, x, y] = digits.map(|b| b - b'0');
    let year = i32::from(a) * 1000 + i32::from(b) * 100 + i32::from(c) * 10 + i32::from(d);
    calendar::days(year, m * 10 + n, x * 10 + y)
}

/// One cell of text.
fn cell(text: &str) -> Cell {
    // MySQL writes a missing date as one of zeros.
    if is_missing_word(text) || text.starts_with("0000-00-00") {
        return Cell::Missing;
    }
    let text = unprotected(text).unwrap_or(text);
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().filter(|&b| b == b'.').count() <= 1
        && let Ok(number) = text.parse()
    {
        return Cell::Number(number);
    }
    calendar::parse(text).map_or(Cell::Unreadable, Cell::Moment)
}

/// Whether a trimmed cell is written as a date, and whether it has a time; bare numbers are not.
pub(super) fn looks_like_date(text: &str) -> Option<bool> {
    if iso_day(text).is_some() {
        return Some(false);
    }
    match calendar::parse(text)? {
        Moment::Parts(a, b, ..) if a > 31 || b > 31 || (a > 12 && b > 12) || a == 0 || b == 0 => None,
        Moment::Parts(_, _, _, _, clock) | Moment::Day(_, clock, _) => Some(clock.written && clock.micros % DAY != 0),
    }
}

fn read_instants(column: &ColumnData, format: &CellFormat) -> Instants {
    let cells: Vec<Cell> = (0..column.len())
        .map(|row| match column {
            ColumnData::Boolean(_) if !column.is_missing(row) => Cell::Unreadable,
            ColumnData::Text(_) => column.cell(row).map_or(Cell::Missing, |c| cell(&c)),
            _ => column.number(row).map_or(Cell::Missing, Cell::Number),
        })
        .collect();
    let mut warnings = Vec::new();
    let order = format.date_order.unwrap_or_else(|| decide_order(&cells, &mut warnings));
    let count = decide_count(&cells);
    let mut unreadable = Vec::new();
    let (mut named, mut iso, mut parts, mut month_only, mut numbers, mut has_time) = (0, 0, 0, 0, 0, false);
    let mut values = Vec::with_capacity(cells.len());
    for (row, cell) in cells.iter().enumerate() {
        let value = match *cell {
            Cell::Missing => {
                values.push(None);
                continue;
            }
            Cell::Unreadable => None,
            Cell::Number(number) => {
                let value = count.instant(number);
                numbers += usize::from(value.is_some());
                has_time |= value.is_some_and(|v| v.rem_euclid(DAY) != 0);
                value
            }
            Cell::Moment(Moment::Day(days, clock, style)) => {
                match style {
                    Style::Iso => iso += 1,
                    Style::Named => named += 1,
                    Style::MonthOnly => month_only += 1,
                }
                has_time |= clock.written;
                Some(instant(days, clock))
            }
            Cell::Moment(Moment::Parts(a, b, year, _, clock)) => {
                let (day, month) = if order == Order::DayFirst { (a, b) } else { (b, a) };
                let value = calendar::days(year, month, day).map(|days| instant(days, clock));
                parts += usize::from(value.is_some());
                has_time |= value.is_some() && clock.written;
                value
            }
        };
        if value.is_none() {
            unreadable.push(row);
        }
        values.push(value);
    }
    if month_only > 0 {
        warnings.push(format!("{} name a month without a day; the first of the month was taken", cells_of(month_only)));
    }
    let mut styles = Vec::new();
    if iso > 0 {
        styles.push("year first");
    }
    if parts > 0 {
        styles.push(if order == Order::DayFirst { "day first" } else { "month first" });
    }
    if named > 0 {
        styles.push("names of months");
    }
    if month_only > 0 {
        styles.push("months without a day");
    }
    if numbers > 0 {
        styles.push(match count {
            Count::Serial => "Excel's day numbers",
            Count::Compact => "eight digits, year first",
            Count::UnixSeconds => "Unix seconds",
            Count::UnixMillis => "Unix milliseconds",
            Count::Nothing => "numbers",
        });
    }
    let format = if styles.is_empty() { "none readable".to_owned() } else { styles.join(" and ") };
    Instants { values, unreadable, format, warnings, has_time }
}

/// The order of day and month: a part over 12 is a day; where no cell has one, what the separator suggests.
fn decide_order(cells: &[Cell], warnings: &mut Vec<String>) -> Order {
    let (mut day_first, mut month_first, mut either, mut slashes) = (0usize, 0usize, 0usize, 0usize);
    for cell in cells {
        if let Cell::Moment(Moment::Parts(a, b, _, separator, _)) = cell {
            match (*a > 12, *b > 12) {
                (true, false) => day_first += 1,
                (false, true) => month_first += 1,
                (true, true) => {}
                // The same day in both orders says nothing and loses nothing.
                (false, false) if a == b => {}
                (false, false) => either += 1,
            }
            slashes += usize::from(*separator == b'/');
        }
    }
    let total = cells.iter().filter(|c| matches!(c, Cell::Moment(Moment::Parts(..)))).count();
    let by_separator = if slashes * 2 > total { Order::MonthFirst } else { Order::DayFirst };
    if day_first > 0 || month_first > 0 {
        let order = match day_first.cmp(&month_first) {
            std::cmp::Ordering::Greater => Order::DayFirst,
            std::cmp::Ordering::Less => Order::MonthFirst,
            std::cmp::Ordering::Equal => by_separator,
        };
        let (winner, minority) = match order {
            Order::DayFirst => ("day", month_first),
            Order::MonthFirst => ("month", day_first),
        };
        if minority > 0 {
            warnings.push(format!(
                "the dates are written {winner} first, but {} can only be the other way round and were not read; \
                 others may be swapped without a trace",
                cells_of(minority)
            ));
        }
        return order;
    }
    if either > 0 {
        let word = if by_separator == Order::DayFirst { "day" } else { "month" };
        warnings.push(format!(
            "{} could be day first or month first, and no cell tells; {word} first was taken because of the separator",
            cells_of(either)
        ));
    }
    by_separator
}

/// What the bare numbers of the column are: the kind of most of them, and at least of half.
fn decide_count(cells: &[Cell]) -> Count {
    const KINDS: [Count; 4] = [Count::Serial, Count::Compact, Count::UnixSeconds, Count::UnixMillis];
    let mut counts = [0usize; 4];
    let mut total = 0usize;
    for cell in cells {
        if let Cell::Number(number) = cell {
            total += 1;
            if let Some(i) = KINDS.iter().position(|k| *k == Count::of(*number)) {
                counts[i] += 1;
            }
        }
    }
    let best = (0..4).rev().max_by_key(|&i| counts[i]).unwrap_or(0);
    if counts[best] * 2 >= total && counts[best] > 0 { KINDS[best] } else { Count::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_dates(column: &ColumnData) -> ParsedColumn {
        super::read_dates(column, &CellFormat::default())
    }

    fn read_timestamps(column: &ColumnData) -> ParsedColumn {
        super::read_timestamps(column, &CellFormat::default())
    }

    #[test]
    fn a_given_order_is_not_judged() {
        let cells = ColumnData::text([Some("03/04/2024"), Some("13/04/2024")]);
        for (order, expected) in [
            (Order::DayFirst, [Some("2024-04-03"), Some("2024-04-13")]),
            (Order::MonthFirst, [Some("2024-03-04"), None]),
        ] {
            let format = CellFormat { date_order: Some(order), ..CellFormat::default() };
            let parsed = super::read_dates(&cells, &format);
            let got: Vec<_> = (0..2).map(|r| parsed.values.cell(r)).collect();
            assert_eq!(got.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
            assert!(parsed.warnings.is_empty());
        }
    }

    /// `x` stands for unreadable, the empty text for missing.
    fn check(read: fn(&ColumnData) -> ParsedColumn, cells: &[&str], expected: &[&str], format: &str, warnings: usize) {
        for reversed in [false, true] {
            let mut pairs: Vec<_> = cells.iter().zip(expected).collect();
            if reversed {
                pairs.reverse();
            }
            let parsed = read(&ColumnData::text(pairs.iter().map(|(c, _)| Some(**c))));
            for (row, (cell, expected)) in pairs.iter().enumerate() {
                let got = match parsed.values.cell(row) {
                    Some(v) => v.into_owned(),
                    None if parsed.unreadable.contains(&row) => "x".to_owned(),
                    None => String::new(),
                };
                assert_eq!(got, **expected, "{cell:?} of {cells:?}");
            }
            assert_eq!(parsed.format, format, "{cells:?}");
            assert_eq!(parsed.warnings.len(), warnings, "{cells:?}: {:?}", parsed.warnings);
        }
    }

    #[test]
    fn dates() {
        type Case = (&'static [&'static str], &'static [&'static str], &'static str, usize);
        let cases: &[Case] = &[
            (&["2024-03-05", "", "n/a", "0000-00-00"], &["2024-03-05", "", "", ""], "date, year first", 0),
            (&["2024/03/05", "2024.3.5"], &["2024-03-05", "2024-03-05"], "date, year first", 0),
            (&["05.03.2024", "31.12.2023"], &["2024-03-05", "2023-12-31"], "date, day first", 0),
            (&["5. 3. 2024", "31.12.23"], &["2024-03-05", "2023-12-31"], "date, day first", 0),
            (&["05/03/2024", "31/12/2023"], &["2024-03-05", "2023-12-31"], "date, day first", 0),
            (&["05/03/2024", "12/31/2023"], &["2024-05-03", "2023-12-31"], "date, month first", 0),
            (&["05/03/2024", "01/02/99"], &["2024-05-03", "1999-01-02"], "date, month first", 1),
            (&["05.03.2024"], &["2024-03-05"], "date, day first", 1),
            (&["05-03-2024"], &["2024-03-05"], "date, day first", 1),
            (&["05/05/2024"], &["2024-05-05"], "date, month first", 0),
            (&["13/01/2024", "14/01/2024", "01/15/2024"], &["2024-01-13", "2024-01-14", "x"], "date, day first", 1),
            (
                &["1 Mar 2024", "Mar 1, 2024", "01-Mar-24", "March 1st, 2024"],
                &["2024-03-01"; 4],
                "date, names of months",
                0,
            ),
            (
                &["1. März 2024", "1er mars 2024", "1 de marzo de 2024", "1 de março de 2024", "1 marzo 2024"],
                &["2024-03-01"; 5],
                "date, names of months",
                0,
            ),
            (
                &["5. Dezember 2023", "5 décembre 2023", "5 dic 2023", "5 dez 2023"],
                &["2023-12-05"; 4],
                "date, names of months",
                0,
            ),
            (&["March 2024", "2024-03"], &["2024-03-01"; 2], "date, months without a day", 1),
            (
                &["45356", "45356.5"],
                &["2024-03-05", "2024-03-05"],
                "date, Excel's day numbers, the day in UTC of each instant",
                0,
            ),
            (&["20240305", "19991231", "12"], &["2024-03-05", "1999-12-31", "x"], "date, eight digits, year first", 0),
            (&["1709596800", "1709683200"], &["2024-03-05", "2024-03-06"], "date, Unix seconds", 0),
            (&["1709596800000"], &["2024-03-05"], "date, Unix milliseconds", 0),
            (&["2024-03-05T23:30:00-02:00"], &["2024-03-06"], "date, year first, the day in UTC of each instant", 0),
            (&["2023-02-29", "soon", "2024-13-01", "12", "10:30", "1.2.3"], &["x"; 6], "date, none readable", 0),
            (&["unknown", "NaT", "null"], &["", "", ""], "date, none readable", 0),
        ];
        for (cells, expected, format, warnings) in cases {
            check(read_dates, cells, expected, format, *warnings);
        }
    }

    #[test]
    fn timestamps() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["2024-03-05"], &["2024-03-05T00:00:00Z"]),
            (&["2024-03-05T10:20:30Z", "2024-03-05 10:20"], &["2024-03-05T10:20:30Z", "2024-03-05T10:20:00Z"]),
            (
                &["2024-03-05T10:20:30+02:00", "2024-03-05 10:20:30 -0130"],
                &["2024-03-05T08:20:30Z", "2024-03-05T11:50:30Z"],
            ),
            (
                &["2024-03-05 10:20:30.123456789", "2024-03-05 10:20:30,5"],
                &["2024-03-05T10:20:30.123456Z", "2024-03-05T10:20:30.5Z"],
            ),
            (&["2024-03-05 10:20 PM", "2024-03-05 12:20am"], &["2024-03-05T22:20:00Z", "2024-03-05T00:20:00Z"]),
            (
                &["2024-03-05 10:20:30 UTC", "2024-03-05 10:20:30 GMT+1"],
                &["2024-03-05T10:20:30Z", "2024-03-05T09:20:30Z"],
            ),
            (
                &["2024-03-05 24:00", "2024-03-05 25:00", "2024-03-05 10:60", "2024-03-05 10:20 CET"],
                &["2024-03-06T00:00:00Z", "x", "x", "x"],
            ),
            (&["05.03.2024, 10:20", "25.03.2024 10:20:30"], &["2024-03-05T10:20:00Z", "2024-03-25T10:20:30Z"]),
            (
                &["Tue, 05 Mar 2024 10:20:30 GMT", "Mar 5, 2024 10:20 AM"],
                &["2024-03-05T10:20:30Z", "2024-03-05T10:20:00Z"],
            ),
            (&["1709634030", "1709634030.5"], &["2024-03-05T10:20:30Z", "2024-03-05T10:20:30.5Z"]),
            (&["1709634030250"], &["2024-03-05T10:20:30.25Z"]),
            (&["45356.5"], &["2024-03-05T12:00:00Z"]),
        ];
        for (cells, expected) in cases {
            let parsed = read_timestamps(&ColumnData::text(cells.iter().map(|c| Some(*c))));
            check(read_timestamps, cells, expected, &parsed.format, 0);
        }
    }

    #[test]
    fn typed_columns() {
        let dates = ColumnData::Date([Some(19_787), None].into_iter().collect());
        let instants = read_timestamps(&dates).values;
        assert_eq!(instants.cell(0).as_deref(), Some("2024-03-05T00:00:00Z"));
        assert_eq!(read_dates(&instants).values, dates);
        assert_eq!(read_dates(&ColumnData::numbers([Some(45_356.0), None])).values, dates);
        let flags = ColumnData::Boolean([Some(true), None].into_iter().collect());
        assert_eq!(read_dates(&flags).unreadable, [0]);
    }

    #[test]
    fn every_text_is_safe_to_read() {
        for text in [
            "",
            "é",
            "1.",
            "1.é",
            "2024-é",
            "2024-03-05T",
            "2024-03-05Té",
            "März",
            "١٢٣",
            "1-1-1",
            "99999999999",
            ":",
            "a:1",
            "1 ı 2:3",
        ] {
            let _ = cell(text);
            let _ = looks_like_date(text);
        }
    }
}
