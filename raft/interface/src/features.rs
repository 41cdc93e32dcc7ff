//! What a Raft does beyond Figure 2 and Figure 13, if it is asked to.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::Configuration;

/// Which of it is on. By default nothing is: the same messages leave at the same times as without this.
///
/// A Raft says with [`RaftServer::offers`](crate::RaftServer::offers) which of it it has. Suites of parts E ask for one
/// feature each, and skip what is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// A leader begins its term with an entry of its own that says nothing, which commits what came before (§8). It is
    /// delivered as [`ApplyMsg::Own`](crate::ApplyMsg::Own) or not at all, and never as a command.
    pub noop_on_election: bool,
    /// A server first asks whether it would win, which changes neither a term nor a vote anywhere, and stands for election
    /// only if a majority says yes (thesis §9.6). Every server can be asked, whatever this says.
    pub pre_vote: bool,
    /// A leader that hears from no majority for an election timeout steps down (thesis §6.2), and who has heard from a leader
    /// within the minimum election timeout leaves candidates and their terms alone (§6; thesis §4.2.3).
    pub check_quorum: bool,
    /// A leader hands its office to another server when it is asked to
    /// ([`RaftServer::transfer_leadership`](crate::RaftServer::transfer_leadership); thesis §3.10). Every server can be handed
    /// the office, whatever this says.
    pub leadership_transfer: bool,
    /// A leader sends its snapshot in pieces of so many bytes, one at a time (Fig. 13: `offset`, `done`). `None`: in one message.
    /// Every server can receive pieces, whatever this says.
    pub snapshot_chunk_bytes: Option<NonZeroUsize>,
    /// A leader answers reads for a while after a majority has answered it, without a new round of messages
    /// ([`RaftServer::lease_read_index`](crate::RaftServer::lease_read_index); thesis §6.4.1). The time is by how much two clocks
    /// of the cluster may differ over an election timeout: with clocks that differ by more, a read may be stale. Needs
    /// [`check_quorum`](Self::check_quorum), for followers must leave candidates alone meanwhile. `None`: no leases.
    pub leases: Option<Duration>,
    /// A follower that lacks many entries fetches them from other peers, committed ones only, so that its leader does not have to send
    /// them. It acknowledges nothing by that. Every server can be asked, whatever this says.
    pub catch_up_from_peers: bool,
    /// Who counts until an entry says otherwise (§6), the same on all servers. `None`: all peers vote, and that never changes.
    ///
    /// With it a leader begins its term with an entry that says nothing (§8), for it changes no configuration before it has
    /// committed something in its term; and [`RaftServer::change_configuration`](crate::RaftServer::change_configuration) may
    /// be there.
    pub first_configuration: Option<Configuration>,
}

impl Features {
    /// Nothing beyond Figure 2: the default, for constants.
    pub const NONE: Self = Self {
        noop_on_election: false,
        pre_vote: false,
        check_quorum: false,
        leadership_transfer: false,
        snapshot_chunk_bytes: None,
        leases: None,
        catch_up_from_peers: false,
        first_configuration: None,
    };

    /// This configuration at first, and nothing else.
    #[must_use]
    pub fn beginning_with(configuration: Configuration) -> Self {
        Self { first_configuration: Some(configuration), ..Self::default() }
    }

    /// Leases for clocks that differ by at most so much over an election timeout, check-quorum, and nothing else.
    #[must_use]
    pub const fn with_leases(clock_error: Duration) -> Self {
        Self { check_quorum: true, leases: Some(clock_error), ..Self::NONE }
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

    /// For a Raft that has some of them only, to be its [`RaftServer::offers`](crate::RaftServer::offers): whether all that
    /// are on are among those of these names.
    ///
    /// # Errors
    ///
    /// The first that is not.
    pub fn among(&self, offered: &[&str]) -> Result<(), NotOffered> {
        let missing = self.names().find(|name| !offered.contains(name));
        missing.map_or(Ok(()), |feature| Err(NotOffered { feature }))
    }

    /// The names of those that are on.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let &Self {
            noop_on_election,
            pre_vote,
            check_quorum,
            leadership_transfer,
            snapshot_chunk_bytes,
            leases,
            catch_up_from_peers,
            first_configuration,
        } = self;
        [
            ("noop_on_election", noop_on_election),
            ("pre_vote", pre_vote),
            ("check_quorum", check_quorum),
            ("leadership_transfer", leadership_transfer),
            ("snapshot_chunk_bytes", snapshot_chunk_bytes.is_some()),
            ("leases", leases.is_some()),
            ("catch_up_from_peers", catch_up_from_peers),
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
        assert_eq!((Features::default(), Features::NONE.names().count()), (Features::NONE, 0));
        assert!(Features::snapshots_in_pieces(3).names().eq(["snapshot_chunk_bytes"]));
        let leases = Features::with_leases(Duration::from_millis(1));
        assert!(leases.names().eq(["check_quorum", "leases"]));
        let calm = Features { pre_vote: true, check_quorum: true, ..Features::default() };
        assert!(calm.names().eq(["pre_vote", "check_quorum"]));
        assert_eq!(calm.among(&["check_quorum", "pre_vote"]), Ok(()));
        assert_eq!(calm.among(&["check_quorum"]), Err(NotOffered { feature: "pre_vote" }));
    }
}
