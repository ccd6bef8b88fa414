//! What must hold for every report: the same in chunks and threads, no personal data, right on real sets, and the trap of
//! resampling before the split.

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use churn_core::engine;
use churn_core::read::{ReadOptions, read_path};
use churn_core::report;
use churn_core::schema::{Profile, TableKind};
use churn_core::table::{Column, ColumnData, Places, RawColumn, RawTable, Source, Table};
use churn_core::validate::{Pieces, Purpose, QualityReport, ValidateOptions, estimate_auc};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data").join(file)
}

fn options(label: Option<&str>) -> ValidateOptions {
    ValidateOptions { purpose: Purpose::Train, label: label.map(str::to_owned), ..ValidateOptions::default() }
}

/// A table in batches that end at these rows.
fn in_batches(raw: &RawTable, ends: &[usize]) -> RawTable {
    let fields: Vec<Field> = raw.columns().iter().map(|c| Field::new(&c.name, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut start = 0;
    let mut batches = Vec::new();
    for &end in ends.iter().chain([&raw.n_rows()]) {
        if end > start {
            let columns = raw.columns().iter().map(|c| {
                let cells: StringArray = (start..end).map(|r| c.data.cell(r).map(|v| v.into_owned())).collect();
                Arc::new(cells) as ArrayRef
            });
            batches.push(RecordBatch::try_new(schema.clone(), columns.collect()).expect("a batch"));
            start = end;
        }
    }
    RawTable::from_batches(&schema, &batches).expect("a table")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn chunks_and_threads_change_nothing(mut ends in proptest::collection::vec(1usize..500, 0..6), threads in 1usize..5) {
        ends.sort_unstable();
        let raw = read_path(shipped("telecom_customers.csv"), &ReadOptions::default()).expect("read");
        let whole = engine::validate(&in_batches(&raw, &[]), None, None, &ValidateOptions::default()).expect("a report");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let chunked = pool.install(|| {
            engine::validate(&in_batches(&raw, &ends), None, None, &ValidateOptions::default()).expect("a report")
        });
        prop_assert_eq!(report::quality_json(&whole), report::quality_json(&chunked));
    }

    /// Pieces that come one after the other, of a file with lines and of one without, for every purpose.
    #[test]
    fn pieces_are_judged_as_the_whole(mut ends in proptest::collection::vec(1usize..400, 0..6), train in any::<bool>()) {
        ends.sort_unstable();
        let file = if train { "telecom_labelled.csv" } else { "telecom_customers.csv" };
        let raw = read_path(shipped(file), &ReadOptions::default()).expect("read");
        let rows: Vec<usize> = (0..raw.n_rows()).collect();
        let raw = part(&raw, &rows);
        let purpose = if train { Purpose::Train } else { Purpose::Score };
        let options = ValidateOptions { purpose, ..ValidateOptions::default() };
        let whole = engine::validate(&raw, None, None, &options).expect("a report");
        let mut pieces = Pieces::default();
        let mut start = 0;
        for end in ends.into_iter().chain([raw.n_rows()]).filter(|&e| e <= raw.n_rows()) {
            if end > start {
                pieces.push(&part(&raw, &rows[start..end])).expect("a piece");
                start = end;
            }
        }
        prop_assert_eq!(pieces.n_rows(), raw.n_rows());
        let judged = engine::validate_pieces(pieces, None, None, &options).expect("a report");
        prop_assert_eq!(report::quality_json(&whole), report::quality_json(&judged));
    }
}

/// These rows of a table.
fn part(raw: &RawTable, rows: &[usize]) -> RawTable {
    let columns = raw.columns().iter().map(|c| RawColumn { name: c.name.clone(), data: c.data.take(rows) });
    let places = Places::Lines(rows.iter().map(|&r| raw.row_number(r)).collect());
    RawTable::new(columns.collect(), rows.len(), places, raw.source().clone(), Vec::new())
}

/// A table of every kind of column, many spellings and columns that are blank for a while among them.
#[test]
fn pieces_of_every_kind_of_column() {
    let n = 9_000usize;
    let columns = |from: usize, to: usize| {
        let rows = move || from..to;
        let text = |f: &dyn Fn(usize) -> Option<String>| ColumnData::text(rows().map(f));
        let column = |name: &str, data| RawColumn { name: name.into(), data };
        let columns = vec![
            column("customer_id", text(&|i| Some(format!("K{:06}", i * 7919 % 1_000_003 % 8_990)))),
            column(
                "fee",
                text(&|i| {
                    (i % 7 != 0).then(|| if i == 4_000 { "free".into() } else { format!("{}.{:02}", i % 90, i % 100) })
                }),
            ),
            column("late", text(&|i| (i > 5_000).then(|| format!("2024-0{}-1{}", 1 + i % 9, i % 10)))),
            column("void", text(&|_| None)),
            column("visits", ColumnData::Integer(rows().map(|i| (i % 5 > 0).then_some(i as i64 % 40)).collect())),
            column("weight", ColumnData::numbers(rows().map(|i| Some(i as f64 / 3.0)))),
            column("member", ColumnData::Boolean(rows().map(|i| Some(i % 3 == 0)).collect())),
            column("since", ColumnData::Date(rows().map(|i| Some(19_000 + i as i32 % 900)).collect())),
            column("seen", ColumnData::Timestamp(rows().map(|i| Some(i as i64 * 1_000_000_007)).collect())),
            column("comment", text(&|i| Some(format!("said {i} on the phone")))),
        ];
        RawTable::new(columns, to - from, Places::Items, Source::default(), Vec::new())
    };
    let whole = engine::validate(&columns(0, n), None, None, &ValidateOptions::default()).expect("a report");
    assert!(whole.findings.iter().any(|f| f.code == "duplicate_customer_id"), "{:#?}", whole.findings);
    for ends in [vec![n], vec![1, 2, 3, n], vec![4_500, n], (1..=9).map(|i| i * 1_000).collect()] {
        let mut pieces = Pieces::default();
        let mut start = 0;
        for end in ends {
            pieces.push(&columns(start, end)).expect("a piece");
            start = end;
        }
        let judged = engine::validate_pieces(pieces, None, None, &ValidateOptions::default()).expect("a report");
        assert_eq!(report::quality_json(&whole), report::quality_json(&judged));
    }
    let mut pieces = Pieces::default();
    pieces.push(&columns(0, 5)).expect("a piece");
    let other = RawTable::new(Vec::new(), 0, Places::Items, Source::default(), Vec::new());
    assert_eq!(pieces.push(&other).expect_err("other columns").code(), "wrong_type");
}

#[test]
fn threads_change_no_bit_of_a_training_report() {
    let path = shipped("telecom_labelled.csv");
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| engine::validate(path.as_path(), None, None, &options(None)).expect("a report"))
    };
    assert_eq!(report::quality_json(&of(1)), report::quality_json(&of(3)));
}

