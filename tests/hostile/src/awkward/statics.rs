//! What outlives a run: statics and thread-local values, some of which hold parts of a simulation.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex as StdMutex, OnceLock};
use std::time::Duration;

use labrpc::channel::{Sender, unbounded};
use labrpc::sync::{Condvar, Mutex, RwLock};
use labrpc::thread;
use labrpc::time::Instant;

use crate::submission::Submission;

/// Counts what a thread of the machine has seen, and adds it up when that thread ends.
struct Tally(u64);

static SUM: StdMutex<u64> = StdMutex::new(0);
static SUM_OF_THE_LAB: Mutex<u64> = Mutex::new(0);

impl Drop for Tally {
    fn drop(&mut self) {
        *SUM.lock().unwrap() += self.0;
        *SUM_OF_THE_LAB.lock() += self.0;
    }
}

thread_local! {
    static TALLY: RefCell<Tally> = const { RefCell::new(Tally(0)) };
}

pub(super) fn submissions() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward(
            "counters-in-statics",
            "It counts its servers, and gives each a number, in the whole process.",
        )
        .make(|server| {
            static SERVERS: AtomicU64 = AtomicU64::new(0);
            let number = SERVERS.fetch_add(1, Ordering::Relaxed);
            log::info!("S{} is the server {number} of this process", server.me);
        }),
        awkward("values-in-statics", "It sets up what all servers share when the first is made.").make(
            |server| {
                static ONCE: OnceLock<String> = OnceLock::new();
                static LAZY: LazyLock<Vec<u64>> = LazyLock::new(|| (0..100).collect());
                assert!(ONCE.get_or_init(|| "raft".to_owned()).len() + LAZY.len() > server.me);
            },
        ),
        awkward("list-in-a-static", "It keeps a line about each server in a static that grows.").make(
            |server| {
                static LIST: StdMutex<Vec<String>> = StdMutex::new(Vec::new());
                LIST.lock().unwrap().push(format!("S{} of {}", server.me, server.peers));
            },
        ),
        awkward("lock-in-a-static", "A lock of the simulation lies in a static, and is used in all runs.")
            .get_state(|_| {
                static ASKED_ALL: Mutex<u64> = Mutex::new(0);
                *ASKED_ALL.lock() += 1;
                None
            }),
        awkward(
            "locks-in-statics-held-at-the-end",
            "Threads hold locks that lie in statics whenever the run ends.",
        )
        .make(|_| {
            static LOCK: Mutex<u64> = Mutex::new(0);
            static SHARED: RwLock<u64> = RwLock::new(0);
            for _ in 0..2 {
                thread::spawn(|| {
                    loop {
                        let (mut guard, shared) = (LOCK.lock(), SHARED.read());
                        thread::sleep(Duration::from_millis(10));
                        *guard += *shared;
                    }
                });
            }
        }),
        awkward("condvar-in-a-static", "Threads wait for a condition variable that lies in a static.").make(
            |_| {
                static ROUND: Mutex<u64> = Mutex::new(0);
                static CHANGED: Condvar = Condvar::new();
                thread::spawn(|| {
                    let mut round = ROUND.lock();
                    loop {
                        let _ = CHANGED.wait_for(&mut round, Duration::from_millis(80));
                    }
                });
                *ROUND.lock() += 1;
                CHANGED.notify_all();
            },
        ),
        awkward("start-in-a-static", "Its log lines tell the time since the first server was made.")
            .get_state(|server| {
                static START: OnceLock<Instant> = OnceLock::new();
                log::info!("{:?} S{} was asked", START.get_or_init(Instant::now).elapsed(), server.me);
                None
            }),
        awkward(
            "log-thread-in-a-static",
            "A thread writes its log, and the channel to that lies in a static.",
        )
        .get_state(|server| {
            static LINES: OnceLock<Sender<String>> = OnceLock::new();
            let lines = LINES.get_or_init(|| {
                let (sender, lines) = unbounded();
                thread::spawn(move || lines.iter().for_each(|line| log::info!("{line}")));
                sender
            });
            // Nobody may read any more.
            let _ = lines.send(format!("S{} was asked", server.me));
            None
        }),
        awkward(
            "handles-of-threads-in-a-static",
            "It keeps the handles of its threads in a static, and joins none.",
        )
        .make(|_| {
            static THREADS: StdMutex<Vec<thread::JoinHandle<()>>> = StdMutex::new(Vec::new());
            let thread = thread::spawn(|| thread::sleep(Duration::from_millis(300)));
            THREADS.lock().unwrap().push(thread);
        }),
        awkward("names-of-threads-in-a-static", "It keeps a table of the names of its threads.").make(
            |server| {
                static NAMES: StdMutex<BTreeMap<String, String>> = StdMutex::new(BTreeMap::new());
                let id = format!("{:?}", thread::current().id());
                NAMES.lock().unwrap().insert(id, format!("S{}", server.me));
            },
        ),
        awkward("thread-local-with-destructor", "A thread-local value adds itself up when its thread ends.")
            .get_state(|_| {
                TALLY.with(|tally| tally.borrow_mut().0 += 1);
                None
            }),
    ]
}
