//! Reading single fields of a value without making a tree of it.
//!
//! `serde` hands a serialiser one field after another, by name; a serialiser that wants one of them leaves the
//! others alone, so asking a message for its term costs a few comparisons, however long its entries are.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::ser::{self, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Value;

/// What can be asked of any value that serialises.
///
/// ```
/// use labrpc::wire::Describe;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Entry { term: u64 }
/// #[derive(Serialize)]
/// struct AppendEntries { term: u64, success: bool, entries: Vec<Entry> }
///
/// let args = AppendEntries { term: 7, success: true, entries: vec![Entry { term: 5 }, Entry { term: 7 }] };
/// assert_eq!(args.int_of("term"), Some(7));
/// assert_eq!(args.int_of("success"), Some(1));
/// assert_eq!(args.len_of("entries"), Some(2));
/// assert_eq!(args.ints_of("entries", "term"), [5, 7]);
/// assert_eq!(args.heads_of("entries", "term", "command"), [(Some(5), 0), (Some(7), 0)]); // there is no command
/// assert_eq!(args.int_of("votes"), None);
/// let mut ints = [None; 2];
/// assert_eq!(args.ints_and_len_among(&["votes", "term"], &mut ints, "votes"), None);
/// assert_eq!(ints, [None, Some(7)]);
/// assert_eq!(args.ints_and_len_among(&["success", "term"], &mut ints, "entries"), Some(2));
/// assert_eq!(ints, [Some(1), Some(7)]);
/// assert_eq!(
///     args.to_value().to_string(),
///     "AppendEntries {term: 7, success: true, entries: [Entry {term: 5}, Entry {term: 7}]}"
/// );
/// ```
pub trait Describe {
    /// The whole as a tree.
    fn to_value(&self) -> Value;

    /// As much of it as its words show; see [`Value::beginning_of`].
    fn beginning(&self) -> Value;

    /// The number in a field of a struct; a truth value counts as 0 or 1. `None` if there is no such field, or
    /// something else is in it.
    fn int_of(&self, field: &str) -> Option<i128>;

    /// The same of several fields in one reading: `ints[i]` becomes what [`int_of`](Self::int_of) says of `fields[i]`.
    /// Returns what [`len_of`](Self::len_of) says of the field `measured`; no field is without a name.
    ///
    /// # Panics
    ///
    /// If `ints` is shorter than `fields`.
    fn ints_and_len_among(&self, fields: &[&str], ints: &mut [Option<i128>], measured: &str)
    -> Option<usize>;

    /// How many elements the sequence, map, text or bytes in a field have.
    fn len_of(&self, field: &str) -> Option<usize>;

    /// The numbers in the field `inner` of each element of the sequence in `field`: the terms of all entries. Empty
    /// if there is no such sequence; an element that has no such number is left out.
    fn ints_of(&self, field: &str, inner: &str) -> Vec<i128>;

    /// Of each element of the sequence in `field`: the number in its field `inner`, and a hash of its field `content`,
    /// whatever is in that; 0 if there is no such field. Equal values have equal hashes, in every run and on every
    /// machine. Empty if there is no such sequence.
    fn heads_of(&self, field: &str, inner: &str, content: &str) -> Vec<(Option<i128>, u64)>;
}

/// How many elements of a sequence a trace tells. A leader repeats long logs to each follower.
const TRACED_MAX: usize = 12;

impl<T: Serialize> Describe for T {
    fn to_value(&self) -> Value {
        Value::of(self)
    }

    fn beginning(&self) -> Value {
        Value::beginning_of(self, TRACED_MAX)
    }

    fn int_of(&self, field: &str) -> Option<i128> {
        first(self, &Question::Field(field, &Question::Int))
    }

    fn ints_and_len_among(
        &self,
        fields: &[&str],
        ints: &mut [Option<i128>],
        measured: &str,
    ) -> Option<usize> {
        ints.fill(None);
        let ints = Cell::from_mut(&mut ints[..fields.len()]).as_slice_of_cells();
        first(self, &Question::Fields { fields, ints, measured }).and_then(|len| usize::try_from(len).ok())
    }

    fn len_of(&self, field: &str) -> Option<usize> {
        first(self, &Question::Field(field, &Question::Len)).and_then(|len| usize::try_from(len).ok())
    }

    fn ints_of(&self, field: &str, inner: &str) -> Vec<i128> {
        let each = Question::Field(inner, &Question::Int);
        let mut ints = Vec::new();
        ask(self, &Question::Field(field, &Question::Each(&each)), &mut |int| ints.push(int));
        ints
    }

    fn heads_of(&self, field: &str, inner: &str, content: &str) -> Vec<(Option<i128>, u64)> {
        let heads = RefCell::default();
        ask(self, &Question::Field(field, &Question::Heads { inner, content, heads: &heads }), &mut |_| ());
        heads.into_inner()
    }
}

