//! Your Raft: one struct with Figure 2's state, a ticker, and handlers, as in MIT's skeleton. Everything is in `raft.rs`.

mod raft;

pub use raft::Raft;
