//! Module-level functions.

use crate::convert::{self, Overrides};
use crate::engine::Engine;
use crate::error::{call, raise};
use crate::results::{Mapping, QualityReport};
use churn_core::engine;
use churn_core::map::{ColumnInput, MapOptions};
use churn_core::schema::TableKind;
use churn_core::train::Learner;
use churn_core::validate::{Purpose, ValidateOptions};
use churn_core::{Result, TrainOptions};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::path::PathBuf;

/// Map the columns of a table to canonical fields.
///
/// `table` is a path, bytes, a file object, a frame, a list of dicts, or just a list of header strings; then
/// `samples` may hold some values of each: {header: [values]}. `saved` is a file that `Mapping.save` wrote, or a
/// folder of them: one that was made for the same headers is used again.
#[pyfunction]
#[pyo3(signature = (table, *, table_kind="customers", profile=None, overrides=None, samples=None, saved=None))]
pub fn map_columns(
    py: Python<'_>,
    table: &Bound<'_, PyAny>,
    table_kind: Option<&str>,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    samples: Option<&Bound<'_, PyDict>>,
    saved: Option<PathBuf>,
) -> PyResult<Mapping> {
    let kind = table_kind.map(TableKind::parse).transpose().map_err(|e| raise(py, &e))?;
    let options = MapOptions {
        table_kind: kind,
        profile: convert::profile(profile)?,
        overrides: overrides.unwrap_or_default(),
        saved,
    };
    if let Some(headers) = headers(table)? {
        let columns = headers
            .into_iter()
            .map(|name| Ok(ColumnInput { samples: samples_of(samples, &name)?, name }))
            .collect::<PyResult<Vec<_>>>()?;
        return call(py, || churn_core::map::map_columns(&columns, &options)).map(Mapping);
    }
    let table = convert::table(table)?;
    call(py, || engine::map_columns(table.input(), &options)).map(Mapping)
}

/// The headers, where the table is a list of nothing but strings.
fn headers(table: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    match table.cast::<PyList>() {
        Ok(list) if !list.is_empty() && list.iter().all(|i| i.is_instance_of::<PyString>()) => list.extract().map(Some),
        _ => Ok(None),
    }
}

fn samples_of(samples: Option<&Bound<'_, PyDict>>, name: &str) -> PyResult<Vec<String>> {
    let Some(values) = samples.map(|s| s.get_item(name)).transpose()?.flatten() else { return Ok(Vec::new()) };
    values
        .try_iter()?
        .filter_map(|v| v.and_then(|v| if v.is_none() { Ok(None) } else { v.str()?.extract().map(Some) }).transpose())
        .collect()
}

/// Judge the quality of a table; with purpose="train" also its label, leaks, and what a model could learn from it.
///
/// `allow` names columns that are let through the leak firewall; `strict` turns repairs off; `as_of` is the day that the
/// rows describe, where the table has no snapshot date: what is dated later is told.
#[pyfunction]
#[pyo3(signature = (table, *, mapping=None, profile=None, purpose="score", label=None, allow=None, strict=false, as_of=None))]
#[allow(clippy::too_many_arguments)]
pub fn validate(
    py: Python<'_>,
    table: &Bound<'_, PyAny>,
    mapping: Option<&Bound<'_, Mapping>>,
    profile: Option<&Bound<'_, PyAny>>,
    purpose: &str,
    label: Option<String>,
    allow: Option<Vec<String>>,
    strict: bool,
    as_of: Option<&Bound<'_, PyAny>>,
) -> PyResult<QualityReport> {
    let profile = convert::profile(profile)?;
    let purpose = Purpose::parse(purpose).map_err(|e| raise(py, &e))?;
    let mapping = mapping.map(|m| &m.get().0);
    let as_of = convert::iso(as_of)?.map(|day| engine::day(&day, "as_of")).transpose().map_err(|e| raise(py, &e))?;
    let options = ValidateOptions { purpose, label, allow: allow.unwrap_or_default(), strict, as_of };
    if let Some(pieces) = convert::pieces(table)? {
        return call(py, || engine::validate_pieces(pieces, mapping, profile, &options)).map(QualityReport);
    }
    let table = convert::table(table)?;
    call(py, || engine::validate(table.input(), mapping, profile, &options)).map(QualityReport)
}

