//! Part 3A, sentence by sentence: one real server among scripted peers. Votes, terms, and election timers.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof. See `src/conformance/`.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request, SOON};
use lab_harness::lab::Lab;
use labrpc::time::Instant;

fn is_vote(request: &Request) -> bool {
    matches!(request, Request::Vote { .. })
}

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
    bench.peer(1).asks_vote(5).is_granted("it is free in term 5");
    bench.peer(2).asks_vote(5).is_refused("S1 has its vote of term 5");
}

/// A candidate that asks again gets its vote again: the first reply may have been lost (Fig. 2, RequestVote, receiver 2:
/// votedFor is null or the candidate).
///
/// Catches: a vote that is granted only while votedFor is null.
pub fn same_candidate_again_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a vote that was granted is granted again to the same candidate (Fig. 2, RequestVote, receiver 2)",
        "only a null votedFor is accepted, so a candidate whose reply was lost is refused",
    );
    bench.peer(1).asks_vote(5).is_granted("it is free in term 5");
    bench.peer(1).asks_vote(5).is_granted("S1 has the vote of term 5 already");
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
    bench.peer(1).asks_vote(5).is_granted("it is free in term 5");
    bench.peer(1).appends(5).succeeds("S1 leads term 5");
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
    bench.peer(1).asks_vote(5).is_granted("it is free in term 5");
    bench.peer(2).asks_vote(6).is_granted("it is free in term 6");
    bench.peer(1).appends(7).succeeds("S1 leads term 7");
    bench.peer(2).asks_vote(7).is_granted("nobody has asked for its vote of term 7");
}

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
    bench.peer(1).appends(7).succeeds("S1 leads term 7");
    bench.peer(2).asks_vote(6).is_refused("term 6 is over");
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
    bench.peer(1).appends(7).succeeds("S1 leads term 7");
    bench.peer(2).appends(6).fails("term 6 is over");
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
    bench.peer(1).appends(9).succeeds("S1 leads term 9");
    bench.peer(2).appends(3).send();
    bench.expect_term(9, "an AppendEntries of term 3 is old");
    bench.peer(2).asks_vote(4).send();
    bench.expect_term(9, "a RequestVote of term 4 is old");
    bench.restart();
    bench.expect_term(9, "a restart forgets no term");
}

/// A candidate that reads a higher term in a reply follows in that term, and stands for later ones only (Fig. 2, All
/// servers 2).
///
/// Catches: a candidate that looks only at whether the vote was granted.
pub fn term_from_vote_reply_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a higher term in a reply becomes currentTerm, of a candidate too (§5.1; Fig. 2, Rules for all servers 2)",
        "a candidate that counts votes and does not look at the term of a refusal",
    );
    bench.peer(1).waits();
    let Some(letter) = bench.peer(1).next_letter(ELECTION_MAX, is_vote) else {
        bench.fail("S0 did not stand for election", "a RequestVote to S1", "none");
    };
    bench.answer(&letter, Reply::Vote { term: 50, vote_granted: false });
    bench.peer(1).is_silent();
    let next = bench.expect_candidate_after(letter.request.term() + 1);
    bench.expect(
        next == 51,
        format!("S0 stands for term {next}"),
        "it stands for term 51: S1 has told it of term 50",
        format!("term {next}"),
    );
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
    bench.peer(2).waits();
    bench.forget_letters();
    let is_append = |request: &Request| matches!(request, Request::Append { .. });
    let Some(letter) = bench.peer(2).next_letter(ELECTION_MAX, is_append) else {
        bench.fail("the leader sends S2 nothing", "heartbeats", "none");
    };
    bench.answer(&letter, Reply::Append { term: term + 3, success: false, hint: None });
    lab.sleep(SOON);
    bench.expect_no_leader("S2 has told it of a higher term");
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
    bench.peer(2).asks_vote(term + 1).is_granted("term and vote are new, and the logs are empty");
    bench.expect_no_leader("S2 stands for a later term");
    bench.forget_letters();
    let appends = |request: &Request| matches!(request, Request::Append { .. }) && request.term() > term;
    let sent = bench.next_letter(SOON, appends);
    bench.expect(
        sent.is_none(),
        "a deposed leader goes on in the new term",
        "no AppendEntries",
        format!("{:?}", sent.map(|letter| letter.request.to_string())),
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
    bench.expect_no_leader("S2 leads a later term");
}

