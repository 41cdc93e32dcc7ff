//! What a Raft does beyond Figure 2 and Figure 13, if it is asked to.

use std::num::NonZeroUsize;

/// Which of it is on. By default nothing is: the same messages leave at the same times as without this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// A leader sends its snapshot in pieces of so many bytes, one at a time (Fig. 13: `offset`, `done`). `None`: in one message.
    /// Every server can receive pieces, whatever this says.
    pub snapshot_chunk_bytes: Option<NonZeroUsize>,
}
