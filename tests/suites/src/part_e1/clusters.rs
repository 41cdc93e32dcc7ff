//! Part E1 in clusters: who leads, for how long, and who takes over.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, Nemesis, expect_agreement, offer_to_leaders};
use lab_runs::settings::World;
use raft_interface::{Features, ServerId, Term};

use super::with_others;
use crate::part_3b::beyond_mit::expect_threads_end;

const NOOP: Features = Features { noop_on_election: true, ..Features::NONE };
const PRE_VOTE: Features = Features { pre_vote: true, ..Features::NONE };
const CHECK_QUORUM: Features = Features { check_quorum: true, ..Features::NONE };
const TRANSFER: Features = Features { leadership_transfer: true, ..Features::NONE };

/// A leader has sent an entry to all, and loses its power before it hears that they have it. Its successor commits that entry
/// without a new command.
///
/// Catches: a leader without an entry of its own term, which must not count the old one (§5.4.2) and waits for a client.
pub fn noop_commits_the_past_e1(lab: &Lab) {
    let cluster = lab.cluster(3).features(with_others(lab, NOOP)).start();
    cluster.one(3);
    let (term, leader) = cluster.check_leader_after(0);
    // They hear the leader, and it does not hear them.
    let deaf = cluster.one_way(&cluster.others(leader), &[leader]);
    let index = cluster.start_on_leader(leader).index;
    lab.sleep_ms(300);
    cluster.power_failure(leader);
    drop(deaf);
    let (_, next) = cluster.check_leader_after(term);
    let is_applied = cluster.is_applied_within(index, 2, Duration::from_secs(3));
    lab.expect(is_applied, || {
        Violation::new(
            format!("S{next} does not commit entry {index} of its predecessor"),
            "two servers apply it within 3 s: they have it, and the new leader begins with an entry of its own",
            format!("{} did", cluster.applied_count(index)),
        )
        .rule("a leader commits a blank no-op entry at the start of its term (§8)")
        .hint("no entry is appended when the election is won, or it is sent only with the next command")
        .servers([next])
    });
    cluster.restart(leader);
    cluster.one(3);
}

/// A server is cut off for many timeouts and comes back: the leader stays, in its term.
///
/// Catches: a pre-vote that moves the term, or that is not made, or that followers of a leader grant.
pub fn returning_server_deposes_nobody_e1(lab: &Lab) {
    let features = with_others(lab, PRE_VOTE);
    let cluster = lab.cluster(3).features(features).start();
    cluster.one(3);
    let leader = cluster.check_one_leader();
    for step in [1, 2] {
        let away = cluster.next(leader, step);
        let before = cluster.state(leader);
        cluster.disconnect(away);
        lab.sleep_ms(3000 + lab.below(500));
        cluster.one(2);
        cluster.connect(away);
        cluster.one(3);
        lab.sleep_ms(1000);
        let after = cluster.state(leader);
        lab.expect(after == before, || {
            Violation::new(
                format!("S{away} was cut off for a while, and S{leader} lost its office when it came back"),
                format!("{before:?}, as before"),
                format!("{after:?}"),
            )
            .rule("a server that cannot win an election does not increment its term (thesis §9.6)")
            .hint("a pre-vote that is counted like a vote, or that is granted by who hears a leader")
            .servers([leader, away])
        });
    }
}

/// A deposed leader has the better log and the older term, and the only other server that is left the newer term. The one
/// must hear of the term, or neither gets the other's vote.
///
/// Catches: requests of an older term that are dropped without an answer, and refusals whose term is not looked at.
pub fn low_term_server_comes_back_e1(lab: &Lab) {
    let cluster = lab.cluster(3).features(with_others(lab, PRE_VOTE)).start();
    cluster.one(3);
    let (term, old) = cluster.check_leader_after(0);
    cluster.disconnect(old);
    for _ in 0..3 {
        cluster.offer(old); // entries that nobody else has
    }
    let (later, next) = cluster.check_leader_after(term);
    cluster.power_failure(next);
    // Alone, the last one neither wins nor moves its term.
    lab.sleep_ms(lab.below(1500));
    cluster.connect(old);
    cluster.check_leader_after(later);
    cluster.one(2);
    cluster.restart(next);
    cluster.one(3);
}

