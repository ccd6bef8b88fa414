//! Tables of events: features, training sets, the leak gate, and one customer live.

use super::{Engine, Input, Record, ScoreOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{
    self, AsOf, ChurnDefinition, EventSettings, EventSource, Every, FeatureTable, PointInTime, Snapshots,
};
use crate::map::{self, MapOptions, Mapping};
use crate::read::ReadOptions;
use crate::report::Prediction;
use crate::schema::{Profile, TableKind};
use crate::table::{Column, ColumnData, Places, RawColumn, RawTable, Source, Table};
use crate::validate::{self, ValidateOptions};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The tables of events that are there; an empty list of records, or a file of a header alone, is a table in which nothing
/// happened.
#[derive(Default)]
pub struct EventData<'a> {
    /// One row a support ticket.
    pub tickets: Option<Input<'a>>,
    /// One row a payment or invoice.
    pub payments: Option<Input<'a>>,
    /// One row a use of the product.
    pub usage: Option<Input<'a>>,
    /// One row a contact with the customer.
    pub interactions: Option<Input<'a>>,
    /// One row a subscription, or a version of one.
    pub subscriptions: Option<Input<'a>>,
}

/// Source header -> canonical field, or `None` for "leave it unmapped", by table.
pub type TableOverrides = BTreeMap<TableKind, BTreeMap<String, Option<String>>>;

/// How tables of events are read; every field has a default.
#[derive(Debug, Clone, Default)]
pub struct EventOptions {
    /// Profile; recognised where not given.
    pub profile: Option<Profile>,
    /// What columns mean, where the mapper would be wrong.
    pub overrides: TableOverrides,
    /// How features are made.
    pub settings: EventSettings,
    /// How to read.
    pub read: ReadOptions,
}

/// What a training set is made of.
#[derive(Debug, Clone)]
pub struct TrainingSetOptions {
    /// What churned means.
    pub definition: ChurnDefinition,
    /// First snapshot (ISO 8601 day); the first possible one where not given.
    pub start: Option<String>,
    /// Last snapshot; the last possible one where not given.
    pub end: Option<String>,
    /// Step between snapshots: `day`, `week`, `month`, `quarter`, `year` or a number of days; a month where not given.
    pub every: Option<String>,
    /// The day before which the data ends; the day behind the last event where not given.
    pub observed_until: Option<String>,
    /// Columns of the customer table that never change.
    pub keep: Vec<String>,
}

impl TrainingSetOptions {
    /// Monthly snapshots over all of the data.
    pub fn new(definition: ChurnDefinition) -> Self {
        TrainingSetOptions { definition, start: None, end: None, every: None, observed_until: None, keep: Vec::new() }
    }
}

/// Tables that were read and mapped.
struct Loaded<'a> {
    customers: Table,
    /// Name of the profile of the customer table.
    profile: String,
    tables: Vec<(TableKind, Cow<'a, RawTable>, Mapping)>,
}

impl Loaded<'_> {
    fn sources(&self) -> Vec<EventSource<'_>> {
        self.tables.iter().map(|(kind, raw, mapping)| EventSource { kind: *kind, raw, mapping }).collect()
    }
}

impl<'a> EventData<'a> {
    fn list(&'a self) -> impl Iterator<Item = (TableKind, &'a Input<'a>)> {
        let all = [
            (TableKind::Tickets, &self.tickets),
            (TableKind::Payments, &self.payments),
            (TableKind::Usage, &self.usage),
            (TableKind::Interactions, &self.interactions),
            (TableKind::Subscriptions, &self.subscriptions),
        ];
        all.into_iter().filter_map(|(kind, input)| Some((kind, input.as_ref()?)))
    }

    /// Reads and maps the tables that are given. `owner` owns the rows of tables that name no customer.
    fn read(
        &'a self,
        options: &EventOptions,
        owner: Option<&str>,
    ) -> Result<Vec<(TableKind, Cow<'a, RawTable>, Mapping)>> {
        let one = |(kind, input): (TableKind, &'a Input<'a>)| {
            let nothing_happened = || {
                let source = Source { format: "records".to_owned(), ..Source::default() };
                Cow::Owned(RawTable::new(Vec::new(), 0, Places::Items, source, Vec::new()))
            };
            let raw = match input {
                Input::Records([]) => nothing_happened(),
                given => match given.read(&options.read) {
                    Err(error) if crate::read::is_header_alone(&error) => nothing_happened(),
                    read => read.map_err(|e| e.with("table", kind.name()))?,
                },
            };
            let map = |raw: &RawTable| {
                let overrides = options.overrides.get(&kind).cloned().unwrap_or_default();
                let profile = options.profile.clone();
                map::map_table(raw, &MapOptions { table_kind: Some(kind), profile, overrides, ..MapOptions::default() })
            };
            let mapping = map(&raw)?;
            match owner {
                Some(id) if mapping.source_of("customer_id").is_none() && !raw.columns().is_empty() => {
                    let mut columns = raw.columns().to_vec();
                    let ids = ColumnData::text((0..raw.n_rows()).map(|_| Some(id)));
                    columns.push(RawColumn { name: "customer_id".to_owned(), data: ids });
                    let (places, source) = (raw.places().clone(), raw.source().clone());
                    let owned = RawTable::new(columns, raw.n_rows(), places, source, raw.notes().to_vec());
                    let mapping = map(&owned)?;
                    Ok((kind, Cow::Owned(owned), mapping))
                }
                _ => Ok((kind, raw, mapping)),
            }
        };
        self.list().map(one).collect()
    }
}

