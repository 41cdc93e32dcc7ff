//! Part 3A, sentence by sentence: candidates, and who wins.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Peer, Reply, Request, SOON};
use lab_harness::lab::Lab;
use raft_interface::Features;

/// Time for a reply to be counted, if it is.
const COUNTED: Duration = Duration::from_millis(20);

/// A candidate that hears from the leader of its own term follows it (§5.2; Fig. 2, Candidates 3), and votes that come
/// later do not matter.
///
/// Catches: a candidate that refuses the leader of its term, or that still counts votes when it follows.
pub fn candidate_follows_leader_3a(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        3,
        (
            "a candidate that hears from the new leader becomes a follower (§5.2; Fig. 2, Rules for candidates 3)",
            "a candidate that goes on counting votes, or that refuses a leader of its own term",
        ),
        |bench| bench.peer(1).waits(),
    );
    let sent = bench.expect_candidate_asks(1);
    let term = sent.request.term();
    bench.peer(2).appends(term).succeeds("S2 leads the term for which S0 stands");
    // With its own vote that is a majority. If it still counts, it now leads a term that has a leader.
    bench.answer(&sent, Reply::Vote { term, vote_granted: true });
    bench.expect_no_leader_for(COUNTED, "S2 leads this term");
}

/// A candidate votes for itself (Fig. 2, Candidates 1).
///
/// Catches: a candidate that gives its vote to another one of its term.
pub fn candidate_votes_for_itself_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a candidate votes for itself (§5.2; Fig. 2, Rules for candidates 1)",
        "votedFor is not set when an election starts",
    );
    let term = bench.expect_candidate_after(0);
    bench.peer(2).asks_vote(term).is_refused("it stands for that term itself");
}

/// A candidate whose election ends without a winner starts another one, in the next term (§5.2; Fig. 2, Candidates 4).
///
/// Catches: a candidate that waits for ever, and an election in the same term.
pub fn candidate_tries_again_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a candidate whose election times out starts a new one, in the next term (§5.2; Fig. 2, Rules for candidates 4)",
        "a candidate without an election timer",
    );
    let first = bench.expect_candidate_after(0);
    for step in 1..4 {
        let next = bench.expect_candidate_after(first + step - 1);
        bench.expect(
            next == first + step,
            format!("S0 stands for term {next} after term {}", first + step - 1),
            format!("term {}: it increments its term", first + step),
            format!("term {next}"),
        );
    }
}

/// A candidate wins with the votes of a majority of all servers (§5.2; Fig. 2, Candidates 2): with two of four it does
/// not, with three of four it does.
///
/// Catches: a majority of n/2, which odd sizes hide.
pub fn majority_of_four_3a(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        4,
        (
            "a candidate wins with votes from a majority of the servers (§5.2; Fig. 2, Rules for candidates 2)",
            "n/2 votes taken for a majority, or one's own vote counted wrong",
        ),
        |bench| bench.peers().into_iter().for_each(Peer::waits),
    );
    let first = bench.expect_candidate_asks(1);
    let term = first.request.term();
    bench.answer(&first, Reply::Vote { term, vote_granted: true });
    bench.expect_no_leader_for(Duration::from_millis(50), "two of four servers are no majority");
    // Its election may have timed out meanwhile. Then there is none of this term to be won, and nothing to be
    // seen.
    let of_this_term = |request: &Request| request.is_vote() && request.term() == term;
    if let Some(second) = bench.peer(2).next_request(SOON, of_this_term) {
        // It has waited for 50 ms by now.
        bench.answer_copies(&second, Reply::Vote { term, vote_granted: true });
        lab.sleep_ms(50);
        let (now, is_leader) = bench.state();
        // Some say so to clients only when a majority has answered them as their leader, which nobody does here.
        let is_heard =
            || bench.find_request(|request| request.is_append() && request.term() == term).is_some();
        bench.expect(
            is_leader || now > term || is_heard(),
            "three of four votes make no leader",
            format!("S0 leads term {term}"),
            format!("term {now}, and it does not lead"),
        );
    }
}

