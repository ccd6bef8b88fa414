//! Industry profiles: what an industry requires, calls normal, and does about risk. Data, not code.

use super::expression::{Comparison, Condition, Expression, Term};
use super::{Actionable, Language, field};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bands that turn a calibrated churn probability into a risk level:
/// Low <= `low_max` < Medium <= `medium_max` < High.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskBands {
    /// Largest probability that is still Low.
    pub low_max: f64,
    /// Largest probability that is still Medium.
    pub medium_max: f64,
}

impl Default for RiskBands {
    fn default() -> Self {
        RiskBands { low_max: 0.4, medium_max: 0.7 }
    }
}

impl RiskBands {
    /// Bands with these upper bounds.
    ///
    /// # Errors
    /// `invalid_argument` unless 0 < low_max < medium_max < 1.
    pub fn new(low_max: f64, medium_max: f64) -> Result<Self> {
        if 0.0 < low_max && low_max < medium_max && medium_max < 1.0 {
            Ok(RiskBands { low_max, medium_max })
        } else {
            Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("risk bands {low_max} and {medium_max} do not ascend within 0 and 1"),
            )
            .hint("give 0 < low_max < medium_max < 1, for example 0.4 and 0.7"))
        }
    }
}

/// A plausible range: values outside are possible but worth a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Canonical field.
    pub field: String,
    /// Smallest plausible value.
    pub min: Option<f64>,
    /// Largest plausible value.
    pub max: Option<f64>,
}

/// A business rule between fields, as a small expression (see [`Expression`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "RuleText")]
pub struct Rule {
    /// Stable code of the finding, snake_case.
    pub code: String,
    /// What must hold, as written.
    pub check: String,
    /// What it means when the rule is broken.
    pub message: String,
    /// What to do about it.
    pub suggestion: String,
    /// The rule as parsed.
    #[serde(skip)]
    pub expression: Expression,
}

/// A rule as it is written; `left op factor x product(right)` is the form of earlier model files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    code: String,
    check: Option<String>,
    left: Option<String>,
    op: Option<String>,
    #[serde(default)]
    right: Vec<String>,
    factor: Option<f64>,
    #[serde(default)]
    tolerance: f64,
    message: String,
    #[serde(default)]
    suggestion: String,
}

impl TryFrom<RuleText> for Rule {
    type Error = String;

    fn try_from(rule: RuleText) -> std::result::Result<Rule, String> {
        let check = match (rule.check, rule.left, rule.op) {
            (Some(check), None, None) => check,
            (None, Some(left), Some(op)) if !rule.right.is_empty() => {
                let factor = rule.factor.filter(|f| *f != 1.0).map(|f| format!("{f} * ")).unwrap_or_default();
                let within = if op == "~" { format!(" within {}", rule.tolerance) } else { String::new() };
                format!("{left} {op} {factor}{}{within}", rule.right.join(" * "))
            }
            _ => return Err(format!("rule '{}' needs `check`, the expression that must hold", rule.code)),
        };
        let expression = Expression::parse(&check).map_err(|e| format!("rule '{}': {}", rule.code, e.message()))?;
        Ok(Rule { code: rule.code, check, message: rule.message, suggestion: rule.suggestion, expression })
    }
}

impl Rule {
    /// Where the rule says that a field is about equal to something, the field and the something: a missing field can
    /// be filled from it.
    pub fn determines(&self) -> Option<(&str, &Term)> {
        match &self.expression {
            Expression { when: None, then: Condition::Compare(Comparison::About(_), Term::Column(field), right) } => {
                Some((field, right))
            }
            _ => None,
        }
    }
}

/// A field that others determine (total = tenure x monthly): no leak, but its credit belongs to another field,
/// so that one cause is told once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The derived field.
    pub field: String,
    /// The field that its SHAP value is added to.
    pub credit_to: String,
}

