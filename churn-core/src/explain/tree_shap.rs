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
use crate::score::Conditions;

/// Most answers of a group.
pub(super) const BITS: usize = 8;

/// A turn on a path: the question, and whether the path goes left, where the answer is yes.
pub(super) type Turn = (u32, bool);

/// One distinct feature on a leaf's path.
struct Step {
    feature: u32,
    /// Product of the cover ratios of this feature's splits on the path.
    ratio: f64,
    /// The splits of this feature on the path: node, and whether the path goes left.
    splits: Vec<(u32, bool)>,
}

/// A leaf whose path asks more than a byte holds.
pub(super) struct Lone {
    value: f64,
    /// Feature, ratio and turns of each distinct feature.
    steps: Vec<(u32, f64, Vec<Turn>)>,
    /// The features that background rows follow, and the share of the rows that do; empty for the path-dependent values.
    background: Vec<(Vec<bool>, f64)>,
}

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
    /// The features that background rows follow, as bits, and the share of the rows that do; empty for the
    /// path-dependent values.
    background: Vec<(usize, f64)>,
}

/// Neighbouring leaves whose values are looked up together.
pub(super) struct Group {
    /// For each bit of the pattern, the turns that are all taken where it is set.
    pub answers: Vec<Vec<Turn>>,
    /// The features that the group's paths ask for, at most eight.
    pub features: Vec<u32>,
    leaves: Vec<GroupLeaf>,
}

/// The values of every pattern of a group, one after another.
pub(super) type Table = Box<[f64]>;

/// Points and weights for paths of each number of distinct features.
pub(super) struct Quadrature(Vec<(Vec<f64>, Vec<f64>)>);

/// Buffers of the leaves that are reckoned one by one.
#[derive(Default)]
pub(super) struct Workspace {
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

/// The groups and the lone leaves of a (checked) tree, its leaves times `scale`.
pub(super) fn split(tree: &Tree, conditions: &Conditions, scale: impl Fn(f64) -> f64) -> (Vec<Group>, Vec<Lone>) {
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
    let turns = |splits: &[(u32, bool)]| -> Vec<Turn> {
        splits.iter().map(|&(node, left)| (conditions.of(&tree.nodes[node as usize]), left)).collect()
    };
    let (mut groups, mut lone) = (Vec::new(), Vec::new());
    // (node, the distinct features above it)
    let mut open = vec![(0usize, Vec::<u32>::new())];
    while let Some((at, above)) = open.pop() {
        if above.len() + inner[at] <= BITS {
            groups.push(Group::new(tree, at, &trail, &turns, &scale));
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
                    let steps = steps(tree, &trail(at, 0)).into_iter();
                    let steps = steps.map(|s| (s.feature, s.ratio, turns(&s.splits))).collect();
                    lone.push(Lone { value: scale(value), steps, background: Vec::new() });
                }
            }
        }
    }
    groups.retain(|g| !g.features.is_empty());
    (groups, lone)
}

impl Group {
    /// The largest number of distinct features on a path.
    pub fn longest(&self) -> usize {
        self.leaves.iter().map(|l| l.steps.len()).max().unwrap_or(0)
    }

    /// Bytes of the table of all patterns.
    pub fn table_bytes(&self) -> usize {
        (8 * self.features.len()) << self.answers.len()
    }

    /// The values of every pattern.
    pub fn table(&self, quadrature: &Quadrature) -> Table {
        let width = self.features.len();
        let mut table = vec![0.0; width << self.answers.len()].into_boxed_slice();
        // A leaf's values are the same for all patterns that answer its own questions alike.
        let mut seen: Vec<Vec<Option<[f64; BITS]>>> =
            self.leaves.iter().map(|l| vec![None; 1 << l.steps.len()]).collect();
        for (pattern, entry) in table.chunks_exact_mut(width).enumerate() {
            for (leaf, seen) in self.leaves.iter().zip(&mut seen) {
                let known = leaf.known(pattern as u8);
                let values = *seen[known].get_or_insert_with(|| leaf.values(known, quadrature));
                leaf.add(&values, entry);
            }
        }
        table
    }

    /// Holds rows against a background: for each pattern, how many of its `n` rows have it.
    pub fn hold_against(&mut self, counts: &[u32; 1 << BITS], n: usize) {
        for leaf in &mut self.leaves {
            let mut rows = vec![0u32; 1 << leaf.steps.len()];
            for (pattern, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                rows[leaf.known(pattern as u8)] += count;
            }
            let some = rows.into_iter().enumerate().filter(|(_, count)| *count > 0);
            leaf.background = some.map(|(known, count)| (known, f64::from(count) / n as f64)).collect();
        }
    }

