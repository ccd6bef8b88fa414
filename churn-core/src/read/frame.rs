//! Arrow frames to a raw table; columns keep their types.

use crate::error::Result;
use crate::table::{Places, RawColumn, RawTable, Source, column_from_arrow};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};

/// Whether this is what pandas makes of a frame's nameless index of numbers: where the rows stood before they were
/// filtered or shuffled, which says nothing about customers. An index with a name, or of text, is a column.
fn is_position(field: &Field) -> bool {
    let level = field.name().strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    level.is_some_and(|l| l.parse::<u32>().is_ok()) && field.data_type().is_integer()
}

impl RawTable {
    /// A raw table of the record batches of one frame.
    ///
    /// # Errors
    /// `empty_input` where there is no column or no row; `unsupported` for nested or binary columns.
    pub fn from_batches(schema: &Schema, batches: &[RecordBatch]) -> Result<RawTable> {
        let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
        super::check_not_empty(schema.fields().len(), n_rows, "the frame")?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        let only_positions = schema.fields().iter().all(|f| is_position(f));
        for (i, field) in schema.fields().iter().enumerate() {
            if is_position(field) && !only_positions {
                continue;
            }
            let chunks: Vec<ArrayRef> = batches.iter().map(|b| b.column(i).clone()).collect();
            columns.push(RawColumn { name: field.name().clone(), data: column_from_arrow(field.name(), &chunks)? });
        }
        super::make_names_unique(columns.iter_mut().map(|c| &mut c.name));
        let source = Source { format: "frame".into(), ..Source::default() };
        Ok(RawTable::new(columns, n_rows, Places::Items, source, Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, StringArray};
    use std::sync::Arc;

    fn names(columns: Vec<(&str, ArrayRef)>) -> Vec<String> {
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let table = RawTable::from_batches(&batch.schema(), &[batch]).expect("a table");
        table.columns().iter().map(|c| c.name.clone()).collect()
    }

    #[test]
    fn positions_of_rows_are_no_column_but_named_and_text_indexes_are() {
        let numbers = || Arc::new(Int64Array::from(vec![7, 3])) as ArrayRef;
        let text = || Arc::new(StringArray::from(vec!["C7", "C3"])) as ArrayRef;
        assert_eq!(names(vec![("fee", numbers()), ("__index_level_0__", numbers())]), ["fee"]);
        let kept = names(vec![("fee", numbers()), ("__index_level_0__", text()), ("customer", numbers())]);
        assert_eq!(kept, ["fee", "__index_level_0__", "customer"]);
        assert_eq!(names(vec![("__index_level_0__", numbers())]), ["__index_level_0__"]);
    }
}