fn load<'a>(customers: &Input<'_>, data: &'a EventData<'a>, options: &EventOptions) -> Result<Loaded<'a>> {
    let raw = customers.read(&options.read)?;
    let overrides = options.overrides.get(&TableKind::Customers).cloned().unwrap_or_default();
    let table_kind = Some(TableKind::Customers);
    let asked = MapOptions { table_kind, profile: options.profile.clone(), overrides, ..MapOptions::default() };
    let mapping = map::map_table(&raw, &asked)?;
    let profile = options.profile.clone().map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
    let judged = validate::validate(&raw, &mapping, &profile, &ValidateOptions::default())?;
    Ok(Loaded { customers: judged.table, profile: profile.name, tables: data.read(options, None)? })
}

/// The customers of tables of events alone: whoever has an event, by id.
fn customers_of(tables: &[(TableKind, Cow<'_, RawTable>, Mapping)]) -> Table {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for (_, raw, mapping) in tables {
        if let Some(column) = mapping.source_of("customer_id").and_then(|header| raw.column(header)) {
            let id = |row: usize| column.data.cell(row).map(|c| crate::read::cells::plain_id(&c).to_owned());
            ids.extend((0..raw.n_rows()).filter_map(id));
        }
    }
    let n = ids.len();
    let (name, data) = ("customer_id".to_owned(), ColumnData::text(ids.into_iter().map(Some)));
    Table::new(vec![Column { source: name.clone(), name, canonical: true, data }], n, Places::Items)
}

/// The features of customers as of a day, and the name of their profile. Without a customer table the customers are those
/// who have events.
pub(super) fn features_of(
    customers: Option<&Input<'_>>,
    data: &EventData<'_>,
    as_of: &str,
    options: &EventOptions,
) -> Result<(FeatureTable, AsOf, String)> {
    let settings = options.settings.clone().checked()?;
    let as_of = AsOf::parse(as_of, "as_of", settings.utc_offset_minutes)?;
    let loaded = match customers {
        Some(customers) => load(customers, data, options)?,
        None => {
            let tables = data.read(options, None)?;
            let profile = options.profile.as_ref().map_or_else(|| "generic".to_owned(), |p| p.name.clone());
            Loaded { customers: customers_of(&tables), profile, tables }
        }
    };
    let built = events::features(&loaded.customers, &loaded.sources(), as_of, &settings, false)?;
    Ok((built, as_of, loaded.profile))
}

/// The features of every customer as of a day or an instant (ISO 8601): see [`events::features`].
///
/// ```
/// use churn_core::engine::{EventData, EventOptions, build_features};
/// let customers = b"customer_id,signup_date\nA1,2025-01-01\nA2,2025-03-01\n";
/// let tickets = b"ticket_id,customer_id,created_at,resolved_at\nT1,A1,2025-05-30,2025-06-02\n";
/// let data = EventData { tickets: Some(tickets[..].into()), ..EventData::default() };
/// let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default())?;
/// let open = built.table.column("tickets_open").expect("a feature");
/// assert_eq!((open.data.number(0), open.data.number(1)), (Some(1.0), Some(0.0)), "resolved later is still open");
/// # Ok::<(), churn_core::Error>(())
/// ```
///
/// # Errors
/// Of the stages `read` and `map`; `invalid_argument`.
pub fn build_features<'a>(
    customers: impl Into<Input<'a>>,
    data: &EventData<'_>,
    as_of: &str,
    options: &EventOptions,
) -> Result<FeatureTable> {
    features_of(Some(&customers.into()), data, as_of, options).map(|(built, ..)| built)
}

