//! Lead scores as JSON, text and HTML.

use super::scoring::LeadScores;
use serde_json::{Value, json};

/// One lead: `lead_id`, `lead_score`, `temperature`, `coverage`, `best_case`, `sections` with their points, `items` with
/// theirs, `unknown` (names of items of which nothing is known).
pub fn leads_row_json(scores: &LeadScores, row: usize) -> Value {
    let lead = &scores.scores[row];
    let sections: serde_json::Map<String, Value> = scores
        .config
        .sections
        .iter()
        .enumerate()
        .map(|(s, section)| {
            let of = || lead.items.iter().filter(move |i| i.section == s);
            let sum = |x: f64| (x * 1e6).round() / 1e6;
            let points = sum(of().map(|i| i.points).sum());
            (section.name.clone(), json!({ "points": points, "max": sum(of().map(|i| i.max).sum()) }))
        })
        .collect();
    let items: Vec<Value> = lead
        .items
        .iter()
        .map(|i| {
            let item = scores.item(i);
            let option = i.option.map(|o| &item.options[o]);
            json!({
                "section": scores.config.sections[i.section].name, "item": item.name,
                "title": if item.title.is_empty() { &item.name } else { &item.title },
                "points": i.points, "max": i.max, "known": i.known, "field": option.map(|o| o.field.as_str()),
            })
        })
        .collect();
    let unknown: Vec<&str> = lead.items.iter().filter(|i| !i.known).map(|i| scores.item(i).name.as_str()).collect();
    json!({
        "lead_id": lead.lead_id, "lead_score": lead.score, "temperature": lead.temperature.name(),
        "coverage": lead.coverage, "best_case": lead.best_case, "sections": sections, "items": items, "unknown": unknown,
    })
}

/// The whole result: `config` (name), `counts` by temperature, `fields` (field -> header), `missing` fields, `scores`.
pub fn leads_json(scores: &LeadScores) -> Value {
    let counts: serde_json::Map<String, Value> =
        scores.counts().into_iter().map(|(t, n)| (t.name().to_owned(), json!(n))).collect();
    json!({
        "config": scores.config.name, "counts": counts, "fields": scores.fields, "missing": scores.missing,
        "scores": (0..scores.scores.len()).map(|row| leads_row_json(scores, row)).collect::<Vec<_>>(),
    })
}

/// The counts in one line.
pub fn leads_text(scores: &LeadScores) -> String {
    let counts: Vec<String> = scores.counts().iter().map(|(t, n)| format!("{n} {}", t.name())).collect();
    format!("{} leads ({}): {}", scores.scores.len(), scores.config.name, counts.join(", "))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The ten hottest leads, as an HTML fragment.
pub fn leads_html(scores: &LeadScores) -> String {
    let mut order: Vec<usize> = (0..scores.scores.len()).collect();
    order.sort_by(|&a, &b| scores.scores[b].score.total_cmp(&scores.scores[a].score));
    let row = |&r: &usize| {
        let lead = &scores.scores[r];
        let items: Vec<String> = lead
            .items
            .iter()
            .map(|i| {
                format!(
                    "{} {:.1}/{:.1}{}",
                    scores.item(i).name,
                    i.points,
                    i.max,
                    if i.known { "" } else { " (unknown)" }
                )
            })
            .collect();
        let cells =
            [lead.lead_id.clone(), format!("{:.1}", lead.score), lead.temperature.name().to_owned(), items.join(", ")];
        let cells: String = cells.iter().map(|c| format!("<td style=\"text-align:left\">{}</td>", escape(c))).collect();
        format!("<tr>{cells}</tr>")
    };
    let body: String = order.iter().take(10).map(row).collect();
    format!(
        "<div><p><b>{}</b></p><table><thead><tr><th>lead</th><th>score</th><th>temperature</th><th>points</th></tr></thead><tbody>{body}</tbody></table></div>",
        escape(&leads_text(scores))
    )
}
