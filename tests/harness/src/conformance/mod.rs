//! The conformance bench: one real server among scripted peers that speak the paper's messages.
//!
//! A scenario in a cluster shows what a server makes of what correct peers say at likely moments. Here the peers say
//! anything at any moment: stale, repeated, reordered, contradictory to what was said before; and what the server
//! answers, sends, stores and applies is compared with a sentence of Figure 2 or Figure 13. One test per sentence: the
//! sentence is the rule that a failure names.
//!
//! # How it works
//!
//! [`Bench::start`] makes server S0 of the implementation that is graded, and peers S1, S2 and so on, which are nothing but
//! addresses on a network. A [`Peer`] sends what the test says: [`Peer::asks_vote`], [`Peer::appends`],
//! [`Peer::installs`]. What S0 sends to a peer is kept as a [`Letter`], and answered as the peer's [`Manner`] says: not at
//! all, when the test does, or as a follower of the paper would. S0 can lose its power at any moment, and start again
//! from its storage as it is then or was before.
//!
//! # Other implementations
//!
//! The peers do not have the server's types. They speak in trees, from which the network makes whatever the server reads, by
//! the names of its fields: so any server can be tested whose messages bear the paper's names, in Rust's spelling
//! (`candidate_id`), whatever else they hold. A server that cannot be spoken to is not failed: the test is
//! [skipped](Lab::skip), with a note that says which name is missing.
//!
//! # What it leaves out
//!
//! InstallSnapshot in parts; membership changes.

mod expectations;
mod follower;
mod letters;
mod message;
mod peer;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use labrpc::network::{Network, Server, Service};
use labrpc::sim::NodeHandle;
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::time::Instant;
use parking_lot::Mutex as PlainMutex;
use raft_interface::{Command, Index, ServerId, Term};

use crate::lab::Lab;
use lab_referee::Violation;
use lab_runs::settings::World;

use follower::Follower;
use letters::Post;
pub use letters::{Letter, Manner};
pub use message::{Reply, Request};
pub use peer::Peer;
use server::Slot;

/// The real server.
pub const SERVER: ServerId = 0;
/// How long a follower may wait before it stands for election: MIT's five seconds for an election.
pub const ELECTION_MAX: Duration = Duration::from_secs(5);
/// How long something may take that happens at once.
pub const SOON: Duration = Duration::from_millis(200);

/// A test's bench. The server is killed when this is dropped.
pub struct Bench(Arc<Inner>);

struct Inner {
    lab: Lab,
    network: Network,
    /// The number of servers, scripted ones included.
    size: usize,
    /// The sentence that is put to the proof.
    rule: &'static str,
    /// The mistake that it catches.
    hint: &'static str,
    slot: PlainMutex<Slot>,
    /// What goes on between the server, its peers and its service.
    post: Mutex<Post>,
    /// Rings whenever that changes.
    changed: Condvar,
}

impl Bench {
    /// Starts a server among `size - 1` scripted peers, which do not answer yet. `rule` is the sentence that the test
    /// puts to the proof, with its reference, and `hint` the mistake that most often breaks it.
    pub fn start(lab: &Lab, size: usize, rule: &'static str, hint: &'static str) -> Self {
        lab.record().begin(1);
        let bench = Self(Arc::new(Inner {
            lab: lab.clone(),
            network: Network::new(),
            size,
            rule,
            hint,
            slot: PlainMutex::default(),
            post: Mutex::new(Post::new(size)),
            changed: Condvar::new(),
        }));
        bench.0.launch();
        bench.add_peers();
        bench
    }

    /// The scripted peers get the methods that the server has: it is what its like calls.
    fn add_peers(&self) {
        let methods = self.0.slot.lock().methods.clone();
        for peer in self.peers() {
            let mut service = Service::new(&methods.service);
            for name in &methods.names {
                let inner = Arc::clone(&self.0);
                let (full_name, to) = (format!("{}.{name}", methods.service), peer.id);
                service = service.plain_method(name, move |value| inner.receive(to, &full_name, &value));
            }
            let node = NodeHandle::new(self.0.lab.node_name(peer.id));
            self.0.network.add_server(peer.id as u32, Server::new(&node).service(service));
        }
    }

    /// All scripted peers, S1 first.
    pub fn peers(&self) -> Vec<Peer<'_>> {
        (1..self.0.size).map(|id| Peer { bench: self, id }).collect()
    }

    /// The scripted peer of that number, from 1.
    ///
    /// # Panics
    ///
    /// If there is no such peer.
    pub fn peer(&self, id: ServerId) -> Peer<'_> {
        assert!((1..self.0.size).contains(&id), "there is no peer S{id}");
        Peer { bench: self, id }
    }

    /// The lab that the bench is part of.
    pub fn lab(&self) -> &Lab {
        &self.0.lab
    }

    /// Waits until `look` finds something in what goes on, for `patience` at most.
    fn wait_for<T>(&self, patience: Duration, mut look: impl FnMut(&mut Post) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut post = self.0.post.lock();
        loop {
            if let Some(found) = look(&mut post) {
                return Some(found);
            }
            if self.0.changed.wait_until(&mut post, deadline).timed_out() {
                drop(post);
                self.0.lab.check();
                return look(&mut self.0.post.lock());
            }
        }
    }

    /// The test is over, or it failed.
    fn finish(&self) {
        self.0.post.lock().is_over = true;
        self.0.changed.notify_all();
        if let Some(raft) = self.0.raft() {
            raft.kill();
        }
        let (rpcs, bytes) = (self.0.network.total_calls(), self.0.network.total_bytes());
        self.0.lab.record().set_traffic(crate::record::Traffic { rpcs, bytes });
        self.0.network.cleanup();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !labrpc::thread::panicking() {
            self.finish();
        } else if self.0.lab.world() == World::Real {
            // Something is broken already, maybe so that kill would wait for ever.
            let bench = Self(Arc::clone(&self.0));
            labrpc::thread::spawn(move || {
                bench.finish();
                std::mem::forget(bench);
            });
        }
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bench({} servers: {})", self.0.size, self.0.rule)
    }
}

impl Inner {
    /// The violation of a broken sentence.
    fn violation(&self, headline: String, expected: String, seen: String) -> Violation {
        Violation::new(headline, expected, seen).rule(self.rule).hint(self.hint).servers([SERVER])
    }

    fn note(&self, text: String) {
        self.lab.note(text);
    }
}

/// What the entry at an index and of a term holds, in scripts.
pub fn command(index: Index, term: Term) -> Command {
    format!("entry {index} of term {term}").into_bytes().into()
}

/// The service's bytes in a scripted snapshot.
pub fn snapshot(index: Index) -> Vec<u8> {
    format!("everything up to {index}").into_bytes()
}

/// The commands that scripts have sent, by index and term.
type Sent = BTreeMap<(Index, Term), Command>;
