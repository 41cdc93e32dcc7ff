//! A follower as the paper has it, in a few lines: what a scripted peer answers that is told to follow.

use raft_interface::{Index, Term};

use super::bench::SERVER;
use super::message::{Entry, Expected, Hint, Piece, Reply, Request, TransferId};

/// The log and the term of a peer that follows whoever sends to it.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    /// The latest term that it has heard of.
    pub term: Term,
    /// The last index that its snapshot covers, and that entry's term.
    pub base: (Index, Term),
    /// The service's bytes of that snapshot.
    pub snapshot: Vec<u8>,
    /// The entries after that.
    pub log: Vec<Entry>,
    /// The pieces of a snapshot that have come, and of which one.
    pieces: Option<(TransferId, Vec<u8>)>,
}

impl Follower {
    /// The index of its last entry.
    #[must_use]
    pub fn last_index(&self) -> Index {
        self.base.0 + self.log.len() as Index
    }

    /// Index and term of its last entry, as they are in messages. Where a leader begins its term with an entry of its own, indexes above
    /// may count commands only (§8): a script that goes on where the log of a server ends takes the place from here.
    #[must_use]
    pub fn last(&self) -> (Index, Term) {
        let index = self.last_index();
        (index, self.term_at(index).unwrap_or_default())
    }

    /// The term of an entry after the base, or of the base.
    #[must_use]
    pub fn term_at(&self, index: Index) -> Option<Term> {
        match index.checked_sub(self.base.0)? {
            0 => Some(self.base.1),
            place => self.log.get(place as usize - 1).map(|entry| entry.term),
        }
    }

