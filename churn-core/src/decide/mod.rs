//! What to do: reasons to a recommendation, by the profile's playbook; the cheapest changes that would lower the risk;
//! whom to contact, what a campaign is worth, what it really did, and the money at risk.
//!
//! A reason is an association, not a proven cause, so every recommendation carries its evidence status.

mod contact;
mod lifetime;
mod profit;
mod random;
mod search;
mod uplift;

pub use contact::{Candidate, Contact, ContactGroup, ContactOptions, ContactPlan, select_contacts};
pub use lifetime::{LifetimeModel, ValueAtRisk};
pub use profit::{CampaignCosts, CampaignProfit, expected_profit};
pub(crate) use search::{Found, least_of_all, levers, search};
pub use uplift::{Estimate, Subject, UpliftRanking, UpliftReadout, uplift_readout};

use crate::explain::{Factor, FactorValue};
use crate::schema::{PlaybookEntry, Profile, level_key};
use crate::score::RiskLevel;
use std::borrow::Borrow;

/// What to do about one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// Name of the playbook entry; `none` for a customer at low risk, `monitor` where no reason is actionable.
    pub action: String,
    /// The recommendation in words.
    pub text: String,
    /// `untested` until a hold-out test has been read in.
    pub evidence: String,
}

/// The factors that raise the risk, strongest first, at most `limit`.
pub fn adverse(factors: &[Factor], limit: usize) -> impl Iterator<Item = &Factor> {
    factors.iter().filter(|f| f.shap_value > 0.0 && f.value != FactorValue::Missing).take(limit)
}

/// The recommendation for a customer: the first playbook entry that answers the strongest adverse factor that any
/// entry answers. A customer at low risk is left alone.
pub fn recommend(profile: &Profile, risk: RiskLevel, factors: &[Factor]) -> Recommendation {
    recommend_by(profile, risk, adverse(factors, usize::MAX))
}

/// As [`recommend`], from the adverse factors alone, strongest first; no more of them are asked for than it takes.
pub fn recommend_by<F: Borrow<Factor>>(
    profile: &Profile,
    risk: RiskLevel,
    adverse: impl IntoIterator<Item = F>,
) -> Recommendation {
    let plain = |action: &str, text: &str| Recommendation {
        action: action.into(),
        text: profile.language.text(text).into_owned(),
        evidence: "untested".into(),
    };
    if risk == RiskLevel::Low {
        return plain("none", &profile.low_risk_recommendation);
    }
    for factor in adverse {
        if let Some(entry) = profile.playbook.iter().find(|e| answers(e, factor.borrow())) {
            return Recommendation {
                action: entry.action.clone(),
                text: profile.language.text(&entry.recommendation).into_owned(),
                evidence: entry.evidence.clone(),
            };
        }
    }
    plain("monitor", &profile.default_recommendation)
}

fn answers(entry: &PlaybookEntry, factor: &Factor) -> bool {
    if !entry.fields.contains(&factor.feature) {
        return false;
    }
    let number = match &factor.value {
        FactorValue::Number(x) => Some(*x),
        _ => None,
    };
    let level_fits = entry.values.is_empty()
        || match &factor.value {
            FactorValue::Level(level) => entry.values.iter().any(|v| level_key(v) == level_key(level)),
            FactorValue::Boolean(b) => entry.values.iter().any(|v| v == if *b { "true" } else { "false" }),
            _ => false,
        };
    level_fits
        && entry.below.is_none_or(|b| number.is_some_and(|x| x < b))
        && entry.above.is_none_or(|a| number.is_some_and(|x| x > a))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(feature: &str, value: FactorValue, shap_value: f64) -> Factor {
        Factor { index: 0, feature: feature.into(), readable: feature.into(), value, shap_value, impact: 0.0 }
    }

    #[test]
    fn the_strongest_actionable_reason_decides() {
        let profile = Profile::shipped("telecom").expect("profile");
        let level = |l: &str| FactorValue::Level(l.to_owned());
        let action = |risk, factors: &[Factor]| recommend(&profile, risk, factors).action;
        let age = factor("age", FactorValue::Number(80.0), 0.9);
        let contract = factor("contract", level("month to month"), 0.5);
        let tenure = factor("tenure_months", FactorValue::Number(2.0), 0.4);
        assert_eq!(action(RiskLevel::High, &[age.clone(), contract.clone(), tenure.clone()]), "offer_term");
        assert_eq!(action(RiskLevel::Medium, &[tenure.clone(), contract.clone()]), "onboarding");
        assert_eq!(action(RiskLevel::Low, &[contract]), "none");
        let loyal = factor("tenure_months", FactorValue::Number(40.0), 0.4);
        assert_eq!(action(RiskLevel::High, &[age, loyal]), "monitor", "40 months are not below 12");
        let strength = factor("contract", level("Month-to-month"), -0.5);
        assert_eq!(action(RiskLevel::High, &[strength]), "monitor", "a strength is no reason");
    }
}
