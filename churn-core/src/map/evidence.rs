//! All that speaks for a column meaning a field, as one score.

use super::aliases::{Alias, Index, Strength};
use super::fit::{Fit, fit};
use super::names::{Header, WORDS};
use super::values::{ValueProfile, Vocabulary};
use crate::schema::{FieldSpec, FieldType, TableKind};
use std::collections::{HashMap, HashSet};

/// A column with what is known of it before any field is considered.
pub(crate) struct Seen<'a> {
    /// The header as it stood, trimmed.
    pub(crate) name: &'a str,
    /// The comparable header.
    pub(crate) header: Header,
    /// The header without words at its start and end that say nothing, where there are any.
    pub(crate) bare: Option<Header>,
    /// The header in English, where it is in another language.
    pub(crate) english: Option<Header>,
    /// The header with its abbreviations spelled out, where it has any.
    pub(crate) spelled_out: Option<Header>,
    /// What the cells look like.
    pub(crate) values: ValueProfile,
}

/// A field that a column may mean.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Index of the field within its kind.
    pub(crate) field: usize,
    /// 0 to 1, not yet calibrated.
    pub(crate) score: f64,
    /// As in `ColumnMatch::method`.
    pub(crate) method: &'static str,
    /// In words.
    pub(crate) evidence: Vec<String>,
}

/// The most words that may be left out of a header to find a spelling.
const MAX_DROPPED: usize = 3;

/// A word shared by more spellings than this says nothing about which field is meant.
const COMMON: usize = 120;

/// Words that say whose or which address a place belongs to.
const ADDRESS: [&str; 11] =
    ["address", "billing", "mailing", "home", "residence", "residential", "primary", "main", "headquarter", "hq", "1"];

/// What one word costs when it is left out of a header for this field; `None` where it may not be.
fn cost(kind: TableKind, spec: &FieldSpec, word: &str) -> Option<f64> {
    let class = |c: &str| WORDS.in_class(c, word);
    let unit = spec.unit.as_deref().unwrap_or("");
    let number = spec.field_type == FieldType::Number;
    let dated = matches!(spec.field_type, FieldType::Date | FieldType::Timestamp);
    let window = word.starts_with('~');
    if spec.is_money() && class("currency") {
        return Some(0.01);
    }
    if spec.is_money() && class("tax") {
        return Some(0.04);
    }
    if class("now") && spec.field_type != FieldType::Id {
        return Some(0.04);
    }
    if dated && (word == "date" || word == "day" || class("zone")) {
        return Some(if word == "date" { 0.03 } else { 0.02 });
    }
    let flagged = matches!(spec.field_type, FieldType::Boolean) || spec.description.starts_with("Yes, No");
    if flagged && class("flag") {
        return Some(0.01);
    }
    if number {
        let money = spec.is_money();
        // A count of ratings is no rating; only what is itself a count may lose the word.
        let countable = !["", "months", "percent", "points", "years", "hours"].contains(&unit);
        if !money && countable && class("count") {
            return Some(if word == "total" { 0.03 } else { 0.02 });
        }
        let own = match unit {
            "months" => word == "month",
            "percent" => word == "percent",
            "days" => word == "day" || word == "days",
            "hours" => word == "hour",
            "minutes" => word == "minute",
            "GB" => word == "gb",
            "points" => {
                ["score", "point", "percent", "rating", "to", "scale", "answer", "survey"].contains(&word)
                    || word.bytes().all(|b| b.is_ascii_digit())
            }
            "money a month" => word == "month" || word == "monthly",
            "money a year" => word == "year" || word == "annual",
            _ => false,
        };
        if own {
            return Some(0.02);
        }
        if spec.name.ends_with("_30d") {
            let month = ["~30d", "month", "monthly", "30", "recent"].contains(&word);
            return month.then_some(0.01);
        }
        let counted = ["tickets", "complaints", "payments", "changes", "orders", "seats"].contains(&unit);
        if counted && (window || ["monthly", "ytd"].contains(&word)) {
            return Some(0.04);
        }
        if unit == "percent" && (word == "applied" || word == "last" || word == "rate") {
            return Some(0.05);
        }
    }
    if window && spec.name == "churned" {
        return Some(0.03);
    }
    // "Region category" is a kind of place, not a place.
    let place = ["country", "region", "city"].contains(&spec.name.as_str());
    if spec.field_type == FieldType::Category && (if place { word == "name" } else { class("suffix") }) {
        return Some(0.05);
    }
    if place && ADDRESS.contains(&word) {
        return Some(0.04);
    }
    scope(kind, spec, word)
}

