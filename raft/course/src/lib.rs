//! A small Raft for a course: Figure 2 and Figure 13 of the extended paper, and nothing else.
//!
//! # Why there are two
//!
//! The reference (`raft/`) has the whole paper and more: pre-vote, membership, leases, snapshots in pieces. Whoever reads it for the
//! first time meets switches that are off. This crate is what a student writes in parts 3A to 3D, as it should look in the end. It
//! is also the master of the handout: what stands between `begin solution` and `end solution` is taken out by `cargo lab handout`,
//! and the rest is given.
//!
//! # How to read it
//!
//! The files are the paper's nouns, and in this order they tell the whole:
//!
//! | file | what |
//! |---|---|
//! | `messages` | what servers say to each other |
//! | `state` | what a server knows, and the rule of terms |
//! | `raft` | the lock, the step, the threads: how the rules are called |
//! | `election` | part 3A: who leads |
//! | `log`, `replication`, `apply` | part 3B: what is agreed |
//! | `persist` | part 3C: what survives a crash |
//! | `snapshot` | part 3D: what is forgotten |
//!
//! # What it leaves out
//!
//! Speed: each save writes the whole log, and a call that hangs sends its entries again with the next heartbeat. The reference does
//! better in both.

mod apply;
mod election;
mod log;
mod messages;
mod persist;
mod raft;
mod replication;
mod snapshot;
mod state;

pub use raft::Raft;
