//! Which learners, and how much of each: decided by out-of-fold log loss inside the training rows.

use super::boosting::Binned;
use super::calibrate::{self, Held};
use super::candidates::{Candidate, HeldOut};
use super::prior::Start;
use super::stack::Stack;
use super::{Rows, Settings, interval};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AdditiveModel, Calibrator, IntervalCurve, Space, logit, sigmoid};
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
                // Few rows cannot tell depths apart.
                let depths: &[usize] = if data.labels.len() < DEPTH_ROWS { &[2, 4] } else { &[2, 3, 4, 6] };
                all.extend(depths.iter().copied().map(symmetric));
                if data.labels.len() >= LEAFWISE_ROWS {
                    all.push(Candidate::Leafwise { leaves: 31 });
                }
                all
            }
        }
    }
}

/// Rows from which four depths are tried, not two.
const DEPTH_ROWS: usize = 150;
/// Rows from which trees grown leaf by leaf are tried as well.
const LEAFWISE_ROWS: usize = 4000;
/// Additions that two threads do in a second.
pub(super) const WORK_PER_SECOND: f64 = 2e9;
/// Work, in additions, that may be spent on the folds where the caller does not say: ten seconds.
pub(super) const BUDGET: f64 = 10.0 * WORK_PER_SECOND;
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
    /// The margin that learning starts from; 0 where it starts from nothing.
    offset: Vec<f64>,
}

/// What the folds say: strength and weight by candidate, and the calibrator of the mixture.
struct Choice {
    strengths: Vec<usize>,
    weights: Vec<f64>,
    /// What is added to every row beside the offset.
    base: f64,
    calibrator: Calibrator,
}

/// Chooses and fits; `budget` is the work that choosing may cost, 0 for learning nothing from the rows but the base
/// rate, or the weight of the scorecard that is started from.
pub(super) fn fit(data: &Rows<'_>, start: Option<&Start>, settings: &Settings<'_>, budget: f64) -> Result<Chosen> {
    let Settings { learner, seed, .. } = *settings;
    if budget <= 0.0 {
        return Ok(Fallback { data, start, folds: &data.split(3, seed) }.chosen());
    }
    let binned = Binned::new(data.plan, data.matrix.view(), (data.labels.len() / BIN_ROWS).clamp(32, 256));
    let candidates = learner.candidates(data);
    let (candidates, repeats) = within_budget(data, candidates, seed, budget);
    let tried = candidates.iter().map(|&c| Ok((c, c.held_out(data, &binned, &repeats, seed)?)));
    // What cannot be computed on such columns (an overflow, say) is no candidate.
    let usable = tried.filter(|t: &Result<_>| match t {
        Ok((_, held)) => HeldOut::is_finite(held),
        Err(e) => e.kind() != ErrorKind::Unsupported,
    });
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
        offset: (0..n * r).map(|i| data.offset.map_or(0.0, |o| o[i % n])).collect(),
    };
    let held_out = trial.cross_fitted();
    let fallback = Fallback { data, start, folds: &repeats[0] };
    if !trial.signal(&held_out, &fallback.held_out()) {
        return Ok(fallback.chosen());
    }
    let choice = trial.choose(None);
    let margins = trial.mixture(&choice);
    let nothing = AdditiveModel { space: Space::LogOdds, intercept: 0.0, components: Vec::new() };
    let mut additive = start.map_or(nothing, Start::model);
    additive.intercept += choice.base;
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
    let learnt = match &parts[..] {
        [(_, only)] => only.clone(),
        _ => parts.iter().map(|(w, d)| format!("{w:.2} x {d}")).collect::<Vec<_>>().join(" + "),
    };
    let description = start.map_or(learnt.clone(), |s| format!("{} + {learnt}", s.describe()));
    let held = Held { labels: &trial.labels, margins: &margins, weights: &trial.weights };
    Ok(Chosen {
        additive,
        interval: interval::curve(held, &choice.calibrator, r, &held_out),
        calibrator: choice.calibrator,
        description,
        signal: true,
        folds: repeats[0].clone(),
        held_out,
    })
}

