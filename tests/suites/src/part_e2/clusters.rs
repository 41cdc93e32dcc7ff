//! Part E2 in clusters: some vote, and some only learn.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, Nemesis, offer_to_leaders};
use raft_interface::{Change, ServerId};

use super::conformance::members;

/// A leader that reaches nobody commits nothing, however many the others are and however long it waits (Fig. 2, Leaders 4).
///
/// Catches: peers that are taken out of the count because they are gone.
pub fn isolated_leader_e2(lab: &Lab) {
    let servers = [3, 5, 7, 9][lab.below(4) as usize];
    let all: Vec<ServerId> = (0..servers).collect();
    let cluster = lab.cluster(servers).features(members(&all, &[])).start();
    cluster.one(servers);
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    if let Some(started) = cluster.start(leader, &lab.command()).filter(|started| started.is_leader) {
        // Ten election timeouts.
        lab.sleep(Duration::from_secs(8));
        let applied = lab.applied(leader);
        lab.expect(applied < started.index, || {
            Violation::new(
                format!("S{leader} commits alone"),
                format!(
                    "nothing after {}: none of the {} others can be reached",
                    started.index - 1,
                    servers - 1
                ),
                format!("it applies up to {applied}"),
            )
            .rule("an entry is committed when a majority of all voters stores it (Fig. 2, Leaders 4; §6)")
            .hint("servers that do not answer are taken out of the denominator")
            .servers([leader])
        });
    }
    cluster.connect(leader);
    cluster.one(servers);
}

/// Three vote and two learn. Without the learners everything goes on; without two of the voters nothing does, whatever the
/// learners say.
///
/// Catches: learners in the denominator, or in the count.
pub fn observers_are_no_voters_e2(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0, 1, 2], &[3, 4])).start();
    cluster.one(5);
    cluster.disconnect_all([3, 4]);
    cluster.one(3);
    cluster.connect_all([3, 4]);
    let leader = cluster.check_one_leader();
    let others = (0..3).filter(|&server| server != leader);
    cluster.disconnect_all(others);
    if let Some(started) = cluster.start(leader, &lab.command()).filter(|started| started.is_leader) {
        lab.sleep(Duration::from_secs(3));
        cluster.expect_not_applied(started.index, "one of three voters has it, and two learners");
    }
    // Nor can the learners elect anybody.
    cluster.disconnect(leader);
    lab.sleep(Duration::from_secs(3));
    cluster.check_no_leader();
    cluster.connect_all(0..3);
    cluster.one(5);
}

/// Of five voters two are down, and a third lags behind: as soon as it has caught up, there is a majority again.
///
/// Catches: a voter that is not asked again.
pub fn caught_up_voter_counts_e2(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0, 1, 2, 3, 4], &[])).start();
    cluster.one(5);
    let leader = cluster.check_one_leader();
    let behind = cluster.next(leader, 1);
    cluster.power_failure(behind);
    for _ in 0..10 {
        cluster.one(4);
    }
    [2, 3].into_iter().for_each(|step| cluster.power_failure(cluster.next(leader, step)));
    // The leader and one more are left: two of five.
    let started = cluster.start(leader, &lab.command());
    lab.sleep_ms(1000);
    if let Some(started) = started.filter(|started| started.is_leader) {
        cluster.expect_not_applied(started.index, "two of five have it");
    }
    cluster.restart(behind);
    cluster.one(3);
}

/// A learner gets all entries, and a snapshot if it comes late.
///
/// Catches: a leader that sends to voters only.
pub fn learner_gets_everything_e2(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2], &[3])).snapshots(Snapshots::EveryTen).start();
    cluster.one(4);
    for _ in 0..4 {
        cluster.disconnect(3);
        for _ in 0..5 + lab.below(20) {
            cluster.one(3);
        }
        cluster.connect(3);
        cluster.one(4);
    }
    cluster.power_failure(3);
    cluster.one(3);
    cluster.restart(3);
    cluster.one(4);
}

/// Faults of every kind, and learners that come and go.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e2(lab: &Lab) {
    let features = members(&[0, 1, 2], &[3]);
    let cluster = lab.cluster(5).features(features).snapshots(Snapshots::EveryTen).start();
    let any_change = |lab: &Lab| {
        let learner = 3 + lab.below(2) as ServerId;
        if lab.happens(50) { Change::AddLearner(learner) } else { Change::Remove(learner) }
    };
    run_nemesis_with_changes(lab, &cluster, any_change, || {
        // Nobody sends to who has been removed. In the end all learn.
        [3, 4].into_iter().for_each(|learner| cluster.reconfigure(Change::AddLearner(learner)));
        cluster.one(5);
    });
}

/// The nemesis, while leaders are given commands and now and then asked for such a change. After each phase `recovers` must
/// show that there is progress.
pub(crate) fn run_nemesis_with_changes(
    lab: &Lab,
    cluster: &Cluster,
    any_change: impl Fn(&Lab) -> Change,
    recovers: impl Fn(),
) {
    recovers();
    let meanwhile = || {
        offer_to_leaders(lab, cluster);
        if lab.happens(30) {
            for (_, leader) in cluster.leaders() {
                // Refused or not: what comes of it is judged by what is delivered.
                let _ = cluster.change(leader, any_change(lab));
            }
        }
    };
    Nemesis::new(lab, cluster, FaultPlan::EVERYTHING).run(meanwhile, recovers);
}