/// Canaries in every personal column, in ids, and in cells that cannot be read.
#[test]
fn no_cell_of_a_person_leaves() {
    let mut personal = vec![
        "customer_name",
        "first name",
        "last_name",
        "email",
        "phone",
        "billing_street",
        "ip address",
        "birthday",
        "contact email",
    ];
    // Whatever the catalog of fields calls personal.
    for kind in TableKind::ALL {
        for field in churn_core::schema::fields(kind).iter().filter(|f| f.pii) {
            if !personal.contains(&field.name.as_str()) {
                personal.push(&field.name);
            }
        }
    }
    assert!(personal.contains(&"subject"), "{personal:?}");
    let header = format!(
        "customer_id,tenure_months,monthly_charges,contract,signup_date,account_owner,comment,churned,{}\n",
        personal.join(",")
    );
    let mut csv = header;
    for i in 0..300 {
        let wild = |k: usize| i % 50 == k;
        let pick = |bad: bool, good: String| if bad { format!("CANARY{i} x") } else { good };
        csv += &format!(
            "CANARY{},{},{},{},{},CANARY owner {},CANARY said thing {i},{}",
            i / 2 * 2 + i % 3,
            pick(wild(3), format!("{}", 1 + i * 37 % 60)),
            pick(wild(5), format!("{}.5", 20 + i * 31 % 70)),
            ["Month-to-month", "One year"][i % 2],
            pick(wild(7), format!("2024-0{}-1{}", 1 + i % 9, i % 10)),
            i % 3,
            if i * 7919 % 100 < 30 { "Yes" } else { "No" },
        );
        for (k, _) in personal.iter().enumerate() {
            csv += &match k {
                3 | 8 => format!(",canary{i}@example.org"),
                4 => format!(",+49 171 55501{i:03}"),
                6 => format!(",10.55.1.{}", i % 250),
                7 => format!(",19{}-01-02", 50 + i % 50),
                _ => format!(",CANARY {i}"),
            };
        }
        csv += "\n";
    }
    let mut out = String::new();
    for purpose in [Purpose::Score, Purpose::Train] {
        for profile in ["telecom", "saas", "generic"] {
            let profile = Profile::shipped(profile).expect("profile");
            let options = ValidateOptions { purpose, label: Some("churned".into()), ..ValidateOptions::default() };
            let judged = engine::validate(csv.as_bytes(), None, Some(profile), &options).expect("a report");
            assert!(judged.findings.iter().any(|f| f.code == "unreadable_value"), "{:?}", judged.findings);
            out += &format!(
                "{judged:?}{}{}{}",
                report::quality_json(&judged),
                report::quality_html(&judged),
                report::findings_text(&judged)
            );
        }
    }
    // Errors: a label that is a person's name, a label that is not there.
    for label in ["customer_name", "comment", "nowhere"] {
        let error = engine::validate(csv.as_bytes(), None, None, &options(Some(label))).expect_err("no label");
        out += &format!("{error}{error:?}");
    }
    #[cfg(feature = "train")]
    {
        let options = churn_core::TrainOptions { label: Some("churned".into()), ..Default::default() };
        match churn_core::Engine::train(csv.as_bytes(), &options) {
            Ok(engine) => {
                out += &String::from_utf8_lossy(&engine.to_bytes().expect("bytes")).replace("CANARY owner", "")
            }
            Err(error) => out += &format!("{error}{error:?}"),
        }
    }
    for canary in ["CANARY", "canary", "@example", "55501", "10.55."] {
        let at = out.find(canary);
        assert!(
            at.is_none(),
            "{canary}: ...{}",
            at.map_or("", |a| &out[a.saturating_sub(200)..(a + 80).min(out.len())])
        );
    }
}

