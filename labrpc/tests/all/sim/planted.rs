//! Planted concurrency bugs: the scheduler must find each within a stated number of seeds, and replay it.

use std::time::Duration;

use labrpc::sim::{Cause, Failure, Policy, Sim};
use labrpc::sync::atomic::{AtomicU32, Ordering};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;

/// Runs `body` over seeds until one fails, and checks that the failure replays from its line to the same fingerprint.
/// Panics if none of the first `within` seeds fails.
fn find(policy: Policy, within: u64, body: fn()) -> Box<Failure> {
    let found = (0..within).find_map(|seed| Sim::new(seed).policy(policy).run(body).err());
    let failure = found.unwrap_or_else(|| panic!("{policy} found nothing within {within} seeds"));
    let line = failure.report.replay.to_string();
    let again = Sim::from_replay(line.parse().unwrap()).run(body).expect_err("a failure replays");
    assert_eq!(again.cause, failure.cause);
    assert_eq!(again.report.trace.fingerprint, failure.report.trace.fingerprint);
    failure
}

/// Two threads take two locks in opposite orders.
fn lock_order_inversion() {
    let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
    let other = thread::spawn(move || {
        let _b = b2.lock();
        let _a = a2.lock();
    });
    let first = a.lock();
    let second = b.lock();
    drop((first, second));
    other.join().unwrap();
}

#[test]
fn deadlock_of_two_locks_is_found_within_50_seeds_and_names_the_circle() {
    for policy in [Policy::Random, Policy::Pct { depth: 2 }] {
        let failure = find(policy, 50, lock_order_inversion);
        let Cause::Deadlock { cycle, .. } = &failure.cause else { panic!("{failure}") };
        assert_eq!(cycle.len(), 2, "{failure}");
        let text = failure.to_string();
        assert!(text.contains("waits for a lock at") && text.contains(file!()), "{text}");
    }
}

/// The waiter looks at the flag, lets go of the lock, and only then begins to wait.
fn lost_wake_up() {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let notifier = Arc::clone(&shared);
    thread::spawn(move || {
        *notifier.0.lock() = true;
        notifier.1.notify_one();
    });
    let is_set = *shared.0.lock();
    if !is_set {
        shared.1.wait(&mut shared.0.lock());
    }
}

#[test]
fn lost_wake_up_is_found_within_50_seeds() {
    for policy in [Policy::Random, Policy::Pct { depth: 2 }] {
        let failure = find(policy, 50, lost_wake_up);
        assert!(failure.to_string().contains("a notification of a condition variable"), "{failure}");
    }
}

/// The lock does not protect the flag: it can be raised between the waiter's look at it and its wait.
fn lost_wake_up_of_an_atomic() {
    let shared = Arc::new((AtomicU32::new(0), Mutex::new(()), Condvar::new()));
    let notifier = Arc::clone(&shared);
    thread::spawn(move || {
        notifier.0.store(1, Ordering::SeqCst);
        notifier.2.notify_one();
    });
    let mut guard = shared.1.lock();
    while shared.0.load(Ordering::SeqCst) == 0 {
        shared.2.wait(&mut guard);
    }
}

#[test]
fn lost_wake_up_of_an_atomic_is_found_within_50_seeds() {
    for policy in [Policy::Random, Policy::Pct { depth: 2 }] {
        let failure = find(policy, 50, lost_wake_up_of_an_atomic);
        assert!(failure.to_string().contains("a notification of a condition variable"), "{failure}");
    }
}

/// The balance is checked under one lock and spent under another.
fn check_then_act() {
    let balance = Arc::new(Mutex::new(100_i32));
    let spenders: Vec<_> = (0..2)
        .map(|_| {
            let balance = Arc::clone(&balance);
            thread::spawn(move || {
                let is_enough = *balance.lock() >= 100;
                if is_enough {
                    *balance.lock() -= 100;
                }
            })
        })
        .collect();
    for spender in spenders {
        spender.join().unwrap();
    }
    assert!(*balance.lock() >= 0, "the same money was spent twice");
}

#[test]
fn race_between_check_and_act_is_found_within_50_seeds() {
    for policy in [Policy::Random, Policy::Pct { depth: 2 }] {
        let failure = find(policy, 50, check_then_act);
        assert!(failure.to_string().contains("the same money was spent twice"), "{failure}");
    }
}

/// The writer announces its data before it has written it, a few steps apart. First-in-first-out never runs the reader
/// between the two.
fn order_inversion() {
    let (ready, data) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (ready2, data2) = (Arc::clone(&ready), Arc::clone(&data));
    thread::spawn(move || {
        ready2.store(1, Ordering::SeqCst);
        data2.store(42, Ordering::SeqCst);
    });
    thread::sleep(Duration::from_nanos(1));
    if ready.load(Ordering::SeqCst) == 1 {
        assert_eq!(data.load(Ordering::SeqCst), 42, "the data was announced before it was there");
    }
}

#[test]
fn order_inversion_is_found_by_random_and_pct_but_never_by_fifo() {
    find(Policy::Random, 50, order_inversion);
    find(Policy::Pct { depth: 3 }, 50, order_inversion);
    for seed in 0..50 {
        Sim::new(seed).policy(Policy::Fifo).run(order_inversion).unwrap();
    }
}

/// One thread is ready all the time, and its single step must come after a hundred steps of the other one.
fn starved_thread() {
    let (steps, is_late) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (steps2, is_late2) = (Arc::clone(&steps), Arc::clone(&is_late));
    let starved = thread::spawn(move || is_late2.store(steps2.load(Ordering::SeqCst), Ordering::SeqCst));
    for _ in 0..100 {
        steps.fetch_add(1, Ordering::SeqCst);
    }
    starved.join().unwrap();
    assert!(is_late.load(Ordering::SeqCst) < 100, "the thread came last");
}

#[test]
fn starved_thread_is_found_within_40_seeds() {
    let pct = [2, 3, 5].map(|depth| Policy::Pct { depth });
    for policy in pct.into_iter().chain([Policy::Urw, Policy::Starve, Policy::Portfolio]) {
        let failure = find(policy, 40, starved_thread);
        assert!(failure.to_string().contains("the thread came last"), "{failure}");
    }
    // Its chance is that of `urw` if both atomics are selected.
    find(Policy::Surw, 400, starved_thread);
}

/// One thread sleeps a little less than another, which takes it for granted that the first is done.
fn late_timer() {
    let is_done = Arc::new(AtomicU32::new(0));
    let done = Arc::clone(&is_done);
    thread::spawn(move || {
        thread::sleep(Duration::from_micros(1_000));
        done.store(1, Ordering::SeqCst);
    });
    thread::sleep(Duration::from_micros(1_300));
    assert_eq!(is_done.load(Ordering::SeqCst), 1, "the other thread is late");
}

#[test]
fn late_timer_is_found_by_what_makes_threads_late() {
    for policy in [Policy::Starve, Policy::Portfolio] {
        let failure = find(policy, 200, late_timer);
        assert!(failure.to_string().contains("the other thread is late"), "{failure}");
    }
    // And by nothing else: a step takes a microsecond.
    assert!((0..200).all(|seed| Sim::new(seed).run(late_timer).is_ok()));
}
