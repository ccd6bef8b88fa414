//! A table that JavaScript hands over piece by piece: streams, and what is too large to be copied in one turn of the
//! event loop.

use crate::columns;
use crate::error::call;
use crate::input::{Reader, Table};
use churn_core::{Error, ErrorKind, Record, Result};
use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What has come so far. The pieces are put together where the work is done: growing one large block would hold up the
/// event loop.
#[derive(Default)]
pub struct Pieces {
    bytes: Vec<Vec<u8>>,
    records: Vec<Vec<Record>>,
}

/// A table in the making; the package makes it, users never see it.
#[napi]
#[derive(Default)]
pub struct Intake(Mutex<Pieces>);

#[napi]
impl Intake {
    /// Nothing yet.
    #[napi(constructor)]
    pub fn new() -> Intake {
        Intake::default()
    }

    /// Adds a piece: bytes or text of a file, or an array of records.
    #[napi]
    pub fn push(&self, env: &Env, piece: Unknown<'_>) -> napi::Result<()> {
        call(env, || {
            let reader = Reader { env, argument: "table" };
            let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(bytes) = reader.view(piece)? {
                pieces.bytes.push(bytes.to_vec());
            } else if let Some(text) = reader.text(piece)? {
                pieces.bytes.push(text.into_bytes());
            } else {
                let before = pieces.records.iter().map(Vec::len).sum();
                pieces.records.push(reader.records(piece, before)?);
            }
            pieces.check(&reader)
        })
    }

    /// The table, once all pieces are here; leaves nothing behind.
    pub fn take(&self) -> Table {
        let pieces = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Table::Pieces(Mutex::new(pieces), OnceLock::new())
    }
}

impl Pieces {
    /// The whole.
    pub fn join(self) -> Table {
        if self.records.is_empty() {
            Table::Bytes(self.bytes.concat())
        } else {
            Table::Records(self.records.into_iter().flatten().collect())
        }
    }
}

impl Pieces {
    fn check(&self, reader: &Reader<'_>) -> Result<()> {
        if self.bytes.is_empty() || self.records.is_empty() {
            return Ok(());
        }
        Err(reader.wrong("gives bytes and objects", "give a stream of one kind: the content of a file, or records"))
    }
}

/// A table from an object: the pieces that were handed over before, or lists of values by column name.
pub fn of_object(reader: &Reader<'_>, value: Unknown<'_>) -> Result<Option<Table>> {
    if let Ok(intake) = crate::js::cast::<napi::bindgen_prelude::ClassInstance<'_, Intake>>(value) {
        return Ok(Some(intake.take()));
    }
    columns::table(reader, value).map(|raw| raw.map(|raw| Table::Raw(Box::new(raw)))).map_err(|e: Error| {
        match e.kind() {
            ErrorKind::InvalidArgument => e,
            _ => e.with("argument", reader.argument),
        }
    })
}
