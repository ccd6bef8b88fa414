//! When customers were customers, and when they left, by a definition. The whole history is read: this is what is to be
//! predicted, never what is predicted from.

use super::build::Events;
use super::definition::{Booking, ChurnDefinition, ChurnKind, Pauses, SameMonth};
use super::load::EventSource;
use super::settings::EventSettings;
use super::store::EventTable;
use super::time::{DAY, NEVER, same_month};
use super::{payments, subscriptions};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableKind;
use crate::table::{Column, ColumnData, Places, Table};
use arrow_array::{BooleanArray, TimestampMicrosecondArray};

/// A time as a customer: `[from, to)`, `NEVER` is not over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub from: i64,
    pub to: i64,
    /// It ended because a payment failed for good.
    pub involuntary: bool,
    /// Whether the definition counts it; what joins and leaves in one month may be ignored.
    pub counted: bool,
}

/// Where the times as a customer are read from.
pub(super) enum History<'a> {
    /// From subscriptions, and payments that stay unpaid.
    Subscriptions(&'a EventTable, Option<&'a EventTable>),
    /// From the signup and churn dates of the customer table, and the first events.
    Dates { churn: Vec<Option<i32>>, first: Vec<Option<i64>> },
    /// From activity alone.
    Activity(Vec<&'a EventTable>),
}

impl<'a> History<'a> {
    /// What the tables and the definition allow.
    ///
    /// # Errors
    /// `invalid_argument` where there is nothing to read a label from.
    pub fn new(events: &'a Events<'_>, customers: &Table, definition: &ChurnDefinition) -> Result<History<'a>> {
        if definition.inactivity_days.is_some() {
            let default = [TableKind::Payments, TableKind::Usage];
            let wanted = if definition.activity.is_empty() { &default[..] } else { &definition.activity };
            let tables: Vec<&EventTable> = wanted.iter().filter_map(|&k| events.table(k)).collect();
            if tables.is_empty() || (!definition.activity.is_empty() && tables.len() < wanted.len()) {
                let names: Vec<_> = wanted.iter().map(|k| k.name()).collect();
                return Err(nothing(&format!("non-contractual churn is read from {}", names.join(" and ")))
                    .hint("give these tables, or say in `activity` which tables show that a customer is active"));
            }
            return Ok(History::Activity(tables));
        }
        if let Some(table) = events.table(TableKind::Subscriptions) {
            let due = definition.past_due_days.and(events.table(TableKind::Payments));
            if definition.past_due_days.is_some() && due.is_none() {
                return Err(nothing("past_due_days is read from payments").hint("give the table of payments"));
            }
            return Ok(History::Subscriptions(table, due));
        }
        let Some(column) = customers.column("churn_date") else {
            return Err(nothing("contractual churn is read from subscriptions, or from a churn_date of the customers")
                .hint("give the table of subscriptions, or inactivity_days for a business without contracts"));
        };
        let churn = |c: usize| events.customers.rows[c].iter().filter_map(|&r| column.data.days(r as usize)).max();
        let first = |c: usize| {
            let starts = events.tables.iter().filter_map(|t| t.columns.time.get(t.rows_of(c)).and_then(<[i64]>::first));
            starts.min().copied()
        };
        let n = 0..events.customers.len();
        Ok(History::Dates { churn: n.clone().map(churn).collect(), first: n.map(first).collect() })
    }

    /// The times of a customer, in order; for activity alone, the time from the first to the last one and the silence
    /// behind it that makes it the last.
    pub fn runs(&self, events: &Events<'_>, definition: &ChurnDefinition, customer: usize) -> Vec<Run> {
        let offset = events.settings.offset();
        match self {
            History::Subscriptions(table, due) => {
                let mut runs = subscribed(table, definition, customer);
                if let (Some(days), Some(due)) = (definition.past_due_days, due) {
                    runs = without_unpaid(runs, due, i64::from(days) * DAY, customer);
                }
                let mut runs = joined(runs, i64::from(definition.grace_days) * DAY);
                if definition.same_month == SameMonth::Ignore {
                    runs.iter_mut().for_each(|r| r.counted = r.to == NEVER || !same_month(r.from, r.to, offset));
                }
                runs
            }
            History::Dates { churn, first } => {
                let signup = events.customers.signup[customer].map(|d| i64::from(d) * DAY - offset);
                let Some(from) = signup.or(first[customer]) else { return Vec::new() };
                let later = if definition.booking == Booking::DayAfterCancellation { DAY } else { 0 };
                let to = churn[customer].map_or(NEVER, |d| i64::from(d) * DAY - offset + later);
                let counted = definition.same_month == SameMonth::Count || to == NEVER || !same_month(from, to, offset);
                Vec::from_iter((to > from).then_some(Run { from, to, involuntary: false, counted }))
            }
            History::Activity(_) => {
                let silence = i64::from(definition.inactivity_days.unwrap_or(1)) * DAY;
                let mut runs: Vec<Run> = Vec::new();
                for at in self.activity(customer) {
                    match runs.last_mut() {
                        Some(run) if at < run.to => run.to = at + silence,
                        _ => runs.push(Run { from: at, to: at + silence, involuntary: false, counted: true }),
                    }
                }
                runs
            }
        }
    }

    /// The instants at which a customer was active, in order.
    pub fn activity(&self, customer: usize) -> Vec<i64> {
        let History::Activity(tables) = self else { return Vec::new() };
        let mut all = Vec::new();
        for table in tables {
            let rows = table.rows_of(customer);
            if table.kind == TableKind::Payments {
                let refund = |row: usize| table.columns.numbers[payments::AMOUNT].get(row).is_some_and(|a| *a < 0.0);
                let paid = &table.columns.instants[payments::PAID];
                all.extend(rows.filter(|&r| !refund(r)).map(|r| paid[r]).filter(|&at| at != NEVER));
            } else {
                all.extend_from_slice(&table.columns.time[rows]);
            }
        }
        all.sort_unstable();
        all
    }
}

