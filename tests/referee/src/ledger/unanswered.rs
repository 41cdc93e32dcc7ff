//! Requests that were not answered yet. Each may be sent again, unchanged, for as long as its sender likes (§5.5:
//! "Servers retry RPCs if they do not receive a response in a timely manner").
//!
//! A row of odd messages proves that a server goes on where it should not. A message that may be a repetition of an
//! earlier one proves nothing: it says what its sender knew when it was built. What was answered needs no repetition.

use std::collections::BTreeMap;

use raft_interface::{Index, ServerId, Term};

use crate::message::{Position, Request};

/// So many different requests of a server may be unanswered. Beyond that any may be a repetition.
const KEPT_MAX: usize = 4096;

/// What is compared of two requests: the entries themselves follow from their place (§5.3, Log Matching).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    to: ServerId,
    term: Term,
    /// Candidates, leaders with entries, leaders with snapshots.
    kind: u8,
    place: (Index, Term),
    /// Of a piece of a snapshot, where it begins.
    entries: usize,
    /// Of a piece of a snapshot, where it ends.
    commit: Index,
}

impl Content {
    pub(crate) fn of(to: ServerId, request: &Request) -> Self {
        let at = |position: &Position| (position.index, position.term);
        let (kind, place, entries, commit) = match request {
            Request::Vote { last, .. } => (0, at(last), 0, 0),
            Request::Append { prev, entries, commit, .. } => (1, at(prev), entries.len(), *commit),
            Request::Snapshot { last, piece: None, .. } => (2, at(last), 0, 0),
            Request::Snapshot { last, piece: Some(piece), .. } => {
                (2, at(last), usize::try_from(piece.offset).unwrap_or(usize::MAX), piece.end)
            }
        };
        Self { to, term: request.term(), kind, place, entries, commit }
    }
}

/// The unanswered requests of one life of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unanswered {
    /// How many of the same content may be repeated.
    open: BTreeMap<Content, u32>,
    /// Some were forgotten.
    is_partial: bool,
}

impl Unanswered {
    /// Whether a request may be a repetition of one that was sent before.
    pub(crate) fn may_repeat(&self, content: &Content) -> bool {
        self.is_partial || self.open.contains_key(content)
    }

    /// A request is sent. An odd one is taken as a repetition if it may be one.
    pub(super) fn send(&mut self, content: Content, is_odd: bool) {
        let open = self.open.entry(content).or_default();
        // Otherwise every lost answer to a server that goes on where it should not would excuse one message more.
        *open = if is_odd { (*open).max(1) } else { open.saturating_add(1) };
        if self.open.len() > KEPT_MAX {
            self.open.clear();
            self.is_partial = true;
        }
    }

    /// One of them was answered.
    pub(super) fn answer(&mut self, content: &Content) {
        if let Some(open) = self.open.get_mut(content) {
            *open -= 1;
            if *open == 0 {
                self.open.remove(content);
            }
        }
    }
}
