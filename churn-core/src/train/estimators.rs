//! The learners as linfa estimators, on matrices of numbers; NaN is missing.
//!
//! ```
//! use churn_core::train::{BoostingParams, ClassifierParams};
//! use linfa::prelude::*;
//! use ndarray::{Array1, Array2};
//!
//! let x = Array2::from_shape_fn((200, 2), |(i, j)| ((i * (j + 3)) % 40) as f64);
//! let y = Array1::from_shape_fn(200, |i| x[(i, 0)] > 20.0);
//! let data = Dataset::new(x.clone(), y);
//! let boosting = BoostingParams { rounds: 50, ..BoostingParams::default() }.fit(&data)?;
//! let mixture = ClassifierParams::default().fit(&data)?;
//! let p = mixture.predict_probabilities(&x);
//! assert!(p[0] < 0.5 && p[13] > 0.5);
//! let labels: Array1<bool> = boosting.predict(&x);
//! assert_eq!((labels[0], labels[13]), (false, true));
//! # Ok::<(), churn_core::Error>(())
//! ```

use super::boosting::{self, Binned, Params, Sample};
use super::{Learner, Settings, check_classes, learn};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan, FeatureSpec};
use crate::model::{AdditiveModel, Calibrator, Component, Part, Space, TreeEnsemble};
use linfa::dataset::AsSingleTargets;
use linfa::prelude::*;
use ndarray::{Array1, ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

/// Gradient boosting with fixed settings, on numbers and categories.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostingParams {
    /// Trees, 1 at least.
    pub rounds: usize,
    /// Factor of each tree's values, above 0.
    pub learning_rate: f64,
    /// Most splits between root and leaf, 1 to 12.
    pub depth: usize,
    /// Most leaves of trees that grow leaf by leaf, 2 at least; symmetric trees (one split a level) where `None`.
    pub leaves: Option<usize>,
    /// L2 penalty of leaf values, in units of curvature, 0 or more.
    pub ridge: f64,
    /// Least curvature of a leaf; without effect on symmetric trees.
    pub min_child_weight: f64,
    /// Most bins of a column, missing included, 4 to 256.
    pub max_bins: usize,
    /// Share of the rows that each tree learns from, above 0.
    pub rows: f64,
    /// Share of the columns that each tree sees, above 0.
    pub columns: f64,
    /// Columns that hold category codes: whole numbers from 0 to 63.
    pub categories: Vec<usize>,
    /// By column: 1 where the probability must not fall as the number rises, -1 where it must not rise, 0 else; empty
    /// for no constraints.
    pub monotone: Vec<i8>,
    /// Seed of the sampling.
    pub seed: u64,
}

impl Default for BoostingParams {
    fn default() -> Self {
        BoostingParams {
            rounds: 300,
            learning_rate: 0.05,
            depth: 4,
            leaves: None,
            ridge: 1.0,
            min_child_weight: 1.0,
            max_bins: 256,
            rows: 0.8,
            columns: 0.8,
            categories: Vec::new(),
            monotone: Vec::new(),
            seed: 0,
        }
    }
}

/// Any of the learners, chosen, calibrated and refitted as [`fit`](super::fit) does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassifierParams {
    /// Learner.
    pub learner: Learner,
    /// Seed of everything random.
    pub seed: u64,
    /// As in [`Settings`].
    pub time_budget: Option<f64>,
}

/// A fitted estimator.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedClassifier {
    additive: AdditiveModel,
    calibrator: Calibrator,
    n_columns: usize,
}

/// Levels that a column of codes may have.
const MOST_CODES: usize = 64;

fn wrong(argument: &'static str, message: impl Into<String>, hint: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message.into()).with("argument", argument).hint(hint)
}

/// Columns of numbers, and of as many codes as are found in them.
fn plan(matrix: ArrayView2<'_, f64>, categories: &[usize]) -> Result<FeaturePlan> {
    let kind = |column: usize| {
        if !categories.contains(&column) {
            return Ok(FeatureKind::Number);
        }
        let known = matrix.column(column).iter().copied().filter(|x| !x.is_nan()).fold(0.0, f64::max);
        if known >= MOST_CODES as f64 {
            let message = format!("column {column} holds the code {known}: codes go from 0 to {}", MOST_CODES - 1);
            return Err(wrong("categories", message, "pool rare levels, or give the column as a number"));
        }
        Ok(FeatureKind::Category { levels: (0..=known as usize).map(|code| code.to_string()).collect() })
    };
    let spec = |column: usize| {
        let name = format!("column {column:06}");
        let (readable, credit_to, kind) = (name.clone(), name.clone(), kind(column)?);
        Ok(FeatureSpec { name, readable, unit: None, credit_to, kind })
    };
    Ok(FeaturePlan::new((0..matrix.ncols()).map(spec).collect::<Result<_>>()?))
}

