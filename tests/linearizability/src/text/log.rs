//! Events as lines of a log: Jepsen's and Knossos's `history.txt`, and what Jepsen prints while a test runs.
//!
//! ```text
//! 0       :invoke :write  1
//! :nemesis        :info   :start  nil
//! INFO  jepsen.util - 4   :fail   :read   nil     :timed-out
//! 2016-03-02 11:42:07,219{GMT} INFO [jepsen worker 3] jepsen.util: 3      :ok     :cas    [1 2]
//! ```
//!
//! A process, a type, the name of the operation, a value, and perhaps an error, with tabs or spaces between them. A log
//! has other lines as well, which are skipped. In a file in which events have nothing before them, all lines must be
//! events: what is not would be lost without a word.

use serde_json::{Map, Value};

use super::cursor::Cursor;
use super::edn;
use super::error::TextError;
use super::event::{Event, EventType};
use super::source::Source;

/// The parts of a line.
struct Parts<'a> {
    /// What stands before the process.
    prefix: &'a str,
    process: &'a str,
    event_type: EventType,
    f: &'a str,
    /// The value, and the error if there is one.
    rest: &'a str,
}

/// Whether `line` is an event.
pub(super) fn is_event(line: &str) -> bool {
    split(line).is_some()
}

/// Reads all lines.
pub(super) fn read(contents: &str, source: &mut Source) -> Result<(), TextError> {
    let mut first_skipped = None;
    let mut is_bare = false;
    for (place, line) in contents.lines().enumerate() {
        let number = place + 1;
        let is_blank = line.trim().is_empty() || line.trim_start().starts_with([';', '#']);
        match split(line) {
            Some(parts) => {
                is_bare |= parts.prefix.is_empty();
                let event = event(&parts).map_err(|message| TextError { line: number, message })?;
                source.events.push((number, event));
            }
            None if is_blank => {}
            None => {
                source.lines_skipped += 1;
                first_skipped.get_or_insert(number);
            }
        }
    }
    match first_skipped {
        Some(line) if is_bare || source.events.is_empty() => {
            let message = "expected an event: a JSON object, an EDN map, or process, :type, :f and value as in Jepsen's \
                           history.txt, for example `0 :invoke :write 1`";
            Err(TextError { line, message: message.to_string() })
        }
        _ => Ok(()),
    }
}

/// Finds the type of the event, and with it all else.
fn split(line: &str) -> Option<Parts<'_>> {
    for word in line.split_whitespace() {
        // A slice of `line`, so its place is the difference of the two.
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        let head = line[..start].trim_end();
        let process = head.split_whitespace().next_back().unwrap_or_default();
        let prefix = &head[..head.len() - process.len()];
        let is_process = process.starts_with(':') && process.len() > 1
            || !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
        let name = word.strip_prefix(':').or(prefix.is_empty().then_some(word));
        if is_process && let Some(event_type) = name.and_then(EventType::from_name) {
            let rest = line[start + word.len()..].trim_start();
            let f = rest.split_whitespace().next()?;
            let is_keyword = f.starts_with(':') || prefix.is_empty();
            let rest = rest[f.len()..].trim();
            return is_keyword.then_some(Parts { prefix, process, event_type, f, rest });
        }
    }
    None
}

fn event(parts: &Parts<'_>) -> Result<Event, String> {
    let plain = |text: &str| Value::from(text.trim_start_matches(':'));
    let process = parts.process.parse::<u64>().map_or_else(|_| plain(parts.process), Value::from);
    let (value, error) = match value_and_error(parts.rest) {
        Ok(read) => read,
        // Why it failed, in somebody's own words.
        Err(_) if matches!(parts.event_type, EventType::Fail | EventType::Info) => {
            (Value::Null, Some(Value::from(parts.rest)))
        }
        Err(error) => return Err(format!("expected a value in EDN: {}", error.message)),
    };
    let mut fields = Map::new();
    fields.insert("process".to_string(), process);
    fields.insert("type".to_string(), Value::from(parts.event_type.name()));
    fields.insert("f".to_string(), plain(parts.f));
    fields.insert("value".to_string(), value);
    fields.extend(error.map(|error| ("error".to_string(), error)));
    Event::from_value(Value::Object(fields))
}

fn value_and_error(rest: &str) -> Result<(Value, Option<Value>), TextError> {
    if rest.is_empty() {
        return Ok((Value::Null, None));
    }
    let mut cursor = Cursor::new(rest);
    let value = edn::form(&mut cursor)?;
    let rest = cursor.rest().trim();
    let error = (!rest.is_empty()).then(|| edn::form(&mut cursor).unwrap_or_else(|_| Value::from(rest)));
    Ok((value, error))
}
