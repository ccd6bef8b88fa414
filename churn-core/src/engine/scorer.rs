//! One customer after another, with the columns understood once.

use super::run::Whole;
use super::{Engine, Record, ScoreOptions};
use crate::error::Result;
use crate::explain::Telling;
use crate::features::{DERIVED, FeatureKind};
use crate::map::Mapping;
use crate::read::{self, cells};
use crate::report::Prediction;
use crate::schema::{self, FieldSpec, FieldType};
use crate::validate::free_name;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

/// Words of a column that are remembered; what comes beyond is read anew each time.
const MAX_WORDS: usize = 512;

/// A cell of one customer, as a host has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Not known.
    Missing,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number; what is not finite counts as missing.
    Number(f64),
    /// Text.
    Text(&'a str),
}

/// What a column of the customer is to the model.
enum Role {
    /// Nothing.
    Ignored,
    /// The customer's id.
    Id,
    /// The number of a feature, within limits; of no field (`own`), where text may be a code, or one that others can
    /// determine where it is missing.
    Number { feature: usize, min: Option<f64>, max: Option<f64>, own: bool, determined: bool },
    /// A feature that is known by its word, or several that are indicators of it.
    Word { features: Vec<usize>, known: RwLock<Words> },
    /// A column whose values only the whole way reads rightly.
    Whole,
}

/// What words of a column mean: the feature's value, and the word as it is told where the model does not know it.
#[derive(Default)]
struct Words {
    text: HashMap<String, Known>,
    integer: HashMap<i64, Known>,
    boolean: [Option<Known>; 2],
}

#[derive(Clone)]
struct Known {
    values: Vec<f64>,
    written: Option<String>,
}

/// An engine for customers that all have the same columns: they are understood once, and each is then scored in
/// microseconds, with the prediction that [`Engine::score_one`] gives. Shared between threads.
///
/// What is not plain (a number as text with separators, a date, a value that no customer can have) goes the whole way of
/// `score_one`, by the mapping made once. A key that the example did not have is mapped with the others for that record.
///
/// ```
/// # #[cfg(feature = "pretrained")] {
/// use churn_core::{Engine, ScoreOptions};
///
/// let engine = Engine::pretrained("telecom")?;
/// let record = serde_json::json!({"id": "A1", "tenure": 2, "monthly charges": 89.9, "contract": "Month-to-month"});
/// let record = record.as_object().expect("an object");
/// let scorer = engine.row_scorer(record, &ScoreOptions::default())?;
/// let fast = scorer.score(record, None)?;
/// assert_eq!(fast, engine.score_one(record, &ScoreOptions::default())?);
/// # }
/// # Ok::<(), churn_core::Error>(())
/// ```
pub struct RowScorer {
    engine: Engine,
    mapping: Mapping,
    overrides: BTreeMap<String, Option<String>>,
    as_of: Option<String>,
    n_reasons: usize,
    names: Vec<String>,
    roles: Vec<Role>,
    /// Whether every feature comes from one column of its own.
    plain: bool,
    telling: Arc<Telling>,
    version: String,
}

impl std::fmt::Debug for RowScorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowScorer({}, {} columns)", self.version, self.names.len())
    }
}

impl Engine {
    /// A scorer for customers with the keys of this example; its values help to understand what the keys mean. Of the
    /// options, `reasons`, `mapping`, `overrides` and `as_of` count.
    ///
    /// # Errors
    /// As [`score_one`](Engine::score_one).
    pub fn row_scorer(&self, example: &Record, options: &ScoreOptions<'_>) -> Result<RowScorer> {
        let n_reasons = options.n_reasons()?;
        options.as_of_days()?;
        let raw = read::read_records(std::slice::from_ref(example))?;
        let mapping = match options.mapping {
            Some(mapping) => mapping.clone(),
            None => self.map(&raw, &options.overrides)?,
        };
        mapping.require_complete()?;
        // The example goes the whole way: it tells which features come from one column, and how each column is read.
        let as_given =
            ScoreOptions { mapping: Some(&mapping), as_of: options.as_of.clone(), ..ScoreOptions::default() };
        let Whole { row, telling, .. } = self.score_raw_row(&raw, &as_given)?;
        let names: Vec<String> = raw.columns().iter().map(|c| c.name.clone()).collect();
        let cells: Vec<Cell<'_>> = names.iter().map(|name| example.get(name).map_or(Cell::Missing, cell)).collect();
        let mut roles: Vec<Role> = names.iter().map(|name| self.role(name, &mapping, &telling)).collect();
        // A column that is read otherwise alone stays on the whole way.
        for (role, cell) in roles.iter_mut().zip(&cells) {
            let Role::Number { feature, own, min, max, .. } = role else { continue };
            let differs = match number_of(cell, *own) {
                Some(x) if !min.is_some_and(|m| x < m) && !max.is_some_and(|m| x > m) => {
                    x.to_bits() != row[*feature].to_bits()
                }
                // Nothing shows how a column of no field is read.
                _ => *own,
            };
            if differs {
                *role = Role::Whole;
            }
        }
        Ok(RowScorer {
            engine: self.clone(),
            overrides: options.overrides.clone(),
            as_of: options.as_of.clone(),
            n_reasons,
            plain: self.is_plain(&names, &roles, &mapping, &telling),
            names,
            roles,
            mapping,
            telling,
            version: self.model().model_version(),
        })
    }

