//! Trees of every kind: blocks, single rows and definitions agree.

use super::*;
use crate::features::{FeatureKind, FeaturePlan, FeatureSpec};
use crate::model::testing::small_model;
use crate::model::{Component, Tree, TreeEnsemble, TreeNode};

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// A split on one of `n_features` features, of any kind.
fn split(random: &mut Random, n_features: usize, left: u32, right: u32) -> TreeNode {
    let feature = random.below(n_features) as u32;
    let missing_left = random.below(2) == 0;
    let threshold = random.below(9) as f64 - 2.0;
    match random.below(6) {
        0 => TreeNode::NumberNotZero { feature, threshold, missing_left, left, right },
        1 => TreeNode::Category { feature, set: random.below(1 << 9) as u64, missing_left, left, right },
        2 => {
            let set = vec![random.below(1 << 9) as u64, random.below(4) as u64].into();
            TreeNode::WideCategory { feature, set, missing_left, left, right }
        }
        _ => TreeNode::Number { feature, threshold, missing_left, left, right },
    }
}

/// A tree of so many splits: each next one in the place of a random leaf, or of the last (`deep`).
fn tree(random: &mut Random, n_features: usize, splits: usize, deep: bool) -> Tree {
    let mut nodes = vec![TreeNode::Leaf { value: random.below(200) as f64 / 100.0 - 1.0 }];
    let mut covers = vec![1.0];
    let mut leaves = vec![0usize];
    for _ in 0..splits {
        let at = leaves.swap_remove(if deep { leaves.len() - 1 } else { random.below(leaves.len()) });
        let left = nodes.len() as u32;
        nodes[at] = split(random, n_features, left, left + 1);
        let share = (1 + random.below(9)) as f64 / 10.0;
        for share in [share, 1.0 - share] {
            leaves.push(nodes.len());
            nodes.push(TreeNode::Leaf { value: random.below(200) as f64 / 100.0 - 1.0 });
            covers.push(covers[at] * share);
        }
    }
    Tree { nodes, covers }
}

fn model(n_features: usize, trees: Vec<Tree>) -> Model {
    let mut model = small_model();
    let spec = |i: usize| FeatureSpec {
        name: format!("f{i}"),
        readable: format!("f{i}"),
        unit: None,
        credit_to: format!("f{i}"),
        kind: FeatureKind::Number,
    };
    model.plan = FeaturePlan::new((0..n_features).map(spec).collect());
    let part = Part::Trees(TreeEnsemble { trees });
    model.additive.components = vec![Component { name: "boosting".into(), weight: 1.0, part }];
    model
}

fn rows(random: &mut Random, n: usize, n_features: usize) -> FeatureMatrix {
    let values = [f64::NAN, -2.0, -0.0, 0.0, 1e-36, 1.0, 2.0, 3.0, 3.5, 4.0, 65.0, 1e30, -1e30];
    FeatureMatrix::new(Array2::from_shape_fn((n, n_features), |_| values[random.below(values.len())]))
}

#[test]
fn blocks_and_single_rows_have_the_bits_of_a_plain_walk() {
    let mut random = Random(11);
    // One tree alone, full batches, trees too large for bits in between, and paths of many features.
    let shapes: [&[(usize, bool)]; 4] = [
        &[(0, false)],
        &[(7, false); 19],
        &[(63, false), (300, false), (40, true), (255, false), (254, true), (1, false), (0, false)],
        &[(12, true), (30, false), (200, false), (3, false)],
    ];
    for (i, shape) in shapes.into_iter().enumerate() {
        let n_features = [3, 5, 6, 14][i];
        let trees = shape.iter().map(|&(splits, deep)| tree(&mut random, n_features, splits, deep)).collect();
        let model = model(n_features, trees);
        model.check().expect("valid");
        let explainer = Explainer::new(&model);
        for n in [1, 15, 16, 63, 64, 513, 1100] {
            let matrix = rows(&mut random, n, n_features);
            let (raws, values) = explainer.raw_and_values(&model, &matrix).expect("additive");
            let mut out = vec![0.0; n_features];
            for r in 0..n {
                let row = matrix.row(r);
                assert_eq!(raws[r].to_bits(), model.additive.raw(row).to_bits(), "shape {i}, row {r} of {n}");
                assert_eq!(explainer.scorer().raw_row(row).to_bits(), raws[r].to_bits());
                explainer.explain_row(&model, row, &mut out).expect("additive");
                assert_eq!(out, values[r * n_features..(r + 1) * n_features], "shape {i}, row {r} of {n}");
            }
        }
    }
}

#[test]
fn rows_one_by_one_have_the_same_bits_while_tables_are_made() {
    let mut random = Random(31);
    let trees = (0..40).map(|_| tree(&mut random, 9, 63, false)).collect();
    let model = model(9, trees);
    let (one_by_one, at_once) = (Explainer::new(&model), Explainer::new(&model));
    let bytes = one_by_one.parts[0].table_bytes;
    assert!(bytes > 2 * SMALL_TABLES, "tables of {bytes} bytes are made at once");
    let matrix = rows(&mut random, 200, 9);
    let (_, wanted) = at_once.raw_and_values(&model, &matrix).expect("additive");
    let mut out = vec![0.0; 9];
    let mut made = Vec::new();
    for (r, wanted) in wanted.chunks_exact(9).enumerate() {
        one_by_one.explain_row(&model, matrix.row(r), &mut out).expect("additive");
        assert_eq!(out, wanted, "row {r}");
        made.push(one_by_one.parts[0].tables_made());
    }
    let all = at_once.parts[0].tables_made();
    assert!(0 < made[0] && made[0] < made[1] && made[1] < all && made[199] == all, "{all} tables, made: {made:?}");
}

