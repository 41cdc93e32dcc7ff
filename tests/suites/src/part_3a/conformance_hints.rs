//! Part 3A, sentence by sentence: whom a server names to clients as the leader.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`]. A
//! server that never names anybody is legal, and is not put to these tests.

use lab_harness::conformance::Bench;
use lab_harness::lab::Lab;
use raft_interface::ServerId;

/// A server that names a leader names one that it has heard from as a leader, not the candidate that it has voted for (§8;
/// Fig. 2, AppendEntries, arguments: leaderId).
///
/// Catches: a hint that is taken from votedFor, which may have lost.
pub fn hint_names_a_leader_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the leader that a server names to clients is the most recent one it has heard from (§8; Fig. 2, AppendEntries, \
         leaderId; RaftServer::leader_hint)",
        "the hint is taken from votedFor: whoever has the vote may have lost the election",
    );
    bench.peer(2).appends(3).prepares("S2 leads term 3");
    let hint = bench.leader_hint();
    expect_hint(&bench, hint, 2, "S2 leads term 3, and S0 has answered it");
    // Some leave a candidate alone while they hear of a leader. Then there is no vote to be misled by.
    let vote = bench.peer(1).asks_vote(7).send();
    let hint = bench.leader_hint();
    bench.expect(
        hint != Some(1),
        "S0 names S1 as the leader, which has asked for votes and led nothing",
        "S2, of which it has heard last, or nobody",
        format!("{hint:?}, after {vote:?}"),
    );
    bench.peer(2).appends(7).prepares("S2 leads term 7, with the vote of another server");
    let hint = bench.leader_hint();
    expect_hint(&bench, hint, 2, "S2 leads term 7, although S0 has voted for S1");
    lab.expect_usual(hint.is_some(), "it names no leader to clients, so that they have to look for it");
}

/// Whoever is named has to be that leader.
fn expect_hint(bench: &Bench, hint: Option<ServerId>, leader: ServerId, why: &str) {
    bench.expect(
        hint.is_none_or(|named| named == leader),
        format!("S0 names another server than the leader that it has heard from: {hint:?}"),
        format!("S{leader}, or nobody: {why}"),
        format!("{hint:?}"),
    );
}
