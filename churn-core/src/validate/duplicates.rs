//! Customers that come twice, rows that are alike, and alike rows with different labels.

use super::codes::Code;
use super::findings::{About, EXAMPLES, Findings, counted};
use crate::table::{Column, FEW_ROWS, RawTable, Table};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// For each row whether its customer id stands in a row before it, on the same snapshot day.
pub(super) fn repeated_ids(table: &Table, ids: &Column) -> Vec<bool> {
    let snapshot = table.column("snapshot_date");
    let id = |row: u32| ids.data.cell(row as usize);
    let day = |row: u32| snapshot.and_then(|s| s.data.days(row as usize));
    // Sorted by a hash of the id, which costs less memory than a set of ids; rows of one hash are told apart by the ids.
    let mut keys: Vec<(u64, u32)> = (0..table.n_rows() as u32)
        .into_par_iter()
        .with_min_len(FEW_ROWS)
        .filter_map(|row| {
            let mut hasher = DefaultHasher::new();
            hasher.write(id(row)?.as_bytes());
            hasher.write_i32(day(row).unwrap_or(i32::MIN));
            Some((hasher.finish(), row))
        })
        .collect();
    keys.par_sort_unstable();
    let mut repeated = vec![false; table.n_rows()];
    for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        let mut rows: Vec<(Cow<'_, str>, Option<i32>, u32)> =
            same.iter().filter_map(|&(_, row)| Some((id(row)?, day(row), row))).collect();
        rows.sort_unstable();
        for pair in rows.windows(2) {
            repeated[pair[1].2 as usize] = (&pair[0].0, pair[0].1) == (&pair[1].0, pair[1].1);
        }
    }
    repeated
}

/// For each row whether it is, cell by cell, a copy of a row before it.
pub(super) fn copies_of_rows(raw: &RawTable) -> Vec<bool> {
    let columns: Vec<_> = raw.columns().iter().map(|c| &c.data).collect();
    let mut seen: HashMap<[u8; 32], ()> = HashMap::with_capacity(raw.n_rows());
    (0..raw.n_rows()).map(|row| seen.insert(fingerprint(&columns, row), ()).is_some()).collect()
}

/// A row's cells as one key.
fn fingerprint(columns: &[&crate::table::ColumnData], row: usize) -> [u8; 32] {
    let mut hash = Sha256::new();
    for column in columns {
        if let Some(cell) = column.cell(row) {
            hash.update(cell.as_bytes());
        }
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Missing and repeated customer ids; returns the share of rows that repeat no customer.
pub(super) fn check_ids(table: &Table, findings: &mut Findings) {
    let Some(ids) = table.column("customer_id") else { return };
    let repeats = repeated_ids(table, ids);
    let rows = |holds: &dyn Fn(usize) -> bool| {
        let mut rows = (0..table.n_rows()).filter(|&r| holds(r));
        let first: Vec<u64> = rows.by_ref().take(EXAMPLES).map(|r| table.row_number(r)).collect();
        (first.len() + rows.count(), first)
    };
    let (n_missing, missing) = rows(&|r| ids.data.is_missing(r));
    let (n_repeated, repeated) = rows(&|r| repeats[r]);
    findings.dimensions.uniqueness = Some(100.0 * (1.0 - n_repeated as f64 / table.n_rows().max(1) as f64));
    if n_missing > 0 {
        let about = About::new(Code::MissingCustomerId).of(Some("customer_id"), &ids.source);
        let message = format!("{} no '{}'", have(n_missing), ids.source);
        let suggestion = format!("fill '{}', or the scores cannot be joined back", ids.source);
        findings.add_count(about, n_missing, missing, message, suggestion);
    }
    if n_repeated > 0 {
        let about = About::new(Code::DuplicateCustomerId).of(Some("customer_id"), &ids.source);
        let message = format!(
            "{} a '{}' that stands in a row before {}",
            have(n_repeated),
            ids.source,
            if n_repeated == 1 { "it" } else { "them" }
        );
        let suggestion = match table.column("snapshot_date") {
            Some(day) => format!("keep one row for each '{}' and '{}'", ids.source, day.source),
            None => format!("keep one row for each '{}', or add the day that each row describes", ids.source),
        };
        findings.add_count(about, n_repeated, repeated, message, suggestion);
    }
}

/// "1 row has", "2 rows have".
fn have(n: usize) -> String {
    format!("{} {}", counted(n, "row"), if n == 1 { "has" } else { "have" })
}

/// Rows that are alike in every column that is no id, and those of them whose labels differ.
pub(super) fn check_alike(table: &Table, labels: &[Option<bool>], findings: &mut Findings) {
    use crate::schema::FieldType;
    let is_id = |c: &&Column| {
        c.name == "customer_id"
            || c.canonical && crate::schema::field(&c.name).is_some_and(|f| f.field_type == FieldType::Id)
    };
    let columns: Vec<_> = table.columns().iter().filter(|c| !is_id(c)).map(|c| &c.data).collect();
    if columns.len() < 2 {
        return;
    }
    let mut groups: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    for row in (0..table.n_rows()).filter(|&r| labels[r].is_some()) {
        groups.entry(fingerprint(&columns, row)).or_default().push(row);
    }
    let mut alike: Vec<Vec<usize>> = groups.into_values().filter(|g| g.len() > 1).collect();
    if alike.is_empty() {
        return;
    }
    alike.sort_unstable();
    let n_labelled = labels.iter().flatten().count();
    let rows: Vec<u64> = numbers(table, &alike);
    let message = format!(
        "{} rows fall into {} of customers that are alike in every column",
        rows.len(),
        counted(alike.len(), "group")
    );
    let suggestion = "nothing to do where they are different people; add columns that tell them apart";
    findings.add(About::new(Code::IdenticalCustomers), &rows, message, suggestion);
    let left = |g: &Vec<usize>| g.iter().filter(|&&r| labels[r] == Some(true)).count();
    let conflicting: Vec<Vec<usize>> = alike.into_iter().filter(|g| left(g) > 0 && left(g) < g.len()).collect();
    if !conflicting.is_empty() {
        let wrong: usize = conflicting.iter().map(|g| left(g).min(g.len() - left(g))).sum();
        let rows = numbers(table, &conflicting);
        let message = format!(
            "{} of these groups {} customers who left and customers who stayed: at least {}, {:.2} % of all, {} beyond any model",
            conflicting.len(),
            if conflicting.len() == 1 { "holds" } else { "hold" },
            counted(wrong, "label"),
            100.0 * wrong as f64 / n_labelled.max(1) as f64,
            if wrong == 1 { "is" } else { "are" }
        );
        let suggestion = "check their labels; add columns that tell these customers apart";
        findings.add(About::new(Code::ConflictingLabels), &rows, message, suggestion);
    }
}

fn numbers(table: &Table, groups: &[Vec<usize>]) -> Vec<u64> {
    let mut rows: Vec<usize> = groups.iter().flatten().copied().collect();
    rows.sort_unstable();
    rows.into_iter().map(|r| table.row_number(r)).collect()
}
