//! Which customers are about to leave, why, and what to do.
//!
//! A messy customer table goes in; columns are recognised, data judged, features built, each customer scored with
//! a calibrated churn probability, explained exactly (SHAP), and given a recommended action. In five lines:
//!
//! ```
//! # #[cfg(feature = "pretrained")] {
//! use churn_core::{Engine, ScoreOptions};
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/telecom_customers.csv");
//! let engine = Engine::pretrained("telecom")?;
//! let scored = engine.score(path, &ScoreOptions::default())?;
//! println!("{}", churn_core::report::summary_text(&scored.predictions.summary()));
//! # assert_eq!(scored.predictions.summary().customers, scored.predictions.len());
//! # }
//! # Ok::<(), churn_core::Error>(())
//! ```
//!
//! Data goes one way, and a stage knows the stages before it, never those behind it:
//!
//! | stage | from | to |
//! |---|---|---|
//! | [`read`] | bytes, records, frames | [`RawTable`](table::RawTable) |
//! | [`map`] | raw table | [`Mapping`](map::Mapping) |
//! | [`validate`] | raw table, mapping | [`Table`](table::Table), [`QualityReport`](validate::QualityReport) |
//! | [`events`] | tables of events | features as of a day, labelled snapshots |
//! | [`features`] | table | [`FeatureMatrix`](features::FeatureMatrix) |
//! | [`score`] | matrix, [`Model`](model::Model) | margin, probability, interval, risk level |
//! | [`explain`] | matrix, model | exact SHAP values, reasons |
//! | [`decide`] | reasons, profile | recommendation |
//! | [`report`] | all of these | columns, CSV, JSON, text, HTML |
//!
//! [`Engine`] ties them together. The crate has no clock, reads no environment and keeps no global state.

pub mod alert;
mod config;
pub mod decide;
pub mod engine;
pub mod error;
pub mod events;
pub mod explain;
pub mod features;
mod files;
pub mod health;
pub mod lead;
pub mod map;
pub mod metrics;
pub mod model;
mod packed;
pub mod progress;
#[doc(hidden)]
pub mod provoke;
pub mod read;
pub mod registry;
pub mod report;
pub mod schema;
pub mod score;
pub mod table;
#[cfg(feature = "train")]
pub mod train;
pub mod validate;

pub use engine::{Engine, Input, Record, ScoreOptions, Scored};
#[cfg(feature = "train")]
pub use engine::{Evaluation, TrainOptions};
pub use error::{Error, ErrorKind, Result, Stage};
