//! Tables of events: features, definitions, training sets, the leak gate.

use crate::convert;
use crate::error::{call, raise};
use crate::results::{Finding, Prediction};
use churn_core::engine::{self, EventData, EventOptions, TableOverrides, TrainingSetOptions};
use churn_core::events::{self, EventSettings, FeatureTable as Built};
use churn_core::schema::TableKind;
use churn_core::{Error, Input, ScoreOptions};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PySequence, PyString};
use pyo3_arrow::PyTable;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table that the engine made: features, a training set, movements. It is an Arrow stream.
#[pyclass(frozen, module = "churn")]
pub struct FeatureTable(pub Arc<Built>);

#[pymethods]
impl FeatureTable {
    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.table.columns().iter().map(|c| c.name.clone()).collect()
    }

    /// What is worth telling about the tables it was made from.
    #[getter]
    fn findings(&self) -> Vec<Finding> {
        self.0.findings.iter().cloned().map(Finding::from).collect()
    }

    /// What `churned` means, for a training set.
    #[getter]
    fn definition(&self) -> Option<ChurnDefinition> {
        self.0.definition.clone().map(ChurnDefinition)
    }

    /// One dict a row.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let columns = self.0.table.columns();
        let values = columns.iter().map(|c| column(py, &c.data)).collect::<PyResult<Vec<_>>>()?;
        for row in 0..self.0.table.n_rows() {
            let dict = PyDict::new(py);
            for (c, values) in columns.iter().zip(&values) {
                dict.set_item(&c.name, values.get_item(row)?)?;
            }
            list.append(dict)?;
        }
        Ok(list)
    }

    /// A pandas frame; missing is None in columns of text and dates, NaN in columns of numbers.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let columns = PyDict::new(py);
        for c in self.0.table.columns() {
            columns.set_item(&c.name, column(py, &c.data)?)?;
        }
        py.import("pandas")?.call_method1("DataFrame", (columns,))
    }

    /// A polars frame.
    fn to_polars<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The Arrow stream of the table, for polars, pandas, pyarrow, duckdb and others.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = call(py, || self.0.table.to_record_batch())?;
        let schema = batch.schema();
        let table = PyTable::try_new(vec![batch], schema)?.into_pyobject(py)?;
        Ok(table.call_method1("__arrow_c_stream__", (requested_schema,))?.cast_into::<PyCapsule>()?)
    }

    fn __len__(&self) -> usize {
        self.0.table.n_rows()
    }

    fn __repr__(&self) -> String {
        let told = self.0.definition.as_ref().map_or(String::new(), |d| format!(", churned: {}", d.describe()));
        format!("FeatureTable({} rows, {} columns{told})", self.0.table.n_rows(), self.0.table.columns().len())
    }
}

/// The values of a column as a Python list: dates are dates, instants datetimes in UTC.
fn column<'py>(py: Python<'py>, data: &churn_core::table::ColumnData) -> PyResult<Bound<'py, PyList>> {
    use churn_core::table::ColumnData as D;
    let datetime = py.import("datetime")?;
    let list = PyList::empty(py);
    for row in 0..data.len() {
        if data.is_missing(row) {
            list.append(if matches!(data, D::Number(_)) {
                f64::NAN.into_pyobject(py)?.into_any()
            } else {
                py.None().into_bound(py)
            })?;
            continue;
        }
        match data {
            D::Boolean(_) => list.append(data.number(row) == Some(1.0))?,
            D::Integer(a) => list.append(a.value(row))?,
            D::Date(_) => list.append(datetime.getattr("date")?.call_method1("fromisoformat", (data.cell(row),))?)?,
            D::Timestamp(_) => {
                list.append(datetime.getattr("datetime")?.call_method1("fromisoformat", (data.cell(row),))?)?;
            }
            _ => match data.number(row) {
                Some(x) => list.append(x)?,
                None => list.append(data.cell(row))?,
            },
        }
    }
    Ok(list)
}

/// What churned means: the rule by which customers are labelled.
#[pyclass(frozen, eq, module = "churn")]
#[derive(Clone, PartialEq)]
pub struct ChurnDefinition(pub events::ChurnDefinition);

