//! Health scores, lead scores and alerts: what a customer-success team works with.

use crate::convert::{self, Overrides};
use crate::error::{call, raise};
use crate::events;
use crate::results::Mapping;
use churn_core::engine::{self, HealthOptions, LeadOptions};
use churn_core::lead::Bant;
use churn_core::table::ColumnData;
use churn_core::{health, lead};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use pyo3_arrow::PyTable;
use std::collections::BTreeMap;

fn at(row: isize, n: usize) -> PyResult<usize> {
    let n = n as isize;
    let row = if row < 0 { row + n } else { row };
    if (0..n).contains(&row) { Ok(row as usize) } else { Err(PyIndexError::new_err(format!("there are {n} rows"))) }
}

/// The health of each customer of a table, 0 to 100, 100 = healthy.
///
/// `config` is the name of a shipped configuration ("saas", "telecom") or TOML of one's own; `as_of` is the day the rows
/// describe (today where not given); `scales` states the scale of a column: {"nps_score": (0, 10)}. With tables of events
/// measures read what was known before `as_of` of them too, `table` may be left out (whoever has an event is a customer),
/// and `event_overrides` and `settings` are those of `build_features`.
#[pyfunction]
#[pyo3(signature = (table=None, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, as_of=None, config=None, profile=None, mapping=None, overrides=None, scales=None, event_overrides=None, settings=None))]
#[allow(clippy::too_many_arguments)]
pub fn health_score(
    py: Python<'_>,
    table: Option<&Bound<'_, PyAny>>,
    tickets: Option<&Bound<'_, PyAny>>,
    payments: Option<&Bound<'_, PyAny>>,
    usage: Option<&Bound<'_, PyAny>>,
    interactions: Option<&Bound<'_, PyAny>>,
    subscriptions: Option<&Bound<'_, PyAny>>,
    as_of: Option<&Bound<'_, PyAny>>,
    config: Option<&str>,
    profile: Option<&Bound<'_, PyAny>>,
    mapping: Option<&Bound<'_, Mapping>>,
    overrides: Overrides,
    scales: Option<BTreeMap<String, [f64; 2]>>,
    event_overrides: events::Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<HealthScores> {
    let options = HealthOptions {
        config: config.map(engine::health_config).transpose().map_err(|e| raise(py, &e))?,
        profile: convert::profile(profile)?,
        mapping: mapping.map(|m| &m.get().0),
        overrides: overrides.unwrap_or_default(),
        as_of: Some(convert::iso(as_of)?.map_or_else(|| convert::now(py), Ok)?),
        scales: scales.unwrap_or_default(),
        ..HealthOptions::default()
    };
    let tables = [tickets, payments, usage, interactions, subscriptions];
    let customers = table.map(convert::table).transpose()?;
    if tables.iter().any(Option::is_some) {
        let given = events::Given::new(tables)?;
        let how = events::options(py, profile, event_overrides, settings)?;
        let customers = customers.as_ref().map(convert::Table::input);
        return call(py, || engine::health_score_events(customers, &given.data(), &how, &options)).map(HealthScores);
    }
    let customers = customers.ok_or_else(|| PyTypeError::new_err("give a table of customers, or tables of events"))?;
    call(py, || engine::health_score(customers.input(), &options)).map(HealthScores)
}

/// A health configuration held against who really left: AUC, lift, churn by band, suggested weights, advice.
#[pyfunction]
#[pyo3(signature = (table, *, label=None, as_of=None, config=None, profile=None, overrides=None, scales=None))]
#[allow(clippy::too_many_arguments)]
pub fn health_backtest<'py>(
    py: Python<'py>,
    table: &Bound<'py, PyAny>,
    label: Option<&str>,
    as_of: Option<&Bound<'py, PyAny>>,
    config: Option<&str>,
    profile: Option<&Bound<'py, PyAny>>,
    overrides: Overrides,
    scales: Option<BTreeMap<String, [f64; 2]>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = HealthOptions {
        config: config.map(engine::health_config).transpose().map_err(|e| raise(py, &e))?,
        profile: convert::profile(profile)?,
        overrides: overrides.unwrap_or_default(),
        as_of: convert::iso(as_of)?,
        scales: scales.unwrap_or_default(),
        ..HealthOptions::default()
    };
    let table = convert::table(table)?;
    let result = call(py, || {
        let result = engine::health_backtest(table.input(), label, &options)?;
        serde_json::to_value(&result).map_err(|e| churn_core::Error::internal("a back-test without JSON").caused_by(e))
    })?;
    convert::python(py, &result)
}