/// What it costs to leave out the word for the thing that the table is about.
fn scope(kind: TableKind, spec: &FieldSpec, word: &str) -> Option<f64> {
    let own: &[&str] = match kind {
        TableKind::Customers => {
            let free = ["customer_id", "customer_name", "tenure_months", "company_size", "age", "account_owner"];
            if free.contains(&spec.name.as_str()) || spec.field_type == FieldType::Text {
                return None;
            }
            &["customer", "account", "subscriber", "subscription", "member", "user"]
        }
        TableKind::Tickets => &["ticket", "case", "issue", "request", "conversation"],
        TableKind::Payments => &["payment", "invoice", "transaction", "charge", "order"],
        TableKind::Usage => &["event", "session", "usage", "activity"],
        TableKind::Interactions => &["interaction", "activity", "engagement", "deal", "opportunity", "call", "meeting"],
        TableKind::Subscriptions => &["subscription", "contract", "plan", "membership", "order", "product"],
    };
    // An id of another thing is no id of this one.
    (own.contains(&word) && spec.field_type != FieldType::Id).then_some(0.06)
}

/// Fields that a column may mean, best first; `off` are spellings not to be used.
pub(crate) fn candidates(kind: TableKind, index: &Index, seen: &Seen<'_>, off: &HashSet<String>) -> Vec<Found> {
    let mut best: HashMap<usize, Found> = HashMap::new();
    let mut keep = |found: Found| {
        let entry = best.entry(found.field).or_insert_with(|| found.clone());
        if found.score > entry.score {
            *entry = found;
        }
    };
    let header = &seen.header;
    let decoy = index.is_decoy(header);
    // "First response time" is a duration, and no field; where its cells are instants, it is the date.
    let instant = (decoy && header.has("time") && seen.values.date >= 0.8).then(|| header.dated());
    let canonical = index.fields.iter().position(|f| f.name == seen.name);
    if let Some(field) = canonical {
        let evidence = vec!["the header is the field's name".to_owned()];
        keep(Found { field, score: 1.0, method: "exact", evidence });
    }
    if !decoy {
        // A name that is known as a whole is not taken apart.
        if !spelled(index, header, off, &mut keep) {
            shortened(kind, index, header, off, &mut keep);
            if let Some(bare) = seen.bare.as_ref().filter(|h| !index.is_decoy(h)) {
                otherwise(kind, index, bare, off, "without words that say nothing", &mut keep);
            }
            if let Some(english) = seen.english.as_ref().filter(|h| !index.is_decoy(h)) {
                let words = format!("translated as '{}'", english.key());
                otherwise(kind, index, english, off, &words, &mut keep);
            }
            if let Some(long) = seen.spelled_out.as_ref().filter(|h| !index.is_decoy(h)) {
                let words = format!("spelled out as '{}'", long.key());
                otherwise(kind, index, long, off, &words, &mut keep);
            }
        }
        mistyped(kind, index, header, off, &mut keep);
        entity(kind, index, seen, &mut keep);
        unnamed(kind, index, seen, &mut keep);
    }
    if let Some(instant) = &instant {
        spelled(index, instant, off, &mut keep);
    }
    let sure = best.values().any(|f| f.score >= 0.7);
    if !sure && !decoy {
        told(index, seen, off, &mut best);
    }
    if !sure {
        for found in related(index, header, off) {
            best.entry(found.field).or_insert(found);
        }
    }
    let mut all: Vec<Found> = best.into_values().collect();
    let before: Vec<f64> = all.iter().map(|f| f.score).collect();
    for found in &mut all {
        weigh(kind, index, seen, found);
    }
    if kind == TableKind::Customers {
        let meant: Vec<Found> =
            all.iter().zip(before).filter_map(|(f, score)| neighbour(index, &seen.values, f, score)).collect();
        for found in meant {
            all.retain(|f| f.field != found.field || f.score > found.score);
            if !all.iter().any(|f| f.field == found.field) {
                all.push(found);
            }
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.field.cmp(&b.field)));
    all
}

