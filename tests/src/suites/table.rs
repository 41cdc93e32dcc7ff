//! All tests as a table: parts, points, limits, and MIT's numbers to compare with. The only place for them.

use std::time::Duration;

use super::part_3a;
use crate::case::Part::A3;
use crate::case::{Origin, Part, TestCase};
use crate::lab::Lab;

/// MIT's limit for a test, of virtual time here.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Some ten times what the most expensive test takes.
const STEPS_MAX: u64 = 5_000_000;

const fn mit(name: &'static str, rpcs: u32) -> Origin {
    Origin::Mit { name, rpcs }
}

const fn test(
    part: Part,
    points: u32,
    name: &'static str,
    body: fn(&Lab),
    origin: Origin,
    about: &'static str,
) -> TestCase {
    TestCase { name, part, points, about, origin, time_max: TIME_MAX, steps_max: STEPS_MAX, body }
}

/// A row: part, points, function, origin, what it is about.
macro_rules! rows {
    ($($part:ident $points:literal $module:ident::$name:ident, $origin:expr, $about:literal;)*) => {
        &[$(test($part, $points, stringify!($name), $module::$name, $origin, $about)),*]
    };
}

/// Every test, in the order in which they are graded.
#[rustfmt::skip]
pub static TESTS: &[TestCase] = rows! {
    A3 10 part_3a::initial_election_3a, mit("InitialElection", 64), "a leader is elected and stays";
    A3 10 part_3a::re_election_3a, mit("ReElection", 134), "a leader is replaced; none without a majority";
    A3 10 part_3a::many_elections_3a, mit("ManyElections", 539), "elections under changing connections";
};
