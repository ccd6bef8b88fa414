//! Feature matrix to margin, probability, interval and risk level.

use crate::features::FeatureMatrix;
use crate::model::Model;
use crate::schema::RiskBands;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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
    let probability = model.calibrator.probability(margin);
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
    (0..matrix.n_rows()).into_par_iter().with_min_len(256).map(|r| score_row(model, matrix.row(r))).collect()
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
