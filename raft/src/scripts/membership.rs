//! Changes of the configuration (§6; thesis §4), learners, and who counts.

use expect_test::expect;
use raft_interface::{Change, Configuration, ServerId, Servers};

use super::{Script, step};

/// So many servers, of which these vote at first and these learn.
pub(super) fn members(servers: usize, voters: &[ServerId], learners: &[ServerId]) -> Script {
    let mut s = Script::new(servers);
    let set = |servers: &[ServerId]| servers.iter().copied().collect();
    let first = Configuration { learners: set(learners), ..Configuration::of(set(voters)) };
    for server in &mut s.servers {
        server.config.features.first_configuration = Some(first);
        server.first_configuration = first;
    }
    s
}

impl Script {
    /// Somebody asks a server for a change.
    pub(super) fn change(&mut self, id: ServerId, change: Change) {
        let answer = match step(self, id, |state, moment| state.change_configuration(change, moment)) {
            Ok(index) => format!("entry {index}: {}", self.servers[id].configuration()),
            Err(error) => error.to_string(),
        };
        self.line(format!("S{id} {change:?}: {answer}"));
    }

    /// Exchanges with these until nothing is due.
    pub(super) fn exchange_with(&mut self, from: ServerId, others: &[ServerId]) {
        others.iter().for_each(|&to| self.exchange_all(from, to));
    }

    /// Who counts, to the knowledge of each.
    fn show_configurations(&mut self) {
        for id in 0..self.servers.len() {
            self.line(format!("S{id}: {}", self.servers[id].configuration()));
        }
    }
}

/// A4, A5, A9: a learner gets everything, counts nowhere, votes for nothing that is counted, and never stands.
#[test]
fn learner_gets_everything_and_does_not_count() {
    let mut s = members(4, &[0, 1, 2], &[3]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[3]);
    s.start(0, "a");
    s.exchange_with(0, &[3]);
    s.note("S0 and S3 are half of four, and one of three");
    s.show();
    s.exchange_with(0, &[1]);
    s.after(1);
    s.exchange_with(0, &[3]);
    s.apply(3);
    assert!(!s.servers[3].may_stand(), "a learner never stands");
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S3  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S3 answers  T1 success, without a vote
        S0 start a: index 2 of T1
        S0 -> S3  AppendEntries T1 prev 1:1 [1] commit 0
           S3 answers  T1 success, without a vote
        # S0 and S3 are half of four, and one of three
        S0: Leader T1 vote S0 log [1 1] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
        S3: Follower T1 vote - log [1 1] committed 0
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op) 1] commit 0
           S1 answers  T1 success
        ... 1 ms
        S0 -> S3  AppendEntries T1 prev 2:1 [] commit 2
           S3 answers  T1 success, without a vote
        S3 applies 1 NoOp
        S3 applies 2 a
        S0: Leader T1 vote S0 log [1 1] committed 2
        S1: Follower T1 vote S0 log [1 1] committed 0
        S2: Follower T0 vote - log [] committed 0
        S3: Follower T1 vote - log [1 1] committed 2
    "#]]);
}

/// A server comes as a learner, catches up and gets a vote: two entries, and each configuration counts from its entry on.
#[test]
fn server_is_added_and_promoted() {
    let mut s = members(4, &[0, 1, 2], &[]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1, 2]);
    s.silent(0, 3);
    s.change(0, Change::Promote(3));
    s.change(0, Change::AddLearner(3));
    s.change(0, Change::Promote(3));
    s.exchange_with(0, &[1, 3]);
    s.change(0, Change::Promote(3));
    s.note("three of four now: S0 and S1 are not enough");
    s.exchange_with(0, &[1]);
    s.show();
    s.exchange_with(0, &[3]);
    s.show();
    s.show_configurations();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S2 answers  T1 success
        S0 -> S3  nothing
        S0 Promote(3): S3 is no learner
        S0 AddLearner(3): entry 2: {S0 S1 S2}, learning {S3}
        S0 Promote(3): the configuration of entry 2 is still on its way: one change at a time
        S0 -> S1  AppendEntries T1 prev 1:1 [1({S0 S1 S2}, learning {S3})] commit 1
           S1 answers  T1 success
        S0 -> S3  AppendEntries T1 prev 1:1 [1({S0 S1 S2}, learning {S3})] commit 2
           S3 answers  T1 conflict: log ends before 1
        S0 -> S3  AppendEntries T1 prev 0:0 [1(no-op) 1({S0 S1 S2}, learning {S3})] commit 2
           S3 answers  T1 success, without a vote
        S0 Promote(3): entry 3: {S0 S1 S2 S3}
        # three of four now: S0 and S1 are not enough
        S0 -> S1  AppendEntries T1 prev 2:1 [1({S0 S1 S2 S3})] commit 2
           S1 answers  T1 success
        S0: Leader T1 vote S0 log [1 1 1] committed 2
        S1: Follower T1 vote S0 log [1 1 1] committed 2
        S2: Follower T1 vote - log [1] committed 1
        S3: Follower T1 vote - log [1 1] committed 2
        S0 -> S3  AppendEntries T1 prev 2:1 [1({S0 S1 S2 S3})] commit 2
           S3 answers  T1 success
        S0: Leader T1 vote S0 log [1 1 1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 2
        S2: Follower T1 vote - log [1] committed 1
        S3: Follower T1 vote - log [1 1 1] committed 2
        S0: {S0 S1 S2 S3}
        S1: {S0 S1 S2 S3}
        S2: {S0 S1 S2}
        S3: {S0 S1 S2 S3}
    "#]]);
}

