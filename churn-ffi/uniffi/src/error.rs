//! churn-core's errors: one variant a stage, each with the same facts.

use churn_core::{Error, Stage};
use std::collections::HashMap;
use std::fmt;

/// What went wrong.
#[derive(Debug, uniffi::Record)]
pub struct Failure {
    /// Stable code, for example `empty_input`.
    pub code: String,
    /// Stable number, for example 1104.
    pub number: u32,
    /// What is wrong and where, for people; never the content of a cell.
    pub message: String,
    /// How to mend it, where that is known.
    pub hint: Option<String>,
    /// Machine-readable facts: path, row, column, offset and the like.
    pub context: HashMap<String, String>,
}

/// Any error of churn, by its stage.
#[derive(Debug, uniffi::Error)]
pub enum ChurnError {
    /// Arguments, unsupported requests, bugs, stopped calls.
    General {
        /// The facts.
        failure: Failure,
    },
    /// Bytes, files or frames could not be read.
    Read {
        /// The facts.
        failure: Failure,
    },
    /// Columns could not be mapped to the fields that are required.
    Mapping {
        /// The facts.
        failure: Failure,
    },
    /// The data makes the call impossible, for example by a leak.
    Validation {
        /// The facts.
        failure: Failure,
    },
    /// The features of the model cannot be built from the table.
    Features {
        /// The facts.
        failure: Failure,
    },
    /// A model file is absent, damaged or of another version.
    Model {
        /// The facts.
        failure: Failure,
    },
    /// There is too little to learn from.
    Training {
        /// The facts.
        failure: Failure,
    },
    /// Explaining, deciding or reporting failed.
    Report {
        /// The facts.
        failure: Failure,
    },
}

impl From<&Error> for ChurnError {
    fn from(error: &Error) -> Self {
        let failure = Failure {
            code: error.code().to_owned(),
            number: error.number(),
            message: error.message().to_owned(),
            hint: error.suggestion().map(str::to_owned),
            context: error.context().iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        };
        match error.stage() {
            Stage::Read => ChurnError::Read { failure },
            Stage::Map => ChurnError::Mapping { failure },
            Stage::Validate => ChurnError::Validation { failure },
            Stage::Features => ChurnError::Features { failure },
            Stage::Model => ChurnError::Model { failure },
            Stage::Train => ChurnError::Training { failure },
            Stage::Report => ChurnError::Report { failure },
            _ => ChurnError::General { failure },
        }
    }
}

impl ChurnError {
    fn failure(&self) -> &Failure {
        match self {
            ChurnError::General { failure }
            | ChurnError::Read { failure }
            | ChurnError::Mapping { failure }
            | ChurnError::Validation { failure }
            | ChurnError::Features { failure }
            | ChurnError::Model { failure }
            | ChurnError::Training { failure }
            | ChurnError::Report { failure } => failure,
        }
    }
}

impl fmt::Display for ChurnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.failure();
        write!(f, "{} [{}]", failure.message, failure.code)
    }
}

impl std::error::Error for ChurnError {}
