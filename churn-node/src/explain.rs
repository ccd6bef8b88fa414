//! Exact SHAP values as typed arrays.

use crate::engine::{Engine, Scoring};
use crate::error::{Job, job};
use crate::input::Reader;
use crate::js;
use crate::options::Options;
use churn_core::explain::Explanation;
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64Array, Object, ToNapiValue, TypeName, Unknown, ValueType};
use napi::sys;
use napi_derive::napi;

/// The SHAP values of a table, row by row in one array each.
pub struct Shap {
    shape: (usize, usize),
    values: Vec<f64>,
    data: Vec<f64>,
    base_value: f64,
    feature_names: Vec<String>,
}

impl From<Explanation> for Shap {
    fn from(explanation: Explanation) -> Self {
        Shap {
            shape: explanation.values.dim(),
            values: explanation.values.iter().copied().collect(),
            data: explanation.data.iter().copied().collect(),
            base_value: explanation.base_value,
            feature_names: explanation.feature_names,
        }
    }
}

impl TypeName for Shap {
    fn type_name() -> &'static str {
        "object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Shap {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(env);
        let mut object = Object::new(&env)?;
        object.set("values", Float64Array::new(value.values))?;
        object.set("data", Float64Array::new(value.data))?;
        object.set("shape", vec![value.shape.0 as u32, value.shape.1 as u32])?;
        object.set("baseValue", value.base_value)?;
        object.set("featureNames", value.feature_names)?;
        js::unknown(&env, object).map(js::raw)
    }
}

#[napi]
impl Engine {
    /// Exact SHAP values of a table.
    #[napi]
    pub fn explain(&self, env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Shap>> {
        let engine = self.0.clone();
        job(|| {
            let mut options = Options::new(env, options)?;
            let watch = options.watch()?;
            let mut scoring = Scoring::read(&mut options)?;
            scoring.mapping = options.mapping()?;
            scoring.read = options.read()?;
            let background = options.table("background")?;
            options.finish()?;
            let table = Reader { env, argument: "table" }.table(table)?;
            Ok(move || {
                watch.check()?;
                match &background {
                    Some(rows) => engine.explain_against(table.input(), rows.input(), &scoring.options()),
                    None => engine.explain(table.input(), &scoring.options()),
                }
                .map(Shap::from)
            })
        })
    }
}