/// What is asked of a part of a value.
enum Question<'a> {
    /// The number that it is.
    Int,
    /// How long it is.
    Len,
    /// All that is in it, as numbers: of texts and bytes a hash, and how long things are.
    Content,
    /// Something of its field of that name.
    Field(&'a str, &'a Question<'a>),
    /// The numbers in its fields of these names, and how long another field is, which is the answer.
    Fields { fields: &'a [&'a str], ints: &'a [Cell<Option<i128>>], measured: &'a str },
    /// The same of each of its elements.
    Each(&'a Question<'a>),
    /// Of each of its elements a number and the hash of another field.
    Heads { inner: &'a str, content: &'a str, heads: &'a RefCell<Vec<(Option<i128>, u64)>> },
    /// Of one such element.
    Head { inner: &'a str, content: &'a str, int: &'a Cell<Option<i128>> },
}

/// Puts the first number that a value is into `int`.
fn into<T: Serialize + ?Sized>(int: &Cell<Option<i128>>, value: &T) -> Result<(), Refused> {
    let answer = &mut |found| int.set(int.get().or(Some(found)));
    value.serialize(Ask { question: &Question::Int, answer })
}

fn first<T: Serialize + ?Sized>(value: &T, question: &Question<'_>) -> Option<i128> {
    let mut first = None;
    ask(value, question, &mut |int| {
        first.get_or_insert(int);
    });
    first
}

/// Calls `answer` with every number that answers the question, in order. A type whose `Serialize` refuses has no
/// more answers.
fn ask<T: Serialize + ?Sized>(value: &T, question: &Question<'_>, answer: &mut dyn FnMut(i128)) {
    let _ = value.serialize(Ask { question, answer });
}

/// Takes one more number into a hash.
fn mix(hash: u64, int: i128) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
    let folded = int as u64 ^ ((int >> 64) as u64).wrapping_mul(ODD);
    (hash.rotate_left(5) ^ folded).wrapping_add(1).wrapping_mul(ODD)
}

/// The type's own `Serialize` refused.
#[derive(Debug)]
struct Refused;

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

/// The serialiser that answers a question.
struct Ask<'a> {
    question: &'a Question<'a>,
    answer: &'a mut dyn FnMut(i128),
}

impl Ask<'_> {
    fn int(self, int: impl Into<i128>) -> Result<(), Refused> {
        if matches!(self.question, Question::Int | Question::Content) {
            (self.answer)(int.into());
        }
        Ok(())
    }

    fn len(self, len: usize) -> Result<(), Refused> {
        if matches!(self.question, Question::Len | Question::Content) {
            (self.answer)(len as i128);
        }
        Ok(())
    }

    fn bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        if matches!(self.question, Question::Content) {
            (self.answer)(i128::from(xxh3_64(bytes)));
        }
        self.len(bytes.len())
    }

    /// Which of several cases it is. That is no number that anybody asks for by name.
    fn case(self, index: u32) -> Self {
        if matches!(self.question, Question::Content) {
            (self.answer)(i128::from(index));
        }
        self
    }
}

/// The parts of something, one after the other.
struct Parts<'a> {
    ask: Ask<'a>,
    len: usize,
}

impl<'a> Parts<'a> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.len += 1;
        match self.ask.question {
            Question::Heads { inner, content, heads } => {
                let (int, mut hash) = (Cell::new(None), 0);
                let answer = &mut |part| hash = mix(hash, part);
                value.serialize(Ask { question: &Question::Head { inner, content, int: &int }, answer })?;
                heads.borrow_mut().push((int.get(), hash));
                Ok(())
            }
            Question::Content => {
                value.serialize(Ask { question: self.ask.question, answer: self.ask.answer })
            }
            Question::Each(question) => value.serialize(Ask { question, answer: self.ask.answer }),
            _ => Ok(()),
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refused> {
        match self.ask.question {
            Question::Field(wanted, question) if *wanted == name => {
                value.serialize(Ask { question, answer: self.ask.answer })
            }
            Question::Fields { measured, .. } if *measured == name => {
                value.serialize(Ask { question: &Question::Len, answer: self.ask.answer })
            }
            Question::Fields { fields, ints, .. } => {
                let mut asked = fields.iter().zip(*ints).filter(|(wanted, _)| **wanted == name);
                asked.try_for_each(|(_, int)| into(int, value))
            }
            Question::Head { inner, int, .. } if *inner == name => into(int, value),
            Question::Head { content, .. } if *content == name => {
                value.serialize(Ask { question: &Question::Content, answer: self.ask.answer })
            }
            Question::Content => {
                value.serialize(Ask { question: self.ask.question, answer: self.ask.answer })
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(), Refused> {
        let Self { ask, len } = self;
        ask.len(len)
    }
}

impl<'a> ser::Serializer for Ask<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    fn serialize_bool(self, bool: bool) -> Result<(), Refused> {
        self.int(bool)
    }
    fn serialize_i8(self, int: i8) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_i16(self, int: i16) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_i32(self, int: i32) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_i64(self, int: i64) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_u8(self, int: u8) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_u16(self, int: u16) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_u32(self, int: u32) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_u64(self, int: u64) -> Result<(), Refused> {
        self.int(int)
    }
    fn serialize_i128(self, int: i128) -> Result<(), Refused> {
        self.int(int)
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
    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self, len: 0 })
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self, len: 0 })
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self, len: 0 })
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self.case(index), len: 0 })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self, len: 0 })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self, len: 0 })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Refused> {
        Ok(Parts { ask: self.case(index), len: 0 })
    }
}

impl ser::SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeTuple for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        match self.ask.question {
            Question::Content => key.serialize(Ask { question: self.ask.question, answer: self.ask.answer }),
            _ => Ok(()),
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }
    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.field(name, value)
    }
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

impl ser::SerializeStructVariant for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.field(name, value)
    }
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}
