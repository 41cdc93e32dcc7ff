//! Small implementations that are wrong on purpose: they do nothing but one thing.

use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
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

/// Says of every server that it leads.
#[derive(Clone)]
pub(crate) struct Boaster;

impl Fault for Boaster {
    fn make(_: ServerId) -> Self {
        Self
    }

    fn get_state(&self) -> (Term, bool) {
        (1, true)
    }
}

/// Does something else in each run.
#[derive(Clone)]
pub(crate) struct Whimsical;

impl Fault for Whimsical {
    fn make(_: ServerId) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let pause = Duration::from_millis(100 + RUNS.fetch_add(1, Ordering::Relaxed));
        named("ticker", move || thread::sleep(pause));
        Self
    }
}

/// Starts a thread with a name.
pub(crate) fn named(name: &str, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.into()).spawn(body).expect("a thread");
}

/// A server that does what its fault says.
#[derive(Clone)]
pub(crate) struct Wrong<F>(F, Arc<Sender<ApplyMsg>>);

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
