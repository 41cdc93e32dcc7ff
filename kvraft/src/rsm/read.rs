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
        let deadline = Instant::now() + self.shared.config.wait_max;
        // Asked without the lock: a round of messages takes its time, and the applier has to go on meanwhile,
        // for this very read among others.
        let index = self.shared.raft.read_index_until(deadline)?;
        self.shared.look_at(index, deadline, look)
    }
}

impl<R, M: StateMachine> Shared<R, M> {
    /// Looks at the machine once it has applied `index`.
    fn look_at<T>(
        &self,
        index: Index,
        deadline: Instant,
        look: impl FnOnce(&M) -> T,
    ) -> Result<T, ReadIndexError> {
        let mut core = self.core.lock();
        core.readers_waiting += 1;
        // With `while`, and the applied index as the question: a batch may end below the read index, and one
        // that is applied before the wait begins wakes nobody. To read the machine right after the round would
        // miss what is committed and not yet applied: a client's own last write, on a leader that has just been
        // elected.
        while core.applied < index && !core.is_stopped() && Instant::now() < deadline {
            let _woken_or_late = self.progress.wait_until(&mut core, deadline); // the loop looks anyway
        }
        core.readers_waiting -= 1;
        if core.is_stopped() {
            Err(ReadIndexError::ShuttingDown)
        } else if core.applied < index {
            Err(ReadIndexError::Timeout)
        } else {
            Ok(look(&core.machine))
        }
    }
}
