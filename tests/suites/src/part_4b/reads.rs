//! Part 4B, reads without the log (§8; thesis §6.4, ReadIndex): they must be as good as those through it.
//!
//! A service without ReadIndex passes these as well: its reads go through the log.

use std::time::Duration;

use kvraft_interface::{Layer, Reads};
use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster, Workload, expect_waits};
use lab_harness::lab::Lab;
use raft_interface::ServerId;

use super::mit::one_partition;
use crate::clients::{confine, expect_value, finish_within, free};

/// Five clients, partitions and restarts.
pub fn read_index_4b(lab: &Lab) {
    Workload { reads: Reads::ReadIndex, crash: true, partitions: true, ..Workload::new(5, 5) }.run(lab);
}

/// The leader is in a minority, and must not answer reads there.
///
/// Catches: a leader that reads because it believes that it leads.
pub fn read_index_one_partition_4b(lab: &Lab) {
    one_partition(lab, &lab.service(5, Layer::KeyValue).reads(Reads::ReadIndex).start());
}

/// Writes and reads one after the other, while something happens to the leader again and again.
fn read_what_was_written(lab: &Lab, cluster: &KvCluster, disturb: impl Fn(&Lab, &KvCluster)) {
    let reader = cluster.client();
    let mut writer = cluster.client();
    let over = labrpc::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let ended = labrpc::sync::Arc::clone(&over);
    // Reads are under way at every moment, so some wait at the leader whenever something happens to it.
    let reading = cluster.spawn_with(reader, move |mut reader: Client| {
        while !ended.load(std::sync::atomic::Ordering::Relaxed) {
            reader.get("x");
            labrpc::thread::sleep(Duration::from_millis(5));
        }
    });
    for round in 0..5_u32 {
        let value = format!("{round}");
        // Acknowledged, so every read that begins later must see it, whoever answers.
        let _ = writer.put("x", &value);
        disturb(lab, cluster);
        for again in 0..5_u32 {
            let value = format!("{round}.{again}");
            let _ = writer.put("x", &value);
            expect_value(&mut writer, "x", &value);
        }
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    finish_within(lab, reading, Duration::from_secs(10), "all was well again");
    cluster.check(60);
}

/// The leader stops for two seconds, as in a long garbage collection, and goes on as if nothing had happened: it still
/// believes that it leads, and requests for reads are waiting for it.
pub fn paused_leader_reads_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).reads(Reads::ReadIndex).start();
    cluster.client().get("x");
    read_what_was_written(lab, &cluster, |lab, cluster| {
        let leader = cluster.check_one_leader();
        // Long enough for a successor that accepts writes of which this one does not hear.
        let was_paused = cluster.pause(leader);
        lab.sleep_ms(2000);
        if was_paused {
            cluster.resume(leader);
        }
    });
}

/// The leader's clock runs at a tenth of true time, then ten times as fast; it is cut off meanwhile. No clock may matter.
pub fn drifting_clocks_reads_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).reads(Reads::ReadIndex).start();
    cluster.client().get("x");
    read_what_was_written(lab, &cluster, |lab, cluster| {
        let leader = cluster.check_one_leader();
        // With a clock at a tenth a lease would last ten times as long as the others believe. With one that
        // runs ten times as fast the server stands for election ten times as soon.
        for ppm in [100_000, 10_000_000] {
            cluster.set_clock_rate(leader, ppm);
            cluster.disconnect(leader);
            lab.sleep_ms(1000);
            cluster.connect(leader);
        }
        cluster.set_clock_rate(leader, 1_000_000);
    });
}

/// The first read of a leader that has just been elected sees what its predecessor acknowledged. That one crashes with its
/// acknowledgement on the way, so that nobody has heard from it that the entry is committed.
///
/// Catches: a leader that reads before an entry of its own term has committed.
pub fn first_read_of_a_term_4b(lab: &Lab) {
    let cluster = lab.service(5, Layer::KeyValue).reads(Reads::ReadIndex).start();
    let mut client = cluster.client();
    for round in 0..8_u32 {
        let value = round.to_string();
        // Before the write: to look for the leader takes long enough for the others to hear of the commit.
        client.get("x");
        let leader = cluster.check_one_leader();
        let _ = client.put("x", &value);
        // The next leader has the entry, and need not know that it is committed (§5.4.2).
        cluster.crash(leader);
        let read = client.get("x");
        if read.as_deref() != Some(value.as_str()) {
            let otherwise = Violation::new(
                "a new leader answered with an old value",
                format!("{value:?}"),
                format!("{read:?}"),
            )
            .rule("a leader reads only after an entry of its own term has committed (§8)");
            client.fail_with_history("x", otherwise);
        }
        cluster.restart(leader);
    }
    cluster.check(24);
}

