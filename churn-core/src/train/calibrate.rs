//! Out-of-fold margins and labels to a calibrator: identity, Platt, beta or isotonic, by cross-validated log loss.

use super::candidates::row_loss;
use super::newton::{Coefficients, Design};
use crate::model::{Calibrator, logit};

/// Rows below which an isotonic curve is not tried: it has as many parameters as it likes.
const ISOTONIC_ROWS: usize = 1000;
/// How much log loss, in nats over all rows, a calibrator must save to be preferred to a simpler one. Two is what
/// Akaike's criterion charges for Platt's two parameters.
const WORTH: f64 = 2.0;

/// Margins with their labels.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub labels: &'a [bool],
    pub margins: &'a [f64],
    pub weights: &'a [f64],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Identity,
    Platt,
    Beta,
    Isotonic,
}

/// The calibrator with the least log loss on parts it was not fitted on, simpler ones first; `part` numbers the
/// rows' parts.
pub(super) fn choose(held: Held<'_>, part: &[usize]) -> Calibrator {
    let parts = part.iter().max().map_or(1, |m| m + 1);
    let mut kinds = vec![Kind::Identity, Kind::Platt, Kind::Beta];
    if held.labels.len() >= ISOTONIC_ROWS {
        kinds.push(Kind::Isotonic);
    }
    let mut best = (Kind::Identity, f64::INFINITY);
    for kind in kinds {
        let mut loss = 0.0;
        for k in 0..parts {
            let inside = pick(held, |i| part[i] != k);
            let Some(calibrator) = fit(kind, inside.borrow()) else {
                loss = f64::INFINITY;
                break;
            };
            for i in (0..part.len()).filter(|&i| part[i] == k) {
                loss += held.weights[i] * row_loss(held.labels[i], logit(calibrator.probability(held.margins[i])));
            }
        }
        if loss + WORTH < best.1 {
            best = (kind, loss);
        }
    }
    fit(best.0, held).unwrap_or(Calibrator::Identity)
}

/// Rows of their own.
struct Picked {
    labels: Vec<bool>,
    margins: Vec<f64>,
    weights: Vec<f64>,
}

impl Picked {
    fn borrow(&self) -> Held<'_> {
        Held { labels: &self.labels, margins: &self.margins, weights: &self.weights }
    }
}

fn pick(held: Held<'_>, wanted: impl Fn(usize) -> bool) -> Picked {
    let rows: Vec<usize> = (0..held.labels.len()).filter(|&i| wanted(i)).collect();
    Picked {
        labels: rows.iter().map(|&i| held.labels[i]).collect(),
        margins: rows.iter().map(|&i| held.margins[i]).collect(),
        weights: rows.iter().map(|&i| held.weights[i]).collect(),
    }
}

fn fit(kind: Kind, held: Held<'_>) -> Option<Calibrator> {
    match kind {
        Kind::Identity => Some(Calibrator::Identity),
        Kind::Platt => platt(held),
        Kind::Beta => beta(held),
        Kind::Isotonic => isotonic(held),
    }
}

/// Slope and intercept by maximum likelihood, the slope drawn to 1 as one row would draw it; `None` where the slope
/// is not positive.
pub(super) fn platt(held: Held<'_>) -> Option<Calibrator> {
    let found = line(held, vec![held.margins.to_vec()])?;
    let (slope, intercept) = (1.0 + found.columns[0], found.intercept);
    (slope > 1e-3 && slope.is_finite() && intercept.is_finite()).then_some(Calibrator::Platt { slope, intercept })
}

/// Beta calibration: a line in ln p and -ln(1 - p), both slopes not negative.
fn beta(held: Held<'_>) -> Option<Calibrator> {
    let ln_p: Vec<f64> = held.margins.iter().map(|&m| -row_loss(true, m)).collect();
    let ln_q: Vec<f64> = held.margins.iter().map(|&m| row_loss(false, m)).collect();
    let found = line(held, vec![ln_p, ln_q])?;
    let (a, b, c) = (1.0 + found.columns[0], 1.0 + found.columns[1], found.intercept);
    let fits = a > 1e-3 && b > 1e-3 && [a, b, c].iter().all(|v| v.is_finite());
    fits.then_some(Calibrator::Beta { a, b, c })
}

