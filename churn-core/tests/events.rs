//! Tables of events: features as of a day, labels, and the gate against knowing the future.

use churn_core::engine::{
    EventData, EventOptions, TrainingSetOptions, build_features, build_training_set, check_point_in_time,
    churn_movements,
};
use churn_core::events::{ChurnDefinition, EventSettings, FeatureTable};
use churn_core::schema::{TableKind, event_features};
use churn_core::table::{ColumnData, RawTable};
use churn_core::{Engine, Input, Record, ScoreOptions, TrainOptions};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

fn records(value: serde_json::Value) -> Vec<Record> {
    value.as_array().expect("a list").iter().map(|r| r.as_object().expect("an object").clone()).collect()
}

fn number(built: &FeatureTable, name: &str, row: usize) -> Option<f64> {
    built.table.column(name).unwrap_or_else(|| panic!("no {name}")).data.number(row)
}

fn text(built: &FeatureTable, name: &str, row: usize) -> Option<String> {
    built.table.column(name).unwrap_or_else(|| panic!("no {name}")).data.cell(row).map(|c| c.into_owned())
}

fn codes(built: &FeatureTable) -> Vec<&str> {
    built.findings.iter().map(|f| f.code.as_str()).collect()
}

fn one_customer() -> Vec<Record> {
    records(json!([{"customer_id": "A", "signup_date": "2024-01-01"}]))
}

#[test]
fn the_instant_itself_belongs_to_the_future() {
    let usage = records(json!([
        {"customer_id": "A", "occurred_at": "2025-05-02T00:00:00Z", "event": "x"},
        {"customer_id": "A", "occurred_at": "2025-05-31T23:59:59Z", "event": "y"},
        {"customer_id": "A", "occurred_at": "2025-06-01T00:00:00Z", "event": "z"},
    ]));
    let data = EventData { usage: Some(Input::Records(&usage)), ..EventData::default() };
    let customers = one_customer();
    let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default()).expect("features");
    assert_eq!(number(&built, "usage_events_30d", 0), Some(2.0), "the window begins with its first instant");
    assert_eq!(number(&built, "usage_events_total", 0), Some(2.0));
    assert_eq!(number(&built, "usage_events_7d", 0), Some(1.0));
    assert_eq!(number(&built, "usage_streak_days", 0), Some(1.0));
    assert_eq!(number(&built, "usage_breadth_30d", 0), Some(2.0));
    let later = build_features(&customers[..], &data, "2025-06-01T00:00:01Z", &EventOptions::default()).expect("later");
    assert_eq!(number(&later, "usage_events_total", 0), Some(3.0));
}

#[test]
fn what_was_not_recorded_has_not_happened() {
    let customers = one_customer();
    let tickets = records(json!([
        {"ticket_id": "1", "customer_id": "A", "created_at": "2025-05-20", "resolved_at": "2025-06-03", "csat_score": 1, "status": "reopened"},
        {"ticket_id": "2", "customer_id": "A", "created_at": "2025-05-01", "resolved_at": "2025-05-02", "csat_score": 5, "status": "solved"},
    ]));
    let payments = records(json!([
        {"payment_id": "1", "customer_id": "A", "due_at": "2025-05-20", "paid_at": "2025-06-05", "amount": 10.0, "status": "paid"},
        {"payment_id": "2", "customer_id": "A", "due_at": "2025-04-20", "paid_at": "2025-04-23", "amount": 30.0, "status": "paid"},
    ]));
    let subscriptions = records(json!([
        {"subscription_id": "S", "customer_id": "A", "started_at": "2024-01-01", "ended_at": "2025-07-01", "monthly_charges": 50.0, "plan": "Pro", "billing_interval": "month"},
    ]));
    let usage = records(json!([
        {"customer_id": "A", "occurred_at": "2025-05-30", "known_at": "2025-06-02"},
        {"customer_id": "A", "occurred_at": "2025-05-29", "known_at": "2025-05-30"},
    ]));
    let data = EventData {
        tickets: Some(Input::Records(&tickets)),
        payments: Some(Input::Records(&payments)),
        subscriptions: Some(Input::Records(&subscriptions)),
        usage: Some(Input::Records(&usage)),
        ..EventData::default()
    };
    let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default()).expect("features");
    assert_eq!(number(&built, "tickets_open", 0), Some(1.0), "resolved later is open");
    assert_eq!(number(&built, "tickets_csat_mean_180d", 0), Some(5.0), "the answer to come is not known");
    assert_eq!(number(&built, "tickets_reopened_share_180d", 0), Some(0.0));
    assert_eq!(number(&built, "payments_total", 0), Some(1.0));
    assert_eq!(number(&built, "payments_days_past_due", 0), Some(12.0), "paid later is late");
    assert_eq!(number(&built, "payments_outstanding_amount", 0), Some(10.0));
    assert_eq!(number(&built, "payments_days_late_mean_180d", 0), Some(7.5));
    assert_eq!(number(&built, "subscriptions_running", 0), Some(1.0), "ending later is running");
    assert_eq!(number(&built, "subscriptions_mrr", 0), Some(50.0));
    assert_eq!(number(&built, "subscriptions_days_to_renewal", 0), Some(0.0));
    assert_eq!(text(&built, "subscriptions_plan", 0).as_deref(), Some("Pro"));
    assert_eq!(text(&built, "subscriptions_last_movement", 0).as_deref(), Some("new"));
    assert_eq!(number(&built, "usage_events_total", 0), Some(1.0), "recorded later is not known");
    assert!(codes(&built).contains(&"table_missing"), "{:?}", codes(&built));
    let delayed = EventOptions {
        settings: EventSettings { delay_days: BTreeMap::from([(TableKind::Usage, 3.0)]), ..EventSettings::default() },
        ..EventOptions::default()
    };
    let built = build_features(&customers[..], &data, "2025-06-01", &delayed).expect("features");
    assert_eq!(number(&built, "usage_events_total", 0), Some(0.0), "a source that comes three days late");
}