/// Train an engine on a labelled table.
///
/// `prior` ("saas", "telecom") is an expert scorecard to start from; its estimated weight stands in the card, and few
/// rows are enough then. `time_budget` is the work that choosing a model may cost, in seconds of a usual machine.
/// `progress` is called as progress(stage, done, total) now and then; what it raises stops the training.
#[pyfunction]
#[pyo3(signature = (table, *, label=None, profile=None, learner=None, time=None, group=None, weights=None, seed=None, progress=None, allow=None, overrides=None, as_of=None, name=None, version=None, prior=None, time_budget=None))]
#[allow(clippy::too_many_arguments)]
pub fn train(
    py: Python<'_>,
    table: &Bound<'_, PyAny>,
    label: Option<String>,
    profile: Option<&Bound<'_, PyAny>>,
    learner: Option<&str>,
    time: Option<String>,
    group: Option<String>,
    weights: Option<String>,
    seed: Option<u64>,
    progress: Option<Py<PyAny>>,
    allow: Option<Vec<String>>,
    overrides: Overrides,
    as_of: Option<&Bound<'_, PyAny>>,
    name: Option<String>,
    version: Option<String>,
    prior: Option<String>,
    time_budget: Option<f64>,
) -> PyResult<Engine> {
    let watch = convert::Watch::new(progress);
    let report = watch.progress();
    let learner: Result<Option<Learner>> = learner.map(Learner::parse).transpose();
    let options = TrainOptions {
        label,
        profile: convert::profile(profile)?,
        learner: learner.map_err(|e| raise(py, &e))?.unwrap_or_default(),
        time,
        group,
        weights,
        seed: seed.unwrap_or_default(),
        allow: allow.unwrap_or_default(),
        overrides: overrides.unwrap_or_default(),
        as_of: convert::iso(as_of)?,
        name,
        version,
        prior,
        time_budget,
        progress: Some(&report),
        ..TrainOptions::default()
    };
    let table = convert::table(table)?;
    let outcome = call(py, || churn_core::Engine::train(table.input(), &options));
    watch.outcome(outcome).map(Engine)
}

/// An engine fitted on columns as they are: no mapping, no leak check. `labels` says of each row whether it is of the
/// second class.
#[pyfunction]
#[pyo3(signature = (table, labels, *, weights=None, groups=None, learner=None, seed=None, time_budget=None))]
#[allow(clippy::too_many_arguments)]
pub fn _fit(
    py: Python<'_>,
    table: &Bound<'_, PyAny>,
    labels: Vec<bool>,
    weights: Option<Vec<f64>>,
    groups: Option<Vec<usize>>,
    learner: Option<&str>,
    seed: Option<u64>,
    time_budget: Option<f64>,
) -> PyResult<Engine> {
    let learner: Result<Option<Learner>> = learner.map(Learner::parse).transpose();
    let options = engine::FitOptions {
        learner: learner.map_err(|e| raise(py, &e))?.unwrap_or_default(),
        seed: seed.unwrap_or_default(),
        time_budget,
        weights: weights.as_deref(),
        groups: groups.as_deref(),
    };
    let table = convert::table(table)?;
    call(py, || churn_core::Engine::fit_columns(table.input(), &labels, &options)).map(Engine)
}

/// The probability of the second class of each row of columns as they are, float64.
#[pyfunction]
pub fn _predict<'py>(
    py: Python<'py>,
    engine: &Bound<'py, Engine>,
    table: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let table = convert::table(table)?;
    let engine = engine.get();
    let probabilities = call(py, || engine.0.predict_columns(table.input()))?;
    convert::vector(py, probabilities)
}

/// Panics in the way that `seed` chooses; for the tests of the package alone.
#[pyfunction]
pub fn _provoke(py: Python<'_>, seed: u64) -> PyResult<()> {
    call(py, || churn_core::provoke::provoke(seed))
}
