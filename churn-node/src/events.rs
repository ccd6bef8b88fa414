//! Tables of events: features, training sets, the leak gate, one customer live.

use crate::error::{Job, job};
use crate::input::{Reader, Table};
use crate::js;
use crate::options::Options;
use crate::output::{Json, camel, rename, snake};
use churn_core::engine::{self, EventData, EventOptions, TableOverrides, TrainingSetOptions};
use churn_core::events::{ChurnDefinition, EventSettings, FeatureTable};
use churn_core::schema::TableKind;
use churn_core::table::{ColumnData, Table as CoreTable};
use churn_core::{Error, Result};
use napi::Env;
use napi::bindgen_prelude::{Array, AsyncTask, JsObjectValue, Object, ToNapiValue, TypeName, Unknown, ValueType};
use napi::sys;
use napi_derive::napi;
use serde_json::{Value, json};

/// The tables of events that were given, in the order of the schema.
pub struct Given([Option<Table>; 5]);

impl Given {
    /// Of the options `tickets`, `payments`, `usage`, `interactions` and `subscriptions`.
    pub fn read(options: &mut Options<'_>) -> Result<Given> {
        let names = ["tickets", "payments", "usage", "interactions", "subscriptions"];
        let mut given = [None, None, None, None, None];
        for (slot, name) in given.iter_mut().zip(names) {
            *slot = options.table(name)?;
        }
        Ok(Given(given))
    }

    /// The core's view of them.
    pub fn data(&self) -> EventData<'_> {
        let input = |i: usize| self.0[i].as_ref().map(Table::input);
        EventData {
            tickets: input(0),
            payments: input(1),
            usage: input(2),
            interactions: input(3),
            subscriptions: input(4),
        }
    }
}

/// `{table: {source header: field, or null}}`.
pub fn overrides(options: &mut Options<'_>) -> Result<TableOverrides> {
    let wrong = || {
        Error::new(churn_core::ErrorKind::InvalidArgument, "overrides is not an object of objects")
            .with("argument", "overrides")
            .hint("give {table: {source column: field}}")
    };
    let Some(given) = options.json("overrides")? else { return Ok(TableOverrides::new()) };
    let mut all = TableOverrides::new();
    for (kind, columns) in given.as_object().ok_or_else(wrong)? {
        let columns = columns.as_object().ok_or_else(wrong)?.iter().map(|(header, field)| match field {
            Value::String(field) => Ok((header.clone(), Some(field.clone()))),
            Value::Null => Ok((header.clone(), None)),
            _ => Err(wrong()),
        });
        all.insert(TableKind::parse(kind)?, columns.collect::<Result<_>>()?);
    }
    Ok(all)
}

/// Settings of the caller; their keys are in camelCase, or as the core writes them.
pub fn settings(options: &mut Options<'_>, name: &'static str) -> Result<Option<EventSettings>> {
    options.json(name)?.map(|json| EventSettings::from_json(&rename(json, snake))).transpose()
}

/// A definition of the caller.
pub fn definition(options: &mut Options<'_>) -> Result<Option<ChurnDefinition>> {
    options.json("definition")?.map(|json| ChurnDefinition::from_json(&rename(json, snake))).transpose()
}

fn event_options(options: &mut Options<'_>) -> Result<EventOptions> {
    Ok(EventOptions {
        profile: options.profile()?,
        overrides: overrides(options)?,
        settings: settings(options, "settings")?.unwrap_or_default(),
        ..EventOptions::default()
    })
}

fn required<T>(value: Option<T>, name: &'static str, hint: &str) -> Result<T> {
    value.ok_or_else(|| {
        Error::new(churn_core::ErrorKind::InvalidArgument, format!("{name} is not given"))
            .with("argument", name)
            .hint(hint)
    })
}

/// The features of every customer as of a day.
#[napi]
pub fn build_features(env: &Env, customers: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<BuiltTable>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let given = Given::read(&mut options)?;
        let as_of = required(options.iso("asOf")?, "asOf", "give the day that the features describe")?;
        let how = event_options(&mut options)?;
        options.finish()?;
        let customers = Reader { env, argument: "customers" }.table(customers)?;
        Ok(move || {
            watch.check()?;
            engine::build_features(customers.input(), &given.data(), &as_of, &how).map(BuiltTable)
        })
    })
}

