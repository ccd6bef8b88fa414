//! Models that were trained elsewhere: XGBoost, LightGBM, scikit-learn, CatBoost, ONNX.
//!
//! A foreign file becomes the same [`Model`] that our own learners make, without loss: it predicts what its library
//! predicts, bit for bit where that library works in float64, within its float32 rounding otherwise. Files are not
//! trusted: sizes, indices, depths, cycles and numbers are checked before anything is scored, and nothing is
//! allocated that the file's own length does not pay for.

mod build;
mod catboost;
mod float32;
mod lightgbm;
mod onnx;
mod sklearn;
mod ubjson;
mod xgboost;

use super::{
    AdditiveModel, Calibrator, Component, IntervalCurve, LabelDefinition, Model, ModelCard, Part, Space, Tree,
    TreeEnsemble, invalid,
};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeaturePlan, FeatureSpec};
use crate::schema::Profile;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How to import a model; every field has a default.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Name of the model; the library's where not given.
    pub name: Option<String>,
    /// Version of the model; `1.0.0` where not given.
    pub version: Option<String>,
    /// Profile (risk bands, playbook, words); `generic` where not given.
    pub profile: Option<Profile>,
    /// Boosting rounds to keep, from the first; what the library's own prediction uses where not given.
    pub iterations: Option<usize>,
    /// Names of its features, in their order, in place of the file's: a model trained on a matrix calls them `f0`, `f1`.
    pub feature_names: Option<Vec<String>>,
}

/// The mark of an imported model in its card.
pub(crate) const IMPORTED: &str = "imported";

/// A foreign model in the common form.
struct Imported {
    library: &'static str,
    learner: String,
    features: Vec<(String, FeatureKind)>,
    space: Space,
    intercept: f64,
    weight: f64,
    trees: Vec<Tree>,
    calibrator: Calibrator,
}

/// The keys that tell whose JSON it is.
#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    learner: Option<IgnoredAny>,
    #[serde(default)]
    oblivious_trees: Option<IgnoredAny>,
    #[serde(default)]
    features_info: Option<IgnoredAny>,
    #[serde(default)]
    format: Option<String>,
}

impl Model {
    /// The model in the bytes of a file that another library wrote: XGBoost (`.json`, `.ubj`), LightGBM (`.txt`),
    /// CatBoost (`.json`), scikit-learn as plain JSON, ONNX with one tree ensemble. The format is told by the content.
    ///
    /// # Errors
    /// `format_unsupported` for other files, `unsupported` for models that do not predict one probability (several
    /// classes, ranking, survival, regression) or are not made of constant leaves, `model_invalid` for files that
    /// contradict themselves, `invalid_argument` for more iterations than there are, and for other feature names than one
    /// for each feature.
    pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<Model> {
        read(bytes, options)?.into_model(options)
    }
}

fn read(bytes: &[u8], options: &ImportOptions) -> Result<Imported> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(bytes.len());
    let (first, second) = (bytes.get(start), bytes.get(start + 1));
    match (first, second) {
        // The length of the first key follows the brace: UBJSON. In JSON a quote does, after blanks at most.
        (Some(b'{'), Some(b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#')) if start == 0 => {
            let value = ubjson::parse(bytes).map_err(|e| unreadable("UBJSON").caused_by(e))?;
            let file = xgboost::File::deserialize(value).map_err(|e| unreadable("an XGBoost model").caused_by(e))?;
            file.into_model(options)
        }
        (Some(b'{'), _) => {
            let finite = without_infinity(bytes);
            let bytes = finite.as_ref();
            let keys: Keys = serde_json::from_slice(bytes)
                .map_err(|e| unreadable(&format!("JSON (line {}, column {})", e.line(), e.column())).caused_by(e))?;
            let wrong = |what: &str, e: serde_json::Error| {
                unreadable(&format!("{what} (line {}, column {}: {e})", e.line(), e.column())).caused_by(e)
            };
            if keys.learner.is_some() {
                let file: xgboost::File = serde_json::from_slice(bytes).map_err(|e| wrong("an XGBoost model", e))?;
                file.into_model(options)
            } else if keys.oblivious_trees.is_some() || keys.features_info.is_some() {
                let file: catboost::File = serde_json::from_slice(bytes).map_err(|e| wrong("a CatBoost model", e))?;
                file.into_model(options)
            } else if keys.format.is_some_and(|f| f.starts_with("sklearn-")) {
                let file: sklearn::File =
                    serde_json::from_slice(bytes).map_err(|e| wrong("a scikit-learn model", e))?;
                file.into_model(options)
            } else {
                Err(not_known("JSON, but of no library that is known"))
            }
        }
        _ if onnx::is_onnx(bytes) => onnx::read(bytes, options),
        _ if bytes.starts_with(b"tree") => {
            let text = std::str::from_utf8(bytes).map_err(|e| unreadable("text in UTF-8").caused_by(e))?;
            lightgbm::read(text, options)
        }
        (Some(0x80), _) => Err(not_known("a pickle, which could run any code")),
        (None, _) => Err(not_known("empty")),
        _ if bytes.starts_with(b"binf") || bytes.starts_with(b"CBM1") => Err(not_known("a binary model")),
        _ => Err(not_known("none of the formats that are known")),
    }
}

