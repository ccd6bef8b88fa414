//! A mapped raw table to a typed, cleaned table and a report on its quality.
//!
//! Bad rows are data, not errors: what cannot be read becomes missing and a finding. `Err` is for what makes the
//! whole call impossible.

mod findings;
mod label;
mod leakage;
mod ranges;
mod rules;
mod types;

pub use findings::{Finding, Layer, QualityReport, Severity};
pub use leakage::check_leaks;

use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::schema::Profile;
use crate::table::{RawTable, Table};
use findings::{About, Findings};

/// What the table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To be scored.
    #[default]
    Score,
    /// To train on: the label is judged as well.
    Train,
}

impl Purpose {
    /// The purpose of this name: `score` or `train`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(name: &str) -> Result<Purpose> {
        match name {
            "score" => Ok(Purpose::Score),
            "train" => Ok(Purpose::Train),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no purpose '{name}'"))
                .with("argument", "purpose")
                .hint("use 'score' or 'train'")),
        }
    }
}

/// What the caller says about the table.
#[derive(Debug, Clone, Default)]
pub struct ValidateOptions {
    /// What it is for.
    pub purpose: Purpose,
    /// Source column of the label; `None` takes the one mapped to `churned`.
    pub label: Option<String>,
}

/// A judged table.
#[derive(Debug, Clone)]
pub struct Validated {
    /// The typed table, without personal columns and without the label.
    pub table: Table,
    /// The report.
    pub report: QualityReport,
    /// One label a row for `Purpose::Train`; missing where it could not be read.
    pub labels: Option<Vec<Option<bool>>>,
    /// Source column of the label.
    pub label_column: Option<String>,
}

/// Judges and types a table.
///
/// # Errors
/// `field_unmapped` where `purpose` is `Train` and there is no label column.
pub fn validate(raw: &RawTable, mapping: &Mapping, profile: &Profile, options: &ValidateOptions) -> Result<Validated> {
    let mut findings = Findings::new(raw.n_rows());
    for note in raw.notes() {
        let about = About::new(note.code, Layer::Schema, Severity::Warning);
        findings.add_count(
            about,
            note.rows_affected,
            note.example_rows.clone(),
            note.message.clone(),
            "check the export",
        );
    }
    for missing in &mapping.missing {
        let about = About::new("required_field_missing", Layer::Schema, Severity::Error);
        let near: Vec<_> = missing.candidates.iter().map(|c| format!("'{}'", c.name)).collect();
        let near =
            if near.is_empty() { String::new() } else { format!("; the nearest columns are {}", near.join(", ")) };
        let message = format!("no column was found for {}{near}", missing.any_of.join(" or "));
        findings.add_whole(about, message, "rename the column or map it by hand");
        findings.block();
    }
    let labelled = match options.purpose {
        Purpose::Train => Some(label::read(raw, mapping, options.label.as_deref(), &mut findings)?),
        Purpose::Score => None,
    };
    let label_column = labelled.as_ref().map(|(column, _)| column.clone());
    let mut table = types::typed_table(raw, mapping, label_column.as_deref(), &mut findings);
    ranges::check(&mut table, profile, &mut findings);
    let table = rules::repair(table, profile, &mut findings);
    rules::check(&table, profile, &mut findings);
    rules::check_ids(&table, &mut findings);
    let report = findings.report(raw.columns().len());
    Ok(Validated { table, report, labels: labelled.map(|(_, labels)| labels), label_column })
}
