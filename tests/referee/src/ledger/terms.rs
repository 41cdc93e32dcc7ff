//! What is known of each term: votes, the leader, its log as far as it was sent, and who acknowledged it.

use std::collections::VecDeque;

use raft_interface::{Index, ServerId, Term};

use super::pace::Pace;
use super::quorum::Quorum;
use super::window::Window;
use crate::fact::Life;
use crate::message::Entry;
use crate::message::Position;
use crate::proof::Line;

/// Terms that are kept, from the latest back.
const TERMS_KEPT: Term = 64;

/// Who leads a term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    pub(crate) server: ServerId,
    pub(crate) life: Option<Life>,
    /// The first message that it sent as leader.
    pub(crate) line: Line,
}

/// One term.
#[derive(Clone, Debug)]
pub(crate) struct TermRecord {
    term: Term,
    pub(crate) leader: Option<Leader>,
    /// For whom each server voted, and how that is known.
    pub(crate) votes: Vec<Option<(ServerId, Line)>>,
    /// The end of each candidate's log.
    pub(crate) candidates: Vec<Option<(Position, Line)>>,
    /// The leader's log, as far as it was sent: the term of each entry, 0 if it is not known.
    log: Window<Term>,
    /// The highest index that each server acknowledged to the leader.
    pub(crate) acked: Vec<Index>,
    /// The leader's commit index, as far as it has told.
    pub(crate) commit: Index,
    /// How often the leader sends.
    pub(crate) pace: Pace,
}

impl TermRecord {
    fn new(term: Term, servers: usize) -> Self {
        Self {
            term,
            leader: None,
            votes: vec![None; servers],
            candidates: vec![None; servers],
            log: Window::default(),
            acked: vec![0; servers],
            commit: 0,
            pace: Pace::new(servers),
        }
    }

    pub(crate) fn leader_id(&self) -> Option<ServerId> {
        self.leader.map(|leader| leader.server)
    }

    /// The term of the entry at an index of the leader's log, as far as it was sent.
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        self.log.get(index).copied().filter(|&term| term > 0)
    }

    /// One more than the last index that is known of the leader's log.
    pub(super) fn log_end(&self) -> Index {
        self.log.end()
    }

    /// The last index that is known of the leader's log.
    pub(super) fn log_last(&self) -> Index {
        self.log.end().saturating_sub(1)
    }

    /// The servers that certainly store the leader's log up to `index`, itself among them.
    pub(crate) fn stored_on(&self, index: Index) -> impl Iterator<Item = ServerId> {
        let leader = self.leader_id();
        let acked = self.acked.iter().enumerate();
        acked
            .filter(move |&(server, &acked)| Some(server) == leader || acked >= index)
            .map(|(server, _)| server)
    }

    /// The highest index that the leader can have found to be committed in this term (Fig. 2, Leaders 4): a majority
    /// has acknowledged it, and the entry there is of this term.
    pub(crate) fn committable(&self, quorum: &Quorum) -> Index {
        self.committable_after(0, quorum)
    }

    /// The same, if it is higher than `known`; otherwise 0.
    pub(crate) fn committable_after(&self, known: Index, quorum: &Quorum) -> Index {
        let leader = self.leader_id();
        // A leader stores all of its own log, and acknowledges it to nobody.
        let acked = |server: ServerId| if Some(server) == leader { Index::MAX } else { self.acked[server] };
        let servers = 0..self.acked.len();
        // The highest that so many have reached; the number of servers is small.
        let is_reached =
            |&index: &Index| quorum.agree(servers.clone().filter(|&server| acked(server) >= index));
        // With the leader alone nothing is reached, but where one is enough.
        let counts = |&server: &ServerId| Some(server) != leader || quorum.may_be_one();
        let new = servers.clone().filter(counts).map(acked).filter(|&index| index > known);
        let index = new.filter(is_reached).max().unwrap_or(0);
        // What is not known of the leader's log is given the benefit of the doubt.
        let is_own = self.term_at(index).is_none_or(|term| term == self.term);
        if is_own { index } else { 0 }
    }

    pub(super) fn vote(&mut self, voter: ServerId, candidate: ServerId, line: Line) {
        self.votes[voter].get_or_insert((candidate, line));
    }

    /// Who has voted for a candidate, besides itself, and the answer that says so.
    pub(crate) fn votes_for(&self, candidate: ServerId) -> impl Iterator<Item = (ServerId, Line)> {
        let votes = self.votes.iter().enumerate().filter(move |&(voter, _)| voter != candidate);
        votes.filter_map(move |(voter, vote)| {
            vote.filter(|&(whom, _)| whom == candidate).map(|(_, line)| (voter, line))
        })
    }

    pub(super) fn asks(&mut self, candidate: ServerId, last: Position, line: Line) {
        self.candidates[candidate].get_or_insert((last, line));
    }

    pub(super) fn leads(&mut self, server: ServerId, life: Option<Life>, line: Line) {
        let leader = self.leader.get_or_insert(Leader { server, life, line });
        // The first message may have been sent by a thread of the tester, in `start`. It shows who leads and
        // not in which life.
        leader.life = leader.life.or(life);
    }

    pub(super) fn sends(&mut self, prev: Position, entries: &[Entry]) {
        // The entry before the new ones is in the leader's log as well.
        let last = (prev.index > 0).then_some((prev.index, prev.term));
        let entries = (prev.index + 1..).zip(entries.iter().map(|entry| entry.term));
        for (index, term) in last.into_iter().chain(entries) {
            if let Some(known) = self.log.get_or_insert(index) {
                *known = term;
            }
        }
    }
}

