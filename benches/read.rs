//! How fast files are read and typed: `make bench-read`. A clean numeric CSV file (1,000,000 rows, 10 columns) and one
//! of ids, words, dates and truth values, each read and typed by this crate and by the CSV reader of the Python package
//! polars in the same run, on the same number of threads; `CHURN_BENCH_PYTHON` names a Python that has polars, without
//! one only this crate is timed. The best of five runs counts: the machine may be at other work.

use churn_core::read::{ReadOptions, read_path, typed};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// As in the bindings; polars brings an allocator of its own as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 1_000_000;
const RUNS: usize = 5;

/// A number of a fixed sequence (Knuth's MMIX generator).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn numeric() -> String {
    let mut draw = Draw(1);
    let mut text = String::from("a,b,c,d,e,f,g,h,i,j\n");
    for _ in 0..ROWS {
        for column in 0..10 {
            let whole = draw.below(10u64.pow(1 + column % 5));
            let end = if column == 9 { '\n' } else { ',' };
            // Every second column has two decimals.
            let written = match column % 2 {
                0 => write!(text, "{whole}{end}"),
                _ => write!(text, "{whole}.{:02}{end}", draw.below(100)),
            };
            written.expect("memory");
        }
    }
    text
}

fn mixed() -> String {
    let mut draw = Draw(2);
    let mut text = String::from("id,plan,since,seen,fee,active\n");
    for row in 0..ROWS {
        let plan = ["Basic", "Pro", "\"Pro, yearly\"", ""][draw.below(4) as usize];
        let (month, day) = (1 + draw.below(12), 1 + draw.below(28));
        let (hour, minute) = (draw.below(24), draw.below(60));
        let active = ["yes", "no"][draw.below(2) as usize];
        let fee = draw.below(90_000);
        writeln!(
            text,
            "C{row:07},{plan},2024-{month:02}-{day:02},2024-{month:02}-{day:02}T{hour:02}:{minute:02}:00,{}.{:02},{active}",
            fee / 100,
            fee % 100
        )
        .expect("memory");
    }
    text
}

fn best(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(time).fold(f64::INFINITY, f64::min)
}

/// Seconds that polars takes, where there is one.
fn polars(path: &Path, threads: usize) -> Option<f64> {
    let python = std::env::var("CHURN_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = format!(
        "import sys, time, polars\nbest = 1e9\nfor _ in range({RUNS}):\n    t = time.perf_counter()\n    \
         polars.read_csv(sys.argv[1], try_parse_dates=True)\n    best = min(best, time.perf_counter() - t)\nprint(best)"
    );
    let mut command = Command::new(python);
    command.args(["-c", &script]).arg(path).env("POLARS_MAX_THREADS", threads.to_string());
    let output = command.output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = rayon::current_num_threads();
    println!("{threads} threads, {ROWS} rows, best of {RUNS}");
    let folder = std::env::temp_dir().join(format!("churn-bench-read-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for (name, text) in [("numeric", numeric()), ("mixed", mixed())] {
        let path = folder.join(format!("{name}.csv"));
        std::fs::write(&path, &text)?;
        let megabytes = text.len() as f64 / 1e6;
        drop(text);
        let options = ReadOptions::default();
        let raw = read_path(&path, &options)?;
        let read = best(|| drop(read_path(&path, &options)));
        let typing = best(|| drop(typed(&raw)));
        let types: Vec<_> = typed(&raw).iter().map(|c| c.field_type).collect();
        drop(raw);
        let both = best(|| drop(read_path(&path, &options).map(|raw| typed(&raw))));
        println!("\n{name}: {megabytes:.0} MB, {types:?}");
        let line = |what: &str, time: f64| println!("  {what:<16} {time:>7.3} s  {:>7.0} MB/s", megabytes / time);
        line("read", read);
        line("type", typing);
        line("read and type", both);
        match polars(&path, threads) {
            Some(time) => {
                line("polars", time);
                println!("  throughput of read and type / polars: {:.2}", time / both);
            }
            None => println!("  no polars: set CHURN_BENCH_PYTHON to a Python that has it"),
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
