//! polars frames to a raw table (feature `polars`); columns keep their types, values are copied once.

use super::{check_not_empty, make_names_unique};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, Places, RawColumn, RawTable, Source};
use polars::prelude::{DataFrame, DataType, PolarsError, TimeUnit};

impl RawTable {
    /// A raw table of a polars frame.
    ///
    /// # Errors
    /// `empty_input` where there is no column or no row; `unsupported` for nested and binary columns.
    ///
    /// ```
    /// use churn_core::table::RawTable;
    /// use churn_core::{Engine, ScoreOptions};
    /// use polars::prelude::df;
    ///
    /// let frame = df!("customer_id" => [1, 2], "tenure_months" => [3, 40], "monthly_charges" => [80.0, 20.0],
    ///                 "contract" => ["Month-to-month", "Two year"])?;
    /// let scored = Engine::pretrained("telecom")?.score(&RawTable::from_polars(&frame)?, &ScoreOptions::default())?;
    /// assert_eq!(scored.predictions.to_polars()?.height(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_polars(frame: &DataFrame) -> Result<RawTable> {
        check_not_empty(frame.width(), frame.height(), "the frame")?;
        let mut columns: Vec<RawColumn> = frame
            .columns()
            .iter()
            .map(|c| Ok(RawColumn { name: c.name().to_string(), data: column(c)? }))
            .collect::<Result<_>>()?;
        make_names_unique(columns.iter_mut().map(|c| &mut c.name));
        let source = Source { format: "frame".into(), ..Source::default() };
        Ok(RawTable::new(columns, frame.height(), Places::Items, source, Vec::new()))
    }
}

fn column(column: &polars::prelude::Column) -> Result<ColumnData> {
    let name = column.name();
    let unsupported = |e: PolarsError| {
        Error::new(
            ErrorKind::Unsupported,
            format!("column '{name}' has the polars type {}, which holds no plain values", column.dtype()),
        )
        .with("column", name)
        .hint("leave the column out, or turn it into text, numbers, truth values, dates or timestamps")
        .caused_by(e.to_string())
    };
    let cast = |target: &DataType| column.cast(target).map_err(unsupported);
    Ok(match column.dtype() {
        DataType::Boolean => ColumnData::Boolean(column.bool().map_err(unsupported)?.iter().collect()),
        DataType::Float32 | DataType::Float64 | DataType::UInt64 => {
            ColumnData::Number(cast(&DataType::Float64)?.f64().map_err(unsupported)?.iter().collect())
        }
        dtype if dtype.is_integer() => {
            ColumnData::Integer(cast(&DataType::Int64)?.i64().map_err(unsupported)?.iter().collect())
        }
        DataType::Date => ColumnData::Date(cast(&DataType::Int32)?.i32().map_err(unsupported)?.iter().collect()),
        DataType::Datetime(_, _) => {
            let micros =
                cast(&DataType::Datetime(TimeUnit::Microseconds, None))?.cast(&DataType::Int64).map_err(unsupported)?;
            ColumnData::Timestamp(micros.i64().map_err(unsupported)?.iter().collect())
        }
        _ => ColumnData::text(cast(&DataType::String)?.str().map_err(unsupported)?.iter()),
    })
}
