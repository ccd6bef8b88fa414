//! Model files on disk and embedded models.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::model::import::ImportOptions;
#[cfg(feature = "pretrained")]
use crate::packed::packed;
use std::path::Path;

/// The shipped models: name, version, packed file.
#[cfg(feature = "pretrained")]
const SHIPPED: &[(&str, &str, &[u8])] =
    &[("saas", "1.0.0", packed!("saas.model")), ("telecom", "1.0.0", packed!("telecom.model"))];

/// A shipped model by name.
///
/// # Errors
/// `model_not_found`, listing the models there are.
#[cfg(feature = "pretrained")]
pub fn pretrained(name: &str) -> Result<Model> {
    match SHIPPED.iter().find(|(n, _, _)| *n == name) {
        Some((_, _, file)) => Model::from_bytes(&crate::packed::bytes(file)),
        None => {
            let all: Vec<_> = SHIPPED.iter().map(|(n, v, _)| format!("{n} ({v})")).collect();
            Err(Error::new(ErrorKind::ModelNotFound, format!("there is no pretrained model '{name}'"))
                .with("model", name)
                .hint(format!("use one of: {}; or train your own", all.join(", "))))
        }
    }
}

/// A shipped model by name: this build has none.
///
/// # Errors
/// `unsupported`.
#[cfg(not(feature = "pretrained"))]
pub fn pretrained(name: &str) -> Result<Model> {
    Err(Error::new(ErrorKind::Unsupported, "this build holds no pretrained models")
        .with("model", name)
        .hint("build churn-core with the feature 'pretrained', or load a model file"))
}

/// Loads a model file.
///
/// # Errors
/// `model_not_found` where there is no such file; `io`, `format_unsupported`, `hash_mismatch`, `model_invalid`.
pub fn load(path: &Path) -> Result<Model> {
    Model::from_bytes(&bytes_of(path)?).map_err(|e| e.with("path", path.display()))
}

/// Imports a model file that another library wrote.
///
/// # Errors
/// As [`load`], and those of [`Model::import`].
pub fn import(path: &Path, options: &ImportOptions) -> Result<Model> {
    Model::import(&bytes_of(path)?, options).map_err(|e| e.with("path", path.display()))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(ErrorKind::ModelNotFound, format!("there is no model file '{}'", path.display()))
                .with("path", path.display())
                .hint("check the path; engine.save writes such a file")
                .caused_by(e)
        }
        _ => Error::io("read", path, e),
    })
}
