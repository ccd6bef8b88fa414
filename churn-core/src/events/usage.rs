//! Features of the table of usage, in the order of the catalog.

use super::payments::interval;
use super::settings::EventSettings;
use super::stats::{change, distinct, share, theil_sen};
use super::store::{NO_CODE, NO_HASH, View};
use super::time::{AsOf, DAY};

/// Places in the columns.
pub(super) const QUANTITY: usize = 0;
pub(super) const MINUTES: usize = 1;
pub(super) const EVENT: usize = 0;
pub(super) const SESSION: usize = 0;
pub(super) const USER: usize = 1;

const WEEKS: usize = 12;

/// Appends the features of one customer; `seats` are those of the running subscriptions.
pub(super) fn features(view: View<'_>, as_of: AsOf, settings: &EventSettings, seats: f64, out: &mut Vec<f64>) {
    let zero = |x: f64| if x.is_nan() { 0.0 } else { x };
    let rows: Vec<usize> = view.rows().collect();
    let from = |days: i64| &rows[rows.partition_point(|&r| view.time(r) < as_of.back(days))..];
    let day = |row: &usize| as_of.day_of(view.time(*row));
    let active = |list: &[usize]| {
        let (mut n, mut last) = (0u32, None);
        for row in list {
            let day = Some(day(row));
            n += u32::from(day != last);
            last = day;
        }
        f64::from(n)
    };
    let (w7, w30, w90, w180) = (from(7), from(30), from(90), from(180));
    let n = |list: &[usize]| list.len() as f64;
    out.extend([n(w7), n(w30), n(w90), n(w180)]);
    out.extend([active(w7), active(w30), active(w90), active(w180)]);
    let hashes = |slot: usize, list: &[usize]| {
        let mut all: Vec<u64> = list.iter().map(|&r| view.hash(slot, r)).filter(|&h| h != NO_HASH).collect();
        distinct(&mut all)
    };
    let sum = |slot: usize, list: &[usize]| list.iter().fold(0.0, |s, &r| s + zero(view.number(slot, r)));
    out.extend([hashes(SESSION, w30), hashes(SESSION, w90)]);
    out.extend([w7, w30, w90, w180].map(|w| sum(QUANTITY, w)));
    out.extend([sum(MINUTES, w30), sum(MINUTES, w90)]);
    out.extend([n(&rows), active(&rows)]);
    let since = |row: Option<&usize>| row.map_or(f64::NAN, |&r| as_of.days_since(view.time(r)));
    let silence = since(rows.last());
    let interval = interval(rows.iter().map(day));
    out.extend([silence, since(rows.first()), interval, silence / interval]);

    let mut weeks = [0.0; WEEKS];
    for &row in from(7 * WEEKS as i64) {
        let back = (as_of.micros - 1 - view.time(row)) / (7 * DAY);
        if let Some(week) = (WEEKS as i64 - 1).checked_sub(back).and_then(|w| weeks.get_mut(usize::try_from(w).ok()?)) {
            *week += 1.0;
        }
    }
    out.push(theil_sen(&weeks));
    // The last calendar day before as_of; a year is streak enough.
    let mut expected = as_of.day_of(as_of.micros - 1);
    let mut streak = 0u32;
    for row in from(365).iter().rev() {
        let day = day(row);
        if day == expected {
            streak += 1;
            expected -= 1;
        } else if day < expected {
            break;
        }
    }
    let (mut longest, mut run, mut last) = (0u32, 0u32, i64::MIN);
    for day in w90.iter().map(day) {
        run = if day == last {
            run
        } else if day == last.saturating_add(1) {
            run + 1
        } else {
            1
        };
        longest = longest.max(run);
        last = day;
    }
    out.extend([f64::from(streak), f64::from(longest)]);
    let events = |list: &[usize]| -> Vec<u32> {
        let mut all: Vec<u32> = list.iter().map(|&r| view.code(EVENT, r)).filter(|&c| c != NO_CODE).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let in_90 = events(w90);
    out.extend([events(w30).len() as f64, in_90.len() as f64]);
    let adopted = settings.key_events.iter().filter(|key| {
        in_90.iter().any(|&c| view.table.levels[EVENT].get(c as usize).is_some_and(|level| level == *key))
    });
    out.push(share(adopted.count() as f64, settings.key_events.len() as f64));
    out.push(change(n(w7), n(from(14)) - n(w7)));
    out.push(change(n(w30), n(from(60)) - n(w30)));
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekday = |row: &usize| (day(row) + 3).rem_euclid(7) < 5;
    out.push(share(w90.iter().filter(|&r| weekday(r)).count() as f64, n(w90)));
    let users = hashes(USER, w30);
    let before = from(60);
    out.push(users);
    out.push(change(users, hashes(USER, &before[..before.len() - w30.len()])));
    out.push(if seats > 0.0 { users / seats } else { f64::NAN });
    out.push(change(n(w30) / 30.0, (n(w180) - n(w30)) / 150.0));
}
