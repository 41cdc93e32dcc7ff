//! Part 3A, sentence by sentence: terms, and who steps down for them.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request, SOON, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::Features;

/// A candidate of an older term is refused, and told the current one (Fig. 2, RequestVote, receiver 1).
///
/// Catches: no check of the term, and a reply with the candidate's own term.
pub fn old_candidate_refused_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if term < currentTerm, with currentTerm (Fig. 2, RequestVote, receiver 1)",
        "the term of a RequestVote is not checked",
    );
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    bench.peer(2).asks_vote(6).is_refused("term 6 is over");
    // Asked again, for the term of the reply.
    let reply = bench.peer(2).asks_vote(6).send();
    bench.expect(
        reply == Some((7, false)),
        "the reply to an old candidate does not help it",
        "refused, with term 7, for the candidate to update itself",
        format!("{reply:?}"),
    );
}

/// A leader of an older term is refused, and told the current one (Fig. 2, AppendEntries, receiver 1).
///
/// Catches: AppendEntries of an older term that is accepted.
pub fn old_leader_refused_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if term < currentTerm, with currentTerm (Fig. 2, AppendEntries, receiver 1)",
        "the term of an AppendEntries is not checked",
    );
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    bench.peer(2).appends(6).fails("term 6 is over");
    // Asked again, for the term of the reply.
    let reply = bench.peer(2).appends(6).send().map(|appended| appended.term);
    bench.expect(
        reply == Some(7),
        "the reply to an old leader does not depose it",
        "term 7, for the leader to update itself",
        format!("{reply:?}"),
    );
}

/// A higher term in a request of either kind becomes the server's own, and its reply already bears it (Fig. 2, All
/// servers 2).
///
/// Catches: a handler that answers with the term it had before, or adopts none.
pub fn term_from_requests_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a higher term in a request becomes currentTerm (§5.1; Fig. 2, Rules for all servers 2)",
        "a handler that does not adopt the term of its request",
    );
    let voted = bench.peer(1).asks_vote(5).send().map(|(term, _)| term);
    bench.expect(
        voted == Some(5),
        "the reply to a RequestVote has an old term",
        "term 5",
        format!("{voted:?}"),
    );
    bench.expect_term(5, "S1 has asked for a vote in term 5");
    // Of another kind of message, since each has a handler of its own.
    let appended = bench.peer(2).appends(8).send().map(|appended| appended.term);
    bench.expect(
        appended == Some(8),
        "the reply to an AppendEntries has an old term",
        "term 8",
        format!("{appended:?}"),
    );
    bench.expect_term(8, "S2 leads term 8");
}

/// A server's term never goes back, whatever old message arrives (§5.1: a current term that increases monotonically).
///
/// Catches: a term that is set to that of the message whenever they differ.
pub fn term_never_goes_back_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a server's current term only increases (§5.1)",
        "currentTerm is set to the message's term whenever the two differ",
    );
    bench.peer(1).appends(9).prepares("S1 leads term 9");
    bench.peer(2).appends(3).send();
    bench.expect_term(9, "an AppendEntries of term 3 is old");
    bench.peer(2).asks_vote(4).send();
    bench.expect_term(9, "a RequestVote of term 4 is old");
    // What was adopted must be stored as well: a restart is a way back, too.
    bench.restart();
    bench.expect_term(9, "a restart forgets no term");
}

/// A candidate that reads a higher term in a reply follows in that term, and stands for later ones only (Fig. 2, All
/// servers 2).
///
/// Catches: a candidate that looks only at whether the vote was granted.
pub fn term_from_vote_reply_3a(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        3,
        (
            "a higher term in a reply becomes currentTerm, of a candidate too (§5.1; Fig. 2, Rules for all servers 2)",
            "a candidate that counts votes and does not look at the term of a refusal",
        ),
        |bench| bench.peer(1).waits(),
    );
    let sent = bench.expect_candidate_asks(1);
    bench.answer(&sent, Reply::Vote { term: 50, vote_granted: false });
    // Nothing but the reply has told it of term 50: what comes next shows whether it was read.
    bench.peer(1).is_silent();
    let next = bench.expect_candidate_after(sent.request.term() + 1);
    bench.expect(
        next == 51,
        format!("S0 stands for term {next}"),
        "it stands for term 51: S1 has told it of term 50",
        format!("term {next}"),
    );
}

/// The leader's next AppendEntries to S2, which the test answers.
#[track_caller]
pub(crate) fn append_under_way(bench: &Bench) -> SentRequest {
    bench.peer(2).waits();
    bench.skip_requests();
    let sent = bench.peer(2).next_request(ELECTION_MAX, Request::is_append);
    sent.unwrap_or_else(|| bench.fail("the leader sends S2 nothing", "heartbeats", "none"))
}

/// A leader that reads a higher term in a reply steps down (Fig. 2, All servers 2).
///
/// Catches: a leader that looks only at whether its entries were accepted.
pub fn term_from_append_reply_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader that reads a higher term in a reply becomes a follower (§5.1; Fig. 2, Rules for all servers 2)",
        "a leader that does not look at the term of a refusal",
    );
    let term = bench.elect(&[1]);
    let sent = append_under_way(&bench);
    bench.answer(&sent, Reply::Append { term: term + 3, success: false, hint: None });
    lab.sleep(SOON);
    bench.expect_deposed(term + 3, "S2 has told it of a higher term");
}

/// A leader that hears of a higher term in a request steps down, whatever it answers (Fig. 2, All servers 2).
///
/// Catches: a term that is adopted and a role that is kept.
pub fn leader_steps_down_for_candidate_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader that hears of a higher term becomes a follower (§5.1; Fig. 2, Rules for all servers 2)",
        "the term is adopted and the role is kept",
    );
    let term = bench.elect(&[1]);
    // With a log that nobody refuses: some leaders begin their term with an entry.
    let candidate = bench.peer(2).asks_vote(term + 1).with_last(10, term);
    candidate.is_granted("term and vote are new, and the candidate's log is longer");
    bench.expect_deposed(term + 1, "S2 stands for a later term");
    bench.skip_requests();
    // In the candidate's term: in a later one it may have been elected by then.
    let appends = |request: &Request| request.is_append() && request.term() == term + 1;
    let sent = bench.next_request(SOON, appends);
    bench.expect(
        sent.is_none(),
        "a deposed leader goes on in the new term",
        "no AppendEntries",
        format!("{:?}", sent.map(|sent| sent.request.to_string())),
    );
}

/// A leader that meets the leader of a higher term steps down and follows it (Fig. 2, All servers 2).
///
/// Catches: a leader that answers and goes on.
pub fn leader_steps_down_for_leader_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader that hears of a higher term becomes a follower (§5.1; Fig. 2, Rules for all servers 2)",
        "the term is adopted and the role is kept",
    );
    let term = bench.elect(&[1]);
    bench.peer(2).appends(term + 1).succeeds("S2 leads a later term");
    bench.expect_deposed(term + 1, "S2 leads a later term");
}
