//! Reading without a model.

use super::error::{ChurnError, answer, json_text};
use super::options;
use super::strings::{bytes, optional_text, text};
use churn_core::{Input, Result, report};
use std::ffi::c_char;

fn preview(input: Input<'_>, options: Option<&str>) -> Result<*mut c_char> {
    let raw = input.read(&options::read(options)?)?;
    Ok(json_text(&report::read_json(&raw, &churn_core::read::typed(&raw))))
}

/// Reads a file and says how: CSV, JSON, a workbook, gzipped or not, recognised by its content.
///
/// The answer is a JSON object: rows (their number), columns (name, type, format, missing, unreadable, unreadable_rows,
/// warnings), source (every guess: format, encoding, delimiter, quote, escape, sheet, header_line, title_lines,
/// dropped_lines, empty_columns and what the options said), notes (what was met and what was done about it). The text
/// is freed with churn_string_free.
///
/// options_json: NULL, or a JSON object of any of delimiter, quote, escape, encoding, header_line, sheet, decimal,
/// thousands, date_order (day_first or month_first), keep_totals, keep_empty_columns, max_bytes, max_rows, max_columns,
/// max_cell_bytes. The scoring functions take the same object as their option "read".
///
/// Errors: of the stage read; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_read_file(
    path: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (path, options) = unsafe { (text(path, "path")?, optional_text(options_json, "options_json")?) };
        preview(path.into(), options)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// As churn_read_file, of the content of a file: `data` holds `len` bytes and needs no NUL at its end; it may be NULL
/// where `len` is 0.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_read_bytes(
    data: *const u8,
    len: usize,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (data, options) = unsafe { (bytes(data, len, "data")?, optional_text(options_json, "options_json")?) };
        preview(data.into(), options)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}
