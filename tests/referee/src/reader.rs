//! The numbers and lists of one message, by the names of their fields.

use std::cell::OnceCell;

use labrpc::network::Message;
use labrpc::wire::{Elements, Value};
use raft_interface::Term;

use crate::message::Entry;
use crate::names::{field_at, flag_at, int_or_nothing_at};

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("has no field {0} with a number or a list in it")]
    Missing(&'static str),
    #[error("has a negative number in {0}")]
    Negative(&'static str),
    #[error("has an index in {0} that is neither 0 nor -1 before the first entry")]
    UnknownCount(&'static str),
}

impl Unreadable {
    pub(crate) fn missing(names: &[&'static str]) -> Self {
        Self::Missing(names.first().copied().unwrap_or("of any name"))
    }
}

/// Entries as they are read, one after the other.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) entries: Vec<Entry>,
    has_commands: bool,
}

impl List {
    /// One more, with the digest of its command; 0 if it has none.
    pub(crate) fn push(&mut self, term: Option<i128>, digest: u64) {
        // An entry without a term leaves the list shorter than it says, and so the message unreadable.
        if let Some(term) = term.and_then(|term| term.try_into().ok()) {
            self.entries.push(Entry { term, digest });
            self.has_commands |= digest != 0;
        }
    }

    /// Whether these are all of them, with nothing missing.
    pub(crate) fn is_whole(&self, len: Option<usize>) -> bool {
        // Entries without commands may have them under another name. That is looked into before they are
        // taken as they are.
        len == Some(self.entries.len()) && (self.has_commands || self.entries.is_empty())
    }
}

/// The name that is looked for first.
pub(crate) fn first(names: &Vec<&'static str>) -> &'static str {
    names.first().copied().unwrap_or_default()
}

/// A message, and its tree as soon as a name is a path: the walk over the encoded form follows none.
pub(crate) struct Reader<'a> {
    pub(crate) message: &'a Message<'a>,
    tree: OnceCell<Option<Value>>,
}

impl<'a> Reader<'a> {
    /// Nothing of it is decoded yet.
    pub(crate) fn new(message: &'a Message<'a>) -> Self {
        Self { message, tree: OnceCell::new() }
    }

    /// All of it; `None` if it cannot be decoded.
    pub(crate) fn tree(&self) -> Option<&Value> {
        self.tree.get_or_init(|| self.message.value()).as_ref()
    }

    /// What is in the first of these fields that is there.
    pub(crate) fn field(&self, names: &[&str]) -> Option<&Value> {
        let tree = self.tree()?;
        names.iter().find_map(|name| field_at(tree, name))
    }

    /// The number in a field, which may be in another one.
    pub(crate) fn int_of(&self, name: &str) -> Option<i128> {
        match name.contains('.') {
            true => field_at(self.tree()?, name)?.as_int(),
            false => self.message.int_of(name),
        }
    }

    /// The numbers in fields, each known by several names; `None` for what is not there.
    pub(crate) fn numbers<const N: usize>(&self, names: [&Vec<&'static str>; N]) -> [Option<u64>; N] {
        self.ints(names).map(|int| int?.try_into().ok())
    }

    /// The same, of any sign.
    pub(crate) fn ints<const N: usize>(&self, names: [&Vec<&'static str>; N]) -> [Option<i128>; N] {
        self.numbers_and_list(names, Elements::default(), &mut List::default()).0
    }

    /// The same, and the entries of a list with its length.
    pub(crate) fn numbers_and_list<const N: usize>(
        &self,
        names: [&Vec<&'static str>; N],
        elements: Elements<'_>,
        list: &mut List,
    ) -> ([Option<i128>; N], Option<usize>) {
        let mut ints = [None; N];
        let mut each = |term, digest| list.push(term, digest);
        let len = self.message.read(&names.map(first), &mut ints, elements, &mut each);
        let found = std::array::from_fn(|field| {
            // The first is looked for again if it is a path.
            let skipped = usize::from(!first(names[field]).contains('.'));
            let other_names = || names[field].iter().skip(skipped).find_map(|name| self.int_of(name));
            ints[field].or_else(other_names)
        });
        (found, len)
    }

    /// The same, where all must be there, or be in a field that says that there is `nothing`.
    ///
    /// # Errors
    ///
    /// The first of the fields that is not there.
    pub(crate) fn needed<const N: usize>(
        &self,
        names: [&Vec<&'static str>; N],
        nothing: i128,
    ) -> Result<[i128; N], Unreadable> {
        self.all(self.ints(names), names, nothing)
    }

    /// The same of what was found by name.
    ///
    /// # Errors
    ///
    /// The first of the fields that was not found.
    pub(crate) fn all<const N: usize>(
        &self,
        mut found: [Option<i128>; N],
        names: [&Vec<&'static str>; N],
        nothing: i128,
    ) -> Result<[i128; N], Unreadable> {
        for (found, names) in found.iter_mut().zip(names).filter(|(found, _)| found.is_none()) {
            let mut paths = names.iter().filter(|name| name.contains('.'));
            *found = paths.find_map(|name| int_or_nothing_at(self.tree()?, name, nothing));
        }
        match found.iter().position(Option::is_none) {
            Some(field) => Err(Unreadable::missing(names[field])),
            None => Ok(found.map(Option::unwrap_or_default)),
        }
    }

    /// What a reply says of its sender's term, and yes or no, which may be variants.
    ///
    /// # Errors
    ///
    /// What is not there.
    pub(crate) fn term_and_flag(
        &self,
        term: &Vec<&'static str>,
        yes: &Vec<&'static str>,
    ) -> Result<(Term, bool), Unreadable> {
        let [told, number] = self.ints([term, yes]);
        let [told] = self.all([told], [term], 0)?;
        let by_variant = || yes.iter().find_map(|name| flag_at(self.tree()?, name));
        let is_so = number.map(|number| number == 1).or_else(by_variant);
        Ok((unsigned(told, term)?, is_so.ok_or_else(|| Unreadable::missing(yes))?))
    }
}

/// A number from 0 up.
///
/// # Errors
///
/// That it is none, as where a message with -1 in it only asks who leads.
pub(crate) fn unsigned(number: i128, names: &[&'static str]) -> Result<u64, Unreadable> {
    number.try_into().map_err(|_| Unreadable::Negative(names.first().copied().unwrap_or_default()))
}
