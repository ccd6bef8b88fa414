//! The engine.

use crate::actions;
use crate::convert::{self, Overrides};
use crate::error::call;
use crate::results::{Evaluation, Explanation, Mapping, Prediction, Predictions};
use crate::summary::ScoreSummary;
use churn_core::ScoreOptions;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A model, ready to map, judge, score and explain. Thread-safe.
#[pyclass(frozen, module = "churn")]
pub struct Engine(pub churn_core::Engine);

#[pymethods]
impl Engine {
    /// A shipped model: "telecom" or "saas".
    #[staticmethod]
    fn pretrained(py: Python<'_>, name: &str) -> PyResult<Self> {
        call(py, || churn_core::Engine::pretrained(name)).map(Engine)
    }

    /// The engine of an imported model, ready for customer tables.
    #[staticmethod]
    fn from_model(py: Python<'_>, model: &Bound<'_, crate::model::Model>) -> PyResult<Self> {
        crate::model::engine(py, model)
    }

    /// The same model that tells its reasons and recommendations in another language: "en", "de", "es" or "fr". A saved
    /// model keeps it.
    fn with_language(&self, py: Python<'_>, language: &str) -> PyResult<Self> {
        call(py, || self.0.with_language(churn_core::schema::Language::parse(language)?)).map(Engine)
    }

