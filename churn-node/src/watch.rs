//! Progress of a running call, and its stop: one object that JavaScript holds and the work looks at.
//!
//! The work writes how far it is; JavaScript looks now and then. So a call reports at the pace of the event loop, never
//! faster, and no function of JavaScript is called from another thread.

use churn_core::progress::Progress;
use churn_core::{Error, ErrorKind, Result};
use napi::Env;
use napi::bindgen_prelude::{JsObjectValue, Object};
use napi_derive::napi;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    progress: Mutex<Option<Progress>>,
}

/// One call, seen from JavaScript; the package makes it, users never see it.
#[napi]
#[derive(Default)]
pub struct Control(Arc<State>);

#[napi]
impl Control {
    /// A call that is not stopped.
    #[napi(constructor)]
    pub fn new() -> Control {
        Control::default()
    }

    /// Asks the call to stop at its next step.
    #[napi]
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// How far the call is: stage, done, total; null before its first step.
    #[napi]
    pub fn progress<'env>(&self, env: &'env Env) -> napi::Result<Option<Object<'env>>> {
        let latest = *self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(progress) = latest else { return Ok(None) };
        let mut object = Object::new(env)?;
        object.set_named_property("stage", progress.stage)?;
        object.set_named_property("done", progress.done as f64)?;
        object.set_named_property("total", progress.total as f64)?;
        Ok(Some(object))
    }

    /// The side of the work.
    pub fn watch(&self) -> Watch {
        Watch(self.0.clone())
    }
}

/// One call, seen from the work.
#[derive(Clone, Default)]
pub struct Watch(Arc<State>);

impl Watch {
    /// The core's progress function.
    pub fn report(&self) -> impl Fn(Progress) -> bool + Sync + '_ {
        |progress| {
            *self.0.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
            !self.0.stopped.load(Ordering::Relaxed)
        }
    }

    /// Fails where the call was stopped before it began.
    pub fn check(&self) -> Result<()> {
        if self.0.stopped.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
    }
}

/// The error of a call that its caller stopped.
pub fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "stopped by the caller before it was done")
        .hint("nothing was changed; call again to start over")
}

/// The error of a stopped call, for the package to reject with at once.
#[napi]
pub fn stopped_error(env: &Env) -> napi::Result<()> {
    Err(crate::error::raise(env, &stopped()))
}

/// The error of an argument that the package itself checks.
#[napi]
pub fn invalid_argument(env: &Env, argument: String, what: String, hint: String) -> napi::Result<()> {
    let error = Error::new(ErrorKind::InvalidArgument, format!("{argument} {what}"));
    Err(crate::error::raise(env, &error.with("argument", argument).hint(hint)))
}
