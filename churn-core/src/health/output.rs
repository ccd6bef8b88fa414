//! Health scores as JSON, text and HTML: the shapes that every language gives to its users.

use super::scoring::{HealthScores, Reading};
use serde_json::{Map, Value, json};

/// One customer: `customer_id`, `health_score`, `health_band`, `coverage`, `variant`, `dimensions`, `points` (those that
/// cost most first: dimension, measure, title, value, score, weight, won, lost), `missing` measures, `reasons` in words.
pub fn health_row_json(scores: &HealthScores, row: usize) -> Value {
    let score = &scores.scores[row];
    let dimensions: Map<String, Value> = scores
        .dimensions(row)
        .into_iter()
        .map(|d| (d.name.to_owned(), json!({ "score": d.score, "weight": d.weight, "won": d.won })))
        .collect();
    let points: Vec<Value> = scores
        .by_loss(row)
        .into_iter()
        .map(|p| {
            let measure = &scores.measures[p.measure];
            let value = match &p.value {
                Reading::Number(x) => json!(x),
                Reading::Level(level) => json!(level),
            };
            json!({
                "dimension": measure.dimension, "measure": measure.name, "title": measure.title, "field": measure.field,
                "value": value, "score": p.score, "weight": p.weight, "won": p.won(), "lost": p.lost(),
            })
        })
        .collect();
    let missing: Vec<Value> = scores
        .missing(row)
        .into_iter()
        .map(|m| json!({ "dimension": m.dimension, "measure": m.name, "field": m.field, "weight": m.nominal_weight }))
        .collect();
    let variant = &scores.variants[score.variant];
    json!({
        "customer_id": score.customer_id,
        "health_score": score.score,
        "health_band": score.band.name(),
        "coverage": score.coverage,
        "variant": if variant.is_empty() { Value::Null } else { json!(variant) },
        "as_of": scores.as_of,
        "dimensions": dimensions,
        "points": points,
        "missing": missing,
        "reasons": scores.reasons(row, 3),
    })
}

/// The whole result: `summary`, `notes`, `config` (name), `as_of` and `scores`, one entry a row.
pub fn health_json(scores: &HealthScores) -> Value {
    json!({
        "summary": scores.summary(),
        "notes": scores.notes,
        "config": scores.config.name,
        "as_of": scores.as_of,
        "scores": (0..scores.scores.len()).map(|row| health_row_json(scores, row)).collect::<Vec<_>>(),
    })
}

/// The summary in a few lines.
pub fn health_text(scores: &HealthScores) -> String {
    let s = scores.summary();
    let average = s.average_score.map_or_else(|| "unknown".to_owned(), |a| format!("{a:.1} of 100"));
    let mut text = format!(
        "{} customers ({}): {} red, {} yellow, {} green, {} unknown; average health {average}, coverage {:.0} %",
        s.customers,
        scores.config.name,
        s.red,
        s.yellow,
        s.green,
        s.unknown,
        100.0 * s.average_coverage
    );
    for note in &scores.notes {
        text += "\n  ";
        text += note;
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The ten customers of lowest health, under the summary, as an HTML fragment.
pub fn health_html(scores: &HealthScores) -> String {
    let mut order: Vec<usize> = (0..scores.scores.len()).filter(|&r| scores.scores[r].score.is_some()).collect();
    let score = |r: usize| scores.scores[r].score.unwrap_or(100.0);
    order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
    let row = |&r: &usize| {
        let s = &scores.scores[r];
        let cells = [
            s.customer_id.clone(),
            format!("{:.1}", score(r)),
            s.band.name().to_owned(),
            format!("{:.0} %", 100.0 * s.coverage),
            scores.reasons(r, 3).join("; "),
        ];
        let cells: String = cells.iter().map(|c| format!("<td style=\"text-align:left\">{}</td>", escape(c))).collect();
        format!("<tr>{cells}</tr>")
    };
    let body: String = order.iter().take(10).map(row).collect();
    format!(
        "<div><p><b>{}</b></p><table><thead><tr><th>customer</th><th>health</th><th>band</th><th>coverage</th><th>points lost</th></tr></thead><tbody>{body}</tbody></table></div>",
        escape(&health_text(scores))
    )
}
