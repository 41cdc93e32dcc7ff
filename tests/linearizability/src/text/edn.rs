//! EDN, as far as histories have it: read into what JSON has for it, and written.
//!
//! Keywords, symbols and characters become strings, sets become sorted lists, tags and metadata are dropped. That `:read`
//! and `"read"` become one is wanted: tools differ in which they write.

use serde_json::{Map, Number, Value};

use super::cursor::Cursor;
use super::error::TextError;
use super::event::Event;

/// How deep forms may lie in each other. More would be no history, and could exhaust the stack.
const DEPTH_MAX: usize = 100;

/// Reads the form that comes next.
pub(super) fn form(cursor: &mut Cursor<'_>) -> Result<Value, TextError> {
    read(cursor, 0)
}

/// Skips blanks, commas, comments and forms that are marked as discarded.
pub(super) fn skip_blank(cursor: &mut Cursor<'_>) -> Result<(), TextError> {
    skip(cursor, 0)
}

fn skip(cursor: &mut Cursor<'_>, depth: usize) -> Result<(), TextError> {
    loop {
        cursor.take_while(|c| c.is_whitespace() || c == ','); // To EDN a comma is a blank.
        if cursor.take(";") || cursor.take("#!") {
            cursor.take_while(|c| c != '\n');
        } else if cursor.take("#_") {
            read(cursor, depth + 1)?;
        } else {
            return Ok(());
        }
    }
}

fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, TextError> {
    // Before anything else: discarded forms can be nested as well.
    if depth > DEPTH_MAX {
        return Err(
            cursor.error(format!("forms lie more than {DEPTH_MAX} deep in each other: this is no history"))
        );
    }
    skip(cursor, depth)?;
    let Some(first) = cursor.peek() else {
        return Err(cursor.error("expected one more EDN form, found the end of the file: is it cut off?"));
    };
    match first {
        '[' => sequence(cursor, "[", ']', depth).map(Value::Array),
        '(' => sequence(cursor, "(", ')', depth).map(Value::Array),
        '{' => map(cursor, depth),
        '"' => string(cursor).map(Value::String),
        '\\' => Ok(Value::String(character(cursor))),
        ']' | ')' | '}' => Err(cursor.error(format!("expected an EDN form, found {first:?}"))),
        '#' => dispatch(cursor, depth),
        '\'' => {
            cursor.skip(1); // A quoted form, as `pr` may write it.
            read(cursor, depth + 1)
        }
        '^' => {
            cursor.skip(1);
            read(cursor, depth + 1)?; // Metadata.
            read(cursor, depth + 1)
        }
        _ => Ok(atom(token(cursor))),
    }
}

/// The forms until `close`.
fn sequence(cursor: &mut Cursor<'_>, open: &str, close: char, depth: usize) -> Result<Vec<Value>, TextError> {
    let start = cursor.line();
    cursor.take(open);
    let mut forms = Vec::new();
    loop {
        skip(cursor, depth)?;
        match cursor.peek() {
            Some(next) if next == close => {
                cursor.skip(1);
                return Ok(forms);
            }
            Some(_) => forms.push(read(cursor, depth + 1)?),
            None => {
                let message =
                    format!("expected {close:?} for the {open:?} of line {start}, found the end of the file");
                return Err(cursor.error(message));
            }
        }
    }
}

fn map(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, TextError> {
    let forms = sequence(cursor, "{", '}', depth)?;
    if forms.len() % 2 == 1 {
        return Err(cursor.error("expected a value for each key of the EDN map that ends here"));
    }
    let mut forms = forms.into_iter();
    let mut entries = Map::new();
    while let (Some(key), Some(value)) = (forms.next(), forms.next()) {
        let key = match key {
            Value::String(name) => name,
            other => other.to_string(),
        };
        entries.insert(key, value);
    }
    Ok(Value::Object(entries))
}

/// What begins with a `#`.
fn dispatch(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, TextError> {
    if cursor.rest().starts_with("#{") {
        let mut elements = sequence(cursor, "#{", '}', depth)?;
        // So that equal sets become equal lists.
        elements.sort_by_key(Value::to_string);
        return Ok(Value::Array(elements));
    }
    cursor.skip(1);
    if cursor.take("#") {
        return Ok(Value::String(token(cursor).to_string())); // `##Inf`
    }
    if cursor.peek() == Some('"') {
        return string(cursor).map(Value::String); // A pattern.
    }
    token(cursor); // `#jepsen.history.Op{...}` is a map for our purposes.
    read(cursor, depth + 1)
}

fn string(cursor: &mut Cursor<'_>) -> Result<String, TextError> {
    let start = cursor.line();
    cursor.skip(1);
    let mut text = String::new();
    loop {
        text.push_str(cursor.take_while(|c| c != '"' && c != '\\'));
        let mut next = cursor.rest().chars();
        match (next.next(), next.next()) {
            (Some('"'), _) => {
                cursor.skip(1);
                return Ok(text);
            }
            (Some(_), Some(escaped)) => {
                cursor.skip(1 + escaped.len_utf8());
                text.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    '0' => '\0',
                    'u' => code_point(cursor),
                    other => other,
                });
            }
            _ => {
                return Err(cursor.error(format!(
                    "expected '\"' for the string of line {start}, found the end of the file"
                )));
            }
        }
    }
}

