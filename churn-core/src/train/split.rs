//! Seeded shuffles and folds.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A random source that gives the same numbers for the same seed on every platform, for ever.
pub(crate) fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A number below `n`, without bias.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    let n = n as u64;
    // Lemire, "Fast random integer generation in an interval" (2019): reject the few low products.
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(n);
        if product as u64 >= threshold {
            return (product >> 64) as usize;
        }
    }
}

/// Shuffles in place (Fisher and Yates).
pub(crate) fn shuffle<T>(rng: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

/// A fold number below `k` for each row; each fold has the same share of positives, give or take one row.
pub fn stratified(labels: &[bool], k: usize, seed: u64) -> Vec<usize> {
    let mut rng = random(seed);
    let mut folds = vec![0; labels.len()];
    let mut next = 0;
    for class in [true, false] {
        let mut rows: Vec<usize> = (0..labels.len()).filter(|&r| labels[r] == class).collect();
        shuffle(&mut rng, &mut rows);
        for row in rows {
            folds[row] = next % k;
            next += 1;
        }
    }
    folds
}

/// A fold number below `k` for each row, all rows of a group in one fold. Groups are dealt out largest first, each to
/// the fold that is emptiest of the class that the group has most of, relative to the class's size.
pub fn grouped(labels: &[bool], groups: &[usize], k: usize, seed: u64) -> Vec<usize> {
    let mut counts: std::collections::BTreeMap<usize, [f64; 2]> = std::collections::BTreeMap::new();
    let mut totals = [0.0; 2];
    for (&y, &g) in labels.iter().zip(groups) {
        counts.entry(g).or_default()[usize::from(y)] += 1.0;
        totals[usize::from(y)] += 1.0;
    }
    let mut order: Vec<(usize, [f64; 2])> = counts.into_iter().collect();
    shuffle(&mut random(seed), &mut order);
    let share = |c: &[f64; 2]| (0..2).map(|y| c[y] / f64::max(totals[y], 1.0)).sum::<f64>();
    // A stable sort keeps the shuffle among groups of one size.
    order.sort_by(|a, b| share(&b.1).total_cmp(&share(&a.1)));
    let mut filled = vec![[0.0; 2]; k];
    let mut fold_of = std::collections::BTreeMap::new();
    for (group, count) in order {
        let load = |f: &[f64; 2]| {
            (0..2)
                .map(|y| {
                    f64::powi((f[y] + count[y]) / f64::max(totals[y], 1.0), 2)
                        - f64::powi(f[y] / f64::max(totals[y], 1.0), 2)
                })
                .sum::<f64>()
        };
        let fold = (0..k).min_by(|&a, &b| load(&filled[a]).total_cmp(&load(&filled[b]))).unwrap_or(0);
        (0..2).for_each(|y| filled[fold][y] += count[y]);
        fold_of.insert(group, fold);
    }
    groups.iter().map(|g| fold_of[g]).collect()
}

/// Training rows and test rows.
pub type Pair = (Vec<usize>, Vec<usize>);

/// The rows of each fold of each repeat.
pub fn pairs(repeats: &[Vec<usize>]) -> Vec<Pair> {
    let fold = |folds: &Vec<usize>, k| (0..folds.len()).partition(|&r| folds[r] != k);
    repeats
        .iter()
        .flat_map(|folds| (0..=folds.iter().copied().max().unwrap_or(0)).map(move |k| fold(folds, k)))
        .collect()
}

/// Splits by time: the days are cut into `parts` stretches of about equally many rows, and each stretch but the first
/// is a test set for what came before it. Rows of a test row's group are left out of the training rows: a customer is
/// never on both sides.
pub fn forward(days: &[i32], groups: Option<&[usize]>, parts: usize) -> Vec<Pair> {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    let mut starts: Vec<i32> =
        (1..parts).map(|p| sorted[p * sorted.len() / parts]).filter(|&s| s > sorted[0]).collect();
    starts.dedup();
    let pair = |i: usize| {
        let end = starts.get(i + 1).copied();
        let test: Vec<usize> =
            (0..days.len()).filter(|&r| days[r] >= starts[i] && end.is_none_or(|e| days[r] < e)).collect();
        let seen: std::collections::BTreeSet<usize> =
            groups.map(|g| test.iter().map(|&r| g[r]).collect()).unwrap_or_default();
        let train =
            (0..days.len()).filter(|&r| days[r] < starts[i] && groups.is_none_or(|g| !seen.contains(&g[r]))).collect();
        (train, test)
    };
    (0..starts.len()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_balanced_and_repeatable() {
        let labels: Vec<bool> = (0..103).map(|i| i % 4 == 0).collect();
        let folds = stratified(&labels, 5, 7);
        assert_eq!(folds, stratified(&labels, 5, 7));
        assert_ne!(folds, stratified(&labels, 5, 8));
        for k in 0..5 {
            let size = folds.iter().filter(|&&f| f == k).count();
            let positive = (0..103).filter(|&r| folds[r] == k && labels[r]).count();
            assert!((20..=21).contains(&size) && (5..=6).contains(&positive), "{size} {positive}");
        }
    }

    #[test]
    fn a_group_stays_in_one_fold_and_folds_are_balanced() {
        let labels: Vec<bool> = (0..300).map(|i| i % 5 == 0).collect();
        let groups: Vec<usize> = (0..300).map(|i| i / 3).collect();
        let folds = grouped(&labels, &groups, 5, 1);
        assert_eq!(folds, grouped(&labels, &groups, 5, 1));
        assert!((0..300).all(|i| folds[i] == folds[i / 3 * 3]));
        for k in 0..5 {
            let positive = (0..300).filter(|&r| folds[r] == k && labels[r]).count();
            let size = folds.iter().filter(|&&f| f == k).count();
            assert!((9..=15).contains(&positive) && (45..=75).contains(&size), "{positive} of {size}");
        }
    }

    #[test]
    fn later_rows_are_predicted_from_earlier_ones_of_other_customers() {
        let days: Vec<i32> = (0..120).map(|i| i / 10).collect();
        let groups: Vec<usize> = (0..120).map(|i| i % 30).collect();
        let splits = forward(&days, Some(&groups), 4);
        assert_eq!(splits.len(), 3);
        for (train, test) in &splits {
            let first = test.iter().map(|&r| days[r]).min().expect("rows");
            assert!(train.iter().all(|&r| days[r] < first && test.iter().all(|&t| groups[t] != groups[r])));
        }
        assert!(forward(&[5; 10], None, 4).is_empty());
    }

    #[test]
    fn below_is_uniform_enough() {
        let mut rng = random(1);
        let mut counts = [0usize; 3];
        for _ in 0..30_000 {
            counts[below(&mut rng, 3)] += 1;
        }
        assert!(counts.iter().all(|&c| (9_700..10_300).contains(&c)), "{counts:?}");
    }
}