/// The margin where these features are the row's and the others the other's.
fn mixed(model: &Model, row: &[f64], other: &[f64], known: u32) -> f64 {
    let mixed: Vec<f64> = (0..row.len()).map(|i| if known >> i & 1 == 1 { row[i] } else { other[i] }).collect();
    model.additive.raw(&mixed)
}

#[test]
fn values_against_a_background_are_those_of_the_definition() {
    let mut random = Random(5);
    let n_features = 5;
    let trees = [(7, false), (20, false), (9, true)].map(|(n, deep)| tree(&mut random, n_features, n, deep));
    let model = model(n_features, trees.into());
    let background = rows(&mut random, 7, n_features);
    let explainer = Explainer::against(&model, &background).expect("a background");
    let matrix = rows(&mut random, 70, n_features);
    let explanation = explainer.explain(&model, &matrix).expect("additive");
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    for r in [0, 1, 33, 69] {
        for i in 0..n_features {
            let mut wanted = 0.0;
            for b in 0..background.n_rows() {
                let (row, other) = (matrix.row(r), background.row(b));
                for s in (0..1u32 << n_features).filter(|s| s >> i & 1 == 0) {
                    let k = s.count_ones();
                    let weight = factorial(k) * factorial(n_features as u32 - k - 1) / factorial(n_features as u32);
                    wanted += weight * (mixed(&model, row, other, s | 1 << i) - mixed(&model, row, other, s));
                }
            }
            wanted /= background.n_rows() as f64;
            assert!((explanation.values[(r, i)] - wanted).abs() < 1e-12, "row {r}, feature {i}");
        }
    }
    let nothing = FeatureMatrix::new(Array2::zeros((0, n_features)));
    assert_eq!(Explainer::against(&model, &nothing).err().expect("no rows").code(), "invalid_argument");
}

#[test]
fn many_features_against_a_background_stay_additive() {
    let mut random = Random(23);
    let model = model(30, vec![tree(&mut random, 30, 40, true), tree(&mut random, 30, 90, false)]);
    let background = rows(&mut random, 40, 30);
    let explainer = Explainer::against(&model, &background).expect("a background");
    let matrix = rows(&mut random, 80, 30);
    let values = explainer.explain(&model, &matrix).expect("additive").values;
    let mut out = vec![0.0; 30];
    explainer.explain_row(&model, matrix.row(3), &mut out).expect("additive");
    assert_eq!(values.row(3).to_vec(), out);
}

#[test]
fn interactions_share_what_no_feature_does_alone() {
    let mut random = Random(7);
    let n_features = 4;
    let trees = [(7, false), (20, false)].map(|(n, deep)| tree(&mut random, n_features, n, deep));
    let mut model = model(n_features, trees.into());
    let explainer = Explainer::new(&model);
    let matrix = rows(&mut random, 6, n_features);
    let values = explainer.explain(&model, &matrix).expect("additive").values;
    let pairs = explainer.interactions(&model, &matrix).expect("interactions");
    for r in 0..matrix.n_rows() {
        for i in 0..n_features {
            let sum: f64 = (0..n_features).map(|j| pairs[(r, i, j)]).sum();
            assert!((sum - values[(r, i)]).abs() < 1e-12);
            (0..n_features).for_each(|j| assert_eq!(pairs[(r, i, j)].to_bits(), pairs[(r, j, i)].to_bits()));
        }
    }
    // Two features that are both needed: what they do together is halved between them.
    let leaf = |value| TreeNode::Leaf { value };
    let number =
        |feature, left| TreeNode::Number { feature, threshold: 0.5, missing_left: false, left, right: left + 1 };
    let both = Tree {
        nodes: vec![number(0, 1), leaf(0.0), number(1, 3), leaf(0.0), leaf(8.0)],
        covers: vec![4.0, 2.0, 2.0, 1.0, 1.0],
    };
    model.additive.components[0].part = Part::Trees(TreeEnsemble { trees: vec![both] });
    let row = FeatureMatrix::new(ndarray::arr2(&[[1.0, 1.0, 0.0, 0.0]]));
    let pairs = Explainer::new(&model).interactions(&model, &row).expect("interactions");
    // f(both) - f(one) - f(other) + f(none) = 8 - 4 - 4 + 2
    assert!((pairs[(0, 0, 1)] - 1.0).abs() < 1e-14 && (pairs[(0, 0, 0)] - 2.0).abs() < 1e-14);
}

#[test]
fn a_segment_is_told_by_its_means() {
    let mut random = Random(3);
    let model = model(3, vec![tree(&mut random, 3, 9, false)]);
    let matrix = rows(&mut random, 20, 3);
    let explanation = Explainer::new(&model).explain(&model, &matrix).expect("additive");
    let some = [1, 4, 19];
    let factors = explanation.segment(&some).expect("a segment");
    assert!(factors.windows(2).all(|f| f[0].mean_abs >= f[1].mean_abs));
    let mean: f64 = some.iter().map(|&r| model.additive.raw(matrix.row(r))).sum::<f64>() / 3.0;
    let sum: f64 = factors.iter().map(|f| f.mean).sum();
    assert!((sum + explanation.base_value - mean).abs() < 1e-12);
    assert_eq!(explanation.segment(&[20]).expect_err("no such row").code(), "invalid_argument");
    assert_eq!(explanation.segment(&[]).expect_err("no row").code(), "invalid_argument");
}
