//! Exact path-dependent SHAP values of a tree, in float64, without division.
//!
//! Under the path-dependent value function a leaf's share of the prediction, as a function of the set of known
//! features, is its value times a product over the distinct features on its path: `o` (0 or 1: does the row
//! follow the path at all of the feature's splits) where the feature is known, `z` (product of cover ratios) where
//! it is not. Its Shapley value for feature i is the integral over t from 0 to 1 of
//! `(o_i - z_i) * product over j != i of (z_j + (o_j - z_j) t)`,
//! a polynomial of degree (features on the path - 1), which Gauss-Legendre quadrature with enough points
//! integrates exactly. Prefix and suffix products take the place of divisions, so deep paths stay accurate.
//! Sources: Lundberg et al., "From local explanations to global understanding with explainable AI for trees"
//! (2020), for the value function; Owen, "Multilinear extensions of games" (1972), for the integral.

use crate::model::{Tree, TreeNode};

/// One distinct feature on a leaf's path.
struct Step {
    feature: usize,
    /// Product of the cover ratios of this feature's splits on the path.
    ratio: f64,
    /// The splits of this feature on the path: node, and whether the path goes left.
    splits: Vec<(usize, bool)>,
}

struct LeafPath {
    value: f64,
    steps: Vec<Step>,
}

/// A tree prepared for explanations.
pub struct TreeExplainer {
    tree: Tree,
    paths: Vec<LeafPath>,
    /// Quadrature points for paths of each length: (points, weights).
    points: Vec<(Vec<f64>, Vec<f64>)>,
    longest: usize,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Workspace {
    left: Vec<bool>,
    known: Vec<f64>,
    prefix: Vec<f64>,
}

impl TreeExplainer {
    /// Prepares a (checked) tree.
    pub fn new(tree: &Tree) -> Self {
        let mut paths = Vec::new();
        let mut stack: Vec<(usize, Vec<(usize, bool)>)> = vec![(0, Vec::new())];
        while let Some((at, trail)) = stack.pop() {
            match tree.nodes[at].split() {
                Some((_, left, right)) => {
                    for (child, goes_left) in [(right, false), (left, true)] {
                        let mut next = trail.clone();
                        next.push((at, goes_left));
                        stack.push((child, next));
                    }
                }
                None => {
                    if let TreeNode::Leaf { value } = tree.nodes[at] {
                        paths.push(LeafPath { value, steps: steps(tree, &trail) });
                    }
                }
            }
        }
        let longest = paths.iter().map(|p| p.steps.len()).max().unwrap_or(0);
        let points = (0..=longest).map(|n| gauss_legendre(n.div_ceil(2).max(1))).collect();
        TreeExplainer { tree: tree.clone(), paths, points, longest }
    }

    /// Adds `weight` times the SHAP values of a row to `out` (length n_features).
    pub fn add(&self, row: &[f64], weight: f64, out: &mut [f64], work: &mut Workspace) {
        work.left.clear();
        work.left.extend(self.tree.nodes.iter().map(|n| n.goes_left(row)));
        work.prefix.resize(self.longest + 1, 1.0);
        for path in &self.paths {
            let n = path.steps.len();
            work.known.clear();
            work.known.extend(path.steps.iter().map(|s| {
                let follows = s.splits.iter().all(|&(node, left)| work.left[node] == left);
                f64::from(u8::from(follows)) - s.ratio
            }));
            let (points, weights) = &self.points[n];
            for (&t, &w) in points.iter().zip(weights) {
                let factor = |i: usize| path.steps[i].ratio + work.known[i] * t;
                work.prefix[0] = 1.0;
                for i in 0..n {
                    work.prefix[i + 1] = work.prefix[i] * factor(i);
                }
                let mut suffix = weight * path.value * w;
                for i in (0..n).rev() {
                    out[path.steps[i].feature] += work.known[i] * work.prefix[i] * suffix;
                    suffix *= factor(i);
                }
            }
        }
    }
}

fn steps(tree: &Tree, trail: &[(usize, bool)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for &(node, goes_left) in trail {
        let Some((feature, left, right)) = tree.nodes[node].split() else { continue };
        let ratio = tree.covers[if goes_left { left } else { right }] / (tree.covers[left] + tree.covers[right]);
        match steps.iter_mut().find(|s| s.feature == feature) {
            Some(step) => {
                step.ratio *= ratio;
                step.splits.push((node, goes_left));
            }
            None => steps.push(Step { feature, ratio, splits: vec![(node, goes_left)] }),
        }
    }
    steps
}

/// Points and weights of Gauss-Legendre quadrature on [0, 1], exact for polynomials up to degree 2n - 1; the
/// points are the roots of the Legendre polynomial, by Newton's method.
fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut points = vec![0.0; n];
    let mut weights = vec![0.0; n];
    for i in 0..n {
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut p0, mut p1) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (p0, p1) = (p1, ((2.0 * k - 1.0) * x * p1 - (k - 1.0) * p0) / k);
            }
            slope = n as f64 * (x * p1 - p0) / (x * x - 1.0);
            let step = p1 / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        points[i] = 0.5 * (1.0 - x);
        weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
    (points, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_its_degree() {
        for n in 1..=32 {
            let (points, weights) = gauss_legendre(n);
            for degree in 0..2 * n {
                let sum: f64 = points.iter().zip(&weights).map(|(p, w)| w * p.powi(degree as i32)).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-14, "n {n} degree {degree}: {sum}");
            }
        }
    }

