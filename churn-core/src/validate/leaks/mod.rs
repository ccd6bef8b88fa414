//! The leak firewall: columns that would tell a model the answer.
//!
//! A model that has seen the answer looks brilliant and is worthless, so leaks block training; the caller may let a
//! column through by name. Evidence comes from what a column says of the label (`values`), how it seems to be made
//! (`made`), what two columns say together (`pairs`), and from ids, the order of rows and copies (`order`). A header
//! alone never blocks: it lowers the bar that the values must reach (`names`).

mod made;
mod names;
mod order;
mod pairs;
mod values;
mod views;
mod wording;

use super::codes::Code;
use super::estimate::cross_predict;
use super::signal::{Labels, Signal, Strength};
use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::metrics;
use crate::read::cells;
use crate::schema::{self, FieldType};
use crate::table::{ColumnData, RawTable, Table};
use names::Tier;
pub(super) use order::ROW_ORDER;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;

/// Labelled rows that are looked at, column by column; evenly spread over the table where it has more.
const MAX_ROWS: usize = 100_000;
/// Labelled rows for what is dearer: pairs, and columns against all others.
const FEW_ROWS: usize = 4_000;
/// Bins of a number, fine enough to see a leak and coarse enough not to see chance.
const BINS: usize = 64;
/// Bins against all others together.
const COARSE_BINS: usize = 16;

/// How a leak gives itself away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LeakKind {
    /// Alone ranks the label almost perfectly.
    RanksLabel,
    /// Says the same as the label but for a few rows.
    NearCopy,
    /// Holds a value only for customers who left (or lacks one only for them).
    SetWithLabel,
    /// Its cells speak of customers who are gone.
    SaysGone,
    /// Its header says that it records the leaving, and its values go with the label.
    Name,
    /// Dates after the day the row describes, for customers who left.
    AfterEvent,
    /// Values are the label's own means within groups.
    TargetEncoded,
    /// The score of another model.
    OtherModel,
    /// Tells far more than all other columns together.
    FarAboveRest,
    /// Two columns tell the label only together.
    Pair,
    /// A part of its writing (a digit, a sign, the length, the day of a date) ranks the label.
    Writing,
    /// Words of its text stand nearly only at customers who left.
    Words,
    /// The number of empty cells in a row tells the label.
    EmptyCells,
    /// Ids were given by label.
    Id,
    /// Rows are sorted by label.
    RowOrder,
    /// Customers were copied, more often those who left.
    Copies,
}

/// One leak.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// Headers of the columns; `row order` and `empty cells` for what is no column.
    pub columns: Vec<String>,
    /// How it gives itself away.
    pub kind: LeakKind,
    /// The evidence, in words that follow the columns' names.
    pub evidence: String,
    /// Names that let it through, beside the headers.
    also: Vec<String>,
}

impl Leak {
    /// Whether the caller lets it through: by header, by canonical field, for a pair by either column.
    pub fn is_allowed(&self, allow: &[String]) -> bool {
        self.columns.iter().chain(&self.also).any(|name| allow.contains(name))
    }

    /// The columns in quotes.
    pub(super) fn quoted(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| format!("'{c}'")).collect();
        names.join(" and ")
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Leaks.
    pub leaks: Vec<Leak>,
    /// (code, column, message) of what falls short of a leak.
    pub notes: Vec<(Code, String, String)>,
}

/// Fails where a leak is not allowed.
///
/// # Errors
/// `leakage`, naming every column and the evidence.
pub fn refuse_leaks(leaks: &[Leak], allow: &[String]) -> Result<()> {
    let leaks: Vec<&Leak> = leaks.iter().filter(|l| !l.is_allowed(allow)).collect();
    if leaks.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = leaks.iter().map(|l| format!("{} {}", l.quoted(), l.evidence)).collect();
    let mut columns: Vec<&str> = leaks.iter().flat_map(|l| &l.columns).map(String::as_str).collect();
    columns.sort_unstable();
    columns.dedup();
    Err(Error::new(ErrorKind::Leakage, format!("training would cheat: {}", list.join("; ")))
        .with("columns", columns.join(","))
        .hint("leave the column out; if it is truly known before the customer leaves, list it in `allow`"))
}

/// One column as the firewall sees it.
pub(super) struct Seen<'a> {
    /// Name in the table: the canonical field, or the header.
    name: &'a str,
    /// Header.
    source: &'a str,
    data: Cow<'a, ColumnData>,
    /// Whether a model could use it as it is.
    feature: bool,
    /// Whether its field exists only because customers leave.
    leak_field: bool,
    /// Whether it identifies customers.
    id: bool,
    /// Whether it is about a person: only whether, and how, it is filled counts.
    personal: bool,
    suspicion: Option<(Tier, &'static str)>,
    signal: Signal,
    strength: Strength,
}

