//! What the harness tells the trace: facts as values, for the page that shows a run, and for exports.
//!
//! | mark | fields | when |
//! |---|---|---|
//! | `start` | server, life | a server starts, for the `life`-th time |
//! | `down` | server, how | it is killed, or loses its power |
//! | `link` | server, up | the tester connects it, or cuts it off |
//! | `pause` | server, on | it is stopped for a while, or goes on |
//! | `leads` | server, term | it was seen to lead a term for the first time |
//! | `state` | server, term, leader | `get_state` said so |
//! | `accepted` | server, index, term, command | `start` accepted a command |
//! | `applied` | server, index, term, command | it delivered an entry |
//! | `installed` | server, index, term | it delivered a snapshot |
//! | `committed` | server, index | it is the first to deliver that entry |
//! | `snapshot` | server, index | its service takes a snapshot |
//! | `save` | server, bytes, snapshot | it stored its state, and a snapshot of so many bytes if there is one |
//! | | and term, vote, base, last | what it stored, if its [implementation tells](raft_interface::RaftServer::read_stored) |
//! | `asked` | server, text | a thread calls the service of a server, in the same process |
//! | `told` | server, text | that call returns, in the same thread |
//! | `note` | text | the scenario says what it does |
//!
//! A run without a trace pays a look at a flag for each.

use labrpc::sim;
use labrpc::wire::Value;
use parking_lot::Mutex;
use raft_interface::{ApplyMsg, ServerId};

use crate::implementation::Implementation;
use crate::observation::Observation;
use crate::timeline::TimelineEvent;

/// So many bytes of a command are told.
const COMMAND_MAX: usize = 48;

fn fields(fields: impl Into<Vec<(&'static str, Value)>>) -> Value {
    Value::Struct("", fields.into())
}

fn number(number: impl TryInto<i128>) -> Value {
    Value::Int(number.try_into().unwrap_or_default())
}

fn command(command: &[u8]) -> Value {
    let shown = Value::Bytes(command[..command.len().min(COMMAND_MAX)].to_vec());
    match command.len().saturating_sub(COMMAND_MAX) {
        0 => shown,
        more => Value::Beginning(Box::new(shown), more),
    }
}

/// A fact about a server.
pub(crate) fn observed(server: ServerId, fact: &Observation<'_>) {
    let server = || ("server", number(server));
    match *fact {
        Observation::State { term, is_leader, .. } => sim::mark("state", || {
            fields([server(), ("term", number(term)), ("leader", Value::Bool(is_leader))])
        }),
        Observation::Accepted { index, term, command: accepted, .. } => sim::mark("accepted", || {
            fields([
                server(),
                ("index", number(index)),
                ("term", number(term)),
                ("command", command(accepted)),
            ])
        }),
        Observation::Applied { index, term, command: applied } => sim::mark("applied", || {
            fields([
                server(),
                ("index", number(index)),
                ("term", number(term)),
                ("command", command(applied)),
            ])
        }),
        Observation::Installed { index, term, .. } => {
            sim::mark("installed", || fields([server(), ("index", number(index)), ("term", number(term))]))
        }
        // The first two are told with the timeline, the third in a note, the last with the entry that says so.
        Observation::Started { .. }
        | Observation::Stopped
        | Observation::Changed { .. }
        | Observation::Configured { .. } => {}
    }
}

/// A server on the bench delivered something.
pub(crate) fn delivered(server: ServerId, message: &ApplyMsg) {
    match *message {
        ApplyMsg::Command { index, term, ref command } => {
            observed(server, &Observation::Applied { index, term, command });
        }
        ApplyMsg::Snapshot { index, term, ref data } => {
            observed(server, &Observation::Installed { index, term, data, counts_all: false });
        }
        ApplyMsg::Own { .. } => {}
    }
}

/// Something that the tester did, or that it saw for the first time.
pub(crate) fn happened(what: &TimelineEvent) {
    use TimelineEvent as E;
    let of = |server: ServerId, name: &'static str, value: Value| {
        fields([("server", number(server)), (name, value)])
    };
    let text = |text: &str| Value::Text(text.to_owned());
    match what {
        &E::Started(server, life) => sim::mark("start", || of(server, "life", number(life))),
        &E::Killed(server) => sim::mark("down", || of(server, "how", text("killed"))),
        &E::PowerLost(server) => sim::mark("down", || of(server, "how", text("power lost"))),
        &E::Disconnected(server) => sim::mark("link", || of(server, "up", Value::Bool(false))),
        &E::Connected(server) => sim::mark("link", || of(server, "up", Value::Bool(true))),
        &E::Paused(server) => sim::mark("pause", || of(server, "on", Value::Bool(true))),
        &E::Resumed(server) => sim::mark("pause", || of(server, "on", Value::Bool(false))),
        &E::Leads(server, term) => sim::mark("leads", || of(server, "term", number(term))),
        &E::Committed(server, index) => sim::mark("committed", || of(server, "index", number(index))),
        // The fact itself has the term as well.
        E::Installed(..) => {}
        E::Note(note) => sim::mark("note", || fields([("text", text(note))])),
    }
}

