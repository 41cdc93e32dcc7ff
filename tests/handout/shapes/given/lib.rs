//! A Raft that is given: Figure 2 and Figure 13 of the extended paper. What is yours is in `service`.
//!
//! | file | what |
//! |---|---|
//! | `messages` | what servers say to each other |
//! | `state` | what a server knows, and the rule of terms |
//! | `raft` | the handle, the lock, the step, the threads |
//! | `election` | part 3A: who leads |
//! | `log`, `replication`, `apply` | part 3B: what is agreed |
//! | `persist` | part 3C: what survives a crash |
//! | `snapshot` | part 3D: what is forgotten |

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