#[pymethods]
impl ChurnDefinition {
    /// With `inactivity_days` non-contractual (silence at the end of the window), without it contractual (the loss of
    /// the last subscription is booked in the window).
    #[new]
    #[pyo3(signature = (horizon_days, gap_days=None, booking=None, inactivity_days=None, *, past_due_days=None, activity=None, kind=None, pauses=None, same_month=None, reactivation_days=None, grace_days=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        horizon_days: i64,
        gap_days: Option<i64>,
        booking: Option<&str>,
        inactivity_days: Option<i64>,
        past_due_days: Option<i64>,
        activity: Option<Vec<String>>,
        kind: Option<&str>,
        pauses: Option<&str>,
        same_month: Option<&str>,
        reactivation_days: Option<i64>,
        grace_days: Option<i64>,
    ) -> PyResult<Self> {
        let mut json = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                json.insert(name.to_owned(), value);
            }
        };
        put("horizon_days", Some(horizon_days.into()));
        put("gap_days", gap_days.map(Value::from));
        put("booking", booking.map(Value::from));
        put("inactivity_days", inactivity_days.map(Value::from));
        put("past_due_days", past_due_days.map(Value::from));
        put("activity", activity.map(Value::from));
        put("kind", kind.map(Value::from));
        put("pauses", pauses.map(Value::from));
        put("same_month", same_month.map(Value::from));
        put("reactivation_days", reactivation_days.map(Value::from));
        put("grace_days", grace_days.map(Value::from));
        call(py, || events::ChurnDefinition::from_json(&Value::Object(json))).map(ChurnDefinition)
    }

    /// The booking rules of a vendor: "profitwell", "chargify", "recharge" or "chartmogul".
    #[staticmethod]
    fn preset(py: Python<'_>, name: &str, horizon_days: u32) -> PyResult<Self> {
        call(py, || events::ChurnDefinition::preset(name, horizon_days)).map(ChurnDefinition)
    }

    /// A definition from a dict, as `to_dict` gives it; a key "preset" names the one that the others change.
    #[staticmethod]
    fn from_dict(py: Python<'_>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        let json = plain(fields.as_any())?;
        call(py, || events::ChurnDefinition::from_json(&json)).map(ChurnDefinition)
    }

    /// The definition as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = serde_json::to_value(&self.0)
            .map_err(|e| raise(py, &Error::internal("a definition without JSON").caused_by(e)))?;
        convert::python(py, &json)
    }

    /// SHA-256 of the definition, in hexadecimal.
    #[getter]
    fn hash(&self) -> String {
        self.0.hash()
    }

    /// Its first twelve digits.
    #[getter]
    fn id(&self) -> String {
        self.0.id()
    }

    /// Length of the window, in days.
    #[getter]
    fn horizon_days(&self) -> u32 {
        self.0.horizon_days
    }

    /// Days between the snapshot and the window.
    #[getter]
    fn gap_days(&self) -> u32 {
        self.0.gap_days
    }

    /// Days of silence after which a customer counts as lost.
    #[getter]
    fn inactivity_days(&self) -> Option<u32> {
        self.0.inactivity_days
    }

    /// The definition in one sentence.
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn __repr__(&self) -> String {
        format!("ChurnDefinition({})", self.0.describe())
    }
}

/// A Python value of dicts, lists and plain values as JSON.
fn plain(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(dict) = value.cast::<PyDict>() {
        let entries = dict.iter().map(|(k, v)| Ok((k.str()?.extract()?, plain(&v)?)));
        return entries.collect::<PyResult<Map<String, Value>>>().map(Value::Object);
    }
    match value.cast::<PySequence>() {
        Ok(list) if !value.is_instance_of::<PyString>() => {
            list.try_iter()?.map(|item| plain(&item?)).collect::<PyResult<Vec<_>>>().map(Value::Array)
        }
        _ => convert::json(value),
    }
}

/// {table: {source header: field or None}}.
pub type Overrides = Option<BTreeMap<String, BTreeMap<String, Option<String>>>>;

fn table_overrides(py: Python<'_>, overrides: Overrides) -> PyResult<TableOverrides> {
    let one = |(kind, columns)| TableKind::parse(kind).map(|kind| (kind, columns));
    let all = overrides.unwrap_or_default();
    all.iter().map(|(k, c)| one((k.as_str(), c.clone()))).collect::<churn_core::Result<_>>().map_err(|e| raise(py, &e))
}

