//! Mapping, judging, scoring and explaining.

use super::{Engine, Input, Record, ScoreOptions};
use crate::decide::{adverse, recommend, recommend_by};
use crate::error::{Error, ErrorKind, Result};
use crate::explain::{Explanation, FactorValue, Reasoner, Telling};
use crate::features::{DERIVED, Derivation, FeatureMatrix, derive};
use crate::map::{self, ColumnInput, MapOptions, Mapping};
use crate::progress::Progress;
use crate::report::{Confidence, Prediction, Predictions, TopFactor};
use crate::schema::Profile;
use crate::score::score_of_raw;
use crate::table::{FEW_ROWS, RawTable, Storage, Table};
use crate::validate::{self, Code, Pieces, Purpose, QualityReport, ValidateOptions, Validated};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows between two calls of the progress function.
const CHUNK: usize = 8192;

/// A scored table with all that was found on the way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scored {
    /// The predictions, in the order of the rows.
    pub predictions: Predictions,
    /// How the columns were understood.
    pub mapping: Mapping,
    /// How good the data is.
    pub quality: QualityReport,
}

/// Maps the columns of a table without a model.
///
/// # Errors
/// Of the stages `read` and `map`.
pub fn map_columns<'a>(input: impl Into<Input<'a>>, options: &MapOptions) -> Result<Mapping> {
    map::map_table(input.into().read(&Default::default())?.as_ref(), options)
}

/// Judges a table without a model. Without a `mapping` it is mapped first; with `purpose = Train` and enough rows the
/// report estimates the AUC that a model would reach.
///
/// # Errors
/// Of the stages `read`, `map` and `validate`.
pub fn validate<'a>(
    input: impl Into<Input<'a>>,
    mapping: Option<&Mapping>,
    profile: Option<Profile>,
    options: &ValidateOptions,
) -> Result<QualityReport> {
    let input = input.into();
    let raw = input.read(&Default::default())?;
    let mapping = match mapping {
        Some(mapping) => Cow::Borrowed(mapping),
        None => Cow::Owned(map::map_table(&raw, &MapOptions { profile: profile.clone(), ..MapOptions::default() })?),
    };
    let profile = profile.map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
    told(validate::validate(&raw, &mapping, &profile, options)?, options)
}

/// As [`validate`], of a table that came in pieces: the same bytes, and no more memory than the typed table and what the
/// pieces were packed into.
///
/// # Errors
/// Of the stages `map` and `validate`.
pub fn validate_pieces(
    pieces: Pieces,
    mapping: Option<&Mapping>,
    profile: Option<Profile>,
    options: &ValidateOptions,
) -> Result<QualityReport> {
    let mapping = match mapping {
        Some(mapping) => Cow::Borrowed(mapping),
        None => {
            let how = MapOptions { profile: profile.clone(), ..MapOptions::default() };
            Cow::Owned(map::map_stated(&pieces.inputs(), pieces.stated(), &how)?)
        }
    };
    let profile = profile.map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
    told(pieces.validate(&mapping, &profile, options)?, options)
}

/// The report, with the AUC to expect where a model is to be trained.
fn told(mut judged: Validated, options: &ValidateOptions) -> Result<QualityReport> {
    if options.purpose == Purpose::Train {
        expect(&mut judged, options)?;
    }
    Ok(judged.report)
}

/// States the AUC to expect of a model that leaves the leaks out.
fn expect(judged: &mut Validated, options: &ValidateOptions) -> Result<()> {
    let Some(labels) = &judged.labels else { return Ok(()) };
    let table = derive(&judged.table, options.as_of)?;
    let refused = judged.leaks.iter().filter(|l| !l.is_allowed(&options.allow));
    let refused: Vec<&str> = refused.flat_map(|l| &l.columns).map(String::as_str).collect();
    let leaking = table.columns().iter().filter(|c| refused.contains(&c.source.as_str()));
    let leaking: Vec<&str> = leaking.map(|c| c.name.as_str()).collect();
    let Some(estimate) = validate::estimate_auc(&table, labels, &leaking) else { return Ok(()) };
    judged.report.expect(estimate);
    if estimate.low <= 0.5 {
        let message = format!(
            "the AUC to expect is {:.3} ({:.3} to {:.3}): no better than guessing",
            estimate.auc, estimate.low, estimate.high
        );
        let suggestion = "add what customers did (usage, tickets, payments) before they left; check the label";
        judged.report.add(Code::NoSignal, message, suggestion);
    } else if estimate.low >= 0.97 {
        let message = format!("all columns together tell almost perfectly who left (AUC {:.3})", estimate.auc);
        let suggestion = "check that every column is known before the customer leaves";
        judged.report.add(Code::TooGoodToBeTrue, message, suggestion);
    }
    Ok(())
}

