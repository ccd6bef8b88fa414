use super::*;
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan, FeatureSpec};
use crate::model::TreeNode;
use ndarray::Array2;
use rand_chacha::rand_core::RngCore;

fn plan() -> FeaturePlan {
    let spec = |name: &str, kind| FeatureSpec {
        name: name.into(),
        readable: name.into(),
        unit: None,
        credit_to: name.into(),
        kind,
    };
    let levels = (0..20).map(|i| format!("level {i}")).collect();
    FeaturePlan::new(vec![
        spec("level", FeatureKind::Category { levels }),
        spec("noise", FeatureKind::Number),
        spec("value", FeatureKind::Number),
    ])
}

/// Labels that depend on a set of levels, on whether the value is missing, and on the value where it is not.
fn rows(n: usize) -> (FeatureMatrix, Vec<bool>) {
    let mut rng = random(5);
    let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let mut cells = Array2::zeros((n, 3));
    let mut labels = Vec::new();
    for mut row in cells.rows_mut() {
        let (level, value) = ((uniform() * 20.0).floor(), uniform() * 10.0);
        let missing = uniform() < 0.2;
        let risk =
            -1.0 + if level as usize % 3 == 1 { 2.0 } else { 0.0 } + if missing { 1.5 } else { 0.3 * value - 1.5 };
        row[0] = level;
        row[1] = uniform();
        row[2] = if missing { f64::NAN } else { value };
        labels.push(uniform() < sigmoid(risk));
    }
    (FeatureMatrix::new(cells), labels)
}

fn all(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

fn fit(matrix: &FeatureMatrix, labels: &[bool], weights: Option<&[f64]>, params: &Params) -> (Boosted, Vec<f64>) {
    let binned = Binned::new(&plan(), matrix.view(), 64);
    let sample = Sample { binned: &binned, labels, weights, offset: None };
    let mut last = Vec::new();
    let boosted = boost(sample, &all(labels.len()), &[], params, 3, |_, margins| {
        last = margins.to_vec();
        true
    });
    (boosted, last)
}

fn margin(boosted: &Boosted, row: &[f64]) -> f64 {
    boosted.intercept + boosted.trees.iter().map(|t| t.value(row)).sum::<f64>()
}

fn shapes() -> [Params; 2] {
    [Params { rounds: 60, symmetric: true, depth: 3, ..Params::default() }, Params { rounds: 60, ..Params::default() }]
}

#[test]
fn trees_say_what_training_said_and_find_the_truth() {
    let (matrix, labels) = rows(4000);
    for params in shapes() {
        let (boosted, margins) = fit(&matrix, &labels, None, &params);
        for (r, trained) in margins.iter().enumerate() {
            let walked = margin(&boosted, matrix.row(r));
            assert!((walked - trained).abs() < 1e-9, "row {r}: {walked} {trained}");
        }
        for tree in &boosted.trees {
            tree.check(3).expect("a valid tree");
            assert!((tree.covers[0] - 4000.0).abs() < 1e-3, "covers count all rows: {}", tree.covers[0]);
        }
        let at = |level: f64, value: f64| margin(&boosted, &[level, 0.5, value]);
        assert!(at(1.0, 5.0) > at(0.0, 5.0) + 1.0 && at(2.0, f64::NAN) > at(2.0, 2.0) + 1.0);
        let probabilities: Vec<f64> = margins.iter().map(|&m| sigmoid(m)).collect();
        assert!(crate::metrics::auc(&labels, &probabilities) > 0.75);
    }
}

#[test]
fn the_same_trees_on_any_number_of_threads() {
    // Enough cells for the parallel paths.
    let (matrix, labels) = rows(100_000);
    let grown = |threads, symmetric| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let params = Params { rounds: 3, symmetric, depth: 5, leaves: 20, noise: 1.0, ..Params::default() };
        pool.install(|| fit(&matrix, &labels, None, &params).0)
    };
    for symmetric in [false, true] {
        assert_eq!(grown(1, symmetric), grown(4, symmetric));
    }
}

