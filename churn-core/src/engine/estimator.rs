//! Learning from columns as they are: no mapping, no judgement of the data, no leak check. What the estimators of
//! other libraries expect of a classifier.

use super::{Engine, Input};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{LabelDefinition, Model, ModelCard};
use crate::read::ReadOptions;
use crate::read::cells::read_as;
use crate::schema::{FieldType, Profile};
use crate::table::{Column, ColumnData, RawTable, Table};
use crate::train::{self, Labelled, Learner, Settings};

/// How to fit; every field has a default.
#[derive(Debug, Clone, Copy, Default)]
pub struct FitOptions<'a> {
    /// Learner.
    pub learner: Learner,
    /// Seed of everything random.
    pub seed: u64,
    /// As in [`TrainOptions`](super::TrainOptions).
    pub time_budget: Option<f64>,
    /// Weight by row, 0 or more, not all 0; all 1 where `None`. Whole numbers mean what repeating the rows means.
    pub weights: Option<&'a [f64]>,
    /// Group by row (a customer with several snapshots): its rows never lie on both sides of a split.
    pub groups: Option<&'a [usize]>,
}

/// The columns under their own names: numbers and truth values as they are typed, all else but dates as categories.
/// What a column is does not hang on its values, so one row is read as a million are.
fn columns(raw: &RawTable) -> Table {
    let columns = raw.columns().iter().map(|column| {
        let data = match &column.data {
            ColumnData::Text(_) => read_as(&column.data, FieldType::Category).values,
            typed => typed.clone(),
        };
        Column { name: column.name.clone(), canonical: false, source: column.name.clone(), data }
    });
    Table::new(columns.collect(), raw.n_rows(), raw.places().clone())
}

impl Engine {
    /// Fits an engine on columns as they are, with one label a row. Few rows are enough: what they do not tell, the
    /// base rate answers.
    ///
    /// The engine scores and explains tables with the same columns as any other, with the profile `generic`.
    ///
    /// # Errors
    /// Of the stage `read`; `single_class`; `invalid_argument` for labels, weights or groups that do not fit the rows.
    pub fn fit_columns<'a>(input: impl Into<Input<'a>>, labels: &[bool], options: &FitOptions<'_>) -> Result<Engine> {
        let input = input.into();
        let raw = input.read(&ReadOptions::default())?;
        let table = columns(&raw);
        let n_rows = table.n_rows();
        check_length("labels", labels.len(), n_rows)?;
        check_length("weights", options.weights.map_or(n_rows, <[f64]>::len), n_rows)?;
        check_length("groups", options.groups.map_or(n_rows, <[usize]>::len), n_rows)?;
        if options.weights.is_some_and(|w| !w.iter().all(|w| w.is_finite() && *w >= 0.0) || w.iter().all(|w| *w == 0.0))
        {
            return Err(Error::new(ErrorKind::InvalidArgument, "a weight is not a number of 0 or more, or all are 0")
                .with("argument", "weights")
                .hint("give a finite number of 0 or more for every row, not all 0"));
        }
        let profile = Profile::shipped("generic")?;
        let data = Labelled {
            table: &table,
            labels,
            profile: &profile,
            exclude: &[],
            weights: options.weights,
            groups: options.groups,
        };
        let settings = Settings {
            learner: options.learner,
            seed: options.seed,
            time_budget: options.time_budget,
            prior: None,
            few_rows: true,
        };
        let fitted = train::fit_with(data, &settings)?;
        let metrics = fitted.cross_fitted().metrics;
        let n_positive = labels.iter().filter(|&&y| y).count();
        let limits = ["Fitted on columns as they were given: no column was looked at for leaks."];
        let card = ModelCard {
            kind: "trained".into(),
            description: "Classifier of two classes, fitted on columns as they were given.".into(),
            data: "the caller's own columns".into(),
            n_rows,
            n_positive,
            base_rate: n_positive as f64 / n_rows as f64,
            protocol: "Cross-fitting: each fold is predicted by what was learnt, chosen, mixed and calibrated on the other folds.".into(),
            metrics,
            learner: fitted.learner,
            seed: options.seed,
            no_signal: !fitted.signal,
            limits: limits.map(str::to_owned).to_vec(),
            ..ModelCard::default()
        };
        Engine::from_model(Model {
            name: profile.name.clone(),
            version: "1.0.0".into(),
            headers: Default::default(),
            plan: fitted.plan,
            additive: fitted.additive,
            calibrator: fitted.calibrator,
            interval: fitted.interval,
            label: LabelDefinition {
                column: "label".into(),
                description: "the second class, as the caller labelled it".into(),
                horizon_days: None,
            },
            profile,
            card,
        })
    }

    /// The calibrated probability of each row of columns as they are, 0 to 1, length n_rows.
    ///
    /// # Errors
    /// Of the stage `read`; `feature_missing` where the table lacks every one of the model's columns.
    pub fn predict_columns<'a>(&self, input: impl Into<Input<'a>>) -> Result<Vec<f64>> {
        let input = input.into();
        let raw = input.read(&ReadOptions::default())?;
        self.predictor().predict_proba(&self.model().plan.transform(&columns(&raw))?)
    }
}

fn check_length(argument: &'static str, given: usize, rows: usize) -> Result<()> {
    if given == rows {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("there are {given} {argument} for {rows} rows"))
        .with("argument", argument)
        .hint("give one for each row"))
}
