//! A file that is read block by block is scored as one that is read at once.
#![cfg(feature = "pretrained")]

use churn_core::report::{mapping_json, quality_json};
use churn_core::{Engine, ScoreOptions};
use std::fmt::Write;
use std::path::Path;

/// The shipped customers again and again, until a file is read block by block; with what exports have.
fn large() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/telecom_customers.csv");
    let shipped = std::fs::read_to_string(path).expect("customers");
    let (header, rows) = shipped.split_once('\n').expect("a header");
    let mut text = format!("Subscribers in May\n{header},nothing\n");
    let mut n = 0;
    while text.len() < 9 << 20 {
        for row in rows.lines().filter(|row| !row.is_empty()) {
            let (_, rest) = row.split_once(',').expect("an id");
            // Ids come twice now and then, some in quotes over two lines; some numbers cannot be read.
            match n % 5_003 {
                17 => writeln!(text, "\"C\n{n}\",{rest},"),
                18 => writeln!(text, "C{},{rest},", n - 5),
                19 => writeln!(text, "{header},nothing"),
                20 => writeln!(text, "C{n},{},", rest.replacen(|c: char| c.is_ascii_digit(), "x", 1)),
                _ => writeln!(text, "C{n},{rest},"),
            }
            .expect("memory");
            n += 1;
        }
    }
    text + "Total\n"
}

#[test]
fn blocks_change_nothing() {
    let folder = std::env::temp_dir().join(format!("churn-score-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (source, target) = (folder.join("customers.csv"), folder.join("scores.csv"));
    std::fs::write(&source, large()).expect("a file");
    let engine = Engine::pretrained("telecom").expect("a model");
    let options = ScoreOptions { scored_at: Some("2026-03-01T10:00:00Z".to_owned()), ..ScoreOptions::default() };
    let whole = engine.score(source.as_path(), &options).expect("scored");
    let done = engine.score_file(&source, &target, &options).expect("scored");
    let written = std::fs::read_to_string(&target).expect("written");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(written == whole.predictions.to_csv().expect("CSV"), "other predictions");
    assert_eq!(mapping_json(&done.mapping), mapping_json(&whole.mapping));
    assert_eq!(quality_json(&done.quality), quality_json(&whole.quality));
    // What was met on the way is in it.
    let told = quality_json(&done.quality).to_string();
    for code in ["title_rows", "total_row", "repeated_header", "empty_column", "duplicate_customer_id"] {
        assert!(told.contains(code), "{code}");
    }
    assert_eq!(done.to_json()["target"], target.to_string_lossy().as_ref());
}
