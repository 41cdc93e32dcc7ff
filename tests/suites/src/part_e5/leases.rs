//! Part E5: reads by lease (thesis §6.4.1). A leader is deposed in all ways there are, and is asked again and again meanwhile: what it
//! answers covers everything that was committed before.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request};
use lab_harness::lab::Lab;
use lab_runs::settings::World;
use raft_interface::{Features, ServerId};

use super::clusters::expect_sees;

/// By how much clocks may differ over an election timeout: by 2 % over the five seconds that MIT grants to an election.
const CLOCK_ERROR: Duration = Duration::from_millis(100);
/// So far a clock may be off, in millionths: two that are off to different sides differ by no more than [`CLOCK_ERROR`].
const DRIFT_PPM: u32 = 10_000;
pub(super) const LEASES: Features = Features::with_leases(CLOCK_ERROR);

/// Waits until a leader reads by lease, on a network that works. Returns it.
fn leader_with_lease(lab: &Lab, cluster: &Cluster) -> ServerId {
    let mut last = None;
    let mut leader = 0;
    // A server that was away may depose the leader once more, and the next one has to commit something first.
    for _ in 0..20 {
        cluster.one(cluster.connected().len());
        leader = cluster.check_one_leader();
        for _ in 0..10 {
            let committed = cluster.committed_last();
            last = cluster.lease_read_index(leader);
            expect_sees(lab, leader, last, committed);
            if matches!(last, Some(Ok(_)) | None) {
                return leader;
            }
            lab.sleep_ms(10);
        }
    }
    lab.fail(
        Violation::new(
            format!("S{leader} leads, hears from all, and has no lease for seconds"),
            "a read by lease without a round of messages",
            format!("{last:?}"),
        )
        .rule("a leader whose heartbeats a majority has answered reads without another round (thesis §6.4.1)")
        .hint("the lease is not renewed by the answers, or is never begun")
        .servers([leader]),
    )
}

/// Asks that server for reads by lease for two seconds, while whoever else leads takes commands.
fn read_while_others_write(lab: &Lab, cluster: &Cluster, old: ServerId) {
    for _ in 0..400 {
        for (_, leader) in cluster.leaders() {
            if leader != old {
                cluster.offer(leader);
            }
        }
        let committed = cluster.committed_last();
        expect_sees(lab, old, cluster.lease_read_index(old), committed);
        lab.sleep_ms(5);
    }
}

/// Sets the rate of each server's clock, in millionths. In the real world clocks are what they are, and all is as without drift.
fn set_clocks(cluster: &Cluster, rate: impl Fn(ServerId) -> u32) {
    for server in cluster.servers() {
        cluster.set_clock_rate(server, rate(server));
    }
}

/// A leader whose clock is slow is cut off from others whose clocks are fast, by so many millionths, and is asked for reads until they
/// have a leader and long after.
pub fn reads_while_cut_off(lab: &Lab, drift_ppm: u32) {
    let cluster = lab.cluster(3).features(LEASES).start();
    for _ in 0..3 {
        let leader = leader_with_lease(lab, &cluster);
        set_clocks(
            &cluster,
            |server| if server == leader { 1_000_000 - drift_ppm } else { 1_000_000 + drift_ppm },
        );
        lab.sleep_ms(lab.below(300));
        cluster.disconnect(leader);
        read_while_others_write(lab, &cluster, leader);
        cluster.connect(leader);
        set_clocks(&cluster, |_| 1_000_000);
    }
    cluster.one(3);
}

/// The leader's clock is slow and the others' are fast, as much as the leases allow for. It is cut off, and they elect another one.
///
/// Catches: a lease that lasts as long as the election timeout or longer, and a leader that reads because it thinks that it leads.
pub fn lease_within_the_clock_error_e5(lab: &Lab) {
    reads_while_cut_off(lab, DRIFT_PPM);
}

