//! Values in few signs: texts that come often stand once, and so do the names of fields.
//!
//! | a value | in the page |
//! |---|---|
//! | a struct, or a map whose keys are texts | `[shape, value, ...]` |
//! | a list | `[-1, value, ...]` |
//! | the beginning of a list | `[-2, how many more, value, ...]` |
//! | the beginning of bytes | `[-3, how many more, text]` |
//! | a number that JavaScript would round | a text |

use std::borrow::Cow;
use std::collections::BTreeMap;

use kvraft_interface::Layer;
use lab_harness::Implementation;
use labrpc::network::Address;
use labrpc::printable;
use labrpc::wire::Value;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Page;

/// The longest text that a page shows of code under test, in characters.
const TEXT_MAX: usize = 2_000;
/// A value is about so long, in bytes: what grows is copied.
const VALUE_BYTES: usize = 128;
/// The greatest number that JavaScript has exactly.
const EXACT_MAX: u128 = (1 << 53) - 1;

/// Words for the commands of a service, where it tells them.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    service: Option<(Implementation, Layer)>,
    /// What the fields are called that commands stand in.
    fields: Vec<&'static str>,
}

impl Words {
    /// Those of the run of a page.
    pub(super) fn of(page: &Page<'_>) -> Self {
        Self {
            service: page.run.layer.map(|layer| (page.implementation, layer)),
            fields: page.implementation.names().command,
        }
    }

    fn command(&self, field: &str, value: &Value) -> Option<String> {
        let ((implementation, layer), Value::Bytes(bytes)) = (self.service?, value) else { return None };
        self.fields.contains(&field).then(|| implementation.show_command(layer, bytes))?
    }
}

/// Texts and shapes, each once.
#[derive(Default)]
pub(super) struct Encoder {
    words: Words,
    places: BTreeMap<String, usize>,
    addresses: BTreeMap<Address, usize>,
    pub(super) strings: Vec<String>,
    shape_places: BTreeMap<Vec<usize>, usize>,
    /// The shapes of structs, by the names of their fields, which are the program's own: few, and looked for thousands of times.
    known_shapes: Vec<(Vec<&'static str>, usize)>,
    pub(super) shapes: Vec<Vec<usize>>,
}

/// A text of code under test: made visible, and cut if it is long.
pub(super) fn shown(text: &str) -> String {
    visible(text).into_owned()
}

fn visible(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_MAX {
        return printable(text);
    }
    // Cut first: a megabyte is not worth the work.
    let kept: String = text.chars().take(TEXT_MAX).collect();
    let left_out = text.len() - kept.len();
    let mut shown = printable(&kept).into_owned();
    if left_out > 0 {
        shown += &format!(" ... and {left_out} bytes more");
    }
    Cow::Owned(shown)
}

impl Encoder {
    /// An empty one, which shows commands in these words.
    pub(super) fn new(words: &Words) -> Self {
        Self { words: words.clone(), ..Self::default() }
    }

    /// The place of a text.
    pub(super) fn text(&mut self, text: &str) -> usize {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = self.strings.len();
        self.places.insert(text.to_owned(), place);
        self.strings.push(shown(text));
        place
    }

