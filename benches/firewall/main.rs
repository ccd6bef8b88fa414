//! How well the leak firewall tells leaks from honest columns: `make bench-leaks`.
//!
//! Plants many kinds of leaks, one at a time, in every set of `CHURN_DATA_DIR` (default `../shared/data`) and asks
//! `validate(purpose = train)`. Prints the share blocked for each kind, honest columns that were planted and blocked,
//! and every other column that was blocked although it is clean. Arguments: rows a set (default 3000), seeds (default 2).

mod frame;
mod honest;
mod kinds;
mod subtle;

use churn_core::engine;
use churn_core::read::{ReadOptions, read_path};
use churn_core::validate::{Purpose, ValidateOptions};
use frame::{Frame, Random};
use honest::{HONEST, HONEST_TOO};
use kinds::LEAKS;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use subtle::SUBTLE;

/// (file, label, value of those who left, columns that are known only afterwards)
const SETS: [(&str, &str, &str, &[&str]); 8] = [
    ("WA_Fn-UseC_-Telco-Customer-Churn.csv", "Churn", "Yes", &[]),
    ("Churn_Modelling.csv", "Exited", "1", &[]),
    ("customer_churn_dataset-testing-master.csv.gz", "Churn", "1", &["CustomerID"]),
    (
        "Lead_Scoring_X_Education.csv.gz",
        "Converted",
        "1",
        &["Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"],
    ),
    ("hillstrom_minethatdata_email.csv.gz", "visit", "1", &["conversion", "spend"]),
    ("ravenstack/ravenstack_accounts.csv", "churn_flag", "True", &[]),
    ("ravenstack/ravenstack_subscriptions.csv", "churn_flag", "True", &["end_date"]),
    ("crm_sales_opportunities/sales_pipeline.csv", "deal_stage", "Lost", &["close_value", "close_date"]),
];

fn load(directory: &Path, rows: usize) -> Vec<(String, Frame)> {
    let mut sets = Vec::new();
    for (file, label, left, late) in SETS {
        let path = directory.join(file);
        if !path.exists() {
            println!("skipped: there is no {}", path.display());
            continue;
        }
        let raw = read_path(&path, &ReadOptions::default()).expect("a readable set");
        let label = raw.column(label).expect("the label");
        let known: Vec<usize> = (0..raw.n_rows()).filter(|&r| !label.data.is_missing(r)).collect();
        // Only won and lost deals are over.
        let known: Vec<usize> = known
            .into_iter()
            .filter(|&r| !matches!(label.data.cell(r).as_deref(), Some("Engaging" | "Prospecting")))
            .collect();
        let step = (known.len() as f64 / rows as f64).max(1.0);
        let kept: Vec<usize> = (0..rows.min(known.len())).map(|i| known[(i as f64 * step) as usize]).collect();
        let y = kept.iter().map(|&r| label.data.cell(r).as_deref() == Some(left)).collect();
        let columns = raw.columns().iter().filter(|c| c.name != label.name && !late.contains(&c.name.as_str()));
        let columns = columns
            .map(|c| (c.name.clone(), kept.iter().map(|&r| c.data.cell(r).map(|v| v.into_owned())).collect()))
            .collect();
        sets.push((file.to_owned(), Frame { columns, y }));
    }
    sets
}

/// The columns that are blocked.
fn blocked(frame: &Frame) -> Vec<(String, String)> {
    let options = ValidateOptions { purpose: Purpose::Train, label: Some("churned".into()), ..Default::default() };
    let report = engine::validate(&frame.table(), None, None, &options).expect("a report");
    let leaks = report.findings.iter().filter(|f| f.code == "leakage");
    leaks.map(|f| (f.column.clone().unwrap_or_default(), f.message.clone())).collect()
}

