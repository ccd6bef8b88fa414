//! churn-core through uniffi: the calls that an application makes, for Kotlin, Swift, Ruby and others. Records and
//! options go in, and results come out, as JSON texts in the shapes that all languages share; every decision is
//! churn-core's.
// An error of uniffi holds its facts by value; it is made once in a failing call.
#![allow(clippy::result_large_err)]

mod error;
mod options;

pub use error::{ChurnError, Failure};

use churn_core::error::guard;
use churn_core::features::FeatureMatrix;
use churn_core::map::{ColumnInput, MapOptions, Mapping};
use churn_core::model::Model;
use churn_core::model::import::ImportOptions;
use churn_core::read::ReadOptions;
use churn_core::schema::TableKind;
use churn_core::{ScoreOptions, TrainOptions, engine, report};
use options::Options;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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

/// SHAP values of a table.
#[derive(uniffi::Record)]
pub struct Explanation {
    /// Number of customers.
    pub n_rows: u64,
    /// A customer's values, feature by feature, one customer after another.
    pub values: Vec<f64>,
    /// With the values of a customer it adds up to his log-odds.
    pub base_value: f64,
    /// Names of the features.
    pub feature_names: Vec<String>,
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

    /// A model that another library trained, from its file. Options: name, version, profile, iterations, feature_names.
    #[uniffi::constructor]
    pub fn import_model(path: String, options_json: Option<String>) -> Result<Arc<Engine>> {
        call(|| churn_core::Engine::import(path, &importing(options_json.as_deref())?)).map(|e| Arc::new(Engine(e)))
    }

    /// As `import_model`, from the content of the file.
    #[uniffi::constructor]
    pub fn import_model_bytes(data: Vec<u8>, options_json: Option<String>) -> Result<Arc<Engine>> {
        call(|| churn_core::Engine::from_model(Model::import(&data, &importing(options_json.as_deref())?)?))
            .map(|e| Arc::new(Engine(e)))
    }

    /// Trains an engine on a labelled table. Options: label, profile, learner, weights, group, time, prior, time_budget,
    /// seed, allow, overrides, as_of, name, version, read; definition and settings of a training set.
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
                time_budget: given.number("time_budget")?,
                read: given.read()?,
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

    /// Scores one customer, given as a JSON object: header -> value. Options: reasons, overrides, as_of, scored_at, mapping,
    /// read.
    pub fn score_one(&self, record_json: String, options_json: Option<String>) -> Result<Prediction> {
        call(|| {
            let record = options::record(&record_json)?;
            let p = self.0.score_one(&record, &scoring(options_json.as_deref())?.options())?;
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
            let scoring = scoring(options_json.as_deref())?;
            let scored = table.with(|input| self.0.score(input, &scoring.options()))?;
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
            let scoring = scoring(options_json.as_deref())?;
            table.with(|input| self.0.score(input, &scoring.options()))?.predictions.to_arrow_ipc()
        })
    }

    /// Scores a file and writes the predictions to another as CSV, whole or not at all; a JSON object: summary, mapping,
    /// quality. Options as `score_one`.
    pub fn score_file(&self, source: String, target: String, options_json: Option<String>) -> Result<String> {
        call(|| {
            let done = self.0.score_file(source, target, &scoring(options_json.as_deref())?.options())?;
            Ok(done.to_json().to_string())
        })
    }

    /// Exact SHAP values of a table in log-odds; against the customers of `background` (interventional values) where it is
    /// given. Options as `score_one`.
    pub fn explain(
        &self,
        table: Table,
        background: Option<Table>,
        options_json: Option<String>,
    ) -> Result<Explanation> {
        call(|| {
            let scoring = scoring(options_json.as_deref())?;
            let options = scoring.options();
            let explained = table.with(|input| match &background {
                Some(rows) => rows.with(|rows| self.0.explain_against(input, rows, &options)),
                None => self.0.explain(input, &options),
            })?;
            Ok(Explanation {
                n_rows: explained.values.nrows() as u64,
                values: explained.values.into_iter().collect(),
                base_value: explained.base_value,
                feature_names: explained.feature_names,
            })
        })
    }

    /// The same model that tells its reasons and recommendations in another language: `en`, `de`, `es` or `fr`.
    pub fn with_language(&self, language: String) -> Result<Arc<Engine>> {
        call(|| self.0.with_language(churn_core::schema::Language::parse(&language)?)).map(|e| Arc::new(Engine(e)))
    }

    /// The same model with a calibrator and an interval learnt from a labelled table that it was not trained on. Options:
    /// label, as_of.
    pub fn calibrate(&self, table: Table, options_json: Option<String>) -> Result<Arc<Engine>> {
        call(|| {
            let (label, as_of) = measuring(options_json.as_deref())?;
            table.with(|input| self.0.calibrate(input, label.as_deref(), as_of.as_deref()))
        })
        .map(|e| Arc::new(Engine(e)))
    }

    /// Names of the model's own features, in the order of a matrix.
    pub fn feature_names(&self) -> Vec<String> {
        self.0.model().plan.features().iter().map(|f| f.name.clone()).collect()
    }

    /// The sum of each row of the model's own features, one after another; NaN is missing.
    pub fn predict_margin(&self, matrix: Vec<f64>) -> Result<Vec<f64>> {
        call(|| self.0.predictor().predict_margin(&self.matrix(&matrix)?))
    }

