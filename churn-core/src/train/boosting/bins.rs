//! Features cut into bins: one byte a cell, bin 0 for missing.

use crate::features::{FeatureKind, FeaturePlan};
use ndarray::ArrayView2;

/// Most bins of a feature, the one for missing included: a bin is one byte.
pub(super) const MAX_BINS: usize = 256;

/// How one feature is cut.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cut {
    /// Bin `b >= 1` holds the values above `borders[b - 2]` up to and including `borders[b - 1]`; ascending.
    Number { borders: Vec<f64> },
    /// Bin `code + 1` holds the code.
    Category { codes: usize },
}

impl Cut {
    /// Bins, the one for missing included.
    pub(super) fn n_bins(&self) -> usize {
        match self {
            Cut::Number { borders } => borders.len() + 2,
            Cut::Category { codes } => codes + 1,
        }
    }

    fn bin(&self, x: f64) -> u8 {
        if x.is_nan() {
            return 0;
        }
        match self {
            Cut::Number { borders } => 1 + borders.partition_point(|&b| b < x) as u8,
            Cut::Category { codes } => (x.max(0.0) as usize).min(codes - 1) as u8 + 1,
        }
    }
}

/// Most cells of a bundle.
pub(super) const MAX_CELLS: usize = 64;
/// Most bins that occur in a feature of a bundle.
const MAX_BUNDLED: usize = 8;

/// Several features of few bins as one column: a cell for each combination of their bins, so that one addition to a
/// histogram counts for all of them.
#[derive(Debug, Clone)]
pub(super) struct Bundle {
    /// The cell of each row.
    pub(super) column: Vec<u8>,
    pub(super) parts: Vec<Part>,
}

/// A feature of a bundle, and its bin in each of the bundle's cells.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) feature: usize,
    pub(super) bins: Vec<u8>,
}

