//! What an invariant is.

use raft_interface::ServerId;

use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// A property that every run must have.
pub(crate) trait Invariant {
    /// Takes note of a fact about `server`, and says whether the property still holds. `committed` is what was
    /// committed before.
    ///
    /// # Errors
    ///
    /// The violation, if it does not hold.
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation>;
}
