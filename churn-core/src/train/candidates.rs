//! Candidates of `auto`: what is tried on the folds, and fitted anew on all rows when it is used.

use super::boosting::{self, Binned, Params, Sample};
use super::{Rows, forest, logistic};
use crate::error::Result;
use crate::model::{AdditiveModel, Component, Part, Space, TreeEnsemble};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// One kind of model, with everything but its strength of fit (penalty, number of trees), which the folds choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candidate {
    /// Logistic regression with splines.
    Logistic,
    /// Sums of one-feature effects by boosting.
    Effects,
    /// Boosted symmetric trees of this depth.
    Symmetric { depth: usize },
    /// Boosted trees grown leaf by leaf.
    Leafwise { leaves: usize },
    /// linfa's trees in a forest.
    Forest,
}

/// Rows between two looks at the held-out loss.
const STEP: usize = 10;
/// Rounds without a better held-out loss after which boosting stops: this share of the best round, and some.
const PATIENCE: (f64, usize) = (0.5, 60);

/// Noise of the choice among splits; on 200 to 2,000 rows the trees' variety is worth more than their gain.
const NOISE: f64 = 1.0;

/// A candidate's margins on rows it has not seen, at the strengths of fit that may be asked for.
pub(super) struct HeldOut {
    /// Strength to margins by row and repeat.
    margins: BTreeMap<usize, Vec<f64>>,
    /// The best strength over all folds.
    best: usize,
    /// The best strength over the folds but this one.
    best_without: Vec<usize>,
    finite: bool,
}

impl Candidate {
    /// The name in components and descriptions.
    pub(super) fn name(self) -> &'static str {
        match self {
            Candidate::Logistic => "logistic",
            Candidate::Effects => "effects",
            Candidate::Symmetric { .. } | Candidate::Leafwise { .. } => "boosting",
            Candidate::Forest => "forest",
        }
    }

    /// The boosting settings for so many rows.
    fn params(self, n: usize, features: usize) -> Params {
        // As a forest draws them, but more: trees that add up need to see what goes together.
        let columns = (2.5 / (features as f64).sqrt()).min(1.0);
        // More rows allow longer steps: rounds are what costs.
        let rate = (0.03 * libm::pow(n as f64 / 1000.0, 0.2)).clamp(0.02, 0.1);
        let base = Params { rounds: 600, columns, rows: 0.8, noise: NOISE, single_levels: true, ..Params::default() };
        match self {
            Candidate::Effects => Params { symmetric: true, depth: 1, learning_rate: 2.5 * rate, ..base },
            Candidate::Leafwise { leaves } => Params {
                depth: 12,
                leaves,
                learning_rate: rate,
                min_child_weight: 3.0,
                ridge: 3.0,
                // Many rows: another kind of tree than the symmetric ones.
                noise: 0.0,
                single_levels: false,
                ..base
            },
            Candidate::Symmetric { depth } => {
                let faster = [1.0, 2.5, 1.6, 1.2, 1.0][depth.min(4)];
                let ridge = if depth > 4 { 3.0 } else { 1.0 };
                Params { symmetric: true, depth, learning_rate: faster * rate, ridge, ..base }
            }
            Candidate::Logistic | Candidate::Forest => base,
        }
    }

    /// Work of one fit on `n` rows with `features` features, in additions.
    pub(super) fn work(self, n: usize, features: usize) -> f64 {
        let cells = n as f64 * features as f64;
        match self {
            Candidate::Logistic => {
                // A Hessian's work grows with the square of the columns; without one there are more steps.
                let columns = (8 * features).min(logistic::MOST_BENT_COLUMNS).max(features) as f64;
                5.0 * n as f64 * columns * columns.min(logistic::MOST_NEWTON_COLUMNS as f64)
            }
            Candidate::Effects => 300.0 * cells,
            Candidate::Symmetric { depth } => 300.0 * cells * (1.0 + 0.5 * depth as f64),
            Candidate::Leafwise { .. } => 300.0 * cells * 4.0,
            Candidate::Forest => 100.0 * cells * 40.0,
        }
    }

    /// Learns on all folds but one and looks at that one, for each fold of each repeat.
    pub(super) fn held_out(
        self,
        data: &Rows<'_>,
        binned: &Binned,
        repeats: &[Vec<usize>],
        seed: u64,
    ) -> Result<HeldOut> {
        let n = data.labels.len();
        let jobs: Vec<(usize, usize)> = repeats
            .iter()
            .enumerate()
            .flat_map(|(r, folds)| (0..=folds.iter().copied().max().unwrap_or(0)).map(move |k| (r, k)))
            .collect();
        let parts = jobs
            .par_iter()
            .map(|&(r, k)| {
                let (train, test): (Vec<u32>, Vec<u32>) = (0..n as u32).partition(|&i| repeats[r][i as usize] != k);
                let seed = seed.wrapping_mul(31).wrapping_add((r * 1000 + k) as u64);
                Ok((r, self.path(data, binned, &train, &test, seed)?, test))
            })
            .collect::<Result<Vec<_>>>()?;
        // Where one fold has stopped, the others alone cannot say how many rounds are best.
        let strengths = parts.iter().map(|(_, path, _)| path.len()).min().unwrap_or(0);
        let mut margins = vec![vec![0.0; n * repeats.len()]; strengths];
        for (r, path, test) in parts {
            for (s, out) in margins.iter_mut().enumerate() {
                test.iter().zip(&path[s]).for_each(|(&row, &m)| out[r * n + row as usize] = m);
            }
        }
        Ok(HeldOut::new(data, &repeats[0], margins))
    }

    /// Margins of `test` for each strength.
    fn path(self, data: &Rows<'_>, binned: &Binned, train: &[u32], test: &[u32], seed: u64) -> Result<Vec<Vec<f64>>> {
        match self {
            Candidate::Logistic => return logistic::path(data, train, test),
            Candidate::Forest => return Ok(vec![forest::held_out(data, train, test, seed)?]),
            _ => {}
        }
        let sample = sample(data, binned);
        let mut out: Vec<Vec<f64>> = Vec::new();
        let (mut best, mut best_round) = (f64::INFINITY, 0);
        boosting::boost(sample, train, test, &self.params(train.len(), data.plan.len()), seed, |round, margins| {
            if round % STEP != 0 {
                return true;
            }
            let own: Vec<f64> = test.iter().map(|&r| margins[r as usize]).collect();
            let loss = test
                .iter()
                .zip(&own)
                .map(|(&r, &m)| data.weight(r as usize) * row_loss(data.labels[r as usize], m))
                .sum();
            if loss < best {
                (best, best_round) = (loss, round);
            }
            out.push(own);
            (round as f64) < best_round as f64 * (1.0 + PATIENCE.0) + PATIENCE.1 as f64
        });
        Ok(out)
    }

    /// The model on all rows with this strength of fit.
    pub(super) fn fit(self, data: &Rows<'_>, binned: &Binned, strength: usize, seed: u64) -> Result<AdditiveModel> {
        match self {
            Candidate::Logistic => return logistic::fit(data, logistic::PENALTIES[strength]),
            Candidate::Forest => return forest::fit(data, seed),
            _ => {}
        }
        let n = data.labels.len();
        let params = Params { rounds: (strength + 1) * STEP, ..self.params(n, data.plan.len()) };
        let all: Vec<u32> = (0..n as u32).collect();
        // In the pool: a thread outside of it would be woken for every histogram.
        let boosted = rayon::scope(|_| boosting::boost(sample(data, binned), &all, &[], &params, seed, |_, _| true));
        let mut intercept = boosted.intercept;
        let part = if params.depth == 1 {
            let (terms, constant) = boosting::terms(data.plan, data.matrix, data.weights, &boosted.trees);
            intercept += constant;
            Part::Terms(terms)
        } else {
            Part::Trees(TreeEnsemble { trees: boosted.trees })
        };
        let component = Component { name: self.name().to_owned(), weight: 1.0, part };
        Ok(AdditiveModel { space: Space::LogOdds, intercept, components: vec![component] })
    }

    /// The candidate and its strength in words.
    pub(super) fn describe(self, strength: usize) -> String {
        let rounds = (strength + 1) * STEP;
        match self {
            Candidate::Logistic => {
                format!("logistic regression with linear splines (ridge {})", logistic::PENALTIES[strength])
            }
            Candidate::Effects => format!("boosted one-feature effects ({rounds} rounds)"),
            Candidate::Symmetric { depth } => format!("boosting ({rounds} symmetric trees of depth {depth})"),
            Candidate::Leafwise { leaves } => format!("boosting ({rounds} trees of {leaves} leaves)"),
            Candidate::Forest => format!("forest of {} trees", forest::TREES),
        }
    }
}

