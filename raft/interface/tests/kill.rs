//! A journal on real files survives a real kill: a process that saves without end is killed at any moment, and what is then on
//! disk is one whole save.

#![allow(
    clippy::disallowed_methods,
    reason = "the killed process is real, and so is the time until it is killed"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use raft_interface::{JournalPersister, Persister};

const DIRECTORY: &str = "RAFT_INTERFACE_KILL_DIRECTORY";

/// Number `n` as a state: a length that depends on `n`, filled with it.
fn state(n: u64) -> Vec<u8> {
    n.to_le_bytes().repeat(1 + (n % 500) as usize)
}

/// The snapshot that goes with it: every other save has one, so that the process is killed while it appends, too.
fn snapshot(n: u64) -> Option<Vec<u8>> {
    n.is_multiple_of(2).then(|| state(n))
}

/// Not a test of its own: the process that the test below starts and kills.
#[test]
fn process_that_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let persister =
        JournalPersister::open_directory(Path::new(&directory)).expect("what was saved before is whole");
    let first = number(&persister.raft_state());
    for n in first + 1.. {
        persister.save(&state(n), snapshot(n).as_deref()).expect("the disk works");
    }
}

/// The number that a state stands for; 0 for none.
fn number(state: &[u8]) -> u64 {
    state.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[test]
fn kill_during_a_save_leaves_a_whole_save() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut last = 0;
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "process_that_is_killed"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child process");
        std::thread::sleep(Duration::from_millis(40 + 7 * round));
        child.kill().expect("the child runs until it is killed");
        child.wait().expect("the child has ended");

        let persister = JournalPersister::open_directory(directory.path()).expect("a whole save");
        let n = number(&persister.raft_state());
        assert!(n >= last, "save {n} after save {last}: an acknowledged save is gone");
        if n > 0 {
            assert_eq!(persister.raft_state(), state(n), "the state is not what was saved");
            let latest = snapshot(n).or_else(|| snapshot(n - 1)).filter(|_| n > 1).unwrap_or_default();
            assert_eq!(persister.snapshot(), latest, "the snapshot belongs to another save than the state");
        }
        last = n;
    }
    assert!(last > 20, "only {last} saves in all: the child hardly ran");
}
