//! Features of customers as of an instant.

use super::load::{Customers, EventSource, load};
use super::notes::{Notes, Text};
use super::settings::EventSettings;
use super::store::EventTable;
use super::time::AsOf;
use super::{ChurnDefinition, interactions, payments, subscriptions, tickets, usage};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{self, EventFeature, TableKind};
use crate::table::{Column, ColumnData, Places, RawColumn, RawTable, Source, Table, columns_at_once};
use crate::validate::{Finding, Layer, Severity};
use arrow_array::{Date32Array, Float64Array};
use arrow_buffer::NullBuffer;
use rayon::prelude::*;

/// Rows that are counted before their values move to the columns.
const BLOCK: usize = 65_536;

/// Customers with their features, and what was found on the way.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    /// `customer_id`, `snapshot_date`, the columns of the customer table that may be used, the event features, the custom
    /// features, and, for training, `churned`.
    pub table: Table,
    /// What is worth telling about the tables of events.
    pub findings: Vec<Finding>,
    /// How the features were made.
    pub settings: EventSettings,
    /// What `churned` means, for training.
    pub definition: Option<ChurnDefinition>,
}

impl FeatureTable {
    /// The table as one to be scored or trained on; its columns say what they mean.
    pub fn to_raw(&self) -> RawTable {
        let columns = self.table.columns();
        let stated = columns.iter().map(|c| (c.name.clone(), c.canonical.then(|| c.name.clone()))).collect();
        let raw = columns.iter().map(|c| RawColumn { name: c.name.clone(), data: c.data.clone() }).collect();
        let source = Source { format: "features".to_owned(), ..Source::default() };
        let (n, places) = (self.table.n_rows(), self.table.places().clone());
        RawTable::new(raw, n, places, source, Vec::new()).with_stated(stated)
    }
}

/// All tables of events, loaded.
pub(super) struct Events<'a> {
    pub customers: Customers,
    pub tables: Vec<EventTable>,
    pub settings: &'a EventSettings,
    pub findings: Vec<Finding>,
    terms: Vec<Option<subscriptions::Term>>,
}

