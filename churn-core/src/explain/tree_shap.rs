//! Exact path-dependent SHAP values of a tree, in float64, without division.
//!
//! Under the path-dependent value function a leaf's share of the prediction, as a function of the set of known
//! features, is its value times a product over the distinct features on its path: `o` (0 or 1: does the row
//! follow the path at all of the feature's splits) where the feature is known, `z` (product of cover ratios) where
//! it is not. Its Shapley value for feature i is the integral over t from 0 to 1 of
//! `(o_i - z_i) * product over j != i of (z_j + (o_j - z_j) t)`,
//! a polynomial of degree (features on the path - 1), which Gauss-Legendre quadrature with enough points
//! integrates exactly. Prefix and suffix products take the place of divisions, so deep paths stay accurate.
//!
//! A leaf's values depend on the row only through its `o`s, so neighbouring leaves whose paths ask at most eight things
//! in all form a group: the answers are one byte, and the group's values for each byte are reckoned once and then looked
//! up. One row or few are reckoned directly, by the same arithmetic in the same order: the bits do not depend on the way.
//! Sources: Lundberg et al., "From local explanations to global understanding with explainable AI for trees"
//! (2020), for the value function; Owen, "Multilinear extensions of games" (1972), for the integral; Yang, "Fast
//! TreeSHAP" (2021), and Nadel and Wettenstein, "From decision trees to Boolean logic" (2025), for the idea that the
//! pattern of satisfied splits decides.

use super::quadrature::gauss_legendre;
use crate::model::{Tree, TreeNode};
use crate::score::{BLOCK, Bytes, Columns, Test};

/// Most answers of a group.
const BITS: usize = 8;

/// One distinct feature on a leaf's path.
struct Step {
    feature: u32,
    /// Product of the cover ratios of this feature's splits on the path.
    ratio: f64,
    /// The splits of this feature on the path: node, and whether the path goes left.
    splits: Vec<(u32, bool)>,
}

/// A leaf whose path asks more than a byte holds.
struct Lone {
    value: f64,
    steps: Vec<Step>,
}

/// One answer of a group: whether the row goes these ways at these splits.
struct Answer(Vec<(u32, bool)>);

/// One distinct feature on the path of a leaf in a group.
struct GroupStep {
    ratio: f64,
    /// Index into the group's features.
    slot: u8,
    /// The row follows the path where these answers ...
    mask: u8,
    /// ... are these.
    wanted: u8,
}

struct GroupLeaf {
    value: f64,
    steps: Vec<GroupStep>,
}

/// Neighbouring leaves whose values are looked up together.
struct Group {
    answers: Vec<Answer>,
    features: Vec<u32>,
    leaves: Vec<GroupLeaf>,
}

/// A tree prepared for explanations.
pub(super) struct TreeExplainer {
    groups: Vec<Group>,
    lone: Vec<Lone>,
    n_nodes: usize,
}

/// The values of every pattern of every group of a tree.
pub(super) struct Table(Vec<Box<[f64]>>);

/// Points and weights for paths of each number of distinct features.
pub(super) struct Quadrature(Vec<(Vec<f64>, Vec<f64>)>);

/// How the splits of a tree are tested, by node; leaves and tests that bytes cannot do are `None`.
pub(super) type Tests = Vec<Option<Test>>;

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Workspace {
    /// For each node, 1 where a row goes left.
    left: Vec<Bytes>,
    /// The same for one row.
    decided: Vec<bool>,
    prefix: Vec<f64>,
    known: Vec<f64>,
    values: Vec<f64>,
}

impl Quadrature {
    /// Enough points for paths of up to `longest` distinct features.
    pub fn new(longest: usize) -> Self {
        Quadrature((0..=longest).map(|n| gauss_legendre(n.div_ceil(2).max(1))).collect())
    }

    /// The Shapley values of one leaf, one for each of its features: `ratios` their cover ratios, `known` 1 where the
    /// row follows the path, else 0, turned into the difference of both.
    #[inline]
    fn leaf(&self, value: f64, ratios: impl Fn(usize) -> f64, known: &mut [f64], prefix: &mut [f64], out: &mut [f64]) {
        let n = known.len();
        for (i, k) in known.iter_mut().enumerate() {
            *k -= ratios(i);
        }
        out.fill(0.0);
        let (points, weights) = &self.0[n];
        for (&t, &w) in points.iter().zip(weights) {
            let factor = |i: usize| ratios(i) + known[i] * t;
            prefix[0] = 1.0;
            for i in 0..n {
                prefix[i + 1] = prefix[i] * factor(i);
            }
            let mut suffix = value * w;
            for i in (0..n).rev() {
                out[i] += known[i] * prefix[i] * suffix;
                suffix *= factor(i);
            }
        }
    }
}

