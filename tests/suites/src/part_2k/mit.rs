//! Part 2K, the key/value server on one machine: MIT's tests.

use std::time::Duration;

use kvraft_interface::{PutError, Version};
use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_harness::single::{SingleClient, VERSIONS};
use labrpc::sim::HeapMark;

/// One client puts and gets, on a good network: the version decides.
///
/// Catches: versions that begin at 1, a put that ignores its version, and a key that any version creates.
pub fn reliable_put_2k(lab: &Lab) {
    let server = lab.single().start();
    let mut client = server.client();
    expect_put(&mut client, "k", "6.5840", 0, Ok(()));
    expect_get(&mut client, "k", Some(("6.5840", 1)));
    expect_put(&mut client, "k", "6.5840", 0, Err(PutError::Version));
    expect_put(&mut client, "y", "6.5840", 1, Err(PutError::NoKey));
    expect_get(&mut client, "y", None);
    // Beyond MIT's: on, and back.
    expect_put(&mut client, "k", "next", 1, Ok(()));
    expect_put(&mut client, "k", "old", 1, Err(PutError::Version));
    expect_put(&mut client, "k", "early", 3, Err(PutError::Version));
    expect_get(&mut client, "k", Some(("next", 2)));
    server.check();
}

/// Expects this answer to a put by who is alone with its key on a good network, where everything is known.
#[track_caller]
pub(super) fn expect_put(
    client: &mut SingleClient,
    key: &str,
    value: &str,
    version: Version,
    wanted: Result<(), PutError>,
) {
    let told = client.put(key, value, version);
    let number = client.number();
    client.lab().expect(told == wanted, || {
        Violation::new(
            format!("a wrong answer to C{number}'s put({key}, {value:?}, version {version})"),
            format!("{wanted:?}, for nobody else writes {key}, and no message is lost"),
            format!("{told:?}"),
        )
        .rule(VERSIONS)
        .hint("a version that is not compared, or compared with another than the key's own; Maybe belongs to a put that was sent again")
    });
}

/// Expects this answer to a get.
#[track_caller]
pub(super) fn expect_get(client: &mut SingleClient, key: &str, wanted: Option<(&str, Version)>) {
    let told = client.get(key);
    let shown = told.as_ref().map(|(value, version)| (value.as_str(), *version));
    let number = client.number();
    client.lab().expect(shown == wanted, || {
        Violation::new(
            format!("a wrong answer to C{number}'s get({key})"),
            format!("{wanted:?}, the value and its version"),
            format!("{shown:?}"),
        )
        .rule(VERSIONS)
    });
}

/// Ten clients read a key and write it at the version that they have read, for a second: each version is written by one.
///
/// Catches: a version that is compared in one hold of the lock and written in another.
pub fn put_concurrent_reliable_2k(lab: &Lab) {
    const CLIENTS: usize = 10;
    const TIME: Duration = Duration::from_secs(1);
    /// Each client starts so many operations at most. MIT's machine makes some thousands in its second.
    const ROUNDS_MAX: usize = 40;

    let server = lab.single().start();
    let end = lab.now() + TIME;
    let done: usize = server
        .clients(CLIENTS, move |_, mut client| {
            let mut done = 0;
            for round in 0..ROUNDS_MAX {
                if client.lab().now() >= end {
                    break;
                }
                let version = client.get("k").map_or(0, |(_, version)| version);
                let value = format!("C{} {round}", client.number());
                done += usize::from(client.put("k", &value, version).is_ok());
                // So that they do not go in step.
                client.lab().sleep(Duration::from_micros(client.lab().below(2000)));
            }
            done
        })
        .into_iter()
        .sum();
    let version = server.client().get("k").map_or(0, |(_, version)| version);
    lab.expect(version == done as Version, || {
        Violation::new(
            format!("{done} puts were done, and the key is at version {version}"),
            "each put that is done makes the version one more, and nothing else does",
            format!("{done} puts were answered Ok; the version is {version}"),
        )
        .rule(VERSIONS)
        .hint("a version that is compared in one hold of the lock and written in another: two clients both pass the comparison")
    });
    server.check();
}