/// The field beside a field that one word may name as well, where the cells are plainly those of the neighbour:
/// "resiliation" is a day or a yes, "state" a place or a status.
fn neighbour(index: &Index, v: &ValueProfile, found: &Found, before: f64) -> Option<Found> {
    // Only a name that was good, and that the cells refuted.
    if before < 0.75 || found.score >= 0.45 {
        return None;
    }
    let vocabulary = |list| v.share(list) >= 0.8;
    let (field, words) = match index.fields[found.field].name.as_str() {
        "churn_date" if v.boolean() >= 0.8 => ("churned", "the cells say whether, not when"),
        "churned" if v.date >= 0.8 => ("churn_date", "the cells say when, not whether"),
        "last_activity_date" if v.integer >= 0.8 && (0.0..=3650.0).contains(&v.median) => {
            ("days_since_last_activity", "the cells say how long ago, not when")
        }
        "region" if vocabulary(Vocabulary::Status) => ("status", "the cells are states of an account"),
        "tenure_months" | "plan" if vocabulary(Vocabulary::Contract) => ("contract", "the cells are contract terms"),
        _ => return None,
    };
    let field = index.field(field)?;
    let evidence = vec![format!("a name near the field, and {words}")];
    Some(Found { field, score: 0.84, method: "values", evidence })
}

/// The evidence of a spelling.
fn spelling(alias: &Alias) -> Found {
    let (method, words) = match alias.strength {
        Strength::Exact => ("exact", "the header is the field's name".to_owned()),
        Strength::Strong => ("alias", format!("'{}' is a known name of the field", alias.text)),
        Strength::Fair => ("alias", format!("'{}' is often a name of the field", alias.text)),
        Strength::Weak => ("alias", format!("'{}' may be a name of the field", alias.text)),
    };
    Found { field: alias.field, score: alias.strength.base(), method, evidence: vec![words] }
}

/// What another form of the header says, a little less sure than the header as it stands.
fn otherwise(
    kind: TableKind,
    index: &Index,
    header: &Header,
    off: &HashSet<String>,
    words: &str,
    keep: &mut impl FnMut(Found),
) {
    let mut second = |mut found: Found| {
        found.score -= 0.04;
        found.method = "tokens";
        found.evidence.push(words.to_owned());
        keep(found);
    };
    if !spelled(index, header, off, &mut second) {
        shortened(kind, index, header, off, &mut second);
    }
}

/// Known spellings: the same letters, or the same words in any order. Whether there was one that needs no cells.
fn spelled(index: &Index, header: &Header, off: &HashSet<String>, keep: &mut impl FnMut(Found)) -> bool {
    let mut known = false;
    let by_words = if header.tokens.is_empty() { None } else { index.by_words(&header.key()) };
    for alias in [index.by_letters(&header.squash), by_words].into_iter().flatten() {
        if !off.contains(&alias.squash) {
            keep(spelling(alias));
            known |= alias.strength >= Strength::Fair;
        }
    }
    known
}

