//! Figures of merit on plain slices: labels, and scores or probabilities of the same length.
//!
//! AUC, average precision, KS, lift and capture rank, so they take any score; log loss, Brier and ECE judge
//! probabilities; EMPC and profit count money.

mod profit;
mod ranking;
mod reliability;
mod spread;

pub use profit::{Campaign, empc, profit, threshold_by_capacity, threshold_by_value};
pub use ranking::{Gain, average_precision, capture, f1, gains, ks};
pub use reliability::{Bin, BrierParts, brier_parts, calibration_curve, ece_adaptive};
pub use spread::{Interval, intervals};

/// Area under the ROC curve: the chance that a positive is ranked above a negative; ties count half. NaN where
/// a class is absent.
pub fn auc(labels: &[bool], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives = labels.iter().filter(|&&y| y).count() as f64;
    let negatives = labels.len() as f64 - positives;
    // Mann-Whitney: sum of the positives' mid-ranks.
    let (mut rank_sum, mut i) = (0.0, 0);
    while i < order.len() {
        let mut j = i;
        while j < order.len() && scores[order[j]] == scores[order[i]] {
            j += 1;
        }
        let mid_rank = (i + 1 + j) as f64 / 2.0;
        rank_sum += mid_rank * order[i..j].iter().filter(|&&r| labels[r]).count() as f64;
        i = j;
    }
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

/// Mean negative log-likelihood in nats; probabilities are kept within 1e-15 of 0 and 1.
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> f64 {
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(&y, &p)| {
            let p = p.clamp(1e-15, 1.0 - 1e-15);
            -libm::log(if y { p } else { 1.0 - p })
        })
        .sum();
    sum / labels.len() as f64
}

/// Mean squared difference of probability and outcome. Source: Brier (1950).
pub fn brier(labels: &[bool], probabilities: &[f64]) -> f64 {
    let sum: f64 = labels.iter().zip(probabilities).map(|(&y, &p)| (p - f64::from(u8::from(y))).powi(2)).sum();
    sum / labels.len() as f64
}

/// Expected calibration error over ten bins of equal width: the mean distance of a bin's mean probability from
/// its share of positives, weighted by the bin's size.
pub fn ece(labels: &[bool], probabilities: &[f64]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for (&y, &p) in labels.iter().zip(probabilities) {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.0 += p;
        bin.1 += f64::from(u8::from(y));
    }
    bins.iter().map(|(p, y)| (p - y).abs()).sum::<f64>() / labels.len() as f64
}

/// The positives' share among the `fraction` highest scores over their share among all; scores tied at the cut
/// share it.
pub fn lift(labels: &[bool], scores: &[f64], fraction: f64) -> f64 {
    let n = labels.len();
    let top = ((fraction * n as f64).round() as usize).clamp(1, n.max(1));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let Some(&last) = order.get(top - 1) else { return f64::NAN };
    let cut = scores[last];
    let (mut above, mut above_hits, mut tied, mut tied_hits) = (0usize, 0.0, 0usize, 0.0);
    for (&y, &s) in labels.iter().zip(scores) {
        if s > cut {
            above += 1;
            above_hits += f64::from(u8::from(y));
        } else if s == cut {
            tied += 1;
            tied_hits += f64::from(u8::from(y));
        }
    }
    let hits = above_hits + tied_hits * (top - above) as f64 / tied as f64;
    let base = labels.iter().filter(|&&y| y).count() as f64 / n as f64;
    hits / top as f64 / base
}

/// Share of labels that a probability of at least one half gets right.
pub fn accuracy(labels: &[bool], probabilities: &[f64]) -> f64 {
    labels.iter().zip(probabilities).filter(|&(&y, &p)| (p >= 0.5) == y).count() as f64 / labels.len() as f64
}

/// Every figure of one evaluation, in the order they are reported.
pub fn all(labels: &[bool], probabilities: &[f64]) -> Vec<(&'static str, f64)> {
    vec![
        ("auc", auc(labels, probabilities)),
        ("log_loss", log_loss(labels, probabilities)),
        ("brier", brier(labels, probabilities)),
        ("ece", ece(labels, probabilities)),
        ("lift_10", lift(labels, probabilities, 0.1)),
        ("accuracy", accuracy(labels, probabilities)),
        ("average_precision", average_precision(labels, probabilities)),
        ("ks", ks(labels, probabilities)),
        ("f1", f1(labels, probabilities)),
        ("lift_5", lift(labels, probabilities, 0.05)),
        ("lift_20", lift(labels, probabilities, 0.2)),
        ("capture_5", capture(labels, probabilities, 0.05)),
        ("capture_10", capture(labels, probabilities, 0.1)),
        ("capture_20", capture(labels, probabilities, 0.2)),
        ("ece_adaptive", ece_adaptive(labels, probabilities)),
        ("empc", empc(labels, probabilities, &Campaign::default())),
    ]
}

