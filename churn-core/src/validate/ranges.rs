//! Hard limits (a value outside is lost), plausible ranges, outliers, placeholders, and units that look wrong.

use super::codes::Code;
use super::findings::{About, EXAMPLES, Findings, counted};
use crate::error::Result;
use crate::schema::{self, FieldSpec, Profile};
use crate::table::{Column, ColumnData, Table, columns_at_once};
use rayon::prelude::*;

/// Rows that quantiles are taken from, evenly spread.
const QUANTILE_ROWS: usize = 20_000;
/// Distance from the quartiles, in their own distance, from which on a value is an outlier.
const FENCE: f64 = 6.0;

/// Rows of one kind: how many, and the first few.
#[derive(Default)]
struct Rows {
    count: usize,
    first: Vec<usize>,
}

impl Rows {
    fn add(&mut self, row: usize) {
        self.count += 1;
        if self.first.len() < EXAMPLES {
            self.first.push(row);
        }
    }

    fn numbers(&self, table: &Table) -> Vec<u64> {
        self.first.iter().map(|&r| table.row_number(r)).collect()
    }
}

/// What was found in one column of numbers.
#[derive(Default)]
struct Judged {
    lost: Rows,
    odd: Rows,
    far: Rows,
    placeholder: Rows,
    /// The column without what was lost.
    kept: Option<ColumnData>,
}

/// Judges all numbers; returns how many values were lost.
pub(super) fn check(table: &mut Table, profile: &Profile, findings: &mut Findings) -> Result<usize> {
    let columns = table.columns().par_iter().with_min_len(columns_at_once(table.n_rows()));
    let judged: Vec<Judged> = columns.map(|c| judge(c, profile)).collect::<Result<_>>()?;
    let mut columns: Option<Vec<Column>> = None;
    let mut n_lost = 0;
    for (i, judged) in judged.into_iter().enumerate() {
        let column = &table.columns()[i];
        let field = spec(column);
        let name = field.map(|f| f.name.as_str());
        let about = |code: Code| About::new(code).of(name, &column.source);
        let unit = field.and_then(|f| f.unit.as_deref());
        let mut tell = |code: Code, rows: &Rows, message: String, suggestion: String| {
            findings.add_count(about(code), rows.count, rows.numbers(table), message, suggestion);
        };
        if let (Some(field), 1..) = (field, judged.lost.count) {
            let message = format!(
                "{} of '{}' cannot be true ({}) and count{} as missing",
                counted(judged.lost.count, "value"),
                column.source,
                span(field.min, field.max, unit),
                if judged.lost.count == 1 { "s" } else { "" }
            );
            let suggestion = format!("correct '{}' at the source; leave unknown values blank", column.source);
            tell(Code::OutOfRange, &judged.lost, message, suggestion);
        }
        if judged.odd.count > 0 {
            let range = profile.ranges.iter().find(|r| Some(r.field.as_str()) == name);
            let (low, high) = range.map_or((None, None), |r| (r.min, r.max));
            let message = format!(
                "{} of '{}' {} outside what is usual ({})",
                counted(judged.odd.count, "value"),
                column.source,
                if judged.odd.count == 1 { "is" } else { "are" },
                span(low, high, unit)
            );
            let suggestion = format!("check the unit of '{}' (months or days, whole money or cents)", column.source);
            tell(Code::ImplausibleValue, &judged.odd, message, suggestion);
        }
        if judged.placeholder.count > 0 {
            let message = format!(
                "{} of '{}' are the same large number of nines, far above all others",
                counted(judged.placeholder.count, "value"),
                column.source
            );
            let suggestion = format!("leave '{}' blank where it is not known", column.source);
            tell(Code::PlaceholderValue, &judged.placeholder, message, suggestion);
        }
        if judged.far.count > 0 {
            let message = format!(
                "{} of '{}' {} far outside all others",
                counted(judged.far.count, "value"),
                column.source,
                if judged.far.count == 1 { "lies" } else { "lie" }
            );
            let suggestion = format!("check these rows of '{}'; nothing is changed", column.source);
            tell(Code::Outliers, &judged.far, message, suggestion);
        }
        n_lost += judged.lost.count;
        if let Some(data) = judged.kept {
            columns.get_or_insert_with(|| table.columns().to_vec())[i].data = data;
        }
    }
    if let Some(columns) = columns {
        *table = Table::new(columns, table.n_rows(), table.places().clone());
    }
    units(table, profile, findings);
    Ok(n_lost)
}

fn spec(column: &Column) -> Option<&'static FieldSpec> {
    if column.canonical { schema::field(&column.name) } else { None }
}

/// Numbers that stand for "unknown".
const NINES: [f64; 7] = [99.0, 999.0, 9_999.0, 99_999.0, 999_999.0, 9_999_999.0, 99_999_999.0];

