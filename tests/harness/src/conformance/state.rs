//! What has gone on between the server, its peers and its service: plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use labrpc::wire::Value;
use raft_interface::{ApplyMsg, Command, Index, ServerId, Term};

use super::fetching::Helper;
use super::follower::Follower;
use super::message::{Entry, Reply, Request};

/// How a peer answers what the server sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Not at all: the call gets no reply.
    #[default]
    Silent,
    /// When the test does; the call is under way until then.
    Waits,
    /// As a follower of the paper would, which votes for whoever asks.
    Follows,
    /// The same, but leaders get no reply.
    VotesOnly,
    /// Entries do not fit, those that would are still on their way, and votes are given.
    Lags,
    /// As a follower, but snapshots [wait](Self::Waits).
    HoldsSnapshots,
    /// The same, but snapshots are lost: those calls get no reply.
    LosesSnapshots,
}

impl Behaviour {
    /// Whether the test answers such a request.
    pub(super) fn holds(self, request: &Request) -> bool {
        match self {
            Self::Waits => true,
            Self::HoldsSnapshots => request.is_install(),
            _ => false,
        }
    }
}

/// A request that the server sent to a peer.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// Its place among all requests.
    pub(super) number: usize,
    /// Who got it.
    pub to: ServerId,
    /// When.
    pub at: Duration,
    /// What it says.
    pub request: Request,
}

/// A request that a peer got, and what became of it.
pub(super) struct Received {
    pub(super) sent: SentRequest,
    /// The peer held it back for the test to answer: what a peer does is decided when a request arrives.
    pub(super) is_held: bool,
    /// The test has looked at it.
    pub(super) is_read: bool,
    /// The answer, if the test has answered: `None` in it for no reply.
    pub(super) answer: Option<Option<Reply>>,
}

#[derive(Default)]
pub(super) struct BenchState {
    pub(super) requests: Vec<Received>,
    pub(super) behaviours: Vec<Behaviour>,
    pub(super) followers: Vec<Follower>,
    /// How often the server has been started. On real threads those of an earlier life go on, and may still deliver.
    pub(super) life: u64,
    /// What the server's service got since the last start.
    pub(super) delivered: Vec<ApplyMsg>,
    /// The last index that it covers.
    pub(super) applied: Index,
    /// At this index the service takes a snapshot, before it takes what comes next.
    pub(super) snapshot_at: Option<Index>,
    pub(super) commands: CommandsSent,
    /// Nobody is answered: what the server's messages mean is still to be learned.
    pub(super) only_listens: bool,
    /// The first request for a vote, or for one that does not count, then.
    pub(super) first_candidacy: Option<Value>,
    /// The requests for votes that do not count, oldest first: when each came, and its term.
    pub(super) pre_votes: Vec<(Duration, Term)>,
    /// Who says no to these, and in which term at least.
    pub(super) refuses_pre_votes: BTreeMap<ServerId, Term>,
    /// The peers that give entries to a server that asks for them.
    pub(super) helpers: BTreeMap<ServerId, Helper>,
    /// Whom the server has asked for entries, and from which on.
    pub(super) fetches: Vec<(ServerId, Index)>,
    /// The entries that the server sends say of which kind they are.
    pub(super) has_kinds: bool,
    /// Who has voted for the server, by term.
    pub(super) votes: BTreeMap<Term, BTreeSet<ServerId>>,
    /// A field in replies to AppendEntries whose meaning is not known here.
    pub(super) unknown_hint: Option<&'static str>,
    /// Whether replies to InstallSnapshot can say that a piece did not fit; `None` before the first.
    pub(super) can_refuse_pieces: Option<bool>,
    /// The bytes of snapshots that are not [the usual ones](super::message::snapshot), by their last index.
    pub(super) own_snapshots: BTreeMap<Index, Vec<u8>>,
    /// When the server started.
    pub(super) started_at: Duration,
    /// It has given a vote since then.
    pub(super) has_voted: bool,
    /// When the server last took something of a leader.
    pub(super) led_at: Option<Duration>,
    pub(super) is_over: bool,
}

impl BenchState {
    pub(super) fn new(size: usize) -> Self {
        Self {
            behaviours: vec![Behaviour::default(); size],
            followers: vec![Follower::default(); size],
            ..Self::default()
        }
    }

    /// The next request to that peer, or to anybody, that the test has not seen and that is of interest. Others before
    /// it count as seen, and so do those that can be answered no more, where the test answers: the call was over before the peer
    /// began to hold such requests back.
    pub(super) fn next(
        &mut self,
        to: Option<ServerId>,
        is_wanted: impl Fn(&Request) -> bool,
    ) -> Option<SentRequest> {
        for received in &mut self.requests {
            if received.is_read || to.is_some_and(|to| to != received.sent.to) {
                continue;
            }
            received.is_read = true;
            let SentRequest { to, request, .. } = &received.sent;
            let is_too_late = self.behaviours[*to].holds(request) && !received.is_held;
            if is_wanted(request) && !is_too_late {
                return Some(received.sent.clone());
            }
        }
        None
    }

    /// All requests, oldest first.
    pub(super) fn requests(&self) -> impl Iterator<Item = &SentRequest> {
        self.requests.iter().map(|received| &received.sent)
    }

    /// Whether the indexes that `start` gives are not those on the wire: where a leader begins its term with an entry of
    /// its own (§8), it may count commands only. Then what it says to its peers cannot be compared with what it says above.
    pub(super) fn has_own_indexes(&self) -> bool {
        self.requests().any(|sent| {
            let Request::Append { prev, entries, .. } = &sent.request else { return false };
            (prev.0 + 1..).zip(entries).any(|(index, entry)| {
                self.commands.get(&(index, entry.term)).is_some_and(|given| *given != entry.command)
            })
        })
    }

    /// What a peer that behaves so answers to the request of that number: `Some(None)` for no reply, and `None` while the test has
    /// not decided.
    #[allow(clippy::option_option, reason = "no reply, and none yet, are two answers")]
    pub(super) fn reply_to(&mut self, number: usize, behaviour: Behaviour) -> Option<Option<Reply>> {
        let Received { sent: SentRequest { to, request, .. }, answer, .. } = &self.requests[number];
        let follower = &mut self.followers[*to];
        match behaviour {
            Behaviour::Silent => Some(None),
            Behaviour::LosesSnapshots if request.is_install() => Some(None),
            Behaviour::VotesOnly if !request.is_vote() => Some(None),
            Behaviour::Lags => Some(follower.answer_as_one_that_lags(request)),
            Behaviour::HoldsSnapshots if !request.is_install() => Some(Some(follower.answer(request))),
            Behaviour::Follows | Behaviour::LosesSnapshots | Behaviour::VotesOnly => {
                Some(Some(follower.answer(request)))
            }
            Behaviour::Waits | Behaviour::HoldsSnapshots if self.is_over => Some(None),
            Behaviour::Waits | Behaviour::HoldsSnapshots => *answer,
        }
    }

    /// From now on the test looks at new requests only.
    pub(super) fn forget(&mut self) {
        self.requests.iter_mut().for_each(|received| received.is_read = true);
    }
}

impl SentRequest {
    /// The entries that it brings.
    pub fn entries(&self) -> &[Entry] {
        match &self.request {
            Request::Append { entries, .. } => entries,
            _ => &[],
        }
    }
}

/// The commands that scripts have sent, by index and term.
pub(super) type CommandsSent = BTreeMap<(Index, Term), Command>;
