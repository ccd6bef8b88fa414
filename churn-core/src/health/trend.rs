//! A history of scores: where it is heading, when it changed, and what moved it.

use super::scoring::HealthScores;
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;

/// Fewest scores that a trend is told from.
const MIN_SCORES: usize = 4;
/// Most scores that are looked at, the latest: slopes of all pairs are taken.
const MAX_SCORES: usize = 400;
/// Largest chance of a change point in a history without one.
const LEVEL: f64 = 0.05;
/// Two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// When a history changed its level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangePoint {
    /// Day of the first score on the new level, in days since 1970-01-01.
    pub day: i32,
    /// Median before.
    pub before: f64,
    /// Median from that day on.
    pub after: f64,
    /// Chance of such a change in a history without one.
    pub p_value: f64,
}

/// Where a history of scores is heading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Number of scores.
    pub n: usize,
    /// Points per 30 days: the median slope of all pairs. Source: Theil (1950), Sen (1968).
    pub slope_30d: f64,
    /// Lower end of its 95 % interval. Source: Sen (1968), by Kendall's variance with ties.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// `falling`, `rising` or `steady`: the interval decides.
    pub direction: &'static str,
    /// The clearest change of level, where there is one. Source: Pettitt (1979).
    pub change_point: Option<ChangePoint>,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 {
        f64::NAN
    } else if n % 2 == 1 {
        values[n / 2]
    } else {
        f64::midpoint(values[n / 2 - 1], values[n / 2])
    }
}

/// The trend of (day, score) pairs; `None` for fewer than four days. Days count from 1970-01-01 and may come in any
/// order; of two scores of one day the later in the list counts.
pub fn trend(history: &[(i32, f64)]) -> Option<Trend> {
    let mut scores: Vec<(i32, f64)> = Vec::with_capacity(history.len());
    for &(day, score) in history.iter().filter(|(_, s)| s.is_finite()) {
        scores.push((day, score));
    }
    scores.sort_by_key(|s| s.0);
    scores.reverse();
    // Stable sort and reverse: the last of a day comes first, and stays.
    scores.dedup_by_key(|s| s.0);
    scores.truncate(MAX_SCORES);
    scores.reverse();
    let n = scores.len();
    if n < MIN_SCORES {
        return None;
    }
    let mut slopes: Vec<f64> = Vec::with_capacity(n * (n - 1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            slopes.push(30.0 * (scores[j].1 - scores[i].1) / f64::from(scores[j].0 - scores[i].0));
        }
    }
    let slope = median(&mut slopes);
    let mut values: Vec<f64> = scores.iter().map(|s| s.1).collect();
    values.sort_by(f64::total_cmp);
    let size = |k: usize| (k * (k.saturating_sub(1)) * (2 * k + 5)) as f64;
    let ties: f64 = values.chunk_by(|a, b| a == b).map(|tied| size(tied.len())).sum();
    let c = Z * ((size(n) - ties) / 18.0).sqrt();
    let pairs = slopes.len() as f64;
    let rank = |r: f64| slopes[(r.max(0.0) as usize).min(slopes.len() - 1)];
    let (low, high) = (rank(((pairs - c) / 2.0).round_ties_even() - 1.0), rank(((pairs + c) / 2.0).round_ties_even()));
    let direction = if high < 0.0 {
        "falling"
    } else if low > 0.0 {
        "rising"
    } else {
        "steady"
    };
    Some(Trend { n, slope_30d: slope, low, high, direction, change_point: change_point(&scores) })
}

/// Pettitt's test: the split with the clearest difference of ranks.
fn change_point(scores: &[(i32, f64)]) -> Option<ChangePoint> {
    let n = scores.len();
    let (mut u, mut best) = (0i64, (0i64, 0usize));
    for t in 0..n - 1 {
        // U(t) = U(t - 1) + sum over j of sign(x[t] - x[j]).
        let x = scores[t].1;
        u += scores.iter().map(|&(_, y)| i64::from(x > y) - i64::from(x < y)).sum::<i64>();
        if u.abs() > best.0.abs() {
            best = (u, t + 1);
        }
    }
    let (k, m) = (best.0.abs() as f64, n as f64);
    let p_value = (2.0 * libm::exp(-6.0 * k * k / (m * m * m + m * m))).min(1.0);
    if p_value > LEVEL {
        return None;
    }
    let part = |s: &[(i32, f64)]| median(&mut s.iter().map(|x| x.1).collect::<Vec<_>>());
    let at = best.1;
    Some(ChangePoint { day: scores[at].0, before: part(&scores[..at]), after: part(&scores[at..]), p_value })
}

