//! The messages of Figure 2 and Figure 13, with the paper's field names.

use raft_interface::{Configuration, Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use labrpc::sync::Arc;
use labrpc::time::Instant;

use crate::entry::Entry;

/// The method that a candidate calls to gather votes (§5.2).
pub(crate) const REQUEST_VOTE: &str = "Raft.RequestVote";
/// The method that a leader calls to replicate entries, and as a heartbeat (§5.3).
pub(crate) const APPEND_ENTRIES: &str = "Raft.AppendEntries";
/// The method that a leader calls for a follower which needs entries that the leader has discarded (§7).
pub(crate) const INSTALL_SNAPSHOT: &str = "Raft.InstallSnapshot";
/// The method by which a leader tells a follower to stand for election at once (thesis §3.10).
pub(crate) const TIMEOUT_NOW: &str = "Raft.TimeoutNow";
/// The method by which a follower that is far behind asks a peer for committed entries; see [`crate::catch_up`].
pub(crate) const FETCH_ENTRIES: &str = "Raft.FetchEntries";

/// A request for a vote (Fig. 2, RequestVote).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestVoteArgs {
    /// The candidate's term.
    pub(crate) term: Term,
    /// Who asks.
    pub(crate) candidate_id: ServerId,
    /// The index of the candidate's last entry.
    pub(crate) last_log_index: Index,
    /// The term of that entry.
    pub(crate) last_log_term: Term,
    /// Only asks whether the vote would be given (thesis §9.6). `term` is then the term for which the sender would stand, and
    /// nobody's.
    pub(crate) pre_vote: bool,
    /// The leader itself wants this election, so nobody has to protect it (thesis §4.2.3).
    pub(crate) leadership_transfer: bool,
}

/// The answer to [`RequestVoteArgs`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestVoteReply {
    /// The voter's term, for the candidate to update itself.
    pub(crate) term: Term,
    /// Whether the candidate has the vote.
    pub(crate) vote_granted: bool,
    /// Whether the voter has no vote in its own configuration. For people: the candidate counts by its own.
    pub(crate) abstained: bool,
}

/// Entries to store, or none as a heartbeat (Fig. 2, AppendEntries).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppendEntriesArgs {
    /// The leader's term.
    pub(crate) term: Term,
    /// Who leads, so that a follower can redirect clients.
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

#[cfg(test)]
impl AppendEntriesArgs {
    /// What S1 sends first when it leads term 1. Two entries are committed.
    pub(crate) fn first_of_s1(entries: Vec<Entry>) -> Self {
        Self { term: 1, leader_id: 1, prev_log_index: 0, prev_log_term: 0, entries, leader_commit: 2 }
    }
}

/// The answer to [`AppendEntriesArgs`], with the hints of §5.3's last page for a fast backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppendEntriesReply {
    /// The follower's term, for the leader to update itself.
    pub(crate) term: Term,
    /// Whether the follower had the entry before the new ones, and so has them all now.
    pub(crate) success: bool,
    /// Whether the follower has no vote in its own configuration, or its log does not fit yet. For people: the leader counts by
    /// its own configuration.
    pub(crate) abstained: bool,
    /// On a rejection: the term of the follower's entry at `prev_log_index`; `None` when its log is shorter.
    pub(crate) conflict_term: Option<Term>,
    /// On a rejection: the first index of `conflict_term`, or one past the follower's last entry.
    pub(crate) conflict_index: Index,
}

/// Names one transfer of a snapshot: pieces of the same name are pieces of the same bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotId {
    /// Who sends it.
    pub(crate) leader: ServerId,
    /// In which term.
    pub(crate) term: Term,
    /// The last index that it covers.
    pub(crate) index: Index,
    /// Which transfer of that leader's term it is, from 1; 0 for a snapshot in one message.
    pub(crate) number: u64,
}

/// A piece of a snapshot in the place of discarded entries, often all of it (Fig. 13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstallSnapshotArgs {
    /// The leader's term.
    pub(crate) term: Term,
    /// Who leads.
    pub(crate) leader_id: ServerId,
    /// The snapshot replaces all entries up to and including this index.
    pub(crate) last_included_index: Index,
    /// The term of the entry at that index.
    pub(crate) last_included_term: Term,
    /// Who counts at that index, if an entry up to there has said so (thesis, Fig. 5.3: lastConfig).
    pub(crate) last_configuration: Option<Configuration>,
    /// Which transfer this is a piece of.
    pub(crate) snapshot_id: SnapshotId,
    /// Where in the snapshot `data` begins, in bytes.
    pub(crate) offset: u64,
    /// The service's state, or a piece of it.
    #[serde(with = "bytes")]
    pub(crate) data: Arc<[u8]>,
    /// Whether this is the last piece.
    pub(crate) done: bool,
}

/// The answer to [`InstallSnapshotArgs`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstallSnapshotReply {
    /// The follower's term, for the leader to update itself.
    pub(crate) term: Term,
    /// The piece does not fit: what the follower would take instead. A refusal, and no error, because labrpc's only error is
    /// that no reply has come.
    pub(crate) expected: Option<Expected>,
}

/// The piece that a follower can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expected {
    /// Of which transfer.
    pub(crate) snapshot_id: SnapshotId,
    /// Where it begins at the latest, in bytes.
    pub(crate) offset: u64,
}

/// The leader's order to stand for election at once (thesis §3.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeoutNowArgs {
    /// The leader's term.
    pub(crate) term: Term,
    /// Who leads.
    pub(crate) leader_id: ServerId,
}

