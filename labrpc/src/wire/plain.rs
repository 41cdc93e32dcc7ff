//! Making values from trees, by name: how one can speak to code whose types one does not have.
//!
//! A tree says `{term: 3, candidate_id: 1}`. The type that is wanted says which fields it has, and each gets what the tree
//! has under its name. Names that the type does not have are passed over. Fields that the tree does not have get the
//! nothing of their type: 0, `false`, `None`, an empty text or sequence, the first variant. Widths of integers do not
//! matter, as long as the number fits. A tuple gets the fields `0`, `1` and so on, as Rust calls them.

use serde::de::{self, DeserializeOwned, DeserializeSeed, Error as _, Visitor};

use super::made_up::{Notes, Place};
use super::{MadeUp, Value, WireError, With};
use parts::{Elements, Key, Pairs, Variant};

mod parts;

type Error = de::value::Error;

/// A value of type `T` that has what the tree has.
///
/// # Errors
///
/// [`WireError::Plain`] when something in the tree is of another kind than the type's field of that name.
///
/// ```
/// use labrpc::wire::{self, Value};
/// use serde::Deserialize;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Vote { granted: bool, term: u32, hint: Option<u64> }
///
/// let tree = Value::Struct("", vec![("term", Value::Int(7)), ("granted", Value::Bool(true)), ("extra", Value::Int(1))]);
/// assert_eq!(wire::from_value(&tree), Ok(Vote { granted: true, term: 7, hint: None }));
/// let pair = Value::Struct("", vec![("term", Value::Int(9)), ("1", Value::Bool(true)), ("0", Value::Int(7))]);
/// assert_eq!(wire::from_value(&pair), Ok((7, true)));
/// ```
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, WireError> {
    read(value, &Notes::default())
}

/// What [`from_value`] would make up for a value of type `T`, at whatever depth, in the order in which it is read. If it comes to an
/// error, what it would have made up before.
///
/// ```
/// use labrpc::wire::{self, Value, With};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Entry { term: u64, origin: u32, hint: Option<u64> }
/// #[derive(Deserialize)]
/// struct Append { entries: Vec<Entry> }
///
/// let entry = Value::Struct("", vec![("term", Value::Int(7))]);
/// let made_up = wire::made_up::<Append>(&Value::Struct("", vec![("entries", Value::Seq(vec![entry]))]));
/// assert_eq!(made_up.iter().map(|one| one.to_string()).collect::<Vec<_>>(), ["entries.origin", "entries.hint"]);
/// assert_eq!([made_up[0].with, made_up[1].with], [With::Nothing, With::None]);
/// ```
#[must_use]
pub fn made_up<T: DeserializeOwned>(value: &Value) -> Vec<MadeUp> {
    let notes = Notes::default();
    // What cannot be read is said by who reads it.
    let _ = read::<T>(value, &notes);
    notes.into_inner()
}

fn read<T: DeserializeOwned>(value: &Value, notes: &Notes) -> Result<T, WireError> {
    T::deserialize(Plain { value: Some(value), place: Place::default(), notes })
        .map_err(|cause| WireError::Plain { type_name: std::any::type_name::<T>(), cause: cause.to_string() })
}

/// A part of a tree, or nothing where the tree has no such part.
#[derive(Clone, Copy)]
struct Plain<'a> {
    value: Option<&'a Value>,
    place: Place,
    /// What was made up so far.
    notes: &'a Notes,
}

/// The fields of a struct that is to be a tuple, as Rust writes them: `.0` and so on.
const PLACES: [&str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];

fn is_not<T>(what: &str, value: &Value) -> Result<T, Error> {
    Err(de::Error::custom(format!("{value} is not {what}")))
}

impl<'a> Plain<'a> {
    /// The part itself, for a type that has to be made of something. That there is none is noted.
    fn value(self) -> Option<&'a Value> {
        match self.value {
            None => self.place.note(self.notes, With::Nothing),
            Some(Value::Nothing) => self.place.note(self.notes, With::NothingSaid),
            Some(_) => {}
        }
        self.value
    }

    /// What is under that name in this part, if anything is.
    fn field(self, name: &'static str, value: Option<&'a Value>) -> Self {
        // What is in something that was made up is made up with it.
        let place = if self.value.is_some() { self.place.field(name) } else { Place::MADE_UP };
        Self { value, place, ..self }
    }

    /// An element, or another part without a name.
    fn part(self, value: &'a Value) -> Self {
        Self { value: Some(value), ..self }
    }

    fn int<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(value) = self.value().filter(|value| **value != Value::Nothing) else {
            return visitor.visit_u64(0);
        };
        let Some(int) = value.as_int() else { return is_not("a whole number", value) };
        match (u64::try_from(int), i64::try_from(int)) {
            (Ok(int), _) => visitor.visit_u64(int),
            (_, Ok(int)) => visitor.visit_i64(int),
            _ => visitor.visit_i128(int),
        }
    }

    fn elements(self) -> Result<Elements<'a>, Error> {
        match self.value() {
            None | Some(Value::Nothing) => Ok(Elements::Values([].iter(), self)),
            Some(Value::Seq(elements)) => Ok(Elements::Values(elements.iter(), self)),
            Some(Value::Bytes(bytes)) => Ok(Elements::Bytes(bytes.iter())),
            Some(value) => is_not("a sequence", value),
        }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            None => visitor.visit_str(""),
            Some(Value::Text(text)) => visitor.visit_str(text),
            Some(Value::Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => is_not("a text", &Value::Bytes(bytes.clone())),
            },
            Some(value) => is_not("a text", value),
        }
    }

    fn bytes<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            None => visitor.visit_bytes(&[]),
            Some(Value::Bytes(bytes)) => visitor.visit_bytes(bytes),
            Some(Value::Text(text)) => visitor.visit_bytes(text.as_bytes()),
            Some(Value::Seq(elements)) if elements.is_empty() => visitor.visit_bytes(&[]),
            Some(value) => is_not("bytes", value),
        }
    }
}

