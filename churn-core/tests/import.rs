//! Models trained elsewhere: they predict and explain as their own libraries do. Reads `models` beside the data.

use churn_core::engine::Predictor;
use churn_core::explain::Explainer;
use churn_core::features::{FeatureKind, FeatureMatrix};
use churn_core::model::import::ImportOptions;
use churn_core::model::{Model, Part, Tree};
use churn_core::schema::Profile;
use churn_core::{Engine, ScoreOptions};
use ndarray::Array2;
use std::path::{Path, PathBuf};

/// The folder of reference models: `models` beside the data, or where `CHURN_MODELS_DIR` says.
fn models() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let data = std::env::var_os("CHURN_DATA_DIR").map_or_else(|| here.join("../shared/data"), PathBuf::from);
    let models = std::env::var_os("CHURN_MODELS_DIR").map_or_else(|| data.join("../models"), PathBuf::from);
    if models.is_dir() {
        Some(models)
    } else {
        println!("skipped: there are no reference models at {}", models.display());
        None
    }
}

fn csv(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::ReaderBuilder::new().from_path(path).expect("a CSV file");
    let header = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows = reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

fn numbers(path: &Path) -> Vec<Vec<f64>> {
    let (_, rows) = csv(path);
    rows.iter().map(|r| r.iter().map(|c| c.parse().expect("a number")).collect()).collect()
}

/// The rows as the model's codes and numbers.
fn matrix(model: &Model, path: &Path) -> FeatureMatrix {
    let (_, rows) = csv(path);
    let features = model.plan.features();
    let cell = |text: &str, kind: &FeatureKind| match kind {
        _ if text.is_empty() => f64::NAN,
        FeatureKind::Category { levels } => levels.iter().position(|l| l == text).unwrap_or(levels.len()) as f64,
        _ => text.parse().expect("a number"),
    };
    let values = rows.iter().flat_map(|r| r.iter().zip(features).map(|(c, f)| cell(c, &f.kind)));
    let values: Vec<f64> = values.collect();
    FeatureMatrix::new(Array2::from_shape_vec((rows.len(), features.len()), values).expect("a matrix"))
}

/// (largest difference of the margins, of the probabilities, of the SHAP values to the float64 reference or the
/// library).
fn differences(model: &Model, folder: &Path, name: &str) -> (f64, f64, f64) {
    let matrix = matrix(model, &folder.join(format!("{name}.input.csv")));
    let wanted = numbers(&folder.join(format!("{name}.pred.csv")));
    let exact = folder.join(format!("{name}.shap_f64.csv"));
    let shap = numbers(&if exact.exists() { exact } else { folder.join(format!("{name}.shap.csv")) });
    let explanation = Explainer::new(model).explain(model, &matrix).expect("explained");
    let (mut margin, mut probability, mut values) = (0.0f64, 0.0f64, 0.0f64);
    assert_eq!(matrix.n_rows(), wanted.len());
    for (r, (row, shap)) in wanted.iter().zip(&shap).enumerate() {
        let raw = model.additive.raw(matrix.row(r));
        let p = match model.additive.space {
            churn_core::model::Space::LogOdds => model.calibrator.probability(raw),
            churn_core::model::Space::Probability => raw,
        };
        margin = margin.max((raw - row[0]).abs());
        probability = probability.max((p - row[1]).abs());
        let own = explanation.values.row(r);
        assert_eq!(own.len() + 1, shap.len(), "{name}");
        for (a, b) in own.iter().chain([&explanation.base_value]).zip(shap) {
            values = values.max((a - b).abs());
        }
    }
    (margin, probability, values)
}

#[test]
fn imported_models_agree_with_their_libraries() {
    let Some(folder) = models() else { return };
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.path()).collect();
    names.sort();
    let mut n = 0;
    for path in names {
        let file = path.file_name().and_then(|f| f.to_str()).expect("a name").to_owned();
        let Some((name, kind)) = file.split_once('.') else { continue };
        if !matches!(kind, "json" | "ubj" | "txt") || !folder.join(format!("{name}.pred.csv")).exists() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        let model = Model::import(&bytes, &ImportOptions::default()).unwrap_or_else(|e| panic!("{file}: {e:?}"));
        let (margin, probability, shap) = differences(&model, &folder, name);
        println!("{file:<24} margin {margin:.1e}  probability {probability:.1e}  SHAP {shap:.1e}");
        let float32 = name.starts_with("xgb");
        assert!(if float32 { margin < 5e-6 } else { margin == 0.0 }, "{file}: margin {margin:e}");
        assert!(probability < if float32 { 1e-6 } else { 1e-15 }, "{file}: probability {probability:e}");
        assert!(shap < 1e-9, "{file}: SHAP {shap:e}");
        // Saved as our own file and loaded again it is the same model.
        let back = Model::from_bytes(&model.to_bytes().expect("written")).expect("read");
        assert!(back == model, "{file}");
        n += 1;
    }
    assert!(n >= 16, "{n} models");
}

