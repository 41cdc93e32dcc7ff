//! Changes of the configuration: what may be asked for, and what becomes of it (§6; thesis §4).

use crate::{Configuration, Index, ServerId, Servers};

/// A change of who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A server that is not there yet gets all entries, and has no vote (thesis §4.2.1).
    AddLearner(ServerId),
    /// A learner gets a vote.
    Promote(ServerId),
    /// A voter becomes a learner.
    Demote(ServerId),
    /// A voter or a learner goes.
    Remove(ServerId),
    /// These vote, and the other voters go. Learners stay that are not among them.
    Voters(Servers),
}

/// Why a change is refused. Nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The implementation knows no such calls.
    #[error("this Raft does not change its configuration (RaftServer::change_configuration)")]
    NotOffered,
    /// This server does not lead.
    #[error("not the leader")]
    NotLeader {
        /// Who leads, if this server knows.
        leader: Option<ServerId>,
    },
    /// The configuration of this index is not committed yet, or a joint one has not been left: one change at a time (thesis §4.1).
    #[error("the configuration of entry {index} is still on its way: one change at a time")]
    InProgress {
        /// Where it stands; 0 for one in a snapshot.
        index: Index,
    },
    /// The leader is handing its office to another server, and takes nothing new meanwhile (thesis §3.10).
    #[error("the leader is handing its office to another server")]
    HandingOver,
    /// This leader has committed nothing in its term yet (the raft-dev post of July 2015; thesis §4.1 is silent).
    #[error("the leader has committed nothing in its term yet")]
    NothingCommittedInTerm,
    /// A server that is to vote lacks many entries: until it has them, commits would wait for it (thesis §4.2.1).
    #[error("S{server} lacks {behind} entries: let it catch up as a learner")]
    Lagging {
        /// The server.
        server: ServerId,
        /// So many committed entries it is not known to have.
        behind: Index,
    },
    /// There is no server of this number among the peers.
    #[error("there is no S{server}")]
    NoSuchServer {
        /// The number.
        server: ServerId,
    },
    /// Only a learner can be promoted.
    #[error("S{server} is no learner")]
    NotALearner {
        /// The server.
        server: ServerId,
    },
    /// Nobody could decide anything any more.
    #[error("nobody would have a vote")]
    NoVoterLeft,
    /// It is so already.
    #[error("it is so already")]
    NoChange,
}

impl Configuration {
    /// The configuration that this change leads to first: the new one, if it has at most one voter more or less, so that each of
    /// its majorities shares a server with each of the old ones (thesis §4.1). Otherwise the joint one of both (§6), after
    /// which comes its [`settled`](Self::settled) form. `servers` is the number of all peers.
    ///
    /// # Errors
    ///
    /// [`ChangeError`], of those that have to do with the configuration alone.
    pub fn after(&self, change: Change, servers: usize) -> Result<Self, ChangeError> {
        if self.incoming.is_some() {
            return Err(ChangeError::InProgress { index: 0 });
        }
        let Self { voters, learners, .. } = *self;
        let wanted = match change {
            Change::AddLearner(server) if self.members().contains(server) => *self,
            Change::AddLearner(server) => Self { learners: with(learners, server)?, ..*self },
            Change::Promote(server) if voters.contains(server) => *self,
            Change::Promote(server) if !learners.contains(server) => {
                return Err(ChangeError::NotALearner { server });
            }
            Change::Promote(server) => {
                Self { voters: with(voters, server)?, learners: learners.without(server), ..*self }
            }
            Change::Demote(server) if voters.contains(server) => {
                Self { voters: voters.without(server), learners: with(learners, server)?, ..*self }
            }
            Change::Demote(_) => *self,
            Change::Remove(server) => {
                Self { voters: voters.without(server), learners: learners.without(server), ..*self }
            }
            Change::Voters(voters) => {
                Self { voters, learners: learners.iter().filter(|&s| !voters.contains(s)).collect(), ..*self }
            }
        };
        if let Some(server) = wanted.members().iter().find(|&server| server >= servers) {
            return Err(ChangeError::NoSuchServer { server });
        }
        if wanted.voters.is_empty() {
            return Err(ChangeError::NoVoterLeft);
        }
        if wanted == *self {
            return Err(ChangeError::NoChange);
        }
        let come_or_gone = voters.union(wanted.voters).len() - voters.intersection(wanted.voters).len();
        Ok(match come_or_gone {
            0 | 1 => wanted,
            _ => Self { voters, incoming: Some(wanted.voters), learners: wanted.learners },
        })
    }