/// What to do about one kind of reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaybookEntry {
    /// Stable name, snake_case.
    pub action: String,
    /// Canonical fields (or own columns) that the entry answers.
    pub fields: Vec<String>,
    /// Only for these values of the field, compared without regard to case; empty for any value.
    #[serde(default)]
    pub values: Vec<String>,
    /// Only for numbers below this.
    pub below: Option<f64>,
    /// Only for numbers above this.
    pub above: Option<f64>,
    /// The recommendation, in words.
    pub recommendation: String,
    /// `untested` until a hold-out test has been read in.
    #[serde(default = "untested")]
    pub evidence: String,
}

fn untested() -> String {
    "untested".to_owned()
}

/// Phrases for reasons: field -> value -> phrase.
pub type Templates = BTreeMap<String, BTreeMap<String, String>>;

/// Words for the people who read reports of this industry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// What one customer is called.
    pub customer: String,
    /// What several are called.
    pub customers: String,
}

impl Default for Audience {
    fn default() -> Self {
        Audience { customer: "customer".into(), customers: "customers".into() }
    }
}

/// An industry profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name, snake_case.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Required fields; of each inner list one suffices.
    #[serde(default)]
    pub required: Vec<Vec<String>>,
    /// Fields that make a model much better but are not required.
    #[serde(default)]
    pub wanted: Vec<String>,
    /// Words for reports.
    #[serde(default)]
    pub audience: Audience,
    /// The language of reasons and recommendations.
    #[serde(default, skip_serializing_if = "Language::is_english")]
    pub language: Language,
    /// Risk bands.
    #[serde(default)]
    pub risk_bands: RiskBands,
    /// Extra spellings of fields in this industry.
    #[serde(default)]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Plausible ranges.
    #[serde(default)]
    pub ranges: Vec<Range>,
    /// Business rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Derived fields.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// What to do, most specific first.
    #[serde(default)]
    pub playbook: Vec<PlaybookEntry>,
    /// What can be changed about a customer, for counterfactuals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actionable: Vec<Actionable>,
    /// Columns that never become features in this industry, by words of their header: filled in after the outcome, or
    /// by people who already judged it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
    /// What to recommend where no reason is actionable.
    #[serde(default = "monitor")]
    pub default_recommendation: String,
    /// What to recommend for a customer at low risk.
    #[serde(default = "leave_alone")]
    pub low_risk_recommendation: String,
    /// Phrases for reasons.
    #[serde(default)]
    pub phrases: Templates,
}

fn leave_alone() -> String {
    "Low risk: nothing to do now".to_owned()
}

fn monitor() -> String {
    "No actionable reason: keep an eye on this customer".to_owned()
}

const SHIPPED: [(&str, &str); 4] = [
    ("saas", include_str!("../../profiles/saas.toml")),
    ("telecom", include_str!("../../profiles/telecom.toml")),
    ("generic", include_str!("../../profiles/generic.toml")),
    ("lead", include_str!("../../profiles/lead.toml")),
];

impl Profile {
    /// Names of the shipped profiles.
    pub fn shipped_names() -> [&'static str; 4] {
        SHIPPED.map(|(name, _)| name)
    }

