//! Business rules: evaluated as they are written in the profile, and the repairs that follow from them.

use super::codes::Code;
use super::findings::{About, Findings};
use super::{Layer, Severity};
use crate::schema::{Comparison, Condition, Profile, Rule, Term};
use crate::table::{Column, ColumnData, Table};
use rayon::prelude::*;
use std::collections::HashMap;

/// Smallest relative difference that counts as one: what is left of a sum in float64.
const ROUNDING: f64 = 1e-9;

/// A rule whose columns are all in the table.
struct Bound<'a> {
    rule: &'a Rule,
    columns: HashMap<&'a str, &'a Column>,
}

impl<'a> Bound<'a> {
    fn new(rule: &'a Rule, table: &'a Table) -> Option<Bound<'a>> {
        let names = rule.expression.columns();
        let columns = names.into_iter().map(|n| Some((n, table.column(n)?))).collect::<Option<_>>()?;
        Some(Bound { rule, columns })
    }

    /// The value as a number; dates in days, truth values 1 and 0.
    fn number(&self, term: &Term, row: usize) -> Option<f64> {
        match term {
            Term::Number(x) => Some(*x),
            Term::Text(_) => None,
            Term::Column(name) => {
                let data = &self.columns.get(name.as_str())?.data;
                data.number(row).or_else(|| data.days(row).map(f64::from))
            }
            Term::Compute(op, a, b) => {
                let (a, b) = (self.number(a, row)?, self.number(b, row)?);
                let value = match op {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                };
                value.is_finite().then_some(value)
            }
        }
    }

    /// Whether two values are equal: texts without regard to case and punctuation.
    fn equal(&self, a: &Term, b: &Term, row: usize) -> Option<bool> {
        let data = |term: &Term| match term {
            Term::Column(name) => self.columns.get(name.as_str()).map(|c| &c.data),
            _ => None,
        };
        match (a, b) {
            (Term::Text(x), Term::Text(y)) => Some(same_level(x, y)),
            (Term::Text(text), column) | (column, Term::Text(text)) => {
                let data = data(column)?;
                match data {
                    ColumnData::Boolean(_) => Some(yes(text) == Some(data.number(row)? == 1.0)),
                    _ => Some(same_level(&data.cell(row)?, text)),
                }
            }
            _ => {
                if let (Some(ColumnData::Text(_)), Some(ColumnData::Text(_))) = (data(a), data(b)) {
                    return Some(same_level(&data(a)?.cell(row)?, &data(b)?.cell(row)?));
                }
                let (x, y) = (self.number(a, row)?, self.number(b, row)?);
                Some((x - y).abs() <= ROUNDING * x.abs().max(y.abs()))
            }
        }
    }

    fn missing(&self, term: &Term, row: usize) -> bool {
        match term {
            Term::Column(name) => self.columns.get(name.as_str()).is_none_or(|c| c.data.is_missing(row)),
            other => self.number(other, row).is_none() && !matches!(other, Term::Text(_)),
        }
    }

    /// Whether the condition holds; `None` where a needed value is missing.
    fn holds(&self, condition: &Condition, row: usize) -> Option<bool> {
        match condition {
            // What is known decides where it can: one true suffices for "or", one false for "and".
            Condition::Any(parts) => {
                let all: Vec<Option<bool>> = parts.iter().map(|p| self.holds(p, row)).collect();
                if all.contains(&Some(true)) {
                    Some(true)
                } else {
                    all.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                }
            }
            Condition::All(parts) => {
                let all: Vec<Option<bool>> = parts.iter().map(|p| self.holds(p, row)).collect();
                if all.contains(&Some(false)) {
                    Some(false)
                } else {
                    all.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                }
            }
            Condition::Not(part) => self.holds(part, row).map(|h| !h),
            Condition::Missing(term) => Some(self.missing(term, row)),
            Condition::In(term, list) => {
                let mut known = false;
                for item in list {
                    match self.equal(term, item, row) {
                        Some(true) => return Some(true),
                        Some(false) => known = true,
                        None => {}
                    }
                }
                known.then_some(false)
            }
            Condition::Compare(Comparison::Equal, a, b) => self.equal(a, b, row),
            Condition::Compare(Comparison::Unequal, a, b) => self.equal(a, b, row).map(|e| !e),
            Condition::Compare(comparison, a, b) => {
                let (x, y) = (self.number(a, row)?, self.number(b, row)?);
                let slack = ROUNDING * x.abs().max(y.abs());
                Some(match comparison {
                    Comparison::AtMost => x <= y + slack,
                    Comparison::AtLeast => x >= y - slack,
                    Comparison::Less => x < y,
                    Comparison::More => x > y,
                    Comparison::About(tolerance) => (x - y).abs() <= tolerance * x.abs().max(y.abs()) + slack,
                    Comparison::Equal | Comparison::Unequal => return None,
                })
            }
        }
    }

    /// Whether the row keeps the rule; `None` where it is not judged.
    fn kept(&self, row: usize) -> Option<bool> {
        let expression = &self.rule.expression;
        if let Some(when) = &expression.when
            && self.holds(when, row) != Some(true)
        {
            return None;
        }
        self.holds(&expression.then, row)
    }
}

