//! Scenarios that are small enough for all schedules with few preemptions to be run: for `cargo lab exhaust`. They earn no points.

use lab_harness::case::{Origin, Part, TestCase};
use lab_harness::lab::Lab;

use crate::suite::{SECONDS_MAX, test};

/// The scenarios.
pub static SCENARIOS: &[TestCase] = &[
    scenario(
        "votes_of_three",
        votes_of_three,
        "three servers stand for election in the same term, all at once",
    ),
    scenario(
        "votes_across_terms",
        votes_across_terms,
        "two servers stand for election and hear of a later term, all at once",
    ),
];

const fn scenario(name: &'static str, body: fn(&Lab), about: &'static str) -> TestCase {
    test(SECONDS_MAX, Part::A3, 0, name, body, Origin::Lab, about)
}

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

/// Two servers stand for election, and hear at the same moment of a third that has stood in several later terms.
///
/// These two are stopped until their election timers have run out. The requests of the third wait for them.
fn votes_across_terms(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    for server in [0, 2] {
        cluster.pause(server);
    }
    lab.sleep_ms(2_000);
    for server in [0, 2] {
        cluster.resume(server);
    }
    cluster.check_one_leader();
}
