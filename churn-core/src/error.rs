//! One error for all stages and all languages.
//!
//! Every error has a stable [`code`](Error::code) (a string), a stable [`number`](Error::number) (for C),
//! the [`stage`](Error::stage) it comes from, a message for people, a hint on how to mend it, and
//! machine-readable [`context`](Error::context) such as the path, the row or the byte offset.
//! Messages never hold the content of a cell: a customer's data stays out of logs.

use std::fmt;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The stage of the flow that an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Arguments, unsupported requests, bugs.
    General,
    /// Bytes to a raw table.
    Read,
    /// Columns to canonical fields.
    Map,
    /// Raw table to typed table and quality report.
    Validate,
    /// Table to feature matrix.
    Features,
    /// Model files, model data, registry.
    Model,
    /// Fitting a model.
    Train,
    /// Explaining, deciding, reporting.
    Report,
}

impl Stage {
    /// All stages, in the order of the flow.
    pub const ALL: [Stage; 8] = [
        Stage::General,
        Stage::Read,
        Stage::Map,
        Stage::Validate,
        Stage::Features,
        Stage::Model,
        Stage::Train,
        Stage::Report,
    ];

    /// The stage's name in snake_case.
    pub fn name(self) -> &'static str {
        match self {
            Stage::General => "general",
            Stage::Read => "read",
            Stage::Map => "map",
            Stage::Validate => "validate",
            Stage::Features => "features",
            Stage::Model => "model",
            Stage::Train => "train",
            Stage::Report => "report",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $number:literal $code:literal $stage:ident $doc:literal;)*) => {
        /// What went wrong. Numbers and codes never move and are never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $(#[doc = $doc] $variant,)*
        }

        impl ErrorKind {
            /// Every kind, by number.
            pub fn all() -> &'static [ErrorKind] {
                &[$(ErrorKind::$variant,)*]
            }

            /// The stable code, for example `empty_input`.
            pub fn code(self) -> &'static str {
                match self { $(ErrorKind::$variant => $code,)* }
            }

            /// The stable number, for example 1104; 0 is never an error.
            pub fn number(self) -> u32 {
                match self { $(ErrorKind::$variant => $number,)* }
            }

            /// The stage that raises this kind.
            pub fn stage(self) -> Stage {
                match self { $(ErrorKind::$variant => Stage::$stage,)* }
            }

            /// What the kind means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(ErrorKind::$variant => $doc,)* }
            }
        }
    };
}

// Reserved, not raised yet: 1202 mapping_ambiguous, 1303 duplicate_key, 1602 not_converged, 1701 costs_invalid.
kinds! {
    InvalidArgument 1001 "invalid_argument" General "An argument has a value that the call cannot take.";
    Unsupported 1002 "unsupported" General "The request is understood, but this build or version cannot do it.";
    Internal 1003 "internal" General "A bug in the engine; please report it.";
    Cancelled 1004 "cancelled" General "The caller asked a long call to stop.";
    Io 1101 "io" Read "A file could not be opened, read or written.";
    Malformed 1102 "malformed" Read "The bytes are not a table of the expected format.";
    Encoding 1103 "encoding" Read "The text's character encoding is unknown, or the bytes do not fit it.";
    EmptyInput 1104 "empty_input" Read "There is nothing to read: no bytes, no header, or no rows.";
    TooLarge 1105 "too_large" Read "The input is over a limit of the read options.";
    FieldUnmapped 1201 "field_unmapped" Map "No column was found for a field that the profile or the model requires.";
    WrongType 1301 "wrong_type" Validate "A required column holds no value of its field's type.";
    OutOfRange 1302 "out_of_range" Validate "A required column holds only values outside the field's range.";
    Leakage 1304 "leakage" Validate "A column would tell the model the answer; training stops.";
    SingleClass 1305 "single_class" Validate "The label has fewer than two classes.";
    FeatureMissing 1401 "feature_missing" Features "The table lacks the columns that a model's features are built from.";
    ModelNotFound 1501 "model_not_found" Model "There is no model of that name or at that path.";
    FormatUnsupported 1502 "format_unsupported" Model "The file is not a model file of a version that this build reads.";
    HashMismatch 1503 "hash_mismatch" Model "The model file's checksum does not fit its content: it is damaged or was changed.";
    ModelInvalid 1504 "model_invalid" Model "The model file's content contradicts itself.";
    TooFewRows 1601 "too_few_rows" Train "There are too few customers, or too few of one class, to learn from.";
}

struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The error of every fallible call in this crate.
///
/// ```
/// use churn_core::{Engine, ErrorKind};
/// let error = Engine::load("no/such/model.churn").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::ModelNotFound);
/// assert_eq!(error.code(), "model_not_found");
/// assert_eq!(error.number(), 1501);
/// assert!(error.context().iter().any(|(key, value)| *key == "path" && value == "no/such/model.churn"));
/// ```
pub struct Error(Box<Inner>);

impl Error {
    /// A new error; `message` says what is wrong and where.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), hint: None, context: Vec::new(), source: None }))
    }

    /// Adds a machine-readable fact, such as `("row", 17)`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code, for example `empty_input`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The stable number, for example 1104.
    pub fn number(&self) -> u32 {
        self.0.kind.number()
    }

    /// The stage of the flow.
    pub fn stage(&self) -> Stage {
        self.0.kind.stage()
    }

    /// What is wrong and where, without the hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How to mend it, where that is known.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Machine-readable facts: path, row, column, offset and the like.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }

    /// The error of a file that could not be opened, read or written.
    pub fn io(action: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        let reason = match source.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
            _ => source.to_string(),
        };
        Error::new(ErrorKind::Io, format!("cannot {action} '{}': {reason}", path.display()))
            .with("path", path.display())
            .hint("check the path and the permissions")
            .caused_by(source)
    }

    /// The error of a bug, with what was being done.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Internal, message)
            .hint("this is a bug in churn; please report it with the steps that led here")
    }
}

/// Runs `call` and turns a panic into the error `internal`, so that a bug never unwinds into another language.
pub fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::internal(format!("the engine panicked: {}", text.as_deref().unwrap_or("no message"))))
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        write!(f, " [{}]", self.code())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}, {}): {}", self.code(), self.number(), self.stage().name(), self.0.message)?;
        if let Some(hint) = &self.0.hint {
            writeln!(f, "  how to mend it: {hint}")?;
        }
        for (key, value) in &self.0.context {
            writeln!(f, "  {key}: {value}")?;
        }
        if let Some(source) = &self.0.source {
            writeln!(f, "  caused by: {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| &**e as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_and_numbers_are_unique_and_fit_their_stage() {
        let all = ErrorKind::all();
        let codes: HashSet<_> = all.iter().map(|k| k.code()).collect();
        let numbers: HashSet<_> = all.iter().map(|k| k.number()).collect();
        assert_eq!((codes.len(), numbers.len()), (all.len(), all.len()));
        for kind in all {
            let base = match kind.stage() {
                Stage::General => 1000,
                Stage::Read => 1100,
                Stage::Map => 1200,
                Stage::Validate => 1300,
                Stage::Features => 1400,
                Stage::Model => 1500,
                Stage::Train => 1600,
                Stage::Report => 1700,
            };
            assert!((base..base + 100).contains(&kind.number()), "{}", kind.code());
        }
    }

    #[test]
    fn a_panic_becomes_the_error_internal() {
        let error = guard::<()>(|| panic!("index {} of {}", 7, 3)).expect_err("a panic");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("index 7 of 3"), "{error}");
        assert_eq!(guard(|| Ok(3)).expect("no panic"), 3);
    }

    #[test]
    fn display_is_one_line_and_debug_shows_everything() {
        let error = Error::new(ErrorKind::Malformed, "row 3 has 5 cells").with("row", 3).hint("quote the cell");
        assert_eq!(error.to_string(), "row 3 has 5 cells; quote the cell [malformed]");
        assert!(format!("{error:?}").contains("row: 3"));
    }
}
