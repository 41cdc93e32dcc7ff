//! A self-describing tree of what a value serialises to.

use serde::ser::{self, Serialize, SerializeStruct as _};

/// What a value looks like to `serde`: names, numbers, sequences.
///
/// Newtypes are left out (`Term(3)` is the number 3), so that a reader need not know about them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`, `()` or a struct without fields.
    Nothing,
    /// A truth value.
    Bool(bool),
    /// An integer of whatever width.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A character or a string.
    Text(String),
    /// Bytes, or a sequence of `u8`.
    Bytes(Vec<u8>),
    /// A sequence, a tuple or a tuple struct.
    Seq(Vec<Value>),
    /// A map, in its own order.
    Map(Vec<(Value, Value)>),
    /// A struct: its name, and its fields in order.
    Struct(&'static str, Vec<(&'static str, Value)>),
    /// A variant of an enum, with what it carries.
    Variant(&'static str, Box<Value>),
    /// The beginning of a sequence, of bytes or of a map, and how many more elements there are; see [`Value::beginning_of`].
    Beginning(Box<Value>, usize),
}

impl Value {
    /// The name of a struct in a tree that is read as `None` where its type is an `Option`, and as what it says where it is not: as the
    /// entry before the first one, which is nothing to some and has index 0 for others.
    pub const OR_NOTHING: &'static str = "or nothing";

    /// The field of that name, if this is a struct, or a variant that carries one. A struct that was read from a file is a
    /// map, whose keys are the names. In a tuple the fields are called as in Rust: `0`, `1` and so on.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(_, fields) => {
                fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
            }
            Self::Seq(elements) => elements.get(name.parse::<usize>().ok()?),
            Self::Map(entries) => {
                let is_name = |key: &Self| matches!(key, Self::Text(text) if text == name);
                entries.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value)
            }
            Self::Variant(_, content) => content.field(name),
            _ => None,
        }
    }

    /// The number, if this is one; a truth value counts as 0 or 1.
    #[must_use]
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Bool(bool) => Some(i128::from(*bool)),
            _ => None,
        }
    }

    /// The elements, if this is a sequence of other things than bytes.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Self]> {
        match self {
            Self::Seq(elements) => Some(elements),
            _ => None,
        }
    }

    /// The bytes, if this is a sequence of them.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// A tree serialises as what it was made of, but that all integers are wide and newtypes are gone.
impl Serialize for Value {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => serializer.serialize_i128(*int),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Seq(elements) => serializer.collect_seq(elements),
            Self::Map(pairs) => serializer.collect_map(pairs.iter().map(|(key, value)| (key, value))),
            Self::Struct(name, fields) => {
                let mut out = serializer.serialize_struct(name, fields.len())?;
                for (name, value) in fields {
                    out.serialize_field(name, value)?;
                }
                out.end()
            }
            Self::Variant(name, content) => serializer.serialize_newtype_variant("", 0, name, &**content),
            Self::Beginning(_, more) => Err(ser::Error::custom(format!(
                "{more} elements are missing: this is only the beginning of a value"
            ))),
        }
    }
}