impl Engine {
    /// Maps a table by the model's profile; headers that the model was trained on mean what they meant there.
    ///
    /// # Errors
    /// `invalid_argument` for overrides that name nothing.
    pub fn map(&self, raw: &RawTable, overrides: &BTreeMap<String, Option<String>>) -> Result<Mapping> {
        self.map_stated(&map::inputs(raw), raw.stated(), overrides)
    }

    /// As [`map`](Engine::map), of columns by their samples and the word of whoever made them.
    fn map_stated(
        &self,
        inputs: &[ColumnInput],
        stated: &BTreeMap<String, Option<String>>,
        overrides: &BTreeMap<String, Option<String>>,
    ) -> Result<Mapping> {
        let has = |header: &str| inputs.iter().any(|i| i.name == header);
        let mut all = overrides.clone();
        let taken: Vec<String> = overrides.values().flatten().cloned().collect();
        let mut known: Vec<&String> = Vec::new();
        // A caller who sends the model's own feature names means them, whatever the cells of one record look like.
        let own_names = self.model().plan.features().iter().map(|f| (&f.name, &f.name));
        let own_names = own_names.filter(|(name, _)| crate::schema::field(name).is_some());
        // A feature that goes under its own header is not to be taken for a field.
        let seen_in_training = self.model().headers.iter().filter(|(header, field)| header == field || !has(field));
        // Its features of no canonical field keep their names, whatever else those might mean.
        for feature in self.model().plan.features().iter().filter(|f| crate::schema::field(&f.name).is_none()) {
            if has(&feature.name) && !all.contains_key(&feature.name) {
                all.insert(feature.name.clone(), None);
            }
        }
        for (header, field) in own_names.chain(seen_in_training) {
            if has(header) && !taken.contains(field) && !all.contains_key(header) {
                all.insert(header.clone(), crate::schema::field(field).map(|f| f.name.clone()));
                known.push(header);
            }
        }
        let profile = Some(self.model().profile.clone());
        let how = MapOptions { table_kind: Some(Default::default()), profile, overrides: all, saved: None };
        let mut mapping = map::map_stated(inputs, stated, &how)?;
        for column in mapping.columns.iter_mut().filter(|c| known.contains(&&c.source)) {
            column.method = "model".to_owned();
            column.evidence = vec!["the model knows a column of this name".to_owned()];
        }
        Ok(mapping)
    }

    /// Typed table (without derived columns) of a table in one piece or in many; what was kept of it goes as it is typed.
    fn typed(&self, pieces: Pieces, options: &ScoreOptions<'_>) -> Result<(Mapping, QualityReport, Table)> {
        let mapping = match options.mapping {
            Some(mapping) => mapping.clone(),
            None => self.map_stated(&pieces.inputs(), pieces.stated(), &options.overrides)?,
        };
        mapping.require_complete()?;
        let mut judged = pieces.validate(&mapping, &self.model().profile, &ValidateOptions::default())?;
        let table = judged.table;
        let derived = derive(&table.slice(0..0), options.as_of_days()?)?;
        let undated =
            |d: &&Derivation| d.dated() && table.column(d.needs[0]).is_some() && derived.column(d.name).is_none();
        let undated: Vec<&str> = DERIVED.iter().filter(undated).map(|d| d.name).collect();
        if !undated.is_empty() {
            let message =
                format!("the day the rows describe is not known: {} could not be counted", undated.join(", "));
            judged.report.add(Code::AsOfMissing, message, "give as_of, or a snapshot date column");
        }
        Ok((mapping, judged.report, table))
    }

    /// Typed table and feature matrix of a raw table.
    fn prepare(
        &self,
        raw: &RawTable,
        options: &ScoreOptions<'_>,
    ) -> Result<(Mapping, QualityReport, Table, FeatureMatrix)> {
        let (mapping, quality, table) = self.typed(raw.clone().into(), options)?;
        let table = derive(&table, options.as_of_days()?)?;
        let matrix = self.model().plan.transform(&table)?;
        Ok((mapping, quality, table, matrix))
    }

