//! Python bindings: conversions and names only; every decision is churn-core's.

mod convert;
mod engine;
mod error;
mod functions;
mod model;
mod profile;
mod results;
mod summary;

use pyo3::prelude::*;

/// The native module behind the package `churn`.
#[pymodule]
fn _churn(m: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(m)?;
    m.add_class::<engine::Engine>()?;
    m.add_class::<model::Model>()?;
    m.add_class::<profile::Profile>()?;
    m.add_class::<results::ColumnMatch>()?;
    m.add_class::<results::Evaluation>()?;
    m.add_class::<results::Explanation>()?;
    m.add_class::<results::Finding>()?;
    m.add_class::<results::Mapping>()?;
    m.add_class::<results::Prediction>()?;
    m.add_class::<results::Predictions>()?;
    m.add_class::<results::QualityReport>()?;
    m.add_class::<summary::ScoreSummary>()?;
    m.add_function(wrap_pyfunction!(functions::map_columns, m)?)?;
    m.add_function(wrap_pyfunction!(model::import_model, m)?)?;
    m.add_function(wrap_pyfunction!(model::import_model_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(functions::train, m)?)?;
    m.add_function(wrap_pyfunction!(functions::validate, m)?)?;
    m.add("__version__", env!("CARGO_PKG_VERSION"))
}
