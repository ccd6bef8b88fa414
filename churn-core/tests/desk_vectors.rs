//! The vectors of health, leads, alerts and decisions that every language runs: worked out by hand, compared exactly.

use churn_core::engine::call;
use serde_json::Value;
use std::path::Path;

/// Values of JSON are equal where their numbers are, however they are written.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * y.abs().max(1.0),
        _ => a == b,
    }
}

#[test]
fn desk() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/vectors/desk");
    let mut files = 0;
    let mut wrong: Vec<String> = Vec::new();
    for name in ["alert", "decide", "health", "lead"] {
        let text = std::fs::read_to_string(directory.join(name).with_extension("json")).expect("vectors");
        let vectors: Value = serde_json::from_str(&text).expect("json");
        let tests = vectors["tests"].as_array().expect("tests");
        assert_eq!(vectors["number_of_tests"].as_u64(), Some(tests.len() as u64), "{name}");
        for test in tests {
            let at = format!("{name} {}: {}", test["id"], test["comment"]);
            let result = call(test["call"].as_str().expect("name"), test["arguments"].clone());
            match (test["result"].as_str(), result) {
                (Some("ok"), Ok(answer)) => {
                    for (pointer, expected) in test["expect"].as_object().expect("pointers") {
                        let got = answer.pointer(pointer);
                        let absent = *expected == "absent" && got.is_none();
                        if !absent && !got.is_some_and(|g| equal(g, expected)) {
                            wrong.push(format!("{at}: {pointer} is {got:?}, not {expected}"));
                        }
                    }
                }
                (Some("error"), Err(error)) => {
                    if Some(error.code()) != test["code"].as_str() {
                        wrong.push(format!("{at}: {error:?}"));
                    }
                    for (key, value) in test["context"].as_object().expect("context") {
                        let fits = error.context().iter().any(|(k, v)| k == key && Some(v.as_str()) == value.as_str());
                        if !fits {
                            wrong.push(format!("{at}: {error:?} has no {key} {value}"));
                        }
                    }
                }
                (_, result) => wrong.push(format!("{at}: {result:?}")),
            }
        }
        files += 1;
    }
    assert_eq!(files, 4);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
