//! What tests expect of the server. A failure names the sentence that the test puts to the proof.

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{ApplyMsg, Command, Configuration, Index, OwnEntry, Term};

use super::bench::{Bench, ELECTION_MAX, SERVER, SOON};
use super::message::Request;
use super::peer::Peer;
use super::state::SentRequest;
use super::steps::Owed;
use lab_runs::settings::World;

impl Bench {
    /// Fails unless `holds`, with the sentence of this bench as the rule.
    #[track_caller]
    pub fn expect(
        &self,
        holds: bool,
        headline: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        self.expect_owed(None, holds, headline, expected, seen);
    }

    /// The same with what the server owes as the rule, where that is another one.
    #[track_caller]
    pub(super) fn expect_owed(
        &self,
        owed: Option<Owed>,
        holds: bool,
        headline: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        if holds {
            return;
        }
        match owed {
            Some(owed) => self.fail_step(owed, headline, expected, seen),
            None => self.fail(headline, expected, seen),
        }
    }

    /// Fails, with the sentence of this bench as the rule.
    #[track_caller]
    pub fn fail(
        &self,
        headline: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> ! {
        self.0.lab.fail(self.0.violation(headline.into(), expected.into(), seen.into()))
    }

    /// Waits until each of these has answered a leader's message of this term: some leaders send entries only when they
    /// know where the logs agree.
    pub fn settle(&self, followers: &[usize]) {
        for &follower in followers {
            self.peer(follower).next_request(ELECTION_MAX, Request::is_append);
        }
        // The answer is on its way.
        self.0.lab.sleep_ms(20);
    }

    /// How long something may take that waits for nothing: a third of a heartbeat interval. A busy real machine gets
    /// more.
    pub fn at_once(&self) -> Duration {
        match self.0.lab.world() {
            World::Simulated => Duration::from_millis(30),
            World::Real => SOON,
        }
    }

    // ----- elections -----

    /// Expects the server to ask for votes in a term after `term` although `noise` happens all the time, which must not keep it from
    /// that.
    #[track_caller]
    pub fn expect_candidate_despite(&self, term: Term, noise: impl Fn(), what: &str) {
        let deadline = Instant::now() + ELECTION_MAX;
        while Instant::now() < deadline {
            if self.candidacies_after(term) > 0 {
                return;
            }
            // Every 50 ms: an election timeout is longer than a heartbeat interval, which is some 100 ms. So a
            // timer that this restarts never runs out.
            noise();
            self.0.lab.sleep_ms(50);
        }
        self.fail(
            format!("S{SERVER} does not stand for election as long as {what}"),
            format!("a RequestVote of a term after {term} within {ELECTION_MAX:?}"),
            format!("none; it is in term {}", self.term()),
        );
    }

    /// Expects that the server leads no more, or not at all.
    #[track_caller]
    pub fn expect_no_leader(&self, why: &str) {
        self.expect_deposed(Term::MAX, why);
    }

    /// Expects that the server leads no more, for it was told of this term. That it leads a later one is no contradiction: it has
    /// stood down, has waited, and was elected again. With the paper's timeouts of 150 ms that takes no longer than a test waits.
    #[track_caller]
    pub fn expect_deposed(&self, told: Term, why: &str) {
        let (term, is_leader) = self.state();
        if is_leader && term <= told {
            let violation = self.0.violation(
                format!("S{SERVER} leads term {term}"),
                format!("it does not lead: {why}"),
                "it says that it leads".to_owned(),
            );
            self.0.lab.fail(violation.term(term));
        }
    }

    /// Expects that for this long something goes by that makes the server no leader. A run that ends meanwhile in another way, as in
    /// code that only a leader runs, is told what was expected.
    #[track_caller]
    pub fn expect_no_leader_for(&self, time: Duration, why: &str) {
        let record = self.0.lab.record();
        let expected = format!("S{SERVER} does not become leader: {why}");
        record.set_pending(Some(self.0.violation(String::new(), expected, String::new())));
        self.0.lab.sleep(time);
        self.expect_no_leader(why);
        record.set_pending(None);
    }

    /// Expects the server to be in this term.
    #[track_caller]
    pub fn expect_term(&self, term: Term, why: &str) {
        let now = self.term();
        self.expect(
            now == term,
            format!("S{SERVER} is in term {now}"),
            format!("term {term}: {why}"),
            format!("term {now}"),
        );
    }

    /// The server has come to know of term `heard`. S2, a candidate of an old term, asks until it is told of that, and then the power
    /// fails: what was told must be remembered (Fig. 2, State: updated on stable storage before responding). Who tells nothing of it has
    /// nothing to remember. Nobody answers the server afterwards.
    #[track_caller]
    pub fn expect_told_term_to_survive(&self, heard: Term, why: &str) {
        // Soon: a server that stands for election by itself stores the term after it.
        let deadline = Instant::now() + self.at_once();
        let told = loop {
            // Of the first term: it changes nothing, whatever the server has heard by then.
            let told = self.peer(2).asks_vote(1).send().map_or(0, |(term, _)| term);
            if told >= heard || Instant::now() >= deadline {
                break told;
            }
            self.0.lab.sleep_ms(2);
        };
        // As if the power had failed in the moment in which the reply arrived.
        let then = self.storage();
        self.peers().into_iter().for_each(Peer::is_silent);
        self.restart_from(&then);
        let remembered = self.term();
        self.expect(
            remembered >= told,
            format!("S{SERVER} is in term {remembered} after a restart, and had told S2 of term {told}"),
            format!("term {told} or later: {why}, and it has told S2"),
            format!("term {remembered}"),
        );
    }

    // ----- applying -----

    /// The last index that the server's service has got.
    pub fn applied(&self) -> Index {
        self.0.state.lock().applied
    }

    /// The indexes of all snapshots that the server's service has got since the last start.
    pub fn snapshots_delivered(&self) -> Vec<Index> {
        let is_snapshot = |message: &raft_interface::ApplyMsg| match message {
            raft_interface::ApplyMsg::Snapshot { index, .. } => Some(*index),
            raft_interface::ApplyMsg::Command { .. } | raft_interface::ApplyMsg::Own { .. } => None,
        };
        self.0.state.lock().delivered.iter().filter_map(is_snapshot).collect()
    }

    /// The configurations that the server's service has got since the last start.
    pub fn configurations_delivered(&self) -> Vec<Configuration> {
        let configuration = |message: &ApplyMsg| match message {
            ApplyMsg::Own { entry: OwnEntry::Configuration(configuration), .. } => Some(*configuration),
            _ => None,
        };
        self.0.state.lock().delivered.iter().filter_map(configuration).collect()
    }

    /// Expects the server to apply everything up to this index soon.
    #[track_caller]
    pub fn expect_applies(&self, index: Index, why: &str) {
        self.expect_applies_within(index, SOON * 5, why);
        self.expect_applied_at_most(index, why);
    }

    /// Expects the server to apply everything up to this index, and perhaps more, soon.
    #[track_caller]
    pub fn expect_applies_at_least(&self, index: Index, why: &str) {
        self.expect_applies_within(index, SOON * 5, why);
    }

    /// Expects the server to apply everything up to this index within `patience`.
    #[track_caller]
    pub fn expect_applies_within(&self, index: Index, patience: Duration, why: &str) {
        self.applies_within(None, index, patience, why);
    }

    /// Expects the server to deliver this command soon, at whatever index: it may count commands only.
    #[track_caller]
    pub fn expect_delivers(&self, command: &Command, why: &str) {
        let is_it =
            |message: &ApplyMsg| matches!(message, ApplyMsg::Command { command: it, .. } if it == command);
        let delivered = self.wait_for(SOON * 5, |state| state.delivered.iter().any(is_it).then_some(()));
        self.expect(
            delivered.is_some(),
            format!("S{SERVER} did not apply a command"),
            format!("it applies {:?}: {why}", String::from_utf8_lossy(command)),
            format!("it has applied up to {}", self.applied()),
        );
    }

    #[track_caller]
    pub(super) fn applies_within(&self, owed: Option<Owed>, index: Index, patience: Duration, why: &str) {
        let is_applied = self.wait_for(patience, |state| (state.applied >= index).then_some(()));
        self.expect_owed(
            owed,
            is_applied.is_some(),
            format!("S{SERVER} did not apply entry {index}"),
            format!("it applies up to {index}: {why}"),
            format!("it has applied up to {}", self.applied()),
        );
    }

    /// Expects that the server applies nothing after this index for a while.
    #[track_caller]
    pub fn expect_applied_at_most(&self, index: Index, why: &str) {
        self.applies_at_most(None, index, why);
    }

    #[track_caller]
    pub(super) fn applies_at_most(&self, owed: Option<Owed>, index: Index, why: &str) {
        // What must not happen needs time to happen: twice as long as something takes that waits for nothing.
        self.0.lab.sleep_ms(60);
        let applied = self.applied();
        self.expect_owed(
            owed,
            applied <= index,
            format!("S{SERVER} applied entry {applied}"),
            format!("nothing after {index}: {why}"),
            format!("entries up to {applied}"),
        );
    }

    // ----- logs -----

    /// Whether the server's log has an entry of this term at this index: a new leader asks, which changes nothing but
    /// the term.
    pub fn has_entry(&self, index: Index, term: Term) -> bool {
        // From a later term than the server's. An older one is refused for its term, whatever the log is; and
        // in its own term the server may lead, so that nobody else sends AppendEntries.
        let asking = self.peer(1).appends(self.term() + 1).after(index, term);
        asking.send().is_some_and(|appended| appended.success)
    }

    /// Expects the server to have an entry of this term at this index.
    #[track_caller]
    pub fn expect_entry(&self, index: Index, term: Term, why: &str) {
        let has_entry = self.has_entry(index, term);
        self.expect(
            has_entry,
            format!("S{SERVER} does not have entry {index} of term {term}"),
            format!("it has: {why}"),
            "AppendEntries after that entry gets no success",
        );
    }

    /// Expects the server not to have an entry of this term at this index.
    #[track_caller]
    pub fn expect_no_entry(&self, index: Index, term: Term, why: &str) {
        let has_entry = self.has_entry(index, term);
        self.expect(
            !has_entry,
            format!("S{SERVER} has entry {index} of term {term}"),
            format!("it does not: {why}"),
            "AppendEntries after that entry gets success",
        );
    }

    // ----- leaders -----

    /// Expects that none of the requests so far tells that more than this is committed.
    #[track_caller]
    pub fn expect_commit_at_most(&self, index: Index, why: &str) {
        // A leader may know of a commit that it has not applied yet; what it tells the others gives it away.
        self.expect_applied_at_most(index, why);
        let commit = |sent: &SentRequest| match sent.request {
            Request::Append { leader_commit, .. } => leader_commit,
            _ => 0,
        };
        let told = {
            let state = self.0.state.lock();
            if state.has_own_indexes() {
                return;
            }
            state.requests().map(commit).max().unwrap_or_default()
        };
        self.expect(
            told <= index,
            format!("S{SERVER} committed entry {told}"),
            format!("nothing after {index}: {why}"),
            format!("it sends leaderCommit {told}"),
        );
    }
}
