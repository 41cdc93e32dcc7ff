//! Part 4B: a leader that is cut off with a minority, and does not know it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kvraft_interface::Layer;
use lab_harness::kv::Client;
use lab_harness::lab::Lab;
use raft_interface::ServerId;

use crate::clients::{finish_within, requests_of};

/// A clerk that has found the leader goes on writing when that is cut off with one follower. It reaches all five, so it can find the
/// leader of the others; but a leader in a minority does not know that it is one no more. MIT lets that wait, and the clerk with it,
/// until the network is whole (6.5840, lab 4A): that is unusual, and no more.
///
/// Catches: a clerk that asks on and on, and never the majority; what waited and is not answered when all are together again.
pub fn leader_in_a_minority_is_left_4b(lab: &Lab) {
    let cluster = lab.service(5, Layer::KeyValue).start();
    let mut client = cluster.client();
    let requests = requests_of(&cluster, &client);
    let mut waits_at_a_server = false;
    for round in 0..2 {
        let _ = client.append("x", &format!("{round} before, "));
        let leader = cluster.check_one_leader();
        let minority = [leader, cluster.next(leader, 1)];
        let majority: Vec<ServerId> = (2..5).map(|step| cluster.next(leader, step)).collect();
        let split = cluster.partition(&[&minority, &majority]);
        let writing = cluster.spawn_with(client, move |mut client: Client| {
            let _ = client.append("x", &format!("{round} meanwhile, "));
            client.get("x");
            client
        });
        // One request that a leader keeps, or one after the other?
        let half = Duration::from_secs(10);
        lab.wait_until_finished(&writing, half, 20);
        let asked = requests.load(Ordering::Relaxed);
        lab.wait_until_finished(&writing, half, 20);
        if !writing.is_finished() && requests.load(Ordering::Relaxed) == asked {
            waits_at_a_server = true;
            split.end();
            client = finish_within(lab, writing, half, "the network is whole again");
        } else {
            client = finish_within(lab, writing, 2 * half, "a majority and the client reach each other");
            split.end();
        }
    }
    cluster.check(6);
    lab.expect_usual(
        !waits_at_a_server,
        "a leader in a minority kept a request until the network was whole, although the client reached a majority as well",
    );
}