fn trees(model: &Model) -> &[Tree] {
    match &model.additive.components[0].part {
        Part::Trees(ensemble) => &ensemble.trees,
        Part::Terms(_) => &[],
    }
}

#[test]
fn json_and_ubjson_of_one_model_are_one_model() {
    let Some(folder) = models() else { return };
    for name in ["xgb_small", "xgb_mid", "xgb_cat", "xgb_cat_onehot", "xgb_par_spw", "xgb_dart", "xgb_lossguide"] {
        let import = |kind: &str| {
            let bytes = std::fs::read(folder.join(format!("{name}.{kind}"))).expect("readable");
            Model::import(&bytes, &ImportOptions::default()).expect("imported")
        };
        let (json, ubj) = (import("json"), import("ubj"));
        if let Some((a, b)) = trees(&json).iter().zip(trees(&ubj)).find(|(a, b)| *a != *b) {
            let node = (0..a.nodes.len()).find(|&i| a.nodes[i] != b.nodes[i] || a.covers[i] != b.covers[i]);
            let i = node.expect("a node");
            panic!("{name}: {:?} {} {:?} {}", a.nodes[i], a.covers[i], b.nodes[i], b.covers[i]);
        }
        assert!(json == ubj, "{name}");
    }
}

/// The small models beside the tests, on invented customers: name, file, content.
fn shipped(folder: &str) -> Vec<(String, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/imported").join(folder);
    let mut found: Vec<(String, String, Vec<u8>)> = std::fs::read_dir(&folder)
        .expect("test-data/imported")
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_file()))
        .map(|e| {
            let file = e.file_name().into_string().expect("a name");
            let name = file.split('.').next().unwrap_or_default().to_owned();
            (name, file, std::fs::read(e.path()).expect("readable"))
        })
        .filter(|(name, ..)| name != "cases" && name != "customers")
        .collect();
    found.sort();
    found
}

#[derive(serde::Deserialize)]
struct Case {
    inputs: Vec<Vec<Option<f64>>>,
    margins: Vec<f64>,
    #[serde(default)]
    probabilities: Option<Vec<f64>>,
}

#[test]
fn every_option_of_every_library_is_understood() {
    let cases = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/imported/cases.json"));
    let cases: std::collections::BTreeMap<String, Case> =
        serde_json::from_slice(&cases.expect("cases")).expect("the cases");
    let mut seen = std::collections::BTreeSet::new();
    for (name, file, bytes) in shipped("") {
        let predictor = Model::import(&bytes, &ImportOptions::default()).and_then(Predictor::new);
        let predictor = predictor.unwrap_or_else(|e| panic!("{file}: {e:?}"));
        let case = &cases[&name];
        let values: Vec<f64> = case.inputs.iter().flatten().map(|v| v.unwrap_or(f64::NAN)).collect();
        let rows = Array2::from_shape_vec((case.inputs.len(), values.len() / case.inputs.len()), values);
        let matrix = FeatureMatrix::new(rows.expect("a matrix"));
        let margins = predictor.predict_margin(&matrix).expect("margins");
        let probabilities = predictor.predict_proba(&matrix).expect("probabilities");
        let float64 = name.starts_with("lgb") || name.starts_with("skl");
        let tolerance = if float64 {
            0.0
        } else if name.starts_with("cat") {
            1e-14
        } else {
            2e-6
        };
        for (r, (own, wanted)) in margins.iter().zip(&case.margins).enumerate() {
            assert!((own - wanted).abs() <= tolerance, "{file}, row {r}: {own} instead of {wanted}");
            if let Some(p) = &case.probabilities {
                assert!((probabilities[r] - p[r]).abs() < 1e-15, "{file}, row {r}: {} {}", probabilities[r], p[r]);
            }
        }
        predictor.shap_values(&matrix).expect("SHAP values that add up");
        seen.insert(name);
    }
    assert_eq!(seen.len(), cases.len(), "every case has a model file");
}

