//! Rebuilds the shipped models: `cargo run --release -p churn-core --no-default-features --features train --example
//! build_models -- telecom saas`. The telecom model learns from the IBM Telco file in `$CHURN_DATA_DIR` (default
//! `../shared/data` beside the checkout), on the folds of `$CHURN_FOLDS_DIR` (default `../shared/peers/folds`) where
//! they are there. Same data, same bytes.

use churn_core::model::Model;
use churn_core::progress::Progress;
use churn_core::schema::Profile;
use churn_core::{Engine, TrainOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the file's columns are: stated, so that the shipped model does not hang on the mapper's judgement.
const TELCO_FIELDS: [(&str, &str); 21] = [
    ("customerID", "customer_id"),
    ("gender", "gender"),
    ("SeniorCitizen", "senior_citizen"),
    ("Partner", "partner"),
    ("Dependents", "dependents"),
    ("tenure", "tenure_months"),
    ("PhoneService", "phone_service"),
    ("MultipleLines", "multiple_lines"),
    ("InternetService", "internet_service"),
    ("OnlineSecurity", "online_security"),
    ("OnlineBackup", "online_backup"),
    ("DeviceProtection", "device_protection"),
    ("TechSupport", "tech_support"),
    ("StreamingTV", "streaming_tv"),
    ("StreamingMovies", "streaming_movies"),
    ("Contract", "contract"),
    ("PaperlessBilling", "paperless_billing"),
    ("PaymentMethod", "payment_method"),
    ("MonthlyCharges", "monthly_charges"),
    ("TotalCharges", "total_charges"),
    ("Churn", "churned"),
];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in &wanted {
        match name.as_str() {
            "telecom" => publish(&root, telecom(&root)?)?,
            "saas" => publish(&root, saas(&root)?)?,
            other => return Err(format!("there is no model '{other}': use telecom or saas").into()),
        }
    }
    if wanted.is_empty() {
        eprintln!("usage: build_models telecom saas");
    }
    Ok(())
}

fn telecom(root: &Path) -> Result<Engine, Failure> {
    let data = directory(root, "CHURN_DATA_DIR", "../shared/data");
    let folds = directory(root, "CHURN_FOLDS_DIR", "../shared/peers/folds").join("telco.csv");
    let progress = |p: Progress| {
        eprint!("\r{}: {} of {} folds", p.stage, p.done, p.total);
        true
    };
    let options = TrainOptions {
        profile: Some(Profile::shipped("telecom")?),
        data_description: Some("IBM Telco customer churn sample (7,043 fictional subscribers, one snapshot)".into()),
        folds: if folds.exists() { Some(read_folds(&folds)?) } else { None },
        overrides: TELCO_FIELDS
            .iter()
            .map(|(header, field)| ((*header).to_owned(), Some((*field).to_owned())))
            .collect(),
        progress: Some(&progress),
        ..TrainOptions::default()
    };
    let engine = Engine::train(data.join("WA_Fn-UseC_-Telco-Customer-Churn.csv"), &options)?;
    eprintln!();
    Ok(engine)
}

fn saas(root: &Path) -> Result<Engine, Failure> {
    let text = std::fs::read_to_string(root.join("models/saas/scorecard.toml"))?;
    Ok(Engine::from_model(Model::from_scorecard(&text, Profile::shipped("saas")?)?)?)
}

fn publish(root: &Path, engine: Engine) -> Result<(), Failure> {
    let model = engine.model();
    let directory = root.join("models").join(&model.name).join(&model.version);
    std::fs::create_dir_all(&directory)?;
    engine.save(directory.join("model.safetensors"))?;
    let features: Vec<&str> = model.plan.features().iter().map(|f| f.name.as_str()).collect();
    let title = format!("Model card: {}", model.model_version());
    std::fs::write(directory.join("card.md"), model.card.to_markdown(&title, &features, &model.label.description))?;
    std::fs::write(directory.join("card.json"), serde_json::to_string_pretty(&model.card)? + "\n")?;
    println!("{} -> {}", model.model_version(), directory.display());
    for metric in &model.card.metrics {
        println!("  {:<9} {:.4} (sd {:.4})", metric.name, metric.mean, metric.sd);
    }
    Ok(())
}

fn directory(root: &Path, variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| root.join(default), PathBuf::from)
}

/// `row,repeat,fold` lines to one fold number a row for each repeat.
fn read_folds(path: &Path) -> Result<Vec<Vec<usize>>, Failure> {
    let mut repeats: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for line in std::fs::read_to_string(path)?.lines().skip(1) {
        let numbers = line.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let [row, repeat, fold] = numbers[..] else { return Err(format!("'{line}' is not row,repeat,fold").into()) };
        repeats.entry(repeat).or_default().insert(row, fold);
    }
    Ok(repeats.into_values().map(|rows| rows.into_values().collect()).collect())
}
