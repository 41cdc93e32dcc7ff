//! From the text of a file, in whatever form it is, to events.

use serde_json::Value;

use super::cursor::Cursor;
use super::error::TextError;
use super::event::Event;
use super::{edn, log};

/// The events of a file.
#[derive(Default)]
pub(super) struct Source {
    /// Each with the number of the line that it starts on.
    pub(super) events: Vec<(usize, Event)>,
    /// How many lines of a log are no events.
    pub(super) lines_skipped: usize,
    /// The number of the last line.
    pub(super) last_line: usize,
}

impl Source {
    /// Reads all events.
    pub(super) fn read(contents: &str) -> Result<Source, TextError> {
        // A byte order mark, as editors on Windows write it.
        let contents = contents.strip_prefix('\u{feff}').unwrap_or(contents);
        let mut source = Source { last_line: contents.lines().count().max(1), ..Source::default() };
        let mut cursor = Cursor::new(contents);
        edn::skip_blank(&mut cursor)?;
        let is_log = match cursor.peek() {
            None => return Ok(source),
            Some('{' | '(' | '#') => false,
            // A list of events, or a log whose lines start with `[time]`.
            Some('[') => log::is_event(cursor.rest().lines().next().unwrap_or_default()),
            Some(_) => true,
        };
        if is_log {
            log::read(contents, &mut source)?;
        } else {
            read_forms(&mut cursor, &mut source)?;
        }
        Ok(source)
    }
}

/// Reads maps that follow each other or stand in one list. A list is read form by form as well: only so a mistake has a
/// line.
fn read_forms(cursor: &mut Cursor<'_>, source: &mut Source) -> Result<(), TextError> {
    // `#jepsen.history.DenseHistory [...]`
    if cursor.rest().starts_with('#') && !cursor.rest().starts_with("#{") {
        let tag = cursor.rest().split(|c: char| "[({".contains(c)).next().unwrap_or_default();
        if cursor.rest()[tag.len()..].starts_with(['[', '(']) {
            cursor.skip(tag.len());
        }
    }
    let closing = match cursor.peek() {
        Some('[') => Some(']'),
        Some('(') => Some(')'),
        _ => None,
    };
    let opened = cursor.line();
    cursor.skip(usize::from(closing.is_some()));
    // By the first key: JSON has it in quotes, EDN with a colon.
    let first_map = cursor.rest().trim_start().strip_prefix('{');
    let is_json = first_map.is_some_and(|map| map.trim_start().starts_with(['"', '}']));
    loop {
        skip_between(cursor, is_json)?;
        match cursor.peek() {
            None if closing.is_none() => return Ok(()),
            None => {
                let message = format!(
                    "expected the end of the list of line {opened}, found the end of the file: is it cut off?"
                );
                return Err(cursor.error(message));
            }
            next if closing.is_some() && next == closing => {
                cursor.skip(1);
                skip_between(cursor, is_json)?;
                if !cursor.rest().is_empty() {
                    return Err(cursor.error("expected nothing after the end of the history"));
                }
                return Ok(());
            }
            Some(_) => {}
        }
        let line = cursor.line();
        let value = if is_json { json(cursor) } else { edn::form(cursor) }?;
        let event = Event::from_value(value).map_err(|message| TextError { line, message })?;
        source.events.push((line, event));
    }
}

fn skip_between(cursor: &mut Cursor<'_>, is_json: bool) -> Result<(), TextError> {
    if is_json {
        cursor.take_while(|c| c.is_whitespace() || c == ',');
        return Ok(());
    }
    edn::skip_blank(cursor)
}

/// Reads the JSON value that comes next. One that is nested too deeply is an error of the reader.
fn json(cursor: &mut Cursor<'_>) -> Result<Value, TextError> {
    let mut values = serde_json::Deserializer::from_str(cursor.rest()).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => {
            if is_rounded(&value) {
                let message = "expected numbers of at most 64 bits, found a longer one, which would be rounded: write it as a \
                               string";
                return Err(cursor.error(message));
            }
            let bytes = values.byte_offset();
            cursor.skip(bytes);
            Ok(value)
        }
        Some(Err(error)) => {
            if error.is_eof() {
                let message = "expected a JSON object with process, type, f and value, which begins here, to have an end: \
                               is the file cut off?";
                return Err(cursor.error(message));
            }
            // Where it is wrong, and not where the value started.
            let line = cursor.line() + error.line().saturating_sub(1);
            let message = format!("expected a JSON object with process, type, f and value: {error}");
            // The reader counts lines from where it began.
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            Err(TextError { line, message: format!("{message} (column {})", error.column()) })
        }
        None => Err(cursor.error("expected a JSON object with process, type, f and value")),
    }
}

/// Whether there is a number in `value` that may have lost digits. Two that differ there would become one.
fn is_rounded(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_f64() && number.as_f64().is_some_and(|number| number.abs() >= 9.2e18)
        }
        Value::Array(items) => items.iter().any(is_rounded),
        Value::Object(entries) => entries.values().any(is_rounded),
        _ => false,
    }
}
