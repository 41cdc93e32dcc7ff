//! Part 2K, the key/value server on one machine: what MIT's suite does not see.

use std::time::Duration;

use kvraft_interface::PutError;
use lab_harness::Violation;
use lab_harness::kv::{expect_waits, wait_within};
use lab_harness::lab::Lab;
use lab_harness::single::{SingleClient, SingleServer};
use lab_runs::World;
use labrpc::network::Direction;
use labrpc::sim::NodeHandle;
use labrpc::thread::JoinHandle;

use super::mit::{expect_get, expect_put};

/// How long a client may take once the network delivers again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The least time between a request and its late copy: far longer than an answer takes, also on a busy machine.
const COPY_AFTER: Duration = Duration::from_millis(300);

const ASKS_AGAIN: &str = "a clerk asks until it is answered (VersionedClerk)";
const HINT_ASKS_AGAIN: &str =
    "a clerk that takes no reply for an answer, or that waits for a reply that was lost";

/// The result of a client that must come to its end within [`PATIENCE`].
fn finish<T>(lab: &Lab, thread: JoinHandle<T>, when: &str) -> T {
    wait_within(lab, thread, PATIENCE, 5, || {
        Violation::new(
            format!("an operation has not completed {PATIENCE:?} after {when}"),
            "it completes",
            "it still waits",
        )
        .rule(ASKS_AGAIN)
        .hint(HINT_ASKS_AGAIN)
    })
}

/// The empty value is a value: its key is there, and has a version. Long values and other scripts come back as they were.
///
/// Catches: a key that counts as missing because its value is empty.
pub fn empty_value_2k(lab: &Lab) {
    let server = lab.single().start();
    let mut client = server.client();
    let long = "ab\u{0}\n\"".repeat(2_000);
    for (version, value) in ["", "Straße 東京 \u{202e}", &long, ""].into_iter().enumerate() {
        expect_put(&mut client, "k", value, version as u64, Ok(()));
        expect_get(&mut client, "k", Some((value, version as u64 + 1)));
    }
    expect_put(&mut client, "", "an empty key is a key", 0, Ok(()));
    expect_get(&mut client, "", Some(("an empty key is a key", 1)));
    server.check();
}

/// Each key has a version of its own.
///
/// Catches: one counter for all keys.
pub fn keys_apart_2k(lab: &Lab) {
    let server = lab.single().start();
    let mut client = server.client();
    for version in 0..3 {
        for key in ["a", "b", "a b"] {
            expect_put(&mut client, key, &format!("{key}{version}"), version, Ok(()));
        }
    }
    expect_put(&mut client, "c", "new", 0, Ok(()));
    expect_get(&mut client, "a", Some(("a2", 3)));
    expect_get(&mut client, "c", Some(("new", 1)));
    server.check();
}

/// The server cannot be reached for ten seconds. A clerk asks until it is there again, for reads and for writes.
///
/// Catches: a clerk that gives up, and says what it does not know.
pub fn unreachable_server_2k(lab: &Lab) {
    const AWAY: Duration = Duration::from_secs(10);
    /// A clerk that pauses as MIT's does asks a hundred times.
    const CALLS_USUAL: u64 = 5_000;

    let server = lab.single().start();
    let mut writer = server.client();
    expect_put(&mut writer, "k", "before", 0, Ok(()));
    let reader = server.client();
    let (writes, reads) = (writer.number(), reader.number());
    let cut = [server.cut_off(writes), server.cut_off(reads)];
    let before = server.rpcs();
    let writer = spawn(writer, |client| client.put("k", "after", 1)).1;
    let reader = spawn(reader, |client| client.get("k")).1;
    let time = away(lab, AWAY);
    lab.sleep(time);
    let asked = server.rpcs() - before;
    let gave_up = |operation: String, seen: String| {
        Violation::new(
            format!("{operation} has returned, and the server could not be reached"),
            "a clerk asks until it is answered: neither a value nor what has become of a put can be known",
            seen,
        )
        .rule(ASKS_AGAIN)
        .hint(HINT_ASKS_AGAIN)
    };
    let writer = expect_waits(lab, writer, |told| {
        gave_up(format!("C{writes}'s put(k, \"after\", version 1)"), format!("the put was answered {told:?}"))
    });
    let reader = expect_waits(lab, reader, |told| {
        gave_up(format!("C{reads}'s get(k)"), format!("the get was answered {told:?}"))
    });
    drop(cut);
    let told = finish(lab, writer, "the server could be reached again");
    let read = finish(lab, reader, "the server could be reached again");
    lab.expect(told == Ok(()) || told == Err(PutError::Maybe), || {
        Violation::new(
            "a put that nobody came before was refused",
            "Ok, or Maybe",
            format!("{told:?} to put(k, \"after\", version 1)"),
        )
        .rule("a put is done if its version is that of the key (SingleKv)")
    });
    lab.expect(read.is_some(), || {
        Violation::new("a key that was written is missing", "a value of k", "None").rule(ASKS_AGAIN)
    });
    server.check();
    lab.expect_usual(
        asked <= CALLS_USUAL,
        &format!("two clerks have asked a server that cannot be reached {asked} times in {AWAY:?}; a pause between two calls is usual"),
    );
}

