//! Copies and pickles. Results never change, so a copy is the thing itself.

use crate::engine::Engine;
use crate::error::{call, raise};
use crate::profile::Profile;
use crate::results::{Mapping, Predictions};
use churn_core::Scored;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

type Reduced<'py, T> = (Bound<'py, PyAny>, (T,));

macro_rules! immutable {
    ($($class:ident)*) => {
        $(#[pymethods]
        impl $class {
            fn __copy__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                slf
            }
        })*
    };
}

immutable!(Engine Mapping Predictions Profile);

#[pymethods]
impl Mapping {
    /// A mapping from the JSON text that pickling uses.
    #[staticmethod]
    fn _from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        churn_core::map::Mapping::from_json(text).map(Mapping).map_err(|e| raise(py, &e))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Reduced<'py, String>> {
        let text = slf.get().0.to_json().map_err(|e| raise(py, &e))?;
        Ok((slf.get_type().getattr("_from_json")?, (text,)))
    }
}

#[pymethods]
impl Profile {
    /// The profile as TOML text, which `from_toml` reads.
    fn to_toml(&self, py: Python<'_>) -> PyResult<String> {
        self.0.to_toml().map_err(|e| raise(py, &e))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Reduced<'py, String>> {
        Ok((slf.get_type().getattr("from_toml")?, (slf.get().to_toml(py)?,)))
    }
}

#[pymethods]
impl Predictions {
    /// Predictions from the bytes that pickling uses.
    #[staticmethod]
    fn _from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        call(py, || Scored::from_bytes(data)).map(|s| Predictions(s.into()))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Reduced<'py, Bound<'py, PyBytes>>> {
        let scored = &slf.get().0;
        let bytes = call(py, || scored.to_bytes())?;
        Ok((slf.get_type().getattr("_from_bytes")?, (PyBytes::new(py, &bytes),)))
    }
}
