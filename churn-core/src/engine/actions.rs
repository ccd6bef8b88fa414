//! What would change a customer's risk.

use super::{Engine, Record, ScoreOptions};
use crate::decide::{Found, least_of_all, levers, search};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{DERIVED, FeatureKind};
use crate::model::{Calibrator, Model};
use crate::report::Prediction;
use crate::schema::Actionable;
use serde_json::Value;

/// Most levers that one answer may be asked to move.
const MAX_MOVES: usize = 8;
/// Levers that the first search moves where the caller sets no limit: few changes are what people can act on.
const FIRST_MOVES: usize = 3;
/// Sets of levers that a search may look at where the caller sets no limit.
const MOST_SETS: f64 = 20_000.0;

/// How to look for counterfactuals; every field has a default.
pub struct CounterfactualOptions<'a> {
    /// Probability to get to or below, 0 to 1.
    pub target: f64,
    /// Most answers.
    pub n: usize,
    /// Most fields that an answer changes, 1 to 8. Where not given: three, and more where three do not reach the target.
    pub max_changes: Option<usize>,
    /// What can be changed; the profile's list where not given.
    pub actionable: Option<Vec<Actionable>>,
    /// How the customer is scored.
    pub score: ScoreOptions<'a>,
}

impl Default for CounterfactualOptions<'_> {
    fn default() -> Self {
        CounterfactualOptions { target: 0.4, n: 3, max_changes: None, actionable: None, score: ScoreOptions::default() }
    }
}

/// One change of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Canonical field, or own column.
    pub field: String,
    /// Name for people.
    pub readable: String,
    /// The present value.
    pub from: Value,
    /// The value it would have.
    pub to: Value,
}

/// One way to bring a customer under the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    /// What would change.
    pub changes: Vec<FieldChange>,
    /// Churn probability then: what [`Engine::what_if`] says of these changes.
    pub churn_probability: f64,
    /// Effort, in the profile's units.
    pub cost: f64,
    /// `untested`: a model's change is no promise that the customer changes.
    pub evidence: String,
}

/// What a search for counterfactuals gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactuals {
    /// Churn probability as it is.
    pub churn_probability: f64,
    /// The target.
    pub target: f64,
    /// The ways, the cheapest first; empty where the customer is under the target already, or none exists.
    pub answers: Vec<Counterfactual>,
    /// The lowest probability that the allowed changes can reach; a bound from below where it was not looked for exactly.
    pub reachable: f64,
    /// Fields that can be moved for this customer.
    pub actionable: Vec<String>,
    /// What to make of it, in words.
    pub note: String,
}

fn wrong(argument: &'static str, message: String, hint: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).with("argument", argument).hint(hint)
}

/// The value of a feature as a caller writes it.
fn written(model: &Model, feature: usize, x: f64) -> Value {
    let spec = &model.plan.features()[feature];
    match &spec.kind {
        _ if x.is_nan() => Value::Null,
        FeatureKind::Number => serde_json::Number::from_f64(x).map_or(Value::Null, Value::Number),
        FeatureKind::Boolean => Value::Bool(x != 0.0),
        FeatureKind::Category { .. } => spec.level(x).map_or(Value::Null, Value::from),
    }
}

/// How many of `n` levers can be moved at once without looking at too many sets of them.
fn deepest(n: usize) -> usize {
    let (mut sets, mut of_size) = (0.0, 1.0);
    for k in 1..=n {
        of_size *= (n - k + 1) as f64 / k as f64;
        sets += of_size;
        if sets > MOST_SETS {
            return (k - 1).max(FIRST_MOVES);
        }
    }
    n.max(1)
}

