//! How event features are made; stored in the model, so that one customer is scored live as in training.

use super::custom::CustomFeature;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How event features are made; every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventSettings {
    /// A first response later than so many hours is late.
    pub response_hours: f64,
    /// A resolution later than so many hours is late.
    pub resolution_hours: f64,
    /// The uses of the product that show that it has been adopted, as the column `event` names them.
    pub key_events: Vec<String>,
    /// Days after which what happened is known, by table: the delay of a source that arrives late.
    pub delay_days: BTreeMap<TableKind, f64>,
    /// Minutes that local time is ahead of UTC: where days begin, for dates and for active days.
    pub utc_offset_minutes: i32,
    /// Features of the caller's own.
    pub custom: Vec<CustomFeature>,
}

impl Default for EventSettings {
    fn default() -> Self {
        EventSettings {
            response_hours: 24.0,
            resolution_hours: 72.0,
            key_events: Vec::new(),
            delay_days: BTreeMap::new(),
            utc_offset_minutes: 0,
            custom: Vec::new(),
        }
    }
}

impl EventSettings {
    /// Settings from JSON; keys that are not given have their defaults.
    ///
    /// # Errors
    /// `invalid_argument` for an unknown key or a value that cannot be used.
    pub fn from_json(value: &serde_json::Value) -> Result<Self> {
        let read: Self = serde_json::from_value(value.clone()).map_err(|e| wrong(&e.to_string()))?;
        read.checked()
    }

    /// The settings themselves, where they can be used.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn checked(self) -> Result<Self> {
        let hours = [self.response_hours, self.resolution_hours];
        if hours.iter().any(|h| !h.is_finite() || *h < 0.0) {
            return Err(wrong("hours must be 0 or more"));
        }
        if self.delay_days.values().any(|d| !(0.0..=3650.0).contains(d)) {
            return Err(wrong("a delay must be between 0 and 3650 days"));
        }
        if self.delay_days.contains_key(&TableKind::Customers) {
            return Err(wrong("a delay belongs to a table of events"));
        }
        if self.utc_offset_minutes.abs() > 26 * 60 {
            return Err(wrong("utc_offset_minutes is more than a day"));
        }
        for (i, feature) in self.custom.iter().enumerate() {
            feature.check()?;
            if self.custom[..i].iter().any(|f| f.name == feature.name) {
                return Err(wrong(&format!("two custom features are called '{}'", feature.name)));
            }
        }
        Ok(self)
    }

    /// Microseconds after which what a table tells is known.
    pub(super) fn delay(&self, kind: TableKind) -> i64 {
        self.delay_days.get(&kind).map_or(0, |d| (d * super::time::DAY as f64) as i64)
    }

    /// Microseconds that local time is ahead of UTC.
    pub(super) fn offset(&self) -> i64 {
        i64::from(self.utc_offset_minutes) * 60_000_000
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the event settings cannot be used: {message}"))
        .with("argument", "settings")
        .hint("see docs/events.md for their fields")
}
