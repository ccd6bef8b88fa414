//! File to file.

use super::{Engine, ScoreOptions};
use crate::error::{Error, Result};
use crate::map::Mapping;
use crate::read::{self, ReadOptions};
use crate::report::{self, RowWriter, Summary, Tally};
use crate::validate::{Pieces, QualityReport};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What came of scoring a file.
#[derive(Debug, Clone)]
pub struct ScoreSummary {
    /// The predictions in a few numbers.
    pub summary: Summary,
    /// How the columns were understood.
    pub mapping: Mapping,
    /// How good the data is.
    pub quality: QualityReport,
    /// Where the predictions stand.
    pub target: PathBuf,
}

impl ScoreSummary {
    /// As JSON: `summary`, `mapping`, `quality`, `target`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "summary": report::summary_json(&self.summary),
            "mapping": report::mapping_json(&self.mapping),
            "quality": report::quality_json(&self.quality),
            "target": self.target.to_string_lossy(),
        })
    }
}

impl Engine {
    /// Scores a file and writes the predictions as a CSV file, whole or not at all, with the bytes that
    /// [`write_csv`](crate::report::Predictions::write_csv) would write. A large CSV file of UTF-8 is read block by block
    /// and kept in a compact form until its columns are typed, and predictions are written as they are made: neither the
    /// text nor the predictions are ever held all at once, the typed table is.
    ///
    /// # Errors
    /// As [`score`](Engine::score), and `io`.
    pub fn score_file(
        &self,
        source: impl AsRef<Path>,
        target: impl AsRef<Path>,
        options: &ScoreOptions<'_>,
    ) -> Result<ScoreSummary> {
        let target = target.as_ref();
        let prepared = self.prepared(pieces(source.as_ref(), &options.read)?, options)?;
        let version = self.model().model_version();
        let tally = crate::files::write_whole_by(target, |file| {
            let (n, at) = (prepared.n_reasons, options.scored_at.as_deref());
            let writer = RowWriter::new(n, &version, at);
            let put = |mut file: &File, bytes: &[u8]| file.write_all(bytes).map_err(|e| Error::io("write", target, e));
            put(file, &writer.header()?)?;
            let mut tally = Tally::default();
            self.told_rows(&prepared, options, |rows| {
                rows.iter().for_each(|row| tally.add(row));
                writer.rows(&rows)?.iter().try_for_each(|part| put(file, part))
            })?;
            Ok(tally)
        })?;
        Ok(ScoreSummary {
            summary: tally.summary(&version),
            mapping: prepared.mapping,
            quality: prepared.quality,
            target: target.to_owned(),
        })
    }
}

/// The table of a file: in pieces where it can be read so.
fn pieces(path: &Path, options: &ReadOptions) -> Result<Pieces> {
    let mut pieces = Pieces::default();
    if let Some(end) = read::blocks(path, options, |block| pieces.push(&block))? {
        return pieces.ended(end);
    }
    read::read_path(path, options).map(Pieces::from)
}
