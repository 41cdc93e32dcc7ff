//! Part 4B: what MIT's suite does not see. Old replicas, repeated requests, clients that die, races for a version.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kvraft_interface::{ClerkError, Layer, Version, Writes};
use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster};
use lab_harness::lab::Lab;
use labrpc::network::Address;
use raft_interface::ServerId;

use crate::clients::{confine, finish_within, free, requests_of};

/// A conditional write on a key that is not there creates it if it asks for version 0, and is refused otherwise (6.5840, key/value
/// server).
///
/// Catches: a key that is created whatever version was asked for, one that is taken for missing while it holds nothing, and a clerk that says of every refusal that nobody knows.
pub fn put_on_a_missing_key_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).start();
    let mut client = cluster.client();
    for version in [1, 3] {
        let key = format!("k{version}");
        let told = [client.replace(&key, "a", version), client.replace_plain(&key, "b", version)];
        let found = client.read(&key);
        lab.expect(told.iter().all(Result::is_err), || {
            Violation::new(
                format!("a write on a key that is not there, at version {version}, was not refused"),
                "ErrNoKey, and there still is no such key",
                format!("{told:?}, and then {found:?}"),
            )
            .rule("a conditional write takes effect only if the key is at that version, and a key that is not there is at version 0 (6.5840, key/value server)")
            .hint("versions are compared only if the key is there")
        });
    }
    let _ = client.replace("k1", "c", 0);
    client.read("k1");
    // It holds nothing, and was written.
    let _ = client.replace("k2", "", 0);
    client.read("k2");
    // The second time it says what is there already, and is a write all the same.
    for version in [1, 2] {
        let _ = client.replace("k2", "e", version);
        client.read("k2");
    }
    expect_certainty(lab, &cluster, &mut client);
    cluster.check(8);
}

/// Expects that who has sent a write once, on a network that loses nothing, says for sure what became of it. A request that was sent
/// again, be it to another server, may have been executed before.
fn expect_certainty(lab: &Lab, cluster: &KvCluster, client: &mut Client) {
    let requests = requests_of(cluster, client);
    let mut once = Vec::new();
    for _ in 0..10 {
        let before = requests.load(Ordering::Relaxed);
        let told = client.replace_plain("k1", "d", 7);
        if requests.load(Ordering::Relaxed) == before + 1 {
            once.push(told);
        }
    }
    // All of them: a leader that is deposed meanwhile may not know either.
    let is_unsure = !once.is_empty() && once.iter().all(|told| matches!(told, Err(ClerkError::Maybe)));
    lab.expect(!is_unsure, || {
        Violation::new(
            "each write at a wrong version that was sent once, on a network that works, may have taken effect or not",
            "ErrVersion: it certainly had no effect",
            format!("{once:?}"),
        )
        .rule("if a Put is told ErrVersion when it was sent for the first time, it returns ErrVersion, and not ErrMaybe (6.5840, key/value server)")
        .hint("every ErrVersion becomes ErrMaybe, also that of a request that was not repeated")
    });
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
    // It can ask nobody else, and so must wait until the follower knows better.
    confine(&cluster, reader.ends(), &[follower]);
    let ends = reader.ends().to_vec();
    let thread = cluster.spawn_with(reader, |mut reader: Client| (reader.get("x"), reader));
    lab.sleep_ms(1000);
    cluster.connect(follower);
    free(&cluster, &ends);
    let (value, reader) =
        finish_within(lab, thread, Duration::from_secs(10), "the follower was connected again");
    if value.as_deref() != Some("new") {
        let otherwise = Violation::new(
            "a follower answered with an old value",
            "\"new\", which was acknowledged before",
            format!("{value:?}"),
        )
        .rule("a read returns the latest acknowledged write (§8)")
        .servers([follower]);
        reader.fail_with_history("x", otherwise);
    }
    cluster.check(3);
}

/// A request goes to two leaders. The reply of the first is lost; or its entry is in the log of one follower, which leads
/// next and gets the request again, so that both entries commit together; or its entry is lost. It takes effect once.
///
/// Catches: duplicates that are looked for when a request comes in, and not when it is applied; a request that counts as done
/// when it is proposed.
pub fn same_request_through_two_leaders_4b(lab: &Lab) {
    lab.needs_writes(&[Writes::Plain]);
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
        if value.matches(&word).count() != 1 {
            let otherwise = Violation::new(
                "an append took effect more or less than once",
                format!("{word:?} once"),
                format!("{value:?}"),
            )
            .rule("a write takes effect exactly once, however often it stands in the log (§8)")
            .hint("a repeated request must be recognised where it is applied, not where it comes in");
            client.fail_with_history("x", otherwise);
        }
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
        cluster.servers().map(|server| server as u32).map(Address::Server),
        [Address::Client(client)],
    ));
    // The request gets through and takes effect. Its reply does not, so the clerk asks again, and others too.
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
    // By then the follower that the leader still reaches has the entry, and the other two do not.
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
    // Committed by the others in a later term, and so the leader's own entry will be overwritten when they
    // meet.
    let _ = other.put("y", "");
    split.end();
    lab.sleep_ms(1500);
    thread
}

