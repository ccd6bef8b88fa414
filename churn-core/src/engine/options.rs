//! What a caller may say; every field has a default.

use crate::error::{Error, ErrorKind, Result};
use crate::map::Mapping;
use crate::progress::ProgressFn;
use crate::read::ReadOptions;
use crate::table::days_from_date;
use std::collections::BTreeMap;

/// Most reasons that are told; more would not be principal ones.
pub(super) const MAX_REASONS: usize = 4;

/// How to score.
#[derive(Default)]
pub struct ScoreOptions<'a> {
    /// Number of reasons, 0 to 4; 3 where not given.
    pub reasons: Option<usize>,
    /// A mapping made before; `None` maps anew.
    pub mapping: Option<&'a Mapping>,
    /// Source header -> canonical field, or `None` for "leave it unmapped".
    pub overrides: BTreeMap<String, Option<String>>,
    /// The day the rows describe (ISO 8601), where the table has no snapshot date; the day of `scored_at` where
    /// not given. Durations such as the tenure are counted up to it.
    pub as_of: Option<String>,
    /// When it is scored (ISO 8601); stands beside every score. The engine has no clock of its own.
    pub scored_at: Option<String>,
    /// How to read.
    pub read: ReadOptions,
    /// Progress, and a way to stop.
    pub progress: Option<ProgressFn<'a>>,
}

impl ScoreOptions<'_> {
    pub(super) fn n_reasons(&self) -> Result<usize> {
        match self.reasons.unwrap_or(3) {
            n if n <= MAX_REASONS => Ok(n),
            n => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{n} reasons were asked for; at most {MAX_REASONS} are told"),
            )
            .with("argument", "reasons")
            .hint("give 0 to 4: reasons must be the principal ones")),
        }
    }

    /// The day the rows describe, in days since 1970-01-01.
    pub(super) fn as_of_days(&self) -> Result<Option<i32>> {
        if let Some(text) = &self.as_of {
            return day(text, "as_of").map(Some);
        }
        self.scored_at.as_deref().map(|t| day(t, "scored_at")).transpose()
    }
}

/// The day of an ISO 8601 date or instant, in days since 1970-01-01: what
/// [`ValidateOptions::as_of`](crate::validate::ValidateOptions) takes.
///
/// # Errors
/// `invalid_argument`, naming `argument`.
pub fn day(text: &str, argument: &'static str) -> Result<i32> {
    let date: Option<jiff::civil::Date> = text.get(..10).and_then(|d| d.parse().ok());
    date.map(days_from_date).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("{argument} is not an ISO 8601 date"))
            .with("argument", argument)
            .hint("write it as 2026-03-01 or 2026-03-01T10:00:00Z")
    })
}
