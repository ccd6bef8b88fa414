//! The pretrained telecom model on the real IBM Telco file; skipped where the data is not there.
#![cfg(feature = "pretrained")]

use churn_core::explain::{ADDITIVITY, Reasoner};
use churn_core::features::derive;
use churn_core::validate::{ValidateOptions, validate};
use churn_core::{Engine, ScoreOptions, read, score};
use std::path::{Path, PathBuf};

fn telco() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or(default, PathBuf::from);
    let path = directory.join("WA_Fn-UseC_-Telco-Customer-Churn.csv");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {} (set CHURN_DATA_DIR)", path.display());
    None
}

#[test]
fn every_row_adds_up() {
    let Some(path) = telco() else { return };
    let engine = Engine::pretrained("telecom").expect("model");
    let raw = read::read_path(&path, &Default::default()).expect("read");
    let mapping = engine.map(&raw, &Default::default()).expect("map");
    let judged = validate(&raw, &mapping, &engine.model().profile, &ValidateOptions::default()).expect("validate");
    let table = derive(&judged.table, None).expect("derive");
    let matrix = engine.model().plan.transform(&table).expect("matrix");
    assert_eq!(matrix.n_rows(), 7043);
    assert!(engine.model().plan.absent_in(&table).is_empty(), "the file has every feature");
    let scores = score::score(engine.model(), &matrix);
    let explanation = engine.explain(&raw, &ScoreOptions::default()).expect("explain");
    let reasoner = Reasoner::new(engine.model(), engine.explainer());
    for (row, score) in scores.iter().enumerate() {
        let sum = explanation.base_value + explanation.values.row(row).sum();
        assert!((sum - score.raw).abs() <= ADDITIVITY * score.raw.abs().max(1.0), "row {row}: {sum} {}", score.raw);
        let (raw, factors) = reasoner.factors(matrix.row(row), |_| None).expect("factors");
        let told: f64 = factors.iter().map(|f| f.shap_value).sum();
        assert!((explanation.base_value + told - raw).abs() <= ADDITIVITY * raw.abs().max(1.0), "row {row}: reasons");
        assert_eq!(raw.to_bits(), score.raw.to_bits(), "row {row}");
        assert!(score.low <= score.probability && score.probability <= score.high, "row {row}");
    }
}

#[test]
fn what_a_careful_analyst_would_say() {
    let Some(path) = telco() else { return };
    let engine = Engine::pretrained("telecom").expect("model");
    let scored = engine.score(path.as_path(), &ScoreOptions::default()).expect("score");
    let repaired = scored.quality.findings.iter().find(|f| f.code == "repaired_from_rule").expect("blank totals");
    assert_eq!((repaired.field.as_deref(), repaired.rows_affected), (Some("total_charges"), 11));
    let summary = scored.predictions.summary();
    // 1,869 of the 7,043 left.
    assert!((summary.expected_churners - 1869.0).abs() < 40.0, "{}", summary.expected_churners);
}

#[test]
fn the_model_card_states_at_least_plain_logistic_regression() {
    let engine = Engine::pretrained("telecom").expect("model");
    let card = &engine.model().card;
    for name in ["auc", "log_loss", "brier", "ece", "lift_10"] {
        assert!(card.metric(name).is_some_and(|m| m.mean.is_finite()), "{name}");
    }
    assert!(
        card.metric("auc").is_some_and(|m| m.mean >= 0.8453),
        "plain logistic regression reaches 0.8453 on the same folds"
    );
    assert_eq!((card.n_rows, card.n_positive), (7043, 1869));
}
