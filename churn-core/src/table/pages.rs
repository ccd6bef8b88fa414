//! Columns in pages. What does not fit into the memory that is meant for it lies in a file, so that a table may have any
//! number of rows.

use super::arrow::joined;
use super::{ColumnData, levels};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType, UInt16Type};
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType};
use std::borrow::Cow;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rows of a page.
pub(crate) const PAGE: usize = 1 << 16;
/// Bytes of pages that are held in memory; further ones go into the file.
const ROOM: usize = 96 << 20;

/// Where pages are kept: in memory, or in a file where there are too many. The file has no name while it is open, where
/// the operating system allows that, and is gone with its last page.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// The file whose neighbour takes what does not fit; without it everything is held.
    target: Option<PathBuf>,
    /// Bytes that may still be held.
    room: AtomicUsize,
    file: Mutex<Option<Overflow>>,
    /// The first page that could not be read.
    failure: Mutex<Option<Error>>,
}

#[derive(Debug)]
struct Overflow {
    /// Its name, where the operating system keeps the name of an open file; else it may be another file's by now.
    path: Option<PathBuf>,
    file: File,
    end: u64,
}

impl Drop for Overflow {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Storage {
    /// A storage whose file, where one is needed, stands beside this one.
    pub fn beside(target: &Path) -> Arc<Storage> {
        Storage::with_room(target, ROOM)
    }

    /// As [`beside`](Self::beside), with so many bytes in memory.
    pub fn with_room(target: &Path, room: usize) -> Arc<Storage> {
        Arc::new(Storage { target: Some(target.to_owned()), room: room.into(), ..Storage::default() })
    }

    /// Whether there was more than memory is meant for.
    pub fn overflows(&self) -> bool {
        locked(&self.file).is_some()
    }

    /// Fails where a page could not be read since.
    ///
    /// # Errors
    /// `io`.
    pub fn check(&self) -> Result<()> {
        locked(&self.failure).take().map_or(Ok(()), Err)
    }

    fn keep(self: &Arc<Self>, array: ArrayRef) -> Result<Page> {
        let bytes = array.get_buffer_memory_size();
        let Some(target) = &self.target else { return Ok(Page::Held { array, bytes: 0, storage: self.clone() }) };
        if self.room.fetch_update(Relaxed, Relaxed, |room| room.checked_sub(bytes)).is_ok() {
            return Ok(Page::Held { array, bytes, storage: self.clone() });
        }
        let failed = |e| Error::io("write", target, e);
        let packed = packed(&array).map_err(|e| Error::internal("a page without bytes").caused_by(e))?;
        let mut file = locked(&self.file);
        let overflow = match &mut *file {
            Some(overflow) => overflow,
            none => {
                let (path, file) = crate::files::neighbour(target).map_err(failed)?;
                // Nobody else is to read it, and it must not stay behind.
                let path = std::fs::remove_file(&path).is_err().then_some(path);
                none.insert(Overflow { path, file, end: 0 })
            }
        };
        let at = overflow.end;
        overflow.file.seek(SeekFrom::Start(at)).and_then(|_| overflow.file.write_all(&packed)).map_err(failed)?;
        overflow.end += packed.len() as u64;
        let (n_rows, kind) = (array.len(), array.data_type().clone());
        Ok(Page::Filed { at, n_bytes: packed.len(), n_rows, kind, storage: self.clone() })
    }

