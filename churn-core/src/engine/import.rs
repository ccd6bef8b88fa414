//! Models trained elsewhere: on their own matrix, and as an engine.

use super::{Engine, Predictor};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureKind, FeatureMatrix, FeaturePlan, FeatureSpec, SEPARATORS, spec, truth_of};
use crate::map::{self, ColumnInput, MapOptions};
use crate::model::Model;
use crate::model::import::{IMPORTED, ImportOptions};
use crate::read;
use crate::schema::{self, FieldType, level_key};
use crate::table::{ColumnData, RawColumn, RawTable};
use crate::validate::free_name;
use ndarray::Array2;
use std::collections::HashMap;
use std::path::Path;

/// The confidence from which on a feature's name is taken for a canonical field's.
const SURE: f64 = 90.0;

/// Imports a model that another library trained: XGBoost `.json` and `.ubj`, LightGBM `.txt`, CatBoost `.json`,
/// scikit-learn as plain JSON.
///
/// # Errors
/// `model_not_found`, `io`, and those of [`Model::import`].
pub fn import_model(path: impl AsRef<Path>, options: &ImportOptions) -> Result<Model> {
    crate::registry::import(path.as_ref(), options)
}

impl Predictor {
    /// The matrix of a table whose columns are the model's own features, shape (n_rows, n_features): numbers as they
    /// are, level names as their codes, blank cells missing. Columns may stand in any order; others are ignored.
    ///
    /// # Errors
    /// `feature_missing` for features without a column, `wrong_type` for a column of words where the model has
    /// numbers.
    pub fn matrix(&self, raw: &RawTable) -> Result<FeatureMatrix> {
        let features = self.model().plan.features();
        let columns: Vec<Option<&RawColumn>> = features.iter().map(|f| raw.column(&f.name)).collect();
        let absent: Vec<&str> =
            features.iter().zip(&columns).filter(|(_, c)| c.is_none()).map(|(f, _)| f.name.as_str()).collect();
        if !absent.is_empty() {
            let shown = absent.iter().take(8).copied().collect::<Vec<_>>().join(", ");
            return Err(Error::new(
                ErrorKind::FeatureMissing,
                format!("the table lacks {} of the model's {} features: {shown}", absent.len(), features.len()),
            )
            .with("columns", absent.join(","))
            .hint(
                "give the columns that the model was trained on; Engine.from_model maps and encodes a customer table",
            ));
        }
        let mut values = Array2::from_elem((raw.n_rows(), features.len()), f64::NAN);
        for (j, (feature, column)) in features.iter().zip(columns).enumerate() {
            let Some(column) = column else { continue };
            let mut out = values.column_mut(j);
            match &feature.kind {
                FeatureKind::Category { levels } => {
                    let codes = Codes::of(levels);
                    for (row, cell) in out.iter_mut().enumerate() {
                        *cell = codes.code(&column.data, row);
                    }
                }
                FeatureKind::Number | FeatureKind::Boolean => {
                    let numbers = numbers(&column.data);
                    let readable = |row| numbers.number(row).is_some();
                    let filled = (0..raw.n_rows()).any(|row| !column.data.is_missing(row));
                    if filled && !(0..raw.n_rows()).any(readable) {
                        return Err(Error::new(
                            ErrorKind::WrongType,
                            format!("column '{}' holds no number, but the model has numbers there", column.name),
                        )
                        .with("column", &column.name)
                        .hint("give the column as it was encoded for the model"));
                    }
                    for (row, cell) in out.iter_mut().enumerate() {
                        *cell = numbers.number(row).unwrap_or(f64::NAN);
                    }
                }
            }
        }
        Ok(FeatureMatrix::new(values))
    }
}

/// The numbers of a column: written plainly as programs write them, else as people do.
fn numbers(data: &ColumnData) -> ColumnData {
    let (ColumnData::Text(_) | ColumnData::Category(_)) = data else { return data.clone() };
    let cells = (0..data.len()).map(|row| data.cell(row).map(|c| c.parse::<f64>()).transpose());
    match cells.collect::<std::result::Result<Vec<_>, _>>() {
        Ok(plain) => ColumnData::numbers(plain),
        Err(_) => read::cells::read_as(data, FieldType::Number).values,
    }
}

/// The codes of level names: as they are written, else whatever the spelling.
struct Codes<'a> {
    exact: HashMap<&'a str, f64>,
    alike: HashMap<String, f64>,
    unseen: f64,
}

