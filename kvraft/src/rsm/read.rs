//! Reads without an entry in the log (§8; thesis §6.4, ReadIndex).
//!
//! In the order in which it happens, with the thesis' numbers:
//!
//! 1. The Raft refuses unless an entry of its current term has committed; before that a leader does not know what is
//!    committed.
//! 2. It notes its commit index, the *read index*.
//! 3. It has its leadership confirmed by a majority, in a round of messages that begins after the read arrived. Steps 1 to 3
//!    are [`RaftServer::read_index_until`].
//! 4. The read waits until the machine has applied the read index.
//! 5. It looks at the machine.
//!
//! Why that is linearizable: a write that was acknowledged before the read arrived had committed by then. No later term can
//! have had a leader before the majority confirmed this one, so that write was committed by this leader or one
//! before it, and step 1 and 2 put it below the read index. So the read sees it. What the read sees besides is
//! committed, so nobody later sees less.

use labrpc::time::Instant;
use raft_interface::Index;

use super::{Rsm, Shared, StateMachine};
use raft_interface::{RaftServer, ReadIndexError};

impl<R: RaftServer, M: StateMachine> Rsm<R, M> {
    /// Looks at the machine, in a state that includes every command whose result was known when the call began.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`] when that cannot be made sure of. Nothing was read.
    pub fn read<T>(&self, look: impl FnOnce(&M) -> T) -> Result<T, ReadIndexError> {
        let deadline = self.deadline();
        // Asked without the lock: a round of messages takes its time, and the applier has to go on meanwhile,
        // for this very read among others.
        let index = self.raft().read_index_until(deadline)?;
        self.look_from(index, deadline, look).map(|(seen, _)| seen)
    }

    /// The same without a round of messages, if this server leads and has a lease (thesis §6.4.1). As good as the clocks.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`]; [`ReadIndexError::Timeout`] if there is no lease at the moment.
    pub fn read_by_lease<T>(&self, look: impl FnOnce(&M) -> T) -> Result<T, ReadIndexError> {
        let deadline = self.deadline();
        let index = self.raft().lease_read_index()?;
        // Step 4 is the same: what is committed may not be applied yet, on a leader that has just been elected most of all.
        self.look_from(index, deadline, look).map(|(seen, _)| seen)
    }

    /// Looks at the machine once it has applied `index`, and says up to which index it has.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError::Timeout`] and [`ReadIndexError::ShuttingDown`].
    pub fn look_from<T>(
        &self,
        index: Index,
        deadline: Instant,
        look: impl FnOnce(&M) -> T,
    ) -> Result<(T, Index), ReadIndexError> {
        // To read the machine right after the round would miss what is committed and not yet applied: a client's own last write, on
        // a leader that has just been elected. And to look later, in another piece under the lock, could miss a stop.
        let mut look = Some(look);
        let seen = self.shared.wait_for(deadline, |core| {
            let is_ready = core.applied >= index && !core.is_stopped();
            let look = is_ready.then(|| look.take()).flatten()?;
            Some((look(&core.machine), core.applied))
        });
        seen.ok_or_else(|| self.shared.why_none())
    }

    /// When who begins to wait now gives up.
    fn deadline(&self) -> Instant {
        Instant::now() + self.shared.config.wait_max
    }
}

impl<R, M: StateMachine> Shared<R, M> {
    /// Why a wait had no result.
    fn why_none(&self) -> ReadIndexError {
        if self.core.lock().is_stopped() { ReadIndexError::ShuttingDown } else { ReadIndexError::Timeout }
    }
}
