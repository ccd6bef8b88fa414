//! Health scores of a table.

use super::Input;
use super::options::day;
use crate::error::Result;
use crate::features::derive;
use crate::health::{self, Backtest, HealthConfig, HealthScores};
use crate::map::{self, MapOptions, Mapping};
use crate::read::ReadOptions;
use crate::schema::Profile;
use crate::validate::{self, Purpose, ValidateOptions, Validated};
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

fn judge(input: &Input<'_>, options: &HealthOptions<'_>, validate: &ValidateOptions) -> Result<(Mapping, Validated)> {
    let raw = input.read(&options.read)?;
    let own = |config: &HealthConfig| config.profile.as_deref().and_then(|name| Profile::shipped(name).ok());
    let profile = options.profile.clone().or_else(|| options.config.as_ref().and_then(own));
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

fn scored(mapping: &Mapping, judged: &Validated, options: &HealthOptions<'_>) -> Result<HealthScores> {
    let as_of = options.as_of.as_deref();
    let table = derive(&judged.table, as_of.map(|t| day(t, "as_of")).transpose()?)?;
    let config = match &options.config {
        Some(config) => Cow::Borrowed(config),
        None => Cow::Owned(HealthConfig::of_profile(&mapping.profile)?),
    };
    let mut scores = health::score(&table, &config, as_of, &options.scales)?;
    let dated = crate::features::DERIVED.iter().filter(|d| d.dated());
    let undated =
        |d: &&crate::features::Derivation| judged.table.column(d.needs[0]).is_some() && table.column(d.name).is_none();
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
    scored(&mapping, &judged, options)
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
    health::backtest(&scored(&mapping, &judged, options)?, &labels)
}
