//! SHAP values as pictures: SVG text of fixed size and colours, the same bytes for the same values.

use crate::error::{Error, ErrorKind, Result};
use crate::explain::Explanation;
use std::fmt::Write;

/// Width of a picture, of the names on its left, and of the figures on its right.
const WIDTH: f64 = 760.0;
const NAMES: f64 = 230.0;
const FIGURES: f64 = 70.0;
/// Height of a row, of what stands above the first one, and below the last.
const ROW: f64 = 28.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 34.0;
/// What raises the risk and what lowers it.
const RAISES: &str = "#d62e5c";
const LOWERS: &str = "#1f77d0";
const UNKNOWN: &str = "#999999";
/// Most points that a beeswarm draws for a feature; beyond, every n-th row stands for the others.
const MAX_POINTS: usize = 1000;

/// How the features of a row lead from the base value to its raw sum, the strongest first; those beyond `max_display` are
/// one bar. In the space the model adds up in.
///
/// # Errors
/// `invalid_argument` for a row that is not there, or nothing to display.
pub fn waterfall_svg(explanation: &Explanation, row: usize, max_display: usize) -> Result<String> {
    check(max_display)?;
    if row >= explanation.values.nrows() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("row {row} is not among the {} rows that were explained", explanation.values.nrows()),
        )
        .with("argument", "row")
        .hint("rows are counted from 0"));
    }
    let values = explanation.values.row(row);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
    let shown = if order.len() > max_display { max_display - 1 } else { order.len() };
    let mut bars: Vec<(String, f64)> = order[..shown]
        .iter()
        .map(|&f| {
            let x = explanation.data[(row, f)];
            let value = if x.is_nan() { "not known".to_owned() } else { number(x) };
            (format!("{} = {value}", explanation.feature_names[f]), values[f])
        })
        .collect();
    if shown < order.len() {
        let rest = order[shown..].iter().map(|&f| values[f]).sum();
        bars.push((format!("{} other features", order.len() - shown), rest));
    }
    // From the base value at the foot to the row's sum at the top.
    let mut at = explanation.base_value;
    let mut spans = Vec::with_capacity(bars.len());
    for (_, value) in bars.iter().rev() {
        spans.push((at, at + value));
        at += value;
    }
    spans.reverse();
    let ends = spans.iter().flat_map(|&(a, b)| [a, b]).chain([explanation.base_value]);
    let scale = Scale::of(ends);
    let mut svg = start(bars.len());
    let title = format!("base value {} to {}", number(explanation.base_value), number(at));
    text(&mut svg, WIDTH / 2.0, 20.0, "middle", &title);
    for (i, ((name, value), (from, to))) in bars.iter().zip(&spans).enumerate() {
        let y = ABOVE + ROW * i as f64;
        let (left, right) = (scale.at(from.min(*to)), scale.at(from.max(*to)));
        text(&mut svg, NAMES - 8.0, y + 19.0, "end", name);
        let colour = if *value > 0.0 { RAISES } else { LOWERS };
        let width = (right - left).max(1.0);
        let _ = write!(
            svg,
            r#"<rect x="{left:.1}" y="{:.1}" width="{width:.1}" height="{:.1}" fill="{colour}"/>"#,
            y + 4.0,
            ROW - 8.0
        );
        text(&mut svg, WIDTH - FIGURES + 8.0, y + 19.0, "start", &signed(*value));
    }
    axis(&mut svg, &scale, bars.len());
    Ok(finish(svg))
}

/// The SHAP values of all rows, one line a feature, the largest mean absolute value first; a point's colour says how high
/// the row's value of the feature is among all.
///
/// # Errors
/// `invalid_argument` for no rows, or nothing to display.
pub fn beeswarm_svg(explanation: &Explanation, max_display: usize) -> Result<String> {
    check(max_display)?;
    let rows: Vec<usize> = (0..explanation.values.nrows()).collect();
    let factors = explanation.segment(&rows)?;
    let mut order: Vec<usize> =
        factors.iter().filter_map(|f| explanation.feature_names.iter().position(|name| *name == f.feature)).collect();
    order.truncate(max_display);
    let step = rows.len().div_ceil(MAX_POINTS);
    let points: Vec<usize> = rows.into_iter().step_by(step).collect();
    let values = |f: usize| points.iter().map(move |&r| explanation.values[(r, f)]);
    let scale = Scale::of(order.iter().flat_map(|&f| values(f)).chain([0.0]));
    let mut svg = start(order.len());
    text(
        &mut svg,
        WIDTH / 2.0,
        20.0,
        "middle",
        "SHAP value; blue: low value of the feature, red: high, grey: not known",
    );
    for (i, &f) in order.iter().enumerate() {
        let y = ABOVE + ROW * (i as f64 + 0.5);
        text(&mut svg, NAMES - 8.0, y + 5.0, "end", &explanation.feature_names[f]);
        let mut known: Vec<f64> = points.iter().map(|&r| explanation.data[(r, f)]).filter(|x| !x.is_nan()).collect();
        known.sort_by(f64::total_cmp);
        // Points that would fall together are moved apart, up and down in turn.
        let mut taken: std::collections::BTreeMap<i64, i64> = Default::default();
        for &r in &points {
            let x = scale.at(explanation.values[(r, f)]);
            let n = taken.entry((x / 3.0) as i64).or_default();
            let away = ((*n + 1) / 2) as f64 * if *n % 2 == 0 { 1.5 } else { -1.5 };
            *n += 1;
            let value = explanation.data[(r, f)];
            let colour = if value.is_nan() { UNKNOWN.to_owned() } else { blend(rank(&known, value)) };
            let away = away.clamp(3.0 - ROW / 2.0, ROW / 2.0 - 3.0);
            let _ = write!(svg, r#"<circle cx="{x:.1}" cy="{:.1}" r="2" fill="{colour}"/>"#, y + away);
        }
        text(&mut svg, WIDTH - FIGURES + 8.0, y + 5.0, "start", &format!("{:.3}", factors[i].mean_abs));
    }
    axis(&mut svg, &scale, order.len());
    Ok(finish(svg))
}

fn check(max_display: usize) -> Result<()> {
    if max_display > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, "no feature is left to display")
        .with("argument", "max_display")
        .hint("give at least 1"))
}

