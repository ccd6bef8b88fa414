//! Expected maximum profit of a campaign, and the share of customers it is reached at.
//!
//! Source: Verbraken, Verbeke and Baesens (2013), "A novel profit maximizing metric for measuring classification
//! performance of customer churn prediction models": the share of churners that accept an offer is beta-distributed, all
//! customers have one value, and the profit is maximised over the cut-off.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Costs and benefits of a retention campaign.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignCosts {
    /// First parameter of the beta distribution of the acceptance rate.
    pub alpha: f64,
    /// Second parameter; the mean is alpha / (alpha + beta).
    pub beta: f64,
    /// Value of a customer who stays.
    pub value: f64,
    /// Cost of the offer.
    pub offer_cost: f64,
    /// Cost of a contact.
    pub contact_cost: f64,
}

impl Default for CampaignCosts {
    /// The paper's: 6, 14, 200, 10, 1.
    fn default() -> Self {
        CampaignCosts { alpha: 6.0, beta: 14.0, value: 200.0, offer_cost: 10.0, contact_cost: 1.0 }
    }
}

/// The expected maximum profit of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CampaignProfit {
    /// Expected maximum profit for each customer of the base, in money.
    pub profit: f64,
    /// Share of the customers, the riskiest first, that is contacted at the expected maximum, 0 to 1.
    pub fraction: f64,
}

/// Expected maximum profit and the share to contact, from who left and how they were ranked.
///
/// # Errors
/// `invalid_argument` for lengths that differ or costs out of range; `single_class` where nobody or everybody left.
pub fn expected_profit(churned: &[bool], scores: &[f64], costs: &CampaignCosts) -> Result<CampaignProfit> {
    let CampaignCosts { alpha, beta, value, offer_cost, contact_cost } = *costs;
    let positive = [alpha, beta, value].iter().all(|x| x.is_finite() && *x > 0.0);
    let bounded = offer_cost >= 0.0 && contact_cost >= 0.0 && offer_cost < value && contact_cost < value;
    if churned.len() != scores.len() || !positive || !bounded || scores.iter().any(|s| s.is_nan()) {
        return Err(Error::new(ErrorKind::InvalidArgument, "the scores or the costs of the campaign cannot be used")
            .with("argument", "costs")
            .hint("give one score a label, alpha, beta and value above 0, and costs below the value"));
    }
    let n = churned.len() as f64;
    let n0 = churned.iter().filter(|&&y| y).count() as f64;
    let n1 = n - n0;
    if n0 == 0.0 || n1 == 0.0 {
        return Err(Error::new(ErrorKind::SingleClass, "nobody or everybody left: there is no campaign to plan")
            .hint("give customers who left and customers who stayed"));
    }
    let (pi0, pi1) = (n0 / n, n1 / n);
    let hull = hull(churned, scores, n0, n1);
    let (delta, phi) = (offer_cost / value, contact_cost / value);
    // The acceptance rate from which the next segment of the hull pays.
    let mut gamma = vec![0.0];
    for pair in hull.windows(2) {
        let (d0, d1) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let at = (pi1 * (delta + phi) * d1 + pi0 * phi * d0) / (pi0 * (1.0 - delta) * d0);
        if at.is_nan() || at >= 1.0 {
            break;
        }
        gamma.push(at.max(0.0));
    }
    gamma.push(1.0);
    let (mut profit, mut fraction) = (0.0, 0.0);
    let ratio = alpha / (alpha + beta);
    for (i, range) in gamma.windows(2).enumerate() {
        let (f0, f1) = hull[i];
        let mass = incomplete_beta(alpha, beta, range[1]) - incomplete_beta(alpha, beta, range[0]);
        // The integral of gamma over the range: the mean of a beta(alpha + 1, beta), by its distribution function.
        let mean =
            ratio * (incomplete_beta(alpha + 1.0, beta, range[1]) - incomplete_beta(alpha + 1.0, beta, range[0]));
        profit += value * ((1.0 - delta) * pi0 * f0 * mean - (phi * pi0 * f0 + (delta + phi) * pi1 * f1) * mass);
        fraction += (pi0 * f0 + pi1 * f1) * mass;
    }
    Ok(CampaignProfit { profit, fraction })
}

