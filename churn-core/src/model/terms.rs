//! Univariate terms: linear and logistic models, splines and scorecards are sums of them.

use super::invalid;
use super::math::interpolate;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// A function of one feature, in log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shape {
    /// Linear between the knots, constant beyond the first and the last.
    Piecewise {
        /// Ascending feature values, at least one.
        knots: Vec<f64>,
        /// The function's value at each knot.
        values: Vec<f64>,
        /// The value for a missing feature.
        missing: f64,
    },
    /// One value a category code.
    Levels {
        /// The value of each code.
        values: Vec<f64>,
        /// The value of a code the plan does not know.
        other: f64,
        /// The value for a missing feature.
        missing: f64,
    },
}

/// One term of an additive model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Index of the feature.
    pub feature: usize,
    /// Its function.
    pub shape: Shape,
    /// The function's mean over the reference customers: what SHAP values are measured from.
    pub mean: f64,
}

impl Shape {
    /// The function at `x`; NaN is missing.
    pub fn value(&self, x: f64) -> f64 {
        match self {
            Shape::Piecewise { missing, .. } | Shape::Levels { missing, .. } if x.is_nan() => *missing,
            Shape::Levels { values, other, .. } => {
                if x >= 0.0 && x < values.len() as f64 {
                    values[x as usize]
                } else {
                    *other
                }
            }
            Shape::Piecewise { knots, values, .. } => interpolate(knots, values, x),
        }
    }

    fn check(&self) -> Result<()> {
        let (numbers, missing, other) = match self {
            Shape::Piecewise { knots, values, missing } => {
                if knots.is_empty() || knots.len() != values.len() {
                    return Err(invalid("a piecewise term needs as many values as knots, at least one"));
                }
                if !knots.iter().all(|k| k.is_finite()) || !knots.windows(2).all(|w| w[0] < w[1]) {
                    return Err(invalid("the knots of a piecewise term do not ascend"));
                }
                (values, missing, &0.0)
            }
            Shape::Levels { values, other, missing } => (values, missing, other),
        };
        if numbers.iter().chain([missing, other]).all(|v| v.is_finite()) {
            Ok(())
        } else {
            Err(invalid("a term has a value that is not finite"))
        }
    }
}

impl Term {
    /// Checks the term against the number of features.
    pub(crate) fn check(&self, n_features: usize) -> Result<()> {
        if self.feature >= n_features {
            return Err(invalid(format!("a term uses feature {} of {n_features}", self.feature)));
        }
        if !self.mean.is_finite() {
            return Err(invalid("a term's mean is not finite"));
        }
        self.shape.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piecewise_interpolates_and_is_constant_beyond() {
        let shape = Shape::Piecewise { knots: vec![0.0, 10.0, 20.0], values: vec![1.0, 0.0, 4.0], missing: 7.0 };
        for (x, y) in [(-5.0, 1.0), (0.0, 1.0), (5.0, 0.5), (10.0, 0.0), (15.0, 2.0), (99.0, 4.0), (f64::NAN, 7.0)] {
            assert_eq!(shape.value(x), y, "at {x}");
        }
        assert_eq!(shape.value(f64::INFINITY), 4.0);
    }

    #[test]
    fn levels_know_other_and_missing() {
        let shape = Shape::Levels { values: vec![0.1, 0.2], other: 0.3, missing: 0.4 };
        let got: Vec<f64> = [0.0, 1.0, 2.0, -1.0, f64::NAN].iter().map(|&x| shape.value(x)).collect();
        assert_eq!(got, [0.1, 0.2, 0.3, 0.3, 0.4]);
    }

    #[test]
    fn broken_terms_are_refused() {
        let bad = [
            Shape::Piecewise { knots: vec![], values: vec![], missing: 0.0 },
            Shape::Piecewise { knots: vec![2.0, 1.0], values: vec![0.0, 0.0], missing: 0.0 },
            Shape::Levels { values: vec![f64::NAN], other: 0.0, missing: 0.0 },
        ];
        for shape in bad {
            assert!(Term { feature: 0, shape, mean: 0.0 }.check(1).is_err());
        }
        let fine = Shape::Levels { values: vec![0.0], other: 0.0, missing: 0.0 };
        assert!(Term { feature: 3, shape: fine, mean: 0.0 }.check(3).is_err());
    }
}
