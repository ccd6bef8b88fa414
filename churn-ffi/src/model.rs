//! Models trained elsewhere: import, and prediction on matrices of their own features.

use super::engine::{ChurnEngine, owned};
use super::error::{ChurnError, answer, finish, invalid};
use super::strings::{object, text};
use churn_core::features::FeatureMatrix;
use churn_core::{Engine, Result};
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
