//! Events as EDN maps, the way Jepsen and porcupine's logs have them.

use clojure_reader::edn::{self, Edn};
use serde_json::Value;

use super::error::TextError;
use super::event::Event;

/// Reads all events, each with the number of the line that it starts on. They follow each other, or stand in
/// one vector or list.
pub(super) fn read(contents: &str) -> Result<Vec<(usize, Event)>, TextError> {
    let mut events = Vec::new();
    let mut cursor = Cursor { rest: contents, line: 1 };
    cursor.skip_blank();
    // Jepsen's files hold one vector, or a list, or the maps alone. A vector is read form by form as well:
    // only so a mistake has a line.
    let closing = match cursor.rest.chars().next() {
        Some('[') => Some(']'),
        Some('(') => Some(')'),
        _ => None,
    };
    if closing.is_some() {
        cursor.skip_to(&cursor.rest[1..]);
    }
    while !cursor.rest.is_empty() {
        if closing.is_some_and(|closing| cursor.rest.starts_with(closing)) {
            cursor.skip_to(&cursor.rest[1..]);
            let nothing = cursor.rest.is_empty().then_some(events);
            return nothing.ok_or_else(|| cursor.error("expected nothing after the end of the history"));
        }
        let (form, after) =
            edn::read(cursor.rest).map_err(|cause| cursor.error(&format!("expected an EDN map: {cause}")))?;
        let event = serde_json::from_value(to_json(&form)).map_err(|cause| {
            cursor.error(&format!("expected a map with :process, :type, :f and :value: {cause}"))
        })?;
        events.push((cursor.line, event));
        cursor.skip_to(after);
    }
    let end = closing.is_none().then_some(events);
    end.ok_or_else(|| cursor.error("expected the end of the list that the history starts with"))
}

/// What is still to be read, and the number of the line on which it starts.
struct Cursor<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Cursor<'a> {
    /// Moves to `rest`, which is an end of what is still to be read, and past the blanks and comments there.
    fn skip_to(&mut self, rest: &'a str) {
        let skipped = &self.rest[..self.rest.len() - rest.len()];
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        self.skip_blank();
    }

    fn skip_blank(&mut self) {
        let blank = |c: char| c.is_whitespace() || c == ','; // To EDN a comma is a blank.
        let rest = self.rest.trim_start_matches(blank);
        let rest = match rest.strip_prefix(';') {
            Some(comment) => comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => rest,
        };
        if rest.len() < self.rest.len() {
            self.skip_to(rest);
        }
    }

    fn error(&self, message: &str) -> TextError {
        TextError { line: self.line, message: message.to_string() }
    }
}

/// What JSON has for an EDN value. Keywords and symbols become strings, tags are dropped.
fn to_json(edn: &Edn<'_>) -> Value {
    match edn {
        Edn::Nil => Value::Null,
        Edn::Bool(bool) => Value::from(*bool),
        Edn::Int(int) => Value::from(*int),
        Edn::Double(double) => Value::from(double.into_inner()),
        Edn::Str(text) | Edn::Symbol(text) => Value::from(text.as_ref()),
        // JSON has no keywords. That `:read` and `"read"` become one is wanted: tools differ in which they
        // write.
        Edn::Key(name) => Value::from(name.trim_start_matches(':')),
        Edn::Vector(items) | Edn::List(items) => items.iter().map(to_json).collect(),
        Edn::Set(items) => items.iter().map(to_json).collect(),
        Edn::Map(entries) => {
            let text = |key| match to_json(key) {
                Value::String(name) => name,
                other => other.to_string(),
            };
            Value::Object(entries.iter().map(|(key, value)| (text(key), to_json(value))).collect())
        }
        // `#jepsen.history.Op{...}` is a map for our purposes.
        Edn::Tagged(_, inner) => to_json(inner),
        other => Value::from(other.to_string()),
    }
}

/// Writes an event as one map; with its index and time, or as porcupine's logs have it.
pub(super) fn write(event: &Event, with_time: bool) -> String {
    let keyword = |name: &str| Edn::key(name.to_string());
    let mut fields = Vec::new();
    // Porcupine's logs have neither.
    if with_time {
        fields.extend(event.index.map(|index| ("index", number(index))));
        fields.extend(event.time.map(|time| ("time", number(time))));
    }
    fields.push(("process", from_json(&event.process)));
    let event_type = serde_json::to_value(event.event_type).expect("a type is a string");
    fields.push(("type", keyword(event_type.as_str().expect("a type is a string"))));
    fields.push(("f", keyword(&event.f)));
    fields.extend(event.key.as_ref().map(|key| ("key", from_json(key))));
    fields.push(("value", from_json(&event.value)));
    fields.extend(event.version.map(|version| ("version", number(version))));
    if let Some(Value::String(error)) = &event.error {
        fields.push(("error", keyword(error)));
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!(":{name} {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn number(number: u64) -> Edn<'static> {
    // Beyond 64 bits with a sign EDN writes an N behind the number.
    i64::try_from(number).map_or_else(|_| Edn::symbol(format!("{number}N")), Edn::Int)
}

fn from_json(value: &Value) -> Edn<'_> {
    match value {
        Value::Null => Edn::Nil,
        Value::Bool(bool) => Edn::Bool(*bool),
        Value::Number(number) => number.as_i64().map_or_else(|| Edn::symbol(number.to_string()), Edn::Int),
        Value::String(text) => Edn::string(text.as_str()),
        Value::Array(items) => Edn::Vector(items.iter().map(from_json).collect()),
        Value::Object(entries) => Edn::Map(
            entries.iter().map(|(key, value)| (Edn::string(key.as_str()), from_json(value))).collect(),
        ),
    }
}
