//! One customer never waits for the thread pool: a file of millions that is being scored beside him takes all of it.

use churn_core::engine::{CounterfactualOptions, EventData};
use churn_core::{Engine, Record, ScoreOptions};
use serde_json::json;
use std::sync::mpsc;
use std::time::Duration;

fn record(value: serde_json::Value) -> Record {
    value.as_object().expect("an object").clone()
}

#[test]
fn one_customer_is_scored_while_all_threads_are_taken() {
    // A model is prepared by all threads, once.
    let engine = Engine::pretrained("telecom").expect("a shipped model");
    // Every thread of the pool waits until the test is over, as if each had a long piece of other work.
    let (go, release) = crossing();
    let (started, all_taken) = mpsc::channel();
    for _ in 0..rayon::current_num_threads() {
        let (started, release) = (started.clone(), release.clone());
        rayon::spawn(move || {
            started.send(()).expect("the test waits");
            release();
        });
    }
    for _ in 0..rayon::current_num_threads() {
        all_taken.recv_timeout(Duration::from_secs(60)).expect("the threads start");
    }
    let (done, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let customer = record(json!({"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9,
            "contract": "Month-to-month", "payment_method": "Electronic check", "total_charges": 180.0}));
        let options = ScoreOptions { scored_at: Some("2026-03-01T10:00:00Z".to_owned()), ..ScoreOptions::default() };
        let one = engine.score_one(&customer, &options).expect("scored");
        let few = vec![customer.clone(); 20];
        let table = engine.score(few.as_slice(), &options).expect("scored");
        assert_eq!(table.predictions.churn_probabilities()[0].to_bits(), one.churn_probability.to_bits());
        engine.explain(&few[..1], &options).expect("explained");
        engine.what_if(&customer, &record(json!({"contract": "Two year"})), &options).expect("scored");
        engine.counterfactuals(&customer, &CounterfactualOptions::default()).expect("searched");
        engine.row_scorer(&customer, &options).expect("a scorer").score(&customer, None).expect("scored");
        let usage: Vec<Record> = (1..40)
            .map(|day| {
                record(json!({"occurred_at": format!("2026-01-{:02}T10:00:00Z", day % 28 + 1), "event": "login"}))
            })
            .collect();
        let events = EventData { usage: Some(usage.as_slice().into()), ..EventData::default() };
        engine.score_customer(&customer, &events, &Default::default(), &options).expect("scored");
        done.send(()).expect("the test waits");
    });
    let outcome = answer.recv_timeout(Duration::from_secs(60));
    go();
    assert!(outcome.is_ok(), "one customer waited for the pool, or was not scored");
}

/// A gate: what opens it, and what waits for it.
fn crossing() -> (impl Fn(), impl Fn() + Clone + Send + 'static) {
    let gate = std::sync::Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
    let closed = gate.clone();
    let open = move || {
        *gate.0.lock().expect("not poisoned") = true;
        gate.1.notify_all();
    };
    let wait = move || {
        let held = closed.0.lock().expect("not poisoned");
        drop(closed.1.wait_while(held, |open| !*open).expect("not poisoned"));
    };
    (open, wait)
}
