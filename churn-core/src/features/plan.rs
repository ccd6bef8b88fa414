//! The fitted feature plan and the matrix it makes.

use crate::error::{Error, ErrorKind, Result};
use crate::schema::{self, Profile, level_key, same_level};
use crate::table::{self, Column, ColumnData, Recent, Table};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most levels a category keeps; rarer ones are pooled as "other".
const MAX_LEVELS: usize = 32;
/// A level that fewer rows have is pooled as "other": too few to learn from, and a name seen once or twice
/// could point at a person.
const MIN_LEVEL_ROWS: usize = 5;

/// How a column becomes a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeatureKind {
    /// The number itself; missing is NaN.
    Number,
    /// 1 for true, 0 for false; missing is NaN.
    Boolean,
    /// The index of the level; a level the plan does not know is `levels.len()`; missing is NaN.
    Category {
        /// The levels as people read them, most frequent first.
        levels: Vec<String>,
    },
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureSpec {
    /// Name of the feature and of the table column it is read from.
    pub name: String,
    /// Name for people.
    pub readable: String,
    /// Unit of a number.
    pub unit: Option<String>,
    /// Name of the feature that carries this one's credit in explanations; usually itself.
    pub credit_to: String,
    /// How it is made.
    pub kind: FeatureKind,
}

impl FeatureSpec {
    /// The category level behind a code of the matrix.
    pub fn level(&self, code: f64) -> Option<&str> {
        match &self.kind {
            FeatureKind::Category { levels } if code >= 0.0 => levels.get(code as usize).map(String::as_str),
            _ => None,
        }
    }
}

/// Which columns become features and how; fitted on training rows, stored in the model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FeaturePlan {
    features: Vec<FeatureSpec>,
}

/// Numbers of rows x features in float64, row-major; NaN is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    values: Array2<f64>,
}

impl FeatureMatrix {
    /// A matrix of these values, shape (n_rows, n_features).
    pub fn new(values: Array2<f64>) -> Self {
        FeatureMatrix { values: values.as_standard_layout().into_owned() }
    }

    /// A matrix of rows that stand one after another.
    ///
    /// # Errors
    /// `invalid_argument` where they are not whole rows of `n_features` values.
    pub fn from_rows(values: &[f64], n_features: usize) -> Result<Self> {
        let wrong = || {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{} values are not whole rows of {n_features} features", values.len()),
            )
            .with("argument", "matrix")
            .hint("give as many values a row as the model has features")
        };
        if n_features == 0 || !values.len().is_multiple_of(n_features) {
            return Err(wrong());
        }
        let shape = (values.len() / n_features, n_features);
        Array2::from_shape_vec(shape, values.to_vec()).map(FeatureMatrix::new).map_err(|e| wrong().caused_by(e))
    }

    /// The values, shape (n_rows, n_features).
    pub fn view(&self) -> ndarray::ArrayView2<'_, f64> {
        self.values.view()
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        let n = self.values.ncols();
        &self.values()[row * n..(row + 1) * n]
    }

    /// All values, row after row.
    pub(crate) fn values(&self) -> &[f64] {
        self.values.as_slice().unwrap_or(&[])
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.nrows()
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.values.ncols()
    }

    /// A range of rows.
    pub fn rows(&self, rows: std::ops::Range<usize>) -> FeatureMatrix {
        FeatureMatrix { values: self.values.slice(ndarray::s![rows, ..]).to_owned() }
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> FeatureMatrix {
        FeatureMatrix { values: self.values.select(ndarray::Axis(0), rows) }
    }
}

impl FeaturePlan {
    /// A plan of these features.
    pub fn new(features: Vec<FeatureSpec>) -> Self {
        FeaturePlan { features }
    }

    /// Learns the plan from training rows: every column that may be a feature (see
    /// [`FieldSpec::usable_as_feature`](crate::schema::FieldSpec::usable_as_feature)), except `exclude`, dates
    /// (their derived durations are used), and columns with fewer than two values.
    pub fn fit(table: &Table, profile: &Profile, exclude: &[&str]) -> FeaturePlan {
        let mut features = Vec::new();
        for column in table.columns() {
            if exclude.contains(&column.name.as_str()) {
                continue;
            }
            if column.canonical && schema::field(&column.name).is_some_and(|f| !f.usable_as_feature()) {
                continue;
            }
            let Some(kind) = fit_kind(column) else { continue };
            features.push(spec(&column.name, kind, profile));
        }
        // The order of the source must not matter.
        features.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<String> = features.iter().map(|f| f.name.clone()).collect();
        for feature in &mut features {
            if !names.contains(&feature.credit_to) {
                feature.credit_to = feature.name.clone();
            }
        }
        FeaturePlan { features }
    }

