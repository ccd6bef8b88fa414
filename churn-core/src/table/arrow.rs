//! Arrow record batches in and out.

use super::{Column, ColumnData, Table};
use crate::error::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use std::sync::Arc;

/// One column of an Arrow source in one of the six types; several chunks become one.
pub(crate) fn column_from_arrow(name: &str, chunks: &[ArrayRef]) -> Result<ColumnData> {
    let Some(first) = chunks.first() else {
        return Ok(ColumnData::text(Vec::<Option<&str>>::new()));
    };
    let target = match first.data_type() {
        DataType::Dictionary(_, values) => target_type(values),
        other => target_type(other),
    };
    let target = target.ok_or_else(|| {
        Error::new(
            ErrorKind::Unsupported,
            format!("column '{name}' has the Arrow type {}, which holds no plain values", first.data_type()),
        )
        .with("column", name)
        .hint("leave the column out, or turn it into text, numbers, truth values, dates or timestamps")
    })?;
    let cast = |chunk: &ArrayRef| {
        arrow_cast::cast(chunk, &target).map_err(|e| {
            Error::new(
                ErrorKind::Unsupported,
                format!("column '{name}' could not be converted from {}", chunk.data_type()),
            )
            .with("column", name)
            .caused_by(e)
        })
    };
    let mut chunks = chunks.iter().map(cast).collect::<Result<Vec<ArrayRef>>>()?;
    let whole = match (chunks.pop(), chunks.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            chunks.extend(last);
            let all: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            arrow_select::concat::concat(&all)
                .map_err(|e| Error::internal(format!("chunks of column '{name}' do not fit together")).caused_by(e))?
        }
    };
    Ok(match &target {
        DataType::Int64 => ColumnData::Integer(whole.as_primitive::<Int64Type>().clone()),
        DataType::Float64 => ColumnData::Number(whole.as_primitive::<Float64Type>().clone()),
        DataType::Boolean => ColumnData::Boolean(whole.as_boolean().clone()),
        DataType::Date32 => ColumnData::Date(whole.as_primitive::<Date32Type>().clone()),
        DataType::Timestamp(_, _) => ColumnData::Timestamp(
            whole.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(None::<Arc<str>>),
        ),
        _ => ColumnData::Text(whole.as_string::<i64>().clone()),
    })
}

fn target_type(source: &DataType) -> Option<DataType> {
    use DataType as T;
    Some(match source {
        T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Null => T::LargeUtf8,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => T::Int64,
        T::UInt64 | T::Float16 | T::Float32 | T::Float64 | T::Decimal128(_, _) | T::Decimal256(_, _) => T::Float64,
        T::Boolean => T::Boolean,
        T::Date32 => T::Date32,
        T::Date64 | T::Timestamp(_, _) => T::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

/// A record batch of named columns.
pub(crate) fn batch_of<'a>(columns: impl Iterator<Item = (&'a str, &'a ColumnData)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .map(|(name, data)| {
            let array = data.to_array();
            (Field::new(name, array.data_type().clone(), true), array)
        })
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Error::internal("columns of different lengths").caused_by(e))
}

impl Table {
    /// The table as one Arrow record batch.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        batch_of(self.columns().iter().map(|c: &Column| (c.name.as_str(), &c.data)))
    }
}
