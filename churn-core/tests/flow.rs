//! The whole flow on shipped data, and what must never depend on how it is run.
#![cfg(feature = "pretrained")]

use churn_core::{Engine, Record, ScoreOptions, read};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data").join(file)
}

fn engine() -> Engine {
    Engine::pretrained("telecom").expect("model")
}

#[test]
fn a_messy_file_is_scored_in_its_order() {
    let options = ScoreOptions { as_of: Some("2026-06-30".into()), ..ScoreOptions::default() };
    let scored = engine().score(data("telecom_customers.csv"), &options).expect("score");
    assert_eq!(scored.predictions.len(), 502);
    let expected = [
        ("customer_id", "Subscriber ID"),
        ("tenure_months", "Tenure (months)"),
        ("contract", "Contract Type"),
        ("monthly_charges", "Monthly Fee"),
        ("total_charges", "Total Billed"),
        ("payment_method", "Payment Type"),
        ("internet_service", "Internet"),
        ("tech_support", "Tech Support Plan"),
    ];
    for (field, source) in expected {
        assert_eq!(scored.mapping.source_of(field), Some(source), "{field}");
    }
    assert_ne!(scored.mapping.source_of("phone"), Some("Phone"), "yes and no are no phone numbers");
    let codes: Vec<&str> = scored.quality.findings.iter().map(|f| f.code.as_str()).collect();
    for code in ["unreadable_value", "out_of_range", "ragged_row", "duplicate_customer_id"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert!(scored.quality.score > 50.0 && scored.quality.score < 100.0);
}

#[test]
fn no_personal_data_comes_out() {
    let scored = engine().score(data("telecom_customers.csv"), &ScoreOptions::default()).expect("score");
    let out = format!("{}{:?}{:?}", scored.predictions.to_csv().expect("csv"), scored.quality, scored.mapping);
    assert!(!out.contains('@'), "an e-mail address in the output");
}

#[test]
fn threads_and_column_order_and_form_change_no_bit() {
    let engine = engine();
    let path = data("telecom_labelled.csv");
    let reference = engine.score(path.as_path(), &ScoreOptions::default()).expect("score").predictions;
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let again = pool.install(|| engine.score(path.as_path(), &ScoreOptions::default())).expect("score").predictions;
        assert_eq!(again, reference, "{threads} threads");
    }
    let raw = read::read_path(&path, &Default::default()).expect("read");
    let records: Vec<Record> = (0..raw.n_rows())
        .map(|r| {
            let mut columns: Vec<_> = raw.columns().iter().collect();
            columns.reverse();
            columns.into_iter().filter_map(|c| Some((c.name.clone(), c.data.cell(r)?.into_owned().into()))).collect()
        })
        .collect();
    let from_records = engine.score(records.as_slice(), &ScoreOptions::default()).expect("score").predictions;
    assert_eq!(from_records, reference);
    for row in [0, 7, 1999] {
        let one = engine.score_one(&records[row], &ScoreOptions::default()).expect("score one");
        assert_eq!(one.churn_probability.to_bits(), reference.churn_probabilities()[row].to_bits());
    }
}

#[test]
fn a_saved_model_scores_the_same_bits() {
    let engine = engine();
    let directory = std::env::temp_dir().join(format!("churn-flow-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("directory");
    let path = directory.join("model.safetensors");
    engine.save(&path).expect("save");
    let again = Engine::load(&path).expect("load");
    let score =
        |e: &Engine| e.score(data("telecom_labelled.csv"), &ScoreOptions::default()).expect("score").predictions;
    assert_eq!(score(&again), score(&engine));
    let broken = engine.save(directory.join("no/such/place.safetensors")).expect_err("no directory");
    assert_eq!(broken.code(), "io");
    std::fs::remove_dir_all(&directory).expect("clean up");
}

#[test]
fn bad_input_is_a_typed_error() {
    let cases = [
        ("bad/empty.csv", "empty_input"),
        ("bad/header_only.csv", "empty_input"),
        ("bad/binary.csv", "malformed"),
        ("bad/utf32.csv", "encoding"),
        ("bad/no_customer_id.csv", "field_unmapped"),
        ("bad/one_column.csv", "field_unmapped"),
        ("bad/absent.csv", "io"),
    ];
    for (file, code) in cases {
        let error = engine().score(data(file), &ScoreOptions::default()).map(|_| ()).expect_err(file);
        assert_eq!(error.code(), code, "{file}: {error}");
        assert!(error.suggestion().is_some(), "{file} does not say how to mend it");
    }
}

#[test]
fn dates_without_a_day_are_told() {
    let saas = Engine::pretrained("saas").expect("model");
    let codes = |as_of: Option<&str>| {
        let options = ScoreOptions { as_of: as_of.map(str::to_owned), ..ScoreOptions::default() };
        let scored = saas.score(data("saas_customers.csv"), &options).expect("score");
        scored.quality.findings.iter().map(|f| f.code.clone()).collect::<Vec<_>>()
    };
    assert!(codes(None).contains(&"as_of_missing".to_owned()));
    assert!(!codes(Some("2026-06-30")).contains(&"as_of_missing".to_owned()));
}

#[test]
fn a_stopped_call_says_so() {
    let stop = |_| false;
    let options = ScoreOptions { progress: Some(&stop), ..ScoreOptions::default() };
    let error = engine().score(data("telecom_labelled.csv"), &options).map(|_| ()).expect_err("stopped");
    assert_eq!(error.code(), "cancelled");
}

#[test]
fn model_files_of_every_format_version_still_load() {
    let mut n = 0;
    for entry in std::fs::read_dir(data("models/v1")).expect("stored models").flatten() {
        let engine = Engine::load(entry.path()).expect("an old model");
        let record: Record = serde_json::from_str(
            r#"{"customer_id": 1, "tenure_months": 3, "monthly_charges": 80, "contract": "Month-to-month"}"#,
        )
        .expect("json");
        let p = engine.score_one(&record, &ScoreOptions::default()).expect("score").churn_probability;
        assert!(p > 0.0 && p < 1.0);
        n += 1;
    }
    assert!(n >= 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happens to a model file, loading it is an error or a valid model, never a panic.
    #[test]
    fn damaged_model_files_never_panic(cut in 0usize..4000, flips in prop::collection::vec((0usize..18_000, any::<u8>()), 0..6)) {
        let mut bytes = std::fs::read(data("models/v1/telecom-1.0.0.safetensors")).expect("model");
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if cut > 0 {
            bytes.truncate(bytes.len().saturating_sub(cut));
        }
        let _ = Engine::from_bytes(&bytes);
    }

    /// Any values in a record give a probability or a typed error.
    #[test]
    fn any_record_is_scored_or_refused(tenure in any::<f64>(), fee in "\\PC{0,12}", contract in "\\PC{0,12}") {
        let record: Record = [
            ("customer_id".to_owned(), "x".into()),
            ("tenure_months".to_owned(), tenure.into()),
            ("monthly_charges".to_owned(), fee.into()),
            ("contract".to_owned(), contract.into()),
        ].into_iter().collect();
        if let Ok(p) = engine().score_one(&record, &ScoreOptions::default()) {
            prop_assert!((0.0..=1.0).contains(&p.churn_probability));
            let total: f64 = p.top_factors.iter().map(|f| f.impact).sum();
            prop_assert!((total - (p.churn_probability - p.base_probability)).abs() < 1e-9);
        }
    }
}
