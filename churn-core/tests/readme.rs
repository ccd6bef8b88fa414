//! The Rust example of the README runs as it stands.
#![cfg(feature = "pretrained")]

use std::path::Path;

// What stands between the two markers is compared with the README, word for word.
fn example() -> Result<(), churn_core::Error> {
    // <example>
    use churn_core::{Engine, ScoreOptions, report};

    let engine = Engine::pretrained("telecom")?;
    let scored = engine.score("test-data/telecom_customers.csv", &ScoreOptions::default())?;
    print!("{}", report::mapping_text(&scored.mapping));
    print!("{}", report::findings_text(&scored.quality));
    print!("{}", report::riskiest_text(&scored.predictions, 10));
    print!("{}", report::summary_text(&scored.predictions.summary()));
    scored.predictions.write_csv("scored.csv")?;
    // </example>
    Ok(())
}

#[test]
fn the_example_runs_and_is_the_one_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let source = include_str!("readme.rs");
    let code = source.split("// <example>\n").nth(1).and_then(|s| s.split("// </example>").next()).expect("markers");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README");
    let stated = readme.split("```rust\n").nth(1).and_then(|s| s.split("```").next()).expect("a Rust block");
    assert_eq!(words(stated), words(code));

    let directory = std::env::temp_dir().join(format!("churn-readme-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("test-data")).expect("directory");
    std::fs::copy(root.join("test-data/telecom_customers.csv"), directory.join("test-data/telecom_customers.csv"))
        .expect("copy");
    std::env::set_current_dir(&directory).expect("change directory");
    example().expect("the example runs");
    assert!(directory.join("scored.csv").exists());
    std::fs::remove_dir_all(&directory).expect("clean up");
}
