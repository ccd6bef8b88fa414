//! The gate against features that know the future: build them with and without what came later, and compare the bytes.

use super::build::features;
use super::load::EventSource;
use super::settings::EventSettings;
use super::time::{AsOf, NEVER};
use super::words;
use crate::error::Result;
use crate::read::cells;
use crate::schema::{FieldType, TableKind};
use crate::table::{ColumnData, Places, RawColumn, RawTable, Table};
use arrow_array::TimestampMicrosecondArray;

/// What the gate found.
#[derive(Debug, Clone, PartialEq)]
pub struct PointInTime {
    /// Whether every feature is the same, bit for bit.
    pub ok: bool,
    /// The columns that are not.
    pub columns: Vec<String>,
    /// Rows of events that were taken away because they were not known before `as_of`.
    pub rows_removed: usize,
}

/// Headers that say when money was given back.
const REFUNDED: &[&str] = &["refunded_at", "refunded_on", "refund_date", "refund_at"];

/// A table of events as it was known at an instant: rows that had not been recorded are gone, later instants and what
/// they settle (the status of an open ticket, the reason of a cancellation to come) are missing.
pub fn known_at(source: EventSource<'_>, as_of: AsOf, settings: &EventSettings) -> RawTable {
    let EventSource { kind, raw, mapping } = source;
    let n = raw.n_rows();
    let delay = settings.delay(kind);
    let header_of = |field: &str| mapping.source_of(field);
    let instants = |header: &str| -> Option<Vec<i64>> {
        let column = raw.column(header)?;
        match cells::read_as(&column.data, FieldType::Timestamp).values {
            ColumnData::Timestamp(values) => Some(values.iter().map(|v| v.unwrap_or(NEVER)).collect()),
            _ => None,
        }
    };
    let side = |column: &RawColumn, names: &[&str]| {
        let free = mapping.column(&column.name).is_none_or(|m| m.field.is_none());
        free && names.contains(&words::snake(&column.name).as_str())
    };
    let field = |name: &str| header_of(name).and_then(instants);
    let at = |list: &Option<Vec<i64>>, row: usize| list.as_ref().map_or(NEVER, |l| l[row]);
    let known = |time: i64| time != NEVER && time.saturating_add(delay) < as_of.micros;

    let recorded_names: &[&str] = if kind == TableKind::Tickets {
        &["known_at", "recorded_at", "ingested_at", "loaded_at", "inserted_at"]
    } else {
        &["known_at", "recorded_at", "ingested_at", "loaded_at", "inserted_at", "created_at"]
    };
    let recorded = raw.columns().iter().find(|c| side(c, recorded_names)).and_then(|c| instants(&c.name));
    let (due, paid) = (field("due_at"), field("paid_at"));
    let refunded = raw.columns().iter().find(|c| side(c, REFUNDED)).and_then(|c| instants(&c.name));
    let time = |row: usize| match kind {
        TableKind::Payments => at(&due, row).min(at(&paid, row)),
        _ => NEVER,
    };
    let own = match kind {
        TableKind::Tickets => field("created_at"),
        TableKind::Subscriptions => field("started_at"),
        TableKind::Payments => Some((0..n).map(time).collect()),
        _ => field("occurred_at"),
    };
    let row_known = |row: usize| {
        let late = recorded.as_ref().is_some_and(|r| r[row] != NEVER && !known(r[row]));
        known(at(&own, row)) && !late
    };
    let rows: Vec<usize> = (0..n).filter(|&r| row_known(r)).collect();

    let end = match kind {
        TableKind::Tickets => field("resolved_at"),
        TableKind::Subscriptions => field("ended_at"),
        _ => None,
    };
    let says = |name: &str, row: usize, word: fn(&str) -> bool| {
        let column = header_of(name).and_then(|h| raw.column(h));
        column.and_then(|c| c.data.cell(row)).is_some_and(|cell| word(&cell))
    };
    let settled = |row: usize| match kind {
        TableKind::Payments => {
            let failed = says("status", row, words::failed);
            let attempt = if failed && at(&paid, row) != NEVER { at(&paid, row) } else { at(&due, row) };
            let tried = (failed || says("failure_reason", row, |_| true)) && known(attempt);
            tried || known(if paid.is_some() { at(&paid, row) } else { at(&due, row) })
        }
        TableKind::Subscriptions => known(at(&end, row)) || says("status", row, words::paused),
        TableKind::Tickets => known(at(&end, row)),
        _ => true,
    };
    let settles: &[&str] = match kind {
        TableKind::Tickets => &["status", "csat_score", "assignee"],
        TableKind::Payments => &["status", "refunded_amount", "failure_reason"],
        TableKind::Subscriptions => &["status", "cancel_reason"],
        _ => &[],
    };
    let later: &[&str] = &["first_response_at", "resolved_at", "due_at", "paid_at", "ended_at", "renews_at"];
    let later_side = [
        "canceled_at",
        "cancelled_at",
        "cancellation_date",
        "cancel_requested_at",
        "paused_at",
        "pause_started_at",
        "pause_start",
        "resumed_at",
        "pause_ended_at",
        "pause_end",
    ];
    let columns = raw.columns().iter().map(|column| {
        let meaning = mapping.column(&column.name).and_then(|m| m.field.as_deref());
        let data = if meaning.is_some_and(|m| later.contains(&m)) || side(column, &later_side) || side(column, REFUNDED)
        {
            let values = instants(&column.name).unwrap_or_else(|| vec![NEVER; n]);
            let kept = rows.iter().map(|&r| Some(values[r]).filter(|&t| known(t)));
            ColumnData::Timestamp(kept.collect::<TimestampMicrosecondArray>())
        } else if let Some(field) = meaning.filter(|m| settles.contains(m)) {
            let settled = |row: usize| match field {
                "refunded_amount" => known(at(&refunded, row)),
                _ => settled(row),
            };
            match &column.data {
                ColumnData::Text(_) => {
                    ColumnData::text(rows.iter().map(|&r| column.data.cell(r).filter(|_| settled(r))))
                }
                _ => ColumnData::numbers(rows.iter().map(|&r| column.data.number(r).filter(|_| settled(r)))),
            }
        } else {
            column.data.take(&rows)
        };
        RawColumn { name: column.name.clone(), data }
    });
    let places = Places::Lines(rows.iter().map(|&r| raw.row_number(r)).collect());
    RawTable::new(columns.collect(), rows.len(), places, raw.source().clone(), Vec::new())
}

