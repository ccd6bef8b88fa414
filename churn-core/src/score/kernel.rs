//! Many trees, many rows: every split of a tree is tested for a block of rows at once, in bytes.
//!
//! A split only asks on which side of a threshold a value lies, so values become ranks among the model's own
//! thresholds, one byte each, once a block. A tree of at most 256 leaves is then evaluated from its leaves up: each
//! split picks, row by row, the leaf number of its left or its right side. That is one comparison and one selection of
//! bytes, 16 to 64 rows an instruction, with no branch and no gather; only the leaves' values are fetched row by row.
//! Leaves are added in the order of the trees, so that a block has the bits of a plain walk. Related: QuickScorer
//! (Lucchese et al., 2015) and RapidScorer (Ye et al., 2018), which test all splits too, by bit vectors.

use super::columns::{BLOCK, Bytes, Columns, Test};
use crate::features::FeatureMatrix;
use crate::model::{Tree, TreeNode};

/// Most leaves of a tree that is evaluated in bytes.
const MAX_LEAVES: usize = 256;
/// Most open sides on the stack: the heavier side first needs at most log2(leaves).
const STACK: usize = 9;
/// The side of a split: a leaf, or what was evaluated last or the one before.
#[derive(Clone, Copy)]
enum Sides {
    LeafLeaf,
    LeafNode,
    NodeLeaf,
    /// Left was evaluated first, right last.
    NodeNode,
    /// Right was evaluated first.
    NodeNodeSwapped,
}

/// One split, in the order of evaluation.
#[derive(Clone, Copy)]
struct Step {
    /// The (first) byte column.
    column: u32,
    /// Ranks up to this go left; for classes, the bits that go left.
    bound: u8,
    /// 0 for ranks, else the number of class columns, whose bits stand in `sets` from `set`.
    n_sets: u8,
    left: u8,
    right: u8,
    sides: Sides,
    set: u32,
}

/// A tree that is evaluated in bytes: a range of steps, and 256 leaf values (unused ones 0).
struct ByteTree {
    steps: std::ops::Range<usize>,
    leaves: Box<[f64; MAX_LEAVES]>,
}

enum Plan {
    Bytes(ByteTree),
    /// Too many leaves, or too many classes: walked row by row.
    Walk(usize),
}

/// The trees of one part, prepared.
pub(super) struct Kernel {
    columns: Columns,
    steps: Vec<Step>,
    sets: Vec<u8>,
    plans: Vec<Plan>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Scratch {
    columns: Vec<Bytes>,
    ranks: Vec<u32>,
    sums: Vec<f64>,
}

impl Scratch {
    /// The sums of the block's rows.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }
}

impl Kernel {
    /// Prepares (checked) trees.
    pub fn new(trees: &[Tree]) -> Kernel {
        let fits = |t: &Tree| t.nodes.iter().filter(|n| matches!(n, TreeNode::Leaf { .. })).count() <= MAX_LEAVES;
        let columns = Columns::new(trees.iter().filter(|t| fits(t)));
        let mut kernel = Kernel { columns, steps: Vec::new(), sets: Vec::new(), plans: Vec::new() };
        for (i, tree) in trees.iter().enumerate() {
            let plan = if fits(tree) { kernel.compile(tree) } else { None };
            kernel.plans.push(plan.map_or(Plan::Walk(i), Plan::Bytes));
        }
        kernel
    }

    /// The steps of a tree, its heavier side first wherever both sides are splits.
    fn compile(&mut self, tree: &Tree) -> Option<ByteTree> {
        let start = self.steps.len();
        let mut leaves = Box::new([0.0; MAX_LEAVES]);
        let mut n_leaves = 0usize;
        let mut number = vec![0u8; tree.nodes.len()];
        let mut weight = vec![1usize; tree.nodes.len()];
        for (i, node) in tree.nodes.iter().enumerate().rev() {
            match node {
                TreeNode::Leaf { value } => {
                    number[i] = n_leaves as u8;
                    leaves[n_leaves] = *value;
                    n_leaves += 1;
                }
                _ => {
                    let (_, l, r) = node.split()?;
                    weight[i] = weight[l] + weight[r];
                }
            }
        }
        // (node, whether its sides have been emitted)
        let mut open = vec![(0usize, false)];
        while let Some((at, ready)) = open.pop() {
            let Some((_, left, right)) = tree.nodes[at].split() else { continue };
            let splits = (tree.nodes[left].split().is_some(), tree.nodes[right].split().is_some());
            let left_first = weight[left] >= weight[right];
            if !ready {
                open.push((at, true));
                let order = if left_first { [right, left] } else { [left, right] };
                open.extend(order.into_iter().filter(|&n| tree.nodes[n].split().is_some()).map(|n| (n, false)));
                continue;
            }
            let sides = match splits {
                (false, false) => Sides::LeafLeaf,
                (false, true) => Sides::LeafNode,
                (true, false) => Sides::NodeLeaf,
                (true, true) if left_first => Sides::NodeNode,
                (true, true) => Sides::NodeNodeSwapped,
            };
            let (column, bound, n_sets, set) = match self.columns.test(&tree.nodes[at]) {
                Some(Test::Rank { column, bound }) => (column, bound, 0, 0),
                Some(Test::Classes { first, bits }) => {
                    let set = self.sets.len();
                    self.sets.extend(&bits);
                    (first, bits[0], bits.len() as u8, set)
                }
                None => {
                    self.steps.truncate(start);
                    return None;
                }
            };
            self.steps.push(Step {
                column: column as u32,
                bound,
                n_sets,
                left: number[left],
                right: number[right],
                sides,
                set: set as u32,
            });
        }
        Some(ByteTree { steps: start..self.steps.len(), leaves })
    }