#[test]
fn models_that_predict_something_else_are_refused() {
    for (_, file, bytes) in shipped("refused") {
        let error = Model::import(&bytes, &ImportOptions::default()).expect_err(&file);
        assert_eq!(error.code(), "unsupported", "{file}: {error}");
        println!("{file}: {error}");
    }
    for (bytes, word) in [
        (&b"\x80\x04\x95sklearn"[..], "pickle"),
        (b"binf\0\0", "binary"),
        (b"", "empty"),
        (b"{\"a\": 1}", "no library"),
        (b"hello", "none of the formats"),
    ] {
        let error = Model::import(bytes, &ImportOptions::default()).expect_err(word);
        assert_eq!(error.code(), "format_unsupported");
        assert!(error.message().contains(word), "{error}");
    }
}

#[test]
fn fewer_iterations_are_the_first_ones() {
    let (_, _, bytes) = shipped("").into_iter().find(|(_, f, _)| f == "xgb_parallel.json").expect("a model");
    let import = |n| Model::import(&bytes, &ImportOptions { iterations: Some(n), ..ImportOptions::default() });
    let whole = Model::import(&bytes, &ImportOptions::default()).expect("a model");
    assert_eq!(trees(&import(2).expect("two rounds")), &trees(&whole)[..6]);
    assert_eq!(import(99).expect_err("too many").code(), "invalid_argument");
}

/// The shipped model of LightGBM.
fn plain(options: ImportOptions) -> churn_core::Result<Model> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/imported/lgb_plain.txt");
    Model::import(&std::fs::read(path).expect("a model"), &options)
}

/// It, for telecom customers and with these names of its features.
fn named(names: &[&str]) -> churn_core::Result<Model> {
    let feature_names = Some(names.iter().map(|n| (*n).to_owned()).collect());
    plain(ImportOptions { feature_names, profile: Profile::shipped("telecom").ok(), ..ImportOptions::default() })
}

#[test]
fn features_of_a_matrix_are_named_by_the_caller() {
    let names = ["Tenure", "Monthly fee", "Contract_Two year", "Calls"];
    let (named, whole) = (named(&names).expect("a model"), plain(ImportOptions::default()).expect("a model"));
    assert!(named.plan.features().iter().map(|f| f.name.as_str()).eq(names));
    assert_eq!(trees(&named), trees(&whole));
    for wrong in [&names[..3], &["a", "b", "c", "a"]] {
        let error = crate::named(wrong).expect_err("other names");
        assert_eq!((error.code(), error.context()[0].1.as_str()), ("invalid_argument", "feature_names"));
    }
}

#[test]
fn an_indicator_of_no_is_no_yes() {
    // "No" may be short for number, and nothing but the kind of field, or a twin, tells that it is not.
    let names = ["tenure", "Dependents_No", "Partner_No", "SeniorCitizen_0"];
    let engine = Engine::from_model(named(&names).expect("a model")).expect("an engine");
    let names: Vec<&str> = engine.model().plan.features().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["tenure_months", "Dependents_No", "Partner_No", "SeniorCitizen_0"]);
    let table = b"customerID,tenure,Dependents,Partner,SeniorCitizen,Contract,MonthlyCharges\nA,5,No,Yes,0,One year,20\nB,7,Yes,No,1,One year,30\nC,9,,No,0,Two year,9\n";
    let data = engine.explain(table.as_slice(), &ScoreOptions::default()).expect("features").data;
    assert_eq!(data, ndarray::arr2(&[[5.0, 1.0, 0.0, 1.0], [7.0, 0.0, 1.0, 0.0], [9.0, 0.0, 1.0, 1.0]]));
}

