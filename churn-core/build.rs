//! Packs what is large among the files that are part of the build: the spellings of the mapper and the shipped models. They
//! are read once a process, and would be a good part of a small library.
//!
//! Tells `train` where the scorecards lie, seen from the crate: inside it when it was packaged (`models` is a link to the
//! repository's folder, which packaging turns into files), beside it in a checkout without links. No absolute path: a target
//! directory may serve several checkouts.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let folder = |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let (root, out) = (folder("CARGO_MANIFEST_DIR"), folder("OUT_DIR"));
    let models = if root.join("models").is_dir() { "models" } else { "../models" };
    println!("cargo::rustc-env=CHURN_MODELS={models}");
    println!("cargo::rerun-if-changed=build.rs");
    for entry in std::fs::read_dir(root.join("map"))? {
        let path = entry?.path();
        pack(&path, &out.join(path.file_name().unwrap_or_default()))?;
    }
    for name in ["saas", "telecom"] {
        pack(&root.join(models).join(name).join("1.0.0/model.safetensors"), &out.join(format!("{name}.model")))?;
    }
    Ok(())
}

fn pack(from: &Path, to: &Path) -> Result<()> {
    println!("cargo::rerun-if-changed={}", from.display());
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&std::fs::read(from)?)?;
    std::fs::write(to, packed.finish()?)
}
