//! Part 4B: messages that arrive twice.

use std::time::Duration;

use kvraft_interface::{Layer, Writes};
use lab_harness::kv::KvCluster;
use lab_harness::lab::Lab;

/// Requests and replies arrive twice, the second time up to a second late.
///
/// Catches: copies of old requests that take effect after their client has gone on, also of one that was told a refusal.
pub fn duplicated_requests_4b(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).start();
    let is_by_version = lab.writes_by_version();
    let doubling = cluster.duplicates(0.3, Duration::from_millis(1000));
    cluster.clients(5, move |place, mut client| {
        let mut version = 0;
        for count in 0..40 {
            let _ = client.append("shared", &format!("{place}.{count} "));
            client.get("shared");
            if is_by_version {
                version = client.read("v").map_or(version, |(_, now)| now);
                let _ = client.replace("v", &format!("{place}.{count}"), version);
            }
        }
    });
    doubling.end();
    if lab.offers_writes(Writes::IfVersion) {
        refused_writes_come_again(lab, &cluster);
    }
    // The last copies are up to a second late.
    lab.sleep_ms(1500);
    let mut client = cluster.client();
    client.get("shared");
    if is_by_version {
        client.read("v");
    }
    // Appends and reads, and as many by version.
    cluster.check(if is_by_version { 600 } else { 300 });
}

/// Writes at a version that is still to come are refused. Somebody else makes it that version, and then their copies arrive.
fn refused_writes_come_again(lab: &Lab, cluster: &KvCluster) {
    let doubling = cluster.duplicates(1.0, Duration::from_millis(1000));
    let (mut early, mut other) = (cluster.client(), cluster.client());
    for count in 0..8 {
        let Some((_, version)) = other.read("early") else { continue };
        let _ = early.replace("early", &format!("{count} too early"), version + 1);
        let _ = other.replace("early", &format!("{count}"), version);
        lab.sleep_ms(lab.below(1000));
    }
    lab.sleep_ms(1000);
    doubling.end();
    other.read("early");
}
