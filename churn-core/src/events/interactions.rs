//! Features of the table of interactions, in the order of the catalog.

use super::stats::{Mean, change, distinct, share};
use super::store::{NO_CODE, View};
use super::time::AsOf;

/// Places in the columns.
pub(super) const SENTIMENT: usize = 0;
pub(super) const MINUTES: usize = 1;
pub(super) const KIND: usize = 0;
pub(super) const INBOUND: u8 = 1;
pub(super) const OUTBOUND: u8 = 2;
pub(super) const NO_SHOW: u8 = 4;

/// Appends the features of one customer.
pub(super) fn features(view: View<'_>, as_of: AsOf, out: &mut Vec<f64>) {
    let count = |days: i64| view.rows_from(as_of.back(days)).count() as f64;
    let (in_90, in_180) = (count(90), count(180));
    out.extend([count(30), in_90, in_180]);
    out.push(change(in_90, in_180 - in_90));
    out.push(view.rows().next_back().map_or(f64::NAN, |row| as_of.days_since(view.time(row))));
    let (mut inbound, mut directed, mut no_shows, mut minutes) = (0, 0, 0, 0.0);
    let (mut sentiment, mut negative, mut kinds) = (Mean::default(), 0, Vec::new());
    for row in view.rows_from(as_of.back(180)) {
        inbound += usize::from(view.flag(INBOUND, row));
        directed += usize::from(view.flag(INBOUND | OUTBOUND, row));
        no_shows += usize::from(view.flag(NO_SHOW, row));
        let felt = view.number(SENTIMENT, row);
        sentiment.add(felt);
        negative += usize::from(felt < 0.0);
        let took = view.number(MINUTES, row);
        minutes += if took.is_nan() { 0.0 } else { took };
        kinds.push(view.code(KIND, row));
    }
    out.push(share(inbound as f64, directed as f64));
    out.push(sentiment.mean());
    out.push(view.rows().rev().map(|row| view.number(SENTIMENT, row)).find(|s| !s.is_nan()).unwrap_or(f64::NAN));
    out.push(share(negative as f64, sentiment.n()));
    out.extend([no_shows as f64, minutes]);
    kinds.retain(|&k| k != NO_CODE);
    out.push(distinct(&mut kinds));
}
