//! The suites: every test of every part, with its scenario.
//!
//! A scenario is a function that reads as a paragraph. Its documentation says what happens and which mistake it
//! catches. MIT's tests keep their names, numbers and thresholds; [`table`] lists all of them with their points.

pub mod chaos;
pub mod conformance_3a;
pub mod conformance_3b;
pub mod conformance_3c;
pub mod conformance_3d;
pub mod conformance_3d_order;
mod grade;
pub mod more_3a;
pub mod more_3b;
pub mod more_3b_logs;
pub mod more_3c;
pub mod more_3d;
pub mod part_3a;
pub mod part_3b;
pub mod part_3c;
pub mod part_3d;
pub mod part_4a;
pub mod part_4b;
pub mod part_4b_reads;
pub mod part_4c;
pub mod table;
mod wrappers;

use lab_harness::case::{Part, TestCase};

pub use grade::grade_test;
pub use lab_harness::Implementation;
pub use table::TESTS;

/// The test of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static TestCase> {
    TESTS.iter().find(|case| case.name == name)
}

/// The tests of a part, in order.
pub fn of_part(part: Part) -> impl Iterator<Item = &'static TestCase> {
    TESTS.iter().filter(move |case| case.part == part)
}
