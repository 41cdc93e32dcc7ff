//! A value of any kind: registers, sets and queues only compare what they hold.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::quote::shorten;

/// A number, a string, a list or anything else that JSON can write, or nothing (Jepsen's `nil`).
///
/// Two are equal if they are written alike. A whole number is the same with and without a decimal point, since tools that
/// convert histories do not agree on it. Ordered by the text, which has no meaning and is the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datum(Arc<str>);

impl Datum {
    /// Nothing.
    pub fn nil() -> Self {
        Datum("null".into())
    }

    /// Whether it is nothing.
    pub fn is_nil(&self) -> bool {
        &*self.0 == "null"
    }

    /// As canonical JSON.
    pub fn as_json_text(&self) -> &str {
        &self.0
    }

    /// As JSON.
    ///
    /// # Panics
    ///
    /// Never: it was made of JSON.
    pub fn to_json(&self) -> Value {
        serde_json::from_str(&self.0).expect("a value was made of JSON")
    }

    /// From JSON.
    pub fn from_json(value: &Value) -> Self {
        // Beyond 2^53 not every whole number is a double, and what was written is lost already.
        let whole = value.as_f64().filter(|_| value.is_f64());
        match whole.filter(|whole| whole.fract() == 0.0 && whole.abs() < 9e15) {
            Some(whole) => Datum::from(whole as i64),
            None => Datum(value.to_string().into()),
        }
    }
}

impl From<i64> for Datum {
    fn from(number: i64) -> Self {
        Datum(number.to_string().into())
    }
}

impl From<Option<i64>> for Datum {
    fn from(number: Option<i64>) -> Self {
        number.map_or_else(Datum::nil, Datum::from)
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Datum::from_json(&Value::from(text))
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shorten(if self.is_nil() { "nil" } else { &self.0 }))
    }
}
