//! What survives a crash (Fig. 2, Persistent state): how it is written, and how it is read again.

use labrpc::sync::Arc;
use raft_interface::{Persister, SaveError, ServerId, Term};
use serde::{Deserialize, Serialize};

use crate::log::Log;
use crate::raft::Node;
use crate::state::State;

/// What a server finds again when it comes up; the default is what it begins with.
#[derive(Debug, Default)]
pub(crate) struct Persistent {
    pub(crate) current_term: Term,
    pub(crate) voted_for: Option<ServerId>,
    pub(crate) log: Log,
    pub(crate) snapshot: Arc<[u8]>,
}

/// The same as it is written, but for the snapshot, which is stored beside it.
#[derive(Serialize, Deserialize)]
struct Stored<L> {
    current_term: Term,
    voted_for: Option<ServerId>,
    log: L,
}

impl Persistent {
    /// Reads what was saved.
    ///
    /// # Panics
    ///
    /// If the bytes are none that a server has saved.
    pub(crate) fn restore(persister: &dyn Persister) -> Self {
        let saved = persister.raft_state();
        if saved.is_empty() {
            return Self::default(); // the first start
        }
        // begin solution 3A.4: read what `encode` has written
        // hint: postcard::from_bytes reads what postcard::to_stdvec has written, if the type is the same.
        // hint: 3D.2: the snapshot is stored beside the state: `persister.snapshot()`.
        let stored: Stored<Log> = postcard::from_bytes(&saved).expect("bytes that a server has saved");
        let Stored { current_term, voted_for, log } = stored;
        Self { snapshot: persister.snapshot().into(), log, voted_for, current_term }
        // end solution
    }
}

/// Tells whether something persistent has changed, so that nobody has to remember each place that changes it.
pub(crate) type Mark = (Term, Option<ServerId>, [u64; 3]);

impl State {
    /// A mark that differs if anything persistent does.
    pub(crate) fn mark(&self) -> Mark {
        (self.current_term, self.voted_for, self.log.mark())
    }

    /// The bytes to save.
    fn encode(&self) -> Vec<u8> {
        // begin solution 3A.4: write term and vote; the log as well, for 3C
        let stored = Stored { current_term: self.current_term, voted_for: self.voted_for, log: &self.log };
        postcard::to_stdvec(&stored).expect("plain data")
        // end solution
    }
}

impl Node {
    /// Saves what has changed since `before`, if anything has.
    pub(crate) fn save(&self, state: &State, before: Mark) -> Result<(), SaveError> {
        // begin solution 3A.4: save the state, before anybody hears of it
        // hint: Who forgets its vote in a restart votes twice in a term. 3C asks for the log as well.
        // hint: 3D.2: with a new snapshot, save both in one call. A crash between two calls would leave what does not fit.
        // instead: Ok(())
        if state.mark() == before {
            return Ok(());
        }
        let has_new_snapshot = state.log.base_index() > before.2[0];
        self.persister.save(&state.encode(), has_new_snapshot.then_some(&*state.snapshot))
        // end solution
    }
}
