//! The options of a call: an object whose every key is known; what is not given stays the core's default.

use crate::input::{Reader, Table, count};
use crate::js;
use crate::output::{rename, snake};
use crate::watch::{Control, Watch};
use churn_core::map::Mapping;
use churn_core::read::ReadOptions;
use churn_core::schema::Profile;
use churn_core::{Error, ErrorKind, Result};
use napi::Env;
use napi::bindgen_prelude::{BigInt, ClassInstance, Float64Array, Object, Unknown, ValueType};
use std::collections::BTreeMap;

/// Where the package puts the control of a call that returns a Promise.
const CONTROL: &str = " control";

/// The options as JavaScript gave them.
pub struct Options<'env> {
    env: &'env Env,
    object: Option<Object<'env>>,
    known: Vec<&'static str>,
}

impl<'env> Options<'env> {
    /// Of the last argument of a call, which may be left out.
    pub fn new(env: &'env Env, value: Unknown<'env>) -> Result<Self> {
        let reader = Reader { env, argument: "options" };
        let object = match reader.kind(value)? {
            ValueType::Undefined | ValueType::Null => None,
            _ => match reader.object(value)? {
                Some(object) => Some(object),
                None => return Err(reader.wrong("is not an object", "give an object: option -> value")),
            },
        };
        Ok(Options { env, object, known: Vec::new() })
    }

    /// An option, even where it is null.
    fn given(&mut self, name: &'static str) -> Result<Option<(Reader<'env>, Unknown<'env>)>> {
        self.known.push(name);
        let reader = Reader { env: self.env, argument: name };
        let value = self.object.as_ref().map(|object| reader.property(object, name)).transpose()?.flatten();
        Ok(value.map(|value| (reader, value)))
    }

    fn get(&mut self, name: &'static str) -> Result<Option<(Reader<'env>, Unknown<'env>)>> {
        match self.given(name)? {
            Some((reader, value)) if reader.kind(value)? == ValueType::Null => Ok(None),
            other => Ok(other),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        self.get(name)?.map(|(reader, value)| reader.require_text(value)).transpose()
    }

    /// A text, `None` for null, or `default` where it is not given.
    pub fn text_or_null<T>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.given(name)? {
            None => Ok(Some(default)),
            Some((reader, value)) if reader.kind(value)? == ValueType::Null => Ok(None),
            Some((reader, value)) => parse(&reader.require_text(value)?).map(Some),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, name: &'static str) -> Result<Option<u64>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        let whole = match reader.kind(value)? {
            ValueType::Number => js::cast(value).ok().and_then(count),
            ValueType::BigInt => js::cast::<BigInt>(value).ok().and_then(|b| match b.get_u64() {
                (_, number, true) => Some(number),
                _ => None,
            }),
            _ => None,
        };
        whole.map(Some).ok_or_else(|| reader.wrong("is not a whole number", "give a whole number that is not negative"))
    }

    /// A number.
    pub fn number(&mut self, name: &'static str) -> Result<Option<f64>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        let number = reader.json(value)?.as_f64();
        number.map(Some).ok_or_else(|| reader.wrong("is not a finite number", "give a number"))
    }

    /// A typed array of numbers.
    pub fn numbers(&mut self, name: &'static str) -> Result<Option<Float64Array>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        let wrong = |_| reader.wrong("is not a Float64Array", "give a Float64Array of rows, one after another");
        js::cast::<Float64Array>(value).map(Some).map_err(wrong)
    }

