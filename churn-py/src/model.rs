//! Models trained elsewhere.

use crate::convert;
use crate::engine::Engine;
use crate::error::{call, raise};
use churn_core::engine::{Predictor, import_model as import};
use churn_core::features::FeatureMatrix;
use churn_core::model::Model as CoreModel;
use churn_core::model::import::ImportOptions;
use churn_core::{Error, ErrorKind};
use ndarray::Array2;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use std::path::PathBuf;

/// A model that another library trained, on matrices of its own features. Thread-safe.
#[pyclass(frozen, module = "churn")]
pub struct Model(pub Predictor);

fn options(
    name: Option<String>,
    version: Option<String>,
    profile: Option<&Bound<'_, PyAny>>,
    iterations: Option<usize>,
    feature_names: Option<Vec<String>>,
) -> PyResult<ImportOptions> {
    Ok(ImportOptions { name, version, profile: convert::profile(profile)?, iterations, feature_names })
}

/// Import a model that another library trained: XGBoost .json or .ubj, LightGBM .txt, CatBoost .json.
///
/// `feature_names`: one for each feature, in their order, where the file has none (`f0`, `f1`).
#[pyfunction]
#[pyo3(signature = (path, *, name=None, version=None, profile=None, iterations=None, feature_names=None))]
pub fn import_model(
    py: Python<'_>,
    path: PathBuf,
    name: Option<String>,
    version: Option<String>,
    profile: Option<&Bound<'_, PyAny>>,
    iterations: Option<usize>,
    feature_names: Option<Vec<String>>,
) -> PyResult<Model> {
    let options = options(name, version, profile, iterations, feature_names)?;
    call(py, || import(path, &options).and_then(Predictor::new)).map(Model)
}

/// Import a model from the content of its file.
#[pyfunction]
#[pyo3(signature = (data, *, name=None, version=None, profile=None, iterations=None, feature_names=None))]
pub fn import_model_bytes(
    py: Python<'_>,
    data: &[u8],
    name: Option<String>,
    version: Option<String>,
    profile: Option<&Bound<'_, PyAny>>,
    iterations: Option<usize>,
    feature_names: Option<Vec<String>>,
) -> PyResult<Model> {
    let options = options(name, version, profile, iterations, feature_names)?;
    call(py, || CoreModel::import(data, &options).and_then(Predictor::new)).map(Model)
}

/// The numbers of an array of two dimensions, where it has numbers of this type.
fn buffer<T: Element + Copy>(value: &Bound<'_, PyAny>, to: fn(T) -> f64) -> Option<PyResult<FeatureMatrix>> {
    let buffer = PyBuffer::<T>::get(value).ok()?;
    let [rows, columns] = *buffer.shape() else { return None };
    Some(buffer.to_vec(value.py()).and_then(|values| {
        let values = values.into_iter().map(to).collect();
        Array2::from_shape_vec((rows, columns), values).map(FeatureMatrix::new).map_err(|e| {
            let error = Error::internal("an array of another shape").caused_by(e);
            raise(value.py(), &error)
        })
    }))
}

impl Model {
    /// A matrix from an array of two dimensions, a list of rows, or a table whose columns are the features.
    fn matrix(&self, value: &Bound<'_, PyAny>) -> PyResult<FeatureMatrix> {
        let py = value.py();
        let array = buffer::<f64>(value, |x| x)
            .or_else(|| buffer::<f32>(value, f64::from))
            .or_else(|| buffer::<i64>(value, |x| x as f64))
            .or_else(|| buffer::<i32>(value, f64::from))
            .or_else(|| buffer::<i16>(value, f64::from))
            .or_else(|| buffer::<i8>(value, f64::from))
            .or_else(|| buffer::<u64>(value, |x| x as f64))
            .or_else(|| buffer::<u32>(value, f64::from))
            .or_else(|| buffer::<u16>(value, f64::from))
            .or_else(|| buffer::<u8>(value, f64::from));
        if let Some(matrix) = array {
            return matrix;
        }
        // Arrays of other types (objects, truth values) as lists.
        let listed = if value.hasattr("tolist")? && !value.hasattr("columns")? {
            Some(value.call_method0("tolist")?)
        } else {
            None
        };
        let value = listed.as_ref().unwrap_or(value);
        if let Some(rows) = rows(value)? {
            let names: Vec<&str> = self.0.model().plan.features().iter().map(|f| f.name.as_str()).collect();
            let records = PyList::empty(py);
            for row in rows {
                let cells: Vec<Bound<'_, PyAny>> = row.try_iter()?.collect::<PyResult<_>>()?;
                if cells.len() != names.len() {
                    let error = Error::new(
                        ErrorKind::InvalidArgument,
                        format!("a row has {} values, the model {} features", cells.len(), names.len()),
                    )
                    .with("argument", "matrix")
                    .hint("give the features in the order of feature_names");
                    return Err(raise(py, &error));
                }
                let record = PyDict::new(py);
                for (name, cell) in names.iter().zip(cells) {
                    record.set_item(name, cell)?;
                }
                records.append(record)?;
            }
            return self.of_table(records.as_any());
        }
        self.of_table(value)
    }

