//! What scenarios are put before.

use lab_harness::{Implementation, TestCase};

/// A bug, and how hard it is to find.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    /// The bug in one sentence.
    pub story: &'static str,
    /// How many of the lab's own tests find it.
    pub found_by: u32,
}

/// A Raft, and the bug in it; `None`: it is right.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The name of a right one; of a wrong one that of its bug.
    pub name: &'static str,
    /// The bug.
    pub bug: Option<Bug>,
    /// The Raft, with a service on it.
    pub implementation: fn() -> Implementation,
}

/// All of them, and what they are measured by.
#[derive(Clone, Copy, Debug)]
pub struct Subjects {
    /// The right ones and the wrong ones, in the order in which they are shown.
    pub all: &'static [Subject],
    /// How many tests of the lab's own there are, of which some find each bug.
    pub own_tests: u32,
}

impl Subjects {
    /// The Raft that the name of a run begins with, and the test that follows: `NUMBER/NAME`.
    pub(crate) fn of_run<'a>(&self, name: &'a str) -> Option<(&'static Subject, &'a str)> {
        let (number, test) = name.split_once('/')?;
        Some((self.all.get(number.parse::<usize>().ok()?)?, test))
    }
}

/// The tests of the lab by which bugs are measured.
pub(crate) fn own_tests() -> impl Iterator<Item = &'static TestCase> {
    use lab_harness::Part;

    [Part::A3, Part::B3, Part::C3, Part::D3].into_iter().flat_map(lab_suites::of_part)
}
