//! Read-write locks in both worlds.

use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::{Arc, Barrier, RwLock, RwLockReadGuard, RwLockWriteGuard};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn readers_are_in_together() {
    in_both_worlds(|| {
        let lock = RwLock::new(5);
        let all_in = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let guard = lock.read();
                    all_in.wait();
                    assert_eq!(*guard, 5);
                });
            }
        });
    });
}

#[test]
fn writer_is_alone() {
    in_both_worlds(|| {
        let lock = Arc::new(RwLock::new((0, 0)));
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..5 {
                        if i % 2 == 0 {
                            let mut pair = lock.write();
                            pair.0 += 1;
                            thread::yield_now();
                            pair.1 += 1;
                        } else {
                            let pair = lock.read();
                            assert_eq!(pair.0, pair.1, "a reader saw half of a write");
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.read(), (10, 10));
    });
}

#[test]
fn tries_do_not_wait() {
    in_both_worlds(|| {
        let lock = RwLock::new(0);
        let reading = lock.read();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(lock.try_write().is_none());
                assert!(lock.try_read().is_some());
            });
        });
        assert!(lock.is_locked() && !lock.is_locked_exclusive());
        drop(reading);
        let writing = lock.write();
        thread::scope(|scope| {
            scope.spawn(|| assert!(lock.try_write().is_none() && lock.try_read().is_none()));
        });
        assert!(lock.is_locked_exclusive());
        drop(writing);
        assert!(!lock.is_locked());
    });
}

#[test]
fn timed_locks_give_up_in_time_and_not_before() {
    in_both_worlds(|| {
        let lock = RwLock::new(0);
        let reading = lock.read();
        thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                assert!(lock.try_write_for(MS).is_none());
                assert!(lock.try_write_until(start + 2 * MS).is_none());
                assert!(start.elapsed() >= 2 * MS);
            });
        });
        drop(reading);
        let writing = lock.write();
        thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                assert!(lock.try_read_for(MS).is_none());
                assert!(lock.try_read_until(start + 2 * MS).is_none());
                assert!(start.elapsed() >= 2 * MS);
            });
        });
        drop(writing);
        assert!(lock.try_read_for(Duration::ZERO).is_some());
        assert!(lock.try_write_for(Duration::from_secs(60)).is_some());
        assert!(lock.try_read_for(Duration::MAX).is_some(), "an endless timeout is no overflow");
        assert!(lock.try_write_for(Duration::MAX).is_some());
    });
}

#[test]
fn writer_gets_its_turn_among_readers_that_never_pause() {
    in_both_worlds(|| {
        let lock = Arc::new(RwLock::new(false));
        let reading: Vec<_> = (0..2)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    loop {
                        let done = lock.read();
                        thread::yield_now();
                        if *done {
                            break;
                        }
                    }
                })
            })
            .collect();
        *lock.write() = true;
        reading.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn readers_behind_a_writer_that_gives_up_go_on() {
    in_simulation(|| {
        let lock = Arc::new(RwLock::new(0));
        let guard = lock.read();
        let (writers, readers) = (Arc::clone(&lock), Arc::clone(&lock));
        let writing = thread::spawn(move || writers.try_write_for(5 * MS).is_none());
        thread::sleep(MS);
        let reading = thread::spawn(move || *readers.read());
        thread::sleep(MS);
        assert!(!reading.is_finished(), "a writer waits, so readers that come later wait behind it");
        assert!(writing.join().unwrap());
        assert_eq!(reading.join().unwrap(), 0);
        drop(guard);
    });
}

#[test]
fn readers_behind_a_writer_that_crashes_go_on() {
    in_simulation(|| {
        let lock = Arc::new(RwLock::new(0));
        let guard = lock.read();
        let node = NodeHandle::new("S1");
        let (writers, readers) = (Arc::clone(&lock), Arc::clone(&lock));
        node.spawn("writer", move || *writers.write() = 1);
        thread::sleep(MS);
        let reading = thread::spawn(move || *readers.read());
        thread::sleep(MS);
        node.crash();
        assert_eq!(reading.join().unwrap(), 0);
        drop(guard);
    });
}

#[test]
fn crash_of_whoever_is_inside_lets_all_others_in() {
    in_simulation(|| {
        for is_writer in [false, true] {
            let lock = Arc::new(RwLock::new(0));
            let node = NodeHandle::new("S1");
            let theirs = Arc::clone(&lock);
            node.spawn("inside", move || {
                let _write = is_writer.then(|| theirs.write());
                let _read = (!is_writer).then(|| theirs.read());
                thread::sleep(Duration::from_secs(1000));
            });
            thread::sleep(MS);
            let waiting: Vec<_> = (0..5)
                .map(|i| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || match i % 2 {
                        0 => *lock.write() += 1,
                        _ => assert!(*lock.read() <= 3),
                    })
                })
                .collect();
            thread::sleep(MS);
            node.crash();
            waiting.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(*lock.read(), 3);
        }
    });
}

#[test]
fn guards_can_be_narrowed_and_downgraded() {
    in_both_worlds(|| {
        let lock = RwLock::new((1, 2));
        *RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1) += 1;
        assert_eq!(*RwLockReadGuard::map(lock.read(), |pair| &pair.1), 3);
        assert!(!lock.is_locked());
    });
}
