//! Part 3B, sentence by sentence: what a leader takes for committed, and tells.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request, SOON};
use lab_harness::lab::Lab;
use raft_interface::Index;

/// An entry is committed when a majority of all servers stores it: three of four, not two (§5.3; Fig. 2, Leaders 4).
///
/// Catches: a majority of n/2.
pub fn commits_with_majority_of_four_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        4,
        "an entry is committed once a majority of the servers stores it (§5.3; Fig. 2, Rules for leaders 4)",
        "n/2 copies taken for a majority, or the leader's own copy counted twice",
    );
    bench.elect(&[1, 2]);
    bench.peer(2).is_silent();
    let index = bench.start_command().index;
    // Some heartbeats: a leader that counts wrong would have told of it.
    lab.sleep_ms(300);
    bench.expect_commit_at_most(index - 1, "the leader and S1 are two of four");
    bench.peer(2).follows();
    bench.expect_applies_within(index, ELECTION_MAX, "the leader, S1 and S2 are three of four");
}

/// Entries of earlier terms are not committed by counting their copies; one of the leader's own term commits them with it
/// (§5.4.2, Fig. 8; Fig. 2, Leaders 4).
///
/// Catches: a leader that counts without a look at the term.
pub fn counts_own_term_only_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "only entries of the leader's current term are committed by counting replicas (§5.4.2, Fig. 8)",
        "the term of the entry is not looked at when copies are counted",
    );
    bench.peer(1).appends(2).entries(&[2, 2]).prepares("it follows the empty log");
    bench.needs_refusals();
    let term = bench.elect(&[1, 2]);
    lab.sleep_ms(500);
    // Some leaders begin their term with an empty entry, which commits all before it. Whether they would count
    // the copies of older entries does not show here.
    let has_own = bench.peer(1).follower().log.iter().any(|entry| entry.term == term);
    if !has_own {
        bench.expect_commit_at_most(0, "entries 1 and 2 are of term 2, and only their copies speak for them");
        bench.start_command();
    }
    // An entry of its own need not reach the service.
    let applied = if has_own { 2 } else { 3 };
    bench.expect_applies_at_least(applied, "an entry of the leader's own term is stored by all");
}

/// matchIndex is what the acknowledged request brought, not what the log has by then (Fig. 2, Leaders 3).
///
/// Catches: matchIndex that is set to the leader's last index when a reply comes.
pub fn match_is_what_was_sent_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "matchIndex is the highest entry known to be stored by the follower (Fig. 2, State; Rules for leaders 3)",
        "on success matchIndex is set to the leader's last index, though entries came after the request was sent",
    );
    bench.elect(&[1]);
    // By now S1 has the empty entry with which some leaders begin.
    bench.settle(&[1]);
    bench.peer(1).waits();
    bench.skip_requests();
    let first = bench.start_command().index;
    let Some(sent) = bench.peer(1).next_request(SOON * 5, Request::has_entries) else {
        bench.fail("a command is not sent", "an AppendEntries with it", "none");
    };
    // Now two commands more come, which the request that is about to be answered did not bring.
    let brought = first - 1 + sent.entries().len() as Index;
    bench.start_command();
    bench.start_command();
    bench.answer(&sent, Reply::Append { term: sent.request.term(), success: true, hint: None });
    lab.sleep_ms(20);
    bench.expect_commit_at_most(brought, "S1 has acknowledged a request that ended there");
}

/// A reply counts in the term in which its request was sent, and in no other (Students' guide; §5.4: a new leader knows of
/// nobody's log).
///
/// Catches: the success of an old leadership that is counted in a new one.
pub fn old_success_does_not_count_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader reinitialises matchIndex after election: a reply to an earlier leadership tells nothing (Fig. 2, State)",
        "a reply is not compared with the term in which its request was sent",
    );
    bench.elect(&[2]);
    bench.peer(2).is_silent();
    bench.peer(1).waits();
    bench.skip_requests();
    bench.start_command();
    bench.start_command();
    // A message that brings the second, with the first or after it.
    let brings_second = |request: &Request| request.has_entries() && request.last_index() >= 2;
    let Some(old) = bench.peer(1).next_request(ELECTION_MAX, brings_second) else {
        lab.expect_usual(false, "no entries are sent to a follower before it has answered in the term");
        return;
    };
    let term = bench.term();
    bench.peer(2).is_silent();
    // S2 has voted for S0, and may have the entry with which some leaders begin. It is committed then, and stays.
    let (last, of) = bench.peer(2).follower().last();
    bench
        .peer(2)
        .appends(term + 1)
        .after(last, of)
        .entries(&[term + 1])
        .prepares("S2 leads the next term, and has another log");
    bench.peer(2).appended(term + 1);
    // S1 does not answer, S2 votes, and then follows no more.
    let again = bench.elect(&[2]);
    bench.peer(2).is_silent();
    let index = bench.start_command().index;
    // With an empty entry of its own in front the command is at 3, and the old reply, which was for 2, proves
    // nothing.
    if index == 2 {
        bench.answer(&old, Reply::Append { term: old.request.term(), success: true, hint: None });
        lab.sleep_ms(50);
        let stored = bench.peer(2).follower().last_index();
        // S2 may have got it in the moment before it fell silent: then it may commit.
        if stored < index {
            bench.expect_applied_at_most(1, &format!("nobody has stored entry 2 of term {again}"));
        }
    }
}

/// Followers hear of the leader's commit index with the messages that follow (§5.3; Fig. 2, AppendEntries, arguments).
///
/// Catches: a commit index that is not sent, or not moved when replies come.
pub fn commit_is_told_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the leader includes its commit index in AppendEntries, so that the others learn of it (§5.3)",
        "leaderCommit is not sent, or not moved when replies come",
    );
    bench.elect(&[1, 2]);
    let index = bench.start_command().index;
    let tells = |request: &Request| matches!(request, Request::Append { leader_commit, .. } if *leader_commit >= index);
    let told = bench.peer(2).next_request(Duration::from_millis(1000), tells);
    bench.expect(
        told.is_some(),
        "followers do not hear that an entry is committed",
        format!("an AppendEntries with leaderCommit {index} within a second"),
        "none",
    );
}

/// A leader of which nobody hears stores and commits nothing by itself, and a refused or lost message counts for nothing.
///
/// Catches: copies that are counted when they are sent.
pub fn silence_commits_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an entry is committed once it has been replicated, not once it was sent (§5.3; Fig. 2, Rules for leaders 4)",
        "copies are counted when they are sent, or when a call ends without a reply",
    );
    bench.elect(&[1]);
    bench.settle(&[1]);
    bench.peer(1).is_silent();
    let index = bench.start_command().index;
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(index - 1, "no follower has answered");
}
