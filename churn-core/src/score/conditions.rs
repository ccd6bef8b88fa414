//! The distinct questions that a model's splits ask, and their answers: one bit a row.
//!
//! Thousands of splits share a few hundred questions, because learners choose thresholds from few and the same columns
//! come again and again. So each question is answered once for a block of rows, and all trees read the answers. The
//! answers to `value <= threshold` of one feature are nested: with the thresholds in order, a row answers no up to
//! its rank and yes from there on, and a block's answers follow from one search a row and one pass over the thresholds.

use crate::features::FeatureMatrix;
use crate::model::{Tree, TreeNode, ZERO_BAND};
use std::collections::BTreeMap;

/// Rows of a block.
pub(crate) const BLOCK: usize = 512;
/// Words of a block's answers.
pub(crate) const WORDS: usize = BLOCK / 64;

/// One bit a row of a block: row `r` is bit `r % 64` of word `r / 64`.
pub(crate) type Bits = [u64; WORDS];

/// The question that every row answers with no.
pub(crate) const NEVER: u32 = 0;
/// The question that every row answers with yes.
pub(crate) const ALWAYS: u32 = 1;
/// Questions that are there in any case.
const GIVEN: usize = 2;

/// Fewer thresholds than this are compared one by one.
const FEW_CUTS: usize = 4;
/// Most classes of codes, one bit each; a feature with more is asked node by node.
const MAX_CLASSES: usize = 64;
/// Most codes that are sorted into classes; beyond, a file could ask for much work with few bytes.
const MAX_CODES: usize = 4096;

/// `value <= cut` for the cuts of one feature.
struct Cuts {
    feature: usize,
    zero_is_missing: bool,
    /// Rising; twice where missing values go both ways.
    cuts: Vec<f64>,
    /// Whether a missing value answers yes.
    missing: Vec<bool>,
    /// Number of the first question.
    first: usize,
}

/// `code in set` for the sets of one feature.
struct Sets {
    feature: usize,
    /// Rising; the words of the set without trailing zeros, and whether a missing value answers yes.
    sets: Vec<(Vec<u64>, bool)>,
    /// Codes that no set tells apart share a class; `None` where there are too many.
    classes: Option<Classes>,
    first: usize,
}

struct Classes {
    class_of: Vec<u8>,
    other: u8,
    missing: u8,
    n: usize,
    /// The classes of each set.
    masks: Vec<u64>,
}

/// The distinct questions of a set of trees, numbered; [`NEVER`] and [`ALWAYS`] come first.
pub(crate) struct Conditions {
    cuts: Vec<Cuts>,
    sets: Vec<Sets>,
    /// Index into `cuts` by feature and whether zero is missing, into `sets` by feature.
    cuts_of: BTreeMap<(usize, bool), usize>,
    sets_of: BTreeMap<usize, usize>,
    n: usize,
}

