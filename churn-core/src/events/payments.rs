//! Features of the table of payments, in the order of the catalog.

use super::stats::{Mean, change, share};
use super::store::{NO_CODE, View};
use super::time::{AsOf, DAY};

/// Places in the columns. The time of a row is the earlier of the two instants.
pub(super) const DUE: usize = 0;
pub(super) const PAID: usize = 1;
pub(super) const REFUNDED_AT: usize = 2;
pub(super) const ATTEMPT: usize = 3;
pub(super) const AMOUNT: usize = 0;
pub(super) const REFUNDED: usize = 1;
pub(super) const DISCOUNT: usize = 2;
pub(super) const METHOD: usize = 0;
/// An attempt failed.
pub(super) const FAILED: u8 = 1;

/// Appends the features of one customer.
pub(super) fn features(view: View<'_>, as_of: AsOf, out: &mut Vec<f64>) {
    let zero = |x: f64| if x.is_nan() { 0.0 } else { x };
    // The order of payment is not the order of the rows, which are sorted by what came first, due or paid.
    let mut paid: Vec<(i64, usize)> = view
        .rows()
        .filter_map(|row| Some((view.instant(PAID, row)?, row)))
        .filter(|&(_, r)| !refund(&view, r))
        .collect();
    paid.sort_by(|a, b| {
        let amount = |row: usize| view.number(AMOUNT, row);
        a.0.cmp(&b.0).then(amount(a.1).total_cmp(&amount(b.1))).then(a.1.cmp(&b.1))
    });
    let from = |days: i64| &paid[paid.partition_point(|p| p.0 < as_of.back(days))..];
    let sum = |list: &[(i64, usize)]| list.iter().fold(0.0, |s, &(_, row)| s + zero(view.number(AMOUNT, row)));
    for days in [30, 90, 180, 365] {
        out.push(from(days).len() as f64);
    }
    for days in [30, 90, 180, 365] {
        out.push(sum(from(days)));
    }
    let mut amounts = Mean::default();
    paid.iter().for_each(|&(_, row)| amounts.add(view.number(AMOUNT, row)));
    let last_amount = paid.iter().rev().map(|&(_, row)| view.number(AMOUNT, row)).find(|a| !a.is_nan());
    out.extend([paid.len() as f64, sum(&paid), amounts.mean(), last_amount.unwrap_or(f64::NAN)]);
    let in_90 = from(90).len() as f64;
    out.push(change(in_90, from(180).len() as f64 - in_90));
    let since = |p: Option<&(i64, usize)>| p.map_or(f64::NAN, |p| as_of.days_since(p.0));
    let silence = since(paid.last());
    let interval = interval(paid.iter().map(|p| as_of.day_of(p.0)));
    out.extend([silence, since(paid.first()), interval, silence / interval]);

    let (mut late, mut now, mut before) = (Mean::default(), Mean::default(), Mean::default());
    let mut n_late = 0;
    let (mut outstanding, mut oldest) = (0.0, None);
    for row in view.rows() {
        let Some(due) = view.instant(DUE, row) else { continue };
        let paid_at = view.instant(PAID, row);
        if paid_at.is_none() {
            outstanding += zero(view.number(AMOUNT, row));
            oldest = Some(oldest.map_or(due, |o: i64| o.min(due)));
        }
        if due >= as_of.back(180) {
            let days = (paid_at.unwrap_or(as_of.micros) - due).max(0) as f64 / DAY as f64;
            late.add(days);
            n_late += usize::from(days > 0.0);
            if due >= as_of.back(90) { now.add(days) } else { before.add(days) }
        }
    }
    out.extend([late.mean(), late.max(), now.mean() - before.mean(), share(n_late as f64, late.n())]);

    let failed: Vec<(i64, usize)> =
        view.rows().filter(|&row| view.flag(FAILED, row)).filter_map(|row| Some((attempt(&view, row)?, row))).collect();
    for days in [30, 90, 180] {
        out.push(failed.iter().filter(|f| f.0 >= as_of.back(days)).count() as f64);
    }
    let recent = || failed.iter().filter(|f| f.0 >= as_of.back(180));
    let recovered = recent().filter(|f| view.instant(PAID, f.1).is_some()).count() as f64;
    out.push(share(recovered, recent().count() as f64));

    let (mut refunds, mut given_back) = (0, 0.0);
    for row in view.rows() {
        if refund(&view, row) {
            if view.instant(PAID, row).is_some_and(|at| at >= as_of.back(180)) {
                refunds += 1;
                given_back -= view.number(AMOUNT, row);
            }
        } else if view.instant(REFUNDED_AT, row).is_some_and(|at| at >= as_of.back(180))
            && view.number(REFUNDED, row) > 0.0
        {
            refunds += 1;
            given_back += view.number(REFUNDED, row);
        }
    }
    out.extend([f64::from(refunds), share(given_back, sum(from(180)))]);
    out.extend([outstanding, oldest.map_or(0.0, |due| as_of.days_since(due))]);
    let discount = from(180).iter().fold(0.0, |s, &(_, row)| s + zero(view.number(DISCOUNT, row)));
    out.push(share(discount, sum(from(180)) + discount));
    let (mut method, mut changes) = (NO_CODE, 0);
    for &(at, row) in &paid {
        let code = view.code(METHOD, row);
        if code != NO_CODE {
            changes += u32::from(method != NO_CODE && code != method && at >= as_of.back(365));
            method = code;
        }
    }
    out.push(f64::from(changes));
}

/// When the attempt that failed was made.
pub(super) fn attempt(view: &View<'_>, row: usize) -> Option<i64> {
    view.instant(ATTEMPT, row)
}

/// A payment of a negative amount is money given back.
fn refund(view: &View<'_>, row: usize) -> bool {
    view.number(AMOUNT, row) < 0.0
}

/// Mean days between the different days of a sorted list.
pub(super) fn interval(days: impl Iterator<Item = i64>) -> f64 {
    let (mut first, mut last, mut n) = (0, 0, 0);
    for day in days {
        if n == 0 || day != last {
            if n == 0 {
                first = day;
            }
            last = day;
            n += 1;
        }
    }
    if n < 2 { f64::NAN } else { (last - first) as f64 / f64::from(n - 1) }
}
