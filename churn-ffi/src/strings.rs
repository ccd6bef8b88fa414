//! Text and bytes from C and back.

use super::error::invalid;
use churn_core::Result;
use std::ffi::{CStr, CString, c_char};

/// Text as a C string; a NUL inside it, which C cannot hold, becomes U+FFFD.
pub fn c_text(text: &str) -> CString {
    // Without a NUL inside, `new` cannot fail.
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

/// The text behind a required pointer.
///
/// # Safety
/// `pointer` is NULL, or ends in a NUL and stays unchanged for `'a`.
pub unsafe fn text<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str> {
    // SAFETY: as the caller promises.
    unsafe { optional_text(pointer, argument) }?.ok_or_else(|| null(argument))
}

/// The text behind a pointer, or nothing behind NULL.
///
/// # Safety
/// As [`text`].
pub unsafe fn optional_text<'a>(pointer: *const c_char, argument: &'static str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises the NUL at its end.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|e| {
        invalid(argument, format!("{argument} is not UTF-8 (byte {})", e.valid_up_to()))
            .with("offset", e.valid_up_to())
            .hint("give text in UTF-8")
    })
}

/// The bytes behind a pointer; NULL with length 0 is no bytes.
///
/// # Safety
/// `pointer` is NULL, or `len` bytes can be read behind it and stay unchanged for `'a`.
pub unsafe fn bytes<'a>(pointer: *const u8, len: usize, argument: &'static str) -> Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(null(argument));
    }
    if isize::try_from(len).is_err() {
        return Err(invalid(argument, format!("{argument} cannot be {len} bytes long")).hint("give its true length"));
    }
    // SAFETY: not NULL, not longer than a slice may be, and the caller promises the bytes.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// The object behind a required pointer.
///
/// # Safety
/// `pointer` is NULL or points to a live `T` for `'a`.
pub unsafe fn object<'a, T>(pointer: *const T, argument: &'static str) -> Result<&'a T> {
    // SAFETY: as the caller promises; NULL becomes `None`.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(argument))
}

/// The error of a NULL where something is required.
pub fn null(argument: &'static str) -> churn_core::Error {
    invalid(argument, format!("{argument} is NULL")).hint("only the options and the error may be NULL")
}

/// Version of the library, for example "0.1.0"; the text lives as long as the program and is not freed.
#[unsafe(no_mangle)]
pub extern "C" fn churn_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Frees a text that this library wrote to an output. NULL is no text and is fine.
///
/// # Safety
/// `text` is NULL, or came from an output of this library and was not freed; free() is not for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: not NULL, and the caller promises that it came from `CString::into_raw` in this library.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Frees bytes that this library wrote to an output, with their number. NULL is no bytes and is fine.
///
/// # Safety
/// `data` is NULL, or came with `len` from an output of this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn churn_bytes_free(data: *mut u8, len: usize) {
    if !data.is_null() {
        // SAFETY: not NULL, and the caller promises that it came from `Box::into_raw` of `len` bytes in this library.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, len)) });
    }
}
