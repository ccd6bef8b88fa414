//! Margins and labels to calibrator and interval.

use crate::metrics;
use crate::model::{Calibrator, IntervalCurve, sigmoid};

/// Nominal level of the intervals.
const LEVEL: f64 = 0.9;
/// The standard normal quantile of (1 + LEVEL) / 2.
const Z: f64 = 1.644_853_626_951_472_2;
/// Fewest rows in a bin of the interval.
const BIN_ROWS: usize = 60;
/// Most bins.
const MAX_BINS: usize = 20;

/// Identity, or Platt scaling where it earns its two parameters: by Akaike's criterion on the out-of-fold
/// margins.
pub(super) fn calibrator(labels: &[bool], margins: &[f64]) -> Calibrator {
    let loss = |c: &Calibrator| {
        let p: Vec<f64> = margins.iter().map(|&m| c.probability(m)).collect();
        metrics::log_loss(labels, &p) * labels.len() as f64
    };
    let platt = platt(labels, margins);
    match &platt {
        Some(platt) if loss(platt) + 2.0 < loss(&Calibrator::Identity) => platt.clone(),
        _ => Calibrator::Identity,
    }
}

/// Platt scaling by Newton's method, with Platt's smoothed targets; `None` where the slope is not positive.
pub(super) fn platt(labels: &[bool], margins: &[f64]) -> Option<Calibrator> {
    let positive = labels.iter().filter(|&&y| y).count() as f64;
    let negative = labels.len() as f64 - positive;
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let (mut slope, mut intercept) = (1.0, 0.0);
    for _ in 0..100 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-10, 0.0, 1e-10);
        for (&y, &m) in labels.iter().zip(margins) {
            let p = sigmoid(slope * m + intercept);
            let d = p - if y { high } else { low };
            let w = p * (1.0 - p);
            g0 += d * m;
            g1 += d;
            h00 += w * m * m;
            h01 += w * m;
            h11 += w;
        }
        let det = h00 * h11 - h01 * h01;
        if det.abs() < 1e-12 {
            return None;
        }
        let (ds, di) = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det);
        slope -= ds.clamp(-1.0, 1.0);
        intercept -= di.clamp(-1.0, 1.0);
        if ds.abs() + di.abs() < 1e-10 {
            break;
        }
    }
    (slope > 1e-3 && slope.is_finite() && intercept.is_finite()).then_some(Calibrator::Platt { slope, intercept })
}

/// The interval of the churn rate among customers with about this margin: Wilson's interval in bins of equal
/// size of the out-of-fold margins, made monotone. Source: Wilson (1927).
pub(super) fn interval(labels: &[bool], margins: &[f64]) -> IntervalCurve {
    let mut order: Vec<usize> = (0..margins.len()).collect();
    order.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]).then(a.cmp(&b)));
    let bins = (order.len() / BIN_ROWS).clamp(1, MAX_BINS);
    let (mut knots, mut low, mut high): (Vec<f64>, Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new(), Vec::new());
    for b in 0..bins {
        let rows = &order[b * order.len() / bins..(b + 1) * order.len() / bins];
        let n = rows.len() as f64;
        let margin = rows.iter().map(|&r| margins[r]).sum::<f64>() / n;
        let (l, h) = wilson(rows.iter().filter(|&&r| labels[r]).count() as f64, n);
        if knots.last().is_none_or(|&k| k < margin) {
            knots.push(margin);
            low.push(l.max(low.last().copied().unwrap_or(0.0)));
            high.push(h.max(high.last().copied().unwrap_or(0.0)));
        }
    }
    IntervalCurve { level: LEVEL, method: "out_of_fold_bins".to_owned(), knots, low, high }
}

fn wilson(k: f64, n: f64) -> (f64, f64) {
    let p = k / n;
    let center = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((center - half).max(0.0), (center + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::split::random;
    use rand_chacha::rand_core::RngCore;

    /// Labels drawn from sigmoid(0.5 m - 1) for margins m.
    fn drawn(n: usize) -> (Vec<bool>, Vec<f64>) {
        let mut rng = random(3);
        let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let margins: Vec<f64> = (0..n).map(|_| 8.0 * uniform() - 4.0).collect();
        (margins.iter().map(|m| uniform() < sigmoid(0.5 * m - 1.0)).collect(), margins)
    }

    #[test]
    fn platt_finds_the_true_line() {
        let (labels, margins) = drawn(20_000);
        let Calibrator::Platt { slope, intercept } = calibrator(&labels, &margins) else {
            panic!("Platt is better by far")
        };
        assert!((slope - 0.5).abs() < 0.03 && (intercept + 1.0).abs() < 0.06, "{slope} {intercept}");
        let straight: Vec<f64> = margins.iter().map(|m| 0.5 * m - 1.0).collect();
        match calibrator(&labels, &straight) {
            Calibrator::Identity => {}
            Calibrator::Platt { slope, intercept } => assert!((slope - 1.0).abs() < 0.05 && intercept.abs() < 0.05),
        }
    }

    #[test]
    fn intervals_hold_the_true_rate() {
        let (labels, margins) = drawn(6_000);
        let curve = interval(&labels, &margins);
        let inside = margins.iter().filter(|&&m| {
            let truth = sigmoid(0.5 * m - 1.0);
            // A probability in the middle of the interval does not widen it.
            let (low, high) = curve.at(m, 0.5 * (curve.at(m, 0.0).1 + curve.at(m, 1.0).0));
            low <= truth && truth <= high
        });
        let share = inside.count() as f64 / margins.len() as f64;
        assert!(share > 0.85, "{share}");
    }
}
