//! SHAP values of all trees of a part: the patterns of a block of rows, and what is looked up for them.

use super::tree_shap::{BITS, Group, Lone, Quadrature, Table, Turn, Workspace, split};
use crate::features::FeatureMatrix;
use crate::model::{TreeEnsemble, weighted};
use crate::score::{ALWAYS, BLOCK, Bits, Codes, Conditions, NEVER, PLANES, Program, TOGETHER, WORDS, to_codes};
use pulp::Arch;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Blocks that are explained together by one thread: the tables of all trees pass by once for them.
const BLOCKS: usize = 8;
/// With more slots than this a thread holds those of one block only: 2 MB.
const MANY_SLOTS: usize = 1 << 15;
/// Tables up to this size are kept once they have been made.
const KEPT_TABLES: usize = 96 << 20;
/// A row that is explained alone makes tables up to this size for those that follow: half a millisecond.
const TABLES_OF_A_ROW: usize = 128 << 10;
/// Tables of a larger model are made for a part of its groups at a time, up to this size, and dropped.
const PASSING_TABLES: usize = 32 << 20;

/// Up to eight groups whose patterns are found together.
struct Batch {
    choices: Range<usize>,
    planes: Box<[[u32; PLANES]; TOGETHER]>,
    groups: Range<usize>,
}

/// One turn that a row must take, of an answer of a group.
#[derive(Clone, Copy)]
struct Asked {
    question: u32,
    /// 1 where the path goes right.
    flip: u8,
    bit: u8,
}

/// The trees of one component.
pub(super) struct TreesExplainer {
    conditions: Conditions,
    program: Program,
    batches: Vec<Batch>,
    groups: Vec<Group>,
    lone: Vec<Lone>,
    /// The features that any tree asks for, and for each group the places of its own among them.
    features: Vec<u32>,
    columns: Vec<Vec<usize>>,
    /// What each group asks a row, end to end, and where each group's end.
    asked: Vec<Asked>,
    asked_ends: Vec<usize>,
    /// The features that each group adds to, end to end, and where each group's end.
    added: Vec<u32>,
    added_ends: Vec<usize>,
    /// Bytes of all tables.
    pub table_bytes: usize,
    /// The tables of the groups, where they are kept: each is made when it is first needed for a block, or in its turn.
    tables: Vec<OnceLock<Table>>,
    /// The first group whose turn has not come.
    next: AtomicUsize,
}

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    /// The slots of each block.
    slots: Vec<Vec<Bits>>,
    /// The values of each block, feature by feature.
    values: Vec<Vec<[f64; BLOCK]>>,
    codes: Box<[Bits]>,
    work: Workspace,
}

