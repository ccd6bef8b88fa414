//! Files with the kinds of pollution of the Pollock benchmark (Vitagliano et al., VLDB 2023): each must give
//! the table and the notes that the manifest states.

use churn_core::read::{ReadOptions, read_path};
use serde_json::Value;
use std::path::Path;

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|v| v.as_str().expect("text")).collect()
}

fn check(folder: &Path, expected: &Value) {
    let file = expected["file"].as_str().expect("a file name");
    let table = read_path(folder.join(file), &ReadOptions::default()).expect(file);
    let names: Vec<_> = table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, texts(&expected["columns"]), "{file}");
    assert_eq!(table.n_rows() as u64, expected["rows"].as_u64().expect("a number"), "{file}");
    let mut notes: Vec<_> = table.notes().iter().map(|n| n.code).collect();
    notes.sort_unstable();
    assert_eq!(notes, texts(&expected["notes"]), "{file}");
    for cell in expected["cells"].as_array().into_iter().flatten() {
        let column = table.column(cell["column"].as_str().expect("a name")).expect(file);
        let row = cell["row"].as_u64().expect("a row") as usize;
        assert_eq!(column.data.cell(row).as_deref(), cell["value"].as_str(), "{file}, row {row}, {}", column.name);
    }
    for (row, cells) in expected["table"].as_array().into_iter().flatten().enumerate() {
        for (column, cell) in table.columns().iter().zip(cells.as_array().expect("a row")) {
            assert_eq!(column.data.cell(row).as_deref(), cell.as_str(), "{file}, row {row}, {}", column.name);
        }
    }
    for (row, line) in expected["lines"].as_array().into_iter().flatten().enumerate() {
        assert_eq!(Some(table.row_number(row)), line.as_u64(), "{file}, row {row}");
    }
    let source = table.source();
    if let Some(delimiter) = expected["delimiter"].as_str() {
        assert_eq!(source.delimiter, delimiter.chars().next(), "{file}");
    }
    if let Some(quote) = expected["quote"].as_str() {
        assert_eq!(source.quote, quote.chars().next(), "{file}");
    }
    if let Some(encoding) = expected["encoding"].as_str() {
        assert_eq!(source.encoding.as_deref(), Some(encoding), "{file}");
    }
    if let Some(line) = expected.get("header_line") {
        assert_eq!(source.header_line, line.as_u64(), "{file}");
    }
}

#[test]
fn polluted_files_read_as_the_manifest_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data/polluted");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let cases = manifest.as_array().expect("a list");
    assert!(cases.len() >= 45);
    for case in cases {
        check(&folder, case);
    }
}
