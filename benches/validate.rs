//! How fast and how lean validation is: `make bench-validate`. Prints the best of several runs. Arguments: rows of the
//! large table (default 1000000) and its columns (default 20). Absolute times hold for the machine at hand only;
//! `benches/validate_peers.py` measures other tools on the same table.

use churn_core::map::{MapOptions, map_table};
use churn_core::schema::Profile;
use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source, Table};
use churn_core::validate::{Pieces, ValidateOptions, validate};
use std::time::{Duration, Instant};

fn noise(column: usize, row: usize) -> f64 {
    let mut z = (column as u64 * 1_000_003 + row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^= z >> 27;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// Text cells as a CSV file gives them: id, canonical fields, then numbers, categories, flags and dates in turn.
fn table(rows: usize, columns: usize) -> RawTable {
    let cell = |name: &str, c: usize, r: usize| match name {
        "customer_id" => format!("K{:07}", r * 7919 % 9_999_991),
        "tenure_months" => format!("{}", 1 + (noise(c, r) * 70.0) as usize),
        "monthly_charges" => format!("{:.2}", 20.0 + 80.0 * noise(c, r)),
        "contract" => ["Month-to-month", "One year", "Two year"][(noise(c, r) * 3.0) as usize].to_owned(),
        _ => match c % 4 {
            0 => format!("{:.2}", 1000.0 * noise(c, r)),
            1 => ["north", "south", "east", "west"][(noise(c, r) * 4.0) as usize].to_owned(),
            2 => if noise(c, r) < 0.4 { "Yes" } else { "No" }.to_owned(),
            _ => format!("2024-{:02}-{:02}", 1 + (noise(c, r) * 12.0) as usize, 1 + (noise(c + 99, r) * 28.0) as usize),
        },
    };
    let names = ["customer_id", "tenure_months", "monthly_charges", "contract"];
    let columns = (0..columns).map(|c| {
        let name = names.get(c).map_or_else(|| format!("gauge {c}"), |n| (*n).to_owned());
        let data = ColumnData::text((0..rows).map(|r| (noise(c + 500, r) > 0.02 || c == 0).then(|| cell(&name, c, r))));
        RawColumn { name, data }
    });
    RawTable::new(columns.collect(), rows, Places::Items, Source::default(), Vec::new())
}

/// Shortest wall and processor time of several runs: on a machine with other work only the latter means something.
fn best(runs: usize, mut run: impl FnMut()) -> (Duration, Duration) {
    let time = |_| {
        let (start, before) = (Instant::now(), processor_time());
        run();
        (start.elapsed(), processor_time().saturating_sub(before))
    };
    let times: Vec<(Duration, Duration)> = (0..runs).map(time).collect();
    let least = |of: fn(&(Duration, Duration)) -> Duration| times.iter().map(of).min().unwrap_or_default();
    (least(|t| t.0), least(|t| t.1))
}

/// Time that all threads have run; nothing where the system does not tell.
fn processor_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let text = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("schedstat")).ok();
    let nanos = tasks.filter_map(text).filter_map(|t| t.split_whitespace().next()?.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

/// Most memory that the process has held since the last call, in bytes; only where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    // From here on anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? * 1024.0)
}

/// What the process holds now and at most more during a run, in bytes.
fn memory(run: impl FnOnce()) -> f64 {
    peak();
    let before = peak();
    run();
    peak().zip(before).map_or(f64::NAN, |(most, before)| most - before)
}

fn size(table: &Table) -> usize {
    table.columns().iter().map(|c| c.data.to_array().get_array_memory_size()).sum()
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let profile = Profile::shipped("telecom").expect("profile");
    let options = MapOptions { profile: Some(profile.clone()), ..MapOptions::default() };
    let (rows, columns) = (*numbers.first().unwrap_or(&1_000_000), *numbers.get(1).unwrap_or(&20));
    for (rows, columns, threads, runs) in [(10_000, 60, 1, 9), (rows, columns, 2, 3)] {
        let raw = table(rows, columns);
        let mapping = map_table(&raw, &options).expect("mapping");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let judge = || validate(&raw, &mapping, &profile, &ValidateOptions::default()).expect("a report");
        let (wall, processor) = best(runs, || {
            pool.install(judge);
        });
        let (mapping_time, _) = best(3, || {
            map_table(&raw, &options).expect("mapping");
        });
        let typed = size(&judge().table) as f64;
        let held = memory(|| {
            let judged = pool.install(judge);
            std::hint::black_box(&judged.table);
        });
        println!(
            "{rows} rows x {columns} columns, {threads} thread(s): {wall:.1?} ({processor:.1?} of processors), mapping {mapping_time:.1?}"
        );
        println!(
            "  typed table {:.1} MB; held at most {:.1} MB beside the table that was given ({:.2} x)",
            typed / 1e6,
            held / 1e6,
            held / typed
        );
        // The same table as a stream of pieces that are gone once they were given.
        let mut judged = None;
        let held = memory(|| {
            let mut pieces = Pieces::default();
            for start in (0..rows).step_by(50_000) {
                pieces.push(&part(&raw, start..(start + 50_000).min(rows))).expect("a piece");
            }
            judged = Some(pool.install(|| pieces.validate(&mapping, &profile, &ValidateOptions::default())));
        });
        let judged = judged.expect("judged").expect("a report");
        assert_eq!(judged.report, judge().report);
        let html = churn_core::report::quality_html(&judged.report).len();
        assert!(html < 300_000, "{html}");
        println!(
            "  in pieces of 50000 rows, held at most {:.1} MB ({:.2} x); report {:.1} kB of HTML",
            held / 1e6,
            held / typed,
            html as f64 / 1e3
        );
    }
}

/// A copy of these rows.
fn part(raw: &RawTable, rows: std::ops::Range<usize>) -> RawTable {
    let all: Vec<usize> = rows.collect();
    let columns = raw.columns().iter().map(|c| RawColumn { name: c.name.clone(), data: c.data.take(&all) });
    RawTable::new(columns.collect(), all.len(), Places::Items, Source::default(), Vec::new())
}
