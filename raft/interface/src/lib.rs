//! What a Raft looks like from outside: the trait that the suites grade, the messages on the apply channel and
//! the persister. The harness and a foreign implementation both depend on this crate and on nothing of the
//! reference.
//!
//! A suite makes a server per peer through [`RaftServer`], reads what it delivers as [`ApplyMsg`]s and keeps its
//! [`Persister`] through crashes: a [`MemoryPersister`], as MIT's tester does, or a [`JournalPersister`] on a [`Disk`]: a real one
//! when a real process is to be killed, a [`FaultyDisk`] when the power is to fail in the middle of a save.
//!
//! What a suite asks of a Raft beyond the types stands in [`contract`]. How to begin, part by part, is in the course: `cargo doc
//! --no-deps --open -p lab-course`.

mod change;
mod configuration;
pub mod contract;
mod disk;
mod faulty_disk;
mod features;
mod journal_persister;
mod memory;
mod pair;
mod persister;
mod read;
mod real_disk;
mod stored;
mod transfer;

pub use change::{Change, ChangeError};
pub use configuration::{Configuration, Servers};
pub use disk::Disk;
pub use faulty_disk::{DiskAlarm, DiskFault, FaultyDisk, Loss, SECTOR_LEN};
pub use features::{Features, NotOffered};
pub use journal_persister::{JournalPersister, OpenError};
pub use memory::{MemoryPersister, SaveHook, SavePoint};
pub use persister::{Persister, SaveError};
pub use read::ReadIndexError;
pub use real_disk::RealDisk;
pub use stored::Stored;
pub use transfer::TransferError;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::time::Instant;
use serde::{Deserialize, Serialize};

/// A term, Raft's logical clock. Starts at 0 and never goes back (§5.1).
pub type Term = u64;
/// A position in the log. The first entry has index 1; 0 means "before the first" (Fig. 2, State).
pub type Index = u64;
/// A server's position in the list of peers, from 0.
pub type ServerId = usize;
/// A client command: opaque bytes. Shared, so that a log, a message and an apply message need only one copy.
pub type Command = Arc<[u8]>;

/// What a Raft server delivers to its service, in order of index and each index once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplyMsg {
    /// A committed log entry.
    Command {
        /// Its index; one above the last index delivered.
        index: Index,
        /// The term in which it was appended.
        term: Term,
        /// The client's bytes.
        command: Command,
    },
    /// A committed entry that is Raft's own, and no command. The service counts its index and does nothing else. It comes
    /// only where such entries were asked for: never in parts 3 and 4.
    Own {
        /// Its index; one above the last index delivered.
        index: Index,
        /// The term in which it was appended.
        term: Term,
        /// What it says.
        entry: OwnEntry,
    },
    /// A snapshot received from the leader (Fig. 13). It replaces the service's state.
    Snapshot {
        /// The last index that the snapshot covers; above the last index delivered, but for the stored snapshot, which may
        /// come once more as the first message after a start.
        index: Index,
        /// The term of the last entry that the snapshot covers: the one at that index, or one of Raft's own behind it, where
        /// indexes count commands only.
        term: Term,
        /// The service's own bytes, as some server passed them to [`RaftServer::snapshot`].
        data: Arc<[u8]>,
    },
}

impl fmt::Debug for ApplyMsg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { index, term, command } => {
                write!(f, "command {index} of term {term}, {} bytes", command.len())
            }
            Self::Own { index, term, entry } => write!(f, "own entry {index} of term {term}, {entry:?}"),
            Self::Snapshot { index, term, data } => {
                write!(f, "snapshot up to {index} of term {term}, {} bytes", data.len())
            }
        }
    }
}

/// What an entry says that is Raft's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnEntry {
    /// Nothing: a new leader appends it to commit what came before (§8).
    NoOp,
    /// Who counts (§6).
    Configuration(Configuration),
}

/// What [`RaftServer::start`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// The index at which the command will appear if it is ever committed.
    pub index: Index,
    /// The server's current term.
    pub term: Term,
    /// Whether the server believes that it is the leader. If not, nothing was appended and `index` means nothing.
    pub is_leader: bool,
}