/// §6: from {S0 S1 S2} to {S2 S3 S4} through both, and back to one leader that is in the new one.
#[test]
fn joint_configuration_needs_both_majorities() {
    let mut s = members(5, &[0, 1, 2], &[3, 4]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1, 2, 3, 4]);
    s.change(0, Change::Voters(Servers::from_iter([2, 3, 4])));
    s.exchange_with(0, &[1]);
    s.note("a majority of the old ones has it, and nobody of the new ones");
    s.show();
    s.exchange_with(0, &[3, 4]);
    s.note("both majorities: the leader goes over to the new one, in which it has no vote");
    s.exchange(0, 2);
    s.note("the new majority has that: the leader hands its office to one of them, and goes");
    s.exchange(0, 4);
    s.exchange_with(4, &[2]);
    s.show();
    assert!(!s.servers[0].may_stand() && s.servers[2].may_stand());
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S2 answers  T1 success
        S0 -> S3  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S3 answers  T1 success, without a vote
        S0 -> S4  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S4 answers  T1 success, without a vote
        S0 Voters({S2 S3 S4}): entry 2: {S0 S1 S2} and {S2 S3 S4}
        S0 -> S1  AppendEntries T1 prev 1:1 [1({S0 S1 S2} and {S2 S3 S4})] commit 1
           S1 answers  T1 success
        # a majority of the old ones has it, and nobody of the new ones
        S0: Leader T1 vote S0 log [1 1] committed 1
        S1: Follower T1 vote S0 log [1 1] committed 1
        S2: Follower T1 vote - log [1] committed 1
        S3: Follower T1 vote - log [1] committed 1
        S4: Follower T1 vote - log [1] committed 1
        S0 -> S3  AppendEntries T1 prev 1:1 [1({S0 S1 S2} and {S2 S3 S4})] commit 1
           S3 answers  T1 success
        S0 -> S4  AppendEntries T1 prev 1:1 [1({S0 S1 S2} and {S2 S3 S4})] commit 1
           S4 answers  T1 success
        S0 -> S4  AppendEntries T1 prev 2:1 [1({S2 S3 S4})] commit 2
           S4 answers  T1 success
        # both majorities: the leader goes over to the new one, in which it has no vote
        S0 -> S2  AppendEntries T1 prev 1:1 [1({S0 S1 S2} and {S2 S3 S4}) 1({S2 S3 S4})] commit 2
           S2 answers  T1 success
        # the new majority has that: the leader hands its office to one of them, and goes
        S0 -> S4  TimeoutNow T1
           S4 answers  T2
        S4 -> S2  RequestVote (transfer) T2 last 3:1
           S2 answers  T2 yes
        S4 -> S2  AppendEntries T2 prev 3:1 [2(no-op)] commit 2
           S2 answers  T2 success
        S0: Follower T2 vote - log [1 1 1] committed 3
        S1: Follower T1 vote S0 log [1 1] committed 1
        S2: Follower T2 vote S4 log [1 1 1 2] committed 2
        S3: Follower T1 vote - log [1 1] committed 1
        S4: Leader T2 vote S4 log [1 1 1 2] committed 4
    "#]]);
}

