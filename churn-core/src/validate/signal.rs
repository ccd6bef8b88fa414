//! A column as a few levels, and what the levels say about the label.
//!
//! Leaks, the AUC to expect and the readiness checks all ask the same question, "what does this column alone say?",
//! and answer it from counts of a level's rows and leavers. A row's own label never speaks for it: shares are taken
//! from the other folds, or every unique id would look like an oracle.

use crate::metrics;
use crate::schema::level_key;
use crate::table::ColumnData;
use std::collections::HashMap;

/// Folds for shares that must not see their own row.
pub(super) const FOLDS: usize = 5;

/// The labelled rows that are looked at, with what every check needs to know of the labels.
#[derive(Debug)]
pub(super) struct Labels {
    /// Rows of the table, ascending.
    pub rows: Vec<usize>,
    /// Their labels.
    pub y: Vec<bool>,
    /// Their folds: equally many leavers in each.
    pub folds: Vec<u8>,
    /// Leavers.
    pub n_positive: usize,
}

impl Labels {
    /// At most `limit` of the labelled rows, evenly spread.
    pub fn new(labels: &[Option<bool>], limit: usize) -> Labels {
        let all: Vec<usize> = (0..labels.len()).filter(|&r| labels[r].is_some()).collect();
        let rows: Vec<usize> = if all.len() <= limit {
            all
        } else {
            (0..limit).map(|i| all[(i as u128 * all.len() as u128 / limit as u128) as usize]).collect()
        };
        let y: Vec<bool> = rows.iter().filter_map(|&r| labels[r]).collect();
        let mut seen = [0usize; 2];
        let folds = y.iter().map(|&y| {
            let count = &mut seen[usize::from(y)];
            *count += 1;
            // A multiplicative step, so that sorted or periodic tables do not put one stretch into one fold.
            ((*count).wrapping_mul(0x9E37_79B9) >> 7) as u8 % FOLDS as u8
        });
        let folds = folds.collect();
        let n_positive = y.iter().filter(|&&y| y).count();
        Labels { rows, y, folds, n_positive }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn n_negative(&self) -> usize {
        self.len() - self.n_positive
    }

    /// Share of leavers.
    pub fn base(&self) -> f64 {
        self.n_positive as f64 / self.len().max(1) as f64
    }

    /// Whether both labels are there.
    pub fn has_both(&self) -> bool {
        self.n_positive > 0 && self.n_negative() > 0
    }
}

/// How well something ranks the label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strength {
    /// Area under the ROC curve, at least 0.5 for what has a direction of its own.
    pub auc: f64,
    /// Its standard error. Source: Hanley and McNeil (1982).
    pub se: f64,
    /// Share of leavers, and of those who stayed, that the best cut gets right.
    pub hits: (f64, f64),
}

impl Strength {
    /// What the best cut gets right beyond guessing: sensitivity + specificity - 1.
    pub fn youden(&self) -> f64 {
        self.hits.0 + self.hits.1 - 1.0
    }

    /// Lower end of a one-sided 95 % interval of the AUC.
    pub fn auc_low(&self) -> f64 {
        self.auc - 1.645 * self.se
    }
}

/// Standard error of an AUC. Source: Hanley and McNeil (1982), equation 1.
pub(super) fn auc_se(auc: f64, positive: usize, negative: usize) -> f64 {
    let (n1, n0) = (positive.max(1) as f64, negative.max(1) as f64);
    let q1 = auc / (2.0 - auc);
    let q2 = 2.0 * auc * auc / (1.0 + auc);
    let variance = auc * (1.0 - auc) + (n1 - 1.0) * (q1 - auc * auc) + (n0 - 1.0) * (q2 - auc * auc);
    (variance.max(0.0) / (n1 * n0)).sqrt()
}

/// Lower end of the one-sided 95 % Wilson interval of a share. Source: Wilson (1927).
pub(super) fn share_low(hits: f64, n: f64) -> f64 {
    if n <= 0.0 {
        return 0.0;
    }
    let z2 = 1.645f64 * 1.645;
    let p = hits / n;
    let middle = p + z2 / (2.0 * n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt();
    (middle - half) / (1.0 + z2 / n)
}

/// A column in levels.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    /// Level of each labelled row.
    pub codes: Vec<u32>,
    /// Number of levels.
    pub n_levels: usize,
    /// Level of missing cells, where there are any.
    pub missing: Option<u32>,
    /// Level of "nothing" (zero, no, false, none), where there is one.
    pub nothing: Option<u32>,
    /// The numbers (dates in days), where the column has an order.
    pub numbers: Option<Vec<Option<f64>>>,
}

/// Words that say "nothing here" in a column of text.
const NOTHING: [&str; 14] =
    ["no", "none", "false", "0", "n", "nein", "keine", "keiner", "non", "aucun", "ninguno", "nao", "nenhum", "nessuno"];

