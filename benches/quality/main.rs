//! How well the default `train` predicts, beside the peers on the same rows: `make bench-quality`.
//!
//! For each set and fold (and each small training sample) the whole pipeline is fitted on the training rows with no
//! parameter and measured on the others. Arguments: `repeats=N` and `seeds=N` (how many of the folds' repeats and of
//! the small samples' seeds; all where not given), `sets=a,b`, `learner=NAME`, `small=0` or `folds=0` to leave a part
//! out, `rows=FILE` to write the probability and interval of every test row (CSV; `a`, `b`: repeat and fold, or size and
//! seed), for other measures. `$CHURN_DATA_DIR` and `$CHURN_PEERS_DIR` say where data, folds and the peers' figures lie.

mod datasets;

use churn_core::features::derive;
use churn_core::map::{self, MapOptions};
use churn_core::schema::Profile;
use churn_core::table::Table;
use churn_core::train::{self, Labelled, Learner};
use churn_core::validate::{self, Purpose, ValidateOptions};
use churn_core::{metrics, read};
use datasets::{DATASETS, Dataset, Failure, MEASURES, Peers, directory};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

type Key = (usize, usize);

/// Rows to train on, rows to judge by.
type Split = (Vec<usize>, Vec<usize>);

/// Primes, larger than any number of test rows.
const STRIDES: [usize; 5] = [1_000_003, 1_000_033, 1_000_037, 1_000_039, 1_000_081];

/// How many groups of test rows there are, and how many of their churn rates lie inside the interval: what the
/// interval states (`train/interval.rs`). As many rows as were learnt from, or as there are, are drawn at a time, and
/// cut into groups of the stated size and of neighbouring scores; the rate of k in n stands for all from (k - 1/2) / n
/// to (k + 1/2) / n, of which the part inside counts.
fn covered(labels: &[bool], probabilities: &[f64], intervals: &[(f64, f64)], size: usize, learnt: usize) -> (f64, f64) {
    let n = labels.len();
    let inside = |rows: &[usize]| {
        let sum = |f: &dyn Fn(usize) -> f64| rows.iter().map(|&r| f(r)).sum::<f64>();
        let left = sum(&|r| f64::from(u8::from(labels[r])));
        let (low, high) = (sum(&|r| intervals[r].0), sum(&|r| intervals[r].1));
        // Nobody and everybody have nothing beyond them.
        let (low, high) = (if low <= 0.0 { -0.5 } else { low }, if high >= size as f64 { high + 0.5 } else { high });
        ((left + 0.5).min(high) - (left - 0.5).max(low)).clamp(0.0, 1.0)
    };
    let (mut groups, mut covered) = (0.0, 0.0);
    // Strides that share no factor with the number of rows visit each once, in no order of theirs; who meets whom in a
    // group is chance, which the mean over several draws lessens.
    for stride in STRIDES {
        let drawn: Vec<usize> = (0..n).map(|i| (i * stride) % n).collect();
        for rows in drawn.chunks_exact(learnt.min(n)) {
            let mut rows = rows.to_vec();
            rows.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]).then(a.cmp(&b)));
            for group in rows[stride % size..].chunks_exact(size) {
                groups += 1.0;
                covered += inside(group);
            }
        }
    }
    (groups / STRIDES.len() as f64, covered / STRIDES.len() as f64)
}

/// What one fit gives.
struct Outcome {
    figures: [f64; 4],
    /// Groups, and how many of them lie in their interval.
    covered: (f64, f64),
    size: usize,
    width: f64,
    time: Duration,
    learner: String,
    /// Label, probability and interval of each test row.
    rows: Vec<(bool, f64, (f64, f64))>,
}

struct Labels {
    table: Table,
    labels: Vec<bool>,
    profile: Profile,
}