/// The score of each lead of a table (or of one lead, given as a dict), 0 to 100.
///
/// `config` is the name of a shipped scorecard ("roofing", "saas") or TOML of one's own; `bant` is "scaled" or "raw".
#[pyfunction]
#[pyo3(signature = (table, *, config=None, bant=None))]
pub fn lead_score(
    py: Python<'_>,
    table: &Bound<'_, PyAny>,
    config: Option<&str>,
    bant: Option<&str>,
) -> PyResult<LeadScores> {
    let options = LeadOptions {
        config: config.map(engine::lead_config).transpose().map_err(|e| raise(py, &e))?,
        bant: bant.map(Bant::parse).transpose().map_err(|e| raise(py, &e))?.unwrap_or_default(),
        ..LeadOptions::default()
    };
    // One lead is a dict of values; a dict of columns holds lists.
    let one = table.cast::<PyDict>().ok().filter(|d| !d.values().iter().any(|v| v.is_instance_of::<PyList>()));
    let table = match one {
        Some(lead) => convert::Table::Records(vec![convert::record(lead)?]),
        None => convert::table(table)?,
    };
    call(py, || engine::lead_score(table.input(), &options)).map(LeadScores)
}

/// Makes a call of the core in JSON: a name and an object of arguments.
#[pyfunction]
pub fn _call<'py>(py: Python<'py>, name: &str, arguments: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let arguments = convert::nested(arguments)?;
    let answer = call(py, || engine::call(name, arguments))?;
    convert::python(py, &answer)
}

/// The health of the customers of a table, in the order of its rows.
#[pyclass(frozen, module = "churn")]
pub struct HealthScores(health::HealthScores);

#[pymethods]
impl HealthScores {
    /// Customers by band, average score and coverage, as a dict.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &health::health_json(&self.0)["summary"])
    }

    /// What was assumed, for example about the scale of a column.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    /// Name of the configuration.
    #[getter]
    fn config(&self) -> &str {
        &self.0.config.name
    }

    /// One dict a customer, with the origin of every point.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &health::health_json(&self.0)["scores"])
    }

    /// Which measures made a customer's score, in words, those that cost most first.
    fn explain(&self, row: isize) -> PyResult<Vec<String>> {
        Ok(self.0.reasons(at(row, self.0.scores.len())?, usize::MAX))
    }

    /// What moved each customer's score since `before`, matched by customer_id.
    fn change<'py>(&self, py: Python<'py>, before: &Bound<'py, HealthScores>) -> PyResult<Bound<'py, PyAny>> {
        let before = &before.get().0;
        let changes = call(py, || engine::changes(before, &self.0))?;
        convert::python(py, &changes.into())
    }

    /// A pandas frame.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let columns = PyDict::new(py);
        for (name, data) in self.0.columns() {
            columns.set_item(name, values(py, &data)?)?;
        }
        py.import("pandas")?.call_method1("DataFrame", (columns,))
    }

    /// A polars frame.
    fn to_polars<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The Arrow C stream of the columns.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = call(py, || self.0.to_record_batch())?;
        let schema = batch.schema();
        let table = PyTable::try_new(vec![batch], schema)?.into_pyobject(py)?;
        let capsule = table.call_method1("__arrow_c_stream__", (requested_schema,))?;
        Ok(capsule.cast_into::<PyCapsule>()?)
    }

    fn __len__(&self) -> usize {
        self.0.scores.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, row: isize) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &health::health_row_json(&self.0, at(row, self.0.scores.len())?))
    }

    fn _repr_html_(&self) -> String {
        health::health_html(&self.0)
    }

    fn __repr__(&self) -> String {
        health::health_text(&self.0)
    }
}

