//! What came of scoring a file.

use crate::convert;
use crate::results::{Mapping, QualityReport};
use churn_core::report;
use pyo3::prelude::*;
use std::path::PathBuf;

/// What came of scoring a file: the predictions in a few numbers.
#[pyclass(frozen, module = "churn")]
pub struct ScoreSummary(pub churn_core::engine::ScoreSummary);

#[pymethods]
impl ScoreSummary {
    /// Customers scored.
    #[getter]
    fn customers(&self) -> usize {
        self.0.summary.customers
    }

    /// Customers at high risk.
    #[getter]
    fn high_risk(&self) -> usize {
        self.0.summary.high_risk
    }

    /// Customers at medium risk.
    #[getter]
    fn medium_risk(&self) -> usize {
        self.0.summary.medium_risk
    }

    /// Customers at low risk.
    #[getter]
    fn low_risk(&self) -> usize {
        self.0.summary.low_risk
    }

    /// Mean retention probability, 0 to 1.
    #[getter]
    fn average_retention(&self) -> f64 {
        self.0.summary.average_retention
    }

    /// How many are expected to leave.
    #[getter]
    fn expected_churners(&self) -> f64 {
        self.0.summary.expected_churners
    }

    /// Where the predictions stand.
    #[getter]
    fn target(&self) -> PathBuf {
        self.0.target.clone()
    }

    /// How the columns were understood.
    #[getter]
    fn mapping(&self) -> Mapping {
        Mapping(self.0.mapping.clone())
    }

    /// How good the data is.
    #[getter]
    fn quality(&self) -> QualityReport {
        QualityReport(self.0.quality.clone())
    }

    /// The numbers as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::summary_json(&self.0.summary))
    }

    fn __repr__(&self) -> String {
        report::summary_text(&self.0.summary)
    }
}
