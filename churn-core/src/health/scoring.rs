//! A table to health scores, each with the origin of its points.

use super::config::{Condition, Dimension, HealthBand, HealthConfig, Measure};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::level_key;
use crate::table::{Column, ColumnData, Table};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Fewest values from which a column's scale is told without a note.
const SURE_OF_SCALE: usize = 30;

/// What a measure read in a customer's row.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A number, on the scale of the measure's curve.
    Number(f64),
    /// A level.
    Level(Box<str>),
}

/// The origin of some points: one measure of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Index into [`HealthScores::measures`].
    pub measure: usize,
    /// What was read.
    pub value: Reading,
    /// Score of the value, 0 to 100.
    pub score: f64,
    /// Effective weight: points there were to win; those of a customer sum to 100.
    pub weight: f64,
}

impl Point {
    /// Points won, 0 to `weight`.
    pub fn won(&self) -> f64 {
        // Rounding must not win more than there was.
        (self.weight * self.score / 100.0).min(self.weight)
    }

    /// Points lost: `weight - won`.
    pub fn lost(&self) -> f64 {
        self.weight - self.won()
    }
}

/// A measure of the configuration or of one of its variants.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureRef {
    /// Name of the variant it belongs to; empty for the configuration itself.
    pub variant: String,
    /// Name of the dimension.
    pub dimension: String,
    /// Name for people.
    pub dimension_title: String,
    /// Name of the measure.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Unit of the field, where it has one and the value is not rescaled.
    pub unit: Option<String>,
    /// The column it reads.
    pub field: String,
    /// Weight before anything is missing; those of a variant sum to 100.
    pub nominal_weight: f64,
}

/// The health of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthScore {
    /// The customer; the row number where the table has no ids.
    pub customer_id: String,
    /// 0 to 100, 100 = healthy, rounded to six decimals; `None` where the coverage is too small.
    pub score: Option<f64>,
    /// Band of the score.
    pub band: HealthBand,
    /// Share of the weight that is known, 0 to 1.
    pub coverage: f64,
    /// Index into [`HealthScores::variants`]: 0 is the configuration itself.
    pub variant: usize,
    /// Where the points come from, in the order of the measures; empty where nothing is known.
    pub points: Vec<Point>,
}

/// The score of one dimension of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct DimensionScore<'a> {
    /// Name.
    pub name: &'a str,
    /// Name for people.
    pub title: &'a str,
    /// 0 to 100, 100 = healthy.
    pub score: f64,
    /// Points there were to win.
    pub weight: f64,
    /// Points won.
    pub won: f64,
}

/// How many customers are in which band.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct HealthSummary {
    /// Customers.
    pub customers: usize,
    /// Customers in the red band.
    pub red: usize,
    /// Customers in the yellow band.
    pub yellow: usize,
    /// Customers in the green band.
    pub green: usize,
    /// Customers of whom too little is known.
    pub unknown: usize,
    /// Mean score of the known; `None` where there is none.
    pub average_score: Option<f64>,
    /// Mean coverage.
    pub average_coverage: f64,
}

/// The health of the customers of a table, in the order of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthScores {
    /// One entry a row.
    pub scores: Vec<HealthScore>,
    /// Every measure that points can come from, sorted by variant, dimension and name.
    pub measures: Vec<MeasureRef>,
    /// Names of the variants; the first is empty and stands for the configuration itself.
    pub variants: Vec<String>,
    /// What it was scored by.
    pub config: HealthConfig,
    /// The day the rows describe (ISO 8601), where it was given.
    pub as_of: Option<String>,
    /// What was assumed, for example about the scale of a column.
    pub notes: Vec<String>,
}

impl HealthScores {
    /// How many customers are in which band.
    pub fn summary(&self) -> HealthSummary {
        let in_band = |band| self.scores.iter().filter(|s| s.band == band).count();
        let known: Vec<f64> = self.scores.iter().filter_map(|s| s.score).collect();
        let n = self.scores.len();
        HealthSummary {
            customers: n,
            red: in_band(HealthBand::Red),
            yellow: in_band(HealthBand::Yellow),
            green: in_band(HealthBand::Green),
            unknown: in_band(HealthBand::Unknown),
            average_score: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
            average_coverage: self.scores.iter().map(|s| s.coverage).sum::<f64>() / (n.max(1)) as f64,
        }
    }

