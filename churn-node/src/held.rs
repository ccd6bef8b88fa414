//! What objects of ours hold outside of JavaScript's heap, told to V8: of an engine and of a million predictions it sees
//! a few bytes, and would let them lie until it needs memory for something else.

use crate::engine::Engine;
use crate::error::call;
use crate::scored::ScoredTable;
use churn_core::Result;
use napi::Env;
use napi::bindgen_prelude::ObjectFinalize;
use std::any::Any;

/// Bytes of an engine: what the shipped telecom model takes in memory, and most models no more.
const ENGINE: i64 = 6 << 20;

/// What V8 is told of an object.
fn bytes(value: &dyn Any) -> i64 {
    match value.downcast_ref::<ScoredTable>() {
        Some(table) => i64::try_from(table.bytes()).unwrap_or(i64::MAX),
        None if value.is::<Engine>() => ENGINE,
        None => 0,
    }
}

/// Tells V8 of an object that goes to JavaScript.
pub fn tell(env: &Env, value: &dyn Any) {
    // Without the hint memory comes back later, no more.
    let _ = env.adjust_external_memory(bytes(value));
}

/// An engine made on this thread.
pub fn engine(env: &Env, make: impl FnOnce() -> Result<churn_core::Engine>) -> napi::Result<Engine> {
    let engine = call(env, || make().map(Engine))?;
    tell(env, &engine);
    Ok(engine)
}

impl ObjectFinalize for Engine {
    fn finalize(self, env: Env) -> napi::Result<()> {
        env.adjust_external_memory(-bytes(&self)).map(drop)
    }
}

impl ObjectFinalize for ScoredTable {
    fn finalize(self, env: Env) -> napi::Result<()> {
        env.adjust_external_memory(-bytes(&self)).map(drop)
    }
}
