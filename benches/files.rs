//! A file scored to a file: `make bench-files`. The shipped labelled telecom customers, drawn again and again under ids
//! of their own, are scored by a boosted model: probability, interval, three reasons, recommendation. Beside it stands
//! what the Python package polars needs to read and write the same file (`CHURN_BENCH_PYTHON` names a Python that has
//! it). Each run is a process of its own, so that the memory is its own too; CPU seconds are those of all threads, the
//! best of `runs`. Arguments: `rows=1000000,3000000`, `runs=3`, `learner=boosting`, or `file=PATH` for a file of yours.

#[path = "measure.rs"]
mod measure;

use churn_core::train::Learner;
use churn_core::{Engine, ScoreOptions, TrainOptions};
use measure::{cpu, memory};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// As in the bindings; polars brings an allocator of its own as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// Seconds of the wall clock, CPU seconds of all threads, most megabytes held.
type Figures = [f64; 3];

const POLARS: &str = "
import resource, sys, time, polars
def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime
start, before = time.perf_counter(), cpu()
polars.read_csv(sys.argv[1]).write_csv(sys.argv[2])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - start, cpu() - before, peak)
";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [score, model, source, target] = &arguments[..]
        && score == "score"
    {
        let engine = Engine::load(model)?;
        let (start, used) = (Instant::now(), cpu());
        engine.score_file(source, target, &ScoreOptions::default())?;
        println!("{} {} {}", start.elapsed().as_secs_f64(), cpu() - used, memory("VmHWM") / 1024.0);
        return Ok(());
    }
    let option = |name: &str| arguments.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('='));
    let runs: usize = option("runs").map_or(Ok(3), str::parse)?;
    let folder = std::env::temp_dir().join(format!("churn-bench-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = compare(&folder, runs, option("rows"), option("file"), option("learner"));
    std::fs::remove_dir_all(&folder)?;
    done
}

fn compare(
    folder: &Path,
    runs: usize,
    rows: Option<&str>,
    file: Option<&str>,
    learner: Option<&str>,
) -> Result<(), Failure> {
    let labelled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/telecom_labelled.csv");
    let learner = Learner::parse(learner.unwrap_or("boosting"))?;
    let engine = Engine::train(labelled.as_path(), &TrainOptions { learner, ..TrainOptions::default() })?;
    let model = folder.join("model.churn");
    engine.save(&model)?;
    println!("{} threads, best of {runs}; model: {}", rayon::current_num_threads(), engine.model().card.learner);
    let files: Vec<PathBuf> = match file {
        Some(file) => vec![file.into()],
        None => {
            let counts = rows.unwrap_or("1000000,3000000").split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?;
            counts.into_iter().map(|n| repeated(&labelled, n, folder)).collect::<Result<_, _>>()?
        }
    };
    for source in &files {
        let target = folder.join("predictions.csv");
        let (mut ours, mut theirs): (Option<Figures>, Option<Figures>) = (None, None);
        for _ in 0..runs {
            let mut command = Command::new(std::env::current_exe()?);
            let output = command.arg("score").args([&model, source, &target]).output()?;
            let found = parse(&output.stdout);
            keep(&mut ours, Some(found.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?));
            let python = std::env::var("CHURN_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
            let output = Command::new(python).args(["-c", POLARS]).args([source, &target]).output();
            keep(&mut theirs, output.ok().and_then(|o| parse(&o.stdout)));
        }
        println!("\n{}: {:.0} MB", source.display(), std::fs::metadata(source)?.len() as f64 / 1e6);
        let line = |what: &str, [seconds, cpu, megabytes]: Figures| {
            println!("  {what:<24} {seconds:>6.2} s  {cpu:>6.2} s CPU  {megabytes:>6.0} MB");
        };
        let ours = ours.unwrap_or_default();
        line("scored", ours);
        match theirs {
            Some(theirs) => {
                line("polars, read and write", theirs);
                println!("  scored / polars: {:.2} x time, {:.2} x CPU", ours[0] / theirs[0], ours[1] / theirs[1]);
            }
            None => println!("  no polars: set CHURN_BENCH_PYTHON to a Python that has it"),
        }
    }
    Ok(())
}

fn keep(best: &mut Option<Figures>, found: Option<Figures>) {
    let Some(found) = found else { return };
    *best = Some(best.map_or(found, |b| [b[0].min(found[0]), b[1].min(found[1]), b[2].max(found[2])]));
}

/// The labelled customers without their label, so many times over, each time under new ids and with other charges.
fn repeated(labelled: &Path, rows: usize, folder: &Path) -> Result<PathBuf, Failure> {
    let text = std::fs::read_to_string(labelled)?;
    let mut lines = text.lines();
    let cut = |line: &str| line.rsplit_once(',').map(|(rest, _)| rest.to_owned()).ok_or("a label");
    let header = cut(lines.next().ok_or("a header")?)?;
    let fee = header.split(',').position(|h| h == "monthly_charges").ok_or("charges")?;
    let customers: Vec<String> = lines.map(cut).collect::<Result<_, _>>()?;
    let path = folder.join(format!("customers_{rows}.csv"));
    let mut file = BufWriter::new(std::fs::File::create(&path)?);
    writeln!(file, "{header}")?;
    let mut row = String::new();
    for i in 0..rows {
        row.clear();
        for (column, cell) in customers[i % customers.len()].split(',').enumerate() {
            match column {
                0 => write!(row, "C{i:08}")?,
                c if c == fee => {
                    write!(row, ",{:.2}", cell.parse::<f64>()? + (i / customers.len() % 400) as f64 / 100.0)?
                }
                _ => write!(row, ",{cell}")?,
            }
        }
        writeln!(file, "{row}")?;
    }
    file.flush()?;
    Ok(path)
}

fn parse(output: &[u8]) -> Option<Figures> {
    let text = std::str::from_utf8(output).ok()?;
    let numbers: Vec<f64> = text.lines().last()?.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}
