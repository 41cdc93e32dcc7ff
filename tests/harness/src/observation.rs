//! What the harness sees of a cluster: facts for the invariants to judge.
//!
//! All of it is black box. Facts come from the five calls of a server and from its apply channel. The messages on the
//! network are for the [referee](lab_referee).

use lab_referee::Committable;
use raft_interface::{Command, Configuration, Index, ServerId, Term};

/// One fact about one server.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// It starts, for the first time or again, and its service begins with the snapshot at `base`; 0 without one.
    Started {
        /// The last index that the service's snapshot covers; `None` if its bytes do not say.
        base: Option<Index>,
    },
    /// It crashed or was killed. Nothing of this incarnation counts any more.
    Stopped,
    /// `get_state` said so.
    State {
        /// Its current term.
        term: Term,
        /// Whether it believes that it leads.
        is_leader: bool,
        /// What was known of it before it was asked.
        before: Before,
    },
    /// `start` accepted a command.
    Accepted {
        /// Where it will appear if it is committed.
        index: Index,
        /// The term in which the server leads.
        term: Term,
        /// The command.
        command: &'a Command,
        /// What was known of the server before it was asked.
        before: Before,
    },
    /// It delivered a committed entry.
    Applied {
        /// The entry's index.
        index: Index,
        /// The entry's term.
        term: Term,
        /// The entry's command.
        command: &'a Command,
    },
    /// It has appended a configuration, for it was asked for a change and said yes.
    Changed {
        /// The entry's index.
        index: Index,
        /// The term in which the server leads.
        term: Term,
        /// What could be committed by then, at most.
        committable: Committable,
    },
    /// It delivered a committed entry that says who counts.
    Configured {
        /// The entry's index.
        index: Index,
        /// The entry's term.
        term: Term,
        /// What it says.
        configuration: Configuration,
    },
    /// It delivered a snapshot.
    Installed {
        /// The last index that the snapshot covers.
        index: Index,
        /// The term of the last entry that the snapshot covers.
        term: Term,
        /// The service's bytes.
        data: &'a [u8],
        /// Whether all entries are delivered and counted, as far as anybody can tell. Otherwise that last entry may be one of
        /// Raft's own, which the service never sees.
        counts_all: bool,
    },
}

/// What was known of a server before a call. Answers of calls that overlap may become known in any order, so an
/// answer is compared with this, not with what became known meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The last term that it had shown, in this life or an earlier one.
    pub term: Term,
    /// The last index that it had delivered in this life.
    pub applied: Index,
    /// Whether it was started again since it showed that term.
    pub restarted: bool,
    /// When that was: a number that grows with what happens.
    pub moment: u64,
}

/// A command for people: its text if it is text, and its length if it is long.
#[must_use]
pub fn show_command(command: &[u8]) -> String {
    const SHOWN_MAX: usize = 24;
    let shown = command[..command.len().min(SHOWN_MAX)].escape_ascii();
    if command.len() > SHOWN_MAX {
        format!("\"{shown}...\" ({} bytes)", command.len())
    } else {
        format!("\"{shown}\"")
    }
}

/// Servers in a sentence: `S0 and S3`, or `nobody`.
pub(crate) fn name_servers(servers: impl IntoIterator<Item = ServerId>) -> String {
    let names: Vec<String> = servers.into_iter().map(|server| format!("S{server}")).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") }
}

/// Servers for people: `S0, S3`.
pub(crate) fn show_servers(servers: &[ServerId]) -> String {
    servers.iter().map(|server| format!("S{server}")).collect::<Vec<_>>().join(", ")
}
