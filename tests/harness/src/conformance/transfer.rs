//! A snapshot that a scripted leader sends in pieces (Fig. 13: offset, done).

use std::ops::Range;

use raft_interface::{Index, Term};

use super::bench::{Bench, SERVER};
use super::message::{Expected, Piece, Reply, Request, TransferId};
use super::peer::Peer;

/// A snapshot on its way to the server.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    peer: Peer<'a>,
    last_included_term: Term,
    id: TransferId,
    bytes: Vec<u8>,
}

/// A piece of it that is about to be sent.
#[derive(Debug)]
#[must_use = "send it, or say what is expected"]
pub struct OnePiece<'a, 'b> {
    transfer: &'b Transfer<'a>,
    range: Range<usize>,
    done: bool,
}

/// What the server answered to a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceReply {
    /// The server's current term.
    pub term: Term,
    /// What it would take instead; `None` if it took the piece, and from servers that do not say.
    pub expected: Option<Expected>,
}

impl<'a> Peer<'a> {
    /// A snapshot up to an entry of this index and term, to be sent in pieces as the leader of `term`: its transfer of that
    /// number, from 1.
    pub fn transfers(self, term: Term, included: (Index, Term), number: u64) -> Transfer<'a> {
        let (index, last_included_term) = included;
        let id = TransferId { leader: self.id, term, index, number };
        Transfer { peer: self, last_included_term, id, bytes: bytes_of(id) }
    }
}

/// The service's bytes in a transfer: eighteen, with an index of one digit. Nearly all of them are others in another transfer,
/// so that pieces of two put together are neither.
fn bytes_of(id: TransferId) -> Vec<u8> {
    let TransferId { leader, term, index, number } = id;
    let mixed = [leader as u64, term, index, number].into_iter().fold(0_u64, |mixed, part| {
        (mixed ^ part).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    });
    format!("{mixed:016x} {index}").into_bytes()
}

impl<'a> Transfer<'a> {
    /// The same of a service that has put nothing into it.
    pub fn empty(mut self) -> Self {
        self.bytes.clear();
        self
    }

    /// The service's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes the snapshot has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// These of its bytes; it is the last piece if they reach the end.
    ///
    /// # Panics
    ///
    /// If the snapshot ends before them.
    pub fn piece<'b>(&'b self, range: Range<usize>) -> OnePiece<'a, 'b> {
        assert!(range.end <= self.len(), "{range:?} of a snapshot of {} bytes", self.len());
        let done = range.end == self.len();
        OnePiece { transfer: self, range, done }
    }

    /// Everything from there on, as the last piece.
    pub fn rest<'b>(&'b self, from: usize) -> OnePiece<'a, 'b> {
        self.piece(from..self.len())
    }
}

impl OnePiece<'_, '_> {
    /// Another one follows.
    pub fn not_the_last(mut self) -> Self {
        self.done = false;
        self
    }

    /// Sends it. `None` if there is no reply.
    pub fn send(&self) -> Option<PieceReply> {
        let Transfer { peer, last_included_term, id, bytes } = self.transfer;
        // Before it is sent: the server may deliver the snapshot before its reply is here.
        peer.bench.0.state.lock().own_snapshots.insert(id.index, bytes.clone());
        let request = Request::Install {
            term: id.term,
            last_included_index: id.index,
            last_included_term: *last_included_term,
            piece: Piece { transfer: Some(*id), offset: self.range.start as u64, done: self.done },
            data: bytes[self.range.clone()].to_vec(),
        };
        match peer.sends(&request)? {
            Reply::Install { term, expected } => Some(PieceReply { term, expected }),
            _ => None,
        }
    }

    /// Sends it, and expects that the server takes it.
    #[track_caller]
    pub fn is_taken(self, why: &str) {
        let reply = self.send();
        let is_taken =
            reply.is_some_and(|reply| reply.term == self.transfer.id.term && reply.expected.is_none());
        self.bench().expect(
            is_taken,
            format!("S{SERVER} did not take {}", self.describe()),
            format!("it takes it: {why}"),
            show(reply),
        );
    }

    /// Sends it, and expects that the server does not take it but waits for this byte of that transfer; or, if it is another
    /// one's piece, for the first byte of its own.
    #[track_caller]
    pub fn is_refused(self, of: &Transfer<'_>, offset: usize, why: &str) {
        let reply = self.send();
        self.bench().needs_refusals_of_pieces();
        let wanted = Expected { transfer: of.id, offset: offset as u64 };
        let from_the_beginning = Expected { transfer: self.transfer.id, offset: 0 };
        let is_of_another = of.id != self.transfer.id;
        self.bench().expect(
            reply.and_then(|reply| reply.expected).is_some_and(|expected| {
                expected == wanted || is_of_another && expected == from_the_beginning
            }),
            format!("S{SERVER} did not refuse {} as it must", self.describe()),
            format!("it expects byte {offset} of transfer {}: {why}", of.id),
            show(reply),
        );
    }

    fn bench(&self) -> &Bench {
        self.transfer.peer.bench
    }

    fn describe(&self) -> String {
        let Range { start, end } = self.range;
        let last = if self.done { ", the last," } else { "" };
        format!("bytes {start} to {end}{last} of transfer {}", self.transfer.id)
    }
}

fn show(reply: Option<PieceReply>) -> String {
    match reply {
        None => "no reply".to_owned(),
        Some(PieceReply { term, expected: None }) => format!("a reply of term {term}, and nothing expected"),
        Some(PieceReply { term, expected: Some(Expected { transfer, offset }) }) => {
            format!("a reply of term {term}: it expects byte {offset} of transfer {transfer}")
        }
    }
}

impl Bench {
    /// Expects that the server has delivered these snapshots since its last start, by their last index, and no other.
    #[track_caller]
    pub fn expect_snapshots_delivered(&self, indexes: &[Index], why: &str) {
        let delivered = self.snapshots_delivered();
        self.expect(
            delivered == indexes,
            format!("the snapshots delivered to the service of S{SERVER} are not those that were completed"),
            format!("those up to {indexes:?}: {why}"),
            format!("those up to {delivered:?}"),
        );
    }

    /// Expects that nothing has been delivered or stored of a snapshot that is not complete.
    #[track_caller]
    pub fn expect_no_snapshot(&self, why: &str) {
        self.expect_applied_at_most(0, why);
        let stored = self.stored_snapshot();
        self.expect(
            stored.is_empty(),
            format!("S{SERVER} has stored a snapshot of which only pieces have come"),
            format!("none: {why}"),
            format!("{:?}", String::from_utf8_lossy(&stored)),
        );
    }
}
