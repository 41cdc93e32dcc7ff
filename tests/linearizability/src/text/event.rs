//! One event of a history as it stands in a file, whatever the format.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::history::History;
use crate::model::Datum;
use crate::specification::Specification;

/// One event, with the fields of all models. Fields that are absent read as `None` or null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The place in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Nanoseconds since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// The client: a number or a name.
    pub process: Value,
    /// Call or reply.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The name of the operation.
    pub f: String,
    /// The object, unless it is in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// Argument or result.
    pub value: Value,
    /// The version of `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Whether all values of the history are `[key, value]`, as Jepsen's `independent` writes them.
    #[serde(skip)]
    pub is_keyed: bool,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

impl EventType {
    /// All types.
    const ALL: [EventType; 4] = [EventType::Invoke, EventType::Ok, EventType::Fail, EventType::Info];

    /// Its name in files.
    pub(super) fn name(self) -> &'static str {
        match self {
            EventType::Invoke => "invoke",
            EventType::Ok => "ok",
            EventType::Fail => "fail",
            EventType::Info => "info",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<EventType> {
        EventType::ALL.into_iter().find(|event_type| event_type.name() == name)
    }
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

    /// Completes a history that was read by what only the whole of it tells.
    fn complete(&self, history: &mut History<Self::Input, Self::Output>) {
        let _ = history;
    }
}

impl Event {
    /// Reads an event from an object. Errors say what was expected.
    pub(super) fn from_value(value: Value) -> Result<Event, String> {
        let Value::Object(entries) = value else {
            return Err(format!("expected a map with process, type, f and value, found {}", short(&value)));
        };
        // Tools that make JSON of EDN often leave the colons.
        let entries =
            entries.into_iter().map(|(name, value)| (name.trim_start_matches(':').to_string(), value));
        let mut entries: BTreeMap<String, Value> = entries.collect();
        let mut field = |name: &str| entries.remove(name).filter(|value| !value.is_null());
        let event_type = field("type").ok_or("missing field `type`")?;
        let name = plain(&event_type);
        let event_type = EventType::from_name(name.trim_start_matches(':')).ok_or_else(|| {
            format!("expected one of `invoke`, `ok`, `fail`, `info` in the field type, found `{name}`")
        })?;
        let process = field("process").ok_or("missing field `process`: who is it that asks?")?;
        let f = field("f").map(|f| plain(&f).trim_start_matches(':').to_string()).unwrap_or_default();
        Ok(Event {
            index: field("index").and_then(|index| index.as_u64()),
            // For people only, so one that is no number does no harm.
            time: field("time").and_then(|time| time.as_u64()),
            process,
            event_type,
            f,
            key: field("key"),
            value: field("value").unwrap_or_default(),
            version: field("version").and_then(|version| version.as_u64()),
            error: field("error"),
            is_keyed: false,
        })
    }

    /// The client, as a number or as a name.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub(super) fn client(&self) -> Result<Client, String> {
        match &self.process {
            Value::String(name) => {
                let name = name.trim_start_matches(':');
                Ok(name.parse().map_or_else(|_| Client::Name(name.to_string()), Client::Number))
            }
            Value::Number(number) => {
                let whole = number.as_u64().or_else(|| {
                    number
                        .as_f64()
                        .filter(|whole| whole.fract() == 0.0 && *whole >= 0.0)
                        .map(|whole| whole as u64)
                });
                // In memory Jepsen's nemesis is -1.
                Ok(whole.map_or_else(|| Client::Name(number.to_string()), Client::Number))
            }
            other => Err(format!("expected process to be a number or a name, found {}", short(other))),
        }
    }

    /// The key, and the value without it. `None` if there is no key.
    pub(super) fn key_and_value(&self) -> (Option<String>, &Value) {
        match (&self.key, &self.value) {
            (Some(key), value) => (Some(plain(key)), value),
            // If there is a key, a pair is just a value.
            (None, Value::Array(pair)) if self.is_keyed && pair.len() == 2 => {
                (Some(plain(&pair[0])), &pair[1])
            }
            (None, value) => (None, value),
        }
    }

    /// Whether the value may be `[key, value]`: then the key is nothing that has parts.
    pub(super) fn may_be_keyed(&self) -> bool {
        let Value::Array(pair) = &self.value else { return false };
        let has_key = self.key.is_none() && pair.len() == 2 && !pair[0].is_array() && !pair[0].is_object();
        // `[1 2]` of a cas is what it expects and sets. Only where the second is a pair again the first is a key.
        has_key && (self.f != "cas" || pair[1].is_array())
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

/// Who an event is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Client {
    /// By number, as Jepsen's clients are.
    Number(u64),
    /// By name: a client as well, or somebody who works on the system beside the clients, such as Jepsen's nemesis.
    Name(String),
}

/// A value in a message.
pub(super) fn short(value: &Value) -> Datum {
    Datum::from_json(value)
}

/// Strings without their quotes, all else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(string) => string.clone(),
        other => other.to_string(),
    }
}
