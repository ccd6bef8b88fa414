//! Whether a model can learn from the table.

use super::codes::Code;
use super::findings::{About, Findings};
use super::signal::{Labels, Signal};
use crate::schema;
use crate::table::{Column, ColumnData, Table};
use std::collections::HashMap;

/// Fewest rows, and fewest of each label, to learn from.
const MIN_ROWS: usize = 50;
const MIN_CLASS_ROWS: usize = 10;
/// Below this many leavers, results swing with chance.
const FEW_CHURNERS: usize = 100;
/// Rows that pairs of columns are compared on.
const PAIR_ROWS: usize = 2_000;
/// Columns that are tried for products.
const PRODUCT_COLUMNS: usize = 30;
const CORRELATED: f64 = 0.98;

/// Pearson's correlation; 0 where a side is constant.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma).powi(2);
        bb += (y - mb).powi(2);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// Judges the labels: enough of both, and plausible.
pub(super) fn check_labels(all_labels: &[Option<bool>], label_column: &str, findings: &mut Findings) {
    let positive = all_labels.iter().flatten().filter(|&&y| y).count();
    let n = all_labels.iter().flatten().count();
    let negative = n - positive;
    if positive == 0 || negative == 0 {
        return;
    }
    let about = |code: Code| About::new(code).of(Some("churned"), label_column);
    if n < MIN_ROWS || positive.min(negative) < MIN_CLASS_ROWS {
        let message = format!("{n} labelled rows, of which {positive} left, are too few to learn from");
        let suggestion = format!(
            "give at least {MIN_ROWS} rows with {MIN_CLASS_ROWS} of each label in '{label_column}'; until then use a pretrained model"
        );
        findings.add_whole(about(Code::TooFewRows), message, suggestion);
        findings.block();
    } else if positive.min(negative) < FEW_CHURNERS {
        let (few, whom) = if positive <= negative { (positive, "left") } else { (negative, "stayed") };
        let message = format!("only {few} customers {whom}: expect wide intervals");
        findings.add_whole(about(Code::FewChurners), message, "add earlier customers, or a longer period");
    }
    let share = positive as f64 / n as f64;
    if !(0.005..=0.6).contains(&share) && n >= MIN_ROWS {
        let message = format!("{:.1} % of the customers left by '{label_column}'", 100.0 * share);
        let suggestion = if share > 0.5 {
            format!("check that '{label_column}' says who left, not who stayed, and over which period")
        } else {
            format!("check over which period '{label_column}' counts; a longer one gives more to learn from")
        };
        findings.add_whole(about(Code::LabelShareImplausible), message, suggestion);
    }
    let name = schema::level_key(label_column);
    let stays = [
        "retained",
        "retention",
        "stayed",
        "isactive",
        "active",
        "renewed",
        "loyal",
        "aktiv",
        "activo",
        "ativo",
        "actif",
        "attivo",
    ];
    if stays.contains(&name.as_str()) {
        let message = format!("'{label_column}' reads like 'stayed', but yes was taken for 'left'");
        findings.add_whole(
            about(Code::LabelMayBeInverted),
            message,
            format!("turn '{label_column}' round: yes for customers who left"),
        );
    }
}

/// Judges the columns: constant, mostly missing, missing together, identical, correlated, products of others.
pub(super) fn check_columns(table: &Table, labels: &Labels, findings: &mut Findings) {
    let usable = |c: &&Column| {
        let field = c.canonical.then(|| schema::field(&c.name)).flatten();
        field.is_none_or(schema::FieldSpec::usable_as_feature)
    };
    let columns: Vec<&Column> = table.columns().iter().filter(usable).collect();
    let n = table.n_rows();
    let field = |c: &Column| if c.canonical { schema::field(&c.name).map(|f| f.name.as_str()) } else { None };
    let mut missing_rows: HashMap<Vec<u64>, Vec<&str>> = HashMap::new();
    let mut together: Vec<Vec<u64>> = Vec::new();
    for column in &columns {
        let missing: Vec<bool> = (0..n).map(|r| column.data.is_missing(r)).collect();
        let n_missing = missing.iter().filter(|m| **m).count();
        if n_missing < n && n_missing * 2 > n {
            let about = About::new(Code::MostlyMissing).of(field(column), &column.source);
            let rows: Vec<u64> = (0..n).filter(|&r| missing[r]).take(5).map(|r| table.row_number(r)).collect();
            let message =
                format!("'{}' is missing in {:.0} % of the rows", column.source, 100.0 * n_missing as f64 / n as f64);
            findings.add_count(
                about,
                n_missing,
                rows,
                message,
                format!("fill '{}', or find out why it is blank: that it is blank counts as a value", column.source),
            );
        }
        if n_missing >= 10 && n_missing < n {
            let key: Vec<u64> =
                missing.chunks(64).map(|c| c.iter().enumerate().fold(0, |w, (i, m)| w | u64::from(*m) << i)).collect();
            let names = missing_rows.entry(key.clone()).or_default();
            if names.is_empty() {
                together.push(key);
            }
            names.push(&column.source);
        }
    }
    for key in &together {
        let names = &missing_rows[key];
        if names.len() > 1 {
            let rows: u32 = key.iter().map(|w| w.count_ones()).sum();
            let about = About::new(Code::MissingTogether).of(None, names[0]);
            let list: Vec<String> = names.iter().map(|c| format!("'{c}'")).collect();
            findings.add_count(
                about,
                rows as usize,
                Vec::new(),
                format!("{} are missing in the same rows", list.join(", ")),
                "nothing to do where one of them says why the others are blank",
            );
        }
    }
    constant(&columns, labels, findings);
    alike(&columns, labels, findings);
}

