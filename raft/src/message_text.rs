//! Each message as a line of text, in the paper's words: what a person reads of it.
//!
//! `3:2` is entry 3 of term 2. Of entries the terms are shown, as in the paper's pictures, and what is no command by name.

use std::fmt;

use raft_interface::{Index, OwnEntry, Term};

use crate::entry::{Entry, Payload};
use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, Expected, FetchEntriesArgs, FetchEntriesReply,
    InstallSnapshotArgs, InstallSnapshotReply, Message, RequestVoteArgs, RequestVoteReply, TimeoutNowArgs,
    TimeoutNowReply,
};

/// An entry's place in the log.
struct At(Index, Term);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.term)?;
        match &self.payload {
            Payload::Command(_) => Ok(()),
            Payload::Own(OwnEntry::NoOp) => f.write_str("(no-op)"),
            Payload::Own(OwnEntry::Configuration(configuration)) => write!(f, "({configuration})"),
        }
    }
}

impl fmt::Display for RequestVoteArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (self.pre_vote, self.leadership_transfer) {
            (true, _) => "PreVote",
            (false, true) => "RequestVote (transfer)",
            (false, false) => "RequestVote",
        };
        write!(f, "{name} T{} last {}", self.term, At(self.last_log_index, self.last_log_term))
    }
}

impl fmt::Display for RequestVoteReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_vote = if self.abstained { ", without a vote" } else { "" };
        write!(f, "T{} {}{without_vote}", self.term, if self.vote_granted { "yes" } else { "no" })
    }
}

impl fmt::Display for AppendEntriesArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.entries.iter().map(ToString::to_string).collect();
        write!(
            f,
            "AppendEntries T{} prev {} [{}] commit {}",
            self.term,
            At(self.prev_log_index, self.prev_log_term),
            entries.join(" "),
            self.leader_commit
        )
    }
}

impl fmt::Display for AppendEntriesReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { term, success, abstained, conflict_term, conflict_index } = self;
        match (success, conflict_term) {
            (true, _) if *abstained => write!(f, "T{term} success, without a vote"),
            (true, _) => write!(f, "T{term} success"),
            (false, Some(conflict)) => write!(f, "T{term} conflict: term {conflict} from {conflict_index}"),
            // Not for what is in the log: the term, or an entry that cannot be.
            (false, None) if *conflict_index == 0 => write!(f, "T{term} refused"),
            (false, None) => write!(f, "T{term} conflict: log ends before {conflict_index}"),
        }
    }
}

impl fmt::Display for InstallSnapshotArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = At(self.last_included_index, self.last_included_term);
        write!(f, "InstallSnapshot T{} last {last}, {} bytes", self.term, self.data.len())?;
        match (self.offset, self.done) {
            (0, true) => Ok(()), // all of it
            (offset, true) => write!(f, " from {offset}, the last"),
            (offset, false) => write!(f, " from {offset}"),
        }
    }
}

impl fmt::Display for InstallSnapshotReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expected {
            None => write!(f, "T{} done", self.term),
            Some(Expected { snapshot_id: id, offset }) => write!(
                f,
                "T{} expected: byte {offset} of transfer {} of S{} in T{}, up to {}",
                self.term, id.number, id.leader, id.term, id.index
            ),
        }
    }
}

impl fmt::Display for TimeoutNowArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeoutNow T{}", self.term)
    }
}

impl fmt::Display for TimeoutNowReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}", self.term)
    }
}

impl fmt::Display for FetchEntriesArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchEntries from {}, at most {}", self.first, self.most)
    }
}

impl fmt::Display for FetchEntriesReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prev = At(self.first.saturating_sub(1), self.prev_log_term);
        let (count, commit) = (self.entries.len(), self.commit_index);
        write!(f, "T{} prev {prev}, {count} entries, commit {commit}, base {}", self.term, self.base_index)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestVote(args) => args.fmt(f),
            Self::AppendEntries(args) => args.fmt(f),
            Self::InstallSnapshot(args) => args.fmt(f),
            Self::TimeoutNow(args) => args.fmt(f),
            Self::FetchEntries(args) => args.fmt(f),
        }
    }
}
