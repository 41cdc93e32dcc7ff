//! Figure 2, State: what a server knows, and how the part of it that must survive is stored.

use labrpc::rand::{self, RngExt};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

use super::Node;
use super::log::Log;

/// The bounds of an election timeout, in milliseconds.
const ELECTION_TIMEOUT_MS: std::ops::Range<u64> = 250..400;
/// How often a call that is not to be answered looks whether the server was killed.
const KILL_POLL: Duration = Duration::from_millis(50);

/// What a server is at present (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Follower,
    Candidate,
    Leader,
}

/// All that the lock guards.
pub(super) struct State {
    // On stable storage.
    pub(super) current_term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) log: Log,
    // Lost in a crash.
    pub(super) role: Role,
    /// A save has failed. From then on this server is as good as crashed: it neither answers, stands, leads nor delivers
    /// any more.
    pub(super) is_broken: bool,
    /// How many have voted for this server in `current_term`, as long as it is a candidate.
    pub(super) votes: usize,
    pub(super) commit_index: Index,
    /// The last index that the applier has taken.
    pub(super) last_applied: Index,
    /// For each server, if this one leads.
    pub(super) next_index: Vec<Index>,
    /// For each server, if this one leads.
    pub(super) match_index: Vec<Index>,
    /// When the election timer was last reset, and after what time from then it runs out.
    timer: (Instant, Duration),
}

/// Persistent state as it is read from storage.
#[derive(Default, Deserialize)]
struct Restored {
    current_term: Term,
    voted_for: Option<ServerId>,
    log: Log,
}

/// Persistent state as it is written, which copies nothing.
#[derive(Serialize)]
struct Persistent<'a> {
    current_term: Term,
    voted_for: Option<ServerId>,
    log: &'a Log,
}

impl State {
    /// The state after a start with these stored bytes, none at the first start.
    pub(super) fn restored(bytes: &[u8], servers: usize) -> Self {
        let Restored { current_term, voted_for, log } = if bytes.is_empty() {
            Restored::default()
        } else {
            postcard::from_bytes(bytes).expect("bytes that a server has stored")
        };
        // The service reads the snapshot itself when it starts.
        let base = log.base_index();
        Self {
            current_term,
            voted_for,
            log,
            role: Role::Follower,
            is_broken: false,
            votes: 0,
            commit_index: base,
            last_applied: base,
            next_index: vec![0; servers],
            match_index: vec![0; servers],
            timer: new_timer(),
        }
    }

    /// Starts the election timer anew, with a new timeout.
    pub(super) fn reset_timer(&mut self) {
        self.timer = new_timer();
    }

    /// Whether nobody has reset the election timer in time.
    pub(super) fn is_timer_over(&self) -> bool {
        self.timer.0.elapsed() >= self.timer.1
    }

    /// All servers 2: a higher term makes a follower of everybody. Returns whether there is something to persist.
    pub(super) fn adopt(&mut self, term: Term) -> bool {
        if term <= self.current_term {
            return false;
        }
        if self.role == Role::Leader {
            // A leader's timer does not run. As a follower it waits as long as any other one.
            self.reset_timer();
        }
        self.role = Role::Follower;
        self.current_term = term;
        self.voted_for = None;
        true
    }

    /// Whether this server leads in `term`, which a thread that comes back from a call must ask.
    pub(super) fn leads(&self, term: Term) -> bool {
        self.role == Role::Leader && self.current_term == term
    }

    fn encode(&self) -> Vec<u8> {
        let Self { current_term, voted_for, ref log, .. } = *self;
        postcard::to_stdvec(&Persistent { current_term, voted_for, log }).expect("plain data")
    }
}

fn new_timer() -> (Instant, Duration) {
    (Instant::now(), Duration::from_millis(rand::rng().random_range(ELECTION_TIMEOUT_MS)))
}

impl Node {
    /// Stores the persistent state, and leaves the snapshot as it is. Afterwards `is_broken` tells whether it worked.
    pub(super) fn persist(&self, state: &mut State) {
        self.store(state, None);
    }

    /// Stores the persistent state together with a snapshot, in the same way.
    pub(super) fn persist_with_snapshot(&self, state: &mut State, snapshot: &[u8]) {
        self.store(state, Some(snapshot));
    }

    fn store(&self, state: &mut State, snapshot: Option<&[u8]>) {
        if state.is_broken || self.persister.save(&state.encode(), snapshot).is_err() {
            // Back to what is stored: nobody may hear of a term that is not.
            *state = State::restored(&self.persister.raft_state(), self.peers.len());
            state.is_broken = true;
        }
    }

    /// Handles a request under the lock, and answers unless the server is broken: what it did is not stored then. There
    /// is no way to return without an answer, so the call hangs until the server is killed and nobody hears it.
    pub(super) fn answer<R>(&self, handle: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let reply = handle(&mut state);
        let is_broken = state.is_broken;
        drop(state);
        while is_broken && !self.is_killed() {
            thread::sleep(KILL_POLL);
        }
        reply
    }
}
