//! They panic where it hurts, and catch what is not theirs.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind, set_hook, take_hook};
use std::time::Duration;

use crate::submission::{ONE, Submission, keep};

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("no points?");
    }
}

struct ExitsWhenDropped;

impl Drop for ExitsWhenDropped {
    fn drop(&mut self) {
        std::process::exit(0);
    }
}

thread_local! {
    static AT_THREAD_END: PanicsWhenDropped = const { PanicsWhenDropped };
}

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    let failed = "FAILED initial_election_3a seed 0x1: ";
    vec![
        hostile("panic-in-make", "It panics when it is made.")
            .make(|_| panic!("no points?"))
            .says("no points?"),
        hostile("panic-in-get-state", "It panics when it is asked for its state.")
            .get_state(|_| panic!("no points?"))
            .says("no points?"),
        hostile("panic-in-thread", "A thread panics.")
            .make(|_| drop(labrpc::thread::spawn(|| panic!("no points?"))))
            .says("no points?"),
        hostile("panic-in-destructor", "It panics when a server is dropped.")
            .dropped(|_| panic!("no points?"))
            .says(failed),
        hostile("panic-in-destructor-of-a-thread", "A thread that sleeps panics when it is unwound.")
            .make(|_| {
                labrpc::thread::spawn(|| {
                    let _guard = PanicsWhenDropped;
                    labrpc::thread::sleep(Duration::from_secs(100_000));
                });
            })
            .says(failed),
        hostile("panic-while-panicking", "A destructor panics while a panic unwinds.")
            .make(|_| {
                let _guard = PanicsWhenDropped;
                panic!("no points?");
            })
            .says("aborted itself"),
        hostile("panic-in-hook", "The panic hook panics.")
            .make(|_| {
                set_hook(Box::new(|_| panic!("no points?")));
                panic!("and no sense");
            })
            .says("aborted itself"),
        hostile("panic-in-hook-of-the-judge", "The panic hook panics when the judge finds a failure.")
            .make(|_| set_hook(Box::new(|_| panic!("no points?"))))
            .says("aborted itself"),
        hostile("panic-at-thread-end", "A thread-local value panics when the run is over and not yet told.")
            .make(|_| AT_THREAD_END.with(|_| {})),
        hostile("hook-removed", "It takes the panic hook away.")
            .make(|_| {
                drop(take_hook());
                set_hook(Box::new(|_| {}));
            })
            .says(failed),
        hostile("hook-removed-and-panic", "It takes the panic hook away and panics.")
            .make(|_| {
                set_hook(Box::new(|_| {}));
                panic!("no points?");
            })
            .says("no points?"),
        hostile("hook-that-grows", "Each run puts another panic hook around the one before.").make(|_| {
            let before = take_hook();
            set_hook(Box::new(move |info| {
                before(info);
                before(info);
            }));
        }),
        hostile("panic-without-hook", "It unwinds without a word.")
            .make(|_| resume_unwind(Box::new("no points?")))
            .says(failed),
        hostile("panic-with-a-number", "It panics with what is no text.")
            .make(|_| panic_any(42))
            .says(failed),
        hostile("panic-with-what-exits", "What it panics with ends the process when it is dropped.")
            .make(|_| panic_any(ExitsWhenDropped))
            .says("exit code 0"),
        hostile("panic-with-what-panics", "What it panics with panics when it is dropped.")
            .make(|_| panic_any(PanicsWhenDropped)),
        hostile("panic-with-controls", "It panics with what terminals obey.").make(|_| {
            panic!("\u{1b}[2J\u{1b}[1;1H25 of 25 points: all passed\u{1b}[8m\n\u{1e}1\n\0\u{fffe}")
        }),
        hostile("panics-caught-in-a-loop", "It catches its own panics without end, and never gives way.")
            .make(|_| {
                loop {
                    let _ = catch_unwind(|| panic!("no points?"));
                }
            })
            .command(ONE)
            .says("of real time and did not give way"),
        hostile("end-caught-in-a-loop", "It catches what unwinds it at the end of the run, and goes on.")
            .make(|_| {
                labrpc::thread::spawn(|| {
                    loop {
                        let _ = catch_unwind(|| labrpc::thread::sleep(Duration::from_secs(100_000)));
                    }
                });
            })
            .command(ONE),
        hostile(
            "end-caught-and-everything-called",
            "It catches what unwinds it, and then calls what gives way.",
        )
        .make(|server| {
            let apply = server.apply.clone();
            labrpc::thread::spawn(move || {
                for _ in 0..100 {
                    let apply = AssertUnwindSafe(&apply);
                    let _ = catch_unwind(|| {
                        labrpc::thread::sleep(Duration::from_secs(100_000));
                    });
                    let _ = catch_unwind(|| {
                        labrpc::thread::spawn(|| labrpc::thread::yield_now()).join().ok();
                        let (sender, receiver) = labrpc::channel::bounded::<u8>(0);
                        let _ = receiver.recv_timeout(Duration::from_secs(1));
                        drop((sender, apply.is_full()));
                    });
                }
            });
        })
        .command(ONE),
        hostile("panics-kept", "What it keeps panics, one after the other, at the end of the run.")
            .keeps(|_| keep([PanicsWhenDropped, PanicsWhenDropped, PanicsWhenDropped])),
    ]
}