/// A leader that is cut off from a majority steps down of its own accord; one that hears from a majority stays.
///
/// Catches: a leader that counts only itself, or never counts, or wants to hear from all.
pub fn leader_without_majority_steps_down_e1(lab: &Lab) {
    let cluster = lab.cluster(5).features(with_others(lab, CHECK_QUORUM)).start();
    cluster.one(5);
    let (term, leader) = cluster.check_leader_after(0);
    let away: Vec<ServerId> = (1..=3).map(|step| cluster.next(leader, step)).collect();
    cluster.disconnect_all([away[0], away[1]]);
    lab.sleep_ms(4000);
    let state = cluster.state(leader);
    lab.expect(state == Some((term, true)), || {
        Violation::new(
            format!("S{leader} gives up its office, though it hears from two of four others"),
            format!("it leads term {term}, as before"),
            format!("{state:?}"),
        )
        .rule("a leader steps down if it hears from no majority for an election timeout (thesis §6.2)")
        .hint("the leader itself is not counted, or those that are cut off must answer as well")
        .servers([leader])
    });
    cluster.disconnect(away[2]);
    // MIT's time for an election, by which an election timeout is over.
    let patience = Duration::from_secs(5);
    let is_over = (0..100).any(|_| {
        lab.sleep(patience / 100);
        cluster.state(leader).is_none_or(|(_, is_leader)| !is_leader)
    });
    lab.expect(is_over, || {
        Violation::new(
            format!("S{leader} leads for {patience:?} although it hears from one of four others only"),
            "it steps down after an election timeout",
            format!("it says that it leads term {term}"),
        )
        .rule("a leader steps down if it hears from no majority for an election timeout (thesis §6.2)")
        .hint("nobody looks how long ago the others have answered")
        .servers([leader])
    });
    cluster.connect_all(away);
    cluster.one(5);
}

/// The network is split in two, but for one server that sees both sides. Those who cannot hear the leader must not depose it.
///
/// Catches: a server that hears its leader and grants pre-votes against it, so that the office goes from side to side.
pub fn bridge_keeps_one_leader_e1(lab: &Lab) {
    const SECONDS: u64 = 10;
    /// None at all, but for elections that were under way. An office that goes from side to side takes a term a second.
    const TERMS_MAX: Term = 4;

    let cluster = lab.cluster(5).features(with_others(lab, PRE_VOTE)).start();
    cluster.one(5);
    let leader = cluster.check_one_leader();
    let [a, bridge, c, d] = [1, 2, 3, 4].map(|step| cluster.next(leader, step));
    let split = cluster.partition(&[&[leader, a, bridge], &[bridge, c, d]]);
    let term = |server| cluster.state(server).map_or(0, |(term, _)| term);
    // An election may have been under way.
    lab.sleep_ms(1000);
    let before = term(bridge);
    lab.sleep_ms(1000 * SECONDS);
    let after = term(bridge);
    lab.expect(after <= before + TERMS_MAX, || {
        Violation::new(
            format!(
                "{} terms in {SECONDS} s, in a cluster of which S{bridge} sees both sides",
                after - before
            ),
            format!("{TERMS_MAX} at most: the side that has no leader asks first, and the bridge has one"),
            format!("term {before}, and then term {after}"),
        )
        .rule("who hears of a leader grants no pre-vote (thesis §9.6)")
        .hint("pre-votes are granted by the log alone")
        .servers([leader, bridge])
    });
    cluster.one(3);
    drop(split);
    cluster.one(5);
}

/// Asks a leader to hand its office to another server, and expects that it begins to.
fn begin_transfer(lab: &Lab, cluster: &Cluster, leader: ServerId, to: ServerId) {
    let begun = cluster.transfer(leader, to);
    lab.expect(begun.is_none_or(|begun| begun == Ok(())), || {
        Violation::new(
            format!("S{leader} leads and does not hand its office to S{to}"),
            "transfer_leadership returns Ok",
            format!("{begun:?}"),
        )
        .servers([leader])
    });
}

