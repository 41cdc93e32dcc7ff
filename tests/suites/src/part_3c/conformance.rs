//! Part 3C, sentence by sentence: what a server stores, and when.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request};
use lab_harness::lab::Lab;
use raft_interface::Features;

use crate::part_3a::conformance_terms::append_under_way;

/// How long a save takes on a slow disk.
const SLOW: Duration = Duration::from_millis(40);

/// The vote survives a restart (Fig. 2, State: votedFor is persistent).
///
/// Catches: votedFor that is not stored, or not read back.
pub fn vote_survives_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "votedFor is persistent: a restarted server votes for nobody else in the term (Fig. 2, State)",
        "votedFor is not stored, or not restored",
    );
    // The term is stored already, so that the vote alone is new.
    bench.peer(1).appends(5).prepares("S1 leads term 5");
    bench.peer(1).asks_vote(5).prepares("a late request; nobody has its vote of term 5");
    bench.restart();
    bench.peer(2).asks_vote(5).is_refused("S1 has its vote of term 5, from before the restart");
    bench.peer(1).asks_vote(5).is_granted("S1 has its vote of term 5");
}

/// The term survives a restart, however the server came to it (Fig. 2, State: currentTerm is persistent).
///
/// Catches: currentTerm that is not stored, or stored only along with a vote or entries.
pub fn term_survives_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "currentTerm is persistent (Fig. 2, State)",
        "currentTerm is not stored, or only when a vote or an entry is",
    );
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    bench.restart();
    bench.expect_term(7, "it was in term 7 before the restart");
    bench.peer(2).asks_vote(6).is_refused("term 6 is over");
    bench.peer(2).asks_vote(9).with_last(0, 0).is_granted("term 9 is new");
    bench.restart();
    bench.expect_term(9, "it was in term 9 before the restart");
}

/// A term that came in a reply is stored like any other before anybody hears of it (Fig. 2, State; All servers 2).
///
/// It may be adopted and not stored as long as nobody is told: so somebody asks, and the power fails when the answer is there.
///
/// Catches: handlers of replies that adopt a term and store nothing.
pub fn term_of_a_reply_survives_3c(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        3,
        (
            "currentTerm is persistent, however a server came to it: what it tells is on stable storage (Fig. 2, State: updated \
             on stable storage before responding to RPCs; Rules for all servers 2)",
            "a term that comes in a reply is adopted, and not stored",
        ),
        |bench| bench.peer(1).waits(),
    );
    let sent = bench.expect_candidate_asks(1);
    bench.answer(&sent, Reply::Vote { term: 50, vote_granted: false });
    bench.expect_told_term_to_survive(50, "S1 has told it of that in a reply");
    // Replies of another kind, since each has a handler of its own.
    let term = bench.elect(&[1]);
    let sent = append_under_way(&bench);
    bench.answer(&sent, Reply::Append { term: term + 50, success: false, hint: None });
    bench.expect_told_term_to_survive(term + 50, "S2 has told it of that in a reply");
}

/// The vote that a candidate gives itself survives a restart (Fig. 2, State; Candidates 1).
///
/// Catches: an election that starts without a save.
pub fn own_vote_survives_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the vote of a candidate for itself is persistent like any other (Fig. 2, State; Rules for candidates 1)",
        "term and vote are not stored when an election starts",
    );
    let term = bench.expect_candidate_after(0);
    bench.restart();
    bench.expect_term(term, "it stood for that term before the restart");
    bench.peer(2).asks_vote(term).is_refused("it has voted for itself in that term");
}

