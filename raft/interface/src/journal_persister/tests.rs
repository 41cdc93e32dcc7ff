//! The journal on real files and on a disk that does its worst.

use std::fs;

use super::*;
use crate::{FaultyDisk, Loss};

/// What a test saves: how many bytes stay, what comes behind them, and a snapshot.
type Save = (usize, Vec<u8>, Option<Vec<u8>>);

/// What is stored: state and snapshot.
type Stored = (Vec<u8>, Vec<u8>);

/// Saves of all kinds: growing, shrinking, over several sectors, with snapshots, with an empty one, and enough for a segment to
/// grow too long.
fn script() -> Vec<Save> {
    let mut saves: Vec<Save> =
        vec![(0, b"first".to_vec(), None), (5, vec![0; 600], None), (300, b"cut".to_vec(), None)];
    saves.push((0, b"with a snapshot".to_vec(), Some(vec![7; 700])));
    saves.extend((0..5).map(|n| (n, vec![n as u8; 1200], None)));
    saves.push((2, b"and another".to_vec(), Some(b"small".to_vec())));
    saves.push((4, Vec::new(), Some(Vec::new())));
    saves.push((0, b"last".to_vec(), None));
    saves
}

fn apply(stored: &Stored, (keep, tail, snapshot): &Save) -> Stored {
    let state = [&stored.0[..*keep], tail].concat();
    (state, snapshot.clone().unwrap_or_else(|| stored.1.clone()))
}

fn save(persister: &JournalPersister, (keep, tail, snapshot): &Save) -> Result<(), SaveError> {
    persister.save_tail(*keep, tail, snapshot.as_deref())
}

fn open(disk: &Arc<FaultyDisk>) -> Result<JournalPersister, OpenError> {
    JournalPersister::open(Arc::clone(disk) as Arc<dyn Disk>)
}

fn stored(persister: &JournalPersister) -> Stored {
    (persister.raft_state(), persister.snapshot())
}

/// What a kill and a power failure leave of a disk, in some ways.
fn endings(disk: &FaultyDisk) -> Vec<(String, FaultyDisk)> {
    let losses = [Loss::Nothing, Loss::Unflushed].into_iter().chain((0..6).map(Loss::Drawn));
    let mut endings: Vec<_> =
        losses.map(|loss| (format!("{loss:?}"), disk.after_power_failure(loss))).collect();
    endings.push(("killed".to_owned(), disk.after_kill()));
    endings
}

/// The power fails at each byte that is written, and each rename, removal and flush: what was reported is there, or what was being
/// saved, and never anything else. It is there still after another power failure, for a server has read it.
#[test]
fn power_may_fail_at_each_step() {
    let mut before = Stored::default();
    let mut disk = Arc::new(FaultyDisk::new());
    for (number, next) in script().iter().enumerate() {
        let after = apply(&before, next);
        let steps = {
            let whole = Arc::new(disk.after_kill());
            let persister = open(&whole).expect("whole");
            let opened = whole.steps();
            save(&persister, next).expect("a good disk");
            whole.steps() - opened
        };
        for step in 0..=steps {
            let failing = Arc::new(disk.after_kill());
            let persister = open(&failing).expect("whole");
            failing.power_fails_after(step);
            let is_reported = save(&persister, next).is_ok();
            assert!(is_reported || step < steps);
            for (how, found) in endings(&failing) {
                let found = Arc::new(found);
                let context = || format!("save {number}, step {step} of {steps}, {how}");
                let opened = open(&found).unwrap_or_else(|error| panic!("{}: {error}", context()));
                let read = stored(&opened);
                assert!(read == after || (!is_reported && read == before), "{}: other bytes", context());
                let again = Arc::new(found.after_power_failure(Loss::Unflushed));
                let again = open(&again).unwrap_or_else(|error| panic!("{}, again: {error}", context()));
                assert_eq!(stored(&again), read, "{}: read once and lost", context());
                save(&opened, next).unwrap_or_else(|error| panic!("{}: {error}", context()));
            }
        }
        let persister = open(&disk).expect("whole");
        save(&persister, next).expect("a good disk");
        disk = Arc::new(disk.after_power_failure(Loss::Unflushed));
        before = after;
    }
}

