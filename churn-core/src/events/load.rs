//! Mapped tables of events to sorted columns: types by meaning, customers by their id, and what is odd told.

use super::custom::CustomFeature;
use super::notes::{Notes, Rows, Text};
use super::settings::EventSettings;
use super::store::{Columns, EventTable, Extra, NO_CODE, NO_HASH};
use super::time::{DAY, NEVER};
use super::words;
use super::{interactions, payments, subscriptions, tickets, usage};
use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::read::cells;
use crate::schema::{self, FieldType, TableKind};
use crate::table::{ColumnData, FEW_ROWS, RawColumn, RawTable, Table};
use crate::validate::{Finding, Layer, Severity};
use rayon::prelude::*;
use std::collections::HashMap;

/// The customers that events may belong to, in the order of their first row.
pub(super) struct Customers {
    by_id: HashMap<String, u32>,
    by_number: HashMap<i64, u32>,
    /// Id of each customer.
    pub ids: Vec<String>,
    /// Rows of the customer table of each customer, by snapshot date.
    pub rows: Vec<Vec<u32>>,
    /// First local day as a customer, where the table tells it.
    pub signup: Vec<Option<i32>>,
}

impl Customers {
    /// The customers of a typed table.
    ///
    /// # Errors
    /// `field_unmapped` where the table has no customer id.
    pub fn new(table: &Table) -> Result<Customers> {
        let ids = table.column("customer_id").ok_or_else(|| {
            Error::new(ErrorKind::FieldUnmapped, "no column was found for: customer_id")
                .with("fields", "customer_id")
                .hint("rename the column, or say which one it is: overrides {source column: field}")
        })?;
        let mut all = Customers {
            by_id: HashMap::new(),
            by_number: HashMap::new(),
            ids: Vec::new(),
            rows: Vec::new(),
            signup: Vec::new(),
        };
        let signup = table.column("signup_date");
        for row in 0..table.n_rows() {
            let Some(id) = ids.data.cell(row) else { continue };
            let index = match all.by_id.get(id.as_ref()) {
                Some(&index) => index as usize,
                None => {
                    all.by_id.insert(id.clone().into_owned(), all.ids.len() as u32);
                    // Only a number that is written as numbers are stands for itself.
                    if let Ok(number) = id.parse::<i64>()
                        && number.to_string() == *id
                    {
                        all.by_number.insert(number, all.ids.len() as u32);
                    }
                    all.ids.push(id.into_owned());
                    all.rows.push(Vec::new());
                    all.signup.push(None);
                    all.ids.len() - 1
                }
            };
            all.rows[index].push(row as u32);
            if let Some(day) = signup.and_then(|s| s.data.days(row)) {
                all.signup[index] = Some(all.signup[index].map_or(day, |d| d.min(day)));
            }
        }
        if let Some(snapshot) = table.column("snapshot_date") {
            for rows in &mut all.rows {
                rows.sort_by_key(|&r| (snapshot.data.days(r as usize), r));
            }
        }
        Ok(all)
    }

    /// Number of customers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The customer of each cell; `NO_CODE` for nobody.
    fn find(&self, column: &ColumnData) -> Vec<u32> {
        let rows = (0..column.len()).into_par_iter().with_min_len(FEW_ROWS);
        if let ColumnData::Integer(numbers) = column {
            let (first, places) = self.places();
            let one = |number: i64| match usize::try_from(number.wrapping_sub(first)).ok().and_then(|i| places.get(i)) {
                Some(&place) => place,
                None => self.by_number.get(&number).copied().unwrap_or(NO_CODE),
            };
            return rows.map(|row| if column.is_missing(row) { NO_CODE } else { one(numbers.value(row)) }).collect();
        }
        let one = |row: usize| {
            let cell = column.cell(row)?;
            let id = cells::plain_id(&cell);
            self.by_id.get(id).or_else(|| self.by_id.get(whole(id)?)).copied()
        };
        rows.map(|row| one(row).unwrap_or(NO_CODE)).collect()
    }

    /// The customers of the numbers from the smallest id on, where ids are numbers that lie close together, as numbers that
    /// a database gave do: a place is found faster than a key.
    fn places(&self) -> (i64, Vec<u32>) {
        let first = self.by_number.keys().min().copied().unwrap_or(0);
        let last = self.by_number.keys().max().copied().unwrap_or(0);
        let close = last.checked_sub(first).and_then(|span| usize::try_from(span).ok());
        let Some(span) = close.filter(|&span| span / 4 < self.by_number.len()) else { return (0, Vec::new()) };
        let mut places = vec![NO_CODE; span + 1];
        for (&number, &customer) in &self.by_number {
            places[(number - first) as usize] = customer;
        }
        (first, places)
    }
}

