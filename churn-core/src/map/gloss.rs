//! Headers of other languages, word by word in English: the words are data (`map/gloss.toml`).

use super::names::singular;
use crate::packed::{self, packed};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

/// The shortest word that is taken apart, and the shortest part.
const COMPOUND: (usize, usize) = (7, 3);

/// Languages whose words grow together.
const COMPOUNDING: [&str; 2] = ["de", "nl"];

#[derive(Deserialize)]
struct File {
    ambiguous: HashSet<String>,
    #[serde(flatten)]
    languages: BTreeMap<String, BTreeMap<String, String>>,
}

struct Language {
    compounding: bool,
    /// As written, and without ending.
    words: HashMap<String, Vec<String>>,
    stems: HashMap<String, Vec<String>>,
}

struct Gloss {
    ambiguous: HashSet<String>,
    languages: Vec<Language>,
}

static GLOSS: LazyLock<Gloss> = LazyLock::new(|| {
    // The file is part of the build and the tests read it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: File = toml::from_str(&packed::text(packed!("gloss.toml"))).expect("map/gloss.toml is valid");
    let languages = file.languages.into_iter().map(|(name, words)| {
        let english = |text: &String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut stems = HashMap::new();
        for (word, text) in &words {
            stems.entry(stem(word).to_owned()).or_insert_with(|| english(text));
        }
        let words = words.iter().map(|(word, text)| (word.clone(), english(text))).collect();
        Language { compounding: COMPOUNDING.contains(&name.as_str()), words, stems }
    });
    Gloss { languages: languages.collect(), ambiguous: file.ambiguous }
});

/// Endings of number, gender and case, longest first.
const ENDINGS: [&str; 12] = ["en", "er", "em", "es", "os", "as", "e", "a", "o", "i", "s", "n"];

/// A word without its ending; at least four letters stay.
fn stem(word: &str) -> &str {
    ENDINGS.iter().find_map(|e| word.strip_suffix(e)).filter(|s| s.len() >= 4).unwrap_or(word)
}

impl Language {
    fn look_up(&self, word: &str) -> Option<&Vec<String>> {
        self.words.get(word).or_else(|| self.stems.get(stem(word)))
    }

    /// The parts of a compound in English, where all of it is made of known words: "betaalwijze", "monatsbetrag".
    fn split(&self, word: &str) -> Option<Vec<String>> {
        if !self.compounding || word.len() < COMPOUND.0 || !word.is_ascii() {
            return None;
        }
        self.parts(word, 0)
    }

    fn parts(&self, rest: &str, depth: usize) -> Option<Vec<String>> {
        if rest.is_empty() {
            return Some(Vec::new());
        }
        if depth == 4 {
            return None;
        }
        // The longest known beginning first.
        for end in (COMPOUND.1..=rest.len()).rev() {
            let Some(head) = self.words.get(&rest[..end]).or_else(|| self.stems.get(&rest[..end])) else { continue };
            for link in ["", "s", "es", "n", "en", "e", "er"] {
                let Some(tail) = rest[end..].strip_prefix(link) else { continue };
                if let Some(tail) = self.parts(tail, depth + 1) {
                    return Some(head.iter().cloned().chain(tail).collect());
                }
            }
        }
        None
    }
}

/// A header in the words of one language.
struct Reading {
    /// Words that are plainly of this language, and words that it knows.
    plain: usize,
    known: usize,
    english: Vec<String>,
}

impl Language {
    /// The words in English; those that the language does not know stay.
    fn read(&self, raw: &[String]) -> Reading {
        let (mut plain, mut known, mut english) = (0, 0, Vec::with_capacity(raw.len()));
        for word in raw {
            let Some(found) = self.look_up(word).cloned().or_else(|| self.split(word)) else {
                english.push(word.clone());
                continue;
            };
            known += 1;
            let same = matches!(&found[..], [one] if one == word || one == singular(word));
            plain += usize::from(!same && !GLOSS.ambiguous.contains(word));
            english.extend(found);
        }
        Reading { plain, known, english }
    }
}

/// As many headers that are names of fields as they stand make a table English.
const ENGLISH: usize = 3;

/// The words of each header in English, where it is in another language: the one that knows most of its words, and of
/// such the one that most headers are in. `named` says of each header whether it is the name of a field as it stands.
/// One foreign word alone, where the other headers are English, is a coincidence ("Tag" is no day).
pub(super) fn english(headers: &[Vec<String>], named: &[bool]) -> Vec<Option<Vec<String>>> {
    let readings: Vec<Vec<Reading>> =
        headers.iter().map(|raw| GLOSS.languages.iter().map(|l| l.read(raw)).collect()).collect();
    let headers_in: Vec<usize> = (0..GLOSS.languages.len())
        .map(|language| readings.iter().filter(|all| all[language].plain > 0).count())
        .collect();
    let foreign = |all: &[Reading]| all.iter().any(|r| r.plain > 0);
    let of_english = readings.iter().zip(named).filter(|(all, named)| **named && !foreign(all)).count();
    let best = |mut all: Vec<Reading>| {
        let order = |&a: &usize, &b: &usize| {
            let rank = |l: usize| (all[l].plain, all[l].known, headers_in[l]);
            rank(a).cmp(&rank(b)).then(b.cmp(&a))
        };
        let language = (0..all.len()).max_by(order)?;
        let sure = all[language].plain >= 2 || headers_in[language] >= 2 || of_english < ENGLISH;
        (all[language].plain > 0 && sure).then(|| all.swap_remove(language).english)
    };
    readings.into_iter().map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(headers: &[&str]) -> Vec<Option<String>> {
        let raw = |h: &&str| h.split(' ').map(str::to_owned).collect();
        let words: Vec<Vec<String>> = headers.iter().map(raw).collect();
        let named: Vec<bool> = headers.iter().map(|h| ["name", "email", "status"].contains(h)).collect();
        english(&words, &named).into_iter().map(|words| words.map(|w| w.join(" "))).collect()
    }

    fn one(header: &str) -> Option<String> {
        all(&[header]).remove(0)
    }

    #[test]
    fn one_foreign_word_among_english_ones_is_a_coincidence() {
        assert_eq!(all(&["kunde", "name", "email", "status"])[0], None);
        assert_eq!(all(&["kunde", "vertrag", "email", "status"])[0].as_deref(), Some("customer"));
        // Headers that nobody knows are no English ones.
        assert_eq!(all(&["kunde", "name", "blorb", "x"])[0].as_deref(), Some("customer"));
    }

    #[test]
    fn words_of_many_languages() {
        for (header, wanted) in [
            ("dias ultima conexion", "days last login"),
            ("monatsbetrag netto", "month amount netto"),
            ("betaalwijze", "payment method"),
            ("factuur status", "invoice status"),
            ("offene tickets", "open ticket"),
            ("paiements echoues", "payment failed"),
            ("ultimo accesso", "last login"),
            ("durchschnittliche losungszeit std", "average resolution time hour"),
            ("zahlungs verzug tage", "payment late days"),
        ] {
            assert_eq!(one(header).as_deref(), Some(wanted), "{header}");
        }
    }

    #[test]
    fn english_stays_english() {
        for header in ["data plan", "plan", "monthly charges", "note", "last login", "region", "service", "x17"] {
            assert_eq!(one(header), None, "{header}");
        }
    }
}
