//! What unreadable cells look like, in words and without their content.

use crate::table::ColumnData;
use std::collections::BTreeMap;

/// Cells that are looked at; the rest look alike.
const MAX_CELLS: usize = 1_000;

/// What a cell looks like.
fn shape(cell: &str) -> &'static str {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    let money = cell.chars().any(|c| "$€£¥₹".contains(c));
    let comma = cell.rfind(',');
    let dot = cell.rfind('.');
    let decimal_comma = comma.is_some_and(|c| dot.is_none_or(|d| d < c) && cell.len() - c <= 3);
    let separated = |sign: char| cell.matches(sign).count() == 2;
    match (digits, letters) {
        (0, 0) => "like signs without a digit",
        (0, _) if cell.split_whitespace().count() > 3 => "like a sentence",
        (0, _) => "like text",
        (_, 0) if separated('-') || separated('/') || (separated('.') && digits >= 6) => "like a date",
        (_, 0) if cell.contains('%') => "like a percentage",
        (_, 0) if money && decimal_comma => "like money with a comma as decimal",
        (_, 0) if money => "like money",
        (_, 0) if decimal_comma => "like a number with a comma as decimal",
        (_, 0) if cell.contains('-') && digits >= 2 && !cell.starts_with('-') => "like a range",
        (_, 0) => "like a number written in another way",
        _ if cell.contains('@') => "like an address",
        _ if cell.contains(':') => "like a time",
        _ if digits >= letters => "like a number with a unit",
        _ => "like text with digits",
    }
}

/// The looks of these rows' cells, commonest first: "13 look like money with a comma as decimal, 1 looks like text".
pub(super) fn describe(data: &ColumnData, rows: &[usize]) -> String {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let looked = &rows[..rows.len().min(MAX_CELLS)];
    for &row in looked {
        *counts.entry(data.cell(row).map_or("like nothing", |c| shape(&c))).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let list: Vec<String> =
        counts.iter().take(3).map(|(shape, n)| format!("{n} look{} {shape}", if *n == 1 { "s" } else { "" })).collect();
    let of_some = if looked.len() < rows.len() { format!(" of the first {MAX_CELLS}") } else { String::new() };
    format!("{}{of_some}", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_without_content() {
        let cells = ["$1.234,50", "$99,00", "soon", "12 months", "2024-01-02", "12,5", "10-50", "?!", "45 %", "EUR 12"];
        let data = ColumnData::text(cells.iter().map(|c| Some(*c)));
        assert_eq!(shape(cells[0]), "like money with a comma as decimal");
        let text = describe(&data, &(0..cells.len()).collect::<Vec<_>>());
        assert!(text.starts_with("2 look like money with a comma as decimal, "), "{text}");
        assert!(!text.contains("soon") && !text.contains("99"));
        assert_eq!(describe(&data, &[2]), "1 looks like text");
    }
}