/// Mean and standard deviation (n - 1).
pub fn mean_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const Y: [bool; 6] = [false, false, true, false, true, true];
    const P: [f64; 6] = [0.1, 0.4, 0.35, 0.4, 0.8, 0.4];

    // Expected values: scikit-learn 1.9.1, roc_auc_score, log_loss, brier_score_loss.
    #[test]
    fn equal_to_scikit_learn() {
        assert!((auc(&Y, &P) - 0.666_666_666_666_666_6).abs() < 1e-12, "{}", auc(&Y, &P));
        assert!((log_loss(&Y, &P) - 0.552_711_361_812_808_4).abs() < 1e-12, "{}", log_loss(&Y, &P));
        assert!((brier(&Y, &P) - 0.192_083_333_333_333_33).abs() < 1e-12, "{}", brier(&Y, &P));
    }

    /// Forty rows with ties, by integer arithmetic that the reference script repeats.
    fn forty() -> (Vec<bool>, Vec<f64>) {
        let label = |i: u32| (i * 7919 % 101).is_multiple_of(3);
        let score = |i: u32| {
            let bonus = if label(i) && i.is_multiple_of(2) { 0.02 } else { 0.0 };
            f64::from(i * 613 % 997 % 20) / 20.0 * 0.9 + 0.03 + bonus
        };
        ((0..40).map(label).collect(), (0..40).map(score).collect())
    }

    // Expected values: scikit-learn 1.9.1, average_precision_score, roc_curve, f1_score, accuracy_score,
    // brier_score_loss, log_loss; EMPC by numeric integration (scipy 1.17.1) of its definition.
    #[test]
    fn equal_to_references_on_scores_with_ties() {
        let (y, p) = forty();
        let expected = [
            ("auc", 0.529_947_916_666_666_6),
            ("log_loss", 0.852_395_047_894_237_3),
            ("brier", 0.293_366_874_999_999_97),
            ("accuracy", 0.55),
            ("average_precision", 0.468_934_788_368_328_14),
            ("ks", 0.125),
            ("f1", 0.4375),
            ("empc", 15.812_653_053_579_623),
        ];
        let all = all(&y, &p);
        for (name, value) in expected {
            let got = all.iter().find(|(n, _)| *n == name).expect("a figure").1;
            assert!((got - value).abs() < 1e-12 * value.max(1.0) * 10.0, "{name}: {got} for {value}");
        }
    }

    #[test]
    fn the_parts_of_the_brier_score_add_up_and_bins_hold_all_rows() {
        let (y, p) = forty();
        let parts = brier_parts(&y, &p);
        let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.within;
        assert!((sum - brier(&y, &p)).abs() < 1e-15);
        // Probabilities that are one a bin: nothing is within.
        let coarse: Vec<f64> = p.iter().map(|p| (p * 10.0).floor() / 10.0 + 0.05).collect();
        assert!(brier_parts(&y, &coarse).within.abs() < 1e-15);
        let bins = calibration_curve(&y, &p, 10);
        assert_eq!(bins.iter().map(|b| b.n_rows).sum::<usize>(), 40);
        assert!(bins.windows(2).all(|w| w[0].predicted < w[1].predicted));
        let gains = gains(&y, &p, 10);
        assert!((gains[9].capture - 1.0).abs() < 1e-12 && gains.windows(2).all(|w| w[0].capture <= w[1].capture));
    }

    #[test]
    fn the_bootstrap_holds_the_figure_and_repeats() {
        let (y, p) = forty();
        let intervals = intervals(&y, &p, 0.9, 200, 7);
        assert_eq!(intervals, super::intervals(&y, &p, 0.9, 200, 7));
        for (interval, (name, value)) in intervals.iter().zip(all(&y, &p)) {
            assert_eq!(interval.name, name);
            // ECE is biased upwards by resampling; its interval need not hold the figure.
            if !name.starts_with("ece") {
                assert!(interval.low <= value && value <= interval.high, "{interval:?} {value}");
            }
        }
        let auc = intervals[0];
        // Hanley and McNeil's standard error of this AUC is about 0.095.
        assert!((0.2..0.45).contains(&(auc.high - auc.low)), "{auc:?}");
    }

    #[test]
    fn a_perfect_and_a_blind_ranking() {
        let perfect: Vec<f64> = Y.iter().map(|&y| f64::from(u8::from(y))).collect();
        assert_eq!((auc(&Y, &perfect), lift(&Y, &perfect, 0.5)), (1.0, 2.0));
        let blind = [0.5; 6];
        assert_eq!((auc(&Y, &blind), lift(&Y, &blind, 0.3), ece(&Y, &blind)), (0.5, 1.0, 0.0));
    }

    #[test]
    fn ties_at_the_cut_share_it() {
        // The highest score is a hit, the next three are tied with one hit in three: (1 + 1/3) / 2 over 1/2.
        assert!((lift(&Y, &P, 2.0 / 6.0) - (1.0 + 1.0 / 3.0)).abs() < 1e-12);
    }
}
