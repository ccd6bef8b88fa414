//! Columns as polars frames (feature `polars`).

use super::{Column, ColumnData, Table};
use crate::error::{Error, Result};
use arrow_array::Array;
use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, Series, TimeUnit};

/// One column as a polars column; values are copied once.
fn series(name: &str, data: &ColumnData) -> Result<polars::prelude::Column> {
    let failed = |e: polars::prelude::PolarsError| {
        Error::internal("a column did not become a polars column").caused_by(e.to_string())
    };
    let series = match data {
        ColumnData::Text(a) => Series::new(name.into(), a.iter().collect::<Vec<Option<&str>>>()),
        ColumnData::Category(a) => {
            let cells = a.downcast_dict::<arrow_array::LargeStringArray>();
            Series::new(name.into(), cells.into_iter().flatten().collect::<Vec<Option<&str>>>())
        }
        ColumnData::Paged(a) => return series(name, &a.slice(0..a.len())),
        ColumnData::Integer(a) => Series::new(name.into(), a.iter().collect::<Vec<Option<i64>>>()),
        ColumnData::Number(a) if a.null_count() == 0 => Series::new(name.into(), a.values().as_ref()),
        ColumnData::Number(a) => Series::new(name.into(), a.iter().collect::<Vec<Option<f64>>>()),
        ColumnData::Boolean(a) => Series::new(name.into(), a.iter().collect::<Vec<Option<bool>>>()),
        ColumnData::Date(a) => {
            Series::new(name.into(), a.iter().collect::<Vec<Option<i32>>>()).cast(&DataType::Date).map_err(failed)?
        }
        ColumnData::Timestamp(a) => Series::new(name.into(), a.iter().collect::<Vec<Option<i64>>>())
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            .map_err(failed)?,
    };
    Ok(series.into_column())
}

/// Named columns of one length as a frame.
pub(crate) fn frame_of<'a>(
    n_rows: usize,
    columns: impl Iterator<Item = (&'a str, &'a ColumnData)>,
) -> Result<DataFrame> {
    let columns = columns.map(|(name, data)| series(name, data)).collect::<Result<Vec<_>>>()?;
    DataFrame::new(n_rows, columns)
        .map_err(|e| Error::internal("columns of different lengths").caused_by(e.to_string()))
}

impl Table {
    /// The table as a polars frame.
    pub fn to_polars(&self) -> Result<DataFrame> {
        frame_of(self.n_rows(), self.columns().iter().map(|c: &Column| (c.name.as_str(), &c.data)))
    }
}
