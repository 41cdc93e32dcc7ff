//! Implementations that are wrong on purpose.

use kvraft::Reference;
use kvraft_interface::{AnyClerk, AnyService, ClerkError, KeyValue, Layer, Reads, ServiceSetup};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use raft::Raft;
use raft_interface::{
    ApplyMsg, Command, Index, MemoryPersister, Persister, RaftServer, ServerId, Started, Term,
};

/// What is wrong with a Raft that is the reference otherwise.
pub(crate) trait Fault: Send + Sync + 'static {
    /// What the server is given to store its state in.
    fn storage(given: Arc<dyn Persister>) -> Arc<dyn Persister> {
        given
    }

    /// A server is made.
    fn begin(_me: ServerId) {}

    /// What `get_state` says in place of this.
    fn state(said: (Term, bool)) -> (Term, bool) {
        said
    }

    /// What is stored in place of a command.
    fn command(given: Command) -> Command {
        given
    }
}

/// The reference with a fault.
#[derive(Clone)]
pub(crate) struct With<F>(Raft, std::marker::PhantomData<F>);

impl<F: Fault + Clone> RaftServer for With<F> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        storage: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        F::begin(me);
        Self(Raft::make(peers, me, F::storage(storage), apply), std::marker::PhantomData)
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(F::command(command))
    }

    fn get_state(&self) -> (Term, bool) {
        F::state(self.0.get_state())
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}

/// What was stored is gone after a restart.
#[derive(Clone)]
pub(crate) struct Amnesiac;

impl Fault for Amnesiac {
    fn storage(_: Arc<dyn Persister>) -> Arc<dyn Persister> {
        Arc::new(MemoryPersister::default())
    }
}

/// Every server says that it leads.
#[derive(Clone)]
pub(crate) struct AlwaysLeader;

impl Fault for AlwaysLeader {
    fn state((term, _): (Term, bool)) -> (Term, bool) {
        (term.max(1), true)
    }
}

/// Two threads take two locks in two orders.
#[derive(Clone)]
pub(crate) struct Deadlocks;

impl Fault for Deadlocks {
    fn begin(me: ServerId) {
        let (log, votes) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let (first, second) = (Arc::clone(&log), Arc::clone(&votes));
        let named = |name: String, body: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name).spawn(body).expect("a thread")
        };
        named(
            format!("keeper-{me}"),
            Box::new(move || {
                let _first = first.lock();
                thread::sleep(Duration::from_millis(10));
                let _second = second.lock();
            }),
        );
        let _votes = votes.lock();
        thread::sleep(Duration::from_millis(20));
        let _log = log.lock();
    }
}

/// One that attacks whoever reads about it: with its log, its threads, its commands and the words of its end.
#[derive(Clone)]
pub(crate) struct Hostile;

/// What would run, break the page or turn its text around, if the page let it.
pub(crate) const HOSTILE: &str = "</script><script>window.hacked = 1; alert(1)</script><img src=x onerror='window.hacked = 2'><!-- \" ' ` &lt; \\ \u{202e}\u{2066}gpj.exe\u{2028} @@script@@ {{}} ${1}";

impl Fault for Hostile {
    fn begin(me: ServerId) {
        log::info!(target: "VOTE", "{HOSTILE} of S{me}: gr\u{fc}\u{df}e, \u{6f22}\u{5b57}, \u{5e9}\u{5dc}\u{5d5}\u{5dd}");
        let body = || {
            thread::sleep(Duration::from_millis(2500));
            panic!("{HOSTILE} {}", "long ".repeat(200_000));
        };
        if me == 1 {
            thread::Builder::new().name(HOSTILE.replace('\0', "")).spawn(body).expect("a thread");
        }
    }
}

/// A service whose clerks remember the first value that they read, and never ask again.
pub(crate) struct StaleReads;

impl KeyValue for StaleReads {
    type Raft = Raft;

    fn make(setup: ServiceSetup<Raft>) -> Arc<dyn AnyService> {
        Reference::<Raft>::make(setup)
    }

    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk> {
        Box::new(CachingClerk { inner: Reference::<Raft>::clerk(ends, reads), first: None })
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        Reference::<Raft>::snapshot_index(snapshot)
    }

    fn show_command(layer: Layer, command: &[u8]) -> Option<String> {
        Reference::<Raft>::show_command(layer, command)
    }
}

struct CachingClerk {
    inner: Box<dyn AnyClerk>,
    first: Option<(String, u64)>,
}

impl AnyClerk for CachingClerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, u64)>, ClerkError> {
        if self.first.is_none() {
            self.first = self.inner.get(key)?;
        }
        Ok(self.first.clone())
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.inner.put(key, value)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.inner.append(key, tail)
    }

    fn put_if(&mut self, key: &str, value: &str, version: u64) -> Result<(), ClerkError> {
        self.inner.put_if(key, value, version)
    }

    fn put_version(&mut self, key: &str, value: &str, version: u64) -> Result<(), ClerkError> {
        self.inner.put_version(key, value, version)
    }
}
