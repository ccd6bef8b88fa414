//! A forest on linfa-trees: own bootstrap, own leaf counts, log-odds averaged over the trees.
//!
//! linfa's trees predict a hard label and drop splits between leaves of one label. So each tree grows on a
//! bootstrap sample with as many positives as negatives (Chen, Liaw and Breiman, "Using random forest to learn
//! imbalanced data", 2004), where labels differ, and its leaves are then counted anew on all training rows: the
//! counts, not the labels, become the leaf values and the covers. linfa's own forest is not used: it draws
//! features with replacement and breaks ties by hash order.

use super::Rows;
use super::design::{Basis, design, tree_basis};
use super::split::{below, random, shuffle};
use crate::error::{Error, Result};
use crate::features::{FeatureMatrix, FeaturePlan};
use crate::model::{AdditiveModel, Component, Part, Space, Tree, TreeEnsemble, TreeNode, logit};
use linfa::prelude::*;
use linfa_trees::DecisionTree;
use ndarray::{Array1, Axis};
use rayon::prelude::*;

/// Trees in the forest.
pub(super) const TREES: usize = 100;
/// Deepest split.
const MAX_DEPTH: usize = 7;
/// Least (weighted) rows in a leaf of the bootstrap sample.
const MIN_LEAF: f32 = 12.0;
/// Share of the features that a tree sees.
const FEATURES: f64 = 0.5;
/// Rows of the base rate that a leaf is shrunk by.
const SHRINKAGE: f64 = 10.0;

/// A forest as an additive model in log-odds.
pub(super) fn fit(data: &Rows<'_>, seed: u64) -> Result<AdditiveModel> {
    grow(data.plan, data.matrix, data.labels, seed)
}

/// Margins of the rows of `test` by a forest grown on those of `train`.
pub(super) fn held_out(data: &Rows<'_>, train: &[u32], test: &[u32], seed: u64) -> Result<Vec<f64>> {
    let rows: Vec<usize> = train.iter().map(|&r| r as usize).collect();
    let labels: Vec<bool> = rows.iter().map(|&r| data.labels[r]).collect();
    let model = grow(data.plan, &data.matrix.take(&rows), &labels, seed)?;
    Ok(test.iter().map(|&r| model.raw(data.matrix.row(r as usize))).collect())
}

fn grow(plan: &FeaturePlan, matrix: &FeatureMatrix, labels: &[bool], seed: u64) -> Result<AdditiveModel> {
    let basis = tree_basis(plan, matrix);
    let records = design(matrix, &basis);
    let trees = (0..TREES)
        .into_par_iter()
        .map(|t| {
            let mut rng = random(seed.wrapping_mul(1_000_003).wrapping_add(t as u64));
            let mut features: Vec<usize> = (0..plan.len()).collect();
            shuffle(&mut rng, &mut features);
            features.truncate(((plan.len() as f64 * FEATURES).ceil() as usize).max(1));
            let columns: Vec<usize> = (0..basis.len()).filter(|&c| features.contains(&basis[c].feature())).collect();
            let rows = balanced_bootstrap(labels, &mut rng);
            let sample = records.select(Axis(0), &rows).select(Axis(1), &columns);
            let targets = Array1::from_iter(rows.iter().map(|&r| labels[r]));
            // Slightly unequal weights: no node can be tied, because linfa breaks ties by hash order.
            let weights = targets.mapv(|y| if y { 1.0001f32 } else { 1.0 });
            let dataset = Dataset::new(sample, targets).with_weights(weights);
            let tree = DecisionTree::params()
                .max_depth(Some(MAX_DEPTH))
                .min_weight_split(2.0 * MIN_LEAF)
                .min_weight_leaf(MIN_LEAF)
                .fit(&dataset)
                .map_err(|e| Error::internal("a tree could not be grown").caused_by(e.to_string()))?;
            let mut grown = Tree { nodes: Vec::new(), covers: Vec::new() };
            copy(tree.root_node(), &columns, &basis, &mut grown);
            count(&mut grown, matrix, labels);
            Ok(grown)
        })
        .collect::<Result<Vec<_>>>()?;
    let component =
        Component { name: "forest".to_owned(), weight: 1.0 / TREES as f64, part: Part::Trees(TreeEnsemble { trees }) };
    Ok(AdditiveModel { space: Space::LogOdds, intercept: 0.0, components: vec![component] })
}

fn balanced_bootstrap(labels: &[bool], rng: &mut rand_chacha::ChaCha8Rng) -> Vec<usize> {
    let (positive, negative): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&r| labels[r]);
    let n = positive.len().min(negative.len());
    let mut rows = Vec::with_capacity(2 * n);
    for class in [&positive, &negative] {
        rows.extend((0..n).map(|_| class[below(rng, class.len())]));
    }
    rows
}

/// Copies a linfa tree: splits on indicators become category sets or splits on missing.
fn copy(node: &linfa_trees::TreeNode<f64, bool>, columns: &[usize], basis: &[Basis], out: &mut Tree) -> u32 {
    let at = out.nodes.len() as u32;
    out.nodes.push(TreeNode::Leaf { value: 0.0 });
    out.covers.push(0.0);
    let children: Vec<_> = node.children().into_iter().flatten().collect();
    if let ([low, high], false) = (children.as_slice(), node.is_leaf()) {
        let (column, threshold, _) = node.split();
        let low = copy(low, columns, basis, out);
        let high = copy(high, columns, basis, out);
        out.nodes[at as usize] = match basis[columns[column]] {
            Basis::Value { feature, fill } => TreeNode::Number {
                feature: feature as u32,
                threshold,
                missing_left: fill <= threshold,
                left: low,
                right: high,
            },
            // The indicator is 1 (high) for the code.
            Basis::Level { feature, code } => TreeNode::Category {
                feature: feature as u32,
                set: 1 << code,
                missing_left: false,
                left: high,
                right: low,
            },
            // Nothing but missing goes left.
            Basis::Missing { feature } => TreeNode::Number {
                feature: feature as u32,
                threshold: f64::MIN,
                missing_left: true,
                left: high,
                right: low,
            },
        };
    }
    at
}

impl Basis {
    fn feature(&self) -> usize {
        match *self {
            Basis::Value { feature, .. } | Basis::Level { feature, .. } | Basis::Missing { feature } => feature,
        }
    }
}

/// Fills covers and leaf values from all training rows.
fn count(tree: &mut Tree, matrix: &FeatureMatrix, labels: &[bool]) {
    let mut positive = vec![0.0; tree.nodes.len()];
    for (r, &label) in labels.iter().enumerate() {
        let row = matrix.row(r);
        let mut at = 0;
        loop {
            tree.covers[at] += 1.0;
            positive[at] += f64::from(u8::from(label));
            match tree.nodes[at].split() {
                Some((_, left, right)) => at = if tree.nodes[at].goes_left(row) { left } else { right },
                None => break,
            }
        }
    }
    let base = positive[0] / tree.covers[0];
    for (i, node) in tree.nodes.iter_mut().enumerate() {
        if let TreeNode::Leaf { value } = node {
            *value = logit((positive[i] + SHRINKAGE * base) / (tree.covers[i] + SHRINKAGE));
        }
        // A node that no row reaches cannot arise from these rows; the floor keeps ratios defined all the same.
        tree.covers[i] = tree.covers[i].max(1e-6);
    }
}
