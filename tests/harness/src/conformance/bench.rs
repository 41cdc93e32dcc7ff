//! The bench: what it holds, how it starts and how it ends.

use std::fmt;
use std::time::Duration;

use labrpc::channel;
use labrpc::network::Network;
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread::JoinHandle;
use labrpc::time::Instant;
use parking_lot::Mutex as PlainMutex;
use raft_interface::{Features, ServerId};

use super::made_up::is_meant_in_reply;
use super::slot::Slot;
use super::state::BenchState;
use crate::lab::Lab;
use crate::on_node::end;
use crate::record::Traffic;
use lab_referee::{Names, Violation};
use lab_runs::settings::World;

/// The real server.
pub const SERVER: ServerId = 0;
/// How long a follower may wait before it stands for election: MIT's five seconds for an election.
pub const ELECTION_MAX: Duration = Duration::from_secs(5);
/// How long something may take that happens at once.
pub const SOON: Duration = Duration::from_millis(200);

/// A test's bench. The server is killed when the test's own handle is dropped.
pub struct Bench(pub(super) Arc<Inner>, Handle);

/// Why scripts cannot talk of places in the log.
const UNKNOWN_COUNT: &str = "with an empty log, last_log_index is neither 0, as where entries are counted from 1 in messages, nor -1, as \
     where they are counted from 0 (tell which with Names::before_first)";

/// Whose handle to a bench it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    /// The test's: with it the bench ends.
    Owner,
    /// That of a thread beside the test.
    Guest,
}

/// What all handles to a bench share.
pub(super) struct Inner {
    pub(super) lab: Lab,
    /// What the server does beyond Figure 2.
    pub(super) features: Features,
    pub(super) network: Network,
    /// What the server calls the paper's messages.
    pub(super) names: Names,
    /// The number of servers, scripted ones included.
    pub(super) size: usize,
    /// The sentence that is put to the proof.
    pub(super) rule: &'static str,
    /// The mistake that it catches.
    pub(super) hint: &'static str,
    pub(super) slot: PlainMutex<Slot>,
    /// What goes on between the server, its peers and its service.
    pub(super) state: Mutex<BenchState>,
    /// Rings whenever that changes.
    pub(super) changed: Condvar,
}

impl Bench {
    /// Starts a server among `size - 1` scripted peers, which do not answer yet. `rule` is the sentence that the test
    /// puts to the proof, with its reference, and `hint` the mistake that most often breaks it.
    pub fn start(lab: &Lab, size: usize, rule: &'static str, hint: &'static str) -> Self {
        Self::start_with(lab, Features::default(), size, rule, hint)
    }

    /// The same, with a server that has these features. Skips the test if the implementation does not offer them.
    pub fn start_with(
        lab: &Lab,
        features: Features,
        size: usize,
        rule: &'static str,
        hint: &'static str,
    ) -> Self {
        Self::start_among(lab, features, size, (rule, hint), |_| {})
    }

    /// The same, with `rule` and `hint`, among peers that behave from the first message on as `prepare` says. A server may stand for
    /// election as soon as it runs: what is said to a peer after that comes too late for its first requests.
    pub fn start_among(
        lab: &Lab,
        features: Features,
        size: usize,
        (rule, hint): (&'static str, &'static str),
        prepare: impl FnOnce(&Self),
    ) -> Self {
        lab.needs_features(&features);
        let names = lab.implementation().names();
        if names.before_first.index.is_none() {
            lab.skip(UNKNOWN_COUNT);
        }
        // One server on record, the real one: what scripts say is not judged.
        lab.record().begin_cluster(1, None);
        let inner = Inner {
            lab: lab.clone(),
            features,
            network: Network::new(),
            names,
            size,
            rule,
            hint,
            slot: PlainMutex::default(),
            state: Mutex::new(BenchState::new(size)),
            changed: Condvar::new(),
        };
        let bench = Self(Arc::new(inner), Handle::Owner);
        // Its replies have a field that no script knows of: what it makes of the others is nothing to be judged by.
        let unreadable = lab.clone();
        bench.0.network.on_unreadable(move |why| unreadable.skip(why));
        let record = Arc::clone(lab.record());
        let names = bench.0.names.clone();
        bench.0.network.on_made_up(move |method, made_up| {
            if !is_meant_in_reply(&names, made_up) {
                record.pardon_failures(format!(
                    "replies to {method} have a field {made_up} that scripted peers cannot fill in, and what came of that cannot \
                     be judged"
                ));
            }
        });
        prepare(&bench);
        bench.0.launch();
        bench.add_peers();
        bench
    }

    /// The lab that the bench is part of.
    pub fn lab(&self) -> &Lab {
        &self.0.lab
    }

    /// Does something in a thread of its own, beside the test.
    pub fn beside<T: Send + 'static>(&self, what: impl FnOnce(&Self) -> T + Send + 'static) -> JoinHandle<T> {
        let guest = Self(Arc::clone(&self.0), Handle::Guest);
        labrpc::thread::spawn(move || what(&guest))
    }

    /// What comes of something that takes this long at most; `None` if it takes longer, and then it goes on. A server that
    /// answers nothing any more holds up whoever asks it.
    pub fn within<T: Send + 'static>(
        &self,
        patience: Duration,
        what: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = channel::bounded(1);
        // Nobody listens any more if it comes too late.
        drop(self.beside(move |bench| sender.send(what(bench))));
        let outcome = receiver.recv_timeout(patience).ok();
        self.0.lab.check();
        outcome
    }

    /// Waits until `look` finds something in what goes on, for `patience` at most.
    pub(super) fn wait_for<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&mut BenchState) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.0.state.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return Some(found);
            }
            if self.0.changed.wait_until(&mut state, deadline).timed_out() {
                drop(state);
                self.0.lab.check();
                // It may have come at the very deadline.
                return look(&mut self.0.state.lock());
            }
        }
    }

    /// The test is over, or it failed.
    fn finish(&self) {
        self.0.state.lock().is_over = true;
        self.0.changed.notify_all();
        let running = self.0.slot.lock().running.clone();
        match running {
            Some((node, raft)) if self.0.lab.world() == World::Real => end(&node, move || raft.kill()),
            Some((_, raft)) => raft.kill(),
            None => {}
        }
        let (rpcs, bytes) = (self.0.network.total_calls(), self.0.network.total_bytes());
        self.0.lab.record().set_traffic(Traffic { rpcs, bytes });
        self.0.network.cleanup();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if self.1 == Handle::Guest {
            return;
        }
        if !labrpc::thread::panicking() {
            self.finish();
        } else if self.0.lab.world() == World::Real {
            // Something is broken already, maybe so that kill would wait for ever.
            self.beside(Self::finish);
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
    pub(super) fn violation(&self, headline: String, expected: String, seen: String) -> Violation {
        Violation::new(headline, expected, seen).rule(self.rule).hint(self.hint).servers([SERVER])
    }

    pub(super) fn note(&self, text: String) {
        self.lab.note(text);
    }
}
