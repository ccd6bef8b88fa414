//! How well the leak firewall tells leaks from honest columns: `make bench-leaks`.
//!
//! Plants many kinds of leaks, one at a time, in every set of `CHURN_DATA_DIR` (default `../shared/data`) and asks
//! `validate(purpose = train)`. Prints the share blocked for each kind, honest columns that were planted and blocked,
//! and every other column that was blocked although it is clean. Arguments: rows a set (default 3000), seeds (default 2).

use churn_core::engine;
use churn_core::read::{ReadOptions, read_path};
use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source};
use churn_core::validate::{Purpose, ValidateOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// (file, label, value of those who left, columns that are known only afterwards)
const SETS: [(&str, &str, &str, &[&str]); 8] = [
    ("WA_Fn-UseC_-Telco-Customer-Churn.csv", "Churn", "Yes", &[]),
    ("Churn_Modelling.csv", "Exited", "1", &[]),
    ("customer_churn_dataset-testing-master.csv.gz", "Churn", "1", &["CustomerID"]),
    (
        "Lead_Scoring_X_Education.csv.gz",
        "Converted",
        "1",
        &["Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"],
    ),
    ("hillstrom_minethatdata_email.csv.gz", "visit", "1", &["conversion", "spend"]),
    ("ravenstack/ravenstack_accounts.csv", "churn_flag", "True", &[]),
    ("ravenstack/ravenstack_subscriptions.csv", "churn_flag", "True", &["end_date"]),
    ("crm_sales_opportunities/sales_pipeline.csv", "deal_stage", "Lost", &["close_value", "close_date"]),
];

/// A small generator (SplitMix64): the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    fn normal(&mut self) -> f64 {
        let u = self.uniform().max(1e-12);
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }
}

type Cells = Vec<Option<String>>;

#[derive(Clone)]
struct Frame {
    columns: Vec<(String, Cells)>,
    y: Vec<bool>,
}

impl Frame {
    fn n(&self) -> usize {
        self.y.len()
    }

    fn add(&mut self, name: &str, cells: Cells) {
        self.columns.push((name.to_owned(), cells));
    }

    fn take(&self, rows: &[usize]) -> Frame {
        let columns = self.columns.iter().map(|(n, c)| (n.clone(), rows.iter().map(|&r| c[r].clone()).collect()));
        Frame { columns: columns.collect(), y: rows.iter().map(|&r| self.y[r]).collect() }
    }

    fn table(&self) -> RawTable {
        let label =
            ("churned".to_owned(), self.y.iter().map(|y| Some(if *y { "Yes" } else { "No" }.to_owned())).collect());
        let columns = self.columns.iter().chain([&label]).map(|(name, cells): &(String, Cells)| RawColumn {
            name: name.clone(),
            data: ColumnData::text(cells.iter().map(|c| c.as_deref())),
        });
        RawTable::new(columns.collect(), self.n(), Places::Items, Source::default(), Vec::new())
    }
}

fn day(n: i64) -> String {
    // Days since 2024-01-01, by months of 28 days, so that every date is real.
    let n = n.clamp(-336 * 3, 336 * 3 + 300) + 336 * 4;
    format!("{}-{:02}-{:02}", 2020 + n / 336, (n % 336) / 28 + 1, n % 28 + 1)
}

fn text(y: &[bool], mut cell: impl FnMut(bool, usize) -> Option<String>) -> Cells {
    y.iter().enumerate().map(|(i, &y)| cell(y, i)).collect()
}

fn some(x: impl ToString) -> Option<String> {
    Some(x.to_string())
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

type Plant = fn(&mut Frame, &mut Random) -> &'static [&'static str];

