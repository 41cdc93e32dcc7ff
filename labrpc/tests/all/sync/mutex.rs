//! Mutexes in both worlds.

use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::{Arc, MappedMutexGuard, Mutex, MutexGuard};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{in_both_worlds, in_simulation, misuse, outcomes};

const MS: Duration = Duration::from_millis(1);

/// Threads that add to one count, reading and writing it in two steps.
fn count_together(threads: usize) -> u32 {
    let count = Arc::new(Mutex::new(0));
    let adding: Vec<_> = (0..threads)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                for _ in 0..5 {
                    let mut count = count.lock();
                    let before = *count;
                    thread::yield_now();
                    *count = before + 1;
                }
            })
        })
        .collect();
    adding.into_iter().for_each(|thread| thread.join().unwrap());
    Arc::into_inner(count).expect("all threads have ended").into_inner()
}

#[test]
fn mutex_lets_in_one_at_a_time() {
    in_both_worlds(|| assert_eq!(count_together(4), 20));
}

#[test]
fn try_lock_does_not_wait() {
    in_both_worlds(|| {
        let lock = Mutex::new(1);
        let guard = lock.lock();
        assert!(lock.is_locked());
        thread::scope(|scope| {
            scope.spawn(|| assert!(lock.try_lock().is_none()));
        });
        drop(guard);
        assert_eq!(*lock.try_lock().unwrap(), 1);
        assert!(!lock.is_locked());
    });
}

#[test]
fn timed_lock_gives_up_in_time_and_not_before() {
    in_both_worlds(|| {
        let lock = Mutex::new(());
        let guard = lock.lock();
        thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                assert!(lock.try_lock_for(2 * MS).is_none());
                assert!(start.elapsed() >= 2 * MS);
                assert!(lock.try_lock_until(start + 3 * MS).is_none());
                assert!(start.elapsed() >= 3 * MS);
            });
        });
        drop(guard);
        assert!(lock.try_lock_for(Duration::ZERO).is_some(), "a free lock needs no time");
    });
}

#[test]
fn timed_lock_gets_what_is_given_back_in_time() {
    in_both_worlds(|| {
        let lock = Arc::new(Mutex::new(0));
        let guard = lock.lock();
        let theirs = Arc::clone(&lock);
        let waiting = thread::spawn(move || theirs.try_lock_for(Duration::from_secs(60)).map(|guard| *guard));
        thread::sleep(MS);
        drop(guard);
        assert_eq!(waiting.join().unwrap(), Some(0));
    });
}

#[test]
fn waiter_that_gives_up_is_passed_over() {
    in_simulation(|| {
        let lock = Arc::new(Mutex::new(()));
        let guard = lock.lock();
        let threads: Vec<_> = (0..6)
            .map(|i| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || match i % 2 {
                    0 => lock.try_lock_for(MS).is_some(),
                    _ => lock.try_lock_for(Duration::from_secs(1)).is_some(),
                })
            })
            .collect();
        thread::sleep(2 * MS);
        drop(guard);
        let got: Vec<bool> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(got, [false, true, false, true, false, true]);
    });
}

#[test]
fn guard_can_be_narrowed_and_still_locks() {
    in_both_worlds(|| {
        let lock = Mutex::new((1, "one".to_owned()));
        let mut name: MappedMutexGuard<'_, String> = MutexGuard::map(lock.lock(), |pair| &mut pair.1);
        name.push('!');
        assert!(lock.is_locked());
        drop(name);
        assert!(!lock.is_locked());
        assert!(MutexGuard::try_map(lock.lock(), |pair| (pair.0 > 1).then_some(&mut pair.1)).is_err());
        assert_eq!(lock.into_inner(), (1, "one!".to_owned()));
    });
}

#[test]
fn guard_can_let_others_in_for_a_while() {
    in_both_worlds(|| {
        let lock = Arc::new(Mutex::new(0));
        let mut guard = lock.lock();
        let theirs = Arc::clone(&lock);
        MutexGuard::unlocked(&mut guard, move || thread::spawn(move || *theirs.lock() = 7).join().unwrap());
        assert_eq!(*guard, 7);
        *guard += 1;
        drop(guard);
        assert_eq!(*lock.lock(), 8);
    });
}

#[test]
fn panic_gives_the_lock_back_unpoisoned() {
    in_both_worlds(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let panicking = thread::spawn(move || {
            let mut guard = theirs.lock();
            *guard = 1;
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panicking.join().is_err());
        assert_eq!(*lock.lock(), 1);
    });
}

#[test]
fn taking_ones_own_lock_again_is_a_misuse() {
    let message = misuse(|| {
        let lock = Mutex::new(());
        let _first = lock.lock();
        let _second = lock.lock();
    });
    assert!(message.contains(file!()) && message.contains("Drop the first guard"), "{message}");
}

#[test]
fn trying_ones_own_lock_again_fails() {
    in_both_worlds(|| {
        let lock = Mutex::new(());
        let _first = lock.lock();
        assert!(lock.try_lock().is_none() && lock.try_lock_for(MS).is_none());
    });
}

#[test]
fn seed_decides_who_comes_first() {
    let orders = outcomes(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..3)
            .map(|i| {
                let order = Arc::clone(&order);
                thread::spawn(move || order.lock().push(i))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        order.lock().clone()
    });
    assert_eq!(orders.len(), 6, "{orders:?}");
}

#[test]
fn crash_of_the_holder_lets_all_others_in_one_by_one() {
    in_simulation(|| {
        let count = Arc::new(Mutex::new(0));
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&count);
        node.spawn("holder", move || {
            let _guard = theirs.lock();
            thread::sleep(Duration::from_secs(1000));
        });
        thread::sleep(MS);
        let waiting: Vec<_> = (0..5)
            .map(|i| {
                let count = Arc::clone(&count);
                NodeHandle::new(format!("W{i}")).spawn("waits", move || {
                    let mut count = count.lock();
                    let before = *count;
                    thread::yield_now();
                    *count = before + 1;
                })
            })
            .collect();
        thread::sleep(MS);
        node.crash();
        waiting.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*count.lock(), 5);
    });
}

#[test]
fn lock_is_not_kept_for_one_who_is_paused() {
    in_simulation(|| {
        let lock = Arc::new(Mutex::new(()));
        let nodes: Vec<NodeHandle> = (0..4).map(|i| NodeHandle::new(format!("S{i}"))).collect();
        let guard = lock.lock();
        let waiting: Vec<_> = nodes
            .iter()
            .map(|node| {
                let lock = Arc::clone(&lock);
                node.spawn("waits", move || drop(lock.lock()))
            })
            .collect();
        thread::sleep(MS);
        // The first is paused before, the second after the lock was given back.
        nodes[0].pause();
        drop(guard);
        nodes[1].pause();
        thread::sleep(MS);
        assert!(waiting[2].is_finished() && waiting[3].is_finished(), "paused threads hold others up");
        nodes[1].crash();
        nodes[0].resume();
        thread::sleep(MS);
        assert!(waiting[0].is_finished());
    });
}
