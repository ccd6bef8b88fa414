//! Models trained elsewhere, and rows of a model's own features.

use crate::engine::Engine;
use crate::error::call;
use crate::held;
use crate::input::Reader;
use crate::options::Options;
use churn_core::Result;
use churn_core::features::FeatureMatrix;
use churn_core::model::Model;
use churn_core::model::import::ImportOptions;
use napi::Env;
use napi::bindgen_prelude::{Float64Array, Unknown};
use napi_derive::napi;

fn import_options(env: &Env, options: Unknown<'_>) -> Result<ImportOptions> {
    let mut options = Options::new(env, options)?;
    let given = ImportOptions {
        name: options.text("name")?,
        version: options.text("version")?,
        profile: options.profile()?,
        iterations: options.count("iterations")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        feature_names: options.texts("featureNames")?,
    };
    options.finish()?;
    Ok(given)
}

impl Engine {
    fn matrix(&self, values: &[f64]) -> Result<FeatureMatrix> {
        FeatureMatrix::from_rows(values, self.0.model().plan.len())
    }

    fn background(&self, env: &Env, options: Unknown<'_>) -> Result<Option<FeatureMatrix>> {
        let mut options = Options::new(env, options)?;
        let given = options.numbers("background")?;
        options.finish()?;
        given.map(|values| self.matrix(&values)).transpose()
    }
}

#[napi]
impl Engine {
    /// A model that another library trained, from its file.
    #[napi(factory)]
    pub fn import_model(env: &Env, path: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || {
            let path = Reader { env, argument: "path" }.require_text(path)?;
            churn_core::Engine::import(path, &import_options(env, options)?)
        })
    }

    /// A model that another library trained, from the content of its file.
    #[napi(factory)]
    pub fn import_model_bytes(env: &Env, data: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Engine> {
        held::engine(env, || {
            let reader = Reader { env, argument: "data" };
            let wrong = || reader.wrong("is not bytes", "give a Buffer or a Uint8Array");
            let data = reader.bytes(data)?.ok_or_else(wrong)?;
            let model = Model::import(&data, &import_options(env, options)?)?;
            churn_core::Engine::from_model(model)
        })
    }

    /// Names of the model's features, in the order of a matrix.
    #[napi(getter)]
    pub fn feature_names(&self) -> Vec<String> {
        self.0.model().plan.features().iter().map(|f| f.name.clone()).collect()
    }

    /// What the SHAP values of a row add up with to its sum.
    #[napi(getter)]
    pub fn expected_value(&self) -> f64 {
        self.0.explainer().base_value()
    }

    /// The sums of rows of the model's own features.
    #[napi]
    pub fn predict_margin(&self, env: &Env, matrix: Float64Array) -> napi::Result<Float64Array> {
        call(env, || self.0.predictor().predict_margin(&self.matrix(&matrix)?)).map(Float64Array::new)
    }

    /// The probabilities of rows of the model's own features.
    #[napi]
    pub fn predict_proba(&self, env: &Env, matrix: Float64Array) -> napi::Result<Float64Array> {
        call(env, || self.0.predictor().predict_proba(&self.matrix(&matrix)?)).map(Float64Array::new)
    }

    /// The SHAP values of rows of the model's own features; against the rows `background` where they are given.
    #[napi]
    pub fn shap_values(&self, env: &Env, matrix: Float64Array, options: Unknown<'_>) -> napi::Result<Float64Array> {
        let explained = call(env, || {
            let matrix = self.matrix(&matrix)?;
            match self.background(env, options)? {
                Some(background) => self.0.predictor().shap_values_against(&matrix, &background),
                None => self.0.predictor().shap_values(&matrix),
            }
        })?;
        Ok(Float64Array::new(explained.values.into_iter().collect()))
    }

    /// The SHAP interaction values of rows of the model's own features.
    #[napi]
    pub fn shap_interaction_values(&self, env: &Env, matrix: Float64Array) -> napi::Result<Float64Array> {
        let values = call(env, || self.0.predictor().shap_interactions(&self.matrix(&matrix)?))?;
        Ok(Float64Array::new(values.into_iter().collect()))
    }
}
