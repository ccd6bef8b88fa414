//! Honest columns that look a little like leaks.

use super::frame::*;

pub const HONEST: &[(&str, Plant)] = &[
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

/// Honest columns that are strong, or odd by chance.
pub const HONEST_TOO: &[(&str, Plant)] = &[
    ("number, AUC 0.94", |f, r| {
        shifted(f, r, 2.2, "weekly_hours");
        &["weekly_hours"]
    }),
    ("tenure, AUC 0.9", |f, r| {
        let c = text(&f.y, |y, _| some(1 + (if y { 9.0 } else { 45.0 } * -r.uniform().max(1e-9).ln()) as usize));
        f.columns.retain(|(n, _)| n != "tenure");
        f.add("tenure_months", c);
        &["tenure_months"]
    }),
    ("level that nearly always leaves", |f, r| {
        let c = text(&f.y, |y, _| some(if y && r.chance(0.3) { "prepaid" } else { ["card", "invoice"][r.below(2)] }));
        f.add("payment_method", c);
        &["payment_method"]
    }),
    ("support calls, all leave from 5 on", |f, r| {
        let c = text(&f.y, |y, _| some(if y { 1 + r.below(10) } else { r.below(5) }));
        f.add("support_calls", c);
        &["support_calls"]
    }),
    ("satisfaction 1 to 5, nobody at 5 leaves", |f, r| {
        let c = text(&f.y, |y, _| some(if y { [1, 1, 2, 2, 3][r.below(5)] } else { [3, 3, 4, 5][r.below(4)] }));
        f.add("satisfaction", c);
        &["satisfaction"]
    }),
    ("note of a ticket", |f, r| {
        let c = text(&f.y, |y, i| {
            let what = if r.chance(if y { 0.5 } else { 0.12 }) {
                ["outage again", "angry about the price", "compares with a competitor"][r.below(3)]
            } else {
                ["asks for help", "bill", "new phone"][r.below(3)]
            };
            some(format!("{what} on call {i}"))
        });
        f.add("ticket_note", c);
        &["ticket_note"]
    }),
    ("prices that end in 95 and 99", |f, r| {
        let c = text(&f.y, |y, _| {
            some(format!("{}.{}", 10 + r.below(90), if r.chance(if y { 0.7 } else { 0.3 }) { 95 } else { 99 }))
        });
        f.add("price", c);
        &["price"]
    }),
    ("health check that is honest, AUC 0.66", |f, r| {
        let c = text(&f.y, |y, _| {
            some(format!("{:.0}", (65.0 - 9.0 * f64::from(u8::from(y)) + 15.0 * r.normal()).clamp(0.0, 100.0)))
        });
        f.add("health_score", c);
        &["health_score"]
    }),
    ("signup date and tenure that agree", |f, r| {
        let start: Vec<i64> =
            f.y.iter().map(|y| -(30 + (r.uniform() * if *y { 500.0 } else { 900.0 }) as i64)).collect();
        f.columns.retain(|(n, _)| n != "tenure");
        f.add("signup_date", start.iter().map(|s| some(date(*s))).collect());
        f.add("tenure_months", start.iter().map(|s| some(-s / 30)).collect());
        &["signup_date", "tenure_months"]
    }),
    ("plan before and now", |f, r| {
        let a: Vec<usize> = f.y.iter().map(|_| r.below(6)).collect();
        let b = text(&f.y, |y, i| {
            some(format!("p{}", if r.chance(if y { 0.4 } else { 0.1 }) { r.below(6) } else { a[i] }))
        });
        f.add("plan_before", a.iter().map(|a| some(format!("p{a}"))).collect());
        f.add("plan_now", b);
        &["plan_before", "plan_now"]
    }),
    ("city", |f, r| {
        let n = 120.min(f.n() / 8).max(2);
        let rate: Vec<f64> = (0..n).map(|_| 0.4 + 1.2 * r.uniform()).collect();
        let c = text(&f.y, |y, _| {
            let mut at = r.below(n);
            while y && !r.chance(rate[at] / 1.6) {
                at = r.below(n);
            }
            some(format!("City {at}"))
        });
        f.add("city", c);
        &["city"]
    }),
    ("refunds in the past, AUC 0.6", |f, r| {
        let c = text(&f.y, |y, _| some(if r.chance(if y { 0.3 } else { 0.12 }) { 5 + r.below(60) } else { 0 }));
        f.add("refunds", c);
        &["refunds"]
    }),
];
