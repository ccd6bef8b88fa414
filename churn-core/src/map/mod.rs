//! Source columns to canonical fields, with confidence and evidence.
//!
//! A wrong mapping feeds wrong data to a model without a sound, so precision comes first: a column that is
//! not recognised stays unmapped, and is used under its own name.
//!
//! The steps: headers become words (`names`), cells become one profile a column (`values`), spellings
//! (`aliases`, data under `map/`) and cells (`fit`) become one score a field (`evidence`), and the whole table
//! gets one assignment with abstention (`assign`). Nothing here names a source or a data set.

mod aliases;
mod assign;
mod evidence;
mod expand;
mod fit;
mod gloss;
mod html;
mod mapping;
mod names;
mod overrides;
mod pii;
mod recognise;
mod store;
#[cfg(test)]
mod tests;
mod values;

pub use mapping::{Candidate, ColumnMatch, Mapping, MissingField};

use crate::error::Result;
use crate::schema::{self, Profile, TableKind};
use crate::table::RawTable;
use aliases::{Index, index};
use assign::{THRESHOLD, confidence};
use evidence::{Found, Seen};
use names::Header;
pub(crate) use names::raw_words;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use values::ValueProfile;

/// One source column as the mapper sees it: its header and some of its cells as text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnInput {
    /// The header.
    pub name: String,
    /// Up to [`MAX_SAMPLES`] non-missing cells; may be empty.
    pub samples: Vec<String>,
}

impl AsRef<str> for ColumnInput {
    /// The header, so that lists of columns and lists of headers serve alike.
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// How many cells of a column the mapper looks at.
pub const MAX_SAMPLES: usize = 1000;

/// Alternatives that a column lists.
const MAX_ALTERNATIVES: usize = 3;

/// What the caller says about the table.
#[derive(Debug, Clone, Default)]
pub struct MapOptions {
    /// The kind of table; `None` recognises it.
    pub table_kind: Option<TableKind>,
    /// The industry profile; `None` recognises it.
    pub profile: Option<Profile>,
    /// Source header -> canonical field, or `None` for "leave it unmapped". Overrides win over everything.
    pub overrides: BTreeMap<String, Option<String>>,
    /// A file that [`Mapping::save`] wrote, or a folder of them: where one was made for the same headers (in any order,
    /// case and separators), it is used again. Overrides still win.
    pub saved: Option<PathBuf>,
}

/// Maps headers and samples to canonical fields.
///
/// # Errors
/// `invalid_argument` for an override that names a column or a field that does not exist, or maps two
/// columns to one field; `io` and `malformed` for a saved mapping that cannot be read.
pub fn map_columns(columns: &[ColumnInput], options: &MapOptions) -> Result<Mapping> {
    if let Some(place) = &options.saved {
        let headers: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        if let Some(saved) = store::find(place, &headers, options.table_kind)? {
            return reused(columns, &headers, &saved, options);
        }
    }
    map_columns_without(columns, options, &HashSet::new())
}

/// A saved mapping for this table, with what the caller says now on top.
fn reused(columns: &[ColumnInput], headers: &[&str], saved: &Mapping, options: &MapOptions) -> Result<Mapping> {
    let kind = saved.table_kind;
    let forced = overrides::check(columns, kind, &options.overrides)?;
    let index = index(kind);
    let mut matches = store::rebound(saved, headers);
    for (column, field) in forced.iter().enumerate() {
        let Some(field) = field else { continue };
        let name = field.map(|f| index.fields[f].name.as_str());
        // The field goes to the column that the caller names, and leaves the one that had it.
        for other in matches.iter_mut().filter(|m| name.is_some() && m.field.as_deref() == name) {
            *other = ColumnMatch { pii: other.pii, ..ColumnMatch::unmapped(&other.source) };
        }
        let pii = matches[column].pii || field.is_some_and(|f| index.fields[f].pii);
        matches[column] = overridden(&columns[column].name, index, *field, pii);
    }
    let profile = match options.profile.clone().or_else(|| store::profile(saved)) {
        Some(profile) => profile,
        None => Profile::shipped("generic")?,
    };
    Ok(Mapping::new(kind, &profile, matches))
}

/// As [`map_columns`], with some spellings switched off: for measuring how well the mapper does on names it
/// was never shown. `off` holds spellings as [`spelling_key`] writes them.
///
/// # Errors
/// As [`map_columns`].
#[doc(hidden)]
pub fn map_columns_without(columns: &[ColumnInput], options: &MapOptions, off: &HashSet<String>) -> Result<Mapping> {
    let words: Vec<Vec<String>> = columns.iter().map(|c| names::raw_words(&c.name)).collect();
    let mut seen = seen(columns, &words);
    let kind = options.table_kind.unwrap_or_else(|| recognise::table_kind(&seen));
    let index = index(kind);
    other_forms(&mut seen, &words, index);
    let mut forced = overrides::check(columns, kind, &options.overrides)?;
    // What the engine itself made from tables of events is nothing else.
    let made = |c: &ColumnInput| kind == TableKind::Customers && schema::event_feature(c.name.trim()).is_some();
    forced.iter_mut().zip(columns).filter(|(f, c)| f.is_none() && made(c)).for_each(|(f, _)| *f = Some(None));
    let settled: Vec<bool> = forced.iter().map(Option::is_some).collect();
    let mut taken = vec![false; index.fields.len()];
    for field in forced.iter().flatten().flatten() {
        taken[*field] = true;
    }
    let own = options.profile.as_ref().map_or_else(HashMap::new, |p| own_spellings(p, kind, index));
    let mut found: Vec<Vec<Found>> = seen
        .iter()
        .map(|s| {
            let mut list = evidence::candidates(kind, index, s, off);
            if let Some(found) = own.get(&s.header.key()).filter(|_| !s.header.tokens.is_empty()) {
                list.retain(|f| f.field != found.field || f.score > found.score);
                list.push(found.clone());
                list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.field.cmp(&b.field)));
            }
            list
        })
        .collect();
    let chosen = assign::assign(index, &seen, &mut found, &mut taken, &settled);
    let notes = assign::cross_check(index, &seen, &found, &chosen);
    let mut matches: Vec<ColumnMatch> = (0..columns.len())
        .map(|c| match forced[c] {
            Some(None) if made(&columns[c]) => feature_of_ours(&columns[c].name),
            Some(field) => {
                let pii = field.is_some_and(|f| index.fields[f].pii) || pii::personal(&seen[c].header, &seen[c].values);
                overridden(&columns[c].name, index, field, pii)
            }
            None => matched(&columns[c].name, index, &found[c], chosen[c], &seen[c]),
        })
        .collect();
    for (column, supports, words) in notes {
        if supports {
            matches[column].evidence.push(words);
        } else {
            matches[column].warnings.push(words);
        }
    }
    warn_of_rivals(index, &found, &chosen, &mut matches);
    let profile = match &options.profile {
        Some(profile) => profile.clone(),
        None => {
            let mapped = matches.iter().filter_map(|m| m.field.as_deref()).collect();
            recognise::profile(&seen, &mapped)?
        }
    };
    Ok(Mapping::new(kind, &profile, matches))
}

