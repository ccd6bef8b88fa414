//! Predictions as CSV.

use super::Predictions;
use super::prediction::Row;
use crate::error::{Error, Result};
use crate::table::format_number;
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

/// Writes predictions as CSV, row by row: UTF-8, numbers in the shortest form that reads back to the same bits. Cells
/// that a spreadsheet would run as a formula get a leading apostrophe.
pub(crate) struct RowWriter<W: Write> {
    csv: ::csv::Writer<W>,
    n_reasons: usize,
    model_version: String,
    scored_at: String,
}

impl<W: Write> RowWriter<W> {
    /// Writes the header.
    pub fn new(out: W, n_reasons: usize, model_version: &str, scored_at: Option<&str>) -> Result<Self> {
        let mut csv = ::csv::Writer::from_writer(out);
        let reasons: Vec<String> = (1..=n_reasons).map(|i| format!("reason_{i}")).collect();
        let first =
            ["customer_id", "churn_probability", "retention_probability", "probability_low", "probability_high"];
        let header = first.into_iter().chain(["risk_level"]).chain(reasons.iter().map(String::as_str));
        csv.write_record(header.chain(["recommendation", "model_version", "scored_at"])).map_err(failed)?;
        let [model_version, scored_at] =
            [model_version, scored_at.unwrap_or_default()].map(|cell| safe(cell).into_owned());
        Ok(RowWriter { csv, n_reasons, model_version, scored_at })
    }

    /// Writes a row.
    pub fn write(&mut self, row: &Row) -> Result<()> {
        let score = &row.score;
        let numbers = [score.probability, 1.0 - score.probability, score.low, score.high].map(format_number);
        let mut put = |cell: &str| self.csv.write_field(cell);
        let mut all = || -> ::csv::Result<()> {
            put(&safe(&row.customer_id))?;
            numbers.iter().try_for_each(|n| put(&safe(n)))?;
            put(score.risk.name())?;
            for i in 0..self.n_reasons {
                put(&safe(row.reasons.get(i).map_or("", String::as_str)))?;
            }
            put(&safe(&row.recommendation))?;
            put(&self.model_version)?;
            put(&self.scored_at)
        };
        all().map_err(failed)?;
        self.csv.write_record(None::<&[u8]>).map_err(failed)
    }

    /// Writes out what is left.
    pub fn finish(self) -> Result<W> {
        self.csv
            .into_inner()
            .map_err(|e| Error::internal("predictions could not be written as CSV").caused_by(e.to_string()))
    }
}

fn failed(error: ::csv::Error) -> Error {
    Error::internal("predictions could not be written as CSV").caused_by(error)
}

/// The cell as it may stand in a spreadsheet.
fn safe(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    if is_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Whether a spreadsheet would run the cell. Signed numbers and phone numbers are none: an id such as `-12` or
/// `+49 30 1234` must come back as it was, or the scores could not be joined.
fn is_formula(cell: &str) -> bool {
    match cell.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => cell.parse::<f64>().is_err() && cell.contains(char::is_alphabetic),
        _ => false,
    }
}

impl Predictions {
    /// The predictions as CSV text with a header, UTF-8, numbers in the shortest form that reads back to the same
    /// bits. Cells that a spreadsheet would run as a formula are written with a leading apostrophe.
    pub fn to_csv(&self) -> Result<String> {
        let mut writer = RowWriter::new(Vec::new(), self.n_reasons, &self.model_version, self.scored_at.as_deref())?;
        self.rows.iter().try_for_each(|row| writer.write(row))?;
        let bytes = writer.finish()?;
        String::from_utf8(bytes).map_err(|e| Error::internal("CSV that is not UTF-8").caused_by(e))
    }

    /// Writes the predictions as a CSV file, whole or not at all.
    ///
    /// # Errors
    /// `io`.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        crate::files::write_whole(path.as_ref(), self.to_csv()?.as_bytes())
    }

    /// Writes the predictions as a JSON file (an array of objects), whole or not at all.
    ///
    /// # Errors
    /// `io`.
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        let text = serde_json::to_string_pretty(&super::predictions_json(self))
            .map_err(|e| Error::internal("predictions could not be written as JSON").caused_by(e))?;
        crate::files::write_whole(path.as_ref(), text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::is_formula;

    #[test]
    fn formulas_are_told_from_ids() {
        for cell in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-A1", "\t=1"] {
            assert!(is_formula(cell), "{cell}");
        }
        for cell in ["-12", "+49 30 1234", "-1.5e-7", "A-1", "", "Month-to-month contract"] {
            assert!(!is_formula(cell), "{cell}");
        }
    }
}
