//! Headers to comparable words: accents folded, camelCase and separators split, abbreviations expanded.

use crate::packed::{self, packed};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// The longest header, in words, that is compared word by word; longer ones are sentences, not names.
const MAX_TOKENS: usize = 12;

#[derive(Deserialize)]
struct WordFile {
    stop: HashSet<String>,
    pairs: HashMap<String, String>,
    same: HashMap<String, Vec<String>>,
    drop: HashMap<String, HashSet<String>>,
}

/// The word lists of `map/words.toml`, turned for lookup.
pub(crate) struct Words {
    stop: HashSet<String>,
    pairs: HashMap<String, String>,
    same: HashMap<String, String>,
    drop: HashMap<String, HashSet<String>>,
}

impl Words {
    /// All other spellings of words.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &String> {
        self.same.keys()
    }

    /// Whether a word belongs to a class of words that may be left out.
    pub(crate) fn in_class(&self, class: &str, word: &str) -> bool {
        self.drop.get(class).is_some_and(|words| words.contains(word))
    }
}

/// The word lists, read once.
pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // The file is part of the build and the tests read it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: WordFile = toml::from_str(&packed::text(packed!("words.toml"))).expect("map/words.toml is valid");
    let mut same = HashMap::new();
    for (word, spellings) in file.same {
        for spelling in spellings {
            same.insert(spelling, word.clone());
        }
    }
    Words { stop: file.stop, pairs: file.pairs, same, drop: file.drop }
});

/// A header made comparable.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Header {
    /// Letters and digits only, folded: `Cust. No.` is `custno`.
    pub(crate) squash: String,
    /// The words as they stand, folded.
    pub(crate) words: Vec<String>,
    /// The words, expanded, without small words and repetitions, sorted.
    pub(crate) tokens: Vec<String>,
    /// Whether it is a number of things ("number of policies"), and no number of one ("policy number").
    pub(crate) count: bool,
}

/// One character without accent or ligature, in lower case, appended to `out`.
fn push_folded(c: char, out: &mut String) {
    match c {
        'ß' => out.push_str("ss"),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        'ø' | 'Ø' => out.push('o'),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' => out.push('d'),
        'ı' => out.push('i'),
        c => out.extend(c.to_lowercase()),
    }
}

/// Whether the character is a mark on the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Text folded for comparison: compatibility forms, no accents, lower case.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_mark(*c)) {
        push_folded(c, &mut out);
    }
    out
}

/// The header without the marks that systems put on names of their own making: `Plan__c`, `$session_id`.
fn undecorated(header: &str) -> &str {
    let header = header.trim();
    let header = header.strip_suffix("__c").or_else(|| header.strip_suffix("__pc")).unwrap_or(header);
    match header.strip_prefix(['$', '_']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => header,
    }
}

/// The words of a header as they stand, folded: split at separators, at camelCase and between letters and
/// digits; currency signs, `%` and `#` become words.
pub(crate) fn raw_words(header: &str) -> Vec<String> {
    let header = undecorated(header);
    let chars: Vec<char> =
        if header.is_ascii() { header.chars().collect() } else { header.nfkd().filter(|c| !is_mark(*c)).collect() };
    let mut words = Vec::new();
    let mut word = String::new();
    let flush = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for (i, &c) in chars.iter().enumerate() {
        let previous = i.checked_sub(1).map(|p| chars[p]);
        // The sign of a diameter is the sign of a mean.
        let alone = |at: Option<usize>| at.and_then(|a| chars.get(a)).is_none_or(|n| !n.is_alphanumeric());
        if matches!(c, 'Ø' | 'ø' | '⌀') && alone(i.checked_sub(1)) && alone(Some(i + 1)) {
            flush(&mut word, &mut words);
            words.push("average".to_owned());
            continue;
        }
        if c.is_alphanumeric() {
            let boundary = previous.is_some_and(|p| {
                let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
                p.is_alphanumeric()
                    && ((p.is_lowercase() && c.is_uppercase())
                        || (p.is_uppercase() && c.is_uppercase() && next_lower && !plural_of_acronym(&chars, i))
                        || (p.is_ascii_digit() != c.is_ascii_digit()))
            });
            if boundary {
                flush(&mut word, &mut words);
            }
            push_folded(c, &mut word);
            continue;
        }
        // "N°" is an abbreviation of number; NFKD leaves the degree sign alone.
        if c == '°' && word == "n" {
            word.push('o');
        }
        flush(&mut word, &mut words);
        let sign = match c {
            '%' => "percent",
            '#' => "number",
            '$' => "usd",
            '€' => "eur",
            '£' => "gbp",
            '¥' => "jpy",
            '₹' => "inr",
            _ => continue,
        };
        words.push(sign.to_owned());
    }
    flush(&mut word, &mut words);
    words
}

