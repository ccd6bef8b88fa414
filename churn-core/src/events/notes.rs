//! What is worth telling about tables of events.

use crate::schema::TableKind;
use crate::validate::{Finding, Layer, Severity};

/// Rows that a finding is about: how many, and up to five row numbers as the user sees them.
#[derive(Default)]
pub(super) struct Rows {
    pub n: usize,
    pub examples: Vec<u64>,
}

impl Rows {
    /// Adds a row.
    pub fn add(&mut self, number: u64) {
        self.n += 1;
        if self.examples.len() < 5 {
            self.examples.push(number);
        }
    }
}

/// Findings about one table.
pub(super) struct Notes<'a> {
    pub kind: TableKind,
    pub n_rows: usize,
    pub list: &'a mut Vec<Finding>,
}

/// A message without its row count, and what to do.
pub(super) struct Text<'a> {
    pub code: &'a str,
    pub severity: Severity,
    pub message: String,
    pub suggestion: &'a str,
}

impl Notes<'_> {
    /// Adds a finding, where it is about any row; the message is told behind their number.
    pub fn rows(&mut self, rows: Rows, layer: Layer, column: Option<&str>, text: Text<'_>) {
        if rows.n > 0 {
            let message =
                format!("{}: {} row{} {}", self.kind.name(), rows.n, if rows.n == 1 { "" } else { "s" }, text.message);
            self.push(rows.n, rows.examples, layer, column, Text { message, ..text });
        }
    }

    /// Adds a finding about the whole table.
    pub fn whole(&mut self, layer: Layer, text: Text<'_>) {
        let message = format!("{}: {}", self.kind.name(), text.message);
        self.push(0, Vec::new(), layer, None, Text { message, ..text });
    }

    fn push(&mut self, n: usize, examples: Vec<u64>, layer: Layer, column: Option<&str>, text: Text<'_>) {
        let weight = match text.severity {
            Severity::Info => 0.0,
            Severity::Warning => 10.0,
            Severity::Error => 30.0,
        };
        self.list.push(Finding {
            code: text.code.to_owned(),
            layer,
            severity: text.severity,
            field: None,
            column: column.map(str::to_owned),
            rows_affected: n,
            example_rows: examples,
            message: text.message,
            suggestion: text.suggestion.to_owned(),
            cost: weight * (n as f64 / self.n_rows.max(1) as f64).min(1.0).sqrt(),
        });
    }
}
