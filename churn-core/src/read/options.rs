//! What a caller may say about the source.

use crate::error::{Error, ErrorKind, Result};
use crate::table::{CellFormat, DateOrder, RawTable, Source};
use serde_json::{Map, Value};

/// How to read; every field has a sensible default, `None` means "recognise it".
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Cell delimiter of a text file.
    pub delimiter: Option<char>,
    /// The character around cells of a text file, `"` or another ASCII character.
    pub quote: Option<char>,
    /// What stands before a quote inside quotes: a backslash, or the quote itself (doubled).
    pub escape: Option<char>,
    /// Character encoding by its WHATWG label, for example `windows-1252`.
    pub encoding: Option<String>,
    /// Line of the header (row of a sheet), counted from 1; 0 for a table without one (the columns are named
    /// `column_N`).
    pub header_line: Option<u64>,
    /// Sheet of a workbook: its name, or its number counted from 1; else the first visible one with content.
    pub sheet: Option<String>,
    /// Decimal separator of all numbers: `,` or `.`.
    pub decimal: Option<char>,
    /// The character between groups of thousands.
    pub thousands: Option<char>,
    /// The order of day and month of all dates.
    pub date_order: Option<DateOrder>,
    /// Whether rows at the end that sum up the others, and footers, stay as rows.
    pub keep_totals: bool,
    /// Whether columns without any value stay.
    pub keep_empty_columns: bool,
    /// Largest input in bytes (after decompression).
    pub max_bytes: usize,
    /// Largest number of rows.
    pub max_rows: usize,
    /// Largest number of columns.
    pub max_columns: usize,
    /// Largest cell in bytes.
    pub max_cell_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            delimiter: None,
            quote: None,
            escape: None,
            encoding: None,
            header_line: None,
            sheet: None,
            decimal: None,
            thousands: None,
            date_order: None,
            keep_totals: false,
            keep_empty_columns: false,
            max_bytes: 4 << 30,
            max_rows: 100_000_000,
            max_columns: 16_384,
            max_cell_bytes: 1 << 20,
        }
    }
}

/// The names of the options, as [`ReadOptions::from_json`] takes them.
const NAMES: &str = "delimiter, quote, escape, encoding, header_line, sheet, decimal, thousands, date_order, \
                     keep_totals, keep_empty_columns, max_bytes, max_rows, max_columns, max_cell_bytes";

impl ReadOptions {
    /// Options from a JSON object: the fields by their names, characters as texts of one character, `sheet` as
    /// text or number, `date_order` as `day_first` or `month_first` (also `dmy`, `mdy`). What is missing or null
    /// keeps its default. Every binding reads its options through this.
    ///
    /// # Errors
    /// `invalid_argument` for an unknown name or a value of another kind.
    ///
    /// ```
    /// use churn_core::read::ReadOptions;
    /// let given = serde_json::json!({"delimiter": ";", "header_line": 3, "sheet": 2});
    /// let options = ReadOptions::from_json(given.as_object().expect("an object"))?;
    /// assert_eq!((options.delimiter, options.header_line, options.sheet.as_deref()), (Some(';'), Some(3), Some("2")));
    /// # Ok::<(), churn_core::Error>(())
    /// ```
    pub fn from_json(given: &Map<String, Value>) -> Result<ReadOptions> {
        let mut options = ReadOptions::default();
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "delimiter" => options.delimiter = Some(character(name, value)?),
                "quote" => options.quote = Some(character(name, value)?),
                "escape" => options.escape = Some(character(name, value)?),
                "encoding" => options.encoding = Some(text(name, value)?),
                "header_line" => options.header_line = Some(count(name, value)?),
                "sheet" => {
                    options.sheet = Some(match value {
                        Value::Number(_) => count(name, value)?.to_string(),
                        _ => text(name, value)?,
                    });
                }
                "decimal" => options.decimal = Some(character(name, value)?),
                "thousands" => options.thousands = Some(character(name, value)?),
                "date_order" => options.date_order = Some(date_order(name, value)?),
                "keep_totals" => options.keep_totals = truth(name, value)?,
                "keep_empty_columns" => options.keep_empty_columns = truth(name, value)?,
                "max_bytes" => options.max_bytes = size(name, value)?,
                "max_rows" => options.max_rows = size(name, value)?,
                "max_columns" => options.max_columns = size(name, value)?,
                "max_cell_bytes" => options.max_cell_bytes = size(name, value)?,
                _ => return Err(invalid(name, format!("there is no option '{name}' of reading"), NAMES)),
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Fails for options that contradict themselves.
    pub(super) fn check(&self) -> Result<()> {
        let is_line_end = |c: char| matches!(c, '\n' | '\r' | '\0');
        if self.delimiter.is_some_and(|c| is_line_end(c) || c == self.quote.unwrap_or('"')) {
            let message = "the delimiter can be neither a quote nor a line end";
            return Err(invalid("delimiter", message.to_owned(), "use a character such as , ; | or tab"));
        }
        if self.quote.is_some_and(|c| is_line_end(c) || !c.is_ascii() || c.is_ascii_alphanumeric()) {
            return Err(invalid("quote", "the quote is no ASCII sign".to_owned(), "use \" or '"));
        }
        let quote = self.quote.unwrap_or('"');
        if self.escape.is_some_and(|c| c != '\\' && c != quote && c != '"' && c != '\'') {
            let hint = "give a backslash, or the quote itself where quotes are doubled";
            return Err(invalid("escape", "the escape is neither a backslash nor a quote".to_owned(), hint));
        }
        if self.decimal.is_some_and(|c| c != ',' && c != '.') {
            let message = "the decimal separator is neither a comma nor a point";
            return Err(invalid("decimal", message.to_owned(), "give , or ."));
        }
        let groups = |c: char| matches!(c, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
        if self.thousands.is_some_and(|c| !groups(c)) || (self.thousands.is_some() && self.thousands == self.decimal) {
            let message = "the separator of thousands is none, or that of decimals";
            return Err(invalid("thousands", message.to_owned(), "give , . ' or a blank, other than the decimal one"));
        }
        Ok(())
    }

    /// A table that was read before, where these options say how its cells are written and it does not say so itself.
    ///
    /// # Errors
    /// `invalid_argument` for options that contradict themselves.
    pub(crate) fn of_cells(&self, raw: &RawTable) -> Result<Option<RawTable>> {
        self.check()?;
        let cells = self.cells();
        if cells == CellFormat::default() || cells == raw.source().cells {
            return Ok(None);
        }
        Ok(Some(raw.clone().with_source(Source { cells, ..raw.source().clone() })))
    }

    /// What is said about the cells.
    pub(super) fn cells(&self) -> CellFormat {
        CellFormat { decimal: self.decimal, thousands: self.thousands, date_order: self.date_order }
    }
}

fn invalid(argument: &str, message: String, hint: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).with("argument", argument).hint(hint)
}

fn wrong(name: &str, kind: &str) -> Error {
    invalid(name, format!("{name} is not {kind}"), &format!("give {name} as {kind}"))
}

fn text(name: &str, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a text"))
}

fn character(name: &str, value: &Value) -> Result<char> {
    let mut characters = value.as_str().unwrap_or_default().chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => Err(wrong(name, "a single character")),
    }
}

