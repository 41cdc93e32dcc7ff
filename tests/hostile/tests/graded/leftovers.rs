//! Processes that should be gone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};

/// From now on, whatever descendants leave behind becomes a child of this process.
pub(crate) fn adopt() {
    set_child_subreaper(Some(getpid())).expect("the system gives orphans to whom it asks");
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What a process is, if it is no more than a status that nobody has asked for.
fn described(process: i32) -> Option<(i32, String)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (name, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
    (state != "Z").then(|| (parent, format!("{name}), {state}")))
}

/// Those whose environment says that they belong to this folder.
fn in_folder(folder: &Path) -> impl Iterator<Item = i32> {
    let wanted = format!("CARGO_TARGET_DIR={}", folder.display()).into_bytes();
    processes().filter(move |process| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
    })
}

/// So often one looks whether they are gone: what was killed with its parent needs a moment.
const TRIES: u32 = 50;

fn still(look: impl Fn() -> Vec<String>) -> Vec<String> {
    for _ in 0..TRIES {
        if look().is_empty() {
            return Vec::new();
        }
        labrpc::thread::sleep(Duration::from_millis(10));
    }
    look()
}

/// The processes of a grading that are still there.
pub(crate) fn of(folder: &Path) -> Vec<String> {
    still(|| in_folder(folder).filter_map(|process| Some(described(process)?.1)).collect())
}

/// Ends them.
pub(crate) fn end(folder: &Path) {
    for process in in_folder(folder).filter_map(Pid::from_raw) {
        // It may be gone already.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Children of this process, once all is over.
pub(crate) fn children() -> Vec<String> {
    let own = getpid().as_raw_pid();
    let of_this = || processes().filter_map(described).filter(|(parent, _)| *parent == own);
    still(|| of_this().map(|(_, text)| text).collect())
}
