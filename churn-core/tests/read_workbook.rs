//! Workbooks: sheets, types, what stands around the rows, limits, damage.

use churn_core::ErrorKind;
use churn_core::read::{ReadOptions, read_bytes};
use churn_core::table::{ColumnData, RawTable};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use std::io::Write;

fn bytes(build: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    build(&mut book);
    book.save_to_buffer().expect("in memory")
}

/// One sheet of these rows from `row` on; a cell that reads as a number is one.
fn fill(sheet: &mut Worksheet, row: u32, rows: &[&[&str]]) {
    for (i, cells) in rows.iter().enumerate() {
        for (j, cell) in cells.iter().enumerate() {
            let (row, column) = (row + i as u32, j as u16);
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).expect("a cell"),
                Err(_) if cell.is_empty() => continue,
                Err(_) => sheet.write_string(row, column, *cell).expect("a cell"),
            };
        }
    }
}

fn read(bytes: &[u8], options: &ReadOptions) -> RawTable {
    read_bytes(bytes, Some("customers.xlsx"), options).expect("a table")
}

fn shape(table: &RawTable) -> String {
    let row = |r: usize| {
        let cells: Vec<_> =
            table.columns().iter().map(|c| c.data.cell(r).map_or("_".into(), |v| v.into_owned())).collect();
        format!("{}: {}", table.row_number(r), cells.join("|"))
    };
    let names: Vec<_> = table.columns().iter().map(|c| c.name.clone()).collect();
    std::iter::once(names.join("|")).chain((0..table.n_rows()).map(row)).collect::<Vec<_>>().join("\n")
}

fn codes(table: &RawTable) -> Vec<&'static str> {
    table.notes().iter().map(|n| n.code).collect()
}

#[test]
fn cells_keep_their_types() {
    let book = bytes(|book| {
        let sheet = book.add_worksheet();
        let names = ["id", "seats", "fee", "since", "seen", "active", "mixed", "computed"];
        for (j, name) in names.iter().enumerate() {
            sheet.write_string(0, j as u16, *name).expect("a header");
        }
        let day = Format::new().set_num_format("dd.mm.yyyy");
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm");
        for (row, month) in [(1, 3), (2, 12)] {
            let date = ExcelDateTime::from_ymd(2024, month, 5).expect("a date");
            sheet.write_string(row, 0, format!("A{row}")).expect("a cell");
            sheet.write_number(row, 1, f64::from(row) * 10.0).expect("a cell");
            sheet.write_number(row, 2, f64::from(row) + 0.5).expect("a cell");
            sheet.write_datetime_with_format(row, 3, &date, &day).expect("a cell");
            let clock = date.and_hms(10, 30, 0).expect("a time");
            sheet.write_datetime_with_format(row, 4, &clock, &time).expect("a cell");
            sheet.write_boolean(row, 5, row == 1).expect("a cell");
            sheet.write_formula(row, 7, Formula::new("B2*2").set_result("40")).expect("a cell");
        }
        sheet.write_string(1, 6, "n/a").expect("a cell");
        sheet.write_number(2, 6, 7.0).expect("a cell");
    });
    let table = read(&book, &ReadOptions::default());
    assert_eq!(
        shape(&table),
        "id|seats|fee|since|seen|active|mixed|computed\n\
         2: A1|10|1.5|2024-03-05|2024-03-05T10:30:00Z|true|n/a|40\n\
         3: A2|20|2.5|2024-12-05|2024-12-05T10:30:00Z|false|7|40"
    );
    let data = |name: &str| &table.column(name).expect(name).data;
    assert!(matches!(data("seats"), ColumnData::Integer(_)) && matches!(data("fee"), ColumnData::Number(_)));
    assert!(matches!(data("since"), ColumnData::Date(_)) && matches!(data("seen"), ColumnData::Timestamp(_)));
    assert!(matches!(data("active"), ColumnData::Boolean(_)) && matches!(data("mixed"), ColumnData::Text(_)));
    let source = table.source();
    assert_eq!((source.format.as_str(), source.sheet.as_deref()), ("xlsx", Some("Sheet1")));
    assert_eq!((source.header_line, source.name.as_deref()), (Some(1), Some("customers.xlsx")));
    assert!(codes(&table).is_empty());
}

#[test]
fn titles_totals_and_stray_cells_are_no_rows() {
    let book = bytes(|book| {
        let sheet = book.add_worksheet();
        sheet.merge_range(0, 0, 0, 3, "Customers of 2024", &Format::new()).expect("a title");
        fill(
            sheet,
            2,
            &[
                &["", "Id", "Plan", "Fee", "Empty"],
                &["", "A1", "Basic", "10"],
                &["", "A2", "Pro", "20"],
                &["", "Id", "Plan", "Fee", "Empty"],
                &["", "A3", "", "30"],
                &["", "Total", "", "60"],
                &["", "Exported on Monday"],
            ],
        );
    });
    let table = read(&book, &ReadOptions::default());
    assert_eq!(shape(&table), "Id|Plan|Fee\n4: A1|Basic|10\n5: A2|Pro|20\n7: A3|_|30");
    assert!(matches!(table.column("Fee").expect("a fee").data, ColumnData::Integer(_)), "the total is no text in it");
    let source = table.source();
    assert_eq!((source.title_lines.as_slice(), source.dropped_lines.as_slice()), (&[1][..], &[8, 9][..]));
    assert_eq!(source.empty_columns, ["column_1", "Empty"]);
    for code in ["title_rows", "repeated_header", "total_row", "footer_rows", "empty_column"] {
        assert!(codes(&table).contains(&code), "{code} of {:?}", codes(&table));
    }
    let all = ReadOptions { keep_totals: true, keep_empty_columns: true, ..ReadOptions::default() };
    let table = read(&book, &all);
    assert_eq!((table.n_rows(), table.columns().len()), (5, 5));
}