/// Whether the letters from `i` on are the last capital of an acronym and its plural s, as in `IDs`.
fn plural_of_acronym(chars: &[char], i: usize) -> bool {
    chars.get(i + 1) == Some(&'s') && !chars.get(i + 2).is_some_and(|c| c.is_alphanumeric())
}

/// A word without its plural ending; the same crude rule for headers and aliases is all that matters.
pub(super) fn singular(word: &str) -> &str {
    let n = word.len();
    if n <= 3 || !word.is_ascii() || !word.ends_with('s') {
        return word;
    }
    if word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") {
        return &word[..n - 2];
    }
    if ["ss", "us", "is"].iter().any(|e| word.ends_with(e)) {
        return word;
    }
    &word[..n - 1]
}

/// The word that stands for all spellings of it.
pub(super) fn canonical(word: &str) -> String {
    if let Some(same) = WORDS.same.get(word) {
        return same.clone();
    }
    let one = singular(word);
    if let Some(same) = WORDS.same.get(one) {
        return same.clone();
    }
    // "histories" and "history" are one word as well.
    match one.strip_suffix("ie") {
        Some(stem) if one.len() > 4 && one.len() < word.len() => format!("{stem}y"),
        _ => one.to_owned(),
    }
}

/// A look-back window such as `30 days` as one word (`~30d`).
fn window(number: &str, unit: &str) -> Option<String> {
    let n: u32 = number.parse().ok().filter(|n| (1..=730).contains(n))?;
    let letter = match unit {
        "d" | "day" | "j" | "t" => 'd',
        "w" | "week" | "wk" => 'w',
        "m" | "month" => 'm',
        _ => return None,
    };
    Some(match (n, letter) {
        (1, 'm') | (28..=31, 'd') | (4, 'w') => "~30d".to_owned(),
        _ => format!("~{n}{letter}"),
    })
}

/// Canonical words in order: windows and pairs joined, small words gone.
fn words_in_order(raw: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        // Pairs are looked up as they stand and in canonical form ("signed up", "automatic renewal").
        if let Some(next) = raw.get(i + 1) {
            if let Some(window) = window(&raw[i], &canonical(next)) {
                if joined.last().is_some_and(|w| ["last", "past", "trailing", "l", "recent", "rolling"].contains(&&**w))
                {
                    joined.pop();
                }
                joined.push(window);
                i += 2;
                continue;
            }
            let pair = WORDS
                .pairs
                .get(&format!("{} {next}", raw[i]))
                .or_else(|| WORDS.pairs.get(&format!("{} {}", canonical(&raw[i]), canonical(next))));
            if let Some(pair) = pair {
                joined.push(pair.clone());
                i += 2;
                continue;
            }
        }
        joined.push(WORDS.pairs.get(&raw[i]).cloned().unwrap_or_else(|| canonical(&raw[i])));
        i += 1;
    }
    // A second pass joins what the first produced: month + to + month.
    let text = joined.join(" ");
    if text.contains("month to month") {
        return text.replace("month to month", "monthtomonth").split(' ').map(str::to_owned).collect();
    }
    joined.retain(|w| !WORDS.stop.contains(w));
    joined
}

/// The plural of "day": a number of days, where the singular is a date.
const DAYS: [&str; 6] = ["days", "tage", "tagen", "jours", "dias", "giorni"];

