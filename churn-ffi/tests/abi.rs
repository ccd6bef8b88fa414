//! The C interface called from Rust: the same bits as the core's, NULL and panics everywhere, threads.

#[path = "../src/lib.rs"]
mod churn;

use churn::engine::*;
use churn::error::*;
use churn::model::*;
use churn::strings::*;
use churn::table::*;
use churn_core::{Engine, Record, ScoreOptions, report};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};

const CSV: &str = "customer_id,tenure_months,monthly_charges,contract,internet_service,payment_method\n\
    C-1,2,95.35,Month-to-month,Fiber optic,Electronic check\n\
    C-2,61,20.05,Two year,No,Mailed check\n\
    C-3,,70.1,One year,DSL,Credit card (automatic)\n";

/// Calls with an output and an error, and takes both over.
fn call<T>(f: impl FnOnce(*mut *mut T, *mut *mut ChurnError) -> i32) -> Result<*mut T, (i32, String, Value)> {
    let (mut out, mut error) = (null_mut(), null_mut());
    let status = f(&raw mut out, &raw mut error);
    if status == 0 {
        assert!(!out.is_null() && error.is_null());
        return Ok(out);
    }
    assert!(out.is_null(), "an output was written by a call that failed");
    // SAFETY: a call that failed wrote its error.
    unsafe {
        assert_eq!(churn_error_number(error), status);
        let text = |p: *const c_char| CStr::from_ptr(p).to_str().expect("UTF-8").to_owned();
        let (code, message) = (text(churn_error_code(error)), text(churn_error_message(error)));
        assert!(!message.is_empty());
        assert!(!text(churn_error_hint(error)).is_empty(), "{code}: {message}");
        let context = serde_json::from_str(&text(churn_error_context_json(error))).expect("JSON");
        churn_error_free(error);
        Err((status, code, context))
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

fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

fn telecom() -> *mut ChurnEngine {
    // SAFETY: valid pointers.
    call(|out, error| unsafe { churn_engine_pretrained(c"telecom".as_ptr(), out, error) }).expect("a shipped model")
}

fn score_csv(engine: *const ChurnEngine, data: &[u8], options: Option<&CStr>) -> Result<Value, (i32, String, Value)> {
    let options = options.map_or(null(), CStr::as_ptr);
    // SAFETY: valid pointers, true length.
    call(|out, error| unsafe { churn_engine_score_csv(engine, data.as_ptr(), data.len(), options, out, error) })
        .map(take)
}

fn score_one(engine: *const ChurnEngine, record: &CStr, options: &CStr) -> Result<Value, (i32, String, Value)> {
    // SAFETY: valid pointers.
    call(|out, error| unsafe { churn_engine_score_one(engine, record.as_ptr(), options.as_ptr(), out, error) })
        .map(take)
}

#[test]
fn json_has_the_bits_of_the_core() {
    let (engine, core) = (telecom(), Engine::pretrained("telecom").expect("a shipped model"));
    let options = ScoreOptions { scored_at: Some("2026-03-01T10:00:00Z".into()), ..ScoreOptions::default() };
    let expected = core.score(CSV.as_bytes(), &options).expect("a good table");
    let options_json = c(r#"{"scored_at": "2026-03-01T10:00:00Z"}"#);
    let found = score_csv(engine, CSV.as_bytes(), Some(&options_json)).expect("a good table");
    let keys: Vec<_> = found.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["predictions", "summary", "mapping", "quality"]);
    assert_eq!(found["predictions"], report::predictions_json(&expected.predictions));
    assert_eq!(found["mapping"], report::mapping_json(&expected.mapping));
    for (row, p) in expected.predictions.churn_probabilities().into_iter().enumerate() {
        let f = found["predictions"][row]["churn_probability"].as_f64().expect("a number");
        assert_eq!(f.to_bits(), p.to_bits());
    }
    let record = json!({"customer_id": "C-1", "tenure_months": 2, "monthly_charges": 95.35,
        "contract": "Month-to-month", "internet_service": "Fiber optic"});
    let fields: &Record = record.as_object().expect("an object");
    let expected = report::prediction_json(&core.score_one(fields, &options).expect("a good record"));
    assert_eq!(score_one(engine, &c(&record.to_string()), &options_json).expect("a good record"), expected);
    // SAFETY: the engine is ours.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn options_reach_the_core_and_wrong_ones_are_refused() {
    let engine = telecom();
    let table = CSV.replace("contract", "trial_end");
    assert_eq!(score_csv(engine, table.as_bytes(), None).expect_err("no contract").1, "field_unmapped");
    let given =
        c(r#"{"overrides": {"trial_end": "contract"}, "reasons": 1, "as_of": "2026-03-01", "scored_at": null}"#);
    let found = score_csv(engine, table.as_bytes(), Some(&given)).expect("an override");
    assert!(found["predictions"][0].get("reason_1").is_some());
    assert!(found["predictions"][0].get("reason_2").is_none());
    for wrong in [
        r#"{"reason": 1}"#,
        r#"{"reasons": 9}"#,
        r#"{"reasons": -1}"#,
        r#"{"reasons": "1"}"#,
        r#"{"as_of": "yesterday"}"#,
        r#"{"overrides": ["trial_end"]}"#,
        "[3]",
        "null",
        "",
        "{",
        "{} {}",
    ] {
        let (number, code, _) = score_csv(engine, CSV.as_bytes(), Some(&c(wrong))).expect_err(wrong);
        assert_eq!((number, &*code), (1001, "invalid_argument"), "{wrong}");
    }
    // SAFETY: the engine is ours.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn records_that_are_none_are_malformed() {
    let engine = telecom();
    for (record, line) in [("{\"customer_id\": ", Some("1")), ("", Some("1")), ("[1]", None), ("3", None)] {
        let (number, _, context) = score_one(engine, &c(record), c"{}").expect_err(record);
        assert_eq!((number, context["line"].as_str()), (1102, line), "{record}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(score_one(engine, &c(&deep), c"{}").expect_err("too deep").0, 1102);
    let (number, _, context) = score_one(engine, &c("{\"tenure_months\": 3}"), c"{}").expect_err("hardly any field");
    assert_eq!((number, context["profile"].as_str()), (1201, Some("telecom")));
    // SAFETY: the engine is ours.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn text_that_is_not_utf_8_is_refused_and_nul_in_json_comes_back_as_text() {
    // SAFETY: valid pointers.
    let wrong = call(|out, error| unsafe { churn_engine_pretrained(c"tele\xffcom".as_ptr(), out, error) });
    let (number, _, context) = wrong.expect_err("not UTF-8");
    assert_eq!((number, &context), (1001, &json!({"argument": "name", "offset": "4"})));
    let headers = c(r#"["a\u0000b", "tenure_months"]"#);
    // SAFETY: valid pointers.
    let mapping = call(|out, error| unsafe { churn_map_columns(headers.as_ptr(), null(), out, error) }).map(take);
    assert_eq!(mapping.expect("a mapping")["columns"][0]["source"], json!("a\0b"));
    assert_eq!(c_text("a\0b").as_c_str(), c"a\u{fffd}b");
}

#[test]
fn samples_are_taken_and_never_told() {
    let map = |options: &str| {
        let options = c(options);
        let (mut out, mut error) = (null_mut(), null_mut());
        // SAFETY: valid pointers; what was written is ours.
        unsafe {
            let headers = c"[\"email\"]".as_ptr();
            let status = churn_map_columns(headers, options.as_ptr(), &raw mut out, &raw mut error);
            let message = CStr::from_ptr(churn_error_message(error)).to_str().expect("UTF-8").to_owned();
            churn_string_free(out);
            churn_error_free(error);
            (status, message)
        }
    };
    assert_eq!(map(r#"{"samples": {"email": ["ann@example.com", null, 3]}}"#), (0, String::new()));
    for wrong in [r#"{"samples": {"email": "ann@example.com"}}"#, r#"{"samples": "ann@example.com"}"#] {
        let (status, message) = map(wrong);
        assert_eq!(status, 1001);
        assert!(!message.contains("ann"), "{message}");
    }
}

#[test]
fn null_is_never_a_crash() {
    let engine = telecom();
    let (r, p, n) = (c"{}".as_ptr(), c"x".as_ptr(), null::<c_char>());
    let mut engine_out = null_mut::<ChurnEngine>();
    let mut text_out = null_mut::<c_char>();
    let (eo, to, ee) = (&raw mut engine_out, &raw mut text_out, null_mut::<*mut ChurnError>());
    let (none, headers) = (null::<ChurnEngine>(), c"[]".as_ptr());
    // SAFETY: every pointer is NULL or valid.
    unsafe {
        let statuses = [
            churn_engine_pretrained(n, eo, ee),
            churn_engine_pretrained(p, null_mut(), ee),
            churn_engine_load(n, eo, ee),
            churn_engine_load(p, null_mut(), ee),
            churn_engine_save(none, p, ee),
            churn_engine_save(engine, n, ee),
            churn_engine_score_one(none, r, n, to, ee),
            churn_engine_score_one(engine, n, n, to, ee),
            churn_engine_score_one(engine, r, n, null_mut(), ee),
            churn_engine_score_csv(none, p.cast(), 1, n, to, ee),
            churn_engine_score_csv(engine, null(), 1, n, to, ee),
            churn_engine_score_csv(engine, p.cast(), usize::MAX, n, to, ee),
            churn_engine_score_csv(engine, p.cast(), 1, n, null_mut(), ee),
            churn_engine_score_file(none, p, p, n, to, ee),
            churn_engine_score_file(engine, n, p, n, to, ee),
            churn_engine_score_file(engine, p, n, n, to, ee),
            churn_engine_score_file(engine, p, p, n, null_mut(), ee),
            churn_map_columns(n, n, to, ee),
            churn_map_columns(headers, n, null_mut(), ee),
        ];
        assert_eq!(statuses, [1001; 19]);
        assert!(engine_out.is_null() && text_out.is_null());
        let mut error = null_mut();
        assert_eq!(churn_engine_load(n, eo, &raw mut error), 1001);
        assert_eq!(CStr::from_ptr(churn_error_context_json(error)), c"{\"argument\":\"path\"}");
        churn_error_free(error);
        assert_eq!(churn_error_number(null()), 0);
        assert_eq!(CStr::from_ptr(churn_error_code(null())), c"");
        assert_eq!(CStr::from_ptr(churn_error_message(null())), c"");
        assert_eq!(CStr::from_ptr(churn_error_hint(null())), c"");
        assert_eq!(CStr::from_ptr(churn_error_context_json(null())), c"{}");
        churn_error_free(null_mut());
        churn_string_free(null_mut());
        churn_engine_free(null_mut());
        churn_engine_free(engine);
        assert_eq!(CStr::from_ptr(churn_version()).to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_panic_arrives_as_the_error_internal() {
    // SAFETY: valid pointers.
    let outcome = call(|out: *mut *mut c_char, error| unsafe { answer(out, "out", error, || panic!("a bug")) });
    assert_eq!(outcome.map(|_| ()).map_err(|e| (e.0, e.1)), Err((1003, "internal".to_owned())));
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { finish(null_mut(), || panic!("a bug")) }, 1003);
}

#[test]
fn a_hundred_bugs_are_a_hundred_errors() {
    for seed in 0..100 {
        let bug = || churn_core::provoke::provoke(seed).map(|()| null_mut::<c_char>());
        // SAFETY: valid pointers.
        let outcome = call(|out: *mut *mut c_char, error| unsafe { answer(out, "out", error, bug) });
        assert_eq!(outcome.map(|_| ()).map_err(|e| (e.0, e.1)), Err((1003, "internal".to_owned())), "seed {seed}");
    }
}

#[test]
fn threads_share_an_engine() {
    struct Shared(*const ChurnEngine);
    // SAFETY: the engine is Sync, and outlives the threads below.
    unsafe impl Sync for Shared {}
    let engine = telecom();
    let shared = &Shared(engine);
    let expected = score_csv(shared.0, CSV.as_bytes(), None).expect("a good table");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let shared: &Shared = shared;
                    assert_eq!(score_csv(shared.0, CSV.as_bytes(), None).expect("a good table"), expected);
                }
            });
        }
    });
    // SAFETY: no thread uses the engine any more.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let engine = telecom();
    let folder = std::env::temp_dir().join(format!("churn-ffi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = |name: &str| c(folder.join(name).to_str().expect("a UTF-8 folder"));
    let (source, target, model) = (path("in.csv"), path("out.csv"), path("m.churn"));
    std::fs::write(folder.join("in.csv"), CSV).expect("a file");
    // SAFETY: valid pointers.
    unsafe {
        let file = |target: &CStr| {
            call(|o, e| churn_engine_score_file(engine, source.as_ptr(), target.as_ptr(), null(), o, e)).map(take)
        };
        let found = file(&target).expect("a good file");
        assert_eq!(
            found.as_object().map(|o| o.keys().cloned().collect()),
            Some(vec!["summary".to_owned(), "mapping".into(), "quality".into(), "target".into()])
        );
        let written = std::fs::read_to_string(folder.join("out.csv")).expect("predictions");
        assert_eq!(written.lines().count(), 4);
        assert_eq!(file(&path("no/such/folder/out.csv")).expect_err("no folder").1, "io");
        assert_eq!(churn_engine_save(engine, model.as_ptr(), null_mut()), 0);
        let loaded = call(|o, e| churn_engine_load(model.as_ptr(), o, e)).expect("a saved model");
        assert_eq!(score_csv(loaded, CSV.as_bytes(), None), score_csv(engine, CSV.as_bytes(), None));
        churn_engine_free(loaded);
        churn_engine_free(engine);
    }
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn the_vectors_of_all_languages_give_the_same_bits() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../test-data/vectors/score/pretrained.json")).expect("vectors");
    let options = c(r#"{"as_of": "2026-06-30"}"#);
    let mut checked = 0;
    for test in vectors["tests"].as_array().expect("tests") {
        let name = c(test["model"].as_str().expect("a model"));
        // SAFETY: valid pointers.
        let engine = call(|out, error| unsafe { churn_engine_pretrained(name.as_ptr(), out, error) }).expect("a model");
        let found = match score_one(engine, &c(&test["input"].to_string()), &options) {
            Err((_, code, _)) => json!({ "error": code }),
            Ok(p) => {
                let factors = p["explanation"]["top_factors"].as_array().expect("factors");
                let shap: Vec<Value> = factors.iter().map(|f| json!([f["feature"], f["shap_value"]])).collect();
                json!({
                    "churn_probability": p["churn_probability"],
                    "probability_low": p["confidence"]["low"],
                    "probability_high": p["confidence"]["high"],
                    "base_probability": p["explanation"]["base_probability"],
                    "risk_level": p["risk_level"],
                    "shap_values": shap,
                })
            }
        };
        assert_eq!(found.to_string(), test["expected"].to_string(), "{}", test["comment"]);
        checked += 1;
        // SAFETY: the engine is ours.
        unsafe { churn_engine_free(engine) };
    }
    assert_eq!(Some(checked), vectors["number_of_tests"].as_u64());
}

#[test]
fn tables_are_read_and_every_guess_is_said() {
    let csv = b"Export\n\nid;fee\nA1;1.234,50\nA2;7,00\nTotal;1.241,50\n";
    let read = |options: Option<&CStr>| {
        let options = options.map_or(null(), CStr::as_ptr);
        // SAFETY: valid pointers, true length.
        call(|out, error| unsafe { churn::read::churn_read_bytes(csv.as_ptr(), csv.len(), options, out, error) })
            .map(take)
    };
    let found = read(None).expect("a table");
    assert_eq!((&found["rows"], &found["source"]["delimiter"]), (&json!(2), &json!(";")));
    assert_eq!((&found["source"]["header_line"], &found["columns"][1]["type"]), (&json!(3), &json!("number")));
    let all = read(Some(c"{\"keep_totals\": true}")).expect("a table");
    assert_eq!(all["rows"], json!(3));
    let (status, code, context) = read(Some(c"{\"delimiter\": \"ab\"}")).expect_err("two characters");
    assert_eq!((status, code.as_str(), &context["argument"]), (1001, "invalid_argument", &json!("delimiter")));
    let folder = std::env::temp_dir().join(format!("churn-abi-read-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("table.csv");
    std::fs::write(&path, csv).expect("a file");
    let path = c(path.to_str().expect("UTF-8"));
    // SAFETY: valid pointers.
    let by_path =
        call(|out, error| unsafe { churn::read::churn_read_file(path.as_ptr(), null(), out, error) }).map(take);
    assert_eq!(by_path.expect("a table")["rows"], json!(2));
    std::fs::remove_dir_all(&folder).expect("clean up");
    // The same object as an option of scoring.
    let text = CSV.replace(',', ";");
    let engine = telecom();
    let scored = score_csv(engine, text.as_bytes(), Some(c"{\"read\": {\"delimiter\": \";\"}}")).expect("a table");
    assert_eq!(scored["predictions"].as_array().expect("a list").len(), 3);
    // SAFETY: made above, freed once.
    unsafe { churn_engine_free(engine) };
}

#[test]
fn a_model_trained_elsewhere_predicts_rows_of_numbers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/imported");
    let path = CString::new(format!("{folder}/lgb_plain.txt")).expect("a path");
    // SAFETY: every pointer is valid for its length or NULL.
    unsafe {
        let engine = call(|out, error| churn_engine_import(path.as_ptr(), out, error)).expect("an engine");
        let rows = [2.0, 89.9, 1.0, f64::NAN, 60.0, 19.9, 0.0, 7.0];
        let (mut margins, mut probabilities, mut shap, mut base) = ([0.0; 2], [0.0; 2], [0.0; 8], 0.0);
        let status = churn_engine_predict_matrix(
            engine,
            rows.as_ptr(),
            2,
            4,
            margins.as_mut_ptr(),
            probabilities.as_mut_ptr(),
            shap.as_mut_ptr(),
            &raw mut base,
            null_mut(),
        );
        assert_eq!(status, 0);
        for row in 0..2 {
            let sum: f64 = base + shap[4 * row..4 * row + 4].iter().sum::<f64>();
            assert!((sum - margins[row]).abs() < 1e-12);
            assert!((1.0 / (1.0 + (-margins[row]).exp()) - probabilities[row]).abs() < 1e-12);
        }
        assert_ne!(margins[0], margins[1]);
        let nowhere = null_mut();
        let predict = |matrix, n_features| {
            churn_engine_predict_matrix(engine, matrix, 1, n_features, nowhere, nowhere, nowhere, nowhere, null_mut())
        };
        assert_eq!(predict(rows.as_ptr(), 4), 0, "outputs that nobody wants");
        assert_eq!(predict(rows.as_ptr(), 3), 1001, "another number of features");
        assert_eq!(predict(null(), 4), 1001);
        churn_engine_free(engine);
        let refused = CString::new(format!("{folder}/refused/xgb_softprob.json")).expect("a path");
        let (status, code, _) =
            call(|out, error| churn_engine_import(refused.as_ptr(), out, error)).expect_err("refused");
        assert_eq!((status, code.as_str()), (1002, "unsupported"));
    }
}

#[test]
fn a_model_trained_elsewhere_is_named_cut_and_explained_against_others() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/imported");
    let data = std::fs::read(format!("{folder}/lgb_plain.txt")).expect("a model");
    let path = CString::new(format!("{folder}/lgb_plain.txt")).expect("a path");
    let options = c"{\"name\": \"theirs\", \"version\": \"2.1\", \"iterations\": 3, \"profile\": \"telecom\", \
        \"feature_names\": [\"a\", \"b\", \"c\", \"d\"]}";
    let rows = [2.0, 89.9, 1.0, f64::NAN, 60.0, 19.9, 0.0, 7.0];
    let core = Engine::import(format!("{folder}/lgb_plain.txt"), &Default::default()).expect("a model");
    let matrix = churn_core::features::FeatureMatrix::from_rows(&rows, 4).expect("a matrix");
    // SAFETY: every pointer is valid for its length or NULL.
    unsafe {
        let whole = call(|out, error| churn_engine_import(path.as_ptr(), out, error)).expect("an engine");
        let cut = call(|out, error| churn_engine_import_with(path.as_ptr(), options.as_ptr(), out, error));
        let cut = cut.expect("an engine of three rounds");
        let same =
            call(|out, error| churn_engine_import_bytes(data.as_ptr(), data.len(), options.as_ptr(), out, error));
        let same = same.expect("an engine from bytes");
        let margin = |engine| {
            let mut margins = [0.0; 2];
            let nowhere = null_mut();
            let to = margins.as_mut_ptr();
            let status =
                churn_engine_predict_matrix(engine, rows.as_ptr(), 2, 4, to, nowhere, nowhere, nowhere, null_mut());
            assert_eq!(status, 0);
            margins
        };
        assert_eq!(margin(cut), margin(same));
        assert_ne!(margin(cut), margin(whole));
        let info = take(call(|out, error| churn_engine_info_json(cut, out, error)).expect("an answer"));
        assert_eq!(info["model_version"], "theirs 2.1");
        assert_eq!(info["feature_names"], json!(["a", "b", "c", "d"]));
        assert!(info["expected_value"].is_f64());
        let wrong = c"{\"rounds\": 3}";
        let (status, ..) = call(|out, error| churn_engine_import_with(path.as_ptr(), wrong.as_ptr(), out, error))
            .expect_err("an unknown option");
        assert_eq!(status, 1001);

        let (mut shap, mut base) = ([0.0; 4], 0.0);
        let status = churn_engine_shap_against(
            whole,
            rows.as_ptr(),
            1,
            4,
            rows[4..].as_ptr(),
            1,
            shap.as_mut_ptr(),
            &raw mut base,
            null_mut(),
        );
        assert_eq!(status, 0);
        let margins = margin(whole);
        assert_eq!(base.to_bits(), margins[1].to_bits(), "the mean of one row is the row");
        assert!((base + shap.iter().sum::<f64>() - margins[0]).abs() < 1e-12);
        let mut untouched = [7.0; 4];
        let none = churn_engine_shap_against(
            whole,
            rows.as_ptr(),
            1,
            4,
            null(),
            0,
            untouched.as_mut_ptr(),
            null_mut(),
            null_mut(),
        );
        assert_eq!((none, untouched), (1001, [7.0; 4]), "a background without rows");

        let mut pairs = [0.0; 32];
        let status = churn_engine_shap_interactions(whole, rows.as_ptr(), 2, 4, pairs.as_mut_ptr(), null_mut());
        assert_eq!(status, 0);
        let expected = core.predictor().shap_interactions(&matrix).expect("interactions");
        assert!(expected.iter().zip(&pairs).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(pairs.iter().any(|&v| v != 0.0));
        assert_eq!(churn_engine_shap_interactions(whole, rows.as_ptr(), 2, 4, null_mut(), null_mut()), 1001);
        for engine in [whole, cut, same] {
            churn_engine_free(engine);
        }
    }
}

#[test]
fn a_model_is_carried_as_bytes() {
    let engine = telecom();
    let record =
        c"{\"customer_id\": \"A1\", \"tenure_months\": 2, \"monthly_charges\": 89.9, \"contract\": \"One year\"}";
    // SAFETY: every pointer is valid.
    unsafe {
        let mut len = 0;
        let data = call(|out, error| churn_engine_to_bytes(engine, out, &raw mut len, error)).expect("bytes");
        let again = call(|out, error| churn_engine_from_bytes(data, len, out, error)).expect("the same model");
        assert_eq!(score_one(again, record, c"{}").expect("good"), score_one(engine, record, c"{}").expect("good"));
        let (status, ..) = call(|out, error| churn_engine_from_bytes(data, len / 2, out, error)).expect_err("half");
        assert!((1501..1600).contains(&status), "{status}");
        let mut nothing: *mut u8 = null_mut();
        assert_eq!(churn_engine_to_bytes(engine, &raw mut nothing, null_mut(), null_mut()), 1001);
        assert!(nothing.is_null());
        churn_bytes_free(data, len);
        churn_bytes_free(null_mut(), 0);
        churn_engine_free(again);
        churn_engine_free(engine);
    }
}

#[test]
fn a_table_is_mapped_once_and_explained_against_another() {
    let engine = telecom();
    let csv = CSV.replace("contract", "trial_end");
    let table = |data: &str| {
        // SAFETY: every pointer is valid.
        call(|out, error| unsafe { churn_table_from_bytes(data.as_ptr(), data.len(), out, error) }).expect("a table")
    };
    let (first, whole) = (table(&csv), table(CSV));
    let options = c"{\"profile\": \"telecom\", \"overrides\": {\"trial_end\": \"contract\"}}";
    // SAFETY: every pointer is valid.
    unsafe {
        let mapping =
            call(|out, error| churn_map_table(first, options.as_ptr(), out, error)).map(take).expect("mapped");
        assert_eq!(mapping["fields"]["contract"], "trial_end");
        let given = c(&json!({ "mapping": mapping }).to_string());
        let scored = score_csv(engine, csv.as_bytes(), Some(&given)).expect("a known mapping");
        let plain = score_csv(engine, CSV.as_bytes(), None).expect("a good table");
        assert_eq!(
            scored["predictions"][1]["churn_probability"].as_f64(),
            plain["predictions"][1]["churn_probability"].as_f64()
        );
        let report = call(|out, error| churn_validate(first, given.as_ptr(), out, error)).map(take).expect("a report");
        assert_eq!(report["n_rows"], 3);
        let samples = c"{\"samples\": {}}";
        let (status, ..) =
            call(|out, error| churn_map_table(first, samples.as_ptr(), out, error)).expect_err("no samples of a table");
        assert_eq!(status, 1001);
        let (status, ..) = call(|out, error| churn_map_table(null(), null(), out, error)).expect_err("NULL");
        assert_eq!(status, 1001);

        let core = Engine::pretrained("telecom").expect("a shipped model");
        let expected = core.explain_against(CSV.as_bytes(), CSV.as_bytes(), &ScoreOptions::default());
        let expected = expected.expect("explained");
        let mut stream = arrow_array::ffi_stream::FFI_ArrowArrayStream::empty();
        let status = churn_engine_explain_against_arrow(engine, whole, whole, null(), &raw mut stream, null_mut());
        assert_eq!(status, 0);
        let reader = arrow_array::ffi_stream::ArrowArrayStreamReader::try_new(stream).expect("a stream");
        let batch = reader.map(|b| b.expect("a batch")).next().expect("one batch");
        assert_eq!(batch.num_columns(), expected.feature_names.len() + 1);
        for (i, values) in expected.values.columns().into_iter().enumerate() {
            let column = arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Float64Type>(batch.column(i));
            assert!(values.iter().zip(column.values()).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        churn_table_free(first);
        churn_table_free(whole);
        churn_engine_free(engine);
    }
}

#[test]
fn reasons_are_told_in_other_languages() {
    let engine = telecom();
    let record = c"{\"customer_id\":\"A1\",\"tenure_months\":1,\"monthly_charges\":90,\"contract\":\"Month-to-month\"}";
    // SAFETY: every pointer is valid, and both engines are ours.
    unsafe {
        let german = call(|out, error| churn_engine_with_language(engine, c"de".as_ptr(), out, error)).expect("German");
        let told = score_one(german, record, c"{}").expect("a customer");
        assert!(told.to_string().contains(": 1 Monat"));
        let none = call(|out, error| churn_engine_with_language(engine, c"xx".as_ptr(), out, error));
        assert_eq!(none.expect_err("no such language").0, 1001);
        churn_engine_free(german);
        churn_engine_free(engine);
    }
}

#[test]
fn a_model_is_calibrated_on_labelled_customers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/telecom_labelled.csv");
    let text = std::fs::read_to_string(path).expect("the customers");
    // Of those who stay only every fifth: here more leave than where the model was made.
    let kept = |(i, line): &(usize, &str)| *i == 0 || line.ends_with(",Yes") || i % 5 == 0;
    let own: String = text.lines().enumerate().filter(kept).flat_map(|(_, line)| [line, "\n"]).collect();
    let engine = telecom();
    // SAFETY: every pointer is valid.
    unsafe {
        let table = call(|out, error| churn_table_from_bytes(own.as_ptr(), own.len(), out, error)).expect("a table");
        let loss = |engine| {
            let measured = call(|out, error| churn_engine_evaluate(engine, table, null(), out, error));
            take(measured.expect("measured"))["log_loss"].as_f64().expect("a number")
        };
        let better = call(|out, error| churn_engine_calibrate(engine, table, null(), out, error)).expect("calibrated");
        assert!(loss(better) < loss(engine));
        let few = CSV.replace("Month-to-month\n", "");
        let few = call(|out, error| churn_table_from_bytes(few.as_ptr(), few.len(), out, error)).expect("a table");
        assert!(call(|out, error| churn_engine_calibrate(engine, few, null(), out, error)).is_err());
        for table in [table, few] {
            churn_table_free(table);
        }
        churn_engine_free(better);
        churn_engine_free(engine);
    }
}
