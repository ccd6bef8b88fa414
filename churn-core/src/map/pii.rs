//! Which columns seem to hold personal data, whatever they map to.

use super::aliases::expand;
use super::names::Header;
use super::values::ValueProfile;
use crate::packed::{self, packed};
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct PiiFile {
    spellings: Vec<String>,
    words: HashSet<String>,
    not_words: HashSet<String>,
}

struct Pii {
    keys: HashSet<String>,
    letters: HashSet<String>,
    words: HashSet<String>,
    not_words: HashSet<String>,
}

static PII: LazyLock<Pii> = LazyLock::new(|| {
    // The file is part of the build and the tests read it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: PiiFile = toml::from_str(&packed::text(packed!("pii.toml"))).expect("map/pii.toml is valid");
    let headers: Vec<Header> = file.spellings.iter().flat_map(|s| expand(s)).map(|s| Header::new(&s)).collect();
    Pii {
        keys: headers.iter().filter(|h| !h.tokens.is_empty()).map(Header::key).collect(),
        letters: headers.into_iter().map(|h| h.squash).collect(),
        words: file.words,
        not_words: file.not_words,
    }
});

/// Share of cells of a personal shape from which on a column counts as personal.
const ENOUGH: f64 = 0.3;

/// Whether a column seems to hold personal data, judged by its header and the shape of its cells.
pub(crate) fn personal(header: &Header, values: &ValueProfile) -> bool {
    if values.email >= ENOUGH || values.ip >= ENOUGH || values.phone >= 0.6 {
        return true;
    }
    // Flags and small counts say nothing about a person by themselves.
    if values.seen() && (values.boolean() >= 0.9 || (values.number >= 0.9 && values.max < 100.0)) {
        return false;
    }
    let known = PII.keys.contains(&header.key()) || PII.letters.contains(&header.squash);
    let word =
        header.tokens.iter().any(|t| PII.words.contains(t)) && !header.tokens.iter().any(|t| PII.not_words.contains(t));
    (known && !header.squash.is_empty()) || word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_headers_and_shapes() {
        let none = ValueProfile::default();
        for header in
            ["first_name", "Last Name", "E-mail", "billing_street", "Birthday", "created_from_ip", "ip address"]
        {
            assert!(personal(&Header::new(header), &none), "{header}");
        }
        for header in ["tenure", "plan", "email_messages_count", "fee", "", "logins"] {
            assert!(!personal(&Header::new(header), &none), "{header}");
        }
        let addresses = ValueProfile::new(&["a@b.io".to_owned()]);
        assert!(personal(&Header::new("x17"), &addresses));
        let flags = ValueProfile::new(&["0".to_owned(), "1".to_owned()]);
        assert!(!personal(&Header::new("Phone"), &flags));
    }
}
