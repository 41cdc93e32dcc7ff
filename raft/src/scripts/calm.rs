//! Calm elections: no-ops (§8), pre-votes (thesis §9.6), check-quorum (thesis §6.2, §4.2.3) and transfers (thesis §3.10).

use expect_test::expect;
use raft_interface::{Features, ServerId, Term, TransferError};

use super::{Script, step};
use crate::read::ReadError;
use crate::status::RoleName;

const PRE_VOTE: Features = Features { pre_vote: true, ..Features::NONE };
const CHECK_QUORUM: Features = Features { pre_vote: false, check_quorum: true, ..PRE_VOTE };
const TRANSFER: Features = Features { leadership_transfer: true, ..CHECK_QUORUM };

/// Servers that do this beyond Figure 2, with these terms and logs.
fn cluster(features: Features, rows: &[(Term, &[Term])]) -> Script {
    let mut s = Script::with_logs(rows);
    s.set_features(|now| *now = features);
    s
}

/// The server's ticker wakes.
fn alarm(s: &mut Script, id: ServerId) {
    step(s, id, |state, moment| state.on_alarm(moment));
    let (role, term) = (s.servers[id].role_name(), s.servers[id].current_term);
    s.line(format!("S{id} wakes: {role:?} of T{term}"));
}

/// S0 leads and hands its office to S1.
fn hand_over(s: &mut Script) {
    let begun = step(s, 0, |state, moment| state.begin_handover(1, moment));
    assert_eq!(begun, Ok(()));
    s.note("S0 is to hand its office to S1");
}

/// Entry 1 of term 1 is stored by two of three, and the leader of term 2 may not count it (§5.4.2). With its own entry it need
/// not wait for a client.
#[test]
fn no_op_commits_the_past() {
    let features = Features { noop_on_election: true, pre_vote: false, ..PRE_VOTE };
    let mut s = cluster(features, &[(1, &[1]), (1, &[1]), (1, &[])]);
    s.elect(0, &[1]);
    s.exchange_all(0, 1);
    s.apply(0);
    s.start(0, "x");
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T2
        S0 -> S1  RequestVote T2 last 1:1
           S1 answers  T2 yes
        S0 -> S1  AppendEntries T2 prev 1:1 [2(no-op)] commit 0
           S1 answers  T2 success
        S0 applies 1 1.1
        S0 applies 2 NoOp
        S0 start x: index 3 of T2
        S0: Leader T2 vote S0 log [1 2 2] committed 2
        S1: Follower T2 vote S0 log [1 2] committed 0
        S2: Follower T1 vote - log [] committed 0
    "#]]);
}