impl Conditions {
    /// The questions of these (checked) trees.
    pub fn new<'a>(trees: impl Iterator<Item = &'a Tree>) -> Conditions {
        let mut cuts: BTreeMap<(usize, bool), Vec<(f64, bool)>> = BTreeMap::new();
        let mut sets: BTreeMap<usize, Vec<(Vec<u64>, bool)>> = BTreeMap::new();
        for node in trees.flat_map(|t| &t.nodes) {
            if let Some((key, cut)) = cut_of(node) {
                cuts.entry(key).or_default().push(cut);
            } else if let Some((feature, set)) = set_of(node) {
                sets.entry(feature).or_default().push(set);
            }
        }
        let mut all = Conditions {
            cuts: Vec::new(),
            sets: Vec::new(),
            cuts_of: BTreeMap::new(),
            sets_of: BTreeMap::new(),
            n: GIVEN,
        };
        for ((feature, zero_is_missing), mut asked) in cuts {
            asked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            asked.dedup();
            let (cuts, missing): (Vec<f64>, Vec<bool>) = asked.into_iter().unzip();
            all.cuts_of.insert((feature, zero_is_missing), all.cuts.len());
            let first = all.n;
            all.n += cuts.len();
            all.cuts.push(Cuts { feature, zero_is_missing, cuts, missing, first });
        }
        for (feature, mut asked) in sets {
            asked.sort();
            asked.dedup();
            all.sets_of.insert(feature, all.sets.len());
            let first = all.n;
            all.n += asked.len();
            all.sets.push(Sets { feature, classes: Classes::new(&asked), sets: asked, first });
        }
        all
    }

    /// Number of questions.
    pub fn len(&self) -> usize {
        self.n
    }

    /// The question that a split of these trees asks: yes goes left. [`ALWAYS`] for a leaf.
    pub fn of(&self, node: &TreeNode) -> u32 {
        let found = match (cut_of(node), set_of(node)) {
            (Some((key, (cut, missing))), _) => self.cuts_of.get(&key).map(|&i| {
                let cuts = &self.cuts[i];
                let mut at = cuts.cuts.partition_point(|c| *c < cut);
                at += usize::from(missing && !cuts.missing[at]);
                cuts.first + at
            }),
            (_, Some((feature, set))) => self.sets_of.get(&feature).and_then(|&i| {
                let sets = &self.sets[i];
                sets.sets.binary_search(&set).ok().map(|at| sets.first + at)
            }),
            _ => None,
        };
        found.map_or(ALWAYS, |n| n as u32)
    }

    /// The answers of rows `first..first + n` (at most [`BLOCK`]), for each question; those beyond `n` are any.
    #[inline(always)]
    pub fn answer_block(&self, matrix: &FeatureMatrix, first: usize, n: usize, out: &mut [Bits]) {
        out[NEVER as usize] = [0; WORDS];
        out[ALWAYS as usize] = [!0; WORDS];
        let width = matrix.n_features();
        let rows = &matrix.values()[first * width..(first + n) * width];
        let mut column = [f64::NAN; BLOCK];
        for cuts in &self.cuts {
            for (x, row) in column.iter_mut().zip(rows.chunks_exact(width)) {
                *x = row[cuts.feature];
            }
            cuts.answer_block(&column, n, &mut out[cuts.first..][..cuts.cuts.len()]);
        }
        for sets in &self.sets {
            for (x, row) in column.iter_mut().zip(rows.chunks_exact(width)) {
                *x = row[sets.feature];
            }
            sets.answer_block(&column, n, &mut out[sets.first..][..sets.sets.len()]);
        }
    }

    /// For each question, 0 where the row answers yes (and goes left), 1 where no.
    #[inline]
    pub fn answer_row(&self, row: &[f64], no: &mut [u8]) {
        no[NEVER as usize] = 1;
        no[ALWAYS as usize] = 0;
        for cuts in &self.cuts {
            cuts.answer_row(row[cuts.feature], &mut no[cuts.first..][..cuts.cuts.len()]);
        }
        for sets in &self.sets {
            sets.answer_row(row[sets.feature], &mut no[sets.first..][..sets.sets.len()]);
        }
    }
}

/// A split on a number: its feature, whether zero is missing, the threshold and whether a missing value goes left.
fn cut_of(node: &TreeNode) -> Option<((usize, bool), (f64, bool))> {
    let (feature, zero, threshold, missing) = match node {
        TreeNode::Number { feature, threshold, missing_left, .. } => (feature, false, threshold, missing_left),
        TreeNode::NumberNotZero { feature, threshold, missing_left, .. } => (feature, true, threshold, missing_left),
        _ => return None,
    };
    // -0.0 and 0.0 are one threshold.
    Some(((*feature as usize, zero), (threshold + 0.0, *missing)))
}

/// A split on codes: its feature, the words of its set, and whether a missing value goes left.
fn set_of(node: &TreeNode) -> Option<(usize, (Vec<u64>, bool))> {
    let (feature, mut words, missing) = match node {
        TreeNode::Category { feature, set, missing_left, .. } => (feature, vec![*set], missing_left),
        TreeNode::WideCategory { feature, set, missing_left, .. } => (feature, set.to_vec(), missing_left),
        _ => return None,
    };
    while words.last() == Some(&0) {
        words.pop();
    }
    Some((*feature as usize, (words, *missing)))
}

/// Whether a code is in a set; what is no code is in none.
fn holds(set: &[u64], code: f64) -> bool {
    code >= 0.0 && code < 64.0 * set.len() as f64 && set[code as usize / 64] >> (code as usize % 64) & 1 == 1
}

impl Cuts {
    #[inline(always)]
    fn is_missing(&self, x: f64) -> bool {
        x.is_nan() || (self.zero_is_missing && x.abs() <= ZERO_BAND)
    }

    #[inline(always)]
    fn answer_block(&self, column: &[f64; BLOCK], n: usize, out: &mut [Bits]) {
        let mut missing = [0u64; WORDS];
        let words = column.as_chunks::<64>().0;
        for (m, xs) in missing.iter_mut().zip(words) {
            *m = bits(xs, |x| self.is_missing(x));
        }
        if self.cuts.len() < FEW_CUTS {
            for ((out, &cut), &left) in out.iter_mut().zip(&self.cuts).zip(&self.missing) {
                for ((o, xs), m) in out.iter_mut().zip(words).zip(&missing) {
                    let known = bits(xs, |x| x <= cut);
                    *o = if left { known | m } else { known & !m };
                }
            }
            return;
        }
        // Each row is noted at the first cut that is not below it ...
        out.fill([0; WORDS]);
        for (r, &x) in column[..n].iter().enumerate() {
            let at = self.cuts.partition_point(|c| *c < x);
            let known = !missing[r / 64] & (1 << (r % 64));
            if let Some(bits) = out.get_mut(at) {
                bits[r / 64] |= known;
            }
        }
        // ... and answers yes from there on.
        let mut yes = [0u64; WORDS];
        for (out, &left) in out.iter_mut().zip(&self.missing) {
            for ((y, o), m) in yes.iter_mut().zip(out).zip(&missing) {
                *y |= *o;
                *o = if left { *y | m } else { *y };
            }
        }
    }

