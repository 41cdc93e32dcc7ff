//! A handle to a cluster: which servers there are, what they say, and what the network has counted.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::network::{Counters, Network};
use labrpc::sim::ThreadReport;
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use labrpc::time::Instant;
use parking_lot::Mutex as PlainMutex;
use raft_interface::{Command, Features, Index, Persister, ReadIndexError, ServerId, Started, TransferError};

use super::options::{Reading, Snapshots};
use super::slot::Slot;
use crate::implementation::{AnyRaft, ServicePlan};
use crate::lab::Lab;
use crate::marks;
use crate::observation::{Observation, show_command};
use crate::on_node::{is_of_a_dead_node, on_node};
use crate::record::Traffic;
use crate::service_state::Padding;
use crate::told_service;
use kvraft_interface::AnyService;
use lab_referee::Referee;
use lab_runs::actions::ActionKind;

/// How long the threads of killed servers have to end, after a test: some hundreds may hang in calls, each takes a few
/// steps to leave, and a step takes a microsecond.
const TIME_TO_LEAVE: Duration = Duration::from_millis(10);

/// A running cluster. Cheap to clone: all clones are the same cluster. [`Running`](super::Running) kills it when it is dropped.
#[derive(Clone)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) lab: Lab,
    pub(super) network: Network,
    pub(super) referee: Arc<Referee>,
    /// What the servers do beyond Figure 2.
    pub(super) features: Features,
    pub(super) snapshots: Snapshots,
    /// The bytes that snapshots have beside what they must have.
    pub(super) snapshot_padding: Padding,
    /// How many messages each apply channel holds.
    pub(super) apply_capacity: usize,
    /// What stands on the Raft servers; `None`: the harness' own service.
    pub(super) service_plan: Option<ServicePlan>,
    /// How long the services read them.
    pub(super) reading: Reading,
    pub(super) slots: PlainMutex<Vec<Slot>>,
    /// Some server has put something into a reply to another one.
    pub(super) has_replies: Arc<AtomicBool>,
    /// Rings when something that somebody waits for was applied.
    pub(super) applied_signal: AppliedSignal,
    /// The test is over.
    pub(super) over: AtomicBool,
}

/// A lock that protects nothing but the waiting on its condition variable.
#[derive(Default)]
pub(super) struct AppliedSignal {
    pub(super) lock: Mutex<()>,
    pub(super) changed: Condvar,
}