/// The character with the number of the next four hexadecimal digits.
fn code_point(cursor: &mut Cursor<'_>) -> char {
    let digits = cursor.rest().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if digits.is_some() {
        cursor.skip(4);
    }
    digits.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `\a`, or `\newline`.
fn character(cursor: &mut Cursor<'_>) -> String {
    cursor.skip(1);
    let first: String = cursor.rest().chars().take(1).collect();
    cursor.skip(first.len());
    first + token(cursor)
}

/// The characters until the next delimiter.
fn token<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.take_while(|c| !c.is_whitespace() && !",;\"()[]{}".contains(c))
}

fn atom(token: &str) -> Value {
    match token {
        "nil" => return Value::Null,
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if let Some(keyword) = token.strip_prefix(':') {
        return Value::from(keyword);
    }
    let unsigned = token.strip_prefix(['+', '-']).unwrap_or(token);
    if unsigned.starts_with(|c: char| c.is_ascii_digit())
        && let Some(number) = number(token.strip_prefix('+').unwrap_or(token))
    {
        return number;
    }
    Value::from(token)
}

/// A number. `N` and `M` behind it say that it may be a long one.
fn number(token: &str) -> Option<Value> {
    let digits = token.strip_suffix(['N', 'M']).unwrap_or(token);
    if digits.bytes().skip(1).all(|byte| byte.is_ascii_digit()) {
        let small =
            digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
        // Too long for JSON. As a string it stays different from all others.
        return Some(small.map_or_else(|_| Value::from(digits), Value::Number));
    }
    digits.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}

/// Writes an event as one map; with its index and time, or as porcupine's logs have it.
pub(super) fn write(event: &Event, with_time: bool) -> String {
    let mut fields = Vec::new();
    // Porcupine's logs have neither.
    if with_time {
        fields.extend(event.index.map(|index| ("index", number_text(index))));
        fields.extend(event.time.map(|time| ("time", number_text(time))));
    }
    fields.push(("process", text(&event.process)));
    fields.push(("type", format!(":{}", event.event_type.name())));
    fields.push(("f", format!(":{}", event.f)));
    fields.extend(event.key.as_ref().map(|key| ("key", text(key))));
    fields.push(("value", text(&event.value)));
    fields.extend(event.version.map(|version| ("version", number_text(version))));
    if let Some(Value::String(error)) = &event.error {
        fields.push(("error", format!(":{error}")));
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!(":{name} {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn number_text(number: u64) -> String {
    // Beyond 64 bits with a sign EDN writes an N behind the number.
    i64::try_from(number).map_or_else(|_| format!("{number}N"), |number| number.to_string())
}

fn text(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(text).collect::<Vec<_>>().join(" ");
    match value {
        Value::Null => "nil".to_string(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), number_text),
        Value::Array(items) => format!("[{}]", all(items)),
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{} {}", text(&Value::from(key.as_str())), text(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::String(string) => {
            // EDN knows fewer escapes than JSON, and takes all else as it stands.
            let mut quoted = String::from('"');
            for c in string.chars() {
                match c {
                    '"' | '\\' => quoted.extend(['\\', c]),
                    '\n' => quoted.push_str("\\n"),
                    '\t' => quoted.push_str("\\t"),
                    '\r' => quoted.push_str("\\r"),
                    c => quoted.push(c),
                }
            }
            quoted + "\""
        }
        Value::Bool(bool) => bool.to_string(),
    }
}