/// Group means of the label, for groups of about `size` rows; `own` says whether the own row counts.
fn encoded(y: &[bool], r: &mut Random, size: usize, own: bool) -> Cells {
    let groups = (y.len() / size).max(2);
    let of: Vec<usize> = y.iter().map(|_| r.below(groups)).collect();
    let mut counts = vec![(0.0, 0.0); groups];
    for (&g, &y) in of.iter().zip(y) {
        counts[g].0 += 1.0;
        counts[g].1 += f64::from(u8::from(y));
    }
    text(y, |y, i| {
        let (n, k) = counts[of[i]];
        let mine = f64::from(u8::from(y));
        let mean = if own { k / n } else { (k - mine) / (n - 1.0f64).max(1.0) };
        some(format!("{mean:.6}"))
    })
}

/// Posterior probability of a hidden number that lies `d` standard deviations apart.
fn probability(y: &[bool], r: &mut Random, d: f64) -> Vec<f64> {
    let base = y.iter().filter(|y| **y).count() as f64 / y.len() as f64;
    let prior = (base / (1.0 - base)).ln();
    y.iter().map(|&y| logistic(d * (d * f64::from(u8::from(y)) + r.normal()) - d * d / 2.0 + prior)).collect()
}

fn noisy(f: &mut Frame, r: &mut Random, flips: f64) -> &'static [&'static str] {
    let c = text(&f.y, |y, _| some(u8::from(y != r.chance(flips))));
    f.add("flag_b", c);
    &["flag_b"]
}

fn shifted(f: &mut Frame, r: &mut Random, d: f64, name: &'static str) {
    let c = text(&f.y, |y, _| some(format!("{:.4}", d * f64::from(u8::from(y)) + r.normal())));
    f.add(name, c);
}

