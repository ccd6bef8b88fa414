//! Columns read as the type their field, or their content, says.

use super::findings::{About, Findings};
use super::{Layer, Severity};
use crate::map::Mapping;
use crate::read::cells;
use crate::schema::{self, FieldType, canonical_level};
use crate::table::{Column, ColumnData, RawTable, Table};

/// The typed table: every mapped column under its field's name, every other under its own; personal columns and
/// the label left out.
pub(super) fn typed_table(raw: &RawTable, mapping: &Mapping, label: Option<&str>, findings: &mut Findings) -> Table {
    let mut columns = Vec::with_capacity(raw.columns().len());
    for column in raw.columns() {
        if Some(column.name.as_str()) == label {
            continue;
        }
        let matched = mapping.column(&column.name);
        let field = matched.and_then(|m| m.field.as_deref()).and_then(schema::field);
        if field.map_or_else(|| matched.is_some_and(|m| m.pii), |f| f.pii) {
            continue;
        }
        let name = field.map(|f| f.name.as_str());
        if (0..raw.n_rows()).all(|r| column.data.is_missing(r)) {
            let about = About::new("empty_column", Layer::Schema, Severity::Warning).of(name, &column.name);
            findings.add_count(
                about,
                0,
                Vec::new(),
                format!("'{}' has no value in any row", column.name),
                "leave it out, or fill it",
            );
        }
        let format = &raw.source().cells;
        let (field_type, mut parsed) = match field {
            Some(field) => (field.field_type, cells::read_with(&column.data, field.field_type, format)),
            None => cells::read_own(&column.data, &column.name, format),
        };
        let is_money = field.is_some_and(|f| f.is_money());
        if is_money && cells::is_minor_unit(&column.name) {
            let (code, message) = match cells::from_minor_units(&parsed) {
                Some(whole) => {
                    parsed = whole;
                    (
                        "minor_units",
                        "is in hundredths of the currency, as its header says; the amounts were divided by 100",
                    )
                }
                None => (
                    "ambiguous_format",
                    "says hundredths of the currency, but not all amounts are whole; they stay as they are",
                ),
            };
            let about = About::new(code, Layer::Types, Severity::Warning).of(name, &column.name);
            let suggestion = "check one amount against the source";
            findings.add_count(about, 0, Vec::new(), format!("'{}' {message}", column.name), suggestion);
        }
        if !parsed.unreadable.is_empty() {
            let rows: Vec<u64> = parsed.unreadable.iter().map(|&r| raw.row_number(r)).collect();
            let about = About::new("unreadable_value", Layer::Types, Severity::Error).of(name, &column.name);
            let n = rows.len();
            let message = format!(
                "{n} value{} of '{}' could not be read as {} and count as missing",
                if n == 1 { "" } else { "s" },
                column.name,
                type_name(field_type)
            );
            findings.add(
                about,
                &rows,
                message,
                format!("write every value as {} ({})", type_name(field_type), parsed.format),
            );
        }
        for warning in &parsed.warnings {
            let about = About::new("ambiguous_format", Layer::Types, Severity::Warning).of(name, &column.name);
            findings.add_count(
                about,
                0,
                Vec::new(),
                format!("'{}': {warning}", column.name),
                "say how the column is written, or export it unambiguously",
            );
        }
        let data = match field {
            Some(field) if field.field_type == FieldType::Category => canonical_levels(&field.name, &parsed.values),
            _ => parsed.values,
        };
        columns.push(Column {
            name: free_name(field.map_or(column.name.as_str(), |f| f.name.as_str()), field.is_some()),
            canonical: field.is_some(),
            source: column.name.clone(),
            data,
        });
    }
    Table::new(columns, raw.n_rows(), raw.places().clone())
}

/// A column that means no field must not be taken for one because its header spells one.
fn free_name(name: &str, canonical: bool) -> String {
    if !canonical && schema::field(name).is_some() { format!("{name} (own column)") } else { name.to_owned() }
}

fn canonical_levels(field: &str, data: &ColumnData) -> ColumnData {
    ColumnData::text((0..data.len()).map(|r| {
        let cell = data.cell(r)?;
        Some(canonical_level(field, &cell).map_or_else(|| cell.to_string(), str::to_owned))
    }))
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
