//! Sessions: the memory that makes a write take effect once (§8; thesis §6.3).
//!
//! A client that got no answer sends its write again, perhaps to another server, so one write may stand in the log
//! twice. Each session remembers the number of its last write and what the reply was. In the order in which it happens:
//!
//! 1. A client [opens](Sessions::open) a session: an entry of its own, whose index becomes the session's number.
//! 2. It numbers its writes from 1, one at a time: it starts the next when it has the reply to the last, or has given it up. A
//!    retry bears the same number.
//! 3. Where a write is applied, and nowhere before, its number is [looked at](Sessions::judge): new, the last one again,
//!    or older.
//! 4. A new one takes effect, and the reply is [kept](Sessions::remember). The last one again gets the kept reply. An older one
//!    is refused: its client has gone on, so nobody waits for it.
//!
//! # Bounds
//!
//! A session is three numbers and a reply without text, some 30 bytes, however much its client writes. There are
//! [`SESSIONS_MAX`] at most. When one more is opened, the session whose last entry in the log is the oldest is closed.
//! That is decided by the log alone, so all replicas close the same session at the same entry.
//!
//! The contract for clients: a session lives at least until [`SESSIONS_MAX`] other sessions have been opened or used since its
//! own last write. A client that comes back later is told so, opens another one, and cannot know
//! whether a write of which it had no answer took effect.

use std::collections::BTreeMap;

use raft_interface::Index;
use serde::{Deserialize, Serialize};

use crate::op::{Reply, Sequence, SessionId};

/// More sessions than this are never open. A constant and not a setting: replicas that disagreed about it would close
/// different sessions.
pub const SESSIONS_MAX: usize = 10_000;

/// The open sessions.
///
/// Invariants: `open` and `by_age` hold the same sessions, [`SESSIONS_MAX`] at most; `by_age[s.last_used]` is `s`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    open: BTreeMap<SessionId, Session>,
    /// The same sessions by the index of the last entry that used them. Follows from `open`.
    #[serde(skip)]
    by_age: BTreeMap<Index, SessionId>,
}

/// What is remembered of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    /// The number of its last write that took effect or was refused for good; 0 before the first.
    last: Sequence,
    /// The reply to that write.
    reply: Reply,
    /// The index of the last entry of this session.
    last_used: Index,
}

/// What a write's number says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It has not been seen: let it take effect, and remember the reply.
    New,
    /// It has taken effect: answer this.
    Repeated(Reply),
    /// It must not take effect: answer this.
    Refused(Reply),
}

