//! The state machine.

use super::config::{AlertConfig, AlertRule, Delivery};
use super::state::{
    AlertState, CustomerState, Notification, NotificationKind, Observation, OpenAlert, OwnerState, Reading, RuleState,
    Suppressed, Waiting, instant,
};
use super::zones::{self, Zone};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::level_key;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Recipient of alerts about customers that nobody looks after.
const UNASSIGNED: &str = "unassigned";

/// What a step gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The state to keep, in the same transaction in which the notifications are queued.
    pub state: AlertState,
    /// To be sent, in the order of time.
    pub notifications: Vec<Notification>,
    /// What was not sent, and why.
    pub suppressed: Vec<Suppressed>,
    /// Observations that some rule would have read but had seen before, or that came after a later one.
    pub stale: usize,
    /// Rules held against observations.
    pub evaluations: u64,
}

/// Rules, ready to run. It has no state of its own and may be shared by threads.
#[derive(Debug, Clone)]
pub struct AlertEngine {
    config: AlertConfig,
    names: Vec<String>,
    zone: Zone,
    owner_zones: BTreeMap<String, Zone>,
    /// Minutes of the day: quiet from, quiet to, digest.
    quiet: Option<(u32, u32)>,
    digest_at: u32,
}

/// Something that falls due; the order breaks ties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A rule's condition has held long enough, or its cool-down is over.
    Hold(String, usize),
    /// An event did not come.
    Absence(String, usize),
    /// Nobody acknowledged.
    Escalation(String, usize),
    /// Quiet hours end for a recipient.
    Waiting(String),
    /// A recipient's digest.
    Digest(String),
}

/// What falls due within a step, the earliest first. Every step finds it anew in the state, so what is due later than the
/// step ends is left there: most of it never comes.
struct Queue {
    until: i64,
    due: BTreeSet<(i64, Due)>,
}

impl Queue {
    fn insert(&mut self, at: i64, what: impl FnOnce() -> Due) {
        if at <= self.until {
            self.due.insert((at, what()));
        }
    }
}

/// One step at work.
struct Run<'a> {
    engine: &'a AlertEngine,
    state: AlertState,
    due: Queue,
    notifications: Vec<Notification>,
    suppressed: Vec<Suppressed>,
}

/// The first eight bytes of a text as a number that sorts as they do.
fn first_letters(text: &str) -> u64 {
    text.bytes().chain(std::iter::repeat(0)).take(8).fold(0, |sum, byte| sum << 8 | u64::from(byte))
}

fn seconds(hours: f64) -> i64 {
    (hours * 3600.0) as i64
}

impl AlertEngine {
    /// An engine of these rules.
    ///
    /// # Errors
    /// `invalid_argument` for rules that contradict themselves.
    pub fn new(config: AlertConfig) -> Result<AlertEngine> {
        config.check().map_err(|fault| fault.error("", "alert configuration", "config"))?;
        // The order of the rules must not matter.
        let mut config = config;
        config.rules.sort_by(|a, b| a.name.cmp(&b.name));
        let known = |name: &str| zones::zone(name).ok_or_else(|| Error::internal("a zone that was checked is gone"));
        let zone = known(&config.limits.zone)?;
        let own = config.owners.iter().filter_map(|(owner, o)| Some((owner.clone(), o.zone.as_deref()?)));
        let owner_zones = own.map(|(owner, name)| Ok((owner, known(name)?))).collect::<Result<_>>()?;
        let quiet = config.limits.quiet.as_ref();
        let quiet = quiet.and_then(|q| Some((zones::minutes(&q.from)?, zones::minutes(&q.to)?)));
        let digest_at = zones::minutes(&config.limits.digest_at).unwrap_or_default();
        let names = config.rules.iter().map(|r| r.name.clone()).collect();
        Ok(AlertEngine { config, names, zone, owner_zones, quiet, digest_at })
    }

