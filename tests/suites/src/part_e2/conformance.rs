//! Part E2, sentence by sentence: one server that counts, or does not count.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::{Configuration, Features, ServerId, Servers};

/// These vote at first and these learn.
pub(crate) fn members(voters: &[ServerId], learners: &[ServerId]) -> Features {
    let set = |servers: &[ServerId]| servers.iter().copied().collect::<Servers>();
    Features::beginning_with(Configuration { learners: set(learners), ..Configuration::of(set(voters)) })
}

/// A voter whose log does not fit yet has not stored the entry, and stays in the count: two of five are no majority, however
/// many of the others say that they have nothing to say (§5.3; Fig. 2, Leaders 4).
///
/// Catches: a denominator without those who abstain.
pub fn lagging_voters_do_not_commit_e2(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2, 3, 4], &[]),
        5,
        "an entry is committed when a majority of all voters stores it (Fig. 2, Leaders 4; §6)",
        "those who refuse for now, or do not answer, are left out of the denominator",
    );
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    bench.peer(2).lags();
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).lags());
    let index = bench.start_command().index;
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(index - 1, "S1 alone has the entry; S2 to S4 say that they lag behind");
    bench.peer(3).follows();
    bench.expect_applies_at_least(index, "three of five have it");
}

/// A vote is given to the first candidate of a term that may have it, and noted, whoever asks next and in whatever order the
/// requests come (§5.2; Fig. 2, RequestVote, receiver 2).
///
/// Catches: two leaders of one term, because a voter that lagged behind has answered without noting its vote.
pub fn scenario_e_e2(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2, 3, 4], &[]),
        5,
        "each server votes for at most one candidate in a term (§5.2), and a log that is behind the candidate's is no reason to \
         abstain (§5.4.1)",
        "a voter that lags behind the candidate says neither yes nor no, and votes for another one in the same term",
    );
    // S1 has an entry that S0 lacks; S2's log is as empty as S0's. Each asks twice: all orders, a term for each.
    let orders = [[1, 1, 2, 2], [1, 2, 1, 2], [1, 2, 2, 1], [2, 2, 1, 1], [2, 1, 2, 1], [2, 1, 1, 2]];
    for (term, order) in (10..).zip(orders) {
        for (place, candidate) in order.into_iter().enumerate() {
            let last = if candidate == 1 { (1, 1) } else { (0, 0) };
            let request = bench.peer(candidate).asks_vote(term).with_last(last.0, last.1);
            if candidate != order[0] {
                request.is_refused("the vote of this term is given");
            } else if place == 0 {
                request.is_granted("it is the first to ask in this term");
            } else {
                request.send(); // a repeated question, which may be answered so or so
            }
        }
    }
}

/// A server without a vote never stands for election, however long it hears nothing (thesis §4.2.1).
///
/// Catches: an election timer that runs for learners.
pub fn observer_never_stands_e2(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[1, 2], &[0]),
        3,
        "who has no vote does not stand for election (thesis §4.2.1)",
        "the election timer runs for learners too",
    );
    bench.peer(1).appends(3).entries(&[1, 3]).commit(2).prepares("it follows the empty log");
    bench.prepare_applied(2, "leaderCommit is 2");
    lab.sleep(Duration::from_secs(10));
    let asked = bench.count_requests(|sent: &SentRequest| sent.request.is_vote());
    bench.expect(
        asked == 0,
        "S0 stands for election, and has no vote",
        "no RequestVote: the configuration is S1 and S2, and S0 learns",
        format!("{asked}"),
    );
    bench.expect_term(3, "nobody has told it of a later one");
}

/// Whose answer counts is in the leader's configuration, not in the answer (§6: majorities of the configuration).
///
/// Catches: acknowledgements and votes that are counted whoever gives them.
pub fn configuration_counts_not_the_answer_e2(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4]),
        5,
        "elections and commits need a majority of the voters of the configuration (§6; thesis §4.2.1)",
        "whoever answers is counted, with a vote or without",
    );
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).follows());
    lab.sleep(Duration::from_secs(3));
    bench.expect_no_leader("S1 and S2 have not answered, and S3 and S4 have no vote");
    bench.elect(&[1]);
    bench.settle(&[1]);
    bench.peer(1).is_silent();
    let index = bench.start_command().index;
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(index - 1, "S3 and S4 have the entry, and no vote");
    bench.peer(2).follows();
    bench.expect_applies_at_least(index, "two of three voters have it");
}