/// What stands before the name in the headers of exports that flatten objects.
const WRAPPERS: [&str; 15] = [
    "property",
    "properties",
    "prop",
    "attribute",
    "attributes",
    "attr",
    "field",
    "fields",
    "stats",
    "links",
    "sys",
    "record",
    "default",
    "param",
    "custom",
];

/// What stands behind the name in the headers of tables that state how a column is stored.
const STORAGE: [&str; 10] = ["sql", "raw", "str", "txt", "fld", "col", "float", "int", "varchar", "cleaned"];

/// The most first words that are taken from a header.
const MAX_WRAPPERS: usize = 3;

/// The columns with what is known of them before any field is considered; `words` are those of the headers.
fn seen<'a>(columns: &'a [ColumnInput], words: &[Vec<String>]) -> Vec<Seen<'a>> {
    let of = |(column, raw): (&'a ColumnInput, &Vec<String>)| Seen {
        name: column.name.trim(),
        header: Header::of_words(raw),
        bare: None,
        english: None,
        spelled_out: None,
        values: ValueProfile::new(&column.samples),
    };
    columns.iter().zip(words).map(of).collect()
}

/// Adds the other forms of the headers, in the words of this kind of table.
fn other_forms(seen: &mut [Seen<'_>], words: &[Vec<String>], index: &Index) {
    let bare = unwrapped(words, index);
    let known = |word: &str| index.knows(word) || index.knows(&names::canonical(word));
    let named = |s: &Seen<'_>| index.by_letters(&s.header.squash).or_else(|| index.by_words(&s.header.key())).is_some();
    let named: Vec<bool> = seen.iter().map(named).collect();
    let english = gloss::english(words, &named);
    for (((seen, raw), from), english) in seen.iter_mut().zip(words).zip(bare).zip(english) {
        let stored = raw.len() > from + 1 && raw.last().is_some_and(|w| STORAGE.contains(&w.as_str()));
        let to = raw.len() - usize::from(stored);
        seen.bare = (from > 0 || stored).then(|| Header::of_words(&raw[from..to]));
        seen.english = english.map(|words| Header::of_words(&words));
        seen.spelled_out = index.expander.expand(&raw[from..], known).map(|words| Header::of_words(&words));
    }
}

/// How many first words of each header say nothing about its column: those that exports put before every name, and
/// those that most headers begin with, or several where no field has such a word.
fn unwrapped(words: &[Vec<String>], index: &Index) -> Vec<usize> {
    let mut from = vec![0; words.len()];
    for _ in 0..MAX_WRAPPERS {
        let mut starts: BTreeMap<&str, usize> = BTreeMap::new();
        let rest = |c: usize| words[c][from[c]..].split_first().filter(|(_, rest)| !rest.is_empty());
        for (first, _) in (0..words.len()).filter_map(rest) {
            *starts.entry(first).or_insert(0) += 1;
        }
        let empty = |word: &str| {
            let n = starts.get(word).copied().unwrap_or(0);
            let unknown = !index.knows(word) && !index.knows(&names::canonical(word));
            (WRAPPERS.contains(&word) && n >= 2)
                || (n >= 4 && n * 5 >= words.len() * 3)
                || (unknown && n >= 4 && n * 10 >= words.len() * 3)
        };
        let next: Vec<usize> =
            (0..words.len()).map(|c| from[c] + usize::from(rest(c).is_some_and(|(first, _)| empty(first)))).collect();
        if next == from {
            break;
        }
        from = next;
    }
    from
}

/// The form in which [`map_columns_without`] compares spellings: letters and digits, folded.
#[doc(hidden)]
pub fn spelling_key(header: &str) -> String {
    Header::new(header).squash
}

/// The spellings that a profile adds.
fn own_spellings(profile: &Profile, kind: TableKind, index: &Index) -> HashMap<String, Found> {
    let mut own = HashMap::new();
    if kind != TableKind::Customers {
        return own;
    }
    for (name, spellings) in &profile.aliases {
        let Some(field) = index.field(name) else { continue };
        for spelling in spellings {
            let evidence = vec![format!("'{spelling}' is a name of the field in the profile '{}'", profile.name)];
            own.insert(Header::new(spelling).key(), Found { field, score: 0.97, method: "alias", evidence });
        }
    }
    own
}

/// The match of a column that the engine made from tables of events.
fn feature_of_ours(source: &str) -> ColumnMatch {
    ColumnMatch {
        source: source.to_owned(),
        field: None,
        confidence: 100.0,
        method: "exact".to_owned(),
        evidence: vec!["a feature made from tables of events".to_owned()],
        alternatives: Vec::new(),
        warnings: Vec::new(),
        pii: false,
    }
}

/// The match of a column that the caller decided.
fn overridden(source: &str, index: &Index, field: Option<usize>, pii: bool) -> ColumnMatch {
    let words = if field.is_some() { "mapped by the caller" } else { "left unmapped by the caller" };
    ColumnMatch {
        source: source.to_owned(),
        field: field.map(|f| index.fields[f].name.clone()),
        confidence: 100.0,
        method: "override".to_owned(),
        evidence: vec![words.to_owned()],
        alternatives: Vec::new(),
        warnings: Vec::new(),
        pii,
    }
}

/// The match of a column by its evidence.
fn matched(source: &str, index: &Index, found: &[Found], chosen: Option<usize>, seen: &Seen<'_>) -> ColumnMatch {
    let best = chosen.map(|at| &found[at]);
    let mut warnings = Vec::new();
    let alternatives: Vec<Candidate> = found
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != chosen)
        .take(MAX_ALTERNATIVES)
        .map(|(_, f)| Candidate { name: index.fields[f.field].name.clone(), confidence: confidence(f.score) })
        .filter(|c| c.confidence >= 5.0)
        .collect();
    if let Some(f) = best {
        if f.score < 0.85 {
            warnings.push("not certain: please check".to_owned());
        }
        if f.method == "typo" {
            warnings.push("the header seems to be misspelled".to_owned());
        }
    }
    let evidence = match (best, found.first()) {
        (Some(f), _) => f.evidence.clone(),
        (None, Some(f)) if f.score < THRESHOLD => {
            let mut evidence = vec![format!("not sure enough of '{}'", index.fields[f.field].name)];
            evidence.extend(f.evidence.iter().cloned());
            evidence
        }
        (None, Some(f)) => vec![format!("another column fits '{}' better", index.fields[f.field].name)],
        (None, None) => Vec::new(),
    };
    ColumnMatch {
        source: source.to_owned(),
        field: best.map(|f| index.fields[f.field].name.clone()),
        confidence: best.map_or(0.0, |f| confidence(f.score)),
        method: best.map_or("none", |f| f.method).to_owned(),
        evidence,
        alternatives,
        warnings,
        pii: best.is_some_and(|f| index.fields[f.field].pii) || pii::personal(&seen.header, &seen.values),
    }
}

