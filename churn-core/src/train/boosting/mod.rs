//! Histogram gradient boosting of the log loss.
//!
//! Features are cut into bins once (`bins`), gradients are added up by bin as integers (`histogram`), the split with the
//! largest second-order gain is taken (`split`), and trees grow leaf by leaf or symmetrically (`grow`). Categories
//! split by sets of codes, missing values have a side of their own at every split. Rows and columns are sampled by
//! a seeded generator. The same input gives the same trees for any number of threads.

mod bins;
mod grow;
mod histogram;
mod split;
mod terms;

pub(super) use bins::Binned;
pub(super) use terms::terms;

use super::split::{below, random};
use crate::model::{Tree, sigmoid};
use grow::{Grower, Workspace};
use histogram::Layout;
use rand_chacha::rand_core::RngCore;
use rayon::prelude::*;
use split::Noise;

/// How trees are grown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Params {
    /// Trees.
    pub rounds: usize,
    /// Factor of each tree's values.
    pub learning_rate: f64,
    /// Most splits between root and leaf.
    pub depth: usize,
    /// Most leaves; without effect on symmetric trees.
    pub leaves: usize,
    /// One split for all leaves of a level.
    pub symmetric: bool,
    /// L2 penalty of leaf values, in units of curvature (a row at probability p has p (1 - p)).
    pub ridge: f64,
    /// Further L2 penalty when a set of categories is weighed.
    pub category_ridge: f64,
    /// Curvature that draws a category's place in the order of categories to the middle.
    pub category_smooth: f64,
    /// Categories split one level from the others; else by sets of levels, which fit better and overfit sooner.
    pub single_levels: bool,
    /// Least curvature of a child.
    pub min_child_weight: f64,
    /// Least gain of a split.
    pub min_gain: f64,
    /// Noise of the choice among splits, in standard deviations of a split that tells nothing (CatBoost's
    /// `random_strength`; Prokhorenkova et al. 2018): trees differ where the rows cannot tell which split is better.
    pub noise: f64,
    /// Share of the rows that each tree learns from.
    pub rows: f64,
    /// Share of the features that each tree sees.
    pub columns: f64,
    /// By feature: 1 where the margin must not fall as the feature rises, -1 where it must not rise, 0 else; empty
    /// for no constraints. Categories ignore it.
    pub monotone: Vec<i8>,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            rounds: 300,
            learning_rate: 0.05,
            depth: 4,
            leaves: 16,
            symmetric: false,
            ridge: 1.0,
            category_ridge: 0.0,
            category_smooth: 0.5,
            single_levels: false,
            min_child_weight: 1.0,
            min_gain: 1e-9,
            noise: 0.0,
            rows: 0.8,
            columns: 0.8,
            monotone: Vec::new(),
        }
    }
}

/// Rows whose derivatives a thread takes at least.
const FEW_ROWS: usize = 8_192;

/// Rows to learn from.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub binned: &'a Binned,
    pub labels: &'a [bool],
    /// Weight by row, all 1 where `None`.
    pub weights: Option<&'a [f64]>,
    /// Margin by row that the trees start from, beside the intercept.
    pub offset: Option<&'a [f64]>,
}

/// Trees and the intercept they start from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Boosted {
    pub intercept: f64,
    pub trees: Vec<Tree>,
}

