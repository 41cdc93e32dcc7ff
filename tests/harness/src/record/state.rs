//! The state behind the record's lock, and how a fact changes it.

use std::collections::BTreeMap;
use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use super::seen::{Role, Seen, Traffic};
use crate::committed::{CommittedEntry, CommittedLog};
use crate::invariants::Invariants;
use crate::observation::Observation;
use crate::timeline::{Timeline, TimelineEvent};
use lab_referee::Violation;

/// How many entries [`Seen::tail`] holds.
const TAIL_MAX: usize = 3;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) servers: Vec<Seen>,
    /// How often servers of earlier clusters of the run were started: so each start has a number of its own.
    pub(super) starts_before: u64,
    pub(super) invariants: Invariants,
    pub(super) committed: CommittedLog,
    pub(super) timeline: Timeline,
    /// The leader last seen of each term, to tell of new ones.
    pub(super) leaders: BTreeMap<Term, ServerId>,
    /// Who was the first to ask for votes in each term.
    pub(super) first_candidates: BTreeMap<Term, ServerId>,
    /// The first thing that went wrong.
    pub(super) violation: Option<Violation>,
    /// The first of which no majority can have heard, to be told when nothing else was wrong.
    pub(super) unheard: Option<Violation>,
    /// What breaks if what must not happen at the moment does.
    pub(super) pending: Option<Violation>,
    /// Why the implementation cannot be put to this test.
    pub(super) skipped: Option<String>,
    /// What a panic means at the moment, if it is nothing to be blamed for: why the run is skipped then.
    pub(super) pardon: Option<&'static str>,
    /// Why nothing that fails from now on can be judged.
    pub(super) cannot_judge: Option<String>,
    /// What must be known about the results.
    pub(super) remark: Option<String>,
    /// The indexes that somebody waits to see applied, one for each who waits.
    pub(super) awaited: Vec<Index>,
    /// What the network had counted when the run ended.
    pub(super) traffic: Traffic,
    /// How many operations clients were answered.
    pub(super) operations: u64,
    /// Clients that wait for each other's locks in a circle, if that is what the run has failed by.
    pub(super) cycle: Vec<String>,
}

impl State {
    /// The number of a server's last start, which no other start of the run has. `None` if it does not run.
    pub(super) fn start_of(&self, server: ServerId) -> Option<u64> {
        let seen = self.servers.get(server).filter(|seen| seen.is_up)?;
        Some(self.starts_before + seen.starts)
    }

    /// Enters a fact that breaks nothing. Returns whether somebody waits for it.
    pub(super) fn enter(&mut self, at: Duration, server: ServerId, fact: &Observation<'_>) -> bool {
        let seen = &mut self.servers[server];
        match *fact {
            // Answers of calls that overlap come in any order: an older one must not set the picture back.
            Observation::State { term, is_leader, .. } if term >= seen.term => {
                // `get_state` does not tell candidates from followers. Who stood for election in this very term
                // and does not lead still is a candidate, as far as anybody knows.
                if is_leader {
                    seen.role = Role::Leader;
                } else if seen.role == Role::Leader || term > seen.term {
                    seen.role = Role::Follower;
                }
                // It says so itself, and its messages may be older.
                if !is_leader && seen.sent == (term, Role::Leader) {
                    seen.sent.1 = seen.role;
                }
                (seen.term, seen.is_leader, seen.restarted) = (term, is_leader, false);
                if is_leader {
                    // It has asked for votes, and must have stored that it stands.
                    seen.told = seen.told.max(term);
                    self.note_leader(at, server, term);
                }
            }
            Observation::Accepted { index, term, .. } if term >= seen.term => {
                (seen.role, seen.stored) = (Role::Leader, Some((index, term)));
                (seen.term, seen.is_leader, seen.restarted) = (term, true, false);
                seen.told = seen.told.max(term);
                self.note_leader(at, server, term);
            }
            Observation::Applied { index, term, command } => {
                seen.applied = index;
                if seen.tail.len() == TAIL_MAX {
                    seen.tail.pop_front();
                }
                seen.tail.push_back((index, term, command.clone()));
                // Later servers only repeat it, and have been compared with it.
                if index > self.committed.last() {
                    self.timeline.push(at, TimelineEvent::Committed(server, index));
                    self.committed
                        .extend(index, CommittedEntry { term, command: command.clone(), first: server });
                }
                return self.awaited.iter().any(|&awaited| index >= awaited);
            }
            Observation::Installed { index, .. } => {
                seen.applied = index;
                seen.tail.clear();
                self.timeline.push(at, TimelineEvent::Installed(server, index));
                return self.awaited.iter().any(|&awaited| index >= awaited);
            }
            _ => {}
        }
        false
    }

