//! Foreign trees to ours: any order of nodes, nothing trusted.

use crate::error::Result;
use crate::model::{MAX_DEPTH, Tree, TreeNode, invalid};

/// Most words that the category sets of one model may take: 64 MB. A file of a few bytes could ask for more.
const MAX_SET_WORDS: usize = 8 << 20;
/// Most features that a file without their names may state.
const MAX_UNNAMED: usize = 1 << 20;

/// A node as a foreign file has it; children are indices of that file.
pub(super) enum Foreign {
    /// A leaf's value.
    Leaf(f64),
    /// A split.
    Split(Test, usize, usize),
}

/// What a foreign split asks.
pub(super) struct Test {
    pub feature: usize,
    pub kind: TestKind,
    pub missing_left: bool,
}

/// The kinds of questions.
pub(super) enum TestKind {
    /// `x <= threshold` goes left.
    AtMost(f64),
    /// The same, but zero is missing.
    AtMostNotZero(f64),
    /// Codes of the set go left.
    Among(Vec<u64>),
}

/// The memory that category sets have taken so far.
#[derive(Default)]
pub(super) struct Budget {
    words: usize,
}

impl Budget {
    /// The bit set of these codes, without trailing empty words.
    pub fn set(&mut self, codes: impl Iterator<Item = usize>) -> Result<Vec<u64>> {
        let mut set: Vec<u64> = Vec::new();
        for code in codes {
            let word = code / 64;
            if word >= set.len() {
                self.take(word + 1 - set.len())?;
                set.resize(word + 1, 0);
            }
            set[word] |= 1 << (code % 64);
        }
        Ok(set)
    }

    fn take(&mut self, words: usize) -> Result<()> {
        self.words = self.words.saturating_add(words);
        if self.words > MAX_SET_WORDS {
            return Err(invalid("its category sets are too large"));
        }
        Ok(())
    }
}

/// A tree from its root: nodes in preorder, each foreign node at most once.
///
/// # Errors
/// `model_invalid` for indices out of place, shared nodes, cycles, too deep paths, features beyond `n_features`, and
/// for thresholds, leaves or covers that are not finite.
pub(super) fn tree(
    root: usize,
    n_nodes: usize,
    n_features: usize,
    mut node: impl FnMut(usize) -> Result<(Foreign, f64)>,
) -> Result<Tree> {
    let mut seen = vec![false; n_nodes];
    let mut tree = Tree { nodes: Vec::new(), covers: Vec::new() };
    /// Our parent, and whether we are its left child.
    type Place = Option<(usize, bool)>;
    // (foreign index, depth, place)
    let mut stack: Vec<(usize, usize, Place)> = vec![(root, 0, None)];
    while let Some((at, depth, parent)) = stack.pop() {
        if at >= n_nodes {
            return Err(invalid(format!("a tree node's child is {at} of {n_nodes} nodes")));
        }
        if std::mem::replace(&mut seen[at], true) {
            return Err(invalid("a tree node has two parents"));
        }
        if depth > MAX_DEPTH {
            return Err(invalid(format!("a tree is deeper than {MAX_DEPTH}")));
        }
        let own = tree.nodes.len();
        let place = u32::try_from(own).map_err(|_| invalid("a tree has too many nodes"))?;
        if let Some((parent, is_left)) = parent {
            match &mut tree.nodes[parent] {
                TreeNode::Number { left, right, .. }
                | TreeNode::NumberNotZero { left, right, .. }
                | TreeNode::Category { left, right, .. }
                | TreeNode::WideCategory { left, right, .. } => *(if is_left { left } else { right }) = place,
                TreeNode::Leaf { .. } => {}
            }
        }
        let (foreign, cover) = node(at)?;
        tree.covers.push(cover);
        match foreign {
            Foreign::Leaf(value) => tree.nodes.push(TreeNode::Leaf { value }),
            Foreign::Split(test, left, right) => {
                tree.nodes.push(split(test)?);
                stack.push((right, depth + 1, Some((own, false))));
                stack.push((left, depth + 1, Some((own, true))));
            }
        }
    }
    tree.check(n_features)?;
    Ok(tree)
}

