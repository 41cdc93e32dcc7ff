//! Part 3B, sentence by sentence: votes and logs: who is up to date (§5.4.1).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::{Bench, ELECTION_MAX, Request};
use lab_harness::lab::Lab;

/// A voter refuses a candidate whose log is less up to date than its own: the later last term wins, and with equal terms the
/// longer log (§5.4.1; Fig. 2, RequestVote, receiver 2). All nine cases.
///
/// Catches: a comparison of the index only, of the term only, or one that wants more than as much.
pub fn up_to_date_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a voter denies its vote if its own log is more up to date: by last term, then by length (§5.4.1)",
        "the last index alone compared, or the last term alone, or `>` in place of `>=`",
    );
    bench.peer(1).appends(3).entries(&[1, 2, 2]).prepares("the log is empty");
    let mut term = 10;
    for last_term in 1..=3 {
        for last_index in 2..=4 {
            // In a term of its own each time: a vote that was granted would refuse all that follow.
            term += 1;
            let request = bench.peer(2).asks_vote(term).with_last(last_index, last_term);
            if (last_term, last_index) >= (2, 3) {
                request.is_granted(
                    "its log is at least as up to date as the voter's, which ends in entry 3 of term 2",
                );
            } else {
                request.is_refused("the voter's log, which ends in entry 3 of term 2, is more up to date");
            }
        }
    }
}

/// A refused candidate's higher term is adopted all the same, and its vote stays free (Fig. 2, All servers 2).
///
/// Catches: a candidate that is refused for its log and yet gets the vote noted.
pub fn refusal_leaves_the_vote_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a vote that was not granted is not given: the server may vote for another (Fig. 2, RequestVote, receiver 2)",
        "votedFor is set before the candidate's log is looked at",
    );
    bench.peer(1).appends(3).entries(&[3]).prepares("the log is empty");
    bench.peer(2).asks_vote(9).is_refused("its log is empty");
    // The refusal was for its log. Its term is a term like any other.
    bench.needs_ears_for_candidates(9);
    bench.expect_term(9, "a refused candidate's term counts all the same");
    bench.peer(1).asks_vote(9).with_last(1, 3).is_granted("nobody has the vote of term 9");
}

/// A candidate says truly how far its log goes (Fig. 2, RequestVote, arguments).
///
/// Catches: the commit index, or the length of a trimmed log, in place of the last index.
pub fn candidate_tells_its_log_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a RequestVote tells index and term of the candidate's last log entry (§5.4.1; Fig. 2, RequestVote, arguments)",
        "the commit index is sent, or the first entry's term",
    );
    bench.peer(1).appends(4).entries(&[1, 1, 4]).commit(1).prepares("it follows the empty log");
    // One of before had an empty log to tell of.
    let stands = |request: &Request| request.is_vote() && request.term() > 4;
    let sent = bench.next_request(ELECTION_MAX, stands);
    let told = sent.map(|sent| sent.request);
    bench.expect(
        matches!(told, Some(Request::Vote { last_log_index: 3, last_log_term: 4, .. })),
        "a RequestVote tells of another log than the candidate's",
        "last entry 3 of term 4",
        told.map_or_else(|| "no RequestVote".to_owned(), |told| told.to_string()),
    );
}
