//! What the clients saw: who asked for what, when, and when they were told what.
//!
//! A history is recorded in the order in which things happen: [`invoke`](History::invoke) when a client sends
//! its request, [`complete`](History::complete) when the reply is in its hands, [`fail`](History::fail) when
//! it knows that the operation never took effect. An operation that is neither completed nor failed is
//! *pending*: it may have taken effect at any time since, or never. This order, and not the time stamps,
//! decides whether one operation came before another; the stamps are for people.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The place of an operation in its history: operations are numbered from 0 in the order of their calls.
pub type OperationId = usize;

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The place among all events of the history, from 0. This is what orders events.
    pub position: u64,
    /// Nanoseconds since the start of the run, or `None` if the history has no clock.
    pub time_ns: Option<u64>,
}

/// How an operation ended, as far as its client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<O> {
    /// The client got this reply at this moment: it took effect before it, and exactly once.
    Replied(O, Moment),
    /// The client knows that it never took effect, and never will.
    Failed(Moment),
    /// The client was told at this moment, or never (`None`), that nobody knows: it may have taken effect,
    /// may still do so, or may never.
    Pending(Option<Moment>),
}

/// One operation of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<I, O> {
    /// The client, or in Jepsen's words the process.
    pub client: u64,
    /// What it asked for.
    pub input: I,
    /// When it asked.
    pub call: Moment,
    /// What came of it.
    pub outcome: Outcome<O>,
}

impl<I, O> Operation<I, O> {
    /// The reply, if there was one.
    pub fn output(&self) -> Option<&O> {
        match &self.outcome {
            Outcome::Replied(output, _) => Some(output),
            Outcome::Failed(_) | Outcome::Pending(_) => None,
        }
    }

    /// When the reply came, if there was one.
    pub fn replied_at(&self) -> Option<Moment> {
        match &self.outcome {
            Outcome::Replied(_, at) => Some(*at),
            Outcome::Failed(_) | Outcome::Pending(_) => None,
        }
    }
}

/// All operations of one run, in the order of their calls.
///
/// Invariant: the positions of the events are 0, 1, 2, ... in the order in which they were recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<I, O> {
    operations: Vec<Operation<I, O>>,
    events: u64,
    /// The names of clients that have one beside their number.
    names: BTreeMap<u64, String>,
}

impl<I, O> Default for History<I, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, O> History<I, O> {
    /// A history of nothing.
    pub fn new() -> Self {
        History { operations: Vec::new(), events: 0, names: BTreeMap::new() }
    }

    /// Records that `client` asks for `input` now.
    pub fn invoke(&mut self, client: u64, time_ns: Option<u64>, input: I) -> OperationId {
        let call = self.moment(time_ns);
        self.operations.push(Operation { client, input, call, outcome: Outcome::Pending(None) });
        self.operations.len() - 1
    }

    /// Records that the client of operation `id` is told `output` now.
    ///
    /// # Panics
    ///
    /// If the operation has already ended, or was never invoked: the recorder is wrong.
    pub fn complete(&mut self, id: OperationId, time_ns: Option<u64>, output: O) {
        let now = self.moment(time_ns);
        self.end(id, Outcome::Replied(output, now));
    }

    /// Records that the client of operation `id` learns now that it did not take effect, and never will.
    ///
    /// # Panics
    ///
    /// If the operation has already ended, or was never invoked: the recorder is wrong.
    pub fn fail(&mut self, id: OperationId, time_ns: Option<u64>) {
        let now = self.moment(time_ns);
        self.end(id, Outcome::Failed(now));
    }

    /// Records that the client of operation `id` gives up now. The operation stays pending.
    ///
    /// # Panics
    ///
    /// If the operation has already ended, or was never invoked: the recorder is wrong.
    pub fn give_up(&mut self, id: OperationId, time_ns: Option<u64>) {
        let now = self.moment(time_ns);
        self.end(id, Outcome::Pending(Some(now)));
    }

    /// The operations in the order of their calls.
    pub fn operations(&self) -> &[Operation<I, O>] {
        &self.operations
    }

    /// Gives `client` a name, for reports and files.
    pub fn name_client(&mut self, client: u64, name: String) {
        self.names.insert(client, name);
    }

    /// The name of `client`, or its number if it has none.
    pub fn client_name(&self, client: u64) -> Cow<'_, str> {
        self.names.get(&client).map_or_else(|| client.to_string().into(), |name| name.as_str().into())
    }

    /// The client in a sentence: `client 3`, or its name if it has one.
    pub(super) fn client_in_words(&self, client: u64) -> Cow<'_, str> {
        self.names.get(&client).map_or_else(|| format!("client {client}").into(), |name| name.as_str().into())
    }

    /// What was asked, to be told more of it than its own event says.
    pub(super) fn inputs_mut(&mut self) -> impl Iterator<Item = &mut I> {
        self.operations.iter_mut().map(|operation| &mut operation.input)
    }

    fn end(&mut self, id: OperationId, outcome: Outcome<O>) {
        let operation = self.operations.get_mut(id).expect("an operation ends that was never invoked");
        assert!(
            // An operation that was given up is pending with a moment. For its client it is over, so nothing
            // may end it again.
            matches!(operation.outcome, Outcome::Pending(None)),
            "operation {id} of client {} ends for the second time",
            operation.client
        );
        operation.outcome = outcome;
    }

    fn moment(&mut self, time_ns: Option<u64>) -> Moment {
        // Calls and replies share one counter: whether one operation ended before another began is a
        // comparison of the two.
        let position = self.events;
        self.events += 1;
        Moment { position, time_ns }
    }
}
