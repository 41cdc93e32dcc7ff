//! Which Raft is graded: any [`RaftServer`], with its type forgotten, so that the suites are compiled once.

use std::fmt;
use std::time::Duration;

use labrpc::channel::{Receiver, Sender};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{
    ApplyMsg, Change, ChangeError, Command, Disk, Features, Index, NotOffered, Persister, RaftServer,
    ReadIndexError, ServerId, Started, Stored, Term, TransferError,
};

use crate::counting;
use kvraft_interface::{
    AnyClerk, AnyLease, AnyLock, AnyService, KeyValue, Layer, Locks, Reads, ServiceSetup, SingleKv,
    VersionedClerk, Writes,
};
use lab_referee::{BeforeFirst, Names};

/// A Raft server of some implementation. The calls are those of [`RaftServer`].
pub(crate) trait AnyRaft: Send + Sync {
    fn service(&self) -> Service;
    fn start(&self, command: Command) -> Started;
    fn get_state(&self) -> (Term, bool);
    fn snapshot(&self, index: Index, data: Vec<u8>);
    fn kill(&self);
    fn leader_hint(&self) -> Option<ServerId>;
    fn change_configuration(&self, change: Change) -> Result<Index, ChangeError>;
    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError>;
    fn lease_read_index(&self) -> Result<Index, ReadIndexError>;
    fn transfer_leadership(&self, to: ServerId) -> Result<(), TransferError>;
}

impl<R: RaftServer> AnyRaft for R {
    fn service(&self) -> Service {
        RaftServer::service(self)
    }

    fn start(&self, command: Command) -> Started {
        RaftServer::start(self, command)
    }

    fn get_state(&self) -> (Term, bool) {
        RaftServer::get_state(self)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        RaftServer::snapshot(self, index, data);
    }

    fn kill(&self) {
        RaftServer::kill(self);
    }

    fn leader_hint(&self) -> Option<ServerId> {
        RaftServer::leader_hint(self)
    }

    fn change_configuration(&self, change: Change) -> Result<Index, ChangeError> {
        RaftServer::change_configuration(self, change)
    }

    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        RaftServer::read_index_until(self, deadline)
    }

    fn lease_read_index(&self) -> Result<Index, ReadIndexError> {
        RaftServer::lease_read_index(self)
    }

    fn transfer_leadership(&self, to: ServerId) -> Result<(), TransferError> {
        RaftServer::transfer_leadership(self, to)
    }
}

type Make = fn(&Features, Vec<ClientEnd>, ServerId, Arc<dyn Persister>, Sender<ApplyMsg>) -> Arc<dyn AnyRaft>;

/// What opens a persister on a disk; the error is in words.
type OpenStorage = fn(Arc<dyn Disk>) -> Result<Arc<dyn Persister>, String>;

type MakeServices =
    fn(&Features, Sender<ApplyMsg>, ServiceSetup<()>) -> (Arc<dyn AnyRaft>, Arc<dyn AnyService>);

/// How to make what stands on a Raft.
#[derive(Clone, Copy)]
pub struct Services {
    /// A server with its Raft, which delivers to the given channel; the service reads from the given receiver.
    pub(crate) make: MakeServices,
    pub(crate) clerk: fn(Vec<ClientEnd>, Reads) -> Box<dyn AnyClerk>,
    pub(crate) snapshot_index: fn(&[u8]) -> Option<Index>,
    pub(crate) offers_reads: fn(Reads) -> bool,
    pub(crate) offers_writes: fn(Writes) -> bool,
    pub(crate) forwards: fn() -> bool,
    show_command: fn(Layer, &[u8]) -> Option<String>,
}