/// Every bit of every file: what was saved, or a refusal that names the file.
#[test]
fn flipped_bit_anywhere_is_refused() {
    let disk = Arc::new(FaultyDisk::new());
    let persister = open(&disk).expect("empty");
    for next in [(0, b"state".to_vec(), Some(b"snapshot".to_vec())), (5, vec![0; 600], None)] {
        save(&persister, &next).expect("a good disk");
    }
    for name in disk.list().expect("the power is on") {
        for byte in 0..disk.read(&name).expect("a file").len() {
            let bad = Arc::new(disk.after_power_failure(Loss::Unflushed));
            bad.flip_bit(&name, byte, byte as u32);
            let error = open(&bad).expect_err("a flipped bit went unnoticed").to_string();
            assert!(error.contains(&name) && error.contains("Do not start this server"), "{error}");
        }
    }
}

/// The first to the last flush of a save fails: the save is refused, and so is every later one, although the disk says yes
/// again. The old pair is still there to be read.
#[test]
fn nothing_is_saved_after_a_flush_that_failed() {
    for snapshot in [None, Some(b"new".to_vec())] {
        let flushes = if snapshot.is_some() { 4 } else { 1 };
        for flush in 0..flushes {
            let disk = Arc::new(FaultyDisk::new());
            let persister = open(&disk).expect("empty");
            persister.save(b"old", Some(b"snap")).expect("a good disk");
            disk.flush_fails(flush);
            let next = (1, b"new".to_vec(), snapshot.clone());
            save(&persister, &next).expect_err("a flush failed");
            let error = save(&persister, &next).expect_err("refused").to_string();
            assert!(error.contains("stop the server"), "{error}");
            assert_eq!(stored(&persister), (b"old".to_vec(), b"snap".to_vec()));
            for (how, found) in endings(&disk) {
                let found = Arc::new(found);
                let read = stored(&open(&found).expect("whole"));
                let old = (b"old".to_vec(), b"snap".to_vec());
                assert!([&old, &apply(&old, &next)].contains(&&read), "flush {flush}, {how}");
                let again = Arc::new(found.after_power_failure(Loss::Unflushed));
                assert_eq!(
                    stored(&open(&again).expect("whole")),
                    read,
                    "flush {flush}, {how}: read and lost"
                );
            }
        }
    }
}

#[test]
fn full_disk_stops_the_server_and_harms_nothing() {
    let disk = Arc::new(FaultyDisk::new());
    let persister = open(&disk).expect("empty");
    persister.save(b"old", None).expect("a good disk");
    disk.append_fails(0);
    let error = persister.save(b"new", None).expect_err("no room").to_string();
    assert!(error.contains("journal-0000000000000001") && error.contains("full"), "{error}");
    persister.save(b"new", None).expect_err("refused");
    drop(persister);
    assert_eq!(stored(&open(&disk).expect("whole")).0, b"old");
}

/// Random saves, kills, power failures and openings: what was reported or read is never lost, and what nobody was told of is
/// there as a whole or not at all.
#[test]
fn any_history_leaves_what_was_reported_or_read() {
    for seed in 0..400_u64 {
        let mut draws = 0_u64;
        let mut below = |bound: u64| {
            draws += 1;
            xxhash_rust::xxh3::xxh3_64_with_seed(&draws.to_le_bytes(), seed) % bound
        };
        let mut disk = Arc::new(FaultyDisk::new());
        let mut known = Stored::default();
        for _ in 0..12 {
            let persister = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert_eq!(stored(&persister), known, "seed {seed}");
            disk.power_fails_after(below(6000));
            disk.flush_fails(below(20));
            let mut candidates = vec![known.clone()];
            for _ in 0..below(8) {
                let keep = below(known.0.len() as u64 + 1) as usize;
                let tail = vec![below(3) as u8; below(900) as usize];
                let snapshot = (below(5) == 0).then(|| vec![below(256) as u8; below(800) as usize]);
                let next = (keep, tail, snapshot);
                candidates = vec![known.clone(), apply(&known, &next)];
                if save(&persister, &next).is_err() {
                    break;
                }
                known = apply(&known, &next);
                candidates = vec![known.clone()];
            }
            disk = Arc::new(match below(4) {
                0 => disk.after_kill(),
                1 => disk.after_power_failure(Loss::Nothing),
                2 => disk.after_power_failure(Loss::Unflushed),
                _ => disk.after_power_failure(Loss::Drawn(below(u64::MAX))),
            });
            let read = open(&Arc::new(disk.after_kill())).map(|found| stored(&found));
            let read = read.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert!(candidates.contains(&read), "seed {seed}: other bytes");
            known = read;
        }
    }
}

