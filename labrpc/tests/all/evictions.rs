//! Locks that are taken away from threads of crashed nodes: with safe code alone, and whatever lies on their stacks.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Mutex, RwLock};
use labrpc::thread;

const MS: Duration = Duration::from_millis(1);

fn boxes() -> Vec<String> {
    (0..64).map(|number: u32| number.to_string()).collect()
}

/// A crashed thread stands in the middle of a drain, and somebody else replaces the vector.
#[test]
fn vector_that_a_crashed_thread_drains_is_replaced() {
    for seed in 0..20 {
        let run = Sim::new(seed).run(|| {
            let data = Arc::new(Mutex::new(boxes()));
            let node = NodeHandle::new("S0");
            let drained = Arc::clone(&data);
            node.spawn("drain", move || {
                let mut guard = drained.lock();
                for item in guard.drain(..4) {
                    thread::sleep(Duration::from_secs(1));
                    drop(item);
                }
            });
            thread::sleep(MS);
            node.crash();
            *data.lock() = boxes();
            data.lock().clear();
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// The same behind a lock for reading and writing.
#[test]
fn vector_behind_a_read_write_lock_is_replaced() {
    let run = Sim::new(1).run(|| {
        let data = Arc::new(RwLock::new(boxes()));
        let node = NodeHandle::new("S0");
        let drained = Arc::clone(&data);
        node.spawn("drain", move || {
            let mut guard = drained.write();
            for item in guard.drain(..4) {
                thread::sleep(Duration::from_secs(1));
                drop(item);
            }
        });
        thread::sleep(MS);
        node.crash();
        *data.write() = boxes();
        assert_eq!(data.read().len(), 64);
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

struct LocksWhenDropped(Arc<Mutex<Vec<String>>>);

impl Drop for LocksWhenDropped {
    fn drop(&mut self) {
        *self.0.lock() = boxes();
    }
}

/// Without any crash: the run ends while one thread drains, and the destructor of a younger one locks.
#[test]
fn destructor_locks_what_a_thread_drains_when_the_run_ends() {
    let run = Sim::new(1).run(|| {
        let data = Arc::new(Mutex::new(boxes()));
        let drained = Arc::clone(&data);
        thread::spawn(move || {
            let mut guard = drained.lock();
            for item in guard.drain(..4) {
                thread::sleep(Duration::from_secs(1));
                drop(item);
            }
        });
        thread::sleep(MS);
        let younger = LocksWhenDropped(Arc::clone(&data));
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            drop(younger);
        });
        thread::sleep(MS);
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

/// A guard is forgotten, its node crashes, its lock goes, and others get locks that may lie at the same place: never two of
/// them inside.
#[test]
fn forgotten_guard_lets_nobody_into_another_lock() {
    let run = Sim::new(1).run(|| {
        let node = NodeHandle::new("S0");
        node.spawn("forgets", || {
            for _ in 0..64 {
                let lock = Box::new(Mutex::new(0_u64));
                std::mem::forget(lock.lock());
                drop(lock);
            }
            thread::sleep(Duration::from_secs(1000));
        });
        thread::sleep(MS);
        node.crash();
        for _ in 0..64 {
            let lock = Arc::new(Mutex::new(0_u64));
            let inner = Arc::clone(&lock);
            let holder = thread::spawn(move || {
                let mut guard = inner.lock();
                *guard = 1;
                thread::sleep(MS * 5);
                assert_eq!(*guard, 1, "somebody else was inside");
            });
            thread::sleep(MS);
            *lock.lock() = 2;
            holder.join().unwrap();
        }
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}
