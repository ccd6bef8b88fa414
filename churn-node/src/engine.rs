//! The engine.

use crate::error::{Job, call, job};
use crate::events;
use crate::held;
use crate::input::{Reader, Table, now};
use crate::options::Options;
use crate::output::Json;
use crate::scored::ScoredTable;
use crate::watch::Watch;
use churn_core::map::Mapping;
use churn_core::read::ReadOptions;
use churn_core::train::Learner;
use churn_core::{Error, ErrorKind, Record, Result, ScoreOptions, TrainOptions, report};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Buffer, Unknown};
use napi_derive::napi;
use std::collections::BTreeMap;

/// A model, ready to map, judge, score and explain.
#[napi(custom_finalize)]
pub struct Engine(pub(crate) churn_core::Engine);

/// The options of a scoring call, owned.
pub struct Scoring {
    reasons: Option<usize>,
    /// A mapping that an earlier call gave.
    pub mapping: Option<Mapping>,
    overrides: BTreeMap<String, Option<String>>,
    as_of: Option<String>,
    scored_at: String,
    /// How to read.
    pub read: ReadOptions,
}

impl Scoring {
    /// Reads what all scoring calls take.
    pub fn read(options: &mut Options<'_>) -> Result<Scoring> {
        Ok(Scoring {
            reasons: options.count("reasons")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
            mapping: None,
            overrides: options.overrides()?,
            as_of: options.iso("asOf")?,
            scored_at: options.iso("scoredAt")?.unwrap_or_else(now),
            read: ReadOptions::default(),
        })
    }

    /// The core's view of them.
    pub fn options(&self) -> ScoreOptions<'_> {
        ScoreOptions {
            reasons: self.reasons,
            mapping: self.mapping.as_ref(),
            overrides: self.overrides.clone(),
            as_of: self.as_of.clone(),
            scored_at: Some(self.scored_at.clone()),
            read: self.read.clone(),
            ..ScoreOptions::default()
        }
    }
}