/// What is asked for and what to answer with, where it is the same for several questions.
macro_rules! answer {
    ($($method:ident)* => $with:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$with(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Plain<'_> {
    type Error = Error;

    answer! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
    deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 => int }
    answer! { deserialize_char deserialize_str deserialize_string deserialize_identifier => text }
    answer! { deserialize_bytes deserialize_byte_buf => bytes }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            None | Some(Value::Nothing) => visitor.visit_unit(),
            Some(Value::Bool(bool)) => visitor.visit_bool(*bool),
            Some(Value::Int(_)) => self.int(visitor),
            Some(Value::Float(float)) => visitor.visit_f64(*float),
            Some(Value::Text(text)) => visitor.visit_str(text),
            Some(Value::Bytes(_) | Value::Seq(_)) => visitor.visit_seq(self.elements()?),
            Some(Value::Map(_) | Value::Struct(..)) => self.deserialize_map(visitor),
            Some(value @ Value::Variant(..)) => is_not("of a kind that is known here", value),
            Some(value @ Value::Beginning(..)) => is_not("whole", value),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value().map(|value| (value, value.as_int())) {
            None | Some((_, Some(0))) => visitor.visit_bool(false),
            Some((_, Some(1))) => visitor.visit_bool(true),
            Some((value, _)) => is_not("true or false", value),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            None => visitor.visit_f64(0.0),
            Some(Value::Float(float)) => visitor.visit_f64(*float),
            Some(Value::Int(int)) => visitor.visit_f64(*int as f64),
            Some(value) => is_not("a number", value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            None => {
                self.place.note(self.notes, With::None);
                visitor.visit_none()
            }
            Some(Value::Nothing | Value::Struct(Value::OR_NOTHING, _)) => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.elements()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let parts: Vec<_> = match self.value() {
            None => vec![Plain { value: None, place: Place::MADE_UP, ..self }; len],
            Some(value @ Value::Struct(..)) if value.field(PLACES[0]).is_some() => {
                PLACES.iter().take(len).map(|name| self.field(name, value.field(name))).collect()
            }
            Some(_) => return visitor.visit_seq(self.elements()?),
        };
        visitor.visit_seq(Elements::Parts(parts.into_iter()))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pairs = match self.value() {
            None | Some(Value::Nothing) => Vec::new(),
            Some(Value::Map(pairs)) => {
                pairs.iter().map(|(key, value)| (Key::Value(key), self.part(value))).collect()
            }
            Some(Value::Struct(_, fields)) => fields
                .iter()
                .map(|&(name, ref value)| (Key::Name(name), self.field(name, Some(value))))
                .collect(),
            Some(value) => return is_not("a map", value),
        };
        visitor.visit_map(Pairs { pairs: pairs.into_iter(), next: None, of: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(value) = self.value()
            && !matches!(value, Value::Struct(..) | Value::Nothing)
        {
            return is_not(&format!("a struct {name}"), value);
        }
        let given = |field| self.field(field, self.value.and_then(|value| value.field(field)));
        let pairs: Vec<_> = fields.iter().map(|&field| (Key::Name(field), given(field))).collect();
        visitor.visit_map(Pairs { pairs: pairs.into_iter(), next: None, of: self })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (variant, content) = match self.value {
            None | Some(Value::Nothing) => {
                let first = variants.first().copied();
                self.place.note(self.notes, first.map_or(With::Nothing, With::Variant));
                (first, Plain { value: None, place: Place::MADE_UP, ..self })
            }
            Some(Value::Variant(variant, content)) => (Some(*variant), self.part(content)),
            Some(value) => return is_not(&format!("a variant of {name}"), value),
        };
        let variant = variant.ok_or_else(|| Error::custom(format!("{name} has no variants")))?;
        visitor.visit_enum(Variant { variant, content })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

impl<'de> de::VariantAccess<'de> for Plain<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_tuple(self, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_struct(self, "variant", fields, visitor)
    }
}
