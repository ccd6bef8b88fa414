//! Files that are part of the build and were packed by `build.rs`.

use std::io::Read;

/// The packed file of this name.
macro_rules! packed {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name)).as_slice()
    };
}
pub(crate) use packed;

/// The bytes of a packed file.
pub(crate) fn bytes(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What the build packed unpacks.
    #[allow(clippy::expect_used)]
    flate2::read::DeflateDecoder::new(packed).read_to_end(&mut bytes).expect("a file that the build packed");
    bytes
}

/// The text of a packed file.
pub(crate) fn text(packed: &[u8]) -> String {
    // As above; the files that hold text are UTF-8.
    #[allow(clippy::expect_used)]
    String::from_utf8(bytes(packed)).expect("a text that the build packed")
}