/// A service takes a snapshot up to this index.
pub(crate) fn takes_snapshot(server: ServerId, index: raft_interface::Index) {
    sim::mark("snapshot", || fields([("server", number(server)), ("index", number(index))]));
}

/// A thread calls the service of a server.
pub(crate) fn asked(server: ServerId, text: impl FnOnce() -> String) {
    sim::mark("asked", || fields([("server", number(server)), ("text", Value::Text(text()))]));
}

/// That call returns.
pub(crate) fn told(server: ServerId, text: impl FnOnce() -> String) {
    sim::mark("told", || fields([("server", number(server)), ("text", Value::Text(text()))]));
}

/// Tells the trace what a server has saved.
pub(crate) struct ToldSaves {
    implementation: Implementation,
    server: ServerId,
    /// What was saved last, as long as it is short. The persister may be code under test, and a run with a trace must not call it
    /// more often than one without.
    state: Mutex<Option<Vec<u8>>>,
}

/// A longer state is not read: the page must cost little.
const STATE_READ_MAX: usize = 4_096;

impl ToldSaves {
    /// Of a server of this implementation; `None` if there is no trace.
    pub(crate) fn of(implementation: &Implementation, server: ServerId) -> Option<Self> {
        sim::is_traced().then(|| Self { implementation: *implementation, server, state: Mutex::default() })
    }

    /// The server has read its state.
    pub(crate) fn read(&self, state: &[u8]) {
        *self.state.lock() = (state.len() <= STATE_READ_MAX).then(|| state.to_vec());
    }

    /// It has saved: the first `keep` bytes of what was saved last stay, and `tail` follows.
    pub(crate) fn saved(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) {
        let bytes = keep + tail.len();
        let mut state = self.state.lock();
        *state = match state.take() {
            _ if bytes > STATE_READ_MAX => None,
            Some(mut state) if keep <= state.len() => {
                state.truncate(keep);
                state.extend_from_slice(tail);
                Some(state)
            }
            _ if keep == 0 => Some(tail.to_vec()),
            _ => None,
        };
        let stored = state.as_deref().and_then(|state| self.implementation.read_stored(state));
        drop(state);
        sim::mark("save", || {
            let snapshot = snapshot.map_or(Value::Nothing, |bytes| number(bytes.len()));
            let mut told =
                vec![("server", number(self.server)), ("bytes", number(bytes)), ("snapshot", snapshot)];
            if let Some(stored) = stored {
                told.extend([
                    ("term", number(stored.term)),
                    ("vote", stored.voted_for.map_or(Value::Nothing, number)),
                    ("base", number(stored.base)),
                    ("last", number(stored.last)),
                ]);
            }
            fields(told)
        });
    }
}
