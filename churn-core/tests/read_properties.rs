//! Whatever the bytes are, reading gives a table or an error of the crate, never a panic.

use churn_core::read::cells::{infer, read_as};
use churn_core::read::{ReadOptions, read_bytes};
use churn_core::schema::FieldType;
use churn_core::table::ColumnData;
use proptest::prelude::*;

const TYPES: [FieldType; 7] = [
    FieldType::Id,
    FieldType::Text,
    FieldType::Category,
    FieldType::Boolean,
    FieldType::Number,
    FieldType::Date,
    FieldType::Timestamp,
];

const TABLES: [&str; 4] = [
    "customer_id,name,fee,since\n1,\"Miller, Ada\",19.90,2023-01-05\n2,Ben,\"49,00 €\",30.11.2022\n3,\"Chlo\"\"é\"\"\",1e3,\n",
    "Report\n\nid;n;m\n1;1.234,5;x\n2;7;y\nTotal;8;\n",
    "[{\"id\": 1, \"plan\": \"Basic\"}, {\"id\": 2, \"plan\": null}]",
    "{\"id\": 1, \"plan\": \"Basic\"}\n{\"id\": 2}\n",
];

/// Reads the bytes; of a table, every column has as many rows as the table and can be read as every type.
fn read(bytes: &[u8], options: &ReadOptions) {
    let Ok(table) = read_bytes(bytes, None, options) else { return };
    assert!(table.n_rows() > 0 && !table.columns().is_empty());
    for column in table.columns() {
        assert_eq!(column.data.len(), table.n_rows());
        read_cells(&column.data);
    }
    for row in 0..table.n_rows() {
        assert!(table.row_number(row) > 0);
    }
}

fn read_cells(data: &ColumnData) {
    infer(data);
    for field_type in TYPES {
        let parsed = read_as(data, field_type);
        assert_eq!(parsed.values.len(), data.len());
        assert!(parsed.unreadable.iter().all(|&r| r < data.len() && parsed.values.is_missing(r)));
        assert!(parsed.unreadable.windows(2).all(|w| w[0] < w[1]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn read_random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes, &ReadOptions::default());
        for label in ["utf-8", "utf-16le", "shift_jis", "windows-1252"] {
            read(&bytes, &ReadOptions { encoding: Some(label.into()), ..ReadOptions::default() });
        }
    }

    #[test]
    fn read_random_bytes_of_tables(bytes in proptest::collection::vec(prop::sample::select(b"a1\",;\t|\n\r'\\ .-/{}[]:\xc3\xa9\0".to_vec()), 0..200)) {
        read(&bytes, &ReadOptions::default());
        read(&bytes, &ReadOptions { delimiter: Some(' '), header_line: Some(0), max_cell_bytes: 8, ..ReadOptions::default() });
        read(&bytes, &ReadOptions { delimiter: Some('é'), header_line: Some(2), ..ReadOptions::default() });
    }

    #[test]
    fn read_changed_tables(which in 0..TABLES.len(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6)) {
        let mut bytes = TABLES[which].as_bytes().to_vec();
        for (place, byte, change) in changes {
            let at = place.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => { bytes.remove(at); }
                _ => {}
            }
        }
        read(&bytes, &ReadOptions::default());
    }

    #[test]
    fn read_random_cells(cells in proptest::collection::vec(prop::option::of("[0-9a-zA-Z ,./:€%'()éä+-]{0,14}|[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,5}( [0-9]{1,2}:[0-9]{2})?|\\PC{0,20}"), 0..30)) {
        read_cells(&ColumnData::text(cells.iter().map(Option::as_deref)));
    }

    #[test]
    fn read_the_order_of_rows_does_not_matter(cells in proptest::collection::vec("[0-9]{1,3}[.,][0-9]{1,3}( months| years| €)?|[0-9]{1,2}/[0-9]{1,2}/20[0-9]{2}|yes|no|active|churned", 1..30)) {
        let forward = ColumnData::text(cells.iter().map(Some));
        let backward = ColumnData::text(cells.iter().rev().map(Some));
        prop_assert_eq!(infer(&forward), infer(&backward));
        for field_type in TYPES {
            let (a, b) = (read_as(&forward, field_type), read_as(&backward, field_type));
            prop_assert_eq!(&a.format, &b.format);
            prop_assert_eq!(&a.warnings, &b.warnings);
            let n = cells.len();
            for row in 0..n {
                prop_assert_eq!(a.values.cell(row), b.values.cell(n - 1 - row));
            }
        }
    }
}
