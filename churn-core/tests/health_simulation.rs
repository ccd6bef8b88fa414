//! Simulated accounts with planted declines: how fast a decline is found, and how often one is cried that is none.
//!
//! Every account logs in by a Poisson process with a rate of its own (3 to 40 a day on weekdays, a quarter of it on
//! weekends) and opens tickets now and then. A decline takes the rate down to 15-35 % within a week and triples the
//! tickets. The health of each day comes from three columns of the last week, by a configuration of its own.

use churn_core::health::{EarlyWarning, HealthConfig, WarningOptions, score};
use churn_core::table::{Column, ColumnData, Places, Table};
use std::collections::BTreeMap;

const DAYS: usize = 180;
/// Days before the first score: windows need a past.
const WARM_UP: usize = 63;

const CONFIG: &str = r#"
name = "weekly"
[[dimension]]
name = "usage"
weight = 75
[[dimension.measure]]
name = "against_usual"
title = "Logins of the week against the usual week"
field = "logins_7d"
per = "usual_logins_7d"
weight = 3
better = "higher"
curve = [[0, 0], [1, 80], [1.5, 100]]
[[dimension.measure]]
name = "active_days"
field = "active_days_7d"
better = "higher"
curve = [[0, 0], [5, 100]]
[[dimension]]
name = "support"
weight = 25
[[dimension.measure]]
name = "tickets"
field = "tickets_7d"
better = "lower"
bands = [{ max = 0, score = 100 }, { max = 2, score = 70 }, { score = 20 }]
"#;

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        let (limit, mut k, mut p) = ((-mean).exp(), 0.0, self.uniform());
        while p > limit {
            k += 1.0;
            p *= self.uniform();
        }
        k
    }
}

/// Logins and tickets of each day of one account; the day its decline begins, if it has one.
type Account = (Vec<f64>, Vec<f64>, Option<usize>);

fn account(seed: u64, declines: bool) -> Account {
    let mut rng = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x5DEE_CE66);
    let rate = 3.0 * (40.0f64 / 3.0).powf(rng.uniform());
    let onset = declines.then(|| WARM_UP + 60 + (rng.uniform() * 80.0) as usize);
    let left = 0.15 + 0.2 * rng.uniform();
    let (mut logins, mut tickets) = (Vec::new(), Vec::new());
    for day in 0..WARM_UP + DAYS {
        let along = onset.map_or(0.0, |o| ((day as f64 - o as f64 + 1.0) / 7.0).clamp(0.0, 1.0));
        let weekday = if day % 7 < 5 { 1.0 } else { 0.25 };
        logins.push(rng.poisson(rate * weekday * (1.0 - along * (1.0 - left))));
        tickets.push(rng.poisson(0.05 * (1.0 + 2.0 * along)));
    }
    (logins, tickets, onset.map(|o| o - WARM_UP))
}

/// The daily health of many accounts.
fn histories(seeds: std::ops::Range<u64>, declines: bool) -> (Vec<Vec<f64>>, Vec<Option<usize>>) {
    let config = HealthConfig::from_toml(CONFIG).expect("config");
    let accounts: Vec<_> = seeds.map(|s| account(s, declines)).collect();
    let mut all = vec![Vec::with_capacity(DAYS); accounts.len()];
    for day in WARM_UP..WARM_UP + DAYS {
        let sum = |values: &[f64], from: usize, to: usize| values[from..to].iter().sum::<f64>();
        let column = |name: &str, f: &dyn Fn(&Account) -> f64| Column {
            name: name.into(),
            canonical: false,
            source: name.into(),
            data: ColumnData::numbers(accounts.iter().map(|a| Some(f(a)))),
        };
        let columns = vec![
            column("logins_7d", &|a| sum(&a.0, day - 6, day + 1)),
            // The usual week: the mean of the eight weeks that ended a week ago.
            column("usual_logins_7d", &|a| sum(&a.0, day - 62, day - 6) / 8.0),
            column("active_days_7d", &|a| a.0[day - 6..=day].iter().filter(|&&x| x > 0.0).count() as f64),
            column("tickets_7d", &|a| sum(&a.1, day - 6, day + 1)),
        ];
        let table = Table::new(columns, accounts.len(), Places::Items);
        let scores = score(&table, &config, None, &BTreeMap::new()).expect("scored");
        for (history, score) in all.iter_mut().zip(&scores.scores) {
            history.push(score.score.unwrap_or(f64::NAN));
        }
    }
    (all, accounts.into_iter().map(|a| a.2).collect())
}

#[test]
fn declines_are_found_within_two_weeks_at_one_false_alarm_per_hundred_customers_and_month() {
    // Other accounts than any detector was fitted to.
    let (well, _) = histories(10_000..11_000, false);
    let (ill, onsets) = histories(20_000..20_500, true);
    let months = well.len() as f64 * (DAYS - WarningOptions::default().baseline) as f64 / 30.0;
    // Detectors of several groups of customers: none may owe its figures to luck.
    for first in [0, 1_000, 2_000, 3_000] {
        let fitted =
            EarlyWarning::fit(&histories(first..first + 400, false).0, WarningOptions::default()).expect("fitted");
        assert_eq!(fitted.method, "measured");
        let alarms: usize = well.iter().map(|h| fitted.watch(h).len()).sum();
        let rate = 100.0 * alarms as f64 / months;
        let found = ill.iter().zip(&onsets).filter(|(history, onset)| {
            let onset = onset.expect("a decline");
            fitted.watch(history).iter().any(|w| (onset..=onset + 14).contains(&w.at))
        });
        let share = found.count() as f64 / ill.len() as f64;
        println!(
            "fitted to {first}..: false alarms per 100 customers and month {rate:.2} (stated: at most {:.2}); \
             declines found within 14 days {share:.3}",
            fitted.false_alarm_limit
        );
        assert!(share >= 0.92, "{share} found by {fitted:?}");
        assert!(rate <= 1.0 && fitted.false_alarm_limit <= 1.0, "{rate} false alarms by {fitted:?}");
    }
}
