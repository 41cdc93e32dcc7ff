//! Part 4B, the key/value service without snapshots: MIT's tests, classic and of 2025.
//!
//! Most are MIT's generic test with other parameters: see [`Workload`].

use std::time::Duration;

use kvraft_interface::Layer;
use lab_harness::Violation;
use lab_harness::kv::{Client, Keys, KvCluster, Workload, wait_within};
use lab_harness::lab::Lab;
use labrpc::network::{Address, ClientEnd};
use raft_interface::ServerId;

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

/// MIT's speed test: 1000 writes in 33.3 s.
pub(super) fn speed(lab: &Lab, cluster: KvCluster) {
    let mut client = cluster.client();
    client.get("x");
    let began = lab.now();
    for count in 0..1000_u32 {
        let _ = client.append("x", &format!("{count}."));
    }
    let took = lab.now() - began;
    lab.expect(took < Duration::from_millis(33_333), || {
        Violation::new("operations take too long", "at least 30 a second", format!("1000 in {took:?}"))
            .hint("a command that waits for the next heartbeat before it is sent or applied")
    });
    client.get("x");
    cluster.check(1002);
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
    let cluster = lab.service(3, Layer::KeyValue).unreliable().start();
    cluster.clients(CLIENTS, |_, mut client| {
        for _ in 0..APPENDS {
            let _ = client.append("same", "x");
        }
    });
    let value = cluster.client().get("same").unwrap_or_default();
    lab.expect(value.len() == CLIENTS * APPENDS, || {
        Violation::new(
            "appends were lost or took effect twice",
            format!("{} letters", CLIENTS * APPENDS),
            format!("{} letters", value.len()),
        )
        .rule("a write takes effect exactly once (§8)")
        .hint("a retry that takes effect again, or another client's write that is taken for a repetition")
    });
    cluster.check(CLIENTS * APPENDS);
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
    confine(cluster, client.ends(), &majority);
    let before = lab.now();
    let writer = cluster.spawn_with(client, |mut client: Client| {
        let _ = client.put("1", "14");
        client
    });
    let mut client = finish_within(lab, writer, Duration::from_secs(10), "the leader was cut off");
    expect_value(lab, &mut client, "1", "14");
    lab.note(format!("the majority has written after {:?}", lab.now() - before));

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
    for (place, (thread, _)) in stuck.iter().enumerate() {
        let what = ["Get", "Put"][place];
        lab.expect(!thread.is_finished(), || {
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
    }
    expect_value(lab, &mut client, "1", "14");
    let _ = client.put("1", "16");
    expect_value(lab, &mut client, "1", "16");
    split.end();
    for (thread, ends) in stuck {
        free(cluster, &ends);
        finish_within(lab, thread, Duration::from_secs(10), "the network was healed");
    }
    free(cluster, client.ends());
    expect_value(lab, &mut client, "1", "15");
    cluster.check(7);
}

/// Lets a client, by its ends, reach these servers only.
fn confine(cluster: &KvCluster, ends: &[ClientEnd], servers: &[ServerId]) {
    for (server, end) in ends.iter().enumerate() {
        if !servers.contains(&server) {
            cluster.network().disable(end);
        }
    }
}

/// Lets a client reach all servers again.
fn free(cluster: &KvCluster, ends: &[ClientEnd]) {
    ends.iter().for_each(|end| cluster.network().enable(end));
}

/// Fails if a thread of the scenario takes longer.
pub(super) fn finish_within<T>(
    lab: &Lab,
    thread: labrpc::thread::JoinHandle<T>,
    patience: Duration,
    when: &str,
) -> T {
    wait_within(lab, thread, patience, 20, || {
        Violation::new(
            format!("an operation has not completed {patience:?} after {when}"),
            "it completes",
            "it still waits",
        )
        .hint("a clerk that asks the same server for ever, or a server that keeps a request for ever")
    })
}

pub(super) fn expect_value(lab: &Lab, client: &mut Client, key: &str, wanted: &str) {
    let value = client.get(key).unwrap_or_default();
    lab.expect(value == wanted, || {
        Violation::new(
            format!("a wrong value of {key}"),
            format!("{wanted:?}, the last that was written"),
            format!("{value:?}"),
        )
        .rule("linearizability (§8)")
    });
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

/// A follower that is cut off is asked for a value: it must not answer with an old one.
///
/// Catches: reads from any replica's state.
pub fn lagging_follower_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).start();
    let mut client = cluster.client();
    let _ = client.put("x", "old");
    let leader = cluster.check_one_leader();
    let follower = cluster.next(leader, 1);
    cluster.disconnect(follower);
    let _ = client.put("x", "new");
    let reader = cluster.client();
    confine(&cluster, reader.ends(), &[follower]);
    let ends = reader.ends().to_vec();
    let thread = cluster.spawn_with(reader, |mut reader: Client| reader.get("x"));
    lab.sleep_ms(1000);
    cluster.connect(follower);
    free(&cluster, &ends);
    let value = finish_within(lab, thread, Duration::from_secs(10), "the follower was connected again");
    lab.expect(value.as_deref() == Some("new"), || {
        Violation::new(
            "a follower answered with an old value",
            "\"new\", which was acknowledged before",
            format!("{value:?}"),
        )
        .rule("a read returns the latest acknowledged write (§8)")
        .hint("a Get that is answered from the server's own state")
        .servers([follower])
    });
    cluster.check(3);
}

/// A request goes to two leaders. The reply of the first is lost; or its entry is in the log of one follower, which leads
/// next and gets the request again, so that both entries commit together; or its entry is lost. It takes effect once.
///
/// Catches: duplicates that are looked for when a request comes in, and not when it is applied; a request that counts as done
/// when it is proposed.
pub fn same_request_through_two_leaders_4b(lab: &Lab) {
    let cluster = lab.service(4, Layer::KeyValue).start();
    let mut client = cluster.client();
    let _ = client.append("x", "a");
    for round in 0..9 {
        let leader = cluster.check_one_leader();
        let word = format!("{round}.");
        let (number, ends) = (client.number(), client.ends().to_vec());
        let (worker, word_sent) = (client, word.clone());
        let append = || {
            cluster.spawn_with(worker, move |mut client: Client| {
                let _ = client.append("x", &word_sent);
                client
            })
        };
        let thread = match round % 3 {
            0 => reply_is_lost(lab, &cluster, number, leader, append),
            1 => entry_is_in_two_logs(lab, &cluster, leader, append),
            _ => {
                // The clerk can only come back to the same server.
                confine(&cluster, &ends, &[leader]);
                let thread = entry_is_lost(lab, &cluster, leader, append);
                free(&cluster, &ends);
                thread
            }
        };
        client = finish_within(lab, thread, Duration::from_secs(10), "the network was healed");
        let value = client.get("x").unwrap_or_default();
        lab.expect(value.matches(&word).count() == 1, || {
            Violation::new(
                "an append took effect more or less than once",
                format!("{word:?} once"),
                format!("{value:?}"),
            )
            .rule("a write takes effect exactly once, however often it stands in the log (§8)")
            .hint("a repeated request must be recognised where it is applied, not where it comes in")
        });
    }
    cluster.check(19);
}

/// What asks the service once, in a thread.
type Asking = labrpc::thread::JoinHandle<Client>;

/// Replies to the clerk are lost, so it asks the others and comes back.
fn reply_is_lost(
    lab: &Lab,
    cluster: &KvCluster,
    client: u32,
    leader: ServerId,
    ask: impl FnOnce() -> Asking,
) -> Asking {
    let deaf = cluster.network().add_rule(labrpc::network::Partition::one_way(
        cluster.servers().into_iter().map(|server| server as u32).map(Address::Server),
        [Address::Client(client)],
    ));
    let thread = ask();
    lab.sleep_ms(20 + lab.below(60));
    cluster.disconnect(leader);
    lab.sleep_ms(1500);
    deaf.end();
    cluster.connect(leader);
    thread
}

/// One follower of three has the entry when the leader is cut off. It is the only one of them that can lead, and commits that
/// entry together with its own.
fn entry_is_in_two_logs(
    lab: &Lab,
    cluster: &KvCluster,
    leader: ServerId,
    ask: impl FnOnce() -> Asking,
) -> Asking {
    let others: Vec<ServerId> = (2..4).map(|step| cluster.next(leader, step)).collect();
    let split = cluster.partition(&[&[leader, cluster.next(leader, 1)], &others]);
    let thread = ask();
    lab.sleep_ms(200 + lab.below(200));
    cluster.disconnect(leader);
    split.end();
    lab.sleep_ms(1500);
    cluster.connect(leader);
    thread
}

/// The leader proposes alone, and another leads and overwrites that.
fn entry_is_lost(lab: &Lab, cluster: &KvCluster, leader: ServerId, ask: impl FnOnce() -> Asking) -> Asking {
    let split = cluster.partition(&[&[leader], &cluster.others(leader)]);
    let thread = ask();
    lab.sleep_ms(50);
    let mut other = cluster.client();
    confine(cluster, other.ends(), &cluster.others(leader));
    let _ = other.put("y", "");
    split.end();
    lab.sleep_ms(1500);
    thread
}

/// Clients die in the middle of a call; others take over the keys. What they asked for took effect once or never.
pub fn clients_crash_4b(lab: &Lab) {
    let cluster = lab.service(5, Layer::KeyValue).unreliable().start();
    for round in 0..8 {
        let workers: Vec<_> = (0..5)
            .map(|place| {
                let lab = lab.clone();
                cluster.spawn_client(move |mut client| {
                    for count in 0..40 {
                        let _ = client.append("shared", &format!("{round}.{place}.{count} "));
                        labrpc::thread::sleep(Duration::from_millis(lab.below(10)));
                    }
                })
            })
            .collect();
        lab.sleep_ms(400 + lab.below(200));
        for (node, thread) in workers {
            if !node.crash() {
                lab_harness::kv::wait_for(thread);
            }
        }
        cluster.client().get("shared");
    }
    lab.sleep_ms(500);
    cluster.client().get("shared");
    cluster.check(50);
}

/// Requests and replies arrive twice, the second time up to a second late.
///
/// Catches: copies of old requests that take effect after their client has gone on.
pub fn duplicated_requests_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).start();
    let doubling = cluster.duplicates(0.3, Duration::from_millis(1000));
    cluster.clients(5, |place, mut client| {
        let mut version = 0;
        for count in 0..40 {
            let _ = client.append("shared", &format!("{place}.{count} "));
            client.get("shared");
            if let Some((_, now)) = client.read("v") {
                version = now;
            }
            let _ = client.replace("v", &format!("{place}.{count}"), version);
        }
    });
    lab.sleep_ms(1500);
    doubling.end();
    let mut client = cluster.client();
    client.get("shared");
    client.read("v");
    cluster.check(600);
}

