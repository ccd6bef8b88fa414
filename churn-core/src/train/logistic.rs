//! Logistic regression with linear splines, on linfa-logistic; the result is one univariate term a feature.
//!
//! A number enters as itself and as hinges at its inner quantiles, so its effect may bend; a category as one
//! indicator a level; missing as an effect of its own. All columns share one ridge penalty, chosen by
//! cross-validated log loss.

use super::design::{has_missing, sorted_values};
use super::{margin_log_loss, split, take};
use crate::error::{Error, Result};
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan};
use crate::model::{AdditiveModel, Component, Part, Shape, Space, Term};
use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

/// Ridge penalties that are tried, strongest first: each fit starts from the one before.
const PENALTIES: [f64; 6] = [100.0, 30.0, 10.0, 3.0, 1.0, 0.3];
/// Largest gradient that counts as none, a row: linfa's loss is a sum over the rows.
const TOLERANCE: f64 = 1e-5;
/// Inner quantiles at which a number's effect may bend.
const QUANTILES: [f64; 6] = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95];

/// One column of the design, with its scale.
enum Column {
    /// `(clamp(x, first, last) - center) / scale`.
    Linear { feature: usize, first: f64, last: f64, center: f64, scale: f64 },
    /// `(max(0, clamp(x, .., last) - knot) - center) / scale`.
    Hinge { feature: usize, knot: f64, last: f64, center: f64, scale: f64 },
    /// 1 for the code.
    Level { feature: usize, code: usize },
    /// 1 for missing.
    Missing { feature: usize },
}

impl Column {
    fn value(&self, row: &[f64]) -> f64 {
        match *self {
            Column::Linear { feature, first, last, center, scale } => {
                let x = row[feature];
                if x.is_nan() { 0.0 } else { (x.clamp(first, last) - center) / scale }
            }
            Column::Hinge { feature, knot, last, center, scale } => {
                let x = row[feature];
                if x.is_nan() { 0.0 } else { ((x.min(last) - knot).max(0.0) - center) / scale }
            }
            Column::Level { feature, code } => f64::from(u8::from(row[feature] == code as f64)),
            Column::Missing { feature } => f64::from(u8::from(row[feature].is_nan())),
        }
    }
}

/// The columns and the knots of each number.
struct Basis {
    columns: Vec<Column>,
    knots: Vec<Vec<f64>>,
}

fn basis(plan: &FeaturePlan, matrix: &FeatureMatrix) -> Basis {
    let mut columns = Vec::new();
    let mut knots = vec![Vec::new(); plan.len()];
    for (feature, spec) in plan.features().iter().enumerate() {
        match &spec.kind {
            FeatureKind::Number | FeatureKind::Boolean => {
                let values = sorted_values(matrix, feature);
                if let (Some(&first), Some(&last)) = (values.first(), values.last())
                    && first < last
                {
                    let (center, scale) = moments(values.iter().copied());
                    columns.push(Column::Linear { feature, first, last, center, scale });
                    let mut bends: Vec<f64> =
                        QUANTILES.iter().map(|q| values[(q * (values.len() - 1) as f64) as usize]).collect();
                    bends.dedup();
                    bends.retain(|&b| first < b && b < last);
                    for &knot in &bends {
                        let (center, scale) = moments(values.iter().map(|v| (v - knot).max(0.0)));
                        columns.push(Column::Hinge { feature, knot, last, center, scale });
                    }
                    knots[feature] = std::iter::once(first).chain(bends).chain([last]).collect();
                }
            }
            FeatureKind::Category { levels } => {
                columns.extend((0..=levels.len()).map(|code| Column::Level { feature, code }));
            }
        }
        if has_missing(matrix, feature) {
            columns.push(Column::Missing { feature });
        }
    }
    Basis { columns, knots }
}

fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt().max(1e-12))
}

impl Basis {
    fn design(&self, matrix: &FeatureMatrix) -> Array2<f64> {
        Array2::from_shape_fn((matrix.n_rows(), self.columns.len()), |(r, c)| self.columns[c].value(matrix.row(r)))
    }
}

/// A design with its labels, and the fit to start the next one from.
struct Problem {
    basis: Basis,
    dataset: Dataset<f64, bool, ndarray::Ix1>,
    start: Option<Array1<f64>>,
}

impl Problem {
    fn new(plan: &FeaturePlan, matrix: &FeatureMatrix, labels: &[bool]) -> Problem {
        let basis = basis(plan, matrix);
        let dataset = Dataset::new(basis.design(matrix), Array1::from_iter(labels.iter().copied()));
        Problem { basis, dataset, start: None }
    }