/// Labelled snapshots of every customer who was active.
#[napi]
pub fn build_training_set(env: &Env, customers: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<BuiltTable>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let given = Given::read(&mut options)?;
        let definition = required(definition(&mut options)?, "definition", "say what churned means")?;
        let every = options.json("every")?.map(|e| e.as_str().map_or_else(|| e.to_string(), str::to_owned));
        let training = TrainingSetOptions {
            start: options.iso("start")?,
            end: options.iso("end")?,
            every,
            observed_until: options.iso("observedUntil")?,
            keep: options.texts("keep")?.unwrap_or_default(),
            ..TrainingSetOptions::new(definition)
        };
        let how = event_options(&mut options)?;
        options.finish()?;
        let customers = Reader { env, argument: "customers" }.table(customers)?;
        Ok(move || {
            watch.check()?;
            engine::build_training_set(customers.input(), &given.data(), &training, &how).map(BuiltTable)
        })
    })
}

/// Whether the features as of a day stay the same without what was not known then.
#[napi]
pub fn check_point_in_time(env: &Env, customers: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let given = Given::read(&mut options)?;
        let as_of = required(options.iso("asOf")?, "asOf", "give the day that the features describe")?;
        let how = event_options(&mut options)?;
        options.finish()?;
        let customers = Reader { env, argument: "customers" }.table(customers)?;
        Ok(move || {
            watch.check()?;
            let gate = engine::check_point_in_time(customers.input(), &given.data(), &as_of, &how)?;
            Ok(Json::new(json!({"ok": gate.ok, "columns": gate.columns, "rows_removed": gate.rows_removed})))
        })
    })
}

/// What a definition says of the customers' whole history.
#[napi]
pub fn churn_movements(env: &Env, customers: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Movements>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let given = Given::read(&mut options)?;
        let definition = required(definition(&mut options)?, "definition", "say what churned means")?;
        let how = event_options(&mut options)?;
        options.finish()?;
        let customers = Reader { env, argument: "customers" }.table(customers)?;
        Ok(move || {
            watch.check()?;
            engine::churn_movements(customers.input(), &given.data(), &definition, &how).map(Movements)
        })
    })
}

/// Rows as objects, with the columns under the names that `name` gives them.
fn rows<'env>(env: &'env Env, table: &CoreTable, name: fn(&str) -> String) -> napi::Result<Array<'env>> {
    let mut rows = env.create_array(table.n_rows() as u32)?;
    let keys = table.columns().iter().map(|c| env.create_string(name(&c.name))).collect::<napi::Result<Vec<_>>>()?;
    for row in 0..table.n_rows() {
        js::scoped(env, || {
            let mut object = Object::new(env)?;
            for (key, column) in keys.iter().zip(table.columns()) {
                let value = match (&column.data, column.data.number(row)) {
                    (ColumnData::Boolean(_), Some(x)) => js::unknown(env, x == 1.0)?,
                    (_, Some(x)) => js::unknown(env, x)?,
                    _ => js::unknown(env, column.data.cell(row).as_deref())?,
                };
                object.set_property(*key, value)?;
            }
            rows.set(row as u32, object)
        })?;
    }
    Ok(rows)
}

/// Movements of customers, one object each.
pub struct Movements(CoreTable);

impl TypeName for Movements {
    fn type_name() -> &'static str {
        "object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Movements {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(env);
        js::unknown(&env, rows(&env, &value.0, camel)?).map(js::raw)
    }
}

/// A built table: its rows stay columns until JavaScript gets them.
pub struct BuiltTable(FeatureTable);

impl BuiltTable {
    fn object<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let mut object = Object::new(env)?;
        object.set("rows", rows(env, &self.0.table, str::to_owned)?)?;
        let value = |v: serde_json::Result<Value>| rename(v.unwrap_or(Value::Null), camel);
        let definition = self.0.definition.as_ref();
        for (name, value) in [
            ("findings", value(serde_json::to_value(&self.0.findings))),
            ("definition", definition.map_or(Value::Null, |d| value(serde_json::to_value(d)))),
            ("definitionText", definition.map_or(Value::Null, |d| d.describe().into())),
            ("settings", value(serde_json::to_value(&self.0.settings))),
        ] {
            object.set(name, crate::output::plain(env, &value)?)?;
        }
        js::unknown(env, object)
    }
}

impl TypeName for BuiltTable {
    fn type_name() -> &'static str {
        "object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for BuiltTable {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        value.object(&Env::from_raw(env)).map(js::raw)
    }
}