    /// The sums of the trees for rows `first..first + n` (at most [`BLOCK`]), left in `scratch`.
    #[inline(always)]
    pub fn block(&self, trees: &[Tree], matrix: &FeatureMatrix, first: usize, n: usize, scratch: &mut Scratch) {
        scratch.columns.resize(self.columns.len(), [0; BLOCK]);
        scratch.sums.clear();
        // The neutral element of `Iterator::sum`.
        scratch.sums.resize(BLOCK, -0.0);
        let Scratch { columns, ranks, sums } = scratch;
        self.columns.fill(matrix, first, n, ranks, columns);
        let mut stack = [[0u8; BLOCK]; STACK];
        for plan in &self.plans {
            match plan {
                Plan::Walk(tree) => {
                    let tree = &trees[*tree];
                    for (i, sum) in sums[..n].iter_mut().enumerate() {
                        *sum += tree.value(matrix.row(first + i));
                    }
                }
                Plan::Bytes(tree) => {
                    let mut top = 0;
                    for step in &self.steps[tree.steps.clone()] {
                        self.step(step, columns, &mut stack, &mut top);
                    }
                    let leaf = &tree.leaves;
                    if tree.steps.is_empty() {
                        sums.iter_mut().for_each(|s| *s += leaf[0]);
                    } else {
                        for (sum, &at) in sums.iter_mut().zip(&stack[0]) {
                            *sum += leaf[at as usize];
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, step: &Step, columns: &[Bytes], stack: &mut [Bytes; STACK], top: &mut usize) {
        let column = &columns[step.column as usize];
        let bound = step.bound;
        match step.n_sets {
            0 => pick(step, stack, top, column, |c| c <= bound),
            1 => pick(step, stack, top, column, |c| c & bound != 0),
            n => {
                let mut hit = [0u8; BLOCK];
                let bits = &self.sets[step.set as usize..][..n as usize];
                for (bits, column) in bits.iter().zip(&columns[step.column as usize..]) {
                    for (h, c) in hit.iter_mut().zip(column) {
                        *h |= c & bits;
                    }
                }
                pick(step, stack, top, &hit, |c| c != 0);
            }
        }
    }
}

/// Picks the left or the right side of a split in every row. Loops over whole blocks without an index and without a
/// branch: the compiler makes vector code of them.
#[inline(always)]
fn pick(step: &Step, stack: &mut [Bytes; STACK], top: &mut usize, column: &Bytes, left: impl Fn(u8) -> bool) {
    let (l, r) = (step.left, step.right);
    match step.sides {
        Sides::LeafLeaf => {
            for (o, &c) in stack[*top % STACK].iter_mut().zip(column) {
                *o = if left(c) { l } else { r };
            }
            *top += 1;
        }
        Sides::LeafNode => {
            for (o, &c) in stack[(*top - 1) % STACK].iter_mut().zip(column) {
                let node = *o;
                *o = if left(c) { l } else { node };
            }
        }
        Sides::NodeLeaf => {
            for (o, &c) in stack[(*top - 1) % STACK].iter_mut().zip(column) {
                let node = *o;
                *o = if left(c) { node } else { r };
            }
        }
        Sides::NodeNode | Sides::NodeNodeSwapped => {
            let (below, above) = stack.split_at_mut(*top - 1);
            let (Some(under), Some(over)) = (below.last_mut(), above.first()) else { return };
            if matches!(step.sides, Sides::NodeNode) {
                for ((u, &o), &c) in under.iter_mut().zip(over).zip(column) {
                    let node = *u;
                    *u = if left(c) { node } else { o };
                }
            } else {
                for ((u, &o), &c) in under.iter_mut().zip(over).zip(column) {
                    let node = *u;
                    *u = if left(c) { o } else { node };
                }
            }
            *top -= 1;
        }
    }
}