/// The change from `before` to `after` as a share of the larger of the two, -1 to 1; from 0 to anything it is 1, and 0
/// where both are 0. Unlike (after - before) / before it is bounded, and the way back is the way there.
pub fn percent_change(before: f64, after: f64) -> f64 {
    let larger = before.abs().max(after.abs());
    if larger == 0.0 { 0.0 } else { ((after - before) / larger).clamp(-1.0, 1.0) }
}

/// What one measure did to the score since last time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangePart {
    /// Name of the dimension.
    pub dimension: String,
    /// Name of the measure.
    pub measure: String,
    /// Name for people.
    pub title: String,
    /// Points; all parts sum to the change.
    pub points: f64,
    /// `value` where the measure's own score moved, `coverage` where it became known or unknown, `weight` where only
    /// its weight moved.
    pub kind: &'static str,
}

/// The change of a customer's score since last time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Points: the score now minus the score before.
    pub points: f64,
    /// What it is made of, the largest first; the points sum to `points`.
    pub parts: Vec<ChangePart>,
}

impl Change {
    /// The change in words: `-12: Logins -9, Failed payments -5, NPS +2`.
    pub fn words(&self) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .filter(|p| p.points.abs() >= 0.05)
            .map(|p| format!("{} {:+.1}", p.title, p.points))
            .collect();
        if parts.is_empty() {
            return format!("{:+.1}", self.points);
        }
        format!("{:+.1}: {}", self.points, parts.join(", "))
    }
}

/// What moved a customer's score from one result to another, measure by measure.
///
/// With effective weights e, scores s and S the mean of both totals, a measure known both times contributes
/// `mean(e) x (s1 - s0) + (mean(s) - S) x (e1 - e0)`; one that became known `e1 x (s1 - S)`, one that became unknown
/// `-e0 x (s0 - S)`. Weights sum to 100 both times, so the parts sum to the change exactly.
///
/// # Errors
/// `invalid_argument` where a row does not exist, or nothing is known of the customer in one of the results.
pub fn change(before: &HealthScores, row_before: usize, after: &HealthScores, row_after: usize) -> Result<Change> {
    let points_of = |scores: &HealthScores, row: usize, argument: &'static str| {
        let score = scores.scores.get(row).filter(|s| !s.points.is_empty()).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("nothing is known of row {row} of `{argument}`"))
                .with("argument", argument)
                .hint("compare rows of which something is known")
        })?;
        let key = |m: usize| {
            let m = &scores.measures[m];
            (m.dimension.clone(), m.name.clone(), m.title.clone())
        };
        let points: Vec<_> = score.points.iter().map(|p| (key(p.measure), p.weight / 100.0, p.score)).collect();
        let total: f64 = points.iter().map(|(_, e, s)| e * s).sum();
        Ok::<_, Error>((points, total))
    };
    let (old, total_before) = points_of(before, row_before, "before")?;
    let (new, total_after) = points_of(after, row_after, "after")?;
    let middle = f64::midpoint(total_before, total_after);
    let part = |(dimension, measure, title): (String, String, String), points: f64, kind: &'static str| ChangePart {
        dimension,
        measure,
        title,
        points,
        kind,
    };
    let mut parts = Vec::new();
    for (key, e1, s1) in &new {
        match old.iter().find(|(k, ..)| k.0 == key.0 && k.1 == key.1) {
            Some((_, e0, s0)) => {
                let points = f64::midpoint(*e0, *e1) * (s1 - s0) + (f64::midpoint(*s0, *s1) - middle) * (e1 - e0);
                parts.push(part(key.clone(), points, if s1 == s0 { "weight" } else { "value" }));
            }
            None => parts.push(part(key.clone(), e1 * (s1 - middle), "coverage")),
        }
    }
    for (key, e0, s0) in &old {
        if !new.iter().any(|(k, ..)| k.0 == key.0 && k.1 == key.1) {
            parts.push(part(key.clone(), -e0 * (s0 - middle), "coverage"));
        }
    }
    parts.retain(|p| p.points != 0.0);
    parts.sort_by(|a, b| {
        let order = b.points.abs().total_cmp(&a.points.abs());
        order.then_with(|| (&a.dimension, &a.measure).cmp(&(&b.dimension, &b.measure)))
    });
    Ok(Change { points: total_after - total_before, parts })
}

