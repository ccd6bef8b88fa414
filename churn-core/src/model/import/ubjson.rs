//! UBJSON (draft 12, <https://ubjson.org>) to a tree of values that serde reads, with the typed and counted containers
//! that XGBoost writes.
//!
//! Nothing is allocated that the bytes do not pay for: a counted container of values without payload is refused, and
//! nesting has a limit.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Deepest nesting; XGBoost's own models have eight levels.
const MAX_NESTING: usize = 64;

/// A value of a UBJSON document.
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// What is wrong with a document; it becomes the message of an error.
#[derive(Debug)]
pub(super) struct Problem(String);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Problem(message.to_string())
    }
}

type Read<T> = Result<T, Problem>;

/// The document in these bytes.
pub(super) fn parse(bytes: &[u8]) -> Read<Value> {
    let mut reader = Reader { bytes, at: 0 };
    let marker = reader.marker()?;
    reader.value(marker, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn problem<T>(&self, what: &str) -> Read<T> {
        Err(Problem(format!("{what} at byte {}", self.at)))
    }

    fn take(&mut self, n: usize) -> Read<&'a [u8]> {
        match self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => self.problem("the file ends too early"),
        }
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn byte(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next marker; `N` is a no-op.
    fn marker(&mut self) -> Read<u8> {
        loop {
            let marker = self.byte()?;
            if marker != b'N' {
                return Ok(marker);
            }
        }
    }

    fn integer(&mut self, marker: u8) -> Read<i64> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(self.byte()?),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?),
            _ => return self.problem("a whole number is expected"),
        })
    }

    fn number(&mut self, marker: u8) -> Read<f64> {
        Ok(match marker {
            b'd' => widened(f32::from_be_bytes(self.array()?)),
            b'D' => f64::from_be_bytes(self.array()?),
            _ => return self.problem("a number is expected"),
        })
    }

    fn length(&mut self) -> Read<usize> {
        let marker = self.marker()?;
        let n = self.integer(marker)?;
        usize::try_from(n).or_else(|_| self.problem("a length is negative"))
    }

    fn text(&mut self) -> Read<String> {
        let n = self.length()?;
        let bytes = self.take(n)?;
        String::from_utf8(bytes.to_vec()).or_else(|_| self.problem("a text is not UTF-8"))
    }

    fn value(&mut self, marker: u8, depth: usize) -> Read<Value> {
        if depth > MAX_NESTING {
            return self.problem("the nesting is too deep");
        }
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'i' | b'U' | b'I' | b'l' | b'L' => Value::Integer(self.integer(marker)?),
            b'd' | b'D' => Value::Number(self.number(marker)?),
            b'C' => Value::Text(char::from(self.byte()?).to_string()),
            b'S' | b'H' => Value::Text(self.text()?),
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            _ => return self.problem("an unknown marker"),
        })
    }

    /// The type and the count that a container may state.
    fn head(&mut self) -> Read<(Option<u8>, Option<usize>)> {
        let kind = if self.peek() == Some(b'$') {
            self.byte()?;
            Some(self.byte()?)
        } else {
            None
        };
        let count = if self.peek() == Some(b'#') {
            self.byte()?;
            Some(self.length()?)
        } else {
            None
        };
        if kind.is_some() && count.is_none() {
            return self.problem("a typed container has no count");
        }
        Ok((kind, count))
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        match self.head()? {
            (Some(kind @ (b'i' | b'U' | b'I' | b'l' | b'L')), Some(n)) => {
                self.affordable(n)?;
                (0..n).map(|_| self.integer(kind)).collect::<Read<_>>().map(Value::Integers)
            }
            (Some(kind @ (b'd' | b'D')), Some(n)) => {
                self.affordable(n)?;
                (0..n).map(|_| self.number(kind)).collect::<Read<_>>().map(Value::Numbers)
            }
            // Values without payload cost nothing to state: a few bytes could ask for all memory.
            (Some(b'Z' | b'T' | b'F' | b'N'), _) => self.problem("a typed container of values without content"),
            (kind, Some(n)) => {
                self.affordable(n)?;
                let mut list = Vec::new();
                for _ in 0..n {
                    let marker = kind.map_or_else(|| self.marker(), Ok)?;
                    list.push(self.value(marker, depth + 1)?);
                }
                Ok(Value::List(list))
            }
            (_, None) => {
                let mut list = Vec::new();
                loop {
                    match self.marker()? {
                        b']' => return Ok(Value::List(list)),
                        marker => list.push(self.value(marker, depth + 1)?),
                    }
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        let (kind, count) = self.head()?;
        let mut object = Vec::new();
        loop {
            match count {
                Some(n) if object.len() == n => return Ok(Value::Object(object)),
                None if self.peek() == Some(b'}') => {
                    self.byte()?;
                    return Ok(Value::Object(object));
                }
                _ => {}
            }
            // Every key costs a byte at least, so no count can be stated that the bytes do not pay for.
            let key = self.text()?;
            let marker = kind.map_or_else(|| self.marker(), Ok)?;
            object.push((key, self.value(marker, depth + 1)?));
        }
    }

    fn affordable(&self, n: usize) -> Read<()> {
        if n > self.bytes.len() - self.at { self.problem("a count is larger than the file") } else { Ok(()) }
    }
}

/// A float32 as the float64 of its shortest decimal form: what a JSON file of the same model says.
fn widened(x: f32) -> f64 {
    let shortest = serde_json::to_string(&x).ok();
    shortest.and_then(|s| s.parse().ok()).unwrap_or(f64::from(x))
}

impl<'de> IntoDeserializer<'de, Problem> for Value {
    type Deserializer = Value;
    fn into_deserializer(self) -> Value {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(b),
            Value::Integer(i) => visitor.visit_i64(i),
            Value::Number(x) => visitor.visit_f64(x),
            Value::Text(s) => visitor.visit_string(s),
            Value::Integers(v) => visitor.visit_seq(SeqDeserializer::new(v.into_iter())),
            Value::Numbers(v) => visitor.visit_seq(SeqDeserializer::new(v.into_iter())),
            Value::List(v) => visitor.visit_seq(SeqDeserializer::new(v.into_iter())),
            Value::Object(v) => visitor.visit_map(MapDeserializer::new(v.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self {
            Value::Null => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Sample {
        a: Vec<f64>,
        b: String,
        c: Vec<i64>,
        d: Option<bool>,
    }

    #[test]
    fn typed_counted_and_plain_containers_are_read() {
        let mut bytes = b"{U\x01a[$d#U\x02".to_vec();
        bytes.extend([0.1f32, -2.0].iter().flat_map(|x| x.to_be_bytes()));
        bytes.extend(b"U\x01bSU\x02hiU\x01c[i\x05NI\x01\x00]U\x01dT}");
        let sample = Sample::deserialize(parse(&bytes).expect("a document")).expect("a sample");
        assert_eq!(sample, Sample { a: vec![0.1, -2.0], b: "hi".into(), c: vec![5, 256], d: Some(true) });
        for cut in 0..bytes.len() {
            assert!(parse(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let huge = i64::MAX.to_be_bytes();
        for head in [&b"[$Z#L"[..], b"[$T#L", b"[$d#L", b"[#L", b"SL"] {
            let mut bytes = head.to_vec();
            bytes.extend(huge);
            assert!(parse(&bytes).is_err());
        }
        assert!(parse(&[b'['; 100_000]).is_err(), "nesting");
    }
}
