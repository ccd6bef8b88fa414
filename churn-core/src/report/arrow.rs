//! Predictions as Arrow IPC.

use super::Predictions;
use crate::error::{Error, Result};
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;

/// Columns of one length, as Arrow has them.
pub type Batch = RecordBatch;

/// A record batch in the Arrow IPC stream format, which every Arrow library reads.
///
/// # Errors
/// `internal` where the batch cannot be written.
pub fn arrow_ipc(batch: &RecordBatch) -> Result<Vec<u8>> {
    let written = || {
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
        writer.write(batch)?;
        writer.finish()?;
        drop(writer);
        Ok(bytes)
    };
    written().map_err(|e: arrow_schema::ArrowError| Error::internal("a record batch without bytes").caused_by(e))
}

impl Predictions {
    /// The predictions in the Arrow IPC stream format.
    ///
    /// # Errors
    /// `internal` where they cannot be written.
    pub fn to_arrow_ipc(&self) -> Result<Vec<u8>> {
        arrow_ipc(&self.to_record_batch()?)
    }
}
