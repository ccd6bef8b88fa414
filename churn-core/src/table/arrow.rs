//! Arrow record batches in and out.
//!
//! The conversions are written out for the types that a table of customers has. Arrow's own `cast` holds every pair of types,
//! which would be a third of the C library.

use super::{Column, ColumnData, Table};
use crate::error::{Error, ErrorKind, Result};
use arrow_array::builder::{BooleanBuilder, LargeStringBuilder, PrimitiveBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{
    Array, ArrayAccessor, ArrayRef, LargeStringArray, PrimitiveArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use std::sync::Arc;

/// One column of an Arrow source in one of the six types; several chunks become one.
pub(crate) fn column_from_arrow(name: &str, chunks: &[ArrayRef]) -> Result<ColumnData> {
    let Some(first) = chunks.first() else {
        return Ok(ColumnData::text(Vec::<Option<&str>>::new()));
    };
    let plain = |chunk: &ArrayRef| {
        converted(chunk)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("column '{name}' has the Arrow type {}, which holds no plain values", first.data_type()),
            )
            .with("column", name)
            .hint("leave the column out, or turn it into text, numbers, truth values, dates or timestamps")
        })
    };
    let mut chunks = chunks.iter().map(plain).collect::<Result<Vec<ColumnData>>>()?;
    match (chunks.pop(), chunks.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            chunks.extend(last);
            joined(&chunks).ok_or_else(|| Error::internal(format!("chunks of column '{name}' do not fit together")))
        }
    }
}

/// A chunk in one of the six types; `None` for types that hold no plain values.
fn converted(chunk: &ArrayRef) -> Result<Option<ColumnData>> {
    use DataType as T;
    Ok(Some(match chunk.data_type() {
        T::LargeUtf8 => ColumnData::Text(chunk.as_string::<i64>().clone()),
        T::Utf8 => ColumnData::Text(wide(chunk)?),
        T::Utf8View => ColumnData::text(chunk.as_string_view().iter()),
        T::Null => ColumnData::Text(LargeStringArray::new_null(chunk.len())),
        T::Int8 => integers::<Int8Type>(chunk),
        T::Int16 => integers::<Int16Type>(chunk),
        T::Int32 => integers::<Int32Type>(chunk),
        T::Int64 => ColumnData::Integer(chunk.as_primitive::<Int64Type>().clone()),
        T::UInt8 => integers::<UInt8Type>(chunk),
        T::UInt16 => integers::<UInt16Type>(chunk),
        T::UInt32 => integers::<UInt32Type>(chunk),
        T::UInt64 => numbers::<UInt64Type>(chunk, |x| x as f64),
        T::Float16 => numbers::<Float16Type>(chunk, f64::from),
        T::Float32 => numbers::<Float32Type>(chunk, f64::from),
        T::Float64 => ColumnData::Number(chunk.as_primitive::<Float64Type>().clone()),
        T::Decimal128(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            numbers::<Decimal128Type>(chunk, |x| x as f64 / unit)
        }
        T::Decimal256(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            numbers::<Decimal256Type>(chunk, |x| float(x) / unit)
        }
        T::Boolean => ColumnData::Boolean(chunk.as_boolean().clone()),
        T::Date32 => ColumnData::Date(chunk.as_primitive::<Date32Type>().clone()),
        T::Date64 => instants(chunk.as_primitive::<Date64Type>(), |ms| ms.checked_mul(1_000)),
        T::Timestamp(TimeUnit::Second, _) => timestamps::<TimestampSecondType>(chunk, |s| s.checked_mul(1_000_000)),
        T::Timestamp(TimeUnit::Millisecond, _) => {
            timestamps::<TimestampMillisecondType>(chunk, |ms| ms.checked_mul(1_000))
        }
        T::Timestamp(TimeUnit::Microsecond, _) => {
            // Instants of a zone are counted in UTC: the zone says only how they are written.
            let plain = chunk.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(None::<Arc<str>>);
            ColumnData::Timestamp(plain)
        }
        T::Timestamp(TimeUnit::Nanosecond, _) => timestamps::<TimestampNanosecondType>(chunk, |ns| Some(ns / 1_000)),
        T::Dictionary(_, values) if !matches!(values.as_ref(), T::Dictionary(_, _)) => {
            let dictionary = chunk.as_any_dictionary();
            let Some(values) = converted(dictionary.values())? else { return Ok(None) };
            looked_up(&values, dictionary)
        }
        _ => return Ok(None),
    }))
}

