//! How a column seems to be made: from the label itself, or by another model.

use super::super::signal::Labels;
use super::{Seen, names};

/// The numbers on a scale from 0 to 1, and whether they stand on it already; `None` where neither 0-1 nor 0-100 fits.
fn as_share(numbers: &[Option<f64>]) -> Option<(f64, bool)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in numbers.iter().flatten() {
        low = low.min(*v);
        high = high.max(*v);
    }
    if low >= 0.0 && high <= 1.0 {
        Some((1.0, true))
    } else if low >= 0.0 && high <= 100.0 {
        Some((100.0, false))
    } else {
        None
    }
}

/// Whether all numbers are whole: codes may rank by value what they do not rank by size.
pub(super) fn whole_numbers(column: &Seen<'_>) -> bool {
    column.signal.numbers.as_ref().is_none_or(|n| n.iter().flatten().all(|v| v.fract() == 0.0))
}

/// Whether all numbers lie between 0 and 1, some of them with decimals.
pub(super) fn share(column: &Seen<'_>) -> bool {
    column.signal.numbers.as_ref().is_some_and(|n| matches!(as_share(n), Some((_, true)))) && !whole_numbers(column)
}

/// Whether the column could be a score: by its header, or as a share with decimals.
pub(super) fn like_a_score(column: &Seen<'_>) -> bool {
    if names::scoreish(column.source) {
        return true;
    }
    let Some(numbers) = &column.signal.numbers else { return false };
    matches!(as_share(numbers), Some((_, true))) && column.signal.n_levels > 20
}

