//! Which fields a type has.

use serde::de::{self, DeserializeOwned, Error as _, Visitor};
use serde::forward_to_deserialize_any;

type Error = de::value::Error;

/// The names of the fields of a struct, as it is read. `None` for another type.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Vote { granted: bool, term: u32 }
/// assert_eq!(labrpc::wire::field_names::<Vote>(), Some(["granted", "term"].as_slice()));
/// assert_eq!(labrpc::wire::field_names::<u32>(), None);
/// ```
#[must_use]
pub fn field_names<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut names = None;
    // It never comes to a value: the asker only listens.
    let _ = T::deserialize(Asker(&mut names));
    names
}

/// Listens to what a type asks for first.
struct Asker<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> de::Deserializer<'de> for Asker<'_> {
    type Error = Error;

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only asking"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(fields);
        Err(Error::custom("only asking"))
    }
}
