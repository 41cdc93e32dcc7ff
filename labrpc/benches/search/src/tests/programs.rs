//! Each program fails because of its bug, where a preemption lets it, and nowhere else.

use std::collections::BTreeSet;

use super::{program, search};
use crate::catalogue;
use crate::on_labrpc::{DEADLOCKS, FAILS_ALWAYS};
use crate::on_shuttle;
use crate::policy::Searcher;
use crate::search::{Ending, Search, Series};

#[test]
fn each_is_found_by_a_policy_of_labrpc() {
    for program in catalogue::all() {
        let is_found = |policy: &&str| matches!(search(program, policy, 10_000), Search::Found(_));
        assert!(["pct:3", "random", "pct:2"].iter().any(is_found), "{}", program.name);
    }
}

#[test]
fn each_that_needs_no_clock_is_found_by_a_scheduler_of_shuttle() {
    // The checker of a hundred threads is started last, and to start a thread is a step of shuttle's.
    let hopeless = ["reorder_50", "reorder_100", "twostage_100"];
    for program in catalogue::all().into_iter().filter(|program| !hopeless.contains(&program.name)) {
        let is_found =
            |policy: &str| matches!(search(program, policy, 10_000), Search::Found(_) | Search::NoClock);
        let policies = ["shuttle:pct:3", "shuttle:random", "shuttle:urw"];
        assert!(policies.into_iter().any(is_found), "{}", program.name);
    }
}

#[test]
fn none_fails_without_preemption_but_those_that_say_why() {
    for program in catalogue::all() {
        let fails_always = FAILS_ALWAYS.iter().any(|(name, _)| *name == program.name);
        let expected = if fails_always { Search::Found(1) } else { Search::Missed };
        assert_eq!(search(program, "fifo", 20), expected, "{}", program.name);
    }
}

#[test]
fn none_stays_in_a_loop_under_a_policy_that_seldom_changes_threads() {
    // A limit that is reached is another reason than the bug, and `search` panics.
    for program in catalogue::all() {
        for policy in ["pct:1", "pct:20", "shuttle:pct:1"] {
            search(program, policy, 20);
        }
    }
}

#[test]
fn names_are_there_once_and_lists_name_what_is_there() {
    let names: Vec<_> = catalogue::all().iter().map(|program| program.name).collect();
    let set: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(names.len(), set.len());
    assert!(DEADLOCKS.iter().chain(FAILS_ALWAYS.iter().map(|(name, _)| name)).all(|name| set.contains(name)));
    let without_clock = catalogue::all().iter().filter(|program| program.on_shuttle.is_some()).count();
    assert_eq!(without_clock, on_shuttle::PROGRAMS.len());
}

#[test]
fn another_failure_than_the_bug_is_an_error() {
    let panics = |message: &str| Ending::Panic(message.into());
    let reorder = program("reorder_20");
    assert_eq!(reorder.check(&panics("reorder: a is written and b is not")), Ok(()));
    assert_eq!(
        reorder.check(&panics("assertion `left == right` failed: reorder: x\n  left: 1\n right: 2")),
        Ok(())
    );
    for other in
        [panics("stack: popped"), panics("reorderly: no"), Ending::Deadlock, Ending::Other("a limit".into())]
    {
        let sentence = reorder.check(&other).unwrap_err();
        assert!(sentence.starts_with("reorder_20 failed for another reason than its bug: "), "{sentence}");
    }
    assert_eq!(program("sync01").check(&Ending::Deadlock), Ok(()));
    assert!(program("sync01").check(&panics("sync01: no")).is_err());
}

#[test]
fn the_same_series_takes_the_same_number_of_schedules() {
    for policy in ["random", "pct:2", "shuttle:random", "shuttle:pct:2", "shuttle:urw"] {
        for name in ["bluetooth_driver", "sync02", "reorder_5"] {
            let once = || search(program(name), policy, 1_000);
            assert_eq!(once(), once(), "{name} under {policy}");
        }
    }
}

#[test]
fn series_have_schedules_of_their_own() {
    for policy in ["random", "shuttle:random"] {
        let searcher: Searcher = policy.parse().unwrap();
        let found: BTreeSet<_> = (0..10)
            .map(|number| {
                let program = program("bluetooth_driver");
                let search = Series { program, searcher, number, cap: 1_000, step_cost: None }.run().unwrap();
                format!("{search:?}")
            })
            .collect();
        assert!(found.len() > 5, "{policy}: {found:?}");
    }
}
