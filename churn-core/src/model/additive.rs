//! The one representation of everything that is scored: a weighted sum of terms and trees.

use super::{Term, Tree, TreeEnsemble, invalid, logit};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The space in which a model adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// The sum is the margin, in log-odds.
    LogOdds,
    /// The sum is a probability: forests that average class shares.
    Probability,
}

/// A part of an additive model.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Functions of one feature each.
    Terms(Vec<Term>),
    /// Trees.
    Trees(TreeEnsemble),
}

/// A weighted part.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// What made it: `logistic`, `forest`, `scorecard`, ...
    pub name: String,
    /// Factor of the part's sum.
    pub weight: f64,
    /// The part.
    pub part: Part,
}

/// `raw(row) = intercept + sum of weight x part(row)`, in the stated space.
#[derive(Debug, Clone, PartialEq)]
pub struct AdditiveModel {
    /// The space of the sum.
    pub space: Space,
    /// Added to every row.
    pub intercept: f64,
    /// The parts.
    pub components: Vec<Component>,
}

impl Component {
    /// The part's contribution to a row, weight included.
    #[inline]
    pub fn value(&self, row: &[f64]) -> f64 {
        let sum: f64 = match &self.part {
            Part::Terms(terms) => terms.iter().map(|t| t.shape.value(row[t.feature])).sum(),
            Part::Trees(ensemble) => ensemble.trees.iter().map(|t| t.value(row)).sum(),
        };
        weighted(self.weight, sum)
    }

    /// The part's expectation over its reference customers, weight included.
    pub fn expectation(&self) -> f64 {
        let sum: f64 = match &self.part {
            Part::Terms(terms) => terms.iter().map(|t| t.mean).sum(),
            Part::Trees(ensemble) => ensemble.trees.iter().map(Tree::expectation).sum(),
        };
        weighted(self.weight, sum)
    }
}

/// `weight x sum`. The reciprocal of a whole number divides by that number: so a mean over n trees has the bits of
/// `sum / n`, as forests elsewhere reckon it.
#[inline]
pub(crate) fn weighted(weight: f64, sum: f64) -> f64 {
    let n = (1.0 / weight).round();
    if n > 1.0 && 1.0 / n == weight { sum / n } else { weight * sum }
}

impl AdditiveModel {
    /// The sum for one row of features, in the model's space; finite.
    #[inline]
    pub fn raw(&self, row: &[f64]) -> f64 {
        self.intercept + self.components.iter().map(|c| c.value(row)).sum::<f64>()
    }

    /// The sum for nobody in particular: the base value of exact SHAP, in the model's space.
    pub fn base_value(&self) -> f64 {
        self.intercept + self.components.iter().map(Component::expectation).sum::<f64>()
    }

    /// A sum of this model as log-odds.
    #[inline]
    pub fn to_log_odds(&self, raw: f64) -> f64 {
        match self.space {
            Space::LogOdds => raw,
            Space::Probability => logit(raw),
        }
    }

    /// Checks every part against the number of features.
    pub(crate) fn check(&self, n_features: usize) -> Result<()> {
        if !self.intercept.is_finite() || !self.components.iter().all(|c| c.weight.is_finite()) {
            return Err(invalid("an intercept or a weight is not finite"));
        }
        for component in &self.components {
            match &component.part {
                Part::Terms(terms) => terms.iter().try_for_each(|t| t.check(n_features))?,
                Part::Trees(ensemble) => ensemble.trees.iter().try_for_each(|t| t.check(n_features))?,
            }
        }
        Ok(())
    }
}
