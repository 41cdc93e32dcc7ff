//! What the harness knows about one run: every fact goes through here, to the invariants and into the state.
//!
//! Many threads tell facts: the scenario, a service per server, a watcher, the referee. All of them go
//! through one plain lock, which is never held while anything of a simulation is called. Whoever tells a fact that
//! breaks an invariant gets the violation back and must [end the run](crate::Lab::fail).

mod coverage;
mod seen;
mod state;
mod told;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kvraft_interface::Layer;
use labrpc::sync::Arc;
use parking_lot::Mutex;
use raft_interface::{Command, Configuration, Index, ServerId, Term};

use crate::client_history::ClientHistory;
use crate::committed::CommittedLog;
use crate::invariants::Invariants;
use crate::observation::{Before, Observation};
use crate::timeline::TimelineEvent;
use lab_referee::Violation;
use lab_runs::actions::ActionLog;

pub use seen::{Role, Seen, Tally, Traffic};
use state::State;

/// Everything known about one run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    state: Mutex<State>,
    /// How many clusters have begun.
    clusters: AtomicU64,
    /// What actions of the scenario pass; `None`: all, and nobody remembers them.
    actions: Option<ActionLog>,
    /// What clients of a service asked and were told, if there is a service.
    client_history: Mutex<Option<Arc<ClientHistory>>>,
    /// What stands on the Raft, if there is a service.
    layer: Mutex<Option<Layer>>,
}

impl Record {
    /// The record of a run of which something is left out.
    pub(crate) fn with_log(actions: ActionLog) -> Self {
        Self { actions: Some(actions), ..Self::default() }
    }

    pub(crate) fn actions(&self) -> Option<&ActionLog> {
        self.actions.as_ref()
    }

    /// A service begins, whose clients write this history.
    pub(crate) fn begin_service(&self, layer: Layer, client_history: &Arc<ClientHistory>) {
        *self.layer.lock() = Some(layer);
        self.set_client_history(client_history);
    }

    /// What clients ask of a server that has no Raft below it.
    pub(crate) fn set_client_history(&self, client_history: &Arc<ClientHistory>) {
        *self.client_history.lock() = Some(Arc::clone(client_history));
    }

    pub(crate) fn layer(&self) -> Option<Layer> {
        *self.layer.lock()
    }

    pub(crate) fn client_history(&self) -> Option<Arc<ClientHistory>> {
        self.client_history.lock().clone()
    }

    /// A server asks for votes in a term.
    pub(crate) fn note_candidate(&self, server: ServerId, term: Term) {
        let mut state = self.state.lock();
        if let Some(seen) = state.servers.get_mut(server).filter(|seen| seen.is_up && term >= seen.term) {
            (seen.term, seen.role) = (term, Role::Candidate);
            seen.told = seen.told.max(term);
            state.first_candidates.entry(term).or_insert(server);
            state.cover();
        }
    }

    /// A message of a server shows that it was in `term` when it sent it, and what it was there: who answers may be anything, and
    /// counts as a follower until there is more to be seen.
    pub(crate) fn note_sent(&self, server: ServerId, term: Term, role: Role) {
        if let Some(seen) = self.state.lock().servers.get_mut(server).filter(|seen| seen.is_up) {
            seen.sent = seen.sent.max((term, role));
        }
    }

    /// A server has answered a leader of `term`.
    pub(crate) fn note_answer(&self, server: ServerId, term: Term) {
        let mut state = self.state.lock();
        let Some(seen) = state.servers.get_mut(server) else { return };
        seen.told = seen.told.max(term);
        if (term, Role::Leader) > seen.sent {
            seen.sent = (term, Role::Follower);
        }
        // Only a candidate becomes something else by that.
        if seen.role == Role::Candidate && term >= seen.term {
            seen.role = Role::Follower;
            state.cover();
        }
    }

    /// A server has applied everything up to `index`, for the report of a failure.
    pub(crate) fn note_applied(&self, server: ServerId, index: Index) {
        if let Some(seen) = self.state.lock().servers.get_mut(server) {
            seen.applied = index;
        }
    }

    /// A server has told somebody of a term, which it must have stored before (Fig. 2, State).
    pub(crate) fn note_told(&self, server: ServerId, term: Term) {
        if let Some(seen) = self.state.lock().servers.get_mut(server) {
            seen.told = seen.told.max(term);
        }
    }

