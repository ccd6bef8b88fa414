//! Headers and cells that speak of leaving, in several languages: data in `schema/leaks.toml`.

use crate::map::raw_words;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How much a header says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tier {
    /// Worth a look: a leak where the values rank the label well.
    Strong,
    /// The state of an account: a leak where the values speak of customers who are gone.
    Status,
    /// A record of leaving: a leak where the values go with the label at all.
    Certain,
}

#[derive(Deserialize)]
struct Rule {
    tier: Tier,
    all: Vec<String>,
    #[serde(rename = "not")]
    none: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
struct Bare {
    fillers: Vec<String>,
    certain: Vec<String>,
    status: Vec<String>,
    strong: Vec<String>,
    certain_parts: Vec<String>,
    strong_parts: Vec<String>,
}

#[derive(Deserialize)]
struct Cells {
    gone: Vec<String>,
    scoreish: Vec<String>,
}

#[derive(Deserialize)]
struct LeakWords {
    words: BTreeMap<String, Vec<String>>,
    rules: Vec<Rule>,
    bare: Bare,
    cells: Cells,
}

static WORDS: LazyLock<LeakWords> = LazyLock::new(|| {
    // The file is part of the build and a test reads it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    toml::from_str(include_str!("../../../schema/leaks.toml")).expect("schema/leaks.toml is valid")
});

fn fits(pattern: &str, words: &[String], squash: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(inner), Some(_)) => squash.contains(&inner[..inner.len() - 1]),
        (None, Some(start)) => words.iter().any(|w| w.starts_with(start)),
        _ => words.iter().any(|w| w == pattern),
    }
}

fn any(patterns: &[String], words: &[String], squash: &str) -> bool {
    patterns.iter().any(|p| fits(p, words, squash))
}

/// The words that a list matches.
fn matching(patterns: &[String], words: &[String]) -> Vec<usize> {
    (0..words.len()).filter(|&i| any(patterns, &words[i..=i], &words[i])).collect()
}

/// Whether every list has a word of its own: "churn" alone is no churn score, "exit" alone no exit survey. A long word
/// may be a compound and serve two.
fn each_its_own(matched: &[Vec<usize>], words: &[String]) -> bool {
    match matched {
        [a, b] => a.iter().any(|i| b.iter().any(|j| i != j || words[*i].len() > 12)),
        _ => matched.iter().all(|m| !m.is_empty()),
    }
}

/// What a header says by itself, with the reason in words.
pub(super) fn suspicion(header: &str) -> Option<(Tier, &'static str)> {
    let lists: &'static LeakWords = &WORDS;
    let words = raw_words(header);
    let squash = words.concat();
    let mut found: Option<(Tier, &'static str)> = None;
    let mut take = |tier: Tier, why: &'static str| {
        if found.is_none_or(|(before, _)| before < tier) {
            found = Some((tier, why));
        }
    };
    for rule in &lists.rules {
        let matched: Vec<Vec<usize>> = rule
            .all
            .iter()
            .map(|name| lists.words.get(name).map_or(Vec::new(), |list| matching(list, &words)))
            .collect();
        if each_its_own(&matched, &words) && !any(&rule.none, &words, &squash) {
            take(rule.tier, &rule.why);
        }
    }
    let bare: String = words.iter().filter(|w| !lists.bare.fillers.contains(w)).map(String::as_str).collect();
    let bare = if bare.is_empty() { squash.clone() } else { bare };
    let has = |list: &[String]| list.contains(&bare);
    let part = |list: &[String]| list.iter().any(|p| squash.contains(p.as_str()));
    if has(&lists.bare.certain) || part(&lists.bare.certain_parts) {
        take(Tier::Certain, "is by its name a record of the leaving, or of what followed it");
    }
    if has(&lists.bare.status) {
        take(Tier::Status, "is by its name the state of the account, which a leaving changes");
    }
    if has(&lists.bare.strong) || part(&lists.bare.strong_parts) {
        take(Tier::Strong, "is by its name a judgement of the customer, or known only later");
    }
    found
}

