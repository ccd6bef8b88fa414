//! Does a training set of many snapshots beat the raw last snapshot? The same learner on both, judged on a later day.
//! `cargo run --release --example event_training` with the real data in `CHURN_DATA_DIR` (default `../shared/data`).

use churn_core::engine::{EventData, EventOptions, TrainingSetOptions, build_features, build_training_set};
use churn_core::events::{ChurnDefinition, FeatureTable};
use churn_core::schema::{Profile, TableKind};
use churn_core::train::Learner;
use churn_core::{Engine, Input, Record, Result, ScoreOptions, TrainOptions, read};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

fn text(record: &Record, key: &str) -> String {
    record.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
}

fn records(path: PathBuf) -> Result<Vec<Record>> {
    let raw = read::read_path(path, &read::ReadOptions::default())?;
    let one = |row: usize| {
        let cell = |c: &churn_core::table::RawColumn| {
            Some((c.name.clone(), serde_json::Value::String(c.data.cell(row)?.into_owned())))
        };
        raw.columns().iter().filter_map(cell).collect()
    };
    Ok((0..raw.n_rows()).map(one).collect())
}

fn labels(built: &FeatureTable) -> Vec<bool> {
    let column = built.table.column("churned").map(|c| &c.data);
    (0..built.table.n_rows()).filter_map(|r| Some(column?.number(r)? == 1.0)).collect()
}

/// Trains on one table and gives the AUC and log loss on another.
fn judge<'a, 'b>(
    train: impl Into<Input<'a>>,
    test: impl Into<Input<'b>>,
    truth: &[bool],
    learner: Learner,
) -> Result<(f64, f64)> {
    let profile = Some(Profile::shipped("generic")?);
    let options = TrainOptions { profile, learner, label: Some("churned".into()), ..TrainOptions::default() };
    let engine = Engine::train(train, &options)?;
    let scored = engine.score(test, &ScoreOptions { reasons: Some(0), ..ScoreOptions::default() })?;
    let p = scored.predictions.churn_probabilities();
    Ok((churn_core::metrics::auc(truth, &p), churn_core::metrics::log_loss(truth, &p)))
}

fn show(what: &str, rows: usize, (auc, loss): (f64, f64)) {
    println!("  {what:<34} {rows:>7} rows  AUC {auc:.4}  log loss {loss:.4}");
}

fn main() -> Result<()> {
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let learner = Learner::parse(&std::env::args().nth(1).unwrap_or_else(|| "logistic".into()))?;
    if !directory.exists() {
        println!("no data at {}: nothing is measured", directory.display());
        return Ok(());
    }
    purchases(&directory, learner)?;
    contracts(&directory, learner)
}

/// Without contracts: purchases of a shop, judged on who stays silent in the next 180 days.
fn purchases(directory: &std::path::Path, learner: Learner) -> Result<()> {
    let bought = records(directory.join("cdnow_purchases.csv.gz"))?;
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for purchase in &bought {
        let day = text(purchase, "date");
        let known = first.entry(text(purchase, "customer_id")).or_insert_with(|| day.clone());
        *known = day.min(known.clone());
    }
    let customers: Vec<Record> = first
        .iter()
        .map(|(id, day)| {
            Record::from_iter([("customer_id".into(), id.as_str().into()), ("signup_date".into(), day.as_str().into())])
        })
        .collect();
    let meaning = BTreeMap::from([("date".to_owned(), Some("paid_at".to_owned())), ("quantity".to_owned(), None)]);
    let options =
        EventOptions { overrides: BTreeMap::from([(TableKind::Payments, meaning)]), ..EventOptions::default() };
    let set = |start: &str, end: &str| {
        let training = TrainingSetOptions {
            start: Some(start.into()),
            end: Some(end.into()),
            ..TrainingSetOptions::new(ChurnDefinition::inactivity(180, 180))
        };
        let data = EventData { payments: Some(Input::Records(&bought)), ..EventData::default() };
        build_training_set(&customers[..], &data, &training, &options)
    };
    // The windows of all training snapshots end before the day of the judgement.
    let (many, last, test) =
        (set("1997-03-01", "1997-07-01")?, set("1997-07-01", "1997-07-01")?, set("1998-01-01", "1998-01-01")?);
    let truth = labels(&test);
    println!("purchases: {}", many.definition.as_ref().map_or(String::new(), ChurnDefinition::describe));
    println!(
        "  judged on {} customers of 1998-01-01, {} of them lost",
        truth.len(),
        truth.iter().filter(|y| **y).count()
    );
    // The raw last snapshot: what the last row of each customer says, with its dates.
    let raw = |built: &FeatureTable, day: &str| -> Vec<Record> {
        let mut latest: HashMap<String, &Record> = HashMap::new();
        for purchase in bought.iter().filter(|p| text(p, "date").as_str() < day) {
            let known = latest.entry(text(purchase, "customer_id")).or_insert(purchase);
            if text(known, "date") <= text(purchase, "date") {
                *known = purchase;
            }
        }
        let ids = built.table.column("customer_id").map(|c| &c.data);
        let truth = labels(built);
        let rows = (0..built.table.n_rows()).filter_map(|r| {
            let id = ids?.cell(r)?.into_owned();
            let row = latest.get(&id)?;
            Some(Record::from_iter([
                ("customer_id".to_owned(), id.as_str().into()),
                ("snapshot_date".to_owned(), day.into()),
                ("signup_date".to_owned(), first[&id].as_str().into()),
                ("last_activity_date".to_owned(), text(row, "date").into()),
                ("last_quantity".to_owned(), text(row, "quantity").into()),
                ("last_amount".to_owned(), text(row, "amount").into()),
                ("churned".to_owned(), truth[r].into()),
            ]))
        });
        rows.collect()
    };
    let (raw_train, raw_test) = (raw(&last, "1997-07-01"), raw(&test, "1998-01-01"));
    show("raw last snapshot", raw_train.len(), judge(&raw_train[..], &raw_test[..], &truth, learner)?);
    show("event features, last snapshot", last.table.n_rows(), judge(&last, &test, &truth, learner)?);
    show("event features, all snapshots", many.table.n_rows(), judge(&many, &test, &truth, learner)?);
    Ok(())
}

