//! Options, records and headers as JSON text.

use super::error::invalid;
use churn_core::engine;
use churn_core::events::{ChurnDefinition, EventSettings};
use churn_core::map::{ColumnInput, MapOptions};
use churn_core::read::ReadOptions;
use churn_core::schema::{Profile, TableKind};
use churn_core::train::Learner;
use churn_core::validate::{Purpose, ValidateOptions};
use churn_core::{Error, ErrorKind, Record, Result, ScoreOptions, TrainOptions};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// The options of scoring; what is not given is the core's to decide.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Score {
    reasons: Option<usize>,
    overrides: Option<BTreeMap<String, Option<String>>>,
    as_of: Option<String>,
    scored_at: Option<String>,
    read: Option<Record>,
}

/// The options of mapping.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Map {
    table_kind: Option<String>,
    profile: Option<String>,
    overrides: Option<BTreeMap<String, Option<String>>>,
    // Checked by hand: serde would put a cell in the wrong place into its message.
    samples: Option<Value>,
    saved: Option<String>,
}

/// The options of judging.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Validate {
    profile: Option<String>,
    purpose: Option<String>,
    label: Option<String>,
    allow: Option<Vec<String>>,
    strict: Option<bool>,
    as_of: Option<String>,
}

/// How to judge, and by which profile.
pub fn validate(text: Option<&str>) -> Result<(Option<Profile>, ValidateOptions)> {
    let given: Validate = options(text, "give profile, purpose, label, allow [headers], strict, as_of or none")?;
    let judging = ValidateOptions {
        purpose: given.purpose.as_deref().map(Purpose::parse).transpose()?.unwrap_or_default(),
        label: given.label,
        allow: given.allow.unwrap_or_default(),
        strict: given.strict.unwrap_or_default(),
        as_of: given.as_of.map(|day| engine::day(&day, "as_of")).transpose()?,
    };
    Ok((given.profile.as_deref().map(Profile::shipped).transpose()?, judging))
}

/// How to score.
pub fn score(text: Option<&str>) -> Result<ScoreOptions<'static>> {
    let given: Score =
        options(text, "give reasons, overrides {header: field or null}, as_of, scored_at, read or none")?;
    Ok(ScoreOptions {
        reasons: given.reasons,
        overrides: given.overrides.unwrap_or_default(),
        as_of: given.as_of,
        scored_at: given.scored_at,
        read: given.read.as_ref().map(ReadOptions::from_json).transpose()?.unwrap_or_default(),
        ..ScoreOptions::default()
    })
}

/// How to read.
pub fn read(text: Option<&str>) -> Result<ReadOptions> {
    let given: Record = options(text, "give delimiter, encoding, header_line, sheet and the like, or none")?;
    ReadOptions::from_json(&given)
}

/// What to map, and how.
pub fn map(headers: &str, text: Option<&str>) -> Result<(Vec<ColumnInput>, MapOptions)> {
    let headers: Vec<String> = serde_json::from_str(headers).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        invalid("headers_json", format!("headers_json is not a JSON array of texts ({place})"))
            .with("line", e.line())
            .with("column", e.column())
            .hint("give the headers as [\"Customer ID\", \"Tenure\"]")
    })?;
    let given: Map = options(text, "give table_kind, profile, overrides, samples {header: [values]}, saved or none")?;
    let samples = match given.samples {
        None => Record::new(),
        Some(Value::Object(samples)) if samples.values().all(Value::is_array) => samples,
        Some(_) => return Err(invalid("samples", "samples are not lists of values").hint("give {header: [values]}")),
    };
    let columns = headers.into_iter().map(|name| {
        let values = samples.get(&name).and_then(Value::as_array).into_iter().flatten();
        ColumnInput { samples: values.filter_map(cell).collect(), name }
    });
    let options = MapOptions {
        table_kind: given.table_kind.as_deref().map(TableKind::parse).transpose()?,
        profile: given.profile.as_deref().map(Profile::shipped).transpose()?,
        overrides: given.overrides.unwrap_or_default(),
        saved: given.saved.map(Into::into),
    };
    Ok((columns.collect(), options))
}

/// The options of training.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Train {
    label: Option<String>,
    profile: Option<String>,
    learner: Option<String>,
    weights: Option<String>,
    group: Option<String>,
    time: Option<String>,
    prior: Option<String>,
    time_budget: Option<f64>,
    seed: Option<u64>,
    allow: Option<Vec<String>>,
    overrides: Option<BTreeMap<String, Option<String>>>,
    as_of: Option<String>,
    name: Option<String>,
    version: Option<String>,
    definition: Option<Value>,
    settings: Option<Value>,
}

/// The options of measuring.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Evaluate {
    label: Option<String>,
    as_of: Option<String>,
}

/// How to train.
pub fn train(text: Option<&str>) -> Result<TrainOptions<'static>> {
    let hint = "give label, profile, learner, weights, group, time, prior, time_budget, seed, allow, overrides, as_of, name, version, definition, settings or none";
    let given: Train = options(text, hint)?;
    Ok(TrainOptions {
        label: given.label,
        profile: given.profile.as_deref().map(Profile::shipped).transpose()?,
        learner: given.learner.as_deref().map(Learner::parse).transpose()?.unwrap_or_default(),
        weights: given.weights,
        group: given.group,
        time: given.time,
        prior: given.prior,
        time_budget: given.time_budget,
        seed: given.seed.unwrap_or_default(),
        allow: given.allow.unwrap_or_default(),
        overrides: given.overrides.unwrap_or_default(),
        as_of: given.as_of,
        name: given.name,
        version: given.version,
        definition: given.definition.as_ref().map(ChurnDefinition::from_json).transpose()?,
        event_settings: given.settings.as_ref().map(EventSettings::from_json).transpose()?,
        ..TrainOptions::default()
    })
}

/// Label column and day of the rows.
pub fn evaluate(text: Option<&str>) -> Result<(Option<String>, Option<String>)> {
    let given: Evaluate = options(text, "give label, as_of or none")?;
    Ok((given.label, given.as_of))
}

/// A customer.
pub fn record(text: &str) -> Result<Record> {
    match serde_json::from_str(text) {
        Ok(Value::Object(record)) => Ok(record),
        Ok(_) => Err(Error::new(ErrorKind::Malformed, "record_json is not a JSON object")),
        // serde_json's own words hold no content of the text here, only what it expected.
        Err(e) => Err(Error::new(ErrorKind::Malformed, format!("record_json is not JSON: {e}"))
            .with("line", e.line())
            .with("column", e.column())),
    }
    .map_err(|e| e.with("argument", "record_json").hint("give one customer as {\"header\": value, ...}"))
}

fn cell(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Options from a JSON object; in two steps, because serde would also take an array for a struct.
fn options<T: DeserializeOwned + Default>(text: Option<&str>, hint: &str) -> Result<T> {
    let Some(text) = text else { return Ok(T::default()) };
    let read = || serde_json::from_value(Value::Object(serde_json::from_str::<Record>(text)?));
    read().map_err(|e: serde_json::Error| {
        invalid("options_json", format!("options_json cannot be used: {e}")).hint(hint).caused_by(e)
    })
}
