//! Figure 2, State: what a server knows, and what of it survives a crash.

use std::convert::Infallible;

use labrpc::channel::Sender;
use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{ApplyMsg, Command, Index, Persister, ServerId, Started, Term};
use serde::{Deserialize, Serialize};

use super::log::{Entry, Log, SnapshotPoint};
use super::replication::Progress;

/// Several heartbeats long, since messages get lost.
const ELECTION_TIMEOUT_MS: std::ops::Range<u64> = 400..800;

const WRITTEN: &str = "numbers and bytes can always be written";

/// What a server is.
pub(super) enum Role {
    Follower,
    /// With the number of votes so far. Each peer is asked once per term, so that no vote counts twice.
    Candidate {
        votes: usize,
    },
    /// With what is known of each server, by number. That of the leader itself is not used.
    Leader(Vec<Progress>),
}

/// What has changed since the last save.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unsaved {
    Nothing,
    /// Entries were appended, and nothing else.
    Entries,
    State,
    StateAndSnapshot,
}

/// Figure 2, persistent state, but for the entries. These follow it one by one, so that a new one is written without the
/// others.
#[derive(Default, Serialize, Deserialize)]
struct Header {
    current_term: Term,
    voted_for: Option<ServerId>,
    base: SnapshotPoint,
}

/// Everything behind the lock.
pub(super) struct State {
    pub(super) me: ServerId,
    pub(super) servers: usize,
    /// Whether a leader that was refused asks again with the next heartbeat, and not at once.
    pub(super) is_patient: bool,
    pub(super) current_term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) log: Log,
    /// The service's bytes at the base of the log.
    pub(super) snapshot: Arc<[u8]>,
    pub(super) role: Role,
    /// The leader of the current term, once it is known.
    pub(super) leader: Option<ServerId>,
    pub(super) commit_index: Index,
    pub(super) last_applied: Index,
    /// The number of the last command among what was applied.
    delivered: Index,
    pub(super) election_deadline: Instant,
    persister: Arc<dyn Persister>,
    unsaved: Unsaved,
    /// How many entries the stored state holds; `None` before the first save.
    saved_entries: Option<usize>,
    /// Is dropped when the server stops.
    stop: Option<Sender<Infallible>>,
}

impl State {
    /// The state of a server that starts, for the first time or again.
    pub(super) fn restore(
        me: ServerId,
        servers: usize,
        persister: Arc<dyn Persister>,
        stop: Sender<Infallible>,
    ) -> Self {
        let (header, entries) = read(&persister.raft_state()).expect("a state that this server has saved");
        Self {
            me,
            servers,
            is_patient: false,
            current_term: header.current_term,
            voted_for: header.voted_for,
            log: Log::new(header.base, entries),
            snapshot: persister.snapshot().into(),
            role: Role::Follower,
            leader: None,
            // The service restores the snapshot by itself.
            commit_index: header.base.index,
            last_applied: header.base.index,
            delivered: header.base.commands,
            election_deadline: election_deadline(),
            persister,
            unsaved: Unsaved::Nothing,
            saved_entries: None,
            stop: Some(stop),
        }
    }

