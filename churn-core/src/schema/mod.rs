//! Canonical fields and industry profiles: data in TOML files, read once.
//!
//! Everything that a field *is* (type, unit, hard limits, whether it is personal, whether it leaks the label)
//! stands in `schema/fields.toml`; everything that differs from industry to industry stands in
//! `profiles/*.toml`. Code asks the schema, it never lists fields by itself.

mod actionable;
mod event_features;
mod expression;
mod language;
mod levels;
mod profile;

pub use actionable::{Actionable, Sense};
pub use event_features::{EventFeature, event_feature, event_features};
pub use expression::{Comparison, Condition, Expression, Term};
pub use language::Language;
pub(crate) use levels::same_level;
pub use levels::{canonical_level, level_key};
pub use profile::{Audience, Identity, PlaybookEntry, Profile, Range, RiskBands, Rule, Templates};

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What the cells of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// An identifier: stays text, whatever it looks like.
    Id,
    /// Free text.
    Text,
    /// One of a few values.
    Category,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
}

/// The kind of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// One row a customer at one point in time.
    #[default]
    Customers,
    /// One row a support ticket.
    Tickets,
    /// One row a payment or invoice.
    Payments,
    /// One row a use of the product.
    Usage,
    /// One row a contact with the customer.
    Interactions,
    /// One row a subscription.
    Subscriptions,
}

impl TableKind {
    /// All kinds.
    pub const ALL: [TableKind; 6] = [
        TableKind::Customers,
        TableKind::Tickets,
        TableKind::Payments,
        TableKind::Usage,
        TableKind::Interactions,
        TableKind::Subscriptions,
    ];

    /// The kind's name in snake_case.
    pub fn name(self) -> &'static str {
        match self {
            TableKind::Customers => "customers",
            TableKind::Tickets => "tickets",
            TableKind::Payments => "payments",
            TableKind::Usage => "usage",
            TableKind::Interactions => "interactions",
            TableKind::Subscriptions => "subscriptions",
        }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// `invalid_argument`, listing the kinds there are.
    pub fn parse(name: &str) -> Result<TableKind> {
        TableKind::ALL.into_iter().find(|k| k.name() == name).ok_or_else(|| {
            let all: Vec<_> = TableKind::ALL.iter().map(|k| k.name()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("there is no table kind '{name}'"))
                .with("argument", "table_kind")
                .hint(format!("use one of: {}", all.join(", ")))
        })
    }
}

/// One canonical field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Canonical name, snake_case.
    pub name: String,
    /// What its cells are.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Unit of a number, for example `months`.
    pub unit: Option<String>,
    /// Smallest value that can be true.
    pub min: Option<f64>,
    /// Largest value that can be true.
    pub max: Option<f64>,
    /// What it means.
    pub description: String,
    /// The name people read.
    pub readable: String,
    /// Whether it is personal data.
    #[serde(default)]
    pub pii: bool,
    /// Whether it exists, or has its value, only because the customer left: never a feature.
    #[serde(default)]
    pub leak: bool,
    /// Whether it is a count or a state that moves from day to day, so that today's value says nothing safe about an
    /// earlier day.
    #[serde(default)]
    pub volatile: bool,
}

impl FieldSpec {
    /// Whether a model may use the field: not an id, not free text, not personal, not a leak, and not a
    /// bookkeeping date.
    pub fn usable_as_feature(&self) -> bool {
        !self.pii && !self.leak && !matches!(self.field_type, FieldType::Id | FieldType::Text | FieldType::Timestamp)
    }

    /// Whether the unit is money.
    pub fn is_money(&self) -> bool {
        self.unit.as_deref().is_some_and(|u| u.starts_with("money"))
    }
}

#[derive(Deserialize)]
struct FieldFile {
    customers: Vec<FieldSpec>,
    tickets: Vec<FieldSpec>,
    payments: Vec<FieldSpec>,
    usage: Vec<FieldSpec>,
    interactions: Vec<FieldSpec>,
    subscriptions: Vec<FieldSpec>,
}

static FIELDS: LazyLock<FieldFile> = LazyLock::new(|| {
    // The file is part of the build and a test reads it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    toml::from_str(include_str!("../../schema/fields.toml")).expect("schema/fields.toml is valid")
});

/// The canonical fields of a table kind, in the documented order.
pub fn fields(kind: TableKind) -> &'static [FieldSpec] {
    match kind {
        TableKind::Customers => &FIELDS.customers,
        TableKind::Tickets => &FIELDS.tickets,
        TableKind::Payments => &FIELDS.payments,
        TableKind::Usage => &FIELDS.usage,
        TableKind::Interactions => &FIELDS.interactions,
        TableKind::Subscriptions => &FIELDS.subscriptions,
    }
}

/// The customer field of this name.
pub fn field(name: &str) -> Option<&'static FieldSpec> {
    fields(TableKind::Customers).iter().find(|f| f.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_fields_once() {
        for kind in TableKind::ALL {
            let mut names: Vec<_> = fields(kind).iter().map(|f| f.name.as_str()).collect();
            assert!(names.contains(&"customer_id"), "{}", kind.name());
            let n = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), n, "{}", kind.name());
        }
        assert_eq!(fields(TableKind::Customers).len(), 70);
    }

    #[test]
    fn leaks_and_personal_fields_are_no_features() {
        for name in ["churned", "churn_date", "status", "email", "customer_id", "account_owner"] {
            assert!(!field(name).expect(name).usable_as_feature(), "{name}");
        }
        assert!(field("tenure_months").expect("field").usable_as_feature());
    }
}
