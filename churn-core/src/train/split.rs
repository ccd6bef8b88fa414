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
    fn below_is_uniform_enough() {
        let mut rng = random(1);
        let mut counts = [0usize; 3];
        for _ in 0..30_000 {
            counts[below(&mut rng, 3)] += 1;
        }
        assert!(counts.iter().all(|&c| (9_700..10_300).contains(&c)), "{counts:?}");
    }
}
