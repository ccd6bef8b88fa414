//! churn-core's errors as JavaScript errors, and calls that cannot end in anything else.
//!
//! Every failure is an `Error` with `code`, `number`, `hint` and `context`, thrown or rejected alike. It is built
//! as a JavaScript object here, while the thread of the environment is at hand, and napi passes the object on.

use crate::output::camel;
use churn_core::error::guard;
use napi::bindgen_prelude::{AsyncTask, JsObjectValue, JsValue, Object, Task, ToNapiValue, TypeName};
use napi::{Env, Status};

/// The JavaScript error of an error.
pub fn raise(env: &Env, error: &churn_core::Error) -> napi::Error {
    object(env, error).unwrap_or_else(|broken| broken)
}

fn object(env: &Env, error: &churn_core::Error) -> napi::Result<napi::Error> {
    let mut context = Object::new(env)?;
    for (key, value) in error.context() {
        // An argument is named as JavaScript writes it.
        let value = if *key == "argument" { camel(value) } else { value.clone() };
        context.set(camel(key), value)?;
    }
    let mut object = env.create_error(napi::Error::new(Status::GenericFailure, error.to_string()))?;
    object.set_named_property("code", error.code())?;
    object.set_named_property("number", error.number())?;
    object.set_named_property("hint", error.suggestion())?;
    object.set_named_property("context", context)?;
    if let Some(source) = std::error::Error::source(error) {
        object.set_named_property("cause", source.to_string())?;
    }
    Ok(object.to_unknown().into())
}

/// Runs a call of the core on this thread; panics become the error `internal`.
pub fn call<T>(env: &Env, f: impl FnOnce() -> churn_core::Result<T>) -> napi::Result<T> {
    guard(f).map_err(|e| raise(env, &e))
}

type Work<T> = Box<dyn FnOnce() -> churn_core::Result<T> + Send>;

/// A call of the core on a thread of the pool.
pub struct Job<T>(Option<Work<T>>);

/// A Promise of a call: `prepare` copies the arguments on this thread and gives the work for the other one. What
/// either fails with rejects the Promise.
pub fn job<T, W>(prepare: impl FnOnce() -> churn_core::Result<W>) -> AsyncTask<Job<T>>
where
    T: ToNapiValue + TypeName + Send + 'static,
    W: FnOnce() -> churn_core::Result<T> + Send + 'static,
{
    let work = guard(prepare);
    AsyncTask::new(Job(Some(Box::new(move || work?()))))
}

impl<T: ToNapiValue + TypeName + Send + 'static> Task for Job<T> {
    type Output = churn_core::Result<T>;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let work = self.0.take();
        Ok(guard(|| work.map_or_else(|| Err(churn_core::Error::internal("a job ran twice")), |w| w())))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<T> {
        let value = output.map_err(|e| raise(&env, &e))?;
        crate::held::tell(&env, &value);
        Ok(value)
    }
}
