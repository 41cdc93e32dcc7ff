//! Part 3B, sentence by sentence: what a follower does with an AppendEntries.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::{Bench, ELECTION_MAX};
use lab_harness::lab::Lab;

/// AppendEntries fails if the log has no entry at prevLogIndex (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: success that is answered though there is a gap.
pub fn missing_previous_entry_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if the log has no entry at prevLogIndex (§5.3; Fig. 2, AppendEntries, receiver 2)",
        "success is answered although entries before the new ones are missing",
    );
    bench.peer(1).appends(2).after(3, 1).entries(&[2]).fails("the log is empty");
    bench.peer(1).appends(2).entries(&[1, 1]).prepares("it follows the empty log");
    bench.peer(1).appends(2).after(3, 1).entries(&[2]).fails("the log ends at 2");
    bench.peer(1).appends(2).after(2, 1).entries(&[1, 2]).succeeds("the log ends at 2");
}

/// AppendEntries fails if the entry at prevLogIndex is of another term than prevLogTerm (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: a check that looks at the index only.
pub fn other_previous_term_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if the entry at prevLogIndex is not of prevLogTerm (§5.3; Fig. 2, AppendEntries, receiver 2)",
        "the presence of the previous entry is checked, its term is not",
    );
    bench.peer(1).appends(1).entries(&[1, 1]).prepares("it follows the empty log");
    bench.peer(2).appends(3).after(2, 2).entries(&[3]).fails("entry 2 is of term 1 here");
    bench.expect_no_entry(3, 3, "the request has failed");
}

/// A heartbeat is an AppendEntries: it fails as one, and commits nothing where it fails (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: an empty AppendEntries that succeeds and moves the commit index without the check.
pub fn heartbeat_is_checked_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an AppendEntries without entries is checked like any other (Fig. 2, AppendEntries, receiver 2)",
        "heartbeats are answered with success before the log is compared",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).prepares("it follows the empty log");
    bench.peer(2).appends(3).after(3, 2).commit(3).fails("entry 3 is of term 1 here");
    bench.expect_applied_at_most(0, "the heartbeat did not match");
    bench.peer(2).appends(3).after(9, 2).commit(9).fails("there is no entry 9");
    bench.expect_applied_at_most(0, "the heartbeat did not match");
}

/// An entry that conflicts with a new one goes, with all that follow it (Fig. 2, AppendEntries, receiver 3).
///
/// Catches: existing entries that are kept, and a suffix that is; an entry that stays because its term is the later one.
pub fn conflict_is_cut_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a conflicting entry is deleted with all that follow it (§5.3; Fig. 2, AppendEntries, receiver 3)",
        "existing entries are kept although terms differ, or the entries after the conflict are; no entry is better for a later term",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1, 1]).prepares("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).succeeds("entry 1 matches");
    bench.expect_entry(2, 2, "it took the place of one of term 1");
    // Each look at an entry was a request of a new term. In this one the conflict comes after two entries that agree.
    bench.peer(1).appends(20).entries(&[1, 2, 2, 2]).succeeds("entries 1 and 2 match");
    bench.peer(2).appends(21).entries(&[1, 2, 3]).succeeds("entries 1 and 2 match");
    bench.expect_entry(3, 3, "it took the place of one of term 2");
    bench.expect_no_entry(4, 2, "it followed an entry that conflicted");
    // A server that only puts the new entry in its place still has these.
    bench.expect_no_entry(3, 1, "it followed an entry that conflicted");
    bench.expect_no_entry(4, 1, "it followed an entry that conflicted");
    // Whatever the terms: a later one makes no entry better.
    let term = bench.term() + 4;
    bench.peer(1).appends(term).after(1, 1).entries(&[term - 1, term, term]).succeeds("entry 1 matches");
    let leads = bench.term() + 1;
    bench.peer(2).appends(leads).after(1, 1).entries(&[term - 2]).succeeds("entry 1 matches");
    bench.expect_entry(2, term - 2, "it took the place of one of a later term");
    bench.expect_no_entry(
        3,
        term,
        "it followed an entry that conflicted, though its term is later than that of the new one",
    );
}

/// A message that brings nothing new cuts nothing: only a conflict does (Fig. 2, AppendEntries, receiver 3; §5.3).
///
/// Catches: a log that is cut after prevLogIndex, or after the last new entry, at every message.
pub fn late_request_cuts_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "entries are deleted only if they conflict with new ones (§5.3; Fig. 2, AppendEntries, receiver 3)",
        "the log is cut at the end of every message, so a late one takes back what was acknowledged",
    );
    bench.peer(1).appends(2).entries(&[1, 1, 2]).prepares("it follows the empty log");
    // Whatever it answers to what is late: the leader has gone on long since.
    bench.peer(1).appends(2).entries(&[1]).send();
    // A heartbeat of a moment at which the leader knew only of entry 1: it has no entries, and ends before 3.
    bench.peer(1).appends(2).after(1, 1).send();
    bench.peer(1).appends(2).after(1, 1).entries(&[1]).send();
    bench.expect_entry(3, 2, "it was acknowledged, and nothing conflicts with it");
}

