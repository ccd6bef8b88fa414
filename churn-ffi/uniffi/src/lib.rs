//! churn-core through uniffi: the calls that an application makes, for Kotlin, Swift, Ruby and others. Records and
//! options go in, and results come out, as JSON texts in the shapes that all languages share; every decision is
//! churn-core's.
// An error of uniffi holds its facts by value; it is made once in a failing call.
#![allow(clippy::result_large_err)]

mod error;
mod options;

pub use error::{ChurnError, Failure};

use churn_core::error::guard;
use churn_core::map::{ColumnInput, MapOptions};
use churn_core::{ScoreOptions, TrainOptions, engine, report};
use options::Options;
use serde_json::{Map, Value};
use std::sync::Arc;

uniffi::setup_scaffolding!("churn_uniffi");

type Result<T> = std::result::Result<T, ChurnError>;

/// Runs a call; no panic leaves it.
fn call<T>(f: impl FnOnce() -> churn_core::Result<T>) -> Result<T> {
    guard(f).map_err(|e| ChurnError::from(&e))
}

/// A table as the host has it.
#[derive(uniffi::Enum)]
pub enum Table {
    /// The path of a file.
    Path {
        /// The path.
        path: String,
    },
    /// The content of a file: CSV, JSON, Arrow IPC and whatever else the engine reads.
    Content {
        /// The bytes.
        data: Vec<u8>,
    },
    /// A JSON array of records: header -> value.
    Records {
        /// The array.
        json: String,
    },
}

impl Table {
    fn with<T>(&self, f: impl FnOnce(churn_core::Input<'_>) -> churn_core::Result<T>) -> churn_core::Result<T> {
        match self {
            Table::Path { path } => f(path.as_str().into()),
            Table::Content { data } => f(data.as_slice().into()),
            Table::Records { json } => f(options::records(json)?.as_slice().into()),
        }
    }
}

/// The prediction of one customer in its main figures; `json` has all of it.
#[derive(uniffi::Record)]
pub struct Prediction {
    /// Id of the customer.
    pub customer_id: String,
    /// Calibrated churn probability, 0 to 1.
    pub churn_probability: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// `Low`, `Medium` or `High`.
    pub risk_level: String,
    /// Reasons that raise the risk, strongest first, in words.
    pub reasons: Vec<String>,
    /// What to do.
    pub recommendation: String,
    /// The whole prediction, with every factor, as a JSON object.
    pub json: String,
}

/// A model, ready to map, judge, score and explain; may be shared by threads.
#[derive(uniffi::Object)]
pub struct Engine(churn_core::Engine);

#[uniffi::export]
impl Engine {
    /// A shipped model: `telecom` or `saas`.
    #[uniffi::constructor]
    pub fn pretrained(name: String) -> Result<Arc<Engine>> {
        call(|| churn_core::Engine::pretrained(&name)).map(|e| Arc::new(Engine(e)))
    }

    /// Loads a saved model.
    #[uniffi::constructor]
    pub fn load(path: String) -> Result<Arc<Engine>> {
        call(|| churn_core::Engine::load(path)).map(|e| Arc::new(Engine(e)))
    }

    /// A model from the bytes of a model file.
    #[uniffi::constructor]
    pub fn from_bytes(data: Vec<u8>) -> Result<Arc<Engine>> {
        call(|| churn_core::Engine::from_bytes(&data)).map(|e| Arc::new(Engine(e)))
    }

    /// Trains an engine on a labelled table. Options: label, profile, learner, weights, group, time, prior, seed,
    /// allow, overrides, as_of, name, version; definition and settings of a training set.
    #[uniffi::constructor]
    pub fn train(table: Table, options_json: Option<String>) -> Result<Arc<Engine>> {
        call(|| {
            let mut given = Options::new(options_json.as_deref())?;
            let options = TrainOptions {
                label: given.text("label")?,
                profile: given.profile()?,
                learner: given.parsed("learner", churn_core::train::Learner::parse)?.unwrap_or_default(),
                weights: given.text("weights")?,
                group: given.text("group")?,
                time: given.text("time")?,
                prior: given.text("prior")?,
                seed: given.count("seed")?.unwrap_or_default(),
                allow: given.texts("allow")?,
                overrides: given.overrides()?,
                as_of: given.text("as_of")?,
                name: given.text("name")?,
                version: given.text("version")?,
                definition: given.json("definition", churn_core::events::ChurnDefinition::from_json)?,
                event_settings: given.json("settings", churn_core::events::EventSettings::from_json)?,
                ..TrainOptions::default()
            };
            given.finish()?;
            table.with(|input| churn_core::Engine::train(input, &options))
        })
        .map(|e| Arc::new(Engine(e)))
    }

    /// A call about a customer in JSON: `what_if`, `counterfactuals` or `score_customer` (`docs/calls.md`).
    pub fn call(&self, name: String, arguments_json: Option<String>) -> Result<String> {
        call(|| self.0.call(&name, options::arguments(arguments_json.as_deref())?).map(|answer| answer.to_string()))
    }

    /// Saves the model as one file, whole or not at all.
    pub fn save(&self, path: String) -> Result<()> {
        call(|| self.0.save(path))
    }

    /// The model as the bytes of a model file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        call(|| self.0.to_bytes())
    }

    /// Name and version of the model.
    pub fn model_version(&self) -> String {
        self.0.model().model_version()
    }

