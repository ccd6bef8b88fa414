//! Features of the caller's own: declared, not programmed, so that every language has them under the same time rules.

use super::stats::Mean;
use super::store::{Extra, NO_CODE, View};
use super::time::AsOf;
use super::{payments, subscriptions, tickets};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{self, TableKind};
use serde::{Deserialize, Serialize};

/// What is made of the rows that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Number of rows.
    Count,
    /// Sum of the column; 0 without rows.
    Sum,
    /// Mean of the column.
    Mean,
    /// Smallest value of the column.
    Min,
    /// Largest value of the column.
    Max,
    /// Value of the column in the last row that has one.
    Last,
    /// Number of different values of the column.
    Distinct,
    /// Days from the last row to `as_of`.
    DaysSinceLast,
    /// Rows that pass the filter / all rows of the window.
    Share,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal; text without regard to case.
    Eq,
    /// Neither equal nor missing.
    Ne,
    /// Less than.
    Lt,
    /// At most.
    Le,
    /// Greater than.
    Gt,
    /// At least.
    Ge,
    /// One of a list.
    In,
    /// Missing.
    IsMissing,
    /// Not missing.
    IsPresent,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of numbers or texts.
    List(Vec<Literal>),
}

/// One condition on a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Column: canonical field, or the source's own header.
    pub column: String,
    /// Comparison.
    pub op: Comparison,
    /// What it is compared with; none for `is_missing` and `is_present`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Literal>,
}

/// How the groups of a feature become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduce {
    /// The largest.
    #[default]
    Max,
    /// The smallest.
    Min,
    /// Their mean.
    Mean,
}

/// One feature of the caller's own: `aggregate` of `column` over the rows of `table` in the last `window_days` that pass
/// every condition of `filter`; with `group`, within each value of that column, and then `reduce`d.
///
/// The rows are those that were known before `as_of`. Columns that tell how a row ended (the status of a ticket or a
/// payment, the satisfaction, the reason of cancelling) are missing until it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomFeature {
    /// Name of the new column.
    pub name: String,
    /// Table of events.
    pub table: TableKind,
    /// What is made of the rows.
    pub aggregate: Aggregate,
    /// Column: canonical field, or the source's own header; none for `count`, `days_since_last` and `share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Conditions, all of which a row must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<Condition>,
    /// Length of the window in days, `[as_of - window, as_of)`; all history where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<u32>,
    /// Column to group by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How the groups become one number.
    #[serde(default)]
    pub reduce: Reduce,
}

impl CustomFeature {
    /// Fails where the feature cannot be made of any table.
    ///
    /// # Errors
    /// `invalid_argument`, naming the feature.
    pub(super) fn check(&self) -> Result<()> {
        let free = schema::field(&self.name).is_none() && schema::event_feature(&self.name).is_none();
        if self.name.trim().is_empty() || !free {
            return Err(self.wrong("its name is empty or taken by a field or a feature"));
        }
        if self.table == TableKind::Customers {
            return Err(self.wrong("its table must be one of events"));
        }
        let needs = !matches!(self.aggregate, Aggregate::Count | Aggregate::DaysSinceLast | Aggregate::Share);
        if needs != self.column.is_some() {
            return Err(self.wrong(if needs {
                "its aggregate needs a column"
            } else {
                "its aggregate takes no column"
            }));
        }
        if self.window_days == Some(0) {
            return Err(self.wrong("its window has no days"));
        }
        if self.aggregate == Aggregate::Share && self.filter.is_empty() {
            return Err(self.wrong("a share needs a filter"));
        }
        for condition in &self.filter {
            let alone = matches!(condition.op, Comparison::IsMissing | Comparison::IsPresent);
            let fits = match (&condition.value, condition.op) {
                (None, _) => alone,
                (Some(Literal::List(list)), Comparison::In) => !list.iter().any(|l| matches!(l, Literal::List(_))),
                (Some(Literal::List(_)), _) | (Some(_), Comparison::In) => false,
                (Some(Literal::Number(_)), _) => !alone,
                (Some(_), op) => matches!(op, Comparison::Eq | Comparison::Ne),
            };
            if !fits {
                return Err(
                    self.wrong(&format!("the condition on '{}' compares what cannot be compared", condition.column))
                );
            }
        }
        Ok(())
    }

