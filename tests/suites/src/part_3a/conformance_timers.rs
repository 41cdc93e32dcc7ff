//! Part 3A, sentence by sentence: heartbeats, and what restarts an election timer.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX};
use lab_harness::lab::Lab;
use labrpc::time::Instant;

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
    // With both followers well nothing is sent again, so what is counted are heartbeats.
    let before = bench.count_requests(|sent| sent.to == 1);
    lab.sleep_ms(1000 * SECONDS as u64);
    let count = bench.count_requests(|sent| sent.to == 1) - before;
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
    let asked = bench.candidacies_after(5);
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
    let first = 100;
    let mut term = first;
    // A new term each time: a second request of one term would find no vote to grant. Every 50 ms, so that a
    // timer that restarts never runs out.
    while began.elapsed() < ELECTION_MAX {
        bench.peer(1).asks_vote(term).prepares("the term is new");
        term += 1;
        lab.sleep_ms(50);
    }
    let asked = bench.candidacies_after(first);
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
    // With the vote of term 5 given, requests of S2 in that term change nothing but, in a wrong server, the
    // timer.
    bench.peer(1).asks_vote(5).prepares("it is free in term 5");
    bench.expect_candidate_despite(
        5,
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
    bench.peer(1).appends(5).prepares("S1 leads term 5");
    bench.expect_candidate_despite(
        5,
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
    /// So many that chance does not make them equal, even if a server looks at its clock only every 50 ms and so has three
    /// timeouts in all.
    const WAITS: usize = 24;
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
        // Nobody answers, so each wait is one whole timeout and ends in the next candidacy.
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
