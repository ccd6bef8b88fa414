//! Labelled snapshots: what was known of each customer on each day, and whether he left in the window behind it.

use super::build::{Base, Events, FeatureTable, dates, tell_customers};
use super::definition::{ChurnDefinition, ChurnKind};
use super::labels::{History, Run};
use super::load::EventSource;
use super::notes::{Notes, Rows, Text};
use super::settings::EventSettings;
use super::store::EventTable;
use super::time::{AsOf, DAY, Every, NEVER};
use super::{payments, subscriptions, tickets};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableKind;
use crate::table::{Column, ColumnData, Places, Table, date_from_days};
use crate::validate::{Layer, Severity};
use arrow_array::BooleanArray;

/// Which snapshots are taken. Days are in days since 1970-01-01, local.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshots {
    /// First day; the first on which a customer can be labelled where not given.
    pub start: Option<i32>,
    /// Last day, included if a step falls on it; the last whose window is over where not given.
    pub end: Option<i32>,
    /// Step.
    pub every: Every,
    /// The day up to which the data goes, that day not included; the day of the last event where not given. Windows that
    /// reach further are not over: their snapshots are left out.
    pub observed_until: Option<i32>,
    /// Columns of the customer table that never change, besides those that are known not to.
    pub keep: Vec<String>,
}

/// The end of what the tables tell: the last thing that happened in them. A plan for the future (a due date, the end of
/// a term) is not something that happened. Where all times are days, the last day counts as a whole.
pub(super) fn last_seen(events: &Events<'_>, customers: &Table) -> i64 {
    let offset = events.settings.offset();
    let mut last = i64::MIN;
    let mut whole_days = true;
    let mut see = |list: &[i64]| {
        for &at in list.iter().filter(|&&at| at != NEVER) {
            last = last.max(at);
            whole_days &= (at + offset).rem_euclid(DAY) == 0;
        }
    };
    let happened = |t: &EventTable| -> Vec<usize> {
        match t.kind {
            TableKind::Tickets => vec![tickets::FIRST_RESPONSE, tickets::RESOLVED],
            TableKind::Payments => vec![payments::PAID, payments::REFUNDED_AT, payments::ATTEMPT],
            TableKind::Subscriptions => vec![subscriptions::CANCELED],
            _ => Vec::new(),
        }
    };
    for table in &events.tables {
        if table.kind != TableKind::Payments {
            see(&table.columns.time);
        }
        for slot in happened(table) {
            see(&table.columns.instants[slot]);
        }
    }
    for name in ["signup_date", "snapshot_date", "last_activity_date"] {
        if let Some(column) = customers.column(name) {
            let days: Vec<i64> = (0..customers.n_rows())
                .filter_map(|r| column.data.days(r))
                .map(|d| i64::from(d) * DAY - offset)
                .collect();
            see(&days);
        }
    }
    if last == i64::MIN { last } else { last + if whole_days { DAY } else { 0 } }
}

/// What the snapshots of one customer came to.
#[derive(Default)]
struct Tally {
    in_gap: usize,
    other_kind: usize,
    ignored: usize,
}

/// The rule of one definition, ready to be applied.
struct Rule<'a> {
    definition: &'a ChurnDefinition,
    gap: i64,
    horizon: i64,
    silence: Option<i64>,
}

impl Rule<'_> {
    fn new(definition: &ChurnDefinition) -> Rule<'_> {
        let days = |d: u32| i64::from(d) * DAY;
        let silence = definition.inactivity_days.map(days);
        Rule { definition, gap: days(definition.gap_days), horizon: days(definition.horizon_days), silence }
    }

    /// How far behind a snapshot the data must go.
    fn reach(&self, contracts: bool) -> i64 {
        let grace = if contracts { i64::from(self.definition.grace_days) * DAY } else { 0 };
        self.gap + self.horizon + if self.silence.is_some() { 0 } else { grace }
    }

    /// The label of a customer at an instant; `None` where there is none.
    fn label(&self, runs: &[Run], activity: &[i64], at: i64, tally: &mut Tally) -> Option<bool> {
        if let Some(silence) = self.silence {
            let any = |from: i64, to: i64| {
                activity[activity.partition_point(|&a| a < from)..].first().is_some_and(|&a| a < to)
            };
            let end = at + self.gap + self.horizon;
            return any(at - silence, at).then(|| !any(end - silence, end));
        }
        // The instant itself belongs to the future: who ends now is still there, who begins now is not yet.
        let run = runs.iter().find(|r| r.from < at && at <= r.to)?;
        let from = at + self.gap;
        if !run.counted {
            tally.ignored += 1;
            return None;
        }
        if run.to < from {
            tally.in_gap += 1;
            return None;
        }
        let left = run.to < from + self.horizon;
        let wanted = match self.definition.kind {
            ChurnKind::All => true,
            ChurnKind::Voluntary => !run.involuntary,
            ChurnKind::Involuntary => run.involuntary,
        };
        if left && !wanted {
            tally.other_kind += 1;
            return None;
        }
        Some(left)
    }
}

