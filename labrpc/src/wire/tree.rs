//! The serialiser that makes a tree of a value.

use std::cell::Cell;
use std::fmt;

use serde::ser::{self, Serialize};

use super::Value;

impl Value {
    /// The tree of a value.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::beginning_of(value, usize::MAX)
    }

    /// The tree of a value, with at most `elements_max` elements of each sequence in it: for words, which count the
    /// rest only.
    #[must_use]
    pub fn beginning_of<T: Serialize + ?Sized>(value: &T, elements_max: usize) -> Self {
        let byte = Cell::new(false);
        value
            .serialize(ToValue { byte: &byte, elements_max })
            .unwrap_or_else(|error| Self::Text(format!("(does not serialise: {error})")))
    }
}

/// Why a tree could not be made: the type's own `Serialize` said so.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The serialiser that makes a tree. The cell says whether the last value was a `u8`, so that a sequence of them can
/// be told from a sequence of small numbers.
#[derive(Clone, Copy)]
struct ToValue<'a> {
    byte: &'a Cell<bool>,
    /// How many elements of a sequence are kept.
    elements_max: usize,
}

impl ToValue<'_> {
    fn int(self, int: impl Into<i128>) -> Result<Value, Refused> {
        Ok(Value::Int(int.into()))
    }
}

/// Collects the parts of something; see the variants of [`Value`].
struct Parts {
    name: &'static str,
    is_variant: bool,
    elements: Vec<Value>,
    fields: Vec<(&'static str, Value)>,
    keys: Vec<Value>,
    /// Every element so far was a `u8`.
    bytes: bool,
    elements_max: usize,
    /// How many elements were left out.
    left_out: usize,
}

impl Parts {
    fn new(name: &'static str, is_variant: bool, elements_max: usize) -> Self {
        Self {
            name,
            is_variant,
            elements: Vec::new(),
            fields: Vec::new(),
            keys: Vec::new(),
            bytes: true,
            elements_max,
            left_out: 0,
        }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        if self.elements.len() >= self.elements_max {
            self.left_out += 1;
            return Ok(());
        }
        let byte = Cell::new(false);
        self.elements.push(value.serialize(ToValue { byte: &byte, elements_max: self.elements_max })?);
        self.bytes &= byte.get();
        Ok(())
    }

    fn name<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        self.fields.push((name, Value::beginning_of(value, self.elements_max)));
        Ok(())
    }

    fn wrap(name: &'static str, is_variant: bool, value: Value) -> Value {
        if is_variant { Value::Variant(name, Box::new(value)) } else { value }
    }

    fn seq(self) -> Value {
        let value = if self.bytes && !self.elements.is_empty() {
            Value::Bytes(self.elements.iter().filter_map(Value::as_int).map(|int| int as u8).collect())
        } else {
            Value::Seq(self.elements)
        };
        Self::wrap(self.name, self.is_variant, Self::counted(value, self.left_out))
    }

    fn map(self) -> Value {
        Self::counted(Value::Map(self.keys.into_iter().zip(self.elements).collect()), self.left_out)
    }

    fn counted(value: Value, left_out: usize) -> Value {
        if left_out == 0 { value } else { Value::Beginning(Box::new(value), left_out) }
    }

    fn fields(self) -> Value {
        Self::wrap(self.name, self.is_variant, Value::Struct(self.name, self.fields))
    }
}

impl ser::Serializer for ToValue<'_> {
    type Ok = Value;
    type Error = Refused;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    fn serialize_bool(self, bool: bool) -> Result<Value, Refused> {
        Ok(Value::Bool(bool))
    }
    fn serialize_i8(self, int: i8) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_i16(self, int: i16) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_i32(self, int: i32) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_i64(self, int: i64) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_i128(self, int: i128) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_u8(self, int: u8) -> Result<Value, Refused> {
        self.byte.set(true);
        self.int(int)
    }
    fn serialize_u16(self, int: u16) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_u32(self, int: u32) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_u64(self, int: u64) -> Result<Value, Refused> {
        self.int(int)
    }
    fn serialize_u128(self, int: u128) -> Result<Value, Refused> {
        Ok(i128::try_from(int).map_or_else(|_| Value::Text(int.to_string()), Value::Int))
    }
    fn serialize_f32(self, float: f32) -> Result<Value, Refused> {
        Ok(Value::Float(f64::from(float)))
    }
    fn serialize_f64(self, float: f64) -> Result<Value, Refused> {
        Ok(Value::Float(float))
    }
    fn serialize_char(self, char: char) -> Result<Value, Refused> {
        Ok(Value::Text(char.into()))
    }
    fn serialize_str(self, text: &str) -> Result<Value, Refused> {
        Ok(Value::Text(text.to_owned()))
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Refused> {
        Ok(Value::Bytes(bytes.to_vec()))
    }
    fn serialize_none(self) -> Result<Value, Refused> {
        Ok(Value::Nothing)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Refused> {
        Ok(Value::of(value))
    }
    fn serialize_unit(self) -> Result<Value, Refused> {
        Ok(Value::Nothing)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Refused> {
        Ok(Value::Nothing)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Value, Refused> {
        Ok(Value::Variant(name, Box::new(Value::Nothing)))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Refused> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Value, Refused> {
        Ok(Value::Variant(name, Box::new(Value::beginning_of(value, self.elements_max))))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new("", false, self.elements_max))
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new("", false, self.elements_max))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new("", false, self.elements_max))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(name, true, self.elements_max))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new("", false, self.elements_max))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new(name, false, self.elements_max))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(name, true, self.elements_max))
    }
}

impl ser::SerializeSeq for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.push(value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.seq())
    }
}

impl ser::SerializeTuple for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.push(value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.seq())
    }
}

impl ser::SerializeTupleStruct for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.push(value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.seq())
    }
}

impl ser::SerializeTupleVariant for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.push(value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.seq())
    }
}

impl ser::SerializeMap for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        if self.keys.len() < self.elements_max {
            self.keys.push(Value::beginning_of(key, self.elements_max));
        }
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.push(value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.map())
    }
}

impl ser::SerializeStruct for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.name(name, value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.fields())
    }
}

impl ser::SerializeStructVariant for Parts {
    type Ok = Value;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.name(name, value)
    }
    fn end(self) -> Result<Value, Refused> {
        Ok(self.fields())
    }
}