    /// The values of one pattern, the bits of the table's.
    pub fn values(&self, pattern: u8, quadrature: &Quadrature, entry: &mut [f64]) {
        for leaf in &self.leaves {
            leaf.add(&leaf.values(leaf.known(pattern), quadrature), entry);
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
        if !self.background.is_empty() {
            let mut out = [0.0; BITS];
            for &(other, share) in &self.background {
                against(self.value * share, |i| known >> i & 1 == 1, |i| other >> i & 1 == 1, &mut out[..n]);
            }
            return out;
        }
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
    /// Number of distinct features on the path.
    pub fn longest(&self) -> usize {
        self.steps.len()
    }

    /// The path's features that a row of these answers (yes goes left) follows.
    pub fn known(&self, yes: impl Fn(u32) -> bool) -> Vec<bool> {
        self.steps.iter().map(|(_, _, turns)| turns.iter().all(|&(question, left)| yes(question) == left)).collect()
    }

    /// Holds rows against background rows that follow these features of the path.
    pub fn hold_against(&mut self, rows: Vec<Vec<bool>>) {
        let n = rows.len() as f64;
        let mut counts: std::collections::BTreeMap<Vec<bool>, u32> = Default::default();
        for row in rows {
            *counts.entry(row).or_default() += 1;
        }
        self.background = counts.into_iter().map(|(known, count)| (known, f64::from(count) / n)).collect();
    }

    /// Half of the interaction of each two of the path's features, for a row of these answers, handed to `out` once a
    /// pair.
    pub fn interactions(&self, yes: impl Fn(u32) -> bool, quadrature: &Quadrature, mut out: impl FnMut(u32, u32, f64)) {
        let n = self.steps.len();
        let known = self.known(yes);
        let difference: Vec<f64> =
            self.steps.iter().zip(known).map(|((_, ratio, _), known)| f64::from(u8::from(known)) - ratio).collect();
        let mut pairs = vec![0.0; n * n];
        let (mut prefix, mut suffix) = (vec![1.0; n + 1], vec![1.0; n + 1]);
        let (points, weights) = &quadrature.0[n];
        for (&t, &w) in points.iter().zip(weights) {
            let factor = |i: usize| self.steps[i].1 + difference[i] * t;
            for i in 0..n {
                prefix[i + 1] = prefix[i] * factor(i);
            }
            for i in (0..n).rev() {
                suffix[i] = suffix[i + 1] * factor(i);
            }
            for i in 0..n {
                let mut between = prefix[i] * difference[i] * w;
                for j in i + 1..n {
                    pairs[i * n + j] += between * difference[j] * suffix[j + 1];
                    between *= factor(j);
                }
            }
        }
        for i in 0..n {
            for j in i + 1..n {
                out(self.steps[i].0, self.steps[j].0, 0.5 * self.value * pairs[i * n + j]);
            }
        }
    }

    /// Adds the leaf's values for a row of these answers (yes goes left) to `out` (length n_features).
    pub fn add(
        &self,
        yes: impl Fn(u32) -> bool,
        quadrature: &Quadrature,
        out: &mut impl FnMut(u32, f64),
        work: &mut Workspace,
    ) {
        let n = self.steps.len();
        if !self.background.is_empty() {
            let known = self.known(yes);
            work.values.clear();
            work.values.resize(n, 0.0);
            for (other, share) in &self.background {
                against(self.value * share, |i| known[i], |i| other[i], &mut work.values);
            }
            for ((feature, ..), value) in self.steps.iter().zip(&work.values) {
                out(*feature, *value);
            }
            return;
        }
        work.known.clear();
        work.known.extend(
            self.steps
                .iter()
                .map(|(_, _, turns)| f64::from(u8::from(turns.iter().all(|&(question, left)| yes(question) == left)))),
        );
        work.prefix.resize(n + 1, 0.0);
        work.values.resize(n, 0.0);
        quadrature.leaf(self.value, |i| self.steps[i].1, &mut work.known, &mut work.prefix, &mut work.values);
        for ((feature, ..), value) in self.steps.iter().zip(&work.values) {
            out(*feature, *value);
        }
    }
}

impl Group {
    /// The group of all leaves below `root`.
    fn new(
        tree: &Tree,
        root: usize,
        trail: &impl Fn(usize, usize) -> Vec<(u32, bool)>,
        turns: &impl Fn(&[(u32, bool)]) -> Vec<Turn>,
        scale: &impl Fn(f64) -> f64,
    ) -> Group {
        // First one answer for each distinct feature above, then one for each split below.
        let above = steps(tree, &trail(root, 0));
        let mut answers: Vec<Vec<Turn>> = above.iter().map(|s| turns(&s.splits)).collect();
        let mut features: Vec<u32> = above.iter().map(|s| s.feature).collect();
        let mut bit_of: Vec<(u32, usize)> = Vec::new();
        let mut leaves = Vec::new();
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            match tree.nodes[at].split() {
                Some((feature, left, right)) => {
                    bit_of.push((at as u32, answers.len()));
                    answers.push(turns(&[(at as u32, true)]));
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
            Some(GroupLeaf { value: scale(value), steps: steps.collect(), background: Vec::new() })
        });
        let leaves = leaves.collect();
        Group { answers, features, leaves }
    }
}

/// Every leaf of a (checked) tree alone, its value times `scale`.
pub(super) fn leaves(tree: &Tree, conditions: &Conditions, scale: impl Fn(f64) -> f64) -> Vec<Lone> {
    let mut leaves = Vec::new();
    let mut open = vec![(0usize, Vec::<(u32, bool)>::new())];
    while let Some((at, trail)) = open.pop() {
        match (&tree.nodes[at], tree.nodes[at].split()) {
            (_, Some((_, left, right))) => {
                let with = |goes_left| trail.iter().copied().chain([(at as u32, goes_left)]).collect();
                open.push((right, with(false)));
                open.push((left, with(true)));
            }
            (TreeNode::Leaf { value }, _) => {
                let turns = |splits: &[(u32, bool)]| {
                    splits.iter().map(|&(node, left)| (conditions.of(&tree.nodes[node as usize]), left)).collect()
                };
                let steps = steps(tree, &trail).into_iter().map(|s| (s.feature, s.ratio, turns(&s.splits)));
                leaves.push(Lone { value: scale(*value), steps: steps.collect(), background: Vec::new() });
            }
            _ => {}
        }
    }
    leaves
}

/// Adds the Shapley values of a leaf of this value in the game between a row and one background row: a feature in which
/// only the row follows the path has to be known for the leaf to be reached, one in which only the background row does
/// must not be. Source: Lundberg et al. (2020), interventional values; Nadel and Wettenstein (2025), counting patterns.
fn against(value: f64, known: impl Fn(usize) -> bool, other: impl Fn(usize) -> bool, out: &mut [f64]) {
    let (mut only_row, mut only_other) = (0, 0);
    for i in 0..out.len() {
        match (known(i), other(i)) {
            (true, false) => only_row += 1,
            (false, true) => only_other += 1,
            (false, false) => return,
            (true, true) => {}
        }
    }
    let up = if only_row > 0 { value * orders(only_row - 1, only_other) } else { 0.0 };
    let down = if only_other > 0 { value * orders(only_other - 1, only_row) } else { 0.0 };
    for (i, out) in out.iter_mut().enumerate() {
        match (known(i), other(i)) {
            (true, false) => *out += up,
            (false, true) => *out -= down,
            _ => {}
        }
    }
}

/// `p! q! / (p + q + 1)!`: the share of the orders in which one player comes behind `p` others and before `q`.
fn orders(p: usize, q: usize) -> f64 {
    let (few, many) = (p.min(q), p.max(q));
    (1..=few).fold(1.0 / (p + q + 1) as f64, |w, k| w * k as f64 / (many + k) as f64)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One row, once directly and once by the table: the bits are the same.
    fn explained(tree: &Tree, row: &[f64], weight: f64) -> Vec<f64> {
        let conditions = Conditions::new(std::iter::once(tree));
        let (groups, lone) = split(tree, &conditions, |v| weight * v);
        let longest = groups.iter().map(Group::longest).chain(lone.iter().map(Lone::longest)).max();
        let quadrature = Quadrature::new(longest.unwrap_or(0));
        let mut no = vec![0; conditions.len()];
        conditions.answer_row(row, &mut no);
        let yes = |question: u32| no[question as usize] == 0;
        let mut out = vec![0.0; row.len()];
        for group in &groups {
            let taken = |answer: &Vec<Turn>| answer.iter().all(|&(question, left)| yes(question) == left);
            let pattern = group.answers.iter().enumerate().fold(0, |p, (bit, a)| p | u8::from(taken(a)) << bit);
            let width = group.features.len();
            let mut direct = vec![0.0; width];
            group.values(pattern, &quadrature, &mut direct);
            assert_eq!(direct, group.table(&quadrature)[usize::from(pattern) * width..][..width]);
            group.features.iter().zip(direct).for_each(|(&f, v)| out[f as usize] += v);
        }
        let mut add = |feature: u32, value: f64| out[feature as usize] += value;
        lone.iter().for_each(|leaf| leaf.add(yes, &quadrature, &mut add, &mut Workspace::default()));
        out
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