/// Text with offsets of 32 bits; the letters themselves stay where they are.
fn wide(chunk: &ArrayRef) -> Result<LargeStringArray> {
    let text = chunk.as_string::<i32>();
    let offsets: ScalarBuffer<i64> = text.offsets().iter().map(|&at| i64::from(at)).collect();
    LargeStringArray::try_new(OffsetBuffer::new(offsets), text.values().clone(), text.nulls().cloned())
        .map_err(|e| Error::internal("text with offsets of its own").caused_by(e))
}

fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(chunk: &ArrayRef) -> ColumnData {
    ColumnData::Integer(chunk.as_primitive::<T>().unary::<_, Int64Type>(Into::into))
}

fn numbers<T: ArrowPrimitiveType>(chunk: &ArrayRef, float: impl Fn(T::Native) -> f64) -> ColumnData {
    ColumnData::Number(chunk.as_primitive::<T>().unary::<_, Float64Type>(float))
}

fn timestamps<T: ArrowTimestampType>(chunk: &ArrayRef, microseconds: impl Fn(i64) -> Option<i64>) -> ColumnData {
    instants(chunk.as_primitive::<T>(), microseconds)
}

/// What lies beyond the reach of microseconds is missing.
fn instants<T: ArrowPrimitiveType<Native = i64>>(
    times: &PrimitiveArray<T>,
    microseconds: impl Fn(i64) -> Option<i64>,
) -> ColumnData {
    let found: TimestampMicrosecondArray = times.iter().map(|t| t.and_then(&microseconds)).collect();
    ColumnData::Timestamp(found)
}

/// A whole number of 256 bits; exact to the last bit of a float64 where it fits 128.
fn float(x: i256) -> f64 {
    x.to_i128().map_or_else(
        || {
            let (low, high) = x.to_parts();
            high as f64 * 2f64.powi(128) + low as f64
        },
        |x| x as f64,
    )
}

/// The values that a dictionary's keys stand for.
fn looked_up(values: &ColumnData, dictionary: &dyn arrow_array::array::AnyDictionaryArray) -> ColumnData {
    fn take<A: ArrayAccessor, B: FromIterator<Option<A::Item>>>(values: A, keys: &[usize], nulls: &dyn Array) -> B {
        let one = |(row, &key): (usize, &usize)| {
            (key < values.len() && nulls.is_valid(row) && values.is_valid(key)).then(|| values.value(key))
        };
        keys.iter().enumerate().map(one).collect()
    }
    // Keys of a dictionary without values are all null; there is nothing to count them by.
    let keys = if values.is_empty() { vec![0; dictionary.len()] } else { dictionary.normalized_keys() };
    let nulls = dictionary.keys();
    match values {
        ColumnData::Text(a) => ColumnData::Text(take(a, &keys, nulls)),
        // Arrow has no dictionary of a dictionary.
        ColumnData::Category(_) => looked_up(&values.clone().spelled(), dictionary),
        ColumnData::Paged(a) => looked_up(&a.slice(0..a.len()), dictionary),
        ColumnData::Integer(a) => ColumnData::Integer(take(a, &keys, nulls)),
        ColumnData::Number(a) => ColumnData::Number(take(a, &keys, nulls)),
        ColumnData::Boolean(a) => ColumnData::Boolean(take(a, &keys, nulls)),
        ColumnData::Date(a) => ColumnData::Date(take(a, &keys, nulls)),
        ColumnData::Timestamp(a) => ColumnData::Timestamp(take(a, &keys, nulls)),
    }
}