#[test]
fn the_first_visible_sheet_with_content_or_the_one_asked_for() {
    let book = bytes(|book| {
        book.add_worksheet().set_name("Empty").expect("a name");
        let hidden = book.add_worksheet().set_name("Lists").expect("a name");
        fill(hidden, 0, &[&["k", "v"], &["x", "y"]]);
        hidden.set_hidden(true);
        fill(book.add_worksheet().set_name("Accounts").expect("a name"), 0, &[&["id", "n"], &["a", "1"]]);
        fill(book.add_worksheet().set_name("Other").expect("a name"), 0, &[&["id", "n"], &["b", "2"]]);
    });
    let sheet = |name: &str| ReadOptions { sheet: Some(name.to_owned()), ..ReadOptions::default() };
    assert_eq!(shape(&read(&book, &ReadOptions::default())), "id|n\n2: a|1");
    assert_eq!(read(&book, &sheet("other")).source().sheet.as_deref(), Some("Other"));
    assert_eq!(shape(&read(&book, &sheet("4"))), "id|n\n2: b|2");
    assert_eq!(shape(&read(&book, &sheet("Lists"))), "k|v\n2: x|y");
    let error = read_bytes(&book, None, &sheet("Missing")).expect_err("no such sheet");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("'Accounts'"), "{error}");
    let error = read_bytes(&book, None, &sheet("Empty")).expect_err("an empty sheet");
    assert_eq!(error.kind(), ErrorKind::EmptyInput);
    let header = |line| ReadOptions { header_line: Some(line), ..ReadOptions::default() };
    assert_eq!(shape(&read(&book, &header(0))), "column_1|column_2\n1: id|n\n2: a|1");
    assert_eq!(read_bytes(&book, None, &header(7)).expect_err("no row 7").kind(), ErrorKind::InvalidArgument);
}

#[test]
fn far_cells_and_bombs_cost_nothing() {
    let far = bytes(|book| {
        let sheet = book.add_worksheet();
        fill(sheet, 0, &[&["id", "n"]]);
        for row in 1..=300 {
            fill(sheet, row, &[&["x", "1"]]);
        }
        sheet.write_string(1_048_575, 16_383, "far").expect("a cell");
    });
    let table = read(&far, &ReadOptions::default());
    assert_eq!((table.columns().len(), table.n_rows()), (2, 301));
    assert!(codes(&table).contains(&"ragged_row"));
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("xl/workbook.xml", options).expect("an entry");
    writer.write_all(&vec![b' '; 20_000_000]).expect("content");
    let bomb = writer.finish().expect("an archive").into_inner();
    assert!(bomb.len() < 100_000);
    let small = ReadOptions { max_bytes: 1_000_000, ..ReadOptions::default() };
    assert_eq!(read_bytes(&bomb, None, &small).expect_err("a bomb").kind(), ErrorKind::TooLarge);
    assert_eq!(read_bytes(&bomb, None, &ReadOptions::default()).expect_err("no workbook").kind(), ErrorKind::Malformed);
    let rows = ReadOptions { max_rows: 100, ..ReadOptions::default() };
    assert_eq!(read_bytes(&far, None, &rows).expect_err("too many").kind(), ErrorKind::TooLarge);
}

#[test]
fn damaged_workbooks_are_errors() {
    let book = bytes(|book| fill(book.add_worksheet(), 0, &[&["id", "n"], &["a", "1"], &["b", "2"]]));
    for cut in (4..book.len()).step_by(97) {
        let error = read_bytes(&book[..cut], None, &ReadOptions::default()).expect_err("cut short");
        assert_eq!(error.kind(), ErrorKind::Malformed, "{cut}: {error}");
        assert!(error.suggestion().is_some());
    }
    // What is left readable after a byte is changed is a table; nothing panics.
    for at in (0..book.len()).step_by(13) {
        let mut changed = book.clone();
        changed[at] ^= 0x55;
        let _ = read_bytes(&changed, None, &ReadOptions::default());
    }
    let old = read_bytes(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest", None, &ReadOptions::default()).expect_err("old");
    assert!(old.to_string().contains(".xlsx"), "{old}");
    let zip = read_bytes(b"PK\x03\x04\x14\0\x06\0", None, &ReadOptions::default()).expect_err("a zip");
    assert_eq!(zip.kind(), ErrorKind::Malformed);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let error = read_bytes(b"PAR1\x15\0\0\0\0\0PAR1", None, &ReadOptions::default()).expect_err("not built in");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("'parquet'"), "{error}");
}