impl TreeExplainer {
    /// Prepares a (checked) tree, its leaves times `scale`.
    pub fn new(tree: &Tree, scale: impl Fn(f64) -> f64) -> Self {
        let n = tree.nodes.len();
        // Splits below each node, itself included.
        let mut inner = vec![0usize; n];
        let mut parent = vec![(0u32, false); n];
        for i in (0..n).rev() {
            if let Some((_, left, right)) = tree.nodes[i].split() {
                inner[i] = 1 + inner[left] + inner[right];
                parent[left] = (i as u32, true);
                parent[right] = (i as u32, false);
            }
        }
        let trail = |node: usize, root: usize| {
            let mut trail = Vec::new();
            let mut at = node;
            while at != root {
                trail.push(parent[at]);
                at = parent[at].0 as usize;
            }
            trail.reverse();
            trail
        };
        let (mut groups, mut lone) = (Vec::new(), Vec::new());
        // (node, number of distinct features above it)
        let mut open = vec![(0usize, Vec::<u32>::new())];
        while let Some((at, above)) = open.pop() {
            if above.len() + inner[at] <= BITS {
                groups.push(Group::new(tree, at, &trail, inner[at], &scale));
                continue;
            }
            match tree.nodes[at].split() {
                Some((feature, left, right)) => {
                    let mut below = above;
                    if !below.contains(&(feature as u32)) {
                        below.push(feature as u32);
                    }
                    open.push((right, below.clone()));
                    open.push((left, below));
                }
                None => {
                    if let TreeNode::Leaf { value } = tree.nodes[at] {
                        lone.push(Lone { value: scale(value), steps: steps(tree, &trail(at, 0)) });
                    }
                }
            }
        }
        groups.retain(|g| !g.features.is_empty());
        TreeExplainer { groups, lone, n_nodes: n }
    }

    /// The largest number of distinct features on a path.
    pub fn longest(&self) -> usize {
        let grouped = self.groups.iter().flat_map(|g| &g.leaves).map(|l| l.steps.len());
        grouped.chain(self.lone.iter().map(|l| l.steps.len())).max().unwrap_or(0)
    }

    /// Bytes of the table of all patterns.
    pub fn table_bytes(&self) -> usize {
        self.groups.iter().map(|g| (8 * g.features.len()) << g.answers.len()).sum()
    }

    /// The values of every pattern.
    pub fn table(&self, quadrature: &Quadrature) -> Table {
        let table = self.groups.iter().map(|group| {
            let width = group.features.len();
            let mut table = vec![0.0; width << group.answers.len()].into_boxed_slice();
            // A leaf's values are the same for all patterns that answer its own questions alike.
            let mut seen: Vec<Vec<Option<[f64; BITS]>>> =
                group.leaves.iter().map(|l| vec![None; 1 << l.steps.len()]).collect();
            for (pattern, entry) in table.chunks_exact_mut(width).enumerate() {
                for (leaf, seen) in group.leaves.iter().zip(&mut seen) {
                    let known = leaf.known(pattern as u8);
                    let values = *seen[known].get_or_insert_with(|| leaf.values(known, quadrature));
                    leaf.add(&values, entry);
                }
            }
            table
        });
        Table(table.collect())
    }

    /// Adds the SHAP values of one row to `out` (length n_features); `left` says whether it goes left at a node.
    pub fn add_row(
        &self,
        left: impl Fn(usize) -> bool,
        table: Option<&Table>,
        quadrature: &Quadrature,
        out: &mut [f64],
        work: &mut Workspace,
    ) {
        // Every split is decided once, also where no group asks for it: cheaper than deciding when to.
        work.decided.clear();
        work.decided.extend((0..self.n_nodes).map(&left));
        for (g, group) in self.groups.iter().enumerate() {
            let mut pattern = 0u8;
            for (bit, answer) in group.answers.iter().enumerate() {
                let mut yes = true;
                for &(node, goes_left) in &answer.0 {
                    yes &= work.decided[node as usize] == goes_left;
                }
                pattern |= u8::from(yes) << bit;
            }
            let width = group.features.len();
            let mut fresh = [0.0; BITS];
            let entry = match table {
                Some(table) => &table.0[g][pattern as usize * width..][..width],
                None => {
                    for leaf in &group.leaves {
                        leaf.add(&leaf.values(leaf.known(pattern), quadrature), &mut fresh[..width]);
                    }
                    &fresh[..width]
                }
            };
            for (&feature, value) in group.features.iter().zip(entry) {
                out[feature as usize] += value;
            }
        }
        for leaf in &self.lone {
            leaf.add(&left, quadrature, out, work);
        }
    }