/// "Last" in the languages whose names are known as they stand.
const LAST: [&str; 9] = ["last", "ultimo", "ultima", "letzte", "letzter", "letzten", "dernier", "derniere", "laatste"];

/// Whether the words are "number of ..." or "num" and a plural.
fn counts(raw: &[String]) -> bool {
    let [first, second, ..] = raw else { return false };
    let number = ["number", "num", "no", "nb", "nbr", "nr", "n", "count", "anzahl"].contains(&first.as_str());
    let plural = raw.last().is_some_and(|w| singular(w).len() < w.len());
    number && (second == "of" || plural)
}

impl Header {
    /// The comparable form of a header.
    pub(crate) fn new(header: &str) -> Header {
        Header::of_words(&raw_words(header))
    }

    /// The comparable form of the words of a header.
    pub(crate) fn of_words(raw: &[String]) -> Header {
        let squash = raw.concat();
        // "n_users" is a number of them.
        let mut tokens = match raw {
            [n, .., last] if n == "n" && singular(last).len() < last.len() => {
                words_in_order(&[&["number".to_owned()], &raw[1..]].concat())
            }
            _ => words_in_order(raw),
        };
        if tokens.len() > MAX_TOKENS {
            tokens.clear();
        }
        // Days are a number, a day is a date: "days last login" are the days since.
        let has = |word: &str| tokens.iter().any(|t| t == word);
        let plural = raw.iter().any(|w| DAYS.contains(&w.as_str()));
        if has("day") && (has("since") || has("ago") || (plural && LAST.iter().any(|w| has(w)))) {
            let since = has("last") && !has("since") && !has("ago");
            tokens.iter_mut().filter(|t| *t == "day").for_each(|t| *t = "days".to_owned());
            if since {
                tokens.push("since".to_owned());
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        Header { squash, words: raw.to_vec(), tokens, count: counts(raw) }
    }

    /// The same with "date" in the place of "time (to)".
    pub(crate) fn dated(&self) -> Header {
        let mut tokens: Vec<String> = self.tokens.iter().filter(|t| *t != "time" && *t != "to").cloned().collect();
        tokens.push("date".to_owned());
        tokens.sort_unstable();
        tokens.dedup();
        Header { squash: tokens.concat(), words: tokens.clone(), tokens, count: false }
    }

    /// The words as one key for lookup.
    pub(crate) fn key(&self) -> String {
        self.tokens.join(" ")
    }

    /// Whether one of the words is this one.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|t| t == word)
    }
}

/// The form of a header that a fingerprint is made of: words folded and joined, so that a change of case,
/// blanks or separators alone is no other table.
pub(crate) fn normalised(header: &str) -> String {
    let words = raw_words(header);
    if words.is_empty() { header.trim().to_lowercase() } else { words.join("_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(header: &str) -> String {
        Header::new(header).key()
    }

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for header in ["customer_id", "CustomerID", "Customer Id", "customer.id", "CUST ID", "custId", "customers.id"] {
            assert_eq!(key(header), "customer id", "{header}");
        }
        for header in ["Cust. No.", "customer #", "N° client", "Nº cliente", "Customer Number"] {
            assert_eq!(key(header), "customer number", "{header}");
        }
        assert_eq!(key("Logins (30d)"), key("logins_last_30_days"));
        assert_eq!(key("Created At"), key("date created"));
        assert_eq!(key("Month-to-month"), "monthtomonth");
        assert_eq!(key("Contract_Start_Date__c"), key("contract start date"));
        assert_eq!(key("$session_id"), key("session id"));
        assert_eq!(key("n_support_tickets"), key("number of support tickets"));
    }

    #[test]
    fn odd_headers_do_not_panic() {
        for header in ["", " ", "___", "%", "日本語", "🙂", "\u{301}", &"x".repeat(5000), "IDs", "A"] {
            let h = Header::new(header);
            assert!(h.tokens.len() <= MAX_TOKENS);
            let _ = normalised(header);
        }
        assert_eq!(fold("Größe ÉTÉ"), "grosse ete");
    }
}