impl Cluster {
    /// The number of servers.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.slots.lock().len()
    }

    /// All servers, by id.
    #[must_use]
    pub fn servers(&self) -> Range<ServerId> {
        0..self.size()
    }

    /// The other servers, in the order in which they follow `server` in a circle.
    #[must_use]
    pub fn others(&self, server: ServerId) -> Vec<ServerId> {
        (1..self.size()).map(|step| self.next(server, step)).collect()
    }

    /// The server `steps` places after `server` in a circle.
    #[must_use]
    pub fn next(&self, server: ServerId, steps: usize) -> ServerId {
        (server + steps) % self.size()
    }

    /// The cluster's network, for faults that this type has no method for.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// The lab that the cluster is part of.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.inner.lab
    }

    /// All that the network has counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.inner.network.counters()
    }

    /// Whether servers answer each other in replies. Some send every answer as a message of its own; then a rule for
    /// requests is one for answers as well, and each answer counts as a call.
    #[must_use]
    pub fn has_replies(&self) -> bool {
        self.inner.has_replies.load(Ordering::Relaxed)
    }

    /// How many calls a question and its answer are.
    #[must_use]
    pub fn calls_per_exchange(&self) -> u64 {
        if self.has_replies() { 1 } else { 2 }
    }

    /// All calls so far, lost or not.
    #[must_use]
    pub fn rpcs(&self) -> u64 {
        self.inner.network.total_calls()
    }

    /// The requests that were delivered to a server so far.
    #[must_use]
    pub fn rpcs_to(&self, server: ServerId) -> u64 {
        self.inner.network.server_tally(server as u32).calls
    }

    /// All bytes so far: of arguments sent, and of replies received.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.network.total_bytes()
    }

    /// Asks a server to agree on a command. `None` if the server is down.
    pub fn start(&self, server: ServerId, command: &Command) -> Option<Started> {
        let lab = &self.inner.lab;
        // Asked before the server sees the command: one that is left out of the run must leave no trace in any
        // log.
        let passed = lab.begin_action(ActionKind::Command, || format!("command S{server}"))?;
        let started = self.start_now(server, command);
        // A refusal changed nothing, so no outcome is given: a smaller failure does not list offers to
        // followers.
        if let Some(Started { index, term, is_leader: true }) = started {
            lab.action_outcome(passed, || {
                format!("S{server} accepts {} at index {index}, term {term}", show_command(command))
            });
        }
        started
    }

    /// As [`start`](Self::start), for commands that an expectation is about: they are never left out.
    pub(super) fn start_now(&self, server: ServerId, command: &Command) -> Option<Started> {
        // What is known *before* the call. While it is under way the watcher may ask the same server, too, and
        // be answered first: it hears of term 4 while this answer still says term 3. Compared with what is
        // known by the time that it is entered, the server's term would seem to have gone back.
        let (start, before) = self.inner.lab.record().before(server)?;
        let log_end = self.inner.referee.begins_start(server);
        // Before as well: the server may send the command before it answers.
        self.inner.lab.record().note_offer(server, command);
        let given = command.clone();
        let started = self.call(server, "start", move |raft| raft.start(given));
        let accepted =
            started.filter(|started| started.is_leader).map(|started| (started.index, started.term));
        self.inner.referee.ends_start(server, accepted, log_end);
        match accepted {
            Some((index, term)) => {
                self.observe(server, start, &Observation::Accepted { index, term, command, before });
            }
            // Without an answer it may have been appended all the same.
            None if started.is_some() => self.inner.lab.record().note_refusal(command),
            None => {}
        }
        started
    }

    /// Asks a server to hand its office to another one. `None` if the server is down.
    pub fn transfer(&self, server: ServerId, to: ServerId) -> Option<Result<(), TransferError>> {
        if !self.inner.lab.performs(ActionKind::Command, || format!("transfer S{server} to S{to}")) {
            return None;
        }
        // In whatever message the order comes: who gets it need not wait for its timer.
        self.inner.referee.may_order_to_stand();
        let outcome = self.call(server, "transfer_leadership", move |raft| raft.transfer_leadership(to));
        self.inner.lab.note(format!("S{server} is to hand its office to S{to}: {outcome:?}"));
        outcome
    }

    /// A read by ReadIndex, which may wait this long for its confirmation. `None` if the server is down. Skips the test if it has no
    /// such thing.
    ///
    /// Waits for the server: one that is paused meanwhile answers when it goes on.
    pub fn read_index(&self, server: ServerId, patience: Duration) -> Option<Result<Index, ReadIndexError>> {
        let read =
            self.call(server, "read_index", move |raft| raft.read_index_until(Instant::now() + patience));
        self.inner.lab.note(format!("a read on S{server}: {read:?}"));
        if read == Some(Err(ReadIndexError::Unsupported)) {
            self.inner.lab.skip("this Raft has no ReadIndex");
        }
        read
    }

    /// A read by lease. `None` if the server is down or paused.
    pub fn lease_read_index(&self, server: ServerId) -> Option<Result<Index, ReadIndexError>> {
        let read = self.call(server, "lease_read_index", |raft| raft.lease_read_index());
        self.inner.lab.note(format!("a read by lease on S{server}: {read:?}"));
        read
    }

    /// Asks a server for its term and whether it leads. `None` if the server is down.
    pub fn state(&self, server: ServerId) -> Option<(raft_interface::Term, bool)> {
        let (start, before) = self.inner.lab.record().before(server)?;
        // As in `start_now`: known before the call.
        let (term, is_leader) = self.call(server, "get_state", |raft| raft.get_state())?;
        self.observe(server, start, &Observation::State { term, is_leader, before });
        Some((term, is_leader))
    }

    /// Calls a server on its node. `None` if it is down or paused, or its power fails before it answers: a machine that is
    /// off answers nothing, though here its memory is still at hand.
    pub(super) fn call<T: Send + 'static>(
        &self,
        server: ServerId,
        name: &str,
        call: impl FnOnce(&dyn AnyRaft) -> T + Send + 'static,
    ) -> Option<T> {
        let (node, raft) = (self.node(server)?, self.raft(server)?);
        if self.inner.lab.record().seen(server, |seen| seen.is_paused) {
            return None;
        }
        on_node(&node, name, move || call(&*raft)).filter(|_| !self.has_lost_power(server))
    }

    /// The threads of a server that have not ended, those of its service among them; none if it is down, and none in the real
    /// world, where they cannot be counted.
    #[must_use]
    pub fn threads_alive(&self, server: ServerId) -> Vec<ThreadReport> {
        self.node(server).map_or_else(Vec::new, |node| labrpc::sim::threads_alive(node.id()))
    }

    /// The length of a server's stored Raft state in bytes.
    #[must_use]
    pub fn raft_state_len(&self, server: ServerId) -> usize {
        self.persister(server).raft_state_len()
    }

    /// Tells the record a fact about an incarnation, and everybody who waits for it.
    pub(super) fn observe(&self, server: ServerId, start: u64, fact: &Observation<'_>) {
        if is_of_a_dead_node() {
            return; // what its service sees nobody will know
        }
        // The referee first: a mistake that shows on the wire is named by the message that made it, before an
        // invariant names what came of it.
        let (lab, referee) = (&self.inner.lab, &self.inner.referee);
        // Before anybody judges it: what breaks a rule must be in the trace.
        marks::observed(server, fact);
        match *fact {
            Observation::Applied { index, term, .. } => {
                if let Err(violation) = lab.record().check_told_term(lab.now(), server, start, fact) {
                    lab.end_run(&violation);
                }
                referee.applied(lab.now(), server, index, term);
            }
            Observation::Installed { index, .. } => referee.installed(lab.now(), server, index),
            _ => {}
        }
        match lab.record().observe(lab.now(), server, start, fact) {
            Ok(false) => {}
            // Only if somebody waits for this. To wake for every applied entry would give the scheduler a step
            // more for each.
            Ok(true) => self.inner.applied_signal.notify(),
            Err(violation) => {
                // In a simulation this does not return. In the real world the scenario may be waiting for an
                // index that will now never be applied: it wakes and looks for the violation.
                lab.end_run(&violation);
                self.inner.applied_signal.notify();
            }
        }
    }

    /// A server that can be asked. One that has lost its power cannot, although its memory is still there.
    pub(super) fn raft(&self, server: ServerId) -> Option<Arc<dyn AnyRaft>> {
        if self.has_lost_power(server) {
            return None;
        }
        self.inner.slots.lock()[server].raft()
    }

    /// The service of a server that runs one.
    pub fn service(&self, server: ServerId) -> Option<Arc<dyn AnyService>> {
        let service = self.inner.slots.lock()[server].service()?;
        Some(told_service::told_of(service, server))
    }

    /// The length of a server's stored snapshot in bytes.
    #[must_use]
    pub fn snapshot_len(&self, server: ServerId) -> usize {
        self.persister(server).snapshot_len()
    }

    pub(super) fn persister(&self, server: ServerId) -> Arc<dyn Persister> {
        self.inner.slots.lock()[server].persister()
    }

    pub(super) fn is_over(&self) -> bool {
        self.inner.over.load(Ordering::Relaxed)
    }

    /// Ends the test: counts what the network did, and kills all servers.
    pub(crate) fn finish(&self) {
        if self.inner.over.swap(true, Ordering::Relaxed) {
            return;
        }
        // What servers do while they are killed one by one is no offence: those that are left may well stand
        // for election.
        self.inner.referee.dismiss();
        // Before the servers go, so that the calls in the table are those of the scenario.
        self.inner.lab.record().set_traffic(Traffic { rpcs: self.rpcs(), bytes: self.bytes() });
        for server in self.servers() {
            // `slots` is a plain lock, and `kill` runs code under test, which may give way. A simulated thread
            // that tried to lock it then would block the one real thread, and with it the one that holds the
            // lock.
            let running = self.inner.slots.lock()[server].running.take();
            if let Some(running) = running {
                running.kill();
            }
        }
        self.inner.network.cleanup();
        // Threads that leave by themselves cost less than those whose stacks are unwound at the end of a run.
        thread::sleep(TIME_TO_LEAVE);
    }
}

impl AppliedSignal {
    fn notify(&self) {
        // A waiter holds this lock from its look at the record until it waits. Without a turn at the lock the
        // wake could fall between the two, and be lost.
        drop(self.lock.lock());
        self.changed.notify_all();
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({:?})", self.inner.lab.record().all_seen())
    }
}
