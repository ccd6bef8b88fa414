//! What a health score is made of: data in TOML, checked as it is read.

use crate::config::{self, Fault, Place};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The health bands: red <= `red_max` < yellow <= `yellow_max` < green.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthBands {
    /// Largest score that is still red.
    pub red_max: f64,
    /// Largest score that is still yellow.
    pub yellow_max: f64,
}

impl Default for HealthBands {
    fn default() -> Self {
        HealthBands { red_max: 50.0, yellow_max: 75.0 }
    }
}

/// The band of a health score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthBand {
    /// At most `red_max`.
    Red,
    /// Above `red_max`, at most `yellow_max`.
    Yellow,
    /// Above `yellow_max`.
    Green,
    /// Too little is known of the customer.
    Unknown,
}

impl HealthBand {
    /// All bands, from the worst to `unknown`.
    pub const ALL: [HealthBand; 4] = [HealthBand::Red, HealthBand::Yellow, HealthBand::Green, HealthBand::Unknown];

    /// `red`, `yellow`, `green` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            HealthBand::Red => "red",
            HealthBand::Yellow => "yellow",
            HealthBand::Green => "green",
            HealthBand::Unknown => "unknown",
        }
    }
}

impl HealthBands {
    /// The band of a score; `None` is unknown.
    pub fn of(&self, score: Option<f64>) -> HealthBand {
        match score {
            None => HealthBand::Unknown,
            Some(s) if s <= self.red_max => HealthBand::Red,
            Some(s) if s <= self.yellow_max => HealthBand::Yellow,
            Some(_) => HealthBand::Green,
        }
    }
}

/// Which way a measure points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is healthier: the score never falls as the value rises.
    Higher,
    /// Less is healthier: the score never rises as the value rises.
    Lower,
    /// Neither: some middle is best, or worst.
    Middle,
}

/// One band of a measure: values up to `max`, inclusive, have this score; the last band has no `max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureBand {
    /// Largest value of the band; none for the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Score of the band, 0 to 100.
    pub score: f64,
}

/// One measure: a column, and what its values say about health. It has exactly one of `curve`, `bands`, `levels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Name, unique in the dimension.
    pub name: String,
    /// Canonical field, derived column, event feature, or any other column of the table.
    pub field: String,
    /// Columns that say the same, for tables without a value in `field`: the first one with a value is read. So one
    /// measure reads a column of the customer table as well as a feature of tables of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// Column that the value is divided by, for example `seats_used`; missing or 0 makes the measure missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// Name for people; the field's where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Weight among the measures of the dimension, or the share of its budget.
    #[serde(default = "one")]
    pub weight: f64,
    /// The budget of the dimension that the measure shares with those it is correlated with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// Which way it points; checked against the scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<Better>,
    /// Points (value, score): linear between, constant beyond.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<[f64; 2]>,
    /// Bands, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<MeasureBand>,
    /// Score of each level of a category or truth value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, f64>,
    /// Score of a level that is not listed; without it such a level is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<f64>,
    /// Scales the column may be written in, narrowest first: the first that holds all of its values is taken and
    /// mapped to 0-100 (`[[0, 10], [-100, 100]]` for NPS). A fact about the column, so callers may state it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scales: Vec<[f64; 2]>,
}

/// A group of measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Name: usage, adoption, support, billing, relationship, contract, or one's own.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// Weight among the dimensions; any scale.
    pub weight: f64,
    /// Budgets: correlated measures share one weight.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub budgets: BTreeMap<String, f64>,
    /// The measures.
    #[serde(rename = "measure")]
    pub measures: Vec<Measure>,
}

/// A condition on one column; missing never fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub field: String,
    /// At least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// One of these levels, by letters and digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
}

/// Other weights, or another configuration, for a segment or a stage of the customer's life. Where several fit, the one
/// with the most conditions counts, then the first by name: their order in the file does not matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name, for example `onboarding`.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// When it counts: all of them.
    pub when: Vec<Condition>,
    /// Dimension -> weight, where it differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// Dimensions of its own, in place of all others.
    #[serde(default, rename = "dimension", skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// Coverage below which it answers `unknown`, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_coverage: Option<f64>,
}

