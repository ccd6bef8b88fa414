//! The vectors of health, leads, alerts and decisions through the C interface.

#[path = "../src/lib.rs"]
mod churn;

use churn::desk::{churn_call, churn_engine_call};
use churn::engine::{churn_engine_free, churn_engine_pretrained};
use churn::error::{ChurnError, churn_error_code, churn_error_context_json, churn_error_free};
use churn::strings::churn_string_free;
use churn::table::{churn_table_free, churn_table_from_bytes, churn_train};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;

/// Takes the answer or the error of a call over.
fn take(f: impl FnOnce(*mut *mut c_char, *mut *mut ChurnError) -> i32) -> Result<Value, (String, Value)> {
    let (mut out, mut error) = (null_mut(), null_mut());
    let status = f(&raw mut out, &raw mut error);
    // SAFETY: a call writes its answer or its error, and both are ours now.
    unsafe {
        if status == 0 {
            let value = serde_json::from_slice(CStr::from_ptr(out).to_bytes()).expect("JSON");
            churn_string_free(out);
            return Ok(value);
        }
        let text = |p: *const c_char| CStr::from_ptr(p).to_str().expect("UTF-8").to_owned();
        let context = serde_json::from_str(&text(churn_error_context_json(error))).expect("JSON");
        let code = text(churn_error_code(error));
        churn_error_free(error);
        Err((code, context))
    }
}

fn call(name: &str, arguments: &Value) -> Result<Value, (String, Value)> {
    let (name, text) = (CString::new(name).expect("text"), CString::new(arguments.to_string()).expect("text"));
    // SAFETY: valid pointers.
    take(|out, error| unsafe { churn_call(name.as_ptr(), text.as_ptr(), out, error) })
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * y.abs().max(1.0),
        _ => a == b,
    }
}

#[test]
fn the_vectors_of_all_languages() {
    for text in [
        include_str!("../../test-data/vectors/desk/alert.json"),
        include_str!("../../test-data/vectors/desk/decide.json"),
        include_str!("../../test-data/vectors/desk/health.json"),
        include_str!("../../test-data/vectors/desk/lead.json"),
    ] {
        let vectors: Value = serde_json::from_str(text).expect("vectors");
        let mut checked = 0;
        for test in vectors["tests"].as_array().expect("tests") {
            match (test["result"].as_str(), call(test["call"].as_str().expect("name"), &test["arguments"])) {
                (Some("ok"), Ok(answer)) => {
                    for (pointer, expected) in test["expect"].as_object().expect("pointers") {
                        let got = answer.pointer(pointer);
                        let absent = *expected == "absent" && got.is_none();
                        assert!(absent || got.is_some_and(|g| equal(g, expected)), "{}: {pointer}", test["comment"]);
                    }
                }
                (Some("error"), Err((code, context))) => {
                    assert_eq!(Some(code.as_str()), test["code"].as_str(), "{}", test["comment"]);
                    for (key, value) in test["context"].as_object().expect("context") {
                        assert_eq!(context[key], *value, "{}", test["comment"]);
                    }
                }
                (_, result) => panic!("{}: {result:?}", test["comment"]),
            }
            checked += 1;
        }
        assert_eq!(Some(checked), vectors["number_of_tests"].as_u64());
    }
}

