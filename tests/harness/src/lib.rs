//! The harness: clusters of Raft servers, what scenarios do to them, and what must hold of them.
//!
//! # How it works
//!
//! A [`TestCase`] is a scenario with a name, a part and points. [`run_case`] runs it once, in a simulation of one seed or
//! in the real world. Its body gets a [`Lab`] and makes a [`Cluster`] of servers of the [`Implementation`] that is
//! graded, does things to it and expects things of it. Meanwhile everything that the servers tell and apply goes as an
//! [`Observation`] to the [`invariants`], and every message that they send each other to the [referee](lab_referee); both hold at
//! every step of every test. What goes wrong first is the [`Violation`], and the crate `report` puts it into words.
//!
//! # Read in this order
//!
//! 1. [`case`], [`implementation`]: what is graded. [`run`]: one run from begin to end. [`lab`]: what a scenario holds.
//! 2. [`cluster`]: servers, their network, what can be done to them. [`kv`]: a service and its clients on top.
//! 3. [`observation`], [`record`], [`invariants`]: what is seen, what is remembered, what must hold.
//! 4. [`conformance`]: one server among scripted peers. [`nemesis`]: faults of all kinds at random.
//! 5. [`single`]: lab 2, a key/value server on one machine and locks on it, without a Raft.
//!
//! # The rules
//!
//! - Files use each other one way, from the bottom up: plain data (`committed`, `observation`, `timeline`, `client_history`,
//!   `service_state`); [`invariants`]; [`record`]; [`lab`]; [`cluster`]; [`kv`], [`nemesis`], [`conformance`], [`single`]; [`run`]. Where one
//!   type has methods on many subjects, as [`Cluster`] has, each subject is a file with an `impl` of its own; these call each
//!   other's methods. Only tests look up: those of the invariants put their facts before all of them.
//! - The harness depends on no Raft and on no service: it sees the calls of [`RaftServer`](raft_interface::RaftServer) and of
//!   [`KeyValue`](kvraft_interface::KeyValue).
//! - What a scenario does to the system goes through [`Lab::begin_action`], so that a failure can be made smaller.
//!
//! # What it leaves out
//!
//! Which tests there are (`suites`), words for people (`report`), many seeds (`hunt`).

pub mod case;
mod client_history;
pub mod cluster;
mod committed;
pub mod conformance;
mod counting;
pub mod implementation;
pub mod invariants;
pub mod kv;
pub mod lab;
mod marks;
pub mod nemesis;
pub mod observation;
mod on_node;
pub mod operations;
mod real;
pub mod record;
pub mod run;
mod server_storage;
mod service_state;
pub mod single;
pub mod timeline;
mod told_service;

pub use case::{Origin, Part, TestCase};
pub use cluster::Cluster;
pub use implementation::Implementation;
pub use lab::Lab;
pub use lab_referee::Violation;
pub use observation::Observation;
pub use run::{Outcome, run_case, run_subset};
