//! What is said of a run: what is broken, what cannot be judged, and why it is skipped.

use super::Record;
use lab_referee::Violation;

impl Record {
    /// Keeps a violation if it is the first.
    pub(crate) fn note_violation(&self, violation: Violation) {
        self.state.lock().violation.get_or_insert(violation);
    }

    /// The scenario waits to see that something does not happen, or does so no more.
    pub(crate) fn set_pending(&self, violation: Option<Violation>) {
        self.state.lock().pending = violation;
    }

    pub(crate) fn pending(&self) -> Option<Violation> {
        self.state.lock().pending.clone()
    }

    /// What no majority can have heard of, for a run in which nothing else is wrong.
    pub(crate) fn unheard(&self) -> Option<Violation> {
        self.state.lock().unheard.clone()
    }

    /// The test cannot be run on this implementation, and why.
    pub(crate) fn skip(&self, why: &str) {
        self.state.lock().skipped.get_or_insert_with(|| why.to_owned());
    }

    /// From now on a panic of the implementation is no failure, and the run is skipped for this reason; `None`: it is one
    /// again.
    pub(crate) fn pardon_panics(&self, why: Option<&'static str>) {
        self.state.lock().pardon = why;
    }

    /// Whatever fails from now on is no failure, and the run is skipped for this reason. What was found before is one.
    pub(crate) fn pardon_failures(&self, why: String) {
        let mut state = self.state.lock();
        if state.violation.is_none() {
            state.cannot_judge.get_or_insert(why);
        }
    }

    /// Whether nothing that fails from now on can be judged.
    pub(crate) fn cannot_judge(&self) -> bool {
        self.state.lock().cannot_judge.is_some()
    }

    /// The run has failed: skips it if that is to be pardoned. What was found before is not.
    pub(crate) fn skip_if_pardoned(&self, by_panic: bool) {
        let mut state = self.state.lock();
        let pardon = state.pardon.filter(|_| by_panic && state.violation.is_none()).map(str::to_owned);
        if let Some(why) = state.cannot_judge.take().or(pardon) {
            state.skipped.get_or_insert(why);
        }
    }

    pub(crate) fn skipped(&self) -> Option<String> {
        self.state.lock().skipped.clone()
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.state.lock().violation.clone()
    }
}
