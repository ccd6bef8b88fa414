//! One table of events, sorted by customer and time: plain columns, and where each customer's rows begin.

use super::time::{AsOf, NEVER};
use crate::schema::TableKind;
use crate::table::FEW_ROWS;
use rayon::prelude::*;
use std::cmp::Ordering;

/// The code of a missing category.
pub(super) const NO_CODE: u32 = u32::MAX;
/// The hash of a missing id.
pub(super) const NO_HASH: u64 = 0;

/// The values of the rows; a column that the table lacks is empty. What stands in which place is told by the module
/// of each kind of table.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    /// When it happened; never missing.
    pub time: Vec<i64>,
    /// When the row was recorded, where the table says so.
    pub recorded: Vec<i64>,
    /// Further instants; [`NEVER`] is missing.
    pub instants: [Vec<i64>; 5],
    /// Numbers; NaN is missing.
    pub numbers: [Vec<f64>; 3],
    /// Codes of categories.
    pub codes: [Vec<u32>; 2],
    /// Hashes of ids that are only counted.
    pub hashes: [Vec<u64>; 2],
    /// Yes-or-no facts, one bit each.
    pub flags: Vec<u8>,
    /// Hash of the row's own id.
    pub id: Vec<u64>,
    /// Columns that custom features read.
    pub extras: Vec<Extra>,
}

/// A column that custom features read.
#[derive(Debug, Clone)]
pub(super) struct Extra {
    /// Its name: canonical field, or the source's own header.
    pub name: String,
    /// The values as numbers.
    pub numbers: Vec<f64>,
    /// The values as codes of `levels`.
    pub codes: Vec<u32>,
    /// The levels.
    pub levels: Vec<String>,
    /// Whether it tells how the row ended, so that it is known only from then on.
    pub settled: bool,
}

impl Columns {
    /// Order of two rows by all that is stored of them, so that rows of one instant have one order.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        fn by<T>(column: &[T], a: usize, b: usize, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
            if column.is_empty() { Ordering::Equal } else { order(&column[a], &column[b]) }
        }
        let mut order = self.time[a].cmp(&self.time[b]);
        // Few rows share an instant.
        if order.is_ne() {
            return order;
        }
        let then = |order: Ordering, next: &dyn Fn() -> Ordering| if order.is_eq() { next() } else { order };
        order = then(order, &|| by(&self.recorded, a, b, i64::cmp));
        for column in &self.instants {
            order = then(order, &|| by(column, a, b, i64::cmp));
        }
        for column in &self.numbers {
            order = then(order, &|| by(column, a, b, f64::total_cmp));
        }
        for column in &self.codes {
            order = then(order, &|| by(column, a, b, u32::cmp));
        }
        for column in &self.hashes {
            order = then(order, &|| by(column, a, b, u64::cmp));
        }
        order = then(order, &|| by(&self.flags, a, b, u8::cmp));
        order = then(order, &|| by(&self.id, a, b, u64::cmp));
        for extra in &self.extras {
            order = then(order, &|| by(&extra.numbers, a, b, f64::total_cmp));
            order = then(order, &|| by(&extra.codes, a, b, u32::cmp));
        }
        order
    }

    fn gather(self, order: &[u32]) -> Columns {
        fn take<T: Copy + Send + Sync>(column: Vec<T>, order: &[u32]) -> Vec<T> {
            if column.is_empty() {
                column
            } else {
                order.par_iter().with_min_len(FEW_ROWS).map(|&r| column[r as usize]).collect()
            }
        }
        Columns {
            time: take(self.time, order),
            recorded: take(self.recorded, order),
            instants: self.instants.map(|c| take(c, order)),
            numbers: self.numbers.map(|c| take(c, order)),
            codes: self.codes.map(|c| take(c, order)),
            hashes: self.hashes.map(|c| take(c, order)),
            flags: take(self.flags, order),
            id: take(self.id, order),
            extras: self
                .extras
                .into_iter()
                .map(|e| Extra { numbers: take(e.numbers, order), codes: take(e.codes, order), ..e })
                .collect(),
        }
    }
}

/// One table of events, sorted.
#[derive(Debug, Clone)]
pub(super) struct EventTable {
    pub kind: TableKind,
    /// First row of each customer, and the number of rows at the end.
    start: Vec<u32>,
    pub columns: Columns,
    /// Microseconds after which anything is known.
    pub delay: i64,
    /// Whether the table has no columns at all: nothing happened, whatever could have been told.
    pub blank: bool,
    /// The canonical fields and side columns that the table has.
    pub present: Vec<&'static str>,
    /// The levels behind `columns.codes`.
    pub levels: [Vec<String>; 2],
}

/// How many rows were left out while sorting.
pub(super) struct Sorted {
    pub table: EventTable,
    /// Rows that repeat another one, its id included.
    pub duplicates: usize,
}

