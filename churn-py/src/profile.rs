//! Industry profiles.

use crate::error::raise;
use pyo3::prelude::*;

/// An industry profile: required fields, ranges, rules, risk bands, playbook, words.
#[pyclass(frozen, module = "churn")]
pub struct Profile(pub churn_core::schema::Profile);

#[pymethods]
impl Profile {
    /// A shipped profile: "saas", "telecom" or "generic".
    #[staticmethod]
    fn shipped(py: Python<'_>, name: &str) -> PyResult<Self> {
        churn_core::schema::Profile::shipped(name).map(Profile).map_err(|e| raise(py, &e))
    }

    /// A profile of one's own, as TOML text.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: &str) -> PyResult<Self> {
        churn_core::schema::Profile::from_toml(text).map(Profile).map_err(|e| raise(py, &e))
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    fn __repr__(&self) -> String {
        format!("Profile('{}')", self.0.name)
    }
}
