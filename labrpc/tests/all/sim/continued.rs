//! Runs that go on by another policy and with other chance from some step on.

use labrpc::rand::{self, RngExt};
use labrpc::sim::{Policy, Sim, Tracing};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

/// Three threads that draw numbers and write them down in turn.
fn draws() -> Vec<u32> {
    let drawn = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let drawn = Arc::clone(&drawn);
            thread::spawn(move || {
                for _ in 0..20 {
                    drawn.lock().push(rand::rng().random_range(0..1_000_000));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    Arc::into_inner(drawn).unwrap().into_inner()
}

/// The events of a run, without what its seed alone tells apart, and what it returned.
fn run(seed: u64, policy: Policy) -> (Vec<String>, Vec<u32>) {
    let (value, report) = Sim::new(seed).policy(policy).tracing(Tracing::Last(100_000)).run(draws).unwrap();
    (report.trace.events.iter().map(ToString::to_string).collect(), value)
}

#[test]
fn run_is_the_same_up_to_the_step_and_another_from_there_on() {
    for policy in
        ["random", "pct:3", "fifo", "urw", "surw", "pos", "starve"].map(|text| text.parse().unwrap())
    {
        let (whole, drawn) = run(3, policy);
        let (continued, drawn_on) = run(3, policy.then(40, 99, policy));
        let same = whole.iter().zip(&continued).take_while(|(a, b)| a == b).count();
        // A step is an event, and some events are no step.
        assert!(same >= 40, "{policy}: only {same} events are the same");
        assert!(same < whole.len(), "{policy}: the same run");
        assert_ne!(drawn, drawn_on, "{policy}: the threads draw the same numbers");
    }
}

#[test]
fn other_seeds_go_on_otherwise_and_the_same_one_in_the_same_way() {
    let continued = |seed| run(3, Policy::Random.then(40, seed, Policy::Random)).0;
    assert_ne!(continued(1), continued(2));
    assert_eq!(continued(1), continued(1));
}

#[test]
fn policy_changes() {
    // From the step on, in first-in-first-out order, each thread runs until its end: no lock is waited for.
    let (events, _) = run(3, Policy::Random.then(10, 1, Policy::Fifo));
    let threads: Vec<&str> = events.iter().skip(40).map(|event| event.split(' ').nth(2).unwrap()).collect();
    let switches = threads.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(switches < 8, "{switches} switches");
}

#[test]
fn step_that_never_comes_changes_nothing() {
    let whole = run(3, Policy::Random);
    assert_eq!(run(3, Policy::Random.then(1_000_000, 9, Policy::Urw)), whole);
}

#[test]
fn portfolio_shows_what_it_drew_and_that_replays() {
    for seed in 0..50 {
        let sim = Sim::new(seed).policy(Policy::Portfolio);
        let (_, report) = sim.run(draws).unwrap();
        assert_ne!(report.replay.policy, Policy::Portfolio);
        assert_eq!(report.replay, sim.replay());
        let (_, again) = Sim::from_replay(report.replay.to_string().parse().unwrap()).run(draws).unwrap();
        assert_eq!(again.trace.fingerprint, report.trace.fingerprint);
    }
}