/// How tables of events are read.
pub fn options(
    py: Python<'_>,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<EventOptions> {
    let settings = match settings {
        Some(given) => {
            let json = plain(given.as_any())?;
            call(py, || EventSettings::from_json(&json))?
        }
        None => EventSettings::default(),
    };
    Ok(EventOptions {
        profile: convert::profile(profile)?,
        overrides: table_overrides(py, overrides)?,
        settings,
        ..EventOptions::default()
    })
}

/// The tables of events as Python gave them.
pub struct Given([Option<convert::Table>; 5]);

impl Given {
    /// tickets, payments, usage, interactions, subscriptions.
    pub fn new(tables: [Option<&Bound<'_, PyAny>>; 5]) -> PyResult<Given> {
        let mut given = [None, None, None, None, None];
        for (slot, table) in given.iter_mut().zip(tables) {
            *slot = table.map(|t| convert::blank(t)?.map_or_else(|| convert::table(t), Ok)).transpose()?;
        }
        Ok(Given(given))
    }

    /// The core's view of them.
    pub fn data(&self) -> EventData<'_> {
        let input = |i: usize| -> Option<Input<'_>> { self.0[i].as_ref().map(convert::Table::input) };
        EventData {
            tickets: input(0),
            payments: input(1),
            usage: input(2),
            interactions: input(3),
            subscriptions: input(4),
        }
    }
}

fn day(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
    convert::iso(value)
}

/// The features of every customer as of a day, from tables of events: what was known before `as_of`, and not a moment more.
#[pyfunction]
#[pyo3(signature = (customers, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, as_of, profile=None, overrides=None, settings=None))]
#[allow(clippy::too_many_arguments)]
pub fn build_features(
    py: Python<'_>,
    customers: &Bound<'_, PyAny>,
    tickets: Option<&Bound<'_, PyAny>>,
    payments: Option<&Bound<'_, PyAny>>,
    usage: Option<&Bound<'_, PyAny>>,
    interactions: Option<&Bound<'_, PyAny>>,
    subscriptions: Option<&Bound<'_, PyAny>>,
    as_of: &Bound<'_, PyAny>,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<FeatureTable> {
    let options = options(py, profile, overrides, settings)?;
    let as_of = day(Some(as_of))?.unwrap_or_default();
    let customers = convert::table(customers)?;
    let given = Given::new([tickets, payments, usage, interactions, subscriptions])?;
    call(py, || engine::build_features(customers.input(), &given.data(), &as_of, &options))
        .map(|t| FeatureTable(Arc::new(t)))
}

