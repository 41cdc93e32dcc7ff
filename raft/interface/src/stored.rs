//! What a Raft has stored, in its own words: for the page that shows a run.

use crate::{Index, ServerId, Term};

/// What stored bytes say: see [`RaftServer::read_stored`](crate::RaftServer::read_stored).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The current term.
    pub term: Term,
    /// For whom the server has voted in that term, if it has.
    pub voted_for: Option<ServerId>,
    /// The last index that the snapshot covers; 0 without one. The log begins behind it.
    pub base: Index,
    /// The index of the last entry of the log; that of the base if the log is empty.
    pub last: Index,
}
