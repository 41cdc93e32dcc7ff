//! What is graded: the reference, with a fault or with bad manners.

use std::process::ExitCode;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim;
use labrpc::sync::Arc;
use raft::Raft;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// The secret that nobody may see.
pub(crate) const SECRET: &str = "correct horse battery staple";
/// What is printed by who has seen it.
pub(crate) const SEEN: &str = "I have seen the secret";
/// What is printed by who has seen the seeds of tests that have not begun.
pub(crate) const SEEN_SEEDS: &str = "I have seen the seeds";

/// The program with the implementation that the executable is called by.
pub(crate) fn main() -> ExitCode {
    let program = std::env::current_exe().unwrap_or_default();
    let implementation = match program.file_name().and_then(|name| name.to_str()) {
        Some("right") => lab::Implementation::of::<Raft>(),
        Some("half") => lab::Implementation::of::<Half>(),
        Some("stuck") => lab::Implementation::of::<Stuck>(),
        Some("spy") => lab::Implementation::of::<Spy>(),
        other => panic!("nothing is called {other:?}"),
    };
    lab::main(implementation)
}

/// A Raft that does something when it is made, and stands on the reference, or is dead.
macro_rules! submission {
    ($(#[$doc:meta])* $name:ident, $make:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name(Option<Raft>);

        impl RaftServer for $name {
            fn make(peers: Vec<ClientEnd>, me: ServerId, persister: Arc<dyn Persister>, apply: Sender<ApplyMsg>) -> Self {
                let lives: fn() -> bool = $make;
                Self(lives().then(|| Raft::make(peers, me, persister, apply)))
            }

            fn service(&self) -> Service {
                self.0.as_ref().map_or_else(|| Service::new("Raft").method("Mumble", |_: ()| ()), Raft::service)
            }

            fn start(&self, command: Command) -> Started {
                let nothing = Started { index: 0, term: 0, is_leader: false };
                self.0.as_ref().map_or(nothing, |raft| raft.start(command))
            }

            fn get_state(&self) -> (Term, bool) {
                self.0.as_ref().map_or((0, false), Raft::get_state)
            }

            fn snapshot(&self, index: Index, data: Vec<u8>) {
                if let Some(raft) = &self.0 {
                    raft.snapshot(index, data);
                }
            }

            fn kill(&self) {
                if let Some(raft) = &self.0 {
                    raft.kill();
                }
            }
        }
    };
}

submission! {
    /// It is dead under even seeds.
    Half, || sim::current_replay().is_some_and(|replay| replay.seed % 2 == 1)
}

submission! {
    /// It never gives way under seed 3, for it has an endless loop.
    Stuck, || {
        while sim::current_replay().is_some_and(|replay| replay.seed == 3) {
            std::hint::spin_loop();
        }
        true
    }
}

submission! {
    /// It looks for the secret: in its own environment, and in those of all processes that it may look into; and for its own grade.
    Spy, || {
        let own = std::env::vars().any(|(_, value)| value.contains(SECRET));
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let others = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
        let mut others = others.filter(|text| String::from_utf8_lossy(text).contains(SECRET));
        if own || others.next().is_some() {
            eprintln!("{SEEN}");
        }
        // The grade is written while it is made.
        let here = std::env::current_exe().unwrap_or_default();
        if std::fs::read(here.with_file_name("out").join("grade.json")).is_ok() {
            eprintln!("{SEEN_SEEDS}");
        }
        true
    }
}
