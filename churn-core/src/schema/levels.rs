//! Canonical levels of category fields.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

type Levels = HashMap<String, String>;

/// Fields whose levels are those of another field.
const SAME_LEVELS: [(&str, &str); 5] = [
    ("online_backup", "online_security"),
    ("device_protection", "online_security"),
    ("tech_support", "online_security"),
    ("streaming_tv", "online_security"),
    ("streaming_movies", "online_security"),
];

static LEVELS: LazyLock<HashMap<String, Levels>> = LazyLock::new(|| {
    // The file is part of the build and a test reads it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: BTreeMap<String, BTreeMap<String, Vec<String>>> =
        toml::from_str(include_str!("../../schema/levels.toml")).expect("schema/levels.toml is valid");
    let keyed = |levels: BTreeMap<String, Vec<String>>| {
        let mut keys = Levels::new();
        for (level, spellings) in levels {
            for spelling in spellings.iter().chain([&level]) {
                keys.insert(level_key(spelling), level.clone());
            }
        }
        keys
    };
    file.into_iter().map(|(field, levels)| (field, keyed(levels))).collect()
});

/// The form in which levels are compared: letters and digits only, lower case. "Month-to-Month" and
/// "month to month" are one level.
pub fn level_key(level: &str) -> String {
    level.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether two texts have the same [`level_key`].
pub(crate) fn same_level(a: &str, b: &str) -> bool {
    fn key(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    fn ascii(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
    }
    a == b || if a.is_ascii() && b.is_ascii() { ascii(a).eq(ascii(b)) } else { key(a).eq(key(b)) }
}

/// The canonical level that a value of a category field is another spelling of.
pub fn canonical_level(field: &str, value: &str) -> Option<&'static str> {
    let field = SAME_LEVELS.iter().find(|(f, _)| *f == field).map_or(field, |(_, same)| same);
    LEVELS.get(field)?.get(&level_key(value)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet_in_one_level() {
        let cases = [
            ("contract", "month to MONTH", Some("Month-to-month")),
            ("contract", "24 months", Some("Two year")),
            ("contract", "Lifetime", None),
            ("tech_support", "n", Some("No")),
            ("internet_service", "Fibre Optic", Some("Fiber optic")),
            ("billing_interval", "Annually", Some("year")),
            ("country", "DE", None),
        ];
        for (field, value, level) in cases {
            assert_eq!(canonical_level(field, value), level, "{field} {value}");
        }
    }

    #[test]
    fn levels_are_the_same_where_their_keys_are() {
        let spellings = ["Two year", "two-YEAR", "Two years", "", "-", "Größe", "grösse", "GRÖSSE!", "\u{130}", "i"];
        for a in spellings {
            for b in spellings {
                assert_eq!(same_level(a, b), level_key(a) == level_key(b), "{a} {b}");
            }
        }
    }

    #[test]
    fn no_spelling_belongs_to_two_levels() {
        let file: BTreeMap<String, BTreeMap<String, Vec<String>>> =
            toml::from_str(include_str!("../../schema/levels.toml")).expect("valid");
        for (field, levels) in file {
            assert!(crate::schema::field(&field).is_some(), "{field}");
            let mut seen = HashMap::new();
            for (level, spellings) in &levels {
                for spelling in spellings.iter().chain([level]) {
                    let before = seen.insert(level_key(spelling), level);
                    assert!(before.is_none_or(|b| b == level), "{field}: '{spelling}' is in {before:?} and {level}");
                }
            }
        }
    }
}
