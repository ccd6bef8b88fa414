//! Tables that were read.

use crate::convert;
use crate::error::{call, raise};
use churn_core::read::{ReadOptions, TypedColumn, record_batch, typed};
use churn_core::report;
use churn_core::table::{ColumnData, RawTable};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use pyo3_arrow::PyTable;
use serde_json::{Map, Value};

/// A table that was read: what `map_columns`, `validate`, `train` and the calls of `Engine` take. As an Arrow stream, and
/// in its frames, every column has the type that its own cells show.
#[pyclass(frozen, module = "churn")]
pub struct Table {
    pub raw: RawTable,
    columns: Vec<TypedColumn>,
}

#[pymethods]
impl Table {
    /// The headers.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.columns.iter().map(|c| c.name.as_str()).collect()
    }

    /// {header: type by content}: id, text, category, boolean, number, date or timestamp.
    #[getter]
    fn types<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let types = PyDict::new(py);
        for column in &self.columns {
            let name = serde_json::to_value(column.field_type).unwrap_or_default();
            types.set_item(&column.name, name.as_str().unwrap_or_default())?;
        }
        Ok(types)
    }

    /// How it was read: format, encoding, delimiter, quote, escape, sheet, header_line, title_lines, dropped_lines,
    /// empty_columns and what the caller said of the cells.
    #[getter]
    fn source<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::source_json(self.raw.source()))
    }

    /// What was met while reading and what was done about it: code, message, rows_affected, example_rows.
    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.get_item("notes")
    }

    /// rows, columns (with type, format, missing and unreadable cells), source and notes, as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::read_json(&self.raw, &self.columns))
    }

    /// The rows as a list of dicts, by the columns' own types; dates in ISO 8601.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &Value::Array(report::rows_json(&self.columns)))
    }

    /// A pandas frame.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pandas = py.import("pandas")?;
        let columns = PyDict::new(py);
        for column in &self.columns {
            let data = &column.parsed.values;
            let values = PyList::empty(py);
            for row in 0..data.len() {
                match (data, data.number(row)) {
                    (ColumnData::Boolean(_), Some(truth)) => values.append(truth != 0.0)?,
                    (_, Some(number)) => values.append(number)?,
                    (_, None) => values.append(data.cell(row))?,
                }
            }
            let is_moment = matches!(data, ColumnData::Date(_) | ColumnData::Timestamp(_));
            let values = if is_moment { pandas.call_method1("to_datetime", (values,))? } else { values.into_any() };
            columns.set_item(&column.name, values)?;
        }
        pandas.call_method1("DataFrame", (columns,))
    }

    /// A polars frame.
    fn to_polars<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("polars")?.call_method1("DataFrame", (slf,))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = call(py, || record_batch(&self.columns))?;
        let schema = batch.schema();
        let table = PyTable::try_new(vec![batch], schema)?.into_pyobject(py)?;
        let capsule = table.call_method1("__arrow_c_stream__", (requested_schema,))?;
        Ok(capsule.cast_into::<PyCapsule>()?)
    }

    fn __len__(&self) -> usize {
        self.raw.n_rows()
    }

    fn __repr__(&self) -> String {
        format!("Table({} rows, {} columns, {})", self.raw.n_rows(), self.columns.len(), self.raw.source().format)
    }
}

/// Read a table: a path, bytes, a file object, a frame, a dict of columns or a list of dicts. CSV, TSV, JSON, JSON lines,
/// workbooks (.xlsx, .xlsb), gzipped or not, are recognised by their content, and so is how they are written; what is
/// given is not judged. `Table.source` and `Table.notes` say what was recognised.
#[pyfunction]
#[pyo3(signature = (source, *, delimiter=None, quote=None, escape=None, encoding=None, header_line=None, sheet=None,
    decimal=None, thousands=None, date_order=None, keep_totals=None, keep_empty_columns=None, max_bytes=None,
    max_rows=None, max_columns=None, max_cell_bytes=None))]
#[allow(clippy::too_many_arguments)]
pub fn read(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    delimiter: Option<Bound<'_, PyAny>>,
    quote: Option<Bound<'_, PyAny>>,
    escape: Option<Bound<'_, PyAny>>,
    encoding: Option<Bound<'_, PyAny>>,
    header_line: Option<Bound<'_, PyAny>>,
    sheet: Option<Bound<'_, PyAny>>,
    decimal: Option<Bound<'_, PyAny>>,
    thousands: Option<Bound<'_, PyAny>>,
    date_order: Option<Bound<'_, PyAny>>,
    keep_totals: Option<Bound<'_, PyAny>>,
    keep_empty_columns: Option<Bound<'_, PyAny>>,
    max_bytes: Option<Bound<'_, PyAny>>,
    max_rows: Option<Bound<'_, PyAny>>,
    max_columns: Option<Bound<'_, PyAny>>,
    max_cell_bytes: Option<Bound<'_, PyAny>>,
) -> PyResult<Table> {
    let mut given = Map::new();
    for (name, value) in [
        ("delimiter", delimiter),
        ("quote", quote),
        ("escape", escape),
        ("encoding", encoding),
        ("header_line", header_line),
        ("sheet", sheet),
        ("decimal", decimal),
        ("thousands", thousands),
        ("date_order", date_order),
        ("keep_totals", keep_totals),
        ("keep_empty_columns", keep_empty_columns),
        ("max_bytes", max_bytes),
        ("max_rows", max_rows),
        ("max_columns", max_columns),
        ("max_cell_bytes", max_cell_bytes),
    ] {
        if let Some(value) = value {
            given.insert(name.to_owned(), convert::json(&value)?);
        }
    }
    let options = ReadOptions::from_json(&given).map_err(|e| raise(py, &e))?;
    let source = convert::table(source)?;
    call(py, || {
        let raw = source.input().read(&options)?.into_owned();
        let columns = typed(&raw);
        Ok(Table { raw, columns })
    })
}
