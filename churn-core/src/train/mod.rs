//! Fitting: typed table and labels to a [`Model`].
//!
//! Everything that is learnt (levels, knots, penalties, weights, calibration) is learnt inside the training rows;
//! the metrics of the model card come from rows that the fitted pipeline has not seen.

mod auto;
mod boosting;
mod calibrate;
mod candidates;
mod design;
mod estimators;
mod forest;
mod interval;
mod logistic;
mod newton;
mod order;
mod prior;
pub mod split;
mod stack;

use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureMatrix, FeaturePlan};
use crate::metrics;
use crate::model::{AdditiveModel, Calibrator, IntervalCurve, Metric};
use crate::progress::{Progress, ProgressFn};
use crate::schema::Profile;
use crate::table::Table;
use rayon::prelude::*;

pub use auto::Learner;
pub use estimators::{BoostingParams, ClassifierParams, FittedClassifier};
pub use prior::{Prior, PriorWeight};

/// Fewest rows to learn from.
pub const MIN_ROWS: usize = 50;
/// Fewest rows of each class to learn from.
pub const MIN_CLASS_ROWS: usize = 10;

/// The calibrator and the interval that fit these labels and margins of a model that was not trained on them.
pub(crate) fn recalibrate(labels: &[bool], margins: &[f64]) -> (Calibrator, IntervalCurve) {
    let weights = vec![1.0; labels.len()];
    let held = calibrate::Held { labels, margins, weights: &weights };
    let calibrator = calibrate::choose(held, &split::stratified(labels, 5, 0));
    let honest: Vec<f64> = margins.iter().map(|&m| calibrator.probability(m)).collect();
    let interval = interval::curve(held, &calibrator, 1, &honest);
    (calibrator, interval)
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
    /// Whether the features tell more than the base rate on rows not seen; else the model is the base rate.
    pub signal: bool,
    /// The scorecard that was started from, and how much of it there is.
    pub prior: Option<PriorWeight>,
    /// Fold, label and calibrated probability, by what was learnt and chosen on the other folds, of each row that was
    /// learnt from; in an order of their own.
    pub held_out: Vec<(usize, bool, f64)>,
}

/// What to learn with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings<'a> {
    /// Learner.
    pub learner: Learner,
    /// Seed of everything random.
    pub seed: u64,
    /// Work that choosing may cost, in seconds of two threads of a machine of 2026 that does 10^9 additions a second
    /// on each; work is counted, never timed, so that the same input gives the same model everywhere. 10 where not
    /// given. A smaller budget means fewer folds, then fewer candidates; the last candidate is fitted whatever it
    /// costs.
    pub time_budget: Option<f64>,
    /// Scorecard to start from.
    pub prior: Option<&'a Prior>,
    /// Whether to learn from few rows as well: what they cannot tell, the base rate answers.
    pub few_rows: bool,
}

impl Settings<'_> {
    /// # Errors
    /// `invalid_argument` for a budget that is not above 0.
    fn budget(&self) -> Result<f64> {
        match self.time_budget {
            None => Ok(auto::BUDGET),
            Some(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(auto::WORK_PER_SECOND * seconds),
            Some(_) => Err(Error::new(ErrorKind::InvalidArgument, "time_budget is not a number of seconds above 0")
                .with("argument", "time_budget")
                .hint("give seconds, for example 10; leave it out for the default")),
        }
    }
}

impl Fitted {
    /// Calibrated probabilities of a table.
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>> {
        let matrix = self.plan.transform(table)?;
        let margin = |r| self.additive.to_log_odds(self.additive.raw(matrix.row(r)));
        Ok((0..matrix.n_rows()).map(|r| self.calibrator.probability(margin(r))).collect())
    }
}

impl Fitted {
    /// Lower and upper end of the interval of each row's probability.
    ///
    /// # Errors
    /// `feature_missing` where the table has none of the features.
    pub fn intervals(&self, table: &Table) -> Result<Vec<(f64, f64)>> {
        let matrix = self.plan.transform(table)?;
        let interval = |r| {
            let margin = self.additive.to_log_odds(self.additive.raw(matrix.row(r)));
            self.interval.at(margin, self.calibrator.probability(margin))
        };
        Ok((0..matrix.n_rows()).map(interval).collect())
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
    /// Weight by row, all 1 where `None`.
    pub weights: Option<&'a [f64]>,
    /// Group by row (a customer with several snapshots): its rows stay in one fold.
    pub groups: Option<&'a [usize]>,
}

/// Fails where there is too little to learn from.
///
/// # Errors
/// `single_class`, `too_few_rows`.
pub fn check_enough(labels: &[bool]) -> Result<()> {
    check_classes(labels)?;
    let positive = labels.iter().filter(|&&y| y).count();
    if enough(labels, MIN_ROWS, MIN_CLASS_ROWS) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooFewRows,
        format!("{} rows with {positive} positive labels are too few to learn from", labels.len()),
    )
    .with("n_rows", labels.len())
    .with("n_positive", positive)
    .hint(format!(
        "give at least {MIN_ROWS} rows with {MIN_CLASS_ROWS} of each label; until then start from a scorecard (prior), or use a pretrained model"
    )))
}

