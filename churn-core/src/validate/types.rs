//! Columns read as the type their field, or their content, says.

use super::codes::Code;
use super::findings::{About, Findings};
use super::shapes;
use crate::map::Mapping;
use crate::read::cells::{self, ParsedColumn};
use crate::schema::{self, FieldSpec, FieldType, canonical_level};
use crate::table::{Column, ColumnData, RawColumn, RawTable, Table};
use rayon::prelude::*;
use std::collections::HashMap;

/// Cells that are looked at to tell whether a column of text is one of numbers with something else between them.
const MIXED_ROWS: usize = 2_000;

/// Spellings that are looked up one by one.
const FEW_SPELLINGS: usize = 12;

/// How many cells hold what, over all judged columns.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct CellCounts {
    pub all: usize,
    pub blank: usize,
    pub unreadable: usize,
}

/// A column as read, with what was met on the way.
struct Typed {
    field: Option<&'static FieldSpec>,
    field_type: FieldType,
    parsed: ParsedColumn,
    blank: usize,
    mixed: bool,
    /// For money whose header says hundredths: whether it was divided by 100.
    minor: Option<bool>,
}

/// The typed table: every mapped column under its field's name, every other under its own; personal columns and
/// the label left out.
pub(super) fn typed_table(
    raw: &RawTable,
    mapping: &Mapping,
    label: Option<&str>,
    findings: &mut Findings,
) -> (Table, CellCounts) {
    let wanted: Vec<(&RawColumn, Option<&'static FieldSpec>)> = raw
        .columns()
        .iter()
        .filter(|c| Some(c.name.as_str()) != label)
        .filter_map(|column| {
            let matched = mapping.column(&column.name);
            let field = matched.and_then(|m| m.field.as_deref()).and_then(schema::field);
            let personal = field.map_or_else(|| matched.is_some_and(|m| m.pii), |f| f.pii);
            (!personal).then_some((column, field))
        })
        .collect();
    let read: Vec<Typed> = wanted.par_iter().map(|(column, field)| read(raw, column, *field)).collect();
    let mut columns = Vec::with_capacity(wanted.len());
    let mut counts = CellCounts::default();
    for ((column, _), typed) in wanted.iter().zip(read) {
        counts.all += raw.n_rows();
        counts.blank += typed.blank;
        counts.unreadable += typed.parsed.unreadable.len();
        let name = typed.field.map(|f| f.name.as_str());
        tell(raw, column, &typed, name, findings);
        let data = match typed.field {
            Some(field) if field.field_type == FieldType::Category => {
                canonical_levels(&field.name, &typed.parsed.values).unwrap_or(typed.parsed.values)
            }
            _ => typed.parsed.values,
        };
        columns.push(Column {
            name: free_name(name.unwrap_or(column.name.as_str()), name.is_some()),
            canonical: name.is_some(),
            source: column.name.clone(),
            data,
        });
    }
    (Table::new(columns, raw.n_rows(), raw.places().clone()), counts)
}

fn read(raw: &RawTable, column: &RawColumn, field: Option<&'static FieldSpec>) -> Typed {
    let format = &raw.source().cells;
    let (field_type, mut parsed) = match field {
        Some(field) => (field.field_type, cells::read_with(&column.data, field.field_type, format)),
        None => cells::read_own(&column.data, &column.name, format),
    };
    let mut minor = None;
    if field.is_some_and(|f| f.is_money()) && cells::is_minor_unit(&column.name) {
        let whole = cells::from_minor_units(&parsed);
        minor = Some(whole.is_some());
        parsed = whole.unwrap_or(parsed);
    }
    let n = parsed.values.len();
    // What could not be read is not blank.
    let missing = (0..n).filter(|&r| parsed.values.is_missing(r)).count();
    let mixed =
        field.is_none() && matches!(field_type, FieldType::Category | FieldType::Text) && is_mixed(&column.data);
    Typed { field, field_type, blank: missing - parsed.unreadable.len().min(missing), parsed, mixed, minor }
}

/// Whether most, but not nearly all, cells of a column of text are numbers.
fn is_mixed(data: &ColumnData) -> bool {
    let step = data.len().div_ceil(MIXED_ROWS).max(1);
    let some: Vec<usize> = (0..data.len()).step_by(step).filter(|&r| !data.is_missing(r)).collect();
    // A number has a digit: most columns of words are told by that.
    let worded = |r: &&usize| data.cell(**r).is_some_and(|c| !c.chars().any(char::is_numeric));
    let most = some.len() * 4 / 10;
    if some.len() < 20 || some.iter().filter(worded).take(most + 1).count() > most {
        return false;
    }
    let parsed = cells::read_as(&data.take(&some), FieldType::Number);
    let numbers = some.len() - parsed.unreadable.len();
    numbers * 10 > some.len() * 6 && parsed.unreadable.len() * 100 > some.len()
}

/// What was met while the column was read, as findings.
fn tell(raw: &RawTable, column: &RawColumn, typed: &Typed, name: Option<&str>, findings: &mut Findings) {
    let n = raw.n_rows();
    let about = |code: Code| About::new(code).of(name, &column.name);
    let unreadable = &typed.parsed.unreadable;
    if n > 0 && typed.blank == n {
        let message = format!("'{}' has no value in any row", column.name);
        findings.add_count(
            about(Code::EmptyColumn),
            0,
            Vec::new(),
            message,
            format!("leave '{}' out, or fill it", column.name),
        );
    }
    if !unreadable.is_empty() {
        let rows: Vec<u64> = unreadable.iter().map(|&r| raw.row_number(r)).collect();
        let count = rows.len();
        let as_what = type_name(typed.field_type);
        let message = format!(
            "{count} value{} of '{}' could not be read as {as_what} and count{} as missing: {}",
            if count == 1 { "" } else { "s" },
            column.name,
            if count == 1 { "s" } else { "" },
            shapes::describe(&column.data, unreadable)
        );
        let suggestion = format!("write every value of '{}' as {as_what} ({})", column.name, typed.parsed.format);
        findings.add(about(Code::UnreadableValue), &rows, message, suggestion);
    }
    for warning in &typed.parsed.warnings {
        findings.add_count(
            about(Code::AmbiguousFormat),
            0,
            Vec::new(),
            format!("'{}': {warning}", column.name),
            format!("say how '{}' is written, or export it unambiguously", column.name),
        );
    }
    if let Some(divided) = typed.minor {
        let (code, message) = if divided {
            (Code::MinorUnits, "is in hundredths of the currency, as its header says; the amounts were divided by 100")
        } else {
            (
                Code::AmbiguousFormat,
                "says hundredths of the currency, but not all amounts are whole; they stay as they are",
            )
        };
        let suggestion = format!("check one amount of '{}' against the source", column.name);
        findings.add_count(about(code), 0, Vec::new(), format!("'{}' {message}", column.name), suggestion);
    }
    if typed.mixed {
        let message = format!("'{}' holds mostly numbers, but also text, and is taken for text", column.name);
        let suggestion =
            format!("write only numbers in '{}', and put the words into a column of their own", column.name);
        findings.add_count(about(Code::MixedTypes), 0, Vec::new(), message, suggestion);
    }
}

/// A column that means no field must not be taken for one because its header spells one.
fn free_name(name: &str, canonical: bool) -> String {
    if !canonical && schema::field(name).is_some() { format!("{name} (own column)") } else { name.to_owned() }
}

/// The column with every known spelling replaced by its level; `None` where nothing changes.
fn canonical_levels(field: &str, data: &ColumnData) -> Option<ColumnData> {
    let ColumnData::Text(cells) = data else { return None };
    // Few spellings come again and again: each is judged once, and the commonest are found without hashing.
    let mut first: Vec<(&str, Option<&'static str>)> = Vec::new();
    let mut known: HashMap<&str, Option<&'static str>> = HashMap::new();
    let mut changed = false;
    for cell in cells.iter().flatten() {
        if first.iter().any(|(spelling, _)| *spelling == cell) || known.contains_key(cell) {
            continue;
        }
        let level = canonical_level(field, cell).filter(|level| *level != cell);
        changed |= level.is_some();
        if first.len() < FEW_SPELLINGS {
            first.push((cell, level));
        } else {
            known.insert(cell, level);
        }
    }
    let level = |cell| {
        let found = first.iter().find(|(spelling, _)| *spelling == cell).map(|(_, level)| *level);
        found.or_else(|| known.get(cell).copied()).flatten().unwrap_or(cell)
    };
    changed.then(|| ColumnData::text(cells.iter().map(|cell| cell.map(level))))
}

fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Id => "an id",
        FieldType::Text => "text",
        FieldType::Category => "a category",
        FieldType::Boolean => "yes or no",
        FieldType::Number => "a number",
        FieldType::Date => "a date",
        FieldType::Timestamp => "a date and time",
    }
}
