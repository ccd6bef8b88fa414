//! Exact SHAP values, and the reasons told from them.

mod reasons;
mod tree_shap;

pub use reasons::{Factor, FactorValue, Reasoner, describe_value};

use crate::error::{Error, Result};
use crate::features::FeatureMatrix;
use crate::model::{Model, Part};
use ndarray::Array2;
use rayon::prelude::*;
use tree_shap::{TreeExplainer, Workspace};

/// Largest difference between the sum of SHAP values and the margin that leaves the engine, relative to the
/// larger of 1 and the margin.
pub const ADDITIVITY: f64 = 1e-9;

/// SHAP values of a table, in the space the model adds up in (log-odds but for forests that average
/// probabilities).
#[derive(Debug, Clone)]
pub struct Explanation {
    /// SHAP values, shape (n_rows, n_features).
    pub values: Array2<f64>,
    /// What the model says about nobody in particular; the same for every row.
    pub base_value: f64,
    /// The feature values, shape (n_rows, n_features); categories are codes, missing is NaN.
    pub data: Array2<f64>,
    /// Names of the features.
    pub feature_names: Vec<String>,
}

/// A model prepared for explanations; cheap to keep, shared between threads.
pub struct Explainer {
    trees: Vec<(f64, TreeExplainer)>,
    base_value: f64,
}

impl Explainer {
    /// Prepares a model.
    pub fn new(model: &Model) -> Self {
        let mut trees = Vec::new();
        for component in &model.additive.components {
            if let Part::Trees(ensemble) = &component.part {
                trees.extend(ensemble.trees.iter().map(|t| (component.weight, TreeExplainer::new(t))));
            }
        }
        Explainer { trees, base_value: model.additive.base_value() }
    }

    /// What the model says about nobody in particular.
    pub fn base_value(&self) -> f64 {
        self.base_value
    }

    /// The SHAP values of one row, written to `out` (length n_features); returns the row's raw sum.
    ///
    /// # Errors
    /// `internal` where they do not add up within [`ADDITIVITY`].
    pub fn explain_row(&self, model: &Model, row: &[f64], out: &mut [f64]) -> Result<f64> {
        self.explain_into(model, row, out, &mut Workspace::default())
    }

    fn explain_into(&self, model: &Model, row: &[f64], out: &mut [f64], work: &mut Workspace) -> Result<f64> {
        out.fill(0.0);
        for component in &model.additive.components {
            if let Part::Terms(terms) = &component.part {
                for term in terms {
                    // A univariate term's SHAP value is its distance from its mean: nothing else shares it.
                    out[term.feature] += component.weight * (term.shape.value(row[term.feature]) - term.mean);
                }
            }
        }
        for (weight, tree) in &self.trees {
            tree.add(row, *weight, out, work);
        }
        let raw = model.additive.raw(row);
        let sum = self.base_value + out.iter().sum::<f64>();
        if (sum - raw).abs() <= ADDITIVITY * raw.abs().max(1.0) {
            Ok(raw)
        } else {
            Err(Error::internal(format!("SHAP values add up to {sum}, the margin is {raw}")))
        }
    }

    /// The SHAP values of all rows, in their order; the same bits for any number of threads.
    ///
    /// # Errors
    /// `internal` where a row does not add up within [`ADDITIVITY`].
    pub fn explain(&self, model: &Model, matrix: &FeatureMatrix) -> Result<Explanation> {
        let n_features = matrix.n_features();
        let mut values = vec![0.0; matrix.n_rows() * n_features];
        if n_features > 0 {
            values
                .par_chunks_mut(n_features)
                .enumerate()
                .with_min_len(64)
                .try_for_each_init(Workspace::default, |work, (r, out)| {
                    self.explain_into(model, matrix.row(r), out, work).map(|_| ())
                })?;
        }
        Ok(Explanation {
            values: Array2::from_shape_vec((matrix.n_rows(), n_features), values)
                .map_err(|e| Error::internal("SHAP values of another shape").caused_by(e))?,
            base_value: self.base_value,
            data: matrix.view().to_owned(),
            feature_names: model.plan.features().iter().map(|f| f.name.clone()).collect(),
        })
    }
}
