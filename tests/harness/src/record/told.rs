//! With which term a command is delivered: asked before anything else is.

use std::time::Duration;

use raft_interface::{Command, ServerId};

use super::Record;
use crate::observation::Observation;
use lab_referee::Violation;

impl Record {
    /// A server that was given a command has said that it has not appended it.
    pub(crate) fn note_refusal(&self, command: &Command) {
        self.state.lock().invariants.refused(command);
    }

    /// Whether an entry that incarnation number `start` of a server delivers has the term in which it was appended. Whoever compares it
    /// with other entries takes it for another one if it has not, and names a cause that is none.
    ///
    /// # Errors
    ///
    /// That it has not. It is kept as the run's violation if it is the first.
    pub(crate) fn check_told_term(
        &self,
        at: Duration,
        server: ServerId,
        start: u64,
        fact: &Observation<'_>,
    ) -> Result<(), Violation> {
        let mut state = self.state.lock();
        let state = &mut *state;
        if state.start_of(server) != Some(start) {
            return Ok(());
        }
        state.invariants.told_term(server, fact, &state.committed).map_err(|violation| {
            let violation = Violation { at, ..violation };
            state.violation.get_or_insert_with(|| violation.clone());
            violation
        })
    }
}
