//! Mappings that were saved before, found again by the headers of a table.

use super::names::normalised;
use super::{ColumnMatch, Mapping};
use crate::error::{Error, Result};
use crate::schema::{Profile, TableKind};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The saved mapping that was made for a table with these headers, if there is one.
///
/// `place` is a file that [`Mapping::save`] wrote, or a folder of such files (other files in it are passed over; of
/// two that fit, the one whose name comes first is taken). A folder that does not exist holds no mapping.
///
/// # Errors
/// `io`; `malformed` where `place` is one file and no mapping.
pub(super) fn find(place: &Path, headers: &[&str], kind: Option<TableKind>) -> Result<Option<Mapping>> {
    let fits = |m: &Mapping| m.applies_to(headers) && kind.is_none_or(|k| k == m.table_kind);
    if place.is_file() {
        return Ok(Some(Mapping::load(place)?).filter(fits));
    }
    if !place.exists() {
        return Ok(None);
    }
    let unread = |e| Error::io("read", place, e);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(place).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) && path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    // A file of the folder that is no mapping is somebody else's.
    Ok(files.into_iter().filter_map(|path| Mapping::load(path).ok()).find(fits))
}

/// The matches of a saved mapping, in the order and the spelling of this table's headers.
pub(super) fn rebound(saved: &Mapping, headers: &[&str]) -> Vec<ColumnMatch> {
    let mut by_name: HashMap<String, Vec<&ColumnMatch>> = HashMap::new();
    for column in saved.columns.iter().rev() {
        by_name.entry(normalised(&column.source)).or_default().push(column);
    }
    headers
        .iter()
        .map(|header| {
            // The fingerprints agree, so that every header has its match.
            let found = by_name.get_mut(&normalised(header)).and_then(Vec::pop);
            let mut column = found.cloned().unwrap_or_else(|| ColumnMatch::unmapped(header));
            column.source = (*header).to_owned();
            if column.field.is_some() {
                column.evidence.push("as in a mapping saved for the same headers".to_owned());
                column.method = "saved".to_owned();
            }
            column
        })
        .collect()
}

/// The profile that a saved mapping names, where it is a shipped one.
pub(super) fn profile(saved: &Mapping) -> Option<Profile> {
    Profile::shipped(&saved.profile).ok()
}
