//! SHAP values to reasons: grouped to the customer's own columns, in probability, in words.

use super::Explainer;
use crate::error::Result;
use crate::features::{self, FeatureKind, FeatureSpec, truth_of};
use crate::model::Model;
use crate::schema::{Language, same_level};
use crate::table::{ColumnData, Table};
use std::collections::HashMap;
use std::sync::Arc;

/// The level of a value that stands for several.
const OTHER: &str = "other";

/// What one column of the customer contributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Index of the feature that the group is named after.
    pub index: usize,
    /// Name of the feature.
    pub feature: String,
    /// The reason in words: `Month-to-month contract`, `Tenure: 2 months`.
    pub readable: String,
    /// The customer's value: a number, a level, or missing.
    pub value: FactorValue,
    /// Exact SHAP value of the group, in the space the model adds up in.
    pub shap_value: f64,
    /// Share of (probability - base probability), in probability; all factors of a customer sum to it.
    pub impact: f64,
}

/// A customer's value of a feature.
#[derive(Debug, Clone, PartialEq)]
pub enum FactorValue {
    /// Not known.
    Missing,
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A category level.
    Level(String),
}

impl Factor {
    /// `increases` or `decreases` the churn probability.
    pub fn direction(&self) -> &'static str {
        if self.shap_value > 0.0 { "increases" } else { "decreases" }
    }
}

/// What telling reasons of a model needs to know once.
pub(crate) struct Telling {
    credits: Vec<usize>,
    base_margin: f64,
    base_probability: f64,
    /// For each feature, its levels (or no and yes) in words.
    words: Vec<Vec<String>>,
    /// For the first of several features that are indicators of one column, that column.
    shared: Vec<Option<Shared>>,
}

/// What the words of a value are kept under.
fn key(value: &FactorValue) -> &str {
    match value {
        FactorValue::Level(level) => level,
        FactorValue::Boolean(true) => "true",
        FactorValue::Boolean(false) => "false",
        FactorValue::Missing | FactorValue::Number(_) => "",
    }
}

/// The column that several features are indicators of, and how each of its levels is told.
struct Shared {
    column: String,
    spec: FeatureSpec,
    words: HashMap<String, String>,
}

impl Shared {
    /// The value that a cell stands for.
    fn value(&self, cell: Option<String>) -> FactorValue {
        match (cell, &self.spec.kind) {
            (None, _) => FactorValue::Missing,
            (Some(cell), FeatureKind::Boolean) => {
                truth_of(&cell).map_or(FactorValue::Level(cell), FactorValue::Boolean)
            }
            (Some(cell), _) => FactorValue::Level(cell),
        }
    }
}

impl Telling {
    /// Of customers with the columns of this table: features that are indicators of one column are told as that column.
    pub fn of_table(model: &Model, explainer: &Explainer, table: &Table) -> Self {
        let mut telling = Telling::new(model, explainer);
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (i, made) in model.plan.indicated(table).into_iter().enumerate() {
            let Some((column, level)) = made else { continue };
            let root = *first.entry(&column.name).or_insert(i);
            telling.credits[i] = root;
            let shared = telling.shared[root].get_or_insert_with(|| {
                let kind = match column.data.like() {
                    ColumnData::Boolean(_) => FeatureKind::Boolean,
                    _ => FeatureKind::Category { levels: Vec::new() },
                };
                let spec = features::spec(&column.name, kind, &model.profile);
                Shared { column: column.name.clone(), spec, words: HashMap::new() }
            });
            let value = shared.value(Some(level));
            shared.words.insert(key(&value).to_owned(), describe_value(model, &shared.spec, &value));
        }
        telling
    }

    /// The column whose cell says what a feature is told by, where that is not its own.
    pub fn column_of(&self, feature: usize) -> Option<&str> {
        self.shared[feature].as_ref().map(|s| s.column.as_str())
    }

