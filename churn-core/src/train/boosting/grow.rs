//! One tree: leaf by leaf (the leaf with the largest gain first), or level by level with one split for all leaves of
//! a level (symmetric trees, as CatBoost's).

use super::Params;
use super::bins::{Binned, Cut};
use super::histogram::{Layout, Quantised};
use super::split::{Leaf, Mask, Noise, Scan, Split, UNBOUND, clip, in_mask};
use crate::model::{Tree, TreeNode};

/// Rows of a node, as a range of an index.
type Range = std::ops::Range<usize>;

/// An index of rows that splits cut into ranges, in ascending order within each.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) index: Vec<u32>,
    scratch: Vec<u32>,
}

impl Rows {
    pub(super) fn reset(&mut self, rows: impl Iterator<Item = u32>) {
        self.index.clear();
        self.index.extend(rows);
    }

    /// Puts the rows of the range that go left first; returns where the others begin.
    fn partition(&mut self, range: &Range, column: &[u8], mask: &Mask) -> usize {
        let rows = &mut self.index[range.clone()];
        if self.scratch.len() < rows.len() {
            self.scratch.resize(rows.len(), 0);
        }
        let (mut kept, mut others) = (0, 0);
        // Written to both sides, of which one counts: which one it is cannot be foretold, and a wrong guess costs more.
        for i in 0..rows.len() {
            let row = rows[i];
            let left = usize::from(in_mask(mask, column[row as usize]));
            rows[kept] = row;
            self.scratch[others] = row;
            kept += left;
            others += 1 - left;
        }
        rows[kept..].copy_from_slice(&self.scratch[..others]);
        range.start + kept
    }
}

/// Rows and buffers that trees share.
#[derive(Default)]
pub(super) struct Workspace {
    /// Rows that the tree learns from.
    pub(super) sampled: Rows,
    /// Other training rows: counted, not learnt from.
    pub(super) unsampled: Rows,
    /// Rows outside the training rows: they only receive values.
    pub(super) outside: Rows,
    pub(super) quantised: Quantised,
    ordered: Vec<i64>,
    spare: Vec<Vec<i64>>,
}

impl Workspace {
    fn buffer(&mut self, len: usize) -> Vec<i64> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.resize(len, 0);
        buffer
    }
}

/// A node while the tree grows.
struct Node {
    sampled: Range,
    unsampled: Range,
    outside: Range,
    sum: i64,
    bounds: [f64; 2],
    depth: usize,
    histogram: Vec<i64>,
    split: Option<Split>,
    children: Option<(usize, usize)>,
}

/// What a tree is grown on.
pub(super) struct Grower<'a> {
    pub(super) params: &'a Params,
    pub(super) binned: &'a Binned,
    pub(super) layout: &'a Layout,
    /// (gradient, curvature) by row.
    pub(super) derivatives: &'a [[f64; 2]],
    /// Weight by row; 1 where there are none.
    pub(super) weights: Option<&'a [f64]>,
    /// Noise of its splits.
    pub(super) noise: Noise,
}

