//! churn-core's errors as Python exceptions: `ChurnError` and one subclass a stage.

use churn_core::Stage;
use churn_core::error::guard;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyDict;

create_exception!(churn, ChurnError, PyException, "Any error of churn; has code, number, hint and context.");
create_exception!(churn, ReadError, ChurnError, "Bytes, files or frames could not be read.");
create_exception!(churn, MappingError, ChurnError, "Columns could not be mapped to the fields that are required.");
create_exception!(churn, ValidationError, ChurnError, "The data makes the call impossible, for example by a leak.");
create_exception!(churn, FeatureError, ChurnError, "The features of the model cannot be built from the table.");
create_exception!(churn, ModelError, ChurnError, "A model file is absent, damaged or of another version.");
create_exception!(churn, TrainError, ChurnError, "There is too little to learn from.");
create_exception!(churn, ReportError, ChurnError, "Explaining, deciding or reporting failed.");

/// Adds the exceptions to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("ChurnError", py.get_type::<ChurnError>())?;
    m.add("ReadError", py.get_type::<ReadError>())?;
    m.add("MappingError", py.get_type::<MappingError>())?;
    m.add("ValidationError", py.get_type::<ValidationError>())?;
    m.add("FeatureError", py.get_type::<FeatureError>())?;
    m.add("ModelError", py.get_type::<ModelError>())?;
    m.add("TrainError", py.get_type::<TrainError>())?;
    m.add("ReportError", py.get_type::<ReportError>())
}

/// The exception of an error.
pub fn raise(py: Python<'_>, error: &churn_core::Error) -> PyErr {
    let text = error.to_string();
    let exception = match error.stage() {
        Stage::Read => ReadError::new_err(text),
        Stage::Map => MappingError::new_err(text),
        Stage::Validate => ValidationError::new_err(text),
        Stage::Features => FeatureError::new_err(text),
        Stage::Model => ModelError::new_err(text),
        Stage::Train => TrainError::new_err(text),
        Stage::Report => ReportError::new_err(text),
        _ => ChurnError::new_err(text),
    };
    match attributes(py, &exception, error) {
        Ok(()) => exception,
        Err(broken) => broken,
    }
}

fn attributes(py: Python<'_>, exception: &PyErr, error: &churn_core::Error) -> PyResult<()> {
    let context = PyDict::new(py);
    for (key, value) in error.context() {
        context.set_item(key, value)?;
    }
    let value = exception.value(py);
    value.setattr("code", error.code())?;
    value.setattr("number", error.number())?;
    value.setattr("hint", error.suggestion())?;
    value.setattr("context", context)
}

/// Runs a call of the core without the interpreter lock; errors become exceptions, panics the error `internal`.
pub fn call<T: Send>(py: Python<'_>, f: impl FnOnce() -> churn_core::Result<T> + Send) -> PyResult<T> {
    py.detach(|| guard(f)).map_err(|e| raise(py, &e))
}

/// Reckons something of a large result without the interpreter lock, so that other threads go on.
pub fn aside<T: Send>(py: Python<'_>, f: impl FnOnce() -> T + Send) -> PyResult<T> {
    call(py, || Ok(f()))
}
