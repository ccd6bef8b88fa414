//! Named columns to a raw table: what a host's arrays, matrices and JSON lists become.

use super::records;
use crate::error::{Error, ErrorKind, Result};
use crate::table::{ColumnData, Places, RawColumn, RawTable, Source};
use serde_json::Value;

impl ColumnData {
    /// The column of these values in the narrowest type that holds all of them, as a list of records would give it.
    pub fn of_values(values: &[Value]) -> ColumnData {
        records::column(&values.iter().map(|v| Some(v).filter(|v| !v.is_null())).collect::<Vec<_>>())
    }
}

impl RawTable {
    /// A raw table of named columns, in this order; the columns keep their types.
    ///
    /// # Errors
    /// `malformed` naming the first column whose length differs from the first one's; `empty_input` where there is no
    /// column or no row.
    pub fn from_columns(columns: Vec<(String, ColumnData)>) -> Result<RawTable> {
        let n_rows = columns.first().map_or(0, |(_, data)| data.len());
        if let Some((name, data)) = columns.iter().find(|(_, data)| data.len() != n_rows) {
            let message = format!("column '{name}' has {} values, the columns before it {n_rows}", data.len());
            return Err(Error::new(ErrorKind::Malformed, message)
                .with("column", name)
                .hint("give columns of one length"));
        }
        super::check_not_empty(columns.len(), n_rows, "the table of columns")?;
        let mut columns: Vec<RawColumn> = columns.into_iter().map(|(name, data)| RawColumn { name, data }).collect();
        super::make_names_unique(columns.iter_mut().map(|c| &mut c.name));
        let source = Source { format: "columns".into(), ..Source::default() };
        Ok(RawTable::new(columns, n_rows, Places::Items, source, Vec::new()))
    }

    /// A table of these columns without any row: among tables of events one in which nothing happened.
    pub fn without_rows(names: Vec<String>) -> RawTable {
        let blank = |name| RawColumn { name, data: ColumnData::text(std::iter::empty::<Option<&str>>()) };
        let mut columns: Vec<RawColumn> = names.into_iter().map(blank).collect();
        super::make_names_unique(columns.iter_mut().map(|c| &mut c.name));
        let source = Source { format: "columns".into(), ..Source::default() };
        RawTable::new(columns, 0, Places::Items, source, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_of_values_are_those_of_records() {
        let (ids, plans, fees) = (json!([1, 2, null]), json!(["a", null, 3]), json!([1.5, 2, null]));
        let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
        let columns = [("id", &ids), ("plan", &plans), ("fee", &fees)];
        let table = RawTable::from_columns(
            columns.iter().map(|(n, v)| ((*n).to_owned(), ColumnData::of_values(&list(v)))).collect(),
        )
        .expect("a table");
        let records: Vec<_> = (0..3)
            .map(|r| columns.iter().map(|(n, v)| ((*n).to_owned(), v[r].clone())).collect::<serde_json::Map<_, _>>())
            .collect();
        let expected = crate::read::read_records(&records).expect("a table");
        for (a, b) in table.columns().iter().zip(expected.columns()) {
            assert_eq!((&a.name, &a.data), (&b.name, &b.data));
        }
    }

    #[test]
    fn columns_of_different_lengths_are_an_error_that_names_one() {
        let column = |name: &str, n: usize| (name.to_owned(), ColumnData::numbers((0..n).map(|i| Some(i as f64))));
        let error = RawTable::from_columns(vec![column("a", 2), column("b", 3)]).expect_err("lengths");
        assert_eq!((error.code(), error.context()[0].1.as_str()), ("malformed", "b"));
        assert_eq!(RawTable::from_columns(Vec::new()).expect_err("nothing").code(), "empty_input");
        assert_eq!(RawTable::from_columns(vec![column("a", 0)]).expect_err("nothing").code(), "empty_input");
    }
}
