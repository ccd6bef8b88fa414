//! The result of mapping: which column means which field, how sure, and why.

use super::names::normalised;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Profile, TableKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// What one source column was taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnMatch {
    /// Header in the source.
    pub source: String,
    /// Canonical field, or `None`: used under its own name.
    pub field: Option<String>,
    /// 0-100: of the columns mapped with confidence c, about c % are right.
    pub confidence: f64,
    /// The strongest evidence: `exact`, `alias`, `tokens`, `typo`, `values`, `override`, `saved`, `model` or `none`.
    pub method: String,
    /// Every piece of evidence, in words.
    pub evidence: Vec<String>,
    /// Other fields it might mean, best first.
    pub alternatives: Vec<Candidate>,
    /// What a careful reader would check.
    pub warnings: Vec<String>,
    /// Whether the column seems to hold personal data.
    pub pii: bool,
}

impl ColumnMatch {
    /// A column that nothing is known of.
    pub(super) fn unmapped(source: &str) -> Self {
        ColumnMatch {
            source: source.to_owned(),
            field: None,
            confidence: 0.0,
            method: "none".to_owned(),
            evidence: Vec::new(),
            alternatives: Vec::new(),
            warnings: Vec::new(),
            pii: false,
        }
    }
}

/// A field a column might mean, or a column a field might stand in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Canonical field, or source column.
    pub name: String,
    /// 0-100.
    pub confidence: f64,
}

/// A required field that no column was found for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingField {
    /// The fields of which one is required.
    pub any_of: Vec<String>,
    /// The nearest source columns, best first.
    pub candidates: Vec<Candidate>,
}

/// Source columns to canonical fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The kind of table.
    pub table_kind: TableKind,
    /// Name of the profile.
    pub profile: String,
    /// One entry a source column, in the order of the source.
    pub columns: Vec<ColumnMatch>,
    /// Required fields that were not found.
    pub missing: Vec<MissingField>,
    /// SHA-256, in hex, of the sorted normalised headers: two tables with one fingerprint have one mapping.
    #[serde(default)]
    pub header_fingerprint: String,
}

/// The fingerprint of these headers; their order, case, blanks and separators do not matter.
fn fingerprint<'a>(headers: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = headers.map(normalised).collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        // A separator that no header holds keeps "ab" + "c" apart from "a" + "bc".
        hash.update([0]);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

impl Mapping {
    /// A mapping of these matches; `missing` follows from the profile's required fields.
    pub fn new(table_kind: TableKind, profile: &Profile, columns: Vec<ColumnMatch>) -> Self {
        let header_fingerprint = fingerprint(columns.iter().map(|c| c.source.as_str()));
        let mut mapping =
            Mapping { table_kind, profile: profile.name.clone(), columns, missing: Vec::new(), header_fingerprint };
        if table_kind == TableKind::Customers {
            let missing =
                profile.required.iter().filter(|any_of| !any_of.iter().any(|f| mapping.source_of(f).is_some()));
            mapping.missing = missing
                .map(|any_of| MissingField { any_of: any_of.clone(), candidates: mapping.candidates(any_of) })
                .collect();
        }
        mapping
    }

