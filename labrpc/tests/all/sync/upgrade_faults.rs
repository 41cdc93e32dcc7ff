//! Upgrades and downgrades when something goes wrong: nodes that crash, guards and deadlines that are not the caller's, and
//! the end of the run.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use labrpc::sim::{NodeHandle, Policy, Sim};
use labrpc::sync::atomic::{AtomicUsize, Ordering};
use labrpc::sync::{Arc, RwLock, RwLockUpgradableReadGuard as Upgradable, RwLockWriteGuard};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{in_simulation, misuse};

const MS: Duration = Duration::from_millis(1);

#[test]
fn deadline_of_another_world_gives_the_lock_back() {
    let deadline = Instant::now();
    Sim::new(1)
        .run(move || {
            let lock = RwLock::new(0);
            let upgrade = || Upgradable::try_upgrade_until(lock.upgradable_read(), deadline).is_ok();
            catch_unwind(AssertUnwindSafe(upgrade)).unwrap_err();
            assert!(!lock.is_locked());
        })
        .unwrap();
}

#[test]
fn reader_outside_of_the_simulation_is_not_waited_for() {
    let lock = Arc::new(RwLock::new(0));
    let _reading = lock.read();
    let theirs = Arc::clone(&lock);
    let failure = Sim::new(1).run(move || drop(Upgradable::upgrade(theirs.upgradable_read()))).unwrap_err();
    assert!(failure.to_string().contains("held by a thread outside this simulation"), "{failure}");
}

#[test]
fn guard_of_another_thread_is_not_upgraded() {
    std::thread_local! {
        // All threads of a simulation have this one.
        static GUARD: RefCell<Option<Upgradable<'static, u32>>> = const { RefCell::new(None) };
    }
    let message = misuse(|| {
        static LOCK: RwLock<u32> = RwLock::new(0);
        let other = thread::spawn(|| GUARD.set(Some(LOCK.upgradable_read())));
        other.join().unwrap();
        let theirs = Upgradable::try_upgrade(GUARD.take().unwrap()).unwrap_err();
        drop(Upgradable::upgrade(theirs));
    });
    assert!(message.contains("was taken by another thread") && message.contains(file!()), "{message}");
}

#[test]
fn crash_of_who_reads_upgradably_or_waits_to_upgrade_lets_all_others_in() {
    in_simulation(|| {
        for upgrades in [false, true] {
            let lock = Arc::new(RwLock::new(0));
            let node = NodeHandle::new("S1");
            let (theirs, reads) = (Arc::clone(&lock), lock.read());
            node.spawn("inside", move || {
                let upgradable = theirs.upgradable_read();
                if upgrades {
                    *Upgradable::upgrade(upgradable) = 100;
                } else {
                    thread::sleep(Duration::from_secs(1000));
                }
            });
            thread::sleep(MS);
            let waiting: Vec<_> = (0..6)
                .map(|i| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || match i % 3 {
                        0 => *lock.write() += 1,
                        1 => *Upgradable::upgrade(lock.upgradable_read()) += 1,
                        _ => assert!(*lock.read() <= 4),
                    })
                })
                .collect();
            thread::sleep(MS);
            node.crash();
            drop(reads);
            waiting.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(*lock.read(), 4);
        }
    });
}

#[test]
fn crash_takes_away_those_guards_that_are_left_of_several() {
    in_simulation(|| {
        for keeps_upgradable in [false, true] {
            let lock = Arc::new(RwLock::new(0));
            let node = NodeHandle::new("S1");
            let theirs = Arc::clone(&lock);
            node.spawn("inside", move || {
                let mut guards = (Some(theirs.upgradable_read()), Some(theirs.read()), Some(theirs.read()));
                if keeps_upgradable {
                    guards.1 = None;
                } else {
                    guards.0 = None;
                }
                thread::sleep(Duration::from_secs(1000));
                drop(guards);
            });
            thread::sleep(MS);
            assert_eq!(lock.try_upgradable_read().is_none(), keeps_upgradable);
            node.crash();
            *lock.write() += 1;
            assert!(!lock.is_locked() && lock.try_upgradable_read().is_some());
        }
    });
}

/// Two threads of a server go over all sides of a lock; the tester does, too, and comes to its end whatever happens to them.
fn program() -> usize {
    let lock = Arc::new(RwLock::new(0_usize));
    let inside = Arc::new(AtomicUsize::new(0));
    let work = move |lock: &RwLock<usize>| {
        let mut writing = Upgradable::upgrade(lock.upgradable_read());
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two write at a time");
        *writing += 1;
        inside.fetch_sub(1, Ordering::SeqCst);
        let reading = RwLockWriteGuard::downgrade(writing);
        thread::yield_now();
        drop(reading);
        let mut upgradable = RwLockWriteGuard::downgrade_to_upgradable(lock.write());
        thread::yield_now();
        if let Ok(mut writing) = Upgradable::try_upgrade_for(upgradable, MS) {
            *writing += 1;
            upgradable = RwLockWriteGuard::downgrade_to_upgradable(writing);
            thread::yield_now();
            drop(Upgradable::downgrade(upgradable));
        }
    };
    let server = NodeHandle::new("server");
    for name in ["one", "two"] {
        let (lock, work) = (Arc::clone(&lock), work.clone());
        // What it counts as inside is lost with it, so it has a count of its own.
        server.spawn(name, move || (0..2).for_each(|_| work(&lock)));
    }
    (0..2).for_each(|_| {
        drop(Upgradable::upgrade(lock.upgradable_read()));
        drop(RwLockWriteGuard::downgrade(lock.write()));
    });
    thread::sleep(Duration::from_secs(1));
    *lock.read()
}

#[test]
fn crash_at_any_point_of_an_upgrade_leaves_the_others_running() {
    for policy in [Policy::Random, Policy::Fifo, Policy::Pct { depth: 3 }] {
        for seed in 0..10 {
            let sim = Sim::new(seed).policy(policy);
            let (count, report) = sim.run(program).unwrap();
            assert_eq!(count, 8, "nobody was crashed");
            for step in 1..report.steps {
                let crash = || _ = NodeHandle::find("server").map(|server| server.crash());
                let run = sim.clone().at_step(step, crash).run(program);
                let (count, _) = run.unwrap_or_else(|failure| {
                    panic!("a crash at step {step} of seed {seed}, {policy}: {failure}")
                });
                assert!(count <= 8);
            }
        }
    }
}

/// Goes over all sides of a lock when it is dropped.
struct Upgrades(Arc<RwLock<u32>>);

impl Drop for Upgrades {
    fn drop(&mut self) {
        let mut writing = Upgradable::upgrade(self.0.upgradable_read());
        *writing += 1;
        drop(RwLockWriteGuard::downgrade(writing));
    }
}

#[test]
fn destructors_at_the_end_of_the_run_get_the_lock_from_whoever_has_it() {
    for seed in 0..20 {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        Sim::new(seed)
            .run(move || {
                for i in 0..6 {
                    let lock = Arc::clone(&theirs);
                    thread::spawn(move || {
                        let _upgrades = Upgrades(Arc::clone(&lock));
                        match i {
                            0 | 5 => {
                                let _reading = lock.read();
                                thread::sleep(Duration::from_secs(3600));
                            }
                            // Of these one waits for the readers, and the others for him.
                            1 | 4 => *Upgradable::upgrade(lock.upgradable_read()) += 100,
                            _ => thread::sleep(Duration::from_secs(3600)),
                        }
                    });
                }
                thread::sleep(MS);
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert!(*lock.read() > 0, "some destructor came to its end");
    }
}
