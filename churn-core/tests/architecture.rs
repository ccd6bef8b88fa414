//! The dependency rule: a module uses the floor and the stages before it, never those behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module may use; `docs/ARCHITECTURE.md` shows the same table.
const ALLOWED: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("progress", &[]),
    ("packed", &[]),
    ("provoke", &["error"]),
    ("schema", &["error"]),
    ("metrics", &[]),
    ("files", &["error"]),
    ("config", &["error"]),
    ("table", &["error", "files"]),
    ("read", &["error", "schema", "table"]),
    ("map", &["error", "files", "packed", "read", "schema", "table"]),
    ("validate", &["error", "map", "metrics", "read", "schema", "table"]),
    ("events", &["error", "map", "read", "schema", "table", "validate"]),
    ("features", &["error", "schema", "table"]),
    ("model", &["error", "events", "features", "schema", "table"]),
    ("score", &["features", "model", "schema"]),
    ("explain", &["error", "features", "model", "schema", "score", "table"]),
    ("decide", &["error", "explain", "features", "model", "schema", "score"]),
    ("alert", &["config", "error", "schema", "table"]),
    ("lead", &["config", "error", "read", "schema", "table"]),
    ("health", &["config", "error", "features", "metrics", "schema", "table"]),
    ("registry", &["error", "model", "packed"]),
    ("report", &["decide", "error", "explain", "files", "map", "read", "score", "table", "validate"]),
    ("train", &["error", "features", "metrics", "model", "progress", "schema", "table"]),
];

fn sources(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a source directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
            into.push(path);
        }
    }
}

/// The text up to its inline test module; `#[cfg(test)] mod tests;` ends nothing, the code goes on behind it.
fn without_tests(text: &str) -> &str {
    let inline = text.match_indices("#[cfg(test)]").find(|(at, _)| {
        let module = text[*at..].lines().nth(1).unwrap_or_default();
        module.contains("mod ") && module.ends_with('{')
    });
    inline.map_or(text, |(at, _)| &text[..at])
}

#[test]
fn only_inline_tests_are_left_out() {
    let declared = "#[cfg(test)]\nmod tests;\nuse crate::later;\n";
    assert_eq!(without_tests(declared), declared);
    assert_eq!(without_tests("code\n#[cfg(test)]\nmod tests {\n}\n"), "code\n");
}

/// The modules that the code of each module names as `crate::...`, tests left out.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("below src").to_str().expect("utf-8").to_owned();
        let module = relative.split('/').next().expect("a name").trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).expect("readable");
        let code = without_tests(&text);
        let lines = code.lines().filter(|l| !l.trim_start().starts_with("//"));
        for line in lines {
            for after in line.split("crate::").skip(1) {
                // `$crate::` and `pub(crate)` name no module.
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() && name.chars().next().is_some_and(char::is_lowercase) {
                    found.entry(module.clone()).or_default().insert(name);
                }
            }
        }
    }
    found
}

#[test]
fn data_flows_one_way() {
    let uses = uses();
    for (module, used) in &uses {
        if ["lib", "engine"].contains(&module.as_str()) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(m, _)| m == module);
        let allowed: BTreeSet<&str> =
            allowed.unwrap_or_else(|| panic!("module '{module}' has no rule")).1.iter().copied().collect();
        for name in used.iter().filter(|n| *n != module) {
            assert!(
                allowed.contains(name.as_str()),
                "'{module}' uses '{name}', which the dependency rule does not allow"
            );
        }
    }
    for (module, _) in ALLOWED {
        let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module).exists()
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(format!("{module}.rs")).exists();
        assert!(exists, "the rule names '{module}', which is gone");
    }
}

#[test]
fn nothing_but_the_engine_uses_train() {
    for (module, used) in uses() {
        assert!(!used.contains("train") || ["engine", "train"].contains(&module.as_str()), "'{module}' uses train");
    }
}

#[test]
fn the_core_prints_nothing_and_has_no_clock_and_no_environment() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        let code = without_tests(&text);
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for banned in [
                "println!",
                "print!(",
                "eprint",
                "SystemTime",
                "Instant::now",
                "Zoned::now",
                "Timestamp::now",
                "env::var",
                "thread_rng",
                "from_entropy",
            ] {
                assert!(!line.contains(banned), "{}: {line}", file.display());
            }
        }
    }
}