fn nothing(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("there is nothing to read the label from: {message}"))
        .with("argument", "definition")
}

/// The times in which a subscription runs, not yet joined.
fn subscribed(table: &EventTable, definition: &ChurnDefinition, customer: usize) -> Vec<Run> {
    let columns = &table.columns;
    let at = |slot: usize, row: usize| columns.instants[slot].get(row).copied().unwrap_or(NEVER);
    let flag = |bit: u8, row: usize| columns.flags.get(row).is_some_and(|f| f & bit != 0);
    let mut runs = Vec::new();
    for row in table.rows_of(customer) {
        if flag(subscriptions::PAUSE, row) && definition.pauses == Pauses::NotRunning {
            continue;
        }
        let from = columns.time[row];
        let (ended, canceled) = (at(subscriptions::ENDED, row), at(subscriptions::CANCELED, row));
        let to = match definition.booking {
            Booking::Cancellation => ended.min(canceled),
            Booking::DayAfterCancellation => ended.min(canceled).saturating_add(DAY),
            Booking::PeriodEnd => {
                let end = if ended == NEVER { canceled } else { ended };
                let renews = at(subscriptions::RENEWS, row);
                if end != NEVER && renews != NEVER { end.max(renews) } else { end }
            }
        };
        let involuntary = flag(subscriptions::INVOLUNTARY, row);
        let (paused, resumed) = (at(subscriptions::PAUSED_AT, row), at(subscriptions::RESUMED_AT, row));
        let mut push = |from: i64, to: i64| {
            if to > from {
                runs.push(Run { from, to, involuntary, counted: true });
            }
        };
        if definition.pauses == Pauses::NotRunning && paused >= from && paused < to {
            push(from, paused);
            if resumed >= paused && resumed < to {
                push(resumed, to);
            }
        } else {
            push(from, to);
        }
    }
    runs
}