/// A candidate that hears from the leader of its own term follows it (§5.2; Fig. 2, Candidates 3), and votes that come
/// later do not matter.
///
/// Catches: a candidate that refuses the leader of its term, or that still counts votes when it follows.
pub fn candidate_follows_leader_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a candidate that hears from the new leader becomes a follower (§5.2; Fig. 2, Rules for candidates 3)",
        "a candidate that goes on counting votes, or that refuses a leader of its own term",
    );
    bench.peer(1).waits();
    let Some(letter) = bench.peer(1).next_letter(ELECTION_MAX, is_vote) else {
        bench.fail("S0 did not stand for election", "a RequestVote to S1", "none");
    };
    let term = letter.request.term();
    bench.peer(2).appends(term).succeeds("S2 leads the term for which S0 stands");
    bench.answer(&letter, Reply::Vote { term, vote_granted: true });
    lab.sleep_ms(20);
    bench.expect_no_leader("S2 leads this term");
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
    let bench = Bench::start(
        lab,
        4,
        "a candidate wins with votes from a majority of the servers (§5.2; Fig. 2, Rules for candidates 2)",
        "n/2 votes taken for a majority, or one's own vote counted wrong",
    );
    bench.peers().into_iter().for_each(|peer| peer.waits());
    let Some(first) = bench.peer(1).next_letter(ELECTION_MAX, is_vote) else {
        bench.fail("S0 did not stand for election", "a RequestVote to S1", "none");
    };
    let term = first.request.term();
    bench.answer(&first, Reply::Vote { term, vote_granted: true });
    lab.sleep_ms(50);
    bench.expect_no_leader("two of four servers are no majority");
    let asked = bench.peer(2).next_letter(SOON, |request: &Request| is_vote(request));
    if let Some(second) = asked.filter(|letter| letter.request.term() == term) {
        bench.answer(&second, Reply::Vote { term, vote_granted: true });
        lab.sleep_ms(50);
        let (now, is_leader) = bench.state();
        bench.expect(
            is_leader || now > term,
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
    lab.sleep(ELECTION_MAX / 2);
    bench.expect_no_leader("S1 alone votes for it, with its own that is two of five");
}

/// Votes of an earlier term do not count in a later one: they were given for that term (§5.2).
///
/// Catches: replies that are counted without a look at the term in which was asked.
pub fn late_votes_do_not_count_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a candidate needs the votes of a majority for the same term (§5.2)",
        "a reply is not compared with the term in which the vote was asked for",
    );
    bench.peer(1).waits();
    let Some(letter) = bench.peer(1).next_letter(ELECTION_MAX, is_vote) else {
        bench.fail("S0 did not stand for election", "a RequestVote to S1", "none");
    };
    let first = letter.request.term();
    bench.expect_candidate_after(first);
    bench.answer(&letter, Reply::Vote { term: first, vote_granted: true });
    lab.sleep_ms(20);
    bench.expect_no_leader("S1's vote was for an earlier term");
}

/// A leader says so at once, to everybody (§5.2; Fig. 2, Leaders 1: upon election).
///
/// Catches: a first heartbeat that waits for the interval.
pub fn leader_says_so_at_once_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "upon election a leader sends heartbeats to each server (§5.2; Fig. 2, Rules for leaders 1)",
        "the first heartbeat waits for the interval",
    );
    let term = bench.elect(&[1]);
    let by = lab.now() + bench.at_once();
    for peer in bench.peers() {
        let is_append = |request: &Request| matches!(request, Request::Append { .. });
        let letter = peer.next_letter(SOON, is_append);
        bench.expect(
            letter.as_ref().is_some_and(|letter| letter.request.term() == term && letter.at <= by),
            format!("the new leader does not tell S{}", peer.id),
            format!("an AppendEntries within {:?} of the election", bench.at_once()),
            format!("{letter:?}"),
        );
    }
}

/// A leader sends heartbeats during idle periods, often enough and not too often (§5.2; Fig. 2, Leaders 1; MIT: tens of
/// them in a second at most).
///
/// Catches: a leader that falls silent, and a storm of heartbeats.
pub fn heartbeats_at_a_sane_rate_3a(lab: &Lab) {
    /// An idle leader may send each follower so many messages in a second (MIT).
    const PER_SECOND: std::ops::RangeInclusive<usize> = 2..=30;
    const SECONDS: usize = 3;

    let bench = Bench::start(
        lab,
        3,
        "a leader repeats heartbeats during idle periods to prevent election timeouts (§5.2; Fig. 2, Rules for leaders 1)",
        "no heartbeats after the first, or one per turn of a loop",
    );
    bench.elect(&[1, 2]);
    let before = bench.count_letters(|letter| letter.to == 1);
    lab.sleep_ms(1000 * SECONDS as u64);
    let count = bench.count_letters(|letter| letter.to == 1) - before;
    bench.expect(
        PER_SECOND.contains(&(count / SECONDS)),
        format!("{count} messages of an idle leader to a follower in {SECONDS} s"),
        format!("{} to {} in a second", PER_SECOND.start(), PER_SECOND.end()),
        format!("{} in a second", count / SECONDS),
    );
}