/// The whole number in an id such as "17.0": a column of numbers with a gap in it passes through many programs as floats.
fn whole(id: &str) -> Option<&str> {
    id.strip_suffix(".0").filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// A table of events as it was given.
#[derive(Clone, Copy)]
pub struct EventSource<'a> {
    /// Its kind.
    pub kind: TableKind,
    /// The rows.
    pub raw: &'a RawTable,
    /// What its columns mean.
    pub mapping: &'a Mapping,
}

/// Columns that are recognised by these names beside the canonical fields, where the mapping left them alone.
const SIDE_COLUMNS: &[(&str, &[&str])] = &[
    ("known_at", &["known_at", "recorded_at", "ingested_at", "loaded_at", "inserted_at"]),
    ("refunded_at", &["refunded_at", "refunded_on", "refund_date", "refund_at"]),
    ("discount_amount", &["discount_amount", "discount"]),
    ("canceled_at", &["canceled_at", "cancelled_at", "cancellation_date", "cancel_requested_at"]),
    ("paused_at", &["paused_at", "pause_started_at", "pause_start"]),
    ("resumed_at", &["resumed_at", "pause_ended_at", "pause_end"]),
    ("escalated", &["escalated", "is_escalated", "escalation_flag"]),
    ("reopened", &["reopened", "is_reopened", "reopen_count", "reopens"]),
];

/// Reads the columns of one table.
struct Reader<'a, 'n> {
    source: EventSource<'a>,
    notes: Notes<'n>,
    present: Vec<&'static str>,
}

impl<'a> Reader<'a, '_> {
    /// The column of a canonical field, or of a side column.
    fn column(&mut self, field: &'static str) -> Option<&'a RawColumn> {
        let EventSource { kind, raw, mapping } = self.source;
        let mapped = mapping.source_of(field).and_then(|header| raw.column(header));
        let found = mapped.or_else(|| {
            let names = SIDE_COLUMNS.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, names)| names);
            let free = |c: &&RawColumn| mapping.column(&c.name).is_none_or(|m| m.field.is_none());
            // A row of anything but a ticket that tells when it was created tells when it was recorded.
            let created = field == "known_at" && kind != TableKind::Tickets;
            let named = |c: &&RawColumn| {
                let name = words::snake(&c.name);
                names.contains(&name.as_str()) || (created && name == "created_at")
            };
            raw.columns().iter().filter(free).find(named)
        });
        if found.is_some() {
            self.present.push(field);
        }
        found
    }

    fn read(&mut self, column: &RawColumn, field_type: FieldType) -> ColumnData {
        let parsed = cells::read_as(&column.data, field_type);
        let mut rows = Rows::default();
        parsed.unreadable.iter().for_each(|&r| rows.add(self.source.raw.row_number(r)));
        let text = Text {
            code: "unreadable_value",
            severity: Severity::Error,
            message: format!("of '{}' could not be read ({}) and count as missing", column.name, parsed.format),
            suggestion: "write every value alike",
        };
        self.notes.rows(rows, Layer::Types, Some(&column.name), text);
        for warning in &parsed.warnings {
            let text = Text {
                code: "ambiguous_format",
                severity: Severity::Warning,
                message: format!("'{}': {warning}", column.name),
                suggestion: "say how the column is written, or export it unambiguously",
            };
            self.notes.whole(Layer::Types, text);
        }
        parsed.values
    }

    fn instants(&mut self, field: &'static str) -> Vec<i64> {
        let Some(column) = self.column(field) else { return Vec::new() };
        match self.read(column, FieldType::Timestamp) {
            ColumnData::Timestamp(values) => values.iter().map(|v| v.unwrap_or(NEVER)).collect(),
            _ => Vec::new(),
        }
    }

    fn numbers(&mut self, field: &'static str) -> Vec<f64> {
        let Some(column) = self.column(field) else { return Vec::new() };
        let values = self.read(column, FieldType::Number);
        (0..values.len()).map(|r| values.number(r).filter(|v| v.is_finite()).unwrap_or(f64::NAN)).collect()
    }

    fn codes(&mut self, field: &'static str) -> (Vec<u32>, Vec<String>) {
        let Some(column) = self.column(field) else { return (Vec::new(), Vec::new()) };
        encode(&column.data)
    }

    fn hashes(&mut self, field: &'static str) -> Vec<u64> {
        let Some(column) = self.column(field) else { return Vec::new() };
        let data = &column.data;
        let hash = |row: usize| match data {
            ColumnData::Integer(a) if !data.is_missing(row) => hash_number(a.value(row)),
            _ => data.cell(row).map_or(NO_HASH, |cell| words::hash(cell.as_bytes())),
        };
        (0..data.len()).into_par_iter().with_min_len(FEW_ROWS).map(hash).collect()
    }

    /// One fact a row, from the words of a category.
    fn flag(&mut self, field: &'static str, bit: u8, says: impl Fn(&str) -> bool, flags: &mut Vec<u8>) {
        let (codes, levels) = self.codes(field);
        if codes.is_empty() {
            return;
        }
        flags.resize(codes.len(), 0);
        let says: Vec<bool> = levels.iter().map(|level| says(level)).collect();
        for (flag, &code) in flags.iter_mut().zip(&codes) {
            if code != NO_CODE && says[code as usize] {
                *flag |= bit;
            }
        }
    }
}