const LEAKS: &[(&str, Plant)] = &[
    ("copy as 0/1", |f, _| {
        let c = text(&f.y, |y, _| some(u8::from(y)));
        f.add("x17", c);
        &["x17"]
    }),
    ("inverted copy", |f, _| {
        let c = text(&f.y, |y, _| some(!y));
        f.add("is_ok", c);
        &["is_ok"]
    }),
    ("copy as words", |f, _| {
        let c = text(&f.y, |y, _| some(if y { "Left" } else { "Stayed" }));
        f.add("Outcome", c);
        &["Outcome"]
    }),
    ("copy in three levels", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y {
                "C"
            } else if r.chance(0.5) {
                "A"
            } else {
                "B"
            })
        });
        f.add("grp", c);
        &["grp"]
    }),
    ("copy, 1 % flips", |f, r| noisy(f, r, 0.01)),
    ("copy, 3 % flips", |f, r| noisy(f, r, 0.03)),
    ("copy, 5 % flips", |f, r| noisy(f, r, 0.05)),
    ("label + noise 0.1", |f, r| {
        shifted(f, r, 10.0, "metric_a");
        &["metric_a"]
    }),
    ("label + noise 0.3", |f, r| {
        shifted(f, r, 3.33, "metric_b");
        &["metric_b"]
    }),
    ("churn date", |f, r| {
        let c = text(&f.y, |y, _| if y { some(day(r.below(300) as i64)) } else { None });
        f.add("churn_date", c);
        &["churn_date"]
    }),
    ("churn date for 90 %, no name", |f, r| {
        let c = text(&f.y, |y, _| if y && r.chance(0.9) { some(day(r.below(300) as i64)) } else { None });
        f.add("date_4", c);
        &["date_4"]
    }),
    ("cancellation reason", |f, r| {
        let c = text(&f.y, |y, _| if y { some(["price", "service", "moved"][r.below(3)]) } else { None });
        f.add("cancellation_reason", c);
        &["cancellation_reason"]
    }),
    ("reason with slips, no name", |f, r| {
        let c = text(
            &f.y,
            |y, _| if r.chance(if y { 0.9 } else { 0.02 }) { some(["p", "s", "m"][r.below(3)]) } else { None },
        );
        f.add("field_9", c);
        &["field_9"]
    }),
    ("reason for 60 % (es)", |f, r| {
        let c = text(&f.y, |y, _| if y && r.chance(0.6) { some(["precio", "servicio"][r.below(2)]) } else { None });
        f.add("motivo_baja", c);
        &["motivo_baja"]
    }),
    ("Kündigungsgrund, 'kein' for others", |f, r| {
        let c = text(&f.y, |y, _| some(if y { ["Preis", "Service", "Umzug"][r.below(3)] } else { "kein" }));
        f.add("Kündigungsgrund", c);
        &["Kündigungsgrund"]
    }),
    ("final invoice", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.7) { format!("{:.2}", 20.0 + 80.0 * r.uniform()) } else { "0".into() })
        });
        f.add("final_invoice_amount", c);
        &["final_invoice_amount"]
    }),
    ("refund for 30 %", |f, r| {
        let c =
            text(&f.y, |y, _| if y && r.chance(0.3) { some(format!("{:.2}", 5.0 + 50.0 * r.uniform())) } else { None });
        f.add("refund", c);
        &["refund"]
    }),
    ("win-back offer for 50 %", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.5) { "Yes" } else { "No" }));
        f.add("win_back_offer_sent", c);
        &["win_back_offer_sent"]
    }),
    ("account state, 3 % slips", |f, r| {
        let c = text(&f.y, |y, _| some(if y != r.chance(0.03) { "Closed" } else { "Active" }));
        f.add("account_state", c);
        &["account_state"]
    }),
    ("status, late to follow", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.7) {
                "Cancelled"
            } else if r.chance(0.1) {
                "Past due"
            } else {
                "Active"
            })
        });
        f.add("Subscription Status", c);
        &["Subscription Status"]
    }),
    ("churn score, AUC 0.86", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| some(format!("{:.0}", 100.0 * p[i].powf(0.6))));
        f.add("churn_score", c);
        &["churn_score"]
    }),
    ("probability without a name, AUC 0.9", |f, r| {
        let p = probability(&f.y, r, 1.8);
        let c = text(&f.y, |_, i| some(format!("{:.4}", p[i])));
        f.add("v_7", c);
        &["v_7"]
    }),
    ("probability of staying", |f, r| {
        let p = probability(&f.y, r, 1.8);
        let c = text(&f.y, |_, i| some(format!("{:.4}", 1.0 - p[i])));
        f.add("v_8", c);
        &["v_8"]
    }),
    ("risk score, AUC 0.86", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| some(format!("{:.0}", 1000.0 * p[i].sqrt())));
        f.add("risk_score", c);
        &["risk_score"]
    }),
    ("health band", |f, r| {
        let p = probability(&f.y, r, 1.8);
        let c = text(&f.y, |_, i| {
            some(if p[i] > 0.5 {
                "Red"
            } else if p[i] > 0.15 {
                "Amber"
            } else {
                "Green"
            })
        });
        f.add("health_band", c);
        &["health_band"]
    }),
    ("Abwanderungsrisiko in bands", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| {
            some(if p[i] > 0.4 {
                "hoch"
            } else if p[i] > 0.15 {
                "mittel"
            } else {
                "niedrig"
            })
        });
        f.add("Abwanderungsrisiko", c);
        &["Abwanderungsrisiko"]
    }),
    ("score de désabonnement", |f, r| {
        let p = probability(&f.y, r, 1.3);
        let c = text(&f.y, |_, i| some(format!("{:.3}", p[i].sqrt())));
        f.add("score de désabonnement", c);
        &["score de désabonnement"]
    }),
    ("propensity", |f, r| {
        let p = probability(&f.y, r, 1.5);
        let c = text(&f.y, |_, i| some(format!("{:.3}", p[i].sqrt())));
        f.add("propensity", c);
        &["propensity"]
    }),
    ("dates after the snapshot", |f, r| {
        let s = text(&f.y, |_, _| some(day(0)));
        f.add("snapshot_date", s);
        let c = text(&f.y, |y, _| {
            some(day(if y && r.chance(0.8) { 3 + r.below(40) as i64 } else { -(r.below(200) as i64) }))
        });
        f.add("last_contact", c);
        &["last_contact"]
    }),
    ("end date, today for the others", |f, r| {
        let c = text(&f.y, |y, _| some(day(if y { -(1 + r.below(200) as i64) } else { 0 })));
        f.add("valid_to", c);
        &["valid_to"]
    }),
    ("rows sorted by label", |f, _| {
        let mut rows: Vec<usize> = (0..f.n()).collect();
        rows.sort_by_key(|&i| f.y[i]);
        *f = f.take(&rows);
        &["row order"]
    }),
    ("id ranges", |f, r| {
        let c = text(&f.y, |y, i| some(format!("C{:06}", if y { 500_000 } else { 0 } + i * 7 + r.below(7))));
        f.add("customer_id", c);
        &["customer_id"]
    }),
    ("id prefix", |f, _| {
        let c = text(&f.y, |y, i| some(format!("{}-{:06}", if y { "X" } else { "A" }, (i * 7919) % 1_000_003)));
        f.add("account_id", c);
        &["account_id"]
    }),
    ("mean of the label in groups of 20", |f, r| {
        let c = encoded(&f.y, r, 20, true);
        f.add("te_region", c);
        &["te_region"]
    }),
    ("mean of the label in groups of 5", |f, r| {
        let c = encoded(&f.y, r, 5, true);
        f.add("enc_2", c);
        &["enc_2"]
    }),
    ("mean of the label in 6 groups", |f, r| {
        let n = f.n();
        let c = encoded(&f.y, r, n / 6, true);
        f.add("enc_3", c);
        &["enc_3"]
    }),
    ("mean of the label of all others", |f, r| {
        let c = encoded(&f.y, r, 25, false);
        f.add("enc_4", c);
        &["enc_4"]
    }),
    ("agent for those who left", |f, r| {
        let c = text(&f.y, |y, _| if y && r.chance(0.85) { some(format!("agent {}", r.below(30))) } else { None });
        f.add("retention_agent", c);
        &["retention_agent"]
    }),
    ("many levels, each pure", |f, r| {
        let c = text(&f.y, |y, _| {
            some(format!("q{}{}", if y { 'k' } else { 'm' }, r.below(60)).chars().rev().collect::<String>())
        });
        f.add("queue", c);
        &["queue"]
    }),
    ("inactivity that defines the label", |f, r| {
        let c = text(&f.y, |y, _| some(if y { 91 + r.below(300) } else { r.below(90) }));
        f.add("days_since_last_activity", c);
        &["days_since_last_activity"]
    }),
    ("difference of two columns", |f, r| {
        let a: Vec<f64> = f.y.iter().map(|_| 100.0 * r.uniform()).collect();
        let b = text(&f.y, |y, i| some(format!("{:.3}", a[i] + if y { 5.0 } else { -5.0 } + r.normal())));
        let a = a.iter().map(|a| some(format!("{a:.3}"))).collect();
        f.add("m1", a);
        f.add("m2", b);
        &["m1", "m2"]
    }),
    ("ratio of two columns", |f, r| {
        let a: Vec<f64> = f.y.iter().map(|_| 10.0 + 100.0 * r.uniform()).collect();
        let b = text(&f.y, |y, i| some(format!("{:.3}", a[i] * (if y { 1.5 } else { 1.0 } + 0.05 * r.normal()))));
        let a = a.iter().map(|a| some(format!("{a:.3}"))).collect();
        f.add("m1", a);
        f.add("m2", b);
        &["m1", "m2"]
    }),
    ("two columns equal or not", |f, r| {
        let a: Vec<usize> = f.y.iter().map(|_| r.below(400)).collect();
        let b = text(&f.y, |y, i| some(if y { a[i] } else { (a[i] + 1 + r.below(300)) % 400 }));
        let a = a.iter().map(some).collect();
        f.add("m1", a);
        f.add("m2", b);
        &["m1", "m2"]
    }),
    ("two flags, one or the other", |f, r| {
        let a: Vec<bool> = f.y.iter().map(|_| r.chance(0.5)).collect();
        let b = text(&f.y, |y, i| some(if a[i] != y { "u" } else { "v" }));
        let a = a.iter().map(|a| some(if *a { "p" } else { "q" })).collect();
        f.add("f1", a);
        f.add("f2", b);
        &["f1", "f2"]
    }),
    ("end date before another date", |f, r| {
        let a: Vec<i64> = f.y.iter().map(|_| r.below(900) as i64 - 450).collect();
        let b = text(&f.y, |y, i| some(day(a[i] + if y { -(1 + r.below(40) as i64) } else { 1 + r.below(40) as i64 })));
        let a = a.iter().map(|a| some(day(*a))).collect();
        f.add("d1", a);
        f.add("d2", b);
        &["d1", "d2"]
    }),
    ("blank cells in five columns", |f, r| {
        for name in ["o1", "o2", "o3", "o4", "o5"] {
            let c = text(&f.y, |y, _| if y && r.chance(0.5) { None } else { some(format!("{:.2}", r.normal())) });
            f.add(name, c);
        }
        &["o1", "o2", "o3", "o4", "o5", "empty cells"]
    }),
    ("those who left copied three times", |f, r| {
        let c: Cells = (0..f.n()).map(|i| some(format!("K{:06}", (i * 7919) % 1_000_003))).collect();
        f.add("customer_id", c);
        let mut rows: Vec<usize> = Vec::new();
        for i in 0..f.n() {
            for _ in 0..if f.y[i] { 3 } else { 1 } {
                rows.push(i);
            }
        }
        for i in (1..rows.len()).rev() {
            rows.swap(i, r.below(i + 1));
        }
        *f = f.take(&rows);
        &["customer_id"]
    }),
    ("usage of the month after", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.95) { 0 } else { 1 + r.below(500) }));
        f.add("logins_next_30d", c);
        &["logins_next_30d"]
    }),
    ("note that says so", |f, r| {
        let c = text(&f.y, |y, i| {
            some(if y && r.chance(0.6) {
                format!("call {i}: customer cancelled after price rise")
            } else {
                format!("call {i}: asked about the {} invoice", ["last", "new"][r.below(2)])
            })
        });
        f.add("notes", c);
        &["notes"]
    }),
    ("days until the end", |f, r| {
        let c = text(&f.y, |y, _| if y { some(1 + r.below(90)) } else { some(999) });
        f.add("ttl", c);
        &["ttl"]
    }),
    ("former in a segment", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if y && r.chance(0.8) { "Former customer" } else { ["Gold", "Silver", "New"][r.below(3)] })
        });
        f.add("segment_name", c);
        &["segment_name"]
    }),
];

