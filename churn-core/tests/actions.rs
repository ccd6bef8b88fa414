//! What-if, counterfactuals, leads and lifetimes through the engine, on shipped and on real data.
#![cfg(all(feature = "pretrained", feature = "train"))]

use churn_core::decide::{LifetimeModel, Subject, uplift_readout};
use churn_core::engine::{CounterfactualOptions, LeadOptions, lead_score};
use churn_core::schema::Profile;
use churn_core::train::Learner;
use churn_core::{Engine, Record, ScoreOptions, TrainOptions, read};
use serde_json::json;
use std::path::{Path, PathBuf};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data").join(file)
}

fn real(file: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or_else(|| data("../../shared/data"), PathBuf::from);
    let path = directory.join(file);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn record(value: serde_json::Value) -> Record {
    value.as_object().expect("an object").clone()
}

fn risky() -> Record {
    record(json!({
        "Customer No": "c1", "Months with us": 3, "Monthly Fee": 95.0, "Contract Type": "Month-to-month",
        "Payment Type": "Electronic check", "Internet": "Fiber optic", "Tech Support": "No", "Online Security": "No",
        "Total Charges": 285.0
    }))
}

fn options() -> ScoreOptions<'static> {
    let overrides = [
        ("Customer No", "customer_id"),
        ("Months with us", "tenure_months"),
        ("Monthly Fee", "monthly_charges"),
        ("Contract Type", "contract"),
        ("Payment Type", "payment_method"),
        ("Internet", "internet_service"),
        ("Tech Support", "tech_support"),
        ("Online Security", "online_security"),
        ("Total Charges", "total_charges"),
    ];
    ScoreOptions {
        overrides: overrides.iter().map(|(h, f)| ((*h).to_owned(), Some((*f).to_owned()))).collect(),
        ..ScoreOptions::default()
    }
}

#[test]
fn what_if_changes_the_column_that_means_the_field() {
    let engine = Engine::pretrained("telecom").expect("model");
    let before = engine.score_one(&risky(), &options()).expect("score").churn_probability;
    let by_field = engine.what_if(&risky(), &record(json!({ "contract": "Two year" })), &options()).expect("what if");
    let by_header =
        engine.what_if(&risky(), &record(json!({ "Contract Type": "Two year" })), &options()).expect("what if");
    assert_eq!(by_field, by_header);
    assert!(by_field.churn_probability < before - 0.1, "{before} {}", by_field.churn_probability);
    let same = engine.what_if(&risky(), &record(json!({ "contract": "month to month" })), &options()).expect("what if");
    assert_eq!(same.churn_probability.to_bits(), before.to_bits());
    let new = engine.what_if(&risky(), &record(json!({ "online_backup": "Yes" })), &options()).expect("what if");
    assert_ne!(new.churn_probability, before, "a column that the record lacks");
    let error = engine.what_if(&risky(), &record(json!({ "shoe_size": 44 })), &options()).expect_err("no such field");
    assert_eq!(error.code(), "invalid_argument");
    assert_eq!(engine.what_if(&risky(), &Record::new(), &options()).expect_err("nothing").code(), "invalid_argument");
}

#[test]
fn counterfactuals_are_valid_diverse_and_cheapest_first() {
    let engine = Engine::pretrained("telecom").expect("model");
    let find = |target: f64, max_changes: usize| {
        let options = CounterfactualOptions {
            target,
            max_changes: Some(max_changes),
            score: options(),
            ..CounterfactualOptions::default()
        };
        engine.counterfactuals(&risky(), &options).expect("search")
    };
    let found = find(0.4, 3);
    assert!(found.churn_probability > 0.6 && found.answers.len() == 3, "{found:?}");
    for answer in &found.answers {
        let changes: Record = answer.changes.iter().map(|c| (c.field.clone(), c.to.clone())).collect();
        let then = engine.what_if(&risky(), &changes, &options()).expect("what if").churn_probability;
        assert_eq!(then.to_bits(), answer.churn_probability.to_bits());
        assert!(then <= 0.4);
        for needless in answer.changes.iter().filter(|_| answer.changes.len() > 1) {
            let rest: Record =
                answer.changes.iter().filter(|c| *c != needless).map(|c| (c.field.clone(), c.to.clone())).collect();
            assert!(engine.what_if(&risky(), &rest, &options()).expect("what if").churn_probability > 0.4);
        }
        for change in &answer.changes {
            assert!(found.actionable.contains(&change.field) && change.from != change.to);
        }
    }
    assert!(found.answers.windows(2).all(|w| w[0].cost <= w[1].cost));
    let fields = |i: usize| found.answers[i].changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>();
    assert!(fields(0) != fields(1) && fields(1) != fields(2) && fields(0) != fields(2));
    let none = find(0.001, 3);
    assert!(none.answers.is_empty() && none.note.starts_with("none exists") && none.reachable > 0.001, "{none:?}");
    assert!(find(0.99, 3).answers.is_empty() && find(0.99, 3).note.contains("already"));
    let bad = CounterfactualOptions { target: 2.0, ..CounterfactualOptions::default() };
    assert_eq!(engine.counterfactuals(&risky(), &bad).expect_err("no probability").code(), "invalid_argument");
}

