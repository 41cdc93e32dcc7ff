//! Part E1, sentence by sentence: votes that do not count (thesis §9.6), and candidates that are left alone (§6; thesis §4.2.3).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX};
use lab_harness::lab::Lab;
use raft_interface::{Features, Term};

/// A server with pre-votes among scripted peers, `size` in all.
fn with_pre_votes(lab: &Lab, size: usize, rule: &'static str, hint: &'static str) -> Bench {
    let features = Features { pre_vote: true, ..Features::default() };
    // So the server never stands itself, and its term is what its peers make it.
    let bench = Bench::start_among(lab, features, size, (rule, hint), Bench::refuse_pre_votes);
    bench.needs_pre_votes();
    bench
}

/// A server that says yes in a pre-vote keeps its term and its vote, on its disk as well (thesis §9.6).
///
/// Catches: a term that is taken over before anybody looks at what is asked, and votedFor that is set.
pub fn pre_vote_changes_nothing_e1(lab: &Lab) {
    let bench = with_pre_votes(
        lab,
        3,
        "a pre-vote moves neither the term nor the vote of the voter (thesis §9.6)",
        "the request is handled like a RequestVote: its term is adopted, or the vote is given away",
    );
    bench.peer(1).asks_vote(3).prepares("it is free in term 3");
    bench.peer(1).asks_pre_vote(4).is_granted("nobody leads, and the log is good");
    bench.expect_term(3, "a pre-vote brings no term");
    bench.peer(2).asks_pre_vote(4).is_granted("the yes that S1 got binds nobody");
    bench.expect_term(3, "a pre-vote brings no term");
    bench.peer(2).asks_vote(4).is_granted("the vote of term 4 is free: what S1 got was none");
    bench.peer(1).asks_pre_vote(5).is_granted("nobody leads, and the log is good");
    bench.peer(1).asks_vote(4).is_refused("S2 has the vote of term 4");
    bench.restart();
    bench.expect_term(4, "nothing else is stored");
    bench.peer(1).asks_vote(4).is_refused("S2 has the vote of term 4");
}

/// A server to whose pre-votes a minority says yes stays in its term for ever; once a majority says yes it stands, in the very
/// next term (thesis §9.6).
///
/// Catches: a term that moves with the question, a question that is not asked, one yes that is enough, and a server that asks
/// once and never again.
pub fn pre_candidate_keeps_its_term_e1(lab: &Lab) {
    let bench = with_pre_votes(
        lab,
        5,
        "a candidate only increments its term if a majority would vote for it (thesis §9.6)",
        "the term moves when the timer runs out, or the answers are not counted",
    );
    bench.peer(1).grants_pre_votes();
    bench.peer(1).asks_vote(7).prepares("it is free in term 7");
    // Twice: one that asks once and never again is stuck, for its peers may be free to vote only later.
    for _ in 0..2 {
        let asked_from = lab.now();
        lab.sleep(ELECTION_MAX);
        bench.expect_term(7, "two of five would vote for it, itself among them");
        let votes = bench.candidacies_after(7);
        bench.expect(
            votes == 0,
            "S0 stands for election though a majority would not vote for it",
            "no RequestVote",
            format!("{votes}"),
        );
        let asked = bench.pre_votes_since(asked_from);
        bench.expect(
            asked > 0,
            "S0 does not ask whether it would win",
            format!("a pre-vote within {ELECTION_MAX:?}"),
            "none",
        );
    }
    bench.peer(2).grants_pre_votes();
    let term = bench.expect_candidate_after(7);
    bench.expect(
        term == 8,
        format!("S0 stands for election in term {term}, after it has asked in term 7"),
        "a RequestVote of term 8",
        format!("one of term {term}"),
    );
}

/// A pre-vote is given to whoever could have the vote: to a log that is at least as up to date (thesis §9.6; §5.4.1).
///
/// Catches: a yes to everybody, by which a server moves its term that cannot win.
pub fn pre_vote_wants_a_good_log_e1(lab: &Lab) {
    let bench = with_pre_votes(
        lab,
        3,
        "a pre-vote is granted if the candidate's log is up to date enough to get the vote (thesis §9.6; §5.4.1)",
        "the log is looked at for votes that count, and not for the others",
    );
    bench.peer(1).appends(3).entries(&[1, 2, 2]).prepares("S1 leads term 3");
    // Until it hears of no leader any more.
    lab.sleep(ELECTION_MAX);
    let rows = [
        ((0, 0), false, "it is empty"),
        ((2, 2), false, "it is shorter"),
        ((9, 1), false, "it is longer, but its last term is older"),
        ((3, 2), true, "it is the same"),
        ((4, 2), true, "it is longer"),
        ((1, 3), true, "its last term is later"),
    ];
    for ((index, term), is_good, why) in rows {
        let request = bench.peer(2).asks_pre_vote(4).with_last(index, term);
        if is_good { request.is_granted(why) } else { request.is_refused(why) }
    }
    bench.expect_term(3, "a pre-vote brings no term");
}

/// Who hears of a leader gives no pre-vote against it, and goes on following it (thesis §9.6). When the leader is gone, it does.
///
/// Catches: a yes by the log alone, and a no that lasts for ever.
pub fn pre_vote_is_refused_under_a_leader_e1(lab: &Lab) {
    let bench = with_pre_votes(
        lab,
        3,
        "no pre-vote is granted while heartbeats of a valid leader come (thesis §9.6)",
        "pre-votes are granted by the log alone",
    );
    for _ in 0..20 {
        bench.peer(1).appends(5).succeeds("S1 leads term 5");
        bench.peer(2).asks_pre_vote(6).with_last(9, 5).is_refused("S1 leads, and has just said so");
        lab.sleep_ms(50);
    }
    bench.expect_term(5, "a pre-vote brings no term");
    lab.sleep(ELECTION_MAX);
    bench.peer(2).asks_pre_vote(6).with_last(9, 5).is_granted("nobody has led for five seconds");
}