#[test]
fn odd_rows_are_told() {
    let customers = one_customer();
    let tickets = records(json!([
        {"ticket_id": "2", "customer_id": "A", "created_at": "2025-05-20"},
        {"ticket_id": "1", "customer_id": "A", "created_at": "2025-05-01"},
        {"ticket_id": "1", "customer_id": "A", "created_at": "2025-05-01"},
        {"ticket_id": "3", "customer_id": "B", "created_at": "2025-05-01"},
        {"ticket_id": "4", "customer_id": "A", "created_at": "2023-05-01"},
        {"ticket_id": "5", "customer_id": "A", "created_at": null},
    ]));
    let data = EventData { tickets: Some(Input::Records(&tickets)), ..EventData::default() };
    let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default()).expect("features");
    for code in ["events_unsorted", "duplicate_events", "unknown_customer", "event_before_signup", "event_without_time"]
    {
        assert!(codes(&built).contains(&code), "{code}: {:?}", codes(&built));
    }
    assert_eq!(number(&built, "tickets_180d", 0), Some(2.0));
    assert!(built.table.column("tickets_csat_last").is_none(), "no column, no feature");
    assert!(codes(&built).contains(&"features_left_out"));
}

#[test]
fn a_header_alone_is_a_table_in_which_nothing_happened() {
    let customers = b"customer_id\n1\n2\n";
    let build = |usage: &[u8]| {
        let data = EventData { usage: Some(usage.into()), ..EventData::default() };
        build_features(&customers[..], &data, "2025-06-01", &EventOptions::default())
    };
    let built = build(b"customer_id,occurred_at,event\n").expect("features");
    assert_eq!(number(&built, "usage_events_30d", 1), Some(0.0));
    assert_eq!(build(b"").expect_err("no file").code(), "empty_input");
    // A table without rows makes the features of its columns, so that parts without events have the columns of the others.
    let names = |raw: RawTable| -> Vec<String> {
        let data = EventData { usage: Some(Input::Raw(&raw)), ..EventData::default() };
        let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default()).expect("features");
        assert!(built.table.column("usage_total_minutes_30d").is_none());
        built.table.columns().iter().map(|c| c.name.clone()).collect()
    };
    let header = ["customer_id", "occurred_at", "event"].map(str::to_owned);
    let one = header.iter().cloned().zip(["1", "2025-05-30", "open"].map(|cell| ColumnData::text([Some(cell)])));
    let filled = RawTable::from_columns(one.collect()).expect("a table");
    assert_eq!(names(RawTable::without_rows(header.to_vec())), names(filled));
}

#[test]
fn whole_numbers_that_passed_through_floats_are_the_same_ids() {
    let customers = b"customer_id\n1\n2\n3.0\n";
    let usage = b"customer_id,occurred_at\n1.0,2025-05-30\n2,2025-05-30\n3.0,2025-05-29\n,2025-05-28\n1.5,2025-05-30\n";
    let data = EventData { usage: Some(usage[..].into()), ..EventData::default() };
    let built = build_features(&customers[..], &data, "2025-06-01", &EventOptions::default()).expect("features");
    let counts: Vec<_> = (0..3).map(|r| number(&built, "usage_events_30d", r)).collect();
    assert_eq!(counts, [Some(1.0); 3]);
    let unknown = built.findings.iter().find(|f| f.code == "unknown_customer").expect("told");
    assert_eq!(unknown.rows_affected, 2);
}

