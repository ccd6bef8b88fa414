//! The best split of one leaf, or of all leaves of a level at once (symmetric trees).
//!
//! Gain is the second-order gain of gradient boosting: the sum over the children of G^2 / (H + lambda), less that of
//! the parents (Chen and Guestrin, "XGBoost: a scalable tree boosting system", 2016). A number tries every border,
//! with missing values on either side. A category tries every one of its codes against the others, or every prefix of
//! its codes in the order of G / (H + smooth), which holds the best two-way partition of a convex loss (Fisher, "On
//! grouping for maximum homogeneity", 1958); the smoothing keeps rare codes in the middle of that order, and sets pay an
//! extra ridge.

use super::Params;
use super::bins::{Binned, Cut};
use super::histogram::{Layout, Quantised, Slot};
use rayon::prelude::*;

/// Noise of splits: the size, and the number that the draws follow from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Noise {
    pub(super) size: f64,
    pub(super) key: u64,
}

impl Noise {
    /// About normal (the sum of four uniform numbers), mean 0, standard deviation `size`; the same for the same place,
    /// whatever is looked at before it.
    #[inline]
    fn at(self, place: u64) -> f64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        let mut x = self.key.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        let sum = (x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48);
        self.size * (sum as f64 / 65_536.0 - 2.0) * SQRT_3
    }
}

const SQRT_3: f64 = 1.732_050_807_568_877_2;

/// The best candidate of a feature so far.
#[derive(Clone, Copy)]
struct Best {
    rank: f64,
    gain: f64,
    /// Last bin, or place in the order of categories, that goes left.
    last: usize,
    missing_left: bool,
}

/// Work (leaves x bins) below which the features are scanned on the calling thread.
const PARALLEL_WORK: usize = 1 << 12;

/// A leaf to be split: its histogram, its packed sum and the bounds that monotone constraints set on its value.
pub(super) struct Leaf<'a> {
    pub(super) histogram: &'a [i64],
    pub(super) sum: i64,
    pub(super) bounds: [f64; 2],
}

/// Which bins go left: bit `b % 64` of word `b / 64`.
pub(super) type Mask = [u64; 4];

#[inline]
pub(super) fn in_mask(mask: &Mask, bin: u8) -> bool {
    mask[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
}

/// A split: gain in nats (twice over), and what goes left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    pub(super) gain: f64,
    /// What it was chosen by: the gain, or the gain with noise.
    rank: f64,
    pub(super) feature: usize,
    pub(super) mask: Mask,
    /// Last bin that goes left, where the feature is a number.
    pub(super) border: Option<usize>,
}

/// What all scans share.
pub(super) struct Scan<'a> {
    pub(super) params: &'a Params,
    pub(super) binned: &'a Binned,
    pub(super) quantised: &'a Quantised,
    pub(super) layout: &'a Layout,
    /// Least curvature of a child; 0 for symmetric trees, whose leaves may be empty.
    pub(super) min_child: f64,
    pub(super) noise: Noise,
}

