//! One event of a history as it stands in a file, whatever the format.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::specification::Specification;

/// One event, with the fields of all models. Fields that are absent read as `None` or null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The place in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Nanoseconds since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// The client: a number. Anything else is not a client.
    pub process: Value,
    /// Call or reply.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The name of the operation.
    #[serde(default)]
    pub f: String,
    /// The object, unless it is in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// Argument or result.
    #[serde(default)]
    pub value: Value,
    /// The version of `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A client asks.
    Invoke,
    /// It took effect.
    Ok,
    /// It did not take effect, and never will.
    Fail,
    /// Nobody knows.
    Info,
}

/// What a reply says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<O> {
    /// It got this reply.
    Output(O),
    /// It did not take effect, and never will.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// A specification whose histories can be written as text. Errors say what was expected.
pub trait Textual: Specification {
    /// Reads the request of an `invoke`.
    ///
    /// # Errors
    ///
    /// If it is none of this specification.
    fn read_input(&self, event: &Event) -> Result<Self::Input, String>;

    /// Reads what became of `input`.
    ///
    /// # Errors
    ///
    /// If it is no answer to `input`.
    fn read_answer(&self, input: &Self::Input, event: &Event) -> Result<Answer<Self::Output>, String>;

    /// Writes a request into an `invoke`.
    fn write_input(&self, input: &Self::Input, event: &mut Event);

    /// Writes a reply into an `ok`, and makes another type of it where that fits better.
    fn write_output(&self, output: &Self::Output, event: &mut Event);
}

impl Event {
    /// The key, and the value without it. `None` if there is no key.
    pub(super) fn key_and_value(&self) -> (Option<String>, &Value) {
        match (&self.key, &self.value) {
            (Some(key), value) => (Some(plain(key)), value),
            // As Jepsen's `independent` writes it. If there is a key, a pair is just a value.
            (None, Value::Array(pair)) if pair.len() == 2 => (Some(plain(&pair[0])), &pair[1]),
            (None, value) => (None, value),
        }
    }

    /// Whether the field `error` is `name`.
    pub(super) fn is_error(&self, name: &str) -> bool {
        self.error.as_ref().is_some_and(|error| plain(error) == name)
    }

    pub(super) fn set_error(&mut self, event_type: EventType, name: &str) {
        self.event_type = event_type;
        self.error = Some(Value::from(name));
    }

    /// The answer, where the type alone tells it, or `otherwise` for `ok`.
    pub(super) fn answer<O>(
        &self,
        otherwise: impl FnOnce() -> Result<O, String>,
    ) -> Result<Answer<O>, String> {
        match self.event_type {
            // Whatever else the event says: what did not succeed has no value to be read.
            EventType::Fail => Ok(Answer::Failed),
            EventType::Info => Ok(Answer::Unknown),
            EventType::Ok | EventType::Invoke => otherwise().map(Answer::Output),
        }
    }
}

/// Strings without their quotes, all else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(string) => string.clone(),
        other => other.to_string(),
    }
}
