//! The vectors of every stage through the C interface, and every error once: the same as in all languages.

#[path = "../src/lib.rs"]
mod churn;

use arrow_array::Float64Array;
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::types::Float64Type;
use churn::engine::*;
use churn::error::*;
use churn::strings::churn_string_free;
use churn::table::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data")
}

fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

fn path(file: &Value) -> CString {
    c(data().join(file.as_str().expect("file")).to_str().expect("UTF-8"))
}

/// What a call wrote, or the code of its error.
fn call<T>(f: impl FnOnce(*mut *mut T, *mut *mut ChurnError) -> i32) -> Result<*mut T, String> {
    let (mut out, mut error) = (null_mut(), null_mut());
    if f(&raw mut out, &raw mut error) == 0 {
        return Ok(out);
    }
    // SAFETY: a call that failed wrote its error.
    unsafe {
        let code = CStr::from_ptr(churn_error_code(error)).to_str().expect("UTF-8").to_owned();
        churn_error_free(error);
        Err(code)
    }
}

fn take(text: *mut c_char) -> Value {
    // SAFETY: the text came from an output of this library.
    unsafe {
        let value = serde_json::from_slice(CStr::from_ptr(text).to_bytes()).expect("JSON");
        churn_string_free(text);
        value
    }
}

fn engine(name: &Value) -> Result<*mut ChurnEngine, String> {
    // SAFETY: valid pointers.
    call(|out, error| unsafe { churn_engine_pretrained(c(name.as_str().expect("name")).as_ptr(), out, error) })
}

fn table(input: &Value) -> Result<*mut ChurnTable, String> {
    let content = match (input["text"].as_str(), input["columns"].as_u64()) {
        (Some(text), _) => text.to_owned(),
        (_, Some(n)) => {
            let names: Vec<String> = (0..n).map(|i| format!("c{i}")).collect();
            format!("{}\n{}\n", names.join(","), vec!["1"; names.len()].join(","))
        }
        // SAFETY: valid pointers.
        _ => return call(|out, error| unsafe { churn_table_from_file(path(&input["file"]).as_ptr(), out, error) }),
    };
    // SAFETY: valid pointers.
    call(|out, error| unsafe { churn_table_from_bytes(content.as_ptr(), content.len(), out, error) })
}

fn vectors(file: &str) -> Value {
    let text = std::fs::read_to_string(data().join("vectors").join(file)).expect("vectors");
    serde_json::from_str(&text).expect("json")
}

fn run(file: &str, run: impl Fn(&Value) -> Value) {
    let vectors = vectors(file);
    let mut checked = 0;
    for test in vectors["tests"].as_array().expect("tests") {
        assert_eq!(test["expected"].to_string(), run(test).to_string(), "{file}, vector {}", test["id"]);
        checked += 1;
    }
    assert_eq!(Some(checked), vectors["number_of_tests"].as_u64());
}

#[test]
fn map() {
    run("map/headers.json", |test| {
        let input = &test["input"];
        let mut options = input["options"].clone();
        options["samples"] = input["samples"].clone();
        options["table_kind"] = json!("customers");
        let (headers, options) = (c(&input["headers"].to_string()), c(&options.to_string()));
        // SAFETY: valid pointers.
        let mapping = call(|out, error| unsafe { churn_map_columns(headers.as_ptr(), options.as_ptr(), out, error) });
        let mapping = take(mapping.expect("a mapping"));
        let list = |key: &str| mapping[key].as_array().cloned().expect("a list");
        let columns: Vec<Value> =
            list("columns").iter().map(|c| json!([c["source"], c["field"], c["confidence"]])).collect();
        let missing: Vec<Value> = list("missing").iter().map(|m| m["any_of"].clone()).collect();
        json!({ "fields": mapping["fields"], "columns": columns, "missing": missing })
    });
}

