//! XGBoost models as `save_model` writes them: JSON and UBJSON, one structure.
//!
//! What XGBoost does with a row: every value is rounded to float32; `x < threshold` goes left; a missing value goes to
//! `default_left`; a category of the node's set goes right, every other code left. The margin is the logit of
//! `base_score` plus the leaves, DART trees times their weight. Source: the documented model schema
//! (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>) and the reference models' own predictions.

use super::build::{self, Budget, Foreign, Test, TestKind};
use super::{ImportOptions, Imported, float32, unsupported};
use crate::error::Result;
use crate::features::FeatureKind;
use crate::model::{Calibrator, Space, Tree, invalid, logit};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct File {
    learner: Learner,
    #[serde(default)]
    version: Vec<i64>,
}

#[derive(Deserialize)]
struct Learner {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    feature_names: Vec<String>,
    #[serde(default)]
    feature_types: Vec<String>,
    gradient_booster: Booster,
    learner_model_param: ModelParam,
    objective: Objective,
}

#[derive(Deserialize)]
struct ModelParam {
    base_score: String,
    num_feature: String,
    #[serde(default)]
    num_class: Option<String>,
    #[serde(default)]
    num_target: Option<String>,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct Booster {
    name: String,
    #[serde(default)]
    model: Option<Forest>,
    #[serde(default)]
    gbtree: Option<Nested>,
    #[serde(default)]
    weight_drop: Option<Vec<f64>>,
}

/// DART keeps its trees one level deeper.
#[derive(Deserialize)]
struct Nested {
    model: Forest,
}

#[derive(Deserialize)]
struct Forest {
    #[serde(default)]
    gbtree_model_param: Option<ForestParam>,
    #[serde(default)]
    iteration_indptr: Option<Vec<i64>>,
    #[serde(default)]
    tree_info: Vec<i64>,
    #[serde(default)]
    trees: Vec<FileTree>,
    #[serde(default)]
    cats: Option<Categories>,
}

#[derive(Deserialize)]
struct ForestParam {
    #[serde(default)]
    num_parallel_tree: Option<String>,
}

#[derive(Deserialize)]
struct Categories {
    #[serde(default)]
    enc: Vec<Encoding>,
}

/// The levels of a feature: the bytes of all names with their offsets, or numbers.
#[derive(Deserialize)]
struct Encoding {
    #[serde(default)]
    offsets: Vec<i64>,
    #[serde(default)]
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct FileTree {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_indices: Vec<i64>,
    split_conditions: Vec<f64>,
    default_left: Vec<Flag>,
    sum_hessian: Vec<f64>,
    #[serde(default)]
    split_type: Vec<i64>,
    #[serde(default)]
    categories: Vec<i64>,
    #[serde(default)]
    categories_nodes: Vec<i64>,
    #[serde(default)]
    categories_segments: Vec<i64>,
    #[serde(default)]
    categories_sizes: Vec<i64>,
    #[serde(default)]
    tree_param: Option<TreeParam>,
}

#[derive(Deserialize)]
struct TreeParam {
    #[serde(default)]
    size_leaf_vector: Option<String>,
}

/// Older files write `true`, newer ones 1.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Flag;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false, 1 or 0")
            }
            fn visit_bool<E>(self, b: bool) -> std::result::Result<Flag, E> {
                Ok(Flag(b))
            }
            fn visit_i64<E>(self, i: i64) -> std::result::Result<Flag, E> {
                Ok(Flag(i != 0))
            }
            fn visit_u64<E>(self, i: u64) -> std::result::Result<Flag, E> {
                Ok(Flag(i != 0))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl File {
    /// The model in the common form.
    pub fn into_model(self, options: &ImportOptions) -> Result<Imported> {
        let Learner { attributes, feature_names, feature_types, gradient_booster, learner_model_param, objective } =
            self.learner;
        match objective.name.as_str() {
            "binary:logistic" | "binary:logitraw" | "reg:logistic" => {}
            other => return Err(unsupported("XGBoost", &format!("the objective {}", super::quoted(other)))),
        }
        let one = |count: &Option<String>| count.as_deref().is_none_or(|c| matches!(c.trim(), "0" | "1" | ""));
        if !one(&learner_model_param.num_class) || !one(&learner_model_param.num_target) {
            return Err(unsupported("XGBoost", "more than one class or target"));
        }
        let (forest, weights) = match gradient_booster.name.as_str() {
            "gbtree" => (gradient_booster.model, None),
            "dart" => (gradient_booster.gbtree.map(|g| g.model), gradient_booster.weight_drop),
            other => return Err(unsupported("XGBoost", &format!("the booster {}", super::quoted(other)))),
        };
        let forest = forest.ok_or_else(|| invalid("it has no trees"))?;
        let n_features =
            learner_model_param.num_feature.parse().map_err(|_| invalid("num_feature is not a whole number"))?;
        let names = build::names(&feature_names, n_features, "f")?;
        let kinds = kinds(&feature_types, forest.cats.as_ref(), n_features)?;
        let base_score = base_score(&learner_model_param.base_score)?;
        // The raw variant takes its base score as a margin since version 2, as a probability before.
        let as_margin = objective.name == "binary:logitraw" && self.version.first().is_some_and(|major| *major >= 2);
        let intercept = if as_margin {
            base_score
        } else if base_score > 0.0 && base_score < 1.0 {
            logit(base_score)
        } else {
            return Err(invalid("base_score is not a probability"));
        };
        if forest.tree_info.iter().any(|&class| class != 0) {
            return Err(unsupported("XGBoost", "more than one class or target"));
        }
        let n_trees = n_trees(&forest, &attributes, options)?;
        if weights.as_ref().is_some_and(|w| w.len() != forest.trees.len()) {
            return Err(invalid("weight_drop has another length than the trees"));
        }
        let mut budget = Budget::default();
        let trees = forest
            .trees
            .iter()
            .take(n_trees)
            .enumerate()
            .map(|(i, t)| t.tree(n_features, weights.as_ref().map_or(1.0, |w| w[i]), &mut budget))
            .collect::<Result<Vec<_>>>()?;
        Ok(Imported {
            library: "XGBoost",
            learner: format!("XGBoost {}, {}, {} trees", gradient_booster.name, objective.name, trees.len()),
            features: names.into_iter().zip(kinds).collect(),
            space: Space::LogOdds,
            intercept,
            weight: 1.0,
            trees,
            calibrator: Calibrator::Identity,
        })
    }
}

/// How many trees count: the rounds asked for; else those up to the best iteration where the scikit-learn interface
/// wrote the file, because its own predictions stop there; else all.
fn n_trees(forest: &Forest, attributes: &BTreeMap<String, String>, options: &ImportOptions) -> Result<usize> {
    let n = forest.trees.len();
    let best = attributes.get("best_iteration").and_then(|b| b.trim().parse::<usize>().ok());
    let best = best.filter(|_| attributes.contains_key("scikit_learn")).and_then(|b| b.checked_add(1));
    let Some(rounds) = options.iterations.or(best) else { return Ok(n) };
    let ends = match &forest.iteration_indptr {
        Some(ends) => ends.get(rounds).copied(),
        None => {
            let parallel = forest.gbtree_model_param.as_ref().and_then(|p| p.num_parallel_tree.as_deref());
            let parallel: usize = parallel.unwrap_or("1").parse().map_err(|_| invalid("num_parallel_tree is odd"))?;
            i64::try_from(parallel.max(1).saturating_mul(rounds)).ok()
        }
    };
    match ends.and_then(|e| usize::try_from(e).ok()) {
        Some(ends) if ends <= n => Ok(ends),
        _ if options.iterations.is_some() => Err(super::too_many_iterations(rounds)),
        _ => Err(invalid("best_iteration is beyond the trees")),
    }
}

/// `5E-1` or, since version 3, `[5E-1]`; in float32.
fn base_score(text: &str) -> Result<f64> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    if inner.contains(',') {
        return Err(unsupported("XGBoost", "more than one class or target"));
    }
    let score: f32 = inner.trim().parse().map_err(|_| invalid("base_score is not a number"))?;
    if score.is_finite() { Ok(f64::from(score)) } else { Err(invalid("base_score is not a number")) }
}

fn kinds(types: &[String], categories: Option<&Categories>, n_features: usize) -> Result<Vec<FeatureKind>> {
    let mut kinds = vec![FeatureKind::Number; n_features];
    let encodings = categories.map_or(&[][..], |c| &c.enc);
    for (i, encoding) in encodings.iter().enumerate() {
        if types.get(i).is_some_and(|t| t == "c") && !encoding.values.is_empty() && i < n_features {
            kinds[i] = FeatureKind::Category { levels: encoding.levels()? };
        }
    }
    Ok(kinds)
}

impl Encoding {
    fn levels(&self) -> Result<Vec<String>> {
        if self.offsets.is_empty() {
            return Ok(self.values.iter().map(|v| crate::table::format_number(*v)).collect());
        }
        let bytes: Vec<u8> = self.values.iter().map(|&v| v as i64 as u8).collect();
        let ends = self.offsets.iter().map(|&o| build::index(o, "an offset of a level")).collect::<Result<Vec<_>>>()?;
        ends.windows(2)
            .map(|w| {
                let name = bytes.get(w[0]..w[1]).ok_or_else(|| invalid("the names of levels are out of place"))?;
                String::from_utf8(name.to_vec()).map_err(|e| invalid("the name of a level is not UTF-8").caused_by(e))
            })
            .collect()
    }
}

impl FileTree {
    fn tree(&self, n_features: usize, weight: f64, budget: &mut Budget) -> Result<Tree> {
        let n = self.left_children.len();
        let lengths = [
            self.right_children.len(),
            self.split_indices.len(),
            self.split_conditions.len(),
            self.default_left.len(),
            self.sum_hessian.len(),
        ];
        if lengths.iter().any(|&l| l != n) || !(self.split_type.is_empty() || self.split_type.len() == n) {
            return Err(invalid("the arrays of a tree have different lengths"));
        }
        let vector = self.tree_param.as_ref().and_then(|p| p.size_leaf_vector.as_deref());
        if !matches!(vector, None | Some("0" | "1")) {
            return Err(unsupported("XGBoost", "leaves of several values"));
        }
        let sets = self.sets(n)?;
        build::tree(0, n, n_features, |i| {
            let cover = self.sum_hessian[i];
            if self.left_children[i] < 0 {
                return Ok((Foreign::Leaf(f64::from(self.split_conditions[i] as f32) * weight), cover));
            }
            let left = build::index(self.left_children[i], "a child")?;
            let right = build::index(self.right_children[i], "a child")?;
            let feature = build::index(self.split_indices[i], "a feature index")?;
            let missing_left = self.default_left[i].0;
            if self.split_type.get(i).is_none_or(|&t| t == 0) {
                let threshold = self.split_conditions[i] as f32;
                if !threshold.is_finite() {
                    return Err(invalid("a threshold is not finite"));
                }
                let kind = TestKind::AtMost(float32::below(threshold));
                return Ok((Foreign::Split(Test { feature, kind, missing_left }, left, right), cover));
            }
            // Theirs sends the set to the right: with the children swapped ours is the same test.
            let codes = sets.get(&i).copied().unwrap_or_default();
            let mut indices = Vec::with_capacity(codes.len());
            for &code in codes {
                indices.push(build::index(code, "a category")?);
            }
            let kind = TestKind::Among(budget.set(indices.into_iter())?);
            Ok((Foreign::Split(Test { feature, kind, missing_left: !missing_left }, right, left), cover))
        })
    }

    /// The category codes of each categorical node.
    fn sets(&self, n_nodes: usize) -> Result<BTreeMap<usize, &[i64]>> {
        let n = self.categories_nodes.len();
        if self.categories_segments.len() != n || self.categories_sizes.len() != n {
            return Err(invalid("the category sets of a tree have different lengths"));
        }
        let mut sets = BTreeMap::new();
        for i in 0..n {
            let node = build::index(self.categories_nodes[i], "a categorical node")?;
            let start = build::index(self.categories_segments[i], "the start of a category set")?;
            let size = build::index(self.categories_sizes[i], "the size of a category set")?;
            let codes = start.checked_add(size).and_then(|end| self.categories.get(start..end));
            let codes = codes.filter(|_| node < n_nodes).ok_or_else(|| invalid("a category set is out of place"))?;
            if sets.insert(node, codes).is_some() {
                return Err(invalid("a node has two category sets"));
            }
        }
        Ok(sets)
    }
}
