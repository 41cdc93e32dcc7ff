//! What servers say to each other: Figure 2 and Figure 13, and the same replies as calls of their own.

use labrpc::sync::Arc;
use raft_interface::{Command, Index, ServerId, Term};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A log entry on the wire, on the disk and in memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) term: Term,
    pub(super) command: Command,
}

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteArgs {
    pub(super) term: Term,
    pub(super) candidate_id: ServerId,
    pub(super) last_log_index: Index,
    pub(super) last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct RequestVoteReply {
    pub(super) term: Term,
    pub(super) vote_granted: bool,
}

/// A [`RequestVoteReply`] with its sender.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RequestVoteResponse {
    pub(super) voter_id: ServerId,
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

impl AppendEntriesArgs {
    /// The index of the last new entry.
    pub(super) fn last_index(&self) -> Index {
        self.prev_log_index + self.entries.len() as Index
    }
}

/// Figure 2, AppendEntries, results, with the hint of §5.3.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct AppendEntriesReply {
    pub(super) term: Term,
    pub(super) success: bool,
    /// In a rejection: the first index at which the logs may differ. 0: no hint.
    pub(super) conflict_index: Index,
}

/// An [`AppendEntriesReply`] with its sender and what it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AppendEntriesResponse {
    pub(super) follower_id: ServerId,
    /// The term of the request.
    pub(super) request_term: Term,
    /// The index of the entry before those of the request.
    pub(super) prev_log_index: Index,
    /// The index of the last entry of the request, which matches if this is a success.
    pub(super) match_index: Index,
    pub(super) term: Term,
    pub(super) success: bool,
    pub(super) conflict_index: Index,
}

/// Figure 13, InstallSnapshot, arguments. A snapshot is sent in one piece.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotArgs {
    pub(super) term: Term,
    pub(super) leader_id: ServerId,
    pub(super) last_included_index: Index,
    pub(super) last_included_term: Term,
    /// Where in the snapshot `data` begins: always 0.
    pub(super) offset: u64,
    pub(super) data: Arc<[u8]>,
    /// Whether this is the last piece: always true.
    pub(super) done: bool,
}

/// Figure 13, InstallSnapshot, results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct InstallSnapshotReply {
    pub(super) term: Term,
}

/// An [`InstallSnapshotReply`] with its sender and what it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstallSnapshotResponse {
    pub(super) follower_id: ServerId,
    /// The term of the request.
    pub(super) request_term: Term,
    /// The index up to which the follower matches the leader, if the request was of its term.
    pub(super) match_index: Index,
    pub(super) term: Term,
}

/// A request, and how its reply becomes a response: a message that can be understood without the request.
pub(super) trait Request: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The full name of the method that takes it.
    const METHOD: &'static str;
    /// The full name of the method that takes its response, where replies travel alone.
    const RESPONSE_METHOD: &'static str;
    /// What the paper's receiver answers. The default is of a server that was stopped, and tells nothing.
    type Reply: Default + Serialize + DeserializeOwned + Send + 'static;
    /// The answer with its sender, and with what the asker has to know of the request.
    type Response: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    fn asker(&self) -> ServerId;
    /// The reply of `by`, as a response.
    fn response(&self, by: ServerId, reply: Self::Reply) -> Self::Response;
}

impl Request for RequestVoteArgs {
    const METHOD: &'static str = "Raft.RequestVote";
    const RESPONSE_METHOD: &'static str = "Raft.RequestVoteResponse";
    type Reply = RequestVoteReply;
    type Response = RequestVoteResponse;

    fn asker(&self) -> ServerId {
        self.candidate_id
    }

    fn response(&self, by: ServerId, reply: RequestVoteReply) -> RequestVoteResponse {
        let RequestVoteReply { term, vote_granted } = reply;
        RequestVoteResponse { voter_id: by, term, vote_granted }
    }
}

impl Request for AppendEntriesArgs {
    const METHOD: &'static str = "Raft.AppendEntries";
    const RESPONSE_METHOD: &'static str = "Raft.AppendEntriesResponse";
    type Reply = AppendEntriesReply;
    type Response = AppendEntriesResponse;

    fn asker(&self) -> ServerId {
        self.leader_id
    }

    fn response(&self, by: ServerId, reply: AppendEntriesReply) -> AppendEntriesResponse {
        let AppendEntriesReply { term, success, conflict_index } = reply;
        AppendEntriesResponse {
            follower_id: by,
            request_term: self.term,
            prev_log_index: self.prev_log_index,
            match_index: self.last_index(),
            term,
            success,
            conflict_index,
        }
    }
}

impl Request for InstallSnapshotArgs {
    const METHOD: &'static str = "Raft.InstallSnapshot";
    const RESPONSE_METHOD: &'static str = "Raft.InstallSnapshotResponse";
    type Reply = InstallSnapshotReply;
    type Response = InstallSnapshotResponse;

    fn asker(&self) -> ServerId {
        self.leader_id
    }

    fn response(&self, by: ServerId, reply: InstallSnapshotReply) -> InstallSnapshotResponse {
        InstallSnapshotResponse {
            follower_id: by,
            request_term: self.term,
            match_index: self.last_included_index,
            term: reply.term,
        }
    }
}