    /// A shipped profile: `saas`, `telecom`, `generic` or `lead`.
    ///
    /// # Errors
    /// `invalid_argument` for another name.
    pub fn shipped(name: &str) -> Result<Profile> {
        let (_, text) = SHIPPED.iter().find(|(n, _)| *n == name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there is no profile '{name}'"))
                .with("argument", "profile")
                .hint(format!(
                    "use one of: {}; or give a profile of your own as TOML",
                    Self::shipped_names().join(", ")
                ))
        })?;
        Profile::from_toml(text)
    }

    /// A shipped profile by its name, or one of the user's own as TOML text, which has lines.
    ///
    /// # Errors
    /// As [`shipped`](Profile::shipped) and [`from_toml`](Profile::from_toml).
    pub fn named_or_toml(given: &str) -> Result<Profile> {
        if given.contains('\n') { Profile::from_toml(given) } else { Profile::shipped(given) }
    }

    /// A profile of one's own, as TOML; `docs/profiles.md` lists the keys.
    ///
    /// # Errors
    /// `invalid_argument` with the line, for TOML that does not parse, unknown keys, unknown fields in
    /// `required`, or bands that do not ascend.
    pub fn from_toml(text: &str) -> Result<Profile> {
        let profile: Profile = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text.bytes().take(s.start).filter(|&b| b == b'\n').count() + 1);
            let mut error = Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the profile is not valid{}: {}",
                    line.map_or(String::new(), |l| format!(" (line {l})")),
                    e.message()
                ),
            )
            .with("argument", "profile");
            if let Some(line) = line {
                error = error.with("line", line);
            }
            error.hint("compare it with a shipped profile")
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// The profile as TOML, which [`from_toml`](Profile::from_toml) reads.
    ///
    /// # Errors
    /// `internal` where it has no TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::internal("a profile without TOML").caused_by(e))
    }

    fn check(&self) -> Result<()> {
        RiskBands::new(self.risk_bands.low_max, self.risk_bands.medium_max)?;
        let bad = |what: String, hint: &str| {
            Err(Error::new(ErrorKind::InvalidArgument, what).with("argument", "profile").hint(hint))
        };
        for name in self.required.iter().flatten().chain(&self.wanted).chain(self.ranges.iter().map(|r| &r.field)) {
            if field(name).is_none() {
                return bad(
                    format!("profile '{}' names the field '{name}', which is not a canonical field", self.name),
                    "docs/fields.md lists the canonical fields",
                );
            }
        }
        for action in &self.actionable {
            let finite = [action.min, action.max, action.max_share, action.max_change, action.span, action.step];
            let positive = [action.max_share, action.max_change, action.span, action.step];
            let bad_number =
                finite.iter().flatten().any(|x| !x.is_finite()) || positive.iter().flatten().any(|x| *x <= 0.0);
            if bad_number
                || !action.cost.is_finite()
                || action.cost <= 0.0
                || matches!((action.min, action.max), (Some(a), Some(b)) if a > b)
            {
                return bad(
                    format!(
                        "the actionable field '{}' of profile '{}' has a range, step or cost that cannot be",
                        action.field, self.name
                    ),
                    "give min <= max, and steps, spans and costs above 0",
                );
            }
        }
        Ok(())
    }

    /// Whether a header names a column that never becomes a feature: the words of an entry of `never` stand in it side
    /// by side, whatever their case.
    pub fn excludes(&self, header: &str) -> bool {
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
        };
        let header = words(header);
        self.never.iter().map(|n| words(n)).any(|n| !n.is_empty() && header.windows(n.len()).any(|w| w == n))
    }

    /// What can be changed about a customer: the profile's own list, or, where it has none, that of the shipped profile
    /// of its name (model files of before the list existed hold none).
    pub fn actionables(&self) -> Vec<Actionable> {
        if !self.actionable.is_empty() {
            return self.actionable.clone();
        }
        Profile::shipped(&self.name).map(|p| p.actionable).unwrap_or_default()
    }

    /// The field that carries the credit of `name` in explanations: itself, unless it is derived.
    pub fn credit_field<'a>(&'a self, name: &'a str) -> &'a str {
        self.identities.iter().find(|i| i.field == name).map_or(name, |i| i.credit_to.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_profiles_are_valid() {
        for name in Profile::shipped_names() {
            let profile = Profile::shipped(name).expect(name);
            assert_eq!(profile.name, name);
        }
    }

    #[test]
    fn a_broken_profile_says_where() {
        let error = Profile::from_toml("name = \"x\"\ntitle = \"X\"\ndescription = \"\"\nbogus = 1\n")
            .expect_err("unknown key");
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.context().contains(&("line", "4".to_owned())), "{error:?}");
        let error = Profile::from_toml("name = \"x\"\ntitle = \"X\"\ndescription = \"\"\nrequired = [[\"nope\"]]\n")
            .expect_err("unknown field");
        assert!(error.to_string().contains("'nope'"));
    }
}
