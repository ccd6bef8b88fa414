//! How long training takes and how much memory, beside LightGBM in the same run: `make bench-train`.
//!
//! Three jobs: the Telco customers with fixed settings (300 trees of 8 leaves), 100,000 x 30 numbers (300 trees of 31
//! leaves; and our own symmetric trees of depth 5), both with the same learning rate; and `learner="auto"` on Telco,
//! which nobody else has. Arguments: `threads=N` (2 where not given; with 1, CPU seconds mean something on a busy
//! machine too, because LightGBM's threads spin while they wait) and `runs=N` (5). Every fit runs in a process of its
//! own, ours and LightGBM's in turn, the best run counts; time is that of the fit from matrix to model (LightGBM's `Dataset` included), memory what
//! the process needed at most beyond what it held when the matrix was there. `CHURN_BENCH_PYTHON` names a Python that
//! has lightgbm; without one only ours is timed.

#[path = "../measure.rs"]
mod measure;

use churn_core::features::{FeatureKind, FeaturePlan, derive};
use churn_core::map::{self, MapOptions};
use churn_core::schema::Profile;
use churn_core::train::BoostingParams;
use churn_core::validate::{self, Purpose, ValidateOptions};
use churn_core::{Engine, TrainOptions, metrics, read};
use linfa::prelude::*;
use measure::{cpu, memory};
use ndarray::{Array1, Array2};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

const TELCO: &str = "WA_Fn-UseC_-Telco-Customer-Churn.csv";

/// Seconds of the wall clock, CPU seconds of all threads, megabytes, AUC on the training rows.
type Figures = [f64; 4];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [fit_one, job, folder] = &arguments[..]
        && fit_one == "fit"
    {
        let [seconds, cpu, megabytes, auc] = fit(job, Path::new(folder))?;
        println!("{seconds} {cpu} {megabytes} {auc}");
        return Ok(());
    }
    let option = |name: &str, default: usize| -> Result<usize, Failure> {
        let given = arguments.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('='));
        Ok(given.map_or(Ok(default), str::parse)?)
    };
    let (threads, runs) = (option("threads", 2)?, option("runs", 5)?);
    let folder = std::env::temp_dir().join(format!("churn-bench-train-{}", std::process::id()));
    let done = compare(&folder, threads, runs);
    std::fs::remove_dir_all(&folder)?;
    done
}

fn compare(folder: &Path, threads: usize, runs: usize) -> Result<(), Failure> {
    large(&folder.join("large"))?;
    let telco = data().join(TELCO);
    if telco.exists() {
        customers(&telco, &folder.join("telco"))?;
    } else {
        println!("no {}: set CHURN_DATA_DIR", telco.display());
    }
    println!("{threads} threads, best of {runs} runs in turn; time and memory of a fit, AUC on the rows learnt from");
    for (set, title, jobs) in [
        ("telco", "Telco, 7,043 x 19, 300 trees", &["telco leaves", "telco symmetric"][..]),
        ("large", "100,000 x 30, 300 trees", &["large leaves", "large symmetric"][..]),
    ] {
        let folder = folder.join(set);
        if !folder.exists() {
            continue;
        }
        let mut best: Vec<Option<Figures>> = vec![None; jobs.len() + 1];
        for _ in 0..runs {
            for (slot, job) in best.iter_mut().zip(jobs) {
                keep(slot, Some(ours(job, &folder, threads)?));
            }
            keep(&mut best[jobs.len()], lightgbm(set, &folder, threads));
        }
        println!("\n{title}");
        let theirs = best[jobs.len()];
        for (name, figures) in jobs.iter().map(|j| &j[set.len() + 1..]).chain(["LightGBM"]).zip(&best) {
            let Some([seconds, cpu, megabytes, auc]) = figures else {
                println!("  no LightGBM: set CHURN_BENCH_PYTHON to a Python that has it");
                continue;
            };
            let ratio = theirs.map_or(String::new(), |t| {
                let [time, work, memory] = [t[0] / seconds, t[1] / cpu, t[2] / megabytes];
                format!("  LightGBM / this: {time:.2} x time, {work:.2} x CPU, {memory:.2} x memory")
            });
            println!("  {name:<10} {seconds:>7.3} s {cpu:>7.2} s CPU {megabytes:>6.1} MB  AUC {auc:.4}{ratio}");
        }
    }
    if telco.exists() {
        let mut best = None;
        for _ in 0..runs.min(2) {
            keep(&mut best, Some(ours("auto", &data(), threads)?));
        }
        let [seconds, cpu, megabytes, _] = best.unwrap_or_default();
        println!(
            "\nlearner=\"auto\" on Telco, from the CSV file to the engine: {seconds:.2} s, {cpu:.2} s CPU, {megabytes:.1} MB"
        );
    }
    Ok(())
}

fn keep(best: &mut Option<Figures>, found: Option<Figures>) {
    let Some(found) = found else { return };
    *best = Some(best.map_or(found, |b| [b[0].min(found[0]), b[1].min(found[1]), b[2].min(found[2]), found[3]]));
}

fn data() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    std::env::var_os("CHURN_DATA_DIR").map_or_else(beside, PathBuf::from)
}

