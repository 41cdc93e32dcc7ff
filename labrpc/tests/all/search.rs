//! The search as those use it who have a program and no Raft: `labrpc::check`, and what a failure says.

use std::time::Duration;

use labrpc::search::{Check, Exhaustive, Guided};
use labrpc::sim::{Cause, Covers, Policy, Sim, cover};
use labrpc::sync::atomic::{AtomicU32, Ordering};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

#[path = "../../benches/search/programs/on_labrpc.rs"]
mod programs;

#[test]
fn every_program_of_the_bench_is_found_by_the_defaults_and_for_its_own_reason() {
    for (name, program) in programs::PROGRAMS.iter().chain(programs::TIMED) {
        let found = Check::new().time(Duration::MAX).search(*program);
        let found = found.expect_err(&format!("{name} is not found within {} runs", Check::RUNS_DEFAULT));
        let is_deadlock = matches!(found.failure.cause, Cause::Deadlock { .. });
        assert_eq!(is_deadlock, programs::DEADLOCKS.contains(name), "{name}: {found}");
    }
}

#[test]
fn programs_of_the_bench_need_a_search() {
    for (name, program) in programs::PROGRAMS.iter().chain(programs::TIMED) {
        let fails = Sim::new(0).policy(Policy::Fifo).run(*program).is_err();
        let always = programs::FAILS_ALWAYS.iter().any(|(known, _)| known == name);
        assert_eq!(fails, always, "{name} in first-in-first-out order");
    }
}

/// Two sellers look at the same ticket.
fn oversold() {
    let tickets = Arc::new(Mutex::new(1_i32));
    let other = Arc::clone(&tickets);
    let sell = |tickets: &Mutex<i32>| {
        let is_left = *tickets.lock() > 0;
        if is_left {
            *tickets.lock() -= 1;
        }
    };
    let seller = thread::spawn(move || sell(&other));
    sell(&tickets);
    seller.join().unwrap();
    assert!(*tickets.lock() >= 0, "sold a ticket that was not there");
}

