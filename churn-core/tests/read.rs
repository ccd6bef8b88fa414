//! Reading from outside: sources, options, notes and errors.

use churn_core::ErrorKind;
use churn_core::read::{ReadOptions, read_bytes, read_path, read_reader, read_records};
use churn_core::table::{ColumnData, RawTable};
use serde_json::json;
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn read(bytes: &[u8]) -> RawTable {
    read_bytes(bytes, None, &ReadOptions::default()).expect("a table")
}

/// The table as text: names, then the rows, `_` for missing.
fn shape(table: &RawTable) -> String {
    let row = |r: usize| {
        let cells: Vec<_> =
            table.columns().iter().map(|c| c.data.cell(r).map_or("_".into(), |v| v.into_owned())).collect();
        cells.join("|")
    };
    let names: Vec<_> = table.columns().iter().map(|c| c.name.clone()).collect();
    std::iter::once(names.join("|")).chain((0..table.n_rows()).map(row)).collect::<Vec<_>>().join("\n")
}

#[test]
fn read_formats_by_content() {
    let cases: &[(&[u8], &str, &str)] = &[
        (b"id,n\nx,1\ny,2\n", "csv", "id|n\nx|1\ny|2"),
        (b"\n\n  \nid;n\nx;1,5\n", "csv", "id|n\nx|1,5"),
        (b"[id],[n]\nx,1\n", "csv", "[id]|[n]\nx|1"),
        (b"[{\"id\":\"x\",\"n\":1},{\"n\":null,\"k\":[1, 2]}]", "json", "id|n|k\nx|1|_\n_|_|[1,2]"),
        (b"\xef\xbb\xbf[\n{\"id\":\"x\"}\n]", "json", "id\nx"),
        (b"{\"id\":\"x\"}\n\n{\"id\":\"y\",\"f\":true}\n", "json", "id|f\nx|_\ny|true"),
        (b"{\n \"count\": 1,\n \"data\": [{\"id\": 7}]\n}", "json", "id\n7"),
        (b"{\"a\":{\"b\":1}}", "json", "a\n{\"b\":1}"),
    ];
    for (bytes, format, expected) in cases {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let table = read(&bytes);
            assert_eq!((table.source().format.as_str(), shape(&table).as_str()), (*format, *expected));
        }
    }
    let lines = read(b"{\"id\":1}\n\n{\"id\":2}\n");
    assert_eq!((lines.row_number(0), lines.row_number(1)), (1, 3));
}

