//! Part E3 in clusters: members come and go.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, Moment, Snapshots};
use lab_harness::lab::Lab;
use raft_interface::{Change, ChangeError, Configuration, ServerId, Servers};

use crate::part_e2::clusters::run_nemesis_with_changes;
use crate::part_e2::conformance::members;

/// Expects that these vote, as far as has been delivered.
#[track_caller]
fn expect_voters(lab: &Lab, cluster: &Cluster, voters: &[ServerId]) {
    let now = cluster.configuration();
    let wanted =
        Configuration { voters: voters.iter().copied().collect(), incoming: None, ..now.unwrap_or_default() };
    lab.expect(now == Some(wanted), || {
        Violation::new(
            "another configuration was delivered than was asked for",
            wanted.to_string(),
            now.map_or("none".to_owned(), |now| now.to_string()),
        )
    });
}

/// A server gets a vote: it learns first. Then a majority of four decides.
///
/// Catches: a new server that gets nothing, or that is not counted.
pub fn add_one_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2], &[])).start();
    cluster.one(3);
    cluster.reconfigure(Change::AddLearner(3));
    cluster.one(4);
    cluster.reconfigure(Change::Promote(3));
    expect_voters(lab, &cluster, &[0, 1, 2, 3]);
    cluster.one(4);
    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.next(leader, 1));
    cluster.one(3);
    cluster.disconnect(cluster.next(leader, 2));
    if let Some(started) = cluster.start(leader, &lab.command()).filter(|started| started.is_leader) {
        lab.sleep(Duration::from_secs(2));
        cluster.expect_not_applied(started.index, "two of four have it");
    }
    cluster.repair();
    cluster.one(4);
}

/// A server loses its vote and its place. Then a majority of three decides, without it.
///
/// Catches: a removed server that is counted still.
pub fn remove_one_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2, 3], &[])).start();
    cluster.one(4);
    let leader = cluster.check_one_leader();
    let removed = cluster.next(leader, 1);
    cluster.reconfigure(Change::Remove(removed));
    let left: Vec<ServerId> = (0..4).filter(|&server| server != removed).collect();
    expect_voters(lab, &cluster, &left);
    cluster.disconnect(removed);
    cluster.one(3);
    // Of three one may be gone. Of four it would be two.
    cluster.disconnect(cluster.next(leader, 2));
    cluster.one(2);
}

/// The leader is removed: it leads until that is committed, without counting itself, and goes. The others elect one of them.
///
/// Catches: a leader that stays, or that counts itself.
pub fn leader_removes_itself_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2, 3], &[])).start();
    cluster.one(4);
    let leader = cluster.check_one_leader();
    let answer = cluster.change(leader, Change::Remove(leader));
    lab.sleep(Duration::from_secs(2));
    let still_leads = cluster.state(leader).is_some_and(|(_, leads)| leads);
    lab.expect(!(answer.is_some_and(|answer| answer.is_ok()) && still_leads), || {
        Violation::new(
            format!("S{leader} leads, two seconds after it has removed itself"),
            "it steps down when the configuration without it is committed (§6)",
            format!("S{leader} says that it leads"),
        )
        .servers([leader])
    });
    cluster.disconnect(leader);
    cluster.check_one_leader();
    cluster.one(3);
}

/// A removed server hears nothing more and does not know why. It stands again and again, and those who hear their leader leave it
/// alone (§6, third issue; thesis §4.2.3).
///
/// Catches: a leader that is deposed by a server that is none of its own.
pub fn removed_server_disturbs_nobody_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2, 3], &[])).start();
    cluster.one(4);
    let leader = cluster.check_one_leader();
    let removed = cluster.next(leader, 1);
    // It must not hear of its removal, by which it would fall silent.
    cluster.disconnect(removed);
    cluster.reconfigure(Change::Remove(removed));
    cluster.one(3);
    cluster.connect(removed);
    let voters: Vec<ServerId> = (0..4).filter(|&server| server != removed).collect();
    let (before, leader) = cluster.leaders().into_iter().max().unwrap_or_default();
    for _ in 0..10 {
        lab.sleep(Duration::from_secs(1));
        cluster.one(3);
    }
    let now = voters.iter().filter_map(|&server| cluster.state(server)).map(|(term, _)| term).max();
    lab.expect(now == Some(before), || {
        Violation::new(
            format!("S{leader} was deposed by a server that is not in the cluster any more"),
            format!("term {before} for ten seconds: S{leader} is well, and S{removed} was removed"),
            format!("term {}", now.unwrap_or_default()),
        )
        .rule("servers disregard RequestVote while they believe that a leader exists (§6; thesis §4.2.3)")
        .hint("the term of a candidate is adopted before anybody asks whether there is a leader")
        .servers([removed, leader])
    });
}

