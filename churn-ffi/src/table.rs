//! Tables as objects: read once, judged, learnt from, scored and explained; Arrow in and out.

use super::engine::{ChurnEngine, owned};
use super::error::{ChurnError, answer, finish, json_text};
use super::options;
use super::strings::{bytes, null, object, optional_text, text};
use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use churn_core::explain::Explanation;
use churn_core::read::{read_bytes, read_path};
use churn_core::table::RawTable;
use churn_core::{Engine, Error, ErrorKind, Result, engine, report};
use std::ffi::c_char;
use std::sync::Arc;

/// A table as it was read; may be shared by threads. Freed with churn_table_free.
pub struct ChurnTable(RawTable);

/// Threads may share a table.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<ChurnTable>();
};

fn boxed(table: RawTable) -> *mut ChurnTable {
    Box::into_raw(Box::new(ChurnTable(table)))
}

/// Reads a file: CSV, JSON, Arrow IPC or any other format that the engine reads, recognised by its content. The table
/// is freed with churn_table_free.
///
/// Errors: of the stage read.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_table_from_file(
    path: *const c_char,
    out: *mut *mut ChurnTable,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || read_path(unsafe { text(path, "path") }?, &Default::default()).map(boxed);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// As churn_table_from_file, of the content of a file: `data` holds `len` bytes and needs no NUL at its end.
///
/// Errors: of the stage read.
///
/// # Safety
/// Every pointer is NULL or valid; `len` bytes can be read behind `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_table_from_bytes(
    data: *const u8,
    len: usize,
    out: *mut *mut ChurnTable,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || read_bytes(unsafe { bytes(data, len, "data") }?, None, &Default::default()).map(boxed);
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// A table from a stream of the Arrow C stream interface. The stream is read to its end and released, whatever the
/// call returns; its own memory stays the caller's.
///
/// Errors: malformed where the stream fails; unsupported for nested or binary columns; empty_input.
///
/// # Safety
/// Every pointer is NULL or valid; `stream` is a live stream that keeps the rules of the Arrow C stream interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_table_from_arrow(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut *mut ChurnTable,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        if stream.is_null() {
            return Err(null("stream"));
        }
        let failed = |e: ArrowError| {
            Error::new(ErrorKind::Malformed, "the Arrow stream cannot be read")
                .with("argument", "stream")
                .hint("give a live stream; it can be read once")
                .caused_by(e)
        };
        // SAFETY: not NULL, and the caller promises a live stream; it is moved out, as the interface says.
        let reader = unsafe { ArrowArrayStreamReader::from_raw(stream) }.map_err(failed)?;
        let schema = reader.schema();
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
        RawTable::from_batches(&schema, &batches).map(boxed)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// Rows of a table; 0 for NULL.
///
/// # Safety
/// `table` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_table_n_rows(table: *const ChurnTable) -> usize {
    // SAFETY: as the caller promises; NULL becomes `None`.
    unsafe { table.as_ref() }.map_or(0, |t| t.0.n_rows())
}

/// Frees a table; no call that uses it may be running. NULL is no table and is fine.
///
/// # Safety
/// `table` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_table_free(table: *mut ChurnTable) {
    if table.is_null() {
        return;
    }
    let body = || {
        // SAFETY: not NULL, and the caller promises that it came from `Box::into_raw` in this library.
        drop(unsafe { Box::from_raw(table) });
        Ok(())
    };
    // SAFETY: NULL is a place for no error.
    unsafe { finish(std::ptr::null_mut(), body) };
}

/// Maps the columns of a table to canonical fields without a model; the answer is as that of churn_map_columns, and so is
/// options_json, without samples: the table has its own values. The text is freed with churn_string_free.
///
/// Errors: invalid_argument, io, malformed.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_map_table(
    table: *const ChurnTable,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (table, options) = unsafe { (object(table, "table")?, optional_text(options_json, "options_json")?) };
        let mapping = engine::map_columns(&table.0, &options::map_table(options)?)?;
        Ok(json_text(&report::mapping_json(&mapping)))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Judges the quality of a table; the answer is the report as a JSON object: ok, score (0 to 100), n_rows, n_columns,
