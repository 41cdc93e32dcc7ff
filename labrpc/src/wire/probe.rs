//! Reading single fields of a value without making a tree of it.
//!
//! `serde` hands a serialiser one field after another, by name; a serialiser that wants one of them leaves the
//! others alone, so asking a message for its term costs a few comparisons, however long its entries are.

use serde::ser::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Value;
use super::ask::{Ask, Question, Refused};

/// What can be asked of any value that serialises.
///
/// ```
/// use labrpc::wire::{Describe, Elements};
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
/// assert_eq!(args.int_of("votes"), None);
///
/// let (mut ints, mut terms) = ([None; 3], Vec::new());
/// let entries = Elements { field: "entries", int: "term", content: "command", kind: "" };
/// let count = args.read(&["success", "votes", "term"], &mut ints, entries, &mut |term, command| {
///     assert_eq!(command, 0); // there is none
///     terms.extend(term);
/// });
/// assert_eq!(ints, [Some(1), None, Some(7)]);
/// assert_eq!((count, terms), (Some(2), vec![5, 7]));
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

    /// How many elements the sequence, map, text or bytes in a field have.
    fn len_of(&self, field: &str) -> Option<usize>;

    /// The numbers in the field `inner` of each element of the sequence in `field`: the terms of all entries. Empty
    /// if there is no such sequence; an element that has no such number is left out.
    fn ints_of(&self, field: &str, inner: &str) -> Vec<i128>;

    /// Several fields in one reading: `ints[i]` becomes what [`int_of`](Self::int_of) says of `fields[i]`, and what is
    /// asked of the `elements` of a sequence is told to `each`. Returns what [`len_of`](Self::len_of) says of that
    /// sequence's field.
    fn read(
        &self,
        fields: &[&str],
        ints: &mut [Option<i128>],
        elements: Elements<'_>,
        each: &mut Each<'_>,
    ) -> Option<usize>;
}

/// What to read of the elements of a sequence. No field is without a name, so nothing is read if that is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elements<'a> {
    /// The field that has the sequence.
    pub field: &'a str,
    /// The field of each element that has a number.
    pub int: &'a str,
    /// The field of each element that has anything at all, of which a hash is told.
    pub content: &'a str,
    /// A field of each element that says what the content is, if there is one: it goes into the hash.
    pub kind: &'a str,
}

/// Is told of each element its number, if it has one, and the hash of its content; 0 if it has none. Equal values have
/// equal hashes, in every run and on every machine.
pub type Each<'a> = dyn FnMut(Option<i128>, u64) + 'a;

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
        ask(self, Field { name: field, question: Int(None) }).question.0
    }

    fn len_of(&self, field: &str) -> Option<usize> {
        ask(self, Field { name: field, question: Len(None) }).question.0
    }

    fn ints_of(&self, field: &str, inner: &str) -> Vec<i128> {
        let mut ints = Vec::new();
        let elements = Elements { field, int: inner, ..Elements::default() };
        self.read(&[], &mut [], elements, &mut |int, _| ints.extend(int));
        ints
    }

    fn read(
        &self,
        fields: &[&str],
        ints: &mut [Option<i128>],
        elements: Elements<'_>,
        each: &mut Each<'_>,
    ) -> Option<usize> {
        ints.fill(None);
        ask(self, Fields { fields, ints, list: List { elements, each, len: Len(None) } }).list.len.0
    }
}

/// Puts the question to a value, and returns it with the answer. A type whose `Serialize` refuses has no more answers.
fn ask<T: Serialize + ?Sized, Q: Question>(value: &T, mut question: Q) -> Q {
    let _ = value.serialize(Ask(&mut question));
    question
}

/// The number that a value is.
struct Int(Option<i128>);

impl Question for Int {
    fn int(&mut self, int: i128) {
        self.0.get_or_insert(int);
    }
}

/// How long a value is.
struct Len(Option<usize>);

impl Question for Len {
    fn len(&mut self, len: usize) {
        self.0.get_or_insert(len);
    }
}

/// A hash of all that is in a value.
struct Digest(u64);

impl Digest {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio

    /// Takes one more number.
    fn mix(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_add(1).wrapping_mul(Self::ODD);
    }
}

impl Question for Digest {
    fn int(&mut self, int: i128) {
        self.mix(int as u64 ^ ((int >> 64) as u64).wrapping_mul(Self::ODD));
    }

    fn len(&mut self, len: usize) {
        self.mix(len as u64);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.mix(xxh3_64(bytes));
        self.len(bytes.len());
    }

    fn case(&mut self, index: u32) {
        self.mix(index.into());
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Ask(self))
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(Ask(self))
    }

    fn field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(Ask(self))
    }
}

/// Something of the field of that name.
struct Field<'a, Q> {
    name: &'a str,
    question: Q,
}

impl<Q: Question> Question for Field<'_, Q> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        if name == self.name { value.serialize(Ask(&mut self.question)) } else { Ok(()) }
    }
}

/// The numbers in the fields of these names, and a list.
struct Fields<'a> {
    fields: &'a [&'a str],
    ints: &'a mut [Option<i128>],
    list: List<'a>,
}

impl Question for Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        for (wanted, int) in self.fields.iter().zip(&mut *self.ints) {
            if *wanted == name {
                *int = ask(value, Int(None)).0;
            }
        }
        if name == self.list.elements.field { value.serialize(Ask(&mut self.list)) } else { Ok(()) }
    }
}

/// How long a sequence is, and something of each of its elements.
struct List<'a> {
    elements: Elements<'a>,
    each: &'a mut Each<'a>,
    len: Len,
}

impl Question for List<'_> {
    fn len(&mut self, len: usize) {
        self.len.len(len);
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let (content, kind) = (Digest(0), Digest(0));
        let mut element = Element { of: self.elements, int: Int(None), content, kind };
        value.serialize(Ask(&mut element))?;
        (self.each)(element.int.0, element.hash());
        Ok(())
    }
}

/// One such element.
struct Element<'a> {
    of: Elements<'a>,
    int: Int,
    content: Digest,
    kind: Digest,
}

impl Element<'_> {
    /// The hash of its content and kind; 0 if it has no content.
    fn hash(&self) -> u64 {
        let Self { content: Digest(content), kind: Digest(kind), .. } = self;
        // Of the two hashes no bit is left where it was, so that they do not cancel each other out.
        if *content == 0 { 0 } else { (content ^ kind.rotate_left(29)).max(1) }
    }
}

impl Question for Element<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        if name == self.of.int {
            value.serialize(Ask(&mut self.int))
        } else if name == self.of.content {
            value.serialize(Ask(&mut self.content))
        } else if name == self.of.kind {
            value.serialize(Ask(&mut self.kind))
        } else {
            Ok(())
        }
    }
}