#[test]
fn leads_are_predicted_without_what_sales_people_noted() {
    let Some(path) = real("Lead_Scoring_X_Education.csv.gz") else { return };
    let all = read::read_path(&path, &Default::default()).expect("read");
    // A third of the leads and two folds, to be quick: `make bench-leads` gives the figure to quote.
    let text = |c: &churn_core::table::RawColumn, r| c.data.cell(r).map(|cell| (c.name.clone(), cell.as_ref().into()));
    let leads: Vec<Record> =
        (0..all.n_rows()).step_by(3).map(|r| all.columns().iter().filter_map(|c| text(c, r)).collect()).collect();
    let raw = read::read_records(&leads).expect("records");
    let options = TrainOptions {
        label: Some("Converted".into()),
        folds: Some(vec![(0..raw.n_rows()).map(|r| r % 2).collect()]),
        profile: Some(Profile::shipped("lead").expect("profile")),
        learner: Learner::Logistic,
        ..TrainOptions::default()
    };
    let engine = Engine::train(&leads[..], &options).expect("trained");
    let auc = engine.model().card.metrics.iter().find(|m| m.name == "auc").expect("auc").mean;
    let features: Vec<&str> = engine.model().plan.features().iter().map(|f| f.name.as_str()).collect();
    println!("auc {auc:.4} with {features:?}");
    for barred in ["Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"] {
        assert!(!features.contains(&barred), "{barred}");
    }
    assert!(!features.iter().any(|f| f.ends_with("Index") || f.ends_with("Score")), "{features:?}");
    assert!((0.82..0.92).contains(&auc), "{auc}");
    // The B2B scorecard knows next to nothing of this table: its figure stands beside, as it is.
    let scores = lead_score(
        &leads[..],
        &LeadOptions {
            config: Some(churn_core::lead::LeadConfig::shipped("saas").expect("scorecard")),
            ..LeadOptions::default()
        },
    )
    .expect("scored");
    let converted = &raw.column("Converted").expect("label").data;
    let labels: Vec<bool> = (0..raw.n_rows()).map(|r| converted.cell(r).as_deref() == Some("1")).collect();
    let points: Vec<f64> = scores.scores.iter().map(|s| s.score).collect();
    println!("scorecard auc {:.4} with {:?}", churn_core::metrics::auc(&labels, &points), scores.fields);
}

#[test]
fn an_experiment_is_read_out() {
    let Some(path) = real("hillstrom_minethatdata_email.csv.gz") else { return };
    let raw = read::read_path(&path, &Default::default()).expect("read");
    let cell =
        |name: &str, r: usize| raw.column(name).expect(name).data.cell(r).map(|c| c.into_owned()).unwrap_or_default();
    let arm = |wanted: &str| -> Vec<Subject> {
        let rows = (0..raw.n_rows()).filter(|&r| cell("segment", r) == wanted);
        rows.map(|r| Subject {
            outcome: cell("visit", r).parse().expect("0 or 1"),
            score: cell("history", r).parse().ok(),
        })
        .collect()
    };
    let out = uplift_readout(&arm("Womens E-Mail"), &arm("No E-Mail"), 0).expect("readout");
    println!("{:?} {:?}", out.effect, out.ranking.as_ref().map(|r| (r.auuc, r.qini)));
    // Published: 15.14 % against 10.62 % visited.
    assert_eq!((out.n_treated, out.n_control), (21_387, 21_306));
    assert!((out.treated - 0.1514).abs() < 1e-4 && (out.control - 0.1062).abs() < 1e-4);
    assert!(out.finding == "raises" && out.effect.low > 0.038 && out.effect.high < 0.052);
    assert!(out.evidence.starts_with("tested: raises"));
}

#[test]
fn lifetimes_fit_the_kaplan_meier_curve() {
    let Some(path) = real("WA_Fn-UseC_-Telco-Customer-Churn.csv") else { return };
    let raw = read::read_path(&path, &Default::default()).expect("read");
    let cell =
        |name: &str, r: usize| raw.column(name).expect(name).data.cell(r).map(|c| c.into_owned()).unwrap_or_default();
    let tenures: Vec<f64> = (0..raw.n_rows()).map(|r| cell("tenure", r).parse().expect("months")).collect();
    let churned: Vec<bool> = (0..raw.n_rows()).map(|r| cell("Churn", r) == "Yes").collect();
    let model = LifetimeModel::fit(&tenures, &churned).expect("fit");
    println!("{model:?} {:.2} {:.2}", model.remaining_months(1.0, 60), model.remaining_months(40.0, 60));
    assert!(model.distance_to_kaplan_meier < 0.03, "{model:?}");
    assert!(model.remaining_months(40.0, 60) > model.remaining_months(1.0, 60));
}
