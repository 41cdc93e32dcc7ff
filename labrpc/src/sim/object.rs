//! What threads share, told apart: so that a policy, and the statistics of a search, know which operations can see each other.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of something that threads share (a lock, an atomic, a channel), which it gets when it is first used. Nothing
/// else in the process ever has it.
///
/// An address would not do: something else can be at the same place later, and whether it is depends on the allocator.
#[derive(Debug)]
pub(crate) struct ObjectId(AtomicUsize);

impl ObjectId {
    /// That of a new object.
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// The number. It tells objects apart and nothing else: which object has which one depends on other runs.
    #[inline]
    pub(crate) fn get(&self) -> usize {
        match self.0.load(Ordering::Relaxed) {
            0 => self.assign(),
            number => number,
        }
    }

    #[cold]
    fn assign(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // A static lock may be used for the first time in two runs at once.
        match self.0.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => number,
            Err(number) => number,
        }
    }
}

impl Default for ObjectId {
    fn default() -> Self {
        Self::new()
    }
}

/// What a thread is about to do to which object, before anybody has asked for the object's number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On<'a> {
    /// To none: it sleeps, or waits for a thread.
    Nothing,
    /// It looks, and changes nothing.
    Reads(&'a ObjectId),
    /// It changes it, or may.
    Changes(&'a ObjectId),
}

impl On<'_> {
    pub(crate) fn access(self) -> Access {
        match self {
            Self::Nothing => Access::NONE,
            Self::Reads(id) => Access::reads(id.get()),
            Self::Changes(id) => Access::changes(id.get()),
        }
    }
}

/// What an operation does with which object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    object: usize,
    is_read: bool,
}

impl Access {
    /// With none: it starts, sleeps, or waits for a thread.
    pub(crate) const NONE: Self = Self { object: 0, is_read: true };

    /// Looks, and changes nothing.
    #[inline]
    pub(crate) fn reads(object: usize) -> Self {
        Self { object, is_read: true }
    }

    /// Changes it, or may.
    #[inline]
    pub(crate) fn changes(object: usize) -> Self {
        Self { object, is_read: false }
    }

    /// The object; `None` if there is none.
    pub(crate) fn object(self) -> Option<usize> {
        (self.object != 0).then_some(self.object)
    }

    /// Whether it makes a difference which of the two comes first.
    pub(crate) fn conflicts(self, other: Self) -> bool {
        self.object != 0 && self.object == other.object && !(self.is_read && other.is_read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reads_of_one_object_do_not_conflict() {
        let (a, b) = (ObjectId::new().get(), ObjectId::new().get());
        assert!(Access::changes(a).conflicts(Access::reads(a)));
        assert!(Access::changes(a).conflicts(Access::changes(a)));
        assert!(!Access::reads(a).conflicts(Access::reads(a)));
        assert!(!Access::changes(a).conflicts(Access::changes(b)));
        assert!(!Access::NONE.conflicts(Access::NONE));
    }
}