    /// True or false.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        match reader.json(value)? {
            serde_json::Value::Bool(flag) => Ok(Some(flag)),
            _ => Err(reader.wrong("is neither true nor false", "give true or false")),
        }
    }

    /// An ISO 8601 text, or a `Date`.
    pub fn iso(&mut self, name: &'static str) -> Result<Option<String>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        match reader.json(value)? {
            serde_json::Value::String(text) => Ok(Some(text)),
            _ => Err(reader.wrong("is not a date", "give an ISO 8601 text or a valid Date")),
        }
    }

    /// A table; `None` where it is not given.
    pub fn table(&mut self, name: &'static str) -> Result<Option<Table>> {
        self.get(name)?.map(|(reader, value)| reader.table(value)).transpose()
    }

    /// Any plain value.
    pub fn json(&mut self, name: &'static str) -> Result<Option<serde_json::Value>> {
        self.get(name)?.map(|(reader, value)| reader.json(value)).transpose()
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>> {
        let Some((reader, value)) = self.get(name)? else { return Ok(None) };
        let texts = reader.texts(value)?;
        texts.map(Some).ok_or_else(|| reader.wrong("is not a list of strings", "give an array of strings"))
    }

    /// Source header -> field, or null for "leave it unmapped".
    pub fn overrides(&mut self) -> Result<BTreeMap<String, Option<String>>> {
        let Some((reader, value)) = self.get("overrides")? else { return Ok(BTreeMap::new()) };
        let wrong = || reader.wrong("is not an object of strings", "give {source column: field}, or null for a column");
        let entries = reader.object(value)?.map(|_| reader.record(value)).transpose()?.ok_or_else(wrong)?;
        let entries = entries.into_iter().map(|(header, field)| match field {
            serde_json::Value::String(field) => Ok((header, Some(field))),
            serde_json::Value::Null => Ok((header, None)),
            _ => Err(wrong()),
        });
        entries.collect()
    }

    /// How to read the table.
    pub fn read(&mut self) -> Result<ReadOptions> {
        self.get("read")?.map_or_else(|| Ok(ReadOptions::default()), |(reader, value)| reading(reader, value))
    }

    /// Header -> some of its values, as text.
    pub fn samples(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let Some((reader, value)) = self.get("samples")? else { return Ok(BTreeMap::new()) };
        let wrong = || reader.wrong("is not an object of lists", "give {header: [values]}");
        let entries = reader.object(value)?.map(|_| reader.record(value)).transpose()?.ok_or_else(wrong)?;
        let entries = entries.into_iter().map(|(header, values)| match values {
            serde_json::Value::Array(values) => Ok((header, values.into_iter().filter_map(text_of).collect())),
            _ => Err(wrong()),
        });
        entries.collect()
    }

    /// A profile by name, or one of the user's own as `{ toml }`.
    pub fn profile(&mut self) -> Result<Option<Profile>> {
        let Some((reader, value)) = self.get("profile")? else { return Ok(None) };
        if let Some(name) = reader.text(value)? {
            return Profile::shipped(&name).map(Some);
        }
        let toml = reader.object(value)?.map(|object| reader.property(&object, "toml")).transpose()?.flatten();
        match toml.map(|toml| reader.text(toml)).transpose()?.flatten() {
            Some(toml) => Profile::from_toml(&toml).map(Some),
            None => Err(reader.wrong("is not a profile", "give the name of a profile, or { toml: text } for your own")),
        }
    }

    /// A mapping that an earlier call gave.
    pub fn mapping(&mut self) -> Result<Option<Mapping>> {
        let Some((reader, value)) = self.get("mapping")? else { return Ok(None) };
        let json = rename(serde_json::Value::Object(reader.record(value)?), snake);
        Mapping::from_json(&json.to_string()).map(Some).map_err(|e| e.with("argument", reader.argument))
    }

    /// Progress of the call and its stop, where the package asks for them.
    pub fn watch(&mut self) -> Result<Watch> {
        let Some((_, value)) = self.get(CONTROL)? else { return Ok(Watch::default()) };
        Ok(js::cast::<ClassInstance<'_, Control>>(value).map(|c| c.watch()).unwrap_or_default())
    }

    /// Ends the reading; an option that the call does not know is a mistake.
    pub fn finish(self) -> Result<()> {
        let Some(object) = &self.object else { return Ok(()) };
        let names = Reader { env: self.env, argument: "options" }.names(object)?;
        match names.into_iter().find(|name| name != CONTROL && !self.known.contains(&name.as_str())) {
            Some(name) => {
                let known: Vec<&str> = self.known.iter().copied().filter(|name| *name != CONTROL).collect();
                Err(Error::new(ErrorKind::InvalidArgument, format!("there is no option '{name}'"))
                    .with("argument", name)
                    .hint(format!("use some of: {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }
}

/// The options of `read`, which are those of reading alone.
pub fn read_options(env: &Env, value: Unknown<'_>) -> Result<ReadOptions> {
    let reader = Reader { env, argument: "options" };
    match reader.kind(value)? {
        ValueType::Undefined | ValueType::Null => Ok(ReadOptions::default()),
        _ => reading(reader, value),
    }
}

/// Options of reading; `undefined` is null and keeps the default.
fn reading(reader: Reader<'_>, value: Unknown<'_>) -> Result<ReadOptions> {
    let wrong = || reader.wrong("is not an object", "give {delimiter, encoding, headerLine, sheet, ...}");
    let given = reader.object(value)?.map(|_| reader.record(value)).transpose()?.ok_or_else(wrong)?;
    ReadOptions::from_json(&given.into_iter().map(|(name, value)| (snake(&name), value)).collect())
}

fn text_of(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
