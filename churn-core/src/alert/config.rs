//! Alert rules: data in TOML, checked as they are read.

use super::zones::{self, Zone};
use crate::config::{self, Fault, Place};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How serious an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    #[default]
    Warning,
    /// To be acted on today.
    Critical,
}

impl Severity {
    /// `info`, `warning` or `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// How an alert reaches its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// At once, outside quiet hours, within the cap.
    #[default]
    Now,
    /// In the owner's daily digest.
    Digest,
}

/// When a rule fires: one of a number, a level, an event, or an event that does not come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Name of an observed value: `health_score`, `churn_probability`, `health_band`, ...
    pub metric: Option<String>,
    /// Enters at or below this.
    pub enter_at_most: Option<f64>,
    /// Leaves above this; `enter_at_most` where not given.
    pub leave_above: Option<f64>,
    /// Enters at or above this.
    pub enter_at_least: Option<f64>,
    /// Leaves below this; `enter_at_least` where not given.
    pub leave_below: Option<f64>,
    /// Enters at one of these levels, leaves at any other.
    pub is: Vec<String>,
    /// Fires on an event of this name.
    pub event: Option<String>,
    /// Fires when no event of this name comes for `days`.
    pub absent: Option<String>,
    /// How long an absence lasts until it fires.
    pub days: Option<f64>,
}

/// Who hears of an alert that nobody acknowledges, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Hours after the alert was raised.
    pub after_hours: f64,
    /// `manager` (the owner's), or a recipient by name.
    pub to: String,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Name, unique.
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: String,
    /// How serious.
    #[serde(default)]
    pub severity: Severity,
    /// When it fires.
    pub when: When,
    /// Observations, of the last `n`, that must meet the condition; events, within `within_hours`.
    #[serde(default = "one")]
    pub k: u32,
    /// Observations that are looked at, at most 32.
    #[serde(default = "one")]
    pub n: u32,
    /// For events with `k` above 1: the time within which they must come.
    pub within_hours: Option<f64>,
    /// How long the condition must hold before it fires.
    #[serde(default)]
    pub for_hours: f64,
    /// How long the rule is silent about a customer after an alert.
    #[serde(default)]
    pub cool_down_hours: f64,
    /// Rules of one group raise one alert a customer: while one is open, another of at most its severity is silent.
    pub group: Option<String>,
    /// Who hears of it next, ascending.
    #[serde(default)]
    pub escalate: Vec<Escalation>,
    /// At once, or in the digest.
    #[serde(default)]
    pub delivery: Delivery,
    /// What to do, in words.
    #[serde(default)]
    pub action: String,
}

/// Hours in which nobody is disturbed, by the owner's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`; before the start it is the next day's.
    pub to: String,
    /// Whether Saturday and Sunday are quiet all day.
    #[serde(default)]
    pub weekends: bool,
    /// Severities that disturb all the same.
    #[serde(default)]
    pub except: Vec<Severity>,
}

/// What everybody is spared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most notifications an owner gets at once in a week (Monday to Sunday, by the owner's clock), escalations
    /// included; what is beyond goes into the digest.
    pub per_owner_week: Option<u32>,
    /// Time zone of owners who have none of their own: an IANA name such as `Europe/Berlin`, or `UTC`.
    pub zone: String,
    /// Quiet hours.
    pub quiet: Option<Quiet>,
    /// When the digest comes, `HH:MM`, by the owner's clock.
    pub digest_at: String,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { per_owner_week: None, zone: "UTC".into(), quiet: None, digest_at: "08:00".into() }
    }
}

/// Somebody who gets alerts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Owner {
    /// Time zone.
    pub zone: Option<String>,
    /// Whom `manager` means.
    pub manager: Option<String>,
}

/// Rules, limits and owners.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertConfig {
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<AlertRule>,
    /// The limits.
    #[serde(default)]
    pub limits: Limits,
    /// Owners that have a zone or a manager.
    #[serde(default)]
    pub owners: BTreeMap<String, Owner>,
}

fn one() -> u32 {
    1
}

const DEFAULT: &str = include_str!("../../alert/default.toml");

impl AlertConfig {
    /// The TOML text of the shipped rules, to start one's own from.
    pub fn shipped_toml() -> &'static str {
        DEFAULT
    }

    /// The shipped rules.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn shipped() -> Result<AlertConfig> {
        AlertConfig::from_toml(DEFAULT)
    }

    /// Rules of one's own; `docs/alerts.md` lists the keys.
    ///
    /// # Errors
    /// `invalid_argument` with the line and the place of the first mistake.
    pub fn from_toml(text: &str) -> Result<AlertConfig> {
        let config: AlertConfig = config::read(text, "alert configuration", "config")?;
        config.check().map_err(|fault| fault.error(text, "alert configuration", "config"))?;
        Ok(config)
    }

    /// Checks a configuration made in code.
    pub(super) fn check(&self) -> std::result::Result<(), Fault> {
        let root = Place::default();
        if let Some((i, name)) = config::repeated(self.rules.iter().map(|r| r.name.as_str())) {
            let place = root.key("rule").item(i).key("name");
            return Err(Fault::new(place, format!("the rule '{name}' stands twice"), "give each its own name"));
        }
        for (i, rule) in self.rules.iter().enumerate() {
            check_rule(rule, &root.key("rule").item(i))?;
        }
        let limits = root.key("limits");
        zone(&self.limits.zone, limits.key("zone"))?;
        clock(&self.limits.digest_at, limits.key("digest_at"))?;
        if let Some(quiet) = &self.limits.quiet {
            let place = limits.key("quiet");
            let (from, to) = (clock(&quiet.from, place.key("from"))?, clock(&quiet.to, place.key("to"))?);
            if from == to {
                return Err(Fault::new(
                    place,
                    "the quiet hours are empty or the whole day",
                    "give another start or end",
                ));
            }
        }
        for (name, owner) in &self.owners {
            if let Some(own) = &owner.zone {
                zone(own, root.key("owners").key(name).key("zone"))?;
            }
        }
        Ok(())
    }
}

