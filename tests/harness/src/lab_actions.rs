//! How what a scenario does passes the run's log of actions.

use lab_runs::actions::{ActionKind, Passed};

use crate::lab::Lab;

impl Lab {
    /// Whether an action, such as `crash S2`, is to happen. If so, [`came_of`](Self::came_of) is to be told what came of it.
    pub fn passes(&self, kind: ActionKind, what: impl FnOnce() -> String) -> Option<Passed> {
        match self.record().actions() {
            None => Some(Passed::UNLOGGED),
            Some(log) => log.enter(kind, &what(), self.now()),
        }
    }

    /// What came of an action that passed. One of which nothing is told had no effect.
    pub fn came_of(&self, passed: Passed, words: impl FnOnce() -> String) {
        if let Some(log) = self.record().actions() {
            log.came_of(passed, words());
        }
    }

    /// Whether an action is to happen that has an effect for sure; what it is says what comes of it.
    pub fn does(&self, kind: ActionKind, what: impl Fn() -> String) -> bool {
        let passed = self.passes(kind, &what);
        if let Some(passed) = passed {
            self.came_of(passed, &what);
        }
        passed.is_some()
    }
}
