//! Fitting: typed table and labels to a [`Model`].
//!
//! Everything that is learnt (levels, knots, penalties, weights, calibration) is learnt inside the training rows;
//! the metrics of the model card come from rows that the fitted pipeline has not seen.

mod blend;
mod calibrate;
mod design;
mod forest;
mod logistic;
pub mod split;

use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureMatrix, FeaturePlan};
use crate::metrics;
use crate::model::{AdditiveModel, Calibrator, IntervalCurve, Metric, sigmoid};
use crate::progress::{Progress, ProgressFn};
use crate::schema::Profile;
use crate::table::Table;
use rayon::prelude::*;

pub use blend::Learner;

/// Fewest rows to learn from.
pub const MIN_ROWS: usize = 50;
/// Fewest rows of each class to learn from.
pub const MIN_CLASS_ROWS: usize = 10;

/// The calibrator and the interval that fit these labels and margins of a model that was not trained on them.
pub(crate) fn recalibrate(labels: &[bool], margins: &[f64]) -> (Calibrator, IntervalCurve) {
    (calibrate::calibrator(labels, margins), calibrate::interval(labels, margins))
}

/// A fitted pipeline without names and cards.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Table to features.
    pub plan: FeaturePlan,
    /// Features to margin.
    pub additive: AdditiveModel,
    /// Margin to probability.
    pub calibrator: Calibrator,
    /// Margin to interval.
    pub interval: IntervalCurve,
    /// What was chosen, in words.
    pub learner: String,
}

impl Fitted {
    /// Calibrated probabilities of a table.
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>> {
        let matrix = self.plan.transform(table)?;
        let margin = |r| self.additive.to_log_odds(self.additive.raw(matrix.row(r)));
        Ok((0..matrix.n_rows()).map(|r| self.calibrator.probability(margin(r))).collect())
    }
}

/// Labelled rows.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// The typed table, derived columns included.
    pub table: &'a Table,
    /// One label a row.
    pub labels: &'a [bool],
    /// The profile: identities and words.
    pub profile: &'a Profile,
    /// Columns that must not be features.
    pub exclude: &'a [&'a str],
}

/// Fails where there is too little to learn from.
pub fn check_enough(labels: &[bool]) -> Result<()> {
    let positive = labels.iter().filter(|&&y| y).count();
    let negative = labels.len() - positive;
    if positive == 0 || negative == 0 {
        return Err(Error::new(
            ErrorKind::SingleClass,
            format!(
                "the label is {} in all {} rows",
                if positive == 0 { "negative" } else { "positive" },
                labels.len()
            ),
        )
        .with("n_rows", labels.len())
        .hint("give rows of customers who left and of customers who stayed"));
    }
    if labels.len() < MIN_ROWS || positive.min(negative) < MIN_CLASS_ROWS {
        return Err(Error::new(
            ErrorKind::TooFewRows,
            format!("{} rows with {positive} positive labels are too few to learn from", labels.len()),
        )
        .with("n_rows", labels.len())
        .with("n_positive", positive)
        .hint(format!(
            "give at least {MIN_ROWS} rows with {MIN_CLASS_ROWS} of each label; until then use a pretrained model"
        )));
    }
    Ok(())
}

/// Fits a pipeline on labelled rows.
///
/// # Errors
/// `too_few_rows`, `single_class`, `feature_missing` where no column can be a feature.
pub fn fit(data: Labelled<'_>, learner: Learner, seed: u64) -> Result<Fitted> {
    check_enough(data.labels)?;
    let plan = FeaturePlan::fit(data.table, data.profile, data.exclude);
    if plan.is_empty() {
        return Err(Error::new(ErrorKind::FeatureMissing, "no column of the table can be a feature")
            .hint("give at least one column beside ids, personal data and the label, with two values or more"));
    }
    let matrix = plan.transform(data.table)?;
    let chosen = blend::fit(&plan, &matrix, data.labels, learner, seed)?;
    Ok(Fitted {
        plan,
        additive: chosen.additive,
        calibrator: chosen.calibrator,
        interval: chosen.interval,
        learner: chosen.description,
    })
}

/// Held-out metrics over folds.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    /// Mean and standard deviation over the folds.
    pub metrics: Vec<Metric>,
    /// The figures of each fold: (name, value).
    pub folds: Vec<Vec<(&'static str, f64)>>,
}

