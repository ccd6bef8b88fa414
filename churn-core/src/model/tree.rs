//! Decision trees: flat nodes, numeric splits and category sets, missing values with a side of their own.

use super::invalid;
use crate::error::Result;
use std::sync::Arc;

/// Deepest tree that is accepted: beyond what leaf-wise learners grow, small enough for exact explanations.
pub(crate) const MAX_DEPTH: usize = 256;

/// Values this near to zero are zero to a [`TreeNode::NumberNotZero`] split: LightGBM's `kZeroThreshold`, 1e-35 in
/// float32.
pub(crate) const ZERO_BAND: f64 = 1e-35_f32 as f64;

/// One node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum TreeNode {
    /// `value <= threshold` goes left.
    Number {
        /// Index of the feature.
        feature: u32,
        /// The threshold, not NaN.
        threshold: f64,
        /// Whether a missing value goes left.
        missing_left: bool,
        /// Index of the left child.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// As `Number`, but a value within 1e-35 of zero counts as missing (LightGBM's `zero_as_missing`).
    NumberNotZero {
        /// Index of the feature.
        feature: u32,
        /// The threshold, not NaN.
        threshold: f64,
        /// Whether zero and missing values go left.
        missing_left: bool,
        /// Index of the left child.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// As `Category`, for codes of any size.
    WideCategory {
        /// Index of the feature.
        feature: u32,
        /// Bit `c % 64` of word `c / 64` is set where code `c` goes left; codes beyond the last word go right.
        set: Arc<[u64]>,
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
            TreeNode::Number { feature, left, right, .. }
            | TreeNode::NumberNotZero { feature, left, right, .. }
            | TreeNode::Category { feature, left, right, .. }
            | TreeNode::WideCategory { feature, left, right, .. } => {
                Some((feature as usize, left as usize, right as usize))
            }
            TreeNode::Leaf { .. } => None,
        }
    }

    /// Whether a row goes left at this split; `false` for a leaf.
    #[inline]
    pub fn goes_left(&self, row: &[f64]) -> bool {
        match self {
            TreeNode::Leaf { .. } => false,
            TreeNode::Number { feature, .. }
            | TreeNode::NumberNotZero { feature, .. }
            | TreeNode::Category { feature, .. }
            | TreeNode::WideCategory { feature, .. } => self.takes_left(row[*feature as usize]),
        }
    }

    /// Whether a value of the split's feature goes left; `false` for a leaf.
    #[inline]
    pub(crate) fn takes_left(&self, x: f64) -> bool {
        match self {
            TreeNode::Number { threshold, missing_left, .. } => {
                if x.is_nan() {
                    *missing_left
                } else {
                    x <= *threshold
                }
            }
            TreeNode::NumberNotZero { threshold, missing_left, .. } => {
                if x.is_nan() || x.abs() <= ZERO_BAND {
                    *missing_left
                } else {
                    x <= *threshold
                }
            }
            TreeNode::Category { set, missing_left, .. } => {
                if x.is_nan() {
                    *missing_left
                } else {
                    (0.0..64.0).contains(&x) && set >> (x as u64) & 1 == 1
                }
            }
            TreeNode::WideCategory { set, missing_left, .. } => {
                if x.is_nan() {
                    *missing_left
                } else {
                    in_set(set, x)
                }
            }
            TreeNode::Leaf { .. } => false,
        }
    }
}

/// Whether the code is in the set; what is no code is in none.
fn in_set(set: &[u64], code: f64) -> bool {
    if !(code >= 0.0 && code < 64.0 * set.len() as f64) {
        return false;
    }
    let code = code as usize;
    set[code / 64] >> (code % 64) & 1 == 1
}

