//! The spellings of every field, from the TOML files under `map/`, indexed once for lookup by words, by letters
//! and by near-misses.

use super::expand::{COMMON, Expander};
use super::names::{Header, WORDS};
use crate::packed::{self, packed};
use crate::schema::{FieldSpec, TableKind, fields};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

/// How sure a spelling is, before the values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Likely, but only together with values that fit.
    Weak,
    /// Right more often than not; gives way to a better column.
    Fair,
    /// Means this field and nothing else.
    Strong,
    /// The canonical name.
    Exact,
}

impl Strength {
    /// The score that evidence starts from.
    pub(crate) fn base(self) -> f64 {
        match self {
            Strength::Weak => 0.58,
            Strength::Fair => 0.80,
            Strength::Strong => 0.93,
            Strength::Exact => 0.99,
        }
    }
}

/// One spelling of one field.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    /// Index of the field within its table kind.
    pub(crate) field: usize,
    /// How sure it is.
    pub(crate) strength: Strength,
    /// The spelling as the file has it, braces expanded.
    pub(crate) text: String,
    /// The spelling's letters.
    pub(crate) squash: String,
    /// The spelling's words as they stand, and as they are compared.
    pub(crate) words: Vec<String>,
    pub(crate) tokens: Vec<String>,
}

/// All spellings of one table kind.
pub(crate) struct Index {
    /// The kind's fields.
    pub(crate) fields: &'static [FieldSpec],
    /// Every spelling.
    pub(crate) aliases: Vec<Alias>,
    /// Words (sorted, joined) -> spelling.
    by_words: HashMap<String, usize>,
    /// Letters -> spelling.
    by_letters: HashMap<String, usize>,
    /// (length, half of the letters, which half) -> spellings: one edit leaves one half untouched.
    by_half: HashMap<(usize, String, bool), Vec<usize>>,
    /// Word -> spellings that have it.
    by_word: HashMap<String, Vec<usize>>,
    /// Names that are known to mean none of the fields, by words and by letters.
    decoys: HashSet<String>,
    decoyed_letters: HashSet<String>,
    /// For abbreviations of the words of the names.
    pub(crate) expander: Expander,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Spellings {
    strong: Vec<String>,
    fair: Vec<String>,
    weak: Vec<String>,
}

#[derive(Deserialize)]
struct AliasFile {
    #[serde(default)]
    decoys: Vec<String>,
    #[serde(flatten)]
    fields: BTreeMap<String, Spellings>,
}

/// The alias files of a table kind, as text.
fn files(kind: TableKind) -> Vec<String> {
    let files: &[&[u8]] = match kind {
        TableKind::Customers => &[
            packed!("customers_required.toml"),
            packed!("customers_billing.toml"),
            packed!("customers_person.toml"),
            packed!("customers_usage.toml"),
            packed!("customers_telecom.toml"),
            packed!("customers_wordings.toml"),
        ],
        TableKind::Tickets => &[packed!("tickets.toml"), packed!("tickets_wordings.toml")],
        TableKind::Payments => &[packed!("payments.toml"), packed!("payments_wordings.toml")],
        TableKind::Usage => &[packed!("usage.toml"), packed!("usage_wordings.toml")],
        TableKind::Interactions => &[packed!("interactions.toml"), packed!("interactions_wordings.toml")],
        TableKind::Subscriptions => &[packed!("subscriptions.toml"), packed!("subscriptions_wordings.toml")],
    };
    files.iter().map(|file| packed::text(file)).collect()
}

/// Every choice of `{a,b}` in a spelling; an empty choice (`{a,}`) leaves the word out.
pub(crate) fn expand(pattern: &str) -> Vec<String> {
    let Some((head, rest)) = pattern.split_once('{') else {
        return vec![pattern.split_whitespace().collect::<Vec<_>>().join(" ")];
    };
    let Some((choices, tail)) = rest.split_once('}') else {
        return vec![pattern.to_owned()];
    };
    let tails = expand(tail);
    let mut all = Vec::new();
    for choice in choices.split(',') {
        for tail in &tails {
            all.push(format!("{head}{} {tail}", choice.trim()).split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    all
}

/// One index a kind, built when the kind is first met.
static INDEXES: [OnceLock<Index>; TableKind::ALL.len()] = [const { OnceLock::new() }; TableKind::ALL.len()];

/// The spellings of a table kind.
pub(crate) fn index(kind: TableKind) -> &'static Index {
    // The kinds are numbered in the order of `ALL`.
    INDEXES[kind as usize].get_or_init(|| Index::build(kind))
}

impl Index {
    fn build(kind: TableKind) -> Index {
        let mut index = Index {
            fields: fields(kind),
            aliases: Vec::new(),
            by_words: HashMap::new(),
            by_letters: HashMap::new(),
            by_half: HashMap::new(),
            by_word: HashMap::new(),
            decoys: HashSet::new(),
            decoyed_letters: HashSet::new(),
            expander: Expander::new(std::iter::empty(), std::iter::empty(), COMMON),
        };
        for (field, spec) in index.fields.iter().enumerate() {
            index.add(field, Strength::Exact, spec.name.clone());
        }
        for text in files(kind) {
            // The files are part of the build and a test reads them; they cannot fail at run time.
            #[allow(clippy::expect_used)]
            let file: AliasFile = toml::from_str(&text).expect("the alias files are valid");
            for decoy in file.decoys.iter().flat_map(|d| expand(d)) {
                // "=..." bars this very spelling; the singular may still be a name.
                let header = Header::new(&decoy);
                if !decoy.starts_with('=') {
                    index.decoys.insert(header.key());
                }
                index.decoyed_letters.insert(header.squash);
            }
            for (name, spellings) in file.fields {
                let Some(field) = index.fields.iter().position(|f| f.name == name) else { continue };
                for (strength, list) in [
                    (Strength::Strong, spellings.strong),
                    (Strength::Fair, spellings.fair),
                    (Strength::Weak, spellings.weak),
                ] {
                    for alias in list.iter().flat_map(|p| expand(p)) {
                        index.add(field, strength, alias);
                    }
                }
            }
        }
        index.expander =
            Expander::new(index.by_word.iter().map(|(word, all)| (word, all.len())), WORDS.spellings(), COMMON);
        index
    }

    /// Adds a spelling; the first of equal spellings stays.
    fn add(&mut self, field: usize, strength: Strength, text: String) {
        let header = Header::new(&text);
        let at = self.aliases.len();
        let key = header.key();
        let known = self.by_words.contains_key(&key) && self.by_letters.contains_key(&header.squash);
        if known || key.is_empty() {
            return;
        }
        self.by_words.entry(key).or_insert(at);
        self.by_letters.entry(format!("{}s", header.squash)).or_insert(at);
        let squash = header.squash.clone();
        self.by_letters.insert(
            squash.clone(),
            *self.by_letters.get(&squash).filter(|a| self.aliases[**a].squash == squash).unwrap_or(&at),
        );
        if squash.len() >= 6 && squash.is_ascii() && strength >= Strength::Strong {
            let half = squash.len() / 2;
            for (part, first) in [(&squash[..half], true), (&squash[half..], false)] {
                self.by_half.entry((squash.len(), part.to_owned(), first)).or_default().push(at);
            }
        }
        for token in &header.tokens {
            self.by_word.entry(token.clone()).or_default().push(at);
        }
        self.aliases.push(Alias { field, strength, text, squash, words: header.words, tokens: header.tokens });
    }

    /// The spelling with exactly these words.
    pub(crate) fn by_words(&self, key: &str) -> Option<&Alias> {
        self.by_words.get(key).map(|at| &self.aliases[*at])
    }

    /// The spelling with exactly these letters.
    pub(crate) fn by_letters(&self, squash: &str) -> Option<&Alias> {
        self.by_letters.get(squash).map(|at| &self.aliases[*at])
    }

    /// Whether a name is known to mean none of the fields.
    pub(crate) fn is_decoy(&self, header: &Header) -> bool {
        (!header.tokens.is_empty() && self.decoys.contains(&header.key()))
            || self.decoyed_letters.contains(&header.squash)
    }

    /// Whether some spelling has this word.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.by_word.contains_key(word)
    }

    /// Spellings that have this word.
    pub(crate) fn with_word(&self, word: &str) -> &[usize] {
        self.by_word.get(word).map_or(&[], Vec::as_slice)
    }

    /// Spellings that may be one edit away from these letters.
    pub(crate) fn near(&self, squash: &str) -> Vec<&Alias> {
        let n = squash.len();
        if n < 6 || !squash.is_ascii() {
            return Vec::new();
        }
        let mut found: Vec<usize> = Vec::new();
        for length in n - 1..=n + 1 {
            let half = length / 2;
            let rest = length - half;
            if half > n || rest > n {
                continue;
            }
            for (part, first) in [(&squash[..half], true), (&squash[n - rest..], false)] {
                found.extend(self.by_half.get(&(length, part.to_owned(), first)).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &self.aliases[at]).collect()
    }

    /// The index of a field.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_expand() {
        assert_eq!(expand("a {b,c} d {e,}"), ["a b d e", "a b d", "a c d e", "a c d"]);
        assert_eq!(expand("plain"), ["plain"]);
    }

    #[test]
    fn files_name_only_fields_of_their_kind_and_no_alias_twice() {
        for kind in TableKind::ALL {
            let mut owner: HashMap<String, String> = HashMap::new();
            let mut letters: HashMap<String, String> = HashMap::new();
            let mut clashes = Vec::new();
            for spec in fields(kind) {
                owner.insert(Header::new(&spec.name).key(), spec.name.clone());
                letters.insert(Header::new(&spec.name).squash, spec.name.clone());
            }
            for text in files(kind) {
                let file: AliasFile = toml::from_str(&text).expect("valid");
                for (name, s) in &file.fields {
                    assert!(fields(kind).iter().any(|f| &f.name == name), "{}: {name}", kind.name());
                    for alias in s.strong.iter().chain(&s.fair).chain(&s.weak).flat_map(|p| expand(p)) {
                        let header = Header::new(&alias);
                        let a = owner.entry(header.key()).or_insert_with(|| name.clone()).clone();
                        let b = letters.entry(header.squash).or_insert_with(|| name.clone()).clone();
                        if &a != name || &b != name {
                            clashes.push(format!("{}: '{alias}' is of {name} and of {a}/{b}", kind.name()));
                        }
                    }
                }
            }
            for text in files(kind) {
                let file: AliasFile = toml::from_str(&text).expect("valid");
                for decoy in file.decoys.iter().filter(|d| !d.starts_with('=')).flat_map(|d| expand(d)) {
                    if let Some(field) = owner.get(&Header::new(&decoy).key()) {
                        clashes.push(format!("{}: decoy '{decoy}' is an alias of {field}", kind.name()));
                    }
                }
            }
            assert!(clashes.is_empty(), "{}", clashes.join("\n"));
        }
    }

    #[test]
    fn required_fields_have_fifty_spellings() {
        let index = index(TableKind::Customers);
        for name in
            ["customer_id", "tenure_months", "signup_date", "monthly_charges", "plan", "contract", "total_charges"]
        {
            let field = index.field(name).expect(name);
            let n = index.aliases.iter().filter(|a| a.field == field).count();
            assert!(n >= 50, "{name} has {n} spellings");
        }
    }
}
