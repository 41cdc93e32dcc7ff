//! Guards that leave the stack of their thread, and what was borrowed from them: whatever safe code does with them, and whenever
//! the node of their thread crashes, nobody gets a lock whose value somebody who still runs can reach.

#![forbid(unsafe_code)]
#![allow(
    clippy::explicit_auto_deref,
    reason = "without it a box of the value is expected, and not one of its guard"
)]
#![allow(clippy::disallowed_macros, reason = "what goes wrong with std's thread_local is tested")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use labrpc::channel;
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{
    Arc, Condvar, Mutex, MutexGuard, ReentrantMutex, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use labrpc::thread;

use crate::support::{failure, in_both_worlds, in_simulation};

mod borrowers;

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(1000);

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Starts `holds` on a node, which crashes when it has done so, and calls `then` afterwards.
fn crash_after(holds: impl FnOnce() + Send + 'static, then: impl FnOnce()) {
    let node = NodeHandle::new("S1");
    node.spawn("holder", move || {
        holds();
        thread::sleep(LONG);
    });
    thread::sleep(MS);
    node.crash();
    then();
}

/// Nobody may change what `value` leads to while it is there.
fn nobody_gets_in(lock: &Mutex<Vec<String>>, value: &mut Vec<String>) {
    let first = &value[0];
    assert!(
        lock.try_lock().is_none() && lock.try_lock_for(MS).is_none(),
        "two have the value for themselves"
    );
    assert_eq!(first, "first");
    value.clear();
}

fn value() -> Vec<String> {
    vec!["first".to_owned()]
}

#[test]
fn leaked_reference_keeps_the_lock_of_a_crashed_thread() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(Mutex::new(value()));
        crash_after(
            move || sender.send(MutexGuard::leak(lock.lock())).unwrap(),
            || nobody_gets_in(lock, receiver.recv().unwrap()),
        );
    });
}

#[test]
fn reference_out_of_a_leaked_box_keeps_the_lock_of_a_crashed_thread() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(Mutex::new(value()));
        crash_after(
            move || {
                let guard: &'static mut MutexGuard<'static, _> = Box::leak(Box::new(lock.lock()));
                let value: &'static mut Vec<String> = guard;
                sender.send(value).unwrap();
            },
            || nobody_gets_in(lock, receiver.recv().unwrap()),
        );
    });
}

#[test]
fn reference_out_of_a_leaked_guard_that_owns_its_lock_keeps_it() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = Arc::new(Mutex::new(value()));
        let theirs = Arc::clone(&lock);
        crash_after(
            move || {
                let value: &'static mut Vec<String> = &mut **Box::leak(Box::new(theirs.lock_arc()));
                sender.send(value).unwrap();
            },
            || nobody_gets_in(&lock, receiver.recv().unwrap()),
        );
    });
}

#[test]
fn part_of_a_value_out_of_a_leaked_guard_keeps_the_lock() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(Mutex::new((0, value())));
        crash_after(
            move || {
                let part: &'static mut Vec<String> =
                    &mut **Box::leak(Box::new(MutexGuard::map(lock.lock(), |pair| &mut pair.1)));
                sender.send(part).unwrap();
            },
            || {
                let part = receiver.recv().unwrap();
                assert!(lock.try_lock().is_none());
                assert_eq!(part[0], "first");
            },
        );
    });
}

/// A guard may be looked at by other threads, though it is not theirs.
#[test]
fn shared_guard_gives_a_reference_or_its_lock_but_not_both() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(Mutex::new(value()));
        crash_after(
            move || sender.send(&*Box::leak(Box::new(lock.lock()))).unwrap(),
            || {
                let guard: &'static MutexGuard<'static, Vec<String>> = receiver.recv().unwrap();
                assert_eq!(guard[0], "first");
                assert!(lock.try_lock().is_none());
                assert_eq!(guard[0], "first");
            },
        );
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(Mutex::new(value()));
        crash_after(
            move || sender.send(&*Box::leak(Box::new(lock.lock()))).unwrap(),
            || {
                let guard: &'static MutexGuard<'static, Vec<String>> = receiver.recv().unwrap();
                lock.lock().clear();
                let looks = catch_unwind(AssertUnwindSafe(|| guard.len()));
                let message = *looks.unwrap_err().downcast::<&'static str>().unwrap();
                assert!(message.contains("was taken away when the node of its thread crashed"), "{message}");
            },
        );
    });
}