impl Engine {
    /// The customer's record with some of its fields changed. Fields are named canonically or by the record's own
    /// headers; a change replaces the column that was mapped to its field.
    fn changed(&self, record: &Record, changes: &Record, options: &ScoreOptions<'_>) -> Result<Record> {
        if changes.is_empty() {
            return Err(wrong("changes", "there are no changes".into(), "give {field: value}"));
        }
        let raw = crate::read::read_records(std::slice::from_ref(record))?;
        let mapping = match options.mapping {
            Some(mapping) => mapping.clone(),
            None => self.map(&raw, &options.overrides)?,
        };
        let mut record = record.clone();
        for (name, value) in changes {
            let features = self.model().plan.features();
            let known = features.iter().any(|f| f.name == *name)
                || crate::schema::field(name).is_some()
                || DERIVED.iter().any(|d| d.name == name);
            let header = match mapping.source_of(name) {
                Some(header) => header.to_owned(),
                None if record.contains_key(name) || known => name.clone(),
                None => {
                    let names: Vec<&str> = features.iter().map(|f| f.name.as_str()).collect();
                    return Err(wrong(
                        "changes",
                        format!("there is no field '{name}' to change"),
                        &format!("use a column of the record, or one of: {}", names.join(", ")),
                    )
                    .with("field", name));
                }
            };
            record.insert(header, value.clone());
        }
        Ok(record)
    }

    /// The prediction that a customer would have with some fields changed: the same scoring, explained the same way.
    ///
    /// # Errors
    /// `invalid_argument` for a change of a field that neither the record nor the model has; as
    /// [`score_one`](Engine::score_one).
    pub fn what_if(&self, record: &Record, changes: &Record, options: &ScoreOptions<'_>) -> Result<Prediction> {
        self.score_one(&self.changed(record, changes, options)?, options)
    }

    /// The least changes of what can be changed that bring a customer to the target risk or below: different sets of
    /// fields, the cheapest first. The search is exact on the values that matter (every threshold of the trees; knots and
    /// a grid for terms), so an empty answer means that there is none with so few changes; the note says how few.
    ///
    /// # Errors
    /// `invalid_argument` for a target outside 0 and 1 or more than eight changes; `unsupported` for a model whose
    /// probability falls as its sum rises; as [`score_one`](Engine::score_one).
    pub fn counterfactuals(&self, record: &Record, options: &CounterfactualOptions<'_>) -> Result<Counterfactuals> {
        if !(0.0..=1.0).contains(&options.target) {
            return Err(wrong("target", "the target is no probability".into(), "give 0 to 1, for example 0.4"));
        }
        if let Some(most) = options.max_changes.filter(|m| !(1..=MAX_MOVES).contains(m)) {
            return Err(wrong("max_changes", format!("{most} changes at once"), "give 1 to 8"));
        }
        let model = self.model();
        if let Calibrator::Platt { slope, .. } = model.calibrator
            && slope < 0.0
        {
            return Err(Error::new(ErrorKind::Unsupported, "the model's probability falls as its sum rises")
                .hint("calibrate it anew"));
        }
        let row = self.features_of(record, &options.score)?;
        let probability = |raw: f64| model.calibrator.probability(model.additive.to_log_odds(raw));
        let present = probability(model.additive.raw(&row));
        let mut actionable = options.actionable.clone().unwrap_or_else(|| model.profile.actionables());
        // A column that another feature is derived from cannot be moved alone: the derived one is the lever.
        let has = |name: &str| model.plan.features().iter().any(|f| f.name == name);
        actionable
            .retain(|a| !DERIVED.iter().any(|d| has(d.name) && d.needs.contains(&a.field.as_str()) && has(&a.field)));
        let levers = levers(model, &row, &actionable);
        let names = levers.iter().map(|l| model.plan.features()[l.feature].name.clone()).collect();
        let mut out = Counterfactuals {
            churn_probability: present,
            target: options.target,
            answers: Vec::new(),
            reachable: present,
            actionable: names,
            note: String::new(),
        };
        if present <= options.target {
            out.note = "the customer is at or below the target already".into();
            return Ok(out);
        }
        let reaches = |raw: f64| probability(raw) <= options.target;
        // What all levers together cannot reach, no few of them can.
        let limit = least_of_all(model, &row, &levers);
        let depths = match options.max_changes {
            Some(most) => most..=most,
            None => FIRST_MOVES..=deepest(levers.len()).max(FIRST_MOVES),
        };
        let mut depth = *depths.start();
        let mut found = Found { plans: Vec::new(), least: limit };
        for most in depths {
            depth = most;
            found = search(model, &row, &levers, most, options.n, reaches);
            if !found.plans.is_empty() || most >= levers.len() || !reaches(limit) {
                break;
            }
        }
        out.reachable = probability(found.least).min(present);
        for plan in &found.plans {
            let changes = plan.moves.iter().map(|&(lever, value)| {
                let lever = &levers[lever];
                let spec = &model.plan.features()[lever.feature];
                FieldChange {
                    field: spec.name.clone(),
                    readable: model.profile.language.text(&spec.readable).into_owned(),
                    from: written(model, lever.feature, row[lever.feature]),
                    to: written(model, lever.feature, lever.values[value]),
                }
            });
            let changes: Vec<FieldChange> = changes.collect();
            // Not the search's word but that of the scoring itself: the changed record goes the whole way.
            let asked: Record = changes.iter().map(|c| (c.field.clone(), c.to.clone())).collect();
            let then = probability(
                model.additive.raw(&self.features_of(&self.changed(record, &asked, &options.score)?, &options.score)?),
            );
            if then <= options.target {
                out.answers.push(Counterfactual {
                    changes,
                    churn_probability: then,
                    cost: plan.cost,
                    evidence: "untested".into(),
                });
            }
        }
        out.note = if !out.answers.is_empty() {
            "what the model says of these changes; whether the customer would change with them is untested".into()
        } else if levers.is_empty() {
            "nothing that can be changed is known of this customer".into()
        } else if depth >= levers.len() {
            format!("none exists: all that can be changed reaches {:.3} at best", out.reachable)
        } else {
            let more = if reaches(limit) { "" } else { ", and more of them cannot reach the target either" };
            format!("none exists: {depth} change(s) of what can be changed reach {:.3} at best{more}", out.reachable)
        };
        Ok(out)
    }