    /// The language of reasons and recommendations.
    #[getter]
    fn language(&self) -> &'static str {
        self.0.model().profile.language.code()
    }

    /// The same model with a calibrator and an interval learnt from a labelled table that it was not trained on.
    #[pyo3(signature = (table, *, label=None, as_of=None))]
    fn calibrate(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        label: Option<&str>,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let as_of = convert::iso(as_of)?;
        let table = convert::table(table)?;
        call(py, || self.0.calibrate(table.input(), label, as_of.as_deref())).map(Engine)
    }

    /// Load a saved model.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        call(py, || churn_core::Engine::load(path)).map(Engine)
    }

    /// Save the model as one file, whole or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        call(py, || self.0.save(path))
    }

    /// Name and version of the model.
    #[getter]
    fn model_version(&self) -> String {
        self.0.model().model_version()
    }

    /// The model card as a dict.
    #[getter]
    fn card<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let card = call(py, || self.0.card_json())?;
        convert::python(py, &card)
    }

    /// Score a table: a path, bytes, a file object, a frame, a dict of columns or a list of dicts.
    ///
    /// `as_of` is the day the rows describe (today where it is not given and the table has no snapshot date);
    /// `progress` is called as progress(stage, done, total).
    #[pyo3(signature = (table, *, reasons=None, mapping=None, overrides=None, as_of=None, scored_at=None, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn score(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        reasons: Option<usize>,
        mapping: Option<&Bound<'_, Mapping>>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
        scored_at: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Predictions> {
        let watch = convert::Watch::new(progress);
        let report = watch.progress();
        let options = ScoreOptions {
            reasons,
            mapping: mapping.map(|m| &m.get().0),
            overrides: overrides.unwrap_or_default(),
            as_of: convert::iso(as_of)?,
            scored_at: Some(convert::iso(scored_at)?.map_or_else(|| convert::now(py), Ok)?),
            progress: Some(&report),
            ..ScoreOptions::default()
        };
        let table = convert::table(table)?;
        let outcome = call(py, move || {
            // Freed where it was used: a large table is heavy.
            let table = table;
            self.0.score(table.input(), &options)
        });
        watch.outcome(outcome).map(|scored| Predictions(scored.into()))
    }

    /// Score a file and write the predictions as a CSV file, whole or not at all.
    #[pyo3(signature = (source, target, *, reasons=None, mapping=None, overrides=None, as_of=None, scored_at=None, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn score_file(
        &self,
        py: Python<'_>,
        source: PathBuf,
        target: PathBuf,
        reasons: Option<usize>,
        mapping: Option<&Bound<'_, Mapping>>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
        scored_at: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<ScoreSummary> {
        let watch = convert::Watch::new(progress);
        let report = watch.progress();
        let options = ScoreOptions {
            reasons,
            mapping: mapping.map(|m| &m.get().0),
            overrides: overrides.unwrap_or_default(),
            as_of: convert::iso(as_of)?,
            scored_at: Some(convert::iso(scored_at)?.map_or_else(|| convert::now(py), Ok)?),
            progress: Some(&report),
            ..ScoreOptions::default()
        };
        let outcome = call(py, || self.0.score_file(source, target, &options));
        watch.outcome(outcome).map(ScoreSummary)
    }

    /// Score one customer, given as a dict.
    #[pyo3(signature = (record, *, reasons=None, overrides=None, as_of=None, scored_at=None))]
    fn score_one(
        &self,
        py: Python<'_>,
        record: &Bound<'_, PyDict>,
        reasons: Option<usize>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
        scored_at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Prediction> {
        let options = ScoreOptions {
            reasons,
            overrides: overrides.unwrap_or_default(),
            as_of: convert::iso(as_of)?,
            scored_at: Some(convert::iso(scored_at)?.map_or_else(|| convert::now(py), Ok)?),
            ..ScoreOptions::default()
        };
        let record = convert::record(record)?;
        call(py, || self.0.score_one(&record, &options)).map(Prediction)
    }

    /// A scorer for customers that all have the keys of this example: they are understood once.
    #[pyo3(signature = (example, *, reasons=None, mapping=None, overrides=None, as_of=None))]
    fn scorer(
        &self,
        py: Python<'_>,
        example: &Bound<'_, PyDict>,
        reasons: Option<usize>,
        mapping: Option<&Bound<'_, Mapping>>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<crate::scorer::Scorer> {
        crate::scorer::scorer(py, &self.0, example, reasons, mapping, overrides, as_of)
    }

    /// Score one customer from his own rows of the tables of events, as known before `as_of` (now, where not given).
    ///
    /// An empty list is a table in which nothing happened; rows without a customer id are his.
    #[pyo3(signature = (record, *, tickets=None, payments=None, usage=None, interactions=None, subscriptions=None, reasons=None, overrides=None, as_of=None, scored_at=None))]
    #[allow(clippy::too_many_arguments)]
    fn score_customer(
        &self,
        py: Python<'_>,
        record: &Bound<'_, PyDict>,
        tickets: Option<&Bound<'_, PyAny>>,
        payments: Option<&Bound<'_, PyAny>>,
        usage: Option<&Bound<'_, PyAny>>,
        interactions: Option<&Bound<'_, PyAny>>,
        subscriptions: Option<&Bound<'_, PyAny>>,
        reasons: Option<usize>,
        overrides: Option<BTreeMap<String, BTreeMap<String, Option<String>>>>,
        as_of: Option<&Bound<'_, PyAny>>,
        scored_at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Prediction> {
        let tables = [tickets, payments, usage, interactions, subscriptions];
        crate::events::score_customer(py, &self.0, record, tables, reasons, overrides, as_of, scored_at)
    }

    /// Exact SHAP values of a table; `.values`, `.base_values`, `.data` and `.feature_names` are what shap's plots take.
    ///
    /// Against a `background` table they are interventional: the base value is the mean over its customers.
    #[pyo3(signature = (table, *, background=None, overrides=None, as_of=None))]
    fn explain(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        background: Option<&Bound<'_, PyAny>>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Explanation> {
        let as_of = Some(convert::iso(as_of)?.map_or_else(|| convert::now(py), Ok)?);
        let options = ScoreOptions { overrides: overrides.unwrap_or_default(), as_of, ..ScoreOptions::default() };
        let table = convert::table(table)?;
        let background = background.map(convert::table).transpose()?;
        call(py, || match &background {
            Some(background) => self.0.explain_against(table.input(), background.input(), &options),
            None => self.0.explain(table.input(), &options),
        })
        .map(Explanation)
    }

    /// Measure the engine on a labelled table that it was not trained on.
    #[pyo3(signature = (table, *, label=None, as_of=None))]
    fn evaluate(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        label: Option<&str>,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Evaluation> {
        let as_of = convert::iso(as_of)?;
        let table = convert::table(table)?;
        call(py, || self.0.evaluate(table.input(), label, as_of.as_deref())).map(Evaluation)
    }

    /// The prediction that a customer would have with some fields changed: {field or header: value}.
    #[pyo3(signature = (record, changes, *, overrides=None, as_of=None))]
    fn what_if(
        &self,
        py: Python<'_>,
        record: &Bound<'_, PyDict>,
        changes: &Bound<'_, PyDict>,
        overrides: Overrides,
        as_of: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Prediction> {
        actions::what_if(py, self, record, changes, overrides, as_of)
    }

    /// The least changes of what can be changed that bring a customer to `target` or below, the cheapest first; an
    /// empty list where there is none, or the customer is there already.
    #[pyo3(signature = (record, target=None, *, n=None, max_changes=None, actionable=None, overrides=None, as_of=None))]
    #[allow(clippy::too_many_arguments)]
    fn counterfactuals<'py>(
        &self,
        py: Python<'py>,
        record: &Bound<'py, PyDict>,
        target: Option<f64>,
        n: Option<usize>,
        max_changes: Option<usize>,
        actionable: Option<&Bound<'py, PyAny>>,
        overrides: Overrides,
        as_of: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        actions::counterfactuals(py, self, record, target, (n, max_changes), actionable, overrides, as_of)?
            .get_item("answers")
    }

    /// As `counterfactuals`, with what was looked for and why nothing was found: `answers`, `churn_probability`, `target`,
    /// `reachable`, `actionable`, `note`.
    #[pyo3(signature = (record, target=None, *, n=None, max_changes=None, actionable=None, overrides=None, as_of=None))]
    #[allow(clippy::too_many_arguments)]
    fn counterfactual_search<'py>(
        &self,
        py: Python<'py>,
        record: &Bound<'py, PyDict>,
        target: Option<f64>,
        n: Option<usize>,
        max_changes: Option<usize>,
        actionable: Option<&Bound<'py, PyAny>>,
        overrides: Overrides,
        as_of: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        actions::counterfactuals(py, self, record, target, (n, max_changes), actionable, overrides, as_of)
    }

    /// Pickled as the bytes of the model file.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let engine = &slf.get().0;
        let bytes = call(py, || engine.to_bytes())?;
        Ok((slf.get_type().getattr("from_bytes")?, (PyBytes::new(py, &bytes),)))
    }

    /// A model from the bytes of a model file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        call(py, || churn_core::Engine::from_bytes(data)).map(Engine)
    }

    fn __repr__(&self) -> String {
        format!("Engine('{}')", self.0.model().model_version())
    }
}
