//! What the referee tells whoever attached it.

use raft_interface::{ServerId, Term};

use crate::violation::Violation;

/// What the referee tells whoever attached it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A server sends as the leader of a term, for the first time.
    Leads(ServerId, Term),
    /// A rule was broken. The last thing that the referee says.
    Violation(Box<Violation>),
    /// The messages cannot be read, and why. The referee says nothing more.
    StandsAside(String),
}