/// Whether a cell speaks of a customer who is gone.
pub(super) fn says_gone(cell: &str) -> bool {
    let words = raw_words(cell);
    any(&WORDS.cells.gone, &words, "")
        // "never churned", "not cancelled" and the like say the opposite.
        && !words.iter().any(|w| ["not", "no", "never", "non", "nicht", "nie", "nao"].contains(&w.as_str()))
}

/// Whether a header reads like that of a score.
pub(super) fn scoreish(header: &str) -> bool {
    let words = raw_words(header);
    any(&WORDS.cells.scoreish, &words, &words.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_six_languages() {
        let cases: &[(&str, Option<Tier>)] = &[
            ("churn_score", Some(Tier::Certain)),
            ("Churn Reason", Some(Tier::Certain)),
            ("cancellation_date", Some(Tier::Certain)),
            ("cancelled_at", Some(Tier::Certain)),
            ("Kündigungsdatum", Some(Tier::Certain)),
            ("Kündigungsgrund", Some(Tier::Certain)),
            ("Abwanderungsrisiko", Some(Tier::Certain)),
            ("Abwanderungswahrscheinlichkeit", Some(Tier::Certain)),
            ("fecha de baja", Some(Tier::Certain)),
            ("motivo_cancelacion", Some(Tier::Certain)),
            ("date de résiliation", Some(Tier::Certain)),
            ("motif résiliation", Some(Tier::Certain)),
            ("score de désabonnement", Some(Tier::Certain)),
            ("data disdetta", Some(Tier::Certain)),
            ("rischio abbandono", Some(Tier::Certain)),
            ("probabilidade de cancelamento", Some(Tier::Certain)),
            ("motivo do cancelamento", Some(Tier::Certain)),
            ("riesgo de fuga", Some(Tier::Certain)),
            ("exit_survey_rating", Some(Tier::Certain)),
            ("final_invoice_amount", Some(Tier::Certain)),
            ("Schlussrechnung", Some(Tier::Certain)),
            ("win_back_offer", Some(Tier::Certain)),
            ("days_since_churn", Some(Tier::Certain)),
            ("Attrition_Flag", Some(Tier::Certain)),
            ("is_churned", Some(Tier::Certain)),
            ("Exited", Some(Tier::Certain)),
            ("retention_agent_id", Some(Tier::Certain)),
            ("account_status", Some(Tier::Status)),
            ("Vertragsstatus", Some(Tier::Status)),
            ("status", Some(Tier::Status)),
            ("health_band", Some(Tier::Strong)),
            ("risk_score", Some(Tier::Strong)),
            ("Risk category", Some(Tier::Strong)),
            ("credit_risk_class", None),
            ("Grund des Weggangs", Some(Tier::Certain)),
            ("propensity", Some(Tier::Strong)),
            ("refund_amount", Some(Tier::Strong)),
            ("next_month_usage", Some(Tier::Strong)),
            ("tenure", None),
            ("Contract", None),
            ("Month-to-month", None),
            ("credit_score", None),
            ("marital_status", None),
            ("customer_state", None),
            ("cancelled_orders", None),
            ("days_left_in_term", None),
            ("IsActiveMember", None),
            ("Support Calls", None),
            ("satisfaction score", None),
            ("last_login", None),
            ("department", None),
            ("noise_cancelling_headset", None),
            ("payment_status", None),
            ("risk_free_trial", None),
            ("TotalCharges", None),
            ("renewal_date", None),
        ];
        for (header, tier) in cases {
            assert_eq!(suspicion(header).map(|(t, _)| t), *tier, "{header}");
        }
    }

    #[test]
    fn cells_that_say_gone() {
        for cell in ["Cancelled", "closed - moved away", "Gekündigt", "inactive", "Customer left us", "résilié"] {
            assert!(says_gone(cell), "{cell}");
        }
        for cell in ["Active", "not cancelled", "never churned", "open", "Month-to-month", "Premium", ""] {
            assert!(!says_gone(cell), "{cell}");
        }
    }

    #[test]
    fn every_list_a_rule_names_is_there() {
        for rule in &WORDS.rules {
            assert!(rule.all.iter().all(|l| WORDS.words.contains_key(l)), "{:?}", rule.all);
        }
        assert!(scoreish("model_score") && scoreish("p_1") && !scoreish("tenure"));
    }
}