impl Sessions {
    /// Opens the session of the entry at `index`. Closes the one that has been idle longest, if there would be too many.
    pub fn open(&mut self, index: Index) -> SessionId {
        // The index as the number: it is the same on all replicas without a word about it, and no entry shares
        // it. A number that the client draws may be drawn twice; one that the leader counts is lost with the
        // leader.
        let session = Session { last: 0, reply: Reply::Registered(index), last_used: index };
        self.open.insert(index, session);
        self.by_age.insert(index, index);
        if self.open.len() > SESSIONS_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.open.remove(&oldest);
        }
        index
    }

    /// What is to be done with write number `sequence` of `session`, which stands at `index`.
    pub fn judge(&mut self, session: SessionId, sequence: Sequence, index: Index) -> Judgement {
        let Some(known) = self.open.get_mut(&session) else {
            return Judgement::Refused(Reply::SessionExpired);
        };
        // Before the number is judged: a retry is a sign of life as well, and it stands in the log like any
        // other entry. A clock would not do: replicas apply an entry at different times and would close
        // different sessions.
        self.by_age.remove(&known.last_used);
        self.by_age.insert(index, session);
        known.last_used = index;
        match sequence.cmp(&known.last) {
            // Higher by any amount: a client that has given a write up goes on with the next number, and the
            // one that it gave up may never get into the log.
            std::cmp::Ordering::Greater => Judgement::New,
            std::cmp::Ordering::Equal => Judgement::Repeated(known.reply.clone()),
            // A late copy: the client's write 1 is stuck in a slow link, its retry is answered, write 2
            // follows, and then the copy of 1 comes. Its reply is not kept any more, and applied again it would
            // undo 2.
            std::cmp::Ordering::Less => Judgement::Refused(Reply::Superseded),
        }
    }

    /// Keeps the reply to write number `sequence`, which has just been applied.
    pub fn remember(&mut self, session: SessionId, sequence: Sequence, reply: &Reply) {
        if let Some(known) = self.open.get_mut(&session) {
            known.last = sequence;
            known.reply = reply.clone();
        }
    }

    /// How many sessions are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether no session is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Makes what follows from the rest, after a snapshot has been read.
    pub(crate) fn index_by_age(&mut self) {
        self.by_age = self.open.iter().map(|(&id, session)| (session.last_used, id)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_is_new_once() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.open(1), 1);
        assert_eq!(sessions.judge(1, 1, 2), Judgement::New);
        sessions.remember(1, 1, &Reply::WrongVersion(4));
        assert_eq!(sessions.judge(1, 1, 3), Judgement::Repeated(Reply::WrongVersion(4)), "a retry");
        assert_eq!(sessions.judge(1, 5, 4), Judgement::New, "numbers may be left out");
        sessions.remember(1, 5, &Reply::Done);
        assert_eq!(sessions.judge(1, 4, 5), Judgement::Refused(Reply::Superseded), "a late copy");
        assert_eq!(sessions.judge(1, 5, 6), Judgement::Repeated(Reply::Done));
    }

    #[test]
    fn sessions_are_strangers() {
        let mut sessions = Sessions::default();
        sessions.open(1);
        sessions.open(2);
        sessions.remember(1, 9, &Reply::Done);
        assert_eq!(sessions.judge(2, 1, 3), Judgement::New);
        assert_eq!(sessions.judge(3, 1, 4), Judgement::Refused(Reply::SessionExpired));
    }

    #[test]
    fn longest_idle_session_is_closed() {
        let mut sessions = Sessions::default();
        let max = SESSIONS_MAX as Index;
        for index in 1..=max {
            sessions.open(index);
        }
        assert_eq!(sessions.judge(1, 1, max + 1), Judgement::New, "used again, so 2 is the oldest now");
        sessions.open(max + 2);
        assert_eq!(sessions.len(), SESSIONS_MAX);
        assert_eq!(sessions.judge(2, 1, max + 3), Judgement::Refused(Reply::SessionExpired));
        assert_eq!(sessions.judge(1, 1, max + 4), Judgement::New);
    }

    #[test]
    fn session_table_is_bounded_after_a_hundred_thousand_clients() {
        let mut sessions = Sessions::default();
        for client in 0..100_000 {
            let session = sessions.open(client * 2 + 1);
            assert_eq!(sessions.judge(session, 1, client * 2 + 2), Judgement::New);
            sessions.remember(session, 1, &Reply::Done);
        }
        assert_eq!((sessions.len(), sessions.by_age.len()), (SESSIONS_MAX, SESSIONS_MAX));
        let bytes = postcard::to_stdvec(&sessions).unwrap().len();
        assert!(bytes < SESSIONS_MAX * 16, "{bytes} bytes");
    }

    #[test]
    fn copy_from_a_snapshot_closes_the_same_sessions() {
        let mut here = Sessions::default();
        for index in 1..=SESSIONS_MAX as Index {
            here.open(index);
        }
        here.judge(1, 1, 20_000);
        let mut there: Sessions = postcard::from_bytes(&postcard::to_stdvec(&here).unwrap()).unwrap();
        there.index_by_age();
        assert_eq!(here, there);
        for index in 20_001..20_010 {
            here.open(index);
            there.open(index);
        }
        assert_eq!(here, there);
    }
}
