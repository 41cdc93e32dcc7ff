//! Who waits for which entry.
//!
//! A waiter is known by the index *and* the term of its entry, which together name one entry for ever (log matching,
//! §5.3). The index alone does not: when a leader is deposed, an entry of its successor may be committed at the
//! same index.
//!
//! An entry can no longer commit
//! - when another term's entry is applied at its index, and
//! - when an entry of a higher term is applied before it, because terms never fall along a log.
//!
//! Then its waiter is told for certain. In two cases nobody can tell: a snapshot takes the place of the entries up to an
//! index, or this server starts another entry at the same index in a later term, while the first may live on
//! elsewhere.

use std::collections::BTreeMap;

use labrpc::channel::{self, Receiver, Sender};
use raft_interface::{Index, Term};

use super::SubmitError;

/// The name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) index: Index,
    pub(super) term: Term,
}

/// What a waiter is told.
pub(super) type Answer<T> = Result<T, SubmitError>;

/// Those who wait, by index.
///
/// Invariant: all indexes are above the last one applied.
#[derive(Debug)]
pub(super) struct Waiters<T> {
    waiting: BTreeMap<Index, (Term, Sender<Answer<T>>)>,
    /// The term of the last entry applied. Only grows.
    term_applied: Term,
}

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), term_applied: 0 }
    }
}

impl<T> Waiters<T> {
    /// Lets somebody wait for an entry that was just started.
    pub(super) fn enter(&mut self, ticket: Ticket) -> Receiver<Answer<T>> {
        let (answer, receiver) = channel::bounded(1);
        // Two waiters at an index: this server led term 1, started entry 5, was deposed, leads term 3 again and
        // starts another entry 5. The first is gone from its log, but may have been stored by others: nobody
        // here can tell.
        if let Some((_, displaced)) = self.waiting.insert(ticket.index, (ticket.term, answer)) {
            tell(&displaced, Err(SubmitError::LostLeadership));
        }
        receiver
    }

    /// An entry has been applied: its waiter gets the reply, and those whose entries it rules out are told so.
    pub(super) fn applied(&mut self, entry: Ticket, reply: T) {
        self.passed(entry, Some(reply));
    }

    /// An entry that is Raft's own has its place in the log: whoever waits there has lost.
    pub(super) fn own_entry(&mut self, entry: Ticket) {
        self.passed(entry, None);
    }

    fn passed(&mut self, entry: Ticket, reply: Option<T>) {
        if let Some((term, answer)) = self.waiting.remove(&entry.index) {
            // By index alone, the waiter of a deposed leader would get the reply to its successor's command as
            // its own: success for a write that was never committed, or the value of another key.
            let is_its_entry = term == entry.term;
            tell(&answer, reply.filter(|_| is_its_entry).ok_or(SubmitError::Overwritten));
        }
        // The log that is being applied has gone past the waiters' term, so no entry of that term follows. On a
        // higher term only: to look at all waiters at each entry would cost their number each time.
        if entry.term > self.term_applied {
            self.term_applied = entry.term;
            self.release(SubmitError::Overwritten, |waiter| waiter.term < entry.term);
        }
    }

    /// A snapshot has taken the place of the entries up to `index`.
    pub(super) fn overtaken(&mut self, index: Index) {
        self.release(SubmitError::LostLeadership, |waiter| waiter.index <= index);
    }

    /// Everybody goes.
    pub(super) fn release_all(&mut self, error: SubmitError) {
        self.release(error, |_| true);
    }

    /// Takes back a waiter who has lost patience. False if it has been told something in the meantime.
    pub(super) fn withdraw(&mut self, ticket: Ticket) -> bool {
        // By the term as well, or a waiter that loses patience would take away its successor at the same index.
        let is_there = self.waiting.get(&ticket.index).is_some_and(|(term, _)| *term == ticket.term);
        if is_there {
            self.waiting.remove(&ticket.index);
        }
        is_there
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn release(&mut self, error: SubmitError, goes: impl Fn(Ticket) -> bool) {
        self.waiting.retain(|&index, (term, answer)| {
            let goes = goes(Ticket { index, term: *term });
            if goes {
                tell(answer, Err(error));
            }
            !goes
        });
    }
}

/// There is room for one answer, and it is the only one.
fn tell<T>(answer: &Sender<Answer<T>>, what: Answer<T>) {
    let _ = answer.try_send(what); // the waiter may be gone with its node
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(index: Index, term: Term) -> Ticket {
        Ticket { index, term }
    }

    #[test]
    fn waiter_is_matched_by_index_and_term() {
        let rows = [
            ("its entry", at(5, 2), at(5, 2), Some(Ok("reply"))),
            ("another term's entry at its index", at(5, 2), at(5, 3), Some(Err(SubmitError::Overwritten))),
            ("an older term's entry at its index", at(5, 2), at(5, 1), Some(Err(SubmitError::Overwritten))),
            ("a later term's entry before it", at(5, 2), at(4, 3), Some(Err(SubmitError::Overwritten))),
            ("an entry of its term before it", at(5, 2), at(4, 2), None),
            ("an entry of an older term before it", at(5, 2), at(4, 1), None),
        ];
        for (name, waiter, entry, told) in rows {
            let mut waiters = Waiters::default();
            let answer = waiters.enter(waiter);
            waiters.applied(entry, "reply");
            assert_eq!(answer.try_recv().ok(), told, "{name}");
            assert_eq!(waiters.len(), usize::from(told.is_none()), "{name}");
        }
    }

    #[test]
    fn own_entry_is_no_reply_to_anybody() {
        let mut waiters = Waiters::<()>::default();
        let [there, older, later] = [at(5, 1), at(7, 1), at(9, 2)].map(|ticket| waiters.enter(ticket));
        waiters.own_entry(at(5, 2));
        assert_eq!(there.try_recv(), Ok(Err(SubmitError::Overwritten)));
        assert_eq!(older.try_recv(), Ok(Err(SubmitError::Overwritten)), "no entry of its term follows");
        assert!(later.try_recv().is_err());
    }

    #[test]
    fn snapshot_frees_those_it_overtakes() {
        let mut waiters = Waiters::<()>::default();
        let [covered, last, later] = [4, 5, 6].map(|index| waiters.enter(at(index, 1)));
        waiters.overtaken(5);
        assert_eq!(covered.try_recv(), Ok(Err(SubmitError::LostLeadership)));
        assert_eq!(last.try_recv(), Ok(Err(SubmitError::LostLeadership)));
        assert!(later.try_recv().is_err());
    }

    #[test]
    fn second_waiter_at_an_index_frees_the_first() {
        let mut waiters = Waiters::default();
        let old = waiters.enter(at(5, 1));
        let new = waiters.enter(at(5, 3));
        assert_eq!(old.try_recv(), Ok(Err(SubmitError::LostLeadership)));
        assert!(!waiters.withdraw(at(5, 1)), "the old one is not there any more");
        waiters.applied(at(5, 3), ());
        assert_eq!(new.try_recv(), Ok(Ok(())));
    }

    #[test]
    fn who_withdraws_is_told_nothing_more() {
        let mut waiters = Waiters::default();
        let answer = waiters.enter(at(5, 1));
        assert!(waiters.withdraw(at(5, 1)));
        waiters.applied(at(5, 1), ());
        assert!(answer.try_recv().is_err());
        assert!(!waiters.withdraw(at(5, 1)));
    }
}
