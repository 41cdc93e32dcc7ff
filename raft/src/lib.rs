//! The reference Raft.
