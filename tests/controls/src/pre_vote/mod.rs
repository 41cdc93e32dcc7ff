//! A Raft whose leaders are hard to depose: pre-vote, check-quorum and sticky leaders, as in etcd.
//!
//! - **Pre-vote** (thesis §9.6). Before it stands for election, a server asks in `PreVote` whether it would win, and
//!   changes nothing for that. So one that was cut off comes back in the term in which it left.
//! - **Sticky leaders** (§6, thesis §4.2.3). Who has heard from a leader within the minimum election timeout takes
//!   no part in elections: it neither votes nor adopts the candidate's term.
//! - **Check-quorum**. A leader that no majority has answered for an election timeout becomes a follower.
//! - **Probes**. A leader finds out with empty requests where a follower's log agrees with its own, and streams
//!   entries only then (`progress`).
//! - **The commit index is stored** with the term, the vote and the log, and followers are told of it as far as they
//!   are known to match.
//!
//! One mutex guards everything, and every change of it goes through `Node::transact`, which saves it before anybody
//! can see it. The threads of a server: a ticker for timeouts, a replicator for each other server, an applier; and one
//! for each request that is sent, because an answer may take seconds.

mod election;
mod follower;
mod log;
mod messages;
mod progress;
mod state;
mod storage;

use std::fmt;

use labrpc::channel::{SendTimeoutError, Sender};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{
    ApplyMsg, Command, Features, Index, NotOffered, Persister, RaftServer, ServerId, Started, Term,
};

use election::Ballot;
pub use messages::{
    AppendEntriesArgs, AppendEntriesReply, Entry, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply,
};
use progress::{Next, Request};
use state::State;

/// How long the applier waits for a slow service before it looks whether the server is still needed.
const PATIENCE: Duration = Duration::from_millis(100);

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    node: Arc<Node>,
}

/// What all threads of a server share.
struct Node {
    peers: Vec<ClientEnd>,
    me: ServerId,
    apply: Sender<ApplyMsg>,
    state: Mutex<State>,
    /// For the ticker: the role has changed.
    role_changed: Condvar,
    /// For the replicators: the leader may have something to send.
    news: Condvar,
    /// For the applier: there is something to apply.
    committed: Condvar,
}

impl Node {
    /// Changes the state, saves what must be saved and wakes who has to know. `None` if the server is dead: then
    /// nothing may be said that depends on the change.
    fn transact<R>(&self, act: impl FnOnce(&mut State, Instant) -> R) -> Option<R> {
        let mut state = self.state.lock();
        if state.is_dead {
            return None;
        }
        let role = std::mem::discriminant(&state.role);
        let result = act(&mut state, Instant::now());
        if state.save().is_err() {
            // As good as crashed: it must not go on as if it had saved.
            self.die(&mut state);
            return None;
        }
        if role != std::mem::discriminant(&state.role) {
            self.role_changed.notify_all();
        }
        if state.is_leader() {
            self.news.notify_all();
        }
        if state.has_something_to_apply() {
            self.committed.notify_all();
        }
        Some(result)
    }

    /// Ends all threads of the server soon.
    fn die(&self, state: &mut State) {
        state.is_dead = true;
        self.role_changed.notify_all();
        self.news.notify_all();
        self.committed.notify_all();
    }