/// A time for which something is away; on real threads a tenth of it.
fn away(lab: &Lab, time: Duration) -> Duration {
    if lab.world() == World::Real { time / 10 } else { time }
}

/// Lets a client do something on a machine of its own.
fn spawn<T: Send + 'static>(
    mut client: SingleClient,
    what: impl FnOnce(&mut SingleClient) -> T + Send + 'static,
) -> (NodeHandle, JoinHandle<T>) {
    let node = client.node();
    let thread = node.spawn("client", move || what(&mut client));
    (node, thread)
}

/// A put is done and its reply lost. The clerk asks again; meanwhile somebody else may have written. It must not say that the put was
/// refused.
///
/// Catches: `Version` for the answer to a second try.
pub fn lost_reply_2k(lab: &Lab) {
    for overwritten in [false, true] {
        for losses in 1..=3 {
            let server = lab.single().start();
            let mut other = server.client();
            let mut client = server.client();
            // So that the clerk has talked to the server, if it has to.
            expect_put(&mut client, "k", "0", 0, Ok(()));
            let number = client.number();
            let lost: Vec<_> =
                (1..=losses).map(|count| server.lose(number, Direction::Reply, count)).collect();
            let writer = spawn(client, |client| client.put("k", "mine", 1)).1;
            if overwritten {
                let seen = wait_for_value(&mut other, "mine");
                if seen {
                    let _ = other.put("k", "another's", 2);
                }
            }
            let told = finish(lab, writer, "a reply to the put was lost");
            drop(lost);
            let held = other.get("k");
            lab.expect(told == Ok(()) || told == Err(PutError::Maybe), || {
                Violation::new(
                    format!("a put that was done was answered {told:?}"),
                    "Maybe, or Ok from a server that knows its clients' requests again",
                    format!("{told:?}, and the key holds {held:?}"),
                )
                .rule("a put that may have been done is not called refused: Maybe, if the answer comes to a second try (VersionedClerk::put)")
                .hint("the first copy was done and its reply lost; the second meets the version that the first has made")
            });
            server.check();
        }
    }
}

/// Looks until a key holds a value, for two seconds. Returns whether it does.
fn wait_for_value(client: &mut SingleClient, value: &str) -> bool {
    let lab = client.lab().clone();
    let end = lab.now() + Duration::from_secs(2);
    loop {
        if client.get("k").is_some_and(|(held, _)| held == value) {
            return true;
        }
        if lab.now() >= end {
            return false;
        }
        lab.sleep_ms(5);
    }
}

/// A request is lost, and somebody else writes before the clerk asks again. Whatever the clerk says of the put, it was not done.
///
/// Catches: `Ok` for an answer that says nothing of the kind, and a second try that is done at another version.
pub fn lost_request_2k(lab: &Lab) {
    for count in 0..4 {
        let server = lab.single().start();
        let mut other = server.client();
        let mut client = server.client();
        expect_put(&mut client, "k", "0", 0, Ok(()));
        let number = client.number();
        let lost = server.lose(number, Direction::Request, 1);
        let writer = spawn(client, |client| client.put("k", "mine", 1)).1;
        // With an even count at some moment while the clerk pauses, mostly before it asks again.
        if count % 2 == 0 {
            lab.sleep_ms(lab.below(10));
            let _ = other.put("k", "another's", 1);
        }
        let told = finish(lab, writer, "a request was lost");
        drop(lost);
        let held = other.get("k");
        let is_mine = held.as_ref().is_some_and(|(value, _)| value == "mine");
        lab.expect(told != Ok(()) || is_mine, || {
            Violation::new(
                "a put was answered Ok and was not done",
                "Ok says that it was done, and nobody has written since",
                format!("the key holds {held:?}"),
            )
            .rule("a clerk says nothing that it does not know (VersionedClerk)")
            .hint("Maybe is taken for Ok: another version, after a second try, may be somebody else's")
        });
        server.check();
    }
}

