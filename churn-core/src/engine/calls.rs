//! Calls in JSON: the same functions, arguments and answers in every language.
//!
//! A binding passes a name and an object of arguments on and gives back what comes; what an argument may be, and what is
//! done where it is not given, stands here alone. Tables are a path, `{"csv": text}`, or a list of records. Instants and
//! days are ISO 8601. `docs/calls.md` lists the calls.

use super::event_calls::{self, Tables, event_options};
use super::events::TableOverrides;
use super::health::{HealthOptions, health_backtest, health_score, health_score_events};
use super::lead::{LeadOptions, lead_score};
use super::{CounterfactualOptions, Engine, Input, Record, ScoreOptions, counterfactuals_json};
use crate::alert::{self, AlertConfig, AlertEngine, AlertState, Channel, Notification, Observation, Outcome};
use crate::decide;
use crate::error::{Error, ErrorKind, Result};
use crate::health::{self, EarlyWarning, HealthConfig, HealthScores, WarningOptions};
use crate::lead::{self, Bant, LeadConfig, Rep};
use crate::schema::{Actionable, Profile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Call = fn(Value) -> Result<Value>;

/// Every call, by name.
const CALLS: &[(&str, Call)] = &[
    ("alert_config", |a| args::<Nothing>(a).map(|_| json!(AlertConfig::shipped_toml()))),
    ("alert_payload", alert_payload),
    ("alert_replay", alert_replay),
    ("alert_settle", alert_settle),
    ("alert_step", alert_step),
    ("build_features", event_calls::features),
    ("build_training_set", event_calls::training_set),
    ("campaign_profit", campaign_profit),
    ("check_point_in_time", event_calls::point_in_time),
    ("churn_definition", event_calls::definition),
    ("churn_movements", event_calls::movements),
    ("early_warning_fit", early_warning_fit),
    ("early_warning_watch", early_warning_watch),
    ("event_features", event_calls::catalog),
    ("health_backtest", backtest),
    ("health_change", change),
    ("health_config", |a| HealthConfig::shipped_toml(&args::<Named>(a)?.name).map(|t| json!(t))),
    ("health_score", |a| Health::read(a)?.score().map(|s| health::health_json(&s))),
    ("health_trend", trend),
    ("lead_config", |a| LeadConfig::shipped_toml(&args::<Named>(a)?.name).map(|t| json!(t))),
    ("lead_score", lead_scores),
    ("lifetime_fit", lifetime_fit),
    ("percent_change", |a| args::<Pair>(a).map(|p| json!(health::percent_change(p.before, p.after)))),
    ("route_leads", route_leads),
    ("select_contacts", select_contacts),
    ("uplift_readout", uplift_readout),
    ("value_at_risk", value_at_risk),
];

/// Names of all calls, sorted.
pub fn call_names() -> Vec<&'static str> {
    CALLS.iter().map(|(name, _)| *name).collect()
}

/// Makes a call.
///
/// # Errors
/// `invalid_argument` for a name that there is not, and for arguments that are unknown, missing or of a wrong type; as the
/// function itself.
pub fn call(name: &str, arguments: Value) -> Result<Value> {
    let found = CALLS.iter().find(|(n, _)| *n == name).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("there is no call '{name}'"))
            .with("argument", "name")
            .hint(format!("use one of: {}", call_names().join(", ")))
    })?;
    (found.1)(arguments).map_err(|e| e.with("call", name))
}

/// What is wrong with JSON, without any content of it: a name or an address must not reach a log.
fn without_content(error: &serde_json::Error) -> String {
    let text = error.to_string();
    for kind in ["invalid type: string ", "invalid value: string "] {
        if let (true, Some(expected)) = (text.starts_with(kind), text.rfind(", expected")) {
            return format!("{}{}", kind.trim_end(), &text[expected..]);
        }
    }
    text
}

pub(super) fn args<T: DeserializeOwned>(arguments: Value) -> Result<T> {
    let object = match arguments {
        Value::Null => Value::Object(Map::new()),
        other => other,
    };
    let read = |v: Value| {
        if v.is_object() { serde_json::from_value(v) } else { Err(serde::de::Error::custom("they are no object")) }
    };
    read(object).map_err(|e: serde_json::Error| {
        Error::new(ErrorKind::InvalidArgument, format!("the arguments cannot be used: {}", without_content(&e)))
            .with("argument", "arguments")
            .hint("docs/calls.md lists the arguments of each call")
    })
}