impl Services {
    /// The service `K`.
    #[must_use]
    pub fn of<K: KeyValue>() -> Self {
        Self {
            make: |features, apply, setup| {
                // The Raft first, since the service proposes to it. What it delivers before the service reads
                // waits in the channel, or for it.
                let (peers, persister) = (setup.peers.clone(), setup.persister.clone());
                let raft = make::<K::Raft>(features, peers, setup.me, persister, apply);
                let service = K::make(setup.on(raft.clone()));
                (Arc::new(raft), service)
            },
            clerk: K::clerk,
            snapshot_index: K::snapshot_index,
            offers_reads: K::offers_reads,
            offers_writes: K::offers_writes,
            forwards: K::forwards,
            show_command: K::show_command,
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

/// How to make a key/value server on one machine.
#[derive(Clone, Copy)]
pub(crate) struct Single {
    pub(crate) serve: fn() -> Service,
    pub(crate) clerk: fn(ClientEnd) -> Box<dyn VersionedClerk>,
}

/// How to make a handle to a lock of some name.
type MakeLock = fn(Box<dyn VersionedClerk>, &str) -> Box<dyn AnyLock>;

/// How to make a handle to a lock that is lent for a time.
type MakeLease = fn(Box<dyn VersionedClerk>, &str, Duration) -> Option<Box<dyn AnyLease>>;

/// How to make locks on one.
#[derive(Clone, Copy)]
pub(crate) struct LockMakers {
    pub(crate) lock: MakeLock,
    pub(crate) lease: MakeLease,
    pub(crate) leases: fn() -> bool,
}

/// Which service a cluster runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServicePlan {
    pub(crate) layer: Layer,
    pub(crate) raft_state_bytes_max: Option<usize>,
}

impl ServicePlan {
    pub(crate) fn setup(
        self,
        delivered: Receiver<ApplyMsg>,
        persister: Arc<dyn Persister>,
        peers: Vec<ClientEnd>,
        me: ServerId,
    ) -> ServiceSetup<()> {
        let Self { layer, raft_state_bytes_max } = self;
        ServiceSetup { raft: (), delivered, persister, layer, raft_state_bytes_max, peers, me }
    }
}

/// How to make a server of the implementation that is graded.
#[derive(Clone, Copy)]
pub struct Implementation {
    name: &'static str,
    make: Make,
    offers: fn(&Features) -> Result<(), NotOffered>,
    open_storage: OpenStorage,
    services: Option<Services>,
    names: fn() -> Names,
    single: Option<Single>,
    locks: Option<LockMakers>,
    read_stored: fn(&[u8]) -> Option<Stored>,
}

impl Implementation {
    /// The implementation `R`.
    #[must_use]
    pub fn of<R: RaftServer>() -> Self {
        Self {
            name: std::any::type_name::<R>(),
            make: |features, peers, me, persister, apply| {
                Arc::new(make::<R>(features, peers, me, persister, apply))
            },
            offers: R::offers,
            open_storage: |disk| R::open_storage(disk).map_err(|error| error.to_string()),
            services: None,
            names: Names::default,
            single: None,
            locks: None,
            read_stored: R::read_stored,
        }
    }

    /// The key/value server `K` on one machine, for lab 2, and no Raft.
    #[must_use]
    pub fn of_single<K: SingleKv>() -> Self {
        Self {
            name: std::any::type_name::<K>(),
            make: no_raft,
            offers: |_| Err(NotOffered { feature: "a Raft" }),
            open_storage: |_| Err("there is no Raft".to_owned()),
            services: None,
            names: Names::default,
            single: None,
            locks: None,
            read_stored: |_| None,
        }
        .with_single::<K>()
    }

    /// The locks `L` and the server that they stand on, for lab 2, and no Raft.
    #[must_use]
    pub fn of_locks<L: Locks>() -> Self {
        let single = Self::of_single::<L::Store>();
        Self { name: std::any::type_name::<L>(), ..single }.with_locks::<L>()
    }

    /// The key/value server of lab 2 stands beside it.
    #[must_use]
    pub fn with_single<K: SingleKv>(self) -> Self {
        Self { single: Some(Single { serve: K::serve, clerk: K::clerk }), ..self }
    }

    /// The locks of lab 2 and the server that they stand on stand beside it.
    #[must_use]
    pub fn with_locks<L: Locks>(self) -> Self {
        let locks = LockMakers { lock: L::lock, lease: L::lease, leases: L::leases };
        Self { locks: Some(locks), ..self.with_single::<L::Store>() }
    }

    /// Whether there is a key/value server on one machine.
    #[must_use]
    pub fn has_single(&self) -> bool {
        self.single.is_some()
    }

    /// Whether there are locks.
    #[must_use]
    pub fn has_locks(&self) -> bool {
        self.locks.is_some()
    }

    pub(crate) fn single(&self) -> Option<Single> {
        self.single
    }

    pub(crate) fn locks(&self) -> Option<LockMakers> {
        self.locks
    }

    /// Its messages bear other names than the paper's. The referee needs them to judge what servers send each other.
    #[must_use]
    pub fn with_names(self, names: fn() -> Names) -> Self {
        Self { names, ..self }
    }

    /// The names that the referee looks for, and from where on entries are counted, if that was told or learned.
    #[must_use]
    pub fn names(&self) -> Names {
        let told = (self.names)();
        match counting::learned(self.name, self.names) {
            Some(before_first) => Names { before_first, ..told },
            None => told,
        }
    }

    /// Learns by asking from where on its messages count entries, unless that is known.
    pub(crate) fn learn_counting(&self, ask: impl FnOnce() -> Option<BeforeFirst>) {
        counting::learn(self.name, self.names, || {
            // Whoever tells it knows better; and what is no Raft has no entries.
            let is_told = (self.names)().before_first != BeforeFirst::PAPER;
            if is_told || self.offers(&Features::default()).is_err() { None } else { ask() }
        });
    }

    /// The key/value service `K`, on its Raft.
    #[must_use]
    pub fn of_service<K: KeyValue>() -> Self {
        Self { name: std::any::type_name::<K>(), ..Self::of::<K::Raft>().with_service(Services::of::<K>()) }
    }

    /// This service stands on it, for the tests of a Raft that ask for one. Its Raft must be the one that is graded.
    #[must_use]
    pub fn with_service(self, services: Services) -> Self {
        Self { services: Some(services), ..self }
    }

    /// Whether it can be made with these features.
    ///
    /// # Errors
    ///
    /// The first that it does not have.
    pub fn offers(&self, features: &Features) -> Result<(), NotOffered> {
        (self.offers)(features)
    }

    /// Opens its persister on a disk.
    ///
    /// # Errors
    ///
    /// Its words for what is wrong with the stored bytes.
    pub fn open_storage(&self, disk: Arc<dyn Disk>) -> Result<Arc<dyn Persister>, String> {
        (self.open_storage)(disk)
    }

    /// What stored bytes say, if it tells.
    pub(crate) fn read_stored(&self, state: &[u8]) -> Option<Stored> {
        (self.read_stored)(state)
    }

    /// What a command of its service asks for in this layer, if it tells.
    #[must_use]
    pub fn show_command(&self, layer: Layer, command: &[u8]) -> Option<String> {
        (self.services?.show_command)(layer, command)
    }

    /// Whether there is a service on the Raft.
    #[must_use]
    pub fn has_service(&self) -> bool {
        self.services.is_some()
    }

    /// Whether every server of its service takes commands and forwards them.
    #[must_use]
    pub fn forwards(&self) -> bool {
        self.services.is_some_and(|services| (services.forwards)())
    }

    /// Whether the clerks of its service can read in this way.
    pub(crate) fn offers_reads(&self, reads: Reads) -> bool {
        self.services.is_some_and(|services| (services.offers_reads)(reads))
    }

    /// Whether the clerks of its service have these writes.
    pub(crate) fn offers_writes(&self, writes: Writes) -> bool {
        self.services.is_some_and(|services| (services.offers_writes)(writes))
    }

    /// How to make services.
    ///
    /// # Panics
    ///
    /// If the implementation is a Raft alone.
    pub(crate) fn services(&self) -> Services {
        self.services.unwrap_or_else(|| {
            panic!("{} is no key/value service: grade it with Implementation::of_service", self.name)
        })
    }

    /// The name of its type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn make(
        &self,
        features: &Features,
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Arc<dyn AnyRaft> {
        (self.make)(features, peers, me, persister, apply)
    }
}

/// For what stands on no Raft. No test of a Raft is run on it: it offers none.
fn no_raft(
    _: &Features,
    _: Vec<ClientEnd>,
    _: ServerId,
    _: Arc<dyn Persister>,
    _: Sender<ApplyMsg>,
) -> Arc<dyn AnyRaft> {
    panic!("there is no Raft: what is graded is of lab 2")
}

/// Makes a server: by the call that everybody has written, where nothing beyond Figure 2 is asked for.
fn make<R: RaftServer>(
    features: &Features,
    peers: Vec<ClientEnd>,
    me: ServerId,
    persister: Arc<dyn Persister>,
    apply: Sender<ApplyMsg>,
) -> R {
    match *features == Features::default() {
        true => R::make(peers, me, persister, apply),
        false => R::make_with_features(features, peers, me, persister, apply),
    }
}

impl fmt::Debug for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Implementation({})", self.name)
    }
}
