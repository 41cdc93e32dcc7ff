//! Read-write locks whose readers become writers and whose writers become readers, in both worlds.

use std::time::Duration;

use labrpc::sim::Cause;
use labrpc::sync::{
    Arc, RecursiveRwLock, RecursiveRwLockUpgradableReadGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard as Upgradable, RwLockWriteGuard,
};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation, outcomes};

const MS: Duration = Duration::from_millis(1);

#[test]
fn upgradable_reader_is_in_with_readers_and_with_no_other_of_its_kind() {
    in_both_worlds(|| {
        let lock = RwLock::new(5);
        let upgradable = lock.upgradable_read();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!((lock.try_read().map(|guard| *guard), *lock.read()), (Some(5), 5));
                assert!(lock.try_upgradable_read().is_none() && lock.try_write().is_none());
                let start = Instant::now();
                assert!(lock.try_upgradable_read_for(MS).is_none());
                assert!(lock.try_upgradable_read_until(start + 2 * MS).is_none());
                assert!(start.elapsed() >= 2 * MS);
            });
        });
        assert!(lock.is_locked() && !lock.is_locked_exclusive());
        drop(upgradable);
        assert!(!lock.is_locked() && lock.try_write().is_some() && lock.try_upgradable_read().is_some());
        assert!(lock.try_upgradable_read_for(Duration::MAX).is_some());
    });
}

