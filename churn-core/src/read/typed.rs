//! A raw table with every column read by its own content: what a preview shows before anything is mapped.

use super::cells::{ParsedColumn, read_own};
use crate::error::Result;
use crate::schema::FieldType;
use crate::table::{RawTable, batch_of, columns_at_once};
use arrow_array::RecordBatch;
use rayon::prelude::*;

/// One column by its content.
#[derive(Debug, Clone)]
pub struct TypedColumn {
    /// Its header.
    pub name: String,
    /// What its cells are, judged by all of them.
    pub field_type: FieldType,
    /// The values, and how they were written.
    pub parsed: ParsedColumn,
}

/// Reads every column of a table by its own content and header; columns are read side by side, each by one thread.
///
/// ```
/// use churn_core::read::{ReadOptions, read_bytes, typed};
/// use churn_core::schema::FieldType;
///
/// let raw = read_bytes(b"id;fee\nA1;1.234,50\nA2;7,00\n", None, &ReadOptions::default())?;
/// let columns = typed(&raw);
/// assert_eq!(columns[1].field_type, FieldType::Number);
/// assert_eq!(columns[1].parsed.values.number(0), Some(1234.5));
/// # Ok::<(), churn_core::Error>(())
/// ```
pub fn typed(raw: &RawTable) -> Vec<TypedColumn> {
    let format = &raw.source().cells;
    raw.columns()
        .par_iter()
        .with_min_len(columns_at_once(raw.n_rows()))
        .map(|column| {
            let (field_type, parsed) = read_own(&column.data, &column.name, format);
            TypedColumn { name: column.name.clone(), field_type, parsed }
        })
        .collect()
}

/// Typed columns as one Arrow record batch.
///
/// # Errors
/// `internal` for columns of different lengths.
pub fn record_batch(columns: &[TypedColumn]) -> Result<RecordBatch> {
    batch_of(columns.iter().map(|c| (c.name.as_str(), &c.parsed.values)))
}