    pub(super) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_none()
    }

    pub(super) fn stop(&mut self) {
        self.stop = None;
    }

    /// Notes that persistent state has changed.
    pub(super) fn changed(&mut self) {
        self.note(Unsaved::State);
    }

    /// Notes that an entry was appended.
    pub(super) fn appended(&mut self) {
        self.note(Unsaved::Entries);
    }

    /// Notes that the snapshot has changed, and the log with it.
    pub(super) fn snapshot_changed(&mut self) {
        self.note(Unsaved::StateAndSnapshot);
    }

    fn note(&mut self, unsaved: Unsaved) {
        self.unsaved = self.unsaved.max(unsaved);
    }

    /// Saves what has changed. A server that cannot save stops: what it knows then is more than it would remember.
    pub(super) fn save_changes(&mut self) {
        let entries = self.log.entries();
        let saved = match (self.unsaved, self.saved_entries) {
            (Unsaved::Nothing, _) => return,
            (Unsaved::Entries, Some(count)) => {
                let tail = with_entries(Vec::new(), &entries[count..]);
                self.persister.save_tail(self.persister.raft_state_len(), &tail, None)
            }
            _ => {
                let (current_term, voted_for, base) = (self.current_term, self.voted_for, self.log.base());
                let header = postcard::to_allocvec(&Header { current_term, voted_for, base }).expect(WRITTEN);
                let bytes = with_entries(header, entries);
                let snapshot = (self.unsaved == Unsaved::StateAndSnapshot).then_some(&*self.snapshot);
                self.persister.save(&bytes, snapshot)
            }
        };
        // Noted only now: a thread that dies while it saves leaves it to the next save.
        match saved {
            Ok(()) => {
                self.unsaved = Unsaved::Nothing;
                self.saved_entries = Some(entries.len());
            }
            Err(_) => self.stop(),
        }
    }

    /// Begins to wait for a leader anew.
    pub(super) fn reset_election_timer(&mut self) {
        self.election_deadline = election_deadline();
    }

    /// If another server is in a higher term, so is this one, as a follower (Fig. 2, Rules for all servers 2).
    pub(super) fn adopt_term(&mut self, term: Term) {
        if term <= self.current_term {
            return;
        }
        if self.is_leader() {
            // It has not waited for anybody until now.
            self.reset_election_timer();
        }
        self.current_term = term;
        self.voted_for = None;
        self.role = Role::Follower;
        self.leader = None;
        self.changed();
    }

    /// A leader appends the command; it is sent by the replicators.
    pub(super) fn propose(&mut self, command: Command) -> Started {
        let is_leader = self.is_leader();
        if is_leader {
            self.append(Some(command));
        }
        Started { index: self.log.commands(), term: self.current_term, is_leader }
    }

    /// A leader appends an entry to its own log.
    pub(super) fn append(&mut self, command: Option<Command>) {
        self.log.append(Entry { term: self.current_term, command });
        self.appended();
        // Alone it is a majority.
        self.advance_commit_index();
    }

    /// The service has a snapshot of all up to the command of this number.
    pub(super) fn compact(&mut self, command: Index, data: Vec<u8>) {
        let Some(index) = self.log.covered(command, self.last_applied) else { return };
        self.log.compact(index);
        self.snapshot = data.into();
        self.snapshot_changed();
    }

    pub(super) fn has_unapplied(&self) -> bool {
        self.commit_index > self.last_applied
    }

    /// What the service is to be given next. No-ops are none of its business.
    pub(super) fn take_unapplied(&mut self) -> Vec<ApplyMsg> {
        let base = self.log.base();
        if base.index > self.last_applied {
            self.last_applied = base.index;
            // If it has no-ops alone that were not applied, the service has all that is in it.
            if std::mem::replace(&mut self.delivered, base.commands) == base.commands {
                return Vec::new();
            }
            let data = Arc::clone(&self.snapshot);
            return vec![ApplyMsg::Snapshot { index: base.commands, term: base.term, data }];
        }
        let indexes = self.last_applied + 1..=self.commit_index;
        self.last_applied = self.commit_index;
        self.delivered = self.log.numbered(self.commit_index).map_or(self.delivered, |(_, number)| number);
        let entries = indexes.filter_map(|index| self.log.numbered(index));
        let message = |(entry, index): (&Entry, Index)| {
            let command = entry.command.clone()?;
            Some(ApplyMsg::Command { index, term: entry.term, command })
        };
        entries.filter_map(message).collect()
    }
}

/// A new timeout from now, drawn at random (§5.2).
fn election_deadline() -> Instant {
    Instant::now() + Duration::from_millis(rand::rng().random_range(ELECTION_TIMEOUT_MS))
}

/// The bytes of the entries, one after the other, behind those given.
fn with_entries(mut bytes: Vec<u8>, entries: &[Entry]) -> Vec<u8> {
    for entry in entries {
        bytes = postcard::to_extend(entry, bytes).expect(WRITTEN);
    }
    bytes
}

/// What [`State::save_changes`] wrote; nothing at all before the first save.
fn read(bytes: &[u8]) -> Result<(Header, Vec<Entry>), postcard::Error> {
    if bytes.is_empty() {
        return Ok((Header::default(), Vec::new()));
    }
    let (header, mut rest) = postcard::take_from_bytes(bytes)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, behind) = postcard::take_from_bytes(rest)?;
        entries.push(entry);
        rest = behind;
    }
    Ok((header, entries))
}