    /// The dimensions of one customer that something is known of.
    pub fn dimensions(&self, row: usize) -> Vec<DimensionScore<'_>> {
        let mut found: Vec<DimensionScore<'_>> = Vec::new();
        for point in &self.scores[row].points {
            let measure = &self.measures[point.measure];
            if found.last().is_none_or(|d| d.name != measure.dimension) {
                let (name, title) = (measure.dimension.as_str(), measure.dimension_title.as_str());
                found.push(DimensionScore { name, title, score: 0.0, weight: 0.0, won: 0.0 });
            }
            if let Some(dimension) = found.last_mut() {
                dimension.weight += point.weight;
                dimension.won += point.won();
            }
        }
        for dimension in &mut found {
            dimension.score = if dimension.weight > 0.0 { 100.0 * dimension.won / dimension.weight } else { 0.0 };
        }
        found
    }

    /// Which measures made the score, in words: those that cost the most points first, at most `limit`.
    ///
    /// For example `Failed payments: 2 (20 of 100) won 1.1 of 5.6 points, lost 4.4`.
    pub fn reasons(&self, row: usize, limit: usize) -> Vec<String> {
        self.by_loss(row).into_iter().take(limit).map(|p| self.words(p)).collect()
    }

    /// The points of a customer, those that lost most first; ties keep the order of the measures.
    pub fn by_loss(&self, row: usize) -> Vec<&Point> {
        let mut points: Vec<&Point> = self.scores[row].points.iter().collect();
        points.sort_by(|a, b| b.lost().total_cmp(&a.lost()));
        points
    }

    /// One point in words.
    pub fn words(&self, point: &Point) -> String {
        let measure = &self.measures[point.measure];
        format!(
            "{}: {} ({:.0} of 100) won {:.1} of {:.1} points, lost {:.1}",
            measure.title,
            reading_words(&point.value, measure.unit.as_deref()),
            point.score,
            point.won(),
            point.weight,
            point.lost()
        )
    }

    /// The measures of a customer's variant that nothing is known of.
    pub fn missing(&self, row: usize) -> Vec<&MeasureRef> {
        let score = &self.scores[row];
        let variant = &self.variants[score.variant];
        let known = |i: usize| score.points.iter().any(|p| p.measure == i);
        let all = self.measures.iter().enumerate();
        all.filter(|(i, m)| &m.variant == variant && m.nominal_weight > 0.0 && !known(*i)).map(|(_, m)| m).collect()
    }

    /// The result as columns, in the documented order: `customer_id`, `health_score`, `health_band`, `coverage`,
    /// `variant`, one `<dimension>_score` a dimension, `lost_1..3` (in words), `as_of`.
    pub fn columns(&self) -> Vec<(String, ColumnData)> {
        let rows = 0..self.scores.len();
        let mut columns = vec![
            ("customer_id".to_owned(), ColumnData::text(self.scores.iter().map(|s| Some(s.customer_id.as_str())))),
            ("health_score".to_owned(), ColumnData::numbers(self.scores.iter().map(|s| s.score))),
            ("health_band".to_owned(), ColumnData::text(self.scores.iter().map(|s| Some(s.band.name())))),
            ("coverage".to_owned(), ColumnData::numbers(self.scores.iter().map(|s| Some(s.coverage)))),
            (
                "variant".to_owned(),
                ColumnData::text(self.scores.iter().map(|s| {
                    let name = self.variants[s.variant].as_str();
                    (!name.is_empty()).then_some(name)
                })),
            ),
        ];
        let mut names: Vec<&str> = self.measures.iter().map(|m| m.dimension.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let by_row: Vec<Vec<DimensionScore<'_>>> = rows.clone().map(|r| self.dimensions(r)).collect();
        for name in names {
            let score = |r: usize| by_row[r].iter().find(|d| d.name == name).map(|d| d.score);
            columns.push((format!("{name}_score"), ColumnData::numbers(rows.clone().map(score))));
        }
        let lost: Vec<Vec<String>> = rows.clone().map(|r| self.reasons(r, 3)).collect();
        for i in 0..3 {
            columns.push((format!("lost_{}", i + 1), ColumnData::text(lost.iter().map(|l| l.get(i)))));
        }
        columns.push(("as_of".to_owned(), ColumnData::text(rows.map(|_| self.as_of.as_deref()))));
        columns
    }

    /// The result as an Arrow record batch, the columns as in [`columns`](HealthScores::columns).
    ///
    /// # Errors
    /// None but a bug's.
    pub fn to_record_batch(&self) -> Result<arrow_array::RecordBatch> {
        let columns = self.columns();
        crate::table::batch_of(columns.iter().map(|(n, d)| (n.as_str(), d)))
    }
}

