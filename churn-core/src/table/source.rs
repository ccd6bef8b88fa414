//! Where a table comes from and how it was read.

/// The order of day and month in dates such as `03/04/2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 3 April.
    DayFirst,
    /// 4 March.
    MonthFirst,
}

impl DateOrder {
    /// The order's name: `day_first` or `month_first`.
    pub fn name(self) -> &'static str {
        match self {
            DateOrder::DayFirst => "day_first",
            DateOrder::MonthFirst => "month_first",
        }
    }
}

/// How cells are written, where the caller says so; what is `None` is recognised column by column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellFormat {
    /// The decimal separator: `,` or `.`.
    pub decimal: Option<char>,
    /// The character between groups of thousands.
    pub thousands: Option<char>,
    /// The order of day and month.
    pub date_order: Option<DateOrder>,
}

/// How the source was read; every guess is stated, and [`ReadOptions`](crate::read::ReadOptions) overrides it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// `csv`, `json`, `xlsx`, `xlsb`, `xls`, `parquet`, `records` or `frame`.
    pub format: String,
    /// File name, where there is one.
    pub name: Option<String>,
    /// The character encoding by its WHATWG name, for text.
    pub encoding: Option<String>,
    /// The delimiter, for CSV.
    pub delimiter: Option<char>,
    /// The character around cells, for CSV.
    pub quote: Option<char>,
    /// What stands before a quote inside quotes, for CSV: a backslash, or the quote itself (doubled).
    pub escape: Option<char>,
    /// The sheet, for workbooks.
    pub sheet: Option<String>,
    /// Line of the header (for workbooks, the row), counted from 1.
    pub header_line: Option<u64>,
    /// Lines above the header that were taken as a title.
    pub title_lines: Vec<u64>,
    /// Lines at the end that were taken as totals or a footer.
    pub dropped_lines: Vec<u64>,
    /// Columns that hold no value at all and were left out.
    pub empty_columns: Vec<String>,
    /// How cells are written, as far as the caller said so.
    pub cells: CellFormat,
}