    /// Adds the SHAP values of a block of `n` rows to `out` (n x n_features, row-major), by the table. `columns` are
    /// the rows' bytes; `other` answers for a node whose split bytes cannot test.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub fn add_block(
        &self,
        tests: &Tests,
        table: &Table,
        quadrature: &Quadrature,
        columns: &[Bytes],
        n: usize,
        n_features: usize,
        other: impl Fn(usize, usize) -> bool,
        out: &mut [f64],
        work: &mut Workspace,
    ) {
        if work.left.len() < tests.len() {
            work.left.resize(tests.len(), [0; BLOCK]);
        }
        let mut left = std::mem::take(&mut work.left);
        for (node, (test, out)) in tests.iter().zip(&mut left).enumerate() {
            match test {
                Some(test) => test.left(columns, out),
                None => out[..n].iter_mut().enumerate().for_each(|(i, o)| *o = u8::from(other(node, i))),
            }
        }
        for (group, table) in self.groups.iter().zip(&table.0) {
            let mut patterns = [0u8; BLOCK];
            for (bit, answer) in group.answers.iter().enumerate() {
                let mut yes = [1u8; BLOCK];
                for &(node, goes_left) in &answer.0 {
                    let flip = u8::from(!goes_left);
                    for (y, l) in yes.iter_mut().zip(&left[node as usize]) {
                        *y &= l ^ flip;
                    }
                }
                for (p, y) in patterns.iter_mut().zip(&yes) {
                    *p |= y << bit;
                }
            }
            let rows = out.chunks_exact_mut(n_features).zip(&patterns[..n]);
            match group.features.as_slice() {
                [a] => look_up([*a], table, rows),
                [a, b] => look_up([*a, *b], table, rows),
                [a, b, c] => look_up([*a, *b, *c], table, rows),
                [a, b, c, d] => look_up([*a, *b, *c, *d], table, rows),
                [a, b, c, d, e] => look_up([*a, *b, *c, *d, *e], table, rows),
                [a, b, c, d, e, f] => look_up([*a, *b, *c, *d, *e, *f], table, rows),
                [a, b, c, d, e, f, g] => look_up([*a, *b, *c, *d, *e, *f, *g], table, rows),
                [a, b, c, d, e, f, g, h] => look_up([*a, *b, *c, *d, *e, *f, *g, *h], table, rows),
                _ => {}
            }
        }
        if !self.lone.is_empty() {
            for (i, out) in out.chunks_exact_mut(n_features).take(n).enumerate() {
                for leaf in &self.lone {
                    leaf.add(&|node: usize| left[node][i] == 1, quadrature, out, work);
                }
            }
        }
        work.left = left;
    }
}

/// Adds the entry of each row's pattern to the row.
#[inline(always)]
fn look_up<'a, const K: usize>(features: [u32; K], table: &[f64], rows: impl Iterator<Item = (&'a mut [f64], &'a u8)>) {
    let (entries, _) = table.as_chunks::<K>();
    for (out, &pattern) in rows {
        let entry = &entries[pattern as usize];
        for (&feature, value) in features.iter().zip(entry) {
            out[feature as usize] += value;
        }
    }
}

impl GroupLeaf {
    /// Which of the leaf's features a row of this pattern follows, as bits.
    #[inline]
    fn known(&self, pattern: u8) -> usize {
        let mut known = 0;
        for (i, step) in self.steps.iter().enumerate() {
            known |= usize::from(pattern & step.mask == step.wanted) << i;
        }
        known
    }

    fn values(&self, known: usize, quadrature: &Quadrature) -> [f64; BITS] {
        let n = self.steps.len();
        let mut follows = [0.0; BITS];
        for (i, f) in follows[..n].iter_mut().enumerate() {
            *f = (known >> i & 1) as f64;
        }
        let mut out = [0.0; BITS];
        let mut prefix = [0.0; BITS + 1];
        quadrature.leaf(self.value, |i| self.steps[i].ratio, &mut follows[..n], &mut prefix, &mut out[..n]);
        out
    }

