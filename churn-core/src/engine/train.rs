//! Training an engine on a user's own table, and measuring it.

use super::{Engine, Input};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{ChurnDefinition, EventSettings};
use crate::features::{FeatureMatrix, derive};
use crate::map::{self, MapOptions};
use crate::metrics;
use crate::model::{LabelDefinition, Model, ModelCard};
use crate::progress::ProgressFn;
use crate::read::ReadOptions;
use crate::schema::Profile;
use crate::table::Table;
use crate::train::{self, Labelled, Learner, split};
use crate::validate::{self, Purpose, ValidateOptions, Validated, refuse_leaks};
use std::collections::BTreeMap;

/// How to train; every field has a default.
#[derive(Default)]
pub struct TrainOptions<'a> {
    /// Source column of the label; the one recognised as `churned` where not given.
    pub label: Option<String>,
    /// Profile; recognised where not given.
    pub profile: Option<Profile>,
    /// Learner.
    pub learner: Learner,
    /// Seed of everything random.
    pub seed: u64,
    /// Columns to let through the leak check.
    pub allow: Vec<String>,
    /// Source header -> canonical field, or `None` for "leave it unmapped".
    pub overrides: BTreeMap<String, Option<String>>,
    /// The day the rows describe (ISO 8601), where the table has no snapshot date.
    pub as_of: Option<String>,
    /// Name of the model; the profile's where not given.
    pub name: Option<String>,
    /// Version of the model; `1.0.0` where not given.
    pub version: Option<String>,
    /// What the data is, for the model card.
    pub data_description: Option<String>,
    /// Folds to measure on: for each repeat the fold of each row; five stratified folds where not given.
    pub folds: Option<Vec<Vec<usize>>>,
    /// What churned means; what the table itself says, where it was labelled by a definition.
    pub definition: Option<ChurnDefinition>,
    /// How the features were made from tables of events; what the table itself says where not given.
    pub event_settings: Option<EventSettings>,
    /// How to read.
    pub read: ReadOptions,
    /// Progress, and a way to stop.
    pub progress: Option<ProgressFn<'a>>,
}

/// How well an engine predicts a labelled table.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Rows with a label.
    pub n_rows: usize,
    /// Positive labels among them.
    pub n_positive: usize,
    /// (name, value): auc, log_loss, brier, ece, lift_10, accuracy.
    pub metrics: Vec<(&'static str, f64)>,
}

/// A training table with its labels, rows without a label left out.
struct Prepared {
    table: Table,
    labels: Vec<bool>,
    label_column: String,
}

fn prepare(judged: Validated, as_of: Option<i32>) -> Result<Prepared> {
    let labels = judged.labels.ok_or_else(|| Error::internal("a training table without labels"))?;
    let label_column = judged.label_column.unwrap_or_default();
    let table = derive(&judged.table, as_of)?;
    let rows: Vec<usize> = (0..labels.len()).filter(|&r| labels[r].is_some()).collect();
    if rows.is_empty() {
        return Err(Error::new(ErrorKind::SingleClass, "no row has a label")
            .with("column", label_column)
            .hint("fill the label column"));
    }
    let kept: Vec<bool> = labels.into_iter().flatten().collect();
    let table = if rows.len() == table.n_rows() { table } else { table.take(&rows) };
    Ok(Prepared { table, labels: kept, label_column })
}

