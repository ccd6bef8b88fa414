//! CatBoost models as `save_model(format="json")` writes them: symmetric trees, and the others without a symmetry.
//!
//! What CatBoost does with a row: every value is rounded to float32; `x > border` sets a bit (goes right). A missing
//! value counts as false, or as true where the feature says so. The margin is `scale` times the sum of the leaves plus
//! `bias`. Splits on statistics of categories need CatBoost's own hashes and are refused. Source: the model's JSON as
//! documented (<https://catboost.ai/docs/en/concepts/python-reference_catboost_save_model>) and the library's own
//! predictions.

use super::build::{self, Foreign, Test, TestKind};
use super::{ImportOptions, Imported, float32, unsupported};
use crate::error::Result;
use crate::features::FeatureKind;
use crate::model::{Calibrator, Space, Tree, invalid};
use serde::Deserialize;

/// Deepest symmetric tree; CatBoost's own limit.
const MAX_SYMMETRIC_DEPTH: usize = 16;

#[derive(Deserialize)]
pub(super) struct File {
    #[serde(default)]
    oblivious_trees: Vec<Symmetric>,
    #[serde(default)]
    trees: Vec<Node>,
    features_info: Features,
    #[serde(default)]
    scale_and_bias: Option<(f64, Vec<f64>)>,
    #[serde(default)]
    model_info: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Symmetric {
    leaf_values: Vec<f64>,
    leaf_weights: Vec<f64>,
    #[serde(default)]
    splits: Option<Vec<Split>>,
}

#[derive(Deserialize)]
struct Split {
    #[serde(default)]
    border: Option<f64>,
    #[serde(default)]
    float_feature_index: Option<usize>,
    split_type: String,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    value: Option<f64>,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    split: Option<Split>,
    #[serde(default)]
    left: Option<Box<Node>>,
    #[serde(default)]
    right: Option<Box<Node>>,
}

#[derive(Deserialize)]
struct Features {
    #[serde(default)]
    float_features: Vec<FloatFeature>,
    #[serde(default)]
    categorical_features: Vec<OtherFeature>,
    #[serde(default)]
    text_features: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    embedding_features: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct FloatFeature {
    flat_feature_index: usize,
    #[serde(default, alias = "feature_name")]
    feature_id: String,
    #[serde(default)]
    nan_value_treatment: Option<String>,
}

#[derive(Deserialize)]
struct OtherFeature {
    flat_feature_index: usize,
    #[serde(default, alias = "feature_name")]
    feature_id: String,
}

impl File {
    /// The model in the common form.
    pub fn into_model(self, options: &ImportOptions) -> Result<Imported> {
        if let Some(loss) = self.loss()?
            && !matches!(loss.as_str(), "Logloss" | "CrossEntropy")
        {
            return Err(unsupported("CatBoost", &format!("the loss {}", super::quoted(&loss))));
        }
        let features = &self.features_info;
        if !features.text_features.is_empty() || !features.embedding_features.is_empty() {
            return Err(unsupported("CatBoost", "text or embedding features"));
        }
        let (scale, bias) = match &self.scale_and_bias {
            None => (1.0, 0.0),
            Some((scale, bias)) => match bias.as_slice() {
                [] => (*scale, 0.0),
                [bias] => (*scale, *bias),
                _ => return Err(unsupported("CatBoost", "more than one class")),
            },
        };
        let floats = &features.float_features;
        let all = floats.iter().map(|f| (f.flat_feature_index, &f.feature_id));
        let all: Vec<(usize, &String)> =
            all.chain(features.categorical_features.iter().map(|f| (f.flat_feature_index, &f.feature_id))).collect();
        let mut names: Vec<Option<String>> = vec![None; all.len()];
        for (flat, id) in all {
            let place = names.get_mut(flat).filter(|n| n.is_none());
            let place = place.ok_or_else(|| invalid("the indices of its features have gaps or repeat"))?;
            *place = Some(if id.is_empty() { format!("f{flat}") } else { id.clone() });
        }
        let names: Vec<String> = names.into_iter().flatten().collect();
        let n = self.oblivious_trees.len() + self.trees.len();
        let n_trees = match options.iterations {
            Some(k) if k > n => return Err(super::too_many_iterations(k)),
            Some(k) => k,
            None => n,
        };
        let symmetric = self.oblivious_trees.iter().map(|t| t.tree(floats, names.len()));
        let other = self.trees.iter().map(|t| t.tree(floats, names.len()));
        let trees: Vec<Tree> = symmetric.chain(other).take(n_trees).collect::<Result<_>>()?;
        Ok(Imported {
            library: "CatBoost",
            learner: format!("CatBoost, {} trees", trees.len()),
            features: names.into_iter().map(|n| (n, FeatureKind::Number)).collect(),
            space: Space::LogOdds,
            intercept: bias,
            weight: scale,
            trees,
            calibrator: Calibrator::Identity,
        })
    }

