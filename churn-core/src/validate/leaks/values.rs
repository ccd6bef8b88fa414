//! What one column says of the label.

use super::super::signal::{Labels, Strength, grouped_strength, share_low};
use super::names::{self, Tier};
use super::{LeakKind, Seen, made};
use crate::table::ColumnData;
use std::collections::HashMap;

/// A column that alone ranks the label this well is taken for a leak.
const AUC_LIMIT: f64 = 0.98;
/// A column whose best cut is right this much beyond guessing is taken for a copy with a few slips.
const YOUDEN_LIMIT: f64 = 0.82;
/// Smallest share of leavers that something must concern to count.
const SMALLEST_REACH: f64 = 0.05;

/// Ranks the label almost perfectly, and not by chance in a small table.
pub(super) fn near_perfect(strength: &Strength) -> bool {
    strength.auc >= AUC_LIMIT && strength.auc_low() >= 0.95
}

/// Says the same as the label but for a few rows on both sides.
pub(super) fn near_copy(strength: &Strength, labels: &Labels) -> bool {
    let (n1, n0) = (labels.n_positive as f64, labels.n_negative() as f64);
    let low = share_low(strength.hits.0 * n1, n1) + share_low(strength.hits.1 * n0, n0) - 1.0;
    strength.youden() >= YOUDEN_LIMIT && low >= 0.7
}

/// Some rows of a column, against the others.
#[derive(Debug, Clone, Copy)]
struct Part {
    rows: f64,
    hits: f64,
}

impl Part {
    fn of(labels: &Labels, inside: impl Fn(usize) -> bool) -> Part {
        let mut part = Part { rows: 0.0, hits: 0.0 };
        for (i, &y) in labels.y.iter().enumerate() {
            if inside(i) {
                part.rows += 1.0;
                part.hits += f64::from(u8::from(y));
            }
        }
        part
    }

    fn rest(self, labels: &Labels) -> Part {
        Part { rows: labels.len() as f64 - self.rows, hits: labels.n_positive as f64 - self.hits }
    }

    fn share(self) -> f64 {
        if self.rows > 0.0 { self.hits / self.rows } else { 0.0 }
    }

