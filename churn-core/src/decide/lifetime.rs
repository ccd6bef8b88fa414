//! How long customers stay, and the money that is at risk: discrete-time hazards on tenure.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Fewest customers who left.
const MIN_EVENTS: usize = 20;
/// Longest tenure that is looked at, in months.
const MAX_MONTHS: usize = 600;

/// Chance of leaving in each month of tenure, fitted on customers as they are: a tenure, and whether it has ended.
///
/// The hazard of month t (0 is the first) is a logistic function of ln(1 + t) and t, fitted by maximum likelihood on
/// customer-months (Allison 1982); beyond the last month seen it stays what it was there. A customer who stays counts in
/// every month of its tenure and is censored after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeModel {
    /// Intercept, slope of ln(1 + t), slope of t / 12.
    pub coefficients: [f64; 3],
    /// Last month with enough customers to be believed.
    pub last_month: usize,
    /// Customers.
    pub customers: usize,
    /// Those that left.
    pub churned: usize,
    /// Largest distance of the fitted survival curve from the Kaplan-Meier estimate, up to `last_month`.
    pub distance_to_kaplan_meier: f64,
}

/// One customer's money at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueAtRisk {
    /// Months the customer is expected to stay, up to the horizon.
    pub remaining_months: f64,
    /// `MRR x remaining months`.
    pub value: f64,
    /// `value x churn probability`.
    pub at_risk: f64,
}

/// The Kaplan-Meier survival at the end of each month 0, 1, ... of tenure.
fn kaplan_meier(at_risk: &[f64], events: &[f64]) -> Vec<f64> {
    let mut survival = 1.0;
    at_risk
        .iter()
        .zip(events)
        .map(|(n, d)| {
            if *n > 0.0 {
                survival *= 1.0 - d / n;
            }
            survival
        })
        .collect()
}

fn terms(month: usize) -> [f64; 3] {
    let t = month as f64;
    [1.0, libm::log1p(t), t / 12.0]
}

fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> Option<[f64; 3]> {
    for i in 0..3 {
        let pivot = (i..3).max_by(|&r, &s| a[r][i].abs().total_cmp(&a[s][i].abs()))?;
        a.swap(i, pivot);
        b.swap(i, pivot);
        if a[i][i].abs() < 1e-12 {
            return None;
        }
        for r in 0..3 {
            if r != i {
                let f = a[r][i] / a[i][i];
                let pivot_row = a[i];
                for (x, p) in a[r].iter_mut().zip(pivot_row) {
                    *x -= f * p;
                }
                b[r] -= f * b[i];
            }
        }
    }
    Some([b[0] / a[0][0], b[1] / a[1][1], b[2] / a[2][2]])
}

