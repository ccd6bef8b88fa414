//! Health scores, leads, alerts and decisions: the core's calls in JSON, with names as JavaScript writes them.

use crate::engine::Engine;
use crate::error::{Job, job};
use crate::input::Reader;
use crate::output::{Json, camel, snake};
use churn_core::Result;
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Unknown};
use napi_derive::napi;
use serde_json::{Map, Value};

/// Keys whose content is the caller's data, named as the caller names it.
const DATA: &[&str] = &[
    "changes",
    "churned",
    "counts",
    "details",
    "dimensions",
    "eventOverrides",
    "fields",
    "overrides",
    "record",
    "scales",
    "sections",
    "silenced",
    "values",
];

/// Keys whose content is a table of the caller's.
const TABLES: &[&str] = &["interactions", "payments", "subscriptions", "table", "tickets", "usage"];

/// JSON with its keys renamed at every depth, but for the caller's data.
fn rename(value: Value, name: fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|v| rename(v, name)).collect()),
        Value::Object(entries) => {
            let entry = |(key, v): (String, Value)| {
                let table = TABLES.contains(&key.as_str()) && (v.is_array() || v.is_object());
                let data = v.is_object() && DATA.contains(&key.as_str()) || table;
                (name(&key), if data { v } else { rename(v, name) })
            };
            Value::Object(entries.into_iter().map(entry).collect())
        }
        other => other,
    }
}

fn arguments(env: &Env, value: Unknown<'_>, argument: &'static str) -> Result<Value> {
    Ok(rename(Reader { env, argument }.json(value)?, snake))
}

/// Makes one of the core's calls; the package exports a function for each.
#[napi]
pub fn call(env: &Env, name: Unknown<'_>, args: Unknown<'_>) -> AsyncTask<Job<Json>> {
    job(|| {
        let name = Reader { env, argument: "name" }.require_text(name)?;
        let args = arguments(env, args, "arguments")?;
        Ok(move || churn_core::engine::call(&name, args).map(|answer| Json::renamed(rename(answer, camel))))
    })
}

/// Record, further arguments and options of a call about a customer.
fn about(env: &Env, options: Unknown<'_>, record: Unknown<'_>) -> Result<Map<String, Value>> {
    let mut args = match arguments(env, options, "options")? {
        Value::Object(args) => args,
        Value::Null => Map::new(),
        _ => {
            return Err(
                Reader { env, argument: "options" }.wrong("is not an object", "give an object: option -> value")
            );
        }
    };
    args.insert("record".to_owned(), Reader { env, argument: "record" }.record(record)?.into());
    Ok(args)
}

#[napi]
impl Engine {
    /// The prediction that a customer would have with some fields changed.
    #[napi]
    pub fn what_if(
        &self,
        env: &Env,
        record: Unknown<'_>,
        changes: Unknown<'_>,
        options: Unknown<'_>,
    ) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let mut args = about(env, options, record)?;
            args.insert("changes".to_owned(), Reader { env, argument: "changes" }.record(changes)?.into());
            args.entry("scored_at").or_insert_with(|| crate::input::now().into());
            Ok(move || engine.call("what_if", args.into()).map(Json::new))
        })
    }

    /// The least changes that bring a customer to a target risk or below.
    #[napi]
    pub fn counterfactuals(&self, env: &Env, record: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
        let engine = self.0.clone();
        job(|| {
            let mut args = about(env, options, record)?;
            args.entry("as_of").or_insert_with(|| crate::input::now().into());
            Ok(move || engine.call("counterfactuals", args.into()).map(Json::new))
        })
    }
}
