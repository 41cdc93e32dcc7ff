//! Part 4A, the replicated state machine layer: MIT's tests of `rsm`.

use kvraft_interface::Layer;
use lab_harness::Violation;
use lab_harness::kv::wait_for;
use lab_harness::lab::Lab;
use labrpc::thread;
use raft_interface::ServerId;

use super::callers::{
    CATCH_UP, RAFT_STATE_BYTES_MAX, TOLD_WITHIN, add_at_once, all_results, expect_adds, expect_none_executed,
    not_each_once,
};

/// What no encoding makes short; and 300 of it are still an `i64`.
const WIDE: i64 = 0x12_3456_789a_bcde;

/// Ten commands, one after the other, and all replicas have them.
pub fn basic_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let mut sum = 0;
    for _ in 0..10 {
        expect_adds(lab, &cluster, &mut sum, 1);
        cluster.expect_counters(sum, CATCH_UP);
    }
}

/// Fifty callers at once are each told the result of their own command: all results differ.
///
/// Catches: the lock held while waiting, and waiters that are mixed up.
pub fn concurrent_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    // Waits for a leader, and leaves the counter as it is.
    cluster.add_somewhere(0);
    let leader = cluster.check_one_leader();
    let threads = add_at_once(&cluster, leader, 50, 1);
    let results = all_results(lab, threads, TOLD_WITHIN, "50 commands were submitted to a healthy leader");
    if let Some(violation) = not_each_once(&results) {
        lab.fail(violation);
    }
    cluster.expect_counters(50, CATCH_UP);
}

/// The leader is cut off, the others go on, and it catches up when it is back.
pub fn leader_failure_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let mut sum = 0;
    expect_adds(lab, &cluster, &mut sum, 1);
    cluster.expect_counters(sum, CATCH_UP);
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    expect_adds(lab, &cluster, &mut sum, 1);
    cluster.connect(leader);
    expect_adds(lab, &cluster, &mut sum, 1);
    cluster.expect_counters(sum, CATCH_UP);
}

/// A hundred commands at a leader in the minority are not executed, and their callers are told so after healing.
///
/// Catches: a result before the commit, and waiters known by their index alone.
pub fn leader_partition_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let mut sum = 0;
    expect_adds(lab, &cluster, &mut sum, 1);
    // What a deposed leader hears of first, the new term or the new entries, is a matter of chance.
    for _ in 0..3 {
        let leader = cluster.check_one_leader();
        cluster.disconnect(leader);
        let threads = add_at_once(&cluster, leader, 100, -1);
        // The majority writes at the same indexes.
        for _ in 0..20 {
            expect_adds(lab, &cluster, &mut sum, 1);
        }
        lab.sleep_ms(1000);
        let (returned, threads): (Vec<_>, Vec<_>) = threads.into_iter().partition(|it| it.is_finished());
        expect_no_result(lab, returned, leader);
        cluster.connect(leader);
        let results = all_results(lab, threads, TOLD_WITHIN, "the deposed leader was connected again");
        expect_none_executed(lab, &results, leader);
        expect_adds(lab, &cluster, &mut sum, 1);
    }
    cluster.expect_counters(sum, CATCH_UP);
}

/// Expects that callers who have returned from a leader without a majority were told no result. Most wait, and may do so until the
/// network is whole (MIT). Whoever gives up sooner is right as well: it says that nothing is known (§8).
fn expect_no_result(lab: &Lab, returned: Vec<thread::JoinHandle<Option<i64>>>, leader: ServerId) {
    let results: Vec<i64> = returned.into_iter().filter_map(wait_for).collect();
    lab.expect(results.is_empty(), || {
        Violation::new(
            "a command returned in a minority",
            "no result: nothing can commit",
            format!("{} results, {} for one", results.len(), results[0]),
        )
        .rule("a result is that of a committed entry (§5.3, §8)")
        .hint("a leader that applies and answers when it proposes")
        .servers([leader])
    });
}

/// All servers restart, and replay a hundred commands.
pub fn restart_replay_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let mut sum = 0;
    for _ in 0..100 {
        expect_adds(lab, &cluster, &mut sum, 1);
    }
    cluster.expect_counters(sum, CATCH_UP);
    cluster.bounce(cluster.servers());
    expect_adds(lab, &cluster, &mut sum, 1);
    cluster.expect_counters(sum, CATCH_UP);
}

/// All servers are killed while a hundred callers wait: every caller returns.
///
/// Catches: kill that frees nobody.
pub fn shutdown_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    cluster.add_somewhere(1);
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    let mut threads = add_at_once(&cluster, leader, 100, 1);
    // At another server as well, which may have been elected or not: either way nobody must be left waiting.
    threads.extend(add_at_once(&cluster, cluster.next(leader, 1), 10, 1));
    // So that all of them have submitted.
    lab.sleep_ms(20);
    cluster.servers().for_each(|server| cluster.crash(server));
    all_results(lab, threads, TOLD_WITHIN, "all servers were killed");
}

/// Callers are under way when the servers are killed; after the restart there are new ones, and nothing is executed twice.
pub fn restart_submit_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let mut sum = 0;
    for _ in 0..20 {
        expect_adds(lab, &cluster, &mut sum, 1);
    }
    let leader = cluster.check_one_leader();
    let threads = add_at_once(&cluster, leader, 100, 1);
    // By then some commands may have committed, others be in one log only, and others not submitted yet.
    lab.sleep_ms(lab.below(20));
    cluster.bounce(cluster.servers());
    let results = all_results(lab, threads, TOLD_WITHIN, "all servers were killed");
    let told = results.iter().flatten().count() as i64;
    // Of a caller that was told nothing, the command may have been executed or not. It may not have been twice.
    let added = cluster.add_somewhere(1);
    let (least, most) = (sum + told + 1, sum + 101 + added.unsure);
    lab.expect((least..=most).contains(&added.sum), || {
        Violation::new(
            "commands were lost or executed twice in a restart",
            format!(
                "{least} to {most}: {told} of 100 callers were told a result, and the others may have been executed"
            ),
            added.sum.to_string(),
        )
    });
    cluster.expect_counters(added.sum, CATCH_UP);
}

/// Snapshots keep the Raft's state small, and a server that was away, or restarts, gets one.
///
/// MIT adds 1 two hundred times, which a small encoding fits into twice the limit without a snapshot. So more is added here.
///
/// Catches: no snapshots, and a snapshot whose state is of another moment than its index.
pub fn snapshot_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let mut sum = 0;
    for _ in 0..150 {
        expect_adds(lab, &cluster, &mut sum, WIDE);
    }
    // First: who lags behind has not applied what a snapshot could stand for.
    cluster.expect_counters(sum, CATCH_UP);
    cluster.expect_sizes(2 * RAFT_STATE_BYTES_MAX, usize::MAX);
    let away = cluster.next(cluster.check_one_leader(), 1);
    cluster.disconnect(away);
    for _ in 0..150 {
        expect_adds(lab, &cluster, &mut sum, WIDE);
    }
    cluster.connect(away);
    // Who comes back may depose the leader, and the next one commits only with an entry of its own (§5.4.2).
    expect_adds(lab, &cluster, &mut sum, 0);
    cluster.expect_counters(sum, CATCH_UP);
    cluster.bounce(cluster.servers());
    expect_adds(lab, &cluster, &mut sum, 1);
    cluster.expect_counters(sum, CATCH_UP);
    cluster.expect_sizes(2 * RAFT_STATE_BYTES_MAX, usize::MAX);
}
