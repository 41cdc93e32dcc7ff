//! Small implementations that are wrong on purpose: they do nothing but one thing.

use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// What a wrong implementation does; all else is nothing.
pub(crate) trait Fault: Clone + Send + Sync + 'static {
    /// A server is made, on its node.
    fn make(me: ServerId) -> Self;

    /// What it says of itself.
    fn get_state(&self) -> (Term, bool) {
        (0, false)
    }
}

/// Starts a thread with a name.
pub(crate) fn named(name: &str, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.into()).spawn(body).expect("a thread");
}

/// A server that does what its fault says.
#[derive(Clone)]
pub(crate) struct Wrong<F>(
    F,
    /// Held, so that the service goes on waiting for what will never come.
    #[expect(dead_code, reason = "it is dropped with the server")]
    Arc<Sender<ApplyMsg>>,
);

impl<F: Fault> RaftServer for Wrong<F> {
    fn make(_: Vec<ClientEnd>, me: ServerId, _: Arc<dyn Persister>, apply: Sender<ApplyMsg>) -> Self {
        Self(F::make(me), Arc::new(apply))
    }

    fn service(&self) -> Service {
        Service::new("Raft")
    }

    fn start(&self, _: Command) -> Started {
        Started { index: 0, term: 0, is_leader: false }
    }

    fn get_state(&self) -> (Term, bool) {
        self.0.get_state()
    }

    fn snapshot(&self, _: Index, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// Says of every server that it leads.
#[derive(Clone)]
pub(crate) struct AlwaysLeader;

impl Fault for AlwaysLeader {
    fn make(_: ServerId) -> Self {
        Self
    }

    fn get_state(&self) -> (Term, bool) {
        (1, true)
    }
}

/// Does something else in each run, as a program does that looks at the clock of the machine.
#[derive(Clone)]
pub(crate) struct Nondeterministic<const COUNTER: usize>;

impl<const COUNTER: usize> Fault for Nondeterministic<COUNTER> {
    fn make(_: ServerId) -> Self {
        // Tests of one executable run at the same time. With a counter each, the reports stay as they are expected.
        static RUNS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
        let pause = Duration::from_millis(100 + RUNS[COUNTER].fetch_add(1, Ordering::Relaxed));
        named("ticker", move || thread::sleep(pause));
        Self
    }
}

/// Never does anything.
#[derive(Clone)]
pub(crate) struct Idle;

impl Fault for Idle {
    fn make(_: ServerId) -> Self {
        named("ticker", || {
            loop {
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self
    }
}

/// Starts its threads with the standard library, which knows nothing of the simulation.
#[derive(Clone)]
pub(crate) struct RealThreads;

impl Fault for RealThreads {
    #[allow(clippy::disallowed_methods, reason = "the mistake under test")]
    fn make(_: ServerId) -> Self {
        std::thread::spawn(|| std::thread::sleep(Duration::from_millis(1)));
        Self
    }
}

/// Fails an assertion in a thread of its own.
#[derive(Clone)]
pub(crate) struct Panics;

impl Fault for Panics {
    fn make(me: ServerId) -> Self {
        named("applier", move || {
            thread::sleep(Duration::from_millis(100 * me as u64));
            let log: Vec<u64> = Vec::new();
            assert!(me != 2 || log.len() > 3, "entry 3 is not in the log");
        });
        Self
    }
}

/// Two threads take two locks in two orders.
#[derive(Clone)]
pub(crate) struct Deadlocks {
    log: Arc<Mutex<()>>,
}

impl Fault for Deadlocks {
    fn make(_: ServerId) -> Self {
        let (log, votes) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        for (name, one, other) in [("ticker", &log, &votes), ("applier", &votes, &log)] {
            let (one, other) = (Arc::clone(one), Arc::clone(other));
            named(name, move || {
                let _one = one.lock();
                thread::sleep(Duration::from_millis(10));
                let _other = other.lock();
            });
        }
        Self { log }
    }

    fn get_state(&self) -> (Term, bool) {
        let _log = self.log.lock();
        (0, false)
    }
}

/// Sleeps while it holds a lock.
#[derive(Clone)]
pub(crate) struct HoldsLock(Arc<Mutex<()>>);

impl Fault for HoldsLock {
    fn make(_: ServerId) -> Self {
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        named("heartbeat", move || {
            let _held = held.lock();
            loop {
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self(lock)
    }

    fn get_state(&self) -> (Term, bool) {
        let _state = self.0.lock();
        (0, false)
    }
}

/// Asks again and again without a pause.
#[derive(Clone)]
pub(crate) struct Polls;

impl Fault for Polls {
    fn make(_: ServerId) -> Self {
        named("poller", || {
            loop {
                thread::yield_now();
            }
        });
        Self
    }
}

/// A deadlock of twelve threads on each of 25 servers, each at a place of its own, with long names.
#[derive(Clone)]
pub(crate) struct ManyDeadlocks(Arc<Mutex<()>>);

impl Fault for ManyDeadlocks {
    fn make(me: ServerId) -> Self {
        let locks: Vec<Arc<Mutex<()>>> = (0..12).map(|_| Arc::new(Mutex::new(()))).collect();
        for place in 0..12 {
            let (one, other) = (Arc::clone(&locks[place]), Arc::clone(&locks[(place + 1) % 12]));
            named(&format!("a-thread-with-quite-a-long-name-{me}-{place}"), move || {
                let _one = one.lock();
                thread::sleep(Duration::from_millis(10));
                let _other = other.lock();
            });
        }
        Self(Arc::clone(&locks[0]))
    }

    fn get_state(&self) -> (Term, bool) {
        let _log = self.0.lock();
        (0, false)
    }
}
