//! The few places that need Node-API itself; all unsafe code of the crate is here.

use napi::bindgen_prelude::{FromNapiValue, JsValue, ToNapiValue, Unknown};
use napi::{Env, sys};
use std::ptr;

/// The value as a `T`, whose type was looked up before with `get_type`.
pub fn cast<T: FromNapiValue>(value: Unknown<'_>) -> napi::Result<T> {
    // SAFETY: the conversion reports a value of another type as an error.
    unsafe { value.cast() }
}

/// A Rust value as a JavaScript value.
pub fn unknown<'env>(env: &'env Env, value: impl ToNapiValue) -> napi::Result<Unknown<'env>> {
    // SAFETY: the value was made in this environment one line before.
    unsafe { Ok(Unknown::from_raw_unchecked(env.raw(), ToNapiValue::to_napi_value(env.raw(), value)?)) }
}

/// The handle of a value that a conversion gives back to napi.
pub fn raw(value: Unknown<'_>) -> sys::napi_value {
    JsValue::raw(&value)
}

/// Runs `f` in a handle scope of its own, so that a long loop does not keep every value it has looked at alive.
/// What `f` returns must not be a JavaScript value.
pub fn scoped<T: 'static>(env: &Env, f: impl FnOnce() -> T) -> T {
    let mut scope = ptr::null_mut();
    // SAFETY: opened and closed in pairs on the thread of the environment; `T` is static, so no handle escapes.
    let opened = unsafe { sys::napi_open_handle_scope(env.raw(), &mut scope) } == sys::Status::napi_ok;
    let result = f();
    if opened {
        // SAFETY: as above.
        unsafe { sys::napi_close_handle_scope(env.raw(), scope) };
    }
    result
}

/// Takes away the exception that JavaScript code called by us has thrown and left pending, and gives its text.
pub fn take_exception(env: &Env) -> Option<String> {
    let clear = || {
        let (mut pending, mut exception) = (false, ptr::null_mut());
        // SAFETY: both calls are allowed at any time, and the value belongs to this environment.
        unsafe {
            sys::napi_is_exception_pending(env.raw(), &mut pending);
            sys::napi_get_and_clear_last_exception(env.raw(), &mut exception);
            pending.then(|| Unknown::from_raw_unchecked(env.raw(), exception))
        }
    };
    let text = clear()?.coerce_to_string().and_then(|s| s.into_utf8()?.into_owned()).ok();
    // What was thrown may itself throw when it is asked for its text.
    clear();
    text
}