impl<'a> Events<'a> {
    /// Reads and sorts the tables.
    ///
    /// # Errors
    /// `field_unmapped`, `invalid_argument` for a kind that is given twice and for custom features that cannot be made.
    pub fn load(customers: &Table, sources: &[EventSource<'_>], settings: &'a EventSettings) -> Result<Events<'a>> {
        let customers = Customers::new(customers)?;
        let mut findings = Vec::new();
        let mut tables = Vec::new();
        for kind in TableKind::ALL {
            let mut of_kind = sources.iter().filter(|s| s.kind == kind);
            let Some(source) = of_kind.next() else { continue };
            if of_kind.next().is_some() {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("two tables of {} are given", kind.name()))
                    .with("argument", kind.name())
                    .hint("put them into one table"));
            }
            tables.push(load(*source, &customers, settings, &mut findings)?);
        }
        let subscriptions = tables.iter().find(|t| t.kind == TableKind::Subscriptions);
        let levels = subscriptions.map_or(&[][..], |t| &t.levels[subscriptions::BILLING]);
        let terms = levels.iter().map(|level| subscriptions::term(level)).collect();
        Ok(Events { customers, tables, settings, findings, terms })
    }

    /// The table of a kind.
    pub fn table(&self, kind: TableKind) -> Option<&EventTable> {
        self.tables.iter().find(|t| t.kind == kind)
    }

    /// All features of one customer, in the order of the catalog and then of the custom ones.
    fn row(&self, customer: usize, as_of: AsOf, out: &mut Vec<f64>) {
        let view = |kind| self.table(kind).map(|t| t.view(customer, as_of));
        let mut last = Vec::new();
        let running = view(TableKind::Subscriptions);
        let seats = running.map_or(f64::NAN, |v| subscriptions::features(v, as_of, &self.terms, &mut last));
        if let Some(v) = view(TableKind::Tickets) {
            tickets::features(v, as_of, self.settings, out);
        }
        if let Some(v) = view(TableKind::Payments) {
            payments::features(v, as_of, out);
        }
        if let Some(v) = view(TableKind::Usage) {
            usage::features(v, as_of, self.settings, seats, out);
        }
        if let Some(v) = view(TableKind::Interactions) {
            interactions::features(v, as_of, out);
        }
        out.append(&mut last);
        for feature in &self.settings.custom {
            out.extend(view(feature.table).map(|v| feature.value(v, as_of)));
        }
    }

    /// Whether the tables hold what a feature needs.
    fn can(&self, feature: &EventFeature, need: &str) -> bool {
        match need.split_once('.') {
            Some((kind, column)) => self.tables.iter().any(|t| t.kind.name() == kind && t.has(column)),
            None if need == "key_events" => !self.settings.key_events.is_empty(),
            None => self.table(feature.table).is_some_and(|t| t.has(need)),
        }
    }

    /// The features of these customers at these instants, one column each. With `all`, features whose columns the tables
    /// lack are made as well (they say that nothing happened); else they are left out, and told.
    pub fn columns(&mut self, rows: &[(u32, AsOf)], all: bool) -> Vec<Column> {
        let catalog: Vec<&EventFeature> =
            schema::event_features().iter().filter(|f| self.table(f.table).is_some()).collect();
        let mut left_out: Vec<(TableKind, &str, &str)> = Vec::new();
        let used: Vec<bool> = catalog
            .iter()
            .map(|f| {
                let lacking = f.needs.iter().find(|need| !self.can(f, need));
                if let Some(need) = lacking
                    && !all
                {
                    left_out.push((f.table, f.name.as_str(), need.as_str()));
                }
                all || lacking.is_none()
            })
            .collect();
        self.tell_left_out(&left_out);
        let custom: Vec<&str> =
            self.settings.custom.iter().filter(|f| self.table(f.table).is_some()).map(|f| f.name.as_str()).collect();
        let width = catalog.len() + custom.len();
        let keep: Vec<usize> = (0..width).filter(|&j| used.get(j).copied().unwrap_or(true)).collect();
        let mut values: Vec<Vec<f64>> = keep.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for block in rows.chunks(BLOCK) {
            let parts: Vec<Vec<f64>> = block
                .par_chunks(512)
                .map(|part| {
                    let mut out = Vec::with_capacity(part.len() * width);
                    for &(customer, as_of) in part {
                        self.row(customer as usize, as_of, &mut out);
                    }
                    debug_assert_eq!(out.len(), part.len() * width, "the code and the catalog have one order");
                    out
                })
                .collect();
            values.par_iter_mut().zip(&keep).with_min_len(columns_at_once(block.len())).for_each(|(column, &j)| {
                for part in &parts {
                    column.extend(part.iter().skip(j).step_by(width));
                }
            });
        }
        keep.iter()
            .zip(values)
            .map(|(&j, values)| {
                let feature = catalog.get(j);
                let name = feature.map_or_else(|| custom[j - catalog.len()], |f| f.name.as_str());
                let data = match feature.filter(|f| f.category) {
                    Some(feature) => self.category(feature, &values),
                    None => numbers(values),
                };
                Column { name: name.to_owned(), canonical: false, source: name.to_owned(), data }
            })
            .collect()
    }

    /// Codes as the words they stand for.
    fn category(&self, feature: &EventFeature, codes: &[f64]) -> ColumnData {
        let table = self.table(TableKind::Subscriptions);
        let levels: Vec<&str> = match (feature.name.as_str(), table) {
            ("subscriptions_plan", Some(t)) => t.levels[subscriptions::PLAN].iter().map(String::as_str).collect(),
            ("subscriptions_billing_interval", Some(t)) => {
                t.levels[subscriptions::BILLING].iter().map(String::as_str).collect()
            }
            _ => subscriptions::MOVEMENTS.to_vec(),
        };
        ColumnData::text(codes.iter().map(|&c| if c.is_nan() { None } else { levels.get(c as usize).copied() }))
    }

    fn tell_left_out(&mut self, left_out: &[(TableKind, &str, &str)]) {
        for kind in TableKind::ALL {
            let of_kind: Vec<_> = left_out.iter().filter(|l| l.0 == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let mut needs: Vec<&str> = of_kind.iter().map(|l| l.2).collect();
            needs.sort_unstable();
            needs.dedup();
            let names: Vec<&str> = of_kind.iter().map(|l| l.1).collect();
            let text = Text {
                code: "features_left_out",
                severity: Severity::Info,
                message: format!("{} left out for want of {}", names.join(", "), needs.join(", ")),
                suggestion: "give these columns, or map them by hand, if there are any",
            };
            Notes { kind, n_rows: 0, list: &mut self.findings }.whole(Layer::Schema, text);
        }
        let absent = TableKind::ALL.into_iter().skip(1).filter(|&k| self.table(k).is_none());
        for kind in absent.collect::<Vec<_>>() {
            let n = schema::event_features().iter().filter(|f| f.table == kind).count();
            let text = Text {
                code: "table_missing",
                severity: Severity::Info,
                message: format!("no such table was given; its {n} features are left out"),
                suggestion: "give the table, if there is one",
            };
            Notes { kind, n_rows: 0, list: &mut self.findings }.whole(Layer::Schema, text);
        }
    }
}