#[test]
fn movements_and_terms_of_subscriptions() {
    let customers = one_customer();
    let subscriptions = records(json!([
        {"subscription_id": "1", "customer_id": "A", "started_at": "2024-01-31", "ended_at": "2024-06-30", "monthly_charges": 10, "seats": 2, "billing_interval": "monthly"},
        {"subscription_id": "1", "customer_id": "A", "started_at": "2024-07-01", "ended_at": "2024-09-01", "monthly_charges": 30, "seats": 5, "billing_interval": "monthly"},
        {"subscription_id": "2", "customer_id": "A", "started_at": "2025-03-01", "ended_at": null, "monthly_charges": 20, "seats": 4, "billing_interval": "yearly"},
    ]));
    let data = EventData { subscriptions: Some(Input::Records(&subscriptions)), ..EventData::default() };
    let at = |day: &str| build_features(&customers[..], &data, day, &EventOptions::default()).expect("features");
    let summer = at("2024-08-01");
    assert_eq!(number(&summer, "subscriptions_upgrades_365d", 0), Some(1.0), "the hole of a day is none");
    assert_eq!(number(&summer, "subscriptions_reactivations", 0), Some(0.0));
    assert_eq!(text(&summer, "subscriptions_last_movement", 0).as_deref(), Some("expansion"));
    assert_eq!(number(&summer, "subscriptions_price_per_seat", 0), Some(6.0));
    assert_eq!(number(&summer, "subscriptions_days_since_start", 0), Some(183.0));
    assert_eq!(number(&summer, "subscriptions_days_to_renewal", 0), Some(0.0));
    let between = at("2025-01-01");
    assert_eq!(number(&between, "subscriptions_running", 0), Some(0.0));
    assert_eq!(number(&between, "subscriptions_mrr", 0), Some(0.0));
    assert_eq!(text(&between, "subscriptions_last_movement", 0).as_deref(), Some("churn"));
    let back = at("2025-06-01");
    assert_eq!(text(&back, "subscriptions_last_movement", 0).as_deref(), Some("reactivation"));
    assert_eq!(number(&back, "subscriptions_days_to_renewal", 0), Some(273.0));
    assert_eq!(number(&back, "subscriptions_cycle_share", 0), Some(92.0 / 365.0));
}

#[test]
fn declared_features_follow_the_same_rules() {
    let customers = one_customer();
    let tickets = records(json!([
        {"ticket_id": "1", "customer_id": "A", "created_at": "2025-05-20", "resolved_at": "2025-05-21", "category": "Billing", "minutes": 12.5},
        {"ticket_id": "2", "customer_id": "A", "created_at": "2025-05-01", "resolved_at": "2025-06-02", "category": "billing", "minutes": 2.0},
        {"ticket_id": "3", "customer_id": "A", "created_at": "2025-06-01", "resolved_at": "2025-06-02", "category": "Billing", "minutes": 90.0},
        {"ticket_id": "4", "customer_id": "A", "created_at": "2025-05-11", "category": "Login", "minutes": null},
    ]));
    let data = EventData { tickets: Some(Input::Records(&tickets)), ..EventData::default() };
    let settings = EventSettings::from_json(&json!({"custom": [
        {"name": "billing", "table": "tickets", "aggregate": "count", "window_days": 30,
         "filter": [{"column": "category", "op": "eq", "value": "billing"}]},
        {"name": "minutes", "table": "tickets", "aggregate": "sum", "column": "minutes"},
        {"name": "long_share", "table": "tickets", "aggregate": "share", "filter": [{"column": "minutes", "op": "gt", "value": 10}]},
        {"name": "busiest", "table": "tickets", "aggregate": "sum", "column": "minutes", "group": "category", "reduce": "max"},
        {"name": "since", "table": "tickets", "aggregate": "days_since_last", "filter": [{"column": "minutes", "op": "is_missing"}]},
        {"name": "topics", "table": "tickets", "aggregate": "distinct", "column": "category"},
    ]}))
    .expect("settings");
    let options = EventOptions { settings, ..EventOptions::default() };
    let built = build_features(&customers[..], &data, "2025-06-01", &options).expect("features");
    let values = ["billing", "minutes", "long_share", "busiest", "since", "topics"].map(|n| number(&built, n, 0));
    assert_eq!(values, [Some(1.0), Some(14.5), Some(1.0 / 3.0), Some(12.5), Some(21.0), Some(3.0)]);
    for wrong in [
        json!({"name": "churned", "table": "tickets", "aggregate": "count"}),
        json!({"name": "x", "table": "customers", "aggregate": "count"}),
        json!({"name": "x", "table": "tickets", "aggregate": "sum"}),
        json!({"name": "x", "table": "tickets", "aggregate": "share"}),
        json!({"name": "x", "table": "tickets", "aggregate": "count", "filter": [{"column": "a", "op": "lt", "value": "b"}]}),
        json!({"name": "x", "table": "tickets", "aggregate": "hash"}),
    ] {
        assert!(EventSettings::from_json(&json!({"custom": [wrong]})).is_err());
    }
    let lacking = json!({"custom": [{"name": "x", "table": "tickets", "aggregate": "sum", "column": "nowhere"}]});
    let options =
        EventOptions { settings: EventSettings::from_json(&lacking).expect("settings"), ..EventOptions::default() };
    let error = build_features(&customers[..], &data, "2025-06-01", &options).expect_err("no such column");
    assert_eq!(error.code(), "invalid_argument");
}

