//! The AUC to expect, from a quick model: each column becomes its weight of evidence, and a ridge logistic
//! regression weighs the columns. Bins, evidence and weights are learnt inside the training rows of each fold.
//!
//! Sources: weight of evidence, Good (1950); ridge logistic regression by Newton's method, le Cessie and van
//! Houwelingen (1992).

use super::findings::EstimatedAuc;
use super::signal::{FOLDS, Labels, Signal, auc_se};
use crate::metrics;
use crate::schema;
use crate::table::{ColumnData, Table};
use rayon::prelude::*;

/// Rows that are looked at; more would not narrow the interval enough to matter.
const MAX_ROWS: usize = 10_000;
/// Columns that are weighed; the best ones by themselves.
const MAX_COLUMNS: usize = 60;
/// Bins of a number.
const BINS: usize = 24;
/// Rows of no opinion that every level starts with.
const PRIOR_ROWS: f64 = 8.0;
/// Ridge penalty of a weight, in rows of information.
const RIDGE: f64 = 2.0;
const NEWTON_STEPS: usize = 6;

/// The AUC that a model may be expected to reach on unseen customers; `None` where a class has fewer than ten rows, or
/// no column can be a feature.
///
/// `exclude` names columns (by their name in the table) that do not count.
pub fn estimate_auc(table: &Table, labels: &[Option<bool>], exclude: &[&str]) -> Option<EstimatedAuc> {
    let labels = Labels::new(labels, MAX_ROWS);
    if labels.n_positive < 10 || labels.n_negative() < 10 {
        return None;
    }
    let usable = |c: &&crate::table::Column| {
        let field = c.canonical.then(|| schema::field(&c.name)).flatten();
        field.is_none_or(schema::FieldSpec::usable_as_feature)
            && !matches!(c.data, ColumnData::Date(_) | ColumnData::Timestamp(_))
            && !exclude.contains(&c.name.as_str())
    };
    let columns: Vec<_> = table.columns().iter().filter(usable).collect();
    let signals: Vec<Signal> = columns.par_iter().map(|c| Signal::new(&c.data, &labels, BINS)).collect();
    let signals: Vec<&Signal> =
        signals.iter().filter(|s| s.n_levels > 1 && !(s.numbers.is_none() && s.is_unique())).collect();
    if signals.is_empty() {
        return None;
    }
    let scores = cross_predict(&signals, &labels);
    let (mut sum, mut folds) = (0.0, 0.0);
    for fold in 0..FOLDS as u8 {
        let of_fold = |i: &usize| labels.folds[*i] == fold;
        let y: Vec<bool> = (0..labels.len()).filter(of_fold).map(|i| labels.y[i]).collect();
        let s: Vec<f64> = (0..labels.len()).filter(of_fold).map(|i| scores[i]).collect();
        let auc = metrics::auc(&y, &s);
        if auc.is_finite() {
            sum += auc;
            folds += 1.0;
        }
    }
    let auc = sum / folds;
    let half = 1.96 * auc_se(auc, labels.n_positive, labels.n_negative());
    Some(EstimatedAuc { auc, low: (auc - half).max(0.0), high: (auc + half).min(1.0) })
}

/// Log-odds of each labelled row by a model that has not seen its fold.
pub(super) fn cross_predict(signals: &[&Signal], labels: &Labels) -> Vec<f64> {
    let mut chosen: Vec<&Signal> = signals.to_vec();
    if chosen.len() > MAX_COLUMNS {
        let mut by_auc: Vec<(f64, usize)> =
            chosen.iter().enumerate().map(|(i, s)| (s.strength(labels).auc, i)).collect();
        by_auc.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<usize> = by_auc.iter().take(MAX_COLUMNS).map(|(_, i)| *i).collect();
        kept.sort_unstable();
        chosen = kept.into_iter().map(|i| signals[i]).collect();
    }
    let of_folds: Vec<Vec<f64>> =
        (0..FOLDS as u8).into_par_iter().map(|fold| predict_fold(&chosen, labels, fold)).collect();
    (0..labels.len()).map(|i| of_folds[labels.folds[i] as usize][i]).collect()
}

