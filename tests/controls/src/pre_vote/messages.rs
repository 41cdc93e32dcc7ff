//! The messages of Figure 2 and Figure 13, and their answers, under shorter names than the paper's.

use labrpc::sync::Arc;
use raft_interface::{Command, Index, ServerId, Term};
use serde::{Deserialize, Serialize};

/// One entry of the log: the term in which a leader appended it, and the client's bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry(pub Term, pub Command);

/// `RequestVote`, and `PreVote` as well: there the term is the one that the sender would stand for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVoteArgs {
    /// The term of the election.
    pub term: Term,
    /// Who asks.
    pub candidate: ServerId,
    /// The index of the candidate's last entry (§5.4).
    pub last_idx: Index,
    /// The term of that entry.
    pub last_term: Term,
}

/// The answer to either of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's own term. It is below that of the request where the voter has not adopted that one. In a yes to a `PreVote` the
    /// term that was asked about.
    pub term: Term,
    /// Whether the candidate has the vote.
    pub granted: bool,
}

/// `AppendEntries`: entries, a probe for where the logs agree, or a heartbeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppendEntriesArgs {
    /// The leader's term.
    pub term: Term,
    /// Who leads.
    pub leader: ServerId,
    /// The index before the first of the entries.
    pub prev_idx: Index,
    /// The term of the leader's entry there.
    pub prev_term: Term,
    /// What to store; empty for a probe and a heartbeat.
    pub entries: Vec<Entry>,
    /// The leader's commit index, as far as the follower is known to match.
    pub commit: Index,
}

impl AppendEntriesArgs {
    /// The index of the last entry for which a success vouches.
    #[must_use]
    pub fn last_index(&self) -> Index {
        self.prev_idx + self.entries.len() as Index
    }
}

/// The answer to `AppendEntries`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's term.
    pub term: Term,
    /// Whether its log had the previous entry.
    pub ok: bool,
    /// In a rejection: the term of its own entry at the previous index, if it has one (§5.3).
    pub conflict_term: Option<Term>,
    /// In a rejection: its first entry of that term, or one past the end of its log.
    pub conflict_index: Index,
}

/// `InstallSnapshot`, always the whole of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstallSnapshotArgs {
    /// The leader's term.
    pub term: Term,
    /// Who leads.
    pub leader: ServerId,
    /// The last index that the snapshot covers.
    pub snapshot_index: Index,
    /// The term of the entry there.
    pub snapshot_term: Term,
    /// The service's bytes.
    pub data: Arc<[u8]>,
}

/// The answer to `InstallSnapshot`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's term.
    pub term: Term,
}
