//! The Raft that is graded: what the submission does, and under it the reference, or nothing.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use raft::Raft;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use crate::submission::{Kept, Kind, Submission};

/// The variable of the environment that names the submission that is graded. Workers inherit it.
pub const VARIABLE: &str = "LAB_TEST_SUBMISSION";

/// The submission that the environment asks for. It is looked up once: some change the environment.
fn asked_for() -> &'static Submission {
    static ASKED_FOR: OnceLock<Submission> = OnceLock::new();
    ASKED_FOR.get_or_init(|| {
        let name = std::env::var(VARIABLE).unwrap_or_default();
        let found = crate::submissions().into_iter().find(|submission| submission.name == name);
        found.unwrap_or_else(|| panic!("there is no submission {name:?}"))
    })
}

/// A server as its submission sees it.
pub(crate) struct Server {
    submission: &'static Submission,
    pub(crate) me: ServerId,
    pub(crate) peers: usize,
    pub(crate) ends: Vec<ClientEnd>,
    pub(crate) apply: Sender<ApplyMsg>,
    kept: OnceLock<Kept>,
}

impl Server {
    /// What it keeps.
    pub(crate) fn kept<T: Any>(&self) -> &T {
        let kept = self.kept.get().and_then(|kept| kept.downcast_ref());
        kept.expect("a submission asks for what it keeps")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        (self.submission.calls.dropped)(self);
    }
}

/// The submission that the environment asks for, as a Raft.
#[derive(Clone)]
pub struct Submitted {
    server: Arc<Server>,
    /// `None` for one that deserves no points.
    raft: Option<Raft>,
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submitted({})", self.server.submission.name)
    }
}

impl RaftServer for Submitted {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let submission = asked_for();
        let server = Server {
            submission,
            me,
            peers: peers.len(),
            ends: peers.clone(),
            apply: apply.clone(),
            kept: OnceLock::new(),
        };
        (submission.calls.make)(&server);
        let kept = (submission.calls.keeps)(&server);
        assert!(server.kept.set(kept).is_ok(), "it is set once");
        let has_raft = submission.kind != Kind::Hostile;
        Self { server: Arc::new(server), raft: has_raft.then(|| Raft::make(peers, me, persister, apply)) }
    }

    fn service(&self) -> Service {
        let mute = || Service::new("Raft").method("Mumble", |_: ()| ());
        self.raft.as_ref().map_or_else(mute, Raft::service)
    }

    fn start(&self, command: Command) -> Started {
        let nothing = Started { index: 0, term: 0, is_leader: false };
        let answer = (self.server.submission.calls.start)(&self.server, &command);
        answer.unwrap_or_else(|| self.raft.as_ref().map_or(nothing, |raft| raft.start(command)))
    }

    fn get_state(&self) -> (Term, bool) {
        let answer = (self.server.submission.calls.get_state)(&self.server);
        answer.unwrap_or_else(|| self.raft.as_ref().map_or((0, false), Raft::get_state))
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        if let Some(raft) = &self.raft {
            raft.snapshot(index, data);
        }
    }

    fn kill(&self) {
        (self.server.submission.calls.kill)(&self.server);
        if let Some(raft) = &self.raft {
            raft.kill();
        }
    }
}