fn zone(name: &str, place: Place) -> std::result::Result<Zone, Fault> {
    let unknown = || Fault::new(place, "there is no such time zone", "use an IANA name such as Europe/Berlin, or UTC");
    zones::zone(name).ok_or_else(unknown)
}

fn clock(text: &str, place: Place) -> std::result::Result<u32, Fault> {
    zones::minutes(text).ok_or_else(|| Fault::new(place, "it is no time of day", "write it as 08:30"))
}

fn check_rule(rule: &AlertRule, place: &Place) -> std::result::Result<(), Fault> {
    let name = &rule.name;
    let when = &rule.when;
    let fault = |key: &str, message: String, hint: &str| Err(Fault::new(place.key(key), message, hint));
    let low = when.enter_at_most.is_some();
    let high = when.enter_at_least.is_some();
    let kinds = [low, high, !when.is.is_empty(), when.event.is_some(), when.absent.is_some()];
    if kinds.iter().filter(|&&k| k).count() != 1 {
        return fault(
            "when",
            format!("the rule '{name}' needs exactly one of enter_at_most, enter_at_least, is, event and absent"),
            "for example { metric = \"health_score\", enter_at_most = 50, leave_above = 60 }",
        );
    }
    if when.metric.is_some() != (low || high || !when.is.is_empty()) {
        return fault(
            "when",
            format!("the rule '{name}' has no metric for its condition, or one too many"),
            "name the observed value in `metric`",
        );
    }
    if (when.leave_above.is_some() && !low) || (when.leave_below.is_some() && !high) {
        return fault(
            "when",
            format!("the rule '{name}' leaves where it never enters"),
            "leave_above belongs to enter_at_most, leave_below to enter_at_least",
        );
    }
    let overlaps = when.leave_above.zip(when.enter_at_most).is_some_and(|(leave, enter)| leave < enter)
        || when.leave_below.zip(when.enter_at_least).is_some_and(|(leave, enter)| leave > enter);
    let numbers = [when.enter_at_most, when.enter_at_least, when.leave_above, when.leave_below];
    if overlaps || numbers.iter().flatten().any(|x| !x.is_finite()) {
        return fault(
            "when",
            format!("the rule '{name}' would leave while it still enters"),
            "let it leave on the healthy side of where it enters",
        );
    }
    if when.days.is_some_and(|d| d > 0.0 && d <= 3660.0) != when.absent.is_some() {
        return fault(
            "when",
            format!("the rule '{name}' needs `days` above 0 with `absent`, and only there"),
            "for example { absent = \"login\", days = 14 }",
        );
    }
    let events = when.event.is_some();
    let counts = if events { rule.n == 1 && rule.k >= 1 } else { 1 <= rule.k && rule.k <= rule.n && rule.n <= 32 };
    if !counts || (when.absent.is_some() && rule.n != 1) {
        return fault(
            "k",
            format!("the rule '{name}' can never count k of n"),
            "give 1 <= k <= n <= 32; for events k and within_hours; for an absence neither",
        );
    }
    if rule.within_hours.is_some_and(|h| h > 0.0) != (events && rule.k > 1) {
        return fault(
            "within_hours",
            format!("the rule '{name}' needs within_hours for k events, and only there"),
            "for example k = 3 and within_hours = 24",
        );
    }
    let hours = [rule.for_hours, rule.cool_down_hours].into_iter().chain(rule.escalate.iter().map(|e| e.after_hours));
    if hours.clone().any(|h| !(0.0..=87_840.0).contains(&h)) {
        return fault(
            "for_hours",
            format!("the rule '{name}' has hours below 0 or beyond ten years"),
            "give 0 or more",
        );
    }
    if rule.for_hours > 0.0 && (events || when.absent.is_some()) {
        return fault(
            "for_hours",
            format!("the rule '{name}' waits for an event to last"),
            "an event has no duration: leave it out",
        );
    }
    if !rule.escalate.windows(2).all(|w| w[0].after_hours < w[1].after_hours) {
        return fault("escalate", format!("the escalations of '{name}' do not ascend"), "order them by after_hours");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_valid() {
        assert_eq!(AlertConfig::shipped().expect("valid").rules.len(), 6);
    }
}
