//! Locks against what any lock must keep, over random programs with crashes and pauses: nobody is inside with somebody
//! who excludes him, and whoever waits gets in at last.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Condvar, Mutex, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use labrpc::thread;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::POLICIES;

#[derive(Clone, Copy, Debug)]
enum Act {
    Lock(usize),
    TryLock(usize),
    LockFor(usize, u64),
    Read,
    ReadFor(u64),
    Write,
    WriteFor(u64),
    /// Reads upgradably, then writes, waiting at most so many microseconds for that.
    Upgrade(Option<u64>),
    /// Writes, then reads, upgradably if it says so.
    Downgrade(bool),
    WaitFor(u64),
    Notify(bool),
    Sleep(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..2_usize).prop_map(Act::Lock),
        1 => (0..2_usize).prop_map(Act::TryLock),
        2 => (0..2_usize, 0..30_u64).prop_map(|(lock, us)| Act::LockFor(lock, us)),
        3 => Just(Act::Read),
        1 => (0..30_u64).prop_map(Act::ReadFor),
        3 => Just(Act::Write),
        1 => (0..30_u64).prop_map(Act::WriteFor),
        2 => proptest::option::of(0..30_u64).prop_map(Act::Upgrade),
        1 => any::<bool>().prop_map(Act::Downgrade),
        1 => (0..60_u64).prop_map(Act::WaitFor),
        1 => any::<bool>().prop_map(Act::Notify),
        1 => (0..60_u64).prop_map(Act::Sleep),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Crash,
    /// A pause of this many microseconds.
    Pause(u64),
    /// A pause that ends in a crash.
    PauseAndCrash,
}

fn fault() -> impl Strategy<Value = (Fault, u64, usize)> {
    let fault =
        prop_oneof![Just(Fault::Crash), (1..200_u64).prop_map(Fault::Pause), Just(Fault::PauseAndCrash)];
    (fault, 0..40_u64, 0..NODES)
}

#[derive(Clone, Debug)]
struct Program {
    threads: Vec<Vec<Act>>,
    faults: Vec<(Fault, u64, usize)>,
}

fn program() -> impl Strategy<Value = Program> {
    (vec(vec(act(), 1..8), 3..8), vec(fault(), 0..4))
        .prop_map(|(threads, faults)| Program { threads, faults })
}

const NODES: usize = 4;

/// Who is inside. Real atomics, so that looking is not a step.
#[derive(Default)]
struct Inside {
    readers: Vec<usize>,
    writer: Option<usize>,
}

/// The value behind a lock is not what is checked; this is.
struct Guarded {
    mutexes: [Mutex<()>; 2],
    changed: Condvar,
    shared: RwLock<()>,
    /// Of the two mutexes, of the read-write lock, and of its upgradable side by itself.
    inside: [std::sync::Mutex<Inside>; 4],
    nodes: Vec<NodeHandle>,
}

impl Guarded {
    /// A stay inside a lock, which gives way in its midst. Those who crashed inside do not count.
    fn stay(&self, lock: usize, me: usize, is_writer: bool) {
        self.enter(lock, me, is_writer);
        thread::yield_now();
        self.leave(lock, me);
    }

    fn enter(&self, lock: usize, me: usize, is_writer: bool) {
        let mut inside = self.inside[lock].lock().unwrap();
        let is_alive = |&other: &usize| !self.nodes[other % NODES].is_crashed();
        let writer = inside.writer.filter(is_alive);
        let readers = inside.readers.iter().filter(|other| is_alive(other)).count();
        assert!(writer.is_none(), "{me} came into lock {lock} beside the writer {writer:?}");
        assert!(!is_writer || readers == 0, "{me} came to write into lock {lock} beside {readers} readers");
        if is_writer {
            inside.writer = Some(me);
        } else {
            inside.readers.push(me);
        }
    }

    fn leave(&self, lock: usize, me: usize) {
        let mut inside = self.inside[lock].lock().unwrap();
        inside.readers.retain(|&reader| reader != me);
        inside.writer = inside.writer.filter(|&writer| writer != me);
    }