/// Of two servers the leader removes itself, and crashes before the other one has that entry. That one needs the vote of the first,
/// whose log is longer: so only the first can lead, until its removal is committed (thesis §4.2.2).
///
/// Catches: a cluster without a leader for ever, because who has no vote in an entry that nobody else has does not stand.
pub fn uncommitted_removal_e3(lab: &Lab) {
    let cluster = lab.cluster(2).features(members(&[0, 1], &[])).start();
    cluster.one(2);
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    let _ = cluster.change(leader, Change::Remove(leader));
    cluster.power_failure(leader);
    cluster.restart(leader);
    cluster.connect(leader);
    // Whether or not its disk was that fast: somebody leads.
    cluster.one(1);
}

/// From three servers to three others, through both (§6). The old ones are switched off.
///
/// Catches: a change of many voters in one step, and a joint configuration that is never left.
pub fn replace_all_e3(lab: &Lab) {
    let cluster = lab.cluster(6).features(members(&[0, 1, 2], &[])).snapshots(Snapshots::EveryTen).start();
    for _ in 0..12 {
        cluster.one(3);
    }
    [3, 4, 5].into_iter().for_each(|server| cluster.reconfigure(Change::AddLearner(server)));
    cluster.one(6);
    cluster.reconfigure(Change::Voters(Servers::from_iter([3, 4, 5])));
    expect_voters(lab, &cluster, &[3, 4, 5]);
    [0, 1, 2].into_iter().for_each(|server| cluster.power_failure(server));
    for _ in 0..12 {
        cluster.one(3);
    }
    [3, 4, 5].into_iter().for_each(|server| cluster.power_failure(server));
    [3, 4, 5].into_iter().for_each(|server| cluster.restart(server));
    cluster.one(3);
}

/// The power of each server fails at each of the first saves of a change from {S0 S1 S2} to {S2 S3 S4} and back.
///
/// Catches: a configuration that is not stored, or of which half is.
pub fn crash_in_joint_e3(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0, 1, 2], &[3, 4])).start();
    cluster.one(5);
    let mut there = true;
    for victim in 0..5 {
        for save in 1..=3 {
            let moment = if lab.happens(50) { Moment::BeforeSave } else { Moment::AfterSave };
            cluster.power_failure_at_save(victim, save, moment, Duration::ZERO);
            let voters = if there { [2, 3, 4] } else { [0, 1, 2] };
            for (_, leader) in cluster.leaders() {
                let _ = cluster.change(leader, Change::Voters(Servers::from_iter(voters)));
            }
            lab.sleep_ms(300);
            cluster.power_failure(victim);
            cluster.slow_disk(victim, Duration::ZERO);
            cluster.restart(victim);
            cluster.reconfigure(Change::Voters(Servers::from_iter(voters)));
            there = !there;
            all_five_learn(&cluster);
            cluster.one(5);
        }
    }
}

/// A leader that is cut off appends a configuration in which one of the others is missing. Nobody gets it, and when the leader is
/// back, it is gone with its entry.
///
/// Catches: a configuration that stays in force although its entry is cut off.
pub fn rolled_back_with_the_entry_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2, 3], &[])).start();
    cluster.one(4);
    for _ in 0..4 {
        let leader = cluster.check_one_leader();
        cluster.disconnect(leader);
        let removed = cluster.next(leader, 1);
        let _ = cluster.change(leader, Change::Remove(removed));
        cluster.check_one_leader();
        cluster.one(3);
        cluster.connect(leader);
        cluster.one(4);
        expect_voters(lab, &cluster, &[0, 1, 2, 3]);
        // By the configuration that is gone two of three would be enough, and could elect the one that had it.
        let now = cluster.check_one_leader();
        let with = [2, 3].map(|step| cluster.next(leader, step)).into_iter().find(|&other| other != now);
        let pair = [leader, with.unwrap_or_default()];
        cluster.disconnect_all((0..4).filter(|server| !pair.contains(server)));
        if now != leader {
            lab.sleep(Duration::from_secs(4));
            cluster.check_no_leader();
        }
        cluster.repair();
        cluster.one(4);
    }
}

/// The configuration is stored with the snapshot that covers its entry: after a restart of all a majority of the new one decides.
///
/// Catches: servers that begin with the first configuration again.
pub fn configuration_in_snapshot_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2], &[])).snapshots(Snapshots::EveryTen).start();
    cluster.one(3);
    cluster.reconfigure(Change::AddLearner(3));
    cluster.one(4);
    cluster.reconfigure(Change::Promote(3));
    let leader = cluster.check_one_leader();
    let removed = (0..3).find(|&server| server != leader).unwrap_or_default();
    cluster.reconfigure(Change::Remove(removed));
    let voters: Vec<ServerId> = (0..4).filter(|&server| server != removed).collect();
    expect_voters(lab, &cluster, &voters);
    for _ in 0..25 {
        cluster.one(3);
    }
    voters.iter().for_each(|&server| cluster.power_failure(server));
    cluster.power_failure(removed);
    voters.iter().for_each(|&server| cluster.restart(server));
    cluster.one(3);
    // Two of the three, of whom S3 is one: by the first configuration it would be one of three.
    let down = voters.iter().copied().find(|&server| server != 3).unwrap_or_default();
    cluster.disconnect(down);
    cluster.one(2);
}

