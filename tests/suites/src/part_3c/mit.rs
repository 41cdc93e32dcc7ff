//! Part 3C, persistence (§5, Fig. 2 "State"): MIT's eight tests.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::kv::wait_for;
use lab_harness::lab::Lab;
use lab_harness::observation::show_command;
use labrpc::sync::Arc;
use labrpc::thread::{self, JoinHandle};
use raft_interface::{Command, Index, ServerId};

/// Restarts of all, of the leader, with and without commands while one is down.
///
/// Catches: a log, a term or a vote that a restart forgets.
pub fn persist1_3c(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);

    cluster.bounce(cluster.servers());
    cluster.one(3);

    let leader = cluster.check_one_leader();
    cluster.bounce([leader]);
    cluster.one(3);

    let leader = cluster.check_one_leader();
    cluster.crash(leader);
    cluster.one(2);
    cluster.restart(leader);
    // All must have the fourth entry before another server goes.
    let _ = cluster.wait(4, 3, None);

    let follower = cluster.next(cluster.check_one_leader(), 1);
    cluster.crash(follower);
    cluster.one(2);
    cluster.restart(follower);
    cluster.one(3);
}

/// Five rounds in which two and then three of five servers are down, in turn.
///
/// Catches: what is lost when different majorities remember different things.
pub fn persist2_3c(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    for _ in 0..5 {
        cluster.one(5);
        let leader = cluster.check_one_leader();
        let [a, b, c, d] = [1, 2, 3, 4].map(|step| cluster.next(leader, step));

        cluster.crash(a);
        cluster.crash(b);
        cluster.one(3);

        cluster.crash(leader);
        cluster.crash(c);
        cluster.crash(d);
        cluster.restart(a);
        cluster.restart(b);
        // Two of five: they must neither commit nor have forgotten (MIT waits for an election timeout).
        lab.sleep_ms(1000);
        cluster.restart(c);
        cluster.one(3);

        cluster.restart(d);
        cluster.restart(leader);
    }
    cluster.one(5);
}

/// A follower is cut off while the two others agree and crash. Only the leader comes back, and the two must know
/// what was agreed.
///
/// Catches: a leader that commits what it has not stored itself.
pub fn persist3_3c(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);

    let leader = cluster.check_one_leader();
    let [other, cut_off] = [1, 2].map(|step| cluster.next(leader, step));
    cluster.disconnect(cut_off);
    cluster.one(2);

    cluster.crash(leader);
    cluster.crash(other);
    // Of the two that now run, one was cut off when the entry was agreed on. Only the other can lead.
    cluster.connect(cut_off);
    cluster.restart(leader);
    cluster.one(2);

    cluster.restart(other);
    cluster.one(3);
}

/// The paper's Figure 8, at random: a thousand times the leader crashes soon after it was given a command.
///
/// Catches: entries of earlier terms that are committed by counting copies, and logs that crashes damage.
pub fn figure8_3c(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    cluster.one(1);
    for _ in 0..1000 {
        let leader = offer_to_all(&cluster);
        sleep_seldom_long(lab);
        if let Some(leader) = leader {
            cluster.crash(leader);
        }
        if count_up(&cluster) < 3 {
            // Any server, as in MIT's: it may be one that runs. Then the next round draws again.
            cluster.restart(lab.below(5) as ServerId);
        }
    }
    cluster.repair();
    cluster.one(5);
}

/// Gives each server a new command. Returns the last one that accepted it.
fn offer_to_all(cluster: &Cluster) -> Option<ServerId> {
    let mut leader = None;
    for server in cluster.servers() {
        if cluster.offer(server).is_some() {
            leader = Some(server);
        }
    }
    leader
}

/// MIT's pause between crashes: up to half a second once in ten times, else up to 12 ms.
fn sleep_seldom_long(lab: &Lab) {
    let millis = if lab.happens(10) { lab.below(500) } else { lab.below(13) };
    lab.sleep_ms(millis);
}

fn count_up(cluster: &Cluster) -> usize {
    cluster.servers().filter(|&server| cluster.is_up(server)).count()
}

/// Two hundred and forty-five commands, four at a time, over a network that loses one message in ten.
///
/// Catches: entries that are lost with a message, or appended twice because a message came twice.
pub fn unreliable_agree_3c(lab: &Lab) {
    let cluster = lab.cluster(5).unreliable().start();
    let mut clients = Vec::new();
    for _ in 0..49 {
        for _ in 0..4 {
            let cluster = cluster.clone();
            clients.push(thread::spawn(move || cluster.one(1)));
        }
        cluster.one(1);
    }
    cluster.network().reliable();
    for client in clients {
        wait_for(client);
    }
    cluster.one(5);
}

