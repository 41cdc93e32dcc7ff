//! The handle that a service holds: MIT's calls, and the handlers that peers call.

use std::fmt;

use labrpc::channel::{self, Sender};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::time::Instant;
use raft_interface::{
    ApplyMsg, Change, ChangeError, Command, Features, Index, NotOffered, Persister, RaftServer,
    ReadIndexError, ServerId, Servers, Started, Stored, Term, TransferError,
};

use crate::config::{Config, ConfigError};
use crate::monitor::{Monitor, Node};
use crate::persist::{CorruptState, restore};
use crate::read::ReadError;
use crate::state::{Moment, State};
use crate::status::{Report, Status};

/// One Raft server. Cheap to clone: all clones are the same server. It runs until [`Self::kill`].
#[derive(Clone)]
pub struct Raft {
    pub(crate) node: Arc<Node>,
}

/// Why a server could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What is stored is not what a server saved.
    #[error(transparent)]
    Corrupt(#[from] CorruptState),
}

impl Raft {
    /// Starts a server like [`RaftServer::make`], with times other than the default.
    ///
    /// # Errors
    ///
    /// [`MakeError`] when the configuration is invalid or the stored state is damaged. No thread has been started.
    ///
    /// # Panics
    ///
    /// When `me` is not the index of a peer, or there are more than 64 peers.
    pub fn make_with(
        config: Config,
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Result<Self, MakeError> {
        Self::launch(config, peers.len(), peers, me, persister, apply)
    }

    /// Starts one of so many servers. A cluster of one needs no ends.
    pub(crate) fn launch(
        config: Config,
        servers: usize,
        ends: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Result<Self, MakeError> {
        assert!(me < servers, "server {me} is not one of {servers}");
        assert!(servers <= Servers::MAX, "{servers} servers, but {} at most", Servers::MAX);
        config.validate_for(servers)?;
        // Before the first thread: a server that has answered a single message with an empty state may have
        // voted twice.
        let restored = restore(&*persister)?;
        if restored.log.impossible_configuration(servers).is_some() {
            let len = persister.raft_state_len();
            let reason = "a configuration names nobody, or a server that is not there";
            return Err(CorruptState { offset: 0, len, reason }.into());
        }
        let state = State::new(me, servers, config, restored, &Moment::now());
        let vote = state.voted_for.map_or_else(|| "nobody".to_owned(), |server| format!("S{server}"));
        log::info!(target: "PERS", "{} starts, and has voted for {vote}", state.status());
        let (stop_signal, stopped) = channel::bounded(0);
        let node = Arc::new(Node {
            senders: (0..servers).map(|_| Condvar::new()).collect(),
            ends,
            persister,
            monitor: Mutex::new(Monitor::new(state, stop_signal)),
            ticker: Condvar::new(),
            applier: Condvar::new(),
            others: Condvar::new(),
            stopped,
        });
        node.spawn_threads(apply);
        Ok(Self { node })
    }

    /// Who leads the current term, if this server knows. For redirecting clients: it may be out of date, as
    /// everything about leaders may.
    #[must_use]
    pub fn leader_hint(&self) -> Option<ServerId> {
        self.node.monitor.lock().state.leader
    }

    /// What this server is and how far it has come: one consistent copy.
    #[must_use]
    pub fn status(&self) -> Status {
        self.node.monitor.lock().state.status()
    }

    /// All that this server can say about itself: one consistent copy.
    #[must_use]
    pub fn report(&self) -> Report {
        self.node.monitor.lock().state.report()
    }
}

impl RaftServer for Raft {
    /// # Panics
    ///
    /// When the stored state is damaged; [`Raft::make_with`] returns an error instead.
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        Self::make_with_features(&Features::default(), peers, me, persister, apply)
    }

    fn read_stored(state: &[u8]) -> Option<Stored> {
        crate::persist::stored(state)
    }

    /// All of them.
    fn offers(_: &Features) -> Result<(), NotOffered> {
        Ok(())
    }

    /// # Panics
    ///
    /// When the stored state is damaged; [`Raft::make_with`] returns an error instead.
    fn make_with_features(
        features: &Features,
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let config = Config { features: *features, ..Config::default() };
        Self::make_with(config, peers, me, persister, apply)
            .unwrap_or_else(|error| panic!("server {me} cannot start: {error}"))
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots, transfers, helps] = [(); 5].map(|()| self.node.clone());
        Service::new("Raft")
            .method("RequestVote", move |args: crate::rpc::RequestVoteArgs| {
                votes.respond(|state, moment| state.answer_candidate(&args, moment))
            })
            .method("AppendEntries", move |args: crate::rpc::AppendEntriesArgs| {
                entries.answer(args.term, |state, moment| state.on_append_entries(&args, moment))
            })
            .method("InstallSnapshot", move |args: crate::rpc::InstallSnapshotArgs| {
                snapshots.answer(args.term, |state, moment| state.on_install_snapshot(&args, moment))
            })
            .method("TimeoutNow", move |args: crate::rpc::TimeoutNowArgs| {
                transfers.answer(args.term, |state, moment| state.on_timeout_now(&args, moment))
            })
            .method("FetchEntries", move |args: crate::rpc::FetchEntriesArgs| {
                helps.respond(|state, _| state.on_fetch_entries(&args))
            })
    }

