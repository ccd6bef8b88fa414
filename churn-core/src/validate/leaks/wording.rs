//! Words in free text that stand nearly only at customers who left. Which words those are is learnt on other rows, so
//! no language has to be known; they are not told, because text may hold what is personal.

use super::super::signal::{FOLDS, Labels, share_low};
use super::Seen;
use crate::table::ColumnData;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};

/// Fewest rows of a word in the other folds for it to speak.
const MIN_ROWS: usize = 12;
/// Share of leavers among the rows of a word from which on it speaks of leaving.
const SPEAKS: f64 = 0.9;
/// Words of a cell that are looked at.
const MAX_WORDS: usize = 60;

/// The words of a cell, each once.
fn words(cell: &str) -> BTreeSet<u64> {
    let split = cell.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    split
        .take(MAX_WORDS)
        .map(|w| {
            let mut hasher = DefaultHasher::new();
            hasher.write(w.to_lowercase().as_bytes());
            hasher.finish()
        })
        .collect()
}

/// Evidence where the words of a column tell who left.
pub(super) fn judge(column: &Seen<'_>, labels: &Labels) -> Option<String> {
    let ColumnData::Text(_) = &*column.data else { return None };
    // A category is told by its levels.
    if column.signal.n_levels * 10 < labels.len() {
        return None;
    }
    let cells: Vec<BTreeSet<u64>> =
        labels.rows.iter().map(|&r| column.data.cell(r).map_or_else(BTreeSet::new, |c| words(&c))).collect();
    // Rows and leavers of each word, in all folds and in each.
    let mut counts: BTreeMap<u64, [(usize, usize); FOLDS]> = BTreeMap::new();
    for ((cell, &fold), &y) in cells.iter().zip(&labels.folds).zip(&labels.y) {
        for word in cell {
            let (rows, hits) = &mut counts.entry(*word).or_default()[fold as usize];
            *rows += 1;
            *hits += usize::from(y);
        }
    }
    counts.retain(|_, folds| folds.iter().map(|f| f.0).sum::<usize>() >= MIN_ROWS);
    let speaks = |word: &u64, fold: usize| {
        let Some(folds) = counts.get(word) else { return false };
        let others = || folds.iter().enumerate().filter(|(f, _)| *f != fold).map(|(_, c)| *c);
        let (rows, hits) = others().fold((0, 0), |(n, k), (rows, hits)| (n + rows, k + hits));
        rows >= MIN_ROWS && hits as f64 >= SPEAKS * rows as f64
    };
    let (mut rows, mut hits) = (0.0f64, 0.0f64);
    for ((cell, &fold), &y) in cells.iter().zip(&labels.folds).zip(&labels.y) {
        if cell.iter().any(|word| speaks(word, fold as usize)) {
            rows += 1.0;
            hits += f64::from(u8::from(y));
        }
    }
    let (n1, n) = (labels.n_positive as f64, labels.len() as f64);
    let share = hits / rows.max(1.0);
    let rest = (n1 - hits) / (n - rows).max(1.0);
    let sure = rows >= 20.0 && share >= 0.95 && share_low(hits, rows) >= 0.9;
    (sure && hits >= 0.25 * n1 && rest <= share - 0.3).then(|| {
        format!(
            "has words that stand nearly only at customers who left ({:.0} % of the rows with them, {:.0} % of all who left)",
            100.0 * share,
            100.0 * hits / n1
        )
    })
}