/// A health configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthConfig {
    /// Name, snake_case.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Profile its fields belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Share of the weight that must be known, 0 to 1; below it the answer is `unknown`.
    #[serde(default = "half")]
    pub min_coverage: f64,
    /// Bands of the score.
    #[serde(default)]
    pub bands: HealthBands,
    /// The dimensions.
    #[serde(rename = "dimension")]
    pub dimensions: Vec<Dimension>,
    /// Variants.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

const SHIPPED: [(&str, &str); 2] =
    [("saas", include_str!("../../health/saas.toml")), ("telecom", include_str!("../../health/telecom.toml"))];

impl HealthConfig {
    /// Names of the shipped configurations.
    pub fn shipped_names() -> [&'static str; 2] {
        SHIPPED.map(|(name, _)| name)
    }

    /// The TOML text of a shipped configuration, to start one's own from.
    ///
    /// # Errors
    /// `invalid_argument`, listing the names there are.
    pub fn shipped_toml(name: &str) -> Result<&'static str> {
        SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, text)| *text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there is no health configuration '{name}'"))
                .with("argument", "config")
                .hint(format!("use one of: {}; or give one of your own as TOML", Self::shipped_names().join(", ")))
        })
    }

    /// A shipped configuration: `saas` or `telecom`.
    ///
    /// # Errors
    /// As [`shipped_toml`](HealthConfig::shipped_toml).
    pub fn shipped(name: &str) -> Result<HealthConfig> {
        HealthConfig::from_toml(HealthConfig::shipped_toml(name)?)
    }

    /// The shipped configuration of a profile; `saas` for profiles that have none.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn of_profile(profile: &str) -> Result<HealthConfig> {
        HealthConfig::shipped(if HealthConfig::shipped_names().contains(&profile) { profile } else { "saas" })
    }

    /// A configuration of one's own; `docs/health.md` lists the keys.
    ///
    /// # Errors
    /// `invalid_argument` with the line and the place of the first mistake.
    pub fn from_toml(text: &str) -> Result<HealthConfig> {
        let config: HealthConfig = config::read(text, "health configuration", "config")?;
        config.check().map_err(|fault| fault.error(text, "health configuration", "config"))?;
        Ok(config)
    }

    /// The configuration as TOML; it reads back to the same.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::internal("a health configuration without TOML").caused_by(e))
    }

    fn check(&self) -> std::result::Result<(), Fault> {
        let root = Place::default();
        let HealthBands { red_max, yellow_max } = self.bands;
        if !(0.0 <= red_max && red_max < yellow_max && yellow_max < 100.0) {
            return Err(Fault::new(
                root.key("bands"),
                "the bands do not ascend within 0 and 100",
                "give 0 <= red_max < yellow_max < 100, for example 50 and 75",
            ));
        }
        check_coverage(self.min_coverage, &root)?;
        check_dimensions(&self.dimensions, &root)?;
        if let Some((i, name)) = config::repeated(self.variants.iter().map(|v| v.name.as_str())) {
            return Err(twice("variant", name, root.key("variant").item(i)));
        }
        for (i, variant) in self.variants.iter().enumerate() {
            self.check_variant(variant, &root.key("variant").item(i))?;
        }
        Ok(())
    }

    fn check_variant(&self, variant: &Variant, place: &Place) -> std::result::Result<(), Fault> {
        if variant.when.is_empty() {
            return Err(Fault::new(
                place.clone(),
                format!("the variant '{}' has no condition", variant.name),
                "give `when`, for example [{ field = \"tenure_months\", below = 1 }]",
            ));
        }
        for (i, condition) in variant.when.iter().enumerate() {
            let numeric = condition.at_least.is_some() || condition.below.is_some();
            let empty = matches!((condition.at_least, condition.below), (Some(a), Some(b)) if a >= b);
            if numeric != condition.is.is_empty() || empty {
                return Err(Fault::new(
                    place.key("when").item(i),
                    format!("the condition on '{}' can never hold, or always does", condition.field),
                    "give `at_least` and/or `below` with at_least < below, or `is` with the levels",
                ));
            }
        }
        if let Some(coverage) = variant.min_coverage {
            check_coverage(coverage, place)?;
        }
        if !variant.dimensions.is_empty() {
            check_dimensions(&variant.dimensions, place)?;
        }
        let dimensions = self.dimensions_of(variant);
        for (name, &weight) in &variant.weights {
            if !dimensions.iter().any(|d| &d.name == name) {
                return Err(Fault::new(
                    place.key("weights").key(name),
                    format!("the variant '{}' weighs the dimension '{name}', which there is not", variant.name),
                    "use the name of a dimension",
                ));
            }
            check_weight(weight, place.key("weights").key(name))?;
        }
        if variant.weights.is_empty() && variant.dimensions.is_empty() {
            return Err(Fault::new(
                place.clone(),
                format!("the variant '{}' changes nothing", variant.name),
                "give `weights` or dimensions of its own",
            ));
        }
        let total: f64 = dimensions.iter().map(|d| variant.weights.get(&d.name).copied().unwrap_or(d.weight)).sum();
        if total <= 0.0 {
            return Err(Fault::new(place.key("weights"), "no dimension has a weight", "give one a weight above 0"));
        }
        Ok(())
    }

    /// The dimensions that count for a variant.
    pub(super) fn dimensions_of<'a>(&'a self, variant: &'a Variant) -> &'a [Dimension] {
        if variant.dimensions.is_empty() { &self.dimensions } else { &variant.dimensions }
    }
}

