//! Money: what a retention campaign earns, and whom to contact.

use super::ranking::roc;

/// What a campaign costs and what a kept customer is worth; any one currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Campaign {
    /// First parameter of the Beta distribution of the share of would-be churners who accept the offer.
    pub alpha: f64,
    /// Second parameter.
    pub beta: f64,
    /// Mean value of a kept customer.
    pub clv: f64,
    /// Cost of the offer, for those who accept it.
    pub offer: f64,
    /// Cost of contacting a customer.
    pub contact: f64,
}

impl Default for Campaign {
    /// The defaults of the literature: alpha 6, beta 14 (30 % accept on average), value 200, offer 10, contact 1.
    fn default() -> Self {
        Campaign { alpha: 6.0, beta: 14.0, clv: 200.0, offer: 10.0, contact: 1.0 }
    }
}

/// Expected maximum profit of a retention campaign, in money a customer of the base: the best cut for each share of
/// acceptance, averaged over that share's distribution. 0 or more; NaN where a class is absent. Source: Verbraken,
/// Verbeke and Baesens, "A novel profit maximizing metric for measuring classification performance of customer churn
/// prediction models" (2013).
pub fn empc(labels: &[bool], scores: &[f64], campaign: &Campaign) -> f64 {
    let positives = labels.iter().filter(|&&y| y).count() as f64 / labels.len() as f64;
    let negatives = 1.0 - positives;
    if !(positives > 0.0 && negatives > 0.0) {
        return f64::NAN;
    }
    let Campaign { alpha, beta, clv, .. } = *campaign;
    let (delta, phi) = (campaign.offer / clv, campaign.contact / clv);
    // The upper hull of the ROC curve: only its corners are ever best.
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for point in roc(labels, scores) {
        while let [.., a, b] = hull[..]
            && (b.1 - a.1) * (point.0 - b.0) <= (point.1 - b.1) * (b.0 - a.0)
        {
            hull.pop();
        }
        hull.push(point);
    }
    // Corner i is best for shares of acceptance between bounds[i] and bounds[i + 1].
    let mut bounds = vec![0.0];
    for pair in hull.windows(2) {
        let (fp, tp) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let share = (negatives * (delta + phi) * fp / (positives * tp) + phi) / (1.0 - delta);
        let before = bounds.last().copied().unwrap_or(0.0);
        bounds.push(if tp > 0.0 { share.clamp(before, 1.0) } else { 1.0 });
    }
    bounds.push(1.0);
    let mean = alpha / (alpha + beta);
    let mut sum = 0.0;
    for (i, &(fp, tp)) in hull.iter().enumerate() {
        let (low, high) = (bounds[i], bounds[i + 1]);
        let mass = beta_cdf(high, alpha, beta) - beta_cdf(low, alpha, beta);
        let share = mean * (beta_cdf(high, alpha + 1.0, beta) - beta_cdf(low, alpha + 1.0, beta));
        sum += positives * tp * ((1.0 - delta) * share - phi * mass) - negatives * fp * (delta + phi) * mass;
    }
    clv * sum
}

/// The regularised incomplete beta function, by its continued fraction (Lentz's method; Abramowitz and Stegun
/// 26.5.8).
fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, b, a);
    }
    let front =
        libm::exp(libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x)) / a;
    let floor = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / floor(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / floor(1.0 + even * d);
        c = floor(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / floor(1.0 + odd * d);
        c = floor(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// Profit of contacting everybody with a probability of at least `threshold`, where `values[i]` is what keeping
/// customer i is worth and a share `accept` of the would-be churners accepts.
pub fn profit(
    labels: &[bool],
    probabilities: &[f64],
    values: &[f64],
    threshold: f64,
    accept: f64,
    campaign: &Campaign,
) -> f64 {
    let rows = labels.iter().zip(probabilities).zip(values);
    rows.filter(|((_, p), _)| **p >= threshold)
        .map(|((&y, _), &value)| {
            // Who would have stayed takes the offer gladly.
            if y { accept * (value - campaign.offer) - campaign.contact } else { -campaign.offer - campaign.contact }
        })
        .sum()
}

/// The lowest probability at which a contact pays: the expected gain of a would-be churner times the probability
/// covers the cost of one who would have stayed. Above 1 where it never pays.
pub fn threshold_by_value(value: f64, accept: f64, campaign: &Campaign) -> f64 {
    let (gain, loss) = (accept * (value - campaign.offer) - campaign.contact, campaign.offer + campaign.contact);
    if gain > 0.0 { loss / (gain + loss) } else { f64::INFINITY }
}

/// The lowest probability among the `capacity` highest: who can be contacted this week. Infinite for no capacity.
pub fn threshold_by_capacity(probabilities: &[f64], capacity: usize) -> f64 {
    let mut sorted = probabilities.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    match capacity.min(sorted.len()).checked_sub(1) {
        Some(last) => sorted[last],
        None => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incomplete_beta_function_is_right_where_it_is_known() {
        // I_x(1, b) = 1 - (1 - x)^b; I_x(a, 1) = x^a; symmetry at one half.
        assert!((beta_cdf(0.3, 1.0, 4.0) - (1.0 - 0.7f64.powi(4))).abs() < 1e-14);
        assert!((beta_cdf(0.8, 3.0, 1.0) - 0.8f64.powi(3)).abs() < 1e-14);
        assert!((beta_cdf(0.5, 7.5, 7.5) - 0.5).abs() < 1e-14);
    }

    #[test]
    fn thresholds_say_where_a_contact_pays() {
        let campaign = Campaign::default();
        let t = threshold_by_value(200.0, 0.3, &campaign);
        let gain = |p: f64| p * (0.3 * 190.0 - 1.0) - (1.0 - p) * 11.0;
        assert!(gain(t).abs() < 1e-12 && gain(t + 0.01) > 0.0);
        assert_eq!(threshold_by_value(10.0, 0.3, &campaign), f64::INFINITY);
        assert_eq!(threshold_by_capacity(&[0.1, 0.9, 0.5], 2), 0.5);
        assert_eq!(threshold_by_capacity(&[0.1], 0), f64::INFINITY);
        let earned = profit(&[true, false], &[0.9, 0.8], &[200.0, 50.0], 0.5, 0.3, &campaign);
        assert!((earned - (0.3 * 190.0 - 1.0 - 11.0)).abs() < 1e-12);
    }
}