/// A value as people read it.
pub(super) fn reading_words(value: &Reading, unit: Option<&str>) -> String {
    match value {
        Reading::Level(level) => level.to_string(),
        Reading::Number(x) if unit == Some("share") => format!("{:.0} %", 100.0 * x),
        Reading::Number(x) => {
            let number = crate::table::format_number((x * 100.0).round() / 100.0);
            match unit {
                Some(u @ ("days" | "months" | "hours" | "minutes")) => {
                    format!("{number} {}", if number == "1" { u.trim_end_matches('s') } else { u })
                }
                _ => number,
            }
        }
    }
}

/// How one measure scores one column of the table.
enum Rule<'a> {
    Number { measure: &'a Measure, per: Option<&'a ColumnData>, scale: Option<[f64; 2]> },
    Level { scores: BTreeMap<String, f64>, other: Option<f64> },
}

/// One measure of one variant, ready to score rows of a table.
struct Slot<'a> {
    measure: usize,
    /// Index of the group (a budget, or the measure alone).
    group: usize,
    /// Share within the group.
    share: f64,
    data: &'a ColumnData,
    rule: Rule<'a>,
}

/// One variant, ready to score rows of a table.
struct Compiled<'a> {
    /// Weight of each group; they sum to 100.
    groups: Vec<f64>,
    slots: Vec<Slot<'a>>,
    conditions: Vec<(&'a Condition, Option<&'a ColumnData>)>,
    min_coverage: f64,
}

struct Compiler<'a> {
    table: &'a Table,
    scales: &'a BTreeMap<String, [f64; 2]>,
    measures: Vec<MeasureRef>,
    notes: Vec<String>,
}

impl<'a> Compiler<'a> {
    fn variant(
        &mut self,
        variant: &str,
        dimensions: &'a [Dimension],
        weight: impl Fn(&Dimension) -> f64,
    ) -> Result<(Vec<f64>, Vec<Slot<'a>>)> {
        let mut sorted: Vec<&Dimension> = dimensions.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let all: f64 = sorted.iter().map(|d| weight(d)).sum();
        let (mut groups, mut slots) = (Vec::new(), Vec::new());
        for dimension in sorted {
            let mut measures: Vec<&Measure> = dimension.measures.iter().collect();
            measures.sort_by(|a, b| a.name.cmp(&b.name));
            // The groups of the dimension: a budget, or a measure alone.
            let mut keys: Vec<(Option<&String>, &str, f64)> = Vec::new();
            for measure in &measures {
                match &measure.budget {
                    Some(budget) if keys.iter().any(|(b, ..)| *b == Some(budget)) => {}
                    Some(budget) => keys.push((Some(budget), "", dimension.budgets[budget])),
                    None => keys.push((None, &measure.name, measure.weight)),
                }
            }
            let sum: f64 = keys.iter().map(|k| k.2).sum();
            for measure in measures {
                let key = keys.iter().position(|(b, name, _)| match &measure.budget {
                    Some(budget) => *b == Some(budget),
                    None => b.is_none() && *name == measure.name,
                });
                let key = key.ok_or_else(|| Error::internal("a measure without a group"))?;
                let in_budget = |m: &&Measure| measure.budget.is_some() && m.budget == measure.budget;
                let shares: f64 = match measure.budget {
                    Some(_) => dimension.measures.iter().filter(in_budget).map(|m| m.weight).sum(),
                    None => 1.0,
                };
                let share = if measure.budget.is_some() { measure.weight } else { 1.0 };
                let group_weight = if sum > 0.0 { 100.0 * weight(dimension) / all * keys[key].2 / sum } else { 0.0 };
                let nominal_weight = if shares > 0.0 { group_weight * share / shares } else { 0.0 };
                let index = self.measures.len();
                let column = self.column(measure);
                let read = column.map_or(measure.field.as_str(), |c| c.name.as_str());
                self.measures.push(measure_ref(variant, dimension, measure, read, nominal_weight));
                // A column that is absent is missing in every row; a weight of 0 wins and loses nothing.
                if let Some(column) = column
                    && nominal_weight > 0.0
                    && let Some(rule) = self.rule(measure, column)?
                {
                    slots.push(Slot { measure: index, group: groups.len() + key, share, data: &column.data, rule });
                }
            }
            groups
                .extend(keys.iter().map(|k| if sum > 0.0 { 100.0 * weight(dimension) / all * k.2 / sum } else { 0.0 }));
        }
        Ok((groups, slots))
    }

