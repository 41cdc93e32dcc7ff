//! The relatives of the mutex in both worlds: reentrant ones, fair ones, and guards that own an `Arc`.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{
    Arc, ArcMutexGuard, FairMutex, FairMutexGuard, Mutex, RawMutex, ReentrantLock, ReentrantMutex,
    ReentrantMutexGuard, RwLock, const_fair_mutex, const_mutex, const_reentrant_mutex, const_rwlock,
};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation, misuse};

const MS: Duration = Duration::from_millis(1);

#[test]
fn holder_locks_again_and_others_wait_for_its_last_guard() {
    in_both_worlds(|| {
        let lock = ReentrantMutex::new(Cell::new(0));
        let outer = lock.lock();
        let inner = lock.try_lock().unwrap();
        inner.set(1);
        drop(outer);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(lock.try_lock().is_none() && !lock.is_owned_by_current_thread());
                let start = Instant::now();
                assert!(lock.try_lock_for(MS).is_none() && lock.try_lock_until(start + 2 * MS).is_none());
                assert!(start.elapsed() >= 2 * MS);
            });
        });
        assert!(lock.is_owned_by_current_thread());
        drop(inner);
        assert!(!lock.is_locked());
        let part = ReentrantMutexGuard::map(lock.lock(), |cell| cell);
        assert_eq!(part.get(), 1);
    });
}

#[test]
fn reentrant_mutex_excludes_other_threads() {
    in_both_worlds(|| {
        let lock = Arc::new(ReentrantLock::new(RefCell::new(0)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..10 {
                        let outer = lock.lock();
                        let before = *outer.borrow();
                        thread::yield_now();
                        *lock.lock().borrow_mut() = before + 1;
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.lock().borrow(), 30);
    });
}

#[test]
fn threads_of_two_simulations_are_not_taken_for_each_other() {
    static LOCK: ReentrantMutex<()> = const_reentrant_mutex(());
    let body = || std::mem::forget(LOCK.lock());
    Sim::new(1).run(body).unwrap();
    let owned = Sim::new(1).run(|| LOCK.is_owned_by_current_thread()).unwrap();
    assert!(!owned.0, "the first thread of one run is not that of another");
    assert!(!LOCK.is_owned_by_current_thread());
}

#[test]
fn thread_is_not_taken_for_one_that_has_ended() {
    in_both_worlds(|| {
        let lock = Arc::new(ReentrantMutex::new(()));
        let (forgets, tries) = (Arc::clone(&lock), Arc::clone(&lock));
        thread::spawn(move || std::mem::forget(forgets.lock())).join().unwrap();
        let next = thread::spawn(move || tries.is_owned_by_current_thread() || tries.try_lock().is_some());
        assert!(!next.join().unwrap());
    });
}

#[test]
fn crash_of_the_holder_of_a_reentrant_mutex_lets_another_have_it() {
    in_simulation(|| {
        let lock = Arc::new(ReentrantMutex::new(Cell::new(0)));
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&lock);
        node.spawn("holder", move || {
            let (_outer, _inner) = (theirs.lock(), theirs.lock());
            thread::sleep(Duration::from_secs(1000));
        });
        thread::sleep(MS);
        let waiting = Arc::clone(&lock);
        let waiting = thread::spawn(move || {
            let (outer, _inner) = (waiting.lock(), waiting.lock());
            outer.set(outer.get() + 1);
        });
        thread::sleep(MS);
        node.crash();
        waiting.join().unwrap();
        assert_eq!(lock.lock().get(), 1);
        drop(lock.lock());
        assert!(!lock.is_locked());
    });
}

#[test]
fn threads_that_hold_reentrant_mutexes_crosswise_are_a_deadlock() {
    let failure = failure(|| {
        let locks = Arc::new((ReentrantMutex::new(()), ReentrantMutex::new(())));
        let theirs = Arc::clone(&locks);
        let other = thread::spawn(move || {
            let _second = theirs.1.lock();
            thread::sleep(MS);
            drop(theirs.0.lock());
        });
        let _first = locks.0.lock();
        thread::sleep(MS);
        drop(locks.1.lock());
        other.join().unwrap();
    });
    assert!(failure.to_string().contains("They wait in a circle"), "{failure}");
}

#[test]
fn fair_mutex_is_a_mutex() {
    in_both_worlds(|| {
        let lock = Arc::new(FairMutex::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..10 {
                        let mut guard = lock.lock();
                        let before = *guard;
                        thread::yield_now();
                        *guard = before + 1;
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let guard = lock.lock();
        assert_eq!(*guard, 30);
        thread::scope(|scope| {
            scope.spawn(|| assert!(lock.try_lock().is_none() && lock.try_lock_for(MS).is_none()));
        });
        assert_eq!(*FairMutexGuard::map(guard, |count| count), 30);
        assert!(!lock.is_locked() && lock.try_lock().is_some());
    });
    let message = misuse(|| {
        let lock = FairMutex::new(());
        let (_first, _second) = (lock.lock(), lock.lock());
    });
    assert!(message.contains("it would wait for itself for ever"), "{message}");
}

/// What a thread holds that outlives the borrow of what it has locked.
struct Account {
    balance: ArcMutexGuard<RawMutex, u32>,
}

#[test]
fn guards_that_own_their_lock_live_where_no_borrow_does() {
    in_both_worlds(|| {
        let lock = Arc::new(Mutex::new(1));
        let mut account = Account { balance: lock.lock_arc() };
        *account.balance += 1;
        assert!(lock.try_lock_arc().is_none());
        drop(account);
        assert_eq!(*lock.lock(), 2);
        let lock = Arc::new(RwLock::new(1));
        let (first, second) = (lock.read_arc(), lock.try_read_arc().unwrap());
        assert!(lock.try_write_arc().is_none());
        drop((first, second));
        *lock.write_arc() += 1;
        *labrpc::sync::ArcRwLockUpgradableReadGuard::upgrade(lock.upgradable_read_arc()) += 1;
        assert_eq!(*lock.read(), 3);
        let lock = Arc::new(ReentrantMutex::new(1));
        let (outer, inner) = (lock.lock_arc(), lock.lock_arc());
        assert_eq!(*outer + *inner, 2);
    });
}

#[test]
fn crash_of_who_has_a_guard_that_owns_its_lock_lets_another_have_it() {
    in_simulation(|| {
        let lock = Arc::new(Mutex::new(0));
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&lock);
        node.spawn("holder", move || {
            let _guard = theirs.lock_arc();
            drop(theirs);
            thread::sleep(Duration::from_secs(1000));
        });
        thread::sleep(MS);
        node.crash();
        *lock.lock_arc() += 1;
        assert_eq!(*lock.lock(), 1);
    });
}

#[test]
fn locks_can_be_made_in_constants() {
    static LOCKS: (Mutex<u32>, RwLock<u32>, FairMutex<u32>) =
        (const_mutex(1), const_rwlock(2), const_fair_mutex(3));
    assert_eq!((*LOCKS.0.lock(), *LOCKS.1.read(), *LOCKS.2.lock()), (1, 2, 3));
}
