//! Predictive lead scoring on real leads, and what the point scorecards make of the same table:
//! `cargo run --release --example lead_scoring -- PATH LABEL` (default: the leads in `CHURN_DATA_DIR`).

use churn_core::engine::{LeadOptions, lead_score};
use churn_core::lead::LeadConfig;
use churn_core::schema::Profile;
use churn_core::train::Learner;
use churn_core::{Engine, Result, TrainOptions, read};
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let path = arguments.next().map_or_else(|| directory.join("Lead_Scoring_X_Education.csv.gz"), PathBuf::from);
    let label = arguments.next().unwrap_or_else(|| "Converted".into());
    if !path.exists() {
        println!("no leads at {}: nothing is measured", path.display());
        return Ok(());
    }
    let raw = read::read_path(&path, &Default::default())?;
    let n = raw.n_rows();
    for learner in [Learner::Logistic, Learner::Boosting] {
        let options = TrainOptions {
            label: Some(label.clone()),
            profile: Some(Profile::shipped("lead")?),
            learner,
            // Five folds, row by row in turn.
            folds: Some(vec![(0..n).map(|r| r % 5).collect()]),
            ..TrainOptions::default()
        };
        let engine = Engine::train(path.as_path(), &options)?;
        let card = &engine.model().card;
        let figure = |name: &str| card.metrics.iter().find(|m| m.name == name).map_or(f64::NAN, |m| m.mean);
        println!(
            "{learner:?}: AUC {:.4}, log loss {:.4} from five folds on {n} leads, {} columns",
            figure("auc"),
            figure("log_loss"),
            engine.model().plan.features().len()
        );
    }
    let labels: Vec<Option<bool>> = match raw.column(&label) {
        Some(column) => (0..n)
            .map(|r| column.data.cell(r).map(|c| ["1", "true", "yes"].contains(&c.to_lowercase().as_str())))
            .collect(),
        None => Vec::new(),
    };
    for name in LeadConfig::shipped_names() {
        let options = LeadOptions { config: Some(LeadConfig::shipped(name)?), ..LeadOptions::default() };
        match lead_score(path.as_path(), &options) {
            Ok(scores) => {
                let (truth, points): (Vec<bool>, Vec<f64>) =
                    labels.iter().zip(&scores.scores).filter_map(|(y, s)| Some(((*y)?, s.score))).unzip();
                let coverage = scores.scores.iter().map(|s| s.coverage).sum::<f64>() / n as f64;
                println!(
                    "scorecard '{name}': AUC {:.4} with {:.0} % of its points known, from {:?}",
                    churn_core::metrics::auc(&truth, &points),
                    100.0 * coverage,
                    scores.fields
                );
            }
            Err(error) => println!("scorecard '{name}': {}", error.message()),
        }
    }
    Ok(())
}