/// An answer is late. The lease that it gives ends as long after its message left as if it had come at once, for the follower's time
/// runs from when it got the message.
///
/// Catches: a lease that begins when the answer comes.
pub fn lease_from_send_not_answer_e5(lab: &Lab) {
    if lab.world() == World::Real {
        lab.skip("a busy machine has its own times, and two of them are compared here");
    }
    let bench = Bench::start_with(
        lab,
        LEASES,
        3,
        "a lease begins when the messages left that a majority has answered (thesis §6.4.1)",
        "it begins when the answer comes, and the follower's time has run since it got the message",
    );
    let [at_once, late] = [Duration::from_millis(2), Duration::from_millis(200)].map(|delay| {
        bench.elect(&[1]);
        let index = bench.start_command().index;
        bench.prepare_applied_within(index, ELECTION_MAX, "S1 and the leader store it");
        bench.peer(1).waits();
        bench.skip_requests();
        let Some(sent) = bench.peer(1).next_request(ELECTION_MAX, Request::is_append) else {
            bench.fail("the leader sends no heartbeats", "an AppendEntries to S1", "none")
        };
        lab.sleep(delay);
        bench.answer(&sent, Reply::Append { term: sent.request.term(), success: true, hint: None });
        let mut ends_at = sent.at;
        while lab.now() < sent.at + ELECTION_MAX {
            lab.sleep_ms(2);
            let asked_at = lab.now();
            if bench.lease_read_index().is_ok() {
                ends_at = asked_at;
            }
        }
        bench.answer_all_waiting();
        ends_at - sent.at
    });
    lab.expect_usual(
        at_once > Duration::from_millis(20),
        "there is no lease on the bench, or a very short one",
    );
    let grace = Duration::from_millis(50);
    bench.expect(
        late <= at_once + grace,
        "a late answer makes a longer lease",
        format!("it ends {at_once:?} after the message left, as with an answer that came at once"),
        format!("{late:?}"),
    );
}

/// A new leader does not know what is committed before an entry of its own term is: until then it has no lease, whatever a majority
/// has answered (§8; thesis §6.4, step 1).
///
/// Catches: a lease that asks for answers only, so that a read misses what the predecessor has acknowledged.
pub fn no_lease_before_an_entry_of_the_term_e5(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        LEASES,
        3,
        "a leader reads only after an entry of its own term is committed, by its lease as well (§8; thesis §6.4, step 1)",
        "whoever has the answers of a majority takes its commit index for complete",
    );
    // S1 led term 2, has committed all three and told its clients so. It has told S0 of the first only.
    bench.peer(1).appends(2).entries(&[2, 2, 2]).commit(1).prepares("it follows the empty log");
    bench.prepare_applied(1, "leaderCommit is 1");
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).lags());
    lab.expect_usual(bench.await_leadership().is_some(), "a server is not elected by peers that lag behind");
    for _ in 0..100 {
        let read = bench.lease_read_index();
        bench.expect(
            read.is_err() || read.is_ok_and(|index| index >= 3),
            "a new leader reads by a lease before it knows what is committed",
            "an error: S1 and S2 have answered, and no entry of its term is committed. Or Ok(3) or later",
            format!("{read:?}"),
        );
        lab.sleep_ms(10);
    }
}

/// A lease that a transfer has ended does not come back with the answers of a majority while the order to stand may be on its way (thesis
/// §6.4.1, §3.10): whoever gets it stands at once, and nobody waits for a lease.
///
/// Catches: a leader that gives a transfer up and reads by its lease as before.
pub fn no_lease_after_a_transfer_e5(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        Features { leadership_transfer: true, ..LEASES },
        3,
        "a lease ends when a transfer begins, for the target may stand at once, whenever it gets the order (thesis §6.4.1, §3.10)",
        "the lease is back when the transfer is given up, though TimeoutNow may be on its way still",
    );
    bench.needs_timeout_now();
    let term = bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    bench.start_command();
    lab.sleep_ms(300);
    lab.expect_usual(bench.lease_read_index().is_ok(), "there is no lease on the bench");
    // S2 goes on answering.
    bench.peer(1).waits();
    bench.skip_requests();
    lab.expect_usual(
        bench.transfer(1).is_ok(),
        "a leader does not hand its office to a follower that is well",
    );
    let told = bench.peer(1).next_request(ELECTION_MAX, Request::is_timeout_now);
    lab.expect_usual(told.is_some(), "the target of a transfer is not told to stand for election");
    for _ in 0..300 {
        let (read, state) = (bench.lease_read_index(), bench.state());
        bench.expect(
            read.is_err() || state != (term, true),
            "a leader reads by a lease while its order to another server to take over is under way",
            "an error: S1 may get TimeoutNow at any moment, and S2 votes for it though it has heard of S0",
            format!("{read:?}"),
        );
        lab.sleep_ms(10);
    }
    bench.answer_all_waiting();
}

