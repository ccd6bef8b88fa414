//! What hides in the writing of a column: the length of a text, a sign in its place, the last digit of a number, the day
//! of a date. Honest cells say nothing there; where such a part ranks the label almost perfectly, the label was put in.

use super::super::signal::{Labels, Signal, Strength};
use super::values::{near_copy, near_perfect};
use super::{BINS, Seen};
use crate::table::{ColumnData, date_from_days};

/// Signs from either end of a text that are looked at one by one.
const SIGNS: usize = 12;
/// Decimals that are looked at.
const DECIMALS: i32 = 4;
const DAY: i64 = 86_400_000_000;

/// A part of the cells, in words, and what it says.
pub(super) type Told = (&'static str, Strength);

/// The part of the writing that goes with the label most, where it is better than the cells themselves.
pub(super) fn strongest(column: &Seen<'_>, labels: &Labels) -> Option<Told> {
    let views = match column.data.like() {
        ColumnData::Text(_) | ColumnData::Category(_) => texts(column, labels),
        ColumnData::Number(_) | ColumnData::Integer(_) => numbers(&column.data, labels),
        ColumnData::Date(_) | ColumnData::Timestamp(_) => dates(&column.data, labels),
        ColumnData::Boolean(_) | ColumnData::Paged(_) => Vec::new(),
    };
    let telling = views.into_iter().filter(|(_, s)| s.n_levels > 1 && !(s.numbers.is_none() && s.is_unique()));
    telling.map(|(what, s)| (what, s.strength(labels))).max_by(|a, b| a.1.auc.total_cmp(&b.1.auc))
}

/// Whether a part tells the label all but surely.
pub(super) fn tells(strength: &Strength, labels: &Labels) -> bool {
    near_perfect(strength) || near_copy(strength, labels)
}

fn levels(cells: impl Iterator<Item = Option<String>>) -> Signal {
    let parts = ColumnData::text(cells);
    let all: Vec<usize> = (0..parts.len()).collect();
    Signal::of_text(&parts, &all)
}

fn bins(cells: impl Iterator<Item = Option<f64>>) -> Signal {
    Signal::of_numbers(cells.collect(), BINS)
}

fn texts(column: &Seen<'_>, labels: &Labels) -> Vec<(&'static str, Signal)> {
    let cells: Vec<Option<String>> =
        labels.rows.iter().map(|&r| column.data.cell(r).map(std::borrow::Cow::into_owned)).collect();
    let each = || cells.iter().map(|c| c.as_deref());
    let number = |id: &str| {
        let end = id.trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits: String = end.chars().rev().take_while(char::is_ascii_digit).take(15).collect();
        digits.chars().rev().collect::<String>().parse::<f64>().ok()
    };
    let start = |id: &str| {
        let start: String = id.chars().take_while(|c| !c.is_ascii_digit()).take(6).collect();
        if start.is_empty() || start.len() == id.len() { id.chars().take(2).collect() } else { start }
    };
    let end = |id: &str| {
        let end: String = id.chars().rev().take_while(|c| c.is_alphabetic()).take(6).collect();
        if end.is_empty() || end.len() == id.len() { id.chars().next_back().map(String::from) } else { Some(end) }
    };
    let mut views = vec![
        ("the length", bins(each().map(|c| c.map(|c| c.chars().count() as f64)))),
        ("how many words it has", bins(each().map(|c| c.map(|c| c.split_whitespace().count() as f64)))),
    ];
    if column.id {
        views.push(("the number", bins(each().map(|c| c.and_then(number)))));
        views.push(("the beginning", levels(each().map(|c| c.map(start)))));
        views.push(("the end", levels(each().map(|c| c.and_then(end)))));
        // What an address ends in, or what stands between separators.
        let rest = |id: &str| id.rsplit_once(['@', '-', '_', '/', ':', '.']).map(|(_, rest)| rest.to_owned());
        views.push(("what follows the last separator", levels(each().map(|c| c.and_then(rest)))));
    }
    // Words of a category are told by the category itself; signs are for what is (nearly) unique.
    if column.id || column.signal.n_levels * 4 > labels.len() {
        // A counter that runs with the rows was given before anything happened: its digits say nothing.
        let counted: Vec<f64> = each().filter_map(|c| c.and_then(number)).collect();
        let rising = counted.windows(2).filter(|w| w[1] > w[0]).count();
        let counter = counted.len() > 1 && rising * 20 >= (counted.len() - 1) * 19;
        let told = |sign: Option<char>| sign.filter(|c| !(counter && c.is_ascii_digit())).map(String::from);
        for at in 0..SIGNS {
            views.push(("a sign", levels(each().map(|c| told(c?.chars().nth(at))))));
            views.push(("a sign from the end", levels(each().map(|c| told(c?.chars().nth_back(at))))));
        }
    }
    views
}

/// How many decimals (nearly) all numbers are written with, at most.
fn decimals(values: &[f64]) -> i32 {
    let fits = |d: i32| {
        let scale = 10f64.powi(d);
        values.iter().filter(|v| ((**v * scale).round() / scale - **v).abs() <= 1e-9 * v.abs().max(1.0)).count()
    };
    (0..DECIMALS).find(|&d| fits(d) * 100 >= values.len() * 99).unwrap_or(DECIMALS)
}

fn numbers(data: &ColumnData, labels: &Labels) -> Vec<(&'static str, Signal)> {
    let values: Vec<Option<f64>> = labels.rows.iter().map(|&r| data.number(r)).collect();
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let scale = 10f64.powi(decimals(&known));
    let each = |f: fn(f64) -> f64| values.iter().map(move |v| v.map(f));
    let digit = values.iter().map(|v| v.map(|v| (v * scale).round().abs() % 10.0));
    vec![
        ("the last digit", bins(digit)),
        ("the part behind the point", bins(each(|v| (v.fract().abs() * 1e4).round()))),
        ("whether it is whole", bins(each(|v| f64::from(u8::from(v.fract() == 0.0))))),
        ("the sign", bins(each(|v| if v == 0.0 { 0.0 } else { v.signum() }))),
    ]
}

fn dates(data: &ColumnData, labels: &Labels) -> Vec<(&'static str, Signal)> {
    let days: Vec<Option<i32>> = labels.rows.iter().map(|&r| data.days(r)).collect();
    let of_month = |d: i32| date_from_days(d).map(|d| f64::from(d.day()));
    let month = |d: i32| date_from_days(d).map(|d| f64::from(d.month()));
    let mut views = vec![
        ("the day of the week", bins(days.iter().map(|d| d.map(|d| f64::from(d.rem_euclid(7)))))),
        ("the day of the month", bins(days.iter().map(|d| d.and_then(of_month)))),
        ("the month of the year", bins(days.iter().map(|d| d.and_then(month)))),
    ];
    if let ColumnData::Timestamp(instants) = data {
        let time = |&r: &usize| (!data.is_missing(r)).then(|| instants.value(r).rem_euclid(DAY));
        let seconds = |t: i64| (t / 1_000_000) as f64;
        views.push(("the time of the day", bins(labels.rows.iter().map(|r| time(r).map(seconds)))));
        views.push(("the second", bins(labels.rows.iter().map(|r| time(r).map(|t| seconds(t) % 60.0)))));
    }
    views
}