fn one(env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> Result<(Record, Scoring, Watch)> {
    let record = Reader { env, argument: "record" }.record(record)?;
    let mut options = Options::new(env, options)?;
    let watch = options.watch()?;
    let scoring = Scoring::read(&mut options)?;
    options.finish()?;
    Ok((record, scoring, watch))
}

/// The options of calls on labelled tables, owned.
struct Measuring {
    watch: Watch,
    label: Option<String>,
    as_of: Option<String>,
    read: ReadOptions,
}

fn measuring(env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> Result<(Measuring, Table)> {
    let mut options = Options::new(env, options)?;
    let measuring = Measuring {
        watch: options.watch()?,
        label: options.text("label")?,
        as_of: options.iso("asOf")?,
        read: options.read()?,
    };
    options.finish()?;
    Ok((measuring, Reader { env, argument: "table" }.table(table)?))
}

fn score_one(engine: &churn_core::Engine, record: &Record, scoring: &Scoring) -> Result<Json> {
    engine.score_one(record, &scoring.options()).map(|p| Json::new(report::prediction_json(&p)))
}

#[napi]
impl Engine {
    /// Refuses: engines come from the static functions.
    #[napi(constructor)]
    pub fn new(env: &Env) -> napi::Result<Engine> {
        held::engine(env, || {
            Err(Error::new(ErrorKind::Unsupported, "an Engine is not made with new")
                .hint("use Engine.pretrained, Engine.load, Engine.fromBytes or Engine.train"))
        })
    }

    /// A shipped model: "telecom" or "saas".
    #[napi(factory)]
    pub fn pretrained(env: &Env, name: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || churn_core::Engine::pretrained(&Reader { env, argument: "name" }.require_text(name)?))
    }

    /// Loads a saved model.
    #[napi(factory)]
    pub fn load(env: &Env, path: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || churn_core::Engine::load(Reader { env, argument: "path" }.require_text(path)?))
    }

    /// A model from the bytes of a model file.
    #[napi(factory)]
    pub fn from_bytes(env: &Env, data: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || {
            let reader = Reader { env, argument: "data" };
            let wrong = || reader.wrong("is not bytes", "give a Buffer or a Uint8Array");
            churn_core::Engine::from_bytes(&reader.bytes(data)?.ok_or_else(wrong)?)
        })
    }

    /// The model as the bytes of a model file.
    #[napi]
    pub fn to_bytes(&self, env: &Env) -> napi::Result<Buffer> {
        call(env, || self.0.to_bytes()).map(Buffer::from)
    }

    /// Saves the model as one file, whole or not at all.
    #[napi]
    pub fn save(&self, env: &Env, path: Unknown<'_>) -> napi::Result<()> {
        call(env, || self.0.save(Reader { env, argument: "path" }.require_text(path)?))
    }

    /// Name and version of the model.
    #[napi(getter)]
    pub fn model_version(&self) -> String {
        self.0.model().model_version()
    }

    /// The model card.
    #[napi(getter)]
    pub fn card(&self, env: &Env) -> napi::Result<Json> {
        call(env, || self.0.card_json().map(Json::new))
    }

    /// Scores one customer.
    #[napi]
    pub fn score_one(&self, env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let (record, scoring, watch) = one(env, record, options)?;
            Ok(move || watch.check().and_then(|()| score_one(&engine, &record, &scoring)))
        })
    }

    /// Scores one customer on this thread.
    #[napi]
    pub fn score_one_sync(&self, env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Json> {
        call(env, || {
            let (record, scoring, _) = one(env, record, options)?;
            score_one(&self.0, &record, &scoring)
        })
    }

    /// Scores one customer from his own rows of the tables of events.
    #[napi]
    pub fn score_customer(&self, env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let record = Reader { env, argument: "record" }.record(record)?;
            let mut options = Options::new(env, options)?;
            let watch = options.watch()?;
            let given = events::Given::read(&mut options)?;
            let overrides = events::overrides(&mut options)?;
            let scoring = Scoring {
                reasons: options.count("reasons")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
                mapping: None,
                overrides: BTreeMap::new(),
                as_of: options.iso("asOf")?,
                scored_at: options.iso("scoredAt")?.unwrap_or_else(now),
                read: ReadOptions::default(),
            };
            options.finish()?;
            Ok(move || {
                watch.check()?;
                let scored = engine.score_customer(&record, &given.data(), &overrides, &scoring.options())?;
                Ok(Json::new(report::prediction_json(&scored)))
            })
        })
    }

    /// Scores a table.
    #[napi]
    pub fn score(&self, env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<ScoredTable>> {
        let engine = self.0.clone();
        job(|| {
            let mut options = Options::new(env, options)?;
            let watch = options.watch()?;
            let scoring =
                Scoring { mapping: options.mapping()?, read: options.read()?, ..Scoring::read(&mut options)? };
            options.finish()?;
            let table = Reader { env, argument: "table" }.table(table)?;
            Ok(move || {
                watch.check()?;
                let report = watch.report();
                let options = ScoreOptions { progress: Some(&report), ..scoring.options() };
                let scored = engine.score(table.input(), &options);
                // Freed before the results are taken apart: a large table is heavy.
                drop(table);
                ScoredTable::new(scored?)
            })
        })
    }

    /// Scores a file and writes the predictions to another as CSV.
    #[napi]
    pub fn score_file(
        &self,
        env: &Env,
        source: Unknown<'_>,
        target: Unknown<'_>,
        options: Unknown<'_>,
    ) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let mut options = Options::new(env, options)?;
            let watch = options.watch()?;
            let scoring =
                Scoring { mapping: options.mapping()?, read: options.read()?, ..Scoring::read(&mut options)? };
            options.finish()?;
            let source = Reader { env, argument: "source" }.require_text(source)?;
            let target = Reader { env, argument: "target" }.require_text(target)?;
            Ok(move || {
                watch.check()?;
                let report = watch.report();
                let options = ScoreOptions { progress: Some(&report), ..scoring.options() };
                engine.score_file(source, target, &options).map(|done| Json::new(done.to_json()))
            })
        })
    }

    /// The same model that tells its reasons and recommendations in another language.
    #[napi]
    pub fn with_language(&self, env: &Env, language: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || {
            let code = Reader { env, argument: "language" }.require_text(language)?;
            self.0.with_language(churn_core::schema::Language::parse(&code)?)
        })
    }

    /// The language of reasons and recommendations.
    #[napi(getter)]
    pub fn language(&self) -> &'static str {
        self.0.model().profile.language.code()
    }

    /// The same model with a calibrator and an interval learnt from a labelled table.
    #[napi]
    pub fn calibrate(&self, env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Engine>> {
        let engine = self.0.clone();
        job(|| {
            let (measuring, table) = measuring(env, table, options)?;
            Ok(move || {
                measuring.watch.check()?;
                let table = table.input();
                let table = table.read(&measuring.read)?;
                engine.calibrate(table.as_ref(), measuring.label.as_deref(), measuring.as_of.as_deref()).map(Engine)
            })
        })
    }

    /// Trains an engine on a labelled table.
    #[napi]
    pub fn train(env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Engine>> {
        job(|| {
            let mut options = Options::new(env, options)?;
            let watch = options.watch()?;
            let given = TrainOptions {
                label: options.text("label")?,
                profile: options.profile()?,
                learner: options.text("learner")?.map(|l| Learner::parse(&l)).transpose()?.unwrap_or_default(),
                seed: options.count("seed")?.unwrap_or_default(),
                allow: options.texts("allow")?.unwrap_or_default(),
                overrides: options.overrides()?,
                as_of: options.iso("asOf")?,
                name: options.text("name")?,
                version: options.text("version")?,
                read: options.read()?,
                definition: events::definition(&mut options)?,
                event_settings: events::settings(&mut options, "settings")?,
                weights: options.text("weights")?,
                group: options.text("group")?,
                time: options.text("time")?,
                prior: options.text("prior")?,
                time_budget: options.number("timeBudget")?,
                ..TrainOptions::default()
            };
            options.finish()?;
            let table = Reader { env, argument: "table" }.table(table)?;
            Ok(move || {
                watch.check()?;
                let report = watch.report();
                let given = TrainOptions { progress: Some(&report), ..given };
                churn_core::Engine::train(table.input(), &given).map(Engine)
            })
        })
    }

    /// Measures the engine on a labelled table that it was not trained on.
    #[napi]
    pub fn evaluate(&self, env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let (measuring, table) = measuring(env, table, options)?;
            Ok(move || {
                measuring.watch.check()?;
                let table = table.input();
                let table = table.read(&measuring.read)?;
                engine
                    .evaluate(table.as_ref(), measuring.label.as_deref(), measuring.as_of.as_deref())
                    .map(|measured| Json::new(measured.to_json()))
            })
        })
    }
}
