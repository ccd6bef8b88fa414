//! What "churned" means: the rule by which a label is read off a customer's history.

use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// When the loss of a subscription is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// At the moment of cancelling (`canceled_at` where the table has it, else `ended_at`).
    Cancellation,
    /// One day after the moment of cancelling.
    DayAfterCancellation,
    /// At the end of what was paid for: `renews_at` where it lies behind the cancellation, else `ended_at`.
    #[default]
    PeriodEnd,
}

/// Which losses count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChurnKind {
    /// Every loss.
    #[default]
    All,
    /// The customer chose to leave; customers lost otherwise within the window are left out of training.
    Voluntary,
    /// A payment failed for good; customers who chose to leave within the window are left out of training.
    Involuntary,
}

/// What a paused subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pauses {
    /// It runs on.
    #[default]
    Running,
    /// It does not run: a customer with nothing else running is lost while the pause lasts.
    NotRunning,
}

/// What a customer who joins and leaves in one calendar month is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameMonth {
    /// Counted, as any other.
    #[default]
    Count,
    /// Neither a new customer nor a lost one.
    Ignore,
}

/// The rule by which customers are labelled. All windows are half-open.
///
/// With `inactivity_days` the business is **non-contractual**: on day `t` a customer is active with at least one
/// activity in `[t - inactivity_days, t)`, and is labelled as churned when at the end of the window, at
/// `e = t + gap_days + horizon_days`, nothing has happened for that long: no activity in `[e - inactivity_days, e)`.
/// With `inactivity_days == horizon_days` and no gap that is "no activity in the horizon".
///
/// Without it the business is **contractual**: a customer is active while a subscription runs (or, without a table of
/// subscriptions, from `signup_date` to `churn_date`), and is labelled as churned when the loss of the last one is
/// booked in `[t + gap_days, t + gap_days + horizon_days)`. Losses booked inside the gap come too late for any action:
/// those snapshots are left out of training.
///
/// ```
/// use churn_core::events::ChurnDefinition;
/// let silence = ChurnDefinition::inactivity(90, 90);
/// let booked = ChurnDefinition::preset("chargify", 30)?;
/// assert_ne!(silence.id(), booked.id());
/// # Ok::<(), churn_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnDefinition {
    /// Length of the window in which a loss counts, in days; at least 1.
    pub horizon_days: u32,
    /// Days between the snapshot and the window: the time that is needed to act.
    #[serde(default)]
    pub gap_days: u32,
    /// When a loss is booked (contractual).
    #[serde(default)]
    pub booking: Booking,
    /// Days after which an unpaid payment ends the subscription, involuntarily (contractual); `None`: never.
    #[serde(default)]
    pub past_due_days: Option<u32>,
    /// Days of silence after which a customer counts as lost; `None` means contractual.
    #[serde(default)]
    pub inactivity_days: Option<u32>,
    /// The tables whose events are activity (non-contractual); empty means usage and payments, those that are given.
    #[serde(default)]
    pub activity: Vec<TableKind>,
    /// Which losses count (contractual).
    #[serde(default)]
    pub kind: ChurnKind,
    /// What a paused subscription is (contractual).
    #[serde(default)]
    pub pauses: Pauses,
    /// What joining and leaving in one calendar month is (contractual).
    #[serde(default)]
    pub same_month: SameMonth,
    /// Who comes back within so many days is reactivated, later ones are new; `None`: always reactivated.
    #[serde(default)]
    pub reactivation_days: Option<u32>,
    /// A hole of at most so many days between two subscriptions is none: a renewal is often booked on the next day.
    #[serde(default = "one")]
    pub grace_days: u32,
}

fn one() -> u32 {
    1
}

/// The names of [`ChurnDefinition::preset`].
pub const PRESETS: [&str; 4] = ["chargify", "chartmogul", "profitwell", "recharge"];

impl ChurnDefinition {
    /// Contractual churn booked at the end of the paid period, within `horizon_days`.
    pub fn contractual(horizon_days: u32) -> Self {
        ChurnDefinition {
            horizon_days,
            gap_days: 0,
            booking: Booking::default(),
            past_due_days: None,
            inactivity_days: None,
            activity: Vec::new(),
            kind: ChurnKind::default(),
            pauses: Pauses::default(),
            same_month: SameMonth::default(),
            reactivation_days: None,
            grace_days: 1,
        }
    }