/// The hash of a number as it is written, without writing it to memory of its own.
fn hash_number(number: i64) -> u64 {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    while rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    words::hash(&digits[at..])
}

/// Levels that are compared one by one before they are looked up.
const FEW_LEVELS: usize = 8;

/// Categories as codes of their levels, in the order of the text, so that codes do not depend on the order of rows.
fn encode(column: &ColumnData) -> (Vec<u32>, Vec<String>) {
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut few: Vec<String> = Vec::with_capacity(FEW_LEVELS);
    let mut codes: Vec<u32> = Vec::with_capacity(column.len());
    for row in 0..column.len() {
        let Some(cell) = column.cell(row) else {
            codes.push(NO_CODE);
            continue;
        };
        let known = few.iter().position(|level| *level == *cell).map(|place| place as u32);
        codes.push(known.or_else(|| index.get(cell.as_ref()).copied()).unwrap_or_else(|| {
            let code = index.len() as u32;
            if few.len() < FEW_LEVELS {
                few.push(cell.clone().into_owned());
            }
            index.insert(cell.into_owned(), code);
            code
        }));
    }
    let mut levels: Vec<(String, u32)> = index.into_iter().collect();
    levels.sort_unstable();
    let mut rank = vec![NO_CODE; levels.len()];
    levels.retain(|(level, _)| !cells::is_missing_category(level));
    for (place, (_, code)) in levels.iter().enumerate() {
        rank[*code as usize] = place as u32;
    }
    codes.iter_mut().filter(|c| **c != NO_CODE).for_each(|c| *c = rank[*c as usize]);
    (codes, levels.into_iter().map(|(level, _)| level).collect())
}

