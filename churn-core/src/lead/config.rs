//! Scorecards of leads: data in TOML, checked as they are read.

use crate::config::{self, Fault, Place};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The scores from which a lead is hot, warm and cool; below it is cold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperatures {
    /// Hot from here.
    pub hot: f64,
    /// Warm from here.
    pub warm: f64,
    /// Cool from here.
    pub cool: f64,
}

impl Default for Temperatures {
    fn default() -> Self {
        Temperatures { hot: 80.0, warm: 60.0, cool: 40.0 }
    }
}

/// One way to win an item's points; without a condition any known value of the field does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadOption {
    /// Column, or one of its aliases.
    pub field: String,
    /// At least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// At most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// One of these levels, by letters and digits; `true` and `yes` fit truth values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
    /// Points.
    pub points: f64,
}

impl LeadOption {
    /// Whether the option asks for a number.
    pub(super) fn numeric(&self) -> bool {
        self.at_least.is_some() || self.at_most.is_some() || self.below.is_some()
    }
}

/// One item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadItem {
    /// Name, unique in the section.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// Points where nothing is known.
    #[serde(default)]
    pub unknown: f64,
    /// Ways to win points; the best that holds counts.
    pub options: Vec<LeadOption>,
}

impl LeadItem {
    /// Most points there are.
    pub(super) fn max(&self) -> f64 {
        self.options.iter().map(|o| o.points).fold(0.0, f64::max)
    }
}

/// A section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadSection {
    /// Name.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// Points of the whole section.
    pub points: f64,
    /// Whether the items are scaled to them; otherwise their most points must add up to them.
    #[serde(default)]
    pub scale: bool,
    /// The items.
    #[serde(rename = "item")]
    pub items: Vec<LeadItem>,
}

/// A scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadConfig {
    /// Name, snake_case.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Temperatures.
    #[serde(default)]
    pub temperature: Temperatures,
    /// Field -> other names of its column; `lead_id` names the lead.
    #[serde(default)]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The sections; their points add up to 100.
    #[serde(rename = "section")]
    pub sections: Vec<LeadSection>,
}

const SHIPPED: [(&str, &str); 2] =
    [("roofing", include_str!("../../lead/roofing.toml")), ("saas", include_str!("../../lead/saas.toml"))];

impl LeadConfig {
    /// Names of the shipped scorecards; the first is the default.
    pub fn shipped_names() -> [&'static str; 2] {
        SHIPPED.map(|(name, _)| name)
    }

    /// The TOML text of a shipped scorecard, to start one's own from.
    ///
    /// # Errors
    /// `invalid_argument`, listing the names there are.
    pub fn shipped_toml(name: &str) -> Result<&'static str> {
        SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, text)| *text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there is no lead scorecard '{name}'"))
                .with("argument", "config")
                .hint(format!("use one of: {}; or give one of your own as TOML", Self::shipped_names().join(", ")))
        })
    }

    /// A shipped scorecard: `roofing` or `saas`.
    ///
    /// # Errors
    /// As [`shipped_toml`](LeadConfig::shipped_toml).
    pub fn shipped(name: &str) -> Result<LeadConfig> {
        LeadConfig::from_toml(LeadConfig::shipped_toml(name)?)
    }

    /// A scorecard of one's own; `docs/leads.md` lists the keys.
    ///
    /// # Errors
    /// `invalid_argument` with the line and the place of the first mistake.
    pub fn from_toml(text: &str) -> Result<LeadConfig> {
        let config: LeadConfig = config::read(text, "lead scorecard", "config")?;
        config.check().map_err(|fault| fault.error(text, "lead scorecard", "config"))?;
        Ok(config)
    }

    fn check(&self) -> std::result::Result<(), Fault> {
        let root = Place::default();
        let Temperatures { hot, warm, cool } = self.temperature;
        if !(0.0 < cool && cool < warm && warm < hot && hot <= 100.0) {
            let hint = "give 0 < cool < warm < hot <= 100, for example 40, 60 and 80";
            return Err(Fault::new(root.key("temperature"), "the temperatures do not ascend within 0 and 100", hint));
        }
        if let Some((i, name)) = config::repeated(self.sections.iter().map(|s| s.name.as_str())) {
            let place = root.key("section").item(i).key("name");
            return Err(Fault::new(place, format!("the section '{name}' stands twice"), "give each its own name"));
        }
        let total: f64 = self.sections.iter().map(|s| s.points).sum();
        if (total - 100.0).abs() > 1e-9 {
            return Err(Fault::new(
                root.key("section"),
                format!("the points of the sections add up to {total}, not to 100"),
                "change `points` of a section",
            ));
        }
        for (i, section) in self.sections.iter().enumerate() {
            check_section(section, &root.key("section").item(i))?;
        }
        Ok(())
    }
}

