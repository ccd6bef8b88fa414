//! Words that nobody spells out: abbreviations by consonants ("pln", "cmplnt") and words written together
//! ("industrycode"), resolved with the words that the names of the fields are made of.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// Lengths of an abbreviation, in letters.
const ABBREVIATION: std::ops::RangeInclusive<usize> = 3..=7;

/// Names that must have a word for three letters to stand for it.
pub(crate) const COMMON: usize = 12;

/// The shortest word that stands in a run of words written together, and the shortest run.
const GLUED: (usize, usize) = (4, 9);

/// The short words that may stand in such a run as well.
const SHORT: [&str; 4] = ["id", "no", "or", "of"];

/// The known words, for lookup by their consonants.
pub(crate) struct Expander {
    /// Consonants -> the word that most names have, where it is one.
    by_consonants: HashMap<String, Option<String>>,
    known: HashSet<String>,
}

/// The first letter and the consonants behind it, doubled ones once.
fn consonants(word: &str) -> String {
    let mut out = String::new();
    for (i, c) in word.chars().enumerate() {
        if (i == 0 || !"aeiou".contains(c)) && !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

impl Expander {
    /// Over words with the number of names that have them, and other spellings of those words; three letters stand for
    /// words of `common` names only.
    pub(crate) fn new<'a>(
        words: impl Iterator<Item = (&'a String, usize)>,
        spellings: impl Iterator<Item = &'a String>,
        common: usize,
    ) -> Expander {
        let plain = |w: &&String| w.len() >= GLUED.0 && w.bytes().all(|b| b.is_ascii_lowercase());
        let mut best: HashMap<String, (usize, Option<String>)> = HashMap::new();
        let mut known = HashSet::new();
        for (word, names) in words.filter(|(w, _)| plain(w)) {
            known.insert(word.clone());
            let short = consonants(word);
            let rare = short.len() == 3 && names < common;
            if short.len() == word.len() || !ABBREVIATION.contains(&short.len()) || rare {
                continue;
            }
            let entry = best.entry(short).or_insert((0, None));
            match names.cmp(&entry.0) {
                Ordering::Greater => *entry = (names, Some(word.clone())),
                Ordering::Equal => entry.1 = None,
                Ordering::Less => {}
            }
        }
        known.extend(spellings.filter(plain).cloned());
        let by_consonants = best.into_iter().map(|(short, (_, word))| (short, word)).collect();
        Expander { by_consonants, known }
    }

    /// The words of a header with abbreviations and runs resolved; `None` where there are none.
    pub(crate) fn expand(&self, raw: &[String], knows: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let mut changed = false;
        let mut words = Vec::with_capacity(raw.len());
        for word in raw {
            let plain = knows(word) || !word.bytes().all(|b| b.is_ascii_lowercase());
            let found = if plain {
                None
            } else if ABBREVIATION.contains(&word.len()) && consonants(word) == *word {
                self.by_consonants.get(word).cloned().flatten().map(|w| vec![w])
            } else {
                self.split(word, 0)
            };
            match found {
                Some(found) => {
                    changed = true;
                    words.extend(found);
                }
                None => words.push(word.clone()),
            }
        }
        changed.then_some(words)
    }

    /// The known words that a run is made of, longest first.
    fn split(&self, run: &str, depth: usize) -> Option<Vec<String>> {
        if run.is_empty() {
            return (depth >= 2).then(Vec::new);
        }
        if depth == 0 && run.len() < GLUED.1 || depth == 4 {
            return None;
        }
        for end in (2..=run.len()).rev() {
            let head = &run[..end];
            let known = if end >= GLUED.0 { self.known.contains(head) } else { SHORT.contains(&head) };
            if known && let Some(tail) = self.split(&run[end..], depth + 1) {
                return Some(std::iter::once(head.to_owned()).chain(tail).collect());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_and_runs() {
        let words = [
            "plan",
            "complaint",
            "channel",
            "sale",
            "industry",
            "code",
            "transaction",
            "currency",
            "citizen",
            "form",
            "farm",
        ];
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let expander = Expander::new(words.iter().map(|w| (w, 1)), std::iter::empty(), 1);
        let of = |header: &str| {
            let raw: Vec<String> = header.split(' ').map(str::to_owned).collect();
            expander.expand(&raw, |w| words.iter().any(|k| k == w)).map(|w| w.join(" "))
        };
        assert_eq!(of("rate pln").as_deref(), Some("rate plan"));
        assert_eq!(of("cmplnt cnt").as_deref(), Some("complaint cnt"));
        assert_eq!(of("sr ctzn").as_deref(), Some("sr citizen"));
        assert_eq!(of("industrycode").as_deref(), Some("industry code"));
        assert_eq!(of("transactioncurrencyid").as_deref(), Some("transaction currency id"));
        // Two words with these consonants, a word that is known, and no word at all.
        assert_eq!(of("frm"), None);
        assert_eq!(of("plan"), None);
        assert_eq!(of("xyzzy qqqqqqqqqqq"), None);
    }
}