/// Numbers with NaN as missing, without a copy.
fn numbers(values: Vec<f64>) -> ColumnData {
    let nulls = NullBuffer::from_iter(values.iter().map(|v| !v.is_nan()));
    let nulls = Some(nulls).filter(|n| n.null_count() > 0);
    ColumnData::Number(Float64Array::new(values.into(), nulls))
}

/// Which columns of the customer table may be used at instants before the day that the table describes.
pub(super) struct Base {
    /// Indices of the columns.
    columns: Vec<usize>,
    /// Whether there is a row for each customer and day, so that every column may be used.
    history: bool,
}

impl Base {
    /// The columns as of `as_of` (in days), or as of any day where it is not given. `keep` lists columns that the caller
    /// says never change.
    pub fn new(events: &mut Events<'_>, table: &Table, as_of: Option<i32>, keep: &[String]) -> Base {
        let snapshot = table.column("snapshot_date");
        let history = snapshot.is_some() && events.customers.rows.iter().any(|r| r.len() > 1);
        let described = snapshot.and_then(|s| (0..table.n_rows()).filter_map(|r| s.data.days(r)).max());
        // A table that says no day describes the day that is asked for, where one is.
        let fits = history || as_of.is_some_and(|day| described.is_none_or(|d| d <= day));
        let told: Vec<&str> = match events.table(TableKind::Subscriptions) {
            Some(t) => {
                let also = [
                    ("monthly_charges", "monthly_charges"),
                    ("monthly_charges", "annual_charges"),
                    ("plan", "plan"),
                    ("billing_interval", "billing_interval"),
                ];
                also.iter().filter(|(need, _)| t.has(need)).map(|(_, field)| *field).collect()
            }
            None => Vec::new(),
        };
        let (mut columns, mut assumed, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for (i, column) in table.columns().iter().enumerate() {
            let field = if column.canonical { schema::field(&column.name) } else { None };
            if column.name == "snapshot_date" || field.is_some_and(|f| f.leak) {
                continue;
            }
            let kept = keep.contains(&column.name) || keep.contains(&column.source);
            let fixed = ["customer_id", "signup_date"].contains(&column.name.as_str());
            if fits || kept || fixed {
                columns.push(i);
            } else if field.is_some_and(|f| !f.volatile) && !told.contains(&column.name.as_str()) {
                columns.push(i);
                assumed.push(column.name.as_str());
            } else {
                dropped.push(column.name.as_str());
            }
        }
        let mut notes = Notes { kind: TableKind::Customers, n_rows: table.n_rows(), list: &mut events.findings };
        if !dropped.is_empty() {
            let text = Text {
                code: "columns_of_a_later_day",
                severity: Severity::Warning,
                message: format!(
                    "{} describe{} the day of the export, not the days before it, and {} left out",
                    dropped.join(", "),
                    if dropped.len() == 1 { "s" } else { "" },
                    if dropped.len() == 1 { "was" } else { "were" }
                ),
                suggestion: "give one row per customer and snapshot_date, give the events behind them, or list columns that never change in keep",
            };
            notes.whole(Layer::MlReadiness, text);
        }
        if !assumed.is_empty() {
            let text = Text {
                code: "assumed_unchanged",
                severity: Severity::Info,
                message: format!(
                    "{} are taken to have been on earlier days what they are in the export",
                    assumed.join(", ")
                ),
                suggestion: "give one row per customer and snapshot_date, if they change",
            };
            notes.whole(Layer::MlReadiness, text);
        }
        Base { columns, history }
    }

    /// Whether there is a row for each customer and day.
    pub fn has_history(&self) -> bool {
        self.history
    }

    /// The row of the customer table that tells of a customer on a day: the last snapshot up to it.
    pub fn row(&self, customers: &Customers, table: &Table, customer: usize, day: i32) -> Option<usize> {
        let rows = &customers.rows[customer];
        if !self.history {
            return rows.first().map(|&r| r as usize);
        }
        let snapshot = table.column("snapshot_date")?;
        let known = |r: &&u32| snapshot.data.days(**r as usize).is_none_or(|d| d <= day);
        rows.iter().rev().find(known).map(|&r| r as usize)
    }

    /// The columns, for these rows of the customer table.
    pub fn take(&self, table: &Table, rows: &[usize]) -> Vec<Column> {
        let one = |&i: &usize| {
            let column = &table.columns()[i];
            Column { data: column.data.take(rows), ..column.clone() }
        };
        self.columns.par_iter().with_min_len(columns_at_once(rows.len())).map(one).collect()
    }
}

/// A column of days.
pub(super) fn dates(name: &str, days: impl Iterator<Item = i32>) -> Column {
    let data = ColumnData::Date(days.map(Some).collect::<Date32Array>());
    Column { name: name.to_owned(), canonical: true, source: name.to_owned(), data }
}

/// The features of every customer of a typed customer table as of an instant, in the order of the customers' first rows.
///
/// Columns of the customer table stay, but for those that exist only because a customer left. With several rows a customer
/// (by `snapshot_date`), the last one up to `as_of` counts; customers without one are left out. With `all`, features whose
/// columns the tables of events lack are made as well: for one customer live, where a field that is missing in all of his
/// few rows tells nothing about the table.
///
/// # Errors
/// `field_unmapped` for a table without a customer id or a time; `invalid_argument`.
pub fn features(
    customers: &Table,
    sources: &[EventSource<'_>],
    as_of: AsOf,
    settings: &EventSettings,
    all: bool,
) -> Result<FeatureTable> {
    let mut events = Events::load(customers, sources, settings)?;
    let base = Base::new(&mut events, customers, Some(as_of.days()), &[]);
    let mut rows: Vec<(u32, AsOf)> = Vec::with_capacity(events.customers.len());
    let mut base_rows = Vec::with_capacity(events.customers.len());
    let mut repeated = 0;
    for c in 0..events.customers.len() {
        repeated += usize::from(!base.history) * (events.customers.rows[c].len() - 1);
        if let Some(row) = base.row(&events.customers, customers, c, as_of.days()) {
            rows.push((c as u32, as_of));
            base_rows.push(row);
        }
    }
    tell_customers(&mut events, customers, repeated, rows.len());
    let mut columns = base.take(customers, &base_rows);
    columns.push(dates("snapshot_date", rows.iter().map(|_| as_of.days())));
    columns.extend(events.columns(&rows, all));
    let places = Places::Lines(base_rows.iter().map(|&r| customers.row_number(r)).collect());
    let table = Table::new(columns, rows.len(), places);
    Ok(FeatureTable { table, findings: events.findings, settings: settings.clone(), definition: None })
}

/// Findings about the customer table itself.
pub(super) fn tell_customers(events: &mut Events<'_>, table: &Table, repeated: usize, used: usize) {
    let missing = table.n_rows() - events.customers.rows.iter().map(Vec::len).sum::<usize>();
    let absent = events.customers.len() - used.min(events.customers.len());
    let mut notes = Notes { kind: TableKind::Customers, n_rows: table.n_rows(), list: &mut events.findings };
    let mut tell = |n: usize, code: &str, message: &str, suggestion: &str| {
        let rows = super::notes::Rows { n, examples: Vec::new() };
        let text = Text { code, severity: Severity::Warning, message: message.to_owned(), suggestion };
        notes.rows(rows, Layer::BusinessRules, Some("customer_id"), text);
    };
    tell(missing, "missing_customer_id", "have no customer id and were left out", "give every customer an id");
    tell(
        repeated,
        "duplicate_customer_id",
        "repeat a customer; the first row counts",
        "write each customer once, or give snapshot dates",
    );
    tell(
        absent,
        "customer_not_known_yet",
        "belong to customers whose first snapshot lies behind as_of; they are left out",
        "ask for a later day",
    );
}
