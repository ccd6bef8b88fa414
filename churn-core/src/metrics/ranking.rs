//! Figures of a ranking: what is gained by treating the highest scores first.

/// Rows by score, highest first, in runs of equal scores: (rows, positives) of each run.
fn runs(labels: &[bool], scores: &[f64]) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut out: Vec<(f64, f64)> = Vec::new();
    let mut last = None;
    for r in order {
        let hit = f64::from(u8::from(labels[r]));
        match out.last_mut() {
            Some(run) if last == Some(scores[r]) => *run = (run.0 + 1.0, run.1 + hit),
            _ => out.push((1.0, hit)),
        }
        last = Some(scores[r]);
    }
    out
}

/// Points (false positive rate, true positive rate) of the ROC curve, from (0, 0) to (1, 1), one a distinct score.
pub(super) fn roc(labels: &[bool], scores: &[f64]) -> Vec<(f64, f64)> {
    let runs = runs(labels, scores);
    let positives: f64 = runs.iter().map(|r| r.1).sum();
    let negatives = runs.iter().map(|r| r.0).sum::<f64>() - positives;
    let (mut fp, mut tp) = (0.0, 0.0);
    let mut out = vec![(0.0, 0.0)];
    for (rows, hits) in runs {
        tp += hits;
        fp += rows - hits;
        out.push((fp / negatives, tp / positives));
    }
    out
}

/// Average precision: the mean over the positives of the precision at their score, as scikit-learn's
/// `average_precision_score`. NaN without a positive.
pub fn average_precision(labels: &[bool], scores: &[f64]) -> f64 {
    let runs = runs(labels, scores);
    let positives: f64 = runs.iter().map(|r| r.1).sum();
    let (mut rows, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for run in runs {
        rows += run.0;
        hits += run.1;
        sum += run.1 / positives * (hits / rows);
    }
    sum
}

/// Kolmogorov-Smirnov distance: the largest difference of true and false positive rate over all cuts. NaN where a
/// class is absent.
pub fn ks(labels: &[bool], scores: &[f64]) -> f64 {
    let points = roc(labels, scores);
    if points.iter().any(|(f, t)| f.is_nan() || t.is_nan()) {
        return f64::NAN;
    }
    points.iter().map(|(f, t)| t - f).fold(0.0, f64::max)
}

/// Share of all positives among the `fraction` highest scores; scores tied at the cut share it.
pub fn capture(labels: &[bool], scores: &[f64], fraction: f64) -> f64 {
    let top = ((fraction * labels.len() as f64).round() as usize).clamp(1, labels.len().max(1));
    super::lift(labels, scores, fraction) * top as f64 / labels.len() as f64
}

/// Harmonic mean of precision and recall of a probability of at least one half; 0 where nothing is found.
pub fn f1(labels: &[bool], probabilities: &[f64]) -> f64 {
    let (mut hits, mut called, mut positives) = (0.0, 0.0, 0.0);
    for (&y, &p) in labels.iter().zip(probabilities) {
        positives += f64::from(u8::from(y));
        called += f64::from(u8::from(p >= 0.5));
        hits += f64::from(u8::from(y && p >= 0.5));
    }
    if called + positives > 0.0 { 2.0 * hits / (called + positives) } else { 0.0 }
}

/// One point of a gains curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Share of the rows that are treated, highest scores first.
    pub fraction: f64,
    /// Share of all positives among them.
    pub capture: f64,
    /// `capture / fraction`.
    pub lift: f64,
}

/// The gains curve at `points` equal steps up to all rows.
pub fn gains(labels: &[bool], scores: &[f64], points: usize) -> Vec<Gain> {
    let at = |i: usize| {
        let fraction = i as f64 / points as f64;
        Gain { fraction, capture: capture(labels, scores, fraction), lift: super::lift(labels, scores, fraction) }
    };
    (1..=points).map(at).collect()
}
