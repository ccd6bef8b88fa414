//! Findings and the report made of them.

use super::codes::Code;
use serde::{Deserialize, Serialize};

/// The layer of validation that a finding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Fields, headers, rows.
    Schema,
    /// What could not be read as its type.
    Types,
    /// Hard and plausible ranges.
    Ranges,
    /// Rules between fields.
    BusinessRules,
    /// Whether a model can learn from it.
    MlReadiness,
}

impl Layer {
    /// The layer's name in snake_case.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Schema => "schema",
            Layer::Types => "types",
            Layer::Ranges => "ranges",
            Layer::BusinessRules => "business_rules",
            Layer::MlReadiness => "ml_readiness",
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; nothing to do.
    Info,
    /// Scores still come out, but less sure.
    Warning,
    /// Values were lost, or the call cannot go on.
    Error,
}

impl Severity {
    /// The severity's name in snake_case.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// Points off the quality score where all rows are affected.
    pub fn weight(self) -> f64 {
        match self {
            Severity::Info => 0.0,
            Severity::Warning => 10.0,
            Severity::Error => 30.0,
        }
    }
}

/// One thing worth telling about the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code, snake_case.
    pub code: String,
    /// Layer.
    pub layer: Layer,
    /// Severity.
    pub severity: Severity,
    /// Canonical field, where it is about one.
    pub field: Option<String>,
    /// Source column, where it is about one.
    pub column: Option<String>,
    /// Rows it concerns.
    pub rows_affected: usize,
    /// Up to five row numbers as the user sees them (line of the file, item of the list).
    pub example_rows: Vec<u64>,
    /// What was found; never the content of a cell.
    pub message: String,
    /// What to do about it.
    pub suggestion: String,
    /// Points it takes off the score: severity weight (30 error, 10 warning, 0 info) x square root of the share of
    /// rows affected, so that a few bad rows count but do not sink a file.
    pub cost: f64,
}

/// How good the data is from five sides, each 0-100; `None` where there is nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Dimensions {
    /// Cells that hold a value, of all cells.
    pub completeness: Option<f64>,
    /// Values that could be read and can be true, of all values.
    pub validity: Option<f64>,
    /// Rows that do not repeat a customer of the same snapshot day, of all rows.
    pub uniqueness: Option<f64>,
    /// Judgements of business rules that were kept, of all that could be made.
    pub consistency: Option<f64>,
    /// Dates of the past (signup, last activity) that lie on or before the day their row describes, of all of them;
    /// needs a snapshot date or an `as_of`.
    pub timeliness: Option<f64>,
}

/// An AUC to expect, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EstimatedAuc {
    /// Mean over five folds of rows that the quick model had not seen.
    pub auc: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// The judgement on a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// Whether no finding is an error that stops the call.
    pub ok: bool,
    /// 0-100: 100 minus the costs of all findings, not below 0.
    pub score: f64,
    /// Rows judged.
    pub n_rows: usize,
    /// Columns judged.
    pub n_columns: usize,
    /// Completeness, validity, uniqueness, consistency, timeliness.
    pub dimensions: Dimensions,
    /// The findings, errors first.
    pub findings: Vec<Finding>,
    /// The AUC to expect of a model trained on this table, where that was asked for and can be said.
    pub estimated_auc: Option<f64>,
    /// Its 95 % interval.
    pub estimated_auc_interval: Option<(f64, f64)>,
    /// The score's arithmetic in one line: `100 - 4.2 (unreadable_value 'Fee') - ... = 91.3`.
    pub arithmetic: String,
}

impl QualityReport {
    /// Adds a finding about the table as a whole; an error makes the report not ok.
    pub(crate) fn add(&mut self, code: Code, message: String, suggestion: &str) {
        let mut findings = Findings {
            n_rows: self.n_rows,
            list: std::mem::take(&mut self.findings),
            blocking: !self.ok || code.severity() == Severity::Error,
            dimensions: self.dimensions,
        };
        findings.add_whole(About::new(code), message, suggestion);
        let (auc, interval) = (self.estimated_auc, self.estimated_auc_interval);
        *self =
            QualityReport { estimated_auc: auc, estimated_auc_interval: interval, ..findings.report(self.n_columns) };
    }

