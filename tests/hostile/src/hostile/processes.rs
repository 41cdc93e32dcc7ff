//! They start processes that live on, and reach for other processes.

use std::process::{Command, Stdio};

use crate::submission::{ONE, Submission};
use crate::system;

/// How long children live that nobody ends: a bug of the grader must not leave them for ever.
const LONG_S: u32 = 120;

fn sleep_long() {
    system::sleep(LONG_S);
}

/// A session of its own, and not the child of its parent any more.
fn daemon() {
    system::setsid();
    system::fork(|| {
        system::ignore(libc::SIGTERM);
        system::ignore(libc::SIGHUP);
        sleep_long();
    });
}

/// Each child starts the next one and ends, for some seconds.
fn hop() {
    system::setsid();
    for _ in 0..3_000 {
        // In the child it goes on; the parent ends.
        if system::hop_once() {
            system::exit_now(0);
        }
    }
}

fn start_sleep() -> Command {
    let mut command = Command::new("sleep");
    command.arg(LONG_S.to_string());
    command
}

/// What the processes are that have the same parent as this one, but for itself.
fn siblings() -> Vec<i32> {
    let own = std::process::id().to_string();
    let parent = format!(" {} ", system::parent());
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_sibling = |name: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        *name != own
            && stat
                .rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.get(1..).is_some_and(|rest| rest.starts_with(&parent)))
    };
    names.filter(is_sibling).filter_map(|name| name.parse().ok()).collect()
}

/// Signals who has started it. Once that is gone, nobody.
fn signal_grader(signal: i32) {
    let parent = system::parent();
    let arguments = std::fs::read_to_string(format!("/proc/{parent}/cmdline")).unwrap_or_default();
    if arguments.split('\0').any(|argument| argument == "grade") {
        system::kill(parent, signal);
    }
}

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("child-lives-on", "It starts a process that lives on, and holds all streams open.").make(
            |_| {
                let _ = start_sleep().spawn();
            },
        ),
        hostile("child-lives-on-after-exit", "The same, and then it exits as if all were well.")
            .make(|_| {
                let _ = start_sleep().spawn();
                std::process::exit(0);
            })
            .says("exit code 0"),
        hostile(
            "child-without-environment",
            "It starts a process that nobody recognises by its environment.",
        )
        .make(|_| {
            let quiet = Stdio::null;
            let _ = start_sleep()
                .env_clear()
                .stdin(quiet())
                .stdout(quiet())
                .stderr(quiet())
                .current_dir("/")
                .spawn();
        }),
        hostile("child-with-setsid", "It starts a process in a session of its own.").make(|_| {
            let _ = Command::new("setsid").arg("sleep").arg(LONG_S.to_string()).spawn();
        }),
        hostile(
            "daemon",
            "It starts a process as daemons are started: forked twice, in a session of its own.",
        )
        .make(|_| system::fork(daemon)),
        hostile("daemon-after-exit", "The same, and then it exits as if all were well.")
            .make(|_| {
                system::fork(daemon);
                std::process::exit(0);
            })
            .says("exit code 0"),
        hostile("daemon-in-destructor", "It starts such a process at the end of the run.")
            .dropped(|_| system::fork(daemon)),
        hostile("fork-goes-on", "It forks, and both go on with the run and answer.")
            .make(|server| {
                if server.me == 0 {
                    let _ = system::hop_once();
                }
            })
            .command(ONE),
        hostile("hopping-daemon", "It starts a process that starts another and ends, again and again.")
            .make(|server| {
                if server.me == 0 {
                    system::fork(hop);
                }
            })
            .command(ONE),
        hostile("many-children", "It starts many processes that are never waited for.")
            .make(|server| {
                if server.me == 0 {
                    (0..100).for_each(|_| system::fork(daemon));
                }
            })
            .command(ONE),
        hostile(
            "adopts-its-own-orphans",
            "It asks the system not to be ended with its parent, and adopts its orphans.",
        )
        .make(|_| {
            system::outlive_parent();
            system::fork(daemon);
        }),
        hostile("kills-other-workers", "It kills the other processes of the same parent.")
            .make(|_| siblings().into_iter().for_each(|process| system::kill(process, libc::SIGKILL)))
            .untold(),
        hostile("signals-its-grader", "It sends who has started it signals that mean something to some.")
            .make(|_| {
                for signal in [libc::SIGWINCH, libc::SIGCHLD, libc::SIGURG, libc::SIGCONT] {
                    signal_grader(signal);
                }
            }),
        hostile("interrupts-its-grader", "It presses Ctrl-C.").make(|_| signal_grader(libc::SIGINT)).untold(),
        hostile("kills-its-grader", "It kills who has started it.")
            .make(|_| signal_grader(libc::SIGKILL))
            .untold(),
    ]
}