#[test]
fn calls_about_a_customer() {
    let mut engine = null_mut();
    // SAFETY: valid pointers.
    assert_eq!(unsafe { churn_engine_pretrained(c"telecom".as_ptr(), &raw mut engine, null_mut()) }, 0);
    let ask = |name: &CStr, arguments: Value| {
        let text = CString::new(arguments.to_string()).expect("text");
        // SAFETY: valid pointers.
        take(|out, error| unsafe { churn_engine_call(engine, name.as_ptr(), text.as_ptr(), out, error) })
    };
    let record = json!({"customer_id": "a", "tenure_months": 3, "monthly_charges": 95, "contract": "Month-to-month"});
    let then = ask(c"what_if", json!({"record": record, "changes": {"contract": "Two year"}})).expect("a prediction");
    assert!(then["churn_probability"].as_f64().expect("a number") < 0.5);
    let found = ask(c"counterfactuals", json!({"record": record, "target": 0.4})).expect("a search");
    assert!(found["note"].is_string());
    let (code, context) = ask(c"nope", json!({})).expect_err("no such call");
    assert_eq!((code.as_str(), context["argument"].as_str()), ("invalid_argument", Some("name")));
    let wrong = CString::new("{").expect("text");
    // SAFETY: valid pointers.
    let broken = take(|out, error| unsafe { churn_call(c"health_score".as_ptr(), wrong.as_ptr(), out, error) });
    assert_eq!(broken.expect_err("no JSON").0, "invalid_argument");
    // SAFETY: the engine is ours.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn from_tables_of_events_to_a_live_score() {
    // Uses of 150 customers; every other one falls silent in the course of the year.
    let mut usage = String::from("customer_id,occurred_at,event\n");
    let mut customers = Vec::new();
    let mut state = 17u64;
    let mut draw = |n: u64| {
        state = state * 48_271 % 2_147_483_647;
        state % n
    };
    for c in 0..150u64 {
        customers.push(json!({"customer_id": format!("C{c}"), "signup_date": "2024-01-01"}));
        let (mut day, end) = (draw(20), if c % 2 == 0 { 120 + draw(250) } else { 366 });
        while day < end {
            let (month, of_month) = (1 + day / 31, 1 + day % 28);
            usage += &format!("C{c},2024-{month:02}-{of_month:02}T10:00:00Z,{}\n", ["a", "b"][draw(2) as usize]);
            day += 1 + draw(20);
        }
    }
    let events = json!({"csv": usage});
    let definition = json!({"horizon_days": 40, "inactivity_days": 40});
    let built = call(
        "build_training_set",
        &json!({"customers": customers, "usage": events, "definition": definition, "start": "2024-04-01", "every": 30}),
    )
    .expect("a training set");
    assert!(built["rows"].as_array().expect("rows").len() > 200 && built["definition"]["grace_days"] == 1);
    let rows = built["rows"].to_string();
    let options = json!({
        "profile": "generic", "learner": "logistic", "label": "churned", "definition": built["definition"],
        "settings": built["settings"],
    });
    let options = CString::new(options.to_string()).expect("text");
    let (mut table, mut engine) = (null_mut(), null_mut());
    // SAFETY: valid pointers.
    unsafe {
        assert_eq!(churn_table_from_bytes(rows.as_ptr(), rows.len(), &raw mut table, null_mut()), 0);
        let mut error = null_mut();
        let status = churn_train(table, options.as_ptr(), &raw mut engine, &raw mut error);
        assert_eq!(status, 0, "{:?}", (status != 0).then(|| CStr::from_ptr(churn_error_code(error))));
        churn_table_free(table);
    }
    let own: Vec<Value> = usage
        .lines()
        .filter_map(|l| l.strip_prefix("C8,")?.split_once(','))
        .map(|(at, event)| json!({"occurred_at": at, "event": event}))
        .collect();
    let arguments = json!({"record": customers[8], "usage": own, "as_of": "2024-10-01"}).to_string();
    let arguments = CString::new(arguments).expect("text");
    // SAFETY: valid pointers.
    let live = take(|out, error| unsafe {
        churn_engine_call(engine, c"score_customer".as_ptr(), arguments.as_ptr(), out, error)
    })
    .expect("a prediction");
    assert_eq!(live["customer_id"], "C8");
    let p = live["churn_probability"].as_f64().expect("a probability");
    assert!((0.0..=1.0).contains(&p));
    let gate = call("check_point_in_time", &json!({"customers": customers, "usage": events, "as_of": "2024-06-01"}));
    assert_eq!(gate.expect("gate")["ok"], true);
    // SAFETY: the engine is ours.
    unsafe { churn_engine_free(engine) };
}