    pub(super) fn note_leader(&mut self, at: Duration, server: ServerId, term: Term) {
        if self.leaders.insert(term, server).is_none() {
            self.timeline.push(at, TimelineEvent::Leads(server, term));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::observation::Observation;
    use crate::record::{Record, Role, Seen};

    #[test]
    fn vote_is_seen_of_who_has_not_been_asked_since() {
        let record = Record::default();
        record.begin_cluster(3, None);
        record.started(Duration::ZERO, 2, Some(0)).expect("nothing is known yet");
        record.note_sent(2, 1, Role::Follower);
        assert_eq!(record.seen(2, Seen::term_and_role), (1, Role::Follower));
        let (start, before) = record.before(2).expect("it runs");
        assert_eq!(before.term, 0, "what it must say when it is asked is as before");
        let leads = Observation::State { term: 1, is_leader: true, before };
        record.observe(Duration::ZERO, 2, start, &leads).expect("legal");
        assert_eq!(record.seen(2, Seen::term_and_role), (1, Role::Leader));
        record.note_sent(2, 2, Role::Follower);
        assert_eq!(record.seen(2, Seen::term_and_role), (2, Role::Follower));
    }

    /// As in a test with scripted peers, which never asks for the state before the server sends what it must not.
    #[test]
    fn role_is_seen_in_messages_of_who_has_not_been_asked() {
        let record = Record::default();
        record.begin_cluster(1, None);
        record.started(Duration::ZERO, 0, Some(0)).expect("nothing is known yet");
        record.note_sent(0, 2, Role::Candidate);
        record.note_sent(0, 2, Role::Follower);
        assert_eq!(record.seen(0, Seen::term_and_role), (2, Role::Candidate));
        record.note_leader(Duration::ZERO, 0, 2);
        assert_eq!(record.seen(0, Seen::term_and_role), (2, Role::Leader));
        let (start, before) = record.before(0).expect("it runs");
        let follows = Observation::State { term: 2, is_leader: false, before };
        record.observe(Duration::ZERO, 0, start, &follows).expect("legal");
        assert_eq!(record.seen(0, Seen::term_and_role), (2, Role::Follower));
    }

    /// As in a test with clusters of two and of four servers on real threads, where the watcher of the first still has an
    /// answer under way when the second begins.
    #[test]
    fn what_is_heard_late_of_a_cluster_that_is_gone_is_not_said_by_the_next_one() {
        let record = Record::default();
        let at = Duration::ZERO;
        let first = record.begin_cluster(3, None);
        record.started(at, 2, Some(0)).expect("nothing is known yet");
        let (late, before) = record.before(2).expect("it runs");
        let second = record.begin_cluster(3, None);
        assert!(second != first && record.is_cluster(second) && !record.is_cluster(first));
        record.started(at, 2, Some(0)).expect("a new server");
        let of_term = |term| Observation::State { term, is_leader: false, before };
        record.observe(at, 2, late, &of_term(5)).expect("too late to matter");
        assert_eq!(record.seen(2, |seen| seen.term), 0);
        let (now, before) = record.before(2).expect("it runs");
        assert!(now != late && before.term == 0, "its term would have gone back from 5");
        record.begin_cluster(2, None);
        assert!(!record.seen(2, |seen| seen.is_up), "nor is there such a server");
        record.observe(at, 2, now, &of_term(5)).expect("too late to matter");
    }
}
