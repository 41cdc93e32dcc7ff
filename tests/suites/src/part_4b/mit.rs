//! Part 4B, the key/value service without snapshots: MIT's tests, classic and of 2025.
//!
//! Most are MIT's generic test with other parameters: see [`Workload`].

use std::time::Duration;

use kvraft_interface::{Layer, Writes};
use lab_harness::Violation;
use lab_harness::kv::{Client, Keys, KvCluster, Workload, expect_waits};
use lab_harness::lab::Lab;
use raft_interface::ServerId;

use crate::clients::{confine, expect_value, finish_within, free, speed};

/// One client, five servers, no faults.
pub fn basic_4b(lab: &Lab) {
    Workload::new(1, 5).run(lab);
}

/// One client, a thousand writes one after the other, at least 30 a second.
///
/// Catches: an operation that waits for a heartbeat.
pub fn speed_4b(lab: &Lab) {
    speed(lab, lab.service(3, Layer::KeyValue).start());
}

/// Five clients at once.
pub fn concurrent_4b(lab: &Lab) {
    Workload::new(5, 5).run(lab);
}

/// Twenty clients (MIT: five), messages are lost.
///
/// Catches: a retry that takes effect again.
pub fn unreliable_4b(lab: &Lab) {
    Workload { unreliable: true, ..Workload::new(5, 5) }.run(lab);
}

/// Five clients append the same letter to one key, twenty times each, and messages are lost: it is there a hundred times.
///
/// Catches: duplicates that are known by their value, and numbers that change with each retry.
pub fn unreliable_one_key_4b(lab: &Lab) {
    const CLIENTS: usize = 5;
    const APPENDS: usize = 20;
    lab.needs_writes(&[Writes::Plain]);
    let cluster = lab.service(3, Layer::KeyValue).unreliable().start();
    cluster.clients(CLIENTS, |_, mut client| {
        for _ in 0..APPENDS {
            let _ = client.append("same", "x");
        }
    });
    let mut reader = cluster.client();
    let letters = reader.get("same").unwrap_or_default().len();
    if letters != CLIENTS * APPENDS {
        lab.fail(wrong_count(&mut reader, letters, CLIENTS * APPENDS));
    }
    cluster.check(CLIENTS * APPENDS);
}

/// What is wrong with a key of equal letters that has not as many as were appended.
fn wrong_count(reader: &mut Client, letters: usize, appended: usize) -> Violation {
    let number = reader.number();
    let expected = format!("{appended} letters, one for each append that has completed");
    let violation = |headline: String, seen: String, hint: &'static str| {
        Violation::new(headline, expected, seen).rule("a write takes effect exactly once (§8)").hint(hint)
    };
    if letters > appended {
        return violation(
            format!("double apply: C{number}'s get(same) returned more letters than were appended"),
            format!("{letters} letters"),
            "a retry that takes effect again",
        );
    }
    // If this shows, the state that was read is one of after all appends.
    let _ = reader.append("same", "!");
    let again = reader.get("same").unwrap_or_default();
    let left = again.matches('x').count();
    if again.ends_with('!') && left < appended {
        return violation(
            format!(
                "lost update: {} of {appended} appends are missing in C{number}'s get(same)",
                appended - left
            ),
            format!("{left} letters, and behind them what C{number} has appended later"),
            "another client's write that is taken for a repetition, or a write that is acknowledged before it is committed",
        );
    }
    violation(
        format!("missing write: C{number}'s get(same) returned fewer letters than were appended"),
        format!("{letters} letters, and then {left}"),
        "a Get that is answered from a server's own state, or a write that was acknowledged and lost",
    )
}

/// The leader is in a minority: nothing completes there, all completes in the majority, and after healing everywhere.
///
/// Catches: an answer without a majority, from a leader that is one no more or does not know.
pub fn one_partition_4b(lab: &Lab) {
    one_partition(lab, &lab.service(5, Layer::KeyValue).start());
}

