//! Headers of other languages, word by word in English: the words are data (`map/gloss.toml`).

use super::names::singular;
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
    let file: File = toml::from_str(include_str!("../../map/gloss.toml")).expect("map/gloss.toml is valid");
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

/// The words of a header in English, where at least one of them is plainly foreign: in the one language that knows
/// most of them. Words that it does not know stay.
pub(super) fn english(raw: &[String]) -> Option<Vec<String>> {
    let mut best: Option<(usize, usize, Vec<String>)> = None;
    for language in &GLOSS.languages {
        let (mut plain, mut known, mut words) = (0, 0, Vec::new());
        for word in raw {
            let whole = language.look_up(word);
            let Some(found) = whole.cloned().or_else(|| language.split(word)) else {
                words.push(word.clone());
                continue;
            };
            known += 1;
            let same = matches!(&found[..], [one] if one == word || one == singular(word));
            plain += usize::from(!same && !GLOSS.ambiguous.contains(word));
            words.extend(found);
        }
        if plain > 0 && best.as_ref().is_none_or(|(p, k, _)| (plain, known) > (*p, *k)) {
            best = Some((plain, known, words));
        }
    }
    best.map(|(_, _, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_six_languages() {
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
            let raw: Vec<String> = header.split(' ').map(str::to_owned).collect();
            assert_eq!(english(&raw).map(|w| w.join(" ")).as_deref(), Some(wanted), "{header}");
        }
    }

    #[test]
    fn english_stays_english() {
        for header in ["data plan", "plan", "monthly charges", "note", "last login", "region", "service", "x17"] {
            let raw: Vec<String> = header.split(' ').map(str::to_owned).collect();
            assert_eq!(english(&raw), None, "{header}");
        }
    }
}
