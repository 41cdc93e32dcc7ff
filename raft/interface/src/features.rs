//! What a Raft does beyond Figure 2 and Figure 13, if it is asked to.

use std::num::NonZeroUsize;

use crate::Configuration;

/// Which of it is on. By default nothing is: the same messages leave at the same times as without this.
///
/// A Raft says with [`RaftServer::offers`](crate::RaftServer::offers) which of it it has. Suites of parts E ask for one
/// feature each, and skip what is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// A leader sends its snapshot in pieces of so many bytes, one at a time (Fig. 13: `offset`, `done`). `None`: in one message.
    /// Every server can receive pieces, whatever this says.
    pub snapshot_chunk_bytes: Option<NonZeroUsize>,
    /// Who counts until an entry says otherwise (§6), the same on all servers. `None`: all peers vote, and that never changes.
    ///
    /// With it a leader begins its term with an entry that says nothing (§8), for it changes no configuration before it has
    /// committed something in its term; and [`RaftServer::change_configuration`](crate::RaftServer::change_configuration) may
    /// be there.
    pub first_configuration: Option<Configuration>,
}

impl Features {
    /// This configuration at first, and nothing else.
    #[must_use]
    pub fn beginning_with(configuration: Configuration) -> Self {
        Self { first_configuration: Some(configuration), ..Self::default() }
    }

    /// Snapshots in pieces of so many bytes, and nothing else.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0: a piece must bring something.
    #[must_use]
    pub fn snapshots_in_pieces(bytes: usize) -> Self {
        let bytes = NonZeroUsize::new(bytes).expect("a piece of a snapshot has at least one byte");
        Self { snapshot_chunk_bytes: Some(bytes), ..Self::default() }
    }

    /// The names of those that are on.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let Self { snapshot_chunk_bytes, first_configuration } = self;
        [
            ("snapshot_chunk_bytes", snapshot_chunk_bytes.is_some()),
            ("first_configuration", first_configuration.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_on)| is_on.then_some(name))
    }
}

/// A Raft does not have a feature that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this Raft does not offer {feature} (RaftServer::offers)")]
pub struct NotOffered {
    /// The first that it does not have: a field of [`Features`].
    pub feature: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_has_a_name() {
        assert_eq!(Features::default().names().count(), 0);
        assert!(Features::snapshots_in_pieces(3).names().eq(["snapshot_chunk_bytes"]));
    }
}
