//! How fast and how lean validation is: `make bench-validate`. Prints the best of several runs. Arguments: rows of the
//! large table (default 1000000) and its columns (default 20). Absolute times hold for the machine at hand only;
//! `benches/validate_peers.py` measures other tools on the same table.

use churn_core::map::{MapOptions, map_table};
use churn_core::schema::Profile;
use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source};
use churn_core::validate::{ValidateOptions, validate};
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

fn best(runs: usize, mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}

/// Most memory that the process has held so far, in bytes; only where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? * 1024.0)
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let profile = Profile::shipped("telecom").expect("profile");
    let options = MapOptions { profile: Some(profile.clone()), ..MapOptions::default() };
    let (rows, columns) = (*numbers.first().unwrap_or(&1_000_000), *numbers.get(1).unwrap_or(&20));
    for (rows, columns, threads, runs) in [(10_000, 60, 1, 7), (rows, columns, 2, 2)] {
        let raw = table(rows, columns);
        let mapping = map_table(&raw, &options).expect("mapping");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let before = peak();
        let mut typed = 0usize;
        let time = best(runs, || {
            pool.install(|| {
                let judged = validate(&raw, &mapping, &profile, &ValidateOptions::default()).expect("a report");
                typed = judged.table.columns().iter().map(|c| c.data.as_array().get_array_memory_size()).sum();
            });
        });
        let used = peak().zip(before).map_or(f64::NAN, |(a, b)| a - b);
        println!(
            "{rows} rows x {columns} columns, {threads} thread(s): {time:.1?}; typed table {:.1} MB, held at most {:.1} MB more than before ({:.2} x)",
            typed as f64 / 1e6,
            used / 1e6,
            used / typed as f64
        );
    }
}
