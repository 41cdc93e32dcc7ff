//! Part E1, sentence by sentence: leaders that give up their office, to another server (thesis §3.10) or to nobody (thesis §6.2).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Asking, Bench, ELECTION_MAX, Request, SOON};
use lab_harness::lab::Lab;
use raft_interface::{Features, ReadIndexError};

const TRANSFER: Features = Features { leadership_transfer: true, ..Features::NONE };

/// A leader that loses its majority gives its reads back with an error when it steps down, and not a value (thesis §6.2, §6.4).
///
/// Catches: reads that wait for ever in a server that does not lead.
pub fn read_of_a_lonely_leader_ends_e1(lab: &Lab) {
    // With pre-votes, which nobody grants, its term never moves after that: nothing else ends the read.
    let alone = Features { check_quorum: true, ..Features::default() };
    let both = Features { pre_vote: true, ..alone };
    let bench = Bench::start_with(
        lab,
        if lab.has_features(&both) { both } else { alone },
        3,
        "a leader that hears from no majority steps down, and its clients are told (thesis §6.2)",
        "reads wait for a confirmation that never comes",
    );
    bench.elect(&[1, 2]);
    let started = bench.start_command();
    bench.expect_applies_at_least(started.index, "a majority has it");
    let read = bench.read_index(SOON);
    bench.expect(
        read.is_ok(),
        "a read of a leader with a majority is not confirmed",
        "an index",
        format!("{read:?}"),
    );
    bench.peers().into_iter().for_each(|peer| peer.is_silent());
    bench.refuse_pre_votes();
    let began = lab.now();
    let read = bench.read_index(ELECTION_MAX);
    let took = lab.now() - began;
    bench.expect(
        matches!(read, Err(ReadIndexError::NotLeader | ReadIndexError::ShuttingDown)) && took < ELECTION_MAX,
        "a read of a leader without a majority does not end with its office",
        format!("NotLeader, before the read's own patience ends after {ELECTION_MAX:?}"),
        format!("{read:?} after {took:?}"),
    );
    bench.expect_no_leader("nobody has answered for an election timeout");
}

/// While its office is on its way, a leader takes no commands (thesis §3.10, step 1): they could be lost with it. When the
/// transfer comes to nothing, it takes them again.
///
/// Catches: commands that are accepted and go nowhere.
pub fn commands_are_refused_meanwhile_e1(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        TRANSFER,
        3,
        "the prior leader stops accepting client requests (thesis §3.10, step 1)",
        "start appends while the transfer is under way",
    );
    let term = bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    bench.peer(1).is_silent();
    // Nobody has taken the office, so the leader holds it still.
    let begun = bench.transfer(1);
    bench.expect(begun.is_ok(), "S0 leads and does not hand its office to S1", "Ok", format!("{begun:?}"));
    let started = bench.offer();
    bench.expect(
        !started.is_leader,
        "S0 takes a command while its office is on its way to S1",
        "start says that it does not lead",
        format!("{started:?}"),
    );
    let accepts = (0..50).any(|_| {
        lab.sleep_ms(100);
        bench.offer().is_leader
    });
    bench.expect(
        accepts,
        "S0 takes no commands for five seconds after S1 was to take its office and did not",
        "the transfer is given up after about an election timeout",
        format!("{:?}", bench.state()),
    );
    bench.expect_term(term, "nobody else has led");
}

/// Who is told to stand for election, says that it has heard so and does not stand is not waited for much longer than an election
/// timeout: then the leader takes commands again (thesis §3.10).
///
/// Catches: a transfer that is given up only if the order was lost.
pub fn order_that_is_not_obeyed_e1(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        TRANSFER,
        3,
        "if the transfer does not complete after about an election timeout, the prior leader aborts it and takes requests again \
         (thesis §3.10)",
        "a transfer ends when the order to stand was lost, and not when nothing comes of it",
    );
    bench.needs_timeout_now();
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    let begun = bench.transfer(1);
    bench.expect(begun.is_ok(), "S0 leads and does not hand its office to S1", "Ok", format!("{begun:?}"));
    let told = bench.peer(1).next_request(ELECTION_MAX, Request::is_timeout_now);
    lab.expect_usual(told.is_some(), "the target of a transfer is not told to stand for election");
    let accepts = (0..50).any(|_| {
        lab.sleep_ms(100);
        bench.offer().is_leader
    });
    bench.expect(
        accepts,
        "S0 takes no commands for five seconds after S1 was told to stand for election, and did not",
        "the transfer is given up after about an election timeout: S1 has answered, and follows",
        format!("{:?}", bench.state()),
    );
}

