//! Columns read as the type their field, or their content, says.

use super::codes::Code;
use super::findings::{About, EXAMPLES, Findings, counted};
use super::pile::nulls;
use super::shapes;
use crate::error::Result;
use crate::map::Mapping;
use crate::read::cells::{self, ParsedColumn};
use crate::schema::{self, FieldSpec, FieldType, canonical_level};
use crate::table::{
    CellFormat, Column, ColumnData, Lookup, Paged, PagedBuilder, Places, RawTable, Storage, Table, columns_at_once,
};
use arrow_array::{Array, LargeStringArray};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

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
pub(super) struct Typed {
    header: String,
    field: Option<&'static FieldSpec>,
    field_type: FieldType,
    parsed: ParsedColumn,
    blank: usize,
    mixed: bool,
    /// What the unreadable cells look like.
    looks: String,
    /// For money whose header says hundredths: whether it was divided by 100.
    minor: Option<bool>,
}

/// Every column that is to be judged, read by its meaning; personal columns and the label left out.
pub(super) fn read_table(raw: &RawTable, mapping: &Mapping, label: Option<&str>) -> Vec<Typed> {
    let format = &raw.source().cells;
    let columns = raw.columns().par_iter().with_min_len(columns_at_once(raw.n_rows()));
    columns.filter_map(|c| Some(Meaning::of(&c.name, mapping, label)?.read(&c.data, format))).collect()
}

/// What a column means.
pub(super) struct Meaning<'a> {
    header: &'a str,
    field: Option<&'static FieldSpec>,
}

impl<'a> Meaning<'a> {
    /// Of the column of this header; `None` where it is personal, or the label.
    pub fn of(header: &'a str, mapping: &Mapping, label: Option<&str>) -> Option<Self> {
        if Some(header) == label {
            return None;
        }
        let matched = mapping.column(header);
        let field = matched.and_then(|m| m.field.as_deref()).and_then(schema::field);
        let personal = field.map_or_else(|| matched.is_some_and(|m| m.pii), |f| f.pii);
        (!personal).then_some(Meaning { header, field })
    }

    /// Whether its header says that its amounts are in hundredths.
    fn is_minor(&self) -> bool {
        self.field.is_some_and(FieldSpec::is_money) && cells::is_minor_unit(self.header)
    }

    /// The column, read by its meaning.
    pub fn read(&self, data: &ColumnData, format: &CellFormat) -> Typed {
        let (field_type, mut parsed) = match self.field {
            Some(field) => (field.field_type, cells::read_with(data, field.field_type, format)),
            None => cells::read_own(data, self.header, format),
        };
        let mut minor = None;
        if self.is_minor() {
            let whole = cells::from_minor_units(&parsed);
            minor = Some(whole.is_some());
            parsed = whole.unwrap_or(parsed);
        }
        // What could not be read is not blank.
        let missing = missing(&parsed.values);
        let is_text = matches!(field_type, FieldType::Category | FieldType::Text);
        let mixed = self.field.is_none() && is_text && is_mixed(data);
        let blank = missing - parsed.unreadable.len().min(missing);
        let looks =
            if parsed.unreadable.is_empty() { String::new() } else { shapes::describe(data, &parsed.unreadable) };
        if let Some(field) = self.field.filter(|f| f.field_type == FieldType::Category)
            && let Some(levels) = canonical_levels(&field.name, &parsed.values)
        {
            parsed.values = levels;
        }
        let header = self.header.to_owned();
        Typed { header, field: self.field, field_type, parsed, blank, mixed, looks, minor }
    }

    /// The header of the column.
    pub fn header(&self) -> &str {
        self.header
    }

