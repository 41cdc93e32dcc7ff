//! Servers that panic when their power fails, on real threads, which cannot be stopped: in a simulation they would have ended.

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::Arc;
use raft::Raft;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, SaveError, ServerId, Started, Term};

use crate::wrong::{Panics, Wrong};

/// The reference as many write it: whatever saves says `unwrap`, in handlers, in threads of its own, and in calls of its service.
#[derive(Clone)]
struct Unwraps(Raft);

#[derive(Debug)]
struct Unwrapping(Arc<dyn Persister>);

impl Persister for Unwrapping {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.0.save(state, snapshot).unwrap();
        Ok(())
    }

    fn raft_state(&self) -> Vec<u8> {
        self.0.raft_state()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }

    fn raft_state_len(&self) -> usize {
        self.0.raft_state_len()
    }

    fn snapshot_len(&self) -> usize {
        self.0.snapshot_len()
    }
}

impl RaftServer for Unwraps {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        Self(Raft::make(peers, me, Arc::new(Unwrapping(persister)), apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    fn get_state(&self) -> (Term, bool) {
        self.0.get_state()
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}

fn run(test: &str, implementation: Implementation) -> Outcome {
    let plan = Plan { world: World::Real, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    run_case(find(test).expect("a test"), implementation, plan)
}

#[test]
fn panic_of_a_server_whose_power_has_failed_is_none() {
    // In a cluster, and on the bench.
    let tests = ["crash_at_every_save_3c", "power_fails_while_a_snapshot_is_taken_3d"];
    let run = |test| labrpc::thread::spawn(move || (test, run(test, Implementation::of::<Unwraps>())));
    for thread in tests.map(run) {
        let (test, outcome) = thread.join().expect("a run");
        assert!(outcome.failure.is_none() && outcome.skipped.is_none(), "{test}: {outcome:?}");
    }
}

#[test]
fn panic_of_a_living_server_is_the_failure() {
    let outcome = run("initial_election_3a", Implementation::of::<Wrong<Panics>>());
    let violation = outcome.failure.and_then(|failure| failure.violation).expect("a violation");
    assert!(violation.is_panic, "{violation:?}");
}
