//! Which learner, or how much of each: decided by out-of-fold log loss inside the training rows.

use super::{calibrate, forest, logistic, margin_log_loss, take};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureMatrix, FeaturePlan};
use crate::model::{AdditiveModel, Calibrator, IntervalCurve};

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Learner {
    /// Logistic regression and forest, weighed by cross-validated log loss.
    #[default]
    Auto,
    /// Logistic regression with linear splines.
    Logistic,
    /// A forest.
    Forest,
}

impl Learner {
    const ALL: [Learner; 3] = [Learner::Auto, Learner::Logistic, Learner::Forest];

    /// The learner's name.
    pub fn name(self) -> &'static str {
        match self {
            Learner::Auto => "auto",
            Learner::Logistic => "logistic",
            Learner::Forest => "forest",
        }
    }

    /// The learner of this name.
    ///
    /// # Errors
    /// `invalid_argument`, listing the learners there are.
    pub fn parse(name: &str) -> Result<Learner> {
        Learner::ALL.into_iter().find(|l| l.name() == name).ok_or_else(|| {
            let all: Vec<_> = Learner::ALL.iter().map(|l| l.name()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("there is no learner '{name}'"))
                .with("argument", "learner")
                .hint(format!("use one of: {}", all.join(", ")))
        })
    }
}

/// The chosen model.
pub(super) struct Chosen {
    pub additive: AdditiveModel,
    pub calibrator: Calibrator,
    pub interval: IntervalCurve,
    pub description: String,
}

/// A candidate: its margins on rows it has not seen, and the model on all rows.
struct Candidate {
    margins: Vec<f64>,
    model: AdditiveModel,
    description: String,
}

pub(super) fn fit(
    plan: &FeaturePlan,
    matrix: &FeatureMatrix,
    labels: &[bool],
    learner: Learner,
    seed: u64,
) -> Result<Chosen> {
    let folds = logistic::inner_folds(labels, seed);
    let (margins, additive, description) = match learner {
        Learner::Logistic => logistic_candidate(plan, matrix, labels, &folds)?.into_parts(),
        Learner::Forest => forest_candidate(plan, matrix, labels, &folds, seed)?.into_parts(),
        Learner::Auto => {
            let a = logistic_candidate(plan, matrix, labels, &folds)?;
            let b = forest_candidate(plan, matrix, labels, &folds, seed)?;
            mix(labels, a, b)
        }
    };
    Ok(Chosen {
        additive,
        calibrator: calibrate::calibrator(labels, &margins),
        interval: calibrate::interval(labels, &margins),
        description,
    })
}

impl Candidate {
    fn into_parts(self) -> (Vec<f64>, AdditiveModel, String) {
        (self.margins, self.model, self.description)
    }
}

fn logistic_candidate(
    plan: &FeaturePlan,
    matrix: &FeatureMatrix,
    labels: &[bool],
    folds: &[usize],
) -> Result<Candidate> {
    let (penalty, margins) = logistic::choose_penalty(plan, matrix, labels, folds)?;
    let model = logistic::fit(plan, matrix, labels, penalty)?;
    Ok(Candidate { margins, model, description: format!("logistic regression with linear splines (ridge {penalty})") })
}

fn forest_candidate(
    plan: &FeaturePlan,
    matrix: &FeatureMatrix,
    labels: &[bool],
    folds: &[usize],
    seed: u64,
) -> Result<Candidate> {
    let k = folds.iter().max().map_or(1, |m| m + 1);
    let mut margins = vec![0.0; labels.len()];
    for fold in 0..k {
        let (train, test): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&r| folds[r] != fold);
        let (train_matrix, train_labels) = take(matrix, labels, &train);
        let model = forest::fit(plan, &train_matrix, &train_labels, seed)?;
        for row in test {
            margins[row] = model.raw(matrix.row(row));
        }
    }
    // Averaged log-odds are drawn towards the middle; stretching them back is part of the learner.
    let mut model = forest::fit(plan, matrix, labels, seed)?;
    if let Some(Calibrator::Platt { slope, intercept }) = calibrate::platt(labels, &margins) {
        scale(&mut model, slope);
        model.intercept += intercept;
        margins.iter_mut().for_each(|m| *m = slope * *m + intercept);
    }
    let n_trees = forest::TREES;
    Ok(Candidate { margins, model, description: format!("forest of {n_trees} trees") })
}

fn scale(model: &mut AdditiveModel, factor: f64) {
    model.intercept *= factor;
    model.components.iter_mut().for_each(|c| c.weight *= factor);
}

/// How much less log loss, in nats, a mixture must have to be worth its second part.
const WORTH_MIXING: f64 = 0.001;

/// The better of the two, or the weighted mean of their margins where that loses clearly less out of fold.
fn mix(labels: &[bool], a: Candidate, b: Candidate) -> (Vec<f64>, AdditiveModel, String) {
    let blend = |w: f64| -> Vec<f64> { a.margins.iter().zip(&b.margins).map(|(x, y)| w * x + (1.0 - w) * y).collect() };
    let losses: Vec<f64> = (0..=10).map(|i| margin_log_loss(labels, &blend(f64::from(i) / 10.0))).collect();
    let best = (0..=10).min_by(|&i, &j| losses[i].total_cmp(&losses[j])).unwrap_or(10);
    let single = if losses[10] <= losses[0] { 10 } else { 0 };
    let chosen = if losses[best] + WORTH_MIXING < losses[single] { best } else { single };
    match chosen {
        10 => a.into_parts(),
        0 => b.into_parts(),
        _ => {
            let w = chosen as f64 / 10.0;
            let margins = blend(w);
            let description = format!("{w:.1} x {} + {:.1} x {}", a.description, 1.0 - w, b.description);
            let (mut model, mut other) = (a.model, b.model);
            scale(&mut model, w);
            scale(&mut other, 1.0 - w);
            model.intercept += other.intercept;
            model.components.append(&mut other.components);
            (margins, model, description)
        }
    }
}
