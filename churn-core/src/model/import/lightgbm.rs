//! LightGBM models as `save_model` writes them: text.
//!
//! What LightGBM does with a row, in float64: `x <= threshold` goes left. The missing type of a split says what is
//! missing: nothing (NaN is read as 0), zero (NaN and values within 1e-35 of zero) or NaN. A category of the node's set
//! goes left, everything else right. The margin is the sum of the leaves, or their mean for its random forests. Source:
//! the format as documented and written by LightGBM (<https://lightgbm.readthedocs.io>) and the reference models' own
//! predictions.

use super::build::{self, Budget, Foreign, Test, TestKind};
use super::{ImportOptions, Imported, unsupported};
use crate::error::Result;
use crate::features::FeatureKind;
use crate::model::{Calibrator, Space, Tree, invalid};
use std::collections::BTreeMap;
use std::str::FromStr;

const CATEGORICAL: i64 = 1;
const DEFAULT_LEFT: i64 = 2;

type Section<'a> = BTreeMap<&'a str, &'a str>;

/// The model in the common form.
pub(super) fn read(text: &str, options: &ImportOptions) -> Result<Imported> {
    let mut lines = text.lines();
    let mut head = Section::new();
    let mut flags: Vec<&str> = Vec::new();
    let mut trees: Vec<Section<'_>> = Vec::new();
    let mut levels: Option<&str> = None;
    let mut parameters = false;
    let mut categorical: Option<&str> = None;
    let mut ended = false;
    for line in lines.by_ref() {
        let line = line.trim_end_matches('\r');
        if line == "end of trees" {
            ended = true;
        } else if line == "parameters:" {
            parameters = true;
        } else if line.starts_with("Tree=") {
            trees.push(Section::new());
        } else if let Some(rest) = line.strip_prefix("pandas_categorical:") {
            levels = Some(rest);
        } else if parameters {
            if let Some(rest) = line.strip_prefix("[categorical_feature: ") {
                categorical = Some(rest.trim_end_matches(']'));
            }
        } else if !ended {
            match line.split_once('=') {
                Some((key, value)) => drop(trees.last_mut().unwrap_or(&mut head).insert(key, value)),
                None => flags.push(line),
            }
        }
    }
    if !ended {
        return Err(invalid("it has no line 'end of trees': the file is cut short"));
    }
    let many = |key: &str| head.get(key).is_some_and(|v| v.trim() != "1");
    if many("num_class") || many("num_tree_per_iteration") {
        return Err(unsupported("LightGBM", "more than one class"));
    }
    let objective = head.get("objective").copied().unwrap_or("none stated");
    let calibrator = calibrator(objective)?;
    let n_features = number::<usize>(&head, "max_feature_idx")?.checked_add(1);
    let n_features = n_features.ok_or_else(|| invalid("max_feature_idx is out of place"))?;
    let given: Vec<String> =
        head.get("feature_names").map_or_else(Vec::new, |n| n.split_whitespace().map(str::to_owned).collect());
    let names = build::names(&given, n_features, "Column_")?;
    let kinds = kinds(n_features, head.get("feature_infos").copied(), categorical, levels)?;
    let n_trees = match options.iterations {
        Some(n) if n > trees.len() => return Err(super::too_many_iterations(n)),
        Some(n) => n,
        None => trees.len(),
    };
    let mut budget = Budget::default();
    let trees = trees.iter().take(n_trees).map(|t| tree(t, n_features, &mut budget)).collect::<Result<Vec<_>>>()?;
    // Its random forests average their trees instead of adding them up.
    let weight = if flags.contains(&"average_output") && !trees.is_empty() { 1.0 / trees.len() as f64 } else { 1.0 };
    Ok(Imported {
        library: "LightGBM",
        learner: format!("LightGBM, {objective}, {} trees", trees.len()),
        features: names.into_iter().zip(kinds).collect(),
        space: Space::LogOdds,
        intercept: 0.0,
        weight,
        trees,
        calibrator,
    })
}

/// `binary sigmoid:1` and `cross_entropy` are log-odds, the former stretched by the sigmoid's parameter.
fn calibrator(objective: &str) -> Result<Calibrator> {
    let mut words = objective.split_whitespace();
    match words.next() {
        Some("binary") => {
            let stated = words.find_map(|w| w.strip_prefix("sigmoid:"));
            let slope: f64 = stated.unwrap_or("1").parse().map_err(|_| invalid("the sigmoid is not a number"))?;
            if slope == 1.0 {
                return Ok(Calibrator::Identity);
            }
            let calibrator = Calibrator::Platt { slope, intercept: 0.0 };
            calibrator.check()?;
            Ok(calibrator)
        }
        Some("cross_entropy" | "xentropy") => Ok(Calibrator::Identity),
        _ => Err(unsupported("LightGBM", &format!("the objective {}", super::quoted(objective)))),
    }
}

fn number<T: FromStr>(section: &Section<'_>, key: &str) -> Result<T> {
    let text = section.get(key).ok_or_else(|| invalid(format!("it has no {key}")))?;
    text.trim().parse().map_err(|_| invalid(format!("{key} is not a number")))
}

