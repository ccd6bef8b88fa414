//! Columns and matrices: dicts of lists, and numpy arrays of two dimensions.

use crate::convert::json;
use crate::error::raise;
use churn_core::table::{ColumnData, RawTable};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;
use serde_json::Value;

/// A dict of columns: header -> values.
pub fn columns(columns: &Bound<'_, PyDict>) -> PyResult<RawTable> {
    let named = columns.iter().map(|(name, values)| Ok((name.str()?.extract()?, column(&values)?)));
    let named = named.collect::<PyResult<Vec<(String, ColumnData)>>>()?;
    RawTable::from_columns(named).map_err(|e| raise(columns.py(), &e))
}

fn column(values: &Bound<'_, PyAny>) -> PyResult<ColumnData> {
    let values: Vec<Value> = values.try_iter()?.map(|v| json(&v?)).collect::<PyResult<_>>()?;
    Ok(ColumnData::of_values(&values))
}

/// A numpy array of two dimensions; its columns have no names and become column_1, column_2, ...
pub fn table(value: &Bound<'_, PyAny>) -> PyResult<Option<RawTable>> {
    if !value.hasattr("__array_interface__")? || !value.hasattr("ndim")? {
        return Ok(None);
    }
    let ndim: usize = value.getattr("ndim")?.extract()?;
    if ndim != 2 {
        return Ok(None);
    }
    let (n_rows, n_columns): (usize, usize) = value.getattr("shape")?.extract()?;
    let kind: String = value.getattr("dtype")?.getattr("kind")?.extract()?;
    let data: Vec<ColumnData> = if kind == "f" || n_rows == 0 {
        let flat = value.call_method1("astype", ("<f8",))?.call_method1("tobytes", ("F",))?;
        let flat: PyBackedBytes = flat.extract()?;
        let numbers = |column: &[u8]| {
            ColumnData::numbers(column.chunks_exact(8).map(|x| x.try_into().ok().map(f64::from_le_bytes)))
        };
        flat.chunks_exact((n_rows * 8).max(1)).map(numbers).collect()
    } else {
        let lists = value.getattr("T")?.call_method0("tolist")?;
        lists.try_iter()?.map(|list| column(&list?)).collect::<PyResult<_>>()?
    };
    let named = (1..=n_columns).map(|i| format!("column_{i}")).zip(data).collect();
    RawTable::from_columns(named).map(Some).map_err(|e| raise(value.py(), &e))
}
