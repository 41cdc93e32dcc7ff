//! The messages of Figure 2 and Figure 13, with the paper's field names: the lab reads them by these.

use std::fmt;

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use crate::log::Entry;

/// A request for a vote (Fig. 2, RequestVote).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestVoteArgs {
    /// The candidate's term.
    pub(crate) term: Term,
    /// Who asks.
    pub(crate) candidate_id: ServerId,
    /// The index of the candidate's last entry (§5.4.1).
    pub(crate) last_log_index: Index,
    /// The term of that entry.
    pub(crate) last_log_term: Term,
}

/// The answer to [`RequestVoteArgs`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RequestVoteReply {
    /// The voter's term, for the candidate to update itself.
    pub(crate) term: Term,
    /// Whether the candidate has the vote.
    pub(crate) vote_granted: bool,
}

/// Entries to store, or none as a heartbeat (Fig. 2, AppendEntries).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AppendEntriesArgs {
    /// The leader's term.
    pub(crate) term: Term,
    /// Who leads.
    pub(crate) leader_id: ServerId,
    /// The index of the entry just before the new ones.
    pub(crate) prev_log_index: Index,
    /// The term of that entry.
    pub(crate) prev_log_term: Term,
    /// The entries to store.
    pub(crate) entries: Vec<Entry>,
    /// The leader's commit index.
    pub(crate) leader_commit: Index,
}

impl AppendEntriesArgs {
    /// The index of the last entry that the message speaks of: the one before the new ones, if there are none.
    pub(crate) fn last_new_index(&self) -> Index {
        self.prev_log_index + self.entries.len() as Index
    }
}

/// The answer to [`AppendEntriesArgs`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppendEntriesReply {
    /// The follower's term, for the leader to update itself.
    pub(crate) term: Term,
    /// Whether the follower's log matched at `prev_log_index`, and so holds all the entries now.
    pub(crate) success: bool,
    /// On a refusal: the term of the follower's entry at `prev_log_index`; `None` if its log is too short to have one (§5.3, last
    /// page).
    pub(crate) conflict_term: Option<Term>,
    /// On a refusal: the first index of that term in the follower's log, or one past its last entry.
    pub(crate) conflict_index: Index,
}

/// A snapshot in the place of entries that the leader has forgotten (Fig. 13). It always comes whole, so `offset` and `done`
/// are left out.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InstallSnapshotArgs {
    /// The leader's term.
    pub(crate) term: Term,
    /// Who leads.
    pub(crate) leader_id: ServerId,
    /// The snapshot replaces all entries up to and including this index.
    pub(crate) last_included_index: Index,
    /// The term of the entry at that index.
    pub(crate) last_included_term: Term,
    /// The service's state.
    pub(crate) data: Arc<[u8]>,
}

/// The answer to [`InstallSnapshotArgs`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct InstallSnapshotReply {
    /// The follower's term, for the leader to update itself.
    pub(crate) term: Term,
}

/// Any message from a leader to a follower.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Entries, or a heartbeat.
    Entries(AppendEntriesArgs),
    /// The snapshot, for who lacks entries that are forgotten.
    Snapshot(InstallSnapshotArgs),
}

impl fmt::Debug for InstallSnapshotArgs {
    /// Without the bytes, which nobody can read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot up to {} of T{}", self.last_included_index, self.last_included_term)
    }
}