fn dates(movements: &churn_core::table::Table, movement: &str) -> Vec<String> {
    let column = |name: &str| &movements.column(name).expect("a column").data;
    let rows = (0..movements.n_rows()).filter(|&r| column("movement").cell(r).as_deref() == Some(movement));
    rows.map(|r| column("at").cell(r).expect("an instant")[..10].to_owned()).collect()
}

#[test]
fn vendors_book_the_same_history_in_their_own_ways() {
    let customers = one_customer();
    let subscriptions = records(json!([
        {"subscription_id": "1", "customer_id": "A", "started_at": "2024-01-05", "canceled_at": "2024-01-20", "ended_at": "2024-01-20", "renews_at": "2024-02-05", "status": "canceled"},
        {"subscription_id": "2", "customer_id": "A", "started_at": "2024-03-01", "canceled_at": "2024-03-10", "ended_at": "2024-03-10", "renews_at": "2024-03-31", "status": "canceled"},
        {"subscription_id": "3", "customer_id": "A", "started_at": "2024-09-01", "canceled_at": null, "ended_at": "2024-10-01", "renews_at": null, "status": "active"},
        {"subscription_id": "3", "customer_id": "A", "started_at": "2024-10-01", "canceled_at": null, "ended_at": "2024-12-01", "renews_at": null, "status": "paused"},
        {"subscription_id": "3", "customer_id": "A", "started_at": "2024-12-01", "canceled_at": null, "ended_at": null, "renews_at": null, "status": "active"},
    ]));
    let data = EventData { subscriptions: Some(Input::Records(&subscriptions)), ..EventData::default() };
    let booked = |preset: &str| {
        let definition = ChurnDefinition::preset(preset, 30).expect("preset");
        churn_movements(&customers[..], &data, &definition, &EventOptions::default()).expect("movements")
    };
    let chartmogul = booked("chartmogul");
    assert_eq!(dates(&chartmogul, "churn"), ["2024-02-05", "2024-03-31"], "end of the current period");
    assert_eq!(dates(&chartmogul, "reactivation"), ["2024-03-01", "2024-09-01"]);
    let chargify = booked("chargify");
    assert_eq!(dates(&chargify, "churn"), ["2024-01-20", "2024-03-10"], "at cancellation; a pause goes on");
    assert_eq!(dates(&chargify, "reactivation"), ["2024-03-01"], "within 90 days");
    assert_eq!(dates(&chargify, "new"), ["2024-01-05", "2024-09-01"], "later is new");
    let recharge = booked("recharge");
    assert_eq!(
        dates(&recharge, "churn"),
        ["2024-01-21", "2024-03-11", "2024-10-02"],
        "the day after; a pause is a loss"
    );
    let profitwell = booked("profitwell");
    assert_eq!(dates(&profitwell, "churn"), ["2024-02-05", "2024-10-01"], "joined and left in March: ignored");
    assert_eq!(dates(&profitwell, "new").len() + dates(&profitwell, "reactivation").len(), 3);
}

#[test]
fn unpaid_is_involuntary() {
    let customers = one_customer();
    let subscriptions = records(json!([
        {"subscription_id": "1", "customer_id": "A", "started_at": "2024-01-01", "ended_at": "2024-12-01", "cancel_reason": "too expensive"},
    ]));
    let payments = records(json!([
        {"customer_id": "A", "due_at": "2024-03-01", "paid_at": "2024-03-05", "amount": 5},
        {"customer_id": "A", "due_at": "2024-05-01", "paid_at": "2024-06-20", "amount": 5},
        {"customer_id": "A", "due_at": "2024-07-01", "paid_at": "2024-07-01", "amount": 5},
    ]));
    let data = EventData {
        subscriptions: Some(Input::Records(&subscriptions)),
        payments: Some(Input::Records(&payments)),
        ..EventData::default()
    };
    let definition = ChurnDefinition { past_due_days: Some(30), ..ChurnDefinition::contractual(30) };
    let booked = |kind: &str| {
        let mut value = serde_json::to_value(&definition).expect("json");
        value["kind"] = json!(kind);
        let definition = ChurnDefinition::from_json(&value).expect("definition");
        let movements =
            churn_movements(&customers[..], &data, &definition, &EventOptions::default()).expect("movements");
        dates(&movements, "churn")
    };
    assert_eq!(booked("all"), ["2024-05-31", "2024-12-01"]);
    assert_eq!(booked("involuntary"), ["2024-05-31"]);
    assert_eq!(booked("voluntary"), ["2024-12-01"]);
}

