//! Why a worker process ended, seen from outside.
//!
//! What somebody else did to it (a signal by hand, the system for want of memory, a machine that shuts down) is no failure of
//! the code under test: the run is made again, and called interrupted if that repeats.

use std::process::ExitStatus;
use std::time::Duration;

use crate::failed_run::FailedRun;
use crate::target::FailureKind;

/// Why a worker was killed by the program that gave it jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillReason {
    /// It did not answer for this long.
    Hang(Duration),
    /// It used more memory than this, in bytes.
    Memory(u64),
    /// Its answers were closed while it ran on.
    Closed,
    /// It did not begin with its job, or was stopped by somebody (SIGSTOP), for this long.
    Idle(Duration),
}

/// Why a worker is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    /// The run that it was at work on failed so.
    Failed(FailedRun),
    /// Somebody else has ended it, and how.
    Interrupted(String),
}

/// What became of the run of `seed` that was under way when its worker ended, by why this process killed it, if it did, how
/// it ended, and what it wrote to standard error.
pub(super) fn classify(
    seed: u64,
    kill_reason: Option<KillReason>,
    status: Option<ExitStatus>,
    stderr: &str,
) -> Crash {
    let failed = |kind, headline: &str| Crash::Failed(FailedRun::new(seed, kind, headline));
    match kill_reason {
        Some(KillReason::Hang(limit)) => {
            let seconds = limit.as_secs_f64();
            let text = format!("hangs: the run did not end within {seconds:.1} s of real time");
            failed(FailureKind::Hang, &text)
        }
        Some(KillReason::Memory(limit)) => {
            let text = format!("memory ran wild: the process used more than {} MiB", limit >> 20);
            failed(FailureKind::Memory, &text)
        }
        Some(KillReason::Closed) => {
            let text = "the code under test closed file descriptors that are not its own, and the lab's answers with them";
            failed(FailureKind::Exit, text)
        }
        Some(KillReason::Idle(time)) => {
            Crash::Interrupted(format!("its process did nothing for {:.1} s", time.as_secs_f64()))
        }
        // If this process killed it, the status would only tell of that.
        None => match from_status(status, stderr) {
            Ok((kind, headline)) => failed(kind, &headline),
            Err(signal) => Crash::Interrupted(format!("its process was ended from outside ({signal})")),
        },
    }
}

/// The error is the signal by which somebody else has ended it.
fn from_status(status: Option<ExitStatus>, stderr: &str) -> Result<(FailureKind, String), &'static str> {
    // The last such line: a program may have overcome earlier ones.
    let line = |words: &str| stderr.lines().rev().find(|line| line.contains(words)).map(str::trim);
    // Before the signal, since both of these end in SIGABRT, and the words tell more. A program could print
    // them and end otherwise; it would still have to end.
    if let Some(line) = line("has overflowed its stack") {
        return Ok((FailureKind::StackOverflow, format!("stack overflow: {line}")));
    }
    if let Some(line) = line("memory allocation of ") {
        return Ok((FailureKind::Memory, format!("memory ran wild: {line}")));
    }
    match (signal(status), status.and_then(|status| status.code())) {
        (Some(name), _) => from_signal(name, line("panicked at")),
        // The exit code of a Rust program whose main thread panics. Code under test that exits so itself is
        // not told apart.
        (None, Some(101)) => {
            let panic = line("panicked at").unwrap_or("nothing is known of it");
            Ok((FailureKind::Panic, format!("a panic ended the process: {panic}")))
        }
        (None, Some(code)) => {
            let text =
                format!("the code under test ended the process with exit code {code} (std::process::exit)");
            Ok((FailureKind::Exit, text))
        }
        (None, None) => Ok((FailureKind::Killed, "the process ended, and nobody knows how".to_owned())),
    }
}

fn from_signal(name: &'static str, panic: Option<&str>) -> Result<(FailureKind, String), &'static str> {
    let because = panic.map_or(String::new(), |panic| format!(" after a panic: {panic}"));
    Ok(match name {
        // macOS sends SIGBUS for some of what is SIGSEGV on Linux.
        "SIGSEGV" | "SIGBUS" => (FailureKind::Segfault, format!("segmentation fault ({name}){because}")),
        // std::process::abort is SIGABRT; compilers end code that must not be reached with one of the other
        // two.
        "SIGABRT" | "SIGILL" | "SIGTRAP" => {
            (FailureKind::Abort, format!("the process aborted itself ({name}){because}"))
        }
        // These come from people, from systems that shut down or have no memory left. Code under test that sends them
        // to itself, and does so each time, gets no points either: its run stays interrupted.
        "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT" | "SIGKILL" => return Err(name),
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

    fn crashed(raw: i32, stderr: &str) -> Crash {
        classify(1, None, Some(ExitStatus::from_raw(raw)), stderr)
    }

    fn failed(crash: Crash) -> (FailureKind, String) {
        match crash {
            Crash::Failed(failed) => (failed.kind, failed.headline),
            Crash::Interrupted(how) => panic!("interrupted: {how}"),
        }
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
            (8, "", FailureKind::Killed, "SIGFPE"),
        ] {
            let (got, headline) = failed(crashed(raw, stderr));
            assert_eq!(got, kind, "{raw} {stderr:?}: {headline}");
            assert!(headline.contains(words), "{raw} {stderr:?}: {headline}");
        }
    }

    #[test]
    fn signals_from_outside_are_no_failure() {
        for (raw, name) in [(1, "SIGHUP"), (2, "SIGINT"), (15, "SIGTERM"), (9, "SIGKILL")] {
            let how = format!("its process was ended from outside ({name})");
            assert_eq!(crashed(raw, ""), Crash::Interrupted(how));
        }
    }

    #[test]
    fn kill_by_the_lab_counts_before_the_signal() {
        let minute = Duration::from_secs(60);
        for (reason, kind, words) in [
            (KillReason::Memory(512 << 20), FailureKind::Memory, "512 MiB"),
            (KillReason::Hang(minute), FailureKind::Hang, "60.0 s"),
            (KillReason::Closed, FailureKind::Exit, "file descriptors"),
        ] {
            let (got, headline) = failed(classify(1, Some(reason), Some(ExitStatus::from_raw(9)), ""));
            assert!(got == kind && headline.contains(words), "{headline}");
        }
        let idle = classify(1, Some(KillReason::Idle(minute)), Some(ExitStatus::from_raw(9)), "");
        assert_eq!(idle, Crash::Interrupted("its process did nothing for 60.0 s".to_owned()));
    }
}