    /// The features in the order of the matrix.
    pub fn features(&self) -> &[FeatureSpec] {
        &self.features
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Index of the feature that carries each feature's credit.
    pub fn credit_indices(&self) -> Vec<usize> {
        let position = |name: &str| self.features.iter().position(|f| f.name == name);
        self.features.iter().enumerate().map(|(i, f)| position(&f.credit_to).unwrap_or(i)).collect()
    }

    /// For each feature the column of the table that it is an indicator of, and the level.
    pub(crate) fn indicated<'a>(&self, table: &'a Table) -> Vec<Option<(&'a Column, String)>> {
        let of = |feature: &FeatureSpec| {
            if table.column(&feature.name).is_some() {
                return None;
            }
            Indicator::of(feature, table).map(|made| (made.column, made.level))
        };
        self.features.iter().map(of).collect()
    }

    /// Features whose column the table lacks.
    pub fn absent_in<'a>(&'a self, table: &Table) -> Vec<&'a FeatureSpec> {
        let absent = |f: &&FeatureSpec| table.column(&f.name).is_none() && Indicator::of(f, table).is_none();
        self.features.iter().filter(absent).collect()
    }

    /// The feature matrix of a table, shape (n_rows, n_features). A column that the table lacks is missing in
    /// every row.
    ///
    /// # Errors
    /// `feature_missing` where the table lacks every one of the plan's columns.
    pub fn transform(&self, table: &Table) -> Result<FeatureMatrix> {
        let absent = self.absent_in(table);
        if !self.features.is_empty() && absent.len() == self.features.len() {
            let names: Vec<_> = absent.iter().take(8).map(|f| f.name.as_str()).collect();
            return Err(Error::new(
                ErrorKind::FeatureMissing,
                format!(
                    "the table has none of the {} columns that the model needs: {}, ...",
                    absent.len(),
                    names.join(", ")
                ),
            )
            .with("columns", absent.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(","))
            .hint("check the mapping, or score with a model that was trained on this kind of table"));
        }
        let mut values = Array2::from_elem((table.n_rows(), self.features.len()), f64::NAN);
        for (j, feature) in self.features.iter().enumerate() {
            let mut out = values.column_mut(j);
            let Some(column) = table.column(&feature.name) else {
                if let Some(indicator) = Indicator::of(feature, table) {
                    indicator.fill(out.iter_mut());
                }
                continue;
            };
            match &feature.kind {
                FeatureKind::Number | FeatureKind::Boolean => {
                    for (row, cell) in out.iter_mut().enumerate() {
                        *cell = column.data.number(row).unwrap_or(f64::NAN);
                    }
                }
                FeatureKind::Category { levels } => {
                    let codes: HashMap<String, f64> =
                        levels.iter().enumerate().map(|(i, l)| (level_key(l), i as f64)).collect();
                    let code = |level: &str| codes.get(&level_key(level)).copied().unwrap_or(levels.len() as f64);
                    // Words such as yes and no may have been read as true and false.
                    let truth_code =
                        |truth| levels.iter().position(|l| truth_of(l) == Some(truth)).unwrap_or(levels.len()) as f64;
                    match &column.data {
                        ColumnData::Boolean(truths) => {
                            let [no, yes] = [false, true].map(truth_code);
                            for (cell, truth) in out.iter_mut().zip(truths) {
                                *cell = truth.map_or(f64::NAN, |truth| if truth { yes } else { no });
                            }
                        }
                        ColumnData::Text(texts) => {
                            let mut recent = Recent::new();
                            let trimmed = |text: &str| match text.trim() {
                                "" => f64::NAN,
                                level => code(level),
                            };
                            for (cell, text) in out.iter_mut().zip(texts) {
                                *cell = text.map_or(f64::NAN, |text| recent.of(text, trimmed));
                            }
                        }
                        ColumnData::Category(category) => {
                            let known: Vec<f64> = table::levels(category)
                                .iter()
                                .map(|level| level.map_or(f64::NAN, |l| code(l.trim())))
                                .collect();
                            for (cell, key) in out.iter_mut().zip(category.keys()) {
                                *cell = key.map_or(f64::NAN, |key| known[usize::from(key)]);
                            }
                        }
                        data => {
                            for (row, cell) in out.iter_mut().enumerate() {
                                *cell = data.cell(row).map_or(f64::NAN, |level| code(&level));
                            }
                        }
                    }
                }
            }
        }
        Ok(FeatureMatrix { values })
    }
}