/// Fits on all folds but one, measures on that one, for each fold of each repeat.
///
/// # Errors
/// As [`fit`]; `cancelled`.
pub fn cross_validate(
    data: Labelled<'_>,
    repeats: &[Vec<usize>],
    learner: Learner,
    seed: u64,
    progress: Option<ProgressFn<'_>>,
) -> Result<CrossValidation> {
    let jobs: Vec<(&Vec<usize>, usize, u64)> = repeats
        .iter()
        .enumerate()
        .flat_map(|(r, folds)| {
            let k = folds.iter().max().map_or(0, |m| m + 1);
            (0..k).map(move |fold| (folds, fold, 1000 * r as u64 + fold as u64))
        })
        .collect();
    let done = std::sync::atomic::AtomicU64::new(0);
    let report = || {
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        progress.is_none_or(|p| p(Progress { stage: "cross-validation", done, total: jobs.len() as u64 }))
    };
    let folds = jobs
        .par_iter()
        .map(|&(folds, fold, offset)| {
            let (train, test): (Vec<usize>, Vec<usize>) = (0..data.labels.len()).partition(|&r| folds[r] != fold);
            let pick =
                |rows: &[usize]| (data.table.take(rows), rows.iter().map(|&r| data.labels[r]).collect::<Vec<_>>());
            let ((train_table, train_labels), (test_table, test_labels)) = (pick(&train), pick(&test));
            let fitted = fit(
                Labelled { table: &train_table, labels: &train_labels, ..data },
                learner,
                seed.wrapping_add(offset),
            )?;
            let probabilities = fitted.predict(&test_table)?;
            if report() { Ok(metrics::all(&test_labels, &probabilities)) } else { Err(cancelled()) }
        })
        .collect::<Result<Vec<_>>>()?;
    let metrics = folds[0]
        .iter()
        .enumerate()
        .map(|(i, (name, _))| {
            let (mean, sd) = metrics::mean_sd(&folds.iter().map(|f| f[i].1).collect::<Vec<_>>());
            Metric { name: (*name).to_owned(), mean, sd }
        })
        .collect();
    Ok(CrossValidation { metrics, folds })
}

/// The error of a call that its caller stopped.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "stopped by the caller before it was done")
        .hint("nothing was changed; call again to start over")
}

/// Log loss of margins through the sigmoid.
fn margin_log_loss(labels: &[bool], margins: &[f64]) -> f64 {
    let probabilities: Vec<f64> = margins.iter().map(|&m| sigmoid(m)).collect();
    metrics::log_loss(labels, &probabilities)
}

/// Rows of a matrix and their labels.
fn take(matrix: &FeatureMatrix, labels: &[bool], rows: &[usize]) -> (FeatureMatrix, Vec<bool>) {
    (matrix.take(rows), rows.iter().map(|&r| labels[r]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explainer;
    use crate::model::Part;
    use crate::table::{Column, ColumnData, Places};
    use rand_chacha::rand_core::RngCore;

    /// Customers whose risk is an exclusive-or of plan and region, which no sum of single effects can tell, with
    /// some values missing.
    fn customers(n: usize) -> (Table, Vec<bool>) {
        let mut rng = split::random(11);
        let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let (mut plan, mut region, mut usage, mut labels) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            let (a, b) = (uniform() < 0.5, uniform() < 0.5);
            plan.push(Some(if a { "Basic" } else { "Pro" }));
            region.push(Some(if b { "North" } else { "South" }));
            usage.push((uniform() > 0.1).then_some(uniform() * 40.0));
            labels.push(uniform() < if a == b { 0.1 } else { 0.7 });
        }
        let column = |name: &str, data| Column { name: name.into(), canonical: false, source: name.into(), data };
        let columns = vec![
            column("a", ColumnData::text(plan)),
            column("b", ColumnData::text(region)),
            column("c", ColumnData::numbers(usage)),
        ];
        (Table::new(columns, n, Places::Items), labels)
    }

    fn fitted(learner: Learner, threads: usize) -> (Fitted, Table, Vec<bool>) {
        let (table, labels) = customers(800);
        let profile = Profile::shipped("generic").expect("profile");
        let (train, test): (Vec<usize>, Vec<usize>) = (0..800).partition(|r| r % 4 != 0);
        let pick = |rows: &[usize]| (table.take(rows), rows.iter().map(|&r| labels[r]).collect::<Vec<_>>());
        let ((train, train_labels), (test, test_labels)) = (pick(&train), pick(&test));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let data = Labelled { table: &train, labels: &train_labels, profile: &profile, exclude: &[] };
        (pool.install(|| fit(data, learner, 5)).expect("fit"), test, test_labels)
    }

    #[test]
    fn a_forest_sees_what_a_sum_of_effects_cannot_and_auto_takes_it() {
        let auc = |learner| {
            let (fitted, test, labels) = fitted(learner, 2);
            metrics::auc(&labels, &fitted.predict(&test).expect("predict"))
        };
        let (logistic, forest, auto) = (auc(Learner::Logistic), auc(Learner::Forest), auc(Learner::Auto));
        assert!(logistic < 0.62, "{logistic}");
        assert!(forest > 0.72, "{forest}");
        assert!(auto > forest - 0.02, "auto {auto}, forest {forest}");
    }

    #[test]
    fn a_forest_is_the_same_on_any_number_of_threads_and_explains_exactly() {
        let (one, test, _) = fitted(Learner::Forest, 1);
        let (five, _, _) = fitted(Learner::Forest, 5);
        assert_eq!((&one.additive, &one.calibrator), (&five.additive, &five.calibrator));
        assert!(one.additive.components.iter().any(|c| matches!(c.part, Part::Trees(_))));
        let mut model = crate::model::testing::small_model();
        (model.plan, model.additive) = (one.plan.clone(), one.additive);
        model.check().expect("a valid model");
        let matrix = one.plan.transform(&test).expect("matrix");
        // Fails by itself where a row does not add up.
        let explanation = Explainer::new(&model).explain(&model, &matrix).expect("additive");
        assert!(explanation.values.iter().any(|v| v.abs() > 0.1));
        let again = crate::model::Model::from_bytes(&model.to_bytes().expect("write")).expect("read");
        assert_eq!(again, model);
    }
}
