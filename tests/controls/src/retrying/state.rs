//! What a server knows: Figure 2, State.

use std::collections::BTreeSet;

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId, Term};

use super::retries::Slots;
use super::storage::Stored;
use super::wire::{Item, Meta};

/// A server that has heard of no leader for so long stands for election, in milliseconds: a new choice each time.
const ELECTION_MS: std::ops::Range<u64> = 400..800;

/// What survives a crash.
#[derive(Debug, Default)]
pub(super) struct Durable {
    /// The latest term seen.
    pub(super) term: Term,
    /// Who has this server's vote in that term.
    pub(super) vote: Option<ServerId>,
    /// The last entry that the snapshot covers, and its term; 0 and 0 without a snapshot.
    pub(super) base_idx: Index,
    pub(super) base_term: Term,
    /// The entries above that.
    pub(super) items: Vec<Item>,
    /// Which of them are stored already.
    pub(super) stored: Stored,
}

impl Durable {
    pub(super) fn last_idx(&self) -> Index {
        self.base_idx + self.items.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.items.last().map_or(self.base_term, |item| item.born_in)
    }

    /// Where the entry of this index stands. The index must be above the base.
    fn place(&self, index: Index) -> usize {
        usize::try_from(index - self.base_idx - 1).expect("a log fits into memory")
    }

    /// The term of an entry, if the log or the base tells it.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index <= self.base_idx {
            return (index == self.base_idx).then_some(self.base_term);
        }
        self.items.get(self.place(index)).map(|item| item.born_in)
    }

    /// The entries from this index on, which must be above the base and no further than one behind the last.
    pub(super) fn items_from(&self, index: Index) -> &[Item] {
        &self.items[self.place(index)..]
    }

    /// Drops the entries from this index on.
    pub(super) fn cut_from(&mut self, index: Index) {
        let place = self.place(index);
        self.items.truncate(place);
        self.stored.cut_to(place);
    }

    /// Drops the entries up to this one, which the log must have: a snapshot covers them now.
    pub(super) fn forget_to(&mut self, index: Index) {
        self.base_term = self.term_at(index).expect("an entry of the log");
        let count = self.place(index) + 1;
        self.items.drain(..count);
        self.base_idx = index;
        self.stored = Stored::default();
    }

    /// Has nothing but the base from now on.
    pub(super) fn restart_at(&mut self, base_idx: Index, base_term: Term) {
        self.items.clear();
        (self.base_idx, self.base_term) = (base_idx, base_term);
        self.stored = Stored::default();
    }

    /// The first index of the run of entries of one term that `index` belongs to, as far down as the base.
    pub(super) fn start_of_run(&self, index: Index) -> Index {
        let term = self.term_at(index);
        (self.base_idx + 1..index)
            .rev()
            .take_while(|&before| self.term_at(before) == term)
            .last()
            .unwrap_or(index)
    }
}

/// What a server is in its term.
#[derive(Debug)]
pub(super) enum Role {
    Follower,
    /// With those who gave their vote, itself among them.
    Candidate(BTreeSet<ServerId>),
    /// With what it knows of each server; its own place is of no use.
    Leader(Vec<Progress>),
}

/// What a leader knows of a follower.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The first entry that no request under way brings.
    pub(super) next: Index,
    /// Up to here the follower has what the leader has.
    pub(super) matched: Index,
    /// Requests with lower numbers were sent before the last step back. That they are refused, too, is no news.
    pub(super) stepped_back_at: u64,
    /// The snapshot that it gets.
    pub(super) outgoing: Option<Outgoing>,
}

/// A snapshot on its way to a follower. The service may make a newer one meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) meta: Meta,
    pub(super) bytes: Arc<[u8]>,
    /// So many of them the follower has.
    pub(super) has: usize,
}

/// A snapshot of which pieces have come.
#[derive(Debug)]
pub(super) struct Incoming {
    /// In this term, and so from its leader.
    pub(super) term: Term,
    pub(super) meta: Meta,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) durable: Durable,
    pub(super) role: Role,
    /// Who leads the term, if known.
    pub(super) leader: Option<ServerId>,
    pub(super) committed: Index,
    /// What has come of a leader's snapshot. A restart forgets it.
    pub(super) incoming: Option<Incoming>,
    /// Up to here all has been handed to the applier.
    pub(super) applied: Index,
    /// When to stand for election.
    pub(super) deadline: Instant,
    /// The requests to each server that wait for an answer.
    pub(super) slots: Vec<Slots>,
    /// The number of the next request.
    pub(super) next_number: u64,
    /// The server was killed, or its storage failed: it does nothing any more.
    pub(super) is_halted: bool,
}

impl State {
    /// The state of a server that starts with what is stored.
    pub(super) fn restore(stored: &[u8], servers: usize) -> Self {
        let durable = if stored.is_empty() {
            Durable::default()
        } else {
            Durable::decode(stored).expect("what a save of this Raft wrote")
        };
        let base = durable.base_idx;
        let mut state = Self {
            durable,
            role: Role::Follower,
            leader: None,
            // A snapshot covers only what is committed, and the service has read its own.
            committed: base,
            incoming: None,
            applied: base,
            deadline: Instant::now(),
            slots: vec![Slots::default(); servers],
            next_number: 1,
            is_halted: false,
        };
        state.restart_timer();
        state
    }

    pub(super) fn restart_timer(&mut self) {
        self.deadline = Instant::now() + Duration::from_millis(rand::rng().random_range(ELECTION_MS));
    }

    /// Follows in this term, which is not below the current one. Nothing is saved yet.
    pub(super) fn follow(&mut self, term: Term) {
        if term > self.durable.term {
            self.durable.term = term;
            self.durable.vote = None;
            self.leader = None;
        }
        self.role = Role::Follower;
    }

    pub(super) fn halt(&mut self) {
        self.is_halted = true;
        self.role = Role::Follower;
        self.leader = None;
    }
}