const HONEST: &[(&str, Plant)] = &[
    ("number, AUC 0.9", |f, r| {
        shifted(f, r, 1.81, "engagement");
        &["engagement"]
    }),
    ("score 0-100, AUC 0.88", |f, r| {
        let c = text(&f.y, |y, _| {
            some(format!("{:.0}", (60.0 - 25.0 * f64::from(u8::from(y)) + 15.0 * r.normal()).clamp(0.0, 100.0)))
        });
        f.add("satisfaction_score", c);
        &["satisfaction_score"]
    }),
    ("share, AUC 0.8", |f, r| {
        let c =
            text(&f.y, |y, _| some(format!("{:.3}", logistic(1.2 * r.normal() + 0.6 - 1.4 * f64::from(u8::from(y))))));
        f.add("utilisation", c);
        &["utilisation"]
    }),
    ("category", |f, r| {
        let c = text(&f.y, |y, _| {
            some(if r.chance(if y { 0.75 } else { 0.25 }) { "Monthly" } else { ["Yearly", "Two years"][r.below(2)] })
        });
        f.add("term", c);
        &["term"]
    }),
    ("optional, missing at random", |f, r| {
        let c = text(&f.y, |_, _| if r.chance(0.4) { None } else { some(r.below(10)) });
        f.add("nps", c);
        &["nps"]
    }),
    ("optional, missing more for those who left", |f, r| {
        let c = text(&f.y, |y, _| if r.chance(if y { 0.7 } else { 0.3 }) { None } else { some(r.below(10)) });
        f.add("survey_answer", c);
        &["survey_answer"]
    }),
    ("complaints, mostly of those who left", |f, r| {
        let c = text(&f.y, |y, _| some(if r.chance(if y { 0.4 } else { 0.04 }) { 1 + r.below(4) } else { 0 }));
        f.add("complaints", c);
        &["complaints"]
    }),
    ("unique id", |f, _| {
        let c = (0..f.n()).map(|i| some(format!("K{:06}", (i * 7919) % 1_000_003))).collect();
        f.add("customer_id", c);
        &["customer_id"]
    }),
    ("product of two columns", |f, r| {
        let a: Vec<f64> = f.y.iter().map(|y| 1.0 + 60.0 * r.uniform() * if *y { 0.5 } else { 1.0 }).collect();
        let b: Vec<f64> = f.y.iter().map(|_| 20.0 + 80.0 * r.uniform()).collect();
        let t = a.iter().zip(&b).map(|(a, b)| some(format!("{:.2}", a * b))).collect();
        let a = a.iter().map(|a| some(format!("{a:.0}"))).collect();
        let b = b.iter().map(|b| some(format!("{b:.2}"))).collect();
        f.add("months", a);
        f.add("fee", b);
        f.add("paid", t);
        &["months", "fee", "paid"]
    }),
    ("free text", |f, r| {
        let c =
            text(&f.y, |_, i| some(format!("asked for {} on call {i}", ["help", "a quote", "an upgrade"][r.below(3)])));
        f.add("comment", c);
        &["comment"]
    }),
    ("many levels of noise", |f, r| {
        let n = f.n() / 4;
        let c = text(&f.y, |_, _| some(format!("z{}", r.below(n))));
        f.add("postcode_area", c);
        &["postcode_area"]
    }),
    ("renewal date", |f, r| {
        let c = text(&f.y, |y, _| some(day(if y && r.chance(0.7) { r.below(60) } else { r.below(330) } as i64)));
        f.add("renewal_date", c);
        &["renewal_date"]
    }),
    ("last login, AUC 0.85", |f, r| {
        let c = text(&f.y, |y, _| some(day(-((if y { 25.0 } else { 8.0 }) * -r.uniform().max(1e-9).ln()) as i64)));
        f.add("last_login", c);
        &["last_login"]
    }),
    ("marital status", |f, r| {
        let c = text(&f.y, |y, _| some(if r.chance(if y { 0.6 } else { 0.4 }) { "Single" } else { "Married" }));
        f.add("marital_status", c);
        &["marital_status"]
    }),
    ("cancelled orders", |f, r| {
        let c = text(&f.y, |y, _| some(r.below(if y { 6 } else { 4 })));
        f.add("cancelled_orders", c);
        &["cancelled_orders"]
    }),
    ("days left", |f, r| {
        let c = text(&f.y, |y, _| some(r.below(if y { 200 } else { 365 })));
        f.add("days_left_in_term", c);
        &["days_left_in_term"]
    }),
];