/// Waits for `patience` until that server leads a term after `term`. Returns that term.
fn leads_within(
    lab: &Lab,
    cluster: &Cluster,
    server: ServerId,
    term: Term,
    patience: Duration,
) -> Option<Term> {
    (0..100).find_map(|_| {
        lab.sleep(patience / 100);
        cluster.state(server).filter(|&(led, is_leader)| is_leader && led > term).map(|(led, _)| led)
    })
}

/// The office goes round on a network that works, while commands come in: each time the server that was named leads, in the
/// very next term, and nothing is lost that was committed.
///
/// Catches: followers that protect the leader from whom it has sent itself, a target that waits for its timer or asks first.
pub fn transfer_e1(lab: &Lab) {
    let cluster = lab.cluster(3).features(with_others(lab, TRANSFER)).start();
    cluster.one(3);
    let (mut term, mut leader) = cluster.check_leader_after(0);
    for _ in 0..6 {
        let to = cluster.next(leader, 1 + lab.below(2) as usize);
        for _ in 0..lab.below(4) {
            cluster.offer(leader);
        }
        begin_transfer(lab, &cluster, leader, to);
        let Some(next) = leads_within(lab, &cluster, to, term, Duration::from_secs(1)) else {
            lab.fail(
                Violation::new(
                    format!("S{to} does not lead, a second after S{leader} was told to hand it its office"),
                    "it is brought up to date, stands for election at once and wins: nothing is in its way",
                    format!("{:?} and {:?}", cluster.state(leader), cluster.state(to)),
                )
                .rule("the target of a transfer starts a new election at once (thesis §3.10)")
                .hint("TimeoutNow is not sent, or its election is one like any other, which followers of a leader ignore")
                .servers([leader, to]),
            )
        };
        cluster.one_shot(3);
        (term, leader) = (next, to);
        lab.sleep_ms(lab.below(700));
    }
    cluster.one(3);
}

/// A server was cut off, misses many entries and is to lead. It may take more than one attempt, and in the end it leads.
///
/// Catches: a target that is told to stand before it has everything, and cannot win.
pub fn transfer_to_a_lagging_server_e1(lab: &Lab) {
    let cluster = lab.cluster(3).features(with_others(lab, TRANSFER)).start();
    cluster.one(3);
    let leader = cluster.check_one_leader();
    let to = cluster.next(leader, 1);
    // Down and not cut off: whatever else is on, it comes back in the term of the others.
    cluster.power_failure(to);
    for _ in 0..30 {
        cluster.one(2);
    }
    let slow = cluster.delays(1.0, Duration::from_millis(20));
    cluster.restart(to);
    lab.sleep_ms(lab.below(300));
    let is_done = (0..5).any(|_| {
        let Some(&(term, leader)) = cluster.leaders().iter().max() else {
            lab.sleep_ms(500);
            return false;
        };
        // It may be at it still, and says so; or it has lost its office by itself.
        leader == to
            || cluster.transfer(leader, to).is_some()
                && leads_within(lab, &cluster, to, term, Duration::from_secs(2)).is_some()
    });
    lab.expect(is_done, || {
        Violation::new(
            format!("S{to} missed entries, and never gets the office that it is to have"),
            "it is brought up to date and leads, after five attempts at most",
            format!("{:?}", cluster.leaders()),
        )
        .rule("the leader brings the target's log up to date, and then tells it to stand (thesis §3.10)")
        .hint("TimeoutNow is sent at once, and the target loses its election")
        .servers([to])
    });
    drop(slow);
    cluster.one(3);
}