#[test]
fn report_has_the_cause_the_events_of_the_threads_and_the_line_that_replays() {
    let found = Check::new().search(oversold).unwrap_err();
    let text = found.to_string();
    for part in [
        "sold a ticket that was not there",
        "the last events of each thread:",
        "Lock",
        file!(),
        "the same run",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    // The reader's places only, and one event a line.
    assert!(!text.contains("sim/run.rs"), "a place inside of labrpc is in:\n{text}");
    let name = "search::report_has_the_cause_the_events_of_the_threads_and_the_line_that_replays";
    assert!(found.command().contains("LAB_SEED=0x") && found.command().contains(name), "{}", found.command());
    // What the line says makes the same run.
    let seed = found.failure.report.replay.seed;
    let again =
        Check::new().seed(seed).policy(found.policy.unwrap_or(Policy::Guided)).search(oversold).unwrap_err();
    assert_eq!(again.failure.report.trace.fingerprint, found.failure.report.trace.fingerprint);
}

#[test]
fn panic_of_several_lines_is_one_event_of_the_report() {
    let found = Check::new().search(|| assert_eq!(6 * 7, 43)).unwrap_err();
    let text = found.to_string();
    let (_, events) = text.split_once("the last events of each thread:\n").unwrap();
    let of_the_panic: Vec<&str> = events.lines().skip_while(|line| !line.contains("Panic")).take(3).collect();
    assert!(of_the_panic[1].starts_with("        left: 42"), "{events}");
    assert!(of_the_panic[2].starts_with("       right: 43"), "{events}");
}

#[test]
#[should_panic(expected = "sold a ticket that was not there")]
fn check_panics_with_the_report() {
    labrpc::check(oversold);
}

#[test]
fn run_that_is_not_the_same_twice_is_named_as_such() {
    static RUNS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let found = Check::new()
        .search(|| {
            // What runs before have left in a static decides.
            let run = RUNS.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            (0..run).for_each(|_| thread::yield_now());
            assert!(run < 5, "the sixth run");
        })
        .unwrap_err();
    assert!(found.divergence.is_some());
    assert!(found.to_string().contains("was not the same run"), "{found}");
}

#[test]
fn budget_ends_a_search_that_finds_nothing() {
    let checked = Check::new().runs(50).search(|| ()).unwrap();
    assert_eq!(checked.runs, 50);
    // At least one run is made, however little time there is.
    let checked = Check::new().time(Duration::ZERO).search(|| ()).unwrap();
    assert_eq!(checked.runs, 1);
}

/// A lock of ten digits: each right one is a state of its own. By chance alone 1 run in 4^10 opens it.
fn ten_digits() {
    let progress = Arc::new(AtomicU32::new(0));
    for digit in 1..=10 {
        let right = labrpc::rand::RngExt::random_range(&mut labrpc::rand::rng(), 0..4) == 0;
        if !right {
            return;
        }
        progress.store(digit, Ordering::SeqCst);
        cover(Covers::State, digit.into());
    }
    panic!("all ten digits are right");
}

#[test]
fn search_goes_on_from_what_was_new() {
    let found = Check::new().runs(5_000).time(Duration::MAX).search(ten_digits);
    let found = found.expect_err("each digit is four runs away from the one before");
    assert!(found.policy.is_some(), "it continues another run");
    // Its line alone makes it again.
    let policy = found.policy.unwrap().to_string().parse().unwrap();
    let again = Sim::new(found.failure.report.replay.seed).policy(policy).run(ten_digits).unwrap_err();
    assert_eq!(again.report.trace.fingerprint, found.failure.report.trace.fingerprint);
    assert!(Check::new().policy(Policy::Random).runs(5_000).time(Duration::MAX).search(ten_digits).is_ok());
}

#[test]
fn coverage_is_that_of_the_run_and_changes_nothing() {
    for seed in 0..20 {
        let sim = Sim::new(seed).policy(Policy::Portfolio);
        let run = |sim: &Sim| {
            sim.run(|| {
                let count = Arc::new(Mutex::new(0));
                let threads: Vec<_> = (0..3)
                    .map(|_| {
                        let count = Arc::clone(&count);
                        thread::spawn(move || *count.lock() += 1)
                    })
                    .collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
                cover(Covers::State, 7);
            })
        };
        let (((), plain), ((), covered)) = (run(&sim).unwrap(), run(&sim.clone().coverage(true)).unwrap());
        assert_eq!(plain.trace.fingerprint, covered.trace.fingerprint);
        assert!(plain.covered.is_empty());
        let count =
            |covers| covered.covered.iter().filter(|covered| covered.feature.covers() == covers).count();
        // Three threads lock at one place: one pair.
        assert_eq!((count(Covers::Order), count(Covers::State)), (1, 1));
    }
}

#[test]
fn guided_search_makes_the_same_choices_from_the_same_answers() {
    let choices = || {
        let mut guided = Guided::new(3);
        (0..200)
            .map(|seed| {
                let candidate = guided.next(seed);
                let sim = Sim::new(candidate.seed).policy(candidate.policy).coverage(true);
                if let Ok(((), report)) = sim.run(ten_digits) {
                    guided.learn(candidate, &report.covered);
                }
                candidate
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(choices(), choices());
}

/// Two threads of two steps each, and the order in which these were taken.
fn two_by_two(orders: &std::sync::Mutex<std::collections::BTreeSet<Vec<u32>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let taken = Arc::clone(&taken);
            thread::spawn(move || {
                taken.lock().push(thread);
                taken.lock().push(thread);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    orders.lock().unwrap().insert(taken.lock().clone());
}

#[test]
fn exhaustive_search_makes_all_orders_within_its_bound() {
    let orders_of = |preemptions| {
        let orders = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let told = Arc::clone(&orders);
        let exhausted = Exhaustive::new(preemptions).search(move || two_by_two(&told)).unwrap();
        assert!(exhausted.is_complete);
        let orders = orders.lock().unwrap().clone();
        (exhausted.schedules, orders)
    };
    let (schedules, orders) = orders_of(0);
    assert_eq!((schedules, orders.len()), (1, 1));
    let few = orders_of(1).1.len();
    // Six ways to interleave two steps with two.
    let (schedules, orders) = orders_of(3);
    assert!(few > 1 && few < 6, "{few} with one preemption");
    assert_eq!(orders.len(), 6, "{orders:?} in {schedules} schedules");
}

#[test]
fn exhaustive_search_finds_what_needs_two_preemptions_and_says_which() {
    let found = Exhaustive::new(2).search(oversold).unwrap_err();
    let Some(Policy::Preempted(preempted)) = found.policy else { panic!("{found}") };
    assert!(preempted.preemptions().len() <= 2, "{found}");
    let policy = preempted.to_string().parse().unwrap();
    let again = Sim::new(0).policy(policy).run(oversold).unwrap_err();
    assert_eq!(again.report.trace.fingerprint, found.failure.report.trace.fingerprint);
}

#[test]
fn exhaustive_search_that_is_cut_short_says_so() {
    let exhausted = Exhaustive::new(3).schedules_max(10).search(ten_digits).unwrap();
    assert!(exhausted.schedules <= 11);
    let orders = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let cut_short = Exhaustive::new(3).schedules_max(10).search(move || two_by_two(&orders)).unwrap();
    assert!(!cut_short.is_complete && cut_short.schedules == 10);
}