    /// The rules, by name.
    pub fn config(&self) -> &AlertConfig {
        &self.config
    }

    /// Lets time pass up to `now` (seconds since 1970-01-01T00:00:00Z) and takes what was observed until then. The order
    /// of the observations does not matter, nor into how many steps a history is cut. Time never goes back: a `now`
    /// before an earlier step's is taken for that.
    ///
    /// # Errors
    /// `invalid_argument` where an observation lies after `now`, or has a value that is not finite.
    pub fn step(&self, mut state: AlertState, observations: &[Observation], now: i64) -> Result<Step> {
        let now = now.max(state.clock);
        if let Some(late) = observations.iter().position(|o| o.at > now) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("observation {} lies in the future", late + 1))
                .with("argument", "observations")
                .with("item", late + 1)
                .hint("give the present time as `now`, and times in UTC"));
        }
        // The first letters of an id as a number decide most comparisons without a look at the text.
        let mut order: Vec<(i64, u64, &Observation)> =
            observations.iter().map(|o| (o.at, first_letters(&o.customer_id), o)).collect();
        order.sort_by(|(at, letters, a), (other, others, b)| {
            let by_text = || (&a.customer_id, &a.event).cmp(&(&b.customer_id, &b.event));
            at.cmp(other).then(letters.cmp(others)).then_with(by_text)
        });
        state.align(&self.names);
        let mut run = Run {
            engine: self,
            state,
            due: Queue { until: now, due: BTreeSet::new() },
            notifications: Vec::new(),
            suppressed: Vec::new(),
        };
        run.schedule_all();
        let (mut stale, mut evaluations) = (0, 0);
        for (_, _, observation) in order {
            run.pass(observation.at - 1);
            let (read, seen) = run.observe(observation);
            evaluations += read;
            stale += usize::from(seen);
        }
        run.pass(now);
        run.state.clock = now;
        let Run { state, notifications, suppressed, .. } = run;
        Ok(Step { state, notifications, suppressed, stale, evaluations })
    }

    fn zone_of(&self, recipient: &str) -> &Zone {
        self.owner_zones.get(recipient).unwrap_or(&self.zone)
    }
}

