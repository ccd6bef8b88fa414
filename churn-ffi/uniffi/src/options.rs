//! Options and records as JSON texts; what is not given is the core's to decide.

use churn_core::map::Mapping;
use churn_core::read::ReadOptions;
use churn_core::schema::Profile;
use churn_core::{Error, ErrorKind, Record, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// The options of a call; every key must be known to it.
pub struct Options {
    given: Record,
    known: Vec<&'static str>,
}

fn wrong(argument: &str, what: &str, hint: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{argument} {what}")).with("argument", argument).hint(hint)
}

impl Options {
    /// Of a JSON object, or of nothing.
    pub fn new(json: Option<&str>) -> Result<Options> {
        let hint = "give a JSON object: option -> value";
        let given = match json.map(serde_json::from_str::<Value>) {
            None | Some(Ok(Value::Null)) => Record::new(),
            Some(Ok(Value::Object(given))) => given,
            Some(_) => return Err(wrong("options_json", "is not a JSON object", hint)),
        };
        Ok(Options { given, known: Vec::new() })
    }

    fn get(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.given.remove(name).filter(|v| !v.is_null())
    }

    /// A text.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "is not a text", "give a text")),
        }
    }

    /// An object that the core reads.
    pub fn json<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Result<T>) -> Result<Option<T>> {
        self.get(name).map(|value| read(&value)).transpose()
    }

    /// A text that stands for something else.
    pub fn parsed<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T>) -> Result<Option<T>> {
        self.text(name)?.map(|text| parse(&text)).transpose()
    }

    /// A shipped profile by name, or one of the user's own as TOML text, which has lines.
    pub fn profile(&mut self) -> Result<Option<Profile>> {
        self.parsed("profile", Profile::named_or_toml)
    }

    /// A mapping that an earlier call gave.
    pub fn mapping(&mut self) -> Result<Option<Mapping>> {
        self.json("mapping", |m| Mapping::from_json(&m.to_string()).map_err(|e| e.with("argument", "mapping")))
    }

    /// How to read the table.
    pub fn read(&mut self) -> Result<ReadOptions> {
        let hint = "give {delimiter, encoding, header_line, sheet, ...}";
        let read =
            |v: &Value| v.as_object().map(ReadOptions::from_json).ok_or_else(|| wrong("read", "is no object", hint))?;
        self.json("read", read).map(Option::unwrap_or_default)
    }

    /// A number.
    pub fn number(&mut self, name: &'static str) -> Result<Option<f64>> {
        let value = self.get(name);
        value.map(|v| v.as_f64().ok_or_else(|| wrong(name, "is not a number", "give a number"))).transpose()
    }

    /// True or false.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        let value = self.get(name);
        let wrong = || wrong(name, "is neither true nor false", "give true or false");
        value.map(|v| v.as_bool().ok_or_else(wrong)).transpose()
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, name: &'static str) -> Result<Option<u64>> {
        let value = self.get(name);
        let wrong = || wrong(name, "is not a whole number", "give a whole number that is not negative");
        value.map(|v| v.as_u64().ok_or_else(wrong)).transpose()
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>> {
        let value = self.get(name).unwrap_or_else(|| Value::Array(Vec::new()));
        serde_json::from_value(value).map_err(|_| wrong(name, "is not a list of texts", "give an array of texts"))
    }

    /// Source header -> field, or null for "leave it unmapped".
    pub fn overrides(&mut self) -> Result<BTreeMap<String, Option<String>>> {
        let Some(value) = self.get("overrides") else { return Ok(BTreeMap::new()) };
        let hint = "give {source column: field}, or null for a column";
        serde_json::from_value(value).map_err(|_| wrong("overrides", "is not an object of texts", hint))
    }

    /// Ends the reading; an option that the call does not know is a mistake.
    pub fn finish(self) -> Result<()> {
        match self.given.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no option '{name}'"))
                .with("argument", name)
                .hint(format!("use some of: {}", self.known.join(", ")))),
        }
    }
}

/// The arguments of a call; what they may be is the core's to say.
pub fn arguments(json: Option<&str>) -> Result<Value> {
    let hint = "give a JSON object: argument -> value";
    json.map_or(Ok(Value::Null), |text| {
        serde_json::from_str(text).map_err(|_| wrong("arguments_json", "is not JSON", hint))
    })
}

/// One customer.
pub fn record(json: &str) -> Result<Record> {
    match serde_json::from_str(json) {
        Ok(Value::Object(record)) => Ok(record),
        _ => Err(not_json("record_json", "a JSON object", "give one customer as {\"header\": value, ...}")),
    }
}

/// Customers.
pub fn records(json: &str) -> Result<Vec<Record>> {
    serde_json::from_str(json)
        .map_err(|_| not_json("json", "a JSON array of objects", "give customers as [{\"header\": value, ...}, ...]"))
}

fn not_json(argument: &str, what: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("{argument} is not {what}")).with("argument", argument).hint(hint)
}