    /// The model card as a JSON object.
    pub fn card_json(&self) -> Result<String> {
        call(|| self.0.card_json().map(|card| card.to_string()))
    }

    /// Scores one customer, given as a JSON object: header -> value. Options: reasons, overrides, as_of, scored_at.
    pub fn score_one(&self, record_json: String, options_json: Option<String>) -> Result<Prediction> {
        call(|| {
            let record = options::record(&record_json)?;
            let p = self.0.score_one(&record, &scoring(options_json.as_deref())?)?;
            Ok(Prediction {
                json: report::prediction_json(&p).to_string(),
                customer_id: p.customer_id,
                churn_probability: p.churn_probability,
                low: p.confidence.low,
                high: p.confidence.high,
                risk_level: p.risk_level.name().to_owned(),
                reasons: p.reasons,
                recommendation: p.recommendation.text,
            })
        })
    }

    /// Scores a table; a JSON object: predictions, summary, mapping, quality. Options as `score_one`.
    pub fn score(&self, table: Table, options_json: Option<String>) -> Result<String> {
        call(|| {
            let options = scoring(options_json.as_deref())?;
            let scored = table.with(|input| self.0.score(input, &options))?;
            let mut json = Map::new();
            json.insert("predictions".into(), report::predictions_json(&scored.predictions));
            json.insert("summary".into(), report::summary_json(&scored.predictions.summary()));
            json.insert("mapping".into(), report::mapping_json(&scored.mapping));
            json.insert("quality".into(), report::quality_json(&scored.quality));
            Ok(Value::Object(json).to_string())
        })
    }

    /// Scores a table; the predictions in the Arrow IPC stream format. Options as `score_one`.
    pub fn score_arrow(&self, table: Table, options_json: Option<String>) -> Result<Vec<u8>> {
        call(|| {
            let options = scoring(options_json.as_deref())?;
            table.with(|input| self.0.score(input, &options))?.predictions.to_arrow_ipc()
        })
    }

    /// Measures the engine on a labelled table; a JSON object of figures. Options: label, as_of.
    pub fn evaluate(&self, table: Table, options_json: Option<String>) -> Result<String> {
        call(|| {
            let mut given = Options::new(options_json.as_deref())?;
            let (label, as_of) = (given.text("label")?, given.text("as_of")?);
            given.finish()?;
            let measured = table.with(|input| self.0.evaluate(input, label.as_deref(), as_of.as_deref()))?;
            let mut json = Map::new();
            json.insert("n_rows".into(), measured.n_rows.into());
            json.insert("n_positive".into(), measured.n_positive.into());
            json.extend(measured.metrics.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
            Ok(Value::Object(json).to_string())
        })
    }
}

fn scoring(options_json: Option<&str>) -> churn_core::Result<ScoreOptions<'static>> {
    let mut given = Options::new(options_json)?;
    let options = ScoreOptions {
        reasons: given.count("reasons")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        overrides: given.overrides()?,
        as_of: given.text("as_of")?,
        scored_at: given.text("scored_at")?,
        ..ScoreOptions::default()
    };
    given.finish()?;
    Ok(options)
}

/// Maps the columns of a table to canonical fields; a JSON object. Options: profile, overrides.
#[uniffi::export]
pub fn map_columns(table: Table, options_json: Option<String>) -> Result<String> {
    call(|| {
        let options = mapping(options_json.as_deref())?;
        table.with(|input| engine::map_columns(input, &options)).map(|m| report::mapping_json(&m).to_string())
    })
}

/// Maps headers alone to canonical fields; a JSON object. Options: profile, overrides.
#[uniffi::export]
pub fn map_headers(headers: Vec<String>, options_json: Option<String>) -> Result<String> {
    call(|| {
        let options = mapping(options_json.as_deref())?;
        let columns: Vec<ColumnInput> =
            headers.into_iter().map(|name| ColumnInput { name, samples: Vec::new() }).collect();
        churn_core::map::map_columns(&columns, &options).map(|m| report::mapping_json(&m).to_string())
    })
}

fn mapping(options_json: Option<&str>) -> churn_core::Result<MapOptions> {
    let mut given = Options::new(options_json)?;
    let (profile, overrides) = (given.profile()?, given.overrides()?);
    given.finish()?;
    Ok(MapOptions { profile, overrides, ..MapOptions::default() })
}

/// Judges the quality of a table; a JSON object. Options: profile, purpose, label.
#[uniffi::export]
pub fn validate(table: Table, options_json: Option<String>) -> Result<String> {
    call(|| {
        use churn_core::validate::{Purpose, ValidateOptions};
        let mut given = Options::new(options_json.as_deref())?;
        let profile = given.profile()?;
        let purpose = given.parsed("purpose", Purpose::parse)?.unwrap_or_default();
        let options = ValidateOptions { purpose, label: given.text("label")?, ..ValidateOptions::default() };
        given.finish()?;
        table
            .with(|input| engine::validate(input, None, profile, &options))
            .map(|report| report::quality_json(&report).to_string())
    })
}

/// Makes a call in JSON: health, leads, alerts, decisions, event features, training sets (`docs/calls.md`).
#[uniffi::export]
pub fn call_json(name: String, arguments_json: Option<String>) -> Result<String> {
    call(|| engine::call(&name, options::arguments(arguments_json.as_deref())?).map(|answer| answer.to_string()))
}

/// Version of the engine.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
