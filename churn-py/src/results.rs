//! Results.

use crate::convert;
use crate::error::{aside, call};
use churn_core::report;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyCapsule, PyDict, PyList};
use pyo3_arrow::PyTable;
use std::path::PathBuf;

/// What one source column was taken for.
#[pyclass(frozen, get_all, module = "churn")]
pub struct ColumnMatch {
    source: String,
    field: Option<String>,
    confidence: f64,
    method: String,
    evidence: Vec<String>,
    alternatives: Vec<(String, f64)>,
    warnings: Vec<String>,
    pii: bool,
}

#[pymethods]
impl ColumnMatch {
    fn __repr__(&self) -> String {
        match &self.field {
            Some(field) => format!("ColumnMatch('{}' -> '{field}', {:.0})", self.source, self.confidence),
            None => format!("ColumnMatch('{}' -> None)", self.source),
        }
    }
}

/// Source columns to canonical fields.
#[pyclass(frozen, module = "churn")]
pub struct Mapping(pub churn_core::map::Mapping);

#[pymethods]
impl Mapping {
    /// {canonical field: source column}.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (field, source) in self.0.fields() {
            dict.set_item(field, source)?;
        }
        Ok(dict)
    }

    /// One ColumnMatch a source column, in the order of the source.
    #[getter]
    fn columns(&self) -> Vec<ColumnMatch> {
        let columns = self.0.columns.iter().cloned();
        columns
            .map(|c| ColumnMatch {
                source: c.source,
                field: c.field,
                confidence: c.confidence,
                method: c.method,
                evidence: c.evidence,
                alternatives: c.alternatives.into_iter().map(|a| (a.name, a.confidence)).collect(),
                warnings: c.warnings,
                pii: c.pii,
            })
            .collect()
    }

    /// Required fields that were not found, each with the nearest candidates.
    #[getter]
    fn missing<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::mapping_json(&self.0)["missing"])
    }

    /// Name of the profile.
    #[getter]
    fn profile(&self) -> &str {
        &self.0.profile
    }

    /// Kind of the table.
    #[getter]
    fn table_kind(&self) -> &str {
        self.0.table_kind.name()
    }

    /// The mapping as plain dicts and lists.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::mapping_json(&self.0))
    }

    /// Save as a JSON file; in a folder, under a name that `map_columns(..., saved=folder)` finds again.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        call(py, || self.0.save(path))
    }

    /// Load a saved mapping.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        call(py, || churn_core::map::Mapping::load(path)).map(Mapping)
    }

    /// The mapping as a table in HTML.
    fn to_html(&self) -> String {
        self.0.to_html()
    }

    fn _repr_html_(&self) -> String {
        self.to_html()
    }

    fn __repr__(&self) -> String {
        report::mapping_text(&self.0)
    }
}

/// One thing worth telling about the data.
#[pyclass(frozen, get_all, module = "churn")]
pub struct Finding {
    code: String,
    layer: &'static str,
    severity: &'static str,
    field: Option<String>,
    column: Option<String>,
    rows_affected: usize,
    example_rows: Vec<u64>,
    message: String,
    suggestion: String,
    cost: f64,
}

#[pymethods]
impl Finding {
    fn __repr__(&self) -> String {
        format!("Finding({}, {}: {})", self.code, self.severity, self.message)
    }
}

impl From<churn_core::validate::Finding> for Finding {
    fn from(f: churn_core::validate::Finding) -> Self {
        Finding {
            code: f.code,
            layer: f.layer.name(),
            severity: f.severity.name(),
            field: f.field,
            column: f.column,
            rows_affected: f.rows_affected,
            example_rows: f.example_rows,
            message: f.message,
            suggestion: f.suggestion,
            cost: f.cost,
        }
    }
}

/// The judgement on a table.
#[pyclass(frozen, module = "churn")]
pub struct QualityReport(pub churn_core::validate::QualityReport);

#[pymethods]
impl QualityReport {
    /// Whether nothing stops the call.
    #[getter]
    fn ok(&self) -> bool {
        self.0.ok
    }

    /// 0 to 100.
    #[getter]
    fn score(&self) -> f64 {
        self.0.score
    }

    /// The findings, errors first.
    #[getter]
    fn findings(&self) -> Vec<Finding> {
        self.0.findings.iter().cloned().map(Finding::from).collect()
    }

    /// The AUC to expect of a model trained on the table, with purpose="train" where it can be said.
    #[getter]
    fn estimated_auc(&self) -> Option<f64> {
        self.0.estimated_auc
    }

    /// Its 95 % interval, low and high.
    #[getter]
    fn estimated_auc_interval(&self) -> Option<(f64, f64)> {
        self.0.estimated_auc_interval
    }