impl TreesExplainer {
    /// Prepares the trees of a component of this weight, for path-dependent values or for those against a background.
    pub fn new(weight: f64, ensemble: &TreeEnsemble, background: Option<&FeatureMatrix>) -> Self {
        let conditions = Conditions::new(ensemble.trees.iter());
        let (mut groups, mut lone) = (Vec::new(), Vec::new());
        for tree in &ensemble.trees {
            let (some, others) = split(tree, &conditions, |value| weighted(weight, value));
            groups.extend(some);
            lone.extend(others);
        }
        let mut features: Vec<u32> = groups.iter().flat_map(|g| &g.features).copied().collect();
        features.sort_unstable();
        features.dedup();
        let place = |f: &u32| features.binary_search(f).unwrap_or(0);
        let columns = groups.iter().map(|g| g.features.iter().map(place).collect()).collect();
        let (mut asked, mut asked_ends) = (Vec::new(), Vec::new());
        let (mut added, mut added_ends) = (Vec::new(), Vec::new());
        for group in &groups {
            added.extend(&group.features);
            added_ends.push(added.len());
            for (bit, turns) in group.answers.iter().enumerate() {
                asked.extend(turns.iter().map(|&(question, left)| Asked {
                    question,
                    flip: u8::from(!left),
                    bit: bit as u8,
                }));
            }
            asked_ends.push(asked.len());
        }
        if let Some(background) = background {
            hold_against(&mut groups, &mut lone, &asked, &asked_ends, &conditions, background);
        }
        let mut program = Program::new(conditions.len());
        let batches = (0..groups.len()).step_by(TOGETHER).map(|first| {
            let end = (first + TOGETHER).min(groups.len());
            batch(&mut program, first..end, &groups)
        });
        let batches = batches.collect();
        let table_bytes = groups.iter().map(Group::table_bytes).sum();
        let kept = if table_bytes <= KEPT_TABLES { groups.len() } else { 0 };
        TreesExplainer {
            program,
            batches,
            lone,
            columns,
            features,
            asked,
            asked_ends,
            added,
            added_ends,
            table_bytes,
            conditions,
            groups,
            tables: (0..kept).map(|_| OnceLock::new()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The largest number of distinct features on a path.
    pub fn longest(&self) -> usize {
        self.groups.iter().map(Group::longest).chain(self.lone.iter().map(Lone::longest)).max().unwrap_or(0)
    }

    /// Makes all tables, where they are kept.
    pub fn make_tables(&self, quadrature: &Quadrature) {
        self.next.store(self.tables.len(), Relaxed);
        if self.tables.iter().any(|table| table.get().is_none()) {
            let groups = self.groups.par_iter().zip(&self.tables).with_min_len(64);
            groups.for_each(|(group, table)| _ = table.get_or_init(|| group.table(quadrature)));
        }
    }

    /// Makes the next few tables on this thread, where they are kept.
    fn make_some_tables(&self, quadrature: &Quadrature) {
        let mut bytes = 0;
        while bytes < TABLES_OF_A_ROW && self.next.load(Relaxed) < self.tables.len() {
            // Each turn is taken by one thread; another one may have taken the last meanwhile.
            let turn = self.next.fetch_add(1, Relaxed);
            let Some(table) = self.tables.get(turn) else { return };
            table.get_or_init(|| self.groups[turn].table(quadrature));
            bytes += self.groups[turn].table_bytes();
        }
    }

    /// Number of tables that are there.
    #[cfg(test)]
    pub fn tables_made(&self) -> usize {
        self.tables.iter().filter(|table| table.get().is_some()).count()
    }

    /// Adds the SHAP values of all rows to `values`, row-major.
    pub fn explain(&self, matrix: &FeatureMatrix, quadrature: &Quadrature, arch: Arch, values: &mut [f64]) {
        if self.table_bytes <= KEPT_TABLES {
            self.make_tables(quadrature);
            let tables: Vec<&[f64]> =
                self.groups.iter().zip(&self.tables).map(|(g, t)| &**t.get_or_init(|| g.table(quadrature))).collect();
            self.pass(&self.batches, &tables, true, matrix, quadrature, arch, values);
            return;
        }
        let mut start = 0;
        while start < self.batches.len() {
            let (mut end, mut bytes) = (start, 0);
            while end < self.batches.len() && (end == start || bytes < PASSING_TABLES) {
                bytes += self.groups[self.batches[end].groups.clone()].iter().map(Group::table_bytes).sum::<usize>();
                end += 1;
            }
            let batches = &self.batches[start..end];
            let groups = batches[0].groups.start..batches[batches.len() - 1].groups.end;
            let made: Vec<Table> =
                self.groups[groups].par_iter().with_min_len(64).map(|g| g.table(quadrature)).collect();
            let tables: Vec<&[f64]> = made.iter().map(|t| &**t).collect();
            self.pass(batches, &tables, end == self.batches.len(), matrix, quadrature, arch, values);
            start = end;
        }
    }

    /// Adds the values of these batches, whose tables are given, and behind the last those of the lone leaves.
    #[allow(clippy::too_many_arguments)]
    fn pass(
        &self,
        batches: &[Batch],
        tables: &[&[f64]],
        last: bool,
        matrix: &FeatureMatrix,
        quadrature: &Quadrature,
        arch: Arch,
        values: &mut [f64],
    ) {
        let n_features = matrix.n_features();
        let few = matrix.n_rows() < 4 * BLOCKS * BLOCK || self.program.n_slots() > MANY_SLOTS;
        let blocks = if few { 1 } else { BLOCKS };
        let unit = blocks * BLOCK;
        values.par_chunks_mut(unit * n_features).enumerate().for_each_init(Scratch::default, |scratch, (u, out)| {
            // The same code for each instruction set: every one gives the same bits.
            arch.dispatch(
                #[inline(always)]
                || self.unit(batches, tables, last, matrix, quadrature, u * unit, out, scratch),
            );
        });
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn unit(
        &self,
        batches: &[Batch],
        tables: &[&[f64]],
        last: bool,
        matrix: &FeatureMatrix,
        quadrature: &Quadrature,
        first: usize,
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let n_features = matrix.n_features();
        let Scratch { slots, values, codes, work } = scratch;
        let n_blocks = (out.len() / n_features).div_ceil(BLOCK);
        slots.resize_with(n_blocks.max(slots.len()), Vec::new);
        values.resize_with(n_blocks.max(values.len()), Vec::new);
        if codes.is_empty() {
            *codes = vec![[0; WORDS]; 64].into_boxed_slice();
        }
        let Ok(codes) = <&mut Codes>::try_from(&mut **codes) else { return };
        for (b, out) in out.chunks(BLOCK * n_features).enumerate() {
            slots[b].resize(self.program.n_slots(), [0; WORDS]);
            self.conditions.answer_block(matrix, first + b * BLOCK, out.len() / n_features, &mut slots[b]);
            values[b].resize(self.features.len(), [0.0; BLOCK]);
            // On top of what is there already, as one row adds.
            for (column, &feature) in values[b].iter_mut().zip(&self.features) {
                for (value, row) in column.iter_mut().zip(out.chunks_exact(n_features)) {
                    *value = row[feature as usize];
                }
            }
        }
        let base = batches.first().map_or(0, |b| b.groups.start);
        for batch in batches {
            for (b, out) in out.chunks(BLOCK * n_features).enumerate() {
                let words = (out.len() / n_features).div_ceil(64);
                self.program.run(batch.choices.clone(), &mut slots[b]);
                to_codes(&batch.planes, &slots[b], codes);
                for (byte, group) in batch.groups.clone().enumerate() {
                    look_up_group(&self.columns[group], tables[group - base], byte, codes, words, &mut values[b]);
                }
            }
        }
        for (b, out) in out.chunks_mut(BLOCK * n_features).enumerate() {
            for (column, &feature) in values[b].iter().zip(&self.features) {
                for (value, row) in column.iter().zip(out.chunks_exact_mut(n_features)) {
                    row[feature as usize] = *value;
                }
            }
            if last && !self.lone.is_empty() {
                for (r, row) in out.chunks_exact_mut(n_features).enumerate() {
                    let yes = |question: u32| slots[b][question as usize][r / 64] >> (r % 64) & 1 == 1;
                    let mut add = |feature: u32, value: f64| row[feature as usize] += value;
                    self.lone.iter().for_each(|leaf| leaf.add(yes, quadrature, &mut add, work));
                }
            }
        }
    }

    /// Adds the SHAP values of one row to `out` (length n_features), with the bits of [`explain`](Self::explain). Many
    /// rows one by one are worth the tables as well: each makes some.
    pub fn add_row(&self, row: &[f64], quadrature: &Quadrature, out: &mut [f64]) {
        self.make_some_tables(quadrature);
        let mut no = vec![0u8; self.conditions.len()];
        self.conditions.answer_row(row, &mut no);
        // First the patterns, then the tables: what is looked up lies far apart, and so many loads are under way at once.
        let mut patterns = vec![0u8; self.groups.len()];
        let mut start = 0;
        for ((pattern, group), &end) in patterns.iter_mut().zip(&self.groups).zip(&self.asked_ends) {
            *pattern = pattern_of(&self.asked[start..end], group.answers.len(), &no);
            start = end;
        }
        let mut start = 0;
        for (g, (&pattern, &end)) in patterns.iter().zip(&self.added_ends).enumerate() {
            let features = &self.added[start..end];
            start = end;
            let mut fresh = [0.0; BITS];
            let entry = match self.tables.get(g).and_then(OnceLock::get) {
                Some(table) => &table[usize::from(pattern) * features.len()..],
                None => {
                    self.groups[g].values(pattern, quadrature, &mut fresh[..features.len()]);
                    &fresh[..]
                }
            };
            for (&feature, value) in features.iter().zip(entry) {
                out[feature as usize] += value;
            }
        }
        if !self.lone.is_empty() {
            let mut work = Workspace::default();
            let yes = |question: u32| no[question as usize] == 0;
            let mut add = |feature: u32, value: f64| out[feature as usize] += value;
            self.lone.iter().for_each(|leaf| leaf.add(yes, quadrature, &mut add, &mut work));
        }
    }
}

/// The pattern of a row, given 0 for each question that it answers with yes.
#[inline(always)]
fn pattern_of(asked: &[Asked], answers: usize, no: &[u8]) -> u8 {
    let missed = asked.iter().fold(0u8, |m, a| m | (no[a.question as usize] ^ a.flip) << a.bit);
    !missed & (0xffu8 >> (BITS - answers))
}

/// Tells groups and lone leaves how many rows of the background have each pattern.
fn hold_against(
    groups: &mut [Group],
    lone: &mut [Lone],
    asked: &[Asked],
    asked_ends: &[usize],
    conditions: &Conditions,
    background: &FeatureMatrix,
) {
    let n = background.n_rows();
    let answers: Vec<Vec<u8>> = (0..n)
        .map(|r| {
            let mut no = vec![0u8; conditions.len()];
            conditions.answer_row(background.row(r), &mut no);
            no
        })
        .collect();
    groups.par_iter_mut().enumerate().with_min_len(16).for_each(|(g, group)| {
        let start = if g == 0 { 0 } else { asked_ends[g - 1] };
        let mut counts = [0u32; 1 << BITS];
        for no in &answers {
            counts[usize::from(pattern_of(&asked[start..asked_ends[g]], group.answers.len(), no))] += 1;
        }
        group.hold_against(&counts, n);
    });
    lone.par_iter_mut().for_each(|leaf| {
        let rows = answers.iter().map(|no| leaf.known(|question| no[question as usize] == 0)).collect();
        leaf.hold_against(rows);
    });
}

/// The choices that find the patterns of up to eight groups.
fn batch(program: &mut Program, range: Range<usize>, groups: &[Group]) -> Batch {
    let start = program.len();
    program.release_all();
    let mut planes = Box::new([[NEVER; PLANES]; TOGETHER]);
    // Neighbouring groups ask the same of the splits above them.
    let mut known: BTreeMap<&[Turn], u32> = BTreeMap::new();
    for (group, planes) in groups[range.clone()].iter().zip(planes.iter_mut()) {
        for (turns, plane) in group.answers.iter().zip(planes.iter_mut()) {
            *plane = *known.entry(turns.as_slice()).or_insert_with(|| {
                let mut all = ALWAYS;
                for &(question, left) in turns {
                    let before = all;
                    all =
                        if left { program.choose(question, all, NEVER) } else { program.choose(question, NEVER, all) };
                    if program.is_chosen(before) {
                        program.release(before);
                    }
                }
                all
            });
        }
    }
    Batch { choices: start..program.len(), planes, groups: range }
}

/// Adds the entry of each row's pattern, which is this byte of its codes.
#[inline(always)]
fn look_up_group(
    columns: &[usize],
    table: &[f64],
    byte: usize,
    codes: &Codes,
    words: usize,
    values: &mut [[f64; BLOCK]],
) {
    match *columns {
        [a] => look_up([a], table, byte, codes, words, values),
        [a, b] => look_up([a, b], table, byte, codes, words, values),
        [a, b, c] => look_up([a, b, c], table, byte, codes, words, values),
        [a, b, c, d] => look_up([a, b, c, d], table, byte, codes, words, values),
        [a, b, c, d, e] => look_up([a, b, c, d, e], table, byte, codes, words, values),
        [a, b, c, d, e, f] => look_up([a, b, c, d, e, f], table, byte, codes, words, values),
        [a, b, c, d, e, f, g] => look_up([a, b, c, d, e, f, g], table, byte, codes, words, values),
        [a, b, c, d, e, f, g, h] => look_up([a, b, c, d, e, f, g, h], table, byte, codes, words, values),
        _ => {}
    }
}

#[inline(always)]
fn look_up<const K: usize>(
    columns: [usize; K],
    table: &[f64],
    byte: usize,
    codes: &Codes,
    words: usize,
    values: &mut [[f64; BLOCK]],
) {
    // The features of a group are distinct.
    let Ok(columns) = values.get_disjoint_mut(columns) else { return };
    let (entries, _) = table.as_chunks::<K>();
    for w in 0..words {
        for (i, codes) in codes.iter().enumerate() {
            let entry = &entries[usize::from((codes[w] >> (8 * byte)) as u8)];
            let mut k = 0;
            while k < K {
                columns[k][w * 64 + i] += entry[k];
                k += 1;
            }
        }
    }
}