pub(super) fn answer<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::internal("an answer without JSON").caused_by(e))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhatIfArguments {
    record: Record,
    changes: Record,
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    as_of: Option<String>,
    scored_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CounterfactualArguments {
    record: Record,
    target: Option<f64>,
    n: Option<usize>,
    max_changes: Option<usize>,
    actionable: Option<Vec<Actionable>>,
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    as_of: Option<String>,
}

impl Engine {
    /// Makes a call about a customer in JSON: `what_if`, `counterfactuals` or `score_customer`.
    ///
    /// # Errors
    /// `invalid_argument` for a name that there is not, and for arguments that are unknown, missing or of a wrong type; as
    /// [`what_if`](Engine::what_if), [`counterfactuals`](Engine::counterfactuals) and
    /// [`score_customer`](Engine::score_customer).
    pub fn call(&self, name: &str, arguments: Value) -> Result<Value> {
        match name {
            "what_if" => {
                let given: WhatIfArguments = args(arguments)?;
                let options = ScoreOptions {
                    overrides: given.overrides,
                    as_of: given.as_of,
                    scored_at: given.scored_at,
                    ..ScoreOptions::default()
                };
                self.what_if(&given.record, &given.changes, &options).map(|p| crate::report::prediction_json(&p))
            }
            "counterfactuals" => {
                let given: CounterfactualArguments = args(arguments)?;
                let default = CounterfactualOptions::default();
                let options = CounterfactualOptions {
                    target: given.target.unwrap_or(default.target),
                    n: given.n.unwrap_or(default.n),
                    max_changes: given.max_changes,
                    actionable: given.actionable,
                    score: ScoreOptions { overrides: given.overrides, as_of: given.as_of, ..ScoreOptions::default() },
                };
                self.counterfactuals(&given.record, &options).map(|f| counterfactuals_json(&f))
            }
            "score_customer" => event_calls::score_customer(self, arguments),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("an engine has no call '{name}'"))
                .with("argument", "name")
                .hint("use what_if, counterfactuals or score_customer")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    before: f64,
    after: f64,
}

/// A table as JSON has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum TableArgument {
    Path(String),
    Csv { csv: String },
    Records(Vec<Record>),
    Record(Record),
}

impl TableArgument {
    /// The core's view of it.
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            TableArgument::Path(path) => Input::Path(path.into()),
            TableArgument::Csv { csv } => Input::Bytes(csv.as_bytes()),
            TableArgument::Records(records) => Input::Records(records),
            TableArgument::Record(record) => Input::Records(std::slice::from_ref(record)),
        }
    }
}

/// A configuration by the name of a shipped one, or as TOML.
fn named<T>(text: &str, shipped: &[&str], by_name: fn(&str) -> Result<T>, by_text: fn(&str) -> Result<T>) -> Result<T> {
    // One word is a name, and a wrong one is told as such.
    let word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if word || shipped.contains(&text) { by_name(text) } else { by_text(text) }
}

/// A health configuration by the name of a shipped one, or as TOML.
///
/// # Errors
/// As [`HealthConfig::shipped`] and [`HealthConfig::from_toml`].
pub fn health_config(text: &str) -> Result<HealthConfig> {
    named(text, &HealthConfig::shipped_names(), HealthConfig::shipped, HealthConfig::from_toml)
}

/// A lead scorecard by the name of a shipped one, or as TOML.
///
/// # Errors
/// As [`LeadConfig::shipped`] and [`LeadConfig::from_toml`].
pub fn lead_config(text: &str) -> Result<LeadConfig> {
    named(text, &LeadConfig::shipped_names(), LeadConfig::shipped, LeadConfig::from_toml)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    table: Option<TableArgument>,
    as_of: Option<String>,
    config: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    #[serde(default)]
    scales: BTreeMap<String, [f64; 2]>,
    label: Option<String>,
    #[serde(default)]
    event_overrides: TableOverrides,
    settings: Option<Value>,
    #[serde(skip)]
    tables: Tables,
}

impl Health {
    fn read(mut arguments: Value) -> Result<Health> {
        let tables = Tables::take(&mut arguments)?;
        Ok(Health { tables, ..args(arguments)? })
    }

