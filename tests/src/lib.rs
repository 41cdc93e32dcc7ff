//! The harness of the lab: clusters of Raft servers, what must hold of them, the suites that grade them, and what
//! judges histories.
//!
//! # How it works
//!
//! A [`TestCase`] is a scenario with a name, a part and points. [`run_case`] runs it once, in a simulation of one seed or
//! in the real world. Its body gets a [`Lab`] and makes a [`Cluster`] of servers of the [`Implementation`] that is
//! graded, does things to it and expects things of it. Meanwhile everything that the servers tell and apply goes as an
//! [`Observation`] to the [`invariants`], and every message that they send each other to the [`referee`]; both hold at
//! every step of every test. What goes wrong first is the [`Finding`], and [`report`] puts it into words.
//!
//! # Grading another implementation
//!
//! It implements [`RaftServer`](raft_interface::RaftServer), and one line makes the `#[test]` functions of a part:
//!
//! ```no_run
//! mod my_raft_is_graded {
//!     lab::suite_3a!(raft::Raft);
//! }
//! ```
//!
//! `examples/another_raft.rs` does that for a Raft that is wrong.
//!
//! The referee reads the messages by the names that the paper gives them and their fields, in the spelling of Rust:
//! `RequestVote`, `prev_log_index`. If yours differ, say so with [`Implementation::with_names`]. Messages that it cannot
//! read are not judged, and a line on standard error says so.

pub mod case;
pub mod cli;
pub mod cluster;
mod conformance;
pub mod deeds;
pub mod export;
pub mod finding;
pub mod grade;
pub mod history;
pub mod implementation;
pub mod invariants;
pub mod kv;
pub mod lab;
mod likeness;
pub mod linearizability;
pub mod mutants;
pub mod nemesis;
pub mod observation;
mod real;
pub mod record;
pub mod referee;
pub mod replay;
pub mod report;
pub mod run;
pub mod settings;
pub mod shrink;
pub mod suites;
mod sweep;
pub mod timeline;

pub use case::{Origin, Part, TestCase};
pub use cluster::Cluster;
pub use finding::Finding;
pub use grade::{grade_service_test, grade_test};
pub use implementation::Implementation;
pub use lab::Lab;
pub use observation::Observation;
pub use run::{Outcome, Plan, run_case, run_cut};
pub use settings::{Settings, World};