/// AppendEntries is idempotent: repeated and overtaken messages leave the log as one of each would (§5.5).
///
/// Catches: entries that are appended again.
pub fn repeated_requests_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "repeated requests do no harm: entries that are present are ignored (§5.5; Fig. 2, AppendEntries, receiver 4)",
        "entries are appended although they are in the log already",
    );
    bench.peer(1).appends(2).entries(&[1, 1]).prepares("it follows the empty log");
    bench.peer(1).appends(2).after(1, 1).entries(&[1, 2]).succeeds("entry 1 is there");
    for _ in 0..2 {
        // The first is late by now, and may be answered in any way.
        bench.peer(1).appends(2).entries(&[1, 1]).send();
        bench
            .peer(1)
            .appends(2)
            .after(1, 1)
            .entries(&[1, 2])
            .succeeds("the same request, whose reply may be lost");
    }
    bench.expect_entry(3, 2, "the log has three entries");
    bench.expect_no_entry(4, 1, "the log has three entries");
    bench.expect_no_entry(4, 2, "the log has three entries");
    // Each look at an entry was a request of a new term: 20 is later than all of them.
    bench.peer(1).appends(20).after(3, 2).commit(3).succeeds("the log has three entries");
    bench.expect_applies(3, "everything is committed, and each entry is applied once");
}

/// An AppendEntries that does not match is a message of the leader all the same: it restarts the election timer (Fig. 2,
/// Followers 2), and a follower whose log differs waits for the leader to go back.
///
/// Catches: a timer that is reset only after the log was compared, so that who is behind deposes its leader.
pub fn mismatch_is_a_word_of_the_leader_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a follower that hears from the current leader does not stand for election, also if the logs differ (Fig. 2, \
         Rules for followers 2)",
        "the election timer is reset only if the entry at prevLogIndex matches",
    );
    bench.peer(1).appends(5).after(9, 4).send_for(ELECTION_MAX, 50);
    let asked = bench.candidacies_after(5);
    bench.expect(
        asked == 0,
        "S0 stood for election under a leader that is well, because the logs differ",
        "no RequestVote",
        format!("{asked}"),
    );
}

/// A leader of an older term changes nothing: not the log, and not the commit index (Fig. 2, AppendEntries, receiver 1).
///
/// Catches: a check of the term after the work.
pub fn old_leader_changes_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an AppendEntries of an older term is rejected, and changes nothing (§5.1; Fig. 2, AppendEntries, receiver 1)",
        "AppendEntries of an older term is accepted, or the term is checked too late",
    );
    bench.peer(1).appends(3).entries(&[1, 3]).prepares("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).commit(2).fails("term 2 is over");
    // Without entries as well: heartbeats often have a path of their own.
    bench.peer(2).appends(2).after(1, 1).commit(1).fails("term 2 is over");
    bench.expect_applied_at_most(0, "the leader of term 2 has nothing to say");
    bench.expect_entry(2, 3, "the leader of term 2 has nothing to say");
}

/// The commit index follows leaderCommit, but not past what there is: a follower that is behind commits what it has
/// (Fig. 2, AppendEntries, receiver 5).
///
/// Catches: leaderCommit taken as it is.
pub fn commit_not_past_the_log_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "commitIndex = min(leaderCommit, index of last new entry) (Fig. 2, AppendEntries, receiver 5)",
        "commitIndex = leaderCommit, so that entries count as committed before they come",
    );
    bench.peer(1).appends(2).entries(&[1]).commit(3).prepares("it follows the empty log");
    bench.expect_applies(1, "leaderCommit is 3, and entry 1 is the last new one");
    bench.peer(2).appends(3).after(1, 1).entries(&[2, 2]).commit(1).succeeds("entry 1 is there");
    bench.expect_applied_at_most(
        1,
        "leaderCommit is 1; no leader has said of these entries that they are committed",
    );
}

/// The commit index does not pass the last entry that the leader is known to have: what follows in the log may not be the
/// leader's (Fig. 2, AppendEntries, receiver 5: index of last *new* entry).
///
/// Catches: leaderCommit limited by the end of the own log.
pub fn commit_not_past_new_entries_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "commitIndex = min(leaderCommit, index of last new entry) (Fig. 2, AppendEntries, receiver 5)",
        "leaderCommit is limited by the end of the follower's log, whose last entries may not be the leader's",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).prepares("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).commit(3).succeeds("entry 1 matches");
    bench.expect_applies(1, "entries 2 and 3 may not be those of the leader of term 2");
    // Now entries 2 and 3 have come from that leader, and the same leaderCommit covers them.
    bench.peer(2).appends(2).after(1, 1).entries(&[2, 2]).commit(3).succeeds("entry 1 matches");
    bench.expect_applies(3, "all are the leader's now");
}