/// Numbers of a fixed sequence.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Damages the files of each format so many times: the import may refuse, but neither panics nor hangs nor asks for much
/// memory, and what it takes it can score. Gives how many were taken and refused.
fn damage(rounds: usize, draw: &mut Draw) -> (usize, usize) {
    let words: [&[u8]; 14] = [
        b"-1",
        b"9999999999",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"-0",
        b"null",
        b"[",
        b"{",
        b"\"",
        b"0.5",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x00\x00\xc0\x7f",
    ];
    let (mut taken, mut refused) = (0, 0);
    for (_, file, bytes) in shipped("") {
        for round in 0..rounds {
            let mut damaged = bytes.clone();
            for _ in 0..1 + round % 3 {
                let at = draw.below(damaged.len());
                match draw.below(5) {
                    0 => damaged[at] ^= 1 << draw.below(8),
                    1 => damaged[at] = b"0123456789-.,"[draw.below(13)],
                    2 => drop(damaged.splice(at..at, words[draw.below(words.len())].iter().copied())),
                    3 => damaged.truncate(at),
                    _ => {
                        let end = (at + draw.below(40)).min(damaged.len());
                        drop(damaged.drain(at..end));
                    }
                }
                if damaged.is_empty() {
                    break;
                }
            }
            match Model::import(&damaged, &ImportOptions::default()) {
                Err(error) => {
                    assert!(
                        ["unsupported", "format_unsupported", "model_invalid"].contains(&error.code()),
                        "{file}: {error}"
                    );
                    refused += 1;
                }
                Ok(model) => {
                    let predictor = Predictor::new(model).expect("what is taken is valid");
                    let n = predictor.model().plan.len();
                    let matrix =
                        FeatureMatrix::new(Array2::from_shape_fn((3, n), |(r, c)| [0.0, 55.5, f64::NAN][(r + c) % 3]));
                    let raw = predictor.predict_margin(&matrix).expect("scored");
                    assert!(raw.iter().all(|m| m.is_finite()), "{file}");
                    taken += 1;
                }
            }
        }
    }
    (taken, refused)
}

#[test]
fn damaged_files_do_no_harm() {
    let (taken, refused) = damage(60, &mut Draw(0x9E37_79B9_7F4A_7C15));
    assert!(taken > 50 && refused > 200, "{taken} taken, {refused} refused");
}

/// The same for as long as CHURN_FUZZ_SECONDS says, from a sequence that CHURN_FUZZ_SEED names: `make fuzz-import`.
#[test]
#[ignore = "runs for as long as it is told"]
fn fuzz_import() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let seconds = number("CHURN_FUZZ_SECONDS", 60);
    let mut draw = Draw(number("CHURN_FUZZ_SEED", 1).max(1));
    let start = std::time::Instant::now();
    let (mut taken, mut refused) = (0, 0);
    while start.elapsed().as_secs() < seconds {
        let more = damage(20, &mut draw);
        (taken, refused) = (taken + more.0, refused + more.1);
    }
    println!("{taken} damaged models were taken, {refused} refused");
}

#[test]
fn blocks_have_the_bits_of_a_plain_walk() {
    for (_, file, bytes) in shipped("") {
        let predictor = Model::import(&bytes, &ImportOptions::default()).and_then(Predictor::new).expect(&file);
        let n = predictor.model().plan.len();
        let value = |r: usize, c: usize| match (r * 31 + c * 17) % 41 {
            0 => f64::NAN,
            1 => 0.0,
            2 => -0.0,
            3 => f64::INFINITY,
            4 => f64::NEG_INFINITY,
            5 => 1e-36,
            6 => -3.0,
            k => (k * (r % 97)) as f64 / 7.0,
        };
        for rows in [1, 23, 24, 255, 256, 257, 1031] {
            let matrix = FeatureMatrix::new(Array2::from_shape_fn((rows, n), |(r, c)| value(r, c)));
            let own = predictor.predict_margin(&matrix).expect("margins");
            for (r, own) in own.iter().enumerate() {
                let plain = predictor.model().additive.raw(matrix.row(r));
                assert_eq!(own.to_bits(), plain.to_bits(), "{file}, {rows} rows, row {r}: {own} {plain}");
            }
        }
    }
}

#[test]
fn an_imported_model_becomes_an_engine() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/imported");
    let engine = Engine::import(folder.join("lgb_plain.txt"), &ImportOptions::default()).expect("an engine");
    let table = folder.join("customers.csv");
    let scored = engine.score(table.as_path(), &ScoreOptions::default()).expect("scored").predictions;
    // The same rows as a plain matrix.
    let (_, rows) = csv(&table);
    let cells = rows.iter().flat_map(|r| r[1..5].iter().map(|c| c.parse().unwrap_or(f64::NAN)));
    let values: Vec<f64> = cells.collect();
    let matrix = FeatureMatrix::from_rows(&values, 4).expect("a matrix");
    assert_eq!(scored.churn_probabilities(), engine.predictor().predict_proba(&matrix).expect("probabilities"));
    // One customer has the bits of the table, and a file those of the predictions.
    let header = ["customer_id", "tenure_months", "monthly_charges", "tickets", "plan_code"];
    for r in [0, 7, 123] {
        let cells = header.iter().zip(&rows[r]).map(|(h, c)| ((*h).to_owned(), serde_json::Value::from(c.as_str())));
        let one = engine.score_one(&cells.collect(), &ScoreOptions::default()).expect("one");
        assert_eq!(one.churn_probability, scored.churn_probabilities()[r], "row {r}");
    }
    let target = std::env::temp_dir().join(format!("churn_score_file_{}.csv", std::process::id()));
    let summary = engine.score_file(&table, &target, &ScoreOptions::default()).expect("a file");
    let written = std::fs::read_to_string(&target).expect("written");
    std::fs::remove_file(&target).expect("removed");
    assert_eq!(written, scored.to_csv().expect("CSV"));
    assert_eq!(summary.summary, scored.summary());
    // Saved and loaded it is the same engine.
    let back = Engine::from_bytes(&engine.to_bytes().expect("bytes")).expect("an engine");
    assert!(back.model() == engine.model());
}

