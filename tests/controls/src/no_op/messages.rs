//! The messages of Figures 2 and 13. Their indexes count all entries, no-ops as well.

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use super::log::Entry;

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVoteArgs {
    /// The candidate's term.
    pub term: Term,
    /// Who asks.
    pub candidate_id: ServerId,
    /// The index of the candidate's last entry (§5.4).
    pub last_log_index: Index,
    /// The term of that entry.
    pub last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's term, for the candidate to update itself.
    pub term: Term,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
}

/// Figure 2, AppendEntries, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppendEntriesArgs {
    /// The leader's term.
    pub term: Term,
    /// Who leads.
    pub leader_id: ServerId,
    /// The index of the entry before the new ones.
    pub prev_log_index: Index,
    /// The term of that entry.
    pub prev_log_term: Term,
    /// The new entries; none in a heartbeat of a leader that has nothing to tell.
    pub entries: Vec<Entry>,
    /// The leader's commit index.
    pub leader_commit: Index,
}

/// Figure 2, AppendEntries, results, and how far the leader should go back (§5.3, end).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's term, for the leader to update itself.
    pub term: Term,
    /// Whether the follower has the entry before the new ones, and so now the new ones.
    pub success: bool,
    /// In a rejection, the term of the follower's entry at `prev_log_index`; `None` if its log is too short.
    pub conflict_term: Option<Term>,
    /// In a rejection, the follower's first index of `conflict_term`, or the one after its last.
    pub conflict_index: Index,
}

/// Figure 13, arguments. The snapshot comes in one piece.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstallSnapshotArgs {
    /// The leader's term.
    pub term: Term,
    /// Who leads.
    pub leader_id: ServerId,
    /// The snapshot replaces all entries up to and including this one.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// How many of these entries are commands.
    pub last_included_commands: Index,
    /// The service's bytes.
    pub data: Arc<[u8]>,
}

/// Figure 13, results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's term, for the leader to update itself.
    pub term: Term,
}