/// The leader hands its office over, and does not hear that it has been taken: who is to lead stands at once, without regard to what
/// was promised.
///
/// Catches: a lease that is not ended by what breaks it.
pub fn lease_ends_with_transfer_e5(lab: &Lab) {
    let features = Features { leadership_transfer: true, ..LEASES };
    let cluster = lab.cluster(3).features(features).start();
    for _ in 0..4 {
        let leader = leader_with_lease(lab, &cluster);
        let to = cluster.next(leader, 1 + lab.below(2) as usize);
        // They hear the leader, and it does not hear them.
        let deaf = cluster.one_way(&cluster.others(leader), &[leader]);
        cluster.transfer(leader, to);
        read_while_others_write(lab, &cluster, leader);
        drop(deaf);
    }
    cluster.one(3);
}

/// The leader stops for a second or two, as in a long garbage collection, and goes on as if nothing had happened.
///
/// Catches: a lease whose end is looked at by a timer that slept as well, and not by the clock when a read comes.
pub fn lease_and_pause_e5(lab: &Lab) {
    let cluster = lab.cluster(3).features(LEASES).start();
    for _ in 0..4 {
        let leader = leader_with_lease(lab, &cluster);
        let was_paused = cluster.pause(leader);
        // So that nobody tells it what it has missed.
        cluster.disconnect(leader);
        // Long enough for a successor, if it can be paused at all.
        for _ in 0..150 + lab.below(100) {
            for (_, next) in cluster.leaders() {
                if next != leader {
                    cluster.offer(next);
                }
            }
            lab.sleep_ms(10);
        }
        if was_paused {
            cluster.resume(leader);
        }
        read_while_others_write(lab, &cluster, leader);
        cluster.connect(leader);
    }
    cluster.one(3);
}

/// A follower has promised the leader to leave candidates alone, loses its power and comes back at once. A candidate waits for its vote.
///
/// Catches: a server that comes up and votes, while a lease lasts that it has forgotten.
pub fn promise_survives_a_restart_e5(lab: &Lab) {
    let cluster = lab.cluster(3).features(LEASES).start();
    for _ in 0..4 {
        let leader = leader_with_lease(lab, &cluster);
        let [follower, candidate] = [1, 2].map(|step| cluster.next(leader, step));
        // Nobody writes meanwhile, so it can win.
        cluster.disconnect(candidate);
        lab.sleep_ms(1000 + lab.below(500));
        if cluster.state(leader).is_some_and(|(_, is_leader)| is_leader) {
            let split = cluster.partition(&[&[leader], &[follower, candidate]]);
            cluster.power_failure(follower);
            cluster.restart(follower);
            cluster.connect(candidate);
            read_while_others_write(lab, &cluster, leader);
            drop(split);
        } else {
            cluster.connect(candidate);
        }
        lab.sleep_ms(500);
    }
    cluster.one(3);
}

/// A follower that has just heard from its leader hears of a later term by an answer to its own old candidacy, and is asked for its
/// vote in that term. It has moved on, and the leader still counts on it (thesis §6.4.1, §4.2.3).
///
/// Catches: a promise that is forgotten with the term: the candidate may have all other votes that it needs.
pub fn promise_outlives_a_term_e5(lab: &Lab) {
    let bench = Bench::start_among(
        lab,
        LEASES,
        5,
        (
            "who has heard from a leader within the minimum election timeout votes for nobody else (thesis §6.4.1, §4.2.3)",
            "the leader is forgotten with its term, and what was promised to it as well",
        ),
        |bench| bench.peer(2).waits(),
    );
    let term = bench.expect_candidate_after(0);
    let Some(asked) = bench.peer(2).next_request(ELECTION_MAX, Request::is_vote) else {
        lab.skip("S2 is not asked for its vote")
    };
    let term = term.max(asked.request.term());
    bench.peer(1).appends(term).succeeds("S1 leads the term in which S0 has stood");
    bench.answer(&asked, Reply::Vote { term: term + 1, vote_granted: false });
    lab.sleep_ms(5);
    let state = bench.state();
    lab.expect_usual(
        state == (term + 1, false),
        "a late answer to a candidacy that is over is not looked at",
    );
    bench
        .peer(3)
        .asks_vote(term + 1)
        .with_last(9, term)
        .is_refused("S1 has just led, and may read by its lease");
    lab.sleep(ELECTION_MAX);
    let later = bench.term() + 100;
    bench.peer(3).asks_vote(later).with_last(9, term).is_granted("nobody has led for five seconds");
}