    /// Scores a table: a path, the bytes of a file, records or a raw table.
    ///
    /// # Errors
    /// Of the stages `read`, `map` and `features`; `cancelled`.
    pub fn score<'a>(&self, input: impl Into<Input<'a>>, options: &ScoreOptions<'_>) -> Result<Scored> {
        let input = input.into();
        let raw = input.read(&options.read)?.into_owned();
        let prepared = self.prepared(raw.into(), options)?;
        let mut rows = Vec::with_capacity(prepared.table.n_rows());
        self.told_rows(&prepared, options, |chunk| {
            rows.extend(chunk);
            Ok(())
        })?;
        let predictions = Predictions {
            rows,
            n_reasons: prepared.n_reasons,
            model_version: self.model().model_version(),
            scored_at: options.scored_at.clone(),
        };
        Ok(Scored { predictions, mapping: prepared.mapping, quality: prepared.quality })
    }

    /// A table ready to be scored.
    pub(super) fn prepared(&self, pieces: Pieces, options: &ScoreOptions<'_>) -> Result<Prepared> {
        let n_reasons = options.n_reasons()?;
        let storage = pieces.storage().clone();
        let (mapping, quality, table) = self.typed(pieces, options)?;
        Ok(Prepared { n_reasons, as_of: options.as_of_days()?, mapping, quality, table, storage })
    }

    /// Scores and explains a prepared table and hands its rows over, chunk by chunk, in their order.
    pub(super) fn told_rows(
        &self,
        prepared: &Prepared,
        options: &ScoreOptions<'_>,
        mut take: impl FnMut(Vec<crate::report::Row>) -> Result<()>,
    ) -> Result<()> {
        let telling = Telling::of_table(self.model(), self.explainer(), &prepared.table);
        let reasoner = Reasoner::of(self.model(), self.explainer(), Arc::new(telling));
        let n_rows = prepared.table.n_rows();
        for start in (0..n_rows).step_by(CHUNK) {
            let end = (start + CHUNK).min(n_rows);
            // Features are made as they are needed: those of all rows would take as much memory as the table.
            let rows = derive(&prepared.table.slice(start..end), prepared.as_of)?;
            prepared.storage.check()?;
            let part = self.model().plan.transform(&rows)?;
            let (raws, values) = self.explainer().raw_and_values(self.model(), &part)?;
            let width = part.n_features().max(1);
            let chunk = (0..part.n_rows())
                .into_par_iter()
                .with_min_len(if part.n_rows() < FEW_ROWS { FEW_ROWS } else { 64 })
                .map(|r| {
                    let shap = values.get(r * width..(r + 1) * width).unwrap_or_default();
                    let id = customer_id(&rows, r, || prepared.table.row_number(start + r));
                    self.told_row(&reasoner, &rows, part.row(r), shap, raws[r], r, id, prepared.n_reasons)
                });
            take(chunk.collect())?;
            let progress = Progress { stage: "scoring", done: end as u64, total: n_rows as u64 };
            if options.progress.is_some_and(|p| !p(progress)) {
                return Err(
                    Error::new(ErrorKind::Cancelled, "scoring was stopped by the caller").with("rows_done", end)
                );
            }
        }
        Ok(())
    }

    /// Scores one customer.
    ///
    /// # Errors
    /// As [`score`](Engine::score).
    pub fn score_one(&self, record: &Record, options: &ScoreOptions<'_>) -> Result<Prediction> {
        self.score_raw_one(&crate::read::read_records(std::slice::from_ref(record))?, options)
    }

    /// Scores the first row of a raw table.
    pub(super) fn score_raw_one(&self, raw: &RawTable, options: &ScoreOptions<'_>) -> Result<Prediction> {
        self.score_raw_row(raw, options).map(|whole| whole.prediction)
    }

    /// Scores the first row of a raw table, by all stages.
    pub(super) fn score_raw_row(&self, raw: &RawTable, options: &ScoreOptions<'_>) -> Result<Whole> {
        let n_reasons = options.n_reasons()?;
        let (_, _, table, matrix) = self.prepare(raw, options)?;
        let telling = Arc::new(Telling::of_table(self.model(), self.explainer(), &table));
        let (id, row) = (customer_id(&table, 0, || table.row_number(0)), matrix.row(0));
        let written = |feature: usize| self.written(&table, &telling, feature, 0);
        let version = self.model().model_version();
        let prediction = self.predicted(&telling, row, id, written, n_reasons, version, options.scored_at.clone())?;
        let words = (0..row.len()).map(|i| telling.column_of(i).and_then(|_| written(i))).collect();
        Ok(Whole { prediction, row: row.to_vec(), words, telling })
    }

    /// The prediction of a row of features.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn predicted(
        &self,
        telling: &Arc<Telling>,
        row: &[f64],
        customer_id: String,
        written: impl Fn(usize) -> Option<String>,
        n_reasons: usize,
        model_version: String,
        scored_at: Option<String>,
    ) -> Result<Prediction> {
        let reasoner = Reasoner::of(self.model(), self.explainer(), telling.clone());
        let (raw, factors) = reasoner.factors(row, written)?;
        let score = score_of_raw(self.model(), raw);
        Ok(Prediction {
            customer_id,
            churn_probability: score.probability,
            retention_probability: 1.0 - score.probability,
            confidence: Confidence { low: score.low, high: score.high, level: self.model().interval.level },
            risk_level: score.risk,
            reasons: adverse(&factors, n_reasons).map(|f| f.readable.clone()).collect(),
            recommendation: recommend(&self.model().profile, score.risk, &factors),
            model_version,
            scored_at,
            base_probability: reasoner.base_probability(),
            top_factors: factors.into_iter().map(TopFactor::from).collect(),
        })
    }

    /// Exact SHAP values of a table, shape (n_rows, n_features).
    ///
    /// # Errors
    /// As [`score`](Engine::score).
    pub fn explain<'a>(&self, input: impl Into<Input<'a>>, options: &ScoreOptions<'_>) -> Result<Explanation> {
        let input = input.into();
        let raw = input.read(&options.read)?;
        let (_, _, table, matrix) = self.prepare(&raw, options)?;
        Ok(self.told(self.explainer().explain(self.model(), &matrix)?, &table))
    }

    /// As [`explain`](Engine::explain), against the customers of a background table (interventional values): the base
    /// value is their mean, and what is not known of a customer is taken from each of them in turn.
    ///
    /// # Errors
    /// As [`score`](Engine::score).
    pub fn explain_against<'a>(
        &self,
        input: impl Into<Input<'a>>,
        background: impl Into<Input<'a>>,
        options: &ScoreOptions<'_>,
    ) -> Result<Explanation> {
        let (input, background) = (input.into(), background.into());
        let (_, _, table, matrix) = self.prepare(&*input.read(&options.read)?, options)?;
        let background = self.matrix(&*background.read(&options.read)?, options)?;
        Ok(self.told(self.predictor().shap_values_against(&matrix, &background)?, &table))
    }

    /// The explanation, with the columns of the customers' table that its features are told as.
    fn told(&self, explanation: Explanation, table: &Table) -> Explanation {
        let told_as = Telling::of_table(self.model(), self.explainer(), table).told_as(self.model());
        Explanation { told_as, ..explanation }
    }

    /// The feature matrix of a raw table, as scoring sees it.
    pub(super) fn matrix(&self, raw: &RawTable, options: &ScoreOptions<'_>) -> Result<FeatureMatrix> {
        self.prepare(raw, options).map(|(.., matrix)| matrix)
    }

    /// A row of a scored table: only what is told is put in words.
    #[allow(clippy::too_many_arguments)]
    fn told_row(
        &self,
        reasoner: &Reasoner<'_>,
        table: &Table,
        features: &[f64],
        shap: &[f64],
        raw: f64,
        row: usize,
        customer_id: String,
        n_reasons: usize,
    ) -> crate::report::Row {
        let score = score_of_raw(self.model(), raw);
        let written = |feature: usize| self.written(table, reasoner.telling(), feature, row);
        let told = reasoner.adverse(features, shap, raw, written).filter(|f| f.value != FactorValue::Missing);
        let mut told = told.peekable();
        let mut first = Vec::with_capacity(n_reasons);
        while first.len() < n_reasons && told.peek().is_some() {
            first.extend(told.next());
        }
        let reasons = first.iter().map(|f| reasoner.words(f, features[f.index])).collect();
        let recommendation = recommend_by(&self.model().profile, score.risk, first.into_iter().chain(told)).text;
        crate::report::Row { customer_id, score, reasons, recommendation }
    }

    /// A category as the customer wrote it.
    fn written(&self, table: &Table, telling: &Telling, feature: usize, row: usize) -> Option<String> {
        let own = || self.model().plan.features()[feature].name.as_str();
        let column = table.column(telling.column_of(feature).unwrap_or_else(own))?;
        column.data.cell(row).map(Cow::into_owned)
    }
}

/// A customer who went through all stages.
pub(super) struct Whole {
    pub prediction: Prediction,
    pub row: Vec<f64>,
    /// For each feature that is told by another column's cell, that cell.
    pub words: Vec<Option<String>>,
    pub telling: Arc<Telling>,
}

/// A table ready to be scored.
pub(super) struct Prepared {
    pub n_reasons: usize,
    as_of: Option<i32>,
    pub mapping: Mapping,
    pub quality: QualityReport,
    table: Table,
    storage: Arc<Storage>,
}

/// The customer's id, or the row's number where there is none.
fn customer_id(table: &Table, row: usize, number: impl FnOnce() -> u64) -> String {
    let id = table.column("customer_id").and_then(|c| c.data.cell(row));
    id.map_or_else(|| number().to_string(), Cow::into_owned)
}
