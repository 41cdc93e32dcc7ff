//! Snapshots in pieces (Fig. 13: `offset`, `done`).
//!
//! A leader sends one piece at a time, in order, and the next one when the follower has answered. A transfer has a name, for
//! a follower must not put together pieces of two snapshots: the leader may have been deposed, or have taken a newer one.
//!
//! # What a follower does with a piece
//!
//! | it holds | the piece | result |
//! |---|---|---|
//! | nothing | begins at 0 | held |
//! | nothing | begins later | it says that it expects this transfer at 0 |
//! | n bytes of a | of a, begins at n or before | written over what is there, so a repeated piece takes nothing back |
//! | n bytes of a | of a, begins after n | it says that it expects a at n: what is between would be a hole |
//! | n bytes of a | of b, begins at 0 | a is dropped |
//! | n bytes of a | of b, begins later | it says that it expects a at n, and keeps a: the piece may be an old one that comes late |
//!
//! The last piece ends the snapshot. Where the bytes go is a [`Sink`]: memory, here. A restart therefore begins at 0, as the
//! answer to the next piece says.

use std::fmt::Debug;
use std::io;
use std::num::NonZeroUsize;

use labrpc::sync::Arc;
use raft_interface::Index;

use crate::rpc::{Expected, InstallSnapshotArgs, SnapshotId};

/// Where the bytes of a snapshot go that comes in pieces.
pub(crate) trait Sink: Debug + Sized {
    /// A sink for another snapshot.
    fn begin() -> io::Result<Self>;
    /// Writes over what is there, or on from its end; never behind it. On an error what was there before still is.
    fn write_at(&mut self, offset: usize, data: &[u8]) -> io::Result<()>;
    /// The snapshot, which ends after so many bytes.
    fn finish(&mut self, len: usize) -> io::Result<Arc<[u8]>>;
}

/// A sink that a crash empties.
#[derive(Debug)]
pub(crate) struct Memory(Vec<u8>);

impl Sink for Memory {
    fn begin() -> io::Result<Self> {
        Ok(Self(Vec::new()))
    }

    fn write_at(&mut self, offset: usize, data: &[u8]) -> io::Result<()> {
        let known = data.len().min(self.0.len() - offset);
        self.0[offset..offset + known].copy_from_slice(&data[..known]);
        self.0.extend_from_slice(&data[known..]);
        Ok(())
    }

    fn finish(&mut self, len: usize) -> io::Result<Arc<[u8]>> {
        Ok(Arc::from(&self.0[..len]))
    }
}

/// A follower's end of a transfer.
#[derive(Debug)]
pub(crate) struct Receiver<S = Memory> {
    held: Option<Held<S>>,
}

#[derive(Debug)]
struct Held<S> {
    snapshot_id: SnapshotId,
    /// So many bytes from the beginning have come.
    len: usize,
    sink: S,
}

/// What has become of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It is held, and others are to follow.
    More,
    /// It was the last one: the whole snapshot.
    Done(Arc<[u8]>),
    /// It does not fit.
    Refused(Expected),
}

impl<S> Default for Receiver<S> {
    fn default() -> Self {
        Self { held: None }
    }
}

impl<S: Sink> Receiver<S> {
    /// Takes a piece, or refuses it.
    ///
    /// # Errors
    ///
    /// Those of the sink. What was held before still is.
    pub(crate) fn receive(&mut self, piece: &InstallSnapshotArgs) -> io::Result<Received> {
        let Ok(offset) = usize::try_from(piece.offset) else {
            return Ok(Received::Refused(self.expected(piece)));
        };
        let is_of_held = self.held.as_ref().is_some_and(|held| held.snapshot_id == piece.snapshot_id);
        if offset == 0 && !is_of_held {
            // All in one message needs no sink.
            if piece.done {
                self.held = None;
                return Ok(Received::Done(piece.data.clone()));
            }
            let mut sink = S::begin()?;
            sink.write_at(0, &piece.data)?;
            self.held = Some(Held { snapshot_id: piece.snapshot_id, len: piece.data.len(), sink });
            return Ok(Received::More);
        }
        let Some(held) = self.held.as_mut().filter(|held| is_of_held && offset <= held.len) else {
            return Ok(Received::Refused(self.expected(piece)));
        };
        held.sink.write_at(offset, &piece.data)?;
        let end = offset + piece.data.len();
        held.len = held.len.max(end);
        if !piece.done {
            return Ok(Received::More);
        }
        let snapshot = held.sink.finish(end)?;
        self.held = None;
        Ok(Received::Done(snapshot))
    }