fn real(file: &str) -> Option<RawTable> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("CHURN_DATA_DIR").map_or(default, PathBuf::from).join(file);
    if path.exists() {
        return Some(read_path(&path, &ReadOptions::default()).expect("readable"));
    }
    println!("skipped: there is no {} (set CHURN_DATA_DIR)", path.display());
    None
}

fn judged(file: &str, label: &str) -> Option<QualityReport> {
    let raw = real(file)?;
    Some(engine::validate(&raw, None, None, &options(Some(label))).expect("a report"))
}

fn columns(report: &QualityReport, code: &str) -> Vec<String> {
    let mut columns: Vec<String> = report.of_code(code).filter_map(|f| f.column.clone()).collect();
    columns.sort_unstable();
    columns
}

/// `docs/real-sets.md` says the same in words.
#[test]
fn what_a_careful_analyst_says_of_the_telco_set() {
    let Some(report) = judged("WA_Fn-UseC_-Telco-Customer-Churn.csv", "Churn") else { return };
    let first = |code: &str| {
        let found = report.findings.iter().find(|f| f.code == code);
        found.unwrap_or_else(|| panic!("{code}: {:#?}", report.findings))
    };
    assert!(report.ok && report.score > 85.0, "{}", report.arithmetic);
    assert_eq!(
        (first("repaired_from_rule").column.as_deref(), first("repaired_from_rule").rows_affected),
        (Some("TotalCharges"), 11)
    );
    assert_eq!(columns(&report, "identity_found"), ["TotalCharges"]);
    assert!(
        first("identity_found").message.contains("'tenure' x 'MonthlyCharges'"),
        "{}",
        first("identity_found").message
    );
    assert_eq!(first("identical_customers").rows_affected, 73);
    assert!(first("identical_customers").message.contains("33 groups"));
    assert!(
        first("conflicting_labels").message.starts_with("18 of these groups")
            && first("conflicting_labels").message.contains("18 labels"),
        "{}",
        first("conflicting_labels").message
    );
    assert_eq!(columns(&report, "leakage"), [""; 0]);
    let (low, high) = report.estimated_auc_interval.expect("an interval");
    assert!(low < 0.848 && 0.84 < high && high - low < 0.03, "{low} to {high}");
}