fn values<'py>(py: Python<'py>, data: &ColumnData) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for row in 0..data.len() {
        match data.number(row) {
            Some(x) => list.append(x)?,
            None => list.append(data.cell(row))?,
        }
    }
    Ok(list)
}

/// The scores of the leads of a table, in the order of its rows.
#[pyclass(frozen, module = "churn")]
pub struct LeadScores(lead::LeadScores);

#[pymethods]
impl LeadScores {
    /// Leads by temperature.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &lead::leads_json(&self.0)["counts"])
    }

    /// {field of the scorecard: header of its column}.
    #[getter]
    fn fields(&self) -> BTreeMap<String, String> {
        self.0.fields.clone()
    }

    /// Fields of the scorecard that no column was found for.
    #[getter]
    fn missing(&self) -> Vec<String> {
        self.0.missing.clone()
    }

    /// One dict a lead, with the points of every item.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &lead::leads_json(&self.0)["scores"])
    }

    fn __len__(&self) -> usize {
        self.0.scores.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, row: isize) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &lead::leads_row_json(&self.0, at(row, self.0.scores.len())?))
    }

    fn _repr_html_(&self) -> String {
        lead::leads_html(&self.0)
    }

    fn __repr__(&self) -> String {
        lead::leads_text(&self.0)
    }
}

/// Alert rules, ready to run: state in, state out, the time in; it keeps nothing.
#[pyclass(frozen, module = "churn")]
pub struct AlertEngine(churn_core::alert::AlertEngine, Option<String>);

#[pymethods]
impl AlertEngine {
    /// An engine of these rules, as TOML text; of the shipped ones where not given.
    #[new]
    #[pyo3(signature = (config=None))]
    fn new(py: Python<'_>, config: Option<String>) -> PyResult<Self> {
        let engine = engine::alert_engine(config.as_deref()).map_err(|e| raise(py, &e))?;
        Ok(AlertEngine(engine, config))
    }

    /// Let time pass up to `now` and take what was observed until then.
    ///
    /// `state` is what the last step gave, or None to start. The answer has `state` (a text to keep), `notifications`,
    /// `suppressed`, `stale` and `evaluations`.
    #[pyo3(signature = (state, observations, *, now))]
    fn step<'py>(
        &self,
        py: Python<'py>,
        state: Option<&str>,
        observations: &Bound<'py, PyAny>,
        now: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let observations = convert::nested(observations)?;
        let now = convert::iso(Some(now))?.unwrap_or_default();
        let answer = call(py, || engine::step_json(&self.0, state, &engine::observations(observations)?, &now))?;
        convert::python(py, &answer)
    }

    /// What these rules would have done on a history; `churned` is {customer: when it left}.
    #[pyo3(signature = (history, *, churned=None, horizon_days=None, self_resolved_days=None))]
    fn replay<'py>(
        &self,
        py: Python<'py>,
        history: &Bound<'py, PyAny>,
        churned: Option<&Bound<'py, PyAny>>,
        horizon_days: Option<f64>,
        self_resolved_days: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut arguments = serde_json::Map::new();
        arguments.insert("config".into(), self.1.clone().into());
        arguments.insert("history".into(), convert::nested(history)?);
        if let Some(churned) = churned {
            arguments.insert("churned".into(), convert::nested(churned)?);
        }
        arguments.insert("horizon_days".into(), horizon_days.into());
        arguments.insert("self_resolved_days".into(), self_resolved_days.into());
        let answer = call(py, || engine::call("alert_replay", arguments.into()))?;
        convert::python(py, &answer)
    }

    fn __repr__(&self) -> String {
        format!("AlertEngine({} rules)", self.0.config().rules.len())
    }
}
