//! Results as plain text, for terminals and logs.

use super::{Predictions, Summary};
use crate::map::Mapping;
use crate::validate::QualityReport;

/// Columns of text, padded; the last one is not.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width =
        |c: usize| rows.iter().map(|r| r[c].chars().count()).chain([header[c].chars().count()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut text = String::from(" ");
        for (i, (cell, w)) in cells.iter().zip(&widths).enumerate() {
            text += " ";
            text += cell;
            if i + 1 < cells.len() {
                text += &" ".repeat(w - cell.chars().count() + 1);
            }
        }
        text.trim_end().to_owned() + "\n"
    };
    let mut text = line(&header.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|r| text += &line(r));
    text
}

/// A mapping, one line a column.
pub fn mapping_text(mapping: &Mapping) -> String {
    let rows: Vec<Vec<String>> = mapping
        .columns
        .iter()
        .map(|c| {
            let field = match (&c.field, c.pii) {
                (Some(f), _) => f.clone(),
                (None, true) => "(personal, left out)".to_owned(),
                (None, false) => "(own name)".to_owned(),
            };
            let sure = if c.field.is_some() { format!("{:.0} %", c.confidence) } else { String::new() };
            vec![c.source.clone(), field, sure, if c.field.is_some() { c.method.clone() } else { String::new() }]
        })
        .collect();
    table(&["column", "means", "sure", "by"], &rows)
}

/// The findings of a quality report, one line each.
pub fn findings_text(report: &QualityReport) -> String {
    let mut text =
        format!("  score {:.0} of 100, {} rows, {} columns\n", report.score, report.n_rows, report.n_columns);
    for f in &report.findings {
        let rows: Vec<String> = f.example_rows.iter().map(u64::to_string).collect();
        let more = if f.rows_affected > rows.len() { ", ..." } else { "" };
        let place = if rows.is_empty() { String::new() } else { format!(" (row {}{more})", rows.join(", ")) };
        text += &format!("  {:<8} {}{place}\n", f.severity.name(), f.message);
    }
    text
}

/// The customers of highest risk with their reasons.
pub fn riskiest_text(predictions: &Predictions, limit: usize) -> String {
    let rows: Vec<Vec<String>> = predictions
        .riskiest(limit)
        .into_iter()
        .map(|r| {
            let row = &predictions.rows[r];
            let percent = |p: f64| format!("{:.1} %", 100.0 * p);
            let span = format!("{:.0}-{:.0} %", 100.0 * row.score.low, 100.0 * row.score.high);
            vec![
                row.customer_id.clone(),
                percent(row.score.probability),
                span,
                row.score.risk.name().to_owned(),
                row.reasons.join("; "),
                row.recommendation.clone(),
            ]
        })
        .collect();
    table(&["customer", "churn", "interval", "risk", "because", "what to do"], &rows)
}

/// The summary of a scored table.
pub fn summary_text(summary: &Summary) -> String {
    let share = |n: usize| format!("{n} ({:.1} %)", 100.0 * n as f64 / summary.customers.max(1) as f64);
    let mut text = format!(
        "  customers          {}\n  high risk          {}\n  medium risk        {}\n  low risk           {}\n  average retention  {:.1} %\n  expected to leave  {:.0}\n",
        summary.customers,
        share(summary.high_risk),
        share(summary.medium_risk),
        share(summary.low_risk),
        100.0 * summary.average_retention,
        summary.expected_churners
    );
    if !summary.top_reasons.is_empty() {
        let list: Vec<String> = summary.top_reasons.iter().map(|r| format!("{} ({})", r.reason, r.customers)).collect();
        text += &format!("  top reasons        {}\n", list.join(", "));
    }
    text
}
