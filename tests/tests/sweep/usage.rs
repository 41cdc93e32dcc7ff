//! What is mistyped gets a message that says what to type.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use libtest_mimic::Trial;

use crate::bad::VARIABLE;
use crate::program::{Ran, command, run};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("what_is_mistyped_gets_a_message_that_helps", mistyped),
        trial("grade_as_another_user_leaves_what_that_user_may_write", another_user),
        trial("a_variable_of_no_use_is_named", variables),
        trial("a_program_may_have_any_name", names),
    ]
}

fn mistyped() {
    let target = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        ("sweep figur8_3c", "Did you mean figure8_3c"),
        ("sweep --time soon", "write 90s, 10m or 1h30m"),
        ("sweep --shard 9/8", "write K/N, such as 3/8, with K from 1 to N"),
        ("sweep --shard 3/8 -n 4", "take more seeds or fewer shards"),
        ("sweep --shard 3/8 --time 1m", "say how many with -n"),
        ("sweep -j 0", "write a number from 1 to 1024"),
        ("sweep -n 0", "write a whole number from 1"),
        ("sweep -n 2 --seed-from 0xffffffffffffffff", "above the highest seed"),
        ("sweep --seed-from x", "write 42 or 0x2a"),
        ("sweep --memory 2", "write 512M or 2G"),
        ("sweep --memory 1M", "write 64M or more"),
        ("sweep --limit 1ns", "write 100ms or more"),
        ("sweep --stall 1ns", "take 0.1 to 86400 s"),
        ("sweep --time 400days", "a year is the most"),
        ("sweep --policy best", "best"),
        ("sweep --policy pct,pct:101", "a depth from 1 to 100"),
        ("grade initial_election_3a --policy pct:10000000", "every step pays for each"),
        ("grade initial_election_3a --policy pct:4294967295", "a depth from 1 to 100"),
        ("grade initial_election_3a --seeds 18446744073709551615", "from 1 to 1000000"),
        ("replay initial_election_3a 1 --policy pct:4294967295", "a depth from 1 to 100"),
        ("sweep --world moon", "write simulated or real"),
        ("merge", "<FILES>"),
        ("sweep chaos_4c", "nothing to sweep"),
        ("grade 3A --as-user nobdy", "there is no user nobdy"),
        ("grade 3A --as-user root", "root is root"),
    ] {
        run(target.path(), arguments).expect(2, &[part]);
    }
    assert!(!target.path().join("lab").exists(), "nothing was run");
}

/// Only root can do that; for others the test is about the sentence.
fn another_user() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let target = tempfile::tempdir().unwrap();
    // Temporary folders are closed to others.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(target.path(), open).unwrap();
    let ran: Ran = command(target.path(), "grade initial_election_3a --seed 10 --as-user nobody")
        .env(VARIABLE, "10")
        .output()
        .unwrap()
        .into();
    if !rustix::process::getuid().is_root() {
        return ran.expect(2, &["only root can run code as another user"]);
    }
    ran.expect(1, &["this is a panic of server 1", "0 of 10 points"]);
    let users = std::fs::read_dir(target.path().join("lab/users")).unwrap();
    let folder = users.map(|entry| entry.unwrap().path()).next().expect("a folder");
    let report = folder.join("initial_election_3a/0xa/report.md").metadata().unwrap();
    assert_eq!(report.uid().to_string(), folder.file_name().unwrap().to_str().unwrap());
}

fn variables() {
    let target = tempfile::tempdir().unwrap();
    for (name, value, part) in [
        ("LAB_POLICY", &b"pct:4294967295"[..], "a depth from 1 to 100"),
        ("LAB_SEEDS", b"18446744073709551615", "from 1 to 1000000"),
        ("LAB_SEED", b"x", "write 42 or 0x2a"),
        ("LAB_STALL", b"abc", "LAB_STALL: \"abc\" is not a time in seconds"),
        ("LAB_STALL", b"1e-9", "LAB_STALL: a thread cannot be given"),
        ("LAB_STALL", b"\xff", "LAB_STALL: \u{fffd} is not UTF-8"),
        ("LAB_SEEDS", b"\xff", "LAB_SEEDS: \u{fffd} is not UTF-8"),
        ("LAB_WORLD", b"re\xffl", "LAB_WORLD: re\u{fffd}l is not UTF-8"),
        ("LAB_COMMAND", b"\xff", "LAB_COMMAND: \u{fffd} is not UTF-8"),
    ] {
        let mut grade = command(target.path(), "grade initial_election_3a");
        let ran: Ran = grade.env(name, OsStr::from_bytes(value)).output().unwrap().into();
        ran.expect(2, &[part]);
    }
}

fn names() {
    use std::os::unix::process::CommandExt;
    let target = tempfile::tempdir().unwrap();
    let mut list = command(target.path(), "list 3A");
    let ran: Ran = list.arg0(OsStr::from_bytes(b"/somewhere/\xff/lab")).output().unwrap().into();
    ran.expect(0, &["initial_election_3a"]);
}
