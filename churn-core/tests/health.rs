//! Health scores through the engine: shipped data, real data, properties.

use churn_core::Record;
use churn_core::engine::{HealthOptions, health_backtest, health_score};
use churn_core::health::{HealthBand, HealthConfig};
use proptest::prelude::*;
use serde_json::json;
use std::path::{Path, PathBuf};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data").join(file)
}

fn record(value: serde_json::Value) -> Record {
    value.as_object().expect("an object").clone()
}

fn healthy() -> Record {
    record(json!({
        "customer_id": "a", "tenure_months": 20, "logins_30d": 20, "active_days_30d": 12, "seats_purchased": 10, "seats_used": 7,
        "open_tickets": 1, "failed_payments": 0, "nps_score": 8, "contract": "One year", "days_past_due": 3, "monthly_charges": 100
    }))
}

fn score_of(record: &Record) -> f64 {
    let options = HealthOptions {
        config: Some(HealthConfig::shipped("saas").expect("config")),
        scales: [("nps_score".to_owned(), [0.0, 10.0])].into(),
        as_of: Some("2026-06-30".into()),
        ..HealthOptions::default()
    };
    let scores = health_score(std::slice::from_ref(record), &options).expect("scored");
    scores.scores[0].score.expect("known")
}

#[test]
fn shipped_customers_are_scored_and_every_point_has_an_origin() {
    for (file, config) in [("saas_customers.csv", "saas"), ("telecom_customers.csv", "telecom")] {
        let options = HealthOptions { as_of: Some("2026-06-30".into()), ..HealthOptions::default() };
        let scores = health_score(data(file), &options).expect("scored");
        assert_eq!(scores.config.name, config);
        let known: Vec<_> = scores.scores.iter().filter(|s| s.score.is_some()).collect();
        assert!(known.len() as f64 > 0.9 * scores.scores.len() as f64, "{file}: {}", known.len());
        for score in known {
            let (won, weight) = score.points.iter().fold((0.0, 0.0), |(w, e), p| (w + p.won(), e + p.weight));
            assert!((won - score.score.expect("known")).abs() < 1e-6 && (weight - 100.0).abs() < 1e-9);
        }
        let bands: std::collections::BTreeSet<HealthBand> = scores.scores.iter().map(|s| s.band).collect();
        assert!(bands.len() >= 3, "{file}: {bands:?}");
    }
}

#[test]
fn the_shipped_telecom_configuration_ranks_real_churn() {
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or_else(|| data("../../shared/data"), PathBuf::from);
    let path = directory.join("WA_Fn-UseC_-Telco-Customer-Churn.csv");
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return;
    }
    let result = health_backtest(path, None, &HealthOptions::default()).expect("backtest");
    println!(
        "auc {:.4} +- {:.4}, lift {:.2}, suggested {:?}",
        result.auc, result.auc_se, result.lift_10, result.suggested_auc
    );
    println!("{:#?}\n{:#?}", result.bands, result.advice);
    assert!(result.auc > 0.75 && result.bands_ordered, "{result:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// More of what is better never lowers the score, more of what is worse never raises it.
    #[test]
    fn the_score_is_monotone(which in 0usize..6, a in 0.0f64..60.0, more in 0.0f64..60.0) {
        let (field, up) = [("logins_30d", true), ("seats_used", true), ("open_tickets", false), ("failed_payments", false), ("days_past_due", false), ("features_used", true)][which];
        let with = |x: f64| {
            let mut record = healthy();
            record.insert(field.to_owned(), json!(x));
            if field == "seats_used" {
                record.insert("seats_purchased".to_owned(), json!(120));
            }
            score_of(&record)
        };
        let (low, high) = (with(a), with(a + more));
        prop_assert!(if up { high >= low } else { high <= low }, "{field}: {a} gives {low}, {} gives {high}", a + more);
    }

    /// A column that no measure reads changes nothing; neither does the order of the columns or of the rows.
    #[test]
    fn unrelated_columns_and_orders_change_nothing(extra in "\\PC{0,8}", turn in 0usize..12) {
        let base = score_of(&healthy());
        let mut record: Record = healthy();
        record.insert("Some other column".to_owned(), json!(extra));
        let mut cells: Vec<_> = record.into_iter().collect();
        let by = turn % cells.len();
        cells.rotate_left(by);
        prop_assert_eq!(score_of(&cells.into_iter().collect()), base);
    }
}

#[test]
fn the_order_in_the_file_and_the_threads_change_no_bit() {
    let mut turned = HealthConfig::shipped("saas").expect("config");
    turned.dimensions.reverse();
    for dimension in &mut turned.dimensions {
        dimension.measures.reverse();
    }
    let run = |config: HealthConfig| {
        let options =
            HealthOptions { config: Some(config), as_of: Some("2026-06-30".into()), ..HealthOptions::default() };
        health_score(data("saas_customers.csv"), &options).expect("scored").scores
    };
    let reference = run(HealthConfig::shipped("saas").expect("config"));
    assert_eq!(run(turned), reference);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("pool");
    assert_eq!(pool.install(|| run(HealthConfig::shipped("saas").expect("config"))), reference);
}