/// Tells where two columns fit one field nearly alike.
fn warn_of_rivals(index: &Index, found: &[Vec<Found>], chosen: &[Option<usize>], matches: &mut [ColumnMatch]) {
    let mut rivals: HashMap<usize, Vec<(String, f64)>> = HashMap::new();
    for (column, list) in found.iter().enumerate() {
        if chosen[column].is_none()
            && let Some(f) = list.first().filter(|f| f.score >= THRESHOLD)
        {
            rivals.entry(f.field).or_default().push((matches[column].source.clone(), f.score));
        }
    }
    for (column, at) in chosen.iter().enumerate() {
        let Some(f) = at.map(|at| &found[column][at]) else { continue };
        let close = rivals.get(&f.field).into_iter().flatten().filter(|(_, s)| f.score - s < 0.03 && f.score < 1.0);
        let mut names: Vec<String> = close.map(|(name, _)| format!("'{name}'")).collect();
        names.sort_unstable();
        names.truncate(3);
        if !names.is_empty() {
            let field = &index.fields[f.field].name;
            matches[column].warnings.push(format!("{} would fit '{field}' nearly as well", names.join(", ")));
        }
    }
}

/// The mapper's view of a raw table: the same rows, spread over the whole table, for every column, so that
/// rules between columns can be seen; a sparse column is filled up from its start.
pub fn inputs(table: &RawTable) -> Vec<ColumnInput> {
    spread(table.n_rows(), table.columns().iter().map(|c| (c.name.as_str(), |row| c.data.cell(row))))
}

