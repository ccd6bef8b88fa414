//! Errors as objects that the caller owns, and the one way in which every call ends.

use super::strings::{c_text, null};
use churn_core::error::guard;
use churn_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use std::ffi::{CStr, CString, c_char};

/// What went wrong: number, code, message, hint and context. Freed with churn_error_free.
pub struct ChurnError {
    number: i32,
    code: CString,
    message: CString,
    hint: CString,
    context: CString,
}

impl From<&Error> for ChurnError {
    fn from(error: &Error) -> Self {
        let context: Map<String, Value> =
            error.context().iter().map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str()))).collect();
        ChurnError {
            number: number(error),
            code: c_text(error.code()),
            message: c_text(error.message()),
            hint: c_text(error.suggestion().unwrap_or_default()),
            context: c_text(&Value::Object(context).to_string()),
        }
    }
}

/// Numbers of errors have four digits.
fn number(error: &Error) -> i32 {
    error.number().cast_signed()
}

/// The error of an argument of the C call.
pub fn invalid(argument: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).with("argument", argument)
}

/// Runs the body of a call: no panic leaves it, and the error is written where the caller wants it.
///
/// # Safety
/// `error` is NULL or can be written.
pub unsafe fn finish(error: *mut *mut ChurnError, body: impl FnOnce() -> Result<()>) -> i32 {
    let Err(e) = guard(body) else { return 0 };
    if !error.is_null() {
        // SAFETY: not NULL, and the caller promises that it can be written.
        unsafe { error.write(Box::into_raw(Box::new(ChurnError::from(&e)))) };
    }
    number(&e)
}

/// As [`finish`], for a call with one output: it is written only where the body succeeds.
///
/// # Safety
/// `out` and `error` are NULL or can be written.
pub unsafe fn answer<T>(
    out: *mut *mut T,
    name: &'static str,
    error: *mut *mut ChurnError,
    body: impl FnOnce() -> Result<*mut T>,
) -> i32 {
    let write = || {
        if out.is_null() {
            return Err(null(name));
        }
        let value = body()?;
        // SAFETY: not NULL, and the caller promises that it can be written.
        unsafe { out.write(value) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { finish(error, write) }
}

/// The output of a call that answers in JSON.
pub fn json_text(value: &Value) -> *mut c_char {
    c_text(&value.to_string()).into_raw()
}

/// A field of an error, or `absent` for NULL.
///
/// # Safety
/// `error` is NULL or points to a live error.
unsafe fn field(error: *const ChurnError, absent: &'static CStr, get: fn(&ChurnError) -> &CString) -> *const c_char {
    // SAFETY: as the caller promises; NULL becomes `None`.
    unsafe { error.as_ref() }.map_or(absent.as_ptr(), |e| get(e).as_ptr())
}

/// The stable number, the same that the call returned; 0 for NULL.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_number(error: *const ChurnError) -> i32 {
    // SAFETY: as the caller promises; NULL becomes `None`.
    unsafe { error.as_ref() }.map_or(0, |e| e.number)
}

/// The stable code, for example "empty_input"; "" for NULL. The text lives as long as the error.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_code(error: *const ChurnError) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { field(error, c"", |e| &e.code) }
}

/// What is wrong and where, for people; never the content of a cell. "" for NULL. The text lives as long as the
/// error.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_message(error: *const ChurnError) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { field(error, c"", |e| &e.message) }
}

/// How to mend it; "" where that is not known, and for NULL. The text lives as long as the error.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_hint(error: *const ChurnError) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { field(error, c"", |e| &e.hint) }
}

/// Machine-readable facts such as path, row or column, as a JSON object of texts; "{}" for NULL. The text lives as
/// long as the error.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_context_json(error: *const ChurnError) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { field(error, c"{}", |e| &e.context) }
}

/// Frees an error with all its texts. NULL is no error and is fine.
///
/// # Safety
/// `error` is NULL, or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_error_free(error: *mut ChurnError) {
    if !error.is_null() {
        // SAFETY: not NULL, and the caller promises that it came from `Box::into_raw` in this library.
        drop(unsafe { Box::from_raw(error) });
    }
}