/// A conditional put without a session, as in 6.5840, goes to a leader whose successor commits the entry after the leadership was lost.
/// The clerk asks on, and meets the version that its own first try has made. It must say that the put is done, or that nobody knows.
///
/// Catches: a lost leadership that counts as "was not executed".
pub fn conditional_put_through_two_leaders_4b(lab: &Lab) {
    conditional_puts_through_two_leaders(lab, &lab.service(4, Layer::KeyValue).start(), 0);
}

/// Between the two leaders others write so many times.
pub(crate) fn conditional_puts_through_two_leaders(lab: &Lab, cluster: &KvCluster, writes: u32) {
    const ROUNDS: u32 = 6;
    let mut client = cluster.client();
    let _ = client.replace_plain("v", "first", 0);
    for round in 0..ROUNDS {
        // What is read is committed, and so is all before it: the entry to come is the only one that is not.
        let Some((_, version)) = client.read("v") else { continue };
        let leader = cluster.check_one_leader();
        let [heir, third, fourth] = [1, 2, 3].map(|step| cluster.next(leader, step));
        let split = cluster.partition(&[&[leader, heir], &[third, fourth]]);
        let word = format!("{round}");
        let sent = word.clone();
        let thread = cluster.spawn_with(client, move |mut client: Client| {
            let told = client.replace_plain("v", &sent, version);
            (client, told)
        });
        // By then the heir has the entry, and the other two do not: it alone can lead them.
        lab.sleep_ms(150);
        let cut_off = cluster.partition(&[&[leader], &[heir, third, fourth]]);
        split.end();
        if writes > 0 {
            let mut other = cluster.client();
            confine(cluster, other.ends(), &[heir, third, fourth]);
            (0..writes).for_each(|_| _ = other.put("y", &word));
        } else {
            // Some leaders wait for a second, and no longer, for what becomes of an entry.
            lab.sleep_ms(400 + lab.below(400));
        }
        cut_off.end();
        let (told, read);
        (client, told) = finish_within(lab, thread, Duration::from_secs(10), "the network was healed");
        read = client.read("v");
        let is_done = read.as_ref().is_some_and(|(value, _)| *value == word);
        lab.expect(!(is_done && matches!(told, Err(ClerkError::WrongVersion(_)))), || {
            Violation::new(
                format!("C{} was told that its put of version {version} was not done, and it was", client.number()),
                "Ok, or Maybe: nobody else writes that key",
                format!("{told:?}, and then a get returns {read:?}"),
            )
            .rule(
                "a command that a leader has appended may be committed by its successor: after a lost leadership, a timeout or a \
                 snapshot in its place nobody knows what became of it (§5.4.2; 6.5840: ErrMaybe)",
            )
            .hint(
                "a server that has lost its leadership, or got a snapshot, answers as one that has never led, and the clerk takes that \
                 for \"not executed\"",
            )
        });
    }
    cluster.check(ROUNDS as usize);
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
            // In the real world its thread cannot be stopped, and is awaited instead.
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

/// Expects that a client which has written a version does not read it for ever.
#[track_caller]
fn expect_moved_on(client: &Client, refusals: u32, version: Version) {
    /// A write of it that is refused has come after another one, so the next read sees a later version.
    const REFUSALS_MAX: u32 = 100;
    client.lab().expect(refusals <= REFUSALS_MAX, || {
        let number = client.number();
        Violation::new(
            format!("C{number} reads version {version} of \"v\" again and again, and no write of it is done"),
            "a write of the version that was read is done, unless somebody else has written in between; either makes it one more",
            format!("version {version} after each of {REFUSALS_MAX} writes"),
        )
        .rule("a conditional write is judged where it is applied")
        .hint("a version that does not grow with a write, or that is compared with something else than what a read tells")
    });
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
        let (mut last, mut refusals) = (0, 0);
        while let Some((_, version)) = client.read("v") {
            if version >= ROUNDS {
                break;
            }
            refusals = if version == last { refusals + 1 } else { 0 };
            last = version;
            expect_moved_on(&client, refusals, version);
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
    if let Some(pair) = twice {
        let otherwise = Violation::new(
            "two writes of the same version succeeded",
            "one of them",
            format!("version {} was replaced twice", pair[0]),
        )
        .rule("a conditional write is judged where it is applied")
        .hint("the version is compared when the request comes in; another one may be in the log before it");
        cluster.fail_with_history(otherwise);
    }
    cluster.check(ROUNDS as usize);
}