#[test]
fn references_under_a_read_write_lock_keep_it() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(RwLock::new(value()));
        crash_after(
            move || {
                let shared: &'static Vec<String> = &**Box::leak(Box::new(lock.read()));
                let part: &'static String =
                    &**Box::leak(Box::new(RwLockReadGuard::map(lock.read(), |value| &value[0])));
                let upgradable = Box::leak(Box::new(lock.upgradable_read()));
                sender.send((shared, part, &**upgradable)).unwrap();
            },
            || {
                let (shared, part, upgradable) = receiver.recv().unwrap();
                assert!(lock.try_write().is_none() && lock.try_upgradable_read().is_none());
                assert_eq!((&shared[0], part, &upgradable[0]), (part, part, part));
                assert!(lock.try_read().is_some(), "readers do each other no harm");
            },
        );
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(RwLock::new(value()));
        crash_after(
            move || {
                let part: &'static mut String =
                    &mut **Box::leak(Box::new(RwLockWriteGuard::map(lock.write(), |value| &mut value[0])));
                sender.send(part).unwrap();
            },
            || {
                let part = receiver.recv().unwrap();
                assert!(lock.try_read().is_none() && lock.try_write().is_none());
                part.push('!');
            },
        );
    });
}

#[test]
fn references_under_a_reentrant_mutex_keep_it() {
    in_simulation(|| {
        let (sender, receiver) = channel::unbounded();
        let lock = leaked(ReentrantMutex::new(value()));
        crash_after(
            move || {
                let _inner = lock.lock();
                let value: &'static Vec<String> = &**Box::leak(Box::new(lock.lock()));
                sender.send(value).unwrap();
            },
            || {
                let value = receiver.recv().unwrap();
                assert!(lock.try_lock().is_none());
                assert_eq!(value[0], "first");
            },
        );
    });
}

std::thread_local! {
    static SHARED: RefCell<Option<MutexGuard<'static, Vec<String>>>> = const { RefCell::new(None) };
}

