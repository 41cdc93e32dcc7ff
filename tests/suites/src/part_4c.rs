//! Part 4C, the key/value service with snapshots: MIT's tests, classic and of 2025, and longer ones.

use std::time::Duration;

use super::part_4b::{expect_value, finish_within, speed};
use kvraft_interface::Layer;
use lab_harness::Violation;
use lab_harness::kv::{Client, Keys, Workload};
use lab_harness::lab::Lab;

/// MIT's `maxraftstate`.
const RAFT_STATE_BYTES_MAX: usize = 1000;

/// MIT's limits in `SnapshotSize`.
const SNAPSHOT_BYTES_MAX: usize = 500;

const fn with_snapshots(clients: usize, servers: usize) -> Workload {
    Workload { snapshots_at: Some(RAFT_STATE_BYTES_MAX), ..Workload::new(clients, servers) }
}

/// A server misses fifty writes and then is needed for a majority: it gets a snapshot.
pub fn snapshot_rpc_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let mut client = cluster.client();
    let _ = client.put("a", "A");
    let leader = cluster.check_one_leader();
    let away = cluster.next(leader, 1);
    let split = cluster.partition(&[&[leader, cluster.next(leader, 2)], &[away]]);
    for count in 0..50 {
        let _ = client.put(&count.to_string(), &count.to_string());
    }
    lab.sleep_ms(500);
    let _ = client.put("b", "B");
    cluster.expect_sizes(8 * RAFT_STATE_BYTES_MAX, usize::MAX);
    split.end();
    let split = cluster.partition(&[&[leader, away], &[cluster.next(leader, 2)]]);
    let _ = client.put("c", "C");
    let _ = client.put("d", "D");
    for (key, value) in [("a", "A"), ("b", "B"), ("1", "1"), ("49", "49")] {
        expect_value(lab, &mut client, key, value);
    }
    split.end();
    let _ = client.put("e", "E");
    for (key, value) in [("c", "C"), ("e", "E"), ("1", "1")] {
        expect_value(lab, &mut client, key, value);
    }
    cluster.check(60);
}

/// Two hundred writes of one key leave a small log and a small snapshot.
pub fn snapshot_size_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let mut client = cluster.client();
    for _ in 0..200 {
        let _ = client.put("x", "0");
        expect_value(lab, &mut client, "x", "0");
        let _ = client.put("x", "1");
        expect_value(lab, &mut client, "x", "1");
    }
    cluster.expect_sizes(8 * RAFT_STATE_BYTES_MAX, SNAPSHOT_BYTES_MAX);
    cluster.check(800);
}

/// As `speed_4b`, with snapshots.
pub fn speed_4c(lab: &Lab) {
    speed(lab, lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start());
}

/// One client, and all servers restart.
pub fn snapshot_recover_4c(lab: &Lab) {
    Workload { crash: true, ..with_snapshots(1, 5) }.run(lab);
}

/// Twenty clients, and all servers restart.
pub fn snapshot_recover_many_clients_4c(lab: &Lab) {
    Workload { crash: true, ..with_snapshots(20, 5) }.run(lab);
}

/// Twenty clients (MIT: five), messages are lost.
pub fn snapshot_unreliable_4c(lab: &Lab) {
    Workload { unreliable: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same, and all servers restart.
pub fn snapshot_unreliable_recover_4c(lab: &Lab) {
    Workload { unreliable: true, crash: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same, and partitions.
pub fn snapshot_unreliable_recover_concurrent_partition_4c(lab: &Lab) {
    Workload { unreliable: true, crash: true, partitions: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same with thirty clients (MIT: fifteen), seven servers and shared keys.
pub fn snapshot_unreliable_recover_concurrent_partition_linearizable_4c(lab: &Lab) {
    let keys = Keys::Random(20);
    Workload { unreliable: true, crash: true, partitions: true, keys, ..with_snapshots(15, 7) }.run(lab);
}

/// A write is retried after all servers have restarted from snapshots: it is recognised.
///
/// Catches: sessions that are not in the snapshot.
pub fn retry_after_restart_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(1).start();
    let mut client = cluster.client();
    let _ = client.append("x", "a");
    for round in 0..4_u32 {
        // The request gets through, the replies do not.
        let deaf = cluster.network().add_rule(labrpc::network::Partition::one_way(
            cluster.servers().into_iter().map(|server| labrpc::network::Address::Server(server as u32)),
            [labrpc::network::Address::Client(client.number())],
        ));
        let word = format!("{round}.");
        let sent = word.clone();
        let thread = cluster.spawn_with(client, move |mut client: Client| {
            let _ = client.append("x", &sent);
            client
        });
        lab.sleep_ms(300);
        cluster.bounce(cluster.servers());
        lab.sleep_ms(300);
        deaf.end();
        client = finish_within(lab, thread, Duration::from_secs(10), "the servers were restarted");
        let value = client.get("x").unwrap_or_default();
        lab.expect(value.matches(&word).count() == 1, || {
            Violation::new(
                "a retry after a restart took effect again, or a write was lost",
                format!("{word:?} once"),
                format!("{value:?}"),
            )
            .rule("the sessions are part of the replicated state, and of its snapshots (§8; thesis §6.3)")
            .hint("a snapshot that holds the values and not the sessions")
        });
    }
    cluster.check(9);
}

/// A long run: many snapshots, one server after the other restarts under load, and nothing is lost.
pub fn long_run_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let over = labrpc::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|place| {
            let over = labrpc::sync::Arc::clone(&over);
            let lab = lab.clone();
            let work = move |mut client: Client| {
                let mut count = 0;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    count += 1;
                    let key = format!("k{}", lab.below(8));
                    match count % 3 {
                        0 => drop(client.put(&key, &format!("{place}.{count} "))),
                        1 => drop(client.append(&key, &format!("{place}.{count} "))),
                        _ => drop(client.get(&key)),
                    }
                    labrpc::thread::sleep(Duration::from_millis(lab.below(80)));
                }
            };
            cluster.spawn_with(cluster.client(), work)
        })
        .collect();
    for round in 0..12 {
        lab.sleep_ms(700 + lab.below(300));
        let server = round % 3;
        if lab.happens(50) {
            cluster.crash(server);
        } else {
            cluster.power_failure(server);
        }
        lab.sleep_ms(lab.below(300));
        cluster.restart(server);
        cluster.expect_sizes(8 * RAFT_STATE_BYTES_MAX, usize::MAX);
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    workers
        .into_iter()
        .for_each(|thread| finish_within(lab, thread, Duration::from_secs(10), "the last restart"));
    let mut client = cluster.client();
    (0..8).for_each(|key| drop(client.get(&format!("k{key}"))));
    cluster.check(300);
}