/// What was acknowledged survives a restart (Fig. 2, State: log[] is persistent).
///
/// Catches: entries that a follower acknowledges and does not store.
pub fn entries_survive_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "log[] is persistent: what a follower has acknowledged survives its restart (Fig. 2, State)",
        "entries are not stored when AppendEntries brings them, or not restored",
    );
    // The term is stored already, so that the entries alone are new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.peer(1).appends(2).entries(&[1, 2, 2]).prepares("it follows the empty log");
    bench.restart();
    bench
        .peer(2)
        .asks_vote(5)
        .with_last(2, 2)
        .is_refused("its own log has three entries, from before the restart");
    bench.expect_entry(3, 2, "it was acknowledged");
    // A later term than that of any look at an entry.
    bench.peer(1).appends(20).after(3, 2).entries(&[2, 20]).commit(5).succeeds("the log has three entries");
    bench.expect_applies(5, "everything is committed");
}

/// What a conflict has cut does not come back with a restart (Fig. 2, State; AppendEntries, receiver 3).
///
/// Catches: a log to which is only ever added on disk, and one that is not saved if it is as long as before.
pub fn cut_survives_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "log[] is persistent as it is after a conflict, too (Fig. 2, State; AppendEntries, receiver 3)",
        "the log is cut in memory only, or saved only when it has become longer or shorter",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).prepares("it follows the empty log");
    // So that the cut alone is new in what follows: the term is stored with this one.
    bench.peer(2).appends(2).after(3, 1).prepares("S2 leads term 2");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).succeeds("entry 1 matches");
    bench.restart();
    bench.expect_entry(2, 2, "it took the place of one of term 1, before the restart");
    bench.expect_no_entry(3, 1, "it was cut before the restart");
    // And by as many entries as were cut: neither the term nor the length of the log is new.
    let term = bench.term() + 3;
    bench.peer(1).appends(term).after(2, 2).prepares("S1 leads a later term");
    bench.peer(1).appends(term).after(1, 1).entries(&[term]).succeeds("entry 1 matches");
    bench.restart();
    bench.expect_entry(2, term, "it took the place of one of term 2, before the restart");
}

/// A leader's own entries are stored before they count as a copy (Fig. 2, State; Leaders 2).
///
/// Catches: a start that appends without a save, and a save beside the replication that nobody waits for: a leader may send
/// before it has saved, but its own copy counts only then (thesis §10.2.1). The disk is slow.
pub fn commands_survive_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader's own copy of an entry is persistent when it counts for the majority (Fig. 2, State; Rules for leaders 2)",
        "start appends the command without storing it, or the leader counts its own copy before it is stored",
    );
    let term = bench.elect(&[1]);
    bench.slow_disk(SLOW);
    let index = bench.start_command().index;
    bench.expect_applies_at_least(index, "S1 and the leader store it");
    let then = bench.storage();
    // As if the power had failed in the moment in which the service got it.
    bench.restart_from(&then);
    bench.expect_entry(index, term, "it was committed with the leader's own copy, before the restart");
}

/// The vote is stored before the reply leaves (Fig. 2, State: updated on stable storage before responding).
///
/// Catches: a save after the answer, or beside it. The storage is looked at in the moment in which the reply arrives, and
/// the disk is slow.
pub fn vote_stored_before_reply_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "persistent state is updated on stable storage before responding to RPCs (Fig. 2, State)",
        "the vote is stored after the reply has left, or by another thread",
    );
    bench.slow_disk(SLOW);
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    let then = bench.storage();
    // As if the power had failed in the moment in which the reply arrived.
    bench.restart_from(&then);
    bench
        .peer(2)
        .asks_vote(5)
        .is_refused("the reply had told S1 that it has the vote, and then the power failed");
}

/// Entries are stored before they are acknowledged (Fig. 2, State: updated on stable storage before responding).
///
/// Catches: a save after the answer, or beside it.
pub fn entries_stored_before_reply_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "persistent state is updated on stable storage before responding to RPCs (Fig. 2, State)",
        "entries are stored after the reply has left, or by another thread",
    );
    // The term is stored already, so that the entries alone are new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.slow_disk(SLOW);
    bench.peer(1).appends(2).entries(&[1, 2]).prepares("it follows the empty log");
    let then = bench.storage();
    bench.restart_from(&then);
    bench.expect_entry(2, 2, "the reply had acknowledged it, and then the power failed");
}

