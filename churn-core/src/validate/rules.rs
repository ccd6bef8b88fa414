//! Business rules: evaluated as they are written in the profile, and the repairs that follow from them.

use super::codes::Code;
use super::findings::{About, EXAMPLES, Findings, counted};
use super::{Layer, Severity};
use crate::error::Result;
use crate::schema::{Comparison, Condition, Profile, Rule, Term, same_level};
use crate::table::{Column, ColumnData, Table, columns_at_once, levels};
use arrow_array::types::UInt16Type;
use arrow_array::{Array, BooleanArray, DictionaryArray};
use rayon::prelude::*;
use std::collections::HashMap;

/// Smallest relative difference that counts as one: what is left of a sum in float64.
const ROUNDING: f64 = 1e-9;

/// A value of a rule, with its column at hand.
enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Column(&'a ColumnData),
    Compute(char, Box<(Value<'a>, Value<'a>)>),
}

impl<'a> Value<'a> {
    fn new(term: &'a Term, table: &'a Table) -> Option<Value<'a>> {
        Some(match term {
            Term::Number(x) => Value::Number(*x),
            Term::Text(text) => Value::Text(text),
            Term::Column(name) => Value::Column(&table.column(name)?.data),
            Term::Compute(op, a, b) => Value::Compute(*op, Box::new((Value::new(a, table)?, Value::new(b, table)?))),
        })
    }

    /// The value as a number; dates in days, truth values 1 and 0.
    fn number(&self, row: usize) -> Option<f64> {
        match self {
            Value::Number(x) => Some(*x),
            Value::Text(_) => None,
            Value::Column(data) => data.number(row).or_else(|| data.days(row).map(f64::from)),
            Value::Compute(op, sides) => {
                let (a, b) = (sides.0.number(row)?, sides.1.number(row)?);
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
    fn equal(&self, other: &Value<'_>, row: usize) -> Option<bool> {
        match (self, other) {
            (Value::Text(x), Value::Text(y)) => Some(same_level(x, y)),
            (Value::Text(text), Value::Column(data)) | (Value::Column(data), Value::Text(text)) => match data {
                ColumnData::Boolean(_) => Some(yes(text) == Some(data.number(row)? == 1.0)),
                _ => Some(same_level(&data.cell(row)?, text)),
            },
            (Value::Text(_), _) | (_, Value::Text(_)) => None,
            (Value::Column(a), Value::Column(b)) if is_text(a) && is_text(b) => {
                Some(same_level(&a.cell(row)?, &b.cell(row)?))
            }
            _ => {
                let (x, y) = (self.number(row)?, other.number(row)?);
                Some((x - y).abs() <= ROUNDING * x.abs().max(y.abs()))
            }
        }
    }

    fn missing(&self, row: usize) -> bool {
        match self {
            Value::Column(data) => data.is_missing(row),
            Value::Text(_) => false,
            other => other.number(row).is_none(),
        }
    }
}

/// A condition of a rule, with its columns at hand.
enum Test<'a> {
    Any(Vec<Test<'a>>),
    All(Vec<Test<'a>>),
    Not(Box<Test<'a>>),
    Missing(Value<'a>),
    In(Value<'a>, Vec<Value<'a>>),
    Among(Among<'a>),
    Compare(Comparison, Value<'a>, Value<'a>),
}

impl<'a> Test<'a> {
    fn new(condition: &'a Condition, table: &'a Table) -> Option<Test<'a>> {
        let all = |parts: &'a [Condition]| parts.iter().map(|p| Test::new(p, table)).collect::<Option<Vec<_>>>();
        let value = |term| Value::new(term, table);
        Some(match condition {
            Condition::Any(parts) => Test::Any(all(parts)?),
            Condition::All(parts) => Test::All(all(parts)?),
            Condition::Not(part) => Test::Not(Box::new(Test::new(part, table)?)),
            Condition::Missing(term) => Test::Missing(value(term)?),
            Condition::In(term, list) => {
                let (value, list) = (value(term)?, list.iter().map(value).collect::<Option<Vec<_>>>()?);
                Among::of(&value, &list).map(Test::Among).unwrap_or(Test::In(value, list))
            }
            Condition::Compare(how, a, b) => {
                let (a, b) = (value(a)?, value(b)?);
                let among =
                    || Among::of(&a, std::slice::from_ref(&b)).or_else(|| Among::of(&b, std::slice::from_ref(&a)));
                match how {
                    Comparison::Equal if let Some(among) = among() => Test::Among(among),
                    Comparison::Unequal if let Some(among) = among() => Test::Not(Box::new(Test::Among(among))),
                    how => Test::Compare(*how, a, b),
                }
            }
        })
    }

    /// Whether the condition holds; `None` where a needed value is missing.
    fn holds(&self, row: usize) -> Option<bool> {
        match self {
            // What is known decides where it can: one true suffices for "or", one false for "and".
            Test::Any(parts) => decided(parts, row, true),
            Test::All(parts) => decided(parts, row, false),
            Test::Not(part) => part.holds(row).map(|h| !h),
            Test::Missing(value) => Some(value.missing(row)),
            Test::Among(among) => among.holds(row),
            Test::In(value, list) => {
                let mut known = false;
                for item in list {
                    match value.equal(item, row) {
                        Some(true) => return Some(true),
                        Some(false) => known = true,
                        None => {}
                    }
                }
                known.then_some(false)
            }
            Test::Compare(Comparison::Equal, a, b) => a.equal(b, row),
            Test::Compare(Comparison::Unequal, a, b) => a.equal(b, row).map(|e| !e),
            Test::Compare(comparison, a, b) => {
                let (x, y) = (a.number(row)?, b.number(row)?);
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
}

/// Whether a row of a column of few values has one of some texts: found out once for each value.
enum Among<'a> {
    Levels(&'a DictionaryArray<UInt16Type>, Vec<bool>),
    /// Whether false is among them, and whether true is.
    Truths(&'a BooleanArray, [bool; 2]),
}

impl<'a> Among<'a> {
    fn of(value: &Value<'a>, list: &[Value<'_>]) -> Option<Among<'a>> {
        let texts: Vec<&str> =
            list.iter().map(|v| if let Value::Text(text) = v { Some(*text) } else { None }).collect::<Option<_>>()?;
        match value {
            Value::Column(ColumnData::Category(a)) => {
                let is_among = |level: &str| texts.iter().any(|text| same_level(level.trim(), text));
                Some(Among::Levels(a, levels(a).iter().map(|level| level.is_some_and(is_among)).collect()))
            }
            Value::Column(ColumnData::Boolean(a)) => {
                let truths: Vec<Option<bool>> = texts.iter().map(|text| yes(text)).collect();
                Some(Among::Truths(a, [false, true].map(|truth| truths.contains(&Some(truth)))))
            }
            _ => None,
        }
    }

    fn holds(&self, row: usize) -> Option<bool> {
        match self {
            Among::Levels(a, held) => held.get(usize::from(a.is_valid(row).then(|| a.keys().value(row))?)).copied(),
            Among::Truths(a, held) => a.is_valid(row).then(|| held[usize::from(a.value(row))]),
        }
    }
}

/// `decisive` where any part is, the opposite where all parts are, else unknown.
fn decided(parts: &[Test<'_>], row: usize, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part.holds(row) {
            Some(held) if held == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}

/// A rule whose columns are all in the table.
struct Bound<'a> {
    rule: &'a Rule,
    columns: Vec<&'a Column>,
    when: Option<Test<'a>>,
    then: Test<'a>,
}

impl<'a> Bound<'a> {
    fn new(rule: &'a Rule, table: &'a Table) -> Option<Bound<'a>> {
        let expression = &rule.expression;
        let columns = expression.columns().into_iter().map(|n| table.column(n)).collect::<Option<_>>()?;
        let when = match &expression.when {
            Some(when) => Some(Test::new(when, table)?),
            None => None,
        };
        Some(Bound { rule, columns, when, then: Test::new(&expression.then, table)? })
    }

    /// Whether the row keeps the rule; `None` where it is not judged.
    fn kept(&self, row: usize) -> Option<bool> {
        if let Some(when) = &self.when
            && when.holds(row) != Some(true)
        {
            return None;
        }
        self.then.holds(row)
    }
}

fn is_text(data: &ColumnData) -> bool {
    matches!(data, ColumnData::Text(_) | ColumnData::Category(_))
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
pub(super) fn repair(table: Table, profile: &Profile, findings: &mut Findings) -> Result<Table> {
    let mut columns: Option<Vec<Column>> = None;
    for rule in &profile.rules {
        let Some((field, right)) = rule.determines() else { continue };
        let Some(left) = table.column(field) else { continue };
        if !matches!(left.data.like(), ColumnData::Number(_) | ColumnData::Integer(_)) {
            continue;
        }
        let needed = rule.expression.columns();
        let mut filled: Vec<(usize, f64)> = Vec::new();
        for (start, part) in table.without(|c| !needed.contains(&c.name.as_str())).parts() {
            let (Some(right), Some(left)) = (Value::new(right, &part), part.column(field)) else { continue };
            let missing = (0..part.n_rows()).filter(|&r| left.data.is_missing(r));
            filled.extend(missing.filter_map(|r| Some((start + r, right.number(r)?))));
        }
        if filled.is_empty() {
            continue;
        }
        let rows: Vec<u64> = filled.iter().map(|&(r, _)| table.row_number(r)).collect();
        let about = About::new(Code::RepairedFromRule).of(Some(field), &left.source);
        let others = rule.expression.columns().into_iter().filter(|n| *n != field);
        let sources: Vec<String> = others.filter_map(|n| table.column(n)).map(|c| format!("'{}'", c.source)).collect();
        let message = format!(
            "{} of '{}' {} filled from {}",
            counted(filled.len(), "missing value"),
            left.source,
            if filled.len() == 1 { "was" } else { "were" },
            sources.join(" and ")
        );
        let suggestion =
            format!("nothing to do; fill '{}' at the source to be sure, or validate strictly", left.source);
        findings.add(about, &rows, message, suggestion);
        let filled: HashMap<usize, f64> = filled.into_iter().collect();
        let data = left.data.map_parts(|start, part| {
            let value = |r| part.number(r).or_else(|| filled.get(&(start + r)).copied());
            ColumnData::numbers((0..part.len()).map(value))
        })?;
        let columns = columns.get_or_insert_with(|| table.columns().to_vec());
        if let Some(column) = columns.iter_mut().find(|c| c.name == field) {
            column.data = data;
        }
    }
    Ok(match columns {
        Some(columns) => Table::new(columns, table.n_rows(), table.places().clone()),
        None => table,
    })
}

/// What came of a rule.
#[derive(Default)]
struct Outcome {
    judged: usize,
    broken: usize,
    examples: Vec<u64>,
    /// Whether any row has a value in all of its columns.
    complete: bool,
}

/// Judges every rule whose columns are there; a row that breaks one is a finding.
pub(super) fn check(table: &Table, profile: &Profile, findings: &mut Findings) {
    let bound: Vec<Bound<'_>> = profile.rules.iter().filter_map(|r| Bound::new(r, table)).collect();
    let mut outcomes: Vec<Outcome> = bound.iter().map(|_| Outcome::default()).collect();
    for (start, part) in table.parts() {
        let rules = bound.par_iter().zip(&mut outcomes).with_min_len(columns_at_once(table.n_rows()));
        rules.for_each(|(b, outcome)| {
            let Some(b) = Bound::new(b.rule, &part) else { return };
            for row in 0..part.n_rows() {
                if let Some(kept) = b.kept(row) {
                    outcome.judged += 1;
                    if !kept {
                        outcome.broken += 1;
                        if outcome.examples.len() < EXAMPLES {
                            outcome.examples.push(table.row_number(start + row));
                        }
                    }
                }
            }
            let has_all = |r: usize| b.columns.iter().all(|c| !c.data.is_missing(r));
            outcome.complete |= outcome.judged == 0 && (0..part.n_rows()).any(has_all);
        });
    }
    let (mut all, mut kept) = (0usize, 0usize);
    for (bound, Outcome { judged, broken, examples, complete }) in bound.iter().zip(outcomes) {
        let rule = bound.rule;
        all += judged;
        kept += judged - broken;
        let lead = rule.determines().map(|(field, _)| field);
        let Some(&first) = bound.columns.first() else { continue };
        let column = bound.columns.iter().find(|c| Some(c.name.as_str()) == lead).map_or(first, |c| *c);
        let field = if column.canonical { Some(column.name.as_str()) } else { None };
        let with_when = bound.when.is_some();
        if judged == 0 && !with_when && complete {
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
        if broken > 0 {
            let about = About::own(&rule.code, Layer::BusinessRules, Severity::Warning).of(field, &column.source);
            let sources: Vec<String> = bound.columns.iter().map(|c| format!("'{}'", c.source)).collect();
            let message = format!("in {} {} ({})", counted(broken, "row"), rule.message, sources.join(", "));
            findings.add_count(about, broken, examples, message, rule.suggestion.clone());
        }
    }
    if all > 0 {
        findings.dimensions.consistency = Some(100.0 * kept as f64 / all as f64);
    }
}
