//! The prediction of one customer, and of a table.

use crate::decide::Recommendation;
use crate::error::Result;
use crate::explain::{Factor, FactorValue};
use crate::score::{RiskLevel, Score};
use crate::table::{ColumnData, batch_of};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

/// The interval around a churn probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// Lower end, 0 to 1.
    pub low: f64,
    /// Upper end, 0 to 1.
    pub high: f64,
    /// Nominal level, for example 0.9.
    pub level: f64,
}

/// One factor of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct TopFactor {
    /// Name of the feature.
    pub feature: String,
    /// The factor in words.
    pub feature_readable: String,
    /// The customer's value.
    pub value: FactorValue,
    /// `increases` or `decreases`.
    pub direction: &'static str,
    /// Exact SHAP value, in log-odds.
    pub shap_value: f64,
    /// Share of (probability - base probability), in probability.
    pub impact: f64,
    /// 100 x impact.
    pub impact_percentage: f64,
}

/// The prediction of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Id of the customer, or its row number where the table has no ids.
    pub customer_id: String,
    /// Calibrated churn probability, 0 to 1.
    pub churn_probability: f64,
    /// 1 - churn probability.
    pub retention_probability: f64,
    /// Interval.
    pub confidence: Confidence,
    /// Risk level.
    pub risk_level: RiskLevel,
    /// Reasons that raise the risk, strongest first, in words.
    pub reasons: Vec<String>,
    /// What to do.
    pub recommendation: Recommendation,
    /// Name and version of the model.
    pub model_version: String,
    /// When it was scored, as the caller said it (ISO 8601).
    pub scored_at: Option<String>,
    /// The calibrated probability of nobody in particular.
    pub base_probability: f64,
    /// All factors, strongest first; their impacts sum to churn_probability - base_probability.
    pub top_factors: Vec<TopFactor>,
}

impl Prediction {
    /// The strongest reason, where one raises the risk.
    pub fn top_risk_factor(&self) -> Option<&str> {
        self.reasons.first().map(String::as_str)
    }
}

impl From<Factor> for TopFactor {
    fn from(factor: Factor) -> Self {
        TopFactor {
            direction: factor.direction(),
            feature: factor.feature,
            feature_readable: factor.readable,
            value: factor.value,
            shap_value: factor.shap_value,
            impact: factor.impact,
            impact_percentage: 100.0 * factor.impact,
        }
    }
}

/// One row of a scored table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub customer_id: String,
    pub score: Score,
    pub reasons: Vec<String>,
    pub recommendation: String,
}

/// The predictions of a table, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    pub(crate) rows: Vec<Row>,
    /// Number of reason columns.
    pub n_reasons: usize,
    /// Name and version of the model.
    pub model_version: String,
    /// When it was scored, as the caller said it (ISO 8601).
    pub scored_at: Option<String>,
}

impl Predictions {
    /// The same without rows.
    pub(crate) fn clone_empty(&self) -> Predictions {
        Predictions {
            rows: Vec::new(),
            n_reasons: self.n_reasons,
            model_version: self.model_version.clone(),
            scored_at: self.scored_at.clone(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Id of a customer.
    pub fn customer_id(&self, row: usize) -> &str {
        &self.rows[row].customer_id
    }

    /// The churn probabilities, in the order of the rows.
    pub fn churn_probabilities(&self) -> Vec<f64> {
        self.rows.iter().map(|r| r.score.probability).collect()
    }

    /// The columns in their documented order: customer_id, churn_probability, retention_probability,
    /// probability_low, probability_high, risk_level, reason_1..n, recommendation, model_version, scored_at.
    pub fn columns(&self) -> Vec<(String, ColumnData)> {
        let number = |f: fn(&Score) -> f64| ColumnData::numbers(self.rows.iter().map(|r| Some(f(&r.score))));
        let mut columns = vec![
            ("customer_id".to_owned(), ColumnData::text(self.rows.iter().map(|r| Some(&r.customer_id)))),
            ("churn_probability".to_owned(), number(|s| s.probability)),
            ("retention_probability".to_owned(), number(|s| 1.0 - s.probability)),
            ("probability_low".to_owned(), number(|s| s.low)),
            ("probability_high".to_owned(), number(|s| s.high)),
            ("risk_level".to_owned(), ColumnData::text(self.rows.iter().map(|r| Some(r.score.risk.name())))),
        ];
        for i in 0..self.n_reasons {
            columns.push((format!("reason_{}", i + 1), ColumnData::text(self.rows.iter().map(|r| r.reasons.get(i)))));
        }
        let same = |value: Option<&str>| ColumnData::text(self.rows.iter().map(|_| value));
        columns
            .push(("recommendation".to_owned(), ColumnData::text(self.rows.iter().map(|r| Some(&r.recommendation)))));
        columns.push(("model_version".to_owned(), same(Some(&self.model_version))));
        columns.push(("scored_at".to_owned(), same(self.scored_at.as_deref())));
        columns
    }

    /// The predictions as one Arrow record batch.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        let columns = self.columns();
        batch_of(columns.iter().map(|(n, d)| (n.as_str(), d)))
    }

    /// The predictions as a polars frame.
    #[cfg(feature = "polars")]
    pub fn to_polars(&self) -> Result<polars::prelude::DataFrame> {
        let columns = self.columns();
        crate::table::frame_of(self.len(), columns.iter().map(|(n, d)| (n.as_str(), d)))
    }

    /// Row indices by falling churn probability; ties keep the order of the table.
    pub fn riskiest(&self, limit: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|&a, &b| {
            self.rows[b].score.probability.total_cmp(&self.rows[a].score.probability).then(a.cmp(&b))
        });
        order.truncate(limit);
        order
    }
}