impl<'a> Codes<'a> {
    fn of(levels: &'a [String]) -> Self {
        let mut codes = Codes { exact: HashMap::new(), alike: HashMap::new(), unseen: levels.len() as f64 };
        for (i, level) in levels.iter().enumerate() {
            codes.exact.entry(level).or_insert(i as f64);
            codes.alike.entry(level_key(level)).or_insert(i as f64);
        }
        codes
    }

    fn code(&self, data: &ColumnData, row: usize) -> f64 {
        let Some(cell) = data.cell(row) else { return f64::NAN };
        let exact = self.exact.get(cell.as_ref());
        exact.or_else(|| self.alike.get(&level_key(&cell))).copied().unwrap_or(self.unseen)
    }
}

/// Whether a feature of this kind holds what a field of this type does; yes and no are 1 and 0 to models that know
/// numbers only.
fn fits(kind: &FeatureKind, field: FieldType) -> bool {
    match kind {
        FeatureKind::Number => matches!(field, FieldType::Number | FieldType::Boolean),
        FeatureKind::Boolean => field == FieldType::Boolean,
        FeatureKind::Category { .. } => field == FieldType::Category,
    }
}

/// Whether a feature of such a name is one of those that stand for the levels of yes and no: `Dependents_No` is 1 where
/// there are none. `employees_no` is a number, unless there is an `employees_yes`.
fn is_indicator(name: &str, field: FieldType, features: &[FeatureSpec]) -> bool {
    let split = |name: &str| {
        let at = name.rfind(SEPARATORS).filter(|&at| at > 0)?;
        Some((name[..=at].to_lowercase(), truth_of(&name[at + 1..])?))
    };
    let Some((header, truth)) = split(name) else { return false };
    let is_twin = |f: &FeatureSpec| split(&f.name).is_some_and(|(h, t)| h == header && t != truth);
    field == FieldType::Boolean || features.iter().any(is_twin)
}

/// An imported model with its features under canonical names, where their own names say clearly what they are and the
/// field's type fits; the others keep their names, and a column of that name is theirs.
pub(super) fn settled(mut model: Model) -> Result<Model> {
    if model.card.kind != IMPORTED || !model.headers.is_empty() {
        return Ok(model);
    }
    let columns: Vec<ColumnInput> =
        model.plan.features().iter().map(|f| ColumnInput { name: f.name.clone(), samples: Vec::new() }).collect();
    let options = MapOptions {
        table_kind: Some(Default::default()),
        profile: Some(model.profile.clone()),
        ..MapOptions::default()
    };
    let mapping = map::map_columns(&columns, &options)?;
    let field_of = |feature: &FeatureSpec| {
        let column = mapping.columns.iter().find(|c| c.source == feature.name && c.confidence >= SURE)?;
        let field = schema::field(column.field.as_deref()?)?;
        let fits = fits(&feature.kind, field.field_type) && field.usable_as_feature();
        (fits && !is_indicator(&feature.name, field.field_type, model.plan.features())).then_some(field.name.as_str())
    };
    let mut features: Vec<FeatureSpec> = Vec::new();
    for feature in model.plan.features() {
        let free = |name: &&str| !model.plan.features().iter().any(|f| f.name == **name && f.name != feature.name);
        let field = field_of(feature).filter(free);
        // Codes under the name of a field that holds words (`contract` as 0, 1, 2) are a column of the table's own.
        let own = free_name(&feature.name, false);
        let name = field.unwrap_or(&own);
        model.headers.insert(feature.name.clone(), name.to_owned());
        features.push(match field {
            Some(name) => spec(name, feature.kind.clone(), &model.profile),
            None => FeatureSpec { name: own, ..feature.clone() },
        });
    }
    let known: Vec<String> = features.iter().map(|f| f.name.clone()).collect();
    for feature in features.iter_mut().filter(|f| !known.contains(&f.credit_to)) {
        feature.credit_to = feature.name.clone();
    }
    model.plan = FeaturePlan::new(features);
    Ok(model)
}

impl Engine {
    /// The engine of a model that another library trained, ready for customer tables: see [`import_model`] and
    /// [`Engine::from_model`].
    ///
    /// # Errors
    /// As [`import_model`].
    pub fn import(path: impl AsRef<Path>, options: &ImportOptions) -> Result<Engine> {
        Engine::from_model(import_model(path, options)?)
    }
}