/// Bundles of the features in which few bins occur, those with the fewest first.
fn bundles(columns: &[Vec<u8>]) -> Vec<Bundle> {
    let occurring = |column: &[u8]| {
        let mut seen = [false; 256];
        column.iter().for_each(|&bin| seen[usize::from(bin)] = true);
        (0..=u8::MAX).filter(|&bin| seen[usize::from(bin)]).collect::<Vec<u8>>()
    };
    let mut few: Vec<(usize, Vec<u8>)> = columns.iter().map(|c| occurring(c)).enumerate().collect();
    few.retain(|(_, bins)| (2..=MAX_BUNDLED).contains(&bins.len()));
    few.sort_by_key(|(feature, bins)| (bins.len(), *feature));
    let mut groups: Vec<Vec<(usize, Vec<u8>)>> = Vec::new();
    let mut cells = 0;
    for (feature, bins) in few {
        match groups.last_mut() {
            Some(group) if cells * bins.len() <= MAX_CELLS => {
                cells *= bins.len();
                group.push((feature, bins));
            }
            _ => {
                cells = bins.len();
                groups.push(vec![(feature, bins)]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups.into_iter().map(|group| bundle(columns, &group)).collect()
}

/// These features, each with the bins that occur in it, as one column.
fn bundle(columns: &[Vec<u8>], group: &[(usize, Vec<u8>)]) -> Bundle {
    let cells: usize = group.iter().map(|(_, bins)| bins.len()).product();
    let mut column = vec![0u8; columns[group[0].0].len()];
    let mut parts = Vec::with_capacity(group.len());
    let mut stride = 1;
    for (feature, bins) in group {
        let mut step = [0u8; 256];
        bins.iter().enumerate().for_each(|(i, &bin)| step[usize::from(bin)] = (i * stride) as u8);
        column.iter_mut().zip(&columns[*feature]).for_each(|(cell, &bin)| *cell += step[usize::from(bin)]);
        let of = |cell: usize| bins[cell / stride % bins.len()];
        parts.push(Part { feature: *feature, bins: (0..cells).map(of).collect() });
        stride *= bins.len();
    }
    Bundle { column, parts }
}

/// A binned feature matrix, column by column.
#[derive(Debug, Clone)]
pub(in crate::train) struct Binned {
    pub(super) cuts: Vec<Cut>,
    pub(super) columns: Vec<Vec<u8>>,
    pub(super) bundles: Vec<Bundle>,
    n_rows: usize,
}

impl Binned {
    /// Cuts each feature at borders that leave about equally many rows between them, `max_bins` bins at most; a
    /// feature with fewer distinct values keeps them all apart. No label is looked at.
    pub(in crate::train) fn new(plan: &FeaturePlan, matrix: ArrayView2<'_, f64>, max_bins: usize) -> Binned {
        use rayon::prelude::*;
        let max_bins = max_bins.clamp(4, MAX_BINS);
        let parts: Vec<(Cut, Vec<u8>)> = (0..plan.len())
            .into_par_iter()
            .map(|feature| {
                let cells = matrix.column(feature).to_vec();
                let cut = match &plan.features()[feature].kind {
                    FeatureKind::Category { levels } => Cut::Category { codes: levels.len() + 1 },
                    FeatureKind::Number | FeatureKind::Boolean => Cut::Number { borders: borders(&cells, max_bins) },
                };
                let column = cells.iter().map(|&x| cut.bin(x)).collect();
                (cut, column)
            })
            .collect();
        let (cuts, columns): (_, Vec<_>) = parts.into_iter().unzip();
        let bundles = bundles(&columns);
        Binned { cuts, columns, bundles, n_rows: matrix.nrows() }
    }

    pub(in crate::train) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(in crate::train) fn n_features(&self) -> usize {
        self.cuts.len()
    }
}

/// Ascending borders between the distinct values; values are missing where NaN.
fn borders(cells: &[f64], max_bins: usize) -> Vec<f64> {
    let mut values: Vec<f64> = cells.iter().copied().filter(|v| !v.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    // (value, rows up to and including it); -0.0 and 0.0 are one value.
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for (i, &v) in values.iter().enumerate() {
        match distinct.last_mut() {
            Some(last) if last.0 == v => last.1 = i + 1,
            _ => distinct.push((v, i + 1)),
        }
    }
    // One bin is for missing, and n borders make n + 1 bins.
    let most = max_bins - 2;
    if distinct.len() <= most + 1 {
        return distinct.windows(2).map(|w| between(w[0].0, w[1].0)).collect();
    }
    // The border nearest to each quantile; a value with many rows takes a bin of its own and the rest is shared
    // out anew among the borders that are left.
    let mut out: Vec<f64> = Vec::with_capacity(most);
    let (mut done, mut i) = (0usize, 0usize);
    let n = values.len();
    while out.len() < most && i + 1 < distinct.len() {
        let share = (n - done) as f64 / (most - out.len() + 1) as f64;
        // Extend the bin while that brings it nearer to its share.
        while i + 2 < distinct.len()
            && ((distinct[i + 1].1 - done) as f64 - share).abs() <= ((distinct[i].1 - done) as f64 - share).abs()
        {
            i += 1;
        }
        out.push(between(distinct[i].0, distinct[i + 1].0));
        done = distinct[i].1;
        i += 1;
    }
    out
}

/// A finite number t with `low <= t < high`: the middle where there is one.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle.is_finite() && low <= middle && middle < high { middle } else { low.max(f64::MIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_kept_apart_and_many_share_the_rows() {
        let few = [3.0, 1.0, f64::NAN, 1.0, 2.0];
        assert_eq!(borders(&few, 64), [1.5, 2.5]);
        let cut = Cut::Number { borders: borders(&few, 64) };
        assert_eq!(few.map(|x| cut.bin(x)), [3, 1, 0, 1, 2]);
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        let cut = Cut::Number { borders: borders(&many, 12) };
        assert_eq!(cut.n_bins(), 12);
        for bin in 1..12 {
            let rows = many.iter().filter(|&&x| cut.bin(x) == bin).count();
            assert!((85..=97).contains(&rows), "bin {bin}: {rows}");
        }
    }

    #[test]
    fn the_cells_of_a_bundle_tell_the_bins() {
        let columns: Vec<Vec<u8>> = (0..9usize)
            .map(|f| {
                (0..200usize)
                    .map(|r| if f == 4 { (r % 50) as u8 } else { 1 + (r * (f + 3) / 7 % (2 + f % 3)) as u8 })
                    .collect()
            })
            .collect();
        let bundles = bundles(&columns);
        let mut bundled: Vec<usize> = Vec::new();
        for bundle in &bundles {
            assert!(bundle.parts.len() > 1 && bundle.parts.iter().all(|p| p.bins.len() <= MAX_CELLS));
            for part in &bundle.parts {
                bundled.push(part.feature);
                for (row, &cell) in bundle.column.iter().enumerate() {
                    assert_eq!(part.bins[usize::from(cell)], columns[part.feature][row]);
                }
            }
        }
        bundled.sort_unstable();
        // The fifth has too many bins, the last found no room, and is counted by itself.
        assert_eq!(bundled, [0, 1, 2, 3, 5, 6, 7]);
    }

    #[test]
    fn a_heavy_value_has_its_own_bin() {
        let values: Vec<f64> = (0..1000).map(|i| if i < 600 { 0.0 } else { f64::from(i) }).collect();
        let borders = borders(&values, 10);
        assert!(borders[0] > 0.0 && borders[0] < 601.0, "{borders:?}");
        assert_eq!(borders.len(), 8);
    }

    #[test]
    fn huge_and_infinite_values_have_finite_borders() {
        let values = [f64::NEG_INFINITY, -1e308, 1.0, 1.7e308, f64::INFINITY];
        let borders = borders(&values, 64);
        assert!(borders.iter().all(|b| b.is_finite()) && borders.windows(2).all(|w| w[0] < w[1]), "{borders:?}");
        let cut = Cut::Number { borders };
        assert_eq!(values.map(|x| cut.bin(x)), [1, 2, 3, 4, 5]);
    }
}
