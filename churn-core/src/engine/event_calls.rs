//! Calls in JSON about tables of events: features, training sets, the gate, movements, one customer live.

use super::calls::{TableArgument, answer, args};
use super::events::{
    EventData, EventOptions, TableOverrides, TrainingSetOptions, build_features, build_training_set,
    check_point_in_time, churn_movements,
};
use super::{Engine, Input, Record, ScoreOptions};
use crate::error::Result;
use crate::events::{ChurnDefinition, EventSettings, FeatureTable};
use crate::schema::{self, Profile, TableKind};
use crate::table::{ColumnData, Table};
use serde::Deserialize;
use serde_json::{Value, json};

/// The tables of events among the arguments of a call.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tables {
    tickets: Option<TableArgument>,
    payments: Option<TableArgument>,
    usage: Option<TableArgument>,
    interactions: Option<TableArgument>,
    subscriptions: Option<TableArgument>,
}

impl Tables {
    /// Takes them out of the arguments of a call, so that these can be read without them.
    pub fn take(arguments: &mut Value) -> Result<Tables> {
        let mut own = serde_json::Map::new();
        for kind in TableKind::ALL.into_iter().filter(|k| *k != TableKind::Customers) {
            if let Some(table) = arguments.as_object_mut().and_then(|a| a.remove(kind.name())) {
                own.insert(kind.name().to_owned(), table);
            }
        }
        args(own.into())
    }

    /// Whether there is any.
    pub fn given(&self) -> bool {
        [&self.tickets, &self.payments, &self.usage, &self.interactions, &self.subscriptions]
            .iter()
            .any(|t| t.is_some())
    }

    /// The core's view of them.
    pub fn data(&self) -> EventData<'_> {
        fn input(table: &Option<TableArgument>) -> Option<Input<'_>> {
            table.as_ref().map(TableArgument::input)
        }
        EventData {
            tickets: input(&self.tickets),
            payments: input(&self.payments),
            usage: input(&self.usage),
            interactions: input(&self.interactions),
            subscriptions: input(&self.subscriptions),
        }
    }
}

/// How the tables are read, as arguments say it.
///
/// # Errors
/// `invalid_argument`.
pub(super) fn event_options(
    profile: Option<&str>,
    overrides: TableOverrides,
    settings: Option<&Value>,
) -> Result<EventOptions> {
    Ok(EventOptions {
        profile: profile.map(Profile::shipped).transpose()?,
        overrides,
        settings: settings.map(EventSettings::from_json).transpose()?.unwrap_or_default(),
        ..EventOptions::default()
    })
}

/// The rows of a table: numbers and truth values as they are, dates and instants in ISO 8601, null for missing.
fn rows(table: &Table) -> Value {
    let cell = |data: &ColumnData, row: usize| match (data, data.number(row)) {
        (ColumnData::Boolean(_), Some(x)) => json!(x == 1.0),
        (_, Some(x)) => json!(x),
        _ => data.cell(row).map_or(Value::Null, |c| c.into_owned().into()),
    };
    let record =
        |row: usize| -> Record { table.columns().iter().map(|c| (c.name.clone(), cell(&c.data, row))).collect() };
    (0..table.n_rows()).map(|row| Value::Object(record(row))).collect()
}

