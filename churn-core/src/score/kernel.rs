//! Many trees, many rows: every split is decided for a block of rows at once, in bits.
//!
//! The distinct questions of the model are answered once for a block (see `conditions`). A tree then is a choice
//! between numbers of leaves: from the leaves up, each split chooses the number of its left or its right side, bit by
//! bit, and one operation does so for 512 rows. Leaves are numbered by the turns on the way to them, so that most
//! splits choose one or two bits, and the splits of a symmetric tree none at all. Only the leaves' values are fetched
//! row by row; they are added in the order of the trees, so that a block has the bits of a plain walk.
//!
//! One row or few walk down, eight trees side by side so that they wait for memory together, by the same answers.
//! Related: QuickScorer (Lucchese et al., 2015) and RapidScorer (Ye et al., 2018), which test all splits too and keep a
//! vector of leaves for each tree.

use super::conditions::{ALWAYS, BLOCK, Bits, Conditions, NEVER, WORDS};
use super::planes::{Codes, PLANES, Program, TOGETHER, to_codes};
use crate::features::FeatureMatrix;
use crate::model::{Tree, TreeNode};
use std::ops::Range;

/// Most leaves of a tree that is evaluated in bits.
const MAX_LEAVES: usize = 1 << PLANES;
/// Trees that one row walks down side by side.
const ABREAST: usize = 8;
/// Trees up to this depth are walked in a fixed number of steps.
const SHALLOW: usize = 12;
/// A plane that nobody asks for.
const ANY: u32 = u32::MAX;
/// Answers of one row that stand on the stack.
const ON_STACK: usize = 2048;

/// The values of a tree's leaves by their numbers.
type Leaves = Box<[f64; MAX_LEAVES]>;

/// What is done for a block, in the order of the trees.
enum Pass {
    /// Up to eight trees: the choices, the planes of each tree's number, the first of their tables.
    Together { choices: Range<usize>, planes: Box<[[u32; PLANES]; TOGETHER]>, tables: Range<usize> },
    /// A tree of too many leaves, walked row by row.
    Walk(usize),
}

/// A node of a walk; the right child follows the left one, a leaf leads to itself.
#[derive(Clone, Copy)]
struct Step {
    question: u32,
    left: u32,
}

/// The trees of one part, prepared.
pub(super) struct Kernel {
    conditions: Conditions,
    program: Program,
    passes: Vec<Pass>,
    tables: Vec<Leaves>,
    steps: Vec<Step>,
    values: Vec<f64>,
    /// First step and depth of each tree.
    roots: Vec<(u32, u32)>,
}

/// Buffers of one thread.
pub(super) struct Scratch {
    slots: Vec<Bits>,
    codes: Box<Codes>,
    sums: Box<[f64; BLOCK]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch { slots: Vec::new(), codes: Box::new([[0; WORDS]; 64]), sums: Box::new([0.0; BLOCK]) }
    }
}

impl Scratch {
    /// The sums of the block's rows.
    pub fn sums(&self) -> &[f64] {
        self.sums.as_slice()
    }
}

impl Kernel {
    /// Prepares (checked) trees.
    pub fn new(trees: &[Tree]) -> Kernel {
        let conditions = Conditions::new(trees.iter());
        let mut kernel = Kernel {
            program: Program::new(conditions.len()),
            conditions,
            passes: Vec::new(),
            tables: Vec::new(),
            steps: Vec::new(),
            values: Vec::new(),
            roots: Vec::new(),
        };
        let fits = |t: &Tree| t.nodes.len() < 2 * MAX_LEAVES;
        let mut from = 0;
        for (i, tree) in trees.iter().enumerate() {
            kernel.add_walk(tree);
            if fits(tree) && i - from + 1 == TOGETHER {
                kernel.add_together(&trees[from..=i]);
                from = i + 1;
            } else if !fits(tree) {
                kernel.add_together(&trees[from..i]);
                kernel.passes.push(Pass::Walk(i));
                from = i + 1;
            }
        }
        kernel.add_together(&trees[from..]);
        kernel
    }

    /// Number of the questions that the trees ask.
    pub fn n_questions(&self) -> usize {
        self.conditions.len()
    }