fn count(name: &str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| wrong(name, "a whole number that is not negative"))
}

fn size(name: &str, value: &Value) -> Result<usize> {
    Ok(usize::try_from(count(name, value)?).unwrap_or(usize::MAX))
}

fn truth(name: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong(name, "true or false"))
}

fn date_order(name: &str, value: &Value) -> Result<DateOrder> {
    match value.as_str() {
        Some("day_first" | "dmy") => Ok(DateOrder::DayFirst),
        Some("month_first" | "mdy") => Ok(DateOrder::MonthFirst),
        _ => Err(wrong(name, "'day_first' or 'month_first'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> Result<ReadOptions> {
        ReadOptions::from_json(value.as_object().expect("an object"))
    }

    #[test]
    fn options_by_name() {
        assert_eq!(of(json!({})).expect("defaults"), ReadOptions::default());
        let given = json!({"quote": "'", "escape": "\\", "encoding": "latin1", "decimal": ",", "thousands": ".",
            "date_order": "dmy", "keep_totals": true, "keep_empty_columns": true, "max_bytes": 10, "max_rows": 20,
            "max_columns": 30, "max_cell_bytes": 40, "sheet": "Customers", "delimiter": null});
        let expected = ReadOptions {
            quote: Some('\''),
            escape: Some('\\'),
            encoding: Some("latin1".into()),
            decimal: Some(','),
            thousands: Some('.'),
            date_order: Some(DateOrder::DayFirst),
            keep_totals: true,
            keep_empty_columns: true,
            max_bytes: 10,
            max_rows: 20,
            max_columns: 30,
            max_cell_bytes: 40,
            sheet: Some("Customers".into()),
            ..ReadOptions::default()
        };
        assert_eq!(of(given).expect("options"), expected);
    }

    #[test]
    fn wrong_options_are_named() {
        for (given, argument) in [
            (json!({"delimeter": ";"}), "delimeter"),
            (json!({"delimiter": ";;"}), "delimiter"),
            (json!({"delimiter": "\""}), "delimiter"),
            (json!({"quote": "a"}), "quote"),
            (json!({"quote": "„"}), "quote"),
            (json!({"escape": "/"}), "escape"),
            (json!({"header_line": -1}), "header_line"),
            (json!({"decimal": ";"}), "decimal"),
            (json!({"decimal": ",", "thousands": ","}), "thousands"),
            (json!({"date_order": "sometimes"}), "date_order"),
            (json!({"max_rows": "many"}), "max_rows"),
            (json!({"keep_totals": 1}), "keep_totals"),
        ] {
            let error = of(given.clone()).expect_err("wrong");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.context().contains(&("argument", argument.to_owned())), "{given}: {error:?}");
            assert!(error.suggestion().is_some());
        }
    }
}
