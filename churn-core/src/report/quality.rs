//! A quality report as one self-contained piece of HTML, and its parts as JSON.

use super::html::escape;
use crate::validate::{Finding, QualityReport};
use serde_json::Value;

/// Findings that are shown; so many that a report stays small however wide the table is.
const SHOWN_FINDINGS: usize = 250;

const STYLE: &str = "<style>.churn-q{font:14px/1.4 system-ui,sans-serif;max-width:72em}.churn-q table{border-collapse:collapse}\
.churn-q td,.churn-q th{text-align:left;vertical-align:top;padding:.3em .7em;border-bottom:1px solid #8884}\
.churn-q .error{color:#b3261e}.churn-q .warning{color:#9a6700}.churn-q .info{color:#57606a}\
.churn-q .bar{display:inline-block;height:.7em;background:#3b7ddd}.churn-q .sum{color:#57606a}</style>";

/// The five dimensions of a report.
pub fn dimensions_json(report: &QualityReport) -> Value {
    serde_json::to_value(report.dimensions).unwrap_or_default()
}

/// The report: score with its arithmetic, dimensions, findings with what to do. Needs nothing from elsewhere; holds no
/// cell of the table.
pub fn quality_html(report: &QualityReport) -> String {
    let d = &report.dimensions;
    let sides = [
        ("completeness", d.completeness),
        ("validity", d.validity),
        ("uniqueness", d.uniqueness),
        ("consistency", d.consistency),
        ("timeliness", d.timeliness),
    ];
    let sides: String = sides
        .iter()
        .map(|(name, value)| match value {
            Some(v) => format!(
                "<tr><td>{name}</td><td>{v:.1}</td><td><span class=\"bar\" style=\"width:{:.0}px\"></span></td></tr>",
                v.clamp(0.0, 100.0)
            ),
            None => format!("<tr><td>{name}</td><td>not judged</td><td></td></tr>"),
        })
        .collect();
    let auc = match (report.estimated_auc, report.estimated_auc_interval) {
        (Some(auc), Some((low, high))) => {
            format!("<p>AUC to expect of a model: <b>{auc:.3}</b> ({low:.3} to {high:.3})</p>")
        }
        _ => String::new(),
    };
    let findings: String = report.findings.iter().take(SHOWN_FINDINGS).map(finding).collect();
    let more = report.findings.len().saturating_sub(SHOWN_FINDINGS);
    let more = if more > 0 { format!("<p>and {more} more</p>") } else { String::new() };
    let verdict = if report.ok { "nothing stops the call" } else { "something must be mended first" };
    format!(
        "{STYLE}<div class=\"churn-q\"><p><b>Data quality {:.0} of 100</b>: {} rows, {} columns; {verdict}</p>\
         <p class=\"sum\">{}</p><table>{sides}</table>{auc}\
         <table><thead><tr><th>severity</th><th>code</th><th>finding</th><th>rows</th><th>what to do</th><th>cost</th></tr></thead>\
         <tbody>{findings}</tbody></table>{more}</div>",
        report.score,
        report.n_rows,
        report.n_columns,
        escape(&report.arithmetic)
    )
}

fn finding(f: &Finding) -> String {
    let examples: Vec<String> = f.example_rows.iter().map(u64::to_string).collect();
    let rows = match (f.rows_affected, examples.is_empty()) {
        (0, _) => String::new(),
        (n, true) => n.to_string(),
        (n, false) => format!("{n} (e.g. {})", examples.join(", ")),
    };
    format!(
        "<tr><td class=\"{0}\">{0}</td><td>{1}</td><td>{2}</td><td>{rows}</td><td>{3}</td><td>{4:.1}</td></tr>",
        f.severity.name(),
        escape(&f.code),
        escape(&f.message),
        escape(&f.suggestion),
        f.cost
    )
}
