//! Training an engine on a user's own table, and measuring it.

use super::design::Design;
use super::{Engine, Input};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{ChurnDefinition, EventSettings};
use crate::features::{FeatureMatrix, derive};
use crate::map::{self, MapOptions};
use crate::metrics;
use crate::model::{LabelDefinition, Model, ModelCard, PriorCard};
use crate::progress::{Progress, ProgressFn};
use crate::read::ReadOptions;
use crate::schema::Profile;
use crate::table::Table;
use crate::train::{self, Labelled, Learner, Prior, Settings};
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
    /// Expert scorecard to start from, `saas` or `telecom`: learning says what the rows tell beyond it, and its weight
    /// is estimated and stated in the card. Few rows are enough then. Where no profile is given, it is the scorecard's.
    pub prior: Option<String>,
    /// Work that choosing a model may cost, in seconds of a machine of 2026 with two threads; counted, never timed, so
    /// that the same table gives the same model everywhere. 10 where not given.
    pub time_budget: Option<f64>,
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
    /// Column of weights: how much each row counts, 0 or more. Not a feature.
    pub weights: Option<String>,
    /// Column of the customer (or account) that rows belong to: its rows never lie on both sides of a split. The
    /// customer id where not given and where one repeats. Not a feature.
    pub group: Option<String>,
    /// Column of the day that a row describes: quality is then measured on later days than were learnt from. The
    /// snapshot date where not given and where there are three days or more.
    pub time: Option<String>,
    /// Folds to measure on: for each repeat the fold of each row. Where not given, later days if there are days, else
    /// the learner's own folds.
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
    /// (name, value) in the order of [`metrics::all`]: auc, log_loss, brier, ece, lift_10, accuracy,
    /// average_precision, ks, f1, lift_5, lift_20, capture_5, capture_10, capture_20, ece_adaptive, empc.
    pub metrics: Vec<(&'static str, f64)>,
    /// 90 % bootstrap intervals of the figures, in the same order.
    pub intervals: Vec<metrics::Interval>,
    /// Ten bins of equally many rows: mean probability and share of positives.
    pub calibration_curve: Vec<metrics::Bin>,
    /// The share of all positives among the 5, 10, ... 100 % of highest risk.
    pub gains: Vec<metrics::Gain>,
    /// The Brier score taken apart.
    pub brier_parts: metrics::BrierParts,
}

impl Evaluation {
    fn new(labels: &[bool], probabilities: &[f64]) -> Evaluation {
        let resamples = (RESAMPLED_ROWS / labels.len().max(1)).clamp(40, 200);
        Evaluation {
            n_rows: labels.len(),
            n_positive: labels.iter().filter(|&&y| y).count(),
            metrics: metrics::all(labels, probabilities),
            intervals: metrics::intervals(labels, probabilities, 0.9, resamples, 0),
            calibration_curve: metrics::calibration_curve(labels, probabilities, 10),
            gains: metrics::gains(labels, probabilities, 20),
            brier_parts: metrics::brier_parts(labels, probabilities),
        }
    }

    /// Everything as one JSON object: the figures under their names, `intervals` by name as [low, high],
    /// `calibration_curve`, `gains` and `brier_parts`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::Map::new();
        json.insert("n_rows".to_owned(), self.n_rows.into());
        json.insert("n_positive".to_owned(), self.n_positive.into());
        json.extend(self.metrics.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        let intervals: serde_json::Map<_, _> =
            self.intervals.iter().map(|i| (i.name.to_owned(), serde_json::json!([i.low, i.high]))).collect();
        json.insert("intervals".to_owned(), intervals.into());
        let bins = self.calibration_curve.iter();
        let bins: Vec<_> = bins
            .map(|b| serde_json::json!({"n_rows": b.n_rows, "predicted": b.predicted, "observed": b.observed}))
            .collect();
        json.insert("calibration_curve".to_owned(), bins.into());
        let gains = self.gains.iter();
        let gains: Vec<_> =
            gains.map(|g| serde_json::json!({"fraction": g.fraction, "capture": g.capture, "lift": g.lift})).collect();
        json.insert("gains".to_owned(), gains.into());
        let parts = &self.brier_parts;
        let parts = serde_json::json!({"reliability": parts.reliability, "resolution": parts.resolution,
            "uncertainty": parts.uncertainty, "within": parts.within});
        json.insert("brier_parts".to_owned(), parts);
        json.into()
    }
}