fn load(directory: &Path, rows: usize) -> Vec<(String, Frame)> {
    let mut sets = Vec::new();
    for (file, label, left, late) in SETS {
        let path = directory.join(file);
        if !path.exists() {
            println!("skipped: there is no {}", path.display());
            continue;
        }
        let raw = read_path(&path, &ReadOptions::default()).expect("a readable set");
        let label = raw.column(label).expect("the label");
        let known: Vec<usize> = (0..raw.n_rows()).filter(|&r| !label.data.is_missing(r)).collect();
        // Only won and lost deals are over.
        let known: Vec<usize> = known
            .into_iter()
            .filter(|&r| !matches!(label.data.cell(r).as_deref(), Some("Engaging" | "Prospecting")))
            .collect();
        let step = (known.len() as f64 / rows as f64).max(1.0);
        let kept: Vec<usize> = (0..rows.min(known.len())).map(|i| known[(i as f64 * step) as usize]).collect();
        let y = kept.iter().map(|&r| label.data.cell(r).as_deref() == Some(left)).collect();
        let columns = raw.columns().iter().filter(|c| c.name != label.name && !late.contains(&c.name.as_str()));
        let columns = columns
            .map(|c| (c.name.clone(), kept.iter().map(|&r| c.data.cell(r).map(|v| v.into_owned())).collect()))
            .collect();
        sets.push((file.to_owned(), Frame { columns, y }));
    }
    sets
}