    /// Coefficients for a positive label, and the intercept.
    fn solve(&mut self, penalty: f64) -> Result<(Array1<f64>, f64)> {
        let mut parameters = LogisticRegression::default()
            .alpha(penalty)
            .max_iterations(200)
            .gradient_tolerance(TOLERANCE * self.dataset.nsamples() as f64);
        if let Some(start) = self.start.take() {
            parameters = parameters.initial_params(start);
        }
        let fitted = parameters
            .fit(&self.dataset)
            .map_err(|e| Error::internal("logistic regression failed").caused_by(e.to_string()))?;
        let mut all = fitted.params().to_vec();
        all.push(fitted.intercept());
        self.start = Some(Array1::from_vec(all));
        // linfa calls the more frequent class positive.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        Ok((fitted.params() * sign, fitted.intercept() * sign))
    }
}

/// Logistic regression with the given penalty, as an additive model.
pub(super) fn fit(plan: &FeaturePlan, matrix: &FeatureMatrix, labels: &[bool], penalty: f64) -> Result<AdditiveModel> {
    let mut problem = Problem::new(plan, matrix, labels);
    let (weights, intercept) = problem.solve(penalty)?;
    let basis = problem.basis;
    let n = matrix.n_rows() as f64;
    let mut terms = Vec::new();
    for feature in 0..plan.len() {
        // A row that lacks everything but this feature: the columns of the feature alone respond to it.
        let effect = |x: f64| {
            let mut row = vec![f64::NAN; plan.len()];
            row[feature] = x;
            let own = basis.columns.iter().zip(&weights).filter(|(c, _)| c.feature() == feature);
            own.map(|(c, w)| c.value(&row) * w).sum::<f64>()
        };
        let column = matrix.view().column(feature).to_owned();
        let known = || column.iter().copied().filter(|x| !x.is_nan());
        let shape = match &plan.features()[feature].kind {
            FeatureKind::Number | FeatureKind::Boolean => {
                let knots = basis.knots[feature].clone();
                if knots.is_empty() {
                    continue;
                }
                let values = knots.iter().map(|&k| effect(k)).collect();
                Shape::Piecewise { knots, values, missing: effect(f64::NAN) }
            }
            FeatureKind::Category { levels } => {
                let values: Vec<f64> = (0..levels.len()).map(|code| effect(code as f64)).collect();
                let mean = known().map(effect).sum::<f64>() / known().count().max(1) as f64;
                // A level or a gap that training never saw says nothing: it counts as average.
                let other = if known().any(|x| x == levels.len() as f64) { effect(levels.len() as f64) } else { mean };
                let missing = if has_missing(matrix, feature) { effect(f64::NAN) } else { mean };
                Shape::Levels { values, other, missing }
            }
        };
        let mean = column.iter().map(|&x| shape.value(x)).sum::<f64>() / n;
        terms.push(Term { feature, shape, mean });
    }
    let component = Component { name: "logistic".to_owned(), weight: 1.0, part: Part::Terms(terms) };
    Ok(AdditiveModel { space: Space::LogOdds, intercept, components: vec![component] })
}

impl Column {
    fn feature(&self) -> usize {
        match *self {
            Column::Linear { feature, .. }
            | Column::Hinge { feature, .. }
            | Column::Level { feature, .. }
            | Column::Missing { feature } => feature,
        }
    }
}

/// The penalty with the least cross-validated log loss, and the out-of-fold margins under it.
pub(super) fn choose_penalty(
    plan: &FeaturePlan,
    matrix: &FeatureMatrix,
    labels: &[bool],
    folds: &[usize],
) -> Result<(f64, Vec<f64>)> {
    let k = folds.iter().max().map_or(1, |m| m + 1);
    let mut margins = vec![vec![0.0; labels.len()]; PENALTIES.len()];
    for fold in 0..k {
        let (train, test): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&r| folds[r] != fold);
        let (train_matrix, train_labels) = take(matrix, labels, &train);
        let mut problem = Problem::new(plan, &train_matrix, &train_labels);
        let held_out = problem.basis.design(&matrix.take(&test));
        for (out, &penalty) in margins.iter_mut().zip(&PENALTIES) {
            let (weights, intercept) = problem.solve(penalty)?;
            for (&row, margin) in test.iter().zip(held_out.dot(&weights)) {
                out[row] = margin + intercept;
            }
        }
    }
    let losses = PENALTIES.iter().zip(margins).map(|(&penalty, m)| (margin_log_loss(labels, &m), penalty, m));
    let best = losses.min_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, penalty, margins)| (penalty, margins)).ok_or_else(|| Error::internal("no penalty was tried"))
}

/// Folds for choosing: fewer where a class is rare.
pub(super) fn inner_folds(labels: &[bool], seed: u64) -> Vec<usize> {
    let rarer = labels.iter().filter(|&&y| y).count().min(labels.iter().filter(|&&y| !y).count());
    split::stratified(labels, if rarer < 30 { 3 } else { 5 }, seed)
}
