//! Part 3B: what MIT's suite does not see. Half majorities, late and repeated messages, long backlogs, cost, the end.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::kv::wait_for;
use lab_harness::lab::Lab;
use lab_harness::nemesis::FaultPlan;
use lab_runs::settings::World;
use labrpc::sim::{self, NodeHandle};
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::Index;

use super::mit::{expect_index, has_moved_on};
use crate::chaos::run_nemesis;

/// Two of four servers: neither half may commit.
///
/// Catches: an entry that is committed with n/2 copies.
pub fn even_split_3b(lab: &Lab) {
    let cluster = lab.cluster(4).start();
    cluster.one_shot(4);
    let leader = cluster.check_one_leader();
    cluster.disconnect_all([2, 3].map(|step| cluster.next(leader, step)));
    let index = cluster.start_on_leader(leader).index;
    expect_index(lab, index, 2);
    lab.sleep_ms(2000);
    cluster.expect_not_applied(index, "two of four servers are no majority");
    cluster.repair();
    cluster.one(4);
}

/// A leader that nobody can answer commits nothing, and does not hinder the others for ever.
///
/// Catches: entries counted when they are sent.
pub fn unanswered_leader_3b(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    cluster.one_shot(5);
    let leader = cluster.check_one_leader();
    // Its entries and heartbeats arrive, so nobody need stand against it. Only what the others send it is lost.
    let unanswered = cluster.one_way(&cluster.others(leader), &[leader]);
    let started = cluster.start_on_leader(leader);
    // A leader that hears nobody may step down (check-quorum). Who has its entry may then be elected, and commit it.
    for _ in 0..200 {
        lab.sleep_ms(10);
        // In this order: whoever commits it later is in a later term before.
        let is_applied = cluster.applied_count(started.index) > 0;
        if has_moved_on(&cluster, started.term) {
            break;
        }
        if is_applied {
            cluster.expect_not_applied(started.index, "no reply reached the leader");
        }
    }
    unanswered.end();
    cluster.one(5);
}

/// Two majorities that have only a bridge in common, and terms that outbid each other across it.
///
/// Catches: what is committed on one side and not known to a leader of the other.
pub fn bridge_3b(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    cluster.one_shot(5);
    for bridge in 0..3 {
        let [a, b, c, d] = [1, 2, 3, 4].map(|step| cluster.next(bridge, step));
        let split = cluster.partition(&[&[a, b, bridge], &[bridge, c, d]]);
        // Each side has a majority only with the bridge. A leader on one side is deposed when the other side's
        // candidate brings the bridge a higher term, and whoever leads next must have what was committed on
        // either side.
        for _ in 0..20 {
            for (_, leader) in cluster.leaders() {
                cluster.offer(leader);
            }
            lab.sleep_ms(200);
        }
        split.end();
        cluster.one(5);
    }
}

/// One command at a time, each waiting for the one before: the leader has applied it after two heartbeats at the latest.
/// Mostly no heartbeat is waited for, as services need it (MIT's tests of speed in 4A and 4B); followers learn of the
/// commit with whatever message comes next (§5.3).
///
/// Catches: entries that wait for more than the next heartbeat.
pub fn latency_3b(lab: &Lab) {
    const COMMANDS: u32 = 50;
    /// Two heartbeat intervals.
    const LATENCY_MAX: Duration = Duration::from_millis(200);
    /// A third of one: three operations in it (MIT).
    const USUAL: Duration = Duration::from_millis(33);

    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);
    // The command before has waited for a leader: the clock runs from here.
    let began = Instant::now();
    for _ in 0..COMMANDS {
        cluster.one_shot(1);
    }
    let mean = began.elapsed() / COMMANDS;
    lab.expect(mean <= LATENCY_MAX, || {
        Violation::new(
            format!("a command takes {mean:?} on an idle network without delays"),
            format!("at most {LATENCY_MAX:?}, two heartbeat intervals"),
            format!("{mean:?} in the mean of {COMMANDS}"),
        )
        .hint("the leader sends, or commits, only now and then")
    });
    cluster.one(3);
    lab.expect_usual(
        mean <= USUAL,
        "a command takes more than 33 ms, as where it waits for the next heartbeat or for others to be saved with, which is slow \
         for a service on top",
    );
}

