//! Processes that a worker has started and that are not in its group any more (`setsid`): they come to this process when the
//! worker ends, and are ended.
//!
//! Only for programs whose children are all workers. In a test executable other tests may have children of their own.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;

/// From now on, whatever the descendants of this process leave behind becomes its child.
pub fn adopt() {
    #[cfg(target_os = "linux")]
    {
        // A kernel that refuses leaves them to the system, as without this.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// Ends all children of this process but these, if it has [adopted](adopt) any.
#[cfg(target_os = "linux")]
pub(super) fn kill_all_but(workers: &BTreeSet<u32>) {
    use rustix::process::{Pid, Signal, WaitOptions, child_subreaper, getpid, kill_process, waitpid};

    if !child_subreaper().is_ok_and(|adopter| adopter.is_some()) {
        return;
    }
    let own = getpid().as_raw_pid().cast_unsigned();
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    for process in processes.filter(|process| !workers.contains(process) && parent_of(*process) == Some(own))
    {
        let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { continue };
        // It may be gone already. It is a child: its number is its own until its status is taken.
        let _ = kill_process(pid, Signal::KILL);
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}

/// The parent of a process; `None` if it is gone.
#[cfg(target_os = "linux")]
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything; the state follows, and then the parent.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
