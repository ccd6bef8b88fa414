//! The interval around a probability, and what it covers.
//!
//! Take as many new customers as the model has learnt from, sort them by their scores and cut them into groups of
//! `group_size`: in the share `level` of the groups, the share of customers who leave lies inside the interval. One
//! customer either leaves or does not, and the rate "behind" one score can never be observed; the rate of a group can,
//! so the statement can be checked, and `make bench-quality` checks it on rows not seen. A share of 7 in 25 stands for
//! anything from 6.5 to 7.5 in 25 (the usual correction for continuity), so that a level can be met exactly.
//!
//! A group has 25 customers, and more where that still leaves [`GROUPS`] groups of training rows, so the interval
//! narrows as data grow.
//!
//! How it is made. The share of a group is taken as beta-binomial around the calibrated probability: a group of that
//! size is a draw, and the probability is known as well as the rows behind the calibration curve say. How many of the
//! groups that this law expects inside really are is then measured on the held-out scores, by split conformal
//! prediction (Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005; Papadopoulos et al. 2002):
//! the held-out rows are cut into groups, the distance of each group's share from the middle of its law is ranked,
//! and the interval is as wide as the distance of rank `level`. A new group that is exchangeable with those lies
//! inside with probability `level` at least, whatever the law of the labels. That holds on average over training
//! tables; for one table the rank of g groups leaves the share inside uncertain by 0.3 / sqrt(g) (Vovk, "Conditional
//! validity of inductive conformal predictors", 2012), so groups that obey the law stand in for those that are missing:
//! on few rows the law decides, on many rows the held-out groups do. The held-out scores come from
//! models without a fold's rows, the final model from all rows: to that extent exchangeability is an approximation,
//! as in cross-conformal prediction (Vovk, "Cross-conformal predictors", 2015).

use super::calibrate::Held;
use super::split::{random, shuffle};
use crate::model::{Calibrator, IntervalCurve};

/// Nominal level of the intervals.
pub(super) const LEVEL: f64 = 0.9;
/// Knots of the curve.
const KNOTS: usize = 33;
/// Groups that held-out rows are cut into, where there are rows enough: the rank of so many tells the share of new
/// groups inside to 1.4 points (one standard deviation).
const GROUPS: usize = 450;
/// How often the held-out rows are cut, each time elsewhere: where the cuts fall is chance, which the mean lessens.
const CUTS: usize = 5;
/// Fewest customers of a group: the rate of fewer says next to nothing.
const LEAST: usize = 25;
/// Most customers of a group.
const MOST: usize = 1000;

/// The interval of the churn rate of groups with about this margin, around what `calibrator` says; every row of
/// `held` is there `repeats` times, and `honest` holds the probability of each row of the first repeat by what was
/// learnt, chosen and calibrated without it.
pub(super) fn curve(held: Held<'_>, calibrator: &Calibrator, repeats: usize, honest: &[f64]) -> IntervalCurve {
    let n = honest.len();
    let group_size = (n / GROUPS).clamp(LEAST, MOST).min(n);
    let known = Known::new(held, calibrator, repeats);
    let level = conformal_level(held, &known, honest, group_size);
    let mut margins = held.margins.to_vec();
    margins.sort_unstable_by(f64::total_cmp);
    let mut knots: Vec<f64> = (0..KNOTS).map(|i| margins[i * (margins.len() - 1) / (KNOTS - 1)]).collect();
    knots.dedup();
    let ends = knots.iter().map(|&m| {
        let p = calibrator.probability(m);
        let law = Law::new(p, known.rows_behind(m, p), group_size);
        (law.share_at(0.5 - 0.5 * level), law.share_at(0.5 + 0.5 * level))
    });
    let (low, high) = ends.unzip();
    IntervalCurve { level: LEVEL, method: "conformal_groups".to_owned(), group_size, knots, low, high }
}

/// How well the calibration curve is known: as a parabola in the margin that the rows would tell. A line would be the
/// least that a calibrator learns; what models learnt from few rows get wrong bends as well.
struct Known {
    /// Polynomials that are orthogonal under the rows' information: centre, share of the one before the last, and the
    /// information about each.
    polynomials: Vec<[f64; 3]>,
    /// What unequal weights and repeated rows take from it.
    scale: f64,
}

