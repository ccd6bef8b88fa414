//! Health scores, leads, alerts and decisions: the core's calls in JSON.

use super::engine::ChurnEngine;
use super::error::{ChurnError, answer, invalid, json_text};
use super::strings::{object, optional_text, text};
use churn_core::Result;
use serde_json::Value;
use std::ffi::c_char;

fn arguments(text: Option<&str>) -> Result<Value> {
    let Some(text) = text else { return Ok(Value::Null) };
    serde_json::from_str(text).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        invalid("arguments_json", format!("arguments_json is not JSON ({place})"))
            .with("line", e.line())
            .with("column", e.column())
            .hint("give a JSON object of the call's arguments")
    })
}

/// Makes a call without a model: health_score, health_trend, lead_score, route_leads, alert_step, alert_replay,
/// select_contacts, uplift_readout, value_at_risk, build_features, build_training_set and more; docs/calls.md lists them
/// with their arguments and answers.
///
/// arguments_json: a JSON object; NULL for none. The answer is JSON; the text is freed with churn_string_free.
///
/// Errors: invalid_argument; those of the call.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_call(
    name: *const c_char,
    arguments_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (name, given) = unsafe { (text(name, "name")?, optional_text(arguments_json, "arguments_json")?) };
        Ok(json_text(&churn_core::engine::call(name, arguments(given)?)?))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}

/// Makes a call about a customer: what_if (record, changes), counterfactuals (record, target) or score_customer (record,
/// tickets, payments, usage, as_of); docs/calls.md lists their arguments and answers.
///
/// arguments_json: a JSON object. The answer is JSON; the text is freed with churn_string_free.
///
/// Errors: invalid_argument; of the stages read, map and features.
///
/// # Safety
/// Every pointer is NULL or valid; texts end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_engine_call(
    engine: *const ChurnEngine,
    name: *const c_char,
    arguments_json: *const c_char,
    out_json: *mut *mut c_char,
    error: *mut *mut ChurnError,
) -> i32 {
    let body = || {
        // SAFETY: as the caller promises.
        let (engine, name, given) = unsafe {
            (object(engine, "engine")?, text(name, "name")?, optional_text(arguments_json, "arguments_json")?)
        };
        Ok(json_text(&engine.0.call(name, arguments(given)?)?))
    };
    // SAFETY: as the caller promises.
    unsafe { answer(out_json, "out_json", error, body) }
}
