//! Why a worker process ended, seen from outside.

use std::process::ExitStatus;
use std::time::Duration;

use super::failed_run::FailedRun;
use crate::target::FailureKind;

/// Why a sweep killed a worker itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillReason {
    /// It did not answer for this long.
    Hang(Duration),
    /// It used more memory than this, in bytes.
    Memory(u64),
}

/// How the run of `seed` failed that ended its worker, by why the sweep killed the worker, if it did, how the process ended,
/// and what it wrote to standard error. `None` if somebody asked it to end, which is no failure of the code under test.
pub(super) fn classify(
    seed: u64,
    kill_reason: Option<KillReason>,
    status: Option<ExitStatus>,
    stderr: &str,
) -> Option<FailedRun> {
    let (kind, headline) = match kill_reason {
        Some(KillReason::Hang(limit)) => (
            FailureKind::Hang,
            format!("hangs: the run did not end within {:.1} s of real time", limit.as_secs_f64()),
        ),
        Some(KillReason::Memory(limit)) => {
            (FailureKind::Memory, format!("memory ran wild: the process used more than {} MiB", limit >> 20))
        }
        // If the sweep killed it, the status would only tell of that.
        None => from_status(status, stderr)?,
    };
    Some(FailedRun::new(seed, kind, &headline))
}

fn from_status(status: Option<ExitStatus>, stderr: &str) -> Option<(FailureKind, String)> {
    // The last such line: a program may have overcome earlier ones.
    let line = |words: &str| stderr.lines().rev().find(|line| line.contains(words)).map(str::trim);
    // Before the signal, since both of these end in SIGABRT, and the words tell more. A program could print
    // them and end otherwise; it would still have to end.
    if let Some(line) = line("has overflowed its stack") {
        return Some((FailureKind::StackOverflow, format!("stack overflow: {line}")));
    }
    if let Some(line) = line("memory allocation of ") {
        return Some((FailureKind::Memory, format!("memory ran wild: {line}")));
    }
    match (signal(status), status.and_then(|status| status.code())) {
        (Some(name), _) => from_signal(name, line("panicked at")),
        // The exit code of a Rust program whose main thread panics. Code under test that exits so itself is
        // not told apart.
        (None, Some(101)) => {
            let panic = line("panicked at").unwrap_or("nothing is known of it");
            Some((FailureKind::Panic, format!("a panic ended the process: {panic}")))
        }
        (None, Some(code)) => {
            let text =
                format!("the code under test ended the process with exit code {code} (std::process::exit)");
            Some((FailureKind::Exit, text))
        }
        (None, None) => Some((FailureKind::Killed, "the process ended, and nobody knows how".to_owned())),
    }
}

fn from_signal(name: &str, panic: Option<&str>) -> Option<(FailureKind, String)> {
    let because = panic.map_or(String::new(), |panic| format!(" after a panic: {panic}"));
    Some(match name {
        // macOS sends SIGBUS for some of what is SIGSEGV on Linux.
        "SIGSEGV" | "SIGBUS" => (FailureKind::Segfault, format!("segmentation fault ({name}){because}")),
        // std::process::abort is SIGABRT; compilers end code that must not be reached with one of the other
        // two.
        "SIGABRT" | "SIGILL" | "SIGTRAP" => {
            (FailureKind::Abort, format!("the process aborted itself ({name}){because}"))
        }
        // These come from people and from systems that shut down. Code under test could send them to itself,
        // and nobody does.
        "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT" => return None,
        "SIGKILL" => (
            FailureKind::Killed,
            "the process was killed (SIGKILL): by the system for want of memory, or by somebody".to_owned(),
        ),
        name => (FailureKind::Killed, format!("the process was killed by {name}{because}")),
    })
}

/// The name of the signal that ended a process.
#[cfg(unix)]
fn signal(status: Option<ExitStatus>) -> Option<&'static str> {
    use rustix::process::Signal;
    use std::os::unix::process::ExitStatusExt;
    let number = status?.signal()?;
    let named = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::INT, "SIGINT"),
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::XCPU, "SIGXCPU, the limit of processor time"),
        (Signal::SYS, "SIGSYS, a system call that is not allowed"),
    ];
    let name = named.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name);
    Some(name.unwrap_or("a signal"))
}

#[cfg(not(unix))]
fn signal(_status: Option<ExitStatus>) -> Option<&'static str> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn crashed(raw: i32, stderr: &str) -> Option<(FailureKind, String)> {
        classify(1, None, Some(ExitStatus::from_raw(raw)), stderr)
            .map(|failed| (failed.kind, failed.headline))
    }

    /// Raw statuses of Linux and macOS: the signal in the low bits, the exit code in the second byte.
    #[test]
    fn crashes_of_each_kind_have_their_headline() {
        for (raw, stderr, kind, words) in [
            (11, "", FailureKind::Segfault, "segmentation fault (SIGSEGV)"),
            (6, "", FailureKind::Abort, "aborted itself"),
            (
                6,
                "thread 'x' panicked at a.rs:1:2:\nno\n",
                FailureKind::Abort,
                "after a panic: thread 'x' panicked at a.rs:1:2",
            ),
            (3 << 8, "", FailureKind::Exit, "exit code 3"),
            (0, "", FailureKind::Exit, "exit code 0"),
            (101 << 8, "thread 'x' panicked at a.rs:1:2:\n", FailureKind::Panic, "a.rs:1:2"),
            (
                6,
                "\nthread 'main' has overflowed its stack\n",
                FailureKind::StackOverflow,
                "thread 'main' has overflowed",
            ),
            (
                6,
                "memory allocation of 99 bytes failed\n",
                FailureKind::Memory,
                "memory allocation of 99 bytes failed",
            ),
            (9, "", FailureKind::Killed, "SIGKILL"),
            (8, "", FailureKind::Killed, "SIGFPE"),
        ] {
            let (got, headline) = crashed(raw, stderr).unwrap();
            assert_eq!(got, kind, "{raw} {stderr:?}: {headline}");
            assert!(headline.contains(words), "{raw} {stderr:?}: {headline}");
        }
    }

    #[test]
    fn signals_that_ask_a_process_to_end_are_no_failure() {
        for raw in [1, 2, 15] {
            assert_eq!(crashed(raw, ""), None);
        }
    }

    #[test]
    fn kill_by_the_sweep_counts_before_the_signal() {
        let failed =
            classify(1, Some(KillReason::Memory(512 << 20)), Some(ExitStatus::from_raw(9)), "").unwrap();
        assert!(failed.kind == FailureKind::Memory && failed.headline.contains("512 MiB"), "{failed:?}");
        let failed =
            classify(1, Some(KillReason::Hang(Duration::from_secs(60))), Some(ExitStatus::from_raw(9)), "")
                .unwrap();
        assert!(failed.kind == FailureKind::Hang && failed.headline.contains("60.0 s"), "{failed:?}");
    }
}