    /// completeness, validity, uniqueness, consistency, timeliness: 0 to 100, None where nothing can be judged.
    #[getter]
    fn dimensions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::dimensions_json(&self.0))
    }

    /// The score's arithmetic in one line.
    #[getter]
    fn arithmetic(&self) -> &str {
        &self.0.arithmetic
    }

    /// The report as plain dicts and lists.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::quality_json(&self.0))
    }

    /// The report as a self-contained piece of HTML.
    fn to_html(&self) -> String {
        report::quality_html(&self.0)
    }

    fn _repr_html_(&self) -> String {
        self.to_html()
    }

    fn __repr__(&self) -> String {
        report::findings_text(&self.0)
    }
}

/// The prediction of one customer.
#[pyclass(frozen, module = "churn")]
pub struct Prediction(pub churn_core::report::Prediction);

#[pymethods]
impl Prediction {
    /// Id of the customer.
    #[getter]
    fn customer_id(&self) -> &str {
        &self.0.customer_id
    }

    /// Calibrated churn probability, 0 to 1.
    #[getter]
    fn churn_probability(&self) -> f64 {
        self.0.churn_probability
    }

    /// 1 - churn probability.
    #[getter]
    fn retention_probability(&self) -> f64 {
        self.0.retention_probability
    }

    /// "High", "Medium" or "Low".
    #[getter]
    fn risk_level(&self) -> &str {
        self.0.risk_level.name()
    }

    /// Reasons that raise the risk, strongest first.
    #[getter]
    fn reasons(&self) -> Vec<String> {
        self.0.reasons.clone()
    }

    /// What to do.
    #[getter]
    fn recommendation(&self) -> &str {
        &self.0.recommendation.text
    }

    /// The whole prediction as plain dicts and lists.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &report::prediction_json(&self.0))
    }

    fn __repr__(&self) -> String {
        format!("Prediction('{}', {:.3}, {})", self.0.customer_id, self.0.churn_probability, self.0.risk_level.name())
    }
}

/// The predictions of a table, in its order; an Arrow stream.
#[pyclass(frozen, module = "churn")]
pub struct Predictions(pub crate::heavy::Heavy);

impl Predictions {
    fn batch(&self, py: Python<'_>) -> PyResult<arrow_array::RecordBatch> {
        call(py, || self.0.predictions.to_record_batch())
    }
}

#[pymethods]
impl Predictions {
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

    /// One dict a customer, keys in the documented order.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &aside(py, || report::predictions_json(&self.0.predictions))?)
    }

    /// A pandas frame.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let columns = PyDict::new(py);
        for (name, data) in aside(py, || self.0.predictions.columns())? {
            let values = PyList::empty(py);
            for row in 0..data.len() {
                match data.number(row) {
                    Some(x) => values.append(x)?,
                    None => values.append(data.cell(row))?,
                }
            }
            columns.set_item(name, values)?;
        }
        py.import("pandas")?.call_method1("DataFrame", (columns,))
    }

    /// A polars frame.
    fn to_polars<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// Customers, high / medium / low risk, average retention, top reasons, as a dict.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &aside(py, || report::summary_json(&self.0.predictions.summary()))?)
    }

    /// Write as a CSV file, whole or not at all.
    fn write_csv(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        call(py, || self.0.predictions.write_csv(path))
    }

    /// Write as a JSON file, whole or not at all.
    fn write_json(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        call(py, || self.0.predictions.write_json(path))
    }

    /// The Arrow C stream of the columns.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = self.batch(py)?;
        let schema = batch.schema();
        let table = PyTable::try_new(vec![batch], schema)?.into_pyobject(py)?;
        let capsule = table.call_method1("__arrow_c_stream__", (requested_schema,))?;
        Ok(capsule.cast_into::<PyCapsule>()?)
    }

    fn __len__(&self) -> usize {
        self.0.predictions.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, row: isize) -> PyResult<Bound<'py, PyAny>> {
        let n = self.0.predictions.len() as isize;
        let row = if row < 0 { row + n } else { row };
        if !(0..n).contains(&row) {
            return Err(PyIndexError::new_err(format!("there are {n} predictions")));
        }
        convert::python(py, &report::prediction_row_json(&self.0.predictions, row as usize))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        aside(py, || report::predictions_html(&self.0.predictions))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        aside(py, || report::summary_text(&self.0.predictions.summary()))
    }
}

/// Exact SHAP values of a table.
#[pyclass(frozen, module = "churn")]
pub struct Explanation(pub churn_core::explain::Explanation);

fn numpy<'py>(
    py: Python<'py>,
    values: impl Iterator<Item = f64> + Send,
    shape: (usize, usize),
) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = aside(py, || values.flat_map(f64::to_ne_bytes).collect())?;
    // A bytearray, so that the array can be written to.
    let flat = py.import("numpy")?.call_method1("frombuffer", (PyByteArray::new(py, &bytes), "float64"))?;
    flat.call_method1("reshape", (shape,))
}

