//! The histories of a test: what its clients asked for and were told, in the order in which it happened.

use std::time::Duration;

use labrpc::sync::Arc;
use parking_lot::Mutex;

use lab_linearizability::model::{Kv, KvInput, KvOutput, VersionedInput, VersionedKv, VersionedOutput};
use lab_linearizability::text::{Format, Model, write_history};
use lab_linearizability::{Budget, History, OperationId, Specification, Verdict, check, explain};
use lab_referee::Violation;

/// Both kinds of history. A key belongs to one of them: it is either appended to, or written by version.
#[derive(Debug, Default)]
pub(crate) struct ClientHistory {
    pub(crate) classic: OperationLog<KvInput, KvOutput>,
    pub(crate) versioned: OperationLog<VersionedInput, VersionedOutput>,
}

/// What the clients of a service asked and were told in a run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operations(Arc<ClientHistory>);

/// A history that many threads write. The lock is a plain one, and never held while anything of a simulation is called.
#[derive(Debug)]
pub(crate) struct OperationLog<I, O>(Mutex<History<I, O>>);

/// How an operation ended for its client.
#[derive(Debug)]
pub(crate) enum Completion<O> {
    Replied(O),
    /// It never took effect, and never will.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl<I, O> Default for OperationLog<I, O> {
    fn default() -> Self {
        Self(Mutex::new(History::new()))
    }
}

impl<I, O> OperationLog<I, O> {
    pub(crate) fn invoke(&self, client: u64, at: Duration, input: I) -> OperationId {
        self.0.lock().invoke(client, Some(at.as_nanos() as u64), input)
    }

    pub(crate) fn complete(&self, id: OperationId, at: Duration, completion: Completion<O>) {
        let at = Some(at.as_nanos() as u64);
        let mut history = self.0.lock();
        match completion {
            Completion::Replied(output) => history.complete(id, at, output),
            Completion::Failed => history.fail(id, at),
            Completion::Unknown => history.give_up(id, at),
        }
    }

    /// How many operations have been asked for, and how many were answered.
    fn count(&self) -> (usize, usize) {
        let history = self.0.lock();
        let answered = history.operations().iter().filter(|operation| operation.replied_at().is_some());
        (history.operations().len(), answered.count())
    }

    fn judge<P: Specification<Input = I, Output = O>>(&self, specification: &P) -> Result<(), Violation> {
        let history = self.0.lock();
        let judged = check(specification, &history, Budget::default());
        let headline = match judged.verdict() {
            Verdict::Ok => return Ok(()),
            Verdict::Illegal => "the history of the clients is not linearizable",
            // A search that gave up has shown nothing, and counts as a failure: else a long history would hide
            // one.
            Verdict::Unknown => "it could not be decided whether the history of the clients is linearizable",
        };
        let told = explain(specification, &history, &judged);
        // The first line counts the operations, the others show where the search got stuck.
        let mut lines = told.lines().map(str::trim);
        let counts = lines.next().unwrap_or_default().to_owned();
        let seen = lines.collect::<Vec<_>>().join(" ");
        Err(Violation::new(
            headline,
            format!("each operation takes effect once, at one moment between its call and its reply ({counts})"),
            seen,
        )
        .rule("linearizability (Herlihy & Wing 1990; §8)")
        .hint("a retry that takes effect again, a write that was acknowledged and lost, or a read of an old state"))
    }
}

impl Operations {
    pub(crate) fn of(client_history: Arc<ClientHistory>) -> Self {
        Self(client_history)
    }

    /// How many operations have been asked for of each kind: of the classic suite (get, put, append), and by version.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.0.classic.count().0, self.0.versioned.count().0)
    }

    /// The model of the kind of operation of which there are more.
    #[must_use]
    pub fn main_model(&self) -> Model {
        let (classic, versioned) = self.count();
        if versioned > classic { Model::VersionedKv } else { Model::Kv }
    }

    /// The history of one kind of operation as text, which `cargo lab check` reads again with this model.
    ///
    /// # Errors
    ///
    /// If no client works on such a model.
    pub fn write(&self, model: Model, format: Format) -> Result<String, String> {
        match model {
            Model::Kv => Ok(write_history(&Kv, &self.0.classic.0.lock(), format)),
            Model::VersionedKv => Ok(write_history(&VersionedKv, &self.0.versioned.0.lock(), format)),
            _ => Err("clients of the key/value service work on the models kv and versioned-kv".to_owned()),
        }
    }
}

impl ClientHistory {
    /// How many operations have been asked for, and how many were answered.
    pub(crate) fn count(&self) -> (usize, usize) {
        let (classic, versioned) = (self.classic.count(), self.versioned.count());
        (classic.0 + versioned.0, classic.1 + versioned.1)
    }

    /// Whether everything that the clients saw can be.
    ///
    /// # Errors
    ///
    /// What cannot be.
    pub(crate) fn judge(&self) -> Result<(), Violation> {
        self.classic.judge(&Kv)?;
        self.versioned.judge(&VersionedKv)
    }
}
