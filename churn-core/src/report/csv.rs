//! Predictions as CSV.

use super::Predictions;
use crate::error::{Error, Result};
use std::path::Path;

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
                if data.number(row).is_none() && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                    format!("'{cell}")
                } else {
                    cell.into_owned()
                }
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
