//! What a model is: the whole pipeline from table to probability, as data.
//!
//! A [`Model`] holds the feature plan, an additive model, a calibrator, an interval, the profile (risk bands,
//! playbook, words), the label definition and the model card. Inference only; nothing here knows how it was
//! trained.

mod additive;
mod artifact;
mod calibration;
mod card;
pub mod import;
mod math;
mod scorecard;
mod terms;
mod tree;

pub(crate) use additive::weighted;
pub use additive::{AdditiveModel, Component, Part, Space};
pub use calibration::{Calibrator, IntervalCurve};
pub use card::{Metric, ModelCard, PriorCard};
pub use math::{logit, sigmoid};
pub use terms::{Shape, Term};
pub(crate) use tree::{MAX_DEPTH, ZERO_BAND};
pub use tree::{Tree, TreeEnsemble, TreeNode};

use crate::error::{Error, ErrorKind, Result};
use crate::features::FeaturePlan;
use crate::schema::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the model predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelDefinition {
    /// Column that held the label, as the model calls it.
    pub column: String,
    /// What a positive label means.
    pub description: String,
    /// Days ahead, where the label has a horizon.
    pub horizon_days: Option<u32>,
}

/// A fitted pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name, for example `telecom`.
    pub name: String,
    /// Version, for example `1.0.0`.
    pub version: String,
    /// The profile it was made with: risk bands, playbook, words.
    pub profile: Profile,
    /// Headers seen in training: source header -> column of the typed table.
    pub headers: BTreeMap<String, String>,
    /// Table to features.
    pub plan: FeaturePlan,
    /// Features to margin.
    pub additive: AdditiveModel,
    /// Margin to probability.
    pub calibrator: Calibrator,
    /// Margin to the interval of the probability.
    pub interval: IntervalCurve,
    /// What is predicted.
    pub label: LabelDefinition,
    /// Where it comes from and how good it is.
    pub card: ModelCard,
}

impl Model {
    /// `name version`, as it is printed beside every score.
    pub fn model_version(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The calibrated probability of a raw sum. A forest's mean share is a probability as it stands.
    #[inline]
    pub fn probability(&self, raw: f64) -> f64 {
        match (self.additive.space, &self.calibrator) {
            (Space::Probability, Calibrator::Identity) => raw.clamp(0.0, 1.0),
            _ => self.calibrator.probability(self.additive.to_log_odds(raw)),
        }
    }

    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// `model_invalid`, saying which part does not fit.
    pub fn check(&self) -> Result<()> {
        self.additive.check(self.plan.len())?;
        self.calibrator.check()?;
        self.interval.check()?;
        let credits = self.plan.features().iter().find(|f| !self.plan.features().iter().any(|g| g.name == f.credit_to));
        if let Some(feature) = credits {
            return Err(invalid(format!(
                "feature '{}' credits '{}', which is no feature",
                feature.name, feature.credit_to
            )));
        }
        Ok(())
    }
}

/// The error of a model whose content contradicts itself.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ModelInvalid, format!("the model is not valid: {}", message.into()))
        .hint("the file is damaged or was made by a faulty program; make it again")
}

#[cfg(test)]
pub(crate) mod testing {
    //! A small hand-made model for tests: a spline of tenure, levels of contract, and a tree over both and a
    //! truth value.

    use super::*;
    use crate::features::{FeatureKind, FeatureSpec};

    pub(crate) fn small_model() -> Model {
        let spec = |name: &str, readable: &str, unit: Option<&str>, kind| FeatureSpec {
            name: name.into(),
            readable: readable.into(),
            unit: unit.map(str::to_owned),
            credit_to: name.into(),
            kind,
        };
        let levels = ["Month-to-month", "One year"].map(str::to_owned).to_vec();
        let plan = FeaturePlan::new(vec![
            spec("tenure_months", "Tenure", Some("months"), FeatureKind::Number),
            spec("contract", "Contract", None, FeatureKind::Category { levels }),
            spec("partner", "Partner", None, FeatureKind::Boolean),
        ]);
        let terms = vec![
            Term {
                feature: 0,
                shape: Shape::Piecewise { knots: vec![0.0, 12.0, 72.0], values: vec![1.2, 0.3, -1.1], missing: 0.1 },
                mean: -0.05,
            },
            Term { feature: 1, shape: Shape::Levels { values: vec![0.8, -0.9], other: 0.0, missing: 0.05 }, mean: 0.2 },
        ];
        let tree = Tree {
            nodes: vec![
                TreeNode::Category { feature: 1, set: 1, missing_left: false, left: 1, right: 2 },
                TreeNode::Number { feature: 0, threshold: 6.0, missing_left: true, left: 3, right: 4 },
                TreeNode::Number { feature: 2, threshold: 0.5, missing_left: true, left: 5, right: 6 },
                TreeNode::Leaf { value: 0.7 },
                TreeNode::Leaf { value: 0.1 },
                TreeNode::Leaf { value: -0.2 },
                TreeNode::Leaf { value: -0.6 },
            ],
            covers: vec![100.0, 55.0, 45.0, 15.0, 40.0, 20.0, 25.0],
        };
        let component = |name: &str, weight, part| Component { name: name.into(), weight, part };
        Model {
            name: "small".into(),
            version: "1.0.0".into(),
            profile: Profile::shipped("telecom").expect("profile"),
            headers: BTreeMap::new(),
            plan,
            additive: AdditiveModel {
                space: Space::LogOdds,
                intercept: -1.0,
                components: vec![
                    component("logistic", 0.75, Part::Terms(terms)),
                    component("forest", 0.5, Part::Trees(TreeEnsemble { trees: vec![tree.clone(), tree] })),
                ],
            },
            calibrator: Calibrator::Platt { slope: 1.1, intercept: -0.05 },
            interval: IntervalCurve {
                level: 0.9,
                method: "expert".into(),
                group_size: 0,
                knots: vec![0.0],
                low: vec![0.1],
                high: vec![0.6],
            },
            label: LabelDefinition { column: "churned".into(), description: "left".into(), horizon_days: None },
            card: ModelCard::default(),
        }
    }

    #[test]
    fn a_model_file_round_trips_to_the_same_bytes() {
        let model = small_model();
        let bytes = model.to_bytes().expect("write");
        let back = Model::from_bytes(&bytes).expect("read");
        assert_eq!(back, model);
        assert_eq!(back.to_bytes().expect("write again"), bytes);
    }

    #[test]
    fn a_changed_or_foreign_file_is_refused() {
        let bytes = small_model().to_bytes().expect("write");
        let code = |bytes: &[u8]| Model::from_bytes(bytes).expect_err("refused").code();
        assert_eq!(code(b"not a model"), "format_unsupported");
        assert_eq!(code(&[]), "format_unsupported");
        assert_eq!(code(&bytes[..bytes.len() - 1]), "format_unsupported");
        let mut last = bytes.clone();
        *last.last_mut().expect("a byte") ^= 1;
        assert_eq!(code(&last), "hash_mismatch");
        let key = br#"format_version\":"#;
        let digit = bytes.windows(key.len()).position(|w| w == key).expect("version") + key.len();
        let mut newer = bytes.clone();
        assert_eq!(newer[digit], b'1');
        newer[digit] = b'9';
        assert_eq!(code(&newer), "format_unsupported");
    }
}
