//! Arrow record batches in and out.

use super::{Column, ColumnData, Table};
use crate::error::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, RecordBatch};
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
    let mut whole: Option<ColumnData> = None;
    for chunk in chunks {
        let cast = arrow_cast::cast(chunk, &target).map_err(|e| {
            Error::new(
                ErrorKind::Unsupported,
                format!("column '{name}' could not be converted from {}", chunk.data_type()),
            )
            .with("column", name)
            .caused_by(e)
        })?;
        let data = match &target {
            DataType::Int64 => ColumnData::Integer(cast.as_primitive::<Int64Type>().clone()),
            DataType::Float64 => ColumnData::Number(cast.as_primitive::<Float64Type>().clone()),
            DataType::Boolean => ColumnData::Boolean(cast.as_boolean().clone()),
            DataType::Date32 => ColumnData::Date(cast.as_primitive::<Date32Type>().clone()),
            DataType::Timestamp(_, _) => ColumnData::Timestamp(
                cast.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(None::<Arc<str>>),
            ),
            _ => ColumnData::Text(cast.as_string::<i64>().clone()),
        };
        whole = Some(match whole {
            None => data,
            Some(before) => before.append(&data),
        });
    }
    whole.ok_or_else(|| Error::internal("an Arrow column without chunks"))
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

impl ColumnData {
    /// The two columns of one type, one after the other.
    fn append(self, other: &ColumnData) -> ColumnData {
        match (self, other) {
            (ColumnData::Text(a), ColumnData::Text(b)) => ColumnData::text(a.iter().chain(b.iter())),
            (ColumnData::Integer(a), ColumnData::Integer(b)) => ColumnData::Integer(a.iter().chain(b.iter()).collect()),
            (ColumnData::Number(a), ColumnData::Number(b)) => ColumnData::Number(a.iter().chain(b.iter()).collect()),
            (ColumnData::Boolean(a), ColumnData::Boolean(b)) => ColumnData::Boolean(a.iter().chain(b.iter()).collect()),
            (ColumnData::Date(a), ColumnData::Date(b)) => ColumnData::Date(a.iter().chain(b.iter()).collect()),
            (ColumnData::Timestamp(a), ColumnData::Timestamp(b)) => {
                ColumnData::Timestamp(a.iter().chain(b.iter()).collect())
            }
            (a, _) => a,
        }
    }
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
