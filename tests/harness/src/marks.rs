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
//! | `note` | text | the scenario says what it does |
//!
//! A run without a trace pays a look at a flag for each.

use std::fmt;

use labrpc::sim;
use labrpc::sync::Arc;
use labrpc::wire::Value;
use raft_interface::{Persister, SaveError, ServerId};

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

/// What a server is given to store its state in: a persister that tells the trace of each save, if there is one.
pub(crate) fn told_of(persister: Arc<dyn Persister>, server: ServerId) -> Arc<dyn Persister> {
    if sim::is_traced() { Arc::new(Told { persister, server }) } else { persister }
}

struct Told {
    persister: Arc<dyn Persister>,
    server: ServerId,
}

impl Told {
    /// The lengths are those that were given: the persister may be code under test, and a run with a trace must not call it more
    /// often than one without.
    fn tell(&self, bytes: usize, snapshot: Option<&[u8]>) {
        sim::mark("save", || {
            let snapshot = snapshot.map_or(Value::Nothing, |bytes| number(bytes.len()));
            fields([("server", number(self.server)), ("bytes", number(bytes)), ("snapshot", snapshot)])
        });
    }
}

impl Persister for Told {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save(state, snapshot)?;
        self.tell(state.len(), snapshot);
        Ok(())
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save_tail(keep, tail, snapshot)?;
        self.tell(keep + tail.len(), snapshot);
        Ok(())
    }

    fn raft_state(&self) -> Vec<u8> {
        self.persister.raft_state()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.persister.snapshot()
    }

    fn raft_state_len(&self) -> usize {
        self.persister.raft_state_len()
    }

    fn snapshot_len(&self) -> usize {
        self.persister.snapshot_len()
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.persister.fmt(f)
    }
}
