//! Exact SHAP values, and the reasons told from them.

mod grouped;
mod interactions;
mod patterns;
mod quadrature;
mod reasons;
mod segments;
mod tree_shap;

pub(crate) use reasons::Telling;
pub use reasons::{Factor, FactorValue, Reasoner, describe_value};
pub use segments::SegmentFactor;

use crate::error::{Error, ErrorKind, Result};
use crate::features::FeatureMatrix;
use crate::model::{Model, Part, Term};
use crate::score::Scorer;
use ndarray::Array2;
use patterns::TreesExplainer;
use rayon::prelude::*;
use tree_shap::Quadrature;

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
    /// For each feature the name of the column that reasons tell it as; its own for most.
    pub told_as: Vec<String>,
}

/// Fewest rows that are worth the tables of a model that has none yet.
const FEW: usize = 64;
/// Tables up to this size are made at once, when the model is prepared.
const SMALL_TABLES: usize = 1 << 20;

/// A model prepared for explanations; cheap to keep, shared between threads.
pub struct Explainer {
    scorer: Scorer,
    parts: Vec<TreesExplainer>,
    quadrature: Quadrature,
    base_value: f64,
    /// For each component, the means of its terms.
    term_means: Vec<Vec<f64>>,
    background: bool,
}

impl Explainer {
    /// Prepares a (checked) model, for path-dependent values.
    pub fn new(model: &Model) -> Self {
        let explainer = Explainer::prepare(model, None);
        for part in explainer.parts.iter().filter(|p| p.table_bytes <= SMALL_TABLES) {
            part.make_tables(&explainer.quadrature);
        }
        explainer
    }