/// S2 cannot hear the leader, and asks those who can. Its term does not move, nor does theirs. When the leader is silent, a
/// majority says yes, and only then it stands.
#[test]
fn pre_vote_waits_for_the_leader_to_fall_silent() {
    let mut s = cluster(PRE_VOTE, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.exchange(0, 2);
    s.after(400);
    s.exchange(0, 1);
    s.after(100);
    alarm(&mut s, 2);
    s.exchange(2, 0);
    s.exchange(2, 1);
    s.note("S1 hears S0 no more, and S2 asks once more");
    s.after(500);
    alarm(&mut s, 2);
    s.exchange(2, 1);
    s.exchange(2, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [] commit 0
           S2 answers  T1 success
        ... 400 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        ... 100 ms
        S2 wakes: PreCandidate of T1
        S2 -> S0  PreVote T2 last 0:0
           S0 answers  T1 no
        S2 -> S1  PreVote T2 last 0:0
           S1 answers  T1 no
        # S1 hears S0 no more, and S2 asks once more
        ... 500 ms
        S2 wakes: PreCandidate of T1
        S2 -> S1  PreVote T2 last 0:0
           S1 answers  T1 yes
        S2 -> S1  RequestVote T2 last 0:0
           S1 answers  T2 yes
        S0: Leader T1 vote S0 log [] committed 0
        S1: Follower T2 vote S2 log [] committed 0
        S2: Leader T2 vote S2 log [] committed 0
    "#]]);
}

/// A yes counts in the round in which it was asked for: S1 may have heard of a leader since.
#[test]
fn late_pre_vote_does_not_count() {
    let mut s = cluster(PRE_VOTE, &[(0, &[]), (0, &[]), (0, &[])]);
    s.after(500);
    alarm(&mut s, 0);
    let late = s.send(0, 1);
    let yes = s.deliver(&late);
    s.after(500);
    alarm(&mut s, 0);
    let again = s.send(0, 1);
    s.receive(&late, Some(&yes));
    assert_eq!(s.servers[0].role_name(), RoleName::PreCandidate, "that was the answer to another round");
    let yes = s.deliver(&again);
    s.receive(&again, Some(&yes));
    assert_eq!(s.servers[0].role_name(), RoleName::Candidate);
    s.receive(&again, Some(&yes));
    assert_eq!(
        (s.servers[0].role_name(), s.servers[0].current_term),
        (RoleName::Candidate, 1),
        "it was no vote"
    );
}

/// S0 has the better log and the older term, S1 the other way round. The refusal tells S0 the term, and its next question is
/// answered with yes. (etcd: a server that drops messages of an older term leaves both waiting for ever.)
#[test]
fn better_log_in_an_older_term_catches_up() {
    let mut s = cluster(PRE_VOTE, &[(1, &[1, 1]), (4, &[1]), (4, &[1])]);
    s.after(500);
    alarm(&mut s, 1);
    s.exchange(1, 0);
    alarm(&mut s, 0);
    s.exchange(0, 1);
    s.after(500);
    alarm(&mut s, 0);
    s.exchange(0, 1);
    s.exchange(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        ... 500 ms
        S1 wakes: PreCandidate of T4
        S1 -> S0  PreVote T5 last 1:1
           S0 answers  T1 no
        S0 wakes: PreCandidate of T1
        S0 -> S1  PreVote T2 last 2:1
           S1 answers  T4 no
        ... 500 ms
        S0 wakes: PreCandidate of T4
        S0 -> S1  PreVote T5 last 2:1
           S1 answers  T4 yes
        S0 -> S1  RequestVote T5 last 2:1
           S1 answers  T5 yes
        S0: Leader T5 vote S0 log [1 1] committed 0
        S1: Follower T5 vote S0 log [1] committed 0
        S2: Follower T4 vote - log [1] committed 0
    "#]]);
}

/// A leader hears from nobody for the longest election timeout, 799 ms, and is a follower again, in its old term. Its read ends.
#[test]
fn leader_without_majority_steps_down() {
    let mut s = cluster(CHECK_QUORUM, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[1]);
    s.start(0, "x");
    s.exchange_all(0, 1);
    let read = step(&mut s, 0, |state, _| state.begin_read()).expect("a leader with an entry of its term");
    s.after(798);
    alarm(&mut s, 0);
    assert_eq!(s.servers[0].outcome_of(read), None);
    s.after(1);
    alarm(&mut s, 0);
    assert_eq!(s.servers[0].outcome_of(read), Some(Err(ReadError::NotLeader { leader: None })));
    s.silent(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 start x: index 1 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
           S1 answers  T1 success
        ... 798 ms
        S0 wakes: Leader of T1
        ... 1 ms
        S0 wakes: Follower of T1
        S0 -> S1  nothing
        S0: Follower T1 vote S0 log [1] committed 1
        S1: Follower T1 vote S0 log [1] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// One of two others is a majority with the leader itself: as long as S1 answers, S0 leads.
#[test]
fn leader_with_a_majority_stays() {
    let mut s = cluster(CHECK_QUORUM, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[1]);
    for _ in 0..20 {
        s.exchange_all(0, 1);
        s.after(100);
        alarm(&mut s, 0);
    }
    assert!(s.servers[0].is_leader());
}

/// S2 stands in a later term. S1 hears S0 and leaves it alone, with its term, and so does S0. When the leader has been silent
/// for the shortest election timeout, S1 votes.
#[test]
fn candidate_under_a_leader_is_left_alone() {
    let mut s = cluster(CHECK_QUORUM, &[(0, &[]), (0, &[]), (3, &[])]);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.stand(2);
    let asked = s.send(2, 1);
    s.deliver(&asked);
    s.exchange(2, 0);
    s.note("such a refusal may not last: S2 asks again, in its own time");
    s.after(99);
    s.silent(2, 0);
    s.after(301);
    s.deliver(&asked);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S2 stands for election: Candidate of T4
        S2 -> S1  RequestVote T4 last 0:0
           S1 answers  T1 no
        S2 -> S0  RequestVote T4 last 0:0
           S0 answers  T1 no
        # such a refusal may not last: S2 asks again, in its own time
        ... 99 ms
        S2 -> S0  nothing
        ... 301 ms
           S1 answers  T4 yes
        S0: Leader T1 vote S0 log [] committed 0
        S1: Follower T4 vote S2 log [] committed 0
        S2: Candidate T4 vote S2 log [] committed 0
    "#]]);
}

/// S1 gets what it lacks, then the order, and leads, though S2 hears a leader and protects it from everybody else.
#[test]
fn office_goes_to_a_server_that_lags() {
    let mut s = cluster(TRANSFER, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[2]);
    s.start(0, "x");
    s.exchange_all(0, 2);
    hand_over(&mut s);
    s.start(0, "y");
    let again = step(&mut s, 0, |state, moment| state.begin_handover(2, moment));
    assert_eq!(again, Err(TransferError::InProgress(1)));
    s.exchange(0, 1);
    let order = s.send(0, 1);
    s.silent(0, 1);
    s.deliver(&order);
    s.exchange(1, 2);
    s.exchange(1, 0);
    s.note("the order once more: its term is over");
    s.deliver(&order);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
        S0 start x: index 1 of T1
        S0 -> S2  AppendEntries T1 prev 0:0 [1] commit 0
           S2 answers  T1 success
        # S0 is to hand its office to S1
        S0 start y: no leader of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 1
           S1 answers  T1 success
        S0 -> S1  TimeoutNow T1
        S0 -> S1  nothing
           S1 answers  T2
        S1 -> S2  RequestVote (transfer) T2 last 1:1
           S2 answers  T2 yes
        S1 -> S0  AppendEntries T2 prev 1:1 [] commit 1
           S0 answers  T2 success
        # the order once more: its term is over
           S1 answers  T2
        S0: Follower T2 vote - log [1] committed 1
        S1: Leader T2 vote S1 log [1] committed 1
        S2: Follower T2 vote S1 log [1] committed 0
    "#]]);
}

/// S1 is down. The order is repeated, and after the shortest election timeout S0 leads on.
#[test]
fn office_that_nobody_takes() {
    let mut s = cluster(TRANSFER, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[1]);
    s.exchange_all(0, 1);
    hand_over(&mut s);
    let lost = s.send(0, 1);
    s.receive(&lost, None);
    s.silent(0, 1);
    s.after(20);
    let lost = s.send(0, 1);
    s.receive(&lost, None);
    s.start(0, "x");
    s.after(379);
    alarm(&mut s, 0);
    s.start(0, "x");
    s.after(1);
    alarm(&mut s, 0);
    s.start(0, "x");
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        # S0 is to hand its office to S1
        S0 -> S1  TimeoutNow T1
           S0 gets no reply from S1
        S0 -> S1  nothing
        ... 20 ms
        S0 -> S1  TimeoutNow T1
           S0 gets no reply from S1
        S0 start x: no leader of T1
        ... 379 ms
        S0 wakes: Leader of T1
        S0 start x: no leader of T1
        ... 1 ms
        S0 wakes: Leader of T1
        S0 start x: index 1 of T1
        S0: Leader T1 vote S0 log [1] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// Who cannot lead does not get the office, and who does not lead has none to give.
#[test]
fn transfer_that_cannot_be() {
    let mut s = cluster(TRANSFER, &[(0, &[]), (0, &[]), (0, &[])]);
    s.elect(0, &[1]);
    let begin = |s: &mut Script, id, to| step(s, id, |state, moment| state.begin_handover(to, moment));
    assert_eq!(begin(&mut s, 0, 0), Err(TransferError::NoOtherVoter(0)));
    assert_eq!(begin(&mut s, 0, 7), Err(TransferError::NoOtherVoter(7)));
    assert_eq!(begin(&mut s, 1, 2), Err(TransferError::NotLeader));
    s.servers[0].config.features.leadership_transfer = false;
    assert_eq!(begin(&mut s, 0, 1), Err(TransferError::NotOffered));
}