/// All threads of a simulation share std's thread-locals.
#[test]
fn guard_that_another_thread_takes_out_of_a_thread_local_gives_its_lock_back_or_nothing() {
    in_simulation(|| {
        // Its thread lives: the other one has the lock now, and gives it back.
        let lock = leaked(Mutex::new(value()));
        thread::spawn(move || {
            SHARED.set(Some(lock.lock()));
            thread::sleep(LONG);
        });
        thread::sleep(MS);
        let mut guard = SHARED.take().unwrap();
        nobody_gets_in(lock, &mut guard);
        drop(guard);
        lock.lock().push("first".to_owned());
        // Its thread has ended: the guard is all that is left of its hold.
        thread::spawn(move || SHARED.set(Some(lock.lock()))).join().unwrap();
        let guard = SHARED.take().unwrap();
        assert!(guard[0] == "first" && lock.try_lock().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
        // Its thread crashes, and it was used.
        crash_after(
            move || SHARED.set(Some(lock.lock())),
            || {
                let mut guard = SHARED.take().unwrap();
                nobody_gets_in(lock, &mut guard);
                drop(guard);
                assert!(lock.try_lock().is_some());
            },
        );
        // Its thread crashes, and somebody else has taken the lock: the guard unlocks nothing.
        crash_after(
            move || SHARED.set(Some(lock.lock())),
            || {
                let guard = lock.lock();
                SHARED.take();
                assert!(lock.is_locked() && lock.try_lock_for(MS).is_none());
                drop(guard);
                assert!(lock.try_lock().is_some());
            },
        );
    });
}

/// Two holds of one side are not each other: a thread that drops another's guard leaves its own lock locked.
#[test]
fn reader_who_drops_the_guard_of_a_crashed_one_still_reads() {
    std::thread_local! {
            static READS: RefCell<Option<RwLockReadGuard<'static, Vec<String>>>> = const { RefCell::new(None) };
    }
    in_simulation(|| {
        let lock = leaked(RwLock::new(value()));
        crash_after(
            move || READS.set(Some(lock.read())),
            || {
                let mine = lock.read();
                READS.take();
                assert!(lock.try_write().is_none());
                assert_eq!(mine[0], "first");
                drop(mine);
                assert!(lock.try_write().is_some());
            },
        );
    });
}

/// The OS thread of a run drops what lies in std's thread-locals when the run is long over.
#[test]
fn guard_dropped_after_the_run_leaves_a_lock_of_the_real_world_alone() {
    static LOCK: Mutex<Vec<String>> = Mutex::new(Vec::new());
    std::thread_local! {
            static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    struct Late {
        guard: Option<MutexGuard<'static, Vec<String>>>,
        go: std::sync::mpsc::Receiver<()>,
        dropped: std::sync::mpsc::Sender<()>,
    }
    impl Drop for Late {
        fn drop(&mut self) {
            self.go.recv().unwrap();
            self.guard.take();
            self.dropped.send(()).unwrap();
        }
    }
    let (go, waits) = std::sync::mpsc::channel();
    let (dropped, is_dropped) = std::sync::mpsc::channel();
    Sim::new(1)
        .run(move || {
            let node = NodeHandle::new("S1");
            node.spawn("holder", move || {
                LATE.set(Some(Late { guard: Some(LOCK.lock()), go: waits, dropped }));
                thread::sleep(LONG);
            });
            thread::sleep(MS);
            node.crash();
            LOCK.lock().clear();
        })
        .unwrap();
    let guard = LOCK.lock();
    go.send(()).unwrap();
    is_dropped.recv().unwrap();
    assert!(LOCK.try_lock().is_none(), "the guard of a run that is over has unlocked it");
    drop(guard);
}

/// Guards in a vector, as those who lock all of many have them: they work, in both worlds.
#[test]
fn guards_in_a_vector_and_in_a_box_lock_and_unlock() {
    in_both_worlds(|| {
        let locks = leaked([Mutex::new(1), Mutex::new(2)]);
        let mut guards: Vec<_> = locks.iter().map(Mutex::lock).collect();
        guards.iter_mut().for_each(|guard| **guard += 1);
        assert!(locks.iter().all(Mutex::is_locked));
        drop(guards);
        assert_eq!(*locks[0].lock() + *locks[1].lock(), 5);
        let mut guard = Box::new(locks[0].lock());
        MutexGuard::unlocked(&mut guard, || *locks[0].lock() += 1);
        assert_eq!(**guard, 3);
        Condvar::new().wait_for(&mut guard, MS);
        MutexGuard::bump(&mut guard);
        drop(guard);
        assert!(!locks[0].is_locked());
    });
}

/// A guard in a box that was not looked at, or not since the lock was last taken: the lock can be taken away.
#[test]
fn unused_guard_in_a_box_does_not_keep_the_lock_of_a_crashed_thread() {
    in_simulation(|| {
        let lock = leaked(Mutex::new(value()));
        crash_after(
            || {
                let mut guard = Box::new(lock.lock());
                assert_eq!(guard[0], "first");
                MutexGuard::unlocked(&mut guard, || ());
                thread::sleep(LONG);
            },
            || assert_eq!(lock.lock()[0], "first"),
        );
    });
}

#[test]
fn report_says_why_a_lock_stays_locked() {
    let failure = failure(|| {
        let lock = leaked(Mutex::new(value()));
        crash_after(
            || {
                let guard = Box::new(lock.lock());
                assert_eq!(guard[0], "first");
                thread::sleep(LONG);
            },
            || drop(lock.lock()),
        );
    });
    let text = failure.to_string();
    let why =
        "its holder was crashed, and it stays locked: its guard was used where it does not lie on the stack";
    assert!(text.contains(why) && text.contains("which S1/holder holds"), "{text}");
}

/// Each of these was right before, too.
#[test]
fn guard_stays_with_its_thread() {
    fn is_shared<T: Sync>(_: &T) {}
    let (mutex, rwlock) = (Mutex::new(1), RwLock::new(1));
    is_shared(&mutex.lock());
    is_shared(&rwlock.read());
    is_shared(&MutexGuard::map(mutex.lock(), |value| value));
}
