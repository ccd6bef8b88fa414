//! The engine and the mapper.

use super::error::{ChurnError, answer, finish, json_text};
use super::options;
use super::strings::{bytes, null, object, optional_text, text};
use churn_core::map::Mapping;
use churn_core::schema::Language;
use churn_core::validate::QualityReport;
use churn_core::{Engine, report};
use serde_json::{Value, json};
use std::ffi::c_char;

/// A model, ready to map, judge, score and explain; may be shared by threads. Freed with churn_engine_free.
pub struct ChurnEngine(pub(crate) Engine);

/// Threads may share an engine, and an error may be made in one and freed in another.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<ChurnEngine>();
    shared::<ChurnError>();
};

/// An engine that C owns.
pub(super) fn owned(engine: Engine) -> *mut ChurnEngine {
    Box::into_raw(Box::new(ChurnEngine(engine)))
}

/// Summary, mapping and quality of a scored table.
fn findings(summary: &report::Summary, mapping: &Mapping, quality: &QualityReport) -> Value {
    json!({
        "summary": report::summary_json(summary),
        "mapping": report::mapping_json(mapping),
        "quality": report::quality_json(quality),
    })
}

/// A shipped model: "telecom" or "saas". The engine is freed with churn_engine_free.
///
/// Errors: model_not_found, listing the models there are.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_pretrained(
    name: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || Engine::pretrained(unsafe { text(name, "name") }?).map(owned);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// The same model that tells its reasons and recommendations in another language: "en", "de", "es" or "fr". The engine is
/// freed with churn_engine_free.
///
/// Errors: invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_with_language(
    engine: *const ChurnEngine,
    language: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, code) = unsafe { (object(engine, "engine")?, text(language, "language")?) };
        engine.0.with_language(Language::parse(code)?).map(owned)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// Loads a saved model. The engine is freed with churn_engine_free.
///
/// Errors: model_not_found, io, format_unsupported, hash_mismatch, model_invalid.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_load(
    path: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || Engine::load(unsafe { text(path, "path") }?).map(owned);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// Saves the model as one file, whole or not at all.
///
/// Errors: io.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_save(
    engine: *const ChurnEngine,
    path: *const c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, path) = unsafe { (object(engine, "engine")?, text(path, "path")?) };
        engine.0.save(path)
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// Loads a model from the bytes of a model file: `data` holds `len` bytes. The engine is freed with churn_engine_free.
///
/// Errors: format_unsupported, hash_mismatch, model_invalid.
///
/// # Safety
/// Every pointer is NULL or valid; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_from_bytes(
    data: *const u8,
    len: usize,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || Engine::from_bytes(unsafe { bytes(data, len, "data") }?).map(owned);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// The model as the bytes of a model file: `out` gets them and `out_len` their number. They are freed with
/// churn_bytes_free.
///
/// # Safety
/// Every pointer is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_to_bytes(
    engine: *const ChurnEngine,
    out: *mut *mut u8,
    out_len: *mut usize,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        if out_len.is_null() {
            return Err(null("out_len"));
        }
        // SAFETY: as the caller promises.
        let data = unsafe { object(engine, "engine") }?.0.to_bytes()?.into_boxed_slice();
        // SAFETY: not NULL, and the caller promises that it can be written.
        unsafe { out_len.write(data.len()) };
        Ok(Box::into_raw(data).cast::<u8>())
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// Frees an engine; no call that uses it may be running. NULL is no engine and is fine.
///
/// # Safety
/// `engine` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_free(engine: *mut ChurnEngine) {
    if engine.is_null() {
        return;
    }
    let body = || {
        // SAFETY: not NULL, and the caller promises that it came from `Box::into_raw` in this library.
        drop(unsafe { Box::from_raw(engine) });
        Ok(())
    };
    // SAFETY: NULL is a place for no error.
    unsafe { finish(std::ptr::null_mut(), body) };
}

/// Scores one customer, given as a JSON object {"header": value, ...}; the answer is the prediction as a JSON
/// object.
///
/// options_json: NULL, or a JSON object of any of reasons (0 to 4), overrides ({header: field, or null for "leave
/// it unmapped"}), as_of (the day the values describe, ISO 8601), scored_at (the present instant, ISO 8601; the
/// library has no clock), mapping (the answer of churn_map_table, where the columns are known), read (how to read a
/// table, as for churn_read_file). The text is freed with churn_string_free.
///
/// Errors: of the stages read, map and features; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_score_one(
    engine: *const ChurnEngine,
    record_json: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, record, options) = unsafe {
            (object(engine, "engine")?, text(record_json, "record_json")?, optional_text(options_json, "options_json")?)
        };
        let prediction = engine.0.score_one(&options::record(record)?, &options::score(options)?.options())?;
        Ok(json_text(&report::prediction_json(&prediction)))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Scores a table given as the content of a file: CSV, or any other format that the engine reads, recognised by
/// its content. `data` holds `len` bytes and needs no NUL at its end; it may be NULL where `len` is 0.
///
/// The answer is a JSON object: predictions (an array, in the order of the rows), summary, mapping, quality. The
/// text is freed with churn_string_free. options_json: as for churn_engine_score_one.
///
/// Errors: of the stages read, map and features; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_score_csv(
    engine: *const ChurnEngine,
    data: *const u8,
    len: usize,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, data, options) = unsafe {
            (object(engine, "engine")?, bytes(data, len, "data")?, optional_text(options_json, "options_json")?)
        };
        let scored = engine.0.score(data, &options::score(options)?.options())?;
        let mut answer = json!({ "predictions": report::predictions_json(&scored.predictions) });
        let found = findings(&scored.predictions.summary(), &scored.mapping, &scored.quality);
        if let (Value::Object(answer), Value::Object(mut found)) = (&mut answer, found) {
            answer.append(&mut found);
        }
        Ok(json_text(&answer))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Scores a file and writes the predictions to another as CSV, whole or not at all; a file that is there is
/// replaced. Predictions are written as they are made, never held all at once.
///
/// The answer is a JSON object: summary, mapping, quality, target. The text is freed with churn_string_free.
/// options_json: as for churn_engine_score_one.
///
/// Errors: of the stages read, map and features; io; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_score_file(
    engine: *const ChurnEngine,
    source: *const c_char,
    target_csv: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, source, target, options) = unsafe {
            (
                object(engine, "engine")?,
                text(source, "source")?,
                text(target_csv, "target_csv")?,
                optional_text(options_json, "options_json")?,
            )
        };
        let done = engine.0.score_file(source, target, &options::score(options)?.options())?;
        Ok(json_text(&done.to_json()))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Maps headers to canonical fields without a model. headers_json: a JSON array of texts.
///
/// The answer is the mapping as a JSON object: table_kind, profile, columns (one entry a header), missing, fields
/// ({field: header}). The text is freed with churn_string_free. options_json: NULL, or a JSON object of any of
/// table_kind, profile (both recognised where not given), overrides ({header: field, or null for "leave it
/// unmapped"}), samples ({header: [values]}, which help to recognise a column), saved (a file with a saved mapping, or a
/// folder of them: one that was made for the same headers is used again).
///
/// Errors: invalid_argument, io, malformed.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_map_columns(
    headers_json: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (headers, options) =
            unsafe { (text(headers_json, "headers_json")?, optional_text(options_json, "options_json")?) };
        let (columns, options) = options::map(headers, options)?;
        Ok(json_text(&report::mapping_json(&churn_core::map::map_columns(&columns, &options)?)))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}