/// Clients write the same version at once, again and again: one of them succeeds.
///
/// Catches: a version that is compared before the entry is applied.
pub fn races_for_a_version_4b(lab: &Lab) {
    const ROUNDS: u64 = 60;
    let cluster = lab.service(3, Layer::KeyValue).start();
    // So that commands wait for each other's commits.
    let late = cluster.delays(0.5, Duration::from_millis(10));
    let wins = cluster.clients(6, |place, mut client| {
        let mut wins = Vec::new();
        while let Some((_, version)) = client.read("v") {
            if version >= ROUNDS {
                break;
            }
            let value = format!("{place}");
            let told = if place == 0 {
                client.replace("v", &value, version)
            } else {
                client.replace_plain("v", &value, version)
            };
            wins.extend(told.is_ok().then_some(version));
        }
        wins
    });
    late.end();
    let mut wins = wins.concat();
    wins.sort_unstable();
    let twice = wins.windows(2).find(|pair| pair[0] == pair[1]);
    lab.expect(twice.is_none(), || {
        Violation::new(
            "two writes of the same version succeeded",
            "one of them",
            format!("version {} was replaced twice", twice.map_or(0, |pair| pair[0])),
        )
        .rule("a conditional write is judged where it is applied")
        .hint("the version is compared when the request comes in; another one may be in the log before it")
    });
    cluster.check(ROUNDS as usize);
}
