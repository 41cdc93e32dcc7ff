//! The traits: a service, what it is made of, and its clerks.

use std::fmt;

use labrpc::channel::Receiver;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Index, Persister, RaftServer};

use crate::{ClerkError, Version};

/// A key/value service to be graded.
pub trait KeyValue: 'static {
    /// The Raft that it stands on.
    type Raft: RaftServer;

    /// Starts a server's service on its Raft. Called on the server's node.
    fn make(setup: ServiceSetup<Self::Raft>) -> Arc<dyn AnyService>;

    /// A clerk for the servers that these ends reach, in the order of their ids.
    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk>;

    /// The last index that a stored snapshot covers; `None` if it is none of this service's.
    fn snapshot_index(snapshot: &[u8]) -> Option<Index>;
}

/// What a server's service is made of.
pub struct ServiceSetup<R> {
    /// The Raft below.
    pub raft: R,
    /// What it delivers.
    pub delivered: Receiver<ApplyMsg>,
    /// Where it stores.
    pub persister: Arc<dyn Persister>,
    /// What stands on it.
    pub layer: Layer,
    /// A snapshot is due when the stored state reaches this many bytes (MIT's `maxraftstate`); `None`: never.
    pub raft_state_bytes_max: Option<usize>,
}

/// What stands on a Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The replicated state machine layer with a counter in it, for part 4A. A submit waits until it is known what becomes
    /// of it.
    Counter,
    /// The key/value service, for parts 4B and 4C.
    KeyValue,
}

/// How reads are made linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// By an entry in the log.
    #[default]
    ThroughTheLog,
    /// By ReadIndex, or whatever the service has instead.
    ReadIndex,
}

/// A running service.
pub trait AnyService: Send + Sync {
    /// The handlers for clerks, if there are any.
    fn handlers(&self) -> Option<Service>;

    /// Adds to the counter of [`Layer::Counter`], and returns what it is then; `None` when that could not be done or is not
    /// known.
    fn add(&self, delta: i64) -> Option<i64>;

    /// The counter as this server has it.
    fn counter(&self) -> i64;

    /// Stops the service and its Raft. All callers are to be freed.
    fn kill(&self);
}

/// A clerk. Its errors say what is known: see [`ClerkError`].
pub trait AnyClerk: Send {
    /// The value and version of a key; `None` if it was never written.
    ///
    /// # Errors
    ///
    /// When the clerk has given up.
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError>;

    /// Replaces a value.
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError>;

    /// Puts `tail` at the end of a value.
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError>;

    /// Replaces a value if it is at `version`, exactly once.
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put_if(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError>;

    /// The same without a session: the `Put` of 6.5840.
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError>;
}

impl ServiceSetup<()> {
    /// The same on this Raft.
    #[must_use]
    pub fn on<R>(self, raft: R) -> ServiceSetup<R> {
        let Self { raft: (), delivered, persister, layer, raft_state_bytes_max } = self;
        ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max }
    }
}

impl<R> fmt::Debug for ServiceSetup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, snapshots at {:?} bytes", self.layer, self.raft_state_bytes_max)
    }
}