/// A request is kept on the way, its client dies, others write, and then it arrives: its version is old.
///
/// Catches: a put that compares no version, or takes any that is not above the key's.
pub fn late_request_2k(lab: &Lab) {
    let server = lab.single().start();
    let mut other = server.client();
    other.write("k", "0");
    for round in 0..4_u64 {
        let client = server.client();
        let version = round * 3 + 1;
        let held = server.hold_requests(client.number());
        let (node, thread) = spawn(client, move |client| client.put("k", "late", version));
        lab.sleep_ms(50);
        let has_died = lab.happens(50) && node.crash();
        for step in 0..3 {
            let _ = other.put("k", &format!("{round} {step}"), version + step);
        }
        held.end();
        if has_died {
            lab.sleep_ms(50);
        } else {
            let told = finish(lab, thread, "its request was let go");
            lab.expect(told != Ok(()), || {
                Violation::new(
                    "a put of an old version was done",
                    format!(
                        "the key is at version {}, so a put of version {version} is refused",
                        version + 3
                    ),
                    format!("{told:?}"),
                )
                .rule("a put is done if its version is that of the key (SingleKv)")
            });
        }
        expect_get(&mut other, "k", Some((&format!("{round} 2"), version + 3)));
    }
    server.check();
}

/// Requests arrive a second time, long after they were answered. Each is done once at most.
///
/// Catches: a put that is done again because its version is not compared, or because nothing but the last request is known.
pub fn repeated_requests_2k(lab: &Lab) {
    const CLIENTS: usize = 4;
    const ROUNDS: usize = 12;
    let server = lab.single().start();
    let copies = server.late_copies(0.5, COPY_AFTER, 4 * COPY_AFTER);
    server.clients(CLIENTS, |place, mut client| {
        let lab = client.lab().clone();
        for round in 0..ROUNDS {
            // A key of its own, where every answer is known, and one for all.
            let own = format!("own{place}");
            expect_put(&mut client, &own, &format!("{round}"), round as u64, Ok(()));
            client.write("all", &format!("C{} {round}", client.number()));
            lab.sleep(Duration::from_millis(lab.below(200)));
        }
    });
    lab.sleep(5 * COPY_AFTER);
    copies.end();
    let mut reader = server.client();
    for place in 0..CLIENTS {
        let value = format!("{}", ROUNDS - 1);
        expect_get(&mut reader, &format!("own{place}"), Some((&value, ROUNDS as u64)));
    }
    reader.get("all");
    server.check();
}

/// Lost and late messages, clients that are cut off for a while and clients that die in a call: what all of them saw is one map.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_2k(lab: &Lab) {
    const CLIENTS: usize = 6;
    const KEYS: u64 = 3;
    const ROUNDS: u64 = 12;
    let time = away(lab, Duration::from_secs(20));
    let server = lab.single().unreliable().start();
    let delays = server.delays(0.3, Duration::from_millis(200));
    let end = lab.now() + time;
    let mut working: Vec<(NodeHandle, JoinHandle<()>, u32)> = Vec::new();
    let start = |server: &SingleServer| {
        let client = server.client();
        let number = client.number();
        let (node, thread) = spawn(client, move |client| work(client, end, KEYS));
        (node, thread, number)
    };
    for _ in 0..CLIENTS {
        working.push(start(&server));
    }
    let pause = (time.as_millis() as u64) / (2 * ROUNDS);
    for _ in 0..ROUNDS {
        lab.sleep_ms(pause);
        let chosen = lab.below(working.len() as u64) as usize;
        let cut = lab.happens(60).then(|| server.cut_off(working[chosen].2));
        lab.sleep_ms(pause);
        drop(cut);
        if lab.happens(40) && working[chosen].0.crash() {
            working[chosen] = start(&server);
        }
    }
    delays.end();
    server.network().reliable();
    for (_, thread, _) in working {
        finish(lab, thread, "all faults had ended");
    }
    let mut reader = server.client();
    (0..KEYS).for_each(|key| drop(reader.get(&format!("k{key}"))));
    server.check();
}

/// One client, until the time is over.
fn work(client: &mut SingleClient, end: Duration, keys: u64) {
    let lab = client.lab().clone();
    let mut count = 0;
    while lab.now() < end {
        count += 1;
        let key = format!("k{}", lab.below(keys));
        let version = client.get(&key).map_or(0, |(_, version)| version);
        // Now and then a version that was never there, or an old one.
        let version = if lab.happens(10) { lab.below(version + 2) } else { version };
        let _ = client.put(&key, &format!("C{} {count}", client.number()), version);
        lab.sleep_ms(lab.below(150));
    }
}