    fn of_table(&self, value: &Bound<'_, PyAny>) -> PyResult<FeatureMatrix> {
        let table = convert::table(value)?;
        call(value.py(), || {
            let input = table.input();
            self.0.matrix(&*input.read(&Default::default())?)
        })
    }
}

/// The rows, where the value is a list of lists or tuples.
fn rows<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let Ok(list) = value.cast::<PyList>() else { return Ok(None) };
    let rows: Vec<Bound<'py, PyAny>> = list.iter().collect();
    let all = !rows.is_empty() && rows.iter().all(|r| r.is_instance_of::<PyList>() || r.is_instance_of::<PyTuple>());
    Ok(all.then_some(rows))
}

#[pymethods]
impl Model {
    /// The sum of each row, float64, shape (n_rows,): log-odds, or the probability for forests that average shares.
    ///
    /// `matrix` is an array of two dimensions in the order of `feature_names` (NaN is missing), a list of rows, or a
    /// table whose columns are the features.
    fn predict_margin<'py>(&self, py: Python<'py>, matrix: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let matrix = self.matrix(matrix)?;
        let margins = call(py, || self.0.predict_margin(&matrix))?;
        convert::vector(py, margins)
    }

    /// The probability of the positive class of each row, float64, shape (n_rows,).
    fn predict_proba<'py>(&self, py: Python<'py>, matrix: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let matrix = self.matrix(matrix)?;
        let probabilities = call(py, || self.0.predict_proba(&matrix))?;
        convert::vector(py, probabilities)
    }

    /// Exact SHAP values, float64, shape (n_rows, n_features); with `expected_value` they add up to the margin.
    ///
    /// Against a `background` matrix they are interventional, and add up with the mean margin of its rows.
    #[pyo3(signature = (matrix, *, background=None))]
    fn shap_values<'py>(
        &self,
        py: Python<'py>,
        matrix: &Bound<'py, PyAny>,
        background: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let matrix = self.matrix(matrix)?;
        let background = background.map(|b| self.matrix(b)).transpose()?;
        let shape = (matrix.n_rows(), matrix.n_features());
        let explanation = call(py, || match &background {
            Some(background) => self.0.shap_values_against(&matrix, background),
            None => self.0.shap_values(&matrix),
        })?;
        let flat = convert::vector(py, explanation.values)?;
        // Without numpy: the rows one after another.
        if flat.hasattr("reshape")? { flat.call_method1("reshape", (shape,)) } else { Ok(flat) }
    }

    /// SHAP interaction values, float64, shape (n_rows, n_features, n_features); each row sums to the feature's SHAP value.
    fn shap_interaction_values<'py>(&self, py: Python<'py>, matrix: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let matrix = self.matrix(matrix)?;
        let shape = (matrix.n_rows(), matrix.n_features(), matrix.n_features());
        let values = call(py, || self.0.shap_interactions(&matrix))?;
        let flat = convert::vector(py, values)?;
        if flat.hasattr("reshape")? { flat.call_method1("reshape", (shape,)) } else { Ok(flat) }
    }

    /// What the model says about nobody in particular: the base value of the SHAP values.
    #[getter]
    fn expected_value(&self) -> f64 {
        self.0.explainer().base_value()
    }

    /// Names of the features, in the order of the matrix.
    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.0.model().plan.features().iter().map(|f| f.name.clone()).collect()
    }

    /// Which library made the model, with its objective and number of trees.
    #[getter]
    fn learner(&self) -> String {
        self.0.model().card.learner.clone()
    }

    /// The model file's bytes, as `Engine.save` writes them.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
        let bytes = call(py, || self.0.model().to_bytes())?;
        Ok(pyo3::types::PyBytes::new(py, &bytes))
    }

    fn __repr__(&self) -> String {
        format!("Model('{}', {})", self.0.model().model_version(), self.0.model().card.learner)
    }
}

/// The engine of an imported model.
pub fn engine(py: Python<'_>, model: &Bound<'_, Model>) -> PyResult<Engine> {
    let model = model.get().0.model().clone();
    call(py, || churn_core::Engine::from_model(model)).map(Engine)
}
