//! The real server on the bench: how it starts, loses its power, and what its service gets.

use std::ops::RangeInclusive;
use std::time::Duration;

use labrpc::channel::{self, Receiver};
use labrpc::network::{ClientEnd, Server};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{
    ApplyMsg, Change, ChangeError, Command, Index, MemoryPersister, Persister, ReadIndexError, ServerId,
    Started, Term, TransferError,
};

use super::bench::{Bench, Inner, SERVER};
use super::message::snapshot;
use super::slot::Methods;
use crate::implementation::AnyRaft;
use crate::marks;
use crate::observation::Observation;
use crate::on_node::{end, is_of_a_dead_node, on_node};
use crate::server_storage::{ReadTime, ServerStorage};
use crate::timeline::TimelineEvent;
use lab_runs::settings::World;

impl Inner {
    /// Starts the server from its storage.
    pub(super) fn launch(self: &Arc<Self>) {
        let node = NodeHandle::new(self.lab.node_name(SERVER));
        let ends: Vec<ClientEnd> =
            (0..self.size).map(|peer| self.network.make_connected_end(SERVER as u32, peer as u32)).collect();
        let (persister, read_time) = {
            let slot = &mut self.slot.lock();
            slot.ends.clone_from(&ends);
            // As a persister begins without a hook.
            slot.read_time = ReadTime::default();
            (Arc::clone(&slot.persister), slot.read_time.clone())
        };
        let base = self.snapshot_base(&persister.snapshot());
        if let Err(violation) = self.lab.record().started(self.lab.now(), SERVER, Some(base)) {
            self.lab.end_run(&violation);
        }
        let life = {
            let mut state = self.state.lock();
            state.delivered.clear();
            state.applied = base;
            state.life += 1;
            (state.started_at, state.has_voted) = (self.lab.now(), false);
            state.life
        };
        // No room: a server that delivers with a lock held is stuck until its service takes it, and that shows.
        let (sender, receiver) = channel::bounded(0);
        let (implementation, features) = (*self.lab.implementation(), self.features);
        let persister = ServerStorage::of(persister, read_time, &implementation, SERVER);
        let make = move || implementation.make(&features, ends, SERVER, persister, sender);
        let raft = node.spawn("make", make).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let service = raft.service();
        let methods = Methods::of(&service, &self.names).unwrap_or_else(|why| self.lab.skip(&why));
        self.network.add_server(SERVER as u32, Server::new(&node).service(service));
        {
            let mut slot = self.slot.lock();
            slot.methods = methods;
            slot.running = Some((node.clone(), raft));
        }
        let inner = Arc::clone(self);
        node.spawn("service", move || inner.serve(life, &receiver));
    }

    /// How far a stored snapshot goes: what scripts put into it says so.
    fn snapshot_base(&self, snapshot: &[u8]) -> u64 {
        if snapshot.is_empty() {
            return 0;
        }
        let text = String::from_utf8_lossy(snapshot).into_owned();
        let index = text.rsplit(' ').next().and_then(|number| number.parse().ok());
        index.unwrap_or_else(|| {
            let expected = "the bytes that were installed or handed over".to_owned();
            self.lab.fail(self.violation("the stored snapshot is not the service's".into(), expected, text))
        })
    }

