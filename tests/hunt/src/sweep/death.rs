//! What a worker died of, in words.

use std::process::ExitStatus;
use std::time::Duration;

use super::failed::{Failed, Kind};

/// Why a sweep killed a worker itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Killed {
    /// It did not answer for this long.
    Hang(Duration),
    /// It used more memory than this, in bytes.
    Memory(u64),
}

/// What a worker died of while it ran `seed`, seen from outside: by whom it was killed, how it ended, and what it said.
/// `None` if somebody asked it to end, which is no failure of the code under test.
pub(super) fn of(
    seed: u64,
    killed: Option<Killed>,
    status: Option<ExitStatus>,
    said: &str,
) -> Option<Failed> {
    let (kind, headline) = match killed {
        Some(Killed::Hang(limit)) => (
            Kind::Hang,
            format!("hangs: the run did not end within {:.1} s of real time", limit.as_secs_f64()),
        ),
        Some(Killed::Memory(limit)) => {
            (Kind::Memory, format!("memory ran wild: the process used more than {} MiB", limit >> 20))
        }
        None => by_itself(status, said)?,
    };
    Some(Failed::new(seed, kind, &headline))
}

fn by_itself(status: Option<ExitStatus>, said: &str) -> Option<(Kind, String)> {
    let line = |words: &str| said.lines().rev().find(|line| line.contains(words)).map(str::trim);
    if let Some(line) = line("has overflowed its stack") {
        return Some((Kind::StackOverflow, format!("stack overflow: {line}")));
    }
    if let Some(line) = line("memory allocation of ") {
        return Some((Kind::Memory, format!("memory ran wild: {line}")));
    }
    match (signal(status), status.and_then(|status| status.code())) {
        (Some(name), _) => by_signal(name, line("panicked at")),
        (None, Some(101)) => {
            let panic = line("panicked at").unwrap_or("nothing is known of it");
            Some((Kind::Panic, format!("a panic ended the process: {panic}")))
        }
        (None, Some(code)) => {
            let text =
                format!("the code under test ended the process with exit code {code} (std::process::exit)");
            Some((Kind::Exit, text))
        }
        (None, None) => Some((Kind::Killed, "the process ended, and nobody knows how".to_owned())),
    }
}

fn by_signal(name: &str, panic: Option<&str>) -> Option<(Kind, String)> {
    let because = panic.map_or(String::new(), |panic| format!(" after a panic: {panic}"));
    Some(match name {
        "SIGSEGV" | "SIGBUS" => (Kind::Segfault, format!("segmentation fault ({name}){because}")),
        "SIGABRT" | "SIGILL" | "SIGTRAP" => {
            (Kind::Abort, format!("the process aborted itself ({name}){because}"))
        }
        "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT" => return None,
        "SIGKILL" => (
            Kind::Killed,
            "the process was killed (SIGKILL): by the system for want of memory, or by somebody".to_owned(),
        ),
        name => (Kind::Killed, format!("the process was killed by {name}{because}")),
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

    fn died(raw: i32, said: &str) -> Option<(Kind, String)> {
        of(1, None, Some(ExitStatus::from_raw(raw)), said).map(|failed| (failed.kind, failed.headline))
    }

    /// Raw statuses of Linux and macOS: the signal in the low bits, the exit code in the second byte.
    #[test]
    fn each_way_to_die_has_its_words() {
        for (raw, said, kind, words) in [
            (11, "", Kind::Segfault, "segmentation fault (SIGSEGV)"),
            (6, "", Kind::Abort, "aborted itself"),
            (
                6,
                "thread 'x' panicked at a.rs:1:2:\nno\n",
                Kind::Abort,
                "after a panic: thread 'x' panicked at a.rs:1:2",
            ),
            (3 << 8, "", Kind::Exit, "exit code 3"),
            (0, "", Kind::Exit, "exit code 0"),
            (101 << 8, "thread 'x' panicked at a.rs:1:2:\n", Kind::Panic, "a.rs:1:2"),
            (
                6,
                "\nthread 'main' has overflowed its stack\n",
                Kind::StackOverflow,
                "thread 'main' has overflowed",
            ),
            (
                6,
                "memory allocation of 99 bytes failed\n",
                Kind::Memory,
                "memory allocation of 99 bytes failed",
            ),
            (9, "", Kind::Killed, "SIGKILL"),
            (8, "", Kind::Killed, "SIGFPE"),
        ] {
            let (got, headline) = died(raw, said).unwrap();
            assert_eq!(got, kind, "{raw} {said:?}: {headline}");
            assert!(headline.contains(words), "{raw} {said:?}: {headline}");
        }
    }

    #[test]
    fn who_is_asked_to_end_has_not_failed() {
        for raw in [1, 2, 15] {
            assert_eq!(died(raw, ""), None);
        }
    }

    #[test]
    fn what_the_sweep_did_itself_counts_most() {
        let failed = of(1, Some(Killed::Memory(512 << 20)), Some(ExitStatus::from_raw(9)), "").unwrap();
        assert!(failed.kind == Kind::Memory && failed.headline.contains("512 MiB"), "{failed:?}");
        let failed =
            of(1, Some(Killed::Hang(Duration::from_secs(60))), Some(ExitStatus::from_raw(9)), "").unwrap();
        assert!(failed.kind == Kind::Hang && failed.headline.contains("60.0 s"), "{failed:?}");
    }
}