/// Spellings with words left out that add nothing: units, windows, "flag", the table's own thing.
fn shortened(kind: TableKind, index: &Index, header: &Header, off: &HashSet<String>, keep: &mut impl FnMut(Found)) {
    let n = header.tokens.len();
    if n < 2 {
        return;
    }
    let droppable: Vec<usize> =
        (0..n).filter(|&i| index.fields.iter().any(|spec| cost(kind, spec, &header.tokens[i]).is_some())).collect();
    let m = droppable.len().min(6);
    for mask in 1u32..1 << m {
        let dropped = mask.count_ones() as usize;
        if dropped > MAX_DROPPED || dropped >= n {
            continue;
        }
        let left_out: Vec<usize> = (0..m).filter(|b| mask >> b & 1 == 1).map(|b| droppable[b]).collect();
        let key: Vec<&str> = (0..n).filter(|i| !left_out.contains(i)).map(|i| header.tokens[i].as_str()).collect();
        let Some(alias) = index.by_words(&key.join(" ")) else { continue };
        if off.contains(&alias.squash) || alias.strength == Strength::Weak {
            continue;
        }
        let spec = &index.fields[alias.field];
        let costs: Option<Vec<f64>> = left_out.iter().map(|&i| cost(kind, spec, &header.tokens[i])).collect();
        let Some(costs) = costs else { continue };
        let mut found = spelling(alias);
        let sum: f64 = costs.iter().sum();
        // The field's own name behind a prefix ("subscriptions.started_at") beats another name of the field.
        let exact = alias.strength == Strength::Exact;
        found.score = if exact { 0.96 - sum / 3.0 } else { found.score - sum };
        found.method = "tokens";
        let words: Vec<_> = left_out.iter().map(|&i| format!("'{}'", header.tokens[i])).collect();
        found.evidence.push(format!("without {}", words.join(", ")));
        keep(found);
    }
    // "login time" is a date as good as "login date", for fields that are dates.
    if let Some(at) = header.tokens.iter().position(|t| t == "time") {
        let mut tokens = header.tokens.clone();
        tokens[at] = "date".to_owned();
        tokens.sort_unstable();
        tokens.dedup();
        if let Some(alias) = index.by_words(&tokens.join(" ")) {
            let dated = matches!(index.fields[alias.field].field_type, FieldType::Date | FieldType::Timestamp);
            if dated && !off.contains(&alias.squash) {
                let mut found = spelling(alias);
                found.score -= 0.06;
                found.method = "tokens";
                keep(found);
            }
        }
    }
}

/// Shortest words in which a letter may be wrong, and in which two may be exchanged; the longer one is for a header of
/// one word, which has nothing else to confirm it.
const SLIP: (usize, usize, usize) = (6, 4, 8);

/// Spellings one slip of the finger away: one word that nobody knows, near the word that the spelling has in its place.
fn mistyped(kind: TableKind, index: &Index, header: &Header, off: &HashSet<String>, keep: &mut impl FnMut(Found)) {
    // A header whose words are all known is spelled as it was meant.
    if header.tokens.iter().all(|t| index.knows(t)) && !header.tokens.is_empty() {
        return;
    }
    for alias in index.near(&header.squash) {
        if off.contains(&alias.squash) || alias.words.len() != header.words.len() {
            continue;
        }
        let mut other = header.words.iter().zip(&alias.words).filter(|(a, b)| a != b);
        let (Some((written, meant)), None) = (other.next(), other.next()) else { continue };
        if slip(written, meant, header.words.len() == 1) && !known_word(kind, written) {
            let mut found = spelling(alias);
            // The shorter the word, the likelier another word lies one letter away.
            found.score = found.score.min(0.93) - if alias.squash.len() >= 8 { 0.08 } else { 0.18 };
            found.method = "typo";
            found.evidence = vec![format!("one letter away from '{}'", alias.text)];
            keep(found);
        }
    }
}

