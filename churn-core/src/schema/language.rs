//! The languages in which reasons and recommendations are told.
//!
//! Everything is written in English in the fields, the features and the profiles; a catalogue of a language
//! (`words/*.toml`) has the other half. A text that it does not know, such as a phrase of a profile of your own, stays as
//! it is.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A language of reasons and recommendations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// `en`.
    #[default]
    #[serde(rename = "en")]
    English,
    /// `de`.
    #[serde(rename = "de")]
    German,
    /// `es`.
    #[serde(rename = "es")]
    Spanish,
    /// `fr`.
    #[serde(rename = "fr")]
    French,
}

#[derive(Deserialize)]
struct Catalogue {
    grammar: Grammar,
    texts: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Grammar {
    yes: String,
    no: String,
    not_known: String,
    other: String,
    decimal: char,
    percent: String,
    colon: String,
    /// Numbers below this one are told as one of a unit; only 1 itself where not given.
    singular_below: Option<f64>,
    /// One of a unit, and several.
    #[serde(flatten)]
    units: HashMap<String, [String; 2]>,
}

static CATALOGUES: LazyLock<[Catalogue; 4]> = LazyLock::new(|| {
    // The files are part of the build and a test reads them; they cannot fail at run time.
    #[allow(clippy::expect_used)]
    [
        include_str!("../../words/en.toml"),
        include_str!("../../words/de.toml"),
        include_str!("../../words/es.toml"),
        include_str!("../../words/fr.toml"),
    ]
    .map(|text| toml::from_str(text).expect("the words are valid"))
});

impl Language {
    /// All of them.
    pub const ALL: [Language; 4] = [Language::English, Language::German, Language::Spanish, Language::French];

    /// The language of this code: `en`, `de`, `es` or `fr`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(code: &str) -> Result<Language> {
        Language::ALL.into_iter().find(|l| l.code() == code).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there are no reasons in the language '{code}'"))
                .with("argument", "language")
                .hint("use 'en', 'de', 'es' or 'fr'")
        })
    }

    /// Its code (ISO 639-1).
    pub fn code(self) -> &'static str {
        ["en", "de", "es", "fr"][self as usize]
    }

    pub(crate) fn is_english(&self) -> bool {
        *self == Language::English
    }

    fn catalogue(self) -> &'static Catalogue {
        &CATALOGUES[self as usize]
    }

    /// An English text in this language. A number in it may stand as `{w}` in the catalogue.
    pub(crate) fn text(self, english: &str) -> Cow<'_, str> {
        if self.is_english() {
            return Cow::Borrowed(english);
        }
        let texts = &self.catalogue().texts;
        if let Some(text) = texts.get(english) {
            return Cow::Borrowed(text);
        }
        let is_digit = |c: char| c.is_ascii_digit();
        let number = english.find(is_digit).map(|start| {
            let length = english[start..].find(|c| !is_digit(c)).unwrap_or(english.len() - start);
            start..start + length
        });
        let found = number.and_then(|number| {
            let pattern = format!("{}{{w}}{}", &english[..number.start], &english[number.end..]);
            Some(texts.get(&pattern)?.replace("{w}", &english[number]))
        });
        found.map_or(Cow::Borrowed(english), Cow::Owned)
    }

    pub(crate) fn yes_or_no(self, truth: bool) -> &'static str {
        let Grammar { yes, no, .. } = &self.catalogue().grammar;
        if truth { yes } else { no }
    }

    /// What stands between a name and its value.
    pub(crate) fn colon(self) -> &'static str {
        &self.catalogue().grammar.colon
    }

    pub(crate) fn not_known(self) -> &'static str {
        &self.catalogue().grammar.not_known
    }

    /// What a level is called that stands for several.
    pub(crate) fn other(self) -> &'static str {
        &self.catalogue().grammar.other
    }

    /// A number that was written with a decimal point.
    pub(crate) fn number(self, written: &str) -> String {
        written.replace('.', self.catalogue().grammar.decimal.encode_utf8(&mut [0; 4]))
    }

    /// A written number in percent.
    pub(crate) fn percent(self, written: &str) -> String {
        self.number(written) + &self.catalogue().grammar.percent
    }

    /// A written number of a unit, where a number of it is told with its name.
    pub(crate) fn counted(self, written: &str, unit: &str) -> Option<String> {
        let grammar = &self.catalogue().grammar;
        let [one, several] = grammar.units.get(unit)?;
        let is_below = |limit: f64| written.parse::<f64>().is_ok_and(|number| number.abs() < limit);
        let is_one = written == "1" || grammar.singular_below.is_some_and(is_below);
        Some(format!("{} {}", self.number(written), if is_one { one } else { several }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::DERIVED;
    use crate::schema::{Profile, TableKind, event_features, fields};

    /// Every text that can be told.
    fn english() -> Vec<String> {
        let mut texts: Vec<String> = fields(TableKind::Customers).iter().map(|f| f.readable.clone()).collect();
        texts.extend(DERIVED.iter().map(|d| d.readable.to_owned()));
        texts.extend(event_features().iter().map(|f| f.readable.clone()));
        for name in Profile::shipped_names() {
            let profile = Profile::shipped(name).expect("a profile");
            texts.extend(profile.phrases.values().flat_map(|p| p.values().cloned()));
            texts.extend(profile.playbook.iter().map(|e| e.recommendation.clone()));
            texts.extend([profile.default_recommendation, profile.low_risk_recommendation]);
        }
        texts
    }

    #[test]
    fn every_text_is_told_in_every_language() {
        for language in Language::ALL.into_iter().filter(|l| !l.is_english()) {
            let told = |text: &String| match language.text(text) {
                // A word may be the same in both; then the catalogue says so.
                Cow::Borrowed(same) if same == text => language.catalogue().texts.contains_key(text),
                other => !other.is_empty(),
            };
            let missing: Vec<String> = english().into_iter().filter(|text| !told(text)).collect();
            assert!(missing.is_empty(), "{language:?}: {missing:?}");
        }
    }

    #[test]
    fn numbers_and_units() {
        assert_eq!(Language::German.counted("1", "months").as_deref(), Some("1 Monat"));
        assert_eq!(Language::French.counted("2.5", "hours").as_deref(), Some("2,5 heures"));
        assert_eq!(Language::French.counted("1.5", "hours").as_deref(), Some("1,5 heure"));
        assert_eq!(Language::Spanish.counted("3", "tickets"), None);
        assert_eq!(Language::English.counted("1", "days").as_deref(), Some("1 day"));
        assert_eq!(Language::parse("fr").expect("French"), Language::French);
        assert_eq!(Language::parse("xx").expect_err("unknown").code(), "invalid_argument");
        assert_eq!(Language::German.text("a phrase of one's own"), "a phrase of one's own");
    }
}
