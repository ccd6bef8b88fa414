//! Ridge-penalised logistic regression by Newton's method, for designs of up to a few hundred columns.

use crate::model::sigmoid;
use rayon::prelude::*;

/// Most Newton steps.
const MAX_STEPS: usize = 50;
/// Largest step, in units of the margin's change a standardised column, that counts as none.
const TOLERANCE: f64 = 1e-7;

/// Columns of a design with what is to be predicted.
pub(super) struct Design<'a> {
    /// The columns, each as long as there are rows.
    pub columns: Vec<Vec<f64>>,
    pub labels: Vec<bool>,
    /// Weight by row; 1 where there are none.
    pub weights: Option<Vec<f64>>,
    /// Margin by row that the fit starts from.
    pub offset: Option<&'a [f64]>,
}

/// Coefficients by column, then the intercept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coefficients {
    pub columns: Vec<f64>,
    pub intercept: f64,
}

/// Sums with eight accumulators in a fixed order: fast, and the same on every platform.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

impl Design<'_> {
    fn margins(&self, at: &Coefficients) -> Vec<f64> {
        let mut margins = match self.offset {
            Some(offset) => offset.iter().map(|o| o + at.intercept).collect(),
            None => vec![at.intercept; self.labels.len()],
        };
        for (column, &w) in self.columns.iter().zip(&at.columns) {
            if w != 0.0 {
                margins.iter_mut().zip(column).for_each(|(m, x)| *m += w * x);
            }
        }
        margins
    }

    fn objective(&self, at: &Coefficients, margins: &[f64], penalty: f64) -> f64 {
        let mut loss = 0.0;
        for (r, (&m, &y)) in margins.iter().zip(&self.labels).enumerate() {
            let signed = if y { m } else { -m };
            // ln(1 + exp(-signed)) without overflow.
            let l =
                if signed > 0.0 { libm::log1p(libm::exp(-signed)) } else { libm::log1p(libm::exp(signed)) - signed };
            loss += self.weights.as_ref().map_or(l, |w| w[r] * l);
        }
        loss + 0.5 * penalty * dot(&at.columns, &at.columns)
    }

    /// Minimises the weighted log loss plus `penalty / 2` times the squared coefficients (not the intercept), from
    /// `start`.
    pub(super) fn solve(&self, penalty: f64, start: Coefficients) -> Coefficients {
        let p = self.columns.len();
        let mut at = start;
        let mut margins = self.margins(&at);
        let mut value = self.objective(&at, &margins, penalty);
        for _ in 0..MAX_STEPS {
            let mut residual = Vec::with_capacity(margins.len());
            let mut curvature = Vec::with_capacity(margins.len());
            for (r, (&m, &y)) in margins.iter().zip(&self.labels).enumerate() {
                let q = sigmoid(m);
                let w = self.weights.as_ref().map_or(1.0, |w| w[r]);
                residual.push(w * (q - f64::from(u8::from(y))));
                curvature.push(w * (q * (1.0 - q)));
            }
            // One row of the (symmetric) Hessian a column; the intercept is the last column.
            let hessian: Vec<Vec<f64>> = (0..=p)
                .into_par_iter()
                .map(|j| {
                    let weighted: Vec<f64> = match self.columns.get(j) {
                        Some(x) => x.iter().zip(&curvature).map(|(x, c)| x * c).collect(),
                        None => curvature.clone(),
                    };
                    let mut row: Vec<f64> = self.columns[..(j + 1).min(p)].iter().map(|x| dot(&weighted, x)).collect();
                    if j == p {
                        row.push(curvature.iter().sum::<f64>() + 1e-9);
                    } else {
                        row[j] += penalty;
                    }
                    row
                })
                .collect();
            let mut gradient: Vec<f64> = self.columns.iter().map(|x| dot(&residual, x)).collect();
            gradient.iter_mut().zip(&at.columns).for_each(|(g, w)| *g += penalty * w);
            gradient.push(residual.iter().sum());
            let Some(step) = cholesky_solve(hessian, gradient) else { break };
            // Halve until the objective falls: Newton's method on a convex function then always arrives.
            let mut factor = 1.0;
            let moved = loop {
                let next = Coefficients {
                    columns: at.columns.iter().zip(&step).map(|(w, s)| w - factor * s).collect(),
                    intercept: at.intercept - factor * step[p],
                };
                let next_margins = self.margins(&next);
                let next_value = self.objective(&next, &next_margins, penalty);
                if next_value <= value {
                    (at, margins, value) = (next, next_margins, next_value);
                    break true;
                }
                factor *= 0.5;
                if factor < 1e-4 {
                    break false;
                }
            };
            if !moved || step.iter().all(|s| s.abs() < TOLERANCE * at.columns.len().max(1) as f64) {
                break;
            }
        }
        at
    }
}

/// Solves A x = b for a symmetric positive definite A given by its lower rows; `None` where it is not.
fn cholesky_solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        let (above, below) = a.split_at_mut(j);
        let row = &mut below[0];
        for (k, other) in above.iter().enumerate() {
            row[k] = (row[k] - dot(&row[..k], &other[..k])) / other[k];
        }
        let pivot = row[j] - dot(&row[..j], &row[..j]);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        row[j] = pivot.sqrt();
    }
    for j in 0..n {
        b[j] = (b[j] - dot(&a[j][..j], &b[..j])) / a[j][j];
    }
    for j in (0..n).rev() {
        b[j] /= a[j][j];
        let x = b[j];
        for k in 0..j {
            b[k] -= a[j][k] * x;
        }
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_vanishes_at_the_solution() {
        let n = 400;
        let x: Vec<f64> = (0..n).map(|i| f64::from(i % 23) / 11.0 - 1.0).collect();
        let z: Vec<f64> = (0..n).map(|i| f64::from(i % 7) / 3.0 - 1.0).collect();
        let labels: Vec<bool> = (0..n).map(|i| (i * 37 % 101) as f64 / 101.0 < sigmoid(x[i as usize] - 0.5)).collect();
        let weights: Vec<f64> = (0..n).map(|i| 1.0 + f64::from(i % 3)).collect();
        let design = Design {
            columns: vec![x.clone(), z.clone()],
            labels: labels.clone(),
            weights: Some(weights.clone()),
            offset: None,
        };
        let found = design.solve(2.0, Coefficients { columns: vec![0.0; 2], intercept: 0.0 });
        let mut gradient = [2.0 * found.columns[0], 2.0 * found.columns[1], 0.0];
        for r in 0..n as usize {
            let p = sigmoid(found.intercept + found.columns[0] * x[r] + found.columns[1] * z[r]);
            let d = weights[r] * (p - f64::from(u8::from(labels[r])));
            gradient[0] += d * x[r];
            gradient[1] += d * z[r];
            gradient[2] += d;
        }
        assert!(gradient.iter().all(|g| g.abs() < 1e-6), "{gradient:?} {found:?}");
    }

    #[test]
    fn separable_labels_stay_finite() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let labels = x.iter().map(|&x| x > 24.0).collect();
        let design = Design { columns: vec![x], labels, weights: None, offset: None };
        let found = design.solve(1.0, Coefficients { columns: vec![0.0], intercept: 0.0 });
        assert!(found.columns[0] > 0.3 && found.columns[0].is_finite() && found.intercept.is_finite());
    }
}