    /// A page of a column, read by itself; `None` where it cannot be: then all cells tell how they are read.
    fn read_alone(&self, page: &LargeStringArray, format: &CellFormat) -> Option<(FieldType, ParsedColumn)> {
        let Some(field) = self.field else { return cells::read_own_alone(page, self.header, format) };
        let text = || cells::read_with(&ColumnData::Text(page.clone()), field.field_type, format);
        let parsed = match field.field_type {
            FieldType::Category => {
                let parsed = text();
                let values = canonical_levels(&field.name, &parsed.values).unwrap_or(parsed.values);
                ParsedColumn { values, ..parsed }
            }
            FieldType::Id | FieldType::Text => text(),
            _ if self.is_minor() => return None,
            _ => cells::read_alone(page, field.field_type, format)?,
        };
        Some((field.field_type, parsed))
    }

    /// As [`read`](Self::read), of a column whose spellings are given once. `None` where a spelling cannot be read by
    /// itself, and for text that is no category.
    pub fn read_spellings(&self, spellings: &LargeStringArray, format: &CellFormat) -> Option<Spelled> {
        if self.field.is_some_and(|f| matches!(f.field_type, FieldType::Id | FieldType::Text)) {
            return None;
        }
        let (field_type, mut parsed) = self.read_alone(spellings, format)?;
        let values = Lookup::of(&parsed.values)?;
        parsed.values = parsed.values.slice(0..0);
        Some(Spelled { values, typed: self.clean(field_type, parsed, 0) })
    }

    /// As [`read`](Self::read), of a column in pages of text. `None` where a page cannot be read by itself.
    ///
    /// # Errors
    /// `io` where a page cannot be read back or put away.
    pub fn read_pages(
        &self,
        pages: impl Iterator<Item = Result<LargeStringArray>>,
        format: &CellFormat,
        storage: &Arc<Storage>,
    ) -> Result<Option<Typed>> {
        let (mut built, mut known, mut blank): (_, Option<Typed>, _) = (PagedBuilder::new(storage), None, 0);
        // Pages without a value before the first that has one: nobody knows yet of which type they are.
        let mut empty = Vec::new();
        for page in pages {
            let page = page?;
            if page.iter().flatten().all(is_blank) {
                blank += page.len();
                match &known {
                    Some(typed) => built.push(nulls(&typed.parsed.values, page.len()))?,
                    None => empty.push(page.len()),
                }
                continue;
            }
            let Some((field_type, mut parsed)) = self.read_alone(&page, format) else { return Ok(None) };
            let values = std::mem::replace(&mut parsed.values, ColumnData::text([None::<&str>; 0]));
            parsed.values = values.slice(0..0);
            match &known {
                Some(typed) if typed.field_type != field_type => return Ok(None),
                Some(_) => {}
                None => {
                    empty.drain(..).try_for_each(|n| built.push(nulls(&values, n)))?;
                    known = Some(self.clean(field_type, parsed, 0));
                }
            }
            blank += missing(&values);
            built.push(values)?;
        }
        let Some((mut typed, values)) = known.zip(built.finish()) else { return Ok(None) };
        (typed.parsed.values, typed.blank) = (values, blank);
        Ok(Some(typed))
    }

    /// A column without a doubtful cell.
    fn clean(&self, field_type: FieldType, parsed: ParsedColumn, blank: usize) -> Typed {
        Typed {
            header: self.header.to_owned(),
            field: self.field,
            field_type,
            parsed,
            blank,
            mixed: false,
            looks: String::new(),
            minor: None,
        }
    }
}

/// A column of few spellings that were read each by itself.
pub(super) struct Spelled {
    values: Lookup,
    typed: Typed,
}

impl Spelled {
    /// Rows of the column, by the numbers of their spellings, which begin with 1; 0 is missing.
    pub fn column(&self, codes: impl Iterator<Item = u16>) -> ColumnData {
        self.values.column(codes)
    }

    /// The column, of these values.
    pub fn typed(self, values: ColumnData) -> Typed {
        let blank = values.null_count();
        let parsed = ParsedColumn { values, ..self.typed.parsed };
        Typed { parsed, blank, ..self.typed }
    }
}

