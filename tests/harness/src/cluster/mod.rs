//! A cluster under test: servers of the graded implementation on a network, with a service each, and everything that
//! can happen to them.
//!
//! # How it works
//!
//! A server is a node of the world, with a Raft server, a persister and a service. The service is a thread that reads
//! the apply channel, tells the [record](crate::record) what it read, and takes snapshots if the test asks for them.
//! A watcher asks all servers for their state now and then, and the [referee](lab_referee) reads the messages. So
//! what happens is judged also where the scenario does not look.
//!
//! # Crashes
//!
//! [`Cluster::crash`] is MIT's: the server is cut off, its storage copied, and then it is told to end. What it does
//! after the copy reaches nobody. [`Cluster::power_failure`] stops all its threads at one moment, wherever they are.
//! A restart starts a new incarnation from the storage; whether a server is connected is not changed by either.
//!
//! Which servers there are is fixed: they are the peers of each other. Which of them count may change, if the test asks for it:
//! [`Cluster::change`].
//!
//! # Disks
//!
//! Servers keep their state in memory, where a save is atomic. In a cluster that [stores on disks](ClusterBuilder::on_disks) each
//! has what the implementation opens on a [`FaultyDisk`](raft_interface::FaultyDisk), and a power failure takes of it what was not
//! flushed.

mod agreement;
mod builder;
mod checks;
mod disks;
mod faults;
mod handle;
mod membership;
mod options;
mod server;
mod service;
mod slot;
mod storage;

pub use builder::{ClusterBuilder, Running};
pub use faults::Moment;
pub(crate) use faults::{PANICS_WHEN_SAVE_FAILS, skip_where_panics_do_not_end_a_server, slow_saves};
pub use handle::Cluster;
pub use options::Snapshots;
pub use storage::SaveCall;