    /// The shape of a struct. Names are compared by where they lie: the same struct has the same.
    fn shape_of(&mut self, fields: &[(&'static str, Value)]) -> usize {
        let is_same = |(names, _): &&(Vec<&'static str>, usize)| {
            names.len() == fields.len()
                && names.iter().zip(fields).all(|(name, (other, _))| std::ptr::eq(*name, *other))
        };
        if let Some((_, place)) = self.known_shapes.iter().find(is_same) {
            return *place;
        }
        let names: Vec<&'static str> = fields.iter().map(|(name, _)| *name).collect();
        let place = self.shape(&names);
        self.known_shapes.push((names, place));
        place
    }

    fn shape(&mut self, names: &[&str]) -> usize {
        let shape: Vec<usize> = names.iter().map(|name| self.text(name)).collect();
        if let Some(&place) = self.shape_places.get(&shape) {
            return place;
        }
        let place = self.shapes.len();
        self.shape_places.insert(shape.clone(), place);
        self.shapes.push(shape);
        place
    }

    /// The place of the text of an address, which thousands of messages have.
    pub(super) fn address(&mut self, address: Address) -> usize {
        if let Some(&place) = self.addresses.get(&address) {
            return place;
        }
        let place = self.text(&address.to_string());
        self.addresses.insert(address, place);
        place
    }

    /// A value.
    pub(super) fn value(&mut self, value: &Value) -> Encoded {
        let mut out = Vec::with_capacity(VALUE_BYTES);
        self.write(value, &mut out);
        Encoded(String::from_utf8(out).unwrap_or_default())
    }

    fn write(&mut self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Nothing => json(&(), out),
            Value::Bool(bool) => json(bool, out),
            Value::Int(int) if int.unsigned_abs() <= EXACT_MAX => json(&(*int as i64), out),
            Value::Int(int) => json(&int.to_string(), out),
            Value::Float(float) => json(float, out),
            Value::Text(text) => json(&visible(text), out),
            Value::Bytes(bytes) => json(&text_of(bytes), out),
            Value::Seq(elements) => self.list(&[-1], elements, out),
            Value::Map(pairs) => self.map(pairs, out),
            Value::Struct(_, fields) => {
                begin(&[self.shape_of(fields)], out);
                for (name, value) in fields {
                    out.push(b',');
                    match self.words.command(name, value) {
                        Some(words) => json(&visible(&words), out),
                        None => self.write(value, out),
                    }
                }
                out.push(b']');
            }
            Value::Variant(name, content) if **content == Value::Nothing => json(name, out),
            Value::Variant(name, content) => {
                let shape = self.shape(&[*name]);
                self.list(&[shape], [&**content], out);
            }
            Value::Beginning(beginning, more) => match &**beginning {
                Value::Seq(elements) => self.list(&[-2, *more as i64], elements, out),
                Value::Bytes(bytes) => json(&(-3, *more, text_of(bytes)), out),
                other => json(&shown(&format!("{other}, and {more} more")), out),
            },
            // A kind of value that is new.
            other => json(&shown(&other.to_string()), out),
        }
    }

    fn map(&mut self, pairs: &[(Value, Value)], out: &mut Vec<u8>) {
        let names: Option<Vec<&str>> = pairs
            .iter()
            .map(|(key, _)| match key {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        match names {
            Some(names) => {
                let shape = self.shape(&names);
                self.list(&[shape], pairs.iter().map(|(_, value)| value), out);
            }
            None => {
                let pairs: Vec<Value> =
                    pairs.iter().map(|(key, value)| Value::Seq(vec![key.clone(), value.clone()])).collect();
                self.list(&[-1], &pairs, out);
            }
        }
    }

    fn list<'a, T: Serialize>(
        &mut self,
        head: &[T],
        elements: impl IntoIterator<Item = &'a Value>,
        out: &mut Vec<u8>,
    ) {
        begin(head, out);
        for element in elements {
            out.push(b',');
            self.write(element, out);
        }
        out.push(b']');
    }
}

/// A list that is left open.
fn begin<T: Serialize>(head: &[T], out: &mut Vec<u8>) {
    json(head, out);
    out.pop();
}

fn json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Memory can always be written, and these values are all JSON can say.
    let _ = serde_json::to_writer(out, value);
}

/// A value as JSON. A page has tens of thousands: as trees they would take twice the time to make and to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encoded(String);

impl Encoded {
    /// In place of a value that was not there any more.
    pub(super) fn nothing() -> Self {
        Self("null".to_owned())
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(out)
    }
}

/// Bytes as people read them: text if they are text. A character that the end has cut is left out.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => return visible(text),
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes[..bytes.len().min(TEXT_MAX)].escape_ascii().to_string(),
    };
    Cow::Owned(shown(&text))
}
