//! The serialiser behind the questions: hands each part of a value to whoever asks.

use std::fmt;

use serde::ser::{self, Serialize};

/// A question to a value: what it takes of each kind of thing that values are made of. What it leaves out is no answer
/// to it, and costs nothing.
pub(super) trait Question: Sized {
    /// A number, or a truth value as 0 or 1.
    fn int(&mut self, _: i128) {}

    /// A sequence, a map, a text or bytes of this length.
    fn len(&mut self, _: usize) {}

    /// A text or bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
    }

    /// Which of several cases it is: that is no number that anybody asks for by name.
    fn case(&mut self, _: u32) {}

    /// An element of a sequence, or the value of one of a map.
    fn element<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
        Ok(())
    }

    /// The key of an element of a map.
    fn key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
        Ok(())
    }

    /// A field of a struct.
    fn field<T: Serialize + ?Sized>(&mut self, _: &'static str, _: &T) -> Result<(), Refused> {
        Ok(())
    }
}

/// The type's own `Serialize` refused.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The serialiser that puts a question.
pub(super) struct Ask<'q, Q>(pub(super) &'q mut Q);

impl<'q, Q: Question> Ask<'q, Q> {
    fn int(self, int: impl Into<i128>) -> Result<(), Refused> {
        self.0.int(int.into());
        Ok(())
    }

    fn bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        self.0.bytes(bytes);
        Ok(())
    }

    fn case(self, index: u32) -> Self {
        self.0.case(index);
        self
    }

    fn parts(self) -> Result<Parts<'q, Q>, Refused> {
        Ok(Parts { question: self.0, len: 0 })
    }
}

/// The parts of something, one after the other.
pub(super) struct Parts<'q, Q> {
    question: &'q mut Q,
    len: usize,
}

impl<Q: Question> Parts<'_, Q> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.len += 1;
        self.question.element(value)
    }

    fn finish(self) -> Result<(), Refused> {
        self.question.len(self.len);
        Ok(())
    }
}

/// The methods of a serialiser for what is a number to all who ask.
macro_rules! ints {
    ($($method:ident: $int:ty,)*) => {
        $(fn $method(self, int: $int) -> Result<(), Refused> {
            self.int(int)
        })*
    };
}

/// The traits for parts without names.
macro_rules! elements {
    ($($part:ident: $method:ident,)*) => {
        $(impl<Q: Question> ser::$part for Parts<'_, Q> {
            type Ok = ();
            type Error = Refused;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.element(value)
            }
            fn end(self) -> Result<(), Refused> {
                self.finish()
            }
        })*
    };
}

/// The traits for fields.
macro_rules! fields {
    ($($part:ident),*) => {
        $(impl<Q: Question> ser::$part for Parts<'_, Q> {
            type Ok = ();
            type Error = Refused;
            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.question.field(name, value)
            }
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        })*
    };
}

impl<'q, Q: Question> ser::Serializer for Ask<'q, Q> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'q, Q>;
    type SerializeTuple = Parts<'q, Q>;
    type SerializeTupleStruct = Parts<'q, Q>;
    type SerializeTupleVariant = Parts<'q, Q>;
    type SerializeMap = Parts<'q, Q>;
    type SerializeStruct = Parts<'q, Q>;
    type SerializeStructVariant = Parts<'q, Q>;

    ints! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
    }
    fn serialize_u128(self, int: u128) -> Result<(), Refused> {
        i128::try_from(int).map_or(Ok(()), |int| self.int(int))
    }
    fn serialize_f32(self, float: f32) -> Result<(), Refused> {
        self.case(float.to_bits());
        Ok(())
    }
    fn serialize_f64(self, float: f64) -> Result<(), Refused> {
        let bits = float.to_bits();
        self.case(bits as u32).case((bits >> 32) as u32);
        Ok(())
    }
    fn serialize_char(self, char: char) -> Result<(), Refused> {
        self.case(char.into());
        Ok(())
    }
    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        self.bytes(text.as_bytes())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        self.bytes(bytes)
    }
    fn serialize_none(self) -> Result<(), Refused> {
        self.case(0);
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self.case(1))
    }
    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Refused> {
        self.case(index);
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self.case(index))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'q, Q>, Refused> {
        self.parts()
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts<'q, Q>, Refused> {
        self.parts()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'q, Q>, Refused> {
        self.parts()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'q, Q>, Refused> {
        self.case(index).parts()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'q, Q>, Refused> {
        self.parts()
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'q, Q>, Refused> {
        self.parts()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'q, Q>, Refused> {
        self.case(index).parts()
    }
}

elements! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field,
}

impl<Q: Question> ser::SerializeMap for Parts<'_, Q> {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.question.key(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

fields! { SerializeStruct, SerializeStructVariant }