/// A follower that hears from the current leader does not stand for election (§5.2; Fig. 2, Followers 2).
///
/// Catches: a timer that heartbeats do not reset.
pub fn heartbeats_reset_the_timer_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a follower that hears from the current leader does not stand for election (§5.2; Fig. 2, Rules for followers 2)",
        "the election timer is not reset by a heartbeat",
    );
    bench.peer(1).appends(5).send_for(ELECTION_MAX, 50);
    let asked = bench.count_letters(|letter| is_vote(&letter.request) && letter.request.term() > 5);
    bench.expect(
        asked == 0,
        "S0 stood for election under a leader that is well",
        "no RequestVote",
        format!("{asked}"),
    );
}

/// A follower that grants a vote waits another timeout (Fig. 2, Followers 2: without granting vote to candidate).
///
/// Catches: a timer that is not reset when a vote is granted.
pub fn granting_resets_the_timer_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a follower that grants a vote does not stand for election meanwhile (Fig. 2, Rules for followers 2)",
        "the election timer is not reset when a vote is granted",
    );
    let began = Instant::now();
    let mut term = 100;
    while began.elapsed() < ELECTION_MAX {
        bench.peer(1).asks_vote(term).is_granted("the term is new");
        term += 1;
        lab.sleep_ms(50);
    }
    let asked = bench.count_letters(|letter| is_vote(&letter.request));
    bench.expect(
        asked == 0,
        "S0 stood for election right after it had voted",
        "no RequestVote",
        format!("{asked}"),
    );
}

/// A follower that refuses its vote goes on waiting: only a vote that is granted restarts the timer (Fig. 2, Followers 2).
///
/// Catches: a timer that any RequestVote resets, so that a candidate that cannot win keeps the others from standing.
pub fn refusing_resets_no_timer_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "only a vote that is granted restarts the election timer (Fig. 2, Rules for followers 2)",
        "the election timer is reset by every RequestVote",
    );
    bench.peer(1).asks_vote(5).is_granted("it is free in term 5");
    bench.expect_candidate_despite(
        || {
            bench.peer(2).asks_vote(5).send();
        },
        "S2 asks for a vote that it does not get",
    );
}

/// A leader of an older term keeps nobody from standing for election: the timer restarts for the *current* leader only
/// (Fig. 2, Followers 2).
///
/// Catches: a timer that is reset before the term is checked.
pub fn old_leader_resets_no_timer_3a(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "only the current leader restarts the election timer (Fig. 2, Rules for followers 2)",
        "the election timer is reset before the term of an AppendEntries is checked",
    );
    bench.peer(1).appends(5).succeeds("S1 leads term 5");
    bench.expect_candidate_despite(
        || {
            bench.peer(2).appends(4).send();
        },
        "S2, of an old term, sends heartbeats",
    );
}

/// Election timeouts are drawn at random, anew for each wait (§5.2).
///
/// Catches: a timeout that is always the same.
pub fn timeouts_differ_3a(lab: &Lab) {
    const WAITS: usize = 8;
    /// Less than any sensible spread, and more than the noise of scheduling.
    const SPREAD_MIN: Duration = Duration::from_millis(10);

    let bench = Bench::start(
        lab,
        3,
        "election timeouts are chosen at random from an interval (§5.2)",
        "a fixed timeout, or one that is drawn once",
    );
    let mut term = bench.expect_candidate_after(0);
    let mut waits = Vec::new();
    for _ in 0..WAITS {
        let began = Instant::now();
        term = bench.expect_candidate_after(term);
        waits.push(began.elapsed());
    }
    let spread = waits.iter().max().zip(waits.iter().min()).map(|(max, min)| *max - *min).unwrap_or_default();
    bench.expect(
        spread >= SPREAD_MIN,
        format!("{WAITS} election timeouts in a row differ by {spread:?} only"),
        format!("they are spread over {SPREAD_MIN:?} at least"),
        format!("{waits:?}"),
    );
}
