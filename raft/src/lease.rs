//! Leases (thesis §6.4.1): a leader that reads without asking anybody, because nobody else can lead yet.
//!
//! In the order in which it happens: a message of the leader leaves; a follower that gets it leaves candidates alone for the minimum
//! election timeout (`quorum_check`), which begins after the message has left; a majority has answered; so until that timeout has
//! passed since the message left, no other server gets the votes of a majority, and what this leader knows to be committed is all
//! that is. The lease is that time, less the error of the clocks: it is measured on one clock and kept on others.
//!
//! The rules:
//!
//! 1. It begins when the message left, not when the answer came: an answer may be late, and the follower's time runs already.
//! 2. As for any read, an entry of the leader's term is committed (§8).
//! 3. It ends when a transfer begins, and does not come back in this term: who gets TimeoutNow stands at once, and nobody leaves it
//!    alone. The leader may give the transfer up, but the order may be on its way still.
//! 4. A promise lasts for its time, whatever happens to who has given it. A follower that moves on to a later term by an answer to a
//!    candidacy of old keeps it: the candidate of that term may have all other votes that it needs. A server that comes up does
//!    not remember, and acts as if it had heard from a leader just before it went down.
//!
//! Everything else in Raft is safe whatever the clocks do. This is not: a clock that is wrong by more than
//! [`leases`](raft_interface::Features::leases) allows gives stale reads.

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{Index, ReadIndexError, ServerId};

use crate::node::Raft;
use crate::state::{Leadership, Moment, Role, State};

impl Raft {
    /// An index that covers all that was committed when the call began, if a lease says that nobody else leads. Returns at once.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`]; [`ReadIndexError::Timeout`] when there is no lease at the moment.
    pub fn lease_read_index(&self) -> Result<Index, ReadIndexError> {
        self.node.step(|state, moment| state.lease_index(moment)).unwrap_or(Err(ReadIndexError::ShuttingDown))
    }
}

impl State {
    /// What a read by lease must see.
    pub(crate) fn lease_index(&self, moment: &Moment) -> Result<Index, ReadIndexError> {
        if self.config.features.leases.is_none() {
            return Err(ReadIndexError::Unsupported);
        }
        let Role::Leader(leadership) = &self.role else { return Err(ReadIndexError::NotLeader) };
        if !self.knows_commit_index() {
            return Err(ReadIndexError::NothingCommitted);
        }
        if !self.has_lease(leadership, moment.now) {
            return Err(ReadIndexError::Timeout);
        }
        Ok(self.commit_index)
    }

    /// Whether no other server can have been elected by now, by what a majority has promised.
    fn has_lease(&self, leadership: &Leadership, now: Instant) -> bool {
        let Some(clock_error) = self.config.features.leases.filter(|_| leadership.may_lease) else {
            return false;
        };
        // As nanoseconds of this leadership and one more, since what a majority has reached is asked of numbers, and 0 says that
        // nothing was promised. A vote is no promise: who has given one has not heard of this leader yet.
        let promised = |server: ServerId| match (server == self.me, leadership.progress[server].promised_at) {
            (true, _) => u64::MAX,
            (false, Some(at)) => (at - leadership.began_at).as_nanos() as u64 + 1,
            (false, None) => 0,
        };
        match self.configuration().reached(promised) {
            0 => false,
            u64::MAX => true, // it needs nobody else
            nanos => {
                let begins_at = leadership.began_at + Duration::from_nanos(nanos - 1);
                now < begins_at + (self.config.election_timeout_min - clock_error)
            }
        }
    }

    /// Whether a leader may count on this server to leave candidates alone, though this server knows of no leader: it has moved on to
    /// a later term since by an answer that was late, or it has come up since and remembers nothing.
    pub(crate) fn keeps_promise(&self, now: Instant) -> bool {
        self.config.features.leases.is_some() && now < self.leader_heard_at + self.config.election_timeout_min
    }
}