/// Invented customers with all five tables; `later` is how many days the tables go on behind day 400.
fn world(n: usize, seed: u64, later: i64) -> [Vec<Record>; 6] {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = move |n: i64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n.max(1) as u64) as i64
    };
    let stamp = |hours: i64| {
        let t = jiff::Timestamp::from_second(1_704_067_200 + hours * 3600).expect("instant");
        t.to_string()
    };
    let end = (400 + later) * 24;
    let [mut customers, mut tickets, mut payments, mut usage, mut interactions, mut subscriptions] =
        std::array::from_fn(|_| Vec::<serde_json::Value>::new());
    for c in 0..n {
        let id = format!("C{c}");
        let start = draw(200) * 24;
        let contract = ["Monthly", "Yearly"][draw(2) as usize];
        customers.push(json!({"customer_id": id, "signup_date": stamp(start)[..10], "contract": contract}));
        let span = end - start;
        for i in 0..draw(6) {
            let at = start + draw(span);
            let resolved = (draw(4) > 0).then(|| stamp(at + draw(400)));
            tickets.push(json!({"ticket_id": format!("{c}-{i}"), "customer_id": id, "created_at": stamp(at),
                "first_response_at": (draw(3) > 0).then(|| stamp(at + draw(90))), "resolved_at": resolved,
                "status": (["solved", "reopened", "escalated", "open"][draw(4) as usize]),
                "priority": (["low", "high", "urgent"][draw(3) as usize]), "category": (["a", "b", "c"][draw(3) as usize]),
                "csat_score": (draw(2) > 0).then(|| draw(5) + 1)}));
        }
        let mut due = start;
        while due < end {
            let paid = (draw(5) > 0).then(|| stamp(due + draw(600) - 48));
            payments.push(
                json!({"payment_id": format!("{c}/{due}"), "customer_id": id, "due_at": stamp(due), "paid_at": paid,
                "amount": draw(5000) as f64 / 7.0, "status": (["paid", "paid", "failed"][draw(3) as usize]),
                "payment_method": (["card", "sepa"][draw(2) as usize]), "refunded_amount": draw(3),
                "refunded_at": (draw(6) == 0).then(|| stamp(due + draw(2000))),
                "failure_reason": (draw(6) == 0).then_some("card expired")}),
            );
            due += 24 * 30;
        }
        for _ in 0..draw(60) {
            let at = start + draw(span);
            usage.push(json!({"customer_id": id, "occurred_at": stamp(at), "known_at": stamp(at + draw(20)), "user_id": draw(5),
                "session_id": draw(40), "event": (["open", "save", "share"][draw(3) as usize]),
                "quantity": draw(1000) as f64 / 3.0, "duration_minutes": draw(50)}));
        }
        for i in 0..draw(8) {
            interactions.push(json!({"interaction_id": format!("{c}+{i}"), "customer_id": id, "occurred_at": stamp(start + draw(span)),
                "kind": (["call", "mail"][draw(2) as usize]), "direction": (["inbound", "outbound"][draw(2) as usize]),
                "outcome": (["done", "no-show"][draw(2) as usize]),
                "sentiment": (["positive", "neutral", "negative"][draw(3) as usize]), "duration_minutes": draw(60)}));
        }
        let mut at = start;
        for i in 0..1 + draw(3) {
            let stop = at + draw(span) + 24;
            let status = ["active", "paused", "canceled"][draw(3) as usize];
            subscriptions.push(json!({"subscription_id": format!("{c}:{}", i / 2), "customer_id": id, "started_at": stamp(at),
                "ended_at": (draw(3) > 0).then(|| stamp(stop)), "plan": (["Basic", "Pro"][draw(2) as usize]),
                "monthly_charges": draw(300), "seats": draw(9), "billing_interval": (["month", "year"][draw(2) as usize]),
                "status": status, "created_at": stamp(at + draw(30))}));
            at = stop + draw(3) * 500;
        }
    }
    [customers, tickets, payments, usage, interactions, subscriptions].map(|t| records(serde_json::Value::Array(t)))
}

fn data_of(world: &[Vec<Record>; 6]) -> EventData<'_> {
    EventData {
        tickets: Some(Input::Records(&world[1])),
        payments: Some(Input::Records(&world[2])),
        usage: Some(Input::Records(&world[3])),
        interactions: Some(Input::Records(&world[4])),
        subscriptions: Some(Input::Records(&world[5])),
    }
}

fn all_settings() -> EventSettings {
    EventSettings::from_json(&json!({"key_events": ["save", "share"], "custom": [
        {"name": "solved", "table": "tickets", "aggregate": "share", "filter": [{"column": "status", "op": "eq", "value": "solved"}]},
        {"name": "mean_paid", "table": "payments", "aggregate": "mean", "column": "amount", "window_days": 90,
         "filter": [{"column": "status", "op": "ne", "value": "failed"}]},
        {"name": "busiest_user", "table": "usage", "aggregate": "sum", "column": "quantity", "group": "user_id"},
    ]}))
    .expect("settings")
}

