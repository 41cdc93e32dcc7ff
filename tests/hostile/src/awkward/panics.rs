//! Panics that are caught, and hooks that are set.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::time::Duration;

use labrpc::thread;
use raft_interface::Term;

use crate::server::Server;
use crate::submission::{Submission, keep};

/// Must not be dropped in peace.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking() || std::thread::panicking(), "it was dropped in peace");
    }
}

fn catches(server: &Server) -> Option<(Term, bool)> {
    let text = server.kept::<String>();
    let worked = catch_unwind(|| assert!(text.is_empty(), "an idea that did not work"));
    if let Err(panic) = worked {
        let text = panic.downcast_ref::<&str>().copied().unwrap_or("?");
        log::warn!(target: "TEST", "S{}: {text}", server.me);
    }
    None
}

pub(super) fn submissions() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward("panics-caught", "It catches panics of its own and logs them.")
            .keeps(|_| keep("x".to_owned()))
            .get_state(catches),
        awkward("panics-caught-in-the-real-world", "The same on real threads.")
            .keeps(|_| keep("x".to_owned()))
            .get_state(catches)
            .command("grade initial_election_3a --world real"),
        awkward("work-in-catch-unwind", "All work of a thread is done in catch_unwind.").make(|_| {
            thread::spawn(|| {
                loop {
                    let worked = catch_unwind(|| thread::sleep(Duration::from_millis(50)));
                    if worked.is_err() {
                        break;
                    }
                }
            });
        }),
        awkward("work-in-catch-unwind-tried-again", "The same, and what failed is tried again.").make(|_| {
            thread::spawn(|| {
                loop {
                    let _ = catch_unwind(|| thread::sleep(Duration::from_millis(50)));
                }
            });
        }),
        awkward("panics-joined", "A thread panics, and who joins it looks at that.").make(|_| {
            thread::spawn(|| {
                let risky: thread::JoinHandle<()> = thread::spawn(|| panic!("an idea that did not work"));
                assert!(risky.join().is_err());
            });
        }),
        awkward("hook-set", "It sets a panic hook of its own, once, that says more.").make(|_| {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| {
                let before = take_hook();
                set_hook(Box::new(move |info| {
                    eprintln!("this is bad: {info}");
                    before(info);
                }));
            });
        }),
        awkward(
            "hook-set-again-and-again",
            "It sets a panic hook whenever a server is made, around the one before.",
        )
        .make(|_| {
            let before = take_hook();
            set_hook(Box::new(before));
        }),
        awkward("hook-that-ends-the-process", "A hook ends the process at a panic, as a server should.")
            .make(|_| {
                set_hook(Box::new(|info| {
                    eprintln!("{info}");
                    std::process::exit(1);
                }));
            }),
        awkward("hook-and-panics-caught", "It sets a hook that says nothing, and catches panics.")
            .make(|_| set_hook(Box::new(|_| {})))
            .get_state(|_| {
                let _ = catch_unwind(|| panic!("an idea that did not work"));
                None
            }),
        awkward("drop-bomb", "A destructor panics if nothing else does: its thread never returns.").make(
            |_| {
                thread::spawn(|| {
                    let _bomb = Bomb;
                    loop {
                        thread::sleep(Duration::from_millis(50));
                    }
                });
            },
        ),
    ]
}
