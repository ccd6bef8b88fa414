//! Weights of candidates by their out-of-fold log loss.
//!
//! Margins of the candidates are added up with non-negative weights (stacking; Wolpert 1992, Breiman 1996). The
//! weights are drawn to equal ones by a Gaussian prior: on few rows the mixture is near the mean of all candidates,
//! which hardly ever is the worst of them, on many rows the data decide. A candidate that is worth next to nothing
//! is dropped, because a mixture of fewer parts is scored and explained faster.

use super::candidates::row_loss;
use crate::model::sigmoid;

/// Precision of the prior: a weight's standard deviation around 1 / candidates is 1 / 4.
const PRIOR: f64 = 16.0;
/// How much more log loss, in nats a row, is allowed for dropping one more candidate.
const WORTH: f64 = 0.000_1;

/// Out-of-fold margins that weights are learnt from.
pub(super) struct Stack<'a> {
    /// By candidate, by row.
    pub margins: &'a [&'a [f64]],
    pub labels: &'a [bool],
    /// By row: weight in the loss.
    pub weights: &'a [f64],
    /// By row: the margin of the base rate, or the one that learning started from; weights multiply what differs from
    /// it.
    pub base: &'a [f64],
}

impl Stack<'_> {
    /// Non-negative weights, one a candidate.
    pub(super) fn weights(&self) -> Vec<f64> {
        let mut used: Vec<usize> = (0..self.margins.len()).collect();
        let (mut weights, mut cost) = self.solve(&used);
        let allowed: f64 = WORTH * self.weights.iter().sum::<f64>();
        while used.len() > 1 {
            // Without the candidate of least weight; ties go to the later one.
            let least = (0..used.len()).rev().min_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0);
            let mut fewer = used.clone();
            fewer.remove(least);
            let (fewer_weights, fewer_cost) = self.solve(&fewer);
            if fewer_cost > cost + allowed && weights[least] > 1e-3 {
                break;
            }
            (used, weights, cost) = (fewer, fewer_weights, fewer_cost);
        }
        let mut all = vec![0.0; self.margins.len()];
        for (&candidate, weight) in used.iter().zip(weights) {
            all[candidate] = weight;
        }
        all
    }

    /// Weight 1 for the candidate with the least loss, the first of equals.
    pub(super) fn single(&self) -> Vec<f64> {
        let loss = |c: usize| -> f64 {
            (0..self.labels.len()).map(|r| self.weights[r] * row_loss(self.labels[r], self.margins[c][r])).sum()
        };
        let losses: Vec<f64> = (0..self.margins.len()).map(loss).collect();
        let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
        (0..losses.len()).map(|c| if c == best { 1.0 } else { 0.0 }).collect()
    }

    fn mixed(&self, used: &[usize], weights: &[f64], row: usize) -> f64 {
        let parts = used.iter().zip(weights);
        self.base[row] + parts.map(|(&c, w)| w * (self.margins[c][row] - self.base[row])).sum::<f64>()
    }

    /// Weights of these candidates, the others' being 0, and the loss with the prior's part.
    fn solve(&self, used: &[usize]) -> (Vec<f64>, f64) {
        let k = used.len();
        let equal = 1.0 / self.margins.len() as f64;
        let mut w = vec![equal; k];
        let mut fixed = vec![false; k];
        for _ in 0..60 {
            let (mut g, mut h) = (vec![0.0; k], vec![vec![0.0; k]; k]);
            for r in 0..self.labels.len() {
                let margin = self.mixed(used, &w, r);
                let p = sigmoid(margin);
                let d = self.weights[r] * (p - f64::from(u8::from(self.labels[r])));
                let c = self.weights[r] * (p * (1.0 - p));
                for i in 0..k {
                    let m = self.margins[used[i]][r] - self.base[r];
                    g[i] += d * m;
                    for j in 0..=i {
                        h[i][j] += c * m * (self.margins[used[j]][r] - self.base[r]);
                    }
                }
            }
            for i in 0..k {
                g[i] += PRIOR * (w[i] - equal);
                h[i][i] += PRIOR;
                // At the border and pushed outwards: stays there.
                fixed[i] = w[i] <= 0.0 && g[i] > 0.0;
            }
            let step = newton_step(&h, &g, &fixed);
            let mut moved = 0.0f64;
            for i in 0..k {
                let next = (w[i] - step[i].clamp(-0.5, 0.5)).max(0.0);
                moved = moved.max((next - w[i]).abs());
                w[i] = next;
            }
            if moved < 1e-9 {
                break;
            }
        }
        let rows = 0..self.labels.len();
        let loss: f64 = rows.map(|r| self.weights[r] * row_loss(self.labels[r], self.mixed(used, &w, r))).sum();
        let absent = (self.margins.len() - k) as f64 * equal * equal;
        let prior = w.iter().map(|w| (w - equal).powi(2)).sum::<f64>() + absent;
        (w, loss + 0.5 * PRIOR * prior)
    }
}

/// Newton's step in the coordinates that are not fixed (0 in the others), `h` given by its lower half, by Gaussian elimination of a positive
/// definite matrix.
fn newton_step(h: &[Vec<f64>], g: &[f64], fixed: &[bool]) -> Vec<f64> {
    let free: Vec<usize> = (0..g.len()).filter(|&i| !fixed[i]).collect();
    let n = free.len();
    let mut a: Vec<Vec<f64>> =
        free.iter().map(|&i| free.iter().map(|&j| h[i.max(j)][i.min(j)]).chain([g[i]]).collect()).collect();
    for i in 0..n {
        let pivot = a[i].clone();
        for row in a.iter_mut().skip(i + 1) {
            let factor = row[i] / pivot[i];
            (i..=n).for_each(|c| row[c] -= factor * pivot[c]);
        }
    }
    let mut step = vec![0.0; g.len()];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * step[free[j]]).sum();
        step[free[i]] = (a[i][n] - known) / a[i][i];
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_candidate_gets_the_weight_and_noise_none() {
        let n = 4000;
        let truth: Vec<f64> = (0..n).map(|i| f64::from(i % 97) / 24.0 - 2.0).collect();
        let noise: Vec<f64> = (0..n).map(|i| f64::from(i * 7919 % 89) / 22.0 - 2.0).collect();
        let labels: Vec<bool> =
            (0..n).map(|i| f64::from(i * 613 % 1009) / 1009.0 < sigmoid(truth[i as usize])).collect();
        let weights = vec![1.0; n as usize];
        let stack = Stack { margins: &[&truth, &noise], labels: &labels, weights: &weights, base: &vec![0.0; 4000] };
        let found = stack.weights();
        assert!((found[0] - 1.0).abs() < 0.1 && found[1] < 0.05, "{found:?}");
        // On few rows equal candidates share the weight.
        let few = Stack {
            margins: &[&truth[..60], &truth[..60]],
            labels: &labels[..60],
            weights: &weights[..60],
            base: &[0.0; 60],
        };
        assert!(few.solve(&[0, 1]).0.iter().all(|w| (0.2..0.8).contains(w)));
    }
}
