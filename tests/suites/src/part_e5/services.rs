//! Part E5 on services: reads by lease, on followers, and of states that may be old (thesis §6.4). For services that
//! [offer](kvraft_interface::KeyValue::offers_reads) such reads; a Raft without a service is not asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kvraft_interface::{Layer, Reads};
use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster};
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, FaultWeights, Nemesis};
use labrpc::sync::Arc;
use raft_interface::{Features, Index, ServerId};

use super::leases::LEASES;
use crate::clients::{confine, expect_value, finish_within, free};
use crate::part_4b::reads::slow_replica_reads;

/// A client that can reach one follower only reads what another client has just written at the leader. Then the follower lags
/// behind, is cut off with an old state, and is asked again.
///
/// Catches: a follower that answers from the state it has, that takes its own commit index for the leader's, or that does not
/// wait until it has applied what the leader says.
pub fn follower_query_e5(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).reads(Reads::Follower).paced().start();
    let mut writer = cluster.client();
    let _ = writer.put("x", "first");
    for round in 0..4_u32 {
        let leader = cluster.check_one_leader();
        let follower = cluster.next(leader, 1 + round as usize % 2);
        let mut reader = cluster.client();
        confine(&cluster, reader.ends(), &[follower]);
        // Its log has all that is committed, and its machine has not.
        cluster.pace(follower, Duration::from_millis(40));
        for count in 0..5_u32 {
            let value = format!("{round}.{count}");
            let _ = writer.put("x", &value);
            expect_value(&mut reader, "x", &value);
        }
        cluster.pace(follower, Duration::ZERO);
        // It has nobody to ask, so it must not answer before it has.
        cluster.disconnect(follower);
        let value = format!("{round} without S{follower}");
        let _ = writer.put("x", &value);
        let ends = reader.ends().to_vec();
        let reading = cluster.spawn_with(reader, |mut reader: Client| reader.get("x"));
        lab.sleep_ms(1200);
        cluster.connect(follower);
        let read = finish_within(lab, reading, Duration::from_secs(10), "the follower was connected again");
        free(&cluster, &ends);
        if read.as_ref() != Some(&value) {
            let otherwise = Violation::new(
                format!("S{follower}, which does not lead, answered with an old value"),
                format!("{value:?}, which was acknowledged before the read began"),
                format!("{read:?}"),
            )
            .rule("a follower answers a query when it has applied the read index that the leader gave it after the query arrived (thesis §6.4)")
            .hint("a follower takes what it knows to be committed for all that is")
            .servers([follower]);
            writer.fail_with_history("x", otherwise);
        }
    }
    cluster.check(28);
}

/// A client reads weakly and goes from server to server: to one that is up to date, to one that applies slowly, and to a leader in
/// a minority that has taken a write which never commits. It sees no state that is older than the last one it has seen, and none
/// that was never committed.
///
/// Catches: a position that is not asked for, or is not that of the state; a server that reads what is in its log.
pub fn weak_reads_never_go_back_e5(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).paced().start();
    let mut writer = cluster.client();
    let mut reader = cluster.client_reading(Reads::Weak);
    let mut seen = Weakly::default();
    let mut count = 0;
    for _ in 0..3 {
        writer.get("x");
        let leader = cluster.check_one_leader();
        let [fast, slow] = [1, 2].map(|step| cluster.next(leader, step));
        cluster.pace(slow, Duration::from_millis(60));
        for server in [fast, slow, leader, slow, fast, leader, slow, slow] {
            count += 1;
            let _ = writer.put("x", &count.to_string());
            reader = seen.read_at(lab, &cluster, reader, server, count);
        }
        cluster.pace(slow, Duration::ZERO);
        // A write that is in no other log. Whoever reads it has read what was never committed.
        let split = cluster.partition(&[&[leader], &[fast, slow]]);
        let lonely = cluster.client();
        let ends = lonely.ends().to_vec();
        confine(&cluster, &ends, &[leader]);
        let writing = cluster.spawn_with(lonely, |mut lonely: Client| {
            let _ = lonely.append("y", "alone"); // what a lonely leader has appended may commit later, or not
        });
        lab.sleep_ms(200);
        let ends_of_reader = reader.ends().to_vec();
        confine(&cluster, &ends_of_reader, &[leader]);
        // It may also wait: the leader may be behind what this client has seen.
        let reading = cluster.spawn_with(reader, |mut reader: Client| {
            let read = reader.read_weakly("y");
            (reader, read)
        });
        lab.sleep_ms(300);
        let too_early = reading.is_finished();
        split.end();
        free(&cluster, &ends);
        free(&cluster, &ends_of_reader);
        finish_within(lab, writing, Duration::from_secs(10), "the network was healed");
        let (back, read) = finish_within(lab, reading, Duration::from_secs(10), "the network was healed");
        reader = back;
        let value = read.map(|(value, _)| value).unwrap_or_default();
        // Those of earlier rounds were committed after the network was healed.
        let is_new = value.matches("alone").count() > seen.committed_alone;
        lab.expect(!(too_early && is_new), || {
            Violation::new(
                "a weak read has seen what was not committed",
                format!("{:?}, or less", "alone".repeat(seen.committed_alone)),
                format!("{value:?}"),
            )
            .rule("a weak read sees a state that was committed (Reads::Weak)")
            .hint("a server that answers from its log, or applies what it has only appended")
            .servers([leader])
        });
        seen.committed_alone = writer.get("y").unwrap_or_default().matches("alone").count();
    }
    cluster.check(30);
}