    /// What follows when this is committed: of a joint one, the new configuration alone (§6). Itself, if it is not joint.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self { voters: self.incoming.unwrap_or(self.voters), incoming: None, learners: self.learners }
    }
}

/// # Errors
///
/// If no set can hold such a server.
fn with(servers: Servers, server: ServerId) -> Result<Servers, ChangeError> {
    if server >= Servers::MAX {
        return Err(ChangeError::NoSuchServer { server });
    }
    Ok(servers.with(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(servers: &[ServerId]) -> Servers {
        servers.iter().copied().collect()
    }

    fn configuration(voters: &[ServerId], learners: &[ServerId]) -> Configuration {
        Configuration { voters: set(voters), incoming: None, learners: set(learners) }
    }

    #[test]
    fn each_change_leads_where_it_says() {
        let before = configuration(&[0, 1, 2], &[3]);
        let joint = |voters: &[ServerId], learners: &[ServerId]| {
            Ok(Configuration { incoming: Some(set(voters)), ..configuration(&[0, 1, 2], learners) })
        };
        let direct = |voters: &[ServerId], learners: &[ServerId]| Ok(configuration(voters, learners));
        let rows = [
            (Change::AddLearner(4), direct(&[0, 1, 2], &[3, 4])),
            (Change::AddLearner(3), Err(ChangeError::NoChange)),
            (Change::AddLearner(2), Err(ChangeError::NoChange)),
            (Change::AddLearner(6), Err(ChangeError::NoSuchServer { server: 6 })),
            (Change::AddLearner(64), Err(ChangeError::NoSuchServer { server: 64 })),
            (Change::Promote(3), direct(&[0, 1, 2, 3], &[])),
            (Change::Promote(2), Err(ChangeError::NoChange)),
            (Change::Promote(5), Err(ChangeError::NotALearner { server: 5 })),
            (Change::Demote(2), direct(&[0, 1], &[2, 3])),
            (Change::Demote(3), Err(ChangeError::NoChange)),
            (Change::Remove(0), direct(&[1, 2], &[3])),
            (Change::Remove(3), direct(&[0, 1, 2], &[])),
            (Change::Remove(5), Err(ChangeError::NoChange)),
            (Change::Voters(set(&[0, 1, 2, 3])), direct(&[0, 1, 2, 3], &[])),
            (Change::Voters(set(&[0, 1])), direct(&[0, 1], &[3])),
            (Change::Voters(set(&[3, 4, 5])), joint(&[3, 4, 5], &[])),
            (Change::Voters(set(&[0, 1, 4])), joint(&[0, 1, 4], &[3])),
            (Change::Voters(set(&[0, 1, 2])), Err(ChangeError::NoChange)),
            (Change::Voters(set(&[])), Err(ChangeError::NoVoterLeft)),
            (Change::Voters(set(&[0, 7])), Err(ChangeError::NoSuchServer { server: 7 })),
        ];
        for (change, after) in rows {
            assert_eq!(before.after(change, 6), after, "{change:?}");
        }
        assert_eq!(configuration(&[0], &[1]).after(Change::Remove(0), 6), Err(ChangeError::NoVoterLeft));
        let joint = before.after(Change::Voters(set(&[3, 4])), 6).expect("joint");
        assert_eq!(joint.after(Change::AddLearner(5), 6), Err(ChangeError::InProgress { index: 0 }));
        assert_eq!(joint.settled(), configuration(&[3, 4], &[]));
    }

    /// What makes changes safe: whatever is enough before shares a server with whatever is enough after, at each step.
    #[test]
    fn what_is_enough_before_and_after_a_change_shares_a_server() {
        const SERVERS: usize = 5;
        let all = || {
            (0..1_u64 << SERVERS)
                .map(|bits| (0..SERVERS).filter(move |server| bits & 1 << server != 0).collect::<Servers>())
        };
        let shares = |one: Configuration, other: Configuration| {
            let enough = |c: Configuration| all().filter(|yes| c.agree(*yes)).collect();
            let (a, b): (Vec<Servers>, Vec<Servers>) = (enough(one), enough(other));
            a.iter().all(|a| b.iter().all(|b| !a.intersection(*b).is_empty()))
        };
        for voters in all() {
            let before = Configuration::of(voters);
            for target in all() {
                let Ok(after) = before.after(Change::Voters(target), SERVERS) else { continue };
                assert!(shares(before, after) && shares(after, after.settled()), "{before} -> {after}");
                assert_eq!(after.settled().voters, target);
            }
        }
    }
}
