//! Feature matrix to the dense numeric matrix that linfa's learners take.

use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan};
use ndarray::Array2;

/// What one column of the design is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Basis {
    /// A number or truth value; missing cells hold `fill`.
    Value { feature: usize, fill: f64 },
    /// 1 where the category has this code.
    Level { feature: usize, code: usize },
    /// 1 where the feature is missing.
    Missing { feature: usize },
}

/// Values beyond this are cut to it where they are added up: their squares still fit in a float.
const HUGE: f64 = 1e100;

/// Finite values of a feature, sorted and cut to +-1e100; empty where all are missing.
pub(super) fn sorted_values(matrix: &FeatureMatrix, feature: usize) -> Vec<f64> {
    let finite = matrix.view().column(feature).to_owned().into_iter().filter(|v| v.is_finite());
    let mut values: Vec<f64> = finite.map(|v| v.clamp(-HUGE, HUGE)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Whether some row lacks the feature.
pub(super) fn has_missing(matrix: &FeatureMatrix, feature: usize) -> bool {
    matrix.view().column(feature).iter().any(|v| v.is_nan())
}

/// The columns of a design for trees: values with missing cells at the median, an indicator for each level, and
/// one for missing where it occurs.
pub(super) fn tree_basis(plan: &FeaturePlan, matrix: &FeatureMatrix) -> Vec<Basis> {
    let mut basis = Vec::new();
    for (feature, spec) in plan.features().iter().enumerate() {
        match &spec.kind {
            FeatureKind::Number | FeatureKind::Boolean => {
                let values = sorted_values(matrix, feature);
                let fill = values.get(values.len() / 2).copied().unwrap_or(0.0);
                basis.push(Basis::Value { feature, fill });
            }
            FeatureKind::Category { levels } => {
                basis.extend((0..=levels.len()).map(|code| Basis::Level { feature, code }));
            }
        }
        if has_missing(matrix, feature) {
            basis.push(Basis::Missing { feature });
        }
    }
    basis
}

/// The design of these columns; infinite values are cut to the largest finite ones.
pub(super) fn design(matrix: &FeatureMatrix, basis: &[Basis]) -> Array2<f64> {
    let mut out = Array2::zeros((matrix.n_rows(), basis.len()));
    for r in 0..matrix.n_rows() {
        let row = matrix.row(r);
        for (j, b) in basis.iter().enumerate() {
            out[(r, j)] = match *b {
                Basis::Value { feature, fill } => {
                    let x = row[feature];
                    if x.is_nan() { fill } else { x.clamp(f64::MIN, f64::MAX) }
                }
                Basis::Level { feature, code } => f64::from(u8::from(row[feature] == code as f64)),
                Basis::Missing { feature } => f64::from(u8::from(row[feature].is_nan())),
            };
        }
    }
    out
}