fn enough(labels: &[bool], rows: usize, of_each: usize) -> bool {
    let positive = labels.iter().filter(|&&y| y).count();
    labels.len() >= rows && positive.min(labels.len() - positive) >= of_each
}

/// Fails where all labels are alike.
///
/// # Errors
/// `single_class`.
pub fn check_classes(labels: &[bool]) -> Result<()> {
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
    Ok(())
}

/// Fits a pipeline on labelled rows, with the defaults beside learner and seed.
///
/// # Errors
/// As [`fit_with`].
pub fn fit(data: Labelled<'_>, learner: Learner, seed: u64) -> Result<Fitted> {
    fit_with(data, &Settings { learner, seed, ..Settings::default() })
}

/// Fits a pipeline on labelled rows. The order of the rows does not matter.
///
/// # Errors
/// `too_few_rows` (unless few rows are allowed, or a scorecard is started from), `single_class`, `feature_missing`
/// where no column can be a feature, or the scorecard speaks of none of them; `invalid_argument` for a budget that is
/// none.
pub fn fit_with(data: Labelled<'_>, settings: &Settings<'_>) -> Result<Fitted> {
    if settings.few_rows || settings.prior.is_some() {
        check_classes(data.labels)?;
    } else {
        check_enough(data.labels)?;
    }
    let plan = FeaturePlan::fit(data.table, data.profile, data.exclude);
    if plan.is_empty() && !settings.few_rows {
        return Err(Error::new(ErrorKind::FeatureMissing, "no column of the table can be a feature")
            .hint("give at least one column beside ids, personal data and the label, with two values or more"));
    }
    learn(plan.clone(), &plan.transform(data.table)?, data.labels, data.weights, data.groups, settings)
}

/// Fits on the matrix of a plan.
fn learn(
    plan: FeaturePlan,
    matrix: &FeatureMatrix,
    labels: &[bool],
    weights: Option<&[f64]>,
    groups: Option<&[usize]>,
    settings: &Settings<'_>,
) -> Result<Fitted> {
    let budget = settings.budget()?;
    let ordered = order::Ordered::new(matrix, labels, weights, groups);
    check_classes(&ordered.labels)?;
    let start = settings.prior.map(|p| prior::Start::new(p, &plan, &ordered)).transpose()?;
    let rows = Rows {
        plan: &plan,
        matrix: &ordered.matrix,
        labels: &ordered.labels,
        weights: ordered.weights.as_deref(),
        offset: start.as_ref().map(|s| s.margins.as_slice()),
        groups: ordered.groups.as_deref(),
    };
    let (least, of_each) = if settings.few_rows { FEW_ROWS } else { (MIN_ROWS, MIN_CLASS_ROWS) };
    let learns = !plan.is_empty() && enough(&ordered.labels, least, of_each);
    let chosen = auto::fit(&rows, start.as_ref(), settings, if learns { budget } else { 0.0 })?;
    let held_out = chosen.folds.into_iter().zip(&ordered.labels).zip(chosen.held_out);
    let held_out = held_out.map(|((fold, &label), p)| (fold, label, p)).collect();
    Ok(Fitted {
        additive: chosen.additive,
        calibrator: chosen.calibrator,
        interval: chosen.interval,
        learner: chosen.description,
        signal: chosen.signal,
        prior: start.map(|s| s.told),
        held_out,
        plan,
    })
}

/// Fewest rows, and of each class, that are tried where few rows are allowed.
const FEW_ROWS: (usize, usize) = (10, 4);

/// Training rows as learners see them.
#[derive(Clone, Copy)]
struct Rows<'a> {
    plan: &'a FeaturePlan,
    matrix: &'a FeatureMatrix,
    labels: &'a [bool],
    /// Weight by row; 1 where `None`.
    weights: Option<&'a [f64]>,
    /// Margin by row that learning starts from.
    offset: Option<&'a [f64]>,
    /// Group by row: rows of one group never lie on both sides of a split.
    groups: Option<&'a [usize]>,
}

impl Rows<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn split(&self, k: usize, seed: u64) -> Vec<usize> {
        match self.groups {
            Some(groups) => split::grouped(self.labels, groups, k, seed),
            None => split::stratified(self.labels, k, seed),
        }
    }
}

