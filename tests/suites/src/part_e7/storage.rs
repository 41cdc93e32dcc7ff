//! Part E7: what a real Raft saves, saved once more on disks that fail at every step.

use std::sync::Arc;

use lab_harness::Violation;
use lab_harness::cluster::{Running, SaveCall, Snapshots};
use lab_harness::lab::Lab;
use raft_interface::{Disk, FaultyDisk, Loss, Persister};

/// State and snapshot.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// How many saves are tried at every step.
const TRIED: u64 = 8;

pub(super) const ATOMIC: &str =
    "a save is atomic: after a crash the old pair is there or the new one, never a mixture (Persister)";
pub(super) const STABLE: &str = "what was reported as saved is on stable storage (Fig. 2, State)";
const DAMAGE: &str = "a damaged storage is refused, and nothing else is made of it (contract, The disk)";

/// What is stored after a save.
pub(super) fn after(before: &Pair, call: &SaveCall) -> Pair {
    let state = [&before.0[..call.keep], &call.tail].concat();
    (state, call.snapshot.clone().unwrap_or_else(|| before.1.clone()))
}

pub(super) fn stored(persister: &dyn Persister) -> Pair {
    (persister.raft_state(), persister.snapshot())
}

fn save(persister: &dyn Persister, call: &SaveCall) -> bool {
    persister.save_tail(call.keep, &call.tail, call.snapshot.as_deref()).is_ok()
}

/// Opens what a power failure has left.
pub(super) fn open(lab: &Lab, disk: &Arc<FaultyDisk>, when: &str) -> Arc<dyn Persister> {
    lab.open_storage(disk).unwrap_or_else(|words| {
        lab.fail(
            Violation::new(
                format!("the storage cannot be opened {when}"),
                "the old pair or the new one",
                words,
            )
            .rule(ATOMIC)
            .hint("a record that a power failure has torn is none, and nobody was told of it"),
        )
    })
}

pub(super) fn show((state, snapshot): &Pair) -> String {
    format!("{} bytes of state and {} of snapshot", state.len(), snapshot.len())
}

/// A cluster on disks that has elected, agreed, trimmed its logs, and overwritten entries that were never committed. Server 0
/// has never restarted.
fn busy_cluster(lab: &Lab) -> Running {
    let cluster = lab.cluster(3).on_disks().snapshots(Snapshots::EveryTen).start();
    for _ in 0..12 {
        cluster.one(3);
    }
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    for _ in 0..3 {
        cluster.offer(leader);
    }
    for _ in 0..10 {
        cluster.one(2);
    }
    cluster.connect(leader);
    cluster.one(3);
    cluster
}

/// Server 0's saves, from an empty storage on.
pub(super) fn recorded(lab: &Lab) -> Vec<SaveCall> {
    let cluster = busy_cluster(lab);
    let saves = cluster.saves(0);
    lab.expect_usual(!saves.is_empty(), "it saves nothing");
    saves
}

/// What a Raft has saved is saved once more, on a disk whose power fails at every byte of some of these saves and at every flush,
/// rename and removal. Of what was not flushed all stays, nothing, or some sectors and names.
///
/// Catches: a save that is reported before it is flushed; half a save that is taken for a whole one, or for a damaged disk; a file
/// that has its name before its bytes, or an old one that is gone before the new one is stable; and what was read after a crash
/// and is not stable.
pub fn torn_at_every_byte_e7(lab: &Lab) {
    let saves = recorded(lab);
    let mut disk = Arc::new(FaultyDisk::new());
    let mut before = Pair::default();
    let with_snapshot = saves.iter().position(|call| call.snapshot.is_some());
    for (number, call) in saves.iter().enumerate() {
        let persister = open(lab, &Arc::new(disk.after_kill()), "after a power failure between two saves");
        let read = stored(&*persister);
        lab.expect(read == before, || {
            let headline = "a save was reported, and is gone after a power failure between two saves";
            Violation::new(headline, show(&before), show(&read)).rule(STABLE)
        });
        // The first one, one with a snapshot, and others by chance.
        let is_tried = number == 0 || with_snapshot == Some(number) || lab.below(saves.len() as u64) < TRIED;
        if is_tried {
            fail_at_every_step(lab, &disk, &before, call);
        }
        let persister = open(lab, &disk, "after a power failure between two saves");
        lab.expect(save(&*persister, call), || {
            Violation::new("a save fails on a disk that does not", "a save that succeeds", "an error")
        });
        before = after(&before, call);
        disk = Arc::new(disk.after_power_failure(Loss::Unflushed));
    }
}