impl Scan<'_> {
    /// The split with the largest gain over these leaves; ties go to the feature that comes first.
    pub(super) fn best(&self, leaves: &[Leaf<'_>]) -> Option<Split> {
        let ridge = self.params.ridge;
        let parents: f64 = leaves.iter().map(|l| self.score(self.quantised.unpack(l.sum), ridge, l.bounds)).sum();
        let one = |slot: &Slot| match &self.binned.cuts[slot.feature] {
            Cut::Number { .. } => self.number(slot, leaves, parents),
            Cut::Category { .. } => self.category(slot, leaves, parents),
        };
        let better = |a: Option<Split>, b: Option<Split>| match (a, b) {
            (Some(a), Some(b)) => {
                let first = a.rank.total_cmp(&b.rank).then(b.feature.cmp(&a.feature)).is_ge();
                Some(if first { a } else { b })
            }
            (a, b) => a.or(b),
        };
        let slots = &self.layout.slots;
        if leaves.len() * self.layout.len >= PARALLEL_WORK {
            slots.par_iter().map(one).reduce(|| None, better)
        } else {
            slots.iter().map(one).fold(None, better)
        }
    }

    /// What candidates are compared by. The root of the sum over the leaves of G^2 / (H + lambda) gets noise of as many
    /// standard deviations as `noise` says: where a split has nothing to tell, that root varies by about 1, so splits
    /// that chance alone could have put in another order are taken in any.
    #[inline]
    fn rank(&self, gain: f64, parents: f64, place: u64) -> f64 {
        if self.noise.size == 0.0 {
            return gain;
        }
        (gain + parents).max(0.0).sqrt() + self.noise.at(place)
    }

    /// Takes the candidate if it ranks higher.
    #[inline]
    fn offer(&self, best: &mut Option<Best>, gain: f64, parents: f64, feature: usize, last: usize, missing_left: bool) {
        if gain > self.params.min_gain {
            let place = (feature as u64) << 16 | (last as u64) << 2 | u64::from(missing_left) << 1;
            let rank = self.rank(gain, parents, place);
            if best.is_none_or(|b| rank > b.rank) {
                *best = Some(Best { rank, gain, last, missing_left });
            }
        }
    }

    /// The rank of a feature by its best candidate: drawn anew, because the largest of many draws is large.
    fn final_rank(&self, gain: f64, parents: f64, feature: usize) -> f64 {
        self.rank(gain, parents, (feature as u64) << 16 | 1)
    }

    #[inline]
    fn score(&self, [g, h]: [f64; 2], ridge: f64, bounds: [f64; 2]) -> f64 {
        if bounds == UNBOUND {
            return g * g / (h + ridge);
        }
        let value = clip(-g / (h + ridge), bounds);
        -value * (2.0 * g + (h + ridge) * value)
    }

    /// Gain of a two-way split of one leaf, less the parent's part; `None` where a child is too light or the order
    /// of the values is forbidden.
    #[inline]
    fn pair(&self, left: i64, leaf: &Leaf<'_>, ridge: f64, direction: i8) -> Option<f64> {
        let (l, r) = (self.quantised.unpack(left), self.quantised.unpack(leaf.sum - left));
        if l[1] < self.min_child || r[1] < self.min_child {
            return None;
        }
        if direction != 0 {
            let value = |s: [f64; 2]| clip(-s[0] / (s[1] + ridge), leaf.bounds);
            if f64::from(direction) * (value(r) - value(l)) < 0.0 {
                return None;
            }
        }
        Some(self.score(l, ridge, leaf.bounds) + self.score(r, ridge, leaf.bounds))
    }

    fn number(&self, slot: &Slot, leaves: &[Leaf<'_>], parents: f64) -> Option<Split> {
        let direction = self.params.monotone.get(slot.feature).copied().unwrap_or(0);
        let bin = |leaf: &Leaf<'_>, b: usize| leaf.histogram[slot.offset + b];
        let missing = leaves.iter().any(|l| bin(l, 0) != 0);
        // Many leaves at once: a bin changes few of them, and only their parts of the gain are computed anew. With
        // one leaf, or where a split may be forbidden, each gain is a sum of its own.
        let best = if leaves.len() > 1 && direction == 0 && self.min_child == 0.0 {
            self.many(slot, leaves, parents, missing)
        } else {
            self.few(slot, leaves, parents, missing, direction)
        };
        let Best { gain, last: border, mut missing_left, .. } = best?;
        if !missing {
            missing_left = self.heavier_left(leaves, |l| (1..=border).map(|b| bin(l, b)).sum());
        }
        let mut mask = [0; 4];
        (1..=border).for_each(|b| mask[b / 64] |= 1 << (b % 64));
        mask[0] |= u64::from(missing_left);
        let rank = self.final_rank(gain, parents, slot.feature);
        Some(Split { gain, rank, feature: slot.feature, mask, border: Some(border) })
    }

    /// The best border.
    fn few(&self, slot: &Slot, leaves: &[Leaf<'_>], parents: f64, missing: bool, direction: i8) -> Option<Best> {
        let bin = |leaf: &Leaf<'_>, b: usize| leaf.histogram[slot.offset + b];
        let mut left: Vec<i64> = vec![0; leaves.len()];
        let mut best = None;
        for border in 0..slot.n_bins - 1 {
            if border > 0 {
                let mut changed = false;
                for (sum, leaf) in left.iter_mut().zip(leaves) {
                    let own = bin(leaf, border);
                    changed |= own != 0;
                    *sum += own;
                }
                if !changed {
                    continue;
                }
            }
            for missing_left in [false, true] {
                // Border 0 sets missing apart from the rest: one way of saying it is enough.
                if (missing_left && !missing) || (border == 0 && !missing_left) {
                    continue;
                }
                let mut gain = -parents;
                for (sum, leaf) in left.iter().zip(leaves) {
                    let sum = if missing_left { sum + bin(leaf, 0) } else { *sum };
                    gain += self.pair(sum, leaf, self.params.ridge, direction).unwrap_or(f64::NEG_INFINITY);
                }
                self.offer(&mut best, gain, parents, slot.feature, border, missing_left);
            }
        }
        best
    }

    /// The same for many leaves of which nothing is forbidden.
    fn many(&self, slot: &Slot, leaves: &[Leaf<'_>], parents: f64, missing: bool) -> Option<Best> {
        let ridge = self.params.ridge;
        let bin = |leaf: &Leaf<'_>, b: usize| leaf.histogram[slot.offset + b];
        let part = |sum: i64, leaf: &Leaf<'_>| self.pair(sum, leaf, ridge, 0).unwrap_or(0.0);
        let mut left: Vec<i64> = vec![0; leaves.len()];
        // Parts of the gain with missing values on the right, and on the left.
        let mut right_parts: Vec<f64> = leaves.iter().map(|l| part(0, l)).collect();
        let mut left_parts: Vec<f64> = leaves.iter().map(|l| part(bin(l, 0), l)).collect();
        let (mut right_sum, mut left_sum) = (right_parts.iter().sum::<f64>(), left_parts.iter().sum::<f64>());
        let mut best = None;
        for border in 0..slot.n_bins - 1 {
            if border > 0 {
                let mut changed = false;
                for (i, leaf) in leaves.iter().enumerate() {
                    let own = bin(leaf, border);
                    if own == 0 {
                        continue;
                    }
                    changed = true;
                    left[i] += own;
                    let part_right = part(left[i], leaf);
                    right_sum += part_right - right_parts[i];
                    right_parts[i] = part_right;
                    if missing {
                        let part_left = part(left[i] + bin(leaf, 0), leaf);
                        left_sum += part_left - left_parts[i];
                        left_parts[i] = part_left;
                    }
                }
                if !changed {
                    continue;
                }
                self.offer(&mut best, right_sum - parents, parents, slot.feature, border, false);
            }
            if missing {
                self.offer(&mut best, left_sum - parents, parents, slot.feature, border, true);
            }
        }
        best
    }

    fn category(&self, slot: &Slot, leaves: &[Leaf<'_>], parents: f64) -> Option<Split> {
        let ridge = self.params.ridge + self.params.category_ridge;
        let bin = |leaf: &Leaf<'_>, b: usize| leaf.histogram[slot.offset + b];
        // Missing is a level like the others.
        let mut order: Vec<(f64, usize)> = Vec::with_capacity(slot.n_bins);
        for b in 0..slot.n_bins {
            if leaves.iter().any(|l| bin(l, b) != 0) {
                let [mut g, mut h] = [0.0; 2];
                for leaf in leaves {
                    let sum = self.quantised.unpack(bin(leaf, b));
                    g += sum[0];
                    h += sum[1];
                }
                order.push((g / (h + self.params.category_smooth), b));
            }
        }
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let parents_here = if self.params.category_ridge == 0.0 {
            parents
        } else {
            leaves.iter().map(|l| self.score(self.quantised.unpack(l.sum), self.params.ridge, l.bounds)).sum()
        };
        let mut left: Vec<i64> = vec![0; leaves.len()];
        let mut best = None;
        // One of two levels against the other needs no second look.
        let single = self.params.single_levels && order.len() > 2;
        let candidates = if single { order.len() } else { order.len().saturating_sub(1) };
        for (i, &(_, code)) in order.iter().enumerate().take(candidates) {
            let mut gain = -parents_here;
            for (sum, leaf) in left.iter_mut().zip(leaves) {
                *sum = bin(leaf, code) + if single { 0 } else { *sum };
                gain += self.pair(*sum, leaf, ridge, 0).unwrap_or(f64::NEG_INFINITY);
            }
            self.offer(&mut best, gain, parents_here, slot.feature, i, false);
        }
        let Best { gain, last, .. } = best?;
        let mut mask: Mask = [0; 4];
        let taken = &order[if single { last } else { 0 }..=last];
        for &(_, b) in taken {
            mask[b / 64] |= 1 << (b % 64);
        }
        // Levels that are not here follow the heavier side.
        if self.heavier_left(leaves, |l| taken.iter().map(|&(_, b)| bin(l, b)).sum()) {
            let mut absent = [u64::MAX; 4];
            for &(_, b) in &order {
                absent[b / 64] &= !(1 << (b % 64));
            }
            for (word, absent) in mask.iter_mut().zip(absent) {
                *word |= absent;
            }
        }
        let rank = self.final_rank(gain, parents_here, slot.feature);
        Some(Split { gain, rank, feature: slot.feature, mask, border: None })
    }

    fn heavier_left(&self, leaves: &[Leaf<'_>], left: impl Fn(&Leaf<'_>) -> i64) -> bool {
        let (mut l, mut all) = (0.0, 0.0);
        for leaf in leaves {
            l += self.quantised.unpack(left(leaf))[1];
            all += self.quantised.unpack(leaf.sum)[1];
        }
        2.0 * l > all
    }
}

/// No bounds.
pub(super) const UNBOUND: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

pub(super) fn clip(value: f64, [low, high]: [f64; 2]) -> f64 {
    value.max(low).min(high)
}
