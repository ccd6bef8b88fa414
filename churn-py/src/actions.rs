//! What would change a customer's risk.

use crate::convert::{self, Overrides};
use crate::engine::Engine;
use crate::error::call;
use crate::results::Prediction;
use churn_core::ScoreOptions;
use churn_core::engine::{CounterfactualOptions, actionables, counterfactuals_json};
use pyo3::prelude::*;
use pyo3::types::PyDict;

fn scoring(py: Python<'_>, overrides: Overrides, as_of: Option<&Bound<'_, PyAny>>) -> PyResult<ScoreOptions<'static>> {
    Ok(ScoreOptions {
        overrides: overrides.unwrap_or_default(),
        as_of: convert::iso(as_of)?,
        scored_at: Some(convert::now(py)?),
        ..ScoreOptions::default()
    })
}

/// The prediction with some fields changed.
pub fn what_if(
    py: Python<'_>,
    engine: &Engine,
    record: &Bound<'_, PyDict>,
    changes: &Bound<'_, PyDict>,
    overrides: Overrides,
    as_of: Option<&Bound<'_, PyAny>>,
) -> PyResult<Prediction> {
    let options = scoring(py, overrides, as_of)?;
    let (record, changes) = (convert::record(record)?, convert::record(changes)?);
    call(py, || engine.0.what_if(&record, &changes, &options)).map(Prediction)
}

/// The search for counterfactuals, as a dict.
#[allow(clippy::too_many_arguments)]
pub fn counterfactuals<'py>(
    py: Python<'py>,
    engine: &Engine,
    record: &Bound<'py, PyDict>,
    target: Option<f64>,
    (n, max_changes): (Option<usize>, Option<usize>),
    actionable: Option<&Bound<'py, PyAny>>,
    overrides: Overrides,
    as_of: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let default = CounterfactualOptions::default();
    let options = CounterfactualOptions {
        target: target.unwrap_or(default.target),
        n: n.unwrap_or(default.n),
        max_changes,
        actionable: actionable.map(|a| convert::nested(a).and_then(|a| call(py, || actionables(a)))).transpose()?,
        score: scoring(py, overrides, as_of)?,
    };
    let record = convert::record(record)?;
    let found = call(py, || engine.0.counterfactuals(&record, &options))?;
    convert::python(py, &counterfactuals_json(&found))
}