impl Grower<'_> {
    /// Grows a tree on the workspace's rows and adds its leaves' values to `margins`.
    pub(super) fn grow(&self, work: &mut Workspace, margins: &mut [f64]) -> Tree {
        let all = &work.sampled.index;
        work.quantised.fill(all, self.derivatives);
        let sum = all.iter().map(|&r| work.quantised.packed[r as usize]).sum();
        let mut histogram = work.buffer(self.layout.len);
        let Workspace { sampled, quantised, ordered, .. } = work;
        self.layout.fill(self.binned, &sampled.index, quantised, ordered, &mut histogram);
        let mut nodes = vec![Node {
            sampled: 0..work.sampled.index.len(),
            unsampled: 0..work.unsampled.index.len(),
            outside: 0..work.outside.index.len(),
            sum,
            bounds: UNBOUND,
            depth: 0,
            histogram,
            split: None,
            children: None,
        }];
        if self.params.symmetric {
            self.level_by_level(work, &mut nodes);
        } else {
            self.leaf_by_leaf(work, &mut nodes);
        }
        for node in &mut nodes {
            if !node.histogram.is_empty() {
                work.spare.push(std::mem::take(&mut node.histogram));
            }
        }
        self.finish(work, &nodes, margins)
    }

    /// A scan whose noise is that of the `at`-th node or level.
    fn scan<'a>(&'a self, quantised: &'a Quantised, at: usize) -> Scan<'a> {
        Scan {
            params: self.params,
            binned: self.binned,
            quantised,
            layout: self.layout,
            min_child: if self.params.symmetric { 0.0 } else { self.params.min_child_weight },
            noise: Noise { key: self.noise.key.wrapping_add((at as u64) << 48), ..self.noise },
        }
    }

    fn find(&self, work: &Workspace, node: &mut Node, at: usize) {
        let light = work.quantised.unpack(node.sum)[1] < 2.0 * self.params.min_child_weight;
        if node.depth < self.params.depth && !light {
            let leaf = Leaf { histogram: &node.histogram, sum: node.sum, bounds: node.bounds };
            node.split = self.scan(&work.quantised, at).best(&[leaf]);
        }
    }

    fn leaf_by_leaf(&self, work: &mut Workspace, nodes: &mut Vec<Node>) {
        self.find(work, &mut nodes[0], 0);
        for _ in 1..self.params.leaves {
            let open = (0..nodes.len()).filter(|&i| nodes[i].children.is_none());
            let gain = |i: usize| nodes[i].split.as_ref().map(|s| s.gain);
            // Ties go to the older node.
            let next =
                open.filter_map(|i| gain(i).map(|g| (g, i))).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, at)) = next else { break };
            let Some(split) = nodes[at].split.clone() else { break };
            // At the last level nobody will look at the children's histograms.
            let deep = nodes[at].depth + 1 >= self.params.depth || nodes.len() / 2 + 2 >= self.params.leaves;
            let (left, right) = self.divide(work, &mut nodes[at], &split, !deep);
            nodes[at].children = Some((nodes.len(), nodes.len() + 1));
            for mut child in [left, right] {
                if !deep {
                    self.find(work, &mut child, nodes.len());
                }
                nodes.push(child);
            }
        }
    }

    fn level_by_level(&self, work: &mut Workspace, nodes: &mut Vec<Node>) {
        let mut level = 0..1;
        for depth in 0..self.params.depth {
            let leaves: Vec<Leaf<'_>> = nodes[level.clone()]
                .iter()
                .filter(|n| n.sum != 0)
                .map(|n| Leaf { histogram: &n.histogram, sum: n.sum, bounds: n.bounds })
                .collect();
            let Some(split) = self.scan(&work.quantised, depth).best(&leaves) else { break };
            drop(leaves);
            let deep = depth + 1 >= self.params.depth;
            for at in level.clone() {
                let (left, right) = self.divide(work, &mut nodes[at], &split, !deep);
                nodes[at].split = Some(split.clone());
                nodes[at].children = Some((nodes.len(), nodes.len() + 1));
                nodes.extend([left, right]);
            }
            level = level.end..nodes.len();
        }
    }

    /// Partitions the rows of a node and, where wanted, makes its children's histograms: the smaller one by adding,
    /// the larger one by subtraction.
    fn divide(&self, work: &mut Workspace, node: &mut Node, split: &Split, histograms: bool) -> (Node, Node) {
        let column = &self.binned.columns[split.feature];
        let a = work.sampled.partition(&node.sampled, column, &split.mask);
        let b = work.unsampled.partition(&node.unsampled, column, &split.mask);
        let c = work.outside.partition(&node.outside, column, &split.mask);
        let child = |sampled: Range, unsampled: Range, outside: Range, sum: i64| Node {
            sampled,
            unsampled,
            outside,
            sum,
            bounds: node.bounds,
            depth: node.depth + 1,
            histogram: Vec::new(),
            split: None,
            children: None,
        };
        let left_rows = &work.sampled.index[node.sampled.start..a];
        let sum: i64 = left_rows.iter().map(|&r| work.quantised.packed[r as usize]).sum();
        let mut left = child(node.sampled.start..a, node.unsampled.start..b, node.outside.start..c, sum);
        let mut right = child(a..node.sampled.end, b..node.unsampled.end, c..node.outside.end, node.sum - sum);
        let direction = self.params.monotone.get(split.feature).copied().unwrap_or(0);
        if direction != 0 {
            let value = |sum: i64| {
                let [g, h] = work.quantised.unpack(sum);
                clip(-g / (h + self.params.ridge), node.bounds)
            };
            let middle = 0.5 * (value(left.sum) + value(right.sum));
            let (low, high) = if direction > 0 { (&mut left, &mut right) } else { (&mut right, &mut left) };
            low.bounds[1] = middle;
            high.bounds[0] = middle;
        }
        if histograms {
            let mut small = work.buffer(self.layout.len);
            let mut large = std::mem::take(&mut node.histogram);
            let left_is_small = left.sampled.len() <= right.sampled.len();
            let range = if left_is_small { &left.sampled } else { &right.sampled };
            let Workspace { sampled, quantised, ordered, .. } = work;
            self.layout.fill(self.binned, &sampled.index[range.clone()], quantised, ordered, &mut small);
            large.iter_mut().zip(&small).for_each(|(l, s)| *l -= s);
            (left.histogram, right.histogram) = if left_is_small { (small, large) } else { (large, small) };
        }
        (left, right)
    }

    /// Leaf values from the exact gradients, covers from all training rows.
    fn finish(&self, work: &Workspace, nodes: &[Node], margins: &mut [f64]) -> Tree {
        let weight = |r: u32| self.weights.map_or(1.0, |w| w[r as usize]);
        let mut tree = Tree { nodes: Vec::with_capacity(nodes.len()), covers: vec![0.0; nodes.len()] };
        for (i, node) in nodes.iter().enumerate() {
            tree.nodes.push(match (&node.split, node.children) {
                (Some(split), Some((left, right))) => self.rule(split, left as u32, right as u32),
                _ => {
                    let (mut g, mut h) = (0.0, 0.0);
                    for &r in &work.sampled.index[node.sampled.clone()] {
                        g += self.derivatives[r as usize][0];
                        h += self.derivatives[r as usize][1];
                    }
                    let value = self.params.learning_rate * clip(-g / (h + self.params.ridge), node.bounds);
                    let trained =
                        [&work.sampled.index[node.sampled.clone()], &work.unsampled.index[node.unsampled.clone()]];
                    let mut cover = 0.0;
                    for &r in trained.into_iter().flatten() {
                        margins[r as usize] += value;
                        cover += weight(r);
                    }
                    for &r in &work.outside.index[node.outside.clone()] {
                        margins[r as usize] += value;
                    }
                    // A symmetric tree has leaves that no row reaches; the floor keeps ratios defined.
                    tree.covers[i] = if cover > 0.0 { cover } else { 1e-6 };
                    TreeNode::Leaf { value }
                }
            });
        }
        // Children follow their parents.
        for i in (0..nodes.len()).rev() {
            if let Some((left, right)) = nodes[i].children {
                tree.covers[i] = tree.covers[left] + tree.covers[right];
            }
        }
        tree
    }

    fn rule(&self, split: &Split, left: u32, right: u32) -> TreeNode {
        let feature = split.feature as u32;
        let missing_left = split.mask[0] & 1 == 1;
        match (&self.binned.cuts[split.feature], split.border) {
            (Cut::Number { borders }, Some(border)) => TreeNode::Number {
                feature,
                // Nothing but missing goes left of border 0.
                threshold: if border == 0 { f64::MIN } else { borders[border - 1] },
                missing_left,
                left,
                right,
            },
            // Bin c + 1 is code c.
            _ => {
                TreeNode::Category { feature, set: split.mask[0] >> 1 | split.mask[1] << 63, missing_left, left, right }
            }
        }
    }
}
