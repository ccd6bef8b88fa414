//! Margin to probability, and to the interval of that probability.

use super::math::interpolate;
use super::{invalid, sigmoid};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// A monotone map from margin (log-odds) to probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Calibrator {
    /// The sigmoid of the margin.
    Identity,
    /// The sigmoid of `slope x margin + intercept`. Source: Platt, "Probabilistic outputs for support vector
    /// machines" (1999).
    Platt {
        /// Above 0.
        slope: f64,
        /// In log-odds.
        intercept: f64,
    },
    /// The sigmoid of `a ln p - b ln(1 - p) + c` with p the sigmoid of the margin. Source: Kull, Silva Filho and
    /// Flach, "Beta calibration" (2017).
    Beta {
        /// Above 0: slope where probabilities are low.
        a: f64,
        /// Above 0: slope where probabilities are high.
        b: f64,
        /// In log-odds.
        c: f64,
    },
    /// Probabilities linear between knots, constant beyond the first and the last. Source: Zadrozny and Elkan,
    /// "Transforming classifier scores into accurate multiclass probability estimates" (2002).
    Isotonic {
        /// Margins, ascending, two at least.
        knots: Vec<f64>,
        /// Probability at each knot, not descending.
        probabilities: Vec<f64>,
    },
}

impl Calibrator {
    /// The calibrated probability of a margin.
    #[inline]
    pub fn probability(&self, margin: f64) -> f64 {
        match self {
            Calibrator::Identity => sigmoid(margin),
            Calibrator::Platt { slope, intercept } => sigmoid(slope * margin + intercept),
            Calibrator::Beta { a, b, c } => sigmoid(a * ln_sigmoid(margin) - b * ln_sigmoid(-margin) + c),
            Calibrator::Isotonic { knots, probabilities } => interpolate(knots, probabilities, margin),
        }
    }

    /// The probability's derivative by the margin; between two knots of an isotonic curve the line's slope, beyond
    /// them 0.
    pub fn slope(&self, margin: f64) -> f64 {
        let p = self.probability(margin);
        let factor = match self {
            Calibrator::Identity => 1.0,
            Calibrator::Platt { slope, .. } => *slope,
            Calibrator::Beta { a, b, .. } => a * sigmoid(-margin) + b * sigmoid(margin),
            Calibrator::Isotonic { knots, probabilities } => {
                let right = knots.partition_point(|&k| k <= margin);
                return match (right.checked_sub(1), knots.get(right)) {
                    (Some(left), Some(knot)) => (probabilities[right] - probabilities[left]) / (knot - knots[left]),
                    _ => 0.0,
                };
            }
        };
        factor * p * (1.0 - p)
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Calibrator::Platt { slope, intercept } if !(*slope > 0.0 && slope.is_finite() && intercept.is_finite()) => {
                Err(invalid("the calibrator does not ascend"))
            }
            Calibrator::Beta { a, b, c } if !(*a > 0.0 && *b > 0.0 && [a, b, c].iter().all(|v| v.is_finite())) => {
                Err(invalid("the calibrator does not ascend"))
            }
            Calibrator::Isotonic { knots, probabilities } => {
                let fits = knots.len() > 1 && knots.len() == probabilities.len();
                let ascends = knots.windows(2).all(|w| w[0] < w[1]) && probabilities.windows(2).all(|w| w[0] <= w[1]);
                let inside =
                    probabilities.iter().all(|p| (0.0..=1.0).contains(p)) && knots.iter().all(|k| k.is_finite());
                if fits && ascends && inside { Ok(()) } else { Err(invalid("the calibrator does not ascend")) }
            }
            _ => Ok(()),
        }
    }
}

/// ln(sigmoid(margin)), without overflow.
fn ln_sigmoid(margin: f64) -> f64 {
    if margin >= 0.0 { -libm::log1p(libm::exp(-margin)) } else { margin - libm::log1p(libm::exp(margin)) }
}

