//! A scored table in a few numbers.

use super::Predictions;
use super::prediction::Row;
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

/// A summary that grows row by row.
#[derive(Default)]
pub(crate) struct Tally {
    customers: usize,
    levels: [usize; 3],
    expected_churners: f64,
    reasons: HashMap<String, usize>,
}

impl Tally {
    /// Counts a row; rows come in the order of the table, so that the sums have the same bits.
    pub fn add(&mut self, row: &Row) {
        self.customers += 1;
        self.levels[row.score.risk as usize] += 1;
        self.expected_churners += row.score.probability;
        if let Some(reason) = row.reasons.first().filter(|_| row.score.risk != RiskLevel::Low) {
            // "Tenure: 2 months" and "Tenure: 3 months" are one reason.
            let kind = reason.split_once(": ").map_or(reason.as_str(), |(name, _)| name);
            match self.reasons.get_mut(kind) {
                Some(n) => *n += 1,
                None => drop(self.reasons.insert(kind.to_owned(), 1)),
            }
        }
    }

    /// The summary of the rows so far.
    pub fn summary(self, model_version: &str) -> Summary {
        let mut top_reasons: Vec<ReasonCount> =
            self.reasons.into_iter().map(|(reason, customers)| ReasonCount { reason, customers }).collect();
        top_reasons.sort_by(|a, b| b.customers.cmp(&a.customers).then_with(|| a.reason.cmp(&b.reason)));
        top_reasons.truncate(5);
        let level = |risk: RiskLevel| self.levels[risk as usize];
        Summary {
            customers: self.customers,
            high_risk: level(RiskLevel::High),
            medium_risk: level(RiskLevel::Medium),
            low_risk: level(RiskLevel::Low),
            average_retention: 1.0 - self.expected_churners / self.customers.max(1) as f64,
            expected_churners: self.expected_churners,
            top_reasons,
            model_version: model_version.to_owned(),
        }
    }
}

impl Predictions {
    /// The table in a few numbers.
    pub fn summary(&self) -> Summary {
        let mut tally = Tally::default();
        self.rows.iter().for_each(|row| tally.add(row));
        tally.summary(&self.model_version)
    }
}