    /// The features that are indicators of this column.
    pub fn made_of(&self, column: &str) -> Vec<usize> {
        let is_made = |&i: &usize| self.shared_with(i).is_some_and(|first| self.column_of(first) == Some(column));
        (0..self.credits.len()).filter(is_made).collect()
    }

    /// For each feature the name of the column that it is told as.
    pub fn told_as(&self, model: &Model) -> Vec<String> {
        let name = |&root: &usize| match &self.shared[root] {
            Some(shared) => shared.spec.name.clone(),
            None => model.plan.features()[root].name.clone(),
        };
        self.credits.iter().map(name).collect()
    }

    /// The first feature that is an indicator of the same column.
    pub fn shared_with(&self, feature: usize) -> Option<usize> {
        Some(self.credits[feature]).filter(|&first| self.shared[first].is_some())
    }

    /// What telling reasons of this model needs.
    pub fn new(model: &Model, explainer: &Explainer) -> Self {
        let words = model.plan.features().iter().map(|spec| match &spec.kind {
            FeatureKind::Number => Vec::new(),
            FeatureKind::Boolean => {
                [false, true].map(|b| describe_value(model, spec, &FactorValue::Boolean(b))).into_iter().collect()
            }
            FeatureKind::Category { levels } => {
                levels.iter().map(|l| describe_value(model, spec, &FactorValue::Level(l.clone()))).collect()
            }
        });
        Telling {
            credits: model.plan.credit_indices(),
            base_margin: model.additive.to_log_odds(explainer.base_value()),
            base_probability: model.probability(explainer.base_value()),
            words: words.collect(),
            shared: model.plan.features().iter().map(|_| None).collect(),
        }
    }
}

/// Tells the factors of a customer.
pub struct Reasoner<'a> {
    model: &'a Model,
    explainer: &'a Explainer,
    telling: Arc<Telling>,
}

impl<'a> Reasoner<'a> {
    /// A reasoner of this model.
    pub fn new(model: &'a Model, explainer: &'a Explainer) -> Self {
        Reasoner { model, explainer, telling: Arc::new(Telling::new(model, explainer)) }
    }

    /// A reasoner of this model, prepared before.
    pub(crate) fn of(model: &'a Model, explainer: &'a Explainer, telling: Arc<Telling>) -> Self {
        Reasoner { model, explainer, telling }
    }

    /// What is told of the features.
    pub(crate) fn telling(&self) -> &Telling {
        &self.telling
    }

    /// The calibrated probability of nobody in particular.
    pub fn base_probability(&self) -> f64 {
        self.telling.base_probability
    }

    /// The raw sum of a row and all of its factors, the strongest first, whichever way they point. Ties keep
    /// the order of the features. `labels` may name a category code of the row as the customer wrote it.
    ///
    /// # Errors
    /// As [`Explainer::explain_row`].
    pub fn factors(&self, row: &[f64], written: impl Fn(usize) -> Option<String>) -> Result<(f64, Vec<Factor>)> {
        let mut shap = vec![0.0; row.len()];
        let raw = self.explainer.explain_row(self.model, row, &mut shap)?;
        let grouped = self.grouped(&shap);
        let scale = self.probability_per_unit(raw);
        let mut order: Vec<usize> = (0..row.len()).filter(|&i| self.telling.credits[i] == i).collect();
        order.sort_by(|&a, &b| grouped[b].abs().total_cmp(&grouped[a].abs()).then_with(|| a.cmp(&b)));
        let factors = order.into_iter().map(|i| {
            let mut factor = self.factor(i, row[i], grouped[i], scale, || written(i));
            factor.readable = self.words(&factor, row[i]);
            factor
        });
        Ok((raw, factors.collect()))
    }