    fn read(&self, at: u64, n_bytes: usize) -> Result<ArrayRef> {
        let path = self.target.as_deref().unwrap_or(Path::new(""));
        let mut bytes = vec![0; n_bytes];
        if let Some(overflow) = &mut *locked(&self.file) {
            let read = overflow.file.seek(SeekFrom::Start(at)).and_then(|_| overflow.file.read_exact(&mut bytes));
            read.map_err(|e| Error::io("read back what was put beside", path, e))?;
        }
        unpacked(&bytes).map_err(|e| {
            Error::io("read back what was put beside", path, std::io::Error::new(std::io::ErrorKind::InvalidData, e))
        })
    }
}

/// An array as Arrow IPC.
fn packed(array: &ArrayRef) -> std::result::Result<Vec<u8>, ArrowError> {
    let batch = RecordBatch::try_from_iter_with_nullable([("page", array.clone(), true)])?;
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

fn unpacked(bytes: &[u8]) -> std::result::Result<ArrayRef, ArrowError> {
    let batch = StreamReader::try_new(Cursor::new(bytes), None)?.next();
    let batch = batch.unwrap_or_else(|| Err(ArrowError::IpcError("no batch".to_owned())))?;
    Ok(batch.column(0).clone())
}

/// One array, held or in the file.
#[derive(Debug)]
enum Page {
    Held { array: ArrayRef, bytes: usize, storage: Arc<Storage> },
    Filed { at: u64, n_bytes: usize, n_rows: usize, kind: DataType, storage: Arc<Storage> },
}

impl Page {
    fn load(&self) -> Result<ArrayRef> {
        match self {
            Page::Held { array, .. } => Ok(array.clone()),
            Page::Filed { at, n_bytes, storage, .. } => storage.read(*at, *n_bytes),
        }
    }

    /// As [`load`](Self::load); where it fails the storage remembers that, and everything is missing.
    fn found(&self) -> ArrayRef {
        match (self.load(), self) {
            (Ok(array), _) => array,
            (Err(error), Page::Filed { n_rows, kind, storage, .. }) => {
                locked(&storage.failure).get_or_insert(error);
                new_null_array(kind, *n_rows)
            }
            (Err(_), Page::Held { array, .. }) => array.clone(),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Page::Held { bytes, storage, .. } = self {
            storage.room.fetch_add(*bytes, Relaxed);
        }
    }
}

/// Arrays of one type, of [`PAGE`] rows each, but for the last.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    storage: Arc<Storage>,
    pages: Vec<Page>,
    /// The page that was looked at last.
    recent: Mutex<Option<(usize, ArrayRef)>>,
}

impl Pages {
    pub fn new(storage: &Arc<Storage>) -> Pages {
        Pages { storage: storage.clone(), ..Pages::default() }
    }

    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Adds a page.
    ///
    /// # Errors
    /// `io` where it does not fit into memory and cannot be written.
    pub fn push(&mut self, array: ArrayRef) -> Result<()> {
        self.pages.push(self.storage.keep(array)?);
        Ok(())
    }

    /// Number of pages.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// A page; where it cannot be read back everything is missing, and [`Storage::check`] says so.
    pub fn page(&self, i: usize) -> Option<ArrayRef> {
        let mut recent = locked(&self.recent);
        if let Some((_, array)) = recent.as_ref().filter(|(at, _)| *at == i) {
            return Some(array.clone());
        }
        let array = self.pages.get(i)?.found();
        *recent = Some((i, array.clone()));
        Some(array)
    }

    /// The pages one after another.
    pub fn iter(&self) -> impl Iterator<Item = Result<ArrayRef>> {
        self.pages.iter().map(Page::load)
    }

    /// The pages one after another; each is gone once it was handed over.
    pub fn drain(self) -> impl Iterator<Item = Result<ArrayRef>> {
        self.pages.into_iter().map(|page| page.load())
    }
}

/// A typed column in pages.
#[derive(Debug, Clone)]
pub struct Paged(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The column without rows: its type, and the levels of a category.
    like: ColumnData,
    n_rows: usize,
    n_missing: usize,
    pages: Pages,
}

/// Collects the pages of a column.
pub(crate) struct PagedBuilder {
    like: Option<ColumnData>,
    n_rows: usize,
    n_missing: usize,
    pages: Pages,
}

impl PagedBuilder {
    pub fn new(storage: &Arc<Storage>) -> Self {
        PagedBuilder { like: None, n_rows: 0, n_missing: 0, pages: Pages::new(storage) }
    }

    /// Adds [`PAGE`] rows of the same type as those before, or the last, fewer ones; a category with the same levels.
    pub fn push(&mut self, page: ColumnData) -> Result<()> {
        self.like.get_or_insert_with(|| page.slice(0..0));
        self.n_rows += page.len();
        self.n_missing += page.null_count();
        self.pages.push(match &page {
            ColumnData::Category(a) => Arc::new(a.keys().clone()),
            other => other.to_array(),
        })
    }

    pub fn finish(self) -> Option<ColumnData> {
        let PagedBuilder { like, n_rows, n_missing, pages } = self;
        Some(ColumnData::Paged(Paged(Arc::new(Inner { like: like?, n_rows, n_missing, pages }))))
    }
}

impl Paged {
    /// A column in one piece, in pages.
    ///
    /// # Errors
    /// `io`.
    pub(crate) fn of(column: ColumnData, storage: &Arc<Storage>) -> Result<ColumnData> {
        let mut pages = PagedBuilder::new(storage);
        for start in (0..column.len()).step_by(PAGE) {
            // Copied, for a slice would keep the whole.
            let rows: Vec<usize> = (start..column.len().min(start + PAGE)).collect();
            pages.push(column.take(&rows))?;
        }
        Ok(pages.finish().unwrap_or(column))
    }

    pub(super) fn len(&self) -> usize {
        self.0.n_rows
    }

    pub(super) fn null_count(&self) -> usize {
        self.0.n_missing
    }

    /// The column without rows.
    pub(super) fn like(&self) -> &ColumnData {
        &self.0.like
    }

    fn page(&self, i: usize) -> ColumnData {
        self.0.pages.page(i).and_then(|array| self.typed(&array)).unwrap_or_else(|| self.0.like.clone())
    }

    fn typed(&self, array: &ArrayRef) -> Option<ColumnData> {
        Some(match &self.0.like {
            ColumnData::Text(_) => ColumnData::Text(array.as_string_opt()?.clone()),
            ColumnData::Category(a) => {
                return ColumnData::category(levels(a).clone(), array.as_primitive_opt::<UInt16Type>()?.clone());
            }
            ColumnData::Integer(_) => ColumnData::Integer(array.as_primitive_opt::<Int64Type>()?.clone()),
            ColumnData::Number(_) => ColumnData::Number(array.as_primitive_opt::<Float64Type>()?.clone()),
            ColumnData::Boolean(_) => ColumnData::Boolean(array.as_boolean_opt()?.clone()),
            ColumnData::Date(_) => ColumnData::Date(array.as_primitive_opt::<Date32Type>()?.clone()),
            ColumnData::Timestamp(_) => {
                ColumnData::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?.clone())
            }
            ColumnData::Paged(_) => return None,
        })
    }

    /// The page of a row, and the row's place on it.
    pub(super) fn at(&self, row: usize) -> (ColumnData, usize) {
        (self.page(row / PAGE), row % PAGE)
    }

    /// A range of rows in one piece; without copying where it lies on one page.
    pub(super) fn slice(&self, rows: Range<usize>) -> ColumnData {
        let mut parts: Vec<ColumnData> = Vec::new();
        let mut start = rows.start;
        while start < rows.end {
            let end = rows.end.min((start / PAGE + 1) * PAGE);
            parts.push(self.page(start / PAGE).slice(start % PAGE..start % PAGE + (end - start)));
            start = end;
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => joined(&parts).unwrap_or_else(|| self.0.like.clone()),
        }
    }

    /// The column that `make` makes of its pages.
    pub(super) fn map(&self, mut make: impl FnMut(usize, &ColumnData) -> ColumnData) -> Result<ColumnData> {
        let mut made = PagedBuilder::new(self.0.pages.storage());
        self.parts().try_for_each(|(start, page)| made.push(make(start, &page)))?;
        Ok(made.finish().unwrap_or_else(|| self.0.like.clone()))
    }

    /// The pages with their first rows.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, Cow<'_, ColumnData>)> {
        (0..self.0.pages.len()).map(|i| (i * PAGE, Cow::Owned(self.page(i))))
    }
}

