//! Part E7 in clusters: servers that store on disks, and lose their power or a flush in the middle of a save.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::lab::Lab;
use lab_harness::nemesis::offer_to_leaders;
use raft_interface::{FaultyDisk, Loss, ServerId};

use super::storage::{Pair, STABLE, after, open, recorded, show, stored};

/// The steps of a disk within which a planned power failure comes: those of a few saves, and of a segment or a snapshot.
const STEPS_MAX: u64 = 1200;
/// The flushes within which a planned one fails.
const FLUSHES_MAX: u64 = 6;

/// A leader and a victim are a majority while the victim's disk does its worst; then the victim loses its power, the leader is cut
/// off, and the victim and the third, which knows nothing of all this, must go on from what was committed.
fn majority_of_two(lab: &Lab, cluster: &Cluster, fault: impl FnOnce(ServerId)) {
    cluster.one(3);
    let leader = cluster.check_one_leader();
    let [victim, third] = [1, 2].map(|step| cluster.next(leader, step));
    cluster.disconnect(third);
    fault(victim);
    // Rounds of different lengths: with the snapshots every ten a new file begins, in which all is written once more.
    for _ in 0..2 + lab.below(9) {
        // The victim is not asked who leads: a server that has stopped because a save failed need not answer.
        for _ in 0..=lab.below(3) {
            cluster.offer(leader);
        }
        lab.sleep_ms(10 + lab.below(20));
    }
    // If what it has stored so far was too little for the planned fault, the power fails now.
    cluster.power_failure(victim);
    cluster.slow_disk(victim, Duration::ZERO);
    cluster.disconnect(leader);
    cluster.connect(third);
    cluster.restart(victim);
    cluster.one(2);
    cluster.connect(leader);
    cluster.one(3);
}

/// Some flush of a server fails and forgets its pages, while the server is needed for a majority; later ones succeed. And what a
/// Raft has saved is saved once more on disks of which the first, the second, ... flush fails: what is reported as saved from then on
/// is there after a power failure.
///
/// Catches: an error that nobody looks at, and a second try that says yes, because the disk has forgotten what it was to write.
pub fn flush_fails_e7(lab: &Lab) {
    let saves = recorded(lab);
    let wholes: Vec<Pair> = saves
        .iter()
        .scan(Pair::default(), |pair, call| {
            *pair = after(pair, call);
            Some(pair.clone())
        })
        .take(24)
        .collect();
    for flush in 0..2 * wholes.len() as u64 {
        save_with_a_failing_flush(lab, &wholes, flush);
    }
    let cluster = lab.cluster(3).on_disks().snapshots(Snapshots::EveryTen).start();
    for _ in 0..6 {
        majority_of_two(lab, &cluster, |victim| cluster.flush_fails(victim, lab.below(FLUSHES_MAX)));
    }
}

/// So many saves are tried after a flush that failed, and looked at one by one: what the first ones lose the next may write
/// again.
const TRIES: usize = 3;

fn save_with_a_failing_flush(lab: &Lab, wholes: &[Pair], flush: u64) {
    let disk = Arc::new(FaultyDisk::new());
    let persister = open(lab, &disk, "when it is empty");
    disk.flush_fails(flush);
    let has_failed = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&has_failed);
    disk.set_alarm(Some(Arc::new(move |_| told.store(true, Ordering::Relaxed))));
    let mut last = Pair::default();
    let mut refused: Vec<&Pair> = Vec::new();
    let mut tries = 0;
    for pair in wholes {
        // All of the state: what a persister keeps after an error is not known.
        let snapshot = (pair.1 != last.1).then_some(pair.1.as_slice());
        if persister.save(&pair.0, snapshot).is_ok() {
            last.clone_from(pair);
            refused.clear();
        } else {
            refused.push(pair);
        }
        if has_failed.load(Ordering::Relaxed) {
            tries += 1;
            expect_the_last(lab, &disk, &last, &refused);
        }
        if tries > TRIES {
            return;
        }
    }
}

/// After a power failure there is what was reported last, or one of those that were refused after that.
fn expect_the_last(lab: &Lab, disk: &FaultyDisk, last: &Pair, refused: &[&Pair]) {
    for loss in [Loss::Unflushed, Loss::Drawn(lab.below(u64::MAX))] {
        let found = Arc::new(disk.after_power_failure(loss));
        let read = lab.open_storage(&found).map(|opened| stored(&*opened));
        let is_there = read.as_ref().is_ok_and(|read| read == last || refused.contains(&read));
        lab.expect(is_there, || {
            Violation::new(
                "a flush has failed, and what was reported as saved is gone after a power failure",
                format!("what was reported last, {}, or what was refused after that", show(last)),
                read.as_ref().map_or_else(Clone::clone, show),
            )
            .rule(STABLE)
            .hint("after a flush that failed a second one says nothing of what the first was to write")
        });
    }
}

/// Again and again a server that is needed for a majority loses its power in the middle of a save, and its writes have reached the
/// disk in any order, or not at all. At the end of each round all servers lose theirs at one moment, with commands under way.
///
/// Catches: an acknowledgement before the flush, half a save that is taken for a whole one, and a storage that a power failure
/// makes unreadable.
pub fn unordered_writes_e7(lab: &Lab) {
    let cluster = lab.cluster(3).on_disks().snapshots(Snapshots::EveryTen).start();
    for _ in 0..10 {
        majority_of_two(lab, &cluster, |victim| cluster.power_failure_on_disk(victim, lab.below(STEPS_MAX)));
        for server in cluster.servers() {
            cluster.power_failure_on_disk(server, lab.below(STEPS_MAX));
        }
        for _ in 0..6 {
            offer_to_leaders(lab, &cluster);
            lab.sleep_ms(lab.below(25));
        }
        cluster.servers().for_each(|server| cluster.power_failure(server));
        cluster.servers().for_each(|server| cluster.restart(server));
    }
    cluster.one(3);
}
