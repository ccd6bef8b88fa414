//! JavaScript values to the core's inputs.
//!
//! Values are copied on the thread of the environment, as `JSON.stringify` would see them, and the work then goes on
//! without JavaScript. `undefined`, `null`, `NaN` and infinities are missing; what has a `toJSON` (a `Date`) is what
//! that says; a `BigInt` is a number where it fits 64 bits and text otherwise.

use crate::intake::{self, Pieces};
use crate::js;
use churn_core::table::RawTable;
use churn_core::{Error, ErrorKind, Input, Record, Result};
use napi::Env;
use napi::bindgen_prelude::{Array, BigInt, Function, JsValue, Object, Unknown, ValueType};
use serde_json::{Map, Number, Value};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Deepest nesting that is read; a cyclic object ends here.
const MAX_DEPTH: usize = 32;

/// Whole numbers up to here are exact in JavaScript.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A table as JavaScript gave it, owned.
pub enum Table {
    /// A path.
    Path(PathBuf),
    /// The content of a file.
    Bytes(Vec<u8>),
    /// Records.
    Records(Vec<Record>),
    /// Columns.
    Raw(Box<RawTable>),
    /// Pieces, and the whole once it was asked for.
    Pieces(Mutex<Pieces>, OnceLock<Box<Table>>),
}

impl Table {
    /// The core's view of it.
    pub fn input(&self) -> Input<'_> {
        match self {
            Table::Path(path) => Input::Path(path.clone()),
            Table::Bytes(bytes) => Input::Bytes(bytes),
            Table::Records(records) => Input::Records(records),
            Table::Raw(raw) => Input::Raw(raw),
            Table::Pieces(pieces, whole) => {
                let join =
                    || Box::new(std::mem::take(&mut *pieces.lock().unwrap_or_else(PoisonError::into_inner)).join());
                whole.get_or_init(join).input()
            }
        }
    }
}

/// Reads one argument of a call.
#[derive(Clone, Copy)]
pub struct Reader<'env> {
    /// The environment.
    pub env: &'env Env,
    /// Name of the argument.
    pub argument: &'static str,
}