fn split(test: Test) -> Result<TreeNode> {
    let feature = u32::try_from(test.feature).map_err(|_| invalid("a feature index is out of place"))?;
    let missing_left = test.missing_left;
    let (left, right) = (0, 0);
    Ok(match test.kind {
        TestKind::AtMost(threshold) => TreeNode::Number { feature, threshold, missing_left, left, right },
        TestKind::AtMostNotZero(threshold) => TreeNode::NumberNotZero { feature, threshold, missing_left, left, right },
        TestKind::Among(set) => match set.as_slice() {
            [] => TreeNode::Category { feature, set: 0, missing_left, left, right },
            [set] => TreeNode::Category { feature, set: *set, missing_left, left, right },
            _ => TreeNode::WideCategory { feature, set: set.into(), missing_left, left, right },
        },
    })
}

/// The names of the features: those of the file, or `f0`, `f1`, ...
pub(super) fn names(given: &[String], n_features: usize, prefix: &str) -> Result<Vec<String>> {
    if given.is_empty() {
        if n_features > MAX_UNNAMED {
            return Err(invalid(format!("it states {n_features} features without naming them")));
        }
        return Ok((0..n_features).map(|i| format!("{prefix}{i}")).collect());
    }
    if given.len() != n_features {
        return Err(invalid(format!("it has {} feature names for {n_features} features", given.len())));
    }
    Ok(given.to_vec())
}

/// A whole number of a file as an index.
pub(super) fn index(value: i64, what: &str) -> Result<usize> {
    usize::try_from(value).map_err(|_| invalid(format!("{what} is {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf_at(at: usize) -> (Foreign, f64) {
        (Foreign::Leaf(at as f64), 1.0)
    }

    fn ask(feature: usize, left: usize, right: usize) -> (Foreign, f64) {
        (Foreign::Split(Test { feature, kind: TestKind::AtMost(0.5), missing_left: true }, left, right), 2.0)
    }

    #[test]
    fn nodes_of_any_order_become_a_tree() {
        // Root last, children scattered.
        let built = tree(4, 5, 2, |i| {
            Ok(match i {
                4 => ask(0, 3, 0),
                3 => ask(1, 1, 2),
                _ => leaf_at(i),
            })
        })
        .expect("a tree");
        let values: Vec<f64> = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]].iter().map(|r| built.value(r)).collect();
        assert_eq!(values, [1.0, 2.0, 0.0]);
    }

    #[test]
    fn cycles_strangers_and_abysses_are_refused() {
        let refused = |n: usize, node: fn(usize) -> (Foreign, f64)| tree(0, n, 1, |i| Ok(node(i))).is_err();
        assert!(refused(2, |_| ask(0, 0, 1)), "a cycle");
        assert!(refused(2, |i| if i == 0 { ask(0, 1, 1) } else { leaf_at(i) }), "a shared child");
        assert!(refused(2, |i| if i == 0 { ask(0, 1, 7) } else { leaf_at(i) }), "a child out of place");
        assert!(refused(3, |i| if i == 0 { ask(5, 1, 2) } else { leaf_at(i) }), "a feature out of place");
        assert!(refused(1, |_| (Foreign::Leaf(f64::NAN), 1.0)), "a leaf that is no number");
        assert!(refused(1, |_| (Foreign::Leaf(0.0), f64::NAN)), "a cover that is no number");
        assert!(refused(4001, |i| if i % 2 == 0 && i < 4000 { ask(0, i + 1, i + 2) } else { leaf_at(i) }), "an abyss");
        assert!(Budget::default().set([usize::MAX / 2].into_iter()).is_err(), "a bomb");
    }
}