fn load(set: &Dataset) -> Result<Labels, Failure> {
    let csv = set.csv(&directory("CHURN_DATA_DIR", "../shared/data"))?;
    let raw = read::read_bytes(&csv, None, &Default::default())?;
    let kind = Some(Default::default());
    let options = MapOptions { table_kind: kind, ..MapOptions::default() };
    let mapping = map::map_table(&raw, &options)?;
    let profile = Profile::shipped(&mapping.profile)?;
    let options =
        ValidateOptions { purpose: Purpose::Train, label: Some(set.label.into()), ..ValidateOptions::default() };
    let judged = validate::validate(&raw, &mapping, &profile, &options)?;
    let labels =
        judged.labels.ok_or("no labels")?.into_iter().collect::<Option<Vec<bool>>>().ok_or("a label is missing")?;
    Ok(Labels { table: derive(&judged.table, None)?, labels, profile })
}

/// Figures on the test rows, time to fit, and what was fitted.
fn measure(data: &Labels, train: &[usize], test: &[usize], learner: Learner, seed: u64) -> Result<Outcome, Failure> {
    let pick = |rows: &[usize]| -> (Table, Vec<bool>) {
        (data.table.take(rows), rows.iter().map(|&r| data.labels[r]).collect())
    };
    let ((train_table, train_labels), (test_table, labels)) = (pick(train), pick(test));
    let rows = Labelled {
        table: &train_table,
        labels: &train_labels,
        profile: &data.profile,
        exclude: &[],
        weights: None,
        groups: None,
    };
    let start = Instant::now();
    let fitted = train::fit(rows, learner, seed)?;
    let time = start.elapsed();
    let p = fitted.predict(&test_table)?;
    let figures = [
        metrics::auc(&labels, &p),
        metrics::log_loss(&labels, &p),
        metrics::brier(&labels, &p),
        metrics::ece(&labels, &p),
    ];
    let intervals = fitted.intervals(&test_table)?;
    let width = intervals.iter().map(|(low, high)| high - low).sum::<f64>() / intervals.len() as f64;
    let covered = covered(&labels, &p, &intervals, fitted.interval.group_size, train.len());
    let size = fitted.interval.group_size;
    let rows = (0..labels.len()).map(|r| (labels[r], p[r], intervals[r])).collect();
    Ok(Outcome { figures, covered, size, width, time, learner: fitted.learner, rows })
}

/// The mean figures over these keys; `None` where one is missing.
fn mean(figures: &BTreeMap<Key, [f64; 4]>, keys: &BTreeSet<Key>) -> Option<[f64; 4]> {
    let mut sum = [0.0; 4];
    for key in keys {
        let one = figures.get(key)?;
        (0..4).for_each(|m| sum[m] += one[m] / keys.len() as f64);
    }
    Some(sum)
}

