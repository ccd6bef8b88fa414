//! Trees of one split to one step function a feature: the same sum, in a form that is scored and explained at once.

use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan};
use crate::model::{Shape, Term, Tree, TreeNode};
use std::collections::BTreeMap;

/// The sum of trees of one split at most, as one term a feature, and what trees without a split add.
pub(in crate::train) fn terms(
    plan: &FeaturePlan,
    matrix: &FeatureMatrix,
    weights: Option<&[f64]>,
    trees: &[Tree],
) -> (Vec<Term>, f64) {
    let mut by_feature: BTreeMap<usize, Vec<&Tree>> = BTreeMap::new();
    let mut constant = 0.0;
    for tree in trees {
        match (tree.nodes[0].split(), &tree.nodes[0]) {
            (Some((feature, _, _)), _) => by_feature.entry(feature).or_default().push(tree),
            (None, TreeNode::Leaf { value }) => constant += value,
            (None, _) => {}
        }
    }
    let n_rows = matrix.n_rows();
    let weight = |r: usize| weights.map_or(1.0, |w| w[r]);
    let total: f64 = (0..n_rows).map(weight).sum();
    let mut out: Vec<Term> = Vec::with_capacity(by_feature.len());
    let mut row = vec![f64::NAN; plan.len()];
    for (feature, trees) in by_feature {
        let mut effect = |x: f64| {
            row[feature] = x;
            trees.iter().map(|t| t.value(&row)).sum::<f64>()
        };
        let shape = match &plan.features()[feature].kind {
            FeatureKind::Category { levels } => Shape::Levels {
                values: (0..levels.len()).map(|code| effect(code as f64)).collect(),
                other: effect(levels.len() as f64),
                missing: effect(f64::NAN),
            },
            FeatureKind::Number | FeatureKind::Boolean => {
                let mut thresholds: Vec<f64> = trees
                    .iter()
                    .filter_map(|t| match t.nodes[0] {
                        TreeNode::Number { threshold, .. } => Some(threshold),
                        _ => None,
                    })
                    .collect();
                thresholds.sort_by(f64::total_cmp);
                thresholds.dedup();
                let missing = effect(f64::NAN);
                // A step is linear between a threshold and the next number above it.
                let (mut knots, mut values) = (Vec::new(), Vec::new());
                for t in thresholds {
                    for knot in [t, t.next_up()] {
                        if knots.last().is_none_or(|&k| k < knot) && knot.is_finite() {
                            knots.push(knot);
                            values.push(effect(knot));
                        }
                    }
                }
                Shape::Piecewise { knots, values, missing }
            }
        };
        let mean = (0..n_rows).map(|r| weight(r) * shape.value(matrix.row(r)[feature])).sum::<f64>() / total;
        out.push(Term { feature, shape, mean });
    }
    (out, constant)
}
