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
}

impl Calibrator {
    /// The calibrated probability of a margin.
    #[inline]
    pub fn probability(&self, margin: f64) -> f64 {
        match self {
            Calibrator::Identity => sigmoid(margin),
            Calibrator::Platt { slope, intercept } => sigmoid(slope * margin + intercept),
        }
    }

    /// The probability's derivative by the margin.
    pub fn slope(&self, margin: f64) -> f64 {
        let p = self.probability(margin);
        let factor = match self {
            Calibrator::Identity => 1.0,
            Calibrator::Platt { slope, .. } => *slope,
        };
        factor * p * (1.0 - p)
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Calibrator::Platt { slope, intercept } if !(*slope > 0.0 && slope.is_finite() && intercept.is_finite()) => {
                Err(invalid("the calibrator does not ascend"))
            }
            _ => Ok(()),
        }
    }
}

/// The interval around a probability, as functions of the margin.
///
/// `low` and `high` are given at `knots` (margins, ascending), linear between and constant beyond; they always
/// enclose the calibrated probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalCurve {
    /// Nominal level, for example 0.9.
    pub level: f64,
    /// How it was made: `out_of_fold_bins`, or `expert`.
    pub method: String,
    /// Margins, ascending, at least one.
    pub knots: Vec<f64>,
    /// Lower end at each knot.
    pub low: Vec<f64>,
    /// Upper end at each knot.
    pub high: Vec<f64>,
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
    fn intervals_enclose_the_probability() {
        let curve = IntervalCurve {
            level: 0.9,
            method: "x".into(),
            knots: vec![-1.0, 1.0],
            low: vec![0.1, 0.5],
            high: vec![0.3, 0.9],
        };
        assert_eq!(curve.at(-9.0, 0.2), (0.1, 0.3));
        let (low, high) = curve.at(0.0, 0.95);
        assert!((low - 0.3).abs() < 1e-15 && high == 0.95);
    }
}