/// Rows that the bootstrap of an evaluation draws at most, or 40 resamples where that is more.
const RESAMPLED_ROWS: usize = 4_000_000;

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
        let prior = options.prior.as_deref().map(Prior::shipped).transpose()?;
        let wanted = match (&options.profile, &prior) {
            (None, Some(prior)) => Some(Profile::shipped(prior.name())?),
            (profile, _) => profile.clone(),
        };
        let mapping = map::map_table(
            &raw,
            &MapOptions {
                table_kind: Some(Default::default()),
                profile: wanted.clone(),
                overrides: options.overrides.clone(),
                ..MapOptions::default()
            },
        )?;
        let mut profile = wanted.map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
        let as_of = options.as_of.as_deref().map(|t| super::options::day(t, "as_of")).transpose()?;
        let judging = ValidateOptions {
            purpose: Purpose::Train,
            label: options.label.clone(),
            allow: options.allow.clone(),
            as_of,
            ..ValidateOptions::default()
        };
        let judged = validate::validate(&raw, &mapping, &profile, &judging)?;
        // What the training table did without, no table to score needs.
        profile.required.retain(|any_of| !mapping.missing.iter().any(|m| m.any_of == *any_of));
        let mut leaks = judged.leaks.clone();
        let Prepared { table, labels, label_column } = prepare(judged, as_of)?;
        // What the profile never allows is no leak to stop at: it is left out.
        let barred = |c: &crate::table::Column| {
            let named = |name: &String| options.allow.contains(name);
            (profile.excludes(&c.source) || profile.excludes(&c.name)) && !named(&c.source) && !named(&c.name)
        };
        let table = table.without(barred);
        leaks.retain(|leak| leak.columns.iter().all(|c| !profile.excludes(c) || options.allow.contains(c)));
        match &prior {
            Some(_) => train::check_classes(&labels)?,
            None => train::check_enough(&labels)?,
        }
        // What was made from tables of events as of a day cannot have seen what came after it.
        let allow: Vec<String> = options.allow.iter().cloned().chain(input.made_features()).collect();
        refuse_leaks(&leaks, &allow)?;
        let design = Design::new(&table, options)?;
        let exclude: Vec<&str> = design.exclude.iter().map(String::as_str).collect();
        let data = Labelled {
            table: &table,
            labels: &labels,
            profile: &profile,
            exclude: &exclude,
            weights: design.weights.as_deref(),
            groups: design.groups.as_deref(),
        };
        let settings = Settings {
            learner: options.learner,
            seed: options.seed,
            time_budget: options.time_budget,
            prior: prior.as_ref(),
            few_rows: false,
        };
        let (splits, protocol) = design.splits(options, &labels)?;
        let tell = |done| match options.progress {
            Some(p) if !p(Progress { stage: "training", done, total: 1 }) => Err(train::cancelled()),
            _ => Ok(()),
        };
        tell(0)?;
        let fitted = train::fit_with(data, &settings)?;
        tell(1)?;
        let cv = if splits.is_empty() {
            fitted.cross_fitted()
        } else {
            train::cross_validate(data, &splits, &settings, options.progress)?
        };
        let n_positive = labels.iter().filter(|&&y| y).count();
        let card = ModelCard {
            kind: "trained".into(),
            description: format!("Churn model of the profile {} ({}).", profile.name, profile.title),
            data: options.data_description.clone().unwrap_or_else(|| "the caller's own table".into()),
            n_rows: labels.len(),
            n_positive,
            base_rate: n_positive as f64 / labels.len() as f64,
            protocol,
            metrics: cv.metrics,
            learner: fitted.learner.clone(),
            seed: options.seed,
            allowed: options.allow.clone(),
            intended_use: "Ranking customers by their risk of leaving and telling why, so that people can act; not for decisions about people without a human.".into(),
            no_signal: !fitted.signal,
            prior: fitted.prior.map(|p| PriorCard { name: p.name, weight: p.weight, fields: p.fields }),
            limits: limits(&table, fitted.signal, &design),
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
        Ok(Evaluation::new(&labels, &probabilities))
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

fn limits(table: &Table, signal: bool, design: &Design) -> Vec<String> {
    let mut limits = Vec::new();
    if !signal {
        limits.push(
            "No signal: on rows not seen the columns predict no better than the base rate, which every customer is \
             therefore given. Look for columns that say what customers did before they left."
                .to_owned(),
        );
    }
    limits.extend([
        "Reasons are associations, not causes; recommendations are untested until a hold-out test says otherwise.".to_owned(),
        "Probabilities hold for customers like those of the training data; check them on your own data, or train on it.".to_owned(),
    ]);
    if !design.dated() && table.column("snapshot_date").is_none() {
        limits.push(
            "One snapshot without dates: the quality was measured on random folds, not on a later period.".to_owned(),
        );
    }
    limits
}