    /// The columns it reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let filters = self.filter.iter().map(|c| c.column.as_str());
        self.column.as_deref().into_iter().chain(self.group.as_deref()).chain(filters)
    }

    fn wrong(&self, message: &str) -> Error {
        Error::new(ErrorKind::InvalidArgument, format!("the custom feature '{}' cannot be made: {message}", self.name))
            .with("argument", "custom")
            .with("feature", &self.name)
            .hint("see docs/events.md for what can be declared")
    }

    /// The feature of one customer.
    pub(super) fn value<'a>(&self, view: View<'a>, as_of: AsOf) -> f64 {
        let extra = |name: &str| view.table.columns.extras.iter().find(|e| e.name == name);
        let from = self.window_days.map_or(i64::MIN, |days| as_of.back(i64::from(days)));
        let cell = |column: Option<&'a Extra>, row: usize| column.map_or(Cell::Missing, |e| cell(&view, e, row));
        let filters: Vec<(&Condition, Option<&'a Extra>)> = self.filter.iter().map(|c| (c, extra(&c.column))).collect();
        let passes = |row: usize| filters.iter().all(|(c, e)| c.holds(&cell(*e, row)));
        let column = self.column.as_deref().and_then(extra);
        let mut all = 0usize;
        let mut rows: Vec<usize> = Vec::new();
        for row in view.rows_from(from) {
            all += 1;
            if passes(row) {
                rows.push(row);
            }
        }
        if self.aggregate == Aggregate::Share {
            return super::stats::share(rows.len() as f64, all as f64);
        }
        let Some(group) = &self.group else { return self.aggregate(&rows, |row| cell(column, row), &view, as_of) };
        let group = extra(group);
        let mut keyed: Vec<(Key, usize)> =
            rows.into_iter().filter_map(|row| Some((cell(group, row).key()?, row))).collect();
        keyed.sort_unstable();
        let mut values = Vec::new();
        for part in keyed.chunk_by(|a, b| a.0 == b.0) {
            let rows: Vec<usize> = part.iter().map(|p| p.1).collect();
            values.push(self.aggregate(&rows, |row| cell(column, row), &view, as_of));
        }
        values.retain(|v| !v.is_nan());
        let n = values.len() as f64;
        match self.reduce {
            Reduce::Mean => values.iter().sum::<f64>() / n,
            Reduce::Max => values.into_iter().reduce(f64::max).unwrap_or(f64::NAN),
            Reduce::Min => values.into_iter().reduce(f64::min).unwrap_or(f64::NAN),
        }
    }

    fn aggregate<'a>(&self, rows: &[usize], cell: impl Fn(usize) -> Cell<'a>, view: &View<'_>, as_of: AsOf) -> f64 {
        let numbers = || rows.iter().map(|&row| cell(row).number()).filter(|n| !n.is_nan());
        match self.aggregate {
            Aggregate::Count => rows.len() as f64,
            Aggregate::Sum => numbers().sum::<f64>() + 0.0,
            Aggregate::Mean => {
                let mut mean = Mean::default();
                numbers().for_each(|n| mean.add(n));
                mean.mean()
            }
            Aggregate::Min => numbers().reduce(f64::min).unwrap_or(f64::NAN),
            Aggregate::Max => numbers().reduce(f64::max).unwrap_or(f64::NAN),
            Aggregate::Last => numbers().last().unwrap_or(f64::NAN),
            Aggregate::Distinct => {
                let mut keys: Vec<Key> = rows.iter().filter_map(|&row| cell(row).key()).collect();
                super::stats::distinct(&mut keys)
            }
            Aggregate::DaysSinceLast => rows.last().map_or(f64::NAN, |&row| as_of.days_since(view.time(row))),
            Aggregate::Share => f64::NAN,
        }
    }
}

/// What two equal cells share.
type Key = (bool, u64);

/// One cell as it was known.
enum Cell<'a> {
    Missing,
    Number(f64),
    Text(&'a str, u32),
}

impl Cell<'_> {
    fn number(&self) -> f64 {
        if let Cell::Number(n) = self { *n } else { f64::NAN }
    }

    fn key(&self) -> Option<Key> {
        match self {
            Cell::Missing => None,
            // 0 and -0 are one value.
            Cell::Number(n) => Some((false, (n + 0.0).to_bits())),
            Cell::Text(_, code) => Some((true, u64::from(*code))),
        }
    }
}

/// Whether it was known how the row ended.
fn settled(view: &View<'_>, row: usize) -> bool {
    match view.table.kind {
        TableKind::Tickets => view.instant(tickets::RESOLVED, row).is_some(),
        TableKind::Subscriptions => view.instant(subscriptions::ENDED, row).is_some(),
        TableKind::Payments => {
            let failed = view.flag(payments::FAILED, row) && payments::attempt(view, row).is_some();
            failed || view.instant(payments::PAID, row).is_some()
        }
        _ => true,
    }
}

fn cell<'a>(view: &View<'a>, extra: &'a Extra, row: usize) -> Cell<'a> {
    let known = match extra.name.as_str() {
        "refunded_amount" => view.instant(payments::REFUNDED_AT, row).is_some(),
        _ => !extra.settled || settled(view, row),
    };
    if !known {
        return Cell::Missing;
    }
    if let Some(&code) = extra.codes.get(row) {
        let level = if code == NO_CODE { None } else { extra.levels.get(code as usize) };
        return level.map_or(Cell::Missing, |l| Cell::Text(l, code));
    }
    extra.numbers.get(row).filter(|n| !n.is_nan()).map_or(Cell::Missing, |&n| Cell::Number(n))
}

impl Literal {
    fn equals(&self, cell: &Cell<'_>) -> bool {
        match (self, cell) {
            (Literal::Number(a), Cell::Number(b)) => a == b,
            (Literal::Boolean(a), Cell::Number(b)) => f64::from(u8::from(*a)) == *b,
            (Literal::Text(a), Cell::Text(b, _)) => a.to_lowercase() == b.to_lowercase(),
            (Literal::List(list), cell) => list.iter().any(|l| l.equals(cell)),
            _ => false,
        }
    }
}

impl Condition {
    fn holds(&self, cell: &Cell<'_>) -> bool {
        let missing = matches!(cell, Cell::Missing);
        let compare = |of: fn(&f64, &f64) -> bool| match (&self.value, cell) {
            (Some(Literal::Number(limit)), Cell::Number(n)) => of(n, limit),
            _ => false,
        };
        match self.op {
            Comparison::IsMissing => missing,
            Comparison::IsPresent => !missing,
            Comparison::Eq | Comparison::In => self.value.as_ref().is_some_and(|v| v.equals(cell)),
            Comparison::Ne => !missing && self.value.as_ref().is_some_and(|v| !v.equals(cell)),
            Comparison::Lt => compare(f64::lt),
            Comparison::Le => compare(f64::le),
            Comparison::Gt => compare(f64::gt),
            Comparison::Ge => compare(f64::ge),
        }
    }
}