impl Run<'_> {
    /// What falls due by the state alone.
    fn schedule_all(&mut self) {
        for (id, customer) in &self.state.customers {
            for (i, (rule, state)) in self.engine.config.rules.iter().zip(&customer.rules).enumerate() {
                schedule(&mut self.due, id, customer, i, rule, state);
            }
        }
        for (recipient, owner) in &self.state.owners {
            for waiting in &owner.waiting {
                self.due.insert(waiting.due, || Due::Waiting(recipient.clone()));
            }
            if let Some(at) = owner.digest_due {
                self.due.insert(at, || Due::Digest(recipient.clone()));
            }
        }
    }

    /// Lets time pass up to `until`, inclusive.
    fn pass(&mut self, until: i64) {
        while let Some((at, _)) = self.due.due.first() {
            if *at > until {
                break;
            }
            let Some((at, due)) = self.due.due.pop_first() else { break };
            match due {
                Due::Hold(id, rule) => self.hold(&id, rule, at),
                Due::Absence(id, rule) => self.absence(&id, rule, at),
                Due::Escalation(id, rule) => self.escalate(&id, rule, at),
                Due::Waiting(recipient) => self.end_of_quiet(&recipient, at),
                Due::Digest(recipient) => self.digest(&recipient, at),
            }
        }
    }

    /// Takes one observation; answers how many rules read it, and whether one of them had seen it before.
    fn observe(&mut self, observation: &Observation) -> (u64, bool) {
        let (id, at) = (&observation.customer_id, observation.at);
        let engine = self.engine;
        let n_rules = engine.config.rules.len();
        let customer = match self.state.customers.get_mut(id) {
            Some(customer) => customer,
            None => {
                let customer =
                    CustomerState { owner: String::new(), first: at, rules: vec![RuleState::default(); n_rules] };
                for (i, rule) in engine.config.rules.iter().enumerate() {
                    if rule.when.absent.is_some() {
                        schedule(&mut self.due, id, &customer, i, rule, &customer.rules[i]);
                    }
                }
                self.state.customers.entry(id.clone()).or_insert(customer)
            }
        };
        if let Some(owner) = &observation.owner
            && customer.owner != *owner
        {
            customer.owner.clone_from(owner);
        }
        let (mut read, mut stale) = (0, false);
        // What is to be done after the customer's states are written.
        let mut fired: Vec<(usize, bool)> = Vec::new();
        for (i, rule) in engine.config.rules.iter().enumerate() {
            let state = &mut customer.rules[i];
            let when = &rule.when;
            let value = when.metric.as_ref().and_then(|m| observation.values.get(m));
            let event =
                when.event.as_ref().or(when.absent.as_ref()).is_some_and(|e| observation.event.as_ref() == Some(e));
            if value.is_none() && !event {
                continue;
            }
            read += 1;
            if state.seen >= at {
                stale = true;
                continue;
            }
            state.seen = at;
            if when.absent.is_some() {
                // It came: the absence is over, and the next one counts from here.
                if state.active || state.alert.is_some() {
                    state.active = false;
                    state.alert = None;
                }
                self.due.insert(at + seconds(24.0 * when.days.unwrap_or_default()), || Due::Absence(id.clone(), i));
            } else if when.event.is_some() {
                state.events.push(at);
                let from = at - seconds(rule.within_hours.unwrap_or_default());
                state.events.retain(|&e| e >= from);
                if state.events.len() >= rule.k as usize {
                    state.events.clear();
                    state.reason = format!("{} happened", when.event.as_deref().unwrap_or_default());
                    fired.push((i, true));
                }
            } else if let Some(value) = value {
                let (enters, leaves) = judge(rule, value);
                state.hits = state.hits << 1 | u32::from(enters);
                let mask = u32::MAX >> (32 - rule.n);
                let hits = (state.hits & mask).count_ones();
                if state.active {
                    if leaves {
                        state.active = false;
                        state.since = None;
                        // What was seen before the recovery must not count towards the next alert.
                        state.hits = 0;
                        if state.alert.take().is_some() {
                            fired.push((i, false));
                        }
                    }
                } else if hits >= rule.k {
                    if enters {
                        state.reason = reason(rule, value, hits);
                    }
                    let since = *state.since.get_or_insert(at);
                    if at - since >= seconds(rule.for_hours) {
                        fired.push((i, true));
                    } else {
                        self.due.insert(since + seconds(rule.for_hours), || Due::Hold(id.clone(), i));
                    }
                } else {
                    state.since = None;
                }
            }
        }
        for (rule, raised) in fired {
            if raised { self.fire(id, rule, at) } else { self.wake_group(id, rule, at) }
        }
        (read, stale)
    }

    /// After an alert of a group has ended: another rule of the group that still holds speaks up.
    fn wake_group(&mut self, id: &str, ended: usize, at: i64) {
        let rules = &self.engine.config.rules;
        let Some(group) = &rules[ended].group else { return };
        let Some(customer) = self.state.customers.get(id) else { return };
        for (i, rule) in rules.iter().enumerate() {
            let state = &customer.rules[i];
            if rule.group.as_ref() == Some(group) && state.active && state.alert.is_none() {
                self.due.insert(at.max(state.silent_until), || Due::Hold(id.to_owned(), i));
            }
        }
    }

    fn hold(&mut self, id: &str, rule: usize, at: i64) {
        let Some(state) = self.state.customers.get(id).map(|c| &c.rules[rule]) else { return };
        let for_seconds = seconds(self.engine.config.rules[rule].for_hours);
        let held = !state.active && state.since.is_some_and(|s| at - s >= for_seconds);
        let silent_is_over = state.active && state.alert.is_none() && at >= state.silent_until;
        if held || silent_is_over {
            self.fire(id, rule, at);
        }
    }

    fn absence(&mut self, id: &str, rule: usize, at: i64) {
        let engine = self.engine;
        let when = &engine.config.rules[rule].when;
        let days = when.days.unwrap_or_default();
        let Some(customer) = self.state.customers.get_mut(id) else { return };
        let state = &mut customer.rules[rule];
        // A later event has put it off, or it has been told already.
        if state.active || at < state.seen.max(customer.first) + seconds(24.0 * days) {
            return;
        }
        state.reason = format!("no {} for {} days", when.absent.as_deref().unwrap_or_default(), number(days));
        self.fire(id, rule, at);
    }

    /// A rule's condition is met: an alert, unless something keeps it silent.
    fn fire(&mut self, id: &str, index: usize, at: i64) {
        let engine = self.engine;
        let rules = &engine.config.rules;
        let rule = &rules[index];
        let Some(customer) = self.state.customers.get_mut(id) else { return };
        let is_event = rule.when.event.is_some();
        if !is_event {
            customer.rules[index].active = true;
        }
        let told = |reason: &str| Suppressed {
            rule: rule.name.clone(),
            customer_id: id.to_owned(),
            at,
            reason: reason.to_owned(),
        };
        let silent_until = customer.rules[index].silent_until;
        if at < silent_until {
            self.suppressed.push(told("cool_down"));
            if !is_event {
                self.due.insert(silent_until, || Due::Hold(id.to_owned(), index));
            }
            return;
        }
        let duplicate = rule.group.is_some()
            && rules.iter().zip(&customer.rules).enumerate().any(|(i, (other, state))| {
                i != index && other.group == rule.group && other.severity >= rule.severity && state.alert.is_some()
            });
        if duplicate {
            self.suppressed.push(told("duplicate"));
            return;
        }
        let alert_id = format!("{}/{}/{}", rule.name, id, instant(at));
        let recipient = if customer.owner.is_empty() { UNASSIGNED.to_owned() } else { customer.owner.clone() };
        let state = &mut customer.rules[index];
        state.silent_until = at + seconds(rule.cool_down_hours);
        let reason = state.reason.clone();
        state.alert = Some(OpenAlert {
            id: alert_id.clone(),
            raised_at: at,
            acknowledged: false,
            escalated: 0,
            reason: reason.clone(),
        });
        if let Some(first) = rule.escalate.first() {
            self.due.insert(at + seconds(first.after_hours), || Due::Escalation(id.to_owned(), index));
        }
        let notification = Notification {
            id: alert_id.clone(),
            kind: NotificationKind::Raised,
            alert_id,
            rule: rule.name.clone(),
            title: if rule.title.is_empty() { rule.name.clone() } else { rule.title.clone() },
            severity: rule.severity,
            customer_id: id.to_owned(),
            recipient,
            raised_at: at,
            at,
            reason,
            action: rule.action.clone(),
            items: Vec::new(),
        };
        self.deliver(notification, rule.delivery, at);
    }

    fn escalate(&mut self, id: &str, index: usize, at: i64) {
        let engine = self.engine;
        let rule = &engine.config.rules[index];
        let Some(customer) = self.state.customers.get_mut(id) else { return };
        let owner = customer.owner.clone();
        let Some(alert) = customer.rules[index].alert.as_mut().filter(|a| !a.acknowledged) else { return };
        let Some(step) = rule.escalate.get(alert.escalated) else { return };
        if at < alert.raised_at + seconds(step.after_hours) {
            return;
        }
        alert.escalated += 1;
        let manager = || engine.config.owners.get(&owner).and_then(|o| o.manager.clone());
        let recipient =
            if step.to == "manager" { manager().unwrap_or_else(|| "manager".into()) } else { step.to.clone() };
        let notification = Notification {
            id: format!("{}/escalation-{}", alert.id, alert.escalated),
            kind: NotificationKind::Escalated,
            alert_id: alert.id.clone(),
            rule: rule.name.clone(),
            title: if rule.title.is_empty() { rule.name.clone() } else { rule.title.clone() },
            severity: rule.severity,
            customer_id: id.to_owned(),
            recipient,
            raised_at: alert.raised_at,
            at,
            reason: format!("{}; not acknowledged for {} hours", alert.reason, number(step.after_hours)),
            action: rule.action.clone(),
            items: Vec::new(),
        };
        if let Some(next) = rule.escalate.get(alert.escalated) {
            self.due.insert(alert.raised_at + seconds(next.after_hours), || Due::Escalation(id.to_owned(), index));
        }
        // Who must be reached is reached at once, whatever the rule says of its owner.
        self.deliver(notification, Delivery::Now, at);
    }

    /// Sends at once, after the quiet hours, or in the digest.
    fn deliver(&mut self, notification: Notification, delivery: Delivery, at: i64) {
        let recipient = notification.recipient.clone();
        if delivery == Delivery::Digest {
            self.add_to_digest(notification, at);
            return;
        }
        let engine = self.engine;
        if let (Some(quiet), Some((from, to))) = (&engine.config.limits.quiet, engine.quiet)
            && !quiet.except.contains(&notification.severity)
            && let Some(until) = engine.zone_of(&recipient).quiet_until(at, from, to, quiet.weekends)
        {
            self.owner(&recipient).waiting.push(Waiting { due: until, notification });
            self.due.insert(until, || Due::Waiting(recipient));
            return;
        }
        self.send(notification, at);
    }

    /// Sends within the cap; what is beyond goes into the digest.
    fn send(&mut self, mut notification: Notification, at: i64) {
        let engine = self.engine;
        let recipient = notification.recipient.clone();
        let week = engine.zone_of(&recipient).week(at);
        let owner = self.owner(&recipient);
        if owner.week != week {
            owner.week = week;
            owner.sent = 0;
        }
        if engine.config.limits.per_owner_week.is_some_and(|cap| owner.sent >= cap) {
            self.suppressed.push(Suppressed {
                rule: notification.rule.clone(),
                customer_id: notification.customer_id.clone(),
                at,
                reason: "cap".into(),
            });
            self.add_to_digest(notification, at);
            return;
        }
        owner.sent += 1;
        notification.at = at;
        self.notifications.push(notification);
    }

    fn owner(&mut self, recipient: &str) -> &mut OwnerState {
        if !self.state.owners.contains_key(recipient) {
            self.state.owners.insert(recipient.to_owned(), OwnerState { week: i64::MIN, ..OwnerState::default() });
        }
        self.state.owners.entry(recipient.to_owned()).or_default()
    }

    fn add_to_digest(&mut self, notification: Notification, at: i64) {
        let engine = self.engine;
        let recipient = notification.recipient.clone();
        let next = engine.zone_of(&recipient).next(at, engine.digest_at);
        let owner = self.owner(&recipient);
        owner.digest.push(notification);
        if owner.digest_due.is_none() {
            owner.digest_due = Some(next);
            self.due.insert(next, || Due::Digest(recipient));
        }
    }

    fn end_of_quiet(&mut self, recipient: &str, at: i64) {
        let waiting = std::mem::take(&mut self.owner(recipient).waiting);
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|w| w.due <= at);
        self.owner(recipient).waiting = later;
        for Waiting { notification, .. } in now {
            if self.is_open(&notification) {
                self.send(notification, at);
            } else {
                self.suppressed.push(Suppressed {
                    rule: notification.rule,
                    customer_id: notification.customer_id,
                    at,
                    reason: "recovered".into(),
                });
            }
        }
    }

    /// Whether what a notification tells still holds; events always do.
    fn is_open(&self, notification: &Notification) -> bool {
        let index = self.engine.names.iter().position(|n| *n == notification.rule);
        let customer = self.state.customers.get(&notification.customer_id);
        let alert = customer.zip(index).and_then(|(c, i)| c.rules[i].alert.as_ref());
        alert.is_some_and(|a| a.id == notification.alert_id)
    }

    fn digest(&mut self, recipient: &str, at: i64) {
        let owner = self.owner(recipient);
        owner.digest_due = None;
        let items = std::mem::take(&mut owner.digest);
        let Some(severity) = items.iter().map(|i| i.severity).max() else { return };
        self.notifications.push(Notification {
            id: format!("digest/{recipient}/{}", instant(at)),
            kind: NotificationKind::Digest,
            alert_id: String::new(),
            rule: String::new(),
            title: format!("{} alert{} for you", items.len(), if items.len() == 1 { "" } else { "s" }),
            severity,
            customer_id: String::new(),
            recipient: recipient.to_owned(),
            raised_at: at,
            at,
            reason: String::new(),
            action: String::new(),
            items,
        });
    }
}

