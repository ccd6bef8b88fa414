//! Tables: thin structs over Arrow arrays.
//!
//! A [`RawTable`] is what was read: text cells exactly as they stood in the source, or the typed columns of a
//! frame. A [`Table`] is what validation makes of it: named columns, typed by meaning. Rows keep their order
//! and their place in the source, so that every finding can name the row that a user sees in the file.

mod arrow;
mod column;
mod lines;
mod lookup;
mod pages;
#[cfg(feature = "polars")]
mod polars;
mod recent;
mod source;

pub(crate) use arrow::{batch_of, column_from_arrow};
pub use column::ColumnData;
pub(crate) use column::{date_from_days, days_from_date, format_date, format_number, format_timestamp, levels};
pub use lines::Lines;
pub(crate) use lookup::Lookup;
pub use pages::Paged;
pub(crate) use pages::{PAGE, PagedBuilder, Pages, Storage};
#[cfg(feature = "polars")]
pub(crate) use polars::frame_of;
pub(crate) use recent::{Recent, RecentCodes};
pub use source::{CellFormat, DateOrder, Source};

use std::collections::BTreeMap;

/// Rows below which work is not shared among threads.
pub(crate) const FEW_ROWS: usize = 512;

/// How many columns a thread takes at least: all of them where there are few rows. One customer is then judged on the thread
/// that asks, and never waits for a pool that is busy with a file of millions.
pub(crate) fn columns_at_once(n_rows: usize) -> usize {
    if n_rows < FEW_ROWS { usize::MAX } else { 1 }
}

/// Where the rows of a table stand in their source.
#[derive(Debug, Clone, PartialEq)]
pub enum Places {
    /// Row `i` (counted from 0) is item `i + 1` of the source: frames and lists of records.
    Items,
    /// One line number of the file a row, counted from 1.
    Lines(Lines),
}

/// Something worth telling that was met while reading; it becomes a finding of the quality report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadNote {
    /// Stable code, for example `ragged_row`.
    pub code: &'static str,
    /// What was met and what was done about it; never the content of a cell.
    pub message: String,
    /// How many rows it concerns.
    pub rows_affected: usize,
    /// Up to five line numbers (or item numbers) as examples.
    pub example_rows: Vec<u64>,
}

/// One column as it was read.
#[derive(Debug, Clone)]
pub struct RawColumn {
    /// The header as it stood in the source (trimmed); blank and repeated headers are made unique.
    pub name: String,
    /// The cells.
    pub data: ColumnData,
}

/// A table as it was read.
#[derive(Debug, Clone)]
pub struct RawTable {
    columns: Vec<RawColumn>,
    n_rows: usize,
    places: Places,
    source: Source,
    notes: Vec<ReadNote>,
    stated: BTreeMap<String, Option<String>>,
}

impl RawTable {
    /// A table of these columns, all of one length.
    pub fn new(columns: Vec<RawColumn>, n_rows: usize, places: Places, source: Source, notes: Vec<ReadNote>) -> Self {
        debug_assert!(columns.iter().all(|c| c.data.len() == n_rows));
        // What is still to be read is text.
        let columns = columns.into_iter().map(|c| RawColumn { data: c.data.spelled(), ..c }).collect();
        RawTable { columns, n_rows, places, source, notes, stated: BTreeMap::new() }
    }

    /// The table, with the word of whoever made it on what its columns mean: header -> canonical field, or `None` for a
    /// column that means none.
    #[must_use]
    pub fn with_stated(self, stated: BTreeMap<String, Option<String>>) -> Self {
        RawTable { stated, ..self }
    }

    /// What whoever made the table says of its columns; empty for a table that was read.
    pub fn stated(&self) -> &BTreeMap<String, Option<String>> {
        &self.stated
    }

    /// The columns in the order of the source.
    pub fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    /// The column with this header.
    pub fn column(&self, name: &str) -> Option<&RawColumn> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How it was read.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same table, said to be read in another way.
    pub(crate) fn with_source(self, source: Source) -> Self {
        RawTable { source, ..self }
    }

    /// What was met while reading.
    pub fn notes(&self) -> &[ReadNote] {
        &self.notes
    }

    /// The row number a user sees: the line of a file, or the item number of a list, counted from 1.
    pub fn row_number(&self, row: usize) -> u64 {
        self.places.row_number(row)
    }

    /// Where the rows stand in their source.
    pub fn places(&self) -> &Places {
        &self.places
    }
}

impl Places {
    /// The row number a user sees for row `row`, counted from 0.
    pub fn row_number(&self, row: usize) -> u64 {
        match self {
            Places::Items => row as u64 + 1,
            Places::Lines(lines) => lines.of(row).unwrap_or(row as u64 + 1),
        }
    }
}

/// One column typed by meaning.
#[derive(Debug, Clone)]
pub struct Column {
    /// Canonical field name, or the source's own header for a column that means none of the fields.
    pub name: String,
    /// Whether `name` is a canonical field.
    pub canonical: bool,
    /// Header of the source column; empty for a derived column.
    pub source: String,
    /// The values: text and categories as `Text`, numbers as `Number`, and so on.
    pub data: ColumnData,
}

/// A typed table: the output of validation and the input of features.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    n_rows: usize,
    places: Places,
}

impl Table {
    /// A table of these columns, all of one length.
    pub fn new(columns: Vec<Column>, n_rows: usize, places: Places) -> Self {
        debug_assert!(columns.iter().all(|c| c.data.len() == n_rows));
        Table { columns, n_rows, places }
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The row number a user sees.
    pub fn row_number(&self, row: usize) -> u64 {
        self.places.row_number(row)
    }

    /// Where the rows stand in their source.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The table without these columns.
    pub fn without(&self, barred: impl Fn(&Column) -> bool) -> Table {
        let columns = self.columns.iter().filter(|c| !barred(c)).cloned().collect();
        Table { columns, n_rows: self.n_rows, places: self.places.clone() }
    }

    /// A range of rows, without copying; they are numbered from 1.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Table {
        let columns = self.columns.iter().map(|c| Column { data: c.data.slice(rows.clone()), ..c.clone() }).collect();
        Table { columns, n_rows: rows.len(), places: Places::Items }
    }

    /// The table in parts that are in one piece each, with their first rows; a part's own rows are numbered from 1.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, Table)> {
        let is_paged = self.columns.iter().any(|c| matches!(c.data, ColumnData::Paged(_)));
        let step = if is_paged { PAGE } else { self.n_rows.max(1) };
        (0..self.n_rows).step_by(step).map(move |start| (start, self.slice(start..self.n_rows.min(start + step))))
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> Table {
        let columns = self.columns.iter().map(|c| Column { data: c.data.take(rows), ..c.clone() }).collect();
        let places = Places::Lines(rows.iter().map(|&r| self.row_number(r)).collect());
        Table { columns, n_rows: rows.len(), places }
    }
}
