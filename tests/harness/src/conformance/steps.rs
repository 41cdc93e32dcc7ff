//! Steps that lead to the subject of a test. They are no part of the sentence that it puts to the proof: where one fails, the
//! server owes something else, and the failure names that.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{Index, ServerId, Started, Term};

use super::bench::{Bench, ELECTION_MAX, SERVER, SOON};
use super::message::Request;
use super::peer::{Append, VoteRequest};
use super::state::{BenchState, SentRequest};
use crate::observation::name_servers;

/// What a server owes in a step, and the mistakes that most often break it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owed {
    pub(super) rule: &'static str,
    pub(super) hint: &'static str,
}

/// A first candidacy.
const STANDS: Owed = Owed {
    rule: "a server that hears from no leader for an election timeout stands for election (§5.2; Fig. 2, Rules for followers 2)",
    hint: "no thread that looks at the election timer, one that waits for a lock or a reply, or a request that is built and not \
           sent",
};
/// A further one.
const STANDS_AGAIN: Owed = Owed {
    rule: "a candidate whose election times out starts a new one, in the next term (§5.2; Fig. 2, Rules for candidates 4)",
    hint: "a candidate without an election timer",
};
/// Somebody is not asked.
const ASKS_ALL: Owed = Owed {
    rule: "a candidate sends RequestVote to all other servers (§5.2; Fig. 2, Rules for candidates 1)",
    hint: "a loop that leaves servers out, or that waits for the reply of one before it asks the next",
};
/// It has the votes.
const IS_ELECTED: Owed = Owed {
    rule: "a candidate that receives votes from a majority of the servers becomes leader (§5.2; Fig. 2, Rules for candidates 2)",
    hint: "more asked for than a majority (`>` where `>=` is meant), one's own vote not counted, votes that are not counted at all, \
           or a get_state that does not tell",
};
/// It has been elected, and somebody else's message is not the reason for what it says.
const TAKES_COMMANDS: Owed = Owed {
    rule: "a leader appends a command to its log, and start says so (§5.3; RaftServer::start)",
    hint: "start does not look at the role, or returns it wrong",
};
/// A vote that is free.
const GRANTS: Owed = Owed {
    rule: "a vote that is free goes to a candidate whose log is at least as up to date (§5.2, §5.4.1; Fig. 2, RequestVote, \
           receiver 2)",
    hint: "a log that is as long as one's own taken for an older one, a votedFor that is not free in the beginning or in a new \
           term, or no reply from the handler",
};
/// Entries, or none, where the logs agree.
const FOLLOWS: Owed = Owed {
    rule: "an AppendEntries of the current leader succeeds if the log has the entry before the new ones (§5.3; Fig. 2, \
           AppendEntries, receiver 1 to 4)",
    hint: "prevLogIndex 0 looked up in the log (before the first entry all logs agree), a term that is refused although it is not \
           older, entries that were not appended before, or no reply from the handler",
};
/// What is committed.
const APPLIES: Owed = Owed {
    rule: "what is committed is applied, in order (§5.3; Fig. 2, Rules for all servers 1; AppendEntries, receiver 5)",
    hint: "commitIndex not moved by leaderCommit or by replies, nobody who waits for that, or a lock held while the service takes \
           an entry",
};

/// What is not.
const COMMITS_NO_MORE: Owed = Owed {
    rule: "commitIndex = min(leaderCommit, index of last new entry), and no more is applied (Fig. 2, AppendEntries, receiver 5)",
    hint: "all entries of the log are applied, whatever leaderCommit says",
};

