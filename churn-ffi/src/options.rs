//! Options, records and headers as JSON text.

use super::error::invalid;
use churn_core::engine;
use churn_core::events::{ChurnDefinition, EventSettings};
use churn_core::map::{ColumnInput, MapOptions, Mapping};
use churn_core::model::import::ImportOptions;
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
    mapping: Option<Value>,
    read: Option<Record>,
}

/// How to score, owned: the core's options borrow the mapping.
pub struct Scoring {
    mapping: Option<Mapping>,
    options: ScoreOptions<'static>,
}

impl Scoring {
    /// The core's view of it.
    pub fn options(&self) -> ScoreOptions<'_> {
        let o = &self.options;
        ScoreOptions {
            reasons: o.reasons,
            mapping: self.mapping.as_ref(),
            overrides: o.overrides.clone(),
            as_of: o.as_of.clone(),
            scored_at: o.scored_at.clone(),
            read: o.read.clone(),
            progress: None,
        }
    }
}

/// A mapping that an earlier call gave.
fn mapping(given: Option<Value>) -> Result<Option<Mapping>> {
    given.map(|m| Mapping::from_json(&m.to_string()).map_err(|e| e.with("argument", "mapping"))).transpose()
}

/// The options of importing.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Import {
    name: Option<String>,
    version: Option<String>,
    profile: Option<String>,
    iterations: Option<usize>,
    feature_names: Option<Vec<String>>,
}

/// How to import.
pub fn import(text: Option<&str>) -> Result<ImportOptions> {
    let given: Import = options(text, "give name, version, profile, iterations, feature_names or none")?;
    Ok(ImportOptions {
        name: given.name,
        version: given.version,
        profile: given.profile.as_deref().map(Profile::named_or_toml).transpose()?,
        iterations: given.iterations,
        feature_names: given.feature_names,
    })
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
    mapping: Option<Value>,
}

/// How to judge, by which mapping and by which profile.
pub fn validate(text: Option<&str>) -> Result<(Option<Mapping>, Option<Profile>, ValidateOptions)> {
    let given: Validate =
        options(text, "give profile, purpose, label, allow [headers], strict, as_of, mapping or none")?;
    let judging = ValidateOptions {
        purpose: given.purpose.as_deref().map(Purpose::parse).transpose()?.unwrap_or_default(),
        label: given.label,
        allow: given.allow.unwrap_or_default(),
        strict: given.strict.unwrap_or_default(),
        as_of: given.as_of.map(|day| engine::day(&day, "as_of")).transpose()?,
    };
    Ok((mapping(given.mapping)?, given.profile.as_deref().map(Profile::named_or_toml).transpose()?, judging))
}

/// How to score.
pub fn score(text: Option<&str>) -> Result<Scoring> {
    let given: Score =
        options(text, "give reasons, overrides {header: field or null}, as_of, scored_at, mapping, read or none")?;
    let options = ScoreOptions {
        reasons: given.reasons,
        overrides: given.overrides.unwrap_or_default(),
        as_of: given.as_of,
        scored_at: given.scored_at,
        read: given.read.as_ref().map(ReadOptions::from_json).transpose()?.unwrap_or_default(),
        ..ScoreOptions::default()
    };
    Ok(Scoring { mapping: mapping(given.mapping)?, options })
}

/// How to read.
pub fn read(text: Option<&str>) -> Result<ReadOptions> {
    let given: Record = options(text, "give delimiter, encoding, header_line, sheet and the like, or none")?;
    ReadOptions::from_json(&given)
}

/// How to map a table, whose own values are the samples.
pub fn map_table(text: Option<&str>) -> Result<MapOptions> {
    let given: Map = options(text, "give table_kind, profile, overrides, saved or none")?;
    if given.samples.is_some() {
        return Err(invalid("samples", "a table has its own values").hint("leave samples out"));
    }
    mapping_options(given)
}

fn mapping_options(given: Map) -> Result<MapOptions> {
    Ok(MapOptions {
        table_kind: given.table_kind.as_deref().map(TableKind::parse).transpose()?,
        profile: given.profile.as_deref().map(Profile::named_or_toml).transpose()?,
        overrides: given.overrides.unwrap_or_default(),
        saved: given.saved.map(Into::into),
    })
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
    let mut given: Map =
        options(text, "give table_kind, profile, overrides, samples {header: [values]}, saved or none")?;
    let samples = match given.samples.take() {
        None => Record::new(),
        Some(Value::Object(samples)) if samples.values().all(Value::is_array) => samples,
        Some(_) => return Err(invalid("samples", "samples are not lists of values").hint("give {header: [values]}")),
    };
    let columns = headers.into_iter().map(|name| {
        let values = samples.get(&name).and_then(Value::as_array).into_iter().flatten();
        ColumnInput { samples: values.filter_map(cell).collect(), name }
    });
    Ok((columns.collect(), mapping_options(given)?))
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
        profile: given.profile.as_deref().map(Profile::named_or_toml).transpose()?,
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
