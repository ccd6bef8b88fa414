//! Leads to scores.

use super::config::{LeadConfig, LeadItem, LeadOption};
use crate::error::{Error, ErrorKind, Result};
use crate::read::cells;
use crate::schema::{FieldType, level_key};
use crate::table::{ColumnData, RawTable};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What becomes of sections whose items add up to more than the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bant {
    /// The items are scaled to the section, so that the whole adds up to 100.
    #[default]
    Scaled,
    /// The items keep their points, and the total is capped at 100.
    Raw,
}

impl Bant {
    /// `scaled` or `raw`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(name: &str) -> Result<Bant> {
        match name {
            "scaled" => Ok(Bant::Scaled),
            "raw" => Ok(Bant::Raw),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no way '{name}' to count BANT"))
                .with("argument", "bant")
                .hint("use 'scaled' or 'raw'")),
        }
    }
}

/// How hot a lead is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Temperature {
    /// Below `cool`.
    Cold,
    /// From `cool`.
    Cool,
    /// From `warm`.
    Warm,
    /// From `hot`.
    Hot,
}

impl Temperature {
    /// All, from cold to hot.
    pub const ALL: [Temperature; 4] = [Temperature::Cold, Temperature::Cool, Temperature::Warm, Temperature::Hot];

    /// `cold`, `cool`, `warm` or `hot`.
    pub fn name(self) -> &'static str {
        match self {
            Temperature::Cold => "cold",
            Temperature::Cool => "cool",
            Temperature::Warm => "warm",
            Temperature::Hot => "hot",
        }
    }
}

/// The points of one item of one lead.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemPoints {
    /// Index of the section.
    pub section: usize,
    /// Index of the item in the section.
    pub item: usize,
    /// Points won.
    pub points: f64,
    /// Points there were to win.
    pub max: f64,
    /// Whether anything is known of it.
    pub known: bool,
    /// Index of the option that counted.
    pub option: Option<usize>,
}

/// The score of one lead.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadScore {
    /// The lead; the row number where there are no ids.
    pub lead_id: String,
    /// 0 to 100, rounded to six decimals.
    pub score: f64,
    /// How hot.
    pub temperature: Temperature,
    /// Share of the points that something is known of, 0 to 1.
    pub coverage: f64,
    /// The score if every unknown item turned out best.
    pub best_case: f64,
    /// The points, in the order of the scorecard.
    pub items: Vec<ItemPoints>,
}

/// The scores of the leads of a table, in the order of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadScores {
    /// One entry a row.
    pub scores: Vec<LeadScore>,
    /// What they were scored by.
    pub config: LeadConfig,
    /// Field -> header of the column it was read from.
    pub fields: BTreeMap<String, String>,
    /// Fields of the scorecard that no column was found for.
    pub missing: Vec<String>,
}

impl LeadScores {
    /// Leads of each temperature, from hot to cold.
    pub fn counts(&self) -> [(Temperature, usize); 4] {
        let mut all = Temperature::ALL;
        all.reverse();
        all.map(|t| (t, self.scores.iter().filter(|s| s.temperature == t).count()))
    }

    /// The item behind some points.
    pub fn item(&self, points: &ItemPoints) -> &LeadItem {
        &self.config.sections[points.section].items[points.item]
    }
}

/// One column as the options read it.
struct Column<'a> {
    text: &'a ColumnData,
    numbers: Option<ColumnData>,
    booleans: Option<ColumnData>,
}

impl Column<'_> {
    fn known(&self, row: usize) -> bool {
        !self.text.is_missing(row) && self.text.cell(row).is_some_and(|c| !cells_missing(&c))
    }

    fn holds(&self, option: &LeadOption, row: usize) -> bool {
        if !self.known(row) {
            return false;
        }
        if option.numeric() {
            let Some(x) = self.numbers.as_ref().and_then(|n| n.number(row)) else { return false };
            return option.at_least.is_none_or(|low| x >= low)
                && option.at_most.is_none_or(|high| x <= high)
                && option.below.is_none_or(|high| x < high);
        }
        if option.is.is_empty() {
            return true;
        }
        let cell = self.text.cell(row).map(|c| level_key(&c)).unwrap_or_default();
        let truth = self.booleans.as_ref().and_then(|b| b.number(row)).map(|b| if b == 1.0 { "true" } else { "false" });
        option.is.iter().any(|level| {
            let key = level_key(level);
            // A column of yes and no may be written in many ways; a level such as "target" only in one.
            key == cell
                || truth.is_some_and(|t| key == t || (key == "yes" && t == "true") || (key == "no" && t == "false"))
        })
    }
}

/// Words that say that nothing is known.
fn cells_missing(cell: &str) -> bool {
    ["na", "nan", "null", "none", "select", "pleaseselect"].contains(&level_key(cell).as_str())
}

