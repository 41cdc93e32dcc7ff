//! One-time initialisation in both worlds.

use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::atomic::{AtomicU32, Ordering};
use labrpc::sync::{Arc, LazyLock, Once, OnceLock};
use labrpc::thread;

use crate::support::{in_both_worlds, in_simulation, misuse};

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