    /// States the AUC to expect.
    pub(crate) fn expect(&mut self, estimate: EstimatedAuc) {
        self.estimated_auc = Some(estimate.auc);
        self.estimated_auc_interval = Some((estimate.low, estimate.high));
    }

    /// The findings of this code.
    pub fn of_code<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |f| f.code == code)
    }
}

/// The arithmetic of the score, dearest finding first.
fn arithmetic(findings: &[Finding], score: f64) -> String {
    let mut costs: Vec<&Finding> = findings.iter().filter(|f| f.cost >= 0.05).collect();
    costs.sort_by(|a, b| b.cost.total_cmp(&a.cost));
    let about = |f: &Finding| match &f.column {
        Some(column) => format!(" - {:.1} ({} '{column}')", f.cost, f.code),
        None => format!(" - {:.1} ({})", f.cost, f.code),
    };
    let shown: String = costs.iter().take(12).map(|f| about(f)).collect();
    let rest: f64 = findings.iter().map(|f| f.cost).sum::<f64>() - costs.iter().take(12).map(|f| f.cost).sum::<f64>();
    let rest = if rest >= 0.05 { format!(" - {rest:.1} (all others)") } else { String::new() };
    let floor = if score == 0.0 { ", not below 0" } else { "" };
    format!("100{shown}{rest} = {score:.1}{floor}")
}

/// "1 row", "2 rows".
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Row numbers that a finding gives as examples.
pub(super) const EXAMPLES: usize = 5;

/// Collects findings.
pub(super) struct Findings {
    n_rows: usize,
    list: Vec<Finding>,
    blocking: bool,
    /// Filled in by the layers as they judge.
    pub dimensions: Dimensions,
}

impl Findings {
    pub fn new(n_rows: usize) -> Self {
        Findings { n_rows, list: Vec::new(), blocking: false, dimensions: Dimensions::default() }
    }

    /// Adds a finding about these rows (numbers as the user sees them).
    pub fn add(&mut self, about: About<'_>, rows: &[u64], message: String, suggestion: impl Into<String>) {
        self.add_count(about, rows.len(), rows.iter().copied().take(EXAMPLES).collect(), message, suggestion);
    }

    /// Adds a finding about the table as a whole.
    pub fn add_whole(&mut self, about: About<'_>, message: String, suggestion: impl Into<String>) {
        self.add_count(about, self.n_rows, Vec::new(), message, suggestion);
    }

    pub fn add_count(
        &mut self,
        about: About<'_>,
        rows_affected: usize,
        example_rows: Vec<u64>,
        message: String,
        suggestion: impl Into<String>,
    ) {
        let share = (rows_affected as f64 / self.n_rows.max(1) as f64).min(1.0);
        self.list.push(Finding {
            code: about.code.to_owned(),
            layer: about.layer,
            severity: about.severity,
            field: about.field.map(str::to_owned),
            column: about.column.map(str::to_owned),
            rows_affected,
            example_rows,
            message,
            suggestion: suggestion.into(),
            cost: about.severity.weight() * share.sqrt(),
        });
    }

    /// Marks the report as not ok.
    pub fn block(&mut self) {
        self.blocking = true;
    }

    pub fn report(mut self, n_columns: usize) -> QualityReport {
        self.list.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.layer.cmp(&b.layer)));
        let cost: f64 = self.list.iter().map(|f| f.cost).sum();
        let score = (100.0 - cost).max(0.0);
        QualityReport {
            ok: !self.blocking,
            score,
            n_rows: self.n_rows,
            n_columns,
            dimensions: self.dimensions,
            arithmetic: arithmetic(&self.list, score),
            findings: self.list,
            estimated_auc: None,
            estimated_auc_interval: None,
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub code: &'a str,
    pub layer: Layer,
    pub severity: Severity,
    pub field: Option<&'a str>,
    pub column: Option<&'a str>,
}

impl<'a> About<'a> {
    pub fn new(code: Code) -> Self {
        About::own(code.name(), code.layer(), code.severity())
    }

    /// A finding whose code is data: a note of the reader, a rule of the profile.
    pub fn own(code: &'a str, layer: Layer, severity: Severity) -> Self {
        About { code, layer, severity, field: None, column: None }
    }

    pub fn of(self, field: Option<&'a str>, column: &'a str) -> Self {
        About { field, column: Some(column), ..self }
    }
}