    /// The piece that could be taken instead of this one.
    pub(crate) fn expected(&self, piece: &InstallSnapshotArgs) -> Expected {
        match &self.held {
            Some(held) => Expected { snapshot_id: held.snapshot_id, offset: held.len as u64 },
            None => Expected { snapshot_id: piece.snapshot_id, offset: 0 },
        }
    }

    /// A snapshot that covers so much is of no use any more.
    pub(crate) fn forget_up_to(&mut self, index: Index) {
        self.held.take_if(|held| held.snapshot_id.index <= index);
    }
}

/// A leader's end of a transfer. It has the snapshot itself, so that a newer one does not disturb it.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    whole: InstallSnapshotArgs,
    /// So many bytes have arrived.
    arrived: usize,
}

impl Transfer {
    /// The transfer of this snapshot, which is the leader's transfer of that number.
    pub(crate) fn new(whole: InstallSnapshotArgs, number: u64) -> Self {
        let snapshot_id = SnapshotId { number, ..whole.snapshot_id };
        Self { whole: InstallSnapshotArgs { snapshot_id, ..whole }, arrived: 0 }
    }

    /// Whether it would bring something to a follower that has so much.
    pub(crate) fn is_of_use(&self, match_index: Index) -> bool {
        self.whole.last_included_index > match_index
    }

    /// The next piece, of so many bytes at most.
    pub(crate) fn piece(&self, bytes_max: NonZeroUsize) -> InstallSnapshotArgs {
        let end = self.whole.data.len().min(self.arrived.saturating_add(bytes_max.get()));
        InstallSnapshotArgs {
            offset: self.arrived as u64,
            data: Arc::from(&self.whole.data[self.arrived..end]),
            done: end == self.whole.data.len(),
            ..self.whole.clone()
        }
    }

    /// The follower holds the piece that ends there. A late answer takes nothing back.
    pub(crate) fn arrived(&mut self, piece: &InstallSnapshotArgs) {
        if piece.snapshot_id == self.whole.snapshot_id {
            self.arrived = self.arrived.max(piece.offset as usize + piece.data.len());
        }
    }

