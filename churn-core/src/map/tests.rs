//! The mapper as a whole.

use super::aliases::{Strength, index};
use super::{ColumnInput, MapOptions, Mapping, inputs, map_columns, map_table};
use crate::schema::{Profile, TableKind};
use crate::table::{ColumnData, Places, RawColumn, RawTable, Source};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn columns(all: &[(&str, &[&str])]) -> Vec<ColumnInput> {
    all.iter()
        .map(|(name, cells)| ColumnInput {
            name: (*name).to_owned(),
            samples: cells.iter().map(|c| (*c).to_owned()).collect(),
        })
        .collect()
}

fn of_kind(kind: TableKind, all: &[(&str, &[&str])]) -> Mapping {
    map_columns(&columns(all), &MapOptions { table_kind: Some(kind), ..MapOptions::default() }).expect("maps")
}

fn customers(all: &[(&str, &[&str])]) -> Mapping {
    of_kind(TableKind::Customers, all)
}

#[test]
fn every_spelling_maps_to_its_field() {
    let mut wrong = Vec::new();
    let mut n = 0;
    for kind in TableKind::ALL {
        let index = index(kind);
        for alias in index.aliases.iter().filter(|a| a.strength >= Strength::Fair) {
            n += 1;
            let mapping = of_kind(kind, &[(alias.text.as_str(), &[])]);
            let field = mapping.columns[0].field.as_deref();
            if field != Some(index.fields[alias.field].name.as_str()) {
                wrong.push(format!("{} '{}' -> {field:?}", kind.name(), alias.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n > 3000, "{n} spellings");
}

#[test]
fn decoys_are_refused() {
    let mapping = customers(&[
        ("Churn Reason", &["Price"]),
        ("monthly_active_users", &["17"]),
        ("Total Tickets", &["3"]),
        ("trial_end", &["2024-01-01"]),
        ("plan_id", &["p1"]),
        ("plan_name", &["Pro"]),
        ("Account ID", &["C-1"]),
        ("zendesk_org_id", &["778899"]),
        ("Health Score", &["80"]),
        ("Churn Probability", &["0.3"]),
        ("Annual Revenue", &["1000000"]),
        ("Credit Limit", &["5000"]),
        ("updated_at", &["2024-01-01"]),
    ]);
    let fields: Vec<_> = mapping.fields().into_iter().collect();
    assert_eq!(fields, [("customer_id", "Account ID"), ("plan", "plan_name"), ("support_tickets", "Total Tickets")]);
}

#[test]
fn words_that_only_look_like_others() {
    // A number of contacts is no contact number; the age of a property nobody's age; the current MRR is no currency.
    let none = customers(&[("Number of contacts", &[]), ("property_age", &[]), ("created user", &[])]);
    assert!(none.fields().is_empty(), "{:?}", none.fields());
    assert_eq!(customers(&[("curr_mrr", &[])]).source_of("monthly_charges"), Some("curr_mrr"));
    assert_eq!(customers(&[("n_support_tickets", &[])]).source_of("support_tickets"), Some("n_support_tickets"));
    // How a column is stored says nothing of what it holds.
    assert_eq!(customers(&[("MONTHLY_FEE_SQL", &[])]).source_of("monthly_charges"), Some("MONTHLY_FEE_SQL"));
    // A word of two meanings needs cells: a type of account is a plan where the cells are plans; delays are late
    // payments or days; a plan of 0 and 1 is a flag.
    assert!(customers(&[("accountType", &[]), ("payment_delays", &[])]).fields().is_empty());
    let plans = customers(&[("accountType", &["Basic", "Premium", "Enterprise"])]);
    assert_eq!(plans.source_of("plan"), Some("accountType"));
    assert_eq!(customers(&[("DataPlan", &["1", "0"])]).source_of("plan"), None);
    // A device is no slip of a currency ("devise"), although payments have no devices.
    let device = of_kind(TableKind::Payments, &[("device", &[])]);
    assert_eq!(device.source_of("currency"), None);
}

#[test]
fn slips_are_forgiven_and_told() {
    let mapping =
        customers(&[("Montly Charges", &["29.85"]), ("custmer_id", &["C-1"]), ("Signup Dtae", &["2024-01-01"])]);
    assert_eq!(mapping.source_of("monthly_charges"), Some("Montly Charges"));
    assert_eq!(mapping.source_of("customer_id"), Some("custmer_id"));
    assert_eq!(mapping.source_of("signup_date"), Some("Signup Dtae"));
    assert!(mapping.columns.iter().all(|c| c.method == "typo" && !c.warnings.is_empty()));
}

#[test]
fn cells_refute_a_name() {
    let mapping =
        customers(&[("Phone", &["0", "1", "1"]), ("Partner", &["1", "0"]), ("Signup Date", &["Basic", "Pro"])]);
    assert!(mapping.columns.iter().all(|c| c.field.is_none()), "{mapping:?}");
    assert!(mapping.columns.iter().all(|c| !c.alternatives.is_empty() && !c.evidence.is_empty()));
    let mapping = customers(&[("Résiliation", &["Oui", "Non"]), ("Customer", &["55012", "55013"])]);
    assert_eq!(mapping.source_of("churned"), Some("Résiliation"));
    assert_eq!(mapping.source_of("customer_id"), Some("Customer"));
}

#[test]
fn rules_between_columns_tell_charges_apart() {
    let mapping = customers(&[
        ("tenure", &["1", "2", "3", "4", "5", "6"]),
        ("Charge", &["10", "20", "30", "10", "20", "30"]),
        ("Total Charges", &["10", "40", "90", "40", "100", "180"]),
    ]);
    let charge = mapping.column("Charge").expect("column");
    assert_eq!((charge.field.as_deref(), charge.method.as_str()), (Some("monthly_charges"), "values"));
    let mapping = customers(&[("Charge", &["10", "20", "30", "10", "20", "30"])]);
    assert_eq!(mapping.columns[0].field, None);
    assert_eq!(mapping.columns[0].alternatives[0].name, "monthly_charges");
}

#[test]
fn overrides_win_and_are_checked() {
    let table = columns(&[("MRR", &["10"]), ("Kosten X", &["10"])]);
    let with = |all: &[(&str, Option<&str>)]| {
        let overrides: BTreeMap<_, _> = all.iter().map(|(c, f)| ((*c).to_owned(), f.map(str::to_owned))).collect();
        map_columns(&table, &MapOptions { overrides, ..MapOptions::default() })
    };
    let mapping = with(&[("Kosten X", Some("monthly_charges"))]).expect("maps");
    assert_eq!(mapping.source_of("monthly_charges"), Some("Kosten X"));
    assert_eq!(mapping.column("MRR").expect("column").field, None);
    assert_eq!(mapping.column("Kosten X").expect("column").method, "override");
    assert_eq!(with(&[("MRR", None)]).expect("maps").column("MRR").expect("column").field, None);
    for (wrong, near) in [
        (with(&[("MMR", Some("monthly_charges"))]), "'MRR'"),
        (with(&[("MRR", Some("monthly_charge"))]), "'monthly_charges'"),
        (with(&[("MRR", Some("plan")), ("Kosten X", Some("plan"))]), "'plan'"),
    ] {
        let error = wrong.expect_err("refused");
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.to_string().contains(near), "{error}");
    }
}

#[test]
fn kinds_and_profiles_are_recognised() {
    let guess = |all: &[&str]| {
        let table: Vec<(&str, &[&str])> = all.iter().map(|n| (*n, &[][..])).collect();
        let mapping = map_columns(&columns(&table), &MapOptions::default()).expect("maps");
        (mapping.table_kind, mapping.profile)
    };
    assert_eq!(guess(&["customerID", "tenure", "InternetService", "MultipleLines", "Contract"]).1, "telecom");
    assert_eq!(guess(&["account_id", "mrr", "seats_purchased", "plan"]), (TableKind::Customers, "saas".to_owned()));
    assert_eq!(guess(&["shoe size", "colour"]).1, "generic");
    assert_eq!(guess(&["Ticket ID", "Subject", "Priority", "Created at", "Requester"]).0, TableKind::Tickets);
    assert_eq!(guess(&["Invoice Number", "Due Date", "Paid At", "Amount", "Customer"]).0, TableKind::Payments);
    assert_eq!(guess(&["session_id", "event", "timestamp", "user_id"]).0, TableKind::Usage);
    assert_eq!(guess(&["interaction_id", "direction", "outcome", "sentiment"]).0, TableKind::Interactions);
    assert_eq!(guess(&["subscription_id", "started_at", "ended_at", "plan"]).0, TableKind::Subscriptions);
}

#[test]
fn missing_fields_name_the_nearest_columns() {
    let options = MapOptions { profile: Some(Profile::shipped("saas").expect("profile")), ..MapOptions::default() };
    let mapping = map_columns(&columns(&[("Charge", &["10"]), ("customer_id", &[])]), &options).expect("maps");
    let missing = mapping.missing.iter().find(|m| m.any_of.contains(&"monthly_charges".to_owned())).expect("missing");
    assert_eq!(missing.candidates[0].name, "Charge");
    assert!(mapping.require_complete().expect_err("incomplete").to_string().contains("'Charge'"));
}

#[test]
fn a_profile_adds_spellings() {
    let text = "name = \"x\"\ntitle = \"X\"\ndescription = \"\"\n[aliases]\nplan = [\"Blorb Kind\"]\n";
    let options = MapOptions { profile: Some(Profile::from_toml(text).expect("profile")), ..MapOptions::default() };
    let mapping = map_columns(&columns(&[("blorb_kind", &["a"])]), &options).expect("maps");
    assert_eq!(mapping.source_of("plan"), Some("blorb_kind"));
}

#[test]
fn fingerprints_html_and_json() {
    let mapping = customers(&[("E-Mail <b>", &["jo@secret.example"]), ("first_name", &["Jo"]), ("MRR", &["10"])]);
    assert_eq!(mapping.header_fingerprint.len(), 64);
    assert!(mapping.applies_to(&["mrr", "e mail  b", "First Name"]));
    assert!(!mapping.applies_to(&["mrr", "first_name"]));
    let html = mapping.to_html();
    assert!(html.contains("E-Mail &lt;b&gt;") && !html.contains("secret") && !html.contains("<b>"));
    assert!(mapping.columns[0].pii && mapping.columns[1].pii && !mapping.columns[2].pii);
    let json = mapping.to_json().expect("json");
    assert_eq!(Mapping::from_json(&json).expect("back"), mapping);
    // A mapping that was saved before there were fingerprints gets its own.
    let old = json.replace(&mapping.header_fingerprint, "");
    assert_eq!(Mapping::from_json(&old).expect("back"), mapping);
}

#[test]
fn samples_are_spread_over_the_table() {
    let text = |cells: Vec<Option<String>>| ColumnData::Text(cells.into_iter().collect());
    let n = 5000;
    let data = vec![
        RawColumn { name: "n".to_owned(), data: text((0..n).map(|i| Some(i.to_string())).collect()) },
        RawColumn {
            name: "rare".to_owned(),
            data: text((0..n).map(|i| (i % 400 == 3).then(|| "x".to_owned())).collect()),
        },
    ];
    let table = RawTable::new(data, n, Places::Items, Source::default(), Vec::new());
    let inputs = inputs(&table);
    assert_eq!(inputs[0].samples.len(), 1000);
    assert_eq!(inputs[0].samples.last().map(String::as_str), Some("4995"));
    assert_eq!(inputs[1].samples.len(), 13);
    assert_eq!(map_table(&table, &MapOptions::default()).expect("maps").columns.len(), 2);
}

#[test]
fn ten_thousand_columns_and_no_columns() {
    let wide: Vec<ColumnInput> =
        (0..10_000).map(|i| ColumnInput { name: format!("customer plan metric {i} größe"), samples: vec![] }).collect();
    let mapping = map_columns(&wide, &MapOptions::default()).expect("maps");
    assert_eq!(mapping.columns.len(), 10_000);
    assert!(map_columns(&[], &MapOptions::default()).expect("maps").columns.is_empty());
    let odd = columns(&[("", &[]), (" ", &["x"]), ("日本語", &["x"]), ("🙂", &[]), ("\u{301}", &[])]);
    assert!(map_columns(&odd, &MapOptions::default()).expect("maps").columns.iter().all(|c| c.field.is_none()));
}

#[test]
fn a_saved_mapping_is_found_by_its_headers() {
    let folder = std::env::temp_dir().join(format!("churn-map-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    let with = |saved: PathBuf, overrides: &[(&str, &str)]| MapOptions {
        table_kind: Some(TableKind::Customers),
        overrides: overrides.iter().map(|(c, f)| ((*c).to_owned(), Some((*f).to_owned()))).collect(),
        saved: Some(saved),
        ..MapOptions::default()
    };
    let map = |columns: &[ColumnInput], options: &MapOptions| map_columns(columns, options).expect("maps");
    // What a user corrected once is not asked again.
    let first = columns(&[("Blorb", &["10"]), ("Client Ref", &["a1"]), ("Plan", &["Pro"])]);
    let corrected = map(&first, &with(folder.join("none"), &[("Blorb", "monthly_charges")]));
    corrected.save(&folder).expect("saves");
    std::fs::write(folder.join("a.json"), "{\"not\": \"a mapping\"}").expect("writes");
    let next = columns(&[("plan", &[]), ("CLIENT_REF", &[]), ("blorb", &[])]);
    let again = map(&next, &with(folder.clone(), &[]));
    assert_eq!(again.source_of("monthly_charges"), Some("blorb"));
    assert_eq!(again.column("blorb").expect("column").method, "saved");
    assert_eq!(again.fields().len(), corrected.fields().len());
    let sources: Vec<&str> = again.columns.iter().map(|c| c.source.as_str()).collect();
    assert_eq!(sources, ["plan", "CLIENT_REF", "blorb"]);
    // What the caller says now still wins, and takes the field from the column that had it.
    let other = map(&next, &with(folder.clone(), &[("plan", "monthly_charges")]));
    assert_eq!(other.source_of("monthly_charges"), Some("plan"));
    assert_eq!(other.column("blorb").expect("column").field, None);
    // Other headers, or another kind of table, are mapped anew.
    assert_eq!(map(&columns(&[("Blorb", &[])]), &with(folder.clone(), &[])).fields().len(), 0);
    let tickets = MapOptions { table_kind: Some(TableKind::Tickets), ..with(folder.clone(), &[]) };
    assert!(map(&next, &tickets).columns.iter().all(|c| c.method != "saved"));
    assert_eq!(map_columns(&next, &with(folder.join("a.json"), &[])).expect_err("no mapping").code(), "malformed");
    std::fs::remove_dir_all(&folder).expect("removed");
}
