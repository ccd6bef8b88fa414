//! SHAP values of many customers together.

use super::Explanation;
use crate::error::{Error, ErrorKind, Result};

/// What a feature does in a segment of customers.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentFactor {
    /// Name of the feature.
    pub feature: String,
    /// Mean SHAP value, in the space the model adds up in: whether it raises or lowers the segment's risk.
    pub mean: f64,
    /// Mean absolute SHAP value: how much it moves the segment's customers, whichever way.
    pub mean_abs: f64,
}

impl Explanation {
    /// The features' mean and mean absolute SHAP values over these rows (counted from 0), the largest mean absolute value
    /// first; ties keep the order of the features. With the base value, the means add up to the segment's mean margin.
    ///
    /// # Errors
    /// `invalid_argument` for no rows, or for one that is not there.
    pub fn segment(&self, rows: &[usize]) -> Result<Vec<SegmentFactor>> {
        let n_rows = self.values.nrows();
        let wrong = |message: String| {
            Error::new(ErrorKind::InvalidArgument, message).with("argument", "rows").hint("rows are counted from 0")
        };
        if rows.is_empty() {
            return Err(wrong("a segment needs at least one row".to_owned()));
        }
        if let Some(row) = rows.iter().find(|&&r| r >= n_rows) {
            return Err(wrong(format!("row {row} is not among the {n_rows} rows that were explained")));
        }
        let n = rows.len() as f64;
        let mut factors: Vec<SegmentFactor> = self
            .feature_names
            .iter()
            .enumerate()
            .map(|(f, name)| {
                let column = self.values.column(f);
                let sum = |of: fn(f64) -> f64| rows.iter().map(|&r| of(column[r])).sum::<f64>();
                SegmentFactor { feature: name.clone(), mean: sum(|v| v) / n, mean_abs: sum(f64::abs) / n }
            })
            .collect();
        factors.sort_by(|a, b| b.mean_abs.total_cmp(&a.mean_abs));
        Ok(factors)
    }
}
