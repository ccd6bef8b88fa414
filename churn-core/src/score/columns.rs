//! Values as bytes: on which side of the model's own thresholds each lies.
//!
//! A split only asks on which side of a threshold a value lies, or whether a code is in a set. So a numeric feature
//! becomes ranks among the thresholds that the trees compare it with, and a categorical one classes of codes that no
//! split tells apart; a split is then one comparison of bytes, the same for 16 to 64 rows an instruction.

use crate::features::FeatureMatrix;
use crate::model::{Tree, TreeNode, ZERO_BAND};
use std::collections::BTreeMap;

/// Rows of a block: their bytes of a few dozen features and the stack stay in the first cache.
pub(crate) const BLOCK: usize = 512;
/// Ranks of one byte column; one value is left for missing.
const CHUNK: usize = 254;
/// Most classes of codes that a categorical feature may have to be tested in bytes.
const MAX_CLASSES: usize = 64;

/// Most codes that are sorted into classes; beyond, a file could ask for much work with few bytes.
const MAX_CODES: usize = 4096;

/// One byte a row of a block.
pub(crate) type Bytes = [u8; BLOCK];

/// A numeric feature with the thresholds that the model compares it with.
struct Ranks {
    feature: usize,
    zero_is_missing: bool,
    cuts: Vec<f64>,
    /// (first threshold, whether missing ranks below all, column).
    columns: Vec<(usize, bool, usize)>,
}

/// A categorical feature: codes that no split tells apart share a class; class `c` is bit `c % 8` of column `c / 8`.
struct Classes {
    feature: usize,
    class_of: Vec<u8>,
    other: u8,
    missing: u8,
    columns: std::ops::Range<usize>,
}

/// The byte columns of a set of trees.
pub(crate) struct Columns {
    ranks: Vec<Ranks>,
    classes: Vec<Classes>,
    /// Index into `classes` of each categorical feature; `None` where it has too many.
    class_index: BTreeMap<usize, Option<usize>>,
    n: usize,
}

/// How a split of the model is tested in bytes.
pub(crate) enum Test {
    /// Bytes up to the bound go left.
    Rank { column: usize, bound: u8 },
    /// Bytes that share a bit with those of the same column go left, in any of the columns from the first.
    Classes { first: usize, bits: Vec<u8> },
}

impl Test {
    /// Writes 1 for the rows that go left, 0 for the others.
    #[inline(always)]
    pub fn left(&self, columns: &[Bytes], out: &mut Bytes) {
        match self {
            Test::Rank { column, bound } => {
                for (o, c) in out.iter_mut().zip(&columns[*column]) {
                    *o = u8::from(c <= bound);
                }
            }
            Test::Classes { first, bits } => {
                let mut hit = [0u8; BLOCK];
                for (bits, column) in bits.iter().zip(&columns[*first..]) {
                    for (h, c) in hit.iter_mut().zip(column) {
                        *h |= c & bits;
                    }
                }
                for (o, h) in out.iter_mut().zip(&hit) {
                    *o = u8::from(*h != 0);
                }
            }
        }
    }
}

