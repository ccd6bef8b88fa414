//! A mapping as a small table for people.

use super::Mapping;
use std::fmt::Write;

/// Text that is safe between tags and in attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "<style>.churn-mapping{border-collapse:collapse;font:13px sans-serif}\
.churn-mapping th,.churn-mapping td{border-bottom:1px solid #ddd;padding:3px 8px;text-align:left;vertical-align:top}\
.churn-mapping .none{color:#777}.churn-mapping .warn{color:#a40}</style>";

/// The mapping as HTML: no scripts, nothing loaded, no cells.
pub(super) fn html(mapping: &Mapping) -> String {
    let mut out = String::from("<div>");
    out.push_str(STYLE);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<table class=\"churn-mapping\"><caption>{} table, profile {}</caption><thead><tr><th>Column</th><th>Field</th>\
         <th>Confidence</th><th>Why</th><th>Alternatives</th></tr></thead><tbody>",
        escape(mapping.table_kind.name()),
        escape(&mapping.profile)
    );
    for column in &mapping.columns {
        let field = match &column.field {
            Some(field) => escape(field),
            None => "<span class=\"none\">not mapped</span>".to_owned(),
        };
        let sure = if column.field.is_some() { format!("{:.0} %", column.confidence) } else { String::new() };
        let mut why: Vec<String> = column.evidence.iter().map(|e| escape(e)).collect();
        why.extend(column.warnings.iter().map(|w| format!("<span class=\"warn\">{}</span>", escape(w))));
        let others: Vec<String> =
            column.alternatives.iter().map(|a| format!("{} ({:.0} %)", escape(&a.name), a.confidence)).collect();
        let _ = write!(
            out,
            "<tr><td>{}{}</td><td>{field}</td><td>{sure}</td><td>{}</td><td>{}</td></tr>",
            escape(&column.source),
            if column.pii { " <small>(personal data)</small>" } else { "" },
            why.join("<br>"),
            others.join(", ")
        );
    }
    out.push_str("</tbody></table>");
    for missing in &mapping.missing {
        let near: Vec<String> = missing.candidates.iter().map(|c| format!("&#39;{}&#39;", escape(&c.name))).collect();
        let near = if near.is_empty() { String::new() } else { format!(" (nearest: {})", near.join(", ")) };
        let _ = write!(out, "<p class=\"warn\">Missing: {}{near}</p>", escape(&missing.any_of.join(" or ")));
    }
    out.push_str("</div>");
    out
}