    /// The follower has refused a piece of this transfer: it goes on where the follower says, or from the beginning, if that
    /// one holds another snapshot. It may have been started again.
    pub(crate) fn refused(&mut self, piece: &InstallSnapshotArgs, expected: Expected) {
        if piece.snapshot_id == self.whole.snapshot_id {
            let is_ours = expected.snapshot_id == self.whole.snapshot_id;
            let offset = usize::try_from(expected.offset).unwrap_or(usize::MAX);
            self.arrived = if is_ours { offset.min(self.whole.data.len()) } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SnapshotId = SnapshotId { leader: 0, term: 3, index: 9, number: 1 };
    const B: SnapshotId = SnapshotId { leader: 1, term: 4, index: 9, number: 1 };

    fn piece(snapshot_id: SnapshotId, offset: u64, data: &[u8], done: bool) -> InstallSnapshotArgs {
        InstallSnapshotArgs {
            term: snapshot_id.term,
            leader_id: snapshot_id.leader,
            last_included_index: snapshot_id.index,
            last_included_term: 2,
            last_configuration: None,
            snapshot_id,
            offset,
            data: Arc::from(data),
            done,
        }
    }

    fn refused(snapshot_id: SnapshotId, offset: u64) -> Received {
        Received::Refused(Expected { snapshot_id, offset })
    }

    fn done(data: &[u8]) -> Received {
        Received::Done(Arc::from(data))
    }

    /// The table of the module, and the last pieces, in rows: what came before, the piece, what becomes of it, and which piece
    /// is expected then.
    #[test]
    fn pieces_that_fit_are_taken_and_others_are_refused() {
        type Row = (&'static str, Vec<InstallSnapshotArgs>, InstallSnapshotArgs, Received, Expected);
        let begun = || vec![piece(A, 0, b"abc", false)];
        let twice = || vec![piece(A, 0, b"abc", false), piece(A, 3, b"def", false)];
        let at = |snapshot_id, offset| Expected { snapshot_id, offset };
        let rows: Vec<Row> = vec![
            ("I3 first piece", vec![], piece(A, 0, b"abc", false), Received::More, at(A, 3)),
            ("I4 out of nowhere", vec![], piece(A, 3, b"def", false), refused(A, 0), at(A, 0)),
            ("I5 one piece and no more", vec![], piece(A, 0, b"abc", true), done(b"abc"), at(A, 0)),
            ("I5 an empty snapshot", vec![], piece(A, 0, b"", true), done(b""), at(A, 0)),
            ("I7 in order", begun(), piece(A, 3, b"def", false), Received::More, at(A, 6)),
            ("I7 the last", begun(), piece(A, 3, b"def", true), done(b"abcdef"), at(A, 0)),
            ("I7 the last is empty", begun(), piece(A, 3, b"", true), done(b"abc"), at(A, 0)),
            ("I8 again", twice(), piece(A, 3, b"def", false), Received::More, at(A, 6)),
            ("I8 the first again", twice(), piece(A, 0, b"abc", false), Received::More, at(A, 6)),
            (
                "I8 over what is there and on",
                twice(),
                piece(A, 4, b"efgh", true),
                done(b"abcdefgh"),
                at(A, 0),
            ),
            ("I9 a gap", begun(), piece(A, 8, b"x", false), refused(A, 3), at(A, 3)),
            ("I9 a gap before the last", begun(), piece(A, 8, b"x", true), refused(A, 3), at(A, 3)),
            ("I10 a new transfer", begun(), piece(B, 0, b"12", false), Received::More, at(B, 2)),
            ("I10 a new one in one piece", begun(), piece(B, 0, b"12", true), done(b"12"), at(A, 0)),
            ("I11 the middle of another", begun(), piece(B, 3, b"45", false), refused(A, 3), at(A, 3)),
            (
                "an offset that no memory has",
                begun(),
                piece(A, u64::MAX, b"x", false),
                refused(A, 3),
                at(A, 3),
            ),
        ];
        for (name, before, piece_of_row, wanted, expected) in rows {
            let mut receiver: Receiver = Receiver::default();
            for earlier in before {
                assert_eq!(receiver.receive(&earlier).expect("memory"), Received::More, "{name}");
            }
            assert_eq!(receiver.receive(&piece_of_row).expect("memory"), wanted, "{name}");
            assert_eq!(receiver.expected(&piece(A, 0, b"", false)), expected, "{name}");
        }
    }

    #[test]
    fn refused_piece_of_another_transfer_leaves_the_held_one_as_it_is() {
        let mut receiver: Receiver = Receiver::default();
        for (piece, wanted) in [
            (piece(A, 0, b"abc", false), Received::More),
            (piece(B, 3, b"xyz", true), refused(A, 3)),
            (piece(A, 9, b"xyz", true), refused(A, 3)),
            (piece(A, 3, b"def", true), done(b"abcdef")),
        ] {
            assert_eq!(receiver.receive(&piece).expect("memory"), wanted);
        }
    }

    #[test]
    fn transfer_that_brings_nothing_new_is_forgotten() {
        let mut receiver: Receiver = Receiver::default();
        assert_eq!(receiver.receive(&piece(A, 0, b"abc", false)).expect("memory"), Received::More);
        receiver.forget_up_to(8);
        assert!(receiver.held.is_some(), "it covers 9");
        receiver.forget_up_to(9);
        assert!(receiver.held.is_none());
    }

    labrpc::thread_local! {
        static FAILS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    /// A disk that is full now and then.
    #[derive(Debug)]
    struct Failing(Memory);

    impl Failing {
        fn look() -> io::Result<()> {
            if FAILS.get() { Err(io::Error::other("full")) } else { Ok(()) }
        }
    }

    impl Sink for Failing {
        fn begin() -> io::Result<Self> {
            Self::look()?;
            Memory::begin().map(Self)
        }

        fn write_at(&mut self, offset: usize, data: &[u8]) -> io::Result<()> {
            Self::look()?;
            self.0.write_at(offset, data)
        }

        fn finish(&mut self, len: usize) -> io::Result<Arc<[u8]>> {
            Self::look()?;
            self.0.finish(len)
        }
    }

    /// I12.
    #[test]
    fn sink_that_fails_keeps_what_was_there_and_the_piece_can_come_again() {
        let mut receiver: Receiver<Failing> = Receiver::default();
        let pieces = [piece(A, 0, b"abc", false), piece(A, 3, b"def", false), piece(A, 6, b"g", true)];
        let wanted = [Received::More, Received::More, done(b"abcdefg")];
        for (piece, wanted) in pieces.iter().zip(wanted) {
            let before = receiver.expected(piece);
            FAILS.set(true);
            assert!(receiver.receive(piece).is_err());
            assert_eq!(receiver.expected(piece), before);
            FAILS.set(false);
            assert_eq!(receiver.receive(piece).expect("room again"), wanted);
        }
    }

    /// I18, exact multiples, and I20.
    #[test]
    fn transfer_cuts_the_snapshot_into_pieces_that_make_it_again() {
        let most = |bytes| NonZeroUsize::new(bytes).expect("not zero");
        for (len, bytes_max, pieces) in
            [(0, 3, 1), (1, 3, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 1, 7), (9, 100, 1)]
        {
            let whole: Vec<u8> = (0..len).collect();
            let mut transfer = Transfer::new(piece(A, 0, &whole, true), 5);
            let mut receiver: Receiver = Receiver::default();
            for number in 1..=pieces {
                let next = transfer.piece(most(bytes_max));
                assert!(next.data.len() <= bytes_max && next.snapshot_id.number == 5);
                assert_eq!(next.done, number == pieces, "{len} in pieces of {bytes_max}");
                assert_eq!(next, transfer.piece(most(bytes_max)), "without an answer the same again");
                let received = receiver.receive(&next).expect("memory");
                assert_eq!(received, if next.done { done(&whole) } else { Received::More });
                transfer.arrived(&next);
            }
        }
    }

    #[test]
    fn refused_transfer_goes_on_where_the_follower_says() {
        let one = NonZeroUsize::MIN;
        let whole = Transfer::new(piece(A, 0, b"abcdef", true), 1);
        let (mine, other) = (whole.whole.snapshot_id, B);
        for (name, snapshot_id, offset, next) in [
            ("further back", mine, 2, 2),
            ("ahead", mine, 5, 5),
            ("behind the end", mine, 600, 6),
            ("the follower was started again", mine, 0, 0),
            ("it holds another one", other, 4, 0),
        ] {
            let mut transfer = whole.clone();
            let last = transfer.piece(NonZeroUsize::new(4).expect("not zero"));
            transfer.arrived(&last);
            transfer.refused(&last, Expected { snapshot_id, offset });
            assert_eq!(transfer.piece(one).offset, next, "{name}");
            transfer.refused(&piece(B, 0, b"", false), Expected { snapshot_id, offset: 1 });
            assert_eq!(transfer.piece(one).offset, next, "the answer to another transfer says nothing");
        }
    }
}