    fn start(&self, command: Command) -> Started {
        self.node.step(|state, moment| state.append_command(command, moment)).unwrap_or_else(|| Started {
            index: 0,
            term: self.get_state().0,
            is_leader: false,
        })
    }

    fn get_state(&self) -> (Term, bool) {
        let monitor = self.node.monitor.lock();
        (monitor.state.current_term, monitor.state.is_leader())
    }

    /// # Panics
    ///
    /// When `index` has not been delivered on the apply channel: a snapshot cannot cover it.
    fn snapshot(&self, index: Index, data: Vec<u8>) {
        // A stopped server forgets nothing and needs no snapshot.
        let _ = self.node.step(|state, _| state.take_snapshot(index, data));
    }

    fn kill(&self) {
        self.node.kill();
    }

    fn leader_hint(&self) -> Option<ServerId> {
        Self::leader_hint(self)
    }

    fn change_configuration(&self, change: Change) -> Result<Index, ChangeError> {
        let changed = self.node.step(|state, moment| state.change_configuration(change, moment));
        changed.unwrap_or(Err(ChangeError::NotLeader { leader: None }))
    }

    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        Self::read_index_until(self, deadline).map_err(|error| match error {
            ReadError::NotLeader { .. } => ReadIndexError::NotLeader,
            ReadError::NothingCommitted => ReadIndexError::NothingCommitted,
            ReadError::Timeout => ReadIndexError::Timeout,
        })
    }

    fn lease_read_index(&self) -> Result<Index, ReadIndexError> {
        Self::lease_read_index(self)
    }

    fn transfer_leadership(&self, to: ServerId) -> Result<(), TransferError> {
        Self::transfer_leadership(self, to)
    }
}

impl Node {
    /// Handles a request of this term. The step has saved everything when the reply is there.
    pub(crate) fn answer<R: Default>(&self, term: Term, rule: impl FnOnce(&mut State, &Moment) -> R) -> R {
        self.respond(|state, moment| {
            // The term comes first, for every kind of message and in the same step. A rule that looks at its
            // own term first would judge a candidate of term 5 by the vote of term 3 and refuse it; and a
            // leader would go on in a term whose number it has taken over but which it does not lead.
            state.observe_term(term, moment);
            rule(state, moment)
        })
    }

    /// Handles a request whose term counts only if the rule says so. The step has saved everything when the reply is there.
    pub(crate) fn respond<R: Default>(&self, rule: impl FnOnce(&mut State, &Moment) -> R) -> R {
        self.step(rule).unwrap_or_else(|| self.fall_silent())
    }

    /// Answers nothing until the server is killed, and then anything: term 0, which no sender listens to.
    fn fall_silent<R: Default>(&self) -> R {
        let mut monitor = self.monitor.lock();
        monitor.others_waiting += 1;
        // An answer of any kind would be a statement of a server that has forgotten something: a term, a vote,
        // entries. Silence is what a crashed server gives, and the others are made for that.
        while !monitor.killed {
            self.others.wait(&mut monitor);
        }
        monitor.others_waiting -= 1;
        R::default()
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status())
    }
}
