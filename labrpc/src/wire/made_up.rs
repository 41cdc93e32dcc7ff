//! What a value that is made from a tree says and the tree does not.

use std::cell::RefCell;
use std::fmt;

use super::Value;

/// A field that a value has and the tree that it was made from does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeUp {
    /// The field in which the struct stands that has it; `None` in the message itself.
    pub within: Option<&'static str>,
    /// Its name.
    pub field: &'static str,
    /// What stands there.
    pub with: With,
}

/// What a field gets that a tree does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// `None`: its type knows that nothing may be there.
    None,
    /// The nothing of its type, 0 or `false` for example, which may well mean something.
    Nothing,
    /// The same, and the tree has the field, but says that nothing is there: the type cannot say so.
    NothingSaid,
    /// The first variant of an enum.
    Variant(&'static str),
}

/// Asks a type for what it would [make up](super::made_up()) from a tree.
pub type AskMadeUp = fn(&Value) -> Vec<MadeUp>;

pub(super) type Notes = RefCell<Vec<MadeUp>>;

/// Where in a tree something is read: by the names of the last two fields on the way there.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    within: Option<&'static str>,
    /// `None` in the message itself.
    field: Option<&'static str>,
}

impl Place {
    /// In something that was made up, and noted.
    pub(super) const MADE_UP: Self = Self { within: None, field: None };

    pub(super) fn field(self, name: &'static str) -> Self {
        Self { within: self.field, field: Some(name) }
    }

    /// Once, though it may be in each of many elements.
    pub(super) fn note(self, notes: &Notes, with: With) {
        let Self { within, field: Some(field) } = self else { return };
        let made_up = MadeUp { within, field, with };
        let mut notes = notes.borrow_mut();
        if !notes.contains(&made_up) {
            notes.push(made_up);
        }
    }
}

impl fmt::Display for MadeUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Some(within) => write!(f, "{within}.{}", self.field),
            None => f.write_str(self.field),
        }
    }
}
