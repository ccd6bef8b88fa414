//! scikit-learn's forests and gradient boosting, from plain JSON; no pickle is ever read.
//!
//! `format` is `sklearn-random-forest` (also extra trees and single trees: the mean over the trees of the leaf's share
//! of the second class), `sklearn-gradient-boosting` (`baseline` plus `learning_rate` times the leaves, log-odds) or
//! `sklearn-hist-gradient-boosting` (`baseline` plus the leaves, log-odds). A tree has the arrays of scikit-learn's
//! `tree_`: `children_left` (-1 for a leaf), `children_right`, `feature`, `threshold` (null: infinite), `value`,
//! `weighted_n_node_samples`, and where there is one `missing_go_to_left`. scikit-learn rounds inputs to float32 and
//! compares `x <= threshold`; its histogram boosting compares in float64. Source:
//! <https://scikit-learn.org/stable/auto_examples/tree/plot_unveil_tree_structure.html>.

use super::build::{self, Foreign, Test, TestKind};
use super::{ImportOptions, Imported, float32, unsupported};
use crate::error::Result;
use crate::features::FeatureKind;
use crate::model::{Calibrator, Space, Tree, TreeNode, invalid};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct File {
    format: String,
    n_features: usize,
    #[serde(default)]
    feature_names: Vec<String>,
    #[serde(default)]
    classes: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    baseline: Option<f64>,
    #[serde(default)]
    learning_rate: Option<f64>,
    trees: Vec<FileTree>,
}

#[derive(Deserialize)]
struct FileTree {
    children_left: Vec<i64>,
    children_right: Vec<i64>,
    feature: Vec<i64>,
    threshold: Vec<Option<f64>>,
    value: Vec<f64>,
    weighted_n_node_samples: Vec<f64>,
    #[serde(default)]
    missing_go_to_left: Vec<i64>,
    #[serde(default)]
    is_categorical: Vec<i64>,
}

impl File {
    /// The model in the common form.
    pub fn into_model(self, options: &ImportOptions) -> Result<Imported> {
        if self.classes.as_ref().is_some_and(|c| c.len() != 2) {
            return Err(unsupported("scikit-learn", "a number of classes other than two"));
        }
        let (name, space, float32, scale) = match self.format.as_str() {
            "sklearn-random-forest" => ("forest", Space::Probability, true, 1.0),
            "sklearn-gradient-boosting" => {
                ("gradient boosting", Space::LogOdds, true, self.learning_rate.unwrap_or(1.0))
            }
            "sklearn-hist-gradient-boosting" => ("histogram gradient boosting", Space::LogOdds, false, 1.0),
            other => return Err(unsupported("scikit-learn", &format!("the format {}", super::quoted(other)))),
        };
        let n_trees = match options.iterations {
            Some(n) if n > self.trees.len() => return Err(super::too_many_iterations(n)),
            Some(n) => n,
            None => self.trees.len(),
        };
        let names = build::names(&self.feature_names, self.n_features, "f")?;
        let mut trees = self.trees[..n_trees]
            .iter()
            .map(|t| t.tree(self.n_features, float32, scale))
            .collect::<Result<Vec<_>>>()?;
        let baseline = self.baseline.unwrap_or(0.0);
        if !baseline.is_finite() {
            return Err(invalid("the baseline is not finite"));
        }
        let mut intercept = baseline;
        if let Some(first) = trees.first_mut().filter(|_| space == Space::LogOdds) {
            // Added up in scikit-learn's own order: the baseline comes before the first tree.
            intercept = 0.0;
            for node in &mut first.nodes {
                if let TreeNode::Leaf { value } = node {
                    *value += baseline;
                }
            }
        }
        let weight = if space == Space::Probability && !trees.is_empty() { 1.0 / trees.len() as f64 } else { 1.0 };
        Ok(Imported {
            library: "scikit-learn",
            learner: format!("scikit-learn {name}, {} trees", trees.len()),
            features: names.into_iter().map(|n| (n, FeatureKind::Number)).collect(),
            space,
            intercept,
            weight,
            trees,
            calibrator: Calibrator::Identity,
        })
    }
}

impl FileTree {
    fn tree(&self, n_features: usize, float32: bool, scale: f64) -> Result<Tree> {
        let n = self.children_left.len();
        let lengths = [
            self.children_right.len(),
            self.feature.len(),
            self.threshold.len(),
            self.value.len(),
            self.weighted_n_node_samples.len(),
        ];
        let optional = [self.missing_go_to_left.len(), self.is_categorical.len()];
        if lengths.iter().any(|&l| l != n) || optional.iter().any(|&l| l != 0 && l != n) {
            return Err(invalid("the arrays of a tree have different lengths"));
        }
        if self.is_categorical.iter().any(|&c| c != 0) {
            return Err(unsupported("scikit-learn", "categorical splits of histogram gradient boosting"));
        }
        build::tree(0, n, n_features, |i| {
            let cover = self.weighted_n_node_samples[i];
            if self.children_left[i] < 0 {
                return Ok((Foreign::Leaf(scale * self.value[i]), cover));
            }
            let left = build::index(self.children_left[i], "a child")?;
            let right = build::index(self.children_right[i], "a child")?;
            let feature = build::index(self.feature[i], "a feature index")?;
            // An infinite threshold parts the missing from all others.
            let threshold = self.threshold[i].unwrap_or(f64::MAX);
            let threshold = if float32 && threshold < f64::MAX { float32::at_most(threshold) } else { threshold };
            let missing_left = self.missing_go_to_left.get(i).is_some_and(|&m| m != 0);
            Ok((Foreign::Split(Test { feature, kind: TestKind::AtMost(threshold), missing_left }, left, right), cover))
        })
    }
}