/// The latest terms.
#[derive(Debug)]
pub(crate) struct Terms {
    servers: usize,
    /// In the order of terms. Nearly all messages are of the last.
    records: VecDeque<TermRecord>,
    /// Nothing is known of terms below.
    horizon: Term,
}

impl Terms {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers, records: VecDeque::new(), horizon: 0 }
    }

    pub(crate) fn get(&self, term: Term) -> Option<&TermRecord> {
        self.records.get(self.place(term).ok()?)
    }

    /// All that are kept.
    pub(super) fn all(&self) -> impl Iterator<Item = &TermRecord> {
        self.records.iter()
    }

    /// Whether what is not known of a term has not happened.
    pub(crate) fn is_kept(&self, term: Term) -> bool {
        term >= self.horizon
    }

    pub(super) fn get_mut(&mut self, term: Term) -> Option<&mut TermRecord> {
        let place = self.place(term).ok()?;
        self.records.get_mut(place)
    }

    /// Where the record of a term is, or would be.
    fn place(&self, term: Term) -> Result<usize, usize> {
        // From the back, where nearly every message is.
        match self.records.iter().rposition(|record| record.term <= term) {
            Some(place) if self.records[place].term == term => Ok(place),
            Some(before) => Err(before + 1),
            None => Err(0),
        }
    }

    /// A server that was stopped goes on, or one that was slow is so no more: from its own point of view no time has passed.
    pub(super) fn resumes(&mut self, leader: ServerId) {
        for record in self.records.iter_mut().filter(|record| record.leader_id() == Some(leader)) {
            record.pace.resumes();
        }
    }

    /// The record of a term, a new one if need be; `None` if the term was forgotten.
    pub(super) fn get_or_insert(&mut self, term: Term) -> Option<&mut TermRecord> {
        if term < self.horizon {
            return None;
        }
        // Only a term above all others moves the horizon: a late message forgets nothing.
        if self.records.back().is_none_or(|latest| term > latest.term) {
            self.horizon = self.horizon.max(term.saturating_sub(TERMS_KEPT));
            while self.records.front().is_some_and(|first| first.term < self.horizon) {
                self.records.pop_front();
            }
        }
        let place = self.place(term).unwrap_or_else(|place| {
            self.records.insert(place, TermRecord::new(term, self.servers));
            place
        });
        self.records.get_mut(place)
    }
}

/// The entries that leaders have announced as committed.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// By index: the entry's term, 0 if it is not known, and the lowest term of a leader that did. Both grow with
    /// the index.
    entries: Window<(Term, Term)>,
}

impl Committed {
    /// The entry at an index: its term, and by which term it was committed.
    pub(crate) fn get(&self, index: Index) -> Option<(Term, Term)> {
        self.entries.get(index).copied().filter(|&(of, _)| of > 0)
    }

    /// The last entry that was committed before a term.
    pub(crate) fn last_before(&self, term: Term) -> Option<Position> {
        let before = self.entries.downward().find(|(_, (of, by))| *of > 0 && *by < term);
        before.map(|(index, &(of, _))| Position { index, term: of })
    }

    pub(super) fn insert(&mut self, position: Position, by: Term) {
        if position.index == 0 {
            return;
        }
        let Some(entry) = self.entries.get_or_insert(position.index) else { return };
        // Of two leaders that disagree here one is wrong. What was first is kept.
        if entry.0 == 0 {
            *entry = (position.term, by);
        }
        entry.1 = entry.1.min(by);
    }
}
