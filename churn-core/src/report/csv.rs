//! Predictions as CSV.

use super::Predictions;
use crate::error::{Error, Result};
use std::path::Path;

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
        let internal = |e: ::csv::Error| Error::internal("predictions could not be written as CSV").caused_by(e);
        let columns = self.columns();
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(columns.iter().map(|(name, _)| name)).map_err(internal)?;
        for row in 0..self.len() {
            let cells = columns.iter().map(|(_, data)| {
                let cell = data.cell(row).unwrap_or_default();
                if is_formula(&cell) { format!("'{cell}") } else { cell.into_owned() }
            });
            writer.write_record(cells).map_err(internal)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|e| Error::internal("predictions could not be written as CSV").caused_by(e.to_string()))?;
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
