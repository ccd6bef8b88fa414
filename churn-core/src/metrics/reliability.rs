//! Whether probabilities mean what they say.

/// One bin of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Rows in the bin.
    pub n_rows: usize,
    /// Mean probability.
    pub predicted: f64,
    /// Share of positives.
    pub observed: f64,
}

/// Bins of about equally many rows, by probability; rows of one probability share a bin.
pub fn calibration_curve(labels: &[bool], probabilities: &[f64], bins: usize) -> Vec<Bin> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]).then(a.cmp(&b)));
    let (mut out, mut start) = (Vec::new(), 0);
    for b in 1..=bins {
        let mut end = b * order.len() / bins;
        while end > start && end < order.len() && probabilities[order[end]] == probabilities[order[end - 1]] {
            end += 1;
        }
        if end > start {
            let rows = &order[start..end];
            let n = rows.len() as f64;
            out.push(Bin {
                n_rows: rows.len(),
                predicted: rows.iter().map(|&r| probabilities[r]).sum::<f64>() / n,
                observed: rows.iter().filter(|&&r| labels[r]).count() as f64 / n,
            });
            start = end;
        }
    }
    out
}

/// Expected calibration error over ten bins of equally many rows (Nixon et al., "Measuring calibration in deep
/// learning", 2019).
pub fn ece_adaptive(labels: &[bool], probabilities: &[f64]) -> f64 {
    let bins = calibration_curve(labels, probabilities, 10);
    bins.iter().map(|b| b.n_rows as f64 * (b.predicted - b.observed).abs()).sum::<f64>() / labels.len() as f64
}

/// The parts of the Brier score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierParts {
    /// Mean squared distance of a bin's mean probability from its share of positives; 0 is best.
    pub reliability: f64,
    /// Mean squared distance of a bin's share of positives from that of all; higher is better.
    pub resolution: f64,
    /// Variance of the label.
    pub uncertainty: f64,
    /// What probabilities that differ within a bin add: the score is `reliability - resolution + uncertainty +
    /// within`, exactly.
    pub within: f64,
}

/// The Brier score taken apart over ten bins of equal width (Murphy, "A new vector partition of the probability
/// score", 1973; the last part as in Stephenson et al., "Two extra components in the Brier score decomposition",
/// 2008).
pub fn brier_parts(labels: &[bool], probabilities: &[f64]) -> BrierParts {
    let mut bins = [[0.0; 3]; 10];
    for (&y, &p) in labels.iter().zip(probabilities) {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin[0] += 1.0;
        bin[1] += p;
        bin[2] += f64::from(u8::from(y));
    }
    let n = labels.len() as f64;
    let base = bins.iter().map(|b| b[2]).sum::<f64>() / n;
    let used = || bins.iter().filter(|b| b[0] > 0.0);
    let reliability = used().map(|[n, p, y]| n * (p / n - y / n).powi(2)).sum::<f64>() / n;
    let resolution = used().map(|[n, _, y]| n * (y / n - base).powi(2)).sum::<f64>() / n;
    let uncertainty = base * (1.0 - base);
    let within = super::brier(labels, probabilities) - reliability + resolution - uncertainty;
    BrierParts { reliability, resolution, uncertainty, within }
}
