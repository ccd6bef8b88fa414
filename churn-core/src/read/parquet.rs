//! Parquet files (feature `parquet`); columns keep their types.

use super::ReadOptions;
use crate::error::Result;
use crate::table::{RawTable, Source};

/// Whether the bytes are a Parquet file: its magic stands at both ends.
pub(super) fn is_parquet(bytes: &[u8]) -> bool {
    bytes.len() >= 12 && bytes.starts_with(b"PAR1") && (bytes.ends_with(b"PAR1") || bytes[4..].contains(&0))
}

/// Reads a Parquet file.
///
/// # Errors
/// `malformed` for a damaged file, `too_large` over a limit of the options, `unsupported` for nested columns.
#[cfg(feature = "parquet")]
pub(super) fn read(bytes: Vec<u8>, what: &str, source: Source, options: &ReadOptions) -> Result<RawTable> {
    use super::{layout, workbook::parse};
    use crate::error::{Error, ErrorKind};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let damaged = |cause: String| {
        Error::new(
            ErrorKind::Malformed,
            format!("{what} is a damaged Parquet file, or one in a codec that is not read"),
        )
        .with("format", "parquet")
        .hint("write it again, uncompressed or with Snappy or Zstandard")
        .caused_by(cause)
    };
    parse(
        || {
            let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
                .map_err(|e| damaged(e.to_string()))?;
            let metadata = builder.metadata();
            // What the file says of itself; a lie ends in the errors of decoding.
            let unpacked: i64 = metadata.row_groups().iter().map(|g| g.total_byte_size().max(0)).sum();
            if usize::try_from(unpacked).unwrap_or(usize::MAX) > options.max_bytes {
                return Err(super::container::too_large_input(what, "unpacks to more than", options));
            }
            let n_rows = usize::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
            layout::check_rows(n_rows, what, options)?;
            let schema = builder.schema().clone();
            if schema.fields().len() > options.max_columns {
                let (n, limit) = (schema.fields().len(), options.max_columns);
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    format!("{what} has {n} columns, over the limit of {limit}"),
                )
                .with("columns", n)
                .with("limit", limit)
                .hint("raise max_columns"));
            }
            let reader = builder.build().map_err(|e| damaged(e.to_string()))?;
            let mut batches = Vec::new();
            let mut n_rows = 0;
            for batch in reader {
                let batch = batch.map_err(|e| damaged(e.to_string()))?;
                n_rows += batch.num_rows();
                layout::check_rows(n_rows, what, options)?;
                batches.push(batch);
            }
            let source = Source { format: "parquet".into(), cells: options.cells(), ..source.clone() };
            Ok(RawTable::from_batches(&schema, &batches)?.with_source(source))
        },
        || damaged("the reader gave up".to_owned()),
    )
}

/// Says that this build reads no Parquet.
#[cfg(not(feature = "parquet"))]
pub(super) fn read(_: Vec<u8>, what: &str, _: Source, _: &ReadOptions) -> Result<RawTable> {
    use crate::error::{Error, ErrorKind};
    Err(Error::new(ErrorKind::Unsupported, format!("{what} is a Parquet file, which this build does not read"))
        .with("format", "parquet")
        .hint("read it into a data frame and pass the frame, or build churn-core with its feature 'parquet'"))
}