/// Scores the leads of a table. Columns are found by the fields' names and aliases, by letters and digits alone.
///
/// # Errors
/// `field_unmapped` where no field of the scorecard has a column; `wrong_type` where a column that must hold numbers
/// holds none.
pub fn score(raw: &RawTable, config: &LeadConfig, bant: Bant) -> Result<LeadScores> {
    let header_of = |field: &str| {
        let names = std::iter::once(field).chain(config.aliases.get(field).into_iter().flatten().map(String::as_str));
        names.map(level_key).find_map(|key| raw.columns().iter().find(|c| level_key(&c.name) == key))
    };
    let options = || config.sections.iter().flat_map(|s| &s.items).flat_map(|i| &i.options);
    let mut wanted: Vec<&str> = options().map(|o| o.field.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (mut columns, mut fields, mut missing) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for field in wanted {
        let Some(column) = header_of(field) else {
            missing.push(field.to_owned());
            continue;
        };
        fields.insert(field.to_owned(), column.name.clone());
        let numeric = options().any(|o| o.field == field && o.numeric());
        let numbers = numeric.then(|| cells::read_as(&column.data, FieldType::Number).values);
        if let Some(numbers) = &numbers {
            let any = (0..raw.n_rows()).any(|r| !column.data.is_missing(r));
            if any && (0..raw.n_rows()).all(|r| numbers.number(r).is_none()) {
                return Err(Error::new(
                    ErrorKind::WrongType,
                    format!("the column '{}' must hold numbers for '{field}', and holds none", column.name),
                )
                .with("column", &column.name)
                .hint("rename the column, or mend its values"));
            }
        }
        let truth = options().any(|o| o.field == field && o.is.iter().any(|l| ["true", "yes"].contains(&l.as_str())));
        let booleans = truth.then(|| cells::read_as(&column.data, FieldType::Boolean).values);
        let booleans = booleans.filter(|b| matches!(b, ColumnData::Boolean(_)));
        columns.insert(field.to_owned(), Column { text: &column.data, numbers, booleans });
    }
    if columns.is_empty() {
        return Err(Error::new(
            ErrorKind::FieldUnmapped,
            format!("the table has none of the columns of the scorecard '{}'", config.name),
        )
        .with("fields", missing.join(","))
        .hint("name the columns as the scorecard does, or give it aliases"));
    }
    let ids = header_of("lead_id").map(|c| &c.data);
    let scores = (0..raw.n_rows()).map(|row| {
        let id = ids.and_then(|d| d.cell(row)).map_or_else(|| raw.row_number(row).to_string(), Cow::into_owned);
        score_row(&columns, config, bant, row, id)
    });
    Ok(LeadScores { scores: scores.collect(), config: config.clone(), fields, missing })
}

fn score_row(
    columns: &BTreeMap<String, Column<'_>>,
    config: &LeadConfig,
    bant: Bant,
    row: usize,
    lead_id: String,
) -> LeadScore {
    let (mut score, mut best, mut known_points, mut all_points) = (0.0, 0.0, 0.0, 0.0);
    let mut items = Vec::new();
    for (s, section) in config.sections.iter().enumerate() {
        let most: f64 = section.items.iter().map(LeadItem::max).sum();
        let factor = if section.scale && bant == Bant::Scaled { section.points / most } else { 1.0 };
        for (i, item) in section.items.iter().enumerate() {
            let known = item.options.iter().any(|o| columns.get(&o.field).is_some_and(|c| c.known(row)));
            let holding = item.options.iter().enumerate();
            let holding = holding.filter(|(_, o)| columns.get(&o.field).is_some_and(|c| c.holds(o, row)));
            let option = holding.max_by(|a, b| a.1.points.total_cmp(&b.1.points).then_with(|| b.0.cmp(&a.0)));
            let max = factor * item.max();
            let points = factor
                * match option {
                    Some((_, option)) => option.points,
                    None if known => 0.0,
                    None => item.unknown,
                };
            score += points;
            best += if known { points } else { max };
            known_points += if known { max } else { 0.0 };
            all_points += max;
            items.push(ItemPoints { section: s, item: i, points, max, known, option: option.map(|(i, _)| i) });
        }
    }
    // Six decimals: scaled points do not add up exactly, and 80 must be hot.
    let rounded = |x: f64| ((x * 1e6).round() / 1e6).clamp(0.0, 100.0);
    let score = rounded(score);
    let limits = config.temperature;
    let temperature = match score {
        s if s >= limits.hot => Temperature::Hot,
        s if s >= limits.warm => Temperature::Warm,
        s if s >= limits.cool => Temperature::Cool,
        _ => Temperature::Cold,
    };
    LeadScore { lead_id, score, temperature, coverage: known_points / all_points, best_case: rounded(best), items }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lead(value: serde_json::Value, bant: Bant) -> LeadScore {
        let record = value.as_object().expect("object").clone();
        let raw = crate::read::read_records(&[record]).expect("read");
        score(&raw, &LeadConfig::shipped("roofing").expect("scorecard"), bant).expect("scored").scores.remove(0)
    }

    fn best() -> serde_json::Value {
        json!({ "Lead ID": "L1", "Home Value": "$650,000", "income": 210000, "location": "Premium", "visits": 4, "form": "yes",
            "response time": 3, "interactions": 6, "budget": "Confirmed", "authority": "Decision-maker", "need": "immediate", "timeline": 10 })
    }

    #[test]
    fn a_perfect_lead_has_100_points_either_way() {
        let scaled = lead(best(), Bant::Scaled);
        assert_eq!((scaled.score, scaled.temperature, scaled.lead_id.as_str()), (100.0, Temperature::Hot, "L1"));
        assert_eq!((scaled.coverage, scaled.best_case), (1.0, 100.0));
        assert_eq!(lead(best(), Bant::Raw).score, 100.0, "capped");
        let raw_bant: f64 = lead(best(), Bant::Raw).items.iter().filter(|p| p.section == 2).map(|p| p.max).sum();
        assert_eq!(raw_bant, 25.0);
    }

    #[test]
    fn every_bound_is_where_it_should_be() {
        let points = |field: &str, value: serde_json::Value, item: (usize, usize)| {
            let score = lead(json!({ field: value }), Bant::Raw);
            score.items.iter().find(|p| (p.section, p.item) == item).expect("item").points
        };
        let cases = [
            (
                "property_value",
                vec![
                    (500_000, 30.0),
                    (499_999, 20.0),
                    (300_000, 20.0),
                    (299_999, 10.0),
                    (200_000, 10.0),
                    (199_999, 5.0),
                ],
                (0, 0),
            ),
            (
                "household_income",
                vec![(200_000, 15.0), (199_999, 10.0), (150_000, 10.0), (100_000, 5.0), (99_999, 2.0)],
                (0, 1),
            ),
            ("website_visits", vec![(2, 15.0), (1, 10.0), (0, 0.0)], (1, 0)),
            ("response_minutes", vec![(4, 10.0), (5, 7.0), (59, 7.0), (60, 4.0), (1439, 4.0), (1440, 1.0)], (1, 1)),
            ("interactions", vec![(5, 10.0), (4, 7.0), (3, 7.0), (2, 4.0), (1, 4.0), (0, 0.0)], (1, 2)),
            ("timeline_days", vec![(29, 5.0), (30, 3.0), (90, 3.0), (91, 1.0)], (2, 3)),
        ];
        for (field, values, item) in cases {
            for (value, expected) in values {
                assert_eq!(points(field, json!(value), item), expected, "{field} {value}");
            }
        }
        let levels = [
            ("location_tier", "Target market", 7.0, (0, 2)),
            ("location_tier", "elsewhere", 3.0, (0, 2)),
            ("budget", "estimated", 5.0, (2, 0)),
            ("authority", "influencer", 4.0, (2, 1)),
            ("need", "within 3 months", 3.0, (2, 2)),
            ("need", "exploring", 1.0, (2, 2)),
            ("form_filled", "Yes", 5.0, (1, 0)),
        ];
        for (field, value, expected, item) in levels {
            assert_eq!(points(field, json!(value), item), expected, "{field} {value}");
        }
    }

    #[test]
    fn unknown_is_told_and_no_column_at_all_is_an_error() {
        let few = lead(json!({ "property_value": 300000, "need": "Select" }), Bant::Scaled);
        // 20 for the house, and of BANT 2 + 1 of 25 for what is not known.
        assert_eq!(few.score, 21.2);
        assert_eq!(few.temperature, Temperature::Cold);
        assert_eq!((few.coverage, few.best_case), (0.3, 90.0));
        let raw = crate::read::read_records(&[json!({ "colour": "red" }).as_object().expect("object").clone()])
            .expect("read");
        let config = LeadConfig::shipped("roofing").expect("scorecard");
        assert_eq!(score(&raw, &config, Bant::Scaled).expect_err("nothing").code(), "field_unmapped");
        let raw = crate::read::read_records(&[json!({ "property_value": "big" }).as_object().expect("object").clone()])
            .expect("read");
        assert_eq!(score(&raw, &config, Bant::Scaled).expect_err("text").code(), "wrong_type");
        assert_eq!(Bant::parse("half").expect_err("no such").code(), "invalid_argument");
    }
}