    /// A cluster of this size begins, with this configuration if it may change. Returns its number: see
    /// [`is_cluster`](Self::is_cluster).
    pub(crate) fn begin_cluster(&self, servers: usize, first: Option<Configuration>) -> u64 {
        let mut state = self.state.lock();
        let starts = state.servers.iter().map(|seen| seen.starts).sum::<u64>();
        state.starts_before += starts;
        state.servers = vec![Seen { is_connected: true, ..Seen::default() }; servers];
        state.invariants = Invariants::new(servers, first);
        state.committed = CommittedLog::default();
        state.leaders.clear();
        state.first_candidates.clear();
        self.clusters.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether the cluster of this number is still the last one. In the real world the threads of the one before live on, and so do its
    /// messages: what they tell is nothing about the servers of the same numbers that have come after.
    pub(crate) fn is_cluster(&self, number: u64) -> bool {
        self.clusters.load(Ordering::Relaxed) == number
    }

    /// Takes note of a fact about the incarnation number `start` of a server; facts about one that is gone are too
    /// late to matter, but for what it applied. Returns whether somebody waits for it.
    ///
    /// # Errors
    ///
    /// What it breaks. It is kept as the run's violation if it is the first.
    pub(crate) fn observe(
        &self,
        at: Duration,
        server: ServerId,
        start: u64,
        fact: &Observation<'_>,
    ) -> Result<bool, Violation> {
        let mut state = self.state.lock();
        let state = &mut *state;
        // In the real world the threads of a killed server live on, and still apply. What they say is not said
        // by their successor, which may begin anew at index 1.
        if state.start_of(server) != Some(start) {
            return Ok(false);
        }
        // Judged by what was known before, and entered only then: compared with a log in which it already
        // stands, an entry would agree with itself.
        if let Err(mut violation) = state.invariants.observe(server, fact, &state.committed) {
            violation.at = at;
            // What breaks later is mostly a consequence of what broke first.
            state.violation.get_or_insert_with(|| violation.clone());
            return Err(violation);
        }
        if let Some(unheard) = state.invariants.take_unheard() {
            state.unheard.get_or_insert(Violation { at, ..*unheard });
        }
        let is_awaited = state.enter(at, server, fact);
        state.cover();
        Ok(is_awaited)
    }

    /// The last configuration that anybody has delivered, or the first; `None` where it never changes.
    pub(crate) fn configuration(&self) -> Option<Configuration> {
        self.state.lock().invariants.configuration()
    }

    /// A command is about to be given to a server.
    pub(crate) fn note_offer(&self, server: ServerId, command: &Command) {
        self.state.lock().invariants.offered(server, command);
    }

    /// The referee reads what servers send each other.
    pub(crate) fn note_read(&self) {
        self.state.lock().invariants.is_read();
    }

    /// A message has come from one server to another.
    pub(crate) fn note_message(&self, from: ServerId, to: ServerId) {
        self.state.lock().invariants.delivered(from, to);
    }

    /// A server was seen to lead a term.
    pub(crate) fn note_leader(&self, at: Duration, server: ServerId, term: Term) {
        self.note_sent(server, term, Role::Leader);
        self.state.lock().note_leader(at, server, term);
    }

    /// Who was last seen to lead a term, and who was the first to ask for votes in the next one.
    pub(crate) fn leader_and_next_candidate(&self, term: Term) -> (Option<ServerId>, Option<ServerId>) {
        let state = self.state.lock();
        (state.leaders.get(&term).copied(), state.first_candidates.get(&(term + 1)).copied())
    }

    /// Something about the tester itself that whoever reads the results must know.
    pub(crate) fn set_remark(&self, text: String) {
        self.state.lock().remark.get_or_insert(text);
    }

    pub(crate) fn remark(&self) -> Option<String> {
        self.state.lock().remark.clone()
    }

    /// A server starts, and its service with the snapshot at `base`; `None` if nobody knows how far that goes. Returns the number of this start.
    ///
    /// # Errors
    ///
    /// What that breaks.
    pub(crate) fn started(
        &self,
        at: Duration,
        server: ServerId,
        base: Option<Index>,
    ) -> Result<u64, Violation> {
        let start = {
            let mut state = self.state.lock();
            let seen = &mut state.servers[server];
            seen.starts += 1;
            seen.is_up = true;
            seen.is_paused = false;
            seen.is_leader = false;
            seen.role = Role::Follower;
            seen.restarted = seen.starts > 1;
            // What it has only shown to its own service may have been lost with it (Fig. 2: stored before it responds).
            seen.term = seen.told;
            seen.sent = (seen.told, Role::Follower);
            seen.applied = base.unwrap_or(0);
            seen.tail.clear();
            let starts = seen.starts;
            state.timeline.push(at, TimelineEvent::Started(server, starts));
            state.start_of(server).expect("it is up now")
        };
        self.observe(at, server, start, &Observation::Started { base })?;
        Ok(start)
    }

    /// A server is gone: whatever is heard of this incarnation from now on does not count.
    pub(crate) fn stopped(&self, at: Duration, server: ServerId, what: TimelineEvent) {
        let start = self.state.lock().start_of(server);
        if let Some(start) = start {
            // Nothing can be broken by this: the rules only forget.
            let _ = self.observe(at, server, start, &Observation::Stopped);
        }
        let mut state = self.state.lock();
        let seen = &mut state.servers[server];
        (seen.is_up, seen.is_leader, seen.applied) = (false, false, 0);
        (seen.role, seen.sent.1) = (Role::Follower, Role::Follower);
        state.timeline.push(at, what);
        state.cover();
    }

    /// A server that is down has lost what it had stored, its term with it.
    pub(crate) fn storage_lost(&self, server: ServerId) {
        let seen = &mut self.state.lock().servers[server];
        (seen.term, seen.told, seen.sent) = (0, 0, (0, Role::Follower));
    }

    /// Changes what is known of a server's surroundings, and tells of it.
    pub(crate) fn surroundings_changed(&self, at: Duration, server: ServerId, what: TimelineEvent) {
        let mut state = self.state.lock();
        let seen = &mut state.servers[server];
        match what {
            TimelineEvent::Connected(_) => seen.is_connected = true,
            TimelineEvent::Disconnected(_) => seen.is_connected = false,
            TimelineEvent::Paused(_) => seen.is_paused = true,
            TimelineEvent::Resumed(_) => seen.is_paused = false,
            _ => {}
        }
        state.timeline.push(at, what);
        state.cover();
    }

    pub(crate) fn note(&self, at: Duration, text: String) {
        self.state.lock().timeline.push(at, TimelineEvent::Note(text));
    }

    /// The number of a server's start, if it runs, and what is known of it before it is asked something.
    pub(crate) fn before(&self, server: ServerId) -> Option<(u64, Before)> {
        let state = self.state.lock();
        let start = state.start_of(server)?;
        let Seen { term, applied, restarted, .. } = state.servers[server];
        let moment = state.invariants.moment();
        Some((start, Before { term, applied, restarted, moment }))
    }

    /// Something about a server. Of one of a larger cluster that is gone, as of one that was never started.
    pub(crate) fn seen<T>(&self, server: ServerId, look: impl FnOnce(&Seen) -> T) -> T {
        match self.state.lock().servers.get(server) {
            Some(seen) => look(seen),
            None => look(&Seen::default()),
        }
    }

    pub(crate) fn all_seen(&self) -> Vec<Seen> {
        self.state.lock().servers.clone()
    }

    /// How many servers that run have applied this index.
    pub(crate) fn applied_count(&self, index: Index) -> usize {
        self.state.lock().servers.iter().filter(|seen| seen.is_up && seen.applied >= index).count()
    }

    /// The command that was ever committed at an index.
    pub(crate) fn committed(&self, index: Index) -> Option<Command> {
        self.state.lock().committed.get(index).map(|entry| entry.command.clone())
    }

    pub(crate) fn committed_last(&self) -> Index {
        self.state.lock().committed.last()
    }

    /// The term of the last entry that anybody ever applied, 0 if there is none.
    pub(crate) fn committed_term(&self) -> Term {
        let committed = &self.state.lock().committed;
        committed.get(committed.last()).map_or(0, |entry| entry.term)
    }

    pub(crate) fn digest(&self, index: Index) -> Option<u64> {
        self.state.lock().committed.digest(index)
    }

    /// Somebody waits for this index to be applied.
    pub(crate) fn await_index(&self, index: Index) {
        self.state.lock().awaited.push(index);
    }

    /// They do not wait any more.
    pub(crate) fn forget_index(&self, index: Index) {
        let awaited = &mut self.state.lock().awaited;
        if let Some(place) = awaited.iter().position(|&awaited| awaited == index) {
            awaited.swap_remove(place);
        }
    }

    pub(crate) fn set_traffic(&self, traffic: Traffic) {
        self.state.lock().traffic = traffic;
    }

    /// Who waits for whom in a circle, a line for each.
    pub(crate) fn set_cycle(&self, cycle: Vec<String>) {
        self.state.lock().cycle = cycle;
    }

    pub(crate) fn cycle(&self) -> Vec<String> {
        self.state.lock().cycle.clone()
    }

    pub(crate) fn set_operations(&self, operations: u64) {
        self.state.lock().operations = operations;
    }

    pub(crate) fn tally(&self) -> Tally {
        let state = self.state.lock();
        Tally {
            servers: state.servers.len(),
            traffic: state.traffic,
            commands: state.committed.last(),
            operations: state.operations,
        }
    }

    /// The last `count` things that happened, oldest first.
    pub(crate) fn timeline(&self, count: usize) -> Vec<(Duration, TimelineEvent)> {
        self.state.lock().timeline.last(count).cloned().collect()
    }
}
