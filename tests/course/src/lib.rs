//! The course: texts for students, teachers and hunters, as pages here and as Markdown in `tests/course/texts`.
//!
//! # Where to begin
//!
//! | you are | read |
//! |---|---|
//! | a student | [the first hour](students), then the page of your part |
//! | new to Rust, or to this network | [from Go to Rust](rust), [from MIT's labrpc to this one](labrpc) |
//! | a teacher | [for teachers](teachers) |
//! | somebody who has a Raft | [your own Raft](your_own_raft) |
//! | somebody who tests Rafts | [somebody else's Raft](someone_elses_raft) |
//! | a hunter of bugs in threaded code | [for hunters](hunters) |
//!
//! | part | page |
//! |---|---|
//! | 2K | [a key/value server on one machine](part_2k) |
//! | 2L | [locks on it](part_2l) |
//! | 3A | [leader election](part_3a) |
//! | 3B | [log replication](part_3b) |
//! | 3C | [persistence](part_3c) |
//! | 3D | [log compaction](part_3d) |
//! | 4A | [the replicated state machine](part_4a) |
//! | 4B | [the key/value service](part_4b) |
//! | 4C | [the key/value service with snapshots](part_4c) |
//!
//! # How it works
//!
//! [`TEXTS`] are the files. [`parts`] reads those of parts, which have a form: milestones, each with the tests that show that it
//! is reached, and hints in the order in which they are needed. `cargo lab hint` and the student's workspace are made of them.
//!
//! # What it leaves out
//!
//! What the tests are: that is in `lab-suites`. A test here compares the two, so that each test belongs to one milestone.

mod pages;
mod parse;

use once_cell::sync::Lazy;

pub use pages::*;

/// A part of the course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As on the command line: `3A`.
    pub name: &'static str,
    /// What it is about: `Leader election`.
    pub title: &'static str,
    /// All of its page, in Markdown.
    pub text: &'static str,
    /// In the order in which they are reached. Never empty.
    pub milestones: Vec<Milestone>,
}

/// A step within a part, which some of its tests show to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The part and a number from 1 on: `3A.1`.
    pub id: &'static str,
    /// What the student's code can do then, as a sentence.
    pub title: &'static str,
    /// What is to be done, in Markdown.
    pub about: String,
    /// The names of the tests that belong to it, in the order of the page. Never empty; each test of a part belongs to one
    /// milestone.
    pub tests: Vec<&'static str>,
    /// In the order of need, in Markdown. Never empty.
    pub hints: Vec<String>,
}

/// The parts, in the order of the course.
///
/// # Panics
///
/// If a text has not the form of a part. A test reads them all.
#[must_use]
pub fn parts() -> &'static [Part] {
    static PARTS: Lazy<Vec<Part>> = Lazy::new(|| {
        let of_parts =
            TEXTS.iter().filter(|(file, _)| file.starts_with(|first: char| first.is_ascii_digit()));
        of_parts
            .map(|(file, text)| parse::part(text).unwrap_or_else(|what| panic!("{file}: {what}")))
            .collect()
    });
    &PARTS
}

/// The part of that name, in capitals or not.
#[must_use]
pub fn part(name: &str) -> Option<&'static Part> {
    parts().iter().find(|part| part.name.eq_ignore_ascii_case(name))
}