fn constant(columns: &[&Column], labels: &Labels, findings: &mut Findings) {
    for column in columns {
        let signal = Signal::new(&column.data, labels, 64);
        let mut rows = vec![0usize; signal.n_levels];
        for &code in &signal.codes {
            rows[code as usize] += 1;
        }
        if let Some(missing) = signal.missing {
            rows[missing as usize] = 0;
        }
        let known: usize = rows.iter().sum();
        let most = rows.iter().copied().max().unwrap_or(0);
        if known > 0 && most * 1000 >= known * 995 && signal.missing.is_none() {
            let field = if column.canonical { Some(column.name.as_str()) } else { None };
            let about = About::new(Code::ConstantColumn).of(field, &column.source);
            let message = if most == column.data.len() {
                format!("'{}' has the same value in every row", column.source)
            } else {
                format!("'{}' has the same value in {most} of {known} rows", column.source)
            };
            findings.add_count(about, most, Vec::new(), message, format!("leave '{}' out", column.source));
        }
    }
}

/// Columns that say the same as another, alone or as a product of two.
fn alike(columns: &[&Column], labels: &Labels, findings: &mut Findings) {
    let step = labels.len().div_ceil(PAIR_ROWS).max(1);
    let rows: Vec<usize> = labels.rows.iter().copied().step_by(step).collect();
    if rows.len() < 30 {
        return;
    }
    // Levels numbered by first appearance are equal for columns that say the same.
    let mut same: HashMap<Vec<u32>, &str> = HashMap::new();
    let mut twins: Vec<bool> = vec![false; columns.len()];
    for (i, column) in columns.iter().enumerate() {
        let mut numbers: HashMap<Option<String>, u32> = HashMap::new();
        let key: Vec<u32> = labels
            .rows
            .iter()
            .map(|&r| {
                let next = numbers.len() as u32;
                *numbers.entry(column.data.cell(r).map(|c| c.into_owned())).or_insert(next)
            })
            .collect();
        if numbers.len() < 2 || numbers.len() * 10 > labels.len() * 9 && matches!(column.data, ColumnData::Text(_)) {
            continue;
        }
        match same.get(&key) {
            Some(first) => {
                twins[i] = true;
                let about = About::new(Code::IdenticalColumns).of(None, &column.source);
                findings.add_count(
                    about,
                    labels.len(),
                    Vec::new(),
                    format!("'{}' says the same as '{first}' in every row", column.source),
                    format!("leave '{}' or '{first}' out", column.source),
                );
            }
            None => {
                same.insert(key, &column.source);
            }
        }
    }
    let numbers: Vec<(&Column, Vec<f64>)> = columns
        .iter()
        .zip(&twins)
        .filter(|(_, twin)| !**twin)
        .filter_map(|(c, _)| {
            let values: Vec<Option<f64>> = rows.iter().map(|&r| c.data.number(r)).collect();
            let known: Vec<f64> = values.iter().flatten().copied().collect();
            if known.len() * 10 < rows.len() * 9 || matches!(c.data, ColumnData::Boolean(_)) {
                return None;
            }
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            let distinct = {
                let mut d: Vec<u64> = known.iter().map(|v| v.to_bits()).collect();
                d.sort_unstable();
                d.dedup();
                d.len()
            };
            (distinct > 2).then(|| (*c, values.iter().map(|v| v.unwrap_or(mean)).collect()))
        })
        .collect();
    let product_of = products(&numbers, findings);
    for (i, (a, x)) in numbers.iter().enumerate() {
        for (b, y) in &numbers[..i] {
            let r = correlation(x, y);
            if r.abs() >= CORRELATED && !product_of.contains(&a.source) && !product_of.contains(&b.source) {
                let about = About::new(Code::CorrelatedColumns).of(None, &a.source);
                findings.add_count(
                    about,
                    labels.len(),
                    Vec::new(),
                    format!("'{}' and '{}' rise and fall together (correlation {r:.3})", b.source, a.source),
                    format!("one of '{}' and '{}' is enough", b.source, a.source),
                );
            }
        }
    }
}