/// Values to places between names and figures.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64>) -> Scale {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if high > low { Scale { low, high } } else { Scale { low: low - 0.5, high: low + 0.5 } }
    }

    fn at(&self, value: f64) -> f64 {
        NAMES + (WIDTH - NAMES - FIGURES) * ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The share of the (sorted) values below this one, equal ones counted half.
fn rank(known: &[f64], value: f64) -> f64 {
    let (below, upto) = (known.partition_point(|x| *x < value), known.partition_point(|x| *x <= value));
    0.5 * (below + upto) as f64 / known.len().max(1) as f64
}

/// From blue at 0 to red at 1.
fn blend(share: f64) -> String {
    let mix = |low: f64, high: f64| (low + (high - low) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(31.0, 214.0), mix(119.0, 46.0), mix(208.0, 92.0))
}

fn start(rows: usize) -> String {
    let height = ABOVE + ROW * rows as f64 + BELOW;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>"#
    )
}

fn finish(mut svg: String) -> String {
    svg.push_str("</svg>\n");
    svg
}

fn axis(svg: &mut String, scale: &Scale, rows: usize) {
    let y = ABOVE + ROW * rows as f64 + 4.0;
    let (left, right) = (scale.at(scale.low), scale.at(scale.high));
    let _ = write!(svg, r##"<line x1="{left:.1}" y1="{y:.1}" x2="{right:.1}" y2="{y:.1}" stroke="#666666"/>"##);
    for (value, anchor) in [(scale.low, "start"), (scale.high, "end")] {
        text(svg, scale.at(value), y + 18.0, anchor, &number(value));
    }
    if scale.low < 0.0 && scale.high > 0.0 {
        let zero = scale.at(0.0);
        let _ = write!(svg, r##"<line x1="{zero:.1}" y1="{ABOVE}" x2="{zero:.1}" y2="{y:.1}" stroke="#cccccc"/>"##);
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let content = super::html::escape(content);
    let _ = write!(svg, r##"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="#222222">{content}</text>"##);
}

fn number(value: f64) -> String {
    crate::table::format_number((value * 1000.0).round() / 1000.0)
}

fn signed(value: f64) -> String {
    format!("{}{}", if value > 0.0 { "+" } else { "" }, number(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn explanation() -> Explanation {
        Explanation {
            values: arr2(&[[0.5, -0.25, 0.01], [0.1, 0.3, 0.0]]),
            base_value: -1.0,
            data: arr2(&[[2.0, f64::NAN, 1.0], [60.0, 1.0, 0.0]]),
            feature_names: ["tenure_months", "<b>", "partner"].map(str::to_owned).to_vec(),
            told_as: ["tenure_months", "<b>", "partner"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn pictures_hold_what_they_show() {
        let svg = waterfall_svg(&explanation(), 0, 10).expect("a picture");
        assert!(svg.contains("base value -1 to -0.74") && svg.contains("tenure_months = 2") && svg.contains("+0.5"));
        assert!(svg.contains("&lt;b&gt; = not known") && !svg.contains("<b>"));
        assert_eq!(svg.matches("<rect").count(), 4, "the ground and three bars");
        assert!(waterfall_svg(&explanation(), 0, 2).expect("a picture").contains("2 other features"));
        let svg = beeswarm_svg(&explanation(), 2).expect("a picture");
        assert_eq!(svg.matches("<circle").count(), 4);
        assert_eq!(svg, beeswarm_svg(&explanation(), 2).expect("a picture"));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for error in [
            waterfall_svg(&explanation(), 2, 10).expect_err("no such row"),
            waterfall_svg(&explanation(), 0, 0).expect_err("nothing to display"),
            beeswarm_svg(&explanation(), 0).expect_err("nothing to display"),
        ] {
            assert_eq!(error.code(), "invalid_argument");
        }
    }
}
