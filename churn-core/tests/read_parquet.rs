//! Parquet files: types, codecs, limits, damage.

use arrow_array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, RecordBatch, StringArray};
use churn_core::ErrorKind;
use churn_core::read::{ReadOptions, read_bytes};
use churn_core::table::ColumnData;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn file(compression: Compression) -> Vec<u8> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]))),
        ("seats", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("fee", Arc::new(Float64Array::from(vec![1.5, 2.5, 3.5]))),
        ("since", Arc::new(Date32Array::from(vec![19_787, 19_788, 19_789]))),
        ("active", Arc::new(BooleanArray::from(vec![true, false, true]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let properties =
        WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(2)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.into_inner().expect("a file")
}

#[test]
fn columns_keep_their_types_in_every_codec() {
    for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
        let table = read_bytes(&file(codec), Some("c.parquet"), &ReadOptions::default()).expect("a table");
        assert_eq!((table.n_rows(), table.source().format.as_str()), (3, "parquet"));
        assert_eq!(table.source().name.as_deref(), Some("c.parquet"));
        let data = |name: &str| &table.column(name).expect(name).data;
        assert!(matches!(data("seats"), ColumnData::Integer(_)) && matches!(data("fee"), ColumnData::Number(_)));
        assert!(matches!(data("since"), ColumnData::Date(_)) && matches!(data("active"), ColumnData::Boolean(_)));
        assert_eq!((data("id").cell(1).as_deref(), data("seats").cell(1)), (Some("b"), None));
    }
}

#[test]
fn limits_and_damage() {
    let bytes = file(Compression::SNAPPY);
    for options in [
        ReadOptions { max_rows: 2, ..ReadOptions::default() },
        ReadOptions { max_columns: 4, ..ReadOptions::default() },
        ReadOptions { max_bytes: 100, ..ReadOptions::default() },
    ] {
        assert_eq!(read_bytes(&bytes, None, &options).expect_err("over a limit").kind(), ErrorKind::TooLarge);
    }
    for at in (4..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x5a;
        if let Err(error) = read_bytes(&changed, None, &ReadOptions::default()) {
            assert_ne!(error.kind(), ErrorKind::Internal, "{at}: {error:?}");
        }
    }
    assert!(read_bytes(&bytes[..bytes.len() - 9], None, &ReadOptions::default()).is_err());
}
