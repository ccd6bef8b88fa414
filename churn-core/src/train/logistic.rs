//! Logistic regression with linear splines; the result is one univariate term a feature.
//!
//! A number enters as itself and as hinges at its inner quantiles, so its effect may bend; a category as one
//! indicator a level; missing as an effect of its own. All columns share one ridge penalty, chosen by
//! cross-validated log loss. Newton's method solves it (`newton`); linfa-logistic where there are too many columns
//! for a Hessian.

use super::Rows;
use super::design::{has_missing, sorted_values};
use super::newton::{Coefficients, Design};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan};
use crate::model::{AdditiveModel, Component, Part, Shape, Space, Term};
use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

/// Ridge penalties that are tried, strongest first: each fit starts from the one before.
pub(super) const PENALTIES: [f64; 6] = [100.0, 30.0, 10.0, 3.0, 1.0, 0.3];
/// Largest gradient that counts as none, a row: linfa's loss is a sum over the rows.
const TOLERANCE: f64 = 1e-5;
/// Inner quantiles at which a number's effect may bend.
const QUANTILES: [f64; 6] = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95];
/// Columns beyond which numbers bend less often: many numbers share what the rows can tell.
pub(super) const MOST_BENT_COLUMNS: usize = 240;

/// Where numbers may bend, so that all columns together are not too many.
fn quantiles(plan: &FeaturePlan, matrix: &FeatureMatrix) -> Vec<f64> {
    let (mut numbers, mut others) = (0, 0);
    for (feature, spec) in plan.features().iter().enumerate() {
        match &spec.kind {
            FeatureKind::Category { levels } => others += levels.len() + 1,
            FeatureKind::Boolean => others += 1,
            FeatureKind::Number => numbers += 1,
        }
        others += usize::from(has_missing(matrix, feature));
    }
    let bends = MOST_BENT_COLUMNS.saturating_sub(others + numbers) / numbers.max(1);
    if bends >= QUANTILES.len() {
        return QUANTILES.to_vec();
    }
    (1..=bends).map(|i| i as f64 / (bends + 1) as f64).collect()
}

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
    let quantiles = quantiles(plan, matrix);
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
                        quantiles.iter().map(|q| values[(q * (values.len() - 1) as f64) as usize]).collect();
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
    fn columns(&self, matrix: &FeatureMatrix, rows: &[u32]) -> Vec<Vec<f64>> {
        let cells = |c: &Column| rows.iter().map(|&r| c.value(matrix.row(r as usize))).collect();
        self.columns.par_iter().map(cells).collect()
    }
}

/// Most columns that Newton's method is used for: its work grows with their square.
pub(super) const MOST_NEWTON_COLUMNS: usize = 400;

/// Coefficients under one penalty, from those under the one before.
fn solve(design: &Design<'_>, penalty: f64, start: Coefficients) -> Result<Coefficients> {
    if design.columns.len() <= MOST_NEWTON_COLUMNS {
        return Ok(design.solve(penalty, start));
    }
    wide(design, penalty, start)
}

/// The same for wide designs, by linfa's quasi-Newton solver, which never holds a Hessian. It knows no weights: rows
/// are repeated instead.
fn wide(design: &Design<'_>, penalty: f64, start: Coefficients) -> Result<Coefficients> {
    if design.offset.is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "logistic regression with a prior takes 400 columns at most")
            .with("n_columns", design.columns.len())
            .hint("use another learner, or no prior"));
    }
    let rows: Vec<usize> = match &design.weights {
        None => (0..design.labels.len()).collect(),
        Some(weights) => {
            let mean = weights.iter().sum::<f64>() / weights.len() as f64;
            let copies = |w: f64| if w > 0.0 { (w / mean).round().clamp(1.0, 50.0) as usize } else { 0 };
            weights.iter().enumerate().flat_map(|(r, &w)| std::iter::repeat_n(r, copies(w))).collect()
        }
    };
    let shape = (rows.len(), design.columns.len());
    let records = Array2::from_shape_fn(shape, |(r, c)| design.columns[c][rows[r]]);
    let targets = Array1::from_iter(rows.iter().map(|&r| design.labels[r]));
    let first = Array1::from_iter(start.columns.into_iter().chain([start.intercept]));
    // linfa calls the more frequent class positive.
    let positive = targets.iter().filter(|&&y| y).count() * 2 > rows.len();
    let fitted = LogisticRegression::default()
        .alpha(penalty)
        .max_iterations(100)
        .gradient_tolerance(TOLERANCE * rows.len() as f64)
        .initial_params(if positive { first } else { -first })
        .fit(&Dataset::new(records, targets))
        .map_err(|e| Error::internal("logistic regression failed").caused_by(e.to_string()))?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(Coefficients { columns: (fitted.params() * sign).to_vec(), intercept: fitted.intercept() * sign })
}

fn design<'a>(basis: &Basis, data: &Rows<'_>, rows: &[u32], offset: Option<&'a [f64]>) -> Design<'a> {
    Design {
        columns: basis.columns(data.matrix, rows),
        labels: rows.iter().map(|&r| data.labels[r as usize]).collect(),
        weights: data.weights.map(|w| rows.iter().map(|&r| w[r as usize]).collect()),
        offset,
    }
}

/// Logistic regression with the given penalty on all rows, as an additive model.
pub(super) fn fit(data: &Rows<'_>, penalty: f64) -> Result<AdditiveModel> {
    let Rows { plan, matrix, .. } = *data;
    let basis = basis(plan, matrix);
    let rows: Vec<u32> = (0..matrix.n_rows() as u32).collect();
    let start = Coefficients { columns: vec![0.0; basis.columns.len()], intercept: 0.0 };
    let Coefficients { columns: weights, intercept } =
        solve(&design(&basis, data, &rows, data.offset), penalty, start)?;
    let weight = |r: usize| data.weights.map_or(1.0, |w| w[r]);
    let total: f64 = (0..matrix.n_rows()).map(weight).sum();
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
        let mean = column.iter().enumerate().map(|(r, &x)| weight(r) * shape.value(x)).sum::<f64>() / total;
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

/// Margins of the rows of `test` after learning from those of `train`, under each penalty.
pub(super) fn path(data: &Rows<'_>, train: &[u32], test: &[u32]) -> Result<Vec<Vec<f64>>> {
    let rows: Vec<usize> = train.iter().map(|&r| r as usize).collect();
    let basis = basis(data.plan, &data.matrix.take(&rows));
    let offset: Option<Vec<f64>> = data.offset.map(|o| rows.iter().map(|&r| o[r]).collect());
    let design = design(&basis, data, train, offset.as_deref());
    let held_out = basis.columns(data.matrix, test);
    let mut at = Coefficients { columns: vec![0.0; basis.columns.len()], intercept: 0.0 };
    let mut out = Vec::with_capacity(PENALTIES.len());
    for &penalty in &PENALTIES {
        at = solve(&design, penalty, at)?;
        let mut margins: Vec<f64> =
            test.iter().map(|&r| at.intercept + data.offset.map_or(0.0, |o| o[r as usize])).collect();
        for (column, w) in held_out.iter().zip(&at.columns) {
            margins.iter_mut().zip(column).for_each(|(m, x)| *m += w * x);
        }
        out.push(margins);
    }
    Ok(out)
}