/// Columns that are nearly the product of two others, and not of one alone.
fn products(numbers: &[(&Column, Vec<f64>)], findings: &mut Findings) -> Vec<String> {
    let some = &numbers[..numbers.len().min(PRODUCT_COLUMNS)];
    let mut found = Vec::new();
    for (c, z) in some {
        let mut best: Option<(f64, &str, &str)> = None;
        for (i, (a, x)) in some.iter().enumerate() {
            for (b, y) in &some[..i] {
                if a.source == c.source || b.source == c.source {
                    continue;
                }
                let product: Vec<f64> = x.iter().zip(y).map(|(x, y)| x * y).collect();
                let r = correlation(&product, z);
                // The product must explain what neither factor does.
                let alone = correlation(x, z).abs().max(correlation(y, z).abs());
                if r >= 0.995
                    && 1.0 - r * r < 0.2 * (1.0 - alone * alone)
                    && best.is_none_or(|(before, _, _)| r > before)
                {
                    best = Some((r, &b.source, &a.source));
                }
            }
        }
        if let Some((r, a, b)) = best {
            let field = if c.canonical { Some(c.name.as_str()) } else { None };
            let about = About::new(Code::IdentityFound).of(field, &c.source);
            findings.add_count(
                about,
                0,
                Vec::new(),
                format!("'{}' is about '{a}' x '{b}' (correlation {r:.4})", c.source),
                "nothing to do: it is no leak, and the three are told as one reason",
            );
            found.push(c.source.clone());
        }
    }
    found
}

/// Whether the table looks back far enough, and whether early leavers are in it.
pub(super) fn check_history(table: &Table, all_labels: &[Option<bool>], findings: &mut Findings) {
    // How long each row has been a customer, in months, and the column that says so.
    let tenure = table.column("tenure_months").map(|c| (c, false));
    let Some((column, dated)) = tenure.or_else(|| table.column("signup_date").map(|c| (c, true))) else { return };
    let newest = (0..table.n_rows()).filter_map(|r| column.data.days(r)).max().unwrap_or(0);
    let months = |r: usize| {
        if dated { column.data.days(r).map(|d| f64::from(newest - d) / 30.436_875) } else { column.data.number(r) }
    };
    let mut known: Vec<(f64, bool)> = (0..table.n_rows()).filter_map(|r| Some((months(r)?, all_labels[r]?))).collect();
    if known.len() < 100 {
        return;
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let longest = known[known.len() - 1].0;
    let field = Some(column.name.as_str());
    if longest < 6.0 {
        let about = About::new(Code::ShortHistory).of(field, &column.source);
        findings.add_whole(
            about,
            format!("by '{}' no one has been a customer for more than {longest:.1} months", column.source),
            "a model learns the seasons and the renewals only from a year or more",
        );
    }
    let oldest = &known[known.len() * 3 / 4..];
    let left = |part: &[(f64, bool)]| part.iter().filter(|k| k.1).count() as f64;
    let (all, old) = (left(&known) / known.len() as f64, left(oldest) / oldest.len() as f64);
    // What chance would let happen at a tenth of the usual share, with room.
    if longest >= 12.0 && all * oldest.len() as f64 >= 20.0 && old <= 0.05 * all {
        let about = About::new(Code::EarlyCohortsMissing).of(field, &column.source);
        let message = format!(
            "{:.1} % of the quarter that has been a customer longest left, of all {:.1} %: customers who left early seem to be missing",
            100.0 * old,
            100.0 * all
        );
        findings.add_count(about, oldest.len(), Vec::new(), message, "export customers who left in earlier years as well, or the length of the relation looks protective by itself");
    }
}