    #[inline]
    fn answer_row(&self, x: f64, no: &mut [u8]) {
        if self.is_missing(x) {
            for (no, left) in no.iter_mut().zip(&self.missing) {
                *no = u8::from(!left);
            }
        } else {
            let at = self.cuts.partition_point(|c| *c < x);
            no[..at].fill(1);
            no[at..].fill(0);
        }
    }
}

/// One bit a value.
#[inline(always)]
fn bits(values: &[f64; 64], is: impl Fn(f64) -> bool) -> u64 {
    let mut out = 0u64;
    for (i, &x) in values.iter().enumerate() {
        out |= u64::from(is(x)) << i;
    }
    out
}

impl Sets {
    #[inline(always)]
    fn answer_block(&self, column: &[f64; BLOCK], n: usize, out: &mut [Bits]) {
        let Some(classes) = &self.classes else {
            out.fill([0; WORDS]);
            for (out, (set, missing)) in out.iter_mut().zip(&self.sets) {
                for (r, &x) in column[..n].iter().enumerate() {
                    let yes = if x.is_nan() { *missing } else { holds(set, x) };
                    out[r / 64] |= u64::from(yes) << (r % 64);
                }
            }
            return;
        };
        let mut members = [[0u64; WORDS]; MAX_CLASSES];
        for (r, &x) in column[..n].iter().enumerate() {
            members[usize::from(classes.of(x)) % MAX_CLASSES][r / 64] |= 1 << (r % 64);
        }
        for (out, &mask) in out.iter_mut().zip(&classes.masks) {
            let mut yes = [0u64; WORDS];
            for (class, members) in members.iter().enumerate().take(classes.n) {
                if mask >> class & 1 == 1 {
                    for (y, m) in yes.iter_mut().zip(members) {
                        *y |= m;
                    }
                }
            }
            *out = yes;
        }
    }

    #[inline]
    fn answer_row(&self, x: f64, no: &mut [u8]) {
        match &self.classes {
            Some(classes) => {
                let class = classes.of(x);
                for (no, mask) in no.iter_mut().zip(&classes.masks) {
                    *no = u8::from(mask >> class & 1 == 0);
                }
            }
            None => {
                for (no, (set, missing)) in no.iter_mut().zip(&self.sets) {
                    *no = u8::from(!if x.is_nan() { *missing } else { holds(set, x) });
                }
            }
        }
    }
}

impl Classes {
    /// Sorts the codes into classes: those that every set answers alike share one.
    fn new(sets: &[(Vec<u64>, bool)]) -> Option<Classes> {
        let n_codes = 64 * sets.iter().map(|(set, _)| set.len()).max().unwrap_or(0);
        if n_codes > MAX_CODES {
            return None;
        }
        // The codes, then one beyond them all, then missing.
        let mut class_of = vec![0u8; n_codes + 2];
        let answer = |(set, missing): &(Vec<u64>, bool), code: usize| {
            if code > n_codes { *missing } else { holds(set, code as f64) }
        };
        let mut n = 1;
        for set in sets {
            let mut next: BTreeMap<(u8, bool), u8> = BTreeMap::new();
            for (code, class) in class_of.iter_mut().enumerate() {
                let new = next.len().min(255) as u8;
                *class = *next.entry((*class, answer(set, code))).or_insert(new);
            }
            n = next.len();
            if n > MAX_CLASSES {
                return None;
            }
        }
        let mask = |set: &(Vec<u64>, bool)| {
            class_of.iter().enumerate().fold(0u64, |mask, (code, class)| mask | u64::from(answer(set, code)) << class)
        };
        let masks = sets.iter().map(mask).collect();
        let (other, missing) = (class_of[n_codes], class_of[n_codes + 1]);
        class_of.truncate(n_codes);
        Some(Classes { class_of, other, missing, n, masks })
    }

    #[inline(always)]
    fn of(&self, x: f64) -> u8 {
        if x.is_nan() {
            self.missing
        } else if x >= 0.0 && x < self.class_of.len() as f64 {
            self.class_of[x as usize]
        } else {
            self.other
        }
    }
}