    /// Non-contractual churn: silence for `inactivity_days` at the end of the window.
    pub fn inactivity(horizon_days: u32, inactivity_days: u32) -> Self {
        ChurnDefinition { inactivity_days: Some(inactivity_days), ..Self::contractual(horizon_days) }
    }

    /// The booking rules of a vendor of subscription metrics, as their help pages tell them: `profitwell` (end of the
    /// paid cycle; joined and left in one month is ignored; a pause is no revenue; a return is always a reactivation),
    /// `chargify` (at cancellation; a pause keeps its revenue; a return within 90 days is a reactivation, later one is
    /// new), `recharge` (the day after cancellation; a pause is no revenue) and `chartmogul` (end of the current period).
    ///
    /// # Errors
    /// `invalid_argument` for another name, listing the presets.
    pub fn preset(name: &str, horizon_days: u32) -> Result<Self> {
        let base = Self::contractual(horizon_days);
        let definition = match name {
            "profitwell" => ChurnDefinition { same_month: SameMonth::Ignore, pauses: Pauses::NotRunning, ..base },
            "chargify" => ChurnDefinition { booking: Booking::Cancellation, reactivation_days: Some(90), ..base },
            "recharge" => {
                ChurnDefinition { booking: Booking::DayAfterCancellation, pauses: Pauses::NotRunning, ..base }
            }
            "chartmogul" => base,
            _ => {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("there is no preset '{name}'"))
                    .with("argument", "preset")
                    .hint(format!("use one of: {}", PRESETS.join(", "))));
            }
        };
        definition.checked()
    }

    /// A definition from JSON, such as `{"horizon_days": 30, "booking": "period_end"}`; with a key `preset` the other
    /// keys change that preset.
    ///
    /// # Errors
    /// `invalid_argument` for an unknown key, a value of another kind, or a definition that cannot be met.
    pub fn from_json(value: &serde_json::Value) -> Result<Self> {
        let mut object = value.as_object().cloned().unwrap_or_default();
        let preset = object.shift_remove("preset");
        let whole = match preset.as_ref().and_then(|p| p.as_str()) {
            Some(name) => {
                let base = Self::preset(name, 1)?;
                let mut whole = serde_json::to_value(&base)
                    .map_err(|e| Error::internal("a definition without JSON").caused_by(e))?;
                let Some(fields) = whole.as_object_mut() else {
                    return Err(Error::internal("a definition is no object"));
                };
                // The horizon is the caller's own decision, no preset has one.
                fields.shift_remove("horizon_days");
                fields.extend(object);
                whole
            }
            None => serde_json::Value::Object(object),
        };
        let read: Self = serde_json::from_value(whole).map_err(|e| wrong(&e.to_string()))?;
        read.checked()
    }

    /// The definition itself, where it can be met.
    ///
    /// # Errors
    /// `invalid_argument` for a horizon of no days, an inactivity of no days, rules of subscriptions in a
    /// non-contractual definition, or customers as activity.
    pub fn checked(self) -> Result<Self> {
        if self.horizon_days == 0 {
            return Err(wrong("horizon_days must be at least 1"));
        }
        if self.inactivity_days == Some(0) {
            return Err(wrong("inactivity_days must be at least 1"));
        }
        if self.past_due_days == Some(0) {
            return Err(wrong("past_due_days must be at least 1"));
        }
        let longest = [self.horizon_days, self.gap_days, self.grace_days];
        let given = [self.past_due_days, self.inactivity_days, self.reactivation_days];
        if longest.into_iter().chain(given.into_iter().flatten()).any(|d| d > 36_525) {
            return Err(wrong("no span may be longer than a century"));
        }
        if self.inactivity_days.is_some() && (self.past_due_days.is_some() || self.kind != ChurnKind::All) {
            return Err(wrong("past_due_days and kind belong to contractual churn: leave out inactivity_days"));
        }
        if self.activity.contains(&TableKind::Customers) || self.activity.contains(&TableKind::Subscriptions) {
            return Err(wrong("activity is one or more of tickets, payments, usage and interactions"));
        }
        if self.inactivity_days.is_none() && !self.activity.is_empty() {
            return Err(wrong("activity belongs to non-contractual churn: give inactivity_days"));
        }
        Ok(self)
    }

    /// SHA-256, in hex, of the definition as JSON: two definitions with one hash label alike.
    pub fn hash(&self) -> String {
        // A struct of plain values always has JSON.
        let json = serde_json::to_string(self).unwrap_or_default();
        Sha256::digest(json.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The first twelve digits of [`hash`](Self::hash): short enough to stand beside every metric.
    pub fn id(&self) -> String {
        self.hash()[..12].to_owned()
    }

    /// The definition in one sentence, with its id.
    pub fn describe(&self) -> String {
        let days = |n: u32| if n == 1 { "1 day".to_owned() } else { format!("{n} days") };
        let window = match self.gap_days {
            0 => format!("within {}", days(self.horizon_days)),
            gap => format!("within {} after a gap of {}", days(self.horizon_days), days(gap)),
        };
        let rule = match self.inactivity_days {
            Some(n) => {
                let tables = match self.activity.as_slice() {
                    [] => "activity".to_owned(),
                    list => list.iter().map(|k| k.name()).collect::<Vec<_>>().join(" or "),
                };
                format!("non-contractual: {window}, and then no {tables} for {}", days(n))
            }
            None => {
                let kind = match self.kind {
                    ChurnKind::All => "",
                    ChurnKind::Voluntary => "voluntary ",
                    ChurnKind::Involuntary => "involuntary ",
                };
                let booking = match self.booking {
                    Booking::Cancellation => "at cancellation",
                    Booking::DayAfterCancellation => "the day after cancellation",
                    Booking::PeriodEnd => "at the end of the paid period",
                };
                let mut rule = format!("contractual: {kind}loss booked {booking}, {window}");
                if let Some(n) = self.past_due_days {
                    rule += &format!("; unpaid {} past due is a loss", days(n));
                }
                if self.pauses == Pauses::NotRunning {
                    rule += "; a pause is a loss";
                }
                if self.same_month == SameMonth::Ignore {
                    rule += "; joining and leaving in one month is ignored";
                }
                if let Some(n) = self.reactivation_days {
                    rule += &format!("; who returns after {} is new", days(n));
                }
                rule
            }
        };
        format!("{rule} [{}]", self.id())
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the churn definition cannot be used: {message}"))
        .with("argument", "definition")
        .hint("see docs/events.md for its fields")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn presets_and_json_agree() {
        for name in PRESETS {
            let preset = ChurnDefinition::preset(name, 30).expect(name);
            let json = ChurnDefinition::from_json(&json!({"preset": name, "horizon_days": 30})).expect(name);
            assert_eq!(preset, json);
            let again = ChurnDefinition::from_json(&serde_json::to_value(&preset).expect("json")).expect(name);
            assert_eq!((again.hash(), again.id().len()), (preset.hash(), 12));
        }
        let ids: std::collections::HashSet<_> =
            PRESETS.iter().map(|p| ChurnDefinition::preset(p, 30).expect("preset").id()).collect();
        assert_eq!(ids.len(), 4);
        assert!(ChurnDefinition::preset("nobody", 30).is_err());
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        let given = [
            json!({}),
            json!({"horizon_days": 0}),
            json!({"horizon_days": 30, "horizon": 3}),
            json!({"horizon_days": 30, "booking": "some day"}),
            json!({"horizon_days": 30, "inactivity_days": 0}),
            json!({"horizon_days": 30, "inactivity_days": 30, "kind": "voluntary"}),
            json!({"horizon_days": 30, "activity": ["usage"]}),
            json!({"horizon_days": 4_000_000_000u32}),
            json!({"preset": "chargify"}),
        ];
        for value in given {
            let error = ChurnDefinition::from_json(&value).expect_err("refused");
            assert_eq!(error.code(), "invalid_argument", "{value}");
        }
        let text = ChurnDefinition::inactivity(30, 90).describe();
        assert!(text.contains("90 days") && text.contains('['), "{text}");
    }
}
