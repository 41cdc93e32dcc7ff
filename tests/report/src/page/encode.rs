//! Values in few signs: texts that come often stand once, and so do the names of fields.
//!
//! | a value | in the page |
//! |---|---|
//! | a struct, or a map whose keys are texts | `[shape, value, ...]` |
//! | a list | `[-1, value, ...]` |
//! | the beginning of a list | `[-2, how many more, value, ...]` |
//! | the beginning of bytes | `[-3, how many more, text]` |
//! | a number that JavaScript would round | a text |

use std::collections::BTreeMap;

use kvraft_interface::Layer;
use lab_harness::Implementation;
use labrpc::printable;
use labrpc::wire::Value;
use serde_json::Value as Json;

use super::Page;

/// The longest text that a page shows of code under test, in characters.
const TEXT_MAX: usize = 2_000;
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
    pub(super) strings: Vec<String>,
    shape_places: BTreeMap<Vec<usize>, usize>,
    /// The shapes of structs, by the names of their fields, which are the program's own: few, and looked for thousands of times.
    known_shapes: Vec<(Vec<&'static str>, usize)>,
    pub(super) shapes: Vec<Vec<usize>>,
}

/// A text of code under test: made visible, and cut if it is long.
pub(super) fn shown(text: &str) -> String {
    if text.len() <= TEXT_MAX {
        return printable(text).into_owned();
    }
    // Cut first: a megabyte is not worth the work.
    let kept: String = text.chars().take(TEXT_MAX).collect();
    let left_out = text.len() - kept.len();
    let mut shown = printable(&kept).into_owned();
    if left_out > 0 {
        shown += &format!(" ... and {left_out} bytes more");
    }
    shown
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

    /// A value.
    pub(super) fn value(&mut self, value: &Value) -> Json {
        match value {
            Value::Nothing => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Int(int) if int.unsigned_abs() <= EXACT_MAX => Json::from(*int as i64),
            Value::Int(int) => Json::from(int.to_string()),
            Value::Float(float) => Json::from(*float),
            Value::Text(text) => Json::from(shown(text)),
            Value::Bytes(bytes) => Json::from(text_of(bytes)),
            Value::Seq(elements) => self.list([Json::from(-1)], elements.iter()),
            Value::Map(pairs) => self.map(pairs),
            Value::Struct(_, fields) => {
                let shape = Json::from(self.shape_of(fields));
                let mut list = vec![shape];
                for (name, value) in fields {
                    list.push(match self.words.command(name, value) {
                        Some(words) => Json::from(shown(&words)),
                        None => self.value(value),
                    });
                }
                Json::Array(list)
            }
            Value::Variant(name, content) if **content == Value::Nothing => Json::from(*name),
            Value::Variant(name, content) => {
                let shape = Json::from(self.shape(&[*name]));
                self.list([shape], [&**content])
            }
            Value::Beginning(beginning, more) => match &**beginning {
                Value::Seq(elements) => self.list([Json::from(-2), Json::from(*more)], elements.iter()),
                Value::Bytes(bytes) => {
                    Json::from(vec![Json::from(-3), Json::from(*more), Json::from(text_of(bytes))])
                }
                other => Json::from(shown(&format!("{other}, and {more} more"))),
            },
            // A kind of value that is new.
            other => Json::from(shown(&other.to_string())),
        }
    }

    fn map(&mut self, pairs: &[(Value, Value)]) -> Json {
        let names: Option<Vec<&str>> = pairs
            .iter()
            .map(|(key, _)| match key {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        match names {
            Some(names) => {
                let shape = Json::from(self.shape(&names));
                self.list([shape], pairs.iter().map(|(_, value)| value))
            }
            None => {
                let pairs: Vec<Value> =
                    pairs.iter().map(|(key, value)| Value::Seq(vec![key.clone(), value.clone()])).collect();
                self.list([Json::from(-1)], &pairs)
            }
        }
    }

    fn list<'a, const N: usize>(
        &mut self,
        head: [Json; N],
        elements: impl IntoIterator<Item = &'a Value>,
    ) -> Json {
        let mut list = Vec::from(head);
        list.extend(elements.into_iter().map(|element| self.value(element)));
        Json::Array(list)
    }
}

/// Bytes as people read them: text if they are text. A character that the end has cut is left out.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => shown(text),
        Err(error) if error.error_len().is_none() => {
            shown(&String::from_utf8_lossy(&bytes[..error.valid_up_to()]))
        }
        Err(_) => shown(&bytes[..bytes.len().min(TEXT_MAX)].escape_ascii().to_string()),
    }
}