#[test]
fn a_weight_of_two_is_a_row_twice() {
    let (matrix, labels) = rows(600);
    let twice: Vec<usize> = (0..600).flat_map(|r| std::iter::repeat_n(r, 1 + r % 2)).collect();
    let weights: Vec<f64> = (0..600).map(|r| (1 + r % 2) as f64).collect();
    let doubled: Vec<bool> = twice.iter().map(|&r| labels[r]).collect();
    for shape in shapes() {
        // Bins follow rows, so they are made of few values here.
        let params = Params { rows: 1.0, columns: 1.0, rounds: 5, ..shape };
        let coarse = FeatureMatrix::new(matrix.view().mapv(f64::round));
        let (a, _) = fit(&coarse, &labels, Some(&weights), &params);
        let (b, _) = fit(&coarse.take(&twice), &doubled, None, &params);
        for r in 0..600 {
            let (x, y) = (margin(&a, coarse.row(r)), margin(&b, coarse.row(r)));
            assert!((x - y).abs() < 1e-6, "{x} {y}");
        }
    }
}

#[test]
fn monotone_constraints_hold_everywhere() {
    let (matrix, labels) = rows(2000);
    for params in shapes() {
        for direction in [1i8, -1] {
            let params = Params { monotone: vec![0, direction, direction], depth: 4, ..params.clone() };
            let (boosted, _) = fit(&matrix, &labels, None, &params);
            for level in 0..20 {
                let at = |v: f64| margin(&boosted, &[f64::from(level), 0.4, v]);
                let values: Vec<f64> = (0..100).map(|i| at(f64::from(i) / 10.0)).collect();
                assert!(values.windows(2).all(|w| f64::from(direction) * (w[1] - w[0]) >= -1e-12));
            }
        }
    }
}

#[test]
fn stumps_and_their_terms_say_the_same() {
    let (matrix, labels) = rows(1500);
    let params = Params { rounds: 80, symmetric: true, depth: 1, ..Params::default() };
    let (boosted, _) = fit(&matrix, &labels, None, &params);
    assert!(boosted.trees.iter().any(|t| matches!(t.nodes[0], TreeNode::Category { .. })));
    let (terms, constant) = terms(&plan(), &matrix, None, &boosted.trees);
    let unseen = [[25.0, 0.5, 99.0], [f64::NAN, f64::NAN, f64::NAN], [3.0, f64::INFINITY, f64::NEG_INFINITY]];
    let rows: Vec<&[f64]> = (0..300).map(|r| matrix.row(r)).chain(unseen.iter().map(|r| &r[..])).collect();
    for row in rows {
        let sum = constant + boosted.intercept + terms.iter().map(|t| t.shape.value(row[t.feature])).sum::<f64>();
        assert!((sum - margin(&boosted, row)).abs() < 1e-9, "{row:?}");
    }
}

#[test]
fn noise_reorders_what_chance_could_and_single_levels_stay_single() {
    let (matrix, labels) = rows(1000);
    let params = Params { rounds: 150, symmetric: true, depth: 3, columns: 1.0, rows: 1.0, ..Params::default() };
    let auc = |margins: &[f64]| crate::metrics::auc(&labels, margins);
    // Features that are split on, and how many of the codes go left.
    let splits = |boosted: &Boosted| -> (Vec<u32>, Vec<u32>) {
        let nodes = boosted.trees.iter().flat_map(|t| &t.nodes);
        let split = nodes.filter_map(|n| match n {
            TreeNode::Number { feature, .. } => Some((*feature, 0)),
            TreeNode::Category { feature, set, .. } => Some((*feature, set.count_ones())),
            _ => None,
        });
        split.unzip()
    };
    let (plain, plain_margins) = fit(&matrix, &labels, None, &params);
    let noisy = Params { noise: 1.0, single_levels: true, ..params.clone() };
    let (varied, varied_margins) = fit(&matrix, &labels, None, &noisy);
    assert_ne!(plain.trees, varied.trees);
    assert!(auc(&varied_margins) > 0.75 && auc(&plain_margins) > auc(&varied_margins), "less fitted to the rows");
    let (_, codes) = splits(&varied);
    assert!(codes.iter().all(|&c| c <= 1) && codes.contains(&1));
    assert!(splits(&plain).1.iter().any(|&c| c > 1));
    // Clear signals stay on top: the first split is on what tells most, whatever the noise.
    let first = |boosted: &Boosted| splits(boosted).0[0];
    let small = Params { noise: 0.01, ..params };
    assert_eq!(first(&fit(&matrix, &labels, None, &small).0), first(&plain));
}