#[cfg(feature = "train")]
#[test]
fn an_imported_model_is_calibrated_on_labelled_customers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/imported");
    let engine = Engine::import(folder.join("lgb_plain.txt"), &ImportOptions::default()).expect("an engine");
    let table = folder.join("customers.csv");
    let scored = engine.score(table.as_path(), &ScoreOptions::default()).expect("scored").predictions;
    // Customers leave with a fifth of the probability that the model says.
    let (header, rows) = csv(&table);
    let mut text = header.join(",") + "\n";
    for (r, (row, p)) in rows.iter().zip(scored.churn_probabilities()).enumerate() {
        let draw = (r * 7919 % 1009) as f64 / 1009.0;
        text += &format!("{},{}\n", row[..5].join(","), if draw < 0.2 * p { "Yes" } else { "No" });
    }
    let better = engine.calibrate(text.as_bytes(), Some("churned"), None).expect("calibrated");
    let figure = |e: &Engine, name: &str| {
        let evaluation = e.evaluate(text.as_bytes(), Some("churned"), None).expect("measured");
        evaluation.metrics.iter().find(|(n, _)| *n == name).map(|(_, v)| *v).expect("the figure")
    };
    let (before, after) = (figure(&engine, "log_loss"), figure(&better, "log_loss"));
    assert!(after < before - 0.1, "{before} {after}");
    assert!((figure(&better, "auc") - figure(&engine, "auc")).abs() < 1e-9);
    assert_eq!(engine.model().interval.method, "unknown");
    assert_ne!(better.model().interval.method, "unknown");
    assert_eq!(better.model().card.n_rows, 400);
}

#[test]
fn one_hot_columns_are_made_from_the_column_they_came_from() {
    let tree = |feature: usize| {
        serde_json::json!({
            "children_left": [1, -1, -1], "children_right": [2, -1, -1], "feature": [feature, -2, -2],
            "threshold": [0.5, -2.0, -2.0], "value": [0.5, 0.1, 0.9], "weighted_n_node_samples": [10.0, 5.0, 5.0],
        })
    };
    let model = serde_json::json!({
        "format": "sklearn-random-forest", "n_features": 3, "classes": [0, 1],
        "feature_names": ["Contract_Two year", "Partner=Yes", "Plan.gold"],
        "trees": [tree(0), tree(1), tree(2)],
    });
    let model = Model::import(model.to_string().as_bytes(), &ImportOptions::default()).expect("a model");
    let engine = Engine::from_model(model).expect("an engine");
    let table = b"customer_id,Contract,Partner,Plan\nA,Two year,Yes,gold\nB,Month-to-month,No,silver\nC,two-year,No,Gold\nD,,Yes,\n";
    let scored = engine.score(&table[..], &ScoreOptions::default()).expect("scored").predictions;
    let wanted = [(0.9 * 3.0) / 3.0, (0.1 * 3.0) / 3.0, (0.9 + 0.1 + 0.9) / 3.0, (0.1 + 0.9 + 0.1) / 3.0];
    for (own, wanted) in scored.churn_probabilities().iter().zip(wanted) {
        assert!((own - wanted).abs() < 1e-12, "{own} {wanted}");
    }
}