impl Reader<'_> {
    /// The error of an argument that is of another kind than the call takes.
    pub fn wrong(&self, what: &str, hint: &str) -> Error {
        Error::new(ErrorKind::InvalidArgument, format!("{} {what}", self.argument))
            .with("argument", self.argument)
            .hint(hint)
    }

    /// What napi gave; an exception of the caller's own code (a getter, a `toJSON`) becomes an error.
    fn ok<T>(&self, result: napi::Result<T>) -> Result<T> {
        result.map_err(|error| {
            let cause = js::take_exception(self.env).unwrap_or(error.reason);
            self.wrong("could not be read", "give plain data, without getters that throw").caused_by(cause)
        })
    }

    /// Its type.
    pub fn kind(&self, value: Unknown<'_>) -> Result<ValueType> {
        self.ok(value.get_type())
    }

    /// A property; `None` where there is none.
    pub fn property<'a>(&self, object: &Object<'a>, name: &str) -> Result<Option<Unknown<'a>>> {
        self.ok(object.get(name))
    }

    /// The names of all properties.
    pub fn names(&self, object: &Object<'_>) -> Result<Vec<String>> {
        self.ok(Object::keys(object))
    }

    /// The value as an object that is not an array.
    pub fn object<'a>(&self, value: Unknown<'a>) -> Result<Option<Object<'a>>> {
        if self.kind(value)? != ValueType::Object || self.ok(value.is_array())? || self.is_bytes(value)? {
            return Ok(None);
        }
        self.ok(js::cast(value)).map(Some)
    }

    /// The value as an array.
    fn array<'a>(&self, value: Unknown<'a>) -> Result<Option<Array<'a>>> {
        if self.kind(value)? != ValueType::Object || !self.ok(value.is_array())? {
            return Ok(None);
        }
        self.ok(js::cast(value)).map(Some)
    }

    fn item<'a>(&self, array: &Array<'a>, index: u32) -> Result<Unknown<'a>> {
        let item = self.ok(array.get(index))?;
        item.ok_or_else(|| self.wrong("changed its length while it was read", "leave it alone until the call returns"))
    }

    fn is_bytes(&self, value: Unknown<'_>) -> Result<bool> {
        Ok(self.ok(value.is_buffer())? || self.ok(value.is_arraybuffer())?)
    }

    /// The value as the bytes of a `Buffer` or `Uint8Array`, copied.
    pub fn bytes(&self, value: Unknown<'_>) -> Result<Option<Vec<u8>>> {
        Ok(self.view(value)?.map(<[u8]>::to_vec))
    }

    /// The value as the bytes of a `Buffer` or `Uint8Array`, to be looked at before JavaScript runs again.
    pub fn view<'a>(&self, value: Unknown<'a>) -> Result<Option<&'a [u8]>> {
        if self.kind(value)? != ValueType::Object || !self.ok(value.is_typedarray())? {
            return Ok(None);
        }
        match js::cast::<&[u8]>(value) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(self.wrong("holds numbers, not bytes", "give a Buffer or a Uint8Array")),
        }
    }

    /// The value as text.
    pub fn text(&self, value: Unknown<'_>) -> Result<Option<String>> {
        match self.kind(value)? {
            ValueType::String => self.ok(js::cast(value)).map(Some),
            _ => Ok(None),
        }
    }

    /// The value as text, which it must be.
    pub fn require_text(&self, value: Unknown<'_>) -> Result<String> {
        self.text(value)?.ok_or_else(|| self.wrong("is not a string", "give a string"))
    }

    /// The value as texts, where it is a list of nothing but strings.
    pub fn texts(&self, value: Unknown<'_>) -> Result<Option<Vec<String>>> {
        let Some(array) = self.array(value)? else { return Ok(None) };
        (0..array.len()).map(|i| self.text(self.item(&array, i)?)).collect()
    }

    /// The value as JSON.
    pub fn json(&self, value: Unknown<'_>) -> Result<Value> {
        self.json_at(value, 0)
    }

    fn json_at(&self, value: Unknown<'_>, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("is nested too deep, or holds itself", "give flat records: header -> value"));
        }
        Ok(match self.kind(value)? {
            ValueType::Undefined | ValueType::Null => Value::Null,
            ValueType::Boolean => Value::Bool(self.ok(js::cast(value))?),
            ValueType::Number => number(self.ok(js::cast(value))?),
            ValueType::String => Value::String(self.ok(js::cast(value))?),
            ValueType::BigInt => match self.ok(js::cast::<BigInt>(value))?.get_i64() {
                (number, true) => Value::from(number),
                _ => Value::String(self.ok(value.coerce_to_string().and_then(|s| s.into_utf8()?.into_owned()))?),
            },
            ValueType::Object => self.nested(value, depth)?,
            _ => return Err(self.wrong("holds a function or a symbol", "give plain data")),
        })
    }

    fn nested(&self, value: Unknown<'_>, depth: usize) -> Result<Value> {
        if let Some(array) = self.array(value)? {
            let items = (0..array.len()).map(|i| self.json_at(self.item(&array, i)?, depth + 1));
            return items.collect::<Result<_>>().map(Value::Array);
        }
        let object: Object<'_> = self.ok(js::cast(value))?;
        if let Some(own) = self.property(&object, "toJSON")?
            && self.kind(own)? == ValueType::Function
        {
            let own: Function<'_, (), Unknown<'_>> = self.ok(js::cast(own))?;
            return self.json_at(self.ok(own.apply(value, ()))?, depth + 1);
        }
        let mut entries = Map::new();
        for name in self.names(&object)? {
            let value = self.property(&object, &name)?.map_or(Ok(Value::Null), |v| self.json_at(v, depth + 1))?;
            entries.insert(name, value);
        }
        Ok(Value::Object(entries))
    }

    /// The value as a record: header -> value.
    pub fn record(&self, value: Unknown<'_>) -> Result<Record> {
        let hint = "give one customer as an object: header -> value";
        self.entries(value)?.ok_or_else(|| self.wrong("is not an object", hint))
    }

    fn entries(&self, value: Unknown<'_>) -> Result<Option<Record>> {
        if self.kind(value)? != ValueType::Object || self.is_bytes(value)? {
            return Ok(None);
        }
        match self.json(value)? {
            Value::Object(record) => Ok(Some(record)),
            _ => Ok(None),
        }
    }

    /// The value as a table: a path, the content of a file, records, columns, or pieces handed over before.
    pub fn table(&self, value: Unknown<'_>) -> Result<Table> {
        if let Some(path) = self.text(value)? {
            return Ok(Table::Path(path.into()));
        }
        if let Some(bytes) = self.bytes(value)? {
            return Ok(Table::Bytes(bytes));
        }
        if !self.ok(value.is_array())?
            && let Some(table) = intake::of_object(self, value)?
        {
            return Ok(table);
        }
        self.records(value, 0).map(Table::Records)
    }

    /// The value as records; `before` records came before it.
    pub fn records(&self, value: Unknown<'_>, before: usize) -> Result<Vec<Record>> {
        let hint = "give a path, a Buffer with a file's content, a stream, an array of objects or an object of arrays";
        let Some(array) = self.array(value)? else { return Err(self.wrong("is not a table", hint)) };
        let record = |i| {
            let number = before + i as usize + 1;
            let wrong = || self.wrong(&format!("item {number} is not an object"), "give an array of objects");
            let entries = js::scoped(self.env, || self.entries(self.item(&array, i)?));
            entries.and_then(|e| e.ok_or_else(wrong)).map_err(|e| e.with("item", number))
        };
        (0..array.len()).map(record).collect()
    }

    /// The values of an array.
    pub fn values(&self, value: Unknown<'_>) -> Result<Option<Vec<Value>>> {
        let Some(array) = self.array(value)? else { return Ok(None) };
        let item = |i| js::scoped(self.env, || self.json_at(self.item(&array, i)?, 1));
        (0..array.len()).map(item).collect::<Result<_>>().map(Some)
    }
}

/// A number as JSON; what is no number is missing.
fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() <= MAX_SAFE {
        return Value::from(x as i64);
    }
    Number::from_f64(x).map_or(Value::Null, Value::Number)
}

/// A whole number that is not negative.
pub fn count(x: f64) -> Option<u64> {
    (x.fract() == 0.0 && (0.0..=MAX_SAFE).contains(&x)).then_some(x as u64)
}

/// The present instant as ISO 8601 in UTC: the host's clock, because the core has none.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
