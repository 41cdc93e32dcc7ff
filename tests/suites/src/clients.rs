//! What the tests of services have in common: clients that reach some servers only, and what they must be told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lab_harness::Violation;
use lab_harness::kv::{Client, KvCluster, wait_within};
use lab_harness::lab::Lab;
use labrpc::network::{ClientEnd, Happening, MessageEvent};
use labrpc::sync::Arc;
use raft_interface::ServerId;

/// Lets a client, by its ends, reach these servers only.
pub(crate) fn confine(cluster: &KvCluster, ends: &[ClientEnd], servers: &[ServerId]) {
    for (server, end) in ends.iter().enumerate() {
        if !servers.contains(&server) {
            cluster.network().disable(end);
        }
    }
}

/// Lets a client reach all servers again.
pub(crate) fn free(cluster: &KvCluster, ends: &[ClientEnd]) {
    ends.iter().for_each(|end| cluster.network().enable(end));
}

/// How many requests a client sends from now on.
pub(crate) fn requests_of(cluster: &KvCluster, client: &Client) -> Arc<AtomicUsize> {
    let requests = Arc::new(AtomicUsize::new(0));
    let (counted, ends) =
        (Arc::clone(&requests), client.ends().iter().map(ClientEnd::id).collect::<Vec<_>>());
    cluster.network().add_observer(move |event: &MessageEvent<'_>| {
        if event.message.is_request() && event.what == Happening::Sent && ends.contains(&event.message.end) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    requests
}

/// Fails if a thread of the scenario takes longer.
pub(crate) fn finish_within<T>(
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

pub(crate) fn expect_value(client: &mut Client, key: &str, wanted: &str) {
    let value = client.get(key).unwrap_or_default();
    if value != wanted {
        let otherwise = Violation::new(
            format!("a wrong value of {key}"),
            format!("{wanted:?}, the last that was written"),
            format!("{value:?}"),
        )
        .rule("linearizability (§8)");
        client.fail_with_history(key, otherwise);
    }
}

/// MIT's speed test: 1000 writes in 33.3 s.
pub(crate) fn speed(lab: &Lab, cluster: KvCluster) {
    let mut client = cluster.client();
    // Waits for a leader, before the clock runs.
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
