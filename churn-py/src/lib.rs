//! Python bindings: conversions and names only; every decision is churn-core's.

mod actions;
mod convert;
mod copying;
mod desk;
mod engine;
mod error;
mod events;
mod functions;
mod heavy;
mod matrix;
mod model;
mod profile;
mod results;
mod scorer;
mod summary;
mod table;

use pyo3::prelude::*;

/// Large columns come and go; the allocator of the system would give their pages back and ask for them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The native module behind the package `churn`.
#[pymodule]
fn _churn(m: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(m)?;
    m.add_class::<engine::Engine>()?;
    m.add_class::<events::ChurnDefinition>()?;
    m.add_class::<events::PointInTimeCheck>()?;
    m.add_class::<events::FeatureTable>()?;
    m.add_class::<desk::AlertEngine>()?;
    m.add_class::<desk::HealthScores>()?;
    m.add_class::<desk::LeadScores>()?;
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
    m.add_class::<scorer::Scorer>()?;
    m.add_class::<table::Table>()?;
    m.add_function(wrap_pyfunction!(events::build_features, m)?)?;
    m.add_function(wrap_pyfunction!(events::build_training_set, m)?)?;
    m.add_function(wrap_pyfunction!(events::check_point_in_time, m)?)?;
    m.add_function(wrap_pyfunction!(events::churn_movements, m)?)?;
    m.add_function(wrap_pyfunction!(events::event_features, m)?)?;
    m.add_function(wrap_pyfunction!(desk::_call, m)?)?;
    m.add_function(wrap_pyfunction!(desk::health_backtest, m)?)?;
    m.add_function(wrap_pyfunction!(desk::health_score, m)?)?;
    m.add_function(wrap_pyfunction!(desk::lead_score, m)?)?;
    m.add_function(wrap_pyfunction!(functions::map_columns, m)?)?;
    m.add_function(wrap_pyfunction!(table::read, m)?)?;
    m.add_class::<summary::ScoreSummary>()?;
    m.add_function(wrap_pyfunction!(model::import_model, m)?)?;
    m.add_function(wrap_pyfunction!(model::import_model_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(functions::train, m)?)?;
    m.add_function(wrap_pyfunction!(functions::validate, m)?)?;
    m.add_function(wrap_pyfunction!(functions::_fit, m)?)?;
    m.add_function(wrap_pyfunction!(functions::_predict, m)?)?;
    m.add_function(wrap_pyfunction!(functions::_provoke, m)?)?;
    m.add("__version__", env!("CARGO_PKG_VERSION"))
}
