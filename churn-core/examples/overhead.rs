//! What the bindings are measured against (`make bench-overhead`): `overhead table FOLDER` writes 100,000 customers of 40
//! columns as CSV and as Arrow IPC; `overhead time FOLDER` scores them and prints the seconds, best of five.

use churn_core::report::arrow_ipc;
use churn_core::table::{ColumnData, RawTable};
use churn_core::{Engine, ScoreOptions, read};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

const ROWS: usize = 100_000;
const COLUMNS: usize = 40;

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

/// The shipped labelled customers again and again, with further columns up to 40.
fn table(folder: &Path) -> Anyhow<()> {
    std::fs::create_dir_all(folder)?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/telecom_labelled.csv");
    let text = std::fs::read_to_string(source)?;
    let (header, body) = text.trim_end().split_once('\n').ok_or("a header")?;
    let lines: Vec<&str> = body.lines().collect();
    let more = COLUMNS - header.split(',').count();
    let mut csv = header.trim_end().to_owned();
    (0..more).for_each(|i| csv.push_str(&format!(",extra_{i}")));
    for row in 0..ROWS {
        let (_, rest) = lines[row % lines.len()].trim_end().split_once(',').ok_or("cells")?;
        write!(csv, "\nR{row},{rest}")?;
        for i in 0..more {
            write!(csv, ",{}", (row * (i + 7)) % 1000)?;
        }
    }
    std::fs::write(folder.join("customers.csv"), &csv)?;
    let raw = read::read_bytes(csv.as_bytes(), None, &Default::default())?;
    let columns: Vec<(String, ColumnData)> = raw.columns().iter().map(|c| (c.name.clone(), c.data.clone())).collect();
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, data)| arrow_schema::Field::new(name, data.to_array().data_type().clone(), true))
        .collect();
    let arrays = columns.iter().map(|(_, data)| data.to_array()).collect();
    let batch = arrow_array::RecordBatch::try_new(std::sync::Arc::new(arrow_schema::Schema::new(fields)), arrays)?;
    std::fs::write(folder.join("customers.arrow"), arrow_ipc(&batch)?)?;
    Ok(())
}

fn best(mut run: impl FnMut() -> churn_core::Result<()>) -> churn_core::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn time(folder: &Path) -> Anyhow<()> {
    let engine = Engine::pretrained("telecom")?;
    let options = ScoreOptions::default();
    let arrow = std::fs::read(folder.join("customers.arrow"))?;
    let csv = std::fs::read(folder.join("customers.csv"))?;
    let raw: RawTable = read::read_bytes(&arrow, None, &Default::default())?;
    let frame = best(|| engine.score(&raw, &options).map(drop))?;
    let ipc = best(|| engine.score(arrow.as_slice(), &options).map(drop))?;
    let text = best(|| engine.score(csv.as_slice(), &options).map(drop))?;
    let json = serde_json::json!({ "frame": frame, "arrow_ipc": ipc, "csv": text });
    std::fs::write(folder.join("rust.json"), json.to_string())?;
    println!("Rust:   frame {frame:.3} s, Arrow IPC {ipc:.3} s, CSV bytes {text:.3} s");
    Ok(())
}

fn main() -> Anyhow<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.as_slice() {
        [_, what, folder] if what == "table" => table(Path::new(folder)),
        [_, what, folder] if what == "time" => time(Path::new(folder)),
        _ => Err("usage: overhead table|time FOLDER".into()),
    }
}
