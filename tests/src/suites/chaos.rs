//! Random trouble, for the tests that want everything at once. After it all faults end and the cluster must heal.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::lab::Lab;
use labrpc::network::Fault;
use labrpc::thread;
use raft_interface::ServerId;

/// Something happens to a server that leads, or to any if none does.
pub(super) fn trouble_a_leader(lab: &Lab, cluster: &Cluster) {
    let leader = cluster.leaders().into_iter().max().map(|(_, leader)| leader);
    let server = leader.unwrap_or_else(|| any(lab, cluster));
    match lab.below(4) {
        0 => cluster.crash(server),
        1 => cluster.power_failure(server),
        2 => cluster.disconnect(server),
        _ => cluster.bounce([server, cluster.next(server, 1)]),
    }
}

fn any(lab: &Lab, cluster: &Cluster) -> ServerId {
    lab.below(cluster.size() as u64) as ServerId
}

/// A link, a side or a bridge fails, in one direction or both.
fn trouble_the_network(lab: &Lab, cluster: &Cluster) -> Fault {
    let [a, b] = [any(lab, cluster), any(lab, cluster)];
    let size = cluster.size();
    let half: Vec<ServerId> = (0..size / 2).map(|step| cluster.next(a, step)).collect();
    let rest: Vec<ServerId> = (size / 2..size).map(|step| cluster.next(a, step)).collect();
    match lab.below(4) {
        0 => cluster.one_way(&cluster.others(a), &[a]),
        1 => cluster.one_way(&[a], &[b]),
        2 => cluster.partition(&[&half, &rest]),
        _ => {
            let bridge = [half.as_slice(), &rest[..1]].concat();
            cluster.partition(&[&bridge, &rest])
        }
    }
}

/// Rounds of trouble with commands under way. Messages are lost, late and repeated all the time.
pub(super) fn rounds(lab: &Lab, cluster: &Cluster, count: usize) {
    cluster.network().unreliable();
    let late = cluster.delays(0.2, Duration::from_millis(400));
    let twice = cluster.duplicates(0.2, Duration::from_millis(800));
    for _ in 0..count {
        let fault = trouble_the_network(lab, cluster);
        for _ in 0..1 + lab.below(4) {
            offer_to_leaders(lab, cluster);
            lab.sleep_ms(lab.below(150));
        }
        if lab.happens(60) {
            trouble_a_leader(lab, cluster);
        }
        offer_to_leaders(lab, cluster);
        lab.sleep_ms(lab.below(700));
        if lab.happens(70) {
            fault.end();
        } else {
            // It lasts into the next round.
            let rest = Duration::from_millis(200 + lab.below(1500));
            thread::spawn(move || {
                thread::sleep(rest);
                fault.end();
            });
        }
        if lab.happens(70) {
            cluster.repair();
        }
    }
    lab.sleep_ms(2000);
    drop((late, twice));
    heal(lab, cluster);
}

/// Whoever leads gets up to three commands.
fn offer_to_leaders(lab: &Lab, cluster: &Cluster) {
    for (_, leader) in cluster.leaders() {
        for _ in 0..=lab.below(3) {
            cluster.offer(leader);
        }
    }
}

/// All faults end, and the cluster must agree again.
fn heal(lab: &Lab, cluster: &Cluster) {
    lab.note("all faults end");
    cluster.network().reliable();
    cluster.repair();
    let before = cluster.committed_last();
    let index = cluster.one(cluster.size());
    lab.expect(index > before, || {
        Finding::new("an index was given twice", format!("an index above {before}"), format!("index {index}"))
    });
}