/// Takes out the times in which a payment had been due for too long.
fn without_unpaid(runs: Vec<Run>, table: &EventTable, patience: i64, customer: usize) -> Vec<Run> {
    let at = |slot: usize, row: usize| table.columns.instants[slot].get(row).copied().unwrap_or(NEVER);
    let mut unpaid: Vec<(i64, i64)> = table
        .rows_of(customer)
        .map(|row| (at(payments::DUE, row).saturating_add(patience), at(payments::PAID, row)))
        .filter(|&(lost, paid)| lost < paid)
        .collect();
    unpaid.sort_unstable();
    let mut left = runs;
    for (lost, paid) in unpaid {
        let mut next = Vec::with_capacity(left.len() + 1);
        for run in left {
            if lost >= run.to || paid <= run.from {
                next.push(run);
                continue;
            }
            if lost > run.from {
                next.push(Run { to: lost, involuntary: true, ..run });
            }
            if paid < run.to {
                next.push(Run { from: paid, ..run });
            }
        }
        left = next;
    }
    left
}

/// Joins times that overlap, or that are no more than `grace` apart.
fn joined(mut runs: Vec<Run>, grace: i64) -> Vec<Run> {
    runs.sort_unstable_by_key(|r| (r.from, r.to, r.involuntary));
    let mut out: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match out.last_mut() {
            Some(last) if run.from <= last.to.saturating_add(grace) => {
                // The last to end says why it ended.
                if run.to >= last.to {
                    last.involuntary = run.involuntary;
                    last.to = run.to;
                }
            }
            _ => out.push(run),
        }
    }
    out
}

/// What the definition says of the customers' whole history: one row a movement, by customer and time. Columns:
/// `customer_id`, `movement` (`new`, `churn`, `reactivation`; who returns after `reactivation_days` is `new`), `at`, and
/// `voluntary` (of a loss).
///
/// # Errors
/// As [`training_set`](super::training_set).
pub fn movements(
    customers: &Table,
    sources: &[EventSource<'_>],
    definition: &ChurnDefinition,
    settings: &EventSettings,
) -> Result<Table> {
    let events = Events::load(customers, sources, settings)?;
    let history = History::new(&events, customers, definition)?;
    let until = super::training::last_seen(&events, customers);
    let within = definition.reactivation_days.map_or(i64::MAX, |d| i64::from(d) * DAY);
    let mut rows: Vec<(usize, &str, i64, Option<bool>)> = Vec::new();
    for c in 0..events.customers.len() {
        let mut left: Option<i64> = None;
        for run in history.runs(&events, definition, c).into_iter().filter(|r| r.counted) {
            let back = left.is_some_and(|at| run.from - at <= within);
            rows.push((c, if back { "reactivation" } else { "new" }, run.from, None));
            // Silence is over when it has lasted; what lies behind the data has not been seen.
            let seen = !matches!(history, History::Activity(_)) || run.to <= until;
            let counts = match definition.kind {
                ChurnKind::All => true,
                ChurnKind::Voluntary => !run.involuntary,
                ChurnKind::Involuntary => run.involuntary,
            };
            if run.to != NEVER && seen && counts {
                rows.push((c, "churn", run.to, Some(!run.involuntary)));
            }
            left = Some(run.to);
        }
    }
    let column =
        |name: &str, data: ColumnData| Column { name: name.into(), canonical: false, source: name.into(), data };
    let ids = ColumnData::text(rows.iter().map(|r| Some(events.customers.ids[r.0].as_str())));
    let at = rows.iter().map(|r| Some(r.2)).collect::<TimestampMicrosecondArray>();
    let voluntary = rows.iter().map(|r| r.3).collect::<BooleanArray>();
    let columns = vec![
        Column { canonical: true, ..column("customer_id", ids) },
        column("movement", ColumnData::text(rows.iter().map(|r| Some(r.1)))),
        column("at", ColumnData::Timestamp(at)),
        column("voluntary", ColumnData::Boolean(voluntary)),
    ];
    Ok(Table::new(columns, rows.len(), Places::Items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(from: i64, to: i64) -> Run {
        Run { from: from * DAY, to: if to == NEVER { NEVER } else { to * DAY }, involuntary: false, counted: true }
    }

    #[test]
    fn times_are_joined_over_the_grace() {
        let joined = joined(vec![run(40, 50), run(0, 10), run(11, 20), run(5, 8), run(22, 30)], DAY);
        assert_eq!(joined, [run(0, 20), run(22, 30), run(40, 50)]);
    }
}