    /// What the column of this header is to the model.
    fn role(&self, header: &str, mapping: &Mapping, telling: &Telling) -> Role {
        let matched = mapping.column(header);
        let field: Option<&'static FieldSpec> = matched.and_then(|m| m.field.as_deref()).and_then(schema::field);
        if field.map_or_else(|| matched.is_some_and(|m| m.pii), |f| f.pii) {
            return Role::Ignored;
        }
        let name = field.map_or(header, |f| f.name.as_str());
        if name == "customer_id" {
            return Role::Id;
        }
        let features = self.model().plan.features();
        let Some(feature) = features.iter().position(|f| f.name == name) else {
            let features = telling.made_of(&free_name(name, field.is_some()));
            return if features.is_empty() { Role::Ignored } else { Role::Word { features, known: RwLock::default() } };
        };
        let mut rules = self.model().profile.rules.iter().filter_map(|r| r.determines());
        let determined = rules.any(|(field, _)| field == name);
        let is_number = field.is_none_or(|f| f.field_type == FieldType::Number);
        match features[feature].kind {
            FeatureKind::Number if field.is_some_and(|f| f.is_money()) && cells::is_minor_unit(header) => Role::Whole,
            FeatureKind::Number if is_number => Role::Number {
                feature,
                min: field.and_then(|f| f.min),
                max: field.and_then(|f| f.max),
                own: field.is_none(),
                determined,
            },
            _ => Role::Word { features: vec![feature], known: RwLock::default() },
        }
    }

    /// Whether every feature that these columns give is read from one of them alone.
    fn is_plain(&self, names: &[String], roles: &[Role], mapping: &Mapping, telling: &Telling) -> bool {
        let fields: Vec<&str> = names.iter().filter_map(|n| mapping.column(n)?.field.as_deref()).collect();
        let has = |name: &str| names.iter().any(|n| n == name) || fields.contains(&name);
        let is_read =
            |i: usize| roles.iter().any(|r| matches!(r, Role::Word { features, .. } if features.contains(&i)));
        self.model().plan.features().iter().enumerate().all(|(i, feature)| {
            if telling.shared_with(i).is_some() {
                return is_read(i);
            }
            let derived = DERIVED.iter().any(|d| d.name == feature.name && d.needs.iter().all(|n| has(n)));
            let made_of = |n: &&str| feature.name.len() > n.len() && feature.name.starts_with(*n);
            let indicator = names.iter().map(String::as_str).chain(fields.iter().copied()).any(|n| made_of(&n));
            has(&feature.name) || !(derived || indicator)
        })
    }
}

impl RowScorer {
    /// The keys that were understood, in the order of the cells.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How the keys were understood.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Scores one customer; `scored_at` (ISO 8601) stands beside the score.
    ///
    /// # Errors
    /// As [`Engine::score_one`].
    pub fn score(&self, record: &Record, scored_at: Option<&str>) -> Result<Prediction> {
        let mut found = 0;
        let cells: Vec<Cell<'_>> = self
            .names
            .iter()
            .map(|name| {
                let value = record.get(name);
                found += usize::from(value.is_some());
                value.map_or(Cell::Missing, cell)
            })
            .collect();
        if found == record.len() && !record.values().any(|v| v.is_array() || v.is_object()) {
            if let Some(prediction) = self.score_cells(&cells, scored_at)? {
                return Ok(prediction);
            }
            // A key that is left out says as little as one without a value.
            let absent = self.names.iter().filter(|name| !record.contains_key(*name));
            let mut record = record.clone();
            record.extend(absent.map(|name| (name.clone(), Value::Null)).collect::<Vec<_>>());
            let whole = self.whole(&read::read_records(std::slice::from_ref(&record))?, scored_at)?;
            self.learn(&cells, &whole, &record);
            return Ok(whole.prediction);
        }
        let options = ScoreOptions {
            reasons: Some(self.n_reasons),
            overrides: self.overrides.clone(),
            as_of: self.as_of.clone(),
            scored_at: scored_at.map(str::to_owned),
            ..ScoreOptions::default()
        };
        self.engine.score_one(record, &options)
    }

