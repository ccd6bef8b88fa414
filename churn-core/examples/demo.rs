//! The main job on the shipped data: `make demo`.
//!
//! Maps, judges, scores and explains `test-data/telecom_customers.csv` with the pretrained telecom model and
//! `test-data/saas_customers.csv` with the SaaS scorecard, prints what a user wants to know, and writes the
//! predictions beside each other into `target/demo/`.

use churn_core::progress::Progress;
use churn_core::report::{findings_text, mapping_text, riskiest_text, summary_text};
use churn_core::{Engine, ScoreOptions};
use std::io::{IsTerminal, Write};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize()?;
    let out = root.join("target/demo");
    std::fs::create_dir_all(&out)?;
    // The day the files were exported; the engine itself has no clock.
    let as_of = "2026-06-30";
    for (profile, file) in [("telecom", "telecom_customers"), ("saas", "saas_customers")] {
        let engine = Engine::pretrained(profile)?;
        let card = &engine.model().card;
        println!("== {file}.csv, model {} ({}) ==\n", engine.model().model_version(), card.kind);
        println!("{}", card.description);
        if let Some(auc) = card.metric("auc") {
            println!("Held-out AUC {:.4}; {}", auc.mean, card.protocol);
        }
        let options = ScoreOptions { as_of: Some(as_of.into()), progress: Some(&bar), ..ScoreOptions::default() };
        let scored = engine.score(root.join(format!("test-data/{file}.csv")), &options)?;
        println!("\nHow the columns were understood\n{}", mapping_text(&scored.mapping));
        println!("How good the data is\n{}", findings_text(&scored.quality));
        println!("The ten customers most likely to leave\n{}", riskiest_text(&scored.predictions, 10));
        println!("Summary\n{}", summary_text(&scored.predictions.summary()));
        let (csv, json) = (out.join(format!("{file}.scored.csv")), out.join(format!("{file}.scored.json")));
        scored.predictions.write_csv(&csv)?;
        scored.predictions.write_json(&json)?;
        println!("Written to {} and {}\n", relative(&csv, &root), relative(&json, &root));
    }
    Ok(())
}

/// A progress bar on a terminal; silent elsewhere.
fn bar(progress: Progress) -> bool {
    const WIDTH: u64 = 40;
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let filled = WIDTH * progress.done / progress.total.max(1);
        let bar: String = (0..WIDTH).map(|i| if i < filled { '#' } else { '.' }).collect();
        let end = if progress.done == progress.total { "\n" } else { "" };
        let _ = write!(err, "\r{} [{bar}] {}/{}{end}", progress.stage, progress.done, progress.total);
    }
    true
}

fn relative<'a>(path: &'a Path, root: &Path) -> std::path::Display<'a> {
    path.strip_prefix(root).unwrap_or(path).display()
}