fn built(table: &FeatureTable) -> Result<Value> {
    let definition = table.definition.as_ref();
    Ok(json!({
        "rows": rows(&table.table),
        "findings": answer(&table.findings)?,
        "settings": answer(&table.settings)?,
        "definition": definition.map(answer).transpose()?,
        "definition_text": definition.map(ChurnDefinition::describe),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureArguments {
    customers: TableArgument,
    as_of: String,
    profile: Option<String>,
    #[serde(default)]
    overrides: TableOverrides,
    settings: Option<Value>,
}

pub(super) fn features(mut arguments: Value) -> Result<Value> {
    let tables = Tables::take(&mut arguments)?;
    let given: FeatureArguments = args(arguments)?;
    let options = event_options(given.profile.as_deref(), given.overrides, given.settings.as_ref())?;
    built(&build_features(given.customers.input(), &tables.data(), &given.as_of, &options)?)
}

pub(super) fn point_in_time(mut arguments: Value) -> Result<Value> {
    let tables = Tables::take(&mut arguments)?;
    let given: FeatureArguments = args(arguments)?;
    let options = event_options(given.profile.as_deref(), given.overrides, given.settings.as_ref())?;
    let gate = check_point_in_time(given.customers.input(), &tables.data(), &given.as_of, &options)?;
    Ok(json!({ "ok": gate.ok, "columns": gate.columns, "rows_removed": gate.rows_removed }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingArguments {
    customers: TableArgument,
    definition: Value,
    start: Option<String>,
    end: Option<String>,
    every: Option<Value>,
    observed_until: Option<String>,
    #[serde(default)]
    keep: Vec<String>,
    profile: Option<String>,
    #[serde(default)]
    overrides: TableOverrides,
    settings: Option<Value>,
}

pub(super) fn training_set(mut arguments: Value) -> Result<Value> {
    let tables = Tables::take(&mut arguments)?;
    let given: TrainingArguments = args(arguments)?;
    let options = event_options(given.profile.as_deref(), given.overrides, given.settings.as_ref())?;
    let training = TrainingSetOptions {
        start: given.start,
        end: given.end,
        every: given.every.map(|e| e.as_str().map_or_else(|| e.to_string(), str::to_owned)),
        observed_until: given.observed_until,
        keep: given.keep,
        ..TrainingSetOptions::new(ChurnDefinition::from_json(&given.definition)?)
    };
    built(&build_training_set(given.customers.input(), &tables.data(), &training, &options)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MovementArguments {
    customers: TableArgument,
    definition: Value,
    profile: Option<String>,
    #[serde(default)]
    overrides: TableOverrides,
    settings: Option<Value>,
}

pub(super) fn movements(mut arguments: Value) -> Result<Value> {
    let tables = Tables::take(&mut arguments)?;
    let given: MovementArguments = args(arguments)?;
    let options = event_options(given.profile.as_deref(), given.overrides, given.settings.as_ref())?;
    let definition = ChurnDefinition::from_json(&given.definition)?;
    churn_movements(given.customers.input(), &tables.data(), &definition, &options).map(|t| rows(&t))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionArguments {
    definition: Value,
}

/// A definition with its defaults filled in, its hash, and what it says.
pub(super) fn definition(arguments: Value) -> Result<Value> {
    let given: DefinitionArguments = args(arguments)?;
    let definition = ChurnDefinition::from_json(&given.definition)?;
    Ok(json!({
        "definition": answer(&definition)?, "id": definition.id(), "hash": definition.hash(),
        "describe": definition.describe(),
    }))
}

/// The catalog of event features.
pub(super) fn catalog(arguments: Value) -> Result<Value> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    args::<Nothing>(arguments)?;
    let feature = |f: &schema::EventFeature| {
        json!({
            "name": f.name, "readable": f.readable, "unit": f.unit, "formula": f.formula, "window": f.window,
            "tables": f.sources.iter().map(|k| k.name()).collect::<Vec<_>>(), "needs": f.needs,
        })
    };
    Ok(schema::event_features().iter().map(feature).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerArguments {
    record: Record,
    as_of: Option<String>,
    scored_at: Option<String>,
    reasons: Option<usize>,
    #[serde(default)]
    overrides: TableOverrides,
}

/// One customer live, from his own rows of the tables of events.
pub(super) fn score_customer(engine: &Engine, mut arguments: Value) -> Result<Value> {
    let tables = Tables::take(&mut arguments)?;
    let given: CustomerArguments = args(arguments)?;
    let options = ScoreOptions {
        reasons: given.reasons,
        as_of: given.as_of,
        scored_at: given.scored_at,
        ..ScoreOptions::default()
    };
    let prediction = engine.score_customer(&given.record, &tables.data(), &given.overrides, &options)?;
    Ok(crate::report::prediction_json(&prediction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::call;

    #[test]
    fn tables_of_events_in_json() {
        let customers = json!([{"customer_id": "A1", "signup_date": "2025-01-01"}]);
        let tickets = json!({"csv": "ticket_id,customer_id,created_at,resolved_at\nT1,A1,2025-05-30,2025-06-02\n"});
        let arguments = json!({"customers": customers, "tickets": tickets, "as_of": "2025-06-01"});
        let answer = call("build_features", arguments.clone()).expect("features");
        assert_eq!(answer.pointer("/rows/0/tickets_open"), Some(&json!(1.0)), "resolved later is still open");
        assert_eq!(answer.pointer("/rows/0/snapshot_date"), Some(&json!("2025-06-01")));
        assert_eq!(call("check_point_in_time", arguments).expect("gate")["ok"], json!(true));
        let error = call("build_features", json!({"customers": customers})).expect_err("no day");
        assert_eq!(error.code(), "invalid_argument");
        let error = call("build_features", json!({"customers": customers, "tickets": 3, "as_of": "2025-06-01"}));
        assert_eq!(error.expect_err("no table").code(), "invalid_argument");
        let said = call("churn_definition", json!({"definition": {"preset": "chargify", "horizon_days": 30}}));
        assert_eq!(said.expect("definition")["definition"]["booking"], json!("cancellation"));
        let named = call("event_features", json!({})).expect("catalog");
        assert_eq!(named.as_array().map(Vec::len), Some(schema::event_features().len()));
    }
}
