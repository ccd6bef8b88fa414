//! Which learners, and how much of each: decided by out-of-fold log loss inside the training rows.

use super::boosting::Binned;
use super::calibrate::{self, Held};
use super::candidates::{Candidate, HeldOut};
use super::stack::Stack;
use super::{Rows, interval};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AdditiveModel, Calibrator, IntervalCurve, Space, logit};
use rayon::prelude::*;

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Learner {
    /// Several learners, weighed by cross-validated log loss.
    #[default]
    Auto,
    /// Gradient boosting of symmetric trees; the depth is chosen by cross-validation.
    Boosting,
    /// A sum of one-feature and two-feature effects.
    Additive,
    /// A forest.
    Forest,
    /// Logistic regression with linear splines.
    Logistic,
}

impl Learner {
    const ALL: [Learner; 5] = [Learner::Auto, Learner::Boosting, Learner::Additive, Learner::Forest, Learner::Logistic];

    /// The learner's name.
    pub fn name(self) -> &'static str {
        match self {
            Learner::Auto => "auto",
            Learner::Boosting => "boosting",
            Learner::Additive => "additive",
            Learner::Forest => "forest",
            Learner::Logistic => "logistic",
        }
    }

    /// The learner of this name.
    ///
    /// # Errors
    /// `invalid_argument`, listing the learners there are.
    pub fn parse(name: &str) -> Result<Learner> {
        Learner::ALL.into_iter().find(|l| l.name() == name).ok_or_else(|| {
            let all: Vec<_> = Learner::ALL.iter().map(|l| l.name()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("there is no learner '{name}'"))
                .with("argument", "learner")
                .hint(format!("use one of: {}", all.join(", ")))
        })
    }

    /// Whether the candidates are mixed; else the best one is taken alone.
    fn mixes(self) -> bool {
        matches!(self, Learner::Auto | Learner::Additive)
    }

    fn candidates(self, data: &Rows<'_>) -> Vec<Candidate> {
        let symmetric = |depth| Candidate::Symmetric { depth };
        match self {
            Learner::Logistic => vec![Candidate::Logistic],
            Learner::Forest => vec![Candidate::Forest],
            Learner::Additive => vec![Candidate::Effects, symmetric(2)],
            Learner::Boosting => [1, 2, 3, 4, 6].map(symmetric).to_vec(),
            Learner::Auto => {
                let mut all = vec![Candidate::Logistic, Candidate::Effects];
                all.extend([2, 3, 4, 6].map(symmetric));
                if data.labels.len() >= LEAFWISE_ROWS {
                    all.push(Candidate::Leafwise { leaves: 31 });
                }
                all
            }
        }
    }
}

/// Rows from which trees grown leaf by leaf are tried as well.
const LEAFWISE_ROWS: usize = 4000;
/// Work, in additions, that `auto` may spend on the folds: about ten seconds on two threads.
const BUDGET: f64 = 2e10;
/// Rows that repeated folds should add up to: on few rows one division into folds is a lottery.
const REPEATED_ROWS: usize = 1500;
/// Rows that a bin of a number should hold at least, within 32 to 256 bins.
const BIN_ROWS: usize = 16;
/// By how many standard errors the held-out log loss must be better than the base rate's for there to be a signal.
const SIGNAL: f64 = 1.645;

/// The chosen model.
pub(super) struct Chosen {
    pub additive: AdditiveModel,
    pub calibrator: Calibrator,
    pub interval: IntervalCurve,
    pub description: String,
    /// Whether the features tell more than the base rate.
    pub signal: bool,
    /// The first repeat's folds and the probability of each row by what was learnt and chosen without its fold.
    pub folds: Vec<usize>,
    pub held_out: Vec<f64>,
}

/// Candidates with their held-out margins.
struct Trial<'a> {
    data: &'a Rows<'a>,
    repeats: &'a [Vec<usize>],
    candidates: Vec<Candidate>,
    held_out: Vec<HeldOut>,
    mixes: bool,
    /// By row and repeat.
    labels: Vec<bool>,
    weights: Vec<f64>,
}

/// What the folds say: strength and weight by candidate, and the calibrator of the mixture.
struct Choice {
    strengths: Vec<usize>,
    weights: Vec<f64>,
    base: f64,
    calibrator: Calibrator,
}

