//! crossbeam's wait groups, parkers and sharded locks, in both worlds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::TryLockError;
use std::time::Duration;

use labrpc::sim::{Cause, NodeHandle, Sim};
use labrpc::sync::atomic::{AtomicUsize, Ordering};
use labrpc::sync::{Arc, Parker, ShardedLock, WaitGroup};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn group_is_waited_for_until_all_have_gone() {
    in_both_worlds(|| {
        let group = WaitGroup::new();
        let gone = Arc::new(AtomicUsize::new(0));
        for i in 0..4 {
            let (group, gone) = (group.clone(), Arc::clone(&gone));
            thread::spawn(move || {
                if i % 2 == 0 {
                    thread::yield_now();
                }
                gone.fetch_add(1, Ordering::SeqCst);
                drop(group);
            });
        }
        group.wait();
        assert_eq!(gone.load(Ordering::SeqCst), 4);
        WaitGroup::default().wait();
    });
}

#[test]
fn all_who_wait_for_a_group_meet() {
    in_both_worlds(|| {
        let group = WaitGroup::new();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let group = group.clone();
                thread::spawn(move || group.wait())
            })
            .collect();
        group.wait();
        waiting.into_iter().for_each(|waiting| waiting.join().unwrap());
    });
}

#[test]
fn group_that_a_crashed_node_is_in_is_a_deadlock() {
    let failure = failure(|| {
        let group = WaitGroup::new();
        let theirs = group.clone();
        let node = NodeHandle::new("S1");
        node.spawn("member", move || {
            thread::sleep(Duration::from_secs(1));
            drop(theirs);
        });
        thread::sleep(MS);
        node.crash();
        group.wait();
    });
    let Cause::Deadlock { threads, .. } = &failure.cause else { panic!("{failure}") };
    assert!(threads[0].activity.contains(file!()), "{}", threads[0].activity);
}

#[test]
fn parker_is_let_go_by_its_unparker() {
    in_both_worlds(|| {
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        unparker.unpark();
        unparker.unpark();
        parker.park();
        // Before the other one begins to sleep: on a busy machine it may be awake before this thread goes on.
        let start = Instant::now();
        let other = thread::spawn(move || {
            thread::sleep(MS);
            unparker.unpark();
        });
        parker.park();
        assert!(start.elapsed() >= MS, "two unparks before a park are one");
        other.join().unwrap();
    });
}

#[test]
fn park_of_a_parker_ends_in_time() {
    in_both_worlds(|| {
        let parker = Parker::default();
        let start = Instant::now();
        parker.park_timeout(MS);
        parker.park_deadline(start + 2 * MS);
        assert!(start.elapsed() >= 2 * MS);
        parker.unparker().unpark();
        parker.park_timeout(Duration::from_secs(60));
        parker.unparker().unpark();
        parker.park_timeout(Duration::MAX);
        parker.unparker().unpark();
        parker.park_deadline(start);
        let unparked = Instant::now();
        parker.park_timeout(MS);
        assert!(unparked.elapsed() >= MS, "a park whose time was over spent the unpark all the same");
    });
}

#[test]
fn unpark_of_the_thread_does_not_let_its_parker_go() {
    in_simulation(|| {
        let parker = Parker::new();
        thread::current().unpark();
        let start = Instant::now();
        parker.park_timeout(MS);
        assert!(start.elapsed() >= MS);
    });
}

#[test]
fn sharded_lock_lets_readers_in_together_and_writers_alone() {
    in_both_worlds(|| {
        let lock = Arc::new(ShardedLock::new((0, 0)));
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..5 {
                        if i % 2 == 0 {
                            let mut pair = lock.write().unwrap();
                            pair.0 += 1;
                            thread::yield_now();
                            pair.1 += 1;
                        } else {
                            let pair = lock.read().unwrap();
                            assert_eq!(pair.0, pair.1, "a reader saw half of a write");
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let reading = lock.read().unwrap();
        assert_eq!(*reading, (10, 10));
        assert!(lock.try_read().is_ok());
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        drop(reading);
        let _writing = lock.try_write().unwrap();
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
    });
}

#[test]
fn panic_of_a_writer_and_of_nobody_else_poisons_a_sharded_lock() {
    in_both_worlds(|| {
        let mut lock = ShardedLock::new(1);
        let panics = |with: &dyn Fn()| catch_unwind(AssertUnwindSafe(with)).unwrap_err();
        panics(&|| {
            let _reading = lock.read().unwrap();
            resume_unwind(Box::new(()));
        });
        assert!(!lock.is_poisoned());
        panics(&|| {
            *lock.write().unwrap() = 2;
            let _writing = lock.write().unwrap();
            resume_unwind(Box::new(()));
        });
        assert!(lock.is_poisoned());
        assert_eq!(**lock.read().unwrap_err().get_ref(), 2);
        *lock.write().unwrap_err().into_inner() += 1;
        assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(guard)) if **guard.get_ref() == 3));
        assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
        assert_eq!(*lock.get_mut().unwrap_err().into_inner(), 3);
        assert_eq!(lock.into_inner().unwrap_err().into_inner(), 3);
    });
}

#[test]
fn crash_of_a_writer_and_the_end_of_the_run_poison_no_sharded_lock() {
    let lock = Arc::new(ShardedLock::new(1));
    let theirs = Arc::clone(&lock);
    Sim::new(1)
        .run(move || {
            let node = NodeHandle::new("S1");
            let crashing = Arc::clone(&theirs);
            node.spawn("crashes", move || {
                let _writing = crashing.write().unwrap();
                thread::sleep(Duration::from_secs(1));
            });
            thread::sleep(MS);
            node.crash();
            *theirs.write().unwrap() = 2;
            thread::spawn(move || {
                let _writing = theirs.write().unwrap();
                thread::sleep(Duration::from_secs(1));
            });
            thread::sleep(MS);
        })
        .unwrap();
    assert!(!lock.is_poisoned());
    assert_eq!(*lock.read().unwrap(), 2);
}