/// Every cell, numbers as their bits.
fn bytes(built: &FeatureTable) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for column in built.table.columns() {
        let cells = (0..built.table.n_rows()).map(|r| match column.data.number(r) {
            Some(n) => format!("{:x}", n.to_bits()),
            None => column.data.cell(r).map_or(String::new(), |c| c.into_owned()),
        });
        out.push(format!("{}={}", column.name, cells.collect::<Vec<_>>().join(",")));
    }
    out.sort_unstable();
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_feature_knows_the_future(seed in 1u64..1_000_000, day in 60i64..460) {
        let world = world(12, seed, 60);
        let options = EventOptions { settings: all_settings(), ..EventOptions::default() };
        let as_of = jiff::Timestamp::from_second(1_704_067_200 + day * 86_400).expect("instant").to_string();
        let gate = check_point_in_time(&world[0][..], &data_of(&world), &as_of, &options).expect("gate");
        prop_assert!(gate.ok, "{:?}", gate.columns);
        prop_assert!(gate.rows_removed > 0 || day > 400);
    }

    #[test]
    fn the_order_of_rows_and_columns_does_not_matter(seed in 1u64..1_000_000) {
        let world = world(8, seed, 0);
        let options = EventOptions { settings: all_settings(), ..EventOptions::default() };
        let build = |w: &[Vec<Record>; 6]| build_features(&w[0][..], &data_of(w), "2025-01-15", &options).expect("features");
        let mut turned = world.clone();
        for table in &mut turned[1..] {
            table.reverse();
            for record in table {
                *record = record.clone().into_iter().rev().collect();
            }
        }
        prop_assert_eq!(bytes(&build(&world)), bytes(&build(&turned)));
    }
}

#[test]
fn customers_in_ranges_get_the_bytes_of_the_whole() {
    let world = world(40, 5, 0);
    let options = EventOptions { settings: all_settings(), ..EventOptions::default() };
    let build =
        |w: &[Vec<Record>; 6]| build_features(&w[0][..], &data_of(w), "2025-01-15", &options).expect("features");
    let rows = |built: &FeatureTable| -> Vec<String> {
        let cell = |c: &churn_core::table::Column, r: usize| match c.data.number(r) {
            Some(n) => format!("{}={:x}", c.name, n.to_bits()),
            None => format!("{}={}", c.name, c.data.cell(r).unwrap_or_default()),
        };
        let one = |r: usize| built.table.columns().iter().map(|c| cell(c, r)).collect::<Vec<_>>().join(",");
        (0..built.table.n_rows()).map(one).collect()
    };
    let whole = rows(&build(&world));
    for ends in [vec![20, 40], vec![1, 7, 33, 40], (10..=40).step_by(10).collect()] {
        let mut from = 0;
        let mut parts = Vec::new();
        for to in ends {
            let ids: Vec<_> = world[0][from..to].iter().map(|c| c["customer_id"].clone()).collect();
            let own = |t: &Vec<Record>| t.iter().filter(|r| ids.contains(&r["customer_id"])).cloned().collect();
            parts.extend(rows(&build(&std::array::from_fn(|i| own(&world[i])))));
            from = to;
        }
        assert_eq!(parts, whole);
    }
}

#[test]
fn a_payment_made_before_it_was_due_failed_before_it_was_made() {
    let customers = records(json!([{"customer_id": "A"}]));
    let payments =
        records(json!([{"payment_id": 1, "customer_id": "A", "due_at": "2025-06-02", "paid_at": "2025-05-31",
        "amount": 5, "status": "paid", "failure_reason": "card expired"}]));
    let data = EventData { payments: Some(Input::Records(&payments)), ..EventData::default() };
    let options = EventOptions::default();
    let built = build_features(&customers[..], &data, "2025-06-01", &options).expect("features");
    assert_eq!(number(&built, "payments_failed_30d", 0), Some(1.0));
    let gate = check_point_in_time(&customers[..], &data, "2025-06-01", &options).expect("gate");
    assert!(gate.ok, "{:?}", gate.columns);
}

#[test]
fn every_feature_of_the_catalog_is_made() {
    let world = world(60, 7, 0);
    let options = EventOptions { settings: all_settings(), ..EventOptions::default() };
    let built = build_features(&world[0][..], &data_of(&world), "2025-01-15", &options).expect("features");
    for feature in event_features() {
        // The discounts are not told in this world.
        if feature.name == "payments_discount_share_180d" {
            continue;
        }
        let column = built.table.column(&feature.name).unwrap_or_else(|| panic!("{} is missing", feature.name));
        let mut cells: Vec<_> = (0..built.table.n_rows()).map(|r| column.data.cell(r)).collect();
        cells.sort();
        cells.dedup();
        assert!(cells.len() > 1, "{} says the same of everybody", feature.name);
    }
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let alone =
        one.install(|| build_features(&world[0][..], &data_of(&world), "2025-01-15", &options).expect("features"));
    assert_eq!(bytes(&built), bytes(&alone), "one thread");
}

