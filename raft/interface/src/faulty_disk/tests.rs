//! What the disk does is what its documentation says.

use super::*;

/// A disk with `stable` in the file `f`, flushed with its name.
fn disk(stable: &[u8]) -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.append("f", stable).unwrap();
    disk.flush("f").unwrap();
    disk.flush_directory().unwrap();
    disk
}

#[test]
fn what_is_flushed_stays_and_a_name_is_flushed_apart() {
    let disk = disk(b"one");
    disk.append("g", b"two").unwrap();
    disk.flush("g").unwrap();
    for seed in 0..50 {
        assert_eq!(disk.after_power_failure(Loss::Drawn(seed)).read("f").unwrap(), b"one");
    }
    let without_its_name = disk.after_power_failure(Loss::Unflushed);
    assert_eq!(without_its_name.list().unwrap(), ["f"]);
    assert_eq!(disk.after_power_failure(Loss::Nothing).read("g").unwrap(), b"two");
}

#[test]
fn sectors_stay_in_any_order_and_the_lost_ones_are_zeros() {
    let disk = disk(&[1; 700]);
    disk.append("f", &[2; 2000]).unwrap();
    let mut found = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let bytes = disk.after_power_failure(Loss::Drawn(seed)).read("f").unwrap();
        assert_eq!(bytes[..700], [1; 700]);
        // The parts of the write that lie in sectors of their own: in whole or not at all.
        let parts = [700..1024, 1024..1536, 1536..2048, 2048..2560, 2560..2700];
        found.insert(parts.map(|part| {
            let part = bytes.get(part).map(|part| (part.iter().all(|&byte| byte == 2), part));
            part.is_some_and(|(is_written, part)| {
                assert!(is_written || part.iter().all(|&byte| byte == 0), "seed {seed}: a torn sector");
                is_written
            })
        }));
    }
    assert_eq!(found.len(), 32, "of the 32 ways to lose sectors");
}

#[test]
fn failed_flush_forgets_and_a_later_one_says_nothing_of_it() {
    let disk = disk(b"one");
    disk.append("f", b"two").unwrap();
    disk.flush_fails(0);
    disk.flush("f").unwrap_err();
    disk.append("f", b"three").unwrap();
    disk.flush("f").unwrap();
    assert_eq!(disk.read("f").unwrap(), b"onetwothree", "the pages are still there");
    assert_eq!(disk.after_kill().read("f").unwrap(), b"onetwothree", "for another process, too");
    for loss in [Loss::Nothing, Loss::Unflushed] {
        assert_eq!(disk.after_power_failure(loss).read("f").unwrap(), b"one\0\0\0three");
    }
}

#[test]
fn power_fails_at_the_step_and_everything_after_it() {
    let disk = disk(b"one");
    let alarms = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&alarms);
    disk.set_alarm(Some(Arc::new(move |fault| heard.lock().push(fault))));
    disk.power_fails_after(2);
    disk.append("f", b"two").unwrap_err();
    assert!(disk.is_off() && disk.read("f").is_err() && disk.flush("f").is_err());
    assert_eq!(*alarms.lock(), [DiskFault::PowerFailed]);
    assert_eq!(disk.after_power_failure(Loss::Nothing).read("f").unwrap(), b"onetw");
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"one");

    let disk = super::tests::disk(b"one");
    disk.append("f", b"two").unwrap();
    disk.power_fails_after(0);
    disk.flush("f").unwrap_err();
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"one");
}

#[test]
fn rename_is_the_old_file_or_the_new_one() {
    let disk = disk(b"old");
    disk.append("t", b"new").unwrap();
    disk.flush("t").unwrap();
    disk.rename("t", "f").unwrap();
    let mut found = std::collections::BTreeSet::new();
    for seed in 0..50 {
        found.insert(disk.after_power_failure(Loss::Drawn(seed)).read("f").unwrap());
    }
    assert!(found.into_iter().eq([b"new", b"old"]));
    disk.flush_directory().unwrap();
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"new");
}

#[test]
fn full_disk_writes_half_and_a_flipped_bit_stays() {
    let disk = disk(b"one");
    disk.append_fails(0);
    let error = disk.append("f", b"four").unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(disk.read("f").unwrap(), b"onefo");
    disk.flip_bit("f", 1, 0);
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"ooe");
}

#[test]
fn truncated_bytes_are_gone_when_that_is_flushed() {
    let disk = disk(b"one two");
    disk.truncate("f", 3).unwrap();
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"one two");
    disk.flush("f").unwrap();
    assert_eq!(disk.after_power_failure(Loss::Unflushed).read("f").unwrap(), b"one");
    assert_eq!(disk.truncate("f", 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    disk.remove("f").unwrap();
    assert_eq!(disk.read("f").unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(disk.after_power_failure(Loss::Unflushed).list().unwrap(), ["f"]);
}