impl LifetimeModel {
    /// Fits hazards to tenures in months and whether each customer has left.
    ///
    /// # Errors
    /// `invalid_argument` where the lengths differ or a tenure is negative or not finite; `too_few_rows` below 20 who left
    /// or stayed.
    pub fn fit(tenures: &[f64], churned: &[bool]) -> Result<LifetimeModel> {
        if tenures.len() != churned.len() || tenures.iter().any(|t| !t.is_finite() || *t < 0.0) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the tenures cannot be used")
                .with("argument", "tenure_months")
                .hint("give one tenure of 0 or more months for each label"));
        }
        let events_all = churned.iter().filter(|&&y| y).count();
        if events_all < MIN_EVENTS || churned.len() - events_all < MIN_EVENTS {
            return Err(Error::new(ErrorKind::TooFewRows, format!("{events_all} of {} left", churned.len()))
                .hint(format!("give at least {MIN_EVENTS} who left and {MIN_EVENTS} who stayed")));
        }
        let month = |t: f64| (t as usize).min(MAX_MONTHS);
        let months = tenures.iter().map(|&t| month(t)).max().unwrap_or(0) + 1;
        let (mut events, mut ended) = (vec![0.0; months], vec![0.0; months]);
        for (&t, &y) in tenures.iter().zip(churned) {
            ended[month(t)] += 1.0;
            events[month(t)] += f64::from(u8::from(y));
        }
        // Customers that reached a month; those censored in it count in it.
        let mut at_risk = vec![0.0; months];
        let mut left = tenures.len() as f64;
        for t in 0..months {
            at_risk[t] = left;
            left -= ended[t];
        }
        let believed = at_risk.iter().rposition(|&n| n >= MIN_EVENTS as f64).unwrap_or(0);
        let exposure: f64 = at_risk[..=believed].iter().sum();
        let rate = (events[..=believed].iter().sum::<f64>() / exposure).clamp(1e-9, 0.5);
        let mut beta = [libm::log(rate / (1.0 - rate)), 0.0, 0.0];
        for _ in 0..50 {
            let (mut gradient, mut hessian) = ([0.0; 3], [[0.0; 3]; 3]);
            for t in 0..=believed {
                let x = terms(t);
                let p = crate::model::sigmoid(beta.iter().zip(x).map(|(b, x)| b * x).sum());
                for i in 0..3 {
                    gradient[i] += (events[t] - at_risk[t] * p) * x[i];
                    for j in 0..3 {
                        hessian[i][j] += at_risk[t] * p * (1.0 - p) * x[i] * x[j];
                    }
                }
            }
            // A whiff of ridge on the slopes keeps short histories solvable.
            for i in 1..3 {
                gradient[i] -= 0.1 * beta[i];
                hessian[i][i] += 0.1;
            }
            let Some(step) = solve(hessian, gradient) else { break };
            for (b, s) in beta.iter_mut().zip(step) {
                *b += s.clamp(-2.0, 2.0);
            }
            if step.iter().all(|s| s.abs() < 1e-10) {
                break;
            }
        }
        let mut model = LifetimeModel {
            coefficients: beta,
            last_month: believed,
            customers: tenures.len(),
            churned: events_all,
            distance_to_kaplan_meier: 0.0,
        };
        let mut survival = 1.0;
        for (t, km) in kaplan_meier(&at_risk, &events).into_iter().enumerate().take(believed + 1) {
            survival *= 1.0 - model.hazard(t);
            model.distance_to_kaplan_meier = model.distance_to_kaplan_meier.max((survival - km).abs());
        }
        Ok(model)
    }

    /// Chance of leaving within month `month` of tenure, having reached it, 0 to 1.
    pub fn hazard(&self, month: usize) -> f64 {
        let x = terms(month.min(self.last_month));
        crate::model::sigmoid(self.coefficients.iter().zip(x).map(|(b, x)| b * x).sum())
    }

    /// Months that a customer of this tenure is expected to stay, at most `horizon_months`; half of the month in which
    /// somebody leaves counts.
    pub fn remaining_months(&self, tenure_months: f64, horizon_months: usize) -> f64 {
        let from = tenure_months.clamp(0.0, MAX_MONTHS as f64) as usize;
        let (mut survival, mut sum) = (1.0, 0.0);
        for month in from..from + horizon_months {
            let next = survival * (1.0 - self.hazard(month));
            sum += f64::midpoint(survival, next);
            survival = next;
        }
        sum
    }

    /// The money at risk with one customer: MRR, tenure, and the churn probability of a model, or, without one, the chance
    /// of leaving within the next three months by the hazards.
    pub fn value_at_risk(
        &self,
        mrr: f64,
        tenure_months: f64,
        probability: Option<f64>,
        horizon_months: usize,
    ) -> ValueAtRisk {
        let remaining_months = self.remaining_months(tenure_months, horizon_months);
        let from = tenure_months.clamp(0.0, MAX_MONTHS as f64) as usize;
        let soon = || 1.0 - (from..from + 3).map(|t| 1.0 - self.hazard(t)).product::<f64>();
        let value = mrr * remaining_months;
        ValueAtRisk { remaining_months, value, at_risk: value * probability.unwrap_or_else(soon) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    #[test]
    fn a_constant_hazard_is_found_and_the_lifetime_is_geometric() {
        let mut rng = Random::new(3);
        let (mut tenures, mut churned) = (Vec::new(), Vec::new());
        for _ in 0..20_000 {
            let censored = rng.uniform() * 60.0;
            let mut t = 0.0;
            while rng.uniform() > 0.05 && t < censored {
                t += 1.0;
            }
            churned.push(t < censored);
            tenures.push(t.min(censored));
        }
        let model = LifetimeModel::fit(&tenures, &churned).expect("fit");
        for month in [0, 6, 24, 48] {
            assert!((model.hazard(month) - 0.05).abs() < 0.01, "{month}: {}", model.hazard(month));
        }
        assert!(model.distance_to_kaplan_meier < 0.03, "{model:?}");
        // The mean of a geometric lifetime less half a month, cut at 400 months.
        assert!((model.remaining_months(10.0, 400) - 19.5).abs() < 2.5, "{}", model.remaining_months(10.0, 400));
        let risk = model.value_at_risk(100.0, 10.0, Some(0.5), 400);
        assert!(
            (risk.at_risk - 0.5 * risk.value).abs() < 1e-9 && (risk.value - 100.0 * risk.remaining_months).abs() < 1e-9
        );
    }

    #[test]
    fn too_few_and_negative_are_refused() {
        assert_eq!(LifetimeModel::fit(&[1.0; 5], &[true; 5]).expect_err("few").code(), "too_few_rows");
        assert_eq!(LifetimeModel::fit(&[-1.0], &[true]).expect_err("negative").code(), "invalid_argument");
    }
}
