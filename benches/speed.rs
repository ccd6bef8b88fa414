//! How fast the stages are: `make bench-speed`. Prints the median of repeated runs in this process, on the threads
//! that rayon finds (`RAYON_NUM_THREADS` sets them). Absolute times hold for the machine at hand only.

use churn_core::features::derive;
use churn_core::validate::{ValidateOptions, validate};
use churn_core::{Engine, Record, ScoreOptions, read, score};
use std::path::Path;
use std::time::{Duration, Instant};

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/telecom_labelled.csv");
    // 100,000 rows: the shipped 2,000 customers fifty times.
    let text = std::fs::read_to_string(path)?;
    let (header, body) = text.split_once('\n').ok_or("a header")?;
    let csv = format!("{header}\n{}", body.repeat(50));
    let engine = Engine::pretrained("telecom")?;
    let options = ScoreOptions::default();
    let raw = read::read_bytes(csv.as_bytes(), None, &Default::default())?;
    let mapping = engine.map(&raw, &Default::default())?;
    let judged = validate(&raw, &mapping, &engine.model().profile, &ValidateOptions::default())?;
    let table = derive(&judged.table, None)?;
    let matrix = engine.model().plan.transform(&table)?;
    let record: Record = serde_json::from_str(
        r#"{"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9, "contract": "Month-to-month", "tech_support": "No"}"#,
    )?;
    let n = raw.n_rows();
    println!(
        "{n} rows x {} columns, model {}, {} threads",
        raw.columns().len(),
        engine.model().model_version(),
        rayon::current_num_threads()
    );
    let print = |stage: &str, time: Duration| {
        println!("{stage:<28} {time:>12.2?}  {:>12.0} rows/s", n as f64 / time.as_secs_f64())
    };
    print("read", median(|| drop(read::read_bytes(csv.as_bytes(), None, &Default::default()))));
    print("map", median(|| drop(engine.map(&raw, &Default::default()))));
    print("validate", median(|| drop(validate(&raw, &mapping, &engine.model().profile, &ValidateOptions::default()))));
    print("features", median(|| drop(engine.model().plan.transform(&table))));
    print("margin and probability", median(|| drop(score::score(engine.model(), &matrix))));
    print("SHAP", median(|| drop(engine.explainer().explain(engine.model(), &matrix))));
    print("bytes to predictions", median(|| drop(engine.score(csv.as_bytes(), &options))));
    let one = median(|| (0..100).for_each(|_| drop(engine.score_one(&record, &options))));
    println!("{:<28} {:>12.2?}  a record, mapping included", "one record to prediction", one / 100);
    Ok(())
}
