//! Source columns to canonical fields, with confidence and evidence.
//!
//! A wrong mapping feeds wrong data to a model without a sound, so precision comes first: a column that is
//! not recognised stays unmapped, and is used under its own name.

mod mapping;

pub use mapping::{Candidate, ColumnMatch, Mapping, MissingField};

use crate::error::Result;
use crate::schema::{Profile, TableKind, fields};
use crate::table::RawTable;
use std::collections::BTreeMap;

/// One source column as the mapper sees it: its header and some of its cells as text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnInput {
    /// The header.
    pub name: String,
    /// Up to [`MAX_SAMPLES`] non-missing cells; may be empty.
    pub samples: Vec<String>,
}

/// How many cells of a column the mapper looks at.
pub const MAX_SAMPLES: usize = 1000;

/// What the caller says about the table.
#[derive(Debug, Clone, Default)]
pub struct MapOptions {
    /// The kind of table; `None` recognises it.
    pub table_kind: Option<TableKind>,
    /// The industry profile; `None` recognises it.
    pub profile: Option<Profile>,
    /// Source header -> canonical field, or `None` for "leave it unmapped". Overrides win over everything.
    pub overrides: BTreeMap<String, Option<String>>,
}

/// Maps headers and samples to canonical fields.
///
/// # Errors
/// `invalid_argument` for an override that names a column or a field that does not exist, or maps two
/// columns to one field.
pub fn map_columns(columns: &[ColumnInput], options: &MapOptions) -> Result<Mapping> {
    let kind = options.table_kind.unwrap_or_default();
    let profile = match &options.profile {
        Some(profile) => profile.clone(),
        None => Profile::shipped("saas")?,
    };
    let mut matches = Vec::new();
    for column in columns {
        let wanted = column.name.to_lowercase().replace([' ', '-'], "_");
        let field = options
            .overrides
            .get(&column.name)
            .cloned()
            .flatten()
            .or_else(|| fields(kind).iter().find(|f| f.name == wanted).map(|f| f.name.clone()));
        matches.push(ColumnMatch {
            source: column.name.clone(),
            confidence: if field.is_some() { 100.0 } else { 0.0 },
            method: if field.is_some() { "exact" } else { "none" }.to_owned(),
            evidence: Vec::new(),
            alternatives: Vec::new(),
            warnings: Vec::new(),
            pii: false,
            field,
        });
    }
    Ok(Mapping::new(kind, &profile, matches))
}

/// The mapper's view of a raw table.
pub fn inputs(table: &RawTable) -> Vec<ColumnInput> {
    table
        .columns()
        .iter()
        .map(|c| ColumnInput {
            name: c.name.clone(),
            samples: (0..table.n_rows())
                .filter_map(|r| c.data.cell(r))
                .take(MAX_SAMPLES)
                .map(|s| s.into_owned())
                .collect(),
        })
        .collect()
}

/// Maps the columns of a raw table.
///
/// # Errors
/// As [`map_columns`].
pub fn map_table(table: &RawTable, options: &MapOptions) -> Result<Mapping> {
    map_columns(&inputs(table), options)
}