/// Snapshots of every customer who was active, with the features of that day and the label by the definition: columns
/// `customer_id` (the group), `snapshot_date` (the time), features, `churned`. Rows are in the order of customers and,
/// within one, of days.
///
/// Left out, and told: snapshots whose window the data does not cover (right censoring), snapshots before the first loss
/// on record where customers must have left by then (left truncation: those who did are not in the export), customers
/// who joined before anyone who is still there where some of them must have stayed (who did is not in the export), customers
/// lost in the gap, and columns of the customer table that describe a later day.
///
/// # Errors
/// `field_unmapped`; `invalid_argument` where the label cannot be read from these tables or no snapshot is left.
pub fn training_set(
    customers: &Table,
    sources: &[EventSource<'_>],
    definition: &ChurnDefinition,
    snapshots: &Snapshots,
    settings: &EventSettings,
) -> Result<FeatureTable> {
    let mut events = Events::load(customers, sources, settings)?;
    let offset = settings.offset();
    let rule = Rule::new(definition);
    let base = Base::new(&mut events, customers, None, &snapshots.keep);
    let until = snapshots.observed_until.map_or_else(|| last_seen(&events, customers), |d| AsOf::day(d, offset).micros);
    let mut notes = Vec::new();
    let history = History::new(&events, customers, definition)?;
    let contracts = matches!(history, History::Subscriptions(..));
    let n = events.customers.len();
    let runs: Vec<Vec<Run>> = (0..n).map(|c| history.runs(&events, definition, c)).collect();
    let all = || runs.iter().flatten();
    let Some(begin) = all().map(|r| r.from).min().filter(|_| until > i64::MIN) else {
        return Err(empty("no customer was ever active"));
    };
    let truncated = truncation(&runs, until, rule.silence.unwrap_or(0));
    // A loss by silence is read off what a customer did, so nobody is known by his loss alone.
    let missed = if rule.silence.is_none() { missed_survivors(&runs, until) } else { None };
    let first_day = AsOf { micros: begin, offset }.days() + 1;
    let start = snapshots.start.unwrap_or_else(|| {
        let seen = truncated.map_or(i64::MIN, |t| t - rule.gap).max(begin + 1);
        let silent = rule.silence.map_or(0, |s| (s / DAY) as i32);
        (AsOf { micros: seen + DAY - 1, offset }.days()).max(first_day + silent)
    });
    let last_day = AsOf { micros: until.saturating_sub(rule.reach(contracts)), offset }.days();
    let end = snapshots.end.unwrap_or(last_day);
    let days = snapshots.every.days(start, end);
    if days.is_empty() {
        return Err(empty("start lies behind end, or the data ends before the first window does"));
    }
    let taken: Vec<AsOf> = days.iter().map(|&d| AsOf::day(d, offset)).collect();
    let mature = |at: &AsOf| at.micros + rule.reach(contracts) <= until;
    let immature = taken.iter().filter(|at| !mature(at)).count();
    let early = |at: &AsOf| truncated.is_some_and(|first| at.micros + rule.gap < first);
    let n_early = taken.iter().filter(|at| early(at)).count();
    let used: Vec<AsOf> = taken.iter().copied().filter(|at| mature(at) && !early(at)).collect();

    let (mut rows, mut base_rows, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    let mut tally = Tally::default();
    let known_by_loss = |runs: &[Run]| missed.zip(joined_at(runs)).is_some_and(|(first, joined)| joined < first);
    let n_missed = runs.iter().filter(|r| known_by_loss(r)).count();
    for (c, run) in runs.iter().enumerate().filter(|(_, r)| !known_by_loss(r)) {
        let activity = history.activity(c);
        for &at in &used {
            let Some(row) = base.row(&events.customers, customers, c, at.days()) else { continue };
            if let Some(label) = rule.label(run, &activity, at.micros, &mut tally) {
                rows.push((c as u32, at));
                base_rows.push(row);
                labels.push(label);
            }
        }
    }
    drop(history);
    tell(
        &mut notes,
        &events,
        definition,
        until,
        (truncated.filter(|_| n_early > 0), missed.map(|first| (n_missed, first))),
        (immature, n_early, taken.len()),
        &tally,
    );
    let repeated = if base.has_history() { 0 } else { events.customers.rows.iter().map(|r| r.len() - 1).sum() };
    let n_customers = events.customers.len();
    tell_customers(&mut events, customers, repeated, n_customers);
    if rows.is_empty() {
        return Err(empty("no customer was active on a day whose window the data covers"));
    }
    let mut columns = base.take(customers, &base_rows);
    columns.push(dates("snapshot_date", rows.iter().map(|r| r.1.days())));
    columns.extend(events.columns(&rows, false));
    let labels = ColumnData::Boolean(labels.into_iter().map(Some).collect::<BooleanArray>());
    columns.push(Column { name: "churned".into(), canonical: true, source: "churned".into(), data: labels });
    let places = Places::Lines(base_rows.iter().map(|&r| customers.row_number(r)).collect());
    let table = Table::new(columns, rows.len(), places);
    events.findings.extend(notes);
    Ok(FeatureTable {
        table,
        findings: events.findings,
        settings: settings.clone(),
        definition: Some(definition.clone()),
    })
}

fn empty(why: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("no snapshot is left to train on: {why}"))
        .with("argument", "start, end, every")
        .hint("widen start and end, shorten the horizon, or say with observed_until how far the data goes")
}

/// The first loss on record, where there must have been losses before it that the data does not show: at the rate seen
/// since then, at least ten of the times before it would have ended, and none did. A loss by silence cannot come before the
/// silence has lasted, so that time is no time in which one is missed.
fn truncation(runs: &[Vec<Run>], until: i64, silence: i64) -> Option<i64> {
    let ends = || runs.iter().flatten().filter(|r| r.counted && r.to <= until);
    let first = ends().map(|r| r.to).min()?;
    let losses = ends().count();
    let spent = |from: i64, to: i64| {
        let one = |r: &Run| (r.to.min(to) - (r.from + silence).max(from)).max(0) as f64 / DAY as f64;
        runs.iter().flatten().map(one).sum::<f64>()
    };
    let (before, since) = (spent(i64::MIN / 2, first), spent(first, until));
    (losses >= 10 && since > 0.0 && before * losses as f64 / since >= 10.0).then_some(first)
}

/// When a customer joined for the first time.
fn joined_at(runs: &[Run]) -> Option<i64> {
    runs.iter().map(|r| r.from).min()
}

/// The day on which the first customer joined who is still there, where all who joined before him are in the data because
/// they left: at the rate of losses seen since the first one, the chance that none of them would have stayed is less than
/// e^-10. That is the bar of [`truncation`], which asks for ten losses where none was seen. A learner would take the time
/// at which they joined, or how long they stayed, for a sure sign of leaving.
fn missed_survivors(runs: &[Vec<Run>], until: i64) -> Option<i64> {
    let stayed = |r: &Vec<Run>| r.iter().any(|run| run.to > until);
    let first = runs.iter().filter(|r| stayed(r)).filter_map(|r| joined_at(r)).min()?;
    let ends = || runs.iter().flatten().filter(|r| r.counted && r.to <= until).map(|r| r.to);
    let seen = ends().min()?;
    let days = |from: i64, to: i64| (to - from).max(0) as f64 / DAY as f64;
    let spent: f64 = runs.iter().flatten().map(|r| days(r.from.max(seen), r.to.min(until))).sum();
    let rate = ends().count() as f64 / spent;
    let early = runs.iter().filter_map(|r| joined_at(r)).filter(|&joined| joined < first);
    let chance: f64 = early.map(|joined| (-(-rate * days(joined.max(seen), until)).exp()).ln_1p()).sum();
    (chance <= -10.0).then_some(first)
}

fn tell(
    list: &mut Vec<crate::validate::Finding>,
    events: &Events<'_>,
    definition: &ChurnDefinition,
    until: i64,
    (truncated, missed): (Option<i64>, Option<(usize, i64)>),
    (immature, early, taken): (usize, usize, usize),
    tally: &Tally,
) {
    let offset = events.settings.offset();
    let day = |micros: i64| date_from_days(AsOf { micros, offset }.days()).map_or(String::new(), |d| d.to_string());
    let mut notes = Notes { kind: TableKind::Customers, n_rows: events.customers.len(), list };
    let mut whole = |code: &str, severity: Severity, message: String, suggestion: &str| {
        notes.whole(Layer::MlReadiness, Text { code, severity, message, suggestion });
    };
    whole(
        "observed_until",
        Severity::Info,
        format!("the data is taken to end before {}; churned means {}", day(until), definition.describe()),
        "say observed_until, if the data goes further or less far",
    );
    if immature > 0 {
        whole(
            "immature_snapshots",
            Severity::Info,
            format!("{immature} of {taken} snapshot days were left out, because their window reaches beyond the data"),
            "nothing to do; they can be labelled later",
        );
    }
    if let Some(first) = truncated {
        whole(
            "left_truncation",
            Severity::Warning,
            format!(
                "nobody left before {}, though many could have: who did is not in the export; {early} of {taken} snapshot days before it were left out",
                day(first)
            ),
            "export the customers who left as well, or start behind that day",
        );
    }
    if let Some((n, first)) = missed {
        whole(
            "survivors_missing",
            Severity::Warning,
            format!(
                "all {n} customers who joined before {} have left: who joined then and stayed is not in the export; they were left out",
                day(first)
            ),
            "export the customers of that time who stayed as well",
        );
    }
    let mut some = |n: usize, code: &str, message: &str, suggestion: &str| {
        let text = Text { code, severity: Severity::Info, message: message.to_owned(), suggestion };
        notes.rows(Rows { n, examples: Vec::new() }, Layer::MlReadiness, None, text);
    };
    some(tally.in_gap, "left_in_gap", "were left out, because the customer left within the gap", "nothing to do");
    some(
        tally.other_kind,
        "other_kind_of_churn",
        "were left out, because the customer left in the other way",
        "nothing to do",
    );
    some(
        tally.ignored,
        "same_month_ignored",
        "were left out, because the customer joined and left in one month",
        "nothing to do",
    );
}