/// The office is to go to a server that is down. After a while the leader takes commands again, in its old term.
///
/// Catches: a transfer that is never given up.
pub fn transfer_to_a_dead_server_e1(lab: &Lab) {
    let cluster = lab.cluster(3).features(with_others(lab, TRANSFER)).start();
    cluster.one(3);
    let (term, leader) = cluster.check_leader_after(0);
    let dead = cluster.next(leader, 1);
    cluster.power_failure(dead);
    begin_transfer(lab, &cluster, leader, dead);
    // MIT's time for an election, by which "about an election timeout" is over.
    let accepts = (0..50).any(|_| {
        lab.sleep_ms(100);
        cluster.offer(leader).is_some()
    });
    lab.expect(accepts, || {
        Violation::new(
            format!("S{leader} takes no commands for five seconds: it is to hand its office to S{dead}, which is down"),
            "it gives that up after about an election timeout and goes on as before",
            format!("{:?}", cluster.state(leader)),
        )
        .rule("a transfer that does not complete within about an election timeout is given up (thesis §3.10)")
        .hint("nobody looks how long it has taken, and commands are refused for ever")
        .servers([leader])
    });
    let state = cluster.state(leader);
    lab.expect(state == Some((term, true)), || {
        Violation::new(
            format!("S{leader} lost its office to nobody"),
            format!("it leads term {term}, as before"),
            format!("{state:?}"),
        )
        .servers([leader])
    });
    cluster.one(2);
    cluster.restart(dead);
    cluster.one(3);
}

/// A thousand elections in a row: each leader is cut off until it has a successor. The servers still elect then, and their
/// threads end when they are killed.
///
/// Catches: a timer whose thread ends one day, and threads that grow in number with the elections.
pub fn thousand_elections_e1(lab: &Lab) {
    if lab.world() == World::Real {
        lab.skip("in the real world it takes ten minutes");
    }
    let cluster = lab.cluster(3).features(with_others(lab, Features::NONE)).start();
    let (mut term, mut leader) = cluster.check_leader_after(0);
    for count in 1..=1000 {
        cluster.disconnect(leader);
        let next = (0..500).find_map(|_| {
            lab.sleep_ms(20);
            cluster.leaders().into_iter().max().filter(|&(led, _)| led > term)
        });
        let Some((later, next)) = next else {
            lab.fail(
                Violation::new(
                    format!("no leader was elected within 10 s, after {count} elections"),
                    format!("a leader of a term after {term} among {:?}", cluster.connected()),
                    "none",
                )
                .hint("the thread of a timer has ended, or waits for what never comes"),
            )
        };
        cluster.connect(leader);
        (term, leader) = (later, next);
    }
    wait_for_equal_logs(lab, &cluster);
    cluster.one(3);
    expect_threads_end(lab, &cluster);
}

/// Gives commands until one is applied by all three, for ten minutes at most. Where each leader has begun its term with an entry the
/// logs differ in hundreds of terms, and who asks at one term after the other, with each of two heartbeats a second, is right and slow
/// (end of §5.3).
fn wait_for_equal_logs(lab: &Lab, cluster: &Cluster) {
    let end = lab.now() + Duration::from_secs(600);
    let is_applied = || {
        let (_, leader) = cluster.leaders().into_iter().max()?;
        let started = cluster.offer(leader)?;
        Some(cluster.is_applied_within(started.index, 3, Duration::from_secs(10)))
    };
    while lab.now() < end && is_applied() != Some(true) {
        lab.sleep_ms(100);
    }
}

/// Faults of every kind against clusters of 3 to 5 servers, while the office is handed round.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e1(lab: &Lab) {
    let servers = 3 + lab.below(3) as usize;
    let features = with_others(lab, Features::NONE);
    let cluster = lab.cluster(servers).features(features).start();
    cluster.one(servers);
    let meanwhile = || {
        offer_to_leaders(lab, &cluster);
        let to = lab.below(servers as u64) as ServerId;
        let is_drawn = lab.happens(20);
        for (_, leader) in cluster.leaders() {
            if features.leadership_transfer && is_drawn && leader != to {
                cluster.transfer(leader, to);
            }
        }
    };
    Nemesis::new(lab, &cluster, FaultPlan::EVERYTHING).run(meanwhile, || expect_agreement(lab, &cluster));
}