impl Bench {
    /// Fails, with what the server owes in this step as the rule.
    #[track_caller]
    pub(super) fn fail_step(
        &self,
        owed: Owed,
        headline: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> ! {
        let violation = self.0.violation(headline.into(), expected.into(), seen.into());
        self.0.lab.fail(violation.rule(owed.rule).hint(owed.hint))
    }

    // ----- elections -----

    /// Waits until the server asks for votes in a term after `term`, and returns that term.
    #[track_caller]
    pub fn expect_candidate_after(&self, term: Term) -> Term {
        let has_stood = self.count_requests(|sent| sent.request.is_vote()) > 0;
        let is_new = |request: &Request| request.is_vote() && request.term() > term;
        match self.next_request(ELECTION_MAX, is_new) {
            Some(sent) => sent.request.term(),
            None => self.fail_step(
                if has_stood { STANDS_AGAIN } else { STANDS },
                format!("S{SERVER} did not stand for election"),
                format!("a RequestVote of a term after {term} within {ELECTION_MAX:?}"),
                format!("none; it is in term {}", self.term()),
            ),
        }
    }

    /// Waits until the server asks this peer for its vote, and returns the request.
    #[track_caller]
    pub fn expect_candidate_asks(&self, voter: ServerId) -> SentRequest {
        let since = self.0.lab.now();
        match self.peer(voter).next_request(ELECTION_MAX, Request::is_vote) {
            Some(sent) => sent,
            None => self.fail_unasked(voter, since),
        }
    }

    /// The server did not ask this peer for its vote.
    #[track_caller]
    fn fail_unasked(&self, voter: ServerId, since: Duration) -> ! {
        let (last, asked) = {
            let state = self.0.state.lock();
            let last = state.requests().filter(|sent| sent.request.is_vote() && sent.at >= since).last();
            let last = last.map(|sent| sent.request.term());
            (last, last.map_or_else(String::new, |term| name_servers(state.asked(term))))
        };
        let has_stood = self.count_requests(|sent| sent.request.is_vote()) > 0;
        let Some(term) = last else {
            self.fail_step(
                if has_stood { STANDS_AGAIN } else { STANDS },
                format!("S{SERVER} did not stand for election"),
                format!("a RequestVote to S{voter} within {ELECTION_MAX:?}"),
                format!("none to anybody; it is in term {}", self.term()),
            )
        };
        self.fail_step(
            ASKS_ALL,
            format!("S{SERVER} stands for election and does not ask S{voter} for its vote"),
            format!("a RequestVote to S{voter} within {ELECTION_MAX:?}"),
            format!("in term {term} it has asked {asked}"),
        )
    }

    /// Has the server elected by these peers, which follow it from then on, and returns its term. All others are silent.
    #[track_caller]
    pub fn elect(&self, voters: &[usize]) -> Term {
        voters.iter().for_each(|&voter| self.peer(voter).follows());
        let since = self.0.lab.now();
        self.await_leadership().unwrap_or_else(|| self.fail_unelected(voters, since))
    }

    /// Waits until the server leads, whoever votes for it, as long as an election may take. Returns its term.
    pub fn await_leadership(&self) -> Option<Term> {
        let deadline = Instant::now() + ELECTION_MAX;
        while Instant::now() < deadline {
            // Its own word, every 2 ms: tests of what a leader does right after its election measure from here,
            // and a vote that has left says nothing of when it was counted.
            if let (term, true) = self.state() {
                return Some(term);
            }
            self.0.lab.sleep_ms(2);
        }
        None
    }

    /// The server was not elected: either it was not asked of those who would have voted for it, or it does not count them.
    #[track_caller]
    fn fail_unelected(&self, voters: &[ServerId], since: Duration) -> ! {
        let best = self.0.state.lock().best_election(since);
        let unasked =
            voters.iter().find(|voter| best.as_ref().is_none_or(|(_, asked, _)| !asked.contains(voter)));
        if let Some(&voter) = unasked {
            self.fail_unasked(voter, since);
        }
        let (term, _, votes) = best.expect("all voters were asked in it");
        let (now, size) = (self.term(), self.0.size);
        self.fail_step(
            IS_ELECTED,
            format!("S{SERVER} does not lead, though {} of {size} servers vote for it", votes.len() + 1),
            format!("it leads term {term}: {} voted for it, and it for itself", name_servers(votes)),
            format!("within {ELECTION_MAX:?} it never says that it leads; it is in term {now}"),
        )
    }

    /// Gives a command to the server, which must lead.
    #[track_caller]
    pub fn start_command(&self) -> Started {
        let started = self.offer();
        self.expect_owed(
            Some(TAKES_COMMANDS),
            started.is_leader,
            format!("S{SERVER} refused a command although it leads"),
            "start returns is_leader",
            format!("{started:?}"),
        );
        started
    }

    // ----- applying -----

    /// Waits until the server has applied everything up to this index, as a step before the subject.
    #[track_caller]
    pub fn prepare_applied(&self, index: Index, why: &str) {
        self.prepare_applied_within(index, SOON * 5, why);
        self.applies_at_most(Some(COMMITS_NO_MORE), index, why);
    }

    /// The same, within `patience`.
    #[track_caller]
    pub fn prepare_applied_within(&self, index: Index, patience: Duration, why: &str) {
        self.applies_within(Some(APPLIES), index, patience, why);
    }
}

impl BenchState {
    /// Whom the server has asked for votes in this term.
    fn asked(&self, term: Term) -> BTreeSet<ServerId> {
        let of_term = |sent: &&SentRequest| sent.request.is_vote() && sent.request.term() == term;
        self.requests().filter(of_term).map(|sent| sent.to).collect()
    }

    /// The election since then in which the server had most votes, the last of several: its term, who was asked and who has voted.
    fn best_election(&self, since: Duration) -> Option<(Term, BTreeSet<ServerId>, BTreeSet<ServerId>)> {
        let is_vote = |sent: &&SentRequest| sent.request.is_vote() && sent.at >= since;
        let terms: BTreeSet<Term> = self.requests().filter(is_vote).map(|sent| sent.request.term()).collect();
        let elections = terms
            .into_iter()
            .map(|term| (term, self.asked(term), self.votes.get(&term).cloned().unwrap_or_default()));
        elections.max_by_key(|(_, _, votes)| votes.len())
    }
}

impl VoteRequest<'_> {
    /// Sends it as a step before the subject, and expects the vote.
    #[track_caller]
    pub fn prepares(&self, why: &str) {
        self.gets_the_vote(Some(GRANTS), why);
    }
}

impl Append<'_> {
    /// Sends it as a step before the subject, and expects success.
    #[track_caller]
    pub fn prepares(self, why: &str) {
        self.gets_success(Some(FOLLOWS), why);
    }
}