/// Values that are the label's own means within groups: groups of one value whose share of leavers is the value
/// itself, or lies closer to a line than chance would ever let it.
pub(super) fn target_encoded(column: &Seen<'_>, labels: &Labels) -> Option<String> {
    let numbers = column.signal.numbers.as_ref()?;
    let mut known: Vec<(f64, bool)> = numbers.iter().zip(&labels.y).filter_map(|(v, &y)| Some(((*v)?, y))).collect();
    if known.len() * 10 < labels.len() * 8 {
        return None;
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    // (value, rows, share of leavers)
    let mut groups: Vec<(f64, f64, f64)> = Vec::new();
    for chunk in known.chunk_by(|a, b| a.0 == b.0) {
        let hits = chunk.iter().filter(|(_, y)| *y).count() as f64;
        groups.push((chunk[0].0, chunk.len() as f64, hits / chunk.len() as f64));
    }
    if groups.len() < 2 || groups.len() * 3 > known.len() {
        return None;
    }
    let n = known.len() as f64;
    if let Some((scale, _)) = as_share(numbers) {
        let fits = |&&(v, rows, share): &&(f64, f64, f64)| (v / scale - share).abs() <= 1e-3 && rows >= 3.0;
        let within: Vec<_> = groups.iter().filter(fits).collect();
        let rows: f64 = within.iter().map(|g| g.1).sum();
        let between = within.iter().filter(|g| g.2 > 0.0 && g.2 < 1.0).count();
        if between >= 2 && rows >= 0.9 * n {
            return Some(format!(
                "holds the label's own mean within groups ({} values, each the share of those who left among its rows)",
                within.len()
            ));
        }
    }
    let base = labels.base();
    let large: Vec<_> = groups.iter().filter(|g| g.1 >= 4.0).collect();
    let rows: f64 = large.iter().map(|g| g.1).sum();
    if large.len() < 6 || rows < 0.7 * n {
        return None;
    }
    // A weighted line through the shares; the variance of a share by chance alone is p(1-p)/rows.
    let mean_v = large.iter().map(|g| g.1 * g.0).sum::<f64>() / rows;
    let mean_s = large.iter().map(|g| g.1 * g.2).sum::<f64>() / rows;
    let sxx: f64 = large.iter().map(|g| g.1 * (g.0 - mean_v).powi(2)).sum();
    let sxy: f64 = large.iter().map(|g| g.1 * (g.0 - mean_v) * (g.2 - mean_s)).sum();
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let spread: f64 = large.iter().map(|g| g.1 * (g.2 - mean_s).powi(2)).sum();
    let mut chi2 = 0.0;
    for (v, rows, share) in large.iter().copied() {
        let p = (mean_s + slope * (v - mean_v)).clamp(0.02 * base, 1.0 - 0.02 * (1.0 - base));
        chi2 += rows * (share - p).powi(2) / (p * (1.0 - p));
    }
    let freedom = large.len() as f64 - 2.0;
    // Wilson and Hilferty (1931): the cube root of chi-squared over its degrees of freedom is nearly normal.
    let z = (libm::cbrt(chi2 / freedom) - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt();
    // Chance alone must spread the shares, or there was nothing to be closer to.
    let by_chance = freedom * base * (1.0 - base);
    (z < -3.9 && spread > by_chance * 0.5).then(|| {
        format!(
            "follows the share of those who left among its own rows more closely than chance allows ({} values)",
            large.len()
        )
    })
}

/// Values to either side that say what a value's share of leavers should be.
const NEIGHBOURS: usize = 8;

/// Long decimals that come again and again, and whose neighbours have quite other shares of leavers: the label's mean
/// over all *other* rows of a group gives two values a group, one for those who left and one just above for the others.
/// What is measured is how much of the label goes with the value and not with its neighbourhood, as an intra-class
/// correlation from the chi-squared of the shares (Fleiss, 1981).
pub(super) fn scattered(column: &Seen<'_>, labels: &Labels) -> Option<String> {
    let numbers = column.signal.numbers.as_ref()?;
    let mut known: Vec<(f64, bool)> = numbers.iter().zip(&labels.y).filter_map(|(v, &y)| Some(((*v)?, y))).collect();
    let long = known.iter().filter(|(v, _)| (v * 1e3).fract() != 0.0).count();
    if known.len() < 200 || long * 2 < known.len() {
        return None;
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups: Vec<(f64, f64)> = known
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same.len() as f64, same.iter().filter(|(_, y)| *y).count() as f64))
        .collect();
    if groups.len() < 20 || groups.len() * 4 > known.len() {
        return None;
    }
    let base = labels.base();
    let (mut chi2, mut freedom, mut rows) = (0.0f64, 0.0f64, 0.0f64);
    for (i, &(n, hits)) in groups.iter().enumerate().filter(|(_, g)| g.0 >= 4.0) {
        let near = i.saturating_sub(NEIGHBOURS)..(i + NEIGHBOURS + 1).min(groups.len());
        let (all, left) = near.filter(|j| *j != i).fold((1.0, base), |(n, k), j| (n + groups[j].0, k + groups[j].1));
        let p = (left / all).clamp(0.02, 0.98);
        chi2 += (hits - n * p).powi(2) / (n * p * (1.0 - p));
        freedom += 1.0;
        rows += n;
    }
    if freedom < 20.0 || rows < 0.7 * known.len() as f64 {
        return None;
    }
    let z = (chi2 - freedom) / (2.0 * freedom).sqrt();
    let within = (chi2 / freedom - 1.0) / (rows / freedom - 1.0).max(1.0);
    (z >= 15.0 && within >= 0.2).then(|| {
        format!("has neighbouring values with opposite labels ({} values): the label went into it", groups.len())
    })
}

/// Values that read like a probability of leaving (or of staying) and are one: of the rows at 30 %, 30 % left.
pub(super) fn calibrated(column: &Seen<'_>, labels: &Labels) -> Option<String> {
    let numbers = column.signal.numbers.as_ref()?;
    let (scale, native) = as_share(numbers)?;
    if column.signal.n_levels < 20 || column.strength.auc < 0.72 {
        return None;
    }
    let mut known: Vec<(f64, f64)> =
        numbers.iter().zip(&labels.y).filter_map(|(v, &y)| Some(((*v)? / scale, f64::from(u8::from(y))))).collect();
    if known.len() * 10 < labels.len() * 8 || known.len() < 100 {
        return None;
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let n_bins = (known.len() / 50).clamp(4, 10);
    let bins: Vec<(f64, f64, f64)> = (0..n_bins)
        .map(|b| {
            let part = &known[b * known.len() / n_bins..(b + 1) * known.len() / n_bins];
            let n = part.len() as f64;
            (part.iter().map(|k| k.0).sum::<f64>() / n, part.iter().map(|k| k.1).sum::<f64>() / n, n)
        })
        .collect();
    let base = labels.base();
    let noise = (base * (1.0 - base) / (known.len() as f64 / n_bins as f64)).sqrt();
    let allowed = if native { 0.012 } else { 0.008 } + 0.8 * noise;
    for stays in [false, true] {
        let said = |x: f64| if stays { 1.0 - x } else { x };
        let gap = bins.iter().map(|(x, y, _)| (said(*x) - y).abs()).sum::<f64>() / n_bins as f64;
        let range = bins.iter().map(|(x, _, _)| *x).fold(0.0, f64::max) - bins[0].0;
        if gap <= allowed && range >= 0.3 {
            return Some(format!(
                "reads like a probability of {} and is one (mean gap {gap:.3} over {n_bins} groups, AUC {:.3}): the score of another model",
                if stays { "staying" } else { "leaving" },
                column.strength.auc
            ));
        }
    }
    None
}

/// Whether a column like a score says what a model of all other columns says.
pub(super) fn echo_of_the_rest(column: &Seen<'_>, labels: &Labels, scores: &[f64], rest_auc: f64) -> Option<String> {
    const ECHO: f64 = 0.85;
    if !like_a_score(column) || rest_auc < 0.65 || column.strength.auc < rest_auc - 0.03 {
        return None;
    }
    let values: Vec<f64> = match &column.signal.numbers {
        Some(_) => {
            let mut v: Vec<Option<f64>> = labels.rows.iter().map(|&r| column.data.number(r)).collect();
            let known: Vec<f64> = v.iter().flatten().copied().collect();
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            v.iter_mut().map(|x| x.unwrap_or(mean)).collect()
        }
        None => return None,
    };
    let rho = spearman(&values, scores);
    (rho.abs() >= ECHO).then(|| {
        format!(
            "says what all other columns together say (rank correlation {:.2} with their joint score): the score of another model",
            rho.abs()
        )
    })
}

/// Mid-ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut i = 0;
    while i < order.len() {
        let mut j = i;
        while j < order.len() && values[order[j]] == values[order[i]] {
            j += 1;
        }
        for &k in &order[i..j] {
            ranks[k] = (i + j) as f64 / 2.0;
        }
        i = j;
    }
    ranks
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    super::super::readiness::correlation(&ranks(a), &ranks(b))
}
