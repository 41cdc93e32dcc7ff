//! Changes of the configuration, and what is known of it: what servers deliver (§6).

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{Change, ChangeError, Configuration, Index, ServerId, Term};

use super::handle::Cluster;
use crate::observation::Observation;
use lab_referee::Violation;
use lab_runs::actions::ActionKind;

/// How long [`Cluster::reconfigure`] tries in all: as long as MIT's tester tries to get a command through.
const PATIENCE: Duration = Duration::from_secs(10);
/// Its pause when a leader refuses, or nobody leads.
const PAUSE: Duration = Duration::from_millis(50);

impl Cluster {
    /// Asks a server for another configuration. `None` if the server is down, or the change is left out of the run. Skips the
    /// test if the implementation does not change its configuration.
    pub fn change(&self, server: ServerId, change: Change) -> Option<Result<Index, ChangeError>> {
        if !self.inner.lab.performs(ActionKind::Fault, || format!("S{server} is asked for {change:?}")) {
            return None;
        }
        self.change_now(server, change)
    }

    /// As [`change`](Self::change), for changes that an expectation is about: they are never left out.
    fn change_now(&self, server: ServerId, change: Change) -> Option<Result<Index, ChangeError>> {
        // Before the server hears of it: its messages may count by it before it has answered.
        self.inner.referee.may_change(change);
        let (start, _) = self.inner.lab.record().before(server)?;
        let before = self.state(server);
        let answer =
            self.call(server, "change_configuration", move |raft| raft.change_configuration(change))?;
        if let Ok(index) = answer {
            self.observe_change(server, start, index, before);
        }
        if answer == Err(ChangeError::NotOffered) {
            self.inner.lab.skip(&ChangeError::NotOffered.to_string());
        }
        self.inner.lab.note(format!("S{server} is asked for {change:?}: {answer:?}"));
        Some(answer)
    }

    /// A server has appended a configuration. `before` is its state before it was asked.
    fn observe_change(&self, server: ServerId, start: u64, index: Index, before: Option<(Term, bool)>) {
        // A server that led a term before and after has led it all the time: the entry is of that term. Of another one nothing
        // is said.
        let Some((term, true)) = before.filter(|_| self.state(server) == before) else { return };
        // By now more may be committed than when the entry was appended. Never less.
        if let Some(committable) = self.inner.referee.committable(term) {
            self.observe(server, start, &Observation::Changed { index, term, committable });
        }
    }

    /// Expects a change to be made within ten seconds, whoever leads, and that some server has delivered it. What a leader may
    /// refuse for now is asked for again.
    ///
    /// # Panics
    ///
    /// If it does not come about.
    #[track_caller]
    pub fn reconfigure(&self, change: Change) {
        let lab = &self.inner.lab;
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        while Instant::now() < deadline {
            lab.check();
            // Of the highest term: another one may have been deposed without knowing.
            if let Some((_, leader)) = self.leaders().into_iter().max() {
                last = self.change_now(leader, change).or(last);
            }
            lab.sleep(PAUSE);
            if self.is_delivered(change) {
                // Another change may be in a log and not committed. It is, with the next command.
                self.one(1);
                if self.is_delivered(change) {
                    return;
                }
            }
        }
        lab.fail(
            Violation::new(
                format!("{change:?} does not come about within {PATIENCE:?}"),
                "a leader that makes the change, and delivers the configuration",
                match last {
                    None => "nobody led".to_owned(),
                    Some(answer) => format!(
                        "the last answer was {answer:?}, and the last configuration that was delivered is {}",
                        self.configuration().map_or("none".to_owned(), |now| now.to_string())
                    ),
                },
            )
            .hint(
                "the entry is not committed: counted by the wrong configuration, or not sent to new members",
            ),
        )
    }

    /// Whether some server has delivered a configuration in which the change is made.
    fn is_delivered(&self, change: Change) -> bool {
        let now = self.configuration();
        now.is_some_and(|now| now.after(change, self.size()) == Err(ChangeError::NoChange))
    }

    /// The last configuration that any server has delivered, or the first.
    #[must_use]
    pub fn configuration(&self) -> Option<Configuration> {
        self.inner.lab.record().configuration()
    }
}