    /// The service: keeps what it gets, which must come in order.
    fn serve(&self, life: u64, delivered: &Receiver<ApplyMsg>) {
        while let Ok(message) = delivered.recv() {
            let mut state = self.state.lock();
            if state.life != life || is_of_a_dead_node() {
                return; // its server has lost its power, and another one delivers now
            }
            let before = state.applied;
            let (is_in_order, index) = match &message {
                ApplyMsg::Command { index, .. } | ApplyMsg::Own { index, .. } => {
                    (*index == before + 1, *index)
                }
                // The stored one may come once more, first thing after a start.
                ApplyMsg::Snapshot { index, .. } => {
                    (*index > before || *index == before && state.delivered.is_empty(), *index)
                }
            };
            let is_what_was_sent = match &message {
                ApplyMsg::Command { index, term, command } => {
                    // One that no script has sent is the server's own: some leaders begin their term with an
                    // empty entry.
                    state.commands.get(&(*index, *term)).is_none_or(|sent| sent == command)
                }
                ApplyMsg::Own { index, term, .. } => !state.commands.contains_key(&(*index, *term)),
                ApplyMsg::Snapshot { index, data, .. } => match state.own_snapshots.get(index) {
                    Some(sent) => sent[..] == data[..],
                    None => snapshot(*index)[..] == data[..],
                },
            };
            state.applied = index;
            state.delivered.push(message.clone());
            let is_time = state.snapshot_at.take_if(|at| *at == index).is_some();
            drop(state);
            self.lab.record().note_applied(SERVER, index);
            self.changed.notify_all();
            marks::delivered(SERVER, &message);
            self.note(format!("S{SERVER} delivers {message:?}"));
            if !is_in_order || !is_what_was_sent {
                let (expected, seen) = match &message {
                    // Its place is right, and its bytes are not.
                    ApplyMsg::Snapshot { index, data, .. } if is_in_order => (
                        format!("the bytes of the snapshot up to {index}"),
                        format!("{message:?}: {:?}", String::from_utf8_lossy(data)),
                    ),
                    _ => (
                        format!("entry {}, as it was sent, or a snapshot beyond {before}", before + 1),
                        format!("{message:?}"),
                    ),
                };
                let violation =
                    self.violation(format!("S{SERVER} delivered {message:?} after {before}"), expected, seen);
                self.lab.violated(violation);
            }
            if is_time {
                self.hand_over(index);
            }
        }
    }

    /// The service hands over a snapshot, in the thread that takes what is delivered.
    fn hand_over(&self, index: Index) {
        self.note(format!("the service of S{SERVER} takes a snapshot up to {index}"));
        let raft = self.slot.lock().running.as_ref().map(|(_, raft)| Arc::clone(raft));
        if let Some(raft) = raft {
            hand_snapshot(&*raft, index);
        }
    }
}

/// The service hands over a snapshot, in whatever thread this is.
fn hand_snapshot(raft: &dyn AnyRaft, index: Index) {
    marks::takes_snapshot(SERVER, index);
    raft.snapshot(index, snapshot(index));
}

impl Bench {
    /// Whether the server says that it leads, and its term.
    pub fn state(&self) -> (Term, bool) {
        // Before the call: see `Cluster::start_now`.
        let Some((start, before)) = self.0.lab.record().before(SERVER) else { return (0, false) };
        let Some((term, is_leader)) = self.call("get_state", |raft| raft.get_state()) else {
            return (0, false);
        };
        let fact = Observation::State { term, is_leader, before };
        if let Err(violation) = self.0.lab.record().observe(self.0.lab.now(), SERVER, start, &fact) {
            self.0.lab.end_run(&violation);
        }
        (term, is_leader)
    }

    /// The server's term, as it says.
    pub fn term(&self) -> Term {
        self.state().0
    }

    /// Gives the server a new command.
    pub fn offer(&self) -> Started {
        let command = self.0.lab.command();
        let given = command.clone();
        let started = self.call("start", move |raft| raft.start(given));
        // The power failed meanwhile: nobody has heard of an index.
        let started = started.unwrap_or(Started { index: 0, term: 0, is_leader: false });
        self.0.note(format!("start on S{SERVER}: {started:?}"));
        if started.is_leader {
            self.0.state.lock().commands.insert((started.index, started.term), command);
        }
        started
    }

    /// The command that was [given](Self::offer) to the server with this outcome, if it took it.
    pub fn command_of(&self, started: Started) -> Option<Command> {
        self.0.state.lock().commands.get(&(started.index, started.term)).cloned()
    }

    /// The service hands over a snapshot of everything up to `index`.
    pub fn take_snapshot(&self, index: Index) {
        self.take_snapshots(index..=index);
    }

    /// The service hands over a snapshot of everything up to each of these indexes, one right after the other.
    pub fn take_snapshots(&self, indexes: RangeInclusive<Index>) {
        self.0.note(format!("the service of S{SERVER} takes snapshots up to {indexes:?}"));
        self.call("snapshot", move |raft| {
            indexes.for_each(|index| hand_snapshot(raft, index));
        });
    }

    /// When the service gets the entry at `index`, it hands over a snapshot up to there, before it takes what comes next: as MIT's, in
    /// the thread that reads the apply channel.
    pub fn takes_snapshot_when_it_gets(&self, index: Index) {
        self.0.state.lock().snapshot_at = Some(index);
    }

