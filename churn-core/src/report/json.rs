//! Results as JSON values: the one shape that every binding gives to its users.

use super::{Prediction, Predictions, Summary};
use crate::explain::{FactorValue, SegmentFactor};
use crate::map::Mapping;
use crate::table::ColumnData;
use crate::validate::QualityReport;
use serde_json::{Map, Value, json};

/// The documented shape of one prediction.
pub fn prediction_json(prediction: &Prediction) -> Value {
    let factors: Vec<Value> = prediction
        .top_factors
        .iter()
        .map(|f| {
            json!({
                "feature": f.feature,
                "feature_readable": f.feature_readable,
                "value": factor_value(&f.value),
                "direction": f.direction,
                "shap_value": f.shap_value,
                "impact": f.impact,
                "impact_percentage": f.impact_percentage,
            })
        })
        .collect();
    json!({
        "customer_id": prediction.customer_id,
        "churn_probability": prediction.churn_probability,
        "retention_probability": prediction.retention_probability,
        "confidence": {
            "low": prediction.confidence.low,
            "high": prediction.confidence.high,
            "level": prediction.confidence.level,
        },
        "risk_level": prediction.risk_level.name(),
        "top_risk_factor": prediction.top_risk_factor(),
        "recommendation": prediction.recommendation.text,
        "recommendation_evidence": prediction.recommendation.evidence,
        "model_version": prediction.model_version,
        "scored_at": prediction.scored_at,
        "explanation": { "base_probability": prediction.base_probability, "top_factors": factors },
    })
}

fn factor_value(value: &FactorValue) -> Value {
    match value {
        FactorValue::Missing => Value::Null,
        FactorValue::Number(x) => json!(x),
        FactorValue::Boolean(b) => json!(b),
        FactorValue::Level(level) => json!(level),
    }
}

/// The factors of a segment, as an array of objects.
pub fn segment_json(factors: &[SegmentFactor]) -> Value {
    let factor = |f: &SegmentFactor| json!({ "feature": f.feature, "mean": f.mean, "mean_abs": f.mean_abs });
    Value::Array(factors.iter().map(factor).collect())
}

/// The predictions as an array of objects, in the order of the rows and of the documented columns.
pub fn predictions_json(predictions: &Predictions) -> Value {
    let columns = predictions.columns();
    Value::Array((0..predictions.len()).map(|row| record_json(&columns, row)).collect())
}

/// One row of the predictions, as an object.
pub fn prediction_row_json(predictions: &Predictions, row: usize) -> Value {
    let one = Predictions { rows: vec![predictions.rows[row].clone()], ..predictions.clone_empty() };
    record_json(&one.columns(), 0)
}

fn record_json(columns: &[(String, ColumnData)], row: usize) -> Value {
    let cell = |data: &ColumnData| match data.number(row) {
        Some(x) => json!(x),
        None => data.cell(row).map_or(Value::Null, |c| json!(c)),
    };
    Value::Object(columns.iter().map(|(name, data)| (name.clone(), cell(data))).collect::<Map<_, _>>())
}

/// A summary, for bindings.
pub fn summary_json(summary: &Summary) -> Value {
    serde_json::to_value(summary).unwrap_or_default()
}

/// A mapping with its `fields` table, for bindings.
pub fn mapping_json(mapping: &Mapping) -> Value {
    let mut value = serde_json::to_value(mapping).unwrap_or_default();
    if let Value::Object(object) = &mut value {
        object.insert("fields".to_owned(), json!(mapping.fields()));
    }
    value
}

/// A quality report, for bindings.
pub fn quality_json(report: &QualityReport) -> Value {
    serde_json::to_value(report).unwrap_or_default()
}