    /// The column that a measure reads: the first of its columns that holds a value, else the first that there is.
    fn column(&self, measure: &Measure) -> Option<&'a Column> {
        let names = || std::iter::once(&measure.field).chain(&measure.or);
        let there = || names().filter_map(|name| self.table.column(name));
        let holds = |c: &&Column| (0..c.data.len()).any(|r| !c.data.is_missing(r));
        there().find(holds).or_else(|| there().next())
    }

    fn rule(&mut self, measure: &'a Measure, column: &'a Column) -> Result<Option<Rule<'a>>> {
        let Column { name: read, source, data, .. } = column;
        let kind = |wanted: &str, is: &str| {
            Error::new(
                ErrorKind::WrongType,
                format!("the measure '{}' needs {wanted}, but the column '{source}' holds {is}", measure.name),
            )
            .with("column", source.as_str())
            .hint("map the right column, or give the measure levels (for a category) or a curve (for a number)")
        };
        if !measure.levels.is_empty() {
            if matches!(data, ColumnData::Date(_) | ColumnData::Timestamp(_)) {
                return Err(kind("levels", "dates"));
            }
            let scores = measure.levels.iter().map(|(level, &score)| (level_key(level), score)).collect();
            return Ok(Some(Rule::Level { scores, other: measure.other }));
        }
        if !matches!(data, ColumnData::Number(_) | ColumnData::Integer(_) | ColumnData::Boolean(_)) {
            // A column without a single value has no type; it is missing, not wrong.
            if (0..data.len()).all(|r| data.is_missing(r)) {
                return Ok(None);
            }
            return Err(kind("a number", "something else"));
        }
        let per = match &measure.per {
            None => None,
            Some(name) => match self.table.column(name) {
                Some(column) => Some(&column.data),
                None => return Ok(None),
            },
        };
        Ok(Some(Rule::Number { measure, per, scale: self.scale(measure, read, data, source) }))
    }

    /// The scale a column is written in.
    fn scale(&mut self, measure: &Measure, read: &str, data: &ColumnData, source: &str) -> Option<[f64; 2]> {
        if measure.scales.is_empty() {
            return None;
        }
        if let Some(stated) = self.scales.get(read).or_else(|| self.scales.get(&measure.field)) {
            return Some(*stated);
        }
        let mut range = (f64::INFINITY, f64::NEG_INFINITY, 0usize);
        for value in (0..data.len()).filter_map(|r| data.number(r)) {
            range = (range.0.min(value), range.1.max(value), range.2 + 1);
        }
        let (low, high, n) = range;
        let fits = measure.scales.iter().find(|s| s[0] <= low && high <= s[1]);
        let scale = *fits.or(measure.scales.last())?;
        if n > 0 && n < SURE_OF_SCALE {
            let note = format!(
                "the scale of '{source}' was taken for {} to {} from {n} value(s); state it to be sure",
                scale[0], scale[1]
            );
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Some(scale)
    }
}

fn measure_ref(variant: &str, dimension: &Dimension, measure: &Measure, read: &str, nominal_weight: f64) -> MeasureRef {
    let derived = crate::features::DERIVED.iter().find(|d| d.name == read);
    let spec = crate::schema::field(read);
    let event = crate::schema::event_features().iter().find(|f| f.name == read);
    let readable = spec
        .map(|s| s.readable.clone())
        .or_else(|| derived.map(|d| d.readable.to_owned()))
        .or_else(|| event.map(|f| f.readable.clone()));
    let unit = spec
        .and_then(|s| s.unit.clone())
        .or_else(|| derived.map(|d| d.unit.to_owned()))
        .or_else(|| event.and_then(|f| f.unit.clone()));
    let plain = measure.per.is_none() && measure.scales.is_empty();
    MeasureRef {
        variant: variant.to_owned(),
        dimension: dimension.name.clone(),
        dimension_title: if dimension.title.is_empty() { dimension.name.clone() } else { dimension.title.clone() },
        name: measure.name.clone(),
        title: measure.title.clone().or(readable).unwrap_or_else(|| read.to_owned()),
        unit: unit.filter(|_| plain),
        field: read.to_owned(),
        nominal_weight,
    }
}

