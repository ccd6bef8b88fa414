//! A history run through the rules before they go live: how many alerts there would have been, and what for.

use super::engine::AlertEngine;
use super::state::{AlertState, Notification, NotificationKind, Observation};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Share of alerts without need for action from which a rule is too sensitive.
const TOO_SENSITIVE: f64 = 0.2;

/// What a replay holds alerts against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayOptions {
    /// Customer -> when it left (ISO 8601).
    pub churned: BTreeMap<String, String>,
    /// An alert is right when the customer leaves within so many days after it.
    pub horizon_days: f64,
    /// An alert needed no action when its condition ended by itself within so many days, and the customer stayed.
    pub self_resolved_days: f64,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        ReplayOptions { churned: BTreeMap::new(), horizon_days: 90.0, self_resolved_days: 14.0 }
    }
}

/// What one rule would have done.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RuleReplay {
    /// Name of the rule.
    pub rule: String,
    /// Alerts raised.
    pub alerts: usize,
    /// Customers they are about.
    pub customers: usize,
    /// Alerts a week, over the whole history.
    pub per_week: f64,
    /// Escalations.
    pub escalated: usize,
    /// Alerts silenced, by reason.
    pub silenced: BTreeMap<String, usize>,
    /// Alerts whose customer left within the horizon.
    pub churned: usize,
    /// Their share: the precision against churn. `None` where nothing is known of churn, or there is no alert.
    pub precision: Option<f64>,
    /// Share of the customers that left which had an alert within the horizon before.
    pub recall: Option<f64>,
    /// Share of alerts that needed no action.
    pub no_action: Option<f64>,
    /// What to make of it, in words; empty where nothing is to be said.
    pub warning: Option<String>,
}

/// What the rules would have done on a history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// By rule, by name.
    pub rules: Vec<RuleReplay>,
    /// Weeks of history.
    pub weeks: f64,
    /// Notifications sent at once, all rules.
    pub sent: usize,
    /// Digests sent.
    pub digests: usize,
    /// Most notifications that one recipient got at once in one week of seven days from the start of the history.
    pub most_per_recipient_and_week: usize,
    /// Notifications a week to expect, all recipients, digests included.
    pub per_week: f64,
    /// Warnings of all rules.
    pub warnings: Vec<String>,
}