fn main() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or(default, PathBuf::from);
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let (rows, seeds) = (*numbers.first().unwrap_or(&3000), *numbers.get(1).unwrap_or(&2));
    let only = std::env::args().find_map(|a| a.strip_prefix("only=").map(str::to_owned)).unwrap_or_default();
    let sets = load(&directory, rows);
    let mut false_alarms: BTreeMap<String, usize> = BTreeMap::new();
    let (mut clean, mut alarms) = (0usize, 0usize);
    for (name, frame) in &sets {
        clean += frame.columns.len();
        for (column, message) in blocked(frame) {
            alarms += 1;
            *false_alarms.entry(format!("{name}: {column}: {message}")).or_default() += 1;
        }
    }
    println!("{} sets of up to {rows} rows, as they are: {alarms} of {clean} clean columns blocked", sets.len());
    // Small parts of them: what is clean stays clean where chance has more room.
    let (mut tables, mut columns, mut blocked_there) = (0usize, 0usize, 0usize);
    for (name, frame) in &sets {
        for (size, part) in [60, 60, 60, 60, 120, 120, 250, 500].into_iter().enumerate() {
            let mut random = Random(size as u64 * 31 + name.len() as u64);
            let rows: Vec<usize> = (0..part)
                .map(|_| random.below(frame.n()))
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect();
            let small = frame.take(&rows);
            tables += 1;
            columns += small.columns.len();
            for (column, message) in blocked(&small) {
                blocked_there += 1;
                *false_alarms.entry(format!("{} rows of {name}: {column}: {message}", rows.len())).or_default() += 1;
            }
        }
    }
    println!("{tables} parts of 60 to 500 rows: {blocked_there} of {columns} clean columns blocked");
    let mut totals = Vec::new();
    let groups = [
        ("leaks planted", LEAKS),
        ("leaks that hide", SUBTLE),
        ("honest columns planted", HONEST),
        ("honest and strong", HONEST_TOO),
    ];
    for (title, kinds) in groups {
        println!("\n{title}: blocked / planted");
        let (mut all, mut hits) = (0usize, 0usize);
        for (kind, plant) in kinds.iter().filter(|(k, _)| k.contains(&only)) {
            let (mut n, mut found) = (0usize, 0usize);
            let mut missed = Vec::new();
            for (name, frame) in &sets {
                for seed in 0..seeds {
                    let mut frame = frame.clone();
                    frame.columns.retain(|(c, _)| {
                        !["customer_id", "customerID", "CustomerId", "account_id", "snapshot_date"]
                            .contains(&c.as_str())
                    });
                    let mut random = Random(seed as u64 * 1_000_003 + name.len() as u64 * 7 + kind.len() as u64);
                    let planted = plant(&mut frame, &mut random);
                    let leaks = blocked(&frame);
                    n += 1;
                    // A pair names its first column.
                    let hit =
                        leaks.iter().any(|(c, m)| planted.iter().any(|p| p == c || m.contains(&format!("'{p}'"))));
                    found += usize::from(hit);
                    if hit && title.starts_with("honest") {
                        let messages: Vec<&str> = leaks.iter().map(|(_, m)| m.as_str()).collect();
                        println!("    {name}: {}", messages.join("; "));
                    }
                    if !hit {
                        missed.push(name.chars().take(12).collect::<String>());
                    }
                    for (column, message) in leaks {
                        if !planted.iter().any(|p| *p == column || message.contains(&format!("'{p}'"))) {
                            *false_alarms.entry(format!("{kind} in {name}: {column}: {message}")).or_default() += 1;
                        }
                    }
                }
            }
            let note = if title.starts_with("leaks") && !missed.is_empty() {
                format!("  missed in {}", missed.join(", "))
            } else {
                String::new()
            };
            println!("  {kind:<40} {found:>3} / {n}{note}");
            all += n;
            hits += found;
        }
        totals.push(format!("{title}: {hits} of {all} blocked ({:.1} %)", 100.0 * hits as f64 / all.max(1) as f64));
    }
    println!("\n{}", totals.join("\n"));
    println!("other columns blocked beside a planted one: {}", false_alarms.len());
    for (alarm, n) in false_alarms.iter().take(40) {
        println!("  {n} x {alarm}");
    }
}
