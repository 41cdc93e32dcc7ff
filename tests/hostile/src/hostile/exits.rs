//! They end the process, as if all were well or not.

use std::hint::black_box;
use std::os::unix::process::CommandExt;
use std::process::{Command, abort, exit};
use std::time::Duration;

use crate::submission::{Submission, keep};
use crate::system;

struct ExitsWhenDropped;

impl Drop for ExitsWhenDropped {
    fn drop(&mut self) {
        exit(0);
    }
}

thread_local! {
    /// Its destructor runs when the thread of the simulation ends: after the run.
    static AT_THREAD_END: ExitsWhenDropped = const { ExitsWhenDropped };
}

#[allow(unconditional_recursion, reason = "a hostile submission")]
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    overflow(frame[0] + 1) + frame[1]
}

/// Ends in a stack overflow.
pub(super) fn overflow_stack() {
    println!("{}", overflow(0));
}

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("exit-0-in-make", "It ends the process as if all were well, when it is made.")
            .make(|_| exit(0))
            .says("exit code 0"),
        hostile("exit-1-in-make", "The same, as if something had failed.")
            .make(|_| exit(1))
            .says("exit code 1"),
        hostile("exit-2-in-make", "The same, as if nothing could be told.")
            .make(|_| exit(2))
            .says("exit code 2"),
        hostile("exit-101-in-make", "The same, as if there had been a panic.").make(|_| exit(101)),
        hostile("exit-now-in-make", "It ends the process without destructors.")
            .make(|_| system::exit_now(0))
            .says("exit code 0"),
        hostile("exit-in-get-state", "It ends the process when it is asked for its state.")
            .get_state(|_| exit(0))
            .says("exit code 0"),
        hostile("exit-in-kill", "It ends the process when it is killed.").kill(|_| exit(0)),
        hostile("exit-in-thread", "A thread of the simulation ends the process.")
            .make(|_| drop(labrpc::thread::spawn(|| exit(0))))
            .says("exit code 0"),
        hostile(
            "exit-in-real-thread",
            "A thread that is not simulated ends the process in the middle of a run.",
        )
        .make(|_| {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_micros(300));
                exit(0);
            });
        }),
        hostile(
            "exit-in-destructor",
            "It ends the process when a server is dropped: mostly at the end of the run.",
        )
        .dropped(|_| exit(0))
        .says("exit code 0"),
        hostile(
            "exit-in-destructor-of-a-thread",
            "A thread that sleeps for ever ends the process when it is unwound.",
        )
        .make(|_| {
            labrpc::thread::spawn(|| {
                let _guard = ExitsWhenDropped;
                labrpc::thread::sleep(Duration::from_secs(100_000));
            });
        })
        .says("exit code 0"),
        hostile(
            "exit-after-the-run",
            "A thread-local value ends the process when the run is over and not yet told.",
        )
        .make(|_| AT_THREAD_END.with(|_| {})),
        hostile("exit-in-hook", "The panic hook ends the process, and then it panics.")
            .make(|_| {
                std::panic::set_hook(Box::new(|_| exit(0)));
                panic!("no points?");
            })
            .says("exit code 0"),
        hostile(
            "exit-in-hook-of-the-judge",
            "The panic hook ends the process, so that no failure is ever told.",
        )
        .make(|_| std::panic::set_hook(Box::new(|_| exit(0))))
        .says("exit code 0"),
        hostile("another-program", "It becomes another program, which ends well.")
            .make(|_| drop(Command::new("true").exec()))
            .says("exit code 0"),
        hostile("same-program-again", "It becomes a worker again, as if nothing had happened.")
            .make(|_| {
                if let Ok(executable) = std::env::current_exe() {
                    drop(Command::new(executable).args(std::env::args().skip(1)).exec());
                }
            })
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("exit-at-the-end", "Whatever the program says at its end, it exits with 0.")
            .make(|_| system::exit_well_at_the_end())
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("abort-in-make", "It aborts.").make(|_| abort()).says("aborted itself (SIGABRT)"),
        hostile("abort-in-destructor", "It aborts when a server is dropped.")
            .dropped(|_| abort())
            .says("aborted itself (SIGABRT)"),
        hostile("stack-overflow", "It calls itself without end.")
            .make(|_| overflow_stack())
            .says("has overflowed its stack"),
        hostile("stack-overflow-of-real-thread", "The same in a thread that is not simulated.")
            .make(|_| {
                let thread = std::thread::spawn(overflow_stack);
                drop(thread.join());
            })
            .says("stack overflow"),
        hostile("segfault", "It reads what is not there.")
            .make(|_| system::segfault())
            .says("segmentation fault"),
        hostile("sigfpe", "It raises SIGFPE.").make(|_| system::raise(libc::SIGFPE)).says("SIGFPE"),
        hostile("sigkill", "It kills itself, as the system does for want of memory.")
            .make(|_| system::raise(libc::SIGKILL))
            .says("INTERRUPTED initial_election_3a: its process was ended from outside (SIGKILL)")
            .untold(),
        hostile("sigterm", "It ends itself, as a machine does that shuts down.")
            .make(|_| system::raise(libc::SIGTERM))
            .says("INTERRUPTED initial_election_3a: its process was ended from outside (SIGTERM)")
            .untold(),
        hostile("sigstop", "It stops itself, and nobody lets it go on.")
            .make(|_| system::raise(libc::SIGSTOP))
            .command("sweep initial_election_3a -n 1 --limit 200ms")
            .untold(),
        hostile("sigpipe", "It lets SIGPIPE end the process, and writes where nobody reads.").make(|_| {
            system::raise(libc::SIGPIPE);
            system::raise(libc::SIGXCPU);
        }),
        hostile(
            "exit-while-it-is-dropped-twice",
            "It exits in a destructor that runs while the process exits.",
        )
        .make(|_| {
            AT_THREAD_END.with(|_| {});
            exit(0);
        })
        .keeps(|_| keep(ExitsWhenDropped)),
        Submission::partly(
            "exit-in-one-test",
            20,
            "It is right, but in a cluster of seven it ends the process.",
        )
        .make(|server| {
            if server.peers == 7 {
                exit(0);
            }
        })
        .command("grade initial_election_3a many_elections_3a re_election_3a --seeds 3")
        .says("exit code 0"),
        Submission::partly(
            "killed-in-one-test",
            20,
            "It is right, but in a cluster of seven it kills itself.",
        )
        .make(|server| {
            if server.peers == 7 {
                system::raise(libc::SIGKILL);
            }
        })
        .command("grade initial_election_3a many_elections_3a re_election_3a --seeds 3")
        .untold(),
    ]
}