fn fail_at_every_step(lab: &Lab, disk: &FaultyDisk, before: &Pair, call: &SaveCall) {
    let after = after(before, call);
    for step in 0.. {
        let failing = Arc::new(disk.after_kill());
        let persister = open(lab, &failing, "after a power failure between two saves");
        failing.power_fails_after(step);
        let is_reported = save(&*persister, call);
        let lost = |loss| {
            (
                format!("after a power failure at step {step} of a save ({loss:?})"),
                failing.after_power_failure(loss),
            )
        };
        let killed = (format!("after a kill at step {step} of a save"), failing.after_kill());
        let drawn = Loss::Drawn(lab.below(u64::MAX));
        for (when, found) in [killed, lost(Loss::Nothing), lost(Loss::Unflushed), lost(drawn)] {
            let found = Arc::new(found);
            let opened = open(lab, &found, &when);
            let read = stored(&*opened);
            expect_one_of(lab, &read, before, &after, is_reported, &when);
            let again = Arc::new(found.after_power_failure(Loss::Unflushed));
            let again = stored(&*open(lab, &again, &format!("{when}, and after another one")));
            lab.expect(again == read, || {
                let headline = format!("what a server has read {when} is gone after another power failure");
                Violation::new(headline, show(&read), show(&again))
                    .rule("what is read from stable storage is stable (contract, The disk)")
                    .hint("a process that was killed has written it and not flushed it: write it anew, or flush it, when it is opened")
            });
        }
        if !failing.is_off() {
            return;
        }
    }
}

fn expect_one_of(lab: &Lab, read: &Pair, before: &Pair, after: &Pair, is_reported: bool, when: &str) {
    if read == after || (read == before && !is_reported) {
        return;
    }
    let headline = match is_reported {
        true if read == before => format!("a save was reported, and is gone {when}"),
        _ => format!("the storage holds what nobody has saved {when}"),
    };
    let expected = match is_reported {
        true => format!("the new pair, {}", show(after)),
        false => format!("the old pair, {}, or the new one, {}", show(before), show(after)),
    };
    let rule = if is_reported && read == before { STABLE } else { ATOMIC };
    lab.fail(Violation::new(headline, expected, show(read)).rule(rule));
}

/// A bit flips in each byte of what a server has stored: the storage is refused with words, or what is read is what was saved.
/// Only the very last save may be taken for a torn one, which is usual, and costs nothing but this test's points.
///
/// Catches: records that are skipped or cut off because they cannot be read, and bytes that nothing checks.
pub fn damage_in_the_middle_e7(lab: &Lab) {
    let (disk, saves) = {
        let cluster = busy_cluster(lab);
        // Saves behind the last snapshot, so that there is a middle.
        for _ in 0..5 {
            cluster.one(3);
        }
        cluster.power_failure(0);
        (cluster.disk(0), cluster.saves(0))
    };
    let opened = open(lab, &Arc::new(disk.after_kill()), "after a power failure");
    let whole = stored(&*opened);
    let history = pairs(&saves);
    let mut has_lost_the_last = false;
    for name in disk.list().unwrap_or_default() {
        for byte in 0..disk.read(&name).map_or(0, |bytes| bytes.len()) {
            let bad = Arc::new(disk.after_kill());
            bad.flip_bit(&name, byte, lab.below(8) as u32);
            let Ok(opened) = lab.open_storage(&bad) else { continue };
            let read = stored(&*opened);
            let is_one_save_back = history
                .iter()
                .rev()
                .skip_while(|pair| **pair != whole)
                .nth(1)
                .is_some_and(|pair| *pair == read);
            has_lost_the_last |= is_one_save_back && read != whole;
            lab.expect(read == whole || is_one_save_back, || {
                Violation::new(
                    format!("a bit flips in byte {byte} of {name}, and other bytes are read without a word"),
                    format!("a refusal, or {} as saved", show(&whole)),
                    show(&read),
                )
                .rule(DAMAGE)
                .hint("only the last record can be torn; a wrong one with others behind it is damaged")
            });
        }
    }
    lab.expect_usual(!has_lost_the_last, "a flipped bit in the last save is taken for a torn save");
}

/// What was stored after each of these saves, from an empty storage on.
fn pairs(saves: &[SaveCall]) -> Vec<Pair> {
    saves.iter().fold(vec![Pair::default()], |mut pairs, call| {
        pairs.push(after(&pairs[pairs.len() - 1], call));
        pairs
    })
}