    /// Its answer. It votes for whoever asks.
    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        let is_old = request.term() < self.term;
        self.term = self.term.max(request.term());
        let term = self.term;
        match request {
            Request::Vote { .. } => Reply::Vote { term, vote_granted: !is_old },
            // It hears the order, and does not obey.
            Request::TimeoutNow { .. } => Reply::TimeoutNow { term },
            Request::Append { prev, entries, .. } => {
                let hint = if is_old {
                    // Refused for its term: the log was not looked at, and the hint says nothing of it.
                    Some(Hint { term: None, index: 0, len: 0 })
                } else {
                    self.append(*prev, entries).err()
                };
                Reply::Append { term, success: hint.is_none(), hint }
            }
            Request::Install { last_included_index, last_included_term, piece, data, .. } => {
                let mut expected = None;
                if !is_old && *last_included_index > self.base.0 {
                    let transfer = piece.transfer.unwrap_or(TransferId {
                        leader: SERVER,
                        term: request.term(),
                        index: *last_included_index,
                        number: 0,
                    });
                    match self.receive(transfer, piece, data) {
                        Ok(Some(snapshot)) => {
                            self.install(*last_included_index, *last_included_term);
                            self.snapshot = snapshot;
                        }
                        Ok(None) => {}
                        Err(wanted) => expected = Some(wanted),
                    }
                }
                Reply::Install { term, expected }
            }
        }
    }

    /// The answer of one that lags behind: it votes, it says that entries do not fit, and what would fit is still on its way.
    pub(super) fn answer_as_one_that_lags(&mut self, request: &Request) -> Option<Reply> {
        match request {
            Request::Append { prev: (0, _), .. } | Request::Install { .. } => None,
            Request::Append { term, .. } => {
                self.term = self.term.max(*term);
                let hint = Some(Hint { term: None, index: 1, len: 1 });
                Some(Reply::Append { term: self.term, success: false, hint })
            }
            Request::Vote { .. } | Request::TimeoutNow { .. } => Some(self.answer(request)),
        }
    }

    /// AppendEntries, receiver 2 to 4.
    fn append(&mut self, prev: (Index, Term), entries: &[Entry]) -> Result<(), Hint> {
        let len = self.last_index() + 1;
        // What a snapshot covers is committed and agrees with every later leader (§7): only what follows can
        // conflict.
        if prev.0 >= self.base.0 {
            match self.term_at(prev.0) {
                None => return Err(Hint { term: None, index: len, len }),
                Some(term) if term != prev.1 => {
                    let mut first = prev.0;
                    // The first index of the conflicting term: the leader skips the whole term in one round
                    // (end of §5.3).
                    while first > self.base.0 + 1 && self.term_at(first - 1) == Some(term) {
                        first -= 1;
                    }
                    return Err(Hint { term: Some(term), index: first, len });
                }
                Some(_) => {}
            }
        }
        for (index, entry) in (prev.0 + 1..).zip(entries) {
            // An entry that agrees stays, and with it all that follow: a request that comes late must not cut
            // what a later one has brought (receiver 3).
            if index <= self.base.0 || self.term_at(index) == Some(entry.term) {
                continue;
            }
            self.log.truncate((index - self.base.0) as usize - 1);
            self.log.push(entry.clone());
        }
        Ok(())
    }

    /// InstallSnapshot, receiver 2 to 4: the whole snapshot with its last piece. A piece that would leave a hole is refused.
    fn receive(
        &mut self,
        transfer: TransferId,
        piece: &Piece,
        data: &[u8],
    ) -> Result<Option<Vec<u8>>, Expected> {
        let held = self.pieces.take().filter(|(held, _)| *held == transfer);
        let mut bytes = held.map(|(_, bytes)| bytes).unwrap_or_default();
        let refused = Expected { transfer, offset: bytes.len() as u64 };
        let Some(offset) = usize::try_from(piece.offset).ok().filter(|&offset| offset <= bytes.len()) else {
            self.pieces = Some((transfer, bytes));
            return Err(refused);
        };
        let end = bytes.len().min(offset + data.len());
        bytes.splice(offset..end, data.iter().copied());
        if piece.done {
            bytes.truncate(offset + data.len());
            return Ok(Some(bytes));
        }
        self.pieces = Some((transfer, bytes));
        Ok(None)
    }

    /// InstallSnapshot, receiver 6 and 7.
    fn install(&mut self, index: Index, term: Term) {
        // What follows an entry that agrees with the snapshot's last one may have been acknowledged (receiver
        // 6).
        let is_kept = self.term_at(index) == Some(term);
        let dropped = if is_kept { (index - self.base.0) as usize } else { self.log.len() };
        self.log.drain(..dropped);
        self.base = (index, term);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(terms: &[Term]) -> Vec<Entry> {
        terms.iter().map(|&term| Entry { term, command: [].into() }).collect()
    }

    fn terms(follower: &Follower) -> Vec<Term> {
        follower.log.iter().map(|entry| entry.term).collect()
    }

    #[test]
    fn follower_does_as_the_paper_says() {
        let mut follower = Follower { log: entries(&[1, 1, 2, 2]), term: 2, ..Follower::default() };
        let append = |term, prev, new: &[Term]| Request::Append {
            term,
            prev,
            entries: entries(new),
            leader_commit: 0,
        };
        let refused = follower.answer(&append(3, (4, 3), &[]));
        let hint = Some(Hint { term: Some(2), index: 3, len: 5 });
        assert_eq!(refused, Reply::Append { term: 3, success: false, hint });
        let short = follower.answer(&append(3, (9, 3), &[]));
        assert!(matches!(short, Reply::Append { hint: Some(Hint { term: None, index: 5, .. }), .. }));
        follower.answer(&append(3, (2, 1), &[3]));
        assert_eq!(terms(&follower), [1, 1, 3]);
        follower.answer(&append(3, (1, 1), &[1]));
        assert_eq!(terms(&follower), [1, 1, 3], "an older request cuts nothing");
        let install = |index, term| Request::Install {
            term: 4,
            last_included_index: index,
            last_included_term: term,
            piece: Piece::WHOLE,
            data: vec![],
        };
        let piece = |offset, data: &[u8], done| Request::Install {
            term: 4,
            last_included_index: 2,
            last_included_term: 1,
            piece: Piece { transfer: None, offset, done },
            data: data.to_vec(),
        };
        let refused = |reply: Reply| match reply {
            Reply::Install { expected, .. } => expected.map(|expected| expected.offset),
            _ => None,
        };
        assert_eq!(refused(follower.answer(&piece(0, b"ab", false))), None);
        assert_eq!(refused(follower.answer(&piece(3, b"d", true))), Some(2), "a hole");
        assert_eq!(refused(follower.answer(&piece(1, b"bc", false))), None);
        assert_eq!(follower.base, (0, 0));
        assert_eq!(refused(follower.answer(&piece(3, b"d", true))), None);
        assert_eq!(follower.snapshot, b"abcd");
        assert_eq!((terms(&follower), follower.base), (vec![3], (2, 1)));
        follower.answer(&install(3, 4));
        assert_eq!((terms(&follower), follower.base), (vec![], (3, 4)));
        assert_eq!(
            follower.answer(&append(3, (3, 4), &[])),
            Reply::Append { term: 4, success: false, hint: Some(Hint { term: None, index: 0, len: 0 }) }
        );
    }
}