    fn add_walk(&mut self, tree: &Tree) {
        let first = self.steps.len();
        self.roots.push((first as u32, tree.depth() as u32));
        let mut order = vec![0usize];
        let mut at = 0;
        while at < order.len() {
            let node = &tree.nodes[order[at]];
            let left = match node.split() {
                Some((_, left, right)) => {
                    order.extend([left, right]);
                    order.len() - 2
                }
                None => at,
            };
            self.steps.push(Step { question: self.conditions.of(node), left: (first + left) as u32 });
            self.values.push(if let TreeNode::Leaf { value } = node { *value } else { 0.0 });
            at += 1;
        }
    }

    fn add_together(&mut self, trees: &[Tree]) {
        if trees.is_empty() {
            return;
        }
        let (start, first) = (self.program.len(), self.tables.len());
        let mut planes = Box::new([[NEVER; PLANES]; TOGETHER]);
        self.program.release_all();
        for (tree, planes) in trees.iter().zip(planes.iter_mut()) {
            let numbers = Numbering::new(tree);
            let mut table = Box::new([0.0; MAX_LEAVES]);
            for (node, &(number, asked)) in tree.nodes.iter().zip(&numbers.of) {
                if let TreeNode::Leaf { value } = node {
                    let mine = |i: usize| i & usize::from(asked) == usize::from(number);
                    table.iter_mut().enumerate().filter(|(i, _)| mine(*i)).for_each(|(_, v)| *v = *value);
                }
            }
            self.tables.push(table);
            for (plane, slot) in planes.iter_mut().zip(self.choices(tree, &numbers)) {
                *plane = if slot == ANY { NEVER } else { slot };
            }
        }
        self.passes.push(Pass::Together {
            choices: start..self.program.len(),
            planes,
            tables: first..self.tables.len(),
        });
    }

    /// The planes of the number of the leaf that a row falls into.
    fn choices(&mut self, tree: &Tree, numbers: &Numbering) -> [u32; PLANES] {
        // What was evaluated and waits for its sibling; the side of more leaves goes first, so that few wait.
        let mut waiting: Vec<[u32; PLANES]> = Vec::new();
        let mut open = vec![(0usize, false)];
        while let Some((at, ready)) = open.pop() {
            let Some((_, left, right)) = tree.nodes[at].split() else {
                let (number, asked) = numbers.of[at];
                waiting.push(std::array::from_fn(|p| match (asked >> p & 1, number >> p & 1) {
                    (0, _) => ANY,
                    (_, 0) => NEVER,
                    _ => ALWAYS,
                }));
                continue;
            };
            let left_first = numbers.leaves[left] >= numbers.leaves[right];
            if !ready {
                open.push((at, true));
                open.extend(if left_first { [(right, false), (left, false)] } else { [(left, false), (right, false)] });
                continue;
            }
            let (Some(last), Some(first)) = (waiting.pop(), waiting.pop()) else { continue };
            let (left, right) = if left_first { (first, last) } else { (last, first) };
            let question = self.conditions.of(&tree.nodes[at]);
            let mut chosen = [ANY; PLANES];
            for ((chosen, &l), &r) in chosen.iter_mut().zip(&left).zip(&right) {
                *chosen = match (l, r) {
                    (ANY, one) | (one, ANY) => one,
                    (l, r) => self.program.choose(question, l, r),
                };
            }
            for slot in left.into_iter().chain(right) {
                if slot != ANY && self.program.is_chosen(slot) && !chosen.contains(&slot) {
                    self.program.release(slot);
                }
            }
            waiting.push(chosen);
        }
        waiting.pop().unwrap_or([ANY; PLANES])
    }

    /// The sums of the trees for rows `first..first + n` (at most a block), left in `scratch`.
    #[inline(always)]
    pub fn block(&self, trees: &[Tree], matrix: &FeatureMatrix, first: usize, n: usize, scratch: &mut Scratch) {
        let Scratch { slots, codes, sums } = scratch;
        slots.resize(self.program.n_slots(), [0; WORDS]);
        if !self.tables.is_empty() {
            self.conditions.answer_block(matrix, first, n, slots);
        }
        // The neutral element of `Iterator::sum`.
        sums.fill(-0.0);
        for pass in &self.passes {
            match pass {
                Pass::Walk(tree) => {
                    let tree = &trees[*tree];
                    for (r, sum) in sums[..n].iter_mut().enumerate() {
                        *sum += tree.value(matrix.row(first + r));
                    }
                }
                Pass::Together { choices, planes, tables } => {
                    self.program.run(choices.clone(), slots);
                    to_codes(planes, slots, codes);
                    let words = n.div_ceil(64);
                    let tables = &self.tables[tables.clone()];
                    // The usual case once more, of a length that the compiler knows.
                    match <&[Leaves; TOGETHER]>::try_from(tables) {
                        Ok(eight) => add(eight, codes, words, sums),
                        Err(_) => add(tables, codes, words, sums),
                    }
                }
            }
        }
    }

