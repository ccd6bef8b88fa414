//! A scored table as columns: rows become JavaScript objects when JavaScript asks for them, because a million objects
//! would hold up the event loop.

use crate::error::{Job, call, job};
use crate::input::Reader;
use crate::js;
use crate::output::{Json, camel, rename};
use churn_core::table::ColumnData;
use churn_core::{Error, ErrorKind, Result, Scored, report};
use napi::Env;
use napi::bindgen_prelude::{Array, AsyncTask, Buffer, Float64Array, JsObjectValue, Null, Object, Unknown};
use napi_derive::napi;
use serde_json::Value;
use std::sync::Arc;

/// Rows from which freeing takes so long that it is done elsewhere.
const LARGE: usize = 10_000;

/// A scored table; the package makes it look like what users see.
#[napi(custom_finalize)]
pub struct ScoredTable {
    columns: Arc<Columns>,
    rest: [Value; 3],
}

struct Columns {
    named: Vec<(String, ColumnData)>,
    batch: churn_core::report::Batch,
}

impl Drop for ScoredTable {
    /// Memory of a large table goes back on a thread of its own: the system takes its time for it.
    fn drop(&mut self) {
        if self.columns.n_rows() >= LARGE {
            let columns = self.columns.clone();
            std::thread::spawn(move || drop(columns));
        }
    }
}

impl Columns {
    fn n_rows(&self) -> usize {
        self.named.first().map_or(0, |(_, data)| data.len())
    }

    fn column(&self, name: &str) -> Result<&ColumnData> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, data)| data).ok_or_else(|| {
            let names: Vec<&str> = self.named.iter().map(|(n, _)| n.as_str()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("there is no column '{name}'"))
                .with("argument", "name")
                .hint(format!("use one of: {}", names.join(", ")))
        })
    }

    fn objects<'env>(&self, env: &'env Env, from: usize, to: usize) -> napi::Result<Array<'env>> {
        let to = to.min(self.n_rows());
        let from = from.min(to);
        let mut rows = env.create_array((to - from) as u32)?;
        let keys = self.named.iter().map(|(name, _)| env.create_string(name)).collect::<napi::Result<Vec<_>>>()?;
        for row in from..to {
            js::scoped(env, || {
                let mut object = Object::new(env)?;
                for (key, (_, data)) in keys.iter().zip(&self.named) {
                    object.set_property(*key, cell(env, data, row)?)?;
                }
                rows.set((row - from) as u32, object)
            })?;
        }
        Ok(rows)
    }
}

fn cell<'env>(env: &'env Env, data: &ColumnData, row: usize) -> napi::Result<Unknown<'env>> {
    match (data.number(row), data.cell(row)) {
        (Some(x), _) => js::unknown(env, x),
        (None, Some(text)) => js::unknown(env, text.as_ref()),
        (None, None) => js::unknown(env, Null),
    }
}

impl ScoredTable {
    /// Of the core's; takes it apart on the thread that scored.
    pub fn new(scored: Scored) -> Result<ScoredTable> {
        let json = |value| rename(value, camel);
        let rest = [
            json(report::summary_json(&scored.predictions.summary())),
            json(report::mapping_json(&scored.mapping)),
            json(report::quality_json(&scored.quality)),
        ];
        let columns = scored.predictions.columns();
        let batch = scored.predictions.to_record_batch()?;
        let named = columns.into_iter().map(|(name, data)| (camel(&name), data)).collect();
        Ok(ScoredTable { columns: Arc::new(Columns { named, batch }), rest })
    }

    /// Bytes of the columns.
    pub fn bytes(&self) -> usize {
        self.columns.batch.get_array_memory_size()
    }
}

#[napi]
impl ScoredTable {
    /// Rows.
    #[napi(getter)]
    pub fn length(&self) -> u32 {
        self.columns.n_rows() as u32
    }

    /// Names of the columns, in their documented order.
    #[napi]
    pub fn names(&self) -> Vec<String> {
        self.columns.named.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The rows from `from` to before `to`, as objects.
    #[napi]
    pub fn rows<'env>(&self, env: &'env Env, from: u32, to: u32) -> napi::Result<Array<'env>> {
        self.columns.objects(env, from as usize, to as usize)
    }

    /// A column of numbers; null for one of texts.
    #[napi]
    pub fn numbers(&self, env: &Env, name: Unknown<'_>) -> napi::Result<Option<Float64Array>> {
        call(env, || {
            let column = self.columns.column(&Reader { env, argument: "name" }.require_text(name)?)?;
            Ok(match column {
                ColumnData::Number(values) => Some(Float64Array::new(values.values().to_vec())),
                _ => None,
            })
        })
    }

    /// A part of a column of texts, null where missing.
    #[napi]
    pub fn texts(&self, env: &Env, name: Unknown<'_>, from: u32, to: u32) -> napi::Result<Vec<Option<String>>> {
        call(env, || {
            let column = self.columns.column(&Reader { env, argument: "name" }.require_text(name)?)?;
            let to = (to as usize).min(column.len());
            Ok((from as usize..to).map(|row| column.cell(row).map(|c| c.into_owned())).collect())
        })
    }

    /// The table in a few numbers.
    #[napi]
    pub fn summary(&self) -> Json {
        Json::renamed(self.rest[0].clone())
    }

    /// How the columns were understood.
    #[napi]
    pub fn mapping(&self) -> Json {
        Json::renamed(self.rest[1].clone())
    }

    /// How good the data is.
    #[napi]
    pub fn quality(&self) -> Json {
        Json::renamed(self.rest[2].clone())
    }

    /// The predictions in the Arrow IPC stream format.
    #[napi]
    pub fn arrow(&self) -> AsyncTask<Job<Buffer>> {
        let columns = self.columns.clone();
        job(move || Ok(move || report::arrow_ipc(&columns.batch).map(Buffer::from)))
    }
}
