//! Health scores of a table.

use super::Input;
use super::events::{EventData, EventOptions, features_of};
use super::options::day;
use crate::error::{Error, ErrorKind, Result};
use crate::features::derive;
use crate::health::{self, Backtest, HealthConfig, HealthScores};
use crate::map::{self, MapOptions, Mapping};
use crate::read::ReadOptions;
use crate::schema::{Profile, TableKind};
use crate::table::Table;
use crate::validate::{self, Purpose, Severity, ValidateOptions, Validated};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How to score health; every field has a default.
#[derive(Default)]
pub struct HealthOptions<'a> {
    /// Configuration; the shipped one of the profile where not given.
    pub config: Option<HealthConfig>,
    /// Profile; recognised where not given.
    pub profile: Option<Profile>,
    /// A mapping made before; `None` maps anew.
    pub mapping: Option<&'a Mapping>,
    /// Source header -> canonical field, or `None` for "leave it unmapped".
    pub overrides: BTreeMap<String, Option<String>>,
    /// The day the rows describe (ISO 8601), where the table has no snapshot date.
    pub as_of: Option<String>,
    /// Scale of a column, for example `{"nps_score": [0, 10]}`; read from its values where not given.
    pub scales: BTreeMap<String, [f64; 2]>,
    /// How to read.
    pub read: ReadOptions,
}

/// The profile that is asked for, or that the configuration belongs to.
fn profile_of(options: &HealthOptions<'_>) -> Option<Profile> {
    let own = |config: &HealthConfig| config.profile.as_deref().and_then(|name| Profile::shipped(name).ok());
    options.profile.clone().or_else(|| options.config.as_ref().and_then(own))
}

/// The day that is asked for, in days since 1970.
fn on(options: &HealthOptions<'_>) -> Result<Option<i32>> {
    options.as_of.as_deref().map(|t| day(t, "as_of")).transpose()
}

fn judge(input: &Input<'_>, options: &HealthOptions<'_>, validate: &ValidateOptions) -> Result<(Mapping, Validated)> {
    let raw = input.read(&options.read)?;
    let profile = profile_of(options);
    let mapping = match options.mapping {
        Some(mapping) => Cow::Borrowed(mapping),
        None => Cow::Owned(map::map_table(
            &raw,
            &MapOptions {
                table_kind: Some(Default::default()),
                profile: profile.clone(),
                overrides: options.overrides.clone(),
                ..MapOptions::default()
            },
        )?),
    };
    let profile = profile.map_or_else(|| Profile::shipped(&mapping.profile), Ok)?;
    let judged = validate::validate(&raw, &mapping, &profile, validate)?;
    Ok((mapping.into_owned(), judged))
}

/// Scores a typed table of this profile, which describes this day (in days since 1970).
fn scored(typed: &Table, profile: &str, on: Option<i32>, options: &HealthOptions<'_>) -> Result<HealthScores> {
    let as_of = options.as_of.as_deref();
    let table = derive(typed, on)?;
    let config = match &options.config {
        Some(config) => Cow::Borrowed(config),
        None => Cow::Owned(HealthConfig::of_profile(profile)?),
    };
    let mut scores = health::score(&table, &config, as_of, &options.scales)?;
    let dated = crate::features::DERIVED.iter().filter(|d| d.dated());
    let undated =
        |d: &&crate::features::Derivation| typed.column(d.needs[0]).is_some() && table.column(d.name).is_none();
    for derivation in dated.filter(undated) {
        scores.notes.push(format!("{} is not known without a day that the rows describe; give as_of", derivation.name));
    }
    Ok(scores)
}

/// The health of each customer of a table, 0 to 100, 100 = healthy, in the order of the rows.
///
/// Nothing is required: a measure whose column is absent is left out, and a customer of whom too little is known is
/// `unknown`.
///
/// # Errors
/// Of the stages `read`, `map` and `validate`; `invalid_argument` for an `as_of` that is no date; `wrong_type` where a
/// measure cannot read its column.
pub fn health_score<'a>(input: impl Into<Input<'a>>, options: &HealthOptions<'_>) -> Result<HealthScores> {
    let (mapping, judged) = judge(&input.into(), options, &ValidateOptions::default())?;
    scored(&judged.table, &mapping.profile, on(options)?, options)
}

/// The health of customers from their tables of events, as it was known before `as_of`: measures read the event features
/// (`docs/features.md`) beside the columns of the customer table. Without a customer table the customers are those who
/// have events.
///
/// `events` says how the tables are read; where it names no profile, that of `options` counts for them too. Warnings about
/// the tables are among the notes.
///
/// # Errors
/// As [`health_score`] and [`build_features`](super::build_features); `invalid_argument` without an `as_of`, and for a
/// mapping, which belongs to one table: give overrides.
pub fn health_score_events(
    customers: Option<Input<'_>>,
    data: &EventData<'_>,
    events: &EventOptions,
    options: &HealthOptions<'_>,
) -> Result<HealthScores> {
    let Some(as_of) = options.as_of.as_deref() else {
        return Err(Error::new(ErrorKind::InvalidArgument, "the day that the scores describe is not known")
            .with("argument", "as_of")
            .hint("give as_of: what was known before it counts"));
    };
    if options.mapping.is_some() {
        return Err(Error::new(ErrorKind::InvalidArgument, "a mapping cannot be used beside tables of events")
            .with("argument", "mapping")
            .hint("give overrides of the customer table and of the tables of events"));
    }
    let mut events = events.clone();
    if events.profile.is_none() {
        events.profile = profile_of(options);
    }
    if !options.overrides.is_empty() {
        let own = events.overrides.entry(TableKind::Customers).or_default();
        own.extend(options.overrides.iter().map(|(header, field)| (header.clone(), field.clone())));
    }
    let (built, instant, profile) = features_of(customers.as_ref(), data, as_of, &events)?;
    let mut scores = scored(&built.table, &profile, Some(instant.days()), options)?;
    let told = built.findings.iter().filter(|f| f.severity != Severity::Info);
    scores.notes.extend(told.map(|f| f.message.clone()));
    Ok(scores)
}

/// A health configuration held against who really left: the table's rows describe customers as they were, `label` is the
/// source column that says who left afterwards (the one recognised as `churned` where not given).
///
/// # Errors
/// As [`health_score`]; `field_unmapped` without a label; `too_few_rows` below 20 customers of each class.
pub fn health_backtest<'a>(
    input: impl Into<Input<'a>>,
    label: Option<&str>,
    options: &HealthOptions<'_>,
) -> Result<Backtest> {
    let purpose =
        ValidateOptions { purpose: Purpose::Train, label: label.map(str::to_owned), ..ValidateOptions::default() };
    let (mapping, judged) = judge(&input.into(), options, &purpose)?;
    let labels = judged.labels.clone().unwrap_or_default();
    health::backtest(&scored(&judged.table, &mapping.profile, on(options)?, options)?, &labels)
}
