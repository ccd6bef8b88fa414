//! Python values to the core's inputs and back.

use crate::error::raise;
use crate::matrix;
use arrow_array::{RecordBatch, RecordBatchReader};
use churn_core::events::FeatureTable;
use churn_core::progress::Progress;
use churn_core::schema::Profile;
use churn_core::table::RawTable;
use churn_core::validate::Pieces;
use churn_core::{Input, Record};
use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use pyo3_arrow::PyRecordBatchReader;
use pyo3_arrow::input::AnyRecordBatch;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A table as Python gave it, owned.
pub enum Table {
    /// A path.
    Path(PathBuf),
    /// The content of a file.
    Bytes(Vec<u8>),
    /// The content of a file, in Python's own memory.
    Shared(PyBackedBytes),
    /// A list of dicts.
    Records(Vec<Record>),
    /// A frame.
    Raw(Box<RawTable>),
    /// A table that was read before.
    Read(Py<crate::table::Table>),
    /// A table that the engine made.
    Features(std::sync::Arc<FeatureTable>),
}

impl Table {
    /// The core's view of it.
    pub fn input(&self) -> Input<'_> {
        match self {
            Table::Path(path) => Input::Path(path.clone()),
            Table::Bytes(bytes) => Input::Bytes(bytes),
            Table::Shared(bytes) => Input::Bytes(bytes),
            Table::Records(records) => Input::Records(records),
            Table::Raw(raw) => Input::Raw(raw),
            Table::Read(table) => Input::Raw(&table.get().raw),
            Table::Features(built) => Input::Features(built),
        }
    }
}

/// A table from a path, bytes, a file object, anything that speaks Arrow, a numpy matrix, a pandas frame, a dict of
/// columns or a list of dicts.
pub fn table(value: &Bound<'_, PyAny>) -> PyResult<Table> {
    let py = value.py();
    if let Ok(read) = value.cast::<crate::table::Table>() {
        return Ok(Table::Read(read.clone().unbind()));
    }
    if let Ok(built) = value.cast::<crate::events::FeatureTable>() {
        return Ok(Table::Features(built.get().0.clone()));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Table::Shared(PyBackedBytes::from(bytes.clone())));
    }
    if value.is_instance_of::<PyString>() || value.hasattr("__fspath__")? {
        return Ok(Table::Path(value.extract()?));
    }
    if value.hasattr("read")? {
        return content(value).map(Table::Bytes);
    }
    if value.hasattr("__arrow_c_stream__")? || value.hasattr("__arrow_c_array__")? {
        match value.extract::<AnyRecordBatch>().and_then(|any| Ok(any.into_table()?)) {
            Ok(frame) => {
                let (batches, schema) = frame.into_inner();
                return RawTable::from_batches(&schema, &batches)
                    .map(|t| Table::Raw(Box::new(t)))
                    .map_err(|e| raise(py, &e));
            }
            // pandas needs pyarrow to speak Arrow, and columns of one type; its own records always work.
            Err(_) if value.hasattr("to_dict")? => {}
            Err(error) => return Err(error),
        }
    }
    if let Ok(columns) = value.cast::<PyDict>() {
        return matrix::columns(columns).map(|t| Table::Raw(Box::new(t)));
    }
    if let Some(raw) = matrix::table(value)? {
        return Ok(Table::Raw(Box::new(raw)));
    }
    if value.hasattr("to_dict")? {
        let records = value.call_method1("to_dict", ("records",))?;
        return Ok(Table::Records(records_of_list(&records)?));
    }
    Ok(Table::Records(records_of_list(value)?))
}

/// A frame without rows, with its columns: among tables of events one in which nothing happened.
pub fn blank(value: &Bound<'_, PyAny>) -> PyResult<Option<Table>> {
    if !value.len().is_ok_and(|n| n == 0) || !value.hasattr("columns")? {
        return Ok(None);
    }
    // The columns of pyarrow are the data itself.
    let named = if value.hasattr("column_names")? { "column_names" } else { "columns" };
    let names = value.getattr(named)?.try_iter()?.map(|name| name?.str()?.extract());
    Ok(Some(Table::Raw(Box::new(RawTable::without_rows(names.collect::<PyResult<_>>()?)))))
}

