//! The three RPCs: Figure 2 and Figure 13, the latter with the whole snapshot in one piece. Each names its receiver, and each reply
//! who answers: what has gone astray is left alone. An AppendEntries has a number, which its reply bears too. Indexes are counted from 0
//! on the wire, as places in a list are, and it is -1 where there is no entry.

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use super::log::Entry;

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteArgs {
    pub(super) term: Term,
    pub(super) candidate_id: ServerId,
    pub(super) to: ServerId,
    #[serde(with = "super::from_zero")]
    pub(super) last_log_index: Index,
    pub(super) last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteReply {
    pub(super) term: Term,
    pub(super) vote_granted: bool,
    /// Whom the voter has given its vote in this term, if anybody.
    pub(super) voted_for: Option<ServerId>,
    pub(super) server_id: ServerId,
}

/// Figure 2, AppendEntries, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AppendEntriesArgs {
    pub(super) term: Term,
    pub(super) leader_id: ServerId,
    pub(super) to: ServerId,
    #[serde(with = "super::from_zero")]
    pub(super) prev_log_index: Index,
    pub(super) prev_log_term: Term,
    pub(super) entries: Vec<Entry>,
    #[serde(with = "super::from_zero")]
    pub(super) leader_commit: Index,
    /// No two messages of a server have the same.
    pub(super) seq: u64,
}

/// Figure 2, AppendEntries, results, and what a leader needs to back up by a term at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AppendEntriesReply {
    pub(super) term: Term,
    pub(super) success: bool,
    /// The term of the entry at `prev_log_index`, if that is what conflicts.
    pub(super) x_term: Option<Term>,
    /// The first index of `x_term`; 0 without one.
    #[serde(with = "super::from_zero")]
    pub(super) x_index: Index,
    /// One past the end of the log.
    #[serde(with = "super::from_zero")]
    pub(super) x_len: Index,
    /// Where the log of who answers ends.
    #[serde(with = "super::from_zero")]
    pub(super) last_log_index: Index,
    /// That of the request.
    pub(super) seq: u64,
    pub(super) server_id: ServerId,
}

/// Figure 13, arguments, without the offset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotArgs {
    pub(super) term: Term,
    pub(super) leader_id: ServerId,
    pub(super) to: ServerId,
    #[serde(with = "super::from_zero")]
    pub(super) last_included_index: Index,
    pub(super) last_included_term: Term,
    #[serde(with = "super::bytes")]
    pub(super) data: Arc<[u8]>,
}

/// Figure 13, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotReply {
    pub(super) term: Term,
    /// The disk did not take the snapshot. The term alone would look like success.
    pub(super) failed: bool,
    pub(super) server_id: ServerId,
}