#[pymethods]
impl Explanation {
    /// SHAP values in log-odds, float64, shape (n_rows, n_features).
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        numpy(py, self.0.values.iter().copied(), self.0.values.dim())
    }

    /// The base value of each row, float64, shape (n_rows,).
    #[getter]
    fn base_values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let n = self.0.values.nrows();
        numpy(py, std::iter::repeat_n(self.0.base_value, n), (n, 1))?.call_method0("ravel")
    }

    /// Feature values, float64, shape (n_rows, n_features); categories are codes, missing is NaN.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        numpy(py, self.0.data.iter().copied(), self.0.data.dim())
    }

    /// Names of the features.
    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.0.feature_names.clone()
    }

    /// The explanation by the columns that reasons are told by: SHAP values of features that come from one column (indicators
    /// of its levels, what was derived from it) are added up, signs and all. The value of indicators is the place of the
    /// one that is 1, counted from 0.
    fn grouped(&self, py: Python<'_>) -> PyResult<Explanation> {
        aside(py, || self.0.grouped()).map(Explanation)
    }

    /// What the features do in a segment of customers: dicts of feature, mean and mean_abs, the largest mean_abs first.
    ///
    /// `rows` are numbers of rows, counted from 0, or one truth value a row; all rows where it is not given.
    #[pyo3(signature = (rows=None))]
    fn segment<'py>(&self, py: Python<'py>, rows: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let n = self.0.values.nrows();
        let rows: Vec<usize> = match rows {
            None => (0..n).collect(),
            Some(rows) => {
                // A list of numpy's own values, as of lists.
                let listed = if rows.hasattr("tolist")? { rows.call_method0("tolist")? } else { rows.clone() };
                match listed.extract::<Vec<bool>>() {
                    Ok(mask) => mask.into_iter().enumerate().filter(|(_, m)| *m).map(|(r, _)| r).collect(),
                    Err(_) => listed.extract()?,
                }
            }
        };
        let factors = call(py, || self.0.segment(&rows))?;
        convert::python(py, &report::segment_json(&factors))
    }

    /// The same as the shap package's own Explanation, for its plots; needs that package.
    fn to_shap<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let given = PyDict::new(py);
        for name in ["values", "base_values", "data", "feature_names"] {
            given.set_item(name, slf.getattr(name)?)?;
        }
        py.import("shap")?.getattr("Explanation")?.call((), Some(&given))
    }

    /// How a row's features lead from the base value to its margin, as an SVG picture.
    #[pyo3(signature = (row=0, *, max_display=10))]
    fn waterfall_svg(&self, py: Python<'_>, row: usize, max_display: usize) -> PyResult<String> {
        call(py, || report::waterfall_svg(&self.0, row, max_display))
    }

    /// The SHAP values of all rows, feature by feature, as an SVG picture.
    #[pyo3(signature = (*, max_display=10))]
    fn beeswarm_svg(&self, py: Python<'_>, max_display: usize) -> PyResult<String> {
        call(py, || report::beeswarm_svg(&self.0, max_display))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        aside(py, || report::explanation_html(&self.0))
    }

    fn __repr__(&self) -> String {
        format!("Explanation({} rows x {} features)", self.0.values.nrows(), self.0.values.ncols())
    }
}

/// How well an engine predicts a labelled table.
#[pyclass(frozen, module = "churn")]
pub struct Evaluation(pub churn_core::Evaluation);

impl Evaluation {
    fn metric(&self, name: &str) -> Option<f64> {
        self.0.metrics.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}

#[pymethods]
impl Evaluation {
    /// Area under the ROC curve.
    #[getter]
    fn auc(&self) -> Option<f64> {
        self.metric("auc")
    }

    /// Log loss in nats.
    #[getter]
    fn log_loss(&self) -> Option<f64> {
        self.metric("log_loss")
    }

    /// Brier score.
    #[getter]
    fn brier(&self) -> Option<f64> {
        self.metric("brier")
    }

    /// Expected calibration error.
    #[getter]
    fn ece(&self) -> Option<f64> {
        self.metric("ece")
    }

    /// Lift among the 10 % of highest risk.
    #[getter]
    fn lift_10(&self) -> Option<f64> {
        self.metric("lift_10")
    }

    /// All figures as a dict; `intervals`, `calibration_curve`, `gains` and `brier_parts` are nested.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::python(py, &self.0.to_json())
    }

    fn _repr_html_(&self) -> String {
        let caption = format!("Evaluation on {} customers, {} of whom left", self.0.n_rows, self.0.n_positive);
        report::figures_html(&caption, self.0.metrics.iter().map(|(n, v)| (*n, *v)))
    }

    fn __repr__(&self) -> String {
        let metrics: Vec<String> = self.0.metrics.iter().map(|(n, v)| format!("{n} {v:.4}")).collect();
        format!("Evaluation({} rows: {})", self.0.n_rows, metrics.join(", "))
    }
}