    /// Shapley values by their definition: over all subsets of the features.
    fn by_definition(tree: &Tree, row: &[f64]) -> Vec<f64> {
        fn value(tree: &Tree, row: &[f64], known: u32, at: usize) -> f64 {
            match tree.nodes[at] {
                TreeNode::Leaf { value } => value,
                node => {
                    let (f, l, r) = node.split().expect("split");
                    if known >> f & 1 == 1 {
                        value(tree, row, known, if node.goes_left(row) { l } else { r })
                    } else {
                        let (a, b) = (tree.covers[l], tree.covers[r]);
                        (a * value(tree, row, known, l) + b * value(tree, row, known, r)) / (a + b)
                    }
                }
            }
        }
        let n = row.len();
        let factorial = |k: usize| (1..=k).map(|v| v as f64).product::<f64>();
        (0..n)
            .map(|i| {
                let others = (0..1u32 << n).filter(|s| s >> i & 1 == 0);
                others
                    .map(|s| {
                        let k = s.count_ones() as usize;
                        let weight = factorial(k) * factorial(n - k - 1) / factorial(n);
                        weight * (value(tree, row, s | 1 << i, 0) - value(tree, row, s, 0))
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn equal_to_the_definition_also_where_a_feature_repeats() {
        // Features 0 and 1 are split again and again, 2 is a category, 3 is split once deep down.
        let number =
            |feature, threshold, left, right| TreeNode::Number { feature, threshold, missing_left: false, left, right };
        let tree = Tree {
            nodes: vec![
                number(0, 0.5, 1, 2),
                number(1, 0.2, 3, 4),
                TreeNode::Category { feature: 2, set: 0b10, missing_left: true, left: 5, right: 6 },
                TreeNode::Leaf { value: 1.0 },
                number(0, 0.1, 7, 8),
                number(0, 0.9, 9, 10),
                TreeNode::Leaf { value: -3.0 },
                TreeNode::Leaf { value: 0.25 },
                TreeNode::Leaf { value: 4.0 },
                number(3, 7.0, 11, 12),
                TreeNode::Leaf { value: -1.5 },
                TreeNode::Leaf { value: 2.5 },
                TreeNode::Leaf { value: 9.0 },
            ],
            covers: vec![100.0, 60.0, 40.0, 20.0, 40.0, 30.0, 10.0, 5.0, 35.0, 22.0, 8.0, 2.0, 20.0],
        };
        let explainer = TreeExplainer::new(&tree);
        let mut work = Workspace::default();
        for row in
            [[0.05, 0.5, 1.0, 3.0], [0.3, 0.1, 0.0, 9.0], [0.7, 0.3, 1.0, 8.0], [0.95, 0.0, 0.0, 0.0], [f64::NAN; 4]]
        {
            let mut got = vec![0.0; 4];
            explainer.add(&row, 2.0, &mut got, &mut work);
            let wanted = by_definition(&tree, &row);
            for (g, w) in got.iter().zip(&wanted) {
                assert!((g - 2.0 * w).abs() < 1e-13, "{row:?}: {got:?} {wanted:?}");
            }
            let sum: f64 = got.iter().sum();
            assert!((sum - 2.0 * (tree.value(&row) - tree.expectation())).abs() < 1e-13);
        }
    }

    #[test]
    fn a_path_of_forty_features_stays_additive() {
        let depth = 40u32;
        let mut nodes = Vec::new();
        let mut covers = Vec::new();
        for d in 0..depth {
            nodes.push(TreeNode::Number {
                feature: d,
                threshold: 0.5,
                missing_left: true,
                left: 2 * d + 1,
                right: 2 * d + 2,
            });
            covers.push(0.5f64.powi(d as i32));
            nodes.push(TreeNode::Leaf { value: f64::from(d) - 11.0 });
            covers.push(0.5f64.powi(d as i32 + 1));
        }
        nodes.push(TreeNode::Leaf { value: 77.0 });
        covers.push(0.5f64.powi(depth as i32));
        let tree = Tree { nodes, covers };
        tree.check(depth as usize).expect("valid");
        let explainer = TreeExplainer::new(&tree);
        for ones in [0, 1, 20, 39, 40] {
            let row: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i < ones))).collect();
            let mut got = vec![0.0; 40];
            explainer.add(&row, 1.0, &mut got, &mut Workspace::default());
            let wanted = tree.value(&row) - tree.expectation();
            let sum: f64 = got.iter().sum();
            assert!((sum - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{ones}: {sum} {wanted}");
        }
    }
}
