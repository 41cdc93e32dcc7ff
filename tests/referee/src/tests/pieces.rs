//! Snapshots in pieces (Fig. 13: offset, done): what breaks a rule, and what looks alike and is legal.

use super::script::{Script, at};
use crate::message::{Piece, Reply, Request};

/// A piece of the snapshot up to entry 1 that S0 sends in term 1, which has nine bytes.
fn piece(id: u64, offset: u64, end: u64) -> Request {
    let piece = Piece { id, offset, end, is_last: end == 9 };
    Request::Snapshot { term: 1, last: at(1, 1), piece: Some(piece) }
}

const TAKEN: Reply = Reply::Snapshot { term: 1, has_taken: Some(true) };
const REFUSED: Reply = Reply::Snapshot { term: 1, has_taken: Some(false) };
const NOTHING_SAID: Reply = Reply::Snapshot { term: 1, has_taken: None };

/// S0 leads term 1 and has entry 1 on S1, so that it may be in a snapshot. S2 has nothing.
fn one_committed() -> Script {
    let mut s = Script::new(3).all_is_told();
    s.elect(0, 1, at(0, 0), &[1]);
    s.replicate(0, 1, 1, at(0, 0), &[1], 0);
    s
}

impl Script {
    fn piece(&mut self, id: u64, offset: u64, end: u64, reply: Reply) {
        let call = self.request(0, 2, piece(id, offset, end));
        self.answer(call, reply);
        if !self.is_broken() {
            self.hear(call, reply);
        }
    }
}

#[test]
fn snapshot_is_acknowledged_when_all_of_it_is_there() {
    let mut s = one_committed();
    s.piece(7, 0, 4, TAKEN);
    s.piece(7, 4, 9, TAKEN);
    s.replicate(0, 2, 1, at(1, 1), &[1], 1);
    s.keeps_the_rules();
    // A hole, one of two transfers, and the end out of nowhere.
    for pieces in [&[(7, 0, 4), (7, 5, 9)][..], &[(7, 0, 4), (8, 4, 9)], &[(7, 4, 9)]] {
        let mut s = one_committed();
        pieces.iter().for_each(|&(id, offset, end)| s.piece(id, offset, end, TAKEN));
        s.breaks("when all its pieces are there");
    }
}

#[test]
fn piece_that_does_not_fit_may_be_refused_or_be_of_no_use() {
    let mut s = one_committed();
    s.piece(7, 0, 4, TAKEN);
    s.piece(7, 5, 9, REFUSED);
    s.piece(7, 4, 9, TAKEN);
    s.keeps_the_rules();
    // Who has the entry needs no snapshot (Fig. 13, receiver 6).
    let mut s = one_committed();
    s.replicate(0, 2, 1, at(0, 0), &[1], 0);
    s.piece(7, 5, 9, TAKEN);
    s.keeps_the_rules();
    // Who can only answer with a term says nothing by it.
    let mut s = one_committed();
    s.piece(7, 5, 9, NOTHING_SAID);
    s.keeps_the_rules();
}

#[test]
fn whole_snapshot_that_is_refused_is_neither_stored_nor_confirmed() {
    let mut s = one_committed();
    for _ in 0..20 {
        let call = s.request(0, 2, Request::Snapshot { term: 1, last: at(1, 1), piece: None });
        s.answer(call, REFUSED);
        s.hear(call, REFUSED);
        s.wait(100);
    }
    s.elect(2, 2, at(0, 0), &[]);
    s.ask(2, 1, 2, at(0, 0));
    s.keeps_the_rules();
}

#[test]
fn pieces_of_an_earlier_life_may_have_been_stored() {
    let mut s = one_committed();
    s.piece(7, 0, 4, TAKEN);
    s.restart(2);
    s.piece(7, 4, 9, TAKEN);
    s.keeps_the_rules();
}

/// A follower acknowledges entries after the snapshot only when it is there.
#[test]
fn nothing_is_installed_before_the_last_byte_is_there() {
    let mut s = one_committed();
    s.piece(7, 0, 4, TAKEN);
    s.replicate(0, 2, 1, at(1, 1), &[1], 0);
    s.breaks("success");
    let mut s = one_committed();
    s.piece(7, 0, 4, NOTHING_SAID);
    s.apply(2, 1, 1);
    s.breaks("commit");
}

#[test]
fn acknowledged_piece_is_not_sent_for_ever() {
    let mut s = one_committed();
    for _ in 0..9 {
        s.piece(7, 0, 4, TAKEN);
        s.wait(100);
    }
    s.send(0, 2, piece(7, 0, 4));
    s.breaks("nextIndex moves");
    // Further on each time, again after a refusal, and another transfer.
    let mut s = one_committed();
    for end in 1..9 {
        s.piece(7, end - 1, end, TAKEN);
        s.wait(100);
    }
    for id in 8..18 {
        s.piece(7, 8, 9, REFUSED);
        s.piece(7, 0, 8, TAKEN);
        s.piece(id, 0, 4, TAKEN);
        s.wait(100);
    }
    s.keeps_the_rules();
    // A refusal says where to go on.
    let mut s = one_committed();
    for _ in 0..12 {
        s.piece(7, 4, 9, REFUSED);
        s.wait(100);
    }
    s.send(0, 2, piece(7, 4, 9));
    s.breaks("nextIndex moves");
    // Whose replies cannot say no may have meant one.
    let mut s = one_committed();
    for _ in 0..20 {
        s.piece(7, 0, 4, NOTHING_SAID);
        s.wait(100);
    }
    s.keeps_the_rules();
}