    /// The adverse factors of a row whose SHAP values and raw sum are known, strongest first; one after another as
    /// they are asked for, and without their words: see [`words`](Reasoner::words).
    pub fn adverse<'b>(
        &'b self,
        row: &'b [f64],
        shap: &[f64],
        raw: f64,
        written: impl Fn(usize) -> Option<String> + 'b,
    ) -> impl Iterator<Item = Factor> + 'b {
        let grouped = self.grouped(shap);
        let scale = self.probability_per_unit(raw);
        let mut order: Vec<usize> =
            (0..row.len()).filter(|&i| self.telling.credits[i] == i && grouped[i] > 0.0).collect();
        order.sort_by(|&a, &b| grouped[b].total_cmp(&grouped[a]).then_with(|| a.cmp(&b)));
        order.into_iter().map(move |i| self.factor(i, row[i], grouped[i], scale, || written(i)))
    }

    /// A factor in words; `x` is the row's value of its feature.
    pub fn words(&self, factor: &Factor, x: f64) -> String {
        if let Some(shared) = &self.telling.shared[factor.index] {
            return shared
                .words
                .get(key(&factor.value))
                .cloned()
                .unwrap_or_else(|| describe_value(self.model, &shared.spec, &factor.value));
        }
        if let Some(words) = self.telling.words[factor.index].get(x as usize).filter(|_| x >= 0.0) {
            return words.clone();
        }
        describe_value(self.model, &self.model.plan.features()[factor.index], &factor.value)
    }

    /// SHAP values summed up by the feature that takes the credit.
    fn grouped(&self, shap: &[f64]) -> Vec<f64> {
        let mut grouped = vec![0.0; shap.len()];
        for (value, &group) in shap.iter().zip(&self.telling.credits) {
            grouped[group] += value;
        }
        grouped
    }

    fn factor(&self, i: usize, x: f64, shap_value: f64, scale: f64, written: impl Fn() -> Option<String>) -> Factor {
        let own = &self.model.plan.features()[i];
        let (spec, value) = match &self.telling.shared[i] {
            Some(shared) => (&shared.spec, shared.value(written())),
            None => (own, factor_value(own, x, written)),
        };
        Factor {
            index: i,
            feature: spec.name.clone(),
            readable: String::new(),
            value,
            shap_value,
            impact: shap_value * scale,
        }
    }

    /// Probability per unit of SHAP value on the way from the base value to this row: the slope of the secant,
    /// so that impacts sum to the difference of the probabilities.
    fn probability_per_unit(&self, raw: f64) -> f64 {
        let distance = raw - self.explainer.base_value();
        if distance.abs() > 1e-9 {
            (self.model.probability(raw) - self.telling.base_probability) / distance
        } else {
            let p = crate::model::sigmoid(self.telling.base_margin);
            match self.model.additive.space {
                crate::model::Space::LogOdds => self.model.calibrator.slope(self.telling.base_margin),
                crate::model::Space::Probability => {
                    self.model.calibrator.slope(self.telling.base_margin) / (p * (1.0 - p)).max(1e-12)
                }
            }
        }
    }
}

fn factor_value(spec: &FeatureSpec, x: f64, written: impl Fn() -> Option<String>) -> FactorValue {
    if x.is_nan() {
        return FactorValue::Missing;
    }
    match spec.kind {
        FeatureKind::Number => FactorValue::Number(x),
        FeatureKind::Boolean => FactorValue::Boolean(x != 0.0),
        FeatureKind::Category { .. } => {
            let level = spec.level(x).map(str::to_owned).or_else(written);
            FactorValue::Level(level.unwrap_or_else(|| OTHER.to_owned()))
        }
    }
}

