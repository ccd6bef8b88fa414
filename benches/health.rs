//! Health scores with provenance, and alert evaluations, a second: `make bench-health`.

use churn_core::alert::{AlertConfig, AlertEngine, AlertState, Observation, Reading};
use churn_core::engine::{HealthOptions, health_score};
use churn_core::health::{HealthConfig, score};
use churn_core::table::{Column, ColumnData, Places, Table};
use std::collections::BTreeMap;
use std::time::Instant;

const CUSTOMERS: usize = 100_000;

/// CPU time of the process, all threads together, in seconds; NaN where the system does not tell. On a machine that does other
/// things as well it says more than the clock.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |i: usize| text.rsplit(')').next()?.split_whitespace().nth(i)?.parse::<f64>().ok();
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}

/// The best of ten runs by the clock, and the CPU time of one in the mean.
fn best<T>(name: &str, n: f64, unit: &str, mut f: impl FnMut() -> T) {
    let (mut seconds, mut used) = (f64::INFINITY, 0.0);
    for _ in 0..10 {
        let (start, before) = (Instant::now(), cpu());
        let result = f();
        seconds = seconds.min(start.elapsed().as_secs_f64());
        used += (cpu() - before) / 10.0;
        drop(result);
    }
    println!("{name:<58} {seconds:8.3} s, {used:6.3} s of CPU   {:>12.0} {unit}/s", n / seconds);
}

fn main() {
    let mix = |i: usize, salt: usize, m: usize| ((i * 7919 + salt * 104_729) % 1_000_003 % m) as f64;
    let fields: [(&str, usize); 16] = [
        ("days_since_last_activity", 40),
        ("logins_30d", 40),
        ("active_days_30d", 25),
        ("seat_utilisation", 2),
        ("features_used", 12),
        ("open_tickets", 4),
        ("complaints", 3),
        ("support_tickets", 9),
        ("avg_resolution_hours", 90),
        ("failed_payments", 3),
        ("days_past_due", 30),
        ("late_payments", 4),
        ("nps_score", 11),
        ("csat_score", 6),
        ("days_to_renewal", 300),
        ("tenure_months", 60),
    ];
    let column = |name: &str, data| Column { name: name.into(), canonical: true, source: name.into(), data };
    let mut columns: Vec<Column> = fields
        .iter()
        .enumerate()
        .map(|(k, (name, m))| {
            column(name, ColumnData::numbers((0..CUSTOMERS).map(|i| (i % 17 != k).then(|| mix(i, k, *m)))))
        })
        .collect();
    columns.push(column(
        "contract",
        ColumnData::text((0..CUSTOMERS).map(|i| Some(["Month-to-month", "One year", "Two year"][i % 3]))),
    ));
    let table = Table::new(columns, CUSTOMERS, Places::Items);
    let config = HealthConfig::shipped("saas").expect("config");
    let n = CUSTOMERS as f64;
    best("health with provenance, typed table", n, "customers", || {
        score(&table, &config, None, &BTreeMap::new()).expect("scored")
    });
    let scored = score(&table, &config, None, &BTreeMap::new()).expect("scored");
    best("  and its columns with the reasons in words", n, "customers", || scored.columns());
    let mut csv =
        String::from("customer_id,logins_30d,open_tickets,failed_payments,nps_score,contract,tenure_months\n");
    for i in 0..CUSTOMERS {
        csv += &format!(
            "c{i},{},{},{},{},Month-to-month,{}\n",
            mix(i, 1, 40),
            mix(i, 2, 4),
            mix(i, 3, 3),
            mix(i, 4, 11),
            mix(i, 5, 60)
        );
    }
    let options = HealthOptions { as_of: Some("2026-06-30".into()), ..HealthOptions::default() };
    best("health from CSV: read, mapped, judged, scored", n, "customers", || {
        health_score(csv.as_bytes(), &options).expect("scored")
    });

    let engine = AlertEngine::new(AlertConfig::shipped().expect("rules")).expect("engine");
    let observations: Vec<Observation> = (0..CUSTOMERS)
        .map(|i| Observation {
            customer_id: format!("c{i}"),
            at: 1_780_000_000 + (i % 60) as i64,
            owner: Some(format!("owner{}", i % 50)),
            values: [
                ("health_score".to_owned(), Reading::Number(mix(i, 1, 100))),
                ("churn_probability".to_owned(), Reading::Number(mix(i, 2, 100) / 100.0)),
                ("health_trend_30d".to_owned(), Reading::Number(mix(i, 3, 40) - 20.0)),
            ]
            .into(),
            event: None,
        })
        .collect();
    let first = engine.step(AlertState::default(), &observations, 1_780_000_100).expect("step");
    let later: Vec<Observation> = observations.iter().map(|o| Observation { at: o.at + 86_400, ..o.clone() }).collect();
    // The state is moved in; a copy of it is not part of a step.
    let (mut seconds, mut used, mut evaluations) = (f64::INFINITY, 0.0, 0);
    for _ in 0..10 {
        let state = first.state.clone();
        let (start, before) = (Instant::now(), cpu());
        let step = engine.step(state, &later, 1_780_086_500).expect("step");
        seconds = seconds.min(start.elapsed().as_secs_f64());
        used += (cpu() - before) / 10.0;
        evaluations = step.evaluations;
    }
    println!(
        "{:<58} {seconds:8.3} s, {used:6.3} s of CPU   {:>12.0} evaluations/s",
        "alerts: 100,000 customers, a state of as many",
        evaluations as f64 / seconds
    );
}
