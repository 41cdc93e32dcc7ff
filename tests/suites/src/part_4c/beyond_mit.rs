//! Part 4C: what MIT's suite does not see. Retries across a restart, long runs, and faults of every kind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kvraft_interface::{Layer, Reads, Writes};
use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster, is_by_version};
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, Nemesis};
use labrpc::sync::Arc;

use super::mit::RAFT_STATE_BYTES_MAX;
use crate::clients::finish_within;
use crate::part_4b::beyond_mit::conditional_puts_through_two_leaders;

/// A write is retried after all servers have restarted from snapshots: it is recognised.
///
/// Catches: sessions that are not in the snapshot.
pub fn retry_after_restart_4c(lab: &Lab) {
    lab.needs_writes(&[Writes::Plain]);
    // A snapshot is due after every entry, so a restart has nothing but the snapshot to know the session from.
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(1).start();
    let mut client = cluster.client();
    let _ = client.append("x", "a");
    for round in 0..4_u32 {
        // The request gets through, the replies do not.
        let deaf = cluster.network().add_rule(labrpc::network::Partition::one_way(
            cluster.servers().map(|server| labrpc::network::Address::Server(server as u32)),
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
        if value.matches(&word).count() != 1 {
            let otherwise = Violation::new(
                "a retry after a restart took effect again, or a write was lost",
                format!("{word:?} once"),
                format!("{value:?}"),
            )
            .rule("the sessions are part of the replicated state, and of its snapshots (§8; thesis §6.3)")
            .hint("a snapshot that holds the values and not the sessions");
            client.fail_with_history("x", otherwise);
        }
    }
    cluster.check(9);
}

/// A conditional put as in `conditional_put_through_two_leaders_4b`, and the deposed leader gets a snapshot in the place of the entry.
///
/// Catches: a waiter whose entry a snapshot covers, and that is told "was not executed".
pub fn conditional_put_under_a_snapshot_4c(lab: &Lab) {
    // A snapshot is due after every entry.
    let cluster = lab.service(4, Layer::KeyValue).snapshots_at(1).start();
    conditional_puts_through_two_leaders(lab, &cluster, 2);
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
        // One after the other, so that a majority is always left, of which each has restarted often.
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

/// Clients of the key/value service at a time.
const CLIENTS: usize = 4;
/// What the clients work on: keys with values that grow, and keys that are written by version.
const KEYS: [&str; 5] = ["k0", "k1", "k2", "v0", "v1"];

/// Faults of every kind against a key/value service with snapshots, under load. After each phase a client is answered, at the
/// end all are, and what they saw is linearizable.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_4c(lab: &Lab) {
    // Drawn: the sweep over many seeds sees both, and every limit of the log.
    let reads = if lab.happens(50) { Reads::ThroughTheLog } else { Reads::ReadIndex };
    let builder = lab.service(5, Layer::KeyValue).snapshots_at(500 + lab.below(1500) as usize);
    let cluster = builder.reads(reads).start();
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let over = Arc::clone(&over);
            cluster.spawn_client(move |client| work(client, &over)).1
        })
        .collect();
    // The workers are what happens meanwhile.
    Nemesis::new(lab, &cluster, FaultPlan::SERVICE).run(|| {}, || expect_service(lab, &cluster));
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        finish_within(lab, worker, Duration::from_secs(10), "all faults had ended");
    }
    read_all(&cluster);
    cluster.check(20);
}

/// A new client is answered within ten seconds.
fn expect_service(lab: &Lab, cluster: &KvCluster) {
    let thread = cluster.spawn_client(|mut client| client.append(KEYS[0], "!").is_ok()).1;
    finish_within(lab, thread, Duration::from_secs(10), "all faults had ended");
    // The others get their share of the time without faults.
    lab.sleep_ms(500);
}

/// An effect that nobody has read yet shows here.
fn read_all(cluster: &KvCluster) {
    let mut reader = cluster.client();
    for key in KEYS {
        if is_by_version(cluster.lab(), key) {
            reader.read(key);
        } else {
            reader.get(key);
        }
    }
}

/// One client, until the nemesis is done.
fn work(mut client: Client, over: &AtomicBool) {
    let lab = client.lab().clone();
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        count += 1;
        let key = KEYS[lab.below(KEYS.len() as u64) as usize];
        let word = format!("{}.{count} ", client.number());
        // What the clerk says is judged with the history.
        if is_by_version(&lab, key) {
            let version = client.read(key).map_or(0, |(_, version)| version);
            let _ = client.replace(key, &word, version);
        } else {
            match lab.below(10) {
                0..5 => drop(client.get(key)),
                5..9 => drop(client.append(key, &word)),
                _ => drop(client.put(key, &word)),
            }
        }
        labrpc::thread::sleep(Duration::from_millis(lab.below(120)));
    }
}