/// Bytes that are taken from a file object in one go.
const PIECE: usize = 1 << 20;

/// What a file object holds from where it stands. A file of Python's own is read piece by piece: making and freeing one large
/// object would hold up all threads of the interpreter.
fn content(file: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let in_pieces = file.hasattr("readable")?;
    let mut content = Vec::new();
    loop {
        let piece = if in_pieces { file.call_method1("read", (PIECE,))? } else { file.call_method0("read")? };
        let before = content.len();
        match piece.cast::<PyString>() {
            Ok(text) => content.extend_from_slice(text.to_cow()?.as_bytes()),
            Err(_) => {
                let bytes: PyBackedBytes = piece.extract()?;
                file.py().detach(|| content.extend_from_slice(&bytes));
            }
        }
        if !in_pieces || content.len() == before {
            return Ok(content);
        }
    }
}

/// The batches of an Arrow stream, one at a time, so that a stream never stands in memory as it came; `None` for
/// whatever is no stream.
pub fn pieces(value: &Bound<'_, PyAny>) -> PyResult<Option<Pieces>> {
    if value.is_instance_of::<crate::table::Table>() || !value.hasattr("__arrow_c_stream__")? {
        return Ok(None);
    }
    let Ok(reader) = value.extract::<PyRecordBatchReader>() else { return Ok(None) };
    let py = value.py();
    let reader = reader.into_reader()?;
    let schema = reader.schema();
    let mut pieces = Pieces::default();
    let mut push = |batches: &[RecordBatch]| {
        RawTable::from_batches(&schema, batches).and_then(|piece| pieces.push(&piece)).map_err(|e| raise(py, &e))
    };
    let mut none = true;
    for batch in reader {
        let batch = batch.map_err(|e| PyValueError::new_err(format!("the Arrow stream broke off: {e}")))?;
        if batch.num_rows() > 0 {
            none = false;
            push(&[batch])?;
        }
    }
    if none {
        push(&[])?;
    }
    Ok(Some(pieces))
}

fn records_of_list(value: &Bound<'_, PyAny>) -> PyResult<Vec<Record>> {
    let wrong = || {
        PyTypeError::new_err(
            "give a path, bytes, a file object, a frame (pandas, polars, pyarrow, ...), a numpy matrix, a dict of columns or a list of dicts",
        )
    };
    value.try_iter().map_err(|_| wrong())?.map(|item| record(item?.cast::<PyDict>().map_err(|_| wrong())?)).collect()
}

/// A dict as a record.
pub fn record(value: &Bound<'_, PyDict>) -> PyResult<Record> {
    value.iter().map(|(k, v)| Ok((k.str()?.extract()?, json(&v)?))).collect()
}

/// A Python value as JSON: None, NaN, NaT and NA are null, dates ISO text, numpy scalars plain ones.
pub fn json(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(b) = value.cast::<PyBool>() {
        return Ok(Value::Bool(b.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        // Whole numbers beyond 64 bits are ids: they stay text.
        return match value.extract::<i64>() {
            Ok(i) => Ok(Value::from(i)),
            Err(_) => Ok(Value::String(value.str()?.extract()?)),
        };
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(serde_json::Number::from_f64(value.extract()?).map_or(Value::Null, Value::Number));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::String(text.to_string()));
    }
    // NaT and NA are the values that are not equal to themselves, or refuse to say.
    if !value.eq(value).unwrap_or(false) {
        return Ok(Value::Null);
    }
    if let Ok(iso) = value.call_method0("isoformat") {
        return Ok(Value::String(iso.extract()?));
    }
    if let Ok(item) = value.call_method0("item") {
        return json(&item);
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number));
    }
    Ok(Value::String(value.str()?.extract()?))
}

/// A Python value as JSON, dicts, lists and tuples included.
pub fn nested(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(dict) = value.cast::<PyDict>() {
        let entries = dict.iter().map(|(k, v)| Ok((k.str()?.extract()?, nested(&v)?)));
        return entries.collect::<PyResult<_>>().map(Value::Object);
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return value.try_iter()?.map(|v| nested(&v?)).collect::<PyResult<_>>().map(Value::Array);
    }
    json(value)
}