#[test]
fn validate() {
    run("validate/files.json", |test| {
        let table = table(&test["input"]).expect("a table");
        let options = c(&test["input"]["options"].to_string());
        // SAFETY: valid pointers.
        let report = call(|out, error| unsafe { churn_validate(table, options.as_ptr(), out, error) });
        // SAFETY: not used any more.
        unsafe { churn_table_free(table) };
        let report = take(report.expect("a report"));
        let findings: Vec<Value> = report["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|f| json!([f["code"], f["severity"], f["column"], f["rows_affected"], f["example_rows"]]))
            .collect();
        json!({ "ok": report["ok"], "score": report["score"], "findings": findings })
    });
}

#[test]
fn explain() {
    run("explain/tables.json", |test| {
        let (engine, table) = (engine(&test["model"]).expect("a model"), table(&test["input"]).expect("a table"));
        let mut stream = FFI_ArrowArrayStream::empty();
        let options = c(r#"{"as_of": "2026-06-30"}"#);
        // SAFETY: valid pointers; the stream is empty before and live after.
        let reader = unsafe {
            let status = churn_engine_explain_arrow(engine, table, options.as_ptr(), &raw mut stream, null_mut());
            assert_eq!(status, 0);
            churn_table_free(table);
            churn_engine_free(engine);
            ArrowArrayStreamReader::from_raw(&raw mut stream).expect("a stream")
        };
        let batches: Vec<_> = reader.collect::<Result<_, _>>().expect("batches");
        let columns: Vec<&Float64Array> =
            batches[0].columns().iter().map(|c| c.as_primitive::<Float64Type>()).collect();
        let (base, features) = columns.split_last().expect("the base value");
        let row = |r: usize| features.iter().map(|column| json!(column.value(r))).collect::<Value>();
        json!({ "base_value": base.value(0), "rows": (0..base.values().len()).map(row).collect::<Value>() })
    });
}

#[test]
fn score_and_decide() {
    let predict = |test: &Value| {
        let engine = engine(&test["model"]).expect("a model");
        let (record, options) = (c(&test["input"].to_string()), c(r#"{"as_of": "2026-06-30"}"#));
        // SAFETY: valid pointers.
        let outcome =
            call(|out, error| unsafe { churn_engine_score_one(engine, record.as_ptr(), options.as_ptr(), out, error) });
        // SAFETY: not used any more.
        unsafe { churn_engine_free(engine) };
        outcome.map(take)
    };
    run("decide/records.json", |test| {
        let p = predict(test).expect("a prediction");
        json!({
            "risk_level": p["risk_level"],
            "top_risk_factor": p["top_risk_factor"],
            "recommendation": p["recommendation"],
            "recommendation_evidence": p["recommendation_evidence"],
        })
    });
    run("score/pretrained.json", |test| match predict(test) {
        Err(code) => json!({ "error": code }),
        Ok(p) => {
            let factors = p["explanation"]["top_factors"].as_array().cloned().expect("factors");
            let values: Vec<Value> = factors.iter().map(|f| json!([f["feature"], f["shap_value"]])).collect();
            json!({
                "churn_probability": p["churn_probability"],
                "probability_low": p["confidence"]["low"],
                "probability_high": p["confidence"]["high"],
                "base_probability": p["explanation"]["base_probability"],
                "risk_level": p["risk_level"],
                "shap_values": values,
            })
        }
    });
}

fn outcome(test: &Value) -> Result<(), String> {
    let input = &test["input"];
    let telecom = json!("telecom");
    let free = |engine: *mut ChurnEngine| {
        // SAFETY: not used any more.
        unsafe { churn_engine_free(engine) }
    };
    match test["call"].as_str().expect("call") {
        "pretrained" => engine(&input["name"]).map(free),
        // SAFETY: valid pointers.
        "load" => call(|out, error| unsafe { churn_engine_load(path(&input["file"]).as_ptr(), out, error) }).map(free),
        "score_one" => {
            let engine = engine(&telecom)?;
            let (record, options) = (c(&input["record"].to_string()), c(&input["options"].to_string()));
            // SAFETY: valid pointers.
            let answer = call(|out, error| unsafe {
                churn_engine_score_one(engine, record.as_ptr(), options.as_ptr(), out, error)
            });
            free(engine);
            answer.map(|text| drop(take(text)))
        }
        "score" => {
            let table = table(input)?;
            let engine = engine(&telecom)?;
            let mut stream = FFI_ArrowArrayStream::empty();
            // SAFETY: valid pointers.
            let scored = call(|_: *mut *mut c_char, error| unsafe {
                churn_engine_score_arrow(engine, table, std::ptr::null(), &raw mut stream, error)
            });
            // SAFETY: not used any more.
            unsafe { churn_table_free(table) };
            free(engine);
            scored.map(|_| ())
        }
        "train" => {
            let table = table(input)?;
            let options = c(&json!({ "profile": "generic", "label": input["label"] }).to_string());
            // SAFETY: valid pointers.
            let trained = call(|out, error| unsafe { churn_train(table, options.as_ptr(), out, error) });
            // SAFETY: not used any more.
            unsafe { churn_table_free(table) };
            trained.map(free)
        }
        "bug" => {
            let bug = || churn_core::provoke::provoke(0).map(|()| null_mut::<c_char>());
            // SAFETY: valid pointers.
            call(|out, error| unsafe { answer(out, "out", error, bug) }).map(|_| ())
        }
        other => panic!("there is no call '{other}'"),
    }
}

#[test]
fn every_error_happens_once() {
    let vectors = vectors("errors/calls.json");
    let skipped = vectors["skipped"]["c"].as_object().cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for test in vectors["tests"].as_array().expect("tests") {
        let expected = test["expected"]["code"].as_str().expect("a code");
        if skipped.contains_key(expected) {
            seen.insert(expected.to_owned());
            continue;
        }
        assert_eq!(outcome(test), Err(expected.to_owned()), "vector {}", test["id"]);
        seen.insert(expected.to_owned());
    }
    let not_raised: Vec<&str> =
        vectors["not_raised"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let all = churn_core::ErrorKind::all().iter().map(|kind| kind.code());
    assert_eq!(seen, all.filter(|code| !not_raised.contains(code)).map(str::to_owned).collect());
}
