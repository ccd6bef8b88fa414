//! The interval around a probability.
//!
//! What it covers: the churn rate among customers whom this model gives about this score, over repeated training
//! samples, at the stated level. Not a customer's own fate, which is yes or no, and not what another model with other
//! columns would say.
//!
//! The held-out margins say how well that rate is known: the variance of the calibration line at a margin (the usual
//! confidence band of a logistic regression on the margin), and that of the rate itself where only a part of the rows
//! lies near the margin, because a line need not be the whole truth. `make bench-quality` measures the coverage on
//! rows not seen.

use super::calibrate::Held;
use crate::model::{Calibrator, IntervalCurve, logit, sigmoid};

/// Nominal level of the intervals.
pub(super) const LEVEL: f64 = 0.9;
/// The standard normal quantile of (1 + LEVEL) / 2.
const Z: f64 = 1.644_853_626_951_472_2;
/// Knots of the curve.
const KNOTS: usize = 33;
/// The share of all rows that counts as near a margin.
const NEAR: f64 = 0.5;

/// The interval of the churn rate among customers with about this margin, around what `calibrator` says; every row
/// is there `repeats` times.
pub(super) fn curve(held: Held<'_>, calibrator: &Calibrator, repeats: usize) -> IntervalCurve {
    let mut margins = held.margins.to_vec();
    margins.sort_unstable_by(f64::total_cmp);
    let at = |i: usize| margins[i * (margins.len() - 1) / (KNOTS - 1)];
    let mut knots: Vec<f64> = (0..KNOTS).map(at).collect();
    knots.dedup();
    // Information of the calibration line, and the rows behind unequal weights (Kish's effective size).
    let (mut h00, mut h01, mut h11, mut total, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&m, &w) in held.margins.iter().zip(held.weights) {
        let p = calibrator.probability(m);
        let c = w * p * (1.0 - p);
        h00 += c;
        h01 += c * m;
        h11 += c * m * m;
        total += w;
        squares += w * w;
    }
    // The rows of several repeats are the same rows: their weights add up to one a row, their squares do not.
    let scale = squares * repeats as f64 / total;
    let determinant = h00 * h11 - h01 * h01;
    let (mut low, mut high): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for &m in &knots {
        let p = calibrator.probability(m).clamp(1e-6, 1.0 - 1e-6);
        let line = if knots.len() > 1 && determinant > 0.0 {
            (h11 - 2.0 * m * h01 + m * m * h00) / determinant
        } else {
            1.0 / h00
        };
        let own = if knots.len() > 1 { 1.0 / (NEAR * total * p * (1.0 - p)) } else { 0.0 };
        let half = Z * (scale * (line + own)).sqrt();
        low.push(sigmoid(logit(p) - half).max(low.last().copied().unwrap_or(0.0)));
        high.push(sigmoid(logit(p) + half).max(high.last().copied().unwrap_or(0.0)));
    }
    IntervalCurve { level: LEVEL, method: "calibration_band".to_owned(), knots, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::split::random;
    use rand_chacha::rand_core::RngCore;

    #[test]
    fn intervals_hold_the_true_rate() {
        let mut rng = random(3);
        let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let margins: Vec<f64> = (0..6000).map(|_| 8.0 * uniform() - 4.0).collect();
        let labels: Vec<bool> = margins.iter().map(|m| uniform() < sigmoid(0.5 * m - 1.0)).collect();
        let calibrator = Calibrator::Platt { slope: 0.5, intercept: -1.0 };
        let curve = curve(Held { labels: &labels, margins: &margins, weights: &vec![1.0; 6000] }, &calibrator, 1);
        let inside = margins.iter().filter(|&&m| {
            let truth = sigmoid(0.5 * m - 1.0);
            let (low, high) = curve.at(m, truth);
            low < truth && truth < high && high - low < 0.12
        });
        let share = inside.count() as f64 / margins.len() as f64;
        assert!(share > 0.99, "{share}");
    }
}
