//! Part 3C: what MIT's suite does not see. Power failures at every save, restarts of everything, restarts between votes.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, Moment};
use lab_harness::lab::Lab;
use lab_harness::nemesis::FaultPlan;
use labrpc::network::Fault;
use raft_interface::ServerId;

use crate::chaos::run_nemesis;

/// A server loses its power just before or just after its n-th save, with a fast and with a slow disk, and comes back.
///
/// Catches: a reply that leaves before the save, and state that is saved in parts.
pub fn crash_at_every_save_3c(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);
    for round in 1..=24 {
        let server = lab.below(3) as ServerId;
        let moment = if round % 2 == 0 { Moment::BeforeSave } else { Moment::AfterSave };
        let disk = Duration::from_millis(if round % 3 == 0 { 40 } else { 0 });
        cluster.power_failure_at_save(server, 1 + round / 6, moment, disk);
        for _ in 0..6 {
            offer_to_leader(&cluster);
            lab.sleep_ms(20);
        }
        lab.sleep_ms(lab.below(400));
        // If it has saved too seldom for the planned failure, the power fails now. If not, it is taken down
        // here.
        cluster.power_failure(server);
        if round % 4 == 0 {
            // The one that may have counted on it goes as well.
            let other = cluster.next(server, 1);
            cluster.power_failure(other);
            cluster.restart(other);
        }
        cluster.restart(server);
        cluster.one(2);
    }
    cluster.one(3);
}

/// A server loses its disk, and starts cut off from all others: it can know of no term but one for which it stands itself, and of no
/// entry.
///
/// Catches: state that survives a crash without being stored: in a static variable, or in something that servers share.
pub fn empty_storage_knows_nothing_3c(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);
    for _ in 0..3 {
        cluster.bounce([cluster.check_one_leader()]);
    }
    cluster.one(3);
    let server = cluster.next(cluster.check_one_leader(), 1);
    cluster.power_failure(server);
    cluster.lose_storage(server);
    cluster.disconnect(server);
    cluster.restart(server);
    let term = cluster.state(server).map_or(0, |(term, _)| term);
    let knows = |what: String, expected: &str, actual: String| {
        let headline =
            format!("S{server} starts with an empty storage, cut off from all others, and knows {what}");
        Violation::new(headline, expected, actual)
            .rule("what is not stored does not survive a crash (Fig. 2, State)")
            .hint("state in a static variable, or in something that servers share")
            .servers([server])
    };
    // It may stand for election as soon as it runs. Its cluster was in a later term than the one for which it stands then.
    lab.expect(term <= 1, || {
        let expected =
            "term 0 (Fig. 2, State: initialised to 0 on first boot), or 1 if it stands for election already";
        knows(format!("of term {term}"), expected, term.to_string())
    });
    lab.sleep_ms(1000);
    let applied = lab.applied(server);
    lab.expect(applied == 0, || {
        knows(format!("entries up to {applied}"), "nothing to apply", format!("it applies entry {applied}"))
    });
}

fn offer_to_leader(cluster: &Cluster) {
    for (_, leader) in cluster.leaders() {
        cluster.offer(leader);
    }
}

/// All servers lose their power at one moment, with commands under way, and all come back.
///
/// Catches: entries that were applied somewhere and are not stored by a majority.
pub fn restart_everything_3c(lab: &Lab) {
    let cluster = lab.cluster(5).unreliable().start();
    cluster.one(5);
    for _ in 0..10 {
        for _ in 0..10 {
            offer_to_leader(&cluster);
            lab.sleep_ms(lab.below(15));
        }
        // All go before any comes back: nobody can tell them what they had said.
        cluster.servers().for_each(|server| cluster.power_failure(server));
        cluster.servers().for_each(|server| cluster.restart(server));
        cluster.one(3);
    }
    cluster.network().reliable();
    cluster.one(5);
}

/// Two servers that cannot reach each other stand for the same terms, and the third, which votes, restarts between.
///
/// Catches: a vote or a term that a restart forgets, so that both candidates get it.
pub fn restart_between_votes_3c(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);
    for round in 0..12 {
        let voter = round % 3;
        let _split: Fault = {
            let [a, b] = [1, 2].map(|step| cluster.next(voter, step));
            cluster.partition(&[&[a, voter], &[voter, b]])
        };
        // All with fresh timers, so that both candidates stand at about the same time, for the same term.
        cluster.bounce(cluster.servers());
        if round % 2 == 1 {
            // The vote leaves, if it does, while the disk is still writing it.
            cluster.power_failure_at_save(voter, 1, Moment::BeforeSave, Duration::from_millis(60));
        }
        restart_after_vote(lab, &cluster, voter);
        // The second candidate asks the restarted voter. If both are elected, both lead one term, and the
        // watcher sees it.
        lab.sleep_ms(1200);
        cluster.repair();
    }
    cluster.one(3);
}

/// Waits until one of the others leads or the voter has lost its power, and restarts the voter.
fn restart_after_vote(lab: &Lab, cluster: &Cluster, voter: ServerId) {
    for _ in 0..300 {
        lab.sleep_ms(5);
        if cluster.has_lost_power(voter) || !cluster.leaders().is_empty() {
            break;
        }
    }
    cluster.power_failure(voter);
    cluster.restart(voter);
}

/// Faults of every kind, with commands under way; after each phase all agree. The log is never trimmed.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3c(lab: &Lab) {
    run_nemesis(lab, &lab.cluster(5).start(), FaultPlan::EVERYTHING);
}