    fn table(&self) -> Result<Input<'_>> {
        self.table.as_ref().map(TableArgument::input).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "there is no table")
                .with("argument", "table")
                .hint("give a table of customers, or tables of events")
        })
    }

    fn options(&self) -> Result<HealthOptions<'static>> {
        Ok(HealthOptions {
            config: self.config.as_deref().map(health_config).transpose()?,
            profile: self.profile.as_deref().map(Profile::shipped).transpose()?,
            overrides: self.overrides.clone(),
            as_of: self.as_of.clone(),
            scales: self.scales.clone(),
            ..HealthOptions::default()
        })
    }

    fn score(&self) -> Result<HealthScores> {
        if self.label.is_some() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a health score has no label")
                .with("argument", "label")
                .hint("use health_backtest to hold scores against labels"));
        }
        let options = self.options()?;
        if !self.tables.given() {
            return health_score(self.table()?, &options);
        }
        let events = event_options(self.profile.as_deref(), self.event_overrides.clone(), self.settings.as_ref())?;
        let customers = self.table.as_ref().map(TableArgument::input);
        health_score_events(customers, &self.tables.data(), &events, &options)
    }
}

fn backtest(arguments: Value) -> Result<Value> {
    let given = Health::read(arguments)?;
    if given.tables.given() {
        return Err(Error::new(ErrorKind::InvalidArgument, "a back-test needs a table with labels, not events")
            .with("argument", "table")
            .hint("build a training set of the events, and give its rows"));
    }
    answer(&health_backtest(given.table()?, given.label.as_deref(), &given.options()?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeArguments {
    before: Value,
    after: Value,
}

fn change(arguments: Value) -> Result<Value> {
    let given: ChangeArguments = args(arguments)?;
    answer(&changes(&Health::read(given.before)?.score()?, &Health::read(given.after)?.score()?)?)
}

/// What moved each customer's score between two results, for the customers that both know, in the order of the later
/// one: `customer_id`, `points`, `parts`, `words`.
///
/// # Errors
/// As [`health::change`].
pub fn changes(before: &HealthScores, after: &HealthScores) -> Result<Vec<Value>> {
    let rows: BTreeMap<&str, usize> =
        before.scores.iter().enumerate().map(|(i, s)| (s.customer_id.as_str(), i)).collect();
    let mut found = Vec::new();
    for (i, score) in after.scores.iter().enumerate() {
        let Some(&row) = rows.get(score.customer_id.as_str()) else { continue };
        if before.scores[row].points.is_empty() || score.points.is_empty() {
            continue;
        }
        let change = health::change(before, row, after, i)?;
        found.push(json!({
            "customer_id": score.customer_id, "points": change.points, "parts": answer(&change.parts)?, "words": change.words(),
        }));
    }
    Ok(found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrendArguments {
    history: Vec<(String, Option<f64>)>,
}

fn trend(arguments: Value) -> Result<Value> {
    let given: TrendArguments = args(arguments)?;
    let day =
        |(day, score): (String, Option<f64>)| Ok((super::options::day(&day, "history")?, score.unwrap_or(f64::NAN)));
    let history: Vec<(i32, f64)> = given.history.into_iter().map(day).collect::<Result<_>>()?;
    let found = health::trend(&history);
    let mut value = answer(&found)?;
    // Days since 1970 are for Rust; people and JSON read dates.
    if let Some(day) = value.pointer_mut("/change_point/day")
        && let Some(days) = day.as_i64()
    {
        *day = json!(alert::instant(days * 86_400)[..10]);
    }
    Ok(value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FitArguments {
    histories: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    options: WarningOptions,
}

fn numbers(history: &[Option<f64>]) -> Vec<f64> {
    history.iter().map(|x| x.unwrap_or(f64::NAN)).collect()
}

fn early_warning_fit(arguments: Value) -> Result<Value> {
    let given: FitArguments = args(arguments)?;
    let histories: Vec<Vec<f64>> = given.histories.iter().map(|h| numbers(h)).collect();
    answer(&EarlyWarning::fit(&histories, given.options)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchArguments {
    detector: EarlyWarning,
    history: Vec<Option<f64>>,
}

fn early_warning_watch(arguments: Value) -> Result<Value> {
    let given: WatchArguments = args(arguments)?;
    answer(&given.detector.watch(&numbers(&given.history)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadArguments {
    table: TableArgument,
    config: Option<String>,
    bant: Option<String>,
}

fn lead_scores(arguments: Value) -> Result<Value> {
    let given: LeadArguments = args(arguments)?;
    let options = LeadOptions {
        config: given.config.as_deref().map(lead_config).transpose()?,
        bant: given.bant.as_deref().map(Bant::parse).transpose()?.unwrap_or_default(),
        ..LeadOptions::default()
    };
    lead_score(given.table.input(), &options).map(|s| lead::leads_json(&s))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lead {
    lead_id: String,
    score: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteArguments {
    leads: Vec<Lead>,
    reps: Vec<Rep>,
    top_score: Option<f64>,
}

fn route_leads(arguments: Value) -> Result<Value> {
    let given: RouteArguments = args(arguments)?;
    let leads: Vec<(String, f64)> = given.leads.into_iter().map(|l| (l.lead_id, l.score)).collect();
    answer(&lead::route(&leads, &given.reps, given.top_score.unwrap_or(lead::Temperatures::default().hot))?)
}

/// An alert engine of these rules as TOML; of the shipped ones where not given.
///
/// # Errors
/// As [`AlertConfig::from_toml`].
pub fn alert_engine(config: Option<&str>) -> Result<AlertEngine> {
    AlertEngine::new(config.map_or_else(AlertConfig::shipped, AlertConfig::from_toml)?)
}

/// Observations from JSON: a list of `{customer_id, at, owner, values, event}`.
///
/// # Errors
/// `invalid_argument`, without any content of them.
pub fn observations(list: Value) -> Result<Vec<Observation>> {
    serde_json::from_value(list).map_err(|e| {
        let what = without_content(&e);
        Error::new(ErrorKind::InvalidArgument, format!("the observations cannot be used: {what}"))
            .with("argument", "observations")
            .hint("give a list of {customer_id, at, owner, values, event}, with instants in ISO 8601")
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepArguments {
    config: Option<String>,
    state: Option<String>,
    #[serde(default)]
    observations: Vec<Observation>,
    now: String,
}

fn alert_step(arguments: Value) -> Result<Value> {
    let given: StepArguments = args(arguments)?;
    let engine = alert_engine(given.config.as_deref())?;
    step_json(&engine, given.state.as_deref(), &given.observations, &given.now)
}

/// One step as JSON: `state` (a text, to be kept as it is), `notifications`, `suppressed`, `stale`, `evaluations`.
///
/// # Errors
/// As [`AlertEngine::step`] and [`AlertState::from_json`].
pub fn step_json(engine: &AlertEngine, state: Option<&str>, observations: &[Observation], now: &str) -> Result<Value> {
    let state = state.map_or_else(|| Ok(AlertState::default()), AlertState::from_json)?;
    let step = engine.step(state, observations, alert::parse_instant(now, "now")?)?;
    Ok(json!({
        "state": step.state.to_json()?, "notifications": answer(&step.notifications)?,
        "suppressed": answer(&step.suppressed)?, "stale": step.stale, "evaluations": step.evaluations,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleArguments {
    state: String,
    alert_id: String,
    outcome: Outcome,
}

fn alert_settle(arguments: Value) -> Result<Value> {
    let given: SettleArguments = args(arguments)?;
    let mut state = AlertState::from_json(&given.state)?;
    let settled = state.settle(&given.alert_id, given.outcome);
    Ok(json!({ "state": state.to_json()?, "settled": settled }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplayArguments {
    config: Option<String>,
    history: Vec<Observation>,
    #[serde(default)]
    churned: BTreeMap<String, String>,
    horizon_days: Option<f64>,
    self_resolved_days: Option<f64>,
}

fn alert_replay(arguments: Value) -> Result<Value> {
    let given: ReplayArguments = args(arguments)?;
    let default = alert::ReplayOptions::default();
    let options = alert::ReplayOptions {
        churned: given.churned,
        horizon_days: given.horizon_days.unwrap_or(default.horizon_days),
        self_resolved_days: given.self_resolved_days.unwrap_or(default.self_resolved_days),
    };
    answer(&alert::replay(&alert_engine(given.config.as_deref())?, &given.history, &options)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayloadArguments {
    notification: Notification,
    channel: String,
    #[serde(default)]
    details: Record,
    #[serde(default)]
    include: Vec<String>,
    subject: Option<String>,
    body: Option<String>,
    link: Option<String>,
}

fn alert_payload(arguments: Value) -> Result<Value> {
    let given: PayloadArguments = args(arguments)?;
    let options = alert::PayloadOptions {
        details: given.details,
        include: given.include,
        subject: given.subject,
        body: given.body,
        link: given.link,
    };
    alert::payload(&given.notification, Channel::parse(&given.channel)?, &options)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactArguments {
    candidates: Vec<decide::Candidate>,
    #[serde(default)]
    options: decide::ContactOptions,
}

fn select_contacts(arguments: Value) -> Result<Value> {
    let given: ContactArguments = args(arguments)?;
    answer(&decide::select_contacts(&given.candidates, &given.options)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpliftArguments {
    treated: Vec<decide::Subject>,
    control: Vec<decide::Subject>,
    #[serde(default)]
    seed: u64,
}

fn uplift_readout(arguments: Value) -> Result<Value> {
    let given: UpliftArguments = args(arguments)?;
    answer(&decide::uplift_readout(&given.treated, &given.control, given.seed)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfitArguments {
    churned: Vec<bool>,
    scores: Vec<f64>,
    #[serde(default)]
    costs: decide::CampaignCosts,
}

fn campaign_profit(arguments: Value) -> Result<Value> {
    let given: ProfitArguments = args(arguments)?;
    answer(&decide::expected_profit(&given.churned, &given.scores, &given.costs)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifetimeArguments {
    tenure_months: Vec<f64>,
    churned: Vec<bool>,
}

fn lifetime_fit(arguments: Value) -> Result<Value> {
    let given: LifetimeArguments = args(arguments)?;
    answer(&decide::LifetimeModel::fit(&given.tenure_months, &given.churned)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    customer_id: String,
    mrr: f64,
    tenure_months: f64,
    probability: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskArguments {
    model: decide::LifetimeModel,
    customers: Vec<Paying>,
    horizon_months: Option<usize>,
}

/// Months ahead that a lifetime is counted, where it is not said: five years.
const HORIZON_MONTHS: usize = 60;
/// Longest horizon: a century.
const MAX_HORIZON: usize = 1200;

fn value_at_risk(arguments: Value) -> Result<Value> {
    let given: RiskArguments = args(arguments)?;
    let horizon = given.horizon_months.unwrap_or(HORIZON_MONTHS);
    let usable = |c: &Paying| {
        c.mrr.is_finite()
            && c.tenure_months.is_finite()
            && c.tenure_months >= 0.0
            && c.probability.is_none_or(|p| (0.0..=1.0).contains(&p))
    };
    if let Some(i) = given.customers.iter().position(|c| !usable(c)) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("customer {} has no usable figures", i + 1))
            .with("argument", "customers")
            .with("item", i + 1)
            .hint("give a finite MRR, a tenure of 0 or more months, and a probability within 0 and 1"));
    }
    if !(1..=MAX_HORIZON).contains(&horizon) {
        return Err(Error::new(ErrorKind::InvalidArgument, "the horizon is out of range")
            .with("argument", "horizon_months")
            .hint("give 1 to 1200 months"));
    }
    let (mut value, mut at_risk) = (0.0, 0.0);
    let customers: Vec<Value> = given
        .customers
        .iter()
        .map(|c| {
            let r = given.model.value_at_risk(c.mrr, c.tenure_months, c.probability, horizon);
            value += r.value;
            at_risk += r.at_risk;
            json!({ "customer_id": c.customer_id, "remaining_months": r.remaining_months, "value": r.value, "at_risk": r.at_risk })
        })
        .collect();
    Ok(json!({ "customers": customers, "value": value, "at_risk": at_risk, "horizon_months": horizon }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_sorted_and_mistakes_hold_no_content() {
        let names = call_names();
        assert!(names.is_sorted());
        assert_eq!(call("nope", json!({})).expect_err("no such").code(), "invalid_argument");
        let error = call("percent_change", json!({ "before": "jane@example.com", "after": 1 })).expect_err("text");
        assert!(!format!("{error:?}").contains("jane"), "{error:?}");
        assert_eq!(call("percent_change", json!({ "before": 0, "after": 5 })).expect("call"), json!(1.0));
        assert_eq!(call("percent_change", json!([])).expect_err("array").code(), "invalid_argument");
    }
}