/// Votes are counted by voter: one that answers again and again is one vote (§5.2).
///
/// Catches: replies that are counted, of a candidate that asks more than once.
pub fn voter_counts_once_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        5,
        "each server has one vote (§5.2)",
        "replies are counted instead of voters, and requests are repeated",
    );
    bench.peer(1).follows();
    // Many elections, and S1 grants its vote in each, as often as it is asked.
    bench.expect_no_leader_for(ELECTION_MAX / 2, "S1 alone votes for it, with its own that is two of five");
}

/// Votes of an earlier term do not count in a later one: they were given for that term (§5.2).
///
/// Catches: replies that are counted without a look at the term in which was asked.
pub fn late_votes_do_not_count_3a(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        3,
        (
            "a candidate needs the votes of a majority for the same term (§5.2)",
            "a reply is not compared with the term in which the vote was asked for",
        ),
        |bench| bench.peer(1).waits(),
    );
    let sent = bench.expect_candidate_asks(1);
    let first = sent.request.term();
    // Only when it stands for the next term is the vote of this one a late one.
    bench.expect_candidate_after(first);
    bench.answer(&sent, Reply::Vote { term: first, vote_granted: true });
    bench.expect_no_leader_for(COUNTED, "S1's vote was for an earlier term");
}

/// Each candidacy begins with no vote but the candidate's own: votes are given for one term (§5.2; Fig. 2, Candidates 1 and 2).
///
/// Catches: votes that are still there from the candidacy before.
pub fn votes_start_anew_3a(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        Features::NONE,
        5,
        (
            "a candidate needs the votes of a majority for the same term (§5.2; Fig. 2, Rules for candidates 1 and 2)",
            "the votes of the candidacy before are not forgotten when the next one begins",
        ),
        |bench| {
            bench.peer(1).follows();
            bench.peer(2).waits();
        },
    );
    let first = bench.expect_candidate_asks(1).request.term();
    bench.peer(1).is_silent();
    // What it has asked S2 in that term gets no answer: S2 votes in a later one only.
    lab.sleep(COUNTED);
    bench.answer_all_waiting();
    let later = |request: &Request| request.is_vote() && request.term() > first;
    let Some(sent) = bench.peer(2).next_request(ELECTION_MAX, later) else {
        lab.expect_usual(
            false,
            "a candidate does not ask a server again that has not answered in an earlier term",
        );
        return;
    };
    bench.answer(&sent, Reply::Vote { term: sent.request.term(), vote_granted: true });
    bench.expect_no_leader_for(
        COUNTED,
        "S1 has voted in an earlier term, and S2 in this one: with its own that is two of five",
    );
}

/// A leader says so to everybody before others stand for election (§5.2; Fig. 2, Leaders 1: upon election). To say so at
/// once is usual.
///
/// Catches: a first heartbeat that comes too late.
pub fn leader_says_so_at_once_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "upon election a leader sends heartbeats to each server (§5.2; Fig. 2, Rules for leaders 1)",
        "the first heartbeat waits for the interval",
    );
    let term = bench.elect(&[1]);
    // From the moment at which it says that it leads: `elect` looks every 2 ms.
    let by = lab.now() + bench.at_once();
    let mut is_at_once = true;
    for peer in bench.peers() {
        let sent = peer.next_request(SOON * 2, Request::is_append);
        bench.expect(
            sent.as_ref().is_some_and(|sent| sent.request.term() == term),
            format!("the new leader does not tell S{}", peer.id),
            format!("an AppendEntries within {:?} of the election", SOON * 2),
            format!("{sent:?}"),
        );
        is_at_once &= sent.is_some_and(|sent| sent.at <= by);
    }
    lab.expect_usual(is_at_once, "the first heartbeat of a leader waits for the interval");
}