/// A server that misses a change of the configuration and all entries since gets both with the snapshot (thesis, Fig. 5.3).
///
/// Catches: a snapshot without its configuration.
pub fn newer_snapshot_newer_configuration_e3(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0, 1, 2], &[])).snapshots(Snapshots::EveryTen).start();
    cluster.one(3);
    let leader = cluster.check_one_leader();
    let behind = (0..3).find(|&server| server != leader).unwrap_or_default();
    cluster.power_failure(behind);
    for server in [3, 4] {
        cluster.reconfigure(Change::AddLearner(server));
        cluster.one(2);
        cluster.reconfigure(Change::Promote(server));
    }
    for _ in 0..25 {
        cluster.one(4);
    }
    cluster.restart(behind);
    cluster.one(5);
    // It knows now that five count: with one other it is no majority.
    let others: Vec<ServerId> = (0..5).filter(|&server| server != behind).collect();
    cluster.disconnect_all(others[1..].iter().copied());
    lab.sleep(Duration::from_secs(4));
    let leads = cluster.state(behind).is_some_and(|(_, leads)| leads);
    let started = cluster.start(behind, &lab.command()).filter(|_| leads);
    lab.sleep_ms(500);
    if let Some(started) = started.filter(|started| started.is_leader) {
        cluster.expect_not_applied(started.index, "two of five have it");
    }
    cluster.connect_all(others);
    cluster.one(5);
}

/// A server that lacks many entries gets no vote: until it had them, the cluster might commit nothing (thesis §4.2.1).
///
/// Notes, without blame, for nothing but time is lost: a leader that gives it one.
pub fn learner_catches_up_first_e3(lab: &Lab) {
    let cluster = lab.cluster(4).features(members(&[0, 1, 2], &[3])).start();
    cluster.one(4);
    cluster.disconnect(3);
    for _ in 0..100 {
        cluster.one(3);
    }
    let leader = cluster.check_one_leader();
    let refused = cluster.change(leader, Change::Promote(3));
    cluster.connect(3);
    cluster.reconfigure(Change::Promote(3));
    cluster.one(4);
    lab.expect_usual(
        refused.is_none_or(|answer| matches!(answer, Err(ChangeError::Lagging { server: 3, .. }))),
        "a learner that lacks a hundred entries gets a vote",
    );
}

/// One server becomes five, one after the other.
///
/// Catches: a leader that is alone and waits for nobody's answer, in a configuration that it has left.
pub fn majority_of_one_grows_e3(lab: &Lab) {
    let cluster = lab.cluster(5).features(members(&[0], &[])).start();
    cluster.one(1);
    for server in 1..5 {
        cluster.reconfigure(Change::AddLearner(server));
        cluster.one(server + 1);
        cluster.reconfigure(Change::Promote(server));
        cluster.one(server + 1);
    }
    expect_voters(lab, &cluster, &[0, 1, 2, 3, 4]);
    cluster.power_failure(0);
    cluster.one(4);
}

/// Voters change twenty times while commands come, over a bad network.
///
/// Catches: commands that a change loses, and changes that never end.
pub fn changes_while_clients_work_e3(lab: &Lab) {
    let cluster = lab
        .cluster(5)
        .features(members(&[0, 1, 2], &[3, 4]))
        .snapshots(Snapshots::EveryTen)
        .unreliable()
        .start();
    cluster.one(3);
    for _ in 0..20 {
        let voters = any_voters(lab, 5);
        for (_, leader) in cluster.leaders() {
            for _ in 0..lab.below(10) {
                cluster.offer(leader);
            }
        }
        cluster.reconfigure(Change::Voters(voters));
        all_five_learn(&cluster);
        cluster.one(5);
    }
}

/// Who of five servers has no vote learns: else nobody would send to it, and it could not come back.
#[track_caller]
fn all_five_learn(cluster: &Cluster) {
    for server in 0..5 {
        cluster.reconfigure(Change::AddLearner(server));
    }
}

/// Three of so many.
fn any_voters(lab: &Lab, servers: u64) -> Servers {
    let mut voters = Servers::NONE;
    while voters.len() < 3 {
        voters = voters.with(lab.below(servers) as ServerId);
    }
    voters
}

/// Faults of every kind, and members that come and go.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e3(lab: &Lab) {
    let cluster =
        lab.cluster(5).features(members(&[0, 1, 2], &[3, 4])).snapshots(Snapshots::EveryTen).start();
    let any_change = |lab: &Lab| {
        let server = lab.below(5) as ServerId;
        match lab.below(6) {
            0 => Change::AddLearner(server),
            1 => Change::Promote(server),
            2 => Change::Demote(server),
            3 => Change::Remove(server),
            _ => Change::Voters(any_voters(lab, 5)),
        }
    };
    run_nemesis_with_changes(lab, &cluster, any_change, || {
        // Who is gone comes back as a learner, for who lags gets no vote. And in the end all learn, so that all agree.
        all_five_learn(&cluster);
        let voters = any_voters(lab, 5);
        cluster.reconfigure(Change::Voters(voters));
        all_five_learn(&cluster);
        cluster.one(5);
    });
}