/// Letters and digits compared without regard to case, as levels are.
fn same_level(a: &str, b: &str) -> bool {
    fn key(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    a == b || key(a).eq(key(b))
}

/// A truth value as a rule may write it.
fn yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "true" | "1" | "y" => Some(true),
        "no" | "false" | "0" | "n" => Some(false),
        _ => None,
    }
}

/// Fills what an "about equal" rule determines: a blank total at tenure 0 is 0, not unknown. Listed as findings.
pub(super) fn repair(table: Table, profile: &Profile, findings: &mut Findings) -> Table {
    let mut columns: Option<Vec<Column>> = None;
    for rule in &profile.rules {
        let Some((field, right)) = rule.determines() else { continue };
        let (Some(bound), Some(left)) = (Bound::new(rule, &table), table.column(field)) else { continue };
        let filled: Vec<(usize, f64)> = (0..table.n_rows())
            .filter(|&r| left.data.is_missing(r))
            .filter_map(|r| Some((r, bound.number(right, r)?)))
            .collect();
        if filled.is_empty() || !matches!(left.data, ColumnData::Number(_) | ColumnData::Integer(_)) {
            continue;
        }
        let rows: Vec<u64> = filled.iter().map(|&(r, _)| table.row_number(r)).collect();
        let about = About::new(Code::RepairedFromRule).of(Some(field), &left.source);
        let others = bound.rule.expression.columns().into_iter().filter(|n| *n != field);
        let sources: Vec<String> = others.filter_map(|n| table.column(n)).map(|c| format!("'{}'", c.source)).collect();
        let message = format!(
            "{} missing value(s) of '{}' were filled from {}",
            filled.len(),
            left.source,
            sources.join(" and ")
        );
        let suggestion =
            format!("nothing to do; fill '{}' at the source to be sure, or validate strictly", left.source);
        findings.add(about, &rows, message, suggestion);
        let filled: HashMap<usize, f64> = filled.into_iter().collect();
        let values = (0..table.n_rows()).map(|r| left.data.number(r).or_else(|| filled.get(&r).copied()));
        let data = ColumnData::numbers(values.collect::<Vec<_>>());
        let columns = columns.get_or_insert_with(|| table.columns().to_vec());
        if let Some(column) = columns.iter_mut().find(|c| c.name == field) {
            column.data = data;
        }
    }
    match columns {
        Some(columns) => Table::new(columns, table.n_rows(), table.places().clone()),
        None => table,
    }
}

/// Judges every rule whose columns are there; a row that breaks one is a finding.
pub(super) fn check(table: &Table, profile: &Profile, findings: &mut Findings) {
    let bound: Vec<Bound<'_>> = profile.rules.iter().filter_map(|r| Bound::new(r, table)).collect();
    let outcomes: Vec<(usize, Vec<usize>)> = bound
        .par_iter()
        .map(|b| {
            let (mut judged, mut broken) = (0, Vec::new());
            for row in 0..table.n_rows() {
                if let Some(kept) = b.kept(row) {
                    judged += 1;
                    if !kept {
                        broken.push(row);
                    }
                }
            }
            (judged, broken)
        })
        .collect();
    let (mut all, mut kept) = (0usize, 0usize);
    for (bound, (judged, broken)) in bound.iter().zip(outcomes) {
        let rule = bound.rule;
        all += judged;
        kept += judged - broken.len();
        let names = rule.expression.columns();
        let lead = rule.determines().map_or(names[0], |(field, _)| field);
        let column = bound.columns[lead];
        let field = if column.canonical { Some(column.name.as_str()) } else { None };
        let with_when = rule.expression.when.is_some();
        if judged == 0
            && !with_when
            && (0..table.n_rows()).any(|r| bound.columns.values().all(|c| !c.data.is_missing(r)))
        {
            let about = About::new(Code::RuleUnchecked).of(field, &column.source);
            let message = format!("the rule '{}' compares text with numbers on this table", rule.code);
            findings.add_count(
                about,
                0,
                Vec::new(),
                message,
                format!("check how '{}' is read, or the rule", column.source),
            );
        }
        if !broken.is_empty() {
            let about = About::own(&rule.code, Layer::BusinessRules, Severity::Warning).of(field, &column.source);
            let rows: Vec<u64> = broken.iter().map(|&r| table.row_number(r)).collect();
            let sources: Vec<String> = names.iter().map(|n| format!("'{}'", bound.columns[n].source)).collect();
            let message = format!("in {} row(s) {} ({})", rows.len(), rule.message, sources.join(", "));
            findings.add(about, &rows, message, rule.suggestion.clone());
        }
    }
    if all > 0 {
        findings.dimensions.consistency = Some(100.0 * kept as f64 / all as f64);
    }
}
