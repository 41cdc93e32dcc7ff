//! They use up memory, threads and what else the system gives, or ask it to give no more.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use crate::submission::{ONE, Submission};
use crate::system;

fn leak(megabytes: usize) {
    std::mem::forget(black_box(vec![1_u8; megabytes << 20]));
}

/// Under a limit of memory that is soon reached.
const SMALL: &str = "sweep initial_election_3a re_election_3a -n 2 --memory 150M";

pub(super) fn submissions() -> Vec<Submission> {
    [memory(), threads(), limits()].into_iter().flatten().collect()
}

fn memory() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("memory-without-end", "It asks for memory without end.")
            .make(|_| {
                loop {
                    leak(1);
                }
            })
            .command(SMALL)
            .says("used more than 150 MiB"),
        hostile("memory-in-get-state", "It loses memory whenever it is asked for its state.")
            .get_state(|_| {
                leak(1);
                None
            })
            .command(SMALL),
        hostile(
            "memory-between-runs",
            "It leaves a part of the limit behind in each run, so that a later one is blamed.",
        )
        .make(|_| leak(30))
        .command(SMALL),
        hostile(
            "memory-after-the-run",
            "A thread that is not simulated goes on to ask for memory after the run.",
        )
        .make(|_| {
            std::thread::spawn(|| {
                loop {
                    leak(1);
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        })
        .command(SMALL),
        hostile("allocation-too-large", "It asks for more memory than there is at once.")
            .make(|_| drop(black_box(Vec::<u8>::with_capacity(1 << 46))))
            .says("memory allocation of"),
        hostile("everything-forgotten", "It gives nothing back that it was given.")
            .make(|server| std::mem::forget(server.apply.clone()))
            .keeps(|_| {
                let circle = Arc::new(std::sync::Mutex::new(None));
                *circle.lock().expect("nobody panics here") =
                    Some(Arc::clone(&circle) as Arc<dyn std::any::Any + Send + Sync>);
                Box::new(circle)
            }),
        hostile("message-too-long", "It panics with a message of 5 MB, more than an answer may have.")
            .make(|_| panic!("{}", "no points ".repeat(1 << 19)))
            .command(ONE),
    ]
}

fn threads() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("threads-without-end", "It starts threads of the simulation without end.")
            .make(|_| {
                loop {
                    labrpc::thread::spawn(|| labrpc::thread::sleep(Duration::from_secs(1_000)));
                }
            })
            .command(ONE),
        hostile("threads-that-start-threads", "Each of its threads starts two.")
            .make(|_| {
                fn two() {
                    for _ in 0..2 {
                        labrpc::thread::spawn(two);
                        labrpc::thread::sleep(Duration::from_millis(10));
                    }
                }
                labrpc::thread::spawn(two);
            })
            .command(ONE),
        hostile("real-threads", "It starts many threads that are not simulated and never end.")
            .make(|_| {
                for _ in 0..300 {
                    std::thread::spawn(|| std::thread::sleep(Duration::from_secs(1_000)));
                }
            })
            .command(ONE),
        hostile(
            "real-threads-disturb-later-runs",
            "Its threads go on after the run, and end the process in another one.",
        )
        .make(|_| {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(5));
                std::process::exit(0);
            });
        }),
        hostile("thread-with-a-huge-stack", "It asks for a stack of a terabyte.").make(|_| {
            let started = labrpc::thread::Builder::new().stack_size(1 << 40).spawn(|| {});
            drop(started.expect("a thread"));
        }),
    ]
}

fn limits() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("limit-of-files", "It forbids itself to open files.")
            .make(|_| system::limit(libc::RLIMIT_NOFILE, 3))
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("limit-of-file-sizes", "It forbids itself to write to files.")
            .make(|_| system::limit(libc::RLIMIT_FSIZE, 0)),
        hostile("limit-of-address-space", "It forbids itself to ask for memory.")
            .make(|_| system::limit(libc::RLIMIT_AS, 1 << 20)),
        hostile("limit-of-processor-time", "It gives itself a second, and needs more.")
            .make(|_| {
                system::limit(libc::RLIMIT_CPU, 1);
                loop {
                    std::hint::spin_loop();
                }
            })
            // The system sends SIGXCPU, or SIGKILL at the hard limit, and the second looks as if somebody had sent it.
            .untold()
            .command(ONE),
        hostile("limit-of-processes", "It forbids itself to start threads.")
            .make(|_| system::limit(libc::RLIMIT_NPROC, 0)),
        hostile("alarm", "It lets a timer end the process in a later run.")
            .make(|_| system::alarm_after(2_000)),
        hostile("signals-ignored", "It ignores the signals by which processes are asked to end.").make(
            |_| {
                for signal in
                    [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGSEGV, libc::SIGPIPE, libc::SIGCHLD]
                {
                    system::ignore(signal);
                }
            },
        ),
        hostile("overflow-handler-removed", "It takes away what tells of a stack overflow, and has one.")
            .make(|_| {
                system::ignore(libc::SIGSEGV);
                system::ignore(libc::SIGBUS);
                super::exits::overflow_stack();
            })
            .says("segmentation fault"),
    ]
}
