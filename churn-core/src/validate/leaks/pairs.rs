//! Two columns that tell the label only together: their difference, sum, ratio, equality, joint levels, or
//! a day and a length that make another day.

use super::super::signal::{Labels, Signal, Strength, grouped_strength};
use super::{FEW_ROWS, Found, Leak, LeakKind, Seen};
use crate::schema::level_key;
use crate::table::ColumnData;
use rayon::prelude::*;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// Two columns must tell the label this well together ...
const TOGETHER: f64 = 0.985;
/// ... and this much better than either alone.
const GAIN: f64 = 0.06;
/// Columns that are paired, and levels that a column may have for joint levels.
const MAX_COLUMNS: usize = 60;
const MAX_LEVELS: usize = 12;
/// Distance of the class means in standard deviations from which on a pair is looked at closely.
const CLOSER_LOOK: f64 = 1.0;

struct Paired<'a> {
    source: &'a str,
    name: &'a str,
    auc: f64,
    dated: bool,
    numbers: Option<Vec<f64>>,
    /// What texts say, for a comparison: hashes of their levels, 0 for what is missing.
    texts: Option<Vec<u64>>,
    signal: Signal,
}

pub(super) fn judge(columns: &[Seen<'_>], leaking: &[bool], all_labels: &[Option<bool>], found: &mut Found) {
    let labels = Labels::new(all_labels, FEW_ROWS);
    if labels.n_positive < 20 || labels.n_negative() < 20 {
        return;
    }
    let paired: Vec<Paired<'_>> = columns
        .iter()
        .zip(leaking)
        .filter(|(c, l)| !**l && !c.id)
        .take(MAX_COLUMNS)
        .map(|(c, _)| {
            let signal = Signal::new(&c.data, &labels, MAX_LEVELS);
            let numbers = signal
                .numbers
                .as_ref()
                .filter(|n| n.iter().filter(|v| v.is_some()).count() * 2 > n.len())
                .map(|n| n.iter().map(|v| v.unwrap_or(f64::NAN)).collect());
            let dated = matches!(&*c.data, ColumnData::Date(_) | ColumnData::Timestamp(_));
            let texts = matches!(&*c.data, ColumnData::Text(_)).then(|| keys(&c.data, &labels));
            Paired { source: c.source, name: c.name, auc: c.strength.auc, dated, numbers, texts, signal }
        })
        .collect();
    let pairs: Vec<(usize, usize)> =
        (0..paired.len()).flat_map(|i| (i + 1..paired.len()).map(move |j| (i, j))).collect();
    let verdicts: Vec<Option<(&'static str, f64)>> =
        pairs.par_iter().map(|&(i, j)| together(&paired[i], &paired[j], &labels)).collect();
    for ((i, j), verdict) in pairs.into_iter().zip(verdicts) {
        let (a, b) = (&paired[i], &paired[j]);
        if let Some((how, auc)) = verdict {
            found.leaks.push(Leak {
                columns: vec![a.source.to_owned(), b.source.to_owned()],
                kind: LeakKind::Pair,
                evidence: format!("tell the label together: {how} (AUC {auc:.3}), neither alone"),
                also: vec![a.name.to_owned(), b.name.to_owned()],
            });
        }
    }
}

fn together(a: &Paired<'_>, b: &Paired<'_>, labels: &Labels) -> Option<(&'static str, f64)> {
    let enough = |s: &Strength| s.auc >= TOGETHER && s.auc_low() >= 0.96 && s.auc >= a.auc.max(b.auc) + GAIN;
    if a.signal.n_levels <= MAX_LEVELS + 1 && b.signal.n_levels <= MAX_LEVELS + 1 {
        let n = b.signal.n_levels as u32;
        let codes: Vec<u32> = a.signal.codes.iter().zip(&b.signal.codes).map(|(x, y)| x * n + y).collect();
        let strength = grouped_strength(&codes, a.signal.n_levels * b.signal.n_levels, labels);
        if enough(&strength) {
            return Some(("their values side by side", strength.auc));
        }
    }
    let judge = |values: Vec<f64>| {
        if distance(&values, labels) < CLOSER_LOOK {
            return None;
        }
        let known = values.into_iter().map(|v| v.is_finite().then_some(v)).collect();
        let strength = Signal::of_numbers(known, super::BINS).strength(labels);
        enough(&strength).then_some(strength.auc)
    };
    if let (Some(x), Some(y)) = (&a.texts, &b.texts) {
        let equal = |(&x, &y): (&u64, &u64)| if x == 0 || y == 0 { f64::NAN } else { f64::from(u8::from(x == y)) };
        return judge(x.iter().zip(y).map(equal).collect()).map(|auc| ("whether they are equal", auc));
    }
    let (Some(x), Some(y)) = (&a.numbers, &b.numbers) else { return None };
    let ways = match (a.dated, b.dated) {
        (false, false) => NUMBERS,
        (true, true) => DATES,
        (true, false) => DATE_AND_NUMBER,
        (false, true) => NUMBER_AND_DATE,
    };
    let mut judged =
        ways.iter().map(|(how, combine)| Some((*how, judge(x.iter().zip(y).map(|(&x, &y)| combine(x, y)).collect())?)));
    judged.find_map(|verdict| verdict)
}

type Way = (&'static str, fn(f64, f64) -> f64);
const NUMBERS: &[Way] = &[
    ("their difference", |x, y| x - y),
    ("their sum", |x, y| x + y),
    ("their ratio", |x, y| x / y),
    ("the size of their difference", |x, y| (x - y).abs()),
    ("whether they are equal", |x, y| f64::from(u8::from(x == y))),
];
const DATES: &[Way] = NUMBERS.split_at(1).0;
/// A day and a length in days or months make another day: a customer's last one, where the length ends with the leaving.
const DATE_AND_NUMBER: &[Way] = &[
    ("the day that lies so many days after", |day, n| day + n),
    ("the day that lies so many months after", |day, n| day + MONTH * n),
];
const NUMBER_AND_DATE: &[Way] = &[
    ("the day that lies so many days after", |n, day| day + n),
    ("the day that lies so many months after", |n, day| day + MONTH * n),
];
/// Days of a month.
const MONTH: f64 = 30.436_875;

/// Texts as numbers that are equal where the texts are, whatever their case and punctuation.
fn keys(data: &ColumnData, labels: &Labels) -> Vec<u64> {
    let mut known: HashMap<String, u64> = HashMap::new();
    let key = |&row: &usize| {
        let Some(cell) = data.cell(row) else { return 0 };
        if let Some(&key) = known.get(cell.as_ref()) {
            return key;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(level_key(&cell).as_bytes());
        let key = hasher.finish() | 1;
        known.insert(cell.into_owned(), key);
        key
    };
    labels.rows.iter().map(key).collect()
}

/// Distance of the class means in standard deviations within the classes.
fn distance(values: &[f64], labels: &Labels) -> f64 {
    let mut sums = [(0.0f64, 0.0f64, 0.0f64); 2];
    for (&v, &y) in values.iter().zip(&labels.y) {
        if v.is_finite() {
            let s = &mut sums[usize::from(y)];
            s.0 += 1.0;
            s.1 += v;
        }
    }
    let means = sums.map(|s| s.1 / s.0.max(1.0));
    for (&v, &y) in values.iter().zip(&labels.y) {
        if v.is_finite() {
            sums[usize::from(y)].2 += (v - means[usize::from(y)]).powi(2);
        }
    }
    let n = sums[0].0 + sums[1].0;
    let variance = (sums[0].2 + sums[1].2) / n.max(1.0);
    if variance > 0.0 {
        (means[1] - means[0]).abs() / variance.sqrt()
    } else {
        f64::from(u8::from(means[0] != means[1])) * 9.0
    }
}
