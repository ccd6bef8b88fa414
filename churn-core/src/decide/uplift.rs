//! What a campaign really did: contacted against held out.

use super::random::Random;
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;

/// Fewest subjects in an arm.
const MIN_ARM: usize = 30;
const REPEATS: usize = 400;
/// Points of the curve that are given back.
const CURVE_POINTS: usize = 20;
const Z: f64 = 1.959_963_984_540_054;

/// One person of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What happened: 1 and 0 for yes and no, or money.
    pub outcome: f64,
    /// The score by which subjects were or would have been chosen, higher first.
    pub score: Option<f64>,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How well the score finds those whom the treatment moves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UpliftRanking {
    /// Area under the uplift curve: outcomes gained for each treated subject when the best-scored share is treated,
    /// averaged over all shares.
    pub auuc: Estimate,
    /// Qini coefficient: that area less the area under the straight line of a random choice. Source: Radcliffe (2007).
    pub qini: Estimate,
    /// The curve: (share treated, outcomes gained for each treated subject).
    pub curve: Vec<(f64, f64)>,
}

/// What a treatment did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UpliftReadout {
    /// Treated subjects.
    pub n_treated: usize,
    /// Held-out subjects.
    pub n_control: usize,
    /// Mean outcome of the treated.
    pub treated: f64,
    /// Mean outcome of the held out.
    pub control: f64,
    /// The difference, with its interval (normal, unequal variances).
    pub effect: Estimate,
    /// `raises`, `lowers` or `not shown`: whether the interval excludes 0, and on which side.
    pub finding: &'static str,
    /// The evidence status for a playbook: `tested: ...` with the effect and its interval, or `untested` where nothing is
    /// shown.
    pub evidence: String,
    /// The ranking, where every subject has a score.
    pub ranking: Option<UpliftRanking>,
}

fn mean_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, values.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Holds treated against held-out subjects of a randomised experiment. `seed` is that of the bootstrap behind the
/// intervals of the ranking.
///
/// # Errors
/// `too_few_rows` below 30 subjects in an arm; `invalid_argument` for an outcome or a score that is not finite, or where
/// only some subjects have a score.
pub fn uplift_readout(treated: &[Subject], control: &[Subject], seed: u64) -> Result<UpliftReadout> {
    if treated.len() < MIN_ARM || control.len() < MIN_ARM {
        return Err(Error::new(
            ErrorKind::TooFewRows,
            format!("{} treated and {} held out: too few to read an effect", treated.len(), control.len()),
        )
        .hint(format!("give at least {MIN_ARM} of each")));
    }
    let all = || treated.iter().chain(control);
    let scored = all().filter(|s| s.score.is_some()).count();
    let finite = all().all(|s| s.outcome.is_finite() && s.score.is_none_or(f64::is_finite));
    if !finite || (scored != 0 && scored != treated.len() + control.len()) {
        return Err(Error::new(ErrorKind::InvalidArgument, "an outcome or a score is missing or not finite")
            .with("argument", "treated")
            .hint("give a finite outcome for each, and a score for all or for none"));
    }
    let (t, vt) = mean_variance(treated.iter().map(|s| s.outcome));
    let (c, vc) = mean_variance(control.iter().map(|s| s.outcome));
    let se = (vt / treated.len() as f64 + vc / control.len() as f64).sqrt();
    let effect = Estimate { value: t - c, low: t - c - Z * se, high: t - c + Z * se };
    let finding = if effect.low > 0.0 {
        "raises"
    } else if effect.high < 0.0 {
        "lowers"
    } else {
        "not shown"
    };
    let evidence = if finding == "not shown" {
        "untested".to_owned()
    } else {
        format!(
            "tested: {finding} the outcome by {:.4} (95 % interval {:.4} to {:.4}; {} treated, {} held out)",
            effect.value.abs(),
            effect.low.abs().min(effect.high.abs()),
            effect.low.abs().max(effect.high.abs()),
            treated.len(),
            control.len()
        )
    };
    Ok(UpliftReadout {
        n_treated: treated.len(),
        n_control: control.len(),
        treated: t,
        control: c,
        effect,
        finding,
        evidence,
        ranking: (scored > 0).then(|| ranking(treated, control, seed)),
    })
}

/// One subject on the way down the ranking.
struct Ranked {
    score: f64,
    treated: bool,
    outcome: f64,
}

