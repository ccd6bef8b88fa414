//! Every finding has a table that makes it fire and one that does not.

use churn_core::engine;
use churn_core::schema::Profile;
use churn_core::validate::{Code, Purpose, QualityReport, READER_CODES, ValidateOptions};
use std::collections::BTreeSet;
use std::path::Path;

/// A table under construction: columns of cells.
#[derive(Clone)]
struct Frame {
    columns: Vec<(String, Vec<String>)>,
}

/// A fixed sequence in [0, 1) without any pattern that matters here.
fn noise(seed: usize, i: usize) -> f64 {
    let mut z = (seed as u64 * 1_000_003 + i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn normal(seed: usize, i: usize) -> f64 {
    // Twelve uniforms: normal enough.
    (0..12).map(|k| noise(seed * 13 + k + 100, i)).sum::<f64>() - 6.0
}

const N: usize = 800;

impl Frame {
    /// A table that a careful analyst has nothing to say about.
    fn clean() -> Frame {
        let tenure: Vec<usize> = (0..N).map(|i| 1 + (noise(1, i) * 60.0) as usize).collect();
        let left = |i: usize| noise(2, i) < 0.55 - tenure[i] as f64 / 150.0;
        let mut frame = Frame { columns: Vec::new() };
        frame.set("customer_id", |i| format!("K{:05}", (i * 7919) % 100_003));
        frame.set("tenure_months", |i| tenure[i].to_string());
        frame.set("monthly_charges", |i| format!("{:.4}", 20.0 + 80.0 * noise(3, i)));
        frame.set("contract", |i| ["Month-to-month", "One year", "Two year"][(noise(4, i) * 3.0) as usize].into());
        frame.set("churned", |i| if left(i) { "Yes" } else { "No" }.into());
        frame
    }

    fn set(&mut self, name: &str, cell: impl Fn(usize) -> String) {
        let n = self.columns.first().map_or(N, |c| c.1.len());
        let cells = (0..n).map(cell).collect();
        match self.columns.iter_mut().find(|c| c.0 == name) {
            Some(column) => column.1 = cells,
            None => self.columns.push((name.to_owned(), cells)),
        }
    }

    fn left(&self) -> Vec<bool> {
        let label = self.columns.iter().find(|c| c.0 == "churned").expect("a label");
        label.1.iter().map(|c| c == "Yes").collect()
    }

    fn drop(&mut self, name: &str) {
        self.columns.retain(|c| c.0 != name);
    }

    fn rename(&mut self, name: &str, to: &str) {
        self.columns.iter_mut().filter(|c| c.0 == name).for_each(|c| c.0 = to.to_owned());
    }

    fn cell(&mut self, name: &str, row: usize, value: &str) {
        self.columns.iter_mut().find(|c| c.0 == name).expect("a column").1[row] = value.to_owned();
    }

    fn keep(&mut self, n: usize) {
        self.columns.iter_mut().for_each(|c| c.1.truncate(n));
    }

    fn csv(&self) -> String {
        let mut text = self.columns.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(",") + "\n";
        for row in 0..self.columns[0].1.len() {
            text += &self.columns.iter().map(|c| c.1[row].as_str()).collect::<Vec<_>>().join(",");
            text += "\n";
        }
        text
    }
}

fn report(frame: &Frame, options: ValidateOptions, profile: Option<Profile>) -> QualityReport {
    let profile = profile.unwrap_or_else(|| Profile::shipped("telecom").expect("profile"));
    let options = ValidateOptions { purpose: Purpose::Train, ..options };
    engine::validate(frame.csv().as_bytes(), None, Some(profile), &options).expect("a report")
}

fn codes(report: &QualityReport) -> BTreeSet<String> {
    report.findings.iter().map(|f| f.code.clone()).collect()
}

/// What to do to the clean table, the options, and a profile of one's own, so that a code fires.
type Case = (Code, fn(&mut Frame), fn() -> ValidateOptions, Option<&'static str>);

fn plain() -> ValidateOptions {
    ValidateOptions::default()
}

fn label(name: &str) -> ValidateOptions {
    ValidateOptions { label: Some(name.to_owned()), ..ValidateOptions::default() }
}

const CASES: &[Case] = &[
    (Code::RequiredFieldMissing, |f| f.drop("contract"), plain, None),
    (Code::FieldTwice, |f| f.set("Monthly Fee", |i| format!("{:.2}", 20.0 + 80.0 * noise(9, i))), plain, None),
    (Code::EmptyColumn, |f| f.set("nickname of line", |_| String::new()), plain, None),
    (Code::MissingCustomerId, |f| f.cell("customer_id", 3, ""), plain, None),
    (Code::DuplicateCustomerId, |f| f.cell("customer_id", 3, "K00000"), plain, None),
    (Code::UnreadableValue, |f| f.cell("monthly_charges", 5, "ask Paul"), plain, None),
    (
        Code::AmbiguousFormat,
        |f| f.set("signup_date", |i| format!("0{}/0{}/2024", 1 + i % 9, 1 + (i / 9) % 9)),
        plain,
        None,
    ),
    (
        Code::MixedTypes,
        |f| {
            f.set("reading", |i| {
                if i % 10 == 0 { ["red", "blue"][i % 20 / 10].into() } else { format!("{}", i * 17 % 301) }
            })
        },
        plain,
        None,
    ),
    (
        Code::MinorUnits,
        |f| {
            f.set("monthly_charges", |i| format!("{}", 2000 + (8000.0 * noise(3, i)) as usize));
            f.rename("monthly_charges", "monthly charges in cents");
        },
        plain,
        None,
    ),
    (Code::OutOfRange, |f| f.cell("tenure_months", 7, "-4"), plain, None),
    (Code::ImplausibleValue, |f| f.cell("monthly_charges", 7, "5000"), plain, None),
    (
        Code::Outliers,
        |f| {
            f.set("pages", |i| format!("{:.1}", 50.0 + 10.0 * normal(5, i)));
            f.cell("pages", 9, "9000000");
        },
        plain,
        None,
    ),
    (
        Code::UnitSuspect,
        |f| f.set("tenure_months", |i| format!("{}", 400 + (noise(1, i) * 1000.0) as usize)),
        plain,
        Some("name = \"own\"\ntitle = \"Own\"\ndescription = \"\"\n"),
    ),
    (
        Code::PlaceholderValue,
        |f| f.set("steps", |i| if i % 90 == 0 { "9999".into() } else { format!("{}", (noise(6, i) * 200.0) as usize) }),
        plain,
        None,
    ),
    (
        Code::RepairedFromRule,
        |f| {
            let tenure = f.columns[1].1.clone();
            let fee = f.columns[2].1.clone();
            let total = |i: usize| tenure[i].parse::<f64>().expect("n") * fee[i].parse::<f64>().expect("n");
            f.set("total_charges", |i| if i == 4 { String::new() } else { format!("{:.2}", total(i)) });
        },
        plain,
        None,
    ),
    (
        Code::RuleUnchecked,
        |f| f.set("colour", |i| ["red", "blue"][i % 2].into()),
        plain,
        Some(
            "name = \"own\"\ntitle = \"Own\"\ndescription = \"\"\n[[rules]]\ncode = \"r\"\ncheck = \"`colour` <= tenure_months\"\nmessage = \"m\"\n",
        ),
    ),
    (Code::MissingLabel, |f| f.cell("churned", 2, ""), plain, None),
    (Code::SingleClass, |f| f.set("churned", |_| "No".into()), plain, None),
    (
        Code::LabelValueAssumed,
        |f| {
            let left = f.left();
            f.set("churned", |i| if left[i] { "B" } else { "A" }.into());
        },
        || label("churned"),
        None,
    ),
    (Code::LabelMayBeInverted, |f| f.rename("churned", "retained"), || label("retained"), None),
    (
        Code::LabelShareImplausible,
        |f| f.set("churned", |i| if noise(2, i) < 0.8 { "Yes" } else { "No" }.into()),
        plain,
        None,
    ),
    (Code::TooFewRows, |f| f.keep(40), plain, None),
    (Code::FewChurners, |f| f.keep(200), plain, None),
    (Code::ConstantColumn, |f| f.set("tariff area", |_| "north".into()), plain, None),
    (
        Code::MostlyMissing,
        |f| f.set("hobby", |i| if i % 3 == 0 { ["golf", "chess"][i % 2].into() } else { String::new() }),
        plain,
        None,
    ),
    (
        Code::MissingTogether,
        |f| {
            for (k, name) in ["router age", "line length"].iter().enumerate() {
                f.set(name, |i| if i % 5 == 0 { String::new() } else { format!("{:.1}", 9.0 * noise(20 + k, i)) });
            }
        },
        plain,
        None,
    ),
    (
        Code::IdenticalColumns,
        |f| {
            f.set("shade", |i| ["dark", "light", "pale"][(noise(8, i) * 3.0) as usize].into());
            f.set("tone", |i| ["1", "2", "3"][(noise(8, i) * 3.0) as usize].into());
        },
        plain,
        None,
    ),
    (
        Code::CorrelatedColumns,
        |f| {
            f.set("metres", |i| format!("{:.3}", 100.0 * noise(8, i)));
            f.set("feet", |i| format!("{:.3}", 328.0 * noise(8, i) + noise(9, i)));
        },
        plain,
        None,
    ),
    (
        Code::IdentityFound,
        |f| {
            let (a, b) = (f.columns[1].1.clone(), f.columns[2].1.clone());
            let product = |i: usize| a[i].parse::<f64>().expect("n") * b[i].parse::<f64>().expect("n");
            f.set("spent in all", |i| format!("{:.2}", product(i)));
        },
        plain,
        None,
    ),
    (
        Code::IdenticalCustomers,
        |f| {
            for c in 1..f.columns.len() {
                f.columns[c].1[11] = f.columns[c].1[10].clone();
            }
        },
        plain,
        None,
    ),
    (
        Code::ConflictingLabels,
        |f| {
            for c in 1..4 {
                f.columns[c].1[11] = f.columns[c].1[10].clone();
            }
            f.cell("churned", 10, "Yes");
            f.cell("churned", 11, "No");
        },
        plain,
        None,
    ),
    (Code::ShortHistory, |f| f.set("tenure_months", |i| format!("{}", 1 + (noise(1, i) * 5.0) as usize)), plain, None),
    (
        Code::EarlyCohortsMissing,
        |f| {
            let tenure: Vec<f64> = f.columns[1].1.iter().map(|t| t.parse().expect("n")).collect();
            f.set("churned", |i| if tenure[i] < 44.0 && noise(2, i) < 0.5 { "Yes" } else { "No" }.into());
        },
        plain,
        None,
    ),
    (
        Code::StrongSingleColumn,
        |f| {
            let left = f.left();
            f.set("unease", |i| format!("{:.3}", 2.1 * f64::from(u8::from(left[i])) + normal(7, i)));
        },
        plain,
        None,
    ),
    (
        Code::IdTellsLabel,
        |f| {
            let left = f.left();
            f.set("customer_id", |i| {
                format!("K{:05}", (10_000.0 * (noise(5, i) + 0.45 * f64::from(u8::from(left[i])))) as usize * 2 + i % 2)
            });
        },
        plain,
        None,
    ),
    (
        Code::NoSignal,
        |f| {
            f.set("churned", |i| if noise(77, i) < 0.3 { "Yes" } else { "No" }.into());
        },
        plain,
        None,
    ),
    (
        Code::TooGoodToBeTrue,
        |f| {
            let left = f.left();
            for (k, name) in ["unease", "doubt", "anger", "haste"].iter().enumerate() {
                f.set(name, |i| format!("{:.3}", 1.8 * f64::from(u8::from(left[i])) + normal(30 + k, i)));
            }
        },
        plain,
        None,
    ),
    (
        Code::Leakage,
        |f| {
            let left = f.left();
            f.set("exit code", |i| if left[i] { "7" } else { "1" }.into());
        },
        plain,
        None,
    ),
    (
        Code::LeakAllowed,
        |f| {
            let left = f.left();
            f.set("exit code", |i| if left[i] { "7" } else { "1" }.into());
        },
        || ValidateOptions { allow: vec!["exit code".into()], ..ValidateOptions::default() },
        None,
    ),
    (
        Code::LeakFieldLeftOut,
        |f| f.set("status", |i| ["active", "past_due", "trialing"][(noise(12, i) * 3.0) as usize].into()),
        plain,
        None,
    ),
];

#[test]
fn each_code_fires_on_its_table_and_not_on_the_clean_one() {
    let clean = report(&Frame::clean(), plain(), None);
    assert_eq!(codes(&clean), BTreeSet::new(), "{:#?}", clean.findings);
    assert!(clean.ok && clean.score == 100.0 && clean.arithmetic == "100 = 100.0", "{}", clean.arithmetic);
    let mut tested = BTreeSet::new();
    let mut silent = Vec::new();
    for (code, change, options, profile) in CASES {
        let mut frame = Frame::clean();
        change(&mut frame);
        let profile = profile.map(|text| Profile::from_toml(text).expect("profile"));
        let report = report(&frame, options(), profile);
        let Some(finding) = report.findings.iter().find(|f| f.code == code.name()) else {
            let found: Vec<String> = report.findings.iter().map(|f| format!("{}: {}", f.code, f.message)).collect();
            silent.push(format!("{} does not fire, but {found:#?}", code.name()));
            continue;
        };
        assert_eq!((finding.layer, finding.severity), (code.layer(), code.severity()), "{}", code.name());
        assert!(!finding.message.is_empty() && !finding.suggestion.is_empty() && finding.example_rows.len() <= 5);
        let costs: f64 = report.findings.iter().map(|f| f.cost).sum();
        assert!((report.score - (100.0 - costs).max(0.0)).abs() < 1e-9, "{}", code.name());
        tested.insert(code.name());
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    // Fires only where a table is scored: see the test below.
    tested.insert(Code::AsOfMissing.name());
    assert_eq!(tested, Code::all().iter().map(|c| c.name()).collect());
}

#[test]
#[cfg(feature = "pretrained")]
fn durations_need_a_day() {
    use churn_core::{Engine, ScoreOptions};
    let csv = b"customer_id,signup_date,monthly_charges,plan\nA,2024-01-02,10,Basic\nB,2025-01-02,20,Pro\n";
    let score = |as_of: Option<&str>| {
        let options = ScoreOptions { as_of: as_of.map(str::to_owned), ..ScoreOptions::default() };
        codes(&Engine::pretrained("saas").expect("model").score(&csv[..], &options).expect("score").quality)
    };
    assert!(score(None).contains("as_of_missing"));
    assert!(!score(Some("2026-01-01")).contains("as_of_missing"));
}

/// A workbook with a cell of an error value.
fn broken_workbook() -> Vec<u8> {
    use rust_xlsxwriter::{Formula, Workbook};
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let rows = Frame::clean().csv();
    for (row, line) in rows.lines().take(30).enumerate() {
        for (column, cell) in line.split(',').enumerate() {
            sheet.write_string(row as u32, column as u16, cell).expect("a cell");
        }
    }
    sheet.write_formula(3, 2, Formula::new("1/0").set_result("#DIV/0!")).expect("a cell");
    book.save_to_buffer().expect("in memory")
}

/// The clean table as a file, changed.
fn file(change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    let mut lines: Vec<String> = Frame::clean().csv().lines().map(str::to_owned).collect();
    change(&mut lines);
    (lines.join("\n") + "\n").into_bytes()
}

/// What is done to a file so that the reader has something to tell.
type FileCase = (&'static str, fn() -> Vec<u8>);

const FILES: &[FileCase] = &[
    ("replaced_characters", || {
        let mut bytes = file(|l| l[3] = "naïve,3,20,One year ö ü é ñ à ç ß è ê î,No".into());
        let at = bytes.len() - 20;
        bytes.splice(at..at, [0xc3]);
        bytes
    }),
    ("nul_characters", || file(|l| l[4].insert(2, '\0'))),
    ("byte_order_marks", || file(|l| l[4].insert(0, '\u{feff}'))),
    ("empty_column", || file(|l| l.iter_mut().enumerate().for_each(|(i, l)| *l += if i == 0 { ",void" } else { "," }))),
    ("title_rows", || file(|l| l.insert(0, "Customers of March".into()))),
    ("no_header", || {
        file(|l| {
            l.remove(0);
        })
    }),
    ("short_header", || file(|l| l[0] = "customer_id,tenure_months,monthly_charges,contract".into())),
    ("blank_header", || file(|l| l[0] = "customer_id,tenure_months,monthly_charges,contract,".into())),
    ("duplicate_header", || {
        file(|l| l.iter_mut().enumerate().for_each(|(i, l)| *l += if i == 0 { ",contract" } else { ",x" }))
    }),
    ("total_row", || file(|l| l.push("Total,24000,50000,,".into()))),
    ("footer_rows", || file(|l| l.push("made by the billing system on Friday,,,,".into()))),
    ("ragged_row", || file(|l| l[7] += ",too,many")),
    ("stray_quote", || {
        file(|l| l[7] = ["Month", "One", "Two"].iter().fold(l[7].clone(), |l, w| l.replace(w, &format!("\"{w}\""))))
    }),
    ("blank_rows", || file(|l| l.insert(9, ",,,,".into()))),
    ("repeated_header", || file(|l| l.insert(400, l[0].clone()))),
    ("error_cells", broken_workbook),
];

#[test]
fn each_note_of_the_reader_fires_on_its_file_and_not_on_the_clean_one() {
    let judge = |bytes: &[u8]| {
        let profile = Profile::shipped("telecom").expect("profile");
        engine::validate(bytes, None, Some(profile), &ValidateOptions::default()).expect("a report")
    };
    assert_eq!(codes(&judge(&file(|_| {}))), BTreeSet::new());
    for (code, bytes) in FILES {
        let report = judge(&bytes());
        let found = report.findings.iter().find(|f| f.code == *code);
        let found = found.unwrap_or_else(|| panic!("{code} does not fire, but {:?}", codes(&report)));
        let (_, severity, _) = READER_CODES.iter().find(|(c, _, _)| c == code).expect("a listed code");
        assert_eq!((found.layer.name(), found.severity), ("schema", *severity), "{code}");
        assert!(!found.message.is_empty() && !found.suggestion.is_empty(), "{code}");
    }
    let tested: BTreeSet<&str> = FILES.iter().map(|(code, _)| *code).collect();
    assert_eq!(tested, READER_CODES.iter().map(|(code, _, _)| *code).collect());
}

/// Rules of the shipped profiles are codes too: each is broken by some row, and kept by the clean table.
#[test]
fn each_rule_of_a_shipped_profile_fires() {
    for name in ["telecom", "saas", "generic"] {
        let profile = Profile::shipped(name).expect("profile");
        for rule in &profile.rules {
            let columns = rule.expression.columns();
            // Values that break nearly every rule one way or the other; each table is one row repeated.
            let values = |column: &str| -> Vec<&'static str> {
                match churn_core::schema::field(column).map(|f| f.field_type) {
                    Some(churn_core::schema::FieldType::Date | churn_core::schema::FieldType::Timestamp) => {
                        vec!["2024-01-02", "2024-06-03"]
                    }
                    Some(churn_core::schema::FieldType::Number) => vec!["1", "12", "90"],
                    Some(churn_core::schema::FieldType::Boolean) => vec!["Yes", "No"],
                    _ => vec!["No", "Yes", "DSL", "No internet service", "No phone service"],
                }
            };
            let lists: Vec<Vec<&str>> = columns.iter().map(|c| values(c)).collect();
            let total: usize = lists.iter().map(Vec::len).product();
            let (mut broken, mut kept) = (0, 0);
            let mut csv = format!("customer_id,{}\n", columns.join(","));
            for i in 0..total {
                let mut rest = i;
                let cells: Vec<&str> = lists
                    .iter()
                    .map(|l| {
                        let cell = l[rest % l.len()];
                        rest /= l.len();
                        cell
                    })
                    .collect();
                csv += &format!("K{i},{}\n", cells.join(","));
            }
            let report = engine::validate(csv.as_bytes(), None, Some(profile.clone()), &ValidateOptions::default())
                .expect("a report");
            match report.of_code(&rule.code).next() {
                Some(finding) => {
                    broken += finding.rows_affected;
                    kept += total - finding.rows_affected;
                    assert!(!finding.suggestion.is_empty() && !finding.message.is_empty());
                }
                None => kept += total,
            }
            assert!(broken > 0 && kept > 0, "{name}: {}: {broken} of {total}: {:#?}", rule.code, report.findings);
        }
    }
}

/// The reader's notes are listed beside the codes of validation: none is missing.
#[test]
fn every_note_of_the_reader_is_listed() {
    fn files(directory: &Path, into: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            if entry.path().is_dir() { files(&entry.path(), into) } else { into.push(entry.path()) }
        }
    }
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/read"), &mut sources);
    let mut made = BTreeSet::new();
    let mut all = String::new();
    for source in sources {
        let text = std::fs::read_to_string(source).expect("readable");
        let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for start in ["note(\"", "note( \"", "code: \""] {
            for part in flat.split(start).skip(1) {
                made.insert(part.split('"').next().expect("text").to_owned());
            }
        }
        all += &flat;
    }
    let listed: BTreeSet<String> = READER_CODES.iter().map(|(code, _, _)| (*code).to_owned()).collect();
    assert!(made.contains("ragged_row"));
    assert!(made.is_subset(&listed), "{:?}", made.difference(&listed));
    // Some codes reach their note by way of a table.
    let gone: Vec<&String> = listed.iter().filter(|code| !all.contains(&format!("\"{code}\""))).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn rules_of_a_profile_are_judged_row_by_row() {
    let profile = Profile::from_toml(
        "name = \"own\"\ntitle = \"Own\"\ndescription = \"\"\n[[rules]]\ncode = \"seats\"\ncheck = \"seats_used <= seats_purchased\"\nmessage = \"more seats are used than were bought\"\nsuggestion = \"count again\"\n[[rules]]\ncode = \"lines\"\ncheck = \"when internet_service == 'No' then `fixed ip` in ('none', 'n/a') or `fixed ip` is missing\"\nmessage = \"a fixed address without internet\"\n",
    )
    .expect("profile");
    let csv = "customer_id,seats_purchased,seats_used,internet_service,fixed ip\nA,3,2,No,none\nB,3,5,DSL,yes\nC,,9,No,yes\nD,4,4,No,\n";
    let report = engine::validate(csv.as_bytes(), None, Some(profile), &ValidateOptions::default()).expect("a report");
    let rows = |code: &str| report.of_code(code).next().map(|f| (f.rows_affected, f.example_rows.clone()));
    assert_eq!(rows("seats"), Some((1, vec![3])), "{:#?}", report.findings);
    assert_eq!(rows("lines"), Some((1, vec![4])));
    // Three rows know both seats, three have no internet; one of each breaks its rule.
    assert_eq!(report.dimensions.consistency, Some(100.0 * 4.0 / 6.0));
    let broken = "name = \"own\"\ntitle = \"Own\"\ndescription = \"\"\n[[rules]]\ncode = \"r\"\ncheck = \"seats_used <= seats\"\nmessage = \"m\"\n";
    let error = Profile::from_toml(broken).expect_err("no such field");
    assert!(error.message().contains("'seats'") && error.message().contains("position 15"), "{error}");
}

#[test]
fn strict_repairs_nothing() {
    let csv =
        "customer_id,tenure_months,monthly_charges,contract,total_charges\nA,0,20,One year,\nB,2,20,One year,40\n";
    let of = |strict: bool| {
        let profile = Profile::shipped("telecom").expect("profile");
        let options = ValidateOptions { strict, ..ValidateOptions::default() };
        codes(&engine::validate(csv.as_bytes(), None, Some(profile), &options).expect("a report"))
    };
    assert!(of(false).contains("repaired_from_rule") && !of(true).contains("repaired_from_rule"));
}

#[test]
fn a_report_of_a_wide_table_stays_small_and_self_contained() {
    let mut frame = Frame::clean();
    for k in 0..60 {
        frame.set(
            &format!("gauge <{k}>"),
            |i| if i % 97 == k % 5 { "?!".into() } else { format!("{:.3}", normal(k, i)) },
        );
        frame.cell(&format!("gauge <{k}>"), 3, "1e12");
    }
    let report = report(&frame, plain(), None);
    let html = churn_core::report::quality_html(&report);
    assert!(html.len() < 300_000, "{}", html.len());
    assert!(!html.contains("http") && !html.contains("<script") && !html.contains("gauge <"));
    assert!(html.contains("Data quality") && html.contains("completeness") && html.contains("= "));
}
