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
    /// and kept in a compact form until its columns are typed, and predictions are written as they are made. Of a file of
    /// many millions of rows, what does not fit into 100 MB lies in a file without a name beside the target meanwhile.
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
        let pieces = pieces(source.as_ref(), Pieces::beside(target), &options.read)?;
        self.score_pieces(pieces, target, options)
    }

    fn score_pieces(&self, pieces: Pieces, target: &Path, options: &ScoreOptions<'_>) -> Result<ScoreSummary> {
        let prepared = self.prepared(pieces, options)?;
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

/// The table of a file: in these pieces where it can be read so.
fn pieces(path: &Path, mut pieces: Pieces, options: &ReadOptions) -> Result<Pieces> {
    if let Some(end) = read::blocks(path, options, |block| pieces.push(&block))? {
        return pieces.ended(end);
    }
    read::read_path(path, options).map(Pieces::from)
}

#[cfg(test)]
#[cfg(feature = "pretrained")]
mod tests {
    use super::*;
    use crate::table::PAGE;
    use std::fmt::Write as _;

    /// A file of three pages of everything that is read by pages, or by all cells, that is repaired or lost.
    fn large() -> String {
        let mut text =
            "customer_id,tenure_months,monthly_charges,total_charges,contract,payment_method,senior_citizen,\
                        last_activity_date,fee paid,remark,score\n"
                .to_owned();
        for i in 0..2 * PAGE + 20_000 {
            let (tenure, fee) = (i % 73, 20 + i % 97);
            let id = if i % 50_021 == 7 { 5 } else { i };
            let total =
                if tenure == 0 { String::new() } else { format!("{:.2}", (tenure * fee) as f64 + i as f64 / 1e4) };
            let tenure = if i % 9_001 == 3 { "-40".to_owned() } else { tenure.to_string() };
            let contract = ["Month-to-month", "One year", " Two year "][i % 3];
            let payment = ["Electronic check", "Mailed check"][i % 2];
            let seen = format!("2026-{:02}-{:02}", 1 + i % 2, 1 + i % 28);
            let remark = if i < PAGE + 9 { String::new() } else { format!("called {} times about bill {i}", i % 4) };
            let score = if i < PAGE { String::new() } else { format!("{}.{:03}", i % 7, i % 997) };
            writeln!(
                text,
                "C{id:07},{tenure},{fee}.25,{total},{contract},{payment},{},{seen},\"1.{:03},50\",{remark},{score}",
                i % 2,
                i % 1000
            )
            .expect("memory");
        }
        text
    }

    #[test]
    fn what_lies_in_a_file_changes_nothing() {
        let folder = std::env::temp_dir().join(format!("churn-score-pages-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (source, target) = (folder.join("customers.csv"), folder.join("scores.csv"));
        std::fs::write(&source, large()).expect("a file");
        let engine = Engine::pretrained("telecom").expect("a model");
        let options = ScoreOptions { as_of: Some("2026-03-01".into()), ..ScoreOptions::default() };
        let whole = engine.score(source.as_path(), &options).expect("scored");
        let csv = whole.predictions.to_csv().expect("CSV");
        for room in [0, 1 << 21] {
            let read = pieces(&source, Pieces::with_room(&target, room), &options.read).expect("pieces");
            let storage = read.storage().clone();
            let done = engine.score_pieces(read, &target, &options).expect("scored");
            assert!(storage.overflows(), "nothing was put into a file");
            assert!(std::fs::read_to_string(&target).expect("written") == csv, "other predictions");
            assert_eq!(report::mapping_json(&done.mapping), report::mapping_json(&whole.mapping));
            assert_eq!(report::quality_json(&done.quality), report::quality_json(&whole.quality));
        }
        let told = report::quality_json(&whole.quality).to_string();
        for code in ["duplicate_customer_id", "out_of_range", "repaired_from_rule"] {
            assert!(told.contains(code), "{code}: {told}");
        }
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 2, "nothing stays behind");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