    /// Whether (nearly) all of these rows left, surely so, they are a fair part of all who left, and far fewer of the
    /// other rows did.
    fn left(self, labels: &Labels, share: f64, low: f64) -> bool {
        self.rows >= 12.0
            && self.share() >= share
            && share_low(self.hits, self.rows) >= low
            && self.hits >= SMALLEST_REACH * labels.n_positive as f64
            && self.rest(labels).share() <= self.share() - 0.3
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Whether the column leaks, how, and the evidence.
pub(super) fn judge(
    column: &Seen<'_>,
    labels: &Labels,
    snapshot: Option<&[Option<i32>]>,
) -> Option<(LeakKind, String)> {
    let signal = &column.signal;
    let mut strength = column.strength;
    let mut scattered = false;
    if let Some(by_value) = by_exact_value(column, labels)
        && by_value.auc > strength.auc
    {
        // Neighbouring values with opposite labels: no honest quantity does that.
        let gap = by_value.auc - strength.auc;
        scattered = by_value.auc_low() >= 0.8 && gap >= 0.2 && !made::whole_numbers(column)
            || made::share(column) && by_value.auc_low() >= 0.6 && gap >= 0.1;
        strength = by_value;
    }
    let is = |code: Option<u32>| move |i: usize| Some(signal.codes[i]) == code;
    if let Some(missing) = signal.missing {
        let blank = Part::of(labels, is(Some(missing)));
        let set = blank.rest(labels);
        let loose = column.suspicion.is_some();
        let (share, low) = if loose { (0.85, 0.7) } else { (0.95, 0.85) };
        for (part, what) in [(set, "has a value"), (blank, "is blank")] {
            if part.left(labels, share, low) {
                let reach = percent(part.hits / labels.n_positive as f64);
                let evidence = format!(
                    "{what} only for customers who left: {} of the rows where it {what} left, and they are {reach} of all who \
                     left",
                    percent(part.share())
                );
                return Some((LeakKind::SetWithLabel, evidence));
            }
        }
    }
    if near_perfect(&strength) {
        let evidence = format!("alone ranks the label almost perfectly (AUC {:.3})", strength.auc);
        return Some((LeakKind::RanksLabel, evidence));
    }
    if near_copy(&strength, labels) {
        let evidence = format!(
            "says nearly the same as the label (right for {} of those who left and {} of those who stayed)",
            percent(strength.hits.0),
            percent(strength.hits.1)
        );
        return Some((LeakKind::NearCopy, evidence));
    }
    if signal.nothing.is_some() && !column.id {
        // Zero, "no", "none": nothing of the kind happened. Missing cells are on neither side.
        let some = Part::of(labels, |i| {
            let code = Some(signal.codes[i]);
            code != signal.nothing && code != signal.missing
        });
        if some.left(labels, 0.98, 0.9) {
            let reach = percent(some.hits / labels.n_positive as f64);
            let evidence = format!(
                "is other than zero or no only for customers who left ({} of the rows where it is, and they are {reach} of all who \
                 left)",
                percent(some.share())
            );
            return Some((LeakKind::SetWithLabel, evidence));
        }
    }
    if let Some(evidence) = gone(column, labels) {
        return Some((LeakKind::SaysGone, evidence));
    }
    if let Some(evidence) = after_snapshot(column, labels, snapshot) {
        return Some((LeakKind::AfterEvent, evidence));
    }
    if let Some((tier, why)) = column.suspicion
        && goes_with_label(tier, &strength, labels)
    {
        return Some((LeakKind::Name, format!("{why}, and it goes with the label (AUC {:.3})", strength.auc)));
    }
    if column.feature {
        if scattered {
            let evidence = format!(
                "has neighbouring values with opposite labels (AUC {:.3} value by value): the label went into it",
                strength.auc
            );
            return Some((LeakKind::TargetEncoded, evidence));
        }
        if let Some(evidence) = made::scattered(column, labels) {
            return Some((LeakKind::TargetEncoded, evidence));
        }
        if let Some(evidence) = made::target_encoded(column, labels) {
            return Some((LeakKind::TargetEncoded, evidence));
        }
        if let Some(evidence) = made::calibrated(column, labels) {
            return Some((LeakKind::OtherModel, evidence));
        }
    }
    None
}

/// Whether a column of a suspicious name ranks the label well enough to be what its name says.
fn goes_with_label(tier: Tier, strength: &Strength, labels: &Labels) -> bool {
    let (n1, n0) = (labels.n_positive as f64, labels.n_negative() as f64);
    let by_chance = ((n1 + n0 + 1.0) / (12.0 * n1 * n0)).sqrt();
    let above = strength.auc - 0.5;
    match tier {
        Tier::Certain => above >= 3.5 * by_chance && above >= 0.03,
        Tier::Status => strength.auc_low() >= 0.85,
        Tier::Strong => above >= 3.5 * by_chance && strength.auc >= 0.72,
    }
}

/// Strength of the exact values of a number, where bins would mix them: encodings that leave the own row out give two
/// values a group.
fn by_exact_value(column: &Seen<'_>, labels: &Labels) -> Option<Strength> {
    let numbers = column.signal.numbers.as_ref()?;
    let mut codes_of: HashMap<u64, u32> = HashMap::new();
    let limit = labels.len() / 3;
    let mut codes = Vec::with_capacity(numbers.len());
    for value in numbers {
        let next = codes_of.len() as u32;
        // Not a number stands for missing here, as a key of its own.
        codes.push(*codes_of.entry(value.unwrap_or(f64::NAN).to_bits()).or_insert(next));
        if codes_of.len() > limit {
            return None;
        }
    }
    (codes_of.len() > column.signal.n_levels).then(|| grouped_strength(&codes, codes_of.len(), labels))
}

/// Whether cells that speak of customers who are gone stand nearly only at customers who left.
fn gone(column: &Seen<'_>, labels: &Labels) -> Option<String> {
    let ColumnData::Text(_) = &*column.data else { return None };
    // One judgement a spelling; unique texts are judged one by one.
    let mut known: HashMap<String, bool> = HashMap::new();
    let said: Vec<bool> = labels
        .rows
        .iter()
        .map(|&r| {
            let Some(cell) = column.data.cell(r) else { return false };
            if let Some(&said) = known.get(cell.as_ref()) {
                return said;
            }
            let said = names::says_gone(&cell);
            if known.len() < 10_000 {
                known.insert(cell.into_owned(), said);
            }
            said
        })
        .collect();
    let part = Part::of(labels, |i| said[i]);
    let (share, low) = if column.suspicion.is_some() { (0.5, 0.4) } else { (0.85, 0.75) };
    (part.left(labels, share, low) && part.hits >= 0.1 * labels.n_positive as f64).then(|| {
        format!(
            "has values that speak of customers who are gone, and {} of those rows left ({} of all who did)",
            percent(part.share()),
            percent(part.hits / labels.n_positive as f64)
        )
    })
}

/// Whether days after the snapshot stand nearly only at customers who left.
fn after_snapshot(column: &Seen<'_>, labels: &Labels, snapshot: Option<&[Option<i32>]>) -> Option<String> {
    if !matches!(&*column.data, ColumnData::Date(_) | ColumnData::Timestamp(_)) || column.name == "snapshot_date" {
        return None;
    }
    let snapshot = snapshot?;
    let after = |i: usize| matches!((column.data.days(labels.rows[i]), snapshot[i]), (Some(d), Some(s)) if d > s);
    let part = Part::of(labels, after);
    part.left(labels, 0.85, 0.75).then(|| {
        format!(
            "holds days after the day its row describes for customers who left ({} of such rows, {} of all who left)",
            percent(part.share()),
            percent(part.hits / labels.n_positive as f64)
        )
    })
}
