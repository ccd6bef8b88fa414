//! Tells `registry` where the shipped models lie, seen from the crate: inside it when it was packaged (`models` is a link to
//! the repository's folder, which packaging turns into files), beside it in a checkout without links. No absolute path: a target
//! directory may serve several checkouts.

use std::path::Path;

fn main() {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let models = if Path::new(&root).join("models").is_dir() { "models" } else { "../models" };
    println!("cargo::rustc-env=CHURN_MODELS={models}");
    println!("cargo::rerun-if-changed=build.rs");
}