/// A follower misses two thousand entries and gets them in a few messages.
///
/// Catches: one entry per call, a leader that goes back one entry per round, and work that is done for each entry again.
pub fn backlog_3b(lab: &Lab) {
    /// Enough to tell a few messages from many. A Raft that saves its whole log for each command, as most do at first, takes
    /// the square of this to save them.
    const ENTRIES: u64 = 2000;
    /// Far fewer than entries, and far more than needed.
    const CALLS_MAX: u64 = 200;

    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);
    let leader = cluster.check_one_leader();
    let behind = cluster.next(leader, 1);
    cluster.disconnect(behind);
    // All at once, with nobody waiting for the commit of any: `one` afterwards waits for all of them.
    for _ in 0..ENTRIES {
        cluster.offer(leader);
    }
    cluster.one(2);

    let before = cluster.rpcs();
    cluster.connect(behind);
    cluster.one(3);
    let used = cluster.rpcs() - before;
    lab.expect(used <= CALLS_MAX, || {
        Violation::new(
            format!("{used} calls to catch up {ENTRIES} entries"),
            format!("at most {CALLS_MAX}: an AppendEntries carries many entries"),
            format!("{used}"),
        )
    });
}

/// Twenty-five servers, then the thirteen that are a majority of them.
///
/// Catches: sizes that are wired in, and work that grows with the square of the servers.
pub fn many_servers_3b(lab: &Lab) {
    let cluster = lab.cluster(25).start();
    cluster.one(25);
    let leader = cluster.check_one_leader();
    cluster.disconnect_all((1..=12).map(|step| cluster.next(leader, step)));
    cluster.one(13);
    cluster.repair();
    cluster.one(25);
}

/// A follower was away for a while, and calls to it hang for up to seven seconds. When it is back it catches up soon.
///
/// Catches: a leader whose next message to a follower waits for the call before.
pub fn returning_follower_3b(lab: &Lab) {
    /// Two elections, which the follower's higher term may set off, and some messages. A call hangs 3.5 s in the mean.
    const PATIENCE: Duration = Duration::from_millis(2500);

    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);
    // First longer than any call hangs. Then so short that calls of before are still under way when the
    // follower is back, and bring it nothing.
    for millis in [8000, 1000, 1000, 1000] {
        let leader = cluster.check_one_leader();
        let away = cluster.next(leader, 1);
        cluster.disconnect(away);
        let missed = cluster.one(2);
        lab.sleep_ms(millis);
        cluster.connect(away);
        expect_catches_up(lab, &cluster, missed, PATIENCE);
    }
}

/// Commands keep coming, and all servers apply `index` within `patience`.
#[track_caller]
fn expect_catches_up(lab: &Lab, cluster: &Cluster, index: Index, patience: Duration) {
    let deadline = Instant::now() + patience;
    while !cluster.is_applied_within(index, cluster.size(), Duration::from_millis(50)) {
        // New entries are what a correct leader sends at once, whatever has become of the calls before.
        for (_, leader) in cluster.leaders() {
            cluster.offer(leader);
        }
        lab.expect(Instant::now() < deadline, || {
            let count = cluster.applied_count(index);
            Violation::new(
                format!("a follower that returned has not caught up within {patience:?}"),
                format!(
                    "all {} servers apply entry {index}, which was committed while it was away",
                    cluster.size()
                ),
                format!("{count} did"),
            )
            .hint("the next call to a server waits for one that hangs")
        });
    }
}