/// findings, estimated_auc and more. The text is freed with churn_string_free.
///
/// options_json: NULL, or a JSON object of any of profile (recognised where not given), purpose ("score" where not
/// given, or "train"), label (source column of the label), allow (columns to let through the leak check), strict (true
/// repairs nothing), as_of (the day the rows describe, ISO 8601), mapping (the answer of churn_map_table).
///
/// Errors: of the stages map and validate; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_validate(
    table: *const ChurnTable,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (table, options) = unsafe { (object(table, "table")?, optional_text(options_json, "options_json")?) };
        let (mapping, profile, options) = options::validate(options)?;
        let report = engine::validate(&table.0, mapping.as_ref(), profile, &options)?;
        Ok(json_text(&report::quality_json(&report)))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Trains an engine on a labelled table. The engine is freed with churn_engine_free; churn_engine_card_json tells how
/// good it is on rows it has not seen.
///
/// options_json: NULL, or a JSON object of any of label (source column; recognised where not given), profile, learner,
/// weights, group, time (columns), prior (scorecard to start from: saas, telecom), time_budget (seconds of work), seed,
/// allow (columns to let through the leak check), overrides ({header: field, or null}), as_of (ISO 8601), name,
/// version; definition and settings of a training set that churn_call("build_training_set") made.
///
/// Errors: of the stages map and validate (leakage, single_class); too_few_rows; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_train(
    table: *const ChurnTable,
    options_json: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (table, options) = unsafe { (object(table, "table")?, optional_text(options_json, "options_json")?) };
        Engine::train(&table.0, &options::train(options)?).map(owned)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// The model card as a JSON object: where the model comes from, how good it is, what it is not for. The text is freed
/// with churn_string_free.
///
/// # Safety
/// Every pointer is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_card_json(
    engine: *const ChurnEngine,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    // SAFETY: as the caller promises.
    let body = || unsafe { object(engine, "engine") }?.0.card_json().map(|card| json_text(&card));
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Measures an engine on a labelled table that it was not trained on; the answer is a JSON object: n_rows, n_positive and
/// the figures by name (auc, log_loss, brier, ece, lift_10, ...). The text is freed with churn_string_free.
///
/// options_json: NULL, or a JSON object of any of label (source column), as_of (ISO 8601).
///
/// Errors: of the stages map, validate and features; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_evaluate(
    engine: *const ChurnEngine,
    table: *const ChurnTable,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, table, options) = unsafe {
            (object(engine, "engine")?, object(table, "table")?, optional_text(options_json, "options_json")?)
        };
        let (label, as_of) = options::evaluate(options)?;
        let measured = engine.0.evaluate(&table.0, label.as_deref(), as_of.as_deref())?;
        let mut json = serde_json::Map::new();
        json.insert("n_rows".to_owned(), measured.n_rows.into());
        json.insert("n_positive".to_owned(), measured.n_positive.into());
        json.extend(measured.metrics.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        Ok(json_text(&json.into()))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// The same model with a calibrator and an interval learnt from a labelled table that it was not trained on: for a model
/// that another library trained. The engine is freed with churn_engine_free.
///
/// options_json: as for churn_engine_evaluate.
///
/// Errors: as churn_engine_evaluate; too_few_rows, single_class.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_calibrate(
    engine: *const ChurnEngine,
    table: *const ChurnTable,
    options_json: *const c_char,
    out: *mut *mut ChurnEngine,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, table, options) = unsafe {
            (object(engine, "engine")?, object(table, "table")?, optional_text(options_json, "options_json")?)
        };
        let (label, as_of) = options::evaluate(options)?;
        engine.0.calibrate(&table.0, label.as_deref(), as_of.as_deref()).map(owned)
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out, "out", error, body) }
}