impl Known {
    fn new(held: Held<'_>, calibrator: &Calibrator, repeats: usize) -> Known {
        let (mut total, mut squares) = (0.0, 0.0);
        for &w in held.weights {
            total += w;
            squares += w * w;
        }
        let information: Vec<f64> = held
            .margins
            .iter()
            .zip(held.weights)
            .map(|(&m, w)| {
                let p = calibrator.probability(m);
                w * p * (1.0 - p)
            })
            .collect();
        // Stieltjes' recurrence.
        let mut polynomials: Vec<[f64; 3]> = Vec::new();
        let (mut before, mut now) = (vec![0.0; held.margins.len()], vec![1.0; held.margins.len()]);
        let mut last = 0.0;
        for degree in 0..3 {
            let norm: f64 = information.iter().zip(&now).map(|(c, q)| c * q * q).sum();
            let moment: f64 = information.iter().zip(&now).zip(held.margins).map(|((c, q), m)| c * q * q * m).sum();
            // Margins that are all alike, or two of a kind, tell no more than that.
            if norm <= 1e-9 * last {
                break;
            }
            let (centre, share) = (moment / norm, if degree == 0 { 0.0 } else { norm / last });
            polynomials.push([centre, share, norm]);
            for ((q, b), m) in now.iter_mut().zip(&mut before).zip(held.margins) {
                (*q, *b) = ((m - centre) * *q - share * *b, *q);
            }
            last = norm;
        }
        // The rows of several repeats are the same rows: their weights add up to one a row, their squares do not.
        Known { polynomials, scale: squares * repeats as f64 / total }
    }

    /// The rows that would tell a single rate as well as all rows tell the rate at this margin.
    fn rows_behind(&self, margin: f64, p: f64) -> f64 {
        let (mut before, mut now, mut variance) = (0.0, 1.0, 0.0);
        for [centre, share, norm] in &self.polynomials {
            variance += now * now / norm;
            (now, before) = ((margin - centre) * now - share * before, now);
        }
        // Variance of a log-odds estimated from n rows: 1 / (n p (1 - p)).
        let rows = 1.0 / (self.scale * variance * (p * (1.0 - p)).max(1e-12));
        if rows.is_finite() { rows.clamp(2.0, 1e7) } else { 1e7 }
    }
}

/// The share of the middle of the law that must be taken so that the share [`LEVEL`] of groups falls into it.
fn conformal_level(held: Held<'_>, known: &Known, honest: &[f64], group_size: usize) -> f64 {
    let n = honest.len();
    // Rows of one score in an order that has nothing to do with their labels.
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut random(0), &mut order);
    order.sort_by(|&a, &b| honest[a].total_cmp(&honest[b]));
    let groups = n / group_size;
    let mut distances: Vec<f64> = Vec::new();
    for cut in 0..CUTS {
        // All rows take part in the first cut: groups differ by one row at most.
        let border = |g: usize| (g * CUTS + cut) * n / (groups * CUTS);
        for g in (0..groups).filter(|&g| border(g + 1) <= n) {
            let rows = &order[border(g)..border(g + 1)];
            let (mut all, mut left, mut expected, mut margin) = (0.0, 0.0, 0.0, 0.0);
            for &r in rows {
                let w = held.weights[r];
                all += w;
                left += if held.labels[r] { w } else { 0.0 };
                expected += w * honest[r];
                margin += w * held.margins[r];
            }
            if all > 0.0 {
                let p = expected / all;
                let law = Law::new(p, known.rows_behind(margin / all, p), rows.len());
                distances.push((2.0 * law.below(left / all * rows.len() as f64) - 1.0).abs());
            }
        }
    }
    // Where there are too few, groups that obey the law exactly stand in for the others.
    let missing = CUTS * GROUPS.saturating_sub(groups);
    distances.extend((0..missing).map(|i| (i as f64 + 0.5) / missing as f64));
    distances.sort_unstable_by(f64::total_cmp);
    // The new group is one more, and the groups of all cuts count as those of one.
    let rank = (LEVEL * (distances.len() + CUTS) as f64).ceil() as usize;
    distances[rank.clamp(1, distances.len()) - 1].min(1.0 - 1e-9)
}

/// The number of a group's customers who leave: beta-binomial with mean `p`, which `behind` rows tell.
struct Law {
    /// Probability of at most so many, by number.
    cumulative: Vec<f64>,
}

impl Law {
    fn new(p: f64, behind: f64, size: usize) -> Law {
        let p = p.clamp(1e-9, 1.0 - 1e-9);
        let (a, b, n) = (p * behind, (1.0 - p) * behind, size as f64);
        let ln_beta = |x: f64, y: f64| libm::lgamma(x) + libm::lgamma(y) - libm::lgamma(x + y);
        let mut ln = ln_beta(a, b + n) - ln_beta(a, b);
        let mut sum = 0.0;
        let mut cumulative = Vec::with_capacity(size + 1);
        for k in 0..=size {
            sum += libm::exp(ln);
            cumulative.push(sum);
            let k = k as f64;
            ln += libm::log((n - k).max(1e-300) / (k + 1.0) * (a + k) / (b + n - k - 1.0));
        }
        // Rounding in the logarithms: the whole is 1.
        cumulative.iter_mut().for_each(|c| *c /= sum);
        Law { cumulative }
    }

    /// Probability of fewer than `count`, a count of k being spread evenly from k - 1/2 to k + 1/2.
    fn below(&self, count: f64) -> f64 {
        let k = (count + 0.5).floor().clamp(0.0, (self.cumulative.len() - 1) as f64) as usize;
        let before = if k > 0 { self.cumulative[k - 1] } else { 0.0 };
        before + (self.cumulative[k] - before) * (count + 0.5 - k as f64).clamp(0.0, 1.0)
    }