/// Builds the features as of an instant from the tables as given and from the tables as they were known then, and
/// compares them bit for bit.
///
/// # Errors
/// As [`features`](super::features()).
pub fn check_point_in_time(
    customers: &Table,
    sources: &[EventSource<'_>],
    as_of: AsOf,
    settings: &EventSettings,
) -> Result<PointInTime> {
    let whole = features(customers, sources, as_of, settings, false)?;
    let known: Vec<RawTable> = sources.iter().map(|s| known_at(*s, as_of, settings)).collect();
    let then: Vec<EventSource<'_>> =
        sources.iter().zip(&known).map(|(s, raw)| EventSource { kind: s.kind, raw, mapping: s.mapping }).collect();
    let customers_then = match customers.column("snapshot_date") {
        Some(snapshot) => {
            let later = |r: &usize| snapshot.data.days(*r).is_some_and(|d| d > as_of.days());
            let rows: Vec<usize> = (0..customers.n_rows()).filter(|r| !later(r)).collect();
            // One row a customer, all of a later day, is no history: the day they describe stays what it is.
            if rows.is_empty() { customers.clone() } else { customers.take(&rows) }
        }
        None => customers.clone(),
    };
    let without = features(&customers_then, &then, as_of, settings, false)?;
    let columns = differing(&whole.table, &without.table);
    let rows_removed = sources.iter().zip(&known).map(|(s, k)| s.raw.n_rows() - k.n_rows()).sum();
    Ok(PointInTime { ok: columns.is_empty(), columns, rows_removed })
}

/// The columns in which two tables are not the same, bit for bit; every column where they have not the same rows.
fn differing(a: &Table, b: &Table) -> Vec<String> {
    let mut names: Vec<String> = a.columns().iter().chain(b.columns()).map(|c| c.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let same = |name: &String| match (a.column(name), b.column(name)) {
        (Some(x), Some(y)) if a.n_rows() == b.n_rows() => {
            (0..a.n_rows()).all(|r| match (x.data.number(r), y.data.number(r)) {
                (Some(p), Some(q)) => p.to_bits() == q.to_bits(),
                (None, None) => x.data.cell(r) == y.data.cell(r),
                _ => false,
            })
        }
        _ => false,
    };
    names.retain(|name| !same(name));
    names
}
