//! The alert engine as its users see it: what is sent, what is not, and what must never depend on how it is run.

use churn_core::alert::{
    AlertConfig, AlertEngine, AlertState, Channel, Notification, NotificationKind, Observation, Outcome,
    PayloadOptions, Reading, ReplayOptions, Step, parse_instant, payload, replay,
};
use proptest::prelude::*;

fn at(text: &str) -> i64 {
    parse_instant(text, "at").expect("instant")
}

fn engine(rules: &str) -> AlertEngine {
    AlertEngine::new(AlertConfig::from_toml(rules).expect("rules")).expect("engine")
}

fn seen(customer: &str, at: i64, metric: &str, value: f64) -> Observation {
    Observation {
        customer_id: customer.into(),
        at,
        owner: Some("ann".into()),
        values: [(metric.to_owned(), Reading::Number(value))].into(),
        event: None,
    }
}

fn event(customer: &str, at: i64, name: &str) -> Observation {
    Observation { customer_id: customer.into(), at, owner: None, values: Default::default(), event: Some(name.into()) }
}

const DAY: i64 = 86_400;

/// One value a day from 2026-03-02, a Monday.
fn days(engine: &AlertEngine, metric: &str, values: &[f64]) -> Step {
    let start = at("2026-03-02T10:00:00Z");
    let observations: Vec<Observation> =
        (0..).zip(values).map(|(i, v)| seen("c1", start + i * DAY, metric, *v)).collect();
    engine.step(AlertState::default(), &observations, start + values.len() as i64 * DAY).expect("step")
}

fn raised(step: &Step) -> Vec<i64> {
    let start = at("2026-03-02T10:00:00Z");
    let own = step.notifications.iter().filter(|n| n.kind == NotificationKind::Raised);
    own.map(|n| (n.raised_at - start) / DAY).collect()
}

#[test]
fn hysteresis_k_of_n_and_duration() {
    let plain = engine("[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50, leave_above = 60 }\n");
    // 55 neither enters nor leaves: one alert for the whole dip, a second one after a real recovery.
    assert_eq!(raised(&days(&plain, "s", &[70.0, 50.0, 55.0, 49.0, 60.0, 61.0, 45.0])), [1, 6]);
    let counted = engine("[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\nk = 2\nn = 3\n");
    assert_eq!(raised(&days(&counted, "s", &[40.0, 70.0, 70.0, 40.0, 70.0, 40.0])), [5]);
    let long = engine("[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\nfor_hours = 36\n");
    let step = days(&long, "s", &[40.0, 70.0, 40.0, 45.0, 40.0]);
    assert_eq!(step.notifications.len(), 1);
    assert_eq!(
        step.notifications[0].raised_at,
        at("2026-03-05T22:00:00Z"),
        "36 hours after it entered, between two observations"
    );
    let up = engine("[[rule]]\nname = \"p\"\nwhen = { metric = \"s\", enter_at_least = 0.7, leave_below = 0.5 }\n");
    assert_eq!(raised(&days(&up, "s", &[0.69, 0.7, 0.5, 0.8, 0.49, 0.7])), [1, 5]);
}

#[test]
fn a_cool_down_delays_but_forgets_nothing() {
    let rules =
        engine("[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\ncool_down_hours = 96\n");
    // Back in the red on day 2, within the cool-down, and still there on day 4 when it ends.
    assert_eq!(raised(&days(&rules, "s", &[40.0, 70.0, 40.0, 41.0, 42.0, 43.0])), [0, 4]);
    let step = days(&rules, "s", &[40.0, 70.0, 40.0, 70.0, 70.0, 70.0]);
    assert_eq!(raised(&step), [0], "healthy again when the cool-down ends");
    assert_eq!(step.suppressed[0].reason, "cool_down");
}

#[test]
fn a_group_raises_one_alert_and_speaks_up_when_it_ends() {
    let rules = engine(
        "[[rule]]\nname = \"red\"\ngroup = \"risk\"\nwhen = { metric = \"s\", enter_at_most = 50 }\n[[rule]]\nname = \"likely\"\nseverity = \"critical\"\ngroup = \"risk\"\nwhen = { metric = \"p\", enter_at_least = 0.7 }\n",
    );
    let start = at("2026-03-02T10:00:00Z");
    let both = |day: i64, s: f64, p: f64| {
        let mut o = seen("c1", start + day * DAY, "s", s);
        o.values.insert("p".into(), Reading::Number(p));
        o
    };
    let history = [both(0, 90.0, 0.8), both(1, 40.0, 0.8), both(2, 40.0, 0.2)];
    let step = rules.step(AlertState::default(), &history, start + 3 * DAY).expect("step");
    let told: Vec<(&str, i64)> =
        step.notifications.iter().map(|n| (n.rule.as_str(), (n.raised_at - start) / DAY)).collect();
    assert_eq!(told, [("likely", 0), ("red", 2)]);
    assert_eq!(step.suppressed[0].reason, "duplicate");
}

