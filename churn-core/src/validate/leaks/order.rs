//! Ids, the order of rows, and copies: what has no business with the label but may go with it.

use super::super::codes::Code;
use super::super::duplicates;
use super::super::signal::{Labels, Signal, Strength, share_low};
use super::values::{near_copy, near_perfect};
use super::{BINS, Found, Leak, LeakKind, Seen};
use crate::table::{ColumnData, RawTable, Table};

/// From this AUC on a weaker tie is told.
const TOLD: f64 = 0.75;
/// The name that stands for the order of rows in `allow`.
const ROW_ORDER: &str = "row order";

pub(super) fn judge(
    columns: &[Seen<'_>],
    leaking: &mut [bool],
    labels: &Labels,
    raw: &RawTable,
    table: &Table,
    all_labels: &[Option<bool>],
    found: &mut Found,
) {
    for (i, column) in columns.iter().enumerate() {
        if leaking[i] || !column.id {
            continue;
        }
        let Some((what, strength)) = id_parts(&column.data, labels) else { continue };
        if near_perfect(&strength) || near_copy(&strength, labels) {
            leaking[i] = true;
            let evidence = format!("was given by label: {what} of the id ranks the label (AUC {:.3})", strength.auc);
            found.leaks.push(column.leak(LeakKind::Id, evidence));
        } else if strength.auc >= TOLD {
            let message = format!("{what} of '{}' goes with the label (AUC {:.3})", column.source, strength.auc);
            found.notes.push((Code::IdTellsLabel, column.source.to_owned(), message));
        }
    }
    row_order(labels, found);
    copies(raw, table, all_labels, found);
}

/// The part of an id that goes with the label most, and how well.
fn id_parts(data: &ColumnData, labels: &Labels) -> Option<(&'static str, Strength)> {
    let cells: Vec<Option<String>> = labels.rows.iter().map(|&r| data.cell(r).map(|c| c.into_owned())).collect();
    let text = |part: fn(&str) -> Option<String>| {
        let parts = ColumnData::text(cells.iter().map(|c| c.as_deref().and_then(part)));
        let all: Vec<usize> = (0..cells.len()).collect();
        Signal::of_text(&parts, &all)
    };
    let number = |part: fn(&str) -> Option<f64>| {
        Signal::of_numbers(cells.iter().map(|c| c.as_deref().and_then(part)).collect(), BINS)
    };
    let candidates = [
        (
            "the number",
            number(|id| {
                let end = id.trim_end_matches(|c: char| !c.is_ascii_digit());
                let digits: String = end.chars().rev().take_while(char::is_ascii_digit).take(15).collect();
                digits.chars().rev().collect::<String>().parse().ok()
            }),
        ),
        (
            "the beginning",
            text(|id| {
                let start: String = id.chars().take_while(|c| !c.is_ascii_digit()).take(6).collect();
                Some(if start.is_empty() || start.len() == id.len() { id.chars().take(2).collect() } else { start })
            }),
        ),
        ("the first sign", text(|id| id.chars().next().map(String::from))),
        (
            "the end",
            text(|id| {
                let end: String = id.chars().rev().take_while(|c| c.is_alphabetic()).take(6).collect();
                Some(if end.is_empty() || end.len() == id.len() { id.chars().next_back()?.into() } else { end })
            }),
        ),
        // What an address ends in, or what stands between separators.
        (
            "what follows the last separator",
            text(|id| id.rsplit_once(['@', '-', '_', '/', ':', '.']).map(|(_, rest)| rest.to_owned())),
        ),
        ("the length", number(|id| Some(id.chars().count() as f64))),
    ];
    let strengths = candidates.into_iter().filter(|(_, s)| s.n_levels > 1 && !(s.numbers.is_none() && s.is_unique()));
    strengths.map(|(what, s)| (what, s.strength(labels))).max_by(|a, b| a.1.auc.total_cmp(&b.1.auc))
}

fn row_order(labels: &Labels, found: &mut Found) {
    let places: Vec<Option<f64>> = labels.rows.iter().map(|&r| Some(r as f64)).collect();
    let strength = Signal::of_numbers(places, BINS).strength(labels);
    if near_perfect(&strength) || near_copy(&strength, labels) {
        found.leaks.push(Leak {
            columns: vec![ROW_ORDER.to_owned()],
            kind: LeakKind::RowOrder,
            evidence: format!("is sorted by the label (AUC {:.3}): shuffle the rows", strength.auc),
            also: vec!["row_order".to_owned()],
        });
    } else if strength.auc >= TOLD {
        let message = format!("the order of rows goes with the label (AUC {:.3})", strength.auc);
        found.notes.push((Code::IdTellsLabel, ROW_ORDER.to_owned(), message));
    }
}

/// Customers who stand in the table several times on one day: copies of one customer end up on both sides of a split.
fn copies(raw: &RawTable, table: &Table, labels: &[Option<bool>], found: &mut Found) {
    let Some(ids) = table.column("customer_id") else { return };
    let repeats = duplicates::repeated_ids(table, ids);
    let (mut rows, mut hits, mut repeated, mut repeated_hits) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for (label, &repeat) in labels.iter().zip(&repeats) {
        let Some(y) = label else { continue };
        let hit = f64::from(u8::from(*y));
        rows += 1.0;
        hits += hit;
        if repeat {
            repeated += 1.0;
            repeated_hits += hit;
        }
    }
    if repeated < 12.0 || repeated < 0.02 * rows {
        return;
    }
    // Whole copies, or copies that favour one label: the rarer class was multiplied.
    let whole = duplicates::copies_of_rows(raw).iter().filter(|c| **c).count() as f64;
    let base = (hits - repeated_hits) / (rows - repeated).max(1.0);
    let favoured = share_low(repeated_hits, repeated) > (2.0 * base).min(0.5 + base / 2.0)
        || share_low(repeated - repeated_hits, repeated) > (2.0 * (1.0 - base)).min(1.0 - base / 2.0);
    let evidence = if whole >= 0.05 * rows {
        format!(
            "repeats customers: {:.0} % of the rows are copies of others, and a copy ends up on both sides of a split",
            100.0 * whole / rows
        )
    } else if favoured && repeated >= 0.05 * rows {
        format!(
            "repeats customers, and {:.0} % of the repeated rows left: the table was resampled by label",
            100.0 * repeated_hits / repeated
        )
    } else {
        return;
    };
    // That copies share their label is no second finding.
    found.leaks.retain(|l| l.columns != [ids.source.as_str()]);
    found.leaks.push(Leak {
        columns: vec![ids.source.clone()],
        kind: LeakKind::Copies,
        evidence,
        also: vec!["customer_id".to_owned()],
    });
}
