//! The suites: every test of every part, with its scenario.
//!
//! A scenario is a function that reads as a paragraph. Its documentation says what happens and which mistake it
//! catches. MIT's tests keep their names, numbers and thresholds.
//!
//! # Where things are
//!
//! A part is a folder. Its `mod.rs` lists the tests with their points; `mit` has MIT's, `beyond_mit` what those do not see, in
//! clusters of real servers, and `conformance` one real server among scripted peers, sentence by sentence of the paper.
//! `chaos` and `clients` have what several parts use.
//!
//! # Read in this order
//!
//! [`part_3a`] with its `mit.rs`, to see what a test looks like; `suite`, for what a row of a list means; then any part.
//! [`grade`](mod@grade) is what stands behind each cargo test and behind the subcommand `grade`.
//!
//! # What it leaves out
//!
//! What holds in every test: that is in the harness (invariants) and in the referee.

mod chaos;
mod clients;
pub mod grade;
pub mod part_2k;
pub mod part_2l;
pub mod part_3a;
pub mod part_3b;
pub mod part_3c;
pub mod part_3d;
pub mod part_4a;
pub mod part_4b;
pub mod part_4c;
pub mod part_e1;
pub mod part_e2;
pub mod part_e3;
pub mod part_e4;
pub mod part_e5;
pub mod part_e6;
pub mod part_e7;
pub mod small;
mod suite;

use lab_harness::case::{Part, TestCase};

pub use grade::grade_test;
pub use grade::target::signature;
pub use lab_harness::implementation::{Implementation, Services};

/// Tests that measure the heap of the process: they stand aside, at whatever moment they see it, if another run goes on in the
/// same process. So who makes several at a time leaves them out.
pub const MEASURE_THE_HEAP: [&str; 2] = ["memory_of_an_idle_life_3b", "mem_put_many_clients_reliable_2k"];

/// Tests of what the course asks nobody for: its own Raft and service are skipped in them, and so is whoever writes what it asks for.
/// So nobody pays for that.
pub const NOT_ASKED_BY_THE_COURSE: [&str; 3] =
    ["hint_names_a_leader_3a", "late_answers_confirm_no_read_4b", "no_read_before_an_entry_of_the_term_4b"];

/// The tests of each part.
const PARTS: [&[TestCase]; 16] = [
    part_2k::TESTS,
    part_2l::TESTS,
    part_3a::TESTS,
    part_3b::TESTS,
    part_3c::TESTS,
    part_3d::TESTS,
    part_4a::TESTS,
    part_4b::TESTS,
    part_4c::TESTS,
    part_e1::TESTS,
    part_e2::TESTS,
    part_e3::TESTS,
    part_e4::TESTS,
    part_e5::TESTS,
    part_e6::TESTS,
    part_e7::TESTS,
];

/// Every test, in the order in which they are graded.
pub static TESTS: &[TestCase] = &concat::<{ count() }>();

/// How many tests there are.
const fn count() -> usize {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

/// The tests of all parts, one after the other.
const fn concat<const N: usize>() -> [TestCase; N] {
    // An array must be full before it is filled; iterators do not work in constants.
    let mut all = [PARTS[0][0]; N];
    let (mut next, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut place = 0;
        while place < PARTS[part].len() {
            all[next] = PARTS[part][place];
            (next, place) = (next + 1, place + 1);
        }
        part += 1;
    }
    all
}

/// The test of that name, or the [small scenario](small).
#[must_use]
pub fn find(name: &str) -> Option<&'static TestCase> {
    TESTS.iter().chain(small::SCENARIOS).find(|case| case.name == name)
}

/// The tests of a part, in order.
pub fn of_part(part: Part) -> impl Iterator<Item = &'static TestCase> {
    TESTS.iter().filter(move |case| case.part == part)
}