    /// The loss that the model was trained for, where the file tells; its parameters are JSON or a text of JSON.
    fn loss(&self) -> Result<Option<String>> {
        let Some(params) = self.model_info.as_ref().and_then(|i| i.get("params")) else { return Ok(None) };
        let parsed;
        let params = match params {
            serde_json::Value::String(text) => {
                parsed = serde_json::from_str::<serde_json::Value>(text)
                    .map_err(|e| invalid("its parameters are not JSON").caused_by(e))?;
                &parsed
            }
            other => other,
        };
        let loss = params.get("loss_function").and_then(|l| l.get("type")).and_then(|t| t.as_str());
        Ok(loss.map(str::to_owned))
    }
}

impl Split {
    fn test(&self, floats: &[FloatFeature]) -> Result<Test> {
        let (Some(border), Some(index), "FloatFeature") =
            (self.border, self.float_feature_index, self.split_type.as_str())
        else {
            return Err(unsupported("CatBoost", "splits on categories (encode them as numbers before training)"));
        };
        let feature = floats.get(index).ok_or_else(|| invalid("a split uses a feature that is not listed"))?;
        // `x > border` is false, and goes left, up to the border in float32.
        let threshold = float32::at_most(f64::from(border as f32));
        let missing_left = feature.nan_value_treatment.as_deref() != Some("AsTrue");
        Ok(Test { feature: feature.flat_feature_index, kind: TestKind::AtMost(threshold), missing_left })
    }
}

impl Symmetric {
    /// The symmetric tree as a plain one: node `2^d - 1 + k` is the `k`-th of depth `d`, whose bits say which of the
    /// splits before were true, the last of them lowest.
    fn tree(&self, floats: &[FloatFeature], n_features: usize) -> Result<Tree> {
        let splits = self.splits.as_deref().unwrap_or_default();
        let depth = splits.len();
        if depth > MAX_SYMMETRIC_DEPTH || self.leaf_values.len() != 1 << depth {
            if !self.leaf_values.is_empty()
                && depth <= MAX_SYMMETRIC_DEPTH
                && self.leaf_values.len().is_multiple_of(1 << depth)
            {
                return Err(unsupported("CatBoost", "more than one class"));
            }
            return Err(invalid("a symmetric tree has another number of leaves than its depth asks for"));
        }
        if self.leaf_weights.len() != self.leaf_values.len() {
            return Err(invalid("a symmetric tree has another number of weights than leaves"));
        }
        // CatBoost's leaf index has the first split as its lowest bit: read from the last split down, the plain
        // order of leaves is theirs.
        let n = (2 << depth) - 1;
        let first_leaf = (1 << depth) - 1;
        let mut covers = vec![0.0; n];
        covers[first_leaf..].copy_from_slice(&self.leaf_weights);
        for i in (0..first_leaf).rev() {
            covers[i] = covers[2 * i + 1] + covers[2 * i + 2];
        }
        build::tree(0, n, n_features, |i| {
            if i >= first_leaf {
                return Ok((Foreign::Leaf(self.leaf_values[i - first_leaf]), covers[i]));
            }
            let level = (i + 1).ilog2() as usize;
            let test = splits[depth - 1 - level].test(floats)?;
            Ok((Foreign::Split(test, 2 * i + 1, 2 * i + 2), covers[i]))
        })
    }
}

impl Node {
    fn tree(&self, floats: &[FloatFeature], n_features: usize) -> Result<Tree> {
        // Nodes by number, in the order they are met; the reader has limited the nesting.
        let mut nodes: Vec<(&Node, usize, usize)> = vec![(self, 0, 0)];
        let mut at = 0;
        while at < nodes.len() {
            if let (Some(left), Some(right)) = (&nodes[at].0.left, &nodes[at].0.right) {
                let n = nodes.len();
                nodes[at].1 = n;
                nodes[at].2 = n + 1;
                nodes.push((left, 0, 0));
                nodes.push((right, 0, 0));
            }
            at += 1;
        }
        let mut covers: Vec<f64> = nodes.iter().map(|(node, ..)| node.weight.unwrap_or(0.0)).collect();
        for i in (0..nodes.len()).rev() {
            if nodes[i].1 > 0 {
                covers[i] = covers[nodes[i].1] + covers[nodes[i].2];
            }
        }
        build::tree(0, nodes.len(), n_features, |i| {
            let (node, left, right) = nodes[i];
            let foreign = match (&node.split, node.value) {
                (Some(split), _) if left > 0 => Foreign::Split(split.test(floats)?, left, right),
                (None, Some(value)) => Foreign::Leaf(value),
                _ => return Err(invalid("a tree node is neither a split nor a leaf")),
            };
            Ok((foreign, covers[i]))
        })
    }
}