    /// Scores one customer from its cells, in the order of [`names`](RowScorer::names); `None` where a value is not plain
    /// or not known yet, and [`score`](RowScorer::score) must read the whole record.
    ///
    /// # Errors
    /// As [`Engine::score_one`].
    pub fn score_cells(&self, cells: &[Cell<'_>], scored_at: Option<&str>) -> Result<Option<Prediction>> {
        if !self.plain || cells.len() != self.roles.len() {
            return Ok(None);
        }
        let mut row = vec![f64::NAN; self.engine.model().plan.len()];
        let mut id = None;
        let mut written: Vec<(usize, String)> = Vec::new();
        for (role, cell) in self.roles.iter().zip(cells) {
            match role {
                Role::Ignored => {}
                Role::Whole if is_missing(cell) => {}
                Role::Whole => return Ok(None),
                Role::Id => id = id_of(cell),
                Role::Number { determined: false, .. } if is_missing(cell) => {}
                Role::Number { feature, min, max, own, .. } => match number_of(cell, *own) {
                    Some(x) if !min.is_some_and(|m| x < m) && !max.is_some_and(|m| x > m) => row[*feature] = x,
                    _ => return Ok(None),
                },
                // Whether the column is there at all decides what indicators are where it says nothing.
                Role::Word { features, .. } if is_missing(cell) && self.telling.shared_with(features[0]).is_none() => {}
                Role::Word { features, known } => {
                    let Ok(known) = known.read() else { return Ok(None) };
                    let found = match cell {
                        Cell::Text(text) => known.text.get(*text),
                        Cell::Integer(i) => known.integer.get(i),
                        Cell::Boolean(b) => known.boolean[usize::from(*b)].as_ref(),
                        _ => None,
                    };
                    let Some(found) = found else { return Ok(None) };
                    features.iter().zip(&found.values).for_each(|(&i, &value)| row[i] = value);
                    written.extend(found.written.clone().map(|w| (features[0], w)));
                }
            }
        }
        let told = |feature: usize| written.iter().find(|(f, _)| *f == feature).map(|(_, w)| w.clone());
        let id = id.unwrap_or_else(|| "1".to_owned());
        let scored_at = scored_at.map(str::to_owned);
        self.engine.predicted(&self.telling, &row, id, told, self.n_reasons, self.version.clone(), scored_at).map(Some)
    }

    /// The prediction by all stages, and the features.
    fn whole(&self, raw: &crate::table::RawTable, scored_at: Option<&str>) -> Result<Whole> {
        let options = ScoreOptions {
            reasons: Some(self.n_reasons),
            mapping: Some(&self.mapping),
            as_of: self.as_of.clone(),
            scored_at: scored_at.map(str::to_owned),
            ..ScoreOptions::default()
        };
        self.engine.score_raw_row(raw, &options)
    }

    /// Remembers what the words of a record came to.
    fn learn(&self, cells: &[Cell<'_>], whole: &Whole, record: &Record) {
        let features = self.engine.model().plan.features();
        let row = &whole.row;
        for ((role, cell), name) in self.roles.iter().zip(cells).zip(&self.names) {
            let Role::Word { features: made, known } = role else { continue };
            let feature = &made[0];
            let Ok(mut known) = known.write() else { continue };
            let value = row[*feature];
            // A record whose column is of another kind is read in another way.
            if made.iter().any(|&i| whole.telling.shared_with(i) != self.telling.shared_with(i)) {
                continue;
            }
            let shared = self.telling.shared_with(*feature).is_some();
            // A word that the model has no level for is told as it was written, which only plain text is.
            let unknown = !shared
                && matches!(features[*feature].kind, FeatureKind::Category { .. })
                && !value.is_nan()
                && features[*feature].level(value).is_none();
            let written = if unknown {
                record.get(name).and_then(Value::as_str).map(|w| told(features[*feature].name.as_str(), w))
            } else {
                None
            };
            let written = if shared { whole.words[*feature].clone() } else { written };
            let entry = Known { values: made.iter().map(|&i| row[i]).collect(), written };
            match cell {
                Cell::Text(text) if known.text.len() < MAX_WORDS => {
                    known.text.insert((*text).to_owned(), entry);
                }
                Cell::Integer(i) if !unknown && known.integer.len() < MAX_WORDS => {
                    known.integer.insert(*i, entry);
                }
                Cell::Boolean(b) if !unknown => known.boolean[usize::from(*b)] = Some(entry),
                _ => {}
            }
        }
    }
}

/// A word as the typed table has it.
fn told(field: &str, word: &str) -> String {
    schema::canonical_level(field, word.trim()).map_or_else(|| word.trim().to_owned(), str::to_owned)
}

/// A JSON value as a cell; lists and objects are for the whole way.
fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Bool(b) => Cell::Boolean(*b),
        Value::Number(n) => match n.as_i64() {
            Some(i) => Cell::Integer(i),
            None => Cell::Number(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(s) => Cell::Text(s),
        Value::Null | Value::Array(_) | Value::Object(_) => Cell::Missing,
    }
}

fn is_missing(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Missing => true,
        Cell::Number(x) => !x.is_finite(),
        Cell::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The number of a plain cell: a number, or in a column of a field text of digits with a point that cannot group
/// thousands.
fn number_of(cell: &Cell<'_>, own: bool) -> Option<f64> {
    match cell {
        Cell::Integer(i) => Some(*i as f64),
        Cell::Number(x) => Some(*x).filter(|x| x.is_finite()),
        Cell::Text(text) if !own => {
            let (whole, places) = match text.split_once('.') {
                Some((whole, places)) if !places.is_empty() && places.len() != 3 => (whole, places),
                Some(_) => return None,
                None => (*text, ""),
            };
            let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let plain = !whole.is_empty() && text.len() <= 16 && digits(whole) && digits(places);
            plain.then(|| text.parse().ok()).flatten()
        }
        _ => None,
    }
}

fn id_of(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(cells::plain_id(text.trim()).to_owned()).filter(|id| !id.is_empty()),
        Cell::Integer(i) => Some(i.to_string()),
        Cell::Number(x) if x.is_finite() => Some(crate::table::format_number(*x)),
        Cell::Boolean(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(all(test, feature = "pretrained"))]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: Value) -> Record {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn predictions_are_those_of_score_one() {
        let engine = Engine::pretrained("telecom").expect("engine");
        let example = record(json!({
            "customerID": "A1", "tenure": 5, "MonthlyCharges": 70.35, "TotalCharges": 351.0, "Contract": "Month-to-month",
            "SeniorCitizen": 0, "Partner": "Yes", "InternetService": "Fiber optic", "PaymentMethod": "Electronic check",
            "PaperlessBilling": true, "email": "a@example.com"
        }));
        let scorer = engine.row_scorer(&example, &ScoreOptions::default()).expect("scorer");
        let other = |changes: Value| {
            let mut other = example.clone();
            other.extend(record(changes));
            other
        };
        let cases = [
            example.clone(),
            other(json!({"tenure": 71, "Contract": "two year", "customerID": 17})),
            other(json!({"Contract": "Lifetime", "customerID": "  00017 "})),
            other(json!({"Contract": null, "Partner": "no", "customerID": null})),
            other(json!({"TotalCharges": null})),
            other(json!({"TotalCharges": " ", "tenure": 0})),
            other(json!({"MonthlyCharges": "70.35", "tenure": "12"})),
            other(json!({"MonthlyCharges": "$ 1,070.35"})),
            other(json!({"MonthlyCharges": "1.070"})),
            other(json!({"tenure": -3})),
            other(json!({"tenure": 1e9, "MonthlyCharges": -5.0})),
            other(json!({"PaperlessBilling": "No", "SeniorCitizen": "Yes"})),
            other(json!({"PaperlessBilling": 1, "SeniorCitizen": true})),
            other(json!({"TechSupport": "No", "OnlineSecurity": "No"})),
        ];
        let mut fast = 0;
        // Twice: what was not known the first time is known the second.
        for case in cases.iter().chain(&cases) {
            let mapping = scorer.mapping();
            let fixed = case.len() == example.len();
            let options = ScoreOptions { mapping: fixed.then_some(mapping), ..ScoreOptions::default() };
            assert_eq!(
                scorer.score(case, None).expect("fast"),
                engine.score_one(case, &options).expect("whole"),
                "{case:?}"
            );
            let cells: Vec<Cell<'_>> = scorer.names().iter().map(|n| case.get(n).map_or(Cell::Missing, cell)).collect();
            fast += usize::from(scorer.score_cells(&cells, None).expect("cells").is_some());
        }
        assert!(fast >= 10, "{fast} of {} were scored from their cells", 2 * cases.len());
    }

    #[test]
    fn an_example_without_the_required_columns_is_refused() {
        let engine = Engine::pretrained("telecom").expect("engine");
        let error =
            engine.row_scorer(&record(json!({"colour": "red"})), &ScoreOptions::default()).expect_err("no fields");
        assert_eq!(error.code(), "field_unmapped");
    }
}