/// Ten thousand entries, one a save: the journal writes the entry and little else. The persister before it wrote the whole pair.
#[test]
fn bytes_for_a_save_do_not_grow_with_the_log() {
    const ENTRIES: usize = 10_000;
    const ENTRY: usize = 60;
    // The term, the vote and the checksum stand behind the entries and are written anew each time.
    let (entry, end) = ([1; ENTRY], [2; 12]);
    let disk = Arc::new(FaultyDisk::new());
    let persister = open(&disk).expect("empty");
    let (mut whole_pairs, mut all) = (0_u64, Vec::new());
    for number in 0..ENTRIES {
        if number % 2 == 0 {
            persister.save_tail(number * ENTRY, &[&entry[..], &end].concat(), None).expect("a good disk");
            all = persister.raft_state();
        } else {
            // Some hand over all of it, and the journal looks for what is new.
            all.truncate(number * ENTRY);
            all.extend([&entry[..], &end].concat());
            persister.save(&all, None).expect("a good disk");
        }
        whole_pairs += ((number + 1) * ENTRY + end.len() + 48) as u64;
    }
    let written = disk.steps();
    let (per_save, before) = (written / ENTRIES as u64, whole_pairs / ENTRIES as u64);
    println!(
        "{per_save} bytes for a save of {ENTRY}, where whole pairs are {before}: {} times less",
        before / per_save
    );
    assert!(per_save < 4 * ENTRY as u64, "{per_save} bytes for a save of one entry");
}

#[test]
fn what_is_saved_is_there_when_the_directory_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let open = || JournalPersister::open_directory(directory.path().join("server")).expect("whole");
    assert_eq!(stored(&open()), Stored::default());
    let mut known = Stored::default();
    for next in script() {
        save(&open(), &next).expect("the disk works");
        known = apply(&known, &next);
        assert_eq!(stored(&open()), known);
    }
    let files = RealDisk::open(directory.path().join("server")).unwrap().list().unwrap();
    assert_eq!(files.len(), 1, "what does not count is removed: {files:?}");
}

#[test]
fn real_and_faulty_disks_answer_alike() {
    let directory = tempfile::tempdir().unwrap();
    let disks: [Box<dyn Disk>; 2] =
        [Box::new(RealDisk::open(directory.path()).unwrap()), Box::new(FaultyDisk::new())];
    let answers = disks.map(|disk| {
        let mut answers: Vec<Result<Vec<u8>, io::ErrorKind>> = Vec::new();
        let none = |done: io::Result<()>| done.map(|()| Vec::new()).map_err(|error| error.kind());
        answers.push(none(disk.append("a", b"one two")));
        answers.push(none(disk.truncate("a", 3)));
        answers.push(none(disk.truncate("a", 9)));
        answers.push(none(disk.append("a", b"!")));
        answers.push(none(disk.append("b", b"three")));
        answers.push(none(disk.flush("a")));
        answers.push(none(disk.rename("a", "b")));
        answers.push(none(disk.append("b", b"?")));
        answers.push(none(disk.flush_directory()));
        for name in ["a", "b"] {
            answers.push(disk.read(name).map_err(|error| error.kind()));
            answers.push(none(disk.flush(name)));
            answers.push(none(disk.remove(name)));
        }
        answers.push(none(disk.rename("a", "b")));
        answers.push(none(disk.truncate("a", 0)));
        answers.push(Ok(disk.list().unwrap().concat().into_bytes()));
        answers
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains(&Ok(b"one!?".to_vec())), "{answers:?}");
}

#[test]
fn pair_of_the_old_format_is_refused_and_files_of_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let open = || JournalPersister::open_directory(directory.path());
    fs::write(directory.path().join("notes-1"), b"not ours").unwrap();
    open().expect("empty").save(b"state", Some(b"snap")).expect("the disk works");
    assert_eq!(fs::read(directory.path().join("notes-1")).unwrap(), b"not ours");
    fs::write(directory.path().join("raft-state"), b"RAFTPAIR...").unwrap();
    let error = open().expect_err("another format").to_string();
    assert!(error.contains("raft-state") && error.contains("version"), "{error}");
}

#[test]
fn missing_snapshot_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let open = || JournalPersister::open_directory(directory.path());
    open().expect("empty").save(b"state", Some(b"snap")).expect("the disk works");
    fs::remove_file(directory.path().join(snapshot_name(1))).unwrap();
    let error = open().expect_err("no snapshot").to_string();
    assert!(error.contains("snapshot-0000000000000001"), "{error}");
}