/// A configuration goes with its entry (§6: a server uses the latest in its log, committed or not).
#[test]
fn configuration_goes_with_its_entry() {
    let mut s = members(4, &[0, 1, 2], &[3]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1, 2, 3]);
    s.change(0, Change::Promote(3));
    s.exchange_with(0, &[3]);
    s.note("S0 and S3 have it, of four voters in it; S1 and S2 do not know of it");
    s.after(1000);
    s.elect(1, &[2]);
    s.exchange_with(1, &[0, 3]);
    s.show_configurations();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S2 answers  T1 success
        S0 -> S3  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S3 answers  T1 success, without a vote
        S0 Promote(3): entry 2: {S0 S1 S2 S3}
        S0 -> S3  AppendEntries T1 prev 1:1 [1({S0 S1 S2 S3})] commit 1
           S3 answers  T1 success
        # S0 and S3 have it, of four voters in it; S1 and S2 do not know of it
        ... 1000 ms
        S1 stands for election: Candidate of T2
        S1 -> S2  RequestVote T2 last 1:1
           S2 answers  T2 yes
        S1 -> S0  AppendEntries T2 prev 1:1 [2(no-op)] commit 0
           S0 answers  T2 success
        S1 -> S3  AppendEntries T2 prev 1:1 [2(no-op)] commit 2
           S3 answers  T2 success, without a vote
        S0: {S0 S1 S2}, learning {S3}
        S1: {S0 S1 S2}, learning {S3}
        S2: {S0 S1 S2}, learning {S3}
        S3: {S0 S1 S2}, learning {S3}
    "#]]);
}

/// The raft-dev post of July 2015: without an entry of its own term a leader changes nothing.
#[test]
fn no_change_before_an_entry_of_the_own_term_is_committed() {
    let mut s = members(5, &[0, 1, 2, 3], &[4]);
    s.elect(0, &[1, 2]);
    s.exchange_with(0, &[1, 2, 3, 4]);
    s.change(0, Change::Promote(4));
    s.note("nobody gets it; S1 leads, and wants S0 to go");
    s.after(1000);
    s.elect(1, &[2, 3]);
    s.change(1, Change::Remove(0));
    s.note("its first entry is on a majority, and with it S0 gets no vote of it");
    s.exchange_with(1, &[2, 3]);
    s.change(1, Change::Remove(0));
    s.after(1000);
    s.stand(0);
    s.exchange(0, 3);
    s.exchange(0, 4);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S2 answers  T1 success
        S0 -> S3  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S3 answers  T1 success
        S0 -> S4  AppendEntries T1 prev 0:0 [1(no-op)] commit 1
           S4 answers  T1 success, without a vote
        S0 Promote(4): entry 2: {S0 S1 S2 S3 S4}
        # nobody gets it; S1 leads, and wants S0 to go
        ... 1000 ms
        S1 stands for election: Candidate of T2
        S1 -> S2  RequestVote T2 last 1:1
           S2 answers  T2 yes
        S1 -> S3  RequestVote T2 last 1:1
           S3 answers  T2 yes
        S1 Remove(0): the leader has committed nothing in its term yet
        # its first entry is on a majority, and with it S0 gets no vote of it
        S1 -> S2  AppendEntries T2 prev 1:1 [2(no-op)] commit 0
           S2 answers  T2 success
        S1 -> S3  AppendEntries T2 prev 1:1 [2(no-op)] commit 0
           S3 answers  T2 success
        S1 Remove(0): entry 3: {S1 S2 S3}, learning {S4}
        ... 1000 ms
        S0 stands for election: Candidate of T2
        S0 -> S3  RequestVote T2 last 2:1
           S3 answers  T2 no
        S0 -> S4  RequestVote T2 last 2:1
           S4 answers  T2 yes, without a vote
        S0: Candidate T2 vote S0 log [1 1] committed 1
        S1: Leader T2 vote S1 log [1 2 2] committed 2
        S2: Follower T2 vote S1 log [1 2] committed 0
        S3: Follower T2 vote S1 log [1 2] committed 1
        S4: Follower T2 vote S0 log [1] committed 1
    "#]]);
}

/// One change at a time, and nothing from who does not lead.
#[test]
fn second_change_waits_for_the_first() {
    let mut s = members(5, &[0, 1, 2], &[3]);
    s.change(0, Change::AddLearner(4));
    s.elect(0, &[1]);
    s.exchange_with(0, &[1]);
    s.change(0, Change::AddLearner(4));
    s.change(0, Change::Remove(3));
    s.exchange_with(0, &[1]);
    s.change(0, Change::Remove(3));
    s.change(1, Change::Remove(3));
    s.ends_as(&expect![[r#"
        S0 AddLearner(4): not the leader
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 AddLearner(4): entry 2: {S0 S1 S2}, learning {S3 S4}
        S0 Remove(3): the configuration of entry 2 is still on its way: one change at a time
        S0 -> S1  AppendEntries T1 prev 1:1 [1({S0 S1 S2}, learning {S3 S4})] commit 1
           S1 answers  T1 success
        S0 Remove(3): entry 3: {S0 S1 S2}, learning {S4}
        S1 Remove(3): not the leader
    "#]]);
}