pub(super) fn fit(data: &Rows<'_>, learner: Learner, seed: u64) -> Result<Chosen> {
    let binned = Binned::new(data.plan, data.matrix, (data.labels.len() / BIN_ROWS).clamp(32, 256));
    let candidates = learner.candidates(data);
    let (candidates, repeats) = within_budget(data, candidates, seed);
    let tried = candidates.iter().map(|&c| Ok((c, c.held_out(data, &binned, &repeats, seed)?)));
    // What cannot be computed on such columns (an overflow, say) is no candidate.
    let usable = tried.filter(|t| !matches!(t, Ok((_, held)) if !held.is_finite()));
    let (candidates, held_out): (Vec<_>, Vec<_>) = usable.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    if candidates.is_empty() {
        let message = format!("the learner '{}' cannot cope with these columns", learner.name());
        return Err(Error::new(ErrorKind::Unsupported, message)
            .hint("use the learner 'auto', or bring the numbers to a common scale"));
    }
    let n = data.labels.len();
    let r = repeats.len();
    let trial = Trial {
        data,
        repeats: &repeats,
        candidates,
        held_out,
        mixes: learner.mixes(),
        labels: (0..n * r).map(|i| data.labels[i % n]).collect(),
        weights: (0..n * r).map(|i| data.weight(i % n) / r as f64).collect(),
    };
    let held_out = trial.cross_fitted();
    let signal = trial.signal(&held_out);
    let choice = trial.choose(None);
    let margins = trial.mixture(&choice);
    if !signal {
        return Ok(trial.base_rate(held_out));
    }
    let mut additive = AdditiveModel { space: Space::LogOdds, intercept: choice.base, components: Vec::new() };
    let mut parts = Vec::new();
    for ((&candidate, &strength), &weight) in trial.candidates.iter().zip(&choice.strengths).zip(&choice.weights) {
        if weight > 0.0 {
            let model = candidate.fit(data, &binned, strength, seed)?;
            additive.intercept += weight * (model.intercept - choice.base);
            additive.components.extend(model.components.into_iter().map(|mut c| {
                c.weight *= weight;
                c
            }));
            parts.push((weight, candidate.describe(strength)));
        }
    }
    let description = match &parts[..] {
        [(_, only)] => only.clone(),
        _ => parts.iter().map(|(w, d)| format!("{w:.2} x {d}")).collect::<Vec<_>>().join(" + "),
    };
    let held = Held { labels: &trial.labels, margins: &margins, weights: &trial.weights };
    Ok(Chosen {
        additive,
        interval: interval::curve(held, &choice.calibrator, r),
        calibrator: choice.calibrator,
        description,
        signal,
        folds: repeats[0].clone(),
        held_out,
    })
}

/// Folds, repeated on few rows; fewer folds, then fewer candidates, where the work would be too much.
fn within_budget(data: &Rows<'_>, mut candidates: Vec<Candidate>, seed: u64) -> (Vec<Candidate>, Vec<Vec<usize>>) {
    let n = data.labels.len();
    let positive = data.labels.iter().filter(|&&y| y).count();
    let most = if positive.min(n - positive) < 20 { 3 } else { 5 };
    let work = |c: &[Candidate], k: usize| -> f64 {
        c.iter().map(|c| c.work(n, data.plan.len()) * (k as f64 - 1.0).max(1.0)).sum()
    };
    let mut k = most;
    while k > 2 && work(&candidates, k) > BUDGET {
        k -= 1;
    }
    while candidates.len() > 1 && work(&candidates, k) > BUDGET {
        let dearest = (0..candidates.len())
            .max_by(|&a, &b| candidates[a].work(n, data.plan.len()).total_cmp(&candidates[b].work(n, data.plan.len())));
        candidates.remove(dearest.unwrap_or(0));
    }
    let repeats = REPEATED_ROWS.div_ceil(n).clamp(1, 3) as u64;
    (candidates, (0..repeats).map(|r| data.split(k, seed.wrapping_add(r))).collect())
}

