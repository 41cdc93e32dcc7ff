//! Services on a cluster: a key/value service under test, its clients, and the histories of what they saw.
//!
//! # How it works
//!
//! [`Lab::service`](crate::Lab::service) starts a [`Cluster`](crate::Cluster) on whose servers a service stands instead of the harness' own.
//! The harness looks at whatever the service receives from its Raft, just before the service does, so all
//! [invariants](crate::invariants) hold here as well. [`Client`]s call the service through clerks. Whatever they ask and
//! are told goes into a history; when the test ends, [`KvCluster::check`] judges whether it is linearizable. A history
//! that could not be decided is a failure. One that is not linearizable is reported by the [kind](lab_linearizability::Kind) of
//! its fault, if it proves one; where a write is missing the harness writes and reads once more first, since only that tells a
//! stale read from a lost update.
//!
//! # Grading another implementation
//!
//! The service of this lab runs on any Raft: `kvraft::Reference<MyRaft>`. A service of one's own implements
//! [`KeyValue`](kvraft_interface::KeyValue).

mod by_version;
mod client;
mod cluster;
mod counter;
mod forwarding;
mod workload;

pub use client::Client;
pub use cluster::{KvBuilder, KvCluster};
pub use counter::Added;
pub use forwarding::{COMMANDS_MAX, Forwarded, Told, delta, executions};
pub use workload::{Keys, Workload, is_by_version};

pub use crate::client_history::Operations;
pub(crate) use cluster::at_once;
pub use cluster::{expect_waits, wait_for, wait_within};
