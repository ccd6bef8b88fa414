//! Pages that are made from the code: compared with what is committed; `UPDATE_GENERATED=1` rewrites them.

use churn_core::ErrorKind;
use churn_core::features::DERIVED;
use churn_core::schema::{Profile, TableKind, event_features, fields};
use std::fmt::Write;
use std::path::Path;

fn check(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/{file} is out of date: run `make generated`");
}

#[test]
fn errors() {
    let mut text = String::from(
        "# Errors\n\nOne scheme in all languages: every error has a stable `code`, a stable `number`, a message that says what and\nwhere, a hint on how to mend it, and machine-readable `context` (path, row, column, offset and the like). Messages never\nhold the content of a cell. Made from the code by `make generated`.\n\n| number | code | stage | meaning |\n|---|---|---|---|\n",
    );
    for kind in ErrorKind::all() {
        writeln!(text, "| {} | `{}` | {} | {} |", kind.number(), kind.code(), kind.stage().name(), kind.meaning())
            .expect("text");
    }
    text += "\n| stage | Python | Node | C |\n|---|---|---|---|\n";
    let classes = [
        "ChurnError",
        "ReadError",
        "MappingError",
        "ValidationError",
        "FeatureError",
        "ModelError",
        "TrainError",
        "ReportError",
    ];
    for (stage, class) in churn_core::Stage::ALL.iter().zip(classes) {
        writeln!(text, "| {} | `churn.{class}` | `err.code`, `err.number` | the number is the status |", stage.name())
            .expect("text");
    }
    check("errors.md", &text);
}

#[test]
fn canonical_fields() {
    let mut text = String::from(
        "# Canonical fields\n\nMade from `churn-core/schema/fields.toml` by `make generated`. A column that means none of these keeps its own name and may\nstill be a feature.\n",
    );
    for kind in TableKind::ALL {
        write!(
            text,
            "\n## {}\n\n| field | type | unit | limits | notes | meaning |\n|---|---|---|---|---|---|\n",
            kind.name()
        )
        .expect("text");
        for field in fields(kind) {
            let field_type = format!("{:?}", field.field_type).to_lowercase();
            let limits = match (field.min, field.max) {
                (Some(a), Some(b)) => format!("{a} to {b}"),
                (Some(a), None) => format!("at least {a}"),
                (None, Some(b)) => format!("at most {b}"),
                (None, None) => String::new(),
            };
            let notes = match (field.pii, field.leak) {
                (true, _) => "personal",
                (_, true) => "never a feature",
                _ => "",
            };
            writeln!(
                text,
                "| `{}` | {field_type} | {} | {limits} | {notes} | {} |",
                field.name,
                field.unit.as_deref().unwrap_or(""),
                field.description
            )
            .expect("text");
        }
    }
    text += "\n## Derived columns\n\nAdded where the table lacks them and has what they need; `as_of` is the day the row describes.\n\n| column | unit | formula |\n|---|---|---|\n";
    for derived in DERIVED {
        writeln!(text, "| `{}` | {} | {} |", derived.name, derived.unit, derived.formula).expect("text");
    }
    text += "\n## Required by profile\n\n| profile | required |\n|---|---|\n";
    for name in Profile::shipped_names() {
        let profile = Profile::shipped(name).expect("profile");
        let required: Vec<String> = profile.required.iter().map(|any| any.join(" or ")).collect();
        let required = if required.is_empty() { "nothing".to_owned() } else { required.join(", ") };
        writeln!(text, "| {name} | {required} |").expect("text");
    }
    check("fields.md", &text);
}

#[test]
fn findings() {
    use churn_core::validate::{Code, READER_CODES};
    let mut text = String::from(
        "# Findings of the quality report\n\nEvery finding has a stable code. The score is 100 minus the cost of each finding: points by severity (error 30, warning 10,\ninfo 0) times the square root of the share of rows affected. Made from the code by `make generated`.\n\n| code | layer | severity | meaning |\n|---|---|---|---|\n",
    );
    for code in Code::all() {
        let (layer, severity) = (code.layer().name(), code.severity().name());
        writeln!(text, "| `{}` | {layer} | {severity} | {} |", code.name(), code.meaning()).expect("text");
    }
    text += "\n## From reading\n\nWhat was met while a file was read is a finding of the layer `schema` under its own code.\n\n| code | severity | meaning |\n|---|---|---|\n";
    for (code, severity, meaning) in READER_CODES {
        writeln!(text, "| `{code}` | {} | {meaning} |", severity.name()).expect("text");
    }
    text += "\n## Business rules\n\nA broken rule of the profile is a warning of the layer `business_rules` under the rule's own code. Shipped rules:\n\n| code | profile | what must hold |\n|---|---|---|\n";
    for name in Profile::shipped_names() {
        for rule in &Profile::shipped(name).expect("profile").rules {
            writeln!(text, "| `{}` | {name} | `{}` |", rule.code, rule.check).expect("text");
        }
    }
    check("findings.md", &text);
}

#[test]
fn features_of_events() {
    let mut text = String::from(
        "# Event features\n\nMade from `churn-core/schema/event_features.toml` by `make generated`; [events.md](events.md) tells the rules of time. Windows\nare half-open and end before `as_of`: `[as_of - window, as_of)`. `change(a, b)` is `(a - b) / max(a, b)`: between -1 and 1,\nand 0 where both are 0. Counts and sums are 0 for a customer without rows; means, shares and days are missing. A feature is\nleft out, and told, where a table or a column that it needs is not there (`a|b`: one of them).\n",
    );
    for kind in TableKind::ALL.into_iter().skip(1) {
        let of_kind: Vec<_> = event_features().iter().filter(|f| f.table == kind).collect();
        write!(
            text,
            "\n## {}\n\n{} features.\n\n| feature | unit | window | needs | formula |\n|---|---|---|---|---|\n",
            kind.name(),
            of_kind.len()
        )
        .expect("text");
        for feature in of_kind {
            let needs: Vec<_> = feature.needs.iter().map(|n| format!("`{}`", n.replace('|', "\\|"))).collect();
            writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                feature.name,
                feature.unit.as_deref().unwrap_or("category"),
                feature.window,
                needs.join(", "),
                feature.formula
            )
            .expect("text");
        }
    }
    check("features.md", &text);
}
