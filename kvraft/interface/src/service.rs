//! The traits: a service, what it is made of, and its clerks.

use std::fmt;

use labrpc::channel::Receiver;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Index, Persister, RaftServer, ServerId};

use crate::{Accepted, ClerkError, ForwardError, Version};

/// A key/value service to be graded.
///
/// # The contract
///
/// - What clerks are told is linearizable. Writes with sessions take effect exactly once, however often they are sent. Of a write by
///   version without a session a clerk may say that [nobody knows](ClerkError::Maybe), unless it has sent one request and was told no.
/// - A clerk asks until it knows, and finds whoever leads. A leader in a minority may keep a request until the network is whole (MIT), and
///   answers it then; clerks that leave it are better served, and where they could have, the test says so and gives no points.
/// - A caller of [`AnyService::add`] has returned within ten seconds of when its server was killed, or has heard that another one leads.
///   It may give up at any time before. Under a leader that stays and has a majority it is told the result.
/// - With a limit for the stored state that is kept to eight times that (MIT), and snapshots hold what is there now, not how it came about.
///
/// How clerks and servers talk, what stands in an entry and in a snapshot, and when one is taken is nobody else's business.
pub trait KeyValue: 'static {
    /// The Raft that it stands on.
    type Raft: RaftServer;

    /// Starts a server's service on its Raft. Called on the server's node.
    fn make(setup: ServiceSetup<Self::Raft>) -> Arc<dyn AnyService>;

    /// A clerk for the servers that these ends reach, in the order of their ids.
    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk>;

    /// The last index that a stored snapshot covers, if the snapshot says so. By default it is not known: MIT's services store their
    /// state and no index beside it. Then the lab takes a server that starts again to go on wherever its first delivery says.
    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        let _ = snapshot;
        None
    }

    /// What an entry of the log asks for, in a few words. Nothing is graded by it: the page that shows a failed run has words then
    /// in place of bytes. By default it is not known, and `None` also stands for bytes that are no command.
    fn show_command(layer: Layer, command: &[u8]) -> Option<String> {
        let _ = (layer, command);
        None
    }

    /// Whether its clerks can read in this way. By default in the two that parts 4A to 4C ask for. Parts E grade what is offered,
    /// and nobody loses a point for the rest.
    fn offers_reads(reads: Reads) -> bool {
        matches!(reads, Reads::ThroughTheLog | Reads::ReadIndex)
    }

    /// Whether its clerks have these writes. By default all. MIT's services until 2024 have [`Writes::Plain`] alone, and those since
    /// 2025 [`Writes::ByVersion`] alone: tests then ask for what they need in the way that is there, and those that cannot are skipped.
    fn offers_writes(writes: Writes) -> bool {
        let _ = writes;
        true
    }

    /// Whether every server takes commands, and forwards them to the leader: [`AnyService::feed`] and
    /// [`AnyService::execute`]. By default not. Part E6 grades those that do.
    fn forwards() -> bool {
        false
    }
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
    /// `peers[i]` reaches the handlers of server `i`, the service's among them: for services that ask each other.
    pub peers: Vec<ClientEnd>,
    /// This server's own place in that list.
    pub me: ServerId,
}

/// What stands on a Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The replicated state machine layer with a counter in it, for part 4A. A submit waits until it is known what becomes
    /// of it, or gives up sooner and returns `None`.
    Counter,
    /// The key/value service, for parts 4B and 4C.
    KeyValue,
}

/// How clerks read. All but the last are linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// By an entry in the log.
    #[default]
    ThroughTheLog,
    /// By ReadIndex, or whatever the service has instead.
    ReadIndex,
    /// By the leader's lease while it lasts, and by ReadIndex otherwise (thesis §6.4.1). Only as good as the clocks.
    Lease,
    /// By any server: a follower asks the leader what is committed, waits until it has applied that, and answers from its own
    /// state (thesis §6.4).
    Follower,
    /// By any server, from its own state as it is. What is read was committed, and may be old; but no read of a clerk sees an older
    /// state than the one before it.
    Weak,
}

/// How clerks write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// [`AnyClerk::put`] and [`AnyClerk::append`], each exactly once.
    Plain,
    /// [`AnyClerk::put_if`]: by version, and exactly once.
    IfVersion,
    /// [`AnyClerk::put_version`]: by version, without a session.
    ByVersion,
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

    /// Puts commands into the log, through whoever leads: each adds its delta to the counter of [`Layer::Counter`]. Returns as
    /// soon as a leader has appended them, one after the other and in this order; no promise that they ever commit. Each is
    /// appended once, also if the network delivers a message twice, as long as the leader does not restart in between.
    ///
    /// # Errors
    ///
    /// [`ForwardError`]: what is known of those that are given back. [`ForwardError::NotOffered`] if it is not implemented.
    fn feed(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        let _ = deltas;
        Err(ForwardError::NotOffered)
    }

    /// As [`feed`](Self::feed), but returns when this server has applied all of them, or it is known that it never will, or time is
    /// up.
    ///
    /// # Errors
    ///
    /// [`ForwardError`].
    fn execute(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        let _ = deltas;
        Err(ForwardError::NotOffered)
    }

    /// Stops the service and its Raft. All callers are to be freed.
    fn kill(&self);
}

/// A clerk. Its errors say what is known: see [`ClerkError`].
pub trait AnyClerk: Send {
    /// The value and version of a key; `None` if it was never written. If no writes by version are
    /// [offered](KeyValue::offers_writes) nobody looks at the version.
    ///
    /// # Errors
    ///
    /// When the clerk has given up.
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError>;

    /// Replaces a value. [`Writes::Plain`].
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        let _ = (key, value);
        Err(ClerkError::NotOffered)
    }

    /// Puts `tail` at the end of a value. [`Writes::Plain`].
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        let _ = (key, tail);
        Err(ClerkError::NotOffered)
    }

    /// Replaces a value if it is at `version`, exactly once. [`Writes::IfVersion`].
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put_if(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        let _ = (key, value, version);
        Err(ClerkError::NotOffered)
    }

    /// The same without a session: the `Put` of 6.5840. [`Writes::ByVersion`].
    ///
    /// # Errors
    ///
    /// When it was refused, or nobody knows.
    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        let _ = (key, value, version);
        Err(ClerkError::NotOffered)
    }

    /// The index of the last entry that was applied in the state that the last [`get`](Self::get) was answered from; `None` if that
    /// is not known. For [`Reads::Follower`] and [`Reads::Weak`].
    fn position(&self) -> Option<Index> {
        None
    }
}

impl ServiceSetup<()> {
    /// The same on this Raft.
    #[must_use]
    pub fn on<R>(self, raft: R) -> ServiceSetup<R> {
        let Self { raft: (), delivered, persister, layer, raft_state_bytes_max, peers, me } = self;
        ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max, peers, me }
    }
}

impl<R> fmt::Debug for ServiceSetup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, snapshots at {:?} bytes", self.layer, self.raft_state_bytes_max)
    }
}