fn check_section(section: &LeadSection, place: &Place) -> std::result::Result<(), Fault> {
    let items = place.key("item");
    if let Some((i, name)) = config::repeated(section.items.iter().map(|s| s.name.as_str())) {
        let place = items.item(i).key("name");
        return Err(Fault::new(place, format!("the item '{name}' stands twice"), "give each its own name"));
    }
    for (i, item) in section.items.iter().enumerate() {
        let place = items.item(i);
        let points = item.options.iter().map(|o| o.points).chain([item.unknown]);
        if item.options.is_empty() || points.into_iter().any(|p| !p.is_finite() || p < 0.0) || item.max() <= 0.0 {
            return Err(Fault::new(
                place.key("options"),
                format!("the item '{}' has no option with points, or negative ones", item.name),
                "give options with points of 0 or more, one above 0",
            ));
        }
        if item.unknown > item.max() {
            return Err(Fault::new(
                place.key("unknown"),
                format!("the item '{}' is worth more unknown than known", item.name),
                "give at most the points of its best option",
            ));
        }
        for (j, option) in item.options.iter().enumerate() {
            let bounds = [option.at_least, option.at_most, option.below];
            let upper = option.at_most.into_iter().chain(option.below).fold(f64::INFINITY, f64::min);
            let empty = option.at_least.is_some_and(|low| low > upper || option.below == Some(low));
            let both = option.numeric() && !option.is.is_empty();
            if empty || both || bounds.iter().flatten().any(|b| !b.is_finite()) {
                return Err(Fault::new(
                    place.key("options").item(j),
                    format!("an option of '{}' can never hold", item.name),
                    "give bounds that leave room, or levels",
                ));
            }
        }
    }
    let most: f64 = section.items.iter().map(LeadItem::max).sum();
    if section.points <= 0.0 || (!section.scale && (most - section.points).abs() > 1e-9) {
        return Err(Fault::new(
            place.key("points"),
            format!("the items of '{}' add up to {most}, the section to {}", section.name, section.points),
            "change the points, or set `scale = true`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_scorecards_are_valid() {
        for name in LeadConfig::shipped_names() {
            assert_eq!(LeadConfig::shipped(name).expect(name).name, name);
        }
        let roofing = LeadConfig::shipped("roofing").expect("scorecard");
        let most = |i: usize| roofing.sections[i].items.iter().map(LeadItem::max).sum::<f64>();
        assert_eq!([most(0), most(1), most(2)], [55.0, 35.0, 25.0]);
    }

    #[test]
    fn mistakes_are_placed() {
        let shipped = LeadConfig::shipped_toml("roofing").expect("text");
        let cases = [
            (shipped.replace("points = 55", "points = 50"), "section"),
            (shipped.replace("points = 55", "points = 45").replace("points = 35", "points = 45"), "section[0].points"),
            (shipped.replace("unknown = 2", "unknown = 20"), "section[2].item[0].unknown"),
            (shipped.replace("hot = 80", "hot = 50"), "temperature"),
            (shipped.replace("below = 5,", "below = 5, at_least = 9,"), "section[1].item[1].options[0]"),
        ];
        for (text, place) in cases {
            let error = LeadConfig::from_toml(&text).expect_err(place);
            assert!(error.context().contains(&("place", place.to_owned())), "{error:?}");
        }
    }
}
