//! Columns that follow from other columns as of a day.

use crate::error::Result;
use crate::table::{Column, ColumnData, Table};

/// A day count of a mean month, in the proleptic Gregorian calendar: 365.2425 / 12.
const DAYS_PER_MONTH: f64 = 30.436_875;

/// One derivation: the new column, the columns it needs, and its formula in words.
pub struct Derivation {
    /// Name of the new column.
    pub name: &'static str,
    /// Columns it needs, all of them; the first is the one that explanations credit.
    pub needs: &'static [&'static str],
    /// The formula.
    pub formula: &'static str,
    /// Name for people.
    pub readable: &'static str,
    /// Unit.
    pub unit: &'static str,
    compute: fn(&[&Column], usize, i32) -> Option<f64>,
}

impl Derivation {
    /// Whether it counts from or to the day that a row describes.
    pub fn dated(&self) -> bool {
        self.needs[0].ends_with("_date")
    }
}

/// Every derivation, in the order they are tried; a column that is in the table already is never replaced.
pub const DERIVED: &[Derivation] = &[
    Derivation {
        name: "monthly_charges",
        needs: &["annual_charges"],
        formula: "annual_charges / 12",
        readable: "Monthly charges",
        unit: "money a month",
        compute: |c, row, _| Some(c[0].data.number(row)? / 12.0),
    },
    Derivation {
        name: "tenure_months",
        needs: &["signup_date"],
        formula: "(as_of - signup_date) in days / 30.436875, not below 0",
        readable: "Tenure",
        unit: "months",
        compute: |c, row, as_of| Some((f64::from(as_of - c[0].data.days(row)?) / DAYS_PER_MONTH).max(0.0)),
    },
    Derivation {
        name: "days_since_last_activity",
        needs: &["last_activity_date"],
        formula: "as_of - last_activity_date in days, not below 0",
        readable: "Days since last activity",
        unit: "days",
        compute: |c, row, as_of| Some(f64::from((as_of - c[0].data.days(row)?).max(0))),
    },
    Derivation {
        name: "days_to_renewal",
        needs: &["renewal_date"],
        formula: "renewal_date - as_of in days, missing once it has passed",
        readable: "Days to renewal",
        unit: "days",
        compute: |c, row, as_of| {
            let days = c[0].data.days(row)? - as_of;
            (days >= 0).then(|| f64::from(days))
        },
    },
    Derivation {
        name: "seat_utilisation",
        needs: &["seats_used", "seats_purchased"],
        formula: "seats_used / seats_purchased, missing where no seat was bought",
        readable: "Seat utilisation",
        unit: "share",
        compute: |c, row, _| {
            let bought = c[1].data.number(row)?;
            if bought > 0.0 { Some(c[0].data.number(row)? / bought) } else { None }
        },
    },
];

/// Adds to the table every derived column that it lacks and has the sources for. `as_of` is the day the rows
/// describe, in days since 1970-01-01; a `snapshot_date` in a row wins over it. Without any day, columns that
/// need one are left out.
pub fn derive(table: &Table, as_of: Option<i32>) -> Result<Table> {
    let mut columns = table.columns().to_vec();
    let snapshot = table.column("snapshot_date");
    for derivation in DERIVED {
        if columns.iter().any(|c| c.name == derivation.name) {
            continue;
        }
        let sources: Vec<&Column> = derivation.needs.iter().filter_map(|n| table.column(n)).collect();
        let dated = derivation.dated();
        if sources.len() < derivation.needs.len() || (dated && as_of.is_none() && snapshot.is_none()) {
            continue;
        }
        let values = (0..table.n_rows()).map(|row| {
            let day = snapshot.and_then(|s| s.data.days(row)).or(as_of);
            match day {
                None if dated => None,
                day => (derivation.compute)(&sources, row, day.unwrap_or(0)),
            }
        });
        columns.push(Column {
            name: derivation.name.to_owned(),
            canonical: crate::schema::field(derivation.name).is_some(),
            source: sources[0].source.clone(),
            data: ColumnData::numbers(values.collect::<Vec<_>>()),
        });
    }
    Ok(Table::new(columns, table.n_rows(), table.places().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Places;
    use arrow_array::Date32Array;

    fn column(name: &str, data: ColumnData) -> Column {
        Column { name: name.into(), canonical: true, source: name.to_uppercase(), data }
    }

    #[test]
    fn dates_become_durations_as_of_a_day() {
        let signup = column("signup_date", ColumnData::Date(Date32Array::from(vec![Some(0), None])));
        let seats = column("seats_purchased", ColumnData::numbers([Some(10.0), Some(0.0)]));
        let used = column("seats_used", ColumnData::numbers([Some(4.0), Some(1.0)]));
        let table = Table::new(vec![signup, seats, used], 2, Places::Items);
        let derived = derive(&table, Some(365)).expect("derive");
        let tenure = derived.column("tenure_months").expect("tenure");
        assert!((tenure.data.number(0).expect("value") - 11.992).abs() < 1e-3);
        assert_eq!(tenure.data.number(1), None);
        assert_eq!(tenure.source, "SIGNUP_DATE");
        let utilisation = derived.column("seat_utilisation").expect("utilisation");
        assert_eq!((utilisation.data.number(0), utilisation.data.number(1)), (Some(0.4), None));
        assert!(derive(&table, None).expect("derive").column("tenure_months").is_none(), "no day, no tenure");
    }
}