/// What stands between the column and the level in the name of a one-hot column.
pub(crate) const SEPARATORS: [char; 6] = ['_', '=', ':', '.', '-', ' '];

/// A feature of a model that was trained on one-hot columns (`Contract_Two year`), made from the column it came from.
struct Indicator<'a> {
    column: &'a Column,
    level: String,
    truth: Option<bool>,
}

impl<'a> Indicator<'a> {
    /// The column and level that a numeric feature names: the header, a separator, the level. The longest header wins.
    fn of(feature: &FeatureSpec, table: &'a Table) -> Option<Self> {
        if feature.kind != FeatureKind::Number {
            return None;
        }
        let level_of = |header: &str| {
            let rest = feature.name.strip_prefix(header).filter(|_| !header.is_empty())?;
            rest.strip_prefix(SEPARATORS).map(str::trim).filter(|level| !level.is_empty())
        };
        let categorical = |c: &&Column| {
            matches!(c.data.like(), ColumnData::Text(_) | ColumnData::Category(_) | ColumnData::Boolean(_))
        };
        let found = table.columns().iter().filter(categorical).filter_map(|c| {
            let (header, level) = [&c.source, &c.name].into_iter().find_map(|h| Some((h, level_of(h)?)))?;
            Some((header.len(), c, level))
        });
        let (_, column, level) = found.max_by_key(|(length, ..)| *length)?;
        let canonical = if column.canonical { schema::canonical_level(&column.name, level) } else { None };
        Some(Indicator { column, level: canonical.unwrap_or(level).to_owned(), truth: truth_of(level) })
    }

    /// 1 for each row that has the level, else 0; a missing cell has none, as one-hot encoders reckon.
    fn fill<'c>(&self, out: impl Iterator<Item = &'c mut f64>) {
        let one = |has: bool| f64::from(u8::from(has));
        match &self.column.data {
            ColumnData::Boolean(truths) => {
                out.zip(truths).for_each(|(cell, truth)| *cell = one(truth.is_some() && truth == self.truth));
            }
            ColumnData::Category(category) => {
                let has = |level: Option<&str>| one(level.is_some_and(|l| same_level(l.trim(), &self.level)));
                let known: Vec<f64> = table::levels(category).iter().map(has).collect();
                let keys = out.zip(category.keys());
                keys.for_each(|(cell, key)| *cell = key.map_or(0.0, |key| known[usize::from(key)]));
            }
            ColumnData::Text(texts) => {
                let mut recent = Recent::new();
                let has = |text: &str| one(!text.trim().is_empty() && same_level(text.trim(), &self.level));
                out.zip(texts).for_each(|(cell, text)| *cell = text.map_or(0.0, |text| recent.of(text, has)));
            }
            data => {
                let has = |row| data.cell(row).is_some_and(|cell| same_level(&cell, &self.level));
                out.enumerate().for_each(|(row, cell)| *cell = one(has(row)));
            }
        }
    }
}