/// JSON as a Python value.
pub fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Value::Number(n) => match n.as_i64() {
            Some(i) => i.into_pyobject(py)?.into_any(),
            None => PyFloat::new(py, n.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(s) => PyString::new(py, s).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, item) in entries {
                dict.set_item(key, python(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// A profile by name, or one of the user's own.
pub fn profile(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Profile>> {
    let Some(value) = value else { return Ok(None) };
    if let Ok(own) = value.cast::<crate::profile::Profile>() {
        return Ok(Some(own.get().0.clone()));
    }
    let name: String = value.extract()?;
    Profile::shipped(&name).map(Some).map_err(|e| raise(value.py(), &e))
}

/// Source header -> field, or None for "leave it unmapped".
pub type Overrides = Option<BTreeMap<String, Option<String>>>;

/// The present instant as ISO 8601 in UTC: the host's clock, because the core has none.
pub fn now(py: Python<'_>) -> PyResult<String> {
    let datetime = py.import("datetime")?;
    let utc = datetime.getattr("timezone")?.getattr("utc")?;
    let now = datetime.getattr("datetime")?.call_method1("now", (utc,))?;
    let text: String = now.call_method1("strftime", ("%Y-%m-%dT%H:%M:%SZ",))?.extract()?;
    Ok(text)
}

/// Watches a long call: passes progress on, lets Ctrl-C through, and keeps what the callback raises.
pub struct Watch {
    callback: Option<Py<PyAny>>,
    raised: std::sync::Mutex<Option<PyErr>>,
}

impl Watch {
    /// A watch with the user's `callback(stage, done, total)`, or True for a bar.
    pub fn new(callback: Option<Py<PyAny>>) -> Self {
        // `progress=True` is the package's own bar; where that cannot be had, the call goes on without.
        let bar = |given: Py<PyAny>| {
            Python::attach(|py| match given.bind(py).cast::<PyBool>() {
                Err(_) => Some(given.clone_ref(py)),
                Ok(wanted) if wanted.is_true() => {
                    let bar = py.import("churn._progress").and_then(|m| m.call_method0("bar")).ok()?;
                    (!bar.is_none()).then(|| bar.unbind())
                }
                Ok(_) => None,
            })
        };
        Watch { callback: callback.and_then(bar), raised: std::sync::Mutex::new(None) }
    }

    /// The core's progress function.
    pub fn progress(&self) -> impl Fn(Progress) -> bool + Sync + '_ {
        move |p| {
            Python::attach(|py| {
                let outcome = py.check_signals().and_then(|()| match &self.callback {
                    Some(callback) => callback.call1(py, (p.stage, p.done, p.total)).map(|_| ()),
                    None => Ok(()),
                });
                let Err(error) = outcome else { return true };
                if let Ok(mut slot) = self.raised.lock() {
                    slot.get_or_insert(error);
                }
                false
            })
        }
    }

    /// What the callback raised, else the call's own outcome.
    pub fn outcome<T>(&self, outcome: PyResult<T>) -> PyResult<T> {
        match self.raised.lock().ok().and_then(|mut slot| slot.take()) {
            Some(error) => Err(error),
            None => outcome,
        }
    }
}

/// An ISO text from a string, a date or a datetime.
pub fn iso(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    if value.is_instance_of::<PyString>() {
        return value.extract().map(Some);
    }
    let text = value
        .call_method0("isoformat")
        .map_err(|_| PyAttributeError::new_err("give an ISO 8601 text, a date or a datetime"))?;
    text.extract().map(Some)
}

/// Numbers as a numpy array, or as an `array` of doubles where numpy is not installed.
pub fn vector<'py>(py: Python<'py>, values: impl IntoIterator<Item = f64>) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = values.into_iter().flat_map(f64::to_ne_bytes).collect();
    let bytes = pyo3::types::PyByteArray::new(py, &bytes);
    match py.import("numpy") {
        // A bytearray, so that the array can be written to.
        Ok(numpy) => numpy.call_method1("frombuffer", (bytes, "float64")),
        Err(_) => {
            let array = py.import("array")?.call_method1("array", ("d",))?;
            array.call_method1("frombytes", (bytes,))?;
            Ok(array)
        }
    }
}
