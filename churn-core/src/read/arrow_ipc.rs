//! Arrow IPC: the file format (Feather version 2) and the stream format, as other tools write them.
//!
//! Format: <https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>.

use crate::error::{Error, ErrorKind, Result};
use crate::table::RawTable;
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, Schema};
use std::io::Cursor;

/// First bytes of the file format.
const FILE: &[u8] = b"ARROW1";
/// First bytes of the stream format: the continuation marker, before the length of the schema message.
const STREAM: &[u8] = &[0xFF; 4];

/// Whether the bytes are Arrow IPC.
pub(super) fn is_arrow(bytes: &[u8]) -> bool {
    bytes.starts_with(FILE) || bytes.starts_with(STREAM)
}

/// Reads bytes of either format; columns keep their types.
///
/// # Errors
/// `malformed` for damaged bytes, otherwise as [`RawTable::from_batches`].
pub(super) fn read(bytes: &[u8], what: &str) -> Result<RawTable> {
    let malformed = || {
        Error::new(ErrorKind::Malformed, format!("{what} begins like Arrow IPC but cannot be read as such"))
            .hint("write it anew, without compression")
    };
    // Messages of the format may hold offsets that lead nowhere; the reader panics on some of them.
    let batches = std::panic::catch_unwind(|| batches(bytes)).map_err(|_| malformed())?;
    let (schema, batches) = batches.map_err(|e| malformed().caused_by(e))?;
    // A row takes at least one bit, but for columns of type null, which may claim any number.
    let n_rows = batches.iter().fold(0usize, |n, batch| n.saturating_add(batch.num_rows()));
    if n_rows > bytes.len().saturating_mul(8) {
        return Err(malformed());
    }
    RawTable::from_batches(&schema, &batches)
}

fn batches(bytes: &[u8]) -> std::result::Result<(Schema, Vec<RecordBatch>), ArrowError> {
    // A file is a stream between a magic word, padded with zeros, and a footer, which is not needed to read all of it.
    let padded = |magic: usize| magic + bytes[magic..].iter().take_while(|b| **b == 0).count();
    let stream = if bytes.starts_with(FILE) { &bytes[padded(FILE.len())..] } else { bytes };
    let whole =
        messages(stream).ok_or_else(|| ArrowError::IpcError("a message is longer than the input".to_owned()))?;
    let reader = StreamReader::try_new(Cursor::new(whole), None)?;
    let schema = reader.schema().as_ref().clone();
    Ok((schema, reader.collect::<std::result::Result<_, _>>()?))
}

/// The messages of a stream, up to its end mark or the end of the bytes; `None` where a message claims more than there
/// is. The reader takes memory for what a message claims, so damaged lengths must not reach it.
fn messages(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at < bytes.len() {
        let head = bytes.get(at..at + 8)?;
        let length = u32::from_le_bytes(head[4..].try_into().ok()?) as usize;
        if !head.starts_with(STREAM) || length == 0 {
            return head.starts_with(STREAM).then_some(&bytes[..at + 8]);
        }
        let body_at = at.checked_add(8 + length)?;
        let message = arrow_ipc::root_as_message(bytes.get(at + 8..body_at)?).ok()?;
        at = body_at.checked_add(usize::try_from(message.bodyLength()).ok()?)?;
        bytes.get(..at)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::read::{ReadOptions, read_bytes};
    use crate::table::{ColumnData, batch_of};
    use arrow_ipc::writer::{FileWriter, StreamWriter};

    fn columns() -> Vec<(&'static str, ColumnData)> {
        vec![
            ("customer_id", ColumnData::text((0..50).map(|i| (i != 7).then(|| format!("C{i}"))))),
            ("fee", ColumnData::numbers((0..50).map(|i| (i != 3).then_some(f64::from(i) / 3.0)))),
        ]
    }

    fn written() -> [Vec<u8>; 2] {
        let columns = columns();
        let batch = batch_of(columns.iter().map(|(n, d)| (*n, d))).expect("batch");
        let (mut stream, mut file) = (Vec::new(), Vec::new());
        let mut writer = StreamWriter::try_new(&mut stream, &batch.schema()).expect("writer");
        writer.write(&batch.slice(0, 20)).and_then(|()| writer.write(&batch.slice(20, 30))).expect("written");
        writer.finish().expect("written");
        let mut writer = FileWriter::try_new(&mut file, &batch.schema()).expect("writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
        [stream, file]
    }

    #[test]
    fn both_formats_give_the_columns_back() {
        for bytes in written() {
            let table = read_bytes(&bytes, None, &ReadOptions::default()).expect("a table");
            for (column, (name, data)) in table.columns().iter().zip(columns()) {
                assert_eq!((column.name.as_str(), &column.data), (name, &data));
            }
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_never_a_panic() {
        for bytes in written() {
            for cut in (4..bytes.len()).step_by(7) {
                // Cut off, and with a byte changed: an error, or a table where the byte did not matter.
                let _ = read_bytes(&bytes[..cut], None, &ReadOptions::default())
                    .map_err(|e| assert_ne!(e.code(), "internal"));
                let mut changed = bytes.clone();
                changed[cut] ^= 0x5A;
                let _ =
                    read_bytes(&changed, None, &ReadOptions::default()).map_err(|e| assert_ne!(e.code(), "internal"));
            }
            let error = read_bytes(&bytes[..16], None, &ReadOptions::default()).expect_err("cut off");
            assert_eq!(error.code(), "malformed");
        }
    }
}
