//! What the caller decided, checked before it wins over everything.

use super::ColumnInput;
use super::names::fold;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{TableKind, fields};
use std::collections::BTreeMap;

/// Names in an error's hint.
const MAX_NEAR: usize = 3;

/// Per column what the caller decided: nothing, "unmapped", or the index of a field.
///
/// # Errors
/// `invalid_argument` for a column or field that does not exist, or two columns for one field.
pub(super) fn check(
    columns: &[ColumnInput],
    kind: TableKind,
    overrides: &BTreeMap<String, Option<String>>,
) -> Result<Vec<Option<Option<usize>>>> {
    let mut forced = vec![None; columns.len()];
    let mut owner: BTreeMap<usize, &str> = BTreeMap::new();
    for (source, wanted) in overrides {
        let column = columns.iter().position(|c| &c.name == source).ok_or_else(|| {
            let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
            unknown("column", source, &names, "the table")
        })?;
        let field = match wanted {
            None => None,
            Some(name) => Some(fields(kind).iter().position(|f| &f.name == name).ok_or_else(|| {
                let names: Vec<&str> = fields(kind).iter().map(|f| f.name.as_str()).collect();
                unknown("field", name, &names, &format!("{} tables", kind.name())).with("column", source)
            })?),
        };
        if let Some(field) = field
            && let Some(first) = owner.insert(field, source)
        {
            let name = &fields(kind)[field].name;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the overrides map both '{first}' and '{source}' to '{name}'"),
            )
            .with("argument", "overrides")
            .with("field", name)
            .hint("map one column to a field, and the other to None"));
        }
        forced[column] = Some(field);
    }
    Ok(forced)
}

/// The error of a name that does not exist, with near names.
fn unknown(what: &'static str, name: &str, known: &[&str], place: &str) -> Error {
    let folded = fold(name);
    let mut near: Vec<(f64, &str)> =
        known.iter().map(|k| (strsim::jaro_winkler(&folded, &fold(k)), *k)).filter(|(s, _)| *s >= 0.75).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let near: Vec<String> = near.iter().take(MAX_NEAR).map(|(_, n)| format!("'{n}'")).collect();
    let error = Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "the overrides name the {what} '{name}', which {place} {} not have",
            if what == "column" { "does" } else { "do" }
        ),
    )
    .with("argument", "overrides")
    .with(what, name);
    if near.is_empty() {
        error.hint(format!("use one of the {what}s there are"))
    } else {
        error.hint(format!("did you mean {}?", near.join(" or ")))
    }
}