    /// The probability of each row; `matrix` as for `predict_margin`.
    pub fn predict_proba(&self, matrix: Vec<f64>) -> Result<Vec<f64>> {
        call(|| self.0.predictor().predict_proba(&self.matrix(&matrix)?))
    }

    /// Exact SHAP values, row after row; against the rows of `background` (interventional values) where they are given.
    pub fn shap_values(&self, matrix: Vec<f64>, background: Option<Vec<f64>>) -> Result<Vec<f64>> {
        call(|| {
            let (matrix, predictor) = (self.matrix(&matrix)?, self.0.predictor());
            let explained = match background {
                Some(rows) => predictor.shap_values_against(&matrix, &self.matrix(&rows)?)?,
                None => predictor.shap_values(&matrix)?,
            };
            Ok(explained.values.into_iter().collect())
        })
    }

    /// SHAP interaction values: for each row features x features numbers, one after another.
    pub fn shap_interaction_values(&self, matrix: Vec<f64>) -> Result<Vec<f64>> {
        call(|| Ok(self.0.predictor().shap_interactions(&self.matrix(&matrix)?)?.into_iter().collect()))
    }

    /// What the SHAP values of a row add up with to its sum.
    pub fn expected_value(&self) -> f64 {
        self.0.explainer().base_value()
    }

    /// Measures the engine on a labelled table; a JSON object of figures. Options: label, as_of.
    pub fn evaluate(&self, table: Table, options_json: Option<String>) -> Result<String> {
        call(|| {
            let (label, as_of) = measuring(options_json.as_deref())?;
            let measured = table.with(|input| self.0.evaluate(input, label.as_deref(), as_of.as_deref()))?;
            let mut json = Map::new();
            json.insert("n_rows".into(), measured.n_rows.into());
            json.insert("n_positive".into(), measured.n_positive.into());
            json.extend(measured.metrics.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
            Ok(Value::Object(json).to_string())
        })
    }
}

impl Engine {
    fn matrix(&self, values: &[f64]) -> churn_core::Result<FeatureMatrix> {
        FeatureMatrix::from_rows(values, self.0.model().plan.len())
    }
}

/// The options of scoring, owned: the core's borrow the mapping.
struct Scoring {
    reasons: Option<usize>,
    mapping: Option<Mapping>,
    overrides: BTreeMap<String, Option<String>>,
    as_of: Option<String>,
    scored_at: Option<String>,
    read: ReadOptions,
}

impl Scoring {
    fn options(&self) -> ScoreOptions<'_> {
        ScoreOptions {
            reasons: self.reasons,
            mapping: self.mapping.as_ref(),
            overrides: self.overrides.clone(),
            as_of: self.as_of.clone(),
            scored_at: self.scored_at.clone(),
            read: self.read.clone(),
            progress: None,
        }
    }
}

fn scoring(options_json: Option<&str>) -> churn_core::Result<Scoring> {
    let mut given = Options::new(options_json)?;
    let options = Scoring {
        reasons: given.count("reasons")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        mapping: given.mapping()?,
        overrides: given.overrides()?,
        as_of: given.text("as_of")?,
        scored_at: given.text("scored_at")?,
        read: given.read()?,
    };
    given.finish()?;
    Ok(options)
}

fn measuring(options_json: Option<&str>) -> churn_core::Result<(Option<String>, Option<String>)> {
    let mut given = Options::new(options_json)?;
    let options = (given.text("label")?, given.text("as_of")?);
    given.finish()?;
    Ok(options)
}

fn importing(options_json: Option<&str>) -> churn_core::Result<ImportOptions> {
    let mut given = Options::new(options_json)?;
    let options = ImportOptions {
        name: given.text("name")?,
        version: given.text("version")?,
        profile: given.profile()?,
        iterations: given.count("iterations")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        feature_names: Some(given.texts("feature_names")?).filter(|names| !names.is_empty()),
    };
    given.finish()?;
    Ok(options)
}

/// Maps the columns of a table to canonical fields; a JSON object. Options: table_kind, profile, overrides, saved.
#[uniffi::export]
pub fn map_columns(table: Table, options_json: Option<String>) -> Result<String> {
    call(|| {
        let options = mapping(options_json.as_deref())?;
        table.with(|input| engine::map_columns(input, &options)).map(|m| report::mapping_json(&m).to_string())
    })
}

/// Maps headers alone to canonical fields; a JSON object. Options as `map_columns`.
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
    let options = MapOptions {
        table_kind: given.parsed("table_kind", TableKind::parse)?,
        profile: given.profile()?,
        overrides: given.overrides()?,
        saved: given.text("saved")?.map(Into::into),
    };
    given.finish()?;
    Ok(options)
}

/// Judges the quality of a table; a JSON object. Options: mapping, profile, purpose, label, allow, strict, as_of.
#[uniffi::export]
pub fn validate(table: Table, options_json: Option<String>) -> Result<String> {
    call(|| {
        use churn_core::validate::{Purpose, ValidateOptions};
        let mut given = Options::new(options_json.as_deref())?;
        let profile = given.profile()?;
        let purpose = given.parsed("purpose", Purpose::parse)?.unwrap_or_default();
        let mapping = given.mapping()?;
        let options = ValidateOptions {
            purpose,
            label: given.text("label")?,
            allow: given.texts("allow")?,
            strict: given.flag("strict")?.unwrap_or_default(),
            as_of: given.parsed("as_of", |day| engine::day(day, "as_of"))?,
        };
        given.finish()?;
        table
            .with(|input| engine::validate(input, mapping.as_ref(), profile, &options))
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