/// Prints ours beside each peer on the folds that both have, and returns ours minus the best, and our ranks, by measure.
fn compare(title: &str, ours: &BTreeMap<Key, [f64; 4]>, peers: &Peers, time: f64, ranks: &mut [Vec<f64>; 4]) {
    let all: BTreeSet<Key> = ours.keys().copied().collect();
    let Some(own) = mean(ours, &all) else { return };
    println!("\n{title}: {} folds, {time:.1} s a fit", all.len());
    println!("  {:<12} {:>8} {:>9} {:>8} {:>8}   ours on the same folds", "model", "auc", "log_loss", "brier", "ece");
    let row = |name: &str, m: [f64; 4]| format!("  {name:<12} {:>8.4} {:>9.4} {:>8.4} {:>8.4}", m[0], m[1], m[2], m[3]);
    println!("{}", row("ours", own));
    let mut better = [0usize; 4];
    let mut gaps = [f64::INFINITY; 4];
    for (name, figures) in peers {
        let common: BTreeSet<Key> = all.iter().copied().filter(|k| figures.contains_key(k)).collect();
        let (Some(theirs), Some(same)) = (mean(figures, &common), mean(ours, &common)) else { continue };
        if common.is_empty() {
            continue;
        }
        println!(
            "{}   {:>8.4} {:>9.4} {:>8.4} {:>8.4}  ({})",
            row(name, theirs),
            same[0],
            same[1],
            same[2],
            same[3],
            common.len()
        );
        for m in 0..4 {
            let gap = if m == 0 { same[0] - theirs[0] } else { theirs[m] - same[m] };
            better[m] += usize::from(gap < 0.0);
            gaps[m] = gaps[m].min(if m == 0 || m == 3 { gap } else { gap / theirs[m] });
        }
    }
    let told: Vec<String> = (0..4)
        .map(|m| {
            ranks[m].push(1.0 + better[m] as f64);
            let gap = if m == 0 || m == 3 { format!("{:+.4}", gaps[m]) } else { format!("{:+.2} %", 100.0 * gaps[m]) };
            format!("{} rank {} ({gap})", MEASURES[m], 1 + better[m])
        })
        .collect();
    println!("  better than the best peer by: {}", told.join(", "));
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let number = |name: &str| option(name).map_or(Ok(usize::MAX), |v| v.parse::<usize>());
    let (repeats, seeds) = (number("repeats")?, number("seeds")?);
    let learner = option("learner").map_or(Ok(Learner::Auto), |l| Learner::parse(&l))?;
    let sets = option("sets");
    let sizes = option("sizes");
    let peers = directory("CHURN_PEERS_DIR", "../shared/peers");
    let mut told = option("rows").map(csv::Writer::from_path).transpose()?;
    if let Some(told) = &mut told {
        told.write_record(["set", "size", "a", "b", "row", "label", "probability", "low", "high"])?;
    }
    let mut ranks = [const { Vec::new() }; 4];
    for set in &DATASETS {
        if sets.as_ref().is_some_and(|s| !s.split(',').any(|n| n == set.name)) {
            continue;
        }
        let data = load(set)?;
        let n = data.labels.len();
        let mut jobs: BTreeMap<usize, BTreeMap<Key, Split>> = BTreeMap::new();
        if number("folds")? > 0 {
            for (key, test) in datasets::folds(&peers, set.name)?.into_iter().filter(|(k, _)| k.0 < repeats) {
                let held: BTreeSet<usize> = test.iter().copied().collect();
                let train = (0..n).filter(|r| !held.contains(r)).collect();
                jobs.entry(0).or_default().insert(key, (train, test));
            }
        }
        if number("small")? > 0 {
            for (key, mut train) in datasets::small(&peers, set.name)?.into_iter().filter(|(k, _)| k.1 < seeds) {
                if sizes.as_ref().is_some_and(|s| !s.split(',').any(|n| n == key.0.to_string())) {
                    continue;
                }
                train.sort_unstable();
                let taken: BTreeSet<usize> = train.iter().copied().collect();
                let test = (0..n).filter(|r| !taken.contains(r)).collect();
                jobs.entry(key.0).or_default().insert(key, (train, test));
            }
        }
        for (size, jobs) in jobs {
            let (mut ours, mut time, mut last) = (BTreeMap::new(), Duration::ZERO, String::new());
            let (mut groups, mut covered, mut of, mut width) = (0.0, 0.0, 0, 0.0);
            for (key, (train, test)) in &jobs {
                let outcome = measure(&data, train, test, learner, (1000 * key.0 + key.1) as u64)?;
                if let Some(told) = &mut told {
                    for (row, (label, p, (low, high))) in test.iter().zip(&outcome.rows) {
                        told.serialize((set.name, size, key.0, key.1, row, u8::from(*label), p, low, high))?;
                    }
                }
                ours.insert(*key, outcome.figures);
                time += outcome.time;
                groups += outcome.covered.0;
                covered += outcome.covered.1;
                of = outcome.size;
                width += outcome.width / jobs.len() as f64;
                last = outcome.learner;
            }
            let title = if size == 0 { set.name.to_owned() } else { format!("{} from {size} rows", set.name) };
            let theirs = datasets::peers(&peers, set.name, size > 0)?;
            compare(&title, &ours, &theirs, time.as_secs_f64() / jobs.len() as f64, &mut ranks);
            let share = 100.0 * covered / groups;
            println!(
                "  90 % intervals: {share:.1} % of {groups:.0} rates of groups of {of} inside, mean width {width:.3}"
            );
            println!("  for example: {last}");
        }
    }
    let means: Vec<String> = (0..4)
        .map(|m| format!("{} {:.2}", MEASURES[m], ranks[m].iter().sum::<f64>() / ranks[m].len() as f64))
        .collect();
    println!("\nmean rank among ours and the peers: {}", means.join(", "));
    Ok(())
}