fn judge(column: &Column, profile: &Profile) -> Result<Judged> {
    let mut judged = Judged::default();
    if !matches!(column.data.like(), ColumnData::Number(_) | ColumnData::Integer(_)) {
        return Ok(judged);
    }
    let n = column.data.len();
    let (low, high) = spec(column).map_or((None, None), |f| (f.min, f.max));
    let range = profile.ranges.iter().find(|r| column.canonical && r.field == column.name);
    let (usual_low, usual_high) = range.map_or((None, None), |r| (r.min, r.max));
    // Ranges as pairs that every number lies in where nothing is said.
    let bounds =
        |low: Option<f64>, high: Option<f64>| (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
    let (hard, usual) = (bounds(low, high), bounds(usual_low, usual_high));
    let fence = fences(&column.data).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let outside = |v: f64, (low, high): (f64, f64)| v < low || v > high;
    // The largest value, its rows, and the next below it.
    let (mut largest, mut at, mut second) = (f64::NEG_INFINITY, 0usize, f64::NEG_INFINITY);
    for (start, part) in column.data.parts() {
        for row in 0..part.len() {
            let Some(v) = part.number(row) else { continue };
            if outside(v, hard) {
                judged.lost.add(start + row);
                continue;
            }
            if outside(v, usual) {
                judged.odd.add(start + row);
            }
            if outside(v, fence) {
                judged.far.add(start + row);
            }
            if v > largest {
                (second, largest, at) = (largest, v, 1);
            } else if v == largest {
                at += 1;
            } else if v > second {
                second = v;
            }
        }
    }
    if NINES.contains(&largest) && at >= 3 && second < 0.75 * largest && at * 2 < n {
        for (start, part) in column.data.parts() {
            let nines = (0..part.len()).filter(|&r| part.number(r) == Some(largest));
            nines.for_each(|r| judged.placeholder.add(start + r));
        }
        judged.far = Rows::default();
    }
    // Many far values are the shape of the column, not slips.
    if judged.far.count * 100 > n {
        judged.far = Rows::default();
    }
    if judged.lost.count > 0 {
        let kept = column.data.map_parts(|_, part| {
            ColumnData::numbers((0..part.len()).map(|r| part.number(r).filter(|v| !outside(*v, hard))))
        });
        judged.kept = Some(kept?);
    }
    Ok(judged)
}

/// Quartiles and their distance, on a logarithmic scale where nothing is negative; `None` where they coincide.
fn fences(data: &ColumnData) -> Option<(f64, f64)> {
    let step = data.len().div_ceil(QUANTILE_ROWS).max(1);
    let mut known: Vec<f64> = (0..data.len()).step_by(step).filter_map(|r| data.number(r)).collect();
    if known.len() < 30 {
        return None;
    }
    let (lower, upper) = (known.len() / 4, known.len() * 3 / 4);
    let logarithmic = known.iter().all(|v| *v >= 0.0);
    let q3 = *known.select_nth_unstable_by(upper, f64::total_cmp).1;
    let q1 = *known[..upper].select_nth_unstable_by(lower, f64::total_cmp).1;
    let scale = |v: f64| if logarithmic { libm::log1p(v) } else { v };
    let back = |v: f64| if logarithmic { libm::expm1(v) } else { v };
    let (q1, q3) = (scale(q1), scale(q3));
    (q3 > q1).then(|| {
        let reach = FENCE * (q3 - q1);
        (if logarithmic { f64::NEG_INFINITY } else { back(q1 - reach) }, back(q3 + reach))
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let half = values.len() / 2;
    (values.len() >= 20).then(|| *values.select_nth_unstable_by(half, f64::total_cmp).1)
}

/// Units that look wrong: by what other columns imply, and by the scale of scores.
fn units(table: &Table, profile: &Profile, findings: &mut Findings) {
    let n = table.n_rows();
    let step = n.div_ceil(QUANTILE_ROWS).max(1);
    // Looked up once, not once a row.
    let of = |name: &str| table.column(name).map(|c| &c.data);
    let columns = [
        ("tenure_months", of("tenure_months")),
        ("monthly_charges", of("monthly_charges")),
        ("total_charges", of("total_charges")),
        ("annual_charges", of("annual_charges")),
        ("nps_score", of("nps_score")),
        ("discount_percent", of("discount_percent")),
    ];
    let number = |name: &str, row: usize| columns.iter().find(|(n, _)| *n == name)?.1?.number(row);
    let ratio = |of: &dyn Fn(usize) -> Option<f64>| {
        median((0..n).step_by(step).filter_map(of).filter(|r| r.is_finite()).collect())
    };
    let near = |x: f64, y: f64| (x / y - 1.0).abs() < 0.15;
    let mut suspect = |field: &str, unit: &str, why: String| {
        if let Some(column) = table.column(field) {
            let about = About::new(Code::UnitSuspect).of(Some(&column.name), &column.source);
            let message = format!("'{}' looks as if it were in {unit}: {why}", column.source);
            findings.add_whole(about, message, format!("convert '{}' before it is used", column.source));
        }
    };
    let source = |field: &str| table.column(field).map_or(String::new(), |c| format!("'{}'", c.source));
    // Total over tenure x monthly is about one where all three speak the same language.
    let total = ratio(&|r| {
        let product = number("tenure_months", r)? * number("monthly_charges", r)?;
        if product > 0.0 { Some(number("total_charges", r)? / product) } else { None }
    });
    let mut tenure_told = false;
    if let Some(x) = total {
        if near(x, 1.0 / 30.4) {
            tenure_told = true;
            suspect(
                "tenure_months",
                "days",
                format!("{} is about a thirtieth of it times {}", source("total_charges"), source("monthly_charges")),
            );
        } else if near(x, 12.0) {
            tenure_told = true;
            suspect(
                "tenure_months",
                "years",
                format!("{} is about twelve times it times {}", source("total_charges"), source("monthly_charges")),
            );
        } else if near(x, 0.01) {
            suspect("monthly_charges", "cents", format!("{} fits only at a hundredth of it", source("total_charges")));
        } else if near(x, 100.0) {
            suspect(
                "total_charges",
                "cents",
                format!("it is about a hundred times tenure times {}", source("monthly_charges")),
            );
        }
    }
    let annual = ratio(&|r| {
        let monthly = number("monthly_charges", r)?;
        if monthly > 0.0 { Some(number("annual_charges", r)? / monthly) } else { None }
    });
    match annual {
        Some(x) if near(x, 0.12) => {
            suspect("monthly_charges", "cents", format!("{} fits only at a hundredth of it", source("annual_charges")))
        }
        Some(x) if near(x, 1200.0) => {
            suspect("annual_charges", "cents", format!("it is about 1200 times {}", source("monthly_charges")))
        }
        Some(x) if near(x, 1.0) => {
            suspect("annual_charges", "money a month", format!("it equals {}", source("monthly_charges")))
        }
        _ => {}
    }
    let limit = profile.ranges.iter().find(|r| r.field == "tenure_months").and_then(|r| r.max).unwrap_or(360.0);
    let tenure = ratio(&|r| number("tenure_months", r));
    if !tenure_told && tenure.is_some_and(|m| m > limit) {
        suspect("tenure_months", "days", format!("half of it lies above {limit} months"));
    }
    // Prices end in 99 or 95 cents; whole numbers that do are cents.
    let charm: Vec<f64> = (0..n).step_by(step).filter_map(|r| number("monthly_charges", r)).collect();
    if charm.len() >= 20 && charm.iter().all(|v| v.fract() == 0.0) {
        let ends = charm.iter().filter(|v| **v >= 400.0 && [95.0, 99.0, 90.0].contains(&(**v % 100.0))).count();
        if ends * 2 > charm.len() {
            suspect("monthly_charges", "cents", "whole numbers that end like prices in cents".to_owned());
        }
    }
    let scale = |field: &str| -> Option<(f64, f64)> {
        let known: Vec<f64> = (0..n).filter_map(|r| number(field, r)).collect();
        (known.len() >= 30).then(|| {
            (
                known.iter().copied().fold(f64::INFINITY, f64::min),
                known.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            )
        })
    };
    if let Some((low, high)) = scale("nps_score") {
        if low >= 1.0 && high <= 5.0 {
            suspect("nps_score", "stars", "answers run from 1 to 5, those of NPS from 0 to 10".to_owned());
        } else if low >= 0.0 && high > 10.0 {
            suspect(
                "nps_score",
                "percent",
                "nothing is negative and some is above 10: answers run from 0 to 10, scores of groups from -100 to 100"
                    .to_owned(),
            );
        }
    }
    if let Some((low, high)) = scale("discount_percent")
        && low >= 0.0
        && high <= 1.0
        && high > 0.0
    {
        suspect("discount_percent", "shares of one", "nothing is above 1".to_owned());
    }
}

fn span(low: Option<f64>, high: Option<f64>, unit: Option<&str>) -> String {
    let unit = unit.map_or(String::new(), |u| format!(" {u}"));
    match (low, high) {
        (Some(l), Some(h)) => format!("{l} to {h}{unit}"),
        (Some(l), None) => format!("at least {l}{unit}"),
        (None, Some(h)) => format!("at most {h}{unit}"),
        (None, None) => "any".to_owned(),
    }
}