/// Who is to lead is sent what it lacks, and told to stand only when it has confirmed all of it (thesis §3.10, steps 2 and 3).
///
/// Catches: an order that comes before the entries, to a server that cannot win then.
pub fn catches_up_first_e1(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        TRANSFER,
        3,
        "the prior leader updates the target's log, and then sends TimeoutNow (thesis §3.10, steps 2 and 3)",
        "TimeoutNow is sent without a look at what the target has",
    );
    bench.needs_timeout_now();
    let term = bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    // S1 gets everything, and its answers do not come.
    bench.peer(1).is_silent();
    let started = bench.start_command();
    bench.expect_applies_at_least(started.index, "S0 and S2 have it");
    let begun = bench.transfer(1);
    bench.expect(begun.is_ok(), "S0 leads and does not hand its office to S1", "Ok", format!("{begun:?}"));
    lab.sleep_ms(250);
    let too_early = bench.find_request(Request::is_timeout_now);
    bench.expect(
        too_early.is_none(),
        "S0 tells S1 to stand for election, which has not confirmed all entries",
        "no TimeoutNow",
        format!("{too_early:?}"),
    );
    // Given up meanwhile, it may be asked again.
    bench.peer(1).follows();
    let patience = Duration::from_secs(1);
    let mut told = None;
    for _ in 0..5 {
        told = bench.peer(1).next_request(patience, Request::is_timeout_now);
        if told.is_some() {
            break;
        }
        // It may still be at it, and then it says so.
        bench.transfer(1).ok();
    }
    bench.expect(
        told.as_ref().is_some_and(|told| told.request.term() == term),
        "S1 has all entries, and is not told to stand for election",
        format!("TimeoutNow of term {term}"),
        format!("{told:?}"),
    );
    let others = bench.count_requests(|sent| sent.to == 2 && sent.request.is_timeout_now());
    bench.expect(
        others == 0,
        "S2 is told to stand for election as well",
        "TimeoutNow to S1 only",
        format!("{others}"),
    );
}

/// Who gets TimeoutNow stands for election at once, without asking first, in the next term (thesis §3.10, step 3).
///
/// Catches: a server that waits for its timer, or asks followers of a leader for pre-votes.
pub fn timeout_now_e1(lab: &Lab) {
    let both = Features { pre_vote: true, ..TRANSFER };
    let features = if lab.has_features(&both) && lab.happens(50) { both } else { TRANSFER };
    let bench = Bench::start_with(
        lab,
        features,
        3,
        "a server that receives TimeoutNow starts a new election at once (thesis §3.10, step 3)",
        "TimeoutNow only shortens the timer, or the election begins with pre-votes",
    );
    bench.needs_timeout_now();
    bench.refuse_pre_votes();
    bench.peer(1).appends(5).entries(&[5]).prepares("S1 leads term 5");
    bench.peer(1).tells_to_stand(5);
    let stands = |request: &Request| request.is_vote() && request.term() == 6;
    let Some(sent) = bench.next_request(bench.at_once(), stands) else {
        bench.fail(
            "S0 does not stand for election when its leader tells it to",
            "a RequestVote of term 6 at once",
            format!("none; {:?}", bench.state()),
        )
    };
    // A server that leaves candidates alone must see that this one is not to be.
    let says_so = matches!(sent.request, Request::Vote { asking: Asking::VoteForTransfer, .. });
    bench.expect_term(6, "it stands in it");
    bench.needs_votes_for_transfer();
    bench.expect(
        says_so,
        "S0 stands for election by order of its leader, and does not say so",
        "RequestVote with leadership_transfer",
        format!("{}", sent.request),
    );
}

/// A TimeoutNow of an older term is no order: its sender leads no more (Fig. 2: requests of an older term are rejected).
///
/// Catches: a handler without a look at the term.
pub fn old_timeout_now_e1(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        TRANSFER,
        3,
        "a request with a stale term number is rejected (§5.1)",
        "the term of TimeoutNow is not looked at",
    );
    bench.needs_timeout_now();
    for round in 0..10 {
        bench.peer(1).appends(5).succeeds("S1 leads term 5");
        bench.peer(2).tells_to_stand(4 - round % 2);
        lab.sleep_ms(50);
    }
    let votes = bench.candidacies_after(5);
    bench.expect(
        votes == 0,
        "S0 stands for election because a leader of term 4 tells it to",
        "no RequestVote: S1 leads term 5",
        format!("{votes}"),
    );
    bench.expect_term(5, "S1 leads it");
}
