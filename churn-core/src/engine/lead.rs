//! Lead scores of a table.

use super::Input;
use crate::error::Result;
use crate::lead::{self, Bant, LeadConfig, LeadScores};
use crate::read::ReadOptions;
use std::borrow::Cow;

/// How to score leads; every field has a default.
#[derive(Default)]
pub struct LeadOptions {
    /// Scorecard; the shipped `roofing` where not given.
    pub config: Option<LeadConfig>,
    /// What becomes of sections whose items add up to more than the section.
    pub bant: Bant,
    /// How to read.
    pub read: ReadOptions,
}

/// The score of each lead of a table, 0 to 100, in the order of the rows.
///
/// # Errors
/// Of the stage `read`; `field_unmapped` where no field of the scorecard has a column; `wrong_type` where a column that
/// must hold numbers holds none.
pub fn lead_score<'a>(input: impl Into<Input<'a>>, options: &LeadOptions) -> Result<LeadScores> {
    let input = input.into();
    let raw = input.read(&options.read)?;
    let config = match &options.config {
        Some(config) => Cow::Borrowed(config),
        None => Cow::Owned(LeadConfig::shipped(LeadConfig::shipped_names()[0])?),
    };
    lead::score(&raw, &config, options.bant)
}