#[test]
fn upgrade_waits_for_readers_and_lets_no_writer_in_between() {
    in_both_worlds(|| {
        let lock = Arc::new(RwLock::new(0));
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..5 {
                        if i % 2 == 0 {
                            let upgradable = lock.upgradable_read();
                            let before = *upgradable;
                            thread::yield_now();
                            let mut writing = Upgradable::upgrade(upgradable);
                            assert_eq!(*writing, before, "somebody wrote in between");
                            *writing += 1;
                        } else if i == 1 {
                            *lock.write() += 1;
                        } else {
                            let reading = lock.read();
                            let before = *reading;
                            thread::yield_now();
                            assert_eq!(*reading, before, "somebody wrote meanwhile");
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.read(), 15);
    });
}

#[test]
fn upgrade_that_fails_leaves_the_guard_as_it_was() {
    in_both_worlds(|| {
        let lock = RwLock::new(1);
        let mut upgradable = lock.upgradable_read();
        let reading = lock.read();
        let start = Instant::now();
        upgradable = Upgradable::try_upgrade(upgradable).unwrap_err();
        upgradable = Upgradable::try_upgrade_for(upgradable, MS).unwrap_err();
        upgradable = Upgradable::try_upgrade_until(upgradable, start + 2 * MS).unwrap_err();
        assert!(start.elapsed() >= 2 * MS);
        assert!(lock.try_upgradable_read().is_none() && lock.try_read().is_some());
        assert_eq!(upgradable.try_with_upgraded(|value| *value += 1), None);
        drop(reading);
        assert_eq!(upgradable.try_with_upgraded(|value| *value += 1), Some(()));
        upgradable.with_upgraded(|value| *value += 1);
        assert!(lock.try_read().is_some() && lock.try_write().is_none());
        let mut writing = Upgradable::try_upgrade(upgradable).unwrap();
        assert!(lock.is_locked_exclusive());
        *writing += 1;
        drop(writing);
        assert_eq!(*lock.read(), 4);
        let timed = Upgradable::try_upgrade_for(lock.upgradable_read(), Duration::MAX).unwrap();
        assert!(lock.try_read().is_none());
        drop(timed);
        assert!(!lock.is_locked());
    });
}

#[test]
fn writer_that_becomes_a_reader_lets_readers_in_and_no_writer() {
    in_both_worlds(|| {
        let lock = Arc::new(RwLock::new(0));
        let mut writing = lock.write();
        let (reads, writes) = (Arc::clone(&lock), Arc::clone(&lock));
        let reader = thread::spawn(move || *reads.read());
        thread::sleep(MS);
        *writing += 1;
        let reading = RwLockWriteGuard::downgrade(writing);
        assert_eq!(reader.join().unwrap(), 1, "the reader waits for nobody now");
        let writer = thread::spawn(move || *writes.write() += 1);
        thread::yield_now();
        assert_eq!(*reading, 1);
        drop(reading);
        writer.join().unwrap();

        let upgradable = RwLockWriteGuard::downgrade_to_upgradable(lock.write());
        assert!(lock.try_read().is_some() && lock.try_upgradable_read().is_none());
        let reading = Upgradable::downgrade(upgradable);
        assert!(lock.try_upgradable_read().is_some() && lock.try_write().is_none());
        drop(reading);
        assert_eq!(lock.try_write().map(|guard| *guard), Some(2));
    });
}

#[test]
fn guards_of_one_thread_are_given_back_each_by_itself() {
    in_both_worlds(|| {
        let lock = RwLock::new(0);
        let upgradable = lock.upgradable_read();
        let reading = lock.read();
        drop(reading);
        assert!(lock.try_upgradable_read().is_none(), "the upgradable guard is still there");
        let reading = lock.read();
        drop(upgradable);
        assert!(lock.try_upgradable_read().is_some() && lock.try_write().is_none());
        drop(reading);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn fair_and_bumped_guards_are_guards() {
    in_both_worlds(|| {
        let lock = RwLock::new(1);
        let mut upgradable = lock.upgradable_read();
        Upgradable::bump(&mut upgradable);
        assert_eq!(Upgradable::unlocked(&mut upgradable, || lock.try_write().map(|guard| *guard)), Some(1));
        Upgradable::unlock_fair(upgradable);
        let mut reading = lock.read();
        RwLockReadGuard::bump(&mut reading);
        RwLockReadGuard::unlock_fair(reading);
        let mut writing = lock.write();
        RwLockWriteGuard::bump(&mut writing);
        assert!(lock.is_locked_exclusive());
        RwLockWriteGuard::unlock_fair(writing);
        assert!(!lock.is_locked());
    });
}

#[test]
fn upgrades_race_with_other_readers() {
    let seen = outcomes(|| {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let upgrading = thread::spawn(move || *Upgradable::upgrade(theirs.upgradable_read()) = 1);
        let first = *lock.read();
        let second = Upgradable::try_upgrade(lock.upgradable_read()).is_ok();
        upgrading.join().unwrap();
        (first, second)
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(0, true), (1, true)]);
}

#[test]
fn two_readers_of_whom_one_upgrades_and_one_wants_to_write_are_a_deadlock() {
    let failure = failure(|| {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let named = thread::Builder::new().name("other".into());
        let other = named.spawn(move || {
            let _reading = theirs.read();
            thread::sleep(2 * MS);
            // It reads, so it is waited for; and the other can only be one of its kind at a time.
            let _upgradable = theirs.upgradable_read();
        });
        let upgradable = lock.upgradable_read();
        thread::sleep(MS);
        drop(Upgradable::upgrade(upgradable));
        other.unwrap().join().unwrap();
    });
    let Cause::Deadlock { threads, cycle, .. } = &failure.cause else { panic!("{failure}") };
    assert_eq!(cycle.len(), 2, "{failure}");
    assert!(threads[0].activity.starts_with("waits for a lock that it reads, to write at "), "{failure}");
    assert!(threads[0].activity.contains(file!()), "{failure}");
    assert_eq!(threads[0].waits_for.as_deref(), Some("tester/other"), "{failure}");
}

#[test]
fn thread_that_waits_for_its_own_read_guard_is_a_deadlock() {
    let failure = failure(|| {
        let lock = RwLock::new(0);
        let (upgradable, _reading) = (lock.upgradable_read(), lock.read());
        drop(Upgradable::upgrade(upgradable));
    });
    let Cause::Deadlock { cycle, .. } = &failure.cause else { panic!("{failure}") };
    assert_eq!(cycle.len(), 1, "{failure}");
}

#[test]
fn upgradable_reader_may_read_again_while_a_writer_waits() {
    in_both_worlds(|| {
        let lock = Arc::new(RwLock::new(0));
        let upgradable = lock.upgradable_read();
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write() += 1);
        thread::sleep(MS);
        assert_eq!((*lock.read(), *upgradable), (0, 0));
        drop(upgradable);
        writer.join().unwrap();
    });
}

#[test]
fn readers_wait_behind_an_upgrade_and_go_on_when_it_gives_up() {
    in_simulation(|| {
        let lock = Arc::new(RwLock::new(0));
        let guard = lock.read();
        let (upgrades, reads) = (Arc::clone(&lock), Arc::clone(&lock));
        let upgrading =
            thread::spawn(move || Upgradable::try_upgrade_for(upgrades.upgradable_read(), 5 * MS).is_err());
        thread::sleep(MS);
        let reading = thread::spawn(move || *reads.read());
        thread::sleep(MS);
        assert!(!reading.is_finished(), "who upgrades has its turn before readers that come later");
        assert!(upgrading.join().unwrap());
        assert_eq!(reading.join().unwrap(), 0);
        drop(guard);
    });
}

#[test]
fn recursive_lock_lets_a_reader_read_again_while_a_writer_waits() {
    in_both_worlds(|| {
        let lock = Arc::new(RecursiveRwLock::new(0));
        let reading = lock.read();
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write() += 1);
        thread::sleep(MS);
        assert_eq!((*lock.read(), *reading), (0, 0));
        drop(reading);
        writer.join().unwrap();
        assert_eq!(*RecursiveRwLockUpgradableReadGuard::upgrade(lock.upgradable_read()), 1);
        assert!(!lock.is_locked());
    });
}

#[test]
fn ordinary_lock_does_not() {
    let failure = failure(|| {
        let lock = Arc::new(RwLock::new(0));
        let reading = lock.read();
        let theirs = Arc::clone(&lock);
        thread::spawn(move || *theirs.write() += 1);
        thread::sleep(MS);
        assert_eq!((*lock.read(), *reading), (0, 0));
    });
    assert!(matches!(failure.cause, Cause::Deadlock { .. }), "{failure}");
}