/// Log-odds of all rows by a model of the rows outside the fold.
fn predict_fold(signals: &[&Signal], labels: &Labels, fold: u8) -> Vec<f64> {
    let (n, k) = (labels.len(), signals.len() + 1);
    let train: Vec<bool> = labels.folds.iter().map(|&f| f != fold).collect();
    let (mut rows, mut hits) = (0.0, 0.0);
    for (&t, &y) in train.iter().zip(&labels.y) {
        if t {
            rows += 1.0;
            hits += f64::from(u8::from(y));
        }
    }
    let base = (hits / rows).clamp(1e-6, 1.0 - 1e-6);
    let base_odds = libm::log(base / (1.0 - base));
    // The design: a one, then the evidence of each column.
    let mut x = vec![1.0f64; n * k];
    for (j, signal) in signals.iter().enumerate() {
        let mut counts = vec![(0.0f64, 0.0f64); signal.n_levels];
        for ((&code, &t), &y) in signal.codes.iter().zip(&train).zip(&labels.y) {
            if t {
                counts[code as usize].0 += 1.0;
                counts[code as usize].1 += f64::from(u8::from(y));
            }
        }
        let evidence: Vec<f64> = counts
            .iter()
            .map(|&(rows, hits)| {
                let share = (hits + PRIOR_ROWS * base) / (rows + PRIOR_ROWS);
                libm::log(share / (1.0 - share)) - base_odds
            })
            .collect();
        for (i, &code) in signal.codes.iter().enumerate() {
            x[i * k + j + 1] = evidence[code as usize];
        }
    }
    let weights = ridge_logistic(&x, k, labels, &train, base_odds);
    (0..n).map(|i| x[i * k..(i + 1) * k].iter().zip(&weights).map(|(a, b)| a * b).sum()).collect()
}

fn ridge_logistic(x: &[f64], k: usize, labels: &Labels, train: &[bool], base_odds: f64) -> Vec<f64> {
    let mut weights = vec![0.0; k];
    weights[0] = base_odds;
    for _ in 0..NEWTON_STEPS {
        let mut gradient = vec![0.0; k];
        let mut hessian = vec![0.0; k * k];
        for (i, _) in train.iter().enumerate().filter(|(_, t)| **t) {
            let row = &x[i * k..(i + 1) * k];
            let margin: f64 = row.iter().zip(&weights).map(|(a, b)| a * b).sum();
            let p = 1.0 / (1.0 + libm::exp(-margin.clamp(-30.0, 30.0)));
            let residual = f64::from(u8::from(labels.y[i])) - p;
            let w = (p * (1.0 - p)).max(1e-9);
            for (a, &xa) in row.iter().enumerate() {
                gradient[a] += residual * xa;
                let wx = w * xa;
                for (h, &xb) in hessian[a * k..=a * k + a].iter_mut().zip(row) {
                    *h += wx * xb;
                }
            }
        }
        for a in 0..k {
            // Nothing pulls the base rate; the evidence is pulled towards a weight of nothing.
            let penalty = if a == 0 { 1e-9 } else { RIDGE };
            gradient[a] -= penalty * weights[a];
            hessian[a * k + a] += penalty;
        }
        let Some(step) = solve(&mut hessian, gradient, k) else { break };
        let mut largest = 0.0f64;
        for (w, s) in weights.iter_mut().zip(&step) {
            *w += s;
            largest = largest.max(s.abs());
        }
        if largest < 1e-6 {
            break;
        }
    }
    weights
}

