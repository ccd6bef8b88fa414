//! A model on its own matrix: no mapping, no validation, no words.

use crate::error::Result;
use crate::explain::{Explainer, Explanation};
use crate::features::FeatureMatrix;
use crate::model::Model;
use crate::score::Scorer;
use rayon::prelude::*;
use std::sync::Arc;

/// A model prepared for matrices of its own features; cheap to clone, shared between threads.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/imported/lgb_plain.txt");
/// use churn_core::engine::{Predictor, import_model};
/// use churn_core::features::FeatureMatrix;
///
/// let model = Predictor::new(import_model(path, &Default::default())?)?;
/// // tenure_months, monthly_charges, tickets, plan_code; NaN is missing.
/// let customers = FeatureMatrix::new(ndarray::arr2(&[[2.0, 89.9, 1.0, f64::NAN], [60.0, 19.9, 0.0, 7.0]]));
/// let p = model.predict_proba(&customers)?;
/// assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
/// # Ok::<(), churn_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Predictor {
    model: Arc<Model>,
    explainer: Arc<Explainer>,
}

impl std::fmt::Debug for Predictor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Predictor({}, {})", self.model.model_version(), self.model.card.learner)
    }
}

impl Predictor {
    /// Prepares a model.
    ///
    /// # Errors
    /// `model_invalid`.
    pub fn new(model: Model) -> Result<Predictor> {
        model.check()?;
        let explainer = Arc::new(Explainer::new(&model));
        Ok(Predictor { model: Arc::new(model), explainer })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model prepared for scoring.
    pub fn scorer(&self) -> &Scorer {
        self.explainer.scorer()
    }

    /// The model prepared for explanations.
    pub fn explainer(&self) -> &Explainer {
        &self.explainer
    }

    /// The sum of each row, in the space the model adds up in: log-odds, or the probability itself for forests that
    /// average class shares. Length n_rows.
    ///
    /// # Errors
    /// `invalid_argument` for a matrix of another width.
    pub fn predict_margin(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
        self.check_width(matrix)?;
        Ok(self.scorer().raw(matrix))
    }

    /// The probability of the positive class of each row, 0 to 1, length n_rows.
    ///
    /// # Errors
    /// As [`predict_margin`](Predictor::predict_margin).
    pub fn predict_proba(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
        let mut raw = self.predict_margin(matrix)?;
        raw.par_iter_mut().with_min_len(4096).for_each(|r| *r = self.model.probability(*r));
        Ok(raw)
    }

    /// Exact SHAP values of each row, in the space the model adds up in.
    ///
    /// # Errors
    /// As [`predict_margin`](Predictor::predict_margin).
    pub fn shap_values(&self, matrix: &FeatureMatrix) -> Result<Explanation> {
        self.check_width(matrix)?;
        self.explainer.explain(&self.model, matrix)
    }

    /// SHAP values against background rows (interventional): the base value is the mean over them, and what is not known
    /// of a row is taken from each of them in turn. The time grows with the sum of the numbers of rows, not with their
    /// product.
    ///
    /// # Errors
    /// As [`shap_values`](Predictor::shap_values); `invalid_argument` for a background without rows.
    pub fn shap_values_against(&self, matrix: &FeatureMatrix, background: &FeatureMatrix) -> Result<Explanation> {
        self.check_width(matrix)?;
        Explainer::against(&self.model, background)?.explain(&self.model, matrix)
    }

    /// SHAP interaction values, shape (n_rows, n_features, n_features); see [`Explainer::interactions`].
    ///
    /// # Errors
    /// As [`shap_values`](Predictor::shap_values).
    pub fn shap_interactions(&self, matrix: &FeatureMatrix) -> Result<ndarray::Array3<f64>> {
        self.explainer.interactions(&self.model, matrix)
    }

    fn check_width(&self, matrix: &FeatureMatrix) -> Result<()> {
        crate::explain::check_width(&self.model, matrix)
    }
}
