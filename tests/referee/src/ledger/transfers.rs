//! Snapshots that come in pieces (Fig. 13: offset, done): which bytes of them a server can have.

use std::collections::VecDeque;

use raft_interface::Term;

use crate::message::{Piece, Position};

/// Transfers to one server that are kept, from the latest back.
const KEPT_MAX: usize = 32;

/// The transfers to one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers {
    latest: VecDeque<Transfer>,
    /// Some were forgotten.
    is_partial: bool,
}

#[derive(Clone, Debug)]
struct Transfer {
    term: Term,
    last: Position,
    id: u64,
    /// The bytes that have come, as runs that do not touch, in order.
    runs: Vec<(u64, u64)>,
    /// Where the snapshot ends, if that has come.
    end: Option<u64>,
}

impl Transfers {
    /// A piece may have come.
    pub(super) fn deliver(&mut self, term: Term, last: Position, piece: Piece) {
        if self.find(term, last, piece).is_none() {
            if self.latest.len() == KEPT_MAX {
                self.latest.pop_front();
                self.is_partial = true;
            }
            self.latest.push_back(Transfer { term, last, id: piece.id, runs: Vec::new(), end: None });
        }
        let is_it = |transfer: &&mut Transfer| transfer.is(term, last, piece);
        if let Some(transfer) = self.latest.iter_mut().rev().find(is_it) {
            transfer.add(piece);
        }
    }

    /// Whether all of the snapshot may have come of which this is a piece, whatever came when: a server may put together what
    /// it got before it was started again.
    pub(crate) fn may_be_whole(&self, term: Term, last: Position, piece: Piece) -> bool {
        self.find(term, last, piece).map_or(self.is_partial, Transfer::is_whole)
    }

    fn find(&self, term: Term, last: Position, piece: Piece) -> Option<&Transfer> {
        self.latest.iter().rev().find(|transfer| transfer.is(term, last, piece))
    }
}

impl Transfer {
    fn is(&self, term: Term, last: Position, piece: Piece) -> bool {
        (self.term, self.last, self.id) == (term, last, piece.id)
    }

    fn add(&mut self, piece: Piece) {
        if piece.is_last {
            self.end = Some(piece.end);
        }
        let (mut from, mut to) = (piece.offset, piece.end);
        self.runs.retain(|&(start, end)| {
            let touches = start <= to && from <= end;
            if touches {
                (from, to) = (from.min(start), to.max(end));
            }
            !touches
        });
        self.runs.push((from, to));
        self.runs.sort_unstable();
    }

    fn is_whole(&self) -> bool {
        let Some(end) = self.end else { return false };
        self.runs.first().is_some_and(|&(from, to)| from == 0 && to >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_is_whole_when_every_byte_has_come() {
        let last = Position { index: 9, term: 2 };
        let piece = |offset, end, is_last| Piece { id: 1, offset, end, is_last };
        let rows: [(&[Piece], bool); 7] = [
            (&[piece(0, 4, false), piece(4, 9, true)], true),
            (&[piece(4, 9, true), piece(0, 4, false)], true),
            (&[piece(4, 9, true), piece(6, 7, false), piece(0, 5, false)], true),
            (&[piece(0, 4, false), piece(5, 9, true)], false),
            (&[piece(1, 9, true)], false),
            (&[piece(0, 4, false), piece(4, 9, false)], false),
            (&[piece(0, 0, true)], true),
        ];
        for (pieces, is_whole) in rows {
            let mut transfers = Transfers::default();
            pieces.iter().for_each(|&piece| transfers.deliver(3, last, piece));
            assert_eq!(transfers.may_be_whole(3, last, pieces[0]), is_whole, "{pieces:?}");
            assert!(!transfers.may_be_whole(4, last, pieces[0]), "another leader's");
        }
    }

    #[test]
    fn what_was_forgotten_may_be_whole() {
        let mut transfers = Transfers::default();
        let (last, piece) =
            (Position { index: 9, term: 2 }, Piece { id: 0, offset: 4, end: 9, is_last: true });
        (0..=KEPT_MAX as u64).for_each(|id| transfers.deliver(3, last, Piece { id, ..piece }));
        assert!(transfers.may_be_whole(3, last, piece));
        assert!(!transfers.may_be_whole(3, last, Piece { id: KEPT_MAX as u64, ..piece }));
    }
}