/// Reads, joins and sorts one table.
///
/// # Errors
/// `field_unmapped` where it has no customer id or no time; `invalid_argument` for a custom feature of a column that it
/// does not have.
pub(super) fn load(
    source: EventSource<'_>,
    customers: &Customers,
    settings: &EventSettings,
    list: &mut Vec<Finding>,
) -> Result<EventTable> {
    let EventSource { kind, raw, .. } = source;
    let n = raw.n_rows();
    if n > NO_CODE as usize - 1 {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the table of {} has more than 4 billion rows", kind.name()),
        )
        .hint("give it in parts"));
    }
    let mut reader = Reader { source, notes: Notes { kind, n_rows: n, list }, present: Vec::new() };
    let blank = raw.columns().is_empty();
    let mut customer = match reader.column("customer_id") {
        Some(ids) => customers.find(&ids.data),
        None if blank => Vec::new(),
        None => return Err(unmapped(source, "customer_id")),
    };
    let mut columns = Columns::default();
    let mut levels: [Vec<String>; 2] = Default::default();
    match kind {
        TableKind::Tickets => {
            columns.time = reader.instants("created_at");
            columns.instants[tickets::FIRST_RESPONSE] = reader.instants("first_response_at");
            columns.instants[tickets::RESOLVED] = reader.instants("resolved_at");
            columns.numbers[tickets::CSAT] = reader.numbers("csat_score");
            (columns.codes[tickets::CATEGORY], levels[tickets::CATEGORY]) = reader.codes("category");
            let flags = &mut columns.flags;
            reader.flag("priority", tickets::HAS_PRIORITY, |_| true, flags);
            reader.flag("priority", tickets::URGENT, words::urgent, flags);
            for field in ["status", "priority", "category"] {
                reader.flag(field, tickets::ESCALATED, words::escalated, flags);
            }
            reader.flag("status", tickets::REOPENED, words::reopened, flags);
            reader.flag("escalated", tickets::ESCALATED, words::yes, flags);
            reader.flag("reopened", tickets::REOPENED, words::yes, flags);
            columns.id = reader.hashes("ticket_id");
        }
        TableKind::Payments => {
            let (due, paid) = (reader.instants("due_at"), reader.instants("paid_at"));
            reader.flag("status", payments::FAILED, words::failed, &mut columns.flags);
            let mut failed = columns.flags.clone();
            let mut unpaid = Vec::new();
            reader.flag("status", 1, words::unpaid, &mut unpaid);
            reader.flag("failure_reason", payments::FAILED, |_| true, &mut columns.flags);
            failed.resize(n, 0);
            unpaid.resize(n, 0);
            let is_failed = |r: usize| failed[r] & payments::FAILED != 0;
            // Of a failed payment the second date is that of the attempt. Without a column of payment dates, what is
            // neither failed nor open was paid when it was due.
            let paid_of = |r: usize| match (paid.get(r), due.get(r)) {
                (Some(&at), _) if !is_failed(r) => at,
                (None, Some(&at)) if !is_failed(r) && unpaid[r] == 0 => at,
                _ => NEVER,
            };
            let at = |list: &[i64], r: usize| list.get(r).copied().unwrap_or(NEVER);
            columns.time = (0..n).map(|r| at(&due, r).min(at(&paid, r))).collect();
            if due.is_empty() && paid.is_empty() {
                columns.time.clear();
            }
            columns.instants[payments::PAID] = (0..n).map(paid_of).collect();
            // What failed was attempted on its second date, and else when it was due, or paid before that: the due date of what
            // was paid early is not known by then.
            let attempt = |r: usize| match columns.flags.get(r) {
                Some(f) if f & payments::FAILED == 0 => NEVER,
                None => NEVER,
                _ if is_failed(r) && at(&paid, r) != NEVER => at(&paid, r),
                _ => columns.time.get(r).copied().unwrap_or(NEVER),
            };
            columns.instants[payments::ATTEMPT] = (0..n).map(attempt).collect();
            columns.instants[payments::DUE] = due;
            columns.instants[payments::REFUNDED_AT] = reader.instants("refunded_at");
            columns.numbers[payments::AMOUNT] = reader.numbers("amount");
            columns.numbers[payments::REFUNDED] = reader.numbers("refunded_amount");
            columns.numbers[payments::DISCOUNT] = reader.numbers("discount_amount");
            (columns.codes[payments::METHOD], levels[payments::METHOD]) = reader.codes("payment_method");
            columns.id = reader.hashes("payment_id");
        }
        TableKind::Usage => {
            columns.time = reader.instants("occurred_at");
            columns.numbers[usage::QUANTITY] = reader.numbers("quantity");
            columns.numbers[usage::MINUTES] = reader.numbers("duration_minutes");
            (columns.codes[usage::EVENT], levels[usage::EVENT]) = reader.codes("event");
            columns.hashes[usage::SESSION] = reader.hashes("session_id");
            columns.hashes[usage::USER] = reader.hashes("user_id");
        }
        TableKind::Interactions => {
            columns.time = reader.instants("occurred_at");
            columns.numbers[interactions::SENTIMENT] = sentiment(&mut reader);
            columns.numbers[interactions::MINUTES] = reader.numbers("duration_minutes");
            (columns.codes[interactions::KIND], levels[interactions::KIND]) = reader.codes("kind");
            let flags = &mut columns.flags;
            reader.flag("direction", interactions::INBOUND, words::inbound, flags);
            reader.flag("direction", interactions::OUTBOUND, words::outbound, flags);
            reader.flag("outcome", interactions::NO_SHOW, words::no_show, flags);
            reader.flag("kind", interactions::NO_SHOW, words::no_show, flags);
            columns.id = reader.hashes("interaction_id");
        }
        TableKind::Subscriptions => {
            columns.time = reader.instants("started_at");
            columns.instants[subscriptions::ENDED] = reader.instants("ended_at");
            columns.instants[subscriptions::CANCELED] = reader.instants("canceled_at");
            columns.instants[subscriptions::RENEWS] = reader.instants("renews_at");
            columns.instants[subscriptions::PAUSED_AT] = reader.instants("paused_at");
            columns.instants[subscriptions::RESUMED_AT] = reader.instants("resumed_at");
            columns.numbers[subscriptions::MRR] = reader.numbers("monthly_charges");
            columns.numbers[subscriptions::SEATS] = reader.numbers("seats");
            (columns.codes[subscriptions::PLAN], levels[subscriptions::PLAN]) = reader.codes("plan");
            (columns.codes[subscriptions::BILLING], levels[subscriptions::BILLING]) = reader.codes("billing_interval");
            reader.flag("status", subscriptions::PAUSE, words::paused, &mut columns.flags);
            reader.flag("cancel_reason", subscriptions::INVOLUNTARY, words::involuntary, &mut columns.flags);
            columns.id = reader.hashes("subscription_id");
        }
        TableKind::Customers => {
            return Err(Error::new(ErrorKind::InvalidArgument, "the customers are no table of events")
                .with("argument", "tables")
                .hint("give tickets, payments, usage, interactions or subscriptions"));
        }
    }
    if columns.time.is_empty() && !blank && (n > 0 || !has_time(&reader.present, kind)) {
        return Err(unmapped(source, time_field(kind)));
    }
    columns.recorded = reader.instants("known_at");
    columns.extras = extras(&mut reader, &settings.custom)?;
    join(&mut reader, customers, &columns, &mut customer, settings);
    let Reader { mut notes, present, .. } = reader;
    let sorted = EventTable::sort(kind, &customer, customers.len(), columns, settings.delay(kind), present, levels);
    let text = Text {
        code: "duplicate_events",
        severity: Severity::Warning,
        message: "repeat another row, its id included, and were left out".to_owned(),
        suggestion: "check the export for rows that were written twice",
    };
    notes.rows(Rows { n: sorted.duplicates, examples: Vec::new() }, Layer::BusinessRules, None, text);
    let mut table = sorted.table;
    table.blank = blank;
    if kind == TableKind::Subscriptions {
        keep_pauses(&mut table, customers.len(), &mut notes);
    }
    Ok(table)
}