#[cfg(test)]
mod tests {
    use super::super::{HealthConfig, score};
    use super::*;
    use crate::table::{Column, ColumnData, Places, Table};
    use std::collections::BTreeMap;

    #[test]
    fn the_slope_ignores_an_outlier_and_the_interval_decides() {
        let line: Vec<(i32, f64)> = (0..12).map(|i| (i * 10, 80.0 - f64::from(i))).collect();
        let mut hurt = line.clone();
        hurt[5].1 = 0.0;
        let clean = trend(&line).expect("trend");
        assert_eq!((clean.slope_30d, clean.direction), (-3.0, "falling"));
        let robust = trend(&hurt).expect("trend");
        assert!((robust.slope_30d + 3.0).abs() < 0.3 && robust.direction == "falling", "{robust:?}");
        let flat: Vec<(i32, f64)> = (0..12).map(|i| (i, 70.0 + f64::from(i % 3))).collect();
        assert_eq!(trend(&flat).expect("trend").direction, "steady");
        assert!(trend(&line[..3]).is_none());
        let mut shuffled = line.clone();
        shuffled.reverse();
        assert_eq!(trend(&shuffled), trend(&line), "the order of the scores does not matter");
    }

    // Reference: scipy 1.17.1, theilslopes(y, range(8), 0.95).
    #[test]
    fn the_interval_is_sens() {
        let y = [1.0, 1.8, 2.1, 3.2, 2.9, 4.4, 4.1, 5.0];
        let history: Vec<(i32, f64)> = (0..8).map(|i| (i, y[i as usize])).collect();
        let t = trend(&history).expect("trend");
        let expected = [0.560_714_285_714_285_7, 0.366_666_666_666_666_64, 0.733_333_333_333_333_4];
        for (got, expected) in [t.slope_30d, t.low, t.high].into_iter().zip(expected) {
            assert!((got / 30.0 - expected).abs() < 1e-12, "{t:?}");
        }
    }

    #[test]
    fn a_step_is_found_on_its_day() {
        let step: Vec<(i32, f64)> =
            (0..20).map(|i| (100 + i, if i < 12 { 80.0 } else { 55.0 } + f64::from(i % 2))).collect();
        let change = trend(&step).expect("trend").change_point.expect("a change");
        assert_eq!((change.day, change.before, change.after), (112, 80.5, 55.5));
        assert!(change.p_value < 0.01);
    }

    #[test]
    fn changes_are_bounded() {
        let cases =
            [(0.0, 5.0, 1.0), (5.0, 0.0, -1.0), (0.0, 0.0, 0.0), (4.0, 2.0, -0.5), (2.0, 4.0, 0.5), (-1.0, 1.0, 1.0)];
        for (before, after, expected) in cases {
            assert_eq!(percent_change(before, after), expected, "{before} to {after}");
        }
    }

    #[test]
    fn the_parts_of_a_change_sum_to_it() {
        let config = HealthConfig::shipped("saas").expect("config");
        let table = |cells: &[(&str, Option<f64>)]| {
            let columns = cells.iter().map(|(name, x)| Column {
                name: (*name).into(),
                canonical: true,
                source: (*name).into(),
                data: ColumnData::numbers([*x]),
            });
            Table::new(columns.collect(), 1, Places::Items)
        };
        let before = table(&[
            ("logins_30d", Some(25.0)),
            ("failed_payments", Some(0.0)),
            ("open_tickets", Some(0.0)),
            ("nps_score", None),
        ]);
        let after = table(&[
            ("logins_30d", Some(6.0)),
            ("failed_payments", Some(1.0)),
            ("open_tickets", None),
            ("nps_score", Some(9.0)),
        ]);
        let score = |t: &Table| {
            score(t, &config, None, &BTreeMap::from([("nps_score".to_owned(), [0.0, 10.0])])).expect("scored")
        };
        let (before, after) = (score(&before), score(&after));
        let change = change(&before, 0, &after, 0).expect("a change");
        let sum: f64 = change.parts.iter().map(|p| p.points).sum();
        assert!((sum - change.points).abs() < 1e-9, "{change:?}");
        assert!(change.points < -20.0);
        assert!(
            change.words().starts_with('-') && change.words().contains("Logins in the last 30 days -"),
            "{}",
            change.words()
        );
        let nps = change.parts.iter().find(|p| p.measure == "nps").expect("nps");
        assert!(nps.kind == "coverage" && nps.points > 0.0);
    }
}
