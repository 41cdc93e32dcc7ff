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
pub(crate) enum Deed {
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
    Hang,
}

/// Seeds and deeds of the simulated world, where `LAB_TEST_DEEDS` is set.
pub(crate) const DEEDS: [(u64, Deed); 13] = [
    (2, Deed::Segfault),
    (3, Deed::Abort),
    (4, Deed::Exit),
    (5, Deed::OverflowStack),
    (6, Deed::LoopAndGiveWay),
    (7, Deed::LoopForEver),
    (8, Deed::AllocateWithoutBound),
    (9, Deed::PrintGarbage),
    (10, Deed::Panic),
    (11, Deed::ExitAsIfAllWereWell),
    (12, Deed::AllocateTooMuchAtOnce),
    (13, Deed::ReadInput),
    (14, Deed::Flood),
];

/// Set to `all`, the deeds are done; set to a number, only the one of this seed. In the real world it is a hang.
pub(crate) const VARIABLE: &str = "LAB_TEST_DEEDS";

fn deed() -> Deed {
    let Ok(wanted) = std::env::var(VARIABLE) else { return Deed::Nothing };
    let Some(replay) = sim::current_replay() else { return Deed::Hang };
    let is_wanted = |seed: u64| wanted == "all" || wanted == seed.to_string();
    let deed = DEEDS.iter().find(|(seed, _)| *seed == replay.seed && is_wanted(*seed));
    deed.map_or(Deed::Nothing, |(_, deed)| *deed)
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
fn commit(deed: Deed) {
    match deed {
        Deed::Nothing | Deed::LoopAndGiveWay | Deed::Hang => {}
        Deed::Segfault => segfault(),
        Deed::Abort => std::process::abort(),
        Deed::Exit => std::process::exit(3),
        Deed::ExitAsIfAllWereWell => std::process::exit(0),
        Deed::OverflowStack => println!("{}", overflow(0)),
        Deed::LoopForEver => loop {
            std::hint::spin_loop();
        },
        Deed::AllocateWithoutBound => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Deed::AllocateTooMuchAtOnce => drop(black_box(Vec::<u8>::with_capacity(1 << 46))),
        Deed::Panic => panic!("this is a panic of server 1"),
        Deed::PrintGarbage => {
            println!(
                "garbage\n{{\"passed\":{{\"number\":1,\"cost\":{{\"wall_us\":1,\"cpu_us\":1}}}}}}\n\"ready\""
            );
            print!("{{\"failed\"");
        }
        Deed::ReadInput => {
            let mut text = String::new();
            let _ = std::io::stdin().read_to_string(&mut text);
            assert!(text.is_empty(), "it read orders");
        }
        Deed::Flood => {
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
        let deed = deed();
        if me == 1 {
            thread::Builder::new().name("culprit".into()).spawn(move || commit(deed)).unwrap();
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
        match deed() {
            Deed::LoopAndGiveWay => loop {
                thread::yield_now();
            },
            Deed::Hang => loop {
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