fn sample<'a>(data: &Rows<'a>, binned: &'a Binned) -> Sample<'a> {
    Sample { binned, labels: data.labels, weights: data.weights, offset: data.offset }
}

/// Log loss of one row at a margin, without overflow.
pub(super) fn row_loss(label: bool, margin: f64) -> f64 {
    let signed = if label { margin } else { -margin };
    if signed > 0.0 { libm::log1p(libm::exp(-signed)) } else { libm::log1p(libm::exp(signed)) - signed }
}

impl HeldOut {
    /// Keeps the strengths that are best over all folds, or over all but one: the others are never asked for.
    fn new(data: &Rows<'_>, folds: &[usize], margins: Vec<Vec<f64>>) -> HeldOut {
        let n = data.labels.len();
        let k = folds.iter().max().map_or(1, |m| m + 1);
        let loss = |margins: &Vec<f64>| {
            let mut by_fold = vec![0.0; k];
            for (i, &m) in margins.iter().enumerate() {
                by_fold[folds[i % n]] += data.weight(i % n) * row_loss(data.labels[i % n], m);
            }
            by_fold
        };
        let losses: Vec<Vec<f64>> = margins.par_iter().map(loss).collect();
        let best = |wanted: &dyn Fn(usize) -> bool| {
            let sum = |s: &usize| (0..k).filter(|&f| wanted(f)).map(|f| losses[*s][f]).sum::<f64>();
            // Ties go to the first: the weakest fit.
            (0..losses.len()).min_by(|a, b| sum(a).total_cmp(&sum(b))).unwrap_or(0)
        };
        let (all, without) = (best(&|_| true), (0..k).map(|f| best(&|other| other != f)).collect::<Vec<_>>());
        let finite = !margins.is_empty() && losses.iter().flatten().all(|l| l.is_finite());
        let margins = margins.into_iter().enumerate().filter(|(s, _)| *s == all || without.contains(s)).collect();
        HeldOut { margins, best: all, best_without: without, finite }
    }

    /// The strength with the least loss over the folds, or over those but `excluded`.
    pub(super) fn best(&self, excluded: Option<usize>) -> usize {
        excluded.map_or(self.best, |k| self.best_without[k])
    }

    /// Whether every margin is a number, and there is one.
    pub(super) fn is_finite(&self) -> bool {
        self.finite
    }

    /// Held-out margins at a strength that [`best`](Self::best) gave, by row and repeat.
    pub(super) fn margins(&self, strength: usize) -> &[f64] {
        self.margins.get(&strength).map_or(&[], Vec::as_slice)
    }
}
