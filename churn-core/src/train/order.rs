//! Training rows in an order of their own, so that the order of a table's rows does not matter.
//!
//! Rows are sorted by their features and labels. Whole-number weights mean that a row stands for so many: it is
//! repeated, so that a weighted table gives the very model of the table with the rows written out. Where that would
//! be too many rows, and where weights are fractions, they stay weights.

use crate::features::FeatureMatrix;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Rows that repeating may give at most, as a multiple of the rows there are, or outright.
const MOST_REPEATED: (usize, usize) = (4, 5000);

/// The rows as learners take them.
pub(super) struct Ordered {
    pub(super) matrix: FeatureMatrix,
    pub(super) labels: Vec<bool>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) groups: Option<Vec<usize>>,
}

impl Ordered {
    pub(super) fn new(
        matrix: &FeatureMatrix,
        labels: &[bool],
        weights: Option<&[f64]>,
        groups: Option<&[usize]>,
    ) -> Ordered {
        let mut source: Vec<usize> = (0..labels.len()).collect();
        let weight = |r: usize| weights.map_or(1.0, |w| w[r]);
        source.par_sort_by(|&a, &b| {
            let cells = || matrix.row(a).iter().zip(matrix.row(b)).map(|(x, y)| x.total_cmp(y));
            let differ = cells().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
            differ.then(labels[a].cmp(&labels[b])).then(weight(a).total_cmp(&weight(b)))
        });
        let mut kept = None;
        match (weights.and_then(copies), weights) {
            (Some(copies), _) => {
                source = source.iter().flat_map(|&r| std::iter::repeat_n(r, copies[r])).collect();
            }
            (None, Some(w)) => kept = Some(source.iter().map(|&r| w[r]).collect()),
            (None, None) => {}
        }
        let mut numbers = BTreeMap::new();
        let groups = groups.map(|groups| {
            let mut number = |r: &usize| {
                let next = numbers.len();
                *numbers.entry(groups[*r]).or_insert(next)
            };
            source.iter().map(&mut number).collect()
        });
        let labels = source.iter().map(|&r| labels[r]).collect();
        Ordered { matrix: matrix.take(&source), labels, weights: kept, groups }
    }
}

/// How often each row is to be repeated; `None` where weights are no whole numbers, or too many.
fn copies(weights: &[f64]) -> Option<Vec<usize>> {
    let most = (MOST_REPEATED.0 * weights.len()).max(MOST_REPEATED.1) as f64;
    let whole = weights.iter().all(|w| w.fract() == 0.0 && (0.0..=most).contains(w));
    (whole && weights.iter().sum::<f64>() <= most).then(|| weights.iter().map(|&w| w as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn weights_are_rows_and_the_order_does_not_matter() {
        let ordered = |values: ndarray::Array2<f64>, labels: &[bool], weights: Option<&[f64]>| {
            Ordered::new(&FeatureMatrix::new(values), labels, weights, None)
        };
        let weighted = ordered(arr2(&[[2.0], [f64::NAN], [1.0]]), &[true, false, true], Some(&[2.0, 1.0, 0.0]));
        let written = ordered(arr2(&[[f64::NAN], [2.0], [2.0]]), &[false, true, true], None);
        assert_eq!(format!("{:?}", weighted.matrix), format!("{:?}", written.matrix));
        assert_eq!((&weighted.labels, &weighted.weights), (&written.labels, &written.weights));
        let fractions = ordered(arr2(&[[2.0], [1.0]]), &[true, false], Some(&[0.5, 1.0]));
        assert_eq!(fractions.weights, Some(vec![1.0, 0.5]));
    }
}
