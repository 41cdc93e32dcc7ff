//! What goes over the network, and how it is called.
//!
//! Replies are handled with all their fields. The variants that say less send the short ones, and fill in from the
//! request what those leave out.

use labrpc::sync::Arc;
use raft_interface::{Command, Index, ServerId, Term};
use serde::{Deserialize, Serialize};

/// An entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) payload: Command,
    pub(super) epoch: Term,
}

/// RequestVote of Figure 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AskVote {
    pub(super) suitor: ServerId,
    pub(super) epoch: Term,
    pub(super) tip: Index,
    pub(super) tip_epoch: Term,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct AskVoteReply {
    pub(super) yes: bool,
    pub(super) epoch: Term,
    /// Where the voter's log ends.
    pub(super) tip: Index,
}

/// AppendEntries of Figure 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Push {
    pub(super) chief: ServerId,
    pub(super) epoch: Term,
    pub(super) settled: Index,
    pub(super) anchor: Index,
    pub(super) anchor_epoch: Term,
    pub(super) batch: Vec<Item>,
}

impl Push {
    /// The index of the last entry, or of the anchor.
    pub(super) fn reach(&self) -> Index {
        self.anchor + self.batch.len() as Index
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct PushReply {
    pub(super) fits: bool,
    /// Up to where the log is as the chief has it.
    pub(super) reach: Index,
    pub(super) epoch: Term,
    /// Term of what stands at the anchor instead, and where that term begins.
    pub(super) clash_epoch: Option<Term>,
    pub(super) clash_first: Option<Index>,
    /// One past the end, if the log is too short.
    pub(super) tail: Option<Index>,
}

/// A heartbeat to who has all that the chief has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pulse {
    pub(super) chief: ServerId,
    pub(super) epoch: Term,
    /// What is committed of what the follower has.
    pub(super) settled: Index,
}

/// The answer to a [`Pulse`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct PulseReply {
    pub(super) epoch: Term,
}

/// InstallSnapshot of Figure 13, in one piece.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) chief: ServerId,
    pub(super) epoch: Term,
    pub(super) upto: Index,
    pub(super) upto_epoch: Term,
    pub(super) blob: Arc<[u8]>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ImageReply {
    pub(super) epoch: Term,
    /// Whether what the image covers is there.
    pub(super) held: bool,
}

/// An [`AskVoteReply`] that does not tell where the log ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ShortVoteReply {
    yes: bool,
    epoch: Term,
}

impl From<AskVoteReply> for ShortVoteReply {
    fn from(AskVoteReply { yes, epoch, .. }: AskVoteReply) -> Self {
        Self { yes, epoch }
    }
}

impl ShortVoteReply {
    /// The voter may have all that the suitor has.
    pub(super) fn in_full(self, ask: &AskVote) -> AskVoteReply {
        let Self { yes, epoch } = self;
        AskVoteReply { yes, epoch, tip: ask.tip }
    }
}

/// A [`PushReply`] that leaves it to the chief to know what it has sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ShortPushReply {
    fits: bool,
    epoch: Term,
    clash_epoch: Option<Term>,
    clash_first: Option<Index>,
    tail: Option<Index>,
}

impl From<PushReply> for ShortPushReply {
    fn from(PushReply { fits, epoch, clash_epoch, clash_first, tail, .. }: PushReply) -> Self {
        Self { fits, epoch, clash_epoch, clash_first, tail }
    }
}

impl ShortPushReply {
    /// A push that fits was taken as a whole.
    pub(super) fn in_full(self, push: &Push) -> PushReply {
        let Self { fits, epoch, clash_epoch, clash_first, tail } = self;
        PushReply { fits, reach: push.reach(), epoch, clash_epoch, clash_first, tail }
    }
}

/// An [`ImageReply`] with the term alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ShortImageReply {
    epoch: Term,
}

impl From<ImageReply> for ShortImageReply {
    fn from(ImageReply { epoch, .. }: ImageReply) -> Self {
        Self { epoch }
    }
}

impl ShortImageReply {
    /// Who answers in the chief's term has taken the image.
    pub(super) fn in_full(self) -> ImageReply {
        ImageReply { epoch: self.epoch, held: true }
    }
}

/// How this Raft calls what the paper calls otherwise.
#[must_use]
pub fn names() -> lab::Names {
    lab::Names {
        request_vote: vec!["AskVote"],
        append_entries: vec!["Push"],
        install_snapshot: vec!["Image"],
        heartbeat: vec!["Pulse"],
        term: vec!["epoch"],
        candidate_id: vec!["suitor"],
        last_log_index: vec!["tip"],
        last_log_term: vec!["tip_epoch"],
        vote_granted: vec!["yes"],
        leader_id: vec!["chief"],
        prev_log_index: vec!["anchor"],
        prev_log_term: vec!["anchor_epoch"],
        entries: vec!["batch"],
        command: vec!["payload"],
        leader_commit: vec!["settled"],
        success: vec!["fits"],
        last_included_index: vec!["upto"],
        last_included_term: vec!["upto_epoch"],
        snapshot: vec!["blob"],
        conflict_index: vec!["clash_first"],
        conflict_term: vec!["clash_epoch"],
        conflict_len: vec!["tail"],
        ..lab::Names::default()
    }
}