#[test]
fn read_path_and_reader_agree_with_bytes() {
    let folder = std::env::temp_dir().join(format!("churn-read-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("misleading.json");
    std::fs::write(&path, gzip(b"id,n\nx,1\n")).expect("a file");
    let table = read_path(&path, &ReadOptions::default()).expect("a table");
    assert_eq!(shape(&table), "id|n\nx|1");
    assert_eq!(table.source().name.as_deref(), Some("misleading.json"));
    let error = read_path(&folder, &ReadOptions::default()).expect_err("a folder is no file");
    assert_eq!(error.kind(), ErrorKind::Io);
    let small = ReadOptions { max_bytes: 3, ..ReadOptions::default() };
    let error = read_path(&path, &small).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    std::fs::remove_dir_all(&folder).expect("clean up");
    let error = read_path(&path, &ReadOptions::default()).expect_err("missing");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("there is no such file"), "{error}");
    let table = read_reader(&b"id,n\nx,1\n"[..], Some("stream"), &ReadOptions::default()).expect("a table");
    assert_eq!(shape(&table), "id|n\nx|1");
    assert_eq!(read_reader(&b"id,n\nx,1\n"[..], None, &small).expect_err("too large").kind(), ErrorKind::TooLarge);
}

#[test]
fn read_options_win_over_guesses() {
    let with = |change: fn(&mut ReadOptions)| {
        let mut options = ReadOptions::default();
        change(&mut options);
        options
    };
    let cases: &[(&[u8], ReadOptions, &str)] = &[
        (b"a;b,c\n1;2,3\n", with(|o| o.delimiter = Some(',')), "a;b|c\n1;2|3"),
        (b"[a\xc2\xa6b]\n1\xc2\xa62\n", with(|o| o.delimiter = Some('\u{a6}')), "[a|b]\n1|2"),
        (b"a b\n1 2\n", with(|o| o.delimiter = Some(' ')), "a|b\n1|2"),
        (b"x,y\na,b\r\n1,2\n", with(|o| o.header_line = Some(2)), "a|b\n1|2"),
        (b"x,y\na,b\n", with(|o| o.header_line = Some(0)), "column_1|column_2\nx|y\na|b"),
        (b"id\n\xe9\n", with(|o| o.encoding = Some("iso-8859-2".into())), "id\né"),
        (b"id\n\x82\n", with(|o| o.encoding = Some("ibm866".into())), "id\nВ"),
    ];
    for (bytes, options, expected) in cases {
        assert_eq!(shape(&read_bytes(bytes, None, options).expect("a table")), *expected);
    }
}

#[test]
fn read_errors_say_what_where_and_how_to_mend() {
    let default = ReadOptions::default;
    let long = format!("a,b\n1,\"{}\"\n", "x".repeat(10_000_000));
    let wide = vec!["c"; 20_000].join(",") + "\n";
    let cases: Vec<(&[u8], ReadOptions, ErrorKind, &[&str])> = vec![
        (b"", default(), ErrorKind::EmptyInput, &["bytes"]),
        (b" \n\t\r\n ", default(), ErrorKind::EmptyInput, &[]),
        (b"\xef\xbb\xbf", default(), ErrorKind::EmptyInput, &[]),
        (b"id,name\n", default(), ErrorKind::EmptyInput, &[]),
        (b"id,name\n,\n,\n", default(), ErrorKind::EmptyInput, &[]),
        (b"[]", default(), ErrorKind::EmptyInput, &[]),
        (b"[{}]", default(), ErrorKind::EmptyInput, &[]),
        (b"PK\x03\x04\x14\0\x06\0", default(), ErrorKind::Malformed, &["offset", "format"]),
        (b"abc\0\x01\x02\x03\x04", default(), ErrorKind::Malformed, &["offset"]),
        (b"\x1f\x8b\x08\0broken", default(), ErrorKind::Malformed, &["format"]),
        (b"[{\"a\":1},{\"a\":}]", default(), ErrorKind::Malformed, &["line", "offset"]),
        (b"{\"a\":1}\n{\"a\":\n", default(), ErrorKind::Malformed, &["line", "offset"]),
        (b"[{\"a\":1},3]", default(), ErrorKind::Malformed, &["item"]),
        (b"{\"a\":1}\n[2]\n", default(), ErrorKind::Malformed, &["line"]),
        (long.as_bytes(), default(), ErrorKind::TooLarge, &["line", "offset", "limit"]),
        (wide.as_bytes(), default(), ErrorKind::TooLarge, &["columns", "limit"]),
        (b"a,b\n1,2\n", ReadOptions { max_bytes: 4, ..default() }, ErrorKind::TooLarge, &["limit"]),
        (b"a\n1\n", ReadOptions { encoding: Some("klingon".into()), ..default() }, ErrorKind::Encoding, &["encoding"]),
        (
            b"a\n\xff\n",
            ReadOptions { encoding: Some("utf8".into()), ..default() },
            ErrorKind::Encoding,
            &["line", "offset"],
        ),
        (b"\xff\xfe\0\0a\0\0\0", default(), ErrorKind::Encoding, &["offset"]),
        (b"a\n1\n", ReadOptions { header_line: Some(9), ..default() }, ErrorKind::InvalidArgument, &["argument"]),
        (b"a\n1\n", ReadOptions { delimiter: Some('"'), ..default() }, ErrorKind::InvalidArgument, &["argument"]),
    ];
    for (bytes, options, kind, keys) in cases {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
        let error = read_bytes(bytes, Some("customers.csv"), &options).expect_err(&start);
        assert_eq!(error.kind(), kind, "{start:?}: {error}");
        assert!(error.suggestion().is_some(), "{start:?}: {error}");
        for key in keys {
            assert!(error.context().iter().any(|(k, _)| k == key), "{start:?}: {error:?}");
        }
    }
    let bomb = gzip(&vec![b'a'; 10_000_000]);
    let small = ReadOptions { max_bytes: 100_000, ..default() };
    assert_eq!(read_bytes(&bomb, None, &small).expect_err("too large").kind(), ErrorKind::TooLarge);
    let nested = read_bytes(&gzip(&gzip(b"a\n1\n")), None, &default()).expect_err("nested");
    assert!(nested.message().contains("inside a gzip"), "{nested}");
    let cut = gzip(b"a,b\n1,2\n");
    assert_eq!(read_bytes(&cut[..cut.len() - 9], None, &default()).expect_err("cut").kind(), ErrorKind::Malformed);
}

#[test]
fn read_many_columns() {
    let names: Vec<_> = (0..10_000).map(|i| format!("c{i}")).collect();
    let row: Vec<_> = (0..10_000).map(|i| i.to_string()).collect();
    let table = read(format!("{}\n{}\n{}\n", names.join(","), row.join(","), row.join(",")).as_bytes());
    assert_eq!((table.columns().len(), table.n_rows()), (10_000, 2));
    assert_eq!(table.column("c9999").expect("the last").data.cell(1).as_deref(), Some("9999"));
}

#[test]
fn read_notes_never_hold_cells() {
    let table = read(
        b"Secret title\n\nid,id,,fee,empty\nsecret1,a,b,1,\nsecret2,a\nsecret3,a,b,3,,secret4\n,,,,\nTotal,,,4,\n",
    );
    let codes: Vec<_> = table.notes().iter().map(|n| n.code).collect();
    for code in
        ["title_rows", "duplicate_header", "blank_header", "ragged_row", "total_row", "empty_column", "blank_rows"]
    {
        assert!(codes.contains(&code), "{code} of {codes:?}");
    }
    for note in table.notes() {
        assert!(!note.message.to_lowercase().contains("secret") && note.example_rows.len() <= 5, "{note:?}");
    }
    let ragged = table.notes().iter().find(|n| n.code == "ragged_row").expect("noted");
    assert_eq!((ragged.rows_affected, ragged.example_rows.as_slice()), (2, &[5, 6][..]));
    assert_eq!(shape(&table), "id|id_2|column_3|fee\nsecret1|a|b|1\nsecret2|a|_|_\nsecret3|a|b|3");
}

#[test]
fn read_records_by_type() {
    let records = json!([
        {"id": "x", "n": 1, "f": 1.5, "b": true, "mixed": 1, "nested": {"k": [1, 2]}},
        {"n": null, "f": 2, "b": false, "mixed": "one", "late": "z"},
    ]);
    let records: Vec<_> =
        records.as_array().expect("a list").iter().map(|r| r.as_object().expect("an object").clone()).collect();
    let table = read_records(&records).expect("a table");
    assert_eq!(shape(&table), "id|n|f|b|mixed|nested|late\nx|1|1.5|true|1|{\"k\":[1,2]}|_\n_|_|2|false|one|_|z");
    let data = |name: &str| &table.column(name).expect(name).data;
    assert!(matches!(data("n"), ColumnData::Integer(_)) && matches!(data("f"), ColumnData::Number(_)));
    assert!(matches!(data("b"), ColumnData::Boolean(_)) && matches!(data("mixed"), ColumnData::Text(_)));
    assert_eq!(read_records(&[]).expect_err("no records").kind(), ErrorKind::EmptyInput);
}

#[test]
fn what_is_said_of_cells_holds_for_every_kind_of_input() {
    use churn_core::Input;
    use churn_core::read::typed;
    let options = ReadOptions { decimal: Some(','), ..ReadOptions::default() };
    let record = json!({"fee": "1.234"}).as_object().expect("an object").clone();
    let raw = read_records(std::slice::from_ref(&record)).expect("a table");
    let bytes = b"fee\n1.234\n";
    for input in [Input::Bytes(bytes), Input::Records(std::slice::from_ref(&record)), Input::Raw(&raw)] {
        let value = |options: &ReadOptions| {
            typed(&input.read(options).expect("a table"))[0].parsed.values.number(0).expect("a number")
        };
        assert_eq!((value(&options), value(&ReadOptions::default())), (1234.0, 1.234));
    }
}

#[test]
fn money_in_cents_is_divided_where_the_header_says_so() {
    use churn_core::engine::validate;
    use churn_core::map::{MapOptions, map_table};
    use churn_core::schema::Profile;
    use churn_core::validate::{ValidateOptions, validate as judge};
    let report = |csv: &str| {
        let raw = read(csv.as_bytes());
        let mapping = map_table(&raw, &MapOptions::default()).expect("a mapping");
        let profile = Profile::shipped("generic").expect("shipped");
        let judged = judge(&raw, &mapping, &profile, &ValidateOptions::default()).expect("judged");
        let fee = judged.table.column("monthly_charges").expect("mapped").data.number(0);
        let report = validate(csv.as_bytes(), None, None, &ValidateOptions::default()).expect("judged");
        (fee, report.findings.iter().any(|f| f.code == "minor_units"))
    };
    let rows = "A1,4990,2\nA2,12050,3\nA3,990,14\n";
    assert_eq!(report(&format!("customer_id,monthly_charges_cents,tenure_months\n{rows}")), (Some(49.9), true));
    assert_eq!(report(&format!("customer_id,monthly_charges,tenure_months\n{rows}")), (Some(4990.0), false));
    let whole = rows.replace("990,", "99.5,");
    assert!(!report(&format!("customer_id,monthly_charges_cents,tenure_months\n{whole}")).1);
}

#[test]
fn short_rows_cannot_make_a_table_larger_than_the_limit() {
    let names: Vec<_> = (0..10_000).map(|i| format!("c{i}")).collect();
    let csv = format!("{}\n{}", names.join(","), "x\n".repeat(100_000));
    let small = ReadOptions { max_bytes: 10_000_000, ..ReadOptions::default() };
    let error = read_bytes(csv.as_bytes(), None, &small).expect_err("too many blank cells");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("blank"), "{error}");
    let rows = ReadOptions { max_rows: 10, ..ReadOptions::default() };
    assert_eq!(read_bytes(b"a\n1\n2\n", None, &rows).expect("two rows").n_rows(), 2);
    assert_eq!(read_bytes("a\n".repeat(20).as_bytes(), None, &rows).expect_err("20").kind(), ErrorKind::TooLarge);
}

#[test]
fn ragged_rows_are_told_in_plain_words() {
    let message = |csv: &str| {
        let table = read(csv.as_bytes());
        table.notes().iter().find(|n| n.code == "ragged_row").map(|n| n.message.clone()).expect("noted")
    };
    assert_eq!(
        message("a,b\n1,2\n3\n"),
        "1 row has fewer cells than the header has names; the missing cells count as blank (2 columns)"
    );
    assert_eq!(
        message("a,b\n1,2\n3,4,5\n6,7,8\n1,2\n1,2\n"),
        "2 rows have more cells than the header has names; the further ones were dropped (2 columns)"
    );
    assert!(message("a,b\n1,2\n3\n3,4,5\n1,2\n").contains("1 row has fewer cells"));
}