/// Whether one word is the other with one slip: a letter too many, missing, wrong, or two exchanged. Nobody mistypes the
/// first letter, and another number is another number.
fn slip(written: &str, meant: &str, alone: bool) -> bool {
    let letters = |w: &str| w.bytes().all(|b| b.is_ascii_alphabetic());
    if !letters(written) || !letters(meant) || written.as_bytes().first() != meant.as_bytes().first() {
        return false;
    }
    let sorted = |w: &str| {
        let mut letters = w.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    let shortest = written.len().min(meant.len());
    let least = match (alone, sorted(written) == sorted(meant)) {
        (true, _) => SLIP.2,
        (false, true) => SLIP.1,
        (false, false) => SLIP.0,
    };
    shortest >= least && strsim::osa_distance(written, meant) == 1
}

/// Whether the names of some kind of table have the word: then it is no slip.
fn known_word(kind: TableKind, word: &str) -> bool {
    let canonical = super::names::canonical(word);
    let knows = |index: &Index| index.knows(word) || index.knows(&canonical);
    knows(super::aliases::index(kind)) || TableKind::ALL.into_iter().any(|k| knows(super::aliases::index(k)))
}

/// Headers that only the cells can tell apart: "customer" is an identifier or a name.
fn entity(kind: TableKind, index: &Index, seen: &Seen<'_>, keep: &mut impl FnMut(Found)) {
    const PAYERS: [&str; 16] = [
        "customer",
        "account",
        "company",
        "organization",
        "member",
        "subscriber",
        "user",
        "debtor",
        "shopper",
        "donor",
        "patient",
        "buyer",
        "guest",
        "tenant",
        "business",
        "student",
    ];
    const OTHERS: [&str; 9] = ["parent", "master", "previous", "partner", "old", "group", "merchant", "cf", "bank"];
    if kind != TableKind::Customers {
        return;
    }
    let Some(field) = index.field("customer_id") else { return };
    let tokens = &seen.header.tokens;
    let v = &seen.values;
    if let [one] = tokens.as_slice()
        && PAYERS.contains(&one.as_str())
        && v.seen()
        && (v.integer >= 0.9 || v.identifier >= 0.9)
    {
        let evidence = vec![format!("'{one}' with cells like identifiers")];
        keep(Found { field, score: 0.88, method: "values", evidence });
    }
    // The id that another system gave the payer serves where there is no better one.
    let payer = tokens.iter().any(|t| PAYERS[..5].contains(&t.as_str()));
    let stranger = tokens.iter().filter(|t| !index.knows(t) && !OTHERS.contains(&t.as_str())).count();
    if tokens.len() == 3 && payer && stranger == 1 && seen.header.has("id") {
        let evidence = vec!["the id of the payer in another system".to_owned()];
        keep(Found { field, score: 0.72, method: "tokens", evidence });
    }
}

/// A header that says nothing (`col7`, `x`): the cells alone, where they are unmistakable.
fn unnamed(kind: TableKind, index: &Index, seen: &Seen<'_>, keep: &mut impl FnMut(Found)) {
    const BLANK: [&str; 10] = ["col", "column", "field", "var", "x", "v", "c", "f", "unnamed", "spalte"];
    let blank = |t: &String| BLANK.contains(&t.as_str()) || t.bytes().all(|b| b.is_ascii_digit());
    let v = &seen.values;
    if !seen.header.tokens.iter().all(blank) || v.n < 5 || kind != TableKind::Customers {
        return;
    }
    let terms = v.share(Vocabulary::Contract) >= 0.99 && v.n_distinct >= 2 && v.share(Vocabulary::Interval) < 0.99;
    let known = [
        ("email", v.email >= 0.99, "every cell is an e-mail address"),
        ("contract", terms, "every cell is a contract term"),
        ("currency", v.share(Vocabulary::Currency) >= 0.99, "every cell is a currency code"),
    ];
    for (name, holds, words) in known {
        if let (true, Some(field)) = (holds, index.field(name)) {
            keep(Found { field, score: 0.76, method: "values", evidence: vec![words.to_owned()] });
        }
    }
}

/// Fields whose cells are words of their own, where the header has no other meaning: every word of it that is known
/// stands in some name of the field ("Every" with weekly and monthly, "Paid with" with cards and transfers).
fn told(index: &Index, seen: &Seen<'_>, off: &HashSet<String>, best: &mut HashMap<usize, Found>) {
    let v = &seen.values;
    if v.n < 2 || v.n_distinct < 2 {
        return;
    }
    let whole = |list| v.share(list) >= 0.99;
    let lists = [
        ("billing_interval", whole(Vocabulary::Interval), "every cell is an interval"),
        ("contract", whole(Vocabulary::Contract) && !whole(Vocabulary::Interval), "every cell is a contract term"),
        ("payment_method", whole(Vocabulary::Payment), "every cell is a way of paying"),
        ("currency", whole(Vocabulary::Currency), "every cell is a currency code"),
        ("gender", whole(Vocabulary::Gender), "every cell is a gender"),
        ("priority", whole(Vocabulary::Priority), "every cell is a priority"),
        ("direction", whole(Vocabulary::Direction), "every cell is a direction"),
        ("sentiment", whole(Vocabulary::Sentiment), "every cell is a mood"),
    ];
    for (name, holds, words) in lists {
        let Some(field) = index.field(name).filter(|_| holds) else { continue };
        let own = |token: &String| {
            // Single letters and numbers number columns.
            if token.len() == 1 || token.bytes().all(|b| b.is_ascii_digit()) {
                return true;
            }
            let mut spellings = index.with_word(token).iter().map(|at| &index.aliases[*at]);
            let mut usable = spellings.by_ref().filter(|a| !off.contains(&a.squash)).peekable();
            usable.peek().is_none() || usable.any(|a| a.field == field)
        };
        if seen.header.tokens.iter().all(own) && best.get(&field).is_none_or(|f| f.score < 0.72) {
            best.insert(field, Found { field, score: 0.72, method: "values", evidence: vec![words.to_owned()] });
        }
    }
}

/// Fields that share words with the header: never mapped, only named as alternatives.
fn related(index: &Index, header: &Header, off: &HashSet<String>) -> Vec<Found> {
    let mut shared: HashMap<usize, usize> = HashMap::new();
    for token in &header.tokens {
        let with = index.with_word(token);
        if with.len() <= COMMON {
            for &at in with {
                *shared.entry(at).or_insert(0) += 1;
            }
        }
    }
    let mut best: HashMap<usize, f64> = HashMap::new();
    for (at, n) in shared {
        let alias = &index.aliases[at];
        let union = alias.tokens.len() + header.tokens.len() - n;
        let score = 0.5 * n as f64 / union.max(1) as f64;
        if score >= 0.15 && !off.contains(&alias.squash) {
            let entry = best.entry(alias.field).or_insert(score);
            *entry = entry.max(score);
        }
    }
    let evidence = || vec!["shares words with a name of the field".to_owned()];
    best.into_iter().map(|(field, score)| Found { field, score, method: "tokens", evidence: evidence() }).collect()
}

/// Lets the cells speak for or against the field.
fn weigh(kind: TableKind, index: &Index, seen: &Seen<'_>, found: &mut Found) {
    let spec = &index.fields[found.field];
    if seen.header.count && !matches!(spec.field_type, FieldType::Number | FieldType::Boolean) {
        found.score = found.score.min(0.38);
        found.evidence.push("but the header counts things".to_owned());
    }
    // Of two equal spellings the one that ends like the field's own name is meant.
    if found.score < 0.99 && seen.header.squash.ends_with(spec.name.replace('_', "").as_str()) {
        found.score += 0.005;
    }
    let weak = (found.score - Strength::Weak.base()).abs() < 1e-9;
    // Nobody writes `tenure_months` by accident: what does not fit is then a bad value, which validation tells, and not
    // another column. A single word (`plan`, `phone`) may well mean something else.
    let stated = seen.name == spec.name && spec.name.contains('_');
    match fit(kind, spec, &seen.values) {
        // Still, a column that fits in name and cells goes first.
        Fit::No(words) if stated => {
            found.score -= 0.16;
            found.evidence.push(format!("although {words}"));
        }
        Fit::No(words) => {
            found.score = (found.score - 0.6).clamp(0.05, 0.38);
            found.evidence.push(format!("but {words}"));
        }
        Fit::Odd(words) => {
            // Odd cells do not make a field's own name less certain.
            if seen.name != spec.name {
                found.score -= 0.08;
            }
            found.evidence.push(format!("although {words}"));
        }
        Fit::Yes(words) => {
            // That numbers are numbers says little; a vocabulary of its own says much.
            let telling = !matches!(spec.field_type, FieldType::Number | FieldType::Date | FieldType::Timestamp);
            let gain = if weak && telling { 0.2 } else { 0.04 };
            found.score = (found.score + gain).min(if found.score >= 1.0 { 1.0 } else { 0.99 });
            found.evidence.push(words.to_owned());
        }
        Fit::Open => {}
    }
}
