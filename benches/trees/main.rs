//! How fast trees are scored and explained: `make bench-trees`. Prints rows per CPU second of this process (Linux; of
//! the wall clock elsewhere), for made-up ensembles of the usual sizes and for the model files given as arguments.
//! `RAYON_NUM_THREADS` sets the threads.

use churn_core::engine::{Predictor, import_model};
use churn_core::features::{FeatureKind, FeatureMatrix, FeaturePlan, FeatureSpec};
use churn_core::model::{Model, Part, Tree, TreeEnsemble, TreeNode};
use ndarray::Array2;
use std::time::Instant;

/// CPU seconds of this process so far: user and system ticks of 10 ms.
fn cpu_seconds(start: Instant) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks = stat.and_then(|s| {
        let fields: Vec<&str> = s.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    });
    ticks.map_or_else(|| start.elapsed().as_secs_f64(), |t| t / 100.0)
}

/// The best of three rates (per CPU second), each over at least a second.
fn rate(n: usize, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    let one = || {
        let begin = cpu_seconds(start);
        let mut runs = 0;
        loop {
            run();
            runs += 1;
            let used = cpu_seconds(start) - begin;
            if used >= 1.0 {
                return (n * runs) as f64 / used;
            }
        }
    };
    std::iter::repeat_with(one).take(3).fold(0.0, f64::max)
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Full trees over 4 numbers (half of the splits) and 41 indicators.
fn made_up(trees: usize, depth: usize, mut model: Model) -> Model {
    let mut random = Random(42);
    let spec = |i: usize| FeatureSpec {
        name: format!("f{i}"),
        readable: format!("f{i}"),
        unit: None,
        credit_to: format!("f{i}"),
        kind: FeatureKind::Number,
    };
    model.plan = FeaturePlan::new((0..45).map(spec).collect());
    let trees = (0..trees).map(|_| {
        let n = (2 << depth) - 1;
        let mut tree = Tree { nodes: Vec::new(), covers: Vec::new() };
        for i in 0..n {
            tree.covers.push(0.5f64.powi((i as u32 + 1).ilog2() as i32));
            tree.nodes.push(if 2 * i + 1 < n {
                let number = random.below(2) == 0;
                TreeNode::Number {
                    feature: if number { random.below(4) } else { 4 + random.below(41) } as u32,
                    threshold: if number { random.below(10_000) as f64 / 100.0 } else { 0.5 },
                    missing_left: random.below(2) == 0,
                    left: 2 * i as u32 + 1,
                    right: 2 * i as u32 + 2,
                }
            } else {
                TreeNode::Leaf { value: random.below(2001) as f64 / 1e4 - 0.1 }
            });
        }
        tree
    });
    model.additive.components[0].part = Part::Trees(TreeEnsemble { trees: trees.collect() });
    model.headers.clear();
    model
}

fn matrix(rows: usize, features: usize) -> FeatureMatrix {
    let mut random = Random(7);
    FeatureMatrix::new(Array2::from_shape_fn((rows, features), |(_, c)| match random.below(50) {
        0 => f64::NAN,
        _ if c < 4 => random.below(100_000) as f64 / 1000.0,
        _ => random.below(2) as f64,
    }))
}

fn measure(name: &str, model: Model) -> Result<(), churn_core::Error> {
    let predictor = Predictor::new(model.clone())?;
    let n_features = predictor.model().plan.len();
    let rows = matrix(100_000, n_features);
    let plain = rate(2_000, || {
        std::hint::black_box((0..2_000).map(|r| predictor.model().additive.raw(rows.row(r))).sum::<f64>());
    });
    let batch = rate(rows.n_rows(), || drop(predictor.predict_margin(&rows)));
    println!("{name:<28} score: plain walk {plain:>10.0}   blocks {batch:>10.0} rows/CPU s   ({:.1}x)", batch / plain);
    for n in [1, 500, 10_000, 100_000] {
        let some = rows.take(&(0..n).collect::<Vec<_>>());
        // A model that has not been asked before: its tables are made anew each time.
        let first = rate(n, || {
            let fresh = Predictor::new(model.clone());
            drop(fresh.and_then(|f| f.shap_values(&some)));
        });
        let later = rate(n, || drop(predictor.shap_values(&some)));
        println!("{name:<28} SHAP, {n:>7} rows: {first:>10.0} from a cold start, {later:>10.0} rows/CPU s later");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{} threads", rayon::current_num_threads());
    let files: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for file in &files {
        measure(file.rsplit('/').next().unwrap_or(file), import_model(file, &Default::default())?)?;
    }
    if files.is_empty() {
        let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/imported/xgb_logitraw.json");
        let model = import_model(seed, &Default::default())?;
        measure("300 trees, depth 3", made_up(300, 3, model.clone()))?;
        measure("500 trees, depth 6", made_up(500, 6, model))?;
    }
    Ok(())
}