    /// Waits for election timeouts, and as a leader for the majority to fall silent.
    fn run_ticker(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            loop {
                if state.is_dead {
                    return;
                }
                let now = Instant::now();
                let deadline = state.deadline(now);
                if now >= deadline {
                    break;
                }
                self.role_changed.wait_until(&mut state, deadline);
            }
            drop(state);
            if let Some(ballot) = self.transact(State::on_deadline).flatten() {
                self.hold(ballot);
            }
        }
    }

    /// Asks everybody for a vote.
    fn hold(self: &Arc<Self>, ballot: Ballot) {
        for voter in (0..self.peers.len()).filter(|&id| id != self.me) {
            let (node, ballot) = (Arc::clone(self), ballot.clone());
            thread::spawn(move || {
                let reply = node.peers[voter].call(ballot.method, &ballot.args);
                let Some(reply) = reply else { return };
                let next = node.transact(|state, now| state.on_vote_reply(&ballot, voter, &reply, now));
                if let Some(next) = next.flatten() {
                    node.hold(next);
                }
            });
        }
    }

    /// Sends one follower what it needs whenever this server leads.
    fn run_replicator(self: &Arc<Self>, peer: ServerId) {
        let mut state = self.state.lock();
        while !state.is_dead {
            match state.next_request(peer, Instant::now()) {
                Next::Wait(None) => self.news.wait(&mut state),
                Next::Wait(Some(due)) => {
                    self.news.wait_until(&mut state, due);
                }
                Next::Send(request) => {
                    drop(state);
                    let node = Arc::clone(self);
                    thread::spawn(move || node.send(peer, &request));
                    state = self.state.lock();
                }
            }
        }
    }

    fn send(&self, peer: ServerId, request: &Request) {
        let end = &self.peers[peer];
        match request {
            Request::Append(args) => {
                let reply = end.call("Raft.AppendEntries", args);
                self.transact(|state, now| match &reply {
                    Some(reply) => state.on_append_reply(peer, args, reply, now),
                    None => state.on_append_lost(peer, args, now),
                });
            }
            Request::Install(args) => {
                if let Some(reply) = end.call("Raft.InstallSnapshot", args) {
                    self.transact(|state, now| state.on_install_reply(peer, args, &reply, now));
                }
            }
        }
    }

    /// Delivers what is committed, without the mutex: the service may be busy, or call this server.
    fn run_applier(&self) {
        loop {
            let mut state = self.state.lock();
            self.committed.wait_while(&mut state, |state| !state.is_dead && !state.has_something_to_apply());
            if state.is_dead {
                return;
            }
            let messages = state.take_deliveries();
            drop(state);
            for message in messages {
                if !self.deliver(message) {
                    return;
                }
            }
        }
    }

    /// Waits for the service to take the message. False if it never will, or if the server is dead.
    fn deliver(&self, mut message: ApplyMsg) -> bool {
        loop {
            match self.apply.send_timeout(message, PATIENCE) {
                Ok(()) => return true,
                Err(SendTimeoutError::Timeout(back)) if !self.state.lock().is_dead => message = back,
                Err(_) => return false,
            }
        }
    }
}

impl Raft {
    fn spawn(&self, name: String, body: impl FnOnce(&Arc<Node>) + Send + 'static) {
        let node = Arc::clone(&self.node);
        let thread = thread::Builder::new().name(name).spawn(move || body(&node));
        thread.expect("memory for a thread");
    }

    /// A handler that is one transaction. A dead server answers with term 0, which nobody takes for an answer.
    fn handler<A: 'static, R: Default + 'static>(
        &self,
        handle: fn(&mut State, &A, Instant) -> R,
    ) -> impl Fn(A) -> R + Send + Sync + 'static {
        let node = Arc::clone(&self.node);
        move |args| node.transact(|state, now| handle(state, &args, now)).unwrap_or_default()
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let state = Mutex::new(State::restore(me, peers.len(), persister));
        let node = Node {
            peers,
            me,
            apply,
            state,
            role_changed: Condvar::new(),
            news: Condvar::new(),
            committed: Condvar::new(),
        };
        let raft = Self { node: Arc::new(node) };
        raft.spawn("ticker".into(), Node::run_ticker);
        raft.spawn("applier".into(), |node| node.run_applier());
        for peer in (0..raft.node.peers.len()).filter(|&id| id != me) {
            raft.spawn(format!("replicator {peer}"), move |node| node.run_replicator(peer));
        }
        raft
    }

    /// They are always on: a Raft without being asked may do so as well.
    fn offers(features: &Features) -> Result<(), NotOffered> {
        features.among(&["pre_vote", "check_quorum"])
    }

    fn service(&self) -> Service {
        Service::new("Raft")
            .method("PreVote", self.handler(|state, args, now| state.on_pre_vote(args, now)))
            .method("RequestVote", self.handler(State::on_request_vote))
            .method("AppendEntries", self.handler(State::on_append_entries))
            .method("InstallSnapshot", self.handler(State::on_install_snapshot))
    }

    fn start(&self, command: Command) -> Started {
        let started = self.node.transact(|state, _| {
            let term = state.durable.current_term;
            let is_leader = state.is_leader();
            if is_leader {
                state.durable.log.push(Entry(term, command));
                // A server alone is a majority.
                state.advance_commit_index();
            }
            Started { index: state.durable.log.last_index(), term, is_leader }
        });
        started.unwrap_or(Started { index: 0, term: 0, is_leader: false })
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.durable.current_term, state.is_leader() && !state.is_dead)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.node.transact(|state, _| state.on_own_snapshot(index, data));
    }

    fn kill(&self) {
        self.node.die(&mut self.node.state.lock());
    }

    fn leader_hint(&self) -> Option<ServerId> {
        let state = self.node.state.lock();
        if state.is_leader() { Some(self.node.me) } else { state.leader.map(|(id, _)| id) }
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").field("me", &self.node.me).finish_non_exhaustive()
    }
}
