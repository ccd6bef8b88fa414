//! Predictions as CSV.

use super::Predictions;
use super::prediction::Row;
use crate::error::{Error, Result};
use crate::table::format_number;
use rayon::prelude::*;
use std::borrow::Cow;
use std::path::Path;

/// Rows that are put into text by one thread at a time.
const PART: usize = 512;

/// Puts predictions into CSV: UTF-8, numbers in the shortest form that reads back to the same bits. Cells that a
/// spreadsheet would run as a formula get a leading apostrophe.
pub(crate) struct RowWriter {
    n_reasons: usize,
    model_version: String,
    scored_at: String,
}

impl RowWriter {
    pub fn new(n_reasons: usize, model_version: &str, scored_at: Option<&str>) -> Self {
        let [model_version, scored_at] =
            [model_version, scored_at.unwrap_or_default()].map(|cell| safe(cell).into_owned());
        RowWriter { n_reasons, model_version, scored_at }
    }

    /// The header.
    pub fn header(&self) -> Result<Vec<u8>> {
        let reasons: Vec<String> = (1..=self.n_reasons).map(|i| format!("reason_{i}")).collect();
        let first =
            ["customer_id", "churn_probability", "retention_probability", "probability_low", "probability_high"];
        let header = first.into_iter().chain(["risk_level"]).chain(reasons.iter().map(String::as_str));
        let mut csv = ::csv::Writer::from_writer(Vec::new());
        csv.write_record(header.chain(["recommendation", "model_version", "scored_at"])).map_err(failed)?;
        bytes(csv)
    }

    /// The rows, in their order, in pieces that follow each other.
    pub fn rows(&self, rows: &[Row]) -> Result<Vec<Vec<u8>>> {
        rows.par_chunks(PART).map(|rows| self.part(rows)).collect()
    }

    fn part(&self, rows: &[Row]) -> Result<Vec<u8>> {
        let mut csv = ::csv::Writer::from_writer(Vec::with_capacity(rows.len() * 256));
        rows.iter().try_for_each(|row| self.write(row, &mut csv)).map_err(failed)?;
        bytes(csv)
    }

    fn write(&self, row: &Row, csv: &mut ::csv::Writer<Vec<u8>>) -> ::csv::Result<()> {
        let score = &row.score;
        csv.write_field(&*safe(&row.customer_id))?;
        for probability in [score.probability, 1.0 - score.probability, score.low, score.high] {
            csv.write_field(&*written(probability, &mut zmij::Buffer::new()))?;
        }
        csv.write_field(score.risk.name())?;
        for i in 0..self.n_reasons {
            csv.write_field(&*safe(row.reasons.get(i).map_or("", String::as_str)))?;
        }
        csv.write_field(&*safe(&row.recommendation))?;
        csv.write_field(&self.model_version)?;
        csv.write_field(&self.scored_at)?;
        csv.write_record(None::<&[u8]>)
    }
}

fn bytes(csv: ::csv::Writer<Vec<u8>>) -> Result<Vec<u8>> {
    csv.into_inner().map_err(|e| Error::internal("predictions could not be written as CSV").caused_by(e.to_string()))
}

fn failed(error: ::csv::Error) -> Error {
    Error::internal("predictions could not be written as CSV").caused_by(error)
}

/// The shortest form of a probability, as [`format_number`] writes it; most come by the faster way.
fn written(value: f64, buffer: &mut zmij::Buffer) -> Cow<'_, str> {
    // Smaller ones would get an exponent, 1 a needless ".0".
    if (1e-4..1.0).contains(&value) {
        Cow::Borrowed(buffer.format_finite(value))
    } else {
        Cow::Owned(format_number(value))
    }
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
        let writer = RowWriter::new(self.n_reasons, &self.model_version, self.scored_at.as_deref());
        let mut bytes = writer.header()?;
        writer.rows(&self.rows)?.iter().for_each(|part| bytes.extend_from_slice(part));
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
    use super::{format_number, is_formula, written};

    #[test]
    fn probabilities_are_written_as_numbers_are() {
        let mut value = 1.0f64;
        for _ in 0..20_000 {
            value *= 0.999_3;
            for p in [value, 1.0 - value, (value * 1e4).round() / 1e4] {
                let text = written(p, &mut zmij::Buffer::new()).into_owned();
                assert_eq!(text, format_number(p));
                assert_eq!(text.parse::<f64>().expect("a number").to_bits(), p.to_bits());
            }
        }
        assert_eq!(
            [0.0, 1.0, 1e-4, 1e-7].map(|p| written(p, &mut zmij::Buffer::new()).into_owned()),
            ["0", "1", "0.0001", "0.0000001"]
        );
    }

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