/// The score of a number: the curve's, linear between its points and constant beyond, or the band's.
fn number_score(measure: &Measure, x: f64) -> f64 {
    let curve = &measure.curve;
    if curve.is_empty() {
        let band = measure.bands.iter().find(|b| b.max.is_none_or(|max| x <= max));
        return band.map_or(0.0, |b| b.score);
    }
    let right = curve.partition_point(|p| p[0] <= x);
    match right {
        0 => curve[0][1],
        r if r == curve.len() => curve[r - 1][1],
        r => {
            let ([x0, y0], [x1, y1]) = (curve[r - 1], curve[r]);
            y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
        }
    }
}

impl Slot<'_> {
    /// What is read in a row, and its score.
    fn read(&self, row: usize) -> Option<(Reading, f64)> {
        match &self.rule {
            Rule::Number { measure, per, scale } => {
                let mut x = self.data.number(row).filter(|x| x.is_finite())?;
                if let Some(per) = per {
                    x /= per.number(row).filter(|d| *d > 0.0)?;
                }
                if let Some([low, high]) = scale {
                    x = 100.0 * ((x - low) / (high - low)).clamp(0.0, 1.0);
                }
                Some((Reading::Number(x), number_score(measure, x)))
            }
            Rule::Level { scores, other } => {
                let level = self.data.cell(row)?;
                let score = scores.get(&level_key(&level)).copied().or(*other)?;
                Some((Reading::Level(level.into()), score))
            }
        }
    }
}

fn holds(condition: &Condition, data: Option<&ColumnData>, row: usize) -> bool {
    let Some(data) = data else { return false };
    if !condition.is.is_empty() {
        return data.cell(row).is_some_and(|c| condition.is.iter().any(|l| level_key(l) == level_key(&c)));
    }
    data.number(row)
        .is_some_and(|x| condition.at_least.is_none_or(|low| x >= low) && condition.below.is_none_or(|high| x < high))
}

/// Scores every row of a typed table (derived columns included).
///
/// `scales` states the scale of a column, for example `{"nps_score": [0, 10]}`; where it is not stated, it is read from
/// all of the column's values. Rows are shared among the threads of the current rayon pool; the result has the same
/// bits for any number of threads and any order of columns, dimensions, measures and variants.
///
/// # Errors
/// `wrong_type` where a measure's column holds something else than the measure reads.
pub fn score(
    table: &Table,
    config: &HealthConfig,
    as_of: Option<&str>,
    scales: &BTreeMap<String, [f64; 2]>,
) -> Result<HealthScores> {
    let mut compiler = Compiler { table, scales, measures: Vec::new(), notes: Vec::new() };
    let (groups, slots) = compiler.variant("", &config.dimensions, |d| d.weight)?;
    let mut compiled = vec![Compiled { groups, slots, conditions: Vec::new(), min_coverage: config.min_coverage }];
    let mut variants: Vec<_> = config.variants.iter().collect();
    variants.sort_by(|a, b| b.when.len().cmp(&a.when.len()).then_with(|| a.name.cmp(&b.name)));
    for variant in &variants {
        let weight = |d: &Dimension| variant.weights.get(&d.name).copied().unwrap_or(d.weight);
        let (groups, slots) = compiler.variant(&variant.name, config.dimensions_of(variant), weight)?;
        let conditions = variant.when.iter().map(|c| (c, table.column(&c.field).map(|col| &col.data))).collect();
        let min_coverage = variant.min_coverage.unwrap_or(config.min_coverage);
        compiled.push(Compiled { groups, slots, conditions, min_coverage });
    }
    let ids = table.column("customer_id").map(|c| &c.data);
    let scores = (0..table.n_rows()).into_par_iter().with_min_len(64).map(|row| {
        let fits = |c: &Compiled<'_>| c.conditions.iter().all(|(condition, data)| holds(condition, *data, row));
        let variant = (1..compiled.len()).find(|&i| fits(&compiled[i])).unwrap_or(0);
        let id = ids.and_then(|d| d.cell(row)).map_or_else(|| table.row_number(row).to_string(), Cow::into_owned);
        score_row(&compiled[variant], variant, row, id, config)
    });
    Ok(HealthScores {
        scores: scores.collect(),
        measures: compiler.measures,
        variants: std::iter::once(String::new()).chain(variants.iter().map(|v| v.name.clone())).collect(),
        config: config.clone(),
        as_of: as_of.map(str::to_owned),
        notes: compiler.notes,
    })
}

