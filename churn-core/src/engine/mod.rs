//! The one facade that ties the stages together; every binding calls this and nothing else.

mod actions;
#[cfg(feature = "train")]
mod calibrate;
mod calls;
#[cfg(feature = "train")]
mod design;
#[cfg(feature = "train")]
mod estimator;
mod event_calls;
mod events;
mod file;
mod health;
mod import;
mod input;
mod lead;
mod options;
mod predictor;
mod run;
mod scorer;
mod store;
#[cfg(feature = "train")]
mod train;

pub use actions::{
    Counterfactual, CounterfactualOptions, Counterfactuals, FieldChange, actionables, counterfactuals_json,
};
pub use calls::{alert_engine, call, call_names, changes, health_config, lead_config, observations, step_json};
#[cfg(feature = "train")]
pub use estimator::FitOptions;
pub use events::{
    EventData, EventOptions, TableOverrides, TrainingSetOptions, build_features, build_training_set,
    check_point_in_time, churn_movements,
};
pub use file::ScoreSummary;
pub use health::{HealthOptions, health_backtest, health_score, health_score_events};
pub use import::import_model;
pub use input::{Input, Record};
pub use lead::{LeadOptions, lead_score};
pub use options::{ScoreOptions, day};
pub use predictor::Predictor;
pub use run::{Scored, map_columns, validate, validate_pieces};
pub use scorer::{Cell, RowScorer};
#[cfg(feature = "train")]
pub use train::{Evaluation, TrainOptions};

use crate::error::Result;
use crate::explain::Explainer;
use crate::model::Model;
use crate::schema::Language;
use crate::score::Scorer;
use std::path::Path;

/// A model, ready to map, judge, score and explain; cheap to clone, shared between threads.
///
/// ```
/// # #[cfg(feature = "pretrained")] {
/// use churn_core::{Engine, ScoreOptions};
///
/// let engine = Engine::pretrained("telecom")?;
/// let customers = b"Customer ID,Tenure,Monthly Charges,Contract\nA1,2,89.90,Month-to-month\nA2,60,19.90,Two year\n";
/// let scored = engine.score(&customers[..], &ScoreOptions::default())?;
/// let p = scored.predictions.churn_probabilities();
/// assert!(p[0] > p[1]);
/// # }
/// # Ok::<(), churn_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    predictor: Predictor,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.model().model_version())
    }
}

impl Engine {
    /// The engine of a (checked) model. The features of an imported model go under canonical names where their own
    /// names say clearly what they are.
    ///
    /// # Errors
    /// `model_invalid`.
    pub fn from_model(model: Model) -> Result<Engine> {
        Ok(Engine { predictor: Predictor::new(import::settled(model)?)? })
    }

    /// A shipped model: `telecom` or `saas`, its newest version.
    ///
    /// # Errors
    /// `model_not_found`, listing the models there are; `unsupported` in a build without the feature
    /// `pretrained`.
    pub fn pretrained(name: &str) -> Result<Engine> {
        Engine::from_model(crate::registry::pretrained(name)?)
    }

    /// Loads a saved model.
    ///
    /// # Errors
    /// `model_not_found`, `io`, `format_unsupported`, `hash_mismatch`, `model_invalid`.
    pub fn load(path: impl AsRef<Path>) -> Result<Engine> {
        Engine::from_model(crate::registry::load(path.as_ref())?)
    }

    /// A model from the bytes of a model file.
    ///
    /// # Errors
    /// `format_unsupported`, `hash_mismatch`, `model_invalid`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Engine> {
        Engine::from_model(Model::from_bytes(bytes)?)
    }

    /// The same model that tells its reasons and recommendations in another language. It is part of the profile, and so
    /// of a saved model.
    ///
    /// ```
    /// # #[cfg(feature = "pretrained")] {
    /// use churn_core::schema::Language;
    /// use churn_core::{Engine, ScoreOptions};
    ///
    /// let engine = Engine::pretrained("telecom")?.with_language(Language::parse("de")?)?;
    /// let customer = serde_json::json!({"customer_id": "A1", "tenure": 1, "monthly charges": 89.9, "contract": "Month-to-month"});
    /// let told = engine.score_one(customer.as_object().unwrap(), &ScoreOptions::default())?;
    /// assert!(told.reasons.iter().any(|r| r.ends_with(": 1 Monat")));
    /// # }
    /// # Ok::<(), churn_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `model_invalid`.
    pub fn with_language(&self, language: Language) -> Result<Engine> {
        let mut model = self.model().clone();
        model.profile.language = language;
        Ok(Engine { predictor: Predictor::new(model)? })
    }

    /// The model as the bytes of a model file; the same model gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.model().to_bytes()
    }

    /// The model card as JSON.
    pub fn card_json(&self) -> Result<serde_json::Value> {
        serde_json::to_value(&self.model().card)
            .map_err(|e| crate::Error::internal("a model card without JSON").caused_by(e))
    }

    /// Saves the model as one file, whole or not at all.
    ///
    /// # Errors
    /// `io`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        crate::files::write_whole(path.as_ref(), &self.model().to_bytes()?)
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.predictor.model()
    }

    /// The model on matrices of its own features.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// The model prepared for scoring.
    pub fn scorer(&self) -> &Scorer {
        self.predictor.scorer()
    }

    /// The model prepared for explanations.
    pub fn explainer(&self) -> &Explainer {
        self.predictor.explainer()
    }
}