/// What falls due for one rule of one customer.
fn schedule(due: &mut Queue, id: &str, customer: &CustomerState, index: usize, rule: &AlertRule, state: &RuleState) {
    if rule.when.absent.is_some() && !state.active {
        let from = state.seen.max(customer.first);
        due.insert(from + seconds(24.0 * rule.when.days.unwrap_or_default()), || Due::Absence(id.to_owned(), index));
    }
    if let Some(since) = state.since.filter(|_| !state.active) {
        due.insert(since + seconds(rule.for_hours), || Due::Hold(id.to_owned(), index));
    }
    if state.active && state.alert.is_none() && state.silent_until > i64::MIN {
        due.insert(state.silent_until, || Due::Hold(id.to_owned(), index));
    }
    if let Some(alert) = state.alert.as_ref().filter(|a| !a.acknowledged)
        && let Some(next) = rule.escalate.get(alert.escalated)
    {
        due.insert(alert.raised_at + seconds(next.after_hours), || Due::Escalation(id.to_owned(), index));
    }
}

/// Whether a value enters the rule's condition, and whether it leaves it.
fn judge(rule: &AlertRule, value: &Reading) -> (bool, bool) {
    let when = &rule.when;
    if !when.is.is_empty() {
        let level = match value {
            Reading::Level(level) => level_key(level),
            Reading::Boolean(b) => b.to_string(),
            Reading::Number(x) => number(*x),
        };
        let is = when.is.iter().any(|l| level_key(l) == level);
        return (is, !is);
    }
    let Reading::Number(x) = *value else { return (false, false) };
    match (when.enter_at_most, when.enter_at_least) {
        (Some(enter), _) => (x <= enter, x > when.leave_above.unwrap_or(enter)),
        (_, Some(enter)) => (x >= enter, x < when.leave_below.unwrap_or(enter)),
        _ => (false, false),
    }
}

fn number(x: f64) -> String {
    crate::table::format_number((x * 1000.0).round() / 1000.0)
}

fn reason(rule: &AlertRule, value: &Reading, hits: u32) -> String {
    let when = &rule.when;
    let metric = when.metric.as_deref().unwrap_or_default();
    let words = match (value, when.enter_at_most, when.enter_at_least) {
        (Reading::Number(x), Some(enter), _) => format!("{metric} {} is at or below {}", number(*x), number(enter)),
        (Reading::Number(x), _, Some(enter)) => format!("{metric} {} is at or above {}", number(*x), number(enter)),
        (Reading::Number(x), ..) => format!("{metric} is {}", number(*x)),
        (Reading::Boolean(b), ..) => format!("{metric} is {b}"),
        (Reading::Level(level), ..) => format!("{metric} is {level}"),
    };
    if rule.n > 1 { format!("{words} ({hits} of the last {})", rule.n) } else { words }
}
