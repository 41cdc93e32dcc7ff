//! One-time initialisation in both worlds.

use std::time::Duration;

use labrpc::sim::{Cause, NodeHandle, Sim};
use labrpc::sync::atomic::{AtomicU32, Ordering};
use labrpc::sync::{Arc, LazyLock, Once, OnceLock};
use labrpc::thread;

use crate::support::{failure, in_both_worlds, in_simulation, misuse};

#[test]
fn first_caller_initialises_and_the_others_wait_for_it() {
    in_both_worlds(|| {
        let cell = Arc::new((OnceLock::new(), AtomicU32::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || {
                    *cell.0.get_or_init(|| {
                        cell.1.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        i
                    })
                })
            })
            .collect();
        let values: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
        assert_eq!(cell.1.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn cell_is_set_once() {
    in_both_worlds(|| {
        let mut cell = OnceLock::new();
        assert_eq!((cell.get(), cell.set(1), cell.set(2), cell.get()), (None, Ok(()), Err(2), Some(&1)));
        *cell.get_mut().unwrap() = 3;
        assert_eq!((cell.take(), cell.get().copied(), cell.into_inner()), (Some(3), None, None));
    });
}

#[test]
fn loop_that_looks_for_the_value_sees_it_at_last() {
    in_both_worlds(|| {
        let cell = Arc::new((OnceLock::new(), Once::new()));
        let theirs = Arc::clone(&cell);
        let setting = thread::spawn(move || {
            theirs.0.set(1).unwrap();
            theirs.1.call_once(|| ());
        });
        while cell.0.get().is_none() {}
        while !cell.1.is_completed() {}
        setting.join().unwrap();
    });
}

#[test]
fn function_runs_once() {
    in_both_worlds(|| {
        let shared = Arc::new((Once::new(), AtomicU32::new(0)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.0.call_once(|| {
                        thread::yield_now();
                        shared.1.fetch_add(1, Ordering::SeqCst);
                    });
                    assert_eq!(shared.1.load(Ordering::SeqCst), 1, "it had not run to its end");
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(shared.0.is_completed());
    });
}

#[test]
fn who_waits_for_a_value_gets_it_when_it_is_made() {
    in_both_worlds(|| {
        let cells = Arc::new((OnceLock::new(), OnceLock::new(), Once::new()));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let cells = Arc::clone(&cells);
                thread::spawn(move || {
                    cells.2.wait();
                    cells.2.wait_force();
                    (*cells.0.wait(), *cells.1.wait())
                })
            })
            .collect();
        cells.0.set(1).unwrap();
        cells.2.call_once_force(|state| assert!(!state.is_poisoned()));
        cells.1.get_or_init(|| {
            thread::yield_now();
            2
        });
        waiting.into_iter().for_each(|waiting| assert_eq!(waiting.join().unwrap(), (1, 2)));
    });
}

#[test]
fn who_waits_for_a_value_goes_on_waiting_when_its_making_fails() {
    in_both_worlds(|| {
        let cell = Arc::new(OnceLock::new());
        let (waits, fails) = (Arc::clone(&cell), Arc::clone(&cell));
        let waiting = thread::spawn(move || *waits.wait());
        let failing = thread::spawn(move || {
            fails.get_or_init(|| -> u32 { std::panic::resume_unwind(Box::new("on purpose")) });
        });
        assert!(failing.join().is_err());
        cell.set(3).unwrap();
        assert_eq!(waiting.join().unwrap(), 3);
    });
}

#[test]
fn wait_for_a_value_that_nobody_makes_is_a_deadlock() {
    let failure = failure(|| _ = OnceLock::<u32>::new().wait());
    assert!(matches!(failure.cause, Cause::Deadlock { .. }), "{failure}");
}

#[test]
fn crash_at_any_step_of_the_making_leaves_no_one_waiting_for_a_value_that_is_there() {
    for (seed, step) in (0..10).flat_map(|seed| (1..60).map(move |step| (seed, step))) {
        let crash = || _ = NodeHandle::find("S1").map(|node| node.crash());
        let run = Sim::new(seed).at_step(step, crash).run(|| {
            let cell = Arc::new(OnceLock::new());
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let cell = Arc::clone(&cell);
                    thread::spawn(move || *cell.wait())
                })
                .collect();
            let making = Arc::clone(&cell);
            NodeHandle::new("S1").spawn("makes", move || _ = making.set(1));
            thread::sleep(Duration::from_millis(1));
            let _ = cell.set(2);
            waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect::<Vec<_>>()
        });
        let (values, _) = run.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(values == [1; 3] || values == [2; 3], "{values:?}");
    }
}

#[test]
fn value_for_which_nobody_waits_costs_no_notification() {
    let steps = |body: fn()| Sim::new(1).run(body).unwrap().1.steps;
    let sets = steps(|| OnceLock::new().set(1).unwrap());
    assert_eq!(sets, steps(|| drop(labrpc::sync::Mutex::new(1).lock())), "to lock is the one step of it");
}

#[test]
fn cells_are_compared_and_copied() {
    let (full, empty) = (OnceLock::from(1), OnceLock::new());
    assert!(full == full.clone() && empty == empty.clone() && full != empty);
}

#[test]
fn lazy_value_can_be_changed() {
    in_both_worlds(|| {
        let mut lazy = LazyLock::new(|| 5);
        assert_eq!(LazyLock::get(&lazy), None);
        assert_eq!(LazyLock::get_mut(&mut lazy), None);
        *LazyLock::force_mut(&mut lazy) += 1;
        *lazy += 1;
        assert_eq!((LazyLock::get(&lazy), *LazyLock::<u32>::default()), (Some(&7), 0));
    });
}

#[test]
fn once_that_panicked_is_tried_again() {
    in_both_worlds(|| {
        let cell = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&cell);
        let fails = thread::spawn(move || {
            theirs.get_or_init(|| -> u32 { std::panic::resume_unwind(Box::new("on purpose")) });
        });
        assert!(fails.join().is_err());
        assert_eq!(cell.get_or_init(|| 4), &4);
    });
}

#[test]
fn lazy_value_is_made_when_it_is_used() {
    in_both_worlds(|| {
        let made = AtomicU32::new(0);
        let lazy = LazyLock::new(|| made.fetch_add(1, Ordering::SeqCst) + 5);
        assert_eq!(made.load(Ordering::SeqCst), 0);
        assert_eq!((*lazy, *LazyLock::force(&lazy), made.load(Ordering::SeqCst)), (5, 5, 1));
    });
}

#[test]
fn crash_of_the_one_who_initialises_lets_another_do_it() {
    in_simulation(|| {
        let cell = Arc::new(OnceLock::new());
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&cell);
        node.spawn("initialises", move || {
            theirs.get_or_init(|| {
                thread::sleep(Duration::from_secs(1000));
                1
            });
        });
        thread::sleep(Duration::from_millis(1));
        let mine = Arc::clone(&cell);
        let waiting = thread::spawn(move || *mine.get_or_init(|| 2));
        thread::sleep(Duration::from_millis(1));
        node.crash();
        assert_eq!(waiting.join().unwrap(), 2);
    });
}

#[test]
fn initialising_within_the_initialisation_is_a_misuse() {
    misuse(|| {
        let cell = OnceLock::new();
        cell.get_or_init(|| *cell.get_or_init(|| 1));
    });
}