/// What has to be added to the margins as a line in these columns.
fn line(held: Held<'_>, columns: Vec<Vec<f64>>) -> Option<Coefficients> {
    let start = Coefficients { columns: vec![0.0; columns.len()], intercept: 0.0 };
    let (labels, weights) = (held.labels.to_vec(), Some(held.weights.to_vec()));
    let design = Design { columns, labels, weights, offset: Some(held.margins) };
    let found = design.solve(1.0, start);
    found.columns.iter().all(|c| c.is_finite()).then_some(found)
}

/// The ascending step function of least squares (pool adjacent violators; Ayer et al. 1955), drawn as lines between
/// the middles of its steps, so that it ranks as the margin does.
fn isotonic(held: Held<'_>) -> Option<Calibrator> {
    let mut order: Vec<usize> = (0..held.margins.len()).collect();
    order.sort_by(|&a, &b| held.margins[a].total_cmp(&held.margins[b]).then(a.cmp(&b)));
    let total: f64 = held.weights.iter().sum();
    let base = order.iter().filter(|&&i| held.labels[i]).map(|&i| held.weights[i]).sum::<f64>() / total;
    // (weight, positive weight, weighted margins)
    let mut blocks: Vec<[f64; 3]> = Vec::new();
    for i in order {
        let w = held.weights[i];
        blocks.push([w, if held.labels[i] { w } else { 0.0 }, w * held.margins[i]]);
        while let [.., a, b] = blocks[..]
            && a[1] * b[0] >= b[1] * a[0]
        {
            blocks.pop();
            if let Some(last) = blocks.last_mut() {
                *last = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
            }
        }
    }
    let (mut knots, mut probabilities): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for [w, positive, margins] in blocks {
        let knot = margins / w;
        // One row of the base rate keeps the ends off 0 and 1.
        let p = (positive + base) / (w + 1.0);
        if knots.last().is_none_or(|&k| k < knot) {
            knots.push(knot);
            probabilities.push(p.max(probabilities.last().copied().unwrap_or(0.0)));
        }
    }
    (knots.len() > 1).then_some(Calibrator::Isotonic { knots, probabilities })
}

/// The log-odds of the weighted share of positive labels.
pub(super) fn base_margin(held: Held<'_>) -> f64 {
    let total: f64 = held.weights.iter().sum();
    let positive: f64 = held.labels.iter().zip(held.weights).filter(|(y, _)| **y).map(|(_, w)| w).sum();
    logit(positive / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sigmoid;
    use crate::train::split::random;
    use rand_chacha::rand_core::RngCore;

    /// Labels drawn with the given probability at margins between -4 and 4.
    fn drawn(n: usize, truth: impl Fn(f64) -> f64) -> (Vec<bool>, Vec<f64>, Vec<f64>, Vec<usize>) {
        let mut rng = random(3);
        let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let margins: Vec<f64> = (0..n).map(|_| 8.0 * uniform() - 4.0).collect();
        let labels = margins.iter().map(|&m| uniform() < truth(m)).collect();
        (labels, margins, vec![1.0; n], (0..n).map(|i| i % 5).collect())
    }

    fn chosen(n: usize, truth: impl Fn(f64) -> f64) -> Calibrator {
        let (labels, margins, weights, part) = drawn(n, truth);
        choose(Held { labels: &labels, margins: &margins, weights: &weights }, &part)
    }

    #[test]
    fn each_kind_is_found_where_it_is_the_truth() {
        let Calibrator::Platt { slope, intercept } = chosen(20_000, |m| sigmoid(0.5 * m - 1.0)) else {
            panic!("Platt is better by far")
        };
        assert!((slope - 0.5).abs() < 0.03 && (intercept + 1.0).abs() < 0.06, "{slope} {intercept}");
        assert_eq!(chosen(5_000, sigmoid), Calibrator::Identity);
        let bent = Calibrator::Beta { a: 0.4, b: 1.6, c: -0.3 };
        assert!(matches!(chosen(20_000, |m| bent.probability(m)), Calibrator::Beta { .. }));
        let stairs = |m: f64| {
            if m < -1.0 {
                0.05
            } else if m < 2.0 {
                0.5
            } else {
                0.9
            }
        };
        let found = chosen(20_000, stairs);
        assert!(matches!(found, Calibrator::Isotonic { .. }));
        assert!((found.probability(0.5) - 0.5).abs() < 0.03 && (found.probability(3.5) - 0.9).abs() < 0.03);
    }
}
