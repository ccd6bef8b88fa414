//! Scored tables as bytes, so that a host can keep them or hand them to another process of the same version.

use super::Scored;
use crate::error::{Error, ErrorKind, Result};

impl Scored {
    /// The scored table as bytes (JSON); numbers keep their bits.
    ///
    /// # Errors
    /// `internal` where it has no JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::internal("a scored table without JSON").caused_by(e))
    }

    /// A scored table from the bytes that [`to_bytes`](Scored::to_bytes) gave.
    ///
    /// # Errors
    /// `malformed` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Scored> {
        serde_json::from_slice(bytes).map_err(|e| {
            Error::new(ErrorKind::Malformed, "the bytes are not a scored table of this version")
                .with("line", e.line())
                .with("column", e.column())
                .hint("give what to_bytes of the same version gave")
        })
    }
}

#[cfg(all(test, feature = "pretrained"))]
mod tests {
    use crate::{Engine, ScoreOptions, Scored};

    #[test]
    fn a_scored_table_survives_its_bytes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-data/telecom_customers.csv");
        let scored = Engine::pretrained("telecom").and_then(|e| e.score(path, &ScoreOptions::default()));
        let scored = scored.expect("scored");
        let again = Scored::from_bytes(&scored.to_bytes().expect("bytes")).expect("read");
        assert_eq!(
            (&again.predictions, &again.mapping, &again.quality),
            (&scored.predictions, &scored.mapping, &scored.quality)
        );
        assert_eq!(Scored::from_bytes(b"{}").expect_err("nothing").code(), "malformed");
    }
}