/// Runs a history through the rules, as if nobody had acknowledged anything.
///
/// # Errors
/// `empty_input` without observations; `invalid_argument` for a date of churn that is none.
pub fn replay(engine: &AlertEngine, history: &[Observation], options: &ReplayOptions) -> Result<Replay> {
    let first = history.iter().map(|o| o.at).min();
    let last = history.iter().map(|o| o.at).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Error::new(ErrorKind::EmptyInput, "there is no history to replay")
            .with("argument", "history")
            .hint("give observations of some months"));
    };
    let churned: BTreeMap<&str, i64> = options
        .churned
        .iter()
        .map(|(id, at)| Ok((id.as_str(), super::parse_instant(at, "churned")?)))
        .collect::<Result<_>>()?;
    let mut days: Vec<&Observation> = history.iter().collect();
    days.sort_by_key(|o| o.at);
    // Day by day, so that it is seen when an alert ends.
    let (mut state, mut notifications, mut suppressed) = (AlertState::default(), Vec::new(), Vec::new());
    let mut ended: BTreeMap<String, i64> = BTreeMap::new();
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut from = 0;
    let mut now = first;
    while from < days.len() || now <= last {
        let to = from + days[from..].iter().take_while(|o| o.at <= now).count();
        let observations: Vec<Observation> = days[from..to].iter().map(|o| (*o).clone()).collect();
        let step = engine.step(state, &observations, now)?;
        state = step.state;
        notifications.extend(step.notifications);
        suppressed.extend(step.suppressed);
        let still: BTreeSet<String> = state.open_alerts().into_iter().map(str::to_owned).collect();
        ended.extend(open.difference(&still).map(|id| (id.clone(), now)));
        open = still;
        (from, now) = (to, if now < last { (now + 86_400).min(last) } else { last + 1 });
    }
    let weeks = ((last - first) as f64 / 604_800.0).max(1.0 / 7.0);
    let raised = raised(&notifications);
    let rules: Vec<RuleReplay> = engine
        .config()
        .rules
        .iter()
        .map(|rule| {
            let mine: Vec<&&Notification> = raised.iter().filter(|n| n.rule == rule.name).collect();
            let escalated =
                notifications.iter().filter(|n| n.kind == NotificationKind::Escalated && n.rule == rule.name);
            let mut out = RuleReplay { rule: rule.name.clone(), alerts: mine.len(), ..RuleReplay::default() };
            out.customers = mine.iter().map(|n| n.customer_id.as_str()).collect::<BTreeSet<_>>().len();
            out.per_week = mine.len() as f64 / weeks;
            out.escalated = escalated.count();
            for s in suppressed.iter().filter(|s| s.rule == rule.name) {
                *out.silenced.entry(s.reason.clone()).or_default() += 1;
            }
            judge(&mut out, &mine, &churned, &ended, options, last);
            out
        })
        .collect();
    let digests = notifications.iter().filter(|n| n.kind == NotificationKind::Digest).count();
    let mut weekly: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for n in notifications.iter().filter(|n| n.kind != NotificationKind::Digest) {
        *weekly.entry((n.recipient.as_str(), (n.at - first) / 604_800)).or_default() += 1;
    }
    Ok(Replay {
        weeks,
        sent: notifications.len() - digests,
        digests,
        most_per_recipient_and_week: weekly.values().copied().max().unwrap_or(0),
        per_week: notifications.len() as f64 / weeks,
        warnings: rules.iter().filter_map(|r| r.warning.clone()).collect(),
        rules,
    })
}

/// Every alert once: sent at once, or told in a digest.
fn raised(notifications: &[Notification]) -> Vec<&Notification> {
    let all = notifications.iter().flat_map(|n| if n.items.is_empty() { vec![n] } else { n.items.iter().collect() });
    all.filter(|n| n.kind == NotificationKind::Raised).collect()
}

fn judge(
    out: &mut RuleReplay,
    alerts: &[&&Notification],
    churned: &BTreeMap<&str, i64>,
    ended: &BTreeMap<String, i64>,
    options: &ReplayOptions,
    last: i64,
) {
    let horizon = (options.horizon_days * 86_400.0) as i64;
    let left = |n: &Notification| {
        churned.get(n.customer_id.as_str()).is_some_and(|&at| (0..=horizon).contains(&(at - n.raised_at)))
    };
    out.churned = alerts.iter().filter(|n| left(n)).count();
    if !churned.is_empty() {
        // An alert whose horizon is not over yet is neither right nor wrong.
        let judged = alerts.iter().filter(|n| n.raised_at + horizon <= last || left(n)).count();
        out.precision = (judged > 0).then(|| out.churned as f64 / judged as f64);
        let warned = churned.iter().filter(|(id, at)| {
            alerts.iter().any(|n| n.customer_id == **id && (0..=horizon).contains(&(**at - n.raised_at)))
        });
        out.recall = Some(warned.count() as f64 / churned.len() as f64);
    }
    let within = (options.self_resolved_days * 86_400.0) as i64;
    let by_itself = |n: &Notification| ended.get(&n.alert_id).is_some_and(|&at| at - n.raised_at <= within);
    let no_action = alerts.iter().filter(|n| by_itself(n) && !left(n)).count();
    if !alerts.is_empty() {
        let share = no_action as f64 / alerts.len() as f64;
        out.no_action = Some(share);
        if share > TOO_SENSITIVE {
            out.warning = Some(format!(
                "{:.0} % of the alerts of '{}' would have needed no action: make it less sensitive (a wider gap between entering and leaving, k of n, or a longer duration)",
                100.0 * share,
                out.rule
            ));
        }
    }
}
