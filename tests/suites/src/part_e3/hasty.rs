//! Part E3: changes that are asked for as early as can be. Nothing is expected of the answer: what a change that came too early
//! leads to, the invariant of configurations judges when it is delivered.

use std::time::Duration;

use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use labrpc::time::Instant;
use raft_interface::{Change, ServerId, Term};

use crate::part_e2::conformance::members;

/// The longest delay of a message: much longer than it takes to see that a server leads, and too short for an election.
const DELAY_MAX: Duration = Duration::from_millis(40);
/// How long a new leader is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first server that leads a later term than `after`, as soon as it says so.
fn new_leader(lab: &Lab, cluster: &Cluster, after: Term) -> Option<ServerId> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let newest = cluster.leaders().into_iter().max().filter(|&(term, _)| term > after);
        if let Some((_, leader)) = newest {
            return Some(leader);
        }
        lab.sleep_ms(1);
    }
    None
}

/// Leaders go, one after the other, and each new one is asked for a change before it can have committed anything. There are four
/// voters: an earlier leader may have changed one of them, too, and nobody else may know (raft-dev, July 2015).
///
/// Catches: a change before an entry of the leader's term is committed.
pub fn change_of_a_new_leader_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2, 3], &[])).start();
    cluster.one(4);
    cluster.delays(1.0, DELAY_MAX).forever();
    for _ in 0..4 {
        let Some((term, leader)) = cluster.leaders().into_iter().max() else { break };
        cluster.disconnect(leader);
        if let Some(next) = new_leader(lab, &cluster, term) {
            // It refuses, or goes through the joint configuration.
            let _ = cluster.change(next, Change::Remove(leader));
        }
        lab.sleep(Duration::from_secs(1));
        cluster.connect(leader);
        cluster.reconfigure(Change::AddLearner(leader));
        cluster.reconfigure(Change::Promote(leader));
        cluster.one(4);
    }
}

/// Two learners get a vote, and the second change is asked for while the first is on its way. Three of five that do not include
/// two of the three before could decide without them (thesis §4.1).
///
/// Catches: a second change before the first one is committed.
pub fn second_change_at_once_e3(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0, 1, 2], &[3, 4])).start();
    cluster.one(5);
    cluster.delays(1.0, DELAY_MAX).forever();
    let leader = cluster.check_one_leader();
    for server in [3, 4] {
        // The second one is refused, or goes through the joint configuration.
        let _ = cluster.change(leader, Change::Promote(server));
    }
    lab.sleep(Duration::from_secs(1));
    for server in [3, 4] {
        cluster.reconfigure(Change::Promote(server));
    }
    cluster.one(5);
}
