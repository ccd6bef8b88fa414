//! What the alert engine reads, remembers and answers: plain values that serialise.

use super::config::Severity;
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// An observed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading {
    /// A number.
    Number(f64),
    /// True or false; the levels `true` and `false`.
    Boolean(bool),
    /// A level, for example `red`.
    Level(String),
}

/// Something that was seen of a customer at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The customer.
    pub customer_id: String,
    /// When, in seconds since 1970-01-01T00:00:00Z; ISO 8601 in JSON.
    #[serde(with = "iso")]
    pub at: i64,
    /// Who looks after the customer; the one known before where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Observed values by name: `health_score`, `health_band`, `churn_probability`, `health_trend_30d`, or one's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Reading>,
    /// Name of an event, for example `payment_failed` or `login`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// Why a notification goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A rule fired.
    Raised,
    /// Nobody acknowledged the alert in time.
    Escalated,
    /// The day's digest.
    Digest,
}

/// A notification to be sent by the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same for the same event, however often the input is replayed: send each id once.
    pub id: String,
    /// Why it goes out.
    pub kind: NotificationKind,
    /// The alert; empty for a digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alert_id: String,
    /// Name of the rule; empty for a digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Title of the rule.
    pub title: String,
    /// How serious.
    pub severity: Severity,
    /// The customer; empty for a digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub customer_id: String,
    /// Who gets it: the owner, a manager, or `unassigned`.
    pub recipient: String,
    /// When the rule fired (for a digest: when it is sent).
    #[serde(with = "iso")]
    pub raised_at: i64,
    /// When it is to be sent.
    #[serde(with = "iso")]
    pub at: i64,
    /// Why the rule fired, in words.
    pub reason: String,
    /// What to do, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// What a digest holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Notification>,
}

/// An alert that was not sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Name of the rule.
    pub rule: String,
    /// The customer.
    pub customer_id: String,
    /// When.
    #[serde(with = "iso")]
    pub at: i64,
    /// `cool_down`, `duplicate` (another alert of the group is open), `cap` (moved to the digest) or `recovered` (the
    /// condition ended within the quiet hours).
    pub reason: String,
}

/// What became of an alert, as a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody looks after it; it stays open, and escalates no more.
    Acknowledged,
    /// Done, or nothing to do; it is closed.
    Closed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenAlert {
    pub id: String,
    pub raised_at: i64,
    #[serde(default)]
    pub acknowledged: bool,
    #[serde(default)]
    pub escalated: usize,
    pub reason: String,
}

fn never() -> i64 {
    i64::MIN
}

fn is_never(at: &i64) -> bool {
    *at == i64::MIN
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RuleState {
    /// Latest observation that the rule has seen of the customer.
    #[serde(default = "never", skip_serializing_if = "is_never")]
    pub seen: i64,
    /// Which of the last 32 observations met the condition; the lowest bit is the latest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hits: u32,
    /// Since when enough of them have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Whether the rule has entered and not left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub active: bool,
    /// Silent until then.
    #[serde(default = "never", skip_serializing_if = "is_never")]
    pub silent_until: i64,
    /// The latest events, for k within a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<i64>,
    /// Why it is active, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The open alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<OpenAlert>,
}

impl Default for RuleState {
    fn default() -> Self {
        RuleState {
            seen: i64::MIN,
            hits: 0,
            since: None,
            active: false,
            silent_until: i64::MIN,
            events: Vec::new(),
            reason: String::new(),
            alert: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CustomerState {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// First observation: absences count from here.
    pub first: i64,
    pub rules: Vec<RuleState>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub due: i64,
    pub notification: Notification,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct OwnerState {
    /// Monday of the week that `sent` counts, in days since 1970-01-01.
    pub week: i64,
    pub sent: u32,
    /// Held back by quiet hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digest: Vec<Notification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_due: Option<i64>,
}

/// All that the engine remembers; kept by the host, as JSON or in memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertState {
    /// Version of the form.
    version: u32,
    /// Names of the rules, in the order in which every customer's states stand.
    pub(super) rules: Vec<String>,
    /// Up to when time has passed.
    pub(super) clock: i64,
    pub(super) customers: BTreeMap<String, CustomerState>,
    pub(super) owners: BTreeMap<String, OwnerState>,
}

impl Default for AlertState {
    fn default() -> Self {
        AlertState {
            version: 1,
            rules: Vec::new(),
            clock: i64::MIN,
            customers: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }
}

impl AlertState {
    /// A state from JSON.
    ///
    /// # Errors
    /// `invalid_argument` for anything else than a state of this version.
    pub fn from_json(text: &str) -> Result<AlertState> {
        let wrong = |what: String| {
            Error::new(ErrorKind::InvalidArgument, format!("the alert state is not valid: {what}"))
                .with("argument", "state")
                .hint("give what the last step returned, unchanged; or nothing, to start anew")
        };
        let state: AlertState = serde_json::from_str(text)
            .map_err(|e| wrong(format!("line {}, column {}", e.line(), e.column())).caused_by(e))?;
        if state.version != 1 {
            return Err(wrong(format!("version {} is not known", state.version)));
        }
        if state.customers.values().any(|c| c.rules.len() != state.rules.len()) {
            return Err(wrong("a customer has not as many rules as there are".into()));
        }
        Ok(state)
    }

    /// The state as JSON; the same state gives the same text.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::internal("an alert state without JSON").caused_by(e))
    }

    /// The ids of all open alerts, sorted.
    pub fn open_alerts(&self) -> Vec<&str> {
        let all = self.customers.values().flat_map(|c| &c.rules).filter_map(|r| r.alert.as_ref());
        let mut ids: Vec<&str> = all.map(|a| a.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// Says what became of an alert; `false` where it is not open.
    pub fn settle(&mut self, alert_id: &str, outcome: Outcome) -> bool {
        for rule in self.customers.values_mut().flat_map(|c| &mut c.rules) {
            let Some(alert) = rule.alert.as_mut().filter(|a| a.id == alert_id) else { continue };
            match outcome {
                Outcome::Acknowledged => alert.acknowledged = true,
                Outcome::Closed => rule.alert = None,
            }
            return true;
        }
        false
    }

    /// Puts every customer's states into the order of these rules; what is new starts anew.
    pub(super) fn align(&mut self, names: &[String]) {
        if self.rules == names {
            return;
        }
        let from: Vec<Option<usize>> = names.iter().map(|n| self.rules.iter().position(|r| r == n)).collect();
        for customer in self.customers.values_mut() {
            let rules = from.iter().map(|f| f.and_then(|i| customer.rules.get(i).cloned()).unwrap_or_default());
            customer.rules = rules.collect();
        }
        self.rules = names.to_vec();
    }
}

/// An instant as ISO 8601 in UTC.
pub fn instant(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |t| t.to_string())
}

/// Seconds since 1970-01-01T00:00:00Z of an ISO 8601 instant, or of a date (its midnight in UTC).
///
/// # Errors
/// `invalid_argument`.
pub fn parse_instant(text: &str, argument: &'static str) -> Result<i64> {
    let instant = text.parse::<jiff::Timestamp>().ok();
    let date = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    instant.or_else(|| date().map(|z| z.timestamp())).map(jiff::Timestamp::as_second).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("{argument} is not an ISO 8601 instant"))
            .with("argument", argument)
            .hint("write it as 2026-03-01T10:00:00Z")
    })
}

mod iso {
    use super::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &i64, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::instant(*at))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<i64, D::Error> {
        let text = String::deserialize(d)?;
        super::parse_instant(&text, "at").map_err(|_| serde::de::Error::custom("it is no ISO 8601 instant"))
    }
}
