//! What serde walks over when a value has parts.

use serde::de::{self, DeserializeSeed, IntoDeserializer};

use super::{Error, Plain, Value};

/// The elements of a sequence.
pub(super) enum Elements<'a> {
    Values(std::slice::Iter<'a, Value>, Plain<'a>),
    Bytes(std::slice::Iter<'a, u8>),
    /// Those of a tuple, by their places.
    Parts(std::vec::IntoIter<Plain<'a>>),
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self {
            Self::Values(values, of) => {
                values.next().map(|value| seed.deserialize(of.part(value))).transpose()
            }
            Self::Bytes(bytes) => {
                bytes.next().map(|byte| seed.deserialize((*byte).into_deserializer())).transpose()
            }
            Self::Parts(parts) => parts.next().map(|part| seed.deserialize(part)).transpose(),
        }
    }
}

/// A key of a map, or the name of a field.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    Name(&'a str),
    Value(&'a Value),
}

/// Keys and what belongs to them.
pub(super) struct Pairs<'a> {
    pub(super) pairs: std::vec::IntoIter<(Key<'a>, Plain<'a>)>,
    pub(super) next: Option<Plain<'a>>,
    pub(super) of: Plain<'a>,
}

impl<'de> de::MapAccess<'de> for Pairs<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        self.next = Some(value);
        match key {
            Key::Name(name) => seed.deserialize(name.into_deserializer()).map(Some),
            Key::Value(key) => seed.deserialize(self.of.part(key)).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.next.take().unwrap_or(Plain { value: None, ..self.of }))
    }
}

/// A variant of an enum.
pub(super) struct Variant<'a> {
    pub(super) variant: &'a str,
    pub(super) content: Plain<'a>,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Plain<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Plain<'a>), Error> {
        Ok((seed.deserialize(self.variant.into_deserializer())?, self.content))
    }
}
