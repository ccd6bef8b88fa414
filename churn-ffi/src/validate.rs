//! Judging a table without a model.

use super::error::{ChurnError, answer, json_text};
use super::options;
use super::strings::{bytes, optional_text};
use churn_core::{engine, report};
use std::ffi::c_char;

/// Judges the quality of a CSV (or TSV, JSON, gzip) file by its content, without a model. `data` holds `len` bytes and
/// needs no NUL at its end; it may be NULL where `len` is 0.
///
/// The answer is the quality report as a JSON object: ok, score, n_rows, n_columns, dimensions, findings, estimated_auc,
/// estimated_auc_interval, arithmetic. The text is freed with churn_string_free. options_json: NULL, or a JSON object of
/// any of profile (recognised where not given), purpose ("score" or "train"), label (header of the label), allow (headers
/// to let through the leak firewall), strict (true: nothing is repaired).
///
/// Errors: of the stages read, map and validate; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_validate_csv(
    data: *const u8,
    len: usize,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (data, options) = unsafe { (bytes(data, len, "data")?, optional_text(options_json, "options_json")?) };
        let (profile, options) = options::validate(options)?;
        Ok(json_text(&report::quality_json(&engine::validate(data, None, profile, &options)?)))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}