    fn play(&self, me: usize, acts: &[Act]) {
        for act in acts {
            match *act {
                Act::Lock(lock) => {
                    let _guard = self.mutexes[lock].lock();
                    self.stay(lock, me, true);
                }
                Act::TryLock(lock) => {
                    if let Some(_guard) = self.mutexes[lock].try_lock() {
                        self.stay(lock, me, true);
                    }
                }
                Act::LockFor(lock, us) => {
                    if let Some(_guard) = self.mutexes[lock].try_lock_for(Duration::from_micros(us)) {
                        self.stay(lock, me, true);
                    }
                }
                Act::Read => {
                    let _guard = self.shared.read();
                    self.stay(2, me, false);
                }
                Act::ReadFor(us) => {
                    if let Some(_guard) = self.shared.try_read_for(Duration::from_micros(us)) {
                        self.stay(2, me, false);
                    }
                }
                Act::Write => {
                    let _guard = self.shared.write();
                    self.stay(2, me, true);
                }
                Act::WriteFor(us) => {
                    if let Some(_guard) = self.shared.try_write_for(Duration::from_micros(us)) {
                        self.stay(2, me, true);
                    }
                }
                Act::Upgrade(us) => self.upgrade(me, us.map(Duration::from_micros)),
                Act::Downgrade(is_upgradable) => self.downgrade(me, is_upgradable),
                Act::WaitFor(us) => self.wait_for(me, Duration::from_micros(us)),
                Act::Notify(all) => {
                    if all {
                        self.changed.notify_all()
                    } else {
                        usize::from(self.changed.notify_one())
                    };
                }
                Act::Sleep(us) => thread::sleep(Duration::from_micros(us)),
            }
        }
    }

    fn upgrade(&self, me: usize, timeout: Option<Duration>) {
        let guard = self.shared.upgradable_read();
        self.enter(3, me, true);
        self.stay(2, me, false);
        self.enter(2, me, false);
        // He counts as a reader while he waits: nobody may write in between.
        let upgraded = match timeout {
            None => Ok(RwLockUpgradableReadGuard::upgrade(guard)),
            Some(timeout) => RwLockUpgradableReadGuard::try_upgrade_for(guard, timeout),
        };
        self.leave(2, me);
        self.stay(2, me, upgraded.is_ok());
        self.leave(3, me);
    }

    fn downgrade(&self, me: usize, is_upgradable: bool) {
        let guard = self.shared.write();
        self.stay(2, me, true);
        if is_upgradable {
            let _guard = RwLockWriteGuard::downgrade_to_upgradable(guard);
            self.enter(3, me, true);
            self.stay(2, me, false);
            self.leave(3, me);
        } else {
            let _guard = RwLockWriteGuard::downgrade(guard);
            self.stay(2, me, false);
        }
    }

    fn wait_for(&self, me: usize, timeout: Duration) {
        let mut guard = self.mutexes[0].lock();
        self.stay(0, me, true);
        let start = labrpc::time::Instant::now();
        let timed_out = self.changed.wait_for(&mut guard, timeout).timed_out();
        assert!(!timed_out || start.elapsed() >= timeout, "timed out too early");
        self.stay(0, me, true);
    }
}

/// Runs a program to its end. Threads of nodes that did not crash must all get there.
fn check(program: &Program) {
    let nodes: Vec<NodeHandle> = (0..NODES).map(|i| NodeHandle::new(format!("S{i}"))).collect();
    let guarded = Arc::new(Guarded {
        mutexes: Default::default(),
        changed: Condvar::new(),
        shared: RwLock::default(),
        inside: Default::default(),
        nodes: nodes.clone(),
    });
    let threads: Vec<_> = (0..program.threads.len())
        .map(|me| {
            let (guarded, acts) = (Arc::clone(&guarded), program.threads[me].clone());
            nodes[me % NODES].spawn(&format!("t{me}"), move || guarded.play(me, &acts))
        })
        .collect();
    let faults: Vec<_> = program
        .faults
        .iter()
        .map(|&(fault, delay, node)| {
            let node = nodes[node].clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_micros(delay));
                inflict(fault, &node);
            })
        })
        .collect();
    faults.into_iter().for_each(|thread| thread.join().unwrap());
    for (me, thread) in threads.into_iter().enumerate() {
        match thread.join() {
            Err(payload) if !nodes[me % NODES].is_crashed() => std::panic::resume_unwind(payload),
            _ => {}
        }
    }
}

fn inflict(fault: Fault, node: &NodeHandle) {
    match fault {
        Fault::Crash => {
            node.crash();
        }
        Fault::Pause(us) => {
            node.pause();
            thread::sleep(Duration::from_micros(us));
            node.resume();
        }
        Fault::PauseAndCrash => {
            node.pause();
            thread::sleep(Duration::from_micros(100));
            node.crash();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn locks_exclude_and_everybody_gets_in(program in program(), seed in any::<u64>()) {
        for policy in POLICIES {
            for seed in [seed, seed.wrapping_add(1), seed.wrapping_add(2)] {
                let program = program.clone();
                let sim = Sim::new(seed).policy(policy).stall(Duration::from_secs(3));
                if let Err(failure) = sim.run(move || check(&program)) {
                    panic!("{failure}");
                }
            }
        }
    }
}
