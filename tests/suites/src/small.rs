//! Scenarios that are small enough for all schedules with few preemptions to be run: for `cargo lab exhaust`. They earn no points.

use lab_harness::case::{Origin, Part, TestCase};
use lab_harness::lab::Lab;

use crate::suite::test;

/// The scenarios.
pub static SCENARIOS: &[TestCase] = &[test(
    Part::A3,
    0,
    "votes_of_three",
    votes_of_three,
    Origin::Lab,
    "three servers stand for election in the same term, all at once",
)];

/// Three servers stand for election in the same term, all at once, and then one of them is elected.
///
/// All are stopped until each of their election timers has run out, and go on together: so what is decided by the schedule
/// are the votes, and not who was first.
fn votes_of_three(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    for server in 0..3 {
        cluster.pause(server);
    }
    lab.sleep_ms(2_000);
    (0..3).for_each(|server| cluster.resume(server));
    cluster.check_one_leader();
}