    /// Asks the server for another configuration. Skips the test if it does not change its configuration.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn change(&self, change: Change) -> Result<Index, ChangeError> {
        let answer = self.call("change_configuration", move |raft| raft.change_configuration(change));
        let answer = answer.unwrap_or(Err(ChangeError::NotLeader { leader: None }));
        self.0.note(format!("S{SERVER} is asked for {change:?}: {answer:?}"));
        if answer == Err(ChangeError::NotOffered) {
            self.0.lab.skip(&ChangeError::NotOffered.to_string());
        }
        answer
    }

    /// Whom the server takes for the leader, if it says so.
    pub fn leader_hint(&self) -> Option<ServerId> {
        let hint = self.call("leader_hint", |raft| raft.leader_hint()).flatten();
        self.0.note(format!("S{SERVER} takes for the leader: {hint:?}"));
        hint
    }

    /// A read by ReadIndex, which may wait this long for its confirmation. Skips the test if the server has no such thing.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn read_index(&self, patience: Duration) -> Result<Index, ReadIndexError> {
        let read = self.call("read_index", move |raft| raft.read_index_until(Instant::now() + patience));
        let outcome = read.unwrap_or(Err(ReadIndexError::ShuttingDown));
        self.0.note(format!("a read on S{SERVER}: {outcome:?}"));
        if outcome == Err(ReadIndexError::Unsupported) {
            self.0.lab.skip("this Raft has no ReadIndex");
        }
        outcome
    }

    /// A read by lease.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn lease_read_index(&self) -> Result<Index, ReadIndexError> {
        let read = self.call("lease_read_index", |raft| raft.lease_read_index());
        read.unwrap_or(Err(ReadIndexError::ShuttingDown))
    }

    /// Asks the server to hand its office to a peer.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn transfer(&self, to: ServerId) -> Result<(), TransferError> {
        let outcome = self.call("transfer_leadership", move |raft| raft.transfer_leadership(to));
        let outcome = outcome.unwrap_or(Err(TransferError::NotLeader));
        self.0.note(format!("S{SERVER} is to hand its office to S{to}: {outcome:?}"));
        outcome
    }

    /// The commands that the server's service has got since the last start, with their indexes.
    pub fn commands_delivered(&self) -> Vec<(Index, Command)> {
        let command = |message: &ApplyMsg| match message {
            ApplyMsg::Command { index, command, .. } => Some((*index, command.clone())),
            ApplyMsg::Own { .. } | ApplyMsg::Snapshot { .. } => None,
        };
        self.0.state.lock().delivered.iter().filter_map(command).collect()
    }

    /// Calls the server on its node. `None` if it is down, or its power fails before it answers.
    fn call<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(&dyn AnyRaft) -> T + Send + 'static,
    ) -> Option<T> {
        let (node, raft) = self.0.slot.lock().running.clone()?;
        on_node(&node, name, move || call(&*raft))
    }

    /// The server's power fails at this moment, and comes back: it starts from what is stored.
    pub fn restart(&self) {
        let storage = self.storage();
        self.restart_from(&storage);
    }

    /// A copy of the storage as it is now.
    pub fn storage(&self) -> Arc<MemoryPersister> {
        let slot = self.0.slot.lock();
        let at_power_failure = slot.at_power_failure.lock().clone();
        at_power_failure.unwrap_or_else(|| Arc::new(slot.persister.copy()))
    }

    /// As [`restart`](Self::restart), from the storage as it was before.
    pub fn restart_from(&self, storage: &MemoryPersister) {
        self.power_fails();
        {
            let slot = &mut *self.0.slot.lock();
            slot.persister = Arc::new(storage.copy());
            slot.at_power_failure = Arc::default();
        }
        self.0.lab.record().pardon_panics(None);
        self.0.launch();
    }

    /// The bytes of the stored snapshot.
    pub fn stored_snapshot(&self) -> Vec<u8> {
        self.0.slot.lock().persister.snapshot()
    }

    /// The power fails, for now.
    fn power_fails(&self) {
        let lab = &self.0.lab;
        let (running, ends) = {
            let slot = &mut self.0.slot.lock();
            (slot.running.take(), slot.ends.clone())
        };
        let Some((node, raft)) = running else { return };
        node.lose_power();
        lab.record().stopped(lab.now(), SERVER, TimelineEvent::PowerLost(SERVER));
        for end in &ends {
            self.0.network.delete_end(end);
        }
        self.0.network.delete_server(SERVER as u32);
        if lab.world() == World::Real {
            end(&node, move || raft.kill()); // no thread was stopped
        }
    }
}