/// A feature's value in words, in the language of the profile: its phrase, or `Readable name: value unit`.
pub fn describe_value(model: &Model, spec: &FeatureSpec, value: &FactorValue) -> String {
    let language = model.profile.language;
    let phrase = |level: &str| {
        let phrases = model.profile.phrases.get(&spec.name)?;
        let (_, phrase) = phrases.iter().find(|(l, _)| same_level(l, level))?;
        Some(language.text(phrase).into_owned())
    };
    let told = |value: &str| format!("{}{}{value}", language.text(&spec.readable), language.colon());
    match value {
        FactorValue::Missing => told(language.not_known()),
        FactorValue::Boolean(b) => {
            phrase(if *b { "true" } else { "false" }).unwrap_or_else(|| told(language.yes_or_no(*b)))
        }
        FactorValue::Level(level) if level == OTHER => told(language.other()),
        FactorValue::Level(level) => phrase(level).unwrap_or_else(|| match level.to_ascii_lowercase().as_str() {
            // In English they stay as the customer table has them.
            "yes" if language != Language::English => told(language.yes_or_no(true)),
            "no" if language != Language::English => told(language.yes_or_no(false)),
            _ => told(&language.text(level)),
        }),
        FactorValue::Number(x) => told(&match spec.unit.as_deref().unwrap_or("") {
            "share" => language.percent(&format!("{:.0}", 100.0 * x)),
            "percent" => language.percent(&short_number(*x)),
            unit if unit.starts_with("money") => language.number(&format!("{x:.2}")),
            // A count says what it counts in its name already.
            unit => {
                let number = short_number(*x);
                language.counted(&number, unit).unwrap_or_else(|| language.number(&number))
            }
        }),
    }
}

fn short_number(x: f64) -> String {
    let rounded = (x * 10.0).round() / 10.0;
    crate::table::format_number(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::small_model;

    #[test]
    fn impacts_sum_to_the_change_of_the_probability() {
        let model = small_model();
        let explainer = Explainer::new(&model);
        let reasoner = Reasoner::new(&model, &explainer);
        for row in [[2.0, 0.0, 1.0], [60.0, 1.0, 0.0], [f64::NAN; 3], [10.0, 2.0, 1.0]] {
            let (raw, factors) = reasoner.factors(&row, |_| None).expect("factors");
            let p = model.calibrator.probability(raw);
            let total: f64 = factors.iter().map(|f| f.impact).sum();
            assert!((total - (p - reasoner.base_probability())).abs() < 1e-12, "{row:?}");
            let shap: f64 = factors.iter().map(|f| f.shap_value).sum();
            assert!((shap + explainer.base_value() - raw).abs() < 1e-12);
            assert!(factors.windows(2).all(|w| w[0].shap_value.abs() >= w[1].shap_value.abs()));
        }
    }

    #[test]
    fn values_are_told_in_words() {
        let model = small_model();
        let explainer = Explainer::new(&model);
        let (_, factors) = Reasoner::new(&model, &explainer).factors(&[1.0, 0.0, 1.0], |_| None).expect("factors");
        let words: Vec<&str> = factors.iter().map(|f| f.readable.as_str()).collect();
        assert!(words.contains(&"Tenure: 1 month"), "{words:?}");
        assert!(words.contains(&"Month-to-month contract"), "{words:?}");
    }

    #[test]
    fn words_are_those_of_the_language() {
        let mut model = small_model();
        let mut told = |language, row: [f64; 3]| {
            model.profile.language = language;
            let explainer = Explainer::new(&model);
            let (_, factors) = Reasoner::new(&model, &explainer).factors(&row, |_| None).expect("factors");
            factors.into_iter().map(|f| f.readable).collect::<Vec<_>>()
        };
        let [english, german, spanish, french] = Language::ALL.map(|language| told(language, [1.0, 0.0, 1.0]));
        assert!(english.contains(&"Tenure: 1 month".to_owned()));
        assert!(german.iter().any(|w| w.ends_with(": 1 Monat")), "{german:?}");
        assert!(spanish.iter().any(|w| w.ends_with(": 1 mes")), "{spanish:?}");
        assert!(french.iter().any(|w| w.ends_with(": 1 mois")), "{french:?}");
        assert!(!german.contains(&"Month-to-month contract".to_owned()), "{german:?}");
    }
}