fn score_row(
    compiled: &Compiled<'_>,
    variant: usize,
    row: usize,
    customer_id: String,
    config: &HealthConfig,
) -> HealthScore {
    let mut points: Vec<Point> = Vec::with_capacity(compiled.slots.len());
    let mut slots: Vec<&Slot<'_>> = Vec::with_capacity(compiled.slots.len());
    let mut shares = vec![0.0; compiled.groups.len()];
    for slot in &compiled.slots {
        if let Some((value, score)) = slot.read(row) {
            shares[slot.group] += slot.share;
            slots.push(slot);
            points.push(Point { measure: slot.measure, value, score, weight: 0.0 });
        }
    }
    let known: f64 = compiled.groups.iter().zip(&shares).filter(|(_, s)| **s > 0.0).map(|(w, _)| w).sum();
    let mut total = 0.0;
    for (point, slot) in points.iter_mut().zip(slots) {
        point.weight = 100.0 * (compiled.groups[slot.group] / known) * (slot.share / shares[slot.group]);
        total += point.won();
    }
    // Six decimals: sums of weights are not exact, and 50 must be 50 for the band.
    let rounded = |x: f64| (x * 1e6).round() / 1e6;
    let coverage = rounded(known / 100.0);
    let score = (!points.is_empty() && coverage >= compiled.min_coverage).then(|| rounded(total).clamp(0.0, 100.0));
    HealthScore { customer_id, score, band: config.bands.of(score), coverage, variant, points }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Places};

    pub(crate) fn table(columns: Vec<(&str, ColumnData)>) -> Table {
        let n = columns.first().map_or(0, |c| c.1.len());
        let columns = columns.into_iter().map(|(name, data)| Column {
            name: name.into(),
            canonical: true,
            source: name.to_uppercase(),
            data,
        });
        Table::new(columns.collect(), n, Places::Items)
    }

    const CONFIG: &str = r#"
