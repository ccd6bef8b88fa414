//! Results as small self-contained HTML fragments, for notebooks.

use super::Predictions;
use crate::explain::Explanation;

const SHOWN_ROWS: usize = 10;

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn table(caption: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let cells = |tag: &str, cells: &[String]| {
        cells.iter().map(|c| format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(c))).collect::<String>()
    };
    let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
    let body: String = rows.map(|r| format!("<tr>{}</tr>", cells("td", &r))).collect();
    format!(
        "<div><p><b>{}</b></p><table><thead><tr>{}</tr></thead><tbody>{body}</tbody></table></div>",
        escape(caption),
        cells("th", &header)
    )
}

/// The customers of highest risk, under the summary.
pub fn predictions_html(predictions: &Predictions) -> String {
    let s = predictions.summary();
    let caption = format!(
        "{} customers: {} high, {} medium, {} low risk; average retention {:.1} % ({})",
        s.customers,
        s.high_risk,
        s.medium_risk,
        s.low_risk,
        100.0 * s.average_retention,
        s.model_version
    );
    let rows = predictions.riskiest(SHOWN_ROWS).into_iter().map(|r| {
        let row = &predictions.rows[r];
        let span = format!("{:.0}-{:.0} %", 100.0 * row.score.low, 100.0 * row.score.high);
        vec![
            row.customer_id.clone(),
            format!("{:.1} %", 100.0 * row.score.probability),
            span,
            row.score.risk.name().to_owned(),
            row.reasons.join("; "),
            row.recommendation.clone(),
        ]
    });
    table(&caption, &["customer", "churn", "interval", "risk", "because", "what to do"], rows)
}

/// Named figures, for example those of an evaluation.
pub fn figures_html<'a>(caption: &str, figures: impl Iterator<Item = (&'a str, f64)>) -> String {
    table(caption, &["figure", "value"], figures.map(|(name, value)| vec![name.to_owned(), format!("{value:.4}")]))
}

/// The features of an explanation by their mean absolute SHAP value, strongest first.
pub fn explanation_html(explanation: &Explanation) -> String {
    let (n_rows, n_features) = explanation.values.dim();
    let mean = |feature: usize| {
        let column = explanation.values.column(feature);
        column.iter().map(|v| v.abs()).sum::<f64>() / n_rows.max(1) as f64
    };
    let mut features: Vec<(f64, &str)> =
        explanation.feature_names.iter().enumerate().map(|(i, name)| (mean(i), name.as_str())).collect();
    features.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows = features.into_iter().map(|(mean, name)| vec![name.to_owned(), format!("{mean:.4}")]);
    let caption =
        format!("SHAP values of {n_rows} customers, {n_features} features; base value {:.4}", explanation.base_value);
    table(&caption, &["feature", "mean |SHAP value|, log-odds"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_cells_cannot_become_markup() {
        let html = table("<script>", &["a"], std::iter::once(vec!["<img src=\"x\"> & co".to_owned()]));
        assert!(!html.contains("<script>") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;img src=&quot;x&quot;&gt; &amp; co"));
    }
}
