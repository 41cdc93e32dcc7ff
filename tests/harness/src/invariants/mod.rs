//! What must hold at every moment of every run, whatever the scenario: one file per property.
//!
//! An invariant is handed the [`Observation`]s that it is about, in the order in which things happened, and keeps what
//! it needs to remember. It never asks anybody anything. A broken one ends the test at once. These look at what servers tell and
//! apply; what they send each other is judged by the [referee](lab_referee).
//!
//! | file | property | source |
//! |---|---|---|
//! | `election_safety` | at most one leader per term | Fig. 3; §5.2 |
//! | `log_matching` | an index and a term name one entry and one past | Fig. 3; §5.3 |
//! | `leader_completeness` | a leader's log holds what was committed before its term, across crashes | Fig. 3; §5.4 |
//! | `state_machine_safety` | applied entries agree, for ever | Fig. 3; §5.4.3 |
//! | `applied_in_order` | indexes are applied in order and once | Fig. 2, Rules for all servers 1 |
//! | `configurations` | configurations that can be in force together have no disjoint majorities | §6; thesis §4.1; raft-dev, July 2015 |
//! | `monotonic_terms` | a server's term never goes back, across crashes | Fig. 2, State; §5.1 |

mod applied_in_order;
mod configurations;
mod election_safety;
mod invariant;
mod leader_completeness;
mod log_matching;
mod monotonic_terms;
mod state_machine_safety;
#[cfg(test)]
mod testing;

use raft_interface::{Configuration, ServerId};

use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

use applied_in_order::AppliedInOrder;
use configurations::Configurations;
use election_safety::ElectionSafety;
use invariant::Invariant;
use leader_completeness::LeaderCompleteness;
use log_matching::LogMatching;
use monotonic_terms::MonotonicTerms;
use state_machine_safety::StateMachineSafety;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    monotonic_terms: MonotonicTerms,
    election_safety: ElectionSafety,
    log_matching: LogMatching,
    state_machine_safety: StateMachineSafety,
    applied_in_order: AppliedInOrder,
    leader_completeness: LeaderCompleteness,
    configurations: Configurations,
}

impl Invariants {
    /// Fresh ones, for a cluster of `servers` servers that begins with this configuration, if it may change.
    pub(crate) fn new(servers: usize, first: Option<Configuration>) -> Self {
        let configurations = Configurations::new(servers, first);
        Self { applied_in_order: AppliedInOrder::new(servers), configurations, ..Self::default() }
    }

    /// The last configuration that was delivered, or the first; `None` where it never changes.
    pub(crate) fn configuration(&self) -> Option<Configuration> {
        self.configurations.last()
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
            Observation::Stopped => {}
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
            }
            Observation::Applied { .. } | Observation::Installed { .. } => {
                self.log_matching.observe(server, fact, committed)?;
                self.state_machine_safety.observe(server, fact, committed)?;
                self.applied_in_order.observe(server, fact, committed)?;
            }
        }
        Ok(())
    }
}
