//! Part 3A, sentence by sentence: who gets a vote.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::Bench;
use lab_harness::lab::Lab;

/// A server votes for at most one candidate in a term, first come, first served (§5.2; Fig. 2, RequestVote, receiver 2).
///
/// Catches: votedFor that is not looked at.
pub fn one_vote_per_term_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a server votes for at most one candidate in a term (§5.2; Fig. 2, RequestVote, receiver 2)",
        "votedFor is not looked at, or not set when the vote is granted",
    );
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    bench.peer(2).asks_vote(5).is_refused("S1 has its vote of term 5");
}

/// A candidate that asks again gets its vote again: the first reply may have been lost (Fig. 2, RequestVote, receiver 2:
/// votedFor is null or the candidate). Without that the election takes one more term, and no harm is done: so it is
/// usual, and no duty.
pub fn same_candidate_again_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a vote that was granted is granted again to the same candidate (Fig. 2, RequestVote, receiver 2)",
        "only a null votedFor is accepted, so a candidate whose reply was lost is refused",
    );
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    let again = bench.peer(1).asks_vote(5).send();
    lab.expect_usual(
        matches!(again, Some((_, true))),
        "a candidate whose reply was lost does not get its vote again",
    );
}

/// A vote lasts for the whole term: a leader of the same term does not make the voter free again (§5.2).
///
/// Catches: an AppendEntries of the current term that clears votedFor.
pub fn vote_outlives_heartbeats_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a vote lasts for the whole term (§5.2; Fig. 2, State: votedFor in current term)",
        "an AppendEntries of the current term clears votedFor, as if it brought a new term",
    );
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    bench.peer(1).appends(5).prepares("S1 leads term 5");
    bench.peer(2).asks_vote(5).is_refused("S1 has its vote of term 5");
}

/// With a new term the server is free to vote again, however it came to the term (Fig. 2, State: votedFor in current
/// term; §5.1).
///
/// Catches: a vote that is kept when a higher term is adopted.
pub fn new_term_new_vote_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "votedFor belongs to the current term (Fig. 2, State)",
        "votedFor is not cleared when a higher term is adopted",
    );
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    // The term comes with a request for a vote, and then with entries: either way the vote must be free again.
    bench.peer(2).asks_vote(6).is_granted("it is free in term 6");
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    let late = bench.peer(2).asks_vote(7).send();
    // Nobody needs this vote, for the term has its leader.
    lab.expect_usual(matches!(late, Some((_, true))), "a vote of a term that has a leader is not given");
}
