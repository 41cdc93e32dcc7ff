//! What a server says about itself, for people and for whoever watches it.

use std::fmt;

use raft_interface::{Configuration, Index, ServerId, Term};

use crate::election::Asking;
use crate::state::{Role, State};

/// A role without its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// Answers candidates and leaders.
    Follower,
    /// Asks whether it would win an election, and is a follower otherwise (thesis §9.6).
    PreCandidate,
    /// Gathers votes.
    Candidate,
    /// Replicates its log.
    Leader,
}

/// What a server says about itself. One consistent copy, taken between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The server.
    pub id: ServerId,
    /// Its role.
    pub role: RoleName,
    /// Its current term.
    pub term: Term,
    /// Who leads that term, if it knows.
    pub leader: Option<ServerId>,
    /// The last index that its snapshot covers; 0 without a snapshot.
    pub snapshot_index: Index,
    /// The index of its last entry.
    pub last_log_index: Index,
    /// The highest index that it knows to be committed.
    pub commit_index: Index,
    /// The highest index that it has handed to the apply channel, or is about to.
    pub last_applied: Index,
}

/// All that a server can say about itself: more than [`Status`], and not made at each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is and how far it has come.
    pub status: Status,
    /// Who counts, to its knowledge: the last configuration in its log, committed or not.
    pub configuration: Configuration,
    /// What it knows of the others, by id; nobody unless it leads.
    pub peers: Vec<PeerReport>,
    /// To whom it is handing its office, if it leads and was asked to.
    pub transfer: Option<ServerId>,
    /// How often it has stood for election since it came up.
    pub elections: u64,
    /// How many leaders it has known since then, itself among them; one that leads two terms counts twice.
    pub leader_changes: u64,
}

/// What a leader knows of another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerReport {
    /// The server.
    pub id: ServerId,
    /// The highest entry known to be stored there.
    pub match_index: Index,
    /// The next entry to send.
    pub next_index: Index,
    /// Whether its copy counts.
    pub is_voter: bool,
}

impl State {
    /// The role without its state.
    pub(crate) fn role_name(&self) -> RoleName {
        match &self.role {
            Role::Follower => RoleName::Follower,
            Role::Candidate(candidacy) if candidacy.asking == Asking::PreVotes => RoleName::PreCandidate,
            Role::Candidate(_) => RoleName::Candidate,
            Role::Leader(_) => RoleName::Leader,
        }
    }

    /// One consistent copy of what others may want to know.
    pub(crate) fn status(&self) -> Status {
        Status {
            id: self.me,
            role: self.role_name(),
            term: self.current_term,
            leader: self.leader,
            snapshot_index: self.log.base_index(),
            last_log_index: self.log.last_index(),
            commit_index: self.commit_index,
            last_applied: self.last_applied,
        }
    }

    /// All that this server can say about itself. Once it has stopped because it could not save, log and indexes may be further
    /// than what is stored.
    pub(crate) fn report(&self) -> Report {
        let configuration = *self.configuration();
        let (peers, transfer) = match &self.role {
            Role::Follower | Role::Candidate(_) => (Vec::new(), None),
            Role::Leader(leadership) => {
                let peers = self
                    .peers()
                    .map(|id| {
                        let progress = &leadership.progress[id];
                        let (match_index, next_index) = (progress.match_index, progress.next_index);
                        PeerReport { id, match_index, next_index, is_voter: configuration.is_voter(id) }
                    })
                    .collect();
                (peers, leadership.handover.as_ref().map(|handover| handover.to))
            }
        };
        let (elections, leader_changes) = (self.elections, self.leader_changes);
        Report { status: self.status(), configuration, peers, transfer, elections, leader_changes }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{} T{} {:?}", self.id, self.term, self.role)?;
        if let Some(leader) = self.leader {
            write!(f, " of S{leader}")?;
        }
        let Self { snapshot_index, last_applied, commit_index, last_log_index, .. } = self;
        write!(f, " snapshot {snapshot_index} applied {last_applied} committed {commit_index}")?;
        write!(f, " last {last_log_index}")
    }
}