/// JSON has no infinity, but Python writes one all the same: it becomes the largest number.
fn without_infinity(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORD: &[u8] = b"Infinity";
    if !bytes.windows(WORD.len()).any(|w| w == WORD) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let (mut at, mut in_string) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => {
                out.extend(bytes[at..].iter().take(2));
                at += 2;
                continue;
            }
            b'"' => in_string = !in_string,
            b'I' if !in_string && bytes[at..].starts_with(WORD) => {
                out.extend(b"1.7976931348623157e308");
                at += WORD.len();
                continue;
            }
            _ => {}
        }
        out.push(bytes[at]);
        at += 1;
    }
    Cow::Owned(out)
}

fn not_known(what: &str) -> Error {
    Error::new(ErrorKind::FormatUnsupported, format!("the file is no model that can be imported: it is {what}")).hint(
        "save the model with XGBoost's save_model as .json or .ubj, LightGBM's save_model as .txt, CatBoost's save_model \
         with format='json'; scikit-learn models go through churn.import_sklearn",
    )
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::FormatUnsupported, format!("the file cannot be read as {what}"))
        .hint("the file is damaged or cut short, or its version is not known; save the model again")
}

/// The error of a model that is understood but cannot be scored here.
fn unsupported(library: &str, what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{library} models with {what} are not supported"))
        .with("library", library)
        .hint("import a binary classifier with constant leaves whose sum is the log-odds of churn")
}

fn too_many_iterations(n: usize) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the model has fewer than {n} iterations"))
        .with("argument", "iterations")
        .hint("leave iterations out to use the whole model")
}

/// A word of a file, shortened, for a message.
fn quoted(word: &str) -> String {
    let short: String = word.chars().take(60).filter(|c| !c.is_control()).collect();
    format!("'{short}'")
}

impl Imported {
    fn into_model(mut self, options: &ImportOptions) -> Result<Model> {
        if let Some(names) = &options.feature_names {
            self.rename(names)?;
        }
        let unique: BTreeSet<&str> = self.features.iter().map(|(name, _)| name.as_str()).collect();
        if unique.len() != self.features.len() {
            return Err(invalid("two of its features have one name"));
        }
        if let Some((name, _)) = self.features.iter().find(|(_, kind)| !distinct_levels(kind)) {
            return Err(invalid(format!("two levels of feature {} have one name", quoted(name))));
        }
        let profile = options.profile.clone().map_or_else(|| Profile::shipped("generic"), Ok)?;
        let features = self.features.into_iter().map(|(name, kind)| FeatureSpec {
            readable: name.clone(),
            unit: None,
            credit_to: name.clone(),
            name,
            kind,
        });
        let part = Part::Trees(TreeEnsemble { trees: self.trees });
        let model = Model {
            name: options.name.clone().unwrap_or_else(|| self.library.to_lowercase().replace('-', "_")),
            version: options.version.clone().unwrap_or_else(|| "1.0.0".into()),
            profile,
            headers: BTreeMap::new(),
            plan: FeaturePlan::new(features.collect()),
            additive: AdditiveModel {
                space: self.space,
                intercept: self.intercept,
                components: vec![Component {
                    name: self.library.to_lowercase().replace('-', "_"),
                    weight: self.weight,
                    part,
                }],
            },
            calibrator: self.calibrator,
            // Nothing is known of how sure the model is until it has been calibrated on labelled customers.
            interval: IntervalCurve {
                level: 0.9,
                method: "unknown".into(),
                group_size: 0,
                knots: vec![0.0],
                low: vec![0.0],
                high: vec![1.0],
            },
            label: LabelDefinition {
                column: "churned".into(),
                description: "what the imported model was trained to predict".into(),
                horizon_days: None,
            },
            card: ModelCard {
                kind: IMPORTED.into(),
                description: format!("Imported from {}.", self.library),
                data: "not known: the model was trained elsewhere".into(),
                learner: self.learner,
                intended_use: "What the imported model was made for; not for decisions about people without a human."
                    .into(),
                limits: vec![
                    "Trained elsewhere: neither its quality nor its calibration is known here. Evaluate and calibrate it on your own labelled customers.".into(),
                    "Reasons are associations, not causes; recommendations are untested until a hold-out test says otherwise.".into(),
                ],
                ..ModelCard::default()
            },
        };
        model.check()?;
        Ok(model)
    }
}

impl Imported {
    /// Gives the features these names.
    fn rename(&mut self, names: &[String]) -> Result<()> {
        let wrong = |message: String| {
            Error::new(ErrorKind::InvalidArgument, message)
                .with("argument", "feature_names")
                .hint("give one name for each feature, in the order in which the model was trained on them")
        };
        if names.len() != self.features.len() {
            return Err(wrong(format!("there are {} feature names for {} features", names.len(), self.features.len())));
        }
        let mut seen = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(wrong(format!("the feature name {} is given twice", quoted(name))));
        }
        self.features.iter_mut().zip(names).for_each(|((name, _), given)| name.clone_from(given));
        Ok(())
    }
}

fn distinct_levels(kind: &FeatureKind) -> bool {
    match kind {
        FeatureKind::Category { levels } => levels.iter().collect::<BTreeSet<_>>().len() == levels.len(),
        _ => true,
    }
}