/// A candidate of an older term is answered, with the term: else one that has the better log asks for ever in a term that is
/// over (Fig. 2, RequestVote, reply: term, for candidate to update itself). So is a leader of an older term.
///
/// Catches: messages of an older term that are dropped.
pub fn older_terms_are_told_e1(lab: &Lab) {
    let features = Features { pre_vote: true, ..Features::default() };
    let both = Features { check_quorum: true, ..features };
    let features = if lab.has_features(&both) && lab.happens(50) { both } else { features };
    let rule =
        "a reply carries the term, for the sender to update itself (Fig. 2, RequestVote and AppendEntries)";
    let hint = "requests of an older term are not answered";
    let bench = Bench::start_among(lab, features, 3, (rule, hint), Bench::refuse_pre_votes);
    bench.needs_pre_votes();
    bench.peer(1).asks_vote(9).prepares("it is free in term 9");
    for term in [3, 9] {
        let reply = bench.peer(2).asks_pre_vote(term).with_last(8, 2).send();
        bench.expect(
            reply.is_some_and(|(told, _)| told == 9),
            format!("a pre-candidate of term {term} does not hear of term 9"),
            "a reply of term 9",
            format!("{reply:?}"),
        );
    }
    let reply = bench.peer(2).appends(5).send();
    bench.expect(
        reply.is_some_and(|reply| reply.term == 9 && !reply.success),
        "a leader of term 5 does not hear of term 9",
        "a refusal of term 9",
        format!("{reply:?}"),
    );
}

/// Who is refused in a pre-vote and told of a later term goes on from there: in its own term it would ask for ever (Fig. 2, All servers
/// 2; thesis §9.6). Its log may be the best there is, and then nobody else can be elected.
///
/// Catches: answers to pre-votes of which only the yes or no is looked at.
pub fn term_of_a_pre_vote_refusal_e1(lab: &Lab) {
    const LATER: Term = 9;
    let features = Features { pre_vote: true, ..Features::default() };
    let rule = "a server that reads a later term in a reply goes on in it, also where it had asked whether it would win (Fig. 2, All \
                servers 2; thesis §9.6)";
    let hint = "the term in the answer to a pre-vote is not looked at";
    let bench = Bench::start_among(lab, features, 3, (rule, hint), |bench| {
        bench.peers().into_iter().for_each(|peer| peer.refuses_pre_votes_in(LATER));
    });
    bench.needs_pre_votes();
    let deadline = lab.now() + ELECTION_MAX;
    // One may keep its term and ask for the one after.
    let goes_on = || bench.term() >= LATER || bench.last_pre_vote().is_some_and(|term| term > LATER);
    while !goes_on() && lab.now() < deadline {
        lab.sleep_ms(20);
    }
    let (term, asked) = (bench.term(), bench.last_pre_vote());
    bench.expect(
        goes_on(),
        format!("S0 was told of term {LATER} again and again, and goes on asking in an older one"),
        format!("it is in term {LATER}, or asks for votes of a later one: it must catch up to win"),
        format!("it is in term {term}, and has asked for pre-votes of term {asked:?}"),
    );
}

/// A server with check-quorum that S1 leads in term 5.
fn led(lab: &Lab, features: Features, rule: &'static str, hint: &'static str) -> Bench {
    let bench = Bench::start_with(lab, features, 3, rule, hint);
    bench.peer(1).appends(5).prepares("S1 leads term 5");
    bench
}

/// Who has just heard from a leader neither votes nor takes over the term of a candidate; when the leader is gone, it does both
/// (§6; thesis §4.2.3).
///
/// Catches: a term that is adopted before anybody looks for a leader, and a candidate that is left alone for ever.
pub fn candidate_under_a_leader_is_ignored_e1(lab: &Lab) {
    let bench = led(
        lab,
        Features { check_quorum: true, ..Features::default() },
        "within the minimum election timeout of hearing from a leader, a server neither updates its term nor grants its vote \
         (§6; thesis §4.2.3)",
        "the term of the request is adopted before anything else",
    );
    for round in 0..20 {
        bench.peer(1).appends(5).succeeds("S1 leads term 5");
        bench.peer(2).asks_vote(9 + round).with_last(9, 5).is_refused("S1 leads, and has just said so");
        bench.expect_term(5, "the term of a candidate under a leader is not taken over");
        lab.sleep_ms(50);
    }
    // S0 stands itself meanwhile, or asks first.
    lab.sleep(ELECTION_MAX);
    let later = bench.term() + 100;
    bench.peer(2).asks_vote(later).with_last(9, 5).is_granted("nobody has led for five seconds");
    bench.expect_term(later, "it has voted in it");
}

/// A candidate whom the leader itself has sent is not left alone (thesis §4.2.3).
///
/// Catches: followers that protect a leader that wants to go.
pub fn transfer_needs_no_patience_e1(lab: &Lab) {
    let bench = led(
        lab,
        Features { check_quorum: true, leadership_transfer: true, ..Features::default() },
        "a RequestVote that comes by order of the leader is handled as in §5.2 (thesis §4.2.3)",
        "the flag of the request is not looked at",
    );
    bench.needs_votes_for_transfer();
    bench.peer(1).appends(5).prepares("S1 leads term 5");
    let reply = bench.peer(2).asks_vote_for_transfer(6).send();
    bench.expect(
        reply == Some((6, true)),
        "S0 does not vote for whom its leader has sent",
        "the vote of term 6",
        format!("{reply:?}"),
    );
    lab.sleep(Duration::from_millis(20));
    bench.expect_term(6, "it has voted in it");
}