/// The truth value that a level stands for.
pub(crate) fn truth_of(level: &str) -> Option<bool> {
    match level.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "1" | "1.0" => Some(true),
        "false" | "no" | "n" | "f" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// The spec of a feature, with the names that the schema, the derivations and the profile give it.
pub(crate) fn spec(name: &str, kind: FeatureKind, profile: &Profile) -> FeatureSpec {
    let derived = super::DERIVED.iter().find(|d| d.name == name);
    let (readable, unit) = match (schema::field(name), derived) {
        (Some(field), _) => (field.readable.clone(), field.unit.clone()),
        (None, Some(derived)) => (derived.readable.to_owned(), Some(derived.unit.to_owned())),
        (None, None) => match schema::event_feature(name) {
            Some(made) => (made.readable.clone(), made.unit.clone()),
            None => (name.to_owned(), None),
        },
    };
    FeatureSpec { name: name.to_owned(), readable, unit, credit_to: profile.credit_field(name).to_owned(), kind }
}

fn fit_kind(column: &Column) -> Option<FeatureKind> {
    match column.data.like() {
        ColumnData::Number(_) | ColumnData::Integer(_) => {
            let mut values = (0..column.data.len()).filter_map(|r| column.data.number(r));
            let first = values.next()?;
            values.any(|v| v != first).then_some(FeatureKind::Number)
        }
        ColumnData::Boolean(_) => {
            let mut values = (0..column.data.len()).filter_map(|r| column.data.number(r));
            let first = values.next()?;
            values.any(|v| v != first).then_some(FeatureKind::Boolean)
        }
        ColumnData::Text(_) | ColumnData::Category(_) => {
            fit_levels(&column.data).map(|levels| FeatureKind::Category { levels })
        }
        ColumnData::Date(_) | ColumnData::Timestamp(_) | ColumnData::Paged(_) => None,
    }
}

fn fit_levels(data: &ColumnData) -> Option<Vec<String>> {
    // key -> (rows, spelling -> rows): the most frequent spelling names the level.
    let mut counts: HashMap<String, (usize, HashMap<String, usize>)> = HashMap::new();
    for row in 0..data.len() {
        if let Some(cell) = data.cell(row) {
            let entry = counts.entry(level_key(&cell)).or_default();
            entry.0 += 1;
            *entry.1.entry(cell.into_owned()).or_default() += 1;
        }
    }
    let mut levels: Vec<(usize, String, String)> = counts
        .into_iter()
        .filter(|(_, (rows, _))| *rows >= MIN_LEVEL_ROWS)
        .filter_map(|(key, (rows, spellings))| {
            let name = spellings.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?.0;
            Some((rows, key, name))
        })
        .collect();
    levels.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    levels.truncate(MAX_LEVELS);
    (!levels.is_empty()).then(|| levels.into_iter().map(|(_, _, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Places;

    fn table(rows: usize) -> Table {
        let contract: Vec<_> =
            (0..rows).map(|r| Some(if r % 3 == 0 { "One year" } else { "month-to-month" })).collect();
        let fee: Vec<_> = (0..rows).map(|r| (r != 5).then_some(r as f64)).collect();
        let column = |name: &str, data| Column { name: name.into(), canonical: true, source: name.into(), data };
        Table::new(
            vec![column("contract", ColumnData::text(contract)), column("monthly_charges", ColumnData::numbers(fee))],
            rows,
            Places::Items,
        )
    }

    #[test]
    fn codes_follow_frequency_and_spelling_does_not_matter() {
        let train = table(60);
        let plan = FeaturePlan::fit(&train, &Profile::shipped("telecom").expect("profile"), &[]);
        assert_eq!(
            plan.features()[0].kind,
            FeatureKind::Category { levels: vec!["month-to-month".into(), "One year".into()] }
        );
        let column = |name: &str, data| Column { name: name.into(), canonical: true, source: name.into(), data };
        let other = Table::new(
            vec![column("contract", ColumnData::text([Some("Month to Month"), Some("Lifetime"), None]))],
            3,
            Places::Items,
        );
        let matrix = plan.transform(&other).expect("matrix");
        assert_eq!(matrix.row(0)[0], 0.0);
        assert_eq!(matrix.row(1)[0], 2.0, "an unseen level is its own code");
        assert!(matrix.row(2)[0].is_nan() && matrix.row(0)[1].is_nan());
    }

    #[test]
    fn a_table_without_any_feature_is_an_error() {
        let plan = FeaturePlan::fit(&table(60), &Profile::shipped("telecom").expect("profile"), &["contract"]);
        let other = Table::new(Vec::new(), 3, Places::Items);
        assert_eq!(plan.transform(&other).expect_err("no column").kind(), ErrorKind::FeatureMissing);
    }
}