    /// The share that lies above this much of the law; the inverse of `below`.
    fn share_at(&self, probability: f64) -> f64 {
        let k = self.cumulative.partition_point(|&c| c < probability).min(self.cumulative.len() - 1);
        let before = if k > 0 { self.cumulative[k - 1] } else { 0.0 };
        let inside = (probability - before) / (self.cumulative[k] - before).max(1e-300);
        ((k as f64 - 0.5 + inside) / (self.cumulative.len() - 1) as f64).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sigmoid;
    use crate::train::calibrate::platt;
    use rand_chacha::rand_core::RngCore;

    #[test]
    fn the_law_is_the_binomial_where_the_rate_is_known() {
        let law = Law::new(0.3, 1e7, 4);
        let exact = [0.2401, 0.6517, 0.9163, 0.9919, 1.0];
        assert!(law.cumulative.iter().zip(exact).all(|(c, e)| (c - e).abs() < 1e-5), "{:?}", law.cumulative);
        assert!((law.below(1.0) - 0.5 * (0.2401 + 0.6517)).abs() < 1e-5);
        for q in [0.2, 0.4, 0.95] {
            assert!((law.below(4.0 * law.share_at(q)) - q).abs() < 1e-9, "{q}");
        }
        // Two rows behind it: all rates are alike likely.
        let vague = Law::new(0.5, 2.0, 9);
        assert!(vague.cumulative.iter().enumerate().all(|(k, c)| (c - (k as f64 + 1.0) / 10.0).abs() < 1e-9));
    }

    /// The share of new groups whose rate lies inside, where the truth is `bend` beside the calibrator.
    fn coverage(n: usize, bend: f64) -> (f64, usize) {
        let mut rng = random(3);
        let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let line = |labels: &[bool], margins: &[f64]| {
            platt(Held { labels, margins, weights: &vec![1.0; margins.len()] }).expect("a line")
        };
        let truth = |m: f64| sigmoid(0.5 * m - 1.0 + bend * (3.0 * m).sin());
        let (mut inside, mut groups, mut size) = (0.0, 0.0, 0);
        for _ in 0..(80_000 / n).clamp(20, 400) {
            let mut draw = |n: usize| -> (Vec<f64>, Vec<bool>) {
                let margins: Vec<f64> = (0..n).map(|_| 8.0 * uniform() - 4.0).collect();
                let labels = margins.iter().map(|&m| uniform() < truth(m)).collect();
                (margins, labels)
            };
            let (margins, labels) = draw(n);
            // Each half by the line of the other.
            let half = n / 2;
            let (first, second) = (line(&labels[..half], &margins[..half]), line(&labels[half..], &margins[half..]));
            let honest: Vec<f64> = (0..n)
                .map(|r| if r < half { second.probability(margins[r]) } else { first.probability(margins[r]) })
                .collect();
            let calibrator = line(&labels, &margins);
            let held = Held { labels: &labels, margins: &margins, weights: &vec![1.0; n] };
            let curve = curve(held, &calibrator, 1, &honest);
            size = curve.group_size;
            let (test, labels) = draw(n);
            let mut order: Vec<usize> = (0..test.len()).collect();
            order.sort_by(|&a, &b| test[a].total_cmp(&test[b]));
            for rows in order.chunks_exact(size) {
                let mean = |f: &dyn Fn(usize) -> f64| rows.iter().map(|&r| f(r)).sum::<f64>() / size as f64;
                let at = |r: usize| curve.at(test[r], calibrator.probability(test[r]));
                let (low, high) = (mean(&|r| at(r).0), mean(&|r| at(r).1));
                let left = mean(&|r| f64::from(u8::from(labels[r]))) * size as f64;
                // Nobody and everybody have nothing beyond them.
                let (low, high) = (low * size as f64, high * size as f64);
                let low = if low <= 0.0 { -0.5 } else { low };
                let high = if high >= size as f64 { high + 0.5 } else { high };
                inside += ((left + 0.5).min(high) - (left - 0.5).max(low)).max(0.0);
                groups += 1.0;
            }
        }
        (inside / groups, size)
    }

    #[test]
    fn the_stated_share_of_new_groups_lies_inside() {
        for n in [200, 2000, 8000] {
            let (share, size) = coverage(n, 0.0);
            assert_eq!(size, LEAST);
            // The held-out lines know half of the rows, so the width errs on the wide side where rows are few.
            assert!((LEVEL - 0.02..LEVEL + 0.04).contains(&share), "{n}: {share}");
        }
        // A calibrator that is wrong where no line can tell: the held-out groups do.
        let (share, size) = coverage(20_000, 0.3);
        assert_eq!(size, 44);
        assert!((LEVEL - 0.02..LEVEL + 0.03).contains(&share), "{share}");
    }
}