impl Columns {
    /// The columns that the splits of these (checked) trees need; filled in by [`test`](Columns::test).
    pub fn new<'a>(trees: impl Iterator<Item = &'a Tree> + Clone) -> Columns {
        let mut columns = Columns { ranks: Vec::new(), classes: Vec::new(), class_index: BTreeMap::new(), n: 0 };
        columns.find_cuts(trees.clone());
        columns.find_classes(trees);
        columns
    }

    /// Number of byte columns.
    pub fn len(&self) -> usize {
        self.n
    }

    /// The bytes of rows `first..first + n` (at most [`BLOCK`]); `out` has [`len`](Columns::len) columns.
    #[inline(always)]
    pub fn fill(&self, matrix: &FeatureMatrix, first: usize, n: usize, ranks: &mut Vec<u32>, out: &mut [Bytes]) {
        ranks.resize(BLOCK, 0);
        for source in &self.ranks {
            source.fill(matrix, first, n, ranks, out);
        }
        for source in &self.classes {
            source.fill(matrix, first, n, out);
        }
    }

    fn find_cuts<'a>(&mut self, trees: impl Iterator<Item = &'a Tree>) {
        let mut cuts: BTreeMap<(usize, bool), Vec<f64>> = BTreeMap::new();
        for node in trees.flat_map(|t| &t.nodes) {
            let (key, threshold) = match node {
                TreeNode::Number { feature, threshold, .. } => ((*feature as usize, false), *threshold),
                TreeNode::NumberNotZero { feature, threshold, .. } => ((*feature as usize, true), *threshold),
                _ => continue,
            };
            // -0.0 and 0.0 are one threshold.
            cuts.entry(key).or_default().push(threshold + 0.0);
        }
        for ((feature, zero_is_missing), mut cuts) in cuts {
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
            self.ranks.push(Ranks { feature, zero_is_missing, cuts, columns: Vec::new() });
        }
    }

    /// The classes of each categorical feature: codes that every split sends the same way share one.
    fn find_classes<'a>(&mut self, trees: impl Iterator<Item = &'a Tree>) {
        let mut sets: BTreeMap<usize, Vec<&TreeNode>> = BTreeMap::new();
        for node in trees.flat_map(|t| &t.nodes) {
            if let TreeNode::Category { feature, .. } | TreeNode::WideCategory { feature, .. } = node {
                sets.entry(*feature as usize).or_default().push(node);
            }
        }
        for (feature, nodes) in sets {
            let n_codes = nodes.iter().map(|n| n_codes(n)).max().unwrap_or(0);
            if n_codes > MAX_CODES {
                self.class_index.insert(feature, None);
                continue;
            }
            // A code's signature: which of the splits send it left. Refined split by split.
            let mut class_of = vec![0u8; n_codes + 2];
            let mut n_classes = 1usize;
            for node in nodes {
                let mut next: BTreeMap<(u8, bool), u8> = BTreeMap::new();
                for (code, class) in class_of.iter_mut().enumerate() {
                    let left = node.takes_left(value_of(code, n_codes));
                    let n = next.len();
                    *class = *next.entry((*class, left)).or_insert(n.min(255) as u8);
                }
                n_classes = next.len();
                if n_classes > MAX_CLASSES {
                    break;
                }
            }
            if n_classes > MAX_CLASSES {
                self.class_index.insert(feature, None);
                continue;
            }
            let columns = self.n..self.n + n_classes.div_ceil(8);
            self.n = columns.end;
            let (other, missing) = (class_of[n_codes], class_of[n_codes + 1]);
            class_of.truncate(n_codes);
            self.class_index.insert(feature, Some(self.classes.len()));
            self.classes.push(Classes { feature, class_of, other, missing, columns });
        }
    }

    /// How a split is tested; `None` where it cannot be in bytes, and for leaves.
    pub fn test(&mut self, node: &TreeNode) -> Option<Test> {
        match node {
            TreeNode::Number { feature, threshold, missing_left, .. }
            | TreeNode::NumberNotZero { feature, threshold, missing_left, .. } => {
                let zero = matches!(node, TreeNode::NumberNotZero { .. });
                let ranks = self.ranks.iter_mut();
                let ranks = ranks.into_iter().find(|r| r.feature == *feature as usize && r.zero_is_missing == zero)?;
                let k = ranks.cuts.partition_point(|c| *c < *threshold);
                let first = k / CHUNK * CHUNK;
                let known = ranks.columns.iter().find(|(f, m, _)| *f == first && m == missing_left);
                let column = match known {
                    Some((_, _, column)) => *column,
                    None => {
                        let column = self.n;
                        self.n += 1;
                        ranks.columns.push((first, *missing_left, column));
                        column
                    }
                };
                Some(Test::Rank { column, bound: (k - first) as u8 + u8::from(*missing_left) })
            }
            TreeNode::Category { feature, .. } | TreeNode::WideCategory { feature, .. } => {
                let classes = &self.classes[self.class_index.get(&(*feature as usize)).copied()??];
                let mut bits = vec![0u8; classes.columns.len()];
                let n = classes.class_of.len();
                let all = classes.class_of.iter().copied().chain([classes.other, classes.missing]);
                for (code, class) in all.enumerate() {
                    if node.takes_left(value_of(code, n)) {
                        bits[class as usize / 8] |= 1 << (class % 8);
                    }
                }
                Some(Test::Classes { first: classes.columns.start, bits })
            }
            TreeNode::Leaf { .. } => None,
        }
    }
}

impl Ranks {
    #[inline(always)]
    fn fill(&self, matrix: &FeatureMatrix, first: usize, n: usize, ranks: &mut [u32], columns: &mut [Bytes]) {
        const MISSING: u32 = u32::MAX;
        for (i, rank) in ranks[..n].iter_mut().enumerate() {
            let x = matrix.row(first + i)[self.feature];
            let missing = x.is_nan() || (self.zero_is_missing && x.abs() <= ZERO_BAND);
            let found = match self.cuts.as_slice() {
                [cut] => u32::from(x > *cut),
                cuts => cuts.partition_point(|c| *c < x) as u32,
            };
            *rank = if missing { MISSING } else { found };
        }
        for &(cut, missing_first, column) in &self.columns {
            let out = &mut columns[column];
            let cut = cut as u32;
            // Ranks within the chunk; missing is 0 below all, or 255 above all.
            let (shift, missing) = if missing_first { (1, 0) } else { (0, 255) };
            for (o, &rank) in out[..n].iter_mut().zip(ranks.iter()) {
                let local = rank.saturating_sub(cut).min(CHUNK as u32) as u8 + shift;
                *o = if rank == MISSING { missing } else { local };
            }
        }
    }
}

impl Classes {
    #[inline(always)]
    fn fill(&self, matrix: &FeatureMatrix, first: usize, n: usize, columns: &mut [Bytes]) {
        let columns = &mut columns[self.columns.clone()];
        for i in 0..n {
            let x = matrix.row(first + i)[self.feature];
            let class = if x.is_nan() {
                self.missing
            } else if x >= 0.0 && x < self.class_of.len() as f64 {
                self.class_of[x as usize]
            } else {
                self.other
            };
            for (c, column) in columns.iter_mut().enumerate() {
                column[i] = if class as usize / 8 == c { 1 << (class % 8) } else { 0 };
            }
        }
    }
}

/// One code more than the largest in the split's set.
fn n_codes(node: &TreeNode) -> usize {
    match node {
        TreeNode::Category { .. } => 64,
        TreeNode::WideCategory { set, .. } => 64 * set.len(),
        _ => 0,
    }
}

/// The codes, then one beyond them all, then missing.
fn value_of(code: usize, n_codes: usize) -> f64 {
    if code > n_codes { f64::NAN } else { code as f64 }
}
