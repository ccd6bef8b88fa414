//! Features of the table of tickets, in the order of the catalog.

use super::settings::EventSettings;
use super::stats::{Mean, change, distinct, share};
use super::store::{NO_CODE, View};
use super::time::{AsOf, HOUR};

/// Places in the columns.
pub(super) const FIRST_RESPONSE: usize = 0;
pub(super) const RESOLVED: usize = 1;
pub(super) const CSAT: usize = 0;
pub(super) const CATEGORY: usize = 0;
pub(super) const URGENT: u8 = 1;
pub(super) const HAS_PRIORITY: u8 = 2;
pub(super) const REOPENED: u8 = 4;
pub(super) const ESCALATED: u8 = 8;

/// How long something took, or has been taking: what is late is known before it has ended.
#[derive(Default)]
struct Duration {
    done: Mean,
    judged: usize,
    late: usize,
}

impl Duration {
    fn add(&mut self, from: i64, to: Option<i64>, at: i64, target: f64) {
        let hours = (to.unwrap_or(at) - from) as f64 / HOUR;
        if to.is_some() {
            self.done.add(hours);
        }
        if to.is_some() || hours > target {
            self.judged += 1;
            self.late += usize::from(hours > target);
        }
    }

    fn put(&self, out: &mut Vec<f64>) {
        out.extend([self.done.mean(), self.done.max(), share(self.late as f64, self.judged as f64)]);
    }
}

/// Appends the features of one customer.
pub(super) fn features(view: View<'_>, as_of: AsOf, settings: &EventSettings, out: &mut Vec<f64>) {
    let count = |from: i64| view.rows_from(from).count() as f64;
    let in_30 = count(as_of.back(30));
    out.extend([count(as_of.back(7)), in_30, count(as_of.back(90)), count(as_of.back(180))]);
    out.push(change(in_30, count(as_of.back(60)) - in_30));
    let open = |&row: &usize| view.instant(RESOLVED, row).is_none();
    out.push(view.rows().filter(open).count() as f64);
    out.push(view.rows().find(open).map_or(f64::NAN, |row| as_of.days_since(view.time(row))));

    let (mut response, mut resolution) = (Duration::default(), Duration::default());
    let (mut urgent, mut with_priority, mut categories) = (0, 0, Vec::new());
    for row in view.rows_from(as_of.back(90)) {
        let created = view.time(row);
        response.add(created, view.instant(FIRST_RESPONSE, row), as_of.micros, settings.response_hours);
        resolution.add(created, view.instant(RESOLVED, row), as_of.micros, settings.resolution_hours);
        urgent += usize::from(view.flag(URGENT, row));
        with_priority += usize::from(view.flag(HAS_PRIORITY, row));
        categories.push(view.code(CATEGORY, row));
    }
    response.put(out);
    resolution.put(out);
    let (mut resolved, mut reopened, mut escalated, mut csat) = (0, 0, 0, Mean::default());
    for row in view.rows_from(as_of.back(180)).filter(|row| !open(row)) {
        resolved += 1;
        reopened += usize::from(view.flag(REOPENED, row));
        escalated += usize::from(view.flag(ESCALATED, row));
        csat.add(view.number(CSAT, row));
    }
    out.extend([share(reopened as f64, resolved as f64), share(escalated as f64, resolved as f64)]);
    out.push(share(urgent as f64, with_priority as f64));
    categories.retain(|&c| c != NO_CODE);
    out.push(distinct(&mut categories));
    out.push(view.rows().next_back().map_or(f64::NAN, |row| as_of.days_since(view.time(row))));
    out.push(csat.mean());
    let last = view.rows().rev().find(|row| !open(row) && !view.number(CSAT, *row).is_nan());
    out.push(last.map_or(f64::NAN, |row| view.number(CSAT, row)));
}
