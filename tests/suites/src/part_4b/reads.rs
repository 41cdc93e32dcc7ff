//! Part 4B, reads without the log (§8; thesis §6.4, ReadIndex): they must be as good as those through it.
//!
//! A service without ReadIndex passes these as well: its reads go through the log.

use std::time::Duration;

use kvraft_interface::{Layer, Reads};
use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster, Workload};
use lab_harness::lab::Lab;

use super::mit::one_partition;
use crate::clients::{expect_value, finish_within};

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

/// The first read of a leader that has just been elected sees what its predecessor acknowledged.
///
/// Catches: a leader that reads before an entry of its own term has committed.
pub fn first_read_of_a_term_4b(lab: &Lab) {
    let cluster = lab.service(5, Layer::KeyValue).reads(Reads::ReadIndex).start();
    let mut client = cluster.client();
    for round in 0..8_u32 {
        let value = round.to_string();
        let _ = client.put("x", &value);
        let leader = cluster.check_one_leader();
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
    cluster.check(16);
}