/// As [`inputs`], of columns by name and cell.
pub(crate) fn spread<'a, F: Fn(usize) -> Option<Cow<'a, str>>>(
    n: usize,
    columns: impl Iterator<Item = (&'a str, F)>,
) -> Vec<ColumnInput> {
    /// Cells that a sparse column should show, where it has them.
    const AT_LEAST: usize = 50;
    let step = n.div_ceil(MAX_SAMPLES).max(1);
    columns
        .map(|(name, cell)| {
            let take = |rows: &mut dyn Iterator<Item = usize>, most: usize| -> Vec<String> {
                rows.filter_map(&cell).take(most).map(Cow::into_owned).collect()
            };
            let mut samples = take(&mut (0..n).step_by(step), MAX_SAMPLES);
            if step > 1 && samples.len() < AT_LEAST {
                samples = take(&mut (0..n), AT_LEAST);
            }
            ColumnInput { name: name.to_owned(), samples }
        })
        .collect()
}

/// Maps the columns of a raw table.
///
/// # Errors
/// As [`map_columns`].
pub fn map_table(table: &RawTable, options: &MapOptions) -> Result<Mapping> {
    map_stated(&inputs(table), table.stated(), options)
}

/// As [`map_columns`], with the word of whoever made the table on what its columns mean.
pub(crate) fn map_stated(
    inputs: &[ColumnInput],
    stated: &BTreeMap<String, Option<String>>,
    options: &MapOptions,
) -> Result<Mapping> {
    if stated.is_empty() {
        return map_columns(inputs, options);
    }
    let mut overrides = stated.clone();
    // The caller has the last word, and a field that he gives to one column is no other's.
    overrides.retain(|_, field| field.is_none() || !options.overrides.values().any(|given| given == field));
    overrides.extend(options.overrides.clone());
    map_columns(inputs, &MapOptions { overrides, ..options.clone() })
}