fn parse(output: &[u8]) -> Option<Figures> {
    let text = std::str::from_utf8(output).ok()?;
    let numbers: Vec<f64> = text.lines().last()?.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

/// A fit of ours in a process of its own.
fn ours(job: &str, folder: &Path, threads: usize) -> Result<Figures, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("fit").arg(job).arg(folder).env("RAYON_NUM_THREADS", threads.to_string()).output()?;
    parse(&output.stdout).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned().into())
}

fn lightgbm(set: &str, folder: &Path, threads: usize) -> Option<Figures> {
    let python = std::env::var("CHURN_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/train/lightgbm_fit.py");
    let output = Command::new(python).arg(script).args([set, &threads.to_string()]).arg(folder).output().ok()?;
    parse(&output.stdout)
}

fn fit(job: &str, folder: &Path) -> Result<Figures, Failure> {
    if job == "auto" {
        let (before, used) = (memory("VmRSS"), cpu());
        let start = Instant::now();
        let engine = Engine::train(folder.join(TELCO), &TrainOptions::default())?;
        let seconds = start.elapsed().as_secs_f64();
        let auc = engine.model().card.metric("auc").map_or(f64::NAN, |m| m.mean);
        return Ok([seconds, cpu() - used, (memory("VmHWM") - before) / 1024.0, auc]);
    }
    let shape = std::fs::read_to_string(folder.join("shape"))?;
    let shape: Vec<usize> = shape.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let (rows, columns, categories) = (shape[0], shape[1], shape[2..].to_vec());
    let x: Vec<f64> = {
        let bytes = std::fs::read(folder.join("x"))?;
        bytes.as_chunks::<8>().0.iter().map(|c| f64::from_le_bytes(*c)).collect()
    };
    let y: Vec<bool> = std::fs::read(folder.join("y"))?.iter().map(|&b| b != 0).collect();
    let data = Dataset::new(Array2::from_shape_vec((rows, columns), x)?, Array1::from(y));
    let params = match job {
        "telco leaves" => BoostingParams { depth: 3, leaves: Some(8), ..BoostingParams::default() },
        "telco symmetric" => BoostingParams { depth: 3, ..BoostingParams::default() },
        "large leaves" => BoostingParams { depth: 12, leaves: Some(31), ..BoostingParams::default() },
        "large symmetric" => BoostingParams { depth: 5, ..BoostingParams::default() },
        other => return Err(format!("there is no job '{other}'").into()),
    };
    // As LightGBM's settings: no sampling, leaves of 5 units of curvature at least.
    let params = BoostingParams { rows: 1.0, columns: 1.0, min_child_weight: 5.0, categories, ..params };
    let (before, used) = (memory("VmRSS"), cpu());
    let start = Instant::now();
    let fitted = params.fit(&data)?;
    let (seconds, used) = (start.elapsed().as_secs_f64(), cpu() - used);
    let megabytes = (memory("VmHWM") - before).max(0.0) / 1024.0;
    let p = fitted.predict_probabilities(data.records()).to_vec();
    let labels: Vec<bool> = data.targets().to_vec();
    Ok([seconds, used, megabytes, metrics::auc(&labels, &p)])
}

fn write(folder: &Path, x: &Array2<f64>, y: &[bool], categories: &[usize]) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(folder.join("x"), bytes)?;
    std::fs::write(folder.join("y"), y.iter().map(|&b| u8::from(b)).collect::<Vec<u8>>())?;
    let numbers = [x.nrows(), x.ncols()].into_iter().chain(categories.iter().copied());
    std::fs::write(folder.join("shape"), numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(" "))?;
    Ok(())
}

/// Numbers of a fixed sequence, a label that bends and mixes six of the thirty columns.
fn large(folder: &Path) -> Result<(), Failure> {
    let mut state = 1u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let x = Array2::from_shape_simple_fn((100_000, 30), &mut uniform);
    let label = |row: ndarray::ArrayView1<'_, f64>| {
        let margin = 3.0 * (row[0] - 0.5) + 4.0 * (row[1] - 0.5).abs() - 1.5 * row[2]
            + 3.0 * (row[3] - 0.5) * row[4]
            + if row[5] > 0.8 { 1.0 } else { -0.5 };
        1.0 / (1.0 + (-margin).exp())
    };
    let y: Vec<bool> = x.rows().into_iter().map(|row| uniform() < label(row)).collect();
    write(folder, &x, &y, &[])
}

/// The Telco customers as the engine's own features.
fn customers(path: &Path, folder: &Path) -> Result<(), Failure> {
    let raw = read::read_path(path, &Default::default())?;
    let mapping = map::map_table(&raw, &MapOptions { table_kind: Some(Default::default()), ..MapOptions::default() })?;
    let profile = Profile::shipped(&mapping.profile)?;
    let options = ValidateOptions { purpose: Purpose::Train, ..ValidateOptions::default() };
    let judged = validate::validate(&raw, &mapping, &profile, &options)?;
    let labels = judged.labels.ok_or("no labels")?.into_iter().collect::<Option<Vec<bool>>>().ok_or("a gap")?;
    let table = derive(&judged.table, None)?;
    let plan = FeaturePlan::fit(&table, &profile, &[]);
    let categories: Vec<usize> =
        (0..plan.len()).filter(|&f| matches!(plan.features()[f].kind, FeatureKind::Category { .. })).collect();
    write(folder, &plan.transform(&table)?.view().to_owned(), &labels, &categories)
}