#[test]
fn indicators_of_one_column_are_told_as_that_column() {
    let names = ["tenure", "Contract_Month-to-month", "Contract_Two year", "Dependents_No"];
    let engine = Engine::from_model(named(&names).expect("a model")).expect("an engine");
    let record = |changes: serde_json::Value| {
        let mut record = serde_json::json!({
            "customer_id": "A", "tenure": 3, "MonthlyCharges": 70, "Contract": "Month-to-month", "Dependents": "No",
        });
        for (key, value) in changes.as_object().expect("an object") {
            record[key] = value.clone();
        }
        record.as_object().expect("an object").clone()
    };
    let options = ScoreOptions::default();
    let told = engine.score_one(&record(serde_json::json!({})), &options).expect("scored");
    let mut features: Vec<&str> = told.top_factors.iter().map(|f| f.feature.as_str()).collect();
    features.sort_unstable();
    assert_eq!(features, ["contract", "dependents", "tenure_months"]);
    let words: Vec<&str> = told.top_factors.iter().map(|f| f.feature_readable.as_str()).collect();
    assert!(words.contains(&"Month-to-month contract") && words.contains(&"No dependents"), "{words:?}");
    let impact: f64 = told.top_factors.iter().map(|f| f.impact).sum();
    assert!((impact - (told.churn_probability - told.base_probability)).abs() < 1e-12);
    // One after another they are told the same, also where a cell says nothing, or a word is met again.
    let scorer = engine.row_scorer(&record(serde_json::json!({})), &options).expect("a scorer");
    let changes = [
        serde_json::json!({}),
        serde_json::json!({"Contract": "two year", "Dependents": "Yes"}),
        serde_json::json!({"Contract": "Prepaid"}),
        serde_json::json!({"Contract": null, "tenure": null}),
        serde_json::json!({"Contract": 7, "Dependents": true}),
    ];
    for changes in changes.iter().chain(&changes) {
        let record = record(changes.clone());
        let wanted = engine.score_one(&record, &options).expect("scored");
        assert_eq!(scorer.score(&record, None).expect("scored"), wanted, "{changes}");
        let table = engine.score(std::slice::from_ref(&record), &options).expect("scored").predictions;
        let columns = table.columns();
        let reason =
            |i: usize| columns.iter().find(|(n, _)| *n == format!("reason_{i}"))?.1.cell(0).map(|c| c.into_owned());
        let reasons: Vec<String> = (1..=table.n_reasons).filter_map(reason).collect();
        assert_eq!(reasons, wanted.reasons, "{changes}");
    }
    let mut without = record(serde_json::json!({}));
    without.remove("Contract");
    let unknown = engine.score_one(&record(serde_json::json!({"Contract": null})), &options).expect("scored");
    // A column that is a feature itself and the source of another.
    let both = named(&["tenure", "Dependents", "Dependents_No", "Contract_Two year"]).expect("a model");
    let both = Engine::from_model(both).expect("an engine");
    let fast = both.row_scorer(&record(serde_json::json!({})), &options).expect("a scorer");
    for _ in 0..2 {
        let record = record(serde_json::json!({"Contract": "Two year"}));
        let wanted = both.score_one(&record, &options).expect("scored");
        assert_eq!(fast.score(&record, None).expect("scored"), wanted);
    }
    assert_eq!(scorer.score(&without, None).expect("scored"), unknown);
}

/// A model that learnt codes has a feature called `contract` that is a number; the field of that name is a word.
#[test]
fn codes_under_the_name_of_a_field_stay_numbers() {
    let tree = |feature: usize, threshold: f64| {
        serde_json::json!({
            "children_left": [1, -1, -1], "children_right": [2, -1, -1], "feature": [feature, -2, -2],
            "threshold": [threshold, -2.0, -2.0], "value": [0.5, 0.9, 0.1], "weighted_n_node_samples": [10.0, 5.0, 5.0],
        })
    };
    let model = serde_json::json!({
        "format": "sklearn-random-forest", "n_features": 3, "classes": [0, 1],
        "feature_names": ["contract", "tenure_months", "gender"],
        "trees": [tree(0, 0.5), tree(1, 10.0), tree(2, 0.5)],
    });
    let model = Model::import(model.to_string().as_bytes(), &ImportOptions::default()).expect("a model");
    let engine = Engine::from_model(model).expect("an engine");
    let table = b"customer_id,gender,contract,tenure_months\nA,0,0,3\nB,1,2,40\nC,0,1,40\n";
    let scored = engine.score(&table[..], &ScoreOptions::default()).expect("scored").predictions;
    for (own, wanted) in scored.churn_probabilities().iter().zip([0.9, 0.1, (0.1 + 0.1 + 0.9) / 3.0]) {
        assert!((own - wanted).abs() < 1e-12, "{own} {wanted}");
    }
    let record = serde_json::json!({"customer_id": "B", "gender": 1, "contract": 2, "tenure_months": 40});
    let one = engine.score_one(record.as_object().expect("an object"), &ScoreOptions::default()).expect("one");
    assert_eq!(one.churn_probability, scored.churn_probabilities()[1]);
}
