//! How fast features are built, and in how much memory: `cargo run --release --example event_scale -- CUSTOMERS EVENTS [RUNS]`.
//! Invented uses, in random order, as an application would hand them over (typed columns); printed are the seconds of
//! `build_features`, the least of the runs, and the largest memory of the process, the invented events included.

use arrow_array::TimestampMicrosecondArray;
use churn_core::engine::{EventData, EventOptions, build_features};
use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source};
use std::time::Instant;

fn draw(state: &mut u64, n: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % n
}

fn table(columns: Vec<(&str, ColumnData)>) -> RawTable {
    let n = columns[0].1.len();
    let columns = columns.into_iter().map(|(name, data)| RawColumn { name: name.into(), data }).collect();
    RawTable::new(columns, n, Places::Items, Source::default(), Vec::new())
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

fn main() -> Result<(), churn_core::Error> {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>().unwrap_or(0));
    let customers = arguments.next().filter(|&n| n > 0).unwrap_or(100_000);
    let events = arguments.next().filter(|&n| n > 0).unwrap_or(5_000_000);
    let runs = arguments.next().unwrap_or(1).max(1);
    let mut state = 7u64;
    let ids = ColumnData::Integer((0..customers as i64).map(Some).collect());
    let owners = ColumnData::Integer((0..events).map(|_| Some(draw(&mut state, customers as u64) as i64)).collect());
    let year = 365 * 86_400_000_000u64;
    let begin = 1_704_067_200_000_000i64;
    let at: TimestampMicrosecondArray = (0..events).map(|_| Some(begin + draw(&mut state, year) as i64)).collect();
    let kinds = ["open", "save", "share", "export", "invite"];
    let event = ColumnData::text((0..events).map(|_| Some(kinds[draw(&mut state, 5) as usize])));
    let quantity = ColumnData::numbers((0..events).map(|_| Some(draw(&mut state, 1000) as f64 / 7.0)));
    let usage = table(vec![
        ("customer_id", owners),
        ("occurred_at", ColumnData::Timestamp(at)),
        ("event", event),
        ("quantity", quantity),
    ]);
    let customers_table = table(vec![("customer_id", ids)]);
    let data = EventData { usage: Some((&usage).into()), ..EventData::default() };
    let before = peak_megabytes();
    let (mut seconds, mut features) = (f64::INFINITY, 0);
    for _ in 0..runs {
        let start = Instant::now();
        let built = build_features(&customers_table, &data, "2024-12-01", &EventOptions::default())?;
        seconds = seconds.min(start.elapsed().as_secs_f64());
        features = built.table.columns().len() - 2;
    }
    println!(
        "{customers} customers, {events} events, {features} features: {seconds:.4} s, {:.2} million events a second",
        events as f64 / seconds / 1e6
    );
    println!("memory: {before:.0} MB with the events made, {:.0} MB at most", peak_megabytes());
    Ok(())
}