/// The convex hull of the ROC curve: (share of churners, share of others) found, from (0, 0) to (1, 1).
fn hull(churned: &[bool], scores: &[f64], n0: f64, n1: f64) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut hull: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    let (mut f0, mut f1, mut i) = (0.0, 0.0, 0);
    while i < order.len() {
        let score = scores[order[i]];
        while i < order.len() && scores[order[i]] == score {
            if churned[order[i]] {
                f0 += 1.0
            } else {
                f1 += 1.0
            }
            i += 1;
        }
        let point = (f0 / n0, f1 / n1);
        while hull.len() >= 2 {
            let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
            // Keep b only where the way from a over b turns away from the diagonal's side.
            if (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

/// The regularised incomplete beta function. Source: Lentz's continued fraction, as in Abramowitz and Stegun 26.5.8.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front =
        libm::exp(libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x)) / a;
    let tiny = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0)));
    let mut f = d;
    for m in 1..=300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / tiny(1.0 + even * d);
        c = tiny(1.0 + even / c);
        f *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / tiny(1.0 + odd * d);
        c = tiny(1.0 + odd / c);
        let step = d * c;
        f *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * f
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference: the binomial sum that the function is for whole numbers, in exact fractions.
    #[test]
    fn the_incomplete_beta_is_the_binomial_sum() {
        for (a, b, x, expected) in [
            (6.0, 14.0, 0.3, 0.526_137_474_726_485_8),
            (7.0, 14.0, 0.3, 0.391_990_187_799_076),
            (6.0, 14.0, 0.05, 0.000_240_689_876_760_223_7),
            (2.0, 3.0, 0.9, 0.996_3),
        ] {
            let got = incomplete_beta(a, b, x);
            assert!((got - expected).abs() < 1e-9, "{a} {b} {x}: {got}");
        }
    }

    /// The definition itself: the best cut-off for each acceptance rate, integrated on a fine grid.
    #[test]
    fn the_closed_form_is_the_integral() {
        let churned: Vec<bool> = (0..400).map(|i| (i * 7919 % 100) < 8 + i / 10).collect();
        let scores: Vec<f64> = (0..400).map(|i| f64::from(i) + f64::from(i * 31 % 97)).collect();
        let costs = CampaignCosts::default();
        let got = expected_profit(&churned, &scores, &costs).expect("profit");
        let (n, n0) = (400.0, churned.iter().filter(|&&y| y).count() as f64);
        let mut order: Vec<usize> = (0..400).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let (steps, mut profit, mut fraction, mut last) = (4000, 0.0, 0.0, 0.0);
        for step in 1..=steps {
            let g = f64::from(step) / f64::from(steps);
            let cumulated = incomplete_beta(costs.alpha, costs.beta, g);
            let rate = g - 0.5 / f64::from(steps);
            let (mut best, mut at, mut k0, mut k1) = (0.0, 0.0, 0.0, 0.0);
            for (k, &r) in order.iter().enumerate() {
                if churned[r] {
                    k0 += 1.0
                } else {
                    k1 += 1.0
                }
                let gain = 200.0 * (rate * 0.95 - 0.005) * k0 / n - 11.0 * k1 / n;
                let ends = k + 1 == order.len() || scores[order[k + 1]] != scores[r];
                if ends && gain > best {
                    (best, at) = (gain, (k + 1) as f64 / n);
                }
            }
            profit += best * (cumulated - last);
            fraction += at * (cumulated - last);
            last = cumulated;
        }
        assert!(n0 > 0.0);
        assert!((got.profit - profit).abs() < 0.01, "{} and {profit}", got.profit);
        assert!((got.fraction - fraction).abs() < 0.01, "{} and {fraction}", got.fraction);
    }

    #[test]
    fn bad_figures_are_refused() {
        let code = |y: &[bool], s: &[f64], c| expected_profit(y, s, &c).expect_err("refused").code();
        assert_eq!(code(&[true, true], &[0.1, 0.2], CampaignCosts::default()), "single_class");
        let dear = CampaignCosts { offer_cost: 300.0, ..CampaignCosts::default() };
        assert_eq!(code(&[true, false], &[0.1, 0.2], dear), "invalid_argument");
    }
}
