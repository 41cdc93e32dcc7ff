//! A server that ends by a panic when a save fails: that is legal, so it is not blamed.

use std::marker::PhantomData;

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, SaveError, ServerId, Started, Term};

/// What stands between a server and its storage.
pub(crate) trait Storage: Send + Sync + 'static {
    /// What the server hears of a save.
    fn told(saved: Result<(), SaveError>) -> Result<(), SaveError>;
}

/// `save(...).unwrap()`, as students write it.
#[derive(Debug)]
pub(crate) struct Unwraps;

impl Storage for Unwraps {
    fn told(saved: Result<(), SaveError>) -> Result<(), SaveError> {
        saved.expect("the disk is well");
        Ok(())
    }
}

/// Panics at any save.
#[derive(Debug)]
struct AlwaysPanics;

impl Storage for AlwaysPanics {
    fn told(_: Result<(), SaveError>) -> Result<(), SaveError> {
        panic!("no save is good enough")
    }
}

/// A persister behind which there is another one.
#[derive(Debug)]
struct Behind<S>(Arc<dyn Persister>, PhantomData<S>);

impl<S: Storage + std::fmt::Debug> Persister for Behind<S> {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        S::told(self.0.save(state, snapshot))
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

/// The reference with that storage.
pub(crate) struct On<S>(raft::Raft, PhantomData<S>);

impl<S> Clone for On<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<S: Storage + std::fmt::Debug> RaftServer for On<S> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let persister = Arc::new(Behind::<S>(persister, PhantomData));
        Self(RaftServer::make(peers, me, persister, apply), PhantomData)
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

fn run<R: RaftServer>(test: &str) -> Outcome {
    let policy = Policy::Random;
    let plan = Plan { world: World::Simulated, seed: 1, policy, tracing: Tracing::Off };
    run_case(find(test).expect("a test"), Implementation::of::<R>(), plan)
}

#[test]
fn panic_of_a_save_that_fails_is_pardoned_and_no_other() {
    for test in ["failed_save_of_a_vote_3c", "failed_save_of_a_command_3c", "failed_save_of_a_candidacy_3c"] {
        assert!(run::<raft::Raft>(test).failure.is_none(), "{test}");
        let outcome = run::<On<Unwraps>>(test);
        assert!(outcome.failure.is_none(), "{test}");
        assert!(outcome.skipped.is_some_and(|why| why.contains("panics when a save fails")), "{test}");
    }
    // The disk is well here.
    let outcome = run::<On<AlwaysPanics>>("vote_survives_3c");
    assert!(outcome.failure.is_some() && outcome.skipped.is_none());
}