#[test]
fn nobody_answers_so_the_manager_hears_of_it() {
    let rules = engine(
        "owners = { ann = { manager = \"bob\" } }\n[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\nescalate = [{ after_hours = 24, to = \"manager\" }, { after_hours = 72, to = \"head\" }]\n",
    );
    let step = days(&rules, "s", &[40.0, 40.0, 40.0, 40.0, 40.0]);
    let told: Vec<(&str, i64)> =
        step.notifications.iter().map(|n| (n.recipient.as_str(), (n.at - n.raised_at) / 3600)).collect();
    assert_eq!(told, [("ann", 0), ("bob", 24), ("head", 72)]);
    let first = days(&rules, "s", &[40.0]);
    let mut state = first.state;
    let id = state.open_alerts()[0].to_owned();
    assert_eq!(first.notifications.len(), 2, "the manager is told when the day is over");
    assert!(state.settle(&id, Outcome::Acknowledged));
    let later = rules.step(state.clone(), &[], at("2026-04-01")).expect("step");
    assert!(later.notifications.is_empty(), "acknowledged: no further escalation");
    assert!(state.settle(&id, Outcome::Closed) && !state.settle(&id, Outcome::Closed));
}

#[test]
fn quiet_hours_wait_and_drop_what_recovered() {
    let rules = engine(
        "[limits]\nzone = \"Europe/Berlin\"\nquiet = { from = \"18:00\", to = \"08:00\", weekends = true, except = [\"critical\"] }\n[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\n[[rule]]\nname = \"worse\"\nseverity = \"critical\"\nwhen = { metric = \"s\", enter_at_most = 20 }\n",
    );
    let friday = at("2026-03-06T20:00:00Z");
    let run = |values: &[(i64, f64)]| {
        let observations: Vec<_> = values.iter().map(|(h, v)| seen("c1", friday + h * 3600, "s", *v)).collect();
        rules.step(AlertState::default(), &observations, friday + 5 * DAY).expect("step")
    };
    let told = run(&[(0, 40.0)]);
    assert_eq!(told.notifications[0].at, at("2026-03-09T07:00:00Z"), "Monday at eight in Berlin");
    let recovered = run(&[(0, 40.0), (30, 90.0)]);
    assert!(recovered.notifications.is_empty());
    assert_eq!(recovered.suppressed[0].reason, "recovered");
    let critical = run(&[(0, 10.0)]);
    assert_eq!(critical.notifications[0].at, friday);
}

#[test]
fn events_and_absences() {
    let rules = engine(
        "[[rule]]\nname = \"failed\"\nwhen = { event = \"payment_failed\" }\nk = 2\nwithin_hours = 72\n[[rule]]\nname = \"away\"\nwhen = { absent = \"login\", days = 14 }\n",
    );
    let start = at("2026-03-02T10:00:00Z");
    let history = [
        event("c1", start, "login"),
        event("c1", start + 5 * DAY, "payment_failed"),
        event("c1", start + 9 * DAY, "payment_failed"),
        event("c1", start + 10 * DAY, "payment_failed"),
        event("c1", start + 13 * DAY, "login"),
        event("c2", start, "payment_failed"),
    ];
    let step = rules.step(AlertState::default(), &history, start + 40 * DAY).expect("step");
    let told: Vec<(&str, &str, i64)> = step
        .notifications
        .iter()
        .map(|n| (n.rule.as_str(), n.customer_id.as_str(), (n.raised_at - start) / DAY))
        .collect();
    assert_eq!(told, [("failed", "c1", 10), ("away", "c2", 14), ("away", "c1", 27)]);
    let back = rules.step(step.state, &[event("c1", start + 41 * DAY, "login")], start + 60 * DAY).expect("step");
    assert_eq!(back.notifications.len(), 1, "away again, 14 days after the login");
    assert_eq!(back.notifications[0].raised_at, start + 55 * DAY);
}