/// Chunks of one type, one after the other.
pub(super) fn joined(chunks: &[ColumnData]) -> Option<ColumnData> {
    fn whole<T: ArrowPrimitiveType>(
        chunks: &[ColumnData],
        part: impl Fn(&ColumnData) -> Option<&PrimitiveArray<T>>,
    ) -> Option<PrimitiveArray<T>> {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(chunks.iter().map(ColumnData::len).sum());
        for chunk in chunks {
            builder.append_array(part(chunk)?);
        }
        Some(builder.finish())
    }
    Some(match chunks.first()? {
        ColumnData::Text(_) => {
            let mut builder = LargeStringBuilder::new();
            for chunk in chunks {
                let ColumnData::Text(part) = chunk else { return None };
                builder.append_array(part).ok()?;
            }
            ColumnData::Text(builder.finish())
        }
        ColumnData::Paged(_) => return None,
        ColumnData::Category(_) => {
            return joined(&chunks.iter().cloned().map(ColumnData::spelled).collect::<Vec<_>>());
        }
        ColumnData::Boolean(_) => {
            let mut builder = BooleanBuilder::new();
            for chunk in chunks {
                let ColumnData::Boolean(part) = chunk else { return None };
                builder.append_array(part);
            }
            ColumnData::Boolean(builder.finish())
        }
        ColumnData::Integer(_) => ColumnData::Integer(whole(chunks, |c| match c {
            ColumnData::Integer(a) => Some(a),
            _ => None,
        })?),
        ColumnData::Number(_) => ColumnData::Number(whole(chunks, |c| match c {
            ColumnData::Number(a) => Some(a),
            _ => None,
        })?),
        ColumnData::Date(_) => ColumnData::Date(whole(chunks, |c| match c {
            ColumnData::Date(a) => Some(a),
            _ => None,
        })?),
        ColumnData::Timestamp(_) => ColumnData::Timestamp(whole(chunks, |c| match c {
            ColumnData::Timestamp(a) => Some(a),
            _ => None,
        })?),
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int8Type as Key;
    use arrow_array::{
        BooleanArray, Date64Array, Decimal128Array, Decimal256Array, DictionaryArray, Float32Array, Float64Array,
        Int8Array, Int32Array, Int64Array, ListArray, NullArray, StringArray, StringViewArray,
        TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
    };

    fn cells(chunks: &[ArrayRef]) -> Vec<Option<String>> {
        let column = column_from_arrow("c", chunks).expect("plain values");
        (0..column.len()).map(|r| column.cell(r).map(|c| c.into_owned())).collect()
    }

    fn one(array: impl Array + 'static) -> Vec<Option<String>> {
        cells(&[Arc::new(array)])
    }

    fn texts(expected: &[Option<&str>]) -> Vec<Option<String>> {
        expected.iter().map(|c| c.map(str::to_owned)).collect()
    }

    #[test]
    fn every_plain_type_is_read_with_its_nulls() {
        let abc = texts(&[Some("a"), None, Some("ç")]);
        assert_eq!(one(StringArray::from(vec![Some("a"), None, Some("ç")])), abc);
        assert_eq!(one(StringViewArray::from(vec![Some("a"), None, Some("ç")])), abc);
        assert_eq!(one(LargeStringArray::from(vec![Some("a"), None, Some("ç")])), abc);
        assert_eq!(one(StringArray::from(vec!["x", "a", "ç"]).slice(1, 2)), texts(&[Some("a"), Some("ç")]));
        assert_eq!(one(NullArray::new(2)), texts(&[None, None]));
        assert_eq!(one(Int8Array::from(vec![Some(-3), None])), texts(&[Some("-3"), None]));
        assert_eq!(one(Int32Array::from(vec![7])), texts(&[Some("7")]));
        assert_eq!(one(UInt64Array::from(vec![u64::MAX])), one(Float64Array::from(vec![u64::MAX as f64])));
        assert_eq!(one(Float32Array::from(vec![0.5])), texts(&[Some("0.5")]));
        assert_eq!(one(BooleanArray::from(vec![Some(true), None])), one(BooleanArray::from(vec![Some(true), None])));
        let money = Decimal128Array::from(vec![Some(1990), None]).with_precision_and_scale(9, 2).expect("fits");
        assert_eq!(one(money), texts(&[Some("19.9"), None]));
        let money = Decimal256Array::from(vec![i256::from_i128(-1990)]).with_precision_and_scale(40, 2).expect("fits");
        assert_eq!(one(money), texts(&[Some("-19.9")]));
    }

    #[test]
    fn instants_of_every_unit_are_the_same_instant() {
        let expected = one(TimestampMicrosecondArray::from(vec![1_700_000_000_000_000]));
        assert_eq!(one(TimestampSecondArray::from(vec![1_700_000_000])), expected);
        assert_eq!(one(TimestampMillisecondArray::from(vec![1_700_000_000_000])), expected);
        assert_eq!(one(TimestampNanosecondArray::from(vec![1_700_000_000_000_000_999])), expected);
        assert_eq!(one(Date64Array::from(vec![1_700_000_000_000])), expected);
        assert_eq!(one(TimestampMicrosecondArray::from(vec![1_700_000_000_000_000]).with_timezone("+02:00")), expected);
        assert_eq!(one(TimestampSecondArray::from(vec![i64::MAX])), texts(&[None]), "beyond microseconds");
    }

    #[test]
    fn dictionaries_are_looked_up() {
        let plans: DictionaryArray<Key> = vec![Some("basic"), None, Some("pro"), Some("basic")].into_iter().collect();
        let expected = texts(&[Some("basic"), None, Some("pro"), Some("basic")]);
        assert_eq!(one(plans.clone()), expected);
        assert_eq!(one(plans.slice(2, 2)), expected[2..]);
        let numbers =
            DictionaryArray::new(Int8Array::from(vec![1, 0, 1]), Arc::new(Int32Array::from(vec![Some(5), None])));
        assert_eq!(one(numbers), texts(&[None, Some("5"), None]), "a null among the values");
        let empty = DictionaryArray::new(Int8Array::new_null(2), Arc::new(StringArray::from(Vec::<&str>::new())));
        assert_eq!(one(empty), texts(&[None, None]));
    }

    #[test]
    fn chunks_become_one_column() {
        let chunks: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec![Some("a"), None])),
            Arc::new(StringArray::from(Vec::<&str>::new())),
            Arc::new(StringArray::from(vec!["b"])),
        ];
        assert_eq!(cells(&chunks), texts(&[Some("a"), None, Some("b")]));
        let chunks: [ArrayRef; 2] =
            [Arc::new(Int64Array::from(vec![1])), Arc::new(Int64Array::from(vec![None, Some(2)]))];
        assert_eq!(cells(&chunks), texts(&[Some("1"), None, Some("2")]));
        let chunks: [ArrayRef; 2] =
            [Arc::new(BooleanArray::from(vec![true])), Arc::new(BooleanArray::from(vec![None, Some(false)]))];
        assert_eq!(cells(&chunks).len(), 3);
        let mixed: [ArrayRef; 2] = [Arc::new(Int64Array::from(vec![1])), Arc::new(Float64Array::from(vec![1.0]))];
        assert_eq!(column_from_arrow("c", &mixed).expect_err("two types").kind(), ErrorKind::Internal);
        assert_eq!(cells(&[]), Vec::<Option<String>>::new());
    }

    #[test]
    fn nested_values_are_refused_with_their_type() {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        let error = column_from_arrow("tags", &[Arc::new(list)]).expect_err("no plain values");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("'tags'") && error.message().contains("List"), "{error}");
    }
}
