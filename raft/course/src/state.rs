//! What a server knows: Figure 2, State, and the rule of terms, which holds for all servers.
//!
//! A [`State`] is plain data under one lock. Its methods are the rules of the paper, and lie in the files that bear the
//! names of its sections: `election`, `replication`, `apply`, `snapshot`. They never wait and never call anybody: what is to be
//! sent or applied is what they return.

use std::time::Duration;

use labrpc::rand;
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{Index, ServerId, Term};

use crate::log::Log;
use crate::persist::Persistent;

/// The shortest time without a leader after which a server stands for election. Four heartbeats: one or two may be lost.
pub(crate) const ELECTION_TIMEOUT_MIN: Duration = Duration::from_millis(400);
/// The longest one.
pub(crate) const ELECTION_TIMEOUT_MAX: Duration = Duration::from_millis(800);

/// What a server does at the moment (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers candidates and leaders.
    Follower,
    /// Gathers votes.
    Candidate,
    /// Replicates its log.
    Leader,
}

/// One server: all that its lock guards.
#[derive(Debug)]
pub(crate) struct State {
    /// This server's place among its peers. Never changes.
    pub(crate) me: ServerId,
    /// How many servers there are, this one included. Never changes.
    pub(crate) servers: usize,

    // Persistent: saved before anybody hears of it.
    /// The latest term that this server has seen. Starts at 0 and only grows.
    pub(crate) current_term: Term,
    /// Who has this server's vote in `current_term`, if anybody.
    pub(crate) voted_for: Option<ServerId>,
    /// The entries after the snapshot.
    pub(crate) log: Log,
    /// The service's state up to the log's base; empty before the first snapshot.
    pub(crate) snapshot: Arc<[u8]>,

    // Volatile: lost in a crash.
    /// What this server does in `current_term`.
    pub(crate) role: Role,
    /// When it stands for election, unless it leads by then.
    pub(crate) election_deadline: Instant,
    /// Who has voted for it; one place for each server. Means something for a candidate only.
    pub(crate) votes: Vec<bool>,
    /// The highest index that is known to be committed. Only grows.
    pub(crate) commit_index: Index,
    /// The highest index that was handed to the service. Only grows, and is never above `commit_index`.
    pub(crate) last_applied: Index,

    // Volatile, on leaders: one place for each server, set anew after each election.
    /// The next entry to send there: at first the one after the last. Goes back while the logs do not match.
    pub(crate) next_index: Vec<Index>,
    /// The highest entry that is known to be stored there. Only grows.
    pub(crate) match_index: Vec<Index>,
    /// When a message must go there at the latest.
    pub(crate) heartbeat_at: Vec<Instant>,
    /// Whether a message was sent there, and nothing has been heard since.
    pub(crate) is_awaiting: Vec<bool>,

    /// The server is no longer needed.
    pub(crate) is_killed: bool,
    /// It does nothing any more: it was killed, or it could not save.
    pub(crate) is_stopped: bool,
}

impl State {
    /// A server as it comes up: a follower that remembers what it has saved, and nothing else.
    pub(crate) fn new(me: ServerId, servers: usize, persistent: Persistent) -> Self {
        let Persistent { current_term, voted_for, log, snapshot } = persistent;
        let (base, end, now) = (log.base_index(), log.last_index(), Instant::now());
        let mut state = Self {
            me,
            servers,
            current_term,
            voted_for,
            log,
            snapshot,
            role: Role::Follower,
            election_deadline: now,
            votes: vec![false; servers],
            // The service reads the stored snapshot itself, so what it covers is applied.
            commit_index: base,
            last_applied: base,
            next_index: vec![end + 1; servers],
            match_index: vec![0; servers],
            heartbeat_at: vec![now; servers],
            is_awaiting: vec![false; servers],
            is_killed: false,
            is_stopped: false,
        };
        state.reset_election_timer();
        state
    }

    /// All other servers.
    pub(crate) fn peers(&self) -> impl Iterator<Item = ServerId> + use<> {
        let me = self.me;
        (0..self.servers).filter(move |&peer| peer != me)
    }

    /// Whether this server leads its term.
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader)
    }

    /// The smallest number of servers that is more than half of them.
    pub(crate) fn majority(&self) -> usize {
        self.servers / 2 + 1
    }

    /// Waits another timeout for a leader before this server stands for election (§5.2).
    pub(crate) fn reset_election_timer(&mut self) {
        // begin solution 3A.1: draw a new timeout each time
        // hint: With the same timeout for all, they all stand at the same moment, and all vote for themselves. §5.2, last part.
        // hint: labrpc::rand::random_range draws what the seed of the run decides.
        let (now, drawn) = (Instant::now(), rand::random_range(ELECTION_TIMEOUT_MIN..ELECTION_TIMEOUT_MAX));
        self.election_deadline = now + drawn;
        // end solution
    }

    /// A message or a reply bears this term. One above our own becomes ours, and we follow (Fig. 2, All servers).
    ///
    /// This runs before anything else in a message is looked at.
    pub(crate) fn observe_term(&mut self, term: Term) {
        // begin solution 3A.1: adopt a higher term
        // hint: A vote belongs to a term. In a new one nobody has this server's vote.
        if term > self.current_term {
            self.current_term = term;
            self.voted_for = None;
            self.follow();
        }
        // end solution
    }

    /// Follows from now on, in the current term.
    pub(crate) fn follow(&mut self) {
        // begin solution 3A.1: become a follower
        // hint: A leader has no timer that runs. What must it have when it is a follower again?
        let before = std::mem::replace(&mut self.role, Role::Follower);
        // A follower's and a candidate's timer runs on: a server that only drives the term up must not keep one from standing
        // that can win.
        if before == Role::Leader {
            self.reset_election_timer();
        }
        // end solution
    }
}
