//! A server: how the lab and the clerks call the layer and the machine. Nothing in this file decides anything.

use kvraft_interface::{AnyService, ServiceSetup};
use labrpc::network::Service;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use raft_interface::RaftServer;

use crate::layer::{Node, State};
use crate::machine::{Command, Op, Reply};

/// What a clerk calls. Arguments: a [`Command`]; reply: a [`Reply`].
pub(crate) const DO: &str = "KVServer.Do";

/// A handle. What all threads share lives in [`Node`].
pub(crate) struct Server<R>(Arc<Node<R>>);

impl<R: RaftServer> Server<R> {
    /// Begins with what is stored, and starts the applier.
    pub(crate) fn start(setup: ServiceSetup<R>) -> Self {
        let ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max, .. } = setup;
        let state = Mutex::new(State::restore(&persister.snapshot()));
        let node = Arc::new(Node { raft, state, persister, layer, raft_state_bytes_max });
        let applier = Arc::clone(&node);
        let body = move || applier.apply_all(&delivered);
        // Nobody joins it: it ends by itself.
        thread::Builder::new().name("applier of the service".to_owned()).spawn(body).expect("another thread");
        Self(node)
    }
}

impl<R: RaftServer> AnyService for Server<R> {
    fn handlers(&self) -> Option<Service> {
        let node = Arc::clone(&self.0);
        Some(Service::new("KVServer").method("Do", move |command: Command| node.submit(&command)))
    }

    fn add(&self, delta: i64) -> Option<i64> {
        match self.0.submit(&Command { client: 0, number: 0, op: Op::Add(delta) }) {
            Reply::Counter(value) => Some(value),
            _ => None,
        }
    }

    fn counter(&self) -> i64 {
        self.0.lock().machine.counter
    }

    fn kill(&self) {
        self.0.kill();
    }
}