/// With contracts: dated contracts of a telephone company, judged on who leaves in January 2020.
fn contracts(directory: &std::path::Path, learner: Learner) -> Result<()> {
    let folder = directory.join("interconnect_telco_dated");
    let mut customers = records(folder.join("contract.csv"))?;
    for file in ["internet.csv", "personal.csv", "phone.csv"] {
        let more: HashMap<String, Record> =
            records(folder.join(file))?.into_iter().map(|r| (text(&r, "customerID"), r)).collect();
        for customer in &mut customers {
            if let Some(found) = more.get(&text(customer, "customerID")) {
                customer.extend(found.clone());
            }
        }
    }
    for customer in customers.iter_mut().filter(|c| text(c, "EndDate") == "No") {
        customer.shift_remove("EndDate");
    }
    let meaning = [("BeginDate", "signup_date"), ("EndDate", "churn_date"), ("Type", "contract")];
    let meaning = BTreeMap::from(meaning.map(|(header, field)| (header.to_owned(), Some(field.to_owned()))));
    let options =
        EventOptions { overrides: BTreeMap::from([(TableKind::Customers, meaning)]), ..EventOptions::default() };
    let set = |start: &str, end: &str, keep: &[&str]| {
        let training = TrainingSetOptions {
            start: Some(start.into()),
            end: Some(end.into()),
            observed_until: Some("2020-02-01".into()),
            keep: keep.iter().map(|k| (*k).to_owned()).collect(),
            ..TrainingSetOptions::new(ChurnDefinition::contractual(30))
        };
        build_training_set(&customers[..], &EventData::default(), &training, &options)
    };
    let (many, last) = (set("2019-01-01", "2019-12-01", &[])?, set("2019-12-01", "2019-12-01", &[])?);
    println!("contracts: {}", many.definition.as_ref().map_or(String::new(), ChurnDefinition::describe));
    let told = ["left_truncation", "survivors_missing"];
    for finding in many.findings.iter().filter(|f| told.contains(&f.code.as_str())) {
        println!("  {}", finding.message);
    }
    // The raw last snapshot: the joined tables as they are, of whoever is there on the day. The total is of a later day.
    let raw = |day: &str| -> Vec<Record> {
        let end = |c: &Record| text(c, "EndDate").get(..10).map(str::to_owned);
        let there = |c: &&Record| text(c, "BeginDate").as_str() < day && end(c).is_none_or(|e| e.as_str() >= day);
        let row = |c: &Record| {
            let mut row = c.clone();
            row.shift_remove("EndDate");
            row.shift_remove("TotalCharges");
            row.extend([
                ("snapshot_date".into(), day.into()),
                ("churned".into(), (end(c).as_deref() == Some(day)).into()),
            ]);
            row
        };
        customers.iter().filter(there).map(row).collect()
    };
    let (before, after) = (raw("2019-12-01"), raw("2020-01-01"));
    let lost: Vec<bool> = after.iter().map(|r| r["churned"] == true).collect();
    println!(
        "  judged on {} customers of 2020-01-01, {} of them lost",
        lost.len(),
        lost.iter().filter(|y| **y).count()
    );
    show("raw last snapshot", before.len(), judge(&before[..], &after[..], &lost, learner)?);
    // The customers of the judgement are the same in every line, in the order of the table.
    let there: Vec<&str> = after.iter().filter_map(|r| r["customerID"].as_str()).collect();
    let there: std::collections::HashSet<&str> = there.into_iter().collect();
    let judged: Vec<Record> =
        customers.iter().filter(|c| there.contains(text(c, "customerID").as_str())).cloned().collect();
    let test = build_features(&judged[..], &EventData::default(), "2020-01-01", &options)?;
    show("last snapshot", last.table.n_rows(), judge(&last, &test, &lost, learner)?);
    show("all snapshots", many.table.n_rows(), judge(&many, &test, &lost, learner)?);
    // The total of the export's day tells how long a customer stayed afterwards: better, and worth nothing.
    let leaky = ["total_charges"];
    let last = set("2019-12-01", "2019-12-01", &leaky)?;
    show("with the total of a later day", last.table.n_rows(), judge(&last, &test, &lost, learner)?);
    Ok(())
}
