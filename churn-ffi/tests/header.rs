//! `include/churn.h` is what the source says. `UPDATE_HEADER=1` writes it anew.

use churn_core::ErrorKind;
use std::path::Path;

/// The files with exported functions, in the order of the header.
const SOURCES: [&str; 7] = ["strings", "error", "engine", "read", "table", "desk", "model"];
/// The files without.
const REST: [&str; 2] = ["lib", "options"];

/// Version and status numbers, from the same lists that the library uses.
fn constants() -> String {
    let mut text = format!(
        "\n/* Version of this header; churn_version() is the library's. */\n#define CHURN_VERSION \"{}\"\n\n\
         /* What a call returns: 0 or an error's number. Numbers never move; new ones may come. */\n\
         enum churn_status {{\n    CHURN_OK = 0",
        env!("CARGO_PKG_VERSION")
    );
    for kind in ErrorKind::all() {
        let name = kind.code().to_uppercase();
        text += &format!(",\n    /* {} */\n    CHURN_{name} = {}", kind.meaning(), kind.number());
    }
    text + "\n};\n\n/* Of the Arrow C stream interface: https://arrow.apache.org/docs/format/CStreamInterface.html */\nstruct ArrowArrayStream;"
}

fn generated(root: &Path) -> String {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    config.after_includes = Some(constants());
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
        builder.with_src(root.join("src").join(name).with_extension("rs"))
    });
    let mut text = Vec::new();
    builder.generate().expect("the source has a header").write(&mut text);
    // In C it is about pointers; clippy wants the other word.
    String::from_utf8(text).expect("a header is text").replace(" * # Safety\n * ", " * Pointers: ")
}

#[test]
fn the_committed_header_is_the_generated_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/churn.h");
    let fresh = generated(root);
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &fresh).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        committed == fresh,
        "include/churn.h is not what the source says; run: UPDATE_HEADER=1 cargo test -p churn-ffi --test header"
    );
}

#[test]
fn every_source_is_known_and_every_exported_function_stands_in_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = generated(root);
    let mut seen = 0;
    for entry in std::fs::read_dir(root.join("src")).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        assert!(SOURCES.contains(&&*name) || REST.contains(&&*name), "src/{name}.rs is in no list of this test");
        let source = std::fs::read_to_string(&path).expect("a source can be read");
        for part in source.split("extern \"C\" fn ").skip(1) {
            let function = part.split('(').next().unwrap_or_default();
            assert!(function.starts_with("churn_"), "{function}");
            assert!(header.contains(&format!("{function}(")), "{function} is not in the header");
            seen += 1;
        }
    }
    assert_eq!(seen, 45, "a function came or went: README.md lists them all");
}

#[test]
fn every_call_of_the_table_stands_in_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("../docs/calls.md")).expect("docs/calls.md");
    let header = std::fs::read_to_string(root.join("include/churn.h")).expect("the header");
    let table = text.split("## Calls in JSON").next().expect("a table");
    let names: Vec<&str> =
        table.lines().filter_map(|line| line.split('|').nth(4)?.trim().strip_prefix('`')?.strip_suffix('`')).collect();
    assert!(names.len() > 25);
    for name in names {
        assert!(header.contains(&format!("{name}(")), "{name}");
    }
}
