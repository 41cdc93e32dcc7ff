//! What servers say to each other, in words of their own.

use labrpc::sync::Arc;
use raft_interface::{Command, Index, ServerId, Term};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A request, and what answers it.
pub(super) trait Request: Serialize + Send + 'static {
    /// Its name on the wire.
    const METHOD: &'static str;
    /// Its answer.
    type Reply: Serialize + DeserializeOwned;
}

/// An entry, told by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its index.
    pub idx: Index,
    /// Its term.
    pub term: Term,
}

impl Place {
    /// There is none before the first one.
    #[must_use]
    pub fn of(idx: Index, term: Term) -> Option<Self> {
        (idx > 0).then_some(Self { idx, term })
    }

    /// Index and term; zeros before the first one.
    #[must_use]
    pub fn numbers(place: Option<Self>) -> (Index, Term) {
        place.map_or((0, 0), |place| (place.idx, place.term))
    }
}

/// A candidate asks for a vote: RequestVote of Figure 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskVote {
    /// The candidate's term.
    pub cur_term: Term,
    /// The candidate.
    pub who: ServerId,
    /// Its last entry.
    pub last: Option<Place>,
}

/// What answers [`AskVote`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum VoteReply {
    /// The candidate does not have the vote.
    Kept {
        /// The voter's term.
        cur_term: Term,
    },
    /// It has.
    Given {
        /// The voter's term.
        cur_term: Term,
    },
}

impl VoteReply {
    /// The voter's term, and whether the candidate has its vote.
    #[must_use]
    pub fn read(&self) -> (Term, bool) {
        match *self {
            Self::Kept { cur_term } => (cur_term, false),
            Self::Given { cur_term } => (cur_term, true),
        }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The term of the leader that appended it.
    pub born_in: Term,
    /// The client's command.
    pub payload: Command,
}

/// A leader sends entries, or only a sign of life: AppendEntries of Figure 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppendLog {
    /// The leader's term.
    pub cur_term: Term,
    /// The leader.
    pub who: ServerId,
    /// The entry before the first of `items`.
    pub prev: Option<Place>,
    /// The entries, if any.
    pub items: Vec<Item>,
    /// Up to where the leader knows the log to be committed.
    pub committed: Index,
}

/// What answers [`AppendLog`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppendReply {
    /// The follower's term.
    pub cur_term: Term,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an [`AppendLog`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The follower has the entry before the first one, and so has taken all. What is before `next_index` is as the leader has it.
    Matched {
        /// What it wants next.
        next_index: Index,
    },
    /// It has not.
    Mismatch {
        /// What it wants in its place.
        next_index: Index,
    },
}

/// What a snapshot covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The index of the last entry in it.
    pub last_idx: Index,
    /// The term of that entry.
    pub last_term: Term,
}

/// A leader sends its snapshot, piece by piece: InstallSnapshot of Figure 13.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendSnapshot {
    /// The leader's term.
    pub cur_term: Term,
    /// The leader.
    pub who: ServerId,
    /// What it covers.
    pub meta: Meta,
    /// Where the piece begins.
    pub from: u64,
    /// The piece.
    pub bytes: Arc<[u8]>,
    /// Whether nothing follows.
    pub is_last: bool,
}

/// What answers [`SendSnapshot`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotReply {
    /// The follower's term.
    pub cur_term: Term,
    /// How many bytes of the snapshot the follower has; `None` if it needs no more of it.
    pub has: Option<u64>,
}

impl Request for AskVote {
    const METHOD: &'static str = "Peer.AskVote";
    type Reply = VoteReply;
}

impl Request for AppendLog {
    const METHOD: &'static str = "Peer.AppendLog";
    type Reply = AppendReply;
}

impl Request for SendSnapshot {
    const METHOD: &'static str = "Peer.SendSnapshot";
    type Reply = SnapshotReply;
}

/// These words, for a reader that knows the paper's.
#[must_use]
pub fn names() -> lab::Names {
    lab::Names {
        request_vote: vec!["AskVote"],
        append_entries: vec!["AppendLog"],
        install_snapshot: vec!["SendSnapshot"],
        // An entry calls its term something else than a message does.
        term: vec!["curTerm", "bornIn"],
        candidate_id: vec!["who"],
        leader_id: vec!["who"],
        last_log_index: vec!["last.idx"],
        last_log_term: vec!["last.term"],
        vote_granted: vec!["Given"],
        vote_refused: vec!["Kept"],
        prev_log_index: vec!["prev.idx"],
        prev_log_term: vec!["prev.term"],
        entries: vec!["items"],
        command: vec!["payload"],
        leader_commit: vec!["committed"],
        success: vec!["outcome.Matched"],
        rejection: vec!["outcome.Mismatch"],
        last_included_index: vec!["meta.lastIdx"],
        last_included_term: vec!["meta.lastTerm"],
        snapshot: vec!["bytes"],
        offset: vec!["from"],
        done: vec!["isLast"],
        conflict_index: vec!["outcome.next_index"],
        ..lab::Names::default()
    }
}