/// Labelled snapshots to train on: see [`events::training_set`].
///
/// # Errors
/// Of the stages `read` and `map`; `invalid_argument`.
pub fn build_training_set<'a>(
    customers: impl Into<Input<'a>>,
    data: &EventData<'_>,
    training: &TrainingSetOptions,
    options: &EventOptions,
) -> Result<FeatureTable> {
    let settings = options.settings.clone().checked()?;
    let definition = training.definition.clone().checked()?;
    let day = |text: &Option<String>, argument: &'static str| -> Result<Option<i32>> {
        let parse = |t: &String| AsOf::parse(t, argument, settings.utc_offset_minutes).map(AsOf::days);
        text.as_ref().map(parse).transpose()
    };
    let snapshots = Snapshots {
        start: day(&training.start, "start")?,
        end: day(&training.end, "end")?,
        every: training.every.as_deref().map_or(Ok(Every::Months(1)), Every::parse)?,
        observed_until: day(&training.observed_until, "observed_until")?,
        keep: training.keep.clone(),
    };
    let loaded = load(&customers.into(), data, options)?;
    events::training_set(&loaded.customers, &loaded.sources(), &definition, &snapshots, &settings)
}

/// Whether the features as of a day are the same, bit for bit, when everything that was not known then is taken away
/// from the tables of events.
///
/// # Errors
/// As [`build_features`].
pub fn check_point_in_time<'a>(
    customers: impl Into<Input<'a>>,
    data: &EventData<'_>,
    as_of: &str,
    options: &EventOptions,
) -> Result<PointInTime> {
    let settings = options.settings.clone().checked()?;
    let as_of = AsOf::parse(as_of, "as_of", settings.utc_offset_minutes)?;
    let loaded = load(&customers.into(), data, options)?;
    events::check_point_in_time(&loaded.customers, &loaded.sources(), as_of, &settings)
}

/// What a definition says of the customers' whole history, one row a movement: see [`events::movements`].
///
/// # Errors
/// As [`build_training_set`].
pub fn churn_movements<'a>(
    customers: impl Into<Input<'a>>,
    data: &EventData<'_>,
    definition: &ChurnDefinition,
    options: &EventOptions,
) -> Result<Table> {
    let settings = options.settings.clone().checked()?;
    let definition = definition.clone().checked()?;
    let loaded = load(&customers.into(), data, options)?;
    events::movements(&loaded.customers, &loaded.sources(), &definition, &settings)
}

impl Engine {
    /// Scores one customer from his own rows of the tables of events, as he is known before `as_of` (or `scored_at`): the
    /// features are made by the settings that the model was trained with, by the code that makes them for a whole table,
    /// so that the same customer gets the same bits there. Rows without a customer id are his.
    ///
    /// # Errors
    /// As [`score_one`](Engine::score_one) and [`build_features`]; `invalid_argument` where there is no day.
    pub fn score_customer(
        &self,
        record: &Record,
        data: &EventData<'_>,
        overrides: &TableOverrides,
        options: &ScoreOptions<'_>,
    ) -> Result<Prediction> {
        let settings = self.model().card.events.clone().unwrap_or_default();
        let Some(as_of) = options.as_of.as_deref().or(options.scored_at.as_deref()) else {
            return Err(Error::new(ErrorKind::InvalidArgument, "the day on which the customer is scored is not known")
                .with("argument", "as_of")
                .hint("give as_of or scored_at"));
        };
        let as_of = AsOf::parse(as_of, "as_of", settings.utc_offset_minutes)?;
        let mut raw = crate::read::read_records(std::slice::from_ref(record))?;
        let mut own = overrides.get(&TableKind::Customers).cloned().unwrap_or_default();
        own.extend(options.overrides.clone());
        let mut mapping = self.map(&raw, &own)?;
        if mapping.source_of("customer_id").is_none() {
            let mut columns = raw.columns().to_vec();
            columns.push(RawColumn { name: "customer_id".to_owned(), data: ColumnData::text([Some("1")]) });
            raw = RawTable::new(columns, 1, Places::Items, raw.source().clone(), raw.notes().to_vec());
            mapping = self.map(&raw, &own)?;
        }
        let profile = &self.model().profile;
        let judged = validate::validate(&raw, &mapping, profile, &ValidateOptions::default())?;
        let id = judged.table.column("customer_id").and_then(|c| c.data.cell(0)).map(Cow::into_owned);
        let options_of_events = EventOptions {
            profile: Some(profile.clone()),
            overrides: overrides.clone(),
            settings: settings.clone(),
            read: options.read.clone(),
        };
        let tables = data.read(&options_of_events, id.as_deref())?;
        let loaded = Loaded { customers: judged.table, profile: profile.name.clone(), tables };
        let built = events::features(&loaded.customers, &loaded.sources(), as_of, &settings, true)?;
        let options = ScoreOptions {
            reasons: options.reasons,
            as_of: options.as_of.clone(),
            scored_at: options.scored_at.clone(),
            ..ScoreOptions::default()
        };
        self.score_raw_one(&built.to_raw(), &options)
    }
}