fn twice(what: &str, name: &str, place: Place) -> Fault {
    Fault::new(place.key("name"), format!("the {what} '{name}' stands twice"), "give each its own name")
}

fn check_coverage(coverage: f64, place: &Place) -> std::result::Result<(), Fault> {
    if (0.0..=1.0).contains(&coverage) {
        return Ok(());
    }
    Err(Fault::new(place.key("min_coverage"), "min_coverage is not a share", "give 0 to 1, for example 0.5"))
}

fn check_weight(weight: f64, place: Place) -> std::result::Result<(), Fault> {
    if weight.is_finite() && weight >= 0.0 {
        return Ok(());
    }
    Err(Fault::new(place, "a weight is negative or not finite", "give 0 or more"))
}

fn check_dimensions(dimensions: &[Dimension], place: &Place) -> std::result::Result<(), Fault> {
    let at = |i: usize| place.key("dimension").item(i);
    for (i, dimension) in dimensions.iter().enumerate() {
        check_weight(dimension.weight, at(i).key("weight"))?;
    }
    if !dimensions.iter().any(|d| d.weight > 0.0) {
        return Err(Fault::new(place.key("dimension"), "no dimension has a weight", "give one a weight above 0"));
    }
    if let Some((i, name)) = config::repeated(dimensions.iter().map(|d| d.name.as_str())) {
        return Err(twice("dimension", name, at(i)));
    }
    for (i, dimension) in dimensions.iter().enumerate() {
        if dimension.measures.is_empty() {
            return Err(Fault::new(
                at(i),
                format!("the dimension '{}' has no measure", dimension.name),
                "give it one, or leave the dimension out",
            ));
        }
        if let Some((j, name)) = config::repeated(dimension.measures.iter().map(|m| m.name.as_str())) {
            return Err(twice("measure", name, at(i).key("measure").item(j)));
        }
        for (budget, &weight) in &dimension.budgets {
            check_weight(weight, at(i).key("budgets").key(budget))?;
            if !dimension.measures.iter().any(|m| m.budget.as_ref() == Some(budget)) {
                return Err(Fault::new(
                    at(i).key("budgets").key(budget),
                    format!("no measure shares the budget '{budget}'"),
                    "name it in a measure's `budget`, or leave it out",
                ));
            }
        }
        for (j, measure) in dimension.measures.iter().enumerate() {
            check_measure(measure, dimension, &at(i).key("measure").item(j))?;
        }
    }
    Ok(())
}

