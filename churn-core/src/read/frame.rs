//! Arrow frames to a raw table; columns keep their types.

use crate::error::Result;
use crate::table::{Places, RawColumn, RawTable, Source, column_from_arrow};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;

impl RawTable {
    /// A raw table of the record batches of one frame.
    ///
    /// # Errors
    /// `empty_input` where there is no column or no row; `unsupported` for nested or binary columns.
    pub fn from_batches(schema: &Schema, batches: &[RecordBatch]) -> Result<RawTable> {
        let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
        super::check_not_empty(schema.fields().len(), n_rows, "the frame")?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (i, field) in schema.fields().iter().enumerate() {
            let chunks: Vec<ArrayRef> = batches.iter().map(|b| b.column(i).clone()).collect();
            columns.push(RawColumn { name: field.name().clone(), data: column_from_arrow(field.name(), &chunks)? });
        }
        super::make_names_unique(columns.iter_mut().map(|c| &mut c.name));
        let source = Source { format: "frame".into(), ..Source::default() };
        Ok(RawTable::new(columns, n_rows, Places::Items, source, Vec::new()))
    }
}