/// Labels and weights of a dataset.
fn rows<D, T>(data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<(Vec<bool>, Option<Vec<f64>>)>
where
    D: Data<Elem = f64>,
    T: AsSingleTargets<Elem = bool>,
{
    let labels = data.as_single_targets().to_vec();
    let weights = data.weights().map(|w| w.iter().map(|&w| f64::from(w)).collect::<Vec<_>>());
    if labels.len() != data.records.nrows() || weights.as_ref().is_some_and(|w| w.len() != labels.len()) {
        return Err(wrong("dataset", "targets or weights are not as many as rows", "give one for each row"));
    }
    if weights.as_ref().is_some_and(|w| !w.iter().all(|w| w.is_finite() && *w >= 0.0)) {
        return Err(wrong("dataset", "a weight is not a number of 0 or more", "give finite numbers of 0 or more"));
    }
    check_classes(&labels)?;
    Ok((labels, weights))
}

impl From<linfa::Error> for Error {
    fn from(error: linfa::Error) -> Self {
        Error::internal("linfa refuses the data").caused_by(error)
    }
}

impl BoostingParams {
    fn check(&self, n_columns: usize) -> Result<()> {
        let fits = self.rounds > 0
            && self.learning_rate > 0.0
            && (1..=12).contains(&self.depth)
            && self.leaves.is_none_or(|l| l > 1)
            && self.ridge >= 0.0
            && self.min_child_weight >= 0.0
            && (4..=256).contains(&self.max_bins)
            && self.rows > 0.0
            && self.columns > 0.0
            && self.categories.iter().all(|c| *c < n_columns)
            && (self.monotone.is_empty() || self.monotone.len() == n_columns);
        if fits { Ok(()) } else { Err(wrong("params", "a setting of boosting is out of range", "see BoostingParams")) }
    }
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, Error> for BoostingParams
where
    D: Data<Elem = f64>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = FittedClassifier;

    /// # Errors
    /// `invalid_argument` for settings, codes or weights out of range, `single_class`.
    fn fit(&self, data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<FittedClassifier> {
        self.check(data.records.ncols())?;
        let (labels, weights) = rows(data)?;
        let plan = plan(data.records.view(), &self.categories)?;
        let binned = Binned::new(&plan, data.records.view(), self.max_bins);
        let sample = Sample { binned: &binned, labels: &labels, weights: weights.as_deref(), offset: None };
        let params = Params {
            rounds: self.rounds,
            learning_rate: self.learning_rate,
            depth: self.depth,
            leaves: self.leaves.unwrap_or(usize::MAX),
            symmetric: self.leaves.is_none(),
            ridge: self.ridge,
            min_child_weight: self.min_child_weight,
            rows: self.rows.min(1.0),
            columns: self.columns.min(1.0),
            monotone: self.monotone.clone(),
            ..Params::default()
        };
        let all: Vec<u32> = (0..labels.len() as u32).collect();
        // In the pool: a thread outside of it would be woken for every histogram.
        let boosted = rayon::scope(|_| boosting::boost(sample, &all, &[], &params, self.seed, |_, _| true));
        let part = Part::Trees(TreeEnsemble { trees: boosted.trees });
        let components = vec![Component { name: "boosting".to_owned(), weight: 1.0, part }];
        Ok(FittedClassifier {
            additive: AdditiveModel { space: Space::LogOdds, intercept: boosted.intercept, components },
            calibrator: Calibrator::Identity,
            n_columns: plan.len(),
        })
    }
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, Error> for ClassifierParams
where
    D: Data<Elem = f64>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = FittedClassifier;

    /// # Errors
    /// `single_class`, `invalid_argument`.
    fn fit(&self, data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<FittedClassifier> {
        let (labels, weights) = rows(data)?;
        let settings = Settings {
            learner: self.learner,
            seed: self.seed,
            time_budget: self.time_budget,
            prior: None,
            few_rows: true,
        };
        let matrix = FeatureMatrix::new(data.records.to_owned());
        let plan = plan(matrix.view(), &[])?;
        let n_columns = plan.len();
        let fitted = learn(plan, &matrix, &labels, weights.as_deref(), None, &settings)?;
        Ok(FittedClassifier { additive: fitted.additive, calibrator: fitted.calibrator, n_columns })
    }
}

impl FittedClassifier {
    /// The probability of each row, 0 to 1, length n_rows; NaN where the matrix has another number of columns.
    pub fn predict_probabilities<D: Data<Elem = f64>>(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        if x.ncols() != self.n_columns {
            return Array1::from_elem(x.nrows(), f64::NAN);
        }
        let rows = FeatureMatrix::new(x.to_owned());
        let one = |r| self.calibrator.probability(self.additive.to_log_odds(self.additive.raw(rows.row(r))));
        (0..rows.n_rows()).into_par_iter().map(one).collect::<Vec<f64>>().into()
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<bool>> for FittedClassifier {
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<bool>) {
        y.zip_mut_with(&self.predict_probabilities(x), |y, &p| *y = p >= 0.5);
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<bool> {
        Array1::from_elem(x.nrows(), false)
    }
}
