//! Processes that a worker has started and that are not in its group any more (`setsid`): they come to this process when the
//! worker ends, and are ended.
//!
//! Only for programs whose children are all workers. In a test executable other tests may have children of their own.

#![allow(
    clippy::disallowed_types,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;
#[cfg(target_os = "linux")]
use std::time::Duration;

/// From now on, whatever the descendants of this process leave behind becomes its child.
pub fn adopt() {
    #[cfg(target_os = "linux")]
    {
        // A shell that has become this program (`exec`) leaves its own children to it.
        EARLIER.get_or_init(|| children().into_iter().collect());
        // A kernel that refuses leaves them to the system, as without this.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// The children that this process had when it began to adopt any: they are somebody else's.
#[cfg(target_os = "linux")]
static EARLIER: OnceLock<BTreeSet<u32>> = OnceLock::new();

/// How long one waits for an orphan to be gone before one looks again.
#[cfg(target_os = "linux")]
const ROUND: Duration = Duration::from_millis(1);

/// So often one looks for children. Each that is ended may have started another one just before.
#[cfg(target_os = "linux")]
const ROUNDS_MAX: usize = 200;

/// Ends all children of this process but these, and those that it had before, if it has [adopted](adopt) any.
#[cfg(target_os = "linux")]
pub(super) fn kill_all_but(workers: &BTreeSet<u32>) {
    use rustix::process::{Pid, Signal, WaitOptions, child_subreaper, kill_process, waitpid};

    if !child_subreaper().is_ok_and(|adopter| adopter.is_some()) {
        return;
    }
    // A process that starts another and ends, again and again, is gone before one has looked at all of them. So one looks until
    // nothing is left.
    for _ in 0..ROUNDS_MAX {
        let mut orphans = children();
        let is_known = |child: &u32| {
            workers.contains(child) || EARLIER.get().is_some_and(|earlier| earlier.contains(child))
        };
        orphans.retain(|child| !is_known(child));
        if orphans.is_empty() {
            return;
        }
        for orphan in orphans {
            let Some(pid) = i32::try_from(orphan).ok().and_then(Pid::from_raw) else { continue };
            // It may be gone already. It is a child: its number is its own until its status is taken.
            let _ = kill_process(pid, Signal::KILL);
            // Not waited for: one that cannot be ended, or not now, must not hold everybody up.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        labrpc::thread::sleep(ROUND);
    }
}

/// The children of this process.
#[cfg(target_os = "linux")]
fn children() -> Vec<u32> {
    // Each thread has its own: those that it has started, and orphans. This takes some microseconds; to ask all processes of the
    // machine for their parents, some milliseconds.
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.map(|thread| std::fs::read_to_string(thread.path().join("children")));
    let lists: std::io::Result<Vec<String>> = lists.collect();
    match lists {
        Ok(lists) => {
            lists.iter().flat_map(|list| list.split(' ')).filter_map(|child| child.parse().ok()).collect()
        }
        // A kernel without these lists, or a thread that has just ended.
        Err(_) => children_of_all(),
    }
}

#[cfg(target_os = "linux")]
fn children_of_all() -> Vec<u32> {
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter(|process| parent_of(*process) == Some(own)).collect()
}

/// The parent of a process; `None` if it is gone.
#[cfg(target_os = "linux")]
fn parent_of(process: u32) -> Option<u32> {
    // After the state.
    super::system::stat(process)?.split(' ').nth(1)?.parse().ok()
}