impl Signal {
    /// The column in at most `bins` ordered bins, or in its own levels for text.
    pub fn new(data: &ColumnData, labels: &Labels, bins: usize) -> Signal {
        match data {
            ColumnData::Text(_) | ColumnData::Category(_) => Signal::of_text(data, &labels.rows),
            _ => {
                let value = |&r: &usize| data.number(r).or_else(|| data.days(r).map(f64::from));
                Signal::of_numbers(labels.rows.iter().map(value).collect(), bins)
            }
        }
    }

    /// Levels of texts.
    pub fn of_text(data: &ColumnData, rows: &[usize]) -> Signal {
        let mut levels: HashMap<String, u32> = HashMap::new();
        let (mut missing, mut nothing) = (None, None);
        let mut n_levels = 0u32;
        // The same spelling comes again and again: its level is looked up by the text as it stands.
        let mut spelled: HashMap<String, u32> = HashMap::new();
        let mut next = || {
            n_levels += 1;
            n_levels - 1
        };
        let codes = rows.iter().map(|&r| match data.cell(r) {
            None => *missing.get_or_insert_with(&mut next),
            Some(cell) => {
                if let Some(&code) = spelled.get(cell.as_ref()) {
                    return code;
                }
                let key = level_key(&cell);
                let is_nothing = NOTHING.contains(&key.as_str());
                let code = *levels.entry(key).or_insert_with(&mut next);
                if is_nothing {
                    nothing.get_or_insert(code);
                }
                spelled.insert(cell.into_owned(), code);
                code
            }
        });
        let codes = codes.collect();
        Signal { codes, n_levels: n_levels as usize, missing, nothing, numbers: None }
    }

    /// Bins of numbers: every value its own while they are few, else equally full; a value that fills a bin alone
    /// keeps it.
    pub fn of_numbers(numbers: Vec<Option<f64>>, bins: usize) -> Signal {
        let mut known: Vec<f64> = numbers.iter().flatten().copied().collect();
        known.sort_by(f64::total_cmp);
        let mut distinct = known.clone();
        distinct.dedup();
        // `edges[i]` is the largest value of bin i.
        let edges: Vec<f64> = if distinct.len() <= bins {
            distinct
        } else {
            let full = known.len() as f64 / bins as f64;
            let mut edges: Vec<f64> = Vec::with_capacity(bins * 2);
            let (mut i, mut filled) = (0, 0usize);
            while i < known.len() {
                let mut j = i;
                while j < known.len() && known[j] == known[i] {
                    j += 1;
                }
                if (j - i) as f64 >= full {
                    if filled > 0 {
                        edges.push(known[i - 1]);
                    }
                    edges.push(known[i]);
                    filled = 0;
                } else {
                    filled += j - i;
                    if filled as f64 >= full {
                        edges.push(known[i]);
                        filled = 0;
                    }
                }
                i = j;
            }
            if filled > 0 {
                edges.extend(known.last());
            }
            edges
        };
        let n_known = edges.len() as u32;
        let code = |v: &Option<f64>| v.map_or(n_known, |v| edges.partition_point(|&e| e < v) as u32);
        let codes: Vec<u32> = numbers.iter().map(code).collect();
        let missing = (known.len() < numbers.len()).then_some(n_known);
        let zero = edges.partition_point(|&e| e < 0.0) as u32;
        let mut in_zero = numbers.iter().zip(&codes).filter(|(_, c)| **c == zero).peekable();
        // Only where zero has a bin to itself.
        let nothing = (in_zero.peek().is_some() && in_zero.all(|(v, _)| *v == Some(0.0))).then_some(zero);
        Signal {
            codes,
            n_levels: n_known as usize + usize::from(missing.is_some()),
            missing,
            nothing,
            numbers: Some(numbers),
        }
    }

    /// Whether (nearly) every row has a level of its own, so that levels say nothing.
    pub fn is_unique(&self) -> bool {
        self.n_levels * 10 > self.codes.len() * 9
    }

    /// How well the shares of the other folds rank the label; for numbers also how well the number itself does.
    pub fn strength(&self, labels: &Labels) -> Strength {
        let by_level = grouped_strength(&self.codes, self.n_levels, labels);
        let Some(numbers) = &self.numbers else { return by_level };
        let by_rank = rank_auc(numbers, labels);
        let auc = by_level.auc.max(by_rank);
        Strength { auc, se: auc_se(auc, labels.n_positive, labels.n_negative()), ..by_level }
    }
}

/// AUC of numbers in either direction; what is missing stands in the middle.
fn rank_auc(numbers: &[Option<f64>], labels: &Labels) -> f64 {
    let mut known: Vec<f64> = numbers.iter().flatten().copied().collect();
    if known.is_empty() {
        return 0.5;
    }
    let half = known.len() / 2;
    let middle = *known.select_nth_unstable_by(half, f64::total_cmp).1;
    let scores: Vec<f64> = numbers.iter().map(|v| v.unwrap_or(middle)).collect();
    let auc = metrics::auc(&labels.y, &scores);
    auc.max(1.0 - auc)
}