impl PartialEq for Paged {
    fn eq(&self, other: &Paged) -> bool {
        self.len() == other.len() && self.parts().zip(other.parts()).all(|(a, b)| a == b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Date32Array, Float64Array, LargeStringArray};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("churn-pages-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_column_in_a_file_is_the_column_in_memory() {
        let n = 3 * PAGE + 17;
        let few = ["Month-to-month", "Two year", "Caf\u{e9}"];
        let columns = [
            ColumnData::text((0..n).map(|r| (r % 11 > 0).then(|| format!("C{r}")))),
            ColumnData::text((0..n).map(|r| (r % 7 > 0).then(|| few[r % 3]))).packed(),
            ColumnData::Number((0..n).map(|r| (r % 5 > 0).then_some(r as f64 / 3.0)).collect::<Float64Array>()),
            ColumnData::Boolean((0..n).map(|r| (r % 5 > 0).then_some(r % 2 == 0)).collect()),
            ColumnData::Date((0..n).map(|r| Some(r as i32)).collect::<Date32Array>()),
        ];
        let folder = folder("same");
        // All held, some held, none held.
        for room in [usize::MAX, 2 * PAGE * 8, 0] {
            let storage = Storage::with_room(&folder.join("target.csv"), room);
            for column in &columns {
                let paged = Paged::of(column.clone(), &storage).expect("room on disk");
                assert_eq!((paged.len(), paged.null_count()), (n, column.null_count()));
                for row in [0, 1, 35, PAGE - 1, PAGE, 2 * PAGE + 5, n - 1] {
                    assert_eq!(paged.cell(row), column.cell(row));
                    assert_eq!((paged.number(row), paged.days(row)), (column.number(row), column.days(row)));
                    assert_eq!(paged.is_missing(row), column.is_missing(row));
                }
                for rows in [5..9, PAGE - 3..PAGE + 4, 0..0, 0..n] {
                    let (a, b) = (paged.slice(rows.clone()), column.slice(rows.clone()));
                    assert!((0..rows.len()).all(|r| a.cell(r) == b.cell(r)));
                }
                let rows: usize = paged.parts().map(|(_, part)| part.len()).sum();
                assert_eq!(rows, n);
                assert_eq!(paged.take(&[n - 1, 3]).cell(1), column.cell(3));
            }
            assert_eq!(storage.overflows(), room < usize::MAX);
            storage.check().expect("every page was read back");
        }
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0, "the file has no name, or is gone");
        std::fs::remove_dir_all(&folder).expect("clean up");
    }

