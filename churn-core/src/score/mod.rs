//! Feature matrix to margin, probability, interval and risk level.

mod conditions;
mod kernel;
mod planes;

use crate::features::FeatureMatrix;
use crate::model::{AdditiveModel, Model, Part, weighted};
use crate::schema::RiskBands;
pub(crate) use conditions::{ALWAYS, BLOCK, Bits, Conditions, NEVER, WORDS};
use kernel::{Kernel, Scratch};
pub(crate) use planes::{Codes, PLANES, Program, TOGETHER, to_codes};
use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Fewest rows that are worth a block; fewer are walked one by one.
const FEW: usize = 16;

/// A model prepared for scoring many rows; cheap to keep, shared between threads.
pub struct Scorer {
    model: AdditiveModel,
    kernels: Vec<Option<Kernel>>,
    arch: Arch,
}

impl Scorer {
    /// Prepares a (checked) model.
    pub fn new(model: &Model) -> Scorer {
        let kernels = model.additive.components.iter().map(|c| match &c.part {
            Part::Trees(ensemble) => Some(Kernel::new(&ensemble.trees)),
            Part::Terms(_) => None,
        });
        Scorer { kernels: kernels.collect(), model: model.additive.clone(), arch: Arch::new() }
    }

    /// The instruction set that was chosen.
    pub(crate) fn arch(&self) -> Arch {
        self.arch
    }

    /// The raw sum of one row (length n_features, NaN = missing): the bits of [`AdditiveModel::raw`].
    #[inline]
    pub fn raw_row(&self, row: &[f64]) -> f64 {
        let components = self.model.components.iter().zip(&self.kernels).map(|(component, kernel)| match kernel {
            Some(kernel) => weighted(component.weight, kernel.row(row)),
            None => component.value(row),
        });
        self.model.intercept + components.sum::<f64>()
    }

    /// The raw sum of each row, in their order, in the model's space. Rows are shared among the threads of the current
    /// rayon pool; the result has the bits of [`AdditiveModel::raw`], row by row, for any number of threads.
    pub fn raw(&self, matrix: &FeatureMatrix) -> Vec<f64> {
        let n = matrix.n_rows();
        if n < FEW {
            return (0..n).map(|r| self.raw_row(matrix.row(r))).collect();
        }
        let mut out = vec![0.0; n];
        let blocks = out.par_chunks_mut(BLOCK).enumerate().with_min_len(4);
        blocks.for_each_init(Scratch::default, |scratch, (b, out)| self.block(matrix, b * BLOCK, out, scratch));
        out
    }

    fn block(&self, matrix: &FeatureMatrix, first: usize, out: &mut [f64], scratch: &mut Scratch) {
        out.fill(-0.0);
        for (component, kernel) in self.model.components.iter().zip(&self.kernels) {
            match (&component.part, kernel) {
                (Part::Trees(ensemble), Some(kernel)) => {
                    let n = out.len();
                    // The same code, compiled for each instruction set; bits are chosen and sums are taken
                    // in order, so that every one gives the same bits.
                    self.arch.dispatch(
                        #[inline(always)]
                        || kernel.block(&ensemble.trees, matrix, first, n, scratch),
                    );
                    for (o, sum) in out.iter_mut().zip(scratch.sums()) {
                        *o += weighted(component.weight, *sum);
                    }
                }
                _ => out.iter_mut().enumerate().for_each(|(i, o)| *o += component.value(matrix.row(first + i))),
            }
        }
        for o in out.iter_mut() {
            *o += self.model.intercept;
        }
    }
}

/// How likely a customer is to leave, by the profile's risk bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RiskLevel {
    /// At most `low_max`.
    Low,
    /// Above `low_max`, at most `medium_max`.
    Medium,
    /// Above `medium_max`.
    High,
}

impl RiskLevel {
    /// The level of a calibrated probability.
    pub fn of(probability: f64, bands: &RiskBands) -> RiskLevel {
        if probability <= bands.low_max {
            RiskLevel::Low
        } else if probability <= bands.medium_max {
            RiskLevel::Medium
        } else {
            RiskLevel::High
        }
    }

    /// `Low`, `Medium` or `High`.
    pub fn name(self) -> &'static str {
        match self {
            RiskLevel::Low => "Low",
            RiskLevel::Medium => "Medium",
            RiskLevel::High => "High",
        }
    }
}

/// The score of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The sum of the additive model, in its own space (log-odds but for forests that average probabilities).
    pub raw: f64,
    /// Calibrated churn probability, 0 to 1.
    pub probability: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Risk level.
    pub risk: RiskLevel,
}

/// The score of one row of features, given the sum of its additive model.
pub(crate) fn score_of_raw(model: &Model, raw: f64) -> Score {
    let margin = model.additive.to_log_odds(raw);
    let probability = model.probability(raw);
    let (low, high) = model.interval.at(margin, probability);
    Score { raw, probability, low, high, risk: RiskLevel::of(probability, &model.profile.risk_bands) }
}

/// The score of one row of features (length n_features, NaN = missing).
pub fn score_row(model: &Model, row: &[f64]) -> Score {
    score_of_raw(model, model.additive.raw(row))
}

/// The scores of all rows, in their order. Rows are shared among the threads of the current rayon pool; the
/// result has the same bits for any number of threads.
pub fn score(model: &Model, matrix: &FeatureMatrix) -> Vec<Score> {
    Scorer::new(model).raw(matrix).into_par_iter().with_min_len(1024).map(|raw| score_of_raw(model, raw)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_limits_belong_to_the_lower_band() {
        let bands = RiskBands::default();
        let levels: Vec<_> =
            [0.0, 0.4, 0.400_001, 0.7, 0.700_001, 1.0].map(|p| RiskLevel::of(p, &bands).name()).to_vec();
        assert_eq!(levels, ["Low", "Low", "Medium", "Medium", "High", "High"]);
    }
}
