//! They do not end, or not soon.

use std::hint::spin_loop;
use std::time::Duration;

use crate::submission::{ONE, Submission};

const LONG: Duration = Duration::from_secs(1_000);

fn spin() -> ! {
    loop {
        spin_loop();
    }
}

struct SleepsWhenDropped;

impl Drop for SleepsWhenDropped {
    fn drop(&mut self) {
        std::thread::sleep(LONG);
    }
}

thread_local! {
    static AT_THREAD_END: SleepsWhenDropped = const { SleepsWhenDropped };
}

/// What says that a thread did not give way.
const STALL: &str = "of real time and did not give way";
/// With a limit, for what nobody but the limit ends.
const LIMITED: &str = "sweep initial_election_3a -n 2 --limit 1s";

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("loop-in-make", "It loops when it is made.").make(|_| spin()).command(ONE).says(STALL),
        hostile("loop-in-get-state", "It loops when it is asked for its state.")
            .get_state(|_| spin())
            .command(ONE)
            .says(STALL),
        hostile("loop-in-destructor", "It loops at the end of the run.")
            .dropped(|_| spin())
            .command(ONE)
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("loop-that-gives-way", "It polls without a pause.")
            .make(|_| {
                loop {
                    labrpc::thread::yield_now();
                }
            })
            .command(ONE)
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("sleep-without-end", "It sleeps for ever when it is made.")
            .make(|_| labrpc::thread::sleep(Duration::from_secs(1 << 40)))
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("real-sleep", "It sleeps on the clock of the machine.")
            .make(|_| {
                std::thread::sleep(LONG);
                // A frame of its own: a call that is the last of a function takes the frame of that function.
                std::hint::black_box(());
            })
            .command(ONE)
            .says("tests/hostile/src/hostile/time.rs:"),
        hostile("loop-of-real-sleeps", "A loop of it sleeps on the clock of the machine, between steps.")
            .make(|_| {
                labrpc::thread::spawn(|| {
                    loop {
                        std::thread::sleep(Duration::from_millis(10));
                        labrpc::thread::yield_now();
                    }
                });
            })
            .command(ONE)
            .says("use labrpc::thread::sleep"),
        hostile("loop-for-real-time", "It waits in a loop for the clock of the machine.")
            .make(|_| {
                let begin = std::time::Instant::now();
                while begin.elapsed() < LONG {}
            })
            .command(ONE)
            .says("use labrpc::time::Instant"),
        hostile("real-sleep-in-destructor", "The same at the end of the run.")
            .dropped(|_| std::thread::sleep(LONG))
            .command(ONE)
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("real-sleep-in-hook", "The same in the panic hook.")
            .make(|_| {
                std::panic::set_hook(Box::new(|_| std::thread::sleep(LONG)));
                panic!("no points?");
            })
            .command(ONE)
            .says(STALL),
        hostile(
            "real-sleep-after-the-run",
            "A thread-local value sleeps when the run is over and not yet told.",
        )
        .make(|_| AT_THREAD_END.with(|_| {}))
        .command(LIMITED),
        hostile(
            "short-real-sleeps",
            "It sleeps for a little on the clock of the machine, each time it is asked.",
        )
        .get_state(|_| {
            std::thread::sleep(Duration::from_millis(2));
            None
        })
        .command(ONE),
        hostile("hang-in-the-real-world", "It sleeps for ever on real threads.")
            .get_state(|_| {
                std::thread::sleep(LONG);
                None
            })
            .command("sweep initial_election_3a -n 1 --world real --limit 1s")
            .says("hangs: the run did not end within 1.0 s of real time"),
        hostile("waits-for-itself", "It waits for a thread that waits for a lock that it holds.")
            .make(|_| {
                let lock = std::sync::Arc::new(labrpc::sync::Mutex::new(()));
                let held = lock.lock();
                let same = std::sync::Arc::clone(&lock);
                let thread = labrpc::thread::spawn(move || drop(same.lock()));
                let _ = thread.join();
                drop(held);
            })
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("std-lock-for-ever", "It waits for a lock of std that its own thread holds.")
            .make(|_| {
                static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
                std::mem::forget(LOCK.lock());
                drop(LOCK.lock());
            })
            .command(ONE)
            .says(STALL),
        hostile("stdout-locked", "It holds the lock of standard output and of standard error for ever.")
            .make(|_| {
                std::mem::forget(std::io::stdout().lock());
                std::mem::forget(std::io::stderr().lock());
            })
            .command(ONE),
        hostile("stdout-locked-by-another", "A thread that is not simulated holds these locks for ever.")
            .make(|_| {
                let (sender, receiver) = std::sync::mpsc::channel();
                std::thread::spawn(move || {
                    let locks = (std::io::stdout().lock(), std::io::stderr().lock());
                    let _ = sender.send(());
                    std::thread::sleep(LONG);
                    drop(locks);
                });
                let _ = receiver.recv();
            })
            .command(LIMITED),
    ]
}