/// Looks for leaks in all columns but the label: those that may become features and those that may not, because a
/// column that is left out today is fed in tomorrow.
pub(super) fn find(
    raw: &RawTable,
    mapping: &Mapping,
    table: &Table,
    label_column: &str,
    all_labels: &[Option<bool>],
    as_of: Option<i32>,
) -> Found {
    let one_a_customer = one_row_a_customer(table, all_labels);
    let all_labels = one_a_customer.as_deref().unwrap_or(all_labels);
    let labels = Labels::new(all_labels, MAX_ROWS);
    let mut found = Found::default();
    if labels.n_positive < 5 || labels.n_negative() < 5 {
        return found;
    }
    let columns: Vec<Seen<'_>> =
        raw.columns().par_iter().filter_map(|c| see(c, mapping, table, label_column, &labels)).collect();
    let snapshot: Option<Vec<Option<i32>>> = match table.column("snapshot_date") {
        Some(c) => Some(labels.rows.iter().map(|&r| c.data.days(r).or(as_of)).collect()),
        None => as_of.map(|day| vec![Some(day); labels.len()]),
    };
    let judged: Vec<Option<(LeakKind, String)>> =
        columns.par_iter().map(|c| values::judge(c, &labels, snapshot.as_deref())).collect();
    let mut leaking = vec![false; columns.len()];
    for (i, (column, verdict)) in columns.iter().zip(judged).enumerate() {
        if let Some((kind, evidence)) = verdict {
            leaking[i] = true;
            found.leaks.push(column.leak(kind, evidence));
        }
    }
    let few = Labels::new(all_labels, FEW_ROWS);
    hidden(&columns, &mut leaking, &few, &mut found);
    against_the_rest(&columns, &mut leaking, all_labels, &mut found);
    order::judge(&columns, &mut leaking, (&labels, &few), raw, table, all_labels, &mut found);
    pairs::judge(&columns, &leaking, all_labels, &mut found);
    empty_cells(&columns, &labels, &mut found);
    for (column, _) in columns.iter().zip(&leaking).filter(|(_, l)| !**l) {
        if column.leak_field {
            found.notes.push((
                Code::LeakFieldLeftOut,
                column.source.to_owned(),
                format!("'{}' exists because customers leave, so no model uses it; in this table it does not go with the label", column.source),
            ));
        } else if !column.id && column.strength.auc >= 0.9 {
            found.notes.push((
                Code::StrongSingleColumn,
                column.source.to_owned(),
                format!("'{}' alone ranks the label with an AUC of {:.3}", column.source, column.strength.auc),
            ));
        }
    }
    found
}

/// The labels with one snapshot a customer, where the table has several: values that a customer keeps from day to day
/// would else seem to know his label. Which one is drawn by the id, because the first and the last are not like others.
fn one_row_a_customer(table: &Table, labels: &[Option<bool>]) -> Option<Vec<Option<bool>>> {
    table.column("snapshot_date")?;
    let ids = table.column("customer_id")?;
    let mut rows: HashMap<Cow<'_, str>, Vec<usize>> = HashMap::new();
    for row in (0..table.n_rows()).filter(|&r| labels.get(r).is_some_and(Option::is_some)) {
        rows.entry(ids.data.cell(row)?).or_default().push(row);
    }
    if rows.values().all(|r| r.len() == 1) {
        return None;
    }
    let mut kept = vec![None; labels.len()];
    for (id, rows) in &rows {
        let drawn = id.bytes().fold(7usize, |h, b| h.wrapping_mul(31).wrapping_add(usize::from(b)));
        let row = rows[(drawn ^ (drawn >> 7)) % rows.len()];
        kept[row] = labels[row];
    }
    Some(kept)
}

impl Seen<'_> {
    fn leak(&self, kind: LeakKind, evidence: String) -> Leak {
        Leak { columns: vec![self.source.to_owned()], kind, evidence, also: vec![self.name.to_owned()] }
    }
}

fn see<'a>(
    raw: &'a crate::table::RawColumn,
    mapping: &'a Mapping,
    table: &'a Table,
    label_column: &str,
    labels: &Labels,
) -> Option<Seen<'a>> {
    if raw.name == label_column {
        return None;
    }
    let typed = table.columns().iter().find(|c| c.source == raw.name);
    let matched = mapping.column(&raw.name);
    let field = matched.and_then(|m| m.field.as_deref()).and_then(schema::field);
    let (name, data, feature) = match typed {
        Some(c) => (c.name.as_str(), Cow::Borrowed(&c.data), field.is_none_or(schema::FieldSpec::usable_as_feature)),
        // Personal columns: only whether, and how, they are filled counts.
        None => (raw.name.as_str(), Cow::Owned(cells::read_as(&raw.data, FieldType::Category).values), false),
    };
    let signal = Signal::new(&data, labels, BINS);
    if signal.n_levels < 2 {
        return None;
    }
    let unique_text = signal.numbers.is_none() && signal.is_unique();
    let leak_field = field.is_some_and(|f| f.leak);
    let suspicion = match field {
        Some(f) if f.leak => {
            let tier = if f.name == "status" { Tier::Status } else { Tier::Certain };
            Some((tier, "is a field that exists because customers leave"))
        }
        // The field says what the column is; only a header that leaves no doubt says otherwise.
        Some(_) => names::suspicion(&raw.name).filter(|(tier, _)| *tier == Tier::Certain),
        // What the engine made from tables of events is known on its day, whatever its name says.
        None if schema::event_feature(&raw.name).is_some() => None,
        None => names::suspicion(&raw.name),
    };
    let strength = signal.strength(labels);
    let id = field.is_some_and(|f| f.field_type == FieldType::Id) || unique_text;
    let personal = typed.is_none();
    Some(Seen { name, source: &raw.name, data, feature, leak_field, id, personal, suspicion, signal, strength })
}