    #[inline]
    fn add(&self, values: &[f64; BITS], entry: &mut [f64]) {
        for (step, value) in self.steps.iter().zip(values) {
            entry[step.slot as usize] += value;
        }
    }
}

impl Lone {
    fn add(&self, left: &impl Fn(usize) -> bool, quadrature: &Quadrature, out: &mut [f64], work: &mut Workspace) {
        let n = self.steps.len();
        work.known.clear();
        work.known.extend(self.steps.iter().map(|s| {
            let follows = s.splits.iter().all(|&(node, goes_left)| left(node as usize) == goes_left);
            f64::from(u8::from(follows))
        }));
        work.prefix.resize(n + 1, 0.0);
        work.values.resize(n, 0.0);
        quadrature.leaf(self.value, |i| self.steps[i].ratio, &mut work.known, &mut work.prefix, &mut work.values);
        for (step, value) in self.steps.iter().zip(&work.values) {
            out[step.feature as usize] += value;
        }
    }
}

impl Group {
    /// The group of all leaves below `root`.
    fn new(
        tree: &Tree,
        root: usize,
        trail: &impl Fn(usize, usize) -> Vec<(u32, bool)>,
        inner: usize,
        scale: &impl Fn(f64) -> f64,
    ) -> Group {
        // First one answer for each distinct feature above, then one for each split below.
        let above = steps(tree, &trail(root, 0));
        let mut answers: Vec<Answer> = above.iter().map(|s| Answer(s.splits.clone())).collect();
        let mut features: Vec<u32> = above.iter().map(|s| s.feature).collect();
        let mut bit_of: Vec<(u32, usize)> = Vec::with_capacity(inner);
        let mut leaves = Vec::new();
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            match tree.nodes[at].split() {
                Some((feature, left, right)) => {
                    bit_of.push((at as u32, answers.len()));
                    answers.push(Answer(vec![(at as u32, true)]));
                    if !features.contains(&(feature as u32)) {
                        features.push(feature as u32);
                    }
                    open.push(right);
                    open.push(left);
                }
                None => leaves.push(at),
            }
        }
        let leaves = leaves.into_iter().filter_map(|at| {
            let TreeNode::Leaf { value } = tree.nodes[at] else { return None };
            let steps = steps(tree, &trail(at, 0)).into_iter().map(|step| {
                let (mut mask, mut wanted) = (0u8, 0u8);
                if let Some(bit) = above.iter().position(|s| s.feature == step.feature) {
                    mask |= 1 << bit;
                    wanted |= 1 << bit;
                }
                for (node, goes_left) in &step.splits {
                    if let Some((_, bit)) = bit_of.iter().find(|(n, _)| n == node) {
                        mask |= 1 << bit;
                        wanted |= u8::from(*goes_left) << bit;
                    }
                }
                let slot = features.iter().position(|f| *f == step.feature).unwrap_or(0) as u8;
                GroupStep { ratio: step.ratio, slot, mask, wanted }
            });
            Some(GroupLeaf { value: scale(value), steps: steps.collect() })
        });
        let leaves = leaves.collect();
        Group { answers, features, leaves }
    }
}