/// Area under the uplift curve and under the random line, with these weights of the subjects; `at` hears every point.
fn areas(ranked: &[Ranked], weight: impl Fn(usize) -> f64, mut at: impl FnMut(f64, f64)) -> (f64, f64) {
    let total: f64 = (0..ranked.len()).map(&weight).sum();
    let all_treated: f64 = ranked.iter().enumerate().filter(|(_, r)| r.treated).map(|(i, _)| weight(i)).sum();
    let (mut nt, mut nc, mut yt, mut yc) = (0.0, 0.0, 0.0, 0.0);
    let (mut area, mut last, mut share) = (0.0, 0.0, 0.0);
    let mut i = 0;
    while i < ranked.len() {
        // Equal scores are one step: their order says nothing.
        let score = ranked[i].score;
        while i < ranked.len() && ranked[i].score == score {
            let w = weight(i);
            if ranked[i].treated {
                nt += w;
                yt += w * ranked[i].outcome;
            } else {
                nc += w;
                yc += w * ranked[i].outcome;
            }
            i += 1;
        }
        let gain = if nc > 0.0 { (yt - yc * nt / nc) / all_treated } else { last };
        let now = (nt + nc) / total;
        area += f64::midpoint(gain, last) * (now - share);
        (last, share) = (gain, now);
        at(share, gain);
    }
    (area, last / 2.0)
}

fn ranking(treated: &[Subject], control: &[Subject], seed: u64) -> UpliftRanking {
    let of = |subjects: &[Subject], treated: bool| -> Vec<Ranked> {
        let one = |s: &Subject| Ranked { score: s.score.unwrap_or_default(), treated, outcome: s.outcome };
        subjects.iter().map(one).collect()
    };
    let mut ranked = of(treated, true);
    ranked.extend(of(control, false));
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.treated.cmp(&a.treated)));
    let mut points: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    let (auuc, random) = areas(&ranked, |_| 1.0, |share, gain| points.push((share, gain)));
    let mut rng = Random::new(seed);
    let (mut areas_drawn, mut qinis) = (Vec::with_capacity(REPEATS), Vec::with_capacity(REPEATS));
    for _ in 0..REPEATS {
        let weights: Vec<f64> = ranked.iter().map(|_| f64::from(rng.poisson())).collect();
        let (area, line) = areas(&ranked, |i| weights[i], |_, _| {});
        areas_drawn.push(area);
        qinis.push(area - line);
    }
    let estimate = |value: f64, mut drawn: Vec<f64>| {
        drawn.sort_by(f64::total_cmp);
        let rank = |q: f64| drawn[((q * drawn.len() as f64) as usize).min(drawn.len() - 1)];
        Estimate { value, low: rank(0.025), high: rank(0.975) }
    };
    let curve = (0..=CURVE_POINTS)
        .map(|k| {
            let share = k as f64 / CURVE_POINTS as f64;
            let right = points.partition_point(|p| p.0 < share).min(points.len() - 1);
            (share, points[right].1)
        })
        .collect();
    UpliftRanking { auuc: estimate(auuc, areas_drawn), qini: estimate(auuc - random, qinis), curve }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The treatment raises the outcome from 10 % to 30 % for a high score, and does nothing for a low one.
    fn arms(n: usize, informative: bool) -> (Vec<Subject>, Vec<Subject>) {
        let mut rng = Random::new(7);
        let mut arm = |treated: bool| -> Vec<Subject> {
            (0..n)
                .map(|_| {
                    let score = rng.uniform();
                    let p = if treated && score > 0.5 { 0.3 } else { 0.1 };
                    let outcome = f64::from(u8::from(rng.uniform() < p));
                    Subject { outcome, score: Some(if informative { score } else { rng.uniform() }) }
                })
                .collect()
        };
        (arm(true), arm(false))
    }

    #[test]
    fn an_effect_is_found_with_those_it_moves() {
        let (treated, control) = arms(4000, true);
        let out = uplift_readout(&treated, &control, 0).expect("readout");
        assert_eq!(out.finding, "raises");
        assert!((out.effect.value - 0.1).abs() < 0.02 && out.effect.low < 0.1 && out.effect.high > 0.1);
        let ranking = out.ranking.expect("ranking");
        // By hand: the curve rises to 0.1 at one half and stays, so the area is 0.075 and the line's 0.05.
        assert!((ranking.qini.value - 0.025).abs() < 0.008, "{ranking:?}");
        assert!(ranking.qini.low > 0.0 && ranking.auuc.low > 0.0);
        let (treated, control) = arms(4000, false);
        let blind = uplift_readout(&treated, &control, 0).expect("readout").ranking.expect("ranking");
        assert!(blind.qini.low < 0.0 && blind.qini.high > 0.0, "{blind:?}");
    }

    #[test]
    fn nothing_shown_stays_untested() {
        let arm = |k: usize| -> Vec<Subject> {
            (0..100).map(|i| Subject { outcome: f64::from(u8::from(i % k == 0)), score: None }).collect()
        };
        let out = uplift_readout(&arm(10), &arm(10), 0).expect("readout");
        assert_eq!((out.finding, out.evidence.as_str(), out.ranking), ("not shown", "untested", None));
        assert_eq!(uplift_readout(&arm(10)[..9], &arm(10), 0).expect_err("few").code(), "too_few_rows");
    }
}
