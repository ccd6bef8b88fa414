//! Features of the table of subscriptions, in the order of the catalog.

use super::stats::change;
use super::store::{NO_CODE, View};
use super::time::{AsOf, DAY, NEVER, add_months};

/// Places in the columns. The time of a row is its start.
pub(super) const ENDED: usize = 0;
pub(super) const CANCELED: usize = 1;
pub(super) const RENEWS: usize = 2;
pub(super) const PAUSED_AT: usize = 3;
pub(super) const RESUMED_AT: usize = 4;
pub(super) const MRR: usize = 0;
pub(super) const SEATS: usize = 1;
pub(super) const PLAN: usize = 0;
pub(super) const BILLING: usize = 1;
/// The row is a pause of a subscription that an earlier row tells of.
pub(super) const PAUSE: u8 = 1;
/// It ended because a payment failed for good.
pub(super) const INVOLUNTARY: u8 = 2;

/// The movements, as `subscriptions_last_movement` codes them.
pub(super) const MOVEMENTS: [&str; 5] = ["new", "expansion", "contraction", "reactivation", "churn"];
const NEW: usize = 0;
const EXPANSION: usize = 1;
const CONTRACTION: usize = 2;
const REACTIVATION: usize = 3;
const CHURN: usize = 4;

/// A time in which one row's subscription runs: half-open, `NEVER` is no end yet.
struct Period {
    from: i64,
    to: i64,
    row: usize,
}

/// The length of a term.
#[derive(Clone, Copy)]
pub(super) enum Term {
    Days(i64),
    Months(i32),
}

/// The term that a billing interval means.
pub(super) fn term(interval: &str) -> Option<Term> {
    let squashed: String = interval.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let has = |words: &[&str]| words.iter().any(|w| squashed.contains(w));
    Some(match squashed.as_str() {
        "1" => Term::Months(1),
        "3" => Term::Months(3),
        "6" => Term::Months(6),
        "12" => Term::Months(12),
        "24" => Term::Months(24),
        _ if has(&["semiannual", "halfyear", "sixmonth", "6month", "biannual"]) => Term::Months(6),
        _ if has(&["biennial", "twoyear", "2year"]) => Term::Months(24),
        _ if has(&["quarter", "threemonth", "3month"]) => Term::Months(3),
        _ if has(&["year", "annual", "12month", "jahr"]) => Term::Months(12),
        _ if has(&["biweek", "fortnight", "twoweek", "2week"]) => Term::Days(14),
        _ if has(&["month", "monat", "mensual", "mensuel"]) => Term::Months(1),
        _ if has(&["week", "woche"]) => Term::Days(7),
        _ if has(&["daily", "day"]) => Term::Days(1),
        _ => return None,
    })
}

/// The terms around an instant: the last that began before it and the first that begins at or after it.
fn terms(start: i64, term: Term, as_of: AsOf) -> Option<(i64, i64)> {
    let at = |k: i64| match term {
        Term::Days(n) => Some(start + k * n * DAY),
        Term::Months(n) => {
            let day = as_of.day_of(start);
            let later = add_months(i32::try_from(day).ok()?, i32::try_from(k).ok()?.checked_mul(n)?)?;
            Some(start + (i64::from(later) - day) * DAY)
        }
    };
    let length = match term {
        Term::Days(n) => n * DAY,
        Term::Months(n) => i64::from(n) * 31 * DAY,
    };
    let mut k = ((as_of.micros - start) / length).max(1);
    while at(k)? < as_of.micros {
        k += 1;
    }
    Some((at(k - 1)?, at(k)?))
}

/// The periods of a customer as they were known: pauses taken out, holes of a day closed (a renewal is often booked on
/// the next day).
fn periods(view: View<'_>) -> Vec<Period> {
    let mut starts: Vec<i64> = Vec::new();
    let mut periods: Vec<Period> = Vec::new();
    for row in view.rows() {
        let from = view.time(row);
        let to = view.instant(ENDED, row).unwrap_or(NEVER).max(from);
        starts.push(from);
        if view.flag(PAUSE, row) {
            continue;
        }
        match (view.instant(PAUSED_AT, row), view.instant(RESUMED_AT, row)) {
            (Some(paused), resumed) if paused >= from && paused < to => {
                periods.push(Period { from, to: paused, row });
                if let Some(resumed) = resumed.filter(|&r| r >= paused && r < to) {
                    periods.push(Period { from: resumed, to, row });
                }
            }
            _ => periods.push(Period { from, to, row }),
        }
    }
    starts.sort_unstable();
    for period in periods.iter_mut().filter(|p| p.to != NEVER) {
        let next = starts[starts.partition_point(|&s| s < period.to)..].first();
        if let Some(&next) = next.filter(|&&n| n - period.to <= DAY && n > period.from) {
            period.to = next;
        }
    }
    periods.retain(|p| p.to > p.from);
    periods
}

/// What runs changed at an instant.
struct Movement {
    at: i64,
    kind: usize,
    /// Whether the monthly recurring revenue changed while something ran before and after.
    price: f64,
}

