//! Everything at once: the [nemesis](lab_harness::nemesis) against each part, with what the part knows of.
//!
//! The names have the part as suffix, as all tests do: `chaos_3b` to `chaos_3d` are Raft, `chaos_4c` the key/value service.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::part_4b::finish_within;
use kvraft_interface::{Layer, Reads};
use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::kv::{Client, KvCluster};
use lab_harness::lab::Lab;
use lab_harness::nemesis::{Campaign, Nemesis, offer_to_leaders, prove_agreement};
use labrpc::sync::Arc;
use raft_interface::ServerId;

/// Something happens to a server that leads, or to any if none does.
pub(super) fn trouble_a_leader(lab: &Lab, cluster: &Cluster) {
    let leader = cluster.leaders().into_iter().max().map(|(_, leader)| leader);
    let server = leader.unwrap_or_else(|| lab.below(cluster.size() as u64) as ServerId);
    match lab.below(4) {
        0 => cluster.crash(server),
        1 => cluster.power_failure(server),
        2 => cluster.disconnect(server),
        _ => cluster.bounce([server, cluster.next(server, 1)]),
    }
}

/// Phases of faults with commands under way, and agreement by all after each.
fn rage_at_raft(lab: &Lab, cluster: &Cluster, campaign: Campaign) {
    cluster.one(cluster.size());
    Nemesis::new(lab, cluster, campaign)
        .rage(|| offer_to_leaders(lab, cluster), || prove_agreement(lab, cluster));
}

/// Faults of the network, pauses and clocks that drift, with commands under way; after each phase all agree. Servers keep
/// their memory: part 3B stores nothing.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3b(lab: &Lab) {
    rage_at_raft(lab, &lab.cluster(5).start(), Campaign::NETWORK);
}

/// Faults of every kind, with commands under way; after each phase all agree. The log is never trimmed.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3c(lab: &Lab) {
    rage_at_raft(lab, &lab.cluster(5).start(), Campaign::EVERYTHING);
}

/// Faults of every kind against clusters of 3 to 6 servers that take snapshots: while they apply, beside it, or each at
/// its own indexes. After each phase all agree.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3d(lab: &Lab) {
    let kinds = [Snapshots::EveryTen, Snapshots::Staggered, Snapshots::FromAnotherThread];
    let snapshots = kinds[lab.below(3) as usize];
    let servers = 3 + lab.below(4) as usize;
    rage_at_raft(lab, &lab.cluster(servers).snapshots(snapshots).start(), Campaign::EVERYTHING);
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
    Nemesis::new(lab, &cluster, Campaign::SERVICE).rage(|| {}, || prove_service(lab, &cluster));
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        finish_within(lab, worker, Duration::from_secs(10), "all faults had ended");
    }
    read_all(&cluster);
    cluster.check(20);
}

/// A new client is answered within ten seconds.
fn prove_service(lab: &Lab, cluster: &KvCluster) {
    let thread = cluster.spawn_client(|mut client| client.append(KEYS[0], "!").is_ok()).1;
    finish_within(lab, thread, Duration::from_secs(10), "all faults had ended");
    // The others get their share of the good weather.
    lab.sleep_ms(500);
}

/// An effect that nobody has read yet shows here.
fn read_all(cluster: &KvCluster) {
    let mut reader = cluster.client();
    for key in KEYS {
        if key.starts_with('v') {
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
        if key.starts_with('v') {
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