impl Trial<'_> {
    /// Strengths, weights and calibrator by all rows (of all repeats), or by those outside a fold of the first repeat.
    fn choose(&self, excluded: Option<usize>) -> Choice {
        let n = self.data.labels.len();
        let strengths: Vec<usize> = self.held_out.iter().map(|h| h.best(excluded)).collect();
        let rows: Vec<usize> = (0..self.labels.len()).filter(|&i| Some(self.repeats[0][i % n]) != excluded).collect();
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&i| values[i]).collect() };
        let labels: Vec<bool> = rows.iter().map(|&i| self.labels[i]).collect();
        let row_weights = pick(&self.weights);
        let base = calibrate::base_margin(Held { labels: &labels, margins: &[], weights: &row_weights });
        let margins: Vec<Vec<f64>> = self.held_out.iter().zip(&strengths).map(|(h, &s)| pick(h.margins(s))).collect();
        let borrowed: Vec<&[f64]> = margins.iter().map(Vec::as_slice).collect();
        let stack = Stack { margins: &borrowed, labels: &labels, weights: &row_weights, base };
        let weights = if self.mixes { stack.weights() } else { stack.single() };
        let mut choice = Choice { strengths, weights, base, calibrator: Calibrator::Identity };
        let mixture = pick(&self.mixture(&choice));
        let part: Vec<usize> = rows.iter().map(|&i| self.repeats[0][i % n]).collect();
        choice.calibrator =
            calibrate::choose(Held { labels: &labels, margins: &mixture, weights: &row_weights }, &part);
        choice
    }

    /// The mixture's margins, by row and repeat.
    fn mixture(&self, choice: &Choice) -> Vec<f64> {
        let mut out = vec![choice.base; self.labels.len()];
        for ((held, &strength), &weight) in self.held_out.iter().zip(&choice.strengths).zip(&choice.weights) {
            if weight > 0.0 {
                let margins = held.margins(strength);
                out.iter_mut().zip(margins).for_each(|(o, m)| *o += weight * (m - choice.base));
            }
        }
        out
    }

    /// The probability of each row, everything learnt, chosen and calibrated without the row's fold of the first
    /// repeat.
    fn cross_fitted(&self) -> Vec<f64> {
        let n = self.data.labels.len();
        let folds = &self.repeats[0];
        let mut out = vec![0.0; n];
        let k = folds.iter().max().map_or(1, |m| m + 1);
        let choices: Vec<(Choice, Vec<f64>)> = (0..k)
            .into_par_iter()
            .map(|k| {
                let choice = self.choose(Some(k));
                let margins = self.mixture(&choice);
                (choice, margins)
            })
            .collect();
        for (r, p) in out.iter_mut().enumerate() {
            let (choice, margins) = &choices[folds[r]];
            *p = choice.calibrator.probability(margins[r]);
        }
        out
    }

    /// Whether held-out probabilities lose less than the base rate of the other folds, beyond chance.
    fn signal(&self, probabilities: &[f64]) -> bool {
        let n = self.data.labels.len();
        let folds = &self.repeats[0];
        let loss = |y: bool, p: f64| -libm::log(if y { p } else { 1.0 - p }.max(1e-15));
        let (mut sum, mut squares) = (0.0, 0.0);
        for k in 0..=folds.iter().copied().max().unwrap_or(0) {
            let (mut all, mut positive) = (0.0, 0.0);
            for r in (0..n).filter(|&r| folds[r] != k) {
                all += self.data.weight(r);
                positive += if self.data.labels[r] { self.data.weight(r) } else { 0.0 };
            }
            for r in (0..n).filter(|&r| folds[r] == k) {
                let (y, w) = (self.data.labels[r], self.data.weight(r));
                let gain = loss(y, positive / all) - loss(y, probabilities[r]);
                sum += w * gain;
                squares += w * w * gain * gain;
            }
        }
        sum > SIGNAL * squares.sqrt()
    }

    /// The base rate for everybody, with its interval.
    fn base_rate(&self, mut held_out: Vec<f64>) -> Chosen {
        let n = self.data.labels.len();
        let folds = self.repeats[0].clone();
        let weights: Vec<f64> = (0..n).map(|r| self.data.weight(r)).collect();
        let rate = |wanted: &dyn Fn(usize) -> bool| {
            let rows = (0..n).filter(|&r| wanted(r));
            let (all, positive) = rows
                .fold((0.0, 0.0), |(a, p), r| (a + weights[r], p + if self.data.labels[r] { weights[r] } else { 0.0 }));
            positive / all
        };
        for k in 0..=folds.iter().copied().max().unwrap_or(0) {
            let others = rate(&|r| folds[r] != k);
            (0..n).filter(|&r| folds[r] == k).for_each(|r| held_out[r] = others);
        }
        let margins = vec![logit(rate(&|_| true)); n];
        let held = Held { labels: self.data.labels, margins: &margins, weights: &weights };
        Chosen {
            additive: AdditiveModel { space: Space::LogOdds, intercept: margins[0], components: Vec::new() },
            calibrator: Calibrator::Identity,
            interval: interval::curve(held, &Calibrator::Identity, 1),
            description:
                "the base rate for everybody: the columns tell nothing about the label that holds on rows not seen"
                    .to_owned(),
            signal: false,
            folds,
            held_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learners_are_found_by_name() {
        for learner in Learner::ALL {
            assert_eq!(Learner::parse(learner.name()).expect("known"), learner);
        }
        assert_eq!(Learner::parse("magic").expect_err("unknown").kind(), ErrorKind::InvalidArgument);
    }
}
