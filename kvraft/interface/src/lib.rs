//! What a key/value service on Raft looks like from outside: the traits that the suites of parts 4A to 4C grade, the errors
//! of clerks, and the limits of keys and values. The harness and a service of one's own both depend on this crate and on
//! nothing of the reference.
//!
//! A suite makes a server per Raft through [`KeyValue`] and asks it through [`AnyClerk`]s. Read [`KeyValue`] first,
//! then [`ClerkError`]: what a clerk may say and what it must not is most of what is graded.
//!
//! # Lab 2, without a Raft
//!
//! [`SingleKv`] is a key/value server on one machine, which part 2K grades; [`Locks`] are locks on top of it, which part 2L
//! grades. Both are for the first hour with threads, calls and lost replies, and need nothing of the above.
//!
//! # Beyond parts 4A to 4C
//!
//! What a service says that it offers is graded in parts E; nobody loses a point for the rest.
//!
//! | offered | what is asked | part |
//! |---|---|---|
//! | [`Reads::Lease`], on a Raft with [`leases`](raft_interface::Features::leases) | reads are linearizable, also on a leader that has just been elected and applies slowly (thesis §6.4, step 4) | E5 |
//! | [`Reads::Follower`] | a clerk that reaches followers only is answered, linearizably, and not by a follower that can ask no leader | E5 |
//! | [`Reads::Weak`] | what is read was committed, and is not older than what this clerk has read before, at whatever server; [`AnyClerk::position`], if there is one, is never above what was applied anywhere | E5 |
//! | [`KeyValue::forwards`] | [`AnyService::feed`] and [`AnyService::execute`], on every server: a caller is answered within 10 s, and what it is told is true. Commands of one call stand in the log in one piece, in their order. Six calls without a leader cause 3,000 requests at most, for what is forwarded is not forwarded again | E6 |

mod error;
mod forward;
mod limits;
mod lock;
mod service;
mod single;

pub use error::ClerkError;
pub use forward::{Accepted, ForwardError};
pub use limits::{KEY_BYTES_MAX, TooLarge, VALUE_BYTES_MAX, check_key};
pub use lock::{AnyLease, AnyLock, Locks, Token};
pub use service::{AnyClerk, AnyService, KeyValue, Layer, Reads, ServiceSetup, Writes};
pub use single::{PutError, SingleKv, VersionedClerk};

/// How many times a key was written. The first write makes version 1; 0 stands for a key that was never written.
pub type Version = u64;