/// Solves a symmetric positive definite system, of which the lower half is given, by Cholesky's method.
fn solve(a: &mut [f64], mut b: Vec<f64>, k: usize) -> Option<Vec<f64>> {
    for i in 0..k {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|m| a[i * k + m] * a[j * k + m]).sum();
            let rest = a[i * k + j] - dot;
            if i == j {
                if rest <= 0.0 {
                    return None;
                }
                a[i * k + i] = rest.sqrt();
            } else {
                a[i * k + j] = rest / a[j * k + j];
            }
        }
    }
    for i in 0..k {
        let dot: f64 = (0..i).map(|m| a[i * k + m] * b[m]).sum();
        b[i] = (b[i] - dot) / a[i * k + i];
    }
    for i in (0..k).rev() {
        let dot: f64 = (i + 1..k).map(|m| a[m * k + i] * b[m]).sum();
        b[i] = (b[i] - dot) / a[i * k + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Places};

    fn column(name: &str, data: ColumnData) -> Column {
        Column { name: name.into(), canonical: false, source: name.into(), data }
    }

    /// A fixed sequence without any pattern that matters here.
    fn noise(i: usize) -> f64 {
        let mut x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 31;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (x >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn noise_is_worth_a_half_and_a_signal_what_it_is_worth() {
        let n = 4000;
        let labels: Vec<Option<bool>> = (0..n).map(|i| Some(noise(i) < 0.3)).collect();
        let blind = column("blind", ColumnData::numbers((0..n).map(|i| Some(noise(i + n)))));
        let word = column("word", ColumnData::text((0..n).map(|i| Some(["a", "b", "c"][i % 3]))));
        let table = Table::new(vec![blind.clone(), word.clone()], n, Places::Items);
        let e = estimate_auc(&table, &labels, &[]).expect("estimate");
        assert!(e.low < 0.5 && 0.5 < e.high, "{e:?}");
        // Uniform on [0, 1] against uniform on [0.5, 1.5]: AUC 1 - 0.5^2 / 2 = 0.875.
        let half = |i: usize| 0.5 * f64::from(u8::from(labels[i] == Some(true)));
        let told = column("told", ColumnData::numbers((0..n).map(|i| Some(noise(i + 7 * n) + half(i)))));
        let table = Table::new(vec![blind, word, told], n, Places::Items);
        let e = estimate_auc(&table, &labels, &[]).expect("estimate");
        assert!(e.low < 0.875 && 0.875 < e.high && e.high - e.low < 0.04, "{e:?}");
        assert!(estimate_auc(&table, &labels, &["told"]).expect("estimate").high < 0.56);
        assert_eq!(estimate_auc(&table, &vec![Some(false); n], &[]), None);
    }

    /// What is learnt for a fold is learnt outside it: turning round every label of a fold changes no prediction in it.
    #[test]
    fn a_rows_own_fold_never_speaks_for_it() {
        let n = 600;
        let y: Vec<Option<bool>> = (0..n).map(|i| Some(noise(i) < 0.4)).collect();
        let labels = Labels::new(&y, n);
        let words: Vec<String> = (0..n).map(|i| format!("w{}", i % 40)).collect();
        let numbers = (0..n).map(|i| Some(noise(i + n) + 0.3 * f64::from(u8::from(y[i] == Some(true)))));
        let signals = [
            Signal::of_text(&ColumnData::text(words.iter().map(Some)), &labels.rows),
            Signal::of_numbers(numbers.collect(), BINS),
        ];
        let signals: Vec<&Signal> = signals.iter().collect();
        let before = cross_predict(&signals, &labels);
        for fold in 0..FOLDS as u8 {
            let mut turned = Labels {
                rows: labels.rows.clone(),
                y: labels.y.clone(),
                folds: labels.folds.clone(),
                n_positive: labels.n_positive,
            };
            for (y, _) in turned.y.iter_mut().zip(&labels.folds).filter(|(_, f)| **f == fold) {
                *y = !*y;
            }
            let after = cross_predict(&signals, &turned);
            let in_fold = |i: &usize| labels.folds[*i] == fold;
            assert!((0..n).filter(in_fold).all(|i| before[i].to_bits() == after[i].to_bits()), "fold {fold}");
            assert!((0..n).any(|i| before[i] != after[i]));
        }
    }

    #[test]
    fn linear_systems() {
        // [[4, 2], [2, 3]] x = [2, 5] has x = [-0.5, 2].
        let x = solve(&mut [4.0, 0.0, 2.0, 3.0], vec![2.0, 5.0], 2).expect("solved");
        assert!((x[0] + 0.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
        assert_eq!(solve(&mut [0.0], vec![1.0], 1), None);
    }
}