#[test]
fn what_is_beyond_the_cap_is_in_the_digest() {
    let rules = engine(
        "[limits]\nper_owner_week = 2\ndigest_at = \"09:00\"\n[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\n",
    );
    let start = at("2026-03-02T10:00:00Z");
    let observations: Vec<_> = (0..5).map(|i| seen(&format!("c{i}"), start + i, "s", 10.0)).collect();
    let step = rules.step(AlertState::default(), &observations, start + DAY).expect("step");
    let kinds: Vec<NotificationKind> = step.notifications.iter().map(|n| n.kind).collect();
    assert_eq!(kinds, [NotificationKind::Raised, NotificationKind::Raised, NotificationKind::Digest]);
    let digest = &step.notifications[2];
    assert_eq!((digest.items.len(), digest.at), (3, at("2026-03-03T09:00:00Z")));
    assert_eq!(step.suppressed.iter().filter(|s| s.reason == "cap").count(), 3);
}

#[test]
fn messages_hold_nothing_personal_unless_asked() {
    let rules = engine(
        "[[rule]]\nname = \"red\"\ntitle = \"Health <is> red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\naction = \"Call\"\n",
    );
    let step = days(&rules, "s", &[40.0]);
    let notification = &step.notifications[0];
    let details = serde_json::json!({ "customer_name": "Jane Doe", "email": "jane@example.com", "plan": "Pro", "note": "secret" });
    let mut options =
        PayloadOptions { details: details.as_object().expect("object").clone(), ..PayloadOptions::default() };
    for channel in [Channel::Email, Channel::Slack, Channel::Webhook] {
        let text = payload(notification, channel, &options).expect("payload").to_string();
        assert!(!text.contains("Jane") && !text.contains("jane@") && !text.contains("secret"), "{text}");
    }
    options.body = Some("{customer_name} on {plan}: {reason} {{x}}".into());
    assert_eq!(payload(notification, Channel::Email, &options).expect_err("personal").code(), "invalid_argument");
    options.include = vec!["customer_name".into()];
    let mail = payload(notification, Channel::Email, &options).expect("payload");
    assert_eq!(mail["text"], "Jane Doe on Pro: s 40 is at or below 50 {x}");
    assert_eq!(mail["subject"], "[warning] Health <is> red: c1");
    let slack = payload(notification, Channel::Slack, &PayloadOptions::default()).expect("payload");
    assert_eq!(slack["text"], "[warning] Health &lt;is&gt; red: c1");
    options.body = Some("{open".into());
    assert!(payload(notification, Channel::Slack, &options).is_err());
}

#[test]
fn a_replay_tells_the_volume_and_the_needless_alerts() {
    let rules = engine("[[rule]]\nname = \"red\"\nwhen = { metric = \"s\", enter_at_most = 50 }\n");
    let start = at("2026-01-05T10:00:00Z");
    let mut history = Vec::new();
    for day in 0..180 {
        // c0 flickers, c1 falls and leaves, the others are well.
        history.push(seen("c0", start + day * DAY, "s", if day % 10 == 0 { 40.0 } else { 80.0 }));
        history.push(seen("c1", start + day * DAY, "s", if day < 30 { 80.0 } else { 30.0 }));
        history.push(seen("c2", start + day * DAY, "s", 90.0));
    }
    let options =
        ReplayOptions { churned: [("c1".to_owned(), "2026-03-10".to_owned())].into(), ..ReplayOptions::default() };
    let result = replay(&rules, &history, &options).expect("replay");
    let red = &result.rules[0];
    assert_eq!((red.alerts, red.customers, red.churned), (19, 2, 1));
    assert_eq!(red.recall, Some(1.0));
    assert!(red.precision.expect("known") > 0.09 && red.precision.expect("known") < 0.12, "{red:?}");
    assert!(red.no_action.expect("known") > 0.9 && result.warnings.len() == 1, "{red:?}");
    assert!((result.per_week - 19.0 / result.weeks).abs() < 1e-9);
    assert_eq!(replay(&rules, &[], &options).expect_err("empty").code(), "empty_input");
}