/// Labelled snapshots of every customer who was active: `customer_id` (group), `snapshot_date` (time), features, `churned`.
#[pyfunction]
#[pyo3(signature = (customers, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, definition, start=None, end=None, every=None, observed_until=None, keep=None, profile=None, overrides=None, settings=None))]
#[allow(clippy::too_many_arguments)]
pub fn build_training_set(
    py: Python<'_>,
    customers: &Bound<'_, PyAny>,
    tickets: Option<&Bound<'_, PyAny>>,
    payments: Option<&Bound<'_, PyAny>>,
    usage: Option<&Bound<'_, PyAny>>,
    interactions: Option<&Bound<'_, PyAny>>,
    subscriptions: Option<&Bound<'_, PyAny>>,
    definition: &ChurnDefinition,
    start: Option<&Bound<'_, PyAny>>,
    end: Option<&Bound<'_, PyAny>>,
    every: Option<&Bound<'_, PyAny>>,
    observed_until: Option<&Bound<'_, PyAny>>,
    keep: Option<Vec<String>>,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<FeatureTable> {
    let options = options(py, profile, overrides, settings)?;
    let training = TrainingSetOptions {
        start: day(start)?,
        end: day(end)?,
        every: every.map(|e| e.str().and_then(|s| s.extract())).transpose()?,
        observed_until: day(observed_until)?,
        keep: keep.unwrap_or_default(),
        ..TrainingSetOptions::new(definition.0.clone())
    };
    let customers = convert::table(customers)?;
    let given = Given::new([tickets, payments, usage, interactions, subscriptions])?;
    call(py, || engine::build_training_set(customers.input(), &given.data(), &training, &options))
        .map(|t| FeatureTable(Arc::new(t)))
}

/// Whether the features as of a day stay the same, bit for bit, without what was not known then.
#[pyclass(frozen, get_all, module = "churn")]
pub struct PointInTimeCheck {
    /// Whether every feature is the same.
    ok: bool,
    /// The columns that are not.
    columns: Vec<String>,
    /// Rows of events that were not known before `as_of`.
    rows_removed: usize,
}

#[pymethods]
impl PointInTimeCheck {
    fn __repr__(&self) -> String {
        let ok = if self.ok { "True" } else { "False" };
        format!("PointInTimeCheck(ok={ok}, columns={:?}, rows_removed={})", self.columns, self.rows_removed)
    }
}

/// Builds the features as of a day with and without everything that was not known then, and compares them bit for bit.
#[pyfunction]
#[pyo3(signature = (customers, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, as_of, profile=None, overrides=None, settings=None))]
#[allow(clippy::too_many_arguments)]
pub fn check_point_in_time(
    py: Python<'_>,
    customers: &Bound<'_, PyAny>,
    tickets: Option<&Bound<'_, PyAny>>,
    payments: Option<&Bound<'_, PyAny>>,
    usage: Option<&Bound<'_, PyAny>>,
    interactions: Option<&Bound<'_, PyAny>>,
    subscriptions: Option<&Bound<'_, PyAny>>,
    as_of: &Bound<'_, PyAny>,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<PointInTimeCheck> {
    let options = options(py, profile, overrides, settings)?;
    let as_of = day(Some(as_of))?.unwrap_or_default();
    let customers = convert::table(customers)?;
    let given = Given::new([tickets, payments, usage, interactions, subscriptions])?;
    call(py, || engine::check_point_in_time(customers.input(), &given.data(), &as_of, &options))
        .map(|g| PointInTimeCheck { ok: g.ok, columns: g.columns, rows_removed: g.rows_removed })
}

/// What a definition says of the customers' whole history: `customer_id`, `movement`, `at`, `voluntary`.
#[pyfunction]
#[pyo3(signature = (customers, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, definition, profile=None, overrides=None, settings=None))]
#[allow(clippy::too_many_arguments)]
pub fn churn_movements(
    py: Python<'_>,
    customers: &Bound<'_, PyAny>,
    tickets: Option<&Bound<'_, PyAny>>,
    payments: Option<&Bound<'_, PyAny>>,
    usage: Option<&Bound<'_, PyAny>>,
    interactions: Option<&Bound<'_, PyAny>>,
    subscriptions: Option<&Bound<'_, PyAny>>,
    definition: &ChurnDefinition,
    profile: Option<&Bound<'_, PyAny>>,
    overrides: Overrides,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<FeatureTable> {
    let options = options(py, profile, overrides, settings)?;
    let customers = convert::table(customers)?;
    let given = Given::new([tickets, payments, usage, interactions, subscriptions])?;
    let table = call(py, || engine::churn_movements(customers.input(), &given.data(), &definition.0, &options))?;
    let settings = options.settings;
    let definition = Some(definition.0.clone());
    Ok(FeatureTable(Arc::new(Built { table, findings: Vec::new(), settings, definition })))
}

/// The event features: one dict each with name, unit, formula, window and source tables.
#[pyfunction]
pub fn event_features(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for feature in churn_core::schema::event_features() {
        let dict = PyDict::new(py);
        dict.set_item("name", &feature.name)?;
        dict.set_item("readable", &feature.readable)?;
        dict.set_item("unit", &feature.unit)?;
        dict.set_item("formula", &feature.formula)?;
        dict.set_item("window", &feature.window)?;
        dict.set_item("tables", feature.sources.iter().map(|k| k.name()).collect::<Vec<_>>())?;
        dict.set_item("needs", &feature.needs)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// Scores one customer from his own rows of the tables of events.
#[allow(clippy::too_many_arguments)]
pub fn score_customer(
    py: Python<'_>,
    engine: &churn_core::Engine,
    record: &Bound<'_, PyDict>,
    tables: [Option<&Bound<'_, PyAny>>; 5],
    reasons: Option<usize>,
    overrides: Overrides,
    as_of: Option<&Bound<'_, PyAny>>,
    scored_at: Option<&Bound<'_, PyAny>>,
) -> PyResult<Prediction> {
    let options = ScoreOptions {
        reasons,
        as_of: day(as_of)?,
        scored_at: Some(day(scored_at)?.map_or_else(|| convert::now(py), Ok)?),
        ..ScoreOptions::default()
    };
    let overrides = table_overrides(py, overrides)?;
    let record = convert::record(record)?;
    let given = Given::new(tables)?;
    call(py, || engine.score_customer(&record, &given.data(), &overrides, &options)).map(Prediction)
}