/// Boosts on the rows of `train`. After each round `watch` is given the number of trees and the margins of all rows
/// (of `train` and `outside`; others stay 0); it says whether to go on.
pub(super) fn boost(
    sample: Sample<'_>,
    train: &[u32],
    outside: &[u32],
    params: &Params,
    seed: u64,
    mut watch: impl FnMut(usize, &[f64]) -> bool,
) -> Boosted {
    let weight = |r: usize| sample.weights.map_or(1.0, |w| w[r]);
    let n = sample.labels.len();
    let intercept = start(sample, train);
    let mut margins = vec![0.0; n];
    for &r in train.iter().chain(outside) {
        margins[r as usize] = intercept + sample.offset.map_or(0.0, |o| o[r as usize]);
    }
    let mut derivatives = vec![[0.0; 2]; n];
    let mut rng = random(seed);
    let mut work = Workspace::default();
    let mut trees = Vec::with_capacity(params.rounds);
    let n_rows = ((train.len() as f64 * params.rows).round() as usize).clamp(1, train.len());
    let n_features = sample.binned.n_features();
    let n_columns = ((n_features as f64 * params.columns).round() as usize).clamp(1, n_features);
    let mut features: Vec<usize> = (0..n_features).collect();
    let mut layout = Layout::new(sample.binned, &features);
    let mut chosen = vec![false; train.len()];
    let mass: f64 = train.iter().map(|&r| weight(r as usize)).sum();
    for round in 1..=params.rounds {
        let derive = |r: usize| {
            let (p, w) = (sigmoid(margins[r]), weight(r));
            [w * (p - f64::from(u8::from(sample.labels[r]))), w * (p * (1.0 - p))]
        };
        if train.len() < 2 * FEW_ROWS {
            train.iter().for_each(|&r| derivatives[r as usize] = derive(r as usize));
        } else {
            let places = derivatives.par_iter_mut().enumerate().with_min_len(FEW_ROWS);
            places.for_each(|(r, place)| *place = derive(r));
        }
        if n_rows < train.len() {
            choose(&mut rng, &mut chosen, n_rows);
            let pick = |take: bool| train.iter().zip(&chosen).filter(move |&(_, &c)| c == take).map(|(&r, _)| r);
            work.sampled.reset(pick(true));
            work.unsampled.reset(pick(false));
        } else {
            work.sampled.reset(train.iter().copied());
        }
        work.outside.reset(outside.iter().copied());
        if n_columns < n_features {
            // The first `n_columns` of a shuffle, in the order of the plan.
            for i in 0..n_columns {
                let other = i + below(&mut rng, n_features - i);
                features.swap(i, other);
            }
            let mut seen = features[..n_columns].to_vec();
            seen.sort_unstable();
            layout = Layout::new(sample.binned, &seen);
        }
        // Less of it once the trees add up to much, as CatBoost has it.
        let length = params.learning_rate * round as f64;
        let size = params.noise / (1.0 + libm::exp(length) / mass);
        let noise = if size > 0.0 { Noise { size, key: rng.next_u64() } } else { Noise::default() };
        let grower = Grower {
            params,
            binned: sample.binned,
            layout: &layout,
            derivatives: &derivatives,
            weights: sample.weights,
            noise,
        };
        trees.push(grower.grow(&mut work, &mut margins));
        if !watch(round, &margins) {
            break;
        }
    }
    Boosted { intercept, trees }
}

/// Marks `n` of the rows, each set equally likely (selection sampling; Knuth, volume 2, algorithm S).
fn choose(rng: &mut rand_chacha::ChaCha8Rng, chosen: &mut [bool], n: usize) {
    let (mut left, mut wanted) = (chosen.len() as u64, n as u64);
    for c in chosen {
        *c = u128::from(rng.next_u64()) * u128::from(left) < u128::from(wanted) << 64;
        wanted -= u64::from(*c);
        left -= 1;
    }
}

/// The log-odds of the training rows' base rate, or what has to be added to their offsets to meet it.
fn start(sample: Sample<'_>, train: &[u32]) -> f64 {
    let weight = |r: usize| sample.weights.map_or(1.0, |w| w[r]);
    let (mut all, mut positive) = (0.0, 0.0);
    for &r in train {
        all += weight(r as usize);
        positive += if sample.labels[r as usize] { weight(r as usize) } else { 0.0 };
    }
    let mut intercept = crate::model::logit(positive / all);
    let Some(offset) = sample.offset else { return intercept };
    intercept = 0.0;
    for _ in 0..50 {
        let (mut g, mut h) = (0.0, 1e-9);
        for &r in train {
            let p = sigmoid(intercept + offset[r as usize]);
            g += weight(r as usize) * (p - f64::from(u8::from(sample.labels[r as usize])));
            h += weight(r as usize) * p * (1.0 - p);
        }
        let step = (g / h).clamp(-2.0, 2.0);
        intercept -= step;
        if step.abs() < 1e-12 {
            break;
        }
    }
    intercept
}

#[cfg(test)]
mod tests;
