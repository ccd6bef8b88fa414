//! Ids, the order of rows, and copies: what has no business with the label but may go with it.

use super::super::codes::Code;
use super::super::duplicates;
use super::super::signal::{Labels, Signal, share_low};
use super::views;
use super::{BINS, Found, Leak, LeakKind, Seen};
use crate::table::{RawTable, Table};

/// From this AUC on a weaker tie is told.
const TOLD: f64 = 0.75;
/// Rows of a stretch.
const STRETCH: usize = 24;
/// The name that stands for the order of rows in `allow`.
pub(in crate::validate) const ROW_ORDER: &str = "row order";

pub(super) fn judge(
    columns: &[Seen<'_>],
    leaking: &mut [bool],
    (labels, few): (&Labels, &Labels),
    raw: &RawTable,
    table: &Table,
    all_labels: &[Option<bool>],
    found: &mut Found,
) {
    for (i, column) in columns.iter().enumerate() {
        if leaking[i] || !column.id {
            continue;
        }
        let Some((what, strength)) = views::strongest(column, few) else { continue };
        if views::tells(&strength, few) {
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

fn row_order(labels: &Labels, found: &mut Found) {
    let places: Vec<Option<f64>> = labels.rows.iter().map(|&r| Some(r as f64)).collect();
    // Narrow enough to see stretches of one label.
    let strength = Signal::of_numbers(places, BINS.max(labels.len() / STRETCH)).strength(labels);
    if views::tells(&strength, labels) {
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
    let repeats = duplicates::repeated_ids(table);
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
