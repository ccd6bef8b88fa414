//! Leaks as they are met: copies, records of the leaving, scores of other models, ids, rows, pairs.

use super::frame::*;

pub const LEAKS: &[(&str, Plant)] = &[
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