#[test]
fn a_customer_live_gets_the_bits_of_the_batch() {
    let world = world(60, 3, 100);
    let settings = all_settings();
    let options = EventOptions { settings, ..EventOptions::default() };
    let definition = ChurnDefinition::inactivity(60, 60);
    let training = TrainingSetOptions { every: Some("quarter".into()), ..TrainingSetOptions::new(definition.clone()) };
    let set = build_training_set(&world[0][..], &data_of(&world), &training, &options).expect("training set");
    assert_eq!(set.definition.as_ref(), Some(&definition));
    let profile = Some(churn_core::schema::Profile::shipped("generic").expect("profile"));
    let engine = Engine::train(
        &set,
        &TrainOptions { profile, learner: churn_core::train::Learner::Forest, ..TrainOptions::default() },
    )
    .expect("train");
    assert_eq!(engine.model().card.definition.as_ref(), Some(&definition));
    assert!(engine.model().label.description.contains(&definition.id()));
    let engine = Engine::from_bytes(&engine.to_bytes().expect("bytes")).expect("a model");

    let as_of = "2025-07-01";
    let batch = build_features(&world[0][..], &data_of(&world), as_of, &options).expect("features");
    let score = ScoreOptions { as_of: Some(as_of.into()), ..ScoreOptions::default() };
    let scored = engine.score(&batch, &score).expect("score").predictions;
    let mut without_id = 0;
    for (row, customer) in world[0].iter().enumerate().step_by(13) {
        let mine = |table: &Vec<Record>| -> Vec<Record> {
            table.iter().filter(|r| r["customer_id"] == customer["customer_id"]).cloned().collect()
        };
        let mut tables: [Vec<Record>; 6] = std::array::from_fn(|i| mine(&world[i]));
        if row % 2 == 0 {
            without_id += 1;
            tables[1..].iter_mut().flatten().for_each(|r| drop(r.shift_remove("customer_id")));
        }
        let live = engine.score_customer(customer, &data_of(&tables), &BTreeMap::new(), &score).expect("score");
        assert_eq!(live.churn_probability.to_bits(), scored.churn_probabilities()[row].to_bits(), "{row}");
        assert_eq!(live.customer_id, scored.customer_id(row));
        let reason = |n: usize| scored.columns()[6 + n].1.cell(row).map(|c| c.into_owned());
        assert_eq!(live.reasons, (0..3).map_while(reason).collect::<Vec<_>>());
    }
    assert!(without_id > 2);
}

#[test]
fn snapshots_are_labelled_by_the_definition() {
    let customers = records(json!([
        {"customer_id": "A", "signup_date": "2024-01-01"},
        {"customer_id": "B", "signup_date": "2024-01-01"},
        {"customer_id": "C", "signup_date": "2024-03-15"},
    ]));
    let subscriptions = records(json!([
        {"subscription_id": "1", "customer_id": "A", "started_at": "2024-01-01", "ended_at": "2024-04-10"},
        {"subscription_id": "2", "customer_id": "B", "started_at": "2024-01-01", "ended_at": null},
        {"subscription_id": "3", "customer_id": "C", "started_at": "2024-03-15", "ended_at": "2024-05-01"},
    ]));
    let data = EventData { subscriptions: Some(Input::Records(&subscriptions)), ..EventData::default() };
    let set = |definition: ChurnDefinition, end: &str| {
        let training = TrainingSetOptions {
            start: Some("2024-02-01".into()),
            end: Some(end.into()),
            observed_until: Some("2024-06-05".into()),
            ..TrainingSetOptions::new(definition)
        };
        build_training_set(&customers[..], &data, &training, &EventOptions::default()).expect("training set")
    };
    let rows = |built: &FeatureTable| -> Vec<String> {
        (0..built.table.n_rows())
            .map(|r| ["customer_id", "snapshot_date", "churned"].map(|c| text(built, c, r).expect("a value")).join(" "))
            .collect()
    };
    let thirty = set(ChurnDefinition::contractual(30), "2024-06-01");
    assert_eq!(
        rows(&thirty),
        [
            "A 2024-02-01 false",
            "A 2024-03-01 false",
            "A 2024-04-01 true",
            "B 2024-02-01 false",
            "B 2024-03-01 false",
            "B 2024-04-01 false",
            "B 2024-05-01 false",
            "C 2024-04-01 false",
            "C 2024-05-01 true",
        ],
        "who ends at the instant is still there, and lost in the window that begins with it"
    );
    assert!(codes(&thirty).contains(&"immature_snapshots"), "June is not over");
    let gap = set(ChurnDefinition { gap_days: 15, ..ChurnDefinition::contractual(30) }, "2024-05-01");
    assert!(rows(&gap).contains(&"A 2024-03-01 true".to_owned()), "{:?}", rows(&gap));
    assert!(!rows(&gap).iter().any(|r| r.starts_with("A 2024-04-01")), "lost within the gap");
    assert!(codes(&gap).contains(&"left_in_gap"));
    let error = build_training_set(
        &customers[..],
        &EventData::default(),
        &TrainingSetOptions::new(ChurnDefinition::contractual(30)),
        &EventOptions::default(),
    )
    .expect_err("nothing to label from");
    assert_eq!(error.code(), "invalid_argument");
}

