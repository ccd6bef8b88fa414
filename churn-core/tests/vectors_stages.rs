//! The vectors of the stages map, validate, features, explain, decide and errors, which every language runs.
//! `UPDATE_GENERATED=1` rewrites the expectations and the manifest.
#![cfg(all(feature = "pretrained", feature = "train"))]

use churn_core::engine;
use churn_core::error::guard;
use churn_core::map::{ColumnInput, MapOptions};
use churn_core::model::Model;
use churn_core::schema::Profile;
use churn_core::validate::{Purpose, ValidateOptions};
use churn_core::{Engine, Error, ErrorKind, Record, ScoreOptions, TrainOptions, provoke, report};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GENERATED").is_some()
}

/// Runs the vectors of a file; what `run` gives is compared, or written where that is asked for.
fn run(file: &str, run: impl Fn(&Value) -> Value) {
    let path = data().join("vectors").join(file);
    let text = std::fs::read_to_string(&path).expect("vectors");
    let mut vectors: Value = serde_json::from_str(&text).expect("json");
    let stated = vectors["number_of_tests"].as_u64().expect("a number");
    let tests = vectors["tests"].as_array_mut().expect("tests");
    assert_eq!(tests.len() as u64, stated);
    for test in tests {
        let result = run(test);
        if updating() {
            test["expected"] = result;
        } else {
            // Compared as text: the shortest form of a float64 stands for exactly its bits.
            assert_eq!(test["expected"].to_string(), result.to_string(), "{file}, vector {}", test["id"]);
        }
    }
    if updating() {
        std::fs::write(&path, serde_json::to_string_pretty(&vectors).expect("json") + "\n").expect("written");
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

fn profile(options: &Value) -> Option<Profile> {
    text(options, "profile").map(|name| Profile::shipped(name).expect("a profile"))
}

#[test]
fn map() {
    run("map/headers.json", |test| {
        let input = &test["input"];
        let values = |name: &str| input["samples"][name].as_array().cloned().unwrap_or_default();
        let headers = input["headers"].as_array().expect("headers").iter().filter_map(Value::as_str);
        let columns: Vec<ColumnInput> = headers
            .map(|name| ColumnInput {
                name: name.to_owned(),
                samples: values(name).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            })
            .collect();
        let overrides = input["options"]["overrides"].as_object().cloned().unwrap_or_default();
        let overrides = overrides.into_iter().map(|(k, v)| (k, v.as_str().map(str::to_owned))).collect();
        let options = MapOptions {
            table_kind: Some(Default::default()),
            profile: profile(&input["options"]),
            overrides,
            ..MapOptions::default()
        };
        let mapping = churn_core::map::map_columns(&columns, &options).expect("a mapping");
        let mapping = report::mapping_json(&mapping);
        let columns: Vec<Value> = mapping["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .map(|c| json!([c["source"], c["field"], c["confidence"]]))
            .collect();
        let missing: Vec<&Value> =
            mapping["missing"].as_array().expect("missing").iter().map(|m| &m["any_of"]).collect();
        json!({ "fields": mapping["fields"], "columns": columns, "missing": missing })
    });
}

#[test]
fn validate() {
    run("validate/files.json", |test| {
        let (input, options) = (&test["input"], &test["input"]["options"]);
        let purpose = text(options, "purpose").map(|p| Purpose::parse(p).expect("a purpose")).unwrap_or_default();
        let options_given = ValidateOptions { purpose, ..ValidateOptions::default() };
        let path = data().join(text(input, "file").expect("file"));
        let judged = engine::validate(path, None, profile(options), &options_given).expect("a report");
        let judged = report::quality_json(&judged);
        let findings: Vec<Value> = judged["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|f| json!([f["code"], f["severity"], f["column"], f["rows_affected"], f["example_rows"]]))
            .collect();
        json!({ "ok": judged["ok"], "score": judged["score"], "findings": findings })
    });
}

fn explained(test: &Value) -> churn_core::explain::Explanation {
    let engine = Engine::pretrained(text(test, "model").expect("model")).expect("engine");
    let options = ScoreOptions { as_of: Some("2026-06-30".into()), ..ScoreOptions::default() };
    engine.explain(text(&test["input"], "text").expect("text").as_bytes(), &options).expect("an explanation")
}

/// The rows of a matrix; NaN is null.
fn rows(matrix: &ndarray::Array2<f64>) -> Value {
    matrix.rows().into_iter().map(|row| row.iter().map(|x| json!(x)).collect::<Value>()).collect()
}

#[test]
fn features() {
    run("features/tables.json", |test| {
        let explanation = explained(test);
        json!({ "names": explanation.feature_names, "rows": rows(&explanation.data) })
    });
}

#[test]
fn explain() {
    run("explain/tables.json", |test| {
        let explanation = explained(test);
        json!({ "base_value": explanation.base_value, "rows": rows(&explanation.values) })
    });
}

#[test]
fn decide() {
    run("decide/records.json", |test| {
        let engine = Engine::pretrained(text(test, "model").expect("model")).expect("engine");
        let record: Record = test["input"].as_object().expect("record").clone();
        let options = ScoreOptions { as_of: Some("2026-06-30".into()), ..ScoreOptions::default() };
        let p = report::prediction_json(&engine.score_one(&record, &options).expect("a prediction"));
        json!({
            "risk_level": p["risk_level"],
            "top_risk_factor": p["top_risk_factor"],
            "recommendation": p["recommendation"],
            "recommendation_evidence": p["recommendation_evidence"],
        })
    });
}

fn call(test: &Value) -> churn_core::Result<()> {
    let input = &test["input"];
    let file = || data().join(text(input, "file").expect("file"));
    let telecom = || Engine::pretrained("telecom").expect("engine");
    match text(test, "call").expect("call") {
        "pretrained" => Engine::pretrained(text(input, "name").expect("name")).map(drop),
        "load" => Engine::load(file()).map(drop),
        "score_one" => {
            let reasons = input["options"]["reasons"].as_u64().map(|n| n as usize);
            let record = input["record"].as_object().expect("record");
            telecom().score_one(record, &ScoreOptions { reasons, ..ScoreOptions::default() }).map(drop)
        }
        "score" => match input["columns"].as_u64() {
            Some(n) => {
                let names: Vec<String> = (0..n).map(|i| format!("c{i}")).collect();
                let table = format!("{}\n{}\n", names.join(","), vec!["1"; names.len()].join(","));
                telecom().score(table.as_bytes(), &ScoreOptions::default()).map(drop)
            }
            None => telecom().score(file(), &ScoreOptions::default()).map(drop),
        },
        "train" => {
            let label = text(input, "label").map(str::to_owned);
            let options = TrainOptions { label, profile: Profile::shipped("generic").ok(), ..TrainOptions::default() };
            Engine::train(file(), &options).map(drop)
        }
        "bug" => guard(|| provoke::provoke(0)),
        "stop" => {
            let options = ScoreOptions { progress: Some(&|_| false), ..ScoreOptions::default() };
            telecom().score(file(), &options).map(drop)
        }
        other => Err(Error::internal(format!("there is no call '{other}'"))),
    }
}

/// Model files with something wrong, and a table that holds lists.
fn write_fixtures() {
    let folder = data().join("vectors/errors");
    let good = Engine::pretrained("saas").and_then(|e| e.to_bytes()).expect("bytes");
    let mut damaged = good.clone();
    // Another digit: still a file of this format, but not the one that was summed up.
    let digit = damaged.iter_mut().rev().find(|b| b.is_ascii_digit()).expect("a digit");
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    std::fs::write(folder.join("damaged.safetensors"), damaged).expect("written");
    let mut model = Model::from_bytes(&good).expect("a model");
    model.interval.level = f64::from(7u8);
    std::fs::write(folder.join("contradiction.safetensors"), model.to_bytes().expect("bytes")).expect("written");
    let lists =
        arrow_array::ListArray::from_iter_primitive::<arrow_array::types::Int64Type, _, _>([Some(vec![Some(1)])]);
    let batch =
        arrow_array::RecordBatch::try_from_iter([("customer_id", std::sync::Arc::new(lists) as _)]).expect("a batch");
    std::fs::write(folder.join("nested.arrow"), report::arrow_ipc(&batch).expect("bytes")).expect("written");
}

#[test]
fn every_error_happens_once() {
    if updating() {
        write_fixtures();
    }
    let path = data().join("vectors/errors/calls.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("vectors")).expect("json");
    let mut seen = BTreeSet::new();
    for test in vectors["tests"].as_array().expect("tests") {
        let error = call(test).expect_err(&test["comment"].to_string());
        assert_eq!(text(&test["expected"], "code"), Some(error.code()), "vector {}: {error}", test["id"]);
        seen.insert(error.code());
    }
    let not_raised: BTreeSet<&str> =
        vectors["not_raised"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let all: BTreeSet<&str> = ErrorKind::all().iter().map(|k| k.code()).filter(|c| !not_raised.contains(c)).collect();
    assert_eq!(seen, all);
}