/// The field that tells when a row of this kind happened.
fn time_field(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Tickets => "created_at",
        TableKind::Payments => "paid_at or due_at",
        TableKind::Subscriptions => "started_at",
        _ => "occurred_at",
    }
}

fn has_time(present: &[&str], kind: TableKind) -> bool {
    time_field(kind).split(" or ").any(|f| present.contains(&f))
}

fn unmapped(source: EventSource<'_>, fields: &str) -> Error {
    let columns: Vec<_> = source.raw.columns().iter().take(12).map(|c| format!("'{}'", c.name)).collect();
    let kind = source.kind.name();
    Error::new(
        ErrorKind::FieldUnmapped,
        format!("no column of the table of {kind} was found for: {fields}; it has {}", columns.join(", ")),
    )
    .with("fields", fields)
    .with("table", kind)
    .hint("rename the column, or say which one it is: overrides {table: {source column: field}}")
}

/// Sentiment as a number between -1 and 1.
fn sentiment(reader: &mut Reader<'_, '_>) -> Vec<f64> {
    let Some(column) = reader.column("sentiment") else { return Vec::new() };
    let (codes, levels) = encode(&column.data);
    let felt: Vec<f64> = levels.iter().map(|level| words::sentiment(level)).collect();
    codes.into_iter().map(|c| felt.get(c as usize).copied().unwrap_or(f64::NAN)).collect()
}

/// The columns that custom features of this table read.
fn extras(reader: &mut Reader<'_, '_>, custom: &[CustomFeature]) -> Result<Vec<Extra>> {
    let EventSource { kind, raw, mapping } = reader.source;
    let mut list: Vec<Extra> = Vec::new();
    for feature in custom.iter().filter(|f| f.table == kind) {
        for name in feature.columns() {
            if list.iter().any(|e| e.name == name) {
                continue;
            }
            let field = schema::fields(kind).iter().find(|f| f.name == name);
            let header = field.and_then(|f| mapping.source_of(&f.name)).unwrap_or(name);
            let Some(column) = raw.column(header) else {
                if raw.columns().is_empty() {
                    continue;
                }
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!(
                        "the custom feature '{}' reads '{name}', which the table of {} lacks",
                        feature.name,
                        kind.name()
                    ),
                )
                .with("argument", "custom")
                .with("column", name)
                .hint("name a canonical field or a column of the table"));
            };
            let field_type = field.map_or_else(|| cells::infer(&column.data), |f| f.field_type);
            let settled = match kind {
                TableKind::Tickets => ["status", "csat_score", "assignee"].contains(&name),
                TableKind::Payments => {
                    ["status", "refunded_amount", "failure_reason", "payment_method"].contains(&name)
                }
                TableKind::Subscriptions => ["status", "cancel_reason"].contains(&name),
                _ => false,
            };
            let mut extra =
                Extra { name: name.to_owned(), numbers: Vec::new(), codes: Vec::new(), levels: Vec::new(), settled };
            match field_type {
                FieldType::Number | FieldType::Boolean => {
                    let values = reader.read(column, field_type);
                    extra.numbers = (0..values.len()).map(|r| values.number(r).unwrap_or(f64::NAN)).collect();
                }
                FieldType::Date | FieldType::Timestamp => {
                    return Err(Error::new(
                        ErrorKind::InvalidArgument,
                        format!("the custom feature '{}' reads '{name}', which holds dates", feature.name),
                    )
                    .with("argument", "custom")
                    .with("column", name)
                    .hint("read a column of numbers or categories; days_since_last tells how long ago a row was"));
                }
                _ => (extra.codes, extra.levels) = encode(&column.data),
            }
            list.push(extra);
        }
    }
    Ok(list)
}

