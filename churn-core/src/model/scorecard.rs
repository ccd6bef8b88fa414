//! Expert scorecards: an additive model written by hand, as TOML, in the same representation as a trained one.

use super::{
    AdditiveModel, Calibrator, Component, IntervalCurve, LabelDefinition, Model, ModelCard, Part, Shape, Space, Term,
    sigmoid,
};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeaturePlan};
use crate::schema::{self, FieldType, Profile, canonical_level, level_key};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How far, in log-odds, an expert's judgement may be off: the half-width of a scorecard's interval.
const EXPERT_HALF_WIDTH: f64 = 0.8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scorecard {
    name: String,
    version: String,
    kind: String,
    description: String,
    horizon_days: u32,
    base_rate: f64,
    intercept: f64,
    #[serde(rename = "term")]
    terms: Vec<TermEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermEntry {
    field: String,
    kind: TermKind,
    #[serde(default)]
    knots: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    levels: BTreeMap<String, f64>,
    #[serde(default)]
    other: f64,
    missing: f64,
    mean: f64,
    /// The reasoning, for readers of the file.
    #[allow(dead_code)]
    why: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum TermKind {
    Piecewise,
    Levels,
}

impl Model {
    /// The model of an expert scorecard, with this profile.
    ///
    /// # Errors
    /// `model_invalid` for TOML that is no scorecard, or terms that contradict themselves.
    pub fn from_scorecard(text: &str, profile: Profile) -> Result<Model> {
        let card: Scorecard = toml::from_str(text).map_err(|e| {
            Error::new(ErrorKind::ModelInvalid, format!("the scorecard is not valid: {}", e.message()))
                .hint("compare it with models/saas/scorecard.toml")
        })?;
        let mut entries = card.terms;
        entries.sort_by(|a, b| a.field.cmp(&b.field));
        let mut features = Vec::new();
        let mut terms = Vec::new();
        for (feature, entry) in entries.into_iter().enumerate() {
            let boolean = schema::field(&entry.field).is_some_and(|f| f.field_type == FieldType::Boolean);
            let (kind, shape) = match entry.kind {
                TermKind::Piecewise => (
                    FeatureKind::Number,
                    Shape::Piecewise { knots: entry.knots, values: entry.values, missing: entry.missing },
                ),
                TermKind::Levels if boolean => {
                    let value = |level: &str| entry.levels.get(level).copied().unwrap_or(entry.other);
                    let values = vec![value("false"), value("true")];
                    (FeatureKind::Boolean, Shape::Piecewise { knots: vec![0.0, 1.0], values, missing: entry.missing })
                }
                TermKind::Levels => {
                    let (levels, values) = canonical(&entry.field, &entry.levels)?;
                    (
                        FeatureKind::Category { levels },
                        Shape::Levels { values, other: entry.other, missing: entry.missing },
                    )
                }
            };
            features.push(crate::features::spec(&entry.field, kind, &profile));
            terms.push(Term { feature, shape, mean: entry.mean });
        }
        let names: Vec<String> = features.iter().map(|f| f.name.clone()).collect();
        for feature in features.iter_mut().filter(|f| !names.contains(&f.credit_to)) {
            feature.credit_to = feature.name.clone();
        }
        let knots: Vec<f64> = (-24..=24).map(|i| f64::from(i) / 4.0).collect();
        let model = Model {
            name: card.name,
            version: card.version,
            profile,
            headers: BTreeMap::new(),
            plan: FeaturePlan::new(features),
            additive: AdditiveModel {
                space: Space::LogOdds,
                intercept: card.intercept,
                components: vec![Component { name: "scorecard".into(), weight: 1.0, part: Part::Terms(terms) }],
            },
            calibrator: Calibrator::Identity,
            interval: IntervalCurve {
                level: 0.9,
                method: "expert".into(),
                group_size: 0,
                low: knots.iter().map(|k| sigmoid(k - EXPERT_HALF_WIDTH)).collect(),
                high: knots.iter().map(|k| sigmoid(k + EXPERT_HALF_WIDTH)).collect(),
                knots,
            },
            label: LabelDefinition {
                column: "churned".into(),
                description: format!("the account leaves within {} days after the snapshot", card.horizon_days),
                horizon_days: Some(card.horizon_days),
            },
            card: ModelCard {
                kind: card.kind,
                description: card.description,
                data: "none: expert judgement".into(),
                base_rate: card.base_rate,
                learner: "hand-written scorecard".into(),
                intended_use: "A start until there are enough labelled customers to train on: ranking accounts and telling why, so that people can act.".into(),
                limits: vec![
                    "Not trained on data and not calibrated: the ranking is more to be trusted than the probability.".into(),
                    "The interval is the experts' own doubt (plus and minus 0.8 in log-odds), not a measured one.".into(),
                    "Reasons are associations, not causes; recommendations are untested until a hold-out test says otherwise.".into(),
                ],
                ..ModelCard::default()
            },
        };
        model.check()?;
        Ok(model)
    }
}

/// Levels by their canonical spelling; two spellings of one level must agree.
fn canonical(field: &str, levels: &BTreeMap<String, f64>) -> Result<(Vec<String>, Vec<f64>)> {
    let mut names: Vec<String> = Vec::new();
    let mut values: Vec<f64> = Vec::new();
    for (level, &value) in levels {
        let name = canonical_level(field, level).unwrap_or(level);
        match names.iter().position(|n| level_key(n) == level_key(name)) {
            Some(at) if values[at] != value => {
                return Err(super::invalid(format!("the levels of '{field}' give '{name}' two values")));
            }
            Some(_) => {}
            None => {
                names.push(name.to_owned());
                values.push(value);
            }
        }
    }
    Ok((names, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_scorecard_says_the_base_rate_of_nobody_in_particular() {
        let text = include_str!("../../../models/saas/scorecard.toml");
        let model = Model::from_scorecard(text, Profile::shipped("saas").expect("profile")).expect("valid");
        let base = sigmoid(model.additive.base_value());
        assert!((base - model.card.base_rate).abs() < 1e-3, "{base}");
        let unknown = vec![f64::NAN; model.plan.len()];
        assert!((sigmoid(model.additive.raw(&unknown)) - model.card.base_rate).abs() < 1e-3);
    }

    #[test]
    fn a_broken_scorecard_is_refused() {
        let profile = Profile::shipped("saas").expect("profile");
        assert_eq!(Model::from_scorecard("name = 1", profile).expect_err("refused").code(), "model_invalid");
    }
}
