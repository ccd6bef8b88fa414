//! How the rows of a training table hang together: weights, groups, time, and the splits that follow from them.

use super::train::TrainOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::table::{Column, Table};
use crate::train::split;
use std::collections::BTreeMap;

/// Stretches of time that rows are cut into.
const STRETCHES: usize = 4;

/// What is known about the rows beside features and label.
pub(super) struct Design {
    /// Weight by row.
    pub weights: Option<Vec<f64>>,
    /// Number of its group by row.
    pub groups: Option<Vec<usize>>,
    /// Day by row.
    days: Option<Vec<i32>>,
    /// Columns that are no features because they are this.
    pub exclude: Vec<String>,
}

impl Design {
    /// # Errors
    /// `invalid_argument` for a column that is not there or that cannot be what it is named as.
    pub(super) fn new(table: &Table, options: &TrainOptions<'_>) -> Result<Design> {
        let weights = named(table, options.weights.as_deref(), "weights")?;
        let group = named(table, options.group.as_deref(), "group")?;
        let time = named(table, options.time.as_deref(), "time")?;
        let exclude = [weights, group].into_iter().flatten().map(|c| c.name.clone()).collect();
        let weights = weights.map(read_weights).transpose()?;
        let groups = match group {
            Some(column) => Some(read_groups(column)),
            // An id that never repeats groups nothing.
            None => table.column("customer_id").map(read_groups).filter(|g| repeats(g)),
        };
        let days = match time {
            Some(column) => Some(read_days(column)?),
            None => table.column("snapshot_date").and_then(|c| read_days(c).ok()).filter(|days| {
                let mut distinct = days.clone();
                distinct.sort_unstable();
                distinct.dedup();
                distinct.len() > 2
            }),
        };
        Ok(Design { weights, groups, days, exclude })
    }

    /// Whether the rows have days.
    pub(super) fn dated(&self) -> bool {
        self.days.is_some()
    }

    /// Training and test rows to measure on, none for the learner's own folds, and what they are in words.
    ///
    /// # Errors
    /// `invalid_argument` for folds that do not fit the rows.
    pub(super) fn splits(&self, options: &TrainOptions<'_>, labels: &[bool]) -> Result<(Vec<split::Pair>, String)> {
        let by = if self.groups.is_some() { ", no customer on both sides" } else { "" };
        if let Some(folds) = &options.folds {
            if !folds_fit(folds, labels.len()) {
                let message = format!("folds do not fit the {} labelled rows", labels.len());
                return Err(Error::new(ErrorKind::InvalidArgument, message)
                    .with("argument", "folds")
                    .hint("give one fold number a labelled row for each repeat"));
            }
            let k = folds[0].iter().max().map_or(0, |m| m + 1);
            let told = format!(
                "{} x stratified {k}-fold cross-validation; the whole pipeline is fitted anew on each fold's training rows.",
                folds.len()
            );
            return Ok((split::pairs(folds), told));
        }
        if let Some(days) = &self.days {
            let mut splits = split::forward(days, self.groups.as_deref(), STRETCHES);
            splits.retain(|(train, test)| {
                let of = |rows: &[usize]| rows.iter().map(|&r| labels[r]).collect::<Vec<_>>();
                let both = |y: &[bool]| y.contains(&true) && y.contains(&false);
                crate::train::check_enough(&of(train)).is_ok() && both(&of(test))
            });
            if !splits.is_empty() {
                let told = format!(
                    "Later days predicted from earlier ones, {} times{by}; the whole pipeline is fitted anew each time.",
                    splits.len()
                );
                return Ok((splits, told));
            }
        }
        let told = format!(
            "Cross-fitting{by}: each fold is predicted by what was learnt, chosen, mixed and calibrated on the other folds."
        );
        Ok((Vec::new(), told))
    }
}

/// The column of this name, or with this header in the source.
fn named<'a>(table: &'a Table, name: Option<&str>, argument: &'static str) -> Result<Option<&'a Column>> {
    let Some(name) = name else { return Ok(None) };
    let found = table.columns().iter().find(|c| c.source == name).or_else(|| table.column(name));
    found.map(Some).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("there is no column '{name}' to use as {argument}"))
            .with("argument", argument)
            .hint("name a column of the table that is not left out as personal data")
    })
}

fn read_weights(column: &Column) -> Result<Vec<f64>> {
    let cells: Option<Vec<f64>> = (0..column.data.len()).map(|r| column.data.number(r)).collect();
    let weights = cells.filter(|w| w.iter().all(|x| x.is_finite() && *x >= 0.0) && w.iter().any(|x| *x > 0.0));
    weights.ok_or_else(|| {
        let message = format!("column '{}' does not hold a weight of 0 or more in every row", column.source);
        Error::new(ErrorKind::InvalidArgument, message)
            .with("argument", "weights")
            .hint("fill every row with a finite number of 0 or more, not all 0")
    })
}

/// Numbers of the groups by first appearance; a row without a group is a group of its own.
fn read_groups(column: &Column) -> Vec<usize> {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    (0..column.data.len())
        .map(|row| match column.data.cell(row) {
            Some(cell) => *numbers.entry(cell.into_owned()).or_insert_with(&mut fresh),
            None => fresh(),
        })
        .collect()
}

fn repeats(groups: &[usize]) -> bool {
    groups.iter().max().is_some_and(|&m| m + 1 < groups.len())
}

fn read_days(column: &Column) -> Result<Vec<i32>> {
    let days: Option<Vec<i32>> = (0..column.data.len()).map(|r| column.data.days(r)).collect();
    days.ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("column '{}' does not hold a day in every row", column.source))
            .with("argument", "time")
            .hint("name a column of dates without gaps")
    })
}

/// Whether each repeat gives every row a fold, two folds at least, none numbered beyond the rows.
fn folds_fit(folds: &[Vec<usize>], n_rows: usize) -> bool {
    let fits = |f: &Vec<usize>| f.len() == n_rows && f.iter().all(|&k| k < n_rows) && f.iter().any(|&k| k != f[0]);
    !folds.is_empty() && folds.iter().all(fits)
}