/// Commands from several clients while messages are late and repeated: a late AppendEntries is shorter than the log.
///
/// Catches: a log cut at the end of every message, and a reply that is taken for another.
pub fn late_and_twice_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    // Late by more than a round trip: logs grow while a message is under way.
    let late = cluster.delays(0.4, Duration::from_millis(300));
    let twice = cluster.duplicates(0.4, Duration::from_millis(500));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let cluster = cluster.clone();
            thread::spawn(move || {
                for _ in 0..15 {
                    cluster.one(1);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(wait_for);
    drop((late, twice));
    cluster.one(3);
}

/// Faults of the network, pauses and clocks that drift, with commands under way; after each phase all agree. Servers keep
/// their memory: part 3B stores nothing.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3b(lab: &Lab) {
    run_nemesis(lab, &lab.cluster(5).start(), FaultPlan::NETWORK);
}

/// Ten seconds in which nothing happens.
///
/// Catches: a thread that polls without sleeping, which the limit of steps ends, and a heartbeat storm.
pub fn idle_3b(lab: &Lab) {
    /// Thirty heartbeats a second to each of two followers, the most that MIT takes for sane.
    const CALLS_MAX: u64 = 600;

    let cluster = lab.cluster(3).start();
    cluster.one(3);
    let before = cluster.rpcs();
    lab.sleep_ms(10_000);
    let used = cluster.rpcs() - before;
    let most = CALLS_MAX * cluster.calls_per_exchange();
    lab.expect(used <= most, || {
        Violation::new(
            format!("{used} calls in ten seconds of idling"),
            format!("at most {most}"),
            format!("{used}"),
        )
        .hint("heartbeats are due every 100 ms or so")
    });
}

/// Servers are killed while calls hang, and all their threads end soon, or come to rest for ever: a thread that waits for
/// what never comes does no harm, if it is one of few.
///
/// Catches: a loop that does not look whether the server was killed.
pub fn threads_end_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);
    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.next(leader, 1));
    cluster.one(2);
    expect_threads_end(lab, &cluster);
}

/// Servers are killed while their services do not read the apply channel.
///
/// Catches: a thread that waits for the service for ever.
pub fn kill_with_full_channel_3b(lab: &Lab) {
    // The service takes three messages, the channel a fourth, and with the fifth the server waits for a reader
    // that never comes.
    let cluster = lab.cluster(3).apply_capacity(1).stuck_after(3).start();
    cluster.one(3);
    let leader = cluster.check_one_leader();
    for _ in 0..20 {
        cluster.offer(leader);
    }
    lab.sleep_ms(500);
    expect_threads_end(lab, &cluster);
}

/// So many threads may wait for ever: one for each peer, one for each task, and some.
const RESTING_MAX: usize = 16;

/// Kills all servers and expects their threads to end. Threads of the real world cannot be counted.
pub(crate) fn expect_threads_end(lab: &Lab, cluster: &Cluster) {
    let nodes: Vec<NodeHandle> =
        cluster.servers().filter_map(|server| cluster.kill_and_watch(server)).collect();
    if lab.world() == World::Real {
        return;
    }
    // A call may hang for seven seconds.
    lab.sleep_ms(8000);
    for node in nodes {
        let mut left = sim::threads_alive(node.id());
        // The harness' own service: here it may be stuck by order of the test.
        left.retain(|thread| !thread.thread.ends_with("/service"));
        let shown = || left.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let is_at_rest = left.iter().all(|thread| thread.waits_for_ever) && left.len() <= RESTING_MAX;
        lab.expect(is_at_rest, || {
            Violation::new(
                format!("a thread of {} lives on after kill: {}", node.name(), left[0].thread),
                format!("all threads of a server end soon after kill, or {RESTING_MAX} at most are at rest for ever"),
                shown(),
            )
        });
        lab.expect_usual(
            left.is_empty(),
            &format!("after kill threads wait for what never comes: {}", shown()),
        );
    }
}
