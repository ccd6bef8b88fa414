//! Measures the mapper on labelled exports: recall, precision, share of clean sources, calibration and time.
//!
//! `make bench-mapping`, or `cargo bench -p churn-core --no-default-features --bench mapping -- [--blind] [--verbose]`
//! reads `$CHURN_MAPPING_DIR/dev_headers.jsonl` (default: `shared/mapping` beside the repository). With
//! `--blind`, every spelling that occurs in the source under test and in no other source is switched off.

use churn_core::map::{ColumnInput, MapOptions, map_columns, map_columns_without, spelling_key};
use churn_core::schema::TableKind;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(default)]
    samples: Vec<serde_json::Value>,
    field: Option<String>,
    #[serde(default)]
    acceptable: Vec<String>,
}

#[derive(Deserialize)]
struct Source {
    source: String,
    industry: String,
    table: String,
    columns: Vec<Column>,
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[derive(Default)]
struct Tally {
    gold: usize,
    hit: usize,
    predicted: usize,
    right: usize,
    clean: usize,
    kinds: usize,
    profiles: usize,
}

/// Confidence of a mapped column, and whether it is right.
type Bins = Vec<(f64, bool)>;

fn evaluate(sources: &[Source], blind: bool, verbose: bool) -> Result<(Tally, Bins), Box<dyn std::error::Error>> {
    let mut spread: HashMap<String, HashSet<usize>> = HashMap::new();
    for (i, source) in sources.iter().enumerate() {
        for column in &source.columns {
            spread.entry(spelling_key(&column.name)).or_default().insert(i);
        }
    }
    let mut tally = Tally::default();
    let mut bins = Vec::new();
    for source in sources {
        let columns: Vec<ColumnInput> = source
            .columns
            .iter()
            .map(|c| ColumnInput { name: c.name.clone(), samples: c.samples.iter().map(text).collect() })
            .collect();
        let mut off = HashSet::new();
        if blind {
            let own = source.columns.iter().map(|c| spelling_key(&c.name));
            off.extend(own.filter(|k| spread.get(k).is_some_and(|s| s.len() == 1)));
        }
        let kind = TableKind::parse(&source.table)?;
        let options = MapOptions { table_kind: Some(kind), ..MapOptions::default() };
        let mapping = map_columns_without(&columns, &options, &off)?;
        tally.profiles += usize::from(match source.industry.as_str() {
            "other" => mapping.profile != "telecom",
            wanted => mapping.profile == wanted,
        });
        let guessed = map_columns_without(&columns, &MapOptions::default(), &off)?.table_kind;
        tally.kinds += usize::from(guessed == kind);
        if verbose {
            println!("## {} ({}; guessed {}, {})", source.source, source.table, guessed.name(), mapping.profile);
        }
        let mut wrong = 0;
        for (column, matched) in source.columns.iter().zip(&mapping.columns) {
            tally.gold += usize::from(column.field.is_some());
            let hit = column.field.is_some() && column.field == matched.field;
            tally.hit += usize::from(hit);
            let Some(field) = &matched.field else {
                if verbose && column.field.is_some() {
                    println!("  MISS  {} -> {:?} {:?}", column.name, column.field, matched.evidence);
                }
                continue;
            };
            let right = hit || column.acceptable.contains(field);
            tally.predicted += 1;
            tally.right += usize::from(right);
            wrong += usize::from(!right);
            bins.push((matched.confidence, right));
            if verbose && (!right || (column.field.is_some() && !hit)) {
                println!(
                    "  {} {} -> {field} ({:.0}), gold {:?} {:?}",
                    if right { "OK?  " } else { "WRONG" },
                    column.name,
                    matched.confidence,
                    column.field,
                    matched.evidence
                );
            }
        }
        tally.clean += usize::from(wrong == 0);
    }
    Ok((tally, bins))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    let folder = std::env::var_os("CHURN_MAPPING_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/mapping"), PathBuf::from);
    let lines = std::fs::read_to_string(folder.join("dev_headers.jsonl"))?;
    let sources: Vec<Source> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let start = Instant::now();
    map_columns(&[], &MapOptions::default())?;
    map_columns(&[ColumnInput { name: "x".to_owned(), samples: vec!["y".to_owned()] }], &MapOptions::default())?;
    println!("first call (reads the spellings): {:?}", start.elapsed());
    let (tally, mut bins) = evaluate(&sources, has("--blind"), has("--verbose"))?;
    let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
    println!("{}", if has("--blind") { "blind (leave one source out)" } else { "dev" });
    println!("recall    {:.4}  ({} of {})", share(tally.hit, tally.gold), tally.hit, tally.gold);
    println!("precision {:.4}  ({} of {})", share(tally.right, tally.predicted), tally.right, tally.predicted);
    println!("clean     {:.4}  ({} of {})", share(tally.clean, sources.len()), tally.clean, sources.len());
    println!("kind      {:.4}, profile {:.4}", share(tally.kinds, sources.len()), share(tally.profiles, sources.len()));
    println!("confidence   columns  mean confidence  right");
    bins.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (low, high) in
        [(0.0, 80.0), (80.0, 88.0), (88.0, 94.0), (94.0, 97.0), (97.0, 98.0), (98.0, 99.5), (99.5, 101.0)]
    {
        let inside: Vec<_> = bins.iter().filter(|(c, _)| (low..high).contains(c)).collect();
        if !inside.is_empty() {
            let mean = inside.iter().map(|(c, _)| c).sum::<f64>() / inside.len() as f64;
            let right = share(inside.iter().filter(|(_, r)| *r).count(), inside.len()) * 100.0;
            println!("{low:5.1}-{high:5.1}  {:7}  {mean:15.1}  {right:5.1}", inside.len());
        }
    }
    let wide: Vec<ColumnInput> = sources
        .iter()
        .filter(|s| s.table == "customers")
        .flat_map(|s| &s.columns)
        .take(60)
        .map(|c| ColumnInput {
            name: c.name.clone(),
            samples: (0..1000)
                .map(|i| c.samples.get(i % c.samples.len().max(1)).map_or_else(|| format!("value {i}"), text))
                .collect(),
        })
        .collect();
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        std::hint::black_box(map_columns(&wide, &MapOptions::default())?);
        times.push(start.elapsed());
    }
    times.sort();
    println!("60 headers x 1000 samples: {:?} (median of 20, kind and profile recognised)", times[10]);
    Ok(())
}
