//! A Raft that is right in most runs, and in some of them ruins its process.

use std::hint::black_box;
use std::io::{Read, Write};

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use labrpc::{sim, thread};
use raft::Raft;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// What it does to its process. The seed decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    Segfault,
    Abort,
    Exit,
    ExitAsIfAllWereWell,
    OverflowStack,
    LoopAndGiveWay,
    LoopForEver,
    AllocateWithoutBound,
    AllocateTooMuchAtOnce,
    Panic,
    PrintGarbage,
    ReadInput,
    Flood,
    SayAnything,
    Hang,
}

/// Seeds and actions of the simulated world, where `LAB_TEST_DEEDS` is set.
pub(crate) const DEEDS: [(u64, Action); 14] = [
    (2, Action::Segfault),
    (3, Action::Abort),
    (4, Action::Exit),
    (5, Action::OverflowStack),
    (6, Action::LoopAndGiveWay),
    (7, Action::LoopForEver),
    (8, Action::AllocateWithoutBound),
    (9, Action::PrintGarbage),
    (10, Action::Panic),
    (11, Action::ExitAsIfAllWereWell),
    (12, Action::AllocateTooMuchAtOnce),
    (13, Action::ReadInput),
    (14, Action::Flood),
    (21, Action::SayAnything),
];

/// Set to `all`, the actions are done; set to a number, only the one of this seed. In the real world it is a hang.
pub(crate) const VARIABLE: &str = "LAB_TEST_DEEDS";

/// What a terminal, a viewer of Markdown and a reader of XML would obey, or refuse.
pub(crate) const ANYTHING: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\0\u{8}\r\u{9b}\u{fffe}\u{202e}````]]>&";

fn action() -> Action {
    let Ok(wanted) = std::env::var(VARIABLE) else { return Action::Nothing };
    let Some(replay) = sim::current_replay() else { return Action::Hang };
    let is_wanted = |seed: u64| wanted == "all" || wanted == seed.to_string();
    let action = DEEDS.iter().find(|(seed, _)| *seed == replay.seed && is_wanted(*seed));
    action.map_or(Action::Nothing, |(_, action)| *action)
}

#[allow(unconditional_recursion, reason = "a bad implementation")]
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    overflow(frame[0] + 1) + frame[1]
}

#[allow(unsafe_code, reason = "a bad implementation")]
fn segfault() {
    // SAFETY: there is none; that is the point.
    let value = unsafe { black_box(std::ptr::dangling::<u64>()).read_volatile() };
    println!("{value}");
}

#[allow(clippy::disallowed_methods, reason = "a bad implementation")]
fn commit(action: Action) {
    match action {
        Action::Nothing | Action::LoopAndGiveWay | Action::Hang => {}
        Action::Segfault => segfault(),
        Action::Abort => std::process::abort(),
        Action::Exit => std::process::exit(3),
        Action::ExitAsIfAllWereWell => std::process::exit(0),
        Action::OverflowStack => println!("{}", overflow(0)),
        Action::LoopForEver => loop {
            std::hint::spin_loop();
        },
        Action::AllocateWithoutBound => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Action::AllocateTooMuchAtOnce => drop(black_box(Vec::<u8>::with_capacity(1 << 46))),
        Action::Panic => panic!("this is a panic of server 1"),
        Action::SayAnything => {
            log::info!(target: ANYTHING, "{ANYTHING}");
            panic!("{ANYTHING}");
        }
        Action::PrintGarbage => {
            println!(
                "garbage\n{{\"passed\":{{\"number\":1,\"cost\":{{\"wall_us\":1,\"cpu_us\":1}}}}}}\n\"ready\""
            );
            print!("{{\"failed\"");
        }
        Action::ReadInput => {
            let mut text = String::new();
            let _ = std::io::stdin().read_to_string(&mut text);
            assert!(text.is_empty(), "it read orders");
        }
        Action::Flood => {
            let _ = std::io::stderr().write_all(&vec![b'x'; 1 << 20]);
            let _ = std::io::stdout().write_all(&vec![b'y'; 1 << 20]);
        }
    }
}

#[derive(Clone)]
pub(crate) struct Bad(Raft);

impl RaftServer for Bad {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let action = action();
        if me == 1 {
            thread::Builder::new().name("culprit".into()).spawn(move || commit(action)).unwrap();
        }
        Self(Raft::make(peers, me, persister, apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    #[allow(clippy::disallowed_methods, reason = "a bad implementation")]
    fn get_state(&self) -> (Term, bool) {
        match action() {
            Action::LoopAndGiveWay => loop {
                thread::yield_now();
            },
            Action::Hang => loop {
                std::thread::sleep(std::time::Duration::from_secs(1));
            },
            _ => self.0.get_state(),
        }
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}