/// Columns that hide the label in their writing or in their words.
fn hidden(columns: &[Seen<'_>], leaking: &mut [bool], few: &Labels, found: &mut Found) {
    let told: Vec<Option<(LeakKind, String)>> = (0..columns.len())
        .into_par_iter()
        .map(|i| {
            let column = &columns[i];
            if leaking[i] {
                return None;
            }
            // Parts of ids are judged with the ids.
            let view = if column.id { None } else { views::strongest(column, few) };
            if let Some((what, strength)) = view.filter(|(_, s)| views::tells(s, few)) {
                let evidence = format!("hides the label in its writing: {what} ranks it (AUC {:.3})", strength.auc);
                return Some((LeakKind::Writing, evidence));
            }
            // Names and addresses of people are no text to read.
            if column.personal { None } else { wording::judge(column, few).map(|e| (LeakKind::Words, e)) }
        })
        .collect();
    for (i, verdict) in told.into_iter().enumerate() {
        if let Some((kind, evidence)) = verdict {
            leaking[i] = true;
            found.leaks.push(columns[i].leak(kind, evidence));
        }
    }
}

/// Columns that tell far more than all others together, or the same as all others together.
fn against_the_rest(columns: &[Seen<'_>], leaking: &mut [bool], all_labels: &[Option<bool>], found: &mut Found) {
    const ALONE: f64 = 0.95;
    let candidate = |c: &Seen<'_>| c.strength.auc >= ALONE || (c.strength.auc >= 0.68 && made::like_a_score(c));
    if !(0..columns.len()).any(|i| !leaking[i] && columns[i].feature && candidate(&columns[i])) {
        return;
    }
    let labels = Labels::new(all_labels, FEW_ROWS);
    let usable = |i: usize| columns[i].feature && !columns[i].id && columns[i].strength.auc < ALONE;
    let signals: Vec<Option<Signal>> = (0..columns.len())
        .into_par_iter()
        .map(|i| (!leaking[i] && usable(i)).then(|| Signal::new(&columns[i].data, &labels, COARSE_BINS)))
        .collect();
    for i in 0..columns.len() {
        let column = &columns[i];
        if leaking[i] || !column.feature || !candidate(column) {
            continue;
        }
        let mut rest: Vec<(f64, &Signal)> = (0..columns.len())
            .filter(|&j| j != i && !leaking[j])
            .filter_map(|j| Some((columns[j].strength.auc, signals[j].as_ref()?)))
            .collect();
        rest.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rest: Vec<&Signal> = rest.into_iter().take(20).map(|(_, s)| s).collect();
        if rest.is_empty() {
            continue;
        }
        let scores = cross_predict(&rest, &labels);
        let rest_auc = metrics::auc(&labels.y, &scores);
        let own = column.strength;
        let verdict = if own.auc_low() >= ALONE && rest_auc <= own.auc - 0.1 {
            let evidence =
                format!("tells far more than all other columns together (AUC {:.3} against {rest_auc:.3})", own.auc);
            Some((LeakKind::FarAboveRest, evidence))
        } else {
            made::echo_of_the_rest(column, &labels, &scores, rest_auc).map(|e| (LeakKind::OtherModel, e))
        };
        if let Some((kind, evidence)) = verdict {
            leaking[i] = true;
            found.leaks.push(column.leak(kind, evidence));
        }
    }
}

/// Whether the number of empty cells tells the label although no single column does.
fn empty_cells(columns: &[Seen<'_>], labels: &Labels, found: &mut Found) {
    if found.leaks.iter().any(|l| l.kind == LeakKind::SetWithLabel) {
        return;
    }
    let mut counts = vec![0.0; labels.len()];
    let mut optional = 0;
    for signal in columns.iter().map(|c| &c.signal) {
        if let Some(missing) = signal.missing {
            optional += 1;
            for (count, &code) in counts.iter_mut().zip(&signal.codes) {
                *count += f64::from(u8::from(code == missing));
            }
        }
    }
    if optional < 2 {
        return;
    }
    let strength = Signal::of_numbers(counts.into_iter().map(Some).collect(), BINS).strength(labels);
    if values::near_perfect(&strength) || values::near_copy(&strength, labels) {
        found.leaks.push(Leak {
            columns: vec!["empty cells".to_owned()],
            kind: LeakKind::EmptyCells,
            evidence: format!("of a row tell the label by their number alone (AUC {:.3})", strength.auc),
            also: Vec::new(),
        });
    }
}
