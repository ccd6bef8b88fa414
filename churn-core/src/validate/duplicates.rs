//! Customers that come twice, rows that are alike, and alike rows with different labels.

use super::codes::Code;
use super::findings::{About, EXAMPLES, Findings, counted};
use crate::table::{Column, FEW_ROWS, RawTable, Table};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// Rows whose ids are compared at once: 32 MB.
const AT_ONCE: usize = 1 << 21;

/// The bits of a row's number in a key.
const ROW: u64 = u32::MAX as u64;

/// For each row whether its customer id stands in a row before it, on the same snapshot day.
pub(super) fn repeated_ids(table: &Table) -> Vec<bool> {
    let needed = table.without(|c| !["customer_id", "snapshot_date"].contains(&c.name.as_str()));
    let mut repeated = vec![false; table.n_rows()];
    // Sorted by a hash of id and day, which costs less memory than a set of ids; of a large table one share of the hashes
    // after another.
    let shares = table.n_rows().div_ceil(AT_ONCE) as u64;
    for share in 0..shares {
        let mut keys: Vec<u128> = Vec::with_capacity(table.n_rows() / shares as usize);
        for (start, part) in needed.parts() {
            let (ids, snapshot) = (part.column("customer_id"), part.column("snapshot_date"));
            let key = |row: usize| {
                let id = ids?.data.cell(row)?;
                let day = snapshot.and_then(|s| s.data.days(row)).unwrap_or(i32::MIN);
                let hash = |salt| {
                    let mut hasher = DefaultHasher::new();
                    hasher.write_u8(salt);
                    hasher.write(id.as_bytes());
                    hasher.write_i32(day);
                    hasher.finish()
                };
                let first = hash(0);
                // 96 bits of hash, which no two ids share, before the row.
                let hash = || u128::from(first) << 64 | u128::from(hash(1) & !ROW);
                (first % shares == share).then(|| hash() | (start + row) as u128)
            };
            keys.par_extend((0..part.n_rows()).into_par_iter().with_min_len(FEW_ROWS).filter_map(key));
        }
        keys.par_sort_unstable();
        let row = |key: u128| key as u64 & ROW;
        for pair in keys.windows(2).filter(|pair| pair[0] ^ pair[1] <= u128::from(ROW)) {
            repeated[row(pair[1]) as usize] = true;
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
    let rows = |mut rows: Box<dyn Iterator<Item = usize> + '_>| {
        let first: Vec<u64> = rows.by_ref().take(EXAMPLES).map(|r| table.row_number(r)).collect();
        (first.len() + rows.count(), first)
    };
    let (n_missing, missing) = rows(Box::new(ids.data.parts().flat_map(|(start, part)| {
        let missing: Vec<usize> = (0..part.len()).filter(|&r| part.is_missing(r)).map(|r| start + r).collect();
        missing
    })));
    let repeats = repeated_ids(table);
    let (n_repeated, repeated) = rows(Box::new((0..table.n_rows()).filter(|&r| repeats[r])));
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
