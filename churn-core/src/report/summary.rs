//! A scored table in a few numbers.

use super::Predictions;
use crate::score::RiskLevel;
use serde::Serialize;
use std::collections::HashMap;

/// How many customers share a main reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReasonCount {
    /// The reason in words.
    pub reason: String,
    /// Customers of medium or high risk whose strongest reason it is.
    pub customers: usize,
}

/// A scored table in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Customers scored.
    pub customers: usize,
    /// At high risk.
    pub high_risk: usize,
    /// At medium risk.
    pub medium_risk: usize,
    /// At low risk.
    pub low_risk: usize,
    /// Mean retention probability, 0 to 1.
    pub average_retention: f64,
    /// Sum of the churn probabilities: how many are expected to leave.
    pub expected_churners: f64,
    /// The most frequent strongest reasons, most frequent first, at most five.
    pub top_reasons: Vec<ReasonCount>,
    /// Name and version of the model.
    pub model_version: String,
}

impl Predictions {
    /// The table in a few numbers.
    pub fn summary(&self) -> Summary {
        let count = |level| self.rows.iter().filter(|r| r.score.risk == level).count();
        let expected_churners: f64 = self.rows.iter().map(|r| r.score.probability).sum();
        let mut reasons: HashMap<&str, usize> = HashMap::new();
        for row in self.rows.iter().filter(|r| r.score.risk != RiskLevel::Low) {
            if let Some(reason) = row.reasons.first() {
                // "Tenure: 2 months" and "Tenure: 3 months" are one reason.
                let kind = reason.split_once(": ").map_or(reason.as_str(), |(name, _)| name);
                *reasons.entry(kind).or_default() += 1;
            }
        }
        let mut top_reasons: Vec<ReasonCount> = reasons
            .into_iter()
            .map(|(reason, customers)| ReasonCount { reason: reason.to_owned(), customers })
            .collect();
        top_reasons.sort_by(|a, b| b.customers.cmp(&a.customers).then_with(|| a.reason.cmp(&b.reason)));
        top_reasons.truncate(5);
        Summary {
            customers: self.len(),
            high_risk: count(RiskLevel::High),
            medium_risk: count(RiskLevel::Medium),
            low_risk: count(RiskLevel::Low),
            average_retention: 1.0 - expected_churners / self.len().max(1) as f64,
            expected_churners,
            top_reasons,
            model_version: self.model_version.clone(),
        }
    }
}
