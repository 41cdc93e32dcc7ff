//! MIT's generic test: rounds of clients at work, with what can go wrong meanwhile and between.
//!
//! Differences from MIT's: the clients work until the faults of a round are over, not for a time of their own, so that
//! thousands of operations meet them, and on a bad network there are fifteen more where MIT has several; half of the
//! keys are appended to (the classic suite) and half are written by
//! version (the suite since 2025), in the same run; versions that are read are judged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kvraft_interface::ClerkError;
use labrpc::sync::Arc;
use raft_interface::ServerId;

use super::client::Client;
use super::cluster::{KvCluster, wait_for};
use crate::lab::Lab;
use kvraft_interface::{Layer, Reads};
use lab_referee::Violation;

/// Which keys clients work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Each client appends to a key of its own, and all write one key by version.
    OwnAndOne,
    /// All work on this many keys, drawn at random: half for either kind of operation.
    Random(u64),
}

/// MIT's generic test and its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// MIT's number of clients at a time; on a bad network there are fifteen more than several.
    pub clients: usize,
    /// Servers.
    pub servers: usize,
    /// MIT's unreliable network.
    pub unreliable: bool,
    /// All servers crash after each round.
    pub crash: bool,
    /// Every second or so the servers are split into two sets.
    pub partitions: bool,
    /// MIT's `maxraftstate`.
    pub snapshots_at: Option<usize>,
    /// Which keys.
    pub keys: Keys,
    /// How clients read.
    pub reads: Reads,
}

/// How long the clients of a round work: on a good network, on a bad one, and with partitions, each of which lasts about
/// a second.
const ROUND: Duration = Duration::from_millis(1000);
const ROUND_UNRELIABLE: Duration = Duration::from_millis(2500);
const ROUND_WITH_PARTITIONS: Duration = Duration::from_millis(3500);
/// Clients that a bad network has beyond MIT's.
const MORE_ON_A_BAD_NETWORK: usize = 15;
/// Rounds.
const ROUNDS: usize = 3;
/// All clients together start about this many operations in a round, if they are answered quickly.
const OPERATIONS_PER_ROUND: u64 = 600;
/// The Raft state may exceed the limit by this factor (MIT).
const STATE_FACTOR: usize = 8;

impl Workload {
    /// Reliable, no faults, no snapshots.
    #[must_use]
    pub const fn new(clients: usize, servers: usize) -> Self {
        Self {
            clients,
            servers,
            unreliable: false,
            crash: false,
            partitions: false,
            snapshots_at: None,
            keys: Keys::OwnAndOne,
            reads: Reads::ThroughTheLog,
        }
    }

    /// The cluster that it runs on.
    #[must_use]
    pub fn cluster(&self, lab: &Lab) -> KvCluster {
        let mut builder = lab.service(self.servers, Layer::KeyValue).reads(self.reads);
        if self.unreliable {
            builder = builder.unreliable();
        }
        if let Some(bytes) = self.snapshots_at {
            builder = builder.snapshots_at(bytes);
        }
        builder.start()
    }

    /// Runs it.
    pub fn run(self, lab: &Lab) {
        let cluster = self.cluster(lab);
        for round in 0..ROUNDS {
            lab.note(format!("round {}: {} clients", round + 1, self.clients));
            self.round(&cluster, round);
            if self.crash {
                cluster.servers().for_each(|server| cluster.crash(server));
                // No client is at work now: all have been answered. So what the next round finds missing was
                // lost by the restart, and not by a fault at the same time.
                lab.sleep_ms(200);
                cluster.repair();
            }
            match self.snapshots_at {
                Some(bytes) => cluster.expect_sizes(STATE_FACTOR * bytes, usize::MAX),
                // Without a limit there is nothing to take snapshots for (MIT: `maxraftstate` is -1).
                None => cluster.expect_sizes(usize::MAX, 0),
            }
        }
        // A last look at everything: an effect that nobody has read yet shows here.
        let keys: Vec<String> = self.keys_used();
        let mut reader = cluster.client();
        for key in keys {
            let _ = if is_by_version(lab, &key) {
                reader.read(&key).map(drop)
            } else {
                reader.get(&key).map(drop)
            };
        }
        cluster.check(self.operations_min());
    }

    /// How many operations must be answered: a fraction of those that the reference is answered, as one who waits for long after
    /// each lost message, partition or election is still right.
    fn operations_min(&self) -> usize {
        let all_rounds = OPERATIONS_PER_ROUND as usize;
        if self.partitions || self.unreliable {
            all_rounds / 10
        } else if self.crash {
            // Most of a round may pass before there is a leader again.
            all_rounds / 3
        } else {
            all_rounds
        }
    }

    /// How many clients there are. On a bad network most of a client's time goes in waiting for what was lost: where MIT
    /// has several clients, there are more of them there, lest few operations meet the faults.
    fn client_count(&self) -> usize {
        if self.unreliable && self.clients > 1 { self.clients + MORE_ON_A_BAD_NETWORK } else { self.clients }
    }

    fn duration(&self) -> Duration {
        match (self.partitions, self.unreliable) {
            (true, _) => ROUND_WITH_PARTITIONS,
            (false, true) => ROUND_UNRELIABLE,
            (false, false) => ROUND,
        }
    }