/// Scores a table; the predictions come as a stream of the Arrow C stream interface, one row a customer in the order of
/// the table: customer_id, churn_probability, retention_probability, probability_low, probability_high, risk_level,
/// reason_1 ..., recommendation, model_version, scored_at. The caller releases the stream.
///
/// options_json: as for churn_engine_score_one.
///
/// Errors: of the stages map and features; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `out` can be written and holds no live stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_score_arrow(
    engine: *const ChurnEngine,
    table: *const ChurnTable,
    options_json: *const c_char,
    out: *mut FFI_ArrowArrayStream,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, table, options) = unsafe {
            (object(engine, "engine")?, object(table, "table")?, optional_text(options_json, "options_json")?)
        };
        let scored = engine.0.score(&table.0, &options::score(options)?.options())?;
        // SAFETY: as the caller promises.
        unsafe { export(scored.predictions.to_record_batch()?, out) }
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// Exact SHAP values of a table in log-odds, as a stream of the Arrow C stream interface: one column a feature of the
/// model, one row a customer, behind them the column base_value, which with the values of its row adds up to the log-odds
/// of the customer. The caller releases the stream.
///
/// options_json: as for churn_engine_score_one.
///
/// Errors: of the stages map and features; invalid_argument.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL; `out` can be written and holds no live stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_explain_arrow(
    engine: *const ChurnEngine,
    table: *const ChurnTable,
    options_json: *const c_char,
    out: *mut FFI_ArrowArrayStream,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, table, options) = unsafe {
            (object(engine, "engine")?, object(table, "table")?, optional_text(options_json, "options_json")?)
        };
        let explanation = engine.0.explain(&table.0, &options::score(options)?.options())?;
        // SAFETY: as the caller promises.
        unsafe { export(shap_batch(&explanation)?, out) }
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

/// As churn_engine_explain_arrow, against the customers of a background table (interventional values): base_value is their
/// mean, and what is not known of a customer is taken from each of them in turn. The caller releases the stream.
///
/// Errors: as churn_engine_explain_arrow; invalid_argument for a background without rows.
///
/// # Safety
/// As churn_engine_explain_arrow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_explain_against_arrow(
    engine: *const ChurnEngine,
    table: *const ChurnTable,
    background: *const ChurnTable,
    options_json: *const c_char,
    out: *mut FFI_ArrowArrayStream,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, table, background, options) = unsafe {
            (
                object(engine, "engine")?,
                object(table, "table")?,
                object(background, "background")?,
                optional_text(options_json, "options_json")?,
            )
        };
        let scoring = options::score(options)?;
        let explanation = engine.0.explain_against(&table.0, &background.0, &scoring.options())?;
        // SAFETY: as the caller promises.
        unsafe { export(shap_batch(&explanation)?, out) }
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, body) }
}

fn shap_batch(explanation: &Explanation) -> Result<RecordBatch> {
    let feature = |i: usize| Float64Array::from_iter_values(explanation.values.column(i).iter().copied());
    let base = Float64Array::from_iter_values(std::iter::repeat_n(explanation.base_value, explanation.values.nrows()));
    let mut columns: Vec<ArrayRef> =
        (0..explanation.feature_names.len()).map(|i| Arc::new(feature(i)) as ArrayRef).collect();
    columns.push(Arc::new(base));
    let names = explanation.feature_names.iter().map(String::as_str).chain(["base_value"]);
    let fields: Vec<Field> = names.map(|name| Field::new(name, DataType::Float64, false)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|e| Error::internal("SHAP values of different lengths").caused_by(e))
}

/// A record batch as a stream.
///
/// # Safety
/// `out` is NULL, or can be written and holds no live stream.
unsafe fn export(batch: RecordBatch, out: *mut FFI_ArrowArrayStream) -> Result<()> {
    if out.is_null() {
        return Err(null("out"));
    }
    let schema = batch.schema();
    let reader = RecordBatchIterator::new([Ok(batch)], schema);
    // SAFETY: not NULL, and the caller promises that it can be written.
    unsafe { out.write(FFI_ArrowArrayStream::new(Box::new(reader))) };
    Ok(())
}
