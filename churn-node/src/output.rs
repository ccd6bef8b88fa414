//! Results as JavaScript values.

use crate::js;
use churn_core::Scored;
use churn_core::report;
use churn_core::table::ColumnData;
use napi::Env;
use napi::bindgen_prelude::{JsObjectValue, Null, Object, ToNapiValue, TypeName, Unknown, ValueType};
use napi::sys;
use serde_json::Value;

/// A name in camelCase: `top_factors` is `topFactors`, `reason_1` is `reason1`.
pub fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        text + letters.as_str()
    })
}

/// A name in snake_case: `anyOf` is `any_of`.
pub fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
        text
    })
}

/// JSON with its keys renamed, at every depth. The keys of a mapping's `fields` are names of fields, that is data,
/// and stay.
pub fn rename(value: Value, name: fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|v| rename(v, name)).collect()),
        Value::Object(entries) => Value::Object(
            entries.into_iter().map(|(k, v)| (name(&k), if k == "fields" { v } else { rename(v, name) })).collect(),
        ),
        other => other,
    }
}

/// JSON as a plain JavaScript value.
fn plain<'env>(env: &'env Env, value: &Value) -> napi::Result<Unknown<'env>> {
    match value {
        Value::Null => js::unknown(env, Null),
        Value::Bool(b) => js::unknown(env, *b),
        Value::Number(n) => js::unknown(env, n.as_f64()),
        Value::String(s) => js::unknown(env, s.as_str()),
        Value::Array(items) => {
            let mut array = env.create_array(items.len() as u32)?;
            for (i, item) in (0..).zip(items) {
                array.set(i, plain(env, item)?)?;
            }
            js::unknown(env, array)
        }
        Value::Object(entries) => {
            let mut object = Object::new(env)?;
            for (key, item) in entries {
                object.set(key, plain(env, item)?)?;
            }
            js::unknown(env, object)
        }
    }
}

/// A result that is one JSON value of the core, with keys in camelCase.
pub struct Json(Value);

impl Json {
    /// Of the core's JSON.
    pub fn new(value: Value) -> Json {
        Json(rename(value, camel))
    }

    /// Of JSON whose keys are as they shall be.
    pub fn plain(value: Value) -> Json {
        Json(value)
    }
}

impl TypeName for Json {
    fn type_name() -> &'static str {
        "object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Json {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        plain(&Env::from_raw(env), &value.0).map(js::raw)
    }
}

/// A scored table. The predictions stay columns until JavaScript gets them, because a million JSON objects are heavy.
pub struct ScoredTable {
    predictions: Vec<(String, ColumnData)>,
    rest: [(&'static str, Value); 3],
}

impl ScoredTable {
    /// Of the core's.
    pub fn new(scored: &Scored) -> ScoredTable {
        let columns = scored.predictions.columns();
        let json = |value| rename(value, camel);
        ScoredTable {
            predictions: columns.into_iter().map(|(name, data)| (camel(&name), data)).collect(),
            rest: [
                ("summary", json(report::summary_json(&scored.predictions.summary()))),
                ("mapping", json(report::mapping_json(&scored.mapping))),
                ("quality", json(report::quality_json(&scored.quality))),
            ],
        }
    }

    fn object<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let n_rows = self.predictions.first().map_or(0, |(_, data)| data.len());
        let mut rows = env.create_array(n_rows as u32)?;
        let keys =
            self.predictions.iter().map(|(name, _)| env.create_string(name)).collect::<napi::Result<Vec<_>>>()?;
        for row in 0..n_rows {
            js::scoped(env, || {
                let mut object = Object::new(env)?;
                for (key, (_, data)) in keys.iter().zip(&self.predictions) {
                    let value = match data.number(row) {
                        Some(x) => js::unknown(env, x)?,
                        None => js::unknown(env, data.cell(row).as_deref())?,
                    };
                    object.set_property(*key, value)?;
                }
                rows.set(row as u32, object)
            })?;
        }
        let mut object = Object::new(env)?;
        object.set("predictions", rows)?;
        for (name, value) in &self.rest {
            object.set(name, plain(env, value)?)?;
        }
        js::unknown(env, object)
    }
}

impl TypeName for ScoredTable {
    fn type_name() -> &'static str {
        "object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for ScoredTable {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        value.object(&Env::from_raw(env)).map(js::raw)
    }
}
