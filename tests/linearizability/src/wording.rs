//! Operations and moments in words.

use std::fmt;

use crate::history::{History, Moment, Operation, OperationId};
use crate::specification::Specification;

/// Puts operations and replies into the words of their specification.
pub(super) struct Wording<'a, P: Specification> {
    pub(super) specification: &'a P,
    pub(super) history: &'a History<P::Input, P::Output>,
}

impl<P: Specification> Wording<'_, P> {
    pub(super) fn operation(&self, id: OperationId) -> &Operation<P::Input, P::Output> {
        &self.history.operations()[id]
    }

    /// `get(x) by client 3 returned "1" between 5.02 s and 5.1 s`.
    pub(super) fn sentence(&self, id: OperationId) -> String {
        let operation = self.operation(id);
        let call = self.specification.describe_input(&operation.input);
        let (client, start) = (self.history.client_in_words(operation.client), When(operation.call));
        match (operation.output(), operation.replied_at()) {
            (Some(output), Some(end)) => {
                let output = self.specification.describe_output(output);
                format!("{call} by {client} returned {output} between {start} and {}", When(end))
            }
            _ => format!("{call} by {client}, called at {start}, got no reply"),
        }
    }

    /// `client 3's get(x)`.
    pub(super) fn call(&self, id: OperationId) -> String {
        let operation = self.operation(id);
        let call = self.specification.describe_input(&operation.input);
        format!("{}'s {call}", self.history.client_in_words(operation.client))
    }
}

/// A moment in the words of the history: seconds, or the number of the event if there is no clock.
pub(super) struct When(pub(super) Moment);

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.time_ns {
            Some(time_ns) => write!(f, "{} s", time_ns as f64 / 1e9),
            None => write!(f, "event {}", self.0.position),
        }
    }
}
