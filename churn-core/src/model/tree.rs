//! Decision trees: flat nodes, numeric splits and category sets, missing values with a side of their own.

use super::invalid;
use crate::error::Result;

/// Deepest tree that is accepted: far beyond any learner's default, small enough for recursion-free walks and
/// exact explanations.
pub(crate) const MAX_DEPTH: usize = 64;

/// One node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TreeNode {
    /// `value <= threshold` goes left.
    Number {
        /// Index of the feature.
        feature: u32,
        /// Finite threshold.
        threshold: f64,
        /// Whether a missing value goes left.
        missing_left: bool,
        /// Index of the left child.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// A code in the set goes left; a code of 64 or more, or below 0, goes right.
    Category {
        /// Index of the feature.
        feature: u32,
        /// Bit `c` is set where code `c` goes left.
        set: u64,
        /// Whether a missing value goes left.
        missing_left: bool,
        /// Index of the left child.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// A leaf.
    Leaf {
        /// What it adds.
        value: f64,
    },
}

/// One tree; node 0 is the root, children follow their parents.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The nodes.
    pub nodes: Vec<TreeNode>,
    /// How many (weighted) training rows reached each node; the weights of exact SHAP.
    pub covers: Vec<f64>,
}

/// Trees whose outputs are added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TreeEnsemble {
    /// The trees.
    pub trees: Vec<Tree>,
}

impl TreeNode {
    /// The feature, left child and right child of a split.
    pub fn split(&self) -> Option<(usize, usize, usize)> {
        match *self {
            TreeNode::Number { feature, left, right, .. } | TreeNode::Category { feature, left, right, .. } => {
                Some((feature as usize, left as usize, right as usize))
            }
            TreeNode::Leaf { .. } => None,
        }
    }

    /// Whether a row goes left at this split; `false` for a leaf.
    #[inline]
    pub fn goes_left(&self, row: &[f64]) -> bool {
        match *self {
            TreeNode::Number { feature, threshold, missing_left, .. } => {
                let x = row[feature as usize];
                if x.is_nan() { missing_left } else { x <= threshold }
            }
            TreeNode::Category { feature, set, missing_left, .. } => {
                let x = row[feature as usize];
                if x.is_nan() { missing_left } else { (0.0..64.0).contains(&x) && set >> (x as u64) & 1 == 1 }
            }
            TreeNode::Leaf { .. } => false,
        }
    }
}

impl Tree {
    /// The value of the leaf that the row falls into.
    #[inline]
    pub fn value(&self, row: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                TreeNode::Leaf { value } => return value,
                node => {
                    let (left, right) = node.split().map_or((0, 0), |(_, l, r)| (l, r));
                    at = if node.goes_left(row) { left } else { right };
                }
            }
        }
    }

    /// The cover-weighted mean of the leaves: what the tree says about nobody in particular.
    pub fn expectation(&self) -> f64 {
        let total = self.covers[0];
        let leaves = self.nodes.iter().zip(&self.covers);
        leaves
            .map(|(node, cover)| if let TreeNode::Leaf { value } = node { value * (cover / total) } else { 0.0 })
            .sum()
    }

    /// Checks indices, covers and depth, so that walking can neither loop nor leave the arrays.
    pub(crate) fn check(&self, n_features: usize) -> Result<()> {
        if self.nodes.is_empty() || self.nodes.len() != self.covers.len() {
            return Err(invalid("a tree needs nodes, and as many covers"));
        }
        let mut depth = vec![0usize; self.nodes.len()];
        let mut parents = vec![0usize; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if !(self.covers[i].is_finite() && self.covers[i] > 0.0) {
                return Err(invalid("a tree node has no cover"));
            }
            match node {
                TreeNode::Leaf { value } if !value.is_finite() => return Err(invalid("a leaf is not finite")),
                TreeNode::Number { threshold, .. } if !threshold.is_finite() => {
                    return Err(invalid("a threshold is not finite"));
                }
                _ => {}
            }
            if let Some((feature, left, right)) = node.split() {
                if feature >= n_features {
                    return Err(invalid(format!("a split uses feature {feature} of {n_features}")));
                }
                for child in [left, right] {
                    // Children behind their parent: no cycle is possible.
                    if child <= i || child >= self.nodes.len() {
                        return Err(invalid("a tree node's child is out of place"));
                    }
                    depth[child] = depth[i] + 1;
                    parents[child] += 1;
                    if depth[child] > MAX_DEPTH {
                        return Err(invalid(format!("a tree is deeper than {MAX_DEPTH}")));
                    }
                }
            }
        }
        if parents[1..].iter().any(|&p| p != 1) {
            return Err(invalid("a tree node has no parent, or two"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn stump() -> Tree {
        Tree {
            nodes: vec![
                TreeNode::Number { feature: 0, threshold: 1.5, missing_left: true, left: 1, right: 2 },
                TreeNode::Leaf { value: -1.0 },
                TreeNode::Category { feature: 1, set: 0b101, missing_left: false, left: 3, right: 4 },
                TreeNode::Leaf { value: 2.0 },
                TreeNode::Leaf { value: 5.0 },
            ],
            covers: vec![10.0, 6.0, 4.0, 1.0, 3.0],
        }
    }

    #[test]
    fn rows_find_their_leaf() {
        let tree = stump();
        tree.check(2).expect("valid");
        let cases = [
            ([1.5, 0.0], -1.0),
            ([1.6, 0.0], 2.0),
            ([2.0, 1.0], 5.0),
            ([2.0, 2.0], 2.0),
            ([f64::NAN, 1.0], -1.0),
            ([2.0, f64::NAN], 5.0),
            ([2.0, 99.0], 5.0),
        ];
        for (row, value) in cases {
            assert_eq!(tree.value(&row), value, "{row:?}");
        }
        assert!((tree.expectation() - (-0.6 + 0.2 + 1.5)).abs() < 1e-15);
    }

    #[test]
    fn broken_trees_are_refused() {
        let broken: [fn(&mut Tree); 6] = [
            |t| t.nodes[0] = TreeNode::Number { feature: 9, threshold: 0.0, missing_left: true, left: 1, right: 2 },
            |t| t.nodes[2] = TreeNode::Number { feature: 0, threshold: 0.0, missing_left: true, left: 0, right: 2 },
            |t| {
                t.nodes[0] = TreeNode::Number { feature: 0, threshold: f64::NAN, missing_left: true, left: 1, right: 2 }
            },
            |t| t.nodes[1] = TreeNode::Leaf { value: f64::INFINITY },
            |t| t.covers[3] = 0.0,
            |t| t.nodes[0] = TreeNode::Number { feature: 0, threshold: 0.0, missing_left: true, left: 1, right: 1 },
        ];
        for breakage in broken {
            let mut tree = stump();
            breakage(&mut tree);
            assert!(tree.check(2).is_err(), "{tree:?}");
        }
    }
}