/// The movements of a customer, in the order of time. `priced`: the table tells the monthly charges.
fn movements(view: &View<'_>, periods: &[Period], priced: bool) -> Vec<Movement> {
    let mut edges: Vec<(i64, i32, f64)> = Vec::with_capacity(periods.len() * 2);
    for p in periods {
        let mrr = view.number(MRR, p.row);
        let mrr = if mrr.is_nan() { 0.0 } else { mrr };
        edges.push((p.from, 1, mrr));
        if p.to != NEVER {
            edges.push((p.to, -1, -mrr));
        }
    }
    edges.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    let (mut running, mut mrr, mut ever) = (0, 0.0f64, false);
    let mut list: Vec<Movement> = Vec::new();
    let mut i = 0;
    while i < edges.len() {
        let (at, running_before, mrr_before) = (edges[i].0, running, mrr);
        while i < edges.len() && edges[i].0 == at {
            running += edges[i].1;
            mrr += edges[i].2;
            i += 1;
        }
        if running == 0 {
            mrr = 0.0;
        }
        // Sums that differ by their rounding alone are equal.
        let price =
            if (mrr - mrr_before).abs() <= 1e-9 * mrr.abs().max(mrr_before.abs()) { 0.0 } else { mrr - mrr_before };
        let more = if priced { price } else { f64::from(running - running_before) };
        let kind = match (running_before, running) {
            (0, 0) => continue,
            (0, _) if ever => REACTIVATION,
            (0, _) => NEW,
            (_, 0) => CHURN,
            _ if more > 0.0 => EXPANSION,
            _ if more < 0.0 => CONTRACTION,
            _ => continue,
        };
        ever = true;
        let price = if running_before > 0 && running > 0 { price } else { 0.0 };
        list.push(Movement { at, kind, price });
    }
    list
}

/// Appends the features of one customer and gives the seats of what runs. `terms_of` is one entry a billing interval.
pub(super) fn features(view: View<'_>, as_of: AsOf, terms_of: &[Option<Term>], out: &mut Vec<f64>) -> f64 {
    let periods = periods(view);
    // What began before as_of and has no known end, or one that is still to come: `ENDED` is only known once it is past.
    let running: Vec<&Period> = periods.iter().filter(|p| p.to == NEVER || p.to >= as_of.micros).collect();
    let zero = |x: f64| if x.is_nan() { 0.0 } else { x };
    let mrr_at = |at: i64| {
        let there = periods.iter().filter(|p| p.from < at && p.to >= at);
        there.fold(0.0, |s, p| s + zero(view.number(MRR, p.row)))
    };
    let mrr = mrr_at(as_of.micros);
    let seats: f64 = running.iter().fold(0.0, |s, p| s + zero(view.number(SEATS, p.row)));
    out.push(running.len() as f64);
    out.extend([mrr, change(mrr, mrr_at(as_of.back(90))), seats]);
    out.push(if seats > 0.0 { mrr / seats } else { f64::NAN });

    let priced = view.table.has("monthly_charges");
    let moves = movements(&view, &periods, priced);
    let since = |at: Option<i64>| at.map_or(f64::NAN, |at| as_of.days_since(at));
    let began = moves.iter().rev().find(|m| m.kind == NEW || m.kind == REACTIVATION).map(|m| m.at);
    out.push(since(began.filter(|_| !running.is_empty())));
    out.push(since(view.rows().next().map(|row| view.time(row))));
    let next = running.iter().filter_map(|p| {
        let term = terms_of.get(view.code(BILLING, p.row) as usize).copied().flatten()?;
        terms(view.time(p.row), term, as_of)
    });
    match next.min_by_key(|&(last, next)| (next, last)) {
        Some((last, next)) => {
            out.push((next - as_of.micros) as f64 / DAY as f64);
            out.push((as_of.micros - last) as f64 / (next - last) as f64);
        }
        None => out.extend([f64::NAN, f64::NAN]),
    }
    let year = as_of.back(365);
    let changes = |of: fn(f64) -> bool| moves.iter().filter(|m| m.at >= year && of(m.price)).count() as f64;
    out.extend([changes(|p| p != 0.0), changes(|p| p > 0.0), changes(|p| p < 0.0)]);
    let paused = |row: &usize| {
        let at = if view.flag(PAUSE, *row) { Some(view.time(*row)) } else { view.instant(PAUSED_AT, *row) };
        at.is_some_and(|at| at >= year)
    };
    out.push(view.rows().filter(paused).count() as f64);
    out.push(moves.iter().filter(|m| m.kind == REACTIVATION).count() as f64);
    let ended = |row: &usize| view.instant(ENDED, *row).is_some_and(|at| at >= year);
    out.push(view.rows().filter(ended).count() as f64);
    out.push(since(moves.last().map(|m| m.at)));
    out.push(moves.last().map_or(f64::NAN, |m| m.kind as f64));
    let main = running.iter().max_by(|a, b| {
        let key = |p: &Period| zero(view.number(MRR, p.row));
        key(a).total_cmp(&key(b)).then(view.time(a.row).cmp(&view.time(b.row))).then(a.row.cmp(&b.row))
    });
    let code = |slot: usize| main.map_or(NO_CODE, |p| view.code(slot, p.row));
    out.extend([PLAN, BILLING].map(|slot| if code(slot) == NO_CODE { f64::NAN } else { f64::from(code(slot)) }));
    seats
}
