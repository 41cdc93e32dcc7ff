//! A linearizable key/value service on Raft: the service that the labs build on top of their log (classic lab 3,
//! 6.5840 lab 4).
//!
//! # The problem
//!
//! A few servers should look to their clients like one map that never fails. Raft gives them one log. What is left is
//! harder than it looks, because a client whose answer got lost has to ask again:
//!
//! - an operation must take effect once, although it may stand in the log twice;
//! - a server must answer the right client, although another entry may be committed where it expected its own;
//! - a read must not be answered by a server that has been deposed and does not know.
//!
//! # How it works, in the order in which it happens
//!
//! 1. A [`Clerk`] numbers a write within its session and sends it to the server that answered last ([`ClerkConfig`] says
//!    how patiently).
//! 2. The [`KvServer`] there checks the sizes ([`op`]) and submits the command to the replicated state machine
//!    ([`rsm`]), which starts it at the Raft and waits for that very entry.
//! 3. Raft replicates the entry and delivers it, on every server.
//! 4. The [`KvMachine`] applies it: the [`Sessions`] tell whether it is new, the [`Store`] changes if it is, and the
//!    sessions keep the reply.
//! 5. The server whose waiter stands at this index and term answers. If that fails, the clerk starts over at 1 with
//!    the same number, perhaps at another server.
//!
//! A read goes the same way, or asks the leader to have its leadership confirmed instead, or to trust its lease ([`ReadPath`]), or
//! asks any server ([`query`]). And any server takes commands for the leader, many in one message ([`forward`]).
//!
//! # Why a write takes effect exactly once
//!
//! Let a client's write be *w*, with session *s* and number *n*. All tries of it are the same [`Command`](op::Command).
//!
//! **At most once.** Raft delivers the same log to all replicas, so it is enough to look at one log. Let *e* be the first
//! entry of *w* in it that takes effect. From *e* on the session's last number is at least *n*, as long as *s* is open:
//! numbers only grow. So [`Sessions::judge`] calls any later entry of *w* a repetition or superseded, and both change nothing.
//! When *s* is closed, it refuses the entry; a session's number is the index of the entry that opened it, so it
//! is never opened again. The sessions are a part of the machine's state: they are in every snapshot, so a server that
//! restarts or is sent a snapshot judges as the others do. The judgement is made where the entry is applied and nowhere
//! before. A server that judged at submission would judge by a state that the log has not confirmed.
//!
//! **At least once, if the clerk reports success.** The clerk reports what a server replied. A server replies what the
//! machine returned for an entry of that index and that term, which name one entry of the log (§5.3). That entry is
//! committed, so it is in the log of every later leader (§5.4), and the reply was either to *w* taking effect there, or a copy of the
//! reply to the entry *e* before it. Both ways *w* has taken effect between the call and the reply.
//!
//! **In the right place.** *w* takes effect between its first submission and its reply, and all effects are ordered by the
//! log. That is linearizability.
//!
//! **What may remain unknown.** A clerk that gives up, or finds its session closed after a try without an answer, says
//! [`ClerkError::Maybe`]. It never guesses. One thing is assumed: the network does not deliver a copy of a
//! request after [`SESSIONS_MAX`] other sessions have been opened or used since.
//!
//! # Where the paper's rules are obeyed
//!
//! | rule | where |
//! |---|---|
//! | §8: clients find the leader by trying, and follow its hints | `route` |
//! | §8: serial numbers, the latest one and its response are tracked per client | [`Sessions::judge`], [`Sessions::remember`] |
//! | §8: a repeated command is answered without being executed again | `KvMachine::execute` |
//! | thesis §6.3: sessions are opened by an entry, and closed at the same entry on all replicas | [`Sessions::open`] |
//! | §8: a leader reads only after an entry of its own term has committed | `RaftServer::read_index_until` |
//! | §8: a leader reads only after a majority has answered | `RaftServer::read_index_until`, in rounds that reads share |
//! | thesis §6.4: ... and only after it has applied the read index | `rsm::read` |
//! | thesis §6.4: a follower asks the leader for a read index, and answers itself | [`query`] |
//! | thesis §6.4.1: a leader with a lease asks nobody | [`rsm::Rsm::read_by_lease`] |
//! | §5.3: an entry is known by its index and its term, wherever it was appended | `rsm::terms` |
//! | Fig. 13, service: a snapshot replaces the state | `rsm::applier` |
//! | Fig. 13, receiver 8: reset the machine by the snapshot's contents | `Core::install` |
//! | §7: a server takes a snapshot when its log reaches a size | `Shared::is_log_too_long` |
//! | §5.4.2: nothing is answered before it is committed | [`rsm::Rsm::submit`] waits for delivery |
//!
//! # Limits
//!
//! Keys have up to [`op::KEY_BYTES_MAX`] bytes and values up to [`op::VALUE_BYTES_MAX`]; both are strings. At most
//! [`SESSIONS_MAX`] sessions are open at a time: see `session` for the contract. A request waits up to
//! [`RsmConfig::wait_max`] on a server. Everything that can fail has a name: [`Refusal`] on the wire, [`ClerkError`] for
//! callers.
//!
//! # What it leaves out
//!
//! - Several operations of one client at a time. Open several clerks.
//! - Deleting keys, ranges, transactions, shards.
//! - Snapshots in pieces or in the background: the machine stands still while one is taken.

mod clerk;
mod error;
pub mod forward;
mod machine;
pub mod op;
mod peers;
pub mod query;
mod reference;
mod route;
pub mod rpc;
pub mod rsm;
mod server;
mod session;
mod store;

pub use clerk::{Clerk, ClerkConfig, ClerkReads};
pub use error::Refusal;
pub use forward::Forwarder;
pub use kvraft_interface::{Accepted, ClerkError, ForwardError};
pub use machine::KvMachine;
pub use peers::Peers;
pub use reference::{Counter, Reference};
pub use rpc::ReadPath;
pub use rsm::RsmConfig;
pub use server::KvServer;
pub use session::{Judgement, SESSIONS_MAX, Sessions};
pub use store::Store;