/// Leaves out rows of nobody and of no time, and tells what is odd about the others.
fn join(
    reader: &mut Reader<'_, '_>,
    customers: &Customers,
    columns: &Columns,
    customer: &mut [u32],
    settings: &EventSettings,
) {
    let raw = reader.source.raw;
    let (mut unknown, mut undated, mut early) = (Rows::default(), Rows::default(), Rows::default());
    let mut last = vec![i64::MIN; customers.len()];
    let mut unsorted = Rows::default();
    for (row, index) in customer.iter_mut().enumerate() {
        let time = columns.time[row];
        if *index == NO_CODE {
            unknown.add(raw.row_number(row));
            continue;
        }
        if time == NEVER {
            undated.add(raw.row_number(row));
            *index = NO_CODE;
            continue;
        }
        let c = *index as usize;
        if time < last[c] {
            unsorted.add(raw.row_number(row));
        }
        last[c] = last[c].max(time);
        if customers.signup[c].is_some_and(|day| time + settings.offset() < i64::from(day) * DAY) {
            early.add(raw.row_number(row));
        }
    }
    let mut tell = |rows: Rows, code: &str, severity: Severity, message: &str, suggestion: &str| {
        let text = Text { code, severity, message: message.to_owned(), suggestion };
        reader.notes.rows(rows, Layer::BusinessRules, None, text);
    };
    tell(
        unknown,
        "unknown_customer",
        Severity::Warning,
        "belong to no customer of the customer table and were left out",
        "check that both tables write customer ids alike, or add the customers",
    );
    tell(
        undated,
        "event_without_time",
        Severity::Warning,
        "have no time and were left out",
        "fill the time of every row",
    );
    tell(
        early,
        "event_before_signup",
        Severity::Warning,
        "happened before the customer's signup date; they are counted",
        "check the signup dates",
    );
    tell(
        unsorted,
        "events_unsorted",
        Severity::Info,
        "stand behind a later row of the same customer; they were sorted",
        "nothing to do",
    );
}

/// A row of status "paused" tells of a pause only where it goes on with a subscription that an earlier row told of;
/// alone it is the state of the export, and nobody knows since when.
fn keep_pauses(table: &mut EventTable, n_customers: usize, notes: &mut Notes<'_>) {
    let mut stateful = Rows::default();
    for customer in 0..n_customers {
        let rows = table.rows_of(customer);
        for row in rows.clone() {
            let flags = table.columns.flags.get(row).copied().unwrap_or(0);
            if flags & subscriptions::PAUSE == 0 {
                continue;
            }
            let id = table.columns.id.get(row).copied().unwrap_or(NO_HASH);
            let mut before = rows.start..row;
            // Only what was known by then, so that what is learnt later changes nothing.
            let goes_on =
                id != NO_HASH && before.any(|b| table.columns.id[b] == id && table.known(b) <= table.known(row));
            if !goes_on {
                table.columns.flags[row] &= !subscriptions::PAUSE;
                if !table.has("paused_at") {
                    stateful.n += 1;
                }
            }
        }
    }
    let text = Text {
        code: "pause_without_time",
        severity: Severity::Warning,
        message: "say paused, but not since when; they count as running".to_owned(),
        suggestion: "add paused_at, or write the pause as a row of its own with the same subscription_id",
    };
    notes.rows(stateful, Layer::BusinessRules, None, text);
}
