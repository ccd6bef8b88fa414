//! The leak firewall on invented tables: what is blocked, what is not, and what the caller may say.

use churn_core::engine;
use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source};
use churn_core::validate::{Purpose, QualityReport, ValidateOptions};

const N: usize = 900;

fn noise(seed: usize, i: usize) -> f64 {
    let mut z = (seed as u64 * 1_000_003 + i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn normal(seed: usize, i: usize) -> f64 {
    (0..12).map(|k| noise(seed * 13 + k + 100, i)).sum::<f64>() - 6.0
}

fn left(i: usize) -> bool {
    noise(1, i) < 0.27
}

type Cell = fn(usize) -> Option<String>;

/// A table of four honest columns, the label, and more.
fn table(more: &[(&str, Cell)], rows: &[usize]) -> RawTable {
    let honest: [(&str, Cell); 5] = [
        ("customer_id", |i| Some(format!("K{:05}", i * 7919 % 100_003))),
        ("tenure_months", |i| Some(format!("{}", 1 + (60.0 * noise(2, i) * if left(i) { 0.6 } else { 1.0 }) as usize))),
        ("monthly_charges", |i| Some(format!("{:.2}", 20.0 + 80.0 * noise(3, i)))),
        ("contract", |i| Some(["Month-to-month", "One year"][usize::from(noise(4, i) < 0.4)].into())),
        ("churned", |i| Some(if left(i) { "Yes" } else { "No" }.into())),
    ];
    let columns = honest.iter().filter(|(n, _)| !more.iter().any(|(m, _)| m == n)).chain(more);
    let columns = columns.map(|(name, cell)| RawColumn {
        name: (*name).to_owned(),
        data: ColumnData::text(rows.iter().map(|&i| cell(i))),
    });
    RawTable::new(columns.collect(), rows.len(), Places::Items, Source::default(), Vec::new())
}

fn judge(table: &RawTable, allow: &[&str]) -> QualityReport {
    let options = ValidateOptions {
        purpose: Purpose::Train,
        label: Some("churned".into()),
        allow: allow.iter().map(|a| (*a).to_owned()).collect(),
        ..ValidateOptions::default()
    };
    engine::validate(table, None, None, &options).expect("a report")
}

fn blocked(report: &QualityReport) -> Vec<&str> {
    report.of_code("leakage").filter_map(|f| f.column.as_deref()).collect()
}

fn all() -> Vec<usize> {
    (0..N).collect()
}

#[test]
fn leaks_of_every_kind_are_blocked_and_let_through_by_name() {
    fn some(x: impl ToString) -> Option<String> {
        Some(x.to_string())
    }
    let cases: &[(&str, Cell)] = &[
        ("outcome", |i| some(if left(i) { "Left" } else { "Stayed" })),
        ("flag b", |i| some(u8::from(left(i) != (noise(9, i) < 0.03)))),
        ("metric", |i| some(10.0 * f64::from(u8::from(left(i))) + normal(5, i))),
        ("motivo_baja", |i| left(i).then(|| "precio".to_owned())),
        ("field 9", |i| (noise(9, i) < if left(i) { 0.92 } else { 0.01 }).then(|| "x".to_owned())),
        ("refund", |i| some(if left(i) && noise(9, i) < 0.5 { 20.0 + noise(8, i) } else { 0.0 })),
        ("Vertragsstatus", |i| some(if left(i) && noise(9, i) < 0.8 { "gekündigt" } else { "aktiv" })),
        ("churn_score", |i| some(40.0 + 20.0 * f64::from(u8::from(left(i))) + 15.0 * normal(5, i))),
        ("risk_band", |i| {
            some(["low", "mid", "high"][((1.7 * f64::from(u8::from(left(i))) + normal(5, i)).clamp(0.0, 2.0)) as usize])
        }),
        ("account no", |i| some(format!("{}-{:05}", if left(i) { "X" } else { "A" }, i * 7919 % 100_003))),
        ("note", |i| {
            some(if left(i) && noise(9, i) < 0.6 {
                format!("case {i} wants out cancelled")
            } else {
                format!("case {i} asked about the bill")
            })
        }),
    ];
    for case in cases {
        let table = table(&[*case], &all());
        assert_eq!(blocked(&judge(&table, &[])), [case.0]);
        let allowed = judge(&table, &[case.0]);
        assert_eq!(blocked(&allowed), [""; 0], "{}", case.0);
        assert!(allowed.of_code("leak_allowed").next().is_some(), "{}", case.0);
    }
}

#[test]
fn two_columns_that_tell_it_together() {
    let a: Cell = |i| Some(format!("{:.3}", 100.0 * noise(5, i)));
    let b: Cell = |i| Some(format!("{:.3}", 100.0 * noise(5, i) + if left(i) { 4.0 } else { -4.0 } + normal(6, i)));
    let table = table(&[("m1", a), ("m2", b)], &all());
    let report = judge(&table, &[]);
    assert_eq!(blocked(&report), ["m1"]);
    assert!(report.of_code("leakage").all(|f| f.message.contains("'m1' and 'm2'")));
    assert_eq!(blocked(&judge(&table, &["m2"])), [""; 0]);
}

#[test]
fn sorted_rows_and_copied_customers() {
    let mut rows = all();
    rows.sort_by_key(|&i| left(i));
    assert_eq!(blocked(&judge(&table(&[], &rows), &[])), ["row order"]);
    assert_eq!(blocked(&judge(&table(&[], &rows), &["row order"])), [""; 0]);
    let mut rows: Vec<usize> = all().into_iter().chain(all().into_iter().filter(|&i| left(i))).collect();
    rows.sort_by(|&a, &b| noise(40, a).total_cmp(&noise(40, b)));
    assert_eq!(blocked(&judge(&table(&[], &rows), &[])), ["customer_id"]);
}

#[test]
fn the_labels_own_means_are_blocked() {
    // Groups of about 20 rows; the value is the share of those who left among them.
    let group = |i: usize| (noise(50, i) * 45.0) as usize;
    let mut counts = [(0.0, 0.0); 45];
    for i in 0..N {
        counts[group(i)].0 += 1.0;
        counts[group(i)].1 += f64::from(u8::from(left(i)));
    }
    let mut raw = table(&[], &all());
    let mut columns = raw.columns().to_vec();
    let mean = |i: usize| counts[group(i)].1 / counts[group(i)].0;
    columns.push(RawColumn { name: "area".into(), data: ColumnData::numbers((0..N).map(|i| Some(mean(i)))) });
    raw = RawTable::new(columns, N, Places::Items, Source::default(), Vec::new());
    assert_eq!(blocked(&judge(&raw, &[])), ["area"]);
}

#[test]
fn honest_columns_pass_in_small_tables_too() {
    let honest: &[(&str, Cell)] = &[
        ("engagement", |i| Some(format!("{:.3}", 1.8 * f64::from(u8::from(left(i))) + normal(5, i)))),
        ("satisfaction_score", |i| {
            Some(format!("{:.0}", (60.0 - 22.0 * f64::from(u8::from(left(i))) + 15.0 * normal(5, i)).clamp(0.0, 100.0)))
        }),
        ("credit_score", |i| Some(format!("{:.0}", 600.0 + 60.0 * normal(5, i)))),
        ("complaints", |i| Some(format!("{}", usize::from(noise(5, i) < if left(i) { 0.4 } else { 0.05 })))),
        ("survey answer", |i| (noise(5, i) < if left(i) { 0.3 } else { 0.7 }).then(|| format!("{}", i % 10))),
        ("marital_status", |i| {
            Some(["Single", "Married"][usize::from(noise(5, i) < if left(i) { 0.4 } else { 0.6 })].into())
        }),
        ("cancelled_orders", |i| Some(format!("{}", (noise(5, i) * if left(i) { 6.0 } else { 4.0 }) as usize))),
        ("comment", |i| Some(format!("asked for {} on call {i}", ["help", "a quote"][usize::from(noise(5, i) < 0.5)]))),
        ("days_left_in_term", |i| Some(format!("{}", (noise(5, i) * if left(i) { 200.0 } else { 365.0 }) as usize))),
        ("spent", |i| Some(format!("{:.2}", (1.0 + 60.0 * noise(2, i)) * (20.0 + 80.0 * noise(3, i))))),
    ];
    for rows in [N, 200] {
        for column in honest {
            let report = judge(&table(&[*column], &(0..rows).collect::<Vec<_>>()), &[]);
            assert_eq!(
                blocked(&report),
                [""; 0],
                "{} in {rows} rows: {:?}",
                column.0,
                report.of_code("leakage").next()
            );
        }
    }
}

#[test]
#[cfg(feature = "train")]
fn training_stops_and_the_card_tells_what_was_allowed() {
    use churn_core::{Engine, TrainOptions, train::Learner};
    let table = table(&[("outcome", |i| Some(if left(i) { "Left" } else { "Stayed" }.into()))], &all());
    let options = TrainOptions { label: Some("churned".into()), learner: Learner::Logistic, ..TrainOptions::default() };
    let error = Engine::train(&table, &options).expect_err("a leak");
    assert_eq!(error.code(), "leakage");
    assert!(
        error.message().contains("'outcome'") && error.context().contains(&("columns", "outcome".into())),
        "{error:?}"
    );
    let engine = Engine::train(&table, &TrainOptions { allow: vec!["outcome".into()], ..options }).expect("allowed");
    assert_eq!(engine.model().card.allowed, ["outcome"]);
}
