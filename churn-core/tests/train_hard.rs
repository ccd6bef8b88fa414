//! Training on hard tables: a sensible model, or an error that says what to do; and the same model however the table
//! is written.

use churn_core::read::ReadOptions;
use churn_core::train::Learner;
use churn_core::{Engine, Error, ErrorKind, ScoreOptions, TrainOptions};
use std::fmt::Write;

/// A number of a fixed sequence (Knuth's MMIX generator), 0 to 1.
struct Draw(u64);

impl Draw {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Customers as (tenure, contract, fee, left).
fn customers(n: usize) -> Vec<(usize, &'static str, f64, bool)> {
    let mut draw = Draw(7);
    let row = |_| {
        let tenure = (draw.uniform() * 60.0) as usize;
        let contract = ["Month-to-month", "One year", "Two year"][(draw.uniform() * 3.0) as usize];
        let fee = (draw.uniform() * 900.0).round() / 10.0;
        let margin = 1.0 - 0.06 * tenure as f64 + if contract == "Month-to-month" { 1.0 } else { -0.7 };
        (tenure, contract, fee, draw.uniform() < 1.0 / (1.0 + f64::exp(-margin)))
    };
    (0..n).map(row).collect()
}

fn csv(rows: &[(usize, &'static str, f64, bool)]) -> String {
    let mut text = String::from("customer_id,tenure_months,contract,monthly_charges,churned\n");
    for (i, (tenure, contract, fee, left)) in rows.iter().enumerate() {
        let left = if *left { "Yes" } else { "No" };
        writeln!(text, "C{i:05},{tenure},{contract},{fee},{left}").expect("memory");
    }
    text
}

fn train(text: &str, options: TrainOptions<'_>) -> Result<Engine, Error> {
    Engine::train(text.as_bytes(), &options)
}

fn quick() -> TrainOptions<'static> {
    TrainOptions { learner: Learner::Logistic, ..TrainOptions::default() }
}

fn probabilities(engine: &Engine, text: &str) -> Vec<f64> {
    let scored = engine.score(text.as_bytes(), &ScoreOptions::default()).expect("score");
    scored.predictions.churn_probabilities().to_vec()
}

#[test]
fn too_little_to_learn_from_is_an_error_that_says_so() {
    let rows = customers(400);
    let few = train(&csv(&rows[..20]), TrainOptions::default()).expect_err("twenty rows");
    assert_eq!(few.kind(), ErrorKind::TooFewRows);
    assert!(few.suggestion().is_some_and(|hint| hint.contains("prior")), "{few}");
    let mut one = rows.clone();
    one.iter_mut().enumerate().for_each(|(i, row)| row.3 = i == 9);
    assert_eq!(train(&csv(&one), quick()).expect_err("one churner").kind(), ErrorKind::TooFewRows);
    one[9].3 = false;
    assert_eq!(train(&csv(&one), quick()).expect_err("none").kind(), ErrorKind::SingleClass);
    let budget = TrainOptions { time_budget: Some(0.0), ..quick() };
    assert_eq!(train(&csv(&rows), budget).expect_err("no time").kind(), ErrorKind::InvalidArgument);
    let prior = TrainOptions { prior: Some("magic".into()), ..quick() };
    assert_eq!(train(&csv(&rows), prior).expect_err("unknown").kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_scorecard_helps_where_rows_are_few_and_gives_way_where_they_are_many() {
    let rows = customers(3000);
    let card = |n: usize, prior: bool, flip: bool| {
        let mut rows = rows[..n].to_vec();
        if flip {
            rows.iter_mut().for_each(|r| r.3 = !r.3);
        }
        let prior = prior.then(|| "telecom".to_owned());
        train(&csv(&rows), TrainOptions { prior, ..quick() }).expect("train")
    };
    let few = card(20, true, false);
    let weight = |engine: &Engine| engine.model().card.prior.as_ref().expect("a prior").weight;
    assert!((0.5..2.0).contains(&weight(&few)), "{}", weight(&few));
    assert!(few.model().card.prior.as_ref().expect("a prior").fields.contains(&"contract".to_owned()));
    let test = csv(&rows[2000..]);
    let auc = |engine: &Engine| engine.evaluate(test.as_bytes(), None, None).expect("evaluate").metrics[0].1;
    assert!(auc(&few) > 0.75, "{}", auc(&few));
    // Sixty rows: with the scorecard at least as good as without.
    let (with, without) = (card(60, true, false), card(60, false, false));
    assert!(auc(&with) > auc(&without) - 0.005, "{} {}", auc(&with), auc(&without));
    // Where it is wrong all along, nothing of it is left, and no harm is done.
    let wrong = card(1500, true, true);
    assert!(weight(&wrong) < 0.05, "{}", weight(&wrong));
    assert!(auc(&wrong) < 0.25, "{}", auc(&wrong));
    // What a model says adds up as ever.
    with.explain(test.as_bytes(), &ScoreOptions::default()).expect("exact");
}

#[test]
fn infinite_huge_constant_and_unseen_values_do_no_harm() {
    let rows = customers(300);
    let mut text = String::from("tenure_months,contract,huge,same,hardly,churned\n");
    for (i, (tenure, contract, _, left)) in rows.iter().enumerate() {
        let huge = ["1e308", "-1e308", "inf", "0", "3"][i % 5];
        let hardly = if i < 3 { "1" } else { "" };
        writeln!(text, "{tenure},{contract},{huge},7,{hardly},{}", if *left { "Yes" } else { "No" }).expect("memory");
    }
    for learner in [Learner::Logistic, Learner::Additive] {
        let engine = train(&text, TrainOptions { learner, ..TrainOptions::default() }).expect("train");
        let odd = "tenure_months,contract,huge,same,hardly\n5,Lifetime,-inf,8,9\n,One year,,,\n70,Two year,1e300,7,\n";
        let p = probabilities(&engine, odd);
        assert!(p.iter().all(|p| (0.0..=1.0).contains(p)) && p[2] < p[0], "{learner:?} {p:?}");
    }
}

#[test]
fn five_thousand_indicators_train() {
    let rows = customers(200);
    let mut text = String::from("churned,tenure");
    (0..5000).for_each(|c| write!(text, ",is_{c:04}").expect("memory"));
    let mut draw = Draw(3);
    for (tenure, _, _, left) in &rows {
        write!(text, "\n{},{tenure}", if *left { "Yes" } else { "No" }).expect("memory");
        (0..5000).for_each(|_| text.push_str(if draw.uniform() < 0.02 { ",1" } else { ",0" }));
    }
    let engine = train(&text, TrainOptions { profile: generic(), time_budget: Some(1.0), ..TrainOptions::default() });
    let engine = engine.expect("train");
    let p = probabilities(&engine, &text);
    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn a_table_without_what_its_profile_requires_trains_and_is_scored() {
    // Subscriptions by their words, but without a price, a tenure and an id.
    let mut text = String::from("plan_tier,seats,country,industry,referral_source,is_trial,days_quiet,churn_flag\n");
    for (i, (tenure, contract, _, left)) in customers(200).iter().enumerate() {
        let (country, industry) = (["US", "DE", "IN"][i % 3], ["EdTech", "FinTech", "DevTools"][i / 3 % 3]);
        let plan = ["Basic", "Pro", "Enterprise"][contract.len() % 3];
        writeln!(text, "{plan},{},{country},{industry},ads,{},{tenure},{left}", i % 40, i % 5 == 0).expect("memory");
    }
    let engine = train(&text, quick()).expect("train");
    assert_eq!(engine.model().profile.name, "saas");
    assert_eq!(engine.model().profile.required, [["plan", "contract"]]);
    assert_eq!(probabilities(&engine, &text).len(), 200);
    let evaluation = engine.evaluate(text.as_bytes(), None, None).expect("evaluate");
    assert!(evaluation.metrics[0].1 > 0.7, "{:?}", evaluation.metrics[0]);
}

fn generic() -> Option<churn_core::schema::Profile> {
    Some(churn_core::schema::Profile::shipped("generic").expect("profile"))
}

#[test]
fn the_same_model_for_any_order_of_rows_and_columns_chunking_and_threads() {
    let rows = customers(240);
    let text = csv(&rows);
    let model = |text: &str, threads: usize, chunk: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        let path = std::env::temp_dir().join(format!("churn-order-{}-{threads}.csv", std::process::id()));
        let engine = pool.install(|| {
            if chunk {
                std::fs::write(&path, text).expect("write");
                let trained = Engine::train(path.clone(), &TrainOptions { read: ReadOptions::default(), ..options() });
                std::fs::remove_file(&path).expect("remove");
                trained
            } else {
                train(text, options())
            }
        });
        engine.expect("train").to_bytes().expect("bytes")
    };
    let first = model(&text, 1, false);
    assert!(first == model(&text, 3, true), "threads and reading from a file");
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.reverse();
    lines.swap(3, 99);
    let shuffled = format!("{}\n{}\n", text.lines().next().expect("a header"), lines.join("\n"));
    assert!(first == model(&shuffled, 2, false), "order of rows");
    let turned: Vec<String> = text.lines().map(|l| l.split(',').rev().collect::<Vec<_>>().join(",")).collect();
    assert!(first == model(&(turned.join("\n") + "\n"), 2, false), "order of columns");
}

fn options() -> TrainOptions<'static> {
    TrainOptions { learner: Learner::Additive, ..TrainOptions::default() }
}