/// Many clients write one key, one after the other: the server's memory does not grow with the values.
///
/// Catches: a table with a client's last write, or the value that it was told, for each client.
pub fn mem_put_many_clients_reliable_2k(lab: &Lab) {
    /// MIT has 100,000; each costs as much.
    const CLIENTS: usize = 2_000;
    const VALUE_BYTES: usize = 1_000;
    /// MIT's limit.
    const BYTES_PER_CLIENT_MAX: usize = 200;

    let cannot = || lab.skip("the memory of this server alone cannot be measured here");
    if lab.world() == lab_runs::World::Real {
        cannot();
    }
    let server = lab.single().start();
    // Apart from the history, which grows with each operation and would be measured as well.
    let mut clerks: Vec<_> = (0..CLIENTS).map(|_| server.unrecorded_clerk()).collect();
    let value = "v".repeat(VALUE_BYTES);
    for clerk in &mut clerks {
        let told = clerk.put("k", "", 1);
        lab.expect(told == Err(PutError::NoKey), || {
            Violation::new("a wrong answer to a put of version 1 on a new key", "NoKey", format!("{told:?}"))
                .rule(VERSIONS)
        });
    }
    let first = clerks[0].put("k", &value, 0);
    let Some(mark) = HeapMark::now() else { cannot() };
    let mut done = 0;
    for (place, clerk) in clerks.iter_mut().enumerate() {
        done += usize::from(clerk.put("k", &value, place as Version + 1).is_ok());
    }
    let Some(growth) = mark.growth() else { cannot() };
    lab.expect(first.is_ok() && done == CLIENTS, || {
        Violation::new(
            "a put of the version that the key is at was refused",
            format!("{CLIENTS} puts, one after the other, each of the next version"),
            format!("{done} were done"),
        )
        .rule(VERSIONS)
    });
    lab.expect(growth <= CLIENTS * BYTES_PER_CLIENT_MAX, || {
        Violation::new(
            "the server's memory grows with what each client writes",
            format!("at most {BYTES_PER_CLIENT_MAX} bytes for each of {CLIENTS} clients (MIT)"),
            format!("{growth} bytes, {} for each", growth / CLIENTS),
        )
        .rule("what a client costs the server does not grow with the values that it writes (SingleKv)")
        .hint("a table of clients that holds a copy of the value: the number of the last request is enough, and the version needs none")
    });
}

/// One client on an unreliable network puts until it is not told `Maybe`: then the put was done, once.
///
/// Catches: `Version` where nobody knows, and a put that is done twice.
pub fn unreliable_net_2k(lab: &Lab) {
    const WRITES: Version = 100;
    let server = lab.single().unreliable().start();
    let mut client = server.client();
    for version in 0..WRITES {
        let value = format!("{version}");
        let told = put_until_done(&mut client, &value, version);
        lab.expect(matches!(told, Ok(()) | Err(PutError::Maybe)), || {
            Violation::new(
                format!("a put of the version that the key is at was answered {told:?}"),
                "Ok, or Maybe if a copy of it may have been done: nobody else writes this key",
                format!("{told:?} to put(k, {value:?}, version {version})"),
            )
            .rule("a put that may have been done is not called refused: Maybe, if the answer comes to a second try (VersionedClerk::put)")
            .hint("the first copy was done and its reply lost; the second meets the version that the first has made")
        });
        expect_get(&mut client, "k", Some((&value, version + 1)));
    }
    server.check();
}

/// Puts again as long as nobody knows and the key has not moved on: then no copy was done yet. Nobody else writes.
#[track_caller]
fn put_until_done(client: &mut SingleClient, value: &str, version: Version) -> Result<(), PutError> {
    /// One in five of a clerk's tries is lost.
    const TRIES_MAX: u32 = 100;
    for _ in 0..TRIES_MAX {
        let told = client.put("k", value, version);
        let may_be_tried_again =
            told == Err(PutError::Maybe) && client.get("k").map_or(0, |(_, at)| at) == version;
        if !may_be_tried_again {
            return told;
        }
    }
    let number = client.number();
    client.lab().fail(
        Violation::new(
            format!("C{number} cannot write: {TRIES_MAX} puts of one version, and none was done"),
            "a clerk sends a put until it is answered, so one of them is done soon: nobody else writes this key",
            format!("Maybe to each put(k, {value:?}, version {version}), and the key stays at version {version}"),
        )
        .rule(VERSIONS)
        .hint("a clerk that says Maybe without having asked until it is answered, or a server that does not do what it is asked for"),
    );
}