fn check_measure(measure: &Measure, dimension: &Dimension, place: &Place) -> std::result::Result<(), Fault> {
    let name = &measure.name;
    let fault = |key: &str, message: String, hint: &str| Err(Fault::new(place.key(key), message, hint));
    check_weight(measure.weight, place.key("weight"))?;
    if let Some(twice) = measure.or.iter().find(|n| **n == measure.field) {
        return fault(
            "or",
            format!("the measure '{}' reads '{twice}' twice", measure.name),
            "list other columns in `or`",
        );
    }
    if let Some(budget) = &measure.budget
        && !dimension.budgets.contains_key(budget)
    {
        return fault(
            "budget",
            format!("the measure '{name}' shares the budget '{budget}', which the dimension does not have"),
            "state its weight in the dimension's `budgets`",
        );
    }
    let forms = [!measure.curve.is_empty(), !measure.bands.is_empty(), !measure.levels.is_empty()];
    if forms.iter().filter(|&&f| f).count() != 1 {
        return Err(Fault::new(
            place.clone(),
            format!("the measure '{name}' needs exactly one of curve, bands and levels"),
            "give a curve or bands for a number, levels for a category",
        ));
    }
    let scores: Vec<f64> = measure
        .curve
        .iter()
        .map(|p| p[1])
        .chain(measure.bands.iter().map(|b| b.score))
        .chain(measure.levels.values().copied())
        .chain(measure.other)
        .collect();
    let key = ["curve", "bands", "levels"].into_iter().zip(forms).find(|(_, f)| *f).map_or("curve", |(k, _)| k);
    if !scores.iter().all(|s| (0.0..=100.0).contains(s)) {
        return fault(key, format!("the measure '{name}' has a score outside 0 and 100"), "100 is healthy, 0 is not");
    }
    if !measure.curve.windows(2).all(|w| w[0][0] < w[1][0]) || !measure.curve.iter().all(|p| p[0].is_finite()) {
        return fault("curve", format!("the values of '{name}' do not ascend"), "order the points by value");
    }
    let last = measure.bands.len().saturating_sub(1);
    let ends = measure.bands.iter().enumerate().all(|(i, b)| b.max.is_none() == (i == last));
    if !ends || !measure.bands.windows(2).all(|w| w[1].max.is_none() || w[0].max < w[1].max) {
        return fault(
            "bands",
            format!("the bands of '{name}' do not ascend, or do not end in one without `max`"),
            "give ascending `max`, and none in the last band",
        );
    }
    if measure.other.is_some() && measure.levels.is_empty() {
        return fault("other", format!("the measure '{name}' has `other` without levels"), "`other` belongs to levels");
    }
    if !measure.scales.iter().all(|s| s[0] < s[1]) || (!measure.scales.is_empty() && !measure.levels.is_empty()) {
        return fault("scales", format!("the scales of '{name}' are not ranges of numbers"), "give [[low, high], ...]");
    }
    if let Some(better) = measure.better {
        let ascending: Vec<f64> = if measure.levels.is_empty() { scores } else { Vec::new() };
        let fits = match better {
            Better::Higher => ascending.windows(2).all(|w| w[0] <= w[1]),
            Better::Lower => ascending.windows(2).all(|w| w[0] >= w[1]),
            Better::Middle => true,
        };
        if !fits {
            return fault(
                "better",
                format!("the scores of '{name}' go against what it says is better"),
                "turn the scores round, or say the other way",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_configurations_are_valid_and_round_trip() {
        for name in HealthConfig::shipped_names() {
            let config = HealthConfig::shipped(name).expect(name);
            assert_eq!(config.name, name);
            let again = HealthConfig::from_toml(&config.to_toml().expect("toml")).expect("reads back");
            assert_eq!(again, config);
            for dimension in &config.dimensions {
                let read =
                    |m: &Measure| [vec![m.field.clone()], m.or.clone(), m.per.iter().cloned().collect()].concat();
                for field in dimension.measures.iter().flat_map(read) {
                    let known = crate::schema::field(&field).is_some()
                        || crate::features::DERIVED.iter().any(|d| d.name == field)
                        || crate::schema::event_features().iter().any(|f| f.name == field);
                    assert!(known, "{name}: '{field}'");
                }
            }
        }
        assert_eq!(HealthConfig::shipped("nope").expect_err("no such").code(), "invalid_argument");
        assert_eq!(HealthConfig::of_profile("generic").expect("falls back").name, "saas");
    }

    #[test]
    fn band_limits_belong_to_the_lower_band() {
        let bands = HealthBands::default();
        let names: Vec<&str> =
            [0.0, 50.0, 50.000_001, 75.0, 75.000_001, 100.0].iter().map(|&s| bands.of(Some(s)).name()).collect();
        assert_eq!(names, ["red", "red", "yellow", "yellow", "green", "green"]);
        assert_eq!(bands.of(None).name(), "unknown");
    }
}