impl Tree {
    /// The value of the leaf that the row falls into.
    #[inline]
    pub fn value(&self, row: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                TreeNode::Leaf { value } => return *value,
                node => {
                    let (left, right) = node.split().map_or((0, 0), |(_, l, r)| (l, r));
                    at = if node.goes_left(row) { left } else { right };
                }
            }
        }
    }

    /// The mean of the leaves, weighted by the product of the cover ratios on the way to each: what the tree says
    /// about nobody in particular.
    pub fn expectation(&self) -> f64 {
        let mut share = vec![0.0; self.nodes.len()];
        share[0] = 1.0;
        let mut sum = 0.0;
        for (i, node) in self.nodes.iter().enumerate() {
            match node.split() {
                Some((_, left, right)) => {
                    let (l, r) = self.cover_ratios(i);
                    share[left] = share[i] * l;
                    share[right] = share[i] * r;
                }
                None => {
                    if let TreeNode::Leaf { value } = node {
                        sum += share[i] * value;
                    }
                }
            }
        }
        sum
    }

    /// The shares of a split's training rows that went left and right.
    ///
    /// Each child's cover over the node's own, as the source libraries reckon; where rounding or pruning left the
    /// covers inconsistent, over the sum of the children's; halves where no row came by.
    pub(crate) fn cover_ratios(&self, node: usize) -> (f64, f64) {
        let Some((_, left, right)) = self.nodes[node].split() else { return (0.0, 0.0) };
        let (own, l, r) = (self.covers[node], self.covers[left], self.covers[right]);
        let sum = l + r;
        if sum <= 0.0 {
            (0.5, 0.5)
        } else if (sum - own).abs() <= 1e-3 * own {
            (l / own, r / own)
        } else {
            // Halved first, so that huge covers do not overflow in their sum.
            let half = 0.5 * l + 0.5 * r;
            (0.5 * l / half, 0.5 * r / half)
        }
    }

    /// The number of splits on the longest way to a leaf.
    pub fn depth(&self) -> usize {
        let mut depth = vec![0usize; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if let Some((_, left, right)) = node.split() {
                depth[left] = depth[i] + 1;
                depth[right] = depth[i] + 1;
            }
        }
        depth.into_iter().max().unwrap_or(0)
    }

    /// Checks indices, covers and depth, so that walking can neither loop nor leave the arrays.
    pub(crate) fn check(&self, n_features: usize) -> Result<()> {
        if self.nodes.is_empty() || self.nodes.len() != self.covers.len() {
            return Err(invalid("a tree needs nodes, and as many covers"));
        }
        let mut depth = vec![0usize; self.nodes.len()];
        let mut parents = vec![0usize; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if !(self.covers[i].is_finite() && self.covers[i] >= 0.0) {
                return Err(invalid("a tree node has no cover"));
            }
            match node {
                // So far from the largest number that no sum of leaves overflows.
                TreeNode::Leaf { value } if value.is_nan() || value.abs() > 1e300 => {
                    return Err(invalid("a leaf is not finite"));
                }
                TreeNode::Number { threshold, .. } | TreeNode::NumberNotZero { threshold, .. }
                    if threshold.is_nan() =>
                {
                    return Err(invalid("a threshold is not a number"));
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
    fn zero_may_count_as_missing_and_sets_may_be_wide() {
        let number = TreeNode::NumberNotZero { feature: 0, threshold: 2.0, missing_left: false, left: 1, right: 2 };
        let left: Vec<bool> =
            [0.0, -0.0, 1e-36, -1e-36, 1e-34, -5.0, 2.0, 3.0, f64::NAN].iter().map(|&x| number.takes_left(x)).collect();
        assert_eq!(left, [false, false, false, false, true, true, true, false, false]);
        let set: Arc<[u64]> = vec![1 << 3, 0, 1 << 63].into();
        let wide = TreeNode::WideCategory { feature: 0, set, missing_left: true, left: 1, right: 2 };
        let left: Vec<bool> = [3.0, 191.0, 190.0, 192.0, -1.0, 1e300, f64::INFINITY, f64::NAN, 3.9]
            .iter()
            .map(|&x| wide.takes_left(x))
            .collect();
        assert_eq!(left, [true, true, false, false, false, false, false, true, true]);
    }

    #[test]
    fn cover_ratios_stand_odd_covers() {
        let mut tree = stump();
        tree.covers = vec![10.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(tree.cover_ratios(0), (0.5, 0.5));
        tree.covers = vec![10.0, f64::MAX, f64::MAX, 1.0, 1.0];
        assert_eq!(tree.cover_ratios(0), (0.5, 0.5));
        tree.covers = vec![10.0, 4.0, 4.0, 3.0, 1.0];
        assert_eq!(tree.cover_ratios(0), (0.5, 0.5));
        assert_eq!(tree.cover_ratios(2), (0.75, 0.25));
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
            |t| t.covers[3] = -1.0,
            |t| t.nodes[0] = TreeNode::Number { feature: 0, threshold: 0.0, missing_left: true, left: 1, right: 1 },
        ];
        for breakage in broken {
            let mut tree = stump();
            breakage(&mut tree);
            assert!(tree.check(2).is_err(), "{tree:?}");
        }
    }
}