#[test]
fn those_who_left_before_the_export_are_missed() {
    // A thousand days of customers, and losses on record only since day 900.
    let mut customers = Vec::new();
    for i in 0..300i64 {
        let day =
            |d: i64| jiff::Timestamp::from_second((18_000 + d) * 86_400).expect("day").to_string()[..10].to_owned();
        let left = (i % 3 == 0).then(|| day(900 + i % 90));
        customers.push(json!({"customer_id": i, "signup_date": day(i * 2), "churn_date": left, "monthly_charges": i}));
    }
    let customers = records(json!(customers));
    let training = TrainingSetOptions {
        start: Some("2021-01-01".into()),
        observed_until: Some("2022-01-06".into()),
        ..TrainingSetOptions::new(ChurnDefinition::contractual(30))
    };
    let set =
        build_training_set(&customers[..], &EventData::default(), &training, &EventOptions::default()).expect("set");
    assert!(codes(&set).contains(&"left_truncation"), "{:?}", codes(&set));
    let first = (0..set.table.n_rows()).filter_map(|r| text(&set, "snapshot_date", r)).min().expect("a day");
    assert_eq!(first, "2021-10-01", "the first loss is of 2021-09-29");
    assert!(codes(&set).contains(&"assumed_unchanged"));
}

#[test]
fn those_who_stayed_and_are_not_in_the_export_are_missed() {
    let day = |d: i64| jiff::Timestamp::from_second((18_000 + d) * 86_400).expect("day").to_string()[..10].to_owned();
    let set = |left: &dyn Fn(i64) -> Option<i64>| {
        let one = |i: i64| json!({"customer_id": i, "signup_date": day(i * 2), "churn_date": left(i).map(day)});
        let customers = records((0..300).map(one).collect());
        let training = TrainingSetOptions {
            observed_until: Some(day(1_000)),
            ..TrainingSetOptions::new(ChurnDefinition::contractual(30))
        };
        build_training_set(&customers[..], &EventData::default(), &training, &EventOptions::default()).expect("set")
    };
    // One of three leaves within a hundred days, and of the first forty nobody is there who did not.
    let some = |i: i64| (i % 3 == 0).then_some(900 + i % 90);
    let missing = set(&|i| if i < 40 { Some(900 + i % 90) } else { some(i) });
    let found = missing.findings.iter().find(|f| f.code == "survivors_missing").expect("told");
    assert!(found.message.contains("all 40 customers who joined before 2019-07-03"), "{}", found.message);
    let ids: Vec<f64> =
        (0..missing.table.n_rows()).filter_map(|r| text(&missing, "customer_id", r)?.parse().ok()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|&id| id >= 40.0));
    // One of them who stayed shows that such customers are in the data.
    let kept = set(&|i| if i < 40 && i != 7 { Some(900 + i % 90) } else { some(i) });
    assert!(!codes(&kept).contains(&"survivors_missing"));
    // Where losses are on record from the beginning, all of the first may well have left by the end.
    let old = set(&|i| (i < 40 || i % 8 != 0).then_some(i * 2 + 40 + i * 7 % 160));
    assert!(!codes(&old).contains(&"survivors_missing"), "{:?}", codes(&old));
}

#[test]
fn a_frame_of_features_keeps_its_meaning() {
    let world = world(80, 11, 100);
    let training = TrainingSetOptions::new(ChurnDefinition::inactivity(60, 60));
    let set = build_training_set(&world[0][..], &data_of(&world), &training, &EventOptions::default()).expect("set");
    let mapping = churn_core::engine::map_columns(&set, &Default::default()).expect("mapping");
    for column in &mapping.columns {
        let made = set.table.column(&column.source).expect("a column");
        assert_eq!(column.field.as_deref(), made.canonical.then_some(column.source.as_str()), "{}", column.source);
    }
    // The same by its names alone, as after a way through another library.
    let headers: Vec<_> = set
        .table
        .columns()
        .iter()
        .map(|c| churn_core::map::ColumnInput { name: c.name.clone(), samples: Vec::new() })
        .collect();
    let options = churn_core::map::MapOptions { table_kind: Some(TableKind::Customers), ..Default::default() };
    for column in &churn_core::map::map_columns(&headers, &options).expect("mapping").columns {
        if churn_core::schema::event_feature(&column.source).is_some() {
            assert_eq!(column.field, None, "{}", column.source);
        }
    }
}
