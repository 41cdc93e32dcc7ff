//! The messages of Figure 2 and Figure 13, under the paper's names.

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use super::log::Entry;

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteArgs {
    pub(super) term: Term,
    pub(super) candidate_id: ServerId,
    pub(super) last_log_index: Index,
    pub(super) last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteReply {
    pub(super) term: Term,
    pub(super) vote_granted: bool,
}

/// Figure 2, AppendEntries, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AppendEntriesArgs {
    pub(super) term: Term,
    pub(super) leader_id: ServerId,
    pub(super) prev_log_index: Index,
    pub(super) prev_log_term: Term,
    pub(super) entries: Vec<Entry>,
    pub(super) leader_commit: Index,
}

/// Figure 2, AppendEntries, results, and after a refusal for the sake of the log what the leader needs to skip a whole
/// term (end of §5.3).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct AppendEntriesReply {
    pub(super) term: Term,
    pub(super) success: bool,
    /// The term of the entry at `prev_log_index`, if there is one.
    pub(super) x_term: Option<Term>,
    /// The first index of that term.
    pub(super) x_index: Index,
    /// The length of the log, counting the entry 0 that nobody sees: one past the last index.
    pub(super) x_len: Index,
}

/// Figure 13, arguments; the snapshot always comes whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotArgs {
    pub(super) term: Term,
    pub(super) leader_id: ServerId,
    pub(super) last_included_index: Index,
    pub(super) last_included_term: Term,
    pub(super) data: Arc<[u8]>,
}

/// Figure 13, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotReply {
    pub(super) term: Term,
}
