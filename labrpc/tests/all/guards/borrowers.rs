//! Threads that borrow from a guard of another: they are left with it, or the lock stays locked.

#![forbid(unsafe_code)]

use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use super::{LONG, MS};

fn boxes() -> Vec<String> {
    (0..64).map(|number: u32| number.to_string()).collect()
}

/// A thread of a scope drains what its parent has locked. The node crashes, or the run ends; somebody takes the lock and
/// replaces the vector. Neither of the two may ever be unwound.
#[test]
fn thread_of_a_scope_that_borrows_from_a_guard_is_left_with_it() {
    for crashes in [true, false] {
        for seed in 0..20 {
            let run = Sim::new(seed).run(move || {
                let data = Arc::new(Mutex::new(boxes()));
                let node = NodeHandle::new("S0");
                let drained = Arc::clone(&data);
                node.spawn("parent", move || {
                    let mut guard = drained.lock();
                    let value: &mut Vec<String> = &mut guard;
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            for item in value.drain(..4) {
                                thread::sleep(LONG);
                                drop(item);
                            }
                        });
                    });
                });
                thread::sleep(MS);
                if crashes {
                    node.crash();
                    *data.lock() = boxes();
                } else {
                    let younger = Replaces(Arc::clone(&data));
                    thread::spawn(move || {
                        thread::sleep(LONG);
                        drop(younger);
                    });
                    thread::sleep(MS);
                }
            });
            run.unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
}

/// As above; the drain is in a closure that has not begun to run.
#[test]
fn thread_of_a_scope_that_never_began_is_left_with_what_it_borrows() {
    for seed in 0..50 {
        let run = Sim::new(seed).run(|| {
            let data = Arc::new(Mutex::new(boxes()));
            let node = NodeHandle::new("S0");
            let (drained, crashed) = (Arc::clone(&data), node.clone());
            node.spawn("parent", move || {
                let mut guard = drained.lock();
                let drain = guard.drain(..4);
                thread::scope(|scope| {
                    scope.spawn(move || drain.for_each(drop));
                    crashed.crash();
                    thread::sleep(LONG);
                });
            });
            thread::sleep(MS);
            *data.lock() = boxes();
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

struct Replaces(Arc<Mutex<Vec<String>>>);

impl Drop for Replaces {
    fn drop(&mut self) {
        *self.0.lock() = boxes();
    }
}

/// Borrowers of which the simulation knows nothing but that they were started.
#[cfg(all(target_os = "linux", target_env = "gnu", not(any(labrpc_asan, labrpc_no_interpose))))]
mod system {
    use super::super::{crash_after, value};
    use super::*;

    /// A thread holds a lock, its node crashes, and nobody else gets the lock: a thread of the system may have a reference.
    fn keeps_its_lock(holds: fn(&Mutex<Vec<String>>, std::sync::mpsc::Receiver<()>)) {
        let run = Sim::new(1).run(move || {
            let lock = Arc::new(Mutex::new(value()));
            let theirs = Arc::clone(&lock);
            let (stop, stopped) = std::sync::mpsc::channel::<()>();
            crash_after(move || holds(&theirs, stopped), || assert!(lock.try_lock().is_none()));
            stop.send(()).unwrap();
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
    }

    /// Threads of the system may borrow as well.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "what goes wrong with it is tested")]
    fn thread_that_lends_to_a_thread_of_the_system_keeps_its_lock() {
        keeps_its_lock(|lock, stopped| {
            let mut guard = lock.lock();
            let value: &mut Vec<String> = &mut guard;
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    stopped.recv().unwrap();
                    assert_eq!(value[0], "first");
                });
                thread::sleep(LONG);
            });
        });
    }

    /// The same, and the thread of the system was started by one of a scope of ours, which has long ended.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "what goes wrong with it is tested")]
    fn thread_whose_borrower_lends_to_a_thread_of_the_system_keeps_its_lock() {
        keeps_its_lock(|lock, stopped| {
            let guard = lock.lock();
            let value: &Vec<String> = &guard;
            std::thread::scope(|system| {
                let borrows = move || {
                    stopped.recv().unwrap();
                    assert_eq!(value[0], "first");
                };
                thread::scope(|ours| {
                    ours.spawn(move || {
                        system.spawn(borrows);
                    });
                });
                thread::sleep(LONG);
            });
        });
    }
}
