//! Tells `registry` where the shipped models lie: inside the crate when it was packaged (`models` is a link to the
//! repository's folder, which packaging turns into files), beside it in a checkout without links.

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inside = root.join("models");
    let models = if inside.is_dir() { inside } else { root.join("../models") };
    println!("cargo::rustc-env=CHURN_MODELS={}", models.display());
    println!("cargo::rerun-if-changed=build.rs");
}