/// The answer to [`TimeoutNowArgs`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeoutNowReply {
    /// The receiver's term: above the leader's if it stands, or if the leader is one no more.
    pub(crate) term: Term,
}

/// A follower's request for committed entries; see [`crate::catch_up`]. It says nothing of its sender, and may be answered by anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchEntriesArgs {
    /// The index of the first one, from 1.
    pub(crate) first: Index,
    /// So many at most.
    pub(crate) most: u64,
}

/// The answer to [`FetchEntriesArgs`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchEntriesReply {
    /// The current term of who answers. It moves no term: it says how far the entries may be trusted.
    pub(crate) term: Term,
    /// The index of the first entry: the one that was asked for.
    pub(crate) first: Index,
    /// The term of the entry just before them; 0 if there are none.
    pub(crate) prev_log_term: Term,
    /// The entries, all of them committed. None if the first is not committed there, or in the snapshot.
    pub(crate) entries: Vec<Entry>,
    /// The commit index of who answers.
    pub(crate) commit_index: Index,
    /// The last index that its snapshot covers: entries up to there it cannot give.
    pub(crate) base_index: Index,
}

/// Numbers the calls of one server, so that an answer can be told from the answer to an older call.
pub(crate) type CallId = u64;

/// What a server remembers of a call, to make sense of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Whom the call is for.
    pub(crate) peer: ServerId,
    /// The call's own number.
    pub(crate) call: CallId,
    /// The round of reads that the call serves; see [`crate::read`].
    pub(crate) round: u64,
    /// When the message left, or a little before.
    pub(crate) sent_at: Instant,
}

/// A message to be sent without the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) tag: Tag,
    pub(crate) message: Message,
}

/// A call that has come back.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) tag: Tag,
    pub(crate) exchange: Exchange,
}

/// Any of the requests, with its reply if one came. The large one is rare, and in a box: the others are moved a few times for each
/// call.
#[derive(Debug)]
pub(crate) enum Exchange {
    RequestVote(RequestVoteArgs, Option<RequestVoteReply>),
    AppendEntries(AppendEntriesArgs, Option<AppendEntriesReply>),
    InstallSnapshot(Box<InstallSnapshotArgs>, Option<InstallSnapshotReply>),
    TimeoutNow(TimeoutNowArgs, Option<TimeoutNowReply>),
    FetchEntries(FetchEntriesArgs, Option<FetchEntriesReply>),
}

/// Any of the requests; see [`Exchange`] for the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    RequestVote(RequestVoteArgs),
    AppendEntries(AppendEntriesArgs),
    InstallSnapshot(Box<InstallSnapshotArgs>),
    TimeoutNow(TimeoutNowArgs),
    FetchEntries(FetchEntriesArgs),
}

/// Shared bytes as one run of bytes. serde's own way is a sequence of numbers: the same on the wire, but one call
/// for each byte.
pub(crate) mod bytes {
    use std::fmt;

    use labrpc::sync::Arc;
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Arc<[u8]>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(Arc::from(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use raft_interface::{OwnEntry, Servers};

    use super::*;
    use crate::config::Config;
    use crate::election::Asking;
    use crate::entry::Payload;
    use crate::log::Log;
    use crate::persist::Restored;
    use crate::state::{Moment, State};

    /// Bytes that no server wrote. Whatever is read from them, a follower takes or refuses it, and can be elected afterwards.
    #[test]
    fn reader_of_messages_survives_fuzzing() {
        let payloads = [
            Payload::Command(Arc::from(*b"x")),
            Payload::Own(OwnEntry::NoOp),
            Payload::Own(OwnEntry::Configuration(Configuration::of(Servers::first(3)))),
        ];
        let entries = payloads.into_iter().map(|payload| Entry { term: 1, payload }).collect();
        let append = AppendEntriesArgs::first_of_s1(entries);
        let example = postcard::to_stdvec(&append).unwrap();
        lab_fuzzing::fuzz("append-entries", &[example], |input| {
            let Ok(args) = postcard::from_bytes::<AppendEntriesArgs>(input) else { return };
            let restored = Restored::of(args.term, Log::new(0, 0, Vec::new()));
            // What no leader of this term sends, a server need not take: it says so by a panic.
            let last_term =
                args.entries.iter().try_fold(0, |last, entry| (entry.term >= last).then_some(entry.term));
            let is_of_a_leader = args.leader_id != 0
                && (args.prev_log_index, args.prev_log_term) == (0, 0)
                && last_term.is_some_and(|last| last <= args.term)
                && args.term < Term::MAX;
            if !is_of_a_leader {
                return;
            }
            let moment = Moment::now();
            let mut state = State::new(0, 3, Config::default(), restored, &moment);
            state.on_append_entries(&args, &moment);
            state.start_election(Asking::Votes, &moment);
            state.append_command(Arc::from(*b"y"), &moment);
        });
    }

    #[test]
    fn message_survives_the_wire() {
        let entry = |term, bytes: &[u8]| Entry::command(term, Arc::from(bytes));
        let args = AppendEntriesArgs {
            term: 7,
            leader_id: 2,
            prev_log_index: 300,
            prev_log_term: 6,
            entries: vec![entry(6, b""), entry(7, &[0, 255, 128])],
            leader_commit: 299,
        };
        let bytes = postcard::to_stdvec(&args).unwrap();
        assert_eq!(postcard::from_bytes::<AppendEntriesArgs>(&bytes).unwrap(), args);
        assert_eq!(bytes.len(), 17, "small numbers and commands cost no more than they need");
    }
}