/// A Raft server as the suites see it: MIT's five calls, the handlers that Go's `MakeService` would find by
/// reflection, and calls with defaults: two that a service can use if they are there, and those of who goes beyond Figure 2.
pub trait RaftServer: Clone + Send + Sync + 'static {
    /// Starts a server (MIT's `Make`). `peers[i]` reaches server `i`, `me` is this server's own place in that
    /// list. State is restored from `persister`; committed entries and snapshots go to `apply`. Returns
    /// quickly: long work belongs to threads. The server may live long: its threads must not grow in number with the calls
    /// that have hung, nor its memory with the heartbeats that have come and gone, or one day the system refuses another.
    ///
    /// The service reads the stored snapshot itself. A server may also deliver it, as the first message after a
    /// start.
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self;
    /// Which features beyond Figure 2 this Raft has: whether it can be made with these. By default only with none. Parts E
    /// grade what is offered, and nobody loses a point for the rest.
    ///
    /// # Errors
    ///
    /// The first feature that it does not have.
    fn offers(features: &Features) -> Result<(), NotOffered> {
        features.among(&[])
    }
    /// Starts a server with features that it [offers](Self::offers): [`make`](Self::make) otherwise, which this is by default.
    fn make_with_features(
        features: &Features,
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let _ = features;
        Self::make(peers, me, persister, apply)
    }
    /// Opens a persister on a disk, for part E7, where servers store what they save through it and the disk does its worst. Whoever
    /// has written a persister of his own puts it to that test with this; by default it is the lab's [`JournalPersister`], and
    /// then the part asks what the Raft does when a save fails.
    ///
    /// It is called with an empty disk at first, and later with what a power failure has left. Everything that it needs must be
    /// on that disk.
    ///
    /// # Errors
    ///
    /// In words for people: what is wrong with the stored bytes, and where.
    fn open_storage(disk: Arc<dyn Disk>) -> Result<Arc<dyn Persister>, Box<dyn Error + Send + Sync>> {
        Ok(Arc::new(JournalPersister::open(disk)?))
    }
    /// What bytes that a server of this kind has [saved](Persister::save) as its state say. Nothing is graded by it: the page that
    /// shows a failed run then knows the term, the vote and the log of each server, where it would else guess them from messages. By
    /// default it is not known, and `None` also stands for bytes that make no sense.
    fn read_stored(state: &[u8]) -> Option<Stored> {
        let _ = state;
        None
    }

    /// The RPC handlers of this server, to be added to its `labrpc` server.
    fn service(&self) -> Service;
    /// Asks for agreement on a command (MIT's `Start`). Returns at once; no promise that it ever commits.
    fn start(&self, command: Command) -> Started;
    /// The current term, and whether this server believes that it is the leader (MIT's `GetState`).
    fn get_state(&self) -> (Term, bool);
    /// The service has put everything up to and including `index` into `data`; the log may forget it (MIT's
    /// `Snapshot`, lab 3D).
    fn snapshot(&self, index: Index, data: Vec<u8>);
    /// The server is no longer needed: its threads should end soon and its handlers may answer anything (MIT's
    /// `Kill`).
    fn kill(&self);

    /// Who leads, if this server knows: itself, or the most recent leader that it has heard from (§8). It may be out of
    /// date: clients follow it a bounded number of times. It must not be a mere candidate, which has led nothing: clients
    /// would be sent from one loser of an election to another, and wait out their patience at each. A Raft without this is
    /// no worse: clients then look for the leader themselves.
    fn leader_hint(&self) -> Option<ServerId> {
        None
    }

    /// Asks for another configuration (§6). Returns at once, with the index of the entry that says so: the change is done when
    /// that is committed, or the last of two entries if it takes two. Entries that say so are delivered as
    /// [`ApplyMsg::Own`].
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; [`ChangeError::NotOffered`] if it is not implemented.
    fn change_configuration(&self, change: Change) -> Result<Index, ChangeError> {
        let _ = change;
        Err(ChangeError::NotOffered)
    }

    /// ReadIndex (thesis §6.4, steps 1 to 3): waits until a majority has confirmed, in messages sent after the call
    /// began, that this server leads. Returns the commit index at the beginning of the call. A Raft without this is
    /// no worse: all reads then go through the log.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`]; [`ReadIndexError::Unsupported`] if it is not implemented.
    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        let _ = deadline;
        Err(ReadIndexError::Unsupported)
    }

    /// A read by lease (thesis §6.4.1): returns at once, with an index that covers all that was committed when the call began, if
    /// this server leads, has committed an entry of its term, and its lease lasts still. Only for a Raft that offers
    /// [`leases`](Features::leases).
    ///
    /// The lease begins when the messages left that a majority has answered, and lasts for as long as no follower can help
    /// another server into office, less the error of the clocks. From the beginning of a leadership transfer there is none: an order to
    /// stand for election that is late may still bring another leader at any moment of this term.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`]; [`ReadIndexError::Timeout`] if there is no lease at the moment, and then
    /// [`read_index_until`](Self::read_index_until) may answer; [`ReadIndexError::Unsupported`] if it is not implemented, or was
    /// not asked for.
    fn lease_read_index(&self) -> Result<Index, ReadIndexError> {
        Err(ReadIndexError::Unsupported)
    }

    /// Asks this server, which leads, to hand its office to server `to` (thesis §3.10). Returns when that has begun: the leader
    /// refuses commands from then on, brings `to` up to date and tells it to stand for election at once. If that comes to
    /// nothing within about an election timeout, the leader goes on as before. Only for a Raft that offers
    /// [`leadership_transfer`](Features::leadership_transfer).
    ///
    /// # Errors
    ///
    /// [`TransferError`]; [`TransferError::NotOffered`] if it is not implemented, or was not asked for.
    fn transfer_leadership(&self, to: ServerId) -> Result<(), TransferError> {
        let _ = to;
        Err(TransferError::NotOffered)
    }
}