/// The columns that are blocked.
fn blocked(frame: &Frame) -> Vec<(String, String)> {
    let options = ValidateOptions { purpose: Purpose::Train, label: Some("churned".into()), ..Default::default() };
    let report = engine::validate(&frame.table(), None, None, &options).expect("a report");
    let leaks = report.findings.iter().filter(|f| f.code == "leakage");
    leaks.map(|f| (f.column.clone().unwrap_or_default(), f.message.clone())).collect()
}

fn main() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let directory = std::env::var_os("CHURN_DATA_DIR").map_or(default, PathBuf::from);
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let (rows, seeds) = (*numbers.first().unwrap_or(&3000), *numbers.get(1).unwrap_or(&2));
    let only = std::env::args().find_map(|a| a.strip_prefix("only=").map(str::to_owned)).unwrap_or_default();
    let sets = load(&directory, rows);
    let mut false_alarms: BTreeMap<String, usize> = BTreeMap::new();
    let (mut clean, mut alarms) = (0usize, 0usize);
    for (name, frame) in &sets {
        clean += frame.columns.len();
        for (column, message) in blocked(frame) {
            alarms += 1;
            *false_alarms.entry(format!("{name}: {column}: {message}")).or_default() += 1;
        }
    }
    println!("{} sets of up to {rows} rows, as they are: {alarms} of {clean} clean columns blocked", sets.len());
    let mut totals = Vec::new();
    for (title, kinds) in [("leaks planted", LEAKS), ("honest columns planted", HONEST)] {
        println!("\n{title}: blocked / planted");
        let (mut all, mut hits) = (0usize, 0usize);
        for (kind, plant) in kinds.iter().filter(|(k, _)| k.contains(&only)) {
            let (mut n, mut found) = (0usize, 0usize);
            let mut missed = Vec::new();
            for (name, frame) in &sets {
                for seed in 0..seeds {
                    let mut frame = frame.clone();
                    frame.columns.retain(|(c, _)| {
                        !["customer_id", "customerID", "CustomerId", "account_id", "snapshot_date"]
                            .contains(&c.as_str())
                    });
                    let mut random = Random(seed as u64 * 1_000_003 + name.len() as u64 * 7 + kind.len() as u64);
                    let planted = plant(&mut frame, &mut random);
                    let leaks = blocked(&frame);
                    n += 1;
                    // A pair names its first column.
                    let hit =
                        leaks.iter().any(|(c, m)| planted.iter().any(|p| p == c || m.contains(&format!("'{p}'"))));
                    found += usize::from(hit);
                    if hit && title.starts_with("honest") {
                        let messages: Vec<&str> = leaks.iter().map(|(_, m)| m.as_str()).collect();
                        println!("    {name}: {}", messages.join("; "));
                    }
                    if !hit {
                        missed.push(name.chars().take(12).collect::<String>());
                    }
                    for (column, message) in leaks {
                        if !planted.iter().any(|p| *p == column || message.contains(&format!("'{p}'"))) {
                            *false_alarms.entry(format!("{kind} in {name}: {column}: {message}")).or_default() += 1;
                        }
                    }
                }
            }
            let note = if title.starts_with("leaks") && !missed.is_empty() {
                format!("  missed in {}", missed.join(", "))
            } else {
                String::new()
            };
            println!("  {kind:<40} {found:>3} / {n}{note}");
            all += n;
            hits += found;
        }
        totals.push(format!("{title}: {hits} of {all} blocked ({:.1} %)", 100.0 * hits as f64 / all.max(1) as f64));
    }
    println!("\n{}", totals.join("\n"));
    println!("other columns blocked beside a planted one: {}", false_alarms.len());
    for (alarm, n) in false_alarms.iter().take(40) {
        println!("  {n} x {alarm}");
    }
}