impl Typed {
    /// With text of few spellings packed.
    pub fn packed(mut self) -> Typed {
        self.parsed.values = self.parsed.values.packed();
        self
    }

    /// In pages.
    pub fn paged(mut self, storage: &Arc<Storage>) -> Result<Typed> {
        self.parsed.values = Paged::of(self.parsed.values, storage)?;
        Ok(self)
    }
}

/// Missing cells.
fn missing(data: &ColumnData) -> usize {
    match data {
        // Nulls are counted already; blank text and NaN are missing as well.
        ColumnData::Text(a) => a.iter().filter(|c| c.is_none_or(is_blank)).count(),
        ColumnData::Number(a) => a.null_count() + a.iter().flatten().filter(|v| v.is_nan()).count(),
        other => other.null_count(),
    }
}

fn is_blank(cell: &str) -> bool {
    !cell.as_bytes().first().is_some_and(u8::is_ascii_graphic) && cell.trim().is_empty()
}

/// The typed table: every mapped column under its field's name, every other under its own.
pub(super) fn table_of(
    read: Vec<Typed>,
    n_rows: usize,
    places: &Places,
    findings: &mut Findings,
) -> (Table, CellCounts) {
    let mut columns = Vec::with_capacity(read.len());
    let mut counts = CellCounts::default();
    for typed in read {
        counts.all += n_rows;
        counts.blank += typed.blank;
        counts.unreadable += typed.parsed.unreadable.len();
        let name = typed.field.map(|f| f.name.as_str());
        tell(n_rows, places, &typed, name, findings);
        columns.push(Column {
            name: free_name(name.unwrap_or(&typed.header), name.is_some()),
            canonical: name.is_some(),
            source: typed.header,
            data: typed.parsed.values,
        });
    }
    (Table::new(columns, n_rows, places.clone()), counts)
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
fn tell(n: usize, places: &Places, typed: &Typed, name: Option<&str>, findings: &mut Findings) {
    let header = &typed.header;
    let about = |code: Code| About::new(code).of(name, header);
    let unreadable = &typed.parsed.unreadable;
    if n > 0 && typed.blank == n {
        let message = format!("'{}' has no value in any row", header);
        findings.add_count(
            about(Code::EmptyColumn),
            0,
            Vec::new(),
            message,
            format!("leave '{}' out, or fill it", header),
        );
    }
    if !unreadable.is_empty() {
        let rows: Vec<u64> = unreadable.iter().take(EXAMPLES).map(|&r| places.row_number(r)).collect();
        let count = unreadable.len();
        let as_what = type_name(typed.field_type);
        let message = format!(
            "{} of '{header}' could not be read as {as_what} and count{} as missing: {}",
            counted(count, "value"),
            if count == 1 { "s" } else { "" },
            typed.looks
        );
        let suggestion = format!("write every value of '{}' as {as_what} ({})", header, typed.parsed.format);
        findings.add_count(about(Code::UnreadableValue), count, rows, message, suggestion);
    }
    for warning in &typed.parsed.warnings {
        findings.add_count(
            about(Code::AmbiguousFormat),
            0,
            Vec::new(),
            format!("'{}': {warning}", header),
            format!("say how '{}' is written, or export it unambiguously", header),
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
        let suggestion = format!("check one amount of '{}' against the source", header);
        findings.add_count(about(code), 0, Vec::new(), format!("'{}' {message}", header), suggestion);
    }
    if typed.mixed {
        let message = format!("'{}' holds mostly numbers, but also text, and is taken for text", header);
        let suggestion = format!("write only numbers in '{}', and put the words into a column of their own", header);
        findings.add_count(about(Code::MixedTypes), 0, Vec::new(), message, suggestion);
    }
}

/// A column that means no field must not be taken for one because its header spells one.
pub(crate) fn free_name(name: &str, canonical: bool) -> String {
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