    #[test]
    fn room_comes_back_with_pages_that_go() {
        let folder = folder("room");
        let storage = Storage::with_room(&folder.join("target.csv"), 10 * PAGE);
        let column = ColumnData::numbers((0..PAGE).map(|r| Some(r as f64)));
        for _ in 0..5 {
            let paged = Paged::of(column.clone(), &storage).expect("held");
            assert!(!storage.overflows());
            drop(paged);
        }
        let both = [(); 2].map(|()| Paged::of(column.clone(), &storage).expect("held or filed"));
        assert!(storage.overflows() && both.iter().all(|paged| *paged.slice(0..PAGE).to_array() == *column.to_array()));
        // The name is free again, and whoever takes it keeps his file.
        let (other, _) = crate::files::neighbour(&folder.join("target.csv")).expect("a file");
        drop((storage, both));
        assert!(other.exists());
        std::fs::remove_dir_all(&folder).expect("clean up");
    }

    #[test]
    fn what_cannot_be_written_or_read_back_is_an_error() {
        let nowhere = Storage::with_room(Path::new("/nowhere/at/all/target.csv"), 0);
        let column = ColumnData::numbers([Some(1.0)]);
        assert_eq!(Paged::of(column.clone(), &nowhere).expect_err("no such folder").code(), "io");
        let folder = folder("cut");
        let storage = Storage::with_room(&folder.join("target.csv"), 0);
        let paged = Paged::of(column, &storage).expect("room on disk");
        locked(&storage.file).as_mut().expect("a file").file.set_len(10).expect("cut");
        assert!(paged.is_missing(0));
        assert_eq!(storage.check().expect_err("a page is gone").code(), "io");
        let empty: ArrayRef = Arc::new(LargeStringArray::from(vec![None::<&str>]));
        assert_eq!(unpacked(&packed(&empty).expect("bytes")).expect("an array").len(), 1);
        std::fs::remove_dir_all(&folder).expect("clean up");
    }
}