    /// The features of one record, as the model reads them.
    fn features_of(&self, record: &Record, options: &ScoreOptions<'_>) -> Result<Vec<f64>> {
        let raw = crate::read::read_records(std::slice::from_ref(record))?;
        let matrix = self.matrix(&raw, options)?;
        Ok(matrix.row(0).to_vec())
    }
}

/// What can be changed, as a caller writes it in JSON: a list of [`Actionable`], each at least `{"field": ...}`.
///
/// # Errors
/// `invalid_argument`, without any content of it.
pub fn actionables(list: Value) -> Result<Vec<Actionable>> {
    serde_json::from_value(list).map_err(|_| {
        wrong(
            "actionable",
            "the fields to change cannot be used".into(),
            "give a list of {field, to, from, sense, min, max, max_share, max_change, step, span, cost}",
        )
    })
}

/// A counterfactual answer as JSON.
pub fn counterfactuals_json(found: &Counterfactuals) -> Value {
    let answers: Vec<Value> = found
        .answers
        .iter()
        .map(|a| {
            let changes: Vec<Value> = a
                .changes
                .iter()
                .map(|c| serde_json::json!({ "field": c.field, "readable": c.readable, "from": c.from, "to": c.to }))
                .collect();
            serde_json::json!({ "changes": changes, "churn_probability": a.churn_probability, "cost": a.cost, "evidence": a.evidence })
        })
        .collect();
    serde_json::json!({
        "churn_probability": found.churn_probability, "target": found.target, "answers": answers,
        "reachable": found.reachable, "actionable": found.actionable, "note": found.note,
    })
}