/// How well the share of leavers in a level, taken from the other folds, ranks the label.
pub(super) fn grouped_strength(codes: &[u32], n_levels: usize, labels: &Labels) -> Strength {
    let mut counts = vec![[(0.0f64, 0.0f64); FOLDS]; n_levels];
    for ((&code, &fold), &y) in codes.iter().zip(&labels.folds).zip(&labels.y) {
        let (rows, hits) = &mut counts[code as usize][fold as usize];
        *rows += 1.0;
        *hits += f64::from(u8::from(y));
    }
    let base = labels.base();
    // Share, rows and leavers of each level in each fold.
    let mut groups: Vec<(f64, f64, f64)> = Vec::with_capacity(n_levels * 2);
    for level in &counts {
        let (all_rows, all_hits) = level.iter().fold((0.0, 0.0), |(n, k), (rows, hits)| (n + rows, k + hits));
        for &(rows, hits) in level.iter().filter(|(rows, _)| *rows > 0.0) {
            groups.push(((all_hits - hits + base) / (all_rows - rows + 1.0), rows, hits));
        }
    }
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    curve(&groups, labels)
}

/// The ROC curve of groups in falling order of their share.
fn curve(groups: &[(f64, f64, f64)], labels: &Labels) -> Strength {
    let (positive, negative) = (labels.n_positive.max(1) as f64, labels.n_negative().max(1) as f64);
    let (mut tp, mut fp, mut area, mut best) = (0.0, 0.0, 0.0, (0.0, 1.0));
    let mut i = 0;
    while i < groups.len() {
        let (mut rows, mut hits) = (0.0, 0.0);
        let share = groups[i].0;
        while i < groups.len() && groups[i].0 == share {
            rows += groups[i].1;
            hits += groups[i].2;
            i += 1;
        }
        area += (rows - hits) * (tp + hits / 2.0);
        tp += hits;
        fp += rows - hits;
        let cut = (tp / positive, 1.0 - fp / negative);
        if cut.0 + cut.1 > best.0 + best.1 {
            best = cut;
        }
    }
    let auc = area / (positive * negative);
    Strength { auc, se: auc_se(auc, labels.n_positive, labels.n_negative()), hits: best }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n: usize) -> Labels {
        Labels::new(&(0..n).map(|i| Some(i % 4 == 0)).collect::<Vec<_>>(), n)
    }

    #[test]
    fn a_unique_id_says_nothing_and_a_copy_all() {
        let labels = labels(400);
        let id = Signal::of_text(&ColumnData::text((0..400).map(|i| Some(format!("x{i}")))), &labels.rows);
        assert!(id.is_unique());
        assert!((id.strength(&labels).auc - 0.5).abs() < 1e-9);
        let copy = Signal::of_text(&ColumnData::text(labels.y.iter().map(|y| Some(y.to_string()))), &labels.rows);
        let strength = copy.strength(&labels);
        assert_eq!((strength.auc, strength.youden()), (1.0, 1.0));
        let no = copy.nothing.expect("false is nothing");
        assert!(copy.codes.iter().zip(&labels.y).all(|(c, y)| (*c == no) != *y));
    }

    #[test]
    fn numbers_fall_into_bins_and_a_heavy_value_keeps_its_own() {
        let numbers: Vec<Option<f64>> = (0..1000).map(|i| Some(if i % 2 == 0 { 0.0 } else { f64::from(i) })).collect();
        let signal = Signal::of_numbers(numbers, 16);
        assert!(signal.n_levels <= 18, "{}", signal.n_levels);
        let zero = signal.nothing.expect("zero has its own bin");
        assert_eq!(signal.codes.iter().filter(|&&c| c == zero).count(), 500);
        let few = Signal::of_numbers(vec![Some(1.0), None, Some(2.0), Some(1.0)], 16);
        assert_eq!((few.n_levels, few.missing, few.codes), (3, Some(2), vec![0, 2, 1, 0]));
        assert_eq!(few.nothing, None);
    }

    #[test]
    fn intervals() {
        // Hanley and McNeil (1982), table 2: AUC 0.893 with 51 diseased and 58 normals has SE 0.032.
        assert!((auc_se(0.893, 51, 58) - 0.032).abs() < 6e-4);
        // 9 of 10 by Wilson with z = 1.645: (0.9 + 0.1353 - 1.645 sqrt(0.009 + 0.00676)) / 1.2706 = 0.6523.
        assert!((share_low(9.0, 10.0) - 0.6523).abs() < 2e-4, "{}", share_low(9.0, 10.0));
    }
}