/// A leader that has confirmed reads is cut off with one follower, the others elect another one and write, and the old leader is
/// asked again.
///
/// Catches: a confirmation that serves more reads than those that wait for it.
pub fn read_before_and_after_a_partition_4b(lab: &Lab) {
    let cluster = lab.service(5, Layer::KeyValue).reads(Reads::ReadIndex).start();
    let mut client = cluster.client();
    for round in 0..3_u32 {
        let [old, new] = ["old", "new"].map(|word| format!("{round} {word}"));
        let _ = client.put("x", &old);
        let leader = cluster.check_one_leader();
        let mut reader = cluster.client();
        // Twice: the first may go through the log.
        expect_value(&mut reader, "x", &old);
        expect_value(&mut reader, "x", &old);
        confine(&cluster, reader.ends(), &[leader]);
        let minority = [leader, cluster.next(leader, 1)];
        let majority: Vec<ServerId> = (2..5).map(|step| cluster.next(leader, step)).collect();
        let split = cluster.partition(&[&minority, &majority]);
        confine(&cluster, client.ends(), &majority);
        let written = new.clone();
        let writing = cluster.spawn_with(client, move |mut client: Client| {
            let _ = client.put("x", &written);
            client
        });
        client = finish_within(lab, writing, Duration::from_secs(10), "the leader was cut off");
        let ends = reader.ends().to_vec();
        let reading = cluster.spawn_with(reader, |mut reader: Client| reader.get("x"));
        lab.sleep_ms(1500);
        let reading = expect_waits(lab, reading, |read| {
            Violation::new(
                "a leader that is cut off has answered a read",
                "it waits for a majority: the others have another leader, and have written since",
                format!("it has answered {read:?}"),
            )
            .rule("a read is confirmed by a majority after it has arrived (§8; thesis §6.4, step 3)")
            .hint("a confirmation of an earlier read is taken for one of this")
            .servers(minority)
        });
        split.end();
        free(&cluster, &ends);
        free(&cluster, client.ends());
        let read = finish_within(lab, reading, Duration::from_secs(10), "the network was healed");
        lab.expect(read.as_ref() == Some(&new), || {
            Violation::new(
                "a wrong value of x",
                format!("{new:?}, the last that was written"),
                format!("{read:?}"),
            )
            .rule("linearizability (§8)")
        });
    }
    cluster.check(15);
}

/// The leader applies at once, its followers slowly, and it crashes after many writes. Whoever leads next has much to apply that
/// was acknowledged, and is asked meanwhile by several clients.
///
/// Catches: a read that is woken when the replica has applied something, and does not look whether that is enough.
pub fn slow_replica_reads_4b(lab: &Lab) {
    slow_replica_reads(lab, &lab.service(3, Layer::KeyValue).reads(Reads::ReadIndex).paced().start());
}

pub(crate) fn slow_replica_reads(lab: &Lab, cluster: &KvCluster) {
    const WRITES: u32 = 30;
    const READERS: usize = 4;
    /// So that the last write is applied well after an election.
    const PACE: Duration = Duration::from_millis(60);

    let mut writer = cluster.client();
    for round in 0..3_u32 {
        writer.get("x");
        let leader = cluster.check_one_leader();
        cluster.others(leader).into_iter().for_each(|follower| cluster.pace(follower, PACE));
        let mut last = String::new();
        for count in 0..WRITES {
            last = format!("{round}.{count}");
            let _ = writer.put("x", &last);
        }
        cluster.crash(leader);
        let readings: Vec<_> = (0..READERS)
            .map(|_| cluster.client())
            .map(|reader| {
                let (lab, last) = (lab.clone(), last.clone());
                cluster.spawn_with(reader, move |reader: Client| read_the_last(&lab, reader, &last))
            })
            .collect();
        for reading in readings {
            finish_within(lab, reading, Duration::from_secs(30), "the leader had crashed");
        }
        cluster.servers().for_each(|server| cluster.pace(server, Duration::ZERO));
        cluster.restart(leader);
    }
    cluster.check(150);
}

/// Reads again and again, while nobody writes.
fn read_the_last(lab: &Lab, mut reader: Client, last: &str) {
    for _ in 0..15 {
        let read = reader.get("x");
        lab.expect(read.as_deref() == Some(last), || {
            Violation::new(
                "a replica that lags behind has answered with an old value",
                format!("{last:?}, which was acknowledged before the read began"),
                format!("{read:?}"),
            )
            .rule("a read waits until the machine has applied the read index: linearizability (§8; thesis §6.4, step 4)")
            .hint("a read that is woken once and does not look again whether enough is applied: if in place of while")
        });
        labrpc::thread::sleep(Duration::from_millis(20));
    }
}
