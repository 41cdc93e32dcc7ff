//! What must hold at every moment of every run, whatever the scenario: one file per property.
//!
//! An invariant is handed the [`Observation`]s that it is about, in the order in which things happened, and keeps what
//! it needs to remember. It never asks anybody anything. A broken one ends the test at once, but for `heard_by_majority`, which waits for
//! the end of a test in which nothing else is wrong. These look at what servers tell and
//! apply; what they send each other is judged by the [referee](lab_referee).
//!
//! | file | property | source |
//! |---|---|---|
//! | `election_safety` | at most one leader per term | Fig. 3; §5.2 |
//! | `log_matching` | an index and a term name one entry and one past | Fig. 3; §5.3 |
//! | `leader_completeness` | a leader's log holds what was committed before its term, across crashes | Fig. 3; §5.4 |
//! | `state_machine_safety` | applied entries agree, for ever | Fig. 3; §5.4.3 |
//! | `heard_by_majority` | of what is applied and who leads, a majority can have heard by messages | §5.2; §5.3 |
//! | `applied_in_order` | indexes are applied in order and once | Fig. 2, Rules for all servers 1 |
//! | `told_terms` | a command is delivered with the term in which it was appended | `ApplyMsg::Command` |
//! | `configurations` | configurations that can be in force together have no disjoint majorities | §6; thesis §4.1; raft-dev, July 2015 |
//! | `monotonic_terms` | a server's term never goes back, across crashes | Fig. 2, State; §5.1 |

mod applied_in_order;
mod configurations;
mod election_safety;
mod heard_by_majority;
mod invariant;
mod leader_completeness;
mod log_matching;
mod monotonic_terms;
mod state_machine_safety;
#[cfg(test)]
mod testing;
mod told_terms;

use raft_interface::{Command, Configuration, ServerId};

use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

use applied_in_order::AppliedInOrder;
use configurations::Configurations;
use election_safety::ElectionSafety;
use heard_by_majority::HeardByMajority;
use invariant::Invariant;
use leader_completeness::LeaderCompleteness;
use log_matching::LogMatching;
use monotonic_terms::MonotonicTerms;
use state_machine_safety::StateMachineSafety;
use told_terms::ToldTerms;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    monotonic_terms: MonotonicTerms,
    election_safety: ElectionSafety,
    log_matching: LogMatching,
    told_terms: ToldTerms,
    state_machine_safety: StateMachineSafety,
    applied_in_order: AppliedInOrder,
    leader_completeness: LeaderCompleteness,
    configurations: Configurations,
    heard_by_majority: HeardByMajority,
    /// What that one has found.
    unheard: Option<Box<Violation>>,
}

impl Invariants {
    /// Fresh ones, for a cluster of `servers` servers that begins with this configuration, if it may change.
    pub(crate) fn new(servers: usize, first: Option<Configuration>) -> Self {
        let heard_by_majority = match first {
            None => HeardByMajority::new(servers),
            Some(_) => HeardByMajority::default(),
        };
        Self {
            applied_in_order: AppliedInOrder::new(servers),
            configurations: Configurations::new(servers, first),
            heard_by_majority,
            ..Self::default()
        }
    }

    /// The last configuration that was delivered, or the first; `None` where it never changes.
    pub(crate) fn configuration(&self) -> Option<Configuration> {
        self.configurations.last()
    }

    /// What no majority can have heard of, since this was asked last. It is no reason to end a run at once: whatever else goes wrong
    /// says more.
    pub(crate) fn take_unheard(&mut self) -> Option<Box<Violation>> {
        self.unheard.take()
    }

    fn observe_unheard(&mut self, server: ServerId, fact: &Observation<'_>, committed: &CommittedLog) {
        if let Err(unheard) = self.heard_by_majority.observe(server, fact, committed) {
            self.unheard.get_or_insert_with(|| Box::new(unheard));
        }
    }

    /// A number that grows with each message.
    pub(crate) fn moment(&self) -> u64 {
        self.heard_by_majority.moment()
    }

    /// A command is about to be given to a server.
    pub(crate) fn offered(&mut self, server: ServerId, command: &Command) {
        self.heard_by_majority.offered(server, command);
        self.told_terms.offered(command);
    }

    /// Looks at the term with which an entry is delivered, before the others are asked.
    ///
    /// # Errors
    ///
    /// That it is not the one in which the entry was appended.
    pub(crate) fn told_term(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        self.told_terms.observe(server, fact, committed)
    }

    /// A server has said that it has not appended it.
    pub(crate) fn refused(&mut self, command: &Command) {
        self.told_terms.refused(command);
    }

    /// The referee reads what servers send each other.
    pub(crate) fn is_read(&mut self) {
        self.heard_by_majority.rests();
    }

    /// A message has come from one server to another.
    pub(crate) fn delivered(&mut self, from: ServerId, to: ServerId) {
        self.heard_by_majority.delivered(from, to);
    }

    /// Asks each of those that look at such facts.
    ///
    /// # Errors
    ///
    /// The violation of the first that does not hold.
    pub(crate) fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        match fact {
            Observation::Stopped => self.observe_unheard(server, fact, committed),
            Observation::Changed { .. } | Observation::Configured { .. } => {
                self.configurations.observe(server, fact, committed)?
            }
            Observation::Started { .. } => self.applied_in_order.observe(server, fact, committed)?,
            Observation::State { .. } | Observation::Accepted { .. } => {
                // The first that is broken is the one that is reported. A term that went back makes two leaders
                // of a term, and those make two entries of an index: causes come before consequences.
                self.monotonic_terms.observe(server, fact, committed)?;
                self.election_safety.observe(server, fact, committed)?;
                self.log_matching.observe(server, fact, committed)?;
                self.leader_completeness.observe(server, fact, committed)?;
                self.told_terms.observe(server, fact, committed)?;
                self.observe_unheard(server, fact, committed);
            }
            Observation::Applied { .. } | Observation::Installed { .. } => {
                self.log_matching.observe(server, fact, committed)?;
                self.state_machine_safety.observe(server, fact, committed)?;
                self.applied_in_order.observe(server, fact, committed)?;
                self.observe_unheard(server, fact, committed);
            }
        }
        Ok(())
    }
}