name = "small"
min_coverage = 0.5
[[dimension]]
name = "usage"
weight = 60
budgets = { activity = 1 }
[[dimension.measure]]
name = "logins"
field = "logins_30d"
budget = "activity"
curve = [[0, 0], [10, 100]]
[[dimension.measure]]
name = "days"
field = "active_days_30d"
budget = "activity"
curve = [[0, 0], [20, 100]]
[[dimension]]
name = "billing"
weight = 40
[[dimension.measure]]
name = "failed"
field = "failed_payments"
bands = [{ max = 0, score = 100 }, { max = 2, score = 50 }, { score = 0 }]
"#;

    fn scored(columns: Vec<(&str, ColumnData)>) -> HealthScores {
        let config = HealthConfig::from_toml(CONFIG).expect("config");
        score(&table(columns), &config, None, &BTreeMap::new()).expect("scored")
    }

    #[test]
    fn points_sum_to_the_score_and_a_second_measure_of_a_budget_adds_no_weight() {
        let number = |x: f64| ColumnData::numbers([Some(x)]);
        let both = scored(vec![
            ("logins_30d", number(5.0)),
            ("active_days_30d", number(10.0)),
            ("failed_payments", number(1.0)),
        ]);
        assert_eq!(both.scores[0].score, Some(50.0));
        assert_eq!(both.scores[0].band, HealthBand::Red, "50 is still red");
        let one = scored(vec![("logins_30d", number(5.0)), ("failed_payments", number(1.0))]);
        assert_eq!(one.scores[0].score, Some(50.0));
        assert_eq!(one.scores[0].coverage, 1.0, "the budget is known by one of its measures");
        let weights: Vec<f64> = both.scores[0].points.iter().map(|p| p.weight).collect();
        assert_eq!(weights, [40.0, 30.0, 30.0]);
        let reasons = both.reasons(0, 1);
        assert_eq!(reasons, ["Failed payments: 1 (50 of 100) won 20.0 of 40.0 points, lost 20.0"]);
    }

    #[test]
    fn missing_is_left_out_and_too_little_is_unknown() {
        let healthy = scored(vec![("logins_30d", ColumnData::numbers([Some(10.0), None]))]);
        assert_eq!((healthy.scores[0].score, healthy.scores[0].coverage), (Some(100.0), 0.6));
        assert_eq!((healthy.scores[1].score, healthy.scores[1].band), (None, HealthBand::Unknown));
        let little = scored(vec![("failed_payments", ColumnData::numbers([Some(0.0)]))]);
        assert_eq!((little.scores[0].score, little.scores[0].coverage), (None, 0.4));
        assert_eq!(little.missing(0).len(), 2);
    }

    #[test]
    fn bounds_of_bands_belong_below_and_ratios_need_a_denominator() {
        let failed = |x: f64| {
            let columns = vec![
                ("failed_payments", ColumnData::numbers([Some(x)])),
                ("logins_30d", ColumnData::numbers([Some(10.0)])),
            ];
            scored(columns).scores[0].score.expect("known")
        };
        assert_eq!([failed(0.0), failed(0.1), failed(2.0), failed(2.1)], [100.0, 80.0, 80.0, 60.0]);
        let config = HealthConfig::from_toml(
            "name = \"x\"\n[[dimension]]\nname = \"a\"\nweight = 1\n[[dimension.measure]]\nname = \"m\"\nfield = \"logins_30d\"\nper = \"seats_used\"\ncurve = [[0, 0], [10, 100]]\n",
        )
        .expect("config");
        let columns = vec![
            ("logins_30d", ColumnData::numbers([Some(10.0), Some(10.0)])),
            ("seats_used", ColumnData::numbers([Some(2.0), Some(0.0)])),
        ];
        let scores = score(&table(columns), &config, None, &BTreeMap::new()).expect("scored").scores;
        assert_eq!((scores[0].score, scores[1].score), (Some(50.0), None));
    }

    #[test]
    fn scales_are_read_from_the_column_or_stated() {
        let config = HealthConfig::from_toml(
            "name = \"x\"\n[[dimension]]\nname = \"a\"\nweight = 1\n[[dimension.measure]]\nname = \"nps\"\nfield = \"nps_score\"\nscales = [[0, 10], [-100, 100]]\ncurve = [[0, 0], [100, 100]]\n",
        )
        .expect("config");
        let of = |values: &[f64], stated: &[(&str, [f64; 2])]| {
            let stated = stated.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
            let data = ColumnData::numbers(values.iter().map(|v| Some(*v)));
            let scores = score(&table(vec![("nps_score", data)]), &config, None, &stated).expect("scored");
            (scores.scores[0].score, scores.notes.len())
        };
        assert_eq!(of(&[8.0, 3.0], &[]), (Some(80.0), 1));
        assert_eq!(of(&[8.0, -3.0], &[]), (Some(54.0), 1));
        assert_eq!(of(&[8.0], &[("nps_score", [-100.0, 100.0])]), (Some(54.0), 0));
        let text = table(vec![("nps_score", ColumnData::text([Some("good")]))]);
        assert_eq!(score(&text, &config, None, &BTreeMap::new()).expect_err("text").code(), "wrong_type");
    }

    #[test]
    fn the_variant_with_most_conditions_counts() {
        let config = HealthConfig::from_toml(&format!(
            "{CONFIG}\n[[variant]]\nname = \"young\"\nwhen = [{{ field = \"tenure_months\", below = 1 }}]\nweights = {{ usage = 1, billing = 0 }}\n[[variant]]\nname = \"big_young\"\nwhen = [{{ field = \"tenure_months\", below = 1 }}, {{ field = \"plan\", is = [\"Big\"] }}]\nweights = {{ usage = 0, billing = 1 }}\n"
        ))
        .expect("config");
        let columns = vec![
            ("logins_30d", ColumnData::numbers([Some(10.0); 3])),
            ("failed_payments", ColumnData::numbers([Some(9.0); 3])),
            ("tenure_months", ColumnData::numbers([Some(0.5), Some(0.5), Some(1.0)])),
            ("plan", ColumnData::text([Some("big"), Some("small"), Some("big")])),
        ];
        let scores = score(&table(columns), &config, None, &BTreeMap::new()).expect("scored");
        let got: Vec<Option<f64>> = scores.scores.iter().map(|s| s.score).collect();
        assert_eq!(got, [Some(0.0), Some(100.0), Some(60.0)]);
        let names: Vec<&str> = scores.scores.iter().map(|s| scores.variants[s.variant].as_str()).collect();
        assert_eq!(names, ["big_young", "young", ""]);
    }
}
