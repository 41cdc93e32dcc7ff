//! Part 3B: logs that differ by much, and messages that cross at the worst moment.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use labrpc::network::{Chance, Fault, Hold, Message, Rule, Traffic, Verdict};
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicBool, Ordering};
use raft_interface::ServerId;

use super::mit::expect_index;

/// How many entries lie between the logs of [`far_apart_3b`].
const ENTRIES: u64 = 1000;

/// A server that lacks a thousand entries, and one whose thousand last entries are others than the leader's. The
/// leader is new and knows nothing of that. Both logs are brought up to date in a few calls.
///
/// Catches: nextIndex that goes back by one for each refusal.
pub fn far_apart_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    expect_index(lab, cluster.one_shot(3), 1);
    let (term, behind) = cluster.check_leader_after(0);
    // The leader itself is the one that lacks entries: its successor has to be elected, and knows nobody's log.
    cluster.disconnect(behind);
    let (_, leader) = cluster.check_leader_after(term);
    offer(&cluster, leader, ENTRIES);
    cluster.one(2);
    expect_few_calls_for(lab, &cluster, behind, "lacks");

    let (term, astray) = cluster.check_leader_after(0);
    cluster.disconnect(astray);
    offer(&cluster, astray, ENTRIES);
    let (_, leader) = cluster.check_leader_after(term);
    offer(&cluster, leader, ENTRIES);
    cluster.one(2);
    expect_few_calls_for(lab, &cluster, astray, "has other entries in the place of");
}

fn offer(cluster: &Cluster, leader: ServerId, entries: u64) {
    for _ in 0..entries {
        cluster.offer(leader);
    }
}

/// Restarts the other two, so that whoever leads starts at the end of its log; connects `server`, and counts the calls to
/// it until it has caught up.
fn expect_few_calls_for(lab: &Lab, cluster: &Cluster, server: ServerId, what: &str) {
    /// A refusal per term and a few heartbeats would do.
    const USUAL: u64 = 100;
    /// One entry back, or forward, for each call is [`ENTRIES`].
    const CALLS_MAX: u64 = 250;

    // A leader that has sent to the server before has moved its nextIndex back already, and the number of calls
    // would say nothing.
    cluster.bounce(cluster.connected());
    cluster.one(2);
    let before = cluster.rpcs_to(server);
    cluster.connect(server);
    cluster.one(3);
    let used = cluster.rpcs_to(server) - before;
    lab.expect(used <= CALLS_MAX, || {
        Violation::new(
            format!("{used} calls until S{server}, which {what} {ENTRIES} entries, had caught up"),
            format!("at most {CALLS_MAX}: a refusal takes the leader back by a term, or further (§5.3)"),
            format!("{used}"),
        )
        .hint("nextIndex goes back by one for each refusal: use the hints of the end of §5.3")
        .servers([server])
    });
    lab.expect_usual(
        used <= USUAL,
        &format!("{used} calls until a server that {what} {ENTRIES} entries had caught up"),
    );
}

/// A deposed leader hears of its successor at the very moment at which it sends to the others, while its disk is slow and its
/// clients keep it busy: some of its messages are made before, and leave after.
///
/// Catches: a message that shares memory with the log, and one that is made in one state and sent in another.
pub fn crossing_messages_3b(lab: &Lab) {
    let cluster = lab.cluster(7).start();
    cluster.one(7);
    for _ in 0..6 {
        let (term, old) = cluster.check_leader_after(0);
        let crossing = Crossing::begin(&cluster, old);
        // Only it has these: with them its log differs from its successor's, and there is something to cut.
        offer(&cluster, old, 3);
        let (_, leader) = cluster.check_leader_after(term);
        offer(&cluster, leader, 60);
        cluster.one(6);
        // A step down is saved, which takes 5 ms from here on: senders may hold messages that were made before
        // it and leave after it.
        cluster.slow_disk(old, Duration::from_millis(5));
        crossing.meet();
        // It still takes itself for the leader. Each command makes it send, which is what the held messages
        // wait for.
        offer(&cluster, old, 40);
        lab.sleep_ms(300);
        drop(crossing);
        cluster.slow_disk(old, Duration::ZERO);
        cluster.one(7);
    }
}

/// A server whose requests are lost. What others tell it waits until it next sends.
struct Crossing {
    may_meet: Arc<AtomicBool>,
    /// Ends with the others, so the rule that releases it only borrows it.
    _held: Arc<Fault>,
    _others: [Fault; 2],
}

impl Crossing {
    fn begin(cluster: &Cluster, server: ServerId) -> Self {
        let number = server as u32;
        let appends = Traffic::requests().to(number).method("Raft.AppendEntries");
        // It would step down before it is told of any entries.
        let votes = Traffic::requests().to(number).method("Raft.RequestVote");
        let lose = |_: &Message<'_>, _: &mut Chance<'_>| Verdict::Drop;
        let network = cluster.network();
        let held = Arc::new(network.add_rule(Hold.on(appends)));
        let waiting = Arc::downgrade(&held);
        let may_meet = Arc::new(AtomicBool::new(false));
        let is_time = Arc::clone(&may_meet);
        let release = move |_: &Message<'_>, _: &mut Chance<'_>| {
            if is_time.load(Ordering::Relaxed)
                && let Some(waiting) = waiting.upgrade()
            {
                waiting.release();
            }
            Verdict::Unreachable
        };
        let crossing = network.add_rule(release.on(Traffic::requests().from(number)));
        Self { may_meet, _held: held, _others: [network.add_rule(lose.on(votes)), crossing] }
    }

    /// From now on what waits arrives when the server sends.
    fn meet(&self) {
        self.may_meet.store(true, Ordering::Relaxed);
    }
}