#[test]
fn mistakes_are_placed() {
    let cases = [
        ("[[rule]]\nname = \"a\"\nwhen = { metric = \"s\" }\n", "rule[0].when", "3"),
        (
            "[[rule]]\nname = \"a\"\nwhen = { metric = \"s\", enter_at_most = 50, leave_above = 40 }\n",
            "rule[0].when",
            "3",
        ),
        ("[[rule]]\nname = \"a\"\nwhen = { event = \"e\" }\nk = 2\n", "rule[0].within_hours", "1"),
        ("[[rule]]\nname = \"a\"\nwhen = { metric = \"s\", is = [\"x\"] }\nk = 3\nn = 2\n", "rule[0].k", "4"),
        ("[limits]\nzone = \"Mars/Base\"\n[[rule]]\nname = \"a\"\nwhen = { event = \"e\" }\n", "limits.zone", "2"),
        (
            "[[rule]]\nname = \"a\"\nwhen = { event = \"e\" }\n[[rule]]\nname = \"a\"\nwhen = { event = \"e\" }\n",
            "rule[1].name",
            "5",
        ),
    ];
    for (text, place, line) in cases {
        let error = AlertConfig::from_toml(text).expect_err(place);
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.context().contains(&("place", place.to_owned())), "{error:?}");
        assert!(error.context().contains(&("line", line.to_owned())), "{error:?}");
    }
    let rules = engine("[[rule]]\nname = \"a\"\nwhen = { event = \"e\" }\n");
    let error = rules.step(AlertState::default(), &[event("c", 100, "e")], 50).expect_err("future");
    assert_eq!(error.code(), "invalid_argument");
    assert_eq!(AlertState::from_json("{}").expect_err("no state").code(), "invalid_argument");
}

fn history() -> impl Strategy<Value = Vec<Observation>> {
    let one = (0u8..6, 0i64..60 * 24, 0.0f64..100.0, 0u8..8);
    prop::collection::vec(one, 0..200).prop_map(|items| {
        let start = at("2026-03-02T00:00:00Z");
        let mut all: Vec<Observation> = items
            .into_iter()
            .map(|(c, hour, value, kind)| {
                let mut o = seen(&format!("c{c}"), start + hour * 3600 + i64::from(c), "health_score", value);
                o.owner = Some(if c % 2 == 0 { "ann" } else { "bob" }.into());
                o.values.insert("churn_probability".into(), Reading::Number(1.0 - value / 100.0));
                match kind {
                    0 => o.event = Some("payment_failed".into()),
                    1 => o.event = Some("login".into()),
                    _ => {}
                }
                o
            })
            .collect();
        all.sort_by(|a, b| (a.at, &a.customer_id).cmp(&(b.at, &b.customer_id)));
        all.dedup_by(|a, b| a.at == b.at && a.customer_id == b.customer_id);
        all
    })
}

fn shipped(cap: u32) -> AlertEngine {
    let mut config = AlertConfig::shipped().expect("rules");
    config.limits.per_owner_week = Some(cap);
    AlertEngine::new(config).expect("engine")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Cut into any steps, in any order, through JSON, with every step given twice: the same notifications.
    #[test]
    fn steps_orders_and_repeats_change_nothing(history in history(), cut_hours in 1i64..200) {
        let engine = shipped(5);
        let (start, end) = (at("2026-03-02T00:00:00Z"), at("2026-05-15T00:00:00Z"));
        let whole = engine.step(AlertState::default(), &history, end).expect("step");
        let mut state = AlertState::default();
        let mut sent: Vec<Notification> = Vec::new();
        let mut now = start;
        while now < end {
            // Between two full hours nothing is observed and nothing falls due.
            let next = (now + cut_hours * 3600 + 1800).min(end);
            let mut batch: Vec<Observation> = history.iter().filter(|o| o.at > now && o.at <= next || (now == start && o.at == start)).cloned().collect();
            batch.reverse();
            let step = engine.step(state, &batch, next).expect("step");
            sent.extend(step.notifications);
            let kept = AlertState::from_json(&step.state.to_json().expect("json")).expect("state");
            prop_assert_eq!(&kept, &step.state);
            let again = engine.step(kept, &batch, next).expect("again");
            prop_assert!(again.notifications.is_empty(), "a repeat sends nothing");
            state = again.state;
            now = next;
        }
        prop_assert_eq!(&sent, &whole.notifications);
        let ids: std::collections::BTreeSet<_> = sent.iter().map(|n| &n.id).collect();
        prop_assert_eq!(ids.len(), sent.len());
    }

    /// The cap of an owner and week is never broken.
    #[test]
    fn the_cap_holds(history in history(), cap in 0u32..4) {
        let step = shipped(cap).step(AlertState::default(), &history, at("2026-05-15T00:00:00Z")).expect("step");
        let mut weekly = std::collections::BTreeMap::new();
        for n in step.notifications.iter().filter(|n| n.kind != NotificationKind::Digest) {
            // 2026-03-02 is a Monday, and the owners' zone is UTC.
            *weekly.entry((&n.recipient, (n.at - at("2026-03-02")) / (7 * DAY))).or_insert(0u32) += 1;
        }
        prop_assert!(weekly.values().all(|&n| n <= cap), "{weekly:?}");
    }
}