/// A candidate has stored its term and its vote when it asks for others (Fig. 2, State; §5.2).
///
/// Catches: a candidate whose requests leave before the save.
pub fn candidacy_stored_before_request_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a candidate's term and its vote for itself are on stable storage when others hear of them (Fig. 2, State; §5.2)",
        "requests for votes leave before term and vote are stored",
    );
    bench.slow_disk(SLOW);
    let Some(sent) = bench.next_request(ELECTION_MAX, Request::is_vote) else {
        bench.fail("S0 did not stand for election", "a RequestVote", "none");
    };
    // The storage as it is when the request arrives, and not a moment later.
    let then = bench.storage();
    bench.restart_from(&then);
    let term = sent.request.term();
    bench
        .peer(2)
        .asks_vote(term)
        .is_refused("S0 had asked for votes in that term, and then the power failed");
}

/// A power failure between a save and the reply: whatever the save had, no term gets two votes (§5.2; Fig. 2, State).
///
/// It may have been all of it, or the term alone, if the vote is stored by another save before the reply.
///
/// Catches: a save that has the new vote and the term before it, in which that server has voted for another.
pub fn power_fails_before_reply_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a server gives one vote in a term, also across restarts: a vote is never stored without its term (§5.2; Fig. 2, State)",
        "the vote is stored first, with the term before it",
    );
    bench.peer(2).asks_vote(4).is_granted("the server has not voted in term 4");
    bench.power_fails_after_next_save();
    // No reply comes: the server is off before it can write one.
    bench.peer(1).asks_vote(5).send();
    bench.restart();
    bench.peer(1).asks_vote(4).is_refused("S2 has the vote of term 4, and was told before the power failed");
    let gets_the_vote = |server| matches!(bench.peer(server).asks_vote(5).send(), Some((_, true)));
    bench.expect(
        !(gets_the_vote(2) && gets_the_vote(1)),
        "S0 votes twice in term 5",
        "a vote for S2 or for S1, whichever asks first, if the one for S1 was not stored",
        "votes for both",
    );
}

/// A power failure between the save of entries and the reply: they are there, and the leader, which was not told, sends
/// them again (Fig. 2, State; §5.5).
///
/// Catches: a save in parts, and entries that are appended twice.
pub fn entries_sent_again_after_power_failure_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a save stores the entries of a request together; the request may come again (Fig. 2, State; §5.5)",
        "entries are stored one by one, or appended again",
    );
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.power_fails_after_next_save();
    bench.peer(1).appends(2).entries(&[1, 2, 2]).send();
    bench.restart();
    bench.peer(1).appends(2).entries(&[1, 2, 2]).succeeds("the same request once more");
    bench.expect_entry(3, 2, "the request has brought it twice");
    bench.expect_no_entry(4, 2, "the request has three entries");
}

/// The commit index is volatile: a restarted server applies from the start again, in order, once it hears what is committed
/// (Fig. 2, State: commitIndex, lastApplied).
///
/// Catches: entries that are applied before anybody said so, and entries that are left out.
pub fn applies_again_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "commitIndex and lastApplied are volatile: a restarted server applies the log again (Fig. 2, State)",
        "entries of the restored log are taken for committed, or for applied",
    );
    bench.peer(1).appends(2).entries(&[1, 2, 2]).commit(2).prepares("it follows the empty log");
    bench.prepare_applied(2, "leaderCommit is 2");
    bench.restart();
    // Some store the commit index as well, which does no harm.
    bench.expect_applied_at_most(2, "nobody has ever told the server that more is committed");
    bench.peer(1).appends(2).after(3, 2).commit(3).succeeds("the log has three entries");
    bench.expect_applies(3, "leaderCommit is 3");
}
