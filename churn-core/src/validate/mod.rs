//! A mapped raw table to a typed, cleaned table and a report on its quality.
//!
//! Bad rows are data, not errors: what cannot be read becomes missing and a finding. `Err` is for what makes the
//! whole call impossible.

mod codes;
mod duplicates;
mod estimate;
mod findings;
mod label;
mod leaks;
mod pieces;
mod pile;
mod ranges;
mod readiness;
mod rules;
mod shapes;
mod signal;
mod types;

pub use codes::{Code, READER_CODES};
pub use estimate::estimate_auc;
pub use findings::{Dimensions, EstimatedAuc, Finding, Layer, QualityReport, Severity};
pub use leaks::{Leak, LeakKind, refuse_leaks};
pub use pieces::Pieces;
pub(crate) use types::free_name;

use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::schema::Profile;
use crate::table::{ColumnData, Places, RawTable, ReadNote, Table};
use findings::{About, Findings};
use signal::Labels;

/// Labelled rows that the readiness checks look at.
const READY_ROWS: usize = 20_000;

/// What the table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To be scored.
    #[default]
    Score,
    /// To train on: the label is judged as well, and so are leaks and readiness.
    Train,
    /// To measure a model on: the label is read, and that is all.
    Evaluate,
}

impl Purpose {
    /// The purpose of this name: `score`, `train` or `evaluate`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(name: &str) -> Result<Purpose> {
        match name {
            "score" => Ok(Purpose::Score),
            "train" => Ok(Purpose::Train),
            "evaluate" => Ok(Purpose::Evaluate),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no purpose '{name}'"))
                .with("argument", "purpose")
                .hint("use 'score', 'train' or 'evaluate'")),
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
    /// Columns that the caller lets through the leak firewall, by header or canonical field.
    pub allow: Vec<String>,
    /// Whether to leave everything as it is: nothing is repaired, only told.
    pub strict: bool,
    /// The day the rows describe, in days since 1970-01-01, where the table has no snapshot date.
    pub as_of: Option<i32>,
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
    /// Every leak that was found, those allowed among them; empty unless the purpose is `Train`.
    pub leaks: Vec<Leak>,
}

/// Judges and types a table.
///
/// # Errors
/// `field_unmapped` where `purpose` is `Train` and there is no label column.
pub fn validate(raw: &RawTable, mapping: &Mapping, profile: &Profile, options: &ValidateOptions) -> Result<Validated> {
    let mut findings = Findings::new(raw.n_rows());
    tell_reading(raw.notes(), mapping, &mut findings);
    let labelled = match options.purpose {
        Purpose::Train | Purpose::Evaluate => Some(label::read(raw, mapping, options.label.as_deref(), &mut findings)?),
        Purpose::Score => None,
    };
    let label_column = labelled.as_ref().map(|(column, _)| column.as_str());
    let read = types::read_table(raw, mapping, label_column);
    let table = judge(read, raw.n_rows(), raw.places(), profile, options, &mut findings)?;
    let mut found = Vec::new();
    if let (Purpose::Train, Some((column, labels))) = (options.purpose, &labelled) {
        found = check_training(raw, mapping, &table, column, labels, options, &mut findings);
    }
    let report = findings.report(raw.columns().len());
    let (label_column, labels) = labelled.unzip();
    Ok(Validated { table, report, labels, label_column, leaks: found })
}

/// The typed table, judged by every layer that needs no label.
fn judge(
    read: Vec<types::Typed>,
    n_rows: usize,
    places: &Places,
    profile: &Profile,
    options: &ValidateOptions,
    findings: &mut Findings,
) -> Result<Table> {
    let (mut table, counts) = types::table_of(read, n_rows, places, findings);
    let lost = ranges::check(&mut table, profile, findings)?;
    let share = |good: usize, all: usize| (all > 0).then(|| 100.0 * good as f64 / all as f64);
    let values = counts.all - counts.blank;
    findings.dimensions.completeness = share(values, counts.all);
    findings.dimensions.validity = share(values.saturating_sub(counts.unreadable + lost), values);
    if !options.strict {
        table = rules::repair(table, profile, findings)?;
    }
    rules::check(&table, profile, findings);
    duplicates::check_ids(&table, findings);
    findings.dimensions.timeliness = timeliness(&table, options.as_of);
    Ok(table)
}

