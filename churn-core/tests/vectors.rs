//! The vectors that every language runs: the same record gives the same bits everywhere. `UPDATE_GENERATED=1` rewrites
//! the expectations.
#![cfg(feature = "pretrained")]

use churn_core::{Engine, Record, ScoreOptions};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn score() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/vectors/score/pretrained.json");
    let text = std::fs::read_to_string(&path).expect("vectors");
    let mut vectors: Value = serde_json::from_str(&text).expect("json");
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    let stated = vectors["number_of_tests"].as_u64().expect("a number");
    let tests = vectors["tests"].as_array_mut().expect("tests");
    assert_eq!(tests.len() as u64, stated);
    for test in tests {
        let engine = Engine::pretrained(test["model"].as_str().expect("model")).expect("engine");
        let record: Record = test["input"].as_object().expect("record").clone();
        let options = ScoreOptions { as_of: Some("2026-06-30".into()), ..ScoreOptions::default() };
        let result = match engine.score_one(&record, &options) {
            Ok(p) => json!({
                "churn_probability": p.churn_probability,
                "probability_low": p.confidence.low,
                "probability_high": p.confidence.high,
                "base_probability": p.base_probability,
                "risk_level": p.risk_level.name(),
                "shap_values": p.top_factors.iter().map(|f| json!([f.feature, f.shap_value])).collect::<Vec<_>>(),
            }),
            Err(e) => json!({ "error": e.code() }),
        };
        if update {
            test["expected"] = result;
        } else {
            // Compared as text: the shortest form of a float64 stands for exactly its bits.
            assert_eq!(test["expected"].to_string(), result.to_string(), "vector {}", test["id"]);
        }
    }
    if update {
        std::fs::write(&path, serde_json::to_string_pretty(&vectors).expect("json") + "\n").expect("written");
    }
}