impl EventTable {
    /// Sorts rows by customer and time. `customer` is one entry a row, `NO_CODE` where the row belongs to nobody.
    pub fn sort(
        kind: TableKind,
        customer: &[u32],
        n_customers: usize,
        columns: Columns,
        delay: i64,
        present: Vec<&'static str>,
        levels: [Vec<String>; 2],
    ) -> Sorted {
        // A counting sort by customer, then each customer's rows by time: linear but for the short sorts.
        let mut start = vec![0u32; n_customers + 1];
        for &c in customer.iter().filter(|&&c| c != NO_CODE) {
            start[c as usize + 1] += 1;
        }
        for c in 0..n_customers {
            start[c + 1] += start[c];
        }
        let mut next = start.clone();
        let mut order = vec![0u32; start[n_customers] as usize];
        for (row, &c) in customer.iter().enumerate().filter(|(_, c)| **c != NO_CODE) {
            let at = &mut next[c as usize];
            order[*at as usize] = row as u32;
            *at += 1;
        }
        drop(next);
        let mut rest = order.as_mut_slice();
        let mut pieces = Vec::new();
        // Pieces of whole customers, large enough to be worth a thread's while.
        let mut from = 0;
        while from < n_customers {
            let mut to = from + 1;
            while to < n_customers && start[to] - start[from] < 65_536 {
                to += 1;
            }
            let (piece, tail) = rest.split_at_mut((start[to] - start[from]) as usize);
            pieces.push((from, to, piece));
            rest = tail;
            from = to;
        }
        pieces.into_par_iter().for_each(|(from, to, piece)| {
            for c in from..to {
                let rows = &mut piece[(start[c] - start[from]) as usize..(start[c + 1] - start[from]) as usize];
                rows.sort_unstable_by(|&a, &b| columns.compare(a as usize, b as usize));
            }
        });
        let mut duplicates = 0;
        if !columns.id.is_empty() {
            let same =
                |a: u32, b: u32| columns.id[a as usize] != NO_HASH && columns.compare(a as usize, b as usize).is_eq();
            let mut kept: Vec<u32> = Vec::with_capacity(order.len());
            let mut moved = vec![0u32; n_customers + 1];
            for c in 0..n_customers {
                let rows = &order[start[c] as usize..start[c + 1] as usize];
                let first = kept.len();
                for &row in rows {
                    if kept.len() > first && same(kept[kept.len() - 1], row) {
                        duplicates += 1;
                    } else {
                        kept.push(row);
                    }
                }
                moved[c + 1] = kept.len() as u32;
            }
            order = kept;
            start = moved;
        }
        let columns = columns.gather(&order);
        Sorted { table: EventTable { kind, start, columns, delay, blank: false, present, levels }, duplicates }
    }

    /// Whether the table has this column; `a|b` means one of them.
    pub fn has(&self, column: &str) -> bool {
        self.blank || column.split('|').any(|c| self.present.contains(&c))
    }

    /// A customer's rows that happened before an instant.
    pub fn view(&self, customer: usize, at: AsOf) -> View<'_> {
        let (lo, end) = (self.start[customer] as usize, self.start[customer + 1] as usize);
        let hi = lo + self.columns.time[lo..end].partition_point(|&t| t < at.micros);
        View { table: self, at: at.micros, lo, hi }
    }

    /// All of a customer's rows.
    pub fn rows_of(&self, customer: usize) -> std::ops::Range<usize> {
        self.start[customer] as usize..self.start[customer + 1] as usize
    }

    /// When a row was known: when it was recorded, and not before it happened.
    pub fn known(&self, row: usize) -> i64 {
        let c = &self.columns;
        let happened = c.time[row];
        let recorded = c.recorded.get(row).copied().filter(|&r| r != NEVER).map_or(happened, |r| r.max(happened));
        recorded.saturating_add(self.delay)
    }
}

/// A customer's rows as they were known at an instant.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub table: &'a EventTable,
    pub at: i64,
    lo: usize,
    hi: usize,
}

impl<'a> View<'a> {
    fn plain(&self) -> bool {
        self.table.columns.recorded.is_empty() && self.table.delay == 0
    }

    /// The rows that were known, in the order of time.
    pub fn rows(self) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let plain = self.plain();
        (self.lo..self.hi).filter(move |&row| plain || self.table.known(row) < self.at)
    }

    /// Those of them that happened at or after an instant.
    pub fn rows_from(self, from: i64) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let first = self.lo + self.table.columns.time[self.lo..self.hi].partition_point(|&t| t < from);
        View { lo: first, ..self }.rows()
    }

    /// When the row happened.
    pub fn time(&self, row: usize) -> i64 {
        self.table.columns.time[row]
    }

    /// An instant of a row where it had come, and was known, before the view's own.
    pub fn instant(&self, slot: usize, row: usize) -> Option<i64> {
        let value = *self.table.columns.instants[slot].get(row)?;
        let known = value != NEVER && value.saturating_add(self.table.delay) < self.at;
        (known && (self.plain() || self.table.known(row) < self.at)).then_some(value)
    }

    /// A number of a row; NaN is missing.
    pub fn number(&self, slot: usize, row: usize) -> f64 {
        self.table.columns.numbers[slot].get(row).copied().unwrap_or(f64::NAN)
    }

    /// A category's code.
    pub fn code(&self, slot: usize, row: usize) -> u32 {
        self.table.columns.codes[slot].get(row).copied().unwrap_or(NO_CODE)
    }

    /// An id's hash.
    pub fn hash(&self, slot: usize, row: usize) -> u64 {
        self.table.columns.hashes[slot].get(row).copied().unwrap_or(NO_HASH)
    }

    /// Whether a fact is true of a row.
    pub fn flag(&self, bit: u8, row: usize) -> bool {
        self.table.columns.flags.get(row).is_some_and(|f| f & bit != 0)
    }
}