/// Figure 8 over a bad network: leaders are cut off instead of crashed, and replies arrive in any order.
///
/// Catches: replies of earlier terms that are taken for new ones, a leader that goes back one entry per round, and
/// calls that wait for each other.
pub fn figure8_unreliable_3c(lab: &Lab) {
    let cluster = lab.cluster(5).unreliable().start();
    cluster.one(1);
    for round in 0..1000 {
        // First losses alone, then replies that come up to 2.2 s late as well (MIT).
        if round == 200 {
            cluster.long_reordering();
        }
        let leader = offer_to_all(&cluster).filter(|&leader| cluster.is_connected(leader));
        sleep_seldom_long(lab);
        if let Some(leader) = leader
            && lab.happens(50)
        {
            cluster.disconnect(leader);
        }
        if cluster.connected().len() < 3 {
            let server = lab.below(5) as ServerId;
            if !cluster.is_connected(server) {
                cluster.connect(server);
            }
        }
    }
    cluster.repair();
    cluster.one(5);
}

/// Servers come and go while clients write: what a client saw committed is in the final log.
///
/// Catches: committed entries that are lost.
pub fn reliable_churn_3c(lab: &Lab) {
    churn(lab, &lab.cluster(5).start());
}

/// The same over a network that loses one message in ten.
///
/// Catches: committed entries that are lost when messages are.
pub fn unreliable_churn_3c(lab: &Lab) {
    churn(lab, &lab.cluster(5).unreliable().start());
}

fn churn(lab: &Lab, cluster: &Cluster) {
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3).map(|client| spawn_client(cluster, client, &stop)).collect();
    for _ in 0..20 {
        if lab.happens(20) {
            cluster.disconnect(lab.below(5) as ServerId);
        }
        if lab.happens(50) {
            let server = lab.below(5) as ServerId;
            cluster.restart(server);
            cluster.connect(server);
        }
        if lab.happens(20) {
            cluster.crash(lab.below(5) as ServerId);
        }
        // A bit less than an election timeout (MIT): servers can often keep up, and seldom has everything
        // settled before the next change.
        lab.sleep_ms(700);
    }
    lab.sleep_ms(1000);
    cluster.network().reliable();
    cluster.repair();
    stop.store(true, Ordering::Relaxed);
    let seen: Vec<Command> = clients.into_iter().flat_map(wait_for).collect();
    lab.sleep_ms(1000);

    let last = cluster.one(5);
    // All five must have applied every index: what a client saw committed is looked for in a log that all
    // share.
    let log: BTreeSet<Command> = (1..=last).filter_map(|index| cluster.wait(index, 5, None)).collect();
    for command in seen {
        lab.expect(log.contains(&command), || {
            Violation::new(
                format!("the command {} was lost", show_command(&command)),
                "a command that was committed stays in the log",
                format!("it is not among the {last} entries at the end"),
            )
        });
    }
}

/// A client that writes until it is told to stop. Returns what it saw committed.
fn spawn_client(cluster: &Cluster, client: u64, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<Command>> {
    let (cluster, stop) = (cluster.clone(), Arc::clone(stop));
    thread::spawn(move || {
        let lab = cluster.lab();
        let mut seen = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let command = lab.command();
            let mut accepted = None;
            for server in cluster.servers() {
                accepted = cluster.start(server, &command).filter(|started| started.is_leader).or(accepted);
            }
            match accepted {
                Some(started) => {
                    if is_seen_committed(&cluster, started.index, &command) {
                        seen.push(command);
                    }
                }
                None => lab.sleep_ms(79 + client * 17),
            }
        }
        seen
    })
}

/// Whether a command is seen at its index soon. It may commit and it may not, but one should not wait for ever (MIT).
fn is_seen_committed(cluster: &Cluster, index: Index, command: &Command) -> bool {
    for pause_ms in [10, 20, 50, 100, 200] {
        // Before the first look, too. In MIT's lab no command is committed by then; on virtual time some are, and then a client
        // writes ten times what it does there, as often as the machine can: 94,000 commands in one run.
        cluster.lab().sleep_ms(pause_ms);
        if cluster.applied_count(index) > 0 {
            return cluster.committed(index).as_ref() == Some(command);
        }
    }
    false
}
