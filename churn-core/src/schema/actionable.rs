//! What can be changed about a customer, which way, how far and at what cost: data of the profile.

use serde::{Deserialize, Serialize};

/// Which way a field can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// Only up.
    Up,
    /// Only down.
    Down,
    /// Both ways.
    #[default]
    Any,
}

/// A field that somebody can do something about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actionable {
    /// Canonical field, or own column.
    pub field: String,
    /// Effort of the whole way (`span`) for a number, of the move for a level; any unit, compared among fields.
    #[serde(default = "one")]
    pub cost: f64,
    /// Levels it can be moved to; for categories and truth values (`true`, `false`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Levels it can be moved from; any where not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Which way a number can be moved.
    #[serde(default)]
    pub sense: Sense,
    /// Least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Farthest from the present value, as a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_share: Option<f64>,
    /// Farthest from the present value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_change: Option<f64>,
    /// Values are multiples of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// The way that `cost` stands for; the largest change that is allowed where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<f64>,
}

fn one() -> f64 {
    1.0
}