/// Folds, repeated on few rows; fewer folds, then fewer candidates, where the work would be too much.
fn within_budget(
    data: &Rows<'_>,
    mut candidates: Vec<Candidate>,
    seed: u64,
    budget: f64,
) -> (Vec<Candidate>, Vec<Vec<usize>>) {
    let n = data.labels.len();
    let positive = data.labels.iter().filter(|&&y| y).count();
    let most = if positive.min(n - positive) < 20 { 3 } else { 5 };
    let work = |c: &[Candidate], k: usize| -> f64 {
        c.iter().map(|c| c.work(n, data.plan.len()) * (k as f64 - 1.0).max(1.0)).sum()
    };
    let mut k = most;
    while k > 2 && work(&candidates, k) > budget {
        k -= 1;
    }
    while candidates.len() > 1 && work(&candidates, k) > budget {
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
        // An offset meets the base rate by itself.
        let base = match self.data.offset {
            None => calibrate::base_margin(Held { labels: &labels, margins: &[], weights: &row_weights }),
            Some(_) => 0.0,
        };
        let bases: Vec<f64> = rows.iter().map(|&i| base + self.offset[i]).collect();
        let margins: Vec<Vec<f64>> = self.held_out.iter().zip(&strengths).map(|(h, &s)| pick(h.margins(s))).collect();
        let borrowed: Vec<&[f64]> = margins.iter().map(Vec::as_slice).collect();
        let stack = Stack { margins: &borrowed, labels: &labels, weights: &row_weights, base: &bases };
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
        let bases: Vec<f64> = self.offset.iter().map(|o| o + choice.base).collect();
        let mut out = bases.clone();
        for ((held, &strength), &weight) in self.held_out.iter().zip(&choice.strengths).zip(&choice.weights) {
            if weight > 0.0 {
                let margins = held.margins(strength);
                out.iter_mut().zip(margins).zip(&bases).for_each(|((o, m), b)| *o += weight * (m - b));
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

    /// Whether held-out probabilities lose less than those of the fallback, beyond chance.
    fn signal(&self, probabilities: &[f64], fallback: &[f64]) -> bool {
        let loss = |y: bool, p: f64| -libm::log(if y { p } else { 1.0 - p }.max(1e-15));
        let (mut sum, mut squares) = (0.0, 0.0);
        for (r, &y) in self.data.labels.iter().enumerate() {
            let gain = self.data.weight(r) * (loss(y, fallback[r]) - loss(y, probabilities[r]));
            sum += gain;
            squares += gain * gain;
        }
        sum > SIGNAL * squares.sqrt()
    }
}

/// What is told where the rows tell nothing: the scorecard that was started from, or the base rate.
struct Fallback<'a> {
    data: &'a Rows<'a>,
    start: Option<&'a Start>,
    folds: &'a [usize],
}

impl Fallback<'_> {
    /// The base rate of the rows outside a fold, or of all.
    fn rate(&self, without: Option<usize>) -> f64 {
        let (mut all, mut positive) = (0.0, 0.0);
        for r in (0..self.folds.len()).filter(|&r| Some(self.folds[r]) != without) {
            all += self.data.weight(r);
            positive += if self.data.labels[r] { self.data.weight(r) } else { 0.0 };
        }
        positive / all
    }

    /// By row, without the row's fold. The scorecard's two numbers are those of all rows.
    fn held_out(&self) -> Vec<f64> {
        if let Some(start) = self.start {
            return start.margins.iter().map(|&m| sigmoid(m)).collect();
        }
        let k = self.folds.iter().max().map_or(1, |m| m + 1);
        let rates: Vec<f64> = (0..k).map(|k| self.rate(Some(k))).collect();
        self.folds.iter().map(|&k| rates[k]).collect()
    }

    fn chosen(&self) -> Chosen {
        let n = self.folds.len();
        let weights: Vec<f64> = (0..n).map(|r| self.data.weight(r)).collect();
        let held_out = self.held_out();
        let (additive, margins, description, signal) = match self.start {
            Some(start) => {
                let description = format!("{}: the rows tell nothing beyond it yet", start.describe());
                (start.model(), start.margins.clone(), description, start.told.weight > 0.0)
            }
            None => {
                let intercept = logit(self.rate(None));
                let description =
                    "the base rate for everybody: the columns tell nothing about the label that holds on rows not seen";
                let additive = AdditiveModel { space: Space::LogOdds, intercept, components: Vec::new() };
                (additive, vec![intercept; n], description.to_owned(), false)
            }
        };
        let held = Held { labels: self.data.labels, margins: &margins, weights: &weights };
        Chosen {
            additive,
            interval: interval::curve(held, &Calibrator::Identity, 1, &held_out),
            calibrator: Calibrator::Identity,
            description,
            signal,
            folds: self.folds.to_vec(),
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
