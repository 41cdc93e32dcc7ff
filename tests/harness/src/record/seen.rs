//! What is known of each server, and what a run came to: plain data.

use std::collections::VecDeque;

use raft_interface::{Command, Index, Term};

/// What a server takes itself for, as far as it shows.
///
/// Ordered as they follow each other in a term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing else is known of it.
    #[default]
    Follower,
    /// It asked for votes in its term.
    Candidate,
    /// It said that it leads.
    Leader,
}

/// A server as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How often it was started. 0 before the first start.
    pub starts: u64,
    /// Whether it runs.
    pub is_up: bool,
    /// Whether the tester has it connected.
    pub is_connected: bool,
    /// Whether it is stopped for a while.
    pub is_paused: bool,
    /// The last term that it showed.
    pub term: Term,
    /// The last term of which it has told others, by a message or as their leader.
    pub told: Term,
    /// What its messages tell of it, whether or not its service has asked since: the last term, and what it was in that. For
    /// reports: it breaks no rule to learn of a term before one is asked.
    pub sent: (Term, Role),
    /// Whether it then believed that it led.
    pub is_leader: bool,
    /// The last index that it delivered in this life, or that its snapshot covers.
    pub applied: Index,
    /// Whether it was started again since it last showed its term.
    pub restarted: bool,
    /// What it takes itself for: `get_state` tells leaders, the messages on the network candidates.
    pub role: Role,
    /// The last entry that it accepted as a leader: its index, and the term. It may have cut it since, and appended others.
    pub stored: Option<(Index, Term)>,
    /// The last entries that it delivered: index, term and command.
    pub tail: VecDeque<(Index, Term, Command)>,
}

impl Seen {
    /// Its term and role, as far as they show: what it has sent counts as well as what it was asked.
    #[must_use]
    pub fn term_and_role(&self) -> (Term, Role) {
        // Who led or stood in an earlier term has stepped down. In one and the same term a candidate may come to lead.
        self.sent.max((self.term, self.role))
    }
}

/// What the network counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls that entered the network, lost or not.
    pub rpcs: u64,
    /// Bytes of arguments sent and of replies received.
    pub bytes: u64,
}

/// What a run came to, for the line that says that it passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of servers.
    pub servers: usize,
    /// What the network counted.
    pub traffic: Traffic,
    /// The number of entries that were committed.
    pub commands: u64,
    /// The number of operations that clients of a service were answered.
    pub operations: u64,
}
