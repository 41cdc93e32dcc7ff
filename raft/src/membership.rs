//! Changes of the configuration (§6; Ongaro's thesis of 2014, §4).
//!
//! A change is an entry. In the order in which it happens: the leader appends the new configuration, which is in force from
//! then on, on every server that has the entry, committed or not; it goes with the entry if that is cut off again
//! ([`crate::log::Log::configuration`], so there is nothing to roll back here). If more than one voter changes, the entry names
//! the joint configuration, in which both majorities decide; when it is committed, the leader appends the new one alone. When
//! that is committed, a leader that has no vote in it hands its office to one that has, and steps down. Gone without a word, it
//! would leave the cluster without a leader for an election timeout (`benches/membership.rs` measures it).
//!
//! # What is refused, and why
//!
//! - A second change while the first is not committed. Its majorities need not meet those of the configuration that is in force
//!   if the first one is cut off (thesis §4.1).
//! - A change before an entry of the leader's own term is committed (raft-dev, July 2015: "bug in single-server membership
//!   changes"). Of S0 to S3, S0 appends {S0 .. S3, S4} in term 1 and stays alone with it. S1 leads term 2 with S2 and S3, and
//!   commits {S1 S2 S3} on S1 and S2: two of three. S0 leads term 3 with S3 and S4, three of its five, and commits its own
//!   entry over that. An entry of term 2 on a majority, before, and S0 gets no vote of S1, S2 or S3. So a leader begins its term
//!   with an entry that says nothing.
//! - A vote for a server that lacks many entries: until it has them, nothing might be committed (thesis §4.2.1). It can get
//!   them as a learner.
//!
//! # Abstained, and why it changes nothing
//!
//! A server that has no vote in its own configuration says so in its answers (`abstained`), and so does a follower whose log does
//! not fit yet. It is for people. Whoever counts looks into its configuration, and nowhere else: those who abstain, are down
//! or are slow stay in the denominator. Two ways to see what happens if they do not:
//!
//! - Five servers. S0 leads, S1 has its log, S2 to S4 lag behind and abstain. If two of the two that are left were enough, S0
//!   would commit x with S1. Then both crash; S2 to S4 have equal logs, elect S2 with three of five, and x is gone.
//! - Five servers; S0 and S1 have one entry more. S0 and S2 stand in term 2. S3 and S4 hear S0 first, lag behind, abstain, and
//!   do not note a vote, because they gave none; then they vote for S2. S2 leads with three of five; S0 with two of the three
//!   that did not abstain. Two leaders of one term.

use raft_interface::{Change, ChangeError, Configuration, Index, OwnEntry, Servers};

use crate::entry::Entry;
use crate::replication::Progress;
use crate::state::{Moment, Role, State};

/// A server that lacks more committed entries than this gets no vote. Under load a follower always lacks those of the last round
/// trip.
const LAG_MAX: Index = 32;

impl State {
    /// Appends the configuration that a change leads to, if it may.
    pub(crate) fn change_configuration(
        &mut self,
        change: Change,
        moment: &Moment,
    ) -> Result<Index, ChangeError> {
        let now = *self.configuration();
        let knows_commit_index = self.knows_commit_index();
        let Role::Leader(leadership) = &mut self.role else {
            return Err(ChangeError::NotLeader { leader: self.leader });
        };
        if leadership.handover.is_some() {
            return Err(ChangeError::HandingOver);
        }
        // Who counts is fixed where nobody has said who counts at first.
        if self.config.features.first_configuration.is_none() {
            return Err(ChangeError::NotOffered);
        }
        let index = self.log.configuration_index();
        if index > self.commit_index || now.incoming.is_some() {
            return Err(ChangeError::InProgress { index });
        }
        if !knows_commit_index {
            return Err(ChangeError::NothingCommittedInTerm);
        }
        let next = now.after(change, self.servers)?;
        for server in next.deciders().iter().filter(|&server| server != self.me && !now.is_voter(server)) {
            let behind = self.commit_index.saturating_sub(leadership.progress[server].match_index);
            if behind > LAG_MAX {
                return Err(ChangeError::Lagging { server, behind });
            }
        }
        // Of a server that comes back nothing is known: it may have been set up anew meanwhile.
        for server in next.members().iter().filter(|&server| !now.members().contains(server)) {
            let fresh = Progress::new(self.log.last_index() + 1, moment.now);
            leadership.progress[server] = Progress { last_call_before: self.last_call, ..fresh };
        }
        Ok(self.append_configuration(next, moment))
    }

    /// The leader appends a configuration. It is in force at once.
    fn append_configuration(&mut self, configuration: Configuration, moment: &Moment) -> Index {
        log::info!(target: "CONF", "S{} T{} goes over to {configuration}", self.me, self.current_term);
        self.append_own(OwnEntry::Configuration(configuration), moment)
    }

    /// The leader appends an entry of Raft's own.
    pub(crate) fn append_own(&mut self, entry: OwnEntry, moment: &Moment) -> Index {
        let index = self.log.append(Entry::own(self.current_term, entry));
        self.dirty = true;
        self.advance_commit_index(moment); // a cluster of one needs nobody else
        index
    }

    /// More is committed at the leader, maybe the last configuration: what follows from that.
    pub(crate) fn on_commit(&mut self, moment: &Moment) {
        if self.log.configuration_index() > self.commit_index {
            return;
        }
        let configuration = *self.configuration();
        if configuration.incoming.is_some() {
            // Not before: while a server may have the old configuration alone, its majority decides too (§6).
            self.append_configuration(configuration.settled(), moment);
        } else if !configuration.is_voter(self.me) {
            // Until now it had to lead, without counting itself: nobody else could commit its own removal (§6).
            self.hand_over_and_go(moment);
        }
    }

    /// Whom this server sends to in its role: a candidate those who vote, a leader all members, a follower who helps it to catch up.
    #[inline]
    pub(crate) fn correspondents(&self) -> Servers {
        let all = match self.role {
            Role::Follower => self.helper().into_iter().collect(),
            Role::Candidate(_) => self.configuration().deciders(),
            Role::Leader(_) => self.configuration().members(),
        };
        all.without(self.me)
    }

    /// Whether it is committed that this server has no vote.
    pub(crate) fn is_removed(&self) -> bool {
        self.log.configuration_index() <= self.commit_index && !self.is_voter()
    }

    /// Whether this server has a vote in the configuration that is in force here.
    pub(crate) fn is_voter(&self) -> bool {
        self.configuration().is_voter(self.me)
    }
}
