//! Module-level functions.

use crate::error::{Job, job};
use crate::input::Reader;
use crate::options::{Options, read_options};
use crate::output::Json;
use churn_core::engine;
use churn_core::map::{ColumnInput, MapOptions, Mapping};
use churn_core::schema::TableKind;
use churn_core::validate::{Purpose, ValidateOptions};
use churn_core::{Result, report};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Unknown};
use napi_derive::napi;

/// Reads a table and says how, and what its columns are.
#[napi]
pub fn read(env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
    job(|| {
        let options = read_options(env, options)?;
        let table = Reader { env, argument: "table" }.table(table)?;
        Ok(move || {
            let input = table.input();
            let raw = input.read(&options)?;
            Ok(Json::new(report::read_json(&raw, &churn_core::read::typed(&raw))))
        })
    })
}

/// Maps the columns of a table, or a list of headers, to canonical fields.
#[napi]
pub fn map_columns(env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let given = MapOptions {
            table_kind: options.text_or_null("tableKind", TableKind::default(), TableKind::parse)?,
            profile: options.profile()?,
            overrides: options.overrides()?,
            saved: options.text("saved")?.map(Into::into),
        };
        let mut samples = options.samples()?;
        let read = options.read()?;
        options.finish()?;
        let reader = Reader { env, argument: "table" };
        let headers = reader.texts(table)?.filter(|headers| !headers.is_empty());
        let table = if headers.is_none() { Some(reader.table(table)?) } else { None };
        Ok(move || {
            watch.check()?;
            let mapping: Result<Mapping> = match (headers, table) {
                (Some(headers), _) => {
                    let column =
                        |name: String| ColumnInput { samples: samples.remove(&name).unwrap_or_default(), name };
                    churn_core::map::map_columns(&headers.into_iter().map(column).collect::<Vec<_>>(), &given)
                }
                (None, Some(table)) => engine::map_columns(table.input().read(&read)?.as_ref(), &given),
                (None, None) => Err(churn_core::Error::internal("neither headers nor a table")),
            };
            mapping.map(|m| Json::new(report::mapping_json(&m)))
        })
    })
}

/// Judges the quality of a table.
#[napi]
pub fn validate(env: &Env, table: Unknown<'_>, options: Unknown<'_>) -> AsyncTask<Job<Json>> {
    job(|| {
        let mut options = Options::new(env, options)?;
        let watch = options.watch()?;
        let mapping = options.mapping()?;
        let profile = options.profile()?;
        let purpose = options.text("purpose")?.map(|p| Purpose::parse(&p)).transpose()?.unwrap_or_default();
        let given = ValidateOptions {
            purpose,
            label: options.text("label")?,
            allow: options.texts("allow")?.unwrap_or_default(),
            strict: options.flag("strict")?.unwrap_or_default(),
            as_of: options.iso("asOf")?.map(|day| engine::day(&day, "asOf")).transpose()?,
        };
        let read = options.read()?;
        options.finish()?;
        let table = Reader { env, argument: "table" }.table(table)?;
        Ok(move || {
            watch.check()?;
            engine::validate(table.input().read(&read)?.as_ref(), mapping.as_ref(), profile, &given)
                .map(|report| Json::new(report::quality_json(&report)))
        })
    })
}

/// Version of the engine.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Panics on the thread of a call, in the way that `seed` chooses; not exported by the package, for its tests alone.
#[napi]
pub fn panic_in_call(env: &Env, seed: Option<u32>) -> napi::Result<()> {
    crate::error::call(env, || churn_core::provoke::provoke(seed.unwrap_or_default().into()))
}

/// Panics on a thread of the pool; not exported by the package, for its tests alone.
#[napi]
pub fn panic_in_job(seed: Option<u32>) -> AsyncTask<Job<Json>> {
    job(move || {
        Ok(move || churn_core::provoke::provoke(seed.unwrap_or_default().into()).map(|()| Json::new(().into())))
    })
}
