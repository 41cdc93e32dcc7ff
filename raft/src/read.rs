//! Reads that need no entry in the log (§8; thesis §6.4, ReadIndex).
//!
//! A leader may have been deposed without knowing, so it must not answer a read from its own state just because it
//! thinks that it leads. In the order in which it happens: a read notes the commit index; a round of messages
//! that leave after this asks the followers; when a majority has answered in the same term, nobody else can have
//! led when the read arrived, so the noted index covers every write that was acknowledged before; the service
//! answers once it has applied that index.
//!
//! Rounds are shared: reads that arrive before the first message of a round leaves wait for that round together.
//! Any message to a follower serves the latest round, so a busy leader confirms reads with the messages that it
//! sends anyway, and a leader without reads sends nothing more than it would otherwise.
//!
//! The first read of a term has to wait for an entry of that term to be committed: before, the leader does not know
//! which of its entries are (§8). The labs count indexes, so no empty entry is added for that; the service is told.

use labrpc::time::Instant;
use raft_interface::{Index, ServerId, Term};

use crate::node::Raft;
use crate::state::{Role, State};

/// Why a read could not be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// This server does not lead, or no longer does.
    #[error("not the leader")]
    NotLeader {
        /// Who leads, if this server knows.
        leader: Option<ServerId>,
    },
    /// This leader has committed nothing in its term yet. Starting any command helps.
    #[error("the leader has committed nothing in its term yet")]
    NothingCommitted,
    /// No majority has confirmed the leader in time.
    #[error("no majority has confirmed the leader in time")]
    Timeout,
}

/// A read that waits for its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    term: Term,
    round: u64,
    /// What must be applied before the read may be answered.
    index: Index,
}

impl Raft {
    /// Waits until it is certain that this server led the cluster after the call began. Returns the index that
    /// the service must have applied before it answers the read.
    ///
    /// Blocks for a round trip, and for as long as no majority can be reached: until the term moves on or the server
    /// is killed.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when this server does not lead, or cannot know yet what is committed.
    pub fn read_index(&self) -> Result<Index, ReadError> {
        self.wait_for_round(None)
    }

    /// As [`Self::read_index`], until `deadline` at the longest.
    ///
    /// # Errors
    ///
    /// [`ReadError`], [`ReadError::Timeout`] among them.
    pub fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadError> {
        self.wait_for_round(Some(deadline))
    }

    fn wait_for_round(&self, deadline: Option<Instant>) -> Result<Index, ReadError> {
        let not_leader = ReadError::NotLeader { leader: None };
        let read = self.node.step(|state, _| state.begin_read()).ok_or(not_leader)??;
        self.node.wait_for(deadline, |state| state.outcome_of(read)).unwrap_or(Err(ReadError::Timeout))
    }
}

impl State {
    /// Registers a read with a round that has not begun.
    pub(crate) fn begin_read(&mut self) -> Result<Read, ReadError> {
        let index = self.commit_index;
        let knows_commit_index = self.knows_commit_index();
        let Role::Leader(leadership) = &mut self.role else {
            return Err(ReadError::NotLeader { leader: self.leader });
        };
        if !knows_commit_index {
            return Err(ReadError::NothingCommitted);
        }
        if leadership.round_begun == leadership.read_round {
            leadership.read_round += 1; // its messages left before this read arrived: too early to count
        }
        Ok(Read { term: self.current_term, round: leadership.read_round, index })
    }

    /// Whether a leader knows of all that is committed.
    pub(crate) fn knows_commit_index(&self) -> bool {
        // A new leader has all committed entries but may not know that they are: S0 commits 5, tells S1 only up
        // to 4, and crashes. S1 leads, and its index 4 would be too old for a read that follows the write in 5.
        // After an entry of its own term has committed, everything before is known to be.
        self.log.term_at(self.commit_index) == Some(self.current_term)
    }

    /// What has become of a read; `None` while its round is under way.
    pub(crate) fn outcome_of(&self, read: Read) -> Option<Result<Index, ReadError>> {
        let Role::Leader(leadership) = &self.role else {
            return Some(Err(ReadError::NotLeader { leader: self.leader }));
        };
        // It may lead again, in a later term and with rounds counted from 0, which say nothing of this read.
        if self.current_term != read.term {
            return Some(Err(ReadError::NotLeader { leader: self.leader }));
        }
        let acked = |server: ServerId| match server == self.me {
            true => u64::MAX,
            false => leadership.progress[server].round_acked,
        };
        // A majority of answers of this term: each of these servers had entered no later term when it answered,
        // so no later leader could have been elected before the round began. The index was noted when the read
        // arrived, so it covers all that was acknowledged by then.
        (self.configuration().reached(acked) >= read.round).then_some(Ok(read.index))
    }
}