    fn keys_used(&self) -> Vec<String> {
        match self.keys {
            Keys::OwnAndOne => {
                (0..self.client_count()).map(|place| format!("k{place}")).chain(["v".to_owned()]).collect()
            }
            Keys::Random(keys) => (0..keys).map(key_name).collect(),
        }
    }

    /// Clients at work, with partitions if there are to be any. At the end all is healed, and all clients are answered.
    fn round(self, cluster: &KvCluster, round: usize) {
        let over = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..self.client_count())
            .map(|place| {
                let over = Arc::clone(&over);
                cluster.spawn_client(move |client| self.work(client, place, round, &over)).1
            })
            .collect();
        if self.partitions {
            split_again_and_again(cluster, self.duration());
        } else {
            cluster.lab().sleep(self.duration());
        }
        // Each client ends the operation that is under way. With the faults over it must be answered; otherwise
        // the run ends at its limit of virtual time.
        over.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(wait_for);
    }

    /// One client's round.
    fn work(self, mut client: Client, place: usize, round: usize, over: &AtomicBool) {
        let lab = client.lab.clone();
        // Without a pause a client on a good network would get thousands of answers in a second of virtual
        // time, and the check of the history would take longer than the run.
        let pause_max_us =
            2 * self.duration().as_micros() as u64 * self.clients as u64 / OPERATIONS_PER_ROUND;
        let own = format!("k{place}");
        // A new client in each round, which goes on where the last one of this place ended.
        let mut appended = (round > 0).then(|| client.get(&own)).flatten().unwrap_or_default();
        let mut count = 0;
        while !over.load(Ordering::Relaxed) {
            count += 1;
            let word = format!("x {place} {round} {count} y");
            // A key that holds nothing is another thing than one that was never written.
            let value = if count % 8 == 0 { "" } else { &word };
            match self.keys {
                Keys::OwnAndOne if lab.happens(50) => {
                    self.work_on_own(&mut client, &own, &word, &mut appended)
                }
                Keys::OwnAndOne if is_by_version(&lab, "v") => work_by_version(&mut client, "v", value),
                Keys::OwnAndOne => work_plainly(&mut client, "v", &word),
                Keys::Random(keys) => {
                    let key = key_name(lab.below(keys));
                    if is_by_version(&lab, &key) {
                        work_by_version(&mut client, &key, value);
                    } else {
                        work_plainly(&mut client, &key, &word);
                    }
                }
            }
            labrpc::thread::sleep(Duration::from_micros(lab.below(pause_max_us)));
        }
    }

    /// The classic suite: an append to the client's own key, or an exact check of it.
    fn work_on_own(self, client: &mut Client, key: &str, word: &str, appended: &mut String) {
        if client.lab.happens(50) {
            // Not if it was left out of the run. Any other error has failed the test.
            if client.append(key, word) == Ok(()) {
                appended.push_str(word);
            }
            return;
        }
        let Some(value) = client.get(key) else { return };
        if value != *appended {
            let otherwise = Violation::new(
                format!(
                    "C{} reads something else than it has appended to its own key {key}",
                    client.number()
                ),
                ending(appended),
                ending(&value),
            )
            .rule("linearizability (Herlihy & Wing 1990; §8)");
            client.fail_with_history(key, otherwise);
        }
    }
}

/// The classic suite on a key that others write as well.
fn work_plainly(client: &mut Client, key: &str, word: &str) {
    if client.lab.happens(50) {
        client.get(key);
        return;
    }
    let _: Result<(), ClerkError> =
        if client.lab.happens(20) { client.put(key, word) } else { client.append(key, word) };
}

/// The suite since 2025: a read, and a write of the version that was read.
fn work_by_version(client: &mut Client, key: &str, word: &str) {
    let Some((_, version)) = client.read(key) else { return };
    // Whether it was the right version is judged with the history.
    let _: Result<(), ClerkError> = if client.lab.happens(50) {
        client.replace(key, word, version)
    } else {
        client.replace_plain(key, word, version)
    };
}

/// Whether a key is written by version: those with a `v`, if the service has such writes.
#[must_use]
pub fn is_by_version(lab: &Lab, key: &str) -> bool {
    key.starts_with('v') && lab.writes_by_version()
}

/// Even keys are written by version.
fn key_name(number: u64) -> String {
    format!("{}{number}", if number.is_multiple_of(2) { 'v' } else { 'k' })
}

/// Every 1 to 1.2 s the servers are tossed into two sets anew (MIT), for this time in all. Then all are together again.
fn split_again_and_again(cluster: &KvCluster, time: Duration) {
    let lab = cluster.lab();
    let end = lab.now() + time;
    while lab.now() < end {
        let (one, other): (Vec<ServerId>, Vec<ServerId>) = cluster.servers().partition(|_| lab.happens(50));
        // Each server is tossed on its own, so one side may be empty: then all are together for a second.
        let split = cluster.partition(&[&one, &other]);
        lab.sleep_ms((1000 + lab.below(200)).min((end.saturating_sub(lab.now())).as_millis() as u64 + 1));
        split.end();
    }
    lab.note("the network is whole");
}

/// The last part of a long value.
fn ending(value: &str) -> String {
    const SHOWN: usize = 60;
    let start = value.char_indices().rev().nth(SHOWN).map_or(0, |(start, _)| start);
    format!("\"{}{}\", {} bytes", if start > 0 { "..." } else { "" }, &value[start..], value.len())
}