/// What a client has read weakly.
#[derive(Debug, Default)]
struct Weakly {
    /// The highest count.
    count: u32,
    /// The highest position.
    position: Index,
    /// How many writes of a lonely leader have been committed since.
    committed_alone: usize,
}

impl Weakly {
    /// Reads at that server only, and compares with what was read before and with what was written.
    fn read_at(
        &mut self,
        lab: &Lab,
        cluster: &KvCluster,
        reader: Client,
        server: ServerId,
        written: u32,
    ) -> Client {
        let ends = reader.ends().to_vec();
        confine(cluster, &ends, &[server]);
        let reading = cluster.spawn_with(reader, |mut reader: Client| {
            let read = reader.read_weakly("x");
            (reader, read)
        });
        let (reader, read) =
            finish_within(lab, reading, Duration::from_secs(10), "a weak read of a server that is well");
        free(cluster, &ends);
        let Some((value, position)) = read else { return reader };
        let count: u32 = value.parse().unwrap_or_default();
        lab.expect((self.count..=written).contains(&count), || {
            Violation::new(
                format!("a weak read at S{server} went back"),
                format!("{} or more, as this client has seen before", self.count),
                format!("{value:?}"),
            )
            .rule("no read of a client sees an older state than the one before it (Reads::Weak)")
            .hint("a server that does not wait until it has applied what the client has seen elsewhere")
            .servers([server])
        });
        self.count = count;
        if let Some(position) = position {
            let committed = cluster.committed_last();
            lab.expect((self.position..=committed).contains(&position), || {
                Violation::new(
                    format!("S{server} names a position that cannot be"),
                    format!("{} to {committed}: what this client has seen, and what was ever applied", self.position),
                    position.to_string(),
                )
                .rule("a position is the index of the last entry that was applied in the state that was read (AnyClerk::position)")
                .servers([server])
            });
            self.position = position;
        }
        reader
    }
}

/// The leader crashes after many writes, and whoever leads next applies them slowly. It has a lease soon, and has not applied what was
/// acknowledged.
///
/// Catches: a read that takes a lease for all that is needed, and looks at the machine at once.
pub fn slow_replica_lease_reads_e5(lab: &Lab) {
    let features = Features { noop_on_election: true, ..LEASES };
    let builder = lab.service(3, Layer::KeyValue).features(features).reads(Reads::Lease).paced();
    slow_replica_reads(lab, &builder.start());
}

/// How a client of [`chaos_e5`] reads.
const WAYS: [Reads; 4] = [Reads::ReadIndex, Reads::Lease, Reads::Follower, Reads::Lease];
/// What the clients work on.
const KEYS: [&str; 3] = ["k0", "k1", "k2"];

/// Faults of every kind but for the clocks, against a service whose Raft gives leases and whose clients read in all ways there are.
/// What they see is linearizable.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e5(lab: &Lab) {
    let features = Features { noop_on_election: true, ..LEASES };
    let builder = lab.service(5, Layer::KeyValue).snapshots_at(500 + lab.below(1500) as usize);
    let cluster = builder.features(features).start();
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = WAYS
        .map(|way| cluster.client_reading(way))
        .into_iter()
        .map(|client| {
            let over = Arc::clone(&over);
            cluster.spawn_with(client, move |client| work(client, &over))
        })
        .collect();
    // A lease is as good as the clocks, which are the machine's own in the real world.
    let plan =
        FaultPlan { weights: FaultWeights { clock: 0, ..FaultPlan::SERVICE.weights }, ..FaultPlan::SERVICE };
    Nemesis::new(lab, &cluster, plan).run(
        || {},
        || {
            let thread = cluster.spawn_client(|mut client| client.append(KEYS[0], "!").is_ok()).1;
            finish_within(lab, thread, Duration::from_secs(10), "all faults had ended");
            lab.sleep_ms(500);
        },
    );
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        finish_within(lab, worker, Duration::from_secs(10), "all faults had ended");
    }
    let mut reader = cluster.client();
    KEYS.iter().for_each(|key| drop(reader.get(key)));
    cluster.check(20);
}

/// Reads twice as often as it writes.
fn work(mut client: Client, over: &AtomicBool) {
    let lab = client.lab().clone();
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        count += 1;
        let key = KEYS[lab.below(KEYS.len() as u64) as usize];
        if lab.happens(33) {
            let _ = client.append(key, &format!("{}.{count} ", client.number()));
        } else {
            client.get(key);
        }
        labrpc::thread::sleep(Duration::from_millis(lab.below(60)));
    }
}