#[test]
fn what_a_careful_analyst_says_of_the_other_sets() {
    if let Some(bank) = judged("Churn_Modelling.csv", "Exited") {
        assert_eq!(columns(&bank, "leakage"), [""; 0]);
        let (low, high) = bank.estimated_auc_interval.expect("an interval");
        assert!(low > 0.78 && high < 0.87, "{low} to {high}");
    }
    if let Some(accounts) = judged("ravenstack/ravenstack_accounts.csv", "churn_flag") {
        assert_eq!(columns(&accounts, "leakage"), [""; 0]);
        assert!(accounts.of_code("no_signal").next().is_some(), "{:?}", accounts.estimated_auc_interval);
    }
    if let Some(subscriptions) = judged("ravenstack/ravenstack_subscriptions.csv", "churn_flag") {
        assert_eq!(columns(&subscriptions, "leakage"), ["end_date"]);
        assert!(subscriptions.of_code("no_signal").next().is_some(), "{:?}", subscriptions.estimated_auc_interval);
    }
    if let Some(mail) = judged("hillstrom_minethatdata_email.csv.gz", "visit") {
        assert_eq!(columns(&mail, "leakage"), ["conversion", "spend"]);
        let (low, high) = mail.estimated_auc_interval.expect("an interval");
        assert!(low > 0.6 && high < 0.68, "{low} to {high}");
    }
    if let Some(rules) = judged("customer_churn_dataset-testing-master.csv.gz", "Churn") {
        assert_eq!(columns(&rules, "leakage"), [""; 0]);
        assert!(columns(&rules, "id_tells_label").contains(&"CustomerID".to_owned()), "{:#?}", rules.findings);
    }
    if let Some(leads) = judged("Lead_Scoring_X_Education.csv.gz", "Converted") {
        assert_eq!(columns(&leads, "leakage"), ["Tags"], "{:#?}", leads.findings);
    }
}

/// Sets that were resampled before they were split measure near 1 whatever they are worth: neighbours of a row stand on
/// both sides, and rows that are hard to tell are gone. The engine has no resampling, so its own figure stays honest.
#[test]
fn the_trap_of_resampling_before_the_split() {
    fn noise(seed: u64, i: u64) -> f64 {
        let mut z = (seed * 1_000_003 + i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    let normal = |seed: u64, i: u64| (0..12).map(|k| noise(seed * 17 + k, i)).sum::<f64>() - 6.0;
    let (n, k) = (1200u64, 4u64);
    let y: Vec<bool> = (0..n).map(|i| noise(1, i) < 0.27).collect();
    // Four numbers that lie 0.7 standard deviations apart: AUC 0.84 together.
    let x: Vec<Vec<f64>> =
        (0..n).map(|i| (0..k).map(|j| normal(2 + j, i) + 0.7 * f64::from(u8::from(y[i as usize]))).collect()).collect();
    let auc = |x: &[Vec<f64>], y: &[bool]| {
        let column = |j: usize| Column {
            name: format!("x{j}"),
            canonical: false,
            source: format!("x{j}"),
            data: ColumnData::numbers(x.iter().map(|r| Some(r[j]))),
        };
        let table = Table::new((0..k as usize).map(column).collect(), x.len(), Places::Items);
        estimate_auc(&table, &y.iter().map(|y| Some(*y)).collect::<Vec<_>>(), &[]).expect("an estimate").auc
    };
    let nearest = |x: &[Vec<f64>], of: usize, among: &dyn Fn(usize) -> bool, many: usize| -> Vec<usize> {
        let gap = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let mut others: Vec<(f64, usize)> =
            (0..x.len()).filter(|&j| j != of && among(j)).map(|j| (gap(&x[of], &x[j]), j)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0));
        others.into_iter().take(many).map(|(_, j)| j).collect()
    };
    // SMOTE: new rows between a leaver and one of its neighbours, until both labels are as frequent.
    let (mut sx, mut sy) = (x.clone(), y.clone());
    let leavers: Vec<usize> = (0..x.len()).filter(|&i| y[i]).collect();
    for s in 0..x.len() - 2 * leavers.len() {
        let of = leavers[s % leavers.len()];
        let near = nearest(&x, of, &|j| y[j], 5);
        let other = near[(noise(50, s as u64) * near.len() as f64) as usize];
        let part = noise(51, s as u64);
        sx.push(x[of].iter().zip(&x[other]).map(|(a, b)| a + part * (b - a)).collect());
        sy.push(true);
    }
    // Edited nearest neighbours: rows that one of their three neighbours gainsays are taken out.
    let kept: Vec<usize> =
        (0..sx.len()).filter(|&i| nearest(&sx, i, &|_| true, 3).iter().all(|&j| sy[j] == sy[i])).collect();
    let (rx, ry): (Vec<Vec<f64>>, Vec<bool>) = kept.iter().map(|&i| (sx[i].clone(), sy[i])).unzip();
    let (honest, trapped) = (auc(&x, &y), auc(&rx, &ry));
    assert!((0.80..0.88).contains(&honest), "{honest}");
    assert!(trapped > honest + 0.08, "{trapped} against {honest}");
}
