//! What a table can be given as.

use crate::error::Result;
use crate::events::{ChurnDefinition, EventSettings, FeatureTable};
use crate::read::{self, ReadOptions};
use crate::table::RawTable;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// One customer as a JSON object: header -> value.
pub type Record = serde_json::Map<String, serde_json::Value>;

/// A table of customers, in any of the forms that the engine takes.
pub enum Input<'a> {
    /// A file.
    Path(PathBuf),
    /// The content of a file.
    Bytes(&'a [u8]),
    /// A list of records.
    Records(&'a [Record]),
    /// A table that was read before.
    Raw(&'a RawTable),
    /// Features that were built before.
    Features(&'a FeatureTable),
}

impl Input<'_> {
    /// The table as it was read.
    ///
    /// # Errors
    /// Of the stage `read`.
    pub fn read(&self, options: &ReadOptions) -> Result<Cow<'_, RawTable>> {
        Ok(match self {
            Input::Path(path) => Cow::Owned(read::read_path(path, options)?),
            Input::Bytes(bytes) => Cow::Owned(read::read_bytes(bytes, None, options)?),
            Input::Records(records) => Cow::Owned(read::read_records_with(records, options)?),
            Input::Raw(raw) => match options.of_cells(raw)? {
                Some(said) => Cow::Owned(said),
                None => Cow::Borrowed(raw),
            },
            Input::Features(built) => Cow::Owned(built.to_raw()),
        })
    }

    /// What churned means, where the table was labelled by a definition.
    pub fn definition(&self) -> Option<&ChurnDefinition> {
        if let Input::Features(built) = self { built.definition.as_ref() } else { None }
    }

    /// The names of the features that were made from tables of events.
    #[cfg(feature = "train")]
    pub(super) fn made_features(&self) -> Vec<String> {
        let Input::Features(built) = self else { return Vec::new() };
        let custom = built.settings.custom.iter().map(|f| f.name.clone());
        let day = std::iter::once("snapshot_date".to_owned());
        crate::schema::event_features().iter().map(|f| f.name.clone()).chain(custom).chain(day).collect()
    }

    /// How the features were made, where they were made from tables of events.
    pub fn event_settings(&self) -> Option<&EventSettings> {
        if let Input::Features(built) = self { Some(&built.settings) } else { None }
    }
}

impl<'a> From<&'a FeatureTable> for Input<'a> {
    fn from(built: &'a FeatureTable) -> Self {
        Input::Features(built)
    }
}

impl From<&Path> for Input<'_> {
    fn from(path: &Path) -> Self {
        Input::Path(path.to_owned())
    }
}

impl From<PathBuf> for Input<'_> {
    fn from(path: PathBuf) -> Self {
        Input::Path(path)
    }
}

impl From<&str> for Input<'_> {
    /// A path.
    fn from(path: &str) -> Self {
        Input::Path(path.into())
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Input::Bytes(bytes)
    }
}

impl<'a> From<&'a [Record]> for Input<'a> {
    fn from(records: &'a [Record]) -> Self {
        Input::Records(records)
    }
}

impl<'a> From<&'a RawTable> for Input<'a> {
    fn from(raw: &'a RawTable) -> Self {
        Input::Raw(raw)
    }
}
