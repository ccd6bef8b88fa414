//! One customer after another.

use crate::convert::{self, Overrides};
use crate::error::{call, raise};
use crate::results::{Mapping, Prediction};
use churn_core::ScoreOptions;
use churn_core::engine::{Cell, RowScorer};
use churn_core::error::guard;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

/// An engine for customers that all have the same keys: they are understood once, and each dict is then scored in
/// microseconds. Thread-safe.
#[pyclass(frozen, module = "churn")]
pub struct Scorer {
    scorer: RowScorer,
    /// The keys, as Python has them.
    names: Vec<Py<PyString>>,
}

/// The scorer of an engine.
pub fn scorer(
    py: Python<'_>,
    engine: &churn_core::Engine,
    example: &Bound<'_, PyDict>,
    reasons: Option<usize>,
    mapping: Option<&Bound<'_, Mapping>>,
    overrides: Overrides,
    as_of: Option<&Bound<'_, PyAny>>,
) -> PyResult<Scorer> {
    let options = ScoreOptions {
        reasons,
        mapping: mapping.map(|m| &m.get().0),
        overrides: overrides.unwrap_or_default(),
        as_of: convert::iso(as_of)?,
        ..ScoreOptions::default()
    };
    let example = convert::record(example)?;
    let scorer = call(py, || engine.row_scorer(&example, &options))?;
    let names = scorer.names().iter().map(|name| PyString::intern(py, name).unbind()).collect();
    Ok(Scorer { scorer, names })
}

/// A plain value as a cell; `None` for any other.
fn cell<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Option<Cell<'a>>> {
    Ok(if let Ok(text) = value.cast_exact::<PyString>() {
        Some(Cell::Text(text.to_str()?))
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        Some(Cell::Number(number.value()))
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        Some(Cell::Boolean(truth.is_true()))
    } else if value.is_exact_instance_of::<PyInt>() {
        value.extract().ok().map(Cell::Integer)
    } else if value.is_none() {
        Some(Cell::Missing)
    } else {
        None
    })
}

impl Scorer {
    /// The prediction from the dict's own values, where all of them are plain.
    fn plain(&self, record: &Bound<'_, PyDict>, scored_at: &str) -> PyResult<Option<churn_core::report::Prediction>> {
        let py = record.py();
        let mut values = Vec::with_capacity(self.names.len());
        let mut found = 0;
        for name in &self.names {
            let value = record.get_item(name.bind(py))?;
            found += usize::from(value.is_some());
            values.push(value);
        }
        if found != record.len() {
            return Ok(None);
        }
        let mut cells = Vec::with_capacity(values.len());
        for value in &values {
            match value.as_ref().map_or(Ok(Some(Cell::Missing)), cell)? {
                Some(cell) => cells.push(cell),
                None => return Ok(None),
            }
        }
        guard(|| self.scorer.score_cells(&cells, Some(scored_at))).map_err(|e| raise(py, &e))
    }
}

#[pymethods]
impl Scorer {
    /// Score one customer, given as a dict with the example's keys.
    #[pyo3(signature = (record, *, scored_at=None))]
    fn score(
        &self,
        py: Python<'_>,
        record: &Bound<'_, PyDict>,
        scored_at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Prediction> {
        let scored_at = convert::iso(scored_at)?.map_or_else(|| convert::now(py), Ok)?;
        if let Some(prediction) = self.plain(record, &scored_at)? {
            return Ok(Prediction(prediction));
        }
        let record = convert::record(record)?;
        call(py, || self.scorer.score(&record, Some(&scored_at))).map(Prediction)
    }

    /// How the example's keys were understood.
    #[getter]
    fn mapping(&self) -> Mapping {
        Mapping(self.scorer.mapping().clone())
    }

    /// The example's keys.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.scorer.names().to_vec()
    }

    fn __repr__(&self) -> String {
        format!("Scorer({} columns)", self.names.len())
    }
}