/// What the reader and the mapper met.
fn tell_reading(notes: &[ReadNote], mapping: &Mapping, findings: &mut Findings) {
    for note in notes {
        let about = About::own(note.code, Layer::Schema, codes::reader_severity(note.code));
        let rows = note.example_rows.clone();
        findings.add_count(about, note.rows_affected, rows, note.message.clone(), "check the export");
    }
    for missing in &mapping.missing {
        let near: Vec<_> = missing.candidates.iter().map(|c| format!("'{}'", c.name)).collect();
        let near =
            if near.is_empty() { String::new() } else { format!("; the nearest columns are {}", near.join(", ")) };
        let message = format!("no column was found for {}{near}", missing.any_of.join(" or "));
        let suggestion = format!("name a column {}, or map one by hand", missing.any_of.join(" or "));
        findings.add_whole(About::new(Code::RequiredFieldMissing), message, suggestion);
        findings.block();
    }
    for column in mapping.columns.iter().filter(|c| c.field.is_none() && c.method != "override") {
        let twin = column.alternatives.first().filter(|a| a.confidence >= 80.0);
        let Some((field, taken)) = twin.and_then(|a| Some((a.name.as_str(), mapping.source_of(&a.name)?))) else {
            continue;
        };
        let about = About::new(Code::FieldTwice).of(Some(field), &column.source);
        let message =
            format!("'{}' seems to hold the same field ({field}) as '{taken}', which was taken", column.source);
        let suggestion = format!("leave '{}' out, or map it by hand where it is the right one", column.source);
        findings.add_count(about, 0, Vec::new(), message, suggestion);
    }
}

/// Whether a model can learn from the table without cheating.
fn check_training(
    raw: &RawTable,
    mapping: &Mapping,
    table: &Table,
    label_column: &str,
    labels: &[Option<bool>],
    options: &ValidateOptions,
    findings: &mut Findings,
) -> Vec<Leak> {
    readiness::check_labels(labels, label_column, findings);
    let few = Labels::new(labels, READY_ROWS);
    readiness::check_columns(table, &few, findings);
    duplicates::check_alike(table, labels, findings);
    if !few.has_both() {
        return Vec::new();
    }
    readiness::check_history(table, labels, findings);
    let found = leaks::find(raw, mapping, table, label_column, labels, options.as_of);
    let canonical = |header: &str| mapping.column(header).and_then(|c| c.field.as_deref());
    for leak in &found.leaks {
        let field = canonical(&leak.columns[0]);
        let allowed = leak.is_allowed(&options.allow);
        let code = if allowed { Code::LeakAllowed } else { Code::Leakage };
        let message = format!("{} {}", leak.quoted(), leak.evidence);
        let suggestion = if allowed {
            "nothing to do: it was allowed, and the model card says so".to_owned()
        } else {
            format!("leave {} out; where it is truly known before customers leave, allow it", leak.quoted())
        };
        findings.add_whole(About::new(code).of(field, &leak.columns[0]), message, suggestion);
        if !allowed {
            findings.block();
        }
    }
    for (code, column, message) in found.notes {
        let suggestion = match code {
            Code::LeakFieldLeftOut => "nothing to do".to_owned(),
            Code::IdTellsLabel if column == leaks::ROW_ORDER => {
                "find out by what the rows are sorted, and shuffle them; their order is no feature".to_owned()
            }
            Code::IdTellsLabel => format!("find out how '{column}' was given to customers; it is no feature"),
            _ => format!("find out whether '{column}' is known before customers leave"),
        };
        findings.add_count(About::new(code).of(canonical(&column), &column), 0, Vec::new(), message, suggestion);
    }
    found.leaks
}

/// Share of past dates that lie on or before the day their row describes, in percent.
fn timeliness(table: &Table, as_of: Option<i32>) -> Option<f64> {
    let dates = ["signup_date", "last_activity_date"];
    let (mut all, mut good) = (0usize, 0usize);
    for (_, part) in table.without(|c| c.name != "snapshot_date" && !dates.contains(&c.name.as_str())).parts() {
        let snapshot = part.column("snapshot_date");
        for column in dates.iter().filter_map(|name| part.column(name)) {
            if !matches!(column.data, ColumnData::Date(_) | ColumnData::Timestamp(_)) {
                continue;
            }
            for row in 0..part.n_rows() {
                let day = snapshot.and_then(|s| s.data.days(row)).or(as_of);
                if let (Some(day), Some(date)) = (day, column.data.days(row)) {
                    all += 1;
                    good += usize::from(date <= day);
                }
            }
        }
    }
    (all > 0).then(|| 100.0 * good as f64 / all as f64)
}