    /// Prepares a (checked) model for interventional values: the base value is the mean over the background rows, and
    /// what is not known of a row is taken from each of them in turn. The time to explain rows does not depend on their
    /// number.
    ///
    /// # Errors
    /// `invalid_argument` for a background without rows or of another width.
    pub fn against(model: &Model, background: &FeatureMatrix) -> Result<Self> {
        if background.n_rows() == 0 || background.n_features() != model.plan.len() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the background has {} rows and {} columns, the model {} features",
                    background.n_rows(),
                    background.n_features(),
                    model.plan.len()
                ),
            )
            .with("argument", "background")
            .hint("give at least one row of the model's own features"));
        }
        Ok(Explainer::prepare(model, Some(background)))
    }

    fn prepare(model: &Model, background: Option<&FeatureMatrix>) -> Self {
        let scorer = Scorer::new(model);
        let (mut parts, mut term_means) = (Vec::new(), Vec::new());
        for component in &model.additive.components {
            term_means.push(match &component.part {
                Part::Trees(ensemble) => {
                    parts.push(TreesExplainer::new(component.weight, ensemble, background));
                    Vec::new()
                }
                Part::Terms(terms) => terms.iter().map(|t| background.map_or(t.mean, |b| mean_of(t, b))).collect(),
            });
        }
        let longest = parts.iter().map(TreesExplainer::longest).max().unwrap_or(0);
        let base_value = match background {
            Some(rows) => scorer.raw(rows).iter().sum::<f64>() / rows.n_rows() as f64,
            None => model.additive.base_value(),
        };
        let quadrature = Quadrature::new(longest);
        Explainer { scorer, parts, quadrature, base_value, term_means, background: background.is_some() }
    }

    /// What the model says about nobody in particular.
    pub fn base_value(&self) -> f64 {
        self.base_value
    }

    /// The model prepared for scoring.
    pub fn scorer(&self) -> &Scorer {
        &self.scorer
    }

    /// The SHAP values of one row, written to `out` (length n_features); returns the row's raw sum. The bits are those
    /// of [`explain`](Explainer::explain).
    ///
    /// # Errors
    /// `internal` where they do not add up within [`ADDITIVITY`].
    pub fn explain_row(&self, model: &Model, row: &[f64], out: &mut [f64]) -> Result<f64> {
        out.fill(0.0);
        self.add_terms(model, row, out);
        for part in &self.parts {
            part.add_row(row, &self.quadrature, out);
        }
        let raw = self.scorer.raw_row(row);
        self.check(raw, out)?;
        Ok(raw)
    }

    /// Adds the SHAP values of the univariate terms: a term's distance from its mean, which nothing else shares.
    fn add_terms(&self, model: &Model, row: &[f64], out: &mut [f64]) {
        for (component, means) in model.additive.components.iter().zip(&self.term_means) {
            if let Part::Terms(terms) = &component.part {
                for (term, mean) in terms.iter().zip(means) {
                    out[term.feature] += component.weight * (term.shape.value(row[term.feature]) - mean);
                }
            }
        }
    }

    fn check(&self, raw: f64, values: &[f64]) -> Result<()> {
        let sum = self.base_value + values.iter().sum::<f64>();
        if (sum - raw).abs() <= ADDITIVITY * raw.abs().max(1.0) {
            Ok(())
        } else {
            Err(Error::internal(format!("SHAP values add up to {sum}, the margin is {raw}")))
        }
    }

    /// The raw sums and the SHAP values (row-major, n_rows x n_features) of all rows, in their order; the same bits
    /// for any number of rows and threads.
    ///
    /// # Errors
    /// `internal` where a row does not add up within [`ADDITIVITY`].
    pub fn raw_and_values(&self, model: &Model, matrix: &FeatureMatrix) -> Result<(Vec<f64>, Vec<f64>)> {
        let (n, n_features) = (matrix.n_rows(), matrix.n_features());
        let mut values = vec![0.0; n * n_features];
        if n_features == 0 || n < FEW {
            let mut raws = vec![0.0; n];
            let mut rows = values.chunks_mut(n_features.max(1));
            for (r, raw) in raws.iter_mut().enumerate() {
                *raw = self.explain_row(model, matrix.row(r), rows.next().unwrap_or_default())?;
            }
            return Ok((raws, values));
        }
        let raws = self.scorer.raw(matrix);
        let rows = values.par_chunks_mut(n_features).enumerate().with_min_len(256);
        rows.for_each(|(r, out)| self.add_terms(model, matrix.row(r), out));
        for part in &self.parts {
            part.explain(matrix, &self.quadrature, self.scorer.arch(), &mut values);
        }
        let rows = values.par_chunks(n_features).zip(&raws).with_min_len(256);
        rows.try_for_each(|(values, &raw)| self.check(raw, values))?;
        Ok((raws, values))
    }

    /// The SHAP values of all rows, in their order; the same bits for any number of threads.
    ///
    /// # Errors
    /// `internal` where a row does not add up within [`ADDITIVITY`].
    pub fn explain(&self, model: &Model, matrix: &FeatureMatrix) -> Result<Explanation> {
        let (_, values) = self.raw_and_values(model, matrix)?;
        Ok(Explanation {
            values: Array2::from_shape_vec((matrix.n_rows(), matrix.n_features()), values)
                .map_err(|e| Error::internal("SHAP values of another shape").caused_by(e))?,
            base_value: self.base_value,
            data: matrix.view().to_owned(),
            feature_names: model.plan.features().iter().map(|f| f.name.clone()).collect(),
            told_as: model.plan.credit_indices().iter().map(|&i| model.plan.features()[i].name.clone()).collect(),
        })
    }
}

/// The mean of a term over rows.
fn mean_of(term: &Term, rows: &FeatureMatrix) -> f64 {
    let sum: f64 = (0..rows.n_rows()).map(|r| term.shape.value(rows.row(r)[term.feature])).sum();
    sum / rows.n_rows() as f64
}

/// Fails for a matrix of another width than the model's.
pub(crate) fn check_width(model: &Model, matrix: &FeatureMatrix) -> Result<()> {
    let wanted = model.plan.len();
    if matrix.n_features() == wanted {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        format!("the matrix has {} columns, the model {wanted} features", matrix.n_features()),
    )
    .with("argument", "matrix")
    .hint("give the features in the order of the model's feature names"))
}

#[cfg(test)]
mod tests;
