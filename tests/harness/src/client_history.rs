//! The histories of a test: what its clients asked for and were told, in the order in which it happened.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::sync::Arc;
use parking_lot::Mutex;

use crate::operations::{self, ShownOperation};
use lab_linearizability::model::{Kv, KvInput, KvOutput, VersionedInput, VersionedKv, VersionedOutput};
use lab_linearizability::text::{Format, Model, write_history};
use lab_linearizability::{
    Budget, Check, History, Kind, OperationId, Specification, Verdict, check, classify, culprit_in_words,
    explain, headline,
};
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

    fn judge<P>(&self, specification: &P, unclear: impl Fn(String) -> Unclear) -> Result<(), Fault>
    where
        I: Clone,
        O: Clone,
        P: Specification<Input = I, Output = O>,
    {
        let history = self.0.lock();
        let judged = check(specification, &history, Budget::default());
        match judged.verdict() {
            Verdict::Ok => Ok(()),
            Verdict::Illegal => Err(illegal(specification, &named(&history), &judged, unclear)),
            // A search that gave up has shown nothing, and counts as a failure: else a long history would hide
            // one.
            Verdict::Unknown => {
                let headline = "it could not be decided whether the history of the clients is linearizable";
                let violation = of_no_kind(headline, specification, &named(&history), &judged);
                Err(Fault { violation, kind: None, unclear: None })
            }
        }
    }
}

/// The history with the clients as reports name them: `C3`.
fn named<I: Clone, O: Clone>(history: &History<I, O>) -> History<I, O> {
    let mut history = history.clone();
    let clients: BTreeSet<u64> = history.operations().iter().map(|operation| operation.client).collect();
    clients.into_iter().for_each(|client| history.name_client(client, format!("C{client}")));
    history
}

/// What is wrong with a history.
pub(crate) struct Fault {
    pub(crate) violation: Violation,
    /// Of what kind it is, if that is proved.
    kind: Option<Kind>,
    /// The key that should be looked at again: a write is missing there, and another look tells why.
    pub(crate) unclear: Option<Unclear>,
}

/// A key, by the kind of operation that it belongs to.
pub(crate) enum Unclear {
    Classic(String),
    Versioned(String),
}

const RULE: &str = "linearizability (Herlihy & Wing 1990; §8)";

/// What an illegal history shows: of what kind the fault is, if that is proved.
fn illegal<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    judged: &Check<P::State>,
    unclear: impl Fn(String) -> Unclear,
) -> Fault {
    let Some(anomaly) = classify(specification, history, judged) else {
        let culprit = culprit_in_words(specification, history, judged).unwrap_or_default();
        let headline =
            format!("the history of the clients is not linearizable: no order agrees with {culprit}");
        let violation = of_no_kind(&headline, specification, history, judged);
        return Fault { violation, kind: None, unclear: None };
    };
    let headline = headline(specification, history, &anomaly);
    let violation =
        Violation::new(headline, anomaly.expected, anomaly.seen).rule(RULE).hint(hint(anomaly.kind));
    let key = specification.partition(&history.operations()[anomaly.operation].input).to_owned();
    let unclear = (anomaly.kind == Kind::MissingWrite).then(|| unclear(key));
    Fault { violation, kind: Some(anomaly.kind), unclear }
}

/// What the search for an order has shown.
fn of_no_kind<P: Specification>(
    headline: &str,
    specification: &P,
    history: &History<P::Input, P::Output>,
    judged: &Check<P::State>,
) -> Violation {
    let told = explain(specification, history, judged);
    // The first line counts the operations, the others show where the search got stuck.
    let mut lines = told.lines().map(str::trim);
    let counts = lines.next().unwrap_or_default().to_owned();
    let seen = lines.collect::<Vec<_>>().join(" ");
    Violation::new(
        headline,
        format!("each operation takes effect once, at one moment between its call and its reply ({counts})"),
        seen,
    )
    .rule(RULE)
    .hint(
        "a retry that takes effect again, a write that was acknowledged and lost, or a read of an old state",
    )
}

/// The mistakes that most often lead to a fault of this kind.
fn hint(kind: Kind) -> &'static str {
    match kind {
        Kind::StaleRead => {
            "a Get that is answered from a server's own state, or by a leader that was deposed; or a write that is \
             acknowledged before it is committed"
        }
        Kind::LostUpdate => {
            "a write that is acknowledged before it is committed, a clerk that takes a timeout for success, or a new \
             request that is taken for a repetition"
        }
        Kind::DoubleApply => {
            "a retry that is not recognised where it is applied, sessions that are not in the snapshot, or a version \
             that is compared before the entry is applied"
        }
        Kind::WrongVersion => {
            "a version that is compared or counted elsewhere than where the entry is applied, or an answer from an \
             old state"
        }
        Kind::ValueFromNowhere => {
            "the reply to another request, as of another key; a waiter that is matched by its index alone; or a snapshot \
             that is read wrong"
        }
        Kind::MissingWrite => {
            "a Get that is answered from a server's own state; or a write that was acknowledged and lost"
        }
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

    /// All operations in the order of their calls, with what the checker makes of them.
    #[must_use]
    pub fn shown(&self) -> Vec<ShownOperation> {
        let mut shown = operations::shown(&Kv, &self.0.classic.0.lock());
        shown.extend(operations::shown(&VersionedKv, &self.0.versioned.0.lock()));
        shown.sort_by_key(|operation| operation.asked);
        shown
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

    /// The fault that the clients saw, if its kind is proved.
    pub(crate) fn proved_fault(&self) -> Option<Violation> {
        self.judge().err().filter(|fault| fault.kind.is_some()).map(|fault| fault.violation)
    }

    /// Whether everything that the clients saw can be.
    ///
    /// # Errors
    ///
    /// What cannot be.
    pub(crate) fn judge(&self) -> Result<(), Fault> {
        self.classic.judge(&Kv, Unclear::Classic)?;
        self.versioned.judge(&VersionedKv, Unclear::Versioned)
    }
}