/// `n` numbers of a line.
fn numbers<T: FromStr>(section: &Section<'_>, key: &str, n: usize) -> Result<Vec<T>> {
    let text = section.get(key).ok_or_else(|| invalid(format!("a tree has no {key}")))?;
    let list: Vec<T> = text
        .split_ascii_whitespace()
        .map(|w| w.parse().map_err(|_| invalid(format!("{key} of a tree holds something that is no number"))))
        .collect::<Result<_>>()?;
    if list.len() != n {
        return Err(invalid(format!("{key} of a tree has {} entries instead of {n}", list.len())));
    }
    Ok(list)
}

fn tree(section: &Section<'_>, n_features: usize, budget: &mut Budget) -> Result<Tree> {
    if section.get("is_linear").is_some_and(|v| v.trim() != "0") {
        return Err(unsupported("LightGBM", "linear trees (linear_tree)"));
    }
    let leaves: usize = number(section, "num_leaves")?;
    if leaves == 0 {
        return Err(invalid("a tree has no leaves"));
    }
    let values: Vec<f64> = numbers(section, "leaf_value", leaves)?;
    if leaves == 1 {
        return build::tree(0, 1, n_features, |_| Ok((Foreign::Leaf(values[0]), 1.0)));
    }
    let splits = leaves - 1;
    let feature: Vec<usize> = numbers(section, "split_feature", splits)?;
    let threshold: Vec<f64> = numbers(section, "threshold", splits)?;
    let decision: Vec<i64> = numbers(section, "decision_type", splits)?;
    let left: Vec<i64> = numbers(section, "left_child", splits)?;
    let right: Vec<i64> = numbers(section, "right_child", splits)?;
    let leaf_count: Vec<f64> = numbers(section, "leaf_count", leaves)?;
    let internal_count: Vec<f64> = numbers(section, "internal_count", splits)?;
    let n_sets: usize = if section.contains_key("num_cat") { number(section, "num_cat")? } else { 0 };
    let (bounds, words): (Vec<usize>, Vec<u32>) = if n_sets > 0 {
        let bounds: Vec<usize> = numbers(section, "cat_boundaries", n_sets.saturating_add(1))?;
        let words = numbers(section, "cat_threshold", bounds.last().copied().unwrap_or(0))?;
        (bounds, words)
    } else {
        (Vec::new(), Vec::new())
    };
    // Splits first, then leaves; a negative child is the bitwise complement of a leaf.
    let child = |c: i64| if c >= 0 { build::index(c, "a child") } else { Ok(splits.saturating_add(!c as usize)) };
    build::tree(0, splits + leaves, n_features, |i| {
        if i >= splits {
            return Ok((Foreign::Leaf(values[i - splits]), leaf_count[i - splits]));
        }
        let (left, right) = (child(left[i])?, child(right[i])?);
        let default_left = decision[i] & DEFAULT_LEFT != 0;
        let t = threshold[i];
        let (kind, missing_left) = if decision[i] & CATEGORICAL != 0 {
            let set = if t >= 0.0 && t < n_sets as f64 { Some(t as usize) } else { None };
            let words = set.and_then(|s| words.get(bounds[s]..bounds[s + 1]));
            let words = words.ok_or_else(|| invalid("a category set is out of place"))?;
            let codes = words
                .iter()
                .enumerate()
                .flat_map(|(w, &word)| (0..32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 32 * w + bit));
            (TestKind::Among(budget.set(codes)?), false)
        } else {
            match decision[i] >> 2 & 3 {
                // Nothing is missing: NaN is read as zero.
                0 => (TestKind::AtMost(t), 0.0 <= t),
                1 => (TestKind::AtMostNotZero(t), default_left),
                2 => (TestKind::AtMost(t), default_left),
                _ => return Err(invalid("a split has an unknown missing type")),
            }
        };
        Ok((Foreign::Split(Test { feature: feature[i], kind, missing_left }, left, right), internal_count[i]))
    })
}

/// Which features are categories, and their levels where the model was trained on a pandas frame.
fn kinds(
    n_features: usize,
    infos: Option<&str>,
    categorical: Option<&str>,
    levels: Option<&str>,
) -> Result<Vec<FeatureKind>> {
    let mut kinds = vec![FeatureKind::Number; n_features];
    let levels: Option<Vec<Vec<serde_json::Value>>> = match levels {
        Some(text) => serde_json::from_str(text).map_err(|e| invalid("pandas_categorical is not JSON").caused_by(e))?,
        None => None,
    };
    let Some(levels) = levels.filter(|l| !l.is_empty()) else { return Ok(kinds) };
    let stated: Vec<usize> = categorical.unwrap_or("").split(',').filter_map(|f| f.trim().parse().ok()).collect();
    // A categorical feature's info is a list of codes, a number's an interval in brackets.
    let seen: Vec<usize> = infos
        .unwrap_or("")
        .split_whitespace()
        .enumerate()
        .filter(|(_, info)| !info.starts_with('[') && *info != "none")
        .map(|(i, _)| i)
        .collect();
    let features = [stated, seen].into_iter().find(|f| f.len() == levels.len());
    let features = features.ok_or_else(|| invalid("pandas_categorical does not say which features it names"))?;
    for (feature, levels) in features.into_iter().zip(levels) {
        let name = |v: serde_json::Value| match v {
            serde_json::Value::String(s) => s,
            other => other.to_string(),
        };
        let kind = kinds.get_mut(feature).ok_or_else(|| invalid("a categorical feature is out of place"))?;
        *kind = FeatureKind::Category { levels: levels.into_iter().map(name).collect() };
    }
    Ok(kinds)
}