/// MIT's `OnePartition`.
pub(super) fn one_partition(lab: &Lab, cluster: &KvCluster) {
    let mut client = cluster.client();
    let _ = client.put("1", "13");
    let leader = cluster.check_one_leader();
    let minority = [leader, cluster.next(leader, 1)];
    let majority: Vec<ServerId> = (2..5).map(|step| cluster.next(leader, step)).collect();
    let split = cluster.partition(&[&minority, &majority]);
    // The partition parts the servers. Of clients it knows nothing: they would reach both sides.
    confine(cluster, client.ends(), &majority);
    let before = lab.now();
    let writer = cluster.spawn_with(client, |mut client: Client| {
        let _ = client.put("1", "14");
        client
    });
    let mut client = finish_within(lab, writer, Duration::from_secs(10), "the leader was cut off");
    expect_value(&mut client, "1", "14");
    lab.note(format!("the majority has written after {:?}", lab.now() - before));

    // A read and a write. The read is the one that a careless leader answers from its memory.
    let stuck = [false, true].map(|is_write| {
        let client = cluster.client();
        confine(cluster, client.ends(), &minority);
        let ends = client.ends().to_vec();
        let work = move |mut client: Client| {
            if is_write {
                let _ = client.put("1", "15");
            } else {
                client.get("1");
            }
        };
        (cluster.spawn_with(client, work), ends)
    });
    lab.sleep_ms(3000); // so long that servers and clerks run out of patience, too
    let mut what = ["Get", "Put"].into_iter();
    let stuck = stuck.map(|(thread, ends)| {
        let what = what.next().unwrap_or_default();
        let thread = expect_waits(lab, thread, |()| {
            Violation::new(
                format!("a {what} completed in a minority"),
                "it waits for the majority",
                "it has returned",
            )
            .rule("nothing is answered without a majority (§5.3, §8)")
            .hint(
                "a leader that answers from its own state, or a clerk that reports success without an answer",
            )
            .servers(minority)
        });
        (thread, ends)
    });
    expect_value(&mut client, "1", "14");
    let _ = client.put("1", "16");
    expect_value(&mut client, "1", "16");
    split.end();
    for (thread, ends) in stuck {
        free(cluster, &ends);
        finish_within(lab, thread, Duration::from_secs(10), "the network was healed");
    }
    free(cluster, client.ends());
    // Both had waited for the majority, so the write of 15 took effect after that of 16.
    expect_value(&mut client, "1", "15");
    cluster.check(7);
}

/// One client, and partitions that change every second.
pub fn many_partitions_one_client_4b(lab: &Lab) {
    Workload { partitions: true, ..Workload::new(1, 5) }.run(lab);
}

/// Five clients, and partitions that change every second.
pub fn many_partitions_many_clients_4b(lab: &Lab) {
    Workload { partitions: true, ..Workload::new(5, 5) }.run(lab);
}

/// One client, and all servers restart.
pub fn persist_one_client_4b(lab: &Lab) {
    Workload { crash: true, ..Workload::new(1, 5) }.run(lab);
}

/// Five clients, and all servers restart.
pub fn persist_concurrent_4b(lab: &Lab) {
    Workload { crash: true, ..Workload::new(5, 5) }.run(lab);
}

/// The same, and messages are lost.
pub fn persist_concurrent_unreliable_4b(lab: &Lab) {
    Workload { crash: true, unreliable: true, ..Workload::new(5, 5) }.run(lab);
}

/// Partitions and restarts.
pub fn persist_partition_4b(lab: &Lab) {
    Workload { crash: true, partitions: true, ..Workload::new(5, 5) }.run(lab);
}

/// Partitions, restarts and lost messages.
pub fn persist_partition_unreliable_4b(lab: &Lab) {
    Workload { crash: true, partitions: true, unreliable: true, ..Workload::new(5, 5) }.run(lab);
}

/// The same with thirty clients (MIT: fifteen), seven servers and shared keys.
pub fn persist_partition_unreliable_linearizable_4b(lab: &Lab) {
    let keys = Keys::Random(20);
    Workload { crash: true, partitions: true, unreliable: true, keys, ..Workload::new(15, 7) }.run(lab);
}