impl Engine {
    /// Trains an engine on a labelled table; the model card tells how good it is on rows it has not seen.
    ///
    /// # Errors
    /// Of the stages `read`, `map` and `validate` (`leakage`, `single_class`); `too_few_rows`; `cancelled`.
    pub fn train<'a>(input: impl Into<Input<'a>>, options: &TrainOptions<'_>) -> Result<Engine> {
        let input = input.into();
        let definition = options.definition.clone().or_else(|| input.definition().cloned());
        let raw = input.read(&options.read)?;
        let mapping = map::map_table(
            &raw,
            &MapOptions {
                table_kind: Some(Default::default()),
                profile: options.profile.clone(),
                overrides: options.overrides.clone(),
                ..MapOptions::default()
            },
        )?;
        let profile = options.profile.clone().map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
        let as_of = options.as_of.as_deref().map(|t| super::options::day(t, "as_of")).transpose()?;
        let judging = ValidateOptions {
            purpose: Purpose::Train,
            label: options.label.clone(),
            allow: options.allow.clone(),
            as_of,
            ..ValidateOptions::default()
        };
        let judged = validate::validate(&raw, &mapping, &profile, &judging)?;
        let leaks = judged.leaks.clone();
        let Prepared { table, labels, label_column } = prepare(judged, as_of)?;
        // What the profile never allows is no leak to stop at: it is left out.
        let barred = |c: &crate::table::Column| {
            let named = |name: &String| options.allow.contains(name);
            (profile.excludes(&c.source) || profile.excludes(&c.name)) && !named(&c.source) && !named(&c.name)
        };
        let table = table.without(barred);
        train::check_enough(&labels)?;
        refuse_leaks(&leaks, &options.allow)?;
        let data = Labelled { table: &table, labels: &labels, profile: &profile, exclude: &[] };
        let folds = match &options.folds {
            Some(folds) if folds_fit(folds, labels.len()) => folds.clone(),
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("folds do not fit the {} labelled rows", labels.len()),
                )
                .with("argument", "folds")
                .hint("give one fold number a labelled row for each repeat"));
            }
            None => vec![split::stratified(&labels, 5, options.seed)],
        };
        let cv = train::cross_validate(data, &folds, options.learner, options.seed, options.progress)?;
        let fitted = train::fit(data, options.learner, options.seed)?;
        let n_positive = labels.iter().filter(|&&y| y).count();
        let card = ModelCard {
            kind: "trained".into(),
            description: format!("Churn model of the profile {} ({}).", profile.name, profile.title),
            data: options.data_description.clone().unwrap_or_else(|| "the caller's own table".into()),
            n_rows: labels.len(),
            n_positive,
            base_rate: n_positive as f64 / labels.len() as f64,
            protocol: format!("{} x stratified {}-fold cross-validation; the whole pipeline is fitted anew on each fold's training rows.", folds.len(), folds[0].iter().max().map_or(0, |m| m + 1)),
            metrics: cv.metrics,
            learner: fitted.learner.clone(),
            seed: options.seed,
            allowed: options.allow.clone(),
            intended_use: "Ranking customers by their risk of leaving and telling why, so that people can act; not for decisions about people without a human.".into(),
            limits: limits(&table),
            definition: definition.clone(),
            events: options.event_settings.clone().or_else(|| input.event_settings().cloned()),
        };
        let mapped = mapping.fields();
        let used = |name: &str| fitted.plan.features().iter().any(|f| f.name == name);
        let headers = mapped.iter().filter(|(field, _)| used(field) || **field == "customer_id");
        let model = Model {
            name: options.name.clone().unwrap_or_else(|| profile.name.clone()),
            version: options.version.clone().unwrap_or_else(|| "1.0.0".into()),
            headers: headers.map(|(field, header)| ((*header).to_owned(), (*field).to_owned())).collect(),
            plan: fitted.plan,
            additive: fitted.additive,
            calibrator: fitted.calibrator,
            interval: fitted.interval,
            label: LabelDefinition {
                column: label_column,
                description: definition
                    .as_ref()
                    .map_or_else(|| "the customer left, as the label column says".into(), ChurnDefinition::describe),
                horizon_days: definition.as_ref().map(|d| d.horizon_days),
            },
            profile,
            card,
        };
        Engine::from_model(model)
    }

    /// Measures the engine on a labelled table that it was not trained on.
    ///
    /// # Errors
    /// As [`train`](Engine::train), without the leak check.
    pub fn evaluate<'a>(
        &self,
        input: impl Into<Input<'a>>,
        label: Option<&str>,
        as_of: Option<&str>,
    ) -> Result<Evaluation> {
        let (labels, matrix) = self.labelled(input.into(), label, as_of)?;
        let probabilities = self.predictor().predict_proba(&matrix)?;
        Ok(Evaluation {
            n_rows: labels.len(),
            n_positive: labels.iter().filter(|&&y| y).count(),
            metrics: metrics::all(&labels, &probabilities),
        })
    }

    /// The labels and the feature matrix of the labelled rows of a table.
    pub(super) fn labelled(
        &self,
        input: Input<'_>,
        label: Option<&str>,
        as_of: Option<&str>,
    ) -> Result<(Vec<bool>, FeatureMatrix)> {
        let raw = input.read(&ReadOptions::default())?;
        let mapping = self.map(&raw, &BTreeMap::new())?;
        mapping.require_complete()?;
        let options = ValidateOptions {
            purpose: Purpose::Evaluate,
            label: label.map(str::to_owned),
            ..ValidateOptions::default()
        };
        let judged = validate::validate(&raw, &mapping, &self.model().profile, &options)?;
        let as_of = as_of.map(|t| super::options::day(t, "as_of")).transpose()?;
        let Prepared { table, labels, .. } = prepare(judged, as_of)?;
        Ok((labels, self.model().plan.transform(&table)?))
    }
}

/// Whether each repeat gives every row a fold, two folds at least, none numbered beyond the rows.
fn folds_fit(folds: &[Vec<usize>], n_rows: usize) -> bool {
    let fits = |f: &Vec<usize>| f.len() == n_rows && f.iter().all(|&k| k < n_rows) && f.iter().any(|&k| k != f[0]);
    !folds.is_empty() && folds.iter().all(fits)
}

fn limits(table: &Table) -> Vec<String> {
    let mut limits = vec![
        "Reasons are associations, not causes; recommendations are untested until a hold-out test says otherwise.".to_owned(),
        "Probabilities hold for customers like those of the training data; check them on your own data, or train on it.".to_owned(),
    ];
    if table.column("snapshot_date").is_none() {
        limits.push(
            "One snapshot without dates: the quality was measured on random folds, not on a later period.".to_owned(),
        );
    }
    limits
}