    /// The sum of the trees for one row.
    #[inline]
    pub fn row(&self, row: &[f64]) -> f64 {
        let n = self.n_questions();
        if n <= ON_STACK { self.walk(row, &mut [0; ON_STACK][..n]) } else { self.walk(row, &mut vec![0; n]) }
    }

    #[inline]
    fn walk(&self, row: &[f64], no: &mut [u8]) -> f64 {
        self.conditions.answer_row(row, no);
        let next = |at: u32| {
            let step = self.steps[at as usize];
            step.left + u32::from(no[step.question as usize])
        };
        let mut sum = -0.0;
        for roots in self.roots.chunks(ABREAST) {
            let depth = roots.iter().map(|r| r.1).max().unwrap_or(0);
            let mut at = [roots[0].0; ABREAST];
            for (at, root) in at.iter_mut().zip(roots) {
                *at = root.0;
            }
            if depth as usize <= SHALLOW {
                for _ in 0..depth {
                    at = at.map(next);
                }
            } else {
                for at in &mut at[..roots.len()] {
                    while self.steps[*at as usize].question != ALWAYS {
                        *at = next(*at);
                    }
                }
            }
            for &at in &at[..roots.len()] {
                sum += self.values[at as usize];
            }
        }
        sum
    }
}

/// Adds the leaves of the trees, in their order.
#[inline(always)]
fn add(tables: &[Leaves], codes: &Codes, words: usize, sums: &mut [f64; BLOCK]) {
    for (w, sums) in sums.as_chunks_mut::<64>().0.iter_mut().enumerate().take(words) {
        for (sum, codes) in sums.iter_mut().zip(codes) {
            for (table, leaf) in tables.iter().zip(codes[w].to_le_bytes()) {
                *sum += table[usize::from(leaf)];
            }
        }
    }
}

/// Numbers of the leaves of a tree.
struct Numbering {
    /// For each node: a leaf's number, and which of its bits tell it from others.
    of: Vec<(u8, u8)>,
    /// Leaves below each node, itself included.
    leaves: Vec<usize>,
}

impl Numbering {
    /// Numbers at most 256 leaves.
    fn new(tree: &Tree) -> Numbering {
        let n = tree.nodes.len();
        let (mut leaves, mut height) = (vec![1usize; n], vec![0usize; n]);
        for i in (0..n).rev() {
            if let Some((_, left, right)) = tree.nodes[i].split() {
                leaves[i] = leaves[left] + leaves[right];
                height[i] = 1 + height[left].max(height[right]);
            }
        }
        let mut of = vec![(0u8, 0u8); n];
        // (node, its number so far, the bits that are set so far, bits left)
        let mut open = vec![(0usize, 0u8, 0u8, PLANES)];
        while let Some((at, number, asked, bits)) = open.pop() {
            let Some((_, left, right)) = tree.nodes[at].split() else {
                of[at] = (number, asked);
                continue;
            };
            // One bit says the turn at this split; the lower ones are left to both sides.
            let bits = bits.min(height[at]);
            let half = 1usize << (bits - 1);
            if height[at] <= bits || (leaves[left] <= half && leaves[right] <= half) {
                let bit = half as u8;
                open.push((right, number, asked | bit, bits - 1));
                open.push((left, number | bit, asked | bit, bits - 1));
                continue;
            }
            // One side has more leaves than half of the numbers: they are counted through.
            let mut below = vec![at];
            let mut count = 0;
            while let Some(at) = below.pop() {
                match tree.nodes[at].split() {
                    Some((_, left, right)) => below.extend([right, left]),
                    None => {
                        of[at] = (number | count as u8, asked | ((1usize << bits) - 1) as u8);
                        count += 1;
                    }
                }
            }
        }
        Numbering { of, leaves }
    }
}