    fn candidates(&self, any_of: &[String]) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = self
            .columns
            .iter()
            .filter(|c| c.field.is_none())
            .filter_map(|c| {
                let best = c
                    .alternatives
                    .iter()
                    .filter(|a| any_of.contains(&a.name))
                    .map(|a| a.confidence)
                    .fold(0.0, f64::max);
                (best > 0.0).then(|| Candidate { name: c.source.clone(), confidence: best })
            })
            .collect();
        found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.name.cmp(&b.name)));
        found.truncate(3);
        found
    }

    /// Canonical field -> source column.
    pub fn fields(&self) -> BTreeMap<&str, &str> {
        self.columns.iter().filter_map(|c| Some((c.field.as_deref()?, c.source.as_str()))).collect()
    }

    /// The source column of a field.
    pub fn source_of(&self, field: &str) -> Option<&str> {
        self.columns.iter().find(|c| c.field.as_deref() == Some(field)).map(|c| c.source.as_str())
    }

    /// The match of a source column.
    pub fn column(&self, source: &str) -> Option<&ColumnMatch> {
        self.columns.iter().find(|c| c.source == source)
    }

    /// Whether the mapping was made for a table with these headers (or columns), in any order.
    pub fn applies_to<S: AsRef<str>>(&self, headers: &[S]) -> bool {
        fingerprint(headers.iter().map(AsRef::as_ref)) == fingerprint(self.columns.iter().map(|c| c.source.as_str()))
    }

    /// The mapping as a small HTML table that needs nothing else; it holds no cells.
    pub fn to_html(&self) -> String {
        super::html::html(self)
    }

    /// Fails where a required field was not found.
    ///
    /// # Errors
    /// `field_unmapped`, naming every missing field with its nearest candidates.
    pub fn require_complete(&self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = self
            .missing
            .iter()
            .map(|m| {
                let near: Vec<_> = m.candidates.iter().map(|c| format!("'{}'", c.name)).collect();
                let near =
                    if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(" or ")) };
                format!("{}{near}", m.any_of.join(" or "))
            })
            .collect();
        let columns: Vec<_> = self.columns.iter().map(|c| format!("'{}'", c.source)).collect();
        let shown = if columns.len() > 12 { format!("{}, ...", columns[..12].join(", ")) } else { columns.join(", ") };
        let error = Error::new(
            ErrorKind::FieldUnmapped,
            format!(
                "no column was found for: {}; the table has {} column{}: {shown}",
                list.join("; "),
                columns.len(),
                if columns.len() == 1 { "" } else { "s" }
            ),
        )
        .with("fields", self.missing.iter().flat_map(|m| m.any_of.iter()).cloned().collect::<Vec<_>>().join(","))
        .with("profile", &self.profile);
        Err(if columns.len() == 1 {
            error.hint("one column only: check that the cells are separated by comma, semicolon, tab or '|', or name the delimiter when reading")
        } else {
            error.hint("rename the column, or say which one it is: overrides {source column: field}")
        })
    }

    /// The mapping as JSON text.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|e| Error::internal("a mapping could not be written as JSON").caused_by(e))
    }

    /// A mapping from JSON text.
    ///
    /// # Errors
    /// `malformed` with the line.
    pub fn from_json(text: &str) -> Result<Mapping> {
        let mut mapping: Mapping = serde_json::from_str(text).map_err(|e| {
            Error::new(
                ErrorKind::Malformed,
                format!("this is not a saved mapping (line {}, column {})", e.line(), e.column()),
            )
            .with("line", e.line())
            .hint("give a file that Mapping.save wrote")
            .caused_by(e)
        })?;
        if mapping.header_fingerprint.is_empty() {
            mapping.header_fingerprint = fingerprint(mapping.columns.iter().map(|c| c.source.as_str()));
        }
        Ok(mapping)
    }

    /// Saves the mapping as a JSON file; in a folder, under a name made of its kind and its header fingerprint, so that
    /// [`MapOptions::saved`](super::MapOptions) finds it for the next table with these headers.
    ///
    /// # Errors
    /// `io`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let json = self.to_json()?;
        if path.is_dir() {
            let short = self.header_fingerprint.get(..16).unwrap_or(&self.header_fingerprint);
            return crate::files::write_whole(
                &path.join(format!("{}-{short}.json", self.table_kind.name())),
                json.as_bytes(),
            );
        }
        crate::files::write_whole(path, json.as_bytes())
    }

    /// Loads a saved mapping.
    ///
    /// # Errors
    /// `io`, `malformed`.
    pub fn load(path: impl AsRef<Path>) -> Result<Mapping> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Mapping::from_json(&text)
    }
}