/// Held-out metrics over folds.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    /// Mean and standard deviation over the folds.
    pub metrics: Vec<Metric>,
    /// The figures of each fold: (name, value).
    pub folds: Vec<Vec<(&'static str, f64)>>,
}

impl CrossValidation {
    fn of(folds: Vec<Vec<(&'static str, f64)>>) -> CrossValidation {
        let names = folds.first().map(|f| f.iter().map(|(name, _)| *name).collect::<Vec<_>>()).unwrap_or_default();
        let metric = |(i, name): (usize, &str)| {
            // A fold without both classes has no AUC; it says nothing about it.
            let values: Vec<f64> = folds.iter().map(|f| f[i].1).filter(|v| v.is_finite()).collect();
            let (mean, sd) = metrics::mean_sd(&values);
            (!values.is_empty()).then(|| Metric { name: name.to_owned(), mean, sd })
        };
        CrossValidation { metrics: names.into_iter().enumerate().filter_map(metric).collect(), folds }
    }
}

impl Fitted {
    /// The figures of the held-out probabilities, fold by fold: what was learnt and chosen without a fold is measured
    /// on it.
    pub fn cross_fitted(&self) -> CrossValidation {
        let k = self.held_out.iter().map(|(fold, _, _)| fold + 1).max().unwrap_or(0);
        let fold = |k| {
            let rows = self.held_out.iter().filter(|row| row.0 == k);
            let (y, p): (Vec<bool>, Vec<f64>) = rows.map(|row| (row.1, row.2)).unzip();
            metrics::all(&y, &p)
        };
        CrossValidation::of((0..k).map(fold).collect())
    }
}

/// Fits on the first rows of each pair and measures on the second.
///
/// # Errors
/// As [`fit_with`]; `cancelled`.
pub fn cross_validate(
    data: Labelled<'_>,
    splits: &[split::Pair],
    settings: &Settings<'_>,
    progress: Option<ProgressFn<'_>>,
) -> Result<CrossValidation> {
    let done = std::sync::atomic::AtomicU64::new(0);
    let report = || {
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        progress.is_none_or(|p| p(Progress { stage: "cross-validation", done, total: splits.len() as u64 }))
    };
    let folds = splits
        .par_iter()
        .enumerate()
        .map(|(i, (train, test))| {
            let pick =
                |rows: &[usize]| (data.table.take(rows), rows.iter().map(|&r| data.labels[r]).collect::<Vec<_>>());
            let ((train_table, train_labels), (test_table, test_labels)) = (pick(train), pick(test));
            let weights: Option<Vec<f64>> = data.weights.map(|w| train.iter().map(|&r| w[r]).collect());
            let groups: Option<Vec<usize>> = data.groups.map(|g| train.iter().map(|&r| g[r]).collect());
            let inside = Labelled {
                table: &train_table,
                labels: &train_labels,
                weights: weights.as_deref(),
                groups: groups.as_deref(),
                ..data
            };
            let settings = Settings { seed: settings.seed.wrapping_add(i as u64), ..*settings };
            let probabilities = fit_with(inside, &settings)?.predict(&test_table)?;
            if report() { Ok(metrics::all(&test_labels, &probabilities)) } else { Err(cancelled()) }
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(CrossValidation::of(folds))
}

/// The error of a call that its caller stopped.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "stopped by the caller before it was done")
        .hint("nothing was changed; call again to start over")
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
        let (table, labels) = customers(600);
        let profile = Profile::shipped("generic").expect("profile");
        let (train, test): (Vec<usize>, Vec<usize>) = (0..600).partition(|r| r % 4 != 0);
        let pick = |rows: &[usize]| (table.take(rows), rows.iter().map(|&r| labels[r]).collect::<Vec<_>>());
        let ((train, train_labels), (test, test_labels)) = (pick(&train), pick(&test));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let data = Labelled {
            table: &train,
            labels: &train_labels,
            profile: &profile,
            exclude: &[],
            weights: None,
            groups: None,
        };
        (pool.install(|| fit(data, learner, 5)).expect("fit"), test, test_labels)
    }

    #[test]
    fn trees_see_what_a_sum_of_effects_cannot_and_auto_takes_them() {
        let auc = |learner| {
            let (fitted, test, labels) = fitted(learner, 2);
            metrics::auc(&labels, &fitted.predict(&test).expect("predict"))
        };
        let [logistic, forest, boosting, additive, auto] =
            [Learner::Logistic, Learner::Forest, Learner::Boosting, Learner::Additive, Learner::Auto].map(auc);
        assert!(logistic < 0.62, "{logistic}");
        assert!(forest > 0.72 && boosting > 0.74 && additive > 0.74, "{forest} {boosting} {additive}");
        assert!(auto > boosting - 0.02, "auto {auto}, boosting {boosting}");
    }

    #[test]
    fn the_same_model_for_any_number_of_threads_and_order_of_columns() {
        let (table, labels) = customers(160);
        let mut columns = table.columns().to_vec();
        columns.reverse();
        let reversed = Table::new(columns, 160, Places::Items);
        let profile = Profile::shipped("generic").expect("profile");
        let train = |table: &Table, threads| {
            let data =
                Labelled { table, labels: &labels, profile: &profile, exclude: &[], weights: None, groups: None };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
            let fitted = pool.install(|| fit(data, Learner::Auto, 5)).expect("fit");
            (fitted.plan, fitted.additive, fitted.calibrator, fitted.interval, fitted.held_out)
        };
        assert_eq!(train(&table, 1), train(&reversed, 3));
    }

    #[test]
    fn without_signal_everybody_gets_the_base_rate() {
        let (table, _) = customers(400);
        let mut rng = split::random(77);
        let labels: Vec<bool> = (0..400).map(|_| rng.next_u64().is_multiple_of(4)).collect();
        let profile = Profile::shipped("generic").expect("profile");
        let data =
            Labelled { table: &table, labels: &labels, profile: &profile, exclude: &[], weights: None, groups: None };
        let fitted = fit(data, Learner::Auto, 1).expect("fit");
        assert!(!fitted.signal && fitted.additive.components.is_empty(), "{}", fitted.learner);
        let base = labels.iter().filter(|&&y| y).count() as f64 / 400.0;
        let told = fitted.predict(&table).expect("predict");
        assert!(told.iter().all(|p| (p - base).abs() < 1e-9), "{} {base}", told[0]);
        let (low, high) = fitted.interval.at(fitted.additive.intercept, base);
        assert!(low < base - 0.02 && high > base + 0.02 && high - low < 0.4, "{low} {high}");
    }

    #[test]
    fn hard_tables_train_or_say_why() {
        let profile = Profile::shipped("generic").expect("profile");
        let column = |name: String, data| Column { name: name.clone(), canonical: false, source: name, data };
        let n = 120;
        let labels: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
        let train = |columns: Vec<Column>, labels: &[bool], weights: Option<&[f64]>, learner| {
            let table = Table::new(columns, labels.len(), Places::Items);
            fit(Labelled { table: &table, labels, profile: &profile, exclude: &[], weights, groups: None }, learner, 0)
        };
        // Huge and infinite values, a constant, a column of gaps.
        let huge = (0..n).map(|i| Some([1e308, -1e308, f64::INFINITY, 3.0][(i + i / 3) % 4]));
        let told = (0..n).map(|i| Some(if labels[i] { 1e300 } else { (i % 7) as f64 }));
        let columns = vec![
            column("huge".into(), ColumnData::numbers(huge)),
            column("told".into(), ColumnData::numbers(told)),
            column("same".into(), ColumnData::numbers((0..n).map(|_| Some(1.0)))),
            column("gaps".into(), ColumnData::numbers((0..n).map(|i| (i % 9 == 0).then_some(i as f64)))),
        ];
        for learner in [Learner::Auto, Learner::Logistic] {
            let fitted = train(columns.clone(), &labels, None, learner).expect("fit");
            let table = Table::new(columns.clone(), n, Places::Items);
            let p = fitted.predict(&table).expect("predict");
            assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{learner:?}");
            assert!(fitted.signal && metrics::auc(&labels, &p) > 0.95, "{learner:?} {}", fitted.learner);
        }
        // Rows without weight count for nothing.
        let weights: Vec<f64> = (0..n).map(|i| if i < 100 { 1.0 } else { 0.0 }).collect();
        assert!(train(columns.clone(), &labels, Some(&weights), Learner::Boosting).expect("fit").signal);
        // One churner, twenty rows.
        let one: Vec<bool> = (0..n).map(|i| i == 5).collect();
        assert_eq!(train(columns.clone(), &one, None, Learner::Auto).expect_err("one").kind(), ErrorKind::TooFewRows);
        let short: Vec<Column> =
            columns.iter().map(|c| Column { data: c.data.take(&(0..20).collect::<Vec<_>>()), ..c.clone() }).collect();
        let few = train(short, &labels[..20], None, Learner::Auto).expect_err("twenty rows");
        assert_eq!(few.kind(), ErrorKind::TooFewRows);
        // More columns than a Hessian could hold.
        let wide: Vec<Column> = (0..600)
            .map(|c| {
                column(
                    format!("is {c:04}"),
                    ColumnData::numbers((0..n).map(move |i| {
                        Some(f64::from(u8::from((i * 31 + c * 17) % 97 == 0 || (c == 7 && i % 3 == 0))))
                    })),
                )
            })
            .collect();
        assert!(train(wide, &labels, None, Learner::Additive).expect("wide").signal);
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
