//! One customer after another.

use crate::engine::{Engine, Scoring};
use crate::error::call;
use crate::input::{Reader, now};
use crate::options::Options;
use crate::output::Json;
use churn_core::engine::RowScorer;
use churn_core::report;
use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

/// An engine for customers that all have the same keys.
#[napi]
pub struct Scorer(RowScorer);

#[napi]
impl Engine {
    /// A scorer for customers with the keys of this example.
    #[napi]
    pub fn scorer(&self, env: &Env, example: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Scorer> {
        call(env, || {
            let example = Reader { env, argument: "example" }.record(example)?;
            let mut options = Options::new(env, options)?;
            let mut scoring = Scoring::read(&mut options)?;
            scoring.mapping = options.mapping()?;
            options.finish()?;
            self.0.row_scorer(&example, &scoring.options()).map(Scorer)
        })
    }
}

#[napi]
impl Scorer {
    /// Scores one customer on this thread.
    #[napi]
    pub fn score(&self, env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Json> {
        call(env, || {
            let record = Reader { env, argument: "record" }.record(record)?;
            let mut options = Options::new(env, options)?;
            let scored_at = options.iso("scoredAt")?.unwrap_or_else(now);
            options.finish()?;
            self.0.score(&record, Some(&scored_at)).map(|p| Json::new(report::prediction_json(&p)))
        })
    }

    /// The example's keys.
    #[napi(getter)]
    pub fn columns(&self) -> Vec<String> {
        self.0.names().to_vec()
    }
}