fn steps(tree: &Tree, trail: &[(u32, bool)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for &(node, goes_left) in trail {
        let Some((feature, _, _)) = tree.nodes[node as usize].split() else { continue };
        let (l, r) = tree.cover_ratios(node as usize);
        let ratio = if goes_left { l } else { r };
        match steps.iter_mut().find(|s| s.feature as usize == feature) {
            Some(step) => {
                step.ratio *= ratio;
                step.splits.push((node, goes_left));
            }
            None => steps.push(Step { feature: feature as u32, ratio, splits: vec![(node, goes_left)] }),
        }
    }
    steps
}

/// The tests of a tree's nodes.
pub(super) fn tests(tree: &Tree, columns: &mut Columns) -> Tests {
    tree.nodes.iter().map(|node| columns.test(node)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row, once directly and once by the table: the bits are the same.
    fn explained(tree: &Tree, row: &[f64], weight: f64) -> Vec<f64> {
        let explainer = TreeExplainer::new(tree, |v| weight * v);
        let quadrature = Quadrature::new(explainer.longest());
        let table = explainer.table(&quadrature);
        let left = |node: usize| tree.nodes[node].goes_left(row);
        let mut direct = vec![0.0; row.len()];
        let mut looked_up = direct.clone();
        let mut work = Workspace::default();
        explainer.add_row(left, None, &quadrature, &mut direct, &mut work);
        explainer.add_row(left, Some(&table), &quadrature, &mut looked_up, &mut work);
        assert_eq!(direct, looked_up);
        direct
    }

    /// Shapley values by their definition: over all subsets of the features.
    fn by_definition(tree: &Tree, row: &[f64]) -> Vec<f64> {
        fn value(tree: &Tree, row: &[f64], known: u32, at: usize) -> f64 {
            match &tree.nodes[at] {
                TreeNode::Leaf { value } => *value,
                node => {
                    let (f, l, r) = node.split().expect("split");
                    if known >> f & 1 == 1 {
                        value(tree, row, known, if node.goes_left(row) { l } else { r })
                    } else {
                        let (a, b) = (tree.covers[l], tree.covers[r]);
                        (a * value(tree, row, known, l) + b * value(tree, row, known, r)) / (a + b)
                    }
                }
            }
        }
        let n = row.len();
        let factorial = |k: usize| (1..=k).map(|v| v as f64).product::<f64>();
        (0..n)
            .map(|i| {
                let others = (0..1u32 << n).filter(|s| s >> i & 1 == 0);
                others
                    .map(|s| {
                        let k = s.count_ones() as usize;
                        let weight = factorial(k) * factorial(n - k - 1) / factorial(n);
                        weight * (value(tree, row, s | 1 << i, 0) - value(tree, row, s, 0))
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn equal_to_the_definition_also_where_a_feature_repeats() {
        // Features 0 and 1 are split again and again, 2 is a category, 3 is split once deep down.
        let number =
            |feature, threshold, left, right| TreeNode::Number { feature, threshold, missing_left: false, left, right };
        let tree = Tree {
            nodes: vec![
                number(0, 0.5, 1, 2),
                number(1, 0.2, 3, 4),
                TreeNode::Category { feature: 2, set: 0b10, missing_left: true, left: 5, right: 6 },
                TreeNode::Leaf { value: 1.0 },
                number(0, 0.1, 7, 8),
                number(0, 0.9, 9, 10),
                TreeNode::Leaf { value: -3.0 },
                TreeNode::Leaf { value: 0.25 },
                TreeNode::Leaf { value: 4.0 },
                number(3, 7.0, 11, 12),
                TreeNode::Leaf { value: -1.5 },
                TreeNode::Leaf { value: 2.5 },
                TreeNode::Leaf { value: 9.0 },
            ],
            covers: vec![100.0, 60.0, 40.0, 20.0, 40.0, 30.0, 10.0, 5.0, 35.0, 22.0, 8.0, 2.0, 20.0],
        };
        for row in
            [[0.05, 0.5, 1.0, 3.0], [0.3, 0.1, 0.0, 9.0], [0.7, 0.3, 1.0, 8.0], [0.95, 0.0, 0.0, 0.0], [f64::NAN; 4]]
        {
            let got = explained(&tree, &row, 2.0);
            let wanted = by_definition(&tree, &row);
            for (g, w) in got.iter().zip(&wanted) {
                assert!((g - 2.0 * w).abs() < 1e-13, "{row:?}: {got:?} {wanted:?}");
            }
            let sum: f64 = got.iter().sum();
            assert!((sum - 2.0 * (tree.value(&row) - tree.expectation())).abs() < 1e-13);
        }
    }

    #[test]
    fn a_path_of_forty_features_stays_additive() {
        let depth = 40u32;
        let mut nodes = Vec::new();
        let mut covers = Vec::new();
        for d in 0..depth {
            nodes.push(TreeNode::Number {
                feature: d,
                threshold: 0.5,
                missing_left: true,
                left: 2 * d + 1,
                right: 2 * d + 2,
            });
            covers.push(0.5f64.powi(d as i32));
            nodes.push(TreeNode::Leaf { value: f64::from(d) - 11.0 });
            covers.push(0.5f64.powi(d as i32 + 1));
        }
        nodes.push(TreeNode::Leaf { value: 77.0 });
        covers.push(0.5f64.powi(depth as i32));
        let tree = Tree { nodes, covers };
        tree.check(depth as usize).expect("valid");
        for ones in [0, 1, 20, 39, 40] {
            let row: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i < ones))).collect();
            let got = explained(&tree, &row, 1.0);
            let wanted = tree.value(&row) - tree.expectation();
            let sum: f64 = got.iter().sum();
            assert!((sum - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{ones}: {sum} {wanted}");
        }
    }
}
