//! Models trained elsewhere: import, and prediction on matrices of their own features.

use super::engine::{ChurnEngine, owned};
use super::error::{ChurnError, answer, finish, invalid, json_text};
use super::options;
use super::strings::{bytes, null, object, optional_text, text};
use churn_core::features::FeatureMatrix;
use churn_core::model::Model;
use churn_core::{Engine, Result};
use serde_json::json;
use std::ffi::c_char;

/// Imports a model that another library trained: XGBoost .json or .ubj, LightGBM .txt, CatBoost .json. The engine is
/// freed with churn_engine_free.
///
/// Errors: model_not_found, io, format_unsupported, unsupported, model_invalid.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_import(
    path: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || Engine::import(unsafe { text(path, "path") }?, &Default::default()).map(owned);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// As churn_engine_import, with options_json: NULL, or a JSON object of any of name, version, profile (risk bands, playbook
/// and words: the name of a shipped one, or TOML text; generic where not given), iterations (boosting rounds to keep, from
/// the first; what the library's own prediction uses where not given), feature_names (one for each feature, in their order,
/// where the file has none).
///
/// Errors: as churn_engine_import; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_import_with(
    path: *const c_char,
    options_json: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (path, options) = unsafe { (text(path, "path")?, optional_text(options_json, "options_json")?) };
        Engine::import(path, &options::import(options)?).map(owned)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// As churn_engine_import_with, of the content of the file: `data` holds `len` bytes.
///
/// Errors: format_unsupported, unsupported, model_invalid, invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_import_bytes(
    data: *const u8,
    len: usize,
    options_json: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (data, options) = unsafe { (bytes(data, len, "data")?, optional_text(options_json, "options_json")?) };
        Engine::from_model(Model::import(data, &options::import(options)?)?).map(owned)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// What a caller must know of a model, as a JSON object: model_version, feature_names (the model's own features, in the order
/// of a matrix), expected_value (with the SHAP values of a row it adds up to the row's sum). The text is freed with
/// churn_string_free.
///
/// # Safety
/// Every pointer is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_info_json(
    engine: *const ChurnEngine,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let engine = &unsafe { object(engine, "engine") }?.0;
        let names: Vec<&str> = engine.model().plan.features().iter().map(|f| f.name.as_str()).collect();
        Ok(json_text(&json!({
            "model_version": engine.model().model_version(),
            "feature_names": names,
            "expected_value": engine.explainer().base_value(),
        })))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Predicts rows of the model's own features, in their order: matrix is row-major, n_rows x n_features, NaN is missing.
/// Each output is NULL or has room: margins (the sum: log-odds, or the probability for forests that average shares) and
/// probabilities n_rows numbers, shap_values n_rows x n_features, row-major; base_value one number.
///
/// Errors: invalid_argument for another number of features.
///
/// # Safety
/// Every pointer is NULL or valid for its length.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn churn_engine_predict_matrix(
    engine: *const ChurnEngine,
    matrix: *const f64,
    n_rows: usize,
    n_features: usize,
    margins: *mut f64,
    probabilities: *mut f64,
    shap_values: *mut f64,
    base_value: *mut f64,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let engine = unsafe { object(engine, "engine") }?;
        let predictor = engine.0.predictor();
        // SAFETY: as the caller promises.
        let rows = unsafe { view(matrix, n_rows, n_features) }?;
        let raws = predictor.predict_margin(&rows)?;
        let sure: Vec<f64> = raws.iter().map(|&r| predictor.model().probability(r)).collect();
        let shap = if shap_values.is_null() { None } else { Some(predictor.shap_values(&rows)?) };
        // SAFETY: as the caller promises.
        unsafe {
            fill(margins, raws.iter().copied());
            fill(probabilities, sure.into_iter());
            fill(base_value, std::iter::once(predictor.explainer().base_value()));
            if let Some(shap) = shap {
                fill(shap_values, shap.values.iter().copied());
            }
        }
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// SHAP values of rows of the model's own features against background rows (interventional values): the base value is the
/// mean sum of the background. Both matrices are row-major and n_features wide; shap_values has room for n_rows x
/// n_features numbers, base_value is NULL or has room for one.
///
/// Errors: invalid_argument for another number of features, or a background without rows.
///
/// # Safety
/// Every pointer is NULL or valid for its length.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn churn_engine_shap_against(
    engine: *const ChurnEngine,
    matrix: *const f64,
    n_rows: usize,
    n_features: usize,
    background: *const f64,
    n_background: usize,
    shap_values: *mut f64,
    base_value: *mut f64,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let engine = unsafe { object(engine, "engine") }?;
        // SAFETY: as the caller promises.
        let (rows, against) =
            unsafe { (view(matrix, n_rows, n_features)?, view(background, n_background, n_features)?) };
        if shap_values.is_null() {
            return Err(null("shap_values"));
        }
        let shap = engine.0.predictor().shap_values_against(&rows, &against)?;
        // SAFETY: as the caller promises.
        unsafe {
            fill(shap_values, shap.values.iter().copied());
            fill(base_value, std::iter::once(shap.base_value));
        }
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// SHAP interaction values of rows of the model's own features: interactions has room for n_rows x n_features x n_features
/// numbers, row-major; those of a feature sum to its SHAP value.
///
/// Errors: invalid_argument for another number of features.
///
/// # Safety
/// Every pointer is NULL or valid for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_shap_interactions(
    engine: *const ChurnEngine,
    matrix: *const f64,
    n_rows: usize,
    n_features: usize,
    interactions: *mut f64,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let engine = unsafe { object(engine, "engine") }?;
        // SAFETY: as the caller promises.
        let rows = unsafe { view(matrix, n_rows, n_features) }?;
        if interactions.is_null() {
            return Err(null("interactions"));
        }
        let values = engine.0.predictor().shap_interactions(&rows)?;
        // SAFETY: as the caller promises.
        unsafe { fill(interactions, values.iter().copied()) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// The matrix behind a pointer.
///
/// # Safety
/// `matrix` is NULL, or n_rows x n_features numbers can be read behind it.
unsafe fn view(matrix: *const f64, n_rows: usize, n_features: usize) -> Result<FeatureMatrix> {
    let len = n_rows.checked_mul(n_features).filter(|n| n.checked_mul(8).is_some_and(|b| isize::try_from(b).is_ok()));
    let len = len.ok_or_else(|| invalid("n_rows", "the matrix cannot be that large"))?;
    if len > 0 && matrix.is_null() {
        return Err(invalid("matrix", "matrix is NULL").hint("give the rows"));
    }
    // SAFETY: not NULL, not longer than a slice may be, and the caller promises the numbers.
    let values = if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(matrix, len) } };
    if values.is_empty() {
        FeatureMatrix::from_rows(&[], n_features.max(1))
    } else {
        FeatureMatrix::from_rows(values, n_features)
    }
}

/// Writes numbers, where they are wanted.
///
/// # Safety
/// `out` is NULL or has room for them all.
unsafe fn fill(out: *mut f64, values: impl Iterator<Item = f64>) {
    if out.is_null() {
        return;
    }
    for (i, value) in values.enumerate() {
        // SAFETY: within the room that the caller promises.
        unsafe { out.add(i).write(value) };
    }
}
