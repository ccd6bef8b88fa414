//! Configurations of one's own, as TOML: read once, every mistake told with its line.

use crate::error::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// One step on the way to a place in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key of a table.
    Key(String),
    /// An item of an array.
    Item(usize),
}

/// The way to a place, for example `dimension[2].measure[0].curve`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place(Vec<Step>);

impl Place {
    /// The place of a key below this one.
    pub(crate) fn key(&self, key: &str) -> Place {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Place(steps)
    }

    /// The place of an array's item below this one, counted from 0.
    pub(crate) fn item(&self, index: usize) -> Place {
        let mut steps = self.0.clone();
        steps.push(Step::Item(index));
        Place(steps)
    }

    /// The line of the place in the text it was read from, counted from 1; the nearest place above it where the text
    /// does not have it.
    fn line(&self, text: &str) -> Option<usize> {
        let root = DeTable::parse(text).ok()?;
        let mut at = root.span().start;
        let mut table = Some(root.get_ref());
        let mut array = None;
        for step in &self.0 {
            let value = match step {
                Step::Key(key) => {
                    table.and_then(|t| t.iter().find(|(k, _)| k.get_ref() == key.as_str())).map(|(k, v)| {
                        at = k.span().start;
                        v
                    })
                }
                Step::Item(index) => array.and_then(|a: &toml::de::DeArray<'_>| a.get(*index)).inspect(|v| {
                    at = v.span().start;
                }),
            };
            let Some(value) = value else { break };
            table = None;
            array = None;
            match value.get_ref() {
                DeValue::Table(t) => table = Some(t),
                DeValue::Array(a) => array = Some(a),
                _ => {}
            }
        }
        Some(line_at(text, at))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}

/// A mistake at a place; `what` names the configuration, for example `health configuration`.
pub(crate) struct Fault {
    place: Place,
    message: String,
    hint: String,
}

impl Fault {
    /// A mistake at a place.
    pub(crate) fn new(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault { place, message: message.into(), hint: hint.into() }
    }

    /// The error that tells it.
    pub(crate) fn error(self, text: &str, what: &str, argument: &'static str) -> Error {
        let line = self.place.line(text);
        let at = line.map_or(String::new(), |l| format!(" (line {l})"));
        let mut error =
            Error::new(ErrorKind::InvalidArgument, format!("the {what} is not valid{at}: {}", self.message))
                .with("argument", argument)
                .with("place", &self.place);
        if let Some(line) = line {
            error = error.with("line", line);
        }
        error.hint(self.hint)
    }
}

/// Reads a configuration.
///
/// # Errors
/// `invalid_argument` with the line, for TOML that does not parse, unknown or missing keys, and values of a wrong type.
pub(crate) fn read<T: DeserializeOwned>(text: &str, what: &str, argument: &'static str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|s| line_at(text, s.start));
        let at = line.map_or(String::new(), |l| format!(" (line {l})"));
        let mut error = Error::new(ErrorKind::InvalidArgument, format!("the {what} is not valid{at}: {}", e.message()))
            .with("argument", argument);
        if let Some(line) = line {
            error = error.with("line", line);
        }
        error.hint("compare it with a shipped one")
    })
}

/// Names that occur twice, with the index of the second.
pub(crate) fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<(usize, &'a str)> {
    let mut seen = std::collections::BTreeSet::new();
    names.enumerate().find(|(_, name)| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_lines() {
        let text = "name = \"x\"\n\n[[dimension]]\nname = \"a\"\n[[dimension.measure]]\nname = \"m\"\ncurve = [[0.0, 1.0],\n  [3.0, 2.0]]\n";
        let measure = Place::default().key("dimension").item(0).key("measure").item(0);
        assert_eq!(measure.key("curve").to_string(), "dimension[0].measure[0].curve");
        assert_eq!(measure.key("curve").line(text), Some(7));
        assert_eq!(measure.key("curve").item(1).line(text), Some(8));
        assert_eq!(measure.key("absent").line(text), Some(5), "the nearest place above");
    }
}