/// The interval around a probability, as functions of the margin.
///
/// `low` and `high` are given at `knots` (margins, ascending), linear between and constant beyond; they always
/// enclose the calibrated probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalCurve {
    /// Nominal level, for example 0.9.
    pub level: f64,
    /// How it was made: `conformal_groups`, or `expert`; older models: `calibration_band`, `out_of_fold_bins`.
    pub method: String,
    /// Customers in the groups that the level speaks of: of as many new customers as were learnt from, sorted by score
    /// and cut into groups of so many, the share `level` of the groups has its churn rate inside. 0 where the interval
    /// states nothing of the kind.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub group_size: usize,
    /// Margins, ascending, at least one.
    pub knots: Vec<f64>,
    /// Lower end at each knot.
    pub low: Vec<f64>,
    /// Upper end at each knot.
    pub high: Vec<f64>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl IntervalCurve {
    /// Lower and upper end at a margin, enclosing `probability`.
    pub fn at(&self, margin: f64, probability: f64) -> (f64, f64) {
        let low = interpolate(&self.knots, &self.low, margin);
        let high = interpolate(&self.knots, &self.high, margin);
        (low.min(probability).max(0.0), high.max(probability).min(1.0))
    }

    pub(crate) fn check(&self) -> Result<()> {
        let n = self.knots.len();
        let fits = n > 0 && self.low.len() == n && self.high.len() == n;
        let finite = self.knots.iter().chain(&self.low).chain(&self.high).all(|v| v.is_finite());
        if fits && finite && self.knots.windows(2).all(|w| w[0] < w[1]) && (0.0..1.0).contains(&self.level) {
            Ok(())
        } else {
            Err(invalid("the interval's knots do not ascend or do not fit its ends"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platt_moves_and_stretches() {
        let platt = Calibrator::Platt { slope: 2.0, intercept: 1.0 };
        assert_eq!(platt.probability(-0.5), 0.5);
        let h = 1e-6;
        let numeric = (platt.probability(0.3 + h) - platt.probability(0.3 - h)) / (2.0 * h);
        assert!((platt.slope(0.3) - numeric).abs() < 1e-9);
        assert!(Calibrator::Platt { slope: -1.0, intercept: 0.0 }.check().is_err());
    }

    #[test]
    fn beta_and_isotonic_ascend_and_know_their_slope() {
        let beta = Calibrator::Beta { a: 0.5, b: 2.0, c: 0.1 };
        let isotonic = Calibrator::Isotonic { knots: vec![-2.0, 0.0, 3.0], probabilities: vec![0.1, 0.4, 0.9] };
        assert_eq!(Calibrator::Beta { a: 1.0, b: 1.0, c: 0.0 }.probability(0.7), sigmoid(0.7));
        assert!((isotonic.probability(1.5) - 0.65).abs() < 1e-15 && isotonic.probability(-9.0) == 0.1);
        for calibrator in [beta, isotonic] {
            calibrator.check().expect("valid");
            for m in [-3.0, -1.3, 0.4, 2.9, 5.0] {
                let h = 1e-6;
                let numeric = (calibrator.probability(m + h) - calibrator.probability(m - h)) / (2.0 * h);
                assert!((calibrator.slope(m) - numeric).abs() < 1e-8, "{calibrator:?} at {m}");
            }
        }
        assert!(Calibrator::Beta { a: 0.0, b: 1.0, c: 0.0 }.check().is_err());
        assert!(Calibrator::Isotonic { knots: vec![0.0, 1.0], probabilities: vec![0.5, 0.4] }.check().is_err());
    }

    #[test]
    fn intervals_enclose_the_probability() {
        let curve = IntervalCurve {
            level: 0.9,
            method: "x".into(),
            group_size: 0,
            knots: vec![-1.0, 1.0],
            low: vec![0.1, 0.5],
            high: vec![0.3, 0.9],
        };
        assert_eq!(curve.at(-9.0, 0.2), (0.1, 0.3));
        let (low, high) = curve.at(0.0, 0.95);
        assert!((low - 0.3).abs() < 1e-15 && high == 0.95);
    }
}
